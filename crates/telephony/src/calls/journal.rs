//! The journal: every change of a call is written in order, and no call waits for it.
//!
//! A line carries the whole record as it stands after the change, so that a line that could not be
//! written for a while loses nothing. The lines of one call go through one worker; the workers' writes
//! share the database's commits.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use kernel::problem::unavailable;
use kernel::{App, Audience, Problem, Tx, persist};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, Set};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::keeping;
use super::rows::{call, event, leg};
use crate::engine::CallerLookup;

const WORKERS: usize = 8;
/// A line waits for so many tries to learn whose number it is; then its events tell the number.
const ASKED: u32 = 3;

/// Who knows the numbers; set before the first call.
pub(crate) type Callers = Arc<OnceLock<Arc<dyn CallerLookup>>>;

/// One change of a call.
#[derive(Clone)]
pub(crate) struct Line {
    /// The record after the change; `events` is the number of this line.
    pub row: call::Model,
    pub at: DateTime<Utc>,
    pub event: String,
    pub details: Value,
    /// Domain events told with it, and the time they tell.
    pub told: Vec<&'static str>,
    pub told_at: DateTime<Utc>,
    /// What the agent's screen is told once it is on disk.
    pub live: Option<(Audience, Value)>,
}

enum Job {
    Line(Box<Line>, oneshot::Sender<()>),
    Legs(Uuid, Vec<leg::Model>),
}

/// A handle on the workers.
#[derive(Clone)]
pub(crate) struct Journal {
    workers: Arc<[mpsc::UnboundedSender<Job>]>,
    closing: CancellationToken,
}

impl Journal {
    pub fn start(app: &App, callers: &Callers) -> Self {
        let closing = CancellationToken::new();
        let workers = (0..WORKERS)
            .map(|_| {
                let (lines, inbox) = mpsc::unbounded_channel();
                let worker = Worker {
                    app: app.clone(),
                    callers: Arc::clone(callers),
                };
                app.spawn_vital("call_journal", worker.run(inbox, closing.clone()));
                lines
            })
            .collect();
        Self { workers, closing }
    }

    /// Queues a line; the receiver tells when it is on disk.
    pub fn write(&self, line: Line) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        self.send(line.row.id, Job::Line(Box::new(line), written));
        done
    }

    /// Queues how a call's legs were heard, after the lines that came before.
    pub fn legs(&self, call: Uuid, legs: Vec<leg::Model>) {
        if !legs.is_empty() {
            self.send(call, Job::Legs(call, legs));
        }
    }

    fn send(&self, call: Uuid, job: Job) {
        let worker = (call.as_u128() % WORKERS as u128) as usize;
        // Only a journal that was closed takes nothing, and it is closed after the last call.
        let _ = self.workers[worker].send(job);
    }

    /// Lets the workers end when they have written everything.
    pub fn close(&self) {
        self.closing.cancel();
    }
}

#[derive(Clone)]
struct Worker {
    app: App,
    callers: Callers,
}

impl Worker {
    async fn run(self, mut inbox: mpsc::UnboundedReceiver<Job>, closing: CancellationToken) {
        loop {
            let job = tokio::select! {
                biased;
                job = inbox.recv() => job,
                () = closing.cancelled() => None,
            };
            match job {
                None => return,
                Some(Job::Line(line, written)) => {
                    self.keep(*line).await;
                    // Nobody waits longer than 200 ms for a line.
                    let _ = written.send(());
                }
                Some(Job::Legs(call, legs)) => self.keep_legs(call, legs).await,
            }
        }
    }

    async fn keep_legs(&self, call: Uuid, legs: Vec<leg::Model>) {
        let what = format!("legs of call {call}");
        let kept = persist::until_written(
            &self.app.clock,
            &what,
            || {
                let (db, legs) = (self.app.db.clone(), legs.clone());
                async move {
                    let write = db.write(move |tx| async move {
                        let rows = legs.into_iter().map(leg::Model::into_active_model);
                        leg::Entity::insert_many(rows)
                            .on_conflict_do_nothing()
                            .exec_without_returning(&*tx)
                            .await?;
                        Ok(())
                    });
                    write.await
                }
            },
            || takes_others(self.app.clone()),
        );
        if let Err(problem) = kept.await {
            tracing::error!(%what, code = %problem.code, "call journal: given up");
        }
    }

    async fn keep(&self, line: Line) {
        let what = format!(
            "line {} ({}) of call {}",
            line.row.events, line.event, line.row.id
        );
        let asked = AtomicU32::new(0);
        let kept = persist::until_written(
            &self.app.clock,
            &what,
            || {
                let patient = asked.fetch_add(1, Relaxed) < ASKED;
                self.clone().try_keep(line.clone(), patient)
            },
            || takes_others(self.app.clone()),
        )
        .await;
        if let Err(problem) = kept {
            tracing::error!(%what, code = %problem.code, "call journal: given up");
        }
    }

    async fn try_keep(self, mut line: Line, patient: bool) -> Result<(), Problem> {
        if !self.knows_caller(&mut line).await && patient {
            return Err(unavailable(
                "requester_unknown",
                "the look-up of the caller did not answer",
            ));
        }
        let app = self.app.clone();
        let written = self
            .app
            .db
            .write(move |tx| async move { write(&app, &tx, line).await })
            .await;
        match written {
            // The write before was on disk after all.
            Err(problem) if problem.code == "already_exists" => Ok(()),
            other => other,
        }
    }

    /// Events are kept for good, so they name the requester and not his number. A call rings, and tells
    /// so, before its own look-up has answered where that is slow: then it is asked here, where nobody
    /// waits. `false` when there is a number and nobody could say whose.
    async fn knows_caller(&self, line: &mut Line) -> bool {
        let row = &mut line.row;
        if line.told.is_empty() || row.requester_id.is_some() || row.caller.is_empty() {
            return true;
        }
        let Some(callers) = self.callers.get() else {
            return true;
        };
        row.requester_id = callers.find(&row.caller).await.map(|caller| caller.id);
        row.requester_id.is_some()
    }
}

/// What other capabilities are told of a call. Its number only when it is withheld, which is no number,
/// or when nobody could say whose it is: the contact record must begin all the same.
pub(crate) fn payload(row: &call::Model, at: DateTime<Utc>) -> Value {
    let mut payload = json!({
        "call_id": row.id,
        "direction": row.direction,
        "medium": "voice",
        "requester_id": row.requester_id,
        "caller_hash": row.caller_hash,
        "queue": row.queue,
        "agent": row.agent_id,
        "outcome": row.outcome,
        "source": row.source,
        "at": at,
    });
    if row.requester_id.is_none() {
        payload["caller"] = json!(row.caller);
    }
    payload
}

async fn write(app: &App, tx: &Tx, line: Line) -> Result<(), Problem> {
    let Line {
        row,
        at,
        event,
        details,
        told,
        told_at,
        live,
    } = line;
    let (id, seq) = (row.id, row.events);
    let payload = payload(&row, told_at);
    let recorded = row.clone();
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
    keeping::enter(tx, &recorded).await?;
    for kind in told {
        app.events.publish(tx, kind, id, payload.clone()).await?;
    }
    if let Some((audience, data)) = live {
        let screens = app.live.clone();
        tx.on_commit(move || screens.publish(audience, "call", data));
    }
    Ok(())
}

/// Writes a record and takes it away again.
async fn takes_others(app: App) -> Result<(), Problem> {
    let (id, at) = (app.ids.next(), app.clock.now());
    let row = call::Model {
        ended_at: Some(at),
        outcome: Some("failed".to_owned()),
        ..super::rows::blank(id, at)
    };
    let line = event::ActiveModel {
        id: Set(id),
        call_id: Set(id),
        seq: Set(1),
        at: Set(at),
        event: Set("probe".to_owned()),
        details: Set(json!({})),
    };
    app.db
        .write(async move |tx| {
            call::Entity::insert(row.into_active_model())
                .exec_without_returning(&*tx)
                .await?;
            event::Entity::insert(line)
                .exec_without_returning(&*tx)
                .await?;
            event::Entity::delete_by_id(id).exec(&*tx).await?;
            call::Entity::delete_by_id(id).exec(&*tx).await?;
            Ok(())
        })
        .await
}
