//! Courses and their materials over HTTP.

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::attachment::{self, FileForm};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::versioned::as_read;
use kernel::{Actor, App, Tx};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Source, Wish, material, row};
use crate::Learning;
use crate::question::http::source;
use crate::rights::{ManageTraining, ViewTraining};

/// The routes of courses.
pub(crate) fn routes(learning: &Learning) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add_file))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .routes(routes!(list, create))
        .routes(routes!(show, edit))
        .routes(routes!(add_article))
        .routes(routes!(download, remove))
        .with_state(learning.clone())
}

/// A course.
#[derive(Debug, Serialize, ToSchema)]
pub struct CourseView {
    /// Identifies it.
    pub id: Uuid,
    /// `KC001`
    pub number: String,
    /// What it is called.
    pub title: String,
    /// Code of its matter.
    pub matter: Option<String>,
    /// What it teaches.
    pub description: String,
    /// How long it takes, in minutes.
    pub minutes: i32,
    /// `active` or `retired`
    pub state: String,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

impl From<row::Model> for CourseView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            number: row.number,
            title: row.title,
            matter: row.matter_code,
            description: row.description,
            minutes: row.minutes,
            state: row.state,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// Something to learn from.
#[derive(Debug, Serialize, ToSchema)]
pub struct MaterialView {
    /// Identifies it.
    pub id: Uuid,
    /// `file` or `article`
    pub kind: String,
    /// The file's name, or number and title of the article.
    pub name: String,
    /// `uuid@n` of the article.
    pub article: Option<String>,
    /// What the file is.
    pub media_type: Option<String>,
    /// How long it is.
    pub bytes: Option<i64>,
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// When it was added.
    pub at: DateTime<Utc>,
}

impl From<material::Model> for MaterialView {
    fn from(row: material::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            article: row
                .article_id
                .zip(row.article_n)
                .map(|(id, n)| format!("{id}@{n}")),
            media_type: row.media_type,
            bytes: row.bytes,
            sha256: row.sha256,
            at: row.at,
        }
    }
}

/// A course with its materials.
#[derive(Debug, Serialize, ToSchema)]
pub struct CourseDetail {
    /// The course.
    #[serde(flatten)]
    pub course: CourseView,
    /// What is learnt from.
    pub materials: Vec<MaterialView>,
}

/// A course as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseEntry {
    /// The version that was read; left out for a new one.
    version: Option<i64>,
    /// What it is called.
    title: String,
    /// Code of its matter.
    matter: Option<String>,
    /// What it teaches.
    #[serde(default)]
    description: String,
    /// How long it takes, in minutes.
    minutes: i32,
    /// `active` or `retired`; active when left out.
    state: Option<String>,
}

impl From<CourseEntry> for Wish {
    fn from(entry: CourseEntry) -> Self {
        Self {
            title: entry.title,
            matter: entry.matter.filter(|code| !code.is_empty()),
            description: entry.description,
            minutes: entry.minutes,
            state: entry.state.unwrap_or_else(|| "active".to_owned()),
        }
    }
}

async fn detail(app: &App, row: row::Model) -> Result<CourseDetail> {
    let materials = store::materials(app.db.read(), row.id).await?;
    Ok(CourseDetail {
        course: row.into(),
        materials: materials.into_iter().map(MaterialView::from).collect(),
    })
}

/// What a list of courses may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CourseFilter {
    /// `active` or `retired`
    state: Option<String>,
}

/// Courses, what changed last first.
#[utoipa::path(
    get, path = "/api/v1/courses", tag = "training", operation_id = "list_courses",
    params(ListQuery, CourseFilter),
    responses((status = 200, body = Page<CourseView>)),
)]
async fn list(
    _actor: Actor<ViewTraining>,
    State(learning): State<Learning>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<CourseFilter>,
) -> Result<Json<Page<CourseView>>> {
    use row::Column;
    let all = Condition::all()
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(query.words_in(&[Column::Number, Column::Title, Column::Description])?);
    let sortable = [
        ("updated_at", Column::UpdatedAt),
        ("number", Column::Number),
        ("title", Column::Title),
    ];
    let page = paginate(
        learning.app.db.read(),
        row::Entity::find().filter(all),
        &query,
        &sortable,
        Column::Id,
    )
    .await?;
    Ok(Json(page.map(CourseView::from)))
}

/// A course with its materials.
#[utoipa::path(
    get, path = "/api/v1/courses/{id}", tag = "training", operation_id = "get_course",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CourseDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewTraining>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
) -> Result<Json<CourseDetail>> {
    let row = store::get(learning.app.db.read(), id).await?;
    Ok(Json(detail(&learning.app, row).await?))
}

/// Writes a course.
#[utoipa::path(
    post, path = "/api/v1/courses", tag = "training", operation_id = "create_course",
    request_body = CourseEntry,
    responses((status = 201, body = CourseDetail), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<ManageTraining>,
    State(learning): State<Learning>,
    Json(entry): Json<CourseEntry>,
) -> Result<(StatusCode, Json<CourseDetail>)> {
    let (app, who) = (learning.app.clone(), actor.who());
    let work = move |tx: Tx| async move { store::put(&app, &tx, &who, None, entry.into()).await };
    let row = learning.app.db.write(work).await?;
    Ok((StatusCode::CREATED, Json(detail(&learning.app, row).await?)))
}

/// Writes a course over the version that was read.
#[utoipa::path(
    put, path = "/api/v1/courses/{id}", tag = "training", operation_id = "edit_course",
    params(("id" = Uuid, Path)),
    request_body = CourseEntry,
    responses((status = 200, body = CourseDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn edit(
    actor: Actor<ManageTraining>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
    Json(entry): Json<CourseEntry>,
) -> Result<Json<CourseDetail>> {
    let (app, who) = (learning.app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let before = as_read(
            store::get(&*tx, id).await?,
            entry.version.unwrap_or_default(),
        )?;
        store::put(&app, &tx, &who, Some(before), entry.into()).await
    };
    let row = learning.app.db.write(work).await?;
    Ok(Json(detail(&learning.app, row).await?))
}

/// Adds a file to a course.
#[utoipa::path(
    post, path = "/api/v1/courses/{id}/files", tag = "training", operation_id = "add_course_file",
    params(("id" = Uuid, Path)),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = MaterialView), (status = 404, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
async fn add_file(
    actor: Actor<ManageTraining>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
    form: Multipart,
) -> Result<(StatusCode, Json<MaterialView>)> {
    let app = learning.app.clone();
    store::get(app.db.read(), id).await?;
    let (name, bytes) = attachment::part(form).await?;
    let media_type = attachment::kind_of(&name, &bytes)?.to_owned();
    let path = format!("learning/{id}/{}", app.ids.next());
    app.files.put(&path, &bytes).await?;
    let sha256 = app.files.sha256(&path).await?;
    let length = i64::try_from(bytes.len()).map_err(internal)?;
    let kept = Source::File {
        name,
        path: path.clone(),
        media_type,
        bytes: length,
        sha256,
    };
    let (services, who) = (app.clone(), actor.who());
    let work =
        move |tx: Tx| async move { store::add_material(&services, &tx, &who, id, kept).await };
    let added = app.db.write(work).await;
    if added.is_err() {
        app.files.remove(&path).await?;
    }
    Ok((StatusCode::CREATED, Json(added?.into())))
}

/// An article to learn from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ArticleMaterial {
    /// `uuid@n`
    article: String,
}

/// Adds a version of an article to a course.
#[utoipa::path(
    post, path = "/api/v1/courses/{id}/articles", tag = "training", operation_id = "add_course_article",
    params(("id" = Uuid, Path)),
    request_body = ArticleMaterial,
    responses((status = 201, body = MaterialView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn add_article(
    actor: Actor<ManageTraining>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
    Json(wish): Json<ArticleMaterial>,
) -> Result<(StatusCode, Json<MaterialView>)> {
    let article = source(&learning.sources, Some(&wish.article)).await?;
    let article = article.ok_or_else(|| not_found("article"))?;
    let (app, who) = (learning.app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        store::add_material(&app, &tx, &who, id, Source::Article(article)).await
    };
    let added = learning.app.db.write(work).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// A file of a course.
#[utoipa::path(
    get, path = "/api/v1/courses/{id}/materials/{material}", tag = "training", operation_id = "download_course_file",
    params(("id" = Uuid, Path), ("material" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
async fn download(
    _actor: Actor<ViewTraining>,
    State(learning): State<Learning>,
    Path((id, material)): Path<(Uuid, Uuid)>,
) -> Result<Response> {
    let app = &learning.app;
    let materials = store::materials(app.db.read(), id).await?;
    let found = materials.into_iter().find(|one| one.id == material);
    let (Some(path), Some(kind), name) = found
        .map(|one| (one.path, one.media_type, one.name))
        .unwrap_or_default()
    else {
        return Err(not_found("file"));
    };
    Ok(attachment::download(
        &name,
        &kind,
        app.files.get(&path).await?,
    ))
}

/// Takes a material away from a course.
#[utoipa::path(
    delete, path = "/api/v1/courses/{id}/materials/{material}", tag = "training", operation_id = "remove_course_material",
    params(("id" = Uuid, Path), ("material" = Uuid, Path)),
    responses((status = 200, body = CourseDetail), (status = 404, body = Problem)),
)]
async fn remove(
    actor: Actor<ManageTraining>,
    State(learning): State<Learning>,
    Path((id, material)): Path<(Uuid, Uuid)>,
) -> Result<Json<CourseDetail>> {
    let (app, who) = (learning.app.clone(), actor.who());
    let work =
        move |tx: Tx| async move { store::remove_material(&app, &tx, &who, (id, material)).await };
    learning.app.db.write(work).await?;
    let row = store::get(learning.app.db.read(), id).await?;
    Ok(Json(detail(&learning.app, row).await?))
}
