//! new knowledge reaches every person in time: read, asked a few questions, held until he has passed.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both, path};

async fn change(person: &Person, article: &Value) -> Value {
    let article = person.get(&path("articles", article)).await;
    let latest = if article["working"].is_null() {
        &article["in_force"]
    } else {
        &article["working"]
    };
    latest["approval"].clone()
}

async fn does(person: &Person, article: &Value, verb: &str) -> Value {
    let change = change(person, article).await;
    let body = json!({"version": change["version"]});
    person
        .post(&format!("{}/{verb}", path("approvals", &change)), body)
        .await
}

/// Scenario 5 of domain.md §G: a wrong answer is found, its change approved, and everybody knows by noon of the next
/// day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_answer_is_approved_read_and_passed_by_all_six_before_the_next_noon() {
    on_both(async |server| {
        let (trainer, purchaser) = (server.sign_in("trainer").await, server.sign_in("purchaser").await);
        let content = |answer: &str| json!({"title": "照片底色", "question": "照片要什么底色？", "answer": answer, "source_title": "报名公告"});
        let new = json!({"kind": "script", "matter": "103", "content": content("蓝底。")});
        let article = trainer.post("/api/v1/articles", new).await;
        does(&trainer, &article, "submit").await;
        does(&purchaser, &article, "approve").await;

        // The change comes with two questions for the agents.
        let latest = trainer.get(&path("articles", &article)).await;
        let draft = json!({"version": latest["version"], "content": content("白底，以公告为准。")});
        trainer.must(Method::PATCH, &path("articles", &article), Some(draft)).await;
        let quiz = json!({"audience": ["agent"], "pass_percent": 100, "questions": [
            {"text": "照片底色？", "options": ["蓝", "白"], "answer": 1},
            {"text": "以什么为准？", "options": ["公告", "经验", "听说"], "answer": 0}]});
        trainer.put(&format!("{}/versions/2/reading", path("articles", &article)), quiz).await;
        does(&trainer, &article, "submit").await;
        does(&purchaser, &article, "approve").await;

        let mine = async |person: &Person| -> Value {
            let reading = person.get("/api/v1/my-reading").await;
            let items = reading["items"].as_array().unwrap().iter();
            items.clone().find(|one| one["article_id"] == article["id"]).cloned().unwrap_or(Value::Null)
        };
        let mut agents = Vec::new();
        for number in 1..=6 {
            agents.push(server.sign_in(&format!("agent{number}")).await);
        }
        let mut waited = Value::Null;
        for _ in 0..100 {
            waited = mine(&agents[0]).await;
            if !waited.is_null() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!((&waited["state"], &waited["blocking"]), (&json!("to_read"), &json!(false)), "{waited}");
        let coverage = || async { trainer.get(&format!("{}/coverage?n=2", path("articles", &article))).await };
        assert_eq!((&coverage().await["total"], &coverage().await["done_bp"]), (&json!(6), &json!(0)));

        for agent in &agents {
            let at = format!("/api/v1/my-reading/{}", mine(agent).await["id"].as_str().unwrap());
            let early = agent.ask(Method::POST, &format!("{at}/answers"), Some(json!({"answers": [1, 0]}))).await;
            assert_eq!(early.0, StatusCode::CONFLICT, "first it is read: {}", early.1);
            agent.post(&format!("{at}/read"), json!({})).await;
            let asked = agent.get(&format!("{at}/quiz")).await;
            assert!(!asked.to_string().contains("\"answer\""), "the solution stays here: {asked}");
            let passed = agent.post(&format!("{at}/answers"), json!({"answers": [1, 0]})).await;
            assert_eq!(passed["passed"], true, "{passed}");
            assert_eq!(mine(agent).await["blocking"], false);
        }
        let done = coverage().await;
        assert_eq!((&done["done_bp"], &done["late"]), (&json!(10_000), &json!(0)), "{done}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_passed_in_time_is_held_and_told_of() {
    on_both(async |server| {
        let (trainer, purchaser, agent) =
            (server.sign_in("trainer").await, server.sign_in("purchaser").await, server.sign_in("agent1").await);
        let new = json!({"kind": "script", "matter": "103", "content": {"title": "新公告", "question": "有什么变化？",
            "answer": "见公告。", "source_title": "公告"}});
        let article = trainer.post("/api/v1/articles", new).await;
        let quiz = json!({"audience": ["agent"], "pass_percent": 100,
            "questions": [{"text": "见哪里？", "options": ["公告", "别处"], "answer": 0}]});
        trainer.put(&format!("{}/versions/1/reading", path("articles", &article)), quiz).await;
        does(&trainer, &article, "submit").await;
        does(&purchaser, &article, "approve").await;
        let path_of = path("articles", &article);
        trainer
            .until(&format!("{path_of}/coverage?n=1"), Duration::from_secs(5), |coverage| coverage["total"] == 6)
            .await;
        // Two working days and more: nobody has passed.
        server.clock.advance(Duration::from_hours(4 * 24));
        let told = agent
            .until("/api/v1/notices", Duration::from_secs(5), |notices| notices.to_string().contains("reading_overdue"))
            .await;
        assert!(told["items"].as_array().is_some());
        let reading = agent.get("/api/v1/my-reading").await;
        assert_eq!(reading["blocking"], true, "{reading}");
        let lead = server.sign_in("lead").await;
        lead.until("/api/v1/notices", Duration::from_secs(5), |notices| notices.to_string().contains("reading_overdue"))
            .await;

        // He takes no work before he has passed, and is told what it is that holds him.
        let ready = json!({"state": "ready"});
        let (status, held) = agent.ask(Method::PUT, "/api/v1/agent-state", Some(ready)).await;
        assert_eq!((status, &held["code"]), (StatusCode::CONFLICT, &json!("reading_overdue")), "{held}");
        let owed = |held: &Value| -> Vec<Value> { held["readings"].as_array().cloned().unwrap_or_default() };
        let (own, demo): (Vec<Value>, Vec<Value>) =
            owed(&held).into_iter().partition(|one| one["article_id"] == article["id"]);
        let owed = own[0]["reading_id"].as_str().unwrap().to_owned();
        // What the demo asks besides is done first.
        for one in demo {
            let at = format!("/api/v1/my-reading/{}", one["reading_id"].as_str().unwrap());
            agent.post(&format!("{at}/read"), json!({})).await;
            let mark = agent.post(&format!("{at}/answers"), json!({"answers": [1, 2, 0]})).await;
            assert_eq!(mark["passed"], true, "{mark}");
        }
        agent.put("/api/v1/agent-state", json!({"state": "break", "reason": "学习"})).await;
        let at = format!("/api/v1/my-reading/{owed}");
        agent.post(&format!("{at}/read"), json!({})).await;
        let (_, held) = agent.ask(Method::PUT, "/api/v1/agent-state", Some(json!({"state": "ready"}))).await;
        assert_eq!(held["code"], "reading_overdue", "read is not passed");
        agent.post(&format!("{at}/answers"), json!({"answers": [0]})).await;
        let passed = server.desk_agent("agent1").await;
        passed.in_state("ready").await;
    })
    .await;
}
