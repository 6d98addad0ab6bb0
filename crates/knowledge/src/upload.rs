//! Tables that come in over HTTP.

use axum::extract::Request;
use documents::Table;
use kernel::attachment::table::{file, unreadable};
use kernel::problem::{Result, internal};

/// The table of a request.
pub(crate) async fn table(request: Request) -> Result<Table> {
    let (_, bytes) = file(request).await?;
    let read = tokio::task::spawn_blocking(move || documents::read(&bytes)).await;
    read.map_err(internal)?.map_err(|why| {
        let at = why.at;
        let at = at.map(|(row, column)| (row, documents::letters(column)));
        unreadable(why.code, why.detail, at)
    })
}
