//! Work for later: at a time, every so often, or daily; claimed by one node.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::{Clock, Ids, Result};

/// When a job runs.
#[derive(Debug, Clone, Copy)]
pub enum Schedule {
    /// Again and again with this pause.
    Every(Duration),
    /// Once a day at this hour and minute of Asia/Shanghai.
    Daily(u32, u32),
    /// Only when enqueued.
    OnDemand,
}

/// A kind of job; its run must be idempotent.
#[derive(Clone)]
pub struct JobDef {
    /// Unique, never changes.
    pub name: &'static str,
    /// When it runs by itself.
    pub schedule: Schedule,
    /// What it does with the payload it was enqueued with.
    pub run: Arc<dyn Fn(serde_json::Value) -> BoxFuture<'static, Result<()>> + Send + Sync>,
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
}

/// The job table.
#[derive(Clone)]
pub struct Jobs {
    #[expect(dead_code, reason = "used by the runner")]
    ids: Ids,
    #[expect(dead_code, reason = "used by the runner")]
    clock: Clock,
}

impl Jobs {
    /// No job kinds yet.
    pub fn new(ids: Ids, clock: Clock) -> Self {
        Self { ids, clock }
    }
}
