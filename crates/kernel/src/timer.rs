//! The timer of every table whose rows carry the time of their next sign: a sign is given within a second of its
//! time, by sleeping until the next one, not by looking again and again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::problem::Result;
use crate::{App, Event, EventHandler, Tx};

/// Signs given in one go; the rest follows at once.
const AT_ONCE: u64 = 200;
/// The longest sleep: on PostgreSQL another node may have set a nearer sign.
const LONGEST: Duration = Duration::from_secs(5);
/// The pause after a problem, so that a database that is gone is not pressed.
const AFTER_PROBLEM: Duration = Duration::from_secs(1);

/// The column of an entity.
type ColumnOf<A> = <<A as Alarmed>::Entity as EntityTrait>::Column;

/// The rows of an entity.
type ModelOf<A> = <<A as Alarmed>::Entity as EntityTrait>::Model;

/// A table whose rows carry the time of their next sign.
pub trait Alarmed: Send + Sync + 'static {
    /// The table.
    type Entity: EntityTrait;
    /// The event handler that wakes the timer: `tickets.wake_alarm`.
    const HANDLER: &'static str;
    /// The events that may set a nearer sign than the timer sleeps for.
    const KINDS: &'static [&'static str];
    /// The column with the row's id.
    const ID: ColumnOf<Self>;
    /// The column with the time of the next sign.
    const AT: ColumnOf<Self>;

    /// Gives the signs of these rows, whose time has come, and sets when the next ones are.
    fn ring(app: App, tx: Tx, due: Vec<ModelOf<Self>>) -> impl Future<Output = Result<()>> + Send;
}

/// Starts the timer; the handler wakes it when a row gets a nearer sign.
pub fn start<A: Alarmed>(app: &App) -> EventHandler {
    let wake: Arc<Notify> = Arc::default();
    app.tasks.spawn(run::<A>(app.clone(), wake.clone()));
    EventHandler::new(A::HANDLER, A::KINDS, move |_: Event| {
        wake.notify_one();
        async { Ok(()) }
    })
}

async fn run<A: Alarmed>(app: App, wake: Arc<Notify>) {
    loop {
        let pause = match give_due::<A>(&app).await {
            Ok(next) => {
                let longest = app.clock.now() + LONGEST;
                next.map_or(longest, |next| next.min(longest))
            }
            Err(problem) => {
                tracing::error!(%problem, timer = A::HANDLER, "signs wait");
                app.clock.now() + AFTER_PROBLEM
            }
        };
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = wake.notified() => {}
            () = app.clock.sleep_until(pause) => {}
        }
    }
}

/// Gives every sign whose time has come; answers when the next one is.
async fn give_due<A: Alarmed>(app: &App) -> Result<Option<DateTime<Utc>>> {
    loop {
        let due = due::<A>(app.db.read(), app.clock.now()).await?;
        if due.is_empty() {
            return next::<A>(app.db.read()).await;
        }
        if ring::<A>(app, due.clone()).await.is_ok() {
            continue;
        }
        // One row that cannot be rung keeps nobody waiting but itself.
        let mut outcome = Ok(());
        for id in due {
            if let Err(problem) = ring::<A>(app, vec![id]).await {
                tracing::error!(%id, %problem, timer = A::HANDLER, "a sign waits");
                outcome = Err(problem);
            }
        }
        outcome?;
    }
}

async fn ring<A: Alarmed>(app: &App, due: Vec<Uuid>) -> Result<()> {
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            // A row that another node was faster with has its sign ahead again.
            let rows = A::Entity::find()
                .filter(A::ID.is_in(due))
                .filter(A::AT.lte(services.clock.now()))
                .all(&*tx)
                .await?;
            A::ring(services, tx, rows).await
        })
        .await
}

async fn due<A: Alarmed>(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    Ok(A::Entity::find()
        .select_only()
        .column(A::ID)
        .filter(A::AT.lte(now))
        .order_by_asc(A::AT)
        .limit(AT_ONCE)
        .into_tuple()
        .all(conn)
        .await?)
}

async fn next<A: Alarmed>(conn: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    Ok(A::Entity::find()
        .select_only()
        .column(A::AT)
        .filter(A::AT.is_not_null())
        .order_by_asc(A::AT)
        .into_tuple()
        .one(conn)
        .await?)
}
