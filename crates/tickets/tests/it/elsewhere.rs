//! Calls that were taken elsewhere and are over when they are told: the same record and the same first owner.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::Principal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, agent, follow_up, lead, on_both};

async fn told(
    desk: &Desk,
    source: &str,
    agent: Option<&Principal>,
    answered: bool,
) -> (Uuid, Value) {
    let call = desk.app.ids.next();
    let started = desk.app.clock.now() - TimeDelta::hours(3);
    let facts = json!({
        "direction": "inbound", "medium": "voice", "source": source, "queue": "hotline",
        "requester_id": desk.requester("13900000001").await,
        "agent": agent.map(|agent| agent.user_id),
        "outcome": if answered { "answered" } else { "abandoned" },
        "at": desk.app.clock.now(),
        "started_at": started,
        "answered_at": answered.then_some(started + TimeDelta::seconds(9)),
        "ended_at": started + TimeDelta::seconds(90),
    });
    desk.deliver("call.entered", call, facts.clone()).await;
    (call, facts)
}

#[tokio::test]
async fn a_call_that_came_in_a_file_is_owed_by_its_agent_and_one_by_hand_is_not_yet() {
    on_both(async |desk| {
        let agent = agent(1);
        let (imported, facts) = told(&desk, "import", Some(&agent), true).await;
        let (by_hand, _) = told(&desk, "form", Some(&agent), true).await;
        // Heard again, and told otherwise: the record is the same.
        desk.deliver("call.entered", imported, facts).await;
        desk.sweep().await;
        let list = desk.get(&lead(), "/api/v1/contact-records").await;
        assert_eq!(list["total"], 2, "{list}");
        let owed = desk
            .get(&agent, "/api/v1/contact-records?owed=true&source=import")
            .await;
        assert_eq!(
            (
                &owed["total"],
                &owed["items"][0]["call_id"],
                &owed["items"][0]["source"]
            ),
            (&json!(1), &json!(imported), &json!("import")),
            "{owed}"
        );
        let record = desk.completed(&agent, by_hand, follow_up()).await;
        assert_eq!(
            (&record["source"], &record["late"]),
            (&json!("form"), &json!(false))
        );
        let id = record["ticket_id"].as_str().unwrap().parse().unwrap();
        let ticket = desk.ticket(&agent, id).await;
        assert_eq!(ticket["first_owner_id"], json!(agent.user_id), "{ticket}");
        let record = desk.completed(&agent, imported, follow_up()).await;
        let id = record["ticket_id"].as_str().unwrap().parse().unwrap();
        let ticket = desk.ticket(&agent, id).await;
        assert_eq!(ticket["first_owner_id"], json!(agent.user_id));
    })
    .await;
}

#[tokio::test]
async fn a_call_of_nobody_known_has_no_record_and_a_missed_one_is_missed() {
    on_both(async |desk| {
        told(&desk, "import", None, true).await;
        assert_eq!(
            desk.get(&lead(), "/api/v1/contact-records").await["total"],
            0
        );
        told(&desk, "import", None, false).await;
        let list = desk.get(&lead(), "/api/v1/contact-records").await;
        assert_eq!(
            (&list["total"], &list["items"][0]["state"]),
            (&json!(1), &json!("missed"))
        );
        // Who writes nothing within half an hour owes it.
        let agent = agent(1);
        told(&desk, "form", Some(&agent), true).await;
        desk.app.clock.advance(Duration::from_mins(31));
        desk.sweep().await;
        let owed = desk.get(&agent, "/api/v1/contact-records?owed=true").await;
        assert_eq!(owed["total"], 1);
    })
    .await;
}
