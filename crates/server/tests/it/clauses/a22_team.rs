//! the supplier's management team by date; a change of it is filed with the purchaser, who is told and
//! acknowledges it, and sees who was in it before.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both_at, path};

fn member<'a>(chart: &'a Value, name: &str) -> &'a Value {
    let mut all = chart["items"].as_array().unwrap().iter();
    all.find(|one| one["name"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_a_manager_is_filed_and_the_past_team_stays_to_be_seen() {
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let (manager, purchaser) = (server.sign_in("manager").await, server.sign_in("purchaser").await);
        let new = |name: &str, on: &str, succeeds: Value| {
            json!({"position": "项目经理", "name": name, "duties": "全面负责", "appointed_on": on, "succeeds": succeeds})
        };
        let (status, _) = purchaser.ask(Method::POST, "/api/v1/team", Some(new("甲", "2026-09-18", Value::Null))).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let chart = manager.post("/api/v1/team", new("甲经理", "2026-01-05", Value::Null)).await;
        let first = member(&chart, "甲经理").clone();
        let chart = manager.post("/api/v1/team", new("乙经理", "2026-10-09", first["id"].clone())).await;
        assert_eq!((&member(&chart, "甲经理")["ended_on"], &member(&chart, "甲经理")["holds"]), (&json!("2026-10-08"), &json!(false)));
        purchaser.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("team_member_appointed")).await;

        for (day, name) in [("2026-10-08", "甲经理"), ("2026-10-09", "乙经理")] {
            let chart = purchaser.get(&format!("/api/v1/team?day={day}")).await;
            let holding: Vec<_> = chart["items"].as_array().unwrap().iter().filter(|one| one["holds"] == true).collect();
            assert_eq!(holding.len(), 1, "{day}");
            assert_eq!(holding[0]["name"], name, "{day}");
        }
        let second = member(&chart, "乙经理").clone();
        let receipt = json!({"version": second["version"]});
        let door = format!("{}/acknowledge", path("team", &second));
        assert_eq!(manager.ask(Method::POST, &door, Some(receipt.clone())).await.0, StatusCode::FORBIDDEN);
        let chart = purchaser.post(&door, receipt.clone()).await;
        assert!(member(&chart, "乙经理")["acknowledged_at"].is_string());
        assert_eq!(purchaser.refused(Method::POST, &door, receipt).await.0, StatusCode::CONFLICT);
        // What ended does not end again.
        let gone = member(&chart, "甲经理");
        let end = json!({"version": gone["version"], "ended_on": "2026-10-31", "reason": "试"});
        let (_, no) = manager.refused(Method::POST, &format!("{}/end", path("team", gone)), end).await;
        assert_eq!(no, "team_member_ended");
    })
    .await;
}
