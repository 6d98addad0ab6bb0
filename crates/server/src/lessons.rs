//! What questions and materials come from, asked of knowledge and telephony.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures::future::BoxFuture;
use kernel::problem::not_found;
use kernel::{App, Result, Scope};
use learning::{SourceArticle, Sources};
use uuid::Uuid;

/// The largest recording of a question: ten minutes.
const LARGEST: u64 = 20 << 20;

/// The house as the learning sees it.
pub struct Lessons(pub App);

impl Lessons {
    async fn path(&self, call: Uuid) -> Result<Option<String>> {
        let found = telephony::calls::store::get(self.0.db.read(), &Scope::All, call).await;
        match found {
            Ok(call) => Ok(call.recording_path),
            Err(problem) if problem.status == 404 => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

impl Sources for Lessons {
    fn article<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<SourceArticle>>> {
        Box::pin(async move {
            let now = self.0.clock.now();
            match knowledge::cited(self.0.db.read(), reference, now).await {
                Ok(cited) => Ok(Some(SourceArticle {
                    id: cited.article_id,
                    n: cited.version,
                    name: format!("{} {}", cited.number, cited.title),
                })),
                Err(problem) if problem.code == "article_unknown" => Ok(None),
                Err(problem) => Err(problem),
            }
        })
    }

    fn has_recording(&self, call: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let Some(path) = self.path(call).await? else {
                return Ok(false);
            };
            // One that was moved to the archive or removed is not heard in an exam.
            Ok(self
                .0
                .files
                .len(&path)
                .await
                .is_ok_and(|bytes| bytes <= LARGEST))
        })
    }

    fn recording(&self, call: Uuid) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let path = self.path(call).await?;
            let path = path.ok_or_else(|| not_found("recording"))?;
            let bytes = self.0.files.get_range(&path, 0..LARGEST).await?;
            let mut response = bytes.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Ok(response)
        })
    }
}
