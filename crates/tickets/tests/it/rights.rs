//! Who sees and changes what.

use axum::http::{Method, StatusCode};
use kernel::Role;
use serde_json::json;
use testing::principal;

use crate::desk::{agent, follow_up, lead, on_both};

#[tokio::test]
async fn an_agent_sees_only_what_is_his() {
    on_both(async |desk| {
        let (mine, other) = (agent(1), agent(2));
        let id = desk.open_ticket("13900000001", &mine).await;
        assert_eq!(desk.get(&mine, "/api/v1/tickets").await["total"], 1);
        assert_eq!(desk.get(&other, "/api/v1/tickets").await["total"], 0);
        assert_eq!(
            desk.get(&other, "/api/v1/contact-records").await["total"],
            0
        );
        assert_eq!(desk.get(&lead(), "/api/v1/tickets").await["total"], 1);
        for path in [
            format!("/api/v1/tickets/{id}"),
            format!("/api/v1/tickets/{id}/history"),
        ] {
            assert_eq!(
                desk.ask(&other, Method::GET, &path, None).await.status,
                StatusCode::NOT_FOUND
            );
        }
        let change = Some(json!({"version": 2, "summary": "别人的"}));
        let answer = desk
            .ask(
                &other,
                Method::PATCH,
                &format!("/api/v1/tickets/{id}"),
                change,
            )
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn who_only_looks_cannot_write() {
    on_both(async |desk| {
        let agent = agent(1);
        let id = desk.open_ticket("13900000001", &agent).await;
        let call = desk.talked("13900000001", &agent).await;
        let quality = principal(&[Role::Quality]);
        desk.ticket(&quality, id).await;
        let answer = desk.complete(&quality, call, follow_up()).await;
        assert_eq!(
            (answer.status, &answer.json["permission"]),
            (StatusCode::FORBIDDEN, &json!("contact_records:write"))
        );
        let change = Some(json!({"version": 2, "summary": "改"}));
        let answer = desk
            .ask(
                &quality,
                Method::PATCH,
                &format!("/api/v1/tickets/{id}"),
                change,
            )
            .await;
        assert_eq!(
            (answer.status, &answer.json["permission"]),
            (StatusCode::FORBIDDEN, &json!("tickets:handle"))
        );
    })
    .await;
}

#[tokio::test]
async fn the_administrators_see_no_request() {
    on_both(async |desk| {
        for role in [Role::SysAdmin, Role::SecAdmin, Role::AuditAdmin] {
            for path in [
                "/api/v1/tickets",
                "/api/v1/contact-records",
                "/api/v1/requesters",
                "/api/v1/matters",
            ] {
                let answer = desk.ask(&principal(&[role]), Method::GET, path, None).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role:?} {path}");
            }
        }
    })
    .await;
}
