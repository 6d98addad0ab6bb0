//! the lead sees who is not where he should be, how the day goes, and writes the log of the site.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both_at;
use crate::support::sipp::finished;
use crate::support::{OPEN, Person};

const SOON: Duration = Duration::from_secs(5);

fn of<'a>(board: &'a Value, staff_no: &str) -> &'a Value {
    let mut items = board["items"].as_array().unwrap().iter();
    let found = items.find(|one| one["user"]["staff_no"] == staff_no);
    found.unwrap_or_else(|| panic!("nobody is {staff_no}: {board}"))
}

/// The board once `staff_no` does so.
async fn board(lead: &Person, staff_no: &str, doing: &str) -> Value {
    let does = |board: &Value| of(board, staff_no)["doing"] == doing;
    lead.until("/api/v1/adherence", SOON, does).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_where_he_should_be_is_seen_with_sign_and_minutes() {
    on_both_at(OPEN, &[], async |server| {
        let lead = server.sign_in("lead").await;
        let agent = server.desk_agent("agent3").await;
        let seen = board(&lead, "803", "work").await;
        let (there, away) = (of(&seen, "803"), of(&seen, "801"));
        assert_eq!(there["deviation"], Value::Null, "{there}");
        // Ten o'clock: nobody of the others has come since half past eight.
        assert_eq!(
            (&away["deviation"], &away["deviation_minutes"]),
            (&json!("missing"), &json!(-90))
        );
        assert_eq!(away["adherence_bp"], 0);
        // A call of this half hour is counted, whoever takes it.
        let requester = server.requester("13900000051", 9_000);
        let call = agent.in_state("talking").await;
        finished(requester, &server.folder).await;
        agent.in_state("wrap_up").await;
        agent.write_up(&call, "answered", "报名时间").await;
        agent.in_state("ready").await;
        let day = lead
            .until("/api/v1/intraday", SOON, |day| day["actual_total"] == 1)
            .await;
        assert_eq!(
            (&day["bin_minutes"], &day["history_days"]),
            (&json!(30), &json!(0))
        );
        let bin = day["items"].as_array().unwrap().iter();
        let bin: Vec<&Value> = bin.filter(|one| one["actual"] == 1).collect();
        assert_eq!((bin.len(), &bin[0]["planned"]), (1, &json!(6)), "{day}");

        let pause = json!({"state": "break", "reason": "接水"});
        agent.person.put("/api/v1/agent-state", pause).await;
        board(&lead, "803", "paused").await;
        server.clock.advance(Duration::from_mins(9));
        let seen = board(&lead, "803", "paused").await;
        let paused = of(&seen, "803");
        assert_eq!(
            (
                &paused["deviation"],
                &paused["deviation_minutes"],
                &paused["noticeable"]
            ),
            (&json!("pausing"), &json!(-9), &json!(true)),
            "{paused}"
        );

        let agent = &agent.person;
        for path in ["/api/v1/adherence", "/api/v1/intraday", "/api/v1/site-log"] {
            let (status, _) = agent.ask(Method::GET, path, None).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_the_site_is_written_by_the_lead_and_read_by_the_purchaser() {
    on_both_at(OPEN, &[], async |server| {
        let (lead, purchaser) = (
            server.sign_in("lead").await,
            server.sign_in("purchaser").await,
        );
        let entry = json!({"kind": "safety", "said": "巡查：消防通道畅通，UPS 自检正常"});
        lead.post("/api/v1/site-log", entry.clone()).await;
        let found = purchaser
            .get("/api/v1/site-log?kind=safety&q=%E6%B6%88%E9%98%B2")
            .await;
        assert_eq!(found["total"], 1, "{found}");
        assert_eq!(found["items"][0]["by"]["name"], "周敏");
        let path = format!(
            "/api/v1/site-log/{}",
            found["items"][0]["id"].as_str().unwrap()
        );
        for method in [Method::PUT, Method::DELETE] {
            let (status, _) = lead.ask(method, &path, Some(entry.clone())).await;
            assert!(status.is_client_error(), "an entry stays as it was written");
        }
    })
    .await;
}
