//! Sums of wages, held to their laws, and a month that nobody changes once it was checked.

use kernel::Side;
use personnel::wage::import::fen;
use personnel::wage::sums::{
    Law, PayClass, PayFault, PayItem, PayItemKind, Premium, PremiumFault, Provision, Slip, Worked,
    floor, judge, part, premium_faults,
};
use personnel::wage::{Action, Case, InsuranceItem, WageMonthState};
use proptest::prelude::*;

fn premium(lower_fen: i64, upper_fen: i64, employer_bp: i64) -> Premium {
    Premium {
        lower_fen,
        upper_fen,
        employer_bp,
        employee_bp: 0,
        merged: employer_bp == 0,
        verified: false,
        source: String::new(),
    }
}

/// Guangzhou from 2026-09-01, as it ships.
fn law(minimum_fen: i64) -> Law {
    use InsuranceItem::{Injury, Maternity, Medical, Pension, Unemployment};
    Law {
        minimum_fen,
        minimum_verified: false,
        minimum_source: String::new(),
        premiums: vec![
            (Pension, premium(551_000, 2_754_900, 1_600)),
            (Medical, premium(623_600, 3_117_900, 450)),
            (Injury, premium(0, 0, 20)),
            (Maternity, premium(0, 0, 0)),
            (Unemployment, premium(0, 4_111_200, 80)),
        ],
        fund: premium(0, 4_169_700, 500),
        paid_days_hundredths: 2_175,
        day_minutes: 480,
        overtime_bp: [15_000, 20_000, 30_000],
        overtime_verified: false,
        provision: Provision::default(),
        not_counted: vec![
            PayItemKind::OvertimeExtended,
            PayItemKind::OvertimeRestDay,
            PayItemKind::OvertimeHoliday,
            PayItemKind::Night,
            PayItemKind::Heat,
            PayItemKind::Meal,
            PayItemKind::Benefit,
        ],
        long_day_minutes: 180,
        long_month_minutes: 2_160,
    }
}

const FOUR_HOURS: Provision = Provision {
    extended_minutes: 0,
    rest_day_minutes: 240,
    holiday_minutes: 0,
};

#[test]
fn amounts_are_rounded_half_up_to_the_fen() {
    // 2,680.00 ÷ 21.75 ÷ 8 × 4 × 200 % = 123.2183…; 4,350.00 is 25.00 an hour.
    assert_eq!(
        law(268_000).overtime(268_000, PayClass::RestDay, 240),
        12_322
    );
    assert_eq!(
        law(268_000).overtime(435_000, PayClass::StatutoryHoliday, 240),
        30_000
    );
    assert_eq!(
        law(268_000).overtime(435_000, PayClass::Extended, 120),
        7_500
    );
    assert_eq!((part(1, 1, 2), part(1, 1, 3), part(3, 1, 2)), (1, 0, 2));
    assert_eq!(
        (fen("8,333.33"), fen("¥ 2680"), fen("0.5")),
        (Some(833_333), Some(268_000), Some(50))
    );
    assert_eq!((fen("1.005"), fen("-1"), fen("一万")), (None, None, None));
    let on = "2026-11-23".parse().unwrap();
    assert_eq!(floor(&law(268_000), on, 0, &FOUR_HOURS).floor_fen, 412_624);
    assert_eq!(floor(&law(250_000), on, 0, &FOUR_HOURS).floor_fen, 392_716);
}

#[test]
fn overtime_of_one_day_counts_together_and_a_premium_of_nothing_is_unpaid() {
    let law = law(268_000);
    let on = |day: &str, minutes, leave| Worked {
        day: day.parse().unwrap(),
        class: PayClass::Extended,
        minutes,
        leave,
    };
    let long = |worked: &[Worked]| {
        let slip = Slip {
            base_fen: 435_000,
            items: &[],
            worked,
            performance_due_fen: 0,
            paid_fen: None,
            share: (18, 18),
        };
        let findings = judge(&law, &slip).findings;
        let long = findings.iter().find(|one| one.fault == PayFault::LongDay);
        long.and_then(|one| one.minutes)
    };
    assert_eq!(
        long(&[on("2026-11-23", 120, false), on("2026-11-23", 90, true)]),
        Some(210),
        "two lines of one day"
    );
    assert_eq!(
        long(&[on("2026-11-23", 120, false), on("2026-11-24", 90, false)]),
        None
    );
    let faults =
        |employer| premium_faults(&law, InsuranceItem::Pension, 600_000, (employer, 0), false);
    assert!(
        faults(0)
            .iter()
            .any(|fault| *fault == PremiumFault::Unpaid && fault.blocks())
    );
    assert!(faults(96_000).is_empty());
}

fn class() -> impl Strategy<Value = PayClass> {
    prop::sample::select(PayClass::ALL.to_vec())
}

fn items() -> impl Strategy<Value = Vec<PayItem>> {
    let one = |kind: &PayItemKind| {
        let kind = *kind;
        (0..2_000_000i64).prop_map(move |amount_fen| PayItem { kind, amount_fen })
    };
    PayItemKind::ALL.iter().map(one).collect::<Vec<_>>()
}

proptest! {
    /// The floor is the sum of its parts, never sinks when the minimum wage rises, and a price is sound from it on.
    #[test]
    fn the_floor_is_the_sum_of_its_parts_and_rises_with_the_minimum_wage(
        minimum in 100_000..1_000_000i64, more in 1..100_000i64, price in 0..2_000_000i64,
        minutes in 0..2_160i64,
    ) {
        let on = "2026-11-23".parse().unwrap();
        let provision = Provision { rest_day_minutes: minutes, ..FOUR_HOURS };
        let before = floor(&law(minimum), on, price, &provision);
        let after = floor(&law(minimum + more), on, price, &provision);
        prop_assert_eq!(before.lines.iter().map(|line| line.amount_fen).sum::<i64>(), before.floor_fen);
        prop_assert!(after.floor_fen >= before.floor_fen + more);
        prop_assert_eq!(before.sound, price >= before.floor_fen);
        prop_assert!(before.sound || !after.sound, "a rise of the minimum wage makes no price sound");
    }

    /// Rounded once: never more than half a fen from the exact sum, never less for more minutes.
    #[test]
    fn overtime_is_rounded_once(base in 0..10_000_000i64, class in class(), minutes in 0..3_000i64) {
        let law = law(268_000);
        let paid = law.overtime(base, class, minutes);
        let (over, under) = (i128::from(base) * i128::from(minutes * law.rate_bp(class) * 100), 2_175i128 * 480 * 10_000);
        let twice = 2 * (i128::from(paid) * under - over);
        prop_assert!(-under < twice && twice <= under, "{}", paid);
        prop_assert!(law.overtime(base, class, minutes + 1) >= paid);
    }

    /// What does not count never lifts anybody over the minimum wage, what is due never counts as short, and what is
    /// left is what came in less what was taken off.
    #[test]
    fn a_payslip_adds_up_and_what_does_not_count_never_helps(
        items in items(), due in 0..1_000_000i64, worked in prop::collection::vec((class(), 1..600i64, any::<bool>()), 0..8),
    ) {
        let law = law(268_000);
        let worked: Vec<Worked> = worked.into_iter()
            .map(|(class, minutes, leave)| Worked { day: "2026-11-23".parse().unwrap(), class, minutes, leave }).collect();
        let slip = |items: &[PayItem]| judge(&law, &Slip {
            base_fen: 435_000, items, worked: &worked, performance_due_fen: due, paid_fen: None, share: (18, 18),
        });
        let judged = slip(&items);
        let sum = |off: bool| items.iter().filter(|item| item.kind.is_taken_off() == off).map(|item| item.amount_fen).sum::<i64>();
        prop_assert_eq!((judged.gross_fen, judged.net_fen), (sum(false), sum(false) - sum(true)));
        let without: Vec<PayItem> = items.iter().filter(|item| !law.not_counted.contains(&item.kind)).copied().collect();
        prop_assert_eq!(slip(&without).counted_fen, judged.counted_fen);
        let mut right = items.clone();
        for item in &mut right {
            if let Some(line) = judged.overtime.iter().find(|line| line.class.item() == item.kind) {
                item.amount_fen = line.due_fen;
            }
        }
        prop_assert!(slip(&right).findings.iter().all(|finding| finding.fault != PayFault::OvertimeShort));
        let below = judged.findings.iter().any(|finding| finding.fault == PayFault::BelowMinimum);
        prop_assert_eq!(below, judged.counted_fen < 268_000);
    }

    /// Whatever is tried, only the purchaser checks a month, only one that lacked nothing, and it never changes again.
    #[test]
    fn no_sequence_checks_a_month_that_lacks_something(walk in prop::collection::vec(0..super::machines::month_steps().len(), 0..40)) {
        let steps = super::machines::month_steps();
        let (mut case, mut whole) = (Case::open(), false);
        for step in walk {
            let (_, action) = steps[step];
            let Ok(after) = case.next(&action) else { continue };
            prop_assert!(case.state != WageMonthState::Confirmed, "{:?} changed what was checked", action);
            if let Action::Submit { by, missing, over } = action {
                prop_assert!(by == Side::Supplier && missing == 0 && over);
                whole = true;
            }
            if after.state == WageMonthState::Confirmed {
                let by = Side::Purchaser;
                prop_assert!(whole);
                prop_assert_eq!(action, Action::Confirm { by });
            }
            if action == Action::Write {
                prop_assert!(case.state == WageMonthState::Open, "what was handed in is not written over");
                whole = false;
            }
            case = after;
        }
    }
}
