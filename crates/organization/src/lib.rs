#![doc = include_str!("../README.md")]

pub mod colleagues;
pub mod demo;
pub mod devices;
pub mod export;
pub mod parameters;
mod parties;
pub mod password;
pub mod rights;
mod roles;
mod rows;
pub mod rules;
pub mod service_calendar;
pub mod session;
mod settings;
pub mod totp;
pub mod trail;
pub mod users;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use calendar::ServiceClock;
use futures::future::BoxFuture;
use kernel::{App, Capability, JobDef, Migration, Result, Side, Tx, timer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

pub use colleagues::{Colleague, colleagues};
pub use export::{ExportPass, Leaving, Pass, Trace};
pub use parties::{PartyView, party_name};
pub use roles::{RoleRefusal, check_roles, role_name};
pub use session::layer::sign_in_layer;
pub use session::{COOKIE, EndReason};
pub use settings::SignInSettings;
pub use trail::TrailLine;

use password::Hasher;
use session::throttle::Throttle;

/// What the sign-in asks the floor. Wired in `server`; without it nobody is on post.
pub trait PresenceProbe: Send + Sync {
    /// The agent is ready, rung, on a call, holding one or in wrap-up: the idle time-out spares him.
    fn is_on_post(&self, user_id: Uuid) -> BoxFuture<'_, bool>;

    /// Codes of the queues the user serves, for rights that reach to a queue.
    fn queues_of(&self, _user_id: Uuid) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
}

/// May refuse that an account is in use: its person has not signed the confidentiality agreement (A-55, code
/// `nda_missing`). Wired in `server`; without it every account may be.
pub trait ActivationGate: Send + Sync {
    /// `Ok` when this user of this side may sign in.
    fn check<'a>(&'a self, tx: &'a Tx, user_id: Uuid, side: Side) -> BoxFuture<'a, Result<()>>;
}

/// The handle of this capability; cheap to clone.
#[derive(Clone)]
pub struct Organization {
    pub(crate) app: App,
    pub(crate) settings: Arc<SignInSettings>,
    pub(crate) hasher: Hasher,
    pub(crate) throttle: Throttle,
    presence: Arc<OnceLock<Arc<dyn PresenceProbe>>>,
    activation: Arc<OnceLock<Arc<dyn ActivationGate>>>,
    service_clock: Arc<RwLock<Arc<ServiceClock>>>,
}

impl Organization {
    /// Reads the settings; touches no table, so that it can be made before the migrations ran.
    pub fn new(app: &App) -> Result<Self> {
        Ok(Self {
            settings: Arc::new(SignInSettings::load(&app.config)?),
            hasher: Hasher::new(),
            throttle: Throttle::default(),
            presence: Arc::default(),
            activation: Arc::default(),
            service_clock: Arc::new(RwLock::new(Arc::new(ServiceClock::new(
                calendar::Calendar::default(),
                calendar::ServiceHours::default(),
            )))),
            app: app.clone(),
        })
    }

    /// Wires the floor's answer; the first wiring stands.
    pub fn attach_presence(&self, probe: Arc<dyn PresenceProbe>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.presence.set(probe);
    }

    /// Names who may refuse that an account is in use; the first wiring stands.
    pub fn attach_activation(&self, gate: Arc<dyn ActivationGate>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.activation.set(gate);
    }

    pub(crate) async fn may_activate(&self, tx: &Tx, user_id: Uuid, side: Side) -> Result<()> {
        match self.activation.get() {
            Some(gate) => gate.check(tx, user_id, side).await,
            None => Ok(()),
        }
    }

    /// Puts the shipped parameters, calendars and the default service hours where there are none, and
    /// reads them. Called once after the migrations, before serving.
    pub async fn prepare(&self) -> Result<()> {
        let params = self.app.params.clone();
        self.app
            .db
            .write(async move |tx| params.ship(&tx, &parameters::shipped()).await)
            .await?;
        service_calendar::seed_shipped(self).await?;
        self.reload_service_clock().await
    }

    /// The service calendar and hours as they stand now, without asking the database.
    pub fn service_clock(&self) -> Arc<ServiceClock> {
        self.service_clock
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) async fn reload_service_clock(&self) -> Result<()> {
        let clock = Arc::new(service_calendar::load(self.app.db.read()).await?);
        *self
            .service_clock
            .write()
            .unwrap_or_else(PoisonError::into_inner) = clock;
        Ok(())
    }

    pub(crate) async fn is_on_post(&self, user_id: Uuid) -> bool {
        match self.presence.get() {
            Some(probe) => probe.is_on_post(user_id).await,
            None => false,
        }
    }

    pub(crate) async fn queues_of(&self, user_id: Uuid) -> Vec<String> {
        match self.presence.get() {
            Some(probe) => probe.queues_of(user_id).await,
            None => Vec::new(),
        }
    }
}

/// The tables of this capability.
pub fn migrations() -> Vec<Migration> {
    vec![
        kernel::migration!("2026112310_organization"),
        kernel::migration!("2026120201_exports"),
        kernel::migration!("2026120302_export_targets"),
    ]
}

/// What the server mounts.
pub fn capability(organization: &Organization) -> Capability {
    let routes = OpenApiRouter::new()
        .routes(routes!(
            session::http::sign_in,
            session::http::show,
            session::http::sign_out
        ))
        .routes(routes!(session::http::change_password))
        .routes(routes!(
            session::http::begin_totp,
            session::http::confirm_totp,
            session::http::drop_totp
        ))
        .routes(routes!(users::http::list, users::http::create))
        .routes(routes!(users::http::show, users::http::change))
        .routes(routes!(users::http::sign_out))
        .routes(routes!(users::http::unlock))
        .routes(routes!(users::http::reset_password))
        .routes(routes!(users::http::roles))
        .routes(routes!(parties::parties))
        .routes(routes!(parties::rename))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::remove))
        .routes(routes!(devices::set_secret))
        .routes(routes!(
            service_calendar::http::show,
            service_calendar::http::replace
        ))
        .routes(routes!(service_calendar::http::import))
        .routes(routes!(
            service_calendar::http::service_hours,
            service_calendar::http::set_service_hours
        ))
        .routes(routes!(service_calendar::http::deadline))
        .with_state(organization.clone())
        .merge(export::http::routes(&organization.app))
        .merge(export::access::routes(organization))
        .merge(export::limits::routes(&organization.app));
    let idle = organization.clone();
    Capability {
        name: "organization",
        migrations: migrations(),
        permissions: rights::permissions(),
        routes,
        event_handlers: vec![timer::start::<export::store::Requests>(&organization.app)],
        jobs: vec![JobDef::every(
            "organization.end_idle_sessions",
            std::time::Duration::from_mins(1),
            move || {
                let organization = idle.clone();
                async move { organization.end_idle_sessions().await.map(|_ended| ()) }
            },
        )],
        waiting: vec![export::waiting(&organization.app)],
        evidence: export::evidence(&organization.app),
    }
}
