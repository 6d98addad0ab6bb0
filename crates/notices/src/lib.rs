#![doc = include_str!("../README.md")]

pub mod address;
pub mod choice;
mod mail;
pub mod notice;
pub mod outbox;
pub mod rules;
pub mod settings;
mod sms;
mod told;
mod words;

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use kernel::{App, Capability, EventHandler, JobDef, Migration, Result, migration};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use settings::Settings;

pub use outbox::Way;
pub use sms::signature;

kernel::permissions! {
    /// See one's own notices and choose how they come.
    pub ReadNotices = "notices:read" {
        Agent: Own, ShiftLead: Own, OpsManager: Own, Quality: Own, Trainer: Own, Analyst: Own, HrCompliance: Own,
        Liaison: Own, Counterpart: Own, PurchaserAdmin: Own, PurchaserBusiness: Own, PurchaserReviewer: Own,
        SysAdmin: Own, SecAdmin: Own, AuditAdmin: Own,
    }
    /// See what went out by e-mail and SMS, and send again what was given up.
    pub OperateNotices = "notices:operate" { OpsManager: All, SysAdmin: All }
}

/// Who of a section is on duty (AB 角). Wired in `server`; without it, and where nobody is on duty, everybody who
/// holds the role of a business section is told.
pub trait Duty: Send + Sync {
    /// The people of the section with this name who are on duty now.
    fn on_duty<'a>(&'a self, section: &'a str) -> BoxFuture<'a, Result<Vec<Uuid>>>;
}

/// The handle of this capability; cheap to clone.
#[derive(Clone)]
pub struct Notices {
    pub(crate) app: App,
    pub(crate) settings: Arc<Settings>,
    pub(crate) outbox: outbox::Outbox,
    duty: Arc<OnceLock<Arc<dyn Duty>>>,
}

impl Notices {
    /// Reads the settings; touches no table.
    pub fn new(app: &App) -> Result<Self> {
        Ok(Self {
            settings: Arc::new(Settings::load(&app.config)?),
            outbox: outbox::Outbox::new(&app.config)?,
            duty: Arc::default(),
            app: app.clone(),
        })
    }

    /// Wires the answer to who is on duty; the first wiring stands.
    pub fn attach_duty(&self, duty: Arc<dyn Duty>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.duty.set(duty);
    }

    /// Starts sending; what an earlier process left undone comes first.
    pub async fn start(&self) -> Result<()> {
        outbox::worker::start(self).await
    }

    pub(crate) async fn on_duty(&self, section: Option<&str>) -> Result<Vec<Uuid>> {
        match (self.duty.get(), section) {
            (Some(duty), Some(section)) => duty.on_duty(section).await,
            _ => Ok(Vec::new()),
        }
    }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![migration!("2026112320_notices")]
}

/// What the server mounts.
pub fn capability(notices: &Notices) -> Capability {
    let routes = OpenApiRouter::new()
        .routes(routes!(notice::http::list))
        .routes(routes!(notice::http::count))
        .routes(routes!(notice::http::read))
        .routes(routes!(notice::http::read_all))
        .routes(routes!(choice::show, choice::choose))
        .routes(routes!(address::show, address::change))
        .routes(routes!(outbox::http::list))
        .routes(routes!(outbox::http::replay))
        .with_state(notices.clone());
    let (told, swept) = (notices.clone(), notices.clone());
    Capability {
        name: "notices",
        migrations: migrations(),
        permissions: permissions(),
        routes,
        event_handlers: vec![EventHandler::new(
            "notices.tell",
            rules::events(),
            move |event| told::on_event(told.clone(), event),
        )],
        jobs: vec![JobDef::daily("notices.sweep", 3, 40, move || {
            let notices = swept.clone();
            async move { notice::sweep(&notices).await }
        })],
        ..Capability::default()
    }
}
