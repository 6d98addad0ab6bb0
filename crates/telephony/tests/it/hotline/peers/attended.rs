//! Attended transfer from the phone itself: REFER with Replaces (RFC 5589 §7).

use std::time::Duration;

use call_control::Request;
use floor::{AgentState, Presence};
use telephony::engine::Wish;

use super::super::carrier::must;
use super::super::raw::{Raw, body, response, sdp, status};
use super::super::{Hotline, SECRET, agent, hotline, until};

/// A phone by hand that is registered; its agent stands so.
async fn registered(line: &Hotline, number: u8, presence: Presence) -> Raw {
    let mut phone = Raw::new(line.sip).await;
    phone.register(&format!("agent{number}"), SECRET).await;
    until("the device is known", || async {
        line.floor
            .agent(agent(number))
            .await
            .is_ok_and(|agent| agent.device.reachable)
    })
    .await;
    line.floor.ask(agent(number), presence, None).await.unwrap();
    phone
}

/// It answers what rings; gives the INVITE and its 200.
async fn answers(phone: &Raw, user: &str) -> (String, String) {
    let invite = phone.hear_request("INVITE").await;
    let contact = format!("sip:{user}@{}", phone.address());
    // Each phone has a tag of its own.
    let ok = response(&invite, "200 OK", &contact, &sdp(9, "sendrecv"))
        .replace("tag=ours", &format!("tag={user}"));
    phone.send(&ok).await;
    phone.hear_request("ACK").await;
    (invite, ok)
}

fn refer(invite: &str, ok: &str, cseq: u32, to: &str) -> String {
    let refer = Raw::inside_called(invite, ok, "REFER", cseq, "");
    let line = format!("Refer-To: <sip:{to}>\r\nContent-Length");
    refer.replacen("Content-Length", &line, 1)
}

/// Replaces as it stands in a URI, for the dialog of this INVITE and 200.
fn replaces(invite: &str, ok: &str) -> String {
    let tag = |value: &str| value.split("tag=").nth(1).unwrap().to_owned();
    let id = must(invite, "call-id").replace('@', "%40");
    let (ours, theirs) = (tag(must(invite, "from")), tag(must(ok, "to")));
    format!("{id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{ours}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refer_that_names_the_consultation_leaves_the_call_to_the_colleague() {
    let line = hotline().await;
    let phone = registered(&line, 1, Presence::Ready).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let call = line.call(|plan| plan.stop = stop.clone());
    let (invite, ok) = answers(&phone, "agent1").await;
    until("they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    // The staff number is read out first.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let id = line.records().await[0].id;
    // Before there is a consultation none can be named, nor does our own number then mean the queue.
    for (number, to) in [(201, "agent2"), (202, "12333")] {
        let to = format!("{to}@h?Replaces=x%3Bto-tag%3Da%3Bfrom-tag%3Db");
        let none = refer(&invite, &ok, number, &to);
        assert_eq!(status(&phone.ask(&none).await.unwrap()), 603);
    }

    let colleague = registered(&line, 2, Presence::Break).await;
    let engine = line.telephony.engine();
    engine.wish(id, Wish::Consult(agent(2))).await.unwrap();
    let (their_invite, their_ok) = answers(&colleague, "agent2").await;
    until("the colleague answers", || async {
        engine
            .standing(id)
            .is_some_and(|standing| standing.third.is_some_and(|third| third.answered))
    })
    .await;
    // The colleague may not: the call is not his to give.
    let named = replaces(&their_invite, &their_ok);
    let to = format!("agent2@127.0.0.1?Replaces={named}");
    let wrong = refer(&their_invite, &their_ok, 300, &to);
    assert_eq!(status(&colleague.ask(&wrong).await.unwrap()), 603);

    phone.send(&refer(&invite, &ok, 203, &to)).await;
    let contact = format!("sip:agent1@{}", phone.address());
    let (mut accepted, mut told) = (false, Vec::new());
    loop {
        let heard = phone.hear().await.expect("the end of it");
        if heard.starts_with("NOTIFY ") {
            assert!(accepted, "the NOTIFY is there before the 202");
            told.push(body(&heard).trim().to_owned());
            phone.send(&response(&heard, "200 OK", &contact, "")).await;
        } else if heard.starts_with("BYE ") {
            phone.send(&response(&heard, "200 OK", &contact, "")).await;
            break;
        } else if status(&heard) == 202 {
            accepted = true;
        }
    }
    assert_eq!(told.first().map(String::as_str), Some("SIP/2.0 100 Trying"));
    assert_eq!(told.last().map(String::as_str), Some("SIP/2.0 200 OK"));
    until("the colleague has the call", || async {
        line.state_of(2) == AgentState::Talking && line.state_of(1) == AgentState::WrapUp
    })
    .await;
    assert!(engine.request(id, Request::Complete).await.is_err(), "once");
    stop.cancel();
    let bye = colleague.hear_request("BYE").await;
    let contact = format!("sip:agent2@{}", colleague.address());
    colleague
        .send(&response(&bye, "200 OK", &contact, ""))
        .await;
    assert!(call.await.unwrap().answered());
    let row = line.record().await;
    assert_eq!(row.agent_id, Some(agent(2)));
    let journal = line.journal(row.id).await;
    assert!(
        journal.iter().any(|line| line == "handed_over"),
        "{journal:?}"
    );
    line.settled().await;
}
