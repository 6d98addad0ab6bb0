//! What punches and the floor say of a day: whatever their order, the same.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;
use workforce::attendance::{
    AttendanceFinding as F, AttendanceKind as K, Hours, Punch, PunchKind, Spell, judge, suspicious,
};
use workforce::terms::WorkforceTerms;

const ME: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// A moment of the 23rd of November 2026 in Guangzhou.
fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-11-23T{clock}:00+08:00").parse().unwrap()
}

fn hours() -> Hours {
    vec![(at("08:30"), at("12:00")), (at("13:30"), at("18:00"))]
}

fn punch(user: Uuid, kind: PunchKind, clock: &str, device: &str) -> Punch {
    Punch {
        user_id: user,
        kind,
        at: at(clock),
        device_at: at(clock),
        device: device.to_owned(),
    }
}

fn spell(from: &str, until: &str) -> Spell {
    Spell {
        user_id: ME,
        from: at(from),
        until: Some(at(until)),
    }
}

fn judged(punches: &[Punch], spells: &[Spell]) -> workforce::attendance::Judged {
    let terms = WorkforceTerms::default();
    judge(ME, &hours(), punches, spells, (&terms, at("20:00")))
}

#[test]
fn a_day_at_the_seat_is_eight_hours_without_lunch() {
    let punches = [
        punch(ME, PunchKind::In, "08:25", "seat-one"),
        punch(ME, PunchKind::Out, "18:02", "seat-one"),
    ];
    let day = judged(&punches, &[spell("08:26", "18:00")]);
    assert_eq!(
        (day.kind, day.minutes, day.findings.len()),
        (K::Present, 480, 0),
        "{day:?}"
    );
}

#[test]
fn five_minutes_are_grace_and_the_sixth_is_late_by_all_of_them() {
    let whole = |came: &str| {
        let punches = [
            punch(ME, PunchKind::In, came, "seat-one"),
            punch(ME, PunchKind::Out, "18:00", "seat-one"),
        ];
        judged(&punches, &[spell("08:26", "18:00")])
    };
    let day = whole("08:35");
    assert_eq!((day.minutes, day.late_minutes), (480, 0));
    let day = whole("08:36");
    assert_eq!((day.minutes, day.late_minutes), (474, 6));
    assert!(day.findings.contains(&F::Late));
}

#[test]
fn who_goes_early_is_credited_until_then() {
    let punches = [
        punch(ME, PunchKind::In, "08:30", "seat-one"),
        punch(ME, PunchKind::Out, "17:00", "seat-one"),
    ];
    let day = judged(&punches, &[spell("08:30", "17:00")]);
    assert_eq!((day.minutes, day.early_minutes), (420, 60));
    assert!(day.findings.contains(&F::LeftEarly));
}

#[test]
fn who_goes_and_comes_back_is_not_credited_for_the_time_between() {
    let punches = [
        punch(ME, PunchKind::In, "08:30", "seat-one"),
        punch(ME, PunchKind::Out, "10:00", "seat-one"),
        punch(ME, PunchKind::In, "11:00", "seat-one"),
        // Lunch a little longer than the hours say is within the grace of each stretch.
        punch(ME, PunchKind::Out, "11:57", "seat-one"),
        punch(ME, PunchKind::In, "13:34", "seat-one"),
        punch(ME, PunchKind::Out, "18:00", "seat-one"),
    ];
    let day = judged(&punches, &[spell("08:26", "18:00")]);
    assert_eq!((day.kind, day.minutes), (K::Present, 420));
}

#[test]
fn who_neither_punched_nor_signed_in_was_absent_and_who_only_signed_in_is_told_so() {
    assert_eq!(judged(&[], &[]).kind, K::Absent);
    let day = judged(&[], &[spell("08:30", "18:00")]);
    assert_eq!((day.kind, day.minutes), (K::Present, 480));
    assert!(day.findings.contains(&F::NoPunchIn) && day.findings.contains(&F::NoPunchOut));
}

#[test]
fn a_punch_without_the_softphone_two_devices_one_device_of_two_and_a_wrong_clock_stand_out() {
    let punches = [
        punch(ME, PunchKind::In, "08:30", "seat-one"),
        punch(ME, PunchKind::Out, "18:00", "phone-two"),
    ];
    let day = judged(&punches, &[]);
    assert!(
        day.findings.contains(&F::NotOnFloor) && day.findings.contains(&F::TwoDevices),
        "{day:?}"
    );

    let mut wrong = punch(ME, PunchKind::In, "08:30", "seat-one");
    wrong.device_at += TimeDelta::minutes(3);
    let both = [wrong, punch(OTHER, PunchKind::In, "08:31", "seat-one")];
    let found = suspicious(&both, &WorkforceTerms::default());
    assert!(found[&ME].contains(&F::SharedDevice) && found[&OTHER].contains(&F::SharedDevice));
    assert!(found[&ME].contains(&F::ClockSkew) && !found[&OTHER].contains(&F::ClockSkew));
    // A seat that changes hands hours later is one seat.
    let shift = [
        punch(ME, PunchKind::Out, "12:00", "seat-one"),
        punch(OTHER, PunchKind::In, "13:00", "seat-one"),
    ];
    assert!(suspicious(&shift, &WorkforceTerms::default()).is_empty());
}

fn any_punch() -> impl Strategy<Value = Punch> {
    (
        0u128..3,
        any::<bool>(),
        0i64..1_000,
        -400i64..400,
        0usize..3,
    )
        .prop_map(|(user, comes, minute, skew, device)| {
            let at = at("06:00") + TimeDelta::minutes(minute);
            Punch {
                user_id: Uuid::from_u128(user),
                kind: if comes { PunchKind::In } else { PunchKind::Out },
                at,
                device_at: at + TimeDelta::seconds(skew),
                device: ["seat-one", "seat-two", "phone-no-3"][device].to_owned(),
            }
        })
}

proptest! {
    /// The order in which the evidence is read does not matter, and nobody is credited more than his hours.
    #[test]
    fn no_order_of_the_evidence_changes_a_judgement(
        punches in prop::collection::vec(any_punch(), 0..12).prop_shuffle(), turned in any::<bool>(),
    ) {
        let before = judged(&punches, &[]);
        let mut other = punches.clone();
        if turned { other.reverse() } else { other.sort_by_key(|one| (one.device.clone(), one.at)) }
        prop_assert_eq!(&judged(&other, &[]), &before);
        prop_assert!((0..=480).contains(&before.minutes));
        prop_assert!(before.kind == K::Present || before.minutes == 0);
        prop_assert!(before.late_minutes >= 0 && before.early_minutes >= 0);
    }
}
