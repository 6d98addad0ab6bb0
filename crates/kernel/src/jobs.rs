//! Work for later: at a time, every so often, or daily; claimed by one node.

mod runner;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveTime, TimeDelta, TimeZone as _, Utc};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, EntityTrait as _, Set};
use serde::Serialize;
use tokio::sync::Notify;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock::SHANGHAI;
use crate::db::json_column;
use crate::problem::{Result, internal};
use crate::{App, Clock, Ids, Tx};

/// When a job runs.
#[derive(Debug, Clone, Copy)]
pub enum Schedule {
    /// Again and again with this pause; for the first time one pause after the first start.
    Every(Duration),
    /// Once a day at this hour and minute of Asia/Shanghai.
    Daily(u32, u32),
    /// Only when enqueued.
    OnDemand,
}

impl Schedule {
    /// The next time after `now`; `None` for a job that only runs when enqueued.
    pub fn next(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(pause) => {
                Some(now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::days(1)))
            }
            Self::Daily(hour, minute) => {
                let local = now.with_timezone(&SHANGHAI);
                let time = NaiveTime::from_hms_opt(hour, minute, 0)?;
                let today = local.date_naive().and_time(time);
                let today = SHANGHAI.from_local_datetime(&today).single()?;
                let next = if today > local {
                    today
                } else {
                    today + TimeDelta::days(1)
                };
                debug_assert!(next.year() >= local.year());
                Some(next.with_timezone(&Utc))
            }
            Self::OnDemand => None,
        }
    }
}

type Run = Arc<dyn Fn(serde_json::Value) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A kind of job; its run must be idempotent.
#[derive(Clone)]
pub struct JobDef {
    /// Unique, never changes.
    pub name: &'static str,
    /// When it runs by itself.
    pub schedule: Schedule,
    /// What it does with the payload it was enqueued with.
    pub run: Run,
}

impl JobDef {
    /// A job of this name, schedule and work.
    pub fn new<F, Fut>(name: &'static str, schedule: Schedule, run: F) -> Self
    where
        F: Fn(serde_json::Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            name,
            schedule,
            run: Arc::new(move |payload| Box::pin(run(payload))),
        }
    }

    /// A job that runs again and again with this pause.
    pub fn every<F, Fut>(name: &'static str, pause: Duration, run: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(name, Schedule::Every(pause), move |_payload| run())
    }

    /// A job that runs once a day at this hour and minute of Asia/Shanghai.
    pub fn daily<F, Fut>(name: &'static str, hour: u32, minute: u32, run: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(name, Schedule::Daily(hour, minute), move |_payload| run())
    }

    /// A job that runs when it was enqueued.
    pub fn on_demand<F, Fut>(name: &'static str, run: F) -> Self
    where
        F: Fn(serde_json::Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self::new(name, Schedule::OnDemand, run)
    }
}

/// The job table.
#[derive(Clone)]
pub struct Jobs {
    ids: Ids,
    clock: Clock,
    kinds: Arc<RwLock<Vec<JobDef>>>,
    wake: Arc<Notify>,
}

crate::table! {
    pub(crate) mod row = "jobs" (id: Uuid) {
        name: String,
        payload: Json,
        state: String,
        attempts: i32,
        run_at: DateTimeUtc,
        claimed_by: Option<String>,
        claimed_until: Option<DateTimeUtc>,
        last_error: Option<String>,
    }
}

crate::table! {
    pub(crate) mod schedule = "job_schedules" (name: String) {
        next_at: DateTimeUtc,
        failures: i32,
        claimed_by: Option<String>,
        claimed_until: Option<DateTimeUtc>,
        last_started_at: Option<DateTimeUtc>,
        last_finished_at: Option<DateTimeUtc>,
        last_error: Option<String>,
    }
}

/// How a scheduled job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    /// The job.
    pub name: String,
    /// When it runs next.
    pub next_at: DateTime<Utc>,
    /// When it last began.
    pub last_started_at: Option<DateTime<Utc>>,
    /// When it last ended.
    pub last_finished_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: i32,
    /// What the last one failed of.
    pub last_error: Option<String>,
}

impl Jobs {
    /// No job kinds yet; see [`Jobs::define`].
    pub fn new(ids: Ids, clock: Clock) -> Self {
        Self {
            ids,
            clock,
            kinds: Arc::default(),
            wake: Arc::default(),
        }
    }

    /// Adds the jobs of the capabilities; called once, before serving.
    pub fn define(&self, jobs: Vec<JobDef>) {
        self.kinds
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(jobs);
    }

    /// Starts the runner; what an earlier process left undone comes first.
    pub async fn start(&self, app: &App) -> Result<()> {
        runner::start(app, self.kinds(), self.wake.clone()).await
    }

    fn kinds(&self) -> Vec<JobDef> {
        self.kinds
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts a job in the queue, in the same transaction as its cause; returns its id.
    pub async fn enqueue(
        &self,
        tx: &Tx,
        name: &str,
        payload: serde_json::Value,
        run_at: DateTime<Utc>,
    ) -> Result<Uuid> {
        if !self.kinds().iter().any(|kind| kind.name == name) {
            return Err(internal(format!("no job is named {name}")));
        }
        json_column(&payload)?;
        let id = self.ids.next();
        let job = row::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            payload: Set(payload),
            state: Set("pending".to_owned()),
            attempts: Set(0),
            run_at: Set(run_at),
            claimed_by: Set(None),
            claimed_until: Set(None),
            last_error: Set(None),
        };
        row::Entity::insert(job)
            .exec_without_returning(&**tx)
            .await?;
        if run_at <= self.clock.now() {
            let wake = self.wake.clone();
            tx.on_commit(move || wake.notify_one());
        }
        Ok(id)
    }

    /// Enqueued jobs that are due and not done, by name.
    pub async fn due(&self, conn: &impl ConnectionTrait) -> Result<BTreeMap<String, u64>> {
        runner::QUEUE.due(conn, self.clock.now()).await
    }

    /// How the scheduled jobs stand, by name.
    pub async fn standing(&self, conn: &impl ConnectionTrait) -> Result<Vec<Standing>> {
        let rows = schedule::Entity::find().all(conn).await?;
        let mut standing: Vec<Standing> = rows
            .into_iter()
            .map(|row| Standing {
                name: row.name,
                next_at: row.next_at,
                last_started_at: row.last_started_at,
                last_finished_at: row.last_finished_at,
                failures: row.failures,
                last_error: row.last_error,
            })
            .collect();
        standing.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(standing)
    }
}
