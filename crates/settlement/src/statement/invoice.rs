//! The invoice of a statement: it is of the confirmed amount. The 30 working days run from the later of
//! confirmation and hand-in, or as the contract says; the supplier hands it in with proof, and whoever records the
//! receipt late stops no clock.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, Tx, day, versioned, words};
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
use super::http::Desk;
use super::store::{self, row as statement};
use super::view::{StatementDetail, detail};
use crate::contract::counting::{self, PaymentStart};
use crate::contract;
use crate::rights::{PayStatements, PrepareStatements};

/// Invoices of a statement, at most.
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

words! {
    /// How an invoice was handed in.
    HandInWay {
        /// 当面送达
        InPerson = "in_person",
        /// 邮寄
        Post = "post",
        /// 电子送达
        Electronic = "electronic",
    }
}

kernel::table! {
    mod row = "statement_invoices" (id: Uuid) {
        statement_id: Uuid,
        code: Option<String>,
        number: String,
        tax_bp: i64,
        amount_fen: i64,
        issued_on: String,
        handed_on: Option<String>,
        handed_how: Option<String>,
        handed_proof: Option<String>,
        received_on: Option<String>,
        due_from: Option<String>,
        state: String,
        note: Option<String>,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |invoice| format!("invoice `{}`", invoice.number));

/// The routes of invoices.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(hand_in))
        .routes(routes!(receive))
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
    /// When the supplier handed it in.
    pub handed_on: Option<NaiveDate>,
    /// How: `in_person`, `post` or `electronic`.
    pub handed_how: Option<String>,
    /// What proves it: who signed for it, the number of the post, the receipt of the platform.
    pub handed_proof: Option<String>,
    /// When the purchaser received it, as he says.
    pub received_on: Option<NaiveDate>,
    /// From which day the payment's time runs.
    pub due_from: Option<NaiveDate>,
    /// `issued`, `received` or `returned`.
    pub state: String,
    /// Why it was returned.
    pub note: Option<String>,
}

/// The invoices, the latest last.
pub(crate) async fn views(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<InvoiceView>> {
    let rows = all(conn, id).await?.into_iter().map(|row| {
        Ok(InvoiceView {
            issued_on: day::read(&row.issued_on)?,
            handed_on: day::maybe(row.handed_on.as_deref())?,
            handed_how: row.handed_how,
            handed_proof: row.handed_proof,
            received_on: day::maybe(row.received_on.as_deref())?,
            due_from: day::maybe(row.due_from.as_deref())?,
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

async fn all(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::StatementId.eq(id))
        .order_by_asc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
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
            let matches = new.amount_fen == before.total_fen && before.total_fen > 0;
            let action = Action::Invoice { matches };
            let told = ("invoiced", None);
            store::act(&app, &tx, &who, &before, &action, told, |_| {}).await?;
            let now = app.clock.now();
            let row = row::Model {
                id: app.ids.next(),
                statement_id: id,
                code: Some(code).filter(|code| !code.is_empty()),
                number,
                tax_bp: new.tax_bp,
                amount_fen: new.amount_fen,
                issued_on: day::text(new.issued_on),
                handed_on: None,
                handed_how: None,
                handed_proof: None,
                received_on: None,
                due_from: None,
                state: InvoiceState::Issued.as_str().to_owned(),
                note: None,
                recorded_by: who.user_id,
                recorded_at: now,
                updated_at: now,
                version: 1,
            };
            let written = row::Entity::insert(row.into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if written == 0 {
                return Err(refused(
                    "invoice_known",
                    "an invoice of this code and number is recorded",
                ));
            }
            Ok(())
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
}

/// Noon of a day in Guangzhou.
fn noon(day: NaiveDate) -> Result<DateTime<Utc>> {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).map(|noon| day.and_time(noon));
    let noon = noon.and_then(|noon| calendar::SHANGHAI.from_local_datetime(&noon).single());
    noon.map(|noon| noon.to_utc())
        .ok_or_else(|| internal("a day without noon"))
}

/// From which day the time of the payment runs, as the contract of the statement says.
async fn runs_from(tx: &Tx, statement: &statement::Model, handed: NaiveDate) -> Result<NaiveDate> {
    let confirmed = statement.confirmed_at.map_or(handed, day::of);
    let contract = contract::get(&**tx, statement.contract_id).await?;
    let kept = counting::of(&**tx, &contract).await?;
    let held = counting::on(&kept, day::read(&statement.until_day)?);
    let start = held.map_or(PaymentStart::Later, |held| held.payment_start);
    Ok(match start {
        PaymentStart::Confirmation => confirmed,
        PaymentStart::Invoice => handed,
        PaymentStart::Later => confirmed.max(handed),
    })
}

/// The invoice that stands: not returned; 422 where `on` lies before it was issued.
async fn standing(tx: &Tx, id: Uuid, on: Option<(&'static str, NaiveDate)>) -> Result<row::Model> {
    let mut open = all(&**tx, id).await?.into_iter();
    let found = open.find(|one| one.state != InvoiceState::Returned.as_str());
    let invoice = found.ok_or_else(|| not_found("invoice"))?;
    match on {
        Some((field, on)) if day::text(on) < invoice.issued_on => {
            let detail = "nobody has an invoice before it is issued";
            Err(invalid(field, "received_before_issue", detail))
        }
        _ => Ok(invoice),
    }
}

/// That an invoice was handed in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvoiceHandIn {
    /// The version of the statement that was read.
    version: i64,
    /// When.
    handed_on: NaiveDate,
    /// How.
    how: HandInWay,
    /// What proves it: who signed for it, the number of the post, the receipt of the platform.
    proof: String,
}

/// The supplier handed the invoice in, and the time of the payment runs, whether or not its receipt is recorded.
#[utoipa::path(
    post, path = "/api/v1/statements/{id}/invoice/hand-in", tag = "settlement", operation_id = "hand_in_statement_invoice",
    params(("id" = Uuid, Path)), request_body = InvoiceHandIn,
    responses((status = 200, body = StatementDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn hand_in(
    actor: Actor<PrepareStatements>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(said): Json<InvoiceHandIn>,
) -> Result<Json<StatementDetail>> {
    let proof = needed("proof", &said.proof)?;
    day::past("handed_on", said.handed_on, day::today(&desk.app))?;
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, said.version)?;
            let from = runs_from(&tx, &before, said.handed_on).await?;
            let action = Action::HandIn { from: noon(from)? };
            // The machine says first whether it stands before this step.
            let told = ("handed_in", Some(proof.as_str()));
            store::act(&app, &tx, &who, &before, &action, told, |_| {}).await?;
            let invoice = standing(&tx, id, Some(("handed_on", said.handed_on))).await?;
            let mut after = invoice.clone();
            after.handed_on = Some(day::text(said.handed_on));
            after.handed_how = Some(said.how.as_str().to_owned());
            after.handed_proof = Some(proof.clone());
            after.due_from = Some(day::text(from));
            versioned::save(&app, &*tx, &invoice, after).await
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
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

/// The purchaser records when the invoice came, or sends it back while nothing is paid. Where the supplier has not
/// handed it in here, the time of the payment runs from its receipt.
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
            let on = said.received_on.map(|on| ("received_on", on));
            let invoice = standing(&tx, id, on).await?;
            if said.received_on.is_some() && invoice.received_on.is_some() {
                let detail = "its receipt is recorded already";
                return Err(refused("invoice_received", detail));
            }
            let mut after = invoice.clone();
            let (action, what) = if let Some(received) = said.received_on {
                let from = runs_from(&tx, &before, received).await?;
                InvoiceState::Received.as_str().clone_into(&mut after.state);
                after.received_on = Some(day::text(received));
                after.due_from.get_or_insert_with(|| day::text(from));
                (Action::Receive { from: noon(from)? }, "invoice_received")
            } else {
                InvoiceState::Returned.as_str().clone_into(&mut after.state);
                after.note = Some(note.clone());
                let paid = before.paid_fen > 0;
                (Action::ReturnInvoice { paid }, "invoice_returned")
            };
            versioned::save(&app, &*tx, &invoice, after).await?;
            let told = (what, Some(note.as_str()));
            store::act(&app, &tx, &who, &before, &action, told, |_| {}).await
        })
        .await?;
    detail(&desk.app, id).await.map(Json)
}
