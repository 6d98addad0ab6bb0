//! 请示 and 报告 as two kinds of document; a 请示 without its reply by its time alerts the operations manager.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{actions, on_both, path};

fn document(kind: &str, ticket: &Value) -> Value {
    json!({"kind": kind, "matters": ["106"], "ticket_id": ticket["id"], "title": "关于退费口径的请示",
        "body": "缴费成功后能否退费，请批示。"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_gets_a_binding_reply_that_stands_with_the_ticket() {
    on_both(async |server| {
        let (agent, section) = (
            server.sign_in("agent1").await,
            server.sign_in("section").await,
        );
        let purchaser = server.sign_in("purchaser").await;
        let members = json!({"version": 1, "members": [{"user_id": section.own_id().await}]});
        purchaser
            .put("/api/v1/sections/exams/members", members)
            .await;
        let ticket = agent.opens("help", "106", "想退考试费").await;
        let mut two = document("instruction_request", &ticket);
        two["matters"] = json!(["106", "107"]);
        let refused = agent
            .refused(Method::POST, "/api/v1/instructions", two)
            .await;
        assert_eq!(
            refused,
            (StatusCode::UNPROCESSABLE_ENTITY, "one_matter".to_owned())
        );

        let new = document("instruction_request", &ticket);
        let own = path(
            "instructions",
            &agent.post("/api/v1/instructions", new).await,
        );
        let mut screen = section.screen().await;
        let shown = agent
            .post(&format!("{own}/submit"), json!({"version": 1}))
            .await;
        screen.hears(&["event: instruction", "submitted"]).await;
        assert_eq!(
            (&shown["number"], &shown["due_at"]),
            (&json!("请示〔2026〕1号"), &json!("2026-11-25T10:00:00Z"))
        );
        let reply = json!({"version": 2, "text": "报名截止前可以退费。"});
        let titles = server.sign_in("titles").await;
        let refused = titles
            .refused(Method::POST, &format!("{own}/reply"), reply.clone())
            .await;
        assert_eq!(refused.1, "not_of_this_section");
        section.post(&format!("{own}/reply"), reply).await;

        let of_ticket = path("tickets", &ticket);
        let notes = agent
            .get(&format!("{of_ticket}/notes?kind=instruction"))
            .await;
        assert_eq!(
            notes["items"][0]["body"],
            "请示〔2026〕1号：报名截止前可以退费。"
        );
        let history = agent.get(&format!("{of_ticket}/history")).await;
        assert!(
            history["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|line| line["action"] == "instruction_replied")
        );

        let new = document("report", &ticket);
        let report = path(
            "instructions",
            &agent.post("/api/v1/instructions", new).await,
        );
        let shown = agent
            .post(&format!("{report}/submit"), json!({"version": 1}))
            .await;
        assert_eq!(shown["number"], "报告〔2026〕1号");
        let reply = json!({"version": 2, "text": "同意"});
        let refused = section
            .refused(Method::POST, &format!("{report}/reply"), reply)
            .await;
        assert_eq!(refused.1, "report_needs_no_reply");
        let received = section
            .post(&format!("{report}/receive"), json!({"version": 2}))
            .await;
        assert_eq!(received["state"], "received");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_its_reply_in_time_alerts_the_operations_manager() {
    on_both(async |server| {
        let agent = server.sign_in("agent1").await;
        let ticket = agent.opens("help", "106", "想退考试费").await;
        let new = document("instruction_request", &ticket);
        let own = path(
            "instructions",
            &agent.post("/api/v1/instructions", new).await,
        );
        agent
            .post(&format!("{own}/submit"), json!({"version": 1}))
            .await;
        server.clock.advance(Duration::from_hours(56));
        let manager = server.sign_in("manager").await;
        let late = manager
            .until(&own, Duration::from_secs(5), |shown| {
                actions(shown).contains(&"overdue")
            })
            .await;
        assert_eq!(
            (&late["overdue"], &late["state"]),
            (&json!(true), &json!("submitted"))
        );
        let id = manager.own_id().await;
        let told = late["notices"].as_array().unwrap();
        assert!(
            told.iter()
                .any(|notice| notice["user_id"] == id && notice["reason"] == "overdue"),
            "{late}"
        );
        let bell = manager.until("/api/v1/notices", Duration::from_secs(5), |all| {
            all["items"].as_array().is_some_and(|rows| {
                rows.iter()
                    .any(|row| row["kind"] == "instruction_unanswered")
            })
        });
        bell.await;
    })
    .await;
}
