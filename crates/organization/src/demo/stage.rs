//! Where a story of the demo is played: its people do what they would have done in the last weeks, each step through the
//! door that people use, at the time it would have been taken.

use std::collections::HashMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::problem::{Result, internal, refused};
use kernel::{App, Clock, Principal, day};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use super::PEOPLE;
use crate::users::store;

/// The largest answer of a door.
const LARGEST: usize = 4 << 20;

/// The doors of a story, as they stand before an app with the clock of the story.
type Doors = Box<dyn Fn(&App) -> Router + Send + Sync>;

/// Who acts, and when.
pub struct Stage {
    app: App,
    /// The time of the product, which the story never moves.
    real: Clock,
    doors: Doors,
    router: Router,
    today: NaiveDate,
    people: HashMap<&'static str, Principal>,
}

impl Stage {
    /// A stage before these doors; the demo's people are there already.
    ///
    /// # Errors
    /// When they are not.
    pub async fn new(
        app: &App,
        doors: impl Fn(&App) -> Router + Send + Sync + 'static,
    ) -> Result<Self> {
        let mut people = HashMap::new();
        for person in PEOPLE {
            let found = store::by_username(app.db.read(), person.username).await?;
            let found = found.ok_or_else(|| internal("the demo's people are not there"))?;
            let principal = Principal {
                user_id: found.id,
                session_id: Uuid::nil(),
                username: person.username.to_owned(),
                name: person.name.to_owned(),
                staff_no: None,
                roles: vec![person.role],
                queues: Vec::new(),
                must_change_password: false,
            };
            people.insert(person.username, principal);
        }
        let mut story = app.clone();
        story.clock = Clock::starting_at(app.clock.now());
        Ok(Self {
            router: doors(&story),
            real: app.clock.clone(),
            today: day::today(app),
            app: story,
            doors: Box::new(doors),
            people,
        })
    }

    /// The services, with the clock of the story.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The day on which the demo is filled.
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    /// So many days before today, or after it.
    pub fn day(&self, ago: i64) -> NaiveDate {
        let days = Days::new(ago.unsigned_abs());
        let found = if ago < 0 {
            self.today.checked_add_days(days)
        } else {
            self.today.checked_sub_days(days)
        };
        found.unwrap_or(self.today)
    }

    /// So many months before today.
    pub fn months(&self, ago: u32) -> NaiveDate {
        self.today
            .checked_sub_months(Months::new(ago))
            .unwrap_or(self.today)
    }

    /// From here on it is this hour of the day so many days ago.
    pub fn at(&mut self, ago: i64, hour: u32, minute: u32) {
        self.on(self.day(ago), hour, minute);
    }

    /// From here on it is this hour of the day.
    pub fn on(&mut self, day: NaiveDate, hour: u32, minute: u32) {
        self.go(moment(day, hour, minute).unwrap_or_else(|| self.real.now()));
    }

    /// From here on it is now.
    pub fn now(&mut self) {
        self.go(self.real.now());
    }

    /// Forward the clock of the story runs on; back in time it is another one, before other doors.
    fn go(&mut self, then: DateTime<Utc>) {
        if let Ok(ahead) = (then - self.app.clock.now()).to_std() {
            self.app.clock.advance(ahead);
        } else {
            self.app.clock = Clock::starting_at(then);
            self.router = (self.doors)(&self.app);
        }
    }

    /// The account of one of the people.
    ///
    /// # Errors
    /// When nobody is called so.
    pub fn id(&self, who: &str) -> Result<Uuid> {
        Ok(self.who(who)?.user_id)
    }

    /// One of the people, as the doors see him.
    ///
    /// # Errors
    /// When nobody is called so.
    pub fn who(&self, who: &str) -> Result<&Principal> {
        let found = self.people.get(who);
        found.ok_or_else(|| internal(format!("nobody of the demo is called {who}")))
    }

    /// What a door answers to one of the people.
    ///
    /// # Errors
    /// `demo_refused` with what the door said.
    pub async fn ask(&self, who: &str, method: Method, path: &str, body: &Value) -> Result<Value> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .map_err(internal)?;
        request.extensions_mut().insert(self.who(who)?.clone());
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .map_err(internal)?;
        let well = answer.status().is_success();
        let bytes = to_bytes(answer.into_body(), LARGEST)
            .await
            .map_err(internal)?;
        if !well {
            let said = String::from_utf8_lossy(&bytes).into_owned();
            return Err(refused("demo_refused", format!("{who} {path}: {said}")));
        }
        serde_json::from_slice(&bytes).map_err(internal)
    }

    /// Looks at something.
    ///
    /// # Errors
    /// As [`Stage::ask`].
    pub async fn looks(&self, who: &str, path: &str) -> Result<Value> {
        self.ask(who, Method::GET, path, &Value::Null).await
    }

    /// Makes something, or does something.
    ///
    /// # Errors
    /// As [`Stage::ask`].
    pub async fn post(&self, who: &str, path: &str, body: Value) -> Result<Value> {
        self.ask(who, Method::POST, path, &body).await
    }

    /// Does something to what was just seen, at its door.
    ///
    /// # Errors
    /// As [`Stage::ask`].
    pub async fn does(
        &self,
        who: &str,
        collection: &str,
        seen: &Value,
        door: &str,
        mut body: Value,
    ) -> Result<Value> {
        body["version"] = seen["version"].clone();
        let id = seen["id"].as_str().unwrap_or_default();
        self.post(who, &format!("/{collection}/{id}/{door}"), body)
            .await
    }

    /// A step of what was just seen.
    ///
    /// # Errors
    /// As [`Stage::ask`].
    pub async fn step(
        &self,
        who: &str,
        collection: &str,
        seen: &Value,
        verb: &str,
    ) -> Result<Value> {
        let body = json!({ "action": verb });
        self.does(who, collection, seen, "steps", body).await
    }
}

/// The moment of an hour of the day in Guangzhou.
pub fn moment(day: NaiveDate, hour: u32, minute: u32) -> Option<DateTime<Utc>> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0)?;
    let local = calendar::SHANGHAI.from_local_datetime(&day.and_time(time));
    local.single().map(|then| then.to_utc())
}
