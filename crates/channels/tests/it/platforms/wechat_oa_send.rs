//! What leaves for WeChat: windows, codes, tokens, files.

use std::time::Duration;

use channels::platform::{MediaKind, Sent};
use serde_json::json;
use testing::platforms::wechat::{AES_KEY, TOKEN};

use super::wechat_oa::line;
use super::{adapter, app, code, file, text};

#[tokio::test]
async fn five_answers_are_taken_and_the_window_is_heeded() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    assert_eq!(
        code(&line.send(&app, &text(&app, "o1", "您好")).await),
        ("refused", "40003")
    );
    line.receive(&app, &wechat.says("o1", "你好")).unwrap();
    for _ in 0..5 {
        assert_eq!(
            line.send(&app, &text(&app, "o1", "您好")).await,
            Sent::Taken(None)
        );
    }
    assert_eq!(
        code(&line.send(&app, &text(&app, "o1", "您好")).await),
        ("closed", "45047")
    );
    wechat.says("o1", "还在吗");
    assert_eq!(
        line.send(&app, &text(&app, "o1", "在")).await,
        Sent::Taken(None)
    );
    app.clock.advance(Duration::from_hours(48));
    assert_eq!(
        code(&line.send(&app, &text(&app, "o1", "您好")).await),
        ("closed", "45015")
    );
    wechat.happens("o3", "CLICK", "k");
    for _ in 0..3 {
        assert_eq!(
            line.send(&app, &text(&app, "o3", "您好")).await,
            Sent::Taken(None)
        );
    }
    assert_eq!(
        code(&line.send(&app, &text(&app, "o3", "您好")).await),
        ("closed", "45047")
    );
    assert_eq!(
        wechat.sent()[0],
        json!({"touser": "o1", "msgtype": "text", "text": {"content": "您好"}})
    );
    let long = "字".repeat(683);
    wechat.says("o1", "再问");
    assert_eq!(
        code(&line.send(&app, &text(&app, "o1", &long)).await),
        ("refused", "45002")
    );
    assert_eq!(adapter("wechat_oa").longest_text(), 2_048);
}

#[tokio::test]
async fn codes_tell_what_becomes_of_a_message() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    wechat.says("o1", "你好");
    let told = [
        (-1, "later"),
        (45009, "later"),
        (61004, "later"),
        (45015, "closed"),
        (45047, "closed"),
        (40003, "refused"),
        (43004, "refused"),
        (43019, "refused"),
        (48001, "refused"),
    ];
    for (number, becomes) in told {
        wechat.fail(&[number]);
        let sent = line.send(&app, &text(&app, "o1", "您好")).await;
        assert_eq!(code(&sent), (becomes, number.to_string().as_str()));
    }
}

#[tokio::test]
async fn a_token_is_fetched_once_and_renewed_when_it_ends() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    wechat.says("o1", "你好");
    let messages: Vec<_> = (0..5).map(|_| text(&app, "o1", "您好")).collect();
    let all = messages.iter().map(|message| line.send(&app, message));
    for sent in futures::future::join_all(all).await {
        assert_eq!(sent, Sent::Taken(None));
    }
    assert_eq!(wechat.tokens(), (1, 0), "one asks for all");

    // Its time runs out: renewed before.
    wechat.says("o1", "你好");
    app.clock.advance(Duration::from_secs(7_000));
    line.send(&app, &text(&app, "o1", "您好")).await;
    assert_eq!(wechat.tokens(), (2, 0));

    // Somebody else renewed it: another one is to be had for the asking.
    wechat.token_ends(true);
    assert_eq!(
        line.send(&app, &text(&app, "o1", "您好")).await,
        Sent::Taken(None)
    );
    assert_eq!(wechat.tokens(), (3, 0));

    // It ended and is told all the same: forced, but not again within 30 s.
    wechat.token_ends(false);
    assert_eq!(
        line.send(&app, &text(&app, "o1", "您好")).await,
        Sent::Taken(None)
    );
    assert_eq!(wechat.tokens(), (5, 1));
    wechat.token_ends(false);
    let sent = line.send(&app, &text(&app, "o1", "您好")).await;
    assert_eq!(code(&sent), ("later", "token_renewals_used"));
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(
        line.send(&app, &text(&app, "o1", "您好")).await,
        Sent::Taken(None)
    );
    for _ in 0..18 {
        wechat.says("o1", "你好");
        wechat.token_ends(false);
        app.clock.advance(Duration::from_secs(31));
        assert_eq!(
            line.send(&app, &text(&app, "o1", "您好")).await,
            Sent::Taken(None)
        );
    }
    assert_eq!(wechat.tokens().1, 20);
    wechat.token_ends(false);
    app.clock.advance(Duration::from_secs(31));
    let sent = line.send(&app, &text(&app, "o1", "您好")).await;
    assert_eq!(
        code(&sent),
        ("later", "token_renewals_used"),
        "twenty a day"
    );

    let mut wrong = line;
    let secret = "a wrong one".to_owned();
    wrong
        .account
        .secrets
        .0
        .insert("app_secret".to_owned(), secret);
    assert_eq!(
        code(&wrong.send(&app, &text(&app, "o1", "您好")).await),
        ("later", "40001")
    );
}

#[tokio::test]
async fn files_go_out_and_come_in() {
    let app = app().await;
    let (wechat, line) = line(&app).await;
    wechat.says("o1", "你好");
    let kinds = [
        (MediaKind::Image, "image"),
        (MediaKind::Voice, "voice"),
        (MediaKind::Video, "video"),
    ];
    for (kind, name) in kinds {
        let sent = line
            .send(&app, &file(&app, "o1", kind, "说明.png", b"\x89PNG"))
            .await;
        assert_eq!(sent, Sent::Taken(None));
        let message = wechat.sent().pop().unwrap();
        assert_eq!(message["msgtype"], name);
        let kept = wechat
            .uploaded(message[name]["media_id"].as_str().unwrap())
            .unwrap();
        assert_eq!((kept.kind.as_str(), kept.name.as_str()), (name, "说明.png"));
        assert_eq!(kept.bytes, b"\x89PNG");
    }
    let sheet = file(&app, "o1", MediaKind::File, "表.xlsx", b"PK");
    assert_eq!(
        code(&line.send(&app, &sheet).await),
        ("refused", "kind_not_supported")
    );
    let huge = file(
        &app,
        "o1",
        MediaKind::Voice,
        "v.amr",
        &vec![0; (2 << 20) + 1],
    );
    assert_eq!(
        code(&line.send(&app, &huge).await),
        ("refused", "file_too_large")
    );

    wechat.keep("m1", "../照片.jpg", b"\xff\xd8 a picture");
    let adapter = adapter("wechat_oa");
    let fetched = adapter.fetch(&app, &line.account, "m1").await.unwrap();
    assert_eq!(fetched.name.as_deref(), Some("照片.jpg"));
    assert_eq!(&fetched.bytes[..], b"\xff\xd8 a picture");
    let gone = adapter.fetch(&app, &line.account, "m2").await.unwrap_err();
    assert_eq!((gone.status, gone.code), (409, "media_gone"));
    wechat.keep("m3", "huge.mp4", &vec![7; (20 << 20) + 1]);
    let huge = adapter.fetch(&app, &line.account, "m3").await.unwrap_err();
    assert_eq!((huge.status, huge.code), (413, "too_large"));
    // A film is told by its address.
    wechat.keep_film("m4", b"a film");
    let fetched = adapter.fetch(&app, &line.account, "m4").await.unwrap();
    assert_eq!(&fetched.bytes[..], b"a film");
    let lost = json!({"video_url": format!("{}/film/nothing", wechat.base)}).to_string();
    wechat.keep("m5", "film.json", lost.as_bytes());
    let lost = adapter.fetch(&app, &line.account, "m5").await.unwrap_err();
    assert_eq!((lost.status, lost.code), (503, "platform_refuses"));
}

#[tokio::test]
async fn nobody_there_is_tried_again_and_a_private_address_is_not_called() {
    let app = app().await;
    let (_wechat, mut line) = line(&app).await;
    line.account.allow_private = false;
    assert_eq!(
        code(&line.send(&app, &text(&app, "o1", "您好")).await),
        ("later", "url_not_allowed")
    );
    line.account.allow_private = true;
    let nobody = format!("http://127.0.0.1:{}", testing::free_port());
    line.account.settings.insert("api_base".to_owned(), nobody);
    assert_eq!(
        code(&line.send(&app, &text(&app, "o1", "您好")).await),
        ("later", "unreachable")
    );
    let problem = adapter("wechat_oa")
        .fetch(&app, &line.account, "m1")
        .await
        .unwrap_err();
    assert_eq!(problem.status, 503);
    let printed = format!("{:?}", line.account);
    assert!(!printed.contains(TOKEN) && !printed.contains(AES_KEY));
}
