//! The archive of contracts, the stock, special tasks: whatever is tried, the sums hold.

use chrono::{Days, NaiveDate};
use kernel::Side;
use liaison::check::{CheckedItem, defects};
use liaison::contract::months;
use liaison::special_task::{Action, Case, SpecialTaskState};
use liaison::supply::{SupplyMoveKind, moved};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn three_years_are_36_months_whatever_their_days_and_what_overlaps_counts_once() {
    let of = |times: &[(&str, &str)]| {
        let times: Vec<_> = times
            .iter()
            .map(|(from, until)| (day(from), day(until)))
            .collect();
        months(&times)
    };
    assert_eq!(of(&[("2019-01-01", "2021-12-31")]), 36);
    assert_eq!(of(&[("2021-02-15", "2024-02-14")]), 36);
    assert_eq!(of(&[("2021-02-15", "2024-02-13")]), 35, "a day is missing");
    // Two that overlap by a year are three years, not four; what adjoins is one time.
    assert_eq!(
        of(&[("2019-01-01", "2020-12-31"), ("2020-01-01", "2021-12-31")]),
        36
    );
    assert_eq!(
        of(&[("2020-07-11", "2021-12-31"), ("2019-01-01", "2020-07-10")]),
        36
    );
    // What is left over is added up.
    assert_eq!(
        of(&[("2020-01-01", "2020-01-20"), ("2020-03-01", "2020-03-20")]),
        1
    );
    assert_eq!(
        of(&[("2020-01-02", "2020-01-01")]),
        0,
        "backwards is nothing"
    );
    assert_eq!(of(&[]), 0);
}

fn time() -> impl Strategy<Value = (NaiveDate, NaiveDate)> {
    (0u64..2_000, 0u64..700).prop_map(|(from, length)| {
        let from = day("2018-01-01").checked_add_days(Days::new(from)).unwrap();
        (from, from.checked_add_days(Days::new(length)).unwrap())
    })
}

proptest! {
    /// The order does not matter, a contract that others hold already adds nothing, cutting one in two takes nothing,
    /// and no more comes out than there are days.
    #[test]
    fn no_day_of_two_contracts_counts_twice(times in prop::collection::vec(time(), 1..12), at in 0usize..12, cut in 1u64..700) {
        let whole = months(&times);
        let mut turned = times.clone();
        turned.reverse();
        prop_assert_eq!(months(&turned), whole);

        let (from, until) = times[at % times.len()];
        let mut more = times.clone();
        more.push((from, until));
        if let Some(inner) = from.checked_add_days(Days::new(cut)).filter(|inner| *inner <= until) {
            more.push((inner, until));
        }
        prop_assert_eq!(months(&more), whole);

        let mut parts = times.clone();
        if let Some(middle) = from.checked_add_days(Days::new(cut)).filter(|middle| *middle <= until) {
            parts.remove(at % times.len());
            parts.push((from, middle.pred_opt().unwrap()));
            parts.push((middle, until));
        }
        prop_assert_eq!(months(&parts), whole);

        let covered = (0..3_000).filter(|n| {
            let day = day("2018-01-01").checked_add_days(Days::new(*n)).unwrap();
            times.iter().any(|(from, until)| *from <= day && day <= *until)
        }).count();
        prop_assert!(whole as usize <= covered / 28);
        prop_assert!(whole as usize + times.len() + 1 >= covered / 31, "{whole} of {covered} days");
    }

    /// Whatever is moved in whatever order, no stock is below nothing, and what is there and what is held is what came
    /// in less what was written off.
    #[test]
    fn no_move_makes_a_stock_negative(walk in prop::collection::vec((0usize..4, -3i64..60), 0..80)) {
        let kinds = SupplyMoveKind::ALL;
        let (mut stock, mut held, mut came, mut gone) = (0, 0, 0, 0);
        for (kind, quantity) in walk {
            let kind = kinds[kind];
            let Ok(after) = moved(stock, held, kind, quantity) else { continue };
            prop_assert!(quantity > 0 && after >= 0);
            match kind {
                SupplyMoveKind::Receive => came += quantity,
                SupplyMoveKind::Issue => held += quantity,
                SupplyMoveKind::Return => held -= quantity,
                SupplyMoveKind::WriteOff => gone += quantity,
            }
            stock = after;
            prop_assert!(held >= 0);
            prop_assert_eq!(stock + held + gone, came);
        }
    }

    /// Nothing is accepted that was not planned, worked on and delivered; only the purchaser accepts, with a rating.
    #[test]
    fn no_sequence_accepts_a_special_task_against_the_rules(
        walk in prop::collection::vec((0usize..7, any::<bool>(), -5i64..4_000), 0..60),
    ) {
        let mut case = Case::requested();
        let mut worked = 0;
        for (step, purchaser, minutes) in walk {
            let by = if purchaser { Side::Purchaser } else { Side::Supplier };
            let rating = u8::try_from(minutes.rem_euclid(8)).unwrap();
            let action = [
                Action::Plan { minutes }, Action::Work { minutes }, Action::Deliver, Action::Accept { rating },
                Action::SendBack, Action::Withdraw, Action::Work { minutes: 30 },
            ][step];
            let Ok(after) = case.next(by, &action) else { continue };
            prop_assert!(case.is_open());
            if let Action::Work { minutes } = action {
                worked += minutes;
            }
            prop_assert_eq!(after.worked, worked);
            if after.state == SpecialTaskState::Accepted {
                prop_assert!(by == Side::Purchaser && case.state == SpecialTaskState::Delivered);
                prop_assert!(after.planned.is_some() && worked > 0);
                prop_assert!(after.rating.is_some_and(|rating| (1..=5).contains(&rating)));
            }
            case = after;
        }
    }
}

#[test]
fn a_check_looks_at_every_item_once() {
    let asked = ["话机".to_owned(), "网络".to_owned()];
    let found = |items: &[(&str, bool)]| {
        let items = items.iter().map(|(item, ok)| CheckedItem {
            item: (*item).to_owned(),
            ok: *ok,
        });
        defects(&asked, &items.collect::<Vec<_>>())
    };
    assert_eq!(found(&[("话机", true), ("网络", false)]), Some(1));
    assert_eq!(found(&[("网络", true), ("话机", true)]), Some(0));
    assert_eq!(found(&[("话机", true)]), None);
    assert_eq!(found(&[("话机", true), ("话机", true)]), None);
    assert_eq!(found(&[("话机", true), ("网络", true), ("灯", true)]), None);
}
