//! The states of an agent.

use acd::{AgentState, By, Input, MediaKind, Outcome, Output, Presence, RestoredWrapUp};

use crate::support::{Floor, agent, work};

fn force(n: u128, presence: Presence) -> Input {
    Input::Force {
        agent: agent(n),
        presence,
        reason: Some("离岗".into()),
        by: agent(9),
    }
}

#[test]
fn a_call_goes_through_ringing_talking_held_and_wrap_up() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.does(Input::Hold {
        work: work(0),
        held: true,
    });
    floor.does(Input::Hold {
        work: work(0),
        held: false,
    });
    floor.end(0);
    floor.end_wrap_up(0, 0);
    floor.asks(0, Presence::SignedOut);
    let states: Vec<AgentState> = floor
        .seen
        .iter()
        .filter_map(|output| match output {
            Output::AgentChanged { from, to, .. } => Some((*from, *to)),
            _ => None,
        })
        .enumerate()
        .map(|(at, (from, to))| {
            assert!(at > 0 || from == AgentState::SignedOut);
            to
        })
        .collect();
    assert_eq!(
        states,
        [
            AgentState::Ready,
            AgentState::Ringing,
            AgentState::Talking,
            AgentState::Held,
            AgentState::Talking,
            AgentState::WrapUp,
            AgentState::Ready,
            AgentState::SignedOut
        ]
    );
}

#[test]
fn an_agent_on_break_who_dials_in_vain_is_on_break_again() {
    for presence in [
        Presence::Break,
        Presence::Meeting,
        Presence::Training,
        Presence::Ready,
    ] {
        let mut floor = Floor::hotline(1);
        floor.asks(0, presence);
        floor.does(Input::Began {
            work: work(0),
            agent: agent(0),
        });
        assert_eq!(floor.state(0), AgentState::Ringing);
        floor.wait(30);
        floor.end(0);
        assert_eq!(floor.state(0), presence.state());
        assert_eq!(floor.outcome(0), Some(Outcome::Unanswered));
    }
}

#[test]
fn a_call_the_agent_began_and_that_was_answered_has_wrap_up_too() {
    let mut floor = Floor::hotline(1);
    floor.asks(0, Presence::Break);
    floor.does(Input::Began {
        work: work(0),
        agent: agent(0),
    });
    floor.accept(0, 0);
    assert_eq!(floor.state(0), AgentState::Talking);
    floor.end(0);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.wait(60);
    assert_eq!(floor.state(0), AgentState::Break);
}

#[test]
fn nothing_can_be_begun_with_a_call_in_hand_or_signed_out() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    let begin = |n| Input::Began {
        work: work(n),
        agent: agent(0),
    };
    assert_eq!(floor.refused(begin(1)).code(), "agent_busy");
    floor.accept(0, 0);
    assert_eq!(floor.refused(begin(1)).code(), "agent_busy");
    floor.end(0);
    floor.end_wrap_up(0, 0);
    floor.asks(0, Presence::SignedOut);
    assert_eq!(floor.refused(begin(1)).code(), "agent_signed_out");
    assert_eq!(
        floor
            .refused(Input::Began {
                work: work(1),
                agent: agent(7)
            })
            .code(),
        "agent_unknown"
    );
}

#[test]
fn a_lead_takes_a_ring_away_but_waits_for_a_talk() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    floor.does(force(0, Presence::SignedOut));
    assert_eq!(floor.state(0), AgentState::SignedOut);
    assert_eq!(floor.rings(1), Some(work(0)));
    floor.accept(0, 1);
    floor.does(force(1, Presence::Break));
    assert_eq!(floor.state(1), AgentState::Talking);
    floor.end(0);
    floor.end_wrap_up(1, 0);
    assert_eq!(floor.state(1), AgentState::Break);
    let by_lead = floor.seen.iter().any(|output| {
        matches!(output, Output::AgentChanged { to: AgentState::Break, by, .. }
            if *by == By::Lead(agent(9)))
    });
    assert!(by_lead, "the change is the lead's also when it came later");
}

#[test]
fn signing_out_waits_for_open_chats_and_a_lead_sends_them_back() {
    let mut floor = Floor::hotline(1);
    floor.offer_work(0, "hotline", |work| work.media = MediaKind::Chat);
    floor.accept(0, 0);
    floor.asks(0, Presence::SignedOut);
    assert_eq!(floor.state(0), AgentState::Ready);
    floor.offer(1, "hotline");
    assert_eq!(floor.rings(0), None, "he is leaving");
    floor.ready(1, &[]);
    floor.accept(1, 1);
    floor.does(force(0, Presence::SignedOut));
    assert_eq!(floor.state(0), AgentState::SignedOut);
    floor.end(1);
    floor.end_wrap_up(1, 1);
    assert_eq!(floor.rung().last(), Some(&(work(0), agent(1))));
}

#[test]
fn an_agent_asked_to_leave_while_it_rings_may_still_answer() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.asks(0, Presence::Break);
    assert_eq!(floor.rings(0), Some(work(0)));
    floor.accept(0, 0);
    floor.end(0);
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.state(0), AgentState::Break);
    assert_eq!(
        floor.reason(0),
        None,
        "his own break, not one for not answering"
    );
}

#[test]
fn after_a_restart_the_agent_gets_back_what_he_had() {
    let mut floor = Floor::hotline(0);
    for n in 0..3 {
        floor.does(Input::PutAgent(crate::support::profile(agent(n), &[], 0)));
        floor.does(Input::Reachable {
            agent: agent(n),
            reachable: true,
        });
    }
    let restore = |n, presence, wrap_up| Input::Restore {
        agent: agent(n),
        presence,
        reason: None,
        wrap_up,
    };
    let interrupted = RestoredWrapUp {
        work: work(5),
        queue: Some("hotline".into()),
        ends_at: None,
        extensions: 0,
    };
    let running = RestoredWrapUp {
        ends_at: Some(floor.now + chrono::TimeDelta::seconds(7)),
        work: work(6),
        ..interrupted.clone()
    };
    floor.does(restore(0, Presence::Meeting, None));
    floor.does(restore(1, Presence::Ready, Some(interrupted)));
    floor.does(restore(2, Presence::Ready, Some(running)));
    assert_eq!(floor.state(0), AgentState::Meeting);
    assert_eq!(floor.state(1), AgentState::WrapUp);
    floor.wait(7);
    assert_eq!(floor.state(2), AgentState::Ready);
    assert_eq!(floor.state(1), AgentState::WrapUp);
    floor.wait(53);
    assert_eq!(floor.state(1), AgentState::Ready);
}

#[test]
fn who_is_not_known_or_not_in_a_talk_is_told_so() {
    let mut floor = Floor::hotline(1);
    let unknown = Input::Ask {
        agent: agent(9),
        presence: Presence::Ready,
        reason: None,
    };
    assert_eq!(floor.refused(unknown).code(), "agent_unknown");
    floor.offer(0, "hotline");
    let hold = Input::Hold {
        work: work(0),
        held: true,
    };
    assert_eq!(floor.refused(hold).code(), "not_talking");
    let end = Input::EndWrapUp {
        agent: agent(0),
        work: work(0),
    };
    assert_eq!(floor.refused(end).code(), "not_in_wrap_up");
}

fn device(floor: &mut Floor, n: u128, reachable: bool) {
    floor.does(Input::Reachable {
        agent: agent(n),
        reachable,
    });
}

#[test]
fn nobody_is_ready_without_a_device() {
    let mut floor = Floor::hotline(1);
    floor.asks(0, Presence::Break);
    device(&mut floor, 0, false);
    let ask = |presence| Input::Ask {
        agent: agent(0),
        presence,
        reason: None,
    };
    assert_eq!(floor.refused(ask(Presence::Ready)).code(), "no_device");
    assert_eq!(floor.state(0), AgentState::Break);
    floor.does(ask(Presence::Training));
    device(&mut floor, 0, true);
    floor.does(ask(Presence::Ready));
    assert_eq!(floor.state(0), AgentState::Ready);
}

#[test]
fn a_ready_agent_whose_device_stays_away_goes_on_break() {
    let mut floor = Floor::hotline(1);
    device(&mut floor, 0, false);
    floor.wait(14);
    device(&mut floor, 0, true);
    floor.wait(60);
    assert_eq!(floor.state(0), AgentState::Ready, "a reload");
    device(&mut floor, 0, false);
    floor.wait(15);
    assert_eq!(floor.state(0), AgentState::Break);
    assert_eq!(floor.reason(0).as_deref(), Some("device_lost"));
    // With work in hand it waits for the work.
    device(&mut floor, 0, true);
    floor.asks(0, Presence::Ready);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    device(&mut floor, 0, false);
    floor.wait(30);
    floor.end(0);
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.state(0), AgentState::Ready);
    floor.wait(15);
    assert_eq!(floor.state(0), AgentState::Break);
}
