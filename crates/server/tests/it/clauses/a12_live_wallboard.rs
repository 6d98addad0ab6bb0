//! a change of an agent's state is on the wallboard within two seconds.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::TestServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_change_reaches_the_wallboard_within_two_seconds() {
    let server = TestServer::demo().await;
    let lead = server.sign_in("lead").await;
    let agent = server.desk_agent("agent3").await;
    lead.until("/api/v1/wallboard", Duration::from_secs(2), |board| {
        board["on_post"] == 1
    })
    .await;

    let mut events = lead.send(Method::GET, "/api/v1/events", None).await;
    assert!(events.status().is_success());
    agent
        .person
        .put(
            "/api/v1/agent-state",
            json!({"state": "break", "reason": "午休"}),
        )
        .await;
    let told = tokio::time::timeout(Duration::from_secs(2), async {
        let mut text = String::new();
        while let Some(chunk) = events.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains("agent_state") && text.contains("\"break\"") {
                return;
            }
        }
        panic!("the stream ended: {text}");
    })
    .await;
    assert!(told.is_ok(), "no live event within two seconds");
    let floor = lead.get("/api/v1/floor").await;
    let row = floor["agents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["staff_no"] == "803")
        .unwrap();
    assert_eq!(row["state"], "break", "{row}");
    drop(events);
    server.stop().await;
}
