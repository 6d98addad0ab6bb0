//! What people who run other queues complain of (A = Asterisk, S = `FreeSWITCH`, FP = `FusionPBX`, IS = Issabel): here with
//! rows, rights and figures. What the distributor alone decides is tested in `acd`, under the same names.

use floor::work_item::store::callbacks_due;
use floor::{AgentState, Declined, PassTo, Presence};
use futures::future::join_all;
use serde_json::json;

use crate::figures::compare;
use crate::hall::{Told, agent, lead, on_both};

/// A PR 1737, 1741: calls answered at the same moment were counted twice.
#[tokio::test]
async fn no_call_is_counted_twice_when_everything_is_told_at_once() {
    on_both(async |hall| {
        for number in 1..=3 {
            hall.ready(number).await;
        }
        let mut works = Vec::new();
        for _ in 0..3 {
            works.push(hall.call().await);
        }
        // Each answer ten times, from each agent, and as many ends.
        let floor = &hall.floor;
        let answers = works.iter().flat_map(|work| {
            (1..=3)
                .flat_map(move |number| (0..10).map(move |_| floor.accepted(*work, agent(number))))
        });
        let taken = join_all(answers).await;
        // Repeated to the one who has it, refused to the others.
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 30);
        let ends = works
            .iter()
            .flat_map(|work| (0..10).map(|_| floor.ended(*work)));
        join_all(ends).await;
        let board = floor.wallboard().await.unwrap();
        assert_eq!((board.calls_today, board.answered_today), (3, 3));
        compare(hall).await;
        for work in works {
            let events = hall.events(work).await;
            for once in ["work.accepted", "work.ended", "work.wrap_up_began"] {
                let count = events.iter().filter(|event| *event == once).count();
                assert_eq!(count, 1, "{once}: {events:?}");
            }
        }
    })
    .await;
}

/// A 1006: with several queues the shortest wrap-up ended the longest.
#[tokio::test]
async fn wrap_up_of_three_queues_never_ends_early() {
    on_both(async |hall| {
        for (code, wrap_up_s) in [("short", 5), ("middle", 30), ("long", 90)] {
            let rules = json!({
                "name": code, "ring_timeout_s": 20, "wrap_up_s": wrap_up_s, "max_extensions": 0,
                "service_level_s": 15, "short_abandon_s": 5, "preferred_wait_s": 0,
                "max_wait_s": 600, "no_answer": "skip",
            });
            let path = format!("/api/v1/queues/{code}");
            assert_eq!(hall.put(&lead(), &path, rules).await.status, 200);
        }
        hall.ready(1).await;
        let voice = floor::MediaKind::Voice;
        let call = hall
            .offer(voice, |work| work.queue = "long".to_owned())
            .await;
        hall.floor.accepted(call, agent(1)).await.unwrap();
        hall.floor.ended(call).await;
        for code in ["short", "middle", "long"] {
            hall.offer(voice, |work| work.queue = code.to_owned()).await;
        }
        hall.pass(88).await;
        assert_eq!(hall.state(1), AgentState::WrapUp);
        assert_eq!(hall.told(), [Told::Ring(call, 1)]);
        hall.pass(3).await;
        assert_eq!(hall.state(1), AgentState::Ringing);
    })
    .await;
}

/// A PR 1377: an agent who wrote up looked free.
#[tokio::test]
async fn the_lead_sees_who_writes_up_and_until_when() {
    on_both(async |hall| {
        hall.ready(1).await;
        let work = hall.talk(1).await;
        hall.floor.ended(work).await;
        let floor = hall.get(&lead(), "/api/v1/floor").await;
        let seen = &floor["agents"][0];
        assert_eq!(
            (&seen["state"], &seen["work_id"]),
            (&json!("wrap_up"), &json!(work))
        );
        assert!(seen["wrap_up_ends_at"].is_string());
        assert_eq!(hall.history(1).await.last().unwrap(), "wrap_up");
    })
    .await;
}

/// S 2540, S 1216, S PR 1974: agents stayed reserved, requesters stayed queued, devices long gone were called.
#[tokio::test]
async fn nobody_is_stuck_when_devices_and_answers_do_not_come() {
    on_both(async |hall| {
        for number in 1..=3 {
            hall.ready(number).await;
        }
        let silent = hall.call().await;
        let gone = hall.call().await;
        let declined = hall.call().await;
        assert_eq!(hall.told().len(), 3);
        // One never answers, one's device goes, one declines and signs out.
        hall.reachable(2, false).await;
        hall.floor
            .declined(declined, agent(3), Declined::Busy)
            .await;
        hall.ask(3, Presence::SignedOut).await;
        hall.pass(40).await;
        assert!([1, 2, 3].iter().all(|number| matches!(
            hall.state(*number),
            AgentState::Break | AgentState::SignedOut
        )));
        let ready = hall.floor.ask(agent(2), Presence::Ready, None).await;
        assert_eq!(ready.unwrap_err().code, "no_device");
        hall.pass(900).await;
        for work in [silent, gone, declined] {
            assert_eq!(
                hall.row(work).await.outcome.as_deref(),
                Some("no_agent_answer")
            );
            assert!(hall.told().contains(&Told::GiveUp(work)));
        }
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!((board.waiting, board.callbacks_due), (0, 3));
        compare(hall).await;
    })
    .await;
}

/// amazon-connect-streams 241: an outbound call nobody answered made a paused agent available.
#[tokio::test]
async fn who_dials_from_his_break_in_vain_is_on_break_again() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.floor
            .ask(agent(1), Presence::Break, Some("吃饭".to_owned()))
            .await
            .unwrap();
        let outbound = hall.app.ids.next();
        hall.floor.began(outbound, agent(1)).await.unwrap();
        hall.call().await;
        hall.pass(10).await;
        hall.floor.ended(outbound).await;
        let view = hall.floor.agent(agent(1)).await.unwrap();
        assert_eq!(
            (view.state, view.reason.as_deref()),
            (AgentState::Break, Some("吃饭"))
        );
        hall.pass(30).await;
        assert!(hall.told().is_empty());
    })
    .await;
}

/// FP 2642, FP 2511: statistics of queues that did not add up, missed calls nobody heard of.
#[tokio::test]
async fn the_figures_of_a_day_with_transfers_are_those_of_its_rows() {
    on_both(async |hall| {
        hall.ready(1).await;
        hall.ready(2).await;
        let passed = hall.talk(1).await;
        hall.floor
            .pass(passed, PassTo::Agent(agent(2)))
            .await
            .unwrap();
        hall.floor.accepted(passed, agent(2)).await.unwrap();
        let lost = hall.call().await;
        hall.pass(10).await;
        hall.floor.withdraw(lost).await;
        hall.floor.ended(passed).await;
        compare(hall).await;
        let board = hall.floor.wallboard().await.unwrap();
        assert_eq!(
            (
                board.calls_today,
                board.answered_today,
                board.abandoned_today
            ),
            (2, 1, 1)
        );
        let missed = callbacks_due(hall.app.db.read(), 10).await.unwrap();
        assert_eq!(missed.first().map(|(_, work)| *work), Some(lost));
        hall.restart().await;
        compare(hall).await;
    })
    .await;
}

/// IS PR 45: one refusal hung the whole queue until a restart.
#[tokio::test]
async fn a_refusal_hangs_nothing() {
    on_both(async |hall| {
        hall.ready(1).await;
        let unknown = hall.app.ids.next();
        assert!(hall.floor.accepted(unknown, agent(1)).await.is_err());
        assert!(
            hall.floor
                .pass(unknown, PassTo::Agent(agent(1)))
                .await
                .is_err()
        );
        assert!(hall.floor.hand_over(unknown, None, agent(1)).await.is_err());
        hall.floor.ended(unknown).await;
        hall.floor.withdraw(unknown).await;
        assert_eq!(hall.floor.position(unknown).await, None);
        hall.talk(1).await;
    })
    .await;
}
