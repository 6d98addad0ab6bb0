//! The rows of look-up tables, with every version they had.

use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found, stale};
use kernel::{App, Audience, Tx, versioned};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Entry, Facts};
use crate::article::{joined, split};

/// Versions shown of one row, the last ones.
const SHOWN: u64 = 200;
/// Rows of one table.
pub(crate) const MOST: u64 = 5_000;

kernel::table! {
    /// One row of one table; `kind` says of which.
    pub mod row = "lookup_rows" (id: Uuid) {
        kind: String,
        code: String,
        year: i32,
        name: String,
        active: bool,
        facts: Json,
        public_fields: String,
        state: String,
        updated_by: Option<Uuid>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// A row as it was with one version.
    pub mod past = "lookup_history" (row_id: Uuid, version: i64) {
        at: DateTimeUtc,
        by_id: Option<Uuid>,
        year: i32,
        name: String,
        active: bool,
        facts: Json,
        public_fields: String,
    }
}

use row::Column;

kernel::versioned!(row, |row| format!("{} `{}`", row.kind, row.code));

impl row::Model {
    /// The row as it was written.
    pub(crate) fn entry<F: Facts>(&self) -> Result<Entry<F>> {
        Ok(Entry {
            code: self.code.clone(),
            year: self.year,
            name: self.name.clone(),
            active: self.active,
            facts: serde_json::from_value(self.facts.clone()).map_err(internal)?,
            public: split(&self.public_fields),
        })
    }
}

/// What a table may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those of this year.
    pub year: Option<i32>,
    /// Only what is shown, or only what is not.
    pub active: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    kind: &str,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add(Column::Kind.eq(kind))
        .add_option(filter.year.map(|year| Column::Year.eq(year)))
        .add_option(filter.active.map(|active| Column::Active.eq(active)))
        .add_option(query.words_in(&[Column::Code, Column::Name])?);
    let select = row::Entity::find().filter(all);
    let sortable = [
        ("year", Column::Year),
        ("code", Column::Code),
        ("name", Column::Name),
        ("updated_at", Column::UpdatedAt),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// Every row of a table.
pub(crate) async fn all(conn: &impl ConnectionTrait, kind: &str) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::Kind.eq(kind))
        .order_by_asc(Column::Code)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    kind: &str,
    code: &str,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::Kind.eq(kind))
        .filter(Column::Code.eq(code))
        .one(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, kind: &str, code: &str) -> Result<row::Model> {
    find(conn, kind, code)
        .await?
        .ok_or_else(|| not_found("row of this table"))
}

/// The versions of a row, the newest first.
pub(crate) async fn history(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<past::Model>> {
    Ok(past::Entity::find()
        .filter(past::Column::RowId.eq(id))
        .order_by_desc(past::Column::Version)
        .limit(SHOWN)
        .all(conn)
        .await?)
}

fn changed(code: &str) -> Problem {
    stale(&format!("row `{code}`"))
}

/// Writes a row over the version that was seen; 0 for one that was not there.
pub(crate) async fn put<F: Facts>(
    app: &App,
    tx: &Tx,
    who: &Who,
    seen: i64,
    entry: Entry<F>,
) -> Result<row::Model> {
    let before = find(&**tx, F::KIND, &entry.code).await?;
    let row = row::Model {
        id: before.as_ref().map_or_else(|| app.ids.next(), |row| row.id),
        kind: F::KIND.to_owned(),
        code: entry.code,
        year: entry.year,
        name: entry.name,
        active: entry.active,
        facts: serde_json::to_value(&entry.facts).map_err(internal)?,
        public_fields: joined(&entry.public),
        state: if entry.active { "shown" } else { "hidden" }.to_owned(),
        updated_by: who.user_id,
        updated_at: app.clock.now(),
        version: 1,
    };
    let row = match before {
        None if seen == 0 => {
            versioned::insert(&**tx, &row).await?;
            row
        }
        None => return Err(changed(&row.code)),
        Some(before) => {
            let before = versioned::as_read(before, seen)?;
            versioned::save(app, &**tx, &before, row).await?
        }
    };
    let kept = past::ActiveModel {
        row_id: Set(row.id),
        version: Set(row.version),
        at: Set(row.updated_at),
        by_id: Set(who.user_id),
        year: Set(row.year),
        name: Set(row.name.clone()),
        active: Set(row.active),
        facts: Set(row.facts.clone()),
        public_fields: Set(row.public_fields.clone()),
    };
    past::Entity::insert(kept)
        .exec_without_returning(&**tx)
        .await?;
    let details = json!({ "code": row.code, "version": row.version, "facts": row.facts,
        "public": split(&row.public_fields) });
    let action = format!("{}.set", F::KIND);
    audit::record(app, &**tx, who, &action, F::KIND, row.id, details).await?;
    let facts = json!({ "id": row.id, "kind": row.kind, "code": row.code, "version": row.version, "by": who.user_id });
    let news = facts.clone();
    app.events
        .publish(tx, "lookup.changed", row.id, facts)
        .await?;
    app.live
        .publish_after(tx, Audience::Permission("lookups:view"), "lookup", news);
    Ok(row)
}
