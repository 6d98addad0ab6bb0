//! an inbound call shows the requester's history within a second of the ring.

use std::time::{Duration, Instant};

use crate::support::TestServer;
use crate::support::sipp::finished;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_requesters_history_is_on_screen_within_a_second_of_the_ring() {
    let server = TestServer::demo().await;
    let agent = server.desk_agent("agent2").await;
    let first = server.requester("13900000011", 9_000);
    let call = agent.in_state("talking").await;
    finished(first, &server.folder).await;
    agent.in_state("wrap_up").await;
    agent.write_up(&call, "follow_up", "准考证打印时间").await;
    agent.in_state("ready").await;

    let second = server.requester("13900000011", 9_000);
    let call = {
        let state = agent
            .person
            .until("/api/v1/agent-state", Duration::from_secs(20), |state| {
                matches!(state["state"].as_str(), Some("ringing" | "talking"))
            })
            .await;
        state["work_id"].as_str().unwrap().to_owned()
    };
    let rung = Instant::now();
    let pop = agent
        .person
        .until(
            &format!("/api/v1/calls/{call}/pop"),
            Duration::from_secs(1),
            |pop| {
                pop["calls"].as_array().is_some_and(|calls| {
                    calls.iter().any(|call| call["summary"] == "准考证打印时间")
                })
            },
        )
        .await;
    assert!(rung.elapsed() < Duration::from_secs(1));
    assert_eq!(pop["requester"]["phone"], "139****0011", "{pop}");
    assert_eq!(
        pop["tickets"].as_array().map(Vec::len),
        Some(1),
        "the open ticket stands beside: {pop}"
    );
    finished(second, &server.folder).await;
    server.stop().await;
}
