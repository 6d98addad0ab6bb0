//! What leaves the house: once, again after a refusal, not for ever, and not lost when the process dies.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, TICKET, agent, lead, manager, on_both, on_both_but, pause, told};

async fn reached_and_told(house: &House) {
    house.is_reached(&agent(1), "one", "13900000001").await;
    let due = told(json!({ "note": "sign_due" }));
    house.happens("ticket.alarm", TICKET, due).await;
}

/// Moves the clock on until the delivery is in this state.
async fn in_time(house: &House, way: &str, state: &str) -> Value {
    for _ in 0..20 {
        for _ in 0..25 {
            let delivery = house.deliveries(way).await.remove(0);
            if delivery["state"] == state {
                return delivery;
            }
            pause().await;
        }
        house.app.clock.advance(Duration::from_secs(61));
    }
    panic!("never {state}");
}

#[tokio::test]
async fn a_mail_and_a_text_say_the_kind_and_the_number_and_nothing_else() {
    on_both(async |house| {
        reached_and_told(&house).await;
        let email = house.until("email", "sent").await;
        let sms = house.until("sms", "sent").await;
        let mails = house.outside.mails();
        assert_eq!(mails.len(), 1);
        let (id, mail) = (email["id"].as_str().unwrap(), &mails[0]);
        assert_eq!(mail["to"], json!(["one@example.org"]));
        assert_eq!(mail["from"], "notice@hotline.example");
        assert_eq!(mail["id"], format!("<{id}@hotline.example>"));
        assert_eq!(mail["subject"], "【首接】工单 SJ20261123-0001 签收时限已到");
        assert!(mail["date"].as_str().unwrap().contains("23 Nov 2026"), "{mail}");
        assert_eq!(
            house.outside.texts(),
            [json!({
                "header_id": sms["id"], "id": sms["id"], "mobile": "13900000001", "template": "ticket_sign_due",
                "parameters": { "number": "SJ20261123-0001" }, "text": "工单 SJ20261123-0001 签收时限已到",
            })]
        );
        assert!(!mail.to_string().contains("张三"));
        // In the console it was there with its commit.
        let console = house.deliveries("console").await;
        assert!(console.iter().all(|one| one["state"] == "sent"), "{console:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_is_sent_again_under_the_same_id() {
    on_both(async |house| {
        house.outside.refuse();
        reached_and_told(&house).await;
        let email = house.until("email", "failed").await;
        let sms = house.until("sms", "failed").await;
        let why = email["last_error"].as_str().unwrap();
        assert!(
            why.contains("451") && why.contains("o**@example.org"),
            "{why}"
        );
        assert!(!why.contains("one@example.org"), "{why}");
        assert_eq!(
            sms["last_error"],
            "the gateway answers 503 Service Unavailable"
        );
        assert!(house.outside.mails().is_empty());
        house.outside.take();
        house.app.clock.advance(Duration::from_secs(31));
        let again = house.until("email", "sent").await;
        assert_eq!(again["attempts"], 2);
        assert_eq!(again["id"], email["id"]);
        house.until("sms", "sent").await;
        assert_eq!(house.outside.texts()[0]["header_id"], sms["id"]);
        assert_eq!(house.outside.mails().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_sent_when_it_is_replayed() {
    on_both(async |house| {
        house.outside.refuse();
        reached_and_told(&house).await;
        let dead = in_time(&house, "email", "dead").await;
        in_time(&house, "sms", "dead").await;
        assert_eq!(dead["attempts"], 3);
        assert_eq!(dead["next_at"], Value::Null);
        assert_eq!(dead["number"], "SJ20261123-0001");
        let found = house
            .get(
                &manager(),
                "/api/v1/notice-deliveries?state=dead&kind=ticket_sign_due",
            )
            .await;
        assert_eq!(found["total"], 2);
        house.outside.take();
        house.app.clock.advance(Duration::from_hours(24));
        pause().await;
        assert!(house.outside.mails().is_empty());

        let path = format!(
            "/api/v1/notice-deliveries/{}/replay",
            dead["id"].as_str().unwrap()
        );
        let answer = house.ask(&lead(), Method::POST, &path, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let revived = house.sent(&manager(), Method::POST, &path, json!({})).await;
        assert_eq!(revived["state"], "pending");
        assert_eq!(revived["attempts"], 0);
        house.until("email", "sent").await;
        assert_eq!(house.outside.mails().len(), 1);
        let answer = house.ask(&manager(), Method::POST, &path, None).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(answer.json["code"], "delivery_not_given_up");
        assert_eq!(answer.json["state"], "sent");
        assert!(house.outside.texts().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_process_killed_between_commit_and_send_loses_nothing() {
    on_both_but(async |house| {
        // Nobody sends yet: it is as if the process died right after the commit.
        reached_and_told(&house).await;
        house.until("email", "pending").await;
        // The text message was in the hands of a worker when it died.
        let (node, until) = (
            house.app.node.to_string(),
            house.app.clock.now() + chrono::TimeDelta::minutes(2),
        );
        house
            .sql(
                "update notice_deliveries set attempts = 1, claimed_by = $1, claimed_until = $2 where way = 'sms'",
                vec![node.into(), until.into()],
            )
            .await;
        let (app, notices) = house.next_process().await;
        notices.start().await.unwrap();
        house.until("email", "sent").await;
        let sms = house.until("sms", "sent").await;
        assert_eq!(sms["attempts"], 2);
        assert_eq!(house.outside.mails().len(), 1);
        assert_eq!(house.outside.texts().len(), 1);
        app.shutdown.cancel();
    })
    .await;
}

#[tokio::test]
async fn what_another_node_died_with_is_taken_up_when_its_claim_runs_out() {
    on_both_but(async |house| {
        reached_and_told(&house).await;
        house.notices.start().await.unwrap();
        house.until("sms", "sent").await;
        let until = house.app.clock.now() + chrono::TimeDelta::minutes(2);
        house
            .sql(
                "update notice_deliveries set state = 'failed', claimed_by = 'another', claimed_until = $1 \
                 where way = 'sms'",
                vec![until.into()],
            )
            .await;
        house.app.clock.advance(Duration::from_mins(1));
        pause().await;
        assert_eq!(house.outside.texts().len(), 1);
        house.app.clock.advance(Duration::from_secs(61));
        house.until("sms", "sent").await;
        assert_eq!(house.outside.texts().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_took_his_address_away_is_not_written_to() {
    on_both_but(async |house| {
        reached_and_told(&house).await;
        let none = json!({ "email": "", "mobile": "" });
        house
            .sent(&agent(1), Method::PUT, "/api/v1/notice-address", none)
            .await;
        house.notices.start().await.unwrap();
        let dead = house.until("email", "dead").await;
        assert_eq!(dead["last_error"], "the person gave no address");
        house.until("sms", "dead").await;
        assert!(house.outside.mails().is_empty());
    })
    .await;
}
