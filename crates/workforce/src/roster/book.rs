//! Everything a roster is judged by, read once: cells, shifts, leave, calendar, terms.

use std::collections::{BTreeMap, BTreeSet};

use calendar::Calendar;
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::problem::{Result, internal};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::store::{self, Which};
use super::template::{self, Template};
use super::terms::{self, RosterTerms};
use super::{Month, RosterState};
use crate::leave::{self, LeaveKind};
use crate::shift::{Away, Breach, By, Planned, Roster, RosterRules, check, worse};
use crate::shift::{DayPart, Shift, around};

/// A run of days of work that begins so long before a day is seen whole.
const BEFORE: Days = Days::new(40);
/// What a change may break after its day: a week and the longest run allowed.
const AFTER: Days = Days::new(14);

/// Leave of one person and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnLeave {
    /// Which part of the day.
    pub part: DayPart,
    /// What kind.
    pub kind: LeaveKind,
    /// The request.
    pub number: String,
}

/// What a roster is judged by.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    /// The cells; of draft months only those that were asked for.
    pub roster: Roster,
    /// Every shift, archived ones too.
    pub shifts: BTreeMap<String, Template>,
    /// Leave that was approved.
    pub leave: BTreeMap<(NaiveDate, Uuid), OnLeave>,
    /// The same as the rules read it.
    pub away: Away,
    /// Working days.
    pub calendar: Calendar,
    /// The terms in force.
    pub terms: RosterTerms,
    rules: RosterRules,
    published: BTreeSet<Month>,
}

/// Which part of the rosters is read.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The first and the last day that are judged.
    pub between: (NaiveDate, NaiveDate),
    /// The cells that change, where only they are judged; everything where none is named.
    pub cells: Vec<(NaiveDate, Uuid)>,
    /// A month whose draft counts.
    pub draft: Option<Month>,
}

impl Part {
    /// A month whole, its draft too.
    pub fn month(month: Month) -> Self {
        Self {
            between: (month.first(), month.last()),
            cells: Vec::new(),
            draft: Some(month),
        }
    }

    /// What a change of these cells of published rosters may break.
    pub fn cells(cells: Vec<(NaiveDate, Uuid)>) -> Option<Self> {
        let days = || cells.iter().map(|(on, _)| *on);
        Some(Self {
            between: (days().min()?, days().max()?),
            cells,
            draft: None,
        })
    }
}

impl Book {
    /// Reads a part of the rosters.
    pub async fn of(conn: &impl ConnectionTrait, part: &Part, now: DateTime<Utc>) -> Result<Self> {
        let (first, last) = part.between;
        let between = (
            first.checked_sub_days(BEFORE).unwrap_or(first),
            last.checked_add_days(AFTER).unwrap_or(last),
        );
        let mut people: Vec<Uuid> = part.cells.iter().map(|(_, user)| *user).collect();
        people.sort_unstable();
        people.dedup();
        let mut days: Vec<NaiveDate> = part.cells.iter().map(|(on, _)| *on).collect();
        days.sort_unstable();
        days.dedup();
        let months = store::months(conn, between).await?;
        let mut published = BTreeSet::new();
        for row in months.values().filter(|row| row.is_published()) {
            let first = kernel::day::read(&format!("{}-01", row.month))?;
            published.insert(Month::of(first));
        }
        let shifts = template::all(conn).await?;
        let which = Which {
            days,
            people,
            between,
        };
        let mut roster = Roster::new();
        for ((on, user), code) in store::cells(conn, &which).await? {
            let month = Month::of(on);
            // A draft of another month binds nobody yet.
            if !published.contains(&month) && part.draft != Some(month) {
                continue;
            }
            let shift = shifts
                .get(&code)
                .ok_or_else(|| internal(format!("no shift `{code}`")))?;
            roster.insert((on, user), shift.shape.clone());
        }
        let service = organization::service_calendar::load(conn).await?;
        let leave = leave::store::approved(conn, between).await?;
        let terms = terms::in_force(conn, now).await?;
        Ok(Self {
            away: leave.iter().map(|(key, one)| (*key, one.part)).collect(),
            rules: terms.rules(),
            calendar: service.calendar,
            roster,
            shifts,
            leave,
            terms,
            published,
        })
    }

    /// What the roster is judged by.
    pub fn by(&self) -> By<'_> {
        (&self.calendar, &self.rules)
    }

    /// Where a month stands.
    pub fn state(&self, month: Month) -> RosterState {
        if self.published.contains(&month) {
            RosterState::Published
        } else {
            RosterState::Draft
        }
    }

    /// Everything that is broken between two days.
    pub fn check(&self, days: (NaiveDate, NaiveDate)) -> Vec<Breach> {
        check(&self.roster, days, &self.away, self.by())
    }

    /// What changes of cells would newly break; the book after them.
    pub fn with(&self, changes: &[Planned]) -> (Self, Vec<Breach>) {
        let mut after = self.clone();
        let cells: Vec<(NaiveDate, Uuid)> = changes.iter().map(|(cell, _)| *cell).collect();
        for (cell, shift) in changes {
            match shift {
                Some(shift) => after.roster.insert(*cell, shift.clone()),
                None => after.roster.remove(cell),
            };
        }
        let before = around(&self.roster, &cells, &self.away, self.by());
        let broken = around(&after.roster, &cells, &after.away, after.by());
        (after, worse(&before, broken))
    }

    /// The shifts that may be given, in their order.
    pub fn active(&self) -> Vec<Shift> {
        let active = self.shifts.values().filter(|one| !one.archived);
        active.map(|one| one.shape.clone()).collect()
    }
}
