//! Articles and answer scripts (知识条目、应答口径, A-06, A-61): what agents say, in versions. A version that was
//! submitted never changes again; which one holds is decided by its change.

pub mod diff;
pub mod http;
pub mod policy;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, invalid, refused};
use kernel::text::{checked, must_be_code, needed};
use kernel::{App, Tx, words};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Keywords or tags of one article.
const MOST_WORDS: usize = 40;
/// Characters of one keyword or tag.
const LONGEST_WORD: usize = 40;

words! {
    /// What an article is.
    ArticleKind {
        /// 知识条目
        Article = "article",
        /// 应答口径: said as it stands.
        Script = "script",
    }
}

words! {
    /// What the house says by itself with a script, without an agent.
    ScriptPurpose {
        /// 隐私告知
        PrivacyNotice = "privacy_notice",
        /// 转人工提示: behind an answer of the machine.
        Waiting = "waiting",
        /// 满意度询问
        Rating = "rating",
        /// 留言回执
        LeftMessage = "left_message",
    }
}

impl ScriptPurpose {
    /// Says no to an answer that leaves out what must be told.
    pub(crate) fn check(self, answer: &str) -> Result<()> {
        let needs: &[&str] = match self {
            Self::LeftMessage => &["{number}", "{due}"],
            Self::PrivacyNotice | Self::Waiting | Self::Rating => &[],
        };
        match needs.iter().find(|place| !answer.contains(**place)) {
            None => Ok(()),
            Some(place) => {
                let detail = format!("the answer must say {place}");
                Err(invalid("answer", "placeholder_missing", detail).with("placeholder", *place))
            }
        }
    }
}

/// What a version says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What it is called.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// What agents answer.
    pub answer: String,
    /// What stands on the public page; none where nothing does.
    pub public_answer: Option<String>,
    /// Words by which it is found besides.
    pub keywords: Vec<String>,
    /// Number of the document it rests on.
    pub source_no: String,
    /// Title of that document.
    pub source_title: String,
    /// From when it may hold.
    pub valid_from: Option<DateTime<Utc>>,
    /// When it ceases to hold.
    pub valid_to: Option<DateTime<Utc>>,
    /// When it is to be looked at again.
    pub review_due: Option<DateTime<Utc>>,
}

impl Content {
    /// The same content, trimmed; says no to what cannot be.
    pub fn checked(self, now: DateTime<Utc>) -> Result<Self> {
        let public_answer = self.public_answer.as_deref().unwrap_or_default();
        let public_answer = Some(checked("public_answer", public_answer)?);
        let content = Self {
            title: needed("title", &self.title)?,
            question: needed("question", &self.question)?,
            answer: needed("answer", &self.answer)?,
            public_answer: public_answer.filter(|text| !text.is_empty()),
            keywords: words("keywords", self.keywords)?,
            source_no: checked("source_no", &self.source_no)?,
            source_title: needed("source_title", &self.source_title)?,
            ..self
        };
        if content.title.chars().count() > 120 || content.title.contains('\n') {
            let detail = "at most 120 characters on one line";
            return Err(invalid("title", "text_too_long", detail));
        }
        if let Some(to) = content.valid_to {
            if content.valid_from.is_some_and(|from| from >= to) {
                let detail = "it would end before it begins";
                return Err(invalid("valid_to", "validity_reversed", detail));
            }
            if to <= now {
                let detail = "its validity would be over already";
                return Err(invalid("valid_to", "validity_over", detail));
            }
        }
        if content.review_due.is_some_and(|at| at <= now) {
            let detail = "the next review lies ahead";
            return Err(invalid("review_due", "review_in_past", detail));
        }
        Ok(content)
    }
}

/// Words of a list: trimmed, each once, none of them empty.
pub(crate) fn words(field: &'static str, words: Vec<String>) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for word in words {
        let word = checked(field, &word)?;
        if word.chars().count() > LONGEST_WORD || word.contains('\n') {
            let detail = "each is at most 40 characters on one line";
            return Err(invalid(field, "text_too_long", detail));
        }
        if !word.is_empty() && !kept.contains(&word) {
            kept.push(word);
        }
    }
    if kept.len() > MOST_WORDS {
        return Err(invalid(field, "too_many_words", "at most 40"));
    }
    Ok(kept)
}

/// The code of a matter or a section; the tree itself is another capability's.
pub(crate) fn code(field: &'static str, code: &str) -> Result<String> {
    let code = code.trim();
    must_be_code(field, code)?;
    Ok(code.to_owned())
}

/// How a list of words stands in one column.
pub(crate) fn joined(words: &[String]) -> String {
    words.join("\n")
}

/// The list again.
pub(crate) fn split(column: &str) -> Vec<String> {
    column
        .split('\n')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// An article as an answer cites it: `article@version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cited {
    /// The article.
    pub article_id: Uuid,
    /// The version.
    pub version: i32,
    /// What that version is called.
    pub title: String,
    /// The article's number.
    pub number: String,
    /// It is what holds at the moment asked for.
    pub in_force: bool,
}

/// What `reference` (`uuid@version`) cites; `in_force` says whether it held at `now`. 422 `article_unknown` for what
/// is no version of an article.
pub async fn cited(
    conn: &impl ConnectionTrait,
    reference: &str,
    now: DateTime<Utc>,
) -> Result<Cited> {
    let unknown = || invalid("citation", "article_unknown", "no such article and version");
    let (id, version) = reference.trim().split_once('@').ok_or_else(unknown)?;
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let version: i32 = version.parse().map_err(|_| unknown())?;
    store::cited(conn, id, version, now)
        .await?
        .ok_or_else(unknown)
}

/// Which of these citations (`uuid@version`, and when it was said) cited a version that held then; what is no version of
/// an article did not.
///
/// # Errors
/// When the database does not answer.
pub async fn held(
    conn: &impl ConnectionTrait,
    said: &[(String, DateTime<Utc>)],
) -> Result<Vec<bool>> {
    let read = |reference: &str| -> Option<(Uuid, i32)> {
        let (id, n) = reference.trim().split_once('@')?;
        Some((id.parse().ok()?, n.parse().ok()?))
    };
    let read: Vec<Option<(Uuid, i32)>> = said.iter().map(|(what, _)| read(what)).collect();
    let spans = store::spans(conn, read.iter().flatten().map(|(id, _)| *id)).await?;
    let mut held = Vec::with_capacity(said.len());
    for (version, (_, at)) in read.iter().zip(said) {
        let span = version.and_then(|version| spans.get(&version));
        held.push(span.is_some_and(|span| span.covers(*at)));
    }
    Ok(held)
}

/// What the house says by itself, approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `uuid@version`
    pub reference: String,
    /// The words.
    pub text: String,
}

/// The script of this purpose that holds at `now`; none while nobody has approved one.
pub async fn script_for(
    conn: &impl ConnectionTrait,
    purpose: ScriptPurpose,
    now: DateTime<Utc>,
) -> Result<Option<Said>> {
    store::said_for(conn, purpose, now).await
}

/// The same for who answers with it now: 409 `article_not_in_force` for what does not hold.
pub async fn cite(
    conn: &impl ConnectionTrait,
    reference: &str,
    now: DateTime<Utc>,
) -> Result<Cited> {
    let cited = cited(conn, reference, now).await?;
    if cited.in_force {
        return Ok(cited);
    }
    let detail = format!(
        "version {} of {} does not hold",
        cited.version, cited.number
    );
    Err(refused("article_not_in_force", detail).with_way_out("cite the version in force"))
}

/// Begins the draft of an article by what was learnt elsewhere; gives its id and its number. Its answer is what is known
/// until somebody writes one.
///
/// # Errors
/// 422 for a matter that has no code, or texts that are too long.
pub async fn begin(
    app: &App,
    tx: &Tx,
    who: &Who,
    (title, body): (&str, &str),
    (matter, author_id): (&str, Uuid),
) -> Result<(Uuid, String)> {
    let title: String = title.replace('\n', " ").chars().take(120).collect();
    let content = Content {
        question: title.clone(),
        title,
        answer: body.to_owned(),
        public_answer: None,
        keywords: Vec::new(),
        source_no: String::new(),
        source_title: "热点问题分析".to_owned(),
        valid_from: None,
        valid_to: None,
        review_due: None,
    }
    .checked(app.clock.now())?;
    let new = store::New {
        kind: ArticleKind::Article,
        matter: code("matter", matter)?,
        section: None,
        tags: Vec::new(),
        purpose: None,
        content,
        author_id,
    };
    let article = store::create(app, tx, who, new).await?;
    Ok((article.id, article.number))
}
