use std::sync::Arc;

use floor::{AgentState, Presence};
use kernel::audit::entry;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::hall::{Behind, Broken, Hall, Told, agent, lead, on_both, refusal, seat};

const OWN: &str = "/api/v1/agent-state";

async fn audited(hall: &Hall, action: &str) -> Vec<entry::Model> {
    entry::Entity::find()
        .filter(entry::Column::Action.eq(action))
        .all(hall.app.db.read())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_agent_chooses_his_state_and_says_why() {
    on_both(async |hall| {
        hall.reachable(1, true).await;
        let view = hall.get(&seat(1), OWN).await;
        assert_eq!(
            (&view["state"], &view["name"], &view["device"]["kind"]),
            (&json!("signed_out"), &json!("座席1"), &json!("softphone"))
        );
        assert_eq!(view["queues"], json!(["hotline"]));
        for (state, reason) in [
            ("ready", None),
            ("meeting", Some("班会")),
            ("signed_out", None),
        ] {
            let answer = hall
                .put(&seat(1), OWN, json!({"state": state, "reason": reason}))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.json);
            assert_eq!(
                (&answer.json["state"], &answer.json["reason"]),
                (&json!(state), &json!(reason))
            );
        }
        let changes = hall.changes(1).await;
        assert_eq!(changes.len(), 3);
        assert_eq!(changes[1].reason.as_deref(), Some("班会"));
        // From signing in to signing out is one session, and it is over.
        let open = floor::agent_state::store::open_sessions(hall.app.db.read())
            .await
            .unwrap();
        assert_eq!(open, []);
        hall.ask(1, Presence::Ready).await;
        assert_ne!(hall.changes(1).await[3].session_id, changes[0].session_id);
    })
    .await;
}

#[tokio::test]
async fn a_state_that_only_work_brings_about_and_a_bad_reason_are_refused() {
    on_both(async |hall| {
        hall.ready(1).await;
        for (body, field) in [
            (json!({"state": "talking"}), "state"),
            (json!({"state": "ready", "because": "x"}), "because"),
            (json!({"reason": "x"}), "state"),
            (json!({"state": "break", "reason": ""}), "reason"),
            (
                json!({"state": "break", "reason": "长".repeat(101)}),
                "reason",
            ),
        ] {
            let answer = hall.put(&seat(1), OWN, body).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json["field"]),
                (422, &json!(field)),
                "{}",
                answer.json
            );
        }
        // A text that one of the databases cannot keep would never reach the history.
        let answer = hall
            .put(&seat(1), OWN, json!({"state": "break", "reason": "a\0b"}))
            .await;
        assert_eq!(refusal(&answer), (400, "null_byte"));
        assert_eq!(hall.state(1), AgentState::Ready);
        let mut nobody = seat(1);
        nobody.user_id = Uuid::from_u128(99);
        assert_eq!(
            hall.put(&nobody, OWN, json!({"state": "ready"}))
                .await
                .status,
            404
        );
    })
    .await;
}

#[tokio::test]
async fn a_lead_who_forces_a_state_gives_the_ring_back_and_stands_in_the_audit_trail() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.call().await;
        let path = format!("/api/v1/agents/{}/state", agent(1));
        for bad in [
            json!({"state": "break"}),
            json!({"state": "break", "reason": " "}),
            json!({"state": "held", "reason": "x"}),
        ] {
            assert_eq!(hall.put(&lead(), &path, bad).await.status, 422);
        }
        assert_eq!(audited(hall, "agent.state_forced").await.len(), 0);
        let forced = hall
            .put(
                &lead(),
                &path,
                json!({"state": "meeting", "reason": "临时会议"}),
            )
            .await;
        assert_eq!(
            (forced.status.as_u16(), &forced.json["state"]),
            (200, &json!("meeting"))
        );
        assert_eq!(
            hall.told(),
            [Told::Ring(work, 1), Told::StopRinging(work, 1)]
        );
        // Committed when it is answered.
        let rows = audited(hall, "agent.state_forced").await;
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].who_id, rows[0].subject_id.as_str()),
            (Some(lead().user_id), agent(1).to_string().as_str())
        );
        assert_eq!(
            rows[0].details,
            json!({"state": "meeting", "reason": "临时会议"})
        );
        let change = hall.changes(1).await.pop().unwrap();
        assert_eq!(
            (
                change.by_kind.as_str(),
                change.by_id,
                change.reason.as_deref()
            ),
            ("lead", Some(lead().user_id), Some("临时会议"))
        );
        let stranger = format!("/api/v1/agents/{}/state", Uuid::from_u128(99));
        let answer = hall
            .put(&lead(), &stranger, json!({"state": "break", "reason": "x"}))
            .await;
        assert_eq!(refusal(&answer), (404, "not_found"));
    })
    .await;
}

#[tokio::test]
async fn a_talk_is_waited_for_when_a_state_is_forced() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        let path = format!("/api/v1/agents/{}/state", agent(1));
        let forced = hall
            .put(
                &lead(),
                &path,
                json!({"state": "signed_out", "reason": "下班"}),
            )
            .await;
        assert_eq!(
            (&forced.json["state"], &forced.json["next_state"]),
            (&json!("talking"), &json!("signed_out"))
        );
        hall.floor.ended(work).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::SignedOut);
        assert_eq!(hall.changes(1).await.last().unwrap().by_kind, "lead");
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_last_console_session_signs_out_after_the_work_in_hand() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        // Another tab is open still.
        hall.publish(
            "session.ended",
            Uuid::from_u128(7),
            json!({"user_id": agent(1)}),
        )
        .await;
        assert_eq!(hall.floor.agent(agent(1)).await.unwrap().next_state, None);
        hall.people.signed_in.lock().unwrap().clear();
        hall.publish(
            "session.ended",
            Uuid::from_u128(8),
            json!({"user_id": agent(1)}),
        )
        .await;
        assert_eq!(
            hall.floor.agent(agent(1)).await.unwrap().next_state,
            Some(Presence::SignedOut)
        );
        assert_eq!(hall.state(1), AgentState::Talking);
        hall.floor.ended(work).await;
        hall.pass(62).await;
        assert_eq!(hall.state(1), AgentState::SignedOut);
        assert_eq!(
            hall.changes(1).await.last().unwrap().reason.as_deref(),
            Some("session_ended")
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_no_agent_any_more_leaves_the_floor_and_a_new_one_is_known() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.people.no_agents.lock().unwrap().insert(agent(1));
        hall.publish("user.roles_changed", agent(1), json!({}))
            .await;
        assert_eq!(hall.state(1), AgentState::SignedOut, "no call rings there");
        hall.people.no_agents.lock().unwrap().clear();
        hall.publish("user.roles_changed", agent(1), json!({}))
            .await;
        hall.ask(1, Presence::Ready).await;
        assert_eq!(hall.state(1), AgentState::Ready);
    })
    .await;
}

#[tokio::test]
async fn a_device_that_is_gone_takes_the_ring_away_and_not_the_agent() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.call().await;
        hall.reachable(1, false).await;
        assert_eq!(
            hall.told(),
            [Told::Ring(work, 1), Told::StopRinging(work, 1)]
        );
        assert_eq!(hall.state(1), AgentState::Ready);
        assert!(hall.floor.is_on_post(agent(1)));
        hall.reachable(1, true).await;
        assert_eq!(hall.told().last(), Some(&Told::Ring(work, 1)));
    })
    .await;
}

#[tokio::test]
async fn nobody_is_ready_without_a_device_and_none_stays_ready_when_it_is_gone() {
    on_both(async |hall| {
        let refused = hall.put(&seat(1), OWN, json!({"state": "ready"})).await;
        assert_eq!(refusal(&refused), (409, "no_device"));
        assert!(refused.json["way_out"].is_string(), "{}", refused.json);
        hall.ready(1).await;
        hall.reachable(1, false).await;
        hall.pass(14).await;
        assert_eq!(hall.state(1), AgentState::Ready, "a reload of the page");
        hall.pass(1).await;
        assert_eq!(hall.state(1), AgentState::Break);
        let own = hall.get(&seat(1), OWN).await;
        assert_eq!(own["reason"], "device_lost");
    })
    .await;
}

#[tokio::test]
async fn the_device_of_a_user_who_becomes_an_agent_later_counts_from_then_on() {
    on_both(async |hall| {
        hall.people.no_agents.lock().unwrap().insert(agent(2));
        hall.restart().await;
        hall.reachable(2, true).await;
        assert!(hall.floor.agent(agent(2)).await.is_err());
        hall.people.no_agents.lock().unwrap().clear();
        hall.publish("user.roles_changed", agent(2), json!({}))
            .await;
        let view = hall.floor.agent(agent(2)).await.unwrap();
        assert!(view.device.reachable);
    })
    .await;
}

#[tokio::test]
async fn who_owes_a_reading_finishes_what_he_has_and_is_not_ready_anew_until_he_has_passed() {
    on_both(async |hall| {
        let behind = Arc::<Behind>::default();
        hall.floor.attach_work_gate(behind.clone());
        hall.ready(1).await;
        behind.0.lock().unwrap().insert(agent(1));
        // The line is not emptied under the lead: who is ready stays so and takes what comes.
        assert_eq!(hall.state(1), AgentState::Ready);
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::Ready);

        let put = async |state: &str| {
            let body = json!({ "state": state });
            hall.put(&seat(1), "/api/v1/agent-state", body).await
        };
        assert_eq!(put("break").await.status.as_u16(), 200);
        assert_eq!(refusal(&put("ready").await), (409, "reading_overdue"));
        assert_eq!(hall.state(1), AgentState::Break);
        behind.0.lock().unwrap().clear();
        assert_eq!(put("ready").await.status.as_u16(), 200);

        // A gate that does not work closes no desk.
        hall.floor.attach_work_gate(Arc::new(Broken));
        assert_eq!(put("break").await.status.as_u16(), 200);
        assert_eq!(put("ready").await.status.as_u16(), 200);
        assert_eq!(hall.state(1), AgentState::Ready);
    })
    .await;
}
