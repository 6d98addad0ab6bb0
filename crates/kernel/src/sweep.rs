//! Takes away what has served: done deliveries and jobs, old keys. Events stay: they are the history of
//! their subjects.

use chrono::TimeDelta;
use sea_orm::QuerySelect as _;
use sea_orm::entity::prelude::*;

use crate::events::delivery;
use crate::idempotency::{REMEMBERED, row as key};
use crate::jobs::row as job;
use crate::problem::Result;
use crate::{App, Tx};

/// Rows taken away in one transaction, so that nobody waits long for the writer.
const BATCH: u64 = 500;

/// The nightly job.
pub async fn sweep(app: &App) -> Result<()> {
    let days: i64 = app.config.get("events.keep_days")?;
    let now = app.clock.now();
    let before = now - TimeDelta::days(days);
    let mut gone = 0;
    loop {
        let count = app
            .db
            .write(async move |tx| Ok(deliveries(&tx, before).await? + jobs(&tx, before).await?))
            .await?;
        gone += count;
        if count == 0 {
            break;
        }
    }
    app.db
        .write(async move |tx| {
            let old = key::Column::StartedAt.lt(now - REMEMBERED);
            key::Entity::delete_many().filter(old).exec(&*tx).await?;
            Ok(())
        })
        .await?;
    tracing::info!(gone, "swept");
    Ok(())
}

/// A delivery that was given up stays, until it is replayed.
async fn deliveries(tx: &Tx, before: DateTimeUtc) -> Result<u64> {
    let ids: Vec<Uuid> = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::Id)
        .filter(delivery::Column::State.eq("done"))
        .filter(delivery::Column::DueAt.lt(before))
        .limit(BATCH)
        .into_tuple()
        .all(&**tx)
        .await?;
    let gone = delivery::Entity::delete_many()
        .filter(delivery::Column::Id.is_in(ids))
        .exec(&**tx)
        .await?;
    Ok(gone.rows_affected)
}

async fn jobs(tx: &Tx, before: DateTimeUtc) -> Result<u64> {
    let ids: Vec<Uuid> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::State.eq("done"))
        .filter(job::Column::RunAt.lt(before))
        .limit(BATCH)
        .into_tuple()
        .all(&**tx)
        .await?;
    let gone = job::Entity::delete_many()
        .filter(job::Column::Id.is_in(ids))
        .exec(&**tx)
        .await?;
    Ok(gone.rows_affected)
}
