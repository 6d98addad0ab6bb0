//! Sections of the purchaser: members, and deputies while members are away (AB 角).

use axum::http::{Method, StatusCode};
use kernel::Principal;
use proptest::prelude::*;
use serde_json::{Value, json};
use testing::Answer;
use tickets::section::{Absence, Post, on_duty, today};
use uuid::Uuid;

use crate::cases::{everybody, monday_10, official, opened, purchaser};
use crate::desk::{Desk, agent, lead, on_both};

async fn put(desk: &Desk, who: &Principal, body: Value) -> Answer {
    let path = "/api/v1/sections/exams/members";
    desk.ask(who, Method::PUT, path, Some(body)).await
}

fn on_duty_in(section: &Value) -> Vec<Uuid> {
    let people = section["on_duty"].as_array().unwrap().iter();
    people
        .map(|person| person["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn the_deputy_is_on_duty_while_the_member_is_away() {
    on_both(async |desk| {
        everybody(&desk).await;
        let members = json!([
            {"user_id": official(1).user_id},
            {"user_id": official(2).user_id, "deputy": true, "from_day": "2026-01-01", "to_day": "2026-12-31"},
        ]);
        let body = json!({"version": 1, "members": members});
        assert_eq!(put(&desk, &lead(), body.clone()).await.status, StatusCode::FORBIDDEN);
        let shown = put(&desk, &purchaser(), body.clone()).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.json);
        assert_eq!(on_duty_in(&shown.json), [official(1).user_id]);
        assert_eq!(put(&desk, &purchaser(), body).await.json["code"], "stale_version");

        let away = json!([{"user_id": official(1).user_id, "from_day": "2026-11-23", "to_day": "2026-11-24"}]);
        let body = json!({"version": 2, "members": members, "absences": away});
        let shown = put(&desk, &purchaser(), body).await;
        assert_eq!(on_duty_in(&shown.json), [official(2).user_id]);
        let day = |text: &str| text.parse().unwrap();
        let conn = desk.app.db.read();
        let exams = async |text: &str| tickets::section::store::on_duty(conn, "exams", day(text)).await.unwrap();
        assert_eq!(exams("2026-11-24").await, [official(2).user_id]);
        assert_eq!(exams("2026-11-25").await, [official(1).user_id]);
        let listed = desk.get(&agent(1), "/api/v1/sections").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn only_people_of_the_sections_can_be_members() {
    on_both(async |desk| {
        everybody(&desk).await;
        for (body, code) in [
            (json!({"version": 1, "members": [{"user_id": agent(1).user_id}]}), "not_of_a_section"),
            (json!({"version": 1, "members": [{"user_id": official(1).user_id, "from_day": "2026-12-01", "to_day": "2026-11-01"}]}), "days_backwards"),
        ] {
            let answer = put(&desk, &purchaser(), body).await;
            assert_eq!((answer.status, &answer.json["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)));
        }
        let path = "/api/v1/sections/nowhere/members";
        let body = Some(json!({"version": 1, "members": []}));
        assert_eq!(desk.ask(&purchaser(), Method::PUT, path, body).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn each_sees_the_sign_off_queue_of_his_sections() {
    on_both(async |desk| {
        everybody(&desk).await;
        let body = json!({"version": 1, "members": [{"user_id": official(1).user_id}]});
        put(&desk, &purchaser(), body).await;
        let ticket = opened(&desk, &agent(1), "complaint", "106").await;
        let version = desk.ticket(&agent(1), ticket).await["version"].clone();
        let reply = json!({"version": version, "action": "reply", "answer": "已核查"});
        let path = format!("/api/v1/tickets/{ticket}/handle");
        desk.ask(&agent(1), Method::POST, &path, Some(reply)).await;
        let mine = desk.get(&official(1), "/api/v1/sections/mine").await;
        assert_eq!(
            mine["items"],
            json!([{"code": "exams", "name": "考试科", "on_duty": true, "pending_review": 1}])
        );
        let queue = desk
            .get(
                &official(1),
                "/api/v1/tickets?state=pending_review&section=exams",
            )
            .await;
        assert_eq!(queue["total"], 1);
        assert_eq!(
            desk.get(&official(2), "/api/v1/sections/mine").await["items"],
            json!([])
        );
        assert_eq!(
            desk.get(&purchaser(), "/api/v1/sections/mine").await["items"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    })
    .await;
}

proptest! {
    #[test]
    fn whoever_is_on_duty_has_the_day_and_is_not_away(
        posts in prop::collection::vec((0u128..5, any::<bool>(), 0i64..20, prop::option::of(0i64..20)), 0..8),
        absences in prop::collection::vec((0u128..5, 0i64..20, 0i64..5), 0..6),
        day in 0i64..20,
    ) {
        let first = today(monday_10());
        let at = |days: i64| first + chrono::TimeDelta::days(days);
        let posts: Vec<Post> = posts.into_iter().map(|(user, deputy, from, more)| Post {
            user_id: Uuid::from_u128(user), deputy, from_day: at(from), to_day: more.map(|more| at(from + more)),
        }).collect();
        let absences: Vec<Absence> = absences.into_iter().map(|(user, from, more)| Absence {
            user_id: Uuid::from_u128(user), from_day: at(from), to_day: at(from + more),
        }).collect();
        let day = at(day);
        let here = on_duty(&posts, &absences, day);
        let away = |user: Uuid| absences.iter().any(|one| one.user_id == user && one.from_day <= day && day <= one.to_day);
        let covers = |post: &&Post| post.from_day <= day && post.to_day.is_none_or(|last| day <= last);
        for user in &here {
            prop_assert!(!away(*user));
            prop_assert!(posts.iter().filter(covers).any(|post| post.user_id == *user));
        }
        let members = posts.iter().filter(covers).filter(|post| !post.deputy);
        for member in members {
            prop_assert_eq!(here.contains(&member.user_id), !away(member.user_id));
        }
    }
}
