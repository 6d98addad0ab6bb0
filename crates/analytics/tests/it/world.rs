//! The capability over a database of its own, and rows as telephony, floor, channels and tickets write them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use analytics::kpi::{Cut, Figure, Kpi, Period, figures};
use analytics::{Desk, Samples};
use axum::http::Method;
use channels::conversation::store::row as conversation;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use floor::work_item::parts::row as part;
use floor::work_item::store::row as work;
use futures::future::BoxFuture;
use kernel::Principal;
use organization::Organization;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, Statement,
};
use serde_json::json;
use telephony::calls::rows::call;
use testing::{Door, Kind, TestApp};
use tickets::contact::store::row as record;
use tickets::ticket::store::row as ticket;
use uuid::Uuid;

/// Each ticket has a place of its own in the order they were opened.
static NEXT_TICKET: AtomicI64 = AtomicI64::new(1);

pub struct World {
    pub app: TestApp,
    pub desk: Desk,
    pub door: Door,
    people: HashMap<&'static str, Uuid>,
}

/// Checks as a test says.
pub struct Checked(pub Option<analytics::Sampled>);

impl Samples for Checked {
    fn sampled<'a>(
        &'a self,
        _: Period,
        _: &'a Cut,
    ) -> BoxFuture<'a, kernel::Result<Option<analytics::Sampled>>> {
        Box::pin(async { Ok(self.0) })
    }

    fn answered<'a>(
        &'a self,
        _: Period,
        _: &'a Cut,
    ) -> BoxFuture<'a, kernel::Result<Option<analytics::Answered>>> {
        // Of the samples that passed, 20 were answered at once.
        let told = self.0.filter(|told| told.passed > 20);
        Box::pin(async move {
            Ok(told.map(|_| analytics::Answered {
                answers: 20,
                cited: 19,
            }))
        })
    }

    fn grave(
        &self,
        _: Period,
        _: Option<Uuid>,
    ) -> BoxFuture<'_, kernel::Result<Option<analytics::Grave>>> {
        Box::pin(async {
            Ok(self.0.map(|told| analytics::Grave {
                errors: told.fatal,
                complaints: i64::from(told.fatal > 0),
            }))
        })
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn period(from: &str, to: &str) -> Period {
    Period::new(day(from), day(to)).unwrap()
}

fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

/// The tables of who keeps what figures are counted from.
pub fn migrations() -> Vec<kernel::Migration> {
    [
        organization::migrations(),
        requesters::migrations(),
        floor::migrations(),
        telephony::migrations(),
        tickets::migrations(),
        channels::migrations(),
        personnel::migrations(),
        learning::migrations(),
        workforce::migrations(),
        knowledge::migrations(),
        analytics::migrations(),
    ]
    .concat()
}

/// Tells the story on both databases on Friday, 27 November 2026, 18:00 in Guangzhou.
pub async fn on_both(story: impl AsyncFn(World)) {
    let migrations = migrations();
    for kind in Kind::all() {
        let app = testing::app_at("2026-11-27T10:00:00Z", *kind, &migrations, &[]).await;
        let world = Box::pin(World::new(app)).await;
        Box::pin(story(world)).await;
    }
}

impl World {
    async fn new(app: TestApp) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let samples: Arc<dyn Samples> = Arc::new(Checked(Some(analytics::Sampled {
            samples: 50,
            passed: 48,
            fatal: 2,
            fatal_business: 1,
            fatal_customer: 0,
            fatal_compliance: 1,
        })));
        let capability = analytics::indicators(&app, samples.clone());
        let router = app.start(vec![capability]).await;
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await;
            people.insert(person.username, found.unwrap().unwrap().id);
        }
        let desk = Desk {
            app: (*app).clone(),
            samples,
        };
        Self {
            app,
            desk,
            door: Door(router),
            people,
        }
    }

    pub fn id(&self, username: &str) -> Uuid {
        self.people[username]
    }

    pub fn who(&self, username: &str) -> Principal {
        let mut all = organization::demo::PEOPLE.iter();
        let person = all.find(|person| person.username == username).unwrap();
        let mut principal = testing::principal(&[person.role]);
        principal.user_id = self.people[username];
        principal.username = username.to_owned();
        principal
    }

    pub async fn read(&self, who: &str, path: &str) -> serde_json::Value {
        self.door.get(&self.who(who), path).await
    }

    /// The code of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str) -> String {
        let answer = self.door.ask(&self.who(who), Method::GET, path, None).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        answer.json["code"].as_str().unwrap().to_owned()
    }

    /// Somebody who calls.
    pub async fn requester(&self, number: &str) -> Uuid {
        let (app, number) = ((*self.app).clone(), number.to_owned());
        let made = self.app.db.write(move |tx| async move {
            requesters::find_or_create_by_number(&app, &*tx, &number).await
        });
        made.await.unwrap().id
    }

    /// Writes the rows of a call as telephony, floor and tickets do; answers its id.
    pub async fn call(&self, told: &Call) -> Uuid {
        let id = self.app.ids.next();
        self.write_call(id, told).await;
        id
    }

    /// The same over the rows that are there.
    pub async fn write_call(&self, id: Uuid, told: &Call) {
        let answered = told.answered_after.map(|s| told.at + seconds(s));
        let ended = match (answered, told.ends_after) {
            (Some(answered), Some(talk)) => Some(answered + seconds(talk)),
            (None, Some(waited)) => Some(told.at + seconds(waited)),
            (_, None) => None,
        };
        let agents: Vec<Uuid> = told.agents.iter().map(|name| self.id(name)).collect();
        let outcome = ended.map(|_| told.outcome.to_owned());
        let of_call = call::Model {
            id,
            direction: told.direction.to_owned(),
            hotline: "12333".to_owned(),
            caller: String::new(),
            caller_hash: String::new(),
            requester_id: told.requester,
            queue: told.queue.map(str::to_owned),
            agent_id: agents.last().copied(),
            staff_no: None,
            state: "ended".to_owned(),
            outcome: outcome.clone(),
            ended_by: None,
            arrived_at: told.at - seconds(5),
            queued_at: Some(told.at),
            rung_at: answered.map(|at| at - seconds(told.ring)),
            answered_at: answered,
            ended_at: ended,
            held_ms: told.hold * 1_000,
            trunk: "127.0.0.1:5060".to_owned(),
            sip_call_id: String::new(),
            recording_state: "none".to_owned(),
            recording_path: None,
            recording_ms: None,
            recording_bytes: None,
            recording_sha256: None,
            recording_lost_ms: None,
            events: 1,
            rating: told.rating,
            source: "shoujie".to_owned(),
            source_code: None,
            external_id: None,
        };
        let mut of_work = None;
        if told.queue.is_some() {
            let mut row = floor::work_item::new(
                id,
                floor::MediaKind::Voice,
                told.queue.map(str::to_owned),
                told.at,
            );
            row.accepted_at = answered;
            row.in_time = answered.map(|at| at - told.at <= seconds(15));
            row.agent_id = answered.and(agents.last().copied());
            row.ended_at = ended;
            row.outcome = outcome.clone();
            row.short = told.outcome == "short_abandoned";
            of_work = Some(row);
        }
        let mut of_parts = Vec::new();
        for (number, agent) in agents.iter().enumerate() {
            let Some(began) = answered else { break };
            let wrap_up = told.wrap_ups.get(number).copied();
            let over = ended.zip(wrap_up);
            let row = part::Model {
                id: self.app.ids.next(),
                work_id: id,
                number: i32::try_from(number).unwrap() + 1,
                queue: told.queue.map(str::to_owned),
                agent_id: *agent,
                began_at: began,
                ended_at: ended,
                ended_as: None,
                wrap_up_began_at: over.map(|(ended, _)| ended),
                wrap_up_ended_at: over.map(|(ended, s)| ended + seconds(s)),
                wrap_up_extensions: 0,
                wrap_up_expired: false,
            };
            of_parts.push(row);
        }
        let mut of_record = None;
        if let Some(requester) = told.requester {
            let row = record::Model {
                id,
                medium: "voice".to_owned(),
                channel: "voice".to_owned(),
                direction: told.direction.to_owned(),
                queue: told.queue.map(str::to_owned),
                requester_id: requester,
                agent_id: agents.first().copied(),
                started_at: told.at,
                answered_at: answered,
                ended_at: ended,
                outcome,
                wrap_up_began_at: None,
                wrap_up_ms: None,
                state: "complete".to_owned(),
                request_type: told.request_type.map(str::to_owned),
                matter_code: told.matter.map(str::to_owned),
                result: None,
                summary: String::new(),
                articles: json!([]),
                ticket_id: told.ticket,
                owed_since: None,
                late: false,
                completed_at: ended,
                completed_by: None,
                version: 1,
                source: "shoujie".to_owned(),
            };
            of_record = Some(row);
        }
        let written = self.app.db.write(move |tx| async move {
            call::Entity::delete_by_id(id).exec(&*tx).await?;
            of_call.into_active_model().insert(&*tx).await?;
            work::Entity::delete_by_id(id).exec(&*tx).await?;
            if let Some(row) = of_work {
                row.into_active_model().insert(&*tx).await?;
            }
            part::Entity::delete_many()
                .filter(part::Column::WorkId.eq(id))
                .exec(&*tx)
                .await?;
            for row in of_parts {
                row.into_active_model().insert(&*tx).await?;
            }
            record::Entity::delete_by_id(id).exec(&*tx).await?;
            if let Some(row) = of_record {
                row.into_active_model().insert(&*tx).await?;
            }
            Ok(())
        });
        written.await.unwrap();
    }

    /// Writes a conversation as channels do.
    pub async fn chat(&self, told: &Chat) -> Uuid {
        let id = self.app.ids.next();
        let after = |s: Option<i64>| s.map(|s| told.at + seconds(s));
        let agent = told.agent.map(|name| self.id(name));
        let row = conversation::Model {
            id,
            number: id.to_string(),
            channel: told.channel.to_owned(),
            identity_id: id,
            external_user: String::new(),
            external_group: None,
            requester_id: told.requester,
            nickname: None,
            queue: Some("hotline".to_owned()),
            state: "closed".to_owned(),
            open: false,
            agent_id: agent,
            first_agent_id: agent,
            preferred_agent_id: None,
            work_id: None,
            offered_to: None,
            offered_until: None,
            subject: None,
            last_text: String::new(),
            last_at: told.at,
            last_seq: 0,
            inbound: 1,
            agent_read_seq: 0,
            requester_read_seq: 0,
            unread: 0,
            opened_at: told.at,
            waiting_since: told.at,
            accepted_at: after(told.accepted_after),
            first_response_at: after(told.responded_after),
            ended_at: after(told.ended_after),
            end_reason: told.reason.map(str::to_owned),
            unanswered_since: None,
            window_trigger: None,
            window_ends_at: None,
            window_left: None,
            window_ref: None,
            window_seq: 0,
            wrap_up_ends_at: None,
            wrap_up_extensions: 0,
            satisfaction: told.said.map(str::to_owned),
            satisfaction_words: None,
            rated_at: None,
            ticket_id: told.ticket,
            next_alarm_at: None,
            updated_at: told.at,
            version: 1,
        };
        let written = self.app.db.write(move |tx| async move {
            row.into_active_model().insert(&*tx).await?;
            Ok(())
        });
        written.await.unwrap();
        id
    }

    /// Writes a ticket with its history, as far as figures read it.
    pub async fn ticket(&self, told: &Order) -> Uuid {
        let id = self.app.ids.next();
        self.write_ticket(id, told).await;
        id
    }

    /// The same over the row that is there.
    pub async fn write_ticket(&self, id: Uuid, told: &Order) {
        let owner = self.id(told.owner);
        let rule = json!({ "id": "test", "limit": { "working_days": 2 } });
        let clock = json!({
            "rule": rule, "due_at": told.due_at, "paused_at": null, "used_ms": 0, "runs_since": told.at,
        });
        let life = json!({
            "state": told.state, "first_owner": owner, "owner": owner, "clock": clock, "sign_due_at": null,
            "transfer": null, "asked": null, "replied_by": null, "answered_at": told.answered_at,
            "returns": i32::from(told.returned), "extensions": 0, "reopenings": i32::from(told.reopened),
            "attempts": 0, "urged": 0, "supervised_until": null, "ended_at": null,
        });
        let rules = json!({
            "limit": rule, "sign": rule, "returns": 1, "extensions": 1, "reopenings": 1, "attempts": 3,
            "transfer_minutes": 10, "sign_off": false, "revisit": told.revisit,
        });
        let row = ticket::Model {
            id,
            number: id.to_string(),
            seq: NEXT_TICKET.fetch_add(1, Ordering::Relaxed),
            platform: told.platform.to_owned(),
            state: told.state.to_owned(),
            open: true,
            request_type: Some("consult".to_owned()),
            matter_code: told.matter.map(str::to_owned),
            section: None,
            priority: "normal".to_owned(),
            title: String::new(),
            summary: String::new(),
            incident_address: None,
            form: json!({}),
            resolution: None,
            satisfaction: told.said.map(str::to_owned),
            requester_id: told.requester,
            confidential: false,
            complained_agent_id: None,
            first_owner_id: Some(owner),
            current_owner_id: owner,
            transfer_to: None,
            life,
            rules,
            source_call_id: told.call,
            incident_id: None,
            opened_at: told.at,
            due_at: told.due_at,
            runs_until: None,
            answered_at: told.answered_at,
            reopenings: i32::from(told.reopened),
            next_alarm_at: None,
            next_alarm: None,
            ended_at: None,
            updated_at: told.at,
            version: 1,
        };
        let (closed, line) = (told.closed_at, self.app.ids.next());
        let written = self.app.db.write(move |tx| async move {
            let known = ticket::Entity::find_by_id(id).one(&*tx).await?;
            let row = row.into_active_model();
            if known.is_some() {
                row.reset_all().update(&*tx).await?;
            } else {
                row.insert(&*tx).await?;
            }
            if let Some(at) = closed {
                let sql = "insert into ticket_history (id, ticket_id, version, at, who_id, who_name, action, field, \
                           before_value, after_value, note) values ($1, $2, 2, $3, null, 'test', 'closed', 'state', \
                           'replied', 'closed', null)";
                let values: Vec<sea_orm::Value> = vec![line.into(), id.into(), at.into()];
                let said = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
                tx.execute_raw(said).await?;
            }
            Ok(())
        });
        written.await.unwrap();
    }

    /// Something happened to it: it is heard by whoever keeps facts.
    pub async fn tell(&self, kind: &'static str, subject: Uuid) {
        let app = (*self.app).clone();
        let told = self.app.db.write(move |tx| async move {
            app.events.publish(&tx, kind, subject, json!({})).await
        });
        told.await.unwrap();
        self.app.settle().await;
    }

    /// Makes the facts of all contacts and tickets that are there.
    pub async fn count_all(&self, contacts: &[Uuid], tickets: &[Uuid]) {
        let (contacts, tickets) = (contacts.to_vec(), tickets.to_vec());
        let kept = self.app.db.write(move |tx| async move {
            analytics::facts::keep::contacts(&tx, &contacts).await?;
            analytics::facts::keep::tickets(&tx, &tickets).await
        });
        kept.await.unwrap();
    }

    pub async fn figure(&self, kpi: Kpi, period: Period, cut: &Cut) -> Figure {
        let found = figures(&self.desk, &[kpi], period, cut).await;
        found.unwrap().pop().unwrap()
    }

    /// Above the line, below it, and the value.
    pub async fn says(&self, kpi: Kpi, period: Period) -> (i64, i64, Option<i64>) {
        let figure = self.figure(kpi, period, &Cut::all()).await;
        (figure.numerator, figure.denominator, figure.value)
    }
}

/// A call as a story tells it.
#[derive(Debug, Clone)]
pub struct Call {
    pub at: DateTime<Utc>,
    pub direction: &'static str,
    pub queue: Option<&'static str>,
    /// Seconds from the queue to the answer.
    pub answered_after: Option<i64>,
    /// Seconds of ringing before the answer.
    pub ring: i64,
    /// Seconds from the answer, or without one from the queue, to the end; it still runs without them.
    pub ends_after: Option<i64>,
    pub hold: i64,
    /// Seconds of wrap-up of each agent.
    pub wrap_ups: Vec<i64>,
    pub agents: Vec<&'static str>,
    pub outcome: &'static str,
    pub rating: Option<i32>,
    pub requester: Option<Uuid>,
    pub request_type: Option<&'static str>,
    pub matter: Option<&'static str>,
    pub ticket: Option<Uuid>,
}

impl Call {
    /// One that agent1 answers.
    pub fn answered(at: DateTime<Utc>, after: i64, talk: i64) -> Self {
        Self {
            at,
            direction: "inbound",
            queue: Some("hotline"),
            answered_after: Some(after),
            ring: 4,
            ends_after: Some(talk),
            hold: 0,
            wrap_ups: vec![30],
            agents: vec!["agent1"],
            outcome: "answered",
            rating: None,
            requester: None,
            request_type: None,
            matter: None,
            ticket: None,
        }
    }

    /// One that nobody answers.
    pub fn lost(at: DateTime<Utc>, outcome: &'static str, after: i64) -> Self {
        Self {
            answered_after: None,
            ends_after: Some(after),
            agents: Vec::new(),
            wrap_ups: Vec::new(),
            outcome,
            ..Self::answered(at, 0, 0)
        }
    }

    pub fn about(
        mut self,
        requester: Uuid,
        request_type: &'static str,
        matter: &'static str,
    ) -> Self {
        self.requester = Some(requester);
        self.request_type = Some(request_type);
        self.matter = Some(matter);
        self
    }
}

/// A conversation as a story tells it; times in seconds from its beginning.
#[derive(Debug, Clone)]
pub struct Chat {
    pub at: DateTime<Utc>,
    pub channel: &'static str,
    pub requester: Uuid,
    pub agent: Option<&'static str>,
    pub accepted_after: Option<i64>,
    pub responded_after: Option<i64>,
    pub ended_after: Option<i64>,
    pub reason: Option<&'static str>,
    pub said: Option<&'static str>,
    pub ticket: Option<Uuid>,
}

/// A ticket as a story tells it.
#[derive(Debug, Clone)]
pub struct Order {
    pub at: DateTime<Utc>,
    pub platform: &'static str,
    pub requester: Uuid,
    pub owner: &'static str,
    pub matter: Option<&'static str>,
    pub state: &'static str,
    pub due_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub returned: bool,
    pub reopened: bool,
    pub revisit: bool,
    pub said: Option<&'static str>,
    pub call: Option<Uuid>,
}

impl Order {
    /// One of 12345 that agent1 answers.
    pub fn answered(
        requester: Uuid,
        at: DateTime<Utc>,
        due: DateTime<Utc>,
        answered: DateTime<Utc>,
    ) -> Self {
        Self {
            at,
            platform: "12345",
            requester,
            owner: "agent1",
            matter: Some("101"),
            state: "closed",
            due_at: due,
            answered_at: Some(answered),
            closed_at: Some(answered),
            returned: false,
            reopened: false,
            revisit: false,
            said: None,
            call: None,
        }
    }
}
