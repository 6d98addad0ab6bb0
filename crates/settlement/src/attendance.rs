//! Where attendance comes from: a port ([`Attendance`]), and sheets that the supplier hands in and the purchaser signs
//! (考勤表). A signed sheet never changes; a later one that holds a seat's day takes the place of the earlier for it.

mod signers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{checked, must_be_name};
use kernel::versioned;
use kernel::{Actor, App, Tx, day, words};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    QueryTrait,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::contract;
use crate::presence::{DayRecord, DaySource, PresenceKind};
use crate::rights::{SignAttendance, SubmitAttendance, ViewSettlement};
use crate::trail::{self, SIGNERS, SUPPLIER, Scribe};

pub use signers::Signers;

/// Rows of a sheet: a month of 6 seats has 186, half a year of them with overlaps fits.
const MOST: usize = 2_000;
/// Rows of half a year with every correction.
const MOST_READ: u64 = 50_000;

/// Who knows the frozen days of attendance.
pub trait Attendance: Send + Sync {
    /// What holds for every seat from `from` to `until`, both counted; what was corrected is left out.
    fn frozen(&self, from: NaiveDate, until: NaiveDate) -> BoxFuture<'_, Result<Vec<DayRecord>>>;

    /// The end of the chain in which days are frozen; none where there is no chain.
    fn chain(&self) -> BoxFuture<'_, Result<Option<ChainHead>>> {
        Box::pin(async { Ok(None) })
    }

    /// Who signed these rows; one that is not known is left out.
    fn signers<'a>(&'a self, records: &'a [Uuid]) -> BoxFuture<'a, Result<HashMap<Uuid, Signers>>>;
}

/// The end of a chain of frozen days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    /// How many days are in it.
    pub seq: i64,
    /// Its digest.
    pub hash: String,
}

words! {
    /// Where a sheet stands.
    AttendanceSheetState {
        /// 待采购人签认
        Submitted = "submitted",
        /// 双方已签认
        Signed = "signed",
        /// 退回
        Returned = "returned",
    }
}

kernel::table! {
    pub(crate) mod sheet = "attendance_sheets" (id: Uuid) {
        from_day: String,
        until_day: String,
        row_count: i64,
        sha256: String,
        note: Option<String>,
        state: String,
        submitted_by: Option<Uuid>,
        submitted_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(sheet, |sheet| format!(
    "attendance sheet of `{}` to `{}`",
    sheet.from_day, sheet.until_day
));

kernel::table! {
    mod row = "attendance_days" (id: Uuid) {
        sheet_id: Uuid,
        day: String,
        seat: i64,
        person: String,
        presence: String,
        minutes: i64,
        sha256: String,
    }
}

/// When a signed sheet was handed in, and which: the last of them holds, in whatever order they were signed.
type Signed = (DateTime<Utc>, Uuid);

/// The sheets both sides signed.
pub struct SignedSheets(pub App);

impl Attendance for SignedSheets {
    fn frozen(&self, from: NaiveDate, until: NaiveDate) -> BoxFuture<'_, Result<Vec<DayRecord>>> {
        Box::pin(async move {
            let conn = self.0.db.read();
            let signed = sheet::Entity::find()
                .filter(sheet::Column::State.eq(AttendanceSheetState::Signed.as_str()))
                .filter(sheet::Column::FromDay.lte(day::text(until)))
                .filter(sheet::Column::UntilDay.gte(day::text(from)))
                .limit(MOST_READ)
                .all(conn)
                .await?;
            let signed: BTreeMap<Uuid, Signed> = signed
                .into_iter()
                .map(|row| (row.id, (row.submitted_at, row.id)))
                .collect();
            let rows = row::Entity::find()
                .filter(row::Column::SheetId.is_in(signed.keys().copied()))
                .filter(row::Column::Day.between(day::text(from), day::text(until)))
                .limit(MOST_READ)
                .all(conn)
                .await?;
            if rows.len() as u64 == MOST_READ {
                return Err(internal(
                    "more rows of attendance than half a year can have",
                ));
            }
            // Of a seat's day the sheet handed in last holds, as a whole.
            let mut latest = BTreeMap::<(String, i64), Signed>::new();
            for row in &rows {
                let at = signed[&row.sheet_id];
                let known = latest.entry((row.day.clone(), row.seat)).or_insert(at);
                *known = (*known).max(at);
            }
            let held = rows.into_iter().filter(|row| {
                latest.get(&(row.day.clone(), row.seat)) == signed.get(&row.sheet_id)
            });
            held.map(record).collect()
        })
    }

    fn signers<'a>(&'a self, records: &'a [Uuid]) -> BoxFuture<'a, Result<HashMap<Uuid, Signers>>> {
        Box::pin(async move { signers::of_sheets(self.0.db.read(), records).await })
    }
}

fn record(row: row::Model) -> Result<DayRecord> {
    let presence = PresenceKind::parse(&row.presence);
    Ok(DayRecord {
        id: row.id,
        day: day::read(&row.day)?,
        seat: row.seat,
        person: row.person,
        presence: presence.ok_or_else(|| internal("no such presence"))?,
        minutes: row.minutes,
        sha256: row.sha256,
        source: DaySource::Sheet,
        source_id: Some(row.sheet_id),
    })
}

/// The routes of the sheets.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, submit))
        .routes(routes!(show))
        .routes(routes!(days))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// A sheet.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceSheetView {
    /// Identifies it.
    pub id: Uuid,
    /// The first day in it.
    pub from_day: NaiveDate,
    /// The last day in it.
    pub until_day: NaiveDate,
    /// How many rows.
    pub row_count: i64,
    /// Of its rows.
    pub sha256: String,
    /// What was said to it.
    pub note: Option<String>,
    /// `submitted`, `signed` or `returned`.
    pub state: String,
    /// When it was handed in.
    pub submitted_at: DateTime<Utc>,
    /// When the purchaser signed or returned it.
    pub decided_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

fn view(row: sheet::Model) -> Result<AttendanceSheetView> {
    Ok(AttendanceSheetView {
        from_day: day::read(&row.from_day)?,
        until_day: day::read(&row.until_day)?,
        id: row.id,
        row_count: row.row_count,
        sha256: row.sha256,
        note: row.note,
        state: row.state,
        submitted_at: row.submitted_at,
        decided_at: row.decided_at,
        version: row.version,
    })
}

/// What a list of sheets may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SheetFilter {
    /// Only those in this state.
    state: Option<String>,
}

/// The attendance sheets, the newest first.
#[utoipa::path(
    get, path = "/api/v1/attendance-sheets", tag = "settlement", operation_id = "list_attendance_sheets",
    params(SheetFilter, ListQuery), responses((status = 200, body = Page<AttendanceSheetView>)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Query(filter): Query<SheetFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AttendanceSheetView>>> {
    let sortable = [("submitted_at", sheet::Column::SubmittedAt)];
    let state = filter.state.map(|state| sheet::Column::State.eq(state));
    let select = sheet::Entity::find().filter(Condition::all().add_option(state));
    let page = paginate(app.db.read(), select, &query, &sortable, sheet::Column::Id).await?;
    let shown = page.shown(async |rows: Vec<sheet::Model>| rows.into_iter().map(view).collect());
    Ok(Json(shown.await?))
}

async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<sheet::Model> {
    sheet::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("attendance sheet"))
}

/// One attendance sheet.
#[utoipa::path(
    get, path = "/api/v1/attendance-sheets/{id}", tag = "settlement", operation_id = "get_attendance_sheet",
    params(("id" = Uuid, Path)), responses((status = 200, body = AttendanceSheetView), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<AttendanceSheetView>> {
    view(get(app.db.read(), id).await?).map(Json)
}

/// A day of a sheet.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceSheetDay {
    /// Identifies it; a statement names it as evidence.
    pub id: Uuid,
    /// The day.
    pub day: NaiveDate,
    /// The seat.
    pub seat: i64,
    /// Staff number or name.
    pub person: String,
    /// How he was there.
    pub presence: PresenceKind,
    /// Minutes on post.
    pub minutes: i64,
    /// Of the row.
    pub sha256: String,
    /// A sheet that was signed before holds other rows of this seat's day, which give way.
    pub replaces: bool,
}

/// What the days of a sheet may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DayFilter {
    /// Only this seat.
    seat: Option<i64>,
    /// Only this presence.
    presence: Option<String>,
}

/// The days of a sheet, for who signs it; the latest day first, `sort=day` turns it.
#[utoipa::path(
    get, path = "/api/v1/attendance-sheets/{id}/days", tag = "settlement", operation_id = "list_attendance_sheet_days",
    params(("id" = Uuid, Path), DayFilter, ListQuery),
    responses((status = 200, body = Page<AttendanceSheetDay>), (status = 404, body = Problem)),
)]
async fn days(
    _actor: Actor<ViewSettlement>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(filter): Query<DayFilter>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AttendanceSheetDay>>> {
    use row::Column;
    let conn = app.db.read();
    let sheet = get(conn, id).await?;
    let all = Condition::all()
        .add(Column::SheetId.eq(id))
        .add_option(filter.seat.map(|seat| Column::Seat.eq(seat)))
        .add_option(filter.presence.map(|kind| Column::Presence.eq(kind)))
        .add_option(query.words_in(&[Column::Person])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("day", Column::Day), ("seat", Column::Seat)];
    let page = paginate(conn, select, &query, &sortable, Column::Id).await?;
    let shown = page.shown(async |rows: Vec<row::Model>| day_views(conn, &sheet, rows).await);
    Ok(Json(shown.await?))
}

async fn day_views(
    conn: &impl ConnectionTrait,
    sheet: &sheet::Model,
    rows: Vec<row::Model>,
) -> Result<Vec<AttendanceSheetDay>> {
    let earlier = sheet::Entity::find()
        .select_only()
        .column(sheet::Column::Id)
        .filter(sheet::Column::State.eq(AttendanceSheetState::Signed.as_str()))
        .filter(sheet::Column::SubmittedAt.lt(sheet.submitted_at))
        .filter(sheet::Column::FromDay.lte(&sheet.until_day))
        .filter(sheet::Column::UntilDay.gte(&sheet.from_day));
    let known: Vec<(String, i64)> = row::Entity::find()
        .select_only()
        .column(row::Column::Day)
        .column(row::Column::Seat)
        .filter(row::Column::Day.is_in(rows.iter().map(|row| row.day.clone())))
        .filter(row::Column::SheetId.in_subquery(earlier.into_query()))
        .limit(MOST_READ)
        .into_tuple()
        .all(conn)
        .await?;
    let known: BTreeSet<(String, i64)> = known.into_iter().collect();
    let views = rows.into_iter().map(|row| {
        let replaces = known.contains(&(row.day.clone(), row.seat));
        let record = record(row)?;
        Ok(AttendanceSheetDay {
            id: record.id,
            day: record.day,
            seat: record.seat,
            person: record.person,
            presence: record.presence,
            minutes: record.minutes,
            sha256: record.sha256,
            replaces,
        })
    });
    views.collect()
}

/// What one person did on one seat on one day.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAttendanceDay {
    /// The day.
    day: NaiveDate,
    /// The seat, from 1 to the seats of the contract.
    seat: i64,
    /// Staff number or name.
    person: String,
    /// How he was there.
    presence: PresenceKind,
    /// Minutes on post, 0 to 1,440.
    minutes: i64,
}

/// A sheet to be signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAttendanceSheet {
    /// 1 to 2,000; days that are over, each person once for a seat and day.
    days: Vec<NewAttendanceDay>,
    /// What is said to it, such as what it corrects.
    note: Option<String>,
}

fn must_be_sound(days: &[NewAttendanceDay], seats: i64, today: NaiveDate) -> Result<()> {
    if days.is_empty() || days.len() > MOST {
        return Err(invalid("days", "days_out_of_range", "1 to 2,000 rows"));
    }
    let mut seen = BTreeSet::new();
    for row in days {
        must_be_name("days.person", &row.person)?;
        day::past("days.day", row.day, today)?;
        if !(1..=seats).contains(&row.seat) || !(0..=1_440).contains(&row.minutes) {
            let detail = format!("{}: seat 1 to {seats}, 0 to 1,440 minutes", row.day);
            return Err(invalid("days", "attendance_out_of_range", detail));
        }
        let on_post = !is_away(row.presence);
        if on_post && row.minutes == 0 {
            let detail = format!("{} seat {}: on post for how long", row.day, row.seat);
            return Err(invalid("days", "attendance_without_minutes", detail));
        }
        if !seen.insert((row.day, row.seat, row.person.as_str())) {
            let detail = format!("{} seat {} {} stands twice", row.day, row.seat, row.person);
            return Err(invalid("days", "attendance_twice", detail));
        }
    }
    Ok(())
}

/// Somebody who is away has no minutes at the seat.
fn is_away(kind: PresenceKind) -> bool {
    use PresenceKind as K;
    matches!(
        kind,
        K::PurchaserTraining | K::PaidLeave | K::SickLeave | K::UnpaidLeave | K::Absent
    )
}

fn digest(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_vec(value).map_err(internal)?;
    Ok(hex::encode(Sha256::digest(text)))
}

/// Hands a sheet in for the purchaser's signature.
#[utoipa::path(
    post, path = "/api/v1/attendance-sheets", tag = "settlement", operation_id = "submit_attendance_sheet",
    request_body = NewAttendanceSheet,
    responses((status = 201, body = AttendanceSheetView), (status = 422, body = Problem)),
)]
async fn submit(
    actor: Actor<SubmitAttendance>,
    State(app): State<App>,
    Json(new): Json<NewAttendanceSheet>,
) -> Result<(StatusCode, Json<AttendanceSheetView>)> {
    let seats = contract::most_seats(app.db.read(), app.clock.now()).await?;
    must_be_sound(&new.days, seats, day::today(&app))?;
    let note = checked("note", new.note.as_deref().unwrap_or_default())?;
    let (db, who) = (app.db.clone(), actor.who());
    let made = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let days = || new.days.iter().map(|row| day::text(row.day));
            let made = sheet::Model {
                id: app.ids.next(),
                from_day: days().min().unwrap_or_default(),
                until_day: days().max().unwrap_or_default(),
                row_count: new.days.len() as i64,
                sha256: digest(&new.days)?,
                note: Some(note).filter(|note| !note.is_empty()),
                state: AttendanceSheetState::Submitted.as_str().to_owned(),
                submitted_by: who.user_id,
                submitted_at: now,
                decided_by: None,
                decided_at: None,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &made).await?;
            let mut rows = Vec::new();
            for one in &new.days {
                let row = row::Model {
                    id: app.ids.next(),
                    sheet_id: made.id,
                    day: day::text(one.day),
                    seat: one.seat,
                    person: one.person.clone(),
                    presence: one.presence.as_str().to_owned(),
                    minutes: one.minutes,
                    sha256: digest(one)?,
                };
                rows.push(row.into_active_model());
            }
            // SQLite takes 32,766 values in a statement.
            for rows in rows.chunks(500) {
                row::Entity::insert_many(rows.to_vec())
                    .exec_without_returning(&*tx)
                    .await?;
            }
            tell(&app, &tx, &who, &made, "submitted").await?;
            Ok(made)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view(made)?)))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &sheet::Model, what: &str) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "attendance_sheet",
        id: row.id,
    };
    // Handed in it waits for who signs; decided, who handed it in is to know.
    let told = if what == "submitted" {
        SIGNERS
    } else {
        SUPPLIER
    };
    let told = trail::holders(&**tx, told).await?;
    let facts = json!({
        "number": format!("{}–{}", row.from_day, row.until_day), "state": row.state, "version": row.version,
        "sha256": row.sha256, "recipients": told,
    });
    scribe.tell(what, row.note.as_deref(), facts).await
}

/// What the purchaser says to a sheet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttendanceDecision {
    /// The version that was read.
    version: i64,
    /// Signed; else returned.
    sign: bool,
    /// Why it is returned.
    note: Option<String>,
}

/// The purchaser signs a sheet, from when on it is frozen, or returns it.
#[utoipa::path(
    post, path = "/api/v1/attendance-sheets/{id}/decide", tag = "settlement", operation_id = "decide_attendance_sheet",
    params(("id" = Uuid, Path)), request_body = AttendanceDecision,
    responses((status = 200, body = AttendanceSheetView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<SignAttendance>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<AttendanceDecision>,
) -> Result<Json<AttendanceSheetView>> {
    let note = checked("note", said.note.as_deref().unwrap_or_default())?;
    if !said.sign && note.is_empty() {
        return Err(invalid("note", "text_missing", "say why it is returned"));
    }
    let (db, who) = (app.db.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(get(&*tx, id).await?, said.version)?;
            if before.state != AttendanceSheetState::Submitted.as_str() {
                let detail = "what both sides signed does not change";
                return Err(refused("attendance_decided", detail)
                    .with_way_out("hand in another sheet with the days that change"));
            }
            let (state, what) = if said.sign {
                (AttendanceSheetState::Signed, "signed")
            } else {
                (AttendanceSheetState::Returned, "returned")
            };
            let mut after = before.clone();
            after.state = state.as_str().to_owned();
            after.decided_by = who.user_id;
            after.decided_at = Some(app.clock.now());
            if !note.is_empty() {
                after.note = Some(note);
            }
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, what).await?;
            Ok(after)
        })
        .await?;
    view(row).map(Json)
}
