#![doc = include_str!("../README.md")]

pub mod caller;
pub mod calls;
pub mod elsewhere;
pub mod engine;
pub mod media;
pub mod phone;
pub mod settings;
pub mod sip;
mod status;
mod telephony;
pub mod test_line;
pub mod trunk;

use kernel::{Capability, EventHandler, Migration, migration};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use engine::{CallBlocks, CallerLookup, Engine, KnownCaller, ServiceHours};
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
    /// Listen to, whisper into, join and take over running calls, with a reason; every time is audited.
    pub SuperviseCalls = "calls:supervise" { ShiftLead: All, OpsManager: All }
    /// Listen to recordings; every time is audited.
    pub ListenRecordings = "recordings:listen" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Trainer: All, PurchaserAdmin: All,
    }
    /// See registrations and trunks.
    pub ViewTelephony = "telephony:view" { ShiftLead: All, OpsManager: All, SysAdmin: All }
    /// Add and change trunks.
    pub EditTrunks = "trunks:edit" { SysAdmin: All }
    /// Place a demo call.
    pub PlaceDemoCalls = "demo:call" { Agent: Own, ShiftLead: All, OpsManager: All, SysAdmin: All }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112314_telephony"),
        migration!("2026112651_call_rating"),
        migration!("2026112641_trunks"),
        migration!("2026112653_elsewhere"),
    ]
}

/// What the server mounts.
pub fn capability(telephony: &Telephony) -> Capability {
    use calls::{control, http};
    let routes = OpenApiRouter::new()
        .routes(routes!(http::list))
        .routes(routes!(http::show))
        .routes(routes!(http::events))
        .routes(routes!(http::hold))
        .routes(routes!(http::unhold))
        .routes(routes!(http::mute))
        .routes(routes!(http::unmute))
        .routes(routes!(http::hang_up))
        .routes(routes!(http::swap))
        .routes(routes!(http::join))
        .routes(routes!(http::end_consult))
        .routes(routes!(http::complete))
        .routes(routes!(http::pause_recording))
        .routes(routes!(http::resume_recording))
        .routes(routes!(control::consult))
        .routes(routes!(control::transfer))
        .routes(routes!(control::keys))
        .routes(routes!(control::supervise, control::end_supervision))
        .routes(routes!(control::take_over))
        .routes(routes!(control::help))
        .routes(routes!(control::standing))
        .routes(routes!(http::recording))
        .routes(routes!(http::waveform))
        .routes(routes!(status::show))
        .routes(routes!(status::place_demo_call))
        .routes(routes!(trunk::http::list, trunk::http::create))
        .routes(routes!(trunk::http::change, trunk::http::remove))
        .routes(routes!(trunk::http::try_number))
        // SIP over WebSocket (RFC 7118): no JSON, so not in the OpenAPI document.
        .route("/sip", axum::routing::get(sip_socket))
        .with_state(telephony.clone())
        .merge(elsewhere::routes(telephony));
    let (ended, devices) = (telephony.clone(), telephony.clone());
    Capability {
        name: "telephony",
        migrations: migrations(),
        permissions: [permissions(), elsewhere::permissions()].concat(),
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
    }
}
