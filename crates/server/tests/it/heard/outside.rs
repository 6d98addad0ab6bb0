//! Calls that leave the house over a trunk, the test line as the carrier: a place kept in the queue is called back, a
//! talk is left to a number outside.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use telephony::phone::{Answer, PhoneEvent, PhoneHandle, PhonePlan, start};
use telephony::test_line::Speech;

use super::{call_from, id_of, pause, queue_rules, times};
use crate::call::recording;
use crate::support::cases::on_both_at;
use crate::support::prompts::{
    CALL_BACK, CALLED_BACK, Ear, GREETING, MUSIC, QUEUE, RING_BACK, STAFF_NUMBER, tones,
};
use crate::support::seats::{Seat, of_call};
use crate::support::sound::Sound;
use crate::support::{OPEN, PASSWORD, TestServer, folder};

const CALLER_HZ: u32 = 700;
const AGENT_HZ: u32 = 1200;
const OUTSIDE_HZ: u32 = 1700;
/// A section of the purchaser's.
const SECTION: &str = "02083330001";

/// The carrier: whoever is called there says a tone and keeps what he hears.
struct Carrier {
    phone: PhoneHandle,
    heard: PathBuf,
}

impl Carrier {
    async fn new(answer: Answer) -> Self {
        let heard = folder().join("outside.wav");
        let plan = PhonePlan {
            secret: None,
            answer,
            speech: Speech::tone(OUTSIDE_HZ),
            record: Some(heard.clone()),
            // Only tells which address of this machine it listens at.
            ..PhonePlan::new("carrier", "", "127.0.0.1:9".parse().unwrap())
        };
        let phone = start(plan).await.unwrap();
        Self { phone, heard }
    }

    fn settings(&self) -> [(&'static str, String); 2] {
        let address = self.phone.address.to_string();
        [("sip.trunk_hosts[0]", address), tones()]
    }

    /// What was heard in its n-th call.
    fn ear(&self, n: usize) -> Ear {
        let name = if n == 1 {
            "outside.wav".to_owned()
        } else {
            format!("outside-{n}.wav")
        };
        Ear::of(&self.heard.with_file_name(name))
    }

    /// It was called so often until now.
    fn rang(&mut self) -> usize {
        let mut rang = 0;
        while let Ok(event) = self.phone.events.try_recv() {
            rang += usize::from(matches!(event, PhoneEvent::Ringing { .. }));
        }
        rang
    }
}

/// An agent becomes ready whose desk phone says that it is busy; the floor puts him on break.
async fn refuses(server: &TestServer) {
    let person = server.sign_in("agent2").await;
    let plan = PhonePlan {
        answer: Answer::Refuse(486),
        ..PhonePlan::new("agent2", PASSWORD, server.running.sip)
    };
    let phone = start(plan).await.unwrap();
    let own = "/api/v1/agent-state";
    let reachable = |state: &Value| state["device"]["reachable"] == true;
    person.until(own, Duration::from_secs(10), reachable).await;
    person.put(own, json!({"state": "ready"})).await;
    let aside = |state: &Value| state["state"] != "ready" && state["state"] != "ringing";
    person.until(own, Duration::from_secs(10), aside).await;
    phone.stop().await;
}

async fn next_is(seat: &Seat, call: &str) {
    seat.in_state("wrap_up").await;
    seat.person.records(call, "answered").await;
    seat.person.ends_wrap_up().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_his_place_by_a_key_is_called_back_in_his_turn_and_before_who_came_after_him() {
    let carrier = Carrier::new(Answer::After(Duration::from_millis(700))).await;
    let calls = Cell::new(0);
    on_both_at(OPEN, &carrier.settings(), async |server| {
        let (lead, manager) = (
            server.sign_in("lead").await,
            server.sign_in("manager").await,
        );
        let rules = [
            ("announce_every_s", json!(15)),
            ("announce_position", json!(true)),
            ("callback_after_s", json!(0)),
        ];
        queue_rules(&manager, "hotline", &rules).await;
        let seat = server.seat("agent1", AGENT_HZ, "ready").await;
        let first = server.caller("13900000221", CALLER_HZ);
        let call = seat.in_state("talking").await;
        let before = server.caller("13900000222", CALLER_HZ);
        call_from(server, "13900000222", |call| call["state"] == "queued").await;
        let mut keeper = server.requester_with_keys("13900000223", CALLER_HZ);
        let kept = call_from(server, "13900000223", |call| call["state"] == "queued").await;
        let after = server.caller("13900000224", CALLER_HZ);
        call_from(server, "13900000224", |call| call["state"] == "queued").await;
        // He is told after 15 seconds that he may.
        pause(17_000).await;
        keeper.presses("1").await;
        let kept = lead.ended_call(&id_of(&kept)).await;
        assert_eq!(
            (&kept["outcome"], &kept["answered_at"]),
            (&json!("callback"), &Value::Null),
            "{kept}"
        );
        pause(500).await;
        let ear = Ear::at(keeper.heard());
        ear.in_order(&[GREETING, QUEUE, CALL_BACK, CALLED_BACK]);

        first.hangs_up().await;
        next_is(&seat, &call).await;
        // Who came before him comes first.
        let call = seat.in_state("talking").await;
        let shown = lead.get(&of_call(&call)).await;
        assert_eq!(shown["caller"], "139****0222", "{shown}");
        // Somebody who does not take it costs him neither the place nor the call.
        refuses(server).await;
        call_from(server, "13900000223", |call| {
            call["outcome"] == "no_agent_answer"
        })
        .await;
        pause(1500).await;
        before.hangs_up().await;
        next_is(&seat, &call).await;
        // His turn: the agent's telephone, then his own.
        let call = seat.in_state("talking").await;
        let talk = lead
            .until(&of_call(&call), Duration::from_secs(20), |call| {
                !call["answered_at"].is_null()
            })
            .await;
        assert_eq!(
            (&talk["direction"], &talk["caller"], &talk["queue"]),
            (&json!("outbound"), &json!("139****0223"), &json!("hotline")),
            "{talk}"
        );
        let waiting = call_from(server, "13900000224", |_| true).await;
        assert_eq!(waiting["state"], "queued", "who came after him still waits");
        pause(3500).await;
        seat.person.with_call(&call, "hang-up", json!({})).await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["outcome"], "answered", "{ended}");
        let sound = recording(server, &lead, &ended).await;
        assert!(sound.ms_of(0, OUTSIDE_HZ) > 2500 && sound.ms_of(1, AGENT_HZ) > 2500);
        calls.set(calls.get() + 1);
        pause(700).await;
        let ear = carrier.ear(calls.get());
        assert!(
            ear.ms(AGENT_HZ) > 2500,
            "he heard the agent for {} ms",
            ear.ms(AGENT_HZ)
        );
        ear.nothing_of(&[QUEUE, MUSIC]);
        let lines = lead.get(&format!("{}/events", of_call(&call))).await;
        assert!(
            lines.to_string().contains(&id_of(&kept)),
            "it says in which call he asked: {lines}"
        );
        // The call is the agent's work as any other: he writes it up before the next comes.
        seat.in_state("wrap_up").await;
        let early = seat.person.ends_wrap_up().await;
        assert_eq!(early, Err("wrap_up_incomplete".to_owned()));
        // Nobody owes him another.
        let owed = lead.get("/api/v1/callbacks?open=true").await;
        assert_eq!(owed["total"], 0, "{owed}");
        next_is(&seat, &call).await;
        let call = seat.in_state("talking").await;
        let shown = lead.get(&of_call(&call)).await;
        assert_eq!(shown["caller"], "139****0224", "{shown}");
        after.hangs_up().await;
        let heard = Sound::read(&seat.heard, 1);
        assert!(heard.seconds() > 0.0);
    })
    .await;
    carrier.phone.stop().await;
}

/// A requester keeps his place by a key once he is told that he may.
async fn keeps_his_place(server: &TestServer, from: &str) {
    let lead = server.sign_in("lead").await;
    let mut phone = server.requester_with_keys(from, CALLER_HZ);
    let call = call_from(server, from, |call| call["state"] == "queued").await;
    pause(17_000).await;
    phone.presses("1").await;
    let kept = lead.ended_call(&id_of(&call)).await;
    assert_eq!(kept["outcome"], "callback", "{kept}");
}

/// The call that is owed to this number.
async fn owed(server: &TestServer, number: &str) -> Value {
    let lead = server.sign_in("lead").await;
    let of_number = |list: &Value| {
        let mut rows = list["items"].as_array()?.iter();
        let shown = |row: &&Value| {
            let shown = row["number"].as_str().unwrap_or_default();
            shown.ends_with(&number[number.len() - 4..])
        };
        rows.find(shown).cloned()
    };
    let there = |list: &Value| of_number(list).is_some();
    let open = "/api/v1/callbacks?open=true";
    let list = lead.until(open, Duration::from_secs(10), there).await;
    of_number(&list).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_kept_his_place_and_was_not_reached_or_not_called_in_time_is_owed_a_call() {
    let carrier = Carrier::new(Answer::Refuse(486)).await;
    on_both_at(OPEN, &carrier.settings(), async |server| {
        let manager = server.sign_in("manager").await;
        let rules = [
            ("announce_every_s", json!(15)),
            ("callback_after_s", json!(0)),
            ("max_wait_s", json!(120)),
        ];
        queue_rules(&manager, "hotline", &rules).await;
        // He is busy when his turn comes.
        keeps_his_place(server, "13900000226").await;
        let seat = server.seat("agent1", AGENT_HZ, "ready").await;
        let call = call_from(server, "13900000226", |call| {
            call["direction"] == "outbound" && !call["outcome"].is_null()
        })
        .await;
        assert_eq!(call["outcome"], "rejected", "{call}");
        let row = owed(server, "13900000226").await;
        assert_eq!(row["owner"]["id"], seat.id, "{row}");
        seat.in_state("wrap_up").await;
        seat.person.ends_wrap_up().await.unwrap();
        seat.stands("break").await;

        // Nobody takes it for as long as anybody waits.
        keeps_his_place(server, "13900000227").await;
        server.clock.advance(Duration::from_secs(125));
        let row = owed(server, "13900000227").await;
        assert_eq!(
            row["missed_calls"].as_array().map_or(1, Vec::len),
            1,
            "{row}"
        );
    })
    .await;
    carrier.phone.stop().await;
}

/// The agent tries to leave the call to a number that may not be called, by both ways, and is told why.
async fn refused_elsewhere(seat: &Seat, call: &str) {
    for (act, number) in [
        ("consult", "16812345"),
        ("transfer", "16812345"),
        ("transfer", "0085221234567"),
    ] {
        let at = format!("{}/{act}", of_call(call));
        let to = json!({ "number": number });
        let (status, problem) = seat.person.ask(Method::POST, &at, Some(to)).await;
        assert!(status.is_client_error(), "{act} {number}: {status}");
        assert_eq!(problem["code"], "outbound_number_not_allowed", "{problem}");
        assert!(
            !problem["detail"].as_str().unwrap_or_default().is_empty(),
            "{problem}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_is_left_to_a_section_outside_without_and_with_asking_in_one_recording() {
    let mut carrier = Carrier::new(Answer::After(Duration::from_millis(1500))).await;
    let settings = carrier.settings();
    let calls = Cell::new(0);
    on_both_at(OPEN, &settings, async |server| {
        let lead = server.sign_in("lead").await;
        let seat = server.seat("agent1", AGENT_HZ, "ready").await;

        // Blind: he hears music until it is answered, and the section from then on.
        let caller = server.caller("13900000231", CALLER_HZ);
        let call = seat.in_state("talking").await;
        pause(2500).await;
        refused_elsewhere(&seat, &call).await;
        seat.person
            .with_call(&call, "transfer", json!({"number": SECTION}))
            .await;
        seat.in_state("wrap_up").await;
        calls.set(calls.get() + 1);
        pause(3500).await;
        let shown = lead.get(&of_call(&call)).await;
        assert_eq!(shown["state"], "talking", "{shown}");
        let file = caller.heard.clone();
        caller.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["outcome"], &ended["ended_by"]),
            (&json!("answered"), &json!("requester")),
            "{ended}"
        );
        let heard = Ear::of(&file);
        heard.in_order(&[GREETING, STAFF_NUMBER, AGENT_HZ, MUSIC, OUTSIDE_HZ]);
        assert!(heard.ms(OUTSIDE_HZ) > 2500, "{} ms", heard.ms(OUTSIDE_HZ));
        let outside = carrier.ear(calls.get());
        assert!(outside.ms(CALLER_HZ) > 2500, "{} ms", outside.ms(CALLER_HZ));
        outside.nothing_of(&[AGENT_HZ]);
        one_recording(server, &ended, 2500).await;
        next_is(&seat, &call).await;
        seat.in_state("ready").await;

        // Asked first: the requester hears music, the two talk; then he and the section.
        let caller = server.caller("13900000232", CALLER_HZ);
        let call = seat.in_state("talking").await;
        pause(2500).await;
        seat.person
            .with_call(&call, "consult", json!({"number": SECTION}))
            .await;
        calls.set(calls.get() + 1);
        let standing = format!("{}/standing", of_call(&call));
        seat.person
            .until(&standing, Duration::from_secs(10), |now| {
                now["third"]["answered"] == true
            })
            .await;
        pause(2200).await;
        let asking = Ear::of(&caller.heard).now(1000, &[MUSIC, AGENT_HZ, OUTSIDE_HZ]);
        assert_eq!(
            asking,
            [MUSIC],
            "the requester hears nothing of what they say"
        );
        seat.person.with_call(&call, "complete", json!({})).await;
        seat.in_state("wrap_up").await;
        pause(3500).await;
        let file = caller.heard.clone();
        caller.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["outcome"], "answered", "{ended}");
        let heard = Ear::of(&file);
        heard.in_order(&[AGENT_HZ, MUSIC, OUTSIDE_HZ]);
        assert!(heard.ms(OUTSIDE_HZ) > 2500, "{} ms", heard.ms(OUTSIDE_HZ));
        let outside = carrier.ear(calls.get());
        outside.in_order(&[AGENT_HZ, CALLER_HZ]);
        assert!(outside.ms(AGENT_HZ) > 1500 && outside.ms(CALLER_HZ) > 2500);
        let agent = Ear::of(&seat.heard.with_file_name("agent1-2.wav"));
        agent.in_order(&[CALLER_HZ, RING_BACK, OUTSIDE_HZ]);
        one_recording(server, &ended, 4000).await;
        let journal = lead.journal(&call).await;
        assert_eq!(times(&journal, "handed_over"), 1, "{journal:?}");
        next_is(&seat, &call).await;
    })
    .await;
    assert_eq!(
        carrier.rang(),
        calls.get(),
        "and no number that may not be called"
    );
    carrier.phone.stop().await;
}

/// From the first word to the last in one file: the requester left, agent and section right.
async fn one_recording(server: &TestServer, call: &Value, outside_ms: usize) {
    let lead = server.sign_in("lead").await;
    let journal = lead.journal(&id_of(call)).await;
    assert_eq!(times(&journal, "recorded"), 1, "{journal:?}");
    let sound = recording(server, &lead, call).await;
    for (lane, hz, least) in [
        (0, CALLER_HZ, 6500),
        (1, AGENT_HZ, 1500),
        (1, OUTSIDE_HZ, outside_ms),
    ] {
        let ms = sound.ms_of(lane, hz);
        assert!(
            ms >= least,
            "lane {lane}, {hz} Hz: {ms} of {:.1} s",
            sound.seconds()
        );
    }
}
