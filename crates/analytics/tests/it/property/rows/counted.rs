//! What the indicators must say of a fortnight, counted anew.

use analytics::kpi::{Kpi, Period};

use super::written::{by_minute, calls_of, effective};
use super::{
    ATTENDED, Check, DAY, DAYS, FATES, Fortnight, Holding, KINDS, LEAVES, MINUTE_MS, SHIFTS,
    WORKED, days_of,
};
use crate::property::Counted;

/// Counts the fortnight anew: the days of a period, of all or of one agent.
pub(super) fn counted(told: &Fortnight, period: Period, agent: Option<usize>) -> Vec<Counted> {
    let days = days_of(period);
    let within = |minute: i64| days.contains(&minute.div_euclid(DAY));
    let his = |one: usize| agent.is_none_or(|agent| agent == one);
    let minutes = by_minute(told);
    let mut all = hours_counted(told, &minutes, (&days, &his));
    if agent.is_none() {
        let (mut called, mut owed) = (0, 0);
        for one in &told.missed {
            let (state, in_time, over) = FATES[one.fate];
            if in_time.is_none() && !(state == "open" && over) {
                continue;
            }
            let many = calls_of(one).into_iter().filter(|minute| within(*minute));
            let many = many.count() as i64;
            owed += many;
            called += if in_time == Some(true) { many } else { 0 };
        }
        all.push(Counted::new(Kpi::K10, called, owed));
        all.extend(people_counted(told, period));
        all.push(articles_counted(told, &within));
    }
    let (mut came, mut planned, mut passed, mut taken) = (0, 0, 0, 0);
    for (minute, held, did) in &told.sessions {
        let of = did.iter().enumerate().filter(|(n, _)| his(*n));
        for (_, did) in of.filter(|_| *held && within(*minute)) {
            came += i64::from(ATTENDED[*did] == "attended");
            planned += i64::from(matches!(ATTENDED[*did], "attended" | "absent"));
        }
    }
    for (released, good, agent) in &told.exams {
        if released.is_some_and(within) && his(*agent) {
            taken += 1;
            passed += i64::from(*good);
        }
    }
    all.push(Counted::new(Kpi::K30, came, planned).beside("exams_passed", passed, taken));
    let (mut samples, mut good, mut fatal, mut kinds) = (0, 0, 0, [0; 3]);
    let (mut answers, mut cited) = (0, 0);
    for check in &told.checks {
        if !within(check.minute) || !his(check.agent) {
            continue;
        }
        samples += 1;
        if check.fatal == [false; 3] {
            good += i64::from(check.marks);
        } else {
            fatal += 1;
        }
        for (kind, is) in kinds.iter_mut().zip(check.fatal) {
            *kind += i64::from(is);
        }
        if let Some(held) = check.answer {
            answers += 1;
            cited += i64::from(held);
        }
    }
    all.push(Counted::new(Kpi::K23, good, samples));
    let of_fatal = Counted::new(Kpi::K24, fatal, samples)
        .beside("business", kinds[0], samples)
        .beside("customer", kinds[1], samples);
    all.push(of_fatal.beside("compliance", kinds[2], samples));
    all.push(Counted::new(Kpi::K25, cited, answers));
    all.push(grave_counted(told, (&within, &his), agent.is_none()));
    all
}

type Within<'a> = &'a dyn Fn(i64) -> bool;
type His<'a> = &'a dyn Fn(usize) -> bool;

fn hours_counted(
    told: &Fortnight,
    minutes: &[Vec<Option<&str>>],
    (days, his): (&std::ops::RangeInclusive<i64>, His<'_>),
) -> Vec<Counted> {
    let on_duty = |state: Option<&str>| !matches!(state, None | Some("signed_out" | "break"));
    let (mut busy, mut ready, mut kept, mut due) = (0, 0, 0, 0);
    let (mut at_work, mut paid, mut worked, mut whole) = (0, 0, 0, 0);
    for (agent, states) in minutes.iter().enumerate().filter(|(n, _)| his(*n)) {
        for n in days.clone().filter(|n| (0..DAYS).contains(n)) {
            let at = usize::try_from(n).unwrap();
            let mut hours_paid = 0;
            if let Some(signed) = told.signed[agent][at].as_ref().filter(|one| one.frozen) {
                let (kind, minutes) = signed.corrected.unwrap_or((signed.kind, signed.minutes));
                hours_paid = match (KINDS[kind], LEAVES[signed.leave]) {
                    ("absent", _) => 0,
                    (_, Some("personal")) => minutes,
                    _ => 480,
                };
                if KINDS[kind] != "leave" && LEAVES[signed.leave].is_none() {
                    worked += minutes;
                    whole += 480;
                }
            }
            paid += hours_paid;
            // September's roster was never published.
            let shift = told.shifts[agent][at].as_ref().filter(|_| n >= 3);
            for minute in 0..DAY {
                let state = states[at * 1_440 + usize::try_from(minute).unwrap()];
                busy += i64::from(matches!(state, Some("talking" | "held" | "wrap_up")));
                ready += i64::from(state == Some("ready"));
                at_work += i64::from(hours_paid > 0 && on_duty(state));
                let planned = shift.is_some_and(|shift| {
                    let away = match shift.leave {
                        _ if !shift.approved => false,
                        1 => minute < 720,
                        2 => minute >= 720,
                        3 => true,
                        _ => false,
                    };
                    let spans = SHIFTS[shift.code].1;
                    !away
                        && spans
                            .iter()
                            .any(|(from, to)| (*from..*to).contains(&minute))
                });
                due += i64::from(planned);
                kept += i64::from(planned && on_duty(state));
            }
        }
    }
    let at_work = if paid == 0 { 0 } else { at_work };
    vec![
        Counted::new(Kpi::K11, busy * MINUTE_MS, (busy + ready) * MINUTE_MS),
        Counted::new(Kpi::K12, at_work * MINUTE_MS, paid * MINUTE_MS),
        Counted::new(Kpi::K13, kept * MINUTE_MS, due * MINUTE_MS),
        Counted::new(Kpi::K14, worked * MINUTE_MS, whole * MINUTE_MS),
    ]
}

fn people_counted(told: &Fortnight, period: Period) -> Vec<Counted> {
    let days = days_of(period);
    let (mut held, mut planned) = (0, 0);
    for n in days.clone().filter(|n| WORKED.contains(n)) {
        for (opens, holders) in &told.posts {
            if opens.is_none_or(|opens| opens > n) {
                continue;
            }
            planned += 1;
            let held_by =
                |(from, days): &Holding| *from <= n && days.is_none_or(|days| n <= from + days);
            held += i64::from(holders.iter().any(held_by));
        }
    }
    let (first, last) = (*days.start(), *days.end());
    let (mut leavers, mut begin, mut end) = (0, 0, 0);
    for (hired, left) in &told.staff {
        let Some(hired) = hired else { continue };
        let there = |n: i64| *hired <= n && left.is_none_or(|left| n <= left);
        leavers += i64::from(left.is_some_and(|left| days.contains(&left)));
        begin += i64::from(there(first));
        end += i64::from(there(last));
    }
    let turnover = Counted::new(Kpi::K29, leavers * 730, (begin + end) * (last - first + 1));
    vec![
        Counted::new(Kpi::K28, held, planned),
        turnover.count("leavers", leavers),
    ]
}

/// Events one by one: who told of a contact first is counted, whoever tells of it again is not.
fn grave_counted(told: &Fortnight, (within, his): (Within<'_>, His<'_>), all: bool) -> Counted {
    let leaks = told.leaks.iter().filter(|minute| all && within(**minute));
    let leaks = leaks.count() as i64;
    let (mut errors, mut complaints) = (0, 0);
    for contact in 0..12 {
        let fatal = |one: &&Check| one.contact == contact && one.fatal.contains(&true);
        let complained = told.complaints.iter().find(|one| one.2 == contact);
        let samples: Vec<&Check> = told.checks.iter().filter(fatal).collect();
        let earliest = samples.iter().map(|one| one.minute).min();
        for one in samples {
            let first = complained.is_none_or(|complained| one.minute <= complained.0);
            errors += i64::from(first && within(one.minute) && his(one.agent));
        }
        if let Some((minute, agent, _)) = complained {
            let first = earliest.is_none_or(|earliest| *minute < earliest);
            complaints += i64::from(first && within(*minute) && his(*agent));
        }
    }
    Counted::new(Kpi::K31, leaks + errors + complaints, 1)
        .count("leaks", leaks)
        .count("grave_errors", errors)
        .count("upheld_complaints", complaints)
}

fn articles_counted(told: &Fortnight, within: Within<'_>) -> Counted {
    let (mut in_time, mut all) = (0, 0);
    for versions in &told.articles {
        let mut stood: Option<i64> = None;
        for version in versions {
            if version.1 == 2 {
                continue;
            }
            let before = std::mem::replace(&mut stood, version.0);
            let Some(from) = version.0.filter(|from| before != Some(*from)) else {
                continue;
            };
            if !within(from) {
                continue;
            }
            // The day on which it is received: what comes on a day off, or after 18:00, on the next that is worked.
            let (on, late) = (from.div_euclid(DAY), from.rem_euclid(DAY) > 1_080);
            let worked = |n: &i64| *n >= on && WORKED.contains(n) && !(*n == on && late);
            let received = (0..20).find(worked).unwrap();
            let next = (received + 1..20).find(|n| WORKED.contains(n)).unwrap();
            let due = next * DAY + 1_080;
            all += 1;
            in_time += i64::from(effective(version).is_some_and(|at| at <= due));
        }
    }
    Counted::new(Kpi::K32, in_time, all)
}
