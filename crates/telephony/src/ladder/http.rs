//! The ladder over HTTP: numbers masked, in the clear with a reason, and as a capture file.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query, ShownOnce};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::{Actor, audit};
use organization::{ExportPass, Leaving, Trace};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Taken, mask, pcap, store};
use crate::calls::reason::{Reason, reason_of};
use crate::{Telephony, ViewTelephony};

/// One SIP message of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct LadderMessage {
    /// When it was seen.
    pub at: DateTime<Utc>,
    /// Milliseconds since the first.
    pub after_ms: i64,
    /// Address and port it came from.
    pub from: String,
    /// Address and port it went to.
    pub to: String,
    /// It came in; else we sent it.
    pub incoming: bool,
    /// `requester` or `agent`: whose leg.
    pub leg: String,
    /// `UDP`, `TCP`, `TLS` or `WS`.
    pub transport: String,
    /// `INVITE`, `BYE`; null of a response.
    pub method: Option<String>,
    /// 100 to 699; null of a request.
    pub status: Option<u16>,
    /// `1 INVITE`: which request it belongs to.
    pub cseq: String,
    /// Call-ID: which dialog.
    pub dialog: String,
    /// All of it.
    pub text: String,
}

/// The SIP messages of a call in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct LadderView {
    /// The messages.
    pub items: Vec<LadderMessage>,
    /// Messages that were too many to be kept.
    pub dropped: u64,
    /// Numbers of people are masked.
    pub masked: bool,
}

fn of_header<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text
        .lines()
        .take_while(|line| !line.is_empty())
        .find(|line| {
            line.split_once(':')
                .is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name))
        });
    line.and_then(|line| line.split_once(':'))
        .map_or("", |(_, value)| value.trim())
}

fn view(taken: Taken, ours: Option<&[String]>) -> LadderView {
    let first = taken.messages.first().map(|message| message.at);
    // Our INVITE to a device names the call.
    let devices: HashSet<String> = taken
        .messages
        .iter()
        .filter(|message| !of_header(&message.text, "X-Call-Id").is_empty())
        .map(|message| message.dialog.clone())
        .collect();
    let shown = |text: &str| match ours {
        Some(ours) => mask::masked(text, ours),
        None => text.to_owned(),
    };
    let item = |message: super::Message| {
        let line = message.text.lines().next().unwrap_or_default();
        let status = line
            .strip_prefix("SIP/2.0 ")
            .and_then(|rest| rest.get(..3)?.parse().ok());
        let method = match status {
            None => line.split(' ').next().map(str::to_owned),
            Some(_) => None,
        };
        let agent = devices.contains(&message.dialog);
        LadderMessage {
            after_ms: first.map_or(0, |first| (message.at - first).num_milliseconds()),
            at: message.at,
            incoming: message.incoming,
            leg: if agent { "agent" } else { "requester" }.to_owned(),
            method,
            status,
            cseq: of_header(&message.text, "CSeq").to_owned(),
            dialog: shown(&message.dialog),
            text: shown(&message.text),
            from: message.from.to_string(),
            to: message.to.to_string(),
            transport: message.transport,
        }
    };
    LadderView {
        dropped: taken.dropped,
        masked: ours.is_some(),
        items: taken.messages.into_iter().map(item).collect(),
    }
}

async fn of_call(telephony: &Telephony, actor: &Actor<ViewTelephony>, id: Uuid) -> Result<Taken> {
    let conn = telephony.app().db.read();
    crate::calls::store::get(conn, actor.scope(), id).await?;
    let taken = match store::read(conn, id).await? {
        Some(taken) => taken,
        None => telephony
            .ladder()
            .map(|ladder| ladder.peek(id))
            .unwrap_or_default(),
    };
    if taken.messages.is_empty() {
        return Err(not_found("ladder"));
    }
    Ok(taken)
}

async fn write_down(
    telephony: &Telephony,
    actor: &Actor<ViewTelephony>,
    action: &'static str,
    id: Uuid,
    reason: String,
) -> Result<()> {
    let (app, who) = (telephony.app().clone(), actor.who());
    let details = json!({ "reason": reason });
    telephony
        .app()
        .db
        .write(move |tx| async move {
            audit::record(&app, &*tx, &who, action, "call", id, details).await
        })
        .await
}

/// The SIP messages of a call, both legs, with the numbers of people masked; of a running call those until now.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/ladder", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = LadderView), (status = 404, body = Problem)),
)]
pub(crate) async fn show(
    actor: Actor<ViewTelephony>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<LadderView>> {
    let taken = of_call(&telephony, &actor, id).await?;
    let ours = &telephony.settings().sip.hotline_numbers;
    Ok(Json(view(taken, Some(ours))))
}

/// The same with the numbers in the clear (明文查看); who asked and why stands in the audit trail.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/ladder/reveal", tag = "calls",
    params(("id" = Uuid, Path)), request_body = Reason,
    responses(
        (status = 200, body = LadderView), (status = 404, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn reveal(
    actor: Actor<ViewTelephony>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(reason): Json<Reason>,
) -> Result<impl IntoResponse> {
    let reason = reason_of(&reason.reason)?;
    let taken = of_call(&telephony, &actor, id).await?;
    // The trail is written before the numbers leave.
    write_down(&telephony, &actor, "call.ladder_revealed", id, reason).await?;
    Ok(ShownOnce(StatusCode::OK, view(taken, None)))
}

/// The ladder as a capture file (pcap, raw IP, UDP) with the real addresses and numbers; needs a reason, which
/// stands in the audit trail.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/ladder.pcap", tag = "calls",
    params(("id" = Uuid, Path), Reason, ExportPass),
    responses(
        (status = 200, description = "the capture", content_type = "application/vnd.tcpdump.pcap"),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn capture(
    actor: Actor<ViewTelephony>,
    leaving: Leaving,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Query(reason): Query<Reason>,
) -> Result<Response> {
    let reason = reason_of(&reason.reason)?;
    let taken = of_call(&telephony, &actor, id).await?;
    let pass = leaving.pass(telephony.app(), 1).await?;
    let file = pcap::write(&taken.messages);
    let trace = Trace {
        action: "call.ladder_exported",
        subject_kind: "call",
        subject: id.to_string(),
        details: json!({ "reason": reason }),
    };
    pass.taken(telephony.app(), &file, trace).await?;
    Response::builder()
        .header(header::CONTENT_TYPE, "application/vnd.tcpdump.pcap")
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"call-{id}.pcap\""),
        )
        .body(Body::from(file))
        .map_err(internal)
}
