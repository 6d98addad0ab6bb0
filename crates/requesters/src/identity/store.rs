//! The rows of identities, and how one is found while its message comes in.

use chrono::TimeDelta;
use kernel::App;
use kernel::problem::{Result, internal};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter,
    QueryOrder as _, QuerySelect as _, RelationDef,
};

use super::{NO_NUMBER, OnChannel, Writer, mail_of};
use crate::requester::UNVERIFIED;
use crate::requester::store::row as requester_row;

kernel::table! {
    /// One account of a platform.
    pub mod row = "requester_identities" (id: Uuid) {
        channel: String,
        external_id: String,
        requester_id: Uuid,
        nickname: Option<String>,
        mail_hash: Option<String>,
        first_seen_at: DateTimeUtc,
        last_seen_at: DateTimeUtc,
    }
}

/// How far the time last seen may lag behind.
const LAG: TimeDelta = TimeDelta::minutes(1);

/// Who writes, made when nobody knows him yet: a requester without a number, of his own. One statement when he is
/// known and wrote within the last minute.
pub async fn find_or_create_by_identity(
    app: &App,
    tx: &impl ConnectionTrait,
    who: OnChannel<'_>,
) -> Result<Writer> {
    let external_id = who.checked()?;
    if let Some(known) = known(tx, who.channel, external_id).await? {
        return seen(app, tx, known, &who).await;
    }
    let (now, requester_id) = (app.clock.now(), app.ids.next());
    let identity = row::ActiveModel {
        id: Set(app.ids.next()),
        channel: Set(who.channel.to_owned()),
        external_id: Set(external_id.to_owned()),
        requester_id: Set(requester_id),
        nickname: Set(who.shown_nickname()),
        mail_hash: Set(mail_of(external_id).map(|mail| mail_hash(app, &mail))),
        first_seen_at: Set(now),
        last_seen_at: Set(now),
    };
    // The identity first: of two messages at once only one gets to make the requester.
    let taken = OnConflict::columns([row::Column::Channel, row::Column::ExternalId])
        .do_nothing()
        .to_owned();
    let made = row::Entity::insert(identity)
        .on_conflict(taken)
        .exec_without_returning(tx)
        .await?;
    let new = made == 1;
    if new {
        let requester = requester_row::ActiveModel {
            id: Set(requester_id),
            name: Set(None),
            phone: Set(None),
            phone_hash: Set(None),
            phone_kind: Set(NO_NUMBER.to_owned()),
            region: Set("unknown".to_owned()),
            identity: Set(UNVERIFIED.to_owned()),
            contacts: Set(1),
            first_contact_at: Set(now),
            last_contact_at: Set(now),
            person_id: Set(None),
            merged_into: Set(None),
            proven_at: Set(None),
            proven_by: Set(None),
            channel: Set(Some(who.channel.to_owned())),
            nickname: Set(who.shown_nickname()),
            version: Set(1),
        };
        requester_row::Entity::insert(requester)
            .exec_without_returning(tx)
            .await?;
    }
    let (identity, requester) = known(tx, who.channel, external_id)
        .await?
        .ok_or_else(|| internal("an identity vanished while being made"))?;
    Ok(Writer {
        identity_id: identity.id,
        requester: requester.into(),
        new,
    })
}

/// The keyed hash of an e-mail address, in small letters.
pub(crate) fn mail_hash(app: &App, mail: &str) -> String {
    kernel::masked::keyed_hash(app.key.bytes(), &mail.to_ascii_lowercase())
}

type Known = (row::Model, requester_row::Model);

async fn known(
    conn: &impl ConnectionTrait,
    channel: &str,
    external_id: &str,
) -> Result<Option<Known>> {
    let found = row::Entity::find()
        .select_also(requester_row::Entity)
        .join(JoinType::InnerJoin, whose())
        .filter(row::Column::Channel.eq(channel))
        .filter(row::Column::ExternalId.eq(external_id))
        .one(conn)
        .await?;
    Ok(found.and_then(|(identity, requester)| Some((identity, requester?))))
}

fn whose() -> RelationDef {
    row::Entity::belongs_to(requester_row::Entity)
        .from(row::Column::RequesterId)
        .to(requester_row::Column::Id)
        .into()
}

/// Notes that he wrote again, a new contact after a silence, and under which name.
async fn seen(
    app: &App,
    tx: &impl ConnectionTrait,
    (identity, mut requester): Known,
    who: &OnChannel<'_>,
) -> Result<Writer> {
    let now = app.clock.now();
    let renamed = who
        .shown_nickname()
        .filter(|name| identity.nickname.as_ref() != Some(name));
    let silent = now - identity.last_seen_at;
    if renamed.is_some() || silent >= LAG {
        let mut update = row::Entity::update_many()
            .col_expr(row::Column::LastSeenAt, Expr::value(now))
            .filter(row::Column::Id.eq(identity.id));
        if let Some(name) = &renamed {
            update = update.col_expr(row::Column::Nickname, Expr::value(name.as_str()));
        }
        update.exec(tx).await?;
        let mut update = requester_row::Entity::update_many()
            .col_expr(requester_row::Column::LastContactAt, Expr::value(now))
            .filter(requester_row::Column::Id.eq(requester.id));
        if let Some(name) = renamed {
            update = update.col_expr(requester_row::Column::Nickname, Expr::value(name.as_str()));
            requester.nickname = Some(name);
        }
        update.exec(tx).await?;
        requester.last_contact_at = now;
    }
    Ok(Writer {
        identity_id: identity.id,
        requester: requester.into(),
        new: false,
    })
}

/// Accounts shown of one person.
const SHOWN: u64 = 100;

/// The identities of these requesters, those seen last first.
pub(crate) async fn of_requesters(
    conn: &impl ConnectionTrait,
    requesters: &[uuid::Uuid],
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::RequesterId.is_in(requesters.iter().copied()))
        .order_by_desc(row::Column::LastSeenAt)
        .order_by_desc(row::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?)
}
