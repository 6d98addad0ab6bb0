//! The rows of rosters: months, cells, and what changed after publishing.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::App;
use kernel::day;
use kernel::problem::{Problem, Result, internal, too_large};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{Month, RosterState};

/// Cells that are read at once: 1,000 people and four months of days.
pub(crate) const MOST_CELLS: u64 = 130_000;

kernel::table! {
    /// The roster of a month; there is none before its first cell.
    pub mod row = "rosters" (id: Uuid) {
        month: String,
        state: String,
        revision: i64,
        despite: Option<String>,
        published_by: Option<Uuid>,
        published_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Who works which shift on which day.
    pub mod cell = "roster_cells" (on_day: String, user_id: Uuid) {
        shift_id: String,
    }
}

kernel::table! {
    /// One cell as it was published, or changed afterwards. Rows are only added.
    pub mod change = "roster_changes" (id: Uuid) {
        month: String,
        revision: i64,
        on_day: String,
        user_id: Uuid,
        before_shift_id: Option<String>,
        shift_id: Option<String>,
        cause: String,
        cause_id: Option<Uuid>,
        reason: Option<String>,
        written_by: Option<Uuid>,
        written_at: DateTimeUtc,
    }
}

kernel::versioned!(row, |roster| format!("roster of {}", roster.month));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<RosterState> {
        RosterState::parse(&self.state)
            .ok_or_else(|| internal(format!("roster {} has no valid state", self.month)))
    }

    /// Agents see it, and what changes is told.
    pub fn is_published(&self) -> bool {
        self.state == RosterState::Published.as_str()
    }

    /// A month that nobody began; it is not written yet.
    pub(crate) fn unbegun(app: &App, month: Month) -> Self {
        Self {
            id: app.ids.next(),
            month: month.text(),
            state: RosterState::Draft.as_str().to_owned(),
            revision: 0,
            despite: None,
            published_by: None,
            published_at: None,
            updated_at: app.clock.now(),
            version: 0,
        }
    }
}

/// The roster of a month, if it was begun.
pub(crate) async fn month(conn: &impl ConnectionTrait, month: Month) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::Month.eq(month.text()))
        .one(conn)
        .await?)
}

/// The rosters of the months between two days, by month.
pub(crate) async fn months(
    conn: &impl ConnectionTrait,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<BTreeMap<String, row::Model>> {
    let names = (Month::of(from).text(), Month::of(to).text());
    let rows = row::Entity::find()
        .filter(row::Column::Month.between(names.0, names.1))
        .all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.month.clone(), row))
        .collect())
}

/// Which cells are read.
#[derive(Debug, Clone)]
pub(crate) struct Which {
    /// Cells of everybody on these days.
    pub days: Vec<NaiveDate>,
    /// Cells of these people between the days; of everybody where none is named.
    pub people: Vec<Uuid>,
    /// The first and the last day.
    pub between: (NaiveDate, NaiveDate),
}

/// The cells, of draft months too.
pub(crate) async fn cells(
    conn: &impl ConnectionTrait,
    which: &Which,
) -> Result<Vec<((NaiveDate, Uuid), String)>> {
    let (from, to) = which.between;
    let within = cell::Column::OnDay.between(day::text(from), day::text(to));
    let wanted = if which.people.is_empty() {
        Condition::all().add(within)
    } else {
        let theirs = Condition::all()
            .add(within)
            .add(cell::Column::UserId.is_in(which.people.iter().copied()));
        let days = which.days.iter().map(|on| day::text(*on));
        Condition::any()
            .add(theirs)
            .add(cell::Column::OnDay.is_in(days))
    };
    let rows = cell::Entity::find()
        .filter(wanted)
        .limit(MOST_CELLS + 1)
        .all(conn)
        .await?;
    if rows.len() as u64 > MOST_CELLS {
        return Err(too_large("more than 130,000 shifts are not read at once"));
    }
    let read =
        |row: cell::Model| Ok::<_, Problem>(((day::read(&row.on_day)?, row.user_id), row.shift_id));
    rows.into_iter().map(read).collect()
}
