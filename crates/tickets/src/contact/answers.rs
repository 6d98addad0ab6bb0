//! Whether an approved answer may be given: the capability `knowledge` is asked, wired in `server`.

use futures::future::BoxFuture;
use kernel::problem::Result;

/// Who knows the approved answers.
pub trait Answers: Send + Sync {
    /// 404, 409 unless `<article>@<version>` may be said now.
    fn cite<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<()>>;
}
