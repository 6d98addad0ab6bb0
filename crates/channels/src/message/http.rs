//! Messages over HTTP, for agents.

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use kernel::audit;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, bad_request, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::{Actor, Permission as _, attachment, versioned};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, New, Part, row};
use super::{Delivery, Direction, Kind, MessageView, file, held};
use crate::channel;
use crate::conversation::store::{self as conversations, WrapUpRule};
use crate::conversation::verbs::must_have;
use crate::conversation::{Refusal, State as Standing};
use crate::platform::adapter;
use crate::visitor::hub::News;
use crate::{
    AnswerConversations, Channels, ReleaseMessages, ViewConversations, intake, outbox, window,
};

/// Messages of one page.
const PAGE: u64 = 50;
const LARGEST_PAGE: u64 = 200;

/// The routes that take files.
pub(crate) fn uploads(channels: &Channels) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(send_file))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(channels.clone())
}

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Those before this place, the nearest.
    before: Option<i64>,
    /// Those behind this place, the nearest.
    after: Option<i64>,
    /// How many, 1 to 200; 50 unless told.
    limit: Option<u64>,
}

/// Messages of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePage {
    /// In their order.
    pub items: Vec<MessageView>,
    /// There are more on that side.
    pub more: bool,
}

/// The messages of a conversation in their order; the newest unless told.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = Uuid, Path), Which),
    responses((status = 200, body = MessagePage), (status = 404, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<ViewConversations>,
    State(channels): State<Channels>,
    Path(id): Path<Uuid>,
    Query(which): Query<Which>,
) -> Result<Json<MessagePage>> {
    let conn = channels.app().db.read();
    conversations::get(conn, actor.scope(), id).await?;
    let part = match (which.before, which.after) {
        (None, None) => Part::Newest,
        (Some(seq), None) => Part::Before(seq),
        (None, Some(seq)) => Part::After(seq),
        (Some(_), Some(_)) => {
            return Err(bad_request("before_and_after", "before or after, not both"));
        }
    };
    let limit = which.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(bad_request("per_page_out_of_range", "limit is 1 to 200").with_field("limit"));
    }
    let (rows, more) = store::list(conn, &[id], part, None, limit).await?;
    let items = store::views(conn, rows).await?;
    Ok(Json(MessagePage { items, more }))
}

/// What an agent says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    /// The sender's own id of it: sent again, it is the same message.
    client_id: String,
    /// 1 to 2,000 characters.
    text: String,
    /// For colleagues only.
    #[serde(default)]
    note: bool,
    /// The approved answer it is: `<article>@<version>`.
    article: Option<String>,
    /// Why it leaves although it holds personal data; by a lead only.
    release: Option<String>,
}

/// Says something to the requester, or to colleagues as a note.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = Uuid, Path)), request_body = NewMessage,
    responses((status = 201, body = MessageView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn say(
    actor: Actor<AnswerConversations>,
    State(channels): State<Channels>,
    Path(id): Path<Uuid>,
    Json(said): Json<NewMessage>,
) -> Result<(StatusCode, Json<MessageView>)> {
    let text = needed("text", &said.text)?;
    if let Some(reference) = &said.article {
        checked("article", reference)?;
        channels.house()?.cite(reference).await?;
    }
    let direction = if said.note {
        Direction::Note
    } else {
        may_leave(&actor, &channels, id, &text, said.release.as_deref()).await?;
        Direction::Out
    };
    let new = New {
        article: said.article,
        ..New::of(direction, Kind::Text, text)
    };
    append(actor, channels, id, said.client_id, new).await
}

/// Holds what has numbers of identity or bank cards in it, or a list of telephone numbers; a lead lets it go with a
/// reason. Both stand in the audit trail, without the text.
async fn may_leave(
    actor: &Actor<AnswerConversations>,
    channels: &Channels,
    id: Uuid,
    text: &str,
    release: Option<&str>,
) -> Result<()> {
    let kinds = held::found(text);
    if kinds.is_empty() {
        return Ok(());
    }
    let app = channels.app().clone();
    conversations::get(app.db.read(), actor.scope(), id).await?;
    let reason = match release {
        Some(reason) if actor.principal().may::<ReleaseMessages>() => {
            Some(needed("release", reason)?)
        }
        Some(_) => return Err(kernel::problem::forbidden(ReleaseMessages::CODE)),
        None => None,
    };
    let action = if reason.is_some() {
        "conversation.message_released"
    } else {
        "conversation.message_held"
    };
    let details = json!({ "kinds": kinds, "reason": reason });
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move {
        audit::record(&app, &*tx, &who, action, "conversation", id, details).await
    })
    .await?;
    if reason.is_some() {
        return Ok(());
    }
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    Err(refused(
        "message_holds_personal_data",
        format!("the text holds {}", codes.join(", ")),
    )
    .with_way_out("take it out, or ask the lead")
    .with("kinds", json!(codes)))
}

/// Sends the requester a one-time code. Who reads it out on the telephone is he who writes here: the agent of
/// that call gives it to `POST /api/v1/calls/{id}/proof`.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/proof", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 201, body = MessageView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem)),
)]
pub(crate) async fn prove(
    actor: Actor<AnswerConversations>,
    State(channels): State<Channels>,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<MessageView>)> {
    let app = channels.app().clone();
    let row = conversations::get(app.db.read(), actor.scope(), id).await?;
    must_have(&row, &actor)?;
    let (services, client_id) = (app.clone(), app.ids.next().to_string());
    let code =
        app.db
            .write(move |tx| async move {
                requesters::start_proof(&services, &*tx, row.requester_id).await
            })
            .await?;
    let words = format!(
        "您的核验码：{}。请在电话中告诉座席，15 分钟内有效。",
        code.reveal()
    );
    let new = New::of(Direction::Out, Kind::Code, words);
    append(actor, channels, id, client_id, new).await
}

/// The sender's own id of a file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientId {
    /// Sent again, it is the same message.
    client_id: String,
}

/// Sends a file to the requester. 413 over 20 MB, 415 for a kind that is not taken.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/files", tag = "conversations",
    params(("id" = Uuid, Path), ClientId),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = MessageView), (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
pub(crate) async fn send_file(
    actor: Actor<AnswerConversations>,
    State(channels): State<Channels>,
    Path(id): Path<Uuid>,
    Query(of): Query<ClientId>,
    form: Multipart,
) -> Result<(StatusCode, Json<MessageView>)> {
    let row = conversations::get(channels.app().db.read(), actor.scope(), id).await?;
    must_have(&row, &actor)?;
    let (name, bytes) = attachment::part(form).await?;
    let kept = file::put(channels.app(), name, &bytes).await?;
    let new = New {
        media_name: Some(kept.name.clone()),
        kind: file::kind_of(&kept.media_type),
        file: Some(kept),
        ..New::of(Direction::Out, Kind::File, "")
    };
    append(actor, channels, id, of.client_id, new).await
}

async fn append(
    actor: Actor<AnswerConversations>,
    channels: Channels,
    id: Uuid,
    client_id: String,
    new: New,
) -> Result<(StatusCode, Json<MessageView>)> {
    if client_id.is_empty() || client_id.len() > 64 {
        return Err(invalid(
            "client_id",
            "client_id_invalid",
            "1 to 64 bytes that are never used twice",
        ));
    }
    let app = channels.app().clone();
    let row = conversations::get(app.db.read(), actor.scope(), id).await?;
    let channel = channel::row_of(app.db.read(), &row.channel).await?;
    let services = channels.clone();
    let stored = app
        .db
        .write(move |tx| async move {
            let before = conversations::locked(&tx, id).await?;
            if let Some(known) = store::by_client_id(&*tx, id, &client_id).await? {
                return Ok(known);
            }
            must_have(&before, &actor)?;
            let new = New {
                client_id: Some(client_id),
                author_id: Some(actor.user_id()),
                ..new
            };
            Box::pin(write(&services, &tx, &channel, before, new)).await
        })
        .await?;
    let views = store::views(channels.app().db.read(), vec![stored]).await?;
    let view = views.into_iter().next();
    let view = view.ok_or_else(|| not_found("message"))?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Writes what an agent says: in as many parts as the platform needs. Answers the first.
async fn write(
    channels: &Channels,
    tx: &kernel::Tx,
    channel: &channel::row::Model,
    before: conversations::row::Model,
    new: New,
) -> Result<row::Model> {
    let app = channels.app();
    let mut after = before.clone();
    let note = new.direction == Direction::Note;
    let standing = before.standing()?;
    if !note && standing != Standing::Active {
        let refusal = match standing {
            Standing::Waiting | Standing::Left => Refusal::NotTaken,
            _ => Refusal::Ended,
        };
        return Err(before.said_no(refusal));
    }
    let parts = if note || new.kind != Kind::Text {
        vec![new.text.clone()]
    } else {
        let longest = adapter(&channel.kind).map_or(usize::MAX, |adapter| adapter.longest_text());
        split(&new.text, longest)
    };
    if !note {
        window::take(&mut after, parts.len(), app.clock.now())?;
        let moment = conversations::moment(app, channels.settings(), WrapUpRule::default());
        after.set_case(&after.case()?.heard(&moment));
    }
    let mut written = Vec::new();
    let mut rest = Some(new);
    for text in parts {
        let Some(base) = rest.take() else { break };
        rest = Some(New {
            client_id: None,
            file: None,
            ..base.clone()
        });
        let mut part = New { text, ..base };
        if !note {
            outbox::address(channels, channel, &mut part);
        }
        written.push(store::append(app, &**tx, &mut after, part).await?);
    }
    let saved = versioned::save(app, &**tx, &before, after).await?;
    let shown = store::views(&**tx, written.clone()).await?;
    for view in shown {
        conversations::tell_screens(app, tx, &saved, "message", json!({ "message": view }));
    }
    if !note {
        for message in &written {
            let news = News::Message(Box::new(message.clone()));
            intake::tell_visitor(channels, tx, &saved, news);
        }
        if written
            .iter()
            .any(|message| message.delivery.as_deref() == Some(Delivery::Pending.as_str()))
        {
            let bell = channels.clone();
            tx.on_commit(move || bell.ring_outgoing());
        }
    }
    let first = written.into_iter().next();
    first.ok_or_else(|| not_found("message"))
}

/// A text in parts of at most `longest` bytes, cut behind the end of a sentence where there is one.
fn split(text: &str, longest: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > longest.max(4) {
        let mut fits = longest.max(4);
        while !rest.is_char_boundary(fits) {
            fits -= 1;
        }
        let head = &rest[..fits];
        let sentence = head
            .char_indices()
            .rev()
            .find(|(_, char)| matches!(char, '。' | '！' | '？' | '\n' | '；' | '.' | '!' | '?'))
            .map(|(at, char)| at + char.len_utf8());
        let cut = sentence.filter(|cut| *cut > fits / 2).unwrap_or(fits);
        parts.push(rest[..cut].trim().to_owned());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// A file of a conversation; opening it is written to the audit trail.
#[utoipa::path(
    get, path = "/api/v1/conversation-files/{id}", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
pub(crate) async fn file(
    actor: Actor<ViewConversations>,
    State(channels): State<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let app = channels.app().clone();
    let conn = app.db.read();
    let kept = file::find(conn, id).await?;
    conversations::get(conn, actor.scope(), kept.conversation_id).await?;
    let bytes = app.files.get(&kept.path).await?;
    let (services, who) = (app.clone(), actor.who());
    let conversation = kept.conversation_id;
    app.db
        .write(move |tx| async move {
            let details = json!({ "file": id });
            let action = "conversation.file_opened";
            audit::record(
                &services,
                &*tx,
                &who,
                action,
                "conversation",
                conversation,
                details,
            )
            .await
        })
        .await?;
    Ok(attachment::download(&kept.name, &kept.media_type, bytes))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_long_answer_is_cut_behind_a_sentence_and_never_within_a_character() {
        let sentence = "请先用网页的找回功能。";
        let parts = split(&sentence.repeat(5), sentence.len() * 2 + 3);
        assert_eq!(parts.len(), 3);
        assert_eq!(parts.concat(), sentence.repeat(5));
        assert!(parts.iter().all(|part| part.ends_with('。')));
        let parts = split(&"考".repeat(100), 50);
        assert_eq!(parts.concat(), "考".repeat(100));
        assert!(parts.iter().all(|part| part.len() <= 50));
    }
}
