//! Who is turned away at the door, for the administrator.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::{Actor, audit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::calls::reason::reason_of;
use crate::sip::guard::blocked::Why;
use crate::{ReleaseSources, Telephony, ViewTelephony};

/// Sources shown at most.
const MOST: usize = 500;

/// A source that is turned away.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockedSource {
    /// `scanner`, `flood` or `secret`.
    pub why: Why,
    /// Its address, of IPv6 its network; null: an account that is guessed at from many addresses.
    pub address: Option<String>,
    /// The account whose secret was wrong; null: any.
    pub account: Option<String>,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it is over, unless it goes on.
    pub until: DateTime<Utc>,
    /// How often.
    pub times: u64,
}

/// Who is turned away now.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockedSources {
    /// What ends last first; at most 500.
    pub items: Vec<BlockedSource>,
    /// How many there are.
    pub total: usize,
}

/// Who is turned away by SIP now: scanners, sources that send too much, those with too many wrong secrets.
#[utoipa::path(
    get, path = "/api/v1/sip-blocks", tag = "telephony",
    responses((status = 200, body = BlockedSources)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewTelephony>,
    State(telephony): State<Telephony>,
) -> Result<Json<BlockedSources>> {
    let blocked = telephony.stack()?.blocked();
    let total = blocked.len();
    let items = blocked.into_iter().take(MOST).map(|one| BlockedSource {
        why: one.why,
        address: one.address.map(|address| address.to_string()),
        account: one.account,
        since: one.since,
        until: one.until,
        times: one.times,
    });
    Ok(Json(BlockedSources {
        items: items.collect(),
        total,
    }))
}

/// Whom to let in, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// As it stands in the list.
    why: Why,
    /// As it stands in the list.
    address: Option<String>,
    /// As it stands in the list.
    account: Option<String>,
    /// Why, 2 to 200 characters; stands in the audit trail.
    reason: String,
}

/// Lets a source in before its time. A scanner that is let in is answered for 24 hours. 404 when it is not turned away.
#[utoipa::path(
    post, path = "/api/v1/sip-blocks/release", tag = "telephony",
    request_body = Release,
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn release(
    actor: Actor<ReleaseSources>,
    State(telephony): State<Telephony>,
    Json(asked): Json<Release>,
) -> Result<StatusCode> {
    let reason = reason_of(&asked.reason)?;
    let parsed = asked.address.as_deref().map(str::parse::<IpAddr>);
    let address = parsed
        .transpose()
        .map_err(|_| invalid("address", "address_invalid", "this is no IP address"))?;
    let stack = telephony.stack()?;
    let account = asked.account.as_deref();
    let there = stack.blocked().into_iter().any(|one| {
        one.why == asked.why && one.address == address && one.account.as_deref() == account
    });
    if !there {
        return Err(not_found("blocked source"));
    }
    let subject = asked.address.clone().or_else(|| asked.account.clone());
    let details = json!({
        "why": asked.why, "address": asked.address, "account": asked.account, "reason": reason,
    });
    let (app, who) = (telephony.app().clone(), actor.who());
    // The trail first: nobody is let in who does not stand there.
    app.db
        .clone()
        .write(async move |tx| {
            let subject = subject.clone().unwrap_or_default();
            audit::record(
                &app,
                &*tx,
                &who,
                "sip_block.released",
                "sip_block",
                subject,
                details.clone(),
            )
            .await
        })
        .await?;
    stack.release(asked.why, address, account);
    Ok(StatusCode::NO_CONTENT)
}
