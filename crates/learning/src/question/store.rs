//! The rows of the question bank. A question is asked as one of its versions, which never changes.

use std::collections::{BTreeSet, HashMap};

use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, refused};
use kernel::{App, Tx, numbers, versioned};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Difficulty, QuestionContent, QuestionKind};
use crate::paper::PoolQuestion;
use crate::rows;
use crate::sources::SourceArticle;

/// Questions that papers are drawn from.
pub(crate) const MOST: usize = 5_000;

kernel::table! {
    /// A question.
    pub mod row = "questions" (id: Uuid) {
        number: String,
        kind: String,
        matter_code: String,
        difficulty: String,
        n: i32,
        text: String,
        source_article: Option<Uuid>,
        source_n: Option<i32>,
        source_name: String,
        active: bool,
        state: String,
        created_by: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// What a question says, once and for good.
    pub mod version_row = "question_versions" (question_id: Uuid, n: i32) {
        difficulty: String,
        content: Json,
        by_id: Uuid,
        at: DateTimeUtc,
    }
}

use row::Column;

kernel::versioned!(row, |question| format!("question `{}`", question.number));

impl row::Model {
    pub(crate) fn kind(&self) -> Result<QuestionKind> {
        QuestionKind::parse(&self.kind)
            .ok_or_else(|| internal(format!("question kind {}", self.kind)))
    }

    pub(crate) fn difficulty(&self) -> Result<Difficulty> {
        Difficulty::parse(&self.difficulty)
            .ok_or_else(|| internal(format!("difficulty {}", self.difficulty)))
    }
}

impl version_row::Model {
    pub(crate) fn content(&self) -> Result<QuestionContent> {
        serde_json::from_value(self.content.clone()).map_err(internal)
    }
}

/// What a list of questions may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuestionFilter {
    /// Only those of this kind.
    #[param(inline)]
    pub kind: Option<QuestionKind>,
    /// Only those whose matter's code begins so.
    pub matter: Option<String>,
    /// Only those that are so hard.
    #[param(inline)]
    pub difficulty: Option<Difficulty>,
    /// Only those that are drawn, or only the retired.
    pub active: Option<bool>,
    /// Only those from this article.
    pub article: Option<Uuid>,
}

pub(crate) fn condition(query: &ListQuery, filter: &QuestionFilter) -> Result<Condition> {
    Ok(Condition::all()
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(
            filter
                .matter
                .as_ref()
                .map(|code| kernel::list::beginning_with(Column::MatterCode, code)),
        )
        .add_option(
            filter
                .difficulty
                .map(|difficulty| Column::Difficulty.eq(difficulty.as_str())),
        )
        .add_option(filter.active.map(|active| Column::Active.eq(active)))
        .add_option(
            filter
                .article
                .map(|article| Column::SourceArticle.eq(article)),
        )
        .add_option(query.words_in(&[Column::Number, Column::Text])?))
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &QuestionFilter,
) -> Result<Page<row::Model>> {
    let select = row::Entity::find().filter(condition(query, filter)?);
    let sortable = [
        ("updated_at", Column::UpdatedAt),
        ("number", Column::Number),
        ("matter", Column::MatterCode),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    rows::get::<row::Entity>(conn, id, "question").await
}

pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<version_row::Model>> {
    Ok(version_row::Entity::find()
        .filter(version_row::Column::QuestionId.eq(id))
        .order_by_desc(version_row::Column::N)
        .limit(200)
        .all(conn)
        .await?)
}

/// What these versions say.
pub(crate) async fn contents(
    conn: &impl ConnectionTrait,
    wanted: impl IntoIterator<Item = (Uuid, i32)>,
) -> Result<HashMap<(Uuid, i32), QuestionContent>> {
    let wanted: BTreeSet<(Uuid, i32)> = wanted.into_iter().collect();
    let ids: Vec<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
    let mut contents = HashMap::new();
    for some in ids.chunks(500) {
        let found = version_row::Entity::find()
            .filter(version_row::Column::QuestionId.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        for version in found {
            let key = (version.question_id, version.n);
            if wanted.contains(&key) {
                contents.insert(key, version.content()?);
            }
        }
    }
    Ok(contents)
}

/// A question to be written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub kind: QuestionKind,
    pub matter: String,
    pub difficulty: Difficulty,
    pub content: QuestionContent,
    pub source: Option<SourceArticle>,
}

/// The questions there are by kind and text, so that none is written twice.
pub(crate) async fn texts(conn: &impl ConnectionTrait) -> Result<HashMap<(String, String), Uuid>> {
    let known: Vec<(Uuid, String, String)> = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::Kind)
        .column(Column::Text)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(known
        .into_iter()
        .map(|(id, kind, text)| ((kind, text), id))
        .collect())
}

async fn must_be_new(tx: &Tx, kind: &str, text: &str, but: Uuid) -> Result<()> {
    let same = row::Entity::find()
        .filter(Column::Kind.eq(kind))
        .filter(Column::Text.eq(text))
        .one(&**tx)
        .await?;
    match same {
        Some(other) if other.id != but => {
            let detail = format!("{} asks the same", other.number);
            Err(invalid("text", "question_twice", detail))
        }
        _ => Ok(()),
    }
}

pub(crate) async fn create(app: &App, tx: &Tx, who: &Who, written: Written) -> Result<row::Model> {
    let mut made = create_many(app, tx, who, vec![written]).await?;
    made.pop().ok_or_else(|| internal("one question, one row"))
}

/// Writes new questions, all of them or none; a file of thousands takes a few statements.
pub(crate) async fn create_many(
    app: &App,
    tx: &Tx,
    who: &Who,
    written: Vec<Written>,
) -> Result<Vec<row::Model>> {
    let many = i64::try_from(written.len()).map_err(internal)?;
    if many == 0 {
        return Ok(Vec::new());
    }
    // Who writes too waits for this number: what he then compares with is there.
    let last = numbers::next_many(&**tx, "question".to_owned(), many).await?;
    if usize::try_from(last).is_ok_and(|last| last > MOST) {
        return Err(refused(
            "bank_full",
            "the bank holds at most 5,000 questions",
        ));
    }
    let mut known = texts(&**tx).await?;
    let now = app.clock.now();
    let author = who
        .user_id
        .ok_or_else(|| internal("a question has an author"))?;
    let (mut questions, mut versions) = (Vec::new(), Vec::new());
    for (number, written) in (last - many + 1..).zip(written) {
        let (kind, text) = (
            written.kind.as_str().to_owned(),
            written.content.text.clone(),
        );
        let id = app.ids.next();
        if known.insert((kind.clone(), text.clone()), id).is_some() {
            let detail = format!("another question asks the same: {text}");
            return Err(invalid("text", "question_twice", detail));
        }
        let question = row::Model {
            id,
            number: format!("T{number:04}"),
            kind,
            matter_code: written.matter,
            difficulty: written.difficulty.as_str().to_owned(),
            n: 1,
            text,
            source_article: written.source.as_ref().map(|source| source.id),
            source_n: written.source.as_ref().map(|source| source.n),
            source_name: written.source.map(|source| source.name).unwrap_or_default(),
            active: true,
            state: "active".to_owned(),
            created_by: author,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        versions.push(version_of(app, author, &question, &written.content)?);
        questions.push(question);
    }
    rows::add_many(&**tx, questions.clone()).await?;
    rows::add_many(&**tx, versions).await?;
    if let [question] = questions.as_slice() {
        record(app, tx, who, "question.created", question).await?;
    } else {
        let numbers: Vec<&str> = questions.iter().map(|one| one.number.as_str()).collect();
        let details = json!({ "numbers": numbers });
        audit::record(
            app,
            &**tx,
            who,
            "question.imported",
            "question_bank",
            "all",
            details,
        )
        .await?;
    }
    Ok(questions)
}

fn version_of(
    app: &App,
    author: Uuid,
    question: &row::Model,
    content: &QuestionContent,
) -> Result<version_row::Model> {
    Ok(version_row::Model {
        question_id: question.id,
        n: question.n,
        difficulty: question.difficulty.clone(),
        content: serde_json::to_value(content).map_err(internal)?,
        by_id: author,
        at: app.clock.now(),
    })
}

/// The trail says which question, not what is right: people who must answer may read it.
async fn record(app: &App, tx: &Tx, who: &Who, action: &str, question: &row::Model) -> Result<()> {
    let details = json!({ "number": question.number, "n": question.n, "kind": question.kind,
        "matter": question.matter_code, "source": question.source_name });
    audit::record(app, &**tx, who, action, "question", question.id, details).await
}

/// Writes the next version; papers that were frozen keep the one they have.
pub(crate) async fn edit(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    written: Written,
) -> Result<row::Model> {
    if written.kind.as_str() != before.kind {
        return Err(
            invalid("kind", "question_kind_fixed", "a question keeps its kind")
                .with_way_out("retire it and write another one"),
        );
    }
    must_be_new(tx, &before.kind, &written.content.text, before.id).await?;
    let author = who
        .user_id
        .ok_or_else(|| internal("a question has an author"))?;
    let after = row::Model {
        matter_code: written.matter,
        difficulty: written.difficulty.as_str().to_owned(),
        n: before.n + 1,
        text: written.content.text.clone(),
        source_article: written.source.as_ref().map(|source| source.id),
        source_n: written.source.as_ref().map(|source| source.n),
        source_name: written.source.map(|source| source.name).unwrap_or_default(),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    rows::add(&**tx, version_of(app, author, &after, &written.content)?).await?;
    record(app, tx, who, "question.edited", &after).await?;
    Ok(after)
}

/// Takes a question out of what is drawn, or back in.
pub(crate) async fn set_active(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    active: bool,
) -> Result<row::Model> {
    let state = if active { "active" } else { "retired" };
    let after = row::Model {
        active,
        state: state.to_owned(),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    let action = if active {
        "question.restored"
    } else {
        "question.retired"
    };
    record(app, tx, who, action, &after).await?;
    Ok(after)
}

/// All that may be drawn now.
pub(crate) async fn pool(conn: &impl ConnectionTrait) -> Result<Vec<PoolQuestion>> {
    let active = row::Entity::find()
        .filter(Column::Active.eq(true))
        .order_by_asc(Column::Number)
        .limit(MOST as u64)
        .all(conn)
        .await?;
    let contents = contents(
        conn,
        active.iter().map(|question| (question.id, question.n)),
    )
    .await?;
    let of = |question: &row::Model| {
        let content = contents.get(&(question.id, question.n));
        let content =
            content.ok_or_else(|| internal(format!("{} has no version", question.number)))?;
        Ok(PoolQuestion {
            id: question.id,
            n: question.n,
            kind: question.kind()?,
            matter: question.matter_code.clone(),
            difficulty: question.difficulty()?,
            options: content.options.len(),
            blanks: content.blanks.len(),
        })
    };
    active.iter().map(of).collect()
}
