//! Erlang C by the fixtures, Erlang A by a simulation of the same queue.

use planner::staffing::{
    Load, Targets, agents_for, answered_within, erlang_c, patience, service, with_shrinkage,
};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::shared;

/// One number of a flat JSON object.
fn number(object: &str, name: &str) -> f64 {
    let after = object.split(&format!("\"{name}\":")).nth(1).unwrap();
    after
        .split([',', '}'])
        .next()
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

#[test]
fn erlang_c_is_as_the_fixtures_have_it() {
    let Some(text) = shared("fixtures/erlang_c_vectors.json") else {
        return;
    };
    let mut seen = 0;
    for object in text.split('{').skip(1) {
        let agents = number(object, "agents") as u32;
        let load = Load::of_interval(
            number(object, "calls_per_30min"),
            1_800.0,
            number(object, "aht_s"),
            None,
        );
        let made = service(load, agents);
        let near = |found: f64, name: &str, digits: f64| {
            assert!(
                (found - number(object, name)).abs() <= digits,
                "{name} of {object}: {found}"
            );
        };
        near(erlang_c(load.erlangs(), agents), "pw", 1e-6);
        near(made.asa, "asa", 1e-3);
        near(answered_within(load, agents, 15.0), "sl15", 1e-6);
        near(answered_within(load, agents, 20.0), "sl20", 1e-6);
        near(made.occupancy, "occ", 1e-6);
        seen += 1;
    }
    assert!(seen > 5);
}

/// What PyPI `pyworkforce` 0.5.1 has: calls in half an hour, mean handling time in s, agents; the probability of a wait,
/// the share answered within 20 s, the occupancy.
const PYWORKFORCE: &str = "\
10 240 3 0.18079096045197737 0.8426531569114775 0.4444444444444444
15 240 4 0.17391304347826084 0.8527857869755454 0.5
20 240 5 0.16163529458190284 0.8669269687232549 0.5333333333333333
30 300 7 0.324149949173288 0.7163126131144109 0.7142857142857143
60 180 8 0.3569810858786802 0.7141518924030836 0.75
100 180 12 0.4493882242982709 0.6401580403740066 0.8333333333333334
120 210 17 0.3482648421401132 0.7382868791552559 0.8235294117647058
180 300 34 0.3763806550167655 0.7117193903104108 0.8823529411764706
250 240 37 0.4318081936031747 0.6818808691932736 0.9009009009009009
600 200 72 0.41448919331045725 0.7568414817166573 0.925925925925926
1500 260 225 0.4648312472661118 0.7551492626476083 0.9629629629629629
5000 180 510 0.5502107127623017 0.8188744915418605 0.9803921568627451";

#[test]
fn erlang_c_is_as_pyworkforce_has_it_to_a_billionth() {
    for line in PYWORKFORCE.lines() {
        let numbers: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        let [calls, aht, agents, waits, soon, busy] = numbers[..] else {
            panic!("{line}");
        };
        let (load, agents) = (Load::of_interval(calls, 1_800.0, aht, None), agents as u32);
        let made = [
            erlang_c(load.erlangs(), agents),
            answered_within(load, agents, 20.0),
            service(load, agents).occupancy,
        ];
        for (found, wanted) in made.into_iter().zip([waits, soon, busy]) {
            assert!((found - wanted).abs() <= 1e-9, "{found} for {line}");
        }
    }
}

/// The queue itself, caller by caller: (share answered within `limit`, share that gave up).
fn simulated(load: Load, patience: f64, agents: usize, limit: f64) -> (f64, f64) {
    let mut rng = StdRng::seed_from_u64(2026);
    let mut exponential = |mean: f64| -mean * (1.0 - rng.random::<f64>()).ln();
    let mut free_at = vec![0.0_f64; agents];
    let (mut now, mut soon, mut gone, calls) = (0.0, 0_u32, 0_u32, 400_000);
    for _ in 0..calls {
        now += exponential(1.0 / load.rate);
        let stays = exponential(patience);
        let takes = exponential(load.aht);
        let (at, _) = free_at
            .iter()
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(b.1))
            .unwrap();
        let wait = (free_at[at] - now).max(0.0);
        if wait > stays {
            gone += 1;
            continue;
        }
        free_at[at] = now + wait + takes;
        soon += u32::from(wait <= limit);
    }
    (
        f64::from(soon) / f64::from(calls),
        f64::from(gone) / f64::from(calls),
    )
}

#[test]
fn erlang_a_is_within_half_a_point_of_the_simulation() {
    for (calls, aht, stays, agents) in [
        (60.0, 240.0, 90.0, 7),
        (100.0, 180.0, 120.0, 10),
        (30.0, 300.0, 60.0, 6),
    ] {
        let load = Load::of_interval(calls, 1_800.0, aht, Some(stays));
        let (soon, gone) = simulated(load, stays, agents as usize, 20.0);
        let made = service(load, agents);
        assert!(
            (made.abandoned - gone).abs() < 0.005,
            "{made:?} beside {gone}"
        );
        let within = answered_within(load, agents, 20.0);
        assert!((within - soon).abs() < 0.005, "{within} beside {soon}");
    }
}

#[test]
fn the_fewest_agents_reach_the_targets_and_one_less_does_not() {
    let load = Load::of_interval(40.0, 1_800.0, 240.0, Some(90.0));
    let targets = Targets {
        service_level: Some((0.8, 20.0)),
        abandoned: Some(0.05),
        ..Targets::default()
    };
    let agents = agents_for(load, &targets).unwrap();
    assert!(answered_within(load, agents, 20.0) >= 0.8 && service(load, agents).abandoned <= 0.05);
    let less = agents - 1;
    assert!(answered_within(load, less, 20.0) < 0.8 || service(load, less).abandoned > 0.05);
    assert_eq!(with_shrinkage(6, 0.25), 8);
}

#[test]
fn patience_counts_the_waits_of_those_who_were_answered() {
    assert_eq!(
        patience([(10.0, false), (20.0, true), (30.0, false)]),
        Some(60.0)
    );
    assert_eq!(patience([(10.0, false)]), None);
}
