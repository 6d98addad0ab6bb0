//! the qualification exam, from questions out of the knowledge to the resit; who fails the last try is to be
//! replaced (scenario 6 of domain.md §G, its exam).

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both, path};
use crate::support::{Person, TestServer};

/// Sets an exam of ten true-or-false questions, all of them true, for these people.
pub async fn set(server: &TestServer, purpose: &str, takers: &[&str], resits: i32) -> Value {
    let (trainer, purchaser) = (
        server.sign_in("trainer").await,
        server.sign_in("purchaser").await,
    );
    for at in 1..=10 {
        let content = json!({"text": format!("专用第{at}题"), "truth": true});
        let new = json!({"kind": "true_false", "matter": "999", "difficulty": "easy", "content": content});
        trainer.post("/api/v1/questions", new).await;
    }
    let rules = json!({"parts": [{"kind": "true_false", "matter": "999", "many": 10, "points": 10}], "minutes": 30,
        "max_resits": resits, "resit_after_hours": 24, "resit_within_days": 5});
    let paper = trainer
        .post(
            "/api/v1/papers",
            json!({"title": "上岗考核", "rules": rules}),
        )
        .await;
    assert_eq!(paper["can_be_drawn"], true, "{paper}");
    let mut ids = Vec::new();
    for taker in takers {
        ids.push(server.sign_in(taker).await.own_id().await);
    }
    let new = json!({"title": "上岗考核", "purpose": purpose, "paper_id": paper["id"], "takers": ids,
        "closes_at": server.clock.now() + TimeDelta::days(10)});
    purchaser.post("/api/v1/exams", new).await
}

async fn open_try(person: &Person) -> String {
    let mine = person.get("/api/v1/my-exams").await;
    let items = mine["items"].as_array().unwrap();
    let open = items.iter().find(|one| {
        one["title"] == "上岗考核"
            && matches!(one["state"].as_str(), Some("assigned" | "in_progress"))
    });
    path("my-exams", open.expect("a try that is open"))
}

async fn answers(person: &Person, door: &str, paper: &Value, right: usize) {
    for (at, question) in paper["paper"].as_array().unwrap().iter().enumerate() {
        let seq = question["seq"].as_i64().unwrap() + 1;
        let body = json!({"seq": seq, "answer": {"truth": at < right}});
        let saved = person
            .put(&format!("{door}/answers/{}", question["no"]), body)
            .await;
        assert_eq!(saved["taken"], true);
    }
}

/// Sits the exam from its beginning to its end, all right or all wrong.
pub async fn sits(_server: &TestServer, person: &Person, right: bool) -> Value {
    let door = open_try(person).await;
    let paper = person.post(&format!("{door}/start"), json!({})).await;
    answers(person, &door, &paper, if right { 10 } else { 0 }).await;
    person.post(&format!("{door}/hand-in"), json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_fails_once_sits_the_resit_and_who_fails_it_too_is_to_be_replaced() {
    on_both(async |server| {
        let exam = set(server, "qualification", &["agent1", "agent2"], 1).await;
        assert_eq!(
            (&exam["pass_percent"], &exam["tries"]),
            (&json!(80), &json!(2))
        );
        let (one, two) = (
            server.sign_in("agent1").await,
            server.sign_in("agent2").await,
        );
        // Seven of ten fail; the solution stays here while a try is left.
        let door = open_try(&one).await;
        let paper = one.post(&format!("{door}/start"), json!({})).await;
        assert!(
            !paper.to_string().contains("\"truth\":true"),
            "what is right does not leave: {paper}"
        );
        answers(&one, &door, &paper, 7).await;
        let failed = one.post(&format!("{door}/hand-in"), json!({})).await;
        assert_eq!(
            (&failed["points"], &failed["state"], &failed["paper"]),
            (&json!(70), &json!("failed"), &json!([]))
        );
        let again = one
            .ask(Method::POST, &format!("{door}/hand-in"), None)
            .await;
        assert_eq!(
            (again.0, &again.1["code"]),
            (StatusCode::CONFLICT, &json!("exam_result_told"))
        );
        sits(server, &two, false).await;
        let resit = open_try(&one).await;
        let early = one.ask(Method::POST, &format!("{resit}/start"), None).await;
        assert_eq!(
            (early.0, &early.1["code"]),
            (StatusCode::CONFLICT, &json!("exam_not_open"))
        );

        server.clock.advance(Duration::from_mins(24 * 60 + 1));
        let passed = sits(server, &one, true).await;
        assert_eq!(
            (&passed["state"], &passed["try_no"]),
            (&json!("passed"), &json!(2))
        );
        assert!(
            passed["paper"][0]["solution"].is_object(),
            "shown once it is told"
        );
        let lost = sits(server, &two, false).await;
        assert_eq!(lost["state"], "replacement");
        let hr = server.sign_in("hr").await;
        let opened = hr
            .until("/api/v1/replacements", Duration::from_secs(5), |list| {
                list["total"] == 1
            })
            .await;
        let opened = &opened["items"][0];
        assert_eq!(
            (&opened["cause"], &opened["sudden"]),
            (&json!("exam_failed"), &json!(true)),
            "{opened}"
        );

        // What was told is not changed by its people, only corrected by the purchaser with a reason.
        let trainer = server.sign_in("trainer").await;
        let attempt = path("exam-attempts", &lost);
        let shown = trainer.get(&attempt).await;
        let wish =
            json!({"version": shown["version"], "no": 1, "points": 10, "reason": "题目有歧义"});
        let no = trainer
            .ask(
                Method::POST,
                &format!("{attempt}/correct"),
                Some(wish.clone()),
            )
            .await;
        assert_eq!(no.0, StatusCode::FORBIDDEN);
        let purchaser = server.sign_in("purchaser").await;
        let corrected = purchaser.post(&format!("{attempt}/correct"), wish).await;
        let results = corrected["results"].as_array().unwrap();
        assert_eq!(
            (results.len(), &results[0]["points"], &results[1]["points"]),
            (2, &json!(0), &json!(10))
        );
        assert_eq!(
            corrected["state"], "replacement",
            "ten of a hundred are not enough either"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_browser_goes_on_elsewhere_with_the_time_gone_and_the_time_hands_in() {
    on_both(async |server| {
        set(server, "training", &["agent3"], 0).await;
        let first = server.sign_in("agent3").await;
        let door = open_try(&first).await;
        let paper = first.post(&format!("{door}/start"), json!({})).await;
        answers(&first, &door, &paper, 10).await;
        first
            .post(&format!("{door}/left"), json!({"seconds": 9}))
            .await;
        drop(first);
        server.clock.advance(Duration::from_mins(20));
        // Another browser, another session: the same paper, the answers, ten minutes.
        let second = server.sign_in("agent3").await;
        let back = second.post(&format!("{door}/start"), json!({})).await;
        let left = back["seconds_left"].as_i64().unwrap();
        assert!((570..=600).contains(&left), "{left}");
        assert!(
            back["paper"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["answer"]["truth"] == true),
            "{back}"
        );
        let strange = server
            .sign_in("agent4")
            .await
            .ask(Method::GET, &door, None)
            .await;
        assert_eq!(strange.0, StatusCode::NOT_FOUND);
        server.clock.advance(Duration::from_mins(11));
        let over = second
            .until(&door, Duration::from_secs(5), |mine| {
                mine["state"] == "passed"
            })
            .await;
        assert_eq!(
            (&over["points"], &over["handed_in_at"]),
            (&json!(100), &over["deadline_at"])
        );
        let late = json!({"seq": 9, "answer": {"truth": false}});
        let no = second
            .refused(Method::PUT, &format!("{door}/answers/1"), late)
            .await;
        assert_eq!(no.1, "exam_time_over");
        let shown = server
            .sign_in("trainer")
            .await
            .get(&path("exam-attempts", &over))
            .await;
        assert_eq!(
            (&shown["by_timer"], &shown["left_count"]),
            (&json!(true), &json!(1))
        );
    })
    .await;
}
