//! Looking for what may be said, and what is suggested from what was written.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State as Services;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, bad_request};
use kernel::text::needed;
use kernel::{Actor, App};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::keep::Shelf;
use super::words::{Place, excerpt, place_of_letters, places};
use super::{Found, FoundBy, Narrow, Question};
use crate::approval::store as approvals;
use crate::article::ArticleKind;
use crate::article::split;
use crate::article::store::{self as articles, version_row};
use crate::rights::ViewArticles;

const USUAL: usize = 10;
const MOST: usize = 50;
/// The longest question, in characters.
const LONGEST: usize = 200;
/// Characters of an answer that are shown with a hit.
const EXCERPT: usize = 160;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Finder {
    pub app: App,
    pub shelf: Shelf,
}

/// The routes of the search.
pub(crate) fn routes(app: &App, shelf: &Shelf) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(suggest))
        .with_state(Finder {
            app: app.clone(),
            shelf: shelf.clone(),
        })
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Sought {
    /// Words, first letters of pinyin, number of a document or an article; at most 200 characters.
    q: String,
    /// Only this matter.
    matter: Option<String>,
    /// Only articles, or only scripts.
    kind: Option<ArticleKind>,
    /// At most so many; 10 unless told, 50 at most.
    limit: Option<usize>,
    /// Also drafts and what does not hold any more.
    #[serde(default)]
    all: bool,
}

/// What a requester wrote, or an agent typed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuggestFor {
    /// The text, up to 2,000 characters.
    text: String,
    /// Only this matter.
    matter: Option<String>,
    /// At most so many; 10 unless told, 50 at most.
    limit: Option<usize>,
}

/// Where something was found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HitMark {
    /// `title`, `question`, `answer` (of the excerpt) or `keywords`
    pub field: &'static str,
    /// The first character, counted in code points.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
}

/// What was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ArticleHit {
    /// The article.
    pub id: Uuid,
    /// `ZS0001`
    pub number: String,
    /// The version.
    pub n: i32,
    /// What an answer cites.
    pub citation: String,
    /// `article` or `script`
    pub kind: ArticleKind,
    /// Code of the matter.
    pub matter: String,
    /// What it is called.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// The words it is found by, with a space between.
    pub keywords: String,
    /// The part of the answer around what was found.
    pub answer_excerpt: String,
    /// The whole answer.
    pub answer: String,
    /// The higher, the better.
    pub score: f32,
    /// This version is what holds.
    pub in_force: bool,
    /// Why it was found.
    pub why: Vec<FoundBy>,
    /// Where.
    pub marks: Vec<HitMark>,
    /// Number of the document it rests on.
    pub source_no: String,
    /// Title of that document.
    pub source_title: String,
    /// Since when it holds; null for what does not.
    pub effective_at: Option<DateTime<Utc>>,
    /// When it ceases to hold by itself.
    pub valid_to: Option<DateTime<Utc>>,
    /// It is to be looked at again.
    pub due_for_review: bool,
}

/// What was found, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArticleHits {
    /// The hits.
    pub items: Vec<ArticleHit>,
    /// How long it took the server, in microseconds.
    pub took_us: u64,
}

fn limit(asked: Option<usize>) -> Result<usize> {
    match asked.unwrap_or(USUAL) {
        limit if (1..=MOST).contains(&limit) => Ok(limit),
        _ => Err(bad_request("limit_out_of_range", "limit is 1 to 50").with_field("limit")),
    }
}

/// Looks for articles and scripts by Chinese words, words that mean the same, first letters of the pinyin, and the
/// number of the article or of its document.
#[utoipa::path(
    get, path = "/api/v1/articles/search", tag = "knowledge", operation_id = "search_articles",
    params(Sought),
    responses((status = 200, body = ArticleHits), (status = 400, body = Problem)),
)]
async fn search(
    _actor: Actor<ViewArticles>,
    Services(finder): Services<Finder>,
    Query(sought): Query<Sought>,
) -> Result<Json<ArticleHits>> {
    if sought.q.chars().count() > LONGEST || sought.q.contains('\0') {
        return Err(
            bad_request("search_too_long", "q holds at most 200 characters").with_field("q"),
        );
    }
    let narrow = Narrow {
        matter: sought.matter,
        kind: sought.kind.map(|kind| kind.as_str().to_owned()),
        all: sought.all,
    };
    finder.found(&sought.q, &narrow, limit(sought.limit)?).await
}

/// Suggests articles and scripts for a text: what the requester wrote, what the agent noted.
#[utoipa::path(
    post, path = "/api/v1/articles/suggest", tag = "knowledge", operation_id = "suggest_articles",
    request_body = SuggestFor,
    responses((status = 200, body = ArticleHits), (status = 422, body = Problem)),
)]
async fn suggest(
    _actor: Actor<ViewArticles>,
    Services(finder): Services<Finder>,
    Json(said): Json<SuggestFor>,
) -> Result<Json<ArticleHits>> {
    let text = needed("text", &said.text)?;
    let narrow = Narrow {
        matter: said.matter,
        ..Narrow::default()
    };
    finder.found(&text, &narrow, limit(said.limit)?).await
}

impl Finder {
    pub(crate) async fn found(
        &self,
        text: &str,
        narrow: &Narrow,
        limit: usize,
    ) -> Result<Json<ArticleHits>> {
        let began = self.app.clock.monotonic();
        self.shelf.refresh(&self.app).await?;
        let (question, found) = self.shelf.read(|index| {
            let question = index.question(text);
            let found = index.find(&question, narrow, limit);
            (question, found)
        });
        let items = self.hits(&question, found, narrow.all).await?;
        let took: Duration = self.app.clock.monotonic().saturating_sub(began);
        Ok(Json(ArticleHits {
            items,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        }))
    }

    /// What was found, as it stands in the tables at this moment.
    async fn hits(
        &self,
        question: &Question,
        found: Vec<Found>,
        all: bool,
    ) -> Result<Vec<ArticleHit>> {
        let (conn, now) = (self.app.db.read(), self.app.clock.now());
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = found.iter().map(|found| found.article_id).collect();
        let rows = articles::many(conn, ids.clone()).await?;
        let holding = approvals::in_force(conn, ids).await?;
        let these = found.iter().map(|found| {
            Condition::all()
                .add(version_row::Column::ArticleId.eq(found.article_id))
                .add(version_row::Column::N.eq(found.n))
        });
        let versions = version_row::Entity::find()
            .filter(these.fold(Condition::any(), Condition::add))
            .all(conn)
            .await?;
        let versions: HashMap<Uuid, version_row::Model> = versions
            .into_iter()
            .map(|version| (version.article_id, version))
            .collect();
        let mut hits = Vec::new();
        for found in found {
            let (Some(article), Some(version)) =
                (rows.get(&found.article_id), versions.get(&found.article_id))
            else {
                continue;
            };
            let change = holding.get(&found.article_id);
            let in_force = change.is_some_and(|change| {
                change.n == found.n && change.until_at.is_none_or(|until| until > now)
            });
            if !in_force && !all {
                continue;
            }
            let change = change.filter(|_| in_force);
            hits.push(hit(question, found, article, version, change)?);
        }
        Ok(hits)
    }
}

fn hit(
    question: &Question,
    found: Found,
    article: &articles::row::Model,
    version: &version_row::Model,
    change: Option<&approvals::row::Model>,
) -> Result<ArticleHit> {
    let words = || question.terms.iter().map(|term| term.token.as_str());
    let keywords = split(&version.keywords).join(" ");
    let answer_excerpt = excerpt(&version.answer, words(), EXCERPT);
    let mut marks: Vec<HitMark> = Vec::new();
    let mut mark = |field: &'static str, found: Vec<Place>| {
        marks.extend(
            found
                .into_iter()
                .map(|Place { start, end }| HitMark { field, start, end }),
        );
    };
    mark("title", places(&version.title, words()));
    mark("question", places(&version.question, words()));
    mark("keywords", places(&keywords, words()));
    mark("answer", places(&answer_excerpt, words()));
    if found.why.contains(&FoundBy::Pinyin) {
        for letters in &question.letters {
            if let Some(place) = place_of_letters(&version.title, letters) {
                mark("title", vec![place]);
            } else if let Some(place) = place_of_letters(&keywords, letters) {
                mark("keywords", vec![place]);
            }
        }
    }
    Ok(ArticleHit {
        id: article.id,
        number: article.number.clone(),
        n: version.n,
        citation: format!("{}@{}", article.id, version.n),
        kind: articles::kind_of(article)?,
        matter: article.matter_code.clone(),
        title: version.title.clone(),
        question: version.question.clone(),
        keywords,
        answer_excerpt,
        answer: version.answer.clone(),
        score: found.score,
        in_force: change.is_some(),
        why: found.why,
        marks,
        source_no: version.source_no.clone(),
        source_title: version.source_title.clone(),
        effective_at: change.and_then(|change| change.effective_at),
        valid_to: change.and_then(|change| change.until_at),
        due_for_review: change.is_some_and(|change| change.due_for_review),
    })
}
