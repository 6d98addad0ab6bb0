//! The product does the same on `PostgreSQL` as on `SQLite`.

use std::time::Duration;

use serde_json::{Value, json};
use testing::Kind;

use crate::support::sipp::finished;
use crate::support::{OPEN, TestServer};

/// What differs from run to run: ids, times, and what is measured in milliseconds.
const OF_THE_RUN: [&str; 9] = [
    "bytes", "hash", "id", "ms", "_s", "sha256", "number", "offset", "next",
];

fn is_of_the_run(name: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let is_id = text.len() == 36 && text.matches('-').count() == 4;
    let is_time = text.parse::<chrono::DateTime<chrono::Utc>>().is_ok();
    is_id || is_time || OF_THE_RUN.iter().any(|ending| name.ends_with(ending))
}

/// The same answer without what differs from run to run; that it is there still counts.
fn settled(name: &str, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => items.iter().map(|item| settled(name, item)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), settled(name, value)))
            .collect(),
        value if is_of_the_run(name, value) => json!("…"),
        value => value.clone(),
    }
}

/// A call that is answered and written up, one that nobody takes, and what every page shows afterwards.
async fn story(kind: Kind) -> Vec<(&'static str, Value)> {
    let database = testing::database(kind, &server::migrations()).await;
    let settings = [("database.url", database.url.clone())];
    let server = TestServer::started_at(OPEN, &settings).await;
    let lead = server.sign_in("lead").await;
    let agent = server.desk_agent("agent2").await;
    let requester = server.requester("13900000041", 9_000);
    let call = agent.in_state("talking").await;
    finished(requester, &server.folder).await;
    agent.in_state("wrap_up").await;
    agent.write_up(&call, "follow_up", "职称证书领取").await;
    agent.in_state("ready").await;
    agent
        .person
        .put("/api/v1/agent-state", json!({"state": "break"}))
        .await;
    let impatient = server.requester("13900000042", 12_500);
    finished(impatient, &server.folder).await;
    lead.until(
        "/api/v1/calls?outcome=open",
        Duration::from_secs(10),
        |calls| calls["total"] == 0,
    )
    .await;
    lead.until("/api/v1/callbacks", Duration::from_secs(10), |owed| {
        owed["items"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty())
    })
    .await;

    let auditor = server.sign_in("auditor").await;
    auditor
        .until("/api/v1/audit/state", Duration::from_secs(5), |state| {
            state["tail_whole"] == true && state["unsealed"] == 0
        })
        .await;
    let mut pages = Vec::new();
    for (person, path) in [
        (&lead, "/api/v1/calls"),
        (&lead, "/api/v1/contact-records"),
        (&lead, "/api/v1/tickets"),
        (&lead, "/api/v1/callbacks"),
        (&lead, "/api/v1/wallboard"),
        (&lead, "/api/v1/queues"),
        (&lead, "/api/v1/requesters"),
        (&lead, "/api/v1/users?sort=username"),
        (&auditor, "/api/v1/audit"),
    ] {
        let mut page = person.get(path).await;
        if path == "/api/v1/audit" {
            without_seeds(&mut page);
        }
        pages.push((path, settled("", &page)));
    }
    let events = lead.get(&format!("/api/v1/calls/{call}/events")).await;
    pages.push(("events", settled("", &events)));
    server.stop().await;
    pages
}

/// What timers and the demo's seeds write at the start comes in any order.
fn without_seeds(page: &mut Value) {
    let seeds = ["system:demo", "system:knowledge"];
    if let Some(items) = page["items"].as_array_mut() {
        items.retain(|item| !seeds.contains(&item["who_name"].as_str().unwrap_or_default()));
        for item in items {
            item["seq"] = Value::Null;
        }
    }
    page["next"] = Value::Null;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_in_small_ends_the_same_on_both_databases() {
    let [sqlite, others @ ..] = Kind::all() else {
        panic!("no database to run on");
    };
    let expected = story(*sqlite).await;
    for kind in others {
        for (expected, found) in expected.iter().zip(story(*kind).await) {
            assert_eq!(expected, &found, "on {kind:?}");
        }
    }
}
