//! The day tried out, beside the formulas and by its own sums.

use planner::simulation::{Slot, Tally, Trial};
use planner::staffing::{Load, answered_within, service};

fn trial(slots: Vec<Slot>) -> Trial {
    Trial {
        interval: 1_800.0,
        slots,
        aht: 180.0,
        wrap_up: 0.0,
        patience: Some(120.0),
        ring: 0.0,
        in_time: 20.0,
        max_wait: None,
    }
}

fn total(tallies: &[Tally]) -> Tally {
    let mut total = Tally::default();
    for tally in tallies {
        total.add(tally);
    }
    total
}

#[test]
fn erlang_a_is_within_half_a_point_of_the_distributor() {
    let slot = Slot {
        calls: 50.0,
        agents: 6,
    };
    let mut trial = trial(vec![slot; 6_000]);
    trial.patience = Some(60.0);
    let tried = total(&trial.run(7).unwrap());
    let load = Load::of_interval(50.0, 1_800.0, 180.0, Some(60.0));
    let made = service(load, 6);
    let near = |tried: Option<f64>, made: f64| {
        let tried = tried.unwrap();
        assert!((tried - made).abs() < 0.005, "{tried} beside {made}");
    };
    near(tried.service_level(), answered_within(load, 6, 20.0));
    near(tried.abandonment(), made.abandoned);
    near(tried.occupancy(), made.occupancy);
}

#[test]
fn every_caller_is_answered_gives_up_or_is_let_go() {
    let slot = |calls, agents| Slot { calls, agents };
    let mut day = trial(vec![slot(40.0, 2), slot(60.0, 9), slot(50.0, 0)]);
    day.wrap_up = 30.0;
    day.ring = 5.0;
    day.max_wait = Some(300.0);
    let tallies = day.run(3).unwrap();
    for tally in &tallies {
        assert_eq!(
            tally.calls,
            tally.answered + tally.abandoned + tally.let_go,
            "{tally:?}"
        );
    }
    let level = |at: usize| tallies[at].service_level().unwrap();
    assert!(level(1) > level(0) && level(2) < 0.5, "{tallies:?}");
}

#[test]
fn the_same_seed_brings_the_same_callers_to_more_agents() {
    let of = |agents| {
        let day = trial(vec![
            Slot {
                calls: 50.0,
                agents
            };
            8
        ]);
        total(&day.run(11).unwrap())
    };
    let (few, more) = (of(5), of(7));
    assert_eq!(few.calls, more.calls);
    assert!(few.abandoned > more.abandoned && few.waited > more.waited);
    assert_eq!(few, of(5));
}

#[test]
fn a_day_that_cannot_be_is_refused() {
    let slot = Slot {
        calls: 1.0,
        agents: 1,
    };
    assert!(trial(Vec::new()).run(1).is_err());
    for broken in [
        Trial {
            aht: f64::NAN,
            ..trial(vec![slot])
        },
        Trial {
            wrap_up: 180.0,
            ..trial(vec![slot])
        },
        Trial {
            patience: Some(0.0),
            ..trial(vec![slot])
        },
        trial(vec![Slot {
            calls: -1.0,
            agents: 1,
        }]),
    ] {
        assert!(broken.run(1).is_err(), "{broken:?}");
    }
}
