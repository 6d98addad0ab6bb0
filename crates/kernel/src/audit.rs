//! The append-only audit trail, written in the same transaction as the change it tells of.

mod chain;
pub mod http;
mod sealer;
mod secrecy;

use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, Set};

pub use chain::{Broken, Head, Verification};
pub use secrecy::{Secrecy, Secrets};

use crate::rights::Principal;
use crate::{App, Result};

/// Who did it.
#[derive(Debug, Clone)]
pub struct Who {
    /// The user; `None` for the system itself.
    pub user_id: Option<Uuid>,
    /// The session it was done in.
    pub session_id: Option<Uuid>,
    /// Sign-in name, or the name of the part of the system.
    pub name: String,
}

impl Who {
    /// A signed-in user.
    pub fn user(principal: &Principal) -> Self {
        Self {
            user_id: Some(principal.user_id),
            session_id: Some(principal.session_id),
            name: principal.username.clone(),
        }
    }

    /// A part of the system: `system("telephony")`.
    pub fn system(part: &str) -> Self {
        Self {
            user_id: None,
            session_id: None,
            name: format!("system:{part}"),
        }
    }
}

crate::table! {
    /// One row of the trail. `seq` and `hash` are set by the sealer within a second.
    pub mod entry = "audit_entries" (id: Uuid) {
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        session_id: Option<Uuid>,
        action: String,
        subject_kind: String,
        subject_id: String,
        details: Json,
        seq: Option<i64>,
        hash: Option<String>,
    }
}

/// Writes one row: `record(&app, &*tx, &actor.who(), "call.listened", "call", id, json!({}))`.
pub async fn record(
    app: &App,
    conn: &impl ConnectionTrait,
    who: &Who,
    action: &str,
    subject_kind: &str,
    subject_id: impl ToString + Send,
    details: serde_json::Value,
) -> Result<()> {
    crate::db::json_column(&details)?;
    let row = entry::ActiveModel {
        id: Set(app.ids.next()),
        at: Set(app.clock.now()),
        who_id: Set(who.user_id),
        who_name: Set(who.name.clone()),
        session_id: Set(who.session_id),
        action: Set(action.to_owned()),
        subject_kind: Set(subject_kind.to_owned()),
        subject_id: Set(subject_id.to_string()),
        details: Set(details),
        seq: Set(None),
        hash: Set(None),
    };
    entry::Entity::insert(row)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// A personal value as it may stand in the trail: recognisable with the installation's key
/// (`app.key.bytes()`), not readable.
pub fn digest(key: &[u8], value: &str) -> String {
    let mut digest = crate::masked::keyed_hash(key, value);
    digest.truncate(24);
    digest
}

/// Checks the whole chain; names the first broken row.
pub async fn verify(conn: &impl ConnectionTrait) -> Result<Verification> {
    chain::verify_from(conn, 0).await
}

/// The last sealed row, as it stands in signed documents.
pub async fn head(conn: &impl ConnectionTrait) -> Result<Option<Head>> {
    chain::head(conn).await
}

/// How many rows wait for the sealer.
pub async fn unsealed(conn: &impl ConnectionTrait) -> Result<u64> {
    chain::unsealed(conn).await
}

/// Seals what is committed now; the sealer does so every half second.
pub async fn seal(app: &App) -> Result<u64> {
    sealer::seal(app).await
}

/// Starts the sealer.
pub fn start(app: &App) {
    app.tasks.spawn(sealer::run(app.clone()));
}
