//! What the scenarios stand on: a started server, signed-in people, real phones and a real browser.
#![allow(dead_code, reason = "each scenario uses its part")]

pub mod browser;
pub mod cases;
pub mod chat;
pub mod floor;
pub mod peers;
pub mod platform;
pub mod prompts;
pub mod seats;
pub mod served;
pub mod sipp;
pub mod sound;
pub mod staff;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::{Clock, Config};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use server::{Options, Running};
use testing::{Database, Kind};

pub const PASSWORD: &str = "Shoujie-demo-1";

/// A Monday at 10:00 in Guangzhou: a working day inside the service hours.
pub const OPEN: &str = "2026-11-23T02:00:00Z";

/// When the demo was begun that scenarios at [`OPEN`] find.
const BEFORE: &str = "2026-11-23T01:55:00Z";

pub struct TestServer {
    pub running: Running,
    pub clock: Clock,
    pub folder: PathBuf,
}

impl TestServer {
    /// The whole product with demo data, on random ports, on `SQLite`, at [`OPEN`].
    pub async fn demo() -> Self {
        Self::started_at(OPEN, &[]).await
    }

    /// The same with the clock showing `time` and other settings.
    pub async fn started_at(time: &str, settings: &[(&str, String)]) -> Self {
        let folder = folder();
        if !settings.iter().any(|(name, _)| *name == "database.url") {
            let data = folder.join("data");
            let database = seeded(Kind::Sqlite, time, settings, &data).await;
            std::fs::create_dir_all(&data).unwrap();
            let file = database.url.trim_start_matches("sqlite://");
            std::fs::copy(file, data.join("shoujie.db")).unwrap();
        }
        Self::in_folder(time, folder, settings).await
    }

    /// The same in a folder that may hold something already.
    pub async fn in_folder(time: &str, folder: PathBuf, settings: &[(&str, String)]) -> Self {
        let clock = Clock::starting_at(time.parse::<DateTime<Utc>>().unwrap());
        Self::with_clock(clock, folder, settings).await
    }

    pub async fn with_clock(clock: Clock, folder: PathBuf, settings: &[(&str, String)]) -> Self {
        let mut all = vec![
            ("http.listen", "127.0.0.1:0".to_owned()),
            ("sip.listen", "127.0.0.1:0".to_owned()),
            ("data_dir", folder.join("data").display().to_string()),
            // What a story tells of the two sides begins with nothing.
            ("service.demo_dealings", "false".to_owned()),
            ("service.demo_figures", "false".to_owned()),
        ];
        all.extend(settings.iter().cloned());
        let config = Config::with_overrides_over(server::demo::DEFAULTS, &all).unwrap();
        let options = Options {
            config,
            clock: clock.clone(),
            demo: true,
        };
        let running = server::start(options).await.unwrap();
        Self {
            running,
            clock,
            folder,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.http)
    }

    /// Signs a demo person in.
    pub async fn sign_in(&self, username: &str) -> Person {
        Person::signed_in(&format!("http://{}", self.running.http), username).await
    }

    pub fn anonymous(&self) -> Person {
        Person::at(&format!("http://{}", self.running.http))
    }

    /// Ends a scenario that went well.
    pub async fn stop(self) {
        self.running.stop().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// One person with a session.
#[derive(Clone)]
pub struct Person {
    client: reqwest::Client,
    base: String,
}

impl Person {
    /// Nobody yet, with a cookie jar of his own.
    pub fn at(base: &str) -> Self {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .build()
            .unwrap();
        Self {
            client,
            base: base.to_owned(),
        }
    }

    /// A demo person with a session.
    pub async fn signed_in(base: &str, username: &str) -> Self {
        let person = Self::at(base);
        let body = json!({"username": username, "password": PASSWORD});
        let (status, session) = person
            .ask(Method::POST, "/api/v1/session", Some(body))
            .await;
        assert_eq!(status, StatusCode::OK, "{username}: {session}");
        person
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let response = self.send(method, path, body).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Sends bytes as they are: a file.
    pub async fn send_file(&self, path: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        self.send_form(path, "application/octet-stream", bytes)
            .await
    }

    /// Sends bytes of a kind.
    pub async fn send_form(&self, path: &str, kind: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("content-type", kind);
        let response = request.body(bytes).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// The answer of a request that must succeed.
    pub async fn must(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, value) = self.ask(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {value}");
        value
    }

    pub async fn get(&self, path: &str) -> Value {
        self.must(Method::GET, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.must(Method::PUT, path, Some(body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.must(Method::POST, path, Some(body)).await
    }

    /// Asks again until `done` is true of the answer; panics after `within`.
    pub async fn until(
        &self,
        path: &str,
        within: Duration,
        done: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let tries = within.as_millis() / 50;
        for _ in 0..=tries {
            let (status, json) = self.ask(Method::GET, path, None).await;
            // A record is written a moment after what it tells of.
            let there = status != StatusCode::NOT_FOUND;
            assert!(status.is_success() || !there, "GET {path}: {status} {json}");
            last = json;
            if there && done(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not come true within {within:?}; last: {last}");
    }
}

/// A database for a server with these settings; where they do not change what the demo begins with at [`OPEN`], it
/// has that already, and `data` the files beside it.
pub async fn seeded(kind: Kind, time: &str, settings: &[(&str, String)], data: &Path) -> Database {
    if time != OPEN
        || settings
            .iter()
            .any(|(name, _)| name.starts_with("service."))
    {
        return testing::database(kind, &server::migrations()).await;
    }
    testing::prepared(kind, "demo", data, async |url, data| {
        let settings = [
            ("database.url", url.to_owned()),
            ("data_dir", data.display().to_string()),
        ];
        // What a scenario does is newer than all it finds.
        let begun = TestServer::in_folder(BEFORE, folder(), &settings).await;
        begun.stop().await;
    })
    .await
}

/// A folder of its own for one test, kept for a look when it fails. Its name is short: baresip cuts the
/// names of its recordings off at 128 bytes.
pub fn folder() -> PathBuf {
    let root = std::env::temp_dir().join("shoujie-tests");
    std::fs::create_dir_all(&root).unwrap();
    tempfile::Builder::new()
        .prefix("")
        .tempdir_in(root)
        .unwrap()
        .keep()
}
