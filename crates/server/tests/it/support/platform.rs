//! Platforms that people write by: stand-ins that check what the real ones check.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testing::platforms::Callback;

use super::{Person, TestServer};

/// The version of a channel; null before it is there.
pub async fn version_of(manager: &Person, code: &str) -> Value {
    let channels = manager.get("/api/v1/channels").await;
    let mut rows = channels["items"].as_array().unwrap().iter();
    let row = rows.find(|row| row["code"] == code);
    row.map_or(Value::Null, |row| row["version"].clone())
}

impl TestServer {
    /// Makes a channel whose platform is a stand-in on this machine, or points the demo's channel to it.
    pub async fn channel(
        &self,
        code: &str,
        kind: &str,
        settings: Vec<(&str, String)>,
        secrets: Vec<(&str, String)>,
    ) {
        let manager = self.sign_in("manager").await;
        let version = version_of(&manager, code).await;
        let map = |pairs: Vec<(&str, String)>| -> Value {
            let pairs = pairs.into_iter();
            Value::Object(
                pairs
                    .map(|(name, value)| (name.to_owned(), json!(value)))
                    .collect(),
            )
        };
        let channel = json!({"version": version, "name": code, "kind": kind, "queue": "hotline", "enabled": true,
            "settings": map(settings), "secrets": map(secrets), "allow_private": true});
        manager
            .put(&format!("/api/v1/channels/{code}"), channel)
            .await;
    }

    /// The platform calls our address.
    pub async fn told(&self, code: &str, callback: &Callback) -> (StatusCode, String) {
        let answer = self.tells(code, callback).await;
        (answer.status(), answer.text().await.unwrap())
    }

    async fn tells(&self, code: &str, callback: &Callback) -> Response {
        let address = self.url(&format!("/api/v1/channel-inbox/{code}?{}", callback.query));
        let client = reqwest::Client::new();
        let mut request = client.request(callback.method.clone(), address);
        for (name, value) in &callback.headers {
            request = request.header(*name, value);
        }
        request.body(callback.body.clone()).send().await.unwrap()
    }
}
