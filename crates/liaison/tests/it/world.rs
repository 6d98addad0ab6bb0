//! What the stories stand on: the capability over a database of its own, and the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use axum::http::Method;
use futures::future::BoxFuture;
use kernel::{Migration, Principal, Result};
use liaison::{Html, ScriptChange, ScriptChanges};
use organization::Organization;
use serde_json::{Value, json};
use testing::{Door, TestApp};
use uuid::Uuid;

pub fn migrations() -> Vec<Migration> {
    [organization::migrations(), liaison::migrations()].concat()
}

/// No answer is changed here; the server's scenarios show them beside the others.
struct Scripts;

impl ScriptChanges for Scripts {
    fn latest(&self, _open: Option<bool>, _most: u64) -> BoxFuture<'_, Result<Vec<ScriptChange>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Tells the story on both databases, with the demo's people and the parties.
pub async fn on_both(story: impl AsyncFn(World)) {
    let story = &story;
    Box::pin(testing::on_both(&migrations(), async |app| {
        let world = Box::pin(World::new(app)).await;
        Box::pin(story(world)).await;
    }))
    .await;
}

pub struct World {
    pub app: TestApp,
    door: Door,
    people: HashMap<&'static str, Uuid>,
}

impl Deref for World {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

/// The demo's people with the demo's dealings, on both databases; the clocks begin after that.
pub async fn on_both_with_dealings(story: impl AsyncFn(World)) {
    let story = &story;
    Box::pin(testing::on_both(&migrations(), async |app| {
        people(&app).await;
        liaison::demo::seed(&app).await.unwrap();
        let world = Box::pin(World::new(app)).await;
        Box::pin(story(world)).await;
    }))
    .await;
}

async fn people(app: &TestApp) {
    let organization = Organization::new(app).unwrap();
    organization.prepare().await.unwrap();
    organization::demo::seed(app).await.unwrap();
}

impl World {
    async fn new(app: TestApp) -> Self {
        people(&app).await;
        let capability = liaison::capability(&app, Arc::new(Scripts), Arc::new(Html));
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
            people,
        }
    }

    pub fn id(&self, username: &str) -> Uuid {
        self.people[username]
    }

    /// One of the demo's people.
    pub fn who(&self, username: &str) -> Principal {
        let person = organization::demo::PEOPLE
            .iter()
            .find(|person| person.username == username)
            .unwrap();
        let mut principal = testing::principal(&[person.role]);
        principal.user_id = self.people[username];
        principal.username = username.to_owned();
        principal
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Value {
        let answer = self
            .ask(&self.who(who), Method::POST, path, Some(body))
            .await;
        assert!(
            answer.status.is_success(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        answer.json
    }

    pub async fn read(&self, who: &str, path: &str) -> Value {
        self.get(&self.who(who), path).await
    }

    /// The status and the problem of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self
            .ask(&self.who(who), Method::POST, path, Some(body))
            .await;
        assert!(
            answer.status.is_client_error(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        (answer.status.as_u16(), answer.json)
    }

    /// A step of something, with the version that was just seen.
    pub async fn step(&self, who: &str, made: &Value, collection: &str, mut verb: Value) -> Value {
        verb["version"] = made["version"].clone();
        let path = format!("{}/steps", path(collection, made));
        self.post(who, &path, verb).await
    }

    /// A letter of the supplier's that is checked and waits for its signature.
    pub async fn checked_letter(&self, title: &str) -> Value {
        let new = json!({"title": title, "body": ["正文"]});
        let letter = self.post("liaison", "/api/v1/letters", new).await;
        let letter = self
            .step("liaison", &letter, "letters", json!({"action": "submit"}))
            .await;
        self.step("hr", &letter, "letters", json!({"action": "review"}))
            .await
    }
}

/// Where something is.
pub fn path(collection: &str, made: &Value) -> String {
    format!("/api/v1/{collection}/{}", made["id"].as_str().unwrap())
}
