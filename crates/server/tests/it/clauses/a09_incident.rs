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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_tree_the_purchaser_approved_is_walked_and_its_path_kept_on_the_ticket() {
    on_both(async |server| {
        let (trainer, purchaser) = (server.sign_in("trainer").await, server.sign_in("purchaser").await);
        let agent = server.sign_in("agent1").await;
        let content = json!({"title": "系统登录不了（演练）", "symptom": "提示账号异常", "nodes": [
            {"id": "browser", "text": "换浏览器能登录吗？", "answers": [{"label": "能", "to": "done"}, {"label": "不能", "to": "account"}]},
            {"id": "account", "text": "提示账号异常吗？", "answers": [{"label": "是", "to": "up"}, {"label": "否", "to": "up"}]},
            {"id": "done", "text": "已解决", "outcome": "solved"},
            {"id": "up", "text": "登记单位名称和报错内容", "outcome": "escalate"}]});
        let mut broken = content.clone();
        broken["nodes"][1]["answers"][0]["to"] = json!("nowhere");
        let draft = |content| json!({"matter": "213", "content": content});
        let (_, code) = trainer.refused(Method::POST, "/api/v1/fault-trees", draft(broken)).await;
        assert_eq!(code, "tree_invalid");
        let tree = trainer.post("/api/v1/fault-trees", draft(content)).await;
        let ticket = agent.opens("help", "213", "系统登录不了").await;
        let walk = json!({"n": 1, "ticket_id": ticket["id"], "steps": [{"node": "browser", "answer": 1}, {"node": "account", "answer": 0}]});
        let walks = format!("{}/walks", path("fault-trees", &tree));
        assert!(agent.ask(Method::POST, &walks, Some(walk.clone())).await.0.is_client_error(), "a draft is not walked");

        for (person, verb) in [(&trainer, "submit"), (&purchaser, "approve")] {
            let tree = person.get(&path("fault-trees", &tree)).await;
            let change = &tree["working"]["approval"];
            let body = json!({"version": change["version"]});
            person.post(&format!("{}/{verb}", path("approvals", change)), body).await;
        }
        let walked = agent.post(&walks, walk).await;
        assert_eq!(walked["outcome"], "escalate", "{walked}");
        let kept = agent.get(&format!("/api/v1/fault-tree-walks?ticket={}", ticket["id"].as_str().unwrap())).await;
        assert_eq!(kept["items"][0]["path"][0]["answer"], "不能", "{kept}");
    })
    .await;
}
