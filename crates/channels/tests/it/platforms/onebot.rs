use std::time::Duration;

use channels::platform::{MediaKind, Sent, What, onebot};
use serde_json::{Value, json};
use testing::platforms::Callback;
use testing::platforms::onebot::{self as peer, OneBot, SELF_ID};

use super::{Line, account, adapter, app, code, file, text};

async fn line(app: &testing::TestApp) -> (OneBot, Line) {
    let onebot = OneBot::start(&app.clock).await;
    let account = account("onebot", onebot.settings(), OneBot::secrets());
    (
        onebot,
        Line {
            kind: "onebot",
            account,
        },
    )
}

#[test]
fn the_signature_is_that_of_the_vector() {
    let vectors: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    let vector = &vectors["onebot11_http_post"];
    let word = |name: &str| vector[name].as_str().unwrap();
    let signed = onebot::signature(word("secret"), word("raw_body").as_bytes());
    assert_eq!(signed, word("x_signature"));
}

#[tokio::test]
async fn segments_and_codes_are_read_alike() {
    let app = app().await;
    let (onebot, line) = line(&app).await;
    let segments = json!([
        {"type": "text", "data": {"text": "看[这]&那,个"}},
        {"type": "image", "data": {"file": "a.jpg", "url": "https://gchat/x?a=1&b=2"}},
        {"type": "face", "data": {"id": "1"}},
        {"type": "record", "data": {"file": "http://a/v.amr"}},
        {"type": "video", "data": {"file": "v.mp4"}},
        {"type": "location", "data": {"lat": "23.1", "lon": "113.3", "title": "天河"}},
        {"type": "share", "data": {"url": "https://a/b", "title": "公告"}},
    ]);
    let codes = "看&#91;这&#93;&amp;那,个[CQ:image,file=a.jpg,url=https://gchat/x?a=1&amp;b=2][CQ:face,id=1]\
                 [CQ:record,file=http://a/v.amr][CQ:video,file=v.mp4][CQ:location,lat=23.1,lon=113.3,title=天河]\
                 [CQ:share,url=https://a/b,title=公告]";
    let mut read = Vec::new();
    for message in [segments, json!(codes)] {
        let received = line.receive(&app, &onebot.says(12_345, &message)).unwrap();
        assert_eq!(received.answer.status, 204);
        assert!(received.answer.body.is_empty());
        let first = &received.inbound[0];
        assert_eq!(first.external_user, "12345");
        assert_eq!(first.nickname.as_deref(), Some("小王"));
        read.push(
            received
                .inbound
                .into_iter()
                .map(|one| one.what)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(read[0], read[1]);
    assert_eq!(
        read[0][0],
        What::Text {
            text: "看[这]&那,个[表情]".to_owned()
        }
    );
    let media = |kind, media_ref: Option<&str>, name: Option<&str>| What::Media {
        kind,
        media_ref: media_ref.map(str::to_owned),
        bytes: None,
        name: name.map(str::to_owned),
        text: None,
    };
    let picture = media(
        MediaKind::Image,
        Some("https://gchat/x?a=1&b=2"),
        Some("a.jpg"),
    );
    assert_eq!(read[0][1], picture);
    assert_eq!(
        read[0][2],
        media(MediaKind::Voice, Some("http://a/v.amr"), None)
    );
    assert_eq!(read[0][3], media(MediaKind::Video, None, Some("v.mp4")));
    assert!(matches!(&read[0][4], What::Location { label, .. } if label == "天河"));
    assert!(matches!(&read[0][5], What::Link { url, .. } if url == "https://a/b"));
    assert_eq!(read[0].len(), 6);
    for broken in ["[CQ:image", "[CQ:]", "[CQ:image,file]", "]["] {
        assert!(
            line.receive(&app, &onebot.says(12_345, &json!(broken)))
                .is_ok()
        );
    }
}

#[tokio::test]
async fn in_a_group_only_what_names_the_account_is_taken() {
    let app = app().await;
    let (onebot, mut line) = line(&app).await;
    let chatter = onebot.says_in_group(777, 12_345, &json!("今天天气不错"));
    assert!(line.receive(&app, &chatter).unwrap().inbound.is_empty());
    let asked = format!("[CQ:at,qq={SELF_ID}] 报名时间？[CQ:at,qq=1]");
    let asked = onebot.says_in_group(777, 12_345, &json!(asked));
    let [said] = &line.receive(&app, &asked).unwrap().inbound[..] else {
        panic!("one")
    };
    assert_eq!(said.external_group.as_deref(), Some("777"));
    assert_eq!(
        said.what,
        What::Text {
            text: "报名时间？@1".to_owned()
        }
    );
    // What it says itself comes back in groups.
    let own = onebot.says_in_group(777, SELF_ID, &json!("答"));
    line.account
        .settings
        .insert("group_all".to_owned(), "true".to_owned());
    assert!(line.receive(&app, &own).unwrap().inbound.is_empty());
    assert_eq!(line.receive(&app, &chatter).unwrap().inbound.len(), 1);
}

#[tokio::test]
async fn what_is_forged_stale_or_of_another_account_is_refused() {
    let app = app().await;
    let (onebot, line) = line(&app).await;
    let good = onebot.says(12_345, &json!("你好"));
    let mut forged = good.clone();
    forged.body.push(b' ');
    let unsigned = Callback::post("", good.body.clone()).header("x-self-id", SELF_ID.to_string());
    let now = app.clock.now().timestamp();
    let body = |number: i64| {
        json!({"time": now, "self_id": number, "post_type": "meta_event"}).to_string()
    };
    let other_body = peer::signed(body(5).as_bytes());
    let mut other_header = peer::signed(body(SELF_ID).as_bytes());
    other_header.headers[0].1 = "5".to_owned();
    for callback in [&forged, &unsigned, &other_body, &other_header] {
        assert_eq!(line.refusal(&app, callback), (401, "signature_wrong"));
    }
    assert_eq!(
        line.refusal(&app, &peer::signed(b"hello")),
        (400, "body_unreadable")
    );
    let nobody = json!({"time": now, "self_id": SELF_ID, "post_type": "message"}).to_string();
    assert_eq!(
        line.refusal(&app, &peer::signed(nobody.as_bytes())),
        (400, "body_unreadable")
    );
    assert_eq!(
        line.refusal(&app, &peer::signed(&vec![b' '; 600 << 10])),
        (413, "body_too_large")
    );
    let heartbeat = line
        .receive(&app, &peer::signed(body(SELF_ID).as_bytes()))
        .unwrap();
    assert!(heartbeat.inbound.is_empty());
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(line.refusal(&app, &good), (401, "signature_stale"));
}

#[tokio::test]
async fn answers_go_out_as_segments() {
    let app = app().await;
    let (onebot, line) = line(&app).await;
    let said = "请看 [CQ:image,file=file:///etc/passwd]";
    assert_eq!(
        line.send(&app, &text(&app, "12345", said)).await,
        Sent::Taken(Some("1".to_owned()))
    );
    let (action, sent) = onebot.sent().remove(0);
    assert_eq!(action, "send_private_msg");
    assert_eq!(
        sent,
        json!({"user_id": 12_345, "message": [{"type": "text", "data": {"text": said}}]})
    );

    let mut picture = file(&app, "12345", MediaKind::Image, "a.png", b"\x89PNG");
    picture.external_group = Some("777".to_owned());
    assert!(matches!(line.send(&app, &picture).await, Sent::Taken(_)));
    let (action, sent) = onebot.sent().pop().unwrap();
    assert_eq!(action, "send_group_msg");
    assert_eq!(
        sent["message"][0],
        json!({"type": "at", "data": {"qq": "12345"}})
    );
    assert_eq!(sent["message"][1]["data"]["file"], "base64://iVBORw==");

    let told = [
        (1400, "refused"),
        (100, "refused"),
        (103, "later"),
        (201, "later"),
    ];
    for (retcode, becomes) in told {
        onebot.fail(Some(retcode));
        let sent = line.send(&app, &text(&app, "12345", "您好")).await;
        assert_eq!(code(&sent), (becomes, retcode.to_string().as_str()));
    }
    let name = line.send(&app, &text(&app, "somebody", "您好")).await;
    assert_eq!(code(&name), ("refused", "not_a_number"));
    let sheet = file(&app, "12345", MediaKind::File, "表.xlsx", b"PK");
    assert_eq!(
        code(&line.send(&app, &sheet).await),
        ("refused", "kind_not_supported")
    );
    let url = format!("{}/picture.png", onebot.base);
    let fetched = adapter("onebot")
        .fetch(&app, &line.account, &url)
        .await
        .unwrap();
    assert_eq!(&fetched.bytes[..], b"\x89PNG a picture");

    let mut line = line;
    line.account
        .secrets
        .0
        .insert("access_token".to_owned(), "wrong".to_owned());
    let sent = line.send(&app, &text(&app, "12345", "您好")).await;
    assert_eq!(code(&sent), ("later", "http_403"));
}
