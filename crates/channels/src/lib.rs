#![doc = include_str!("../README.md")]

pub mod channel;
mod code;
pub mod conversation;
pub mod demo;
mod desk;
mod follow;
mod forget;
pub mod house;
mod inbox;
mod intake;
mod leaving;
pub mod message;
mod outbox;
pub mod platform;
mod replies;
mod settings;
mod standing;
mod visitor;
mod window;

use std::sync::{Arc, OnceLock};

use floor::{Floor, MediaKind};
use kernel::problem::{Result, internal};
use kernel::{App, Capability, Migration, migration, timer};
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use code::{send_code, sends_texts};
pub use forget::FORGETS;
pub use house::House;
pub use standing::Purpose;
pub use window::WindowRule;

use settings::Settings;
use visitor::hub::Hub;

kernel::permissions! {
    /// See conversations.
    pub ViewConversations = "conversations:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, PurchaserAdmin: All,
        PurchaserBusiness: All,
    }
    /// Accept, answer, hand on, end.
    pub AnswerConversations = "conversations:answer" { Agent: Own, ShiftLead: All }
    /// Send what was held for personal data in it, with a reason.
    pub ReleaseMessages = "messages:release" { ShiftLead: All }
    /// Hear of all conversations as they change.
    pub SuperviseConversations = "conversations:supervise" { ShiftLead: All, OpsManager: All }
    /// See the channels.
    pub ViewChannels = "channels:view" {
        Agent: All, ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, PurchaserAdmin: All,
        PurchaserBusiness: All, SysAdmin: All,
    }
    /// Add channels, change their accounts and limits.
    pub EditChannels = "channels:edit" { OpsManager: All, SysAdmin: All }
    /// Note what came by a channel without a machine.
    pub NoteContacts = "contacts:note" { Agent: All, ShiftLead: All }
}

/// The capability at work.
#[derive(Clone)]
pub struct Channels {
    inner: Arc<Inner>,
}

struct Inner {
    app: App,
    floor: Floor,
    settings: Settings,
    house: OnceLock<Arc<dyn House>>,
    hub: Hub,
    desk: desk::Desk,
    outgoing: Arc<Notify>,
}

impl Channels {
    /// With the floor that gives conversations to agents.
    pub fn new(app: &App, floor: &Floor) -> Result<Self> {
        let inner = Inner {
            settings: Settings::from_config(app)?,
            app: app.clone(),
            floor: floor.clone(),
            house: OnceLock::new(),
            hub: Hub::default(),
            desk: desk::Desk::default(),
            outgoing: Arc::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Names the rest of the house; once, before [`Channels::start`].
    pub fn attach_house(&self, house: Arc<dyn House>) {
        // A second one would be a fault of the wiring: the first stays.
        let _ = self.inner.house.set(house);
    }

    /// Gives the floor what an earlier process left, and starts what fetches and sends. After the floor.
    pub async fn start(&self) -> Result<()> {
        self.inner
            .floor
            .attach_medium(MediaKind::Chat, self.inner.desk.medium());
        self.app()
            .spawn_vital("conversations", desk::run(self.clone()));
        self.app()
            .spawn_vital("messages", outbox::run(self.clone()));
        self.app()
            .spawn_vital("mailboxes", inbox::run(self.clone()));
        desk::take_up(self).await
    }

    pub(crate) fn app(&self) -> &App {
        &self.inner.app
    }

    pub(crate) fn floor(&self) -> &Floor {
        &self.inner.floor
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn house(&self) -> Result<&dyn House> {
        let house = self.inner.house.get();
        house
            .map(AsRef::as_ref)
            .ok_or_else(|| internal("conversations have no house"))
    }

    /// Something waits to be sent or fetched.
    pub(crate) fn ring_outgoing(&self) {
        self.inner.outgoing.notify_one();
    }
}

/// The tables of this crate.
pub fn migrations() -> Vec<Migration> {
    vec![
        migration!("2026112611_channels"),
        migration!("2026112641_wrap_up_extensions"),
    ]
}

organization::rule_doors! {
    crate::ViewChannels;
    #[doc = "How long and how often a platform lets us answer."]
    reply_windows: crate::window::WindowRule, "/api/v1/rules/reply-windows", crate::EditChannels;
}

/// What the server mounts.
pub fn capability(channels: &Channels) -> Capability {
    let routes = OpenApiRouter::new()
        .routes(routes!(conversation::http::list))
        .routes(routes!(conversation::http::get))
        .routes(routes!(conversation::verbs::accept))
        .routes(routes!(conversation::verbs::decline))
        .routes(routes!(conversation::verbs::take_up))
        .routes(routes!(conversation::verbs::read))
        .routes(routes!(conversation::verbs::typing))
        .routes(routes!(conversation::verbs::transfer))
        .routes(routes!(conversation::verbs::receivers))
        .routes(routes!(conversation::verbs::end))
        .routes(routes!(conversation::verbs::extend_wrap_up))
        .routes(routes!(conversation::verbs::close))
        .routes(routes!(message::http::prove))
        .routes(routes!(message::http::list, message::http::say))
        .routes(routes!(message::http::file))
        .routes(routes!(channel::http::list))
        .routes(routes!(channel::http::put))
        .routes(routes!(channel::http::set_aside))
        .routes(routes!(standing::list))
        .routes(routes!(channel::manual::note))
        .with_state(channels.clone())
        .merge(message::http::uploads(channels))
        .merge(visitor::http::routes(channels))
        .merge(inbox::routes(channels))
        .merge(routes(channels.app()));
    Capability {
        name: "channels",
        migrations: migrations(),
        permissions: permissions(),
        routes,
        event_handlers: vec![
            timer::start::<follow::Conversations>(channels.app()),
            follow::handler(channels),
        ],
        ..Capability::default()
    }
}
