//! Open tickets of somebody who leaves go to colleagues who said yes: asked by `personnel`, wired in `server`.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, not_found};
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::ticket::act::{self, Hand};
use crate::ticket::life::Action;
use crate::ticket::store::row;

/// Tickets of one list.
const SHOWN: u64 = 500;

/// An open ticket of one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Identifies it.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
}

/// The open tickets this user owns now, the oldest first.
pub async fn of_owner(conn: &impl ConnectionTrait, user: Uuid) -> Result<Vec<Owned>> {
    let rows = row::Entity::find()
        .filter(row::Column::CurrentOwnerId.eq(user))
        .filter(row::Column::Open.eq(true))
        .order_by_asc(row::Column::OpenedAt)
        .limit(SHOWN)
        .all(conn)
        .await?;
    let owned = rows.into_iter().map(|row| Owned {
        id: row.id,
        number: row.number,
        title: row.title,
        due_at: Some(row.due_at),
    });
    Ok(owned.collect())
}

/// Gives a ticket to an agent who accepted it; its first owner stays who he is.
pub async fn give(
    app: &App,
    tx: &Tx,
    who: &Who,
    (ticket, to): (Uuid, Uuid),
    reason: &str,
) -> Result<()> {
    act::must_be_agent(&**tx, to).await?;
    // Held, so that a sign of its clock comes before or after and does not refuse the one who accepts.
    let before = row::Entity::find_by_id(ticket)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("ticket"))?;
    let hand = Hand::of(app, tx, who).await?;
    let action = Action::Reassign { to };
    Box::pin(hand.act(before, &action, Some(reason))).await?;
    Ok(())
}
