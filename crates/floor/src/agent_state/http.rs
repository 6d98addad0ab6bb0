//! An agent's own state, a lead's word on it, and skills, over HTTP.

use acd::AgentId;
use axum::extract::State;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, audit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{AgentView, store};
use crate::queue::{SkillLevel, check_skills};
use crate::words::PresenceWord;
use crate::{EditSkills, Floor, ForceState, TakeWork, ViewFloor};

const LONGEST_REASON: usize = 100;

fn check_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(invalid(
            "reason",
            "reason_length",
            "a reason has 1 to 100 characters",
        ));
    }
    Ok(reason.to_owned())
}

/// One's own state.
#[utoipa::path(
    get, path = "/api/v1/agent-state", tag = "floor",
    responses((status = 200, body = AgentView), (status = 404, body = Problem)),
)]
pub(crate) async fn show(
    actor: Actor<TakeWork>,
    State(floor): State<Floor>,
) -> Result<Json<AgentView>> {
    Ok(Json(floor.agent(actor.user_id()).await?))
}

/// The state an agent asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskState {
    /// The state.
    state: PresenceWord,
    /// Why, at most 100 characters.
    reason: Option<String>,
}

/// Asks for a state. With work in hand it comes after wrap-up and stands in `next_state` until then.
/// 409 `no_device` for `ready` while no device of the agent is registered, `reading_overdue` while he has not read or
/// passed what he must have by now.
#[utoipa::path(
    put, path = "/api/v1/agent-state", tag = "floor",
    request_body = AskState,
    responses((status = 200, body = AgentView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn ask(
    actor: Actor<TakeWork>,
    State(floor): State<Floor>,
    Json(asked): Json<AskState>,
) -> Result<Json<AgentView>> {
    let reason = asked.reason.as_deref().map(check_reason).transpose()?;
    floor
        .ask(actor.user_id(), asked.state.into(), reason)
        .await?;
    Ok(Json(floor.agent(actor.user_id()).await?))
}

/// Ends wrap-up. 409 `wrap_up_incomplete` while the record has no classification and result.
#[utoipa::path(
    post, path = "/api/v1/agent-state/wrap-up/end", tag = "floor",
    responses((status = 200, body = AgentView), (status = 409, body = Problem)),
)]
pub(crate) async fn end_wrap_up(
    actor: Actor<TakeWork>,
    State(floor): State<Floor>,
) -> Result<Json<AgentView>> {
    floor.end_wrap_up(actor.user_id()).await?;
    Ok(Json(floor.agent(actor.user_id()).await?))
}

/// Why more time is needed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendWrapUp {
    /// 1 to 100 characters; stands in the history.
    reason: String,
}

/// Extends wrap-up by its length. 409 `not_in_wrap_up`, `no_extension_left`.
#[utoipa::path(
    post, path = "/api/v1/agent-state/wrap-up/extend", tag = "floor",
    request_body = ExtendWrapUp,
    responses((status = 200, body = AgentView), (status = 409, body = Problem)),
)]
pub(crate) async fn extend_wrap_up(
    actor: Actor<TakeWork>,
    State(floor): State<Floor>,
    Json(asked): Json<ExtendWrapUp>,
) -> Result<Json<AgentView>> {
    let reason = check_reason(&asked.reason)?;
    floor.extend_wrap_up(actor.user_id(), reason).await?;
    Ok(Json(floor.agent(actor.user_id()).await?))
}

/// The state a lead sets for an agent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForcedState {
    /// The state.
    state: PresenceWord,
    /// Why, 1 to 100 characters; stands in the history and in the audit trail.
    reason: String,
}

/// Sets the state of an agent. A ring goes back to the queue, wrap-up ends; a talk is waited for.
#[utoipa::path(
    put, path = "/api/v1/agents/{id}/state", tag = "floor",
    params(("id" = uuid::Uuid, Path)),
    request_body = ForcedState,
    responses((status = 200, body = AgentView), (status = 404, body = Problem)),
)]
pub(crate) async fn force(
    actor: Actor<ForceState>,
    State(floor): State<Floor>,
    Path(id): Path<AgentId>,
    Json(forced): Json<ForcedState>,
) -> Result<Json<AgentView>> {
    let reason = check_reason(&forced.reason)?;
    floor
        .force(id, forced.state.into(), reason, actor.who())
        .await?;
    Ok(Json(floor.agent(id).await?))
}

/// The skills of an agent; they say which queues he serves.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentSkills {
    /// Each skill once.
    skills: Vec<SkillLevel>,
}

async fn skills_of(floor: &Floor, id: AgentId) -> Result<Json<AgentSkills>> {
    floor.agent(id).await?;
    let skills = store::skills_of(floor.inner.app.db.read(), id).await?;
    let skills = skills
        .into_iter()
        .map(|(skill, level)| SkillLevel { skill, level })
        .collect();
    Ok(Json(AgentSkills { skills }))
}

/// The skills of an agent.
#[utoipa::path(
    get, path = "/api/v1/agents/{id}/skills", tag = "floor",
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = AgentSkills), (status = 404, body = Problem)),
)]
pub(crate) async fn show_skills(
    _actor: Actor<ViewFloor>,
    State(floor): State<Floor>,
    Path(id): Path<AgentId>,
) -> Result<Json<AgentSkills>> {
    skills_of(&floor, id).await
}

/// Replaces the skills of an agent. They count at once.
#[utoipa::path(
    put, path = "/api/v1/agents/{id}/skills", tag = "floor",
    params(("id" = uuid::Uuid, Path)),
    request_body = AgentSkills,
    responses((status = 200, body = AgentSkills), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn put_skills(
    actor: Actor<EditSkills>,
    State(floor): State<Floor>,
    Path(id): Path<AgentId>,
    Json(asked): Json<AgentSkills>,
) -> Result<Json<AgentSkills>> {
    check_skills(&asked.skills)?;
    floor.agent(id).await?;
    let app = floor.inner.app.clone();
    let who = actor.who();
    let skills: store::Skills = asked
        .skills
        .into_iter()
        .map(|skill| (skill.skill, skill.level))
        .collect();
    let db = app.db.clone();
    db.write(async move |tx| {
        store::put_skills(&*tx, id, &skills).await?;
        let details = json!({ "skills": skills });
        audit::record(
            &app,
            &*tx,
            &who,
            "agent.skills_changed",
            "agent",
            id,
            details,
        )
        .await
    })
    .await?;
    floor.refresh(id).await?;
    skills_of(&floor, id).await
}
