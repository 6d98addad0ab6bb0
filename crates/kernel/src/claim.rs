//! Rows that wait for a worker: claimed by one statement that works on both databases, given back when
//! the worker dies, tried again with growing pauses, given up after [`MAX_ATTEMPTS`].

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::Result;
use crate::problem::Problem;

/// With the pauses of [`pause`] the last attempt comes after about three hours.
pub const MAX_ATTEMPTS: i32 = 20;

/// A table whose rows are claimed.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    pub table: &'static str,
    /// The column that says from when a row may run.
    pub due: &'static str,
    /// The column that names the worker.
    pub name: &'static str,
}

#[derive(Debug, FromQueryResult)]
pub struct Claimed {
    pub id: Uuid,
    pub attempts: i32,
}

/// Who claims, when, and until when the claim holds.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    pub node: &'a str,
    pub now: DateTime<Utc>,
    pub lasting: TimeDelta,
}

impl Queue {
    /// Claims at most `limit` due rows of the worker `name`, the oldest first.
    ///
    /// The condition stands twice: on `PostgreSQL` a second claimant waits for the first one's row and
    /// then looks again at the outer condition alone.
    pub async fn claim(
        self,
        conn: &impl ConnectionTrait,
        name: &str,
        claimant: Claimant<'_>,
        limit: u64,
    ) -> Result<Vec<Claimed>> {
        let Self {
            table,
            due,
            name: column,
        } = self;
        let free = self.free();
        let sql = format!(
            "update {table} set state = 'running', attempts = attempts + 1, claimed_by = $2, \
             claimed_until = $3 where {free} and id in (select id from {table} where {column} = $4 and \
             {free} order by {due}, id limit {limit}) returning id, attempts"
        );
        let values = [
            claimant.now.into(),
            claimant.node.into(),
            (claimant.now + claimant.lasting).into(),
            name.into(),
        ];
        let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
        let mut claimed = Claimed::find_by_statement(statement).all(conn).await?;
        claimed.sort_by_key(|row| row.id);
        Ok(claimed)
    }

    /// There is something to claim for the worker `name`.
    pub async fn is_due(
        self,
        conn: &impl ConnectionTrait,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = format!(
            "select id from {} where {} = $2 and {} limit 1",
            self.table,
            self.name,
            self.free()
        );
        let values = [now.into(), name.into()];
        let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
        Ok(conn.query_one_raw(statement).await?.is_some())
    }

    fn free(self) -> String {
        let due = self.due;
        format!(
            "((state = 'pending' and {due} <= $1) or (state = 'running' and claimed_until < $1))"
        )
    }

    /// Says that the worker still lives.
    pub async fn renew(
        self,
        conn: &impl ConnectionTrait,
        id: Uuid,
        claimant: Claimant<'_>,
    ) -> Result<()> {
        let sql = format!(
            "update {} set claimed_until = $1 where id = $2 and claimed_by = $3 and state = 'running'",
            self.table
        );
        let values = [
            (claimant.now + claimant.lasting).into(),
            id.into(),
            claimant.node.into(),
        ];
        conn.execute_raw(Statement::from_sql_and_values(
            conn.get_database_backend(),
            sql,
            values,
        ))
        .await?;
        Ok(())
    }

    /// Writes down how a claimed row ended; returns the state it is in now.
    pub async fn finish(
        self,
        conn: &impl ConnectionTrait,
        row: &Claimed,
        node: &str,
        now: DateTime<Utc>,
        outcome: &Result<()>,
    ) -> Result<&'static str> {
        let (state, error) = match outcome {
            Ok(()) => ("done", None),
            Err(problem) if row.attempts >= MAX_ATTEMPTS => ("dead", Some(problem)),
            Err(problem) => ("pending", Some(problem)),
        };
        let sql = format!(
            "update {} set state = $1, {} = $2, last_error = $3, claimed_by = null, claimed_until = null \
             where id = $4 and claimed_by = $5 and state = 'running'",
            self.table, self.due
        );
        let due = if state == "pending" {
            now + pause(row.attempts)
        } else {
            now
        };
        let error: Option<String> = error.map(Problem::to_string);
        let values = [
            state.into(),
            due.into(),
            error.into(),
            row.id.into(),
            node.into(),
        ];
        conn.execute_raw(Statement::from_sql_and_values(
            conn.get_database_backend(),
            sql,
            values,
        ))
        .await?;
        Ok(state)
    }

    /// Gives back what a process that died had claimed: on `SQLite` all of it, since there is one
    /// process; else what this node had claimed.
    pub async fn release(self, conn: &impl ConnectionTrait, node: &str) -> Result<u64> {
        let mine = match conn.get_database_backend() {
            DbBackend::Sqlite => "",
            _ => " and claimed_by = $1",
        };
        let sql = format!(
            "update {} set state = 'pending', claimed_by = null, claimed_until = null \
             where state = 'running'{mine}",
            self.table
        );
        let values = if mine.is_empty() {
            vec![]
        } else {
            vec![node.into()]
        };
        let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
        Ok(conn.execute_raw(statement).await?.rows_affected())
    }

    /// Makes the dead rows of a worker due again.
    pub async fn revive(
        self,
        conn: &impl ConnectionTrait,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let sql = format!(
            "update {} set state = 'pending', attempts = 0, {} = $1 where state = 'dead' and {} = $2",
            self.table, self.due, self.name
        );
        let statement = Statement::from_sql_and_values(
            conn.get_database_backend(),
            sql,
            [now.into(), name.into()],
        );
        Ok(conn.execute_raw(statement).await?.rows_affected())
    }

    /// How many rows are due, by worker.
    pub async fn due(
        self,
        conn: &impl ConnectionTrait,
        now: DateTime<Utc>,
    ) -> Result<std::collections::BTreeMap<String, u64>> {
        #[derive(FromQueryResult)]
        struct Due {
            name: String,
            count: i64,
        }
        let sql = format!(
            "select {} as name, count(*) as count from {} where (state = 'pending' and {} <= $1) or \
             state = 'running' group by {}",
            self.name, self.table, self.due, self.name
        );
        let statement =
            Statement::from_sql_and_values(conn.get_database_backend(), sql, [now.into()]);
        let rows = Due::find_by_statement(statement).all(conn).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.name, row.count.unsigned_abs()))
            .collect())
    }
}

/// The pause after the `attempt`th failure: 1 s, 2 s, 4 s … at most 15 minutes.
pub fn pause(attempt: i32) -> TimeDelta {
    let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(10);
    TimeDelta::seconds(2_i64.pow(doublings).min(900))
}
