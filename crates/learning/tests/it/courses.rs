//! Courses, who came, and the ledger.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{ARTICLE, on_both, text};

#[tokio::test]
async fn a_course_is_planned_held_and_stands_in_the_ledger_of_each_person() {
    on_both(async |world| {
        let new = json!({"title": "应答口径培训", "minutes": 90, "matter": "107"});
        assert_eq!(
            world
                .refused("agent1", Method::POST, "/api/v1/courses", new.clone())
                .await
                .0,
            403
        );
        let course = world.post("trainer", "/api/v1/courses", new).await;
        let path = format!("/api/v1/courses/{}", text(&course["id"]));
        world
            .post(
                "trainer",
                &format!("{path}/articles"),
                json!({"article": format!("{ARTICLE}@1")}),
            )
            .await;
        let twice = world
            .refused(
                "trainer",
                Method::POST,
                &format!("{path}/articles"),
                json!({"article": format!("{ARTICLE}@1")}),
            )
            .await;
        assert_eq!(twice, (409, "material_there".to_owned()));
        let none = world
            .refused(
                "trainer",
                Method::POST,
                &format!("{path}/articles"),
                json!({"article": "x@1"}),
            )
            .await;
        assert_eq!(none, (422, "article_unknown".to_owned()));
        let shown = world.read("agent1", &path).await;
        assert_eq!(shown["materials"][0]["name"], "ZS0001 准考证");

        let people = [world.id("agent1"), world.id("agent2"), world.id("agent3")];
        let learners = world.read("trainer", "/api/v1/training-people").await;
        let learners = learners["items"].as_array().unwrap();
        let is_one = |id| learners.iter().any(|one| one["id"] == json!(id));
        assert!(people.iter().all(|id| is_one(*id)));
        assert!(!is_one(world.id("purchaser")));
        let starts_at = world.now() + TimeDelta::hours(1);
        let plan =
            json!({"starts_at": starts_at, "minutes": 90, "place": "培训室", "people": people});
        let session = world
            .post("trainer", &format!("{path}/sessions"), plan)
            .await;
        assert_eq!(session["people"].as_array().unwrap().len(), 3);
        // One that is called off is told to those who were meant.
        let plan = json!({"starts_at": starts_at, "minutes": 30, "people": [people[0]]});
        let off = world
            .post("trainer", &format!("{path}/sessions"), plan)
            .await;
        let why = json!({"version": off["version"], "reason": "讲师请假"});
        let door = format!("/api/v1/training-sessions/{}/cancel", text(&off["id"]));
        world.post("trainer", &door, why).await;
        let told = world.events("learning.training_cancelled").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["people"], json!([people[0]]));
        let door = format!("/api/v1/training-sessions/{}", text(&session["id"]));
        let record = |version: &Value, reason: Value| {
            json!({"version": version, "reason": reason, "people": [
            {"user_id": people[0], "state": "attended", "percent": 95, "result": "好"},
            {"user_id": people[1], "state": "attended", "minutes": 45},
            {"user_id": people[2], "state": "absent"}]})
        };
        let early = world
            .refused(
                "trainer",
                Method::PUT,
                &format!("{door}/attendance"),
                record(&session["version"], Value::Null),
            )
            .await;
        assert_eq!(early, (409, "session_ahead".to_owned()));
        world.pass(2 * 3_600);
        let held = world
            .put(
                "trainer",
                &format!("{door}/attendance"),
                record(&session["version"], Value::Null),
            )
            .await;
        assert_eq!(held["state"], "held");
        let silent = world
            .refused(
                "trainer",
                Method::PUT,
                &format!("{door}/attendance"),
                record(&held["version"], Value::Null),
            )
            .await;
        assert_eq!(
            silent,
            (422, "text_missing".to_owned()),
            "what is recorded changes with a reason"
        );
        world
            .put(
                "trainer",
                &format!("{door}/attendance"),
                record(&held["version"], json!("笔误")),
            )
            .await;

        let hours = world
            .read(
                "purchaser",
                "/api/v1/training-hours?from=2026-11-01&to=2026-11-30",
            )
            .await;
        let of = |who: &str| {
            let people = hours["people"].as_array().unwrap().iter();
            people
                .clone()
                .find(|one| one["user_id"] == json!(world.id(who)))
                .unwrap()
                .clone()
        };
        assert_eq!(
            of("agent1")["months"],
            json!([{"month": "2026-11", "sessions": 1, "minutes": 90}])
        );
        assert_eq!(
            (&of("agent2")["minutes"], &of("agent3")["absent"]),
            (&json!(45), &json!(1))
        );
        let own = world
            .read(
                "agent1",
                "/api/v1/training-hours?from=2026-11-01&to=2026-11-30",
            )
            .await;
        assert_eq!(
            own["people"].as_array().unwrap().len(),
            1,
            "an agent sees his own"
        );
        let own = world.read("agent4", "/api/v1/training-sessions").await;
        assert_eq!(own["total"], 0);
        let strange = world
            .refused("agent4", Method::GET, &door, Value::Null)
            .await;
        assert_eq!(strange.0, 404);

        let export = "/api/v1/training-ledger/export?from=2026-11-01&to=2026-11-30";
        assert_eq!(
            world
                .refused("agent1", Method::GET, export, Value::Null)
                .await
                .0,
            403
        );
        let answer = world.ask(&world.who("hr"), Method::GET, export, None).await;
        assert_eq!(answer.status, 200);
        let kind = answer.headers["content-type"].to_str().unwrap();
        assert!(kind.ends_with("spreadsheetml.sheet"), "{kind}");
        let long = world
            .refused(
                "hr",
                Method::GET,
                "/api/v1/training-hours?from=2020-01-01&to=2026-11-30",
                Value::Null,
            )
            .await;
        assert_eq!(long, (422, "period_invalid".to_owned()));
    })
    .await;
}
