//! 请示 and 报告 over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::rights::Side;
use kernel::text::needed;
use kernel::versioned;
use kernel::{Actor, App, Permission, Principal, Scope};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, LEADER, Text, row};
use super::{Action, Kind};
use crate::contact::documents as contact;
use crate::escalation::http::ticket_numbers;
use crate::rights::{ReplyInstructions, ViewInstructions, WriteInstructions};
use crate::ticket::store as tickets;
use crate::ticket::viewer::Viewer;
use crate::trail::{self, CaseLine, CaseNotice};
use crate::{ViewTickets, matter, people, section};

/// The routes of 请示 and 报告.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .routes(routes!(get, edit))
        .routes(routes!(submit))
        .routes(routes!(send_back))
        .routes(routes!(reply))
        .routes(routes!(receive))
        .routes(routes!(close))
        .with_state(app.clone())
}

/// A document as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstructionView {
    /// Identifies it.
    pub id: Uuid,
    /// `请示〔2026〕3号`; null while it has not been submitted.
    pub number: Option<String>,
    /// `instruction_request` or `report`.
    pub kind: String,
    /// Code of its one matter.
    pub matter: String,
    /// The matter's name.
    pub matter_name: Option<String>,
    /// The section it goes to; null for the purchaser's leader.
    pub section: Option<String>,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// The ticket's number.
    pub ticket_number: Option<String>,
    /// The call it was written in.
    pub call_id: Option<Uuid>,
    /// 标题
    pub title: String,
    /// 正文
    pub body: String,
    /// Who wrote it.
    pub author: Option<Colleague>,
    /// `draft`, `submitted`, `returned`, `replied`, `received` or `closed`.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// When the next step is due; null once it is closed.
    pub due_at: Option<DateTime<Utc>>,
    /// The rule that made it due then.
    pub rule_id: Option<String>,
    /// The next step is late.
    pub overdue: bool,
    /// Why it was returned.
    pub returned_for: Option<String>,
    /// 批复, or what was said with the receipt.
    pub reply: Option<String>,
    /// Who gave it.
    pub replied_by: Option<Colleague>,
    /// When.
    pub replied_at: Option<DateTime<Utc>>,
    /// When it was submitted last.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was first written.
    pub created_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A document as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstructionDetail {
    /// What lists show.
    #[serde(flatten)]
    pub instruction: InstructionView,
    /// The time line, the oldest line first.
    pub lines: Vec<CaseLine>,
    /// Who was told, and when.
    pub notices: Vec<CaseNotice>,
}

async fn views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    rows: Vec<row::Model>,
) -> Result<Vec<InstructionView>> {
    let mut ids = Vec::new();
    for row in &rows {
        ids.push(row.author_id);
        ids.extend(row.replied_by);
    }
    let people = organization::colleagues(conn, ids).await?;
    let tickets = rows.iter().filter_map(|row| row.ticket_id).collect();
    let numbers = ticket_numbers(conn, tickets).await?;
    let codes = rows.iter().map(|row| row.matter_code.clone()).collect();
    let matters = matter::names(conn, codes).await?;
    let views = rows.into_iter().map(|row| InstructionView {
        overdue: row.open && row.due_at.is_some_and(|due| due < now),
        matter_name: matters.get(&row.matter_code).cloned(),
        ticket_number: row.ticket_id.and_then(|id| numbers.get(&id).cloned()),
        author: people::one(&people, Some(row.author_id)),
        replied_by: people::one(&people, row.replied_by),
        id: row.id,
        number: row.number,
        kind: row.kind,
        matter: row.matter_code,
        section: row.section,
        ticket_id: row.ticket_id,
        call_id: row.call_id,
        title: row.title,
        body: row.body,
        state: row.state,
        open: row.open,
        due_at: row.due_at,
        rule_id: row.rule_id,
        returned_for: row.returned_for,
        reply: row.reply,
        replied_at: row.replied_at,
        submitted_at: row.submitted_at,
        closed_at: row.closed_at,
        created_at: row.created_at,
        version: row.version,
    });
    Ok(views.collect())
}

async fn detail(app: &App, row: row::Model) -> Result<Json<InstructionDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let instruction = views(conn, app.clock.now(), vec![row])
        .await?
        .pop()
        .ok_or_else(|| not_found("document"))?;
    Ok(Json(InstructionDetail {
        instruction,
        lines: trail::lines(conn, id).await?,
        notices: trail::notices(conn, id).await?,
    }))
}

fn is_purchaser(principal: &Principal) -> bool {
    let mut sides = principal.roles.iter().map(|role| role.side());
    sides.any(|side| side == Side::Purchaser)
}

/// Lists 请示 and 报告, the newest first.
#[utoipa::path(
    get, path = "/api/v1/instructions", tag = "instructions",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<InstructionView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewInstructions>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<InstructionView>>> {
    let conn = app.db.read();
    let reach = (actor.scope(), is_purchaser(actor.principal()));
    let page = store::list(conn, reach, &query, &filter).await?;
    let shown = page.shown(async |rows| views(conn, app.clock.now(), rows).await);
    Ok(Json(shown.await?))
}

/// One document, with its time line and who was told when.
#[utoipa::path(
    get, path = "/api/v1/instructions/{id}", tag = "instructions",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = InstructionDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<InstructionDetail>> {
    let reach = (actor.scope(), is_purchaser(actor.principal()));
    let row = store::get(app.db.read(), reach, id).await?;
    detail(&app, row).await
}

/// What a document says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentText {
    /// Codes of leaves of the matter tree: exactly one (一文一事).
    matters: Vec<String>,
    /// The section it goes to, or `leader`; the matter's own section when left out.
    to: Option<String>,
    /// The ticket it is about.
    ticket_id: Option<Uuid>,
    /// The call in which it is asked; its ticket is meant where none is named.
    #[serde(default)]
    call_id: Option<Uuid>,
    /// 标题
    title: String,
    /// 正文, 1 to 2,000 characters.
    body: String,
}

/// A document to be written.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewDocument {
    /// `instruction_request` or `report`.
    kind: Kind,
    /// What it says.
    #[serde(flatten)]
    text: DocumentText,
}

/// A document to be changed.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChangedDocument {
    /// The version that was read.
    version: i64,
    /// What it says.
    #[serde(flatten)]
    text: DocumentText,
}

async fn checked(
    conn: &impl ConnectionTrait,
    (viewer, calls): (Option<&Viewer>, Option<&Scope>),
    text: DocumentText,
) -> Result<Text> {
    let [code] = <[String; 1]>::try_from(text.matters).map_err(|_| {
        invalid(
            "matters",
            "one_matter",
            "a document is about exactly one matter",
        )
        .with_way_out("write one document for each matter")
    })?;
    let of_matter = matter::section_of_leaf(conn, &code)
        .await
        .map_err(|problem| problem.with_field("matters"))?;
    let section = match text.to.as_deref() {
        Some(LEADER) => None,
        Some(code) => {
            let known = section::store::known(conn, Some(code)).await?;
            Some(known.ok_or_else(|| invalid("to", "section_unknown", "no such section"))?)
        }
        None => section::store::known(conn, of_matter.as_deref()).await?,
    };
    let of_call = match text.call_id {
        Some(call) => ticket_of(conn, calls, call).await?,
        None => None,
    };
    let ticket_id = text.ticket_id.or(of_call);
    if let Some(ticket) = text.ticket_id {
        let viewer = viewer.ok_or_else(|| not_found("ticket"))?;
        tickets::get(conn, viewer, ticket).await?;
    }
    Ok(Text {
        matter: code,
        section,
        ticket_id,
        call_id: text.call_id,
        title: needed("title", &text.title)?,
        body: needed("body", &text.body)?,
    })
}

/// The ticket of a call that somebody may see; 404 for another call.
async fn ticket_of(
    conn: &impl ConnectionTrait,
    calls: Option<&Scope>,
    call: Uuid,
) -> Result<Option<Uuid>> {
    let record = contact::of_call(conn, calls, call).await?;
    let opened = tickets::of_calls(conn, vec![record.id]).await?;
    let opened = opened.first().map(|ticket| ticket.id);
    Ok(record.ticket_id.or(opened))
}

/// The tickets that somebody may refer to.
async fn viewer<P: Permission>(app: &App, actor: &Actor<P>) -> Result<Option<Viewer>> {
    match actor.principal().scope(ViewTickets::GRANTS) {
        Some(scope) => Ok(Some(Viewer::new(app, actor.principal(), scope).await?)),
        None => Ok(None),
    }
}

/// Writes the draft of a 请示 or a 报告.
#[utoipa::path(
    post, path = "/api/v1/instructions", tag = "instructions",
    request_body = NewDocument,
    responses((status = 201, body = InstructionDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn write(
    actor: Actor<WriteInstructions>,
    State(app): State<App>,
    Json(new): Json<NewDocument>,
) -> Result<(StatusCode, Json<InstructionDetail>)> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (author, viewer) = (actor.user_id(), viewer(&app, &actor).await?);
    let calls = contact::heard_of(&app, &actor, new.text.call_id).await?;
    let document = db
        .write(move |tx| async move {
            let text = checked(&*tx, (viewer.as_ref(), calls.as_ref()), new.text).await?;
            store::draft(&app, &tx, &who, author, (new.kind, text)).await
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, document).await?))
}

/// Changes a draft or a returned document.
#[utoipa::path(
    put, path = "/api/v1/instructions/{id}", tag = "instructions",
    params(("id" = Uuid, Path)),
    request_body = ChangedDocument,
    responses((status = 200, body = InstructionDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn edit(
    actor: Actor<WriteInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ChangedDocument>,
) -> Result<Json<InstructionDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (scope, viewer) = (actor.scope().clone(), viewer(&app, &actor).await?);
    let calls = contact::heard_of(&app, &actor, request.text.call_id).await?;
    let document = db
        .write(move |tx| async move {
            let before = store::get(&*tx, (&scope, false), id).await?;
            let before = versioned::as_read(before, request.version)?;
            let text = checked(&*tx, (viewer.as_ref(), calls.as_ref()), request.text).await?;
            let more = |after: &mut row::Model| {
                after.matter_code = text.matter;
                after.section = text.section;
                after.ticket_id = text.ticket_id;
                after.call_id = text.call_id;
                after.title = text.title;
                after.body = text.body;
            };
            store::act(&app, &tx, &who, &before, &Action::Edit, (None, more)).await
        })
        .await?;
    detail(&done, document).await
}

/// A step with the version it was chosen for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepRequest {
    /// The version that was read.
    version: i64,
}

/// A step with what is said about it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SayingRequest {
    /// The version that was read.
    version: i64,
    /// What is said.
    text: String,
}

async fn step<P: Permission>(
    app: App,
    actor: Actor<P>,
    (id, version): (Uuid, i64),
    action: Action,
    note: Option<String>,
) -> Result<Json<InstructionDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (scope, principal) = (actor.scope().clone(), actor.principal().clone());
    let answers = matches!(action, Action::Reply | Action::Receive | Action::Return);
    let document = db
        .write(move |tx| async move {
            let before = store::get(&*tx, (&scope, is_purchaser(&principal)), id).await?;
            let before = versioned::as_read(before, version)?;
            let today = section::today(app.clock.now());
            let to = before.section.as_deref();
            if answers && !section::store::may_answer(&*tx, &principal, to, today).await? {
                return Err(refused(
                    "not_of_this_section",
                    format!("document `{}` is addressed to somebody else", before.name()),
                )
                .with_way_out("the section it is addressed to, or the purchaser's administrator"));
            }
            let told = (note.as_deref(), |_: &mut row::Model| {});
            store::act(&app, &tx, &who, &before, &action, told).await
        })
        .await?;
    detail(&done, document).await
}

/// Submits a document: it gets its number and its clock.
#[utoipa::path(
    post, path = "/api/v1/instructions/{id}/submit", tag = "instructions",
    params(("id" = Uuid, Path)),
    request_body = StepRequest,
    responses((status = 200, body = InstructionDetail), (status = 409, body = Problem)),
)]
pub(crate) async fn submit(
    actor: Actor<WriteInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepRequest>,
) -> Result<Json<InstructionDetail>> {
    step(app, actor, (id, request.version), Action::Submit, None).await
}

/// Returns a document that cannot be answered as it is.
#[utoipa::path(
    post, path = "/api/v1/instructions/{id}/return", tag = "instructions",
    params(("id" = Uuid, Path)),
    request_body = SayingRequest,
    responses((status = 200, body = InstructionDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn send_back(
    actor: Actor<ReplyInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<SayingRequest>,
) -> Result<Json<InstructionDetail>> {
    let text = needed("text", &request.text)?;
    step(
        app,
        actor,
        (id, request.version),
        Action::Return,
        Some(text),
    )
    .await
}

/// Replies to a 请示; the reply binds, and is kept with the ticket.
#[utoipa::path(
    post, path = "/api/v1/instructions/{id}/reply", tag = "instructions",
    params(("id" = Uuid, Path)),
    request_body = SayingRequest,
    responses((status = 200, body = InstructionDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn reply(
    actor: Actor<ReplyInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<SayingRequest>,
) -> Result<Json<InstructionDetail>> {
    let text = needed("text", &request.text)?;
    step(app, actor, (id, request.version), Action::Reply, Some(text)).await
}

/// Receives a 报告.
#[utoipa::path(
    post, path = "/api/v1/instructions/{id}/receive", tag = "instructions",
    params(("id" = Uuid, Path)),
    request_body = StepRequest,
    responses((status = 200, body = InstructionDetail), (status = 409, body = Problem)),
)]
pub(crate) async fn receive(
    actor: Actor<ReplyInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<StepRequest>,
) -> Result<Json<InstructionDetail>> {
    step(app, actor, (id, request.version), Action::Receive, None).await
}

/// Closes a document that was replied to or received: what it asked for is done.
#[utoipa::path(
    post, path = "/api/v1/instructions/{id}/close", tag = "instructions",
    params(("id" = Uuid, Path)),
    request_body = SayingRequest,
    responses((status = 200, body = InstructionDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn close(
    actor: Actor<WriteInstructions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<SayingRequest>,
) -> Result<Json<InstructionDetail>> {
    let text = needed("text", &request.text)?;
    step(app, actor, (id, request.version), Action::Close, Some(text)).await
}
