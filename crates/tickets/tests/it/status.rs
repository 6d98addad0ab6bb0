//! The requester's view: where his request stands, and how he rates the answer.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testing::{Answer, call};
use uuid::Uuid;

use crate::desk::{Desk, agent, lead, on_both};

async fn ask(desk: &Desk, path: &str, body: Value) -> Answer {
    call(&desk.router(), None, Method::POST, path, Some(body)).await
}

async fn status(desk: &Desk, number: &Value, phone: &str) -> Answer {
    let question = json!({"number": number, "phone": phone});
    ask(desk, "/api/v1/public/ticket-status", question).await
}

async fn closed(desk: &Desk) -> (Uuid, Value) {
    let id = desk.open_ticket("13900000001", &agent(1)).await;
    let ticket = desk.ticket(&agent(1), id).await;
    let close =
        json!({"version": ticket["version"], "action": "close", "resolution": "已核实到账"});
    let path = format!("/api/v1/tickets/{id}/handle");
    let answer = desk.ask(&agent(1), Method::POST, &path, Some(close)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
    (id, ticket["number"].clone())
}

#[tokio::test]
async fn the_number_alone_or_a_wrong_telephone_number_shows_nothing() {
    on_both(async |desk| {
        let id = desk.open_ticket("13900000001", &agent(1)).await;
        let number = desk.ticket(&agent(1), id).await["number"].clone();
        let good = status(&desk, &number, "+86 139-0000-0001").await;
        assert_eq!(good.status, StatusCode::OK, "{}", good.json);
        assert_eq!(good.json["stage"], "in_handling");
        assert!(good.json["answer"].is_null() && good.json["due_at"].is_string());
        for secret in ["owner", "summary", "requester", "13900000001", "agent"] {
            assert!(
                !good.json.to_string().contains(secret),
                "{secret} is told: {}",
                good.json
            );
        }
        let wrong = status(&desk, &number, "13900000002").await;
        let nothing = status(&desk, &json!("SJ20261123-9999"), "13900000001").await;
        assert_eq!(
            (wrong.status, wrong.json),
            (StatusCode::NOT_FOUND, nothing.json)
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_rated_once_by_its_link() {
    on_both(async |desk| {
        let (id, number) = closed(&desk).await;
        let seen = status(&desk, &number, "13900000001").await.json;
        assert_eq!(
            (&seen["stage"], &seen["answer"]),
            (&json!("ended"), &json!("已核实到账"))
        );
        let token = seen["rating_token"].clone();
        let forged = format!("{}.{}", id.simple(), "0".repeat(32));
        let forged = ask(
            &desk,
            "/api/v1/public/ratings",
            json!({"token": forged, "said": "satisfied"}),
        )
        .await;
        assert_eq!(forged.status, StatusCode::NOT_FOUND);

        let rating = json!({"token": token, "said": "satisfied", "words": "很快"});
        let rated = ask(&desk, "/api/v1/public/ratings", rating.clone()).await;
        assert_eq!(rated.status, StatusCode::OK, "{}", rated.json);
        assert_eq!(desk.ticket(&lead(), id).await["satisfaction"], "satisfied");
        let again = ask(&desk, "/api/v1/public/ratings", rating).await;
        assert_eq!(
            (again.status, &again.json["code"]),
            (StatusCode::CONFLICT, &json!("rated_before"))
        );
        let seen = status(&desk, &number, "13900000001").await.json;
        assert!(seen["rating_token"].is_null());
    })
    .await;
}
