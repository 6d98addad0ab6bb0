//! the purchaser requests a special task; the supplier plans and works it; what is delivered is accepted and rated.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both_at, path};
use crate::support::staff::{does, tries};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_special_task_is_requested_worked_accepted_and_rated() {
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let (section, purchaser) = (server.sign_in("section").await, server.sign_in("purchaser").await);
        let (lead, analyst) = (server.sign_in("lead").await, server.sign_in("analyst").await);
        let new = json!({"title": "准考证高频问题整理", "request": "整理近一月高频问题", "wanted_on": "2026-09-30"});
        assert_eq!(lead.ask(Method::POST, "/api/v1/special-tasks", Some(new.clone())).await.0, StatusCode::FORBIDDEN);
        let task = section.post("/api/v1/special-tasks", new).await;
        let at = path("special-tasks", &task);
        lead.until("/api/v1/special-tasks", Duration::from_secs(2), |all| all["total"] == 1).await;
        let work = |minutes: i64| json!({"action": "work", "on_day": "2026-09-18", "minutes": minutes, "note": "整理"});
        let (_, no) = tries(&analyst, &at, "steps", work(60)).await;
        assert_eq!(no["code"], "special_task_not_planned");
        does(&lead, &at, "steps", json!({"action": "plan", "plan": "两人两天", "minutes": 1_920})).await;
        let (_, no) = tries(&lead, &at, "steps", json!({"action": "deliver", "deliverable": "清单"})).await;
        assert_eq!(no["code"], "special_task_without_hours");
        does(&analyst, &at, "steps", work(480)).await;
        let worked = does(&lead, &at, "steps", work(450)).await;
        assert_eq!((&worked["worked_minutes"], worked["hours"].as_array().unwrap().len()), (&json!(930), 2));
        let (_, no) = tries(&purchaser, &at, "decide", json!({"action": "accept", "rating": 5})).await;
        assert_eq!(no["code"], "special_task_not_delivered");
        does(&lead, &at, "steps", json!({"action": "deliver", "deliverable": "高频问题清单三十条"})).await;
        does(&section, &at, "decide", json!({"action": "send_back", "reason": "请分类"})).await;
        does(&analyst, &at, "steps", work(60)).await;
        does(&lead, &at, "steps", json!({"action": "deliver", "deliverable": "已分类"})).await;
        let (status, _) = tries(&lead, &at, "decide", json!({"action": "accept", "rating": 5})).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let (_, no) = tries(&section, &at, "decide", json!({"action": "accept", "rating": 6})).await;
        assert_eq!(no["code"], "special_task_rating");
        let done = does(&section, &at, "decide", json!({"action": "accept", "rating": 4, "opinion": "较好"})).await;
        assert_eq!((&done["state"], &done["rating"], &done["worked_minutes"]), (&json!("accepted"), &json!(4), &json!(990)));
        server.clock.advance(Duration::from_hours(20 * 24));
        assert_eq!(section.get(&at).await["overdue"], false);
    })
    .await;
}
