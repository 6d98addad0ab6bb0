//! A busy hour in small: many calls, six automatic agents, and sums that a recount confirms.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Clock;
use serde_json::{Value, json};
use telephony::phone::{self, Answer, PhonePlan};
use telephony::test_line::Speech;

use crate::support::served::Served;
use crate::support::sipp::SippCall;
use crate::support::{PASSWORD, Person, folder};

const PER_MINUTE: u32 = 50;

/// A little after the greeting and before any phone is answered.
const PATIENCE_MS: u64 = 6_400;

/// Rings 1 s, talks 4 s, wraps up 1 s, a tenth gives up while waiting.
async fn busy(minutes: u32) {
    let folder = folder();
    no_midnight_within(minutes).await;
    let mut server = Served::demo(&folder).await;
    let lead = Person::signed_in(&server.http, "lead").await;
    let queue = lead.get("/api/v1/queues").await;
    let mut rules = queue["items"]
        .as_array()
        .unwrap_or_else(|| queue.as_array().unwrap())[0]
        .clone();
    rules["wrap_up_s"] = json!(1);
    lead.put("/api/v1/queues/hotline", rules).await;

    let mut phones = Vec::new();
    for number in 1..=6 {
        let username = format!("agent{number}");
        let person = Person::signed_in(&server.http, &username).await;
        let plan = PhonePlan {
            speech: Speech::tone(1200),
            answer: Answer::After(Duration::from_secs(1)),
            talk: Some(Duration::from_secs(4)),
            ..PhonePlan::new(username, PASSWORD, server.sip)
        };
        phones.push(phone::start(plan).await.unwrap());
        person
            .until("/api/v1/agent-state", Duration::from_secs(5), |state| {
                state["device"]["reachable"] == true
            })
            .await;
        person
            .put("/api/v1/agent-state", json!({"state": "ready"}))
            .await;
    }
    let total = PER_MINUTE * minutes;
    let impatient = total / 10;
    let talkers = SippCall {
        to: server.sip,
        speech: None,
        talk_ms: 600_000,
        calls: total - impatient,
        per_minute: PER_MINUTE - PER_MINUTE / 10,
        from: "13900000200",
    };
    let leavers = SippCall {
        talk_ms: PATIENCE_MS,
        calls: impatient,
        per_minute: PER_MINUTE / 10,
        from: "13900000201",
        ..talkers
    };
    let talkers = talkers.start_hung_up_on(&folder);
    let leavers = leavers.start(&folder);
    let patience = Duration::from_secs(u64::from(minutes) * 60 + 60);
    tokio::time::timeout(patience, async {
        for mut sipp in [talkers, leavers] {
            sipp.wait().await.unwrap();
        }
    })
    .await
    .expect("the calls come to an end");

    lead.until(
        "/api/v1/calls?outcome=open",
        Duration::from_secs(20),
        |calls| calls["total"] == 0,
    )
    .await;
    let outcomes = recount(&lead).await;
    assert_eq!(
        outcomes.values().sum::<u64>(),
        u64::from(total),
        "{outcomes:?}"
    );
    let answered = outcomes.get("answered").copied().unwrap_or_default();
    assert_eq!(answered, u64::from(total - impatient), "{outcomes:?}");
    let board = lead.get("/api/v1/wallboard").await;
    assert_eq!(
        board["calls_today"].as_u64(),
        Some(u64::from(total)),
        "{board}"
    );
    assert_eq!(board["waiting"], 0, "{board}");
    board_equals_recount(&lead, &board).await;
    drop(phones);
    assert!(server.stop().await.success());
    assert_eq!(server.errors(), Vec::<String>::new());
    std::fs::remove_dir_all(folder).unwrap();
}

/// The calls of one day are counted: waits while the day in Guangzhou ends too soon.
async fn no_midnight_within(minutes: u32) {
    let day = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
    let takes = chrono::TimeDelta::minutes(i64::from(minutes) + 2);
    let now = || Clock::system().now().with_timezone(&day);
    while (now() + takes).date_naive() != now().date_naive() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Every call by its outcome, counted from the rows.
async fn recount(lead: &Person) -> BTreeMap<String, u64> {
    let mut outcomes = BTreeMap::new();
    for row in rows(lead, "/api/v1/calls?per_page=200").await {
        let outcome = row["outcome"].as_str().unwrap_or("none").to_owned();
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

async fn rows(lead: &Person, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = String::new();
    loop {
        let page = lead.get(&format!("{path}{next}")).await;
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return rows,
        }
    }
}

async fn board_equals_recount(lead: &Person, board: &Value) {
    let calls = rows(lead, "/api/v1/calls?per_page=200").await;
    let offered = calls
        .iter()
        .filter(|call| !call["queued_at"].is_null())
        .count();
    let in_time = calls
        .iter()
        .filter(|call| {
            let at = |name: &str| {
                call[name]
                    .as_str()
                    .and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok())
            };
            at("answered_at")
                .zip(at("queued_at"))
                .is_some_and(|(answered, queued)| (answered - queued).num_milliseconds() <= 15_000)
        })
        .count();
    let expected = (in_time * 10_000 + offered / 2) / offered.max(1);
    let shown = board["answered_in_15_bp"].as_u64().unwrap();
    assert!(
        shown.abs_diff(expected as u64) <= 1,
        "the board shows {shown} bp, a recount gives {expected} bp"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_in_a_minute_each_have_one_outcome_and_the_board_tells_the_truth() {
    busy(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten minutes: make soak"]
async fn soak_ten_minutes_of_fifty_calls_a_minute() {
    busy(10).await;
}
