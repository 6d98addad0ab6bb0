//! What the stories stand on: a floor with three agents, and a medium that only remembers what it is told.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use floor::agent_state::store::{self as agents, Change};
use floor::work_item::store::{self as works, Model};
use floor::{
    AgentCard, AgentState, DeviceKind, Directory, Floor, MediaKind, Medium, Presence, Work,
};
use futures::future::BoxFuture;
use kernel::problem::{Result, refused};
use kernel::{App, Clock, Config, Principal, Role};
use serde_json::{Value, json};
use testing::{Answer, Door, TestApp, principal};
use uuid::Uuid;

pub fn agent(number: u8) -> Uuid {
    Uuid::from_u128(0xa6e0_0000 + u128::from(number))
}

/// The agent as his console asks.
pub fn seat(number: u8) -> Principal {
    let mut seat = principal(&[Role::Agent]);
    seat.user_id = agent(number);
    seat.username = format!("agent{number}");
    seat
}

pub fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

/// Whom the floor is told of: agents 1 to 3, and who of them sits at the console.
#[derive(Default)]
pub struct People {
    pub signed_in: Mutex<HashSet<Uuid>>,
    pub no_agents: Mutex<HashSet<Uuid>>,
}

impl People {
    fn cards(&self) -> Vec<AgentCard> {
        let gone = self.no_agents.lock().unwrap();
        let numbers = (1..=3).filter(|number| !gone.contains(&agent(*number)));
        let card = |number| AgentCard {
            id: agent(number),
            name: format!("座席{number}"),
            staff_no: Some(format!("800{number}")),
        };
        numbers.map(card).collect()
    }
}

impl Directory for People {
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentCard>>> {
        Box::pin(async { Ok(self.cards()) })
    }

    fn agent(&self, id: Uuid) -> BoxFuture<'_, Result<Option<AgentCard>>> {
        Box::pin(async move { Ok(self.cards().into_iter().find(|card| card.id == id)) })
    }

    fn has_session(&self, id: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move { Ok(self.signed_in.lock().unwrap().contains(&id)) })
    }
}

/// What the floor told the medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Ring(Uuid, u8),
    StopRinging(Uuid, u8),
    GiveUp(Uuid),
}

#[derive(Default)]
pub struct Wire(Mutex<Vec<Told>>);

fn number_of(id: Uuid) -> u8 {
    (1..=3).find(|number| agent(*number) == id).unwrap()
}

impl Medium for Wire {
    fn ring(&self, work: Uuid, agent: Uuid) {
        self.0
            .lock()
            .unwrap()
            .push(Told::Ring(work, number_of(agent)));
    }

    fn stop_ringing(&self, work: Uuid, agent: Uuid) {
        self.0
            .lock()
            .unwrap()
            .push(Told::StopRinging(work, number_of(agent)));
    }

    fn give_up(&self, work: Uuid) {
        self.0.lock().unwrap().push(Told::GiveUp(work));
    }
}

/// A gate that lets nobody out until it is told that the record is written.
#[derive(Default)]
pub struct Record(pub Mutex<bool>);

impl floor::WrapUpGate for Record {
    fn check(&self, _work: Uuid) -> BoxFuture<'_, Result<()>> {
        let written = *self.0.lock().unwrap();
        Box::pin(async move {
            if written {
                Ok(())
            } else {
                Err(refused("wrap_up_incomplete", "no result yet"))
            }
        })
    }
}

/// A gate that keeps these from work.
#[derive(Default)]
pub struct Behind(pub Mutex<HashSet<Uuid>>);

impl floor::WorkGate for Behind {
    fn check(&self, agent: Uuid) -> BoxFuture<'_, Result<()>> {
        let behind = self.0.lock().unwrap().contains(&agent);
        Box::pin(async move {
            if behind {
                Err(refused("reading_overdue", "something is to be read"))
            } else {
                Ok(())
            }
        })
    }
}

/// A gate whose database is gone.
pub struct Broken;

impl floor::WorkGate for Broken {
    fn check(&self, _agent: Uuid) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(kernel::problem::unavailable("database_gone", "gone")) })
    }
}

pub struct Hall {
    pub app: App,
    pub floor: Floor,
    pub wire: Arc<Wire>,
    pub people: Arc<People>,
    pub door: Door,
    base: TestApp,
}

/// Tells the story on both databases.
pub async fn on_both(story: impl AsyncFn(&mut Hall)) {
    on_both_at(testing::MONDAY_10, story).await;
}

/// The same beginning at another time.
pub async fn on_both_at(time: &str, story: impl AsyncFn(&mut Hall)) {
    for kind in testing::Kind::all() {
        eprintln!("--- on {kind:?}");
        let base = testing::app_at(time, *kind, &floor::migrations(), &[]).await;
        let app = (*base).clone();
        let mut hall = Box::pin(Hall::open(base, app, Arc::default())).await;
        Box::pin(story(&mut hall)).await;
        hall.app.shutdown.cancel();
    }
}

/// What a process does: it mounts the floor and starts it.
async fn begin(app: &App, people: &Arc<People>) -> (Floor, Arc<Wire>, Router) {
    let floor = Floor::new(app, people.clone());
    let capability = floor::capability(&floor);
    let assembled = kernel::assemble(app, vec![capability], Router::new(), |router| router)
        .await
        .unwrap();
    let wire = Arc::<Wire>::default();
    floor.attach_medium(MediaKind::Voice, wire.clone());
    floor.attach_medium(MediaKind::Chat, wire.clone());
    floor.start().await.unwrap();
    (floor, wire, assembled.router)
}

impl Deref for Hall {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Hall {
    async fn open(base: TestApp, app: App, people: Arc<People>) -> Self {
        let (floor, wire, router) = begin(&app, &people).await;
        Self {
            app,
            floor,
            wire,
            people,
            door: Door(router),
            base,
        }
    }

    /// The process ends and another begins over the same database.
    pub async fn restart(&mut self) {
        self.app.stop().await;
        let settings = [
            ("data_dir", self.base.data_dir().display().to_string()),
            ("database.url", self.base.database_url().to_owned()),
        ];
        let config = Config::with_overrides(&settings).unwrap();
        let clock = Clock::starting_at(self.app.clock.now());
        let app = App::open(config, clock).await.unwrap();
        let (floor, wire, router) = begin(&app, &self.people).await;
        (self.floor, self.wire, self.door) = (floor, wire, Door(router));
        self.app = app;
    }

    /// Time passes second by second; the floor meets each of its deadlines.
    pub async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.app.clock.advance(Duration::from_secs(1));
            self.look().await;
        }
    }

    /// Lets the floor do what is due; a command is answered before the deadlines are looked at.
    pub async fn look(&self) {
        self.floor.snapshot().await.unwrap();
        self.floor.snapshot().await.unwrap();
    }

    // ---- agents

    pub async fn reachable(&self, number: u8, here: bool) {
        let device = here.then_some(DeviceKind::Softphone);
        self.floor.reachable(agent(number), device).await;
    }

    pub async fn ask(&self, number: u8, presence: Presence) {
        self.floor.ask(agent(number), presence, None).await.unwrap();
    }

    /// The agent sits at his softphone and is ready.
    pub async fn ready(&self, number: u8) {
        self.people.signed_in.lock().unwrap().insert(agent(number));
        self.reachable(number, true).await;
        self.ask(number, Presence::Ready).await;
    }

    pub fn state(&self, number: u8) -> AgentState {
        self.floor.state_of(agent(number))
    }

    // ---- works

    /// A call comes into the hotline.
    pub async fn call(&self) -> Uuid {
        self.offer(MediaKind::Voice, |_| {}).await
    }

    pub async fn offer(&self, media: MediaKind, change: impl FnOnce(&mut Work)) -> Uuid {
        let id = self.app.ids.next();
        let mut work = Work {
            id,
            media,
            queue: floor::DEFAULT_QUEUE.to_owned(),
            priority: 0,
            preferred_agent: None,
            offered_at: self.app.clock.now(),
            subject: json!({ "caller": "139****0001" }),
        };
        change(&mut work);
        self.floor.offer(work).await.unwrap();
        id
    }

    /// A call that this agent takes at once.
    pub async fn talk(&self, number: u8) -> Uuid {
        let work = self.call().await;
        assert_eq!(self.told().last(), Some(&Told::Ring(work, number)));
        self.floor.accepted(work, agent(number)).await.unwrap();
        work
    }

    pub fn told(&self) -> Vec<Told> {
        self.wire.0.lock().unwrap().clone()
    }

    // ---- what was written

    /// The row of a work.
    pub async fn row(&self, work: Uuid) -> Model {
        self.floor.flushed().await.unwrap();
        works::get(self.app.db.read(), work).await.unwrap().unwrap()
    }

    /// What other capabilities were told of a work, in order.
    pub async fn events(&self, work: Uuid) -> Vec<String> {
        self.payloads(work)
            .await
            .into_iter()
            .map(|(kind, _)| kind)
            .collect()
    }

    pub async fn payloads(&self, work: Uuid) -> Vec<(String, Value)> {
        self.floor.flushed().await.unwrap();
        let events = self
            .app
            .events
            .of_subject(self.app.db.read(), &work.to_string())
            .await
            .unwrap();
        let told = events.into_iter();
        told.map(|event| (event.kind, event.payload)).collect()
    }

    pub async fn changes(&self, number: u8) -> Vec<Change> {
        self.floor.flushed().await.unwrap();
        let from = chrono::DateTime::UNIX_EPOCH;
        agents::history(self.app.db.read(), agent(number), from)
            .await
            .unwrap()
    }

    /// The states an agent went through; each change begins where the one before ended.
    pub async fn history(&self, number: u8) -> Vec<String> {
        let changes = self.changes(number).await;
        for pair in changes.windows(2) {
            assert_eq!(
                pair[0].to_state, pair[1].from_state,
                "a gap in the history: {pair:?}"
            );
        }
        changes.into_iter().map(|change| change.to_state).collect()
    }

    // ---- HTTP

    pub async fn put(&self, who: &Principal, path: &str, body: Value) -> Answer {
        self.door.ask(who, Method::PUT, path, Some(body)).await
    }

    pub async fn post(&self, who: &Principal, path: &str, body: Value) -> Answer {
        self.door.ask(who, Method::POST, path, Some(body)).await
    }

    /// Publishes an event and waits until the floor has heard it.
    pub async fn publish(&self, kind: &'static str, subject: Uuid, payload: Value) {
        let events = self.app.events.clone();
        self.app
            .db
            .write(async move |tx| events.publish(&tx, kind, subject, payload).await)
            .await
            .unwrap();
        for _ in 0..500 {
            if self
                .app
                .events
                .due(self.app.db.read())
                .await
                .unwrap()
                .is_empty()
            {
                return;
            }
            pause().await;
        }
        panic!("{kind} is not heard");
    }
}

/// The status and the code of a refusal.
pub fn refusal(answer: &Answer) -> (u16, &str) {
    let code = answer.json["code"].as_str().unwrap_or_default();
    (answer.status.as_u16(), code)
}

/// A little real time, whatever the moved clock shows.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for another task in real time"
)]
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}
