//! The rows of transitions: the board of six posts, and what is handed over.

use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Case, TransitionState};
use crate::trail::{self, BOTH, Scribe};

/// Transitions of one list, things of one transition.
pub(crate) const SHOWN: u64 = 200;

kernel::table! {
    /// One transition.
    pub mod row = "transitions" (id: Uuid) {
        number: String,
        predecessor: String,
        go_live_on: String,
        exempt_until: Option<String>,
        state: String,
        signed_off_by: Option<Uuid>,
        signed_off_at: Option<DateTimeUtc>,
        completed_at: Option<DateTimeUtc>,
        created_by: Option<Uuid>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// An incumbent and his post.
    pub mod person = "transition_people" (id: Uuid) {
        transition_id: Uuid,
        staff_id: Uuid,
        post_id: String,
        willing: String,
        note: Option<String>,
        resigned_on: Option<String>,
        updated_at: DateTimeUtc,
    }
}

kernel::table! {
    /// Something that is handed over.
    pub mod item = "transition_items" (id: Uuid) {
        transition_id: Uuid,
        kind: String,
        title: String,
        note: Option<String>,
        done_on: Option<String>,
        done_by: Option<Uuid>,
        at: DateTimeUtc,
    }
}

kernel::versioned!(row, |transition| format!(
    "transition `{}`",
    transition.number
));

impl row::Model {
    /// The transition as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = TransitionState::parse(&self.state)
            .ok_or_else(|| internal(format!("transition {} has no valid state", self.number)))?;
        Ok(Case { state })
    }
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("transition"))
}

/// The same, held until the end of the transaction.
pub(crate) async fn held(tx: &Tx, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("transition"))
}

pub(crate) async fn people(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<person::Model>> {
    Ok(person::Entity::find()
        .filter(person::Column::TransitionId.eq(id))
        .order_by_asc(person::Column::PostId)
        .all(conn)
        .await?)
}

pub(crate) async fn items(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<item::Model>> {
    Ok(item::Entity::find()
        .filter(item::Column::TransitionId.eq(id))
        .order_by_asc(item::Column::At)
        .order_by_asc(item::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?)
}

/// Does `action` to a transition as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    what: &str,
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(action).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone();
    case.state.as_str().clone_into(&mut after.state);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, (what, None)).await?;
    Ok(after)
}

pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "until": row.exempt_until,
        "recipients": trail::holders(&**tx, BOTH).await?,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "transition",
        id: row.id,
    };
    scribe.tell(what, note, facts).await
}
