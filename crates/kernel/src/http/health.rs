//! `/healthz`, `/readyz` and `/metrics`, for those who watch the process.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, header};
use axum::response::IntoResponse;
use axum::routing::get;
use sea_orm::ConnectionTrait as _;

use crate::masked::keyed_hash;
use crate::metrics::{self, IntGauge, IntGaugeVec};
use crate::problem::{Problem, Result, forbidden, unavailable};
use crate::{App, Clock};

static DUE: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    // kind: event, job
    metrics::gauges(
        "shoujie_due",
        "Deliveries and jobs that are due",
        &["kind", "name"],
    )
});
static QUEUED: LazyLock<IntGauge> =
    LazyLock::new(|| metrics::gauge("shoujie_db_queue", "Closures that wait for the writer now"));
static TASKS: LazyLock<IntGauge> =
    LazyLock::new(|| metrics::gauge("shoujie_tasks", "Tasks that are alive in the process"));
static UNSEALED: LazyLock<IntGauge> = LazyLock::new(|| {
    metrics::gauge(
        "shoujie_audit_unsealed",
        "Rows of the audit trail that wait for the sealer",
    )
});

/// A database that needs longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
/// From so many waiting writes on, new callers are better sent elsewhere.
const CROWDED: usize = 5_000;

/// The routes, all without a session.
pub fn routes(app: &App) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
        .with_state(app.clone())
}

/// The process can serve.
async fn ready(State(app): State<App>) -> Result<&'static str> {
    if app.shutdown.is_cancelled() {
        return Err(unavailable("stopping", "the process is about to stop"));
    }
    if let Some(name) = app.vital.ended() {
        return Err(unavailable(
            "task_ended",
            format!("the task `{name}` has ended; restart the process"),
        ));
    }
    let asked = Clock::guard(PATIENCE, app.db.read().execute_unprepared("select 1")).await;
    if !matches!(asked, Ok(Ok(_))) {
        return Err(unavailable(
            "database_unreachable",
            "the database does not answer",
        ));
    }
    if app.db.queued() > CROWDED {
        return Err(unavailable("database_busy", "too many writes wait"));
    }
    Ok("ready")
}

/// For this machine, or with the token of the settings.
async fn figures(
    State(app): State<App>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<impl IntoResponse> {
    let token: String = app.config.get("metrics.token")?;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = bearer
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    // Hashes are compared, so that the time it takes tells nothing of the token.
    let same = keyed_hash(app.key.bytes(), given) == keyed_hash(app.key.bytes(), &token);
    let known = !token.is_empty() && same;
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    // Behind a proxy on this machine everybody would look local.
    let local = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback())
        && !headers.contains_key("x-forwarded-for");
    if !known && !local {
        return Err(refused());
    }
    sample(&app).await?;
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        metrics::text(),
    ))
}

fn refused() -> Problem {
    forbidden("metrics")
        .with_way_out("ask from this machine, or with Authorization: Bearer metrics.token")
}

/// Figures that are only worth counting when somebody looks.
async fn sample(app: &App) -> Result<()> {
    DUE.reset();
    for (name, count) in app.events.due(app.db.read()).await? {
        DUE.with_label_values(&["event", &name])
            .set(count.cast_signed());
    }
    for (name, count) in app.jobs.due(app.db.read()).await? {
        DUE.with_label_values(&["job", &name])
            .set(count.cast_signed());
    }
    QUEUED.set(app.db.queued().try_into().unwrap_or(i64::MAX));
    let tasks = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    TASKS.set(tasks.try_into().unwrap_or(i64::MAX));
    UNSEALED.set(crate::audit::unsealed(app.db.read()).await?.cast_signed());
    Ok(())
}
