//! A-09, and scenario 11 of domain §G: a fault of the registration system, sixty contacts linked, one banner, one
//! answer, one report to the purchaser with counts and time line.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::cases::{actions, on_both, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_tickets_of_one_fault_get_one_banner_one_answer_and_one_report() {
    on_both(async |server| {
        let (lead, purchaser) = (server.sign_in("lead").await, server.sign_in("purchaser").await);
        let agents = [server.sign_in("agent1").await, server.sign_in("agent2").await, server.sign_in("agent3").await];
        let mut screen = agents[0].screen().await;
        let mut tickets: Vec<Vec<Value>> = vec![Vec::new(); agents.len()];
        for number in 0..60 {
            let (agent, of_it) = (&agents[number % 3], &mut tickets[number % 3]);
            let request_type = if number == 7 { "complaint" } else { "fault" };
            of_it.push(agent.opens(request_type, "114", "报名系统打不开，提示 502").await["id"].clone());
        }
        let found = lead.get("/api/v1/incidents/suggestions").await;
        assert_eq!((&found["items"][0]["matter"], &found["items"][0]["tickets"]), (&json!("114"), &json!(60)));

        let new = json!({"title": "报名系统故障", "matter": "114", "answer": "系统正在抢修，请 15:00 后再试。",
            "banner": "报名系统故障，一律按统一答复口径回答"});
        let (status, _) = agents[0].ask(Method::POST, "/api/v1/incidents", Some(new.clone())).await;
        assert_eq!(status, 403);
        let incident = lead.post("/api/v1/incidents", new).await;
        let own = path("incidents", &incident);
        screen.hears(&["event: incident", "一律按统一答复口径回答"]).await;
        assert_eq!(agents[1].get("/api/v1/incidents?open=true").await["total"], 1);

        for (agent, of_it) in agents.iter().zip(&tickets) {
            agent.post(&format!("{own}/tickets"), json!({"tickets": of_it})).await;
        }
        server.clock.advance(Duration::from_mins(70));
        let last = agents[2].opens("fault", "114", "还是打不开").await;
        let linked = agents[2].post(&format!("{own}/tickets"), json!({"tickets": [last["id"]]})).await;
        assert_eq!(linked["tickets"], 61);

        let close = json!({"version": linked["version"], "cause": "数据库连接耗尽", "answer": "系统已恢复，请重新登录。"});
        lead.post(&format!("{own}/close"), close).await;
        let closed = lead.until(&own, Duration::from_secs(20), |shown| shown["state"] == "closed").await;
        assert_eq!((&closed["done"], &closed["tickets"]), (&json!(61), &json!(61)));
        assert_eq!(actions(&closed), ["declared", "linked", "linked", "linked", "linked", "closing", "closed"]);
        let answered = lead.get("/api/v1/tickets?state=replied&matter=114").await;
        assert_eq!(answered["total"], 60);
        assert_eq!(answered["items"][0]["resolution"], "系统已恢复，请重新登录。");
        let waiting = lead.get("/api/v1/tickets?state=pending_review&matter=114").await;
        assert_eq!(waiting["total"], 1, "the complaint waits for its sign-off");

        let report = purchaser.get(&format!("{own}/report")).await;
        assert_eq!(report["by_hour"], json!([
            {"key": "2026-11-23T10", "tickets": 60, "contacts": 0}, {"key": "2026-11-23T11", "tickets": 1, "contacts": 0},
        ]));
        assert_eq!(report["by_day"], json!([{"key": "2026-11-23", "tickets": 61, "contacts": 0}]));
        assert_eq!(report["cause"], "数据库连接耗尽");
        assert!(report["first_at"].as_str() < report["last_at"].as_str());
        assert_eq!(actions(&report).last(), Some(&"closing"), "what led to the report");
        assert_eq!(agents[1].get("/api/v1/incidents?open=true").await["total"], 0, "the banner is gone");
    })
    .await;
}
