//! `Idempotency-Key`: a POST that is sent again is answered again, not done again.
//!
//! A key belongs to one actor and one route for 24 hours. Only what succeeded is kept: a refused request
//! may be corrected and sent again under the same key. An answer with `Cache-Control: no-store` of its
//! handler holds a secret and is not kept, only that it was given. A request whose process died in the middle is
//! carried out again after [`STALE`], since nobody can tell how far it came.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, Set};
use sha2::{Digest, Sha256};

use crate::App;
use crate::problem::{Problem, Result, bad_request, internal, refused, too_large};
use crate::rights::Principal;

/// How long a key is remembered.
pub const REMEMBERED: TimeDelta = TimeDelta::hours(24);
/// A request that has run so long is taken for dead.
const STALE: TimeDelta = TimeDelta::minutes(2);
/// Longest body of a request with a key, and longest answer that is kept, in bytes.
const BODY: usize = 16 << 20;
const ANSWER: usize = 1 << 20;
const KEY: usize = 200;

const HEADER: &str = "idempotency-key";
const REPLAYED: &str = "idempotency-replayed";

crate::table! {
    pub(crate) mod row = "idempotency_keys" (id: String) {
        body_hash: String,
        state: String,
        started_at: DateTimeUtc,
        node: String,
        status: Option<i32>,
        content_type: Option<String>,
        location: Option<String>,
        body: Option<String>,
    }
}

/// The layer; it stands inside the one that knows who is signed in.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get(HEADER).cloned();
    let actor = request
        .extensions()
        .get::<Principal>()
        .map(|principal| principal.user_id);
    match (request.method() == Method::POST, key, actor) {
        (true, Some(key), Some(actor)) => once(app, key, actor, request, next)
            .await
            .unwrap_or_else(IntoResponse::into_response),
        _ => next.run(request).await,
    }
}

async fn once(
    app: App,
    key: HeaderValue,
    actor: Uuid,
    request: Request,
    next: Next,
) -> Result<Response> {
    let key = key
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= KEY)
        .ok_or_else(|| {
            bad_request(
                "bad_idempotency_key",
                "Idempotency-Key is 1 to 200 plain characters",
            )
        })?;
    let route = request
        .uri()
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let id = digest(&[
        actor.to_string().as_bytes(),
        route.as_bytes(),
        key.as_bytes(),
    ]);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY)
        .await
        .map_err(|_| too_large("a request with an Idempotency-Key is at most 16 MB"))?;
    // Keyed: a body may hold a password, which a plain hash would let somebody guess at leisure.
    let body_hash = digest(&[app.key.bytes(), &body]);
    if let Some(answer) = begin(&app, &id, &body_hash).await? {
        return Ok(answer);
    }
    let request = Request::from_parts(parts, Body::from(body));
    // In a task of its own: a caller who hangs up does not leave the request half done and its key taken.
    let task = app.tasks.spawn({
        let app = app.clone();
        async move {
            let response = next.run(request).await;
            keep(&app, id, response).await
        }
    });
    task.await.map_err(|_| internal("a handler panicked"))?
}

/// Takes the key; or the answer that stands already.
async fn begin(app: &App, id: &str, body_hash: &str) -> Result<Option<Response>> {
    let now = app.clock.now();
    let new = row::ActiveModel {
        id: Set(id.to_owned()),
        body_hash: Set(body_hash.to_owned()),
        state: Set("running".to_owned()),
        started_at: Set(now),
        node: Set(app.node.to_string()),
        status: Set(None),
        content_type: Set(None),
        location: Set(None),
        body: Set(None),
    };
    let (id, body_hash) = (id.to_owned(), body_hash.to_owned());
    let stands = app
        .db
        .write(async move |tx| {
            let over = Condition::any()
                .add(row::Column::StartedAt.lt(now - REMEMBERED))
                .add(
                    Condition::all()
                        .add(row::Column::State.eq("running"))
                        .add(row::Column::StartedAt.lt(now - STALE)),
                );
            row::Entity::delete_many()
                .filter(row::Column::Id.eq(&id))
                .filter(over)
                .exec(&*tx)
                .await?;
            let taken = OnConflict::column(row::Column::Id).do_nothing().to_owned();
            let added = row::Entity::insert(new)
                .on_conflict(taken)
                .exec_without_returning(&*tx)
                .await?;
            if added > 0 {
                return Ok(None);
            }
            Ok(row::Entity::find_by_id(id).one(&*tx).await?)
        })
        .await?;
    match stands {
        None => Ok(None),
        Some(row) if row.body_hash != body_hash => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "this Idempotency-Key was used with another body",
        )
        .with_way_out("take a new key for a new request")),
        Some(row) if row.state == "running" => Err(refused(
            "in_progress",
            "the first request with this Idempotency-Key still runs",
        )
        .with_way_out("ask again in a second")),
        Some(row) => replay(row).map(Some),
    }
}

fn replay(row: row::Model) -> Result<Response> {
    let status = row
        .status
        .and_then(|status| u16::try_from(status).ok())
        .unwrap_or(200);
    let Some(body) = row.body else {
        return Err(refused(
            "already_done",
            "it was done, but the answer was too long or too secret to be kept",
        )
        .with_way_out("read the result by GET"));
    };
    let mut response = HttpResponse::builder()
        .status(status)
        .header(HeaderName::from_static(REPLAYED), "true");
    if let Some(kind) = row.content_type {
        response = response.header(header::CONTENT_TYPE, kind);
    }
    if let Some(location) = row.location {
        response = response.header(header::LOCATION, location);
    }
    response.body(Body::from(body)).map_err(internal)
}

/// Keeps the answer of a success; gives the key back otherwise.
async fn keep(app: &App, id: String, response: Response) -> Result<Response> {
    if !response.status().is_success() {
        app.db
            .write(async move |tx| {
                row::Entity::delete_by_id(id).exec(&*tx).await?;
                Ok(())
            })
            .await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(internal)?;
    let text = |name: header::HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (content_type, location) = (text(header::CONTENT_TYPE), text(header::LOCATION));
    // What a handler itself keeps out of caches, such as a first password, is not kept here either.
    let secret = parts
        .headers
        .get(header::CACHE_CONTROL)
        .is_some_and(|value| value == "no-store");
    let kept = (body.len() <= ANSWER && !secret)
        .then(|| String::from_utf8(body.to_vec()).ok())
        .flatten();
    let status = i32::from(parts.status.as_u16());
    app.db
        .write(async move |tx| {
            row::Entity::update_many()
                .col_expr(row::Column::State, "done".into())
                .col_expr(row::Column::Status, status.into())
                .col_expr(row::Column::ContentType, content_type.into())
                .col_expr(row::Column::Location, location.into())
                .col_expr(row::Column::Body, kept.into())
                .filter(row::Column::Id.eq(id))
                .exec(&*tx)
                .await?;
            Ok(())
        })
        .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
