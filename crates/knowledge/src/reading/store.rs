//! The rows of readings: who must read which version by when, and how he answered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, internal, not_found, refused, too_many};
use kernel::timer::Alarmed;
use kernel::{App, Audience, JobDef, Role, Tx, versioned};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Case, Mark, Quiz, ReadingState};
use crate::approval::ChangeState;
use crate::approval::store as approvals;
use crate::article::store as articles;
use crate::article::{joined, split};
use crate::terms;

/// Readings of one person that are listed.
const SHOWN: u64 = 200;
/// Times a quiz may be tried in an hour: who guesses reads again.
const TRIES: u64 = 5;
const TRIES_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How often it is looked for people who came later.
const LOOK: std::time::Duration = std::time::Duration::from_mins(10);

kernel::table! {
    /// Who must read a version, and what he is asked.
    pub mod plan_row = "reading_plans" (article_id: Uuid, n: i32) {
        audience: String,
        pass_percent: i32,
        questions: Json,
        set_by: Option<Uuid>,
        set_at: DateTimeUtc,
    }
}

kernel::table! {
    /// What one person owes of one version.
    pub mod row = "readings" (id: Uuid) {
        article_id: Uuid,
        n: i32,
        article_number: String,
        title: String,
        user_id: Uuid,
        questions: i32,
        assigned_at: DateTimeUtc,
        read_due_at: DateTimeUtc,
        read_at: Option<DateTimeUtc>,
        quiz_due_at: Option<DateTimeUtc>,
        passed_at: Option<DateTimeUtc>,
        attempts: i32,
        best_percent: i32,
        done: bool,
        overdue: bool,
        ended_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One time a quiz was answered.
    pub mod attempt = "reading_attempts" (id: Uuid) {
        reading_id: Uuid,
        at: DateTimeUtc,
        answers: Json,
        percent: i32,
        passed: bool,
    }
}

use plan_row::Column as Plan;
use row::Column;

kernel::versioned!(row, |reading| format!(
    "reading of `{}`",
    reading.article_number
));

impl plan_row::Model {
    pub(crate) fn quiz(&self) -> Result<Quiz> {
        Ok(Quiz {
            questions: serde_json::from_value(self.questions.clone()).map_err(internal)?,
            pass_percent: u32::try_from(self.pass_percent).map_err(internal)?,
        })
    }

    pub(crate) fn roles(&self) -> Vec<Role> {
        let codes = split(&self.audience);
        codes.iter().filter_map(|code| Role::parse(code)).collect()
    }
}

impl row::Model {
    /// The reading as its rules see it.
    pub(crate) fn case(&self) -> Case {
        Case {
            read_due_at: self.read_due_at,
            read_at: self.read_at,
            quiz_due_at: self.quiz_due_at,
            passed_at: self.passed_at,
            ended: self.ended_at.is_some(),
        }
    }

    /// The row with what follows from its case; `told` is the last sign that was given.
    fn settled(mut self, told: Option<DateTime<Utc>>) -> Self {
        let case = self.case();
        let state = case.state();
        state.as_str().clone_into(&mut self.state);
        self.done = matches!(state, ReadingState::Done | ReadingState::Ended);
        self.overdue = self.overdue && !self.done;
        self.next_alarm_at = case.alarm_after(told);
        self
    }
}

pub(crate) async fn plan(
    conn: &impl ConnectionTrait,
    article_id: Uuid,
    n: i32,
) -> Result<Option<plan_row::Model>> {
    Ok(plan_row::Entity::find_by_id((article_id, n))
        .one(conn)
        .await?)
}

/// Sets who must read a version and what he is asked: on a draft, or once on what holds without.
pub(crate) async fn set_plan(
    app: &App,
    tx: &Tx,
    who: &Who,
    (article_id, n): (Uuid, i32),
    (roles, quiz): (Vec<Role>, Quiz),
) -> Result<plan_row::Model> {
    let article = articles::get(&**tx, article_id).await?;
    let version = articles::version(&**tx, article_id, n).await?;
    let change = approvals::get(&**tx, version.approval_id).await?;
    let known = plan(&**tx, article_id, n).await?;
    let state = change.standing()?;
    let open = matches!(state, ChangeState::Draft | ChangeState::Returned)
        || (state.in_force() && known.is_none());
    if !open {
        let detail = format!(
            "what is asked about version {n} of {} stands",
            article.number
        );
        return Err(refused("reading_fixed", detail).with_way_out("set it with the next version"));
    }
    let codes: Vec<String> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    let row = plan_row::Model {
        article_id,
        n,
        audience: joined(&codes),
        pass_percent: quiz.pass_percent as i32,
        questions: serde_json::to_value(&quiz.questions).map_err(internal)?,
        set_by: who.user_id,
        set_at: app.clock.now(),
    };
    let made = plan_row::ActiveModel {
        article_id: Set(article_id),
        n: Set(n),
        audience: Set(row.audience.clone()),
        pass_percent: Set(row.pass_percent),
        questions: Set(row.questions.clone()),
        set_by: Set(row.set_by),
        set_at: Set(row.set_at),
    };
    let anew = OnConflict::columns([Plan::ArticleId, Plan::N])
        .update_columns([
            Plan::Audience,
            Plan::PassPercent,
            Plan::Questions,
            Plan::SetBy,
            Plan::SetAt,
        ])
        .to_owned();
    plan_row::Entity::insert(made)
        .on_conflict(anew)
        .exec_without_returning(&**tx)
        .await?;
    // The trail says what is asked, not what the answer is: people who must answer may read it.
    let details = json!({ "number": article.number, "n": n, "audience": codes,
        "questions": quiz.questions.len(), "pass_percent": quiz.pass_percent });
    audit::record(
        app,
        &**tx,
        who,
        "reading.set",
        "article",
        article_id,
        details,
    )
    .await?;
    if state.in_force() {
        assign(app, tx, article_id, n).await?;
    }
    Ok(row)
}

/// What follows for readings from a step of a version: those who must read it are told, or let go.
pub(crate) async fn follow(app: &App, tx: &Tx, change: &approvals::row::Model) -> Result<()> {
    if change.in_force {
        return assign(app, tx, change.subject_id, change.n).await;
    }
    let open = of_version(&**tx, change.subject_id, change.n).await?;
    for before in open.into_iter().filter(|row| row.ended_at.is_none()) {
        end(app, tx, before).await?;
    }
    Ok(())
}

async fn end(app: &App, tx: &Tx, before: row::Model) -> Result<()> {
    let mut after = before.clone();
    after.ended_at = Some(app.clock.now());
    let after = versioned::save(app, &**tx, &before, after.settled(None)).await?;
    if !before.done {
        tell(app, tx, &after, "ended").await?;
    }
    Ok(())
}

/// The readings of one version.
pub(crate) async fn of_version(
    conn: &impl ConnectionTrait,
    article_id: Uuid,
    n: i32,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::ArticleId.eq(article_id))
        .filter(Column::N.eq(n))
        .order_by_asc(Column::AssignedAt)
        .order_by_asc(Column::Id)
        .all(conn)
        .await?)
}

/// Gives what holds to everybody who must read it and has not got it; again it changes nothing.
async fn assign(app: &App, tx: &Tx, article_id: Uuid, n: i32) -> Result<()> {
    let Some(plan) = plan(&**tx, article_id, n).await? else {
        return Ok(());
    };
    let mut people = BTreeSet::new();
    for role in plan.roles() {
        let holders = organization::colleagues::holders(&**tx, role).await?;
        people.extend(holders.into_iter().map(|person| person.id));
    }
    let known = of_version(&**tx, article_id, n).await?;
    let known: BTreeMap<Uuid, row::Model> =
        known.into_iter().map(|row| (row.user_id, row)).collect();
    let fresh = fresh(app, tx, &plan).await?;
    for (user, before) in &known {
        if before.ended_at.is_none() && !people.contains(user) {
            end(app, tx, before.clone()).await?;
        } else if before.ended_at.is_some() && people.contains(user) {
            // It holds again, or he is meant again: his time begins anew, what he has done stands.
            let after = row::Model {
                read_due_at: fresh.read_due_at,
                quiz_due_at: fresh.quiz_due_at,
                ended_at: None,
                ..before.clone()
            };
            let after = versioned::save(app, &**tx, before, after.settled(None)).await?;
            if !after.done {
                tell(app, tx, &after, "assigned").await?;
            }
        }
    }
    for user in people {
        if !known.contains_key(&user) {
            let row = row::Model {
                id: app.ids.next(),
                user_id: user,
                ..fresh.clone()
            };
            versioned::insert(&**tx, &row).await?;
            tell(app, tx, &row, "assigned").await?;
        }
    }
    Ok(())
}

/// A reading that begins now, of nobody yet.
async fn fresh(app: &App, tx: &Tx, plan: &plan_row::Model) -> Result<row::Model> {
    let now = app.clock.now();
    let service = organization::service_calendar::load(&**tx).await?;
    let read = terms::rule(&**tx, "reading.read", now).await?;
    let answer = terms::rule(&**tx, "reading.quiz", now).await?;
    let article = articles::get(&**tx, plan.article_id).await?;
    let version = articles::version(&**tx, plan.article_id, plan.n).await?;
    let questions = plan.quiz()?.questions.len();
    let due = |rule| service.deadline(rule, now).business_due_at;
    let row = row::Model {
        id: Uuid::nil(),
        article_id: plan.article_id,
        n: plan.n,
        article_number: article.number,
        title: version.title,
        user_id: Uuid::nil(),
        questions: questions as i32,
        assigned_at: now,
        read_due_at: due(&read),
        read_at: None,
        quiz_due_at: (questions > 0).then(|| due(&answer)),
        passed_at: None,
        attempts: 0,
        best_percent: 0,
        done: false,
        overdue: false,
        ended_at: None,
        next_alarm_at: None,
        state: String::new(),
        updated_at: now,
        version: 1,
    };
    Ok(row.settled(None))
}

/// The readings of one person: what is owed first, then the latest.
pub(crate) async fn mine(conn: &impl ConnectionTrait, user: Uuid) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_asc(Column::Done)
        .order_by_desc(Column::AssignedAt)
        .order_by_desc(Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?)
}

/// What somebody owes, done or not; nobody knows of the readings of others.
pub(crate) async fn one(conn: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(Column::UserId.eq(user))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("reading"))
}

fn ended(row: &row::Model) -> Problem {
    let detail = format!(
        "version {} of {} is not asked for any more",
        row.n, row.article_number
    );
    refused("reading_ended", detail)
}

/// Receipt: it was read. A second one changes nothing.
pub(crate) async fn read(app: &App, tx: &Tx, who: &Who, before: row::Model) -> Result<row::Model> {
    if before.ended_at.is_some() {
        return Err(ended(&before));
    }
    if before.read_at.is_some() {
        return Ok(before);
    }
    let now = app.clock.now();
    let mut after = before.clone();
    after.read_at = Some(now);
    let after = versioned::save(app, &**tx, &before, after.settled(Some(now))).await?;
    let details = json!({ "number": after.article_number, "n": after.n });
    audit::record(
        app,
        &**tx,
        who,
        "reading.read",
        "reading",
        after.id,
        details,
    )
    .await?;
    tell(app, tx, &after, if after.done { "done" } else { "read" }).await?;
    Ok(after)
}

/// The quiz of a reading.
pub(crate) async fn quiz(conn: &impl ConnectionTrait, reading: &row::Model) -> Result<Quiz> {
    let plan = plan(conn, reading.article_id, reading.n).await?;
    plan.ok_or_else(|| not_found("quiz"))?.quiz()
}

/// Answers a quiz; each time is kept.
pub(crate) async fn answer(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    answers: &[usize],
) -> Result<(row::Model, Mark)> {
    if before.ended_at.is_some() {
        return Err(ended(&before));
    }
    if before.passed_at.is_some() {
        let detail = format!("the quiz about {} is passed", before.article_number);
        return Err(refused("quiz_passed", detail));
    }
    if before.questions == 0 {
        return Err(not_found("quiz"));
    }
    if before.read_at.is_none() {
        let detail = format!("{} is to be read first", before.article_number);
        return Err(refused("reading_first", detail).with_way_out("read it, and say so"));
    }
    let now = app.clock.now();
    let lately = attempt::Entity::find()
        .filter(attempt::Column::ReadingId.eq(before.id))
        .filter(attempt::Column::At.gt(now - TRIES_WITHIN))
        .count(&**tx)
        .await?;
    if lately >= TRIES {
        let detail = "five times in an hour; read it again";
        return Err(too_many("quiz_too_often", detail));
    }
    let mark = quiz(&**tx, &before).await?.mark(answers)?;
    let kept = attempt::ActiveModel {
        id: Set(app.ids.next()),
        reading_id: Set(before.id),
        at: Set(now),
        answers: Set(json!(answers)),
        percent: Set(mark.percent as i32),
        passed: Set(mark.passed),
    };
    attempt::Entity::insert(kept)
        .exec_without_returning(&**tx)
        .await?;
    let mut after = before.clone();
    after.attempts += 1;
    after.best_percent = after.best_percent.max(mark.percent as i32);
    after.passed_at = mark.passed.then_some(now);
    let after = versioned::save(app, &**tx, &before, after.settled(Some(now))).await?;
    let details = json!({ "number": after.article_number, "n": after.n, "percent": mark.percent,
        "passed": mark.passed });
    audit::record(
        app,
        &**tx,
        who,
        "reading.answered",
        "reading",
        after.id,
        details,
    )
    .await?;
    tell(app, tx, &after, if after.done { "done" } else { "failed" }).await?;
    Ok((after, mark))
}

/// Event `reading.{what}`, and the person's screens.
async fn tell(app: &App, tx: &Tx, reading: &row::Model, what: &str) -> Result<()> {
    let facts: Value = json!({
        "id": reading.id, "reading_id": reading.id, "article_id": reading.article_id, "n": reading.n,
        "number": reading.article_number, "title": reading.title, "owner_id": reading.user_id,
        "state": reading.state, "what": what, "read_due_at": reading.read_due_at,
        "quiz_due_at": reading.quiz_due_at, "at": app.clock.now(),
    });
    let audience = Audience::User(reading.user_id);
    app.live
        .publish_after(tx, audience, "reading", facts.clone());
    let named = format!("reading.{what}");
    app.events.publish(tx, &named, reading.id, facts).await
}

/// The job that gives what holds to who came later, and lets go who is not meant any more.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::every("knowledge.assign_readings", LOOK, move || {
        let app = app.clone();
        async move { look(&app).await }
    })
}

async fn look(app: &App) -> Result<()> {
    let plans = plan_row::Entity::find().all(app.db.read()).await?;
    let subjects: BTreeSet<Uuid> = plans.iter().map(|plan| plan.article_id).collect();
    let holding = approvals::in_force(app.db.read(), subjects).await?;
    for plan in plans {
        let holds = holding
            .get(&plan.article_id)
            .is_some_and(|change| change.n == plan.n);
        if holds {
            let services = app.clone();
            app.db
                .write(
                    move |tx| async move { assign(&services, &tx, plan.article_id, plan.n).await },
                )
                .await?;
        }
    }
    Ok(())
}

/// The readings, as the timer sees them.
pub(crate) struct Readings;

impl Alarmed for Readings {
    type Entity = row::Entity;
    const HANDLER: &'static str = "knowledge.wake_readings";
    const KINDS: &'static [&'static str] = &["reading.assigned"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        for before in due {
            let mut after = before.clone();
            after.overdue = true;
            let after = after.settled(before.next_alarm_at);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &after, "overdue").await?;
        }
        Ok(())
    }
}
