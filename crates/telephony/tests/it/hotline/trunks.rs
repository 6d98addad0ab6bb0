//! Trunks as rows: added, changed and removed while calls run; watched, registered, filled.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use kernel::Role;
use serde_json::{Value, json};
use telephony::sip::{LegEvent, Signaling as _, TrunkChoice};
use testing::{Kind, call, principal};

use super::carrier::{Carrier, must};
use super::dialing::dial_of;
use super::raw::{body, sdp, status};
use super::{Hotline, hotline, on_both, until};

fn trunk(name: &str, carrier: &Carrier) -> Value {
    json!({
        "version": null, "name": name, "kind": "address", "host": "127.0.0.1", "port": carrier.address().port(),
        "transport": "udp", "srtp": "off", "priority": 10, "weight": 1, "options_s": 0, "enabled": true,
    })
}

pub async fn doors(line: &Hotline) -> Router {
    let capability = telephony::capability(&line.telephony);
    line.app.start(vec![capability]).await
}

pub async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let admin = principal(&[Role::SysAdmin]);
    let answer = call(router, Some(&admin), method, path, body).await;
    (answer.status, answer.json)
}

pub async fn add(router: &Router, trunk: Value) -> Value {
    let (status, made) = ask(router, Method::POST, "/api/v1/trunks", Some(trunk)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made
}

#[tokio::test]
async fn a_trunk_is_added_changed_and_removed_while_calls_run() {
    on_both(async |line| {
        let mut carrier = Carrier::new().await;
        let router = doors(&line).await;
        let mut new = trunk("电信", &carrier);
        new["auth_user"] = json!("hotline");
        new["secret"] = json!("very secret");
        new["rewrite_out"] = json!([{ "begins_with": "1", "strip": 0, "add": "9" }]);
        new["most_calls"] = json!(1);
        let made = add(&router, new.clone()).await;
        assert_eq!(
            (&made["has_secret"], &made["now"]["health"]),
            (&json!(true), &json!("unknown"))
        );
        assert!(!made.to_string().contains("very secret"));
        let (status, _) = ask(&router, Method::POST, "/api/v1/trunks", Some(new.clone())).await;
        assert_eq!(status, StatusCode::CONFLICT, "two of one name");
        // It takes a call at once, with the number as its rules make it, and no second one.
        let stack = line.telephony.stack().unwrap();
        let id = made["id"].as_str().unwrap().parse().unwrap();
        let mut dial = dial_of("13900000001");
        dial.trunk = TrunkChoice::Only(id);
        let (leg, mut events) = stack.dial(dial.clone());
        let (invite, _) = carrier.takes("").await;
        assert!(invite.starts_with("INVITE sip:913900000001@"), "{invite}");
        assert!(matches!(events.recv().await, Some(LegEvent::Answered(_))));
        let (_second, mut refused) = stack.dial(dial.clone());
        assert!(matches!(
            refused.recv().await,
            Some(LegEvent::Declined(503))
        ));
        // Switched off it drains: the call runs on, and is shown.
        let path = format!("/api/v1/trunks/{}", made["id"].as_str().unwrap());
        let mut change = new.clone();
        change["version"] = made["version"].clone();
        change["enabled"] = json!(false);
        change.as_object_mut().unwrap().remove("secret");
        let (status, changed) = ask(&router, Method::PUT, &path, Some(change.clone())).await;
        assert_eq!(status, StatusCode::OK, "{changed}");
        assert_eq!(
            (&changed["has_secret"], &changed["now"]["calls"]),
            (&json!(true), &json!(1))
        );
        let (status, stale) = ask(&router, Method::PUT, &path, Some(change)).await;
        assert_eq!(status, StatusCode::CONFLICT, "{stale}");
        leg.hang_up();
        carrier.is_left().await;
        until("its place is free", || async {
            let (_, list) = ask(&router, Method::GET, "/api/v1/trunks", None).await;
            list["items"][0]["now"]["calls"] == json!(0)
        })
        .await;
        let (_off, mut refused) = stack.dial(dial);
        assert!(matches!(
            refused.recv().await,
            Some(LegEvent::Declined(503))
        ));
        let (status, _) = ask(&router, Method::DELETE, &path, None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let (_, list) = ask(&router, Method::GET, "/api/v1/trunks", None).await;
        assert_eq!(list["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_its_field() {
    let line = hotline().await;
    let router = doors(&line).await;
    let carrier = Carrier::new().await;
    for (field, value, code) in [
        ("name", json!("default"), "name_taken"),
        ("host", json!("a host"), "host_invalid"),
        ("port", json!(0), "host_invalid"),
        ("auth_user", json!("a@b"), "auth_user_invalid"),
        ("kind", json!("registration"), "registration_needs_secret"),
        ("caller_ids", json!(["12a"]), "caller_ids_invalid"),
        (
            "rewrite_in",
            json!([{ "begins_with": "x", "strip": 0, "add": "" }]),
            "rewriting_invalid",
        ),
        ("priority", json!(1001), "number_out_of_range"),
        ("weight", json!(0), "number_out_of_range"),
        ("options_s", json!(1), "number_out_of_range"),
        ("most_calls", json!(0), "number_out_of_range"),
    ] {
        let mut wrong = trunk("联通", &carrier);
        wrong[field] = value;
        let (status, problem) = ask(&router, Method::POST, "/api/v1/trunks", Some(wrong)).await;
        assert_eq!(
            status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{field}: {problem}"
        );
        assert_eq!(problem["code"], json!(code), "{field}");
    }
    let lead = principal(&[Role::ShiftLead]);
    let new = trunk("联通", &carrier);
    let answer = call(
        &router,
        Some(&lead),
        Method::POST,
        "/api/v1/trunks",
        Some(new),
    )
    .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let trial = json!({ "number": "+8613900000001", "rules": [{ "begins_with": "+86", "strip": 3, "add": "0" }] });
    let path = "/api/v1/trunk-number-trials";
    let (_, tried) = ask(&router, Method::POST, path, Some(trial)).await;
    assert_eq!(tried, json!({ "number": "013900000001", "rule": 0 }));
}

#[tokio::test]
async fn a_trunk_that_goes_silent_is_down_and_comes_back() {
    let line = hotline().await;
    let router = doors(&line).await;
    let mut carrier = Carrier::new().await;
    let mut new = trunk("移动", &carrier);
    new["options_s"] = json!(30);
    add(&router, new).await;
    let health = async || {
        let (_, list) = ask(&router, Method::GET, "/api/v1/trunks", None).await;
        list["items"][0]["now"]["health"].clone()
    };
    let options = carrier.request("OPTIONS").await;
    carrier.respond(&options, "200 OK", "", "").await;
    until("it is up", || async { health().await == json!("up") }).await;
    // Two without an answer, each given up after 5 s of the clock.
    for _ in 0..2 {
        line.app.clock.advance(Duration::from_secs(31));
        carrier.request("OPTIONS").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        line.app.clock.advance(Duration::from_secs(6));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    until("it is down", || async { health().await == json!("down") }).await;
    for _ in 0..20 {
        line.app.clock.advance(Duration::from_secs(31));
        // Repetitions of those it ignored come in between.
        let options = carrier.request("OPTIONS").await;
        carrier.respond(&options, "200 OK", "", "").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if health().await == json!("up") {
            return;
        }
    }
    panic!("it does not come back");
}

#[tokio::test]
async fn we_register_with_a_carrier_and_it_calls_our_user_there() {
    let line = super::open(Kind::Sqlite, |settings| settings.sip.trunks.clear()).await;
    let router = doors(&line).await;
    let mut carrier = Carrier::new().await;
    let mut new = trunk("注册", &carrier);
    new["kind"] = json!("registration");
    new["auth_user"] = json!("u12333");
    new["secret"] = json!("very secret");
    new["rewrite_in"] = json!([{ "begins_with": "+86", "strip": 3, "add": "" }]);
    add(&router, new).await;
    let first = carrier.request("REGISTER").await;
    assert!(
        must(&first, "to").contains("sip:u12333@127.0.0.1"),
        "{first}"
    );
    let challenge = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"abc\", qop=\"auth\", algorithm=MD5\r\n";
    carrier
        .respond(&first, "401 Unauthorized", challenge, "")
        .await;
    let proof = loop {
        let register = carrier.request("REGISTER").await;
        if register.contains("Digest") {
            break register;
        }
    };
    assert!(
        must(&proof, "authorization").contains("username=\"u12333\""),
        "{proof}"
    );
    assert!(!proof.contains("very secret"));
    carrier
        .respond(&proof, "200 OK", "Expires: 300\r\n", "")
        .await;
    until("it is registered", || async {
        let (_, list) = ask(&router, Method::GET, "/api/v1/trunks", None).await;
        let now = &list["items"][0]["now"];
        now["health"] == json!("up") && !now["registered_until"].is_null()
    })
    .await;
    // The number stands in To; the settings name no peer, so only the trunk lets this address in.
    let own = carrier.address();
    let invite = format!(
        "INVITE sip:u12333@{} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKr1;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:+8613900000001@carrier>;tag=f\r\nTo: <sip:+8612333@carrier>\r\nCall-ID: reg1\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:c@{own}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
        line.sip,
        sdp(4000, "sendrecv").len(),
        sdp(4000, "sendrecv"),
    );
    carrier
        .socket
        .send_to(invite.as_bytes(), line.sip)
        .await
        .unwrap();
    let ok = carrier.answer().await;
    assert_eq!(status(&ok), 200, "{ok}");
    until("the call is written down", || async {
        !line.records().await.is_empty()
    })
    .await;
    let records = line.records().await;
    assert_eq!(
        records[0].caller, "13900000001",
        "rewritten as the trunk's rules say"
    );
}

#[tokio::test]
async fn a_trunk_that_must_be_secret_is_not_talked_down() {
    let line = hotline().await;
    let router = doors(&line).await;
    let mut carrier = Carrier::new().await;
    let mut new = trunk("加密", &carrier);
    new["srtp"] = json!("required");
    let made = add(&router, new).await;
    let stack = line.telephony.stack().unwrap();
    let mut dial = dial_of("13900000001");
    dial.trunk = TrunkChoice::Only(made["id"].as_str().unwrap().parse().unwrap());
    let (_leg, mut events) = stack.dial(dial.clone());
    let (invite, _) = carrier.takes("").await;
    assert!(
        body(&invite).contains("RTP/SAVP") && body(&invite).contains("a=crypto:1 "),
        "{invite}"
    );
    // It answered without a key.
    carrier.is_left().await;
    assert!(matches!(events.recv().await, Some(LegEvent::Declined(488))));
    let mut caller = super::raw::Raw::new(line.sip).await;
    let plain = caller.request(
        "INVITE",
        "sip:12333@127.0.0.1",
        "c",
        &[],
        &sdp(4000, "sendrecv"),
    );
    assert_eq!(status(&caller.ask(&plain).await.unwrap()), 488);
    line.settled().await;
}
