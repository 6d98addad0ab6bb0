//! `pg_dump` and `pg_restore`, Debian's postgresql-client.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sea_orm::sqlx::{self, Connection as _, PgConnection};
use tokio::process::Command;

use super::manifest::Digested;
use super::{run, tables};

/// Dumps the database into `file`; the tables are counted in the very state that is dumped.
pub async fn dump(url: &str, file: &Path) -> Result<BTreeMap<String, Digested>> {
    let mut conn = connect(url).await?;
    sqlx::query("begin isolation level repeatable read read only")
        .execute(&mut conn)
        .await?;
    let snapshot: String = sqlx::query_scalar("select pg_export_snapshot()")
        .fetch_one(&mut conn)
        .await?;
    let mut command = client("pg_dump", url);
    command
        .args(["--format=custom", "--snapshot", &snapshot, "--file"])
        .arg(file);
    run(&mut command, "pg_dump").await?;
    let tables = tables::of_postgres(&mut conn).await?;
    conn.close().await?;
    Ok(tables)
}

/// Refuses a database that has tables.
pub async fn must_be_empty(url: &str) -> Result<()> {
    let mut conn = connect(url).await?;
    let names = tables::names(&mut conn).await?;
    conn.close().await?;
    ensure!(
        names.is_empty(),
        "the database has {} tables; restore only into an empty one (createdb)",
        names.len()
    );
    Ok(())
}

/// Brings a dump back, all or nothing; gives the tables as they are now.
pub async fn restore(url: &str, file: &Path) -> Result<BTreeMap<String, Digested>> {
    let mut command = client("pg_restore", url);
    command
        .args(["--no-owner", "--no-privileges", "--single-transaction"])
        .arg(file);
    run(&mut command, "pg_restore").await?;
    let mut conn = connect(url).await?;
    let tables = tables::of_postgres(&mut conn).await?;
    conn.close().await?;
    Ok(tables)
}

async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url)
        .await
        .context("the database of database.url")
}

/// A client program on this database. The password goes by the environment: every user of a machine sees
/// the arguments of its processes.
fn client(program: &str, url: &str) -> Command {
    let (url, password) = without_password(url);
    let mut command = Command::new(program);
    command.arg("--dbname").arg(url);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command
}

fn without_password(url: &str) -> (String, Option<String>) {
    let parts = || {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (sign_in, host) = authority.rsplit_once('@')?;
        let (user, password) = sign_in.split_once(':')?;
        let plain = percent_decoded(password)?;
        Some((format!("{scheme}://{user}@{host}{path}"), Some(plain)))
    };
    parts().unwrap_or_else(|| (url.to_owned(), None))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = (part.get(..2)?, part.get(2..)?);
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn the_password_leaves_the_arguments() {
        let split = |url| {
            let (url, password) = without_password(url);
            (url, password.unwrap_or_default())
        };
        let plain = (
            "postgres://me@db:5432/hotline".to_owned(),
            "a@b/c".to_owned(),
        );
        assert_eq!(split("postgres://me:a%40b%2Fc@db:5432/hotline"), plain);
        let none = (
            "postgres://me@db/hotline?sslmode=require".to_owned(),
            String::new(),
        );
        assert_eq!(split("postgres://me@db/hotline?sslmode=require"), none);
    }
}
