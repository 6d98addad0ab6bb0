//! The payments of a statement: it is paid when its total is, in one or in several.

use axum::extract::State;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::needed;
use kernel::{Actor, App, Tx, day, versioned};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::http::Desk;
use super::store::{self, row as statement};
use super::view::{StatementDetail, detail};
use crate::rights::PayStatements;

/// Payments of a statement, at most.
const MOST: u64 = 100;

kernel::table! {
    /// A payment; below nothing what the supplier paid back.
    pub(crate) mod row = "statement_payments" (id: Uuid) {
        statement_id: Uuid,
        amount_fen: i64,
        paid_on: String,
        receipt_no: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
    }
}

/// The route of payments.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(pay))
        .with_state(desk.clone())
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementPaymentView {
    /// Identifies it.
    pub id: Uuid,
    /// In fen; below nothing what the supplier paid back.
    pub amount_fen: i64,
    /// When it was paid.
    pub paid_on: NaiveDate,
    /// Number of the receipt.
    pub receipt_no: String,
}

/// The payments, the first one first.
pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<StatementPaymentView>> {
    let rows = row::Entity::find()
        .filter(row::Column::StatementId.eq(id))
        .order_by_asc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?;
    let shown = rows.into_iter().map(|row| {
        Ok(StatementPaymentView {
            paid_on: day::read(&row.paid_on)?,
            id: row.id,
            amount_fen: row.amount_fen,
            receipt_no: row.receipt_no,
        })
    });
    shown.collect()
}

/// A payment that was made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStatementPayment {
    /// The version of the statement that was read.
    version: i64,
    /// In fen.
    amount_fen: i64,
    /// When it was paid.
    paid_on: NaiveDate,
    /// Number of the receipt.
    receipt_no: String,
}

/// Records a payment; the statement is paid when its total is.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/payments", tag = "settlement", operation_id = "pay_statement",
    params(("id" = Uuid, Path)), request_body = NewStatementPayment,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn pay(
    actor: Actor<PayStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewStatementPayment>,
) -> Result<Json<StatementDetail>> {
    let receipt_no = needed("receipt_no", &new.receipt_no)?;
    day::past("paid_on", new.paid_on, day::today(&desk.app))?;
    if !(1..=100_000_000).contains(&new.amount_fen) {
        let detail = "1 fen to 1,000,000 yuan";
        return Err(invalid("amount_fen", "amount_out_of_range", detail));
    }
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, new.version)?;
            let paid = before.paid_fen + new.amount_fen;
            let left_fen = before.total_fen - paid;
            let action = Action::Pay { left_fen };
            let what = if left_fen == 0 { "paid" } else { "paid_in_part" };
            let told = (what, None);
            store::act(&app, &tx, &who, &before, &action, told, |after| {
                after.paid_fen = paid;
            })
            .await?;
            let money = (new.amount_fen, new.paid_on);
            record(&app, &tx, &who, id, money, receipt_no).await
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
}

/// Records that the supplier paid back what a statement below nothing owes, `fen` below nothing.
pub(crate) async fn refund(
    app: &App,
    tx: &Tx,
    who: &Who,
    statement: &statement::Model,
    fen: i64,
    receipt_no: String,
) -> Result<()> {
    let money = (fen, day::today(app));
    record(app, tx, who, statement.id, money, receipt_no).await
}

async fn record(
    app: &App,
    tx: &Tx,
    who: &Who,
    statement: Uuid,
    (amount_fen, paid_on): (i64, NaiveDate),
    receipt_no: String,
) -> Result<()> {
    let row = row::Model {
        id: app.ids.next(),
        statement_id: statement,
        amount_fen,
        paid_on: day::text(paid_on),
        receipt_no,
        recorded_by: who.user_id,
        recorded_at: app.clock.now(),
    };
    let written = row::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    if written == 0 {
        return Err(refused(
            "receipt_known",
            "a payment of this receipt is recorded",
        ));
    }
    Ok(())
}
