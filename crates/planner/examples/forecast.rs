#![allow(missing_docs, clippy::unwrap_used)]
use planner::forecast::{History, try_out};
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let counts = text.lines().skip(1).map(|l| {
        let (a, b) = l.split_once(',').unwrap();
        (
            chrono::NaiveDateTime::parse_from_str(a, "%Y-%m-%d %H:%M").unwrap(),
            b.parse::<f64>().unwrap(),
        )
    });
    let history = History::of(counts, 30).unwrap();
    for t in try_out(&history, &[]) {
        println!("{t:?}");
    }
    let l = planner::staffing::Load::of_interval(100.0, 1800.0, 180.0, None);
    println!(
        "{:?} {}",
        planner::staffing::service(l, 14),
        planner::staffing::answered_within(l, 14, 20.0)
    );
    let l = planner::staffing::Load::of_interval(100.0, 1800.0, 180.0, Some(120.0));
    for n in [5, 8, 10, 12, 14] {
        println!(
            "{:?} {}",
            planner::staffing::service(l, n),
            planner::staffing::answered_within(l, n, 20.0)
        );
    }
}
