//! 履约清单: each clause once, marked as in the requirement, with what proves it and what is amiss.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both, path};

async fn clause(person: &Person, code: &str) -> Value {
    let list = person.get("/api/v1/contract-clauses").await;
    let items = list["items"].as_array().unwrap();
    let found = items.iter().find(|one| one["code"] == code);
    found.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_clause_stands_with_what_proves_it_and_what_is_late() {
    on_both(async |server| {
        let (agent, purchaser) = (
            server.sign_in("agent1").await,
            server.sign_in("purchaser").await,
        );
        let no = agent.ask(Method::GET, "/api/v1/contract-clauses", None).await;
        assert_eq!(no.0, StatusCode::FORBIDDEN);
        let list = purchaser.get("/api/v1/contract-clauses").await;
        let items = list["items"].as_array().unwrap();
        let codes: Vec<String> = items.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<String> = (1..=69).map(|number| format!("A-{number:02}")).collect();
        assert_eq!(codes, expected);
        let starred = items.iter().filter(|one| one["starred"] == true).count();
        assert_eq!(starred, 22, "the ※ ones of the requirement");

        let before = clause(&purchaser, "A-34").await;
        assert_eq!((&before["state"], &before["proofs"][0]["recent"]), (&json!("unproven"), &json!(0)));
        let ticket = agent.opens("help", "106", "想退考试费").await;
        let new = json!({"kind": "instruction_request", "matters": ["106"], "ticket_id": ticket["id"],
            "title": "关于退费口径的请示", "body": "能否退费，请批示。"});
        let own = path("instructions", &agent.post("/api/v1/instructions", new).await);
        agent.post(&format!("{own}/submit"), json!({"version": 1})).await;
        let asked = clause(&purchaser, "A-34").await;
        assert_eq!(
            (&asked["state"], &asked["proofs"][0]["recent"], &asked["proofs"][0]["page"]),
            (&json!("kept"), &json!(1), &json!("/instructions"))
        );

        // Past its time nobody has answered: the clause says so until somebody does.
        server.clock.advance(Duration::from_hours(5 * 24));
        let late = purchaser
            .until("/api/v1/contract-clauses", Duration::from_secs(10), |list| {
                let items = list["items"].as_array().unwrap();
                items.iter().any(|one| one["code"] == "A-34" && one["state"] == "amiss")
            })
            .await;
        assert!(late["as_of"].is_string());
        let reply = json!({"version": purchaser.get(&own).await["version"], "text": "报名截止前可以退费。"});
        purchaser.post(&format!("{own}/reply"), reply).await;
        let still = clause(&purchaser, "A-34").await;
        assert!(still["proofs"][0]["latest_at"].is_string(), "{still}");

        server.clock.advance(Duration::from_hours(40 * 24));
        let quiet = clause(&server.sign_in("purchaser").await, "A-13").await;
        assert!(["quiet", "unproven", "kept"].contains(&quiet["state"].as_str().unwrap()), "{quiet}");
    })
    .await;
}
