//! Tickets over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::{Actor, App, PersonName, Phone};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::{self, Edit};
use super::history::{self, HistoryLine};
use super::store::{self, Filter, row};
use crate::people;
use crate::text::checked;
use crate::words::RequestType;
use crate::{EditTickets, ViewTickets, matter};

/// Who wants something, masked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RequesterRef {
    /// The requester.
    pub id: Uuid,
    /// The name given, masked.
    #[schema(value_type = Option<String>)]
    pub name: Option<PersonName>,
    /// The number, masked; null when withheld.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Phone>,
}

/// A ticket as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ20261123-0001`
    pub number: String,
    /// `draft`, `open`, `closed` or `void`.
    pub state: String,
    /// 诉求类型
    pub request_type: Option<String>,
    /// Code of the matter.
    pub matter: Option<String>,
    /// Its name.
    pub matter_name: Option<String>,
    /// 摘要
    pub summary: String,
    /// What was done for the requester; null until it is closed.
    pub resolution: Option<String>,
    /// Who wants something.
    pub requester: Option<RequesterRef>,
    /// 首接责任人: who first took the request; never changes.
    pub first_owner_id: Uuid,
    /// Who that is.
    pub first_owner: Option<Colleague>,
    /// 当前责任人: who answers for it now.
    pub current_owner_id: Uuid,
    /// Who that is.
    pub owner: Option<Colleague>,
    /// The call it was opened with.
    pub source_call_id: Option<Uuid>,
    /// When it was opened with the call.
    pub opened_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was closed or voided.
    pub closed_at: Option<DateTime<Utc>>,
    /// Rises with each change; send it back with a change.
    pub version: i64,
}

/// The views of these tickets, in their order.
pub(crate) async fn ticket_views(
    conn: &impl ConnectionTrait,
    tickets: Vec<row::Model>,
) -> Result<Vec<TicketView>> {
    let owners = tickets
        .iter()
        .flat_map(|ticket| [ticket.first_owner_id, ticket.current_owner_id]);
    let people = organization::colleagues(conn, owners).await?;
    let who = requesters::find_many(
        conn,
        tickets.iter().map(|ticket| ticket.requester_id).collect(),
    )
    .await?;
    let names = matter::names(
        conn,
        tickets
            .iter()
            .filter_map(|ticket| ticket.matter_code.clone())
            .collect(),
    )
    .await?;
    let views = tickets.into_iter().map(|ticket| {
        let requester = who
            .iter()
            .find(|requester| requester.id == ticket.requester_id);
        TicketView {
            id: ticket.id,
            number: ticket.number,
            state: ticket.state,
            request_type: ticket.request_type,
            matter_name: ticket
                .matter_code
                .as_ref()
                .and_then(|code| names.get(code).cloned()),
            matter: ticket.matter_code,
            summary: ticket.summary,
            resolution: ticket.resolution,
            requester: requester.map(|requester| RequesterRef {
                id: requester.id,
                name: requester.name.clone(),
                phone: requester.phone.clone(),
            }),
            first_owner_id: ticket.first_owner_id,
            current_owner_id: ticket.current_owner_id,
            first_owner: people::one(&people, Some(ticket.first_owner_id)),
            owner: people::one(&people, Some(ticket.current_owner_id)),
            source_call_id: ticket.source_call_id,
            opened_at: ticket.opened_at,
            updated_at: ticket.updated_at,
            closed_at: ticket.closed_at,
            version: ticket.version,
        }
    });
    Ok(views.collect())
}

async fn view(app: &App, ticket: row::Model) -> Result<Json<TicketView>> {
    let mut views = ticket_views(app.db.read(), vec![ticket]).await?;
    views.pop().map(Json).ok_or_else(|| not_found("ticket"))
}

/// Lists tickets, the newest first. `q` is the beginning of a ticket number, a telephone number or words of
/// the summary.
#[utoipa::path(
    get, path = "/api/v1/tickets", tag = "tickets",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<TicketView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<TicketView>>> {
    let conn = app.db.read();
    let page = store::list(&app, conn, actor.scope(), actor.user_id(), &query, &filter).await?;
    Ok(Json(Page {
        items: ticket_views(conn, page.items).await?,
        next: page.next,
        total: page.total,
        total_capped: page.total_capped,
    }))
}

/// One ticket.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TicketView), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<TicketView>> {
    let ticket = store::get(app.db.read(), actor.scope(), id).await?;
    view(&app, ticket).await
}

/// The history of a ticket, the newest line first.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}/history", tag = "tickets",
    params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, body = Page<HistoryLine>), (status = 404, body = Problem)),
)]
pub(crate) async fn show_history(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<HistoryLine>>> {
    let conn = app.db.read();
    let ticket = store::get(conn, actor.scope(), id).await?;
    Ok(Json(history::list(conn, ticket.id, &query).await?))
}

/// What is to be corrected; a field left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditRequest {
    /// The version that was read.
    version: i64,
    /// 诉求类型
    request_type: Option<RequestType>,
    /// Code of a leaf of the matter tree.
    matter: Option<String>,
    /// 摘要, 1 to 2,000 characters.
    summary: Option<String>,
}

/// Corrects the classification or the summary of a ticket.
#[utoipa::path(
    patch, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = EditRequest,
    responses((status = 200, body = TicketView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn edit(
    actor: Actor<EditTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<EditRequest>,
) -> Result<Json<TicketView>> {
    let summary = request
        .summary
        .as_deref()
        .map(|summary| needed("summary", summary))
        .transpose()?;
    let edit = Edit {
        request_type: request.request_type.map(|word| word.as_str().to_owned()),
        matter: request.matter,
        summary,
    };
    let (db, done) = (app.db.clone(), app.clone());
    let ticket = db
        .write(move |tx| async move {
            if let Some(code) = &edit.matter {
                matter::must_be_leaf(&*tx, code).await?;
            }
            change::edit(
                &app,
                &tx,
                &actor.who(),
                actor.scope(),
                (id, request.version),
                edit,
            )
            .await
        })
        .await?;
    view(&done, ticket).await
}

/// How a ticket ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseRequest {
    /// The version that was read.
    version: i64,
    /// What was done for the requester, 1 to 2,000 characters.
    resolution: String,
}

/// Closes a ticket (办结).
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/close", tag = "tickets",
    params(("id" = Uuid, Path)),
    request_body = CloseRequest,
    responses((status = 200, body = TicketView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn close(
    actor: Actor<EditTickets>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<CloseRequest>,
) -> Result<Json<TicketView>> {
    let resolution = needed("resolution", &request.resolution)?;
    let (db, done) = (app.db.clone(), app.clone());
    let ticket = db
        .write(move |tx| async move {
            Box::pin(change::close(
                &app,
                &tx,
                &actor.who(),
                actor.scope(),
                (id, request.version),
                resolution,
            ))
            .await
        })
        .await?;
    view(&done, ticket).await
}

fn needed(field: &'static str, text: &str) -> Result<String> {
    let text = checked(field, text)?;
    if text.is_empty() {
        return Err(invalid(field, "text_missing", format!("{field} is needed")));
    }
    Ok(text)
}
