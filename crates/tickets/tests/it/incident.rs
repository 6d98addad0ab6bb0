//! Mass incidents: one fault, one banner, one answer, one report.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cases::{actions, everybody, id, official, opened, post, refused};
use crate::desk::{Desk, agent, lead, on_both};

const PATH: &str = "/api/v1/incidents";

async fn declared(desk: &Desk) -> String {
    let new = json!({"title": "报名系统无法登录", "matter": "114", "answer": "系统正在抢修，预计 15:00 恢复。",
        "banner": "报名系统故障，请使用统一答复"});
    let answer = desk.ask(&lead(), Method::POST, PATH, Some(new)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    format!("{PATH}/{}", id(&answer.json))
}

async fn link(desk: &Desk, path: &str, tickets: &[Uuid]) -> Value {
    let body = json!({"tickets": tickets});
    post(desk, &lead(), &format!("{path}/tickets"), body).await
}

async fn closed(desk: &Desk, path: &str) -> Value {
    let version = desk.get(&lead(), path).await["version"].clone();
    let body = json!({"version": version, "cause": "数据库连接耗尽", "answer": "系统已恢复，请重新登录。"});
    let closing = post(desk, &lead(), &format!("{path}/close"), body).await;
    assert_eq!(closing["state"], "closing");
    desk.until("all are answered", async || {
        desk.get(&lead(), path).await["state"] == "closed"
    })
    .await;
    desk.get(&lead(), path).await
}

#[tokio::test]
async fn linked_tickets_get_the_one_answer_by_the_rules_of_each_and_one_report_is_written() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        everybody(&desk).await;
        let path = declared(&desk).await;
        let banner = desk.get(&agent(2), &format!("{PATH}?open=true")).await;
        assert_eq!(banner["items"][0]["banner"], "报名系统故障，请使用统一答复");
        let plain = desk.open_ticket("13900000001", &agent(1)).await;
        let complaint = opened(&desk, &agent(1), "complaint", "114").await;
        let suspended = opened(&desk, &agent(2), "fault", "114").await;
        let ended = opened(&desk, &agent(2), "fault", "114").await;
        let asked = opened(&desk, &agent(2), "fault", "114").await;
        let handle = async |ticket: Uuid, mut verb: Value| {
            verb["version"] = desk.ticket(&lead(), ticket).await["version"].clone();
            post(&desk, &agent(2), &format!("/api/v1/tickets/{ticket}/handle"), verb).await
        };
        handle(suspended, json!({"action": "suspend", "reason": "待补截图"})).await;
        handle(ended, json!({"action": "close", "resolution": "已自行恢复"})).await;
        handle(asked, json!({"action": "ask_extension", "unit": "working_days", "n": 1, "reason": "待厂家"})).await;
        let all = [plain, complaint, suspended, ended, asked];
        link(&desk, &path, &all).await;
        let counts = link(&desk, &path, &all).await;
        assert_eq!((&counts["tickets"], &counts["contacts"]), (&json!(5), &json!(1)), "linked once, with its contact");
        assert_eq!(actions(&counts), ["declared", "linked"]);
        assert_eq!(desk.ticket(&agent(1), plain).await["incident_id"], counts["id"]);

        let shown = closed(&desk, &path).await;
        assert_eq!((&shown["done"], &shown["due_at"], &shown["open"]), (&json!(5), &Value::Null, &json!(false)));
        for (ticket, state) in [
            (plain, "replied"),
            (complaint, "pending_review"),
            (suspended, "replied"),
            (ended, "closed"),
            (asked, "in_handling"),
        ] {
            let ticket = desk.ticket(&lead(), ticket).await;
            assert_eq!(ticket["state"], state, "{ticket}");
            let answered = state == "replied" || state == "pending_review";
            assert_eq!(ticket["resolution"] == "系统已恢复，请重新登录。", answered);
        }
        let report = desk.get(&official(1), &format!("{path}/report")).await;
        assert_eq!((&report["tickets"], &report["contacts"]), (&json!(5), &json!(1)));
        assert_eq!(report["by_day"], json!([{"key": "2026-11-23", "tickets": 5, "contacts": 1}]));
        assert_eq!(report["by_hour"], json!([{"key": "2026-11-23T10", "tickets": 5, "contacts": 1}]));
        assert_eq!(report["by_channel"], json!([{"key": "own", "tickets": 5, "contacts": 0}, {"key": "voice", "tickets": 0, "contacts": 1}]));
        assert_eq!(report["outcomes"], json!([
            {"key": "ended_before", "tickets": 1, "contacts": 0}, {"key": "pending_review", "tickets": 1, "contacts": 0},
            {"key": "replied", "tickets": 2, "contacts": 0}, {"key": "ticket_undecided", "tickets": 1, "contacts": 0},
        ]));
        assert_eq!(report["cause"], "数据库连接耗尽");
        let body = json!({"tickets": [plain]});
        assert_eq!(desk.get(&agent(2), &format!("{path}/report")).await, report, "it is frozen");
        let more = opened(&desk, &agent(1), "fault", "114").await;
        let late = json!({"tickets": [more]});
        assert_eq!(refused(&desk, &lead(), &format!("{path}/tickets"), late).await, "incident_ended");
        post(&desk, &lead(), &format!("{path}/tickets"), body).await;
    })
    .await;
}

#[tokio::test]
async fn an_agent_links_what_is_his_and_nothing_is_half_linked() {
    on_both(async |desk| {
        everybody(&desk).await;
        let path = declared(&desk).await;
        let (mine, other) = (
            opened(&desk, &agent(1), "fault", "114").await,
            opened(&desk, &agent(2), "fault", "114").await,
        );
        let both = json!({"tickets": [mine, other]});
        let answer = desk
            .ask(
                &agent(1),
                Method::POST,
                &format!("{path}/tickets"),
                Some(both),
            )
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(desk.get(&lead(), &path).await["tickets"], 0);
        let one = json!({"tickets": [mine]});
        let linked = post(&desk, &agent(1), &format!("{path}/tickets"), one.clone()).await;
        assert_eq!(linked["tickets"], 1);

        let second = declared(&desk).await;
        assert_eq!(
            refused(&desk, &agent(1), &format!("{second}/tickets"), one.clone()).await,
            "ticket_of_another_incident"
        );
        let out = format!("{path}/tickets/{mine}");
        let answer = desk.ask(&agent(1), Method::DELETE, &out, None).await;
        assert_eq!(
            (answer.status, &answer.json["tickets"]),
            (StatusCode::OK, &json!(0))
        );
        assert_eq!(
            post(&desk, &agent(1), &format!("{second}/tickets"), one).await["tickets"],
            1
        );
        let seen = desk.get(&agent(2), &format!("{second}/tickets")).await;
        assert_eq!(seen["total"], 0, "he sees his own only");
        let none = json!({"tickets": []});
        assert_eq!(
            refused(&desk, &agent(1), &format!("{second}/tickets"), none).await,
            "too_many_to_link"
        );
        let new = json!({"title": "另一故障", "answer": "请稍候"});
        assert_eq!(refused(&desk, &agent(1), PATH, new).await, "forbidden");
    })
    .await;
}

#[tokio::test]
async fn contacts_without_a_ticket_are_linked_too() {
    on_both(async |desk| {
        everybody(&desk).await;
        let path = declared(&desk).await;
        let call = desk.talked("13900000001", &agent(1)).await;
        let answered = json!({"result": "answered", "matter": "114", "summary": "已告知正在抢修"});
        desk.completed(&agent(1), call, answered).await;
        let body = json!({"contact_records": [call]});
        let records = format!("{path}/contact-records");
        let other = desk
            .ask(&agent(2), Method::POST, &records, Some(body.clone()))
            .await;
        assert_eq!(other.status, StatusCode::NOT_FOUND);
        assert_eq!(
            post(&desk, &agent(1), &records, body.clone()).await["contacts"],
            1
        );
        let once_more = post(&desk, &agent(1), &records, body).await;
        assert_eq!(once_more["contacts"], 1);
        desk.talked("13900000002", &agent(1)).await;
        let id = once_more["id"].as_str().unwrap();
        let listed = format!("/api/v1/contact-records?incident={id}");
        let listed = desk.get(&lead(), &listed).await;
        assert_eq!(listed["total"], 1, "the rows behind the count");
        assert_eq!(listed["items"][0]["call_id"], json!(call));
    })
    .await;
}

#[tokio::test]
async fn many_tickets_of_one_matter_suggest_an_incident() {
    on_both(async |desk| {
        everybody(&desk).await;
        let suggested =
            async || desk.get(&lead(), &format!("{PATH}/suggestions")).await["items"].clone();
        for _ in 0..9 {
            opened(&desk, &agent(1), "fault", "114").await;
        }
        assert_eq!(suggested().await, json!([]));
        opened(&desk, &agent(1), "fault", "114").await;
        let found = suggested().await;
        assert_eq!(
            (
                &found[0]["matter"],
                &found[0]["tickets"],
                &found[0]["matter_name"]
            ),
            (&json!("114"), &json!(10), &json!("系统故障"))
        );
        desk.app.clock.advance(Duration::from_hours(3));
        assert_eq!(suggested().await, json!([]), "that was some time ago");
        desk.app.clock.advance(Duration::from_hours(1));
        for _ in 0..10 {
            opened(&desk, &agent(1), "fault", "114").await;
        }
        declared(&desk).await;
        assert_eq!(suggested().await, json!([]), "it is known");
    })
    .await;
}

#[tokio::test]
async fn an_answer_nobody_looks_at_again_is_asked_about() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        everybody(&desk).await;
        let path = declared(&desk).await;
        // 2 service hours from 10:00, whatever the start took of them: past the noon break.
        desk.app.clock.advance(Duration::from_mins(120 + 91));
        desk.until("it is asked about", async || {
            actions(&desk.get(&lead(), &path).await).contains(&"overdue")
        })
        .await;
        let change = json!({"version": 2, "answer": "预计 16:00 恢复。"});
        let answer = desk.ask(&lead(), Method::PATCH, &path, Some(change)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        assert_eq!(answer.json["answer"], "预计 16:00 恢复。");
        assert_eq!(answer.json["title"], "报名系统无法登录");
    })
    .await;
}
