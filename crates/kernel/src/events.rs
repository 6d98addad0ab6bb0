//! Domain events: written with their cause, delivered at least once to each handler, kept as the history
//! of their subject.

mod dispatcher;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder as _, Set,
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::db::json_column;
use crate::metrics::{self, IntCounterVec};
use crate::problem::{Result, internal};
use crate::{App, Clock, Ids, Tx};

static PUBLISHED: LazyLock<IntCounterVec> =
    LazyLock::new(|| metrics::counters("shoujie_events_total", "Events published", &["kind"]));

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Identifies it; handlers use it to stay idempotent.
    pub id: Uuid,
    /// `call.answered`
    pub kind: String,
    /// The id of what it happened to.
    pub subject_id: String,
    /// What the handlers need to know.
    pub payload: serde_json::Value,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

type Run = Arc<dyn Fn(Event) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// What a capability does when something happened elsewhere.
#[derive(Clone)]
pub struct EventHandler {
    /// `tickets.open_with_call`; unique, never changes.
    pub name: &'static str,
    /// The kinds it hears.
    pub kinds: &'static [&'static str],
    /// The reaction; runs at least once, so it must be idempotent.
    pub run: Run,
}

impl EventHandler {
    /// A handler of `kinds`.
    pub fn new<F, Fut>(name: &'static str, kinds: &'static [&'static str], run: F) -> Self
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            name,
            kinds,
            run: Arc::new(move |event| Box::pin(run(event))),
        }
    }
}

/// Publishes events and delivers them.
#[derive(Clone)]
pub struct Events {
    ids: Ids,
    clock: Clock,
    handlers: Arc<RwLock<Vec<Subscription>>>,
}

/// A handler and what wakes its worker.
#[derive(Clone)]
struct Subscription {
    handler: EventHandler,
    wake: Arc<Notify>,
}

crate::table! {
    pub(crate) mod event_row = "events" (id: Uuid) {
        kind: String,
        subject_id: String,
        payload: Json,
        occurred_at: DateTimeUtc,
    }
}

crate::table! {
    pub(crate) mod delivery = "event_deliveries" (id: Uuid) {
        event_id: Uuid,
        handler: String,
        state: String,
        attempts: i32,
        due_at: DateTimeUtc,
        claimed_by: Option<String>,
        claimed_until: Option<DateTimeUtc>,
        last_error: Option<String>,
    }
}

impl From<event_row::Model> for Event {
    fn from(row: event_row::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject_id: row.subject_id,
            payload: row.payload,
            occurred_at: row.occurred_at,
        }
    }
}

impl Events {
    /// No handlers yet; see [`Events::subscribe`].
    pub fn new(ids: Ids, clock: Clock) -> Self {
        Self {
            ids,
            clock,
            handlers: Arc::default(),
        }
    }

    /// Adds the handlers of the capabilities; called once, before serving.
    pub fn subscribe(&self, handlers: Vec<EventHandler>) {
        let added = handlers.into_iter().map(|handler| Subscription {
            handler,
            wake: Arc::default(),
        });
        self.handlers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(added);
    }

    /// Starts delivering; what an earlier process left undone comes first.
    pub async fn start(&self, app: &App) -> Result<()> {
        dispatcher::start(app, self.subscriptions()).await
    }

    /// Deliveries that are due and not done, by handler.
    pub async fn due(&self, conn: &impl ConnectionTrait) -> Result<BTreeMap<String, u64>> {
        dispatcher::due(conn, self.clock.now()).await
    }

    /// What was told of a subject, the oldest first, whether its handlers have heard it yet or not.
    pub async fn of_subject(
        &self,
        conn: &impl ConnectionTrait,
        subject_id: &str,
    ) -> Result<Vec<Event>> {
        let rows = event_row::Entity::find()
            .filter(event_row::Column::SubjectId.eq(subject_id))
            .order_by_asc(event_row::Column::OccurredAt)
            .order_by_asc(event_row::Column::Id)
            .all(conn)
            .await?;
        Ok(rows.into_iter().map(Event::from).collect())
    }

    fn subscriptions(&self) -> Vec<Subscription> {
        self.handlers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes the event with one delivery row for each handler of its kind.
    pub async fn publish(
        &self,
        tx: &Tx,
        kind: &str,
        subject_id: impl ToString + Send,
        payload: serde_json::Value,
    ) -> Result<()> {
        let one = vec![(subject_id.to_string(), payload)];
        self.publish_many(tx, kind, one).await
    }

    /// The same for many subjects of one kind, in a few statements.
    pub async fn publish_many(
        &self,
        tx: &Tx,
        kind: &str,
        told: Vec<(String, serde_json::Value)>,
    ) -> Result<()> {
        /// Rows of one statement.
        const AT_ONCE: usize = 500;
        let now = self.clock.now();
        let hearers: Vec<Subscription> = {
            let handlers = self.handlers.read().unwrap_or_else(PoisonError::into_inner);
            handlers
                .iter()
                .filter(|one| one.handler.kinds.contains(&kind))
                .cloned()
                .collect()
        };
        let many = told.len();
        let mut told = told.into_iter().peekable();
        while told.peek().is_some() {
            let mut events = Vec::new();
            let mut deliveries = Vec::new();
            for (subject_id, payload) in told.by_ref().take(AT_ONCE) {
                json_column(&payload)?;
                let event_id = self.ids.next();
                events.push(event_row::ActiveModel {
                    id: Set(event_id),
                    kind: Set(kind.to_owned()),
                    subject_id: Set(subject_id),
                    payload: Set(payload),
                    occurred_at: Set(now),
                });
                deliveries.extend(hearers.iter().map(|hearer| delivery::ActiveModel {
                    id: Set(self.ids.next()),
                    event_id: Set(event_id),
                    handler: Set(hearer.handler.name.to_owned()),
                    state: Set("pending".to_owned()),
                    attempts: Set(0),
                    due_at: Set(now),
                    claimed_by: Set(None),
                    claimed_until: Set(None),
                    last_error: Set(None),
                }));
            }
            event_row::Entity::insert_many(events)
                .exec_without_returning(&**tx)
                .await?;
            for some in deliveries.chunks(AT_ONCE) {
                delivery::Entity::insert_many(some.to_vec())
                    .exec_without_returning(&**tx)
                    .await?;
            }
        }
        PUBLISHED.with_label_values(&[kind]).inc_by(many as u64);
        tx.on_commit(move || hearers.iter().for_each(|hearer| hearer.wake.notify_one()));
        Ok(())
    }

    /// Brings the dead deliveries of one handler back to life, after its fault was mended.
    pub async fn replay(&self, tx: &Tx, handler: &str) -> Result<u64> {
        let Some(hearer) = self
            .subscriptions()
            .into_iter()
            .find(|one| one.handler.name == handler)
        else {
            return Err(internal(format!("no event handler {handler}")));
        };
        let revived = dispatcher::revive(tx, handler, self.clock.now()).await?;
        tx.on_commit(move || hearer.wake.notify_one());
        Ok(revived)
    }
}
