//! What the line says and what keys do: survey, menu, incident, closed hours, message box. The keys are pressed on
//! baresip, the prompts are tones.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{audited, call_from, id_of, offers, pause, queue_rules, times};
use crate::call::recording;
use crate::support::OPEN;
use crate::support::TestServer;
use crate::support::cases::on_both_at;
use crate::support::prompts::{
    AFTER_HOURS, BEEP, Ear, GREETING, HOLIDAY, INCIDENT, LEAVE_MESSAGE, MENU, QUEUE, STAFF_NUMBER,
    SURVEY, THANKS, tones,
};
use crate::support::seats::{Seat, of_call};

const CALLER_HZ: u32 = 700;
const AGENT_HZ: u32 = 1200;

/// Nobody owes anything: the next call can come.
async fn writes_up(seat: &Seat, call: &str) {
    seat.in_state("wrap_up").await;
    seat.person.records(call, "answered").await;
    seat.person.ends_wrap_up().await.unwrap();
    seat.in_state("ready").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_rates_by_a_key_after_the_agent_hung_up_and_is_not_asked_again_in_the_period()
{
    on_both_at(OPEN, &[tones()], async |server| {
        let lead = server.sign_in("lead").await;
        offers(&lead, &[("survey", json!(true))]).await;
        let seat = server.seat("agent1", AGENT_HZ, "ready").await;
        let mut phone = server.requester_with_keys("13900000201", CALLER_HZ);
        let call = seat.in_state("talking").await;
        pause(3000).await;
        seat.person.with_call(&call, "hang-up", json!({})).await;
        // His part is over while the requester is still asked.
        seat.in_state("wrap_up").await;
        call_from(server, "13900000201", |call| call["state"] == "survey").await;
        pause(900).await;
        // No such mark: he can still give one.
        phone.presses("94").await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["rating"], &ended["outcome"], &ended["ended_by"]),
            (&json!(4), &json!("answered"), &json!("agent")),
            "{ended}"
        );
        let journal = lead.journal(&call).await;
        assert_eq!(
            (times(&journal, "survey_began"), times(&journal, "rated")),
            (1, 1),
            "{journal:?}"
        );
        pause(500).await;
        let ear = Ear::at(phone.heard());
        ear.in_order(&[GREETING, STAFF_NUMBER, AGENT_HZ, SURVEY, THANKS]);
        // The recording ends with the talk or after it, and has the agent in it.
        let sound = recording(server, &lead, &ended).await;
        assert!(sound.ms_of(1, AGENT_HZ) > 2000);
        writes_up(&seat, &call).await;

        // The same number within the period.
        let again = server.requester_with_keys("13900000201", CALLER_HZ);
        let call = seat.in_state("talking").await;
        pause(2500).await;
        seat.person.with_call(&call, "hang-up", json!({})).await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["rating"], &ended["ended_by"]),
            (&Value::Null, &json!("agent")),
            "{ended}"
        );
        assert_eq!(times(&lead.journal(&call).await, "survey_began"), 0);
        pause(500).await;
        let ear = Ear::at(again.heard());
        assert!(ear.heard(AGENT_HZ));
        ear.nothing_of(&[SURVEY, THANKS]);
        writes_up(&seat, &call).await;

        // Another number is asked, after a hang-up at the desk phone too, and need not answer.
        let mut other = server.requester_with_keys("13900000202", CALLER_HZ);
        let call = seat.in_state("talking").await;
        pause(2500).await;
        seat.phone.hang_up();
        call_from(server, "13900000202", |call| call["state"] == "survey").await;
        pause(900).await;
        other.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(
            (&ended["rating"], &ended["outcome"]),
            (&Value::Null, &json!("answered")),
            "{ended}"
        );
        pause(500).await;
        assert!(Ear::at(other.heard()).heard(SURVEY));
    })
    .await;
}

/// Two queues, the second reached by key 2.
async fn menu(server: &TestServer) {
    let lead = server.sign_in("lead").await;
    let manager = server.sign_in("manager").await;
    queue_rules(&manager, "titles", &[("name", json!("职称评审"))]).await;
    let menu = json!([
        {"key": 1, "queue": "hotline", "label": "考试报名"},
        {"key": 2, "queue": "titles", "label": "职称评审"},
    ]);
    offers(&lead, &[("menu", menu)]).await;
}

/// The greeting is over, and the menu is what he hears.
async fn greeted(server: &TestServer, from: &str) {
    call_from(server, from, |call| call["state"] == "greeting").await;
    pause(1300).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_menu_it_is_straight_to_a_person_and_with_one_a_key_chooses_and_none_is_needed() {
    on_both_at(OPEN, &[tones()], async |server| {
        let lead = server.sign_in("lead").await;
        let seat = server.seat("agent1", AGENT_HZ, "ready").await;
        // GB/T 33358: no menu unless somebody sets one.
        let plain = server.caller("13900000203", CALLER_HZ);
        let call = seat.in_state("talking").await;
        pause(1500).await;
        let heard = plain.heard.clone();
        plain.hangs_up().await;
        assert_eq!(times(&lead.journal(&call).await, "chosen"), 0);
        let ear = Ear::of(&heard);
        ear.in_order(&[GREETING, STAFF_NUMBER, AGENT_HZ]);
        ear.nothing_of(&[MENU]);
        writes_up(&seat, &call).await;

        menu(server).await;
        // Who presses nothing waits for the usual queue, and nobody else for him.
        let mut waits = server.requester_with_keys("13900000204", CALLER_HZ);
        greeted(server, "13900000204").await;
        let began = std::time::Instant::now();
        let mut phone = server.requester_with_keys("13900000205", CALLER_HZ);
        greeted(server, "13900000205").await;
        // No such key, then one.
        phone.presses("9").await;
        let still = call_from(server, "13900000205", |_| true).await;
        assert_eq!(still["queued_at"], Value::Null, "{still}");
        phone.presses("2").await;
        let call = seat.in_state("talking").await;
        let shown = lead.get(&of_call(&call)).await;
        assert_eq!(shown["queue"], "titles", "{shown}");
        assert!(began.elapsed().as_secs() < 15, "the key did not shorten it");
        pause(2000).await;
        phone.hangs_up().await;
        lead.ended_call(&call).await;
        assert_eq!(times(&lead.journal(&call).await, "chosen"), 1);
        pause(500).await;
        Ear::at(phone.heard()).in_order(&[GREETING, MENU, STAFF_NUMBER, AGENT_HZ]);
        writes_up(&seat, &call).await;

        let call = seat.in_state("talking").await;
        assert!(began.elapsed().as_secs() >= 18, "he had no time to choose");
        let shown = lead.get(&of_call(&call)).await;
        assert_eq!(shown["queue"], "hotline", "{shown}");
        pause(2000).await;
        waits.hangs_up().await;
        let ended = lead.ended_call(&call).await;
        assert_eq!(ended["outcome"], "answered");
        assert_eq!(times(&lead.journal(&call).await, "chosen"), 0);
        pause(500).await;
        Ear::at(waits.heard()).in_order(&[GREETING, MENU, STAFF_NUMBER, AGENT_HZ]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_is_heard_by_the_next_caller_and_no_longer_once_it_is_switched_off() {
    on_both_at(OPEN, &[tones()], async |server| {
        let (lead, agent) = (server.sign_in("lead").await, server.sign_in("agent1").await);
        let switch = "/api/v1/line/incident";
        for silent in [json!({"on": true}), json!({"on": true, "reason": " "})] {
            let refused = lead.refused(Method::PUT, switch, silent).await;
            assert_eq!(refused.0, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let why = |on: bool, reason: &str| json!({"on": on, "reason": reason});
        let refused = agent
            .refused(Method::PUT, switch, why(true, "报名系统故障"))
            .await;
        assert_eq!(refused.0, StatusCode::FORBIDDEN);
        let waits = server.caller("13900000206", CALLER_HZ);
        call_from(server, "13900000206", |call| call["state"] == "queued").await;

        lead.put(switch, why(true, "报名系统故障")).await;
        let next = server.caller("13900000207", CALLER_HZ);
        call_from(server, "13900000207", |call| call["state"] == "queued").await;
        lead.put(switch, why(false, "系统已恢复")).await;
        let after = server.caller("13900000208", CALLER_HZ);
        call_from(server, "13900000208", |call| call["state"] == "queued").await;
        pause(1000).await;
        let mut heard = Vec::new();
        for caller in [waits, next, after] {
            let file = caller.heard.clone();
            caller.hangs_up().await;
            heard.push(Ear::of(&file));
        }
        heard[1].in_order(&[INCIDENT, GREETING, QUEUE]);
        for ear in [&heard[0], &heard[2]] {
            ear.in_order(&[GREETING, QUEUE]);
            ear.nothing_of(&[INCIDENT]);
        }
        let who = lead.own_id().await;
        for (action, reason) in [
            ("line.incident_on", "报名系统故障"),
            ("line.incident_off", "系统已恢复"),
        ] {
            let rows = audited(server, action).await;
            assert_eq!(rows.len(), 1, "{rows:?}");
            assert_eq!(
                rows[0]["details"]["after"]["incident_reason"], reason,
                "{rows:?}"
            );
            assert!(
                rows[0].to_string().contains(who.as_str().unwrap()),
                "{rows:?}"
            );
        }
    })
    .await;
}

/// Of the calls before it that a closed line let go, none is a ticket.
async fn messages(server: &TestServer) -> Vec<Value> {
    let lead = server.sign_in("lead").await;
    let tickets = lead.get("/api/v1/tickets").await;
    let rows = tickets["items"].as_array().unwrap().iter();
    let left = |row: &&Value| {
        let title = row["title"].as_str();
        title.is_some_and(|title| title.starts_with("电话留言"))
    };
    rows.filter(left).cloned().collect()
}

/// 21:00 in Guangzhou on a working day.
const EVENING: &str = "2026-11-23T13:00:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_hours_a_message_is_left_by_voice_and_key_and_a_closed_line_says_so_and_hangs_up() {
    let settings = [tones(), ("service.always_open", "false".to_owned())];
    on_both_at(EVENING, &settings, async |server| {
        let lead = server.sign_in("lead").await;
        // Without a box: the words, and the line hangs up.
        let closed = server.caller("13900000209", CALLER_HZ);
        call_from(server, "13900000209", |call| {
            call["outcome"] == "after_hours"
        })
        .await;
        let heard = closed.heard.clone();
        closed.hangs_up().await;
        let ear = Ear::of(&heard);
        assert!(ear.heard(AFTER_HOURS));
        ear.nothing_of(&[GREETING, QUEUE, LEAVE_MESSAGE, HOLIDAY]);

        offers(&lead, &[("message_box", json!(true))]).await;
        let mut phone = server.requester_with_keys("13900000210", CALLER_HZ);
        call_from(server, "13900000210", |call| call["state"] == "message").await;
        pause(6500).await;
        phone.presses("#").await;
        let left = call_from(server, "13900000210", |call| {
            call["outcome"] == "message_left" && call["has_recording"] == true
        })
        .await;
        assert_eq!(left["ended_by"], "requester", "{left}");
        pause(700).await;
        let ear = Ear::at(phone.heard());
        ear.in_order(&[AFTER_HOURS, LEAVE_MESSAGE, BEEP, THANKS]);
        ear.nothing_of(&[QUEUE, HOLIDAY]);
        let ended = lead.ended_call(&id_of(&left)).await;
        let sound = recording(server, &lead, &ended).await;
        let message = sound.ms_of(0, CALLER_HZ);
        assert!(
            (4000..7500).contains(&message),
            "{message} ms of the message"
        );
        let line = sound.ms_of(0, LEAVE_MESSAGE) + sound.ms_of(1, CALLER_HZ);
        assert!(line < 100, "the lanes are mixed: {line} ms");
        let mut tickets = Vec::new();
        for _ in 0..100 {
            tickets = messages(server).await;
            if !tickets.is_empty() {
                break;
            }
            pause(100).await;
        }
        assert_eq!(tickets.len(), 1, "{tickets:?}");
        let ticket = lead
            .get(&format!("/api/v1/tickets/{}", id_of(&tickets[0])))
            .await;
        assert_eq!(ticket["source_call_id"], left["id"], "{ticket}");
        assert!(!ticket["due_at"].is_null(), "{ticket}");

        // A breath is no message, and no ticket.
        let mut silent = server.requester_with_keys("13900000211", CALLER_HZ);
        let call = call_from(server, "13900000211", |call| call["state"] == "message").await;
        let lines = format!("/api/v1/calls/{}/events", id_of(&call));
        lead.until(&lines, Duration::from_secs(10), |lines| {
            lines.to_string().contains("message_began")
        })
        .await;
        silent.hangs_up().await;
        call_from(server, "13900000211", |call| {
            call["outcome"] == "after_hours"
        })
        .await;
        pause(1000).await;
        assert_eq!(messages(server).await.len(), 1);

        // On a holiday its own words are said.
        let until = server.clock.now() + chrono::TimeDelta::hours(20);
        let holiday = json!({"on": true, "reason": "元旦放假", "until": until});
        lead.put("/api/v1/line/holiday", holiday).await;
        let caller = server.caller("13900000212", CALLER_HZ);
        call_from(server, "13900000212", |call| call["state"] == "message").await;
        pause(1800).await;
        let heard = caller.heard.clone();
        caller.hangs_up().await;
        let ear = Ear::of(&heard);
        ear.in_order(&[HOLIDAY, LEAVE_MESSAGE]);
        ear.nothing_of(&[AFTER_HOURS, GREETING]);
    })
    .await;
}
