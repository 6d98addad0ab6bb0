//! training is planned, held and stands in the ledger of each person.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_course_from_an_article_is_held_and_each_agent_has_his_hours_in_the_ledger() {
    on_both(async |server| {
        let (trainer, agent, hr) =
            (server.sign_in("trainer").await, server.sign_in("agent1").await, server.sign_in("hr").await);
        let purchaser = server.sign_in("purchaser").await;
        let course = trainer.post("/api/v1/courses", json!({"title": "准考证业务", "minutes": 60, "matter": "107"})).await;
        let articles = trainer.get("/api/v1/articles?kind=article&in_force=true&per_page=1").await;
        let article = &articles["items"][0];
        let reference = format!("{}@{}", article["id"].as_str().unwrap(), article["in_force"]["n"].as_i64().unwrap_or(1));
        let material = trainer.post(&format!("{}/articles", path("courses", &course)), json!({"article": reference})).await;
        assert!(material["name"].as_str().unwrap().starts_with("ZS"), "{material}");
        let (status, file) = trainer
            .send_form(
                &format!("{}/files", path("courses", &course)),
                "multipart/form-data; boundary=x",
                b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--x--\r\n".to_vec(),
            )
            .await;
        assert_eq!(status, StatusCode::CREATED, "{file}");
        let heard = agent
            .send(Method::GET, &format!("{}/materials/{}", path("courses", &course), file["id"].as_str().unwrap()), None)
            .await;
        assert_eq!(heard.text().await.unwrap(), "hello");

        let people = [agent.own_id().await, server.sign_in("agent2").await.own_id().await];
        let starts_at = server.clock.now() + TimeDelta::hours(1);
        let plan = json!({"starts_at": starts_at, "minutes": 60, "place": "培训室", "people": people});
        let session = trainer.post(&format!("{}/sessions", path("courses", &course)), plan).await;
        let door = format!("{}/attendance", path("training-sessions", &session));
        let record = json!({"version": session["version"], "people": [
            {"user_id": people[0], "state": "attended", "percent": 96}, {"user_id": people[1], "state": "absent"}]});
        let early = trainer.ask(Method::PUT, &door, Some(record.clone())).await;
        assert_eq!((early.0, &early.1["code"]), (StatusCode::CONFLICT, &json!("session_ahead")));
        server.clock.advance(std::time::Duration::from_hours(2));
        let no = agent.ask(Method::PUT, &door, Some(record.clone())).await;
        assert_eq!(no.0, StatusCode::FORBIDDEN, "an agent records nothing");
        trainer.put(&door, record).await;

        let month = "from=2026-11-01&to=2026-11-30";
        let hours = purchaser.get(&format!("/api/v1/training-hours?{month}")).await;
        let of = |person: &Value| {
            let people = hours["people"].as_array().unwrap().iter();
            people.clone().find(|one| &one["user_id"] == person).unwrap().clone()
        };
        // The demo's course of three hours is there already.
        assert_eq!(of(&people[0])["minutes"], 240, "{hours}");
        assert_eq!((&of(&people[1])["minutes"], &of(&people[1])["absent"]), (&json!(180), &json!(1)));
        let ledger = hr.send(Method::GET, &format!("/api/v1/training-ledger/export?{month}"), None).await;
        assert!(ledger.bytes().await.unwrap().starts_with(b"PK"), "a workbook");
        let no = agent.ask(Method::GET, &format!("/api/v1/training-ledger/export?{month}"), None).await;
        assert_eq!(no.0, StatusCode::FORBIDDEN);
    })
    .await;
}
