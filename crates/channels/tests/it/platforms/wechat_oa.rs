use std::time::Duration;

use axum::http::Method;
use channels::platform::wechat::envelope::{Closed, Envelope, signature};
use channels::platform::{MediaKind, What};
use serde_json::{Value, json};
use testing::platforms::wechat::{self, AES_KEY, APPID, Wechat};
use testing::platforms::{Callback, push};

use super::{Line, account, app, app_at};

/// The values of `shared/fixtures/channel_vectors.json` that are of WeChat.
fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

pub async fn line(app: &testing::TestApp) -> (Wechat, Line) {
    let wechat = Wechat::start(&app.clock).await;
    let account = account("wechat_oa", wechat.settings(), Wechat::secrets());
    (
        wechat,
        Line {
            kind: "wechat_oa",
            account,
        },
    )
}

/// A line to an account at another time, which is never called.
fn vector_line(vector: &Value) -> Line {
    let word = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
    let settings = vec![("appid", word("appid"))];
    let secrets = vec![
        ("token", word("token")),
        ("encoding_aes_key", word("encoding_aes_key")),
    ];
    Line {
        kind: "wechat_oa",
        account: account("wechat_oa", settings, secrets),
    }
}

fn get(query: String) -> Callback {
    Callback {
        method: Method::GET,
        ..Callback::post(query, "")
    }
}

#[tokio::test]
async fn the_address_is_verified_and_the_echo_comes_back_as_it_is() {
    let vector = &vectors()["wechat_oa_plain"];
    let app = app_at(1_714_037_060).await;
    let line = vector_line(vector);
    let query = |signature: &str| {
        get(format!(
            "signature={signature}&timestamp=1714037059&nonce=486452656&echostr=%3Cb%3E4375120948345356249"
        ))
    };
    let signature = vector["signature"].as_str().unwrap();
    let answer = line.receive(&app, &query(signature)).unwrap().answer;
    assert_eq!(answer.body, b"<b>4375120948345356249");
    assert_eq!(answer.media_type, "text/plain; charset=utf-8");
    let refused = line.refusal(&app, &query("899cf89e464efb63f54ddac96b0a0a235f53aa79"));
    assert_eq!(refused, (401, "signature_wrong"));

    app.clock.advance(Duration::from_secs(301));
    let refused = line.refusal(&app, &query(signature));
    assert_eq!(refused, (401, "signature_stale"));
}

#[tokio::test]
async fn the_pushes_of_the_documentation_are_opened() {
    for name in [
        "wechat_oa_safe_inbound_json",
        "wechat_oa_safe_inbound_xml_text",
        "wechat_oa_key_trailing_bits",
    ] {
        let vector = &vectors()[name];
        let word = |name: &str| vector[name].as_str().unwrap();
        let app = app_at(word("timestamp").parse().unwrap()).await;
        let line = vector_line(vector);
        let query = format!(
            "signature={}&timestamp={}&nonce={}&encrypt_type=aes&msg_signature={}",
            vector["signature"].as_str().unwrap_or("0"),
            word("timestamp"),
            word("nonce"),
            word("msg_signature"),
        );
        let bodies = [
            json!({"ToUserName": "gh", "Encrypt": word("encrypt")}).to_string(),
            format!(
                "<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{}]]></Encrypt></xml>",
                word("encrypt")
            ),
        ];
        for body in bodies {
            let received = line
                .receive(&app, &Callback::post(query.as_str(), body))
                .unwrap();
            assert_eq!(received.answer.body, b"success");
            match name {
                // `debug_demo` is nobody's doing.
                "wechat_oa_safe_inbound_json" => assert!(received.inbound.is_empty()),
                "wechat_oa_safe_inbound_xml_text" => {
                    let [said] = received.inbound.as_slice() else {
                        panic!("one")
                    };
                    assert_eq!(said.external_id, "24541234567890123");
                    assert_eq!(
                        said.what,
                        What::Text {
                            text: "你好".to_owned()
                        }
                    );
                }
                _ => {
                    let [said] = received.inbound.as_slice() else {
                        panic!("one")
                    };
                    let text = "职称系统登录不了".to_owned();
                    assert_eq!(said.what, What::Text { text });
                }
            }
        }
        // Where `signature` is right, it opens nothing.
        let plain = query.replace("msg_signature", "other");
        let body = json!({"Encrypt": word("encrypt")}).to_string();
        let refused = line.refusal(&app, &Callback::post(plain, body));
        assert_eq!(refused, (401, "signature_wrong"));
    }
}

#[test]
fn the_envelopes_of_the_documentation_are_made_to_the_byte() {
    let vectors = vectors();
    for (name, key_of) in [
        ("wechat_oa_safe_inbound_json", "wechat_oa_safe_inbound_json"),
        (
            "wechat_oa_safe_inbound_xml_text",
            "wechat_oa_safe_inbound_xml_text",
        ),
        ("wechat_oa_safe_reply", "wechat_oa_safe_inbound_json"),
        ("wechat_oa_key_trailing_bits", "wechat_oa_key_trailing_bits"),
        ("wechat_oa_pad32_edge", "wechat_oa_pad32_edge"),
    ] {
        let (vector, key) = (&vectors[name], &vectors[key_of]);
        let word = |name: &str| vector[name].as_str().unwrap();
        let envelope = Envelope::new(
            key["encoding_aes_key"].as_str().unwrap(),
            key["appid"].as_str().unwrap(),
        )
        .unwrap();
        if let Some(hex) = vector["aes_key_hex"].as_str() {
            assert_eq!(hex::encode(envelope.key()), hex);
        }
        let random: [u8; 16] = word("random16").as_bytes().try_into().unwrap();
        let sealed = envelope.seal(word("plaintext").as_bytes(), random);
        assert_eq!(sealed, word("encrypt"), "{name}");
        assert_eq!(
            envelope.open(&sealed).unwrap(),
            word("plaintext").as_bytes()
        );
        if let Some(signed) = vector["msg_signature"].as_str() {
            let parts = ["AAAAA", word("timestamp"), word("nonce"), &sealed];
            let token = key["token"].as_str().unwrap();
            assert_eq!(signature(&[token, parts[1], parts[2], parts[3]]), signed);
        }
        let other = Envelope::new(key["encoding_aes_key"].as_str().unwrap(), "wxother").unwrap();
        assert_eq!(other.open(&sealed), Err(Closed::Receiver));
    }
    assert!(Envelope::new("too short", "wx").is_none());
}

#[tokio::test]
async fn what_people_do_is_read() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    let one = |callback: &Callback| {
        let mut inbound = line.receive(&app, callback).unwrap().inbound;
        assert!(inbound.len() < 2);
        inbound.pop()
    };
    let act = |fields: &str| one(&wechat.acts("o1", fields)).unwrap().what;

    let said = one(&wechat.says("o1", "准考证<在>哪里 & 怎么打印")).unwrap();
    assert_eq!(said.external_user, "o1");
    assert_eq!(said.external_id, "7000000000000000001");
    assert_eq!(said.at.unwrap().timestamp(), app.clock.now().timestamp());
    let text = "准考证<在>哪里 & 怎么打印".to_owned();
    assert_eq!(said.what, What::Text { text });

    let media = |kind, media_ref: &str, name: Option<&str>, text: Option<&str>| What::Media {
        kind,
        media_ref: Some(media_ref.to_owned()),
        bytes: None,
        name: name.map(str::to_owned),
        text: text.map(str::to_owned),
    };
    let nul = act("<MsgType>text</MsgType><Content><![CDATA[a\0b]]></Content>");
    assert_eq!(
        nul,
        What::Text {
            text: "a\u{fffd}b".to_owned()
        },
        "PostgreSQL takes no NUL"
    );

    let image = "<MsgType>image</MsgType><PicUrl>http://x/y</PicUrl><MediaId>m1</MediaId>";
    assert_eq!(act(image), media(MediaKind::Image, "m1", None, None));
    let voice = "<MsgType>voice</MsgType><MediaId>m2</MediaId><Format>amr</Format><Recognition>喂</Recognition>";
    let read = media(MediaKind::Voice, "m2", Some("voice.amr"), Some("喂"));
    assert_eq!(act(voice), read);
    for kind in ["video", "shortvideo"] {
        let film =
            format!("<MsgType>{kind}</MsgType><MediaId>m3</MediaId><ThumbMediaId>t</ThumbMediaId>");
        assert_eq!(act(&film), media(MediaKind::Video, "m3", None, None));
    }
    let place = "<MsgType>location</MsgType><Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y>\
                 <Scale>20</Scale><Label>广州市天河区</Label>";
    let read = What::Location {
        label: "广州市天河区".to_owned(),
        latitude: "23.134521".to_owned(),
        longitude: "113.358803".to_owned(),
    };
    assert_eq!(act(place), read);
    let link = "<MsgType>link</MsgType><Title>公告</Title><Description>d</Description><Url>https://a/b</Url>";
    let read = What::Link {
        title: "公告".to_owned(),
        url: "https://a/b".to_owned(),
    };
    assert_eq!(act(link), read);
    assert!(
        matches!(act("<MsgType>hologram</MsgType>"), What::Text { text } if text.contains("hologram"))
    );

    let event = |event: &str, key: Option<&str>| What::Event {
        event: event.to_owned(),
        key: key.map(str::to_owned),
    };
    let told = [
        ("subscribe", "", event("follow", None)),
        ("subscribe", "qrscene_12", event("follow", Some("12"))),
        ("unsubscribe", "", event("unfollow", None)),
        ("SCAN", "12", event("scan", Some("12"))),
        (
            "CLICK",
            "admission_card",
            event("menu", Some("admission_card")),
        ),
    ];
    for (name, key, read) in told {
        let happened = one(&wechat.happens("o2", name, key)).unwrap();
        assert_eq!(happened.what, read);
        let now = app.clock.now().timestamp();
        let id = format!("o2:{now}:{}", name.to_lowercase());
        assert_eq!(happened.external_id, id);
    }
    // He did not ask anything by these.
    for name in ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH"] {
        assert_eq!(one(&wechat.happens("o2", name, "https://a/b")), None);
    }
}

#[tokio::test]
async fn what_is_forged_stale_or_too_long_is_refused() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    let good = wechat.says("o1", "你好");
    assert!(line.receive(&app, &good).is_ok());

    let now = app.clock.now().timestamp();
    let message =
        "<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId></xml>";
    let mut forged = good.clone();
    let at = forged.body.iter().rposition(|byte| *byte == b'A').unwrap();
    forged.body[at] = b'B';
    let other_account = wechat::safe(message.as_bytes(), now, "wxsomebodyelse");
    // Plain, though only encrypted ones are taken: with a signature that was overheard.
    let downgraded = Callback::post(wechat::plain_query(now), message);
    let unsigned = Callback::post("", good.body.clone());
    for callback in [&forged, &other_account, &downgraded, &unsigned] {
        assert_eq!(line.refusal(&app, callback), (401, "signature_wrong"));
    }
    let unreadable = [
        wechat::safe(b"hello", now, APPID),
        wechat::safe(b"<xml><FromUserName>o1</FromUserName></xml>", now, APPID),
        wechat::safe(
            b"<xml><FromUserName>o1</FromUserName><MsgType>text</MsgType></xml>",
            now,
            APPID,
        ),
        wechat::safe(
            b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml>&a;</xml>",
            now,
            APPID,
        ),
        wechat::safe(b"<xml>\xff</xml>", now, APPID),
        Callback::post(good.query.as_str(), "<xml><Encrypt>"),
        Callback::post(good.query.as_str(), "{\"Encrypt\":"),
    ];
    for callback in &unreadable {
        assert_eq!(line.refusal(&app, callback), (400, "body_unreadable"));
    }
    let long = wechat::safe(&vec![b'x'; 600 << 10], now, APPID);
    assert_eq!(line.refusal(&app, &long), (413, "body_too_large"));
    let strange = Callback {
        method: Method::PUT,
        ..good.clone()
    };
    assert_eq!(line.refusal(&app, &strange), (405, "method_not_expected"));

    app.clock.advance(Duration::from_secs(299));
    assert!(
        line.receive(&app, &good).is_ok(),
        "the id tells that it is the same"
    );
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(line.refusal(&app, &good), (401, "signature_stale"));
    let ahead = wechat::safe(message.as_bytes(), app.clock.now().timestamp() + 400, APPID);
    assert_eq!(line.refusal(&app, &ahead), (401, "signature_stale"));

    let mut empty = line;
    empty.account.secrets.0.clear();
    let query = format!(
        "timestamp={now}&nonce=n&signature={}",
        signature(&["", &now.to_string(), "n"])
    );
    assert_eq!(empty.refusal(&app, &get(query)), (401, "signature_wrong"));
}

#[tokio::test]
async fn plain_pushes_are_taken_where_that_is_chosen() {
    let app = app().await;
    let (_wechat, mut line) = line(&app).await;
    line.account
        .settings
        .insert("mode".to_owned(), "plain".to_owned());
    let now = app.clock.now().timestamp();
    let bodies = [
        "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>\
         <Content>你好</Content><MsgId>1</MsgId></xml>",
        r#"{"FromUserName":"o1","CreateTime":1,"MsgType":"text","Content":"你好","MsgId":1}"#,
    ];
    for body in bodies {
        let received = line.receive(&app, &Callback::post(wechat::plain_query(now), body));
        let [said] = &received.unwrap().inbound[..] else {
            panic!("one")
        };
        assert_eq!(said.external_id, "1");
    }
}

#[tokio::test]
async fn a_key_is_changed_without_a_message_lost() {
    let app = app().await;
    let (wechat, mut line) = line(&app).await;
    let before = wechat.says("o1", "你好");
    let secrets = &mut line.account.secrets.0;
    let new = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR".to_owned();
    secrets.insert("encoding_aes_key".to_owned(), new);
    assert_eq!(line.refusal(&app, &before), (401, "signature_wrong"));
    let secrets = &mut line.account.secrets.0;
    secrets.insert("encoding_aes_key_previous".to_owned(), AES_KEY.to_owned());
    assert!(line.receive(&app, &before).is_ok());
}

#[tokio::test]
async fn four_deliveries_of_one_push_tell_the_same() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    let told = wechat.says("o1", "你好");
    let seen = std::sync::Mutex::new(Vec::new());
    let attempts = push(&told, async |callback| {
        let received = line.receive(&app, &callback).unwrap();
        seen.lock().unwrap().push(received.inbound);
        None
    })
    .await;
    assert_eq!(attempts, 4);
    let seen = seen.into_inner().unwrap();
    assert!(seen.iter().all(|inbound| *inbound == seen[0]));
}
