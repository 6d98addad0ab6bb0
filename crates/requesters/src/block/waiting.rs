//! Blocks that somebody asked for and somebody else decides on.

use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::State;
use super::store::row::{self, Column};
use crate::DecideBlocks;

const KIND: &str = "requester_block";

/// The kind of decision.
pub(crate) fn kind(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(KIND, move |person| {
        let app = app.clone();
        async move { blocks_of(&app, &person).await }
    })
}

async fn blocks_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<DecideBlocks>() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(Column::State.eq(State::Requested.as_str()))
        // Nobody decides on what he asked for himself.
        .filter(Column::AskedBy.ne(person.user_id))
        .order_by_asc(Column::AskedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: KIND,
        id: row.id,
        number: None,
        title: row.reason,
        section: None,
        since: row.asked_at,
        due_at: None,
        page: format!("/requesters/{}", row.requester_id),
        consent: None,
    });
    Ok(waiting.collect())
}
