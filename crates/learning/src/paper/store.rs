//! The rows of papers: each change of the rules is a version, and an exam is set with one of them.

use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid};
use kernel::{App, Tx, numbers, versioned};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Blueprint;
use crate::rows;

kernel::table! {
    /// A paper.
    pub mod row = "papers" (id: Uuid) {
        number: String,
        title: String,
        n: i32,
        state: String,
        created_by: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// The rules of a paper, once and for good.
    pub mod version_row = "paper_versions" (paper_id: Uuid, n: i32) {
        blueprint: Json,
        by_id: Uuid,
        at: DateTimeUtc,
    }
}

kernel::versioned!(row, |paper| format!("paper `{}`", paper.number));

impl version_row::Model {
    pub(crate) fn blueprint(&self) -> Result<Blueprint> {
        serde_json::from_value(self.blueprint.clone()).map_err(internal)
    }
}

/// What a list of papers may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PaperFilter {
    /// `active` or `retired`
    pub state: Option<String>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &PaperFilter,
) -> Result<Page<row::Model>> {
    use row::Column;
    let all = Condition::all()
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let sortable = [
        ("updated_at", Column::UpdatedAt),
        ("number", Column::Number),
        ("title", Column::Title),
    ];
    paginate(
        conn,
        row::Entity::find().filter(all),
        query,
        &sortable,
        Column::Id,
    )
    .await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    rows::get::<row::Entity>(conn, id, "paper").await
}

pub(crate) async fn version(
    conn: &impl ConnectionTrait,
    id: Uuid,
    n: i32,
) -> Result<version_row::Model> {
    rows::get::<version_row::Entity>(conn, (id, n), "version of the paper").await
}

fn title_checked(title: &str) -> Result<String> {
    let title = kernel::text::needed("title", title)?;
    if title.chars().count() > 120 || title.contains('\n') {
        return Err(invalid(
            "title",
            "text_too_long",
            "at most 120 characters on one line",
        ));
    }
    Ok(title)
}

/// Writes a paper, new or over the version that was read.
pub(crate) async fn put(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: Option<row::Model>,
    (title, state): (&str, &str),
    blueprint: Blueprint,
) -> Result<row::Model> {
    let (title, blueprint) = (title_checked(title)?, blueprint.checked()?);
    if !matches!(state, "active" | "retired") {
        return Err(invalid("state", "state_unknown", "active or retired"));
    }
    let author = who
        .user_id
        .ok_or_else(|| internal("a paper has an author"))?;
    let now = app.clock.now();
    let paper = if let Some(before) = before {
        let after = row::Model {
            title,
            state: state.to_owned(),
            n: before.n + 1,
            ..before.clone()
        };
        versioned::save(app, &**tx, &before, after).await?
    } else {
        let count = numbers::next_many(&**tx, "paper".to_owned(), 1).await?;
        let paper = row::Model {
            id: app.ids.next(),
            number: format!("SJ{count:03}"),
            title,
            n: 1,
            state: state.to_owned(),
            created_by: author,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        versioned::insert(&**tx, &paper).await?;
        paper
    };
    let version = version_row::Model {
        paper_id: paper.id,
        n: paper.n,
        blueprint: serde_json::to_value(&blueprint).map_err(internal)?,
        by_id: author,
        at: now,
    };
    rows::add(&**tx, version).await?;
    let details =
        json!({ "number": paper.number, "title": paper.title, "n": paper.n, "rules": blueprint });
    audit::record(app, &**tx, who, "paper.written", "paper", paper.id, details).await?;
    Ok(paper)
}
