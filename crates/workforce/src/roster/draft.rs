//! A draft by the solver (智能排班): a job off the runtime that fills the empty cells of a month. What is there stays, and
//! so does leave; turns are shared out by the days people are there and by what they had in the months before.

mod problem;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::rights::Permission as _;
use kernel::{Actor, App, Audience, JobDef, Role, Tx, day, words};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult,
    IntoActiveModel as _, QueryFilter, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::book::Part;
use super::edit::{self, Cell, Why};
use super::store::{self, cell};
use super::terms::{self, LONGEST_SEARCH};
use super::{Book, Month, RosterCause};
use crate::rights::PlanRoster;
use problem::Draft;

const JOB: &str = "workforce.roster_draft";
/// How often progress is told, at most.
const TOLD_EVERY: Duration = Duration::from_millis(500);
/// Months whose turns count for fairness.
const LEDGER: Months = Months::new(3);

words! {
    /// Where a draft stands.
    DraftState {
        /// 等待
        Waiting = "waiting",
        /// 排班中
        Running = "running",
        /// 已完成
        Done = "done",
        /// 未完成
        Failed = "failed",
    }
}

kernel::table! {
    /// One search for a roster.
    pub mod row = "roster_drafts" (id: Uuid) {
        month: String,
        state: String,
        seen_version: i64,
        seconds: i64,
        seed: i64,
        objective: Option<i64>,
        cells: Option<i64>,
        problem: Option<String>,
        asked_by: Option<Uuid>,
        asked_at: DateTimeUtc,
        ended_at: Option<DateTimeUtc>,
    }
}

/// The routes of drafts.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(show))
        .with_state(app.clone())
}

/// A search for a roster.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterDraft {
    /// Identifies it.
    pub id: Uuid,
    /// `2026-09`
    pub month: String,
    /// Where it stands.
    pub state: DraftState,
    /// How long it searches, in seconds.
    pub seconds: i64,
    /// How far it is, 0 to 100.
    pub progress: i64,
    /// What the found roster leaves open: 100 for each missing person, and unevenness.
    pub objective: Option<i64>,
    /// Cells that were filled.
    pub cells: Option<i64>,
    /// Why it failed: the code of a problem, or a sentence.
    pub problem: Option<String>,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
}

fn view(row: row::Model, now: DateTime<Utc>) -> Result<RosterDraft> {
    let state = DraftState::parse(&row.state)
        .ok_or_else(|| internal(format!("draft {} has no valid state", row.id)))?;
    let gone = (now - row.asked_at).num_milliseconds() / 10 / Ord::max(row.seconds, 1);
    let progress = match state {
        DraftState::Waiting => 0,
        DraftState::Running => gone.clamp(0, 99),
        DraftState::Done | DraftState::Failed => 100,
    };
    Ok(RosterDraft {
        id: row.id,
        month: row.month,
        state,
        seconds: row.seconds,
        progress,
        objective: row.objective,
        cells: row.cells,
        problem: row.problem,
        asked_at: row.asked_at,
        ended_at: row.ended_at,
    })
}

/// What is searched for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskRosterDraft {
    /// The version of the roster that was read; 0 for a month nobody began.
    version: i64,
    /// How long to search, 1 to 60 seconds; as the terms say when left out.
    seconds: Option<u16>,
    /// The seed of chance; another one gives another roster.
    seed: Option<u32>,
}

/// Asks for a draft by the solver (智能排班). Cells that are there and leave are kept, empty ones are filled.
#[utoipa::path(
    post, path = "/api/v1/rosters/{month}/draft", tag = "workforce", operation_id = "draft_roster",
    params(("month" = String, Path)), request_body = AskRosterDraft,
    responses((status = 202, body = RosterDraft), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn ask(
    actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(asked): Json<AskRosterDraft>,
) -> Result<(StatusCode, Json<RosterDraft>)> {
    let month = Month::parse(&month, day::today(&app))?;
    let known = terms::in_force(app.db.read(), app.clock.now()).await?;
    let seconds = asked.seconds.unwrap_or(known.draft_seconds);
    if !(1..=LONGEST_SEARCH).contains(&seconds) {
        return Err(invalid("seconds", "seconds_invalid", "1 to 60 seconds"));
    }
    let (db, who, now) = (app.db.clone(), actor.who(), app.clock.now());
    let row = db
        .write(move |tx| async move {
            let roster = super::http::current(&app, &tx, month, asked.version).await?;
            if roster.is_published() {
                return Err(refused("roster_published", "this roster is published")
                    .with_way_out("change its cells, with a reason"));
            }
            let row = row::Model {
                id: app.ids.next(),
                month: month.text(),
                state: DraftState::Waiting.as_str().to_owned(),
                seen_version: asked.version,
                seconds: seconds.into(),
                seed: asked.seed.unwrap_or(1).into(),
                objective: None,
                cells: None,
                problem: None,
                asked_by: who.user_id,
                asked_at: now,
                ended_at: None,
            };
            row.clone()
                .into_active_model()
                .reset_all()
                .insert(&*tx)
                .await?;
            let facts = json!({ "month": row.month, "seconds": seconds, "seed": row.seed });
            let subject = ("roster_draft.asked", "roster_draft");
            audit::record(&app, &*tx, &who, subject.0, subject.1, row.id, facts).await?;
            let payload = json!({ "id": row.id });
            app.jobs.enqueue(&tx, JOB, payload, now).await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(view(row, now)?)))
}

/// How a draft stands; the live event `workforce` of kind `roster_draft` tells of it too.
#[utoipa::path(
    get, path = "/api/v1/roster-drafts/{id}", tag = "workforce", operation_id = "get_roster_draft",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RosterDraft), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<RosterDraft>> {
    Ok(Json(view(get(app.db.read(), id).await?, app.clock.now())?))
}

async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("roster draft"))
}

/// The job that searches.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::on_demand(JOB, move |payload: Value| {
        let app = app.clone();
        async move {
            let id = payload["id"].as_str().and_then(|id| id.parse().ok());
            run(&app, id.ok_or_else(|| internal("a draft has an id"))?).await
        }
    })
}

async fn run(app: &App, id: Uuid) -> Result<()> {
    let draft = get(app.db.read(), id).await?;
    let over = [DraftState::Done, DraftState::Failed].map(DraftState::as_str);
    if over.contains(&draft.state.as_str()) {
        return Ok(());
    }
    write_row(app, &draft, |row| {
        DraftState::Running.as_str().clone_into(&mut row.state);
    })
    .await?;
    match search(app, &draft).await {
        Ok(()) => Ok(()),
        Err(problem) if problem.code == "shutting_down" => Err(problem),
        Err(problem) => {
            if problem.status >= 500 {
                tracing::error!(draft = %id, %problem, "no roster was drafted");
            }
            let (now, code) = (app.clock.now(), problem.code.to_owned());
            let row = write_row(app, &draft, move |row| {
                DraftState::Failed.as_str().clone_into(&mut row.state);
                row.problem = Some(code);
                row.ended_at = Some(now);
            })
            .await?;
            told(app, &row, "failed", 100);
            Ok(())
        }
    }
}

async fn write_row(
    app: &App,
    row: &row::Model,
    edit: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<row::Model> {
    let mut after = row.clone();
    edit(&mut after);
    app.db
        .write(async move |tx| {
            let row = after.into_active_model().reset_all();
            Ok(row.update(&*tx).await?)
        })
        .await
}

fn told(app: &App, row: &row::Model, what: &str, progress: i64) {
    let news = json!({ "kind": "roster_draft", "id": row.id, "what": what, "progress": progress });
    let audience = Audience::Permission(PlanRoster::CODE);
    app.live.publish(audience, "workforce", news);
}

async fn search(app: &App, row: &row::Model) -> Result<()> {
    let conn = app.db.read();
    let month = Month::parse(&row.month, day::today(app))?;
    let book = Book::of(conn, &Part::month(month), app.clock.now()).await?;
    let agents = organization::colleagues::holders(conn, Role::Agent).await?;
    let people: Vec<Uuid> = agents.into_iter().map(|agent| agent.id).collect();
    if people.is_empty() {
        return Err(refused("roster_nobody", "there is no agent to be planned"));
    }
    let before = had(conn, month).await?;
    let draft = Draft::of(&book, month, people, &before);
    let (teller, telling) = (app.clone(), row.clone());
    let work = move || {
        let clock = &teller.clock;
        let begun = clock.monotonic();
        let mut next = TOLD_EVERY;
        let limit = Duration::from_secs(telling.seconds.unsigned_abs());
        let found = planner::roster::solve(&draft.problem, telling.seed.unsigned_abs(), |_| {
            let gone = clock.monotonic().saturating_sub(begun);
            let part = gone.as_secs_f64() / limit.as_secs_f64();
            if gone >= next {
                next = gone + TOLD_EVERY;
                told(
                    &teller,
                    &telling,
                    "progress",
                    Ord::min((part * 100.0) as i64, 99),
                );
            }
            if teller.shutdown.is_cancelled() {
                1.0
            } else {
                part
            }
        });
        let found = found.map_err(|error| refused("roster_no_line", error.to_string()))?;
        let cells = draft.read(&found.roster, &book);
        Ok::<_, Problem>((found.objective, cells))
    };
    let (objective, cells) = tokio::task::spawn_blocking(work)
        .await
        .map_err(internal)??;
    let (writer, mut after) = (app.clone(), row.clone());
    let row = app
        .db
        .write(async move |tx| {
            let app = &writer;
            let count = cells.len() as i64;
            let who = Who::system("workforce");
            write_cells((app, &tx, &who), month, after.seen_version, cells).await?;
            DraftState::Done.as_str().clone_into(&mut after.state);
            after.objective = Some(objective);
            after.cells = Some(count);
            after.ended_at = Some(app.clock.now());
            let row = after.into_active_model().reset_all();
            Ok(row.update(&*tx).await?)
        })
        .await?;
    told(app, &row, "done", 100);
    Ok(())
}

async fn write_cells(
    (app, tx, who): (&App, &Tx, &Who),
    month: Month,
    version: i64,
    cells: Vec<((NaiveDate, Uuid), String)>,
) -> Result<()> {
    // Somebody who planned meanwhile is not written over.
    let before = super::http::current(app, tx, month, version).await?;
    let cells: Vec<Cell> = cells
        .into_iter()
        .map(|(key, code)| (key, Some(code)))
        .collect();
    if cells.is_empty() {
        return Ok(());
    }
    let why = Why {
        cause: RosterCause::Edit,
        of: None,
        reason: None,
    };
    edit::write((app, tx, who), &before, &cells, &why).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Had {
    user_id: Uuid,
    shift_id: String,
    days: i64,
}

/// How often each person had each shift in the three months before, as far as they were published.
async fn had(conn: &impl ConnectionTrait, month: Month) -> Result<BTreeMap<(Uuid, String), i64>> {
    let first = month.first();
    let from = first.checked_sub_months(LEDGER).unwrap_or(first);
    let to = Ord::max(month.first() - TimeDelta::days(1), from);
    let months = store::months(conn, (from, to)).await?;
    // A month that was not published was not worked so.
    let spans = months.values().filter(|row| row.is_published());
    let within = spans.map(|row| {
        let (first, last) = (format!("{}-01", row.month), format!("{}-31", row.month));
        cell::Column::OnDay.between(first, last)
    });
    let within = within.fold(sea_orm::Condition::any(), sea_orm::Condition::add);
    if within.is_empty() {
        return Ok(BTreeMap::new());
    }
    let days = Expr::col(cell::Column::OnDay).count().cast_as("bigint");
    let rows = cell::Entity::find()
        .select_only()
        .column(cell::Column::UserId)
        .column(cell::Column::ShiftId)
        .column_as(days, "days")
        .filter(within)
        .group_by(cell::Column::UserId)
        .group_by(cell::Column::ShiftId)
        .into_model::<Had>()
        .all(conn)
        .await?;
    let had = rows.into_iter();
    Ok(had
        .map(|row| ((row.user_id, row.shift_id), row.days))
        .collect())
}
