//! Every route needs its right.

use axum::http::{Method, StatusCode};
use kernel::Role;
use serde_json::json;
use testing::principal;

use crate::house::on_both;

const ID: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn everybody_reads_his_own_and_two_roles_run_the_outbox() {
    on_both(async |house| {
        let own = [
            (Method::GET, "/api/v1/notices".to_owned()),
            (Method::GET, "/api/v1/notices/count".to_owned()),
            (Method::POST, format!("/api/v1/notices/{ID}/read")),
            (Method::POST, "/api/v1/notices/read-all".to_owned()),
            (Method::GET, "/api/v1/notice-choices".to_owned()),
            (Method::PUT, "/api/v1/notice-choices".to_owned()),
            (Method::GET, "/api/v1/notice-address".to_owned()),
            (Method::PUT, "/api/v1/notice-address".to_owned()),
        ];
        let run = [
            (Method::GET, "/api/v1/notice-deliveries".to_owned()),
            (
                Method::POST,
                format!("/api/v1/notice-deliveries/{ID}/replay"),
            ),
        ];
        for role in Role::ALL {
            let who = principal(&[*role]);
            for (method, path) in &own {
                let body = (*method != Method::GET).then(|| json!({}));
                let answer = house.ask(&who, method.clone(), path, body).await;
                assert_ne!(answer.status, StatusCode::FORBIDDEN, "{role:?} {path}");
                assert!(!answer.status.is_server_error(), "{role:?} {path}");
            }
            let runs = matches!(role, Role::SysAdmin | Role::OpsManager);
            for (method, path) in &run {
                let answer = house.ask(&who, method.clone(), path, None).await;
                let refused = answer.status == StatusCode::FORBIDDEN;
                assert_eq!(refused, !runs, "{role:?} {path}: {}", answer.json);
                assert!(!answer.status.is_server_error(), "{role:?} {path}");
            }
        }
    })
    .await;
}
