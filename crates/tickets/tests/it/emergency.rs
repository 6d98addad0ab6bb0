//! Emergencies: everybody who has to know at once, proof of arrival, reports until the final one.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use kernel::{Principal, Role};
use serde_json::{Value, json};
use testing::principal;
use uuid::Uuid;

use crate::cases::{
    actions, counterpart, everybody, id, manager, official, post, purchaser, refused,
};
use crate::desk::{Desk, agent, lead, on_both};

const PATH: &str = "/api/v1/emergencies";

fn outage() -> Value {
    json!({"category": "system_outage", "what": "报名系统全部无法访问", "where": "报名系统"})
}

async fn raised(desk: &Desk) -> String {
    let answer = desk
        .ask(&agent(1), Method::POST, PATH, Some(outage()))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
    format!("{PATH}/{}", id(&answer.json))
}

fn deliveries<'a>(shown: &'a Value, way: &str) -> Vec<(&'a Value, Uuid)> {
    let all = shown["deliveries"].as_array().unwrap().iter();
    all.filter(|row| row["way"] == way)
        .map(|row| (row, row["user_id"].as_str().unwrap().parse().unwrap()))
        .collect()
}

#[tokio::test]
async fn one_report_reaches_lead_manager_liaison_and_administrator_with_proof() {
    on_both(async |desk| {
        everybody(&desk).await;
        let path = raised(&desk).await;
        let shown = desk.get(&agent(2), &path).await;
        assert_eq!(shown["category_name"], "系统中断");
        for (word, found) in [("报名系统", 1), ("台风", 0)] {
            let listed = desk.get(&agent(2), &format!("{PATH}?q={word}")).await;
            assert_eq!(listed["total"], found, "{word}");
        }
        let people = [lead(), manager(), counterpart(), purchaser()];
        let sent = deliveries(&shown, "console");
        assert_eq!(sent.len(), 4);
        for person in &people {
            let (row, _) = sent
                .iter()
                .find(|(_, user)| *user == person.user_id)
                .unwrap();
            assert_eq!(
                (row["sent_at"].is_string(), &row["arrived_at"]),
                (true, &Value::Null)
            );
        }
        let by_sms = deliveries(&shown, "sms");
        assert_eq!(by_sms.len(), 4, "one row for each recipient and way");
        assert!(by_sms[0].0["sent_at"].is_null(), "no gateway has taken it");

        for person in &people {
            let arrived = desk
                .ask(
                    person,
                    Method::POST,
                    &format!("{path}/arrived"),
                    Some(json!({})),
                )
                .await;
            assert_eq!(arrived.status, StatusCode::NO_CONTENT, "{}", arrived.json);
        }
        let said = Some(json!({"acknowledged": true}));
        desk.ask(&lead(), Method::POST, &format!("{path}/arrived"), said)
            .await;
        let shown = desk.get(&lead(), &path).await;
        for (row, user) in deliveries(&shown, "console") {
            assert!(row["arrived_at"].is_string(), "{row}");
            assert_eq!(row["acknowledged_at"].is_string(), user == lead().user_id);
        }
        assert_eq!(
            actions(&shown)
                .iter()
                .filter(|action| **action == "arrived")
                .count(),
            4
        );
        let none = desk
            .ask(
                &official(1),
                Method::POST,
                &format!("{path}/arrived"),
                Some(json!({})),
            )
            .await;
        assert_eq!(
            (none.status, &none.json["code"]),
            (StatusCode::CONFLICT, &json!("emergency_not_told"))
        );

        let left = json!({"subject_kind": "emergency", "subject_id": shown["id"], "way": "sms",
            "user_id": lead().user_id, "kind": "emergency_raised"});
        desk.deliver("notice.sent", desk.app.ids.next(), left).await;
        let shown = desk.get(&lead(), &path).await;
        for (row, user) in deliveries(&shown, "sms") {
            assert_eq!(row["sent_at"].is_string(), user == lead().user_id);
        }
    })
    .await;
}

#[tokio::test]
async fn who_was_not_reached_within_a_minute_is_named() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        everybody(&desk).await;
        let path = raised(&desk).await;
        for person in [lead(), manager(), counterpart()] {
            desk.ask(
                &person,
                Method::POST,
                &format!("{path}/arrived"),
                Some(json!({})),
            )
            .await;
        }
        desk.app.clock.advance(Duration::from_mins(1));
        desk.until("it is told", async || {
            actions(&desk.get(&lead(), &path).await).contains(&"unreached")
        })
        .await;
        let shown = desk.get(&lead(), &path).await;
        let lines = shown["lines"].as_array().unwrap();
        let line = lines
            .iter()
            .find(|line| line["action"] == "unreached")
            .unwrap();
        assert_eq!(line["note"], "purchaser_admin");
    })
    .await;
}

#[tokio::test]
async fn follow_up_reports_come_due_until_the_final_one() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        everybody(&desk).await;
        let path = raised(&desk).await;
        let version = async || desk.get(&lead(), &path).await["version"].clone();
        desk.app.clock.advance(Duration::from_hours(2));
        desk.until("the report is asked for", async || {
            actions(&desk.get(&lead(), &path).await).contains(&"overdue")
        })
        .await;
        assert_eq!(desk.get(&lead(), &path).await["overdue"], true);
        let report = json!({"version": version().await, "text": "已切换备用线路"});
        let not_his = refused(&desk, &agent(2), &format!("{path}/reports"), report.clone()).await;
        assert_eq!(not_his, "not_found");
        let followed = post(&desk, &agent(1), &format!("{path}/reports"), report).await;
        assert_eq!(
            (
                &followed["state"],
                &followed["reports"],
                &followed["overdue"]
            ),
            (&json!("followed_up"), &json!(2), &json!(false))
        );
        let last =
            json!({"version": version().await, "text": "已恢复，原因为机房断电", "final": true});
        let closed = post(&desk, &lead(), &format!("{path}/reports"), last.clone()).await;
        assert_eq!(
            (&closed["state"], &closed["due_at"]),
            (&json!("closed"), &Value::Null)
        );
        assert_eq!(closed["final_report"], "已恢复，原因为机房断电");
        let mut more = last;
        more["version"] = version().await;
        assert_eq!(
            refused(&desk, &lead(), &format!("{path}/reports"), more).await,
            "emergency_ended"
        );
        let reports = |reason: &str| {
            deliveries(&closed, "console")
                .iter()
                .filter(|(row, _)| row["reason"] == reason)
                .count()
        };
        assert_eq!((reports("raised"), reports("followed_up")), (4, 4));
        assert_eq!(reports("closed"), 3, "who reports needs no report");
    })
    .await;
}

#[tokio::test]
async fn a_late_first_report_says_so_and_an_unknown_category_is_refused() {
    on_both(async |desk| {
        everybody(&desk).await;
        let mut late = outage();
        late["discovered_at"] = json!("2026-11-23T01:44:00Z");
        let shown = post(&desk, &agent(1), PATH, late.clone()).await;
        assert_eq!(shown["first_report_late"], true, "16 minutes");
        late["discovered_at"] = json!("2026-11-23T01:46:00Z");
        assert_eq!(
            post(&desk, &agent(1), PATH, late.clone()).await["first_report_late"],
            false
        );
        late["discovered_at"] = json!("2026-11-23T03:00:00Z");
        assert_eq!(refused(&desk, &agent(1), PATH, late).await, "time_ahead");
        let mut odd = outage();
        odd["category"] = json!("meteor");
        assert_eq!(
            refused(&desk, &agent(1), PATH, odd).await,
            "category_unknown"
        );
        let reviewer: Principal = principal(&[Role::PurchaserReviewer]);
        assert_eq!(refused(&desk, &reviewer, PATH, outage()).await, "forbidden");
        let open = desk.get(&lead(), &format!("{PATH}?open=true")).await;
        assert_eq!(open["total"], 2);
        let kinds = desk.get(&agent(1), "/api/v1/emergency-categories").await;
        assert_eq!(kinds["items"].as_array().unwrap().len(), 8);
    })
    .await;
}
