//! The one writer of a `SQLite` database.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use futures::future::BoxFuture;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};

use super::{Hook, Tx, closed, guarded, leaked, take_hooks};
use crate::metrics::{self, Histogram};
use crate::problem::{Problem, Result, internal, unavailable};

/// Most closures that share one commit.
const BATCH: usize = 200;
/// Closures that may wait before a writer is told to come back later.
const QUEUE: usize = 10_000;

static GROUP: LazyLock<Histogram> = LazyLock::new(|| {
    let buckets = vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
    metrics::histogram(
        "shoujie_db_group_size",
        "Closures that shared one commit",
        buckets,
    )
});

type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Runs in the transaction it is given, or is told why there is none. Answers how it failed, and how to
/// tell who asked once the commit is known.
type Job = Box<dyn FnOnce(Result<Tx>) -> BoxFuture<'static, (Option<Problem>, Answer)> + Send>;

enum Request {
    Write(Job),
    Close(oneshot::Sender<()>),
}

/// A handle to the writer's task.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Request>,
    commits: Arc<AtomicU64>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("queued", &self.queued())
            .finish()
    }
}

impl Writer {
    pub fn start(connection: DatabaseConnection) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        tokio::spawn(write_loop(connection, requests, commits.clone()));
        Self { queue, commits }
    }

    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Request::Close(done)).await.is_ok() {
            // An error means that the writer has gone, which is what was asked for.
            let _ = closed.await;
        }
    }

    pub async fn write<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: FnOnce(Tx) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            Box::pin(async move {
                let result = match tx {
                    Ok(tx) => guarded(async move { work(tx).await }).await,
                    Err(problem) => Err(problem),
                };
                let failure = result.as_ref().err().cloned();
                let answer: Answer = Box::new(move |commit| {
                    // The asker may be gone; the change stands all the same.
                    let _ = reply.send(result.and_then(|value| commit.map(|()| value)));
                });
                (failure, answer)
            })
        });
        self.queue
            .try_send(Request::Write(job))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => unavailable(
                    "database_busy",
                    "the write queue is full; nothing was written",
                ),
                mpsc::error::TrySendError::Closed(_) => closed(),
            })?;
        answer.await.map_err(|_| closed())?
    }
}

async fn write_loop(
    connection: DatabaseConnection,
    mut queue: mpsc::Receiver<Request>,
    commits: Arc<AtomicU64>,
) {
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
        // A group that the database threw away leaves those behind it for the next group.
        let mut jobs = jobs.into_iter();
        while jobs.len() > 0 {
            commit_together(&connection, &mut jobs).await;
            commits.fetch_add(1, Ordering::Relaxed);
        }
    }
    queue.close();
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the database did not close");
    }
    for done in closers {
        // Who asked may have given up waiting.
        let _ = done.send(());
    }
}

async fn commit_together(connection: &DatabaseConnection, jobs: &mut std::vec::IntoIter<Job>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let mut hooks = Vec::new();
    let commit: Result<()> = async {
        // Another process (`shoujie user`) may write too: wait for it here, not in the middle.
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let outer = match connection.begin_with_options(immediate).await {
            Ok(outer) => outer,
            Err(error) => {
                let problem = Problem::from(error);
                for job in jobs.by_ref() {
                    answers.push(job(Err(problem.clone())).await.1);
                }
                return Err(problem);
            }
        };
        for job in jobs.by_ref() {
            run(&outer, job, &mut answers, &mut hooks).await?;
        }
        outer.commit().await?;
        Ok(())
    }
    .await;
    GROUP.observe(answers.len() as f64);
    if commit.is_ok() {
        for hook in hooks {
            hook();
        }
    }
    for answer in answers {
        answer(commit.clone());
    }
}

/// Runs one closure in its savepoint; what it did is undone when it failed. An error means that the
/// whole group is lost.
async fn run(
    outer: &DatabaseTransaction,
    job: Job,
    answers: &mut Vec<Answer>,
    hooks: &mut Vec<Hook>,
) -> Result<()> {
    let tx = match outer.begin().await {
        Ok(savepoint) => Tx::new(savepoint),
        Err(error) => {
            let problem = Problem::from(error);
            answers.push(job(Err(problem.clone())).await.1);
            return Err(problem);
        }
    };
    let (inner, own_hooks) = (tx.inner.clone(), tx.hooks.clone());
    let (failure, answer) = job(Ok(tx)).await;
    answers.push(answer);
    let savepoint = Arc::try_unwrap(inner).map_err(|_| leaked())?;
    match failure {
        None => {
            savepoint.commit().await?;
            hooks.extend(take_hooks(&own_hooks));
            Ok(())
        }
        // SQLite rolls the whole transaction back by itself when the disk is full; then there is no
        // savepoint left, and the closure's own problem is the cause.
        Some(problem) => savepoint
            .rollback()
            .await
            .map_err(|error| match problem.status {
                503 => problem,
                _ => internal(format!("after {problem}: {error}")),
            }),
    }
}
