//! What becomes of requesters who wait.

use acd::{AgentState, Input, MediaKind, Outcome, Output, Presence, Stage};

use crate::support::{Floor, agent, work};

#[test]
fn giving_up_in_the_queue_is_short_within_five_seconds() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    floor.offer(1, "hotline");
    floor.wait(5);
    floor.does(Input::Withdraw {
        work: work(0),
        at: None,
    });
    floor.wait(1);
    floor.does(Input::Withdraw {
        work: work(1),
        at: None,
    });
    assert_eq!(floor.outcome(0), Some(Outcome::ShortAbandoned));
    assert_eq!(floor.outcome(1), Some(Outcome::Abandoned));
}

#[test]
fn giving_up_while_it_rings_stops_the_ring_and_frees_the_agent() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.wait(8);
    let outputs = floor.does(Input::Withdraw {
        work: work(0),
        at: None,
    });
    assert!(
        outputs
            .iter()
            .any(|output| matches!(output, Output::StopRinging { .. }))
    );
    assert_eq!(floor.state(0), acd::AgentState::Ready);
    assert_eq!(floor.outcome(0), Some(Outcome::Abandoned));
    let late = floor.refused(Input::Accepted {
        work: work(0),
        agent: agent(0),
    });
    assert_eq!(late.code(), "no_longer_offered");
}

#[test]
fn nobody_waits_longer_than_the_queue_allows() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    floor.wait(899);
    assert_eq!(floor.outcome(0), None);
    floor.wait(1);
    assert_eq!(floor.outcome(0), Some(Outcome::NoAgentAnswer));
    assert_eq!(floor.acd.next_deadline(), None);
}

#[test]
fn what_rings_at_the_limit_may_still_be_answered() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    floor.offer(1, "hotline");
    floor.wait(890);
    floor.ready(0, &[]);
    floor.ready(1, &[]);
    floor.wait(15);
    floor.accept(0, 0);
    floor.wait(5);
    assert_eq!(
        floor.outcome(1),
        Some(Outcome::NoAgentAnswer),
        "this one rang out"
    );
    floor.end(0);
    assert_eq!(floor.outcome(0), Some(Outcome::Answered));
}

#[test]
fn the_longest_wait_counts_from_the_offer_also_while_it_rings() {
    let mut floor = Floor::hotline(1);
    let began = floor.now;
    floor.offer(0, "hotline");
    floor.wait(4);
    floor.offer(1, "hotline");
    let queue = floor.acd.queue_view("hotline").unwrap();
    assert_eq!((queue.voice.count, queue.voice.oldest), (2, Some(began)));
    floor.accept(0, 0);
    let queue = floor.acd.queue_view("hotline").unwrap();
    assert_eq!(
        (queue.voice.count, queue.voice.oldest),
        (1, Some(floor.now))
    );
}

#[test]
fn an_answer_tells_the_wait_and_whether_it_was_in_time() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    floor.offer(1, "hotline");
    floor.wait(15);
    floor.accept(0, 0);
    floor.wait(1);
    floor.accept(1, 1);
    let told: Vec<_> = floor
        .seen
        .iter()
        .filter_map(|output| match output {
            Output::Accepted { wait, in_time, .. } => Some((wait.as_secs(), *in_time)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(15, true), (16, false)]);
}

#[test]
fn a_work_can_be_offered_once_and_only_to_a_queue_there_is() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    let again = acd::Work {
        id: work(0),
        media: acd::MediaKind::Voice,
        queue: "hotline".into(),
        priority: 0,
        preferred_agent: None,
        offered_at: floor.now,
    };
    assert_eq!(
        floor.refused(Input::Offer(again.clone())).code(),
        "already_offered"
    );
    let nowhere = acd::Work {
        id: work(1),
        queue: "nowhere".into(),
        ..again
    };
    assert_eq!(floor.refused(Input::Offer(nowhere)).code(), "queue_unknown");
    assert_eq!(
        floor
            .refused(Input::Withdraw {
                work: work(7),
                at: None,
            })
            .code(),
        "work_unknown"
    );
}

#[test]
fn a_clock_set_back_reorders_nothing() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    floor.now -= chrono::TimeDelta::hours(1);
    floor.offer_work(1, "hotline", |work| {
        work.offered_at += chrono::TimeDelta::hours(1);
    });
    floor.now += chrono::TimeDelta::hours(1);
    floor.ready(0, &[]);
    assert_eq!(floor.rings(0), Some(work(0)));
}

#[test]
fn a_device_that_goes_while_it_rings_gives_the_work_back_and_keeps_the_agent_ready() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.does(Input::Reachable {
        agent: agent(0),
        reachable: false,
    });
    assert_eq!(floor.state(0), acd::AgentState::Ready);
    assert_eq!(floor.acd.work_view(work(0)).unwrap().stage, Stage::Waiting);
    floor.does(Input::Reachable {
        agent: agent(0),
        reachable: true,
    });
    assert_eq!(floor.rings(0), Some(work(0)));
}

#[test]
fn no_call_rings_where_no_device_is() {
    let mut floor = Floor::hotline(1);
    floor.does(Input::Reachable {
        agent: agent(0),
        reachable: false,
    });
    floor.offer(0, "hotline");
    floor.offer_work(1, "hotline", |work| work.media = acd::MediaKind::Chat);
    assert_eq!(floor.rung(), [(work(1), agent(0))], "a chat needs no phone");
    floor.asks(0, Presence::Ready);
}

#[test]
fn a_wait_is_as_long_as_the_requester_says_however_late_it_is_told() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    floor.wait(5);
    let at = Some(floor.now);
    floor.wait(2);
    floor.does(Input::Withdraw { work: work(0), at });
    assert_eq!(floor.outcome(0), Some(Outcome::ShortAbandoned));
}

#[test]
fn a_stop_interrupts_who_waits_and_leaves_a_wrap_up_to_who_talks() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.offer(1, "hotline");
    floor.offer(2, "hotline");
    for n in 0..3 {
        floor.does(Input::Interrupt { work: work(n) });
        assert_eq!(floor.outcome(n), Some(Outcome::Interrupted));
    }
    assert_eq!(
        (floor.state(0), floor.state(1)),
        (AgentState::WrapUp, AgentState::Ready)
    );
    assert_eq!(floor.acd.works(), 0);
}

#[test]
fn a_talk_the_medium_connected_is_adopted_from_wherever_it_is() {
    let adopted = |floor: &mut Floor| {
        let work = acd::Work {
            id: work(0),
            media: MediaKind::Voice,
            queue: "hotline".to_owned(),
            priority: 0,
            preferred_agent: None,
            offered_at: floor.now,
        };
        floor.does(Input::Adopt {
            work,
            agent: agent(0),
        })
    };
    // Still ringing at him; rung on at the next; back in the queue; given up.
    for (agents, wait) in [(1, 0), (2, 21), (1, 21), (1, 901)] {
        let mut floor = Floor::hotline(agents);
        floor.offer(0, "hotline");
        floor.wait(wait);
        adopted(&mut floor);
        assert_eq!(floor.state(0), AgentState::Talking, "after {wait} s");
        assert_eq!(adopted(&mut floor), [], "told twice");
        if agents == 2 {
            assert_eq!(floor.state(1), AgentState::Ready, "he is not blamed");
        }
        assert_eq!(floor.acd.queue_view("hotline").unwrap().voice.count, 0);
        let outputs = floor.does(Input::Ended { work: work(0) });
        assert!(outputs.iter().any(|output| matches!(
            output,
            Output::Ended {
                outcome: Outcome::Answered,
                ..
            }
        )));
        assert_eq!(floor.state(0), AgentState::WrapUp);
        floor.end_wrap_up(0, 0);
        assert_eq!(floor.state(0), AgentState::Ready, "nor is he");
    }
}

#[test]
fn a_wait_that_the_medium_gives_up_is_no_abandon_and_frees_who_was_rung() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.offer(1, "hotline");
    for (n, state) in [(1, AgentState::Ringing), (0, AgentState::Ready)] {
        floor.does(Input::GiveUp { work: work(n) });
        assert_eq!(floor.outcome(n), Some(Outcome::NoAgentAnswer));
        assert_eq!(floor.state(0), state);
    }
    floor.offer(2, "hotline");
    floor.accept(2, 0);
    let late = Input::GiveUp { work: work(2) };
    assert_eq!(floor.refused(late), acd::Refusal::NotWaiting);
    assert_eq!(floor.state(0), AgentState::Talking);
}
