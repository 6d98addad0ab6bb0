//! Our signatures and envelopes against those of wechatpy, of cryptography and of Python.

use channels::platform::wechat::envelope::{Envelope, signature};
use channels::platform::{onebot, qq_bot, sms};
use serde_json::json;

use super::peer;

const KEYS: [&str; 3] = [
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
];

#[test]
fn wechatpy_opens_what_we_seal_and_we_open_what_it_seals() {
    let Some(mut peer) = peer() else { return };
    for (round, length) in (0..70).chain([1_000, 2_048, 65_000]).enumerate() {
        let key = KEYS[round % KEYS.len()];
        let message: String = "<xml>职称 a".chars().cycle().take(length).collect();
        let envelope = Envelope::new(key, "wxba5fad812f8e6fb9").unwrap();
        let mut about = json!({
            "token": "AAAAA", "key": key, "receiver": "wxba5fad812f8e6fb9", "timestamp": "1714112445", "nonce": "n1",
        });

        let ours = envelope.seal(message.as_bytes(), [b'r'; 16]);
        about["do"] = "wechat_open".into();
        about["encrypt"] = ours.as_str().into();
        about["signature"] = signature(&["AAAAA", "1714112445", "n1", &ours]).into();
        assert_eq!(peer.ask(&about), message, "{length} letters");

        about["do"] = "wechat_seal".into();
        about["message"] = message.as_str().into();
        let theirs = peer.ask(&about);
        let encrypted = theirs["Encrypt"].as_str().unwrap();
        let signed = signature(&["AAAAA", "1714112445", "n1", encrypted]);
        assert_eq!(theirs["MsgSignature"], signed);
        assert_eq!(envelope.open(encrypted).unwrap(), message.as_bytes());
    }
}

#[test]
fn wechatpy_takes_our_signature_of_an_address() {
    let Some(mut peer) = peer() else { return };
    let mut asked = json!({
        "do": "wechat_check", "token": "AAAAA", "timestamp": "1714037059", "nonce": "486452656",
        "signature": signature(&["AAAAA", "1714037059", "486452656"]),
    });
    assert_eq!(peer.ask(&asked), true);
    asked["nonce"] = "486452657".into();
    assert_eq!(peer.ask(&asked), false);
}

#[test]
fn cryptography_and_we_sign_events_of_qq_alike() {
    let Some(mut peer) = peer() else { return };
    let long = "a secret of more than thirty-two letters in all";
    for secret in ["DG5g3B4j9X2KOErG", "x", long] {
        for body in ["{}", "{\"op\":0,\"d\":{\"content\":\"你好\"}}", ""] {
            let signed = format!("1725442341{body}");
            let asked = json!({"do": "qq_sign", "secret": secret, "message": signed});
            let theirs = peer.ask(&asked);
            let theirs = theirs.as_str().unwrap();
            assert!(qq_bot::sign::verify(
                secret,
                "1725442341",
                body.as_bytes(),
                theirs
            ));
            let ours = qq_bot::sign::sign(secret, signed.as_bytes());
            assert_eq!(ours, theirs);
            let asked =
                json!({"do": "qq_verify", "secret": secret, "message": signed, "signature": ours});
            assert_eq!(peer.ask(&asked), true);
        }
    }
}

#[test]
fn python_and_we_sign_for_onebot_and_the_gateway_alike() {
    let Some(mut peer) = peer() else { return };
    let body = "{\"post_type\":\"message\",\"raw_message\":\"你好\"}";
    let asked = json!({"do": "onebot_sign", "secret": "some-secret", "body": body});
    let ours = onebot::signature("some-secret", body.as_bytes());
    assert_eq!(peer.ask(&asked), ours);
    let secret = testing::platforms::sms::SECRET;
    let asked = json!({"do": "sms_sign", "secret": secret, "id": "evt_1", "timestamp": "1764036000", "body": body});
    let ours = sms::signature(secret, "evt_1", "1764036000", body.as_bytes());
    assert_eq!(peer.ask(&asked), ours);
}
