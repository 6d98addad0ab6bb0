//! The rows of punches, days and records.

use std::collections::{BTreeMap, BTreeSet};

use calendar::ServiceClock;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::day;
use kernel::problem::{Problem, Result, internal, not_found, too_large};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{
    AttendanceDayState, AttendanceFinding, AttendanceKind, Hours, Judged, Punch, PunchKind, Span,
    judge, whole,
};
use crate::leave::{self, LeaveKind};
use crate::roster::book::OnLeave;
use crate::roster::store::Which;
use crate::roster::{self, Month};
use crate::shift::{DayPart, NOON};
use crate::site::{Desk, Seat};
use crate::terms;

/// Punches of one day that are judged, the first first: a house has tens of people.
const MOST_PUNCHES: u64 = 1_000;
/// Records that are read at once: 1,000 seats and half a year, corrections among them.
const MOST_RECORDS: u64 = 200_000;

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
        leave_kind: Option<String>,
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

    /// The kind of leave, where it was leave.
    pub fn leave(&self) -> Result<Option<LeaveKind>> {
        let read = |kind: &String| {
            LeaveKind::parse(kind).ok_or_else(|| {
                internal(format!("attendance record {} has no valid leave", self.id))
            })
        };
        self.leave_kind.as_ref().map(read).transpose()
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
    /// Leave that was granted, of the day or a half of it.
    pub leave: Option<LeaveKind>,
    pub minutes: i64,
    pub whole_minutes: i64,
    pub late_minutes: i64,
    pub early_minutes: i64,
    pub came_at: Option<DateTime<Utc>>,
    pub left_at: Option<DateTime<Utc>>,
    pub findings: BTreeSet<AttendanceFinding>,
    pub reason: Option<String>,
}

impl Line {
    /// It is not as it should be.
    pub fn is_exception(&self) -> bool {
        self.kind != AttendanceKind::Present || self.leave.is_some() || !self.findings.is_empty()
    }
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

/// The hours of who has a shift of a published roster on the day.
async fn shift_hours(conn: &impl ConnectionTrait, on: NaiveDate) -> Result<BTreeMap<Uuid, Hours>> {
    let which = Which {
        days: vec![on],
        people: Vec::new(),
        between: (on, on),
    };
    let roster = roster::store::month(conn, Month::of(on)).await?;
    if !roster.is_some_and(|roster| roster.is_published()) {
        return Ok(BTreeMap::new());
    }
    let known = roster::template::all(conn).await?;
    let cells = roster::store::cells(conn, &which).await?.into_iter();
    let hours = cells.filter_map(|((_, user), code)| {
        let spans = known.get(&code)?.shape.hours().into_iter();
        Some((
            user,
            spans.map(|(from, to)| (from.on(on), to.on(on))).collect(),
        ))
    });
    Ok(hours.collect())
}

/// What is left of the hours of a day on which somebody is away for that part.
fn rest_of(hours: &[Span], part: DayPart) -> Hours {
    let left = hours.iter().filter_map(|span| {
        let noon = NOON.on(day::of(span.0));
        let (from, to) = match part {
            DayPart::Day => return None,
            DayPart::Morning => (span.0.max(noon), span.1),
            DayPart::Afternoon => (span.0, span.1.min(noon)),
        };
        (from < to).then_some((from, to))
    });
    left.collect()
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
    /// The hours of who has a shift of a published roster.
    shifts: BTreeMap<Uuid, Hours>,
    leave: BTreeMap<Uuid, OnLeave>,
}

impl Evidence {
    /// Reads it.
    pub(crate) async fn of(desk: &Desk, on: NaiveDate) -> Result<Self> {
        let conn = desk.app.db.read();
        let service = organization::service_calendar::load(conn).await?;
        let hours = hours(&service, on);
        let now = desk.app.clock.now();
        let rows = punches(conn, on).await?;
        let shifts = shift_hours(conn, on).await?;
        let spells = match (hours.first(), hours.last()) {
            (Some(begin), Some(end)) => {
                let duties = shifts.values().chain([&hours]);
                let spans = duties.flatten().copied();
                let (from, to) =
                    spans.fold(*begin, |all, one| (all.0.min(one.0), all.1.max(one.1)));
                let from = from - chrono::TimeDelta::hours(super::BEFORE_HOURS);
                desk.site.spells(from, to.max(end.1)).await?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            shifts,
            leave: leave::cells::on_day(conn, on).await?,
            hours,
            punches: rows.iter().map(read).collect::<Result<_>>()?,
            spells,
            terms: terms::in_force(conn, now).await?,
            now,
            seats: desk.site.seats(on).await?,
        })
    }

    /// The hours of the day are over, those of every shift too.
    pub(crate) fn over(&self) -> bool {
        let last = |hours: &Hours| hours.last().is_some_and(|end| end.1 <= self.now);
        last(&self.hours) && self.shifts.values().all(last)
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
            leave: None,
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
        let hours = self.shifts.get(&user).unwrap_or(&self.hours);
        line.whole_minutes = whole(hours);
        let leave = self.leave.get(&user);
        let rest = leave.map_or_else(|| hours.clone(), |one| rest_of(hours, one.part));
        let judged = judge(user, &rest, &self.punches, &self.spells, by);
        if let Some(one) = leave {
            line.leave = Some(one.kind);
            // Who has nothing left to work is on leave; who came in spite of it is judged by the whole day.
            if rest.is_empty() {
                let came = judge(user, hours, &self.punches, &self.spells, by);
                if came.minutes == 0 {
                    line.kind = AttendanceKind::Leave;
                    return line;
                }
                line.leave = None;
                return line.judged(came);
            }
        }
        line.judged(judged)
    }
}

impl Line {
    /// The line as the evidence says.
    fn judged(mut self, judged: Judged) -> Self {
        self.kind = judged.kind;
        self.minutes = judged.minutes;
        self.late_minutes = judged.late_minutes;
        self.early_minutes = judged.early_minutes;
        self.came_at = judged.came_at;
        self.left_at = judged.left_at;
        self.findings = judged.findings;
        self
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
    let rows = record::Entity::find()
        .filter(which)
        .order_by_asc(record::Column::OnDay)
        .order_by_asc(record::Column::Seat)
        .order_by_asc(record::Column::WrittenAt)
        .order_by_asc(record::Column::Id)
        .limit(MOST_RECORDS + 1)
        .all(conn)
        .await?;
    // A bill that is drawn from part of the days would be wrong.
    if rows.len() as u64 > MOST_RECORDS {
        let detail = "more than 200,000 attendance records are not read at once";
        return Err(too_large(detail));
    }
    Ok(rows)
}

/// One record.
pub(crate) async fn record(conn: &impl ConnectionTrait, id: Uuid) -> Result<record::Model> {
    record::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("attendance record"))
}
