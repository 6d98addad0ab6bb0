//! the minutes of a meeting are confirmed by the other side; what is to be done of it has an owner and a day,
//! and stands in what waits for him.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both_at, path};
use crate::support::staff::{does, tries};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_to_be_done_has_an_owner_and_a_day_and_waits_for_him() {
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let (liaison, counterpart) = (server.sign_in("liaison").await, server.sign_in("counterpart").await);
        let (agent, section) = (server.sign_in("agent3").await, server.sign_in("section").await);
        // People of every section are there to be named, not the liaison persons alone.
        let people = liaison.get("/api/v1/both-sides").await;
        let all = people["items"].as_array().unwrap();
        let own = section.own_id().await;
        let of_section = all.iter().find(|one| one["id"] == own);
        assert_eq!(of_section.unwrap()["side"], "purchaser", "{people}");
        let new = json!({"title": "九月工作例会", "held_on": "2026-09-17", "place": "二楼会议室",
            "attendees": [liaison.own_id().await, counterpart.own_id().await], "minutes": ["通报八月指标。"],
            "actions": [
                {"what": "整理高频问题", "owner_id": agent.own_id().await, "due_on": "2026-09-22"},
                {"what": "补发考务公告", "owner_id": section.own_id().await, "due_on": "2026-09-30"}]});
        assert_eq!(agent.ask(Method::POST, "/api/v1/meetings", Some(new.clone())).await.0, StatusCode::FORBIDDEN);
        let meeting = liaison.post("/api/v1/meetings", new).await;
        let at = path("meetings", &meeting);

        let (_, no) = tries(&liaison, &at, "confirm", json!({})).await;
        assert_eq!(no["code"], "meeting_by_other");
        let minutes = json!({"version": meeting["version"], "minutes": ["通报八月指标，接通率 96%。"]});
        liaison.put(&at, minutes).await;
        let confirmed = does(&counterpart, &at, "confirm", json!({})).await;
        assert_eq!(confirmed["state"], "confirmed");
        let late = json!({"version": confirmed["version"], "minutes": ["改"]});
        let (_, no) = liaison.ask(Method::PUT, &at, Some(late)).await;
        assert_eq!(no["code"], "meeting_confirmed");

        // Owner and day appear in what waits for him, and he is told.
        agent.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("meeting_action_assigned")).await;
        let todo = agent.get("/api/v1/liaison-todo").await;
        let mine = &todo["items"][0];
        assert_eq!((&mine["title"], &mine["owes"], &mine["page_id"]), (&json!("整理高频问题"), &json!("do"), &meeting["id"]));
        assert!(mine["due_at"].as_str().unwrap().starts_with("2026-09-22"));
        server.clock.advance(Duration::from_hours(5 * 24));
        let todo = agent.until("/api/v1/liaison-todo", Duration::from_secs(10), |todo| todo["items"][0]["overdue"] == true).await;
        agent.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("meeting_action_overdue")).await;
        let finish = format!("/api/v1/meeting-actions/{}/finish", todo["items"][0]["id"].as_str().unwrap());
        let agreed = liaison.get(&at).await["actions_agreed"][0].clone();
        let done = json!({"version": agreed["version"], "note": "已整理二十条"});
        let other = server.sign_in("agent4").await;
        assert_eq!(other.ask(Method::POST, &finish, Some(done.clone())).await.0, StatusCode::NOT_FOUND);
        assert_eq!(liaison.refused(Method::POST, &finish, done.clone()).await.1, "meeting_action_not_yours");
        let done = agent.post(&finish, done).await;
        assert_eq!((&done["state"], &done["overdue"]), (&json!("done"), &json!(true)));
        assert_eq!(agent.get("/api/v1/liaison-todo").await["items"], json!([]));
        assert_eq!(section.get("/api/v1/liaison-todo").await["items"][0]["title"], "补发考务公告");
    })
    .await;
}
