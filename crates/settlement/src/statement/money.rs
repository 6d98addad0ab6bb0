//! Invoice and payments of a statement: the invoice is of the confirmed amount, the 30 working days run from the
//! later of confirmation and receipt, or as the purchaser answers.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Tx, day, versioned, words};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::http::{Desk, StatementDetail, detail};
use super::store::{self, row as statement};
use crate::question::{self, OpenQuestion};
use crate::rights::{PayStatements, PrepareStatements};

/// Invoices and payments of a statement, at most.
const MOST: u64 = 100;

words! {
    /// Where an invoice stands.
    InvoiceState {
        /// 已开
        Issued = "issued",
        /// 已收
        Received = "received",
        /// 退回
        Returned = "returned",
    }
}

kernel::table! {
    mod invoice = "statement_invoices" (id: Uuid) {
        statement_id: Uuid,
        code: Option<String>,
        number: String,
        tax_bp: i64,
        amount_fen: i64,
        issued_on: String,
        received_on: Option<String>,
        state: String,
        note: Option<String>,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(invoice, |invoice| format!("invoice `{}`", invoice.number));

kernel::table! {
    mod payment = "statement_payments" (id: Uuid) {
        statement_id: Uuid,
        amount_fen: i64,
        paid_on: String,
        receipt_no: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
    }
}

/// The routes of invoices and payments.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(receive))
        .routes(routes!(pay))
        .with_state(desk.clone())
}

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceView {
    /// Identifies it.
    pub id: Uuid,
    /// 发票代码; none of a fully electronic one.
    pub code: Option<String>,
    /// 发票号码
    pub number: String,
    /// Basis points of tax.
    pub tax_bp: i64,
    /// In fen.
    pub amount_fen: i64,
    /// When it was issued.
    pub issued_on: NaiveDate,
    /// When the purchaser received it.
    pub received_on: Option<NaiveDate>,
    /// `issued`, `received` or `returned`.
    pub state: String,
    /// Why it was returned.
    pub note: Option<String>,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementPaymentView {
    /// Identifies it.
    pub id: Uuid,
    /// In fen.
    pub amount_fen: i64,
    /// When it was paid.
    pub paid_on: NaiveDate,
    /// Number of the receipt.
    pub receipt_no: String,
}

/// The invoices, the latest last.
pub(crate) async fn invoices(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<InvoiceView>> {
    let rows = all(conn, id).await?.into_iter().map(|row| {
        Ok(InvoiceView {
            issued_on: day::read(&row.issued_on)?,
            received_on: day::maybe(row.received_on.as_deref())?,
            id: row.id,
            code: row.code,
            number: row.number,
            tax_bp: row.tax_bp,
            amount_fen: row.amount_fen,
            state: row.state,
            note: row.note,
        })
    });
    rows.collect()
}

async fn all(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<invoice::Model>> {
    Ok(invoice::Entity::find()
        .filter(invoice::Column::StatementId.eq(id))
        .order_by_asc(invoice::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// The payments, the first one first.
pub(crate) async fn payments(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<StatementPaymentView>> {
    let rows = payment::Entity::find()
        .filter(payment::Column::StatementId.eq(id))
        .order_by_asc(payment::Column::Id)
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

/// An invoice that was issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvoice {
    /// The version of the statement that was read.
    version: i64,
    /// 发票代码; none of a fully electronic one.
    code: Option<String>,
    /// 发票号码
    number: String,
    /// Basis points of tax.
    tax_bp: i64,
    /// In fen: the total of the confirmed statement.
    amount_fen: i64,
    /// When it was issued.
    issued_on: NaiveDate,
}

/// Issues the invoice of a confirmed statement; refused for another amount.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/invoice", tag = "settlement", operation_id = "issue_statement_invoice",
    params(("id" = Uuid, Path)), request_body = NewInvoice,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn issue(
    actor: Actor<PrepareStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewInvoice>,
) -> Result<Json<StatementDetail>> {
    let number = needed("number", &new.number)?;
    let code = checked("code", new.code.as_deref().unwrap_or_default())?;
    day::past("issued_on", new.issued_on, day::today(&desk.app))?;
    if !(0..=1_300).contains(&new.tax_bp) {
        return Err(invalid("tax_bp", "tax_out_of_range", "0 to 1,300"));
    }
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, new.version)?;
            let matches = new.amount_fen == before.total_fen;
            let action = Action::Invoice { matches };
            let told = ("invoiced", None);
            store::act(&app, &tx, &who, &before, &action, told, |_| {}).await?;
            let now = app.clock.now();
            let row = invoice::Model {
                id: app.ids.next(),
                statement_id: id,
                code: Some(code).filter(|code| !code.is_empty()),
                number,
                tax_bp: new.tax_bp,
                amount_fen: new.amount_fen,
                issued_on: day::text(new.issued_on),
                received_on: None,
                state: InvoiceState::Issued.as_str().to_owned(),
                note: None,
                recorded_by: who.user_id,
                recorded_at: now,
                updated_at: now,
                version: 1,
            };
            let written = invoice::Entity::insert(row.into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if written == 0 {
                return Err(refused(
                    "invoice_known",
                    "an invoice of this number is recorded",
                ));
            }
            Ok(())
        })
        .await?;
    detail(&desk, id).await
}

/// What the purchaser says to an invoice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvoiceReceipt {
    /// The version of the statement that was read.
    version: i64,
    /// When it came; none where it goes back.
    received_on: Option<NaiveDate>,
    /// Why it goes back.
    note: Option<String>,
}

/// Noon of a day in Guangzhou.
fn noon(day: NaiveDate) -> Result<DateTime<Utc>> {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).map(|noon| day.and_time(noon));
    let noon = noon.and_then(|noon| calendar::SHANGHAI.from_local_datetime(&noon).single());
    noon.map(|noon| noon.to_utc())
        .ok_or_else(|| internal("a day without noon"))
}

/// From when the time of the payment runs.
async fn runs_from(
    app: &App,
    tx: &Tx,
    statement: &statement::Model,
    received: NaiveDate,
) -> Result<DateTime<Utc>> {
    let confirmed = statement.confirmed_at.map_or(received, day::of);
    let answer = question::answer(&**tx, OpenQuestion::PaymentStart, app.clock.now()).await?;
    noon(match answer.as_str() {
        "confirmation" => confirmed,
        "invoice" => received,
        _ => confirmed.max(received),
    })
}

/// The purchaser receives the invoice, and the time of his payment runs, or sends it back.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/invoice/receive", tag = "settlement", operation_id = "receive_statement_invoice",
    params(("id" = Uuid, Path)), request_body = InvoiceReceipt,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn receive(
    actor: Actor<PayStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(said): Json<InvoiceReceipt>,
) -> Result<Json<StatementDetail>> {
    let note = checked("note", said.note.as_deref().unwrap_or_default())?;
    match said.received_on {
        Some(received) => day::past("received_on", received, day::today(&desk.app))?,
        None => drop(needed("note", &note)?),
    }
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, said.version)?;
            let open = all(&*tx, id).await?.into_iter();
            let mut open = open.filter(|one| one.state == InvoiceState::Issued.as_str());
            let invoice = open.next().ok_or_else(|| not_found("invoice"))?;
            let mut after = invoice.clone();
            let (action, what) = if let Some(received) = said.received_on {
                if day::text(received) < invoice.issued_on {
                    let detail = "nobody receives an invoice before it is issued";
                    return Err(invalid("received_on", "received_before_issue", detail));
                }
                after.state = InvoiceState::Received.as_str().to_owned();
                after.received_on = Some(day::text(received));
                let from = runs_from(&app, &tx, &before, received).await?;
                (Action::Receive { from }, "invoice_received")
            } else {
                after.state = InvoiceState::Returned.as_str().to_owned();
                after.note = Some(note.clone());
                (Action::ReturnInvoice, "invoice_returned")
            };
            versioned::save(&app, &*tx, &invoice, after).await?;
            store::act(
                &app,
                &tx,
                &who,
                &before,
                &action,
                (what, Some(&note)),
                |_| {},
            )
            .await
        })
        .await?;
    detail(&desk, id).await
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
            let told = ("paid", None);
            store::act(&app, &tx, &who, &before, &action, told, |after| {
                after.paid_fen = paid;
            })
            .await?;
            let row = payment::Model {
                id: app.ids.next(),
                statement_id: id,
                amount_fen: new.amount_fen,
                paid_on: day::text(new.paid_on),
                receipt_no,
                recorded_by: who.user_id,
                recorded_at: app.clock.now(),
            };
            let written = payment::Entity::insert(row.into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if written == 0 {
                return Err(refused(
                    "receipt_known",
                    "a payment of this receipt is recorded",
                ));
            }
            Ok(())
        })
        .await?;
    detail(&desk, id).await
}
