//! The screen pop.

use axum::http::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

use crate::desk::{agent, follow_up, lead, on_both};

#[tokio::test]
async fn the_pop_shows_an_unknown_number_while_it_rings() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.rings("13900000001", &agent).await;
        let pop = desk.get(&agent, &format!("/api/v1/calls/{call}/pop")).await;
        assert_eq!(pop["requester"]["phone"], "139****0001");
        assert_eq!(pop["requester"]["name"], json!(null));
        assert_eq!(pop["requester"]["identity"], "unverified");
        assert_eq!(pop["requester"]["contacts"], 1);
        assert_eq!((&pop["calls"], &pop["tickets"]), (&json!([]), &json!([])));
        assert_eq!(pop["contact_record"]["state"], "draft");
        assert_eq!(pop["contact_record"]["call_id"], json!(call));
        assert_eq!(pop["contact_record"]["ticket"], json!(null));
        assert!(
            !pop.to_string().contains("13900000001"),
            "the number is nowhere in the clear"
        );
    })
    .await;
}

#[tokio::test]
async fn the_pop_shows_the_last_five_contacts_and_the_open_tickets_whoever_owns_them() {
    on_both(async |desk| {
        let (first, second) = (agent(1), agent(2));
        let open = desk.open_ticket("13900000001", &first).await;
        for _ in 0..5 {
            desk.app.clock.advance(Duration::from_mins(1));
            let call = desk.talked("+86 139-0000-0001", &first).await;
            desk.completed(&first, call, json!({"matter": "101", "result": "answered"}))
                .await;
        }
        desk.app.clock.advance(Duration::from_mins(1));
        let call = desk.rings("013900000001", &second).await;
        let pop = desk
            .get(&second, &format!("/api/v1/calls/{call}/pop"))
            .await;
        assert_eq!(pop["requester"]["contacts"], 7);
        let calls = pop["calls"].as_array().unwrap();
        assert_eq!(calls.len(), 5);
        assert!(
            calls
                .iter()
                .all(|call| call["matter_name"] == "报名条件" && call["result"] == "answered")
        );
        assert!(calls.is_sorted_by(|a, b| a["offered_at"].as_str() >= b["offered_at"].as_str()));
        assert_eq!(pop["tickets"].as_array().unwrap().len(), 1);
        assert_eq!(pop["tickets"][0]["id"], json!(open));
        assert_eq!(pop["tickets"][0]["matter_name"], "缴费与退费");
    })
    .await;
}

#[tokio::test]
async fn the_pop_is_only_for_the_agent_being_rung() {
    on_both(async |desk| {
        let (first, second) = (agent(1), agent(2));
        let call = desk.rings("13900000001", &first).await;
        let path = format!("/api/v1/calls/{call}/pop");
        assert_eq!(
            desk.ask(&second, Method::GET, &path, None).await.status,
            StatusCode::NOT_FOUND
        );
        desk.get(&lead(), &path).await;
        desk.deliver("call.ringing", call, json!({"agent": second.user_id}))
            .await;
        desk.get(&second, &path).await;
        assert_eq!(
            desk.ask(&first, Method::GET, &path, None).await.status,
            StatusCode::NOT_FOUND
        );
    })
    .await;
}

#[tokio::test]
async fn the_pop_does_not_wait_for_the_delivery_of_events() {
    on_both(async |desk| {
        let agent = agent(1);
        let (call, requester) = (desk.app.ids.next(), desk.requester("13900000001").await);
        let told = json!({"requester_id": requester, "agent": agent.user_id, "queue": "main"});
        desk.publish("call.ringing", call, told.clone()).await;
        let path = format!("/api/v1/calls/{call}/pop");
        let pop = desk.get(&agent, &path).await;
        assert_eq!(pop["requester"]["id"], json!(requester));

        desk.publish("call.answered", call, told.clone()).await;
        assert_eq!(desk.gate(call).await, Err("wrap_up_incomplete"));
        desk.completed(&agent, call, follow_up()).await;
        assert_eq!(desk.gate(call).await, Ok(()));
        // The delivery comes late, and twice.
        for _ in 0..2 {
            desk.deliver("call.ringing", call, told.clone()).await;
            desk.deliver("call.answered", call, told.clone()).await;
        }
        let pop = desk.get(&agent, &path).await;
        assert_eq!(pop["contact_record"]["state"], "complete");
        assert_eq!(pop["tickets"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_withheld_number_shows_nobody_elses_history() {
    on_both(async |desk| {
        let agent = agent(1);
        let first = desk.talked("anonymous", &agent).await;
        desk.completed(&agent, first, follow_up()).await;
        let second = desk.rings("anonymous", &agent).await;
        let pop = desk
            .get(&agent, &format!("/api/v1/calls/{second}/pop"))
            .await;
        assert_eq!(pop["requester"]["phone"], json!(null));
        assert_eq!((&pop["calls"], &pop["tickets"]), (&json!([]), &json!([])));
    })
    .await;
}

#[tokio::test]
async fn a_ring_faster_than_the_look_up_of_its_number_still_has_a_pop() {
    on_both(async |desk| {
        let agent = agent(1);
        let known = desk.requester("13900000001").await;
        for (caller, phone) in [("13900000001", json!("139****0001")), ("", json!(null))] {
            let call = desk.app.ids.next();
            let told = json!({"requester_id": null, "caller": caller, "agent": agent.user_id});
            desk.deliver(
                "call.offered",
                call,
                json!({"requester_id": null, "caller": caller, "agent": null}),
            )
            .await;
            desk.deliver("call.ringing", call, told).await;
            let pop = desk.get(&agent, &format!("/api/v1/calls/{call}/pop")).await;
            assert_eq!(pop["requester"]["phone"], phone);
            assert_eq!(pop["requester"]["id"] == json!(known), !caller.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn a_missed_call_is_in_the_next_pop() {
    on_both(async |desk| {
        let agent = agent(1);
        let missed = desk.rings("13900000001", &agent).await;
        desk.deliver("call.abandoned", missed, json!({})).await;
        assert_eq!(desk.gate(missed).await, Ok(()));
        let call = desk.rings("13900000001", &agent).await;
        let pop = desk.get(&agent, &format!("/api/v1/calls/{call}/pop")).await;
        assert_eq!(pop["calls"][0]["state"], "missed");
        assert_eq!(pop["calls"][0]["outcome"], "abandoned");
    })
    .await;
}

#[tokio::test]
async fn the_pop_of_a_call_that_rings_before_it_is_written_waits_for_its_journal() {
    on_both(async |desk| {
        let agent = agent(1);
        let (call, requester) = (desk.app.ids.next(), desk.requester("13900000001").await);
        let told = json!({"requester_id": requester, "agent": agent.user_id, "queue": "main"});
        let path = format!("/api/v1/calls/{call}/pop");
        let late = async {
            desk.app.clock.sleep(Duration::from_millis(400)).await;
            desk.publish("call.ringing", call, told).await;
        };
        let (pop, ()) = tokio::join!(desk.get(&agent, &path), late);
        assert_eq!(pop["requester"]["id"], json!(requester));

        // What nobody ever writes is not there.
        let nothing = desk.app.ids.next();
        let path = format!("/api/v1/calls/{nothing}/pop");
        let asked = desk.ask(&agent, Method::GET, &path, None).await;
        assert_eq!(asked.status, StatusCode::NOT_FOUND);
    })
    .await;
}
