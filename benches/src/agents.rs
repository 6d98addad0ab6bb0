//! People at work, over the API: administrators make agents, agents sign in and are ready.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use telephony::phone::{self, PhoneHandle, PhonePlan};
use telephony::test_line::Speech;

use crate::server::Server;

/// Password of the demo people.
pub const DEMO: &str = "Shoujie-demo-1";
/// Password the new agents choose.
const CHOSEN: &str = "Guangzhou-12333";

/// Somebody with a session.
#[derive(Clone)]
pub struct Person {
    client: Client,
    base: String,
}

impl Person {
    /// How many calls his list holds that came since then, by more of its filters: `outcome=answered`. The demo's own
    /// calls are older.
    pub async fn calls_since(&self, since: DateTime<Utc>, filter: &str) -> Result<u64> {
        let from = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let path = format!("/api/v1/calls?per_page=1&from={from}&{filter}");
        let page = self.ask(Method::GET, &path, None).await?;
        page["total"].as_u64().context("a total")
    }

    /// Signs in.
    pub async fn signed_in(server: &Server, username: &str, password: &str) -> Result<Self> {
        let client = Client::builder().cookie_store(true).build()?;
        let person = Self {
            client,
            base: server.http.clone(),
        };
        let body = json!({ "username": username, "password": password });
        person
            .ask(Method::POST, "/api/v1/session", Some(body))
            .await?;
        Ok(person)
    }

    /// The stream of what his screens are told.
    pub async fn screen(&self) -> Result<reqwest::Response> {
        let stream = self.client.get(format!("{}/api/v1/events", self.base));
        Ok(stream.send().await?.error_for_status()?)
    }

    /// Asks and reads the answer; what he may not see is an answer too.
    pub async fn try_ask(&self, path: &str) -> Result<()> {
        let response = self
            .client
            .get(format!("{}{path}", self.base))
            .send()
            .await?;
        if response.status().is_server_error() {
            bail!("GET {path}: {}", response.status());
        }
        response.bytes().await?;
        Ok(())
    }

    /// The answer of a request that must succeed.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("{method} {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// One of the demo's agents.
pub async fn agent(server: &Server, number: usize) -> Result<Person> {
    Person::signed_in(server, &format!("agent{number}"), DEMO).await
}

/// The administrators who make people.
#[derive(Clone)]
pub struct Admins {
    system: Person,
    security: Person,
}

impl Admins {
    /// The demo's.
    pub async fn signed_in(server: &Server) -> Result<Self> {
        let system = Person::signed_in(server, "sysadmin", DEMO).await?;
        let security = Person::signed_in(server, "secadmin", DEMO).await?;
        Ok(Self { system, security })
    }
}

/// The demo's shift lead.
pub async fn lead(server: &Server) -> Result<Person> {
    Person::signed_in(server, "lead", DEMO).await
}

/// An agent without a phone yet.
pub struct Desk {
    /// His session.
    pub person: Person,
    /// His username, which is also his phone's.
    pub username: String,
    /// The secret of his phone.
    pub secret: String,
}

impl Desk {
    /// Makes an agent with a device, and signs him in.
    pub async fn hire(server: &Server, admins: &Admins, number: usize) -> Result<Self> {
        let username = format!("seat{number}");
        let creation = json!({
            "username": username,
            "name": format!("座席{number}"),
            "staff_no": (1000 + number).to_string(),
            "side": "supplier",
        });
        let user = admins
            .system
            .ask(Method::POST, "/api/v1/users", Some(creation))
            .await?;
        let id = text(&user, "id")?;
        let roles = json!({ "version": user["version"], "roles": ["agent"] });
        let path = format!("/api/v1/users/{id}");
        admins
            .security
            .ask(Method::PATCH, &path, Some(roles))
            .await?;
        let device = json!({ "user_id": id, "label": "bench" });
        let device = admins
            .system
            .ask(Method::POST, "/api/v1/devices", Some(device))
            .await?;

        let first = text(&user, "initial_password")?;
        let person = Person::signed_in(server, &username, first).await?;
        let change = json!({ "current": first, "new": CHOSEN });
        person
            .ask(Method::PUT, "/api/v1/session/password", Some(change))
            .await?;
        Ok(Self {
            person,
            username,
            secret: text(&device, "secret")?.to_owned(),
        })
    }

    /// Makes him ready once his phone is known.
    pub async fn ready(&self) -> Result<()> {
        let person = &self.person;
        for _ in 0..100 {
            let state = person.ask(Method::GET, "/api/v1/agent-state", None).await?;
            if state["device"]["reachable"] == true {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let ready = json!({ "state": "ready" });
        person
            .ask(Method::PUT, "/api/v1/agent-state", Some(ready))
            .await?;
        Ok(())
    }
}

/// An agent at his phone.
pub struct Agent {
    /// His session.
    pub person: Person,
    /// His phone, which answers at once and says a tone of 1200 Hz.
    pub phone: PhoneHandle,
}

impl Agent {
    /// Makes an agent, signs him in, registers his phone and makes him ready.
    pub async fn hire(server: &Server, admins: &Admins, number: usize) -> Result<Self> {
        let desk = Desk::hire(server, admins, number).await?;
        let mut plan = PhonePlan::new(desk.username.clone(), desk.secret.clone(), server.sip);
        plan.speech = Speech::tone(1200);
        let phone = phone::start(plan).await?;
        desk.ready().await?;
        Ok(Self {
            person: desk.person,
            phone,
        })
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field]
        .as_str()
        .with_context(|| format!("`{field}` in {value}"))
}
