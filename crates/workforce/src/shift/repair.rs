//! Sick-call repair (临时缺勤补位): people are away at once, and as few cells as possible change. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Away, Breach, By, DayPart, Planned, Roster, Shift, around, worse};

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repair {
    /// The cells that change.
    pub changes: Vec<Planned>,
    /// What is broken then and was not before they were away.
    pub left: Vec<Breach>,
}

/// Changes of one day after the people who are away, at most; each mends something.
const MOST_OF_DAY: usize = 12;

/// Takes the people who are `gone` off their shifts and puts others in their places: first who is free that day, else who
/// changes his turn. A change that breaks a hard rule is never proposed; of several that mend the same, the first by
/// `people` and `shifts` is taken.
pub fn repair(
    roster: &Roster,
    gone: &[(NaiveDate, Uuid)],
    (people, shifts): (&[Uuid], &[Shift]),
    away: &Away,
    by: By<'_>,
) -> Repair {
    let mut without = away.clone();
    let mut after = roster.clone();
    let mut changes = Vec::new();
    for cell in gone {
        without.insert(*cell, DayPart::Day);
        if after.remove(cell).is_some() {
            changes.push((*cell, None));
        }
    }
    let days: BTreeSet<NaiveDate> = gone.iter().map(|(on, _)| *on).collect();
    let mut touched: Vec<(NaiveDate, Uuid)> = gone.to_vec();
    for on in days {
        // Whoever is here already has done his part of the repair.
        let mut done = BTreeSet::new();
        for _ in 0..MOST_OF_DAY {
            let free: Vec<Uuid> = people
                .iter()
                .copied()
                .filter(|user| !without.contains_key(&(on, *user)) && !done.contains(user))
                .collect();
            let Some((user, shift)) = best(&after, on, (&free, shifts), &without, by) else {
                break;
            };
            let cell = (on, user);
            after.insert(cell, shift.clone());
            done.insert(user);
            touched.push(cell);
            changes.push((cell, Some(shift)));
        }
    }
    let before = around(roster, &touched, away, by);
    Repair {
        changes,
        left: worse(&before, around(&after, &touched, &without, by)),
    }
}

/// The one change of the day that mends most and breaks nothing hard; none where nothing more can be mended.
fn best(
    roster: &Roster,
    on: NaiveDate,
    (people, shifts): (&[Uuid], &[Shift]),
    away: &Away,
    by: By<'_>,
) -> Option<(Uuid, Shift)> {
    let short = |breaches: &[Breach]| -> i64 {
        let soft = breaches.iter().filter(|one| !one.rule.is_hard());
        soft.filter(|one| one.day == on).map(Breach::depth).sum()
    };
    let any = people.first().map(|user| (on, *user))?;
    // A day on which nobody is missed is left as it is.
    if short(&around(roster, &[any], away, by)) == 0 {
        return None;
    }
    let mut trial = roster.clone();
    let mut found: Option<((i64, bool), Uuid, Shift)> = None;
    for &user in people {
        let cell = (on, user);
        let was = roster.get(&cell);
        let before = around(roster, &[cell], away, by);
        for shift in shifts {
            if was == Some(shift) {
                continue;
            }
            trial.insert(cell, shift.clone());
            let after = around(&trial, &[cell], away, by);
            let mended = short(&before) - short(&after);
            let breaks = worse(&before, after).iter().any(|one| one.rule.is_hard());
            // Who is free is asked before somebody's turn is changed.
            let rank = (mended, was.is_none());
            if mended > 0 && !breaks && found.as_ref().is_none_or(|best| rank > best.0) {
                found = Some((rank, user, shift.clone()));
            }
        }
        match was {
            Some(shift) => trial.insert(cell, shift.clone()),
            None => trial.remove(&cell),
        };
    }
    found.map(|(_, user, shift)| (user, shift))
}
