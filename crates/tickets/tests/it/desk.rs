//! What the stories stand on: the two capabilities over a database of their own, and the calls they hear of.

use std::sync::Arc;

use std::ops::Deref;

use axum::Router;
use axum::http::{Method, StatusCode};
use kernel::jobs::Schedule;
use kernel::{App, Capability, Event, Migration, Principal, Role};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::{Answer, Door, TestApp, principal};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

/// The tables the stories need.
pub fn migrations() -> Vec<Migration> {
    [
        organization::migrations(),
        requesters::migrations(),
        floor::migrations(),
        tickets::migrations(),
    ]
    .concat()
}

/// Tells the story on both databases.
pub async fn on_both(story: impl AsyncFn(Desk)) {
    testing::on_both(&migrations(), async |app| story(Desk::new(app)).await).await;
}

pub struct Desk {
    pub app: TestApp,
    door: Door,
    capability: Capability,
}

/// An agent whom no other test person is.
pub fn agent(number: u8) -> Principal {
    let mut agent = principal(&[Role::Agent]);
    agent.user_id = Uuid::from_u128(0xa6e0_0000 + u128::from(number));
    agent.username = format!("agent{number}");
    agent
}

pub fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

impl Deref for Desk {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Desk {
    pub fn new(app: TestApp) -> Self {
        let capability = tickets::capability(&app, Arc::new(AnythingGoes));
        let merged = OpenApiRouter::new().merge(capability.routes.clone()).merge(
            requesters::capability(
                &app,
                std::sync::Arc::new(requesters::NoTextMessages),
                requesters::FORGETS.into(),
            )
            .routes,
        );
        let (router, _) = merged.split_for_parts();
        Self {
            app,
            door: Door(router),
            capability,
        }
    }

    pub fn router(&self) -> Router {
        self.door.0.clone()
    }

    pub fn services(&self) -> App {
        (*self.app).clone()
    }

    /// Writes an event without delivering it, as it stands in the moment after its cause.
    pub async fn publish(&self, kind: &'static str, subject: Uuid, payload: Value) {
        let events = self.app.events.clone();
        self.app
            .db
            .write(move |tx| async move { events.publish(&tx, kind, subject, payload).await })
            .await
            .unwrap();
    }

    /// From now on what is published is delivered, as in the server.
    pub async fn deliver_by_itself(&self) {
        self.app
            .events
            .subscribe(self.capability.event_handlers.clone());
        self.app.events.start(&self.app).await.unwrap();
        self.app.jobs.define(self.capability.jobs.clone());
        self.app.jobs.start(&self.app).await.unwrap();
    }

    /// Delivers an event to the handlers of the capability.
    pub async fn deliver(&self, kind: &str, subject: Uuid, payload: Value) {
        let event = Event {
            id: self.app.ids.next(),
            kind: kind.to_owned(),
            subject_id: subject.to_string(),
            payload,
            occurred_at: self.app.clock.now(),
        };
        for handler in self
            .capability
            .event_handlers
            .iter()
            .filter(|handler| handler.kinds.contains(&kind))
        {
            (handler.run)(event.clone()).await.unwrap();
        }
    }

    /// Runs the sweep.
    pub async fn sweep(&self) {
        let by_itself = |job: &&kernel::JobDef| !matches!(job.schedule, Schedule::OnDemand);
        for job in self.capability.jobs.iter().filter(by_itself) {
            (job.run)(json!({})).await.unwrap();
        }
    }

    pub async fn requester(&self, number: &'static str) -> Uuid {
        let app = self.services();
        let found = self
            .app
            .db
            .write(move |tx| async move {
                requesters::find_or_create_by_number(&app, &*tx, number).await
            })
            .await;
        found.unwrap().id
    }

    /// A call rings at the agent; answers with its id.
    pub async fn rings(&self, number: &'static str, agent: &Principal) -> Uuid {
        let (call, requester) = (self.app.ids.next(), self.requester(number).await);
        let payload = json!({"call_id": call, "requester_id": requester, "agent": agent.user_id, "queue": "main",
            "caller": number, "at": self.app.clock.now()});
        self.deliver("call.ringing", call, payload).await;
        call
    }

    /// The agent takes the call.
    pub async fn answers(&self, call: Uuid, agent: &Principal) {
        let payload = json!({"call_id": call, "agent": agent.user_id, "queue": "main", "at": self.app.clock.now()});
        self.deliver("call.answered", call, payload).await;
    }

    /// The floor knows that this agent had the call, and that it went on.
    pub async fn had(&self, call: Uuid, agent: &Principal) {
        let now = self.app.clock.now();
        let part = floor::work_item::parts::Part {
            id: self.app.ids.next(),
            work_id: call,
            number: 1,
            queue: Some("main".to_owned()),
            agent_id: agent.user_id,
            began_at: now,
            ended_at: Some(now),
            ended_as: Some(floor::work_item::parts::HANDED_OVER.to_owned()),
            wrap_up_began_at: None,
            wrap_up_ended_at: None,
            wrap_up_extensions: 0,
            wrap_up_expired: false,
        };
        self.app
            .db
            .write(async move |tx| floor::work_item::parts::put(&*tx, part).await)
            .await
            .unwrap();
    }

    /// A call that was taken and is over; the agent is in wrap-up.
    pub async fn talked(&self, number: &'static str, agent: &Principal) -> Uuid {
        let call = self.rings(number, agent).await;
        self.answers(call, agent).await;
        self.deliver("call.ended", call, json!({"outcome": "answered"}))
            .await;
        self.deliver("work.wrap_up_began", call, json!({})).await;
        call
    }

    pub async fn complete(&self, who: &Principal, call: Uuid, wrap_up: Value) -> Answer {
        let path = format!("/api/v1/contact-records/{call}/complete");
        self.ask(who, Method::POST, &path, Some(wrap_up)).await
    }

    pub async fn completed(&self, who: &Principal, call: Uuid, wrap_up: Value) -> Value {
        let answer = self.complete(who, call, wrap_up).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        answer.json
    }

    /// A follow-up ticket of the requester.
    pub async fn open_ticket(&self, number: &'static str, agent: &Principal) -> Uuid {
        let call = self.talked(number, agent).await;
        let record = self.completed(agent, call, follow_up()).await;
        record["ticket_id"].as_str().unwrap().parse().unwrap()
    }

    /// Makes users of these people, so that they are found by their roles.
    pub async fn people(&self, people: &[&Principal]) {
        let (now, party) = (self.app.clock.now(), self.app.ids.next());
        let mut rows: Vec<(&str, Vec<sea_orm::Value>)> = vec![(
            "insert into parties (id, side, name, created_at) values ($1, $2, $3, $4)",
            vec![party.into(), "supplier".into(), "服务商".into(), now.into()],
        )];
        for person in people {
            rows.push((
                "insert into users (id, username, name, staff_no, department, party_id, password_hash, \
                 password_changed_at, version, created_at, updated_at) \
                 values ($1, $2, $2, $3, '', $4, '', $5, 1, $5, $5)",
                vec![
                    person.user_id.into(),
                    person.username.clone().into(),
                    person.user_id.simple().to_string().into(),
                    party.into(),
                    now.into(),
                ],
            ));
            for role in &person.roles {
                rows.push((
                    "insert into user_roles (user_id, role) values ($1, $2)",
                    vec![person.user_id.into(), role.as_str().into()],
                ));
            }
        }
        self.app
            .db
            .write(move |tx| async move {
                for (sql, values) in rows {
                    let backend = tx.get_database_backend();
                    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values))
                        .await?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }

    /// The agent signs in to the floor.
    pub async fn signs_in(&self, agent: &Principal) {
        self.on_floor(agent, None).await;
    }

    /// The agent signs out of the floor.
    pub async fn signs_out(&self, agent: &Principal) {
        self.on_floor(agent, Some(self.app.clock.now())).await;
    }

    async fn on_floor(&self, agent: &Principal, ended_at: Option<chrono::DateTime<chrono::Utc>>) {
        let now = self.app.clock.now();
        let session = floor::agent_state::store::SessionRow {
            id: agent.user_id,
            agent_id: agent.user_id,
            began_at: now,
            ended_at,
            state: "ready".to_owned(),
            presence: "ready".to_owned(),
            reason: None,
            work_id: None,
            queue: None,
            wrap_up_ends_at: None,
            wrap_up_extensions: 0,
            changed_at: now,
        };
        self.app
            .db
            .write(move |tx| async move {
                floor::agent_state::store::put_session(&*tx, session).await
            })
            .await
            .unwrap();
    }

    /// The lead names who stands in for `owner` from today on.
    pub async fn covers(&self, owner: &Principal, plan: Value) -> Answer {
        let path = format!("/api/v1/covers/{}", owner.user_id);
        self.ask(&lead(), Method::PUT, &path, Some(plan)).await
    }

    /// Looks again until it is so.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        for _ in 0..150 {
            if is_so().await {
                return;
            }
            pause().await;
        }
        panic!("not so: {what}");
    }

    pub async fn ticket(&self, who: &Principal, id: Uuid) -> Value {
        self.get(who, &format!("/api/v1/tickets/{id}")).await
    }

    /// What the floor is told when the agent wants to end wrap-up.
    pub async fn gate(&self, call: Uuid) -> Result<(), &'static str> {
        tickets::wrap_up_gate(&self.app)
            .check(call)
            .await
            .map_err(|problem| problem.code)
    }
}

pub fn follow_up() -> Value {
    json!({"request_type": "help", "matter": "106", "result": "follow_up", "summary": "缴费后状态没有更新"})
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

/// Cites whatever it is asked.
struct AnythingGoes;

impl tickets::Answers for AnythingGoes {
    fn cite<'a>(
        &'a self,
        _reference: &'a str,
    ) -> futures::future::BoxFuture<'a, kernel::problem::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
