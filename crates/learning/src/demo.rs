//! The demo's learning: a course that was held, a bank of sixty questions, a qualification that the six agents passed,
//! their certificates, and a test that one of them sits. Only `shoujie serve --demo` calls this.

mod bank;

use std::collections::HashMap;

use chrono::TimeDelta;
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{App, Tx};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait, PaginatorTrait, QueryFilter as _};
use uuid::Uuid;

use crate::certificate;
use crate::course::store::{self as courses, Plan, Source, Wish};
use crate::course::{AttendanceEntry, AttendanceState};
use crate::exam::store::{self as exams, NewSitting, answer};
use crate::exam::{Action, Purpose, Release, answers};
use crate::paper::{Blueprint, PaperPart, store as papers};
use crate::question::store::{self as questions, Written};
use crate::question::{GivenAnswer, QuestionContent, QuestionKind};
use bank::{Ask, BANK};

const AGENTS: [&str; 6] = ["agent1", "agent2", "agent3", "agent4", "agent5", "agent6"];
const OUTLINE: &str = "岗前培训提纲\n一、热线的职责与纪律\n二、首接负责制与请示报告\n三、人事考试常见问题\n四、职称申报常见问题\n五、个人信息保护\n";

/// The demo's people, as they act here.
struct Cast(HashMap<&'static str, Uuid>);

impl Cast {
    async fn read(app: &App) -> Result<Self> {
        let mut people = HashMap::new();
        for person in organization::demo::PEOPLE {
            let found =
                organization::users::store::by_username(app.db.read(), person.username).await?;
            people.insert(
                person.username,
                found
                    .ok_or_else(|| internal("the demo's people are not there"))?
                    .id,
            );
        }
        Ok(Self(people))
    }

    fn id(&self, username: &str) -> Result<Uuid> {
        let id = self.0.get(username).copied();
        id.ok_or_else(|| internal(format!("nobody in the demo is called {username}")))
    }

    fn who(&self, username: &str) -> Result<Who> {
        Ok(Who {
            user_id: Some(self.id(username)?),
            session_id: None,
            name: username.to_owned(),
        })
    }

    fn agents(&self) -> Result<Vec<Uuid>> {
        AGENTS.iter().map(|agent| self.id(agent)).collect()
    }
}

/// Writes the demo's learning where there is none; the people come first.
pub async fn seed(app: &App) -> Result<()> {
    if questions::row::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    let cast = Cast::read(app).await?;
    let path = "learning/demo/outline.txt";
    app.files.put(path, OUTLINE.as_bytes()).await?;
    let outline = Source::File {
        name: "岗前培训提纲.txt".to_owned(),
        path: path.to_owned(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        bytes: i64::try_from(OUTLINE.len()).map_err(internal)?,
        sha256: app.files.sha256(path).await?,
    };
    let app = app.clone();
    let write = app.db.clone();
    write
        .write(move |tx| async move {
            let mut bank = Vec::new();
            for (matter, difficulty, text, ask) in BANK {
                let (kind, content) = content(text, ask);
                bank.push(Written {
                    kind,
                    matter: (*matter).to_owned(),
                    difficulty: *difficulty,
                    content: content.checked(kind)?,
                    source: None,
                });
            }
            questions::create_many(&app, &tx, &cast.who("trainer")?, bank).await?;
            taught(&app, &tx, &cast, outline).await?;
            examined(&app, &tx, &cast).await
        })
        .await
}

fn content(text: &str, ask: &Ask) -> (QuestionKind, QuestionContent) {
    let mut content = QuestionContent {
        text: text.to_owned(),
        ..Default::default()
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let kind = match ask {
        Ask::One(options) => {
            (content.options, content.right) = (words(options), vec![0]);
            QuestionKind::Single
        }
        Ask::Many(options, right) => {
            (content.options, content.right) = (words(options), (0..*right).collect());
            QuestionKind::Multiple
        }
        Ask::Says(truth) => {
            content.truth = Some(*truth);
            QuestionKind::TrueFalse
        }
        Ask::Blanks(blanks) => {
            content.blanks = blanks
                .iter()
                .map(|blank| blank.split('|').map(str::to_owned).collect())
                .collect();
            QuestionKind::Fill
        }
        Ask::Words(model) => {
            (*model).clone_into(&mut content.model_answer);
            QuestionKind::Short
        }
    };
    (kind, content)
}

async fn taught(app: &App, tx: &Tx, cast: &Cast, outline: Source) -> Result<()> {
    let (who, now) = (cast.who("trainer")?, app.clock.now());
    let wish = Wish {
        title: "岗前培训：热线服务规范与业务基础".to_owned(),
        matter: None,
        description: "服务规范、首接负责制、人事考试与职称业务常见问题、个人信息保护。".to_owned(),
        minutes: 180,
        state: "active".to_owned(),
    };
    let course = courses::put(app, tx, &who, None, wish).await?;
    courses::add_material(app, tx, &who, course.id, outline).await?;
    let people = cast.agents()?;
    let plan = |days: i64| Plan {
        starts_at: now + TimeDelta::days(days),
        minutes: 180,
        place: "培训室".to_owned(),
        teacher_id: who.user_id.unwrap_or_default(),
        note: String::new(),
        people: people.clone(),
    };
    let held = courses::plan(app, tx, &who, (course.id, None), plan(-7)).await?;
    let came = people
        .iter()
        .zip([95, 92, 90, 88, 93, 91])
        .map(|(user, percent)| AttendanceEntry {
            user_id: *user,
            state: AttendanceState::Attended,
            minutes: None,
            result: "完成随堂练习".to_owned(),
            percent: Some(percent),
        });
    courses::attend(app, tx, &who, held, (came.collect(), None)).await?;
    courses::plan(app, tx, &who, (course.id, None), plan(7)).await?;
    Ok(())
}

fn part(kind: QuestionKind, many: u32, points: i32) -> PaperPart {
    PaperPart {
        kind,
        matter: None,
        difficulty: None,
        many,
        points,
    }
}

fn rules(parts: Vec<PaperPart>, minutes: i32) -> Blueprint {
    Blueprint {
        parts,
        pass_percent: None,
        minutes,
        max_resits: 1,
        resit_after_hours: 24,
        resit_within_days: 5,
    }
}

async fn examined(app: &App, tx: &Tx, cast: &Cast) -> Result<()> {
    use QuestionKind::{Fill, Multiple, Short, Single, TrueFalse};
    let (trainer, purchaser, now) = (
        cast.who("trainer")?,
        cast.who("purchaser")?,
        app.clock.now(),
    );
    let all = vec![
        part(Single, 5, 8),
        part(Multiple, 2, 10),
        part(TrueFalse, 3, 10),
        part(Fill, 1, 10),
    ];
    let qualification = papers::put(
        app,
        tx,
        &trainer,
        None,
        ("服务资格考核试卷", "active"),
        rules(all, 60),
    )
    .await?;
    let new = NewSitting {
        title: "岗前服务资格考核".to_owned(),
        purpose: Purpose::Qualification,
        paper: qualification.id,
        opens_at: now,
        closes_at: now + TimeDelta::days(10),
        release: Release::Automatic,
    };
    let sitting = exams::set(app, tx, &purchaser, new).await?;
    exams::assign(app, tx, &purchaser, &sitting, &cast.agents()?).await?;
    for (attempt, agent) in exams::attempts_of(&**tx, sitting.id)
        .await?
        .into_iter()
        .zip(AGENTS)
    {
        let who = cast.who(agent)?;
        let begun = answers::start(app, tx, &who, &attempt).await?;
        answered(app, tx, begun.id, usize::MAX).await?;
        answers::hand_in(app, tx, &who, (&sitting, &begun), &Action::HandIn).await?;
        certificate::issue(app, tx, &purchaser, begun.id, None).await?;
    }
    let some = vec![part(Single, 15, 4), part(Short, 2, 20)];
    let paper = papers::put(
        app,
        tx,
        &trainer,
        None,
        ("月度业务测验试卷", "active"),
        rules(some, 120),
    )
    .await?;
    let new = NewSitting {
        title: "月度业务测验".to_owned(),
        purpose: Purpose::Training,
        paper: paper.id,
        opens_at: now,
        closes_at: now + TimeDelta::days(10),
        release: Release::Manual,
    };
    let sitting = exams::set(app, tx, &trainer, new).await?;
    exams::assign(
        app,
        tx,
        &trainer,
        &sitting,
        &[cast.id("agent5")?, cast.id("agent6")?],
    )
    .await?;
    // One of them sits it, the other has still to begin.
    let five = cast.id("agent5")?;
    for attempt in exams::attempts_of(&**tx, sitting.id).await? {
        if attempt.user_id == five {
            let begun = answers::start(app, tx, &cast.who("agent5")?, &attempt).await?;
            answered(app, tx, begun.id, 6).await?;
        }
    }
    Ok(())
}

/// Gives the right answers to the first so many questions.
async fn answered(app: &App, tx: &Tx, attempt: Uuid, many: usize) -> Result<()> {
    let drawn = exams::drawn(&**tx, attempt).await?;
    let contents = questions::contents(
        &**tx,
        drawn
            .iter()
            .map(|question| (question.question_id, question.n)),
    )
    .await?;
    for question in drawn.iter().take(many) {
        let content = contents.get(&(question.question_id, question.n));
        let content = content.ok_or_else(|| internal("a question has its version"))?;
        let shown = |right: &usize| question.order.iter().position(|at| at == right);
        let given = GivenAnswer {
            chosen: content.right.iter().filter_map(shown).collect(),
            truth: content.truth,
            texts: content
                .blanks
                .iter()
                .filter_map(|blank| blank.first().cloned())
                .collect(),
        };
        let wish = answer::ActiveModel {
            answer: Set(Some(serde_json::to_value(&given).map_err(internal)?)),
            seq: Set(1),
            saved_at: Set(Some(app.clock.now())),
            ..Default::default()
        };
        answer::Entity::update_many()
            .set(wish)
            .filter(answer::Column::AttemptId.eq(attempt))
            .filter(answer::Column::No.eq(question.no))
            .exec(&**tx)
            .await?;
    }
    Ok(())
}
