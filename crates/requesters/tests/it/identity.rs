//! Who a number belongs to.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{agent, on_both};

#[tokio::test]
async fn one_number_is_one_requester_however_it_is_written() {
    on_both(async |desk| {
        let first = desk.rings("13900000001").await;
        desk.app.clock.advance(Duration::from_mins(1));
        let again = desk.rings("sip:+8613900000001@10.0.0.1;user=phone").await;
        assert_eq!((again.id, again.contacts), (first.id, 2));
        assert!(again.last_contact_at > first.last_contact_at);
        assert_eq!(again.first_contact_at, first.first_contact_at);
        assert_ne!(desk.rings("13900000002").await.id, first.id);
    })
    .await;
}

#[tokio::test]
async fn two_lines_that_ring_at_once_from_one_number_are_one_requester() {
    on_both(async |desk| {
        let rings = (0..16).map(|_| desk.rings("13900000001"));
        let found = futures::future::join_all(rings).await;
        assert!(found.iter().all(|one| one.id == found[0].id));
        let list = desk.get("/api/v1/requesters").await;
        assert_eq!(
            (&list["total"], &list["items"][0]["contacts"]),
            (&json!(1), &json!(16))
        );
    })
    .await;
}

#[tokio::test]
async fn whoever_withholds_the_number_is_a_stranger_each_time() {
    on_both(async |desk| {
        let (first, second) = (desk.rings("anonymous").await, desk.rings("").await);
        assert_ne!(first.id, second.id);
        assert_eq!((first.phone, first.phone_kind.as_str()), (None, "withheld"));
    })
    .await;
}

#[tokio::test]
async fn a_number_is_found_whole_and_a_name_by_its_beginning() {
    on_both(async |desk| {
        let zhang = desk.rings("13900000001").await;
        desk.rings("13900000002").await;
        let path = format!("/api/v1/requesters/{}", zhang.id);
        let renamed = desk
            .ask(
                &agent(),
                Method::PATCH,
                &path,
                Some(json!({"version": 1, "name": " 张小明 "})),
            )
            .await;
        assert_eq!(
            (renamed.status, &renamed.json["name"]),
            (StatusCode::OK, &json!("张**"))
        );
        let total =
            async |q: &str| desk.get(&format!("/api/v1/requesters?q={q}")).await["total"].clone();
        assert_eq!(total("139-0000-0001").await, 1);
        assert_eq!(total("1390000").await, 0, "a part of a number finds nobody");
        assert_eq!(total("%E5%BC%A0").await, 1, "张");
        assert_eq!(total("%E5%BC%A0%E5%B0%8F").await, 1, "张小");
        assert_eq!(total("%E6%98%8E").await, 0, "明 is no beginning");
        assert_eq!(total("%25").await, 0, "% stands for itself");
        let beyond = desk
            .ask(
                &agent(),
                Method::PATCH,
                &path,
                Some(json!({"version": i64::MAX, "name": "李"})),
            )
            .await;
        assert_eq!(beyond.json["code"], "stale_version");
        let stale = desk
            .ask(
                &agent(),
                Method::PATCH,
                &path,
                Some(json!({"version": 1, "name": "李"})),
            )
            .await;
        assert_eq!(
            (stale.status, &stale.json["code"]),
            (StatusCode::CONFLICT, &json!("stale_version"))
        );
    })
    .await;
}
