//! Special tasks over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::numbers;
use kernel::problem::{Problem, Result};
use kernel::text::needed;
use kernel::versioned;
use kernel::{Actor, App, Principal};
use organization::Colleague;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, hours_row, row};
use super::{Action, Case, SpecialTaskState};
use crate::files::{self, LiaisonFileView};
use crate::rights::{RequestSpecialTasks, ViewSpecialTasks, WorkSpecialTasks};
use crate::side;
use crate::trail::{self, TrailLine};
use kernel::day;

/// The routes of special tasks.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, request))
        .routes(routes!(show))
        .routes(routes!(step))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// A special task as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpecialTaskView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZX-20261126-001`
    pub number: String,
    /// What is wanted.
    pub title: String,
    /// Until when.
    pub wanted_on: NaiveDate,
    /// `requested`, `planned`, `working`, `delivered`, `accepted` or `withdrawn`.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// Its day is over and it is not delivered.
    pub overdue: bool,
    /// Minutes that were planned.
    pub planned_minutes: Option<i64>,
    /// Minutes that were worked.
    pub worked_minutes: i64,
    /// One to five.
    pub rating: Option<i32>,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// Hours of one person on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpecialTaskHours {
    /// Who.
    pub user: Option<Colleague>,
    /// When.
    pub on_day: NaiveDate,
    /// How long.
    pub minutes: i64,
    /// At what.
    pub note: String,
}

/// A special task as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpecialTaskDetail {
    /// What lists show.
    #[serde(flatten)]
    pub task: SpecialTaskView,
    /// What is wanted, in words.
    pub request: String,
    /// How it is to be done.
    pub plan: Option<String>,
    /// What was delivered.
    pub deliverable: Option<String>,
    /// When.
    pub delivered_at: Option<DateTime<Utc>>,
    /// What the purchaser said to it.
    pub opinion: Option<String>,
    /// Who requested it.
    pub requested_by: Option<Colleague>,
    /// Who accepted it.
    pub accepted_by: Option<Colleague>,
    /// The hours, the oldest entry first.
    pub hours: Vec<SpecialTaskHours>,
    /// What was delivered as files.
    pub files: Vec<LiaisonFileView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(today: NaiveDate, row: &row::Model) -> Result<SpecialTaskView> {
    use SpecialTaskState as S;
    let wanted_on = day::read(&row.wanted_on)?;
    let owed = matches!(
        S::parse(&row.state),
        Some(S::Requested | S::Planned | S::Working)
    );
    Ok(SpecialTaskView {
        id: row.id,
        number: row.number.clone(),
        title: row.title.clone(),
        overdue: owed && wanted_on < today,
        wanted_on,
        state: row.state.clone(),
        open: row.open,
        planned_minutes: row.planned_minutes,
        worked_minutes: row.worked_minutes,
        rating: row.rating,
        requested_at: row.requested_at,
        version: row.version,
    })
}

fn offered(of: &Principal, row: &row::Model) -> Vec<&'static str> {
    use SpecialTaskState as S;
    let state = S::parse(&row.state);
    let mut offered = Vec::new();
    if of.may::<WorkSpecialTasks>() {
        let verbs: &[&'static str] = match state {
            Some(S::Requested) => &["plan"],
            Some(S::Planned) => &["plan", "work"],
            Some(S::Working) => &["work", "deliver"],
            _ => &[],
        };
        offered.extend(verbs);
    }
    if of.may::<RequestSpecialTasks>() {
        let verbs: &[&'static str] = match state {
            Some(S::Delivered) => &["accept", "send_back"],
            Some(S::Requested | S::Planned | S::Working) => &["withdraw"],
            _ => &[],
        };
        offered.extend(verbs);
    }
    offered
}

async fn detail(app: &App, of: &Principal, row: row::Model) -> Result<Json<SpecialTaskDetail>> {
    let conn = app.db.read();
    let worked = store::hours(conn, row.id).await?;
    let mut ids: Vec<Uuid> = worked.iter().map(|one| one.user_id).collect();
    ids.extend(row.requested_by);
    ids.extend(row.accepted_by);
    let people = organization::colleagues(conn, ids).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let mut hours = Vec::new();
    for one in worked {
        hours.push(SpecialTaskHours {
            user: people.get(&one.user_id).cloned(),
            on_day: day::read(&one.on_day)?,
            minutes: one.minutes,
            note: one.note,
        });
    }
    Ok(Json(SpecialTaskDetail {
        task: view(day::today(app), &row)?,
        requested_by: person(row.requested_by),
        accepted_by: person(row.accepted_by),
        hours,
        files: files::of(conn, row.id).await?,
        actions: offered(of, &row),
        lines: trail::lines(conn, row.id, side::of(of)).await?,
        delivered_at: row.delivered_at,
        request: row.request,
        plan: row.plan,
        deliverable: row.deliverable,
        opinion: row.opinion,
    }))
}

/// Lists special tasks, the newest first.
#[utoipa::path(
    get, path = "/api/v1/special-tasks", tag = "liaison", operation_id = "list_special_tasks",
    params(ListQuery, Filter), responses((status = 200, body = Page<SpecialTaskView>)),
)]
async fn list(
    _actor: Actor<ViewSpecialTasks>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<SpecialTaskView>>> {
    let today = day::today(&app);
    let page = store::list(app.db.read(), &query, &filter).await?;
    let shown = page.shown(async |rows| rows.iter().map(|row| view(today, row)).collect());
    Ok(Json(shown.await?))
}

/// One special task with its hours.
#[utoipa::path(
    get, path = "/api/v1/special-tasks/{id}", tag = "liaison", operation_id = "get_special_task",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SpecialTaskDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewSpecialTasks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SpecialTaskDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSpecialTask {
    /// What is wanted.
    title: String,
    /// The same in words.
    request: String,
    /// Until when.
    wanted_on: NaiveDate,
}

/// Requests a special task of the supplier (专项工作).
#[utoipa::path(
    post, path = "/api/v1/special-tasks", tag = "liaison", operation_id = "request_special_task",
    request_body = NewSpecialTask,
    responses((status = 201, body = SpecialTaskDetail), (status = 422, body = Problem)),
)]
async fn request(
    actor: Actor<RequestSpecialTasks>,
    State(app): State<App>,
    Json(new): Json<NewSpecialTask>,
) -> Result<(StatusCode, Json<SpecialTaskDetail>)> {
    let (title, words) = (
        needed("title", &new.title)?,
        needed("request", &new.request)?,
    );
    day::plausible("wanted_on", new.wanted_on, day::today(&app))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let case = Case::requested();
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "ZX-", now).await?,
                title,
                request: words,
                wanted_on: day::text(new.wanted_on),
                plan: None,
                planned_minutes: None,
                worked_minutes: 0,
                deliverable: None,
                delivered_at: None,
                rating: None,
                opinion: None,
                requested_by: who.user_id,
                requested_at: now,
                planned_by: None,
                delivered_by: None,
                accepted_by: None,
                accepted_at: None,
                state: case.state.as_str().to_owned(),
                open: true,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            store::tell(&app, &tx, &who, &row, ("requested", None)).await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// A step of the supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum SpecialTaskVerb {
    /// 报计划
    Plan {
        /// How it is to be done.
        plan: String,
        /// Minutes it is to take.
        minutes: i64,
    },
    /// 记工时
    Work {
        /// When.
        on_day: NaiveDate,
        /// How long.
        minutes: i64,
        /// At what.
        note: String,
    },
    /// 交付
    Deliver {
        /// What is delivered; files are added before.
        deliverable: String,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SpecialTaskStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: SpecialTaskVerb,
}

/// The supplier plans a special task, notes the hours worked, delivers it.
#[utoipa::path(
    post, path = "/api/v1/special-tasks/{id}/steps", tag = "liaison", operation_id = "step_special_task",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = SpecialTaskDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<WorkSpecialTasks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<SpecialTaskDetail>> {
    let (by, user) = (side::of(actor.principal()), actor.user_id());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, step.version)?;
            let (now, at) = (app.clock.now(), (&who, by));
            match step.verb {
                SpecialTaskVerb::Plan { plan, minutes } => {
                    let plan = needed("plan", &plan)?;
                    let told = ("planned", Some(plan.as_str()));
                    let action = Action::Plan { minutes };
                    store::act(&app, &tx, at, &before, &action, told, |after| {
                        after.plan = Some(plan.clone());
                        after.planned_by = who.user_id;
                    })
                    .await
                }
                SpecialTaskVerb::Work {
                    on_day,
                    minutes,
                    note,
                } => {
                    let note = needed("note", &note)?;
                    day::past("on_day", on_day, day::today(&app))?;
                    let entry = hours_row::Model {
                        id: app.ids.next(),
                        task_id: id,
                        user_id: user,
                        on_day: day::text(on_day),
                        minutes,
                        note: note.clone(),
                        at: now,
                    };
                    let told = ("worked", Some(note.as_str()));
                    let action = Action::Work { minutes };
                    let after = store::act(&app, &tx, at, &before, &action, told, |_| {}).await?;
                    entry.into_active_model().reset_all().insert(&*tx).await?;
                    Ok(after)
                }
                SpecialTaskVerb::Deliver { deliverable } => {
                    let words = needed("deliverable", &deliverable)?;
                    let told = ("delivered", Some(words.as_str()));
                    let action = Action::Deliver;
                    store::act(&app, &tx, at, &before, &action, told, |after| {
                        after.deliverable = Some(words.clone());
                        after.delivered_by = who.user_id;
                        after.delivered_at = Some(now);
                    })
                    .await
                }
            }
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// The purchaser's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum SpecialTaskDecision {
    /// 验收
    Accept {
        /// One to five.
        rating: u8,
        /// What is said to it.
        opinion: Option<String>,
    },
    /// 退回
    SendBack {
        /// Why.
        reason: String,
    },
    /// 撤回
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DecidedSpecialTask)]
struct Decided {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    decision: SpecialTaskDecision,
}

/// The purchaser accepts and rates what was delivered, sends it back, or takes the request back.
#[utoipa::path(
    post, path = "/api/v1/special-tasks/{id}/decide", tag = "liaison", operation_id = "decide_special_task",
    params(("id" = Uuid, Path)), request_body = Decided,
    responses((status = 200, body = SpecialTaskDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<RequestSpecialTasks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<Decided>,
) -> Result<Json<SpecialTaskDetail>> {
    let (action, what, opinion) = match request.decision {
        SpecialTaskDecision::Accept { rating, opinion } => {
            let opinion = opinion.map(|text| needed("opinion", &text)).transpose()?;
            (Action::Accept { rating }, "accepted", opinion)
        }
        SpecialTaskDecision::SendBack { reason } => (
            Action::SendBack,
            "sent_back",
            Some(needed("reason", &reason)?),
        ),
        SpecialTaskDecision::Withdraw { reason } => (
            Action::Withdraw,
            "withdrawn",
            Some(needed("reason", &reason)?),
        ),
    };
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let now = app.clock.now();
            let told = (what, opinion.as_deref());
            store::act(&app, &tx, (&who, by), &before, &action, told, |after| {
                after.opinion.clone_from(&opinion);
                if matches!(action, Action::Accept { .. }) {
                    after.accepted_by = who.user_id;
                    after.accepted_at = Some(now);
                }
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
