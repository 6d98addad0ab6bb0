//! Effective-dated parameters: laws and limits are rows with a source, never constants.
//!
//! Rows are only ever added. At a time holds the row with the latest `effective_from` not after it; among
//! equals the one recorded last. A row whose `effective_to` has passed holds no more.

pub mod http;

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, ConnectionTrait, QueryOrder, Set};

use crate::problem::{Result, internal, unavailable};
use crate::{Clock, Db, Ids, Tx};

crate::table! {
    /// One value of a parameter for a stretch of time.
    pub mod parameter = "parameters" (id: Uuid) {
        key: String,
        value: String,
        unit: String,
        effective_from: DateTimeUtc,
        effective_to: Option<DateTimeUtc>,
        source_doc_no: String,
        source_url: String,
        note: String,
        confirm_before_use: bool,
        recorded_at: DateTimeUtc,
        recorded_by: Option<Uuid>,
        confirmed_by: Option<Uuid>,
        confirmed_at: Option<DateTimeUtc>,
    }
}

/// A value that ships with the product, until somebody of this installation confirms or replaces it.
#[derive(Debug, Clone)]
pub struct Shipped {
    /// `tickets.reply_working_days`
    pub key: &'static str,
    /// The value as text.
    pub value: &'static str,
    /// `workday`, `minute`, `fen`, `bp` …; empty for a bare number or text.
    pub unit: &'static str,
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// The document it stands in: `粤人社发〔2025〕1号`.
    pub source_doc_no: &'static str,
    /// Where the document is found.
    pub source_url: &'static str,
    /// What it is, and how sure we are of it.
    pub note: &'static str,
    /// Found in a copy or recommended by us: somebody has to confirm it before it is told to anybody as a fact.
    pub confirm_before_use: bool,
}

/// Reads parameter rows.
#[derive(Clone)]
pub struct Params {
    db: Db,
    clock: Clock,
    ids: Ids,
}

impl Params {
    /// Over this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            ids: Ids::new(clock.clone()),
            clock,
        }
    }

    /// The row that holds at this time.
    pub async fn row_at(
        &self,
        conn: &impl ConnectionTrait,
        key: &str,
        at: DateTime<Utc>,
    ) -> Result<Option<parameter::Model>> {
        let row = parameter::Entity::find()
            .filter(parameter::Column::Key.eq(key))
            .filter(in_force(at))
            .order_by_desc(parameter::Column::EffectiveFrom)
            .order_by_desc(parameter::Column::RecordedAt)
            .order_by_desc(parameter::Column::Id)
            .one(conn)
            .await?;
        Ok(row)
    }

    /// The value that holds at this time, as any type that is read from text.
    pub async fn get<T: FromStr>(&self, key: &str, at: DateTime<Utc>) -> Result<T> {
        let row = self.row_at(self.db.read(), key, at).await?.ok_or_else(|| {
            unavailable(
                "parameter_missing",
                format!("no value of {key} holds at {at}"),
            )
            .with_way_out("POST /api/v1/parameters")
        })?;
        row.value
            .parse()
            .map_err(|_| internal(format!("parameter {key} is not readable: {}", row.value)))
    }

    /// A whole number: days, seconds, fen, basis points.
    pub async fn get_i64(&self, key: &str, at: DateTime<Utc>) -> Result<i64> {
        self.get(key, at).await
    }

    /// A text.
    pub async fn get_text(&self, key: &str, at: DateTime<Utc>) -> Result<String> {
        self.get(key, at).await
    }

    /// Records the shipped values of keys that have no row yet, all values of such a key; at every start.
    pub async fn ship(&self, tx: &Tx, shipped: &[Shipped]) -> Result<()> {
        let mut known = BTreeSet::new();
        for key in shipped.iter().map(|value| value.key) {
            let row = parameter::Entity::find()
                .filter(parameter::Column::Key.eq(key))
                .one(&**tx)
                .await?;
            if row.is_some() {
                known.insert(key);
            }
        }
        for value in shipped.iter().filter(|value| !known.contains(value.key)) {
            let row = parameter::ActiveModel {
                id: Set(self.ids.next()),
                key: Set(value.key.to_owned()),
                value: Set(value.value.to_owned()),
                unit: Set(value.unit.to_owned()),
                effective_from: Set(value.effective_from),
                effective_to: Set(None),
                source_doc_no: Set(value.source_doc_no.to_owned()),
                source_url: Set(value.source_url.to_owned()),
                note: Set(value.note.to_owned()),
                confirm_before_use: Set(value.confirm_before_use),
                recorded_at: Set(self.clock.now()),
                recorded_by: Set(None),
                confirmed_by: Set(None),
                confirmed_at: Set(None),
            };
            parameter::Entity::insert(row)
                .exec_without_returning(&**tx)
                .await?;
        }
        Ok(())
    }
}

fn in_force(at: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(parameter::Column::EffectiveFrom.lte(at))
        .add(
            Condition::any()
                .add(parameter::Column::EffectiveTo.is_null())
                .add(parameter::Column::EffectiveTo.gt(at)),
        )
}
