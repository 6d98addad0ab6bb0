//! Changes of facilities and layout over HTTP, and the one list that shows them beside those of the answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::numbers;
use kernel::problem::{Problem, Result, refused};
use kernel::text::needed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, row};
use super::{Action, Case, SiteChangeKind, SiteChangeState};
use crate::files::{self, LiaisonFileView};
use crate::rights::{DecideSiteChanges, ProposeSiteChanges, ViewSiteChanges};
use crate::side;
use crate::trail::{self, TrailLine};
use kernel::day;

/// Changes of each kind on the one list.
const LISTED: u64 = 100;

/// A change of what agents may say, as its own crate knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptChange {
    /// Identifies it there.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Where it stands, in the words of its crate.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// It took effect before anybody consented.
    pub emergency: bool,
    /// When the purchaser's decision is due.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

/// Who knows the changes of answers (应答口径).
pub trait ScriptChanges: Send + Sync + 'static {
    /// The latest of them, at most so many; only those under way, or only those that are over.
    fn latest(&self, open: Option<bool>, most: u64) -> BoxFuture<'_, Result<Vec<ScriptChange>>>;
}

/// What changes are handled with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub app: App,
    pub scripts: Arc<dyn ScriptChanges>,
}

/// The routes of changes.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, propose))
        .routes(routes!(show, edit))
        .routes(routes!(step))
        .routes(routes!(decide))
        .routes(routes!(control))
        .with_state(desk.clone())
}

/// A change as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteChangeView {
    /// Identifies it.
    pub id: Uuid,
    /// `BG-20261126-001`
    pub number: String,
    /// `facility` or `layout`.
    pub kind: String,
    /// What is changed.
    pub title: String,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// It was carried out before anybody consented.
    pub emergency: bool,
    /// When the purchaser's decision is due.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
    /// The day it is planned for.
    pub planned_on: Option<NaiveDate>,
    /// Since when it is there.
    pub effective_at: Option<DateTime<Utc>>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A change as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteChangeDetail {
    /// What lists show.
    #[serde(flatten)]
    pub change: SiteChangeView,
    /// Why.
    pub reason: String,
    /// How it is now.
    pub before_text: String,
    /// How it is to be.
    pub after_text: String,
    /// Who proposed it.
    pub author: Option<Colleague>,
    /// Who decided.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What he said.
    pub opinion: Option<String>,
    /// Pictures and papers.
    pub files: Vec<LiaisonFileView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(row: &row::Model) -> Result<SiteChangeView> {
    Ok(SiteChangeView {
        id: row.id,
        number: row.number.clone(),
        kind: row.kind.clone(),
        title: row.title.clone(),
        state: row.state.clone(),
        open: row.open,
        emergency: row.emergency,
        due_at: row.due_at,
        overdue: row.overdue,
        planned_on: day::maybe(row.planned_on.as_deref())?,
        effective_at: row.effective_at,
        created_at: row.created_at,
        version: row.version,
    })
}

fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    use SiteChangeState as S;
    let state = S::parse(&row.state);
    let mut offered = Vec::new();
    if principal.may::<ProposeSiteChanges>() {
        let verbs: &[&'static str] = match state {
            Some(S::Draft | S::Returned) => &["edit", "submit", "emergency", "withdraw"],
            Some(S::Submitted) => &["emergency", "withdraw"],
            Some(S::Approved) => &["apply", "withdraw"],
            Some(S::Effective | S::Revoked) => &["archive"],
            _ => &[],
        };
        offered.extend(verbs);
    }
    if principal.may::<DecideSiteChanges>() {
        let verbs: &[&'static str] = match state {
            Some(S::Submitted) => &["approve", "return"],
            Some(S::EffectivePendingRatification) => &["ratify", "refuse"],
            _ => &[],
        };
        offered.extend(verbs);
    }
    offered
}

async fn detail(
    app: &App,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<SiteChangeDetail>> {
    let conn = app.db.read();
    let people = [row.author_id, row.decided_by].into_iter().flatten();
    let people = organization::colleagues(conn, people).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    Ok(Json(SiteChangeDetail {
        change: view(&row)?,
        author: person(row.author_id),
        decided_by: person(row.decided_by),
        decided_at: row.decided_at,
        files: files::of(conn, row.id).await?,
        actions: offered(principal, &row),
        lines: trail::lines(conn, row.id, side::of(principal)).await?,
        reason: row.reason,
        before_text: row.before_text,
        after_text: row.after_text,
        opinion: row.opinion,
    }))
}

/// Lists changes of facilities and layout, the newest first.
#[utoipa::path(
    get, path = "/api/v1/site-changes", tag = "liaison", operation_id = "list_site_changes",
    params(ListQuery, Filter), responses((status = 200, body = Page<SiteChangeView>)),
)]
async fn list(
    _actor: Actor<ViewSiteChanges>,
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<SiteChangeView>>> {
    let page = store::list(desk.app.db.read(), &query, &filter).await?;
    let shown = page.shown(async |rows| rows.iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One change with its pictures.
#[utoipa::path(
    get, path = "/api/v1/site-changes/{id}", tag = "liaison", operation_id = "get_site_change",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SiteChangeDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewSiteChanges>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<SiteChangeDetail>> {
    let row = store::get(desk.app.db.read(), id).await?;
    detail(&desk.app, actor.principal(), row).await
}

/// What is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSiteChange {
    /// Facilities or layout.
    kind: SiteChangeKind,
    /// What is changed.
    title: String,
    /// Why.
    reason: String,
    /// How it is now.
    before_text: String,
    /// How it is to be.
    after_text: String,
    /// The day it is planned for.
    planned_on: Option<NaiveDate>,
}

struct Said {
    title: String,
    reason: String,
    before_text: String,
    after_text: String,
    planned_on: Option<String>,
}

fn said(app: &App, new: &NewSiteChange) -> Result<Said> {
    if let Some(planned) = new.planned_on {
        day::plausible("planned_on", planned, day::today(app))?;
    }
    Ok(Said {
        title: needed("title", &new.title)?,
        reason: needed("reason", &new.reason)?,
        before_text: needed("before_text", &new.before_text)?,
        after_text: needed("after_text", &new.after_text)?,
        planned_on: new.planned_on.map(day::text),
    })
}

/// Proposes a change of facilities or layout; it is submitted by a step of its own.
#[utoipa::path(
    post, path = "/api/v1/site-changes", tag = "liaison", operation_id = "propose_site_change",
    request_body = NewSiteChange,
    responses((status = 201, body = SiteChangeDetail), (status = 422, body = Problem)),
)]
async fn propose(
    actor: Actor<ProposeSiteChanges>,
    State(desk): State<Desk>,
    Json(new): Json<NewSiteChange>,
) -> Result<(StatusCode, Json<SiteChangeDetail>)> {
    let app = desk.app;
    let said = said(&app, &new)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let case = Case::drafted();
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "BG-", now).await?,
                kind: new.kind.as_str().to_owned(),
                title: said.title,
                reason: said.reason,
                before_text: said.before_text,
                after_text: said.after_text,
                planned_on: said.planned_on,
                emergency: false,
                opinion: None,
                author_id: who.user_id,
                decided_by: None,
                decided_at: None,
                effective_at: None,
                state: case.state.as_str().to_owned(),
                open: true,
                overdue: false,
                due_at: None,
                next_alarm_at: None,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            store::tell(&app, &tx, &who, &row, ("drafted", None)).await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// What a draft says now, all of it, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
struct SiteChangeEdit {
    /// The version that was read.
    version: i64,
    /// What it says.
    #[serde(flatten)]
    words: SiteChangeWords,
}

/// What a draft says.
#[derive(Debug, Deserialize, ToSchema)]
struct SiteChangeWords {
    /// What is changed.
    title: String,
    /// Why.
    reason: String,
    /// How it is now.
    before_text: String,
    /// How it is to be.
    after_text: String,
    /// The day it is planned for.
    planned_on: Option<NaiveDate>,
}

/// Writes on a draft, or on what was returned.
#[utoipa::path(
    put, path = "/api/v1/site-changes/{id}", tag = "liaison", operation_id = "edit_site_change",
    params(("id" = Uuid, Path)), request_body = SiteChangeEdit,
    responses((status = 200, body = SiteChangeDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<ProposeSiteChanges>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(edit): Json<SiteChangeEdit>,
) -> Result<Json<SiteChangeDetail>> {
    let app = desk.app;
    let words = NewSiteChange {
        kind: SiteChangeKind::Facility,
        title: edit.words.title,
        reason: edit.words.reason,
        before_text: edit.words.before_text,
        after_text: edit.words.after_text,
        planned_on: edit.words.planned_on,
    };
    let said = said(&app, &words)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, edit.version)?;
            if !before.case()?.is_draft() {
                let detail = format!("{} is no draft any more", before.what());
                return Err(refused("site_change_not_a_draft", detail)
                    .with("state", before.state)
                    .with_way_out("withdraw it and propose another one"));
            }
            let mut after = before.clone();
            after.title = said.title;
            after.reason = said.reason;
            after.before_text = said.before_text;
            after.after_text = said.after_text;
            after.planned_on = said.planned_on;
            let after = versioned::save(&app, &*tx, &before, after).await?;
            store::tell(&app, &tx, &who, &after, ("edited", None)).await?;
            Ok(after)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// A step of the supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum SiteChangeVerb {
    /// 提交
    Submit {},
    /// 实施: it is there.
    Apply {},
    /// 应急实施: it is there, and the purchaser has to ratify it.
    Emergency {
        /// What was urgent.
        reason: String,
    },
    /// 归档; with a picture of what is there now.
    Archive {},
    /// 撤回
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SiteChangeStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: SiteChangeVerb,
}

/// The supplier submits a change, carries it out, closes it.
#[utoipa::path(
    post, path = "/api/v1/site-changes/{id}/steps", tag = "liaison", operation_id = "step_site_change",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = SiteChangeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<ProposeSiteChanges>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<SiteChangeDetail>> {
    let (app, by) = (desk.app, side::of(actor.principal()));
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, step.version)?;
            let (action, what, note) = match step.verb {
                SiteChangeVerb::Submit {} => (Action::Submit, "submitted", None),
                SiteChangeVerb::Apply {} => (Action::Apply, "applied", None),
                SiteChangeVerb::Emergency { reason } => {
                    let reason = needed("reason", &reason)?;
                    (Action::Emergency, "emergency", Some(reason))
                }
                SiteChangeVerb::Archive {} => {
                    let since = before.effective_at;
                    let evidence = files::pictures_since(&*tx, id, since).await?;
                    (Action::Archive { evidence }, "archived", None)
                }
                SiteChangeVerb::Withdraw { reason } => {
                    let reason = needed("reason", &reason)?;
                    (Action::Withdraw, "withdrawn", Some(reason))
                }
            };
            let now = app.clock.now();
            let told = (what, note.as_deref());
            store::act(&app, &tx, (&who, by), &before, &action, told, |after| {
                if matches!(action, Action::Apply | Action::Emergency) {
                    after.effective_at = Some(now);
                }
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// The purchaser's decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum SiteChangeDecision {
    /// 同意
    Approve {
        /// What is said to it.
        opinion: Option<String>,
    },
    /// 退回
    Return {
        /// Why.
        reason: String,
    },
    /// 追认
    Ratify {
        /// What is said to it.
        opinion: Option<String>,
    },
    /// 不予追认: it is put back.
    Refuse {
        /// Why.
        reason: String,
    },
}

/// A decision with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DecidedSiteChange)]
struct Decided {
    /// The version that was read.
    version: i64,
    /// The decision.
    #[serde(flatten)]
    decision: SiteChangeDecision,
}

/// The purchaser consents to a change, returns it, ratifies what was carried out in an emergency, or does not.
#[utoipa::path(
    post, path = "/api/v1/site-changes/{id}/decide", tag = "liaison", operation_id = "decide_site_change",
    params(("id" = Uuid, Path)), request_body = Decided,
    responses((status = 200, body = SiteChangeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<DecideSiteChanges>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(request): Json<Decided>,
) -> Result<Json<SiteChangeDetail>> {
    let (app, by) = (desk.app, side::of(actor.principal()));
    let said = |text: Option<String>| text.map(|text| needed("opinion", &text)).transpose();
    let (action, what, opinion) = match request.decision {
        SiteChangeDecision::Approve { opinion } => (Action::Approve, "approved", said(opinion)?),
        SiteChangeDecision::Ratify { opinion } => (Action::Ratify, "ratified", said(opinion)?),
        SiteChangeDecision::Return { reason } => {
            (Action::Return, "returned", Some(needed("reason", &reason)?))
        }
        SiteChangeDecision::Refuse { reason } => {
            (Action::Refuse, "refused", Some(needed("reason", &reason)?))
        }
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let now = app.clock.now();
            let told = (what, opinion.as_deref());
            store::act(&app, &tx, (&who, by), &before, &action, told, |after| {
                after.opinion.clone_from(&opinion);
                after.decided_by = who.user_id;
                after.decided_at = Some(now);
                if action == Action::Refuse {
                    // The picture that closes it shows that it was put back: one of after this.
                    after.effective_at = Some(now);
                }
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// A change on the one list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ControlledChange {
    /// Identifies it among those of its kind.
    pub id: Uuid,
    /// `facility`, `layout` or `script`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// What is changed.
    pub title: String,
    /// Where it stands, in the words of its kind.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// It took effect before anybody consented.
    pub emergency: bool,
    /// When the purchaser's decision is due.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

/// All that may not change without consent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeControl {
    /// The latest 100 of facilities and layout and the latest 100 of answers, the newest first.
    pub items: Vec<ControlledChange>,
}

/// What the one list may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OnlyOpen {
    /// Only those under way, or only those that are over.
    open: Option<bool>,
}

/// Facilities, layout and answers in one list.
#[utoipa::path(
    get, path = "/api/v1/change-control", tag = "liaison", operation_id = "list_controlled_changes",
    params(OnlyOpen), responses((status = 200, body = ChangeControl)),
)]
async fn control(
    _actor: Actor<ViewSiteChanges>,
    State(desk): State<Desk>,
    Query(only): Query<OnlyOpen>,
) -> Result<Json<ChangeControl>> {
    let rows = store::latest(desk.app.db.read(), only.open, LISTED).await?;
    let own = rows.into_iter().map(|row| ControlledChange {
        id: row.id,
        kind: row.kind,
        number: row.number,
        title: row.title,
        state: row.state,
        open: row.open,
        emergency: row.emergency,
        due_at: row.due_at,
        created_at: row.created_at,
    });
    let scripts = desk.scripts.latest(only.open, LISTED).await?;
    let scripts = scripts.into_iter().map(|script| ControlledChange {
        id: script.id,
        kind: "script".to_owned(),
        number: script.number,
        title: script.title,
        state: script.state,
        open: script.open,
        emergency: script.emergency,
        due_at: script.due_at,
        created_at: script.created_at,
    });
    let mut items: Vec<ControlledChange> = own.chain(scripts).collect();
    items.sort_by_key(|item| (std::cmp::Reverse(item.created_at), item.id));
    Ok(Json(ChangeControl { items }))
}
