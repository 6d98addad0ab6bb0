//! Score cards over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result};
use kernel::versioned::as_read;
use kernel::{Actor, App, Tx};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::CardBody;
use super::store::{self, row, version_row};
use crate::rights::{PublishScoreCards, ViewScoreCards, WriteScoreCards};

/// The routes of score cards.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(show))
        .routes(routes!(write))
        .routes(routes!(publish))
        .with_state(app.clone())
}

/// A score card in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreCardView {
    /// Identifies it.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// The version that is scored by; null before the first is published.
    pub current_n: Option<i32>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A version of a score card.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScoreCardVersionView {
    /// Identifies it.
    pub id: Uuid,
    /// Counts from 1.
    pub n: i32,
    /// `draft` or `published`.
    pub state: String,
    /// What it says.
    pub body: CardBody,
    /// Why it was written.
    pub note: String,
    /// Who wrote it; null for what ships.
    pub written_by: Option<Colleague>,
    /// Who published it.
    pub published_by: Option<Colleague>,
    /// When.
    pub published_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// A score card with its versions, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreCardDetail {
    /// The card.
    #[serde(flatten)]
    pub card: ScoreCardView,
    /// Its versions.
    pub versions: Vec<ScoreCardVersionView>,
}

fn view(row: row::Model) -> ScoreCardView {
    ScoreCardView {
        id: row.id,
        name: row.name,
        current_n: row.current_n,
        created_at: row.created_at,
        version: row.version,
    }
}

async fn detail(app: &App, row: row::Model) -> Result<Json<ScoreCardDetail>> {
    let conn = app.db.read();
    let rows = store::of_card(conn, row.id).await?;
    let mut named = Vec::new();
    for one in &rows {
        named.extend([one.written_by, one.published_by].into_iter().flatten());
    }
    let people = organization::colleagues(conn, named).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let shown = |one: version_row::Model| {
        Ok(ScoreCardVersionView {
            id: one.id,
            n: one.n,
            body: one.card()?,
            written_by: person(one.written_by),
            published_by: person(one.published_by),
            published_at: one.published_at,
            version: one.version,
            state: one.state,
            note: one.note,
        })
    };
    let versions = rows.into_iter().rev().map(shown).collect::<Result<_>>()?;
    Ok(Json(ScoreCardDetail {
        card: view(row),
        versions,
    }))
}

/// Lists score cards, the newest first.
#[utoipa::path(
    get, path = "/api/v1/score-cards", tag = "quality", operation_id = "list_score_cards",
    params(ListQuery), responses((status = 200, body = Page<ScoreCardView>)),
)]
async fn list(
    _actor: Actor<ViewScoreCards>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ScoreCardView>>> {
    let page = store::list(app.db.read(), &query).await?;
    Ok(Json(page.map(view)))
}

/// A score card with its versions.
#[utoipa::path(
    get, path = "/api/v1/score-cards/{id}", tag = "quality", operation_id = "get_score_card",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ScoreCardDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewScoreCards>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ScoreCardDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, row).await
}

/// A new card.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewScoreCard {
    /// What it is called.
    name: String,
    /// What its first version says.
    body: CardBody,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Makes a score card; its first version is a draft.
#[utoipa::path(
    post, path = "/api/v1/score-cards", tag = "quality", operation_id = "make_score_card",
    request_body = NewScoreCard,
    responses((status = 201, body = ScoreCardDetail), (status = 422, body = Problem)),
)]
async fn make(
    actor: Actor<WriteScoreCards>,
    State(app): State<App>,
    Json(new): Json<NewScoreCard>,
) -> Result<(StatusCode, Json<ScoreCardDetail>)> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        store::make(&services, &tx, &who, &new.name, (new.body, new.note)).await
    };
    let row = app.db.write(work).await?;
    Ok((StatusCode::CREATED, detail(&app, row).await?))
}

/// A draft as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScoreCardDraft {
    /// The version of the draft that was read; left out where there is none.
    version: Option<i64>,
    /// What it says.
    body: CardBody,
    /// Why.
    #[serde(default)]
    note: String,
}

/// Writes the draft of the next version; what is published stays as it is.
#[utoipa::path(
    put, path = "/api/v1/score-cards/{id}/draft", tag = "quality", operation_id = "write_score_card",
    params(("id" = Uuid, Path)), request_body = ScoreCardDraft,
    responses((status = 200, body = ScoreCardDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn write(
    actor: Actor<WriteScoreCards>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(draft): Json<ScoreCardDraft>,
) -> Result<Json<ScoreCardDetail>> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let card = store::get(&*tx, id).await?;
        let wish = (draft.version, draft.body, draft.note);
        store::write(&services, &tx, &who, &card, wish).await?;
        Ok(card)
    };
    let row = app.db.write(work).await?;
    detail(&app, row).await
}

/// Which draft is published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScoreCardPublication {
    /// Its number.
    n: i32,
    /// The version of the draft that was read.
    version: i64,
}

/// Publishes a version: from now on it is scored by, and it never changes again.
#[utoipa::path(
    post, path = "/api/v1/score-cards/{id}/publish", tag = "quality", operation_id = "publish_score_card",
    params(("id" = Uuid, Path)), request_body = ScoreCardPublication,
    responses((status = 200, body = ScoreCardDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn publish(
    actor: Actor<PublishScoreCards>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<ScoreCardPublication>,
) -> Result<Json<ScoreCardDetail>> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let card = store::get(&*tx, id).await?;
        let draft = store::version(&*tx, id, wish.n).await?;
        let draft = as_read(draft, wish.version)?;
        store::publish(&services, &tx, &who, card, draft).await
    };
    let row = app.db.write(work).await?;
    detail(&app, row).await
}
