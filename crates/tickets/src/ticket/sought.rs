//! Tickets that another capability calls somebody about, within what the asking person may see.

use kernel::problem::{Result, bad_request};
use kernel::{Actor, App, Principal};
use sea_orm::{QueryOrder, QuerySelect};
use uuid::Uuid;

use super::store::{self, Filter, row};
use super::viewer::Viewer;
use crate::ViewTickets;

/// One ticket that `principal` may see; 404 else.
pub async fn one(app: &App, principal: &Principal, id: Uuid) -> Result<row::Model> {
    let actor = Actor::<ViewTickets>::of(principal.clone())?;
    let viewer = Viewer::of(app, &actor).await?;
    store::get(app.db.read(), &viewer, id).await
}

/// The newest tickets that the filter of the list names, as far as `principal` may see them and who they are of.
pub async fn many(
    app: &App,
    principal: &Principal,
    filter: serde_json::Value,
    most: u64,
) -> Result<Vec<row::Model>> {
    let actor = Actor::<ViewTickets>::of(principal.clone())?;
    let viewer = Viewer::of(app, &actor).await?;
    let filter: Filter = serde_json::from_value(filter).map_err(|error| {
        bad_request("filter_unreadable", error.to_string()).with_field("filter")
    })?;
    let rows = filter
        .narrow(viewer.tickets(), &viewer)
        .order_by_desc(row::Column::OpenedAt)
        .limit(most)
        .all(app.db.read())
        .await?;
    let mut rows = rows;
    rows.retain(|ticket| viewer.may_know_requester(ticket));
    Ok(rows)
}
