//! Correcting and closing a ticket, its history, and the first owner who never changes.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{Desk, agent, lead, on_both};
use crate::verbs::section;

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

async fn opened_at(desk: &Desk, address: &str, confidential: bool) -> testing::Answer {
    let new = json!({"request_type": "report", "matter": "112", "summary": "有人替考", "phone": "13900000010",
        "incident_address": address, "confidential": confidential});
    desk.ask(&agent(1), Method::POST, "/api/v1/tickets", Some(new))
        .await
}

/// What the history tells of the address, the newest first.
async fn addresses(desk: &Desk, who: &kernel::Principal, id: uuid::Uuid) -> Vec<(Value, Value)> {
    let history = desk
        .get(who, &format!("/api/v1/tickets/{id}/history"))
        .await;
    let lines = history["items"].as_array().unwrap().iter();
    lines
        .filter(|line| line["field"] == "incident_address")
        .map(|line| (line["before"].clone(), line["after"].clone()))
        .collect()
}

#[tokio::test]
async fn the_address_is_given_corrected_and_taken_away_and_the_history_tells_it() {
    on_both(async |desk| {
        desk.people(&[&agent(1)]).await;
        let long = opened_at(&desk, &"长".repeat(201), false).await;
        assert_eq!(
            (long.status, &long.json["code"], &long.json["field"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("text_too_long"),
                &json!("incident_address")
            )
        );
        let longest = "长".repeat(200);
        let opened = opened_at(&desk, &format!(" {longest} "), false).await;
        assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.json);
        assert_eq!(opened.json["incident_address"], json!(longest));
        let id = opened.json["id"].as_str().unwrap().parse().unwrap();
        let corrected = async |address: &str| {
            desk.app.clock.advance(Duration::from_secs(1));
            let version = &desk.ticket(&agent(1), id).await["version"];
            let change = json!({"version": version, "incident_address": address});
            let answer = patch(&desk, &agent(1), id, change).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
            answer.json["incident_address"].clone()
        };
        assert_eq!(corrected("天河区考点").await, "天河区考点");
        assert_eq!(corrected(" ").await, Value::Null);
        let told = addresses(&desk, &agent(1), id).await;
        let lines = [
            (json!("天河区考点"), Value::Null),
            (json!(longest), json!("天河区考点")),
        ];
        assert_eq!(told, lines);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_know_the_requester_sees_no_address_nor_finds_by_it() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &lead()]).await;
        let opened = opened_at(&desk, "天河区考点", true).await;
        let id = opened.json["id"].as_str().unwrap().parse().unwrap();
        let change = json!({"version": opened.json["version"], "incident_address": "越秀区考点"});
        patch(&desk, &agent(1), id, change).await;
        for (who, knows) in [(agent(1), true), (section(), true), (lead(), false)] {
            let shown = |text: &str| if knows { json!(text) } else { Value::Null };
            let ticket = desk.ticket(&who, id).await;
            assert_eq!(ticket["incident_address"], shown("越秀区考点"));
            let told = addresses(&desk, &who, id).await;
            assert_eq!(told, [(shown("天河区考点"), shown("越秀区考点"))]);
            let listed = desk
                .get(&who, "/api/v1/tickets?incident_address=越秀")
                .await;
            assert_eq!(listed["total"], u64::from(knows));
        }
        let listed = desk.get(&lead(), "/api/v1/tickets").await;
        let row = &listed["items"][0];
        assert!(row["incident_address"].is_null());
        let blind = json!({"version": row["version"], "incident_address": "别处"});
        let path = format!("/api/v1/tickets/{id}");
        let answer = desk.ask(&lead(), Method::PATCH, &path, Some(blind)).await;
        assert_eq!(answer.json["code"], "address_hidden", "{}", answer.json);
    })
    .await;
}
