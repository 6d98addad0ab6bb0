//! 请示 and 报告: one matter each, numbered without gaps, a binding reply kept with the ticket.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use kernel::Principal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cases::{
    actions, everybody, id, manager, official, opened, post, purchaser, refused, told,
};
use crate::desk::{Desk, agent, lead, on_both};

const PATH: &str = "/api/v1/instructions";

fn document(kind: &str) -> Value {
    json!({"kind": kind, "matters": ["106"], "title": "关于退费口径的请示", "body": "缴费成功后能否退费，请批示。"})
}

async fn written(desk: &Desk, who: &Principal, document: Value) -> Uuid {
    let answer = desk.ask(who, Method::POST, PATH, Some(document)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    id(&answer.json)
}

async fn submitted(desk: &Desk, who: &Principal, document: Value) -> Value {
    let id = written(desk, who, document).await;
    post(
        desk,
        who,
        &format!("{PATH}/{id}/submit"),
        json!({"version": 1}),
    )
    .await
}

#[tokio::test]
async fn a_reply_binds_and_stands_with_the_ticket() {
    on_both(async |desk| {
        everybody(&desk).await;
        let ticket = opened(&desk, &agent(1), "help", "106").await;
        let mut asked = document("instruction_request");
        asked["ticket_id"] = json!(ticket);
        let shown = submitted(&desk, &agent(1), asked).await;
        assert_eq!(shown["number"], "请示〔2026〕1号");
        assert_eq!(
            (&shown["section"], &shown["state"]),
            (&json!("exams"), &json!("submitted"))
        );
        // 2 working days from Monday.
        assert_eq!(shown["due_at"], "2026-11-25T10:00:00Z");
        assert_eq!(shown["rule_id"], "case_terms:instruction.reply");
        let path = format!("{PATH}/{}", id(&shown));
        let receive = json!({"version": 2});
        assert_eq!(
            refused(&desk, &official(1), &format!("{path}/receive"), receive).await,
            "instruction_needs_reply"
        );
        let reply = json!({"version": 2, "text": "报名截止前可以退费。"});
        assert_eq!(
            refused(&desk, &lead(), &format!("{path}/reply"), reply.clone()).await,
            "forbidden"
        );
        let replied = post(&desk, &official(1), &format!("{path}/reply"), reply).await;
        assert_eq!(
            (&replied["state"], &replied["reply"]),
            (&json!("replied"), &json!("报名截止前可以退费。"))
        );
        assert_eq!(
            told(&replied, "notices").last().unwrap(),
            &(agent(1).user_id, "replied".to_owned())
        );

        let notes = desk
            .get(
                &agent(1),
                &format!("/api/v1/tickets/{ticket}/notes?kind=instruction"),
            )
            .await;
        assert_eq!(
            notes["items"][0]["body"],
            "请示〔2026〕1号：报名截止前可以退费。"
        );
        let history = desk
            .get(&agent(1), &format!("/api/v1/tickets/{ticket}/history"))
            .await;
        let lines = history["items"].as_array().unwrap();
        assert!(
            lines
                .iter()
                .any(|line| line["action"] == "instruction_replied"),
            "{history}"
        );
        let close = json!({"version": 3, "text": "已按批复答复诉求人"});
        let closed = post(&desk, &agent(1), &format!("{path}/close"), close).await;
        assert_eq!(
            (&closed["open"], &closed["due_at"]),
            (&json!(false), &Value::Null)
        );
        assert_eq!(
            actions(&closed),
            ["drafted", "submitted", "replied", "closed"]
        );
    })
    .await;
}

#[tokio::test]
async fn one_document_is_about_one_matter() {
    on_both(async |desk| {
        everybody(&desk).await;
        for (matters, field, code) in [
            (json!(["106", "107"]), "matters", "one_matter"),
            (json!([]), "matters", "one_matter"),
            (json!(["1"]), "matters", "matter_not_a_leaf"),
        ] {
            let mut new = document("instruction_request");
            new["matters"] = matters;
            let answer = desk.ask(&agent(1), Method::POST, PATH, Some(new)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(
                (&answer.json["field"], &answer.json["code"]),
                (&json!(field), &json!(code))
            );
        }
        assert_eq!(desk.get(&lead(), PATH).await["total"], 0);
    })
    .await;
}

#[tokio::test]
async fn numbers_have_no_gaps_for_each_kind_and_a_report_takes_no_reply() {
    on_both(async |desk| {
        everybody(&desk).await;
        let mut numbers = Vec::new();
        for kind in [
            "instruction_request",
            "report",
            "instruction_request",
            "report",
        ] {
            // What stays a draft takes no number.
            written(&desk, &agent(1), document(kind)).await;
            let shown = submitted(&desk, &agent(1), document(kind)).await;
            numbers.push(shown["number"].as_str().unwrap().to_owned());
        }
        assert_eq!(
            numbers,
            [
                "请示〔2026〕1号",
                "报告〔2026〕1号",
                "请示〔2026〕2号",
                "报告〔2026〕2号"
            ]
        );
        let reports = desk.get(&official(1), &format!("{PATH}?kind=report")).await;
        assert_eq!(reports["total"], 2, "the purchaser sees no drafts");
        let path = format!("{PATH}/{}", id(&reports["items"][0]));
        let reply = json!({"version": 2, "text": "同意"});
        assert_eq!(
            refused(&desk, &official(1), &format!("{path}/reply"), reply).await,
            "report_needs_no_reply"
        );
        let received = post(
            &desk,
            &official(1),
            &format!("{path}/receive"),
            json!({"version": 2}),
        )
        .await;
        assert_eq!(received["state"], "received");

        let mut next_year = document("report");
        next_year["to"] = json!("leader");
        desk.app.clock.advance(Duration::from_hours(24 * 40));
        let shown = submitted(&desk, &agent(1), next_year).await;
        assert_eq!(
            (&shown["number"], &shown["section"]),
            (&json!("报告〔2027〕1号"), &Value::Null)
        );
        let path = format!("{PATH}/{}", id(&shown));
        let receive = json!({"version": 2});
        assert_eq!(
            refused(
                &desk,
                &official(1),
                &format!("{path}/receive"),
                receive.clone()
            )
            .await,
            "not_of_this_section"
        );
        post(&desk, &purchaser(), &format!("{path}/receive"), receive).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_returned_is_mended_and_keeps_its_number() {
    on_both(async |desk| {
        everybody(&desk).await;
        let shown = submitted(&desk, &agent(1), document("instruction_request")).await;
        let path = format!("{PATH}/{}", id(&shown));
        let back = json!({"version": 2, "text": "请写明涉及的考试"});
        let back = post(&desk, &official(1), &format!("{path}/return"), back).await;
        assert_eq!((&back["state"], &back["returned_for"]), (&json!("returned"), &json!("请写明涉及的考试")));
        let mended = json!({"version": 3, "matters": ["106"], "title": "关于一建退费口径的请示", "body": "一级建造师……"});
        let answer = desk.ask(&agent(1), Method::PUT, &path, Some(mended.clone())).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        let answer = desk.ask(&agent(2), Method::PUT, &path, Some(mended)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "not his");
        let again = post(&desk, &agent(1), &format!("{path}/submit"), json!({"version": 4})).await;
        assert_eq!((&again["number"], &again["returned_for"]), (&json!("请示〔2026〕1号"), &Value::Null));
    })
    .await;
}

#[tokio::test]
async fn silence_on_a_request_alerts_the_operations_manager() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        everybody(&desk).await;
        let shown = submitted(&desk, &agent(1), document("instruction_request")).await;
        let path = format!("{PATH}/{}", id(&shown));
        desk.app.clock.advance(Duration::from_hours(56));
        desk.until("the manager is told", async || {
            told(&desk.get(&lead(), &path).await, "notices")
                .contains(&(manager().user_id, "overdue".to_owned()))
        })
        .await;
        let late = desk.get(&lead(), &path).await;
        assert_eq!(
            (&late["overdue"], &late["state"]),
            (&json!(true), &json!("submitted"))
        );
        // And again the next morning.
        desk.app.clock.advance(Duration::from_hours(15));
        desk.until("told again", async || {
            actions(&desk.get(&lead(), &path).await)
                .iter()
                .filter(|action| **action == "overdue")
                .count()
                == 2
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_in_a_call_stands_with_the_call_and_its_ticket() {
    on_both(async |desk| {
        everybody(&desk).await;
        let call = desk.rings("13900000001", &agent(1)).await;
        desk.answers(call, &agent(1)).await;
        let record = format!("/api/v1/contact-records/{call}");
        let opened = desk.get(&agent(1), &record).await;
        let ticket = opened["ticket"]["id"].clone();
        assert!(ticket.is_string(), "{opened}");
        let mut asked = document("instruction_request");
        asked["call_id"] = json!(call);
        let id = written(&desk, &agent(1), asked.clone()).await;
        let shown = desk.get(&agent(1), &format!("{PATH}/{id}")).await;
        assert_eq!(
            (&shown["call_id"], &shown["ticket_id"]),
            (&json!(call), &ticket)
        );
        let of_ticket = format!("{PATH}?ticket={}", ticket.as_str().unwrap());
        assert_eq!(desk.get(&agent(1), &of_ticket).await["total"], 1);
        let of_call = format!("{PATH}?call={call}");
        assert_eq!(desk.get(&agent(1), &of_call).await["total"], 1);
        let raised =
            json!({ "category": "system_outage", "what": "报名系统打不开", "call_id": call });
        let raised = post(&desk, &agent(1), "/api/v1/emergencies", raised).await;
        assert_eq!(raised["call_id"], json!(call));
        let of_call = format!("/api/v1/emergencies?call={call}");
        assert_eq!(desk.get(&agent(1), &of_call).await["total"], 1);
        let documents = desk.get(&agent(1), &record).await["documents"].clone();
        let kinds: Vec<_> = documents
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kinds, ["instruction_request", "emergency"]);
        // A call of somebody else is none, and so is one that never was.
        for (who, call) in [(agent(2), call), (agent(1), Uuid::from_u128(9))] {
            asked["call_id"] = json!(call);
            let answer = desk
                .ask(&who, Method::POST, PATH, Some(asked.clone()))
                .await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.json);
            assert_eq!(answer.json["field"], "call_id", "{}", answer.json);
        }
    })
    .await;
}
