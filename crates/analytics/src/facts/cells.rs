//! Sums of facts by day: kept with each fact, and asked instead of millions of facts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::problem::Result;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, OnConflict, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel as _,
    QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::Sums;
use super::sums::cell;
use crate::kpi::Period;

/// Cells of one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 400;
/// What is of no half-hour stands here.
pub(crate) const WHOLE_DAY: i32 = -1;

kernel::words! {
    /// What a cell's subject is.
    Grain {
        /// A queue, by day.
        Queue = "queue",
        /// A queue, by half-hour.
        Slot = "slot",
        /// A person, by day.
        Person = "person",
        /// A matter, by day.
        Matter = "matter",
    }
}

/// Names a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CellKey {
    pub grain: Grain,
    pub day: NaiveDate,
    pub half_hour: i32,
    pub channel: String,
    /// Empty for none.
    pub subject: String,
}

/// What a fact adds, and where.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub day: NaiveDate,
    pub half_hour: Option<i32>,
    pub channel: String,
    pub queue: Option<String>,
    pub person: Option<Uuid>,
    pub matter: Option<String>,
    pub sums: Sums,
}

impl Share {
    fn keys(&self) -> Vec<CellKey> {
        let key = |grain, half_hour, subject: Option<String>| CellKey {
            grain,
            day: self.day,
            half_hour,
            channel: self.channel.clone(),
            subject: subject.unwrap_or_default(),
        };
        let person = self.person.map(|id| id.to_string());
        let mut keys = vec![
            key(Grain::Queue, WHOLE_DAY, self.queue.clone()),
            key(Grain::Person, WHOLE_DAY, person),
            key(Grain::Matter, WHOLE_DAY, self.matter.clone()),
        ];
        if let Some(half_hour) = self.half_hour {
            keys.push(key(Grain::Slot, half_hour, self.queue.clone()));
        }
        keys
    }
}

/// What changes of the cells.
#[derive(Debug, Default)]
pub(crate) struct Deltas(BTreeMap<CellKey, Sums>);

impl Deltas {
    pub(crate) fn add(&mut self, shares: &[Share]) {
        for share in shares {
            for key in share.keys() {
                self.0.entry(key).or_default().add(&share.sums);
            }
        }
    }

    pub(crate) fn take(&mut self, shares: &[Share]) {
        for share in shares {
            for key in share.keys() {
                self.0.entry(key).or_default().take(&share.sums);
            }
        }
    }

    /// Writes them, always in one order, so that two who write at once do not wait for each other in a ring.
    pub(crate) async fn write(self, conn: &impl ConnectionTrait) -> Result<()> {
        let rows: Vec<cell::ActiveModel> = self
            .0
            .into_iter()
            .filter(|(_, sums)| *sums != Sums::default())
            .map(|(key, sums)| sums.row(key).into_active_model())
            .collect();
        let grown = || {
            let sum = |name: &&'static str| {
                let (cell, new) = ("kpi_cells", "excluded");
                let sum = Expr::col((Alias::new(cell), Alias::new(*name)))
                    .add(Expr::col((Alias::new(new), Alias::new(*name))));
                (Alias::new(*name), sum)
            };
            OnConflict::columns(KEY)
                .values(Sums::NAMES.iter().map(sum))
                .to_owned()
        };
        for some in rows.chunks(AT_ONCE) {
            cell::Entity::insert_many(some.to_vec())
                .on_conflict(grown())
                .exec_without_returning(conn)
                .await?;
        }
        Ok(())
    }
}

const KEY: [cell::Column; 5] = [
    cell::Column::Grain,
    cell::Column::Day,
    cell::Column::HalfHour,
    cell::Column::Channel,
    cell::Column::Subject,
];

/// Holds off whoever writes cells until this transaction is over. Else a fact with a cell that is new, written between
/// taking the cells away and reading the facts, would be counted twice on PostgreSQL; SQLite has one writer.
pub(crate) async fn hold(conn: &impl ConnectionTrait) -> Result<()> {
    if conn.get_database_backend() == DbBackend::Postgres {
        conn.execute_unprepared("lock table kpi_cells in share row exclusive mode")
            .await?;
    }
    Ok(())
}

/// Takes all cells of the days away.
pub(crate) async fn clear(conn: &impl ConnectionTrait, period: Period) -> Result<()> {
    cell::Entity::delete_many()
        .filter(in_period(period))
        .exec(conn)
        .await?;
    Ok(())
}

fn in_period(period: Period) -> Condition {
    Condition::all()
        .add(cell::Column::Day.gte(kernel::day::text(period.from)))
        .add(cell::Column::Day.lte(kernel::day::text(period.to)))
}

/// Which cells are asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub grain: Grain,
    pub period: Period,
    pub channel: Option<String>,
    /// Only these subjects.
    pub subjects: Option<Vec<String>>,
}

/// Along what they are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    Nothing,
    Day,
    HalfHour,
    Channel,
    Subject,
}

/// A key with its sums.
#[derive(Debug, sea_orm::FromQueryResult)]
struct Keyed {
    key: String,
    #[sea_orm(nested)]
    sums: Sums,
}

/// The sums of the cells, by what they are told apart; without anything to tell apart one row with an empty key.
pub(crate) async fn sums(
    conn: &impl ConnectionTrait,
    asked: &Asked,
    along: Along,
) -> Result<BTreeMap<String, Sums>> {
    let key: SimpleExpr = match along {
        Along::Nothing => Expr::val(""),
        Along::Day => Expr::col(cell::Column::Day),
        Along::HalfHour => Expr::col(cell::Column::HalfHour).cast_as(Alias::new("text")),
        Along::Channel => Expr::col(cell::Column::Channel),
        Along::Subject => Expr::col(cell::Column::Subject),
    };
    let mut select = cell::Entity::find()
        .select_only()
        .expr_as(key.clone(), "key")
        .filter(cell::Column::Grain.eq(asked.grain.as_str()))
        .filter(in_period(asked.period));
    for name in Sums::NAMES {
        // A sum of bigint is numeric on PostgreSQL.
        let sum = Expr::col(Alias::new(*name))
            .sum()
            .cast_as(Alias::new("bigint"));
        select = select.expr_as(sum, *name);
    }
    if let Some(channel) = &asked.channel {
        select = select.filter(cell::Column::Channel.eq(channel));
    }
    if let Some(subjects) = &asked.subjects {
        select = select.filter(cell::Column::Subject.is_in(subjects.iter().map(String::as_str)));
    }
    select = match along {
        Along::Nothing => select.having(Expr::cust("count(*) > 0")),
        _ => select.group_by(key),
    };
    let rows = select.into_model::<Keyed>().all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.sums)).collect())
}
