//! What came by a channel without a machine (来访, 来信, a group's screenshot), noted by hand.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::Actor;
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{checked, must_be_name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MANUAL, enabled};
use crate::house::{Noted, WrittenDown};
use crate::{Channels, NoteContacts};

/// A contact that is noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotedContact {
    /// The channel's code.
    channel: String,
    /// The requester's number, if he gave one.
    phone: Option<String>,
    /// His name, if he gave one.
    name: Option<String>,
    /// 诉求类型
    request_type: Option<String>,
    /// Code of the matter.
    matter: Option<String>,
    /// 处理结果, as of a call.
    result: String,
    /// 摘要, at most 2,000 characters.
    #[serde(default)]
    summary: String,
    /// With `attached`: the requester's open ticket.
    ticket_id: Option<Uuid>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotedContact {
    /// The contact record.
    pub contact_record_id: Uuid,
    /// The ticket that was opened, or that it belongs to.
    pub ticket_id: Option<Uuid>,
}

/// Notes a contact that came without a machine: its record is complete at once, by the rules of a call's.
#[utoipa::path(
    post, path = "/api/v1/manual-contacts", tag = "channels", request_body = NewNotedContact,
    responses((status = 201, body = NotedContact), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn note(
    actor: Actor<NoteContacts>,
    State(channels): State<Channels>,
    Json(new): Json<NewNotedContact>,
) -> Result<(StatusCode, Json<NotedContact>)> {
    let channel = enabled(channels.app().db.read(), &new.channel).await?;
    if channel.kind != MANUAL {
        return Err(invalid(
            "channel",
            "channel_not_manual",
            "what comes by this channel notes itself",
        ));
    }
    if let Some(name) = &new.name {
        must_be_name("name", name)?;
    }
    let noted = Noted {
        channel: channel.code,
        queue: channel.queue,
        phone: new.phone,
        name: new.name,
        request_type: new.request_type,
        matter: new.matter.filter(|code| !code.is_empty()),
        result: new.result,
        summary: checked("summary", &new.summary)?,
        ticket_id: new.ticket_id,
    };
    let WrittenDown { record, ticket } = channels
        .house()?
        .note(actor.who(), actor.user_id(), noted)
        .await?;
    let done = NotedContact {
        contact_record_id: record,
        ticket_id: ticket,
    };
    Ok((StatusCode::CREATED, Json(done)))
}
