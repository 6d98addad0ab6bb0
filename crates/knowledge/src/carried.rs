//! What a predecessor hands over: articles, which come in as changes that wait for the purchaser's consent,
//! look-up tables and synonyms. Read and compared by `carry`; written here, by the same rules as by hand.

use documents::sheet::{Field, Kind, Line};
use kernel::audit::Who;
use kernel::problem::{Result, internal, invalid};
use kernel::{App, Scope, Tx};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::approval::store as approvals;
use crate::approval::{Action, ChangeState};
use crate::article::store::{self, Edit, New};
use crate::article::{ArticleKind, Content, code, words};
use crate::lookup::store as lookups;
use crate::lookup::{Entry, ExamPlan, Facts, TitleBatch};
use crate::synonym;

const KINDS: Kind = Kind::Word(&[("知识条目", "article"), ("应答口径", "script")]);
/// Characters of an answer in a sheet, as Excel has them.
const LONGEST: usize = documents::LONGEST_TEXT;

/// The columns of a sheet of articles.
pub const ARTICLE_FIELDS: &[Field] = &[
    Field::of("number", &["原编号", "编号", "条目编号", "知识编号"])
        .with(Kind::Line, 100)
        .needed(),
    Field::of("title", &["标题", "知识标题"])
        .with(Kind::Line, 120)
        .needed(),
    Field::of("question", &["问题", "常见问法"]).with(Kind::Text, LONGEST),
    Field::of("answer", &["答复", "答案", "内容", "应答口径"])
        .with(Kind::Text, LONGEST)
        .needed(),
    Field::of("public_answer", &["对外答复", "公开答复"]).with(Kind::Text, LONGEST),
    Field::of("kind", &["类型", "类别"]).with(KINDS, 20),
    Field::of("matter", &["业务事项", "事项编码"])
        .with(Kind::Line, 60)
        .needed(),
    Field::of("owner_section", &["责任科室", "科室编码"]).with(Kind::Line, 60),
    Field::of("keywords", &["关键词"]).with(Kind::List, 2_000),
    Field::of("tags", &["标签"]).with(Kind::List, 2_000),
    Field::of("source_no", &["文号", "依据文号"]),
    Field::of("source_title", &["依据", "依据文件"]),
    Field::of("valid_from", &["生效时间", "有效期起"]).with(Kind::Moment, 40),
    Field::of("valid_to", &["失效时间", "有效期止"]).with(Kind::Moment, 40),
    Field::of("review_due", &["复核时间", "下次复核"]).with(Kind::Moment, 40),
];

/// The columns of a sheet of synonyms.
pub const SYNONYM_FIELDS: &[Field] = &[
    Field::of("number", &["原编号", "编号"])
        .with(Kind::Line, 100)
        .needed(),
    Field::of("words", &["同义词", "词组"])
        .with(Kind::List, 2_000)
        .needed(),
];

/// A document nobody named: the predecessor's own.
const UNNAMED: &str = "原运营公司知识库";

fn article(app: &App, line: &Line, author_id: Uuid) -> Result<New> {
    let kind = ArticleKind::parse(line.text("kind")).unwrap_or(ArticleKind::Article);
    let some = |name: &str, other: &str| line.some(name).unwrap_or_else(|| other.to_owned());
    let content = Content {
        title: line.text("title").to_owned(),
        question: some("question", line.text("title")),
        answer: line.text("answer").to_owned(),
        public_answer: line.some("public_answer"),
        keywords: line.list("keywords"),
        source_no: line.text("source_no").to_owned(),
        source_title: some("source_title", UNNAMED),
        valid_from: line.moment("valid_from"),
        valid_to: line.moment("valid_to"),
        review_due: line.moment("review_due"),
    };
    let section = line.some("owner_section");
    Ok(New {
        kind,
        matter: code("matter", line.text("matter"))?,
        section: section
            .map(|section| code("owner_section", &section))
            .transpose()?,
        tags: words("tags", line.list("tags"))?,
        purpose: None,
        content: content.checked(app.clock.now())?,
        author_id,
    })
}

/// Says no to a row that cannot be an article, or not be written over the one it became.
pub async fn check_article(
    app: &App,
    conn: &impl ConnectionTrait,
    line: &Line,
    known: Option<Uuid>,
) -> Result<()> {
    article(app, line, Uuid::nil())?;
    if let Some(id) = known {
        let article = store::get(conn, id).await?;
        if article.state == ChangeState::Approved.as_str() {
            return Err(invalid(
                "number",
                "article_approved",
                "its change is approved and not in force yet",
            ));
        }
    }
    Ok(())
}

/// Begins an article with a first version that waits for the purchaser.
pub async fn begin_article(app: &App, tx: &Tx, who: &Who, line: &Line) -> Result<Uuid> {
    let author = author(who)?;
    let made = store::create(app, tx, who, article(app, line, author)?).await?;
    submit(app, tx, who, author, made.id).await?;
    Ok(made.id)
}

/// Writes what the row says over the article: on the change that waits, or as the next version.
pub async fn change_article(app: &App, tx: &Tx, who: &Who, id: Uuid, line: &Line) -> Result<()> {
    let author = author(who)?;
    let new = article(app, line, author)?;
    let mut known = store::get(&**tx, id).await?;
    if known.state == ChangeState::Submitted.as_str() {
        let change = change_of(tx, &known).await?;
        let told = ("recalled", None);
        approvals::act(app, tx, who, &change, &Action::Recall, told, |_| {}).await?;
        known = store::get(&**tx, id).await?;
    }
    let edit = Edit {
        content: Some(new.content),
        matter: Some(new.matter),
        section: Some(new.section.unwrap_or_default()),
        tags: Some(new.tags),
    };
    let by = (who, &Scope::All, author);
    store::edit(app, tx, by, (id, known.version), edit).await?;
    submit(app, tx, who, author, id).await
}

fn author(who: &Who) -> Result<Uuid> {
    who.user_id
        .ok_or_else(|| internal("an article has an author"))
}

async fn change_of(tx: &Tx, article: &store::row::Model) -> Result<approvals::row::Model> {
    let version = store::version(&**tx, article.id, article.latest_n).await?;
    approvals::get(&**tx, version.approval_id).await
}

async fn submit(app: &App, tx: &Tx, who: &Who, by: Uuid, id: Uuid) -> Result<()> {
    let article = store::get(&**tx, id).await?;
    let change = change_of(tx, &article).await?;
    let (now, told) = (app.clock.now(), ("submitted", None));
    approvals::act(app, tx, who, &change, &Action::Submit, told, |change| {
        change.submitted_by = Some(by);
        change.submitted_at = Some(now);
    })
    .await?;
    Ok(())
}

/// A look-up table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// 考试计划
    ExamPlan,
    /// 职称批次
    TitleBatch,
}

const CODE: Field = Field::of("code", &["编码"]).with(Kind::Line, 40).needed();
const YEAR: Field = Field::of("year", &["年度"]).with(Kind::Number, 4).needed();
const NAME: Field = Field::of("name", &["名称"]).with(Kind::Line, 60).needed();
const ACTIVE: Field = Field::of("active", &["启用"]).with(Kind::Flag, 4);

impl Lookup {
    /// The columns of its sheet: those of its own import, but for what the public sees.
    pub fn fields(self) -> Vec<Field> {
        match self {
            Self::ExamPlan => fields::<ExamPlan>(),
            Self::TitleBatch => fields::<TitleBatch>(),
        }
    }

    /// Says no to a row that cannot be one of the table, or that the purchaser wrote himself.
    pub async fn check(
        self,
        conn: &impl ConnectionTrait,
        line: &Line,
        known: Option<Uuid>,
    ) -> Result<()> {
        match self {
            Self::ExamPlan => check::<ExamPlan>(conn, line, known).await,
            Self::TitleBatch => check::<TitleBatch>(conn, line, known).await,
        }
    }

    /// Writes the row, new or over what it was.
    pub async fn put(self, app: &App, tx: &Tx, who: &Who, line: &Line) -> Result<Uuid> {
        match self {
            Self::ExamPlan => put::<ExamPlan>(app, tx, who, line).await,
            Self::TitleBatch => put::<TitleBatch>(app, tx, who, line).await,
        }
    }
}

fn fields<F: Facts>() -> Vec<Field> {
    let own = F::FIELDS.iter().map(|field| {
        let kind = if field.moment {
            Kind::Moment
        } else {
            Kind::Text
        };
        Field::of(field.name, std::slice::from_ref(&field.heading)).with(kind, 2_000)
    });
    [CODE, YEAR, NAME, ACTIVE].into_iter().chain(own).collect()
}

fn entry<F: Facts>(line: &Line) -> Result<Entry<F>> {
    let mut facts = Map::new();
    for field in F::FIELDS {
        let value = match (field.moment, line.some(field.name)) {
            (true, Some(_)) => json!(line.moment(field.name)),
            (true, None) => Value::Null,
            (false, text) => Value::String(text.unwrap_or_default()),
        };
        facts.insert(field.name.to_owned(), value);
    }
    let entry = Entry::<F> {
        code: line.text("code").to_owned(),
        year: line.text("year").parse().unwrap_or_default(),
        name: line.text("name").to_owned(),
        active: line.text("active") != "false",
        facts: serde_json::from_value(Value::Object(facts)).map_err(internal)?,
        public: Vec::new(),
    };
    entry.checked()
}

async fn check<F: Facts>(
    conn: &impl ConnectionTrait,
    line: &Line,
    known: Option<Uuid>,
) -> Result<()> {
    let entry = entry::<F>(line)?;
    let there = lookups::find(conn, F::KIND, &entry.code).await?;
    match there {
        Some(row) if known != Some(row.id) => Err(invalid(
            "code",
            "code_taken",
            "the purchaser has a row of this code, which a predecessor does not change",
        )),
        _ => Ok(()),
    }
}

async fn put<F: Facts>(app: &App, tx: &Tx, who: &Who, line: &Line) -> Result<Uuid> {
    let mut entry = entry::<F>(line)?;
    let there = lookups::find(&**tx, F::KIND, &entry.code).await?;
    if let Some(there) = &there {
        // What the public sees was set here.
        entry.public = there.entry::<F>()?.public;
    }
    let seen = there.map_or(0, |row| row.version);
    Ok(lookups::put(app, tx, who, seen, entry).await?.id)
}

/// Says no to a row that is no group of synonyms.
pub fn check_synonyms(line: &Line) -> Result<()> {
    synonym::group(line.list("words")).map(|_| ())
}

/// Writes a group of synonyms, new or over the one it became.
pub async fn put_synonyms(
    app: &App,
    tx: &Tx,
    who: &Who,
    known: Option<Uuid>,
    line: &Line,
) -> Result<Uuid> {
    let group = synonym::group(line.list("words"))?;
    match known {
        Some(id) => {
            synonym::rewrite(app, tx, who, id, group).await?;
            Ok(id)
        }
        None => synonym::add(app, tx, who, group).await,
    }
}
