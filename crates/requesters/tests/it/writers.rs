//! Who writes: one requester for each account of a platform.

use std::time::Duration;

use axum::http::StatusCode;
use requesters::{OnChannel, blocked, same_person};
use serde_json::json;

use crate::support::on_both;

const OPENID: &str = "oX9a-Zhang_000000000000007Q";

#[tokio::test]
async fn an_account_is_one_requester_who_has_no_number() {
    on_both(async |desk| {
        let first = desk.writes_as("wechat_oa", OPENID, Some("小张")).await;
        assert!(first.new);
        assert_eq!(first.requester.phone_kind, "none");
        assert_eq!(
            (first.requester.identity.as_str(), first.requester.contacts),
            ("unverified", 1)
        );
        let again = desk.writes("wechat_oa", OPENID).await;
        assert!(!again.new);
        let renamed = desk.writes_as("wechat_oa", OPENID, Some("老张")).await;
        assert_eq!(renamed.requester.nickname.as_deref(), Some("老张"));
        let shown = desk
            .get(&format!("/api/v1/requesters/{}", first.requester.id))
            .await;
        assert_eq!(
            (&shown["channel"], &shown["nickname"]),
            (&json!("wechat_oa"), &json!("老张"))
        );
        assert_eq!(
            (again.identity_id, again.requester.id),
            (first.identity_id, first.requester.id)
        );
        let elsewhere = desk.writes("qq_bot", OPENID).await;
        assert_ne!(
            elsewhere.requester.id, first.requester.id,
            "an id means something on its own channel only"
        );
        let alone = same_person(desk.app.db.read(), first.requester.id).await;
        assert_eq!(alone.unwrap(), [first.requester.id]);
    })
    .await;
}

#[tokio::test]
async fn messages_at_once_make_one_requester() {
    on_both(async |desk| {
        let writes = (0..16).map(|_| desk.writes("web", "visitor-0000-0001"));
        let found = futures::future::join_all(writes).await;
        let id = found[0].requester.id;
        assert!(found.iter().all(|writer| writer.requester.id == id));
        assert_eq!(found.iter().filter(|writer| writer.new).count(), 1);
        let list = desk.get("/api/v1/requesters").await;
        assert_eq!(
            (&list["total"], &list["items"][0]["contacts"]),
            (&json!(1), &json!(1)),
            "nobody is left behind by those who came second"
        );
    })
    .await;
}

#[tokio::test]
async fn a_message_is_seen_and_a_conversation_counts_as_a_contact() {
    on_both(async |desk| {
        desk.writes("web", "visitor-0000-0001").await;
        desk.app.clock.advance(Duration::from_mins(10));
        let soon = desk.writes("web", "visitor-0000-0001").await.requester;
        assert_eq!(soon.contacts, 1);
        assert!(soon.last_contact_at > soon.first_contact_at);
        desk.app.clock.advance(Duration::from_hours(2));
        let later = desk.writes("web", "visitor-0000-0001").await.requester;
        assert_eq!(later.contacts, 1);
        let app = desk.app.clone();
        let noted = desk
            .app
            .db
            .write(async move |tx| {
                requesters::note_contact(&app, &*tx, later.id).await?;
                requesters::find(&*tx, later.id).await
            })
            .await;
        assert_eq!(noted.unwrap().unwrap().contacts, 2);
    })
    .await;
}

#[tokio::test]
async fn what_no_platform_sends_is_refused_and_the_id_is_in_no_log() {
    on_both(async |desk| {
        let long = "x".repeat(256);
        for (channel, external_id) in [
            ("web", ""),
            ("web", " \t"),
            ("web", "a\nb"),
            ("web", long.as_str()),
            ("Web", "visitor"),
            ("", "visitor"),
        ] {
            let who = OnChannel {
                channel,
                external_id,
                nickname: None,
            };
            let refused =
                requesters::find_or_create_by_identity(&desk.app, desk.app.db.read(), who).await;
            assert_eq!(
                refused.unwrap_err().status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{channel} {external_id}"
            );
        }
        let who = OnChannel {
            channel: "wechat_oa",
            external_id: OPENID,
            nickname: None,
        };
        assert_eq!(format!("{who:?}"), "wechat_oa:oX***7Q");
        let dressed = desk
            .writes_as("web", "visitor-9", Some(" \u{202e}gnahZ\u{0} "))
            .await;
        assert_eq!(dressed.requester.nickname.as_deref(), Some("gnahZ"));
        let none = blocked(
            desk.app.db.read(),
            dressed.requester.id,
            "web",
            desk.app.clock.now(),
        )
        .await;
        assert_eq!(none.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_a_writer_gives_links_nothing() {
    on_both(async |desk| {
        let caller = desk.rings("13900000001").await;
        let writer = desk.writes("web", "visitor-0000-0001").await.requester;
        for number in ["139-0000-0001", "13900000001"] {
            let app = (*desk.app).clone();
            desk.app
                .db
                .write(async move |tx| {
                    requesters::note_claimed_number(&app, &*tx, writer.id, number).await?;
                    requesters::note_claimed_mail(&app, &*tx, writer.id, "Zhang@Example.org").await
                })
                .await
                .unwrap();
        }
        let app = (*desk.app).clone();
        let refused = desk.app.db.write(async move |tx| {
            requesters::note_claimed_number(&app, &*tx, writer.id, "12345").await
        });
        assert_eq!(refused.await.unwrap_err().code, "number_invalid");
        let person = same_person(desk.app.db.read(), caller.id).await.unwrap();
        assert_eq!(person, [caller.id]);
        let again = desk.rings("13900000001").await;
        assert_eq!(again.id, caller.id);
    })
    .await;
}
