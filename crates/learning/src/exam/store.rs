//! The rows of exams: a sitting with its frozen paper, the tries of its takers, and what follows from each step.

use std::collections::{BTreeMap, BTreeSet};

use calendar::DeadlineRule;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, invalid, refused};
use kernel::{App, Permission as _, Tx, numbers};
use organization::Colleague;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use super::steps::add_try;
use super::{AttemptState, Case, Purpose, Release, Terms};
use crate::paper::{Blueprint, Drawn, PoolQuestion};
use crate::rights::{MarkExams, TakeExams, ViewQuestions};
use crate::terms::{Agreed, PASS_PERCENT};
use crate::{paper, question, rows};

/// Takers of one sitting.
pub(crate) const MOST_TAKERS: usize = 500;
/// Days from its opening that a sitting may last.
const LONGEST: TimeDelta = TimeDelta::days(90);

kernel::table! {
    /// An exam as it was set; it never changes.
    pub mod sitting = "exam_sittings" (id: Uuid) {
        number: String,
        title: String,
        purpose: String,
        paper_id: Uuid,
        paper_n: i32,
        opens_at: DateTimeUtc,
        closes_at: DateTimeUtc,
        pass_percent: i32,
        minutes: i32,
        tries: i32,
        resit_after_hours: i32,
        resit_within_days: i32,
        questions: i32,
        total: i32,
        release: String,
        created_by: Uuid,
        created_at: DateTimeUtc,
    }
}

kernel::table! {
    /// What the papers of a sitting are drawn from, as it was then.
    pub mod pool_row = "exam_pools" (sitting_id: Uuid) {
        seed: String,
        blueprint: Json,
        pool: Json,
    }
}

kernel::table! {
    /// One try of one taker.
    pub mod attempt = "exam_attempts" (id: Uuid) {
        sitting_id: Uuid,
        user_id: Uuid,
        try_no: i32,
        state: String,
        opens_at: DateTimeUtc,
        closes_at: DateTimeUtc,
        started_at: Option<DateTimeUtc>,
        deadline_at: Option<DateTimeUtc>,
        handed_in_at: Option<DateTimeUtc>,
        by_timer: bool,
        missed: bool,
        points: Option<i32>,
        total: i32,
        passed: Option<bool>,
        released_at: Option<DateTimeUtc>,
        next_begun: bool,
        note: String,
        left_count: i32,
        left_seconds: i32,
        last_answer_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// The paper of one try.
    pub mod drawn_row = "exam_drawn" (attempt_id: Uuid) {
        drawn: Json,
    }
}

kernel::table! {
    /// The answer to one question of a paper.
    pub mod answer = "exam_answers" (attempt_id: Uuid, no: i32) {
        question_id: Uuid,
        n: i32,
        kind: String,
        most: i32,
        answer: Option<Json>,
        seq: i64,
        saved_at: Option<DateTimeUtc>,
        marking: String,
        awarded: Option<i32>,
    }
}

kernel::table! {
    /// What a result was, from when on; of one try the last holds.
    pub mod result_row = "exam_results" (attempt_id: Uuid, n: i32) {
        points: i32,
        total: i32,
        passed: bool,
        reason: Option<String>,
        by_id: Option<Uuid>,
        by_name: String,
        at: DateTimeUtc,
    }
}

use attempt::Column;

kernel::versioned!(attempt, |attempt| format!(
    "try {} of the exam",
    attempt.try_no
));

impl sitting::Model {
    /// What was agreed when it was set.
    pub(crate) fn terms(&self) -> Terms {
        let id = format!("exam:{}:resit", self.number);
        Terms {
            pass_percent: self.pass_percent,
            minutes: self.minutes,
            tries: self.tries,
            resit_after: TimeDelta::hours(self.resit_after_hours.into()),
            resit_within: DeadlineRule::working_days(
                id,
                u16::try_from(self.resit_within_days).unwrap_or(1),
            ),
            qualifies: self.purpose == Purpose::Qualification.as_str(),
        }
    }
}

impl pool_row::Model {
    /// The paper of a taker; the same whenever it is asked.
    pub(crate) fn draw(&self, taker: Uuid, try_no: i32) -> Result<Vec<Drawn>> {
        let blueprint: Blueprint =
            serde_json::from_value(self.blueprint.clone()).map_err(internal)?;
        let pool: Vec<PoolQuestion> =
            serde_json::from_value(self.pool.clone()).map_err(internal)?;
        let drawn = blueprint.draw(&pool, &self.seed, taker, try_no);
        drawn.ok_or_else(|| internal("a frozen pool fills its paper"))
    }
}

impl attempt::Model {
    pub(crate) fn standing(&self) -> Result<AttemptState> {
        AttemptState::parse(&self.state)
            .ok_or_else(|| internal(format!("exam state {}", self.state)))
    }

    /// The try as its rules see it.
    pub(crate) fn case(&self) -> Result<Case> {
        Ok(Case {
            state: self.standing()?,
            try_no: self.try_no,
            opens_at: self.opens_at,
            closes_at: self.closes_at,
            started_at: self.started_at,
            deadline_at: self.deadline_at,
            handed_in_at: self.handed_in_at,
            by_timer: self.by_timer,
            missed: self.missed,
            points: self.points,
            total: self.total,
            next_begun: self.next_begun,
        })
    }

    /// The row with what its case says.
    pub(super) fn settled(mut self, case: &Case, terms: &Terms) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.opens_at = case.opens_at;
        self.closes_at = case.closes_at;
        self.started_at = case.started_at;
        self.deadline_at = case.deadline_at;
        self.handed_in_at = case.handed_in_at;
        self.by_timer = case.by_timer;
        self.missed = case.missed;
        self.points = case.points;
        self.passed = case.passed(terms);
        self.next_begun = case.next_begun;
        self.next_alarm_at = case.alarm_at();
        self
    }
}

pub(crate) async fn sitting_of(conn: &impl ConnectionTrait, id: Uuid) -> Result<sitting::Model> {
    rows::get::<sitting::Entity>(conn, id, "exam").await
}

pub(crate) async fn sittings(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, sitting::Model>> {
    let ids: BTreeSet<Uuid> = ids.into_iter().collect();
    let found = sitting::Entity::find()
        .filter(sitting::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(found
        .into_iter()
        .map(|sitting| (sitting.id, sitting))
        .collect())
}

pub(crate) async fn attempt_of(conn: &impl ConnectionTrait, id: Uuid) -> Result<attempt::Model> {
    rows::get::<attempt::Entity>(conn, id, "try at an exam").await
}

/// The same, and nobody else changes it in this transaction: an answer that is being saved comes before or after.
pub(crate) async fn locked(tx: &Tx, id: Uuid) -> Result<attempt::Model> {
    attempt::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    attempt_of(&**tx, id).await
}

pub(crate) async fn attempts_of(
    conn: &impl ConnectionTrait,
    sitting: Uuid,
) -> Result<Vec<attempt::Model>> {
    Ok(attempt::Entity::find()
        .filter(Column::SittingId.eq(sitting))
        .order_by_asc(Column::UserId)
        .order_by_asc(Column::TryNo)
        .all(conn)
        .await?)
}

/// What somebody sits or sat, the newest first; at most 200.
pub(crate) async fn of_user(
    conn: &impl ConnectionTrait,
    user: Uuid,
) -> Result<Vec<attempt::Model>> {
    Ok(attempt::Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(200)
        .all(conn)
        .await?)
}

pub(crate) async fn drawn(conn: &impl ConnectionTrait, attempt: Uuid) -> Result<Vec<Drawn>> {
    let row = rows::get::<drawn_row::Entity>(conn, attempt, "paper").await?;
    serde_json::from_value(row.drawn).map_err(internal)
}

pub(crate) async fn answers(
    conn: &impl ConnectionTrait,
    attempt: Uuid,
) -> Result<Vec<answer::Model>> {
    Ok(answer::Entity::find()
        .filter(answer::Column::AttemptId.eq(attempt))
        .order_by_asc(answer::Column::No)
        .all(conn)
        .await?)
}

pub(crate) async fn results(
    conn: &impl ConnectionTrait,
    attempt: Uuid,
) -> Result<Vec<result_row::Model>> {
    Ok(result_row::Entity::find()
        .filter(result_row::Column::AttemptId.eq(attempt))
        .order_by_asc(result_row::Column::N)
        .all(conn)
        .await?)
}

/// An exam to be set.
#[derive(Debug, Clone)]
pub(crate) struct NewSitting {
    pub title: String,
    pub purpose: Purpose,
    pub paper: Uuid,
    pub opens_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
    pub release: Release,
}

/// Sets an exam: its rules and all that may be drawn are kept as they are now.
pub(crate) async fn set(app: &App, tx: &Tx, who: &Who, new: NewSitting) -> Result<sitting::Model> {
    let now = app.clock.now();
    let title = kernel::text::needed("title", &new.title)?;
    if new.closes_at <= new.opens_at
        || new.closes_at <= now
        || new.closes_at - new.opens_at > LONGEST
    {
        let detail = "it closes after it opens and after now, within 90 days";
        return Err(invalid("closes_at", "exam_window_invalid", detail));
    }
    let paper = paper::store::get(&**tx, new.paper).await?;
    if paper.state != "active" {
        return Err(refused(
            "paper_retired",
            format!("paper {} is retired", paper.number),
        ));
    }
    let version = paper::store::version(&**tx, paper.id, paper.n).await?;
    let rules = version.blueprint()?;
    let pool = question::store::pool(&**tx).await?;
    if rules.draw(&pool, "check", Uuid::nil(), 1).is_none() {
        let detail = format!("the bank cannot fill paper {}", paper.number);
        return Err(refused("bank_too_small", detail)
            .with_way_out("write the questions that are missing, or change the paper")
            .with("available", json!(rules.available(&pool))));
    }
    let agreed = Agreed::at(&**tx, now).await?;
    let sitting = sitting::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "SJ-K", now).await?,
        title,
        purpose: new.purpose.as_str().to_owned(),
        paper_id: paper.id,
        paper_n: paper.n,
        opens_at: new.opens_at,
        closes_at: new.closes_at,
        pass_percent: rules
            .pass_percent
            .map_or_else(|| agreed.value(PASS_PERCENT), Ok)?,
        minutes: rules.minutes,
        tries: rules.max_resits + 1,
        resit_after_hours: rules.resit_after_hours,
        resit_within_days: rules.resit_within_days,
        questions: i32::try_from(rules.questions()).map_err(internal)?,
        total: rules.total(),
        release: new.release.as_str().to_owned(),
        created_by: who
            .user_id
            .ok_or_else(|| internal("an exam is set by somebody"))?,
        created_at: now,
    };
    rows::add(&**tx, sitting.clone()).await?;
    // Only what some part could take is kept.
    let pool: Vec<PoolQuestion> = rules.taken_from(pool);
    let frozen = pool_row::Model {
        sitting_id: sitting.id,
        seed: app.ids.secret(16),
        blueprint: version.blueprint,
        pool: serde_json::to_value(&pool).map_err(internal)?,
    };
    rows::add(&**tx, frozen).await?;
    let details = json!({ "number": sitting.number, "title": sitting.title, "purpose": sitting.purpose,
        "paper": paper.number, "paper_n": paper.n, "pool": pool.len(), "pass_percent": sitting.pass_percent });
    audit::record(app, &**tx, who, "exam.set", "exam", sitting.id, details).await?;
    Ok(sitting)
}

/// Who may sit exams: people of the supplier who neither see the bank nor mark.
pub(crate) async fn eligible(conn: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, Colleague>> {
    let mut people = BTreeMap::new();
    for (role, _) in TakeExams::GRANTS {
        let holders = organization::colleagues::holders(conn, *role).await?;
        people.extend(holders.into_iter().map(|person| (person.id, person)));
    }
    for (role, _) in ViewQuestions::GRANTS.iter().chain(MarkExams::GRANTS) {
        for person in organization::colleagues::holders(conn, *role).await? {
            people.remove(&person.id);
        }
    }
    Ok(people)
}

/// Has people sit an exam; who is down for it already stays so.
pub(crate) async fn assign(
    app: &App,
    tx: &Tx,
    who: &Who,
    sitting: &sitting::Model,
    takers: &[Uuid],
) -> Result<usize> {
    let now = app.clock.now();
    if sitting.closes_at <= now {
        return Err(refused(
            "exam_window_over",
            format!("{} is over", sitting.number),
        ));
    }
    let eligible = eligible(&**tx).await?;
    if let Some(stranger) = takers.iter().find(|taker| !eligible.contains_key(taker)) {
        let detail = "somebody of the supplier who does not see the question bank";
        return Err(
            invalid("takers", "taker_not_eligible", detail).with("user_id", stranger.to_string())
        );
    }
    let known = attempts_of(&**tx, sitting.id).await?;
    let known: BTreeSet<Uuid> = known.iter().map(|attempt| attempt.user_id).collect();
    let new: BTreeSet<Uuid> = takers
        .iter()
        .copied()
        .filter(|taker| !known.contains(taker))
        .collect();
    if known.len() + new.len() > MOST_TAKERS {
        return Err(invalid(
            "takers",
            "too_many_takers",
            "an exam has at most 500 takers",
        ));
    }
    let window = (sitting.opens_at, sitting.closes_at);
    for taker in &new {
        add_try(
            app,
            tx,
            sitting,
            *taker,
            &Case::assigned(1, window, sitting.total),
        )
        .await?;
    }
    let details = json!({ "number": sitting.number, "takers": new });
    audit::record(
        app,
        &**tx,
        who,
        "exam.assigned",
        "exam",
        sitting.id,
        details,
    )
    .await?;
    Ok(new.len())
}
