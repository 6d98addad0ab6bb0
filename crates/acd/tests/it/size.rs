//! A provincial centre: 1,000 seats. Anything that scans the floor for each event shows here as
//! minutes instead of seconds.

use acd::{Input, Output, Queue, SkillNeed};

use crate::support::{Floor, agent, secs, work};

#[test]
fn a_thousand_seats_and_ten_thousand_waiting_calls_take_no_scan() {
    let queues: Vec<Queue> = (0..10)
        .map(|n| Queue {
            skills: vec![SkillNeed {
                skill: format!("s{n}"),
                at_least: 1,
            }],
            max_wait: secs(100_000),
            wrap_up: secs(1),
            ..Queue::new(format!("q{n}"))
        })
        .collect();
    let mut floor = Floor::new(queues);
    let skills: Vec<String> = (0..10).map(|n| format!("s{n}")).collect();
    let calls = 10_000u128;
    for n in 0..calls {
        floor.offer(n, &format!("q{}", n % 10));
    }
    for n in 0..1000usize {
        let (a, b, c) = (n % 10, (n + 3) % 10, (n + 7) % 10);
        let level = u32::try_from(n % 5).unwrap() + 1;
        let has = [
            (skills[a].as_str(), level),
            (skills[b].as_str(), 1),
            (skills[c].as_str(), 2),
        ];
        floor.ready(n as u128, &has);
    }
    let mut answered = 0;
    while answered < calls {
        let rung: Vec<_> = floor
            .seen
            .drain(..)
            .filter_map(|output| match output {
                Output::Ring { work, agent, .. } => Some((work, agent)),
                _ => None,
            })
            .collect();
        assert!(
            !rung.is_empty(),
            "{answered} of {calls} answered and nothing rings"
        );
        for (work, agent) in rung {
            floor.does(Input::Accepted { work, agent });
            floor.does(Input::Ended { work });
            answered += 1;
        }
        floor.wait(1);
    }
    assert_eq!(floor.acd.works(), 0);
    assert!(floor.acd.agent_view(agent(999)).is_some() && floor.acd.work_view(work(0)).is_none());
}
