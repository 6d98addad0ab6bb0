//! Correcting and closing a ticket, its history, and the first owner who never changes.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{Desk, agent, lead, on_both};

async fn patch(
    desk: &Desk,
    who: &kernel::Principal,
    id: uuid::Uuid,
    change: Value,
) -> testing::Answer {
    desk.ask(
        who,
        Method::PATCH,
        &format!("/api/v1/tickets/{id}"),
        Some(change),
    )
    .await
}

#[tokio::test]
async fn a_correction_stands_in_the_history_with_before_and_after() {
    on_both(async |desk| {
        let agent = agent(1);
        let id = desk.open_ticket("13900000001", &agent).await;
        desk.app.clock.advance(Duration::from_secs(1));
        let change = json!({"version": 2, "request_type": "complaint", "matter": "901"});
        let changed = patch(&desk, &agent, id, change).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
        assert_eq!(
            (&changed.json["version"], &changed.json["matter_name"]),
            (&json!(3), &json!("投诉建议"))
        );
        let history = desk
            .get(&agent, &format!("/api/v1/tickets/{id}/history"))
            .await;
        let lines = history["items"].as_array().unwrap();
        let line = |field: &str, version: i64| {
            lines
                .iter()
                .find(|line| line["field"] == field && line["version"] == version)
                .unwrap()
        };
        let request_type = line("request_type", 3);
        assert_eq!(
            (&request_type["before"], &request_type["after"]),
            (&json!("help"), &json!("complaint"))
        );
        assert_eq!(request_type["who"], "agent1");
        assert_eq!(line("matter", 3)["before"], "106");
        assert_eq!(
            (&line("state", 2)["before"], &line("state", 2)["after"]),
            (&json!("draft"), &json!("in_handling"))
        );
        assert_eq!(lines.last().unwrap()["action"], "drafted");
    })
    .await;
}

#[tokio::test]
async fn of_two_who_change_one_ticket_one_is_told_to_read_again() {
    on_both(async |desk| {
        let agent = agent(1);
        let id = desk.open_ticket("13900000001", &agent).await;
        let lead = lead();
        let change = |summary: &str| json!({"version": 2, "summary": summary});
        let (one, two) = tokio::join!(
            patch(&desk, &agent, id, change("甲")),
            patch(&desk, &lead, id, change("乙"))
        );
        let mut statuses = [one.status, two.status];
        statuses.sort();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT]);
        let loser = if one.status == StatusCode::CONFLICT {
            one
        } else {
            two
        };
        assert_eq!(loser.json["code"], "stale_version");
    })
    .await;
}

#[tokio::test]
async fn a_closed_ticket_stays_closed() {
    on_both(async |desk| {
        let agent = agent(1);
        let id = desk.open_ticket("13900000001", &agent).await;
        let path = format!("/api/v1/tickets/{id}/handle");
        let empty = desk
            .ask(
                &agent,
                Method::POST,
                &path,
                Some(json!({"version": 2, "action": "close", "resolution": " "})),
            )
            .await;
        assert_eq!(
            (empty.status, &empty.json["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("text_missing"))
        );
        let body = json!({"version": 2, "action": "close", "resolution": "已核实到账，短信告知"});
        let closed = desk.ask(&agent, Method::POST, &path, Some(body)).await;
        assert_eq!(
            (closed.status, &closed.json["state"]),
            (StatusCode::OK, &json!("closed"))
        );
        assert!(closed.json["closed_at"].is_string());
        let late = patch(&desk, &agent, id, json!({"version": 3, "summary": "再改"})).await;
        assert_eq!(
            (late.status, &late.json["code"]),
            (StatusCode::CONFLICT, &json!("ticket_ended"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_draft_waits_for_its_wrap_up() {
    on_both(async |desk| {
        let agent = agent(1);
        let call = desk.talked("13900000001", &agent).await;
        let record = desk
            .get(&agent, &format!("/api/v1/contact-records/{call}"))
            .await;
        let path = format!(
            "/api/v1/tickets/{}/handle",
            record["ticket"]["id"].as_str().unwrap()
        );
        let body = json!({"version": 1, "action": "close", "resolution": "好"});
        let answer = desk.ask(&agent, Method::POST, &path, Some(body)).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (StatusCode::CONFLICT, &json!("ticket_not_now"))
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_changes_the_first_owner() {
    on_both(async |desk| {
        let agent = agent(1);
        let id = desk.open_ticket("13900000001", &agent).await;
        for field in ["first_owner_id", "first_owner", "owner", "state", "number"] {
            let mut change = json!({"version": 2});
            change[field] = json!(lead().user_id);
            let answer = patch(&desk, &lead(), id, change).await;
            assert!(
                answer.status.is_client_error(),
                "{field}: {}",
                answer.status
            );
        }
        let ticket = desk.ticket(&agent, id).await;
        assert_eq!(ticket["version"], 2);
        assert_eq!(ticket["first_owner_id"], json!(agent.user_id));
    })
    .await;
}

#[tokio::test]
async fn numbers_count_up_within_a_day_of_guangzhou_and_never_repeat() {
    on_both(async |desk| {
        let agent = agent(1);
        let mut numbers = Vec::new();
        for _ in 0..3 {
            let id = desk.open_ticket("13900000001", &agent).await;
            numbers.push(
                desk.ticket(&agent, id).await["number"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        assert_eq!(
            numbers,
            ["SJ20261123-0001", "SJ20261123-0002", "SJ20261123-0003"]
        );
        // 2026-11-23T16:30Z is the 24th in Guangzhou.
        desk.app.clock.advance(Duration::from_mins(14 * 60 + 30));
        let id = desk.open_ticket("13900000001", &agent).await;
        assert_eq!(desk.ticket(&agent, id).await["number"], "SJ20261124-0001");
    })
    .await;
}

#[tokio::test]
async fn calls_answered_at_once_get_different_numbers() {
    on_both(async |desk| {
        let agents: Vec<_> = (1..=8).map(agent).collect();
        let talks = agents.iter().map(|agent| desk.talked("13900000001", agent));
        let calls = futures::future::join_all(talks).await;
        let mut numbers = Vec::new();
        for (call, agent) in calls.into_iter().zip(&agents) {
            let record = desk
                .get(agent, &format!("/api/v1/contact-records/{call}"))
                .await;
            numbers.push(record["ticket"]["number"].as_str().unwrap().to_owned());
        }
        numbers.sort();
        let expected: Vec<_> = (1..=8)
            .map(|count| format!("SJ20261123-{count:04}"))
            .collect();
        assert_eq!(numbers, expected);
    })
    .await;
}
