//! The steps of a report over HTTP.

use axum::extract::State;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, audit, day, versioned};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::content::digest;
use super::http::{ServiceReportDetail, detail};
use super::rights::{CheckReports, PrepareReports, ReadReports, ReleaseReports};
use super::store::{self, read, row};
use super::{Action, ReportDesk, ReportState, draft, file};

/// The routes of the steps.
pub(crate) fn routes(desk: &ReportDesk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(edit))
        .routes(routes!(refresh))
        .routes(routes!(submit))
        .routes(routes!(check))
        .routes(routes!(give_back))
        .routes(routes!(release))
        .routes(routes!(correct))
        .routes(routes!(discard))
        .routes(routes!(acknowledge))
        .with_state(desk.clone())
}

/// New words of a block.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportWords {
    /// The place of the block, from 0 on; a text or notes.
    block: usize,
    /// The words, at most 2,000 characters.
    text: String,
}

/// A change of a draft's words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditReport {
    /// The version that was read.
    version: i64,
    /// The title; as it is when left out.
    title: Option<String>,
    /// The blocks whose words change.
    #[serde(default)]
    texts: Vec<ReportWords>,
}

/// A step that says nothing more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepReport {
    /// The version that was read.
    version: i64,
    /// What is said about it.
    note: Option<String>,
}

/// Changes the words of a draft; its figures cannot be typed.
#[utoipa::path(
    put, path = "/api/v1/reports/{id}", tag = "reports", operation_id = "edit_report",
    params(("id" = Uuid, Path)), request_body = EditReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<EditReport>,
) -> Result<Json<ServiceReportDetail>> {
    let title = request.title.as_deref().map(|title| needed("title", title));
    let title = title.transpose()?;
    let mut texts = Vec::with_capacity(request.texts.len().min(100));
    for one in request.texts {
        texts.push((one.block, checked("texts", &one.text)?));
    }
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id, true).await?, request.version)?;
            let mut content = before.content()?;
            if let Some(title) = title {
                content.title = title;
            }
            for (at, text) in texts {
                let words = content.words(at).ok_or_else(|| {
                    let detail = format!("block {at} has no words to change");
                    invalid("texts", "block_without_words", detail)
                })?;
                words.edited = words.edited || words.text != text;
                words.text = text;
            }
            if let Some(corrects) = before.corrects {
                let former = store::get(&*tx, corrects, true).await?;
                draft::compare(&mut content, &former)?;
            }
            let by = who.user_id;
            store::act(
                &app,
                &tx,
                &who,
                &before,
                &Action::Edit,
                ("edited", None),
                |after| {
                    after.edited_by = by;
                    after.put(&content)
                },
            )
            .await
        })
        .await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// Takes the figures of a draft anew; the words that people wrote stay.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/refresh", tag = "reports", operation_id = "refresh_report",
    params(("id" = Uuid, Path)), request_body = StepReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem)),
)]
async fn refresh(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepReport>,
) -> Result<Json<ServiceReportDetail>> {
    let before = store::get(desk.app.db.read(), id, true).await?;
    let before = versioned::as_read(before, request.version)?;
    let content = if before.case()?.state == ReportState::Draft {
        Some(draft::fresh(&desk, &before).await?)
    } else {
        None
    };
    let (app, who) = (desk.app.clone(), actor.who());
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id, true).await?, request.version)?;
            let by = who.user_id;
            let told = ("refreshed", None);
            store::act(&app, &tx, &who, &before, &Action::Refresh, told, |after| {
                after.edited_by = by;
                content.map_or(Ok(()), |content| after.put(&content))
            })
            .await
        })
        .await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// Hands a draft in for the check.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/submit", tag = "reports", operation_id = "submit_report",
    params(("id" = Uuid, Path)), request_body = StepReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem)),
)]
async fn submit(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepReport>,
) -> Result<Json<ServiceReportDetail>> {
    let (app, who) = (desk.app.clone(), actor.who());
    let step = move |before: &row::Model| {
        let ended = day::of(before.figures_at) >= before.period()?.until;
        Ok(Action::Submit { ended })
    };
    let now = app.clock.now();
    let by = who.user_id;
    stepped(&desk, &who, id, &request, "submitted", step, move |after| {
        after.submitted_by = by;
        after.submitted_at = Some(now);
    })
    .await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// Says that a report is in order; nobody checks his own.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/check", tag = "reports", operation_id = "check_report",
    params(("id" = Uuid, Path)), request_body = StepReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem)),
)]
async fn check(
    actor: Actor<CheckReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepReport>,
) -> Result<Json<ServiceReportDetail>> {
    let (who, by) = (actor.who(), actor.user_id());
    let now = desk.app.clock.now();
    let step = move |before: &row::Model| {
        let own = before.is_by(by);
        Ok(Action::Check { own })
    };
    stepped(&desk, &who, id, &request, "checked", step, move |after| {
        after.checked_by = Some(by);
        after.checked_at = Some(now);
    })
    .await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// Sends a report back to who wrote it, with what is wrong.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/return", tag = "reports", operation_id = "return_report",
    params(("id" = Uuid, Path)), request_body = StepReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn give_back(
    actor: Actor<CheckReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepReport>,
) -> Result<Json<ServiceReportDetail>> {
    needed("note", request.note.as_deref().unwrap_or_default())?;
    let step = |_: &row::Model| Ok(Action::Return);
    stepped(
        &desk,
        &actor.who(),
        id,
        &request,
        "returned",
        step,
        |after| {
            after.checked_by = None;
            after.checked_at = None;
        },
    )
    .await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// A step as `action` says of the row that was read.
async fn stepped(
    desk: &ReportDesk,
    who: &audit::Who,
    id: Uuid,
    request: &StepReport,
    what: &'static str,
    action: impl Fn(&row::Model) -> Result<Action> + Send + 'static,
    more: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<()> {
    let note = checked("note", request.note.as_deref().unwrap_or_default())?;
    let (app, who, version) = (desk.app.clone(), who.clone(), request.version);
    desk.app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id, true).await?, version)?;
            let action = action(&before)?;
            let told = (what, Some(note.as_str()));
            store::act(&app, &tx, &who, &before, &action, told, |after| {
                more(after);
                Ok(())
            })
            .await
        })
        .await?;
    Ok(())
}

/// Releases a checked report: content, digest, head of the audit trail and files are frozen, the purchaser is told, the
/// version before is superseded.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/release", tag = "reports", operation_id = "release_report",
    params(("id" = Uuid, Path)), request_body = StepReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem)),
)]
async fn release(
    actor: Actor<ReleaseReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepReport>,
) -> Result<Json<ServiceReportDetail>> {
    let note = checked("note", request.note.as_deref().unwrap_or_default())?;
    let conn = desk.app.db.read();
    let before = versioned::as_read(store::get(conn, id, true).await?, request.version)?;
    let head = audit::head(conn).await?;
    let head = head.map_or_else(String::new, |head| format!("{} {}", head.seq, head.hash));
    let sha256 = digest(&before.content);
    // Printed before the transaction; who may not release prints for nothing.
    let files = if before.case()?.state == ReportState::Checked {
        file::print(&desk, &before, &sha256, &head).await?
    } else {
        Vec::new()
    };
    let (app, who, kept) = (desk.app.clone(), actor.who(), files.clone());
    let released = desk
        .app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id, true).await?, request.version)?;
            let (by, now) = (who.user_id, app.clock.now());
            let told = ("released", Some(note.as_str()));
            let after = store::act(&app, &tx, &who, &before, &Action::Release, told, |after| {
                after.sha256 = Some(sha256);
                after.audit_head = Some(head);
                after.released_by = by;
                after.released_at = Some(now);
                Ok(())
            })
            .await?;
            file::keep(&app, &tx, &after, kept).await?;
            let Some(former) = after.corrects else {
                return Ok(());
            };
            let former = store::get(&*tx, former, true).await?;
            let told = ("superseded", None);
            store::act(&app, &tx, &who, &former, &Action::Supersede, told, |_| {
                Ok(())
            })
            .await?;
            Ok(())
        })
        .await;
    if released.is_err() {
        file::forget(&desk.app, &files).await?;
    }
    released?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// Why a released report is corrected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CorrectReport {
    /// What was wrong; stands on the first page of the new version.
    reason: String,
}

/// Begins a new version of a released report, with figures of now; answers the new version, which says what differs.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/correct", tag = "reports", operation_id = "correct_report",
    params(("id" = Uuid, Path)), request_body = CorrectReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn correct(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<CorrectReport>,
) -> Result<Json<ServiceReportDetail>> {
    let reason = needed("reason", &request.reason)?;
    let former = store::get(desk.app.db.read(), id, true).await?;
    let new = draft::correct(&desk, &actor.who(), &former, reason).await?;
    detail(&desk, actor.principal(), new.id).await.map(Json)
}

/// Throws a draft away, with the reason; the period can be drafted anew.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/discard", tag = "reports", operation_id = "discard_report",
    params(("id" = Uuid, Path)), request_body = StepReport,
    responses((status = 200, body = ServiceReportDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn discard(
    actor: Actor<PrepareReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepReport>,
) -> Result<Json<ServiceReportDetail>> {
    needed("note", request.note.as_deref().unwrap_or_default())?;
    let step = |_: &row::Model| Ok(Action::Discard);
    let who = actor.who();
    stepped(&desk, &who, id, &request, "discarded", step, |_| {}).await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}

/// The purchaser says that he has read a released report; again is the same.
#[utoipa::path(
    post, path = "/api/v1/reports/{id}/read", tag = "reports", operation_id = "acknowledge_report",
    params(("id" = Uuid, Path)), responses((status = 200, body = ServiceReportDetail), (status = 404, body = Problem)),
)]
async fn acknowledge(
    actor: Actor<ReadReports>,
    State(desk): State<ReportDesk>,
    Path(id): Path<Uuid>,
) -> Result<Json<ServiceReportDetail>> {
    let (app, who, by) = (desk.app.clone(), actor.who(), actor.user_id());
    desk.app
        .db
        .write(move |tx| async move {
            let report = store::get(&*tx, id, false).await?;
            let mark = read::Model {
                report_id: id,
                user_id: by,
                read_at: app.clock.now(),
            };
            let new = read::Entity::insert(mark.into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if new > 0 {
                store::tell(&app, &tx, &who, &report, ("read", None)).await?;
            }
            Ok(())
        })
        .await?;
    detail(&desk, actor.principal(), id).await.map(Json)
}
