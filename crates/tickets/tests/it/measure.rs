//! The first owner is measured to the end, whoever owns the ticket now.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{agent, follow_up, lead, on_both};
use crate::verbs::{does, must, opened};

const DAY: &str = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z";

#[tokio::test]
async fn what_became_of_the_requests_somebody_took_is_counted_as_the_lists_show_it() {
    on_both(async |desk| {
        let people = [agent(1), agent(2), lead()];
        desk.people(&people.iter().collect::<Vec<_>>()).await;
        let mut tickets = Vec::new();
        for _ in 0..5 {
            tickets.push(opened(&desk, &agent(1), "consult").await);
        }
        opened(&desk, &agent(2), "help").await;
        let call = desk.talked("13900000001", &agent(1)).await;
        desk.completed(&agent(1), call, json!({"result": "misdial"}))
            .await;
        let draft = desk.talked("13900000002", &agent(1)).await;

        let close = json!({"action": "close", "resolution": "已办理"});
        must(&desk, &agent(1), tickets[0], "handle", close.clone()).await;
        must(&desk, &agent(1), tickets[1], "handle", close.clone()).await;
        let again = json!({"action": "reopen", "reason": "又出现"});
        must(&desk, &lead(), tickets[1], "dispatch", again).await;
        let give = json!({"action": "reassign", "to": agent(2).user_id, "reason": "改派"});
        must(&desk, &lead(), tickets[2], "dispatch", give).await;
        // Answered in time, and closed long after: what counts is the answer.
        let reply = json!({"action": "reply", "answer": "已核实"});
        must(&desk, &agent(1), tickets[3], "handle", reply).await;
        desk.app.clock.advance(Duration::from_hours(24 * 7));
        must(&desk, &agent(1), tickets[3], "handle", close.clone()).await;
        // Its clock rings at the same time, and may be the faster one.
        desk.until("closed", async || {
            let closed = does(&desk, &agent(1), tickets[4], "handle", close.clone()).await;
            closed.status == StatusCode::OK
        })
        .await;

        let path = format!("/api/v1/first-owner-measures?{DAY}");
        let all = desk.get(&lead(), &path).await;
        let measured = all["items"].as_array().unwrap().clone();
        assert_eq!(measured.len(), 2);
        let one = |user: uuid::Uuid| -> Value {
            let found = measured
                .iter()
                .find(|one| one["first_owner_id"] == json!(user));
            found.unwrap().clone()
        };
        let first = one(agent(1).user_id);
        assert_eq!(first["first_owner"]["name"], "agent1");
        for (name, count) in [
            ("taken", 5),
            ("open", 2),
            ("in_time", 2),
            ("late", 1),
            ("handed_on", 1),
            ("reopened", 1),
        ] {
            assert_eq!(first[name]["count"], count, "{name}: {first}");
            let list = first[name]["list"].as_str().unwrap();
            assert_eq!(desk.get(&lead(), list).await["total"], count, "{list}");
        }
        let own = desk.get(&agent(1), &path).await;
        assert_eq!(
            own["items"].as_array().unwrap().len(),
            1,
            "an agent sees his own"
        );
        let other = format!("{path}&first_owner={}", agent(2).user_id);
        let forbidden = desk.ask(&agent(1), Method::GET, &other, None).await;
        assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
        assert_eq!(
            desk.get(&lead(), &other).await["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );

        // The draft counts from when it becomes a ticket.
        desk.completed(&agent(1), draft, follow_up()).await;
        let later = desk.get(&agent(1), &path).await;
        assert_eq!(later["items"][0]["taken"]["count"], 6);
    })
    .await;
}
