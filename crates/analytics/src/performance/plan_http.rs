//! Improvement plans over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::{must_be_code, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal, Scope, day, numbers};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::eyes;
use super::plan::{Action, Case, ImprovementState};
use super::rights::{PlanImprovement, ViewPerformance};
use super::store::{self, Eyes, ImprovementFilter, improvement};

/// The routes of improvement plans.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(close))
        .with_state(app.clone())
}

/// What is done where a score is low.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImprovementPlanView {
    /// Identifies it.
    pub id: Uuid,
    /// `GJ-20261126-001`
    pub number: String,
    /// Whose; null for the purchaser.
    pub person: Option<Colleague>,
    /// The sheet it was opened from.
    pub sheet_id: Uuid,
    /// Its month.
    pub month: String,
    /// The indicator that is to become better.
    pub indicator: String,
    /// More is better.
    pub rises: bool,
    /// Its value on that sheet.
    pub before_value: Option<i64>,
    /// The value to be reached.
    pub goal: i64,
    /// What is done.
    pub measures: String,
    /// Until when.
    pub due_on: NaiveDate,
    /// Its value on the last sheet after.
    pub after_value: Option<i64>,
    /// The month of that.
    pub after_month: Option<String>,
    /// What the lead said at the end.
    pub note: Option<String>,
    /// Where it stands.
    pub state: ImprovementState,
    /// Somebody owes a step.
    pub open: bool,
    /// Its day is over and it is open.
    pub overdue: bool,
    /// Who opened it; null for the purchaser.
    pub opened_by: Option<Colleague>,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// Rises with each change.
    pub version: i64,
}

async fn views(
    app: &App,
    (of, purchaser): (&Principal, bool),
    rows: Vec<improvement::Model>,
) -> Result<Vec<ImprovementPlanView>> {
    let ids = rows.iter().flat_map(|row| [row.user_id, row.opened_by]);
    let people = organization::colleagues(app.db.read(), ids).await?;
    let person = |id: Uuid| people.get(&id).filter(|_| !purchaser).cloned();
    let today = day::today(app);
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let case = row.case()?;
        let due_on = day::read(&row.due_on)?;
        let closes = of.may::<PlanImprovement>() && case.next(&Action::Close).is_ok();
        views.push(ImprovementPlanView {
            id: row.id,
            person: person(row.user_id),
            opened_by: person(row.opened_by),
            number: row.number,
            sheet_id: row.sheet_id,
            month: row.month,
            indicator: row.indicator,
            rises: row.rises,
            before_value: row.before_value,
            goal: row.goal,
            measures: row.measures,
            overdue: row.open && due_on < today,
            due_on,
            after_value: row.after_value,
            after_month: row.after_month,
            note: row.note,
            state: case.state,
            open: row.open,
            opened_at: row.opened_at,
            actions: if closes { vec!["close"] } else { Vec::new() },
            version: row.version,
        });
    }
    Ok(views)
}

/// Lists improvement plans, the newest first; an agent sees his own.
#[utoipa::path(
    get, path = "/api/v1/improvement-plans", tag = "analytics", operation_id = "list_improvement_plans",
    params(ListQuery, ImprovementFilter), responses((status = 200, body = Page<ImprovementPlanView>)),
)]
async fn list(
    actor: Actor<ViewPerformance>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<ImprovementFilter>,
) -> Result<Json<Page<ImprovementPlanView>>> {
    let eyes = eyes(&actor);
    let page = store::plans(app.db.read(), &eyes, &query, &filter).await?;
    let shown =
        page.shown(async |rows| views(&app, (actor.principal(), eyes.purchaser), rows).await);
    Ok(Json(shown.await?))
}

/// A plan to be opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewImprovementPlan {
    /// The sheet with the low score; a released one.
    sheet_id: Uuid,
    /// The indicator that is to become better; one of the sheet.
    indicator: String,
    /// The value to be reached, in its unit.
    goal: i64,
    /// What is done.
    measures: String,
    /// Until when.
    due_on: NaiveDate,
}

const WHOLE_TEAM: Eyes = Eyes {
    scope: Scope::All,
    purchaser: false,
};

async fn shown(
    app: &App,
    of: &Principal,
    row: improvement::Model,
) -> Result<Json<ImprovementPlanView>> {
    let view = views(app, (of, false), vec![row]).await?.pop();
    Ok(Json(view.ok_or_else(|| internal("a plan is shown"))?))
}

/// Opens an improvement plan from a low score; the sheets of later months fill in what came of it.
#[utoipa::path(
    post, path = "/api/v1/improvement-plans", tag = "analytics", operation_id = "open_improvement_plan",
    request_body = NewImprovementPlan,
    responses((status = 201, body = ImprovementPlanView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn open(
    actor: Actor<PlanImprovement>,
    State(app): State<App>,
    Json(new): Json<NewImprovementPlan>,
) -> Result<(StatusCode, Json<ImprovementPlanView>)> {
    let measures = needed("measures", &new.measures)?;
    must_be_code("indicator", &new.indicator)?;
    if new.due_on < day::today(&app) {
        return Err(invalid("due_on", "date_in_past", "today or later"));
    }
    day::plausible("due_on", new.due_on, day::today(&app))?;
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let row = db
        .write(move |tx| async move {
            let sheet = store::get(&*tx, &WHOLE_TEAM, new.sheet_id).await?;
            if sheet.case()?.is_open() {
                return Err(refused("performance_not_released", "the sheet is not released yet"));
            }
            let (before, rises) = store::of_indicator(&*tx, &sheet, &new.indicator).await?;
            let case = Case::opened(new.goal, rises);
            let now = app.clock.now();
            let row = improvement::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "GJ-", now).await?,
                user_id: sheet.user_id,
                sheet_id: sheet.id,
                month: sheet.month,
                indicator: new.indicator,
                rises,
                before_value: before,
                goal: new.goal,
                measures,
                due_on: day::text(new.due_on),
                after_value: None,
                after_month: None,
                note: None,
                state: case.state.as_str().to_owned(),
                open: case.is_open(),
                opened_by: by,
                opened_at: now,
                closed_by: None,
                closed_at: None,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            let details = json!({ "number": row.number, "user_id": row.user_id, "indicator": row.indicator, "goal": row.goal });
            audit::record(&app, &*tx, &who, "improvement_plan.opened", "improvement_plan", row.id, details).await?;
            Ok(row)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        shown(&done, actor.principal(), row).await?,
    ))
}

/// The end of a plan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImprovementEnd {
    /// The version that was read.
    version: i64,
    /// What is said to it.
    note: String,
}

/// Closes a plan whose value after it is known: reached or missed, as the value says.
#[utoipa::path(
    post, path = "/api/v1/improvement-plans/{id}/close", tag = "analytics", operation_id = "close_improvement_plan",
    params(("id" = Uuid, Path)), request_body = ImprovementEnd,
    responses((status = 200, body = ImprovementPlanView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn close(
    actor: Actor<PlanImprovement>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(end): Json<ImprovementEnd>,
) -> Result<Json<ImprovementPlanView>> {
    let note = needed("note", &end.note)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::plan(&*tx, &WHOLE_TEAM, id).await?, end.version)?;
            let case = before
                .case()?
                .next(&Action::Close)
                .map_err(|refusal| refusal.about(&before.what()))?;
            let mut after = before.clone();
            case.state.as_str().clone_into(&mut after.state);
            after.open = case.is_open();
            after.note = Some(note);
            after.closed_by = who.user_id;
            after.closed_at = Some(app.clock.now());
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let details = json!({ "number": after.number, "state": after.state, "after_value": after.after_value });
            audit::record(&app, &*tx, &who, "improvement_plan.closed", "improvement_plan", after.id, details).await?;
            Ok(after)
        })
        .await?;
    shown(&done, actor.principal(), row).await
}
