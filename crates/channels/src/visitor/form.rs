//! What a visitor is asked and told before he writes, and the form he leaves a message by (留言).

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::attachment;
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::{must_be_name, needed};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::begin;
use super::http::{Front, agreed};
use crate::house::{Left, LeftTicket};
use crate::message::LONGEST;
use crate::standing::{self, Purpose};
use crate::{Channels, intake};

/// Which channel.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Its code; `web` unless told.
    channel: Option<String>,
}

/// The privacy notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notice {
    /// What one agrees to by.
    pub version: String,
    /// The words.
    pub text: String,
    /// They came with the program: nobody has approved others yet.
    pub shipped: bool,
}

/// A matter one can choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatterChoice {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// What is asked before the first word.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitForm {
    /// The matters.
    pub matters: Vec<MatterChoice>,
}

/// What the website's window needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitConfig {
    /// The channel.
    pub channel: String,
    /// What this hotline is called.
    pub name: String,
    /// The line is open.
    pub open: bool,
    /// When it opens next.
    pub opens_at: Option<DateTime<Utc>>,
    /// The privacy notice.
    pub notice: Notice,
    /// What is asked first.
    pub form: VisitForm,
    /// The longest text, in characters.
    pub most_text: usize,
    /// The largest file, in bytes.
    pub most_file: usize,
    /// Media types of the files that are taken.
    pub files: Vec<&'static str>,
    /// The number to call.
    pub hotline: String,
}

/// Whether the line is open, what is asked, what is agreed to.
#[utoipa::path(
    get, path = "/api/v1/chat/config", tag = "chat", params(Which),
    responses((status = 200, body = VisitConfig), (status = 404, body = Problem)),
)]
pub(super) async fn config(
    State(front): State<Front>,
    Query(which): Query<Which>,
) -> Result<Json<VisitConfig>> {
    let channels = &front.channels;
    let app = channels.app();
    let code = which.channel.as_deref().unwrap_or("web");
    let channel = intake::website(app, code).await?;
    let house = channels.house()?;
    let now = app.clock.now();
    let numbers: Vec<String> = app.config.get("sip.hotline_numbers")?;
    let matters = house.matters().await?.into_iter();
    let open = house.is_open(now);
    let notice = standing::text(channels, Purpose::PrivacyNotice).await?;
    Ok(Json(VisitConfig {
        channel: channel.code,
        name: app.config.get("service.name")?,
        open,
        opens_at: if open { None } else { house.next_opening(now) },
        notice: Notice {
            version: notice.version(),
            shipped: notice.article.is_none(),
            text: notice.text,
        },
        form: VisitForm {
            matters: matters
                .map(|(code, name)| MatterChoice { code, name })
                .collect(),
        },
        most_text: LONGEST,
        most_file: attachment::LARGEST,
        files: vec![
            "image/png",
            "image/jpeg",
            "image/gif",
            "application/pdf",
            "text/plain",
            "application/zip",
        ],
        hotline: numbers.into_iter().next().unwrap_or_default(),
    }))
}

/// The matter of this code; 422 for one there is not.
pub(super) async fn matter(
    channels: &Channels,
    code: Option<&str>,
) -> Result<Option<(String, String)>> {
    let Some(code) = code.filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    let matters = channels.house()?.matters().await?;
    let found = matters.into_iter().find(|(known, _)| known == code);
    found
        .map(Some)
        .ok_or_else(|| invalid("matter", "matter_unknown", "no such matter"))
}

/// A message that is left.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLeftMessage {
    /// The channel's code: `web`.
    channel: String,
    /// The version of the privacy notice that was agreed to.
    consent: String,
    /// How the requester wants to be called.
    name: Option<String>,
    /// The number he is called back on, and asks by where his request stands.
    phone: String,
    /// Code of the matter.
    matter: Option<String>,
    /// What he wants, 1 to 2,000 characters.
    text: String,
    /// The form's own id: sent again, it is the same message.
    client_id: Option<Uuid>,
}

/// Leaves a message: a ticket with an owner and a deadline stands for it at once.
#[utoipa::path(
    post, path = "/api/v1/chat/left-messages", tag = "chat", request_body = NewLeftMessage,
    responses((status = 201, body = LeftTicket), (status = 422, body = Problem), (status = 429, body = Problem)),
)]
pub(super) async fn leave(
    State(front): State<Front>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Json(new): Json<NewLeftMessage>,
) -> Result<Response> {
    front.admit_new(peer)?;
    let channels = front.channels.clone();
    agreed(&channels, &new.consent).await?;
    let app = channels.app().clone();
    let channel = intake::website(&app, &new.channel).await?;
    let text = needed("text", &new.text)?;
    if let Some(name) = &new.name {
        must_be_name("name", name)?;
    }
    let matter = matter(&channels, new.matter.as_deref()).await?;
    let services = app.clone();
    let (code, name, consent, phone) = (channel.code.clone(), new.name, new.consent, new.phone);
    let requester = app
        .db
        .write(move |tx| async move {
            let begun = begin(&services, &*tx, &code, name.as_deref(), consent).await?;
            let writer = begun.2;
            let id = writer.requester.id;
            requesters::note_claimed_number(&services, &*tx, id, &phone).await?;
            Ok(id)
        })
        .await?;
    let ticket = channels
        .house()?
        .leave(Left {
            source: new.client_id.unwrap_or_else(|| app.ids.next()),
            requester,
            channel: channel.code,
            channel_name: channel.name,
            matter: matter.map(|(code, _)| code),
            text,
            preferred_agent: None,
        })
        .await?;
    let mut response = (StatusCode::CREATED, Json(ticket)).into_response();
    response.headers_mut().insert(
        axum::http::header::CACHE_CONTROL,
        axum::http::HeaderValue::from_static("no-store"),
    );
    Ok(response)
}
