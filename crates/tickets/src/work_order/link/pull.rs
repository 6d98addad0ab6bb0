//! Looks for new orders at the platform: `GET {url}/orders?after={cursor}` answers
//! `{"orders": [{…}], "next": "…"}`. What is wrong in one order does not hold the others up.

use kernel::App;
use kernel::audit::Who;
use kernel::problem::{Result, unavailable};
use reqwest::Method;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use sha2::{Digest as _, Sha256};

use super::{Link, Told, owner};
use crate::work_order::dispatch::Owner;
use crate::work_order::import::{self, Batch, Counts, Origin};
use crate::work_order::intake::{self, Source};
use crate::work_order::platform;

/// Pages of one look; the rest comes with the next one.
const MOST_PAGES: usize = 20;

kernel::table! {
    mod row = "platform_links" (platform: String) {
        pulled_at: Option<DateTimeUtc>,
        cursor: Option<String>,
        last_error: Option<String>,
    }
}

/// The job.
pub(crate) async fn pull(app: App) -> Result<()> {
    let Some(link) = Link::from_config(&app)?.filter(|link| !link.url.is_empty()) else {
        return Ok(());
    };
    for _ in 0..MOST_PAGES {
        if !page(&app, &link).await? {
            break;
        }
    }
    Ok(())
}

/// One page; whether there is another.
async fn page(app: &App, link: &Link) -> Result<bool> {
    let conn = app.db.read();
    let code = link.platform.clone();
    let known = row::Entity::find_by_id(code.clone()).one(conn).await?;
    let cursor = known.and_then(|row| row.cursor).unwrap_or_default();
    let after = encoded(&cursor);
    let path = format!("/orders?after={after}");
    let (status, body) = link.call(app, Method::GET, &path, Vec::new()).await?;
    if !status.is_success() {
        let detail = format!("the platform answers {status}");
        return Err(unavailable("platform_refuses", detail));
    }
    let told = Told::parse(&body)?;
    let next = told.next.clone().filter(|next| *next != cursor);
    let mut batch = Batch {
        platform: platform::in_use(conn, &code).await?,
        orders: Vec::new(),
        present: Vec::new(),
        counts: Counts::default(),
        owner: Owner::ByRule {
            fallback: owner(conn).await?,
        },
        who: Who::system(&format!("platform:{code}")),
        origin: Origin {
            source: "pull",
            file_name: String::new(),
            sha256: hex::encode(Sha256::digest(&body)),
        },
    };
    let any = !told.orders.is_empty();
    if any {
        let table = told.table()?;
        intake::fill(app, conn, &mut batch, Source::Table(table)).await?;
        for error in &batch.counts.errors {
            let (code, row) = (error.code, error.row);
            tracing::warn!(
                platform = link.platform,
                row,
                code,
                "a pulled order is not taken"
            );
        }
    }
    let (services, kept) = (app.clone(), next.clone().unwrap_or(cursor));
    app.db
        .write(move |tx| async move {
            if any {
                Box::pin(import::write(&services, &tx, batch)).await?;
            }
            // The place is kept with the orders: a crash between them brings no order twice and leaves none out.
            let seen = row::ActiveModel {
                platform: Set(code),
                pulled_at: Set(Some(services.clock.now())),
                cursor: Set(Some(kept)),
                last_error: Set(None),
            };
            let over = OnConflict::column(row::Column::Platform)
                .update_columns([
                    row::Column::PulledAt,
                    row::Column::Cursor,
                    row::Column::LastError,
                ])
                .to_owned();
            row::Entity::insert(seen)
                .on_conflict(over)
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await?;
    Ok(any && next.is_some())
}

/// A cursor as it stands in a query.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}
