//! The wallboard's figures are those the rows give.

use std::time::Duration;

use floor::work_item::store::{callback_done, callbacks_due, recount};
use floor::{AgentState, Declined, MediaKind, PassTo, Presence, Work};
use serde_json::json;

use crate::hall::{Hall, agent, lead, on_both, on_both_at};

pub async fn compare(hall: &Hall) {
    hall.look().await;
    hall.floor.flushed().await.unwrap();
    let board = hall.floor.wallboard().await.unwrap();
    let day = recount(hall.app.db.read(), board.as_of).await.unwrap();
    assert_eq!(
        (
            board.calls_today,
            board.answered_today,
            board.in_time_today,
            board.abandoned_today,
            board.short_abandoned_today,
            board.lost_today,
            board.answered_in_15_bp,
        ),
        (
            day.offered,
            day.answered,
            day.in_time,
            day.abandoned,
            day.short,
            day.lost,
            day.in_time_bp(),
        ),
        "{board:?}"
    );
    let due = callbacks_due(hall.app.db.read(), 1000).await.unwrap();
    assert_eq!(board.callbacks_due, due.len());
    assert_eq!(board.oldest_callback_at, due.first().map(|(at, _)| *at));
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn of<'a, T>(&mut self, some: &'a [T]) -> Option<&'a T> {
        (!some.is_empty()).then(|| &some[self.below(some.len())])
    }
}

/// Something happens on the floor.
async fn happens(hall: &Hall, dice: &mut Dice) {
    let floor = hall.floor.snapshot().await.unwrap();
    let number = u8::try_from(dice.below(3)).unwrap() + 1;
    let id = agent(number);
    match dice.below(20) {
        0..=3 => {
            hall.call().await;
        }
        4 => {
            hall.offer(MediaKind::Chat, |_| {}).await;
        }
        5..=7 => {
            let rung: Vec<_> = floor
                .waiting
                .iter()
                .filter(|work| work.rings_at.is_some())
                .collect();
            if let Some(work) = dice.of(&rung) {
                let at = work.rings_at.unwrap();
                if dice.below(5) == 0 {
                    hall.floor.declined(work.work_id, at, Declined::Busy).await;
                } else {
                    hall.floor.accepted(work.work_id, at).await.unwrap();
                }
            }
        }
        8 => {
            if let Some(work) = dice.of(&floor.waiting) {
                hall.floor.withdraw(work.work_id).await;
            }
        }
        9..=10 => {
            let view = hall.floor.agent(id).await.unwrap();
            if let (AgentState::Talking | AgentState::Ringing, Some(work)) =
                (view.state, view.work_id)
            {
                hall.floor.ended(work).await;
            }
        }
        11 => {
            // Not in wrap-up most of the time.
            let _ = hall.floor.end_wrap_up(id).await;
        }
        12 => {
            let presence = [
                Presence::Ready,
                Presence::Ready,
                Presence::Break,
                Presence::SignedOut,
            ][dice.below(4)];
            // `ready` is refused while his device is away.
            let asked = hall.floor.ask(agent(number), presence, None);
            let _ = asked.await;
        }
        13 => {
            hall.reachable(number, dice.below(4) > 0).await;
            let ready = hall.floor.ask(agent(number), Presence::Ready, None);
            let _ = ready.await;
        }
        14 => {
            // Refused while he is busy.
            let _ = hall.floor.began(hall.app.ids.next(), id).await;
        }
        15..=16 => {
            let view = hall.floor.agent(id).await.unwrap();
            if let (AgentState::Talking, Some(work)) = (view.state, view.work_id) {
                let to = match dice.below(4) {
                    0 => PassTo::Queue(floor::DEFAULT_QUEUE.to_owned()),
                    other => PassTo::Agent(agent(u8::try_from(other).unwrap())),
                };
                // Refused when that agent is not free.
                let _ = hall.floor.pass(work, to).await;
            }
        }
        17 => {
            let consult = hall.app.ids.next();
            let view = hall.floor.agent(id).await.unwrap();
            let other = agent(u8::try_from(dice.below(3)).unwrap() + 1);
            if let (AgentState::Talking, Some(work)) = (view.state, view.work_id)
                && hall.floor.consult(consult, other).await.is_ok()
            {
                hall.floor.accepted(consult, other).await.unwrap();
                if dice.below(2) == 0 {
                    // A consultation itself cannot be handed over.
                    let _ = hall.floor.hand_over(work, Some(consult), other).await;
                }
                hall.floor.ended(consult).await;
            }
        }
        18 => {
            if let Some(work) = dice.of(&floor.waiting)
                && work.media == MediaKind::Voice
            {
                let new = Work {
                    id: hall.app.ids.next(),
                    media: work.media,
                    queue: work.queue.clone(),
                    priority: 0,
                    preferred_agent: None,
                    offered_at: hall.app.clock.now(),
                    subject: json!({}),
                };
                hall.floor.keep_place(work.work_id, new).await.unwrap();
            }
        }
        _ => {
            hall.floor.flushed().await.unwrap();
            let due = callbacks_due(hall.app.db.read(), 1000).await.unwrap();
            if let Some((_, work)) = dice.of(&due) {
                let (work, now) = (*work, hall.app.clock.now());
                let done = hall
                    .app
                    .db
                    .write(async move |tx| callback_done(&*tx, work, None, now, None).await);
                done.await.unwrap();
                hall.floor.callback_done(work).await.unwrap();
            }
        }
    }
    let seconds = [0, 0, 1, 2, 4, 9, 21, 70][dice.below(8)];
    hall.app.clock.advance(Duration::from_secs(seconds));
    hall.look().await;
}

#[tokio::test]
async fn after_a_busy_day_over_midnight_the_wallboard_is_what_the_rows_give() {
    // An hour before midnight in Guangzhou.
    on_both_at("2026-11-23T15:00:00Z", async |hall| {
        let mut dice = Dice(0x5101_cafe_f00d);
        for number in 1..=3 {
            hall.ready(number).await;
        }
        let (mut before, mut after) = (0, 0);
        for turn in 0..500 {
            happens(hall, &mut dice).await;
            if turn % 50 == 0 {
                compare(hall).await;
            }
            let today = hall.floor.wallboard().await.unwrap().calls_today;
            if hall.app.clock.now()
                < "2026-11-23T16:00:00Z"
                    .parse::<chrono::DateTime<chrono::Utc>>()
                    .unwrap()
            {
                before = today;
            } else {
                after = today;
            }
        }
        compare(hall).await;
        let board = hall.floor.wallboard().await.unwrap();
        assert!(
            before > 10 && after > 20,
            "{before} calls before midnight, {after} after"
        );
        assert!(
            board.abandoned_today > 0 && board.answered_today > 0,
            "{board:?}"
        );
        hall.restart().await;
        compare(hall).await;
    })
    .await;
}

#[tokio::test]
async fn the_answer_rate_counts_short_abandons_and_only_what_is_decided() {
    on_both(async |hall| {
        assert_eq!(
            hall.floor.wallboard().await.unwrap().answered_in_15_bp,
            None
        );
        hall.ready(1).await;
        let in_time = hall.talk(1).await;
        hall.floor.ended(in_time).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        let late = hall.call().await;
        hall.pass(16).await;
        hall.floor.accepted(late, agent(1)).await.unwrap();
        let short = hall.call().await;
        hall.floor.withdraw(short).await;
        let waits = hall.call().await;
        hall.pass(2).await;
        let board = hall.get(&lead(), "/api/v1/wallboard").await;
        assert_eq!(
            (
                &board["answered_in_15_bp"],
                &board["answered_in_15_formula"]
            ),
            (&json!(3333), &json!("A15/O"))
        );
        assert_eq!(
            (&board["calls_today"], &board["waiting"]),
            (&json!(4), &json!(1))
        );
        assert_eq!(
            (&board["on_post"], &board["expected"]),
            (&json!(1), &json!(6))
        );
        assert!(board["longest_wait_s"].as_i64().unwrap() >= 2);
        assert_eq!(hall.row(waits).await.ended_at, None);
        compare(hall).await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_comes_before_midnight_and_is_answered_after_belongs_to_its_day() {
    on_both_at("2026-11-23T15:59:50Z", async |hall| {
        hall.ready(1).await;
        let work = hall.call().await;
        hall.pass(12).await;
        hall.floor.accepted(work, agent(1)).await.unwrap();
        compare(hall).await;
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.answered_today), (0, 0));
        let yesterday = recount(hall.app.db.read(), hall.row(work).await.offered_at)
            .await
            .unwrap();
        assert_eq!(
            (yesterday.offered, yesterday.answered, yesterday.in_time),
            (1, 1, 1)
        );
    })
    .await;
}
