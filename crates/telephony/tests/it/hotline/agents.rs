//! What agents do with a call: refuse it, have two phones, hold, mute, hang up.

use std::time::Duration;

use call_control::Request;
use floor::{AgentState, Presence};
use telephony::phone::{Answer, PhoneEvent, PhonePlan, start};
use telephony::test_line::{End, Sound, Speech};

use super::raw::{Raw, body, response, sdp, status};
use super::{AGENT_HZ, SECRET, agent, event, hotline, hotline_with, on_both, until};

fn ringing(event: &PhoneEvent) -> Option<()> {
    matches!(event, PhoneEvent::Ringing { .. }).then_some(())
}

fn ended(event: &PhoneEvent) -> Option<End> {
    match event {
        PhoneEvent::Ended { end, .. } => Some(end.clone()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_goes_to_the_next_agent_with_its_place_kept() {
    on_both(async |line| {
        let mut first = line
            .ready_agent(1, |plan| plan.answer = Answer::Refuse(486))
            .await;
        let call = line.call(|_| {});
        event(&mut first, ringing).await;
        let mut second = line
            .ready_agent(2, |plan| plan.talk = Some(Duration::from_secs(1)))
            .await;
        event(&mut second, ringing).await;
        let report = call.await.unwrap();
        assert_eq!(report.end, End::HungUpThere);
        let row = line.record().await;
        assert_eq!(
            (row.outcome.as_deref(), row.agent_id),
            (Some("answered"), Some(agent(2)))
        );
        let journal = line.journal(row.id).await;
        assert_eq!(
            journal.iter().filter(|event| *event == "ringing").count(),
            2,
            "{journal:?}"
        );
        assert_eq!(
            journal.iter().filter(|event| *event == "queued").count(),
            1,
            "{journal:?}"
        );
        line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_phones_of_an_agent_ring_and_the_first_answer_wins() {
    let line = hotline().await;
    let mut slow = start({
        let mut plan = PhonePlan::new("agent1", SECRET, line.sip);
        plan.answer = Answer::Never;
        plan
    })
    .await
    .unwrap();
    let mut fast = line
        .ready_agent(1, |plan| {
            plan.answer = Answer::After(Duration::from_millis(700));
            plan.talk = Some(Duration::from_secs(2));
            plan.speech = Speech::Sound(Sound::tone(AGENT_HZ));
        })
        .await;
    let call = line.call(|_| {});
    event(&mut slow, ringing).await;
    event(&mut fast, ringing).await;
    assert_eq!(event(&mut slow, ended).await, End::HungUpThere, "cancelled");
    event(&mut fast, ended).await;
    assert!(call.await.unwrap().answered());
    line.record().await;
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_mute_and_hang_up_from_the_console() {
    on_both(async |line| {
        let _phone = line.ready_agent(1, |_| {}).await;
        let call = line.call(|_| {});
        until("agent talks", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        let id = line.records().await[0].id;
        let engine = line.telephony.engine();
        let ask = async |request| {
            engine
                .request(id, request)
                .await
                .map_err(|problem| problem.code)
        };
        // The staff number is read out first; a hold waits for its end.
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask(Request::Hold).await.unwrap();
        until("agent holds", || async {
            line.state_of(1) == AgentState::Held
        })
        .await;
        assert_eq!(ask(Request::Hold).await.unwrap_err(), "call_already_held");
        tokio::time::sleep(Duration::from_millis(1500)).await;
        ask(Request::Unhold).await.unwrap();
        until("agent talks again", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        ask(Request::Mute).await.unwrap();
        assert_eq!(ask(Request::Mute).await.unwrap_err(), "call_already_muted");
        ask(Request::Unmute).await.unwrap();
        ask(Request::HangUp).await.unwrap();
        assert_eq!(call.await.unwrap().end, End::HungUpThere);
        assert_eq!(ask(Request::HangUp).await.unwrap_err(), "not_found");
        let row = line.record().await;
        assert_eq!(
            (row.outcome.as_deref(), row.ended_by.as_deref()),
            (Some("answered"), Some("agent"))
        );
        assert!((1400..2500).contains(&row.held_ms), "{}", row.held_ms);
        assert_eq!(line.state_of(1), AgentState::WrapUp);
        line.settled().await;
    })
    .await;
}

/// A desk phone by hand: it registers, answers and holds in each of the ways phones do.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_phone_holds_by_reinvite_in_each_of_the_three_ways() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    phone.register("agent1", SECRET).await;
    until("the device is known", || async {
        line.floor
            .agent(agent(1))
            .await
            .is_ok_and(|agent| agent.device.reachable)
    })
    .await;
    line.floor
        .ask(agent(1), Presence::Ready, None)
        .await
        .unwrap();
    let call = line.call(|_| {});
    let invite = phone.hear_request("INVITE").await;
    let contact = format!("sip:agent1@{}", phone.address());
    let ok = response(&invite, "200 OK", &contact, &sdp(9, "sendrecv"));
    phone.send(&ok).await;
    phone.hear_request("ACK").await;
    until("agent talks", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    // The staff number is read out first.
    tokio::time::sleep(Duration::from_secs(5)).await;

    let null_address = sdp(9, "sendrecv").replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0");
    let ways = [
        (sdp(9, "sendonly"), "a=recvonly"),
        (sdp(9, "inactive"), "a=inactive"),
        (null_address, "m=audio"),
    ];
    let mut cseq = 100;
    for (offer, answer) in ways {
        for (offer, answer, state) in [
            (offer, answer, AgentState::Held),
            (sdp(9, "sendrecv"), "m=audio", AgentState::Talking),
        ] {
            cseq += 1;
            let held = phone
                .ask(&Raw::inside_called(&invite, &ok, "INVITE", cseq, &offer))
                .await
                .unwrap();
            assert_eq!(status(&held), 200);
            assert!(body(&held).contains(answer), "{offer} -> {held}");
            phone
                .send(&Raw::inside_called(&invite, &ok, "ACK", cseq, ""))
                .await;
            until(answer, || async { line.state_of(1) == state }).await;
        }
    }
    // One without SDP asks for ours.
    let asked = phone
        .ask(&Raw::inside_called(&invite, &ok, "INVITE", 200, ""))
        .await
        .unwrap();
    assert!(body(&asked).contains("m=audio"));
    phone
        .send(&Raw::inside_called(
            &invite,
            &ok,
            "ACK",
            200,
            &sdp(9, "sendrecv"),
        ))
        .await;
    let refer = phone
        .ask(&Raw::inside_called(&invite, &ok, "REFER", 201, ""))
        .await
        .unwrap();
    assert_eq!(status(&refer), 400, "a transfer to nobody");
    let bye = phone
        .ask(&Raw::inside_called(&invite, &ok, "BYE", 202, ""))
        .await
        .unwrap();
    assert_eq!(status(&bye), 200);
    assert_eq!(call.await.unwrap().end, End::HungUpThere);
    let row = line.record().await;
    let journal = line.journal(row.id).await;
    assert_eq!(
        journal.iter().filter(|event| *event == "held").count(),
        3,
        "{journal:?}"
    );
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_line_says_so_and_hangs_up() {
    use async_trait::async_trait;
    use chrono::{DateTime, Utc};
    struct Closed;
    #[async_trait]
    impl telephony::ServiceHours for Closed {
        async fn is_open(&self, _at: DateTime<Utc>) -> bool {
            false
        }
    }
    let line = hotline().await;
    line.telephony.attach_hours(std::sync::Arc::new(Closed));
    let report = line.call(|_| {}).await.unwrap();
    assert_eq!(report.end, End::HungUpThere);
    assert!(report.heard.packets > 100, "{:?}", report.heard);
    assert_eq!(line.record().await.outcome.as_deref(), Some("after_hours"));
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_allowed_are_refused_and_written_down() {
    let line = hotline_with(|settings| settings.calls.most = 1).await;
    let first = line.call(|plan| plan.talk = Some(Duration::from_secs(2)));
    until("the first call runs", || async {
        line.telephony.engine().open_calls() == 1
    })
    .await;
    let second = line.call(|_| {}).await.unwrap();
    assert_eq!(second.end, End::Refused(503));
    first.await.unwrap();
    line.settled().await;
    let outcomes = async || -> Vec<_> {
        line.records()
            .await
            .into_iter()
            .filter_map(|row| row.outcome)
            .collect()
    };
    until("both are written down", || async {
        outcomes().await.len() == 2
    })
    .await;
    let outcomes = outcomes().await;
    assert!(outcomes.contains(&"rejected".to_owned()), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_line_goes_silent_is_not_kept_for_ever() {
    let line = hotline_with(|settings| settings.media.silence_after = Duration::from_secs(2)).await;
    let mut phone = line.ready_agent(1, |_| {}).await;
    let call = line.call(|plan| plan.speech = Speech::Nothing);
    assert_eq!(call.await.unwrap().end, End::HungUpThere);
    let row = line.record().await;
    assert_eq!(row.ended_by.as_deref(), Some("system"));
    let _ = phone.events.try_recv();
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_the_server_ends_calls_as_interrupted_with_their_recording() {
    on_both(async |line| {
        let mut phone = line.ready_agent(1, |_| {}).await;
        let call = line.call(|_| {});
        until("agent talks", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        line.app.shutdown.cancel();
        assert_eq!(
            call.await.unwrap().end,
            End::HungUpThere,
            "the caller hears of it"
        );
        assert_eq!(event(&mut phone, ended).await, End::HungUpThere);
        let row = line.record().await;
        assert_eq!(row.outcome.as_deref(), Some("interrupted"));
        assert_eq!(row.recording_state, "complete");
        assert_eq!(
            line.journal(row.id)
                .await
                .iter()
                .filter(|event| *event == "ended")
                .count(),
            1
        );
    })
    .await;
}
