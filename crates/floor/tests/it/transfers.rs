//! One call that goes from agent to agent keeps one row, and its figures are those of the first answer.

use std::sync::Arc;

use floor::work_item::parts;
use floor::work_item::store::recount;
use floor::{AgentState, MediaKind, PassTo, Presence, Work};
use kernel::Problem;
use serde_json::json;
use uuid::Uuid;

use crate::hall::{Hall, Record, Told, agent, on_both};

fn code(refused: Result<(), Problem>) -> String {
    refused.unwrap_err().code.to_string()
}

/// Who had it, and how his part ended.
async fn had_by(hall: &Hall, work: Uuid) -> Vec<(Uuid, Option<String>)> {
    hall.floor.flushed().await.unwrap();
    let parts = parts::of(hall.app.db.read(), work).await.unwrap();
    let numbers: Vec<_> = parts.iter().map(|part| part.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i32).collect::<Vec<_>>());
    parts
        .into_iter()
        .map(|part| (part.agent_id, part.ended_as))
        .collect()
}

fn ended_as(agent: Uuid, how: &str) -> (Uuid, Option<String>) {
    (agent, Some(how.to_owned()))
}

#[tokio::test]
async fn a_passed_call_keeps_its_first_answer_and_shows_both_agents() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        let first = hall.row(work).await;
        hall.pass(40).await;
        hall.ready(2).await;
        hall.floor
            .pass(work, PassTo::Agent(agent(2)))
            .await
            .unwrap();
        assert_eq!(hall.told().last(), Some(&Told::Ring(work, 2)));
        assert_eq!(hall.state(1), AgentState::WrapUp);
        hall.pass(18).await;
        hall.floor.accepted(work, agent(2)).await.unwrap();
        let row = hall.row(work).await;
        assert_eq!(row.agent_id, Some(agent(2)));
        assert_eq!(
            (row.accepted_at, row.wait_ms, row.in_time),
            (first.accepted_at, first.wait_ms, Some(true))
        );
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (board.calls_today, board.answered_today, board.in_time_today),
            (1, 1, 1)
        );
        // The first writes up while the other talks; the call lives on.
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.row(work).await.wrap_up_began_at, None);
        hall.floor.ended(work).await;
        assert_eq!(hall.state(2), AgentState::WrapUp);
        hall.floor.end_wrap_up(agent(2)).await.unwrap();
        let row = hall.row(work).await;
        assert_eq!(row.outcome.as_deref(), Some("answered"));
        assert!(
            row.wrap_up_ended_at >= row.wrap_up_began_at && row.wrap_up_began_at == row.ended_at
        );
        assert_eq!(
            had_by(hall, work).await,
            [ended_as(agent(1), "passed"), ended_as(agent(2), "over")]
        );
        assert_eq!(
            hall.events(work).await,
            [
                "work.offered",
                "work.rung",
                "work.accepted",
                "work.passed",
                "work.part_wrap_up_began",
                "work.rung",
                "work.accepted",
                "work.part_wrap_up_ended",
                "work.ended",
                "work.wrap_up_began",
                "work.wrap_up_ended"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn the_record_is_asked_of_the_one_who_had_the_call_last() {
    on_both(async |hall| {
        hall.floor.attach_wrap_up_gate(Arc::<Record>::default());
        hall.ready(1).await;
        hall.ready(2).await;
        let work = hall.talk(1).await;
        hall.floor
            .pass(work, PassTo::Queue("hotline".to_owned()))
            .await
            .unwrap();
        hall.floor.accepted(work, agent(2)).await.unwrap();
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        hall.floor.ended(work).await;
        let early = hall.floor.end_wrap_up(agent(2)).await;
        assert_eq!(code(early), "wrap_up_incomplete");
    })
    .await;
}

#[tokio::test]
async fn who_gives_up_after_a_transfer_was_answered_once_and_his_record_is_owed() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.floor
            .pass(work, PassTo::Queue("hotline".to_owned()))
            .await
            .unwrap();
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        hall.ask(1, Presence::Break).await;
        hall.floor.withdraw(work).await;
        let row = hall.row(work).await;
        assert_eq!(
            (row.outcome.as_deref(), row.short, row.callback_due),
            (Some("abandoned"), false, false)
        );
        let events = hall.events(work).await;
        assert_eq!(
            events[events.len() - 2..],
            ["work.ended", "work.wrap_up_expired"]
        );
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (
                board.calls_today,
                board.answered_today,
                board.abandoned_today
            ),
            (1, 1, 0)
        );
        let day = recount(hall.app.db.read(), board.as_of).await.unwrap();
        assert_eq!((day.offered, day.answered, day.abandoned), (1, 1, 0));
    })
    .await;
}

#[tokio::test]
async fn who_cannot_take_it_now_is_refused_and_the_talk_goes_on() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        let busy = hall.floor.pass(work, PassTo::Agent(agent(2))).await;
        assert_eq!(code(busy), "agent_not_free");
        let nowhere = hall.floor.pass(work, PassTo::Queue("moon".into())).await;
        assert_eq!(code(nowhere), "queue_unknown");
        let nobody = PassTo::Agent(Uuid::from_u128(7));
        assert_eq!(code(hall.floor.pass(work, nobody).await), "not_found");
        assert_eq!(hall.state(1), AgentState::Talking);
    })
    .await;
}

#[tokio::test]
async fn a_consultation_leaves_no_row_and_a_hand_over_moves_the_call() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.people.signed_in.lock().unwrap().insert(agent(2));
        hall.reachable(2, true).await;
        hall.ask(2, Presence::Meeting).await;
        let consult = hall.app.ids.next();
        hall.floor.consult(consult, agent(2)).await.unwrap();
        assert_eq!(hall.state(2), AgentState::Ringing);
        hall.floor.accepted(consult, agent(2)).await.unwrap();
        hall.floor.ended(consult).await;
        assert_eq!(hall.state(2), AgentState::Meeting);
        // Asked again, he takes it over.
        let again = hall.app.ids.next();
        hall.floor.held(work, true).await;
        hall.floor.consult(again, agent(2)).await.unwrap();
        let early = hall.floor.hand_over(work, Some(again), agent(2)).await;
        assert_eq!(code(early), "not_talking");
        hall.floor.accepted(again, agent(2)).await.unwrap();
        hall.floor
            .hand_over(work, Some(again), agent(2))
            .await
            .unwrap();
        assert_eq!(
            (hall.state(1), hall.state(2)),
            (AgentState::WrapUp, AgentState::Talking)
        );
        let view = hall.floor.agent(agent(2)).await.unwrap();
        assert_eq!(view.work_id, Some(work));
        hall.floor.ended(work).await;
        hall.pass(61).await;
        assert_eq!(
            (hall.state(1), hall.state(2)),
            (AgentState::Ready, AgentState::Meeting)
        );
        assert_eq!(
            had_by(hall, work).await,
            [
                ended_as(agent(1), "handed_over"),
                ended_as(agent(2), "over")
            ]
        );
        assert_eq!(hall.row(work).await.agent_id, Some(agent(2)));
        hall.floor.flushed().await.unwrap();
        for consult in [consult, again] {
            assert_eq!(hall.events(consult).await, Vec::<String>::new());
            let row = floor::work_item::store::get(hall.app.db.read(), consult).await;
            assert_eq!(row.unwrap(), None);
        }
        hall.history(2).await;
    })
    .await;
}

#[tokio::test]
async fn both_agents_of_a_call_write_up_after_a_restart() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.ready(2).await;
        let work = hall.talk(1).await;
        hall.floor
            .pass(work, PassTo::Agent(agent(2)))
            .await
            .unwrap();
        hall.floor.accepted(work, agent(2)).await.unwrap();
        hall.restart().await;
        hall.reachable(1, true).await;
        hall.reachable(2, true).await;
        assert_eq!(
            (hall.state(1), hall.state(2)),
            (AgentState::WrapUp, AgentState::WrapUp)
        );
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        hall.floor.end_wrap_up(agent(2)).await.unwrap();
        let events = hall.events(work).await;
        assert_eq!(
            events[events.len() - 2..],
            ["work.part_wrap_up_ended", "work.wrap_up_ended"]
        );
        assert_eq!(
            had_by(hall, work).await,
            [
                ended_as(agent(1), "passed"),
                ended_as(agent(2), "interrupted")
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_told_his_place_and_how_long_it_takes() {
    on_both(async |hall| {
        hall.ready(1).await;
        let talk = hall.talk(1).await;
        let first = hall.call().await;
        let second = hall.call().await;
        let position = async |work| hall.floor.position(work).await;
        let place = position(second).await.unwrap();
        // Nobody knows yet how long a talk takes.
        assert_eq!((place.ahead, place.expected_wait_s), (1, None));
        assert_eq!(position(talk).await, None);
        hall.pass(90).await;
        hall.floor.ended(talk).await;
        hall.pass(30).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.told().last(), Some(&Told::Ring(first, 1)));
        let place = position(second).await.unwrap();
        // Two minutes a talk, one agent.
        assert_eq!(place.ahead, 0);
        let wait = place.expected_wait_s.unwrap();
        assert!((118..=124).contains(&wait), "{wait}");
        hall.floor.withdraw(second).await;
        assert_eq!(position(second).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_call_back_keeps_the_place_and_counts_as_one_request() {
    on_both(async |hall| {
        let old = hall.call().await;
        hall.pass(30).await;
        let behind = hall.call().await;
        let id = hall.app.ids.next();
        let new = Work {
            id,
            media: MediaKind::Voice,
            queue: floor::DEFAULT_QUEUE.to_owned(),
            priority: 0,
            preferred_agent: None,
            offered_at: hall.app.clock.now(),
            subject: json!({ "caller": "139****0001" }),
        };
        hall.floor.keep_place(old, new.clone()).await.unwrap();
        let ended = hall.row(old).await;
        assert_eq!(
            (ended.outcome.as_deref(), ended.callback_due),
            (Some("callback"), false)
        );
        let row = hall.row(id).await;
        assert_eq!(
            (row.continues, row.offered_at),
            (Some(old), ended.offered_at)
        );
        assert_eq!(hall.floor.position(behind).await.unwrap().ahead, 1);
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (board.calls_today, board.abandoned_today, board.waiting),
            (2, 0, 2)
        );
        hall.ready(1).await;
        assert_eq!(hall.told().last(), Some(&Told::Ring(id, 1)));
        hall.floor.accepted(id, agent(1)).await.unwrap();
        let late = hall.floor.keep_place(id, Work { id: old, ..new }).await;
        assert_eq!(code(late), "not_waiting");
        hall.floor.withdraw(behind).await;
        hall.floor.flushed().await.unwrap();
        let board = hall.floor.wallboard().await.unwrap();
        let day = recount(hall.app.db.read(), board.as_of).await.unwrap();
        assert_eq!((day.offered, day.answered, day.abandoned), (2, 1, 1));
        assert_eq!((board.calls_today, board.answered_today), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_is_asked_leaves_no_row_and_the_call_is_its_agents_in_the_end() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        let consult = hall.app.ids.next();
        let hotline = || floor::DEFAULT_QUEUE.to_owned();
        let ask = async |id| hall.floor.consult_queue(id, work, hotline()).await;
        ask(consult).await.unwrap();
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.waiting), (1, 0));
        hall.ready(2).await;
        assert_eq!(hall.told().last(), Some(&Told::Ring(consult, 2)));
        hall.floor.accepted(consult, agent(2)).await.unwrap();
        hall.floor
            .hand_over(work, Some(consult), agent(2))
            .await
            .unwrap();
        assert_eq!(
            (hall.state(1), hall.state(2)),
            (AgentState::WrapUp, AgentState::Talking)
        );
        // Asked again, and nobody comes: the medium is told.
        let again = hall.app.ids.next();
        ask(again).await.unwrap();
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.told().last(), Some(&Told::Ring(again, 1)));
        hall.ask(1, Presence::Break).await;
        hall.floor
            .declined(again, agent(1), floor::Declined::Refused)
            .await;
        hall.pass(901).await;
        assert_eq!(hall.told().last(), Some(&Told::GiveUp(again)));
        let nowhere = hall.app.ids.next();
        let nowhere = hall.floor.consult_queue(nowhere, work, "moon".into()).await;
        assert_eq!(code(nowhere), "queue_unknown");
        hall.floor.ended(work).await;
        assert_eq!(
            had_by(hall, work).await,
            [
                ended_as(agent(1), "handed_over"),
                ended_as(agent(2), "over")
            ]
        );
        for consult in [consult, again] {
            assert_eq!(hall.events(consult).await, Vec::<String>::new());
            let row = floor::work_item::store::get(hall.app.db.read(), consult).await;
            assert_eq!(row.unwrap(), None);
        }
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.answered_today), (1, 1));
        let day = recount(hall.app.db.read(), board.as_of).await.unwrap();
        assert_eq!((day.offered, day.answered), (1, 1));
    })
    .await;
}
