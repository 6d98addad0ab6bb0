//! The rows of requesters, and how one is found by number.

use std::collections::HashMap;

use kernel::list::{ListQuery, Page, beginning_with, paginate};
use kernel::problem::{Result, internal, not_found, stale};
use kernel::{App, PersonName, Phone, Scope};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::{Requester, UNVERIFIED};
use crate::number::{Number, NumberKind, last_digits, normalise};
use crate::person::store::same_persons;

kernel::table! {
    /// One requester.
    pub mod row = "requesters" (id: Uuid) {
        name: Option<String>,
        phone: Option<String>,
        phone_hash: Option<String>,
        phone_kind: String,
        region: String,
        identity: String,
        contacts: i64,
        first_contact_at: DateTimeUtc,
        last_contact_at: DateTimeUtc,
        person_id: Option<Uuid>,
        merged_into: Option<Uuid>,
        proven_at: Option<DateTimeUtc>,
        proven_by: Option<String>,
        channel: Option<String>,
        nickname: Option<String>,
        version: i64,
    }
}

impl From<row::Model> for Requester {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            name: row.name.map(PersonName::new),
            phone: row.phone.map(Phone::new),
            phone_kind: row.phone_kind,
            region: row.region,
            identity: row.identity,
            contacts: row.contacts,
            first_contact_at: row.first_contact_at,
            last_contact_at: row.last_contact_at,
            person_id: row.person_id.unwrap_or(row.id),
            proven_at: row.proven_at,
            proven_by: row.proven_by,
            channel: row.channel,
            nickname: row.nickname,
            version: row.version,
        }
    }
}

/// The requester with this number, made when there is none; notes the contact.
///
/// Whoever withholds the number gets a new row, since strangers must not see each other's history.
pub async fn find_or_create_by_number(
    app: &App,
    tx: &impl ConnectionTrait,
    number: &str,
) -> Result<Requester> {
    let now = app.clock.now();
    let number = normalise(number);
    let hash = number.as_ref().map(|number| hash_of(app, number));
    let id = app.ids.next();
    let made = row::ActiveModel {
        id: Set(id),
        name: Set(None),
        phone_kind: Set(number
            .as_ref()
            .map_or(NumberKind::Withheld, |number| number.kind)
            .as_str()
            .to_owned()),
        phone: Set(number.map(|number| number.text)),
        phone_hash: Set(hash.clone()),
        region: Set("unknown".to_owned()),
        identity: Set(UNVERIFIED.to_owned()),
        contacts: Set(1),
        first_contact_at: Set(now),
        last_contact_at: Set(now),
        person_id: Set(None),
        merged_into: Set(None),
        proven_at: Set(None),
        proven_by: Set(None),
        channel: Set(None),
        nickname: Set(None),
        version: Set(1),
    };
    // One statement, since two lines may ring from one number at once.
    let again = OnConflict::column(row::Column::PhoneHash)
        .value(row::Column::LastContactAt, Expr::value(now))
        .value(
            row::Column::Contacts,
            Expr::col((row::Entity, row::Column::Contacts)).add(1),
        )
        .to_owned();
    row::Entity::insert(made)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    let row = match &hash {
        Some(hash) => with_hash(tx, hash).await?,
        None => row::Entity::find_by_id(id).one(tx).await?,
    };
    row.map(Into::into)
        .ok_or_else(|| internal("a requester vanished while being made"))
}

/// Somebody whom another office told of: a number as it was written, and a name.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The number; `None` when there is none.
    pub number: Option<String>,
    /// The name given.
    pub name: Option<String>,
}

/// The requesters of many callers, in their order and in a few statements; made where there are none. A name
/// is kept where none was known. Nobody has called or written here: no contact is noted.
pub async fn find_or_create_many(
    app: &App,
    tx: &impl ConnectionTrait,
    callers: &[Caller],
) -> Result<Vec<Uuid>> {
    const AT_ONCE: usize = 500;
    let now = app.clock.now();
    let mut rows: Vec<row::ActiveModel> = Vec::new();
    // Where each caller's row stands among the rows; one number may stand for several callers.
    let mut places = Vec::with_capacity(callers.len());
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut hashes: Vec<Option<String>> = Vec::new();
    for caller in callers {
        let number = caller.number.as_deref().and_then(normalise);
        let hash = number.as_ref().map(|number| hash_of(app, number));
        if let Some(place) = hash.as_ref().and_then(|hash| known.get(hash)) {
            places.push(*place);
            continue;
        }
        let kind = number
            .as_ref()
            .map_or(NumberKind::Withheld, |number| number.kind);
        rows.push(row::ActiveModel {
            id: Set(app.ids.next()),
            name: Set(caller.name.clone()),
            phone: Set(number.map(|number| number.text)),
            phone_hash: Set(hash.clone()),
            phone_kind: Set(kind.as_str().to_owned()),
            region: Set("unknown".to_owned()),
            identity: Set(UNVERIFIED.to_owned()),
            contacts: Set(0),
            first_contact_at: Set(now),
            last_contact_at: Set(now),
            person_id: Set(None),
            merged_into: Set(None),
            proven_at: Set(None),
            proven_by: Set(None),
            channel: Set(None),
            nickname: Set(None),
            version: Set(1),
        });
        let place = rows.len() - 1;
        if let Some(hash) = &hash {
            known.insert(hash.clone(), place);
        }
        hashes.push(hash);
        places.push(place);
    }
    let mut ids: Vec<Uuid> = rows
        .iter()
        .filter_map(|row| row.id.clone().take())
        .collect();
    let keep_name = OnConflict::column(row::Column::PhoneHash)
        .value(
            row::Column::Name,
            Expr::cust("coalesce(requesters.name, excluded.name)"),
        )
        .to_owned();
    for some in rows.chunks(AT_ONCE) {
        row::Entity::insert_many(some.to_vec())
            .on_conflict(keep_name.clone())
            .exec_without_returning(tx)
            .await?;
    }
    let numbered: Vec<&String> = hashes.iter().flatten().collect();
    for some in numbered.chunks(AT_ONCE) {
        let found: Vec<(Uuid, Option<String>)> = row::Entity::find()
            .select_only()
            .columns([row::Column::Id, row::Column::PhoneHash])
            .filter(row::Column::PhoneHash.is_in(some.iter().copied()))
            .into_tuple()
            .all(tx)
            .await?;
        for (id, hash) in found {
            if let Some(place) = hash.and_then(|hash| known.get(&hash).copied()) {
                ids[place] = id;
            }
        }
    }
    Ok(places.into_iter().map(|place| ids[place]).collect())
}

/// The requester with this number, if there is one.
pub async fn by_number(
    app: &App,
    conn: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<Requester>> {
    match normalise(number) {
        Some(number) => Ok(with_hash(conn, &hash_of(app, &number))
            .await?
            .map(Into::into)),
        None => Ok(None),
    }
}

/// The requester with this id, for a crate that has already checked who may see it.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Requester>> {
    Ok(row::Entity::find_by_id(id).one(conn).await?.map(Into::into))
}

/// The requesters with these ids, for a crate that has already checked who may see them.
pub async fn find_many(conn: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<Vec<Requester>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = row::Entity::find()
        .filter(row::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// How many requesters one search finds.
const MOST_SOUGHT: u64 = 200;

/// The requesters that `words` name as [`list`] does, who were in contact last, at most 200, and the
/// others of the same persons; for a crate that has already checked who may know them.
pub async fn sought(app: &App, conn: &impl ConnectionTrait, words: &str) -> Result<Vec<Uuid>> {
    let found = row::Entity::find()
        .select_only()
        .columns([row::Column::Id, row::Column::PersonId])
        .filter(named(app, words))
        .order_by_desc(row::Column::LastContactAt)
        .limit(MOST_SOUGHT)
        .into_tuple()
        .all(conn)
        .await?;
    same_persons(conn, found).await
}

/// A whole number, its last four digits, or the beginning of a name.
fn named(app: &App, words: &str) -> Condition {
    if let Some(digits) = last_digits(words) {
        // As in the index `requesters_last_digits`.
        let end = Expr::cust("substr(requesters.phone, length(requesters.phone) - 3)");
        return Condition::all().add(end.eq(digits));
    }
    match normalise(words).filter(|number| number.kind != NumberKind::Other) {
        Some(number) => Condition::all().add(row::Column::PhoneHash.eq(hash_of(app, &number))),
        None => beginning_with(row::Column::Name, words),
    }
}

/// One page of requesters, one for each person unless they are looked for; `q` is a whole number, its last four digits as `*1234`, or the beginning of a name.
pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    query: &ListQuery,
) -> Result<Page<Requester>> {
    let select = match query.words()? {
        Some(words) => visible(scope).filter(named(app, words)),
        None => visible(scope).filter(row::Column::PersonId.is_null()),
    };
    let sortable = [
        ("last_contact_at", row::Column::LastContactAt),
        ("first_contact_at", row::Column::FirstContactAt),
    ];
    let page = paginate(conn, select, query, &sortable, row::Column::Id).await?;
    Ok(page.map(Into::into))
}

/// One row as it is stored, within the actor's scope.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    visible(scope)
        .filter(row::Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("requester"))
}

/// Sets the name, if the row is still the one the caller read.
pub(crate) async fn rename(
    tx: &impl ConnectionTrait,
    id: Uuid,
    version: i64,
    name: &str,
) -> Result<()> {
    let done = row::Entity::update_many()
        .col_expr(row::Column::Name, Expr::value(name))
        .col_expr(row::Column::Version, Expr::col(row::Column::Version).add(1))
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::Version.eq(version))
        .exec(tx)
        .await?;
    if done.rows_affected == 0 {
        Err(stale("the requester"))
    } else {
        Ok(())
    }
}

/// A requester belongs to no agent and no queue: one sees all of them or none.
fn visible(scope: &Scope) -> Select<row::Entity> {
    match scope {
        Scope::All => row::Entity::find(),
        Scope::Own(_) | Scope::Queues(_) => {
            row::Entity::find().filter(Condition::all().add(Expr::val(1).eq(0)))
        }
    }
}

async fn with_hash(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::PhoneHash.eq(hash))
        .one(conn)
        .await?)
}

pub(crate) fn hash_of(app: &App, number: &Number) -> String {
    Phone::new(number.text.clone()).hash(app.key.bytes())
}

/// Notes that a requester who is known already turned to us once more: a conversation began, a visit was noted.
pub async fn note_contact(app: &App, tx: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    row::Entity::update_many()
        .col_expr(
            row::Column::Contacts,
            Expr::col(row::Column::Contacts).add(1),
        )
        .col_expr(row::Column::LastContactAt, Expr::value(app.clock.now()))
        .filter(row::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether anybody called or wrote after `at`.
pub async fn contact_since(
    conn: &impl ConnectionTrait,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<bool> {
    let later = row::Entity::find().filter(row::Column::LastContactAt.gt(at));
    Ok(later.one(conn).await?.is_some())
}
