//! Scenarios without telephones: on both databases, with tickets opened by hand and screens that listen.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use testing::Kind;

use super::{OPEN, Person, TestServer};

/// Tells the story on both databases, with the whole product and its demo people; ends the server itself.
pub async fn on_both(story: impl AsyncFn(&TestServer)) {
    on_both_at(OPEN, &[], story).await;
}

/// The same with the clock showing `time` and other settings.
pub async fn on_both_at(time: &str, more: &[(&str, String)], story: impl AsyncFn(&TestServer)) {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        let folder = super::folder();
        let database = super::seeded(*kind, time, more, &folder.join("data")).await;
        let mut settings = vec![
            ("database.url", database.url.clone()),
            // The clock is moved by hours and days; nobody signs in anew for it, or needs another password.
            ("sign_in.idle_minutes", "100000".to_owned()),
            ("sign_in.session_hours", "2000".to_owned()),
            ("sign_in.password_max_age_days", "0".to_owned()),
        ];
        settings.extend(more.iter().cloned());
        let server = TestServer::in_folder(time, folder, &settings).await;
        story(&server).await;
        server.stop().await;
    }
}

/// A screen that is told what happens.
pub struct Screen {
    events: Response,
    text: String,
}

impl Screen {
    /// It was told this by now.
    pub fn has_heard(&self, part: &str) -> bool {
        self.text.contains(part)
    }

    /// Waits until everything of `parts` was told; panics after two seconds.
    pub async fn hears(&mut self, parts: &[&str]) {
        let heard = tokio::time::timeout(Duration::from_secs(2), async {
            while !parts.iter().all(|part| self.text.contains(part)) {
                let chunk = self
                    .events
                    .chunk()
                    .await
                    .unwrap()
                    .expect("the stream goes on");
                self.text.push_str(&String::from_utf8_lossy(&chunk));
            }
        });
        let heard = heard.await;
        assert!(heard.is_ok(), "not told {parts:?}: {}", self.text);
    }
}

impl Person {
    /// Opens the console.
    pub async fn screen(&self) -> Screen {
        let events = self.send(Method::GET, "/api/v1/events", None).await;
        assert!(events.status().is_success());
        Screen {
            events,
            text: String::new(),
        }
    }

    /// The code and the field of a request that must be refused.
    pub async fn refused(&self, method: Method, path: &str, body: Value) -> (StatusCode, String) {
        let (status, problem) = self.ask(method, path, Some(body)).await;
        assert!(status.is_client_error(), "{path}: {status} {problem}");
        (
            status,
            problem["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// Opens a ticket without a call.
    pub async fn opens(&self, request_type: &str, matter: &str, summary: &str) -> Value {
        let new = json!({"request_type": request_type, "matter": matter, "summary": summary,
            "phone": "13900000077", "anyway": true});
        self.post("/api/v1/tickets", new).await
    }

    /// Does `verb` at a door of the ticket, with the version that stands now.
    pub async fn does(&self, ticket: &Value, door: &str, mut verb: Value) -> Value {
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        verb["version"] = self.get(&path).await["version"].clone();
        self.post(&format!("{path}/{door}"), verb).await
    }

    /// Who he is.
    pub async fn own_id(&self) -> Value {
        let session = self.get("/api/v1/session").await;
        let user = session.get("user").unwrap_or(&session);
        let id = user.get("id").or_else(|| user.get("user_id"));
        id.expect("a session names its user").clone()
    }
}

/// The path of what was made.
pub fn path(collection: &str, made: &Value) -> String {
    let id = made["id"].as_str();
    let id = id.unwrap_or_else(|| panic!("nothing was made: {made}"));
    format!("/api/v1/{collection}/{id}")
}

/// The actions of a time line.
pub fn actions(case: &Value) -> Vec<&str> {
    let lines = case["lines"].as_array().unwrap().iter();
    lines.map(|line| line["action"].as_str().unwrap()).collect()
}
