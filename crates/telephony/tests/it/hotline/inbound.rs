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

/// A look-up whose first answer, the one the call waits for, never comes.
struct Slow(std::sync::atomic::AtomicU32);

#[async_trait::async_trait]
impl telephony::CallerLookup for Slow {
    async fn find(&self, _number: &str) -> Option<telephony::KnownCaller> {
        let asked = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if asked == 0 {
            std::future::pending::<()>().await;
        }
        Some(telephony::KnownCaller {
            id: agent(99),
            name: None,
            preferred_agent: None,
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_name_the_requester_and_never_his_number() {
    on_both(async |line| {
        line.telephony
            .attach_callers(std::sync::Arc::new(Slow(0.into())));
        let mut phone = line
            .ready_agent(1, |plan| plan.talk = Some(Duration::from_millis(500)))
            .await;
        line.call(|_| {}).await.unwrap();
        event(&mut phone, |event| {
            matches!(event, PhoneEvent::Ended { .. }).then_some(())
        })
        .await;
        let row = line.record().await;
        assert_eq!(row.requester_id, Some(agent(99)));
        let id = row.id.to_string();
        let told = line.app.events.of_subject(line.app.db.read(), &id).await;
        let told: Vec<_> = told
            .unwrap()
            .into_iter()
            .filter(|event| event.kind.starts_with("call."))
            .collect();
        assert!(told.len() >= 4, "{}", told.len());
        for event in told {
            let payload = event.payload;
            assert_eq!(payload["requester_id"], agent(99).to_string(), "{payload}");
            assert_eq!(payload["caller_hash"], row.caller_hash, "{payload}");
            assert!(payload.get("caller").is_none(), "{payload}");
            assert!(!payload.to_string().contains("13900000001"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_reads_but_does_not_write_costs_the_record_nothing() {
    on_both(async |line| {
        let rename = async |sql: &'static str| {
            use sea_orm::ConnectionTrait as _;
            let renamed = line.app.db.write(async move |tx| {
                tx.execute_unprepared(sql).await?;
                Ok(())
            });
            renamed.await.unwrap();
        };
        rename("alter table call_events rename to set_aside").await;
        line.call(|plan| plan.talk = Some(Duration::from_secs(1)))
            .await
            .unwrap();
        for _ in 0..60 {
            line.app.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(line.records().await.is_empty());
        rename("alter table set_aside rename to call_events").await;
        for _ in 0..20 {
            line.app.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let row = line.record().await;
        assert_eq!(row.outcome.as_deref(), Some("short_abandoned"));
        let journal = line.journal(row.id).await;
        assert_eq!(journal.first().map(String::as_str), Some("arrived"));
        assert_eq!(journal.last().map(String::as_str), Some("ended"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_rule_says_what_a_short_abandon_is_to_both() {
    on_both(async |line| {
        let rules = line.floor.queue_rules(floor::DEFAULT_QUEUE).unwrap();
        assert_eq!(rules.short_abandon_s, 5);
        for (waited, outcome) in [(4, "short_abandoned"), (6, "abandoned")] {
            let stop = tokio_util::sync::CancellationToken::new();
            let call = line.call(|plan| plan.stop = stop.clone());
            until("it waits", || async {
                line.floor.wallboard().await.unwrap().waiting == 1
            })
            .await;
            line.app.clock.advance(Duration::from_secs(waited));
            stop.cancel();
            call.await.unwrap();
            line.settled().await;
            line.floor.flushed().await.unwrap();
            until("it is written down", || async {
                let rows = line.records().await;
                rows.iter().all(|row| row.outcome.is_some())
            })
            .await;
            let row = line.records().await.remove(0);
            let work = floor::work_item::store::get(line.app.db.read(), row.id).await;
            let work = work.unwrap().unwrap();
            assert_eq!(row.outcome.as_deref(), Some(outcome), "the call");
            assert_eq!(work.outcome.as_deref(), Some(outcome), "the floor");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_takes_no_longer_than_its_calls_and_both_books_say_interrupted() {
    on_both(async |line| {
        let _phone = line.ready_agent(1, |_| {}).await;
        let call = line.call(|_| {});
        until("they talk", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        let waits = line.call(|plan| plan.from = "13900000002".to_owned());
        until("one waits", || async {
            line.floor.wallboard().await.unwrap().waiting == 1
        })
        .await;
        let began = std::time::Instant::now();
        line.app.shutdown.cancel();
        line.app.tasks.close();
        line.app.tasks.wait().await;
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
        for call in [call, waits] {
            assert_eq!(call.await.unwrap().end, End::HungUpThere);
        }
        for row in line.records().await {
            let work = floor::work_item::store::get(line.app.db.read(), row.id).await;
            let work = work.unwrap().unwrap();
            assert_eq!(row.outcome.as_deref(), Some("interrupted"));
            assert_eq!(work.outcome.as_deref(), Some("interrupted"));
            assert_eq!(work.callback_due, row.answered_at.is_none());
        }
    })
    .await;
}
