use std::time::Duration;

use floor::AgentState;
use telephony::media::tone;
use telephony::phone::{Answer, PhoneEvent};
use telephony::test_line::{End, Sound};

use super::{AGENT_HZ, CALLER_HZ, agent, event, folder, on_both, until};

/// Sox's view of a WAV that a phone wrote.
fn heard(file: &std::path::Path) -> Vec<i16> {
    Sound::read(file).unwrap().linear()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_greeted_queued_answered_recorded_and_written_down() {
    on_both(async |line| {
        let (_folder, files) = folder();
        let mut phone = line
            .ready_agent(1, |plan| plan.record = Some(files["agent"].clone()))
            .await;
        let call = line.call(|plan| plan.record = Some(files["caller"].clone()));

        let call_id = event(&mut phone, |event| match event {
            PhoneEvent::Ringing { call_id, from, .. } => {
                assert_eq!(
                    from, "139****0001",
                    "the number is masked on the agent's phone"
                );
                call_id.clone()
            }
            _ => None,
        })
        .await;
        event(&mut phone, |event| {
            matches!(event, PhoneEvent::Answered { .. }).then_some(())
        })
        .await;
        until("agent is Talking", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        // The staff number is read out, then both talk.
        tokio::time::sleep(Duration::from_secs(7)).await;
        phone.hang_up();
        let report = call.await.unwrap();
        assert!(report.answered());
        assert_eq!(report.end, End::HungUpThere);

        let row = line.record().await;
        assert_eq!(row.id.to_string(), call_id);
        assert_eq!(row.outcome.as_deref(), Some("answered"));
        assert_eq!(row.ended_by.as_deref(), Some("agent"));
        assert_eq!(
            (row.agent_id, row.staff_no.as_deref()),
            (Some(agent(1)), Some("8001"))
        );
        assert_eq!(row.caller, "13900000001");
        assert_eq!(
            line.journal(row.id).await,
            [
                "arrived", "greeted", "queued", "ringing", "answered", "ended", "recorded"
            ]
        );

        // Each hears the other; the recording has the requester left and the agent right.
        let (left, right) = line.lanes(&row);
        let talk_ms = row.recording_ms.unwrap() as u64;
        assert!(talk_ms > 6_000, "{talk_ms}");
        for (lane, own, other) in [(&left, CALLER_HZ, AGENT_HZ), (&right, AGENT_HZ, CALLER_HZ)] {
            let (own, other) = (
                tone::heard_ms(lane, own.into(), 2000.0),
                tone::heard_ms(lane, other.into(), 2000.0),
            );
            assert!(
                own + 300 >= talk_ms && other == 0,
                "{own} of {talk_ms} ms, the other {other} ms"
            );
        }
        assert!(tone::heard_ms(&heard(&files["caller"]), AGENT_HZ.into(), 2000.0) > 2_000);
        assert!(tone::heard_ms(&heard(&files["agent"]), CALLER_HZ.into(), 2000.0) > 2_000);
        assert_eq!(row.recording_state, "complete");
        assert_eq!(row.recording_sha256.as_deref().map(str::len), Some(64));
        assert_eq!(line.state_of(1), AgentState::WrapUp);
        line.settled().await;
        assert_eq!(phone.events.len(), 1, "one end, and no second call");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_while_it_rings_leaves_nothing_ringing() {
    on_both(async |line| {
        let mut phone = line
            .ready_agent(1, |plan| plan.answer = Answer::Never)
            .await;
        let stop = tokio_util::sync::CancellationToken::new();
        let call = line.call(|plan| plan.stop = stop.clone());
        event(&mut phone, |event| {
            matches!(event, PhoneEvent::Ringing { .. }).then_some(())
        })
        .await;
        stop.cancel();
        call.await.unwrap();
        event(&mut phone, |event| {
            matches!(event, PhoneEvent::Ended { .. }).then_some(())
        })
        .await;
        let row = line.record().await;
        assert_eq!(row.outcome.as_deref(), Some("short_abandoned"));
        assert_eq!((row.agent_id, row.recording_path.as_deref()), (None, None));
        until("agent is Ready", || async {
            line.state_of(1) == AgentState::Ready
        })
        .await;
        line.settled().await;
    })
    .await;
}
