//! The topics of a period from what was written of its contacts: phrases and matters by K-26, matters by K-27.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::jobs::Schedule;
use kernel::problem::{Result, internal};
use kernel::{JobDef, day, numbers};
use serde_json::{Value, json};
use uuid::Uuid;

use super::find::{Bounds, Example, Finder, Said, measure};
use super::index::{Effort, Hardness, hard};
use super::port::Contact;
use super::rules::{self, TopicTerms};
use super::store::{self, Counted, example, row, run};
use super::{Board, Case, Rise, TopicState};

/// Spans read before the one looked at: of these the nearest four that are comparable count.
const BEFORE: usize = 6;
/// The hardness of what has none: below all that has one.
pub(crate) const NOT_HARD: i64 = -1_000_000;
/// The job that computes a run.
pub(crate) const JOB: &str = "analytics.topics";

/// Computes a run that was asked for.
pub(crate) fn job(board: &Board) -> JobDef {
    let board = board.clone();
    JobDef::new(JOB, Schedule::OnDemand, move |payload: Value| {
        let board = board.clone();
        async move {
            let id = payload["run_id"].as_str().and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| internal("a run of topics has an id"))?;
            board.compute(id).await
        }
    })
}

/// Asks for the topics of the last whole week, once: on Monday morning, or the first morning after it.
pub(crate) fn weekly(board: &Board) -> JobDef {
    let board = board.clone();
    JobDef::new(
        "analytics.topics_weekly",
        Schedule::Daily(6, 10),
        move |_payload: Value| {
            let board = board.clone();
            async move {
                let monday = last_monday(day::today(&board.app));
                let from = monday - Days::new(7);
                if store::run_of(board.app.db.read(), from, monday)
                    .await?
                    .is_some()
                {
                    return Ok(());
                }
                let (app, who) = (board.app.clone(), Who::system("analytics"));
                board
                    .app
                    .db
                    .write(
                        move |tx| async move { store::ask(&app, &tx, &who, (from, monday)).await },
                    )
                    .await?;
                Ok(())
            }
        },
    )
}

/// The Monday of this week.
pub(crate) fn last_monday(today: NaiveDate) -> NaiveDate {
    use chrono::Datelike as _;
    today - Days::new(today.weekday().num_days_from_monday().into())
}

/// A topic to be written.
struct Candidate {
    subject: String,
    found_as: &'static str,
    name: String,
    phrases: Vec<String>,
    matter: Option<String>,
    matters: Vec<(String, u32)>,
    hot: bool,
    rise: Rise,
    count: u32,
    ratio: Option<i64>,
    heat: i64,
    hardness: Option<Hardness>,
    effort: Effort,
    spans: Vec<u32>,
    days: Vec<u32>,
    examples: Vec<Example>,
}

/// What is known of a matter.
#[derive(Default)]
struct OfMatter {
    spans: Vec<u32>,
    days: Vec<u32>,
    effort: Effort,
    contacts: Vec<usize>,
}

impl Board {
    /// Computes a run. What somebody has reviewed, published or dropped of the period stays; what was only found is
    /// found anew.
    pub(crate) async fn compute(&self, id: Uuid) -> Result<()> {
        let conn = self.app.db.read();
        let Some(asked) = store::run(conn, id).await? else {
            return Ok(());
        };
        if asked.state != "waiting" {
            return Ok(());
        }
        let (from, until) = (day::read(&asked.from_day)?, day::read(&asked.until_day)?);
        let terms = rules::terms(conn, self.app.clock.now()).await?;
        let (candidates, contacts) = self.candidates(from, until, &terms).await?;
        let app = self.app.clone();
        self.app
            .db
            .write(move |tx| async move {
                let mut topics = 0;
                let kept = store::clear(&*tx, from, until).await?;
                let kept: HashSet<&str> = kept.iter().map(String::as_str).collect();
                for candidate in candidates {
                    if kept.contains(candidate.subject.as_str()) {
                        continue;
                    }
                    topics += 1;
                    let number = numbers::next_of_day(&*tx, "RD-", app.clock.now()).await?;
                    let (row, examples) = written(&app, &asked, number, candidate)?;
                    store::put(&*tx, &row, examples).await?;
                }
                let done = run::Model {
                    state: "done".to_owned(),
                    contacts,
                    topics,
                    done_at: Some(app.clock.now()),
                    ..asked
                };
                store::finish(&app, &tx, &done).await?;
                let details = json!({ "from": done.from_day, "until": done.until_day, "contacts": contacts, "topics": topics });
                audit::record(&app, &*tx, &Who::system("analytics"), "topics.found", "topic_run", done.id, details).await
            })
            .await
    }

    async fn candidates(
        &self,
        from: NaiveDate,
        until: NaiveDate,
        terms: &TopicTerms,
    ) -> Result<(Vec<Candidate>, i64)> {
        let days = (until - from).num_days().max(1) as u64;
        let begins = |span: usize| from - Days::new(days * span as u64);
        let open_days = (0..=BEFORE)
            .map(|span| {
                self.contacts
                    .open_days(begins(span), begins(span) + Days::new(days))
            })
            .collect();
        let bounds = Bounds {
            least: terms.least,
            ratio: i64::from(terms.ratio_percent),
            most: terms.most as usize,
            open_days,
            days: days as usize,
            synonyms: knowledge::synonyms(self.app.db.read()).await?,
        };
        let mut by_matter: BTreeMap<String, OfMatter> = BTreeMap::new();
        let mut note = |contact: &Contact, span: usize, on: usize, at: Option<usize>| {
            let Some(matter) = &contact.matter else {
                return;
            };
            let of = by_matter.entry(matter.clone()).or_insert_with(|| OfMatter {
                spans: vec![0; BEFORE + 1],
                days: vec![0; days as usize],
                ..OfMatter::default()
            });
            of.spans[span] += 1;
            if let Some(at) = at {
                of.days[on] += 1;
                of.effort.add(&contact.effort);
                of.contacts.push(at);
            }
        };
        let (mut said, mut efforts) = (Vec::new(), Vec::new());
        for on in 0..days as usize {
            let (begin, end) = of_day(from + Days::new(on as u64));
            for contact in self.contacts.between(begin, end, true).await? {
                note(&contact, 0, on, Some(said.len()));
                efforts.push(contact.effort);
                said.push(as_said(contact, 0, on));
            }
        }
        let contacts = said.len() as i64;
        let used = bounds.clone();
        let mut finder = blocking(move || Finder::new(knowledge::dictionary(), used, said)).await?;
        for span in 1..=BEFORE {
            for on in 0..days as usize {
                let (begin, end) = of_day(begins(span) + Days::new(on as u64));
                let past = self.contacts.between(begin, end, false).await?;
                for contact in &past {
                    note(contact, span, on, None);
                }
                let past: Vec<Said> = past
                    .into_iter()
                    .map(|contact| as_said(contact, span, on))
                    .collect();
                finder = blocking(move || {
                    finder.before(&past);
                    finder
                })
                .await?;
            }
        }
        let names = self.contacts.matters().await?;
        let candidates = blocking(move || {
            let mut all = of_phrases(&finder, &efforts, &by_matter, &bounds);
            all.extend(of_matters(&finder, by_matter, &names, &bounds));
            all
        })
        .await?;
        Ok((candidates, contacts))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(internal)
}

/// From midnight to midnight in Guangzhou.
pub(crate) fn of_day(day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let begins = floor_of(day);
    (begins, begins + TimeDelta::days(1))
}

fn floor_of(day: NaiveDate) -> DateTime<Utc> {
    // Guangzhou keeps +08:00 all year.
    day.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}

fn as_said(contact: Contact, span: usize, on: usize) -> Said {
    Said {
        contact: contact.id,
        requester: contact.requester,
        span,
        day: on,
        matter: contact.matter,
        text: contact.text,
        names: contact.names,
    }
}

fn of_phrases(
    finder: &Finder<'_>,
    efforts: &[Effort],
    by_matter: &BTreeMap<String, OfMatter>,
    bounds: &Bounds,
) -> Vec<Candidate> {
    let beside: Vec<Effort> = by_matter.values().map(|of| of.effort).collect();
    let topics = finder.topics().into_iter().map(|topic| {
        let mut effort = Effort::default();
        for at in &topic.contacts {
            effort.add(&efforts[*at]);
        }
        // As hard as a matter of these contacts would be beside the others.
        let mut all = beside.clone();
        all.push(effort);
        let hardness = hard(&all, bounds.least).pop().flatten();
        Candidate {
            subject: format!("phrase:{}", topic.name),
            found_as: "phrase",
            name: topic.name,
            phrases: topic.phrases,
            matter: topic.matters.first().map(|(code, _)| code.clone()),
            matters: topic.matters,
            hot: true,
            rise: topic.rise,
            count: topic.contacts.len() as u32,
            ratio: topic.ratio,
            heat: topic.score,
            hardness: hardness.filter(|_| beside.len() > 1),
            effort,
            spans: topic.spans,
            days: topic.days,
            examples: topic.examples,
        }
    });
    topics.collect()
}

fn of_matters(
    finder: &Finder<'_>,
    by_matter: BTreeMap<String, OfMatter>,
    names: &BTreeMap<String, String>,
    bounds: &Bounds,
) -> Vec<Candidate> {
    let efforts: Vec<Effort> = by_matter.values().map(|of| of.effort).collect();
    let hardnesses = hard(&efforts, bounds.least);
    let mut found: Vec<Candidate> = Vec::new();
    for ((code, of), hardness) in by_matter.into_iter().zip(hardnesses) {
        let rising = measure(&of.spans, &of.days, bounds).filter(|one| one.score > 0.0);
        let is_hard = hardness.is_some_and(|hardness| hardness.index > 0);
        if rising.is_none() && !is_hard {
            continue;
        }
        let count = of.spans[0];
        found.push(Candidate {
            subject: format!("matter:{code}"),
            found_as: "matter",
            name: names.get(&code).unwrap_or(&code).clone(),
            phrases: Vec::new(),
            matters: vec![(code.clone(), count)],
            matter: Some(code),
            hot: rising.is_some(),
            rise: rising.as_ref().map_or(Rise::Flat, |one| one.rise),
            count,
            ratio: rising.as_ref().and_then(|one| one.ratio),
            heat: rising
                .as_ref()
                .map_or(0, |one| (one.score * 1_000.0).round() as i64),
            hardness,
            effort: of.effort,
            examples: finder.examples(&of.contacts, &[]),
            spans: of.spans,
            days: of.days,
        });
    }
    found.sort_by_key(|one| {
        std::cmp::Reverse(
            one.hardness
                .map_or(NOT_HARD, |hardness| hardness.index)
                .max(one.heat),
        )
    });
    found.truncate(bounds.most);
    found
}

fn written(
    app: &kernel::App,
    asked: &run::Model,
    number: String,
    of: Candidate,
) -> Result<(row::Model, Vec<example::Model>)> {
    let now = app.clock.now();
    let case = Case::found();
    let id = app.ids.next();
    let examples = of
        .examples
        .into_iter()
        .enumerate()
        .map(|(n, one)| example::Model {
            id: app.ids.next(),
            topic_id: id,
            contact_id: one.contact,
            n: n as i32,
            text: one.text,
        });
    let examples = examples.collect();
    let matters: Vec<Counted> = of
        .matters
        .into_iter()
        .map(|(code, count)| Counted { code, count })
        .collect();
    let parts = of
        .hardness
        .map(|hardness| serde_json::to_value(hardness.parts))
        .transpose()
        .map_err(internal)?;
    let row = row::Model {
        id,
        number,
        run_id: asked.id,
        from_day: asked.from_day.clone(),
        until_day: asked.until_day.clone(),
        subject: of.subject,
        found_as: of.found_as.to_owned(),
        name: of.name,
        phrases: json!(of.phrases),
        matter_code: of.matter,
        matters: serde_json::to_value(&matters).map_err(internal)?,
        hot: of.hot,
        hard: of.hardness.is_some_and(|hardness| hardness.index > 0),
        rise: of.rise.as_str().to_owned(),
        count: of.count.into(),
        ratio: of.ratio,
        heat: of.heat,
        hardness: of.hardness.map_or(NOT_HARD, |hardness| hardness.index),
        hard_parts: parts,
        effort: serde_json::to_value(of.effort).map_err(internal)?,
        spans: json!(of.spans),
        days: json!(of.days),
        class: None,
        suggestion: String::new(),
        reason: None,
        merged_into: None,
        state: TopicState::Found.as_str().to_owned(),
        open: case.is_open(),
        reviewed_by: None,
        reviewed_at: None,
        published_by: None,
        published_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    Ok((row, examples))
}
