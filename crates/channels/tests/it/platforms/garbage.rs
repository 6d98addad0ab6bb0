//! Whatever is sent to an address: refused or read, never a panic.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method};
use channels::platform::wechat::envelope::Envelope;
use channels::platform::{Account, RawRequest, email, onebot, qq_bot, sms, wechat_kf};
use proptest::prelude::*;
use serde_json::Value;
use testing::TestApp;
use testing::platforms::{qq, wechat};

use super::{account, adapter, app};

/// One world for all cases; the runtime only made it.
static WORLD: LazyLock<(TestApp, tokio::runtime::Runtime)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    (runtime.block_on(app()), runtime)
});

fn wechat_account() -> Account {
    let settings = vec![("appid", wechat::APPID.to_owned())];
    account("wechat_oa", settings, wechat::Wechat::secrets())
}

fn receive(
    kind: &str,
    account: &Account,
    query: &str,
    headers: HeaderMap,
    body: &[u8],
) -> Option<u16> {
    let request = RawRequest {
        method: Method::POST,
        query: query.to_owned(),
        headers,
        body: Bytes::copy_from_slice(body),
    };
    let received = adapter(kind).receive(&WORLD.0, account, &request);
    received.err().map(|problem| problem.status)
}

/// Bytes that are near to what is expected: cut off, changed, or anything.
fn near(good: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let cut = (0..good.len()).prop_map(move |to| good[..to].to_vec());
    let changed =
        proptest::collection::vec((0..good.len(), any::<u8>()), 1..6).prop_map(move |changes| {
            let mut bytes = good.to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            bytes
        });
    prop_oneof![cut, changed, proptest::collection::vec(any::<u8>(), 0..400)]
}

const XML: &[u8] = "<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName>\
    <CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好&amp;]]></Content>\
    <ScanCodeInfo><ScanResult>&#20320;</ScanResult></ScanCodeInfo><MsgId>1234567890123456</MsgId></xml>"
    .as_bytes();
const EVENT: &[u8] = r#"{"op":0,"t":"C2C_MESSAGE_CREATE","d":{"id":"m","content":"你好","timestamp":"2026-11-23T10:00:00+08:00","author":{"user_openid":"u"},"attachments":[{"content_type":"image/png","filename":"a.png","url":"x/y"}]}}"#
    .as_bytes();

const MAIL: &[u8] = "From: =?UTF-8?B?5bCP546L?= <wang@mail.example>\r\nTo: <hotline@exam.example>\r\nSubject: =?GB2312?B?1qTK6Q==?=\r\n\
    Message-ID: <1@mail.example>\r\nIn-Reply-To: <2@mail.example>\r\nReferences: <3@mail.example>\r\nMIME-Version: 1.0\r\n\
    Auto-Submitted: no\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\
    Content-Type: text/html; charset=gb18030\r\n\r\n<p>hello<b>\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
    Action: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    RnJvbTogPGFAYj4NCg0KeA==\r\n--b\r\nContent-Type: image/png; name*=utf-8''%E8%AF%81.png\r\n\
    Content-Disposition: attachment\r\n\r\nx\r\n--b--\r\n".as_bytes();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_sealed_is_opened(message in proptest::collection::vec(any::<u8>(), 0..600), random: [u8; 16]) {
        let envelope = Envelope::new(wechat::AES_KEY, wechat::APPID).unwrap();
        let sealed = envelope.seal(&message, random);
        prop_assert_eq!(envelope.open(&sealed).unwrap(), message);
    }

    #[test]
    fn a_changed_envelope_is_no_panic(at in 0_usize..400, byte: u8) {
        let envelope = Envelope::new(wechat::AES_KEY, wechat::APPID).unwrap();
        let mut sealed = envelope.seal(XML, [7; 16]).into_bytes();
        let at = at % sealed.len();
        sealed[at] = byte;
        let _ = envelope.open(&String::from_utf8_lossy(&sealed));
    }

    #[test]
    fn garbage_that_wechat_signed_is_refused_or_read(message in near(XML)) {
        let now = WORLD.0.clock.now().timestamp();
        let callback = wechat::safe(&message, now, wechat::APPID);
        let status = receive("wechat_oa", &wechat_account(), &callback.query, HeaderMap::new(), &callback.body);
        prop_assert!(matches!(status, None | Some(400)), "{:?}", status);
    }

    #[test]
    fn garbage_that_nobody_signed_is_refused(body in near(XML), query in "[a-z_=&%0-9]{0,80}") {
        let status = receive("wechat_oa", &wechat_account(), &query, HeaderMap::new(), &body);
        prop_assert!(matches!(status, Some(400 | 401)));
    }

    #[test]
    fn garbage_that_qq_signed_is_refused_or_read(message in near(EVENT)) {
        let callback = qq::signed(&message, WORLD.0.clock.now().timestamp());
        let account = account("qq", vec![("appid", qq::APPID.to_owned())], qq::Qq::secrets());
        let mut headers = HeaderMap::new();
        for (name, value) in &callback.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let status = receive("qq_bot", &account, "", headers, &message);
        prop_assert!(matches!(status, None | Some(400)), "{:?}", status);
    }

    #[test]
    fn a_forged_event_of_qq_is_refused(body in near(EVENT), signature in "[0-9a-f]{128}") {
        prop_assert!(!qq_bot::sign::verify(qq::SECRET, "1764036000", &body, &signature));
    }

    #[test]
    fn json_of_any_shape_is_read_as_an_event_of_qq(data in "[\\[\\]{}\":,a-z0-9]{0,60}") {
        let told = format!("{{\"op\":0,\"t\":\"C2C_MESSAGE_CREATE\",\"d\":{data}}}");
        if let Ok(told) = serde_json::from_str::<Value>(&told) {
            let _ = qq_bot::inbound(&told);
        }
    }

    #[test]
    fn cq_codes_of_any_shape_are_read(text in "[\\[\\]CQ:,=&;#0-9a-z你]{0,80}") {
        let told = serde_json::json!({
            "post_type": "message", "message_type": "private", "user_id": 1, "message_id": 2, "message": text,
        });
        prop_assert!(onebot::inbound(&told, true).is_ok());
    }

    #[test]
    fn json_of_any_shape_is_read_or_refused_by_all(data in "[\\[\\]{}\":,a-z0-9]{0,60}") {
        if let Ok(data) = serde_json::from_str::<Value>(&data) {
            for post in ["message", "notice"] {
                let told = serde_json::json!({"post_type": post, "user_id": data, "message_id": 1, "message": data});
                let _ = onebot::inbound(&told, true);
            }
            for origin in [3, 4] {
                let told = serde_json::json!({"msgid": "m", "origin": origin, "msgtype": "text", "text": data, "event": data});
                let _ = wechat_kf::inbound(&told);
            }
            for kind in ["message", "receipt"] {
                let _ = sms::inbound("id", &serde_json::json!({"type": kind, "from": data, "id": data}));
            }
        }
    }

    #[test]
    fn a_mail_of_any_shape_is_read_or_set_aside(bytes in near(MAIL), whole: bool) {
        let mail = email::parse::Mail { size: bytes.len(), bytes, whole, at: None };
        let read = email::parse::read(&mail, "hotline@exam.example");
        if let email::parse::Read::Said(inbound) = read {
            for one in inbound {
                prop_assert!(!one.external_user.contains(char::is_whitespace));
                let reference = one.reply_ref.unwrap_or_default();
                let reference = email::parse::Reference::of(&reference);
                prop_assert!(reference.thread.iter().all(|id| id.is_ascii() && !id.contains(char::is_whitespace)));
            }
        }
    }

    #[test]
    fn a_reference_of_any_shape_is_taken_apart(reference in "\\PC{0,80}(\n\\PC{0,80}){0,3}") {
        let reference = email::parse::Reference::of(&reference);
        prop_assert!(!reference.subject.contains(char::is_control));
    }
}
