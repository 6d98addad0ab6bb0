//! The rows of imports, of what was made of each foreign row, and of saved columns.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use documents::sheet::Layout;
use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found};
use kernel::{App, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde_json::Value;
use uuid::Uuid;

use super::{Brought, ImportState, QUIET, Report};
use crate::kind::CarryKind;

kernel::table! {
    /// One import, made or refused, with its report.
    pub mod import_row = "carry_imports" (id: Uuid) {
        number: String,
        kind: String,
        transition_id: Option<Uuid>,
        file_name: String,
        sha256: String,
        bytes: i64,
        state: String,
        rows: i64,
        made: i64,
        changed: i64,
        unchanged: i64,
        ownerless: i64,
        errors: i64,
        report: Json,
        problem: Option<String>,
        moved_at: DateTimeUtc,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
        by_name: String,
    }
}

kernel::table! {
    /// What was made of a foreign row, and what was told of it.
    pub mod link_row = "carry_links" (kind: String, foreign_no: String) {
        subject_id: Uuid,
        told: Json,
        import_id: Uuid,
        updated_at: DateTimeUtc,
    }
}

kernel::table! {
    /// What the columns of a kind of file mean.
    pub mod layout_row = "carry_layouts" (kind: String) {
        columns: Json,
        updated_by: Option<Uuid>,
        updated_at: DateTimeUtc,
    }
}

impl link_row::Model {
    /// The fields as they were told.
    pub(crate) fn told(&self) -> Result<BTreeMap<String, String>> {
        serde_json::from_value(self.told.clone()).map_err(internal)
    }
}

impl import_row::Model {
    /// How it stands: one that has not moved for a while was left in the middle by a process that is gone.
    pub fn stands(&self, now: DateTime<Utc>) -> &str {
        let running = self.state == ImportState::Running.as_str();
        if running && now - self.moved_at > QUIET {
            ImportState::Stopped.as_str()
        } else {
            &self.state
        }
    }
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<import_row::Model> {
    import_row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("import"))
}

pub(crate) async fn links(
    conn: &impl ConnectionTrait,
    kind: CarryKind,
    numbers: &[&str],
) -> Result<HashMap<String, link_row::Model>> {
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = link_row::Entity::find()
        .filter(link_row::Column::Kind.eq(kind.as_str()))
        .filter(link_row::Column::ForeignNo.is_in(numbers.iter().copied()))
        .all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.foreign_no.clone(), row))
        .collect())
}

/// How many rows of a kind came over.
pub(crate) async fn held(conn: &impl ConnectionTrait, kind: CarryKind) -> Result<u64> {
    Ok(link_row::Entity::find()
        .filter(link_row::Column::Kind.eq(kind.as_str()))
        .count(conn)
        .await?)
}

pub(crate) async fn latest(
    conn: &impl ConnectionTrait,
    kind: CarryKind,
) -> Result<Option<import_row::Model>> {
    Ok(import_row::Entity::find()
        .filter(import_row::Column::Kind.eq(kind.as_str()))
        .order_by_desc(import_row::Column::At)
        .order_by_desc(import_row::Column::Id)
        .limit(1)
        .one(conn)
        .await?)
}

pub(crate) async fn is_running(
    conn: &impl ConnectionTrait,
    kind: CarryKind,
    since: DateTime<Utc>,
) -> Result<bool> {
    let running = import_row::Entity::find()
        .filter(import_row::Column::Kind.eq(kind.as_str()))
        .filter(import_row::Column::State.eq(ImportState::Running.as_str()))
        .filter(import_row::Column::MovedAt.gt(since))
        .count(conn)
        .await?;
    Ok(running > 0)
}

pub(crate) fn line(
    app: &App,
    who: &Who,
    brought: &Brought,
    report: &Report,
    (id, state): (Uuid, ImportState),
) -> Result<import_row::Model> {
    let count = |many: usize| i64::try_from(many).map_err(internal);
    let now = app.clock.now();
    Ok(import_row::Model {
        id,
        number: String::new(),
        kind: brought.kind.as_str().to_owned(),
        transition_id: brought.transition_id,
        file_name: brought.file.name.clone(),
        sha256: brought.file.sha256.clone(),
        bytes: count(brought.file.bytes)?,
        state: state.as_str().to_owned(),
        rows: count(report.rows)?,
        made: 0,
        changed: 0,
        unchanged: 0,
        ownerless: 0,
        errors: count(report.errors_total)?,
        report: serde_json::to_value(report).map_err(internal)?,
        problem: None,
        moved_at: now,
        at: now,
        by_id: who.user_id,
        by_name: who.name.clone(),
    })
}

pub(crate) async fn keep(tx: &Tx, mut row: import_row::Model) -> Result<()> {
    row.number = kernel::numbers::next_of_day(&**tx, "CJ-", row.at).await?;
    import_row::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

pub(crate) async fn stand(
    tx: &Tx,
    id: Uuid,
    state: ImportState,
    problem: Option<String>,
) -> Result<()> {
    import_row::Entity::update_many()
        .col_expr(import_row::Column::State, Expr::value(state.as_str()))
        .col_expr(import_row::Column::Problem, Expr::value(problem))
        .filter(import_row::Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// How far an import has come: made, changed, unchanged, without an owner.
pub(crate) async fn come_so_far(app: &App, tx: &Tx, id: Uuid, more: [usize; 4]) -> Result<()> {
    use import_row::Column;
    let columns = [
        Column::Made,
        Column::Changed,
        Column::Unchanged,
        Column::Ownerless,
    ];
    let mut update = import_row::Entity::update_many()
        .col_expr(Column::MovedAt, Expr::value(app.clock.now()))
        .filter(Column::Id.eq(id));
    for (column, many) in columns.into_iter().zip(more) {
        let many = i64::try_from(many).map_err(internal)?;
        update = update.col_expr(column, Expr::col(column).add(many));
    }
    update.exec(&**tx).await?;
    Ok(())
}

pub(crate) async fn add_links(
    conn: &impl ConnectionTrait,
    rows: Vec<link_row::Model>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows
        .into_iter()
        .map(|row| row.into_active_model().reset_all());
    link_row::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

pub(crate) async fn overwrite_link(
    conn: &impl ConnectionTrait,
    row: link_row::Model,
) -> Result<()> {
    row.into_active_model().reset_all().update(conn).await?;
    Ok(())
}

/// What was said of the columns of a kind of file.
pub(crate) async fn layout(conn: &impl ConnectionTrait, kind: CarryKind) -> Result<Layout> {
    let row = layout_row::Entity::find_by_id(kind.as_str().to_owned())
        .one(conn)
        .await?;
    row.map_or_else(
        || Ok(Layout::new()),
        |row| serde_json::from_value::<Layout>(row.columns).map_err(internal),
    )
}

pub(crate) async fn save_layout(
    app: &App,
    tx: &Tx,
    who: &Who,
    kind: CarryKind,
    layout: &Layout,
) -> Result<()> {
    let columns: Value = serde_json::to_value(layout).map_err(internal)?;
    let row = layout_row::Model {
        kind: kind.as_str().to_owned(),
        columns: columns.clone(),
        updated_by: who.user_id,
        updated_at: app.clock.now(),
    };
    let over = OnConflict::column(layout_row::Column::Kind)
        .update_columns([
            layout_row::Column::Columns,
            layout_row::Column::UpdatedBy,
            layout_row::Column::UpdatedAt,
        ])
        .to_owned();
    layout_row::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(over)
        .exec_without_returning(&**tx)
        .await?;
    kernel::audit::record(
        app,
        &**tx,
        who,
        "carry.columns_saved",
        "carry_layout",
        kind.as_str(),
        columns,
    )
    .await
}
