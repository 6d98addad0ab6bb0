//! Visitors of the website, and agents at their conversations.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{Person, TestServer};

/// A browser on the purchaser's website.
#[derive(Clone)]
pub struct Visitor {
    pub client: reqwest::Client,
    pub base: String,
    pub token: String,
}

impl Visitor {
    pub fn at(base: &str) -> Self {
        Self {
            client: reqwest::Client::new(),
            base: base.to_owned(),
            token: String::new(),
        }
    }

    /// The privacy notice agreed to as it stands.
    pub async fn consent(&self) -> Value {
        let (_, config) = self.ask(Method::GET, "/api/v1/chat/config", None).await;
        config["notice"]["version"].clone()
    }

    /// Begins a visit with first words.
    pub async fn begins(&mut self, text: &str) -> Value {
        let new = json!({"channel": "web", "consent": self.consent().await, "text": text});
        self.begins_with(new).await
    }

    pub async fn begins_with(&mut self, new: Value) -> Value {
        let (status, visit) = self
            .ask(Method::POST, "/api/v1/chat/sessions", Some(new))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{visit}");
        self.token = visit["token"].as_str().unwrap().to_owned();
        visit["conversation"].clone()
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask(Method::GET, path, None).await;
        assert!(status.is_success(), "{path}: {status} {value}");
        value
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {value}");
        value
    }

    pub async fn says(&self, client_id: &str, text: &str) -> Value {
        let said = json!({"client_id": client_id, "text": text});
        self.post("/api/v1/chat/messages", said).await
    }

    /// What was said, as the visitor sees it: who and what.
    pub async fn talk(&self) -> Vec<(String, String)> {
        let page = self.get("/api/v1/chat/messages").await;
        let items = page["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        items
            .map(|message| (text(&message["from"]), text(&message["text"])))
            .collect()
    }

    pub async fn until(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..200 {
            last = self.get(path).await;
            if done(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not come true; last: {last}");
    }

    /// The stream of what happens.
    pub async fn stream(&self, after: &str) -> Response {
        let path = format!(
            "{}/api/v1/chat/events?token={}&after={after}",
            self.base, self.token
        );
        let stream = self.client.get(path).send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        stream
    }
}

impl TestServer {
    pub fn visitor(&self) -> Visitor {
        Visitor::at(&self.url(""))
    }
}

impl Person {
    /// Waits for a conversation that rings at him, takes it and gives it.
    pub async fn takes_conversation(&self) -> Value {
        let offered = self
            .until(
                "/api/v1/conversations?mine=true&state=waiting",
                Duration::from_secs(10),
                |list| {
                    list["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|row| row["offered_to_me"] == true)
                },
            )
            .await;
        let rows = offered["items"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["offered_to_me"] == true)
            .unwrap();
        let path = format!("/api/v1/conversations/{}", row["id"].as_str().unwrap());
        let taken = self.post(&format!("{path}/accept"), json!({})).await;
        assert_eq!(taken["state"], "active", "{taken}");
        taken
    }

    pub async fn answers(&self, conversation: &Value, client_id: &str, text: &str) -> Value {
        let path = format!(
            "/api/v1/conversations/{}/messages",
            conversation["id"].as_str().unwrap()
        );
        self.post(&path, json!({"client_id": client_id, "text": text}))
            .await
    }

    /// Ends a conversation, writes it up and closes it.
    pub async fn closes_conversation(&self, conversation: &Value, record: Value) -> Value {
        let id = conversation["id"].as_str().unwrap();
        let path = format!("/api/v1/conversations/{id}");
        self.post(&format!("{path}/end"), json!({})).await;
        let written = self
            .post(&format!("/api/v1/contact-records/{id}/complete"), record)
            .await;
        let closed = self.post(&format!("{path}/close"), json!({})).await;
        assert_eq!(closed["state"], "closed", "{closed}");
        written
    }
}
