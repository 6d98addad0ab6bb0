//! Rows and hash of every table, read from one state of the database.
//!
//! Each row is written as text by the database itself, so that no column is left out; the hashes of the
//! rows are added up, so that no order is asked for: that of a text key differs between machines.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use futures::{Stream, TryStreamExt as _};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, query_scalar,
};
use sha2::{Digest as _, Sha256};

use super::manifest::Digested;

type Tables = BTreeMap<String, Digested>;

/// The tables of a `SQLite` file that nobody writes to; nothing is left beside it.
pub async fn of_sqlite(file: &Path) -> Result<Tables> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .immutable(true);
    let mut conn = options.connect().await?;
    let names = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'";
    let names: Vec<String> = query_scalar(names).fetch_all(&mut conn).await?;
    let mut tables = Tables::new();
    for name in names {
        let columns = "select name from pragma_table_info(?) order by cid";
        let columns: Vec<String> = query_scalar(columns)
            .bind(&name)
            .fetch_all(&mut conn)
            .await?;
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("quote({})", quoted(column)))
            .collect();
        let rows = format!(
            "select {} from {}",
            columns.join(" || ',' || "),
            quoted(&name)
        );
        let digested = digest(query_scalar(AssertSqlSafe(rows)).fetch(&mut conn)).await?;
        tables.insert(name, digested);
    }
    conn.close().await?;
    Ok(tables)
}

/// The tables that a `PostgreSQL` transaction sees.
pub async fn of_postgres(conn: &mut PgConnection) -> Result<Tables> {
    sqlx::query("set time zone 'UTC'")
        .execute(&mut *conn)
        .await?;
    let mut tables = Tables::new();
    for name in names(conn).await? {
        let rows = format!("select t::text from {} t", quoted(&name));
        let digested = digest(query_scalar(AssertSqlSafe(rows)).fetch(&mut *conn)).await?;
        tables.insert(name, digested);
    }
    Ok(tables)
}

/// The tables of a `PostgreSQL` database.
pub async fn names(conn: &mut PgConnection) -> Result<Vec<String>> {
    let names = "select tablename::text from pg_tables where schemaname = current_schema()";
    Ok(query_scalar(names).fetch_all(conn).await?)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn digest(rows: impl Stream<Item = sqlx::Result<String>>) -> Result<Digested> {
    let mut rows = std::pin::pin!(rows);
    let (mut size, mut sum) = (0, [0; 32]);
    while let Some(row) = rows.try_next().await? {
        size += 1;
        add(&mut sum, &Sha256::digest(row).into());
    }
    Ok(Digested {
        size,
        hash: hex::encode(sum),
    })
}

/// Adds two numbers of 256 bits; what overflows is dropped.
fn add(sum: &mut [u8; 32], term: &[u8; 32]) {
    let mut carry = false;
    for (digit, term) in sum.iter_mut().zip(term).rev() {
        let (partly, first) = digit.overflowing_add(*term);
        let (total, second) = partly.overflowing_add(u8::from(carry));
        (*digit, carry) = (total, first || second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn hash(rows: &[&str]) -> String {
        let rows: Vec<sqlx::Result<String>> =
            rows.iter().map(|row| Ok((*row).to_owned())).collect();
        digest(futures::stream::iter(rows)).await.unwrap().hash
    }

    #[tokio::test]
    async fn the_hash_knows_rows_and_not_their_order() {
        assert_eq!(hash(&["a", "b", "c"]).await, hash(&["c", "a", "b"]).await);
        assert_ne!(hash(&["a", "b"]).await, hash(&["a", "c"]).await);
        assert_ne!(hash(&["a"]).await, hash(&["a", "a"]).await);
    }

    #[test]
    fn a_sum_carries() {
        let mut sum = [0xff; 32];
        let mut one = [0; 32];
        one[31] = 1;
        add(&mut sum, &one);
        assert_eq!(sum, [0; 32]);
    }
}
