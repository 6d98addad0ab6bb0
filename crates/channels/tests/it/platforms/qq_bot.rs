use std::time::Duration;

use channels::platform::qq_bot::sign;
use channels::platform::{MediaKind, Sent, What};
use serde_json::{Value, json};
use testing::platforms::Callback;
use testing::platforms::qq::{self, APPID, Qq, SECRET};

use super::{Line, account, adapter, app, app_at, code, file, text};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

async fn line(app: &testing::TestApp) -> (Qq, Line) {
    let qq = Qq::start(&app.clock).await;
    let account = account("qq", qq.settings(), Qq::secrets());
    (
        qq,
        Line {
            kind: "qq_bot",
            account,
        },
    )
}

fn vector_line(secret: &str) -> Line {
    let settings = vec![("appid", APPID.to_owned())];
    let secrets = vec![("app_secret", secret.to_owned())];
    Line {
        kind: "qq_bot",
        account: account("qq", settings, secrets),
    }
}

#[tokio::test]
async fn the_address_is_validated() {
    let vector = &vectors()["qq_callback_validation"];
    let app = app().await;
    let line = vector_line(vector["secret"].as_str().unwrap());
    let body = vector["request_body"].as_str().unwrap();
    let answer = line
        .receive(&app, &Callback::post("", body))
        .unwrap()
        .answer;
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    let expected = json!({"plain_token": "Arq0D5A61EgUu4OxUvOp", "signature": vector["signature"]});
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_validation_signs_nothing_that_could_be_an_event() {
    let app = app().await;
    let line = vector_line(SECRET);
    let event = "{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{}}";
    let asked = [
        json!({"op": 13, "d": {"event_ts": "1725442341", "plain_token": event}}),
        json!({"op": 13, "d": {"event_ts": "1725442341{", "plain_token": "a"}}),
        json!({"op": 13, "d": {"event_ts": "", "plain_token": ""}}),
        json!({"op": 13, "d": {"event_ts": "1", "plain_token": "a".repeat(65)}}),
        json!({"op": 13}),
    ];
    for body in asked {
        let refused = line.refusal(&app, &Callback::post("", body.to_string()));
        assert_eq!(refused, (400, "body_unreadable"));
    }
}

#[tokio::test]
async fn an_event_is_verified_as_it_came() {
    let vector = &vectors()["qq_event_signature"];
    let word = |name: &str| vector[name].as_str().unwrap();
    let (secret, at) = (word("secret"), word("x_signature_timestamp"));
    assert_eq!(sign::public_key(secret), word("public_key_hex"));
    let app = app_at(1_725_442_341).await;
    let line = vector_line(secret);
    let event = |body: &str, signature: &str| {
        Callback::post("", body)
            .header("x-signature-timestamp", at)
            .header("x-signature-ed25519", signature)
    };
    let signature = word("x_signature_ed25519");
    let answer = line
        .receive(&app, &event(word("raw_body"), signature))
        .unwrap()
        .answer;
    assert_eq!(answer.body, br#"{"op":12}"#);

    let anew = serde_json::from_str::<Value>(word("raw_body"))
        .unwrap()
        .to_string();
    let mut high = hex::decode(signature).unwrap();
    high[63] |= 0x20;
    let bad = [
        event(&anew, signature),
        event(word("raw_body"), &hex::encode(high)),
        event(word("raw_body"), &signature[..126]),
        event(word("raw_body"), "zz"),
        event(word("raw_body"), &"0".repeat(128)),
        event(word("raw_body"), signature).header("x-bot-appid", "22222222"),
        Callback::post("", word("raw_body")),
        Callback::post("", "hello"),
    ];
    for callback in &bad {
        assert_eq!(line.refusal(&app, callback), (401, "signature_wrong"));
    }
    app.clock.advance(Duration::from_secs(301));
    let refused = line.refusal(&app, &event(word("raw_body"), signature));
    assert_eq!(refused, (401, "signature_stale"));
    let long = qq::signed(&vec![b' '; 600 << 10], 1_725_442_341);
    assert_eq!(line.refusal(&app, &long), (413, "body_too_large"));
}

#[tokio::test]
async fn what_people_write_is_read() {
    let app = app().await;
    let (qq, line) = line(&app).await;
    let read = |callback: &Callback| {
        let received = line.receive(&app, callback).unwrap();
        assert_eq!(received.answer.body, br#"{"op":12}"#);
        received.inbound
    };
    let attachments = json!([
        {"content_type": "image/png", "filename": "a/证明.png", "url": "multimedia.nt.qq.com.cn/d?x=1"},
        {"content_type": "voice", "filename": "v.amr", "url": "https://a/v", "voice_wav_url": "https://a/w", "asr_refer_text": "喂"},
        {"content_type": "file", "filename": "表.xlsx", "url": ""},
    ]);
    let all = read(&qq.says(
        "u1",
        " 看这个<faceType=1,faceId=\"13\",ext=\"e30=\"> ",
        &attachments,
    ));
    let ids: Vec<_> = all.iter().map(|one| one.external_id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "ROBOT1.0_1!",
            "ROBOT1.0_1!#1",
            "ROBOT1.0_1!#2",
            "ROBOT1.0_1!#3"
        ]
    );
    for one in &all {
        assert_eq!(one.reply_ref.as_deref(), Some("ROBOT1.0_1!"));
        assert_eq!(
            (one.external_user.as_str(), &one.external_group),
            ("u1", &None)
        );
        assert_eq!(one.at.unwrap().timestamp(), app.clock.now().timestamp());
    }
    assert_eq!(
        all[0].what,
        What::Text {
            text: "看这个[表情]".to_owned()
        }
    );
    let media = |kind, media_ref: Option<&str>, name: &str, text: Option<&str>| What::Media {
        kind,
        media_ref: media_ref.map(str::to_owned),
        bytes: None,
        name: Some(name.to_owned()),
        text: text.map(str::to_owned),
    };
    let url = Some("https://multimedia.nt.qq.com.cn/d?x=1");
    assert_eq!(all[1].what, media(MediaKind::Image, url, "证明.png", None));
    assert_eq!(
        all[2].what,
        media(MediaKind::Voice, Some("https://a/w"), "v.wav", Some("喂"))
    );
    assert_eq!(all[3].what, media(MediaKind::File, None, "表.xlsx", None));

    let all = read(&qq.says("u1", "", &attachments));
    assert_eq!(all.len(), 3, "no empty text beside files");
    let [said] = &read(&qq.says_in_group("g1", "m1", " 报名时间？"))[..] else {
        panic!("one")
    };
    assert_eq!(said.external_group.as_deref(), Some("g1"));
    assert_eq!(said.external_user, "m1");

    let now = app.clock.now().timestamp();
    let other = qq::signed(br#"{"op":0,"t":"FRIEND_ADD","d":{"openid":"u1"}}"#, now);
    assert!(read(&other).is_empty());
    for body in [
        &b"hello"[..],
        b"{}",
        br#"{"op":0,"t":"C2C_MESSAGE_CREATE","d":{}}"#,
    ] {
        assert_eq!(
            line.refusal(&app, &qq::signed(body, now)),
            (400, "body_unreadable")
        );
    }
}

#[tokio::test]
async fn answers_are_numbered_and_the_window_is_heeded() {
    let app = app().await;
    let (qq, line) = line(&app).await;
    let said = line
        .receive(&app, &qq.says("u/1", "你好", &json!([])))
        .unwrap();
    let mut answer = text(&app, "u/1", "您好");
    assert_eq!(
        code(&line.send(&app, &answer).await),
        ("closed", "no_reply_ref")
    );
    answer.reply_ref = said.inbound[0].reply_ref.clone();
    for seq in 1..=5 {
        answer.reply_seq = seq;
        let sent = line.send(&app, &answer).await;
        assert_eq!(sent, Sent::Taken(Some(format!("sent_{seq}"))));
    }
    // The answer to the fifth got lost: it is not sent twice, and not lost.
    assert_eq!(line.send(&app, &answer).await, Sent::Taken(None));
    answer.reply_seq = 6;
    assert_eq!(code(&line.send(&app, &answer).await), ("closed", "304103"));
    assert_eq!(qq.sent().len(), 5);
    let (place, message) = qq.sent().remove(0);
    assert_eq!(
        place, "users/u/1",
        "an id is a segment, whatever stands in it"
    );
    assert_eq!(message["content"], "您好");
    assert_eq!(message["msg_seq"], 1);

    let said = line
        .receive(&app, &qq.says_in_group("g1", "m1", "你好"))
        .unwrap();
    answer.reply_ref = said.inbound[0].reply_ref.clone();
    answer.external_group = Some("g1".to_owned());
    qq.rate_exceeded(true);
    assert_eq!(code(&line.send(&app, &answer).await), ("later", "22009"));
    qq.rate_exceeded(false);
    assert!(matches!(line.send(&app, &answer).await, Sent::Taken(_)));
    assert_eq!(qq.sent().pop().unwrap().0, "groups/g1");
    app.clock.advance(Duration::from_secs(301));
    answer.reply_seq = 7;
    assert_eq!(code(&line.send(&app, &answer).await), ("closed", "304103"));
}

#[tokio::test]
async fn a_token_is_fetched_once_and_renewed_when_it_ends() {
    let app = app().await;
    let (qq, mut line) = line(&app).await;
    let said = line
        .receive(&app, &qq.says("u1", "你好", &json!([])))
        .unwrap();
    let mut answer = text(&app, "u1", "您好");
    answer.reply_ref = said.inbound[0].reply_ref.clone();
    for seq in 1..=2 {
        answer.reply_seq = seq;
        line.send(&app, &answer).await;
    }
    assert_eq!(qq.tokens(), 1);
    qq.token_ends();
    answer.reply_seq = 3;
    assert!(matches!(line.send(&app, &answer).await, Sent::Taken(_)));
    assert_eq!(qq.tokens(), 2);
    let wrong = "a wrong one".to_owned();
    line.account
        .secrets
        .0
        .insert("app_secret".to_owned(), wrong);
    assert_eq!(
        code(&line.send(&app, &answer).await),
        ("later", "token_100007")
    );
}

#[tokio::test]
async fn files_go_out_and_come_in() {
    let app = app().await;
    let (qq, line) = line(&app).await;
    let said = line
        .receive(&app, &qq.says("u1", "你好", &json!([])))
        .unwrap();
    for (seq, kind, number) in [
        (1, MediaKind::Image, "1"),
        (2, MediaKind::Video, "2"),
        (3, MediaKind::Voice, "3"),
        (4, MediaKind::File, "4"),
    ] {
        let mut answer = file(&app, "u1", kind, "说明.png", b"\x89PNG");
        answer.text = Some("请看".to_owned());
        answer.reply_ref = said.inbound[0].reply_ref.clone();
        answer.reply_seq = seq;
        assert!(matches!(line.send(&app, &answer).await, Sent::Taken(_)));
        let (_, message) = qq.sent().pop().unwrap();
        assert_eq!(message["msg_type"], 7);
        assert_eq!(message["content"], "请看");
        let kept = qq
            .uploaded(message["media"]["file_info"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            (kept.kind.as_str(), &kept.bytes[..]),
            (number, &b"\x89PNG"[..])
        );
    }
    let fetched = adapter("qq_bot")
        .fetch(&app, &line.account, &format!("{}/picture.png", qq.base))
        .await;
    assert_eq!(&fetched.unwrap().bytes[..], b"\x89PNG a picture");
    let gone = adapter("qq_bot")
        .fetch(&app, &line.account, &format!("{}/nothing.png", qq.base))
        .await;
    assert_eq!(gone.unwrap_err().code, "media_gone");
    for url in [
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "not a url",
    ] {
        let refused = adapter("qq_bot").fetch(&app, &line.account, url).await;
        assert_eq!(refused.unwrap_err().code, "url_not_allowed");
    }
}
