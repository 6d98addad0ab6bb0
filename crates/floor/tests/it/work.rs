use floor::{AgentState, Declined, MediaKind};
use serde_json::json;

use crate::hall::{Told, agent, on_both};

#[tokio::test]
async fn a_call_is_offered_rung_taken_written_up_and_the_agent_is_ready_again() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.call().await;
        assert_eq!(hall.told(), [Told::Ring(work, 1)]);
        assert_eq!(hall.state(1), AgentState::Ringing);
        hall.pass(3).await;
        hall.floor.accepted(work, agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::Talking);
        hall.pass(30).await;
        hall.floor.held(work, true).await;
        hall.floor.held(work, false).await;
        hall.floor.ended(work).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        hall.pass(10).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::Ready);

        let row = hall.row(work).await;
        assert_eq!(
            (row.outcome.as_deref(), row.agent_id, row.in_time, row.rings),
            (Some("answered"), Some(agent(1)), Some(true), 1)
        );
        let wait_ms = row.wait_ms.unwrap();
        assert!((3000..4000).contains(&wait_ms), "{wait_ms}");
        assert_eq!(
            (row.accepted_at.unwrap() - row.offered_at).num_milliseconds(),
            wait_ms
        );
        assert!(row.first_rung_at.is_some() && !row.callback_due && !row.short);
        assert_eq!(row.wrap_up_began_at, row.ended_at);
        assert!(row.wrap_up_ended_at > row.wrap_up_began_at && !row.wrap_up_expired);

        let told = hall.payloads(work).await;
        let kinds: Vec<_> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(
            kinds,
            [
                "work.offered",
                "work.rung",
                "work.accepted",
                "work.ended",
                "work.wrap_up_began",
                "work.wrap_up_ended"
            ]
        );
        assert_eq!(told[0].1["subject"]["caller"], "139****0001");
        assert_eq!(
            (
                &told[2].1["agent"],
                &told[2].1["wait_ms"],
                &told[2].1["in_time"]
            ),
            (&json!(agent(1)), &json!(wait_ms), &json!(true))
        );
        assert!(
            told.iter()
                .all(|(_, facts)| facts["queue"] == "hotline" && facts["media"] == "voice")
        );

        assert_eq!(
            hall.history(1).await,
            [
                "ready", "ringing", "talking", "held", "talking", "wrap_up", "ready"
            ]
        );
        let changes = hall.changes(1).await;
        let by: Vec<_> = changes
            .iter()
            .map(|change| change.by_kind.as_str())
            .collect();
        assert_eq!(
            by,
            ["agent", "work", "work", "work", "work", "work", "agent"]
        );
        assert!(
            changes[1..6]
                .iter()
                .all(|change| change.work_id == Some(work))
        );
        assert!(
            changes
                .iter()
                .all(|change| change.session_id == changes[0].session_id)
        );
    })
    .await;
}

#[tokio::test]
async fn a_ring_that_times_out_gives_the_call_back_to_its_place() {
    on_both(async |hall| {
        hall.ready(1).await;
        let first = hall.call().await;
        hall.pass(5).await;
        let second = hall.call().await;
        hall.pass(16).await;
        assert_eq!(
            hall.told(),
            [Told::Ring(first, 1), Told::StopRinging(first, 1)]
        );
        assert_eq!(hall.state(1), AgentState::Break);
        let view = hall.floor.agent(agent(1)).await.unwrap();
        assert_eq!(view.reason.as_deref(), Some("no_answer"));
        // Both wait; the one that came first is served first.
        hall.ready(2).await;
        hall.ready(3).await;
        assert_eq!(
            hall.told()[2..],
            [Told::Ring(first, 2), Told::Ring(second, 3)]
        );
        let row = hall.row(first).await;
        assert_eq!((row.rings, row.ended_at), (2, None));
        assert!((row.first_rung_at.unwrap() - row.offered_at).num_seconds() < 2);
        // The phone that rang first says so late: nothing happens.
        hall.floor
            .declined(first, agent(1), Declined::NoAnswer)
            .await;
        assert_eq!(hall.state(2), AgentState::Ringing);
        let refused = hall.floor.accepted(first, agent(1)).await.unwrap_err();
        assert_eq!(refused.code, "no_longer_offered");
    })
    .await;
}

#[tokio::test]
async fn a_refused_ring_goes_to_the_next_agent() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.pass(1).await;
        hall.ready(2).await;
        let work = hall.call().await;
        hall.floor.declined(work, agent(1), Declined::Refused).await;
        assert_eq!(hall.told(), [Told::Ring(work, 1), Told::Ring(work, 2)]);
        assert_eq!(hall.history(1).await, ["ready", "ringing", "break"]);
        let changes = hall.changes(1).await;
        assert_eq!(
            (changes[2].reason.as_deref(), changes[2].by_kind.as_str()),
            (Some("refused"), "system")
        );
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_gives_up_is_short_within_five_seconds_and_owed_a_call_after() {
    on_both(async |hall| {
        hall.ready(1).await;
        let short = hall.call().await;
        hall.pass(4).await;
        hall.floor.withdraw(short).await;
        assert_eq!(
            hall.told(),
            [Told::Ring(short, 1), Told::StopRinging(short, 1)]
        );
        assert_eq!(hall.state(1), AgentState::Ready, "not his doing");
        let row = hall.row(short).await;
        assert_eq!(
            (
                row.outcome.as_deref(),
                row.short,
                row.callback_due,
                row.agent_id
            ),
            (Some("short_abandoned"), true, false, None)
        );

        let long = hall.call().await;
        hall.pass(7).await;
        hall.floor.withdraw(long).await;
        // Late and twice.
        hall.floor.withdraw(long).await;
        hall.floor.ended(long).await;
        let row = hall.row(long).await;
        assert_eq!(
            (row.outcome.as_deref(), row.short, row.callback_due),
            (Some("abandoned"), false, true)
        );
        assert!((7000..8000).contains(&row.wait_ms.unwrap()));
        assert_eq!(
            hall.events(long).await,
            ["work.offered", "work.rung", "work.abandoned"]
        );
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (
                board.callbacks_due,
                board.abandoned_today,
                board.short_abandoned_today
            ),
            (1, 2, 1)
        );
        assert_eq!(board.oldest_callback_at, Some(row.offered_at));
    })
    .await;
}

#[tokio::test]
async fn a_call_nobody_takes_in_the_longest_wait_is_let_go_and_owed_a_call() {
    on_both(async |hall| {
        let work = hall.call().await;
        hall.app.clock.advance(std::time::Duration::from_mins(15));
        hall.look().await;
        assert_eq!(hall.told(), [Told::GiveUp(work)]);
        let row = hall.row(work).await;
        assert_eq!(
            (row.outcome.as_deref(), row.callback_due),
            (Some("no_agent_answer"), true)
        );
        assert_eq!(hall.floor.wallboard().await.unwrap().lost_today, 1);
    })
    .await;
}

#[tokio::test]
async fn a_call_waits_for_its_first_owner_while_others_are_served() {
    on_both(async |hall| {
        hall.ready(1).await;
        let busy = hall.talk(1).await;
        hall.ready(2).await;
        let his = hall
            .offer(MediaKind::Voice, |work| {
                work.preferred_agent = Some(agent(1));
            })
            .await;
        assert_eq!(hall.told().len(), 1, "kept for agent 1");
        hall.floor.ended(busy).await;
        hall.floor.end_wrap_up(agent(1)).await.unwrap();
        assert_eq!(hall.told().last(), Some(&Told::Ring(his, 1)));
    })
    .await;
}

#[tokio::test]
async fn a_call_the_agent_places_himself_gives_him_back_what_he_was() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.ask(1, floor::Presence::Break).await;
        let unanswered = hall.app.ids.next();
        hall.floor.began(unanswered, agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::Ringing);
        let busy = hall.floor.began(hall.app.ids.next(), agent(1)).await;
        assert_eq!(busy.unwrap_err().code, "agent_busy");
        hall.floor.ended(unanswered).await;
        assert_eq!(hall.state(1), AgentState::Break);
        let row = hall.row(unanswered).await;
        assert_eq!(
            (
                row.outcome.as_deref(),
                row.queue,
                row.callback_due,
                row.in_time
            ),
            (Some("unanswered"), None, false, None)
        );

        let answered = hall.app.ids.next();
        hall.floor.began(answered, agent(1)).await.unwrap();
        hall.floor.accepted(answered, agent(1)).await.unwrap();
        hall.floor.ended(answered).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (board.calls_today, board.answered_today),
            (0, 0),
            "no call from outside"
        );
    })
    .await;
}

#[tokio::test]
async fn a_chat_leaves_the_agent_ready_and_counts_as_no_call() {
    on_both(async |hall| {
        hall.ready(1).await;
        let chat = hall.offer(MediaKind::Chat, |_| {}).await;
        hall.floor.accepted(chat, agent(1)).await.unwrap();
        assert_eq!(hall.state(1), AgentState::Ready);
        assert_eq!(hall.floor.agent(agent(1)).await.unwrap().chats, 1);
        hall.floor.ended(chat).await;
        let row = hall.row(chat).await;
        assert_eq!(
            (row.media.as_str(), row.outcome.as_deref()),
            ("chat", Some("answered"))
        );
        assert_eq!(row.wrap_up_began_at, None);
        assert_eq!(hall.floor.wallboard().await.unwrap().calls_today, 0);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_queue_and_a_work_offered_twice_are_refused_and_leave_no_row() {
    on_both(async |hall| {
        let work = hall.call().await;
        let mut again = floor::Work {
            id: work,
            media: MediaKind::Voice,
            queue: floor::DEFAULT_QUEUE.to_owned(),
            priority: 9,
            preferred_agent: None,
            offered_at: hall.app.clock.now(),
            subject: json!({ "caller": "somebody else" }),
        };
        let twice = hall.floor.offer(again.clone()).await.unwrap_err();
        assert_eq!((twice.status, twice.code), (409, "already_offered"));
        hall.floor.withdraw(work).await;
        assert_eq!(hall.row(work).await.subject["caller"], "139****0001");
        (again.id, again.queue) = (hall.app.ids.next(), "nowhere".to_owned());
        let lost = hall.floor.offer(again.clone()).await.unwrap_err();
        assert_eq!(lost.code, "queue_unknown");
        hall.floor.flushed().await.unwrap();
        let row = floor::work_item::store::get(hall.app.db.read(), again.id)
            .await
            .unwrap();
        assert!(row.is_none());
    })
    .await;
}

#[tokio::test]
async fn who_is_given_up_at_closing_time_is_owed_a_call() {
    on_both(async |hall| {
        let work = hall.call().await;
        hall.pass(30).await;
        hall.floor.give_up(work).await;
        assert_eq!(hall.told().last(), Some(&Told::GiveUp(work)));
        let row = hall.row(work).await;
        assert_eq!(
            (row.outcome.as_deref(), row.callback_due),
            (Some("no_agent_answer"), true)
        );
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.lost_today, board.abandoned_today), (1, 0));
    })
    .await;
}
