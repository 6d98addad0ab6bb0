//! What proves that a clause of the contract is kept: each capability names the rows, the server lists them by clause
//! for the acceptance of the contract (履约验收).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::{App, Result};

/// How far back rows count as recent.
pub const RECENT: TimeDelta = TimeDelta::days(30);
/// Rows counted at most: beyond it nobody needs the number to believe in the clause.
pub const MOST: u64 = 1_000;

/// What was found for a clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// When the latest row came.
    pub latest_at: Option<DateTime<Utc>>,
    /// Rows of the last [`RECENT`], [`MOST`] at most.
    pub recent: u64,
    /// Rows that are late or wrong now, [`MOST`] at most.
    pub amiss: u64,
}

type Tell = Arc<dyn Fn() -> BoxFuture<'static, Result<Found>> + Send + Sync>;

/// One kind of proof for one clause.
#[derive(Clone)]
pub struct Evidence {
    /// `A-46`
    pub clause: &'static str,
    /// What is counted; the console has a word for it.
    pub kind: &'static str,
    /// The console's page with the rows.
    pub page: &'static str,
    /// Looks.
    pub tell: Tell,
}

impl Evidence {
    /// Rows of a table that prove the clause.
    ///
    /// # Arguments
    /// * `at` – when a row came; an index should begin with it or with what `which` asks for
    /// * `which` – the rows that count
    /// * `amiss` – those of them that are late or wrong now, where there can be any
    pub fn rows<E: EntityTrait>(
        app: &App,
        (clause, kind, page): (&'static str, &'static str, &'static str),
        at: E::Column,
        which: Condition,
        amiss: Option<Condition>,
    ) -> Self
    where
        E::Column: Send + Sync,
    {
        let app = app.clone();
        let tell = move || -> BoxFuture<'static, Result<Found>> {
            let (app, which, amiss) = (app.clone(), which.clone(), amiss.clone());
            Box::pin(async move {
                let conn = app.db.read();
                let since = app.clock.now() - RECENT;
                let recent = which.clone().add(at.gte(since));
                Ok(Found {
                    latest_at: latest::<E>(conn, at, which.clone()).await?,
                    recent: count::<E>(conn, at, recent).await?,
                    amiss: match amiss {
                        Some(amiss) => count::<E>(conn, at, which.add(amiss)).await?,
                        None => 0,
                    },
                })
            })
        };
        Self {
            clause,
            kind,
            page,
            tell: Arc::new(tell),
        }
    }
}

async fn latest<E: EntityTrait>(
    conn: &DatabaseConnection,
    at: E::Column,
    which: Condition,
) -> Result<Option<DateTime<Utc>>> {
    let found = E::find()
        .filter(which)
        .filter(at.is_not_null())
        .order_by_desc(at)
        .select_only()
        .column(at)
        .limit(1)
        .into_tuple::<DateTime<Utc>>()
        .one(conn)
        .await?;
    Ok(found)
}

async fn count<E: EntityTrait>(
    conn: &DatabaseConnection,
    at: E::Column,
    which: Condition,
) -> Result<u64> {
    let times = E::find()
        .filter(which)
        .select_only()
        .column(at)
        .limit(MOST)
        .into_tuple::<Option<DateTime<Utc>>>()
        .all(conn)
        .await?;
    Ok(times.len() as u64)
}
