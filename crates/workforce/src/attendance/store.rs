//! The rows of punches, days and records.

use std::collections::{BTreeMap, BTreeSet};

use calendar::ServiceClock;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::day;
use kernel::problem::{Problem, Result, internal, not_found};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{
    AttendanceFinding, AttendanceKind, AttendanceDayState, Hours, Punch, PunchKind, judge, whole,
};
use crate::site::{Desk, Seat};
use crate::terms;

/// Punches of one day that are judged, the first first: a house has tens of people.
const MOST_PUNCHES: u64 = 1_000;

kernel::table! {
    /// One punch as it came.
    pub mod punch_row = "punches" (id: Uuid) {
        user_id: Uuid,
        on_day: String,
        kind: String,
        at: DateTimeUtc,
        device_at: DateTimeUtc,
        device: String,
        address: String,
        on_floor: bool,
    }
}

kernel::table! {
    /// The sheet of a day; there is none before it is closed for the first time.
    pub mod row = "workforce_days" (id: Uuid) {
        on_day: String,
        state: String,
        exceptions: i64,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        confirmed_by: Option<Uuid>,
        confirmed_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One seat on one day as it was closed, or a correction of it. Frozen rows never change.
    pub mod record = "attendance_records" (id: Uuid) {
        on_day: String,
        seat: String,
        user_id: Option<Uuid>,
        kind: String,
        minutes: i64,
        whole_minutes: i64,
        late_minutes: i64,
        early_minutes: i64,
        came_at: Option<DateTimeUtc>,
        left_at: Option<DateTimeUtc>,
        findings: String,
        reason: Option<String>,
        corrects_id: Option<Uuid>,
        state: String,
        seq: Option<i64>,
        before_hash: Option<String>,
        hash: Option<String>,
        written_by: Option<Uuid>,
        written_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
    }
}

kernel::versioned!(row, |sheet| format!("attendance of {}", sheet.on_day));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<AttendanceDayState> {
        AttendanceDayState::parse(&self.state)
            .ok_or_else(|| internal(format!("attendance {} has no valid state", self.on_day)))
    }
}

impl record::Model {
    /// How the seat was held.
    pub fn attended(&self) -> Result<AttendanceKind> {
        AttendanceKind::parse(&self.kind)
            .ok_or_else(|| internal(format!("attendance record {} has no valid kind", self.id)))
    }

    /// What asks for a second look.
    pub fn found(&self) -> Vec<AttendanceFinding> {
        let codes = self.findings.split(',');
        codes.filter_map(AttendanceFinding::parse).collect()
    }
}

/// Findings as they are kept.
pub(crate) fn findings_text(findings: &BTreeSet<AttendanceFinding>) -> String {
    let codes: Vec<&str> = findings.iter().map(|one| one.as_str()).collect();
    codes.join(",")
}

/// One seat on one day as the evidence tells it now.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub seat: Seat,
    pub user_id: Option<Uuid>,
    pub kind: AttendanceKind,
    pub minutes: i64,
    pub whole_minutes: i64,
    pub late_minutes: i64,
    pub early_minutes: i64,
    pub came_at: Option<DateTime<Utc>>,
    pub left_at: Option<DateTime<Utc>>,
    pub findings: BTreeSet<AttendanceFinding>,
    pub reason: Option<String>,
}

/// The hours that are to be worked on the day; none on a day off.
pub(crate) fn hours(service: &ServiceClock, on: NaiveDate) -> Hours {
    if !service.calendar.is_workday(on) {
        return Vec::new();
    }
    let periods = service.hours.periods().iter();
    periods
        .map(|period| (period.from.on(on), period.to.on(on)))
        .collect()
}

/// The punches of a day, the first first.
pub(crate) async fn punches(
    conn: &impl ConnectionTrait,
    on: NaiveDate,
) -> Result<Vec<punch_row::Model>> {
    Ok(punch_row::Entity::find()
        .filter(punch_row::Column::OnDay.eq(day::text(on)))
        .order_by_asc(punch_row::Column::At)
        .order_by_asc(punch_row::Column::Id)
        .limit(MOST_PUNCHES)
        .all(conn)
        .await?)
}

fn read(row: &punch_row::Model) -> Result<Punch> {
    Ok(Punch {
        user_id: row.user_id,
        kind: PunchKind::parse(&row.kind)
            .ok_or_else(|| internal(format!("punch {} has no valid kind", row.id)))?,
        at: row.at,
        device_at: row.device_at,
        device: row.device.clone(),
    })
}

/// Everything the evidence of a day is judged by, read once.
pub(crate) struct Evidence {
    hours: Hours,
    punches: Vec<Punch>,
    spells: Vec<super::Spell>,
    terms: terms::WorkforceTerms,
    now: DateTime<Utc>,
    seats: Vec<Seat>,
}

impl Evidence {
    /// Reads it.
    pub(crate) async fn of(desk: &Desk, on: NaiveDate) -> Result<Self> {
        let conn = desk.app.db.read();
        let service = organization::service_calendar::load(conn).await?;
        let hours = hours(&service, on);
        let now = desk.app.clock.now();
        let rows = punches(conn, on).await?;
        let spells = match (hours.first(), hours.last()) {
            (Some(begin), Some(end)) => {
                let from = begin.0 - chrono::TimeDelta::hours(super::BEFORE_HOURS);
                desk.site.spells(from, end.1).await?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            hours,
            punches: rows.iter().map(read).collect::<Result<_>>()?,
            spells,
            terms: terms::in_force(conn, now).await?,
            now,
            seats: desk.site.seats(on).await?,
        })
    }

    /// The hours of the day are over.
    pub(crate) fn over(&self) -> bool {
        self.hours.last().is_some_and(|end| end.1 <= self.now)
    }

    /// It is a day on which seats are to be held.
    pub(crate) fn is_workday(&self) -> bool {
        !self.hours.is_empty()
    }

    /// Every seat by its holder.
    pub(crate) fn lines(&self) -> Vec<Line> {
        if self.hours.is_empty() {
            return Vec::new();
        }
        let seats = self.seats.iter();
        seats.map(|seat| self.line(seat, seat.user_id)).collect()
    }

    /// One seat, held by `user`.
    pub(crate) fn line(&self, seat: &Seat, user: Option<Uuid>) -> Line {
        let mut line = Line {
            seat: seat.clone(),
            user_id: user,
            kind: AttendanceKind::Vacant,
            minutes: 0,
            whole_minutes: whole(&self.hours),
            late_minutes: 0,
            early_minutes: 0,
            came_at: None,
            left_at: None,
            findings: BTreeSet::new(),
            reason: None,
        };
        let Some(user) = user else { return line };
        let by = (&self.terms, self.now);
        let judged = judge(user, &self.hours, &self.punches, &self.spells, by);
        line.kind = judged.kind;
        line.minutes = judged.minutes;
        line.late_minutes = judged.late_minutes;
        line.early_minutes = judged.early_minutes;
        line.came_at = judged.came_at;
        line.left_at = judged.left_at;
        line.findings = judged.findings;
        line
    }
}

/// The sheet of a day, if it was closed once.
pub(crate) async fn sheet(
    conn: &impl ConnectionTrait,
    on: NaiveDate,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::OnDay.eq(day::text(on)))
        .one(conn)
        .await?)
}

/// The sheets of days.
pub(crate) async fn sheets(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<NaiveDate, row::Model>> {
    let rows = row::Entity::find()
        .filter(row::Column::OnDay.between(day::text(from), day::text(to)))
        .all(conn)
        .await?;
    let read = |row: row::Model| Ok::<_, Problem>((day::read(&row.on_day)?, row));
    rows.into_iter().map(read).collect()
}

/// The records of days in the order of day, seat and writing, corrections among them.
pub(crate) async fn records(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
    only_frozen: bool,
) -> Result<Vec<record::Model>> {
    let mut which =
        Condition::all().add(record::Column::OnDay.between(day::text(from), day::text(to)));
    if only_frozen {
        which = which.add(record::Column::State.eq("frozen"));
    }
    Ok(record::Entity::find()
        .filter(which)
        .order_by_asc(record::Column::OnDay)
        .order_by_asc(record::Column::Seat)
        .order_by_asc(record::Column::WrittenAt)
        .order_by_asc(record::Column::Id)
        .all(conn)
        .await?)
}

/// One record.
pub(crate) async fn record(conn: &impl ConnectionTrait, id: Uuid) -> Result<record::Model> {
    record::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("attendance record"))
}
