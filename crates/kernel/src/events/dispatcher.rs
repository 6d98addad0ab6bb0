//! Delivers events: one worker for each handler, so that a slow handler holds up nobody else and hears
//! its events in order as long as none fails.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::{Event, Subscription, delivery, event_row};
use crate::claim::{Claimant, Claimed, Queue};
use crate::metrics::{self, IntCounterVec};
use crate::problem::{Result, internal};
use crate::{App, Clock, Tx};

static DELIVERIES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    // outcome: done, pending (to be tried again), dead
    let labels = &["handler", "outcome"];
    metrics::counters("shoujie_event_deliveries_total", "Events handled", labels)
});

const QUEUE: Queue = Queue {
    table: "event_deliveries",
    due: "due_at",
    name: "handler",
};

/// Deliveries that a worker claims at once.
const BATCH: u64 = 20;
/// How long a handler may take for one event.
const HANDLER_LIMIT: Duration = Duration::from_secs(30);
/// How long a claim holds: a whole batch at its slowest. A node that dies with one is late by as much,
/// unless it comes back before.
const CLAIM: TimeDelta = TimeDelta::minutes(11);
/// How often it is looked for what no commit of this process has announced: retries that fell due, and
/// events of other nodes.
const POLL: Duration = Duration::from_secs(1);

pub async fn start(app: &App, subscriptions: Vec<Subscription>) -> Result<()> {
    let node = app.node.clone();
    let left = app
        .db
        .write(async move |tx| QUEUE.release(&*tx, &node).await)
        .await?;
    if left > 0 {
        tracing::info!(left, "event deliveries taken up from a process that died");
    }
    for subscription in &subscriptions {
        app.tasks.spawn(work(app.clone(), subscription.clone()));
    }
    app.tasks.spawn(poll(app.clone(), subscriptions));
    Ok(())
}

pub async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<BTreeMap<String, u64>> {
    QUEUE.due(conn, now).await
}

pub async fn revive(tx: &Tx, handler: &str, now: DateTime<Utc>) -> Result<u64> {
    QUEUE.revive(&**tx, handler, now).await
}

async fn poll(app: App, subscriptions: Vec<Subscription>) {
    while let Some(()) = app
        .shutdown
        .run_until_cancelled(app.clock.sleep(POLL))
        .await
    {
        // A database that does not answer is logged where the error is made; the next look comes.
        let Ok(due) = due(app.db.read(), app.clock.now()).await else {
            continue;
        };
        for subscription in &subscriptions {
            if due.contains_key(subscription.handler.name) {
                subscription.wake.notify_one();
            }
        }
    }
}

async fn work(app: App, subscription: Subscription) {
    loop {
        match batch(&app, &subscription).await {
            Ok(handled) if handled == BATCH => {}
            Ok(_) => {
                let wake = subscription.wake.notified();
                if app.shutdown.run_until_cancelled(wake).await.is_none() {
                    return;
                }
            }
            Err(problem) => {
                tracing::error!(handler = subscription.handler.name, %problem, "events wait");
                if app
                    .shutdown
                    .run_until_cancelled(app.clock.sleep(POLL))
                    .await
                    .is_none()
                {
                    return;
                }
            }
        }
    }
}

/// Claims and handles what is due; returns how many.
async fn batch(app: &App, subscription: &Subscription) -> Result<u64> {
    let (node, now) = (app.node.clone(), app.clock.now());
    let name = subscription.handler.name;
    // Asking first spares the one writer of SQLite a commit for nothing.
    if !QUEUE.is_due(app.db.read(), name, now).await? {
        return Ok(0);
    }
    let claimed = app
        .db
        .write(async move |tx| {
            let claimant = Claimant {
                node: &node,
                now,
                lasting: CLAIM,
            };
            QUEUE.claim(&*tx, name, claimant, BATCH).await
        })
        .await?;
    let count = claimed.len() as u64;
    let mut events = match load(app, &claimed).await {
        Ok(events) => events,
        Err(problem) => {
            for row in claimed {
                finish(app, name, row, Err(problem.clone())).await?;
            }
            return Ok(count);
        }
    };
    for row in claimed {
        let outcome = match events.remove(&row.id) {
            Some(_) if app.shutdown.is_cancelled() => return Ok(count),
            Some(event) => handle(subscription, event).await,
            None => Err(internal(format!("delivery {} has lost its event", row.id))),
        };
        finish(app, name, row, outcome).await?;
    }
    Ok(count)
}

async fn load(app: &App, claimed: &[Claimed]) -> Result<BTreeMap<Uuid, Event>> {
    let ids: Vec<Uuid> = claimed.iter().map(|row| row.id).collect();
    let rows = delivery::Entity::find()
        .filter(delivery::Column::Id.is_in(ids))
        .all(app.db.read())
        .await?;
    let event_ids: Vec<Uuid> = rows.iter().map(|row| row.event_id).collect();
    let events: BTreeMap<Uuid, event_row::Model> = event_row::Entity::find()
        .filter(event_row::Column::Id.is_in(event_ids))
        .all(app.db.read())
        .await?
        .into_iter()
        .map(|event| (event.id, event))
        .collect();
    let loaded = rows.into_iter().filter_map(|row| {
        let event = events.get(&row.event_id)?.clone().into();
        Some((row.id, event))
    });
    Ok(loaded.collect())
}

async fn handle(subscription: &Subscription, event: Event) -> Result<()> {
    let run = AssertUnwindSafe((subscription.handler.run)(event)).catch_unwind();
    match Clock::guard(HANDLER_LIMIT, run).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => Err(internal("the handler panicked")),
        Err(_elapsed) => Err(internal(format!(
            "the handler ran longer than {HANDLER_LIMIT:?}"
        ))),
    }
}

async fn finish(app: &App, handler: &'static str, row: Claimed, outcome: Result<()>) -> Result<()> {
    let (node, now, id, attempts) = (app.node.clone(), app.clock.now(), row.id, row.attempts);
    let problem = outcome
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default();
    let state = app
        .db
        .write(async move |tx| QUEUE.finish(&*tx, &row, &node, now, &outcome).await)
        .await?;
    DELIVERIES.with_label_values(&[handler, state]).inc();
    match state {
        "dead" => tracing::error!(handler, %id, problem, "an event is given up"),
        "pending" => {
            tracing::warn!(handler, %id, attempts, problem, "an event will be tried again");
        }
        _ => {}
    }
    Ok(())
}
