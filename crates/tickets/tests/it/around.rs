//! What stands around a ticket: notes, files, links, watchers.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::desk::{Desk, agent, lead, on_both};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";

async fn two_tickets(desk: &Desk) -> (Uuid, Uuid) {
    (
        desk.open_ticket("13900000001", &agent(1)).await,
        desk.open_ticket("13900000002", &agent(1)).await,
    )
}

async fn send_file(desk: &Desk, id: Uuid, name: &str, bytes: &[u8]) -> (StatusCode, Value) {
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let mut request = Request::post(format!("/api/v1/tickets/{id}/files"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .unwrap();
    request.extensions_mut().insert(agent(1));
    let response = desk.router().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn notes_for_the_house_and_for_the_requester_are_told_apart() {
    on_both(async |desk| {
        let (id, _) = two_tickets(&desk).await;
        let path = format!("/api/v1/tickets/{id}/notes");
        for (kind, body) in [("internal", "已联系考试科"), ("requester", "已短信告知")] {
            let note = json!({"kind": kind, "body": body});
            let answer = desk.ask(&agent(1), Method::POST, &path, Some(note)).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        }
        let all = desk.get(&lead(), &path).await;
        assert_eq!(all["total"], 2);
        let told = desk.get(&lead(), &format!("{path}?kind=requester")).await;
        assert_eq!(told["items"][0]["body"], "已短信告知");
        let forged = json!({"kind": "instruction", "body": "同意"});
        let answer = desk.ask(&agent(1), Method::POST, &path, Some(forged)).await;
        assert_eq!(answer.json["code"], "note_kind_reserved");
        let foreign = desk.ask(&agent(2), Method::GET, &path, None).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_known_by_its_content_and_leaves_as_a_download() {
    on_both(async |desk| {
        let (id, _) = two_tickets(&desk).await;
        let (status, file) = send_file(&desk, id, "../../缴费\\凭证.pdf", PDF).await;
        assert_eq!(status, StatusCode::CREATED, "{file}");
        assert_eq!(
            (&file["name"], &file["media_type"]),
            (&json!("凭证.pdf"), &json!("application/pdf"))
        );
        let path = format!(
            "/api/v1/tickets/{id}/files/{}",
            file["id"].as_str().unwrap()
        );
        let got = desk.ask(&agent(1), Method::GET, &path, None).await;
        assert_eq!(got.status, StatusCode::OK);
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        assert!(
            got.headers["content-disposition"]
                .to_str()
                .unwrap()
                .starts_with("attachment")
        );

        let (status, refused) = send_file(&desk, id, "页面.pdf", b"<html><script>").await;
        assert_eq!(
            (status, &refused["code"]),
            (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                &json!("file_kind_not_taken")
            )
        );
        let (status, refused) = send_file(&desk, id, "说明.txt", b"\xff\xfe\x00").await;
        assert_eq!(
            (status, &refused["code"]),
            (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                &json!("file_kind_not_taken")
            )
        );
        let big = [PDF, &vec![0; 21 << 20]].concat();
        let (status, _) = send_file(&desk, id, "大.pdf", &big).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        let listed = desk
            .get(&agent(1), &format!("/api/v1/tickets/{id}/files"))
            .await;
        assert_eq!(
            listed["items"].as_array().unwrap().len(),
            1,
            "nothing half kept"
        );
        let history = desk
            .get(&agent(1), &format!("/api/v1/tickets/{id}/history"))
            .await;
        assert_eq!(history["items"][0]["action"], "file_added");
    })
    .await;
}

#[tokio::test]
async fn linked_tickets_know_each_other_and_parents_make_no_circle() {
    on_both(async |desk| {
        let (one, two) = two_tickets(&desk).await;
        let path = |id: Uuid| format!("/api/v1/tickets/{id}/links");
        let link = |kind: &str, id: Uuid| Some(json!({"kind": kind, "other_id": id}));
        let made = desk
            .ask(&agent(1), Method::POST, &path(one), link("parent", two))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
        assert_eq!(made.json["links"][0]["inverse"], false);
        let seen = desk.get(&agent(1), &path(two)).await;
        assert_eq!(seen["links"][0]["inverse"], true);
        let circle = desk
            .ask(&agent(1), Method::POST, &path(two), link("parent", one))
            .await;
        assert_eq!(circle.json["code"], "link_in_a_circle");
        let itself = desk
            .ask(&agent(1), Method::POST, &path(one), link("related", one))
            .await;
        assert_eq!(itself.json["code"], "link_to_itself");
        let again = desk
            .ask(&agent(1), Method::POST, &path(one), link("parent", two))
            .await;
        assert_eq!(again.json["links"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_watches_is_listed_until_he_watches_no_longer() {
    on_both(async |desk| {
        desk.people(&[&lead()]).await;
        let (id, _) = two_tickets(&desk).await;
        let watch = format!("/api/v1/tickets/{id}/watch");
        for _ in 0..2 {
            let answer = desk.ask(&lead(), Method::PUT, &watch, None).await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
        }
        let around = desk
            .get(&lead(), &format!("/api/v1/tickets/{id}/links"))
            .await;
        assert_eq!(around["watching"], true);
        assert_eq!(around["watchers"].as_array().unwrap().len(), 1);
        desk.ask(&lead(), Method::DELETE, &watch, None).await;
        let around = desk
            .get(&lead(), &format!("/api/v1/tickets/{id}/links"))
            .await;
        assert_eq!(around["watching"], false);
    })
    .await;
}
