//! on a holiday nobody answers; what a requester leaves in the message box is a ticket with an owner and a
//! deadline, and its owner hears it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::on_both;
use crate::support::sipp::{SippCall, finished};
use crate::support::sound::tone_alaw;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_left_on_a_holiday_is_a_ticket_whose_owner_hears_it() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let settings = json!({
            "menu": [], "message_box": true, "survey": false, "survey_period_days": 30,
        });
        lead.put(
            "/api/v1/line",
            json!({ "version": 0, "settings": settings }),
        )
        .await;
        let until = server.clock.now() + chrono::TimeDelta::hours(8);
        lead.put(
            "/api/v1/line/holiday",
            json!({ "on": true, "reason": "放假一天", "until": until }),
        )
        .await;
        let speech = tone_alaw(&server.folder, 700, 40);
        let call = SippCall {
            to: server.running.sip,
            speech: Some(&speech),
            talk_ms: 20_000,
            calls: 1,
            per_minute: 60,
            from: "13900000093",
        };
        finished(call.start(&server.folder), &server.folder).await;
        let calls = lead
            .until(
                "/api/v1/calls?outcome=message_left",
                Duration::from_secs(10),
                |calls| calls["total"] == 1 && calls["items"][0]["has_recording"] == true,
            )
            .await;
        let call = calls["items"][0]["id"].as_str().unwrap().to_owned();
        let found = lead
            .until("/api/v1/tickets", Duration::from_secs(10), |tickets| {
                tickets["items"].as_array().is_some_and(|rows| {
                    rows.iter().any(|row| {
                        row["title"]
                            .as_str()
                            .is_some_and(|title| title.starts_with("电话留言"))
                    })
                })
            })
            .await;
        let row = found["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| {
                row["title"]
                    .as_str()
                    .is_some_and(|title| title.starts_with("电话留言"))
            })
            .unwrap();
        let ticket = lead
            .get(&format!("/api/v1/tickets/{}", row["id"].as_str().unwrap()))
            .await;
        assert_eq!(ticket["source_call_id"], call.as_str(), "{ticket}");
        assert!(!ticket["due_at"].is_null(), "{ticket}");
        assert_eq!(ticket["state"], "pending_sign", "{ticket}");

        // Of the agents only its owner hears it.
        let mut heard = Vec::new();
        let path = format!("/api/v1/calls/{call}/waveform");
        for name in ["agent1", "agent2", "agent3"] {
            let agent = server.sign_in(name).await;
            let (status, _) = agent.ask(Method::GET, &path, None).await;
            let me = agent.get("/api/v1/session").await["user"]["id"].clone();
            let owns = ticket.to_string().contains(me.as_str().unwrap());
            assert_eq!(status == StatusCode::OK, owns, "{name}: {status}");
            heard.push(owns);
        }
        assert!(heard.contains(&true), "{ticket}");
    })
    .await;
}
