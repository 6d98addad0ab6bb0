//! The line closes while requesters wait: nobody of them is dropped silently.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use floor::AgentState;
use telephony::ServiceHours;
use telephony::test_line::End;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::trunks::doors;
use super::{Hotline, agent, on_both, until};

#[derive(Default)]
struct Hours(AtomicBool);

#[async_trait]
impl ServiceHours for Hours {
    async fn is_open(&self, _at: DateTime<Utc>) -> bool {
        !self.0.load(Relaxed)
    }
}

fn hours_of(line: &Hotline) -> Arc<Hours> {
    let hours = Arc::<Hours>::default();
    line.telephony.attach_hours(Arc::clone(&hours) as _);
    hours
}

async fn until_one_waits(line: &Hotline) {
    until("it waits", || async {
        line.floor.wallboard().await.unwrap().waiting == 1
    })
    .await;
}

async fn work_of(line: &Hotline, call: Uuid) -> floor::work_item::store::Model {
    line.floor.flushed().await.unwrap();
    let work = floor::work_item::store::get(line.app.db.read(), call).await;
    work.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_when_the_line_closes_is_answered_by_who_is_still_there() {
    on_both(async |line| {
        let hours = hours_of(&line);
        let stop = CancellationToken::new();
        let call = line.call(|plan| plan.stop = stop.clone());
        until_one_waits(&line).await;
        hours.0.store(true, Relaxed);
        line.app.clock.advance(Duration::from_secs(6));
        // Nobody joins behind them.
        let late = line.call(|plan| plan.from = "13900000002".to_owned());
        late.await.unwrap();
        line.app.clock.advance(Duration::from_mins(10));
        let _phone = line.ready_agent(1, |_| {}).await;
        until("he is answered", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        stop.cancel();
        call.await.unwrap();
        until("both are written down", || async {
            let rows = line.records().await;
            rows.iter().all(|row| row.outcome.is_some())
        })
        .await;
        let rows = line.records().await;
        let outcomes: Vec<_> = rows.iter().map(|row| row.outcome.as_deref()).collect();
        assert_eq!(outcomes, [Some("after_hours"), Some("answered")]);
        assert_eq!(rows[1].agent_id, Some(agent(1)));
        line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_answered_after_closing_leaves_a_message_and_its_answer_is_all_that_is_owed() {
    on_both(async |line| {
        let router = doors(&line).await;
        let hours = hours_of(&line);
        let stop = CancellationToken::new();
        let call = line.call(|plan| plan.stop = stop.clone());
        until_one_waits(&line).await;
        hours.0.store(true, Relaxed);
        line.app.clock.advance(Duration::from_secs(6));
        tokio::time::sleep(Duration::from_millis(500)).await;
        line.app.clock.advance(Duration::from_secs(800));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(line.floor.wallboard().await.unwrap().waiting, 1);
        line.app.clock.advance(Duration::from_mins(2));
        until("he speaks into the box", || async {
            let rows = line.records().await;
            rows[0].state == "message" && rows[0].recording_state == "running"
        })
        .await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.cancel();
        assert_eq!(call.await.unwrap().end, End::HungUpHere);
        let row = line.record().await;
        assert_eq!(row.outcome.as_deref(), Some("message_left"));
        assert_eq!(row.recording_state, "complete");
        let journal = line.journal(row.id).await;
        let told = |what: &str| journal.iter().any(|event| event == what);
        assert!(told("closed_while_waiting") && told("message_left"));
        let work = work_of(&line, row.id).await;
        assert_eq!(
            (work.outcome.as_deref(), work.callback_due),
            (Some("no_agent_answer"), true)
        );
        until("no call is owed beside the message", || async {
            work_of(&line, row.id).await.callback_done_at.is_some()
        })
        .await;
        let lead = testing::principal(&[kernel::Role::ShiftLead]);
        let path = "/api/v1/callbacks";
        let owed = testing::call(&router, Some(&lead), axum::http::Method::GET, path, None).await;
        assert_eq!(owed.json["total"], 0, "{}", owed.json);
        line.settled().await;
    })
    .await;
}
