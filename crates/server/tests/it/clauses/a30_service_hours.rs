//! A-30: five days a week, eight hours a day, by the State Council's calendar.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::cases::on_both;
use crate::support::sipp::{SippCall, finished};

/// Calls at a moment of Guangzhou's time and tells how the call ended.
async fn outcome_at(time: &str) -> String {
    let closed = [("service.always_open", "false".to_owned())];
    let server = TestServer::started_at(time, &closed).await;
    let lead = server.sign_in("lead").await;
    let call = SippCall {
        to: server.running.sip,
        speech: None,
        talk_ms: 2_500,
        calls: 1,
        per_minute: 60,
        from: "13900000030",
    };
    let _requester = call.start(&server.folder);
    let calls = lead
        .until("/api/v1/calls", Duration::from_secs(30), |calls| {
            calls["items"]
                .as_array()
                .is_some_and(|rows| rows.len() == 1 && !rows[0]["ended_at"].is_null())
        })
        .await;
    server.stop().await;
    calls["items"][0]["outcome"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_is_open_on_a_makeup_sunday_and_closed_on_a_holiday_friday_and_at_night() {
    let open = |outcome: &str| outcome != "after_hours";
    assert!(
        open(&outcome_at("2026-09-20T10:00:00+08:00").await),
        "make-up workday, a Sunday"
    );
    assert!(
        !open(&outcome_at("2026-09-25T10:00:00+08:00").await),
        "Mid-Autumn, a Friday"
    );
    assert!(
        !open(&outcome_at("2026-11-23T21:00:00+08:00").await),
        "a Monday evening"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_when_the_line_closes_is_served_as_his_queue_says_and_then_leaves_a_message() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let queues = lead.get("/api/v1/queues").await;
        let mut all = queues["items"].as_array().unwrap().iter();
        let hotline = all.find(|queue| queue["code"] == "hotline");
        let mut rules = hotline.unwrap().clone();
        assert_eq!(rules["serve_after_closing_s"], 900);
        assert_eq!(rules["after_closing"], "message_box");
        rules["serve_after_closing_s"] = json!(60);
        rules.as_object_mut().unwrap().remove("code");
        lead.put("/api/v1/queues/hotline", rules).await;
        let mut desk = server.sign_in("agent1").await.screen().await;
        let requester = server.requester("13900000031", 45_000);
        let within = Duration::from_secs(15);
        let waits = |floor: &Value| floor["waiting"].as_array().unwrap().len() == 1;
        lead.until("/api/v1/floor", within, waits).await;
        let until = server.clock.now() + chrono::TimeDelta::hours(8);
        let closed = json!({ "on": true, "reason": "提前下班", "until": until });
        lead.put("/api/v1/line/holiday", closed).await;
        server.clock.advance(Duration::from_secs(6));
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.clock.advance(Duration::from_secs(50));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(
            waits(&lead.get("/api/v1/floor").await),
            "he is served for a minute"
        );
        desk.hears(&["closing", r#""serve_until":"2026"#]).await;
        server.clock.advance(Duration::from_secs(10));
        finished(requester, &server.folder).await;
        desk.hears(&[r#""serve_until":null"#]).await;
        let ended = |calls: &Value| calls["total"] == 1;
        let path = "/api/v1/calls?outcome=message_left";
        let calls = lead.until(path, Duration::from_secs(10), ended).await;
        let call = calls["items"][0]["id"].clone();
        let ticket = |tickets: &Value| {
            let rows = tickets["items"].as_array().unwrap();
            rows.iter()
                .any(|row| row["title"].as_str().unwrap().starts_with("电话留言"))
        };
        lead.until("/api/v1/tickets", within, ticket).await;
        let events = lead
            .get(&format!("/api/v1/calls/{}", call.as_str().unwrap()))
            .await;
        assert_eq!(events["outcome"], "message_left", "{events}");
        let board = lead.get("/api/v1/wallboard").await;
        assert_eq!(board["lost_today"], 1, "{board}");
        // The ticket of his message is what is owed him; nobody calls back beside it.
        let none = |board: &Value| board["callbacks_due"] == 0;
        lead.until("/api/v1/wallboard", within, none).await;
        let owed = lead.get("/api/v1/callbacks").await;
        assert_eq!(owed["total"], 0, "{owed}");
    })
    .await;
}
