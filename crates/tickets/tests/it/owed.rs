//! When the time runs out the agent is free and the record is a debt (待补录).

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::desk::{agent, follow_up, lead, on_both};

#[tokio::test]
async fn a_record_whose_time_ran_out_is_a_debt_the_lead_sees_until_it_is_written() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.talked("13900000001", &agent).await;
        desk.app.clock.advance(Duration::from_mins(1));
        desk.deliver("work.wrap_up_expired", call, json!({})).await;
        let debts = desk.get(&lead(), "/api/v1/contact-records?owed=true").await;
        assert_eq!(
            (&debts["total"], &debts["items"][0]["call_id"]),
            (&json!(1), &json!(call))
        );
        assert_eq!(debts["items"][0]["state"], "owed");
        assert!(debts["items"][0]["wrap_up_ms"].as_i64().unwrap() >= 60_000);
        assert_eq!(desk.gate(call).await, Ok(()), "the agent is free again");

        let record = desk.completed(&agent, call, follow_up()).await;
        assert_eq!(
            (&record["state"], &record["late"]),
            (&json!("complete"), &json!(true))
        );
        assert_eq!(record["ticket"]["state"], "in_handling");
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records?owed=true").await["total"],
            0
        );
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records?late=true").await["total"],
            1
        );
    })
    .await;
}

#[tokio::test]
async fn the_lead_may_write_the_record_of_an_absent_agent_and_another_agent_may_not() {
    on_both(async |desk| {
        let (absent, other) = (agent(1), agent(2));
        let call = desk.talked("13900000001", &absent).await;
        desk.deliver("work.wrap_up_expired", call, json!({})).await;
        assert_eq!(
            desk.complete(&other, call, follow_up()).await.status,
            StatusCode::NOT_FOUND
        );
        let record = desk.completed(&lead(), call, follow_up()).await;
        let ticket = desk
            .ticket(
                &absent,
                record["ticket_id"].as_str().unwrap().parse().unwrap(),
            )
            .await;
        assert_eq!(
            ticket["state"], "in_handling",
            "and it stays the absent agent's"
        );
    })
    .await;
}

#[tokio::test]
async fn a_written_record_does_not_become_a_debt() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.talked("13900000001", &agent).await;
        let record = desk.completed(&agent, call, follow_up()).await;
        assert_eq!(record["late"], false);
        desk.deliver("work.wrap_up_expired", call, json!({})).await;
        desk.deliver("work.wrap_up_ended", call, json!({})).await;
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records?owed=true").await["total"],
            0
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_cut_off_by_a_crash_is_a_debt_at_once() {
    on_both(async |desk| {
        let agent = agent(1);
        let taken = desk.rings("13900000001", &agent).await;
        desk.answers(taken, &agent).await;
        desk.deliver("call.interrupted", taken, json!({})).await;
        let waiting = desk.rings("13900000002", &agent).await;
        desk.deliver("call.interrupted", waiting, json!({})).await;
        let debts = desk.get(&lead(), "/api/v1/contact-records?owed=true").await;
        assert_eq!(
            (&debts["total"], &debts["items"][0]["call_id"]),
            (&json!(1), &json!(taken))
        );
        assert_eq!(debts["items"][0]["outcome"], "interrupted");
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records?state=missed")
                .await["total"],
            1
        );
    })
    .await;
}

#[tokio::test]
async fn a_cut_off_call_written_up_in_its_wrap_up_is_not_late() {
    on_both(async |desk| {
        let agent = agent(1);
        let taken = desk.rings("13900000001", &agent).await;
        desk.answers(taken, &agent).await;
        desk.deliver("call.interrupted", taken, json!({})).await;
        desk.deliver("work.wrap_up_began", taken, json!({})).await;
        let record = desk.completed(&agent, taken, follow_up()).await;
        assert_eq!(
            (&record["state"], &record["late"]),
            (&json!("complete"), &json!(false))
        );
    })
    .await;
}

#[tokio::test]
async fn a_draft_that_lost_its_clock_becomes_a_debt() {
    on_both(async |desk| {
        let agent = agent(1);
        desk.talked("13900000001", &agent).await;
        desk.sweep().await;
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records?owed=true").await["total"],
            0
        );
        desk.app.clock.advance(Duration::from_mins(31));
        desk.sweep().await;
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records?owed=true").await["total"],
            1
        );
    })
    .await;
}

#[tokio::test]
async fn the_end_may_arrive_before_the_beginning() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.rings("13900000001", &agent).await;
        desk.deliver("call.ended", call, json!({})).await;
        desk.answers(call, &agent).await;
        let record = desk
            .get(&agent, &format!("/api/v1/contact-records/{call}"))
            .await;
        assert_eq!(
            (&record["state"], &record["ticket"]["state"]),
            (&json!("draft"), &json!("draft"))
        );
        assert_eq!(desk.gate(call).await, Err("wrap_up_incomplete"));
    })
    .await;
}
