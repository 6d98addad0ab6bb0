//! Follows each exchange that is in use: connects, catches up, hears, and begins again when the line is lost. What it
//! hears becomes records, events and the agents' time, as of calls of our own.

mod ledger;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::problem::{Problem, Result};
use kernel::{Clock, words};
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::Extensions;
use super::esl::{self, Broken, Event, Wire};
use super::exchange::{self, row};
use super::follow::{Mirror, Terms};
use super::origin::from_json;
use crate::Telephony;
use ledger::Ledger;

/// A connection is there by then, or not at all.
const CONNECT: Duration = Duration::from_secs(10);
/// So often it is asked which channels there are: a missed end is found, and a dead line.
const LOOK: Duration = Duration::from_secs(30);
/// The first pause before it is tried again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Legs that are asked about in one look.
const MOST_ASKED: usize = 1_000;

words! {
    /// How the line to an exchange stands.
    LinkState {
        /// It is not followed.
        Off = "off",
        /// It is being called.
        Connecting = "connecting",
        /// Its events are heard.
        Connected = "connected",
        /// It is not reached; it is tried again.
        Unreachable = "unreachable",
        /// It refuses the password.
        Refused = "refused",
    }
}

/// The line to an exchange.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Link {
    /// How it stands.
    pub state: LinkState,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Why it is not connected.
    pub detail: Option<String>,
    /// Calls that run there.
    pub calls: usize,
}

impl Link {
    fn off() -> Self {
        Self {
            state: LinkState::Off,
            since: None,
            detail: None,
            calls: 0,
        }
    }
}

struct Running {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    link: Arc<Mutex<Link>>,
}

/// The exchanges that are followed; cheap to clone.
#[derive(Clone, Default)]
pub struct Exchanges(Arc<Mutex<HashMap<String, Running>>>);

impl Exchanges {
    /// Follows those in use.
    pub(crate) async fn start(&self, telephony: &Telephony) -> Result<()> {
        for row in exchange::all(telephony.app()).await? {
            self.follow(telephony, row);
        }
        Ok(())
    }

    /// How the line to this exchange stands.
    pub fn link(&self, code: &str) -> Link {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(code).map_or_else(Link::off, |one| {
            one.link
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        })
    }

    /// Follows an exchange as it is set up now; what followed it before ends first.
    pub(super) fn follow(&self, telephony: &Telephony, row: row::Model) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.remove(&row.code);
        if let Some(before) = &before {
            before.stop.cancel();
        }
        let stop = telephony.app().shutdown.child_token();
        let link = Arc::new(Mutex::new(Link::off()));
        let code = row.code.clone();
        let follower = Follower {
            telephony: telephony.clone(),
            row,
            link: Arc::clone(&link),
        };
        let stopped = stop.clone();
        let task = telephony.app().tasks.spawn(async move {
            if let Some(task) = before.and_then(|before| before.task) {
                // It ends by itself; a panic of it is in the log.
                let _ = task.await;
            }
            follower.run(stopped).await;
        });
        let running = Running {
            stop,
            task: Some(task),
            link,
        };
        all.insert(code, running);
    }
}

struct Follower {
    telephony: Telephony,
    row: row::Model,
    link: Arc<Mutex<Link>>,
}

impl Follower {
    fn say(&self, state: LinkState, detail: Option<String>, calls: usize) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if link.state != state {
            link.since = Some(self.telephony.app().clock.now());
        }
        link.state = state;
        link.detail = detail;
        link.calls = calls;
    }

    async fn run(self, stop: CancellationToken) {
        if !self.row.active {
            let mut ledger = Ledger::new(&self.telephony, &self.row, HashMap::new());
            if let Err(problem) = ledger.give_up().await {
                tracing::error!(exchange = %self.row.code, %problem, "its open calls stay open");
            }
            return;
        }
        let clock = self.telephony.app().clock.clone();
        let queues = from_json(self.row.queues.clone()).unwrap_or_default();
        let mut ledger = Ledger::new(&self.telephony, &self.row, queues);
        let mut pause = PAUSES.0;
        loop {
            self.say(LinkState::Connecting, None, 0);
            let followed = tokio::select! {
                () = stop.cancelled() => return,
                followed = self.follow(&mut ledger, &mut pause) => followed,
            };
            let Err(lost) = followed else { return };
            let state = match &lost {
                Lost::Line(Broken::Refused) => {
                    pause = PAUSES.1;
                    LinkState::Refused
                }
                _ => LinkState::Unreachable,
            };
            tracing::warn!(exchange = %self.row.code, %lost, "the line to the exchange is lost");
            self.say(state, Some(lost.to_string()), 0);
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock.sleep(pause) => {}
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Connects and hears until the line is lost.
    async fn follow(&self, ledger: &mut Ledger, pause: &mut Duration) -> Result<(), Lost> {
        let app = self.telephony.app();
        let mut wire = Wire::new(self.connect().await?);
        wire.sign_in(&self.row.password(app)?).await?;
        let floor = self.telephony.floor();
        let said: Vec<super::ExtensionOf> = from_json(self.row.agents.clone())?;
        let numbers = self.row.hotline.split(',');
        let mut mirror = Mirror::new(Terms {
            extensions: Extensions::of(floor, &said).await?,
            hotlines: numbers
                .filter(|number| !number.trim().is_empty())
                .filter_map(|number| Some(requesters::normalise(number)?.text))
                .collect(),
        });
        for (call, held) in ledger.open_calls().await? {
            mirror.remember(call, held);
        }
        self.look(&mut wire, &mut mirror, ledger).await?;
        *pause = PAUSES.0;
        let mut next = app.clock.now() + LOOK;
        loop {
            self.say(LinkState::Connected, None, mirror.open());
            tokio::select! {
                event = wire.event() => {
                    for change in mirror.hear(&event?, app.clock.now()) {
                        ledger.book(change).await;
                    }
                }
                () = app.clock.sleep_until(next) => {
                    self.look(&mut wire, &mut mirror, ledger).await?;
                    next = app.clock.now() + LOOK;
                }
            }
        }
    }

    async fn connect(&self) -> Result<TcpStream, Lost> {
        let mut last = Lost::Line(Broken::Silent);
        for address in self.row.addresses().await? {
            match Clock::guard(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Lost::Line(error.into()),
                Err(_) => last = Lost::Line(Broken::Silent),
            }
        }
        Err(last)
    }

    /// Asks what runs: what is new is asked about, what is gone has ended.
    async fn look(
        &self,
        wire: &mut Wire<TcpStream>,
        mirror: &mut Mirror,
        ledger: &mut Ledger,
    ) -> Result<(), Lost> {
        let clock = &self.telephony.app().clock;
        let shown = wire.ask("api show channels as json").await?;
        // What was told before the list was made counts before it.
        while let Some(event) = wire.waiting() {
            for change in mirror.hear(&event, clock.now()) {
                ledger.book(change).await;
            }
        }
        let alive = esl::channels(&shown)?;
        for uuid in mirror.to_ask(&alive).into_iter().take(MOST_ASKED) {
            let dump = wire.ask(&format!("api uuid_dump {uuid}")).await?;
            let text = dump.text();
            // `-ERR No such channel`: it ended meanwhile, and that is told.
            if text.starts_with('-') {
                continue;
            }
            let text = format!("{text}\nEvent-Name: CHANNEL_DATA");
            for change in mirror.hear(&Event::parse(&text), clock.now()) {
                ledger.book(change).await;
            }
        }
        for change in mirror.only(&alive, clock.now()) {
            ledger.book(change).await;
        }
        ledger.seen(clock.now());
        Ok(())
    }
}

/// Why an exchange is not heard.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Line(#[from] Broken),
    #[error("{}", .0.detail)]
    Here(Problem),
}

impl From<Problem> for Lost {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}
