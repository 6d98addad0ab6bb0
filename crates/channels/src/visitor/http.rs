//! The website's visitors over HTTP. No handler here has an actor: the token is who one is.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use kernel::attachment;
use kernel::http::{Json, Path, Query, ShownOnce};
use kernel::problem::{Problem, Result, invalid, not_found, refused, unauthorized};
use kernel::rate::Rate;
use kernel::text::{checked, must_be_name, needed};
use kernel::versioned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::hub::News;
use super::view::{PAGE, SHOWN, VisitorConversation, VisitorMessage, may_rate, shown, view};
use super::{Visitor, begin, by_token, writer};
use crate::Channels;
use crate::conversation::store::{self, row};
use crate::conversation::{Action, EndReason, State as Standing};
use crate::intake::{self, Present};
use crate::message::store::{self as messages, New, Part, row as message_row};
use crate::message::{Direction, Kind, LONGEST, file};
use crate::platform::{Inbound, What};
use crate::standing::{self, Purpose};

/// How long a sign of typing holds.
const TYPING: TimeDelta = TimeDelta::seconds(6);

/// What the routes of visitors share.
#[derive(Clone)]
pub(super) struct Front {
    pub channels: Channels,
    begun: Rate<IpAddr>,
    said: Rate<Uuid>,
}

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

impl Front {
    pub(super) fn admit_new(&self, peer: Peer) -> Result<()> {
        let now = self.channels.app().clock.now();
        peer.map_or(Ok(()), |Extension(peer)| self.begun.admit(peer.0.ip(), now))
    }

    pub(super) async fn visitor(
        &self,
        headers: &HeaderMap,
        token: Option<&str>,
    ) -> Result<Visitor> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let token = bearer
            .or(token)
            .ok_or_else(|| unauthorized("visitor_unknown", "no visit: no token"))?;
        by_token(self.channels.app(), token).await
    }
}

/// The routes of visitors.
pub(crate) fn routes(channels: &Channels) -> OpenApiRouter<()> {
    let settings = channels.settings();
    let front = Front {
        begun: Rate::new(settings.visitors_per_address, TimeDelta::minutes(10)),
        said: Rate::new(settings.messages_per_visitor, TimeDelta::seconds(10)),
        channels: channels.clone(),
    };
    OpenApiRouter::new()
        .routes(routes!(super::form::config))
        .routes(routes!(super::form::leave))
        .routes(routes!(visit))
        .routes(routes!(show))
        .routes(routes!(list, say))
        .routes(routes!(download))
        .routes(routes!(super::stream::events))
        .routes(routes!(typing))
        .routes(routes!(read))
        .routes(routes!(end))
        .routes(routes!(rate))
        .with_state(front.clone())
        .merge(
            OpenApiRouter::new()
                .routes(routes!(send_file))
                .layer(DefaultBodyLimit::max(attachment::BODY))
                .with_state(front),
        )
}

/// Begins a visit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVisit {
    /// The channel's code: `web`.
    channel: String,
    /// The version of the privacy notice that was agreed to.
    consent: String,
    /// How the visitor wants to be called.
    name: Option<String>,
    /// His number; it proves nothing by itself.
    phone: Option<String>,
    /// Code of the matter.
    matter: Option<String>,
    /// His first words; without them nobody is asked yet.
    text: Option<String>,
}

/// A visit that began.
#[derive(Debug, Serialize, ToSchema)]
struct Visit {
    /// Who the visitor is from now on; told this once.
    token: String,
    /// His conversation.
    conversation: VisitorConversation,
}

/// Refuses who did not agree to the notice as it stands.
pub(super) async fn agreed(channels: &Channels, consent: &str) -> Result<()> {
    let version = standing::text(channels, Purpose::PrivacyNotice)
        .await?
        .version();
    if consent == version {
        return Ok(());
    }
    Err(invalid(
        "consent",
        "consent_missing",
        "the privacy notice as it stands has to be agreed to",
    )
    .with("version", version))
}

/// Begins a visit; with first words a conversation.
#[utoipa::path(
    post, path = "/api/v1/chat/sessions", tag = "chat", request_body = NewVisit,
    responses((status = 201, body = Visit), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)),
)]
async fn visit(
    State(front): State<Front>,
    peer: Peer,
    Json(new): Json<NewVisit>,
) -> Result<ShownOnce<Visit>> {
    front.admit_new(peer)?;
    let channels = front.channels.clone();
    let app = channels.app().clone();
    agreed(&channels, &new.consent).await?;
    let channel = intake::website(&app, &new.channel).await?;
    if let Some(name) = &new.name {
        must_be_name("name", name)?;
    }
    let matter = super::form::matter(&channels, new.matter.as_deref()).await?;
    let text = new
        .text
        .as_deref()
        .map(|text| needed("text", text))
        .transpose()?;
    let services = app.clone();
    let (name, phone, consent, code) = (new.name, new.phone, new.consent, channel.code.clone());
    let (token, visitor) = app
        .db
        .write(move |tx| async move {
            let (token, visitor, writer) =
                begin(&services, &*tx, &code, name.as_deref(), consent).await?;
            if let Some(phone) = phone {
                requesters::note_claimed_number(&services, &*tx, writer.requester.id, &phone)
                    .await?;
            }
            Ok((token, visitor))
        })
        .await?;
    if let Some(text) = text {
        let subject = matter.map(|(_, name)| name);
        let said = Said {
            client_id: format!("first-{}", visitor.external_id),
            new: New::of(Direction::In, Kind::Text, text),
            subject,
        };
        hear(&front, &visitor, said).await?;
    }
    let conversation = view(&channels, visitor.identity_id).await?;
    Ok(ShownOnce(
        StatusCode::CREATED,
        Visit {
            token,
            conversation,
        },
    ))
}

/// What a visitor says.
#[derive(Clone)]
struct Said {
    client_id: String,
    new: New,
    subject: Option<String>,
}

/// Stores what a visitor says; the message it was before when it is said again. Of two at once one has to try again.
async fn hear(front: &Front, visitor: &Visitor, said: Said) -> Result<message_row::Model> {
    match hear_once(front, visitor, said.clone()).await {
        Err(problem) if problem.code == "already_exists" => hear_once(front, visitor, said).await,
        heard => heard,
    }
}

async fn hear_once(front: &Front, visitor: &Visitor, said: Said) -> Result<message_row::Model> {
    let channels = &front.channels;
    let app = channels.app();
    if said.client_id.is_empty() || said.client_id.len() > 64 {
        return Err(invalid(
            "client_id",
            "client_id_invalid",
            "1 to 64 bytes that are never used twice",
        ));
    }
    let channel = intake::website(app, &visitor.channel).await?;
    let open = channels.house()?.is_open(app.clock.now());
    // A client's id is his own: the same one of somebody else is another message.
    let external_id = format!("{}:{}", visitor.identity_id.simple(), said.client_id);
    let (channels, visitor) = (channels.clone(), visitor.clone());
    let stored = app
        .db
        .write(move |tx| async move {
            let app = channels.app();
            if let Some(known) = messages::by_external_id(&*tx, &channel.code, &external_id).await?
            {
                return Ok((known, None));
            }
            let (writer, name) = writer(app, &*tx, &visitor).await?;
            let present = Present {
                channels: &channels,
                channel: &channel,
                rules: &[],
                open,
            };
            let one = Inbound {
                external_user: visitor.external_id.clone(),
                external_group: None,
                external_id: external_id.clone(),
                nickname: name,
                what: What::Text {
                    text: String::new(),
                },
                at: None,
                reply_ref: None,
                automatic: false,
            };
            let new = New {
                client_id: Some(said.client_id),
                external_id: Some(external_id),
                ..said.new
            };
            let heard = intake::hear(&present, &tx, &writer, &one, new).await?;
            if let Some(subject) = said.subject {
                let before = heard.conversation.clone();
                let mut after = before.clone();
                after.subject = Some(subject);
                versioned::save(app, &*tx, &before, after).await?;
            }
            let news = News::Message(Box::new(heard.message.clone()));
            intake::tell_visitor(&channels, &tx, &heard.conversation, news);
            Ok((heard.message, Some(heard.next)))
        })
        .await?;
    if let (_, Some(next)) = &stored {
        intake::follow(&front.channels, *next).await;
    }
    Ok(stored.0)
}

/// The visitor's conversation.
#[utoipa::path(
    get, path = "/api/v1/chat", tag = "chat",
    responses((status = 200, body = VisitorConversation), (status = 401, body = Problem)),
)]
async fn show(State(front): State<Front>, headers: HeaderMap) -> Result<Response> {
    let visitor = front.visitor(&headers, None).await?;
    Ok(unkept(Json(
        view(&front.channels, visitor.identity_id).await?,
    )))
}

/// What is personal stands in no cache.
fn unkept(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// From where to read on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// Behind this place: `12`, or `<conversation>.12`, as the stream's ids are.
    pub after: Option<String>,
    /// The visitor's token, where no header can be sent.
    pub token: Option<String>,
}

/// A place as somebody says it: in which conversation, and which.
pub(super) fn place_of(text: &str) -> (Option<Uuid>, i64) {
    match text.split_once('.') {
        Some((conversation, seq)) => (conversation.parse().ok(), seq.parse().unwrap_or(0)),
        None => (None, text.parse().unwrap_or(0)),
    }
}

/// Messages of a visitor.
#[derive(Debug, Serialize, ToSchema)]
struct VisitorMessages {
    /// In their order.
    items: Vec<VisitorMessage>,
    /// There are more behind them.
    more: bool,
}

/// The messages of the visitor's conversation, in their order.
#[utoipa::path(
    get, path = "/api/v1/chat/messages", tag = "chat", params(From),
    responses((status = 200, body = VisitorMessages), (status = 401, body = Problem)),
)]
async fn list(
    State(front): State<Front>,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<Response> {
    let visitor = front.visitor(&headers, None).await?;
    let conn = front.channels.app().db.read();
    let row = store::newest_of(conn, visitor.identity_id).await?;
    let (of, seq) = from.after.as_deref().map_or((None, 0), place_of);
    let (rows, more) = match row {
        Some(row) => {
            let seq = if of.is_some_and(|of| of != row.id) {
                0
            } else {
                seq
            };
            let after = Part::After(seq);
            messages::list(conn, &[row.id], after, Some(&SHOWN), PAGE).await?
        }
        None => (Vec::new(), false),
    };
    let items = shown(conn, rows).await?;
    Ok(unkept(Json(VisitorMessages { items, more })))
}

/// A message of a visitor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewVisitorMessage {
    /// The visitor's own id of it: sent again, it is the same message.
    client_id: String,
    /// 1 to 2,000 characters.
    text: String,
}

async fn one(front: &Front, row: message_row::Model) -> Result<(StatusCode, Json<VisitorMessage>)> {
    let conn = front.channels.app().db.read();
    let view = shown(conn, vec![row]).await?.pop();
    let view = view.ok_or_else(|| not_found("message"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Says something. After the end of a conversation it opens the next one.
#[utoipa::path(
    post, path = "/api/v1/chat/messages", tag = "chat", request_body = NewVisitorMessage,
    responses((status = 201, body = VisitorMessage), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)),
)]
async fn say(
    State(front): State<Front>,
    headers: HeaderMap,
    Json(new): Json<NewVisitorMessage>,
) -> Result<(StatusCode, Json<VisitorMessage>)> {
    let visitor = front.visitor(&headers, None).await?;
    let now = front.channels.app().clock.now();
    front.said.admit(visitor.identity_id, now)?;
    debug_assert_eq!(LONGEST, 2_000, "what `needed` allows");
    let text = needed("text", &new.text)?;
    let said = Said {
        client_id: new.client_id,
        new: New::of(Direction::In, Kind::Text, text),
        subject: None,
    };
    let row = hear(&front, &visitor, said).await?;
    one(&front, row).await
}

/// The visitor's own id of a file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ClientId {
    /// Sent again, it is the same message.
    client_id: String,
}

/// Sends a file. 413 over 20 MB, 415 for a kind that is not taken.
#[utoipa::path(
    post, path = "/api/v1/chat/files", tag = "chat", params(ClientId),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = VisitorMessage), (status = 401, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
async fn send_file(
    State(front): State<Front>,
    headers: HeaderMap,
    Query(id): Query<ClientId>,
    form: Multipart,
) -> Result<(StatusCode, Json<VisitorMessage>)> {
    let visitor = front.visitor(&headers, None).await?;
    let app = front.channels.app();
    front.said.admit(visitor.identity_id, app.clock.now())?;
    let (name, bytes) = attachment::part(form).await?;
    let kept = file::put(app, name, &bytes).await?;
    let new = New {
        media_name: Some(kept.name.clone()),
        kind: file::kind_of(&kept.media_type),
        file: Some(kept),
        ..New::of(Direction::In, Kind::File, "")
    };
    let said = Said {
        client_id: id.client_id,
        new,
        subject: None,
    };
    let row = hear(&front, &visitor, said).await?;
    one(&front, row).await
}

/// A file of the visitor's own conversations.
#[utoipa::path(
    get, path = "/api/v1/chat/files/{id}", tag = "chat",
    params(("id" = Uuid, Path), From),
    responses((status = 200, content_type = "application/octet-stream"), (status = 401, body = Problem), (status = 404, body = Problem)),
)]
async fn download(
    State(front): State<Front>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Query(from): Query<From>,
) -> Result<Response> {
    let visitor = front.visitor(&headers, from.token.as_deref()).await?;
    let app = front.channels.app();
    let kept = file::find(app.db.read(), id).await?;
    let row = store::find(app.db.read(), kept.conversation_id).await?;
    if row.is_none_or(|row| row.identity_id != visitor.identity_id) {
        return Err(not_found("file"));
    }
    let bytes = app.files.get(&kept.path).await?;
    Ok(attachment::download(&kept.name, &kept.media_type, bytes))
}

/// The visitor is typing.
#[utoipa::path(
    post, path = "/api/v1/chat/typing", tag = "chat",
    responses((status = 204), (status = 401, body = Problem)),
)]
async fn typing(State(front): State<Front>, headers: HeaderMap) -> Result<StatusCode> {
    let visitor = front.visitor(&headers, None).await?;
    let app = front.channels.app();
    let row = store::newest_of(app.db.read(), visitor.identity_id).await?;
    if let Some(row) = row.filter(|row| row.state == Standing::Active.as_str()) {
        let until = app.clock.now() + TYPING;
        for person in store::concerned(&row) {
            let data =
                json!({ "id": row.id, "what": "typing", "state": row.state, "until": until });
            app.live
                .publish(kernel::Audience::User(person), "conversation", data);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How far somebody has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadUpTo {
    /// The place of the last message read.
    pub seq: i64,
}

/// The visitor has read up to there.
#[utoipa::path(
    post, path = "/api/v1/chat/read", tag = "chat", request_body = ReadUpTo,
    responses((status = 204), (status = 401, body = Problem)),
)]
async fn read(
    State(front): State<Front>,
    headers: HeaderMap,
    Json(read): Json<ReadUpTo>,
) -> Result<StatusCode> {
    let visitor = front.visitor(&headers, None).await?;
    let app = front.channels.app().clone();
    let newest = store::newest_of(app.db.read(), visitor.identity_id).await?;
    let Some(row) = newest.filter(|row| row.requester_read_seq < read.seq) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    app.db
        .clone()
        .write(move |tx| async move {
            let before = store::locked(&tx, row.id).await?;
            let mut after = before.clone();
            after.requester_read_seq = read.seq.min(after.last_seq).max(after.requester_read_seq);
            let saved = versioned::save(&app, &*tx, &before, after).await?;
            let news = json!({ "requester_read_seq": saved.requester_read_seq });
            store::tell_screens(&app, &tx, &saved, "read", news);
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The visitor ends the conversation, or his waiting.
#[utoipa::path(
    post, path = "/api/v1/chat/end", tag = "chat",
    responses((status = 200, body = VisitorConversation), (status = 401, body = Problem)),
)]
async fn end(State(front): State<Front>, headers: HeaderMap) -> Result<Response> {
    let visitor = front.visitor(&headers, None).await?;
    let channels = &front.channels;
    let newest = store::newest_of(channels.app().db.read(), visitor.identity_id).await?;
    if let Some(row) = newest.filter(|row| row.open) {
        let reason = match row.standing()? {
            Standing::Waiting => Some(EndReason::Abandoned),
            Standing::Active => Some(EndReason::Requester),
            _ => None,
        };
        if let Some(reason) = reason {
            let who = kernel::audit::Who::system("requester");
            crate::conversation::verbs::step(channels, row.id, &who, Action::End(reason)).await?;
            if reason == EndReason::Abandoned
                && let Some(work) = row.work_id
            {
                channels.floor().withdraw(work).await;
            }
        }
    }
    Ok(unkept(Json(view(channels, visitor.identity_id).await?)))
}

/// How a talk was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TalkRating {
    /// `satisfied`, `fair` or `dissatisfied`.
    said: String,
    /// In his own words, up to 2,000 characters.
    words: Option<String>,
}

/// Rates the talk that ended, once.
#[utoipa::path(
    post, path = "/api/v1/chat/rating", tag = "chat", request_body = TalkRating,
    responses((status = 200, body = VisitorConversation), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn rate(
    State(front): State<Front>,
    headers: HeaderMap,
    Json(rating): Json<TalkRating>,
) -> Result<Response> {
    let visitor = front.visitor(&headers, None).await?;
    let words = rating
        .words
        .as_deref()
        .map(|words| checked("words", words))
        .transpose()?
        .filter(|words| !words.is_empty());
    if !["satisfied", "fair", "dissatisfied"].contains(&rating.said.as_str()) {
        let detail = "satisfied, fair or dissatisfied";
        return Err(invalid("said", "rating_invalid", detail));
    }
    let (channels, identity) = (front.channels.clone(), visitor.identity_id);
    let app = channels.app().clone();
    app.db
        .clone()
        .write(move |tx| async move {
            let newest = store::newest_of(&*tx, identity).await?;
            let newest = newest.ok_or_else(store::unknown)?;
            let before = store::locked(&tx, newest.id).await?;
            rated(&app, &tx, before, &rating.said, words).await
        })
        .await?;
    Ok(unkept(Json(view(&channels, identity).await?)))
}

/// Writes down how a talk was; 409 where there is nothing to rate.
pub(crate) async fn rated(
    app: &kernel::App,
    tx: &kernel::Tx,
    before: row::Model,
    said: &str,
    words: Option<String>,
) -> Result<()> {
    let now = app.clock.now();
    if !may_rate(&before, now) {
        return Err(refused(
            "nothing_to_rate",
            "no talk ended lately that was not rated yet",
        ));
    }
    let mut after = before.clone();
    after.satisfaction = Some(said.to_owned());
    after.satisfaction_words = words;
    after.rated_at = Some(now);
    messages::append(
        app,
        &**tx,
        &mut after,
        New::system(&format!("rated_{said}")),
    )
    .await?;
    let saved = versioned::save(app, &**tx, &before, after).await?;
    store::tell_house(app, tx, "conversation.rated", &saved).await?;
    store::tell_screens(app, tx, &saved, "state", Value::Null);
    Ok(())
}
