//! Writes what happened on the floor, in order, behind the back of the calls: nobody on a call's path
//! waits for the database. When it lags an alarm is raised, and everything is written later.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::metrics::{self, IntCounter, IntGauge};
use kernel::problem::Result;
use kernel::{App, Audience, Tx, persist};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::agent_state::store::{self as agents, Change, SessionRow};
use crate::work_item::parts::{self, Part};
use crate::work_item::store as works;

static PENDING: LazyLock<IntGauge> = LazyLock::new(|| {
    metrics::gauge(
        "shoujie_floor_journal_pending",
        "Entries of the floor's journal not written yet",
    )
});
static ALARMS: LazyLock<IntCounter> = LazyLock::new(|| {
    metrics::counter(
        "shoujie_floor_journal_alarms_total",
        "Times the floor's journal lagged",
    )
});

/// Entries that share one transaction.
const BATCH: usize = 200;
/// A write that takes longer raises the alarm.
const ALARM_AFTER: Duration = Duration::from_secs(1);

/// Something to write.
#[derive(Clone)]
pub enum Write {
    /// A row of an agent's history.
    Change(Change),
    /// An agent's session as it stands; replaces the row.
    Session(SessionRow),
    /// A work as it stands; replaces the row.
    Work(Box<works::Model>),
    /// An agent's part of a work as it stands; replaces the row.
    Part(Part),
    /// A domain event.
    Event {
        kind: &'static str,
        subject: Uuid,
        payload: serde_json::Value,
    },
    /// A row of the audit trail.
    Audit {
        who: Who,
        action: &'static str,
        agent: Uuid,
        details: serde_json::Value,
    },
}

impl Write {
    /// For the log: kinds and ids, and nothing a person said.
    fn what(&self) -> String {
        match self {
            Self::Change(change) => format!("change {} of agent {}", change.id, change.agent_id),
            Self::Session(session) => format!("session {}", session.id),
            Self::Work(work) => format!("work {}", work.id),
            Self::Part(part) => format!("part {} of work {}", part.number, part.work_id),
            Self::Event { kind, subject, .. } => format!("event {kind} of {subject}"),
            Self::Audit { action, agent, .. } => format!("audit {action} of agent {agent}"),
        }
    }
}

/// What one cause brought about: it is committed together, so that nobody hears of what has no row.
struct Cause {
    at: DateTime<Utc>,
    writes: Vec<Write>,
}

enum Entry {
    Cause(Cause),
    Flushed(oneshot::Sender<()>),
}

/// The way into the journal.
pub struct Journal {
    entries: mpsc::UnboundedSender<Entry>,
    /// What the present cause has brought about so far.
    open: RefCell<Option<Cause>>,
}

impl Journal {
    /// Starts the writing task.
    pub fn start(app: &App) -> Self {
        let (entries, inbox) = mpsc::unbounded_channel();
        app.spawn_vital("floor_journal", run(app.clone(), inbox));
        Self {
            entries,
            open: RefCell::default(),
        }
    }

    /// Adds to what the present cause brings about; never waits.
    pub fn write(&self, at: DateTime<Utc>, write: Write) {
        let mut open = self.open.borrow_mut();
        let writes = Vec::new();
        let cause = open.get_or_insert(Cause { at, writes });
        cause.writes.push(write);
    }

    /// The present cause is dealt with; what is written now belongs to the next.
    pub fn cut(&self) {
        let Some(cause) = self.open.take() else {
            return;
        };
        PENDING.inc();
        if self.entries.send(Entry::Cause(cause)).is_err() {
            tracing::error!("the floor's journal is closed; an entry is lost");
        }
    }

    /// Answers when everything put in before is committed.
    pub fn flushed(&self) -> oneshot::Receiver<()> {
        self.cut();
        let (done, flushed) = oneshot::channel();
        // A closed journal has written everything; dropping `done` says so.
        let _ = self.entries.send(Entry::Flushed(done));
        flushed
    }
}

async fn run(app: App, mut inbox: mpsc::UnboundedReceiver<Entry>) {
    let mut taken = Vec::with_capacity(BATCH);
    while inbox.recv_many(&mut taken, BATCH).await > 0 {
        let mut batch = Vec::new();
        let mut waiting = Vec::new();
        for entry in taken.drain(..) {
            match entry {
                Entry::Cause(cause) => batch.push(cause),
                Entry::Flushed(done) => waiting.push(done),
            }
        }
        let size = i64::try_from(batch.len()).unwrap_or_default();
        write_all(&app, batch).await;
        PENDING.sub(size);
        for done in waiting {
            // Who asked may be gone.
            let _ = done.send(());
        }
    }
}

/// Writes a batch in one transaction; one cause after the other when it fails, so that a bad one does not
/// take the others with it.
async fn write_all(app: &App, batch: Vec<Cause>) {
    let Some(oldest) = batch.first().map(|cause| cause.at) else {
        return;
    };
    let all = batch.iter().flat_map(|cause| cause.writes.iter().cloned());
    if with_alarm(app, oldest, commit(app, all.collect()))
        .await
        .is_ok()
    {
        return;
    }
    for Cause { writes, .. } in batch {
        if keep(app, oldest, &writes).await || writes.len() == 1 {
            continue;
        }
        // What of it the database takes is still worth more than nothing.
        for write in writes {
            keep(app, oldest, &[write]).await;
        }
    }
}

/// Tries until it is written; `false` when the database will never take it.
async fn keep(app: &App, oldest: DateTime<Utc>, writes: &[Write]) -> bool {
    let what: Vec<String> = writes.iter().map(Write::what).collect();
    let what = what.join(", ");
    let kept = persist::until_written(
        &app.clock,
        &what,
        || with_alarm(app, oldest, commit(app, writes.to_vec())),
        || takes_others(app),
    )
    .await;
    if let Err(problem) = &kept {
        tracing::error!(%what, code = %problem.code, "the floor's journal gives up");
    }
    kept.is_ok()
}

/// Writes a row and takes it away again: a database that reads but does not write (disk full, read-only)
/// is no reason to give an entry up.
async fn takes_others(app: &App) -> Result<()> {
    let (id, at) = (app.ids.next(), app.clock.now());
    let probe = Change {
        id,
        agent_id: id,
        session_id: None,
        at,
        from_state: String::new(),
        to_state: String::new(),
        reason: None,
        work_id: None,
        by_kind: "system".to_owned(),
        by_id: None,
    };
    app.db
        .write(async move |tx| {
            agents::insert_change(&*tx, probe).await?;
            agents::delete_change(&*tx, id).await
        })
        .await
}

/// Raises the alarm while `write` takes too long, and says when it is over.
async fn with_alarm(
    app: &App,
    oldest: DateTime<Utc>,
    write: impl Future<Output = Result<()>>,
) -> Result<()> {
    tokio::pin!(write);
    if let Ok(result) = app.clock.timeout(ALARM_AFTER, &mut write).await {
        return result;
    }
    let lag_ms = (app.clock.now() - oldest).num_milliseconds();
    ALARMS.inc();
    tracing::error!(
        lag_ms,
        "the database does not keep up with the floor; calls go on, rows come later"
    );
    let alarm = json!({ "code": "journal_lags", "lag_ms": lag_ms, "at": app.clock.now() });
    app.live
        .publish(Audience::Permission("floor:view"), "alarm", alarm);
    let result = write.await;
    let lag_ms = (app.clock.now() - oldest).num_milliseconds();
    tracing::warn!(
        lag_ms,
        kept = result.is_ok(),
        "the database answered the floor again"
    );
    result
}

async fn commit(app: &App, writes: Vec<Write>) -> Result<()> {
    let shared = app.clone();
    app.db
        .write(async move |tx| {
            for write in writes {
                apply(&shared, &tx, write).await?;
            }
            Ok(())
        })
        .await
}

async fn apply(app: &App, tx: &Tx, write: Write) -> Result<()> {
    match write {
        Write::Change(change) => agents::insert_change(&**tx, change).await,
        Write::Session(session) => agents::put_session(&**tx, session).await,
        Write::Work(work) => works::put(&**tx, *work).await,
        Write::Part(part) => parts::put(&**tx, part).await,
        Write::Event {
            kind,
            subject,
            payload,
        } => app.events.publish(tx, kind, subject, payload).await,
        Write::Audit {
            who,
            action,
            agent,
            details,
        } => audit::record(app, &**tx, &who, action, "agent", agent, details).await,
    }
}
