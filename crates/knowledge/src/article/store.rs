//! The rows of articles and their versions.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, containing, paginate};
use kernel::problem::{Result, internal, invalid, not_found, refused};
use kernel::versioned;
use kernel::{App, Audience, Scope, Tx};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{ArticleKind, Cited, Content, Said, ScriptPurpose, joined, split};
use crate::approval::http::must_be_own;
use crate::approval::store::{self as approvals, row as change_row};
use crate::approval::{Action, ChangeState};
use crate::reading::store as reading;
use crate::{gap, number};

/// Versions shown of one article; of one that has more, the last.
const SHOWN: u64 = 200;
/// Who has articles on his screen.
const READERS: Audience = Audience::Permission("articles:view");

kernel::table! {
    /// One article. Its state is that of its latest version.
    pub mod row = "articles" (id: Uuid) {
        number: String,
        kind: String,
        matter_code: String,
        owner_section: Option<String>,
        tags: String,
        /// What the house says with it by itself; of one purpose there is one script.
        purpose: Option<String>,
        title: String,
        state: String,
        /// The version in force.
        current_n: Option<i32>,
        latest_n: i32,
        /// The version in force waits for its ratification.
        emergency: bool,
        due_for_review: bool,
        author_id: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One version of an article; what holds of it stands in its change.
    pub mod version_row = "article_versions" (article_id: Uuid, n: i32) {
        approval_id: Uuid,
        title: String,
        question: String,
        answer: String,
        public_answer: Option<String>,
        keywords: String,
        source_no: String,
        source_title: String,
        valid_from: Option<DateTimeUtc>,
        valid_to: Option<DateTimeUtc>,
        review_due: Option<DateTimeUtc>,
        author_id: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
    }
}

use row::Column;
use version_row::Column as Version;

kernel::versioned!(row, |article| format!("article `{}`", article.number));

impl version_row::Model {
    /// What it says.
    pub fn content(&self) -> Content {
        Content {
            title: self.title.clone(),
            question: self.question.clone(),
            answer: self.answer.clone(),
            public_answer: self.public_answer.clone(),
            keywords: split(&self.keywords),
            source_no: self.source_no.clone(),
            source_title: self.source_title.clone(),
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            review_due: self.review_due,
        }
    }

    fn with(mut self, content: Content, now: DateTime<Utc>) -> Self {
        self.title = content.title;
        self.question = content.question;
        self.answer = content.answer;
        self.public_answer = content.public_answer;
        self.keywords = joined(&content.keywords);
        self.source_no = content.source_no;
        self.source_title = content.source_title;
        self.valid_from = content.valid_from;
        self.valid_to = content.valid_to;
        self.review_due = content.review_due;
        self.updated_at = now;
        self
    }
}

/// What a list of articles may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `article` or `script`.
    pub kind: Option<ArticleKind>,
    /// Only those of this matter.
    pub matter: Option<String>,
    /// Only those of this section of the purchaser.
    pub section: Option<String>,
    /// `privacy_notice`, `waiting`, `rating` or `left_message`: what the house says by itself.
    #[param(inline)]
    pub purpose: Option<ScriptPurpose>,
    /// Only those with this tag.
    pub tag: Option<String>,
    /// Only those whose latest version is in this state.
    #[param(inline)]
    pub state: Option<ChangeState>,
    /// Only those of which a version holds, or only the others.
    pub in_force: Option<bool>,
    /// Only what is to be looked at again, or only the others.
    pub due_for_review: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let holds = |holds: bool| {
        if holds {
            Column::CurrentN.is_not_null()
        } else {
            Column::CurrentN.is_null()
        }
    };
    let all = Condition::all()
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(
            filter
                .matter
                .as_ref()
                .map(|code| Column::MatterCode.eq(code.as_str())),
        )
        .add_option(
            filter
                .section
                .as_ref()
                .map(|code| Column::OwnerSection.eq(code.as_str())),
        )
        .add_option(
            filter
                .purpose
                .map(|purpose| Column::Purpose.eq(purpose.as_str())),
        )
        .add_option(filter.tag.as_ref().map(|tag| containing(Column::Tags, tag)))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.in_force.map(holds))
        .add_option(filter.due_for_review.map(|is| Column::DueForReview.eq(is)))
        .add_option(query.words_in(&[Column::Number, Column::Title, Column::Tags])?);
    let select = row::Entity::find().filter(all);
    let sortable = [
        ("updated_at", Column::UpdatedAt),
        ("created_at", Column::CreatedAt),
        ("number", Column::Number),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("article"))
}

/// The articles with these ids.
pub(crate) async fn many(
    conn: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, row::Model>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = row::Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

pub(crate) async fn version(
    conn: &impl ConnectionTrait,
    id: Uuid,
    n: i32,
) -> Result<version_row::Model> {
    version_row::Entity::find_by_id((id, n))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("version of this article"))
}

/// The versions of an article, the newest first.
pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<version_row::Model>> {
    Ok(version_row::Entity::find()
        .filter(Version::ArticleId.eq(id))
        .order_by_desc(Version::N)
        .limit(SHOWN)
        .all(conn)
        .await?)
}

pub(super) async fn cited(
    conn: &impl ConnectionTrait,
    id: Uuid,
    n: i32,
    now: DateTime<Utc>,
) -> Result<Option<Cited>> {
    let Some(article) = row::Entity::find_by_id(id).one(conn).await? else {
        return Ok(None);
    };
    let Some(version) = version_row::Entity::find_by_id((id, n)).one(conn).await? else {
        return Ok(None);
    };
    let change = approvals::get(conn, version.approval_id).await?;
    Ok(Some(Cited {
        article_id: id,
        version: n,
        title: version.title,
        number: article.number,
        in_force: change.in_force && change.until_at.is_none_or(|until| until > now),
    }))
}

/// Ids of one statement.
const IDS: usize = 500;

/// From when and until when a version held.
pub(super) struct Span {
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Span {
    /// It held then.
    pub(super) fn covers(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| until > at)
    }
}

/// When each version of these articles held; what never took effect is not there.
pub(super) async fn spans(
    conn: &impl ConnectionTrait,
    articles: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<(Uuid, i32), Span>> {
    let ids: HashSet<Uuid> = articles.into_iter().collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut found = HashMap::new();
    for some in ids.chunks(IDS) {
        let changes = change_row::Entity::find()
            .filter(change_row::Column::SubjectId.is_in(some.iter().copied()))
            .all(conn)
            .await?;
        for change in changes {
            let Some(from) = change.effective_at else {
                continue;
            };
            // What ended, and what is to hold for a time only: whichever comes first. What was taken back into force
            // keeps when it had ended.
            let until = [
                change.ended_at.filter(|_| !change.in_force),
                change.until_at,
            ];
            let until = until.into_iter().flatten().min();
            found.insert((change.subject_id, change.n), Span { from, until });
        }
    }
    Ok(found)
}

async fn of_purpose(
    conn: &impl ConnectionTrait,
    purpose: ScriptPurpose,
) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::Purpose.eq(purpose.as_str()))
        .one(conn)
        .await?)
}

pub(super) async fn said_for(
    conn: &impl ConnectionTrait,
    purpose: ScriptPurpose,
    now: DateTime<Utc>,
) -> Result<Option<Said>> {
    let Some(article) = of_purpose(conn, purpose).await? else {
        return Ok(None);
    };
    let Some(n) = article.current_n else {
        return Ok(None);
    };
    let version = version(conn, article.id, n).await?;
    let change = approvals::get(conn, version.approval_id).await?;
    let holds = change.in_force && change.until_at.is_none_or(|until| until > now);
    Ok(holds.then(|| Said {
        reference: format!("{}@{n}", article.id),
        text: version.answer,
    }))
}

/// An article to be begun.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub kind: ArticleKind,
    pub matter: String,
    pub section: Option<String>,
    pub tags: Vec<String>,
    /// Set once: what holds does not get another purpose without the purchaser's consent.
    pub purpose: Option<ScriptPurpose>,
    pub content: Content,
    pub author_id: Uuid,
}

/// Begins an article with the draft of its first version.
pub(crate) async fn create(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    if let Some(purpose) = new.purpose {
        if new.kind != ArticleKind::Script {
            let detail = "only a script is said by the house itself";
            return Err(invalid("purpose", "purpose_needs_script", detail));
        }
        purpose.check(&new.content.answer)?;
        if let Some(known) = of_purpose(&**tx, purpose).await? {
            let detail = format!("{} is said for this", known.number);
            return Err(refused("purpose_taken", detail)
                .with_way_out("begin its next version")
                .with("article_id", known.id.to_string()));
        }
    }
    let article = row::Model {
        id: app.ids.next(),
        number: number::running(&**tx, "ZS").await?,
        kind: new.kind.as_str().to_owned(),
        matter_code: new.matter,
        owner_section: new.section,
        tags: joined(&new.tags),
        purpose: new.purpose.map(|purpose| purpose.as_str().to_owned()),
        title: new.content.title.clone(),
        state: ChangeState::Draft.as_str().to_owned(),
        current_n: None,
        latest_n: 1,
        emergency: false,
        due_for_review: false,
        author_id: new.author_id,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &article).await?;
    draft(app, tx, who, &article, new.content, new.author_id).await?;
    shout(app, tx, &article, "created");
    Ok(article)
}

/// The draft of the latest version.
async fn draft(
    app: &App,
    tx: &Tx,
    who: &Who,
    article: &row::Model,
    content: Content,
    author_id: Uuid,
) -> Result<()> {
    let now = app.clock.now();
    let new = approvals::New {
        kind: approvals::ChangeKind::Article,
        subject_id: article.id,
        subject_number: article.number.clone(),
        n: article.latest_n,
        title: content.title.clone(),
        section: article.owner_section.clone(),
        author_id,
        from: content.valid_from,
        until: content.valid_to,
        review_at: content.review_due,
    };
    let change = approvals::begin(app, tx, who, new).await?;
    let version = version_row::Model {
        article_id: article.id,
        n: article.latest_n,
        approval_id: change.id,
        title: String::new(),
        question: String::new(),
        answer: String::new(),
        public_answer: None,
        keywords: String::new(),
        source_no: String::new(),
        source_title: String::new(),
        valid_from: None,
        valid_to: None,
        review_due: None,
        author_id,
        created_at: now,
        updated_at: now,
    };
    let made = version.with(content, now).into_active_model().reset_all();
    version_row::Entity::insert(made)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// What is to be changed of an article; what is left out stays as it is.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub content: Option<Content>,
    pub matter: Option<String>,
    /// An empty one takes it away.
    pub section: Option<String>,
    pub tags: Option<Vec<String>>,
}

/// Writes on the draft, or begins the next version where the latest is decided.
pub(crate) async fn edit(
    app: &App,
    tx: &Tx,
    who: (&Who, &Scope, Uuid),
    (id, seen): (Uuid, i64),
    edit: Edit,
) -> Result<row::Model> {
    let (who, scope, user) = who;
    let article = versioned::as_read(get(&**tx, id).await?, seen)?;
    let files_anew = edit.matter.is_some() || edit.section.is_some() || edit.tags.is_some();
    if files_anew && matches!(scope, Scope::Own(_)) {
        // Where it is filed holds at once: of what others wrote, or what holds, that is not for who proposes.
        let own = article.author_id == user && article.current_n.is_none();
        if !own {
            return Err(refused(
                "article_not_yours",
                "where it is filed is set by others",
            ));
        }
    }
    let mut article = match edit.content {
        Some(content) => write(app, tx, (who, scope, user), article, content).await?,
        None => article,
    };
    if files_anew {
        let before = article.clone();
        if let Some(matter) = edit.matter {
            article.matter_code = matter;
        }
        if let Some(section) = edit.section {
            article.owner_section = Some(section).filter(|section| !section.is_empty());
        }
        if let Some(tags) = edit.tags {
            article.tags = joined(&tags);
        }
        article = versioned::save(app, &**tx, &before, article).await?;
        let details = json!({ "number": article.number, "matter": article.matter_code,
            "section": article.owner_section });
        kernel::audit::record(app, &**tx, who, "article.filed", "article", id, details).await?;
        shout(app, tx, &article, "filed");
    }
    Ok(article)
}

async fn write(
    app: &App,
    tx: &Tx,
    (who, scope, user): (&Who, &Scope, Uuid),
    article: row::Model,
    content: Content,
) -> Result<row::Model> {
    let now = app.clock.now();
    let purpose = article.purpose.as_deref().and_then(ScriptPurpose::parse);
    if let Some(purpose) = purpose {
        purpose.check(&content.answer)?;
    }
    let latest = version(&**tx, article.id, article.latest_n).await?;
    let change = approvals::get(&**tx, latest.approval_id).await?;
    if !change.standing()?.in_work() {
        let mut next = article.clone();
        next.latest_n += 1;
        ChangeState::Draft.as_str().clone_into(&mut next.state);
        next.title = content.title.clone();
        let next = versioned::save(app, &**tx, &article, next).await?;
        draft(app, tx, who, &next, content, user).await?;
        shout(app, tx, &next, "drafted");
        return Ok(next);
    }
    must_be_own(scope, &change)?;
    let kept = content.clone();
    let section = article.owner_section.clone();
    let more = move |change: &mut change_row::Model| {
        change.title = kept.title;
        change.section = section;
        change.from_at = kept.valid_from;
        change.until_at = kept.valid_to;
        change.review_at = kept.review_due;
    };
    approvals::act(app, tx, who, &change, &Action::Edit, ("edited", None), more).await?;
    let written = latest.with(content, now).into_active_model().reset_all();
    written.update(&**tx).await?;
    get(&**tx, article.id).await
}

/// What an article is after a step of one of its versions.
pub(crate) async fn follow(
    app: &App,
    tx: &Tx,
    change: &change_row::Model,
    what: &str,
) -> Result<()> {
    let before = get(&**tx, change.subject_id).await?;
    let mut after = before.clone();
    if change.n == before.latest_n {
        after.state = change.state.clone();
        after.title = change.title.clone();
    }
    if change.in_force {
        after.current_n = Some(change.n);
        after.emergency = change.standing()? == ChangeState::PendingRatification;
        after.due_for_review = change.due_for_review;
    } else if before.current_n == Some(change.n) {
        after.current_n = None;
        after.emergency = false;
        after.due_for_review = false;
    }
    let after = versioned::save(app, &**tx, &before, after).await?;
    shout(app, tx, &after, what);
    if change.in_force {
        gap::answered(app, tx, after.id, &after.number).await?;
    }
    if !matches!(what, "edited" | "submitted" | "recalled" | "returned") {
        reading::follow(app, tx, change).await?;
    }
    Ok(())
}

/// Tells the screens once it is on disk: a desk lets go of what does not hold any more.
fn shout(app: &App, tx: &Tx, article: &row::Model, what: &str) {
    let news = json!({
        "id": article.id,
        "number": article.number,
        "what": what,
        "state": article.state,
        "current": article.current_n,
        "latest": article.latest_n,
        "version": article.version,
    });
    app.live.publish_after(tx, READERS, "article", news);
}

/// The kind of an article.
pub(crate) fn kind_of(article: &row::Model) -> Result<ArticleKind> {
    ArticleKind::parse(&article.kind)
        .ok_or_else(|| internal(format!("article {} has no valid kind", article.number)))
}
