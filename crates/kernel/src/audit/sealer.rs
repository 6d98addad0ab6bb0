//! Numbers and links the rows of the trail after their commit: one sealer in the cluster, so no gap, no
//! fork and no lock in the way of whoever writes.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{QueryOrder, QuerySelect, Set};

use super::chain::{self, head};
use super::entry;
use crate::problem::Result;
use crate::{App, Tx, lease};

/// How often it is looked for new rows.
const POLL: Duration = Duration::from_millis(500);
/// Rows sealed in one transaction.
const BATCH: u64 = 500;
/// A sealer that died is replaced after this time.
const LEASE: TimeDelta = TimeDelta::seconds(10);

/// Seals until the process stops.
pub async fn run(app: App) {
    loop {
        if let Err(problem) = seal(&app).await {
            tracing::error!(%problem, "the audit trail is not sealed");
        }
        if app
            .shutdown
            .run_until_cancelled(app.clock.sleep(POLL))
            .await
            .is_none()
        {
            // What is missed here is sealed at the next start.
            let _ = seal(&app).await;
            return;
        }
    }
}

/// Seals every committed row; returns how many. 0 while another node is the sealer.
pub async fn seal(app: &App) -> Result<u64> {
    let mut sealed = 0;
    loop {
        let waiting = entry::Entity::find()
            .select_only()
            .column(entry::Column::Id)
            .filter(entry::Column::Seq.is_null())
            .limit(1)
            .into_tuple::<Uuid>()
            .one(app.db.read())
            .await?;
        if waiting.is_none() {
            return Ok(sealed);
        }
        let (node, now) = (app.node.clone(), app.clock.now());
        let count = app
            .db
            .write(async move |tx| {
                if lease::hold(&*tx, "audit.sealer", &node, now, LEASE).await? {
                    seal_batch(&tx).await
                } else {
                    Ok(0)
                }
            })
            .await?;
        sealed += count;
        if count < BATCH {
            return Ok(sealed);
        }
    }
}

async fn seal_batch(tx: &Tx) -> Result<u64> {
    let last = chain::head(&**tx).await?;
    let (mut seq, mut previous) = last.map_or((0, String::new()), |head| (head.seq, head.hash));
    let rows = entry::Entity::find()
        .filter(entry::Column::Seq.is_null())
        .order_by_asc(entry::Column::At)
        .order_by_asc(entry::Column::Id)
        .limit(BATCH)
        .all(&**tx)
        .await?;
    let count = rows.len() as u64;
    if count == 0 {
        return Ok(0);
    }
    for row in rows {
        seq += 1;
        previous = chain::hash(&previous, seq, &row);
        entry::Entity::update_many()
            .col_expr(entry::Column::Seq, seq.into())
            .col_expr(entry::Column::Hash, previous.clone().into())
            .filter(entry::Column::Id.eq(row.id))
            .exec(&**tx)
            .await?;
    }
    let head = head::ActiveModel {
        name: Set("main".to_owned()),
        seq: Set(seq),
        hash: Set(previous),
    };
    let moved = OnConflict::column(head::Column::Name)
        .update_columns([head::Column::Seq, head::Column::Hash])
        .to_owned();
    head::Entity::insert(head)
        .on_conflict(moved)
        .exec_without_returning(&**tx)
        .await?;
    Ok(count)
}
