//! The web console, embedded in the binary.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use kernel::Config;
use kernel::problem::{Result, bad_request, internal};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Bundle;

/// Folders with a page of their own: the window of the chat, and the demo's website around it.
const PAGES: [(&str, &str); 2] = [("widget", "widget/index.html"), ("site", "site/index.html")];

/// Who may show the chat's window in a frame.
#[derive(Clone)]
pub struct Frames(HeaderValue);

impl Frames {
    /// The sites of `channels.sites`; our own always.
    pub fn from_config(config: &Config) -> Result<Self> {
        let sites: Vec<String> = config.get("channels.sites")?;
        for site in &sites {
            let origin = url::Url::parse(site).map(|url| url.origin().ascii_serialization());
            if origin.as_ref() != Ok(site) {
                return Err(bad_request(
                    "bad_config",
                    format!(
                        "channels.sites: `{site}` is no origin such as https://www.example.com"
                    ),
                ));
            }
        }
        let policy = format!(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; \
             object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self' {}",
            sites.join(" ")
        );
        Ok(Self(
            HeaderValue::from_str(policy.trim_end()).map_err(internal)?,
        ))
    }
}

/// A file of the console; any other path is the console itself, which routes by address.
pub async fn serve(State(frames): State<Frames>, uri: Uri) -> Response {
    let asked = uri.path().trim_start_matches('/');
    // The demo's platforms are mounted before this, or they are not there.
    if asked.starts_with("api/") || asked.starts_with("demo/") {
        return kernel::problem::not_found("endpoint").into_response();
    }
    let page = PAGES
        .iter()
        .find(|(folder, _)| asked.trim_end_matches('/') == *folder);
    let path = page.map_or(asked, |(_, page)| *page);
    let (name, file) = match Bundle::get(path) {
        Some(file) if !path.is_empty() => (path, Some(file)),
        // What a page that is there asks for by name is not the console.
        None if asked.starts_with("widget/") => {
            return kernel::problem::not_found("file").into_response();
        }
        _ => ("index.html", Bundle::get("index.html")),
    };
    let Some(file) = file else {
        let way_out = "the console was not built: run `make web`";
        return (StatusCode::NOT_FOUND, way_out).into_response();
    };
    // Built files carry a hash of their content in the name; the page itself must be asked for again.
    let cache = if name.starts_with("assets/") || name.starts_with("widget/assets/") {
        "public, max-age=31536000, immutable"
    } else if name == "widget.js" {
        // It stands in other people's pages: a new one is there in minutes.
        "public, max-age=300"
    } else {
        "no-cache"
    };
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, file.metadata.mimetype())
        .header(header::CACHE_CONTROL, cache);
    if name.starts_with("widget/") {
        response = response.header(header::CONTENT_SECURITY_POLICY, frames.0);
    }
    if name.starts_with("widget") {
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        response = response.header(policy, "cross-origin");
    }
    response
        .body(Body::from(file.data))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
