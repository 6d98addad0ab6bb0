//! One work that goes from agent to agent, and a wait that becomes a call-back.

use acd::{AgentState, Input, MediaKind, Outcome, Output, PassTo, Presence, Queue, Refusal, Work};

use crate::support::{Floor, agent, secs, work};

fn pass(floor: &mut Floor, n: u128, to: PassTo) -> Vec<Output> {
    floor.does(Input::Pass { work: work(n), to })
}

fn asks_colleague(floor: &mut Floor, n: u128, of: u128) {
    floor.does(Input::Consult {
        work: work(n),
        agent: agent(of),
    });
}

#[test]
fn a_work_passed_to_an_agent_rings_him_and_the_first_writes_up() {
    let mut floor = Floor::hotline(3);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    let told = pass(&mut floor, 0, PassTo::Agent(agent(2)));
    assert!(matches!(
        &told[0],
        Output::Passed { from, to: Some(to), queue, .. }
            if *from == agent(0) && *to == agent(2) && queue == "hotline"
    ));
    // Not agent 1, who is idle for longer.
    assert_eq!(floor.rings(2), Some(work(0)));
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.accept(0, 2);
    floor.end(0);
    assert_eq!(floor.state(2), AgentState::WrapUp);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    assert_eq!(floor.outcome(0), Some(Outcome::Answered));
}

#[test]
fn passed_to_a_queue_it_stands_at_the_head_with_a_wait_of_its_own() {
    let mut floor = Floor::new(vec![Queue::new("hotline"), Queue::new("exam")]);
    floor.ready(0, &[]);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.wait(100);
    floor.offer(1, "exam");
    floor.wait(100);
    pass(&mut floor, 0, PassTo::Queue("exam".into()));
    let view = floor.acd.work_view(work(0)).unwrap();
    assert_eq!((view.queue, view.offered_at), (Some("exam"), floor.now));
    // The one who came before goes before, though the other waited in this queue for longer.
    floor.ready(1, &[]);
    assert_eq!(floor.rings(1), Some(work(0)));
    // Nobody: he is let go a full longest wait after the transfer, and gave up nothing short.
    let before = floor.now;
    floor.does(Input::Force {
        agent: agent(1),
        presence: Presence::SignedOut,
        reason: None,
        by: agent(9),
    });
    floor.does(Input::Force {
        agent: agent(0),
        presence: Presence::SignedOut,
        reason: None,
        by: agent(9),
    });
    floor.wait(899);
    assert_eq!(floor.outcome(0), None);
    floor.wait(1);
    assert_eq!(floor.outcome(0), Some(Outcome::NoAgentAnswer));
    assert_eq!(floor.now, before + secs(900));
}

#[test]
fn a_busy_agent_is_waited_for_and_then_anybody_will_do() {
    let mut floor = Floor::hotline(3);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.offer(1, "hotline");
    floor.accept(1, 1);
    pass(&mut floor, 0, PassTo::Agent(agent(1)));
    floor.wait(19);
    assert_eq!(floor.state(2), AgentState::Ready);
    floor.wait(1);
    assert_eq!(floor.rings(2), Some(work(0)));
}

#[test]
fn who_takes_no_work_now_is_refused_at_once() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    let to = |n| Input::Pass {
        work: work(0),
        to: PassTo::Agent(agent(n)),
    };
    assert_eq!(floor.refused(to(1)), Refusal::NotTalking);
    floor.accept(0, 0);
    floor.asks(1, Presence::Break);
    assert_eq!(floor.refused(to(1)), Refusal::AgentNotFree);
    assert_eq!(floor.refused(to(0)), Refusal::AgentNotFree);
    assert_eq!(floor.refused(to(7)), Refusal::AgentUnknown);
    let nowhere = Input::Pass {
        work: work(0),
        to: PassTo::Queue("moon".into()),
    };
    assert_eq!(floor.refused(nowhere), Refusal::QueueUnknown);
    assert_eq!(floor.state(0), AgentState::Talking);
}

#[test]
fn a_work_the_agent_began_waits_in_the_usual_queue_for_the_other() {
    let mut floor = Floor::hotline(2);
    floor.does(Input::Began {
        work: work(0),
        agent: agent(0),
    });
    floor.accept(0, 0);
    pass(&mut floor, 0, PassTo::Agent(agent(1)));
    assert_eq!(floor.rings(1), Some(work(0)));
    assert_eq!(floor.acd.work_view(work(0)).unwrap().queue, Some("hotline"));
}

#[test]
fn a_chat_passed_to_its_queue_does_not_come_straight_back() {
    let mut floor = Floor::hotline(1);
    floor.offer_work(0, "hotline", |work| work.media = MediaKind::Chat);
    floor.accept(0, 0);
    pass(&mut floor, 0, PassTo::Queue("hotline".into()));
    assert_eq!(floor.rung().len(), 1);
    floor.wait(15);
    // Nobody else: he may have it after all.
    assert_eq!(floor.rung().len(), 2);
}

#[test]
fn a_colleague_who_is_asked_has_no_wrap_up_and_his_break_again() {
    let mut floor = Floor::hotline(2);
    floor.asks(1, Presence::Break);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    asks_colleague(&mut floor, 1, 1);
    assert_eq!(floor.state(1), AgentState::Ringing);
    floor.accept(1, 1);
    assert_eq!(floor.state(1), AgentState::Talking);
    floor.end(1);
    assert_eq!(floor.state(1), AgentState::Break);
    assert_eq!(floor.outcome(1), Some(Outcome::Answered));
    let wrap_ups = |of| {
        let began =
            |output: &&Output| matches!(output, Output::WrapUpBegan { work, .. } if *work == of);
        floor.seen.iter().filter(began).count()
    };
    assert_eq!(wrap_ups(work(1)), 0);
    // Not answered: the same.
    asks_colleague(&mut floor, 2, 1);
    floor.end(2);
    assert_eq!(floor.state(1), AgentState::Break);
    assert_eq!(floor.outcome(2), Some(Outcome::Unanswered));
    // A medium that forgets it leaves nobody ringing for ever.
    asks_colleague(&mut floor, 3, 1);
    floor.wait(120);
    assert_eq!(floor.state(1), AgentState::Break);
    assert_eq!(floor.outcome(3), Some(Outcome::Unanswered));
}

#[test]
fn a_wrap_up_stands_still_while_its_agent_is_asked() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.end(0);
    floor.wait(20);
    asks_colleague(&mut floor, 1, 0);
    floor.accept(1, 0);
    floor.wait(300);
    floor.end(1);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.wait(39);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.wait(1);
    assert_eq!(floor.state(0), AgentState::Ready);
}

#[test]
fn handed_over_the_call_is_the_others_and_ends_once() {
    let mut floor = Floor::hotline(2);
    floor.asks(1, Presence::Meeting);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.does(Input::Hold {
        work: work(0),
        held: true,
    });
    asks_colleague(&mut floor, 1, 1);
    let hand_over = Input::HandOver {
        work: work(0),
        consult: Some(work(1)),
        to: agent(1),
    };
    // He has not answered yet.
    assert_eq!(floor.refused(hand_over.clone()), Refusal::NotTalking);
    floor.accept(1, 1);
    floor.does(hand_over);
    assert_eq!(floor.outcome(1), Some(Outcome::Answered));
    assert_eq!(floor.state(0), AgentState::WrapUp);
    assert_eq!(floor.state(1), AgentState::Talking);
    let view = floor.acd.agent_view(agent(1)).unwrap();
    assert_eq!(view.work, Some(work(0)));
    floor.end_wrap_up(0, 0);
    floor.end(0);
    assert_eq!(floor.state(1), AgentState::WrapUp);
    assert_eq!(floor.outcome(0), Some(Outcome::Answered));
    floor.wait(60);
    assert_eq!(floor.state(1), AgentState::Meeting);
}

#[test]
fn a_call_that_comes_back_to_who_writes_it_up_has_one_wrap_up() {
    let mut floor = Floor::hotline(2);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    let hand_over = |to| Input::HandOver {
        work: work(0),
        consult: None,
        to: agent(to),
    };
    floor.does(hand_over(1));
    floor.wait(10);
    floor.does(hand_over(0));
    assert_eq!(floor.state(0), AgentState::Talking);
    floor.end(0);
    assert_eq!(floor.state(0), AgentState::WrapUp);
    floor.end_wrap_up(0, 0);
    assert_eq!(floor.state(0), AgentState::Ready);
    floor.wait(60);
    let expired = |output: &Output| matches!(output, Output::WrapUpExpired { agent: id, .. } if *id == agent(0));
    assert!(!floor.seen.iter().any(expired));
}

#[test]
fn a_call_back_stands_where_its_requester_stood() {
    let mut floor = Floor::hotline(0);
    floor.offer(0, "hotline");
    floor.wait(30);
    floor.offer(1, "hotline");
    floor.wait(60);
    let mut new = Work {
        id: work(2),
        media: MediaKind::Voice,
        queue: "hotline".into(),
        priority: 0,
        preferred_agent: None,
        offered_at: floor.now,
    };
    let old = work(0);
    floor.does(Input::KeepPlace {
        old,
        new: new.clone(),
    });
    assert_eq!(floor.outcome(0), Some(Outcome::Callback));
    floor.ready(0, &[]);
    assert_eq!(floor.rings(0), Some(work(2)));
    // Who is rung already may choose it too: it comes to the same agent.
    new.id = work(3);
    let old = work(2);
    floor.does(Input::KeepPlace {
        old,
        new: new.clone(),
    });
    assert_eq!(floor.rings(0), Some(work(3)));
    floor.accept(3, 0);
    new.id = work(4);
    let old = work(3);
    assert_eq!(
        floor.refused(Input::KeepPlace { old, new }),
        Refusal::NotWaiting
    );
}

fn asks_queue(floor: &mut Floor, n: u128, about: u128, queue: &str) {
    floor.does(Input::ConsultQueue {
        work: work(n),
        about: work(about),
        queue: queue.into(),
    });
}

#[test]
fn a_queue_that_is_asked_gives_its_next_agent_before_those_who_came_later() {
    let mut floor = Floor::new(vec![Queue::new("hotline"), Queue::new("exam")]);
    floor.ready(0, &[]);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.wait(30);
    floor.offer(1, "exam");
    floor.wait(30);
    asks_queue(&mut floor, 2, 0, "exam");
    // The requester talks to somebody: only the other one waits.
    let waiting = |floor: &Floor| floor.acd.queue_view("exam").unwrap().voice.count;
    assert_eq!(waiting(&floor), 1);
    floor.ready(1, &[]);
    assert_eq!(floor.rings(1), Some(work(2)));
    // He lets it ring: the queue asks the next, and nobody more is counted as waiting.
    floor.ready(2, &[]);
    assert_eq!(floor.rings(2), Some(work(1)));
    floor.wait(20);
    assert_eq!(floor.state(1), AgentState::Break);
    assert_eq!(waiting(&floor), 1);
    floor.ready(3, &[]);
    assert_eq!(floor.rings(3), Some(work(2)));
    floor.accept(2, 3);
    floor.does(Input::HandOver {
        work: work(0),
        consult: Some(work(2)),
        to: agent(3),
    });
    assert_eq!(floor.state(0), AgentState::WrapUp);
    assert_eq!(floor.state(3), AgentState::Talking);
    let view = floor.acd.work_view(work(0)).unwrap();
    assert_eq!(view.queue, Some("exam"), "it is that queue's from now on");
    floor.end(0);
    assert_eq!(floor.state(3), AgentState::WrapUp);
    let wrap_up =
        |output: &&Output| matches!(output, Output::WrapUpBegan { work: of, .. } if *of == work(2));
    assert_eq!(floor.seen.iter().filter(wrap_up).count(), 0);
}

#[test]
fn a_queue_that_has_nobody_is_given_up_and_the_talk_goes_on() {
    let mut floor = Floor::hotline(1);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    asks_queue(&mut floor, 1, 0, "hotline");
    floor.wait(899);
    assert_eq!(floor.outcome(1), None);
    floor.wait(1);
    assert_eq!(floor.outcome(1), Some(Outcome::NoAgentAnswer));
    assert_eq!(floor.state(0), AgentState::Talking);
    // Only of a talk, and only a queue there is.
    let ask = |about: u128, queue: &str| Input::ConsultQueue {
        work: work(9),
        about: work(about),
        queue: queue.into(),
    };
    assert_eq!(floor.refused(ask(0, "moon")), Refusal::QueueUnknown);
    assert_eq!(floor.refused(ask(7, "hotline")), Refusal::WorkUnknown);
    // Withdrawn while it rings, he is free again.
    floor.ready(1, &[]);
    asks_queue(&mut floor, 2, 0, "hotline");
    assert_eq!(floor.rings(1), Some(work(2)));
    floor.end(2);
    assert_eq!(floor.state(1), AgentState::Ready);
}

#[test]
fn after_a_restart_call_backs_stand_in_the_order_they_had_with_a_wait_of_their_own() {
    let mut floor = Floor::hotline(0);
    let began = floor.now;
    floor.wait(1200);
    let kept = |n: u128, after: u64| Work {
        id: work(n),
        media: MediaKind::Voice,
        queue: "hotline".into(),
        priority: 0,
        preferred_agent: None,
        offered_at: began + secs(after),
    };
    for (n, after) in [(1, 30), (0, 10)] {
        let told = floor.does(Input::ResumePlace(kept(n, after)));
        assert_eq!(told, [], "it was told before");
    }
    floor.offer(2, "hotline");
    floor.wait(899);
    assert_eq!(floor.acd.queue_view("hotline").unwrap().voice.count, 3);
    for n in 0..3 {
        floor.ready(n, &[]);
        assert_eq!(floor.rings(n), Some(work(n)));
    }
    assert_eq!(
        floor.refused(Input::ResumePlace(kept(1, 30))),
        Refusal::AlreadyOffered
    );
}
