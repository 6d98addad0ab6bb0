//! Escalations over HTTP.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, not_found};
use kernel::text::needed;
use kernel::versioned;
use kernel::{Actor, App};
use organization::Colleague;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, New, row};
use super::{Action, State as Standing, level};
use crate::people;
use crate::rights::{AnswerEscalations, CloseEscalations, RaiseEscalations, ViewEscalations};
use crate::ticket::store as tickets;
use crate::ticket::viewer::Viewer;
use crate::trail::{self, CaseLine, CaseNotice};
use crate::{ViewTickets, section};

/// The routes of escalations.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, raise))
        .routes(routes!(get))
        .routes(routes!(answer))
        .routes(routes!(promote))
        .routes(routes!(close))
        .routes(routes!(levels))
        .with_state(app.clone())
}

/// An escalation as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EscalationView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ-S20261123-001`
    pub number: String,
    /// The ticket it is about; null for a free subject.
    pub ticket_id: Option<Uuid>,
    /// The ticket's number.
    pub ticket_number: Option<String>,
    /// The section of the purchaser whose matter it is.
    pub section: Option<String>,
    /// What it is about.
    pub title: String,
    /// Why it goes up.
    pub reason: String,
    /// Who raised it; null for the system itself.
    pub raised_by: Option<Colleague>,
    /// Who is told the answer, and closes.
    pub originator: Option<Colleague>,
    /// `raised`, `answered` or `closed`.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// 1 to 4.
    pub level: i32,
    /// When the next step is due; null once it is closed.
    pub due_at: Option<DateTime<Utc>>,
    /// Times the same people were told again.
    pub reminders: i32,
    /// The answer.
    pub answer: Option<String>,
    /// Who gave it.
    pub answered_by: Option<Colleague>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
    /// 原因
    pub cause: Option<String>,
    /// 措施
    pub action: Option<String>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// An escalation as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EscalationDetail {
    /// What lists show.
    #[serde(flatten)]
    pub escalation: EscalationView,
    /// The time line, the oldest line first.
    pub lines: Vec<CaseLine>,
    /// Who was told, and when.
    pub notices: Vec<CaseNotice>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<EscalationView>> {
    let mut ids = Vec::new();
    for row in &rows {
        ids.push(row.originator_id);
        ids.extend(row.raised_by);
        ids.extend(row.answered_by);
    }
    let people = organization::colleagues(conn, ids).await?;
    let tickets = rows.iter().filter_map(|row| row.ticket_id).collect();
    let numbers = ticket_numbers(conn, tickets).await?;
    let views = rows.into_iter().map(|row| EscalationView {
        ticket_number: row.ticket_id.and_then(|id| numbers.get(&id).cloned()),
        raised_by: people::one(&people, row.raised_by),
        originator: people::one(&people, Some(row.originator_id)),
        answered_by: people::one(&people, row.answered_by),
        id: row.id,
        number: row.number,
        ticket_id: row.ticket_id,
        section: row.section,
        title: row.title,
        reason: row.reason,
        state: row.state,
        open: row.open,
        level: row.level,
        due_at: row.due_at,
        reminders: row.reminders,
        answer: row.answer,
        answered_at: row.answered_at,
        cause: row.cause,
        action: row.action,
        closed_at: row.closed_at,
        raised_at: row.raised_at,
        version: row.version,
    });
    Ok(views.collect())
}

/// The numbers of these tickets.
pub(crate) async fn ticket_numbers(
    conn: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tickets::row::Entity::find()
        .filter(tickets::row::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

async fn detail(app: &App, row: row::Model) -> Result<Json<EscalationDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let escalation = views(conn, vec![row])
        .await?
        .pop()
        .ok_or_else(|| not_found("escalation"))?;
    Ok(Json(EscalationDetail {
        escalation,
        lines: trail::lines(conn, id).await?,
        notices: trail::notices(conn, id).await?,
    }))
}

/// Lists escalations, the newest first.
#[utoipa::path(
    get, path = "/api/v1/escalations", tag = "escalations",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<EscalationView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewEscalations>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<EscalationView>>> {
    let conn = app.db.read();
    let rank = level::ladder(conn, app.clock.now())
        .await?
        .rank(&actor.principal().roles);
    let asked = (&query, &filter);
    let page = store::list(conn, actor.principal(), actor.scope(), rank, asked).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One escalation, with its time line and who was told when.
#[utoipa::path(
    get, path = "/api/v1/escalations/{id}", tag = "escalations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = EscalationDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewEscalations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<EscalationDetail>> {
    let row = store::get(app.db.read(), actor.user_id(), actor.scope(), id).await?;
    detail(&app, row).await
}

/// What goes up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEscalation {
    /// The ticket it is about; a free subject without one.
    ticket_id: Option<Uuid>,
    /// What it is about, up to 2,000 characters; the ticket's title when left out.
    title: Option<String>,
    /// Why it goes up.
    reason: String,
}

/// Raises an escalation at the level above one's own.
#[utoipa::path(
    post, path = "/api/v1/escalations", tag = "escalations",
    request_body = NewEscalation,
    responses((status = 201, body = EscalationDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn raise(
    actor: Actor<RaiseEscalations>,
    State(app): State<App>,
    Json(new): Json<NewEscalation>,
) -> Result<(StatusCode, Json<EscalationDetail>)> {
    let reason = needed("reason", &new.reason)?;
    let title = new.title.as_deref().map(|text| needed("title", text));
    let title = match (title.transpose()?, new.ticket_id) {
        (None, None) => needed("title", "").map(Some)?,
        (title, _) => title,
    };
    // Who may raise sees tickets as far as his right to see them goes.
    let tickets = Actor::<ViewTickets>::of(actor.principal().clone())?;
    let viewer = Viewer::of(&app, &tickets).await?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (originator, roles) = (actor.user_id(), actor.principal().roles.clone());
    let raised = db
        .write(move |tx| async move {
            let ticket = match new.ticket_id {
                Some(id) => Some(tickets::get(&*tx, &viewer, id).await?),
                None => None,
            };
            let section = ticket.as_ref().and_then(|ticket| ticket.section.as_deref());
            let of_ticket = ticket
                .as_ref()
                .map(|ticket| format!("{} {}", ticket.number, ticket.title));
            let ladder = level::ladder(&*tx, app.clock.now()).await?;
            let new = New {
                ticket_id: new.ticket_id,
                section: section::store::known(&*tx, section).await?,
                title: title.or(of_ticket).unwrap_or_default(),
                reason,
                originator,
                source_event: None,
                level: ladder.first_for(&roles),
            };
            store::raise(&app, &tx, &who, new).await
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, raised).await?))
}

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerRequest {
    /// The version that was read.
    version: i64,
    /// What is to be done.
    answer: String,
}

/// Answers an escalation; who raised it is told at once.
#[utoipa::path(
    post, path = "/api/v1/escalations/{id}/answer", tag = "escalations",
    params(("id" = Uuid, Path)),
    request_body = AnswerRequest,
    responses((status = 200, body = EscalationDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn answer(
    actor: Actor<AnswerEscalations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<AnswerRequest>,
) -> Result<Json<EscalationDetail>> {
    let answer = needed("answer", &request.answer)?;
    let now = app.clock.now();
    let ladder = level::ladder(app.db.read(), now).await?;
    let rank = ladder.rank(&actor.principal().roles).unwrap_or_default();
    let by = actor.user_id();
    let said = answer.clone();
    let more = move |after: &mut row::Model| {
        after.answer = Some(answer);
        after.answered_by = Some(by);
        after.answered_at = Some(now);
    };
    let action = Action::Answer { rank };
    step(app, actor, (id, request.version), action, Some(said), more).await
}

/// Why it has to go further up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromoteRequest {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Takes an escalation one level up, before its time is over or because the answer did not help.
#[utoipa::path(
    post, path = "/api/v1/escalations/{id}/promote", tag = "escalations",
    params(("id" = Uuid, Path)),
    request_body = PromoteRequest,
    responses((status = 200, body = EscalationDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn promote(
    actor: Actor<CloseEscalations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<PromoteRequest>,
) -> Result<Json<EscalationDetail>> {
    let reason = needed("reason", &request.reason)?;
    let version = (id, request.version);
    step(app, actor, version, Action::Promote, Some(reason), |_| {}).await
}

/// How it ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseRequest {
    /// The version that was read.
    version: i64,
    /// 原因: why it came to this.
    cause: String,
    /// 措施: what was done about it.
    action: String,
}

/// Closes an answered escalation with its cause and what was done.
#[utoipa::path(
    post, path = "/api/v1/escalations/{id}/close", tag = "escalations",
    params(("id" = Uuid, Path)),
    request_body = CloseRequest,
    responses((status = 200, body = EscalationDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn close(
    actor: Actor<CloseEscalations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<CloseRequest>,
) -> Result<Json<EscalationDetail>> {
    let cause = needed("cause", &request.cause)?;
    let action = needed("action", &request.action)?;
    let (by, now) = (actor.user_id(), app.clock.now());
    let note = format!("{cause}\n{action}");
    let more = move |after: &mut row::Model| {
        after.cause = Some(cause);
        after.action = Some(action);
        after.closed_by = Some(by);
        after.closed_at = Some(now);
    };
    let version = (id, request.version);
    step(app, actor, version, Action::Close, Some(note), more).await
}

async fn step<P: kernel::Permission>(
    app: App,
    actor: Actor<P>,
    (id, version): (Uuid, i64),
    action: Action,
    note: Option<String>,
    more: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<Json<EscalationDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (user, scope) = (actor.user_id(), actor.scope().clone());
    let after = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, user, &scope, id).await?, version)?;
            store::act(&app, &tx, &who, &before, &action, (note.as_deref(), more)).await
        })
        .await?;
    detail(&done, after).await
}

/// One level.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelView {
    /// 1 to 4.
    pub level: i32,
    /// Who answers.
    pub role: String,
    /// How many minutes he has, counted while the line is open.
    pub service_minutes: i64,
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// Where it stands; a default of the design says so.
    pub source: String,
}

/// The levels in force and the states an escalation goes through.
#[derive(Debug, Serialize, ToSchema)]
pub struct Levels {
    /// The lowest first.
    pub items: Vec<LevelView>,
    /// The states in their order.
    pub states: Vec<Standing>,
}

/// The levels in force.
#[utoipa::path(get, path = "/api/v1/escalation-levels", tag = "escalations", responses((status = 200, body = Levels)))]
pub(crate) async fn levels(
    _actor: Actor<ViewEscalations>,
    State(app): State<App>,
) -> Result<Json<Levels>> {
    let rows = level::levels(app.db.read(), app.clock.now()).await?;
    let items = rows.into_iter().map(|row| LevelView {
        level: i32::from(row.rule.level),
        role: row.rule.role.as_str().to_owned(),
        service_minutes: i64::from(row.rule.service_minutes),
        effective_from: row.stamp.effective_from,
        source: row.stamp.source,
    });
    Ok(Json(Levels {
        items: items.collect(),
        states: Standing::ALL.to_vec(),
    }))
}
