//! Agents at desk phones and requesters on the line, for scenarios that need no browser.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Child;

use super::peers::{Account, Baresip};
use super::sipp::SippCall;
use super::sound::{tone_alaw, tone_wav};
use super::{PASSWORD, Person, TestServer};

/// An agent whose desk phone answers by itself.
pub struct DeskAgent {
    pub person: Person,
    pub phone: Baresip,
}

impl TestServer {
    /// Signs an agent in with an answering desk phone and makes him ready.
    pub async fn desk_agent(&self, username: &str) -> DeskAgent {
        let person = self.sign_in(username).await;
        let speech = tone_wav(&self.folder, 1200, 60, 8000);
        let account = Account {
            user: username,
            secret: PASSWORD,
            server: self.running.sip,
            transport: "udp",
            auto_answer: true,
            speech: &speech,
        };
        let phone = Baresip::start(username, &self.folder, &account, None);
        person
            .until("/api/v1/agent-state", Duration::from_secs(10), |state| {
                state["device"]["reachable"] == true
            })
            .await;
        person
            .put("/api/v1/agent-state", json!({"state": "ready"}))
            .await;
        DeskAgent { person, phone }
    }

    /// A requester calls and hangs up `ms` after the line answered.
    pub fn requester(&self, from: &str, ms: u64) -> Child {
        let speech = tone_alaw(&self.folder, 700, 60);
        let call = SippCall {
            to: self.running.sip,
            speech: Some(&speech),
            talk_ms: ms,
            calls: 1,
            per_minute: 60,
            from,
        };
        call.start(&self.folder)
    }
}

impl DeskAgent {
    /// Waits for a state and gives the call in hand.
    pub async fn in_state(&self, state: &str) -> String {
        let now = self
            .person
            .until("/api/v1/agent-state", Duration::from_secs(25), |now| {
                now["state"] == state
            })
            .await;
        now["work_id"].as_str().unwrap_or_default().to_owned()
    }

    /// Writes the call up and ends the wrap-up.
    pub async fn write_up(&self, call: &str, result: &str, summary: &str) -> Value {
        let matters = self.person.get("/api/v1/matters").await;
        let matter = leaf(&matters).expect("a matter to choose");
        let record = json!({"request_type": "consult", "matter": matter, "result": result, "summary": summary});
        let done = self
            .person
            .post(&format!("/api/v1/contact-records/{call}/complete"), record)
            .await;
        let (status, answer) = self
            .person
            .ask(
                Method::POST,
                "/api/v1/agent-state/wrap-up/end",
                Some(json!({})),
            )
            .await;
        assert!(status.is_success(), "wrap-up: {status} {answer}");
        done
    }
}

/// The code of the first matter that has none below it.
fn leaf(matters: &Value) -> Option<String> {
    let rows = matters.get("items").unwrap_or(matters).as_array()?;
    rows.iter()
        .find_map(|row| match row["children"].as_array() {
            Some(children) if !children.is_empty() => leaf(&row["children"]),
            _ => row["code"].as_str().map(str::to_owned),
        })
}

/// Makes an agent the way two administrators do, changes the first password, and gives the person with
/// the secret of his desk phone.
pub async fn new_agent(
    admins: &Admins,
    anonymous: impl Fn() -> Person,
    number: usize,
) -> (Person, String, String) {
    let username = format!("seat{number}");
    let body = json!({
        "username": username, "name": format!("座席{number}"), "staff_no": (900 + number).to_string(), "side": "supplier",
    });
    let user = admins.system.post("/api/v1/users", body).await;
    let id = user["id"].as_str().unwrap();
    let change = json!({"version": user["version"], "roles": ["agent"]});
    admins
        .security
        .must(Method::PATCH, &format!("/api/v1/users/{id}"), Some(change))
        .await;
    let device = admins
        .system
        .post("/api/v1/devices", json!({"user_id": id}))
        .await;
    let person = anonymous();
    let first = user["initial_password"].as_str().unwrap();
    person
        .post(
            "/api/v1/session",
            json!({"username": username, "password": first}),
        )
        .await;
    person
        .put(
            "/api/v1/session/password",
            json!({"current": first, "new": "Guangzhou-12333"}),
        )
        .await;
    let secret = device["secret"].as_str().unwrap().to_owned();
    (person, username, secret)
}

/// The administrators who make people.
pub struct Admins {
    pub system: Person,
    pub security: Person,
}
