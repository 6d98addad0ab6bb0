//! What a taker does: begins, saves answers one by one, leaves the page, hands in. What he saved is on disk before he
//! is told so; what comes after the time is not taken.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::{App, Tx};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::marking::Marking;
use super::steps::{self, Present};
use super::store::{self, answer, attempt, drawn_row, pool_row, sitting};
use super::{Action, AttemptState, Refusal, Release};
use crate::paper::Drawn;
use crate::question::store as questions;
use crate::question::{GivenAnswer, QuestionContent, QuestionKind};
use crate::{question, rows};

use attempt::Column;

/// The try of this person; nobody knows of another's.
pub(crate) async fn mine(
    conn: &impl ConnectionTrait,
    user: Uuid,
    id: Uuid,
) -> Result<attempt::Model> {
    let attempt = store::attempt_of(conn, id).await?;
    if attempt.user_id == user {
        return Ok(attempt);
    }
    Err(not_found("try at an exam"))
}

/// Begins a try, or goes on with it.
pub(crate) async fn start(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &attempt::Model,
) -> Result<attempt::Model> {
    let sitting = store::sitting_of(&**tx, before.sitting_id).await?;
    let after = steps::step(app, tx, who, (&sitting, before), &Action::Start, None).await?;
    if before.state != AttemptState::Assigned.as_str() {
        return Ok(after);
    }
    let pool = rows::get::<pool_row::Entity>(&**tx, sitting.id, "pool of the exam").await?;
    let drawn = pool.draw(after.user_id, after.try_no)?;
    let row = drawn_row::Model {
        attempt_id: after.id,
        drawn: serde_json::to_value(&drawn).map_err(internal)?,
    };
    rows::add(&**tx, row).await?;
    let blank = |question: &Drawn| answer::Model {
        attempt_id: after.id,
        no: question.no,
        question_id: question.question_id,
        n: question.n,
        kind: question.kind.as_str().to_owned(),
        most: question.points,
        answer: None,
        seq: 0,
        saved_at: None,
        marking: Marking::Open.as_str().to_owned(),
        awarded: None,
    };
    rows::add_many(&**tx, drawn.iter().map(blank).collect()).await?;
    Ok(after)
}

/// An answer as it was saved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saved {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub deadline_at: Option<DateTime<Utc>>,
    /// This answer is what stands; an older one than what stands changes nothing.
    pub taken: bool,
}

/// Saves one answer; sent again it changes nothing, and an older one never takes the place of a newer.
pub(crate) async fn save(
    app: &App,
    user: Uuid,
    (id, no): (Uuid, i32),
    seq: i64,
    given: GivenAnswer,
) -> Result<Saved> {
    let conn = app.db.read();
    let attempt = mine(conn, user, id).await?;
    if attempt.state == AttemptState::Assigned.as_str() {
        return Err(Refusal::NotStarted.about("the exam"));
    }
    let drawn = store::drawn(conn, id).await?;
    let question = drawn.iter().find(|question| question.no == no);
    let question = question.ok_or_else(|| not_found("question of this paper"))?;
    let given = given.checked(question.kind, question.order.len(), question.blanks)?;
    let given = serde_json::to_value(&given).map_err(internal)?;
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let now = services.clock.now();
            let open = touch(&tx, id, now).await?;
            if !open {
                return Err(over());
            }
            let wish = answer::ActiveModel {
                answer: Set(Some(given)),
                seq: Set(seq),
                saved_at: Set(Some(now)),
                ..Default::default()
            };
            let done = answer::Entity::update_many()
                .set(wish)
                .filter(answer::Column::AttemptId.eq(id))
                .filter(answer::Column::No.eq(no))
                .filter(answer::Column::Seq.lt(seq))
                .exec(&*tx)
                .await?;
            if done.rows_affected > 0 {
                return Ok(Saved {
                    seq,
                    at: now,
                    deadline_at: attempt.deadline_at,
                    taken: true,
                });
            }
            let stands =
                rows::get::<answer::Entity>(&*tx, (id, no), "question of this paper").await?;
            Ok(Saved {
                seq: stands.seq,
                at: stands.saved_at.unwrap_or(now),
                deadline_at: attempt.deadline_at,
                taken: stands.seq == seq,
            })
        })
        .await
}

/// Notes that an answer comes, while there is time: the row is held until the answer is written.
async fn touch(tx: &Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let done = attempt::Entity::update_many()
        .col_expr(Column::LastAnswerAt, Some(now).into())
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(AttemptState::InProgress.as_str()))
        .filter(Column::DeadlineAt.gt(now))
        .exec(&**tx)
        .await?;
    Ok(done.rows_affected > 0)
}

fn over() -> Problem {
    kernel::problem::refused(
        "exam_time_over",
        "the time is over, or the exam was handed in; nothing was saved",
    )
}

/// Counts that the taker left the page, and for how long.
pub(crate) async fn left(app: &App, user: Uuid, id: Uuid, seconds: i32) -> Result<attempt::Model> {
    mine(app.db.read(), user, id).await?;
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let now = services.clock.now();
            let done = attempt::Entity::update_many()
                .col_expr(Column::LeftCount, Expr::col(Column::LeftCount).add(1))
                .col_expr(
                    Column::LeftSeconds,
                    Expr::col(Column::LeftSeconds).add(seconds),
                )
                .filter(Column::Id.eq(id))
                .filter(Column::State.eq(AttemptState::InProgress.as_str()))
                .filter(Column::DeadlineAt.gt(now))
                .exec(&*tx)
                .await?;
            if done.rows_affected == 0 {
                return Err(over());
            }
            store::attempt_of(&*tx, id).await
        })
        .await
}

/// Hands a try in, by its taker or by the timer, and marks what a machine can.
pub(crate) async fn hand_in(
    app: &App,
    tx: &Tx,
    who: &Who,
    (sitting, before): (&sitting::Model, &attempt::Model),
    action: &Action,
) -> Result<attempt::Model> {
    let present = Present::read(app, &**tx).await?;
    let of = (sitting, before);
    let after = steps::step_at(app, tx, who, &present, of, action, None).await?;
    let answers = store::answers(&**tx, after.id).await?;
    let drawn = store::drawn(&**tx, after.id).await?;
    let drawn: HashMap<i32, Drawn> = drawn
        .into_iter()
        .map(|question| (question.no, question))
        .collect();
    let wanted = answers.iter().map(|answer| (answer.question_id, answer.n));
    let contents = questions::contents(&**tx, wanted).await?;
    // Many answers come to the same points: one statement writes them.
    let mut by_points: BTreeMap<Option<i32>, Vec<i32>> = BTreeMap::new();
    for given in &answers {
        let question = drawn.get(&given.no);
        let question = question.ok_or_else(|| internal("an answer has its question"))?;
        let content = contents.get(&(given.question_id, given.n));
        let content = content.ok_or_else(|| internal("a question has its version"))?;
        let awarded = marked(question, content, given)?;
        by_points.entry(awarded).or_default().push(given.no);
    }
    for (awarded, places) in by_points {
        let marking = if awarded.is_some() {
            Marking::Done
        } else {
            Marking::First
        };
        let wish = answer::ActiveModel {
            marking: Set(marking.as_str().to_owned()),
            awarded: Set(awarded),
            ..Default::default()
        };
        answer::Entity::update_many()
            .set(wish)
            .filter(answer::Column::AttemptId.eq(after.id))
            .filter(answer::Column::No.is_in(places))
            .exec(&**tx)
            .await?;
    }
    settle(app, tx, who, &present, (sitting, &after)).await
}

fn marked(question: &Drawn, content: &QuestionContent, row: &answer::Model) -> Result<Option<i32>> {
    let Some(given) = given(row)? else {
        return Ok(Some(0));
    };
    Ok(content.mark(question.kind, &question.order, &given, row.most))
}

/// What was answered; none where nothing was saved.
pub(crate) fn given(row: &answer::Model) -> Result<Option<GivenAnswer>> {
    row.answer
        .clone()
        .map(|given| serde_json::from_value(given).map_err(internal))
        .transpose()
}

/// Once every point is known the try is marked, and told where it is told by itself.
pub(crate) async fn settle(
    app: &App,
    tx: &Tx,
    who: &Who,
    present: &Present,
    (sitting, before): (&sitting::Model, &attempt::Model),
) -> Result<attempt::Model> {
    let answers = store::answers(&**tx, before.id).await?;
    let points: Option<Vec<i32>> = answers.iter().map(|answer| answer.awarded).collect();
    let Some(points) = points else {
        return Ok(before.clone());
    };
    let action = Action::Mark {
        points: points.iter().sum(),
    };
    let marked = steps::step_at(app, tx, who, present, (sitting, before), &action, None).await?;
    if sitting.release != Release::Automatic.as_str() {
        return Ok(marked);
    }
    let of = (sitting, &marked);
    steps::step_at(app, tx, who, present, of, &Action::Release, None).await
}

/// The kind of an answer's question.
pub(crate) fn kind(row: &answer::Model) -> Result<QuestionKind> {
    question::QuestionKind::parse(&row.kind)
        .ok_or_else(|| internal(format!("question kind {}", row.kind)))
}
