//! The ledger of recruitment fees: what the supplier pays to the predecessor for each person, once. It stands
//! apart from the bill: nothing here can be asked for by another capability, so that no settlement ever holds it.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, must_be_name, needed};
use kernel::versioned;
use kernel::{Actor, App, words};
use organization::Colleague;
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::rights::{KeepFees, ViewFees};
use crate::staff::store as staff;
use crate::trail::Scribe;
use kernel::day;

/// A fee in fen: up to 10 million yuan.
const LARGEST: i64 = 1_000_000_000;

words! {
    /// Where a fee stands.
    FeeState {
        /// 待支付
        Owed = "owed",
        /// 已支付
        Paid = "paid",
        /// 作废
        Void = "void",
    }
}

kernel::table! {
    pub(crate) mod row = "recruitment_fees" (id: Uuid) {
        staff_id: Uuid,
        payee: String,
        amount_fen: i64,
        invoice_no: Option<String>,
        paid_on: Option<String>,
        receipt_no: Option<String>,
        note: Option<String>,
        state: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |fee| format!("recruitment fee to {}", fee.payee));

/// The routes of the ledger.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, record))
        .routes(routes!(pay))
        .routes(routes!(void))
        .with_state(app.clone())
}

/// A fee as the ledger shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecruitmentFeeView {
    /// Identifies it.
    pub id: Uuid,
    /// For whom.
    pub staff_id: Uuid,
    /// His name.
    pub name: String,
    /// To whom (原运营公司).
    pub payee: String,
    /// In fen.
    pub amount_fen: i64,
    /// Number of the invoice.
    pub invoice_no: Option<String>,
    /// When it was paid.
    pub paid_on: Option<NaiveDate>,
    /// Number of the receipt.
    pub receipt_no: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// `owed`, `paid` or `void`.
    pub state: String,
    /// Who recorded it.
    pub recorded_by: Option<Colleague>,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<RecruitmentFeeView>> {
    let conn = app.db.read();
    let people = staff::by_ids(conn, rows.iter().map(|row| row.staff_id)).await?;
    let who = organization::colleagues(conn, rows.iter().filter_map(|row| row.recorded_by)).await?;
    let mut views = Vec::new();
    for row in rows {
        let person = people.get(&row.staff_id);
        views.push(RecruitmentFeeView {
            name: person.map(|person| person.name.clone()).unwrap_or_default(),
            paid_on: day::maybe(row.paid_on.as_deref())?,
            recorded_by: row.recorded_by.and_then(|id| who.get(&id).cloned()),
            id: row.id,
            staff_id: row.staff_id,
            payee: row.payee,
            amount_fen: row.amount_fen,
            invoice_no: row.invoice_no,
            receipt_no: row.receipt_no,
            note: row.note,
            state: row.state,
            recorded_at: row.recorded_at,
            version: row.version,
        });
    }
    Ok(views)
}

async fn one(app: &App, row: row::Model) -> Result<Json<RecruitmentFeeView>> {
    let view = views(app, vec![row]).await?.pop();
    view.map(Json).ok_or_else(|| not_found("recruitment fee"))
}

/// The ledger, the newest first.
#[utoipa::path(
    get, path = "/api/v1/recruitment-fees", tag = "staffing", operation_id = "list_recruitment_fees",
    params(ListQuery), responses((status = 200, body = Page<RecruitmentFeeView>)),
)]
async fn list(
    _actor: Actor<ViewFees>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<RecruitmentFeeView>>> {
    let mut select = row::Entity::find();
    if let Some(words) = query.words_in(&[row::Column::Payee])? {
        select = sea_orm::QueryFilter::filter(select, words);
    }
    let sortable = [("recorded_at", row::Column::RecordedAt)];
    let page = paginate(app.db.read(), select, &query, &sortable, row::Column::Id).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// A fee that is owed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewFee {
    /// For whom.
    staff_id: Uuid,
    /// To whom, 1 to 60 characters.
    payee: String,
    /// In fen.
    amount_fen: i64,
    /// Number of the invoice.
    invoice_no: Option<String>,
    /// More about it.
    note: Option<String>,
}

fn text(field: &'static str, text: Option<&str>) -> Result<Option<String>> {
    let text = checked(field, text.unwrap_or_default())?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Records a fee for one person; one that is not void stands for each.
#[utoipa::path(
    post, path = "/api/v1/recruitment-fees", tag = "staffing", operation_id = "record_recruitment_fee",
    request_body = NewFee,
    responses((status = 201, body = RecruitmentFeeView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn record(
    actor: Actor<KeepFees>,
    State(app): State<App>,
    Json(new): Json<NewFee>,
) -> Result<(StatusCode, Json<RecruitmentFeeView>)> {
    must_be_name("payee", &new.payee)?;
    if !(1..=LARGEST).contains(&new.amount_fen) {
        return Err(invalid(
            "amount_fen",
            "amount_out_of_range",
            "1 fen to 10 million yuan",
        ));
    }
    let (invoice_no, note) = (
        text("invoice_no", new.invoice_no.as_deref())?,
        text("note", new.note.as_deref())?,
    );
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            use sea_orm::{ColumnTrait as _, QueryFilter as _};
            // The file is held: the second of two who record a fee for one person sees the first.
            staff::held(&tx, new.staff_id).await?;
            let known = row::Entity::find()
                .filter(row::Column::StaffId.eq(new.staff_id))
                .filter(row::Column::State.ne(FeeState::Void.as_str()))
                .one(&*tx)
                .await?;
            if let Some(known) = known {
                return Err(
                    refused("fee_recorded", "the fee of this person is in the ledger")
                        .with("fee_id", json!(known.id))
                        .with_way_out("void it first where it is wrong"),
                );
            }
            let now = app.clock.now();
            let row = row::Model {
                id: app.ids.next(),
                staff_id: new.staff_id,
                payee: new.payee,
                amount_fen: new.amount_fen,
                invoice_no,
                paid_on: None,
                receipt_no: None,
                note,
                state: FeeState::Owed.as_str().to_owned(),
                recorded_by: who.user_id,
                recorded_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            tell(&app, &tx, &who, &row, "recorded").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, one(&done, row).await?))
}

async fn tell(
    app: &App,
    tx: &kernel::Tx,
    who: &kernel::audit::Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "recruitment_fee",
        id: row.id,
    };
    let facts = json!({ "state": row.state, "version": row.version });
    scribe.tell(what, None, facts).await
}

/// A payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FeePayment)]
struct Payment {
    /// The version that was read.
    version: i64,
    /// When it was paid.
    paid_on: NaiveDate,
    /// Number of the receipt.
    receipt_no: String,
    /// Number of the invoice, where it came later.
    invoice_no: Option<String>,
}

async fn changed(
    app: App,
    who: kernel::audit::Who,
    (id, version): (Uuid, i64),
    what: &'static str,
    more: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<Json<RecruitmentFeeView>> {
    let (db, done) = (app.db.clone(), app.clone());
    let row = db
        .write(move |tx| async move {
            let found = row::Entity::find_by_id(id).one(&*tx).await?;
            let found = found.ok_or_else(|| not_found("recruitment fee"))?;
            let before = versioned::as_read(found, version)?;
            if before.state != FeeState::Owed.as_str() {
                let detail = format!("this fee is `{}` and does not change", before.state);
                return Err(refused("fee_settled", detail));
            }
            let mut after = before.clone();
            more(&mut after);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, what).await?;
            Ok(after)
        })
        .await?;
    one(&done, row).await
}

/// Records the payment of a fee with its receipt.
#[utoipa::path(
    post, path = "/api/v1/recruitment-fees/{id}/pay", tag = "staffing", operation_id = "pay_recruitment_fee",
    params(("id" = Uuid, Path)), request_body = Payment,
    responses((status = 200, body = RecruitmentFeeView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn pay(
    actor: Actor<KeepFees>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(payment): Json<Payment>,
) -> Result<Json<RecruitmentFeeView>> {
    day::past("paid_on", payment.paid_on, day::today(&app))?;
    let receipt = needed("receipt_no", &payment.receipt_no)?;
    let invoice = text("invoice_no", payment.invoice_no.as_deref())?;
    changed(
        app,
        actor.who(),
        (id, payment.version),
        "paid",
        move |fee| {
            FeeState::Paid.as_str().clone_into(&mut fee.state);
            fee.paid_on = Some(day::text(payment.paid_on));
            fee.receipt_no = Some(receipt);
            fee.invoice_no = invoice.or(fee.invoice_no.take());
        },
    )
    .await
}

/// Why it is void.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VoidFee)]
struct Voiding {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Voids a fee that was recorded wrongly; it stays to be read.
#[utoipa::path(
    post, path = "/api/v1/recruitment-fees/{id}/void", tag = "staffing", operation_id = "void_recruitment_fee",
    params(("id" = Uuid, Path)), request_body = Voiding,
    responses((status = 200, body = RecruitmentFeeView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn void(
    actor: Actor<KeepFees>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<Voiding>,
) -> Result<Json<RecruitmentFeeView>> {
    let reason = needed("reason", &request.reason)?;
    changed(
        app,
        actor.who(),
        (id, request.version),
        "voided",
        move |fee| {
            FeeState::Void.as_str().clone_into(&mut fee.state);
            fee.note = Some(reason);
        },
    )
    .await
}
