//! The days a line was made of, kept as they were when it was drawn: each number opens its evidence, also after the
//! attendance was corrected.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::{Actor, App, Tx, day};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::draw::AT_ONCE;
use super::http::Desk;
use super::store::line;
use crate::presence::{DayRecord, DaySource, PresenceKind};
use crate::rights::ViewSettlement;
use crate::seat_fee::Rules;

/// Rows of one line at most: a month with people who share a seat.
const MOST: u64 = 500;

kernel::table! {
    mod row = "statement_days" (id: Uuid) {
        statement_id: Uuid,
        line_id: Uuid,
        record_id: Uuid,
        day: String,
        person: String,
        presence: String,
        minutes: i64,
        halves: i64,
        source: String,
        source_id: Option<Uuid>,
        sha256: String,
    }
}

/// Forgets the days of a statement that is drawn anew.
pub(crate) async fn clear(tx: &Tx, statement: Uuid) -> Result<()> {
    row::Entity::delete_many()
        .filter(row::Column::StatementId.eq(statement))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Keeps the records that the lines were made of.
pub(crate) async fn write(
    app: &App,
    tx: &Tx,
    statement: Uuid,
    lines: &[line::Model],
    rules: &Rules,
    records: &[DayRecord],
) -> Result<()> {
    let by_id: HashMap<Uuid, &DayRecord> =
        records.iter().map(|record| (record.id, record)).collect();
    let mut rows = Vec::with_capacity(records.len());
    for line in lines {
        for id in line.read()?.evidence {
            let Some(record) = by_id.get(&id) else {
                continue;
            };
            let mut table = rules.on(record.day).1.iter();
            let count = table.find(|count| count.kind == record.presence);
            rows.push(row::Model {
                id: app.ids.next(),
                statement_id: statement,
                line_id: line.id,
                record_id: id,
                day: day::text(record.day),
                person: record.person.clone(),
                presence: record.presence.as_str().to_owned(),
                minutes: record.minutes,
                halves: count.map_or(0, |count| count.of(record.minutes)),
                source: record.source.as_str().to_owned(),
                source_id: record.source_id,
                sha256: record.sha256.clone(),
            });
        }
    }
    for some in rows.chunks(AT_ONCE) {
        let some = some.iter().cloned().map(IntoActiveModel::into_active_model);
        row::Entity::insert_many(some)
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// A day of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementDayView {
    /// The row of attendance.
    pub id: Uuid,
    /// The day.
    pub day: NaiveDate,
    /// Who.
    pub person: String,
    /// How he was there.
    pub presence: PresenceKind,
    /// Minutes on post.
    pub minutes: i64,
    /// Half days this row counts by itself; two people fill a seat's day once.
    pub halves: i64,
    /// Where it was signed.
    pub source: DaySource,
    /// The sheet it stands on; none of a day kept in the product.
    pub source_id: Option<Uuid>,
    /// Of the row as it was signed.
    pub sha256: String,
}

/// A day of a line with its signatures.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedDayView {
    /// The row as it was drawn.
    #[serde(flatten)]
    pub day: StatementDayView,
    /// Who wrote it down and signed first.
    pub written_by: Option<String>,
    /// When.
    pub written_at: Option<DateTime<Utc>>,
    /// Who signed on the other side.
    pub countersigned_by: Option<String>,
    /// When.
    pub countersigned_at: Option<DateTime<Utc>>,
    /// Both sides signed another row for it since; the difference is an adjustment.
    pub superseded: bool,
}

/// The days of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementDays {
    /// By day, 500 at most.
    pub items: Vec<SignedDayView>,
}

fn view(row: row::Model) -> Result<StatementDayView> {
    let of = |what: &str| internal(format!("statement day {}: {what}", row.id));
    Ok(StatementDayView {
        day: day::read(&row.day)?,
        presence: PresenceKind::parse(&row.presence).ok_or_else(|| of("presence"))?,
        source: DaySource::parse(&row.source).ok_or_else(|| of("source"))?,
        id: row.record_id,
        person: row.person,
        minutes: row.minutes,
        halves: row.halves,
        source_id: row.source_id,
        sha256: row.sha256,
    })
}

/// The rows of a line, by day.
async fn of_line(conn: &impl ConnectionTrait, line: Uuid) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::LineId.eq(line))
        .order_by_asc(row::Column::Day)
        .order_by_asc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// Every row of a statement by its line, for the file of its evidence: half a year of every seat, and overlaps.
pub(crate) async fn of_statement(
    conn: &impl ConnectionTrait,
    statement: Uuid,
) -> Result<HashMap<Uuid, Vec<StatementDayView>>> {
    let rows = row::Entity::find()
        .filter(row::Column::StatementId.eq(statement))
        .order_by_asc(row::Column::Day)
        .order_by_asc(row::Column::Id)
        .limit(documents::MOST_ROWS as u64)
        .all(conn)
        .await?;
    let mut by_line: HashMap<Uuid, Vec<StatementDayView>> = HashMap::new();
    for row in rows {
        by_line.entry(row.line_id).or_default().push(view(row)?);
    }
    Ok(by_line)
}

/// The route of the days.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(desk.clone())
}

/// The days a line was made of, as they were when it was drawn, with who signed them.
#[utoipa::path(
    get, path = "/api/v1/statements/{id}/lines/{line_id}/days", tag = "settlement", operation_id = "list_statement_days",
    params(("id" = Uuid, Path), ("line_id" = Uuid, Path)),
    responses((status = 200, body = StatementDays), (status = 404, body = Problem)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Path((id, line_id)): Path<(Uuid, Uuid)>,
) -> Result<Json<StatementDays>> {
    let conn = desk.app.db.read();
    let line = line::Entity::find_by_id(line_id).one(conn).await?;
    let line = line
        .filter(|line| line.statement_id == id)
        .ok_or_else(|| not_found("line"))?;
    let month = line.read()?.month;
    let days: Vec<StatementDayView> = of_line(conn, line_id)
        .await?
        .into_iter()
        .map(view)
        .collect::<Result<_>>()?;
    let ids: Vec<Uuid> = days.iter().map(|day| day.id).collect();
    let signers = desk.attendance.signers(&ids).await?;
    let held: HashSet<Uuid> = desk
        .attendance
        .frozen(month.from, month.until)
        .await?
        .into_iter()
        .map(|record| record.id)
        .collect();
    let who: Vec<Uuid> = signers
        .values()
        .flat_map(|one| [one.written_by, one.countersigned_by])
        .flatten()
        .collect();
    let people = organization::colleagues(conn, who).await?;
    let name = |id: Option<Uuid>| {
        id.and_then(|id| people.get(&id))
            .map(|one| one.name.clone())
    };
    let items = days.into_iter().map(|day| {
        let signed = signers.get(&day.id).cloned().unwrap_or_default();
        SignedDayView {
            written_by: name(signed.written_by),
            written_at: signed.written_at,
            countersigned_by: name(signed.countersigned_by),
            countersigned_at: signed.countersigned_at,
            superseded: !held.contains(&day.id),
            day,
        }
    });
    Ok(Json(StatementDays {
        items: items.collect(),
    }))
}
