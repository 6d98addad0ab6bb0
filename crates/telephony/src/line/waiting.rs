//! Versions of prompts that wait for the purchaser's approval.

use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Principal, Result};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::ApprovePrompts;
use super::prompt::PromptState;
use super::prompt::row::{self, Column};

const KIND: &str = "prompt_version";

/// The kind of decision. It is to be heard before it is approved, so there is no plain yes.
pub(crate) fn kind(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(KIND, move |person| {
        let app = app.clone();
        async move { versions_of(&app, &person).await }
    })
}

async fn versions_of(app: &App, person: &Principal) -> Result<Vec<Waiting>> {
    if !person.may::<ApprovePrompts>() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(Column::State.eq(PromptState::Submitted.as_str()))
        .order_by_asc(Column::UpdatedAt)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let waiting = rows.into_iter().map(|row| Waiting {
        kind: KIND,
        id: row.id,
        number: None,
        title: row.words,
        section: None,
        since: row.updated_at,
        due_at: None,
        page: "/line".to_owned(),
        consent: None,
    });
    Ok(waiting.collect())
}
