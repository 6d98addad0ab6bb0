//! The demo's knowledge (domain E.2): thirty answers in our own words, some due for review, some withdrawn, some that
//! took the place of wrong ones; synonyms, look-up tables, two fault trees, a script that must be read. Only
//! `shoujie serve --demo` calls this.

mod faq;
mod tables;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, Role, Side, Tx};
use sea_orm::{EntityTrait, PaginatorTrait};
use uuid::Uuid;

use crate::approval::Action;
use crate::approval::store::{self as approvals, row as change_row};
use crate::article::store::{self as articles, Edit, New};
use crate::article::{ArticleKind, Content};
use crate::fault_tree::{Tree, store as trees};
use crate::gap;
use crate::lookup::store as lookups;
use crate::reading::{Quiz, QuizQuestion, store as readings};
use crate::synonym;
use faq::{FAQS, Faq, Fate, SYNONYMS};

const SOURCE: &str = "本次考试报名公告";
const TITLES_SOURCE: &str = "本年度职称评审通知";

/// The demo's people, as they act here.
struct Cast {
    people: HashMap<&'static str, Uuid>,
}

impl Cast {
    async fn read(app: &App) -> Result<Self> {
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await?;
            let found = found.ok_or_else(|| internal("the demo's people are not there"))?;
            people.insert(person.username, found.id);
        }
        Ok(Self { people })
    }

    fn id(&self, username: &str) -> Result<Uuid> {
        let id = self.people.get(username).copied();
        id.ok_or_else(|| internal(format!("nobody in the demo is called {username}")))
    }

    fn who(&self, username: &str) -> Result<Who> {
        Ok(Who {
            user_id: Some(self.id(username)?),
            session_id: None,
            name: username.to_owned(),
        })
    }
}

/// Writes the demo's knowledge where there is none; the people come first.
pub async fn seed(app: &App) -> Result<()> {
    if articles::row::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    let cast = Cast::read(app).await?;
    let app = app.clone();
    app.db
        .clone()
        .write(move |tx| async move {
            for words in SYNONYMS {
                let words = words.iter().map(|&word| word.to_owned()).collect();
                synonym::add(&app, &tx, &cast.who("manager")?, words).await?;
            }
            for faq in FAQS {
                told(&app, &tx, &cast, faq).await?;
            }
            in_work(&app, &tx, &cast).await?;
            must_read(&app, &tx, &cast).await?;
            guidance(&app, &tx, &cast).await
        })
        .await
}

fn decider(matter: &str) -> (&'static str, &'static str, &'static str) {
    if matter.starts_with('2') {
        ("titles", "titles", TITLES_SOURCE)
    } else {
        ("section", "exams", SOURCE)
    }
}

fn content(faq: &Faq, answer: &str, review_due: Option<DateTime<Utc>>) -> Content {
    let (_, _, source) = decider(faq.matter);
    Content {
        title: faq.title.to_owned(),
        question: faq.question.to_owned(),
        answer: answer.to_owned(),
        public_answer: Some(answer.to_owned()),
        keywords: faq.keywords.iter().map(|&word| word.to_owned()).collect(),
        source_no: String::new(),
        source_title: source.to_owned(),
        valid_from: None,
        valid_to: None,
        review_due,
    }
}

fn new(faq: &Faq, content: Content, author_id: Uuid) -> New {
    let (_, section, _) = decider(faq.matter);
    New {
        kind: ArticleKind::Article,
        matter: faq.matter.to_owned(),
        section: Some(section.to_owned()),
        tags: Vec::new(),
        purpose: None,
        content,
        author_id,
    }
}

/// One question with what became of it.
async fn told(app: &App, tx: &Tx, cast: &Cast, faq: &Faq) -> Result<()> {
    let now = app.clock.now();
    let review = match faq.fate {
        Fate::DueForReview => now,
        _ => now + TimeDelta::days(180),
    };
    let (who, author) = (cast.who("trainer")?, cast.id("trainer")?);
    let (by, _, _) = decider(faq.matter);
    let first = match faq.fate {
        Fate::Replaced(wrong) => wrong,
        _ => faq.answer,
    };
    let first = content(faq, first, Some(review));
    let article = articles::create(app, tx, &who, new(faq, first, author)).await?;
    consent(app, tx, cast, (article.id, 1), by).await?;
    match faq.fate {
        Fate::Replaced(_) => {
            let right = content(faq, faq.answer, Some(review));
            rewrite(app, tx, cast, article.id, right).await?;
            consent(app, tx, cast, (article.id, 2), by).await?;
        }
        Fate::Withdrawn(reason) => {
            let change = change_of(tx, article.id, 1).await?;
            let (who, user) = (cast.who(by)?, cast.id(by)?);
            let action = Action::Withdraw {
                by: Side::Purchaser,
            };
            let decided = decided(user, now, Some(reason.to_owned()));
            let told = ("withdrawn", Some(reason));
            approvals::act(app, tx, &who, &change, &action, told, decided).await?;
        }
        Fate::Holds | Fate::DueForReview => {}
    }
    Ok(())
}

async fn change_of(tx: &Tx, article_id: Uuid, n: i32) -> Result<change_row::Model> {
    let version = articles::version(&**tx, article_id, n).await?;
    approvals::get(&**tx, version.approval_id).await
}

async fn rewrite(app: &App, tx: &Tx, cast: &Cast, id: Uuid, content: Content) -> Result<()> {
    let article = articles::get(&**tx, id).await?;
    let edit = Edit {
        content: Some(content),
        matter: None,
        section: None,
        tags: None,
    };
    let who = cast.who("trainer")?;
    let hand = (&who, &kernel::Scope::All, cast.id("trainer")?);
    articles::edit(app, tx, hand, (id, article.version), edit).await?;
    Ok(())
}

fn decided(
    user: Uuid,
    now: DateTime<Utc>,
    opinion: Option<String>,
) -> impl FnOnce(&mut change_row::Model) {
    move |change| {
        change.decided_by = Some(user);
        change.decided_at = Some(now);
        change.opinion = opinion;
    }
}

async fn submit(app: &App, tx: &Tx, cast: &Cast, change: &change_row::Model) -> Result<()> {
    let (who, user, now) = (cast.who("trainer")?, cast.id("trainer")?, app.clock.now());
    let more = move |change: &mut change_row::Model| {
        change.submitted_by = Some(user);
        change.submitted_at = Some(now);
    };
    let told = ("submitted", None);
    approvals::act(app, tx, &who, change, &Action::Submit, told, more).await?;
    Ok(())
}

/// Submits a version and has the purchaser consent to it.
async fn consent(
    app: &App,
    tx: &Tx,
    cast: &Cast,
    (article_id, n): (Uuid, i32),
    by: &'static str,
) -> Result<()> {
    let change = change_of(tx, article_id, n).await?;
    submit(app, tx, cast, &change).await?;
    let change = approvals::get(&**tx, change.id).await?;
    approve(app, tx, cast, &change, by).await
}

async fn approve(
    app: &App,
    tx: &Tx,
    cast: &Cast,
    change: &change_row::Model,
    by: &'static str,
) -> Result<()> {
    let (who, user, now) = (cast.who(by)?, cast.id(by)?, app.clock.now());
    let action = Action::Approve {
        by: Side::Purchaser,
        at: now,
    };
    let told = ("approved", Some("同意"));
    let decided = decided(user, now, Some("同意".to_owned()));
    approvals::act(app, tx, &who, change, &action, told, decided).await?;
    Ok(())
}

/// What waits: a proposal with the purchaser, one that was returned, two gaps.
async fn in_work(app: &App, tx: &Tx, cast: &Cast) -> Result<()> {
    let now = app.clock.now();
    for (title, returned) in [
        ("报名期间修改手机号", false),
        ("考试科目能否中途更换", true),
    ] {
        let faq = Faq {
            matter: "102",
            title,
            question: title,
            answer: "请登记姓名和报考信息，由考试机构核实后办理。",
            keywords: &["变更"],
            fate: Fate::Holds,
        };
        let content = content(&faq, faq.answer, Some(now + TimeDelta::days(180)));
        let (who, author) = (cast.who("agent1")?, cast.id("agent1")?);
        let article = articles::create(app, tx, &who, new(&faq, content, author)).await?;
        let change = change_of(tx, article.id, 1).await?;
        submit(app, tx, cast, &change).await?;
        if returned {
            let change = approvals::get(&**tx, change.id).await?;
            let opinion = "请注明依据的公告条款";
            let action = Action::Return {
                by: Side::Purchaser,
            };
            let decided = decided(cast.id("section")?, now, Some(opinion.to_owned()));
            let (who, told) = (cast.who("section")?, ("returned", Some(opinion)));
            approvals::act(app, tx, &who, &change, &action, told, decided).await?;
        }
    }
    for (query, agent) in [
        ("残疾考生能否延长考试时间", "agent2"),
        ("残疾考生能否延长考试时间？", "agent3"),
        ("考场附近有没有停车场", "agent4"),
    ] {
        let asked = gap::New {
            query: query.to_owned(),
            matter: Some("108".to_owned()),
            source: gap::GapSource::Call,
            source_id: None,
            note: String::new(),
            by: cast.id(agent)?,
        };
        gap::report(app, tx, &cast.who(agent)?, asked).await?;
    }
    Ok(())
}

/// A new script that agents must read, with its quiz.
async fn must_read(app: &App, tx: &Tx, cast: &Cast) -> Result<()> {
    let faq = Faq {
        matter: "114",
        title: "报名高峰期统一口径",
        question: "报名系统拥堵、登录慢时怎么答复？",
        answer: "1. 致歉并说明：目前报名集中，系统较慢，报名数据不会丢失。\n2. 建议避开高峰时段，不要重复提交和重复缴费。\n3. 不承诺延期；是否延期以公告为准。\n4. 登记报错截图和时间，汇总反馈技术单位。",
        keywords: &["高峰", "拥堵", "统一口径"],
        fate: Fate::Holds,
    };
    let mut content = content(
        &faq,
        faq.answer,
        Some(app.clock.now() + TimeDelta::days(90)),
    );
    content.public_answer = None;
    let mut new = new(&faq, content, cast.id("trainer")?);
    new.kind = ArticleKind::Script;
    let who = cast.who("trainer")?;
    let article = articles::create(app, tx, &who, new).await?;
    let question = |text: &str, options: &[&str], answer: usize, explanation: &str| QuizQuestion {
        text: text.to_owned(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        answer,
        explanation: explanation.to_owned(),
    };
    let quiz = Quiz {
        questions: vec![
            question(
                "考生担心页面卡住会丢失报名数据，怎么说？",
                &[
                    "请他重新注册账号",
                    "说明数据不会丢失，请勿重复提交",
                    "请他打印页面寄来",
                ],
                1,
                "口径第 1、2 条",
            ),
            question(
                "考生问报名会不会延期，怎么说？",
                &["肯定会延期", "肯定不会延期", "不承诺，以公告为准"],
                2,
                "口径第 3 条",
            ),
            question(
                "仍然登录不了的，要登记什么？",
                &["报错截图和时间", "登录密码", "银行卡号"],
                0,
                "口径第 4 条；任何时候不索取密码和卡号",
            ),
        ],
        pass_percent: 100,
    };
    let audience = vec![Role::Agent, Role::ShiftLead];
    readings::set_plan(app, tx, &who, (article.id, 1), (audience, quiz)).await?;
    consent(app, tx, cast, (article.id, 1), "section").await
}

/// Look-up tables and fault trees.
async fn guidance(app: &App, tx: &Tx, cast: &Cast) -> Result<()> {
    let now = app.clock.now();
    for plan in tables::exam_plans(now) {
        lookups::put(app, tx, &cast.who("section")?, 0, plan.checked()?).await?;
    }
    for batch in tables::title_batches(now) {
        lookups::put(app, tx, &cast.who("titles")?, 0, batch.checked()?).await?;
    }
    for (title, symptom, matter, nodes) in [
        (
            "报名系统登录不了",
            "点登录后提示错误、页面打不开或一直转",
            "114",
            tables::sign_in_fails(),
        ),
        (
            "照片上传失败",
            "上传后提示不符合要求或没有反应",
            "103",
            tables::photo_fails(),
        ),
    ] {
        let new = trees::New {
            matter: matter.to_owned(),
            section: Some("exams".to_owned()),
            content: trees::Content {
                title: title.to_owned(),
                symptom: symptom.to_owned(),
                tree: Tree(nodes),
            },
            author_id: cast.id("trainer")?,
        };
        let tree = trees::create(app, tx, &cast.who("trainer")?, new).await?;
        let version = trees::version(&**tx, tree.id, 1).await?;
        let change = approvals::get(&**tx, version.approval_id).await?;
        submit(app, tx, cast, &change).await?;
        let change = approvals::get(&**tx, change.id).await?;
        approve(app, tx, cast, &change, "section").await?;
    }
    Ok(())
}
