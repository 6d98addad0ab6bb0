//! What the requester may see: where his request stands, by its number and the telephone number it came from,
//! and the link by which he rates the answer. Nobody is signed in here.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::http::Json;
use kernel::masked::keyed_hash;
use kernel::problem::{Problem, Result, not_found, refused};
use kernel::rate::Rate;
use kernel::text::checked;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::ticket::act::Hand;
use crate::ticket::life::{Action, Satisfaction, State as TicketState};
use crate::ticket::store::row::{self, Column};

/// Questions from one address within the window; more have to wait.
const QUESTIONS: usize = 20;
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// What the public routes share.
#[derive(Clone)]
struct Desk {
    app: App,
    asked: Rate<IpAddr>,
}

impl Desk {
    /// Counts a question of this address; 429 when there were too many.
    fn admit(&self, peer: Option<IpAddr>) -> Result<()> {
        peer.map_or(Ok(()), |peer| self.asked.admit(peer, self.app.clock.now()))
    }
}

/// The public routes: no handler of them has an actor.
pub(crate) fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(rate))
        .with_state(Desk {
            app: app.clone(),
            asked: Rate::new(QUESTIONS, WINDOW),
        })
}

/// Which request, and the proof that it is one's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusQuestion {
    /// The number read out or sent: `SJ20261123-0001`.
    number: String,
    /// The whole telephone number the request came from.
    phone: String,
}

/// What is told: nothing of the house, nothing of the person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicStatus {
    /// The number.
    pub number: String,
    /// `received`, `in_handling`, `waiting_for_you`, `answered` or `ended`.
    pub stage: &'static str,
    /// 诉求类型
    pub request_type: Option<String>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// When an answer is due; null once there is one.
    pub due_at: Option<DateTime<Utc>>,
    /// The answer.
    pub answer: Option<String>,
    /// Goes with a rating; null when there is nothing to rate, or it was rated.
    pub rating_token: Option<String>,
}

fn stage(state: TicketState) -> &'static str {
    match state {
        TicketState::Draft | TicketState::PendingSign => "received",
        TicketState::InHandling | TicketState::PendingReview => "in_handling",
        TicketState::Suspended => "waiting_for_you",
        TicketState::Replied => "answered",
        TicketState::Closed
        | TicketState::Returned
        | TicketState::Rejected
        | TicketState::Merged
        | TicketState::Void
        | TicketState::Archived => "ended",
    }
}

/// Says the same for an unknown number and for somebody else's: guessing teaches nothing.
fn unknown() -> Problem {
    not_found("request with this number and telephone number")
}

/// Where a request stands.
#[utoipa::path(
    post, path = "/api/v1/public/ticket-status", tag = "tickets",
    request_body = StatusQuestion,
    responses((status = 200, body = PublicStatus), (status = 404, body = Problem), (status = 429, body = Problem)),
)]
async fn show(
    State(desk): State<Desk>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Json(question): Json<StatusQuestion>,
) -> Result<Response> {
    desk.admit(peer.map(|Extension(peer)| peer.0.ip()))?;
    let (app, conn) = (&desk.app, desk.app.db.read());
    let number = checked("number", &question.number)?.to_uppercase();
    let ticket = row::Entity::find()
        .filter(Column::Number.eq(number))
        .filter(Column::State.is_not_in([TicketState::Draft.as_str(), TicketState::Void.as_str()]))
        .one(conn)
        .await?
        .ok_or_else(unknown)?;
    // By the number the request came from, or by the one that was given with it.
    let person = requesters::same_person(conn, ticket.requester_id).await?;
    let caller = requesters::by_number(app, conn, &question.phone).await?;
    let his = caller.is_some_and(|caller| person.contains(&caller.id))
        || requesters::gave_number(app, conn, ticket.requester_id, &question.phone).await?;
    if !his {
        return Err(unknown());
    }
    let state = ticket.standing()?;
    let answered = matches!(
        state,
        TicketState::Replied | TicketState::Closed | TicketState::Archived
    );
    let may_rate = answered && state != TicketState::Archived && ticket.satisfaction.is_none();
    let told = PublicStatus {
        stage: stage(state),
        request_type: ticket.request_type.clone(),
        received_at: ticket.opened_at,
        due_at: (ticket.open && !answered).then_some(ticket.due_at),
        answer: ticket.resolution.clone().filter(|_| answered),
        rating_token: may_rate.then(|| token(app, &ticket)),
        number: ticket.number,
    };
    Ok(unkept(Json(told)))
}

/// What is personal stands in no cache and in no table of repeated requests.
fn unkept(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The token of a ticket's answer: of this ticket, of this handling (a 重办 has another one).
pub fn token(app: &App, ticket: &row::Model) -> String {
    let proof = proof(app, ticket);
    format!("{}.{proof}", ticket.id.simple())
}

fn proof(app: &App, ticket: &row::Model) -> String {
    let reopenings = ticket.case().map_or(0, |case| case.reopenings);
    let text = format!("rating:{}:{reopenings}", ticket.id);
    keyed_hash(app.key.bytes(), &text)
        .chars()
        .take(32)
        .collect()
}

/// How the requester rates the answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// The token of the link.
    token: String,
    /// `satisfied`, `fair` or `dissatisfied`.
    said: Satisfaction,
    /// In his own words, up to 2,000 characters.
    words: Option<String>,
}

/// What became of a rating.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rated {
    /// The stage the request has now.
    stage: &'static str,
}

/// Rates the answer to a request, once. Dissatisfaction has it handled anew where the rules say so.
#[utoipa::path(
    post, path = "/api/v1/public/ratings", tag = "tickets",
    request_body = Rating,
    responses((status = 200, body = Rated), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn rate(
    State(desk): State<Desk>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Json(rating): Json<Rating>,
) -> Result<Response> {
    desk.admit(peer.map(|Extension(peer)| peer.0.ip()))?;
    if rating.said == Satisfaction::Unreached {
        return Err(kernel::problem::invalid(
            "said",
            "rating_invalid",
            "satisfied, fair or dissatisfied",
        ));
    }
    let words = rating
        .words
        .as_deref()
        .map(|words| checked("words", words))
        .transpose()?;
    let (db, app) = (desk.app.db.clone(), desk.app.clone());
    let ticket = db
        .write(move |tx| async move {
            let ticket = named_by(&app, &*tx, &rating.token).await?;
            if ticket.satisfaction.is_some() && ticket.state != TicketState::Replied.as_str() {
                return Err(refused("rated_before", "this answer was rated before"));
            }
            let who = Who::system("requester");
            let hand = Hand::of(&app, &tx, &who).await?;
            let note = words.as_deref().filter(|words| !words.is_empty());
            let said = rating.said;
            let note_it = move |mut after: row::Model| {
                after.satisfaction = Some(said.as_str().to_owned());
                after
            };
            // After the end a rating is kept and changes nothing by itself; dissatisfied, the lead decides.
            let action = if ticket.state == TicketState::Replied.as_str() {
                Action::Revisit(said)
            } else {
                Action::Rate
            };
            Box::pin(hand.act_and(ticket, &action, note, note_it)).await
        })
        .await?;
    Ok(unkept(Json(Rated {
        stage: stage(ticket.standing()?),
    })))
}

async fn named_by(app: &App, conn: &impl ConnectionTrait, token: &str) -> Result<row::Model> {
    let bad = || not_found("answer to rate");
    let (id, given) = token.split_once('.').ok_or_else(bad)?;
    let id: Uuid = id.parse().map_err(|_| bad())?;
    let ticket = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(bad)?;
    // Equal lengths and a keyed hash: a guess learns nothing from the time it takes.
    if proof(app, &ticket) == given {
        Ok(ticket)
    } else {
        Err(bad())
    }
}
