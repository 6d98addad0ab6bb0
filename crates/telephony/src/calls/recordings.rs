//! The list of recordings: found by what is known of their files and of their calls, within what one may hear.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal};
use kernel::{Actor, App, Scope};
use sea_orm::{
    ColumnTrait as _, Condition as Where, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, QueryTrait as _,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::http::{CallView, view};
use super::keeping::{Condition, Place, file};
use super::listening::{KeepingView, RemovalView};
use super::rows::call;
use super::{retention, store};
use crate::{ListenRecordings, Telephony};

/// What a list of recordings may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordingFilter {
    /// Those found `good`, `damaged` or `missing`.
    pub condition: Option<Condition>,
    /// Those that were looked at, or were not yet.
    pub checked: Option<bool>,
    /// Those that are held, or are not.
    pub held: Option<bool>,
    /// Those that were removed, or were not.
    pub removed: Option<bool>,
    /// Where they lie.
    pub place: Option<Place>,
    /// Of calls that this agent had, also those he handed over.
    pub agent: Option<Uuid>,
    /// Of calls of this queue.
    pub queue: Option<String>,
    /// Of calls that ended at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Of calls that ended before.
    pub to: Option<DateTime<Utc>>,
}

impl RecordingFilter {
    /// What is asked of the file alone.
    fn of_file(&self) -> Where {
        use file::Column;
        Where::all()
            .add_option(self.condition.map(|one| Column::Condition.eq(one.as_str())))
            .add_option(self.place.map(|place| Column::Place.eq(place.as_str())))
            .add_option(self.queue.as_deref().map(|code| Column::Queue.eq(code)))
            .add_option(self.from.map(|from| Column::MadeAt.gte(from)))
            .add_option(self.to.map(|to| Column::MadeAt.lt(to)))
            .add_option(self.checked.map(|checked| {
                if checked {
                    Column::Condition.is_not_null()
                } else {
                    Column::Condition.is_null()
                }
            }))
            .add_option(self.held.map(|held| {
                if held {
                    Column::Holds.gt(0)
                } else {
                    Column::Holds.eq(0)
                }
            }))
            .add_option(self.removed.map(|removed| {
                if removed {
                    Column::RemovedAt.is_not_null()
                } else {
                    Column::RemovedAt.is_null()
                }
            }))
    }

    /// What is asked of the call; `None` when nothing is, and every call's recording may be heard.
    fn of_call(&self, app: &App, scope: &Scope, words: Option<&str>) -> Option<Where> {
        if matches!(scope, Scope::All) && self.agent.is_none() && words.is_none() {
            return None;
        }
        let asked = Where::all()
            .add(store::visible(scope))
            .add_option(self.agent.map(store::had_by))
            .add_option(words.map(|words| store::numbered(app, words)));
        Some(asked)
    }
}

/// A recording in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordingEntry {
    /// How it is kept; what holds it is told with it alone.
    #[serde(flatten)]
    pub keeping: KeepingView,
    /// Its call.
    pub call: CallView,
}

/// Lists recordings, the latest first. `q` looks for a caller's whole number, or for its last four digits as `*1234`.
#[utoipa::path(
    get, path = "/api/v1/recordings", tag = "calls",
    params(ListQuery, RecordingFilter),
    responses((status = 200, body = Page<RecordingEntry>)),
)]
pub(crate) async fn list(
    actor: Actor<ListenRecordings>,
    State(telephony): State<Telephony>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<RecordingFilter>,
) -> Result<Json<Page<RecordingEntry>>> {
    let app = telephony.app();
    let mut found = filter.of_file();
    if let Some(asked) = filter.of_call(app, actor.scope(), query.words()?) {
        let calls = call::Entity::find()
            .select_only()
            .column(call::Column::Id)
            .filter(asked);
        found = found.add(file::Column::CallId.in_subquery(calls.into_query()));
    }
    let page = paginate(
        app.db.read(),
        file::Entity::find().filter(found),
        &query,
        &[("made_at", file::Column::MadeAt)],
        file::Column::CallId,
    )
    .await?;
    let shown = page.shown(async |files| entries(&telephony, files).await);
    Ok(Json(shown.await?))
}

async fn entries(telephony: &Telephony, files: Vec<file::Model>) -> Result<Vec<RecordingEntry>> {
    let app = telephony.app();
    let conn = app.db.read();
    let mut calls = calls_of(conn, &files).await?;
    let agents = calls.values().filter_map(|row| row.agent_id);
    let colleagues = organization::colleagues(conn, agents).await?;
    let terms = retention::Terms::now(conn, app.clock.now()).await?;
    let gone = files.iter().filter(|file| file.removed_at.is_some());
    let mut proofs = retention::removals(conn, gone.map(|file| file.call_id)).await?;
    let mut entries = Vec::with_capacity(files.len());
    for file in files {
        let id = file.call_id;
        let row = calls
            .remove(&id)
            .ok_or_else(|| internal(format!("the recording of {id} has no call")))?;
        let (rule, keep_until) = terms.due(&file).unzip();
        entries.push(RecordingEntry {
            call: view(row, &colleagues, telephony),
            keeping: KeepingView {
                rule,
                keep_until,
                removal: proofs.remove(&id).map(RemovalView::from),
                ..KeepingView::from(file)
            },
        });
    }
    Ok(entries)
}

async fn calls_of(
    conn: &impl ConnectionTrait,
    files: &[file::Model],
) -> Result<HashMap<Uuid, call::Model>> {
    let rows = call::Entity::find()
        .filter(call::Column::Id.is_in(files.iter().map(|file| file.call_id)))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
