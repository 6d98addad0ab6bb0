//! What the stories stand on: the capability over a database of its own, contacts as the story says, the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{Principal, Result, Tx};
use organization::Organization;
use quality::corrective::CorrectiveSource;
use quality::recording::{Meter, Signals};
use quality::sampling::WorkKind;
use quality::{Coaching, Contact, Contacts, CorrectiveOrigin, NewCoaching, Ports, Spoken};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use testing::{Door, Kind, TestApp};
use uuid::Uuid;

pub struct World {
    pub app: TestApp,
    pub house: Arc<House>,
    door: Door,
    people: HashMap<&'static str, Uuid>,
}

/// The contacts, complaints and coachings of the story.
#[derive(Default)]
pub struct House {
    pub contacts: Mutex<Vec<Contact>>,
    pub complaint: Mutex<Option<CorrectiveOrigin>>,
    pub coachings: Mutex<Vec<NewCoaching>>,
}

impl Contacts for House {
    fn between(
        &self,
        kind: WorkKind,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        _again_within: Option<TimeDelta>,
    ) -> BoxFuture<'_, Result<Vec<Contact>>> {
        let mut found = self.contacts.lock().unwrap().clone();
        found.retain(|one| {
            one.kind == kind && one.ended_at.is_some_and(|at| (from..until).contains(&at))
        });
        Box::pin(async move { Ok(found) })
    }

    fn one(&self, kind: WorkKind, id: Uuid) -> BoxFuture<'_, Result<Option<Contact>>> {
        let contacts = self.contacts.lock().unwrap();
        let found = contacts.iter().find(|one| one.kind == kind && one.id == id);
        let found = found.cloned();
        Box::pin(async move { Ok(found) })
    }

    fn measure(&self, _call: Uuid) -> BoxFuture<'_, Result<Option<Signals>>> {
        let mut meter = Meter::default();
        for at in 0..80_000 {
            meter.hear(if at < 8_000 { 4_000 } else { 0 }, 0);
        }
        let signals = meter.finish();
        Box::pin(async move { Ok(Some(signals)) })
    }

    fn spoken(&self, _call: Uuid, _most: usize) -> BoxFuture<'_, Result<Spoken>> {
        Box::pin(async { Ok(Spoken::NoRecording) })
    }

    fn origin(
        &self,
        _source: CorrectiveSource,
        _id: Uuid,
    ) -> BoxFuture<'_, Result<Option<CorrectiveOrigin>>> {
        let found = self.complaint.lock().unwrap().clone();
        Box::pin(async move { Ok(found) })
    }
}

impl Coaching for House {
    fn plan<'a>(
        &'a self,
        _tx: &'a Tx,
        _who: &'a Who,
        wanted: NewCoaching,
    ) -> BoxFuture<'a, Result<Uuid>> {
        self.coachings.lock().unwrap().push(wanted);
        Box::pin(async { Ok(Uuid::from_u128(77)) })
    }
}

impl Deref for World {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

/// Tells the story on both databases, on Friday, 27 November 2026, at ten in the morning.
pub async fn on_both(story: impl AsyncFn(World)) {
    let migrations = [organization::migrations(), quality::migrations()].concat();
    for kind in Kind::all() {
        let app = testing::app_at("2026-11-27T02:00:00Z", *kind, &migrations, &[]).await;
        let world = Box::pin(World::new(app)).await;
        Box::pin(story(world)).await;
    }
}

impl World {
    async fn new(app: TestApp) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        quality::prepare(&app).await.unwrap();
        quality::prepare(&app).await.unwrap();
        let house = Arc::new(House::default());
        let ports = Ports {
            contacts: house.clone(),
            coaching: house.clone(),
            transcripts: None,
        };
        let router = app.start(vec![quality::capability(&app, ports)]).await;
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await;
            people.insert(person.username, found.unwrap().unwrap().id);
        }
        Self {
            door: Door(router),
            app,
            house,
            people,
        }
    }

    pub fn id(&self, username: &str) -> Uuid {
        self.people[username]
    }

    /// One of the demo's people.
    pub fn who(&self, username: &str) -> Principal {
        let mut all = organization::demo::PEOPLE.iter();
        let person = all.find(|person| person.username == username).unwrap();
        let mut principal = testing::principal(&[person.role]);
        principal.user_id = self.people[username];
        principal.username = username.to_owned();
        principal
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Value {
        let answer = self
            .ask(&self.who(who), Method::POST, path, Some(body))
            .await;
        let (status, json) = (answer.status, answer.json);
        assert!(status.is_success(), "{who} {path}: {status} {json}");
        json
    }

    pub async fn read(&self, who: &str, path: &str) -> Value {
        self.get(&self.who(who), path).await
    }

    /// What a look shows once it is so: timers and daily jobs come a moment after their time.
    pub async fn until(&self, who: &str, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..500 {
            let seen = self.read(who, path).await;
            if is_so(&seen) {
                return seen;
            }
            pause().await;
        }
        panic!("{path} never came true");
    }

    /// Whether this person was named in an event of this kind.
    pub async fn told(&self, kind: &str, who: &str) -> bool {
        let asked = Statement::from_sql_and_values(
            self.app.db.backend(),
            "select payload from events where kind = $1",
            [kind.into()],
        );
        let rows = self.app.db.read().query_all_raw(asked).await.unwrap();
        let person = json!(self.id(who));
        rows.iter().any(|row| {
            let payload: Value = row.try_get("", "payload").unwrap();
            payload["recipients"].as_array().unwrap().contains(&person)
        })
    }

    /// The status of a look.
    pub async fn looks(&self, who: &str, path: &str) -> u16 {
        let answer = self.ask(&self.who(who), Method::GET, path, None).await;
        answer.status.as_u16()
    }

    /// The code of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str, body: Value) -> String {
        let answer = self
            .ask(&self.who(who), Method::POST, path, Some(body))
            .await;
        let (status, json) = (answer.status, answer.json);
        assert!(status.is_client_error(), "{who} {path}: {status} {json}");
        json["code"].as_str().unwrap().to_owned()
    }

    /// A step of something that was just seen, with its version.
    pub async fn step(&self, who: &str, path: &str, seen: &Value, mut body: Value) -> Value {
        body["version"] = seen["version"].clone();
        let path = format!("{path}/{}", seen["id"].as_str().unwrap());
        let (path, verb) = split(&path, &mut body);
        self.post(who, &format!("{path}/{verb}"), body).await
    }

    /// The code of a step that must be refused.
    pub async fn no(&self, who: &str, path: &str, seen: &Value, mut body: Value) -> String {
        body["version"] = seen["version"].clone();
        let path = format!("{path}/{}", seen["id"].as_str().unwrap());
        let (path, verb) = split(&path, &mut body);
        self.refused(who, &format!("{path}/{verb}"), body).await
    }

    /// Contacts of an agent, an hour apart, the last of them an hour ago.
    pub fn contacts(&self, agent: &str, many: u32) -> Vec<Contact> {
        let now = self.app.clock.now();
        let one = |n: u32| {
            let ended_at = now - TimeDelta::hours(i64::from(n) + 1);
            Contact {
                kind: WorkKind::Call,
                id: self.app.ids.next(),
                label: format!("*{n:04}"),
                channel: "phone".to_owned(),
                queue: Some("general".to_owned()),
                agent: self.id(agent),
                complained: None,
                has_complaint: false,
                began_at: ended_at - TimeDelta::minutes(5),
                ended_at: Some(ended_at),
                duration_ms: Some(300_000),
                outcome: Some("answered".to_owned()),
                satisfaction: None,
                dissatisfied: false,
                again_after_minutes: None,
                recorded: true,
            }
        };
        let made: Vec<Contact> = (0..many).map(one).collect();
        self.house.contacts.lock().unwrap().extend(made.clone());
        made
    }

    /// One contact of an agent, drawn by hand.
    pub async fn sampled(&self, agent: &str) -> Value {
        let contact = self.contacts(agent, 1).remove(0);
        let picked = json!({"kind": "call", "contact_id": contact.id, "reason": "抽查"});
        self.post("quality", "/api/v1/evaluations", picked).await
    }

    /// Full marks by the card that ships, less so many points of 业务准确性.
    pub async fn marks(&self, less: u16) -> Value {
        let cards = self.read("quality", "/api/v1/score-cards").await;
        let path = format!(
            "/api/v1/score-cards/{}",
            cards["items"][0]["id"].as_str().unwrap()
        );
        let card = self.read("quality", &path).await;
        let version = &card["versions"][0];
        let items = version["body"]["items"].as_array().unwrap().iter().map(|item| {
            let points = item["weight"].as_u64().unwrap() * 10;
            let less = if item["code"] == "accuracy" { u64::from(less) * 10 } else { 0 };
            let comment = if less > 0 { "答复不完整" } else { "" };
            let evidence = if less > 0 { json!([{"at_ms": 12_345}]) } else { json!([]) };
            json!({"code": item["code"], "tenths": points - less, "comment": comment, "evidence": evidence})
        });
        let items: Vec<Value> = items.collect();
        json!({"card_version_id": version["id"], "marks": {"items": items}})
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

/// The verb stands in the body as `do`.
fn split(path: &str, body: &mut Value) -> (String, String) {
    let verb = body.as_object_mut().unwrap().remove("do").unwrap();
    (path.to_owned(), verb.as_str().unwrap().to_owned())
}

/// What is done, with more beside.
pub fn does(verb: &str, mut more: Value) -> Value {
    more["do"] = json!(verb);
    more
}
