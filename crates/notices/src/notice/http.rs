//! One's own notices over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::Actor;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Filter, row};
use crate::{Notices, ReadNotices};

/// A notice; the console has the words of its kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoticeView {
    /// Identifies it.
    pub id: Uuid,
    /// `ticket_dispatched`, `ticket_overdue`, `contact_owed` …
    pub kind: String,
    /// `ticket` or `contact_record`.
    pub subject_kind: String,
    /// What it is about.
    pub subject_id: String,
    /// What the words of the kind need: `number`, `due_at`.
    #[schema(value_type = Object)]
    pub parameters: serde_json::Value,
    /// `normal` or `urgent`.
    pub urgency: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
    /// When there was nothing left to do about it.
    pub done_at: Option<DateTime<Utc>>,
}

impl From<row::Model> for NoticeView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            parameters: row.parameters,
            urgency: row.urgency,
            at: row.at,
            read_at: row.read_at,
            done_at: row.done_at,
        }
    }
}

/// One's own notices: the unread first, the newest before the older. `sort=-at` mixes them.
#[utoipa::path(
    get, path = "/api/v1/notices", tag = "notices",
    params(ListQuery, Filter),
    responses((status = 200, body = Page<NoticeView>)),
)]
pub(crate) async fn list(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<NoticeView>>> {
    let page = super::list(notices.app.db.read(), actor.user_id(), &query, &filter).await?;
    Ok(Json(page.map(NoticeView::from)))
}

/// What the badge of the bell shows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeCount {
    /// Not read yet.
    unread: u64,
    /// Of them the urgent ones.
    urgent: u64,
}

/// How many of one's own notices are unread.
#[utoipa::path(
    get, path = "/api/v1/notices/count", tag = "notices",
    responses((status = 200, body = NoticeCount)),
)]
pub(crate) async fn count(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
) -> Result<Json<NoticeCount>> {
    let (unread, urgent) = super::unread(notices.app.db.read(), actor.user_id()).await?;
    Ok(Json(NoticeCount { unread, urgent }))
}

/// Marks one notice as read; a second time changes nothing.
#[utoipa::path(
    post, path = "/api/v1/notices/{id}/read", tag = "notices",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = NoticeView), (status = 404, body = Problem)),
)]
pub(crate) async fn read(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
    Path(id): Path<Uuid>,
) -> Result<Json<NoticeView>> {
    let (user, now, live) = (
        actor.user_id(),
        notices.app.clock.now(),
        notices.app.live.clone(),
    );
    let row = notices
        .app
        .db
        .write(async move |tx| {
            super::tell_read(&live, &tx, user);
            super::read(&*tx, user, id, now).await
        })
        .await?;
    Ok(Json(row.into()))
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeReadAll)]
pub(crate) struct ReadAll {
    /// Only notices that came until this time: those the person has seen. Now unless told.
    until: Option<DateTime<Utc>>,
}

/// How many were marked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeReadDone)]
pub(crate) struct ReadDone {
    /// Notices that were unread.
    read: u64,
}

/// Marks one's own notices as read.
#[utoipa::path(
    post, path = "/api/v1/notices/read-all", tag = "notices",
    request_body = ReadAll,
    responses((status = 200, body = ReadDone)),
)]
pub(crate) async fn read_all(
    actor: Actor<ReadNotices>,
    State(notices): State<Notices>,
    Json(asked): Json<ReadAll>,
) -> Result<Json<ReadDone>> {
    let (user, now, live) = (
        actor.user_id(),
        notices.app.clock.now(),
        notices.app.live.clone(),
    );
    let until = asked.until.unwrap_or(now);
    let read = notices
        .app
        .db
        .write(async move |tx| {
            super::tell_read(&live, &tx, user);
            super::read_all(&*tx, user, until, now).await
        })
        .await?;
    Ok(Json(ReadDone { read }))
}
