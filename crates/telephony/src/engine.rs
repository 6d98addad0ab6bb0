//! The engine: one task for each call runs `call-control` between SIP, media, the floor and the journal.

mod actor;
mod desk;
mod kept;
mod line;
mod watching;
mod wish;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use call_control::{AgentId, CallId, DeviceId, Limits, Request, Supervision};
use chrono::{DateTime, TimeDelta, Utc};
use floor::{Floor, Medium, WorkId};
use kernel::problem::{Problem, not_found, refused};
use kernel::{App, PersonName};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::calls::journal::{Callers, Journal};
use crate::ladder::Ladder;
use crate::media::{MediaPlane, SessionEvent, Side};
use crate::settings::CallSettings;
use crate::sip::{CallTaker, IncomingCall, LegEvent, Signaling};
use call_control::LegId;

pub use line::LineNow;
use wish::{ConsultId, Guard, Kept};
pub use wish::{DeskPhoneRules, FromCall, NumberGuard, Outgoing, Outside, PhoneDial, Way, Wish};

/// The floor ends a wait that is too long; should it not, the call does so much later.
const BACKSTOP: TimeDelta = TimeDelta::minutes(1);

/// Tells whether the hotline is open; implemented by `organization`'s calendar, wired in `server`.
#[async_trait]
pub trait ServiceHours: Send + Sync + 'static {
    /// Whether calls are taken at this time.
    async fn is_open(&self, at: DateTime<Utc>) -> bool;
}

/// Finds who calls by the number; implemented by `requesters`, wired in `server`.
#[async_trait]
pub trait CallerLookup: Send + Sync + 'static {
    /// The requester with this number. The number is no proof of who speaks.
    async fn find(&self, number: &str) -> Option<KnownCaller>;
}

/// Whether this requester is asked to rate now: once in a period.
#[async_trait]
pub trait RatingRule: Send + Sync + 'static {
    /// By the keyed hash of his number.
    async fn may_ask(&self, caller_hash: &str, at: DateTime<Utc>) -> bool;
}

/// Tells whom a block keeps from calling; implemented by `requesters`, wired in `server`.
#[async_trait]
pub trait CallBlocks: Send + Sync + 'static {
    /// The blocked requester with this number; `None` lets the call in, and so does a database that does not answer.
    async fn blocked(&self, number: &str) -> Option<Uuid>;
}

/// A requester known by number.
#[derive(Debug, Clone)]
pub struct KnownCaller {
    /// The requester.
    pub id: Uuid,
    /// As the desk may show it while it rings.
    pub name: Option<PersonName>,
    /// The first owner of an open ticket, who should get the call.
    pub preferred_agent: Option<AgentId>,
}

/// What a call's task is told.
pub(crate) enum Message {
    Leg(LegId, LegEvent),
    LegHeld(LegId, bool),
    Media(SessionEvent),
    Caller(KnownCaller),
    /// The floor speaks of the call, or of a queue that is asked in it: the work says which.
    Ring(WorkId, AgentId),
    StopRinging(WorkId, AgentId),
    GiveUp(WorkId),
    /// Whether he who answered for the queue that is asked is the one.
    ThirdConfirmed(ConsultId, AgentId, bool),
    Confirmed(AgentId, bool),
    Here(AgentId, DeviceId),
    Request(Request, oneshot::Sender<Result<(), Problem>>),
    Wish(Wish, oneshot::Sender<Result<(), Problem>>),
    /// The line closed, or opened again.
    Hours,
    /// The requester may rate (or not: he did so lately).
    MayRate(bool),
    Stop,
}

/// What others may know of a running call.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Who has it or is being rung.
    pub agent: Option<AgentId>,
    /// Whether it was answered.
    pub answered: bool,
    /// The agent has muted himself.
    pub muted: bool,
    /// What is said is not recorded.
    pub recording_paused: bool,
    /// A third is in the call.
    pub third: Option<ThirdStanding>,
    /// Who supervises, and how.
    pub supervised: Option<(AgentId, Supervision)>,
    /// Who should be heard and is not.
    pub one_way: Option<NotHeard>,
    /// How often that has changed.
    pub one_way_changes: u32,
}

/// A third in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThirdStanding {
    /// The colleague; `None` = a number outside, or nobody of the queue yet.
    pub colleague: Option<AgentId>,
    /// The queue that is asked, or that gave him.
    pub queue: Option<String>,
    /// He has answered.
    pub answered: bool,
}

kernel::words! {
    /// Who should be heard and is not (单通).
    NotHeard {
        /// 听不到诉求人
        Requester = "requester",
        /// 听不到座席
        Agent = "agent",
        /// 双方都听不到
        Both = "both",
    }
}

impl NotHeard {
    /// What is so after one side fell quiet or was heard again.
    pub(crate) fn after(before: Option<Self>, side: Side, quiet: bool) -> Option<Self> {
        let mut requester = matches!(before, Some(Self::Requester | Self::Both));
        let mut agent = matches!(before, Some(Self::Agent | Self::Both));
        match side {
            Side::Requester => requester = quiet,
            Side::Agent => agent = quiet,
            // Who was asked in or listens may be still.
            Side::Third | Side::Supervisor => {}
        }
        match (requester, agent) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Requester),
            (false, true) => Some(Self::Agent),
            (false, false) => None,
        }
    }
}

#[derive(Clone)]
struct Running {
    mailbox: mpsc::UnboundedSender<Message>,
    standing: Arc<RwLock<Standing>>,
}

/// The engine; cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    pub app: App,
    pub floor: Floor,
    pub media: MediaPlane,
    pub journal: Journal,
    pub settings: CallSettings,
    pub signaling: OnceLock<Arc<dyn Signaling>>,
    pub hours: OnceLock<Arc<dyn ServiceHours>>,
    pub blocks: OnceLock<Arc<dyn CallBlocks>>,
    pub callers: Callers,
    pub line: line::Setting,
    pub guard: Guard,
    /// Without it no desk phone dials.
    pub desk_phones: OnceLock<Arc<dyn DeskPhoneRules>>,
    pub ratings: OnceLock<Arc<dyn RatingRule>>,
    /// Works of the floor that are no inbound call: a kept place, and the call that is placed for it.
    kept: Mutex<HashMap<WorkId, Kept>>,
    works: Mutex<HashMap<WorkId, CallId>>,
    pub ladder: OnceLock<Ladder>,
    /// Since when the line is closed, as calls that wait are told.
    closed_since: Mutex<Option<DateTime<Utc>>>,
    calls: Mutex<HashMap<CallId, Running>>,
    stopping: AtomicBool,
}

impl Inner {
    /// Tells the administrators what is wrong about a call.
    fn alarm(&self, call: Uuid, code: &str, detail: &str) {
        self.app.live.publish(
            kernel::Audience::Permission("telephony:view"),
            "alarm",
            serde_json::json!({ "code": code, "detail": detail, "call_id": call }),
        );
    }

    /// The time limits of a call that comes in now: what concerns the queue is the queue's rule.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = self.settings.limits;
        if let Some(rules) = self.floor.queue_rules(&self.settings.queue) {
            limits.short_abandon = TimeDelta::seconds(i64::from(rules.short_abandon_s));
            limits.wait = TimeDelta::seconds(i64::from(rules.max_wait_s)) + BACKSTOP;
        }
        limits
    }

    /// Since when the line is closed; `None` while it is open.
    pub(crate) fn closed_since(&self) -> Option<DateTime<Utc>> {
        *lock(&self.closed_since)
    }
}

impl Engine {
    pub(crate) fn new(app: &App, floor: Floor, media: MediaPlane, settings: CallSettings) -> Self {
        let callers = Callers::default();
        Self(Arc::new(Inner {
            journal: Journal::start(app, &callers),
            app: app.clone(),
            floor,
            media,
            settings,
            signaling: OnceLock::new(),
            hours: OnceLock::new(),
            blocks: OnceLock::new(),
            callers,
            line: line::Setting::default(),
            guard: Guard::new(),
            desk_phones: OnceLock::new(),
            ratings: OnceLock::new(),
            kept: Mutex::default(),
            works: Mutex::default(),
            ladder: OnceLock::new(),
            closed_since: Mutex::default(),
            calls: Mutex::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, Running>> {
        lock(&self.0.calls)
    }

    /// Calls that run now.
    pub fn open_calls(&self) -> usize {
        self.running().len()
    }

    /// Where a running call stands; `None` once it is over.
    pub fn standing(&self, call: CallId) -> Option<Standing> {
        let running = self.running().get(&call).cloned()?;
        let standing = running
            .standing
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Some(standing.clone())
    }

    /// The running call of which `this` is so.
    fn running_call(&self, this: impl Fn(&Standing) -> bool) -> Option<(CallId, Standing)> {
        let calls = self.running();
        calls.iter().find_map(|(id, running)| {
            let standing = running
                .standing
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            this(&standing).then(|| (*id, standing.clone()))
        })
    }

    /// The running call in which this colleague is asked.
    pub fn asked_in(&self, colleague: AgentId) -> Option<(CallId, Standing)> {
        let asked = |standing: &Standing| {
            let third = standing.third.as_ref();
            third.is_some_and(|third| third.colleague == Some(colleague))
        };
        self.running_call(asked)
    }

    /// The running call that this supervisor hears.
    pub fn supervised_by(&self, supervisor: AgentId) -> Option<(CallId, Standing)> {
        let hears = |standing: &Standing| {
            standing
                .supervised
                .is_some_and(|(who, _)| who == supervisor)
        };
        self.running_call(hears)
    }

    /// Carries an agent's wish to the call; 404 for a call that does not run, 409 with the refusal's code.
    pub async fn request(&self, call: CallId, request: Request) -> Result<(), Problem> {
        self.ask(call, |reply| Message::Request(request, reply))
            .await
    }

    /// Brings others in, or leaves the call to them; 404 and 409 as for [`Engine::request`], and what the
    /// floor says.
    pub async fn wish(&self, call: CallId, wish: Wish) -> Result<(), Problem> {
        self.ask(call, |reply| Message::Wish(wish, reply)).await
    }

    async fn ask(
        &self,
        call: CallId,
        message: impl FnOnce(oneshot::Sender<Result<(), Problem>>) -> Message,
    ) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        if !self.tell(call, message(reply)) {
            return Err(call_over());
        }
        answer.await.unwrap_or_else(|_| Err(call_over()))
    }

    /// Wires who may be called from a call; before the first call.
    pub(crate) fn attach_guard(&self, guard: Arc<dyn NumberGuard>) {
        // A second one is a fault of the wiring without harm.
        let _ = self.0.guard.set(guard);
    }

    /// Wires what a desk phone may dial; before the first call.
    pub(crate) fn attach_desk_phones(&self, rules: Arc<dyn DeskPhoneRules>) {
        let _ = self.0.desk_phones.set(rules);
    }

    /// Wires who is asked to rate; without it everybody is, where the line asks at all.
    pub fn attach_ratings(&self, rule: Arc<dyn RatingRule>) {
        let _ = self.0.ratings.set(rule);
    }

    /// What the hotline offers from now on.
    pub fn set_line(&self, line: LineNow) {
        self.0.line.set(line);
    }

    /// Rings the agent's own device, then the number (click to call). 409 `no_device`, and what the floor says.
    pub async fn call_out(&self, order: Outgoing) -> Result<CallId, Problem> {
        self.has_room()?;
        let signaling = self.0.signaling.get();
        if signaling.is_none_or(|sip| sip.devices(order.agent).is_empty()) {
            return Err(refused(
                "no_device",
                "no device of the agent is registered, so no call can be placed",
            ));
        }
        let id = self.0.app.ids.next();
        self.0.floor.began(id, order.agent).await?;
        self.start(id, actor::Start::Out(order));
        Ok(id)
    }

    fn has_room(&self) -> Result<(), Problem> {
        if self.0.stopping.load(Relaxed) || self.open_calls() >= self.0.settings.most {
            return Err(kernel::problem::unavailable(
                "telephony_full",
                "no more calls can be placed now",
            ));
        }
        Ok(())
    }

    /// Starts the task of a call.
    fn start(&self, id: CallId, start: actor::Start) {
        let (mailbox, inbox) = mpsc::unbounded_channel();
        let standing: Arc<RwLock<Standing>> = Arc::default();
        let crowded = {
            let mut calls = self.running();
            let crowded = calls.len() >= self.0.settings.most;
            let running = Running {
                mailbox: mailbox.clone(),
                standing: Arc::clone(&standing),
            };
            calls.insert(id, running);
            crowded
        };
        let engine = self.clone();
        self.0.app.tasks.spawn(async move {
            actor::run(engine.clone(), id, start, crowded, mailbox, inbox, standing).await;
            engine.running().remove(&id);
        });
    }

    /// The floor speaks of this call by another work too: a queue is asked in it.
    fn also_known_as(&self, work: WorkId, call: CallId) {
        lock(&self.0.works).insert(work, call);
    }

    fn no_longer_known_as(&self, work: WorkId) {
        lock(&self.0.works).remove(&work);
    }

    fn tell(&self, work: CallId, message: Message) -> bool {
        // A call is known to the floor by its own id, unless it returns to a kept place.
        let call = lock(&self.0.works).get(&work).copied().unwrap_or(work);
        let mailbox = self
            .running()
            .get(&call)
            .map(|running| running.mailbox.clone());
        mailbox.is_some_and(|mailbox| mailbox.send(message).is_ok())
    }

    /// Ends every call as interrupted and waits until their records are on the way to the disk.
    pub(crate) async fn stop(&self) {
        self.0.stopping.store(true, Relaxed);
        for running in self.running().values() {
            let _ = running.mailbox.send(Message::Stop);
        }
        for _ in 0..100 {
            if self.open_calls() == 0 {
                break;
            }
            self.0.app.clock.sleep(Duration::from_millis(50)).await;
        }
        self.0.journal.close();
    }
}

fn call_over() -> Problem {
    not_found("running call")
}

impl CallTaker for Engine {
    fn incoming(&self, call: IncomingCall) {
        if self.0.stopping.load(Relaxed) {
            call.leg.refuse(503);
            return;
        }
        if call.desk_phone.is_some() {
            self.dialled_on_a_phone(call);
            return;
        }
        let id = self.0.app.ids.next();
        self.start(id, actor::Start::In(call));
    }
}

impl Engine {
    /// A number was dialled on a desk phone: it goes the way of every call of ours.
    fn dialled_on_a_phone(&self, call: IncomingCall) {
        let rules = self.0.desk_phones.get().cloned();
        let (Some(rules), Some(phone)) = (rules, call.desk_phone.clone()) else {
            call.leg.refuse(403);
            return;
        };
        let (engine, leg, number) = (self.clone(), Arc::clone(&call.leg), call.called.clone());
        self.0.app.tasks.spawn(async move {
            let dial: PhoneDial = Box::new(move |order| {
                Box::pin(async move { engine.call_out_from_phone(order, call).await })
            });
            if let Err(problem) = rules.let_out(&phone, &number, dial).await {
                tracing::info!(user = %phone.username, code = problem.code, "a desk phone's call is not let out");
                let status = if problem.status < 500 { 403 } else { 503 };
                leg.refuse_saying(status, problem.code);
            }
        });
    }

    async fn call_out_from_phone(
        &self,
        order: Outgoing,
        call: IncomingCall,
    ) -> Result<CallId, Problem> {
        self.has_room()?;
        let id = self.0.app.ids.next();
        self.0.floor.began(id, order.agent).await?;
        self.start(id, actor::Start::Phone { order, call });
        Ok(id)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Medium for Engine {
    fn ring(&self, work: WorkId, agent: AgentId) {
        if self.call_back(work, agent) || self.tell(work, Message::Ring(work, agent)) {
            return;
        }
        // The call ended while the floor chose: the agent must not stay rung.
        let floor = self.0.floor.clone();
        self.0.app.tasks.spawn(async move {
            floor.withdraw(work).await;
        });
    }

    fn stop_ringing(&self, work: WorkId, agent: AgentId) {
        self.tell(work, Message::StopRinging(work, agent));
    }

    fn give_up(&self, work: WorkId) {
        lock(&self.0.kept).remove(&work);
        self.tell(work, Message::GiveUp(work));
    }
}

/// The address a leg's media will most likely come from.
pub(crate) fn peer_at(ip: IpAddr, behind_nat: bool) -> crate::media::Peer {
    crate::media::Peer {
        behind_nat,
        ..crate::media::Peer::at(ip)
    }
}
