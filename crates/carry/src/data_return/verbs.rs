//! What is done to a return over HTTP: received by the purchaser, deleted and signed by the supplier, signed by the
//! purchaser, and its certificate taken away.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, Side, Tx, day};
use organization::export::{ExportPass, Leaving, Trace};
use sea_orm::EntityTrait as _;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{DataReturnDetail, Desk, detail, is_over};
use super::store::{self, ReturnLineKind, line, row};
use super::{Action, ReturnMedium, certificate, deletion};
use crate::export::request;
use crate::rights::{AcceptReturns, HandleReturns, ViewCarried};

/// What the purchaser holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DataReturnReceipt {
    /// The version that was read.
    version: i64,
    /// SHA-256 of the `manifest.json` that he holds, as he counted it.
    manifest_sha256: String,
    /// The last day of the contract, as he knows it.
    contract_ended_on: NaiveDate,
    /// What is said with it: on which disk, by whom.
    note: Option<String>,
}

/// The purchaser says that he holds what was handed over: the digest that he counted himself is the one of the manifest.
#[utoipa::path(
    post, path = "/api/v1/data-returns/{id}/receive", tag = "carry", operation_id = "receive_data_return",
    params(("id" = Uuid, Path)), request_body = DataReturnReceipt,
    responses((status = 200, body = DataReturnDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(super) async fn receive(
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
                day: day::text(said.contract_ended_on) == before.contract_ended_on,
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
pub(super) enum DataReturnVerb {
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
pub(super) struct Step {
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
pub(super) async fn step(
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
                    let over = is_over(&app, &before)?;
                    let step = (Action::Delete { by, over }, "deletion_begun");
                    // Asked again it goes on: half of it is deleted, and no other handing over would hold that.
                    let first = before.deletion_at.is_none();
                    let after = store::act(&app, &tx, &who, &before, step, |after| {
                        if first {
                            after.deletion_by = me;
                            after.deletion_at = Some(now);
                        }
                    })
                    .await?;
                    deletion::must_be_able(&app, &*tx, &house.forgets()).await?;
                    if first {
                        must_be_handed_over(&tx, &before).await?;
                    }
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

/// Refuses to delete what came in after the handing over began: nobody holds it.
async fn must_be_handed_over(tx: &Tx, back: &row::Model) -> Result<()> {
    let export = request::get(&**tx, back.export_id).await?;
    let since = export.began_at.unwrap_or(export.requested_at);
    let came_in = requesters::contact_since(&**tx, since).await?;
    if came_in || tickets::changed_since(&**tx, since).await? {
        let detail = format!(
            "calls, messages or tickets came after {} began",
            export.number
        );
        return Err(refused("data_return_export_old", detail)
            .with_way_out("withdraw it and hand everything over again"));
    }
    Ok(())
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
pub(super) struct DataReturnAnswer {
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
pub(super) async fn accept(
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
        // A path of its own: of two at once the one that comes second writes over nothing.
        let path = format!("data_returns/{}.pdf", app.ids.next());
        app.files.put(&path, &bytes).await?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let size = i64::try_from(bytes.len()).map_err(internal)?;
        let written = path.clone();
        let closed = db
            .write(move |tx| async move {
                store::act(&app, &tx, &who, &before, (action, "accepted"), |after| {
                    after.accepted_by = signed.accepted_by;
                    after.accepted_at = signed.accepted_at;
                    after.path = Some(path);
                    after.bytes = Some(size);
                    after.sha256 = Some(sha256);
                })
                .await
            })
            .await;
        if closed.is_err() {
            done.files.remove(&written).await?;
        }
        closed?
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
pub(super) async fn take(
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
