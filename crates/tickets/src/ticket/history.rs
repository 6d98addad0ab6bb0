//! The full history of a ticket: one row for each field that changed, with before and after.

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::Result;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::row as ticket_row;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket_history")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub ticket_id: Uuid,
        pub version: i64,
        pub at: DateTimeUtc,
        pub who_id: Option<Uuid>,
        pub who_name: String,
        pub action: String,
        pub field: Option<String>,
        pub before_value: Option<String>,
        pub after_value: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One line of a ticket's history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HistoryLine {
    /// Identifies the line.
    pub id: Uuid,
    /// The version of the ticket that the change made; lines of one change share it.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// Sign-in name, or the part of the system.
    pub who: String,
    /// `drafted`, `opened`, `voided`, `edited`, `closed`, `contact_attached`.
    pub action: String,
    /// The field that changed; null when the action changed none.
    pub field: Option<String>,
    /// Its value before.
    pub before: Option<String>,
    /// Its value after.
    pub after: Option<String>,
}

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    field: Option<&'static str>,
    before: Option<String>,
    after: Option<String>,
}

/// What differs between two states of one ticket, in the words of the wire.
pub(crate) fn changes(before: &ticket_row::Model, after: &ticket_row::Model) -> Vec<Change> {
    let fields = |ticket: &ticket_row::Model| {
        [
            ("state", Some(ticket.state.clone())),
            ("request_type", ticket.request_type.clone()),
            ("matter", ticket.matter_code.clone()),
            ("summary", Some(ticket.summary.clone())),
            ("resolution", ticket.resolution.clone()),
            ("owner", Some(ticket.current_owner_id.to_string())),
        ]
    };
    let pairs = fields(before).into_iter().zip(fields(after));
    pairs
        .filter(|(before, after)| before != after)
        .map(|((field, before), (_, after))| Change {
            field: Some(field),
            before,
            after,
        })
        .collect()
}

/// A line that tells of a call and of no field.
pub(crate) fn note(call: Uuid) -> Vec<Change> {
    vec![Change {
        field: None,
        before: None,
        after: Some(call.to_string()),
    }]
}

/// Writes the lines of one change.
pub(crate) async fn write(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    ticket: &ticket_row::Model,
    action: &str,
    changes: Vec<Change>,
) -> Result<()> {
    let at = app.clock.now();
    let lines: Vec<row::ActiveModel> = changes
        .into_iter()
        .map(|change| row::ActiveModel {
            id: Set(app.ids.next()),
            ticket_id: Set(ticket.id),
            version: Set(ticket.version),
            at: Set(at),
            who_id: Set(who.user_id),
            who_name: Set(who.name.clone()),
            action: Set(action.to_owned()),
            field: Set(change.field.map(str::to_owned)),
            before_value: Set(change.before),
            after_value: Set(change.after),
        })
        .collect();
    if !lines.is_empty() {
        row::Entity::insert_many(lines)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// One page of a ticket's history, the newest first; the caller has checked who may see the ticket.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    ticket: Uuid,
    query: &ListQuery,
) -> Result<Page<HistoryLine>> {
    let select = row::Entity::find().filter(row::Column::TicketId.eq(ticket));
    let page = paginate(
        conn,
        select,
        query,
        &[("at", row::Column::At)],
        row::Column::Id,
    )
    .await?;
    Ok(page.map(|line| HistoryLine {
        id: line.id,
        version: line.version,
        at: line.at,
        who_id: line.who_id,
        who: line.who_name,
        action: line.action,
        field: line.field,
        before: line.before_value,
        after: line.after_value,
    }))
}
