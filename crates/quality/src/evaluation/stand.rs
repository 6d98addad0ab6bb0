//! How quality stands: what waits for who looks, and each agent's months.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, Scope};
use organization::Colleague;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::EvaluationState as S;
use super::figures::sums;
use super::store::row::{Column, Entity};
use super::store::visible;
use crate::corrective::store as corrective;
use crate::rights::ViewEvaluations;

/// The routes of how it stands.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(stand))
        .routes(routes!(by_agent))
        .with_state(app.clone())
}

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct QualityStand {
    /// Samples nobody scored yet.
    pub to_score: u64,
    /// Of those, what is given to who looks.
    pub given_to_me: u64,
    /// Scored and not released.
    pub to_release: u64,
    /// Released to who looks, and not answered by him.
    pub to_acknowledge: u64,
    /// Appeals without an answer.
    pub appeals: u64,
    /// Of those, appeals whose time is over.
    pub appeals_late: u64,
    /// Scores that lie too far apart.
    pub unsettled: u64,
    /// Corrective actions that are not over.
    pub corrective_open: u64,
    /// Of those, what waits to be verified.
    pub corrective_done: u64,
    /// Of those, what is late.
    pub corrective_late: u64,
}

/// What waits in quality, of what who looks may see.
#[utoipa::path(
    get, path = "/api/v1/quality-stand", tag = "quality", operation_id = "get_quality_stand",
    responses((status = 200, body = QualityStand)),
)]
async fn stand(
    actor: Actor<ViewEvaluations>,
    State(app): State<App>,
) -> Result<Json<QualityStand>> {
    let conn = app.db.read();
    let me = actor.user_id();
    let count = async |which: Condition| -> Result<u64> {
        let all = visible(actor.scope(), me).add(which);
        Ok(Entity::find().filter(all).count(conn).await?)
    };
    let in_state = |state: S| Condition::all().add(Column::State.eq(state.as_str()));
    let answerable = [S::Released.as_str(), S::Rescored.as_str()];
    let unanswered = Condition::all()
        .add(Column::State.is_in(answerable))
        .add(Column::AgentId.eq(me));
    let late = in_state(S::Appealed).add(Column::Overdue.eq(true));
    // Whose scores they are is not told of them.
    let apart = Condition::all()
        .add(Column::Unsettled.is_not_null())
        .add(Column::AgentId.ne(me));
    let (open, done, overdue) = corrective::counts(conn, actor.scope(), me).await?;
    Ok(Json(QualityStand {
        to_score: count(in_state(S::Sampled)).await?,
        given_to_me: count(in_state(S::Sampled).add(Column::ReviewerId.eq(me))).await?,
        to_release: count(in_state(S::Scored)).await?,
        to_acknowledge: count(unanswered).await?,
        appeals: count(in_state(S::Appealed)).await?,
        appeals_late: count(late).await?,
        unsettled: count(apart).await?,
        corrective_open: open,
        corrective_done: done,
        corrective_late: overdue,
    }))
}

/// Which evaluations count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct QualityPeriod {
    /// Those that became final at this time or later …
    from: DateTime<Utc>,
    /// … and before; a year later at most.
    to: DateTime<Utc>,
}

/// What one agent's evaluations came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentQuality {
    /// The agent.
    pub agent: Option<Colleague>,
    /// Evaluations that became final.
    pub evaluations: u32,
    /// The mean score in tenths of a point, halves rounded up.
    pub mean_tenths: u32,
    /// Those passed.
    pub passed: u32,
    /// Those with a fatal error.
    pub fatal: u32,
    /// Those with an error of each kind.
    pub business: u32,
    /// 用户致命
    pub user: u32,
    /// 合规致命
    pub compliance: u32,
}

/// The agents of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentQualities {
    /// By staff number.
    pub items: Vec<AgentQuality>,
}

/// What each agent's evaluations of a period came to (月度考核): an agent sees himself.
#[utoipa::path(
    get, path = "/api/v1/quality-by-agent", tag = "quality", operation_id = "list_quality_by_agent",
    params(QualityPeriod),
    responses((status = 200, body = AgentQualities), (status = 422, body = Problem)),
)]
async fn by_agent(
    actor: Actor<ViewEvaluations>,
    State(app): State<App>,
    Query(period): Query<QualityPeriod>,
) -> Result<Json<AgentQualities>> {
    let length = period.to - period.from;
    if length <= TimeDelta::zero() || length > TimeDelta::days(366) {
        return Err(invalid("to", "period_out_of_range", "a year at most"));
    }
    let conn = app.db.read();
    let only = (*actor.scope() != Scope::All).then(|| actor.user_id());
    let rows = sums(conn, (period.from, period.to), only).await?;
    let mut agents: BTreeMap<Uuid, (AgentQuality, u64)> = BTreeMap::new();
    let many = |counted: i64| u32::try_from(counted).unwrap_or(u32::MAX);
    for row in rows {
        let (counted, sum) = agents.entry(row.agent).or_insert_with(|| (nothing(), 0));
        *sum += row.tenths.unsigned_abs();
        counted.evaluations += many(row.evaluations);
        counted.passed += many(row.passed);
        counted.fatal += many(row.fatal);
        counted.business += many(row.business);
        counted.user += many(row.user);
        counted.compliance += many(row.compliance);
    }
    let people = organization::colleagues(conn, agents.keys().copied()).await?;
    let mut items: Vec<AgentQuality> = agents
        .into_iter()
        .map(|(id, (mut counted, sum))| {
            let many = u64::from(counted.evaluations);
            let mean = (sum + many / 2).checked_div(many).unwrap_or_default();
            counted.mean_tenths = u32::try_from(mean).unwrap_or_default();
            counted.agent = people.get(&id).cloned();
            counted
        })
        .collect();
    let staff_no = |one: &AgentQuality| one.agent.as_ref().and_then(|who| who.staff_no.clone());
    items.sort_by_key(staff_no);
    Ok(Json(AgentQualities { items }))
}

fn nothing() -> AgentQuality {
    AgentQuality {
        agent: None,
        evaluations: 0,
        mean_tenths: 0,
        passed: 0,
        fatal: 0,
        business: 0,
        user: 0,
        compliance: 0,
    }
}
