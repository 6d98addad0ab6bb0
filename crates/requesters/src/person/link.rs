//! What was said of two requesters: that they are one, that they are not, and what showed it. Rows are only added.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::Result;
use organization::Colleague;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder as _, QuerySelect as _,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{LinkWhat, ProofKind};
use crate::Requester;

kernel::table! {
    /// One line of the history.
    pub mod row = "requester_links" (id: Uuid) {
        at: DateTimeUtc,
        by_id: Option<Uuid>,
        by_name: String,
        what: String,
        from_id: Uuid,
        into_id: Uuid,
        proof: Option<String>,
        reason: Option<String>,
    }
}

use row::Column;

/// Lines looked at when one judges what was said of a person.
const LOOKED_AT: u64 = 500;

/// A line to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub what: LinkWhat,
    pub from: Uuid,
    pub into: Uuid,
    pub proof: Option<ProofKind>,
    pub reason: Option<&'a str>,
}

pub(crate) async fn note(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    line: Line<'_>,
) -> Result<()> {
    let made = row::ActiveModel {
        id: Set(app.ids.next()),
        at: Set(app.clock.now()),
        by_id: Set(who.user_id),
        by_name: Set(who.name.clone()),
        what: Set(line.what.as_str().to_owned()),
        from_id: Set(line.from),
        into_id: Set(line.into),
        proof: Set(line.proof.map(|proof| proof.as_str().to_owned())),
        reason: Set(line.reason.map(str::to_owned)),
    };
    row::Entity::insert(made).exec_without_returning(tx).await?;
    Ok(())
}

fn touching(members: &[Uuid]) -> Condition {
    Condition::any()
        .add(Column::FromId.is_in(members.iter().copied()))
        .add(Column::IntoId.is_in(members.iter().copied()))
}

/// The lines about these requesters with one of these words, the newest first.
pub(crate) async fn about(
    conn: &impl ConnectionTrait,
    members: &[Uuid],
    what: &[LinkWhat],
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(touching(members))
        .filter(Column::What.is_in(what.iter().map(|what| what.as_str())))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(LOOKED_AT)
        .all(conn)
        .await?)
}

/// A line of the history, as the page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonLink {
    /// Identifies it.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself, and for what a writer proved by himself.
    pub by: Option<Colleague>,
    /// `merged`, `unmerged`, `proven`, `suggested` or `declined`.
    pub what: String,
    /// One of the two; of `merged` and `unmerged` the one that joined or left.
    pub from: Option<Requester>,
    /// The other.
    pub into: Option<Requester>,
    /// What showed it: `code` or `sms`.
    pub proof: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// One page of the history of these requesters, the newest line first.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    members: &[Uuid],
    query: &ListQuery,
) -> Result<Page<PersonLink>> {
    let select = row::Entity::find().filter(touching(members));
    let sortable = [("at", Column::At)];
    let page = paginate(conn, select, query, &sortable, Column::Id).await?;
    page.shown(async |rows| views(conn, rows).await).await
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<PersonLink>> {
    let people = rows.iter().filter_map(|row| row.by_id);
    let people = organization::colleagues(conn, people).await?;
    let requesters = rows.iter().flat_map(|row| [row.from_id, row.into_id]);
    let known = crate::find_many(conn, requesters.collect()).await?;
    let known: HashMap<Uuid, Requester> =
        known.into_iter().map(|known| (known.id, known)).collect();
    let views = rows.into_iter().map(|row| PersonLink {
        by: row.by_id.and_then(|id| people.get(&id).cloned()),
        from: known.get(&row.from_id).cloned(),
        into: known.get(&row.into_id).cloned(),
        id: row.id,
        at: row.at,
        what: row.what,
        proof: row.proof,
        reason: row.reason,
    });
    Ok(views.collect())
}
