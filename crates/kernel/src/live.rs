//! What the screens are told at once: server-sent events with ids, resumed by `Last-Event-ID`.
//!
//! The hub keeps the last events in a ring; a listener keeps nothing but its place in it. Who reads too
//! slowly, or comes back too late, is told `reset` and reads the lists again: memory never grows.

pub mod http;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::metrics::{self, IntCounter, IntGauge};
use crate::rights::{Principal, Rights, Scope};
use crate::{Clock, Ids, Tx};

static PUBLISHED: LazyLock<IntCounter> =
    LazyLock::new(|| metrics::counter("shoujie_live_events_total", "Events told to the screens"));
static LISTENERS: LazyLock<IntGauge> =
    LazyLock::new(|| metrics::gauge("shoujie_live_listeners", "Screens that listen now"));

/// Events kept for those who come back: at 1,000 seats about a minute.
const RING: usize = 8192;
/// Streams one user may hold open: tabs and screens of one person.
const STREAMS_PER_USER: usize = 32;

/// Who may hear a live event; checked again for each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Every signed-in user.
    Everyone,
    /// One user.
    User(Uuid),
    /// Who holds this permission code.
    Permission(&'static str),
    /// Who holds this permission, but for these users.
    PermissionBut(&'static str, Vec<Uuid>),
    /// Who holds this permission over everything, or over this queue, and these people.
    Reach {
        /// The code.
        permission: &'static str,
        /// The queue it is about.
        queue: Option<String>,
        /// Whose it is.
        people: Vec<Uuid>,
    },
}

impl Audience {
    fn admits(&self, principal: &Principal, rights: &Rights) -> bool {
        match self {
            Self::Everyone => true,
            Self::User(user_id) => principal.user_id == *user_id,
            Self::Permission(code) => rights.scope(principal, code).is_some(),
            Self::PermissionBut(code, without) => {
                !without.contains(&principal.user_id) && rights.scope(principal, code).is_some()
            }
            Self::Reach {
                permission,
                queue,
                people,
            } => {
                people.contains(&principal.user_id)
                    || match rights.scope(principal, permission) {
                        Some(Scope::All) => true,
                        Some(Scope::Queues(queues)) => {
                            queue.as_ref().is_some_and(|queue| queues.contains(queue))
                        }
                        Some(Scope::Own(_)) | None => false,
                    }
            }
        }
    }
}

/// One message to the screens.
#[derive(Debug, Clone)]
pub struct LiveEvent {
    /// Rises by one within the life of the process.
    pub seq: u64,
    /// Who may hear it.
    pub audience: Audience,
    /// `agent_state`, `queue`, `board`, `call` …
    pub kind: &'static str,
    /// What the screen needs.
    pub data: Arc<serde_json::Value>,
}

#[derive(Debug, Clone)]
enum Entry {
    Event(LiveEvent),
    SessionEnded(Uuid),
    UserEnded(Uuid),
}

/// The hub of live events.
#[derive(Clone)]
pub struct Live {
    clock: Clock,
    /// Tells this life of the process from another: ids of another do not resume.
    epoch: Arc<str>,
    ring: Arc<Mutex<VecDeque<Entry>>>,
    /// The number of the last entry.
    last: Arc<watch::Sender<u64>>,
    streams: Arc<Mutex<HashMap<Uuid, usize>>>,
}

/// What a listener finds at its place in the ring.
enum Found {
    /// Entries for it; its new place.
    Entries(Vec<LiveEvent>, u64),
    /// Its session is over.
    Ended,
    /// What it missed is gone.
    Lost,
}

impl Live {
    /// An empty hub.
    pub fn new(clock: Clock) -> Self {
        let epoch = Ids::new(clock.clone()).secret(4);
        Self {
            clock,
            epoch: epoch.into(),
            ring: Arc::new(Mutex::new(VecDeque::with_capacity(RING))),
            last: Arc::new(watch::Sender::new(0)),
            streams: Arc::default(),
        }
    }

    /// Tells everyone in `audience`; never blocks.
    pub fn publish(&self, audience: Audience, kind: &'static str, data: serde_json::Value) {
        PUBLISHED.inc();
        let data = Arc::new(data);
        self.push(|seq| {
            Entry::Event(LiveEvent {
                seq,
                audience,
                kind,
                data,
            })
        });
    }

    /// The same once what `tx` writes is on disk.
    pub fn publish_after(
        &self,
        tx: &Tx,
        audience: Audience,
        kind: &'static str,
        data: serde_json::Value,
    ) {
        let live = self.clone();
        tx.on_commit(move || live.publish(audience, kind, data));
    }

    /// Ends the streams of a session; each is told `session_ended` first.
    pub fn end_session(&self, session_id: Uuid) {
        self.push(|_| Entry::SessionEnded(session_id));
    }

    /// Ends all streams of a user, who comes back with the rights held then.
    pub fn end_user(&self, user_id: Uuid) {
        self.push(|_| Entry::UserEnded(user_id));
    }

    fn push(&self, entry: impl FnOnce(u64) -> Entry) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = *self.last.borrow() + 1;
        if ring.len() == RING {
            ring.pop_front();
        }
        ring.push_back(entry(seq));
        self.last.send_replace(seq);
    }

    /// The next entries after `place` that `principal` may hear; at most `limit` are looked at.
    fn after(&self, place: u64, principal: &Principal, rights: &Rights, limit: usize) -> Found {
        let (entries, last) = {
            let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            let last = *self.last.borrow();
            let Some(behind) = last
                .checked_sub(place)
                .and_then(|behind| usize::try_from(behind).ok())
            else {
                return Found::Lost;
            };
            if behind > ring.len() {
                return Found::Lost;
            }
            let from = ring.len() - behind;
            let entries: Vec<Entry> = ring.iter().skip(from).take(limit).cloned().collect();
            let seen = entries.len() as u64;
            (entries, place + seen)
        };
        let mut heard = Vec::new();
        for entry in entries {
            match entry {
                Entry::SessionEnded(session_id) if session_id == principal.session_id => {
                    return Found::Ended;
                }
                Entry::UserEnded(user_id) if user_id == principal.user_id => return Found::Ended,
                Entry::Event(event) if event.audience.admits(principal, rights) => {
                    heard.push(event);
                }
                _ => {}
            }
        }
        Found::Entries(heard, last)
    }

    fn last(&self) -> u64 {
        *self.last.borrow()
    }

    fn id(&self, seq: u64) -> String {
        format!("{}-{seq}", self.epoch)
    }

    /// The place that an event id of this life of the process stands for.
    fn place(&self, id: &str) -> Option<u64> {
        let (epoch, seq) = id.split_once('-')?;
        let seq = seq.parse().ok().filter(|seq| *seq <= self.last())?;
        (epoch == &*self.epoch).then_some(seq)
    }

    /// Counts a stream of the user for as long as the value lives; `None` when there are too many.
    fn enter(&self, user_id: Uuid) -> Option<Place> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = streams.entry(user_id).or_default();
        if *count >= STREAMS_PER_USER {
            return None;
        }
        *count += 1;
        LISTENERS.inc();
        Some(Place {
            streams: self.streams.clone(),
            user_id,
        })
    }
}

struct Place {
    streams: Arc<Mutex<HashMap<Uuid, usize>>>,
    user_id: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        LISTENERS.dec();
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.user_id);
            }
        }
    }
}
