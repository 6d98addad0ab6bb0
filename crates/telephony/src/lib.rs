#![doc = include_str!("../README.md")]

mod blocked;
pub mod caller;
pub mod calls;
pub mod demo;
pub mod elsewhere;
pub mod engine;
mod evidence;
mod follow;
mod forget;
pub mod ladder;
pub mod line;
pub mod media;
pub mod outbound;
mod parameters;
pub mod phone;
pub mod settings;
pub mod sip;
mod status;
mod telephony;
pub mod test_line;
pub mod trunk;

use std::time::Duration;

use kernel::{Capability, EventHandler, JobDef, Migration, migration};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use engine::{CallBlocks, CallerLookup, Engine, KnownCaller, ServiceHours};
pub use forget::FORGETS;
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
    /// Take a marked copy of a recording along; every time is audited.
    pub ExportRecordings = "recordings:export" { OpsManager: All, Quality: All, PurchaserAdmin: All }
    /// Say how long recordings are kept, and hold one as evidence.
    pub HoldRecordings = "recordings:hold" { OpsManager: All, PurchaserAdmin: All }
    /// See registrations and trunks.
    pub ViewTelephony = "telephony:view" { ShiftLead: All, OpsManager: All, SysAdmin: All }
    /// Add and change trunks.
    pub EditTrunks = "trunks:edit" { SysAdmin: All }
    /// Let in, before its time, who is turned away by SIP.
    pub ReleaseSources = "sip_blocks:release" { SysAdmin: All }
    /// Place a demo call.
    pub PlaceDemoCalls = "demo:call" { Agent: Own, ShiftLead: All, OpsManager: All, SysAdmin: All }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112314_telephony"),
        migration!("2026112651_call_rating"),
        migration!("2026112641_trunks"),
        migration!("2026112671_call_legs"),
        migration!("2026112672_call_ladders"),
        migration!("2026112673_recording_files"),
        migration!("2026112653_elsewhere"),
        migration!("2026112645_outbound"),
        migration!("2026112646_follow_ups"),
        migration!("2026112690_line"),
        migration!("2026112697_desk_phone_purpose"),
        migration!("2026112710_calls_within"),
        migration!("2026112712_call_imports"),
        migration!("2026112713_call_digits"),
    ]
}

organization::rule_doors! {
    crate::ListenRecordings;
    #[doc = "How long recordings are kept, by queue and direction."]
    recording_retention: crate::calls::retention::RecordingRetention, "/api/v1/rules/recording-retention",
        crate::HoldRecordings;
}

/// What telephony does in its own time, at night but for the moving.
fn jobs(telephony: &Telephony) -> Vec<JobDef> {
    let each = |telephony: &Telephony| (telephony.app().clone(), telephony.archive().cloned());
    let (checking, removing) = (each(telephony), each(telephony));
    let sweeping = telephony.app().clone();
    let moving = telephony.archive().cloned().map(|archive| {
        let app = telephony.app().clone();
        let pause = Duration::from_secs(30);
        JobDef::every("telephony.archive_recordings", pause, move || {
            let (app, archive) = (app.clone(), archive.clone());
            async move {
                calls::keeping::archive_due(&app, &archive)
                    .await
                    .map(|_| ())
            }
        })
    });
    let nightly = [
        JobDef::daily("telephony.check_recordings", 2, 40, move || {
            let (app, archive) = checking.clone();
            async move {
                let checked = calls::keeping::check_due(&app, archive.as_ref()).await?;
                tracing::info!(?checked, "recordings looked at");
                Ok(())
            }
        }),
        JobDef::daily("telephony.remove_recordings", 3, 40, move || {
            let (app, archive) = removing.clone();
            async move {
                let gone = calls::retention::remove_due(&app, archive.as_ref()).await?;
                tracing::info!(gone, "recordings removed whose time was over");
                Ok(())
            }
        }),
        JobDef::daily("telephony.sweep_ladders", 3, 20, move || {
            let app = sweeping.clone();
            async move {
                let gone = ladder::store::sweep(&app).await?;
                tracing::info!(gone, "ladders swept");
                Ok(())
            }
        }),
    ];
    moving.into_iter().chain(nightly).collect()
}

/// What the server mounts.
pub fn capability(telephony: &Telephony) -> Capability {
    use calls::{control, http, listening, mine};
    let routes = OpenApiRouter::new()
        .routes(routes!(http::list))
        .routes(routes!(http::show))
        .routes(routes!(http::events))
        .routes(routes!(calls::legs::list))
        .routes(routes!(ladder::http::show))
        .routes(routes!(ladder::http::reveal))
        .routes(routes!(ladder::http::capture))
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
        .routes(routes!(calls::receivers::list))
        .routes(routes!(control::consult))
        .routes(routes!(control::transfer))
        .routes(routes!(control::keys))
        .routes(routes!(control::supervise, control::end_supervision))
        .routes(routes!(control::take_over))
        .routes(routes!(control::help))
        .routes(routes!(control::standing))
        .routes(routes!(mine::consultation))
        .routes(routes!(mine::supervision))
        .routes(routes!(listening::listen))
        .routes(routes!(listening::waveform))
        .routes(routes!(listening::export))
        .routes(routes!(listening::show_keeping))
        .routes(routes!(listening::place_hold))
        .routes(routes!(listening::release_hold))
        .routes(routes!(calls::recordings::list))
        .routes(routes!(status::show))
        .routes(routes!(status::place_demo_call))
        .routes(routes!(trunk::http::list, trunk::http::create))
        .routes(routes!(trunk::http::change, trunk::http::remove))
        .routes(routes!(trunk::http::try_number))
        .routes(routes!(trunk::asking::ask))
        .routes(routes!(blocked::list))
        .routes(routes!(blocked::release))
        // SIP over WebSocket (RFC 7118): no JSON, so not in the OpenAPI document.
        .route("/sip", axum::routing::get(sip_socket))
        .with_state(telephony.clone())
        .merge(routes(telephony.app()))
        .merge(elsewhere::routes(telephony));
    let (ended, devices) = (telephony.clone(), telephony.clone());
    let mut own = Capability {
        name: "telephony",
        migrations: migrations(),
        permissions: [permissions(), elsewhere::permissions(), line::permissions()].concat(),
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
        jobs: jobs(telephony),
        waiting: vec![line::waiting::kind(telephony.app())],
        evidence: evidence::kinds(telephony.app()),
    };
    own.routes = own.routes.merge(line::routes(telephony));
    own.event_handlers.extend(line::event_handlers(telephony));
    let outbound = telephony.outbound();
    own.permissions.extend(outbound::permissions());
    own.routes = own.routes.merge(outbound::routes(outbound));
    own.event_handlers
        .extend(outbound::event_handlers(outbound));
    own
}
