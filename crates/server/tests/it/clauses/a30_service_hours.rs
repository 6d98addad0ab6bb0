//! five days a week, eight hours a day, by the State Council's calendar.

use std::time::Duration;

use crate::support::TestServer;
use crate::support::sipp::SippCall;

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
