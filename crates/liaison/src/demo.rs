//! The demo's dealings of the two sides, as they would have gone in the last weeks: every step through the door that
//! people use, at the time it would have been taken. Only `shoujie serve --demo` calls this.

mod dealings;
mod service;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, TimeZone as _, Utc};
use futures::future::BoxFuture;
use kernel::problem::{Result, internal, refused};
use kernel::{App, Clock, Principal};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::letter::store::row as letters;
use crate::{Html, ScriptChange, ScriptChanges};
use kernel::day;

/// The largest answer of a door.
const LARGEST: usize = 4 << 20;

/// The dealings change no answers.
struct NoScripts;

impl ScriptChanges for NoScripts {
    fn latest(&self, _open: Option<bool>, _most: u64) -> BoxFuture<'_, Result<Vec<ScriptChange>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Writes the demo's dealings where there are none; the people come first.
pub async fn seed(app: &App) -> Result<()> {
    if letters::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    let mut people = HashMap::new();
    for person in organization::demo::PEOPLE {
        let found = organization::users::store::by_username(app.db.read(), person.username).await?;
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
    let mut stage = Stage {
        app: app.clone(),
        router: doors(app),
        today: day::today(app),
        people,
    };
    dealings::play(&mut stage).await?;
    service::play(&mut stage).await
}

fn doors(app: &App) -> Router {
    let routes = crate::routes(app, Arc::new(NoScripts), Arc::new(Html));
    Router::from(routes)
}

/// Where the dealings are played: who acts, and when.
struct Stage {
    app: App,
    router: Router,
    today: NaiveDate,
    people: HashMap<&'static str, Principal>,
}

impl Stage {
    /// So many days before today, or after it.
    fn day(&self, ago: i64) -> NaiveDate {
        let days = Days::new(ago.unsigned_abs());
        let found = if ago < 0 {
            self.today.checked_add_days(days)
        } else {
            self.today.checked_sub_days(days)
        };
        found.unwrap_or(self.today)
    }

    /// So many months before today.
    fn months(&self, ago: u32) -> NaiveDate {
        self.today
            .checked_sub_months(Months::new(ago))
            .unwrap_or(self.today)
    }

    /// From here on it is this hour of the day so many days ago.
    fn at(&mut self, ago: i64, hour: u32, minute: u32) {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let local = calendar::SHANGHAI.from_local_datetime(&self.day(ago).and_time(time));
        let then: Option<DateTime<Utc>> = local.single().map(|then| then.to_utc());
        let now = self.app.clock.now();
        self.app.clock = Clock::starting_at(then.unwrap_or(now));
        self.router = doors(&self.app);
    }

    /// From here on it is now.
    fn now(&mut self, clock: &Clock) {
        self.app.clock = clock.clone();
        self.router = doors(&self.app);
    }

    fn id(&self, who: &str) -> Result<Uuid> {
        Ok(self.who(who)?.user_id)
    }

    fn who(&self, who: &str) -> Result<&Principal> {
        let found = self.people.get(who);
        found.ok_or_else(|| internal(format!("nobody of the demo is called {who}")))
    }

    async fn ask(&self, who: &str, method: Method, path: &str, body: &Value) -> Result<Value> {
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

    async fn post(&self, who: &str, path: &str, body: Value) -> Result<Value> {
        self.ask(who, Method::POST, path, &body).await
    }

    /// Does something to what was just seen, at its door.
    async fn does(
        &self,
        who: &str,
        collection: &str,
        seen: &Value,
        door: &str,
        mut body: Value,
    ) -> Result<Value> {
        body["version"] = seen["version"].clone();
        let path = format!("/{collection}/{}/{door}", text(&seen["id"]));
        self.post(who, &path, body).await
    }

    /// A step of what was just seen.
    async fn step(&self, who: &str, collection: &str, seen: &Value, verb: &str) -> Result<Value> {
        let body = json!({ "action": verb });
        self.does(who, collection, seen, "steps", body).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Of a list the row whose field says so.
fn of<'a>(list: &'a Value, field: &str, says: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    let rows = list["items"].as_array();
    let found = rows.and_then(|rows| rows.iter().find(|row| row[field] == says));
    found.unwrap_or(&NOTHING)
}
