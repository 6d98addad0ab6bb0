//! Escalations: up level by level on silence, an answer fed back, closed with cause and action.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cases::{
    actions, everybody, id, manager, official, opened, post, purchaser, refused, told,
};
use crate::desk::{Desk, agent, lead, on_both};

async fn raised(desk: &Desk, ticket: Option<Uuid>) -> Uuid {
    let new = json!({"ticket_id": ticket, "title": "系统故障无人处理", "reason": "需要技术支持"});
    id(&post(desk, &agent(1), "/api/v1/escalations", new).await)
}

async fn shown(desk: &Desk, escalation: Uuid) -> Value {
    desk.get(&lead(), &format!("/api/v1/escalations/{escalation}"))
        .await
}

async fn at_level(desk: &Desk, escalation: Uuid, level: u8) -> Value {
    desk.until(&format!("level {level}"), async || {
        shown(desk, escalation).await["level"] == level
    })
    .await;
    shown(desk, escalation).await
}

#[tokio::test]
async fn silence_takes_it_up_level_by_level_and_says_who_was_told_when() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        everybody(&desk).await;
        let escalation = raised(&desk, None).await;
        let first = shown(&desk, escalation).await;
        assert_eq!(
            (&first["level"], &first["state"]),
            (&json!(1), &json!("raised"))
        );
        let due = first["due_at"].as_str().unwrap();
        assert!(
            due.starts_with("2026-11-23T02:30:00"),
            "30 service minutes: {due}"
        );
        assert_eq!(
            told(&first, "notices"),
            [(lead().user_id, "raised".to_owned())]
        );

        desk.app.clock.advance(Duration::from_mins(30));
        let second = at_level(&desk, escalation, 2).await;
        assert_eq!(
            told(&second, "notices")[1],
            (manager().user_id, "promoted".to_owned())
        );
        assert!(second["notices"][1]["sent_at"].is_string());
        desk.app.clock.advance(Duration::from_hours(1));
        let third = at_level(&desk, escalation, 3).await;
        let officials: Vec<Uuid> = told(&third, "notices")[2..]
            .iter()
            .map(|(user, _)| *user)
            .collect();
        assert!(
            officials.contains(&official(1).user_id) && officials.contains(&official(2).user_id)
        );
        // 4 service hours from 11:30: past the noon break.
        desk.app.clock.advance(Duration::from_mins(240 + 90));
        let fourth = at_level(&desk, escalation, 4).await;
        assert_eq!(
            told(&fourth, "notices").last().unwrap().0,
            purchaser().user_id
        );
        assert_eq!(
            actions(&fourth),
            ["raised", "promoted", "promoted", "promoted"]
        );
        // There is nobody above: the same people are told again.
        desk.app.clock.advance(Duration::from_hours(24));
        desk.until("told again", async || {
            shown(&desk, escalation).await["reminders"] == 1
        })
        .await;
        assert_eq!(shown(&desk, escalation).await["level"], 4);
    })
    .await;
}

#[tokio::test]
async fn an_answer_comes_back_and_the_closing_needs_cause_and_action() {
    on_both(async |desk| {
        everybody(&desk).await;
        let ticket = opened(&desk, &agent(1), "fault", "114").await;
        let escalation = raised(&desk, Some(ticket)).await;
        let path = format!("/api/v1/escalations/{escalation}");
        let seen = desk.get(&agent(1), &path).await;
        assert!(
            seen["ticket_number"]
                .as_str()
                .unwrap()
                .starts_with("SJ2026")
        );
        assert_eq!(seen["section"], "exams");
        let other = desk.ask(&agent(2), Method::GET, &path, None).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "it is none of his");

        let close = json!({"version": 1, "cause": "接口超时", "action": "已重启"});
        assert_eq!(
            refused(&desk, &agent(1), &format!("{path}/close"), close).await,
            "escalation_unanswered"
        );
        let answer = json!({"version": 1, "answer": "已联系技术单位，一小时内恢复"});
        let answered = post(&desk, &lead(), &format!("{path}/answer"), answer.clone()).await;
        assert_eq!(answered["state"], "answered");
        assert_eq!(
            told(&answered, "notices").last().unwrap(),
            &(agent(1).user_id, "answered".to_owned())
        );
        let late = refused(&desk, &manager(), &format!("{path}/answer"), answer).await;
        assert_eq!(late, "stale_version");
        let again = json!({"version": 2, "answer": "另一个答复"});
        assert_eq!(
            refused(&desk, &manager(), &format!("{path}/answer"), again).await,
            "escalation_answered"
        );

        for (half, field) in [
            (
                json!({"version": 2, "cause": " ", "action": "已重启"}),
                "cause",
            ),
            (
                json!({"version": 2, "cause": "接口超时", "action": ""}),
                "action",
            ),
        ] {
            let answer = desk
                .ask(
                    &agent(1),
                    Method::POST,
                    &format!("{path}/close"),
                    Some(half),
                )
                .await;
            assert_eq!(
                (answer.status, &answer.json["field"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(field))
            );
        }
        let close = json!({"version": 2, "cause": "接口超时", "action": "已重启"});
        let closed = post(&desk, &agent(1), &format!("{path}/close"), close).await;
        assert_eq!(
            (&closed["state"], &closed["open"], &closed["due_at"]),
            (&json!("closed"), &json!(false), &Value::Null)
        );
        assert_eq!(actions(&closed), ["raised", "answered", "closed"]);
        let after = json!({"version": 3, "reason": "又坏了"});
        assert_eq!(
            refused(&desk, &lead(), &format!("{path}/promote"), after).await,
            "escalation_ended"
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_answers_above_his_level_and_a_lead_turns_to_the_manager() {
    on_both(async |desk| {
        everybody(&desk).await;
        let new = json!({"title": "人手不足", "reason": "三人请假"});
        let by_lead = post(&desk, &lead(), "/api/v1/escalations", new).await;
        assert_eq!(by_lead["level"], 2);
        let path = format!("/api/v1/escalations/{}", id(&by_lead));
        let answer = json!({"version": 1, "answer": "自行解决"});
        assert_eq!(
            refused(&desk, &lead(), &format!("{path}/answer"), answer.clone()).await,
            "escalation_above_you"
        );
        post(&desk, &purchaser(), &format!("{path}/answer"), answer).await;
        let mine = desk.get(&manager(), "/api/v1/escalations?mine=true").await;
        assert_eq!(mine["total"], 0, "it is answered");
        let up = json!({"version": 2, "reason": "答复没有解决问题"});
        let up = post(&desk, &lead(), &format!("{path}/promote"), up).await;
        assert_eq!((&up["level"], &up["state"]), (&json!(3), &json!("raised")));
        let mine = desk
            .get(&official(1), "/api/v1/escalations?mine=true")
            .await;
        assert_eq!(mine["total"], 1);
        let levels = desk.get(&lead(), "/api/v1/escalation-levels").await;
        assert_eq!(levels["items"].as_array().unwrap().len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_breached_ticket_goes_up_by_itself_once() {
    on_both(async |desk| {
        everybody(&desk).await;
        let ticket = opened(&desk, &agent(1), "consult", "106").await;
        let alarm = async |note: &str| {
            desk.deliver("ticket.alarm", ticket, json!({"note": note}))
                .await;
        };
        alarm("half").await;
        assert_eq!(desk.get(&lead(), "/api/v1/escalations").await["total"], 0);
        alarm("due").await;
        alarm("due").await;
        let all = desk.get(&lead(), "/api/v1/escalations").await;
        assert_eq!(all["total"], 1);
        let one = &all["items"][0];
        assert_eq!(
            (&one["raised_by"], &one["level"], &one["reason"]),
            (&Value::Null, &json!(1), &json!("overdue"))
        );
        assert_eq!(one["originator"]["id"], json!(agent(1).user_id));
        assert_eq!(one["ticket_id"], json!(ticket));
    })
    .await;
}

#[tokio::test]
async fn a_breached_ticket_stays_with_its_people_where_the_setting_says_so() {
    let off = [("tickets.escalate_breaches", "false".to_owned())];
    for kind in testing::Kind::all() {
        let desk = Desk::new(testing::app(*kind, &crate::desk::migrations(), &off).await);
        everybody(&desk).await;
        let ticket = opened(&desk, &agent(1), "consult", "106").await;
        desk.deliver("ticket.alarm", ticket, json!({"note": "due"}))
            .await;
        assert_eq!(desk.get(&lead(), "/api/v1/escalations").await["total"], 0);
    }
}

#[tokio::test]
async fn the_agent_complained_about_sees_no_escalation_of_it() {
    on_both(async |desk| {
        everybody(&desk).await;
        let ticket = opened(&desk, &agent(1), "complaint", "901").await;
        let escalation = raised(&desk, Some(ticket)).await;
        let version = desk.ticket(&lead(), ticket).await["version"].clone();
        let complain = json!({"version": version, "complained_agent": agent(1).user_id});
        let path = format!("/api/v1/tickets/{ticket}");
        desk.ask(&lead(), Method::PATCH, &path, Some(complain))
            .await;
        let path = format!("/api/v1/escalations/{escalation}");
        let hidden = desk.ask(&agent(1), Method::GET, &path, None).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        shown(&desk, escalation).await;
    })
    .await;
}
