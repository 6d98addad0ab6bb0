//! What went out, for those who run the system.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result};
use kernel::{Actor, audit};
use organization::{Colleague, colleagues};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Filter, row};
use crate::notice::row as notice;
use crate::{Notices, OperateNotices, words};

/// One notice on one way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeDelivery)]
pub(crate) struct DeliveryView {
    /// Identifies it; goes with the message as `webhook-id` and `Message-ID`.
    id: Uuid,
    /// The notice.
    notice_id: Uuid,
    /// To whom.
    user: Option<Colleague>,
    /// `ticket_overdue` …
    kind: String,
    /// The number of the ticket.
    number: Option<String>,
    /// `console`, `email` or `sms`.
    way: String,
    /// `pending`, `sent`, `failed` or `dead`.
    state: String,
    /// Attempts so far.
    attempts: i32,
    /// When it was made.
    made_at: DateTime<Utc>,
    /// When it is tried next; null when it is not.
    next_at: Option<DateTime<Utc>>,
    /// When the other side took it.
    sent_at: Option<DateTime<Utc>>,
    /// What the last attempt failed of.
    last_error: Option<String>,
}

async fn views(conn: &impl ConnectionTrait, page: Page<row::Model>) -> Result<Page<DeliveryView>> {
    let people = colleagues(conn, page.items.iter().map(|row| row.user_id)).await?;
    let ids: Vec<Uuid> = page.items.iter().map(|row| row.notice_id).collect();
    let told = notice::Entity::find()
        .filter(notice::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    let numbers: HashMap<Uuid, String> = told
        .into_iter()
        .filter_map(|told| Some((told.id, words::number(&told.parameters)?.to_owned())))
        .collect();
    Ok(page.map(|row| DeliveryView {
        user: people.get(&row.user_id).cloned(),
        number: numbers.get(&row.notice_id).cloned(),
        next_at: ["pending", "failed"]
            .contains(&row.state.as_str())
            .then_some(row.next_at),
        id: row.id,
        notice_id: row.notice_id,
        kind: row.kind,
        way: row.way,
        state: row.state,
        attempts: row.attempts,
        made_at: row.made_at,
        sent_at: row.sent_at,
        last_error: row.last_error,
    }))
}

/// What went out by e-mail and SMS, the last first.
#[utoipa::path(
    get, path = "/api/v1/notice-deliveries", tag = "notices",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<DeliveryView>)),
)]
pub(crate) async fn list(
    _actor: Actor<OperateNotices>,
    State(notices): State<Notices>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<DeliveryView>>> {
    let conn = notices.app.db.read();
    let page = super::list(conn, &query, &filter).await?;
    views(conn, page).await.map(Json)
}

/// Sends again what failed or was given up, under the same id. 409 `delivery_not_given_up`.
#[utoipa::path(
    post, path = "/api/v1/notice-deliveries/{id}/replay", tag = "notices",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DeliveryView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn replay(
    actor: Actor<OperateNotices>,
    State(notices): State<Notices>,
    Path(id): Path<Uuid>,
) -> Result<Json<DeliveryView>> {
    let (app, who, wake) = (
        notices.app.clone(),
        actor.who(),
        notices.outbox.wake.clone(),
    );
    let db = app.db.clone();
    let view = db
        .write(async move |tx| {
            let row = super::replay(&*tx, id, app.clock.now()).await?;
            let details = json!({ "way": row.way, "kind": row.kind });
            let action = "notice_delivery.replayed";
            audit::record(&app, &*tx, &who, action, "notice_delivery", id, details).await?;
            tx.on_commit(move || wake.ring());
            let one = Page {
                items: vec![row],
                next: None,
                total: 1,
                total_capped: false,
            };
            views(&*tx, one).await
        })
        .await?;
    let found = view.items.into_iter().next();
    found
        .map(Json)
        .ok_or_else(|| kernel::problem::not_found("delivery"))
}
