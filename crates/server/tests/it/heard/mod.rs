//! What a requester and an agent really hear, by tones: each person speaks one of his own, and
//! each prompt is one.

mod consoles;
mod line;
mod outside;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Person, TestServer};

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Sets what the line offers.
async fn offers(lead: &Person, settings: &[(&str, Value)]) {
    let line = lead.get("/api/v1/line").await;
    let mut all = line["settings"].clone();
    for (name, value) in settings {
        all[*name] = value.clone();
    }
    let asked = json!({"version": line["version"], "settings": all});
    lead.put("/api/v1/line", asked).await;
}

/// Agrees other rules of a queue; makes the queue where there is none.
async fn queue_rules(lead: &Person, code: &str, rules: &[(&str, Value)]) {
    let queues = lead.get("/api/v1/queues").await;
    let rows = queues["items"].as_array().unwrap();
    let known = rows.iter().find(|row| row["code"] == code);
    let mut all = known.unwrap_or(&rows[0]).clone();
    if known.is_none() {
        all["version"] = Value::Null;
    }
    all.as_object_mut().unwrap().remove("code");
    for (name, value) in rules {
        all[*name] = value.clone();
    }
    lead.put(&format!("/api/v1/queues/{code}"), all).await;
}

/// The newest call from a number, or to it, once `so` is true of it.
async fn call_from(server: &TestServer, number: &str, so: impl Fn(&Value) -> bool) -> Value {
    let lead = server.sign_in("lead").await;
    let newest = |list: &Value| {
        let mut rows = list["items"].as_array()?.iter();
        let of_number = |row: &&Value| {
            let shown = row["caller"].as_str().unwrap_or_default();
            shown.starts_with(&number[..3]) && shown.ends_with(&number[number.len() - 4..])
        };
        rows.find(of_number).cloned()
    };
    let there = |list: &Value| newest(list).is_some_and(|row| so(&row));
    let list = lead
        .until("/api/v1/calls", Duration::from_secs(40), there)
        .await;
    newest(&list).unwrap()
}

fn id_of(call: &Value) -> String {
    call["id"].as_str().unwrap().to_owned()
}

/// What was audited with this action, the newest first.
async fn audited(server: &TestServer, action: &str) -> Vec<Value> {
    let auditor = server.sign_in("auditor").await;
    let trail = auditor.get("/api/v1/audit?per_page=200").await;
    let rows = trail["items"].as_array().unwrap().iter();
    rows.filter(|row| row["action"] == action)
        .cloned()
        .collect()
}

fn times(journal: &[String], kind: &str) -> usize {
    journal.iter().filter(|line| *line == kind).count()
}
