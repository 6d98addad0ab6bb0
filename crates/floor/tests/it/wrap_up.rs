use std::sync::Arc;

use floor::{AgentState, Presence};
use serde_json::json;

use crate::hall::{Record, Told, agent, lead, on_both, refusal, seat};

const END: &str = "/api/v1/agent-state/wrap-up/end";
const EXTEND: &str = "/api/v1/agent-state/wrap-up/extend";

#[tokio::test]
async fn wrap_up_does_not_end_before_the_record_is_written() {
    on_both(async |hall| {
        let record = Arc::<Record>::default();
        hall.floor.attach_wrap_up_gate(record.clone());
        hall.ready(1).await;
        let nothing = hall.post(&seat(1), END, json!({})).await;
        assert_eq!(refusal(&nothing), (409, "not_in_wrap_up"));
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        let early = hall.post(&seat(1), END, json!({})).await;
        assert_eq!(refusal(&early), (409, "wrap_up_incomplete"));
        assert_eq!(hall.state(1), AgentState::WrapUp);
        *record.0.lock().unwrap() = true;
        let ended = hall.post(&seat(1), END, json!({})).await;
        assert_eq!(
            (ended.status.as_u16(), &ended.json["state"]),
            (200, &json!("ready"))
        );
        assert_eq!(
            hall.events(work).await.last().unwrap(),
            "work.wrap_up_ended"
        );
    })
    .await;
}

#[tokio::test]
async fn wrap_up_is_extended_by_its_length_up_to_the_limit_and_says_why() {
    on_both(async |hall| {
        hall.ready(1).await;
        let early = hall.post(&seat(1), EXTEND, json!({"reason": "补录"})).await;
        assert_eq!(refusal(&early), (409, "not_in_wrap_up"));
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        let ends_at = hall
            .floor
            .agent(agent(1))
            .await
            .unwrap()
            .wrap_up_ends_at
            .unwrap();
        for bad in [
            json!({}),
            json!({"reason": " "}),
            json!({"reason": "长".repeat(101)}),
        ] {
            assert_eq!(hall.post(&seat(1), EXTEND, bad).await.status, 422);
        }
        hall.pass(50).await;
        let first = hall
            .post(&seat(1), EXTEND, json!({"reason": " 补录 "}))
            .await;
        assert_eq!(first.status, 200, "{}", first.json);
        assert_eq!(first.json["wrap_up_extensions"], 1);
        assert_eq!(
            first.json["wrap_up_ends_at"],
            json!(ends_at + chrono::TimeDelta::seconds(60))
        );
        assert_eq!(
            hall.post(&seat(1), EXTEND, json!({"reason": "查档"}))
                .await
                .status,
            200
        );
        let third = hall.post(&seat(1), EXTEND, json!({"reason": "再查"})).await;
        assert_eq!(refusal(&third), (409, "no_extension_left"));
        // 180 s from the end of the talk.
        hall.pass(128).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        hall.pass(3).await;
        assert_eq!(hall.state(1), AgentState::Ready);

        let row = hall.row(work).await;
        assert_eq!((row.wrap_up_extensions, row.wrap_up_expired), (2, true));
        let changes = hall.changes(1).await;
        let reasons: Vec<_> = changes
            .iter()
            .filter(|change| change.from_state == "wrap_up" && change.to_state == "wrap_up")
            .map(|change| (change.reason.as_deref().unwrap(), change.by_id))
            .collect();
        assert_eq!(
            reasons,
            [("补录", Some(agent(1))), ("查档", Some(agent(1)))]
        );
    })
    .await;
}

#[tokio::test]
async fn a_wrap_up_that_expires_frees_the_agent_for_who_waits_and_is_told() {
    on_both(async |hall| {
        let record = Arc::<Record>::default();
        hall.floor.attach_wrap_up_gate(record);
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        let next = hall.call().await;
        hall.pass(59).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        assert_eq!(hall.told().len(), 1, "nothing rings in wrap-up");
        hall.pass(2).await;
        assert_eq!(hall.told().last(), Some(&Told::Ring(next, 1)));
        assert_eq!(
            hall.events(work).await.last().unwrap(),
            "work.wrap_up_expired"
        );
        let row = hall.row(work).await;
        assert!(row.wrap_up_expired && row.wrap_up_ended_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_for_with_a_call_in_hand_comes_after_wrap_up() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        let asked = hall
            .put(
                &seat(1),
                "/api/v1/agent-state",
                json!({"state": "break", "reason": "午餐"}),
            )
            .await;
        assert_eq!(
            (&asked.json["state"], &asked.json["next_state"]),
            (&json!("talking"), &json!("break"))
        );
        hall.floor.ended(work).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        let view = hall.get(&seat(1), "/api/v1/agent-state").await;
        assert_eq!(
            (&view["state"], &view["reason"], &view["next_state"]),
            (&json!("break"), &json!("午餐"), &json!(null))
        );
    })
    .await;
}

#[tokio::test]
async fn a_call_placed_in_wrap_up_stops_its_clock() {
    on_both(async |hall| {
        hall.ready(1).await;
        let first = hall.talk(1).await;
        hall.floor.ended(first).await;
        hall.pass(40).await;
        let back = hall.app.ids.next();
        hall.floor.began(back, agent(1)).await.unwrap();
        hall.floor.accepted(back, agent(1)).await.unwrap();
        hall.pass(100).await;
        hall.floor.ended(back).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        let view = hall.floor.agent(agent(1)).await.unwrap();
        assert_eq!(
            (view.state, view.work_id),
            (AgentState::WrapUp, Some(first))
        );
        hall.pass(15).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        hall.pass(8).await;
        assert_eq!(hall.state(1), AgentState::Ready);
        assert!(hall.row(first).await.wrap_up_expired);
        assert!(!hall.row(back).await.wrap_up_expired);
    })
    .await;
}

#[tokio::test]
async fn a_lead_who_sends_an_agent_away_in_wrap_up_ends_it_as_expired() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        let path = format!("/api/v1/agents/{}/state", agent(1));
        let forced = hall
            .put(
                &lead(),
                &path,
                json!({"state": "training", "reason": "抽调"}),
            )
            .await;
        assert_eq!(forced.json["state"], "training");
        assert_eq!(
            hall.events(work).await.last().unwrap(),
            "work.wrap_up_expired"
        );
        hall.ask(1, Presence::Ready).await;
    })
    .await;
}
