//! `Telephony`: the handle that the server wires and the endpoints hold.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use floor::{Floor, MediaKind};
use kernel::App;
use kernel::problem::{Problem, Result, internal, unavailable};
use kernel::rate::Rate;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::calls::archive::Archive;
use crate::calls::listening::FETCHED;
use crate::calls::recovery::{self, Recovered};
use crate::elsewhere::Exchanges;
use crate::engine::{CallBlocks, CallerLookup, Engine, ServiceHours};
use crate::follow;
use crate::ladder::Ladder;
use crate::line;
use crate::media::MediaPlane;
use crate::outbound::{self, Outbound, OutboundSettings};
use crate::parameters;
use crate::settings::Settings;
use crate::sip::sources::Network;
use crate::sip::{DeviceDirectory, SipStack};
use crate::trunk::asking;

/// Made-up requesters of the demo; some call again, so that there is a history to see.
const DEMO_REQUESTERS: u32 = 20;

/// Who may call the hotline in the demo.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];

/// Telephony as a whole; cheap to clone.
#[derive(Clone)]
pub struct Telephony(Arc<Inner>);

struct Inner {
    app: App,
    settings: Settings,
    engine: Engine,
    archive: Option<Archive>,
    outbound: Outbound,
    stack: OnceLock<Arc<SipStack>>,
    exchanges: Exchanges,
    demo: bool,
    demo_calls: AtomicU32,
    demo_running: Arc<()>,
    /// Who listens to what since when.
    listening: Mutex<HashMap<(Uuid, Uuid), DateTime<Utc>>>,
    /// Trunks that are asked by hand.
    asked: Rate<Uuid>,
}

impl Telephony {
    /// Reads the settings and joins the floor. Opens no socket yet; see [`Telephony::start`].
    pub fn new(app: &App, floor: &Floor, demo: bool) -> Result<Self> {
        let mut settings = Settings::load(&app.config)?;
        if demo {
            // The demo's trunk is this machine itself.
            let here = LOOPBACK
                .iter()
                .filter_map(|network| network.parse::<Network>().ok());
            settings.sip.trunks.extend(here);
        }
        Self::with_settings(app, floor, demo, settings)
    }

    /// As [`Telephony::new`], with settings given.
    pub fn with_settings(app: &App, floor: &Floor, demo: bool, settings: Settings) -> Result<Self> {
        let media = MediaPlane::new(settings.media.clone()).map_err(internal)?;
        let archive = Archive::open(&settings.recordings)?;
        let engine = Engine::new(app, floor.clone(), media, settings.calls.clone());
        engine.attach_ratings(Arc::new(line::Ratings(app.clone())));
        floor.attach_medium(MediaKind::Voice, Arc::new(engine.clone()));
        let shown = &settings.calls.caller_id;
        let first = || settings.sip.hotline_numbers.first().cloned();
        let called = OutboundSettings {
            queue: settings.calls.queue.clone(),
            caller_id: if shown.is_empty() {
                first().unwrap_or_default()
            } else {
                shown.clone()
            },
        };
        let outbound = Outbound::new(app, floor, called);
        outbound::engine::wire(&engine, &outbound);
        Ok(Self(Arc::new(Inner {
            app: app.clone(),
            settings,
            engine,
            archive,
            outbound,
            stack: OnceLock::new(),
            demo,
            exchanges: Exchanges::default(),
            demo_calls: AtomicU32::new(0),
            demo_running: Arc::new(()),
            listening: Mutex::default(),
            asked: asking::rate(),
        })))
    }

    /// Wires the service calendar; without it the line is always open.
    pub fn attach_hours(&self, hours: Arc<dyn ServiceHours>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.0.engine.inner().hours.set(hours);
    }

    /// Wires the block list; without it everybody may call.
    pub fn attach_blocks(&self, blocks: Arc<dyn CallBlocks>) {
        let _ = self.0.engine.inner().blocks.set(blocks);
    }

    /// Wires the look-up of requesters by number; without it nobody is known.
    pub fn attach_callers(&self, callers: Arc<dyn CallerLookup>) {
        let _ = self.0.engine.inner().callers.set(callers);
    }

    /// Puts in order what a killed process left, then takes calls. After the migrations, once.
    pub async fn start(&self, directory: Arc<dyn DeviceDirectory>) -> Result<Recovered> {
        let app = &self.0.app;
        let params = app.params.clone();
        app.db
            .write(async move |tx| params.ship(&tx, &parameters::shipped()).await)
            .await?;
        // What a killed process had fetched to draw it; mostly there is nothing.
        let _ = tokio::fs::remove_dir_all(app.files.local_path(FETCHED)?).await;
        let recovered = recovery::recover(app, &self.0.engine.inner().journal).await?;
        if recovered != Recovered::default() {
            tracing::warn!(
                calls = recovered.calls,
                recordings = recovered.recordings,
                "the last process left calls open: closed as interrupted"
            );
        }
        self.0.engine.resume_kept().await?;
        self.0.outbound.start().await?;
        line::apply(self).await?;
        let (changes, registrations) = mpsc::unbounded_channel();
        let stack = SipStack::start(
            app.clone(),
            self.0.settings.sip.clone(),
            directory,
            changes,
            Arc::new(self.0.engine.clone()),
        )
        .await?;
        let _ = self.0.engine.inner().signaling.set(Arc::clone(&stack) as _);
        let _ = self.0.engine.inner().ladder.set(stack.ladder().clone());
        let _ = self.0.stack.set(Arc::clone(&stack));
        app.tasks
            .spawn(self.0.engine.clone().watch_registrations(registrations));
        app.tasks.spawn(self.0.engine.clone().watch_hours());
        app.tasks.spawn(follow::run(self.clone()));
        // What an exchange did meanwhile it tells by itself.
        self.0.exchanges.start(self).await?;
        let (engine, shutdown) = (self.0.engine.clone(), app.shutdown.clone());
        let floor_open = engine.inner().floor.keep_open();
        app.tasks.spawn(async move {
            shutdown.cancelled().await;
            // First the calls, with their BYEs and records, then the floor they told of it and the stack
            // below them.
            engine.stop().await;
            drop(floor_open);
            stack.stop().await;
        });
        Ok(recovered)
    }

    /// The shared services.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The calls.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Where finished recordings are moved to, if anywhere.
    pub fn archive(&self) -> Option<&Archive> {
        self.0.archive.as_ref()
    }

    pub(crate) fn floor(&self) -> &Floor {
        &self.0.engine.inner().floor
    }

    /// The exchanges that are followed.
    pub fn exchanges(&self) -> &Exchanges {
        &self.0.exchanges
    }

    /// Calls that the house places.
    pub fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// Whom the survey asks.
    pub fn ratings(&self) -> impl crate::engine::RatingRule + use<> {
        line::Ratings(self.0.app.clone())
    }

    /// SIP; 503 before `start`.
    pub fn stack(&self) -> Result<&Arc<SipStack>, Problem> {
        self.0
            .stack
            .get()
            .ok_or_else(|| unavailable("telephony_not_started", "telephony has not started yet"))
    }

    /// Takes in trunks that were added, changed or removed.
    pub(crate) async fn trunks_changed(&self) -> Result<()> {
        match self.0.stack.get() {
            Some(stack) => stack.load_trunks().await,
            // They are read at the start.
            None => Ok(()),
        }
    }

    /// Counts a question by hand to a trunk; 429 when there were too many.
    pub(crate) fn trunk_may_be_asked(&self, trunk: Uuid) -> Result<()> {
        self.0.asked.admit(trunk, self.0.app.clock.now())
    }

    /// The messages of the calls that run; none before `start`.
    pub(crate) fn ladder(&self) -> Option<&Ladder> {
        self.0.engine.inner().ladder.get()
    }

    pub(crate) fn demo(&self) -> bool {
        self.0.demo
    }

    /// A place among the demo calls; `None` when `most` run.
    pub(crate) fn demo_slot(&self, most: usize) -> Option<Arc<()>> {
        (Arc::strong_count(&self.0.demo_running) <= most).then(|| Arc::clone(&self.0.demo_running))
    }

    /// The next made-up number.
    pub(crate) fn demo_number(&self) -> String {
        let next = self.0.demo_calls.fetch_add(1, Relaxed) % DEMO_REQUESTERS;
        format!("139000{:05}", next + 1)
    }

    /// Whether this session begins to listen to a call: `false` within `pause` of its last listening.
    pub(crate) fn listening_begins(&self, session: Uuid, call: Uuid, pause: TimeDelta) -> bool {
        let now = self.0.app.clock.now();
        let mut listening = self
            .0
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listening.retain(|_, since| now - *since < pause);
        if listening.contains_key(&(session, call)) {
            return false;
        }
        listening.insert((session, call), now);
        true
    }

    /// The listening that was to begin did not reach the audit trail.
    pub(crate) fn listening_failed(&self, session: Uuid, call: Uuid) {
        self.0
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&(session, call));
    }

    /// Drops what registered with a desk phone's secret that counts no longer.
    pub fn device_secret_gone(&self, desk_phone: Uuid) {
        if let Some(stack) = self.0.stack.get() {
            stack.registrar().secret_gone(desk_phone);
        }
    }

    /// Closes the softphone's socket of a session that has ended.
    pub fn session_ended(&self, session: Uuid) {
        if let Some(stack) = self.0.stack.get() {
            stack.sockets().close_session(session);
        }
    }
}
