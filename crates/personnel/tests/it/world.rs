//! What the stories stand on: the capability over a database of its own, and the demo's people.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{Migration, Principal, Result, Tx};
use organization::Organization;
use personnel::{OpenTicket, OpenTickets};
use serde_json::{Value, json};
use testing::{Door, TestApp};
use uuid::Uuid;

pub fn migrations() -> Vec<Migration> {
    [organization::migrations(), personnel::migrations()].concat()
}

/// Nobody has a ticket here; the server's scenarios hand them over.
struct Desk;

impl OpenTickets for Desk {
    fn of_owner(&self, _user: Uuid) -> BoxFuture<'_, Result<Vec<OpenTicket>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn give<'a>(
        &'a self,
        _tx: &'a Tx,
        _who: &'a Who,
        _given: (Uuid, Uuid),
        _reason: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Tells the story on both databases, with the demo's people and the parties; with files where `seeded`.
pub async fn on_both(seeded: bool, story: impl AsyncFn(World)) {
    let story = &story;
    Box::pin(testing::on_both(&migrations(), async |app| {
        let world = Box::pin(World::new(app, seeded)).await;
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

impl World {
    async fn new(app: TestApp, seeded: bool) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        personnel::prepare(&app).await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let router = app
            .start(vec![personnel::capability(&app, Arc::new(Desk))])
            .await;
        if seeded {
            personnel::demo::seed(&app).await.unwrap();
        }
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
            .ask(&self.who(who), axum::http::Method::POST, path, Some(body))
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

    /// The problem of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self
            .ask(&self.who(who), axum::http::Method::POST, path, Some(body))
            .await;
        assert!(
            answer.status.is_client_error(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        (answer.status.as_u16(), answer.json)
    }

    /// The staff file of one of the demo's agents.
    pub async fn file(&self, username: &str) -> Value {
        let all = self.read("hr", "/api/v1/staff?per_page=200").await;
        let id = json!(self.id(username));
        let found = all["items"].as_array().unwrap().iter();
        let found = found.clone().find(|one| one["user"]["id"] == id).unwrap();
        self.read("hr", &path(found)).await
    }

    pub fn pass(&self, days: u64) {
        self.app.clock.advance(Duration::from_secs(days * 86_400));
    }
}

/// Where a staff file is.
pub fn path(staff: &Value) -> String {
    format!("/api/v1/staff/{}", staff["id"].as_str().unwrap())
}
