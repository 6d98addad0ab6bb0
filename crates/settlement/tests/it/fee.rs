//! The seat fee to the fen, by hand, under each of the three methods (A-62 … ).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use calendar::{Calendar, YearCalendar, YearNotice};
use chrono::NaiveDate;
use proptest::prelude::*;
use settlement::capital;
use settlement::presence::{DayRecord, DaySource, PresenceKind, proposed};
use settlement::seat_fee::{Line, ProRata, RuleChange, Rules, forecast, lines, total};
use settlement::term::{Month, Price, highest_price, last_day, month, next_reminder};
use uuid::Uuid;

/// The highest price: 8,333.33 yuan.
const PRICE: i64 = 833_333;

pub static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    let notices = calendar::SHIPPED.iter();
    let years = notices.map(|notice| {
        let notice: YearNotice = serde_json::from_str(notice).unwrap();
        YearCalendar::from_notice(&notice).unwrap()
    });
    Calendar::new(years)
});

fn on(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rules(method: ProRata) -> Rules {
    Rules {
        method,
        seats: 6,
        presence: proposed(),
        prices: vec![Price {
            from: on("2026-01-01"),
            fen: PRICE,
        }],
        changes: Vec::new(),
    }
}

fn record(seat: i64, day: NaiveDate, person: &str, presence: PresenceKind) -> DayRecord {
    let n = u128::from(
        day.to_string()
            .bytes()
            .map(u64::from)
            .fold(7, |a, b| a * 31 % 1_000_003 + b),
    );
    DayRecord {
        id: Uuid::from_u128(
            n * 1_000
                + seat as u128 * 100
                + u128::from(person.bytes().map(u64::from).sum::<u64>() % 97),
        ),
        day,
        seat,
        person: person.to_owned(),
        presence,
        minutes: 480,
        sha256: String::new(),
        source: DaySource::Sheet,
        source_id: None,
    }
}

/// All seats on post on every working day, but for what `away` says of a seat and day.
fn attendance(months: &[Month], away: impl Fn(i64, NaiveDate) -> bool) -> Vec<DayRecord> {
    let mut records = Vec::new();
    for month in months {
        for day in month.from.iter_days().take_while(|day| *day <= month.until) {
            for seat in (1..=6).filter(|seat| CALENDAR.is_workday(day) && !away(*seat, day)) {
                records.push(record(
                    seat,
                    day,
                    &format!("p{seat}"),
                    PresenceKind::Present,
                ));
            }
        }
    }
    records
}

fn june() -> Month {
    month(on("2026-01-01"), 6).unwrap()
}

fn seat(lines: &[Line], seat: i64) -> &Line {
    lines.iter().find(|line| line.seat == seat).unwrap()
}

/// What seat 3 gets under (a), (b) and (c).
fn under_each(months: &[Month], records: &[DayRecord], change: impl Fn(&mut Rules)) -> [i64; 3] {
    [
        ProRata::MonthEnd,
        ProRata::WorkingDays,
        ProRata::CalendarDays,
    ]
    .map(|method| {
        let mut rules = rules(method);
        change(&mut rules);
        seat(&lines(&*CALENDAR, &rules, months, records), 3).amount_fen
    })
}

#[test]
fn the_term_ends_a_day_before_the_same_day_of_the_next_year() {
    assert_eq!(last_day(on("2026-03-31"), 12), Some(on("2027-03-30")));
    let first = month(on("2026-03-31"), 1).unwrap();
    let second = month(on("2026-03-31"), 2).unwrap();
    assert_eq!(
        (first.until, second.from),
        (on("2026-04-29"), on("2026-04-30"))
    );
    assert_eq!(
        second.until,
        on("2026-05-30"),
        "a contract of the 31st does not slip"
    );
    assert_eq!(
        next_reminder(on("2027-03-30"), &[90, 60, 30], on("2027-01-01")),
        Some(on("2027-01-29"))
    );
    let late = next_reminder(on("2027-03-30"), &[90, 60, 30], on("2027-03-01"));
    assert_eq!(late, None);
}

#[test]
fn the_highest_price_is_cut_and_not_rounded() {
    assert_eq!(highest_price(60_000_000, 6, 12), 833_333);
    assert_eq!(833_333 * 72, 59_999_976);
}

#[test]
fn six_seats_full_for_half_a_year() {
    let months: Vec<Month> = (1..=6)
        .map(|n| month(on("2026-01-01"), n).unwrap())
        .collect();
    let records = attendance(&months, |_, _| false);
    for method in ProRata::ALL {
        let all = lines(&*CALENDAR, &rules(*method), &months, &records);
        assert_eq!(
            (all.len(), total(&all)),
            (36, 29_999_988),
            "{method:?}: 36 × 8,333.33"
        );
    }
}

#[test]
fn one_seat_vacant_for_seven_working_days() {
    // 8 to 16 June 2026: seven of 21 working days (the 19th is the Dragon Boat Festival), nine of 30 days.
    let gone = on("2026-06-08")..=on("2026-06-16");
    let records = attendance(&[june()], |seat, day| seat == 3 && gone.contains(&day));
    // (b) 8,333.33 × 14/21 = 5,555.553; (c) 8,333.33 × 21/30 = 5,833.331
    assert_eq!(
        under_each(&[june()], &records, |_| ()),
        [833_333, 555_555, 583_333]
    );
    let by_days = lines(&*CALENDAR, &rules(ProRata::WorkingDays), &[june()], &records);
    assert_eq!(
        (seat(&by_days, 3).halves, seat(&by_days, 3).of_halves),
        (28, 42)
    );
    assert_eq!(seat(&by_days, 3).short_days.len(), 7);
    assert_eq!(seat(&by_days, 3).rule, "(833333×28)/42");
    assert_eq!(total(&by_days), 5 * 833_333 + 555_555);
}

#[test]
fn vacant_at_the_end_of_the_month() {
    let records = attendance(&[june()], |seat, day| seat == 3 && day == on("2026-06-30"));
    // (b) 8,333.33 × 20/21 = 7,936.504…; (c) 8,333.33 × 29/30 = 8,055.552…
    assert_eq!(
        under_each(&[june()], &records, |_| ()),
        [0, 793_650, 805_555]
    );
}

#[test]
fn a_replacement_overlaps_and_the_seat_is_paid_once() {
    let mut records = attendance(&[june()], |_, _| false);
    for day in ["2026-06-24", "2026-06-25", "2026-06-26"].map(on) {
        records.push(record(3, day, "successor", PresenceKind::Present));
    }
    records.push(record(
        7,
        on("2026-06-24"),
        "seventh",
        PresenceKind::Present,
    ));
    assert_eq!(under_each(&[june()], &records, |_| ()), [833_333; 3]);
    let all = lines(&*CALENDAR, &rules(ProRata::WorkingDays), &[june()], &records);
    assert_eq!(
        (all.len(), total(&all)),
        (6, 6 * 833_333),
        "never a seventh seat"
    );
    assert_eq!(seat(&all, 3).people, ["p3", "successor"]);
}

#[test]
fn one_person_fills_one_seat_at_a_time() {
    let mut records = attendance(&[june()], |seat, _| seat == 3);
    for day in june()
        .from
        .iter_days()
        .take(30)
        .filter(|day| CALENDAR.is_workday(*day))
    {
        records.push(record(3, day, "p1", PresenceKind::Substitute));
    }
    assert_eq!(under_each(&[june()], &records, |_| ()), [0, 0, 0]);
}

#[test]
fn the_price_changes_in_the_middle_of_a_month() {
    let records = attendance(&[june()], |_, _| false);
    let change = |rules: &mut Rules| {
        let price = |from, fen| Price {
            from: on(from),
            fen,
        };
        rules.prices = vec![price("2026-06-16", 833_333), price("2026-01-01", 800_000)];
    };
    // (a) the price of the month's end; (b) (8,000.00 × 11 + 8,333.33 × 10) / 21 = 8,158.7285…;
    // (c) (8,000.00 × 15 + 8,333.33 × 15) / 30 = 8,166.665, half up
    assert_eq!(
        under_each(&[june()], &records, change),
        [833_333, 815_873, 816_667]
    );
}

#[test]
fn a_make_up_workday_counts_as_the_working_day_it_is() {
    // 9 May 2026, a Saturday, is worked; May has 19 working days. The Sunday after it lies beside a day on post.
    let may = month(on("2026-01-01"), 5).unwrap();
    let records = attendance(&[may], |seat, day| seat == 3 && day == on("2026-05-09"));
    // (b) 8,333.33 × 18/19 = 7,894.733…; (c) 8,333.33 × 30/31 = 8,064.5129…
    assert_eq!(
        under_each(&[may], &records, |_| ()),
        [833_333, 789_473, 806_451]
    );
}

#[test]
fn overtime_is_billed_only_where_it_is_agreed_and_never_beyond_the_month() {
    let mut records = attendance(&[june()], |seat, day| seat == 3 && day == on("2026-06-08"));
    records.push(record(3, on("2026-06-06"), "p3", PresenceKind::Overtime));
    records.push(record(3, on("2026-06-07"), "p3", PresenceKind::Overtime));
    records.push(record(4, on("2026-06-06"), "p4", PresenceKind::Overtime));
    // (b) 8,333.33 × 20/21; (c) 8,333.33 × 29/30
    assert_eq!(
        under_each(&[june()], &records, |_| ()),
        [833_333, 793_650, 805_555]
    );
    let agreed = |rules: &mut Rules| {
        for row in &mut rules.presence {
            if row.kind == PresenceKind::Overtime {
                row.halves = 2;
            }
        }
    };
    assert_eq!(under_each(&[june()], &records, agreed), [833_333; 3]);
    let mut agreed_rules = rules(ProRata::WorkingDays);
    agreed(&mut agreed_rules);
    let all = lines(&*CALENDAR, &agreed_rules, &[june()], &records);
    assert_eq!(
        seat(&all, 4).amount_fen,
        833_333,
        "a full month is not paid twice"
    );
}

#[test]
fn what_counts_is_a_table_that_the_purchaser_answers() {
    let gone = on("2026-06-08");
    let mut records = attendance(&[june()], |seat, day| seat == 3 && day == gone);
    records.push(record(3, gone, "p3", PresenceKind::HalfDay));
    // 41 of 42 half days
    assert_eq!(under_each(&[june()], &records, |_| ())[1], 813_492);
    let last = records.len() - 1;
    for (kind, minutes, halves) in [
        (PresenceKind::Late, 450, 2),
        (PresenceKind::Late, 400, 1),
        (PresenceKind::Late, 200, 0),
        (PresenceKind::SickLeave, 480, 0),
        (PresenceKind::PurchaserTraining, 480, 2),
        (PresenceKind::Substitute, 480, 2),
    ] {
        records[last].presence = kind;
        records[last].minutes = minutes;
        let all = lines(&*CALENDAR, &rules(ProRata::WorkingDays), &[june()], &records);
        assert_eq!(
            seat(&all, 3).halves,
            40 + halves,
            "{kind:?} of {minutes} minutes"
        );
    }
    records[last].presence = PresenceKind::SickLeave;
    let paid = under_each(&[june()], &records, |rules| {
        for row in &mut rules.presence {
            row.halves = if row.kind == PresenceKind::Absent {
                0
            } else {
                2
            };
        }
    });
    assert_eq!(paid, [833_333; 3]);
}

#[test]
fn a_correction_after_approval_is_the_difference_of_two_counts() {
    let before = attendance(&[june()], |_, _| false);
    let after = attendance(&[june()], |seat, day| {
        seat == 3 && (on("2026-06-24")..=on("2026-06-26")).contains(&day)
    });
    let (was, is) = (
        under_each(&[june()], &before, |_| ()),
        under_each(&[june()], &after, |_| ()),
    );
    // (b) 8,333.33 × 18/21 = 7,142.854…; (c) 24 to 26 June is Wednesday to Friday: 27 of 30 days = 7,499.997
    assert_eq!(
        [is[0] - was[0], is[1] - was[1], is[2] - was[2]],
        [0, 714_285 - 833_333, 750_000 - 833_333]
    );
}

#[test]
fn a_method_that_changes_within_the_half_year_holds_from_its_month_on() {
    let months: Vec<Month> = [5, 6]
        .map(|n| month(on("2026-01-01"), n).unwrap())
        .into();
    // 11 and 12 May, 8 and 9 June: two working days of each month.
    let gone = ["2026-05-11", "2026-05-12", "2026-06-08", "2026-06-09"].map(on);
    let records = attendance(&months, |seat, day| seat == 3 && gone.contains(&day));
    let mut rules = rules(ProRata::WorkingDays);
    rules.changes = vec![RuleChange {
        from: on("2026-06-01"),
        method: ProRata::CalendarDays,
        presence: proposed(),
    }];
    let all = lines(&*CALENDAR, &rules, &months, &records);
    let of = |n: u32| all.iter().find(|line| line.month.n == n && line.seat == 3).unwrap();
    // May: 8,333.33 × 17/19 = 7,456.137…; June: 8,333.33 × 28/30 = 7,777.774…
    assert_eq!((of(5).amount_fen, of(6).amount_fen), (745_614, 777_777));
}

#[test]
fn a_statement_is_counted_again_by_the_working_days_it_has_kept() {
    let records = attendance(&[june()], |seat, day| seat == 3 && day == on("2026-06-08"));
    let rules = rules(ProRata::WorkingDays);
    let drawn = lines(&*CALENDAR, &rules, &[june()], &records);
    let all = june().from.iter_days().take(30);
    let mut kept: BTreeSet<NaiveDate> = all.filter(|day| CALENDAR.is_workday(*day)).collect();
    assert_eq!(lines(&kept, &rules, &[june()], &records), drawn);
    kept.remove(&on("2026-06-08"));
    assert_eq!(seat(&lines(&kept, &rules, &[june()], &records), 3).amount_fen, PRICE);
}

#[test]
fn the_months_ahead_cost_their_own_prices() {
    let months: Vec<Month> = (1..=12).map(|n| month(on("2026-01-01"), n).unwrap()).collect();
    let price = |from, fen| Price { from: on(from), fen };
    let prices = [price("2026-01-01", 800_000), price("2026-07-16", 833_333)];
    // Six months of the first price, six whose last day has the second.
    assert_eq!(forecast(&prices, 6, &months), 6 * (6 * 800_000 + 6 * 833_333));
    assert_eq!(forecast(&[], 6, &months), 0);
}

#[test]
fn amounts_in_capital_numerals() {
    for (fen, words) in [
        (0, "人民币零元整"),
        (5, "人民币伍分"),
        (50, "人民币伍角整"),
        (1_005, "人民币壹拾元零伍分"),
        (833_333, "人民币捌仟叁佰叁拾叁元叁角叁分"),
        (10_000_000, "人民币壹拾万元整"),
        (100_000_500, "人民币壹佰万零伍元整"),
        (1_000_800, "人民币壹万零捌元整"),
        (105_000_000, "人民币壹佰零伍万元整"),
        (29_880_940, "人民币贰拾玖万捌仟捌佰零玖元肆角整"),
        (60_000_000, "人民币陆拾万元整"),
        (1_000_000_000_000, "人民币壹佰亿元整"),
        (-39_682, "人民币负叁佰玖拾陆元捌角贰分"),
    ] {
        assert_eq!(capital(fen), words, "{fen}");
    }
}

/// Reads capital numerals back.
fn read_back(words: &str) -> i64 {
    let words = words.strip_prefix("人民币").unwrap();
    let (sign, words) = words.strip_prefix('负').map_or((1, words), |rest| (-1, rest));
    let digits = "零壹贰叁肆伍陆柒捌玖";
    let (mut fen, mut whole, mut group, mut digit) = (0, 0, 0, 0);
    for char in words.chars() {
        match char {
            '拾' | '佰' | '仟' => {
                group += digit * [10, 100, 1_000]["拾佰仟".chars().position(|one| one == char).unwrap()];
                digit = 0;
            }
            '万' => {
                whole += (group + digit) * 10_000;
                (group, digit) = (0, 0);
            }
            '亿' => {
                whole = (whole + group + digit) * 100_000_000;
                (group, digit) = (0, 0);
            }
            '元' => {
                fen += (whole + group + digit) * 100;
                digit = 0;
            }
            '角' => {
                fen += digit * 10;
                digit = 0;
            }
            '分' => fen += digit,
            '整' => {}
            _ => digit = digits.chars().position(|one| one == char).unwrap() as i64,
        }
    }
    sign * fen
}

proptest! {
    #[test]
    fn capital_numerals_say_the_amount(fen in -9_999_999_999_999i64..=9_999_999_999_999) {
        prop_assert_eq!(read_back(&capital(fen)), fen);
    }

    #[test]
    fn the_order_of_attendance_changes_nothing_and_no_line_passes_its_price(
        kinds in prop::collection::vec((1..=8i64, 1..=30u32, 0..PresenceKind::ALL.len(), 0..600i64, 0..9usize), 0..200),
        method in 0..3usize,
        turn in any::<prop::sample::Index>(),
    ) {
        let rules = rules(ProRata::ALL[method]);
        let mut records: Vec<DayRecord> = kinds.iter().enumerate().map(|(n, (seat, day, kind, minutes, who))| DayRecord {
            id: Uuid::from_u128(n as u128),
            day: NaiveDate::from_ymd_opt(2026, 6, *day).unwrap(),
            seat: *seat,
            person: format!("p{who}"),
            presence: PresenceKind::ALL[*kind],
            minutes: *minutes,
            sha256: String::new(),
            source: DaySource::Sheet,
            source_id: None,
        }).collect();
        let first = lines(&*CALENDAR, &rules, &[june()], &records);
        if !records.is_empty() {
            let at = turn.index(records.len());
            records.rotate_left(at);
            records.push(records[0].clone());
            records.reverse();
        }
        let second = lines(&*CALENDAR, &rules, &[june()], &records);
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.len(), 6);
        prop_assert!(first.iter().all(|line| (0..=line.price_fen).contains(&line.amount_fen)));
        prop_assert_eq!(total(&first), first.iter().map(|line| line.amount_fen).sum::<i64>());
        prop_assert!(total(&first) <= 6 * PRICE);
    }
}
