//! What questions and materials come from lies with other capabilities: articles with knowledge, recordings with
//! telephony. The server answers.

use axum::response::Response;
use futures::future::BoxFuture;
use kernel::Result;
use uuid::Uuid;

/// A version of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceArticle {
    /// The article.
    pub id: Uuid,
    /// The version.
    pub n: i32,
    /// Number and title, as people name it.
    pub name: String,
}

/// Where questions and materials come from.
pub trait Sources: Send + Sync + 'static {
    /// The article's version that `reference` (`uuid@n`) names; none where there is no such.
    fn article<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<SourceArticle>>>;

    /// Whether there is a recording of this call.
    fn has_recording(&self, call: Uuid) -> BoxFuture<'_, Result<bool>>;

    /// The recording, to be heard.
    fn recording(&self, call: Uuid) -> BoxFuture<'_, Result<Response>>;
}

/// Nothing else is there: no articles, no recordings.
#[derive(Debug, Clone, Copy)]
pub struct NoSources;

impl Sources for NoSources {
    fn article<'a>(&'a self, _reference: &'a str) -> BoxFuture<'a, Result<Option<SourceArticle>>> {
        Box::pin(async { Ok(None) })
    }

    fn has_recording(&self, _call: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    fn recording(&self, _call: Uuid) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async { Err(kernel::problem::not_found("recording")) })
    }
}
