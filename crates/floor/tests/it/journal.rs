//! Nobody on a call's path waits for the database, and nothing is lost.

use std::time::Duration;

use floor::{AgentState, MediaKind};
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::json;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::hall::{Hall, agent, on_both, pause};

const WHOLE_STORY: [&str; 6] = [
    "work.offered",
    "work.rung",
    "work.accepted",
    "work.ended",
    "work.wrap_up_began",
    "work.wrap_up_ended",
];

/// A call from its beginning to the end of its wrap-up.
async fn whole_call(hall: &Hall) -> Uuid {
    let work = hall.talk(1).await;
    hall.floor.ended(work).await;
    hall.floor.end_wrap_up(agent(1)).await.unwrap();
    work
}

async fn run(hall: &Hall, sql: &'static str) {
    hall.app
        .db
        .write(async move |tx| {
            tx.execute_unprepared(sql).await?;
            Ok(())
        })
        .await
        .unwrap();
}

/// Moves the clock on, in small steps, until everything is written.
async fn written(hall: &Hall) {
    let floor = hall.floor.clone();
    let flushed = tokio::spawn(async move { floor.flushed().await });
    for _ in 0..2000 {
        if flushed.is_finished() {
            return;
        }
        hall.app.clock.advance(Duration::from_millis(200));
        pause().await;
    }
    panic!("never written");
}

async fn assert_whole(hall: &Hall, work: Uuid) {
    assert_eq!(hall.events(work).await, WHOLE_STORY);
    let row = hall.row(work).await;
    assert!(
        row.wrap_up_ended_at.is_some() && row.outcome.as_deref() == Some("answered"),
        "{row:?}"
    );
}

#[tokio::test]
async fn calls_go_on_while_the_database_is_slow_and_all_is_written_in_order() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.floor.flushed().await.unwrap();
        // Another writer holds what the journal needs; it may be read.
        let lock = match hall.app.db.backend() {
            DbBackend::Sqlite => "delete from work_items",
            _ => "lock table work_items in share mode",
        };
        let (let_go, held) = oneshot::channel::<()>();
        let (holds, holding) = oneshot::channel::<()>();
        let db = hall.app.db.clone();
        let holder = tokio::spawn(async move {
            db.write(async move |tx| {
                tx.execute_unprepared(lock).await?;
                holds.send(()).unwrap();
                held.await.unwrap();
                Ok(())
            })
            .await
        });
        holding.await.unwrap();
        let mut works = Vec::new();
        for _ in 0..100 {
            works.push(whole_call(hall).await);
        }
        assert_eq!(
            hall.state(1),
            AgentState::Ready,
            "nobody waited for the database"
        );
        hall.app.clock.advance(Duration::from_secs(2));
        let none = floor::work_item::store::get(hall.app.db.read(), works[0])
            .await
            .unwrap();
        assert!(none.is_none());
        let_go.send(()).unwrap();
        holder.await.unwrap().unwrap();
        for work in works {
            assert_whole(hall, work).await;
        }
        // The history has neither a gap nor another order.
        assert_eq!(hall.history(1).await.len(), 1 + 100 * 4);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_refuses_for_a_while_loses_nothing() {
    on_both(async |hall| {
        hall.ready(1).await;
        let before = whole_call(hall).await;
        hall.floor.flushed().await.unwrap();
        // It reads, but takes no row of the history.
        run(hall, "alter table agent_state_changes rename to set_aside").await;
        let during = whole_call(hall).await;
        for _ in 0..60 {
            hall.app.clock.advance(Duration::from_secs(1));
            pause().await;
        }
        let after = whole_call(hall).await;
        run(hall, "alter table set_aside rename to agent_state_changes").await;
        written(hall).await;
        for work in [before, during, after] {
            assert_whole(hall, work).await;
        }
        assert_eq!(hall.history(1).await.len(), 1 + 3 * 4);
    })
    .await;
}

#[tokio::test]
async fn an_entry_the_database_never_takes_does_not_hold_up_the_others() {
    on_both(async |hall| {
        hall.ready(1).await;
        // PostgreSQL keeps no null byte.
        let poison = hall
            .offer(MediaKind::Voice, |work| {
                work.subject = json!({ "caller": "a\0b" });
            })
            .await;
        hall.floor.accepted(poison, agent(1)).await.unwrap();
        hall.floor.ended(poison).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        let work = whole_call(hall).await;
        written(hall).await;
        assert_whole(hall, work).await;
        assert_eq!(hall.history(1).await.len(), 1 + 2 * 4);
        assert_eq!(
            hall.events(poison).await.last().unwrap(),
            "work.wrap_up_ended"
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_said_before_the_stop_is_written() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = whole_call(hall).await;
        hall.restart().await;
        assert_whole(hall, work).await;
    })
    .await;
}

#[tokio::test]
async fn a_row_and_the_event_of_one_cause_are_committed_together_or_not_at_all() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.floor.flushed().await.unwrap();
        // The offer, its row and its ring could be written, the agent's state not.
        run(hall, "alter table agent_state_changes rename to set_aside").await;
        let work = hall.call().await;
        for _ in 0..20 {
            hall.app.clock.advance(Duration::from_secs(1));
            pause().await;
        }
        let row = floor::work_item::store::get(hall.app.db.read(), work)
            .await
            .unwrap();
        assert!(row.is_none(), "half of what happened: {row:?}");
        assert_eq!(
            hall.app
                .events
                .of_subject(hall.app.db.read(), &work.to_string())
                .await
                .unwrap()
                .len(),
            0
        );
        run(hall, "alter table set_aside rename to agent_state_changes").await;
        written(hall).await;
        assert_eq!(hall.events(work).await[..2], ["work.offered", "work.rung"]);
    })
    .await;
}

#[tokio::test]
async fn a_medium_that_still_ends_its_works_keeps_the_floor_open_at_the_stop() {
    on_both(async |hall| {
        hall.ready(1).await;
        let talk = hall.talk(1).await;
        let waits = hall.call().await;
        let open = hall.floor.keep_open();
        let app = hall.app.clone();
        let stopped = tokio::spawn(async move { app.stop().await });
        while !hall.app.shutdown.is_cancelled() {
            pause().await;
        }
        pause().await;
        hall.floor.interrupted(waits).await;
        hall.floor.ended(talk).await;
        drop(open);
        assert!(stopped.await.unwrap(), "nothing holds the stop up");
        hall.restart().await;
        for (work, outcome, owed) in [(talk, "answered", false), (waits, "interrupted", true)] {
            let row = hall.row(work).await;
            assert_eq!(
                (row.outcome.as_deref(), row.callback_due),
                (Some(outcome), owed)
            );
        }
    })
    .await;
}
