//! What platforms send to our address, and what is fetched where they send nothing: mailboxes, and WeChat Kefu, which
//! only rings.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::Path;
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::{App, lease};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::channel::{self, row as channel_row};
use crate::platform::{Answer, RawRequest, adapter};
use crate::{Channels, intake};

/// The largest callback of a platform, in bytes.
const LARGEST: usize = 1 << 20;
/// Pulls in a row before the other channels have their turn.
const MOST_PULLS: usize = 50;
const LONGEST: TimeDelta = TimeDelta::seconds(5);
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// The routes of platforms; their signature is who they are.
pub(crate) fn routes(channels: &Channels) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(verify, receive))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(channels.clone())
}

/// A platform asks whether this address is ours.
#[utoipa::path(
    get, path = "/api/v1/channel-inbox/{code}", tag = "channels",
    params(("code" = String, Path, description = "The channel")),
    responses((status = 200, body = String), (status = 401, body = Problem), (status = 404, body = Problem)),
)]
async fn verify(
    State(channels): State<Channels>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response> {
    taken(
        &channels,
        &code,
        raw(Method::GET, query, headers, Bytes::new()),
    )
    .await
}

/// A platform tells what people wrote. It is answered once that is stored.
#[utoipa::path(
    post, path = "/api/v1/channel-inbox/{code}", tag = "channels",
    params(("code" = String, Path, description = "The channel")),
    request_body(content = String, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = String), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 413, body = Problem),
    ),
)]
async fn receive(
    State(channels): State<Channels>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    taken(&channels, &code, raw(Method::POST, query, headers, body)).await
}

fn raw(method: Method, query: Option<String>, headers: HeaderMap, body: Bytes) -> RawRequest {
    RawRequest {
        method,
        query: query.unwrap_or_default(),
        headers,
        body,
    }
}

async fn taken(channels: &Channels, code: &str, request: RawRequest) -> Result<Response> {
    let app = channels.app();
    let channel = channel::enabled(app.db.read(), code).await?;
    let adapter = adapter(&channel.kind).ok_or_else(|| not_found("channel"))?;
    let received = adapter.receive(app, &channel.account(app)?, &request)?;
    intake::take(channels, &channel, received.inbound).await?;
    if let Some(hint) = received.pull {
        // The platform is answered at once; what it rang for is fetched behind its back.
        let channels = channels.clone();
        app.tasks.spawn(async move {
            if let Err(problem) = pull(&channels, &channel, Some(&hint)).await {
                tracing::error!(channel = %channel.code, %problem, "news wait at a platform");
            }
        });
    }
    answered(received.answer)
}

fn answered(answer: Answer) -> Result<Response> {
    let mut response = Response::builder()
        .status(answer.status)
        .body(Body::from(answer.body))
        .map_err(internal)?;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(answer.media_type),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response.into_response())
}

/// Fetches what a platform has from the cursor that was kept, page by page; the cursor moves with what is stored.
async fn pull(channels: &Channels, channel: &channel_row::Model, hint: Option<&str>) -> Result<()> {
    let app = channels.app();
    let adapter = adapter(&channel.kind).ok_or_else(|| not_found("channel"))?;
    for _ in 0..MOST_PULLS {
        let now = app.clock.now();
        let (name, node) = (format!("channels.pull.{}", channel.code), app.node.clone());
        let ours = app
            .db
            .write(async move |tx| lease::hold(&*tx, &name, &node, now, LEASE).await)
            .await?;
        if !ours {
            return Ok(());
        }
        let channel = channel::enabled(app.db.read(), &channel.code).await?;
        let account = channel.account(app)?;
        let pulled = adapter
            .pull(app, &account, channel.cursor.as_deref(), hint)
            .await?;
        for (external_id, reason, body) in pulled.unreadable {
            intake::keep_aside(app, &channel.code, external_id, reason, &body).await?;
        }
        intake::take(channels, &channel, pulled.inbound).await?;
        if pulled.cursor.is_some() && pulled.cursor != channel.cursor {
            keep_cursor(app, channel.code, pulled.cursor).await?;
        }
        if !pulled.more {
            return Ok(());
        }
    }
    Ok(())
}

async fn keep_cursor(app: &App, code: String, cursor: Option<String>) -> Result<()> {
    app.db
        .write(move |tx| async move {
            let kept = channel_row::ActiveModel {
                cursor: Set(cursor),
                ..Default::default()
            };
            channel_row::Entity::update_many()
                .set(kept)
                .filter(channel_row::Column::Code.eq(code))
                .exec(&*tx)
                .await?;
            Ok(())
        })
        .await
}

/// Looks at each mailbox in its turn until the process stops.
pub(crate) async fn run(channels: Channels) {
    let app = channels.app().clone();
    let mut due: HashMap<String, DateTime<Utc>> = HashMap::new();
    loop {
        if let Err(problem) = pull_due(&channels, &mut due).await {
            tracing::error!(%problem, "mailboxes wait");
        }
        let now = app.clock.now();
        let next = due.values().min().copied().unwrap_or(now + LONGEST);
        let wake = next.clamp(now + TimeDelta::milliseconds(200), now + LONGEST);
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.clock.sleep_until(wake) => {}
        }
    }
}

async fn pull_due(channels: &Channels, due: &mut HashMap<String, DateTime<Utc>>) -> Result<()> {
    let app = channels.app();
    for channel in channel::all(app.db.read()).await? {
        let Some(adapter) = adapter(&channel.kind).filter(|_| channel.enabled) else {
            continue;
        };
        let Some(every) = adapter.pull_every(&channel.account(app)?) else {
            continue;
        };
        let now = app.clock.now();
        if due.get(&channel.code).is_some_and(|at| *at > now) {
            continue;
        }
        due.insert(
            channel.code.clone(),
            now + TimeDelta::seconds(every.max(1).into()),
        );
        if let Err(problem) = pull(channels, &channel, None).await {
            tracing::warn!(channel = %channel.code, %problem, "a mailbox was not read");
        }
    }
    Ok(())
}
