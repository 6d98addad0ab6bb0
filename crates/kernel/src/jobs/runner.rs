//! Runs what is due: enqueued jobs, several at once, and scheduled jobs, each by itself.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, Set, Statement,
};
use tokio::sync::{Notify, Semaphore};

use super::{JobDef, row, schedule};
use crate::App;
use crate::claim::{Claimant, Claimed, Queue, pause};
use crate::metrics::{self, IntCounterVec};
use crate::problem::{Problem, Result, internal};

static RUNS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    // outcome: done, pending (to be tried again), dead; failed for a scheduled one
    metrics::counters("shoujie_job_runs_total", "Jobs run", &["job", "outcome"])
});

pub const QUEUE: Queue = Queue {
    table: "jobs",
    due: "run_at",
    name: "name",
};

/// Enqueued jobs that run at once.
const AT_ONCE: usize = 4;
/// How long a claim holds; a running job renews it.
const CLAIM: TimeDelta = TimeDelta::minutes(3);
const RENEW: Duration = Duration::from_mins(1);
/// How often it is looked for what fell due.
const POLL: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Runner {
    app: App,
    kinds: Arc<Vec<JobDef>>,
    places: Arc<Semaphore>,
    wake: Arc<Notify>,
    /// Scheduled jobs that run here now.
    running: Arc<Mutex<HashSet<&'static str>>>,
}

pub async fn start(app: &App, kinds: Vec<JobDef>, wake: Arc<Notify>) -> Result<()> {
    let (node, now) = (app.node.clone(), app.clock.now());
    let regular: Vec<(&'static str, DateTime<Utc>)> = kinds
        .iter()
        .filter_map(|kind| Some((kind.name, kind.schedule.next(now)?)))
        .collect();
    let schedules: Vec<schedule::ActiveModel> = regular
        .iter()
        .map(|(name, next_at)| schedule::ActiveModel {
            name: Set((*name).to_owned()),
            next_at: Set(*next_at),
            failures: Set(0),
            claimed_by: Set(None),
            claimed_until: Set(None),
            last_started_at: Set(None),
            last_finished_at: Set(None),
            last_error: Set(None),
        })
        .collect();
    app.db
        .write(async move |tx| {
            QUEUE.release(&*tx, &node).await?;
            release_schedules(&tx, &node).await?;
            if schedules.is_empty() {
                return Ok(());
            }
            let known = OnConflict::column(schedule::Column::Name)
                .do_nothing()
                .to_owned();
            schedule::Entity::insert_many(schedules)
                .on_conflict(known)
                .exec_without_returning(&*tx)
                .await?;
            for (name, next_at) in regular {
                // A shorter pause in a newer version counts at once.
                schedule::Entity::update_many()
                    .col_expr(schedule::Column::NextAt, next_at.into())
                    .filter(schedule::Column::Name.eq(name))
                    .filter(schedule::Column::NextAt.gt(next_at))
                    .exec(&*tx)
                    .await?;
            }
            Ok(())
        })
        .await?;
    let runner = Runner {
        app: app.clone(),
        kinds: Arc::new(kinds),
        places: Arc::new(Semaphore::new(AT_ONCE)),
        wake,
        running: Arc::default(),
    };
    app.tasks.spawn(runner.run());
    Ok(())
}

async fn release_schedules(tx: &crate::Tx, node: &str) -> Result<()> {
    let backend = tx.get_database_backend();
    let (mine, values) = match backend {
        sea_orm::DbBackend::Sqlite => ("", vec![]),
        _ => (" and claimed_by = $1", vec![node.into()]),
    };
    let sql = format!(
        "update job_schedules set claimed_by = null, claimed_until = null where claimed_by is not null{mine}"
    );
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}

impl Runner {
    async fn run(self) {
        loop {
            if let Err(problem) = self.look().await {
                tracing::error!(%problem, "jobs wait");
            }
            tokio::select! {
                () = self.app.shutdown.cancelled() => return,
                () = self.wake.notified() => {}
                () = self.app.clock.sleep(POLL) => {}
            }
        }
    }

    async fn look(&self) -> Result<()> {
        let now = self.app.clock.now();
        let due = QUEUE.due(self.app.db.read(), now).await?;
        for kind in self.kinds.iter().filter(|kind| due.contains_key(kind.name)) {
            self.claim_enqueued(kind, now).await?;
        }
        for standing in schedule::Entity::find().all(self.app.db.read()).await? {
            let Some(kind) = self.kinds.iter().find(|kind| kind.name == standing.name) else {
                continue;
            };
            self.claim_scheduled(kind, standing, now).await?;
        }
        Ok(())
    }

    async fn claim_enqueued(&self, kind: &JobDef, now: DateTime<Utc>) -> Result<()> {
        while let Ok(place) = self.places.clone().try_acquire_owned() {
            if !QUEUE.is_due(self.app.db.read(), kind.name, now).await? {
                return Ok(());
            }
            let (node, name) = (self.app.node.clone(), kind.name);
            let claimed = self
                .app
                .db
                .write(async move |tx| {
                    let claimant = Claimant {
                        node: &node,
                        now,
                        lasting: CLAIM,
                    };
                    QUEUE.claim(&*tx, name, claimant, 1).await
                })
                .await?;
            let Some(claimed) = claimed.into_iter().next() else {
                return Ok(());
            };
            let (runner, kind) = (self.clone(), kind.clone());
            self.app.tasks.spawn(async move {
                if let Err(problem) = runner.run_enqueued(&kind, claimed).await {
                    tracing::error!(job = kind.name, %problem, "a job's end was not written down");
                }
                drop(place);
                runner.wake.notify_one();
            });
        }
        Ok(())
    }

    async fn run_enqueued(&self, kind: &JobDef, claimed: Claimed) -> Result<()> {
        let app = self.app.clone();
        let id = claimed.id;
        let renew = move || {
            let (app, node, now) = (app.clone(), app.node.clone(), app.clock.now());
            let write = async move |tx: crate::Tx| {
                QUEUE
                    .renew(
                        &*tx,
                        id,
                        Claimant {
                            node: &node,
                            now,
                            lasting: CLAIM,
                        },
                    )
                    .await
            };
            async move { app.db.write(write).await }.boxed()
        };
        // A payload that cannot be read is a failure of this job, and of no other.
        let job = row::Entity::find_by_id(id).one(self.app.db.read()).await;
        let outcome = match job {
            Ok(job) => {
                let payload = job.map(|job| job.payload).unwrap_or_default();
                self.run_renewing(kind, payload, renew).await
            }
            Err(error) => Err(error.into()),
        };
        let (node, now, attempts) = (
            self.app.node.clone(),
            self.app.clock.now(),
            claimed.attempts,
        );
        let problem = outcome
            .as_ref()
            .err()
            .map(ToString::to_string)
            .unwrap_or_default();
        let state = self
            .app
            .db
            .write(async move |tx| QUEUE.finish(&*tx, &claimed, &node, now, &outcome).await)
            .await?;
        RUNS.with_label_values(&[kind.name, state]).inc();
        match state {
            "dead" => tracing::error!(job = kind.name, %id, problem, "a job is given up"),
            "pending" => {
                tracing::warn!(job = kind.name, %id, attempts, problem, "a job will be tried again");
            }
            _ => {}
        }
        Ok(())
    }

    /// Runs the job; meanwhile its claim is renewed.
    async fn run_renewing(
        &self,
        kind: &JobDef,
        payload: serde_json::Value,
        renew: impl Fn() -> BoxFuture<'static, Result<()>> + Send,
    ) -> Result<()> {
        let run = AssertUnwindSafe((kind.run)(payload)).catch_unwind();
        tokio::pin!(run);
        loop {
            tokio::select! {
                outcome = &mut run => {
                    return outcome.unwrap_or_else(|_panic| Err(internal("the job panicked")));
                }
                () = self.app.clock.sleep(RENEW) => {
                    if let Err(problem) = renew().await {
                        tracing::warn!(job = kind.name, %problem, "a claim was not renewed");
                    }
                }
            }
        }
    }

    async fn claim_scheduled(
        &self,
        kind: &JobDef,
        standing: schedule::Model,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let due = standing.next_at <= now;
        let free = standing.claimed_until.is_none_or(|until| until < now);
        if !due || !free || !self.enter(kind.name) {
            return Ok(());
        }
        let failures = standing.failures;
        let claimed = take(&self.app, standing, now).await;
        if !matches!(claimed, Ok(true)) {
            self.leave(kind.name);
            return claimed.map(|_| ());
        }
        let (runner, kind) = (self.clone(), kind.clone());
        self.app.tasks.spawn(async move {
            let (app, name) = (runner.app.clone(), kind.name);
            let renew = move || renew(app.clone(), name).boxed();
            let outcome = runner
                .run_renewing(&kind, serde_json::Value::Null, renew)
                .await;
            if let Err(problem) = runner.finish_scheduled(&kind, failures, &outcome).await {
                tracing::error!(job = kind.name, %problem, "a job's end was not written down");
            }
            runner.leave(kind.name);
        });
        Ok(())
    }

    fn enter(&self, name: &'static str) -> bool {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name)
    }

    fn leave(&self, name: &'static str) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }

    async fn finish_scheduled(
        &self,
        kind: &JobDef,
        failures: i32,
        outcome: &Result<()>,
    ) -> Result<()> {
        let now = self.app.clock.now();
        let Some(regular) = kind.schedule.next(now) else {
            return Ok(());
        };
        let failures = if outcome.is_ok() { 0 } else { failures + 1 };
        let next = if failures == 0 {
            regular
        } else {
            regular.min(now + pause(failures))
        };
        let error: Option<String> = outcome.as_ref().err().map(Problem::to_string);
        if let Some(problem) = &error {
            tracing::error!(job = kind.name, failures, problem, "a scheduled job failed");
        }
        let ended = if error.is_none() { "done" } else { "failed" };
        RUNS.with_label_values(&[kind.name, ended]).inc();
        let (name, node) = (kind.name, self.app.node.clone());
        self.app
            .db
            .write(async move |tx| {
                let sql = "update job_schedules set next_at = $1, failures = $2, last_finished_at = $3, \
                    last_error = $4, claimed_by = null, claimed_until = null \
                    where name = $5 and claimed_by = $6";
                let values = [
                    next.into(),
                    failures.into(),
                    now.into(),
                    error.into(),
                    name.into(),
                    (&*node).into(),
                ];
                tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values))
                    .await?;
                Ok(())
            })
            .await
    }
}

/// Takes a scheduled job that still stands as it was read; `false` when another node was faster.
async fn take(app: &App, standing: schedule::Model, now: DateTime<Utc>) -> Result<bool> {
    let node = app.node.clone();
    app.db
        .write(async move |tx| {
            let sql = "update job_schedules set claimed_by = $1, claimed_until = $2, last_started_at = $3 \
                where name = $4 and next_at = $5 and (claimed_until is null or claimed_until < $3)";
            let values = [
                (&*node).into(),
                (now + CLAIM).into(),
                now.into(),
                standing.name.into(),
                standing.next_at.into(),
            ];
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
            Ok(tx.execute_raw(statement).await?.rows_affected() > 0)
        })
        .await
}

async fn renew(app: App, name: &'static str) -> Result<()> {
    let (node, until) = (app.node.clone(), app.clock.now() + CLAIM);
    app.db
        .write(async move |tx| {
            let sql =
                "update job_schedules set claimed_until = $1 where name = $2 and claimed_by = $3";
            let values = [until.into(), name.into(), (&*node).into()];
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                sql,
                values,
            ))
            .await?;
            Ok(())
        })
        .await
}
