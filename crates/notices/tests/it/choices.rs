//! How notices come to a person, and where he is reached.

use axum::http::{Method, StatusCode};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};

use crate::house::{TICKET, agent, lead, on_both, section, strings, told};

const CHOICES: &str = "/api/v1/notice-choices";
const ADDRESS: &str = "/api/v1/notice-address";

fn choose(kind: &str, console: bool, email: bool, sms: bool) -> Value {
    json!({ "items": [{ "kind": kind, "ways": { "console": console, "email": email, "sms": sms } }] })
}

#[tokio::test]
async fn a_person_is_asked_about_the_kinds_that_may_come_to_him() {
    on_both(async |house| {
        let choices = house.get(&section(), CHOICES).await;
        let kinds = strings(&choices["items"], "kind");
        assert!(kinds.contains(&"ticket_to_review".to_owned()), "{kinds:?}");
        assert!(!kinds.contains(&"ticket_overdue".to_owned()), "{kinds:?}");
        assert_eq!(choices["email_reaches"], false);
        house.is_reached(&section(), "section", "13900000005").await;
        let choices = house.get(&section(), CHOICES).await;
        assert_eq!(choices["email_reaches"], true);
        assert_eq!(choices["sms_reaches"], true);
    })
    .await;
}

#[tokio::test]
async fn a_duty_cannot_be_muted_in_the_console() {
    on_both(async |house| {
        let me = agent(1);
        let muted = choose("ticket_overdue", false, true, true);
        let answer = house.ask(&me, Method::PUT, CHOICES, Some(muted)).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(answer.json["code"], "duty_cannot_be_muted");
        assert_eq!(answer.json["field"], "items[0].kind");
        let quiet = choose("ticket_overdue", true, false, false);
        house.sent(&me, Method::PUT, CHOICES, quiet).await;
        house.is_reached(&me, "one", "13900000001").await;
        let overdue = told(json!({ "note": "overdue" }));
        house.happens("ticket.alarm", TICKET, overdue).await;
        assert_eq!(house.kinds(&me).await, ["ticket_overdue"]);
        assert!(house.deliveries("email").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_emergency_goes_by_every_way_whatever_was_chosen() {
    on_both(async |house| {
        let me = lead();
        let quiet = choose("emergency_raised", true, true, false);
        let answer = house.ask(&me, Method::PUT, CHOICES, Some(quiet)).await;
        assert_eq!(answer.json["code"], "duty_cannot_be_muted");
        house.is_reached(&me, "lead", "13900000009").await;
        let raised = json!({ "number": "SJ-J20261123-001", "recipients": [me.user_id], "by": agent(1).user_id });
        house.happens("emergency.raised", TICKET, raised).await;
        assert_eq!(house.kinds(&me).await, ["emergency_raised"]);
        let sms = house.until("sms", "sent").await;
        house.until("email", "sent").await;
        // Who keeps the proof of arrival hears that it left.
        let events = house
            .app
            .events
            .of_subject(house.app.db.read(), sms["id"].as_str().unwrap())
            .await
            .unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, "notice.sent");
        assert_eq!(events[0].payload["subject_id"], TICKET.to_string());
        assert_eq!(events[0].payload["way"], "sms");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_duty_may_come_by_mail_alone_or_not_at_all() {
    on_both(async |house| {
        let me = agent(1);
        house.is_reached(&me, "one", "13900000001").await;
        let by_mail = choose("ticket_half", false, true, false);
        let choices = house.sent(&me, Method::PUT, CHOICES, by_mail).await;
        let items = choices["items"].as_array().unwrap();
        let half = items
            .iter()
            .find(|one| one["kind"] == "ticket_half")
            .unwrap();
        assert_eq!(
            half["ways"],
            json!({ "console": false, "email": true, "sms": false })
        );
        house
            .happens("ticket.alarm", TICKET, told(json!({ "note": "half" })))
            .await;
        assert!(house.kinds(&me).await.is_empty());
        house.until("email", "sent").await;

        let never = choose("ticket_granted", false, false, false);
        house.sent(&me, Method::PUT, CHOICES, never).await;
        house
            .happens("ticket.granted", TICKET, told(json!({})))
            .await;
        assert!(house.kinds(&me).await.is_empty());
        assert_eq!(house.deliveries("email").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_choice_of_no_kind_or_of_one_kind_twice_is_refused() {
    on_both(async |house| {
        let me = agent(1);
        let unknown = choose("ticket_lost", true, true, true);
        let answer = house.ask(&me, Method::PUT, CHOICES, Some(unknown)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json["code"], "unknown_kind");
        let one = choose("ticket_half", true, true, true)["items"][0].clone();
        let twice = json!({ "items": [one, one] });
        let answer = house.ask(&me, Method::PUT, CHOICES, Some(twice)).await;
        assert_eq!(answer.json["code"], "kind_twice");
    })
    .await;
}

#[tokio::test]
async fn an_address_is_shown_masked_and_stands_in_the_trail_as_a_digest() {
    on_both(async |house| {
        let me = agent(1);
        house.is_reached(&me, "zhang.san", "13900000001").await;
        let shown = house.get(&me, ADDRESS).await;
        assert_eq!(
            shown,
            json!({ "email": "z********@example.org", "mobile": "139****0001", "verified": false })
        );
        let half = json!({ "mobile": "" });
        let shown = house.sent(&me, Method::PUT, ADDRESS, half).await;
        assert_eq!(shown["mobile"], Value::Null);
        assert_eq!(shown["email"], "z********@example.org");
        for (field, value, code) in [
            ("email", "zhang", "not_an_email"),
            ("mobile", "12345", "not_a_mobile"),
        ] {
            let answer = house
                .ask(&me, Method::PUT, ADDRESS, Some(json!({ field: value })))
                .await;
            assert_eq!(answer.json["code"], code);
            assert_eq!(answer.json["field"], field);
        }
        let trail = kernel::audit::entry::Entity::find()
            .filter(kernel::audit::entry::Column::Action.eq("notice_address.changed"))
            .all(house.app.db.read())
            .await
            .unwrap();
        assert_eq!(trail.len(), 2);
        let written = format!("{trail:?}");
        assert!(!written.contains("zhang.san") && !written.contains("13900000001"));
    })
    .await;
}
