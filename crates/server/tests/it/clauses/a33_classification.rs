//! A-33 (and A-32): who takes a call classifies it before the wrap-up ends, and owns what follows.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::on_both;
use crate::support::sipp::finished;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrap_up_cannot_end_without_a_classification_and_a_result() {
    on_both(async |server| {
        let agent = server.desk_agent("agent2").await;
        let requester = server.requester("13900000033", 9_000);
        let call = agent.in_state("talking").await;
        finished(requester, &server.folder).await;
        agent.in_state("wrap_up").await;

        let end = "/api/v1/agent-state/wrap-up/end";
        let (status, problem) = agent.person.ask(Method::POST, end, Some(json!({}))).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (StatusCode::CONFLICT, Some("wrap_up_incomplete")),
            "{problem}"
        );

        agent.write_up(&call, "follow_up", "报名照片上传失败").await;
        agent.in_state("ready").await;
        let tickets = agent.person.get("/api/v1/tickets").await;
        let ticket = &tickets["items"][0];
        assert_eq!(ticket["state"], "in_handling", "{ticket}");
        assert_eq!(
            ticket["first_owner_id"], ticket["current_owner_id"],
            "{ticket}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_wrap_up_time_runs_out_the_agent_is_free_and_the_record_is_owed() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let agent = server.desk_agent("agent2").await;
        let requester = server.requester("13900000034", 9_000);
        let call = agent.in_state("talking").await;
        finished(requester, &server.folder).await;
        agent.in_state("wrap_up").await;

        server.clock.advance(Duration::from_mins(10));
        agent.in_state("ready").await;
        let owed = lead
            .until(
                "/api/v1/contact-records?owed=true",
                Duration::from_secs(3),
                |owed| owed["total"] == 1,
            )
            .await;
        assert_eq!(owed["items"][0]["call_id"].as_str(), Some(call.as_str()));
    })
    .await;
}
