//! Wrap-up: nothing rings in it, whatever the queue.

use acd::{AgentState, Input, Output, Presence, Queue, SkillNeed};

use crate::support::{Floor, agent, secs, work};

fn three_queues() -> Vec<Queue> {
    ["exam", "title", "other"]
        .into_iter()
        .zip([secs(30), secs(5), secs(0)])
        .map(|(code, wrap_up)| Queue {
            skills: vec![SkillNeed {
                skill: code.into(),
                at_least: 1,
            }],
            wrap_up,
            ..Queue::new(code)
        })
        .collect()
}

const ALL: &[(&str, u32)] = &[("exam", 1), ("title", 1), ("other", 1)];

#[test]
fn wrap_up_of_one_queue_holds_against_calls_of_three() {
    let mut floor = Floor::new(three_queues());
    floor.ready(0, ALL);
    floor.offer(0, "exam");
    floor.accept(0, 0);
    floor.offer(1, "title");
    floor.offer(2, "other");
    floor.offer(3, "exam");
    floor.end(0);
    floor.wait(29);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    assert_eq!(floor.rung().len(), 1);
    floor.wait(1);
    assert_eq!(floor.rings(0), Some(work(1)));
    floor.accept(1, 0);
    floor.end(1);
    assert_eq!(
        floor.state(0),
        AgentState::WrapUp,
        "now the five seconds of the other queue"
    );
    floor.wait(5);
    assert_eq!(floor.rings(0), Some(work(2)));
}

#[test]
fn wrap_up_of_no_length_is_over_at_once_and_what_is_not_written_is_owed() {
    let mut floor = Floor::new(three_queues());
    floor.ready(0, ALL);
    floor.offer(0, "other");
    floor.accept(0, 0);
    let outputs = floor.does(Input::Ended { work: work(0) });
    assert!(outputs.contains(&Output::WrapUpExpired {
        work: work(0),
        agent: agent(0)
    }));
    assert_eq!(floor.state(0), AgentState::Ready);
}

#[test]
fn wrap_up_can_be_extended_as_often_as_the_queue_allows() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    let early = floor.refused(Input::ExtendWrapUp { agent: agent(0) });
    assert_eq!(early.code(), "not_in_wrap_up");
    floor.end(0);
    floor.wait(50);
    floor.does(Input::ExtendWrapUp { agent: agent(0) });
    floor.does(Input::ExtendWrapUp { agent: agent(0) });
    let third = floor.refused(Input::ExtendWrapUp { agent: agent(0) });
    assert_eq!(third.code(), "no_extension_left");
    floor.wait(129);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.wait(1);
    assert_eq!(floor.state(0), AgentState::Ready);
}

#[test]
fn a_break_asked_for_in_a_call_comes_after_wrap_up() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.asks(0, Presence::Break);
    assert_eq!(floor.state(0), AgentState::Talking);
    floor.end(0);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.offer(1, "hotline");
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.state(0), AgentState::Break);
    assert_eq!(floor.rung().len(), 1);
}

#[test]
fn the_break_can_be_taken_back_meanwhile() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.asks(0, Presence::Break);
    floor.asks(0, Presence::Ready);
    floor.end(0);
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.state(0), AgentState::Ready);
}

#[test]
fn late_news_of_one_wrap_up_does_not_end_the_next() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.end(0);
    floor.offer(1, "hotline");
    floor.wait(60);
    floor.accept(1, 0);
    floor.end(1);
    let late = floor.refused(Input::EndWrapUp {
        agent: agent(0),
        work: work(0),
    });
    assert_eq!(late.code(), "not_in_wrap_up");
    assert_eq!(floor.state(0), AgentState::WrapUp);
}

#[test]
fn a_call_begun_in_wrap_up_stops_its_clock() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.end(0);
    floor.wait(40);
    floor.does(Input::Began {
        work: work(1),
        agent: agent(0),
    });
    floor.wait(100);
    floor.end(1);
    assert_eq!(
        floor.state(0),
        AgentState::WrapUp,
        "not answered: back to the wrap-up of the first"
    );
    assert_eq!(floor.acd.agent_view(agent(0)).unwrap().work, Some(work(0)));
    floor.wait(19);
    assert_eq!(floor.state(0), AgentState::WrapUp);

    floor.does(Input::Began {
        work: work(2),
        agent: agent(0),
    });
    floor.accept(2, 0);
    floor.end(2);
    assert_eq!(floor.acd.agent_view(agent(0)).unwrap().work, Some(work(2)));
    floor.end_wrap_up(0, 2);
    assert_eq!(
        floor.acd.agent_view(agent(0)).unwrap().work,
        Some(work(0)),
        "one second is left"
    );
    floor.wait(1);
    assert_eq!(floor.state(0), AgentState::Ready);
}

#[test]
fn a_lead_who_forces_a_state_ends_wrap_up_as_expired() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.end(0);
    let force = Input::Force {
        agent: agent(0),
        presence: Presence::Ready,
        reason: Some("高峰".into()),
        by: agent(9),
    };
    let outputs = floor.does(force);
    assert!(outputs.contains(&Output::WrapUpExpired {
        work: work(0),
        agent: agent(0)
    }));
    assert_eq!(floor.state(0), AgentState::Ready);
}
