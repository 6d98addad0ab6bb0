//! Mass incidents over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App};
use organization::Colleague;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::report::{self, IncidentReport};
use super::store::{self, Filter, New, row};
use super::{Action, answer, link};
use crate::rights::{DeclareIncidents, LinkIncidents, ViewIncidents};
use crate::ticket::http::{TicketView, ticket_views};
use crate::ticket::store::row::Column as Ticket;
use crate::ticket::viewer::Viewer;
use crate::trail::{self, CaseLine};
use crate::{ViewTickets, matter, people};

/// Tickets or contacts linked by one click.
const MOST: usize = 200;

/// The routes of incidents.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, declare))
        .routes(routes!(suggestions))
        .routes(routes!(get, change))
        .routes(routes!(tickets, link_tickets))
        .routes(routes!(unlink_ticket))
        .routes(routes!(link_contacts))
        .routes(routes!(close))
        .routes(routes!(show_report))
        .with_state(app.clone())
}

/// An incident as lists and the banner show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ-G20261123-001`
    pub number: String,
    /// What is known to be wrong.
    pub title: String,
    /// Code of the matter.
    pub matter: Option<String>,
    /// The matter's name.
    pub matter_name: Option<String>,
    /// The one answer that all agents give.
    pub answer: String,
    /// What the banner says.
    pub banner: String,
    /// Who declared it.
    pub declared_by: Option<Colleague>,
    /// When.
    pub declared_at: DateTime<Utc>,
    /// `open`, `closing` or `closed`.
    pub state: String,
    /// Its banner stands.
    pub open: bool,
    /// When its answer has to be looked at again; null once it is closed.
    pub due_at: Option<DateTime<Utc>>,
    /// Linked tickets.
    pub tickets: u64,
    /// Of these, those that the closing is done with.
    pub done: u64,
    /// Linked contacts.
    pub contacts: u64,
    /// 原因
    pub cause: Option<String>,
    /// When the answering of all began.
    pub closing_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// An incident as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentDetail {
    /// What lists show.
    #[serde(flatten)]
    pub incident: IncidentView,
    /// The time line, the oldest line first.
    pub lines: Vec<CaseLine>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<IncidentView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.declared_by).collect();
    let people = organization::colleagues(conn, ids).await?;
    let counts = store::counts(conn, rows.iter().map(|row| row.id).collect()).await?;
    let codes = rows.iter().filter_map(|row| row.matter_code.clone());
    let matters = matter::names(conn, codes.collect()).await?;
    let views = rows.into_iter().map(|row| {
        let counts = counts.get(&row.id).copied().unwrap_or_default();
        IncidentView {
            matter_name: row
                .matter_code
                .as_ref()
                .and_then(|code| matters.get(code).cloned()),
            declared_by: people::one(&people, Some(row.declared_by)),
            tickets: counts.tickets,
            done: counts.done,
            contacts: counts.contacts,
            id: row.id,
            number: row.number,
            title: row.title,
            matter: row.matter_code,
            answer: row.answer,
            banner: row.banner,
            declared_at: row.declared_at,
            state: row.state,
            open: row.open,
            due_at: row.due_at,
            cause: row.cause,
            closing_at: row.closing_at,
            closed_at: row.closed_at,
            version: row.version,
        }
    });
    Ok(views.collect())
}

async fn detail(app: &App, row: row::Model) -> Result<Json<IncidentDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let incident = views(conn, vec![row])
        .await?
        .pop()
        .ok_or_else(|| not_found("incident"))?;
    Ok(Json(IncidentDetail {
        incident,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Lists mass incidents, the newest first. `open=true` is what the banner shows.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "incidents",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<IncidentView>)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewIncidents>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<IncidentView>>> {
    let conn = app.db.read();
    let page = store::list(conn, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One incident, with its time line.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", tag = "incidents",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = IncidentDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    _actor: Actor<ViewIncidents>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<IncidentDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, row).await
}

/// A known fault.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIncident {
    /// What is known to be wrong.
    title: String,
    /// Code of a leaf of the matter tree.
    matter: Option<String>,
    /// The one answer that all agents give.
    answer: String,
    /// What the banner says; the title when left out.
    banner: Option<String>,
}

/// Declares a mass incident: its banner is on every screen when this answers.
#[utoipa::path(
    post, path = "/api/v1/incidents", tag = "incidents",
    request_body = NewIncident,
    responses((status = 201, body = IncidentDetail), (status = 422, body = Problem)),
)]
pub(crate) async fn declare(
    actor: Actor<DeclareIncidents>,
    State(app): State<App>,
    Json(new): Json<NewIncident>,
) -> Result<(StatusCode, Json<IncidentDetail>)> {
    let title = needed("title", &new.title)?;
    let banner = checked("banner", new.banner.as_deref().unwrap_or(&title))?;
    let new = New {
        banner: if banner.is_empty() {
            title.clone()
        } else {
            banner
        },
        title,
        matter: new.matter,
        answer: needed("answer", &new.answer)?,
        declared_by: actor.user_id(),
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let incident = db
        .write(move |tx| async move {
            if let Some(code) = &new.matter {
                matter::must_be_leaf(&*tx, code).await?;
            }
            store::declare(&app, &tx, &who, new).await
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, incident).await?))
}

/// What is to be changed; a field left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeIncident {
    /// The version that was read.
    version: i64,
    /// What is known to be wrong.
    title: Option<String>,
    /// The one answer that all agents give.
    answer: Option<String>,
    /// What the banner says.
    banner: Option<String>,
}

/// Looks at an incident again: with what is known now, or as it stands.
#[utoipa::path(
    patch, path = "/api/v1/incidents/{id}", tag = "incidents",
    params(("id" = Uuid, Path)),
    request_body = ChangeIncident,
    responses((status = 200, body = IncidentDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn change(
    actor: Actor<DeclareIncidents>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ChangeIncident>,
) -> Result<Json<IncidentDetail>> {
    let text = |field: &'static str, text: &Option<String>| {
        text.as_deref().map(|text| needed(field, text)).transpose()
    };
    let title = text("title", &request.title)?;
    let answer = text("answer", &request.answer)?;
    let banner = text("banner", &request.banner)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let incident = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let note = answer.clone();
            let more = |after: &mut row::Model| {
                after.title = title.unwrap_or(after.title.clone());
                after.answer = answer.unwrap_or(after.answer.clone());
                after.banner = banner.unwrap_or(after.banner.clone());
            };
            let told = ("changed", note.as_deref());
            store::act(&app, &tx, &who, &before, &Action::Review, told, more).await
        })
        .await?;
    detail(&done, incident).await
}

/// The tickets of an incident that the actor may see, the newest first.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/tickets", tag = "incidents",
    params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, body = Page<TicketView>), (status = 404, body = Problem)),
)]
pub(crate) async fn tickets(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<TicketView>>> {
    let conn = app.db.read();
    store::get(conn, id).await?;
    let viewer = Viewer::of(&app, &actor).await?;
    let select = viewer.tickets().filter(Ticket::IncidentId.eq(id));
    let sortable = [("opened_at", Ticket::OpenedAt)];
    let page = paginate(conn, select, &query, &sortable, Ticket::Id).await?;
    let shown = page.shown(async |rows| ticket_views(conn, app.clock.now(), &viewer, rows).await);
    Ok(Json(shown.await?))
}

/// Tickets to be linked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketIds {
    /// 1 to 200 tickets.
    tickets: Vec<Uuid>,
}

/// Contacts to be linked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactIds {
    /// The calls of 1 to 200 contact records.
    contact_records: Vec<Uuid>,
}

fn at_most(field: &'static str, ids: &[Uuid]) -> Result<()> {
    if (1..=MOST).contains(&ids.len()) {
        return Ok(());
    }
    Err(invalid(field, "too_many_to_link", "1 to 200 at once"))
}

/// Links tickets, with their contacts, to an incident. All or none.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/tickets", tag = "incidents",
    params(("id" = Uuid, Path)),
    request_body = TicketIds,
    responses((status = 200, body = IncidentDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn link_tickets(
    actor: Actor<LinkIncidents>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<TicketIds>,
) -> Result<Json<IncidentDetail>> {
    at_most("tickets", &request.tickets)?;
    let viewer = Viewer::of(&app, &actor).await?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let incident = db
        .write(move |tx| async move {
            link::tickets(&app, &tx, &who, id, (&viewer, &request.tickets)).await
        })
        .await?;
    detail(&done, incident).await
}

/// Takes a ticket that was linked by mistake out again.
#[utoipa::path(
    delete, path = "/api/v1/incidents/{id}/tickets/{ticket_id}", tag = "incidents",
    params(("id" = Uuid, Path), ("ticket_id" = Uuid, Path)),
    responses((status = 200, body = IncidentDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn unlink_ticket(
    actor: Actor<LinkIncidents>,
    State(app): State<App>,
    Path((id, ticket)): Path<(Uuid, Uuid)>,
) -> Result<Json<IncidentDetail>> {
    let viewer = Viewer::of(&app, &actor).await?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let incident = db
        .write(move |tx| async move { link::unlink(&app, &tx, &who, id, (&viewer, ticket)).await })
        .await?;
    detail(&done, incident).await
}

/// Links contacts that needed no ticket to an incident. All or none.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/contact-records", tag = "incidents",
    params(("id" = Uuid, Path)),
    request_body = ContactIds,
    responses((status = 200, body = IncidentDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn link_contacts(
    actor: Actor<LinkIncidents>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ContactIds>,
) -> Result<Json<IncidentDetail>> {
    at_most("contact_records", &request.contact_records)?;
    let scope = actor.scope().clone();
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let incident = db
        .write(move |tx| async move {
            link::contacts(&app, &tx, &who, id, (&scope, &request.contact_records)).await
        })
        .await?;
    detail(&done, incident).await
}

/// How it ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseIncident {
    /// The version that was read.
    version: i64,
    /// 原因: what was wrong.
    cause: String,
    /// The answer that all linked open tickets get; the one that stands when left out.
    answer: Option<String>,
}

/// Ends an incident: all linked open tickets get its answer (`done` of `tickets` tells how far it is), complaints
/// and reports wait for their sign-off as always, and the report is written.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/close", tag = "incidents",
    params(("id" = Uuid, Path)),
    request_body = CloseIncident,
    responses((status = 202, body = IncidentDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn close(
    actor: Actor<DeclareIncidents>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<CloseIncident>,
) -> Result<(StatusCode, Json<IncidentDetail>)> {
    let cause = needed("cause", &request.cause)?;
    let given = request.answer.as_deref().map(|text| needed("answer", text));
    let given = given.transpose()?;
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let incident = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let note = cause.clone();
            let more = |after: &mut row::Model| {
                after.cause = Some(cause);
                after.answer = given.unwrap_or(after.answer.clone());
                after.closed_by = Some(by);
                after.closing_at = Some(now);
            };
            let told = ("closing", Some(note.as_str()));
            let after = store::act(&app, &tx, &who, &before, &Action::Close, told, more).await?;
            answer::enqueue(&app, &tx, &after).await?;
            Ok(after)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, detail(&done, incident).await?))
}

/// The report of an incident: as it was closed, or as it stands now.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/report", tag = "incidents",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = IncidentReport), (status = 404, body = Problem)),
)]
pub(crate) async fn show_report(
    _actor: Actor<ViewIncidents>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<IncidentReport>> {
    let conn = app.db.read();
    let incident = store::get(conn, id).await?;
    Ok(Json(report::of(conn, &incident, app.clock.now()).await?))
}

/// A matter about which more came in lately than usual.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestion {
    /// Code of the matter.
    pub matter: String,
    /// The matter's name.
    pub matter_name: Option<String>,
    /// Tickets since then that belong to no incident.
    pub tickets: u64,
    /// Since when they are counted.
    pub since: DateTime<Utc>,
}

/// The matters that may be incidents.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestions {
    /// All of them.
    pub items: Vec<Suggestion>,
}

/// Matters with so many tickets in the last hours that one incident may stand behind them.
#[utoipa::path(
    get, path = "/api/v1/incidents/suggestions", tag = "incidents",
    responses((status = 200, body = Suggestions)),
)]
pub(crate) async fn suggestions(
    _actor: Actor<DeclareIncidents>,
    State(app): State<App>,
) -> Result<Json<Suggestions>> {
    let conn = app.db.read();
    let crowds = store::crowds(conn, app.clock.now(), None).await?;
    let codes = crowds.iter().map(|crowd| crowd.matter.clone()).collect();
    let names = matter::names(conn, codes).await?;
    let items = crowds.into_iter().map(|crowd| Suggestion {
        matter_name: names.get(&crowd.matter).cloned(),
        matter: crowd.matter,
        tickets: crowd.tickets,
        since: crowd.since,
    });
    Ok(Json(Suggestions {
        items: items.collect(),
    }))
}
