//! The demo's staff files: the six agents with all that is asked of them, on the six posts, and a candidate who lacks
//! some of it. Only `shoujie serve --demo` calls this.

use chrono::{Days, NaiveDate};
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::versioned;
use kernel::{App, Side, Tx};
use sea_orm::{EntityTrait, PaginatorTrait};
use uuid::Uuid;

use crate::agreed;
use crate::post::http::opened;
use crate::qualification::Item;
use crate::staff::Action;
use crate::staff::evidence::{Assessment, EvidenceState, NewEvidence};
use crate::staff::http::{Person, empty};
use crate::staff::store::{self, row};
use crate::staff::verbs::{Certificate, certify, put_on_post};
use kernel::day;

/// Since how many days the six have been on post.
const SINCE: u64 = 60;

/// Sign-in name, year of birth, school, months on hotlines, correct characters in three minutes.
const SIX: [(&str, i32, &str, u32, i64); 6] = [
    ("agent1", 1994, "bachelor", 40, 246),
    ("agent2", 1990, "associate", 62, 231),
    ("agent3", 1996, "bachelor", 28, 285),
    ("agent4", 1992, "secondary", 75, 219),
    ("agent5", 1998, "associate", 18, 264),
    ("agent6", 1988, "bachelor", 90, 207),
];

/// The demo's people, as they act here.
struct Cast {
    hr: Who,
    manager: Who,
    purchaser: Who,
}

impl Cast {
    async fn read(app: &App) -> Result<Self> {
        let who = async |name: &str| -> Result<Who> {
            Ok(Who {
                user_id: Some(user(app, name).await?),
                session_id: None,
                name: name.to_owned(),
            })
        };
        Ok(Self {
            hr: who("hr").await?,
            manager: who("manager").await?,
            purchaser: who("purchaser").await?,
        })
    }
}

async fn user(app: &App, name: &str) -> Result<Uuid> {
    let found = organization::users::store::by_username(app.db.read(), name).await?;
    let found = found.ok_or_else(|| internal("the demo's people are not there"))?;
    Ok(found.id)
}

/// Writes the demo's staff files where there are none; the people come first.
pub async fn seed(app: &App) -> Result<()> {
    if row::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    files(app).await?;
    crate::wage::demo::seed(app).await
}

async fn files(app: &App) -> Result<()> {
    let cast = Cast::read(app).await?;
    let supplier = organization::party_name(app.db.read(), Side::Supplier).await?;
    let supplier = supplier.unwrap_or_default();
    let nda = agreed::rulebook(app.db.read(), app.clock.now()).await?.nda;
    let mut six = Vec::new();
    for (name, born, school, months, typed) in SIX {
        let id = user(app, name).await?;
        let person = organization::demo::PEOPLE
            .iter()
            .find(|person| person.username == name)
            .map_or(name, |person| person.name);
        six.push((id, person, born, school, months, typed));
    }
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let app = &services;
            let since = day::today(app) - Days::new(SINCE);
            for (place, (user, name, born, school, months, typed)) in six.into_iter().enumerate() {
                let post = format!("Z{}", place + 1);
                opened(app, &tx, &cast.purchaser, &post, since).await?;
                let file = Shown {
                    app,
                    tx: &tx,
                    cast: &cast,
                    supplier: &supplier,
                    nda: &nda,
                    since,
                };
                let born = NaiveDate::from_ymd_opt(born, 5, 17).unwrap_or_default();
                let staff = file.person(Some(user), name, born).await?;
                file.proofs(&staff, school, months, typed).await?;
                let staff = file
                    .trained(staff, &format!("岗培-{:03}", place + 1))
                    .await?;
                put_on_post(app, &tx, &cast.manager, staff, (&post, since)).await?;
            }
            let file = Shown {
                app,
                tx: &tx,
                cast: &cast,
                supplier: &supplier,
                nda: &nda,
                since,
            };
            let born = NaiveDate::from_ymd_opt(1999, 3, 2).unwrap_or_default();
            let candidate = file.person(None, "候选人甲（演示）", born).await?;
            file.proof(&candidate, file.plain(Item::Education, Some("associate")))
                .await?;
            file.proof(&candidate, file.plain(Item::Age, None)).await?;
            Ok(())
        })
        .await
}

/// What the files of the demo are written with.
struct Shown<'a> {
    app: &'a App,
    tx: &'a Tx,
    cast: &'a Cast,
    supplier: &'a str,
    nda: &'a str,
    since: NaiveDate,
}

impl Shown<'_> {
    async fn person(&self, user: Option<Uuid>, name: &str, born: NaiveDate) -> Result<row::Model> {
        let person = Person {
            name: Some(name.to_owned()),
            user_id: user,
            born_on: Some(born),
            phone: Some("13900000000".to_owned()),
            ..Person::default()
        };
        let staff = person.onto(self.app, empty(self.app, self.cast.hr.user_id))?;
        versioned::insert(&**self.tx, &staff).await?;
        let scribe = staff.scribe(self.app, self.tx, &self.cast.hr);
        scribe.tell("created", None, staff.facts()).await?;
        Ok(staff)
    }

    fn plain(&self, item: Item, level: Option<&str>) -> NewEvidence {
        NewEvidence {
            item,
            on: self.since - Days::new(10),
            until: None,
            level: level.map(str::to_owned),
            number: None,
            seconds: None,
            issuer: None,
            scorecard: Vec::new(),
            note: Some("演示数据".to_owned()),
        }
    }

    /// Adds a proof as HR does, checked by operations.
    async fn proof(&self, staff: &row::Model, new: NewEvidence) -> Result<()> {
        let mut piece = new.into_row(self.app, staff.id, self.cast.hr.user_id)?;
        EvidenceState::Verified
            .as_str()
            .clone_into(&mut piece.state);
        piece.checked_by = self.cast.manager.user_id;
        piece.checked_at = Some(self.app.clock.now());
        versioned::insert(&**self.tx, &piece).await
    }

    async fn proofs(
        &self,
        staff: &row::Model,
        school: &str,
        months: u32,
        typed: i64,
    ) -> Result<()> {
        let worked = NewEvidence {
            on: self.since - chrono::Months::new(months),
            until: Some(self.since),
            issuer: Some("原运营公司（演示）".to_owned()),
            ..self.plain(Item::Experience, None)
        };
        let employed = NewEvidence {
            issuer: Some(self.supplier.to_owned()),
            ..self.plain(Item::Employer, None)
        };
        let test = NewEvidence {
            number: Some(typed),
            seconds: Some(180),
            ..self.plain(Item::Typing, None)
        };
        let marks = |assessor: &str, mark: u8| Assessment {
            assessor: assessor.to_owned(),
            understanding: mark,
            thinking: 4,
            communication: 5,
            expression: 4,
            affinity: mark,
        };
        let interview = NewEvidence {
            scorecard: vec![marks("苏婉仪", 4), marks("周敏", 5)],
            ..self.plain(Item::Interview, None)
        };
        let attitude = NewEvidence {
            number: Some(42),
            ..self.plain(Item::Attitude, None)
        };
        let all = [
            self.plain(Item::CleanRecord, None),
            worked,
            self.plain(Item::Education, Some(school)),
            self.plain(Item::Age, None),
            self.plain(Item::Health, None),
            test,
            self.plain(Item::Mandarin, Some("second_a")),
            interview,
            attitude,
            employed,
            self.plain(Item::Nda, Some(self.nda)),
            self.plain(Item::Confidentiality, None),
        ];
        for new in all {
            self.proof(staff, new).await?;
        }
        Ok(())
    }

    async fn trained(&self, staff: row::Model, certificate: &str) -> Result<row::Model> {
        let told = ("training_begun", None);
        let begin = Action::BeginTraining;
        let staff = store::act(
            self.app,
            self.tx,
            &self.cast.hr,
            &staff,
            &begin,
            told,
            |_| {},
        )
        .await?;
        let certificate = Certificate {
            number: certificate.to_owned(),
            on: self.since - Days::new(1),
            until: None,
            score: Some(92),
            source_event: None,
        };
        certify(self.app, self.tx, &self.cast.purchaser, &staff, certificate).await
    }
}
