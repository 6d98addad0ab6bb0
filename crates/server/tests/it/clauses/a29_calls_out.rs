//! a call of ours goes out over a trunk and both hear each other; one that nobody takes leaves the agent as he
//! was; and no telephone leads round the rules.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telephony::phone::{Answer, PhoneEvent, PhoneHandle, PhonePlan, start};
use telephony::test_line::Speech;

use crate::call::recording;
use crate::support::cases::on_both_at;
use crate::support::seats::{Seat, of_call};
use crate::support::sound::Sound;
use crate::support::{OPEN, TestServer, folder};

const CALLS: &str = "/api/v1/calls";
const REQUESTER_HZ: u32 = 700;
const AGENT_HZ: u32 = 1200;
/// A service number that is paid for by the minute.
const PREMIUM: &str = "16812345";

/// The carrier's end: a telephone that waits to be called.
async fn carrier(answer: Answer, record: Option<std::path::PathBuf>) -> PhoneHandle {
    let plan = PhonePlan {
        secret: None,
        answer,
        speech: Speech::tone(REQUESTER_HZ),
        record,
        // Only tells which address of this machine it listens at.
        ..PhonePlan::new("carrier", "", "127.0.0.1:9".parse().unwrap())
    };
    start(plan).await.unwrap()
}

/// Our calls go to it.
fn trunk(carrier: &PhoneHandle) -> [(&'static str, String); 1] {
    [("sip.trunk_hosts[0]", carrier.address.to_string())]
}

/// Calls the ticket's requester; gives the ticket and the call.
async fn calls_out(seat: &Seat) -> (Value, String) {
    let ticket = seat.person.opens("consult", "101", "工作年限怎么算").await;
    let asked = json!({"purpose": "case_work", "ticket_id": ticket["id"]});
    let placed = seat.person.post(CALLS, asked).await;
    let call = placed["call_id"].as_str().expect("a call").to_owned();
    (ticket, call)
}

/// The attempt that became this call, once it is over.
async fn attempt(server: &TestServer, call: &str) -> Value {
    let lead = server.sign_in("lead").await;
    let all = "/api/v1/outbound-calls";
    let over = |list: &Value| {
        let mut items = list["items"].as_array().unwrap().iter();
        items.any(|row| row["call_id"] == call && row["state"] == "ended")
    };
    let list = lead.until(all, Duration::from_secs(10), over).await;
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .find(|row| row["call_id"] == call)
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_about_a_ticket_goes_out_over_the_trunk_and_both_hear_each_other() {
    let heard = folder().join("carrier.wav");
    let carrier = carrier(
        Answer::After(Duration::from_millis(500)),
        Some(heard.clone()),
    )
    .await;
    on_both_at(OPEN, &trunk(&carrier), async |server| {
        let seat = server.seat("agent1", AGENT_HZ, "break").await;
        let lead = server.sign_in("lead").await;
        let (ticket, call) = calls_out(&seat).await;
        assert_eq!(seat.in_state("talking").await, call);
        tokio::time::sleep(Duration::from_secs(4)).await;
        seat.person.with_call(&call, "hang-up", json!({})).await;
        seat.in_state("wrap_up").await;
        let early = seat.person.ends_wrap_up().await;
        assert_eq!(early, Err("wrap_up_incomplete".to_owned()));
        let record =
            json!({"result": "attached", "ticket_id": ticket["id"], "summary": "已回电告知"});
        let done = format!("/api/v1/contact-records/{call}/complete");
        let record = seat.person.post(&done, record).await;
        assert_eq!(
            (&record["direction"], &record["ticket_id"]),
            (&json!("outbound"), &ticket["id"]),
            "{record}"
        );
        seat.person.ends_wrap_up().await.unwrap();
        seat.in_state("break").await;

        let attempt = attempt(server, &call).await;
        assert_eq!(
            (
                &attempt["ticket_id"],
                &attempt["purpose"],
                &attempt["outcome"]
            ),
            (&ticket["id"], &json!("case_work"), &json!("answered")),
            "{attempt}"
        );
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["direction"], &ended["outcome"], &ended["ended_by"]),
            (&json!("outbound"), &json!("answered"), &json!("agent")),
            "{ended}"
        );
        let sound = recording(server, &lead, &ended).await;
        for (lane, hz) in [(0, REQUESTER_HZ), (1, AGENT_HZ)] {
            let heard = sound.ms_of(lane, hz);
            assert!(
                heard > 2500,
                "{hz} Hz: {heard} ms of {:.1} s",
                sound.seconds()
            );
        }
        let by_agent = Sound::read(&seat.heard, 1).ms_of(0, REQUESTER_HZ);
        assert!(by_agent > 2500, "the agent heard {by_agent} ms");
    })
    .await;
    carrier.stop().await;
    for heard in [heard.clone(), heard.with_file_name("carrier-2.wav")] {
        if heard.exists() {
            let ms = Sound::read(&heard, 1).ms_of(0, AGENT_HZ);
            assert!(ms > 2500, "the requester heard {ms} ms");
        }
    }
    assert!(heard.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_takes_leaves_the_agent_as_he_was() {
    // amazon-connect-streams#241: an agent on break was made available.
    let silent = carrier(Answer::Never, None).await;
    on_both_at(OPEN, &trunk(&silent), async |server| {
        let seat = server.seat("agent1", AGENT_HZ, "break").await;
        let lead = server.sign_in("lead").await;
        for state in ["break", "training", "ready"] {
            seat.stands(state).await;
            let (_, call) = calls_out(&seat).await;
            lead.until(&of_call(&call), Duration::from_secs(10), |call| {
                call["state"] == "dialling" || call["state"] == "ringing"
            })
            .await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            seat.person.with_call(&call, "hang-up", json!({})).await;
            let ended = lead.ended_call(&call).await;
            assert_ne!(ended["outcome"], "answered", "{ended}");
            assert_eq!(ended["has_recording"], false, "{ended}");
            seat.in_state(state).await;
            let attempt = attempt(server, &call).await;
            assert_eq!(attempt["answered_at"], Value::Null, "{attempt}");
        }
        let owed = lead.get("/api/v1/contact-records?state=draft").await;
        assert_eq!(owed["total"], 0, "nobody talked: {owed}");
    })
    .await;
    let busy = carrier(Answer::Refuse(486), None).await;
    on_both_at(OPEN, &trunk(&busy), async |server| {
        let seat = server.seat("agent1", AGENT_HZ, "meeting").await;
        let (_, call) = calls_out(&seat).await;
        let attempt = attempt(server, &call).await;
        assert_eq!(attempt["outcome"], "rejected", "{attempt}");
        seat.in_state("meeting").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_leads_to_a_number_that_may_not_be_called() {
    let mut outside = carrier(Answer::After(Duration::ZERO), None).await;
    on_both_at(OPEN, &trunk(&outside), async |server| {
        let mut agent = server.desk_agent("agent1").await;
        let lead = server.sign_in("lead").await;
        let ticket = agent.person.opens("consult", "101", "工作年限怎么算").await;
        let out = json!({"purpose": "case_work", "ticket_id": ticket["id"], "to": PREMIUM});
        let refused = agent.person.refused(Method::POST, CALLS, out).await;
        let code = "outbound_number_not_allowed".to_owned();
        assert_eq!(refused, (StatusCode::CONFLICT, code.clone()));
        let figures = lead.get("/api/v1/outbound-figures").await;
        assert_eq!(figures["refused"][0]["count"], 1, "{figures}");

        // From a talk: by the console, and by the telephone's own transfer key (toll fraud).
        let requester = server.caller("13900000133", REQUESTER_HZ);
        let call = agent.in_state("talking").await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        for act in ["consult", "transfer"] {
            let at = format!("{}/{act}", of_call(&call));
            let to = json!({"number": PREMIUM});
            let refused = agent.person.refused(Method::POST, &at, to).await;
            assert_eq!(refused.1, code, "{act}");
        }
        let key = format!("/transfer sip:{PREMIUM}@{}", server.running.sip);
        agent.phone.types(&key).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let log = agent.phone.log();
        assert!(log.contains("603"), "{log}");
        // This phone hangs up when it is refused; the call ended with it and went nowhere.
        requester.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["outcome"], "answered", "{ended}");
        let journal = lead.journal(&call).await;
        let gone = ["passed", "handed_over", "consulting"];
        assert!(
            !journal.iter().any(|line| gone.contains(&line.as_str())),
            "{journal:?}"
        );
    })
    .await;
    while let Ok(event) = outside.events.try_recv() {
        assert!(!matches!(event, PhoneEvent::Ringing { .. }), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_dialled_on_a_desk_phone_passes_the_same_guard_and_is_recorded() {
    let carrier = carrier(Answer::After(Duration::from_millis(500)), None).await;
    on_both_at(OPEN, &trunk(&carrier), async |server| {
        let mut desk = server.desk_agent("agent1").await;
        let lead = server.sign_in("lead").await;
        let seat = &desk.person;
        let stands = async |state: &str| {
            let state = json!({ "state": state });
            seat.put("/api/v1/agent-state", state).await;
        };
        let is = async |wanted: &str| {
            let reached = |now: &Value| now["state"] == wanted;
            let within = Duration::from_secs(15);
            let now = seat.until("/api/v1/agent-state", within, reached).await;
            now["work_id"].as_str().unwrap_or_default().to_owned()
        };
        let dial =
            |number: &str| format!("/dial sip:{number}@{};transport=udp", server.running.sip);
        let refused = async |code: &str| {
            let path = "/api/v1/outbound-refusals";
            let last = |list: &Value| list["items"][0]["code"] == code;
            lead.until(path, Duration::from_secs(10), last).await
        };
        stands("break").await;
        desk.phone.types(&dial(PREMIUM)).await;
        refused("outbound_number_not_allowed").await;
        let wish = json!({"number": "13900000078", "reason": "不再接听电话"});
        seat.post("/api/v1/do-not-call", wish).await;
        desk.phone.types(&dial("13900000078")).await;
        refused("outbound_do_not_call").await;
        is("break").await;
        stands("signed_out").await;
        desk.phone.types(&dial("13900000077")).await;
        refused("outbound_signed_out").await;
        assert!(desk.phone.log().contains("403"), "{}", desk.phone.log());
        assert_eq!(lead.get(CALLS).await["total"], 0);

        stands("break").await;
        desk.phone.types(&dial("13900000077")).await;
        let call = is("talking").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        desk.phone.types("/hangup").await;
        is("wrap_up").await;
        let attempt = attempt(server, &call).await;
        assert_eq!(
            (&attempt["purpose"], &attempt["outcome"]),
            (&json!("desk_phone"), &json!("answered")),
            "{attempt}"
        );
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["direction"], &ended["outcome"], &ended["ended_by"]),
            (&json!("outbound"), &json!("answered"), &json!("agent")),
            "{ended}"
        );
        let sound = recording(server, &lead, &ended).await;
        for (lane, hz) in [(0, REQUESTER_HZ), (1, AGENT_HZ)] {
            let heard = sound.ms_of(lane, hz);
            assert!(
                heard > 2500,
                "{hz} Hz: {heard} ms of {:.1} s",
                sound.seconds()
            );
        }
    })
    .await;
}
