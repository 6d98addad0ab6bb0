//! Domain events: written with their cause, delivered at least once to each handler.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _,
    QueryOrder as _, Set,
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{Clock, Ids, Result, Tx};

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
    handlers: Arc<RwLock<Vec<EventHandler>>>,
    wake: Arc<Notify>,
}

pub(crate) mod event_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: String,
        pub subject_id: String,
        pub payload: Json,
        pub occurred_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod delivery {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_deliveries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub event_id: Uuid,
        pub handler: String,
        pub state: String,
        pub attempts: i32,
        pub due_at: DateTimeUtc,
        pub last_error: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Events {
    /// No handlers yet; see [`Events::subscribe`].
    pub fn new(ids: Ids, clock: Clock) -> Self {
        Self {
            ids,
            clock,
            handlers: Arc::default(),
            wake: Arc::default(),
        }
    }

    /// Adds the handlers of the capabilities; called once, before serving.
    pub fn subscribe(&self, handlers: Vec<EventHandler>) {
        self.handlers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(handlers);
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
        let events = rows.into_iter().map(|row| Event {
            id: row.id,
            kind: row.kind,
            subject_id: row.subject_id,
            payload: row.payload,
            occurred_at: row.occurred_at,
        });
        Ok(events.collect())
    }

    /// Writes the event with one delivery row for each handler of its kind.
    pub async fn publish(
        &self,
        tx: &Tx,
        kind: &str,
        subject_id: impl ToString + Send,
        payload: serde_json::Value,
    ) -> Result<()> {
        let now = self.clock.now();
        let names: Vec<&'static str> = {
            let handlers = self.handlers.read().unwrap_or_else(PoisonError::into_inner);
            handlers
                .iter()
                .filter(|handler| handler.kinds.contains(&kind))
                .map(|handler| handler.name)
                .collect()
        };
        let event = event_row::ActiveModel {
            id: Set(self.ids.next()),
            kind: Set(kind.to_owned()),
            subject_id: Set(subject_id.to_string()),
            payload: Set(payload),
            occurred_at: Set(now),
        };
        let event = event.insert(&**tx).await?;
        let deliveries: Vec<delivery::ActiveModel> = names
            .into_iter()
            .map(|handler| delivery::ActiveModel {
                id: Set(self.ids.next()),
                event_id: Set(event.id),
                handler: Set(handler.to_owned()),
                state: Set("pending".to_owned()),
                attempts: Set(0),
                due_at: Set(now),
                last_error: Set(None),
            })
            .collect();
        if !deliveries.is_empty() {
            delivery::Entity::insert_many(deliveries)
                .exec_without_returning(&**tx)
                .await?;
            let wake = self.wake.clone();
            tx.on_commit(move || wake.notify_one());
        }
        Ok(())
    }
}
