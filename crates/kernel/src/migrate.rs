//! Forward-only migrations: portable SQL text that both databases accept, contributed by each
//! capability and applied once, in the order of their ids. What the databases have no common words for is
//! written for each, as by [`word_index!`](crate::word_index).

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::problem::{Result, internal};
use crate::{Clock, Db, Tx};

/// One change of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// `yyyymmddnn_name`; never changes once landed.
    pub id: &'static str,
    /// Statements for `SQLite`, separated by `;` at the end of a line.
    pub sqlite: &'static str,
    /// The same for `PostgreSQL`.
    pub postgres: &'static str,
}

impl Migration {
    /// The same text for both databases.
    pub const fn portable(id: &'static str, sql: &'static str) -> Self {
        Self {
            id,
            sqlite: sql,
            postgres: sql,
        }
    }
}

/// The migration `migrations/{id}.sql` of the calling crate.
#[macro_export]
macro_rules! migration {
    ($id:literal) => {
        $crate::Migration::portable(
            $id,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/",
                $id,
                ".sql"
            )),
        )
    };
}

#[derive(FromQueryResult)]
struct Applied {
    id: String,
}

/// Applies what is missing; returns the ids applied now. Nodes that start at once wait for each other.
pub async fn migrate(
    db: &Db,
    clock: &Clock,
    mut migrations: Vec<Migration>,
) -> Result<Vec<&'static str>> {
    migrations.sort_by_key(|migration| migration.id);
    if let Some(twice) = migrations.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(internal(format!(
            "two migrations are named {}",
            twice[0].id
        )));
    }
    let backend = db.backend();
    db.write(async move |tx| {
        // Not left to `collate`: who alters this table while another node waits for its row, waits for good.
        let text = match backend {
            DbBackend::Postgres => "text collate \"C\"",
            _ => "text",
        };
        let table = format!(
            "create table if not exists schema_migrations (id {text} primary key, applied_at timestamptz not null)"
        );
        tx.execute_unprepared(&table).await?;
        Ok(())
    })
    .await?;
    let applied = Statement::from_string(backend, "select id from schema_migrations");
    let applied = Applied::find_by_statement(applied).all(db.read()).await?;
    let applied: HashSet<String> = applied.into_iter().map(|row| row.id).collect();
    let mut done = Vec::new();
    for migration in migrations {
        let now = clock.now();
        if !applied.contains(migration.id)
            && db
                .write(async move |tx| apply(&tx, migration, now).await)
                .await?
        {
            done.push(migration.id);
        }
    }
    Ok(done)
}

/// Applies one migration; `false` when another node was faster.
async fn apply(tx: &Tx, migration: Migration, now: DateTime<Utc>) -> Result<bool> {
    // The row first: a second node waits here for the outcome of the first.
    let row = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "insert into schema_migrations (id, applied_at) values ($1, $2) on conflict (id) do nothing",
        [migration.id.into(), now.into()],
    );
    if tx.execute_raw(row).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let sql = match tx.get_database_backend() {
        DbBackend::Postgres => migration.postgres,
        _ => migration.sqlite,
    };
    for statement in sql
        .split(";\n")
        .map(str::trim)
        .filter(|sql| !sql.is_empty())
    {
        tx.execute_unprepared(statement)
            .await
            .map_err(|error| internal(format!("migration {}: {error}", migration.id)))?;
    }
    if tx.get_database_backend() == DbBackend::Postgres {
        collate(tx).await?;
    }
    Ok(true)
}

/// The statement for each table of ours that has a text column in the collation of the database.
const UNCOLLATED: &str = "select format('alter table %s %s', c.oid::regclass, \
    string_agg(format('alter column %I type text collate \"C\"', a.attname), ', ' order by a.attnum)) as line \
    from pg_attribute a join pg_class c on c.oid = a.attrelid \
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition \
    and a.attnum > 0 and not a.attisdropped and a.atttypid = 'text'::regtype \
    and a.attcollation = (select oid from pg_collation where collname = 'default') group by c.oid";

/// Text compares by its bytes, as on `SQLite`, whatever collation the server was set up with
/// (docs/decisions/0002-text-compares-by-bytes.md).
async fn collate(tx: &Tx) -> Result<()> {
    let uncollated = Statement::from_string(tx.get_database_backend(), UNCOLLATED);
    for Line { line } in Line::find_by_statement(uncollated).all(&**tx).await? {
        tx.execute_unprepared(&line).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Line {
    line: String,
}

/// The tables, columns, constraints and indexes in a stable order: what a schema review reads.
pub async fn schema(conn: &impl ConnectionTrait) -> Result<String> {
    let backend = conn.get_database_backend();
    let queries: &[&str] = match backend {
        DbBackend::Sqlite => &["select sql as line from sqlite_master \
            where sql is not null and name not like 'sqlite_%' order by tbl_name, type desc, name"],
        _ => &[
            "select table_name || '.' || column_name || ' ' || data_type || \
             case is_nullable when 'NO' then ' not null' else '' end || \
             coalesce(' default ' || column_default, '') as line \
             from information_schema.columns where table_schema = current_schema() \
             order by table_name, ordinal_position",
            "select conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) as line \
             from pg_constraint where connamespace = current_schema()::regnamespace and contype <> 'n' \
             order by conrelid::regclass::text, pg_get_constraintdef(oid)",
            "select indexdef as line from pg_indexes where schemaname = current_schema() \
             order by tablename, indexname",
        ],
    };
    let mut schema = String::new();
    for query in queries {
        let lines = Line::find_by_statement(Statement::from_string(backend, *query))
            .all(conn)
            .await?;
        for Line { line } in lines {
            schema.push_str(line.trim());
            schema.push('\n');
        }
        schema.push('\n');
    }
    schema.truncate(schema.trim_end().len());
    schema.push('\n');
    Ok(schema)
}
