//! The rows of daily checks, and what is missing of a day.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::jobs::Schedule;
use kernel::problem::{Result, not_found};
use kernel::rule;
use kernel::{App, JobDef, Role, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CheckPoint, CheckScope};
use crate::files;
use crate::trail::{self, Scribe, Seen};
use kernel::day;

/// Checks looked at in one go.
const MOST: u64 = 200;

kernel::table! {
    /// One look at one point on one day.
    pub mod row = "daily_checks" (id: Uuid) {
        on_day: String,
        point: String,
        items: Json,
        defects: i32,
        note: Option<String>,
        by_id: Option<Uuid>,
        at: DateTimeUtc,
        fixed_by: Option<Uuid>,
        fixed_at: Option<DateTimeUtc>,
        fix_note: Option<String>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |check| format!(
    "check of `{}` on {}",
    check.point, check.on_day
));

/// The points that are looked at, seats first.
pub(crate) async fn points(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<CheckPoint>> {
    let mut points = rule::in_force::<CheckPoint>(conn, at).await?;
    points.retain(|point| point.active);
    points.sort_by_key(|point| (point.scope != CheckScope::Seat, point.code.clone()));
    Ok(points)
}

/// The checks of a day.
pub(crate) async fn of_day(conn: &impl ConnectionTrait, on: NaiveDate) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::OnDay.eq(day::text(on)))
        .order_by_asc(row::Column::Point)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// What is not in order still, the oldest first.
pub(crate) async fn unfixed(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::State.eq("defect"))
        .order_by_asc(row::Column::OnDay)
        .order_by_asc(row::Column::Point)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("check"))
}

/// Points that were not looked at on a day, or without the picture they need.
pub(crate) async fn missing(
    conn: &impl ConnectionTrait,
    on: NaiveDate,
    at: DateTime<Utc>,
) -> Result<Vec<CheckPoint>> {
    let done = of_day(conn, on).await?;
    let mut missing = Vec::new();
    for point in points(conn, at).await? {
        let found = done.iter().find(|row| row.point == point.code);
        let there = match found {
            Some(row) if point.photo => files::pictures_since(conn, row.id, None).await? > 0,
            Some(_) => true,
            None => false,
        };
        if !there {
            missing.push(point);
        }
    }
    Ok(missing)
}

/// Writes down what was found.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let told = match what {
        "defect" => trail::holders(&**tx, &[Role::ShiftLead, Role::OpsManager]).await?,
        _ => Vec::new(),
    };
    let facts = json!({
        "number": row.point, "state": row.state, "version": row.version, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "daily_check",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}

/// Each evening of a working day: what was not looked at.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::new(
        "liaison.missing_checks",
        Schedule::Daily(18, 30),
        move |_payload: Value| {
            let app = app.clone();
            async move { warn(&app).await }
        },
    )
}

/// Tells the leads what was not looked at today; what was told is not told again.
pub async fn warn(app: &App) -> Result<()> {
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let app = services;
            let today = day::today(&app);
            let service = organization::service_calendar::load(&*tx).await?;
            if !service.calendar.is_workday(today) {
                return Ok(());
            }
            let missing = missing(&*tx, today, app.clock.now()).await?;
            if missing.is_empty() {
                return Ok(());
            }
            let id = told_id(today);
            let lines = trail::lines(&*tx, id, kernel::Side::Supplier).await?;
            if !lines.is_empty() {
                return Ok(());
            }
            let names: Vec<&str> = missing.iter().map(|point| point.name.as_str()).collect();
            let who = Who::system("liaison");
            let told = trail::holders(&*tx, &[Role::ShiftLead, Role::OpsManager]).await?;
            let facts = json!({
                "number": day::text(today), "recipients": told, "quantity": missing.len(),
            });
            let scribe = Scribe {
                app: &app,
                tx: &tx,
                who: &who,
                kind: "daily_check",
                id,
                seen: Seen::Both,
            };
            scribe.tell("missing", Some(&names.join("、")), facts).await
        })
        .await
}

/// What a day is called in the trail; the same each time, so that it is told once.
fn told_id(on: NaiveDate) -> Uuid {
    use chrono::Datelike as _;
    let days = u128::try_from(on.num_days_from_ce()).unwrap_or_default();
    Uuid::from_u128(0x6461_696c_795f_8000_8000_0000_0000_0000 | days)
}
