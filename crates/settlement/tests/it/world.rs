//! What the stories stand on: the capability over a database of its own, at a moment, and the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use axum::http::Method;
use kernel::Principal;
use organization::Organization;
use serde_json::Value;
use settlement::SignedSheets;
use testing::{Door, Kind, TestApp};
use uuid::Uuid;

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
        let sheets = Arc::new(SignedSheets((*app).clone()));
        let router = app.start(vec![settlement::capability(&app, sheets)]).await;
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
