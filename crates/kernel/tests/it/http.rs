use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use kernel::http::{Json, Path, Query};
use kernel::{Capability, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use testing::call::send;
use testing::{Kind, TestApp, call, on_both, principal};
use utoipa_axum::router::OpenApiRouter;

use crate::real_pause;

#[derive(Deserialize)]
struct Thing {
    name: String,
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    count: u32,
}

#[derive(Deserialize)]
struct Ask {
    limit: Option<u32>,
}

async fn router(app: &TestApp) -> axum::Router {
    let routes = OpenApiRouter::new()
        .route(
            "/api/v1/things",
            post(async |Json(thing): Json<Thing>| {
                let count: u32 = thing.parts.iter().map(|part| part.count).sum();
                Json(json!({ "name": thing.name, "count": count }))
            }),
        )
        .route(
            "/api/v1/things/{id}",
            get(async |Path(id): Path<uuid::Uuid>| id.to_string()),
        )
        .route(
            "/api/v1/list",
            get(async |Query(ask): Query<Ask>| Json(json!({ "limit": ask.limit }))),
        )
        .route(
            "/api/v1/plain",
            post(async |axum::Json(_): axum::Json<Thing>| "ok"),
        )
        .route(
            "/api/v1/panic",
            get(async || -> &'static str { panic!("a fault in a handler") }),
        )
        .route(
            "/api/v1/slow",
            get(async || {
                real_pause(Duration::from_mins(1)).await;
                "late"
            }),
        )
        .route(
            "/api/v1/long",
            get(async || "首接".repeat(1000).into_response()),
        );
    app.start(vec![Capability {
        name: "test",
        routes,
        ..Capability::default()
    }])
    .await
}

async fn post_text(
    router: &axum::Router,
    path: &str,
    kind: &str,
    text: impl Into<Body>,
) -> (u16, Value) {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, kind)
        .body(text.into())
        .unwrap();
    let answer = send(router, None, request).await;
    assert_eq!(
        answer.headers[header::CONTENT_TYPE] == "application/problem+json",
        answer.status != StatusCode::OK,
        "{}",
        answer.json
    );
    (answer.status.as_u16(), answer.json)
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_a_problem_that_names_its_field() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = router(&app).await;
    let cases = [
        (r#"{"name":"a","parts":[{"count":1}]}"#, 200, "", ""),
        (
            r#"{"name":"a","parts":[{"count":1}]} x"#,
            400,
            "bad_json",
            "",
        ),
        (r#"{"name":"a","parts""#, 400, "bad_json", ""),
        ("", 400, "bad_json", ""),
        (r#"{"name":"a"}"#, 422, "bad_value", "parts"),
        (
            r#"{"name":"a","parts":[{"count":-1}]}"#,
            422,
            "bad_value",
            "parts[0].count",
        ),
        (r#"{"name":7,"parts":[]}"#, 422, "bad_value", "name"),
        (r#"{"name":"a\u0000","parts":[]}"#, 400, "null_byte", ""),
        (r#"{"name":"a\\u0000","parts":[]}"#, 200, "", ""),
    ];
    for (body, status, code, field) in cases {
        let (answered, json) = post_text(&router, "/api/v1/things", "application/json", body).await;
        assert_eq!(answered, status, "{body}: {json}");
        if status != 200 {
            assert_eq!(json["code"], code, "{body}: {json}");
            assert_eq!(
                json["field"].as_str().unwrap_or_default(),
                field,
                "{body}: {json}"
            );
        }
    }
    let kind = "application/json";
    let (status, _) = post_text(&router, "/api/v1/things", kind, vec![b'"', 0xff, b'"']).await;
    assert_eq!(status, 400, "not UTF-8");
    let (status, json) = post_text(&router, "/api/v1/things", "text/plain", "{}").await;
    assert_eq!(
        (status, &json["code"]),
        (415, &json!("unsupported_media_type"))
    );
    let long = format!(r#"{{"name":"{}","parts":[]}}"#, "a".repeat(10 << 20));
    let (status, json) = post_text(&router, "/api/v1/things", kind, long).await;
    assert_eq!((status, &json["code"]), (413, &json!("too_large")));
}

#[tokio::test]
async fn what_a_library_answers_is_a_problem_too() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = router(&app).await;
    let (status, json) = post_text(&router, "/api/v1/plain", "application/json", "{").await;
    assert_eq!((status, &json["code"]), (400, &json!("bad_request")));
    let answer = call(&router, None, Method::DELETE, "/api/v1/things", None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (405, &json!("method_not_allowed"))
    );
    assert_eq!(answer.headers[header::ALLOW], "POST");
    let answer = call(&router, None, Method::GET, "/api/v1/things/nothing", None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (404, &json!("not_found"))
    );
    let answer = call(&router, None, Method::GET, "/api/v1/list?limit=many", None).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        (&answer.json["code"], &answer.json["field"]),
        (&json!("bad_query"), &json!("limit"))
    );
    let answer = call(&router, None, Method::GET, "/api/v1/list?limit=%00", None).await;
    assert_eq!(answer.json["code"], "null_byte");
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = router(&app).await;
    let answer = call(&router, None, Method::GET, "/api/v1/panic", None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (500, &json!("internal"))
    );
    assert!(!answer.json.to_string().contains("fault"));
    assert!(answer.headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn a_request_without_an_answer_is_given_up() {
    let app = testing::app(
        Kind::Sqlite,
        &[],
        &[("http.request_timeout_s", "1".to_owned())],
    )
    .await;
    let router = router(&app).await;
    let answer = call(&router, None, Method::GET, "/api/v1/slow", None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (503, &json!("timeout"))
    );
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_browsers_heed() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = router(&app).await;
    for path in [
        "/api/v1/list",
        "/api/v1/nothing",
        "/api/v1/panic",
        "/healthz",
    ] {
        let answer = call(&router, None, Method::GET, path, None).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'")
        );
        assert_eq!(
            answer.headers[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff",
            "{path}"
        );
        assert_eq!(answer.headers[header::X_FRAME_OPTIONS], "DENY", "{path}");
    }
    let answer = call(&router, None, Method::GET, "/api/v1/list", None).await;
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_can_read_it() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = router(&app).await;
    let request = Request::get("/api/v1/long")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty());
    let answer = send(&router, None, request.unwrap()).await;
    assert_eq!(answer.headers[header::CONTENT_ENCODING], "gzip");
}

#[tokio::test]
async fn health_and_readiness_are_told_without_a_session() {
    on_both(&[], async |app| {
        let router = router(&app).await;
        for path in ["/healthz", "/readyz"] {
            assert_eq!(
                call(&router, None, Method::GET, path, None).await.status,
                StatusCode::OK
            );
        }
        app.shutdown.cancel();
        let answer = call(&router, None, Method::GET, "/readyz", None).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["code"]),
            (503, &json!("stopping"))
        );
        assert_eq!(
            call(&router, None, Method::GET, "/healthz", None)
                .await
                .status,
            StatusCode::OK
        );
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_gone_makes_the_process_unready() {
    on_both(&[], async |app| {
        let router = router(&app).await;
        app.db.close().await;
        let answer = call(&router, None, Method::GET, "/readyz", None).await;
        assert_eq!(answer.json["code"], "database_unreachable");
    })
    .await;
}

#[tokio::test]
async fn a_vital_task_that_panics_makes_the_process_unready() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = router(&app).await;
    app.spawn_vital("clockwork", async { panic!("a spring broke") });
    let mut answer = call(&router, None, Method::GET, "/readyz", None).await;
    for _ in 0..100 {
        if answer.status != StatusCode::OK {
            break;
        }
        crate::real_pause(Duration::from_millis(10)).await;
        answer = call(&router, None, Method::GET, "/readyz", None).await;
    }
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json["code"], "task_ended");
}

#[tokio::test]
async fn figures_are_for_this_machine_or_the_token() {
    let token = [("metrics.token", "s3cret".to_owned())];
    let app = testing::app(Kind::Sqlite, &[], &token).await;
    let router = router(&app).await;
    call(&router, None, Method::GET, "/api/v1/list", None).await;
    for invented in ["BREW", "get"] {
        let method = Method::from_bytes(invented.as_bytes()).unwrap();
        call(&router, None, method, "/api/v1/list", None).await;
    }
    let ask = async |bearer: Option<&str>, peer: Option<&str>, proxied: bool| {
        let mut request = Request::get("/metrics");
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if proxied {
            request = request.header("x-forwarded-for", "203.0.113.9");
        }
        if let Some(peer) = peer {
            let peer: std::net::SocketAddr = peer.parse().unwrap();
            request = request.extension(axum::extract::ConnectInfo(peer));
        }
        send(&router, None, request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask(None, None, false).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        ask(Some("wrong"), Some("203.0.113.9:1"), false)
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(None, Some("127.0.0.1:1"), true).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(None, Some("127.0.0.1:1"), false).await.status,
        StatusCode::OK
    );
    let figures = ask(Some("s3cret"), Some("203.0.113.9:1"), true).await;
    let text = figures.json.as_str().unwrap().to_owned();
    // The figures are of the process: other tests count into them.
    for (figure, least) in [
        (
            r#"shoujie_http_requests_total{method="GET",route="/api/v1/list",status="200"}"#,
            1,
        ),
        (
            r#"shoujie_http_requests_total{method="other",route="/api/v1/list",status="405"}"#,
            2,
        ),
        (
            r#"shoujie_http_request_seconds_count{route="/api/v1/list"}"#,
            3,
        ),
        ("shoujie_db_queue", 0),
        ("shoujie_audit_unsealed", 0),
    ] {
        let line = text.lines().find_map(|line| line.strip_prefix(figure));
        let value = line.and_then(|rest| rest.trim().parse::<u64>().ok());
        assert!(
            value.is_some_and(|value| value >= least),
            "{figure} in {text}"
        );
    }
}

#[tokio::test]
async fn the_openapi_document_lists_the_routes_of_the_capabilities() {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = app.start(vec![kernel::capability(&app)]).await;
    let document = call(&router, None, Method::GET, "/api/openapi.json", None).await;
    for path in [
        "/api/v1/audit",
        "/api/v1/audit/state",
        "/api/v1/events",
        "/api/v1/parameters",
    ] {
        assert!(document.json["paths"][path].is_object(), "{path}");
    }
    let codes: Vec<_> = app
        .rights
        .all()
        .into_iter()
        .map(|permission| permission.code)
        .collect();
    assert_eq!(
        codes,
        ["audit:view", "parameters:confirm", "parameters:view"]
    );
    let lead = principal(&[Role::ShiftLead]);
    assert!(app.rights.scope(&lead, "parameters:view").is_some());
    assert!(app.rights.scope(&lead, "parameters:confirm").is_none());
    assert!(app.rights.scope(&lead, "no:such").is_none());
}
