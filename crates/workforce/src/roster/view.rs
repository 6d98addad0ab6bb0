//! The roster of a month as the screens show it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Principal, Role, Scope};
use organization::Colleague;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::book::Part;
use super::store::{self, row};
use super::template::ShiftTemplate;
use super::{Book, Month, RosterState};
use crate::leave::LeaveKind;
use crate::rights::{PlanRoster, ViewLeave};
use crate::shift::{Breach, DayPart, RosterBreach};

/// A breach of a rule, with its numbers and a sentence.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RosterFinding)]
pub struct Finding {
    /// The day it shows on.
    pub day: NaiveDate,
    /// Which rule.
    pub rule: RosterBreach,
    /// Who, where it is about one person.
    pub user_id: Option<Uuid>,
    /// What there is: minutes, days or people.
    pub is: i64,
    /// What is allowed or needed.
    pub limit: i64,
    /// A roster that breaks it is not published; what is not hard needs a reason.
    pub hard: bool,
    /// Why, in a sentence; a console says it in its own words by rule and numbers.
    pub text: String,
}

impl From<&Breach> for Finding {
    fn from(breach: &Breach) -> Self {
        Self {
            day: breach.day,
            rule: breach.rule,
            user_id: breach.user_id,
            is: breach.is,
            limit: breach.limit,
            hard: breach.rule.is_hard(),
            text: breach.explain(),
        }
    }
}

/// Breaches as they are shown.
pub(crate) fn findings(breaches: &[Breach]) -> Vec<Finding> {
    breaches.iter().map(Finding::from).collect()
}

/// The roster of a month as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterView {
    /// `2026-09`
    pub month: String,
    /// `draft` or `published`.
    pub state: RosterState,
    /// How often it changed since it was published; 1 as it was published.
    pub revision: i64,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// Rises with each change; 0 before the first.
    pub version: i64,
}

/// A day of the month.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterDay {
    /// The day.
    pub day: NaiveDate,
    /// People are expected at work.
    pub workday: bool,
    /// `workday`, `rest`, `statutory` or `makeup`.
    pub kind: String,
    /// The holiday's name, where it has one.
    pub name: Option<String>,
}

/// A shift of a person and day.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterCell {
    /// The day.
    pub day: NaiveDate,
    /// Who.
    pub user_id: Uuid,
    /// Which shift.
    pub shift_id: String,
}

/// Leave of a person and day.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterLeave {
    /// The day.
    pub day: NaiveDate,
    /// Who.
    pub user_id: Uuid,
    /// Which part of the day.
    pub part: DayPart,
    /// What kind; null for who may not know it.
    pub kind: Option<LeaveKind>,
}

/// Days of one shift.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShiftTally {
    /// Which shift.
    pub shift_id: String,
    /// Days of the month.
    pub days: i64,
}

/// What one person has of the month: who has more late turns than others sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterTally {
    /// Who.
    pub user_id: Uuid,
    /// Days of work.
    pub days: i64,
    /// Minutes of work.
    pub minutes: i64,
    /// By shift.
    pub shifts: Vec<ShiftTally>,
}

/// The roster of a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterDetail {
    /// What lists show.
    #[serde(flatten)]
    pub roster: RosterView,
    /// Who published it.
    pub published_by: Option<Colleague>,
    /// Why it was published although somebody is missing.
    pub despite: Option<String>,
    /// The days of the month.
    pub days: Vec<RosterDay>,
    /// Agents, and who else has a shift.
    pub people: Vec<Colleague>,
    /// The shifts that may be given, and those that are.
    pub shifts: Vec<ShiftTemplate>,
    /// The shifts of the month; of a draft none for who does not plan.
    pub cells: Vec<RosterCell>,
    /// Approved leave.
    pub leave: Vec<RosterLeave>,
    /// What is broken; of a draft nothing for who does not plan.
    pub findings: Vec<Finding>,
    /// What each person has.
    pub tallies: Vec<RosterTally>,
}

pub(crate) fn view(row: &row::Model) -> Result<RosterView> {
    Ok(RosterView {
        month: row.month.clone(),
        state: row.standing()?,
        revision: row.revision,
        published_at: row.published_at,
        version: row.version,
    })
}

/// The roster of a month for `person`.
pub(crate) async fn detail(app: &App, person: &Principal, month: Month) -> Result<RosterDetail> {
    let conn = app.db.read();
    let found = store::month(conn, month).await?;
    let row = found.unwrap_or_else(|| row::Model::unbegun(app, month));
    let book = Book::of(conn, &Part::month(month), app.clock.now()).await?;
    let shown = row.is_published() || person.may::<PlanRoster>();
    let within = |(on, _): &(NaiveDate, Uuid)| shown && month.has(*on);
    let cells: Vec<RosterCell> = book
        .roster
        .iter()
        .filter(|(key, _)| within(key))
        .map(|((day, user_id), shift)| RosterCell {
            day: *day,
            user_id: *user_id,
            shift_id: shift.code.clone(),
        })
        .collect();
    let mut people = organization::colleagues::holders(conn, Role::Agent).await?;
    let known: BTreeSet<Uuid> = people.iter().map(|person| person.id).collect();
    let others = cells.iter().map(|cell| cell.user_id);
    let others = others
        .filter(|id| !known.contains(id))
        .chain(row.published_by);
    let mut others = organization::colleagues(conn, others).await?;
    let published_by = row.published_by.and_then(|id| {
        let agent = people.iter().find(|person| person.id == id).cloned();
        agent.or_else(|| others.get(&id).cloned())
    });
    others.retain(|id, _| !known.contains(id) && cells.iter().any(|cell| cell.user_id == *id));
    people.extend(others.into_values());
    let used: BTreeSet<&str> = cells.iter().map(|cell| cell.shift_id.as_str()).collect();
    let shifts = book.shifts.values();
    let shifts = shifts.filter(|one| !one.archived || used.contains(one.shape.code.as_str()));
    let broken = if shown {
        book.check((month.first(), month.last()))
    } else {
        Vec::new()
    };
    Ok(RosterDetail {
        roster: view(&row)?,
        published_by,
        despite: row.despite.clone().filter(|_| shown),
        days: days(&book, month),
        shifts: shifts.map(ShiftTemplate::from).collect(),
        leave: leave(&book, person, month),
        findings: findings(&broken),
        tallies: tallies(&book, &cells),
        people,
        cells,
    })
}

fn days(book: &Book, month: Month) -> Vec<RosterDay> {
    let days = month.first().iter_days();
    days.take_while(|on| *on <= month.last())
        .map(|on| {
            let day = book.calendar.day(on);
            RosterDay {
                day: on,
                workday: day.kind.is_workday(),
                kind: day.kind.as_str().to_owned(),
                name: Some(day.name).filter(|name| !name.is_empty()),
            }
        })
        .collect()
}

fn leave(book: &Book, person: &Principal, month: Month) -> Vec<RosterLeave> {
    let scope = person.scope(ViewLeave::GRANTS);
    let may_know = |user: Uuid| match scope {
        Some(Scope::All) => true,
        Some(Scope::Own(own)) => own == user,
        _ => false,
    };
    let within = book.leave.iter().filter(|((on, _), _)| month.has(*on));
    within
        .map(|(&(day, user_id), one)| RosterLeave {
            day,
            user_id,
            part: one.part,
            kind: may_know(user_id).then_some(one.kind),
        })
        .collect()
}

fn tallies(book: &Book, cells: &[RosterCell]) -> Vec<RosterTally> {
    let mut of: BTreeMap<Uuid, BTreeMap<&str, i64>> = BTreeMap::new();
    for cell in cells {
        *of.entry(cell.user_id)
            .or_default()
            .entry(&cell.shift_id)
            .or_default() += 1;
    }
    let minutes = |shift: &str| book.shifts.get(shift).map_or(0, |one| one.shape.minutes());
    of.into_iter()
        .map(|(user_id, shifts)| RosterTally {
            user_id,
            days: shifts.values().sum(),
            minutes: shifts
                .iter()
                .map(|(shift, days)| minutes(shift) * days)
                .sum(),
            shifts: shifts
                .into_iter()
                .map(|(shift, days)| ShiftTally {
                    shift_id: shift.to_owned(),
                    days,
                })
                .collect(),
        })
        .collect()
}
