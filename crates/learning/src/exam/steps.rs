//! The steps of a try, and what follows from each: a result that is kept, the next try, who is told.

use calendar::ServiceClock;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::timer::Alarmed;
use kernel::{App, Audience, Tx, versioned};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{attempt, locked, result_row, results, sitting, sitting_of};
use super::{Action, AttemptState, Case, Moment, Terms, answers};
use crate::rows;

use attempt::Column;

/// A try for this person, as its rules begin it.
pub(crate) async fn add_try(
    app: &App,
    tx: &Tx,
    sitting: &sitting::Model,
    user: Uuid,
    case: &Case,
) -> Result<attempt::Model> {
    let now = app.clock.now();
    let empty = attempt::Model {
        id: app.ids.next(),
        sitting_id: sitting.id,
        user_id: user,
        try_no: case.try_no,
        state: String::new(),
        opens_at: case.opens_at,
        closes_at: case.closes_at,
        started_at: None,
        deadline_at: None,
        handed_in_at: None,
        by_timer: false,
        missed: false,
        points: None,
        total: case.total,
        passed: None,
        released_at: None,
        next_begun: false,
        note: String::new(),
        left_count: 0,
        left_seconds: 0,
        last_answer_at: None,
        next_alarm_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let attempt = empty.settled(case, &sitting.terms());
    versioned::insert(&**tx, &attempt).await?;
    tell(app, tx, sitting, &attempt, "exam_assigned").await?;
    Ok(attempt)
}

/// The present with its calendar, for the steps of one transaction.
pub(crate) struct Present {
    now: DateTime<Utc>,
    service: ServiceClock,
}

impl Present {
    pub(crate) async fn read(app: &App, conn: &impl ConnectionTrait) -> Result<Self> {
        Ok(Self {
            now: app.clock.now(),
            service: organization::service_calendar::load(conn).await?,
        })
    }

    pub(crate) fn moment<'a>(&'a self, terms: &'a Terms) -> Moment<'a> {
        Moment {
            now: self.now,
            service: &self.service,
            rules: terms,
        }
    }
}

/// One step of a try: the row after it, with its line in the trail.
pub(crate) async fn step(
    app: &App,
    tx: &Tx,
    who: &Who,
    of: (&sitting::Model, &attempt::Model),
    action: &Action,
    note: Option<&str>,
) -> Result<attempt::Model> {
    let present = Present::read(app, &**tx).await?;
    step_at(app, tx, who, &present, of, action, note).await
}

/// The same for who takes several steps at one moment: the calendar is read once.
pub(crate) async fn step_at(
    app: &App,
    tx: &Tx,
    who: &Who,
    present: &Present,
    (sitting, before): (&sitting::Model, &attempt::Model),
    action: &Action,
    note: Option<&str>,
) -> Result<attempt::Model> {
    let terms = sitting.terms();
    let case = before.case()?;
    let next = case.next(action, &present.moment(&terms));
    let next = next.map_err(|no| {
        no.about(&format!(
            "try {} of exam `{}`",
            before.try_no, sitting.number
        ))
    })?;
    if next == case {
        return Ok(before.clone());
    }
    let mut after = before.clone().settled(&next, &terms);
    if next.state.is_told() && after.released_at.is_none() {
        after.released_at = Some(present.now);
    }
    if let Some(note) = note {
        note.clone_into(&mut after.note);
    }
    let after = versioned::save(app, &**tx, before, after).await?;
    let details = json!({ "number": sitting.number, "user_id": after.user_id, "try": after.try_no,
        "from": before.state, "to": after.state, "points": after.points, "note": note });
    let what = format!("exam.{}", action.name());
    audit::record(app, &**tx, who, &what, "exam_attempt", after.id, details).await?;
    if before.state == "assigned" && !matches!(after.state.as_str(), "assigned" | "excused") {
        no_way_back(tx, &after).await?;
    }
    follow(app, tx, who, present, (sitting, before, &after)).await?;
    Ok(after)
}

/// What was told of the try before cannot be corrected any more.
async fn no_way_back(tx: &Tx, attempt: &attempt::Model) -> Result<()> {
    attempt::Entity::update_many()
        .col_expr(Column::NextBegun, true.into())
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::SittingId.eq(attempt.sitting_id))
        .filter(Column::UserId.eq(attempt.user_id))
        .filter(Column::TryNo.eq(attempt.try_no - 1))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// What follows from a step: a result is a row for good, a failed try opens the next, and others are told.
async fn follow(
    app: &App,
    tx: &Tx,
    who: &Who,
    present: &Present,
    (sitting, before, after): (&sitting::Model, &attempt::Model, &attempt::Model),
) -> Result<()> {
    let concluded = matches!(
        after.standing()?,
        AttemptState::Passed | AttemptState::Failed | AttemptState::Replacement
    );
    if !concluded {
        let what = match after.standing()? {
            AttemptState::Submitted => "exam_handed_in",
            AttemptState::Excused => "exam_excused",
            _ => "exam_changed",
        };
        return tell(app, tx, sitting, after, what).await;
    }
    let n = i32::try_from(results(&**tx, after.id).await?.len()).unwrap_or_default() + 1;
    let corrected = n > 1;
    let result = result_row::Model {
        attempt_id: after.id,
        n,
        points: after.points.unwrap_or_default(),
        total: after.total,
        passed: after.passed.unwrap_or_default(),
        reason: corrected.then(|| after.note.clone()),
        by_id: who.user_id,
        by_name: who.name.clone(),
        at: present.now,
    };
    rows::add(&**tx, result).await?;
    if corrected {
        tell(app, tx, sitting, after, "exam_result_corrected").await?;
        if before.state == after.state {
            return Ok(());
        }
    }
    let what = match after.standing()? {
        AttemptState::Passed => "exam_passed",
        AttemptState::Replacement => "exam_failed_finally",
        _ => "exam_failed",
    };
    tell(app, tx, sitting, after, what).await?;
    let next = attempt::Entity::find()
        .filter(Column::SittingId.eq(sitting.id))
        .filter(Column::UserId.eq(after.user_id))
        .filter(Column::TryNo.eq(after.try_no + 1))
        .one(&**tx)
        .await?;
    let terms = sitting.terms();
    match (next, after.case()?.resit(&present.moment(&terms))) {
        (None, Some(case)) => {
            add_try(app, tx, sitting, after.user_id, &case).await?;
        }
        // He failed after all: the resit that fell away is his again.
        (Some(next), Some(case)) if corrected && next.state == "excused" => {
            let again = next.clone().settled(&case, &terms);
            let again = versioned::save(app, &**tx, &next, again).await?;
            tell(app, tx, sitting, &again, "exam_assigned").await?;
        }
        // He passed after all: the resit he was given falls away.
        (Some(next), None) if next.state == "assigned" && after.state == "passed" => {
            let of = (sitting, &next);
            let excused = Box::pin(step_at(app, tx, who, present, of, &Action::Excuse, None));
            excused.await?;
        }
        _ => {}
    }
    Ok(())
}

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::HandIn => "handed_in",
            Self::Lapse => "time_over",
            Self::Mark { .. } => "marked",
            Self::Release => "released",
            Self::Correct { .. } => "corrected",
            Self::Certify => "certified",
            Self::Revoke => "certificate_revoked",
            Self::Reschedule { .. } => "rescheduled",
            Self::Excuse => "excused",
        }
    }
}

/// Event `learning.{what}`, and the taker's screens.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    sitting: &sitting::Model,
    attempt: &attempt::Model,
    what: &str,
) -> Result<()> {
    // The points stay here until they are told.
    let told = attempt.standing()?.is_told();
    let facts: Value = json!({
        "id": attempt.id, "attempt_id": attempt.id, "exam_id": sitting.id, "number": sitting.number,
        "title": sitting.title, "purpose": sitting.purpose, "user_id": attempt.user_id, "owner_id": attempt.user_id,
        "try": attempt.try_no, "tries": sitting.tries, "state": attempt.state, "missed": attempt.missed,
        "opens_at": attempt.opens_at, "closes_at": attempt.closes_at,
        "points": attempt.points.filter(|_| told), "total": attempt.total, "passed": attempt.passed,
        "what": what, "at": app.clock.now(),
    });
    app.live
        .publish_after(tx, Audience::User(attempt.user_id), "exam", facts.clone());
    app.events
        .publish(tx, &format!("learning.{what}"), attempt.id, facts)
        .await
}

/// The tries, as the timer sees them.
pub(crate) struct Attempts;

impl Alarmed for Attempts {
    type Entity = attempt::Entity;
    const HANDLER: &'static str = "learning.wake_exams";
    const KINDS: &'static [&'static str] = &["learning.exam_assigned", "learning.exam_changed"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<attempt::Model>) -> Result<()> {
        let who = Who::system("learning");
        for seen in due {
            let before = locked(&tx, seen.id).await?;
            if before.next_alarm_at.is_none_or(|at| at > app.clock.now()) {
                continue;
            }
            let sitting = sitting_of(&*tx, before.sitting_id).await?;
            if before.state == AttemptState::InProgress.as_str() {
                answers::hand_in(&app, &tx, &who, (&sitting, &before), &Action::Lapse).await?;
            } else {
                step(&app, &tx, &who, (&sitting, &before), &Action::Lapse, None).await?;
            }
        }
        Ok(())
    }
}
