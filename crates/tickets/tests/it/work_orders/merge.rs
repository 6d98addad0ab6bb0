//! 并单

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{does, id, imported, order, row, sheet};
use crate::desk::{agent, lead, on_both};

#[tokio::test]
async fn the_same_person_about_the_same_matter_is_suggested_and_merged() {
    on_both(async |desk| {
        let mut other = row("GD-3", "咨询", "13900000001");
        other[2] = "准考证".to_owned();
        let rows = vec![
            row("GD-1", "咨询", "13900000001"),
            row("GD-2", "求助", "13900000001"),
            other,
            row("GD-4", "咨询", "13900000004"),
        ];
        imported(&desk, sheet(rows)).await;
        let (one, two) = (order(&desk, "GD-1").await, order(&desk, "GD-2").await);
        let detail = desk
            .get(&lead(), &format!("/api/v1/work-orders/{}", id(&one)))
            .await;
        let alike = detail["alike"].as_array().unwrap();
        assert_eq!(alike.len(), 1, "{alike:?}");
        assert_eq!(alike[0]["number"], two["number"]);

        let path = format!("/api/v1/tickets/{}/merge", id(&two));
        let merge = json!({"into": id(&one), "version": two["version"], "reason": "同一诉求"});
        let refused = desk
            .ask(&agent(1), Method::POST, &path, Some(merge.clone()))
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let itself = json!({"into": id(&two), "version": two["version"], "reason": "同一诉求"});
        let refused = desk.ask(&lead(), Method::POST, &path, Some(itself)).await;
        assert_eq!(refused.json["code"], "merge_into_itself");
        let merged = does(&desk, &lead(), id(&two), "merge", merge.clone()).await;
        assert_eq!(merged["state"], "merged");
        for (ticket, other) in [(&one, &two), (&two, &one)] {
            let links = desk
                .get(&lead(), &format!("/api/v1/tickets/{}/links", id(ticket)))
                .await;
            assert_eq!(links["links"][0]["kind"], "duplicate");
            assert_eq!(links["links"][0]["number"], other["number"]);
            let history = desk
                .get(&lead(), &format!("/api/v1/tickets/{}/history", id(ticket)))
                .await;
            assert!(
                history
                    .to_string()
                    .contains(other["number"].as_str().unwrap()),
                "{history}"
            );
        }
        let detail = desk
            .get(&lead(), &format!("/api/v1/work-orders/{}", id(&one)))
            .await;
        assert_eq!(detail["alike"], json!([]));
        let back = json!({"into": id(&two), "version": detail["version"], "reason": "反向"});
        let path = format!("/api/v1/tickets/{}/merge", id(&one));
        let refused = desk.ask(&lead(), Method::POST, &path, Some(back)).await;
        assert_eq!(refused.json["code"], "ticket_not_open");
    })
    .await;
}
