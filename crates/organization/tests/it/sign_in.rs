//! Signing in: the right password, wrong ones, locks and waits.

use axum::body::Body;
use axum::http::{Request, header};
use organization::password::DEMO_PASSWORD;
use serde_json::json;

use crate::house::{on_both, refusal};

#[tokio::test]
async fn the_right_password_opens_a_session() {
    on_both(async |house| {
        let mut agent = house.stranger();
        let answer = agent.sign_in("Agent1", DEMO_PASSWORD).await;
        assert_eq!(answer.status, 200);
        let user = &answer.json["user"];
        assert_eq!(user["username"], "agent1");
        assert_eq!(user["name"], "陈晓雯");
        assert_eq!(user["staff_no"], "801");
        assert_eq!(user["side"], "supplier");
        assert_eq!(user["roles"], json!(["agent"]));
        assert_eq!(
            user["permissions"],
            json!({ "calendar:view": "all", "devices:view": "own", "parties:view": "all" })
        );
        assert_eq!(answer.json["must_change_password"], false);
        assert_eq!(answer.json["idle_timeout_s"], 1200);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("shoujie_session="));
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        assert_eq!(
            agent.get("/api/v1/session").await.json["user"]["username"],
            "agent1"
        );
        let opened = house.audited("session.opened").await;
        assert_eq!((opened.len(), opened[0].who_name.as_str()), (1, "agent1"));
        assert_eq!(opened[0].details["from"], "192.0.2.1");
    })
    .await;
}

#[tokio::test]
async fn the_cookie_is_secure_over_https() {
    on_both(async |house| {
        let request = Request::post("/api/v1/session")
            .header(header::HOST, "hotline.example")
            .header(header::ORIGIN, "https://hotline.example")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(
                json!({ "username": "lead", "password": DEMO_PASSWORD }).to_string(),
            ))
            .unwrap();
        let answer = house.stranger().send(request).await;
        assert!(
            answer.headers[header::SET_COOKIE]
                .to_str()
                .unwrap()
                .ends_with("; Secure")
        );
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    on_both(async |house| {
        let mut stranger = house.stranger();
        let wrong = stranger.sign_in("agent1", "Not-the-password-1").await;
        let unknown = stranger.sign_in("nobody", "Not-the-password-1").await;
        assert_eq!(refusal(&wrong), (401, "sign_in_failed"));
        assert_eq!(wrong.json, unknown.json);
        assert!(wrong.headers.get(header::SET_COOKIE).is_none());
        let refused = house.audited("session.refused").await;
        let why: Vec<_> = refused
            .iter()
            .map(|row| row.details["why"].as_str().unwrap())
            .collect();
        assert_eq!(why, ["password", "unknown_user"]);
        assert!(
            !refused[1].details.to_string().contains("nobody"),
            "{:?}",
            refused[1]
        );
    })
    .await;
}

#[tokio::test]
async fn five_failures_lock_a_user_for_half_an_hour() {
    on_both(async |house| {
        let mut agent = house.stranger();
        for _ in 0..4 {
            let answer = agent.sign_in("agent1", "Not-the-password-1").await;
            assert_eq!(refusal(&answer), (401, "sign_in_failed"));
        }
        let fifth = agent.sign_in("agent1", "Not-the-password-1").await;
        assert_eq!(refusal(&fifth), (423, "account_locked"));
        assert!(fifth.json["locked_until"].is_string());
        let right = agent.sign_in("agent1", DEMO_PASSWORD).await;
        assert_eq!(refusal(&right), (423, "account_locked"));
        assert_eq!(
            agent.sign_in("agent2", DEMO_PASSWORD).await.status,
            200,
            "only agent1 is"
        );
        house.pass(30);
        assert_eq!(agent.sign_in("agent1", DEMO_PASSWORD).await.status, 200);
        assert_eq!(house.audited("user.locked").await.len(), 1);
        assert_eq!(house.events("user.locked").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_success_forgives_the_failures_before_it() {
    on_both(async |house| {
        let mut agent = house.stranger();
        for _ in 0..2 {
            for _ in 0..4 {
                agent.sign_in("agent1", "Not-the-password-1").await;
            }
            assert_eq!(agent.sign_in("agent1", DEMO_PASSWORD).await.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn guesses_side_by_side_are_all_counted() {
    on_both(async |house| {
        let guesses = (0..12).map(|_| async {
            house
                .stranger()
                .sign_in("agent1", "Not-the-password-1")
                .await
                .status
                .as_u16()
        });
        let answers = futures::future::join_all(guesses).await;
        assert!(answers.contains(&423), "{answers:?}");
        assert_eq!(
            refusal(&house.stranger().sign_in("agent1", DEMO_PASSWORD).await),
            (423, "account_locked")
        );
    })
    .await;
}

#[tokio::test]
async fn the_security_administrator_unlocks() {
    on_both(async |house| {
        let mut agent = house.stranger();
        for _ in 0..5 {
            agent.sign_in("agent1", "Not-the-password-1").await;
        }
        let path = format!("/api/v1/users/{}/unlock", house.id_of("agent1").await);
        let sysadmin = house.person("sysadmin").await;
        assert_eq!(
            refusal(&sysadmin.post(&path, json!({})).await),
            (403, "forbidden")
        );
        let secadmin = house.person("secadmin").await;
        assert_eq!(secadmin.post(&path, json!({})).await.status, 204);
        assert_eq!(agent.sign_in("agent1", DEMO_PASSWORD).await.status, 200);
        assert_eq!(house.audited("user.unlocked").await[0].who_name, "secadmin");
    })
    .await;
}

#[tokio::test]
async fn an_address_that_fails_too_often_waits_whatever_names_it_tries() {
    on_both(async |house| {
        let mut thief = house.stranger().at("198.51.100.9");
        for attempt in 0..30 {
            let answer = thief
                .sign_in(&format!("guess{attempt}"), "Not-the-password-1")
                .await;
            assert_eq!(answer.status, 401);
        }
        let answer = thief.sign_in("agent1", DEMO_PASSWORD).await;
        assert_eq!(refusal(&answer), (429, "too_many_attempts"));
        assert!(answer.json["retry_after_s"].as_i64().unwrap() > 500);
        let mut neighbour = house.stranger().at("198.51.100.10");
        assert_eq!(neighbour.sign_in("agent1", DEMO_PASSWORD).await.status, 200);
        house.pass(10);
        assert_eq!(thief.sign_in("agent1", DEMO_PASSWORD).await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn behind_a_proxy_on_this_machine_the_address_is_the_one_it_names() {
    on_both(async |house| {
        let request = |peer_says: &str| {
            Request::post("/api/v1/session")
                .header("x-forwarded-for", peer_says)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(
                    json!({ "username": "lead", "password": DEMO_PASSWORD }).to_string(),
                ))
                .unwrap()
        };
        house
            .stranger()
            .at("127.0.0.1")
            .send(request("10.9.9.9, 203.0.113.5"))
            .await;
        house
            .stranger()
            .at("192.0.2.1")
            .send(request("203.0.113.5"))
            .await;
        let opened = house.audited("session.opened").await;
        assert_eq!(opened[0].details["from"], "203.0.113.5");
        assert_eq!(
            opened[1].details["from"], "192.0.2.1",
            "a stranger may say what he likes"
        );
    })
    .await;
}

#[tokio::test]
async fn a_disabled_user_is_told_so_only_with_the_right_password() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let path = format!("/api/v1/users/{}", house.id_of("agent6").await);
        let disabled = sysadmin
            .patch(&path, json!({ "version": 1, "disabled": true }))
            .await;
        assert_eq!(disabled.status, 200, "{}", disabled.json);
        let mut agent = house.stranger();
        let right = agent.sign_in("agent6", DEMO_PASSWORD).await;
        assert_eq!(refusal(&right), (401, "account_disabled"));
        let wrong = agent.sign_in("agent6", "Not-the-password-1").await;
        assert_eq!(refusal(&wrong), (401, "sign_in_failed"));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_no_text_for_a_database_is_a_plain_refusal() {
    on_both(async |house| {
        let mut stranger = house.stranger();
        let null = stranger.sign_in("agent1\0", "x\0y").await;
        assert_eq!(refusal(&null), (400, "null_byte"));
        let wordless = stranger.sign_in_with(json!({ "username": "agent1" })).await;
        assert_eq!(refusal(&wordless), (422, "bad_value"));
        assert_eq!(wordless.json["field"], "password");
        let long = stranger.sign_in("agent1", &"x".repeat(100_000)).await;
        assert_eq!(refusal(&long), (401, "sign_in_failed"));
    })
    .await;
}
