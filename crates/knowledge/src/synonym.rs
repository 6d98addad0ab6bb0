//! Words that mean the same: 准考证 and 打印凭证. Who looks for one finds the other.

use axum::extract::State as Services;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::{Actor, App, versioned};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::article::{joined, split, words};
use crate::rights::{ManageSynonyms, ViewArticles};

/// Groups there may be: each question is compared with all of them.
const MOST: u64 = 1_000;

kernel::table! {
    /// One group; its state is always the same, as a group has no life.
    mod row = "knowledge_synonyms" (id: Uuid) {
        words: String,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |group| format!(
    "synonyms `{}`",
    group.words.replace('\n', "=")
));

/// All groups.
pub async fn groups(conn: &impl ConnectionTrait) -> Result<Vec<Vec<String>>> {
    let rows = all(conn).await?;
    Ok(rows.iter().map(|row| split(&row.words)).collect())
}

async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Words)
        .order_by_asc(row::Column::Id)
        .all(conn)
        .await?)
}

async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("group of synonyms"))
}

/// Adds a group; for the demo and what a predecessor hands over too.
pub(crate) async fn add(
    app: &App,
    tx: &kernel::Tx,
    who: &audit::Who,
    group: Vec<String>,
) -> Result<Uuid> {
    let row = row::Model {
        id: app.ids.next(),
        words: joined(&group),
        state: "active".to_owned(),
        updated_at: app.clock.now(),
        version: 1,
    };
    versioned::insert(&**tx, &row).await?;
    let details = json!({ "words": group });
    audit::record(app, &**tx, who, "synonym.added", "synonym", row.id, details).await?;
    Ok(row.id)
}

/// Writes other words over a group.
pub(crate) async fn rewrite(
    app: &App,
    tx: &kernel::Tx,
    who: &audit::Who,
    id: Uuid,
    group: Vec<String>,
) -> Result<()> {
    let before = get(&**tx, id).await?;
    let after = row::Model {
        words: joined(&group),
        ..before.clone()
    };
    versioned::save(app, &**tx, &before, after).await?;
    let details = json!({ "words": group });
    audit::record(app, &**tx, who, "synonym.edited", "synonym", id, details).await
}

/// The routes of synonyms.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(replace, remove))
        .with_state(app.clone())
}

/// A group of words that mean the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct SynonymView {
    /// Identifies it.
    pub id: Uuid,
    /// 2 to 40 words.
    pub words: Vec<String>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// All groups.
#[derive(Debug, Serialize, ToSchema)]
pub struct SynonymList {
    /// By their first words.
    pub items: Vec<SynonymView>,
}

async fn listed(app: &App) -> Result<Json<SynonymList>> {
    let rows = all(app.db.read()).await?;
    let items = rows.into_iter().map(|row| SynonymView {
        id: row.id,
        words: split(&row.words),
        updated_at: row.updated_at,
        version: row.version,
    });
    Ok(Json(SynonymList {
        items: items.collect(),
    }))
}

/// A group of words; says no to what is none.
pub(crate) fn group(words_of: Vec<String>) -> Result<Vec<String>> {
    let group = words("words", words_of)?;
    let short = group.iter().any(|word| word.chars().count() < 2);
    if group.len() < 2 || short {
        let detail = "at least two words, each of two characters or more";
        return Err(invalid("words", "synonyms_too_few", detail));
    }
    Ok(group)
}

/// All groups of words that mean the same.
#[utoipa::path(
    get, path = "/api/v1/synonyms", tag = "knowledge", operation_id = "list_synonyms",
    responses((status = 200, body = SynonymList)),
)]
async fn list(
    _actor: Actor<ViewArticles>,
    Services(app): Services<App>,
) -> Result<Json<SynonymList>> {
    listed(&app).await
}

/// A group to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSynonyms {
    /// 2 to 40 words of at least two characters.
    words: Vec<String>,
}

/// Adds a group; answers all.
#[utoipa::path(
    post, path = "/api/v1/synonyms", tag = "knowledge", operation_id = "add_synonyms",
    request_body = NewSynonyms,
    responses((status = 201, body = SynonymList), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<ManageSynonyms>,
    Services(app): Services<App>,
    Json(new): Json<NewSynonyms>,
) -> Result<(StatusCode, Json<SynonymList>)> {
    let group = group(new.words)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        if row::Entity::find().count(&*tx).await? >= MOST {
            return Err(refused(
                "too_many_synonyms",
                "there are a thousand groups already",
            ));
        }
        add(&app, &tx, &who, group).await
    })
    .await?;
    Ok((StatusCode::CREATED, listed(&done).await?))
}

/// A group as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangedSynonyms {
    /// The version that was read.
    version: i64,
    /// 2 to 40 words of at least two characters.
    words: Vec<String>,
}

/// Changes a group; answers all.
#[utoipa::path(
    put, path = "/api/v1/synonyms/{id}", tag = "knowledge", operation_id = "change_synonyms",
    params(("id" = Uuid, Path)),
    request_body = ChangedSynonyms,
    responses((status = 200, body = SynonymList), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn replace(
    actor: Actor<ManageSynonyms>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<ChangedSynonyms>,
) -> Result<Json<SynonymList>> {
    let group = group(request.words)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = versioned::as_read(get(&*tx, id).await?, request.version)?;
        let mut after = before.clone();
        after.words = joined(&group);
        versioned::save(&app, &*tx, &before, after).await?;
        let details = json!({ "before": split(&before.words), "words": group });
        audit::record(&app, &*tx, &who, "synonym.changed", "synonym", id, details).await
    })
    .await?;
    listed(&done).await
}

/// Takes a group away; answers what is left.
#[utoipa::path(
    delete, path = "/api/v1/synonyms/{id}", tag = "knowledge", operation_id = "remove_synonyms",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SynonymList), (status = 404, body = Problem)),
)]
async fn remove(
    actor: Actor<ManageSynonyms>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SynonymList>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let gone = get(&*tx, id).await?;
        row::Entity::delete_by_id(id).exec(&*tx).await?;
        let details = json!({ "words": split(&gone.words) });
        audit::record(&app, &*tx, &who, "synonym.removed", "synonym", id, details).await
    })
    .await?;
    listed(&done).await
}
