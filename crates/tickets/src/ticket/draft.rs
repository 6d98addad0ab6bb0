//! A ticket opens as a draft with the call, owned for good by the agent who took it.

use chrono::{DateTime, FixedOffset, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::store::{of_call, row};
use super::{State, history};

mod counter {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket_counters")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: String,
        pub last: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a draft is opened with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    /// The call.
    pub call: Uuid,
    /// Who called.
    pub requester: Uuid,
    /// The agent who took it.
    pub agent: Uuid,
    /// When he took it.
    pub at: DateTime<Utc>,
}

/// Opens the draft of a call; the one there is when it was opened before.
pub(crate) async fn open(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    origin: Origin,
) -> Result<row::Model> {
    if let Some(draft) = of_call(tx, origin.call).await? {
        return Ok(draft);
    }
    let draft = row::Model {
        id: app.ids.next(),
        number: next_number(tx, origin.at).await?,
        state: State::Draft.as_str().to_owned(),
        request_type: None,
        matter_code: None,
        summary: String::new(),
        resolution: None,
        requester_id: origin.requester,
        first_owner_id: origin.agent,
        current_owner_id: origin.agent,
        source_call_id: Some(origin.call),
        opened_at: origin.at,
        closed_at: None,
        updated_at: origin.at,
        version: 1,
    };
    let made = row::ActiveModel {
        id: Set(draft.id),
        number: Set(draft.number.clone()),
        state: Set(draft.state.clone()),
        request_type: Set(None),
        matter_code: Set(None),
        summary: Set(String::new()),
        resolution: Set(None),
        requester_id: Set(draft.requester_id),
        first_owner_id: Set(draft.first_owner_id),
        current_owner_id: Set(draft.current_owner_id),
        source_call_id: Set(draft.source_call_id),
        opened_at: Set(draft.opened_at),
        closed_at: Set(None),
        updated_at: Set(draft.updated_at),
        version: Set(draft.version),
    };
    row::Entity::insert(made).exec_without_returning(tx).await?;
    history::write(app, tx, who, &draft, "drafted", history::note(origin.call)).await?;
    Ok(draft)
}

/// `SJ20261123-0001`: the day in Guangzhou and a count that starts anew with it, so that a number is short
/// enough to be read out while the requester is still on the line.
async fn next_number(tx: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<String> {
    let Some(guangzhou) = FixedOffset::east_opt(8 * 3600) else {
        return Err(internal("no such offset"));
    };
    let day = at.with_timezone(&guangzhou).format("%Y%m%d").to_string();
    // One statement: on PostgreSQL the row stays locked until the ticket is on disk.
    let counted = counter::Entity::insert(counter::ActiveModel {
        day: Set(day.clone()),
        last: Set(1),
    })
    .on_conflict(
        OnConflict::column(counter::Column::Day)
            .value(
                counter::Column::Last,
                Expr::col((counter::Entity, counter::Column::Last)).add(1),
            )
            .to_owned(),
    )
    .exec_with_returning(tx)
    .await?;
    Ok(format!("SJ{day}-{:04}", counted.last))
}
