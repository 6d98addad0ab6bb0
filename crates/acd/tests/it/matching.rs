//! Who gets which work.

use acd::{AgentState, Declined, Input, MediaKind, NoAnswer, Presence, Queue, SkillNeed};

use crate::support::{Floor, agent, profile, secs, work};

fn needs(code: &str, skill: &str, at_least: u32) -> Queue {
    Queue {
        skills: vec![SkillNeed {
            skill: skill.into(),
            at_least,
        }],
        ..Queue::new(code)
    }
}

#[test]
fn the_most_proficient_free_agent_is_rung_and_the_longest_idle_among_equals() {
    let mut floor = Floor::new(vec![needs("exam", "exam", 2)]);
    floor.ready(0, &[("exam", 1)]);
    for (n, level) in [(1, 3), (2, 5), (3, 5)] {
        floor.wait(1);
        floor.ready(n, &[("exam", level)]);
    }
    for n in 0..4 {
        floor.offer(n, "exam");
    }
    let order = floor.rung();
    assert_eq!(
        order,
        [
            (work(0), agent(2)),
            (work(1), agent(3)),
            (work(2), agent(1))
        ]
    );
    assert_eq!(
        floor.rings(0),
        None,
        "proficiency 1 is not enough for this queue"
    );
}

#[test]
fn an_agent_freed_takes_who_waited_longest_in_any_of_his_queues() {
    let mut floor = Floor::new(vec![needs("exam", "exam", 1), needs("title", "title", 1)]);
    floor.offer(0, "title");
    floor.wait(1);
    floor.offer(1, "exam");
    floor.wait(1);
    floor.offer(2, "title");
    floor.ready(0, &[("exam", 1)]);
    assert_eq!(floor.rings(0), Some(work(1)));
    floor.ready(1, &[("exam", 1), ("title", 1)]);
    assert_eq!(floor.rings(1), Some(work(0)));
}

#[test]
fn priority_is_a_head_start_so_that_a_low_one_is_late_but_never_starves() {
    let urgent = Queue {
        priority: 2,
        ..Queue::new("urgent")
    };
    let mut floor = Floor::new(vec![Queue::new("hotline"), urgent]);
    floor.offer(0, "hotline");
    floor.wait(100);
    floor.offer(1, "urgent");
    floor.wait(30);
    floor.offer(2, "urgent");
    floor.ready(0, &[]);
    floor.ready(1, &[]);
    floor.ready(2, &[]);
    let order: Vec<_> = floor.rung().into_iter().map(|(work, _)| work).collect();
    assert_eq!(
        order,
        [work(1), work(0), work(2)],
        "120 s of head start against 100 s and 130 s"
    );
}

#[test]
fn the_first_owner_is_rung_though_another_is_idle_longer() {
    let mut floor = Floor::hotline(3);
    floor.offer_work(0, "hotline", |work| work.preferred_agent = Some(agent(2)));
    assert_eq!(floor.rings(2), Some(work(0)));
}

#[test]
fn a_busy_first_owner_is_waited_for_a_bounded_time_and_the_place_is_kept() {
    let mut floor = Floor::hotline(2);
    floor.offer_work(0, "hotline", |work| work.preferred_agent = Some(agent(0)));
    floor.accept(0, 0);
    floor.offer_work(1, "hotline", |work| work.preferred_agent = Some(agent(0)));
    assert_eq!(
        floor.rings(1),
        None,
        "agent 1 is free, but the first owner is on duty"
    );
    floor.offer(2, "hotline");
    assert_eq!(floor.rings(1), Some(work(2)));
    floor.accept(2, 1);
    floor.offer(3, "hotline");
    floor.wait(20);
    floor.end(2);
    floor.end_wrap_up(1, 2);
    assert_eq!(
        floor.rings(1),
        Some(work(1)),
        "after 20 s it is for anybody, in its old place"
    );
}

#[test]
fn the_first_owner_who_gets_free_in_time_gets_it() {
    let mut floor = Floor::hotline(2);
    floor.offer_work(0, "hotline", |work| work.preferred_agent = Some(agent(0)));
    floor.accept(0, 0);
    floor.offer_work(1, "hotline", |work| work.preferred_agent = Some(agent(0)));
    floor.wait(5);
    floor.end(0);
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.rings(0), Some(work(1)));
}

#[test]
fn nobody_waits_for_a_first_owner_who_is_away_or_about_to_leave() {
    let mut floor = Floor::hotline(2);
    floor.asks(0, Presence::Meeting);
    floor.offer_work(0, "hotline", |work| work.preferred_agent = Some(agent(0)));
    assert_eq!(floor.rings(1), Some(work(0)));
    floor.accept(0, 1);

    floor.asks(0, Presence::Ready);
    floor.offer_work(1, "hotline", |work| work.preferred_agent = Some(agent(1)));
    assert_eq!(floor.rings(0), None);
    floor.asks(1, Presence::Break);
    assert_eq!(
        floor.rings(0),
        Some(work(1)),
        "it is released when he asks for a break"
    );
}

#[test]
fn a_ring_that_times_out_goes_to_the_next_agent_without_losing_its_place() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.offer(1, "hotline");
    floor.wait(20);
    assert_eq!(floor.reason(0).as_deref(), Some("no_answer"));
    floor.ready(1, &[]);
    assert_eq!(floor.rings(1), Some(work(0)), "the older one first");
}

#[test]
fn an_agent_who_does_not_answer_goes_on_break_with_the_reason() {
    for (why, reason) in [
        (Declined::Refused, "refused"),
        (Declined::Busy, "busy"),
        (Declined::Unreachable, "unreachable"),
        (Declined::NoAnswer, "no_answer"),
    ] {
        let mut floor = Floor::hotline(2);
        floor.offer(0, "hotline");
        floor.does(Input::Declined {
            work: work(0),
            agent: agent(0),
            why,
        });
        assert_eq!(floor.state(0), acd::AgentState::Break);
        assert_eq!(floor.reason(0).as_deref(), Some(reason));
        assert_eq!(floor.rings(1), Some(work(0)));
    }
}

#[test]
fn with_skip_he_stays_ready_and_is_passed_over_for_that_work_only() {
    let queue = Queue {
        no_answer: NoAnswer::Skip,
        ..Queue::new("hotline")
    };
    let mut floor = Floor::new(vec![queue]);
    floor.ready(0, &[]);
    floor.offer(0, "hotline");
    floor.wait(20);
    assert_eq!(floor.state(0), acd::AgentState::Ready);
    floor.offer(1, "hotline");
    assert_eq!(floor.rings(0), Some(work(1)), "the next work is his");
    floor.accept(1, 0);
    floor.end(1);
    floor.wait(15);
    floor.end_wrap_up(0, 1);
    assert_eq!(
        floor.rings(0),
        Some(work(0)),
        "after 15 s he is asked again: nobody else is there"
    );
}

#[test]
fn late_news_of_a_ring_that_is_over_changes_nothing() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    floor.wait(20);
    assert_eq!(floor.rings(1), Some(work(0)));
    let too_late = floor.refused(Input::Accepted {
        work: work(0),
        agent: agent(0),
    });
    assert_eq!(too_late.code(), "no_longer_offered");
    floor.does(Input::Declined {
        work: work(0),
        agent: agent(0),
        why: Declined::Busy,
    });
    assert_eq!(floor.rings(1), Some(work(0)));
}

#[test]
fn an_agent_on_a_call_gets_no_chat_and_a_chat_does_not_keep_calls_away() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.offer_work(1, "hotline", |work| work.media = MediaKind::Chat);
    assert_eq!(floor.rung().len(), 1);
    floor.end(0);
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.rung().last(), Some(&(work(1), agent(0))));
    floor.accept(1, 0);
    floor.offer(2, "hotline");
    assert_eq!(
        floor.rings(0),
        Some(work(2)),
        "one open chat, and the call rings"
    );
}

#[test]
fn a_call_takes_the_place_of_a_chat_that_rings_and_the_chat_goes_to_the_next() {
    let mut floor = Floor::hotline(2);
    floor.offer_work(0, "hotline", |work| work.media = MediaKind::Chat);
    assert_eq!(floor.rung(), [(work(0), agent(0))]);
    // Who is offered no chat is asked first.
    floor.offer(1, "hotline");
    assert_eq!(floor.rings(1), Some(work(1)));
    floor.offer(2, "hotline");
    assert_eq!(
        floor.rings(0),
        Some(work(2)),
        "the chat does not keep it away"
    );
    // Nobody is left for the chat; it stands where it stood, and nobody is on break for it.
    assert_eq!(floor.state(0), AgentState::Ringing);
    floor.does(Input::Withdraw {
        work: work(1),
        at: None,
    });
    assert_eq!(floor.rung().last(), Some(&(work(0), agent(1))));
}

#[test]
fn chats_fill_slots_and_go_to_who_has_fewest() {
    let mut floor = Floor::hotline(2);
    for n in 0..5 {
        floor.offer_work(n, "hotline", |work| work.media = MediaKind::Chat);
        if let Some((rung, by)) = floor.rung().get(usize::try_from(n).unwrap()).copied() {
            floor.does(Input::Accepted {
                work: rung,
                agent: by,
            });
        }
    }
    let by: Vec<_> = floor.rung().into_iter().map(|(_, agent)| agent).collect();
    assert_eq!(
        by,
        [agent(0), agent(1), agent(0), agent(1)],
        "two slots each; the fifth waits"
    );
    floor.end(1);
    assert_eq!(floor.rung().last(), Some(&(work(4), agent(1))));
}

#[test]
fn new_skills_count_at_once() {
    let mut floor = Floor::new(vec![needs("exam", "exam", 1)]);
    floor.ready(0, &[]);
    floor.offer(0, "exam");
    assert_eq!(floor.rings(0), None);
    floor.does(Input::PutAgent(profile(agent(0), &[("exam", 1)], 0)));
    assert_eq!(floor.rings(0), Some(work(0)));
}

#[test]
fn new_rules_of_a_queue_count_at_once() {
    let mut floor = Floor::new(vec![needs("exam", "exam", 1)]);
    floor.ready(0, &[]);
    floor.offer(0, "exam");
    floor.does(Input::PutQueue(Queue {
        ring_timeout: secs(7),
        ..Queue::new("exam")
    }));
    assert_eq!(floor.rings(0), Some(work(0)));
    floor.wait(7);
    assert_eq!(floor.rings(0), None);
}

#[test]
fn a_ring_that_came_to_nothing_does_not_cost_the_agent_his_turn() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    floor.wait(3);
    floor.does(Input::Withdraw {
        work: work(0),
        at: None,
    });
    floor.offer(1, "hotline");
    assert_eq!(floor.rings(0), Some(work(1)));
}
