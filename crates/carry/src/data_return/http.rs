//! Returns over HTTP.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Side, Tx, day, numbers};
use organization::export::{ExportPass, Leaving, Trace};
use organization::{Colleague, colleagues};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, HandedFile, HandedOver, HandedRecords, ReturnLineKind, line, row};
use super::{Action, Case, ReturnMedium, ReturnState, certificate, deletion};
use crate::export::http::manifest_of;
use crate::export::request;
use crate::house::TheHouse;
use crate::rights::{AcceptReturns, HandleReturns, ViewCarried};

/// What the handlers need.
#[derive(Clone)]
struct Desk {
    app: App,
    house: TheHouse,
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
        .routes(routes!(receive))
        .routes(routes!(step))
        .routes(routes!(accept))
        .routes(routes!(take))
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

fn actions(me: &kernel::Principal, case: Case) -> Vec<&'static str> {
    let mut tries = Vec::new();
    if me.may::<AcceptReturns>() {
        let by = Side::Purchaser;
        tries.push(("receive", Action::Receive { by, same: true }));
        tries.push(("accept", Action::Accept { by }));
        tries.push(("send_back", Action::SendBack { by }));
    }
    if me.may::<HandleReturns>() {
        let by = Side::Supplier;
        tries.push(("withdraw", Action::Withdraw { by }));
        tries.push(("delete", Action::Delete { by, over: true }));
        tries.push(("attest", Action::Attest { by, first: true }));
        tries.push(("sign", Action::Sign { by }));
    }
    let may = tries
        .into_iter()
        .filter(|(_, action)| case.next(action).is_ok());
    may.map(|(name, _)| name).collect()
}

async fn detail(
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
        actions: actions(me, case),
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
            if let Some(open) = store::under_way(&*tx).await? {
                let detail = format!("{} is under way", open.number);
                return Err(refused("data_return_open", detail));
            }
            let now = app.clock.now();
            let made = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "FH-", now).await?,
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

/// What the purchaser holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DataReturnReceipt {
    /// The version that was read.
    version: i64,
    /// SHA-256 of the `manifest.json` that he holds, as he counted it.
    manifest_sha256: String,
    /// What is said with it: on which disk, by whom.
    note: Option<String>,
}

/// The purchaser says that he holds what was handed over: the digest that he counted himself is the one of the manifest.
#[utoipa::path(
    post, path = "/api/v1/data-returns/{id}/receive", tag = "carry", operation_id = "receive_data_return",
    params(("id" = Uuid, Path)), request_body = DataReturnReceipt,
    responses((status = 200, body = DataReturnDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn receive(
    actor: Actor<AcceptReturns>,
    State(Desk { app, .. }): State<Desk>,
    Path(id): Path<Uuid>,
    Json(said): Json<DataReturnReceipt>,
) -> Result<Json<DataReturnDetail>> {
    let note = checked("note", said.note.as_deref().unwrap_or_default())?;
    let counted = said.manifest_sha256.trim().to_ascii_lowercase();
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, said.version)?;
            let action = Action::Receive {
                by: Side::Purchaser,
                same: counted == before.manifest_sha256,
            };
            let (me, now) = (who.user_id, app.clock.now());
            store::act(&app, &tx, &who, &before, (action, "received"), |after| {
                after.received_by = me;
                after.received_at = Some(now);
                after.received_note = Some(note).filter(|note| !note.is_empty());
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// A step of the supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum DataReturnVerb {
    /// 撤回
    Withdraw {},
    /// 删除: cannot be taken back.
    Delete {},
    /// 登记系统以外的介质
    Attest {
        /// Which.
        medium: ReturnMedium,
        /// How it was deleted or destroyed, or that there was nothing.
        how: String,
        /// On which day.
        done_on: NaiveDate,
    },
    /// 签认
    Sign {},
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DataReturnStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: DataReturnVerb,
}

/// The supplier takes it back, deletes what he holds, tells of other media, signs.
#[utoipa::path(
    post, path = "/api/v1/data-returns/{id}/steps", tag = "carry", operation_id = "step_data_return",
    params(("id" = Uuid, Path)), request_body = Step,
    responses(
        (status = 200, body = DataReturnDetail), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
async fn step(
    actor: Actor<HandleReturns>,
    State(Desk { app, house }): State<Desk>,
    Path(id): Path<Uuid>,
    Json(Step { version, verb }): Json<Step>,
) -> Result<Json<DataReturnDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, version)?;
            let (me, now, by) = (who.user_id, app.clock.now(), Side::Supplier);
            match verb {
                DataReturnVerb::Withdraw {} => {
                    let step = (Action::Withdraw { by }, "withdrawn");
                    store::act(&app, &tx, &who, &before, step, |_| {}).await
                }
                DataReturnVerb::Delete {} => {
                    let over = day::read(&before.contract_ended_on)? < day::today(&app);
                    let step = (Action::Delete { by, over }, "deletion_begun");
                    let after = store::act(&app, &tx, &who, &before, step, |after| {
                        after.deletion_by = me;
                        after.deletion_at = Some(now);
                    })
                    .await?;
                    deletion::must_be_able(&app, &*tx, &house.forgets()).await?;
                    deletion::begin(&app, &tx, id).await?;
                    Ok(after)
                }
                DataReturnVerb::Attest {
                    medium,
                    how,
                    done_on,
                } => {
                    let how = needed("how", &how)?;
                    day::past("done_on", done_on, day::today(&app))?;
                    let first = !said_of(&tx, id, medium).await?;
                    let step = (Action::Attest { by, first }, "medium_told");
                    let after = store::act(&app, &tx, &who, &before, step, |_| {}).await?;
                    let line = line::Model {
                        return_id: id,
                        kind: ReturnLineKind::Medium.as_str().to_owned(),
                        code: medium.as_str().to_owned(),
                        what: medium.as_str().to_owned(),
                        rows: None,
                        files: None,
                        how,
                        until_day: None,
                        done_on: day::text(done_on),
                        at: now,
                        by_id: me,
                    };
                    store::say(&*tx, line).await?;
                    Ok(after)
                }
                DataReturnVerb::Sign {} => {
                    let step = (Action::Sign { by }, "signed");
                    store::act(&app, &tx, &who, &before, step, |after| {
                        after.signed_by = me;
                        after.signed_at = Some(now);
                        after.sent_back = None;
                    })
                    .await
                }
            }
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

async fn said_of(tx: &Tx, id: Uuid, medium: ReturnMedium) -> Result<bool> {
    let key = (
        id,
        ReturnLineKind::Medium.as_str().to_owned(),
        medium.as_str().to_owned(),
    );
    Ok(line::Entity::find_by_id(key).one(&**tx).await?.is_some())
}

/// The purchaser's word on a signed certificate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DataReturnAnswer {
    /// The version that was read.
    version: i64,
    /// He signs; else it goes back.
    accept: bool,
    /// Why it goes back.
    reason: Option<String>,
}

/// The purchaser signs: the certificate is frozen as PDF; or he sends it back with the reason.
#[utoipa::path(
    post, path = "/api/v1/data-returns/{id}/accept", tag = "carry", operation_id = "accept_data_return",
    params(("id" = Uuid, Path)), request_body = DataReturnAnswer,
    responses(
        (status = 200, body = DataReturnDetail), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem),
    ),
)]
async fn accept(
    actor: Actor<AcceptReturns>,
    State(Desk { app, house }): State<Desk>,
    Path(id): Path<Uuid>,
    Json(answer): Json<DataReturnAnswer>,
) -> Result<Json<DataReturnDetail>> {
    let by = Side::Purchaser;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = if answer.accept {
        let (conn, now) = (app.db.read(), app.clock.now());
        let before = versioned::as_read(store::get(conn, id).await?, answer.version)?;
        let action = Action::Accept { by };
        // The rule first: nothing is printed of what may not be signed.
        let case = before.case()?.next(&action);
        case.map_err(|why| why.about(&before.what()))?;
        let mut signed = before.clone();
        signed.accepted_by = who.user_id;
        signed.accepted_at = Some(now);
        let document = certificate::document(&app, conn, &signed).await?;
        let printed = tokio::task::spawn_blocking(move || house.print(&document));
        let bytes = printed.await.map_err(internal)??;
        let path = format!("data_returns/{id}-{}.pdf", before.version);
        app.files.put(&path, &bytes).await?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let size = i64::try_from(bytes.len()).map_err(internal)?;
        db.write(move |tx| async move {
            store::act(&app, &tx, &who, &before, (action, "accepted"), |after| {
                after.accepted_by = signed.accepted_by;
                after.accepted_at = signed.accepted_at;
                after.path = Some(path);
                after.bytes = Some(size);
                after.sha256 = Some(sha256);
            })
            .await
        })
        .await?
    } else {
        let reason = needed("reason", answer.reason.as_deref().unwrap_or_default())?;
        db.write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, answer.version)?;
            let step = (Action::SendBack { by }, "sent_back");
            store::act(&app, &tx, &who, &before, step, |after| {
                after.signed_by = None;
                after.signed_at = None;
                after.sent_back = Some(reason);
            })
            .await
        })
        .await?
    };
    detail(&done, actor.principal(), row).await
}

/// Takes the frozen certificate, as both sides signed it. The file is the signed one to the byte; who took it stands in
/// the log.
#[utoipa::path(
    get, path = "/api/v1/data-returns/{id}/certificate", tag = "carry", operation_id = "take_data_return_certificate",
    params(("id" = Uuid, Path), ExportPass),
    responses((status = 200, content_type = "application/pdf"), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn take(
    _actor: Actor<ViewCarried>,
    State(Desk { app, .. }): State<Desk>,
    Path(id): Path<Uuid>,
    leaving: Leaving,
) -> Result<Response> {
    let row = store::get(app.db.read(), id).await?;
    let path = row.path.ok_or_else(|| not_found("certificate"))?;
    let bytes = app.files.get(&path).await?;
    if Some(hex::encode(Sha256::digest(&bytes))) != row.sha256 {
        let detail = "the certificate is not the one that was signed";
        return Err(invalid("sha256", "certificate_changed", detail));
    }
    let pass = leaving.pass(&app, 1).await?;
    let trace = Trace {
        action: "data_return.certificate_taken",
        subject_kind: "data_return",
        subject: id.to_string(),
        details: json!({ "number": row.number }),
    };
    pass.taken(&app, &bytes, trace).await?;
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("application/pdf");
    headers.insert(header::CONTENT_TYPE, kind);
    let name = format!("attachment; filename=\"{}.pdf\"", row.number);
    let name = HeaderValue::from_str(&name).map_err(internal)?;
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok((headers, Body::from(bytes)).into_response())
}
