//! The kernel on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod audit;
mod db;
mod events;
mod files;
mod http;
mod idempotency;
mod ids;
mod jobs;
mod key;
mod list;
mod live;
mod migrate;
mod params;
mod search;
mod stop;

use std::time::Duration;

use kernel::Migration;

/// A table of the tests' own.
pub const NOTES: &[Migration] = &[Migration::portable(
    "2026112399_notes",
    "create table notes (id uuid primary key, text text not null, number bigint not null, \
     at timestamptz not null);\ncreate unique index notes_text on notes (text);\n",
)];

kernel::table! {
    mod note = "notes" (id: Uuid) {
        text: String,
        number: i64,
        at: DateTimeUtc,
    }
}

/// Adds one note.
pub async fn note(
    app: &kernel::App,
    conn: &impl sea_orm::ConnectionTrait,
    text: &str,
) -> kernel::Result<()> {
    use sea_orm::{EntityTrait as _, Set};
    let row = note::ActiveModel {
        id: Set(app.ids.next()),
        text: Set(text.to_owned()),
        number: Set(text.len() as i64),
        at: Set(app.clock.now()),
    };
    note::Entity::insert(row)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// How many notes are committed.
pub async fn notes(app: &kernel::App) -> u64 {
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    note::Entity::find().count(app.db.read()).await.unwrap()
}

/// Looks until it is true, for ten seconds at most.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if is_so().await {
            return;
        }
        real_pause(Duration::from_millis(10)).await;
    }
    panic!("not so: {what}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits in real time, whatever the moved clock shows"
)]
async fn real_pause(pause: Duration) {
    tokio::time::sleep(pause).await;
}
