//! Outbound calls over HTTP, with a real floor and database; the line is a stand-in that remembers its orders.

mod callbacks;
mod calls;
mod follow_ups;
mod machines;

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Method;
use chrono::{DateTime, Utc};
use floor::{AgentCard, DeviceKind, Directory, Floor, MediaKind, Medium, Presence, Work};
use futures::future::BoxFuture;
use kernel::problem::{Result, not_found, refused, unavailable};
use kernel::{App, Capability, Ids, Principal, Role};
use organization::Organization;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};
use telephony::calls::rows::call;
use telephony::outbound::{
    self, AboutTicket, Dialler, House, Outbound, OutboundOrder, OutboundSettings,
};
use testing::{Answer, Door, TestApp, principal};
use uuid::Uuid;

/// The agents of the demo, who are on the floor.
struct People(App);

impl Directory for People {
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentCard>>> {
        Box::pin(async {
            let people = organization::colleagues::holders(self.0.db.read(), Role::Agent).await?;
            let card = |person: organization::Colleague| AgentCard {
                id: person.id,
                name: person.name,
                staff_no: person.staff_no,
            };
            Ok(people.into_iter().map(card).collect())
        })
    }

    fn agent(&self, id: Uuid) -> BoxFuture<'_, Result<Option<AgentCard>>> {
        Box::pin(async move {
            let all = self.agents().await?;
            Ok(all.into_iter().find(|card| card.id == id))
        })
    }

    fn has_session(&self, _id: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Ok(true) })
    }
}

struct Wire;

impl Medium for Wire {
    fn ring(&self, _work: Uuid, _agent: Uuid) {}
    fn stop_ringing(&self, _work: Uuid, _agent: Uuid) {}
    fn give_up(&self, _work: Uuid) {}
}

/// The line.
pub struct Line {
    ids: Ids,
    pub orders: Mutex<Vec<(Uuid, OutboundOrder)>>,
    pub broken: AtomicBool,
}

impl Dialler for Line {
    fn call_out(&self, order: OutboundOrder) -> BoxFuture<'_, Result<Uuid>> {
        Box::pin(async move {
            if self.broken.load(Relaxed) {
                return Err(unavailable("trunk_down", "no trunk answers"));
            }
            let call = self.ids.next();
            self.orders.lock().unwrap().push((call, order));
            Ok(call)
        })
    }
}

/// Tickets and scripts that a test makes up.
#[derive(Default)]
pub struct Desk {
    pub tickets: Mutex<Vec<AboutTicket>>,
    pub taker: Mutex<Option<Uuid>>,
}

impl House for Desk {
    fn taker(&self, _requester: Uuid) -> BoxFuture<'_, Result<Option<Uuid>>> {
        Box::pin(async { Ok(*self.taker.lock().unwrap()) })
    }

    fn ticket<'a>(
        &'a self,
        _principal: &'a Principal,
        ticket: Uuid,
    ) -> BoxFuture<'a, Result<AboutTicket>> {
        Box::pin(async move {
            let tickets = self.tickets.lock().unwrap();
            let found = tickets.iter().find(|known| known.id == ticket).cloned();
            found.ok_or_else(|| not_found("ticket"))
        })
    }

    fn tickets<'a>(
        &'a self,
        _principal: &'a Principal,
        _filter: Value,
        _most: u64,
    ) -> BoxFuture<'a, Result<Vec<AboutTicket>>> {
        Box::pin(async { Ok(self.tickets.lock().unwrap().clone()) })
    }

    fn script<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            if reference == "old@1" {
                Err(refused("article_not_in_force", "it does not hold"))
            } else {
                Ok("K-1 回访话术".to_owned())
            }
        })
    }
}

pub struct Stage {
    pub app: TestApp,
    pub floor: Floor,
    pub line: Arc<Line>,
    pub desk: Arc<Desk>,
    door: Door,
    agents: Vec<Uuid>,
}

impl Deref for Stage {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

pub async fn on_both(story: impl AsyncFn(&Stage)) {
    on_both_at(testing::MONDAY_10, story).await;
}

/// Tells the story on both databases, beginning at `time`.
pub async fn on_both_at(time: &str, story: impl AsyncFn(&Stage)) {
    let migrations = [
        organization::migrations(),
        requesters::migrations(),
        floor::migrations(),
        telephony::migrations(),
    ]
    .concat();
    for kind in testing::Kind::all() {
        eprintln!("--- on {kind:?}");
        let app = testing::app_at(time, *kind, &migrations, &[]).await;
        let stage = Box::pin(Stage::open(app)).await;
        Box::pin(story(&stage)).await;
        stage.app.shutdown.cancel();
    }
}

pub fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

impl Stage {
    async fn open(app: TestApp) -> Self {
        Organization::new(&app).unwrap().prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let floor = Floor::new(&app, Arc::new(People((*app).clone())));
        let settings = OutboundSettings {
            queue: "hotline".to_owned(),
            caller_id: "12333".to_owned(),
        };
        let outbound = Outbound::new(&app, &floor, settings);
        let line = Arc::new(Line {
            ids: app.ids.clone(),
            orders: Mutex::default(),
            broken: AtomicBool::new(false),
        });
        let desk = Arc::<Desk>::default();
        outbound.attach_dialler(line.clone());
        outbound.attach_house(desk.clone());
        let capability = Capability {
            name: "telephony",
            permissions: outbound::permissions(),
            routes: outbound::routes(&outbound),
            event_handlers: outbound::event_handlers(&outbound),
            ..Capability::default()
        };
        let router = app.start(vec![floor::capability(&floor), capability]).await;
        floor.attach_medium(MediaKind::Voice, Arc::new(Wire));
        floor.start().await.unwrap();
        outbound.start().await.unwrap();
        let people = organization::colleagues::holders(app.db.read(), Role::Agent).await;
        let agents = people.unwrap().into_iter().map(|agent| agent.id).collect();
        Self {
            app,
            floor,
            line,
            desk,
            door: Door(router),
            agents,
        }
    }

    pub fn agent(&self, number: usize) -> Uuid {
        self.agents[number - 1]
    }

    /// The agent as his console asks.
    pub fn seat(&self, number: usize) -> Principal {
        let mut seat = principal(&[Role::Agent]);
        seat.user_id = self.agent(number);
        seat
    }

    /// The agent is on post.
    pub async fn ready(&self, number: usize) -> Principal {
        let id = self.agent(number);
        self.floor.reachable(id, Some(DeviceKind::Softphone)).await;
        self.floor.ask(id, Presence::Ready, None).await.unwrap();
        self.floor.flushed().await.unwrap();
        self.seat(number)
    }

    pub async fn away(&self, number: usize) {
        let id = self.agent(number);
        self.floor.ask(id, Presence::Break, None).await.unwrap();
        self.floor.flushed().await.unwrap();
    }

    pub async fn post(&self, who: &Principal, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    /// The answer of a POST that must succeed.
    pub async fn done(&self, who: &Principal, path: &str, body: Value) -> Value {
        let answer = self.post(who, path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.json);
        answer.json
    }

    /// Status and code of a POST that is refused.
    pub async fn refused(&self, who: &Principal, path: &str, body: Value) -> (u16, String) {
        let answer = self.post(who, path, body).await;
        let code = answer.json["code"].as_str().unwrap_or_default().to_owned();
        (answer.status.as_u16(), code)
    }

    /// A ticket of somebody with this number.
    pub async fn ticket(&self, number: &'static str) -> Uuid {
        let app = (*self.app).clone();
        let requester = self
            .app
            .db
            .write(async move |tx| requesters::find_or_create_by_number(&app, &*tx, number).await)
            .await
            .unwrap();
        let id = self.app.ids.next();
        let mut tickets = self.desk.tickets.lock().unwrap();
        let number = format!("SJ20261123-{:04}", tickets.len() + 1);
        tickets.push(AboutTicket {
            id,
            number,
            title: "职称证书领取".to_owned(),
            requester_id: requester.id,
        });
        id
    }

    /// A call with this record, as the engine would write it.
    pub async fn record(&self, id: Uuid, change: impl FnOnce(&mut call::Model)) {
        let mut row = call::Model {
            id,
            direction: "inbound".to_owned(),
            hotline: "12333".to_owned(),
            caller: String::new(),
            caller_hash: String::new(),
            requester_id: None,
            queue: Some("hotline".to_owned()),
            agent_id: None,
            staff_no: None,
            state: "ended".to_owned(),
            outcome: None,
            ended_by: None,
            arrived_at: self.app.clock.now(),
            queued_at: None,
            rung_at: None,
            answered_at: None,
            ended_at: None,
            held_ms: 0,
            trunk: String::new(),
            sip_call_id: String::new(),
            recording_state: "none".to_owned(),
            recording_path: None,
            recording_ms: None,
            recording_bytes: None,
            recording_sha256: None,
            recording_lost_ms: None,
            events: 1,
            rating: None,
            source: "shoujie".to_owned(),
            source_code: None,
            external_id: None,
        };
        change(&mut row);
        let conn = self.app.db.read();
        let known = call::Entity::find_by_id(id).one(conn).await.unwrap();
        self.app
            .db
            .write(async move |tx| {
                let active = row.into_active_model();
                if known.is_some() {
                    call::Entity::update(active.reset_all()).exec(&*tx).await?;
                } else {
                    call::Entity::insert(active)
                        .exec_without_returning(&*tx)
                        .await?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }

    async fn tells(&self, kind: &'static str, id: Uuid, facts: Value) {
        let app = (*self.app).clone();
        self.app
            .db
            .write(async move |tx| app.events.publish(&tx, kind, id, facts).await)
            .await
            .unwrap();
        self.app.settle().await;
    }

    /// Somebody calls the hotline and gives up after six seconds.
    pub async fn misses(&self, number: &str) -> Uuid {
        let id = self.waits(number, Some("abandoned")).await;
        self.floor.withdraw(id).await;
        self.floor.flushed().await.unwrap();
        self.app.settle().await;
        id
    }

    /// Somebody waits when the line closes, and nobody came; he may speak into the message box.
    pub async fn is_closed_out(&self, number: &str) -> Uuid {
        let id = self.waits(number, None).await;
        self.floor.give_up(id).await;
        self.floor.flushed().await.unwrap();
        self.app.settle().await;
        id
    }

    /// His call ends so.
    pub async fn ends_inbound(&self, id: Uuid, number: &str, outcome: &'static str) {
        let caller = number.to_owned();
        self.record(id, |row| {
            row.caller = caller;
            row.outcome = Some(outcome.to_owned());
        })
        .await;
        let facts = json!({ "call_id": id, "direction": "inbound", "outcome": outcome });
        self.tells("call.ended", id, facts).await;
    }

    /// Somebody waits in the queue for six seconds, in a call that ends so.
    async fn waits(&self, number: &str, outcome: Option<&str>) -> Uuid {
        let id = self.app.ids.next();
        let (caller, outcome) = (number.to_owned(), outcome.map(str::to_owned));
        self.record(id, |row| {
            row.caller = caller;
            row.outcome = outcome;
        })
        .await;
        let work = Work {
            id,
            media: MediaKind::Voice,
            queue: floor::DEFAULT_QUEUE.to_owned(),
            priority: 0,
            preferred_agent: None,
            offered_at: self.app.clock.now(),
            subject: json!({}),
        };
        self.floor.offer(work).await.unwrap();
        self.app.clock.advance(Duration::from_secs(6));
        id
    }

    /// Somebody calls the hotline, and `agent` answers.
    pub async fn is_answered(&self, number: &str, agent: Uuid) -> Uuid {
        let id = self.app.ids.next();
        let (caller, now) = (number.to_owned(), self.app.clock.now());
        self.record(id, |row| {
            row.caller = caller;
            row.answered_at = Some(now);
            row.agent_id = Some(agent);
        })
        .await;
        let facts = json!({ "call_id": id, "direction": "inbound", "agent": agent });
        self.tells("call.answered", id, facts).await;
        id
    }

    /// The last call that went out ends so.
    pub async fn ends(&self, outcome: &'static str) -> Uuid {
        let (id, order) = self.line.orders.lock().unwrap().last().cloned().unwrap();
        let now: DateTime<Utc> = self.app.clock.now();
        self.record(id, |row| {
            row.direction = "outbound".to_owned();
            row.caller = order.number;
            row.agent_id = Some(order.agent);
            row.outcome = Some(outcome.to_owned());
            row.answered_at = (outcome == "answered").then_some(now);
            row.ended_at = Some(now);
        })
        .await;
        let facts = json!({ "call_id": id, "direction": "outbound", "outcome": outcome });
        self.tells("call.ended", id, facts).await;
        id
    }

    pub fn orders(&self) -> Vec<OutboundOrder> {
        let orders = self.line.orders.lock().unwrap();
        orders.iter().map(|(_, order)| order.clone()).collect()
    }

    /// Sets a limit from now on.
    pub async fn agree(&self, key: &'static str, value: &'static str) {
        agree(&self.app, key, value).await;
    }
}

/// Sets a limit from now on.
pub async fn agree(app: &TestApp, key: &'static str, value: &'static str) {
    use kernel::params::parameter;
    use sea_orm::Set;
    let (id, now) = (app.ids.next(), app.clock.now());
    let row = parameter::ActiveModel {
        id: Set(id),
        key: Set(key.to_owned()),
        value: Set(value.to_owned()),
        unit: Set(String::new()),
        effective_from: Set(now),
        effective_to: Set(None),
        source_doc_no: Set("约定".to_owned()),
        source_url: Set(String::new()),
        note: Set(String::new()),
        confirm_before_use: Set(false),
        recorded_at: Set(now),
        recorded_by: Set(None),
        confirmed_by: Set(None),
        confirmed_at: Set(None),
    };
    app.db
        .write(async move |tx| {
            parameter::Entity::insert(row.clone())
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await
        .unwrap();
}
