//! one report reaches lead, manager, the purchaser's liaison and administrator at once, with proof of arrival
//! within a minute; follow-ups are asked for until the final report.

use std::time::Duration;

use serde_json::json;

use crate::support::cases::{actions, on_both, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_reaches_everybody_with_proof_and_is_followed_to_its_end() {
    on_both(async |server| {
        let agent = server.sign_in("agent1").await;
        let mut recipients = Vec::new();
        for name in ["lead", "manager", "counterpart", "purchaser"] {
            let person = server.sign_in(name).await;
            let screen = person.screen().await;
            recipients.push((person, screen));
        }
        let new = json!({"category": "exam_incident", "what": "考点停电，三个考场中断", "where": "第二考点"});
        let raised = agent.post("/api/v1/emergencies", new).await;
        let own = path("emergencies", &raised);
        for (person, screen) in &mut recipients {
            screen.hears(&["event: emergency", "考点停电"]).await;
            person.post(&format!("{own}/arrived"), json!({})).await;
        }
        let shown = agent.get(&own).await;
        for delivery in shown["deliveries"].as_array().unwrap() {
            let on_screen = delivery["way"] == "console";
            assert_eq!(delivery["arrived_at"].is_string(), on_screen, "{delivery}");
            if on_screen {
                let time = |field: &str| delivery[field].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
                assert!((time("arrived_at") - time("made_at")).num_seconds() < 60);
            }
        }
        assert_eq!(shown["deliveries"].as_array().unwrap().len(), 8, "each recipient by each agreed way");

        server.clock.advance(Duration::from_mins(121));
        let (lead, _) = &recipients[0];
        let late = lead.until(&own, Duration::from_secs(5), |shown| actions(shown).contains(&"overdue")).await;
        assert!(!actions(&late).contains(&"unreached"), "all were reached: {late}");
        // The alarms of two hours ring one after the other, and each changes the emergency.
        server.clock.sleep(Duration::from_secs(2)).await;
        let late = lead.get(&own).await;
        let report = json!({"version": late["version"], "text": "已启用发电机"});
        let followed = lead.post(&format!("{own}/reports"), report).await;
        assert_eq!((&followed["reports"], &followed["overdue"]), (&json!(2), &json!(false)));
        let last = json!({"version": followed["version"], "text": "恢复正常，考试延时 20 分钟", "final": true});
        let closed = lead.post(&format!("{own}/reports"), last).await;
        assert_eq!((&closed["state"], &closed["open"]), (&json!("closed"), &json!(false)));
        let line: Vec<&str> = actions(&closed).into_iter().filter(|action| *action != "arrived").collect();
        assert_eq!(line, ["raised", "overdue", "followed_up", "closed"]);
    })
    .await;
}
