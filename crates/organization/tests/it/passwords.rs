//! First sign-in, change, history, age and reset of passwords.

use axum::body::Body;
use axum::http::{Request, header};
use kernel::audit::Who;
use kernel::{Role, Side};
use organization::Organization;
use organization::password::DEMO_PASSWORD;
use sea_orm::{FromQueryResult, Statement};
use serde_json::json;

use crate::house::{on_both, refusal};

#[tokio::test]
async fn a_new_user_changes_the_password_before_anything_else() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let made = sysadmin
            .post(
                "/api/v1/users",
                json!({ "username": "newcomer", "name": "新人", "side": "supplier" }),
            )
            .await;
        assert_eq!(made.status, 201, "{}", made.json);
        let initial = made.json["initial_password"].as_str().unwrap();
        let mut newcomer = house.stranger();
        let answer = newcomer.sign_in("newcomer", initial).await;
        assert_eq!(answer.json["must_change_password"], true);
        for path in ["/api/v1/users", "/api/v1/service-hours", "/api/v1/parties"] {
            assert_eq!(
                refusal(&newcomer.get(path).await),
                (409, "password_change_required")
            );
        }
        let begin = newcomer.post("/api/v1/session/totp", json!({})).await;
        assert_eq!(refusal(&begin), (409, "password_change_required"));
        assert_eq!(newcomer.get("/api/v1/session").await.status, 200);
        let changed = newcomer
            .change_password(initial, "Better-than-before-1")
            .await;
        assert_eq!(changed.status, 204, "{}", changed.json);
        let hours = newcomer.get("/api/v1/service-hours").await;
        assert_eq!(refusal(&hours), (403, "forbidden"), "no role as yet");
        assert_eq!(
            newcomer.get("/api/v1/session").await.json["must_change_password"],
            false
        );
    })
    .await;
}

#[tokio::test]
async fn a_weak_password_is_refused_with_its_reason() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        for (new, code) in [
            ("Short-1", "password_too_short"),
            ("onlylowercaseletters", "password_too_simple"),
            ("Agent1-is-my-name", "password_holds_username"),
            (DEMO_PASSWORD, "password_is_public"),
        ] {
            let answer = agent.change_password(DEMO_PASSWORD, new).await;
            assert_eq!(refusal(&answer), (422, code));
            assert_eq!(answer.json["field"], "new");
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_five_passwords_are_not_used_again() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let password = |n: usize| format!("Changed-again-{n}");
        agent.change_password(DEMO_PASSWORD, &password(0)).await;
        for n in 1..=5 {
            let answer = agent.change_password(&password(n - 1), &password(n)).await;
            assert_eq!(answer.status, 204, "{}", answer.json);
        }
        for n in 1..=5 {
            let answer = agent.change_password(&password(5), &password(n)).await;
            assert_eq!(refusal(&answer), (422, "password_used_before"));
        }
        assert_eq!(
            agent
                .change_password(&password(5), &password(0))
                .await
                .status,
            204
        );
    })
    .await;
}

#[tokio::test]
async fn changing_the_password_ends_the_other_sessions() {
    on_both(async |house| {
        let (here, elsewhere) = (house.person("agent1").await, house.person("agent1").await);
        here.change_password(DEMO_PASSWORD, "Better-than-before-1")
            .await;
        assert_eq!(here.get("/api/v1/session").await.status, 200);
        let after = elsewhere.get("/api/v1/session").await;
        assert_eq!(after.json["reason"], "password_changed");
        let mut agent = house.stranger();
        assert_eq!(agent.sign_in("agent1", DEMO_PASSWORD).await.status, 401);
        assert_eq!(
            agent.sign_in("agent1", "Better-than-before-1").await.status,
            200
        );
    })
    .await;
}

#[tokio::test]
async fn guessing_the_present_password_in_an_open_session_locks_too() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        for _ in 0..4 {
            let answer = agent
                .change_password("Not-the-password-1", "Better-than-before-1")
                .await;
            assert_eq!(refusal(&answer), (422, "wrong_password"));
        }
        let fifth = agent
            .change_password("Not-the-password-1", "Better-than-before-1")
            .await;
        assert_eq!(refusal(&fifth), (423, "account_locked"));
        let right = agent
            .change_password(DEMO_PASSWORD, "Better-than-before-1")
            .await;
        assert_eq!(refusal(&right), (423, "account_locked"));
    })
    .await;
}

#[tokio::test]
async fn a_password_of_ninety_days_has_to_be_changed() {
    on_both(async |house| {
        house.pass(90 * 24 * 60 - 1);
        let mut agent = house.stranger();
        let fresh = agent.sign_in("agent1", DEMO_PASSWORD).await;
        assert_eq!(fresh.json["must_change_password"], false);
        house.pass(1);
        let old = agent.sign_in("agent1", DEMO_PASSWORD).await;
        assert_eq!(old.json["must_change_password"], true);
    })
    .await;
}

#[tokio::test]
async fn a_reset_gives_a_password_for_one_sign_in_and_ends_the_sessions() {
    on_both(async |house| {
        let agent = house.person("agent1").await;
        let sysadmin = house.person("sysadmin").await;
        let path = format!(
            "/api/v1/users/{}/reset-password",
            house.id_of("agent1").await
        );
        let answer = sysadmin.post(&path, json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let initial = answer.json["initial_password"].as_str().unwrap();
        assert_eq!(
            agent.get("/api/v1/session").await.json["reason"],
            "password_reset"
        );
        let mut agent = house.stranger();
        assert_eq!(agent.sign_in("agent1", DEMO_PASSWORD).await.status, 401);
        assert_eq!(
            agent.sign_in("agent1", initial).await.json["must_change_password"],
            true
        );
        let audited = house.audited("user.password_reset").await;
        assert_eq!(audited[0].who_name, "sysadmin");
        assert!(!audited[0].details.to_string().contains(initial));
    })
    .await;
}

#[tokio::test]
async fn nobody_resets_the_password_of_an_administrator_but_the_server() {
    on_both(async |house| {
        let sysadmin = house.person("sysadmin").await;
        let id = house.id_of("secadmin").await;
        let answer = sysadmin
            .post(&format!("/api/v1/users/{id}/reset-password"), json!({}))
            .await;
        assert_eq!(refusal(&answer), (409, "administrators_password"));
        let server = Who::system("command_line");
        let initial = house
            .organization
            .reset_password(&server, id, false)
            .await
            .unwrap();
        assert_eq!(
            house.stranger().sign_in("secadmin", &initial).await.status,
            200
        );
    })
    .await;
}

#[tokio::test]
async fn a_first_password_is_kept_nowhere_even_when_the_request_has_a_key() {
    #[derive(FromQueryResult)]
    struct Kept {
        body: Option<String>,
    }
    testing::on_both(&organization::migrations(), async |app| {
        let organization = Organization::new(&app).unwrap();
        let who = Who::system("test");
        organization
            .put_party(&who, Side::Supplier, "服务商")
            .await
            .unwrap();
        let router = app
            .start(vec![organization::capability(&organization)])
            .await;
        let request = || {
            let body = json!({ "username": "newcomer", "name": "新人", "side": "supplier" });
            Request::post("/api/v1/users")
                .header(header::CONTENT_TYPE, "application/json")
                .header("idempotency-key", "once")
                .body(Body::from(body.to_string()))
                .unwrap()
        };
        let sysadmin = testing::principal(&[Role::SysAdmin]);
        let made = testing::call::send(&router, Some(&sysadmin), request()).await;
        assert_eq!(made.status, 201, "{}", made.json);
        let select = "select body from idempotency_keys";
        let statement = Statement::from_string(app.db.backend(), select);
        let kept = Kept::find_by_statement(statement)
            .all(app.db.read())
            .await
            .unwrap();
        assert_eq!((kept.len(), kept[0].body.as_deref()), (1, None));
        let again = testing::call::send(&router, Some(&sysadmin), request()).await;
        assert_eq!(refusal(&again), (409, "already_done"));
    })
    .await;
}
