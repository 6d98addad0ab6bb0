use floor::{AgentState, Presence};
use serde_json::json;

use crate::hall::{Told, agent, on_both, seat};

#[tokio::test]
async fn open_works_are_interrupted_and_who_was_not_answered_is_owed_a_call() {
    on_both(async |hall| {
        hall.ready(1).await;
        let talk = hall.talk(1).await;
        hall.ready(2).await;
        let rung = hall.call().await;
        let waits = hall.call().await;
        let chat = hall
            .offer(floor::MediaKind::Chat, |work| {
                work.preferred_agent = Some(agent(3));
            })
            .await;
        hall.restart().await;
        for (work, owed) in [(talk, false), (rung, true), (waits, true), (chat, false)] {
            let row = hall.row(work).await;
            assert_eq!(
                (row.outcome.as_deref(), row.callback_due),
                (Some("interrupted"), owed),
                "{row:?}"
            );
            assert!(row.ended_at.is_some());
        }
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (board.calls_today, board.answered_today, board.lost_today),
            (3, 1, 2)
        );
        assert_eq!(
            (board.callbacks_due, board.waiting, board.on_post),
            (2, 0, 0)
        );
    })
    .await;
}

#[tokio::test]
async fn who_registers_again_in_time_gets_back_the_state_he_had() {
    on_both(async |hall| {
        for number in 1..=3 {
            hall.ready(number).await;
        }
        hall.floor
            .ask(agent(2), Presence::Break, Some("喝水".to_owned()))
            .await
            .unwrap();
        let sessions: Vec<_> = [
            hall.changes(1).await[0].session_id,
            hall.changes(2).await[0].session_id,
        ]
        .into();
        hall.restart().await;
        assert_eq!(
            hall.state(1),
            AgentState::SignedOut,
            "nobody was on post meanwhile"
        );
        hall.pass(50).await;
        hall.reachable(1, true).await;
        hall.reachable(2, true).await;
        assert_eq!(
            (hall.state(1), hall.state(2)),
            (AgentState::Ready, AgentState::Break)
        );
        let view = hall.floor.agent(agent(2)).await.unwrap();
        assert_eq!(view.reason.as_deref(), Some("喝水"));
        let work = hall.call().await;
        assert_eq!(hall.told(), [Told::Ring(work, 1)]);
        // Agent 3 is late: signed out as of the restart.
        hall.pass(12).await;
        hall.reachable(3, true).await;
        assert_eq!(hall.state(3), AgentState::SignedOut);
        assert_eq!(
            hall.history(1).await,
            ["ready", "signed_out", "ready", "ringing"]
        );
        assert_eq!(hall.history(3).await, ["ready", "signed_out"]);
        let changes = hall.changes(1).await;
        assert_eq!(changes[1].reason.as_deref(), Some("restart"));
        assert_eq!(
            [changes[3].session_id, hall.changes(2).await[3].session_id],
            sessions[..]
        );
        let open = floor::agent_state::store::open_sessions(hall.app.db.read())
            .await
            .unwrap();
        assert_eq!(open.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_wrap_up_goes_on_for_the_rest_of_its_time() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        hall.floor
            .extend_wrap_up(agent(1), "补录".to_owned())
            .await
            .unwrap();
        let ends_at = hall.floor.agent(agent(1)).await.unwrap().wrap_up_ends_at;
        hall.restart().await;
        hall.reachable(1, true).await;
        let view = hall.floor.agent(agent(1)).await.unwrap();
        assert_eq!(
            (
                view.state,
                view.work_id,
                view.wrap_up_ends_at,
                view.wrap_up_extensions
            ),
            (AgentState::WrapUp, Some(work), ends_at, 1)
        );
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::Ready);
        let row = hall.row(work).await;
        assert_eq!(
            (row.outcome.as_deref(), row.wrap_up_expired),
            (Some("answered"), false)
        );
        assert!(row.wrap_up_ended_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_talk_the_restart_cut_off_is_to_be_written_up() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.restart().await;
        // Twice in a minute.
        hall.restart().await;
        hall.reachable(1, true).await;
        let view = hall.floor.agent(agent(1)).await.unwrap();
        assert_eq!((view.state, view.work_id), (AgentState::WrapUp, Some(work)));
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        let row = hall.row(work).await;
        assert!(row.wrap_up_began_at.is_some() && row.wrap_up_ended_at.is_some());
        assert_eq!(row.outcome.as_deref(), Some("interrupted"));
        assert_eq!(
            hall.events(work).await[3..],
            ["work.wrap_up_began", "work.wrap_up_ended"]
        );
    })
    .await;
}

#[tokio::test]
async fn who_chooses_anew_before_his_device_is_back_keeps_what_he_chose() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.ready(2).await;
        hall.restart().await;
        let asked = hall
            .put(
                &seat(1),
                "/api/v1/agent-state",
                json!({"state": "training"}),
            )
            .await;
        assert_eq!(asked.json["state"], "training");
        hall.reachable(1, true).await;
        assert_eq!(hall.state(1), AgentState::Training);
        // Whose console is closed meanwhile does not come back by his desk phone alone.
        hall.people.signed_in.lock().unwrap().remove(&agent(2));
        hall.publish("session.ended", agent(2), json!({})).await;
        hall.reachable(2, true).await;
        assert_eq!(hall.state(2), AgentState::SignedOut);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_come_back_owes_what_he_was_writing_up() {
    on_both(async |hall| {
        for number in 1..=3 {
            hall.ready(number).await;
        }
        // Agent 1 writes up, agent 2 is cut off in a talk, agent 3 writes up and chooses anew.
        let mut works = Vec::new();
        for number in 1..=3 {
            works.push(hall.talk(number).await);
        }
        for work in [works[0], works[2]] {
            hall.floor.ended(work).await;
        }
        hall.restart().await;
        hall.floor
            .ask(agent(3), Presence::Training, None)
            .await
            .unwrap();
        assert_eq!(
            hall.events(works[2]).await.last().unwrap(),
            "work.wrap_up_expired"
        );
        hall.pass(61).await;
        for work in works {
            let told = hall.events(work).await;
            let expired = told.iter().filter(|kind| *kind == "work.wrap_up_expired");
            assert_eq!(expired.count(), 1, "{told:?}");
            let row = hall.row(work).await;
            assert!(row.wrap_up_expired && row.wrap_up_ended_at.is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn kept_places_are_resumed_in_their_order_and_who_was_just_called_back_is_owed_a_call() {
    on_both(async |hall| {
        let mut kept = Vec::new();
        for _ in 0..3 {
            let old = hall.call().await;
            hall.pass(10).await;
            let id = hall.app.ids.next();
            let new = floor::Work {
                id,
                media: floor::MediaKind::Voice,
                queue: floor::DEFAULT_QUEUE.to_owned(),
                priority: 0,
                preferred_agent: None,
                offered_at: hall.app.clock.now(),
                subject: json!({ "caller": "139****0001" }),
            };
            hall.floor.keep_place(old, new).await.unwrap();
            kept.push((id, old));
        }
        // The first is being called back when the process ends.
        hall.ready(1).await;
        hall.floor.accepted(kept[0].0, agent(1)).await.unwrap();
        let behind = hall.call().await;
        let before = hall.row(kept[1].0).await;
        hall.restart().await;
        let places = hall.floor.kept_places().await.unwrap();
        let places: Vec<_> = places.into_iter().map(|(work, of)| (work.id, of)).collect();
        assert_eq!(places, kept[1..]);
        let first = hall.row(kept[0].0).await;
        assert_eq!(
            (first.outcome.as_deref(), first.callback_due),
            (Some("interrupted"), true)
        );
        assert_eq!(
            hall.row(behind).await.outcome.as_deref(),
            Some("interrupted")
        );
        assert_eq!(hall.row(kept[1].0).await, before, "nothing happened to it");
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.waiting), (4, 2));
        let day = floor::work_item::store::recount(hall.app.db.read(), board.as_of).await;
        assert_eq!(day.unwrap().offered, 4);
        // Somebody who calls now stands behind them.
        let late = hall.call().await;
        for (number, work) in [(2, kept[1].0), (3, kept[2].0)] {
            hall.ready(number).await;
            assert_eq!(hall.told().last(), Some(&Told::Ring(work, number)));
        }
        hall.floor.accepted(kept[1].0, agent(2)).await.unwrap();
        hall.floor.ended(kept[1].0).await;
        hall.floor.end_wrap_up(agent(2)).await.unwrap();
        assert_eq!(hall.told().last(), Some(&Told::Ring(late, 2)));
        assert_eq!(
            hall.row(kept[1].0).await.outcome.as_deref(),
            Some("answered")
        );
    })
    .await;
}
