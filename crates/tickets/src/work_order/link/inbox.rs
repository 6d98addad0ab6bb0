//! `POST /api/v1/platform-inbox/{code}`: the platform sends orders by itself. It has no session: its signature
//! is who it is.

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use chrono::TimeDelta;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found, refused, unauthorized};
use kernel::{App, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest as _, Sha256};

use super::{Link, NONCE, SIGNATURE, Stamp, TIMESTAMP, Told, owner};
use crate::work_order::dispatch::Owner;
use crate::work_order::import::{self, Batch, Counts, ImportReport, Origin};
use crate::work_order::intake::{self, Source};
use crate::work_order::platform;

kernel::table! {
    mod nonce = "platform_nonces" (platform: String, nonce: String) {
        at: DateTimeUtc,
    }
}

/// Takes orders that a platform sends by itself: all of them, or with an error in any none. The body is
/// `{"orders": [{"工单编号": "…", …}]}`, by the names of the platform's own columns.
#[utoipa::path(
    post, path = "/api/v1/platform-inbox/{code}", tag = "work orders",
    params(
        ("code" = String, Path),
        ("x-shoujie-timestamp" = i64, Header), ("x-shoujie-nonce" = String, Header),
        ("x-shoujie-signature" = String, Header),
    ),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, body = ImportReport), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn receive(
    State(app): State<App>,
    Path(code): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ImportReport>> {
    // Who does not sign is told nothing, not even whether there is such a platform.
    let (stamp, signature) = stamped(&headers)?;
    let link = Link::from_config(&app)?
        .filter(|link| link.platform == code)
        .ok_or_else(|| not_found("platform that may send orders"))?;
    let target = uri
        .path_and_query()
        .map_or(uri.path(), |target| target.as_str());
    stamp.verify(&link.secret, ("POST", target), &body, signature)?;
    let now = app.clock.now();
    if (now.timestamp() - stamp.timestamp).abs() > link.window_s {
        return Err(unauthorized(
            "signature_stale",
            format!("signed more than {} seconds ago or ahead", link.window_s),
        ));
    }
    let table = Told::parse(&body)?.table()?;
    let conn = app.db.read();
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
            source: "push",
            file_name: String::new(),
            sha256: hex::encode(Sha256::digest(&body)),
        },
    };
    intake::fill(&app, conn, &mut batch, Source::Table(table)).await?;
    let failed = !batch.counts.errors.is_empty();
    let report = app
        .db
        .clone()
        .write(move |tx| async move {
            use_up(&app, &tx, &code, &stamp.nonce).await?;
            if failed {
                let report = import::look(&app, &*tx, &batch).await?;
                import::refused(&app, &tx, &batch, &report).await?;
                return Ok(report);
            }
            Box::pin(import::write(&app, &tx, batch)).await
        })
        .await?;
    if failed {
        return Err(intake::with_errors(&report));
    }
    Ok(Json(report))
}

/// The stamp and the signature of a request.
fn stamped(headers: &HeaderMap) -> Result<(Stamp, &str)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let missing = || unauthorized("signature_missing", "the request is not signed");
    let (timestamp, nonce) = text(TIMESTAMP).zip(text(NONCE)).ok_or_else(missing)?;
    let signature = text(SIGNATURE).ok_or_else(missing)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(8..=64).contains(&nonce.len()) || !nonce.bytes().all(plain) {
        return Err(missing());
    }
    let stamp = Stamp {
        timestamp: timestamp.parse().map_err(|_| missing())?,
        nonce: nonce.to_owned(),
    };
    Ok((stamp, signature))
}

/// Notes a nonce; 409 for one that was used.
async fn use_up(app: &App, tx: &Tx, platform: &str, word: &str) -> Result<()> {
    let used = nonce::ActiveModel {
        platform: Set(platform.to_owned()),
        nonce: Set(word.to_owned()),
        at: Set(app.clock.now()),
    };
    let known = OnConflict::columns([nonce::Column::Platform, nonce::Column::Nonce])
        .do_nothing()
        .to_owned();
    let noted = nonce::Entity::insert(used)
        .on_conflict(known)
        .exec_without_returning(&**tx)
        .await?;
    if noted == 0 {
        return Err(refused(
            "nonce_used",
            "the request was sent before; nothing was done",
        ));
    }
    Ok(())
}

/// Forgets the nonces whose requests would be stale by now.
pub(crate) async fn forget(app: App) -> Result<()> {
    let before = app.clock.now() - TimeDelta::days(1);
    app.db
        .write(move |tx| async move {
            nonce::Entity::delete_many()
                .filter(nonce::Column::At.lt(before))
                .exec(&*tx)
                .await?;
            Ok(())
        })
        .await
}
