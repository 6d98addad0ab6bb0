//! Demands over HTTP. There is no door by which the supplier could refuse one.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::text::needed;
use kernel::versioned;
use kernel::{Actor, App, Principal, Side, Tx};
use organization::Colleague;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, New, row};
use super::{Action, DemandKind, DemandState};
use crate::of_purchaser;
use crate::replacement::store::row as replacement_row;
use crate::replacement::{self, ReplacementCause};
use crate::rights::{AnswerDemands, RaiseDemands, ViewStaffing};
use crate::staff::store as staff;
use crate::trail::{self, TrailLine};
use kernel::day;

/// The routes of demands.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, raise))
        .routes(routes!(show))
        .routes(routes!(step))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// A demand as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemandView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZP-20261123-001`
    pub number: String,
    /// `add` or `replace`.
    pub kind: String,
    /// Who is to be replaced.
    pub staff_id: Option<Uuid>,
    /// His name.
    pub name: Option<String>,
    /// How many people.
    pub people: i32,
    /// Why.
    pub reason: String,
    /// What the supplier will do.
    pub plan: Option<String>,
    /// By which day.
    pub planned_on: Option<NaiveDate>,
    /// Why the plan was sent back.
    pub return_reason: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// When it has to be fulfilled.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed.
    pub overdue: bool,
    /// Who raised it.
    pub raised_by: Option<Colleague>,
    /// When.
    pub raised_at: DateTime<Utc>,
    /// When it was verified.
    pub verified_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// A demand as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemandDetail {
    /// What lists show.
    #[serde(flatten)]
    pub demand: DemandView,
    /// The replacements it led to.
    pub replacements: Vec<DemandReplacement>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

/// A replacement that answers a demand.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemandReplacement {
    /// Identifies it.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub state: String,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<DemandView>> {
    let conn = app.db.read();
    let people = staff::by_ids(conn, rows.iter().filter_map(|row| row.staff_id)).await?;
    let who = organization::colleagues(conn, rows.iter().filter_map(|row| row.raised_by)).await?;
    let mut views = Vec::new();
    for row in rows {
        let person = row.staff_id.and_then(|id| people.get(&id));
        views.push(DemandView {
            name: person.map(|person| person.name.clone()),
            planned_on: day::maybe(row.planned_on.as_deref())?,
            raised_by: row.raised_by.and_then(|id| who.get(&id).cloned()),
            id: row.id,
            number: row.number,
            kind: row.kind,
            staff_id: row.staff_id,
            people: row.people,
            reason: row.reason,
            plan: row.plan,
            return_reason: row.return_reason,
            state: row.state,
            open: row.open,
            due_at: row.due_at,
            overdue: row.overdue,
            raised_at: row.raised_at,
            verified_at: row.verified_at,
            version: row.version,
        });
    }
    Ok(views)
}

fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    use DemandState as S;
    let state = S::parse(&row.state);
    let mut offered = Vec::new();
    if principal.may::<AnswerDemands>() {
        match state {
            Some(S::Raised | S::PlanSubmitted) => offered.push("submit_plan"),
            Some(S::PlanAccepted) => offered.push("start"),
            _ => {}
        }
    }
    if principal.may::<RaiseDemands>() && row.open {
        match state {
            Some(S::PlanSubmitted) => offered.extend(["accept_plan", "return_plan"]),
            Some(S::Executing) => offered.push("verify"),
            _ => {}
        }
        offered.push("withdraw");
    }
    offered
}

async fn detail(app: &App, principal: &Principal, row: row::Model) -> Result<Json<DemandDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let led_to = replacement_row::Entity::find()
        .filter(replacement_row::Column::DemandId.eq(id))
        .all(conn)
        .await?;
    let led_to = led_to.into_iter().map(|row| DemandReplacement {
        id: row.id,
        number: row.number,
        state: row.state,
    });
    let actions = offered(principal, &row);
    let view = views(app, vec![row])
        .await?
        .pop()
        .ok_or_else(|| not_found("demand"))?;
    Ok(Json(DemandDetail {
        demand: view,
        replacements: led_to.collect(),
        actions,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Lists demands, the newest first.
#[utoipa::path(
    get, path = "/api/v1/demands", tag = "staffing", operation_id = "list_demands",
    params(ListQuery, Filter), responses((status = 200, body = Page<DemandView>)),
)]
async fn list(
    _actor: Actor<ViewStaffing>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<DemandView>>> {
    let page = store::list(app.db.read(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// One demand, with the replacements it led to.
#[utoipa::path(
    get, path = "/api/v1/demands/{id}", tag = "staffing", operation_id = "get_demand", params(("id" = Uuid, Path)),
    responses((status = 200, body = DemandDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewStaffing>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<DemandDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What is demanded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDemand {
    /// More people, or another one.
    kind: DemandKind,
    /// Who is to be replaced.
    staff_id: Option<Uuid>,
    /// How many, 1 to 6; one unless told.
    people: Option<i32>,
    /// Why.
    reason: String,
}

/// Demands more or other people (增派、调换). Its clock begins at once.
#[utoipa::path(
    post, path = "/api/v1/demands", tag = "staffing", operation_id = "raise_demand", request_body = NewDemand,
    responses((status = 201, body = DemandDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn raise(
    actor: Actor<RaiseDemands>,
    State(app): State<App>,
    Json(new): Json<NewDemand>,
) -> Result<(StatusCode, Json<DemandDetail>)> {
    let reason = needed("reason", &new.reason)?;
    let people = new.people.unwrap_or(1);
    if !(1..=6).contains(&people) {
        return Err(invalid("people", "people_out_of_range", "1 to 6 people"));
    }
    if (new.kind == DemandKind::Replace) != new.staff_id.is_some() {
        let detail = "a demand to replace names the person, one for more people does not";
        return Err(invalid("staff_id", "demand_person", detail));
    }
    if new.kind == DemandKind::Replace && people != 1 {
        return Err(invalid(
            "people",
            "people_out_of_range",
            "one person is replaced by one",
        ));
    }
    let new = New {
        kind: new.kind,
        staff_id: new.staff_id,
        people,
        reason,
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            if let Some(id) = new.staff_id {
                staff::held(&tx, id).await?;
            }
            store::raise(&app, &tx, &who, new).await
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        detail(&done, actor.principal(), row).await?,
    ))
}

/// A step of the supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum DemandVerb {
    /// 报方案
    SubmitPlan {
        /// What will be done.
        plan: String,
        /// By which day.
        planned_on: NaiveDate,
    },
    /// 开始执行
    Start {},
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DemandStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: DemandVerb,
}

fn side(principal: &Principal) -> Side {
    if of_purchaser(principal) {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}

/// The supplier submits a plan, and carries out what was accepted; of a demand to replace the replacement opens.
#[utoipa::path(
    post, path = "/api/v1/demands/{id}/steps", tag = "staffing", operation_id = "step_demand",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = DemandDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<AnswerDemands>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<DemandDetail>> {
    let by = side(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, step.version)?;
            match step.verb {
                DemandVerb::SubmitPlan { plan, planned_on } => {
                    let plan = needed("plan", &plan)?;
                    day::plausible("planned_on", planned_on, day::today(&app))?;
                    let note = format!("{planned_on} {plan}");
                    let told = ("plan_submitted", Some(note.as_str()));
                    let action = Action::SubmitPlan { by };
                    store::act(&app, &tx, &who, &before, &action, told, |after| {
                        after.plan = Some(plan.clone());
                        after.planned_on = Some(day::text(planned_on));
                        after.return_reason = None;
                    })
                    .await
                }
                DemandVerb::Start {} => {
                    let action = Action::Start { by };
                    let told = ("started", None);
                    let after = store::act(&app, &tx, &who, &before, &action, told, |_| {}).await?;
                    replace(&app, &tx, &who, &after).await?;
                    Ok(after)
                }
            }
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// The replacement that a demand to replace asks for; it was not announced by the supplier, so the demand's own
/// clock runs.
async fn replace(app: &App, tx: &Tx, who: &Who, demand: &row::Model) -> Result<()> {
    let Some(staff_id) = demand.staff_id else {
        return Ok(());
    };
    let under_way = replacement_row::Entity::find()
        .filter(replacement_row::Column::StaffId.eq(staff_id))
        .filter(replacement_row::Column::Open.eq(true))
        .all(&**tx)
        .await?;
    if !under_way.is_empty() {
        return Ok(());
    }
    let planned = day::maybe(demand.planned_on.as_deref())?;
    let new = replacement::store::New {
        staff_id,
        cause: ReplacementCause::Demanded,
        reason: format!("{} {}", demand.number, demand.reason),
        sudden: true,
        last_day: planned.unwrap_or_else(|| day::today(app)),
        demand_id: Some(demand.id),
        source_event: None,
    };
    replacement::store::open(app, tx, who, new).await?;
    Ok(())
}

/// The purchaser's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum DemandDecision {
    /// 同意方案
    AcceptPlan {},
    /// 退回方案; the clock runs on.
    ReturnPlan {
        /// Why.
        reason: String,
    },
    /// 验收
    Verify {},
    /// 撤回
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// A decision with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DemandDecided)]
struct Decided {
    /// The version that was read.
    version: i64,
    /// The decision.
    #[serde(flatten)]
    decision: DemandDecision,
}

/// The purchaser decides on the plan, verifies what was done, or takes the demand back.
#[utoipa::path(
    post, path = "/api/v1/demands/{id}/decide", tag = "staffing", operation_id = "decide_demand",
    params(("id" = Uuid, Path)), request_body = Decided,
    responses((status = 200, body = DemandDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<RaiseDemands>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<Decided>,
) -> Result<Json<DemandDetail>> {
    let by = side(actor.principal());
    let (action, what, reason) = match request.decision {
        DemandDecision::AcceptPlan {} => (Action::AcceptPlan { by }, "plan_accepted", None),
        DemandDecision::ReturnPlan { reason } => {
            let reason = needed("reason", &reason)?;
            (Action::ReturnPlan { by }, "plan_returned", Some(reason))
        }
        DemandDecision::Verify {} => (Action::Verify { by }, "verified", None),
        DemandDecision::Withdraw { reason } => {
            let reason = needed("reason", &reason)?;
            (Action::Withdraw { by }, "withdrawn", Some(reason))
        }
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let now = app.clock.now();
            let told = (what, reason.as_deref());
            store::act(
                &app,
                &tx,
                &who,
                &before,
                &action,
                told,
                |after| match action {
                    Action::ReturnPlan { .. } => after.return_reason.clone_from(&reason),
                    Action::Verify { .. } => {
                        after.verified_by = who.user_id;
                        after.verified_at = Some(now);
                    }
                    _ => {}
                },
            )
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
