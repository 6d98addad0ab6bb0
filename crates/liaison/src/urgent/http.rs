//! Urgent notices over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::needed;
use kernel::versioned;
use kernel::{Actor, App, Principal, Side};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Called, Filter, row, try_row};
use crate::letter::http::LinkedLetter;
use crate::letter::store as letters;
use crate::rights::{SendUrgentNotices, ViewUrgentNotices};
use crate::side;
use crate::trail::{self, TrailLine};

/// The routes of urgent notices.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, send))
        .routes(routes!(show))
        .routes(routes!(acknowledge))
        .routes(routes!(log_call))
        .routes(routes!(link))
        .with_state(app.clone())
}

/// An urgent notice as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UrgentNoticeView {
    /// Identifies it.
    pub id: Uuid,
    /// `JT-20261126-001`
    pub number: String,
    /// Whose it is.
    pub from_side: Side,
    /// What it is about.
    pub title: String,
    /// `sent`, `escalated`, `unreached` or `arrived`.
    pub state: String,
    /// Nobody has it yet.
    pub open: bool,
    /// When somebody has to have answered.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// When it arrived.
    pub arrived_at: Option<DateTime<Utc>>,
    /// `acknowledged` or `call`.
    pub proof: Option<String>,
    /// The letter that followed.
    pub letter_id: Option<Uuid>,
    /// Rises with each change.
    pub version: i64,
}

/// One try to tell somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct UrgentTryView {
    /// Whom.
    pub user: Option<Colleague>,
    /// As what he was told: `primary` or `substitute`.
    pub standing: String,
    /// By which way.
    pub way: String,
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// When it left; that is no arrival.
    pub sent_at: Option<DateTime<Utc>>,
    /// When he had it.
    pub arrived_at: Option<DateTime<Utc>>,
    /// Of a call: he was reached.
    pub reached: Option<bool>,
    /// Of a call: what was said.
    pub note: Option<String>,
}

/// An urgent notice as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UrgentNoticeDetail {
    /// What lists show.
    #[serde(flatten)]
    pub notice: UrgentNoticeView,
    /// What it says.
    pub content: String,
    /// Who sent it.
    pub sent_by: Option<Colleague>,
    /// Who had it.
    pub arrived_with: Option<Colleague>,
    /// Whom it was told by which way.
    pub tries: Vec<UrgentTryView>,
    /// The letter that followed.
    pub letter: Option<LinkedLetter>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(row: &row::Model) -> UrgentNoticeView {
    UrgentNoticeView {
        id: row.id,
        number: row.number.clone(),
        from_side: row.from(),
        title: row.title.clone(),
        state: row.state.clone(),
        open: row.open,
        due_at: row.due_at,
        sent_at: row.sent_at,
        arrived_at: row.arrived_at,
        proof: row.proof.clone(),
        letter_id: row.letter_id,
        version: row.version,
    }
}

fn offered(principal: &Principal, row: &row::Model, tries: &[try_row::Model]) -> Vec<&'static str> {
    let mut offered = Vec::new();
    let told = tries.iter().any(|one| one.user_id == principal.user_id);
    if row.open && told {
        offered.push("acknowledge");
    }
    if row.from() == side::of(principal) && principal.may::<SendUrgentNotices>() {
        if row.open {
            offered.push("log_call");
        }
        if row.letter_id.is_none() {
            offered.push("link_letter");
        }
    }
    offered
}

async fn detail(
    app: &App,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<UrgentNoticeDetail>> {
    let (conn, of) = (app.db.read(), side::of(principal));
    let tries = store::tries(conn, row.id).await?;
    let mut people: Vec<Uuid> = tries.iter().map(|one| one.user_id).collect();
    people.extend(row.sent_by);
    people.extend(row.arrived_with);
    let people = organization::colleagues(conn, people).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let letter = match row.letter_id {
        Some(id) => letters::get(conn, of, id).await.ok(),
        None => None,
    };
    let actions = offered(principal, &row, &tries);
    let tries = tries.into_iter().map(|one| UrgentTryView {
        user: people.get(&one.user_id).cloned(),
        standing: one.standing,
        way: one.way,
        made_at: one.made_at,
        sent_at: one.sent_at,
        arrived_at: one.arrived_at,
        reached: one.reached,
        note: one.note,
    });
    Ok(Json(UrgentNoticeDetail {
        notice: view(&row),
        tries: tries.collect(),
        sent_by: person(row.sent_by),
        arrived_with: person(row.arrived_with),
        letter: letter.map(|letter| LinkedLetter {
            id: letter.id,
            number: letter.number,
            title: letter.title,
            state: letter.state,
        }),
        actions,
        lines: trail::lines(conn, row.id, of).await?,
        content: row.content,
    }))
}

/// Lists urgent notices of both sides, the newest first.
#[utoipa::path(
    get, path = "/api/v1/urgent-notices", tag = "liaison", operation_id = "list_urgent_notices",
    params(ListQuery, Filter), responses((status = 200, body = Page<UrgentNoticeView>)),
)]
async fn list(
    _actor: Actor<ViewUrgentNotices>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<UrgentNoticeView>>> {
    let page = store::list(app.db.read(), &query, &filter).await?;
    Ok(Json(page.map(|row| view(&row))))
}

/// One urgent notice with every try and its proof of arrival.
#[utoipa::path(
    get, path = "/api/v1/urgent-notices/{id}", tag = "liaison", operation_id = "get_urgent_notice",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = UrgentNoticeDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewUrgentNotices>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<UrgentNoticeDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What is urgent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUrgentNotice {
    /// What it is about.
    title: String,
    /// What it says.
    content: String,
}

/// Sends an urgent notice to the other side's liaison person of today by the ways agreed with him.
#[utoipa::path(
    post, path = "/api/v1/urgent-notices", tag = "liaison", operation_id = "send_urgent_notice",
    request_body = NewUrgentNotice,
    responses((status = 201, body = UrgentNoticeDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn send(
    actor: Actor<SendUrgentNotices>,
    State(app): State<App>,
    Json(new): Json<NewUrgentNotice>,
) -> Result<(StatusCode, Json<UrgentNoticeDetail>)> {
    let said = (
        needed("title", &new.title)?,
        needed("content", &new.content)?,
    );
    let from = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move { store::send(&app, &tx, (&who, from), said).await })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// Says that one has it; by whom it was told to.
#[utoipa::path(
    post, path = "/api/v1/urgent-notices/{id}/acknowledge", tag = "liaison",
    operation_id = "acknowledge_urgent_notice", params(("id" = Uuid, Path)),
    responses((status = 200, body = UrgentNoticeDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn acknowledge(
    actor: Actor<ViewUrgentNotices>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<UrgentNoticeDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let user = actor.user_id();
    let row = db
        .write(move |tx| async move {
            let notice = store::get(&*tx, id).await?;
            store::acknowledge(&app, &tx, &who, &notice, user).await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// A call that was made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoggedCall {
    /// Which liaison person was called.
    person_id: Uuid,
    /// When; now when left out.
    at: Option<DateTime<Utc>>,
    /// He answered and was told.
    reached: bool,
    /// What was said, or why he was not reached.
    note: String,
}

/// Logs a call to the other side's liaison person; one that reached him is the proof of arrival.
#[utoipa::path(
    post, path = "/api/v1/urgent-notices/{id}/calls", tag = "liaison", operation_id = "log_urgent_call",
    params(("id" = Uuid, Path)), request_body = LoggedCall,
    responses((status = 200, body = UrgentNoticeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn log_call(
    actor: Actor<SendUrgentNotices>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(call): Json<LoggedCall>,
) -> Result<Json<UrgentNoticeDetail>> {
    let by = side::of(actor.principal());
    let now = app.clock.now();
    let call = Called {
        person_id: call.person_id,
        at: call.at.unwrap_or(now),
        reached: call.reached,
        note: needed("note", &call.note)?,
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let notice = store::get(&*tx, id).await?;
            must_be_own(&notice, by)?;
            if call.at < notice.sent_at - TimeDelta::minutes(1) || call.at > now {
                let detail = "a call is made after the notice was written, and not ahead";
                return Err(invalid("at", "call_out_of_time", detail));
            }
            store::called(&app, &tx, &who, &notice, call).await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

fn must_be_own(notice: &row::Model, by: Side) -> Result<()> {
    if notice.from() == by {
        return Ok(());
    }
    let detail = "this notice is the other side's";
    Err(refused("urgent_of_other_side", detail).with_way_out("acknowledge what came to you"))
}

/// The letter that followed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UrgentLetter {
    /// The version that was read.
    version: i64,
    /// A letter of one's own side.
    letter_id: Uuid,
}

/// Links the letter that followed (补函).
#[utoipa::path(
    post, path = "/api/v1/urgent-notices/{id}/letter", tag = "liaison", operation_id = "link_urgent_letter",
    params(("id" = Uuid, Path)), request_body = UrgentLetter,
    responses((status = 200, body = UrgentNoticeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn link(
    actor: Actor<SendUrgentNotices>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<UrgentLetter>,
) -> Result<Json<UrgentNoticeDetail>> {
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let notice = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            must_be_own(&notice, by)?;
            if notice.letter_id.is_some() {
                let detail = "a letter follows this notice already";
                return Err(refused("urgent_has_letter", detail));
            }
            let letter = letters::get(&*tx, by, request.letter_id).await?;
            if letter.from() != by || letter.state == "void" {
                let detail = "a letter of one's own side that is not void";
                return Err(invalid("letter_id", "letter_does_not_fit", detail));
            }
            store::link(&app, &tx, &who, &notice, &letter).await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
