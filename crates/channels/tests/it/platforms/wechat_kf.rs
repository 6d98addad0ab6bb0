use std::time::Duration;

use channels::platform::{Inbound, MediaKind, Sent, What};
use serde_json::json;
use testing::platforms::Callback;
use testing::platforms::kefu::{CORP_ID, Kefu};
use testing::platforms::wechat;

use super::{Line, account, adapter, app, code, file, text};

async fn line(app: &testing::TestApp, page: usize) -> (Kefu, Line) {
    let kefu = Kefu::start(&app.clock, page).await;
    let account = account("wechat_kf", kefu.settings(), Kefu::secrets());
    (
        kefu,
        Line {
            kind: "wechat_kf",
            account,
        },
    )
}

/// All that is to be had from `cursor` on, as the product fetches it; with the last cursor.
async fn all(
    app: &testing::TestApp,
    line: &Line,
    cursor: Option<String>,
    hint: Option<&str>,
) -> (Vec<Inbound>, Option<String>) {
    let (mut all, mut cursor) = (Vec::new(), cursor);
    for _ in 0..50 {
        let pulled = adapter("wechat_kf")
            .pull(app, &line.account, cursor.as_deref(), hint)
            .await
            .unwrap();
        all.extend(pulled.inbound);
        cursor = pulled.cursor;
        if !pulled.more {
            return (all, cursor);
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn the_address_is_verified_by_opening_the_echo() {
    let app = app().await;
    let (kefu, line) = line(&app, 10).await;
    let callback = kefu.verification("1616140317555161061");
    let answer = line.receive(&app, &callback).unwrap().answer;
    assert_eq!(answer.body, b"1616140317555161061");
    let mut forged = callback.clone();
    forged.query = forged.query.replace("msg_signature=", "msg_signature=0");
    assert_eq!(line.refusal(&app, &forged), (401, "signature_wrong"));
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(line.refusal(&app, &callback), (401, "signature_stale"));
}

#[tokio::test]
async fn what_it_rings_for_is_fetched_once_page_by_page() {
    let app = app().await;
    let (kefu, line) = line(&app, 2).await;
    kefu.empty_page();
    for number in 1..=4 {
        kefu.says(
            "u1",
            &json!({"msgtype": "text", "text": {"content": format!("问题{number}")}}),
        );
    }
    kefu.servicer_says("u1", "我来答");
    let rings = kefu.says(
        "u1",
        &json!({"msgtype": "text", "text": {"content": "问题5"}}),
    );
    let received = line.receive(&app, &rings).unwrap();
    assert_eq!(received.answer.body, b"success");
    assert!(received.inbound.is_empty());
    let hint = received.pull.unwrap();
    let (said, cursor) = all(&app, &line, None, Some(&hint)).await;
    let texts: Vec<_> = said.iter().map(|one| one.what.clone()).collect();
    let expected = (1..=5).map(|number| What::Text {
        text: format!("问题{number}"),
    });
    assert_eq!(texts, expected.collect::<Vec<_>>());
    assert_eq!(said[0].external_user, "u1");
    assert_eq!(said[0].at.unwrap().timestamp(), app.clock.now().timestamp());
    assert_eq!(kefu.pulls()[0]["token"], hint.as_str());
    assert!(kefu.pulls()[0]["limit"].as_u64().unwrap() <= 1_000);

    // From there on there is nothing, and what comes then is all that comes.
    let (nothing, cursor) = all(&app, &line, cursor, Some(&hint)).await;
    assert!(nothing.is_empty());
    kefu.says(
        "u2",
        &json!({"msgtype": "text", "text": {"content": "你好"}}),
    );
    let (said, _) = all(&app, &line, cursor, None).await;
    assert_eq!(said.len(), 1);
    assert_eq!(adapter("wechat_kf").pull_every(&line.account), Some(1_800));
}

#[tokio::test]
async fn a_ring_that_waited_too_long_is_fetched_without_its_token() {
    let app = app().await;
    let (kefu, line) = line(&app, 10).await;
    let rings = kefu.says(
        "u1",
        &json!({"msgtype": "text", "text": {"content": "你好"}}),
    );
    let hint = line.receive(&app, &rings).unwrap().pull.unwrap();
    app.clock.advance(Duration::from_mins(11));
    let (said, _) = all(&app, &line, None, Some(&hint)).await;
    assert_eq!(said.len(), 1);
    let tokens: Vec<_> = kefu
        .pulls()
        .iter()
        .map(|pull| pull["token"].clone())
        .collect();
    assert_eq!(tokens, [json!(hint), json!("")]);
}

#[tokio::test]
async fn what_people_do_is_read() {
    let app = app().await;
    let (kefu, line) = line(&app, 100).await;
    for (kind, data) in [
        ("image", json!({"media_id": "m1"})),
        ("voice", json!({"media_id": "m2"})),
        ("video", json!({"media_id": "m3"})),
        ("file", json!({"media_id": "m4"})),
        (
            "location",
            json!({"latitude": 23.1, "longitude": 113.3, "name": "天河", "address": "体育西路"}),
        ),
        ("link", json!({"title": "公告", "url": "https://a/b"})),
        ("channels_shop_product", json!({"title": "x"})),
    ] {
        let mut message = json!({"msgtype": kind});
        message[kind] = data;
        kefu.says("u1", &message);
    }
    kefu.happens(&json!({"event_type": "enter_session", "external_userid": "u1", "scene": "site"}));
    kefu.happens(&json!({"event_type": "session_status_change", "external_userid": "u1"}));
    kefu.happens(&json!({
        "event_type": "msg_send_fail", "external_userid": "u1", "fail_type": 4,
        "fail_msgid": "0192f0c81c6d7d3a8b1e2f3a4b5c6d7e",
    }));
    // What nobody can read holds up nobody.
    kefu.happens(&json!({"event_type": "msg_send_fail"}));
    kefu.says(
        "u1",
        &json!({"msgtype": "text", "text": {"content": "完"}, "external_userid": 5, "msgid": ""}),
    );
    kefu.says("u1", &json!({"msgtype": "text", "text": {"content": "完"}}));
    let (said, _) = all(&app, &line, None, None).await;
    let media = |kind, media_ref: &str| What::Media {
        kind,
        media_ref: Some(media_ref.to_owned()),
        bytes: None,
        name: None,
        text: None,
    };
    let read: Vec<_> = said.into_iter().map(|one| one.what).collect();
    assert_eq!(read[0], media(MediaKind::Image, "m1"));
    assert_eq!(read[1], media(MediaKind::Voice, "m2"));
    assert_eq!(read[2], media(MediaKind::Video, "m3"));
    assert_eq!(read[3], media(MediaKind::File, "m4"));
    let place = What::Location {
        label: "天河 体育西路".to_owned(),
        latitude: "23.1".to_owned(),
        longitude: "113.3".to_owned(),
    };
    assert_eq!(read[4], place);
    let link = What::Link {
        title: "公告".to_owned(),
        url: "https://a/b".to_owned(),
    };
    assert_eq!(read[5], link);
    assert!(matches!(&read[6], What::Text { text } if text.contains("channels_shop_product")));
    let entered = What::Event {
        event: "enter".to_owned(),
        key: Some("site".to_owned()),
    };
    assert_eq!(read[7], entered);
    let lost = What::NotDelivered {
        message: "0192f0c8-1c6d-7d3a-8b1e-2f3a4b5c6d7e".to_owned(),
        code: "fail_4".to_owned(),
    };
    assert_eq!(read[8], lost);
    assert_eq!(
        read[9],
        What::Text {
            text: "完".to_owned()
        }
    );
    assert_eq!(read.len(), 10);
}

#[tokio::test]
async fn what_is_forged_or_of_another_account_is_not_believed() {
    let app = app().await;
    let (kefu, line) = line(&app, 10).await;
    let good = kefu.says(
        "u1",
        &json!({"msgtype": "text", "text": {"content": "你好"}}),
    );
    let now = app.clock.now().timestamp();
    let ring = |receiver: &str, account: &str| {
        let message = format!(
            "<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>t</Token><OpenKfId>{account}</OpenKfId></xml>"
        );
        wechat::safe(message.as_bytes(), now, receiver)
    };
    let other_company = ring("wwother", "wkAJ2GCAAAZSfhHCt7IFSvLKtMPxyJTw");
    assert_eq!(line.refusal(&app, &other_company), (401, "signature_wrong"));
    let other_kefu = line.receive(&app, &ring(CORP_ID, "wkother")).unwrap();
    assert_eq!(other_kefu.pull, None);
    let plain = Callback::post(
        good.query.as_str(),
        "<xml><Event>kf_msg_or_event</Event></xml>",
    );
    assert_eq!(line.refusal(&app, &plain), (401, "signature_wrong"));
    let long = wechat::safe(&vec![b'x'; 600 << 10], now, CORP_ID);
    assert_eq!(line.refusal(&app, &long), (413, "body_too_large"));
    let garbage = wechat::safe(b"\xff\xfe", now, CORP_ID);
    assert_eq!(line.refusal(&app, &garbage), (400, "body_unreadable"));
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(line.refusal(&app, &good), (401, "signature_stale"));
}

#[tokio::test]
async fn five_answers_are_taken_each_once() {
    let app = app().await;
    let (kefu, line) = line(&app, 10).await;
    let said = json!({"msgtype": "text", "text": {"content": "你好"}});
    kefu.says("u1", &said);
    let first = text(&app, "u1", "您好");
    let id = first.id.simple().to_string();
    assert_eq!(line.send(&app, &first).await, Sent::Taken(Some(id.clone())));
    // The answer got lost: the same id is no second message.
    assert_eq!(line.send(&app, &first).await, Sent::Taken(Some(id)));
    assert_eq!(kefu.sent().len(), 1);
    for _ in 0..4 {
        assert!(matches!(
            line.send(&app, &text(&app, "u1", "您好")).await,
            Sent::Taken(_)
        ));
    }
    assert_eq!(
        code(&line.send(&app, &text(&app, "u1", "您好")).await),
        ("closed", "95001")
    );
    kefu.says("u1", &said);
    app.clock.advance(Duration::from_hours(48));
    assert_eq!(
        code(&line.send(&app, &text(&app, "u1", "您好")).await),
        ("closed", "95002")
    );
    assert_eq!(
        code(&line.send(&app, &text(&app, "u9", "您好")).await),
        ("refused", "40096")
    );

    kefu.says("u1", &said);
    kefu.with_servicer(true);
    assert!(
        matches!(
            line.send(&app, &text(&app, "u1", "您好")).await,
            Sent::Taken(_)
        ),
        "it is taken over"
    );
    let sheet = file(&app, "u1", MediaKind::File, "表.xlsx", b"PK");
    assert!(matches!(line.send(&app, &sheet).await, Sent::Taken(_)));
    assert_eq!(kefu.sent().pop().unwrap()["msgtype"], "file");
    kefu.keep("m1", "照片.jpg", b"a picture");
    let fetched = adapter("wechat_kf")
        .fetch(&app, &line.account, "m1")
        .await
        .unwrap();
    assert_eq!(fetched.name.as_deref(), Some("照片.jpg"));
    assert_eq!(&fetched.bytes[..], b"a picture");
}
