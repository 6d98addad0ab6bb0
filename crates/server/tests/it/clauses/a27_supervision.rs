//! the purchaser supervises: what he inspects unannounced is his alone until he releases it; a rectification has
//! its clock and is verified; his rules are read and confirmed by everybody they concern.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both_at, path};
use crate::support::staff::{does, tries};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unannounced_inspection_is_hidden_until_released_and_leads_to_a_rectification() {
    // Five working days from the 13th of February 2026 end on the 27th (`workday_vectors.json`).
    on_both_at("2026-02-13T02:00:00Z", &[], async |server| {
        let (counterpart, purchaser) = (server.sign_in("counterpart").await, server.sign_in("purchaser").await);
        let (manager, lead, auditor) =
            (server.sign_in("manager").await, server.sign_in("lead").await, server.sign_in("auditor").await);
        let mut screen = lead.screen().await;
        let new = json!({"kind": "unannounced", "title": "暗访接听质量", "place": "随机拨测", "inspected_on": "2026-02-12",
            "inspectors": "采购人", "findings": "未报工号", "problems": true});
        let made = counterpart.post("/api/v1/inspections", new).await;
        let at = path("inspections", &made);
        for who in [&manager, &lead] {
            assert_eq!(who.get("/api/v1/inspections?q=暗访").await["total"], 0);
            assert_eq!(who.ask(Method::GET, &at, None).await.0, StatusCode::NOT_FOUND);
        }
        let trail = auditor.get("/api/v1/audit?per_page=200").await.to_string();
        assert!(!trail.contains("inspection") && !trail.contains(made["id"].as_str().unwrap()), "{trail}");
        assert!(!manager.get("/api/v1/notices").await.to_string().contains("inspection"));

        does(&counterpart, &at, "steps", json!({"action": "release"})).await;
        screen.hears(&["released"]).await;
        assert!(!screen.has_heard("recorded"), "nothing was heard of it before");
        manager.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("inspection_released")).await;
        let demand = json!({"inspection_id": made["id"], "title": "报工号", "demand": "一周内全员整改"});
        assert_eq!(manager.ask(Method::POST, "/api/v1/rectifications", Some(demand.clone())).await.0, StatusCode::FORBIDDEN);
        let issued = purchaser.post("/api/v1/rectifications", demand).await;
        assert!(issued["due_at"].as_str().unwrap().starts_with("2026-02-27"), "{issued}");
        let order = path("rectifications", &issued);
        let (_, no) = tries(&purchaser, &order, "decide", json!({"action": "verify"})).await;
        assert_eq!(no["code"], "rectification_unanswered");

        server.clock.advance(Duration::from_hours(15 * 24));
        manager.until(&order, Duration::from_secs(10), |one| one["overdue"] == true).await;
        for who in [&manager, &purchaser] {
            who.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("rectification_overdue")).await;
        }
        does(&lead, &order, "answer", json!({"answer": "已逐一纠正并抽听"})).await;
        let back = does(&purchaser, &order, "decide", json!({"action": "send_back", "reason": "请附抽听记录"})).await;
        assert_eq!((&back["state"], &back["rounds"]), (&json!("issued"), &json!(2)));
        does(&lead, &order, "answer", json!({"answer": "抽听记录附后"})).await;
        does(&purchaser, &order, "decide", json!({"action": "verify", "opinion": "通过"})).await;
        let closed = does(&counterpart, &at, "steps", json!({"action": "close"})).await;
        assert_eq!((&closed["state"], &closed["rectifications"][0]["state"]), (&json!("closed"), &json!("verified")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_management_rule_is_confirmed_by_everybody_it_concerns_in_each_version() {
    on_both_at("2026-04-30T02:00:00Z", &[], async |server| {
        let (purchaser, lead) = (server.sign_in("purchaser").await, server.sign_in("lead").await);
        let (agent, manager) = (server.sign_in("agent1").await, server.sign_in("manager").await);
        let new = json!({"kind": "management_rule", "code": "site_discipline", "title": "现场管理规定", "steps": ["site"],
            "audience": ["agent", "shift_lead"], "body": ["工作时间不得使用个人手机。"]});
        assert_eq!(manager.refused(Method::POST, "/api/v1/regulations", new.clone()).await.1, "regulation_of_other_side");
        let rule = purchaser.post("/api/v1/regulations", new).await;
        let at = path("regulations", &rule);
        agent.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("regulation_published")).await;
        let unread = agent.get("/api/v1/regulations?unread=true").await;
        assert_eq!(unread["items"][0]["id"], rule["id"]);
        let first = rule["version_id"].clone();
        let confirmed = agent.post(&format!("{at}/confirm"), json!({"version_id": first})).await;
        assert!(confirmed["read_at"].is_string());
        let (_, no) = manager.ask(Method::POST, &format!("{at}/confirm"), Some(json!({"version_id": first}))).await;
        assert_eq!(no["code"], "regulation_not_yours");
        let readings = lead.get(&format!("{at}/readings")).await;
        // Six agents and a lead; agent1 has.
        assert_eq!((&readings["readers"], &readings["unconfirmed"]), (&json!(7), &json!(6)));
        assert!(readings["due_at"].as_str().unwrap().starts_with("2026-05-08"), "{readings}");

        // A new version: everybody reads anew; the old one stays to be read and cannot be confirmed.
        let next = json!({"body": ["工作时间不得使用个人手机，须存放于手机柜。"], "change_note": "增加手机柜"});
        let (status, _) = tries(&purchaser, &at, "versions", next).await;
        assert_eq!(status, StatusCode::CREATED);
        let readings = purchaser.get(&format!("{at}/readings")).await;
        assert_eq!((&readings["n"], &readings["unconfirmed"]), (&json!(2), &json!(7)));
        let (_, no) = agent.ask(Method::POST, &format!("{at}/confirm"), Some(json!({"version_id": first}))).await;
        assert_eq!(no["code"], "regulation_not_current");
        assert_eq!(agent.get(&format!("{at}/versions/1")).await["body"][0], "工作时间不得使用个人手机。");

        server.clock.advance(Duration::from_hours(9 * 24));
        lead.until("/api/v1/notices", Duration::from_secs(10), |all| all.to_string().contains("regulation_unread")).await;
        let todo = agent.get("/api/v1/liaison-todo").await;
        assert_eq!((&todo["items"][0]["owes"], &todo["items"][0]["overdue"]), (&json!("read"), &json!(true)));
    })
    .await;
}
