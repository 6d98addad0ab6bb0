//! One-time codes at sign-in.

use axum::http::Method;
use organization::password::DEMO_PASSWORD;
use organization::totp;
use sea_orm::{FromQueryResult, Statement};
use serde_json::json;

use crate::house::{House, Person, on_both, refusal};

fn code(house: &House, secret: &str) -> String {
    totp::code_at(secret, house.app.clock.now()).unwrap()
}

fn again() -> serde_json::Value {
    json!({ "password": DEMO_PASSWORD })
}

async fn switch_on(house: &House, person: &Person) -> String {
    let offer = person.post("/api/v1/session/totp", again()).await;
    let secret = offer.json["secret"].as_str().unwrap().to_owned();
    assert!(offer.json["uri"].as_str().unwrap().contains(&secret));
    let confirmed = person
        .put(
            "/api/v1/session/totp",
            json!({ "code": code(house, &secret) }),
        )
        .await;
    assert_eq!(confirmed.status, 204, "{}", confirmed.json);
    secret
}

fn with_code(code: &str) -> serde_json::Value {
    json!({ "username": "agent1", "password": DEMO_PASSWORD, "totp": code })
}

#[tokio::test]
async fn a_code_is_asked_for_once_the_app_has_shown_one() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let secret = switch_on(&house, &agent).await;
        let mut browser = house.stranger();
        let without = browser.sign_in("agent1", DEMO_PASSWORD).await;
        assert_eq!(refusal(&without), (401, "totp_required"));
        house.pass(1);
        let with = browser
            .sign_in_with(with_code(&code(&house, &secret)))
            .await;
        assert_eq!(with.status, 200, "{}", with.json);
        assert_eq!(with.json["user"]["totp"], true);
    })
    .await;
}

#[tokio::test]
async fn a_code_works_once() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let secret = switch_on(&house, &agent).await;
        let mut browser = house.stranger();
        let confirming = browser
            .sign_in_with(with_code(&code(&house, &secret)))
            .await;
        assert_eq!(
            refusal(&confirming),
            (401, "sign_in_failed"),
            "the code that confirmed it"
        );
        house.pass(1);
        let code = code(&house, &secret);
        assert_eq!(browser.sign_in_with(with_code(&code)).await.status, 200);
        let again = browser.sign_in_with(with_code(&code)).await;
        assert_eq!(refusal(&again), (401, "sign_in_failed"));
    })
    .await;
}

#[tokio::test]
async fn wrong_codes_lock_like_wrong_passwords() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let secret = switch_on(&house, &agent).await;
        house.pass(1);
        let right = code(&house, &secret);
        let wrong = if right == "000000" {
            "000001"
        } else {
            "000000"
        };
        let mut browser = house.stranger();
        for _ in 0..4 {
            assert_eq!(browser.sign_in_with(with_code(wrong)).await.status, 401);
        }
        let fifth = browser.sign_in_with(with_code(wrong)).await;
        assert_eq!(refusal(&fifth), (423, "account_locked"));
        let locked = browser.sign_in_with(with_code(&right)).await;
        assert_eq!(refusal(&locked), (423, "account_locked"));
    })
    .await;
}

#[tokio::test]
async fn an_offer_is_not_in_force_before_its_code_was_given() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let none = agent
            .put("/api/v1/session/totp", json!({ "code": "123456" }))
            .await;
        assert_eq!(refusal(&none), (409, "totp_not_begun"));
        agent.post("/api/v1/session/totp", again()).await;
        let wrong = agent
            .put("/api/v1/session/totp", json!({ "code": "12345" }))
            .await;
        assert_eq!(refusal(&wrong), (422, "wrong_code"));
        assert_eq!(
            house
                .stranger()
                .sign_in("agent1", DEMO_PASSWORD)
                .await
                .status,
            200
        );
    })
    .await;
}

#[tokio::test]
async fn the_password_switches_the_code_off() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        switch_on(&house, &agent).await;
        let twice = agent.post("/api/v1/session/totp", again()).await;
        assert_eq!(refusal(&twice), (409, "totp_already_on"));
        let drop = async |password: &str| {
            let body = Some(json!({ "password": password }));
            agent
                .ask(Method::DELETE, "/api/v1/session/totp", body)
                .await
        };
        assert_eq!(
            refusal(&drop("Not-the-password-1").await),
            (422, "wrong_password")
        );
        assert_eq!(drop(DEMO_PASSWORD).await.status, 204);
        assert_eq!(
            house
                .stranger()
                .sign_in("agent1", DEMO_PASSWORD)
                .await
                .status,
            200
        );
        let actions = [
            house.audited("user.totp_on").await,
            house.audited("user.totp_off").await,
        ];
        assert!(actions.iter().all(|rows| rows.len() == 1));
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_offered_for_the_password_and_written_down() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let wrong = json!({ "password": "Not-the-password-1" });
        let wrong = agent.post("/api/v1/session/totp", wrong).await;
        assert_eq!(refusal(&wrong), (422, "wrong_password"));
        assert!(house.audited("user.totp_begun").await.is_empty());
        let offer = agent.post("/api/v1/session/totp", again()).await;
        assert_eq!(offer.headers["cache-control"], "no-store");
        assert_eq!(house.audited("user.totp_begun").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_database_holds_no_secret_in_the_clear() {
    on_both(async |house| {
        #[derive(FromQueryResult)]
        struct Kept {
            totp_secret: String,
        }
        let agent = house.person("agent1").await;
        let secret = switch_on(&house, &agent).await;
        let kept = "select totp_secret from users where totp_secret is not null";
        let kept = Statement::from_string(house.app.db.backend(), kept);
        let kept = Kept::find_by_statement(kept).one(house.app.db.read()).await;
        let kept = kept.unwrap().unwrap().totp_secret;
        assert!(
            kept.len() > 2 * secret.len() && !kept.contains(&secret),
            "{kept}"
        );
        assert!(!kept.contains(&hex::encode(&secret)));
    })
    .await;
}
