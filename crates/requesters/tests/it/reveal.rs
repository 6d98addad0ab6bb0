//! Reading a value in the clear: a right, a reason, a row in the audit trail.

use axum::http::{Method, Request, StatusCode};
use kernel::Role;
use kernel::audit::entry;
use sea_orm::{EntityTrait, FromQueryResult, Statement};
use serde_json::json;
use testing::principal;

use crate::support::{agent, on_both};

#[tokio::test]
async fn nothing_leaves_unmasked_without_a_reveal() {
    on_both(async |desk| {
        let requester = desk.rings("13900000001").await;
        for path in [
            "/api/v1/requesters".to_owned(),
            format!("/api/v1/requesters/{}", requester.id),
        ] {
            let shown = desk.get(&path).await.to_string();
            assert!(
                shown.contains("139****0001") && !shown.contains("13900000001"),
                "{shown}"
            );
        }
        assert!(
            !format!("{requester:?}").contains("13900000001"),
            "nor a log"
        );
    })
    .await;
}

#[tokio::test]
async fn a_reveal_needs_a_reason_and_leaves_a_trace_without_the_value() {
    on_both(async |desk| {
        let requester = desk.rings("13900000001").await;
        let path = format!("/api/v1/requesters/{}/reveal", requester.id);
        let ask = async |body| desk.ask(&agent(), Method::POST, &path, Some(body)).await;

        let without = ask(json!({"field": "phone", "reason": " "})).await;
        assert_eq!(
            (without.status, &without.json["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("reason_needed"))
        );
        let unknown = ask(json!({"field": "name", "reason": "核对姓名"})).await;
        assert_eq!(
            (unknown.status, &unknown.json["code"]),
            (StatusCode::CONFLICT, &json!("nothing_to_reveal"))
        );
        assert!(
            entry::Entity::find()
                .all(desk.app.db.read())
                .await
                .unwrap()
                .is_empty()
        );

        let shown = ask(json!({"field": "phone", "reason": "回拨"})).await;
        assert_eq!(
            (shown.status, &shown.json["value"]),
            (StatusCode::OK, &json!("13900000001"))
        );
        assert_eq!(shown.headers["cache-control"], "no-store");
        let trail = entry::Entity::find().all(desk.app.db.read()).await.unwrap();
        assert_eq!(trail.len(), 1);
        assert_eq!(trail[0].action, "requester.revealed");
        assert_eq!(trail[0].subject_id, requester.id.to_string());
        assert_eq!(
            (&trail[0].details["field"], &trail[0].details["reason"]),
            (&json!("phone"), &json!("回拨"))
        );
        assert!(!trail[0].details.to_string().contains("13900000001"));
    })
    .await;
}

#[tokio::test]
async fn who_may_look_may_not_reveal() {
    on_both(async |desk| {
        let requester = desk.rings("13900000001").await;
        let path = format!("/api/v1/requesters/{}/reveal", requester.id);
        let body = Some(json!({"field": "phone", "reason": "好奇"}));
        for role in [Role::Quality, Role::PurchaserAdmin, Role::SysAdmin] {
            let answer = desk
                .ask(&principal(&[role]), Method::POST, &path, body.clone())
                .await;
            assert_eq!(
                (answer.status, &answer.json["permission"]),
                (StatusCode::FORBIDDEN, &json!("requesters:reveal"))
            );
        }
    })
    .await;
}

#[tokio::test]
async fn no_value_in_the_clear_stays_with_the_idempotency_keys() {
    testing::on_both(&requesters::migrations(), async |app| {
        #[derive(FromQueryResult)]
        struct Kept {
            body: Option<String>,
        }
        let router = app
            .start(vec![requesters::capability(
                &app,
                std::sync::Arc::new(requesters::NoTextMessages),
                requesters::FORGETS.into(),
            )])
            .await;
        let (writer, number) = ((*app).clone(), "13900000001");
        let requester = app
            .db
            .write(async move |tx| {
                requesters::find_or_create_by_number(&writer, &*tx, number).await
            })
            .await
            .unwrap();
        let request = Request::post(format!("/api/v1/requesters/{}/reveal", requester.id))
            .header("idempotency-key", "once")
            .header("content-type", "application/json")
            .body(
                json!({"field": "phone", "reason": "回拨"})
                    .to_string()
                    .into(),
            )
            .unwrap();
        let shown = testing::call::send(&router, Some(&agent()), request).await;
        assert_eq!(shown.json["value"], number);
        let keys = Statement::from_string(app.db.backend(), "select body from idempotency_keys");
        let keys = Kept::find_by_statement(keys)
            .all(app.db.read())
            .await
            .unwrap();
        assert_eq!(keys.len(), 1);
        assert!(!keys[0].body.as_deref().unwrap_or_default().contains(number));
    })
    .await;
}
