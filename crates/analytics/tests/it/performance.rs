//! The score by hand.

use analytics::performance::score::{Measured, ScoreMethod, ScoreRow, ScoreStep, score};
use proptest::prelude::*;

fn linear(weight: u32, target: i64, floor: i64) -> ScoreRow {
    ScoreRow {
        indicator: "k09".to_owned(),
        weight,
        target,
        floor,
        method: ScoreMethod::Linear,
        steps: Vec::new(),
    }
}

fn of(row: ScoreRow, value: Option<i64>) -> Measured {
    Measured { row, value }
}

#[test]
fn linear_points_lie_between_floor_and_target() {
    // More is better: 95 % gives all of 20 points, 80 % none, 86 % 6/15 of them.
    let share = linear(20, 9_500, 8_000);
    assert_eq!(
        [9_700, 9_500, 8_600, 8_000, 100].map(|value| share.points(value)),
        [2_000, 2_000, 800, 0, 0]
    );
    // Less is better: 300 s all of 15 points, 600 s none; 401 s: 199/300 of 1500 = 995.
    let time = linear(15, 300_000, 600_000);
    assert_eq!(
        [250_000, 300_000, 401_000, 600_000, 700_000].map(|value| time.points(value)),
        [1_500, 1_500, 995, 0, 0]
    );
    // A third of a hundredth is none, two thirds are one: 1/3 and 2/3 of 100 hundredths.
    let thirds = linear(1, 3, 0);
    assert_eq!([1, 2].map(|value| thirds.points(value)), [33, 67]);
}

#[test]
fn steps_give_the_share_of_the_best_one_reached() {
    let steps = [(10_000, 100), (9_800, 80), (9_500, 50)]
        .map(|(from, percent)| ScoreStep { from, percent });
    let row = ScoreRow {
        method: ScoreMethod::Step,
        steps: steps.to_vec(),
        ..linear(10, 10_000, 9_000)
    };
    assert_eq!(
        [10_000, 9_900, 9_500, 9_499].map(|value| row.points(value)),
        [1_000, 800, 500, 0]
    );
}

#[test]
fn a_veto_takes_all_and_what_is_not_measured_is_left_out() {
    let veto = ScoreRow {
        method: ScoreMethod::Veto,
        ..linear(0, -1, 0)
    };
    let rows = |leaks: i64| {
        vec![
            of(linear(60, 10_000, 5_000), Some(9_000)),
            of(linear(40, 9_000, 6_000), None),
            of(veto.clone(), Some(leaks)),
        ]
    };
    // 4/5 of 60 are 48; of the 60 that were measured that is 80 of a hundred.
    let fair = score(&rows(0), 0);
    assert_eq!(
        (fair.points, fair.weight, fair.total, fair.vetoed),
        (vec![Some(4_800), None, Some(0)], 60, 8_000, false)
    );
    assert_eq!(score(&rows(0), 150).total, 7_850);
    assert_eq!(score(&rows(0), 9_000).total, 0);
    let vetoed = score(&rows(1), 0);
    assert_eq!((vetoed.total, vetoed.vetoed), (0, true));
    assert_eq!(score(&[], 0).total, 0);
}

proptest! {
    #[test]
    fn a_score_lies_between_nothing_and_a_hundred_and_never_falls_for_a_better_value(
        weights in prop::collection::vec(1u32..50, 1..6),
        value in -20_000i64..20_000,
        more in 0i64..5_000,
        bounds in (-9_000i64..9_000, -9_000i64..9_000),
    ) {
        prop_assume!(bounds.0 != bounds.1);
        let rows = |value: i64| -> Vec<Measured> {
            weights.iter().map(|weight| of(linear(*weight, bounds.0, bounds.1), Some(value))).collect()
        };
        let (one, other) = (score(&rows(value), 0).total, score(&rows(value + more), 0).total);
        prop_assert!((0..=10_000).contains(&one));
        if bounds.0 > bounds.1 {
            prop_assert!(other >= one);
        } else {
            prop_assert!(other <= one);
        }
    }
}
