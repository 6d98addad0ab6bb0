use std::time::Duration;

use channels::platform::{MediaKind, Sent, What, sms};
use serde_json::json;
use testing::platforms::Callback;
use testing::platforms::sms::{Gateway, SECRET};

use super::{Line, account, adapter, app, code, file, text};

async fn line(app: &testing::TestApp) -> (Gateway, Line) {
    let gateway = Gateway::start(&app.clock).await;
    let account = account("sms", gateway.settings(), Gateway::secrets());
    (
        gateway,
        Line {
            kind: "sms",
            account,
        },
    )
}

#[test]
fn the_signature_is_that_of_the_specification() {
    let signed = sms::signature(
        SECRET,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn what_people_write_is_read_and_told_apart_by_its_id() {
    let app = app().await;
    let (gateway, line) = line(&app).await;
    let callback = gateway.says("13800001234", "何时出成绩");
    let received = line.receive(&app, &callback).unwrap();
    assert_eq!(received.answer.body, b"{}");
    let [said] = &received.inbound[..] else {
        panic!("one")
    };
    assert_eq!(
        (said.external_user.as_str(), said.external_id.as_str()),
        ("13800001234", "evt_1")
    );
    assert_eq!(
        said.what,
        What::Text {
            text: "何时出成绩".to_owned()
        }
    );
    assert_eq!(
        line.receive(&app, &callback).unwrap().inbound,
        received.inbound
    );

    let lost = line
        .receive(&app, &gateway.receipt("0192f0c8", "failed", "UNDELIV"))
        .unwrap();
    let what = What::NotDelivered {
        message: "0192f0c8".to_owned(),
        code: "UNDELIV".to_owned(),
    };
    assert_eq!(lost.inbound[0].what, what);
    let fine = line
        .receive(&app, &gateway.receipt("0192f0c8", "delivered", ""))
        .unwrap();
    assert!(fine.inbound.is_empty());
    let later_kind = line
        .receive(&app, &gateway.told(&json!({"type": "balance"})))
        .unwrap();
    assert!(later_kind.inbound.is_empty());
}

#[tokio::test]
async fn what_is_forged_or_stale_is_refused() {
    let app = app().await;
    let (gateway, line) = line(&app).await;
    let good = gateway.says("13800001234", "你好");
    let mut forged = good.clone();
    forged.body.push(b' ');
    let mut other_id = good.clone();
    other_id.headers[0].1 = "evt_2".to_owned();
    let mut other_time = good.clone();
    other_time.headers[1].1 = (app.clock.now().timestamp() + 1).to_string();
    let unsigned = Callback::post("", good.body.clone());
    for callback in [&forged, &other_id, &other_time, &unsigned] {
        assert_eq!(line.refusal(&app, callback), (401, "signature_wrong"));
    }
    // Two secrets for a while: one of the signatures is enough.
    let mut two = good.clone();
    two.headers[2].1 = format!("v1,AAAA {}", two.headers[2].1);
    assert!(line.receive(&app, &two).is_ok());
    for body in [
        json!("x"),
        json!({}),
        json!({"type": "message"}),
        json!({"type": "receipt"}),
    ] {
        assert_eq!(
            line.refusal(&app, &gateway.told(&body)),
            (400, "body_unreadable")
        );
    }
    let long = gateway.told(&json!({"type": "message", "text": "x".repeat(600 << 10)}));
    assert_eq!(line.refusal(&app, &long), (413, "body_too_large"));
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(line.refusal(&app, &good), (401, "signature_stale"));
}

#[tokio::test]
async fn messages_go_out_signed_and_each_once() {
    let app = app().await;
    let (gateway, line) = line(&app).await;
    let message = text(&app, "13800001234", "您的问题已答复");
    for _ in 0..2 {
        let taken = Sent::Taken(Some(format!("gw_{}", message.id)));
        assert_eq!(line.send(&app, &message).await, taken);
    }
    let id = message.id.to_string();
    let sent = json!({"id": id, "mobile": "13800001234", "template": "conversation", "text": "您的问题已答复"});
    assert_eq!(gateway.sent(), [sent]);
    for (status, becomes) in [
        (400, "refused"),
        (422, "refused"),
        (401, "later"),
        (429, "later"),
        (503, "later"),
    ] {
        gateway.fail(Some(status));
        assert_eq!(
            code(&line.send(&app, &message).await),
            (becomes, format!("http_{status}").as_str())
        );
    }
    let picture = file(&app, "13800001234", MediaKind::Image, "a.png", b"x");
    assert_eq!(
        code(&line.send(&app, &picture).await),
        ("refused", "kind_not_supported")
    );
    assert!(
        adapter("sms")
            .fetch(&app, &line.account, "x")
            .await
            .is_err()
    );
}
