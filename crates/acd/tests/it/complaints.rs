//! What people who run other queues complain of, each as a test: the numbers are those of their reports
//! (A = Asterisk, S = `FreeSWITCH`, the others by name). S 2458, a load that grows with all that waits, is `size.rs`.

use acd::{
    AgentState, Declined, Input, NoAnswer, Outcome, Output, PassTo, Presence, Queue, SkillNeed,
};

use crate::support::{Floor, agent, secs, work};

fn queue(code: &str, wrap_up_s: u64) -> Queue {
    Queue {
        wrap_up: secs(wrap_up_s),
        ..Queue::new(code)
    }
}

/// A 1006: with several queues the shortest wrap-up ended the longest.
#[test]
fn wrap_up_of_one_queue_is_never_cut_short_by_another() {
    let mut floor = Floor::new(vec![queue("a", 5), queue("b", 30), queue("c", 90)]);
    floor.ready(0, &[]);
    for (n, code, length) in [(0, "a", 5), (10, "b", 30), (20, "c", 90)] {
        floor.offer(n, code);
        floor.accept(n, 0);
        floor.end(n);
        // Works of all three queues wait for him the whole time.
        for (more, other) in [(1, "a"), (2, "b"), (3, "c")] {
            floor.offer(n + more, other);
        }
        let before = floor.rung().len();
        floor.wait(length - 1);
        assert_eq!(floor.state(0), AgentState::WrapUp, "{code}");
        assert_eq!(floor.rung().len(), before, "{code}");
        floor.wait(1);
        assert_eq!(floor.state(0), AgentState::Ringing, "{code}");
        for more in 1..4 {
            floor.does(Input::Withdraw {
                work: work(n + more),
                at: None,
            });
        }
        assert_eq!(floor.state(0), AgentState::Ready);
    }
}

/// A PR 1737, 1741: a call answered twice at once was counted twice.
#[test]
fn a_call_answered_by_two_devices_at_once_is_counted_once() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    let answers = |n| Input::Accepted {
        work: work(0),
        agent: agent(n),
    };
    floor.does(answers(0));
    // His other device, and somebody whose ring had been over.
    floor.does(answers(0));
    assert!(floor.tries(answers(1)).refusal.is_some());
    let accepted = |output: &&Output| matches!(output, Output::Accepted { .. });
    assert_eq!(floor.seen.iter().filter(accepted).count(), 1);
    floor.end(0);
    assert!(
        floor
            .tries(Input::Ended { work: work(0) })
            .refusal
            .is_some()
    );
    assert_eq!(floor.outcome(0), Some(Outcome::Answered));
    assert_eq!(floor.state(1), AgentState::Ready);
}

/// A 1561: under steady load a queue of low weight never got an agent.
#[test]
fn a_queue_of_low_priority_never_starves() {
    let high = Queue {
        priority: 10,
        ..queue("high", 0)
    };
    let low = Queue {
        priority: -10,
        max_wait: secs(7200),
        ..queue("low", 0)
    };
    let mut floor = Floor::new(vec![high, low]);
    floor.ready(0, &[]);
    floor.offer(0, "high");
    floor.offer(1, "low");
    // A new call of the high queue waits at every moment.
    let mut low_at = None;
    for n in 2..200 {
        floor.offer(n, "high");
        let rung = floor.rings(0).unwrap();
        if rung == work(1) {
            low_at = Some(n);
            break;
        }
        floor.does(Input::Accepted {
            work: rung,
            agent: agent(0),
        });
        floor.wait(30);
        floor.does(Input::Ended { work: rung });
    }
    // Twenty points are twenty minutes, and not more.
    assert!((40..=46).contains(&low_at.unwrap()), "{low_at:?}");
}

/// A PR 1377: an agent who wrote up looked free.
#[test]
fn wrap_up_is_a_state_everybody_can_see() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.end(0);
    let view = floor.acd.agent_view(agent(0)).unwrap();
    assert_eq!(view.state, AgentState::WrapUp);
    assert_eq!(view.since, floor.now);
    let wrap_up = view.wrap_up.unwrap();
    assert_eq!(
        (wrap_up.work, wrap_up.ends_at),
        (work(0), floor.now + secs(60))
    );
    let told = floor.seen.iter().any(|output| {
        matches!(output, Output::AgentChanged { from: AgentState::Talking, to: AgentState::WrapUp, work: Some(of), .. } if *of == work(0))
    });
    assert!(told);
}

/// S 2540: with more than ten agents some stayed reserved for ever.
#[test]
fn twenty_agents_who_let_it_ring_are_none_of_them_stuck() {
    let skip = Queue {
        no_answer: NoAnswer::Skip,
        ..Queue::new("hotline")
    };
    let mut floor = Floor::new(vec![skip]);
    for n in 0..20 {
        floor.ready(n, &[]);
    }
    for n in 0..20 {
        floor.offer(n, "hotline");
    }
    assert!((0..20).all(|n| floor.state(n) == AgentState::Ringing));
    // They ring out, decline, lose their device or their requester; the medium says nothing of some.
    for n in 0..20 {
        match n % 4 {
            0 => floor.does(Input::Declined {
                work: floor.rings(n).unwrap(),
                agent: agent(n),
                why: Declined::Busy,
            }),
            1 => floor.does(Input::Reachable {
                agent: agent(n),
                reachable: false,
            }),
            2 => floor.does(Input::Withdraw {
                work: floor.rings(n).unwrap(),
                at: None,
            }),
            _ => Vec::new(),
        };
    }
    floor.wait(1200);
    assert_eq!(floor.acd.works(), 0);
    for n in 0..20 {
        let state = floor.state(n);
        assert!(
            matches!(state, AgentState::Ready | AgentState::Break),
            "{n} {state:?}"
        );
    }
    assert_eq!(floor.acd.next_deadline(), None);
}

/// S 1216, PR 1221: requesters stayed in the queue when the agents changed under them.
#[test]
fn a_requester_is_not_stuck_when_agents_queues_and_skills_change_under_him() {
    let exam = |at_least| Queue {
        skills: vec![SkillNeed {
            skill: "exam".into(),
            at_least,
        }],
        ..Queue::new("exam")
    };
    let mut floor = Floor::new(vec![exam(5)]);
    floor.ready(0, &[("exam", 5)]);
    floor.asks(0, Presence::Break);
    floor.ready(1, &[("exam", 1)]);
    floor.offer_work(0, "exam", |work| work.preferred_agent = Some(agent(0)));
    assert!(floor.rung().is_empty());
    floor.does(Input::PutQueue(exam(1)));
    assert_eq!(floor.rings(1), Some(work(0)));
    // Whoever it rings at, he goes: it comes to the next, and to its end if there is none.
    floor.does(Input::Force {
        agent: agent(1),
        presence: Presence::SignedOut,
        reason: None,
        by: agent(9),
    });
    floor.asks(0, Presence::Ready);
    assert_eq!(floor.rings(0), Some(work(0)));
    floor.asks(0, Presence::SignedOut);
    floor.wait(900);
    assert_eq!(floor.outcome(0), Some(Outcome::NoAgentAnswer));
}

/// S PR 1974: agents whose phone was gone long ago were still called.
#[test]
fn a_stale_agent_is_not_rung_and_is_not_counted_as_ready() {
    let mut floor = Floor::hotline(1);
    floor.does(Input::Reachable {
        agent: agent(0),
        reachable: false,
    });
    floor.offer(0, "hotline");
    assert!(floor.rung().is_empty());
    floor.wait(15);
    assert_eq!(floor.state(0), AgentState::Break);
    assert_eq!(floor.reason(0).as_deref(), Some("device_lost"));
    // Nor may he say that he is ready.
    let ready = floor.tries(Input::Ask {
        agent: agent(0),
        presence: Presence::Ready,
        reason: None,
    });
    assert_eq!(ready.refusal, Some(acd::Refusal::NoDevice));
}

/// amazon-connect-streams 241: an outbound call nobody answered made a paused agent available.
#[test]
fn who_dials_from_his_break_in_vain_is_on_break_again() {
    for presence in [Presence::Break, Presence::Meeting, Presence::Training] {
        let mut floor = Floor::hotline(1);
        floor.asks(0, presence);
        floor.offer(1, "hotline");
        floor.does(Input::Began {
            work: work(0),
            agent: agent(0),
        });
        floor.end(0);
        assert_eq!(floor.outcome(0), Some(Outcome::Unanswered));
        assert_eq!(floor.state(0), presence.state());
        // Answered, wrapped up: his break again, too.
        floor.does(Input::Began {
            work: work(2),
            agent: agent(0),
        });
        floor.accept(2, 0);
        floor.end(2);
        floor.end_wrap_up(0, 2);
        assert_eq!(floor.state(0), presence.state());
        assert!(floor.rung().is_empty());
    }
}

/// The same for a colleague who was asked, and for a transfer that goes to nobody.
#[test]
fn who_is_asked_in_his_break_is_on_break_again_and_is_not_given_transfers() {
    let mut floor = Floor::hotline(2);
    floor.asks(1, Presence::Break);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.does(Input::Consult {
        work: work(1),
        agent: agent(1),
    });
    floor.end(1);
    assert_eq!(floor.state(1), AgentState::Break);
    let to = PassTo::Queue("hotline".into());
    floor.does(Input::Pass { work: work(0), to });
    assert_eq!(floor.rung().len(), 1);
    assert_eq!(floor.state(1), AgentState::Break);
}

/// wazo-platform/asterisk PR 188, Issabel PR 45: one refusal hung everything until a restart.
#[test]
fn a_refused_input_changes_nothing_and_stops_nothing() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    for nonsense in [
        Input::Ended { work: work(9) },
        Input::Accepted {
            work: work(0),
            agent: agent(9),
        },
        Input::Hold {
            work: work(0),
            held: true,
        },
        Input::Pass {
            work: work(0),
            to: PassTo::Agent(agent(0)),
        },
        Input::HandOver {
            work: work(0),
            consult: None,
            to: agent(0),
        },
        Input::Consult {
            work: work(0),
            agent: agent(0),
        },
        Input::EndWrapUp {
            agent: agent(0),
            work: work(0),
        },
    ] {
        let handled = floor.tries(nonsense);
        assert!(handled.refusal.is_some() && handled.outputs.is_empty());
    }
    floor.accept(0, 0);
    assert_eq!(floor.state(0), AgentState::Talking);
}
