//! Calls that the house places (外呼, A-29): why somebody may be called and who decides it, who is owed a call-back
//! after a missed call, and whom a list of follow-ups names.
//!
//! No call goes out without its purpose and what it is about. How a call is placed is [`Dialler`]'s.

mod budget;
pub mod callback;
pub mod do_not_call;
pub(crate) mod engine;
pub mod follow_up;
pub mod guard;
mod heard;
mod http;
mod place;
mod refused;
mod rights;
pub mod rules;
pub mod section;
pub mod store;
pub mod within;

use std::sync::{Arc, OnceLock};

use floor::Floor;
use futures::future::BoxFuture;
use kernel::problem::{Result, unavailable};
use kernel::{App, EventHandler, Principal, timer};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

pub use place::{Asked, place};
pub use rights::*;

/// A call to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundOrder {
    /// Who calls.
    pub agent: Uuid,
    /// The number as it is dialled.
    pub number: String,
    /// The number that is shown over there.
    pub caller_id: String,
    /// The code of its purpose.
    pub purpose: String,
    /// The queue it counts for.
    pub queue: Option<String>,
    /// The ticket it is about.
    pub ticket_id: Option<Uuid>,
    /// The item of a list of follow-ups it is for.
    pub list_item_id: Option<Uuid>,
    /// The missed call it returns, as the floor knows it.
    pub callback_work: Option<Uuid>,
}

/// Who places calls: the engine.
pub trait Dialler: Send + Sync {
    /// Rings the agent's own device, then the number; answers with the id of the call.
    fn call_out(&self, order: OutboundOrder) -> BoxFuture<'_, Result<Uuid>>;
}

/// A ticket that somebody is called about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutTicket {
    /// The ticket.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Whose it is.
    pub requester_id: Uuid,
}

/// What outbound calls ask of other capabilities.
pub trait House: Send + Sync {
    /// Who answers for the requester's newest open ticket.
    fn taker(&self, requester: Uuid) -> BoxFuture<'_, Result<Option<Uuid>>>;
    /// One ticket, as far as this person may see it; 404 else.
    fn ticket<'a>(
        &'a self,
        principal: &'a Principal,
        ticket: Uuid,
    ) -> BoxFuture<'a, Result<AboutTicket>>;
    /// The newest tickets that a filter of the list of tickets names, as far as this person may see them.
    fn tickets<'a>(
        &'a self,
        principal: &'a Principal,
        filter: Value,
        most: u64,
    ) -> BoxFuture<'a, Result<Vec<AboutTicket>>>;
    /// The title of a script that may be said now, by `article@version`; 409 for one that may not.
    fn script<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<String>>;
}

/// What outbound calls are told.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// The queue that calls count for when nothing names one.
    pub queue: String,
    /// The number shown over there.
    pub caller_id: String,
}

/// Outbound calls as a whole; cheap to clone.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    app: App,
    floor: Floor,
    settings: OutboundSettings,
    dialler: OnceLock<Arc<dyn Dialler>>,
    house: OnceLock<Arc<dyn House>>,
}

impl Outbound {
    /// Without anybody to dial or to ask yet.
    pub fn new(app: &App, floor: &Floor, settings: OutboundSettings) -> Self {
        Self(Arc::new(Inner {
            app: app.clone(),
            floor: floor.clone(),
            settings,
            dialler: OnceLock::new(),
            house: OnceLock::new(),
        }))
    }

    /// Wires who places calls; before the first.
    pub fn attach_dialler(&self, dialler: Arc<dyn Dialler>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.0.dialler.set(dialler);
    }

    /// Wires who knows tickets and scripts.
    pub fn attach_house(&self, house: Arc<dyn House>) {
        let _ = self.0.house.set(house);
    }

    /// What ships of the limits, and the missed calls that the last process left without an owner. Once, after the
    /// floor has started.
    pub async fn start(&self) -> Result<()> {
        let app = self.app().clone();
        app.db
            .clone()
            .write(async move |tx| app.params.ship(&tx, &rules::shipped()).await)
            .await?;
        callback::missed::catch_up(self).await
    }

    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    pub(crate) fn floor(&self) -> &Floor {
        &self.0.floor
    }

    pub(crate) fn settings(&self) -> &OutboundSettings {
        &self.0.settings
    }

    pub(crate) fn dialler(&self) -> Result<&Arc<dyn Dialler>> {
        let none = || unavailable("outbound_not_ready", "there is no line to call out over");
        self.0.dialler.get().ok_or_else(none)
    }

    pub(crate) fn house(&self) -> Result<&Arc<dyn House>> {
        let none = || {
            unavailable(
                "outbound_not_ready",
                "nobody is wired who knows the tickets",
            )
        };
        self.0.house.get().ok_or_else(none)
    }
}

/// The routes of outbound calls.
pub fn routes(outbound: &Outbound) -> OpenApiRouter {
    http::routes(outbound)
        .merge(rules::routes(outbound.app()))
        .merge(section::routes(outbound.app()))
        .merge(do_not_call::http::routes(outbound))
        .merge(callback::http::routes(outbound))
        .merge(follow_up::routes(outbound))
}

/// What outbound calls do when something happened elsewhere, and their timers.
pub fn event_handlers(outbound: &Outbound) -> Vec<EventHandler> {
    let mut handlers = heard::handlers(outbound);
    handlers.push(timer::start::<callback::store::Callbacks>(outbound.app()));
    handlers
}
