#![doc = include_str!("../README.md")]

pub mod caller;
pub mod calls;
pub mod engine;
pub mod media;
pub mod outbound;
pub mod phone;
pub mod settings;
pub mod sip;
mod status;
mod telephony;
pub mod test_line;

use kernel::{Capability, EventHandler, Migration, migration};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use engine::{CallerLookup, Engine, KnownCaller, ServiceHours};
pub use settings::Settings;
pub use sip::registrar::{DeviceDirectory, DeviceOwner, DeviceSecret};
pub use sip::sip_socket;
pub use telephony::Telephony;

kernel::permissions! {
    /// Connect the softphone in the console.
    pub UseSoftphone = "softphone:use" { Agent: Own, ShiftLead: Own, OpsManager: Own }
    /// See calls and their records.
    pub ViewCalls = "calls:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All,
        PurchaserAdmin: All, PurchaserBusiness: All, Counterpart: All,
    }
    /// Hold, mute and hang up a call.
    pub ControlCalls = "calls:control" { Agent: Own, ShiftLead: All, OpsManager: All }
    /// Listen to recordings; every time is audited.
    pub ListenRecordings = "recordings:listen" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, PurchaserAdmin: All,
    }
    /// See registrations and trunks.
    pub ViewTelephony = "telephony:view" { ShiftLead: All, OpsManager: All, SysAdmin: All }
    /// Place a demo call.
    pub PlaceDemoCalls = "demo:call" { Agent: Own, ShiftLead: All, OpsManager: All, SysAdmin: All }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112314_telephony"),
        migration!("2026112645_outbound"),
        migration!("2026112646_follow_ups"),
    ]
}

/// What the server mounts.
pub fn capability(telephony: &Telephony) -> Capability {
    use calls::http;
    let routes = OpenApiRouter::new()
        .routes(routes!(http::list))
        .routes(routes!(http::show))
        .routes(routes!(http::events))
        .routes(routes!(http::hold))
        .routes(routes!(http::unhold))
        .routes(routes!(http::mute))
        .routes(routes!(http::unmute))
        .routes(routes!(http::hang_up))
        .routes(routes!(http::recording))
        .routes(routes!(http::waveform))
        .routes(routes!(status::show))
        .routes(routes!(status::place_demo_call))
        // SIP over WebSocket (RFC 7118): no JSON, so not in the OpenAPI document.
        .route("/sip", axum::routing::get(sip_socket))
        .with_state(telephony.clone());
    let (ended, devices) = (telephony.clone(), telephony.clone());
    let mut own = Capability {
        name: "telephony",
        migrations: migrations(),
        permissions: permissions(),
        routes,
        event_handlers: vec![
            EventHandler::new(
                "telephony.close_socket_with_session",
                &["session.ended"],
                move |event| {
                    let telephony = ended.clone();
                    async move {
                        if let Ok(session) = event.subject_id.parse() {
                            telephony.session_ended(session);
                        }
                        Ok(())
                    }
                },
            ),
            EventHandler::new(
                "telephony.drop_registrations_of_device",
                &["device.secret_changed", "device.removed"],
                move |event| {
                    let telephony = devices.clone();
                    async move {
                        if let Ok(device) = event.subject_id.parse() {
                            telephony.device_secret_gone(device);
                        }
                        Ok(())
                    }
                },
            ),
        ],
        ..Capability::default()
    };
    let outbound = telephony.outbound();
    own.permissions.extend(outbound::permissions());
    own.routes = own.routes.merge(outbound::routes(outbound));
    own.event_handlers
        .extend(outbound::event_handlers(outbound));
    own
}
