//! The visitor of the website: known by a token that only his browser has, its hash with us.

pub(crate) mod form;
pub(crate) mod http;
pub(crate) mod hub;
mod stream;
pub(crate) mod view;

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::problem::{Result, unauthorized};
use requesters::{OnChannel, Requester, Writer};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

kernel::table! {
    /// One browser that may write.
    pub mod row = "visitors" (token_hash: String) {
        identity_id: Uuid,
        external_id: String,
        channel: String,
        notice_version: String,
        consented_at: DateTimeUtc,
        last_seen_at: DateTimeUtc,
    }
}

/// A visitor whose token was right.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub identity_id: Uuid,
    pub external_id: String,
    pub channel: String,
}

fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Who has this token; 401 for nobody.
pub(crate) async fn by_token(app: &App, token: &str) -> Result<Visitor> {
    let unknown =
        || unauthorized("visitor_unknown", "this visit is over").with_way_out("begin a new one");
    if token.len() > 128 {
        return Err(unknown());
    }
    let row = row::Entity::find_by_id(hash_of(token))
        .one(app.db.read())
        .await?
        .ok_or_else(unknown)?;
    Ok(Visitor {
        identity_id: row.identity_id,
        external_id: row.external_id,
        channel: row.channel,
    })
}

/// A new visitor who agreed to the notice; his token is told once.
pub(crate) async fn begin(
    app: &App,
    tx: &impl ConnectionTrait,
    channel: &str,
    nickname: Option<&str>,
    notice_version: String,
) -> Result<(String, Visitor, Writer)> {
    let (token, external_id) = (app.ids.secret(24), app.ids.next().simple().to_string());
    let who = OnChannel {
        channel,
        external_id: &external_id,
        nickname,
    };
    let writer = requesters::find_or_create_by_identity(app, tx, who).await?;
    let now: DateTime<Utc> = app.clock.now();
    let made = row::ActiveModel {
        token_hash: Set(hash_of(&token)),
        identity_id: Set(writer.identity_id),
        external_id: Set(external_id.clone()),
        channel: Set(channel.to_owned()),
        notice_version: Set(notice_version),
        consented_at: Set(now),
        last_seen_at: Set(now),
    };
    row::Entity::insert(made)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    let visitor = Visitor {
        identity_id: writer.identity_id,
        external_id,
        channel: channel.to_owned(),
    };
    Ok((token, visitor, writer))
}

/// Who a visitor is, in the form conversations know writers by.
pub(crate) async fn writer(
    app: &App,
    tx: &impl ConnectionTrait,
    visitor: &Visitor,
) -> Result<(Writer, Option<String>)> {
    let who = OnChannel {
        channel: &visitor.channel,
        external_id: &visitor.external_id,
        nickname: None,
    };
    let writer = requesters::find_or_create_by_identity(app, tx, who).await?;
    let name = shown_name(&writer.requester);
    Ok((writer, name))
}

/// The name he gave; what we know of him otherwise is masked.
fn shown_name(requester: &Requester) -> Option<String> {
    let known = requester.name.as_ref().map(kernel::PersonName::masked);
    requester.nickname.clone().or(known)
}
