//! Trunks as rows: added, changed and removed while calls run; watched, registered, filled.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use kernel::Role;
use sea_orm::{ConnectionTrait as _, Statement};
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
    let told = async |kind: &str| -> Vec<Value> {
        let asked = Statement::from_sql_and_values(
            line.app.db.backend(),
            "select payload from events where kind = $1",
            [kind.into()],
        );
        let rows = line.app.db.read().query_all_raw(asked).await.unwrap();
        let payload = |row: &sea_orm::QueryResult| row.try_get::<Value>("", "payload").unwrap();
        rows.iter().map(payload).collect()
    };
    until("it is told", || async {
        told("trunk.down").await.len() == 1
    })
    .await;
    assert_eq!(told("trunk.down").await[0]["number"], "移动");
    for _ in 0..20 {
        line.app.clock.advance(Duration::from_secs(31));
        // Repetitions of those it ignored come in between.
        let options = carrier.request("OPTIONS").await;
        carrier.respond(&options, "200 OK", "", "").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if health().await == json!("up") {
            until("it is told", || async { told("trunk.up").await.len() == 1 }).await;
            return;
        }
    }
    panic!("it does not come back");
}

#[tokio::test]
async fn a_trunk_is_asked_at_once_and_what_came_of_it_is_told() {
    let line = hotline().await;
    let router = doors(&line).await;
    let mut carrier = Carrier::new().await;
    let made = add(&router, trunk("联通", &carrier)).await;
    let path = format!("/api/v1/trunks/{}/ask", made["id"].as_str().unwrap());
    let lead = principal(&[Role::ShiftLead]);
    let answer = call(&router, Some(&lead), Method::POST, &path, None).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    for (said, status) in [("200 OK", 200), ("404 Not Found", 404), ("503 Busy", 503)] {
        for _ in 0..2 {
            let (asked, ()) = tokio::join!(ask(&router, Method::POST, &path, None), async {
                let options = carrier.request("OPTIONS").await;
                carrier.respond(&options, said, "", "").await;
            });
            assert_eq!(asked.0, StatusCode::OK, "{}", asked.1);
            assert_eq!(
                (
                    &asked.1["status"],
                    &asked.1["fault"],
                    &asked.1["now"]["health"]
                ),
                (&json!(status), &Value::Null, &json!("unknown")),
                "it is not asked by itself: what it says by hand is told and takes it nowhere"
            );
        }
    }
    let (status, problem) = ask(&router, Method::POST, &path, None).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_questions"))
    );
    line.app.clock.advance(Duration::from_secs(61));
    let (asking, at) = (router.clone(), path.clone());
    let asking = tokio::spawn(async move { ask(&asking, Method::POST, &at, None).await });
    carrier.request("OPTIONS").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    line.app.clock.advance(Duration::from_secs(6));
    let (status, silent) = asking.await.unwrap();
    assert_eq!(status, StatusCode::OK, "{silent}");
    assert_eq!(
        (&silent["status"], &silent["fault"]),
        (&Value::Null, &json!("silent"))
    );
    let trail = crate::evidence::trail(&line.app).await;
    let mut asked = trail.iter().filter(|entry| entry.action == "trunk.asked");
    assert_eq!(asked.next().unwrap().details["status"], 200);
    assert_eq!(asked.count(), 6);
    let gone = "/api/v1/trunks/00000000-0000-0000-0000-000000000001/ask";
    let (status, _) = ask(&router, Method::POST, gone, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_way_back_from_a_carrier_we_register_with_is_kept_open() {
    let line = super::open(Kind::Sqlite, |settings| settings.sip.trunks.clear()).await;
    let router = doors(&line).await;
    let mut carrier = Carrier::new().await;
    let mut new = trunk("注册", &carrier);
    new["kind"] = json!("registration");
    new["auth_user"] = json!("u12333");
    new["secret"] = json!("very secret");
    add(&router, new).await;
    let register = carrier.request("REGISTER").await;
    carrier
        .respond(&register, "200 OK", "Expires: 3600\r\n", "")
        .await;
    until("it is registered", || async {
        let (_, list) = ask(&router, Method::GET, "/api/v1/trunks", None).await;
        !list["items"][0]["now"]["registered_until"].is_null()
    })
    .await;
    for _ in 0..3 {
        line.app.clock.advance(Duration::from_secs(16));
        let mut heard = carrier.hear_within(5).await.unwrap();
        while heard.starts_with("REGISTER") {
            heard = carrier.hear_within(5).await.unwrap();
        }
        assert_eq!(heard, "\r\n\r\n");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
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

/// Sends many requests at once; how many more were turned away for it.
async fn flood(line: &Hotline, from: &super::raw::Raw) -> u64 {
    use std::sync::atomic::Ordering::Relaxed;
    let turned = || {
        let stack = line.telephony.stack().unwrap();
        stack.turned().too_many.load(Relaxed)
    };
    let before = turned();
    for n in 0..200 {
        from.send(&format!("OPTIONS sip:a SIP/2.0\r\nX: {n}\r\n\r\n"))
            .await;
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    turned() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_know_a_trunk_from_the_moment_it_is_added_until_it_is_removed() {
    let line = super::open(Kind::Sqlite, |settings| {
        settings.sip.trunks.clear();
        settings.sip.invites_per_second = 2;
    })
    .await;
    let router = doors(&line).await;
    let carrier = Carrier::new().await;
    let source = super::raw::Raw::new(line.sip).await;
    assert!(flood(&line, &source).await > 0, "a stranger is limited");
    let blocks = async || {
        let (status, list) = ask(&router, Method::GET, "/api/v1/sip-blocks", None).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        list["items"].clone()
    };
    let listed = blocks().await;
    assert_eq!(
        (&listed[0]["why"], &listed[0]["address"]),
        (&json!("flood"), &json!("127.0.0.1"))
    );
    assert!(listed[0]["until"].as_str() > listed[0]["since"].as_str());
    let made = add(&router, trunk("电信", &carrier)).await;
    assert_eq!(flood(&line, &source).await, 0, "a trunk is not");
    let path = format!("/api/v1/trunks/{}", made["id"].as_str().unwrap());
    let (status, _) = ask(&router, Method::DELETE, &path, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(flood(&line, &source).await > 0, "limited again");
    line.app.clock.advance(Duration::from_secs(61));
    assert_eq!(blocks().await, json!([]), "the flood is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_sees_who_is_turned_away_and_lets_him_in_on_paper() {
    let line = super::open(Kind::Sqlite, |settings| settings.sip.trunks.clear()).await;
    let router = doors(&line).await;
    let mut scanner = super::raw::Raw::new(line.sip).await;
    let options = |scanner: &mut super::raw::Raw| {
        let agent = ["User-Agent: friendly-scanner"];
        scanner.request("OPTIONS", "sip:127.0.0.1", "x", &agent, "")
    };
    let request = options(&mut scanner);
    assert!(scanner.ask(&request).await.is_none(), "it hears nothing");
    let mut guesser = super::raw::Raw::at("127.0.0.5:0", line.sip).await;
    for _ in 0..5 {
        let request = guesser.request("REGISTER", "sip:127.0.0.1", "agent1", &[], "");
        let challenge = guesser.ask(&request).await.unwrap();
        let proof = super::raw::authorization(&challenge, "agent1", "wrong", 1);
        let request = guesser.request("REGISTER", "sip:127.0.0.1", "agent1", &[&proof], "");
        assert_eq!(status(&guesser.ask(&request).await.unwrap()), 403);
    }
    let path = "/api/v1/sip-blocks";
    let (_, list) = ask(&router, Method::GET, path, None).await;
    let find = |why: &str| {
        let items = list["items"].as_array().unwrap();
        items.iter().find(|one| one["why"] == why).cloned().unwrap()
    };
    assert_eq!(
        (&list["total"], &find("scanner")["times"]),
        (&json!(2), &json!(1))
    );
    let secret = find("secret");
    assert_eq!(
        (&secret["address"], &secret["account"], &secret["times"]),
        (&json!("127.0.0.5"), &json!("agent1"), &json!(5))
    );
    let release = |one: &Value, reason: &str| {
        json!({
            "why": one["why"], "address": one["address"], "account": one["account"], "reason": reason,
        })
    };
    let path = "/api/v1/sip-blocks/release";
    let lead = principal(&[Role::ShiftLead]);
    let body = Some(release(&secret, "电话设置有误，已改正"));
    let denied = call(&router, Some(&lead), Method::POST, path, body.clone()).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let (status_of, problem) = ask(&router, Method::POST, path, Some(release(&secret, ""))).await;
    assert_eq!(
        (status_of, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("reason_needed"))
    );
    let (status_of, _) = ask(&router, Method::POST, path, body.clone()).await;
    assert_eq!(status_of, StatusCode::NO_CONTENT);
    let (status_of, _) = ask(&router, Method::POST, path, body).await;
    assert_eq!(
        status_of,
        StatusCode::NOT_FOUND,
        "it is not locked any more"
    );
    guesser.register("agent1", super::SECRET).await;
    let body = Some(release(&find("scanner"), "约定的安全测试"));
    let (status_of, _) = ask(&router, Method::POST, path, body).await;
    assert_eq!(status_of, StatusCode::NO_CONTENT);
    let request = options(&mut scanner);
    assert_eq!(
        status(&scanner.ask(&request).await.unwrap()),
        200,
        "answered for a day"
    );
    line.app.clock.advance(Duration::from_hours(25));
    let request = options(&mut scanner);
    assert!(scanner.ask(&request).await.is_none());
    let asked = Statement::from_sql_and_values(
        line.app.db.backend(),
        "select details from audit_entries where action = $1",
        ["sip_block.released".into()],
    );
    let rows = line.app.db.read().query_all_raw(asked).await.unwrap();
    assert_eq!(rows.len(), 2, "both stand in the trail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_shows_what_its_queue_wants_else_what_its_trunk_may_show() {
    let line = super::open(Kind::Sqlite, |settings| settings.sip.trunks.clear()).await;
    let router = doors(&line).await;
    let (mut first, mut second) = (Carrier::new().await, Carrier::new().await);
    let mut new = trunk("电信", &first);
    new["caller_ids"] = json!(["02012345", "02012346"]);
    add(&router, new).await;
    let stack = line.telephony.stack().unwrap();
    // dial_of shows 12333, which the only trunk does not let us show.
    let (leg, _events) = stack.dial(dial_of("13900000001"));
    let invite = first.request("INVITE").await;
    assert!(must(&invite, "from").contains("sip:02012345@"), "{invite}");
    first.respond(&invite, "486 Busy Here", "", "").await;
    drop(leg);
    let mut new = trunk("联通", &second);
    new["priority"] = json!(99);
    add(&router, new).await;
    let (leg, _events) = stack.dial(dial_of("13900000001"));
    let invite = second.request("INVITE").await;
    assert!(must(&invite, "from").contains("sip:12333@"), "{invite}");
    second.respond(&invite, "486 Busy Here", "", "").await;
    drop(leg);
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_address_towards_a_trunk_is_the_one_that_leads_there() {
    let line = super::open(Kind::Sqlite, |settings| {
        settings.sip.listen = "0.0.0.0:0".parse().unwrap();
        settings.media.bind = settings.sip.listen.ip();
        // Somewhere else, as the settings' first trunk may be.
        settings.sip.trunks = vec!["192.0.2.0/24".parse().unwrap()];
        settings.calls.trunk_ip = "192.0.2.1".parse().unwrap();
    })
    .await;
    let router = doors(&line).await;
    let mut carrier = Carrier::new().await;
    let mut new = trunk("电信", &carrier);
    new["kind"] = json!("registration");
    new["auth_user"] = json!("u12333");
    new["secret"] = json!("very secret");
    add(&router, new).await;
    let register = carrier.request("REGISTER").await;
    assert!(
        must(&register, "contact").contains("@127.0.0.1:"),
        "{register}"
    );
    carrier
        .respond(&register, "200 OK", "Expires: 300\r\n", "")
        .await;
    let here = super::SECRET;
    let sip = std::net::SocketAddr::from(([127, 0, 0, 1], line.sip.port()));
    let mut phone = super::raw::Raw::new(sip).await;
    phone.register("agent1", here).await;
    until("the device is known", || async {
        let known = line.floor.agent(super::agent(1)).await;
        known.is_ok_and(|agent| agent.device.reachable)
    })
    .await;
    let floor = &line.floor;
    floor
        .ask(super::agent(1), floor::Presence::Ready, None)
        .await
        .unwrap();
    let order = telephony::engine::Outgoing {
        agent: super::agent(1),
        to: telephony::engine::Outside {
            number: "13900000001".to_owned(),
            caller_id: Some("12333".to_owned()),
        },
        queue: None,
        purpose: "case_work".to_owned(),
    };
    line.telephony.engine().call_out(order).await.unwrap();
    let rung = phone.hear_request("INVITE").await;
    let contact = format!("sip:agent1@{}", phone.address());
    let ok = super::raw::response(&rung, "200 OK", &contact, &sdp(9, "sendrecv"));
    phone.send(&ok).await;
    let invite = carrier.request("INVITE").await;
    assert!(must(&invite, "contact").contains("@127.0.0.1:"), "{invite}");
    assert!(body(&invite).contains("c=IN IP4 127.0.0.1"), "{invite}");
    carrier.respond(&invite, "486 Busy Here", "", "").await;
    line.settled().await;
}
