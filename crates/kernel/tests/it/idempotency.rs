use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::post;
use kernel::http::Json;
use kernel::problem::refused;
use kernel::{Capability, Principal, Role};
use serde_json::{Value, json};
use testing::call::{Answer, send};
use testing::{TestApp, on_both, principal};

use crate::{real_pause, until};

struct World {
    router: axum::Router,
    count: Arc<AtomicUsize>,
}

/// A route that counts how often it was really asked: `{"slow_ms":…, "refuse":…}`.
async fn world(app: &TestApp) -> World {
    let count = Arc::new(AtomicUsize::new(0));
    let runs = count.clone();
    let handler = post(async move |Json(body): Json<Value>| {
        let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
        real_pause(Duration::from_millis(body["slow_ms"].as_u64().unwrap_or(0))).await;
        if body["refuse"] == true && run == 1 {
            return refused("not_now", "the first time is refused").into_response();
        }
        let location = [(header::LOCATION, format!("/api/v1/things/{run}"))];
        (StatusCode::CREATED, location, Json(json!({ "run": run }))).into_response()
    });
    let routes = utoipa_axum::router::OpenApiRouter::new()
        .route("/api/v1/things", handler.clone())
        .route("/api/v1/others", handler);
    let capability = Capability {
        name: "test",
        routes,
        ..Capability::default()
    };
    World {
        router: app.start(vec![capability]).await,
        count,
    }
}

impl World {
    async fn post(&self, actor: &Principal, path: &str, key: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body.to_string()))
            .unwrap();
        send(&self.router, Some(actor), request).await
    }

    fn runs(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn the_same_request_is_answered_again_and_not_done_again() {
    on_both(&[], async |app| {
        let (world, agent) = (world(&app).await, principal(&[Role::Agent]));
        let first = world.post(&agent, "/api/v1/things", "k1", json!({})).await;
        assert_eq!(
            (first.status, first.json),
            (StatusCode::CREATED, json!({ "run": 1 }))
        );
        assert!(first.headers.get("idempotency-replayed").is_none());
        let again = world.post(&agent, "/api/v1/things", "k1", json!({})).await;
        assert_eq!(
            (again.status, again.json),
            (StatusCode::CREATED, json!({ "run": 1 }))
        );
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers[header::LOCATION], "/api/v1/things/1");
        assert_eq!(again.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(world.runs(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_key_belongs_to_one_actor_one_route_and_one_day() {
    on_both(&[], async |app| {
        let (world, agent, lead) = (
            world(&app).await,
            principal(&[Role::Agent]),
            principal(&[Role::ShiftLead]),
        );
        world.post(&agent, "/api/v1/things", "k", json!({})).await;
        world.post(&lead, "/api/v1/things", "k", json!({})).await;
        world.post(&agent, "/api/v1/others", "k", json!({})).await;
        assert_eq!(world.runs(), 3);
        app.clock.advance(Duration::from_secs(24 * 3600 + 1));
        world.post(&agent, "/api/v1/things", "k", json!({})).await;
        assert_eq!(world.runs(), 4);
    })
    .await;
}

#[tokio::test]
async fn another_body_under_the_same_key_is_a_422() {
    on_both(&[], async |app| {
        let (world, agent) = (world(&app).await, principal(&[Role::Agent]));
        world
            .post(&agent, "/api/v1/things", "k", json!({ "a": 1 }))
            .await;
        let other = world
            .post(&agent, "/api/v1/things", "k", json!({ "a": 2 }))
            .await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other.json["code"], "idempotency_key_reused");
        assert_eq!(world.runs(), 1);
    })
    .await;
}

#[tokio::test]
async fn while_the_first_still_runs_the_second_is_told_so() {
    on_both(&[], async |app| {
        let (world, agent) = (world(&app).await, principal(&[Role::Agent]));
        let slow = world.post(&agent, "/api/v1/things", "k", json!({ "slow_ms": 300 }));
        let early = async {
            until("it runs", async || world.runs() == 1).await;
            world
                .post(&agent, "/api/v1/things", "k", json!({ "slow_ms": 300 }))
                .await
        };
        let (first, second) = tokio::join!(slow, early);
        assert_eq!(first.status, StatusCode::CREATED);
        assert_eq!(
            (second.status, &second.json["code"]),
            (StatusCode::CONFLICT, &json!("in_progress"))
        );
        assert_eq!(world.runs(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_may_be_sent_again() {
    on_both(&[], async |app| {
        let (world, agent) = (world(&app).await, principal(&[Role::Agent]));
        let body = json!({ "refuse": true });
        let first = world
            .post(&agent, "/api/v1/things", "k", body.clone())
            .await;
        assert_eq!(first.status, StatusCode::CONFLICT);
        let second = world.post(&agent, "/api/v1/things", "k", body).await;
        assert_eq!(second.status, StatusCode::CREATED);
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_finds_the_answer_later() {
    on_both(&[], async |app| {
        let (world, agent) = (world(&app).await, principal(&[Role::Agent]));
        let slow = world.post(&agent, "/api/v1/things", "k", json!({ "slow_ms": 100 }));
        let gone = app.clock.timeout(Duration::from_millis(60), slow).await;
        assert!(gone.is_err(), "hung up before the answer");
        until("answered", async || {
            let again = world
                .post(&agent, "/api/v1/things", "k", json!({ "slow_ms": 100 }))
                .await;
            again.status == StatusCode::CREATED
        })
        .await;
        assert_eq!(world.runs(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_none_is_a_400() {
    on_both(&[], async |app| {
        let (world, agent) = (world(&app).await, principal(&[Role::Agent]));
        for key in ["", &"k".repeat(201)] {
            let answer = world.post(&agent, "/api/v1/things", key, json!({})).await;
            assert_eq!(answer.json["code"], "bad_idempotency_key");
        }
        assert_eq!(world.runs(), 0);
    })
    .await;
}
