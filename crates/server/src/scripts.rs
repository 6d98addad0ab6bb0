//! Changes of answers, as the one list of all changes shows them.

use futures::future::BoxFuture;
use kernel::{App, Result};
use knowledge::approval::ChangeState;
use knowledge::approval::store::row;
use liaison::{ScriptChange, ScriptChanges};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

/// The liaison asks the knowledge base.
pub struct Scripts(pub App);

/// States in which nobody owes a step: what holds, and what is over.
const SETTLED: [ChangeState; 5] = [
    ChangeState::Effective,
    ChangeState::Paused,
    ChangeState::Withdrawn,
    ChangeState::Expired,
    ChangeState::Superseded,
];

impl ScriptChanges for Scripts {
    fn latest(&self, open: Option<bool>, most: u64) -> BoxFuture<'_, Result<Vec<ScriptChange>>> {
        Box::pin(async move {
            let settled = SETTLED.map(ChangeState::as_str);
            let mut select = row::Entity::find();
            select = match open {
                Some(true) => select.filter(row::Column::State.is_not_in(settled)),
                Some(false) => select.filter(row::Column::State.is_in(settled)),
                None => select,
            };
            let rows = select
                .order_by_desc(row::Column::CreatedAt)
                .order_by_desc(row::Column::Id)
                .limit(most)
                .all(self.0.db.read())
                .await?;
            let shown = rows.into_iter().map(|row| ScriptChange {
                open: !settled.contains(&row.state.as_str()),
                id: row.id,
                number: row.number,
                title: row.title,
                state: row.state,
                emergency: row.emergency,
                due_at: row.due_at,
                created_at: row.created_at,
            });
            Ok(shown.collect())
        })
    }
}
