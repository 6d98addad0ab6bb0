//! Work that was taken on another telephone: the same agent's time, wrap-up and figures.

use chrono::TimeDelta;
use floor::work_item::store::recount;
use floor::{AgentState, MediaKind, Past, Work};
use serde_json::json;
use uuid::Uuid;

use crate::hall::{Hall, agent, on_both};

fn taken(hall: &Hall) -> Work {
    Work {
        id: hall.app.ids.next(),
        media: MediaKind::Voice,
        queue: floor::DEFAULT_QUEUE.to_owned(),
        priority: 0,
        preferred_agent: None,
        offered_at: hall.app.clock.now() - TimeDelta::seconds(9),
        subject: json!({ "caller": "139****0001" }),
    }
}

#[tokio::test]
async fn a_talk_on_another_telephone_fills_the_agents_hands_and_is_written_up() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = taken(hall);
        let id = work.id;
        for _ in 0..2 {
            hall.floor
                .taken_elsewhere(work.clone(), agent(1), true)
                .await
                .unwrap();
        }
        assert_eq!(hall.state(1), AgentState::Talking);
        assert!(hall.told().is_empty(), "nobody is rung for it");
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (board.calls_today, board.answered_today, board.in_time_today),
            (1, 1, 1)
        );
        // Nothing is given to who talks elsewhere.
        let waits = hall.call().await;
        assert!(hall.told().is_empty());
        hall.floor.withdraw(waits).await;
        hall.floor.ended(id).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        let row = hall.row(id).await;
        assert_eq!(
            (row.outcome.as_deref(), row.agent_id),
            (Some("answered"), Some(agent(1)))
        );
        let again = hall.floor.taken_elsewhere(work, agent(2), true).await;
        assert_eq!(again.unwrap_err().code, "no_longer_offered");
        let counted = recount(hall.app.db.read(), hall.app.clock.now())
            .await
            .unwrap();
        assert_eq!((counted.offered, counted.answered), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn who_is_signed_out_here_talks_all_the_same_and_a_placed_call_is_not_counted() {
    on_both(async |hall| {
        let work = taken(hall);
        let id = work.id;
        hall.floor
            .taken_elsewhere(work, agent(2), false)
            .await
            .unwrap();
        assert_eq!(hall.state(2), AgentState::Talking);
        assert_eq!(hall.floor.wallboard().await.unwrap().calls_today, 0);
        hall.floor.ended(id).await;
        assert_eq!(hall.state(2), AgentState::WrapUp);
        hall.floor.end_wrap_up(agent(2)).await.unwrap();
        assert_eq!(hall.state(2), AgentState::SignedOut);
        let nobody = hall
            .floor
            .taken_elsewhere(taken(hall), Uuid::from_u128(5), true)
            .await;
        assert_eq!(nobody.unwrap_err().code, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_talk_goes_on_over_a_restart_and_is_counted_once() {
    on_both(async |hall| {
        let work = taken(hall);
        let id = work.id;
        hall.floor
            .taken_elsewhere(work.clone(), agent(1), true)
            .await
            .unwrap();
        hall.floor.flushed().await.unwrap();
        hall.restart().await;
        assert_eq!(
            hall.row(id).await.outcome.as_deref(),
            Some("interrupted"),
            "a new process knows nothing of it yet"
        );
        hall.floor
            .taken_elsewhere(work, agent(1), true)
            .await
            .unwrap();
        assert_eq!(hall.state(1), AgentState::Talking);
        hall.pass(70).await;
        hall.floor.ended(id).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        let row = hall.row(id).await;
        assert_eq!(
            (row.outcome.as_deref(), row.wrap_up_expired),
            (Some("answered"), false)
        );
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.answered_today), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn calls_told_afterwards_are_counted_as_they_were_and_anew_when_told_otherwise() {
    on_both(async |hall| {
        let now = hall.app.clock.now();
        let past = |n: u128, waited: Option<i64>, answered: bool| Past {
            id: Uuid::from_u128(n),
            queue: Some(floor::DEFAULT_QUEUE.to_owned()),
            agent: answered.then(|| agent(1)),
            offered_at: now - TimeDelta::seconds(600),
            accepted_at: answered.then(|| now - TimeDelta::seconds(500)),
            ended_at: now - TimeDelta::seconds(400),
            wait: waited.map(TimeDelta::seconds),
            subject: json!({ "caller": "139****0001" }),
            callback: true,
        };
        let tell = async |told: Vec<Past>| {
            let floor = hall.floor.clone();
            hall.app
                .db
                .write(move |tx| async move { floor.past(&tx, told).await })
                .await
                .unwrap();
        };
        let mut yesterday = past(6, Some(3), true);
        yesterday.offered_at = now - TimeDelta::days(1);
        let mut placed = past(7, None, false);
        placed.queue = None;
        tell(vec![
            past(1, Some(10), true),
            past(2, Some(100), true),
            past(3, None, true),
            past(4, Some(2), false),
            past(5, Some(60), false),
            yesterday,
            placed,
        ])
        .await;
        let figures = async || {
            let board = hall.floor.wallboard().await.unwrap();
            let counted = recount(hall.app.db.read(), now).await.unwrap();
            assert_eq!(
                (
                    board.calls_today,
                    board.answered_today,
                    board.in_time_today,
                    board.abandoned_today,
                    board.short_abandoned_today
                ),
                (
                    counted.offered,
                    counted.answered,
                    counted.in_time,
                    counted.abandoned,
                    counted.short
                ),
                "memory and rows say the same"
            );
            (
                board.calls_today,
                board.answered_today,
                board.in_time_today,
                board.abandoned_today,
                board.callbacks_due,
            )
        };
        assert_eq!(figures().await, (5, 3, 1, 2, 1));
        // The file is sent again, mended: the one given up was answered after all.
        tell(vec![past(5, Some(5), true), past(1, Some(10), true)]).await;
        assert_eq!(figures().await, (5, 4, 2, 1, 0));
    })
    .await;
}
