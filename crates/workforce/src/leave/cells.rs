//! What leave does to the roster: shifts of whole days go, and come back when leave is withdrawn before it begins.

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{App, Tx, day};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::LONGEST;
use super::store::row;
use crate::roster::book::{OnLeave, Part};
use crate::roster::edit::{self, Cell, Why};
use crate::roster::http::shapes;
use crate::roster::store::{self, Which, change};
use crate::roster::{Book, RosterCause};
use crate::shift::{Breach, DayPart, around, worse};

/// The shifts that the person has on days of which nothing is left to work: whole days of the leave, and those whose
/// other half is leave already.
async fn taken(conn: &impl sea_orm::ConnectionTrait, leave: &row::Model) -> Result<Vec<Cell>> {
    let span = leave.span()?;
    let which = Which {
        days: Vec::new(),
        people: vec![leave.user_id],
        between: (span.from, span.to),
    };
    let cells = store::cells(conn, &which).await?;
    let away = super::store::approved(conn, which.between).await?;
    let whole = |key: &(NaiveDate, Uuid)| away.get(key).is_some_and(|one| one.part == DayPart::Day);
    let cells = cells.into_iter().filter(|(key, _)| whole(key));
    Ok(cells.map(|(key, code)| (key, Some(code))).collect())
}

/// What published rosters would break if the leave were granted.
pub(crate) async fn would_break(app: &App, leave: &row::Model) -> Result<Vec<Breach>> {
    let conn = app.db.read();
    let span = leave.span()?;
    let keys: Vec<(NaiveDate, Uuid)> = span.parts().map(|(on, _)| (on, leave.user_id)).collect();
    let Some(part) = Part::cells(keys.clone()) else {
        return Ok(Vec::new());
    };
    let mut book = Book::of(conn, &part, app.clock.now()).await?;
    // Nobody is missed in a month that is not published yet.
    let keys: Vec<_> = keys
        .into_iter()
        .filter(|key| book.roster.contains_key(key))
        .collect();
    let before = around(&book.roster, &keys, &book.away, book.by());
    for key in &keys {
        let Some(part) = span.part(key.0) else {
            continue;
        };
        // A half beside another half is the day.
        let whole = part == DayPart::Day || book.away.get(key).is_some_and(|half| *half != part);
        if whole {
            book.roster.remove(key);
        } else {
            book.away.insert(*key, part);
        }
    }
    Ok(worse(
        &before,
        around(&book.roster, &keys, &book.away, book.by()),
    ))
}

/// Takes the shifts of whole days of granted leave off the roster.
pub(crate) async fn take_off(app: &App, tx: &Tx, who: &Who, leave: &row::Model) -> Result<()> {
    let cells = taken(&**tx, leave).await?;
    let off = cells.into_iter().map(|(key, _)| (key, None)).collect();
    write(app, tx, who, leave, off).await
}

/// Gives back what the leave took, where the day is free and no rule breaks.
pub(crate) async fn give_back(app: &App, tx: &Tx, who: &Who, leave: &row::Model) -> Result<()> {
    let rows = change::Entity::find()
        .filter(change::Column::CauseId.eq(leave.id))
        .filter(change::Column::ShiftId.is_null())
        .order_by_asc(change::Column::OnDay)
        .limit(LONGEST as u64)
        .all(&**tx)
        .await?;
    let mut cells: Vec<Cell> = Vec::new();
    for row in rows {
        cells.push(((day::read(&row.on_day)?, row.user_id), row.before_shift_id));
    }
    let keys = cells.iter().map(|(key, _)| *key).collect();
    let Some(part) = Part::cells(keys) else {
        return Ok(());
    };
    let book = Book::of(&**tx, &part, app.clock.now()).await?;
    cells.retain(|(key, _)| !book.roster.contains_key(key));
    let (_, broken) = book.with(&shapes(&book, &cells)?);
    cells.retain(|((on, _), _)| {
        let hard = |one: &Breach| one.rule.is_hard() && one.day == *on;
        !broken.iter().any(hard)
    });
    write(app, tx, who, leave, cells).await
}

async fn write(app: &App, tx: &Tx, who: &Who, leave: &row::Model, cells: Vec<Cell>) -> Result<()> {
    let why = Why {
        cause: RosterCause::Leave,
        of: Some(leave.id),
        reason: Some(leave.number.clone()),
    };
    let Some(((first, _), _)) = cells.first() else {
        return Ok(());
    };
    let last = cells.iter().map(|((on, _), _)| *on).max().unwrap_or(*first);
    let months = store::months(&**tx, (*first, last)).await?;
    for (month, cells) in edit::by_month(cells) {
        // What has a cell has its month.
        if let Some(before) = months.get(&month.text()) {
            edit::write((app, tx, who), before, &cells, &why).await?;
        }
    }
    Ok(())
}

/// Leave as the roster reads it, for one day and everybody.
pub(crate) async fn on_day(
    conn: &impl sea_orm::ConnectionTrait,
    on: NaiveDate,
) -> Result<std::collections::BTreeMap<Uuid, OnLeave>> {
    let found = super::store::approved(conn, (on, on)).await?;
    Ok(found
        .into_iter()
        .map(|((_, user), leave)| (user, leave))
        .collect())
}
