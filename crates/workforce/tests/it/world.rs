//! What the stories stand on: the capability over a database of its own, the demo's people, a site that tests set up.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use kernel::{Migration, Principal, Result};
use organization::Organization;
use serde_json::Value;
use testing::{Door, TestApp};
use uuid::Uuid;
use workforce::{Seat, Site, Spell};

pub fn migrations() -> Vec<Migration> {
    [organization::migrations(), workforce::migrations()].concat()
}

/// Six seats, the last vacant; who is on the floor is what the test says.
#[derive(Default)]
pub struct Room {
    seats: Vec<Seat>,
    pub spells: Mutex<Vec<Spell>>,
}

impl Site for Room {
    fn seats(&self, _day: NaiveDate) -> BoxFuture<'_, Result<Vec<Seat>>> {
        Box::pin(async { Ok(self.seats.clone()) })
    }

    fn spells(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Spell>>> {
        let spells = self.spells.lock().unwrap().clone();
        let within =
            move |spell: &Spell| spell.from <= to && spell.until.is_none_or(|until| until >= from);
        Box::pin(async move { Ok(spells.into_iter().filter(within).collect()) })
    }

    fn is_on_floor(&self, user: Uuid) -> bool {
        self.spells
            .lock()
            .unwrap()
            .iter()
            .any(|spell| spell.user_id == user && spell.until.is_none())
    }
}

/// Tells the story on both databases, with the demo's people.
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
    pub room: Arc<Room>,
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
    async fn new(app: TestApp) -> Self {
        let organization = Organization::new(&app).unwrap();
        organization.prepare().await.unwrap();
        organization::demo::seed(&app).await.unwrap();
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await;
            people.insert(person.username, found.unwrap().unwrap().id);
        }
        let agents = ["agent1", "agent2", "agent3", "agent4", "agent5"];
        let mut seats: Vec<Seat> = Vec::new();
        for n in 1..=6 {
            let user_id = agents.get(n - 1).map(|agent| people[agent]);
            seats.push(Seat {
                id: format!("Z{n}"),
                name: format!("{n} 号座席"),
                user_id,
            });
        }
        let room = Arc::new(Room {
            seats,
            spells: Mutex::default(),
        });
        let capability = workforce::capability(&app, room.clone());
        let router = app.start(vec![capability]).await;
        Self {
            door: Door(router),
            app,
            room,
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

    /// The code of a request that must be refused.
    pub async fn refused(&self, who: &str, path: &str, body: Value) -> String {
        let answer = self
            .ask(&self.who(who), Method::POST, path, Some(body))
            .await;
        assert!(
            answer.status.is_client_error(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        answer.json["code"].as_str().unwrap_or_default().to_owned()
    }

    pub async fn put(&self, who: &str, path: &str, body: Value) -> Value {
        let answer = self
            .ask(&self.who(who), Method::PUT, path, Some(body))
            .await;
        assert!(
            answer.status.is_success(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        answer.json
    }

    /// The code of a change that must be refused.
    pub async fn put_refused(&self, who: &str, path: &str, body: Value) -> String {
        let answer = self
            .ask(&self.who(who), Method::PUT, path, Some(body))
            .await;
        assert!(
            answer.status.is_client_error(),
            "{who} {path}: {} {}",
            answer.status,
            answer.json
        );
        answer.json["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether a change was taken; a refusal is fine, a failure is not.
    pub async fn try_put(&self, who: &str, path: &str, body: Value) -> bool {
        let answer = self
            .ask(&self.who(who), Method::PUT, path, Some(body))
            .await;
        assert!(
            !answer.status.is_server_error(),
            "{who} {path}: {}",
            answer.json
        );
        answer.status.is_success()
    }

    /// What is answered as a text.
    pub async fn text(&self, who: &str, path: &str) -> String {
        self.read(who, path).await.as_str().unwrap().to_owned()
    }

    pub async fn status(&self, who: &str, path: &str) -> u16 {
        let answer = self.ask(&self.who(who), Method::GET, path, None).await;
        answer.status.as_u16()
    }

    /// Goes on to this moment.
    pub fn at(&self, moment: &str) {
        let moment: DateTime<Utc> = moment.parse().unwrap();
        let by = moment - self.app.clock.now();
        self.app.clock.advance(by.to_std().unwrap());
    }
}
