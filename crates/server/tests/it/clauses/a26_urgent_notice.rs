//! what is urgent is told to the other side's liaison person by the agreed ways; it has arrived when he says so
//! or a call reached him, not when it was sent; silence turns it to the substitute; a letter follows.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both_at, path};
use crate::support::staff::tries;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_turns_to_the_substitute_and_only_a_receipt_is_an_arrival() {
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let (liaison, lead) = (server.sign_in("liaison").await, server.sign_in("lead").await);
        let (manager, purchaser) = (server.sign_in("manager").await, server.sign_in("purchaser").await);
        let (counterpart, section) = (server.sign_in("counterpart").await, server.sign_in("section").await);
        let at = "/api/v1/urgent-notices";
        let new = json!({"title": "报名系统中断", "content": "请立即按预案答复"});
        assert_eq!(counterpart.refused(Method::POST, at, new.clone()).await.1, "liaison_missing");
        let name = |who, standing: &str| {
            json!({"user_id": who, "standing": standing, "from_day": "2026-09-01", "ways": ["console", "sms", "phone"]})
        };
        manager.post("/api/v1/liaisons", name(liaison.own_id().await, "primary")).await;
        manager.post("/api/v1/liaisons", name(lead.own_id().await, "substitute")).await;

        let sent = counterpart.post(at, new.clone()).await;
        let one = path("urgent-notices", &sent);
        assert_eq!((&sent["state"], sent["tries"].as_array().unwrap().len()), (&json!("sent"), 3));
        liaison.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("urgent_notice_sent")).await;
        let (status, no) = lead.ask(Method::POST, &format!("{one}/acknowledge"), None).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("urgent_not_told")), "it was not told to him yet");

        server.clock.advance(Duration::from_mins(14));
        assert_eq!(counterpart.get(&one).await["state"], "sent", "fifteen minutes are agreed");
        server.clock.advance(Duration::from_mins(2));
        let turned = counterpart.until(&one, Duration::from_secs(10), |one| one["state"] == "escalated").await;
        assert_eq!((turned["tries"].as_array().unwrap().len(), &turned["arrived_at"]), (6, &serde_json::Value::Null));
        lead.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("urgent_notice_escalated")).await;
        let todo = lead.get("/api/v1/liaison-todo").await;
        assert_eq!((&todo["items"][0]["owes"], &todo["items"][0]["overdue"]), (&json!("acknowledge"), &json!(true)));
        let arrived = lead.must(Method::POST, &format!("{one}/acknowledge"), None).await;
        assert_eq!((&arrived["state"], &arrived["proof"]), (&json!("arrived"), &json!("acknowledged")));
        let (_, again) = liaison.ask(Method::POST, &format!("{one}/acknowledge"), None).await;
        assert_eq!(again["code"], "urgent_arrived");

        // A letter follows.
        let letter = counterpart.post("/api/v1/letters", json!({"template": "supplement", "fields": {
            "number": arrived["number"], "day": "9月18日", "content": "报名系统中断"}})).await;
        let (_, linked) = tries(&counterpart, &one, "letter", json!({"letter_id": letter["id"]})).await;
        assert_eq!(linked["letter"]["id"], letter["id"]);

        // Of another one nobody takes notice: both desks are told; then a call reaches him, and that is the proof.
        let silent = counterpart.post(at, new).await;
        let two = path("urgent-notices", &silent);
        server.clock.advance(Duration::from_mins(16));
        counterpart.until(&two, Duration::from_secs(10), |one| one["state"] == "escalated").await;
        server.clock.advance(Duration::from_mins(16));
        counterpart.until(&two, Duration::from_secs(10), |one| one["state"] == "unreached").await;
        for who in [&manager, &purchaser] {
            who.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("urgent_notice_unreached")).await;
        }
        let board = counterpart.get("/api/v1/liaisons").await;
        let primary = board["items"].as_array().unwrap().iter().find(|one| one["standing"] == "primary").unwrap();
        let calls = format!("{two}/calls");
        let missed = json!({"person_id": primary["id"], "reached": false, "note": "无人接听"});
        assert_eq!(section.ask(Method::POST, &calls, Some(missed.clone())).await.0, StatusCode::FORBIDDEN);
        assert_eq!(liaison.refused(Method::POST, &calls, missed.clone()).await.1, "urgent_of_other_side");
        assert_eq!(counterpart.post(&calls, missed).await["open"], true, "a call that reached nobody is no arrival");
        let reached = json!({"person_id": primary["id"], "reached": true, "note": "已口头告知"});
        let arrived = counterpart.post(&calls, reached).await;
        assert_eq!((&arrived["state"], &arrived["proof"]), (&json!("arrived"), &json!("call")));
    })
    .await;
}
