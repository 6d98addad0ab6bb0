//! What is known of a call afterwards, and of its sound while it runs: quality of each leg, one-way audio, the SIP
//! ladder.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use floor::AgentState;
use kernel::{Role, Scope};
use serde_json::{Value, json};
use telephony::calls::legs;
use telephony::media::rtp::{self, Header};
use telephony::phone::PhoneEvent;
use telephony::test_line::Speech;
use testing::{Door, principal};
use tokio::net::UdpSocket;

use super::raw::{Raw, body, sdp, status};
use super::{Hotline, agent, event, hotline, on_both, until};
use crate::screen::{Screen, bytes};

async fn door(line: &Hotline) -> Door {
    let capabilities = vec![
        kernel::capability(&line.app),
        telephony::capability(&line.telephony),
    ];
    Door(line.app.start(capabilities).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_leg_of_a_call_is_measured_and_shown() {
    on_both(async |line| {
        let door = door(&line).await;
        let mut phone = line
            .ready_agent(1, |plan| plan.talk = Some(Duration::from_secs(3)))
            .await;
        let call = line.call(|_| {});
        event(&mut phone, |event| {
            matches!(event, PhoneEvent::Ended { .. }).then_some(())
        })
        .await;
        assert!(call.await.unwrap().answered());
        let row = line.record().await;
        until("the legs are written down", || async {
            legs::of_call(line.app.db.read(), &Scope::All, row.id)
                .await
                .unwrap()
                .len()
                == 2
        })
        .await;
        let lead = principal(&[Role::ShiftLead]);
        let shown = door
            .get(&lead, &format!("/api/v1/calls/{}/legs", row.id))
            .await;
        let legs = shown["items"].as_array().unwrap();
        let sides: BTreeSet<_> = legs
            .iter()
            .map(|leg| leg["side"].as_str().unwrap())
            .collect();
        assert_eq!(sides, BTreeSet::from(["agent", "requester"]));
        for leg in legs {
            assert_eq!(
                (leg["codec"].as_str(), leg["web"].as_bool()),
                (Some("PCMA"), Some(false))
            );
            assert!(leg["received"].as_i64().unwrap() > 100, "{leg}");
            assert_eq!(leg["lost"], 0);
            // Loopback: what is lost and late is our own scheduling.
            assert!(leg["mos"].as_f64().unwrap() > 4.0, "{leg}");
            assert_eq!(leg["rating"], "good");
            assert!(!leg["stretches"].as_array().unwrap().is_empty());
        }
        let stranger = principal(&[Role::Agent]);
        let path = format!("/api/v1/calls/{}/legs", row.id);
        let hidden = door.ask(&stranger, Method::GET, &path, None).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        line.settled().await;
    })
    .await;
}

/// Speaks on a socket: a packet every 20 ms, of which each tenth is left out when `gaps` says so.
async fn speak(socket: &UdpSocket, to: &str, packets: u16, gaps: bool) {
    let mut datagram = Vec::new();
    let mut due = tokio::time::interval(Duration::from_millis(20));
    for n in 0..packets {
        due.tick().await;
        if gaps && n % 10 == 5 {
            continue;
        }
        let header = Header {
            payload_type: 8,
            marker: n == 0,
            sequence: 1_000 + n,
            timestamp: u32::from(n) * 160,
            ssrc: 77,
        };
        rtp::build(&header, &[0x55; 160], &mut datagram);
        socket.send_to(&datagram, to).await.unwrap();
    }
}

/// Where an SDP wants to hear.
fn port_of(sdp: &str) -> String {
    let port = sdp.split("m=audio ").nth(1).unwrap();
    format!("127.0.0.1:{}", port.split(' ').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_not_heard_is_noticed_until_he_is() {
    on_both(async |line| {
        let door = door(&line).await;
        let (mut desk, admin) = (principal(&[Role::Agent]), principal(&[Role::SysAdmin]));
        desk.user_id = agent(1);
        let mut alarms = Screen::open(&door.0, &admin).await;
        let mut screen = Screen::open(&door.0, &desk).await;
        let _phone = line.ready_agent(1, |_| {}).await;
        // A real peer that sends nothing at first.
        let rtp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = rtp.local_addr().unwrap().port();
        let mut caller = Raw::new(line.sip).await;
        let offer = sdp(port, "sendrecv");
        let invite = caller.request("INVITE", "sip:12333@127.0.0.1", "13900000001", &[], &offer);
        let ok = caller.ask(&invite).await.unwrap();
        assert_eq!(status(&ok), 200);
        caller.send(&Raw::inside(&invite, &ok, "ACK", 1, "")).await;
        let alarm = alarms
            .hear("alarm", |data| data["code"] == "one_way_audio")
            .await;
        assert_eq!(
            (&alarm["one_way"], &alarm["over"]),
            (&json!("requester"), &json!(false))
        );
        until("the agent talks", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        let told = screen
            .hear("call", |data| data["one_way"] == "requester")
            .await;
        let id = told["call_id"].as_str().unwrap().to_owned();
        let shown = door.get(&desk, &format!("/api/v1/calls/{id}")).await;
        assert_eq!(shown["one_way"], "requester");
        // Now he is heard, for two seconds, and then not any more.
        speak(&rtp, &port_of(body(&ok)), 100, true).await;
        let told = screen.hear("call", |data| data["event"] == "one_way").await;
        assert_eq!(told["one_way"], Value::Null);
        let over = alarms.hear("alarm", |data| data["over"] == true).await;
        assert_eq!(over["call_id"], json!(id));
        let again = screen
            .hear("call", |data| data["one_way"] == "requester")
            .await;
        assert_eq!(again["event"], "one_way");
        caller
            .ask(&Raw::inside(&invite, &ok, "BYE", 2, ""))
            .await
            .unwrap();
        let row = line.record().await;
        let journal = line.journal(row.id).await;
        let noticed = journal.iter().filter(|kind| *kind == "one_way").count();
        assert_eq!(noticed, 3, "{journal:?}");
        // What was lost on the way stands on the call's record.
        until("the legs are written down", || async {
            let legs = legs::of_call(line.app.db.read(), &Scope::All, row.id);
            legs.await.unwrap().len() == 2
        })
        .await;
        let legs = legs::of_call(line.app.db.read(), &Scope::All, row.id)
            .await
            .unwrap();
        let leg = legs.iter().find(|leg| leg.side == "requester").unwrap();
        assert_eq!((leg.received, leg.lost), (90, 10));
        assert!(leg.gap_ms > 2_500, "{leg:?}");
        assert!(leg.mos_hundredths.unwrap() < 250, "{leg:?}");
        line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_put_us_on_hold_may_be_still() {
    let line = hotline().await;
    let rtp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = rtp.local_addr().unwrap().port();
    let mut caller = Raw::new(line.sip).await;
    let offer = sdp(port, "sendonly");
    let invite = caller.request("INVITE", "sip:12333@127.0.0.1", "13900000001", &[], &offer);
    let ok = caller.ask(&invite).await.unwrap();
    caller.send(&Raw::inside(&invite, &ok, "ACK", 1, "")).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    caller
        .ask(&Raw::inside(&invite, &ok, "BYE", 2, ""))
        .await
        .unwrap();
    let row = line.record().await;
    let journal = line.journal(row.id).await;
    assert!(!journal.iter().any(|kind| kind == "one_way"), "{journal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_both_legs_are_kept_masked_and_exported_with_a_reason() {
    on_both(async |line| {
        let door = door(&line).await;
        let mut phone = line
            .ready_agent(1, |plan| plan.talk = Some(Duration::from_secs(1)))
            .await;
        let call = line.call(|plan| plan.speech = Speech::Silence);
        event(&mut phone, |event| {
            matches!(event, PhoneEvent::Ended { .. }).then_some(())
        })
        .await;
        call.await.unwrap();
        let row = line.record().await;
        let admin = principal(&[Role::SysAdmin]);
        let path = format!("/api/v1/calls/{}/ladder", row.id);
        // At once from memory, and the same when it is written down.
        let running = door.get(&admin, &path).await;
        assert!(running["items"].as_array().unwrap().len() > 8);
        line.app.clock.advance(Duration::from_secs(5));
        let stack = line.telephony.stack().unwrap();
        until("the ladder is written down", || async {
            stack.ladder().dialogs() == 0
        })
        .await;
        until("the ladder can be read", || async {
            door.ask(&admin, Method::GET, &path, None).await.status == StatusCode::OK
        })
        .await;
        let shown = door.get(&admin, &path).await;
        let items = shown["items"].as_array().unwrap();
        let said: Vec<_> = items
            .iter()
            .map(|item| {
                let what = item["method"].as_str().map(str::to_owned);
                let what = what.unwrap_or_else(|| item["status"].to_string());
                (
                    item["leg"].as_str().unwrap(),
                    item["incoming"].as_bool().unwrap(),
                    what,
                )
            })
            .collect();
        for wanted in [
            ("requester", true, "INVITE"),
            ("requester", false, "200"),
            ("requester", true, "ACK"),
            ("agent", false, "INVITE"),
            ("agent", true, "180"),
            ("agent", true, "200"),
            ("agent", false, "ACK"),
            ("agent", true, "BYE"),
            ("requester", false, "BYE"),
            ("requester", true, "200"),
        ] {
            let found = said
                .iter()
                .any(|(leg, incoming, what)| (*leg, *incoming, what.as_str()) == wanted);
            assert!(found, "{wanted:?} in {said:?}");
        }
        let ours = line.sip.to_string();
        for item in items {
            let (from, to) = (item["from"].as_str().unwrap(), item["to"].as_str().unwrap());
            assert!(from == ours || to == ours, "{from} {to}");
            assert!(item["after_ms"].as_i64().unwrap() >= 0);
        }
        assert_eq!(shown["masked"], true);
        assert!(!shown.to_string().contains("13900000001"));
        assert!(shown.to_string().contains("139****0001"));

        // In the clear only with a reason, and never for who has no part in it.
        let reveal = format!("{path}/reveal");
        let none = door
            .ask(
                &admin,
                Method::POST,
                &reveal,
                Some(json!({ "reason": " " })),
            )
            .await;
        assert_eq!(
            (none.status, &none.json["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("reason_needed"))
        );
        let reason = json!({ "reason": "运营商投诉核查" });
        let clear = door.ask(&admin, Method::POST, &reveal, Some(reason)).await;
        assert_eq!(clear.status, StatusCode::OK);
        assert!(clear.json.to_string().contains("13900000001"));
        let quality = principal(&[Role::Quality]);
        let refused = door.ask(&quality, Method::GET, &path, None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);

        // The capture: every message one datagram between the real addresses.
        let none = bytes(&door.0, &admin, &format!("{path}.pcap"), None).await;
        assert_eq!(none.0, StatusCode::UNPROCESSABLE_ENTITY);
        let (status, _, file) =
            bytes(&door.0, &admin, &format!("{path}.pcap?reason=check"), None).await;
        assert_eq!(status, StatusCode::OK);
        let packets = packets(&file);
        assert_eq!(packets.len(), items.len());
        assert!(
            packets[0].2.starts_with("INVITE sip:12333@"),
            "{}",
            packets[0].2
        );
        assert_eq!(packets[0].1, ours);
        assert_eq!(packets[0].0, items[0]["from"].as_str().unwrap());
        let trail = crate::evidence::trail(&line.app)
            .await
            .into_iter()
            .map(|row| row.action)
            .collect::<Vec<_>>();
        for action in ["call.ladder_revealed", "call.ladder_exported"] {
            assert!(trail.iter().any(|found| found == action), "{trail:?}");
        }
        line.settled().await;
    })
    .await;
}

/// Source, destination and text of each datagram of a capture.
fn packets(file: &[u8]) -> Vec<(String, String, String)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((word(0), word(20)), (0xa1b2_c3d4, 101));
    let (mut at, mut found) = (24, Vec::new());
    while at < file.len() {
        let length = word(at + 8) as usize;
        let packet = &file[at + 16..at + 16 + length];
        let address = |at: usize, port: usize| {
            let ip: [u8; 4] = packet[at..at + 4].try_into().unwrap();
            let port = u16::from_be_bytes([packet[port], packet[port + 1]]);
            format!("{}:{port}", std::net::Ipv4Addr::from(ip))
        };
        let text = String::from_utf8(packet[28..].to_vec()).unwrap();
        found.push((address(12, 20), address(16, 22), text));
        at += 16 + length;
    }
    found
}
