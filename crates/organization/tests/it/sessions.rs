//! How a session lives and ends.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use organization::password::DEMO_PASSWORD;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde_json::json;

use crate::house::{House, on_both, refusal};

#[tokio::test]
async fn signing_out_ends_the_session_and_forgets_the_cookie() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let answer = agent.ask(Method::DELETE, "/api/v1/session", None).await;
        assert_eq!(answer.status, 204);
        assert!(
            answer.headers[header::SET_COOKIE]
                .to_str()
                .unwrap()
                .contains("Max-Age=0")
        );
        let after = agent.get("/api/v1/session").await;
        assert_eq!(refusal(&after), (401, "session_ended"));
        assert_eq!(after.json["reason"], "signed_out");
        assert_eq!(
            house.events("session.ended").await[0]["reason"],
            "signed_out"
        );
    })
    .await;
}

#[tokio::test]
async fn nobody_without_a_token_or_with_a_made_up_one_is_signed_in() {
    on_both(async |house| {
        let mut stranger = house.stranger();
        assert_eq!(
            refusal(&stranger.get("/api/v1/session").await),
            (401, "not_signed_in")
        );
        assert_eq!(
            refusal(&stranger.get("/api/v1/users").await),
            (401, "not_signed_in")
        );
        stranger.cookie = Some(format!("shoujie_session={}", "0".repeat(64)));
        assert_eq!(
            refusal(&stranger.get("/api/v1/session").await),
            (401, "not_signed_in")
        );
    })
    .await;
}

#[tokio::test]
async fn a_program_brings_its_token_as_bearer() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let token = agent.cookie.as_ref().unwrap().split_once('=').unwrap().1;
        let request = Request::get("/api/v1/session")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        let answer = house.stranger().send(request).await;
        assert_eq!(answer.json["user"]["username"], "agent1");
    })
    .await;
}

#[tokio::test]
async fn the_database_holds_no_token() {
    on_both(async |house| {
        #[derive(FromQueryResult)]
        struct Hash {
            token_hash: String,
        }
        let agent = house.person("agent1").await;
        let token = agent.cookie.as_ref().unwrap().split_once('=').unwrap().1;
        let statement =
            Statement::from_string(house.app.db.backend(), "select token_hash from sessions");
        let row = Hash::find_by_statement(statement)
            .one(house.app.db.read())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.token_hash.len(), 64);
        assert_ne!(row.token_hash, token);
    })
    .await;
}

#[tokio::test]
async fn a_session_idles_out_and_every_request_keeps_it() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        for _ in 0..3 {
            house.pass(15);
            assert_eq!(agent.get("/api/v1/session").await.status, 200);
        }
        house.pass(20);
        let after = agent.get("/api/v1/session").await;
        assert_eq!(refusal(&after), (401, "session_ended"));
        assert_eq!(after.json["reason"], "idle");
    })
    .await;
}

#[tokio::test]
async fn an_open_event_stream_is_no_sign_of_a_person() {
    on_both(async |house| {
        let lead = house.person("lead").await;
        for (name, value) in [
            ("accept", "text/event-stream"),
            ("x-shoujie-background", "1"),
        ] {
            house.pass(9);
            let request = Request::get("/api/v1/session")
                .header(name, value)
                .body(Body::empty())
                .unwrap();
            assert_eq!(lead.send(request).await.status, 200);
        }
        house.pass(2);
        assert_eq!(
            refusal(&lead.get("/api/v1/session").await),
            (401, "session_ended")
        );
    })
    .await;
}

#[tokio::test]
async fn an_agent_on_post_is_spared_and_idles_from_when_he_leaves_it() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let id = house.id_of("agent1").await;
        house.post.take(id);
        house.pass(180);
        assert_eq!(house.organization.end_idle_sessions().await.unwrap(), 0);
        house.post.leave(id);
        house.pass(19);
        assert_eq!(house.organization.end_idle_sessions().await.unwrap(), 0);
        house.pass(1);
        assert_eq!(house.organization.end_idle_sessions().await.unwrap(), 1);
        assert_eq!(
            refusal(&agent.get("/api/v1/session").await),
            (401, "session_ended")
        );
        assert_eq!(house.events("session.ended").await.len(), 1, "ended once");
    })
    .await;
}

#[tokio::test]
async fn a_long_call_is_not_cut_by_the_longest_life_of_a_session() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let id = house.id_of("agent1").await;
        house.post.take(id);
        house.pass(15 * 60);
        assert_eq!(agent.get("/api/v1/session").await.status, 200);
        house.post.leave(id);
        let after = agent.get("/api/v1/session").await;
        assert_eq!(after.json["reason"], "expired");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_signed_out_by_force_is_out_everywhere() {
    on_both(async |house| {
        let (desk, laptop) = (house.person("agent1").await, house.person("agent1").await);
        let bystander = house.person("agent2").await;
        let id = house.id_of("agent1").await;
        let lead = house.person("lead").await;
        let answer = lead
            .post(&format!("/api/v1/users/{id}/sign-out"), json!({}))
            .await;
        assert_eq!(answer.json, json!({ "sessions": 2 }));
        for browser in [&desk, &laptop] {
            let after = browser.get("/api/v1/session").await;
            assert_eq!(after.json["reason"], "forced");
        }
        assert_eq!(bystander.get("/api/v1/session").await.status, 200);
        let ended = house.events("session.ended").await;
        assert_eq!(ended.len(), 2);
        assert_eq!(
            (&ended[0]["user_id"], &ended[0]["reason"]),
            (&json!(id), &json!("forced"))
        );
        let audited = house.audited("session.ended").await;
        assert!(audited.iter().all(|row| row.who_name == "lead"));
    })
    .await;
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    on_both(async |house| {
        let lead = house.person("lead").await;
        let sign_out = |origin: &str| {
            Request::delete("/api/v1/session")
                .header(header::HOST, "127.0.0.1:8080")
                .header(header::ORIGIN, origin)
                .body(Body::empty())
                .unwrap()
        };
        let foreign = lead.send(sign_out("http://127.0.0.1:3000")).await;
        assert_eq!(refusal(&foreign), (403, "other_origin"));
        let upgrade = Request::get("/sip")
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::ORIGIN, "http://localhost:8080")
            .header(header::UPGRADE, "websocket")
            .body(Body::empty())
            .unwrap();
        assert_eq!(refusal(&lead.send(upgrade).await), (403, "other_origin"));
        assert_eq!(
            lead.send(sign_out("http://127.0.0.1:8080")).await.status,
            204
        );
    })
    .await;
}

fn upgrade_headers(cookie: &str, origin: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
    headers.insert(header::ORIGIN, origin.parse().unwrap());
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    headers
}

#[tokio::test]
async fn a_websocket_is_upgraded_for_the_session_and_its_origin_only() {
    on_both(async |house: House| {
        let agent = house.person("agent1").await;
        let cookie = agent.cookie.clone().unwrap();
        let own = upgrade_headers(&cookie, "http://127.0.0.1:8080");
        let principal = house.organization.principal_of(&own, None).await.unwrap();
        assert_eq!(
            (principal.username.as_str(), principal.queues.len()),
            ("agent1", 1)
        );
        let foreign = upgrade_headers(&cookie, "http://evil.example");
        let refused = house
            .organization
            .principal_of(&foreign, None)
            .await
            .unwrap_err();
        assert_eq!(refused.code, "other_origin");
        agent.ask(Method::DELETE, "/api/v1/session", None).await;
        let ended = house
            .organization
            .principal_of(&own, None)
            .await
            .unwrap_err();
        assert_eq!(ended.code, "session_ended");
    })
    .await;
}

#[tokio::test]
async fn two_names_of_one_machine_keep_separate_sessions() {
    on_both(async |house| {
        let (one, other) = (house.person("agent1").await, house.person("lead").await);
        assert_ne!(one.cookie, other.cookie);
        assert_eq!(
            one.get("/api/v1/session").await.json["user"]["username"],
            "agent1"
        );
        assert_eq!(
            other.get("/api/v1/session").await.json["user"]["username"],
            "lead"
        );
        let mut again = house.stranger();
        again.sign_in("agent1", DEMO_PASSWORD).await;
        assert_ne!(
            again.cookie, one.cookie,
            "every sign-in has a token of its own"
        );
    })
    .await;
}

#[tokio::test]
async fn a_disabled_user_is_out_whatever_disabled_him() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let disabled = house.app.db.write(async |tx| {
            let sql = "update users set disabled = true where username = 'agent1'";
            tx.execute_unprepared(sql).await?;
            Ok(())
        });
        disabled.await.unwrap();
        let after = agent.get("/api/v1/session").await;
        assert_eq!(refusal(&after), (401, "session_ended"));
        assert_eq!(after.json["reason"], "disabled");
        assert_eq!(house.events("session.ended").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_that_runs_beside_a_disable_or_a_reset_does_not_survive_it() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let disable = house.id_of("agent1").await;
        let reset = house.id_of("agent2").await;
        let (mut one, mut other) = (house.stranger(), house.stranger());
        let disable = format!("/api/v1/users/{disable}");
        let reset = format!("/api/v1/users/{reset}/reset-password");
        let (_, disabled) = tokio::join!(
            one.sign_in("agent1", DEMO_PASSWORD),
            sysadmin.patch(&disable, json!({ "version": 1, "disabled": true })),
        );
        assert_eq!(disabled.status, 200, "{}", disabled.json);
        let (_, reset) = tokio::join!(
            other.sign_in("agent2", DEMO_PASSWORD),
            sysadmin.post(&reset, json!({})),
        );
        assert_eq!(reset.status, 200, "{}", reset.json);
        for browser in [one, other] {
            assert_eq!(browser.get("/api/v1/session").await.status, 401);
        }
    })
    .await;
}
