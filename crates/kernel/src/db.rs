//! One database of either kind; all writes go through [`Db::write`].
//!
//! On `SQLite` one writer runs the queued closures, each in a savepoint, inside one outer commit, and
//! answers after it: many small writes share one flush to disk. On `PostgreSQL` each closure is a
//! transaction of its own.

mod writer;

use std::future::Future;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use log::LevelFilter;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    TransactionTrait,
};

use crate::Clock;
use crate::problem::{Problem, Result, bad_request, internal, unavailable};
use writer::Writer;

/// How long one closure may hold the writer; a guard against a wedge, not a limit to work with.
const CLOSURE_LIMIT: Duration = Duration::from_secs(30);

type Hook = Box<dyn FnOnce() + Send>;

/// A JSON column takes objects, lists and texts: the `jsonb` of `SQLite` would keep a bare number as a
/// number, which is read back as no JSON at all.
pub(crate) fn json_column(value: &serde_json::Value) -> Result<()> {
    if value.is_number() {
        return Err(internal("a bare number is no JSON column"));
    }
    Ok(())
}

/// A handle to the database.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    writing: Writing,
    /// Where a `SQLite` file is; empty else.
    file: String,
}

#[derive(Clone, Debug)]
enum Writing {
    Queue(Writer),
    Pool(DatabaseConnection),
}

/// The transaction of one [`Db::write`] closure; pass `&*tx` where a connection is asked for.
#[derive(Clone)]
pub struct Tx {
    inner: Arc<DatabaseTransaction>,
    hooks: Arc<Mutex<Vec<Hook>>>,
}

impl Deref for Tx {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

impl Tx {
    fn new(inner: DatabaseTransaction) -> Self {
        Self {
            inner: Arc::new(inner),
            hooks: Arc::default(),
        }
    }

    /// Runs `hook` once the change is on disk; never when it is rolled back.
    pub fn on_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::new(hook));
    }
}

fn take_hooks(hooks: &Mutex<Vec<Hook>>) -> Vec<Hook> {
    std::mem::take(&mut *hooks.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs a closure's future; a panic or a wedge becomes a problem.
async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let guarded = AssertUnwindSafe(work).catch_unwind();
    match Clock::guard(CLOSURE_LIMIT, guarded).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => Err(internal("a write closure panicked")),
        Err(_elapsed) => Err(internal(format!(
            "a write closure ran longer than {CLOSURE_LIMIT:?}"
        ))),
    }
}

impl Db {
    /// Opens `sqlite://path` (made when missing) or `postgres://…`.
    pub async fn connect(url: &str) -> Result<Self> {
        if url.starts_with("postgres") {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(32)
                .sqlx_logging_level(STATEMENTS)
                // A plan for any value is wrong for most: nearly every ticket is archived, few are in handling.
                .map_sqlx_postgres_opts(|postgres| {
                    postgres.options([("plan_cache_mode", "force_custom_plan")])
                })
                .acquire_timeout(Duration::from_secs(10));
            let pool = Database::connect(options).await?;
            return Ok(Self {
                read: pool.clone(),
                writing: Writing::Pool(pool),
                file: String::new(),
            });
        }
        if !url.starts_with("sqlite://") {
            // The URL itself may hold a password.
            let detail = "database.url begins with sqlite:// or postgres://";
            return Err(bad_request("bad_config", detail));
        }
        let unopened =
            |error: sea_orm::DbErr| unavailable("database_unreachable", format!("{url}: {error}"));
        let writer = Database::connect(sqlite_options(url, 1, false))
            .await
            .map_err(unopened)?;
        let read = Database::connect(sqlite_options(url, 8, true)).await?;
        Ok(Self {
            read,
            writing: Writing::Queue(Writer::start(writer)),
            file: url.to_owned(),
        })
    }

    /// A connection for reading; it sees what was committed.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// The kind of database.
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// Closures that wait for the writer; always 0 on `PostgreSQL`.
    pub fn queued(&self) -> usize {
        match &self.writing {
            Writing::Queue(writer) => writer.queued(),
            Writing::Pool(_) => 0,
        }
    }

    /// Commits made so far by the grouping writer; always 0 on `PostgreSQL`.
    pub fn group_commits(&self) -> u64 {
        match &self.writing {
            Writing::Queue(writer) => writer.commits(),
            Writing::Pool(_) => 0,
        }
    }

    /// Writes what waits, brings the write-ahead log into the file and closes; later writes are refused.
    pub async fn close(&self) {
        if let Writing::Queue(writer) = &self.writing {
            writer.close().await;
        }
        if let Err(error) = self.read.clone().close().await {
            tracing::warn!(%error, "the database did not close");
        }
    }

    /// Copies a `SQLite` database into a new file at `path` while it is in use; other kinds are refused.
    pub async fn copy_to(&self, path: &Path) -> Result<()> {
        if self.backend() != DbBackend::Sqlite {
            return Err(internal("only a SQLite database is copied as a file"));
        }
        let path = path.display().to_string().replace('\'', "''");
        // The reading connections refuse whatever writes, be it into another file.
        let source = Database::connect(sqlite_options(&self.file, 1, false)).await?;
        let copied = source
            .execute_unprepared(&format!("vacuum into '{path}'"))
            .await;
        // The copy stands or fails by itself.
        let _ = source.close().await;
        copied?;
        Ok(())
    }

    /// Runs `work` in a transaction and answers when it is on disk; an error or a panic rolls it back.
    ///
    /// Nothing slow belongs inside, and never another `write`: on `SQLite` there is one writer.
    pub async fn write<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: FnOnce(Tx) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        match &self.writing {
            Writing::Queue(writer) => writer.write(work).await,
            Writing::Pool(pool) => {
                let tx = Tx::new(pool.begin().await?);
                let (inner, hooks) = (tx.inner.clone(), tx.hooks.clone());
                let result = guarded(Box::pin(work(tx))).await;
                let inner = Arc::try_unwrap(inner).map_err(|_| leaked())?;
                match result {
                    Ok(value) => {
                        inner.commit().await?;
                        for hook in take_hooks(&hooks) {
                            hook();
                        }
                        Ok(value)
                    }
                    Err(problem) => {
                        // The closure's own problem says more than a failed rollback of a lost connection.
                        let _ = inner.rollback().await;
                        Err(problem)
                    }
                }
            }
        }
    }
}

fn closed() -> Problem {
    unavailable(
        "database_closed",
        "the database is closed; nothing was written",
    )
}

fn leaked() -> Problem {
    internal("a transaction handle outlived its closure")
}

/// Statements, without their values, are logged for who asks: `SHOUJIE_LOG=info,sqlx::query=debug`.
const STATEMENTS: LevelFilter = LevelFilter::Debug;

fn sqlite_options(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut options =
        ConnectOptions::new(format!("{}?mode=rwc", url.trim_end_matches("?mode=rwc")));
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging_level(STATEMENTS)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("query_only", if read_only { "1" } else { "0" })
        });
    options
}
