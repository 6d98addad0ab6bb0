use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures::StreamExt as _;
use kernel::{Audience, Principal, Role};
use serde_json::json;
use testing::{Kind, TestApp, principal};
use tower::ServiceExt as _;

use crate::real_pause;

/// One event as a browser would see it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Told {
    id: String,
    kind: String,
    data: String,
}

struct Screen {
    stream: BodyDataStream,
    text: String,
}

impl Screen {
    async fn open(router: &Router, actor: &Principal, last_id: Option<&str>) -> Self {
        let mut request =
            Request::get("/api/v1/events").header(header::ACCEPT, "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(actor.clone());
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next block, a comment too; `None` at the end of the stream.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let bytes = self.stream.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn next(&mut self) -> Option<Told> {
        loop {
            let block = self.block().await?;
            let mut told = Told::default();
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => told.id = id.to_owned(),
                    Some(("event", kind)) => told.kind = kind.to_owned(),
                    Some(("data", data)) => told.data = data.to_owned(),
                    _ => {}
                }
            }
            if told != Told::default() {
                return Some(told);
            }
        }
    }
}

async fn started() -> (TestApp, Router) {
    let app = testing::app(Kind::Sqlite, &[], &[]).await;
    let router = app.start(vec![kernel::capability(&app)]).await;
    (app, router)
}

#[tokio::test]
async fn what_is_about_one_row_is_heard_by_whose_it_is_and_who_reaches_all_of_it() {
    let (app, router) = started().await;
    let (agent, lead) = (principal(&[Role::Agent]), principal(&[Role::ShiftLead]));
    let mut agents = Screen::open(&router, &agent, None).await;
    let mut leads = Screen::open(&router, &lead, None).await;
    agents.next().await.unwrap();
    leads.next().await.unwrap();
    let about = |people| Audience::Reach {
        permission: "parameters:view",
        queue: None,
        people,
    };
    app.live.publish(about(Vec::new()), "others", json!({}));
    app.live
        .publish(about(vec![agent.user_id]), "own", json!({}));
    app.live.publish(Audience::Everyone, "end", json!({}));
    assert_eq!(agents.next().await.unwrap().kind, "own");
    assert_eq!(agents.next().await.unwrap().kind, "end");
    for kind in ["others", "own", "end"] {
        assert_eq!(leads.next().await.unwrap().kind, kind, "each once");
    }
}

#[tokio::test]
async fn each_screen_hears_what_its_user_may_hear() {
    let (app, router) = started().await;
    let (agent, lead) = (principal(&[Role::Agent]), principal(&[Role::ShiftLead]));
    let mut agents = Screen::open(&router, &agent, None).await;
    let mut leads = Screen::open(&router, &lead, None).await;
    assert_eq!(agents.next().await.unwrap().kind, "ready");
    assert_eq!(leads.next().await.unwrap().kind, "ready");
    app.live.publish(
        Audience::Permission("parameters:view"),
        "board",
        json!({ "waiting": 3 }),
    );
    app.live
        .publish(Audience::Permission("no:such"), "secret", json!({}));
    app.live.publish(
        Audience::User(agent.user_id),
        "agent_state",
        json!({ "state": "ready" }),
    );
    app.live.publish(Audience::Everyone, "notice", json!({}));
    let board = leads.next().await.unwrap();
    assert_eq!(
        (board.kind.as_str(), board.data.as_str()),
        ("board", r#"{"waiting":3}"#)
    );
    assert_eq!(leads.next().await.unwrap().kind, "notice");
    assert_eq!(agents.next().await.unwrap().kind, "agent_state");
    assert_eq!(agents.next().await.unwrap().kind, "notice");
}

#[tokio::test]
async fn a_screen_that_comes_back_hears_what_it_missed_and_nothing_twice() {
    let (app, router) = started().await;
    let agent = principal(&[Role::Agent]);
    let mut screen = Screen::open(&router, &agent, None).await;
    screen.next().await.unwrap();
    app.live.publish(Audience::Everyone, "one", json!({}));
    let one = screen.next().await.unwrap();
    drop(screen);
    app.live.publish(Audience::Everyone, "two", json!({}));
    app.live.publish(Audience::Everyone, "three", json!({}));
    let mut screen = Screen::open(&router, &agent, Some(&one.id)).await;
    assert_eq!(
        screen.next().await.unwrap(),
        Told {
            kind: "ready".into(),
            data: "{}".into(),
            id: one.id
        }
    );
    assert_eq!(screen.next().await.unwrap().kind, "two");
    assert_eq!(screen.next().await.unwrap().kind, "three");
}

#[tokio::test]
async fn an_id_of_another_life_of_the_process_or_of_long_ago_is_answered_with_reset() {
    let (app, router) = started().await;
    let agent = principal(&[Role::Agent]);
    for id in ["deadbeef-1", "nonsense", "", "-"] {
        let mut screen = Screen::open(&router, &agent, Some(id)).await;
        assert_eq!(screen.next().await.unwrap().kind, "reset", "{id}");
        app.live.publish(Audience::Everyone, "after", json!({}));
        assert_eq!(
            screen.next().await.unwrap().kind,
            "after",
            "the stream goes on"
        );
    }
    let mut screen = Screen::open(&router, &agent, None).await;
    let ready = screen.next().await.unwrap();
    for _ in 0..9_000 {
        app.live.publish(Audience::Everyone, "tick", json!({}));
    }
    let mut screen = Screen::open(&router, &agent, Some(&ready.id)).await;
    assert_eq!(screen.next().await.unwrap().kind, "ready");
    assert_eq!(screen.next().await.unwrap().kind, "reset");
    assert_eq!(
        screen.next().await,
        None,
        "the browser comes back by itself"
    );
}

#[tokio::test]
async fn a_slow_screen_is_told_to_read_again_instead_of_being_fed_from_memory() {
    let (app, router) = started().await;
    let agent = principal(&[Role::Agent]);
    let mut screen = Screen::open(&router, &agent, None).await;
    assert_eq!(screen.next().await.unwrap().kind, "ready");
    for number in 0..20_000 {
        app.live.publish(Audience::Everyone, "tick", json!(number));
    }
    let mut kinds = Vec::new();
    while let Some(told) = screen.next().await {
        kinds.push(told.kind);
    }
    assert_eq!(kinds.last().unwrap(), "reset");
    assert!(
        kinds.len() < 1000,
        "{} events were kept for it",
        kinds.len()
    );
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_streams_and_no_others() {
    let (app, router) = started().await;
    let (agent, lead) = (principal(&[Role::Agent]), principal(&[Role::ShiftLead]));
    let mut agents = Screen::open(&router, &agent, None).await;
    let mut leads = Screen::open(&router, &lead, None).await;
    agents.next().await.unwrap();
    leads.next().await.unwrap();
    app.live.end_session(agent.session_id);
    app.live.publish(Audience::Everyone, "after", json!({}));
    assert_eq!(agents.next().await.unwrap().kind, "session_ended");
    assert_eq!(agents.next().await, None);
    assert_eq!(leads.next().await.unwrap().kind, "after");
    app.live.end_user(lead.user_id);
    assert_eq!(leads.next().await.unwrap().kind, "session_ended");
    assert_eq!(leads.next().await, None);
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive_every_fifteen_seconds() {
    let (app, router) = started().await;
    let mut screen = Screen::open(&router, &principal(&[Role::Agent]), None).await;
    screen.next().await.unwrap();
    let clock = app.clock.clone();
    let moved = async {
        real_pause(Duration::from_millis(30)).await;
        clock.advance(Duration::from_secs(15));
    };
    let (block, ()) = tokio::join!(screen.block(), moved);
    assert_eq!(block.unwrap().trim(), ":");
}

#[tokio::test]
async fn one_user_holds_so_many_streams_and_no_more() {
    let (_app, router) = started().await;
    let agent = principal(&[Role::Agent]);
    let mut screens = Vec::new();
    for _ in 0..32 {
        screens.push(Screen::open(&router, &agent, None).await);
    }
    let path = "/api/v1/events";
    let refused = testing::call(&router, Some(&agent), axum::http::Method::GET, path, None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    screens.clear();
    Screen::open(&router, &agent, None).await;
    let nobody = testing::call(&router, None, axum::http::Method::GET, path, None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_stop_ends_every_stream() {
    let (app, router) = started().await;
    let mut screen = Screen::open(&router, &principal(&[Role::Agent]), None).await;
    screen.next().await.unwrap();
    app.shutdown.cancel();
    assert_eq!(screen.next().await, None);
}
