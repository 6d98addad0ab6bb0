//! Who waits long is served by more agents: lower levels, then another queue's.

use acd::{AgentState, Input, Outcome, Overflow, PassTo, Queue, SkillNeed, Widen};

use crate::support::{Floor, agent, profile, secs, work};

fn exam(widen: &[(u64, u32)], overflow: Option<(&str, u64)>) -> Queue {
    let step = |(after, levels_down): &(u64, u32)| Widen {
        after: secs(*after),
        levels_down: *levels_down,
    };
    Queue {
        skills: vec![SkillNeed {
            skill: "exam".into(),
            at_least: 5,
        }],
        widen: widen.iter().map(step).collect(),
        overflow: overflow.map(|(to, after)| Overflow {
            to: to.to_owned(),
            after: secs(after),
        }),
        ..Queue::new("exam")
    }
}

#[test]
fn levels_go_down_step_by_step_and_never_below_the_skill() {
    let mut floor = Floor::new(vec![exam(&[(30, 2), (60, 9)], None)]);
    floor.ready(0, &[("exam", 1)]);
    floor.ready(1, &[("exam", 3)]);
    floor.ready(2, &[]);
    floor.offer(0, "exam");
    floor.offer(1, "exam");
    floor.offer(2, "exam");
    floor.wait(29);
    assert!(floor.rung().is_empty());
    floor.wait(1);
    assert_eq!(floor.rung(), [(work(0), agent(1))]);
    floor.accept(0, 1);
    floor.wait(30);
    assert_eq!(floor.rings(0), Some(work(1)));
    floor.accept(1, 0);
    floor.wait(800);
    assert_eq!(floor.state(2), AgentState::Ready);
}

#[test]
fn who_has_the_level_comes_first_also_when_lower_ones_will_do() {
    let mut floor = Floor::new(vec![exam(&[(30, 4)], None)]);
    floor.offer(0, "exam");
    floor.wait(40);
    floor.ready(9, &[]);
    // Both become free before anybody waits again.
    floor.does(Input::Withdraw {
        work: work(0),
        at: None,
    });
    floor.ready(0, &[("exam", 4)]);
    floor.wait(10);
    floor.ready(1, &[("exam", 5)]);
    floor.offer_work(1, "exam", |work| work.offered_at -= secs(40));
    assert_eq!(floor.rings(1), Some(work(1)));
    floor.offer_work(2, "exam", |work| work.offered_at -= secs(40));
    assert_eq!(floor.rings(0), Some(work(2)));
}

#[test]
fn a_queue_overflows_to_another_and_the_work_keeps_queue_place_and_time() {
    let mut floor = Floor::new(vec![
        exam(&[], Some(("hotline", 30))),
        Queue::new("hotline"),
    ]);
    floor.offer(0, "exam");
    floor.wait(10);
    floor.offer(1, "hotline");
    floor.offer(2, "exam");
    // An agent of the other queue, who is free before the time has come, takes his own queue's.
    floor.ready(0, &[]);
    assert_eq!(floor.rings(0), Some(work(1)));
    floor.accept(1, 0);
    floor.wait(20);
    floor.ready(1, &[]);
    assert_eq!(floor.rings(1), Some(work(0)));
    let view = floor.acd.work_view(work(0)).unwrap();
    assert_eq!(view.queue, Some("exam"));
    // Agents of both serve it.
    floor.ready(2, &[("exam", 5)]);
    assert_eq!(floor.rings(2), Some(work(2)));
    floor.accept(0, 1);
    floor.end(0);
    assert_eq!(floor.outcome(0), Some(Outcome::Answered));
    // It is not one of his queues.
    let queues = floor.acd.agent_view(agent(1)).unwrap().queues;
    assert_eq!(queues, ["hotline"]);
}

#[test]
fn an_overflow_is_not_handed_on_by_the_other_queue() {
    let chain = Queue {
        overflow: Some(Overflow {
            to: "third".to_owned(),
            after: secs(1),
        }),
        skills: vec![SkillNeed {
            skill: "title".into(),
            at_least: 1,
        }],
        ..Queue::new("second")
    };
    let mut floor = Floor::new(vec![
        exam(&[], Some(("second", 10))),
        chain,
        Queue::new("third"),
    ]);
    floor.ready(0, &[]);
    floor.offer(0, "exam");
    floor.wait(600);
    assert!(floor.rung().is_empty());
}

#[test]
fn new_rules_open_the_queue_for_who_waits_already() {
    let mut floor = Floor::new(vec![exam(&[], None)]);
    floor.ready(0, &[("exam", 1)]);
    floor.offer(0, "exam");
    floor.wait(60);
    floor.does(Input::PutQueue(exam(&[(30, 4)], None)));
    assert_eq!(floor.rings(0), Some(work(0)));
    floor.does(Input::Withdraw {
        work: work(0),
        at: None,
    });
    // And close it again.
    floor.does(Input::PutQueue(exam(&[], None)));
    floor.offer_work(1, "exam", |work| work.offered_at -= secs(100));
    assert_eq!(floor.rings(0), None);
    floor.does(Input::PutAgent(profile(agent(0), &[("exam", 5)], 0)));
    assert_eq!(floor.rings(0), Some(work(1)));
}

#[test]
fn a_transfer_begins_its_wait_anew_with_the_first_step() {
    let mut floor = Floor::new(vec![exam(&[(30, 4)], None), Queue::new("hotline")]);
    floor.ready(0, &[]);
    floor.offer(0, "hotline");
    floor.accept(0, 0);
    floor.wait(100);
    floor.ready(1, &[("exam", 2)]);
    let to = PassTo::Queue("exam".to_owned());
    floor.does(Input::Pass { work: work(0), to });
    floor.wait(29);
    assert_eq!(floor.rings(1), None);
    floor.wait(1);
    assert_eq!(floor.rings(1), Some(work(0)));
}
