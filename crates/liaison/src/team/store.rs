//! The rows of the team.

use kernel::audit::Who;
use kernel::problem::{Result, not_found};
use kernel::{App, Side, Tx};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use crate::trail::{self, Scribe, Seen};

/// Members of all times; a team changes a few times a year.
const MOST: u64 = 500;

kernel::table! {
    /// One appointment of one person.
    pub mod row = "team_members" (id: Uuid) {
        position: String,
        user_id: Option<Uuid>,
        name: String,
        duties: String,
        reports_to: Option<Uuid>,
        appointed_on: String,
        ended_on: Option<String>,
        end_reason: Option<String>,
        filed_at: DateTimeUtc,
        filed_by: Option<Uuid>,
        acknowledged_by: Option<Uuid>,
        acknowledged_at: Option<DateTimeUtc>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |member| format!("team member `{}`", member.position));

/// Everybody there ever was, the latest appointed first.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_desc(row::Column::AppointedOn)
        .order_by_desc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("team member"))
}

/// Writes a change down and files it with the purchaser.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let told = match what {
        "acknowledged" => trail::desk(&**tx, Side::Supplier).await?,
        _ => trail::desk(&**tx, Side::Purchaser).await?,
    };
    let facts = json!({
        "number": row.position, "state": row.state, "version": row.version, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "team_member",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, Some(&row.name), facts).await
}
