//! Forward-only migrations: portable SQL text that both databases accept, contributed by each
//! capability and applied once, in the order of their ids.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use crate::problem::{Result, internal};
use crate::{Clock, Db};

/// One change of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// `yyyymmddnn_name`; never changes once landed.
    pub id: &'static str,
    /// Statements separated by `;` at the end of a line.
    pub sql: &'static str,
}

/// The migration `migrations/{id}.sql` of the calling crate.
#[macro_export]
macro_rules! migration {
    ($id:literal) => {
        $crate::Migration {
            id: $id,
            sql: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/",
                $id,
                ".sql"
            )),
        }
    };
}

#[derive(FromQueryResult)]
struct Applied {
    id: String,
}

/// Applies what is missing; returns the ids applied now.
pub async fn migrate(
    db: &Db,
    clock: &Clock,
    mut migrations: Vec<Migration>,
) -> Result<Vec<&'static str>> {
    migrations.sort_by_key(|migration| migration.id);
    let backend = db.backend();
    db.write(async |tx| {
        let table = "create table if not exists schema_migrations (id text primary key, applied_at timestamptz not null)";
        tx.execute_unprepared(table).await?;
        Ok(())
    })
    .await?;
    let applied = Applied::find_by_statement(Statement::from_string(
        backend,
        "select id from schema_migrations",
    ))
    .all(db.read())
    .await?;
    let applied: HashSet<String> = applied.into_iter().map(|row| row.id).collect();
    let mut done = Vec::new();
    for migration in migrations
        .into_iter()
        .filter(|migration| !applied.contains(migration.id))
    {
        let now = clock.now();
        db.write(async move |tx| {
            for statement in migration
                .sql
                .split(";\n")
                .map(str::trim)
                .filter(|sql| !sql.is_empty())
            {
                tx.execute_unprepared(statement)
                    .await
                    .map_err(|error| internal(format!("migration {}: {error}", migration.id)))?;
            }
            let row = Statement::from_sql_and_values(
                backend,
                "insert into schema_migrations (id, applied_at) values ($1, $2)",
                [migration.id.into(), now.into()],
            );
            tx.execute_raw(row).await?;
            Ok(())
        })
        .await?;
        done.push(migration.id);
    }
    Ok(done)
}
