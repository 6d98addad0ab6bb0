//! Letters over HTTP: the list, one with everything its page shows, drafts, the paper.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{must_be_name, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal, Side, attachment};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, row};
use super::{Case, LetterSecrecy, LetterState, LetterUrgency, paper};
use crate::agreed::{self, LONGEST_REPLY};
use crate::files::{self, LiaisonFileView};
use crate::paper::{Frozen, PaperFormat, file_of};
use crate::rights::{SignLetters, ViewLetters, WriteLetters};
use crate::side;
use crate::trail::{self, TrailLine};

/// Paragraphs of a letter, at most.
const PARAGRAPHS: usize = 60;
/// Receivers of copies, at most.
const COPIES: usize = 20;

/// What letters are handled with.
#[derive(Clone)]
pub(crate) struct Office {
    pub app: App,
    pub frozen: Arc<dyn Frozen>,
}

/// The routes of letters.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, draft))
        .routes(routes!(show, edit))
        .routes(routes!(print))
        .with_state(office.clone())
}

/// A letter as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterView {
    /// Identifies it.
    pub id: Uuid,
    /// Whose it is.
    pub from_side: Side,
    /// One's own side wrote it.
    pub own: bool,
    /// `热线服函〔2026〕3号`; null until it is signed.
    pub number: Option<String>,
    /// 标题
    pub title: String,
    /// 主送
    pub to_name: String,
    /// `plain`, `internal` or `work_secret`.
    pub secrecy: String,
    /// `normal`, `urgent` or `extra`.
    pub urgency: String,
    /// It asks for a reply within so many working days after its receipt.
    pub reply_days: Option<i32>,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// When the receipt, then the reply is due.
    pub due_at: Option<DateTime<Utc>>,
    /// The rule that made it due.
    pub due_rule: Option<String>,
    /// That moment passed.
    pub overdue: bool,
    /// When it was signed.
    pub signed_at: Option<DateTime<Utc>>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was received.
    pub received_at: Option<DateTime<Utc>>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// Another letter that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedLetter {
    /// Identifies it.
    pub id: Uuid,
    /// Its number.
    pub number: Option<String>,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: String,
}

/// A letter as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterDetail {
    /// What lists show.
    #[serde(flatten)]
    pub letter: LetterView,
    /// 抄送
    pub cc: Vec<String>,
    /// 正文, by paragraphs.
    pub body: Vec<String>,
    /// The template it was begun with.
    pub template: Option<String>,
    /// 拟稿人
    pub author: Option<Colleague>,
    /// 核稿人
    pub reviewed_by: Option<Colleague>,
    /// 签发人
    pub signed_by: Option<Colleague>,
    /// 用印人
    pub sealed_by: Option<Colleague>,
    /// When the seal was put on it.
    pub sealed_at: Option<DateTime<Utc>>,
    /// What it is recognised by since it was sealed: SHA-256 of the document.
    pub sha256: Option<String>,
    /// 签收人
    pub received_by: Option<Colleague>,
    /// Why it is void.
    pub void_reason: Option<String>,
    /// The letter it replies to.
    pub in_reply_to: Option<LinkedLetter>,
    /// Its reply.
    pub replied_with: Option<LinkedLetter>,
    /// 附件
    pub files: Vec<LiaisonFileView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(of: Side, row: &row::Model) -> LetterView {
    LetterView {
        id: row.id,
        from_side: row.from(),
        own: row.from() == of,
        number: row.number.clone(),
        title: row.title.clone(),
        to_name: row.to_name.clone(),
        secrecy: row.secrecy.clone(),
        urgency: row.urgency.clone(),
        reply_days: row.reply_days,
        state: row.state.clone(),
        open: row.open,
        due_at: row.due_at,
        due_rule: row.due_rule.clone(),
        overdue: row.overdue,
        signed_at: row.signed_at,
        sent_at: row.sent_at,
        received_at: row.received_at,
        created_at: row.created_at,
        version: row.version,
    }
}

/// The verbs of a state, for who has the right to them; guards are told when it is tried.
fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    use LetterState as S;
    let own = row.from() == side::of(principal);
    let state = S::parse(&row.state);
    let mut offered = Vec::new();
    if principal.may::<WriteLetters>() {
        let verbs: &[&'static str] = match (own, state) {
            (true, Some(S::Drafting)) => &["edit", "submit", "void"],
            (true, Some(S::Reviewing)) => &["review", "return", "void"],
            (true, Some(S::Signed)) => &["seal", "void"],
            (true, Some(S::Sealed)) => &["send", "void"],
            (true, Some(S::Sent)) => &["void"],
            (true, Some(S::Received | S::InProgress)) if row.reply_days.is_none() => &["archive"],
            (true, Some(S::Replied)) => &["archive"],
            (false, Some(S::Sent)) => &["receive"],
            (false, Some(S::Received)) => &["begin", "reply"],
            (false, Some(S::InProgress)) => &["reply"],
            _ => &[],
        };
        offered.extend(verbs);
    }
    if own && state == Some(S::Reviewing) && principal.may::<SignLetters>() {
        offered.push("sign");
    }
    offered
}

async fn linked(
    conn: &impl ConnectionTrait,
    of: Side,
    id: Option<Uuid>,
) -> Result<Option<LinkedLetter>> {
    let Some(id) = id else { return Ok(None) };
    let row = store::get(conn, of, id).await.ok();
    Ok(row.map(|row| LinkedLetter {
        id: row.id,
        number: row.number,
        title: row.title,
        state: row.state,
    }))
}

/// The whole page of one letter.
pub(crate) async fn detail(
    app: &App,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<LetterDetail>> {
    let (conn, of) = (app.db.read(), side::of(principal));
    let people = [
        row.author_id,
        row.reviewed_by,
        row.signed_by,
        row.sealed_by,
        row.received_by,
    ];
    let people = organization::colleagues(conn, people.into_iter().flatten()).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    Ok(Json(LetterDetail {
        letter: view(of, &row),
        cc: paper::texts(&row.cc)?,
        body: paper::texts(&row.body)?,
        author: person(row.author_id),
        reviewed_by: person(row.reviewed_by),
        signed_by: person(row.signed_by),
        sealed_by: person(row.sealed_by),
        sealed_at: row.sealed_at,
        received_by: person(row.received_by),
        in_reply_to: linked(conn, of, row.in_reply_to).await?,
        replied_with: linked(conn, of, row.replied_with).await?,
        files: files::of(conn, row.id).await?,
        actions: offered(principal, &row),
        lines: trail::lines(conn, row.id, of).await?,
        template: row.template,
        sha256: row.sha256,
        void_reason: row.void_reason,
    }))
}

/// Lists letters, the newest first: one's own, and those one's side was sent.
#[utoipa::path(
    get, path = "/api/v1/letters", tag = "liaison", operation_id = "list_letters",
    params(ListQuery, Filter), responses((status = 200, body = Page<LetterView>)),
)]
async fn list(
    actor: Actor<ViewLetters>,
    State(office): State<Office>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<LetterView>>> {
    let of = side::of(actor.principal());
    let page = store::list(office.app.db.read(), of, &query, &filter).await?;
    Ok(Json(page.map(|row| view(of, &row))))
}

/// One letter; of the other side's only what was sent.
#[utoipa::path(
    get, path = "/api/v1/letters/{id}", tag = "liaison", operation_id = "get_letter", params(("id" = Uuid, Path)),
    responses((status = 200, body = LetterDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewLetters>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
) -> Result<Json<LetterDetail>> {
    let of = side::of(actor.principal());
    let row = store::get(office.app.db.read(), of, id).await?;
    detail(&office.app, actor.principal(), row).await
}

/// What a letter says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LetterWords {
    /// The template it begins with; then `fields` makes title and body, and those given stand in their place.
    template: Option<String>,
    /// What fills the holes of the template.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// 标题
    title: Option<String>,
    /// 正文, by paragraphs; at most 60 of 2,000 characters.
    body: Option<Vec<String>>,
    /// 主送; the other side's name unless told.
    to_name: Option<String>,
    /// 抄送
    #[serde(default)]
    cc: Vec<String>,
    /// 密级
    secrecy: Option<LetterSecrecy>,
    /// 紧急程度
    urgency: Option<LetterUrgency>,
    /// It asks for a reply within so many working days, 1 to 60.
    reply_days: Option<u16>,
    /// The letter of the other side it replies to.
    in_reply_to: Option<Uuid>,
}

/// What a letter says, checked.
struct Said {
    title: String,
    body: Vec<String>,
    to_name: String,
    cc: Vec<String>,
    reply_days: Option<i32>,
}

async fn checked(app: &App, of: Side, words: &LetterWords) -> Result<Said> {
    let conn = app.db.read();
    let (mut title, mut body, mut reply_days) = (None, None, None);
    if let Some(code) = &words.template {
        let template = agreed::template(conn, code, app.clock.now()).await?;
        let (filled, paragraphs) = template.fill(&words.fields)?;
        (title, body, reply_days) = (Some(filled), Some(paragraphs), template.reply_days);
    }
    let title = words.title.clone().or(title).unwrap_or_default();
    let paragraphs = words.body.clone().or(body).unwrap_or_default();
    if paragraphs.is_empty() || paragraphs.len() > PARAGRAPHS {
        return Err(invalid("body", "letter_body_size", "1 to 60 paragraphs"));
    }
    let paragraphs = paragraphs.iter().map(|text| needed("body", text));
    if words.cc.len() > COPIES {
        return Err(invalid("cc", "letter_too_many_copies", "at most 20 copies"));
    }
    for name in &words.cc {
        must_be_name("cc", name)?;
    }
    let reply_days = words.reply_days.or(reply_days);
    if reply_days.is_some_and(|days| !(1..=LONGEST_REPLY).contains(&days)) {
        let detail = "1 to 60 working days";
        return Err(invalid("reply_days", "term_out_of_range", detail));
    }
    let to_name = match &words.to_name {
        Some(name) => name.clone(),
        None => organization::party_name(conn, side::other(of))
            .await?
            .unwrap_or_default(),
    };
    must_be_name("to_name", &to_name)?;
    Ok(Said {
        title: needed("title", &title)?,
        body: paragraphs.collect::<Result<_>>()?,
        to_name,
        cc: words.cc.clone(),
        reply_days: reply_days.map(i32::from),
    })
}

/// Begins a letter of one's own side, free or by a template.
#[utoipa::path(
    post, path = "/api/v1/letters", tag = "liaison", operation_id = "draft_letter", request_body = LetterWords,
    responses((status = 201, body = LetterDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn draft(
    actor: Actor<WriteLetters>,
    State(office): State<Office>,
    Json(words): Json<LetterWords>,
) -> Result<(StatusCode, Json<LetterDetail>)> {
    let of = side::of(actor.principal());
    let app = office.app;
    let said = checked(&app, of, &words).await?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            if let Some(id) = words.in_reply_to {
                let answered = store::get(&*tx, of, id).await?;
                if answered.from() == of {
                    let detail = "a reply answers a letter of the other side";
                    return Err(invalid("in_reply_to", "letter_own_side", detail));
                }
                let awaits = [LetterState::Received, LetterState::InProgress];
                if !awaits.iter().any(|state| state.as_str() == answered.state) {
                    let detail = format!("{} does not wait for a reply", answered.what());
                    return Err(refused("letter_awaits_no_reply", detail)
                        .with("state", answered.state)
                        .with_way_out("receive it first; what is replied to has its reply"));
                }
            }
            let now = app.clock.now();
            let case = Case::drafted(of, said.reply_days.is_some());
            let row = row::Model {
                id: app.ids.next(),
                from_side: side::text(of).to_owned(),
                number: None,
                year: None,
                seq: None,
                title: said.title,
                to_name: said.to_name,
                cc: json!(said.cc),
                secrecy: words
                    .secrecy
                    .unwrap_or(LetterSecrecy::Plain)
                    .as_str()
                    .to_owned(),
                urgency: words
                    .urgency
                    .unwrap_or(LetterUrgency::Normal)
                    .as_str()
                    .to_owned(),
                body: json!(said.body),
                template: words.template,
                reply_days: said.reply_days,
                in_reply_to: words.in_reply_to,
                replied_with: None,
                author_id: who.user_id,
                reviewed_by: None,
                signed_by: None,
                signed_at: None,
                sealed_by: None,
                sealed_at: None,
                sha256: None,
                sent_by: None,
                sent_at: None,
                received_by: None,
                received_at: None,
                void_reason: None,
                state: case.state.as_str().to_owned(),
                open: true,
                overdue: false,
                due_at: None,
                due_rule: None,
                next_alarm_at: None,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            store::tell(&app, &tx, &who, &row, ("drafted", None)).await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// The words of a draft with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
struct LetterEdit {
    /// The version that was read.
    version: i64,
    /// What it says now.
    #[serde(flatten)]
    words: LetterWordsEdit,
}

/// What a draft says now, all of it.
#[derive(Debug, Deserialize, ToSchema)]
struct LetterWordsEdit {
    /// 标题
    title: String,
    /// 正文, by paragraphs.
    body: Vec<String>,
    /// 主送
    to_name: String,
    /// 抄送
    #[serde(default)]
    cc: Vec<String>,
    /// 密级
    secrecy: LetterSecrecy,
    /// 紧急程度
    urgency: LetterUrgency,
    /// It asks for a reply within so many working days.
    reply_days: Option<u16>,
}

/// Writes on a draft of one's own side; what was submitted is returned first.
#[utoipa::path(
    put, path = "/api/v1/letters/{id}", tag = "liaison", operation_id = "edit_letter", params(("id" = Uuid, Path)),
    request_body = LetterEdit,
    responses((status = 200, body = LetterDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<WriteLetters>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(edit): Json<LetterEdit>,
) -> Result<Json<LetterDetail>> {
    let of = side::of(actor.principal());
    let app = office.app;
    let (secrecy, urgency) = (edit.words.secrecy, edit.words.urgency);
    let words = LetterWords {
        template: None,
        fields: BTreeMap::new(),
        title: Some(edit.words.title),
        body: Some(edit.words.body),
        to_name: Some(edit.words.to_name),
        cc: edit.words.cc,
        secrecy: Some(secrecy),
        urgency: Some(urgency),
        reply_days: edit.words.reply_days,
        in_reply_to: None,
    };
    let said = checked(&app, of, &words).await?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, of, id).await?, edit.version)?;
            if before.from() != of || !before.case()?.is_draft() {
                let detail = format!("{} is no draft of one's own any more", before.what());
                return Err(refused("letter_not_a_draft", detail)
                    .with("state", before.state)
                    .with_way_out("return it while it is being checked"));
            }
            let mut after = before.clone();
            after.title = said.title;
            after.body = json!(said.body);
            after.to_name = said.to_name;
            after.cc = json!(said.cc);
            after.reply_days = said.reply_days;
            secrecy.as_str().clone_into(&mut after.secrecy);
            urgency.as_str().clone_into(&mut after.urgency);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            store::tell(&app, &tx, &who, &after, ("edited", None)).await?;
            Ok(after)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// As what it is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsFile {
    /// `html`, `docx` or `pdf`; a page unless told.
    #[param(inline)]
    pub format: Option<PaperFormat>,
}

/// The letter as a file to print and keep; 404 before it is signed.
#[utoipa::path(
    get, path = "/api/v1/letters/{id}/paper", tag = "liaison", operation_id = "print_letter",
    params(("id" = Uuid, Path), AsFile),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn print(
    actor: Actor<ViewLetters>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Query(wanted): Query<AsFile>,
) -> Result<Response> {
    let conn = office.app.db.read();
    let row = store::get(conn, side::of(actor.principal()), id).await?;
    let Some(number) = row.number.clone() else {
        return Err(not_found("paper of an unsigned letter"));
    };
    let format = wanted.format.unwrap_or(PaperFormat::Html);
    let paper = paper::of(conn, &row).await?;
    let laid = file_of(&office.frozen, paper, format).await?;
    let name = format!("{number} {}.{}", row.title, laid.extension);
    Ok(attachment::download(
        &name,
        laid.media_type,
        laid.bytes.into(),
    ))
}
