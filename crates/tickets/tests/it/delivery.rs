//! The events of a call reach the record by themselves, through the kernel's dispatcher.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::desk::{agent, lead, on_both};

#[tokio::test]
async fn a_call_from_ring_to_expired_wrap_up_becomes_a_debt() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        let agent = agent(1);
        let (call, requester) = (desk.app.ids.next(), desk.requester("13900000001").await);
        let told = json!({"requester_id": requester, "agent": agent.user_id, "queue": "main", "direction": "inbound"});
        for kind in ["call.offered", "call.ringing", "call.answered"] {
            desk.publish(kind, call, told.clone()).await;
        }
        let mut ended = told.clone();
        ended["outcome"] = json!("answered");
        desk.publish("call.ended", call, ended).await;
        desk.publish("work.wrap_up_began", call, told.clone()).await;
        desk.publish("work.wrap_up_expired", call, told).await;
        let path = format!("/api/v1/contact-records/{call}");
        for _ in 0..200 {
            let answer = desk.ask(&lead(), Method::GET, &path, None).await;
            if answer.status == StatusCode::OK && answer.json["state"] == "owed" {
                assert_eq!(answer.json["outcome"], "answered");
                assert_eq!(answer.json["ticket"]["state"], "draft");
                return;
            }
            desk.app.clock.sleep(Duration::from_millis(25)).await;
        }
        panic!("no debt after five seconds");
    })
    .await;
}

#[tokio::test]
async fn a_wrap_up_heard_before_its_call_becomes_a_debt_all_the_same() {
    on_both(async |desk| {
        let agent = agent(1);
        let (call, requester) = (desk.app.ids.next(), desk.requester("13900000002").await);
        let told = json!({"requester_id": requester, "agent": agent.user_id, "queue": "main", "direction": "inbound", "outcome": "answered"});
        for kind in ["call.answered", "call.ended"] {
            desk.publish(kind, call, told.clone()).await;
        }
        desk.deliver("work.wrap_up_expired", call, told).await;
        let path = format!("/api/v1/contact-records/{call}");
        let record = desk.ask(&lead(), Method::GET, &path, None).await;
        assert_eq!(record.json["state"], "owed", "{record:?}");
    })
    .await;
}
