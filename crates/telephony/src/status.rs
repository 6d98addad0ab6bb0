//! The state of telephony for the screens, and the demo call.

use std::sync::atomic::Ordering::Relaxed;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use floor::DeviceKind;
use kernel::Actor;
use kernel::http::Json;
use kernel::problem::{Problem, Result, not_found, unavailable};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::{CallPlan, place};
use crate::test_line::{Sound, Speech};
use crate::{PlaceDemoCalls, Telephony, ViewTelephony};

/// Demo calls at the same time.
const DEMO_CALLS: usize = 10;

/// A registered device.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationView {
    /// Whose.
    pub user_id: Uuid,
    /// The user part of its SIP address.
    pub username: String,
    /// Softphone or telephone.
    pub kind: DeviceKind,
    /// Where its requests come from.
    pub source: String,
    /// As it names itself.
    pub user_agent: String,
    /// Registered first at.
    pub since: DateTime<Utc>,
    /// Good until.
    pub expires_at: DateTime<Utc>,
}

/// The state of telephony.
#[derive(Debug, Serialize, ToSchema)]
pub struct TelephonyView {
    /// Where SIP listens.
    pub sip_listen: String,
    /// Numbers that the public calls.
    pub hotline_numbers: Vec<String>,
    /// Who may call them.
    pub trunks: usize,
    /// Calls that run.
    pub calls: usize,
    /// UDP ports in use for voice.
    pub rtp_ports: usize,
    /// Softphones connected.
    pub softphones: usize,
    /// Messages turned away: not well formed.
    pub malformed: u64,
    /// Messages turned away: too many from one source.
    pub too_many: u64,
    /// Who is registered.
    pub registrations: Vec<RegistrationView>,
}

/// Registrations, trunks and what is going on.
#[utoipa::path(
    get, path = "/api/v1/telephony", tag = "telephony",
    responses((status = 200, body = TelephonyView)),
)]
pub(crate) async fn show(
    _actor: Actor<ViewTelephony>,
    State(telephony): State<Telephony>,
) -> Result<Json<TelephonyView>> {
    let stack = telephony.stack()?;
    let registrations = stack
        .registrar()
        .all()
        .into_iter()
        .map(|binding| RegistrationView {
            user_id: binding.user_id,
            username: binding.username,
            kind: binding.kind,
            source: binding.source.to_string(),
            user_agent: binding.user_agent,
            since: binding.since,
            expires_at: binding.expires_at,
        })
        .collect();
    Ok(Json(TelephonyView {
        sip_listen: stack.address().to_string(),
        hotline_numbers: stack.config().hotline_numbers.clone(),
        trunks: stack.config().trunks.len(),
        calls: telephony.engine().open_calls(),
        rtp_ports: telephony.engine().inner().media.ports_in_use(),
        softphones: stack.sockets().open(),
        malformed: stack.turned().malformed.load(Relaxed),
        too_many: stack.turned().too_many.load(Relaxed),
        registrations,
    }))
}

/// A demo call on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoCallView {
    /// The number it comes from.
    pub from: String,
    /// The number it calls.
    pub to: String,
}

/// Places a call to the hotline over real SIP, from a made-up requester who speaks; demo mode only.
#[utoipa::path(
    post, path = "/api/v1/demo/calls", tag = "telephony",
    responses((status = 202, body = DemoCallView), (status = 404, body = Problem), (status = 503, body = Problem)),
)]
pub(crate) async fn place_demo_call(
    _actor: Actor<PlaceDemoCalls>,
    State(telephony): State<Telephony>,
) -> Result<(StatusCode, Json<DemoCallView>)> {
    if !telephony.demo() {
        return Err(not_found("demo"));
    }
    let stack = telephony.stack()?;
    let slot = telephony.demo_slot(DEMO_CALLS).ok_or_else(|| {
        unavailable(
            "too_many_demo_calls",
            format!("{DEMO_CALLS} demo calls run already"),
        )
    })?;
    let to = stack
        .config()
        .hotline_numbers
        .first()
        .cloned()
        .ok_or_else(|| not_found("hotline number"))?;
    let from = telephony.demo_number();
    let mut plan = CallPlan::new(to.clone(), from.clone(), loopback(stack.address()));
    plan.speech = Speech::Sound(Sound::demo_caller());
    plan.stop = telephony.app().shutdown.child_token();
    plan.talk = Some(std::time::Duration::from_mins(30));
    telephony.app().tasks.spawn(async move {
        match place(plan).await {
            Ok(report) => tracing::info!(end = %report.end, "demo call over"),
            Err(error) => tracing::warn!(%error, "demo call not placed"),
        }
        drop(slot);
    });
    Ok((StatusCode::ACCEPTED, Json(DemoCallView { from, to })))
}

/// A listener on every address is reached on loopback.
fn loopback(address: std::net::SocketAddr) -> std::net::SocketAddr {
    if address.ip().is_unspecified() {
        (std::net::Ipv4Addr::LOCALHOST, address.port()).into()
    } else {
        address
    }
}
