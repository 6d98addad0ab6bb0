//! The sheets of days over HTTP: the evidence as it stands, closing, sending back, confirming many days at once.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::needed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, Role, day};
use organization::Colleague;
use sea_orm::{ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::overrule::{Overruled, must_be_plain, overruled};
use super::store::{self, Evidence, findings_text, record, row};
use super::{Action, AttendanceDayState, AttendanceFinding, AttendanceKind, chain};
use crate::leave::LeaveKind;
use crate::rights::{CloseAttendance, ConfirmAttendance, ViewAttendance};
use crate::site::{Desk, side};
use crate::trail;

/// Days of one list, and days confirmed at once.
const MOST_DAYS: i64 = 62;

/// The routes of days.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(close))
        .routes(routes!(send_back))
        .routes(routes!(confirm))
        .with_state(desk.clone())
}

/// A day as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceDayView {
    /// The day.
    pub day: NaiveDate,
    /// `open`, `closed` or `frozen`.
    pub state: AttendanceDayState,
    /// Seats that are not as they should be, by the closed sheet; null while it is open.
    pub exceptions: Option<i64>,
    /// When the lead closed it.
    pub closed_at: Option<DateTime<Utc>>,
    /// When the purchaser confirmed it.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Why it was sent back.
    pub opinion: Option<String>,
    /// Rises with each change; 0 before it is closed for the first time.
    pub version: i64,
}

/// Days of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceDays {
    /// Working days: those that wait with exceptions first, then those that wait, then the others by day.
    pub items: Vec<AttendanceDayView>,
    /// How many wait for the purchaser.
    pub waiting: usize,
}

/// One seat on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceLine {
    /// The record; null while the day is open.
    pub id: Option<Uuid>,
    /// The day.
    pub day: NaiveDate,
    /// The post: `Z1`.
    pub seat: String,
    /// Who held it.
    pub user: Option<Colleague>,
    /// How it was held.
    pub kind: AttendanceKind,
    /// The kind of leave, where part of the day or all of it was leave.
    pub leave_kind: Option<LeaveKind>,
    /// Minutes at the seat.
    pub minutes: i64,
    /// Minutes of the whole day.
    pub whole_minutes: i64,
    /// Minutes late.
    pub late_minutes: i64,
    /// Minutes that were left out at the end.
    pub early_minutes: i64,
    /// When he came.
    pub came_at: Option<DateTime<Utc>>,
    /// When he went.
    pub left_at: Option<DateTime<Utc>>,
    /// What asks for a second look.
    pub findings: Vec<AttendanceFinding>,
    /// What the lead said to it, or why it was corrected.
    pub reason: Option<String>,
    /// The record it corrects.
    pub corrects_id: Option<Uuid>,
    /// `evidence`, `closed`, `frozen`, `proposed` or `refused`.
    pub state: String,
    /// Who wrote it: the lead who closed the day, or who proposed the correction.
    pub written_by: Option<Colleague>,
    /// Its number in the chain of what both sides signed.
    pub seq: Option<i64>,
    /// Its digest in the chain.
    pub hash: Option<String>,
}

/// The sheet of a day with its lines.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceDayDetail {
    /// What lists show.
    #[serde(flatten)]
    pub day: AttendanceDayView,
    /// It is a working day.
    pub workday: bool,
    /// The seats, and corrections of them behind; by the evidence while the day is open.
    pub lines: Vec<AttendanceLine>,
}

fn view(on: NaiveDate, row: Option<&row::Model>) -> Result<AttendanceDayView> {
    Ok(AttendanceDayView {
        day: on,
        state: row.map_or(Ok(AttendanceDayState::Open), row::Model::standing)?,
        exceptions: row.map(|row| row.exceptions),
        closed_at: row.and_then(|row| row.closed_at),
        confirmed_at: row.and_then(|row| row.confirmed_at),
        opinion: row.and_then(|row| row.opinion.clone()),
        version: row.map_or(0, |row| row.version),
    })
}

/// Records as they are shown.
pub(crate) async fn shown(
    desk: &kernel::App,
    rows: Vec<record::Model>,
) -> Result<Vec<AttendanceLine>> {
    let writers = rows.iter().filter_map(|row| row.written_by);
    let users = rows.iter().filter_map(|row| row.user_id).chain(writers);
    let people = organization::colleagues(desk.db.read(), users).await?;
    let named = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let line = |row: record::Model| {
        Ok(AttendanceLine {
            kind: row.attended()?,
            leave_kind: row.leave()?,
            findings: row.found(),
            id: Some(row.id),
            day: day::read(&row.on_day)?,
            user: named(row.user_id),
            written_by: named(row.written_by),
            seat: row.seat,
            minutes: row.minutes,
            whole_minutes: row.whole_minutes,
            late_minutes: row.late_minutes,
            early_minutes: row.early_minutes,
            came_at: row.came_at,
            left_at: row.left_at,
            reason: row.reason,
            corrects_id: row.corrects_id,
            state: row.state,
            seq: row.seq,
            hash: row.hash,
        })
    };
    rows.into_iter().map(line).collect()
}

async fn sheet(desk: &Desk, on: NaiveDate) -> Result<Json<AttendanceDayDetail>> {
    let conn = desk.app.db.read();
    let found = store::sheet(conn, on).await?;
    let day = view(on, found.as_ref())?;
    if day.state != AttendanceDayState::Open {
        let rows = store::records(conn, on, on, false).await?;
        let lines = shown(&desk.app, rows).await?;
        return Ok(Json(AttendanceDayDetail {
            day,
            workday: true,
            lines,
        }));
    }
    let evidence = Evidence::of(desk, on).await?;
    let lines = evidence.lines();
    let users = lines.iter().filter_map(|line| line.user_id);
    let people = organization::colleagues(conn, users).await?;
    let lines = lines.into_iter().map(|line| AttendanceLine {
        id: None,
        day: on,
        seat: line.seat.id,
        user: line.user_id.and_then(|id| people.get(&id).cloned()),
        kind: line.kind,
        leave_kind: line.leave,
        minutes: line.minutes,
        whole_minutes: line.whole_minutes,
        late_minutes: line.late_minutes,
        early_minutes: line.early_minutes,
        came_at: line.came_at,
        left_at: line.left_at,
        findings: line.findings.into_iter().collect(),
        reason: None,
        corrects_id: None,
        written_by: None,
        state: "evidence".to_owned(),
        seq: None,
        hash: None,
    });
    Ok(Json(AttendanceDayDetail {
        workday: evidence.is_workday(),
        day,
        lines: lines.collect(),
    }))
}

/// Which days are asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Between {
    /// The first day.
    from: NaiveDate,
    /// The last day, at most 61 days later.
    to: NaiveDate,
    /// Only days that stand so.
    state: Option<AttendanceDayState>,
}

/// The working days of a period: what waits with exceptions stands first.
#[utoipa::path(
    get, path = "/api/v1/attendance-days", tag = "workforce", operation_id = "list_attendance_days",
    params(Between), responses((status = 200, body = AttendanceDays), (status = 422, body = Problem)),
)]
async fn list(
    _actor: Actor<ViewAttendance>,
    State(desk): State<Desk>,
    Query(asked): Query<Between>,
) -> Result<Json<AttendanceDays>> {
    day::plausible("from", asked.from, day::today(&desk.app))?;
    if !(0..MOST_DAYS).contains(&(asked.to - asked.from).num_days()) {
        let detail = "at most 62 days, the last not before the first";
        return Err(invalid("to", "period_invalid", detail));
    }
    let conn = desk.app.db.read();
    let service = organization::service_calendar::load(conn).await?;
    let sheets = store::sheets(conn, asked.from, asked.to).await?;
    let mut items = Vec::new();
    for on in asked.from.iter_days().take_while(|on| *on <= asked.to) {
        let found = sheets.get(&on);
        if found.is_some() || service.calendar.is_workday(on) {
            items.push(view(on, found)?);
        }
    }
    items.retain(|one| asked.state.is_none_or(|state| state == one.state));
    let waits = |one: &AttendanceDayView| one.state == AttendanceDayState::Closed;
    items.sort_by_key(|one| {
        let exceptions = one.exceptions.unwrap_or_default();
        (
            !waits(one),
            if waits(one) { -exceptions } else { 0 },
            one.day,
        )
    });
    let waiting = items.iter().filter(|one| waits(one)).count();
    Ok(Json(AttendanceDays { items, waiting }))
}

/// The sheet of a day: by the evidence while it is open, as it was signed afterwards.
#[utoipa::path(
    get, path = "/api/v1/attendance-days/{day}", tag = "workforce", operation_id = "get_attendance_day",
    params(("day" = NaiveDate, Path)), responses((status = 200, body = AttendanceDayDetail)),
)]
async fn show(
    _actor: Actor<ViewAttendance>,
    State(desk): State<Desk>,
    Path(on): Path<NaiveDate>,
) -> Result<Json<AttendanceDayDetail>> {
    day::plausible("day", on, day::today(&desk.app))?;
    sheet(&desk, on).await
}

/// How the lead closes a day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CloseAttendanceDay)]
struct Closing {
    /// The version that was read; 0 for the first time.
    version: i64,
    /// Seats whose evidence does not tell how it was.
    #[serde(default)]
    overruled: Vec<Overruled>,
}

/// Closes the sheet of a day (关账) after its hours, with the evidence as it stands and what the lead says beside it.
#[utoipa::path(
    post, path = "/api/v1/attendance-days/{day}/close", tag = "workforce", operation_id = "close_attendance_day",
    params(("day" = NaiveDate, Path)), request_body = Closing,
    responses((status = 200, body = AttendanceDayDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn close(
    actor: Actor<CloseAttendance>,
    State(desk): State<Desk>,
    Path(on): Path<NaiveDate>,
    Json(closing): Json<Closing>,
) -> Result<Json<AttendanceDayDetail>> {
    day::past("day", on, day::today(&desk.app))?;
    let evidence = Evidence::of(&desk, on).await?;
    let mut lines = evidence.lines();
    if lines.is_empty() {
        return Err(refused(
            "attendance_day_off",
            format!("no seat is to be held on {on}"),
        ));
    }
    for said in &closing.overruled {
        let found = lines.iter_mut().find(|line| line.seat.id == said.seat);
        let line = found.ok_or_else(|| invalid("overruled", "seat_unknown", "no such seat"))?;
        *line = overruled(&evidence, line, said)?;
    }
    must_be_plain(&closing.overruled, &lines)?;
    let (app, by, who) = (desk.app.clone(), side(actor.principal()), actor.who());
    let over = evidence.over();
    let db = app.db.clone();
    db.write(move |tx| async move {
        let now = app.clock.now();
        let found = store::sheet(&*tx, on).await?;
        let standing = found
            .as_ref()
            .map_or(Ok(AttendanceDayState::Open), row::Model::standing)?;
        let state = standing
            .next(by, Action::Close { over })
            .map_err(|refusal| refusal.about(&format!("attendance of {on}")))?;
        let exceptions = lines.iter().filter(|line| line.is_exception());
        let made = row::Model {
            id: found.as_ref().map_or_else(|| app.ids.next(), |row| row.id),
            on_day: day::text(on),
            state: state.as_str().to_owned(),
            exceptions: i64::try_from(exceptions.count()).unwrap_or_default(),
            closed_by: who.user_id,
            closed_at: Some(now),
            confirmed_by: None,
            confirmed_at: None,
            opinion: None,
            updated_at: now,
            version: 1,
        };
        let sheet = if let Some(before) = found {
            let before = versioned::as_read(before, closing.version)?;
            versioned::save(&app, &*tx, &before, made).await?
        } else {
            versioned::insert(&*tx, &made).await?;
            made
        };
        // What was sent back was never signed: it is written anew.
        record::Entity::delete_many()
            .filter(record::Column::OnDay.eq(day::text(on)))
            .filter(record::Column::State.eq("closed"))
            .exec(&*tx)
            .await?;
        let rows = lines.iter().map(|line| {
            let row = record::Model {
                id: app.ids.next(),
                on_day: day::text(on),
                seat: line.seat.id.clone(),
                user_id: line.user_id,
                kind: line.kind.as_str().to_owned(),
                leave_kind: line.leave.map(|kind| kind.as_str().to_owned()),
                minutes: line.minutes,
                whole_minutes: line.whole_minutes,
                late_minutes: line.late_minutes,
                early_minutes: line.early_minutes,
                came_at: line.came_at,
                left_at: line.left_at,
                findings: findings_text(&line.findings),
                reason: line.reason.clone(),
                corrects_id: None,
                state: "closed".to_owned(),
                seq: None,
                before_hash: None,
                hash: None,
                written_by: who.user_id,
                written_at: now,
                decided_by: None,
                decided_at: None,
            };
            row.into_active_model().reset_all()
        });
        record::Entity::insert_many(rows)
            .exec_without_returning(&*tx)
            .await?;
        let told = trail::holders(&*tx, &[Role::PurchaserReviewer, Role::PurchaserAdmin]).await?;
        let facts = json!({
            "day": on, "exceptions": sheet.exceptions, "version": sheet.version, "recipients": told,
        });
        trail::tell((&app, &tx, &who), ("attendance", sheet.id), "closed", facts).await
    })
    .await?;
    sheet(&desk, on).await
}

/// Why a day is sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendBackAttendanceDay)]
struct SentBack {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Sends a closed day back to the lead (退回).
#[utoipa::path(
    post, path = "/api/v1/attendance-days/{day}/send-back", tag = "workforce", operation_id = "send_back_attendance_day",
    params(("day" = NaiveDate, Path)), request_body = SentBack,
    responses((status = 200, body = AttendanceDayDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn send_back(
    actor: Actor<ConfirmAttendance>,
    State(desk): State<Desk>,
    Path(on): Path<NaiveDate>,
    Json(sent): Json<SentBack>,
) -> Result<Json<AttendanceDayDetail>> {
    let reason = needed("reason", &sent.reason)?;
    let (app, by, who) = (desk.app.clone(), side(actor.principal()), actor.who());
    let db = app.db.clone();
    db.write(move |tx| async move {
        let found = store::sheet(&*tx, on).await?;
        let before = found.ok_or_else(|| not_found("attendance day"))?;
        let before = versioned::as_read(before, sent.version)?;
        let mut after = before.clone();
        let state = before.standing()?.next(by, Action::SendBack);
        let state = state.map_err(|refusal| refusal.about(&before.what()))?;
        state.as_str().clone_into(&mut after.state);
        after.opinion = Some(reason);
        let after = versioned::save(&app, &*tx, &before, after).await?;
        let told = trail::holders(&*tx, &[Role::ShiftLead, Role::OpsManager]).await?;
        let facts = json!({ "day": on, "version": after.version, "recipients": told });
        trail::tell(
            (&app, &tx, &who),
            ("attendance", after.id),
            "sent_back",
            facts,
        )
        .await
    })
    .await?;
    sheet(&desk, on).await
}

/// A day as the purchaser saw it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeenDay {
    /// The day.
    day: NaiveDate,
    /// The version that was read.
    version: i64,
}

/// Which days are confirmed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfirmAttendanceDays)]
struct Confirming {
    /// 1 to 62 days.
    days: Vec<SeenDay>,
}

/// What is frozen now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConfirmedAttendance)]
struct Confirmed {
    /// Days confirmed.
    days: usize,
    /// Records frozen.
    records: usize,
    /// The number of the last record in the chain.
    seq: i64,
    /// The digest of the last record: what both sides hold to it.
    hash: String,
}

/// Confirms closed days, a week or a month at once (确认): all of them or none. Their records are frozen for good.
#[utoipa::path(
    post, path = "/api/v1/attendance-days/confirm", tag = "workforce", operation_id = "confirm_attendance_days",
    request_body = Confirming,
    responses((status = 200, body = Confirmed), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn confirm(
    actor: Actor<ConfirmAttendance>,
    State(desk): State<Desk>,
    Json(confirming): Json<Confirming>,
) -> Result<Json<Confirmed>> {
    let mut days = confirming.days;
    days.sort_by_key(|one| one.day);
    days.dedup_by_key(|one| one.day);
    let (Some(first), Some(last)) = (days.first().cloned(), days.last().cloned()) else {
        return Err(invalid("days", "days_missing", "name at least one day"));
    };
    if (last.day - first.day).num_days() >= MOST_DAYS {
        return Err(invalid("days", "period_invalid", "at most 62 days at once"));
    }
    let (app, by, who) = (desk.app.clone(), side(actor.principal()), actor.who());
    let db = app.db.clone();
    let confirmed = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let mut sheets = store::sheets(&*tx, first.day, last.day).await?;
            let mut ids = Vec::new();
            for seen in &days {
                let before = sheets
                    .remove(&seen.day)
                    .ok_or_else(|| not_found("attendance day"))?;
                let before = versioned::as_read(before, seen.version)?;
                let state = before.standing()?.next(by, Action::Confirm);
                let state = state.map_err(|refusal| refusal.about(&before.what()))?;
                let mut after = before.clone();
                state.as_str().clone_into(&mut after.state);
                after.confirmed_by = who.user_id;
                after.confirmed_at = Some(now);
                ids.push(versioned::save(&app, &*tx, &before, after).await?.id);
            }
            let rows = store::records(&*tx, first.day, last.day, false).await?;
            let named = |row: &record::Model| {
                row.state == "closed" && days.iter().any(|one| day::text(one.day) == row.on_day)
            };
            let rows = rows.into_iter().filter(named).collect();
            let frozen = chain::freeze(&tx, (&who, now), rows).await?;
            let end = frozen
                .last()
                .and_then(|row| Some((row.seq?, row.hash.clone()?)));
            let (seq, hash) = end.ok_or_else(|| not_found("attendance record"))?;
            let count = frozen.len();
            // Written anew as they are frozen: one statement for a month.
            record::Entity::delete_many()
                .filter(record::Column::Id.is_in(frozen.iter().map(|row| row.id)))
                .exec(&*tx)
                .await?;
            let rows = frozen
                .into_iter()
                .map(|row| row.into_active_model().reset_all());
            record::Entity::insert_many(rows)
                .exec_without_returning(&*tx)
                .await?;
            let told = trail::holders(&*tx, &[Role::ShiftLead, Role::OpsManager]).await?;
            for (id, seen) in ids.iter().zip(&days) {
                let mut facts = json!({ "day": seen.day, "seq": seq, "sha256": hash });
                // One notice for all days at once.
                if seen.day == last.day {
                    facts["recipients"] = json!(told);
                }
                trail::tell((&app, &tx, &who), ("attendance", *id), "confirmed", facts).await?;
            }
            Ok(Confirmed {
                days: ids.len(),
                records: count,
                seq,
                hash,
            })
        })
        .await?;
    Ok(Json(confirmed))
}
