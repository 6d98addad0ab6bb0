//! What was asked and reported in a call: its 请示, 报告 and emergencies, seen with its record.

use kernel::problem::{Problem, Result, not_found};
use kernel::rights::Side;
use kernel::{Actor, App, Permission, Principal, Scope};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{events, store};
use crate::rights::{ViewEmergencies, ViewInstructions};
use crate::{ViewContactRecords, emergency, instruction};

/// Shown with a call at most.
const MOST: u64 = 50;

/// A document that was written, or an emergency that was raised, in a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDocument {
    /// `instruction_request`, `report` or `emergency`.
    pub kind: String,
    /// Identifies it.
    pub id: Uuid,
    /// Its number; null while a document has none.
    pub number: Option<String>,
    /// Its title, or what happened.
    pub title: String,
    /// How it stands.
    pub state: String,
}

fn unseen() -> Problem {
    not_found("call").with_field("call_id")
}

/// The calls that somebody may refer to, once the record of the one he names has heard what happened. `None`: none.
pub(crate) async fn heard_of<P: Permission>(
    app: &App,
    actor: &Actor<P>,
    call: Option<Uuid>,
) -> Result<Option<Scope>> {
    if let Some(call) = call {
        events::caught_up(app, call).await?;
    }
    Ok(actor.principal().scope(ViewContactRecords::GRANTS))
}

/// The record of a call that may be referred to; 404 at `call_id` for another.
pub(crate) async fn of_call(
    conn: &impl ConnectionTrait,
    calls: Option<&Scope>,
    call: Uuid,
) -> Result<store::row::Model> {
    let scope = calls.ok_or_else(unseen)?;
    store::get(conn, scope, call).await.map_err(|_| unseen())
}

/// What belongs to a call, as far as somebody may see it.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    principal: &Principal,
    call: Uuid,
) -> Result<Vec<CallDocument>> {
    let mut found = Vec::new();
    if let Some(scope) = principal.scope(ViewInstructions::GRANTS) {
        let mut sides = principal.roles.iter().map(|role| role.side());
        let purchaser = sides.any(|side| side == Side::Purchaser);
        let rows = instruction::store::visible(&scope, purchaser)
            .filter(instruction::store::row::Column::CallId.eq(call))
            .limit(MOST)
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|row| CallDocument {
            kind: row.kind,
            id: row.id,
            number: row.number,
            title: row.title,
            state: row.state,
        }));
    }
    if principal.scope(ViewEmergencies::GRANTS).is_some() {
        let rows = emergency::store::row::Entity::find()
            .filter(emergency::store::row::Column::CallId.eq(call))
            .limit(MOST)
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|row| CallDocument {
            kind: "emergency".to_owned(),
            id: row.id,
            number: Some(row.number),
            title: row.what,
            state: row.state,
        }));
    }
    Ok(found)
}
