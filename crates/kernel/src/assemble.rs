//! From capabilities to a running server.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::http::{Json, health, layers};
use crate::{App, Capability, JobDef, Result, audit, idempotency, live, params, sweep};

/// The longest body of a request in bytes, where a route does not set its own `DefaultBodyLimit`.
pub const BODY_LIMIT: usize = 1 << 20;

/// What the server listens with.
pub struct Assembled {
    /// Every route with all layers around it.
    pub router: Router,
    /// The API as `/api/openapi.json` shows it.
    pub openapi: OpenApi,
}

/// The kernel's own part of the product: `/api/v1/audit`, `/parameters` and `/events`.
pub fn capability(app: &App) -> Capability {
    let (check, swept) = (app.clone(), app.clone());
    let mut permissions = audit::http::permissions();
    permissions.extend(params::http::permissions());
    Capability {
        name: "kernel",
        migrations: crate::migrations(),
        permissions,
        routes: OpenApiRouter::new()
            .merge(audit::http::routes(app))
            .merge(live::http::routes(app))
            .merge(params::http::routes(app)),
        event_handlers: Vec::new(),
        jobs: vec![
            JobDef::daily("audit.check", 2, 30, move || {
                let app = check.clone();
                async move { audit::http::check_all(&app).await }
            }),
            JobDef::daily("kernel.sweep", 3, 10, move || {
                let app = swept.clone();
                async move { sweep::sweep(&app).await }
            }),
        ],
        ..Capability::default()
    }
}

/// [`mount`] and [`run`] in one, where nothing has to be started in between.
pub async fn assemble(
    app: &App,
    capabilities: Vec<Capability>,
    outside: Router,
    session: impl FnOnce(Router) -> Router,
) -> Result<Assembled> {
    let assembled = mount(app, capabilities, outside, session)?;
    run(app).await?;
    Ok(assembled)
}

/// Puts the capabilities together over a migrated database; nothing runs by itself before [`run`].
///
/// `outside` is what is not the API: the console as its fallback, `/sip`. `session` adds the layer that
/// puts the [`Principal`](crate::Principal) into a request; it is around the API and `outside`.
pub fn mount(
    app: &App,
    capabilities: Vec<Capability>,
    outside: Router,
    session: impl FnOnce(Router) -> Router,
) -> Result<Assembled> {
    let info = Info::builder()
        .title("Shoujie")
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    let mut api = OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build());
    for capability in capabilities {
        tracing::debug!(capability = capability.name, "mounted");
        api = api.merge(capability.routes);
        app.rights.register(capability.permissions);
        app.events.subscribe(capability.event_handlers);
        app.jobs.define(capability.jobs);
    }
    let (api, openapi) = api.split_for_parts();
    let document = Json(openapi.clone());
    let limit = Duration::from_secs(app.config.get("http.request_timeout_s")?);
    let api = api
        .route("/api/openapi.json", get(async move || document))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), idempotency::layer))
        .layer(from_fn_with_state(limit, layers::limit_time))
        .layer(from_fn(layers::only_problems))
        .layer(from_fn(layers::keep_out_of_caches));
    let router = session(api.merge(outside))
        .layer(from_fn(layers::catch_panics))
        .merge(health::routes(app))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(from_fn(layers::secure))
        .layer(from_fn_with_state(app.clone(), layers::observe));
    Ok(Assembled { router, openapi })
}

/// Starts what runs by itself: the sealer, event handlers and jobs. What they ask stands by now: a job
/// that looks at an empty floor would sign everybody out.
pub async fn run(app: &App) -> Result<()> {
    audit::start(app);
    app.events.start(app).await?;
    app.jobs.start(app).await
}

/// A recording is asked for in pieces, which compression would hide.
fn worth_compressing() -> impl tower_http::compression::Predicate {
    let audio = NotForContentType::const_new("audio/");
    DefaultPredicate::new().and(audio).and(
        |_: axum::http::StatusCode,
         _: axum::http::Version,
         headers: &axum::http::HeaderMap,
         _: &axum::http::Extensions| { !headers.contains_key(header::CONTENT_RANGE) },
    )
}
