//! One database of either kind; all writes go through [`Db::write`].
//!
//! On `SQLite` one writer runs the queued closures, each in a savepoint, inside one outer commit, and
//! answers after it: many small writes share one flush to disk. On `PostgreSQL` each closure is a
//! transaction of its own.

use std::future::Future;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

use crate::problem::{Problem, Result, internal, unavailable};

/// Most closures that share one commit.
const BATCH: usize = 200;
/// Closures that may wait before a writer is told to come back later.
const QUEUE: usize = 10_000;

type Hook = Box<dyn FnOnce() + Send>;
type Answer = Box<dyn FnOnce(Result<()>) + Send>;
type Job = Box<dyn FnOnce(Tx) -> BoxFuture<'static, (bool, Answer)> + Send>;

/// A handle to the database.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    writer: Writer,
}

#[derive(Clone, Debug)]
enum Writer {
    Queue(mpsc::Sender<Request>),
    Pool(DatabaseConnection),
}

enum Request {
    Write(Job),
    Close(oneshot::Sender<()>),
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Write(_) => "Write",
            Self::Close(_) => "Close",
        })
    }
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

impl Db {
    /// Opens `sqlite://path` (made when missing) or `postgres://…`.
    pub async fn connect(url: &str) -> Result<Self> {
        if url.starts_with("postgres") {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(32)
                .sqlx_logging(false)
                .acquire_timeout(Duration::from_secs(10));
            let pool = Database::connect(options).await?;
            return Ok(Self {
                read: pool.clone(),
                writer: Writer::Pool(pool),
            });
        }
        let writer = Database::connect(sqlite_options(url, 1, false)).await?;
        let read = Database::connect(sqlite_options(url, 8, true)).await?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(write_loop(writer, receiver));
        Ok(Self {
            read,
            writer: Writer::Queue(sender),
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

    /// Writes what waits, brings the write-ahead log into the file and closes; later writes are refused.
    pub async fn close(&self) {
        if let Writer::Queue(queue) = &self.writer {
            let (done, closed) = oneshot::channel();
            if queue.send(Request::Close(done)).await.is_ok() {
                // An error means that the writer has gone, which is what was asked for.
                let _ = closed.await;
            }
        }
        if let Err(error) = self.read.clone().close().await {
            tracing::warn!(%error, "the database did not close");
        }
    }

    /// Runs `work` in a transaction and answers when it is on disk; an error rolls it back.
    pub async fn write<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: FnOnce(Tx) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        match &self.writer {
            Writer::Pool(pool) => {
                let tx = Tx::new(pool.begin().await?);
                let (inner, hooks) = (tx.inner.clone(), tx.hooks.clone());
                let result = work(tx).await;
                let inner = Arc::try_unwrap(inner).map_err(|_| leaked())?;
                match result {
                    Ok(value) => {
                        inner.commit().await?;
                        take_hooks(&hooks).into_iter().for_each(|hook| hook());
                        Ok(value)
                    }
                    Err(problem) => {
                        inner.rollback().await?;
                        Err(problem)
                    }
                }
            }
            Writer::Queue(queue) => {
                let (reply, answer) = oneshot::channel();
                let job: Job = Box::new(move |tx| {
                    Box::pin(async move {
                        let result = work(tx).await;
                        let kept = result.is_ok();
                        let answer: Answer = Box::new(move |commit| {
                            // The asker may be gone; the change stands all the same.
                            let _ = reply.send(commit.and(result));
                        });
                        (kept, answer)
                    })
                });
                queue
                    .try_send(Request::Write(job))
                    .map_err(|error| match error {
                        mpsc::error::TrySendError::Full(_) => unavailable(
                            "database_busy",
                            "the write queue is full; nothing was written",
                        ),
                        mpsc::error::TrySendError::Closed(_) => closed(),
                    })?;
                answer
                    .await
                    .map_err(|_| internal("a write closure panicked"))?
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

fn sqlite_options(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    let mut options =
        ConnectOptions::new(format!("{}?mode=rwc", url.trim_end_matches("?mode=rwc")));
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
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

async fn write_loop(writer: DatabaseConnection, mut queue: mpsc::Receiver<Request>) {
    let mut requests = Vec::with_capacity(BATCH);
    let mut closers = Vec::new();
    while closers.is_empty() && queue.recv_many(&mut requests, BATCH).await > 0 {
        let mut jobs = Vec::with_capacity(requests.len());
        for request in requests.drain(..) {
            match request {
                Request::Write(job) => jobs.push(job),
                Request::Close(done) => closers.push(done),
            }
        }
        if !jobs.is_empty() {
            commit_together(&writer, jobs).await;
        }
    }
    queue.close();
    if let Err(error) = writer.close().await {
        tracing::warn!(%error, "the database did not close");
    }
    for done in closers {
        // Who asked may have given up waiting.
        let _ = done.send(());
    }
}

async fn commit_together(writer: &DatabaseConnection, jobs: Vec<Job>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let mut hooks = Vec::new();
    let commit: Result<()> = async {
        let outer = writer.begin().await?;
        for job in jobs {
            answers.extend(run(&outer, job, &mut hooks).await?);
        }
        outer.commit().await?;
        Ok(())
    }
    .await;
    if commit.is_ok() {
        hooks.into_iter().for_each(|hook: Hook| hook());
    }
    for answer in answers {
        answer(commit.clone());
    }
}

/// Runs one closure in its savepoint; what it did is undone when it failed or panicked.
async fn run(
    outer: &DatabaseTransaction,
    job: Job,
    hooks: &mut Vec<Hook>,
) -> Result<Option<Answer>> {
    let tx = Tx::new(outer.begin().await?);
    let (inner, own_hooks) = (tx.inner.clone(), tx.hooks.clone());
    let outcome = AssertUnwindSafe(async move { job(tx).await })
        .catch_unwind()
        .await;
    let savepoint = Arc::try_unwrap(inner).map_err(|_| leaked())?;
    match outcome {
        Ok((true, answer)) => {
            savepoint.commit().await?;
            hooks.extend(take_hooks(&own_hooks));
            Ok(Some(answer))
        }
        Ok((false, answer)) => {
            savepoint.rollback().await?;
            Ok(Some(answer))
        }
        Err(_panic) => {
            savepoint.rollback().await?;
            Ok(None)
        }
    }
}
