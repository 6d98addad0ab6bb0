//! The forecast beside the naive ways, on the public series.

use chrono::NaiveDateTime;
use planner::forecast::{Forecast, History, HistoryError, Way, try_out};

use crate::shared;

fn series() -> Option<Vec<(NaiveDateTime, f64)>> {
    let text = shared("benchmarks/call-volume/bank-calls-2003.csv")?;
    let rows = text.lines().skip(1).map(|line| {
        let (start, calls) = line.split_once(',').unwrap();
        let start = NaiveDateTime::parse_from_str(start, "%Y-%m-%d %H:%M").unwrap();
        (start, calls.parse().unwrap())
    });
    Some(rows.collect())
}

#[test]
fn the_model_errs_less_than_six_in_a_hundred_and_beats_last_week() {
    let Some(series) = series() else { return };
    let history = History::of(series, 30).unwrap();
    let trials = try_out(&history, &[]);
    let of = |way| trials.iter().find(|one| one.way == way).unwrap();
    let (model, naive) = (of(Way::Model), of(Way::LastWeek));
    assert!(model.wape <= 0.060, "{model:?}");
    assert!(
        model.wape <= 0.70 * naive.wape,
        "{model:?} beside {naive:?}"
    );
    let covered = model.covered.unwrap();
    assert!((0.87..=0.93).contains(&covered), "{covered}");
}

#[test]
fn what_lies_ahead_has_its_bins_and_its_reach() {
    let Some(series) = series() else { return };
    let history = History::of(series, 30).unwrap();
    let ahead = Forecast::make(&history, &[], 14).intervals;
    assert!(ahead.len() > history.bins() * 8, "{}", ahead.len());
    assert!(
        ahead
            .iter()
            .all(|one| one.low90 <= one.mean && one.mean <= one.high90)
    );
}

#[test]
fn too_little_is_refused_and_so_is_a_bin_that_divides_no_day() {
    let at = NaiveDateTime::parse_from_str("2026-11-23 09:00", "%Y-%m-%d %H:%M").unwrap();
    assert_eq!(History::of([(at, 3.0)], 30), Err(HistoryError::TooShort));
    assert_eq!(History::of([(at, 3.0)], 7), Err(HistoryError::Bin));
}
