//! What an agent does with a conversation.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use chrono::TimeDelta;
use floor::Declined;
use kernel::Actor;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, bad_request, refused};
use kernel::text::needed;
use kernel::{Role, Scope, versioned};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{ConversationView, view};
use super::store::{self, row};
use super::{Action, EndReason, Refusal, State};
use crate::message::store::{self as messages, New};
use crate::standing::{self, Purpose, Standing};
use crate::visitor::hub::News;
use crate::{AnswerConversations, Channels, desk, intake, replies};

/// How long a sign of typing holds.
const TYPING: TimeDelta = TimeDelta::seconds(6);

/// Only who has it acts on it; a lead for him.
pub(crate) fn must_have(row: &row::Model, actor: &Actor<AnswerConversations>) -> Result<()> {
    let his = row.agent_id == Some(actor.user_id());
    if his || matches!(actor.scope(), Scope::All) {
        return Ok(());
    }
    Err(refused(
        "not_your_conversation",
        format!("conversation `{}` is with somebody else", row.number),
    )
    .with_way_out("the shift lead can hand it on"))
}

/// Does one step, and tells the visitor.
pub(crate) async fn step(
    channels: &Channels,
    id: Uuid,
    who: &Who,
    action: Action,
) -> Result<row::Model> {
    step_and(channels, id, who, action, |_| {}).await
}

async fn step_and(
    channels: &Channels,
    id: Uuid,
    who: &Who,
    action: Action,
    more: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<row::Model> {
    let question = match action {
        Action::End(EndReason::Agent) => Some(standing::text(channels, Purpose::Rating).await?),
        _ => None,
    };
    let (channels, who) = (channels.clone(), who.clone());
    let app = channels.app().clone();
    app.db
        .clone()
        .write(move |tx| async move {
            let row = store::locked(&tx, id).await?;
            let how = (action, question);
            Box::pin(do_step(&channels, &tx, &who, row, how, more)).await
        })
        .await
}

async fn do_step(
    channels: &Channels,
    tx: &kernel::Tx,
    who: &Who,
    row: row::Model,
    (action, question): (Action, Option<Standing>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let app = channels.app();
    let rule = store::wrap_up_rule(&**tx, &row).await?;
    let moment = store::moment(app, channels.settings(), rule);
    let line = match action {
        Action::Take(_) => Some("taken"),
        Action::PutBack => Some("put_back"),
        Action::End(EndReason::Requester) => Some("ended_by_requester"),
        Action::End(EndReason::Agent) => Some("ended_by_agent"),
        Action::End(_)
        | Action::Leave(_)
        | Action::Resume
        | Action::Extend
        | Action::Close
        | Action::RunOut => None,
    };
    let saved = store::act((app, tx, who), row, action, &moment, more).await?;
    let saved = match line {
        None => saved,
        Some(line) => {
            let mut after = saved.clone();
            let new = New {
                author_id: who.user_id,
                ..New::system(line)
            };
            messages::append(app, &**tx, &mut after, new).await?;
            if let Some(question) = question {
                replies::ask_for_rating(channels, tx, &mut after, question).await?;
            }
            versioned::save(app, &**tx, &saved, after).await?
        }
    };
    intake::tell_visitor(channels, tx, &saved, News::State);
    Ok(saved)
}

/// Takes a conversation that rings at the actor.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/accept", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn accept(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Json<ConversationView>> {
    let me = actor.user_id();
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    if row.agent_id == Some(me) {
        return view(&channels, me, row).await;
    }
    let gone = || row.said_no(Refusal::Taken);
    let work = row.work_id.ok_or_else(gone)?;
    if row.standing()? != State::Waiting {
        return Err(gone());
    }
    channels.floor().accepted(work, me).await?;
    match step(&channels, id, &actor.who(), Action::Take(me)).await {
        Ok(taken) => view(&channels, me, taken).await,
        Err(problem) => {
            // The floor thinks it is his, the rows do not: it waits again.
            channels.floor().ended(work).await;
            desk::offer(&channels, id).await?;
            Err(problem)
        }
    }
}

/// Does not take a conversation that rings at the actor: it rings at the next one.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/decline", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub(crate) async fn decline(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    if let Some(work) = row.work_id {
        let me = actor.user_id();
        channels.floor().declined(work, me, Declined::Refused).await;
        // The floor tells of rings it ends itself.
        desk::stop_ringing(&channels, work, me).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes up a conversation that was left: the requester wrote when nobody was there, and the platform still takes an
/// answer.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/take-up", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn take_up(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Json<ConversationView>> {
    let me = actor.user_id();
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    if row.standing()? != State::Left {
        return Err(row.said_no(Refusal::Taken));
    }
    let taken = step(&channels, id, &actor.who(), Action::Take(me)).await?;
    desk::give_back(&channels, &taken).await?;
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    view(&channels, me, row).await
}

/// How far somebody has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentRead {
    /// The place of the last message read.
    seq: i64,
}

/// The agent has read up to there.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/read", tag = "conversations",
    params(("id" = Uuid, Path)), request_body = AgentRead,
    responses((status = 204), (status = 404, body = Problem)),
)]
pub(crate) async fn read(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
    Json(read): Json<AgentRead>,
) -> Result<StatusCode> {
    let app = channels.app().clone();
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    // Who looks over his shoulder has read nothing for him.
    if row.agent_id != Some(actor.user_id()) || row.agent_read_seq >= read.seq {
        return Ok(StatusCode::NO_CONTENT);
    }
    app.db
        .clone()
        .write(move |tx| async move {
            let before = store::locked(&tx, id).await?;
            let mut after = before.clone();
            after.agent_read_seq = read.seq.min(after.last_seq).max(after.agent_read_seq);
            after.unread = messages::inbound_after(&*tx, id, after.agent_read_seq).await?;
            let saved = versioned::save(&app, &*tx, &before, after).await?;
            let news = json!({ "agent_read_seq": saved.agent_read_seq, "unread": saved.unread });
            store::tell_screens(&app, &tx, &saved, "read", news);
            intake::tell_visitor(&channels, &tx, &saved, News::Read(saved.agent_read_seq));
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The agent is typing.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/typing", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub(crate) async fn typing(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    if row.agent_id == Some(actor.user_id()) {
        let until = channels.app().clock.now() + TYPING;
        channels.hub().tell(row.identity_id, News::Typing(until));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// To whom a conversation goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transfer {
    /// The queue; the same one when left out.
    queue: Option<String>,
    /// The agent who is asked first; while he does not take it, it is for anybody of the queue.
    agent_id: Option<Uuid>,
    /// Why, 1 to 2,000 characters; stands in the conversation as a note.
    reason: String,
}

/// Hands a conversation on to a queue or a colleague. It waits with the place of one that comes now.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/transfer", tag = "conversations",
    params(("id" = Uuid, Path)), request_body = Transfer,
    responses((status = 200, body = ConversationView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn transfer(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
    Json(to): Json<Transfer>,
) -> Result<Json<ConversationView>> {
    let app = channels.app().clone();
    let reason = needed("reason", &to.reason)?;
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    must_have(&row, &actor)?;
    let unknown =
        |field: &str, code: &'static str| bad_request(code, "no such one").with_field(field);
    if let Some(queue) = &to.queue
        && channels.floor().queue_rules(queue).is_none()
    {
        return Err(unknown("queue", "queue_unknown"));
    }
    if let Some(agent) = to.agent_id {
        let known = organization::colleagues::holder(app.db.read(), Role::Agent, agent).await?;
        if known.is_none() || row.agent_id == Some(agent) {
            return Err(unknown("agent_id", "agent_unknown"));
        }
    }
    let (services, who) = (channels.clone(), actor.who());
    let put_back = app
        .db
        .clone()
        .write(move |tx| async move {
            let before = store::locked(&tx, id).await?;
            let mut noted = before.clone();
            let note = New {
                author_id: who.user_id,
                ..New::of(
                    crate::message::Direction::Note,
                    crate::message::Kind::Text,
                    reason,
                )
            };
            messages::append(&app, &*tx, &mut noted, note).await?;
            let noted = versioned::save(&app, &*tx, &before, noted).await?;
            let more = move |after: &mut row::Model| {
                after.preferred_agent_id = to.agent_id;
                if let Some(queue) = to.queue {
                    after.queue = Some(queue);
                }
            };
            let how = (Action::PutBack, None);
            Box::pin(do_step(&services, &tx, &who, noted, how, more)).await
        })
        .await?;
    view(&channels, actor.user_id(), put_back).await
}

/// Ends the talk: its record is written up now, the requester is asked how it was.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/end", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationView), (status = 409, body = Problem)),
)]
pub(crate) async fn end(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Json<ConversationView>> {
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    must_have(&row, &actor)?;
    if row.standing()? == State::Waiting {
        return Err(row.said_no(Refusal::NotTaken));
    }
    let action = Action::End(EndReason::Agent);
    let ended = step(&channels, id, &actor.who(), action).await?;
    view(&channels, actor.user_id(), ended).await
}

/// Why more time is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendChatWrapUp {
    /// 1 to 2,000 characters; stands in the conversation as a note.
    reason: String,
}

/// Extends the wrap-up by its length, as often as the queue allows. 409 `not_in_wrap_up`, `no_extension_left`.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/wrap-up/extend", tag = "conversations",
    operation_id = "extend_conversation_wrap_up",
    params(("id" = Uuid, Path)), request_body = ExtendChatWrapUp,
    responses((status = 200, body = ConversationView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn extend_wrap_up(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
    Json(asked): Json<ExtendChatWrapUp>,
) -> Result<Json<ConversationView>> {
    let app = channels.app().clone();
    let reason = needed("reason", &asked.reason)?;
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    must_have(&row, &actor)?;
    let (services, who) = (channels.clone(), actor.who());
    let extended = app
        .db
        .clone()
        .write(move |tx| async move {
            let before = store::locked(&tx, id).await?;
            let extend = (Action::Extend, None);
            let extended = Box::pin(do_step(&services, &tx, &who, before, extend, |_| {})).await?;
            let mut noted = extended.clone();
            let note = New {
                author_id: who.user_id,
                ..New::of(
                    crate::message::Direction::Note,
                    crate::message::Kind::Text,
                    reason,
                )
            };
            messages::append(&app, &*tx, &mut noted, note).await?;
            versioned::save(&app, &*tx, &extended, noted).await
        })
        .await?;
    view(&channels, actor.user_id(), extended).await
}

/// The record is written: the conversation is over, the agent's place is free. 409 `wrap_up_incomplete` until it is
///
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/close", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationView), (status = 409, body = Problem)),
)]
pub(crate) async fn close(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Json<ConversationView>> {
    let row = store::get(channels.app().db.read(), actor.scope(), id).await?;
    must_have(&row, &actor)?;
    if row.standing()? != State::Closed {
        channels.house()?.is_written(id).await?;
    }
    let closed = step(&channels, id, &actor.who(), Action::Close).await?;
    if let Some(work) = closed.work_id {
        channels.floor().ended(work).await;
    }
    view(&channels, actor.user_id(), closed).await
}

/// Somebody a conversation may be handed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationReceiver {
    /// Who.
    #[serde(flatten)]
    pub person: Colleague,
    /// His state at the floor.
    pub state: &'static str,
}

/// Those a conversation may be handed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationReceivers {
    /// Every agent but the one who has it.
    pub items: Vec<ConversationReceiver>,
}

/// Lists whom a conversation may be handed to, with their state now.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/receivers", tag = "conversations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ConversationReceivers), (status = 404, body = Problem)),
)]
pub(crate) async fn receivers(
    actor: Actor<AnswerConversations>,
    Shared(channels): Shared<Channels>,
    Path(id): Path<Uuid>,
) -> Result<Json<ConversationReceivers>> {
    let conn = channels.app().db.read();
    let row = store::get(conn, actor.scope(), id).await?;
    let agents = organization::colleagues::holders(conn, Role::Agent).await?;
    let items = agents
        .into_iter()
        .filter(|agent| row.agent_id != Some(agent.id))
        .map(|person| ConversationReceiver {
            state: channels.floor().state_of(person.id).as_str(),
            person,
        });
    Ok(Json(ConversationReceivers {
        items: items.collect(),
    }))
}
