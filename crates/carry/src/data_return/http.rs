//! Returns over HTTP: the list, one with its certificate's lines, and a new one.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, refused};
use kernel::{Actor, App, Side, day, numbers, versioned};
use organization::{Colleague, colleagues};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, HandedFile, HandedOver, HandedRecords, ReturnLineKind, line, row};
use super::{Action, Case, ReturnMedium, ReturnState, verbs};
use crate::export::http::manifest_of;
use crate::export::request;
use crate::house::TheHouse;
use crate::rights::{AcceptReturns, HandleReturns, ViewCarried};

/// How long a deletion is left alone before it may be begun again.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// What the handlers need.
#[derive(Clone)]
pub(super) struct Desk {
    pub app: App,
    pub house: TheHouse,
}

/// The routes of returns.
pub(crate) fn routes(app: &App, house: &TheHouse) -> OpenApiRouter {
    let desk = Desk {
        app: app.clone(),
        house: house.clone(),
    };
    OpenApiRouter::new()
        .routes(routes!(list, offer))
        .routes(routes!(show))
        .routes(routes!(verbs::receive))
        .routes(routes!(verbs::step))
        .routes(routes!(verbs::accept))
        .routes(routes!(verbs::take))
        .with_state(desk)
}

/// A return as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataReturnView {
    /// Identifies it.
    pub id: Uuid,
    /// `FH-20261231-001`
    pub number: String,
    /// What was handed over.
    pub export_id: Uuid,
    /// The last day of the contract.
    pub contract_ended_on: NaiveDate,
    /// Where it stands.
    #[schema(value_type = ReturnState)]
    pub state: String,
    /// SHA-256 of the manifest that was handed over.
    pub manifest_sha256: String,
    /// Who of the supplier began it.
    pub offered_by: Option<Colleague>,
    /// When.
    pub offered_at: DateTime<Utc>,
    /// Who of the purchaser said that he holds it.
    pub received_by: Option<Colleague>,
    /// When.
    pub received_at: Option<DateTime<Utc>>,
    /// When the job was through.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Who of the supplier signed.
    pub signed_by: Option<Colleague>,
    /// When.
    pub signed_at: Option<DateTime<Utc>>,
    /// Who of the purchaser signed.
    pub accepted_by: Option<Colleague>,
    /// When.
    pub accepted_at: Option<DateTime<Utc>>,
    /// SHA-256 of the frozen certificate.
    pub sha256: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

/// A line of the certificate.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataReturnLine {
    /// What it says.
    #[schema(value_type = ReturnLineKind)]
    pub kind: String,
    /// Code of the inventory of personal information, or of a medium.
    pub code: String,
    /// What it is.
    pub what: String,
    /// Rows that were changed or went.
    pub rows: Option<i64>,
    /// Files that went, or are held.
    pub files: Option<i64>,
    /// The job that did it, how it was done by hand, or why it is kept.
    pub how: String,
    /// Until when it is kept.
    pub until: Option<NaiveDate>,
    /// On which day.
    pub done_on: NaiveDate,
    /// When it was written down.
    pub at: DateTime<Utc>,
    /// Who did it by hand.
    pub by: Option<Colleague>,
}

/// A return as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataReturnDetail {
    /// What lists show.
    #[serde(flatten)]
    pub data_return: DataReturnView,
    /// What was handed over.
    pub handed: HandedOver,
    /// What the purchaser said when he received it.
    pub received_note: Option<String>,
    /// Why the purchaser last sent it back.
    pub sent_back: Option<String>,
    /// What was deleted, what is kept, what became of other media.
    pub lines: Vec<DataReturnLine>,
    /// Media of which nobody has said what became of them.
    pub unsaid: Vec<ReturnMedium>,
    /// What may be tried now by who looks: `receive`, `withdraw`, `delete`, `attest`, `sign`, `accept`, `send_back`.
    pub actions: Vec<&'static str>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<DataReturnView>> {
    let people = rows.iter().flat_map(|row| {
        [
            row.offered_by,
            row.received_by,
            row.signed_by,
            row.accepted_by,
        ]
    });
    let known = colleagues(conn, people.flatten().collect::<Vec<_>>()).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| known.get(&id).cloned());
    rows.into_iter()
        .map(|row| {
            Ok(DataReturnView {
                contract_ended_on: day::read(&row.contract_ended_on)?,
                offered_by: person(row.offered_by),
                received_by: person(row.received_by),
                signed_by: person(row.signed_by),
                accepted_by: person(row.accepted_by),
                id: row.id,
                number: row.number,
                export_id: row.export_id,
                state: row.state,
                manifest_sha256: row.manifest_sha256,
                offered_at: row.offered_at,
                received_at: row.received_at,
                deleted_at: row.deleted_at,
                signed_at: row.signed_at,
                accepted_at: row.accepted_at,
                sha256: row.sha256,
                version: row.version,
            })
        })
        .collect()
}

fn actions(me: &kernel::Principal, case: Case, over: bool) -> Vec<&'static str> {
    let mut tries = Vec::new();
    if me.may::<AcceptReturns>() {
        let by = Side::Purchaser;
        let (same, day) = (true, true);
        tries.push(("receive", Action::Receive { by, same, day }));
        tries.push(("accept", Action::Accept { by }));
        tries.push(("send_back", Action::SendBack { by }));
    }
    if me.may::<HandleReturns>() {
        let by = Side::Supplier;
        tries.push(("withdraw", Action::Withdraw { by }));
        tries.push(("delete", Action::Delete { by, over }));
        tries.push(("attest", Action::Attest { by, first: true }));
        tries.push(("sign", Action::Sign { by }));
    }
    let may = tries
        .into_iter()
        .filter(|(_, action)| case.next(action).is_ok());
    may.map(|(name, _)| name).collect()
}

/// The last day of its contract has passed.
pub(super) fn is_over(app: &App, row: &row::Model) -> Result<bool> {
    Ok(day::read(&row.contract_ended_on)? < day::today(app))
}

pub(super) async fn detail(
    app: &App,
    me: &kernel::Principal,
    row: row::Model,
) -> Result<Json<DataReturnDetail>> {
    let conn = app.db.read();
    let lines = store::lines(conn, row.id).await?;
    let known = colleagues(
        conn,
        lines
            .iter()
            .filter_map(|line| line.by_id)
            .collect::<Vec<_>>(),
    )
    .await?;
    let said = |medium: &ReturnMedium| {
        let of_medium = |line: &line::Model| {
            line.kind == ReturnLineKind::Medium.as_str() && line.code == medium.as_str()
        };
        lines.iter().any(of_medium)
    };
    let all = ReturnMedium::ALL.iter().copied();
    let unsaid = all.filter(|medium| !said(medium)).collect();
    let (handed, case) = (row.handed()?, row.case()?);
    // A job that is at it is left to it; one that was given up is begun again.
    let at_it = row.state == ReturnState::Deleting.as_str()
        && row
            .deletion_at
            .is_some_and(|at| at + PATIENCE > app.clock.now());
    let may_delete = is_over(app, &row)? && !at_it;
    let (received_note, sent_back) = (row.received_note.clone(), row.sent_back.clone());
    let view = views(conn, vec![row]).await?.pop();
    let lines: Result<Vec<DataReturnLine>> = lines
        .into_iter()
        .map(|line| {
            Ok(DataReturnLine {
                until: day::maybe(line.until_day.as_deref())?,
                done_on: day::read(&line.done_on)?,
                by: line.by_id.and_then(|id| known.get(&id).cloned()),
                kind: line.kind,
                code: line.code,
                what: line.what,
                rows: line.rows,
                files: line.files,
                how: line.how,
                at: line.at,
            })
        })
        .collect();
    Ok(Json(DataReturnDetail {
        data_return: view.ok_or_else(|| internal("a data return is shown"))?,
        handed,
        received_note,
        sent_back,
        lines: lines?,
        unsaid,
        actions: actions(me, case, may_delete),
    }))
}

/// Returns of the data, the newest first.
#[utoipa::path(
    get, path = "/api/v1/data-returns", tag = "carry", operation_id = "list_data_returns",
    params(ListQuery), responses((status = 200, body = Page<DataReturnView>)),
)]
async fn list(
    _actor: Actor<ViewCarried>,
    State(Desk { app, .. }): State<Desk>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<DataReturnView>>> {
    let conn = app.db.read();
    let sortable = [("offered_at", row::Column::OfferedAt)];
    let select = row::Entity::find();
    let page = paginate(conn, select, &query, &sortable, row::Column::Id).await?;
    Ok(Json(
        page.shown(async |rows| views(conn, rows).await).await?,
    ))
}

/// One return with its certificate's lines.
#[utoipa::path(
    get, path = "/api/v1/data-returns/{id}", tag = "carry", operation_id = "get_data_return",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DataReturnDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewCarried>,
    State(Desk { app, .. }): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<DataReturnDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What is handed back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDataReturn {
    /// The handing over of everything that was written whole.
    export_id: Uuid,
    /// The last day of the contract.
    contract_ended_on: NaiveDate,
}

/// Offers what was handed over as the return of the data; the purchaser is to say that he holds it.
#[utoipa::path(
    post, path = "/api/v1/data-returns", tag = "carry", operation_id = "offer_data_return",
    request_body = NewDataReturn,
    responses((status = 201, body = DataReturnDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn offer(
    actor: Actor<HandleReturns>,
    State(Desk { app, .. }): State<Desk>,
    Json(new): Json<NewDataReturn>,
) -> Result<(StatusCode, Json<DataReturnDetail>)> {
    day::plausible("contract_ended_on", new.contract_ended_on, day::today(&app))?;
    let export = request::get(app.db.read(), new.export_id).await?;
    // What came in after it would be deleted and handed over to nobody.
    let began = export.began_at.map(day::of);
    if began.is_none_or(|began| began <= new.contract_ended_on) {
        let detail = format!(
            "{} did not begin after the last day of the contract",
            export.number
        );
        return Err(refused("data_return_export_old", detail)
            .with_way_out("hand everything over again once the contract is over"));
    }
    let manifest = manifest_of(&app, &export).await?;
    let (Some(manifest), Some(sha256)) = (manifest, export.manifest_sha256) else {
        let detail = format!("the folder of {} is not there", export.number);
        return Err(refused("export_not_done", detail).with_way_out("hand everything over first"));
    };
    let records = manifest.records.iter().flat_map(|records| &records.files);
    let handed = HandedOver {
        files: records
            .chain(&manifest.others)
            .map(|file| HandedFile {
                path: file.path.clone(),
                bytes: file.bytes,
                sha256: file.sha256.clone(),
            })
            .collect(),
        attachments: manifest.files.len() as u64,
        bytes: manifest.bytes(),
        records: manifest
            .records
            .iter()
            .map(|one| HandedRecords {
                name: one.name.clone(),
                title: one.title.clone(),
                rows: one.rows,
            })
            .collect(),
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            // The counter orders two at once: the second sees the first.
            let number = numbers::next_of_day(&*tx, "FH-", now).await?;
            if let Some(open) = store::under_way(&*tx).await? {
                let detail = format!("{} is under way", open.number);
                return Err(refused("data_return_open", detail));
            }
            let made = row::Model {
                id: app.ids.next(),
                number,
                export_id: new.export_id,
                contract_ended_on: day::text(new.contract_ended_on),
                state: String::new(),
                unsaid: 0,
                handed: json!(handed),
                manifest_sha256: sha256,
                offered_by: who.user_id,
                offered_at: now,
                received_by: None,
                received_at: None,
                received_note: None,
                deletion_by: None,
                deletion_at: None,
                deleted_at: None,
                signed_by: None,
                signed_at: None,
                accepted_by: None,
                accepted_at: None,
                sent_back: None,
                path: None,
                bytes: None,
                sha256: None,
                updated_at: now,
                version: 1,
            }
            .with_case(Case::offered());
            versioned::insert(&*tx, &made).await?;
            store::tell(&app, &tx, &who, &made, "offered").await?;
            Ok(made)
        })
        .await?;
    let shown = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, shown))
}
