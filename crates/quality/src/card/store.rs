//! The rows of score cards and their versions.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found, refused};
use kernel::text::{checked, must_be_name};
use kernel::versioned;
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::json;
use uuid::Uuid;

use super::CardBody;
use crate::trail::Scribe;

/// The card that ships (domain §B.4).
const PREPARED: &str = include_str!("prepared.json");

kernel::table! {
    /// A score card.
    pub mod row = "score_cards" (id: Uuid) {
        name: String,
        current_n: Option<i32>,
        state: String,
        created_by: Option<Uuid>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// A version of one; what is published never changes.
    pub mod version_row = "score_card_versions" (id: Uuid) {
        card_id: Uuid,
        n: i32,
        state: String,
        body: Json,
        note: String,
        written_by: Option<Uuid>,
        published_by: Option<Uuid>,
        published_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |card| format!("score card `{}`", card.name));
kernel::versioned!(version_row, |version| format!("version {}", version.n));

impl version_row::Model {
    /// What it says.
    pub fn card(&self) -> Result<CardBody> {
        serde_json::from_value(self.body.clone())
            .map_err(|error| internal(format!("score card version {}: {error}", self.id)))
    }
}

/// Writes the prepared card into an empty table; 2026-12-05 of the design, for the purchaser to confirm.
pub(crate) async fn prepare(app: &App) -> Result<()> {
    let body: CardBody = serde_json::from_str(PREPARED).map_err(internal)?;
    let (db, app) = (app.db.clone(), app.clone());
    db.write(move |tx| async move {
        if row::Entity::find().count(&*tx).await? > 0 {
            return Ok(());
        }
        let who = Who::system("quality");
        let note = "设计默认值，待采购人确认".to_owned();
        let made = make(&app, &tx, &who, "热线服务质检表", (body, note)).await?;
        let first = of_card(&*tx, made.id).await?.remove(0);
        publish(&app, &tx, &who, made, first).await?;
        Ok(())
    })
    .await
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
) -> Result<Page<row::Model>> {
    let select = row::Entity::find();
    let select = match query.words_in(&[row::Column::Name])? {
        Some(words) => select.filter(words),
        None => select,
    };
    let sortable = [("created_at", row::Column::CreatedAt)];
    paginate(conn, select, query, &sortable, row::Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).one(conn).await?;
    found.ok_or_else(|| not_found("score card"))
}

/// The versions of a card, the first first.
pub(crate) async fn of_card(
    conn: &impl ConnectionTrait,
    card: Uuid,
) -> Result<Vec<version_row::Model>> {
    Ok(version_row::Entity::find()
        .filter(version_row::Column::CardId.eq(card))
        .order_by_asc(version_row::Column::N)
        .all(conn)
        .await?)
}

/// The version with this number.
pub(crate) async fn version(
    conn: &impl ConnectionTrait,
    card: Uuid,
    n: i32,
) -> Result<version_row::Model> {
    let found = version_row::Entity::find()
        .filter(version_row::Column::CardId.eq(card))
        .filter(version_row::Column::N.eq(n))
        .one(conn)
        .await?;
    found.ok_or_else(|| not_found("score card version"))
}

/// A version that may be scored by: published, of a card in use.
pub(crate) async fn usable(conn: &impl ConnectionTrait, id: Uuid) -> Result<version_row::Model> {
    let unknown = || invalid("card_version_id", "card_unknown", "no published score card");
    let found = version_row::Entity::find_by_id(id).one(conn).await?;
    let found = found.filter(|version| version.state == "published");
    found.ok_or_else(unknown)
}

pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<version_row::Model>> {
    Ok(version_row::Entity::find()
        .filter(version_row::Column::Id.is_in(ids))
        .all(conn)
        .await?)
}

/// A new card with its first version, a draft.
pub(crate) async fn make(
    app: &App,
    tx: &Tx,
    who: &Who,
    name: &str,
    (body, note): (CardBody, String),
) -> Result<row::Model> {
    must_be_name("name", name)?;
    let now = app.clock.now();
    let taken = row::Entity::find().filter(row::Column::Name.eq(name));
    if taken.count(&**tx).await? > 0 {
        return Err(invalid("name", "name_taken", "another card is called so"));
    }
    let card = row::Model {
        id: app.ids.next(),
        name: name.to_owned(),
        current_n: None,
        state: "active".to_owned(),
        created_by: who.user_id,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &card).await?;
    add(app, tx, who, &card, 1, (body, note)).await?;
    Ok(card)
}

async fn add(
    app: &App,
    tx: &Tx,
    who: &Who,
    card: &row::Model,
    n: i32,
    (body, note): (CardBody, String),
) -> Result<version_row::Model> {
    body.check()?;
    let written = version_row::Model {
        id: app.ids.next(),
        card_id: card.id,
        n,
        state: "draft".to_owned(),
        body: serde_json::to_value(&body).map_err(internal)?,
        note: checked("note", &note)?,
        written_by: who.user_id,
        published_by: None,
        published_at: None,
        updated_at: app.clock.now(),
        version: 1,
    };
    versioned::insert(&**tx, &written).await?;
    tell(app, tx, who, card, "written", n).await?;
    Ok(written)
}

/// Writes the draft of a card: the one that is there, with the version that was read, or the next number.
pub(crate) async fn write(
    app: &App,
    tx: &Tx,
    who: &Who,
    card: &row::Model,
    (read, body, note): (Option<i64>, CardBody, String),
) -> Result<version_row::Model> {
    body.check()?;
    let there = of_card(&**tx, card.id).await?;
    let last = there.last().map_or(0, |version| version.n);
    let Some(draft) = there.into_iter().find(|version| version.state == "draft") else {
        return add(app, tx, who, card, last + 1, (body, note)).await;
    };
    let draft = versioned::as_read(draft, read.unwrap_or_default())?;
    let after = version_row::Model {
        body: serde_json::to_value(&body).map_err(internal)?,
        note: checked("note", &note)?,
        written_by: who.user_id,
        ..draft.clone()
    };
    let after = versioned::save(app, &**tx, &draft, after).await?;
    tell(app, tx, who, card, "written", after.n).await?;
    Ok(after)
}

/// Publishes a draft: from now on it is scored by, and never changes.
pub(crate) async fn publish(
    app: &App,
    tx: &Tx,
    who: &Who,
    card: row::Model,
    draft: version_row::Model,
) -> Result<row::Model> {
    if draft.state != "draft" {
        let detail = format!("version {} is published already", draft.n);
        return Err(refused("card_published", detail).with_way_out("write the next version"));
    }
    let published = version_row::Model {
        state: "published".to_owned(),
        published_by: who.user_id,
        published_at: Some(app.clock.now()),
        ..draft.clone()
    };
    let published = versioned::save(app, &**tx, &draft, published).await?;
    let after = row::Model {
        current_n: Some(published.n),
        ..card.clone()
    };
    let after = versioned::save(app, &**tx, &card, after).await?;
    tell(app, tx, who, &after, "published", published.n).await?;
    Ok(after)
}

async fn tell(app: &App, tx: &Tx, who: &Who, card: &row::Model, what: &str, n: i32) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "score_card",
        id: card.id,
        hidden: Vec::new(),
    };
    let facts = json!({ "number": n, "version": card.version, "recipients": [] });
    scribe.tell(what, None, facts).await
}
