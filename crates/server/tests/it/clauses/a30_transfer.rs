//! a call goes from one to another without losing its requester, its recording or its first owner; whoever
//! has it last writes it up; a supervisor takes part only with a reason that is kept.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::call::recording;
use crate::support::TestServer;
use crate::support::cases::{on_both, path};
use crate::support::floor::Admins;
use crate::support::seats::{Seat, of_call};
use crate::support::sound::Sound;

const PHONE: &str = "13900000131";
const CALLER_HZ: u32 = 700;
const FIRST_HZ: u32 = 1200;
const SECOND_HZ: u32 = 1700;
const LEAD_HZ: u32 = 2300;

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Nobody owes a record, and no missed call is somebody's.
async fn nothing_is_owed(server: &TestServer) {
    let lead = server.sign_in("lead").await;
    for owed in [
        "/api/v1/contact-records?owed=true",
        "/api/v1/callbacks?open=true",
    ] {
        let list = lead.get(owed).await;
        assert_eq!(list["total"], 0, "{owed}: {list}");
    }
}

fn count(journal: &[String], kind: &str) -> usize {
    journal.iter().filter(|line| *line == kind).count()
}

/// He writes the call up with a ticket, and his wrap-up ends.
async fn writes_up(seat: &Seat, call: &str) -> Value {
    let early = seat.person.ends_wrap_up().await;
    assert_eq!(early, Err("wrap_up_incomplete".to_owned()));
    let record = seat.person.records(call, "follow_up").await;
    assert_eq!(record["state"], "complete", "{record}");
    assert_eq!(record["agent"]["id"], seat.id, "{record}");
    seat.person.ends_wrap_up().await.unwrap();
    record
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleague_who_was_asked_has_the_call_and_the_ticket_stays_with_who_took_it_first() {
    on_both(async |server| {
        let second = server.seat("agent2", SECOND_HZ, "break").await;
        let first = server.seat("agent1", FIRST_HZ, "ready").await;
        let (other, lead) = (server.sign_in("agent3").await, server.sign_in("lead").await);
        let caller = server.caller(PHONE, CALLER_HZ);
        let call = first.in_state("talking").await;
        for act in ["hold", "consult", "transfer", "complete", "hang-up"] {
            let body = json!({"agent": second.id});
            let at = format!("{}/{act}", of_call(&call));
            let refused = other.refused(Method::POST, &at, body).await;
            assert_eq!(refused.0, StatusCode::NOT_FOUND, "{act}");
        }
        let asked = json!({"agent": second.id});
        first.person.with_call(&call, "consult", asked).await;
        second.in_state("talking").await;
        first.in_state("held").await;
        let consultation = "/api/v1/consultation";
        let asked = second.person.get(consultation).await;
        assert_eq!(
            (&asked["call_id"], &asked["asked_by"]["id"]),
            (&json!(call), &first.id),
            "{asked}"
        );
        assert_eq!(asked["caller"], "139****0131", "{asked}");
        assert_eq!(other.get(consultation).await, Value::Null);
        // On whatever telephone he is asked, his screen has the requester and what is written so far, to be read.
        let record = path("contact-records", &json!({"id": call}));
        let draft = json!({"request_type": "complaint", "summary": "问社保卡何时能领"});
        first.person.put(&record, draft).await;
        let pop = "/api/v1/consultation/pop";
        let seen = second.person.get(pop).await;
        assert_eq!(
            (
                &seen["requester"]["phone"],
                &seen["contact_record"]["summary"],
                &seen["contact_record"]["request_type"]
            ),
            (
                &json!("139****0131"),
                &json!("问社保卡何时能领"),
                &json!("complaint")
            ),
            "{seen}"
        );
        assert_eq!(other.get(pop).await, Value::Null);
        let write = second.person.refused(Method::PUT, &record, json!({})).await;
        assert_eq!(write.0, StatusCode::NOT_FOUND, "he writes nothing of it");
        pause(1500).await;
        first.person.with_call(&call, "join", json!({})).await;
        pause(1500).await;
        first.person.with_call(&call, "complete", json!({})).await;
        first.in_state("wrap_up").await;
        assert_eq!(second.in_state("talking").await, call);
        let late = first
            .person
            .refused(Method::POST, &format!("{}/hold", of_call(&call)), json!({}))
            .await;
        assert_eq!(late.0, StatusCode::NOT_FOUND, "it is his no longer");
        assert_eq!(second.person.get(consultation).await, Value::Null);
        // What he took part in he may still look up, and its record, which is the other's to write.
        first.person.get(&of_call(&call)).await;
        let passed = |record: &Value| record["agent"]["id"] == json!(second.id);
        let handed_on = first
            .person
            .until(&record, Duration::from_secs(10), passed)
            .await;
        assert_eq!(handed_on["summary"], "问社保卡何时能领", "{handed_on}");
        let write = first.person.refused(Method::PUT, &record, json!({})).await;
        assert_eq!(write.1, "contact_record_handed_on");
        let own = first.person.get("/api/v1/calls?mine=true").await;
        assert_eq!(own["items"][0]["agent"]["id"], json!(second.id), "{own}");
        assert_eq!(second.person.get(pop).await, Value::Null);
        let strange = other.refused(Method::GET, &of_call(&call), json!({})).await;
        assert_eq!(strange.0, StatusCode::NOT_FOUND);
        first.person.ends_wrap_up().await.unwrap();
        first.in_state("ready").await;
        pause(1500).await;
        caller.hangs_up().await;

        second.in_state("wrap_up").await;
        let record = writes_up(&second, &call).await;
        second.in_state("break").await;
        let ticket = lead.get(&path("tickets", &record["ticket"])).await;
        assert_eq!(ticket["first_owner_id"], first.id, "{ticket}");
        assert_eq!(ticket["current_owner_id"], first.id, "{ticket}");
        let records = lead.get("/api/v1/contact-records").await;
        assert_eq!(records["total"], 1, "a consultation is no contact");
        nothing_is_owed(server).await;

        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["outcome"], "answered", "{ended}");
        assert_eq!(ended["agent"]["id"], second.id);
        let journal = lead.journal(&call).await;
        for kind in [
            "consulting",
            "consult_answered",
            "joined",
            "handed_over",
            "recorded",
        ] {
            assert_eq!(count(&journal, kind), 1, "{kind}: {journal:?}");
        }
        let sound = recording(server, &lead, &ended).await;
        for (lane, hz, least) in [
            (0, CALLER_HZ, 6000),
            (1, FIRST_HZ, 2500),
            (1, SECOND_HZ, 3500),
        ] {
            let heard = sound.ms_of(lane, hz);
            assert!(heard >= least, "{hz} Hz: {heard} ms");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_after_a_transfer_that_nobody_took_was_answered_and_only_the_record_is_owed() {
    on_both(async |server| {
        let first = server.seat("agent1", FIRST_HZ, "ready").await;
        let lead = server.sign_in("lead").await;
        let caller = server.caller(PHONE, CALLER_HZ);
        let call = first.in_state("talking").await;
        let strange = json!({"queue": "moon"});
        let at = format!("{}/transfer", of_call(&call));
        // Whoever is rung hears the staff number first, and nothing can be done until then.
        pause(6000).await;
        let refused = first.person.refused(Method::POST, &at, strange).await;
        assert_eq!(refused.1, "queue_unknown");
        let on = json!({"queue": "hotline"});
        first.person.with_call(&call, "transfer", on).await;
        first.in_state("wrap_up").await;
        pause(4000).await;
        let waits = lead.get(&of_call(&call)).await;
        assert_eq!(
            (&waits["state"], &waits["outcome"]),
            (&json!("queued"), &Value::Null)
        );
        let heard = caller.heard.clone();
        caller.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["outcome"], "answered", "{ended}");
        let heard = Sound::read(&heard, 1);
        let music = heard.loud_ms(0, heard.seconds() - 3.0);
        assert!(music > 1500, "only {music} ms of music");
        writes_up(&first, &call).await;
        nothing_is_owed(server).await;
        let journal = lead.journal(&call).await;
        assert_eq!(
            (count(&journal, "passed"), count(&journal, "recorded")),
            (1, 1),
            "{journal:?}"
        );
        let board = lead.get("/api/v1/wallboard").await;
        assert_eq!(
            (
                &board["calls_today"],
                &board["answered_today"],
                &board["abandoned_today"]
            ),
            (&json!(1), &json!(1), &json!(0)),
            "{board}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_left_to_a_busy_colleague_goes_to_the_next_in_one_recording() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let busy = server.seat("agent2", SECOND_HZ, "ready").await;
        let other = server.caller("13900000132", 900);
        let others = busy.in_state("talking").await;
        let first = server.seat("agent1", FIRST_HZ, "ready").await;
        let caller = server.caller(PHONE, CALLER_HZ);
        let call = first.in_state("talking").await;
        let third = server.seat("agent3", LEAD_HZ, "ready").await;
        let away = json!({"agent": lead.own_id().await});
        pause(6000).await;
        let at = format!("{}/transfer", of_call(&call));
        let refused = first.person.refused(Method::POST, &at, away).await;
        assert!(
            refused.0.is_client_error(),
            "nobody of the floor: {refused:?}"
        );
        let to = json!({"agent": busy.id});
        first.person.with_call(&call, "transfer", to).await;
        first.in_state("wrap_up").await;
        first.person.ends_wrap_up().await.unwrap();
        assert_eq!(third.in_state("talking").await, call);
        assert_eq!(
            busy.in_state("talking").await,
            others,
            "he was not disturbed"
        );
        pause(7000).await;
        caller.hangs_up().await;
        third.in_state("wrap_up").await;
        let record = writes_up(&third, &call).await;
        let ticket = lead.get(&path("tickets", &record["ticket"])).await;
        assert_eq!(ticket["first_owner_id"], first.id, "{ticket}");
        other.hangs_up().await;
        busy.in_state("wrap_up").await;
        writes_up(&busy, &others).await;
        nothing_is_owed(server).await;
        let ended = lead.ended_call(&call).await;
        let journal = lead.journal(&call).await;
        assert_eq!(
            (count(&journal, "passed"), count(&journal, "recorded")),
            (1, 1),
            "{journal:?}"
        );
        let sound = recording(server, &lead, &ended).await;
        for (lane, hz, least) in [
            (0, CALLER_HZ, 25_000),
            (1, FIRST_HZ, 2500),
            (1, LEAD_HZ, 1000),
        ] {
            let heard = sound.ms_of(lane, hz);
            assert!(heard >= least, "{hz} Hz: {heard} ms");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_listens_barges_in_and_takes_over_each_with_a_reason_that_is_kept() {
    on_both(async |server| {
        let first = server.seat("agent1", FIRST_HZ, "ready").await;
        let (other, lead) = (server.sign_in("agent3").await, server.sign_in("lead").await);
        let admins = Admins {
            system: server.sign_in("sysadmin").await,
            security: server.sign_in("secadmin").await,
        };
        let lead_id = lead.own_id().await;
        let caller = server.caller(PHONE, CALLER_HZ);
        let call = first.in_state("talking").await;
        let at = format!("{}/supervision", of_call(&call));
        let listen = json!({"mode": "listen", "reason": "新员工第一天"});
        let without = lead.refused(Method::PUT, &at, listen.clone()).await;
        assert_eq!(without.1, "no_device", "he has no telephone yet");
        let device = json!({"user_id": lead_id});
        let device = admins.system.post("/api/v1/devices", device).await;
        let secret = device["secret"].as_str().unwrap();
        let (_phone, lead_heard) = server.desk_phone("lead", secret, LEAD_HZ).await;

        for silent in [
            json!({"mode": "listen", "reason": " "}),
            json!({"mode": "listen"}),
        ] {
            let refused = lead.refused(Method::PUT, &at, silent).await;
            assert_eq!(refused.0, StatusCode::UNPROCESSABLE_ENTITY);
        }
        for agent in [&other, &first.person] {
            let refused = agent.refused(Method::PUT, &at, listen.clone()).await;
            assert_eq!(refused.0, StatusCode::FORBIDDEN);
        }
        lead.put(&at, listen).await;
        let standing = format!("{}/standing", of_call(&call));
        lead.until(&standing, Duration::from_secs(10), |now| {
            now["supervised"]["mode"] == "listen"
        })
        .await;
        let seen = first.person.get(&standing).await;
        assert_eq!(seen["supervised"], Value::Null, "who listens is not told");
        // A page that is loaded anew knows what its owner listens to.
        let mine = lead.get("/api/v1/supervision").await;
        assert_eq!(
            (&mine["call_id"], &mine["agent"]["id"], &mine["mode"]),
            (&json!(call), &first.id, &json!("listen")),
            "{mine}"
        );
        pause(6000).await;
        lead.put(&at, json!({"mode": "barge", "reason": "诉求人要求负责人"}))
            .await;
        let seen = first.person.get(&standing).await;
        assert_eq!(seen["supervised"]["mode"], "barge", "{seen}");
        pause(1500).await;
        let over = format!("{}/take-over", of_call(&call));
        let refused = lead
            .refused(Method::POST, &over, json!({"reason": ""}))
            .await;
        assert_eq!(refused.0, StatusCode::UNPROCESSABLE_ENTITY);
        lead.post(&over, json!({"reason": "座席处理不了"})).await;
        first.in_state("wrap_up").await;
        // His part is over, and its record is his; the lead goes on with the requester.
        writes_up(&first, &call).await;
        first.person.get(&of_call(&call)).await;
        assert_eq!(lead.get("/api/v1/supervision").await, Value::Null);
        pause(1500).await;
        let caller_heard = caller.heard.clone();
        caller.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["agent"]["id"], lead_id, "{ended}");
        nothing_is_owed(server).await;
        let trail = server.sign_in("auditor").await;
        let trail = trail.get("/api/v1/audit?per_page=200").await;
        let kept = |action: &str, reason: &str| {
            let rows = trail["items"].as_array().unwrap().iter();
            let mut rows = rows.filter(|row| row["action"] == action);
            rows.any(|row| row["details"]["reason"] == reason)
        };
        assert!(kept("call.supervised", "新员工第一天"), "{trail}");
        assert!(kept("call.supervised", "诉求人要求负责人"), "{trail}");
        assert!(kept("call.taken_over", "座席处理不了"), "{trail}");
        let (of_lead, by_caller) = (Sound::read(&lead_heard, 1), Sound::read(&caller_heard, 1));
        let heard = of_lead.ms_of(0, CALLER_HZ);
        assert!(heard > 5000, "the lead heard {heard} ms of the requester");
        let heard = by_caller.ms_of(0, LEAD_HZ);
        assert!(
            (2000..5500).contains(&heard),
            "heard {heard} ms, none of it while he listened"
        );
    })
    .await;
}
