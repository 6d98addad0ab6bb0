//! A repeat contact goes to who answers for the open ticket, by whatever channel it comes.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testing::Answer;

use crate::desk::{Desk, agent, follow_up, lead, on_both};

async fn staffed(desk: &Desk) {
    desk.people(&[&agent(1), &agent(2), &agent(3), &lead()])
        .await;
    for number in 1..=3 {
        desk.signs_in(&agent(number)).await;
    }
}

async fn opens(desk: &Desk, who: &kernel::Principal, matter: &str, more: Value) -> Answer {
    let mut new = json!({"request_type": "help", "matter": matter, "summary": "缴费后状态没有更新",
        "phone": "13900000009"});
    if let (Some(new), Value::Object(more)) = (new.as_object_mut(), more) {
        new.extend(more);
    }
    desk.ask(who, Method::POST, "/api/v1/tickets", Some(new))
        .await
}

#[tokio::test]
async fn a_channel_learns_the_owner_or_who_stands_in_for_him() {
    on_both(async |desk| {
        staffed(&desk).await;
        let requester = desk.requester("13900000001").await;
        let taker = async || {
            let now = desk.app.clock.now();
            tickets::ticket::repeat::taker(desk.app.db.read(), now, requester)
                .await
                .unwrap()
        };
        let call = desk.talked("13900000001", &agent(1)).await;
        assert_eq!(taker().await, None, "a draft is no ticket yet");
        desk.completed(&agent(1), call, follow_up()).await;
        assert_eq!(taker().await, Some(agent(1).user_id));
        let cover = json!({"version": 0, "covers": [{"user_id": agent(2).user_id}]});
        desk.covers(&agent(1), cover).await;
        desk.signs_out(&agent(1)).await;
        assert_eq!(taker().await, Some(agent(2).user_id));
    })
    .await;
}

#[tokio::test]
async fn a_second_ticket_about_an_open_matter_is_opened_only_by_who_says_it_is_another() {
    on_both(async |desk| {
        staffed(&desk).await;
        let first = opens(&desk, &agent(1), "106", json!({})).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.json);
        let second = opens(&desk, &agent(2), "106", json!({})).await;
        assert_eq!(
            (second.status, &second.json["code"]),
            (StatusCode::CONFLICT, &json!("open_ticket_exists"))
        );
        assert_eq!(second.json["number"], first.json["number"]);
        assert_eq!(second.json["owner"], "agent1");
        assert_eq!(desk.get(&lead(), "/api/v1/tickets").await["total"], 1);

        let other = opens(&desk, &agent(2), "107", json!({})).await;
        assert_eq!(other.status, StatusCode::CREATED, "another matter");
        let anyway = opens(&desk, &agent(2), "106", json!({"anyway": true})).await;
        assert_eq!(anyway.status, StatusCode::CREATED, "{}", anyway.json);
        let id = first.json["id"].as_str().unwrap();
        let told =
            crate::cases::events(&desk, "ticket.contact_attached", id.parse().unwrap()).await;
        assert_eq!(told.len(), 1);
        assert_eq!(
            told[0]["owner_id"],
            json!(agent(1).user_id),
            "its owner is told"
        );
        let history = desk
            .get(&agent(1), &format!("/api/v1/tickets/{id}/history"))
            .await;
        assert_eq!(history["items"][0]["action"], "contact_attached");
        assert_eq!(history["items"][0]["note"], anyway.json["number"]);
    })
    .await;
}

#[tokio::test]
async fn a_visit_is_noted_on_the_open_ticket_of_the_same_person_whoever_owns_it() {
    on_both(async |desk| {
        staffed(&desk).await;
        let first = opens(&desk, &agent(1), "106", json!({})).await;
        let path = format!(
            "/api/v1/tickets/{}/contacts",
            first.json["id"].as_str().unwrap()
        );
        let note = |phone: &str| json!({"phone": phone, "summary": "来访询问进度"});
        let stranger = desk
            .ask(&agent(2), Method::POST, &path, Some(note("13900000008")))
            .await;
        assert_eq!(stranger.status, StatusCode::NOT_FOUND, "not his ticket");
        desk.signs_out(&agent(1)).await;
        let noted = desk
            .ask(&agent(2), Method::POST, &path, Some(note("13900000009")))
            .await;
        assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.json);
        assert_eq!(noted.json["owner"]["name"], "agent1");
        assert_eq!(noted.json["covered_by"]["reason"], "signed_out");
        assert_eq!(
            noted.json["covered_by"]["person"]["id"],
            json!(lead().user_id)
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_complained_about_learns_nothing_from_a_repeat_contact() {
    on_both(async |desk| {
        staffed(&desk).await;
        let first = opens(
            &desk,
            &agent(1),
            "901",
            json!({"request_type": "complaint"}),
        )
        .await;
        let id = first.json["id"].as_str().unwrap();
        let about = json!({"version": first.json["version"], "complained_agent": agent(2).user_id});
        let path = format!("/api/v1/tickets/{id}");
        let held = desk.ask(&lead(), Method::PATCH, &path, Some(about)).await;
        assert_eq!(held.status, StatusCode::OK, "{}", held.json);
        let second = opens(&desk, &agent(2), "901", json!({})).await;
        assert_eq!(second.status, StatusCode::CREATED, "{}", second.json);
        let note = json!({"phone": "13900000009", "summary": "撤诉"});
        let noted = desk
            .ask(
                &agent(2),
                Method::POST,
                &format!("{path}/contacts"),
                Some(note),
            )
            .await;
        assert_eq!(noted.status, StatusCode::NOT_FOUND);
        let told =
            crate::cases::events(&desk, "ticket.contact_attached", id.parse().unwrap()).await;
        assert_eq!(
            told.len(),
            1,
            "the owner is told of the second ticket all the same"
        );
    })
    .await;
}
