//! `/api/v1/calendars`, `/api/v1/service-hours`, `/api/v1/deadlines`.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use calendar::{
    DayKind, DeadlineRule, Period, SHANGHAI, ServiceHours, SpecialDay, TimeOfDay, YearCalendar,
    YearNotice,
};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use kernel::Actor;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{HoursInForce, YearToStore, hours_in_force};
use crate::Organization;
use crate::rights::{ManageCalendar, ViewCalendar};
use crate::rows::calendar_year;

/// Years a calendar may be for: the two-day weekend came in 1995.
const YEARS: std::ops::RangeInclusive<i32> = 1995..=2100;
/// Most working days a deadline is counted for.
const MOST_WORKING_DAYS: u16 = 1000;
/// The month from which the next year's calendar is missed: notices come early in November.
const NOTICE_MONTH: u32 = 11;

/// A year, day by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarView {
    /// The year.
    pub year: i32,
    /// False: 待公布, weekends only or expected days.
    pub published: bool,
    /// Title and address of the notice.
    pub source: String,
    /// To be sent back with a change; 0 while the year is not stored.
    pub version: i64,
    /// It is November or later and the next year's calendar is still missing.
    pub next_year_missing: bool,
    /// Working days of each month.
    pub workdays_by_month: Vec<u32>,
    /// Working days of the year.
    pub workdays: u32,
    /// Every day of the year.
    pub days: Vec<DayView>,
}

/// One day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DayView {
    /// The date.
    pub date: NaiveDate,
    /// `workday`, `rest`, `statutory` or `makeup`.
    #[schema(value_type = String)]
    pub kind: DayKind,
    /// 春节, 国庆节 …
    #[serde(default)]
    pub name: String,
}

/// A year to be put in place of the stored one.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CalendarChange {
    /// The version the caller saw.
    pub version: i64,
    /// The State Council has published it.
    pub published: bool,
    /// Title and address of the notice.
    #[serde(default)]
    pub source: String,
    /// The days that are not what their weekday says, or that have a name; others may be left out.
    pub days: Vec<DayView>,
}

/// A notice of the State Council as JSON, in the form of `crates/calendar/data/calendar_2026.json`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NoticeImport {
    /// The year.
    pub year: i32,
    /// Title and address of the notice.
    #[serde(default)]
    pub source: String,
    /// Date → name of the holiday, weekends inside it included.
    pub off_days: BTreeMap<String, String>,
    /// Weekends that are worked.
    pub makeup_workdays: Vec<String>,
    /// The days off that the law itself names.
    pub statutory_holidays_300pct: Vec<String>,
}

/// Whether to try only.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Checks and counts, writes nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// The year.
    pub year: i32,
    /// Nothing was written.
    pub dry_run: bool,
    /// Days off.
    pub off_days: usize,
    /// Make-up workdays.
    pub makeup_workdays: usize,
    /// Statutory days among the days off.
    pub statutory_holidays: usize,
    /// Working days the year would have.
    pub workdays: u32,
    /// Days whose kind differs from what is stored.
    pub changed_days: usize,
    /// Rows that cannot be right; none when something was written.
    pub errors: Vec<RowError>,
}

/// A row of an import that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowError {
    /// The part of the notice: `off_days`, `makeup_workdays`, `statutory_holidays_300pct` or `year`.
    pub part: String,
    /// The value as it was given.
    pub row: String,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
}

/// The service hours in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceHoursView {
    /// The periods of a working day, in order.
    pub periods: Vec<PeriodView>,
    /// What comes after closing counts as received on the next working day.
    pub late_receipt_is_next_day: bool,
    /// To be sent back with a change.
    pub version: i64,
    /// The line is open now.
    pub open: bool,
    /// When the present period ends; null while the line is closed.
    pub closes_at: Option<DateTime<Utc>>,
    /// When the next period begins.
    pub next_opening: Option<DateTime<Utc>>,
}

/// A period: `08:30` to `12:00`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PeriodView {
    /// Opens.
    #[schema(value_type = String, example = "08:30")]
    pub from: TimeOfDay,
    /// Closes.
    #[schema(value_type = String, example = "12:00")]
    pub to: TimeOfDay,
}

/// Hours to be put in force.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ServiceHoursChange {
    /// The version the caller saw.
    pub version: i64,
    /// The periods of a working day, in order.
    pub periods: Vec<PeriodView>,
    /// What comes after closing counts as received on the next working day.
    pub late_receipt_is_next_day: bool,
}

/// What a deadline is counted from.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeadlineQuery {
    /// A date, or an instant (RFC 3339) to which the rule of late receipt applies.
    pub start: String,
    /// Working days, 0 to 1000.
    pub working_days: u16,
}

/// When something is due.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadlineView {
    /// The day on which it counts as received.
    pub received_on: NaiveDate,
    /// The day on which it is due.
    pub due_on: NaiveDate,
    /// The end of service on that day.
    pub business_due_at: DateTime<Utc>,
    /// The rule that produced it.
    pub rule_id: String,
    /// False when the count touched a year that is 待公布.
    pub published: bool,
}

fn check_year(year: i32) -> Result<i32> {
    if YEARS.contains(&year) {
        return Ok(year);
    }
    Err(invalid(
        "year",
        "year_out_of_range",
        "a calendar is for a year from 1995 to 2100",
    ))
}

impl Organization {
    async fn calendar_view(&self, year: i32) -> Result<CalendarView> {
        let stored = calendar_year::Entity::find_by_id(year)
            .one(self.app.db.read())
            .await?;
        let clock = self.service_clock();
        let calendar = &clock.calendar;
        let today = self.app.clock.now().with_timezone(&SHANGHAI).date_naive();
        let months = (1..=12).filter_map(|month| calendar.workdays_in_month(year, month));
        let workdays_by_month: Vec<u32> = months.map(|count| count.days).collect();
        Ok(CalendarView {
            year,
            published: calendar.is_published(year),
            source: stored
                .as_ref()
                .map(|row| row.source.clone())
                .unwrap_or_default(),
            version: stored.map_or(0, |row| row.version),
            next_year_missing: today.month() >= NOTICE_MONTH
                && !calendar.is_published(today.year() + 1),
            workdays: workdays_by_month.iter().sum(),
            workdays_by_month,
            days: YearCalendar::dates(year)
                .map(|date| {
                    let day = calendar.day(date);
                    DayView {
                        date,
                        kind: day.kind,
                        name: day.name,
                    }
                })
                .collect(),
        })
    }

    fn hours_view(&self, in_force: &HoursInForce) -> ServiceHoursView {
        let (clock, now) = (self.service_clock(), self.app.clock.now());
        let period = |period: &Period| PeriodView {
            from: period.from,
            to: period.to,
        };
        ServiceHoursView {
            periods: in_force.hours.periods().iter().map(period).collect(),
            late_receipt_is_next_day: in_force.late_receipt_is_next_day,
            version: in_force.version,
            open: clock.is_open(now),
            closes_at: clock.closing(now),
            next_opening: clock.next_opening(now),
        }
    }
}

/// A year of the service calendar.
#[utoipa::path(get, path = "/api/v1/calendars/{year}", tag = "calendar", params(("year" = i32, Path)), responses((status = 200, body = CalendarView)))]
pub async fn show(
    _actor: Actor<ViewCalendar>,
    State(organization): State<Organization>,
    Path(year): Path<i32>,
) -> Result<Json<CalendarView>> {
    Ok(Json(organization.calendar_view(check_year(year)?).await?))
}

/// Puts a year in place.
#[utoipa::path(
    put, path = "/api/v1/calendars/{year}", tag = "calendar", params(("year" = i32, Path)), request_body = CalendarChange,
    responses((status = 200, body = CalendarView), (status = 422, body = Problem, description = "`calendar_rows_wrong` with `errors`"))
)]
pub async fn replace(
    actor: Actor<ManageCalendar>,
    State(organization): State<Organization>,
    Path(year): Path<i32>,
    Json(given): Json<CalendarChange>,
) -> Result<Json<CalendarView>> {
    let year = check_year(year)?;
    let mut errors = Vec::new();
    let mut special = BTreeMap::new();
    for day in given.days {
        let weekday = DayKind::by_weekday(day.date);
        let special_day = SpecialDay {
            kind: day.kind,
            name: day.name.trim().to_owned(),
        };
        if special_day.name.chars().count() > 64 || special_day.name.chars().any(char::is_control) {
            errors.push(row_error(
                "days",
                &day.date,
                "bad_name",
                "a name has up to 64 printable characters",
            ));
        }
        if (day.kind != weekday || !special_day.name.is_empty())
            && special.insert(day.date, special_day).is_some()
        {
            errors.push(row_error(
                "days",
                &day.date,
                "given_twice",
                "the date is given twice",
            ));
        }
    }
    let calendar = match YearCalendar::new(year, given.published, special) {
        Ok(calendar) if errors.is_empty() => calendar,
        Ok(_) => return Err(rows_wrong(&errors)),
        Err(faults) => {
            let fault = |fault: &calendar::NoticeFault| {
                row_error("days", &fault.date, fault.code, &fault.to_string())
            };
            errors.extend(faults.iter().map(fault));
            return Err(rows_wrong(&errors));
        }
    };
    let year_to_store = YearToStore {
        year: calendar,
        source: given.source,
        seen: Some(given.version),
    };
    organization.store_year(&actor.who(), year_to_store).await?;
    Ok(Json(organization.calendar_view(year).await?))
}

/// Imports the notice of a year in place of what is stored.
#[utoipa::path(
    post, path = "/api/v1/calendars/import", tag = "calendar", params(ImportQuery), request_body = NoticeImport,
    responses((status = 200, body = ImportReport), (status = 422, body = Problem, description = "`calendar_rows_wrong` with `errors`; nothing was written"))
)]
pub async fn import(
    actor: Actor<ManageCalendar>,
    State(organization): State<Organization>,
    Query(query): Query<ImportQuery>,
    Json(given): Json<NoticeImport>,
) -> Result<Json<ImportReport>> {
    let (notice, mut errors) = read_notice(given);
    let mut report = ImportReport {
        year: notice.year,
        dry_run: query.dry_run,
        off_days: notice.off_days.len(),
        makeup_workdays: notice.makeup_workdays.len(),
        statutory_holidays: notice.statutory_holidays_300pct.len(),
        workdays: 0,
        changed_days: 0,
        errors: Vec::new(),
    };
    let calendar = match YearCalendar::from_notice(&notice) {
        Ok(calendar) => Some(calendar),
        Err(faults) => {
            errors.extend(faults.iter().map(|fault| {
                row_error(
                    part_of(fault.code),
                    &fault.date,
                    fault.code,
                    &fault.to_string(),
                )
            }));
            None
        }
    };
    let Some(calendar) = calendar.filter(|_| errors.is_empty()) else {
        report.errors.clone_from(&errors);
        return if query.dry_run {
            Ok(Json(report))
        } else {
            Err(rows_wrong(&errors))
        };
    };
    let stored = organization.service_clock();
    let new = calendar::Calendar::new([calendar.clone()]);
    for date in YearCalendar::dates(notice.year) {
        report.workdays += u32::from(new.is_workday(date));
        report.changed_days += usize::from(new.kind(date) != stored.calendar.kind(date));
    }
    if !query.dry_run {
        let year = YearToStore {
            year: calendar,
            source: notice.source,
            seen: None,
        };
        organization.store_year(&actor.who(), year).await?;
    }
    Ok(Json(report))
}

/// Reads what can be read; every row that cannot is named.
fn read_notice(given: NoticeImport) -> (YearNotice, Vec<RowError>) {
    let mut errors = Vec::new();
    if !YEARS.contains(&given.year) {
        errors.push(row_error(
            "year",
            &given.year,
            "year_out_of_range",
            "from 1995 to 2100",
        ));
    }
    let mut date = |part: &str, text: &str| {
        // chrono reads 2026-1-1 too; the notice's own form is asked for, so that a date has one spelling.
        let read = text
            .parse::<NaiveDate>()
            .ok()
            .filter(|date| date.to_string() == text);
        if read.is_none() {
            errors.push(row_error(part, text, "bad_date", "a date reads 2026-10-01"));
        }
        read
    };
    let off_days = given
        .off_days
        .into_iter()
        .filter_map(|(text, name)| Some((date("off_days", &text)?, name.trim().to_owned())))
        .collect();
    let mut dates = |part: &str, texts: Vec<String>| -> BTreeSet<NaiveDate> {
        texts.iter().filter_map(|text| date(part, text)).collect()
    };
    let notice = YearNotice {
        year: given.year,
        source: given.source,
        off_days,
        makeup_workdays: dates("makeup_workdays", given.makeup_workdays),
        statutory_holidays_300pct: dates(
            "statutory_holidays_300pct",
            given.statutory_holidays_300pct,
        ),
    };
    (notice, errors)
}

fn part_of(code: &str) -> &'static str {
    match code {
        "makeup_is_no_weekend" | "off_and_makeup" => "makeup_workdays",
        "statutory_but_not_off" => "statutory_holidays_300pct",
        _ => "off_days",
    }
}

fn row_error(part: &str, row: &(impl ToString + ?Sized), code: &str, detail: &str) -> RowError {
    RowError {
        part: part.to_owned(),
        row: row.to_string(),
        code: code.to_owned(),
        detail: detail.to_owned(),
    }
}

fn rows_wrong(errors: &[RowError]) -> Problem {
    let detail = format!("{} rows cannot be right; nothing was written", errors.len());
    invalid("days", "calendar_rows_wrong", detail).with("errors", json!(errors))
}

/// The service hours in force, and whether the line is open now.
#[utoipa::path(get, path = "/api/v1/service-hours", tag = "calendar", responses((status = 200, body = ServiceHoursView)))]
pub async fn service_hours(
    _actor: Actor<ViewCalendar>,
    State(organization): State<Organization>,
) -> Result<Json<ServiceHoursView>> {
    let in_force = hours_in_force(organization.app.db.read()).await?;
    Ok(Json(organization.hours_view(&in_force)))
}

/// Puts service hours in force.
#[utoipa::path(put, path = "/api/v1/service-hours", tag = "calendar", request_body = ServiceHoursChange, responses((status = 200, body = ServiceHoursView)))]
pub async fn set_service_hours(
    actor: Actor<ManageCalendar>,
    State(organization): State<Organization>,
    Json(given): Json<ServiceHoursChange>,
) -> Result<Json<ServiceHoursView>> {
    let period = |period: PeriodView| Period {
        from: period.from,
        to: period.to,
    };
    let hours = ServiceHours::new(given.periods.into_iter().map(period).collect())
        .map_err(|fault| invalid("periods", "bad_periods", fault.to_string()))?;
    let in_force = organization
        .set_service_hours(
            &actor.who(),
            hours,
            given.late_receipt_is_next_day,
            Some(given.version),
        )
        .await?;
    Ok(Json(organization.hours_view(&in_force)))
}

/// Counts a deadline of working days.
#[utoipa::path(get, path = "/api/v1/deadlines", tag = "calendar", params(DeadlineQuery), responses((status = 200, body = DeadlineView)))]
pub async fn deadline(
    _actor: Actor<ViewCalendar>,
    State(organization): State<Organization>,
    Query(query): Query<DeadlineQuery>,
) -> Result<Json<DeadlineView>> {
    if query.working_days > MOST_WORKING_DAYS {
        return Err(invalid(
            "working_days",
            "too_many_days",
            "at most 1000 working days",
        ));
    }
    let clock = organization.service_clock();
    let late = hours_in_force(organization.app.db.read())
        .await?
        .late_receipt_is_next_day;
    let bad_start = || {
        invalid(
            "start",
            "bad_start",
            "a date or an instant of the years 1995 to 2100",
        )
    };
    let (received_at, has_time) = match query.start.parse::<NaiveDate>() {
        Ok(date) => (TimeOfDay::default().on(date), false),
        Err(_) => match DateTime::parse_from_rfc3339(&query.start) {
            Ok(at) => (at.to_utc(), true),
            Err(_) => return Err(bad_start()),
        },
    };
    if !YEARS.contains(&received_at.year()) {
        return Err(bad_start());
    }
    let rule = DeadlineRule {
        // A date says nothing of closing: the day itself is the day of receipt.
        late_receipt_is_next_day: has_time && late,
        ..DeadlineRule::working_days("working_days", query.working_days)
    };
    let due = clock.deadline(&rule, received_at);
    let local = |at: DateTime<Utc>| at.with_timezone(&SHANGHAI).date_naive();
    Ok(Json(DeadlineView {
        received_on: if rule.late_receipt_is_next_day {
            clock.day_of_receipt(received_at)
        } else {
            local(received_at)
        },
        due_on: local(due.business_due_at),
        business_due_at: due.business_due_at,
        rule_id: due.rule_id,
        published: due.published,
    }))
}
