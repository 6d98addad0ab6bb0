//! supplies and equipment with a ledger: what is issued is signed for by who was given it, no stock is below
//! nothing, low stock is told.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_issued_is_signed_for_and_no_stock_is_negative() {
    on_both(async |server| {
        let (lead, manager) = (server.sign_in("lead").await, server.sign_in("manager").await);
        let (agent, other) = (server.sign_in("agent1").await, server.sign_in("agent2").await);
        let new = json!({"code": "headset", "name": "耳麦", "unit": "副", "kind": "equipment", "low_at": 2});
        assert_eq!(agent.ask(Method::POST, "/api/v1/supplies", Some(new.clone())).await.0, StatusCode::FORBIDDEN);
        let list = lead.post("/api/v1/supplies", new).await;
        let at = path("supplies", &list["items"][0]);
        let moves = format!("{at}/moves");
        let who = agent.own_id().await;
        let issue = |quantity: i64| json!({"kind": "issue", "quantity": quantity, "user_id": who, "seat": "Z1"});
        assert_eq!(lead.refused(Method::POST, &moves, issue(1)).await.1, "supply_short");
        lead.post(&moves, json!({"kind": "receive", "quantity": 6})).await;
        // Twelve at once want one each: six are given one.
        let asked = (0..12).map(|_| lead.ask(Method::POST, &moves, Some(issue(1))));
        let answers = futures::future::join_all(asked).await;
        assert_eq!(answers.iter().filter(|(status, _)| status.is_success()).count(), 6);
        let supply = lead.get(&at).await;
        assert_eq!((&supply["stock"], &supply["low"]), (&json!(0), &json!(true)));
        manager.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("supply_low")).await;

        let list = agent.get("/api/v1/supplies").await;
        assert_eq!(list["to_sign"].as_array().unwrap().len(), 6);
        let first = list["to_sign"][0]["id"].as_str().unwrap();
        let sign = format!("/api/v1/supply-moves/{first}/sign");
        assert_eq!(other.ask(Method::POST, &sign, None).await.0, StatusCode::NOT_FOUND, "nobody signs for another");
        let list = agent.must(Method::POST, &sign, None).await;
        assert_eq!(list["to_sign"].as_array().unwrap().len(), 5);
        assert_eq!(agent.ask(Method::POST, &sign, None).await.1["code"], "supply_signed");
        let back = |quantity: i64| json!({"kind": "return", "quantity": quantity, "user_id": who});
        assert_eq!(lead.refused(Method::POST, &moves, back(7)).await.1, "supply_not_held");
        let supply = lead.post(&moves, back(2)).await;
        assert_eq!((&supply["stock"], supply["moves"].as_array().unwrap().len()), (&json!(2), 8));
        assert_eq!(lead.refused(Method::POST, &moves, json!({"kind": "write_off", "quantity": 3, "note": "坏"})).await.1, "supply_short");
    })
    .await;
}
