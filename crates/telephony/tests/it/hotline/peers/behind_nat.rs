//! A carrier's registrar and proxy, and phones, with a NAT in between.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use telephony::sip::Signaling as _;

use super::super::trunks::{add, doors};
use super::super::{AGENT_HZ, CALLER_HZ, Hotline, PLAIN_SECRET, agent, hotline_with};
use super::baresip::{Baresip, Plan};
use super::kamailio::{GRANTS_S, Kamailio, secret_of};
use super::nets::{CARRIER, Nets, OFFICE, Ports, SUBSCRIBER, Side, beside_a_nat, test_name};
use super::{
    REQUESTER, Seat, a_call_comes_in, a_call_goes_out, is_ready, is_registered, now, tone_ms,
    within,
};

/// The hotline on this address, which lets nobody call but its trunks.
async fn hotline_at(ip: std::net::Ipv4Addr) -> Hotline {
    Box::pin(hotline_with(|settings| {
        settings.sip.listen = SocketAddr::new(ip.into(), 5060);
        settings.sip.trunks.clear();
        settings.media.bind = ip.into();
        settings.calls.trunk_ip = ip.into();
    }))
    .await
}

/// A trunk that registers with Kamailio.
fn registration() -> Value {
    json!({
        "version": null, "name": "注册", "kind": "registration", "host": CARRIER.to_string(), "port": 5060,
        "transport": "udp", "srtp": "off", "priority": 10, "weight": 1, "options_s": 5, "enabled": true,
        "auth_user": "u12333", "secret": secret_of("u12333"),
    })
}

/// A telephone outside, with the carrier.
fn subscriber(nets: &Nets, more: &str) -> Baresip {
    let secret = secret_of(REQUESTER);
    let plan = Plan {
        user: REQUESTER,
        secret: &secret,
        registrar: &CARRIER.to_string(),
        at: SUBSCRIBER.into(),
        hz: CALLER_HZ,
        more,
    };
    Baresip::start(nets.command(Side::Outside, "baresip"), &plan)
}

#[test]
fn a_hotline_behind_nat_is_a_subscriber_of_kamailio() {
    let name = test_name!("a_hotline_behind_nat_is_a_subscriber_of_kamailio");
    let programs = ["kamailio", "baresip"];
    beside_a_nat(
        name,
        Side::Office,
        Ports::Kept,
        &programs,
        |nets| async move {
            let mut carrier = Kamailio::outside(&nets, CARRIER);
            let line = hotline_at(OFFICE).await;
            let router = doors(&line).await;
            let made = add(&router, registration()).await;
            let mut seat = Seat::of(&line).await;
            let mut requester = subscriber(&nets, ";answermode=auto");
            within(20, "both are registered", || async {
                is_registered(&router, "注册").await
                    && carrier.said(&format!("REGISTERED {REQUESTER}")) > 0
            })
            .await;
            // The carrier grants 20 s, and so long the NAT remembers a way: after that only what was renewed
            // lets a call in.
            tokio::time::sleep(Duration::from_secs(u64::from(GRANTS_S) + 2)).await;
            let renewed = carrier.said("REGISTERED u12333 at sip:203.0.113.1:");
            assert!(renewed >= 3, "registered {renewed} times");
            let at = CARRIER.to_string();
            a_call_comes_in(&line, &mut seat, &mut requester, &at).await;
            // And out, to the carrier's own subscriber, who answers.
            a_call_goes_out(&line, &mut seat, &requester).await;
            let records = line.records().await;
            assert_eq!(records.len(), 2);
            for row in &records {
                assert_eq!(
                    (row.caller.as_str(), row.outcome.as_deref()),
                    (REQUESTER, Some("answered"))
                );
                let (left, right) = line.lanes(row);
                let heard = |lane: &[i16], hz| {
                    telephony::media::tone::heard_ms(lane, f64::from(hz), 2000.0)
                };
                let (of_requester, of_agent) = (heard(&left, CALLER_HZ), heard(&right, AGENT_HZ));
                assert!(
                    of_requester >= 2500 && of_agent >= 2500,
                    "{of_requester} ms, {of_agent} ms"
                );
            }

            // The carrier restarts and knows nobody any more.
            carrier.stop();
            within(40, "the trunk is down", || async {
                now(&router, "注册").await["health"] == json!("down")
            })
            .await;
            let before = (
                carrier.said("REGISTERED u12333"),
                carrier.said(&format!("REGISTERED {REQUESTER}")),
            );
            carrier.starts_again();
            within(20, "the trunk is up", || async {
                is_registered(&router, "注册").await && carrier.said("REGISTERED u12333") > before.0
            })
            .await;
            within(60, "the requester is back", || async {
                carrier.said(&format!("REGISTERED {REQUESTER}")) > before.1
            })
            .await;
            a_call_comes_in(&line, &mut seat, &mut requester, &at).await;
            let told = line
                .app
                .events
                .of_subject(line.app.db.read(), made["id"].as_str().unwrap())
                .await
                .unwrap();
            let told: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
            assert_eq!(told, ["trunk.down", "trunk.up"]);
        },
    );
}

#[test]
fn a_hotline_behind_nat_is_called_between_two_registrations() {
    let name = test_name!("a_hotline_behind_nat_is_called_between_two_registrations");
    let programs = ["kamailio", "baresip"];
    beside_a_nat(
        name,
        Side::Office,
        Ports::Kept,
        &programs,
        |nets| async move {
            let carrier = Kamailio::granting(&nets, CARRIER, 600);
            let line = hotline_at(OFFICE).await;
            let router = doors(&line).await;
            // Nothing else goes over the way: it is asked nothing, and lets us in for ten minutes.
            let mut quiet = registration();
            quiet["options_s"] = json!(0);
            add(&router, quiet).await;
            let mut seat = Seat::of(&line).await;
            let mut requester = subscriber(&nets, ";answermode=auto");
            within(20, "both are registered", || async {
                is_registered(&router, "注册").await
                    && carrier.said(&format!("REGISTERED {REQUESTER}")) > 0
            })
            .await;
            // The NAT forgets a silent way after 20 s.
            tokio::time::sleep(Duration::from_secs(50)).await;
            assert_eq!(carrier.said("REGISTERED u12333"), 1);
            let at = CARRIER.to_string();
            a_call_comes_in(&line, &mut seat, &mut requester, &at).await;
        },
    );
}

#[test]
fn a_desk_phone_behind_nat_is_called_and_heard() {
    let name = test_name!("a_desk_phone_behind_nat_is_called_and_heard");
    // Its ports become any others.
    beside_a_nat(
        name,
        Side::Outside,
        Ports::Random,
        &["baresip"],
        |nets| async move {
            let line = Box::pin(hotline_with(|settings| {
                settings.sip.listen = SocketAddr::new(CARRIER.into(), 5060);
                settings.sip.trunks = vec![
                    SUBSCRIBER.to_string().parse().unwrap(),
                    CARRIER.to_string().parse().unwrap(),
                ];
                settings.media.bind = CARRIER.into();
            }))
            .await;
            let plan = Plan {
                user: "agent1",
                secret: PLAIN_SECRET,
                registrar: &CARRIER.to_string(),
                at: OFFICE.into(),
                hz: AGENT_HZ,
                more: ";answermode=auto",
            };
            let phone = Baresip::start(nets.command(Side::Office, "baresip"), &plan);
            within(20, "it is registered", || async {
                line.floor
                    .agent(agent(1))
                    .await
                    .is_ok_and(|agent| agent.device.reachable)
            })
            .await;
            let stack = line.telephony.stack().unwrap();
            let seen = stack.devices(agent(1)).remove(0);
            assert!(
                format!("{seen:?}").contains("source: 203.0.113.1,"),
                "{seen:?}"
            );
            is_ready(&line).await;
            // The NAT has forgotten the way by then, had nobody kept it open.
            tokio::time::sleep(Duration::from_secs(30)).await;
            let folder = tempfile::tempdir().unwrap();
            let heard = folder.path().join("caller.wav");
            let recording = heard.clone();
            let call = line.call(|plan| {
                plan.record = Some(recording);
                plan.talk = Some(Duration::from_secs(20));
            });
            let report = call.await.unwrap();
            assert!(report.answered(), "{:?}: {}", report.end, phone.log());
            tokio::time::sleep(Duration::from_secs(1)).await;
            let of_agent = tone_ms(&heard, AGENT_HZ);
            assert!(
                of_agent >= 2500,
                "the caller heard {of_agent} ms: {}",
                phone.log()
            );
            let files = phone.heard();
            let of_caller = files.last().map_or(0, |file| tone_ms(file, CALLER_HZ));
            assert!(
                of_caller >= 2500,
                "the phone heard {of_caller} ms: {}",
                phone.log()
            );
            line.settled().await;
            assert_eq!(line.records().await[0].outcome.as_deref(), Some("answered"));
        },
    );
}
