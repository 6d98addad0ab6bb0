//! Rosters: what is found keeps every hard rule by the independent checker, whatever the seed.

use planner::roster::{Cover, Person, Problem, Roster, Shift, Wish, check, read, solve};
use proptest::prelude::*;

use crate::shared;

/// Ends after so many rounds, which is the same on every machine.
fn rounds(most: u64) -> impl FnMut(planner::roster::Progress) -> f64 {
    move |progress| progress.rounds as f64 / most as f64
}

fn person(name: &str, days: usize) -> Person {
    Person {
        name: name.to_owned(),
        most_of: vec![days as u32, days as u32],
        most_minutes: 40 * 480,
        least_minutes: 0,
        most_days: 5,
        least_days: 2,
        least_off: 2,
        most_weekends: 2,
        off: Vec::new(),
    }
}

fn small(people: usize, need: u32) -> Problem {
    let days = 28;
    let shifts = vec![
        Shift {
            name: "早".to_owned(),
            minutes: 480,
            not_before: Vec::new(),
        },
        Shift {
            name: "晚".to_owned(),
            minutes: 480,
            not_before: vec![0],
        },
    ];
    let cover = (0..days).flat_map(|day| {
        [0, 1].map(|shift| Cover {
            day,
            shift,
            need,
            under: 100,
            over: 1,
        })
    });
    Problem {
        days,
        shifts,
        people: (0..people)
            .map(|at| person(&format!("{}号", at + 1), days))
            .collect(),
        wishes: vec![Wish {
            person: 0,
            day: 3,
            shift: 1,
            wants: true,
            weight: 5,
        }],
        cover: cover.collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_found_keeps_every_rule_and_its_price_is_right(seed: u64, people in 1_usize..9, need in 0_u32..4, away in 0_usize..28) {
        let mut problem = small(people, need);
        problem.people[0].off = vec![away];
        let plan = solve(&problem, seed, rounds(300)).unwrap();
        let verdict = check(&problem, &plan.roster);
        prop_assert_eq!(&verdict.breaches, &vec![]);
        prop_assert_eq!(verdict.objective() as i64, plan.objective);
    }
}

/// A year with long leave, and hardly a choice of how many days to work.
fn year(people: usize) -> Problem {
    let days = 364;
    let lengths = [480, 600, 720];
    let kinds = ["早", "中", "晚"].map(|kind| lengths.map(|minutes| (kind, minutes)));
    let shifts: Vec<Shift> = kinds
        .iter()
        .flatten()
        .enumerate()
        .map(|(at, (kind, minutes))| Shift {
            name: format!("{kind}{minutes}"),
            minutes: *minutes,
            // None that begins earlier in the day, and no two long ones.
            not_before: (0..9)
                .filter(|&next| next / 3 < at / 3 || at % 3 == 2 && next % 3 == 2)
                .map(|next| next as u8)
                .collect(),
        })
        .collect();
    let line = |at: usize| Person {
        name: format!("{}号", at + 1),
        most_of: (0..9)
            .map(|shift| match (shift + at) % 4 {
                0 => 0,
                _ if shift % 3 == 0 => 364,
                _ => 50,
            })
            .collect(),
        most_minutes: 112_320,
        least_minutes: 111_360,
        most_days: 5,
        least_days: 2,
        least_off: 2,
        most_weekends: 26,
        off: (at * 20 % 300..).take(24).chain(340..352).collect(),
    };
    let cover = (0..days).flat_map(|day| {
        (0..9).map(move |shift| Cover {
            day,
            shift,
            need: people as u32 / 14,
            under: 100,
            over: 1,
        })
    });
    Problem {
        days,
        shifts,
        people: (0..people).map(line).collect(),
        wishes: Vec::new(),
        cover: cover.collect(),
    }
}

#[test]
fn a_year_with_hardly_a_choice_of_minutes_has_a_roster() {
    for seed in 1..=3 {
        let problem = year(14);
        let plan = solve(&problem, seed, rounds(200)).unwrap();
        let verdict = check(&problem, &plan.roster);
        assert_eq!(verdict.breaches, vec![]);
        assert_eq!(verdict.objective() as i64, plan.objective);
    }
}

#[test]
fn a_thousand_agents_have_a_roster_of_four_weeks() {
    let problem = small(1_000, 240);
    let plan = solve(&problem, 1, rounds(400)).unwrap();
    let verdict = check(&problem, &plan.roster);
    assert_eq!(verdict.breaches, vec![]);
    assert_eq!(verdict.objective() as i64, plan.objective);
}

#[test]
fn the_same_seed_finds_the_same_roster() {
    let problem = small(6, 2);
    let twice = [7, 7].map(|seed| solve(&problem, seed, rounds(500)).unwrap().roster);
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn the_checker_names_who_broke_what_and_when() {
    let problem = small(1, 0);
    // Late, then early the next day; then one day alone.
    let mut line = vec![None; 28];
    line[0] = Some(1);
    line[1] = Some(0);
    line[10] = Some(0);
    let verdict = check(&problem, &Roster(vec![line]));
    let said: Vec<String> = verdict.breaches.iter().map(ToString::to_string).collect();
    assert!(said.iter().all(|one| one.starts_with("1号")), "{said:?}");
    assert!(said.len() >= 2, "{said:?}");
}

#[test]
fn who_can_have_no_line_is_named() {
    let mut problem = small(3, 1);
    problem.people[1].least_minutes = 60 * 480;
    let refused = solve(&problem, 1, rounds(10)).unwrap_err();
    assert_eq!(refused.person, "2号");
}

#[test]
fn an_instance_that_cannot_be_read_is_told_by_its_line() {
    let unreadable = read("SECTION_HORIZON\n14\nSECTION_SHIFTS\nD,x,\n").unwrap_err();
    assert_eq!(unreadable.line, 4, "{unreadable}");
}

#[test]
fn the_public_instances_are_read_and_the_small_ones_solved() {
    for (number, best) in [(1, 607), (2, 828)] {
        let Some(text) = shared(&format!("benchmarks/curtois-qu-2014/Instance{number}.txt")) else {
            return;
        };
        let problem = read(&text).unwrap();
        let plan = solve(&problem, 1, rounds(4_000)).unwrap();
        let verdict = check(&problem, &plan.roster);
        assert_eq!(verdict.breaches, vec![]);
        assert_eq!(verdict.objective() as i64, plan.objective);
        assert!(
            plan.objective <= best * 115 / 100,
            "instance {number}: {} beside {best}",
            plan.objective
        );
    }
}
