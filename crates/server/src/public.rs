//! What the sign-in page may know before anybody signs in.

use axum::extract::State;
use kernel::http::Json;
use kernel::{App, Result};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The public settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicConfig {
    /// The demo: the sign-in page offers its people.
    pub demo: bool,
    /// The number the public calls.
    pub hotline: String,
    /// What this hotline is called.
    pub name: String,
    /// The version of this binary.
    pub version: &'static str,
    /// The demo's people.
    pub demo_sign_ins: Vec<DemoSignIn>,
    /// Their password; null outside the demo.
    pub demo_password: Option<&'static str>,
}

/// One of the demo's people.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoSignIn {
    /// Sign-in name.
    pub username: &'static str,
    /// Role code.
    pub role: &'static str,
}

/// The public settings.
#[utoipa::path(get, path = "/api/v1/config-public", tag = "server", responses((status = 200, body = PublicConfig)))]
async fn show(State((app, demo)): State<(App, bool)>) -> Result<Json<PublicConfig>> {
    let numbers: Vec<String> = app.config.get("sip.hotline_numbers")?;
    let people = if demo {
        organization::demo::PEOPLE
    } else {
        &[]
    };
    Ok(Json(PublicConfig {
        demo,
        hotline: numbers.into_iter().next().unwrap_or_default(),
        name: app.config.get("service.name")?,
        version: env!("CARGO_PKG_VERSION"),
        demo_password: demo.then_some(organization::demo::PASSWORD),
        demo_sign_ins: people
            .iter()
            .map(|person| DemoSignIn {
                username: person.username,
                role: person.role.as_str(),
            })
            .collect(),
    }))
}

/// The routes of the server itself.
pub fn routes(app: &App, demo: bool) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .with_state((app.clone(), demo))
}
