//! Changes over HTTP: one list for the purchaser's desk, and the same verbs whatever is changed.

use std::collections::HashMap;

use axum::extract::State as Services;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, App, Permission, Scope, versioned};
use organization::{Colleague, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::store::{self, Filter, beginning, line_row, row};
use crate::rights::{
    DecideApprovals, DeclareEmergencyChanges, ViewApprovals, WriteArticles, side_of,
};

/// The routes of changes.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(submit))
        .routes(routes!(recall))
        .routes(routes!(discard))
        .routes(routes!(declare_emergency))
        .routes(routes!(approve))
        .routes(routes!(send_back))
        .routes(routes!(ratify))
        .routes(routes!(refuse))
        .routes(routes!(withdraw))
        .routes(routes!(review))
        .with_state(app.clone())
}

/// A change as lists show it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApprovalView {
    /// Identifies it.
    pub id: Uuid,
    /// `BG20261126-001`
    pub number: String,
    /// `article`, `fault_tree`
    pub kind: String,
    /// What is changed.
    pub subject_id: Uuid,
    /// Its number.
    pub subject_number: String,
    /// Which version of it.
    pub n: i32,
    /// What it is called.
    pub title: String,
    /// Code of the purchaser's section.
    pub section: Option<String>,
    /// Where it stands.
    pub state: String,
    /// It took effect before anybody consented.
    pub emergency: bool,
    /// Why it was an emergency.
    pub reason: Option<String>,
    /// What the purchaser said last.
    pub opinion: Option<String>,
    /// Who wrote it.
    pub author: Option<Colleague>,
    /// Who submitted it.
    pub submitted_by: Option<Colleague>,
    /// When.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Who decided.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// When the purchaser's decision is due.
    pub due_at: Option<DateTime<Utc>>,
    /// It was due before now.
    pub overdue: bool,
    /// From when it holds.
    pub effective_at: Option<DateTime<Utc>>,
    /// When it ceases to hold by itself.
    pub valid_to: Option<DateTime<Utc>>,
    /// When it is to be looked at again.
    pub review_due: Option<DateTime<Utc>>,
    /// It is to be looked at again now.
    pub due_for_review: bool,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Rises with each step.
    pub version: i64,
}

/// A line of a change's time line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApprovalLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by name.
    pub who: String,
    /// Who, when it was a person.
    pub who_id: Option<Uuid>,
    /// What was done: `submitted`.
    pub action: String,
    /// What was said.
    pub note: Option<String>,
}

/// A change as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalDetail {
    /// What lists show.
    #[serde(flatten)]
    pub approval: ApprovalView,
    /// The time line, the oldest line first.
    pub lines: Vec<ApprovalLine>,
}

/// Changes as they are shown.
pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    rows: Vec<row::Model>,
) -> Result<Vec<ApprovalView>> {
    let ids = rows.iter().flat_map(|row| {
        [Some(row.author_id), row.submitted_by, row.decided_by]
            .into_iter()
            .flatten()
    });
    let people = colleagues(conn, ids).await?;
    let known = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let view = |row: row::Model| ApprovalView {
        author: known(Some(row.author_id)),
        submitted_by: known(row.submitted_by),
        decided_by: known(row.decided_by),
        overdue: row.reminders > 0 || row.due_at.is_some_and(|due| due < now),
        id: row.id,
        number: row.number,
        kind: row.kind,
        subject_id: row.subject_id,
        subject_number: row.subject_number,
        n: row.n,
        title: row.title,
        section: row.section,
        state: row.state,
        emergency: row.emergency,
        reason: row.reason,
        opinion: row.opinion,
        submitted_at: row.submitted_at,
        decided_at: row.decided_at,
        due_at: row.due_at,
        effective_at: row.effective_at,
        valid_to: row.until_at,
        review_due: row.review_at,
        due_for_review: row.due_for_review,
        ended_at: row.ended_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn detail(app: &App, row: row::Model) -> Result<Json<ApprovalDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let lines = store::lines(conn, id).await?;
    let people = colleagues(conn, lines.iter().filter_map(|line| line.who_id)).await?;
    let view = views(conn, app.clock.now(), vec![row]).await?.pop();
    Ok(Json(ApprovalDetail {
        approval: view.ok_or_else(|| not_found("change"))?,
        lines: lines.into_iter().map(|line| shown(line, &people)).collect(),
    }))
}

fn shown(line: line_row::Model, people: &HashMap<Uuid, Colleague>) -> ApprovalLine {
    let person = line.who_id.and_then(|id| people.get(&id));
    ApprovalLine {
        at: line.at,
        who: person.map_or(line.who_name, |person| person.name.clone()),
        who_id: line.who_id,
        action: line.action,
        note: line.note,
    }
}

/// Lists changes, the last changed first. `waiting=true` is the purchaser's desk.
#[utoipa::path(
    get, path = "/api/v1/approvals", tag = "approvals", operation_id = "list_approvals",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<ApprovalView>)),
)]
async fn list(
    _actor: Actor<ViewApprovals>,
    Services(app): Services<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<ApprovalView>>> {
    let conn = app.db.read();
    let page = store::list(conn, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, app.clock.now(), rows).await);
    Ok(Json(shown.await?))
}

/// One change, with its time line.
#[utoipa::path(
    get, path = "/api/v1/approvals/{id}", tag = "approvals", operation_id = "get_approval",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem)),
)]
async fn get(
    _actor: Actor<ViewApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ApprovalDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, row).await
}

/// A step with nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalStep {
    /// The version that was read.
    version: i64,
    /// What is said with it.
    note: Option<String>,
}

/// A step that needs a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalReason {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// A decision that must be explained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalOpinion {
    /// The version that was read.
    version: i64,
    /// What the purchaser says.
    opinion: String,
}

/// The purchaser's consent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeConsent {
    /// The version that was read.
    version: i64,
    /// What the purchaser says.
    opinion: Option<String>,
    /// From when it is to hold; at once, or from its `valid_from` on, when left out.
    effective_at: Option<DateTime<Utc>>,
}

/// Looked at again and still right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeReviewed {
    /// The version that was read.
    version: i64,
    /// What the purchaser says.
    opinion: Option<String>,
    /// When it is to be looked at again.
    review_due: Option<DateTime<Utc>>,
}

/// One step of one change, with what is kept of it besides.
struct Deed {
    action: Action,
    what: &'static str,
    note: Option<String>,
    more: Box<dyn FnOnce(&mut row::Model) + Send>,
}

impl Deed {
    fn of(action: Action, what: &'static str, note: Option<String>) -> Self {
        Self {
            action,
            what,
            note,
            more: Box::new(|_| {}),
        }
    }

    /// The same as a decision of the purchaser.
    fn decided(mut self, by: Uuid, at: DateTime<Utc>) -> Self {
        let opinion = self.note.clone();
        self.more = Box::new(move |change| {
            change.opinion = opinion;
            change.decided_by = Some(by);
            change.decided_at = Some(at);
        });
        self
    }

    fn also(mut self, more: impl FnOnce(&mut row::Model) + Send + 'static) -> Self {
        self.more = Box::new(more);
        self
    }
}

async fn take<P: Permission>(
    actor: Actor<P>,
    app: App,
    (id, version): (Uuid, i64),
    plan: impl FnOnce(&row::Model) -> Result<Deed> + Send + 'static,
) -> Result<Json<ApprovalDetail>> {
    let (db, done, who, scope) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        actor.scope().clone(),
    );
    let change = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, version)?;
            must_be_own(&scope, &before)?;
            let deed = plan(&before)?;
            let told = (deed.what, deed.note.as_deref());
            store::act(&app, &tx, &who, &before, &deed.action, told, deed.more).await
        })
        .await?;
    detail(&done, change).await
}

/// Who may only propose leaves the proposals of others alone.
pub(crate) fn must_be_own(scope: &Scope, change: &row::Model) -> Result<()> {
    match scope {
        Scope::Own(user) if *user != change.author_id => Err(refused(
            "article_not_yours",
            "somebody else wrote it and submits it",
        )
        .with_way_out("ask the author or your lead")),
        _ => Ok(()),
    }
}

fn said(field: &'static str, text: Option<&str>) -> Result<Option<String>> {
    let text = text.map(|text| checked(field, text)).transpose()?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Submits a draft for the purchaser's decision; from now on it does not change.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/submit", tag = "approvals", operation_id = "submit_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalStep,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn submit(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalStep>,
) -> Result<Json<ApprovalDetail>> {
    let note = said("note", request.note.as_deref())?;
    let (by, now) = (actor.user_id(), app.clock.now());
    take(actor, app, (id, request.version), move |_| {
        Ok(
            Deed::of(Action::Submit, "submitted", note).also(move |change| {
                change.submitted_by = Some(by);
                change.submitted_at = Some(now);
            }),
        )
    })
    .await
}

/// Takes a submitted change back before it is decided, so that it can be written on.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/recall", tag = "approvals", operation_id = "recall_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalStep,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn recall(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalStep>,
) -> Result<Json<ApprovalDetail>> {
    let note = said("note", request.note.as_deref())?;
    take(actor, app, (id, request.version), move |_| {
        Ok(Deed::of(Action::Recall, "recalled", note))
    })
    .await
}

/// Gives a draft up.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/discard", tag = "approvals", operation_id = "discard_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalStep,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn discard(
    actor: Actor<WriteArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalStep>,
) -> Result<Json<ApprovalDetail>> {
    let note = said("note", request.note.as_deref())?;
    take(actor, app, (id, request.version), move |_| {
        Ok(Deed::of(Action::Discard, "discarded", note))
    })
    .await
}

/// Puts a change into force at once, because waiting would do harm. The purchaser is told and must ratify it in
/// time, else it falls and what stood before stands again.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/emergency", tag = "approvals", operation_id = "declare_emergency_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalReason,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn declare_emergency(
    actor: Actor<DeclareEmergencyChanges>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalReason>,
) -> Result<Json<ApprovalDetail>> {
    let reason = needed("reason", &request.reason)?;
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let change = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let action = store::emergency(&*tx, &before).await?;
            let kept = reason.clone();
            let more = move |change: &mut row::Model| {
                change.reason = Some(kept);
                change.submitted_by = Some(by);
                change.submitted_at = Some(now);
            };
            let told = ("emergency", Some(reason.as_str()));
            store::act(&app, &tx, &who, &before, &action, told, more).await
        })
        .await?;
    detail(&done, change).await
}

/// Consents to a change. With a later `effective_at` it takes effect by itself, within a second of it.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/approve", tag = "approvals", operation_id = "approve_change",
    params(("id" = Uuid, Path)),
    request_body = ChangeConsent,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn approve(
    actor: Actor<DecideApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ChangeConsent>,
) -> Result<Json<ApprovalDetail>> {
    let opinion = said("opinion", request.opinion.as_deref())?;
    let (by, user, now) = (side_of(actor.principal()), actor.user_id(), app.clock.now());
    take(actor, app, (id, request.version), move |change| {
        let at = beginning(request.effective_at, change.from_at, now)?;
        let deed = Deed::of(Action::Approve { by, at }, "approved", opinion);
        Ok(deed.decided(user, now))
    })
    .await
}

/// Sends a change back to its author.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/return", tag = "approvals", operation_id = "return_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalOpinion,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn send_back(
    actor: Actor<DecideApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalOpinion>,
) -> Result<Json<ApprovalDetail>> {
    let opinion = needed("opinion", &request.opinion)?;
    let (by, user, now) = (side_of(actor.principal()), actor.user_id(), app.clock.now());
    take(actor, app, (id, request.version), move |_| {
        let deed = Deed::of(Action::Return { by }, "returned", Some(opinion));
        Ok(deed.decided(user, now))
    })
    .await
}

/// Consents to an emergency change after the fact.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/ratify", tag = "approvals", operation_id = "ratify_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalStep,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn ratify(
    actor: Actor<DecideApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalStep>,
) -> Result<Json<ApprovalDetail>> {
    let opinion = said("note", request.note.as_deref())?;
    let (by, user, now) = (side_of(actor.principal()), actor.user_id(), app.clock.now());
    take(actor, app, (id, request.version), move |_| {
        let deed = Deed::of(Action::Ratify { by }, "ratified", opinion);
        Ok(deed.decided(user, now))
    })
    .await
}

/// Refuses to ratify an emergency change: it falls at once, and what stood before stands again.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/refuse", tag = "approvals", operation_id = "refuse_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalOpinion,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn refuse(
    actor: Actor<DecideApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalOpinion>,
) -> Result<Json<ApprovalDetail>> {
    let opinion = needed("opinion", &request.opinion)?;
    let (by, user, now) = (side_of(actor.principal()), actor.user_id(), app.clock.now());
    take(actor, app, (id, request.version), move |_| {
        let deed = Deed::of(Action::Refuse { by }, "refused", Some(opinion));
        Ok(deed.decided(user, now))
    })
    .await
}

/// Withdraws what holds, or would hold, at once: it leaves every desk when this answers.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/withdraw", tag = "approvals", operation_id = "withdraw_change",
    params(("id" = Uuid, Path)),
    request_body = ApprovalReason,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn withdraw(
    actor: Actor<DecideApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ApprovalReason>,
) -> Result<Json<ApprovalDetail>> {
    let reason = needed("reason", &request.reason)?;
    let (by, user, now) = (side_of(actor.principal()), actor.user_id(), app.clock.now());
    take(actor, app, (id, request.version), move |_| {
        let deed = Deed::of(Action::Withdraw { by }, "withdrawn", Some(reason));
        Ok(deed.decided(user, now))
    })
    .await
}

/// Says that what holds was looked at again and is still right, and when it is to be looked at next.
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}/review", tag = "approvals", operation_id = "review_change",
    params(("id" = Uuid, Path)),
    request_body = ChangeReviewed,
    responses((status = 200, body = ApprovalDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn review(
    actor: Actor<DecideApprovals>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ChangeReviewed>,
) -> Result<Json<ApprovalDetail>> {
    let opinion = said("opinion", request.opinion.as_deref())?;
    let (by, user, now) = (side_of(actor.principal()), actor.user_id(), app.clock.now());
    let next = request.review_due;
    if next.is_some_and(|next| next <= now) {
        let detail = "the next review lies ahead";
        return Err(invalid("review_due", "review_in_past", detail));
    }
    take(actor, app, (id, request.version), move |_| {
        let deed = Deed::of(Action::Review { by, next }, "reviewed", opinion);
        Ok(deed.decided(user, now))
    })
    .await
}
