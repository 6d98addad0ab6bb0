//! One's own list: unread first, read, done.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::house::{TICKET, agent, lead, on_both, section, strings, told};

#[tokio::test]
async fn the_unread_stand_first_and_a_page_follows_the_other() {
    on_both(async |house| {
        let me = agent(1);
        for event in ["ticket.dispatched", "ticket.granted", "ticket.refused"] {
            house.happens(event, TICKET, told(json!({}))).await;
            house.app.clock.advance(Duration::from_mins(1));
        }
        let count = house.get(&me, "/api/v1/notices/count").await;
        assert_eq!(count, json!({ "unread": 3, "urgent": 0 }));
        let page = house.get(&me, "/api/v1/notices").await;
        let newest = page["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(
            strings(&page["items"], "kind"),
            ["ticket_refused", "ticket_granted", "ticket_dispatched"]
        );

        let path = format!("/api/v1/notices/{newest}/read");
        let read = house.sent(&me, Method::POST, &path, json!({})).await;
        let again = house.sent(&me, Method::POST, &path, json!({})).await;
        assert_eq!(read["read_at"], again["read_at"]);
        let mut cursor = String::new();
        let mut seen = Vec::new();
        loop {
            let path = format!("/api/v1/notices?per_page=1{cursor}");
            let page = house.get(&me, &path).await;
            assert_eq!(page["total"], 3);
            seen.extend(strings(&page["items"], "kind"));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(
            seen,
            ["ticket_granted", "ticket_dispatched", "ticket_refused"]
        );
        let unread = house.get(&me, "/api/v1/notices?unread=true").await;
        assert_eq!(unread["total"], 2);
        let one = house.get(&me, "/api/v1/notices?kind=ticket_granted").await;
        assert_eq!(one["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn all_that_was_seen_is_read_and_what_came_since_is_not() {
    on_both(async |house| {
        let me = agent(1);
        house
            .happens("ticket.dispatched", TICKET, told(json!({})))
            .await;
        let seen = house.app.clock.now();
        house.app.clock.advance(Duration::from_mins(1));
        house
            .happens("ticket.granted", TICKET, told(json!({})))
            .await;
        let done = house
            .sent(
                &me,
                Method::POST,
                "/api/v1/notices/read-all",
                json!({ "until": seen }),
            )
            .await;
        assert_eq!(done["read"], 1);
        let count = house.get(&me, "/api/v1/notices/count").await;
        assert_eq!(count["unread"], 1);
        let done = house
            .sent(&me, Method::POST, "/api/v1/notices/read-all", json!({}))
            .await;
        assert_eq!(done["read"], 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_sees_or_reads_what_was_told_to_another() {
    on_both(async |house| {
        house
            .happens("ticket.dispatched", TICKET, told(json!({})))
            .await;
        let page = house.get(&agent(1), "/api/v1/notices").await;
        let id = page["items"][0]["id"].as_str().unwrap().to_owned();
        assert!(house.kinds(&agent(2)).await.is_empty());
        let path = format!("/api/v1/notices/{id}/read");
        let answer = house.ask(&lead(), Method::POST, &path, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let count = house.get(&agent(1), "/api/v1/notices/count").await;
        assert_eq!(count["unread"], 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_settled_is_done_and_rings_no_more() {
    on_both(async |house| {
        let review = told(json!({ "state": "pending_review" }));
        house
            .happens("ticket.alarm", TICKET, told(json!({ "note": "due" })))
            .await;
        let urgent = house.get(&lead(), "/api/v1/notices/count").await;
        assert_eq!(urgent, json!({ "unread": 1, "urgent": 1 }));
        house.app.clock.advance(Duration::from_secs(1));
        house.happens("ticket.replied", TICKET, review).await;
        for who in [agent(1), lead()] {
            let page = house.get(&who, "/api/v1/notices").await;
            assert!(page["items"][0]["done_at"].is_string(), "{page}");
            let count = house.get(&who, "/api/v1/notices/count").await;
            assert_eq!(count["unread"], 0);
        }
        house.app.clock.advance(Duration::from_secs(1));
        house
            .happens("ticket.sent_back", TICKET, told(json!({})))
            .await;
        let waiting = house.get(&section(), "/api/v1/notices/count").await;
        assert_eq!(waiting["unread"], 0);
        let back = house.get(&agent(1), "/api/v1/notices?unread=true").await;
        assert_eq!(strings(&back["items"], "kind"), ["ticket_sent_back"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_read_long_ago_goes_and_what_was_not_stays() {
    on_both(async |house| {
        house
            .happens("ticket.granted", TICKET, told(json!({})))
            .await;
        house
            .sent(
                &agent(1),
                Method::POST,
                "/api/v1/notices/read-all",
                json!({}),
            )
            .await;
        house
            .happens("ticket.alarm", TICKET, told(json!({ "note": "half" })))
            .await;
        house.app.clock.advance(Duration::from_hours(181 * 24));
        for job in notices::capability(&house.notices).jobs {
            (job.run)(json!({})).await.unwrap();
        }
        assert_eq!(house.kinds(&agent(1)).await, ["ticket_half"]);
    })
    .await;
}
