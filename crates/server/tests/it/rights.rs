//! The rights matrix, found by asking every route as every role.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Person, TestServer};

/// One demo person for each role.
const PEOPLE: [&str; 15] = [
    "agent1",
    "lead",
    "manager",
    "quality",
    "trainer",
    "analyst",
    "hr",
    "liaison",
    "counterpart",
    "purchaser",
    "section",
    "reviewer",
    "sysadmin",
    "secadmin",
    "auditor",
];

/// Routes that nobody needs to be signed in for. A new one needs a reason here.
const PUBLIC: [&str; 9] = [
    "GET /api/v1/config-public",          // what the sign-in page shows
    "POST /api/v1/session",               // signing in
    "POST /api/v1/platform-inbox/{code}", // a platform has no session; its signature is who it is
    "POST /api/v1/public/ticket-status", // the requester; number and telephone number are his proof
    "POST /api/v1/public/ratings",       // the requester; the token of his answer is his proof
    "GET /api/v1/public/exam-plans",     // what the purchaser publishes: public columns only
    "GET /api/v1/public/title-batches",
    "GET /api/v1/channel-inbox/{code}", // a platform; its signature is who it is
    "POST /api/v1/channel-inbox/{code}",
];

/// What a visitor of the website asks: his token is who he is, and opens nothing else.
const VISITOR: &str = "/api/v1/chat";

fn routes(openapi: &Value) -> Vec<(Method, String)> {
    let mut routes = Vec::new();
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        for verb in operations.as_object().unwrap().keys() {
            if let Ok(method) = verb.to_uppercase().parse::<Method>() {
                routes.push((method, path.clone()));
            }
        }
    }
    routes.sort_by(|a, b| (&a.1, a.0.as_str()).cmp(&(&b.1, b.0.as_str())));
    routes
}

fn example(path: &str) -> String {
    path.replace("{year}", "2026")
        .replace("{code}", "no-such-queue")
        .split('/')
        .map(|part| {
            if part.starts_with('{') {
                "00000000-0000-7000-8000-000000000000"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

async fn probe(person: &Person, method: &Method, path: &str) -> (StatusCode, Option<String>) {
    let body = (*method != Method::GET).then(|| json!({}));
    let response = person.send(method.clone(), &example(path), body).await;
    let status = response.status();
    if status != StatusCode::FORBIDDEN {
        return (status, None);
    }
    let problem: Value = response.json().await.unwrap_or_default();
    (status, problem["permission"].as_str().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_states_its_permission_and_the_matrix_is_as_reviewed() {
    let server = TestServer::demo().await;
    let anonymous = server.anonymous();
    let openapi = anonymous.get("/api/openapi.json").await;
    let mut people: BTreeMap<&str, Person> = BTreeMap::new();
    for username in PEOPLE {
        people.insert(username, server.sign_in(username).await);
    }
    let mut matrix = String::new();
    for (method, path) in routes(&openapi) {
        let route = format!("{method} {path}");
        if PUBLIC.contains(&route.as_str()) || path.starts_with(VISITOR) {
            writeln!(matrix, "{route:<52} public").unwrap();
            continue;
        }
        let (status, _) = probe(&anonymous, &method, &path).await;
        assert_eq!(
            status,
            StatusCode::UNAUTHORIZED,
            "{route} answers {status} to nobody"
        );
        if path == "/api/v1/session" || path.starts_with("/api/v1/session/") {
            // One's own session: asking these would end or change it.
            writeln!(matrix, "{route:<52} signed in").unwrap();
            continue;
        }
        let mut allowed = Vec::new();
        let mut permission = None;
        for username in PEOPLE {
            let (status, needed) = probe(&people[username], &method, &path).await;
            assert!(!status.is_server_error(), "{route} as {username}: {status}");
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{route} as {username}");
            if status == StatusCode::FORBIDDEN {
                permission = permission.or(needed);
            } else {
                allowed.push(username);
            }
        }
        let need = match (&permission, allowed.len()) {
            (Some(permission), _) => permission.clone(),
            (None, count) if count == PEOPLE.len() => "signed in".to_owned(),
            _ => panic!("{route} refuses without naming its permission"),
        };
        writeln!(matrix, "{route:<52} {need:<24} {}", allowed.join(" ")).unwrap();
    }
    insta::assert_snapshot!("rights_matrix", matrix);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openapi_document_is_the_one_the_console_was_made_for() {
    let server = TestServer::demo().await;
    let openapi = server.anonymous().get("/api/openapi.json").await;
    server.stop().await;
    let made = format!("{openapi:#}\n");
    let kept = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../web/src/api/openapi.json"
    );
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(kept, &made).unwrap();
    }
    assert!(
        std::fs::read_to_string(kept).unwrap() == made,
        "web/src/api/openapi.json is stale: run `make schema` and look at what changed"
    );
}
