//! Draws over HTTP.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::Actor;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, not_found};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, DrawnOfAgent, Wish, row};
use super::{SamplingPlan, quota};
use crate::Desk;
use crate::evaluation::store::row as evaluation;
use crate::rights::DrawSamples;

/// The routes of draws.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, draw))
        .routes(routes!(show))
        .routes(routes!(candidates))
        .with_state(desk.clone())
}

/// A draw in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamplingDrawView {
    /// Identifies it.
    pub id: Uuid,
    /// The plan, as it stood.
    pub plan: SamplingPlan,
    /// Contacts that were over from here on …
    pub period_from: DateTime<Utc>,
    /// … and before.
    pub period_until: DateTime<Utc>,
    /// What the order of the contacts follows from.
    pub seed: String,
    /// When the share by chance was drawn; null while the period is not over.
    pub by_chance_at: Option<DateTime<Utc>>,
    /// Who drew last; null for the monthly draw.
    pub drawn_by: Option<Colleague>,
    /// When.
    pub drawn_at: DateTime<Utc>,
    /// Contacts in the period.
    pub candidates: i32,
    /// Those that were drawn.
    pub drawn: i32,
    /// Samples of it that were voided.
    pub voided: i64,
}

/// What was drawn of an agent's contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawnAgentView {
    /// The agent.
    pub agent: Option<Colleague>,
    /// How many.
    #[serde(flatten)]
    pub counts: DrawnOfAgent,
}

/// A sample that was voided.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoidedSample {
    /// The evaluation.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// Whose work it is.
    pub agent: Option<Colleague>,
    /// Who voided it.
    pub voided_by: Option<Colleague>,
    /// When.
    pub voided_at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
    /// What was drawn in its place; null where nothing was left, or it was not drawn by chance.
    pub replaced_by: Option<Uuid>,
    /// The number of that.
    pub replaced_number: Option<String>,
}

/// A draw with its counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamplingDrawDetail {
    /// The draw.
    #[serde(flatten)]
    pub draw: SamplingDrawView,
    /// By agent.
    pub agents: Vec<DrawnAgentView>,
    /// What was voided, the latest 500; never what is about who looks.
    pub voids: Vec<VoidedSample>,
}

async fn views(desk: &Desk, rows: Vec<row::Model>) -> Result<Vec<SamplingDrawView>> {
    let drawers = rows.iter().filter_map(|row| row.drawn_by);
    let people = organization::colleagues(desk.app.db.read(), drawers).await?;
    let voids = store::voids(desk.app.db.read(), rows.iter().map(|row| row.id)).await?;
    let view = |row: row::Model| {
        Ok(SamplingDrawView {
            id: row.id,
            plan: serde_json::from_value(row.plan).map_err(internal)?,
            period_from: row.period_from,
            period_until: row.period_until,
            seed: row.seed,
            by_chance_at: row.by_chance_at,
            drawn_by: row.drawn_by.and_then(|id| people.get(&id).cloned()),
            drawn_at: row.drawn_at,
            candidates: row.candidates,
            drawn: row.drawn,
            voided: voids.get(&row.id).copied().unwrap_or_default(),
        })
    };
    rows.into_iter().map(view).collect()
}

async fn detail(desk: &Desk, to: Uuid, row: row::Model) -> Result<Json<SamplingDrawDetail>> {
    let counted: BTreeMap<Uuid, DrawnOfAgent> =
        serde_json::from_value(row.agents.clone()).map_err(internal)?;
    let conn = desk.app.db.read();
    let voided = store::voided(conn, row.id, to).await?;
    let mut instead = store::in_place_of(conn, &voided, to).await?;
    let mut named: Vec<Uuid> = counted.keys().copied().collect();
    for one in &voided {
        named.push(one.agent_id);
        named.extend(one.voided_by);
    }
    let people = organization::colleagues(conn, named).await?;
    let void = |one: evaluation::Model| {
        let instead = instead.remove(&one.id);
        VoidedSample {
            id: one.id,
            number: one.number,
            agent: people.get(&one.agent_id).cloned(),
            voided_by: one.voided_by.and_then(|id| people.get(&id).cloned()),
            voided_at: one.voided_at,
            reason: one.void_reason,
            replaced_by: instead.as_ref().map(|one| one.id),
            replaced_number: instead.map(|one| one.number),
        }
    };
    let voids = voided.into_iter().map(void).collect();
    let agents = counted.into_iter().map(|(id, counts)| DrawnAgentView {
        agent: people.get(&id).cloned(),
        counts,
    });
    let agents = agents.collect();
    let draw = views(desk, vec![row]).await?.pop();
    let draw = draw.ok_or_else(|| internal("one row, one view"))?;
    Ok(Json(SamplingDrawDetail {
        draw,
        agents,
        voids,
    }))
}

/// Lists draws, the latest first.
#[utoipa::path(
    get, path = "/api/v1/sampling-draws", tag = "quality", operation_id = "list_sampling_draws",
    params(ListQuery), responses((status = 200, body = Page<SamplingDrawView>)),
)]
async fn list(
    _actor: Actor<DrawSamples>,
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<SamplingDrawView>>> {
    let page = store::list(desk.app.db.read(), &query).await?;
    Ok(Json(
        page.shown(async |rows| views(&desk, rows).await).await?,
    ))
}

/// A draw with what was drawn of each agent.
#[utoipa::path(
    get, path = "/api/v1/sampling-draws/{id}", tag = "quality", operation_id = "get_sampling_draw",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SamplingDrawDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<DrawSamples>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<SamplingDrawDetail>> {
    let row = store::get(desk.app.db.read(), id).await?;
    detail(&desk, actor.user_id(), row).await
}

/// Whose contacts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfAgent {
    /// The agent.
    agent: Uuid,
}

/// What an agent's share by chance was drawn from.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamplingLot {
    /// What the order follows from.
    pub seed: String,
    /// His contacts in the order of `SHA-256(seed ‖ id)`, the 16 bytes of the id.
    pub ids: Vec<Uuid>,
    /// So many of them, the first, were drawn by chance.
    pub by_chance: usize,
}

/// The contacts of one agent that a draw was made from, so that anybody can repeat it; not one's own.
#[utoipa::path(
    get, path = "/api/v1/sampling-draws/{id}/candidates", tag = "quality", operation_id = "list_sampling_candidates",
    params(("id" = Uuid, Path), OfAgent),
    responses((status = 200, body = SamplingLot), (status = 404, body = Problem)),
)]
async fn candidates(
    actor: Actor<DrawSamples>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Query(of): Query<OfAgent>,
) -> Result<Json<SamplingLot>> {
    let conn = desk.app.db.read();
    let draw = store::get(conn, id).await?;
    let lot = store::lot(conn, &draw, of.agent).await?;
    let ids: Vec<Uuid> = lot.into_iter().map(|(id, _)| id).collect();
    if ids.is_empty() || of.agent == actor.user_id() {
        return Err(not_found("candidates of this agent"));
    }
    let plan: SamplingPlan = serde_json::from_value(draw.plan).map_err(internal)?;
    Ok(Json(SamplingLot {
        seed: draw.seed,
        by_chance: quota(&plan, ids.len()),
        ids,
    }))
}

/// What is to be drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSamplingDraw {
    /// Code of the plan.
    plan: String,
    /// Contacts that were over from here on …
    from: DateTime<Utc>,
    /// … and before; not after now.
    until: DateTime<Utc>,
}

/// Draws samples of a period that is over by a plan. Drawn a second time, the same period goes on with its seed, and
/// nothing is drawn twice.
#[utoipa::path(
    post, path = "/api/v1/sampling-draws", tag = "quality", operation_id = "draw_samples",
    request_body = NewSamplingDraw,
    responses((status = 201, body = SamplingDrawDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn draw(
    actor: Actor<DrawSamples>,
    State(desk): State<Desk>,
    Json(new): Json<NewSamplingDraw>,
) -> Result<(StatusCode, Json<SamplingDrawDetail>)> {
    let wish = Wish {
        plan: new.plan,
        from: new.from,
        until: new.until,
        by_chance: true,
    };
    let row = store::make(&desk, actor.who(), wish).await?;
    let page = detail(&desk, actor.user_id(), row).await?;
    Ok((StatusCode::CREATED, page))
}
