//! The purchaser's own exchange, followed over its event socket.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use floor::AgentState;
use serde_json::{Value, json};
use telephony::calls::rows::call;
use telephony::elsewhere::LinkState;
use testing::freeswitch::FreeSwitch;
use testing::principal;

use super::elsewhere::{ask, lead, router, seat};
use super::{Hotline, agent, hotline, on_both, until};

const PASSWORD: &str = "ein Wort";

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn setup(port: u16, change: Value) -> Value {
    let mut body = json!({
        "name": "市局总机", "host": "127.0.0.1", "port": port, "secret": PASSWORD, "allow_private": true,
        "active": true, "queue": "hotline", "hotline": "12333",
        "agents": [
            { "extension": "1001", "user_id": agent(1) }, { "extension": "1002", "user_id": agent(2) },
        ],
        "queues": { "hot@default": "hotline" },
    });
    let fields = body.as_object_mut().unwrap();
    fields.extend(change.as_object().unwrap().clone());
    body
}

fn administrator() -> kernel::Principal {
    principal(&[kernel::Role::SysAdmin])
}

const PATH: &str = "/api/v1/exchanges/main";

async fn put(router: &Router, body: Value, status: StatusCode) -> Value {
    ask(
        router,
        &administrator(),
        Method::PUT,
        PATH,
        Some(body),
        status,
    )
    .await
}

async fn followed(line: &Hotline) -> (Router, FreeSwitch) {
    let exchange = FreeSwitch::start(PASSWORD, &line.app.clock).await;
    let router = router(line).await;
    let body = setup(exchange.port(), json!({}));
    put(&router, body, StatusCode::CREATED).await;
    connected(line).await;
    (router, exchange)
}

async fn connected(line: &Hotline) {
    until("the line to the exchange stands", || async {
        line.telephony.exchanges().link("main").state == LinkState::Connected
    })
    .await;
}

async fn state(line: &Hotline, number: u8, wanted: AgentState) {
    until(&format!("agent {number} is {wanted:?}"), || async {
        line.state_of(number) == wanted
    })
    .await;
}

/// The records, once so many are over.
async fn over(line: &Hotline, many: usize) -> Vec<call::Model> {
    until("the calls are written down", || async {
        let rows = line.records().await;
        rows.iter().filter(|row| row.outcome.is_some()).count() == many
    })
    .await;
    line.records().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_the_exchange_is_the_agents_like_one_of_ours() {
    on_both(async |line| {
        let (router, exchange) = followed(&line).await;
        // Whatever is told is told twice.
        exchange.twice(true);
        let call = exchange.comes_in("+8613900000001", "12333");
        let leg = exchange.rings(&call, "1001");
        until("it rings", || async {
            line.records()
                .await
                .iter()
                .any(|row| row.state == "ringing")
        })
        .await;
        exchange.answers(&leg);
        exchange.answers(&call);
        state(&line, 1, AgentState::Talking).await;
        let board = line.floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.answered_today), (1, 1));
        exchange.hangs_up(&leg, false);
        exchange.hangs_up(&call, true);
        state(&line, 1, AgentState::WrapUp).await;
        let row = over(&line, 1).await.remove(0);
        assert_eq!(
            (
                row.source.as_str(),
                row.source_code.as_deref(),
                row.caller.as_str(),
                row.outcome.as_deref(),
                row.agent_id,
                row.ended_by.as_deref()
            ),
            (
                "freeswitch",
                Some("main"),
                "13900000001",
                Some("answered"),
                Some(agent(1)),
                Some("requester")
            )
        );
        assert_eq!(
            line.journal(row.id).await,
            ["arrived", "ringing", "answered", "ended"]
        );
        let id = row.id.to_string();
        let told = line.app.events.of_subject(line.app.db.read(), &id);
        let kinds: Vec<String> = told
            .await
            .unwrap()
            .into_iter()
            .map(|one| one.kind)
            .collect();
        let calls: Vec<&str> = kinds
            .iter()
            .map(String::as_str)
            .filter(|kind| kind.starts_with("call."))
            .collect();
        assert_eq!(
            calls,
            [
                "call.offered",
                "call.ringing",
                "call.answered",
                "call.ended"
            ]
        );
        // The list marks it; the password is shown to nobody.
        let listed = ask(
            &router,
            &lead(),
            Method::GET,
            "/api/v1/exchanges",
            None,
            StatusCode::OK,
        )
        .await;
        assert_eq!(listed["items"][0]["has_secret"], true);
        assert_eq!(listed["items"][0]["link"]["state"], "connected");
        assert!(!listed.to_string().contains(PASSWORD), "{listed}");
        let mine = ask(
            &router,
            &seat(1),
            Method::GET,
            "/api/v1/calls?source=freeswitch",
            None,
            StatusCode::OK,
        )
        .await;
        assert_eq!(mine["total"], 1);

        // One that nobody takes counts too, and is to be called back.
        exchange.twice(false);
        let missed = exchange.comes_in("13900000002", "12333");
        let leg = exchange.rings(&missed, "1002");
        line.app.clock.advance(Duration::from_secs(20));
        exchange.hangs_up(&leg, false);
        exchange.hangs_up(&missed, true);
        let rows = over(&line, 2).await;
        assert_eq!(
            (rows[0].outcome.as_deref(), rows[0].agent_id),
            (Some("abandoned"), None)
        );
        until("it counts", || async {
            let board = line.floor.wallboard().await.unwrap();
            (
                board.calls_today,
                board.abandoned_today,
                board.callbacks_due,
            ) == (2, 1, 1)
        })
        .await;
        // Another line of that house is none of ours.
        let private = exchange.comes_in("13900000003", "88001");
        exchange.hangs_up(&private, true);
        let placed = exchange.goes_out("1002", "13900000009");
        let far = exchange.rings(&placed, "13900000009");
        exchange.answers(&far);
        state(&line, 2, AgentState::Talking).await;
        exchange.hangs_up(&placed, true);
        let rows = over(&line, 3).await;
        assert_eq!(
            (
                rows[0].direction.as_str(),
                rows[0].ended_by.as_deref(),
                rows[0].agent_id
            ),
            ("outbound", Some("agent"), Some(agent(2)))
        );
        assert_eq!(line.floor.wallboard().await.unwrap().calls_today, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_the_exchange_names_the_agent() {
    let line = hotline().await;
    let (_router, exchange) = followed(&line).await;
    let call = exchange.comes_in("13900000001", "12333");
    exchange.answers(&call);
    exchange.queue(&call, "member-queue-start", "hot@default", None);
    exchange.queue(&call, "agent-offering", "hot@default", Some("1002@default"));
    exchange.queue(
        &call,
        "bridge-agent-start",
        "hot@default",
        Some("1002@default"),
    );
    state(&line, 2, AgentState::Talking).await;
    exchange.hangs_up(&call, false);
    let row = over(&line, 1).await.remove(0);
    assert_eq!(
        (row.queue.as_deref(), row.ended_by.as_deref()),
        (Some("hotline"), Some("agent"))
    );
    assert!(row.queued_at.is_some() && row.rung_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_line_is_taken_up_again_and_what_was_missed_is_found() {
    on_both(async |line| {
        let (_router, exchange) = followed(&line).await;
        let goes_on = exchange.comes_in("13900000001", "12333");
        let leg = exchange.rings(&goes_on, "1001");
        exchange.answers(&leg);
        state(&line, 1, AgentState::Talking).await;
        let ends = exchange.comes_in("13900000002", "12333");
        until("both are known", || async {
            line.records().await.len() == 2
        })
        .await;

        exchange.cut(true);
        until("the line is lost", || async {
            line.telephony.exchanges().link("main").state != LinkState::Connected
        })
        .await;
        // While nobody hears: one ends, one comes and is answered.
        exchange.hangs_up(&ends, true);
        let new = exchange.comes_in("13900000003", "12333");
        let second = exchange.rings(&new, "1002");
        exchange.answers(&second);
        exchange.cut(false);
        line.app.clock.advance(Duration::from_secs(70));
        connected(&line).await;
        state(&line, 2, AgentState::Talking).await;
        assert_eq!(line.state_of(1), AgentState::Talking, "his call goes on");
        let rows = over(&line, 1).await;
        assert_eq!(rows.len(), 3);
        let ended = rows.iter().find(|row| row.outcome.is_some()).unwrap();
        assert_eq!(
            (ended.caller.as_str(), ended.ended_by.as_deref()),
            ("13900000002", None),
            "nobody saw who hung up"
        );

        // An end that is never told is found when the channels are looked at.
        exchange.quiet(true);
        exchange.hangs_up(&leg, false);
        exchange.hangs_up(&goes_on, true);
        line.app.clock.advance(Duration::from_secs(31));
        state(&line, 1, AgentState::WrapUp).await;
        over(&line, 2).await;
        assert!(
            exchange
                .asked()
                .iter()
                .any(|asked| asked.starts_with("api uuid_dump "))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_the_right_one_helps() {
    let line = hotline().await;
    let exchange = FreeSwitch::start(PASSWORD, &line.app.clock).await;
    let router = router(&line).await;
    let wrong = setup(exchange.port(), json!({ "secret": "falsch" }));
    put(&router, wrong, StatusCode::CREATED).await;
    until("the password is refused", || async {
        line.telephony.exchanges().link("main").state == LinkState::Refused
    })
    .await;
    assert_eq!(exchange.sign_ins(), (0, 1));
    put(
        &router,
        setup(exchange.port(), json!({ "version": 1 })),
        StatusCode::OK,
    )
    .await;
    connected(&line).await;
    // Taken out of use, it is not followed any more, and what ran is closed.
    let call = exchange.comes_in("13900000001", "12333");
    until("the call is known", || async {
        line.records().await.len() == 1
    })
    .await;
    let off = setup(
        exchange.port(),
        json!({ "version": 2, "active": false, "secret": null }),
    );
    put(&router, off, StatusCode::OK).await;
    let row = over(&line, 1).await.remove(0);
    assert_eq!(row.outcome.as_deref(), Some("interrupted"));
    exchange.hangs_up(&call, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_may_not_be_called_is_refused() {
    let line = hotline().await;
    let router = router(&line).await;
    for (change, field) in [
        (json!({ "allow_private": false }), "host"),
        (json!({ "host": "169.254.169.254" }), "host"),
        (
            json!({ "host": "localhost", "allow_private": false }),
            "host",
        ),
        (json!({ "host": "pbx.example.com/x?" }), "host"),
        (json!({ "host": "name@pbx.example.com" }), "host"),
        (json!({ "secret": "x\napi shutdown" }), "secret"),
        (
            json!({ "agents": [{ "extension": "1001", "user_id": lead().user_id }] }),
            "agents",
        ),
        (json!({ "queue": "nowhere" }), "queue"),
    ] {
        let problem = put(
            &router,
            setup(8021, change.clone()),
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
        assert_eq!(problem["field"], field, "{change}: {problem}");
    }
    // Another machine is never told the password of the first.
    put(
        &router,
        setup(9, json!({ "active": false })),
        StatusCode::CREATED,
    )
    .await;
    let moved = setup(
        9,
        json!({ "version": 1, "active": false, "host": "127.0.0.2", "secret": null }),
    );
    let problem = put(&router, moved, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(problem["code"], "secret_needed");
    let denied = ask(
        &router,
        &lead(),
        Method::PUT,
        PATH,
        Some(setup(9, json!({}))),
        StatusCode::FORBIDDEN,
    )
    .await;
    assert_eq!(denied["code"], "forbidden");
}
