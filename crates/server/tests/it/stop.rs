//! A server that is told to stop stops, and another takes its place.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};

use crate::support::served::Served;
use crate::support::{OPEN, Person, TestServer, folder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_stops_within_two_seconds_and_the_next_comes_up_in_its_place() {
    let folder = folder();
    let mut first = Served::demo(&folder).await;
    let lead = Person::signed_in(&first.http, "lead").await;
    assert!(lead.get("/api/v1/telephony").await["calls"] == 0);
    let began = Instant::now();
    let ended = first.stop().await;
    let took = began.elapsed();
    assert!(ended.success() && took < Duration::from_secs(2), "{took:?}");

    let listen = first.http.trim_start_matches("http://");
    let second = Served::demo_at(&folder, listen, &first.sip.to_string()).await;
    let (status, _) = Person::at(&second.http)
        .ask(Method::GET, "/readyz", None)
        .await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_a_route_of_telephony_is_answered_with_a_problem() {
    let server = TestServer::started_at(OPEN, &[]).await;
    let lead = server.sign_in("lead").await;
    for (path, wanted) in [
        ("/api/v1/calls/no-id", StatusCode::NOT_FOUND),
        ("/api/v1/calls?from=yesterday", StatusCode::BAD_REQUEST),
        ("/api/v1/calls?mine=perhaps", StatusCode::BAD_REQUEST),
    ] {
        let (status, problem) = lead.ask(Method::GET, path, None).await;
        assert_eq!(status, wanted, "{path}: {problem}");
        assert!(problem["code"].is_string(), "{path}: {problem}");
    }
    server.stop().await;
}
