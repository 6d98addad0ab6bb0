//! What the stories stand on: the capability over a database of its own, at a moment, and the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::Method;
use chrono::NaiveDate;
use documents::paper::{Document, Fonts, to_pdf};
use futures::future::BoxFuture;
use kernel::Principal;
use kernel::waiting::WaitingKind;
use organization::Organization;
use serde_json::Value;
use settlement::{Concern, Ports, Printer, SignedSheets, SubmissionFacts};
use testing::{Door, Kind, TestApp};
use uuid::Uuid;

pub struct World {
    pub app: TestApp,
    pub facts: Arc<Facts>,
    door: Door,
    waiting: Vec<WaitingKind>,
    people: HashMap<&'static str, Uuid>,
}

/// What is not in order, as the story says.
#[derive(Default)]
pub struct Facts(pub Mutex<Vec<Concern>>);

impl SubmissionFacts for Facts {
    fn concerns(&self, _: NaiveDate, _: NaiveDate) -> BoxFuture<'_, kernel::Result<Vec<Concern>>> {
        let concerns = self.0.lock().unwrap().clone();
        Box::pin(async move { Ok(concerns) })
    }
}

static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::of_machine(None).unwrap());

struct OfMachine;

impl Printer for OfMachine {
    fn pdf(&self, document: &Document) -> kernel::Result<Vec<u8>> {
        to_pdf(document, &FONTS).map_err(kernel::problem::internal)
    }
}

impl Deref for World {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

/// Tells the story on both databases, beginning at `now`.
pub async fn on_both_at(now: &str, story: impl AsyncFn(World)) {
    let migrations = [organization::migrations(), settlement::migrations()].concat();
    for kind in Kind::all() {
        let app = testing::app_at(now, *kind, &migrations, &[]).await;
        let world = Box::pin(World::new(app)).await;
        Box::pin(story(world)).await;
    }
}

impl World {
    async fn new(app: TestApp) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let facts = Arc::new(Facts::default());
        let ports = Ports {
            attendance: Arc::new(SignedSheets((*app).clone())),
            facts: facts.clone(),
            printer: Arc::new(OfMachine),
        };
        let capability = settlement::capability(&app, ports);
        let waiting = capability.waiting.clone();
        let router = app.start(vec![capability]).await;
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await;
            people.insert(person.username, found.unwrap().unwrap().id);
        }
        Self {
            door: Door(router),
            app,
            facts,
            waiting,
            people,
        }
    }

    /// The kinds of what waits.
    pub fn waiting(&self) -> &[WaitingKind] {
        &self.waiting
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

    /// The code of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str, body: Value) -> String {
        let answer = self
            .ask(&self.who(who), Method::POST, path, Some(body))
            .await;
        let (status, json) = (answer.status, answer.json);
        assert!(status.is_client_error(), "{who} {path}: {status} {json}");
        json["code"].as_str().unwrap().to_owned()
    }

    /// A step of something with the version that stands.
    pub async fn step(&self, who: &str, path: &str, verb: &str, mut body: Value) -> Value {
        body["version"] = self.read(who, path).await["version"].clone();
        self.post(who, &format!("{path}/{verb}"), body).await
    }

    /// The code of a step that must be refused.
    pub async fn no(&self, who: &str, path: &str, verb: &str, mut body: Value) -> String {
        body["version"] = self.read("manager", path).await["version"].clone();
        self.refused(who, &format!("{path}/{verb}"), body).await
    }
}
