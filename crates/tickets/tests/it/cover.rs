//! Who stands in for an owner who is not there.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::desk::{Desk, agent, lead, on_both};
use crate::verbs::{does, must, opened};

async fn staffed(desk: &Desk) {
    desk.people(&[&agent(1), &agent(2), &agent(3), &lead()])
        .await;
    for number in 1..=3 {
        desk.signs_in(&agent(number)).await;
    }
}

fn plan(version: i64) -> Value {
    json!({"version": version, "covers": [
        {"user_id": agent(3).user_id, "deputy": true},
        {"user_id": agent(2).user_id},
    ]})
}

#[tokio::test]
async fn a_ticket_keeps_its_owner_and_shows_who_stands_in_for_him_and_why() {
    on_both(async |desk| {
        staffed(&desk).await;
        let id = opened(&desk, &agent(1), "help").await;
        let covered = async || {
            let ticket = desk.ticket(&lead(), id).await;
            assert_eq!(ticket["current_owner_id"], json!(agent(1).user_id));
            let by = ticket["covered_by"].clone();
            (by["person"]["id"].clone(), by["reason"].clone())
        };
        let is = |who: kernel::Principal, reason: &str| (json!(who.user_id), json!(reason));
        assert_eq!(covered().await, (Value::Null, Value::Null), "he is there");
        desk.signs_out(&agent(1)).await;
        assert_eq!(covered().await, is(lead(), "signed_out"), "nobody is named");
        let set = desk.covers(&agent(1), plan(0)).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.json);
        assert_eq!(set.json["covered_by"]["person"]["name"], "agent2");
        assert_eq!(covered().await, is(agent(2), "signed_out"));
        desk.signs_out(&agent(2)).await;
        assert_eq!(covered().await, is(agent(3), "signed_out"), "the deputy");
        // 10:00 and ten hours more: the line is closed, and nobody is missed.
        desk.app.clock.advance(Duration::from_hours(10));
        assert_eq!(covered().await, (Value::Null, Value::Null));
        let mut away = plan(1);
        away["absences"] = json!([{"from_day": "2026-11-23", "to_day": "2026-11-24"}]);
        let set = desk.covers(&agent(1), away).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.json);
        assert_eq!(covered().await, is(agent(2), "absence"));
        desk.app.clock.advance(Duration::from_hours(38));
        assert_eq!(
            covered().await.1,
            "signed_out",
            "the 25th, and back from leave"
        );
        let listed = desk.get(&lead(), "/api/v1/covers").await;
        let shown = listed["items"].as_array().unwrap();
        let one = shown
            .iter()
            .find(|one| one["owner"]["name"] == "agent1")
            .unwrap();
        assert_eq!(
            (&one["version"], &one["away"]),
            (&json!(2), &json!("signed_out"))
        );
        assert_eq!(one["covers"].as_array().unwrap().len(), 2);
        assert_eq!(one["absences"], json!([]), "what is over is not shown");
    })
    .await;
}

#[tokio::test]
async fn who_stands_in_sees_the_ticket_and_answers_in_the_owners_place() {
    on_both(async |desk| {
        staffed(&desk).await;
        let id = opened(&desk, &agent(1), "help").await;
        let path = format!("/api/v1/tickets/{id}");
        let hidden = desk.ask(&agent(2), Method::GET, &path, None).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        desk.covers(&agent(1), plan(0)).await;
        assert_eq!(desk.get(&agent(2), "/api/v1/tickets").await["total"], 1);
        let reply = json!({"action": "reply", "answer": "已核实到账。"});
        let early = does(&desk, &agent(2), id, "handle", reply.clone()).await;
        assert_eq!(early.json["code"], "not_the_owner", "the owner is there");
        desk.signs_out(&agent(1)).await;
        let ticket = must(&desk, &agent(2), id, "handle", reply).await;
        assert_eq!(ticket["state"], "replied");
        assert_eq!(ticket["current_owner_id"], json!(agent(1).user_id));
        let history = desk.get(&lead(), &format!("{path}/history")).await;
        assert_eq!(history["items"][0]["who"], "agent2");
    })
    .await;
}

#[tokio::test]
async fn nobody_stands_in_for_a_complaint_about_himself() {
    on_both(async |desk| {
        staffed(&desk).await;
        let id = opened(&desk, &agent(1), "complaint").await;
        desk.covers(&agent(1), plan(0)).await;
        desk.signs_out(&agent(1)).await;
        let path = format!("/api/v1/tickets/{id}");
        let about = json!({"version": 2, "complained_agent": agent(2).user_id});
        let answer = desk.ask(&lead(), Method::PATCH, &path, Some(about)).await;
        assert_eq!(
            answer.json["covered_by"]["person"]["name"], "agent3",
            "{}",
            answer.json
        );
        let hidden = desk.ask(&agent(2), Method::GET, &path, None).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_sign_of_the_clock_is_given_to_who_stands_in_too() {
    on_both(async |desk| {
        desk.deliver_by_itself().await;
        staffed(&desk).await;
        let id = opened(&desk, &agent(1), "consult").await;
        desk.covers(&agent(1), plan(0)).await;
        desk.signs_out(&agent(1)).await;
        let handed = desk.app.clock.now();
        desk.app.clock.advance(Duration::from_hours(29));
        desk.until("half", async || {
            let alarms = crate::cases::events(&desk, "ticket.alarm", id).await;
            alarms.iter().any(|told| {
                told["cover_id"] == json!(agent(2).user_id)
                    && told["owner_id"] == json!(agent(1).user_id)
            })
        })
        .await;
        let since = async |at| {
            tickets::changed_since(desk.app.db.read(), at)
                .await
                .unwrap()
        };
        assert!(!since(handed).await, "a time that ran out changes nothing");
        assert!(since(handed - Duration::from_hours(1)).await);
    })
    .await;
}

#[tokio::test]
async fn only_the_lead_sets_covers_and_only_sensible_ones() {
    on_both(async |desk| {
        staffed(&desk).await;
        let path = format!("/api/v1/covers/{}", agent(1).user_id);
        let own = desk.ask(&agent(1), Method::PUT, &path, Some(plan(0))).await;
        assert_eq!(own.status, StatusCode::FORBIDDEN);
        let cover = |user: uuid::Uuid| json!([{"user_id": user}]);
        let days = |from: &str, to: &str| json!([{"from_day": from, "to_day": to}]);
        for (covers, absences, code) in [
            (cover(agent(1).user_id), json!([]), "cover_is_owner"),
            (cover(uuid::Uuid::max()), json!([]), "not_an_agent"),
            (
                json!([]),
                days("2026-11-25", "2026-11-24"),
                "days_backwards",
            ),
            (json!([]), days("2026-11-20", "2026-11-22"), "days_over"),
        ] {
            let set = json!({"version": 0, "covers": covers, "absences": absences});
            let bad = desk.covers(&agent(1), set).await;
            assert_eq!(
                (bad.status, &bad.json["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(code))
            );
        }
        assert_eq!(desk.covers(&agent(1), plan(0)).await.status, StatusCode::OK);
        let stale = desk.covers(&agent(1), plan(0)).await;
        assert_eq!(stale.json["code"], "stale_version");
        let nobody = desk.covers(&crate::verbs::section(), plan(0)).await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    })
    .await;
}
