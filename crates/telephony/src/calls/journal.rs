//! The journal: every change of a call is written in order, and no call waits for it.
//!
//! A line carries the whole record as it stands after the change, so that a line that could not be
//! written for a while loses nothing. The lines of one call go through one worker; the workers' writes
//! share the database's commits.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::{App, Audience, Problem, Tx};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, Set};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::rows::{call, event};

const WORKERS: usize = 8;
/// A line that the database refuses for its content is given up after so many tries.
const TRIES: u32 = 5;

/// One change of a call.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The record after the change; `events` is the number of this line.
    pub row: call::Model,
    pub at: DateTime<Utc>,
    pub event: String,
    pub details: Value,
    /// Domain events told with it.
    pub told: Vec<(&'static str, Value)>,
    /// What the agent's screen is told once it is on disk.
    pub live: Option<(Audience, Value)>,
}

struct Job {
    line: Line,
    written: oneshot::Sender<()>,
}

/// A handle on the workers.
#[derive(Clone)]
pub(crate) struct Journal {
    workers: Arc<[mpsc::UnboundedSender<Job>]>,
    closing: CancellationToken,
}

impl Journal {
    pub fn start(app: &App) -> Self {
        let closing = CancellationToken::new();
        let workers = (0..WORKERS)
            .map(|_| {
                let (lines, inbox) = mpsc::unbounded_channel();
                app.tasks.spawn(work(app.clone(), inbox, closing.clone()));
                lines
            })
            .collect();
        Self { workers, closing }
    }

    /// Queues a line; the receiver tells when it is on disk.
    pub fn write(&self, line: Line) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        let worker = (line.row.id.as_u128() % WORKERS as u128) as usize;
        // Only a journal that was closed takes no line, and it is closed after the last call.
        let _ = self.workers[worker].send(Job { line, written });
        done
    }

    /// Lets the workers end when they have written everything.
    pub fn close(&self) {
        self.closing.cancel();
    }
}

async fn work(app: App, mut inbox: mpsc::UnboundedReceiver<Job>, closing: CancellationToken) {
    loop {
        let job = tokio::select! {
            biased;
            job = inbox.recv() => job,
            () = closing.cancelled() => None,
        };
        let Some(Job { line, written }) = job else {
            return;
        };
        write_until_done(&app, line).await;
        // Nobody waits longer than 200 ms for a line.
        let _ = written.send(());
    }
}

async fn write_until_done(app: &App, line: Line) {
    let (call, seq) = (line.row.id, line.row.events);
    for attempt in 1u32.. {
        let (app_, line_) = (app.clone(), line.clone());
        let result = app
            .db
            .write(move |tx| async move { write(&app_, &tx, line_).await })
            .await;
        match result {
            Ok(()) => {
                if attempt > 1 {
                    tracing::warn!(%call, seq, attempt, "call journal: written late");
                }
                return;
            }
            // The write before was on disk after all.
            Err(problem) if problem.code == "already_exists" => return,
            Err(problem) => {
                let passing = problem.status == 503;
                tracing::error!(%call, seq, attempt, %problem, "call journal: not written");
                if !passing && attempt >= TRIES {
                    tracing::error!(%call, seq, line = ?line, "call journal: line given up");
                    return;
                }
            }
        }
        app.clock
            .sleep(Duration::from_millis(200 * u64::from(attempt.min(25))))
            .await;
    }
}

async fn write(app: &App, tx: &Tx, line: Line) -> Result<(), Problem> {
    let Line {
        row,
        at,
        event,
        details,
        told,
        live,
    } = line;
    let (id, seq) = (row.id, row.events);
    let active = row.into_active_model();
    if seq == 1 {
        call::Entity::insert(active)
            .exec_without_returning(&**tx)
            .await?;
    } else {
        call::Entity::update(active.reset_all()).exec(&**tx).await?;
    }
    let line = event::ActiveModel {
        id: Set(app.ids.next()),
        call_id: Set(id),
        seq: Set(seq),
        at: Set(at),
        event: Set(event),
        details: Set(details),
    };
    event::Entity::insert(line)
        .exec_without_returning(&**tx)
        .await?;
    for (kind, payload) in told {
        app.events.publish(tx, kind, id, payload).await?;
    }
    if let Some((audience, data)) = live {
        let screens = app.live.clone();
        tx.on_commit(move || screens.publish(audience, "call", data));
    }
    Ok(())
}
