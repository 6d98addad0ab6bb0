//! The rows of typing tests: the text that was given, what was typed, and how it came.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused, too_many};
use kernel::timer::Alarmed;
use kernel::versioned;
use kernel::{App, Audience, Tx};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::{
    Compared, Limits, MOST_EVENTS, MOST_TYPED, Refusal, SoFar, TypingEvent, TypingState, compare,
    plausible, texts,
};
use crate::rows;
use crate::terms::{
    Agreed, TYPING_ACCURACY, TYPING_AT_ONCE, TYPING_CPM, TYPING_MINUTES, TYPING_MOST_CPM,
};

/// Tests that one person may prepare in an hour.
const TRIES: u64 = 10;
/// Points of the time line: one for each message that was taken.
const MOST_POINTS: usize = 3_000;
/// Characters a minute that the fastest types: the text is longer than what he could.
const FASTEST: i32 = 250;

kernel::table! {
    /// A typing test.
    pub mod row = "typing_tests" (id: Uuid) {
        user_id: Uuid,
        state: String,
        text: String,
        minutes: i32,
        pass_cpm: i32,
        pass_accuracy: i32,
        most_at_once: i32,
        most_cpm: i32,
        prepared_at: DateTimeUtc,
        started_at: Option<DateTimeUtc>,
        ends_at: Option<DateTimeUtc>,
        ended_at: Option<DateTimeUtc>,
        typed: String,
        inserted: i32,
        seq: i64,
        last_at: Option<DateTimeUtc>,
        refused: i32,
        pasted: i32,
        events: i32,
        removed: i32,
        timeline: Json,
        correct: Option<i32>,
        typed_chars: Option<i32>,
        cpm_x100: Option<i32>,
        accuracy_bp: Option<i32>,
        passed: Option<bool>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |_test| "the typing test".to_owned());

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    rows::get::<row::Entity>(conn, id, "typing test").await
}

/// The test of this person; nobody knows of another's.
pub(crate) async fn mine(conn: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<row::Model> {
    let test = get(conn, id).await?;
    if test.user_id == user {
        Ok(test)
    } else {
        Err(not_found("typing test"))
    }
}

async fn locked(tx: &Tx, user: Uuid, id: Uuid) -> Result<row::Model> {
    row::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    mine(&**tx, user, id).await
}

/// Prepares a test: its text and what passes are fixed now.
pub(crate) async fn prepare(app: &App, tx: &Tx, user: Uuid) -> Result<row::Model> {
    let now = app.clock.now();
    let lately = row::Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::PreparedAt.gt(now - TimeDelta::hours(1)))
        .count(&**tx)
        .await?;
    if lately >= TRIES {
        return Err(too_many(
            "typing_too_often",
            "ten times in an hour; rest your hands",
        ));
    }
    let agreed = Agreed::at(&**tx, now).await?;
    let id = app.ids.next();
    let minutes = agreed.value(TYPING_MINUTES)?;
    let test = row::Model {
        id,
        user_id: user,
        state: TypingState::Prepared.as_str().to_owned(),
        text: texts::text(&id.to_string(), minutes, FASTEST),
        minutes,
        pass_cpm: agreed.value(TYPING_CPM)?,
        pass_accuracy: agreed.value(TYPING_ACCURACY)?,
        most_at_once: agreed.value(TYPING_AT_ONCE)?,
        most_cpm: agreed.value(TYPING_MOST_CPM)?,
        prepared_at: now,
        started_at: None,
        ends_at: None,
        ended_at: None,
        typed: String::new(),
        inserted: 0,
        seq: 0,
        last_at: None,
        refused: 0,
        pasted: 0,
        events: 0,
        removed: 0,
        timeline: json!([]),
        correct: None,
        typed_chars: None,
        cpm_x100: None,
        accuracy_bp: None,
        passed: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &test).await?;
    Ok(test)
}

/// The clock of the server begins.
pub(crate) async fn start(app: &App, tx: &Tx, user: Uuid, id: Uuid) -> Result<row::Model> {
    let before = locked(tx, user, id).await?;
    if before.state != TypingState::Prepared.as_str() {
        return Err(
            refused("typing_started", "the typing test has begun already")
                .with_way_out("prepare another one"),
        );
    }
    let now = app.clock.now();
    let ends_at = now + TimeDelta::minutes(before.minutes.into());
    let after = row::Model {
        state: TypingState::Running.as_str().to_owned(),
        started_at: Some(now),
        ends_at: Some(ends_at),
        last_at: Some(now),
        next_alarm_at: Some(ends_at),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    app.events
        .publish(
            tx,
            "learning.typing_started",
            id,
            json!({ "id": id, "user_id": user }),
        )
        .await?;
    Ok(after)
}

/// What stands in the field, and the events that made it since the last time.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub seq: i64,
    pub typed: String,
    pub events: Vec<TypingEvent>,
}

/// What became of progress: taken, or why not, with what stands.
pub(crate) enum Took {
    Taken(row::Model),
    Refused(row::Model, Refusal),
}

/// Takes what was typed so far. What was pasted or is too fast is not taken, and counted.
pub(crate) async fn progress(
    app: &App,
    tx: &Tx,
    user: Uuid,
    id: Uuid,
    progress: Progress,
) -> Result<Took> {
    if progress.typed.chars().count() > MOST_TYPED || progress.events.len() > MOST_EVENTS {
        return Err(invalid(
            "typed",
            "typing_too_long",
            "at most 3,000 characters and 500 events",
        ));
    }
    if progress
        .typed
        .chars()
        .any(|char| char.is_control() && char != '\n')
    {
        return Err(invalid("typed", "text_not_plain", "plain characters"));
    }
    let before = locked(tx, user, id).await?;
    let now = app.clock.now();
    let (Some(started_at), Some(last_at)) = (before.started_at, before.last_at) else {
        return Err(
            refused("typing_not_started", "the typing test has not begun")
                .with_way_out("start it first"),
        );
    };
    if before.state != TypingState::Running.as_str() || before.ends_at.is_some_and(|end| end <= now)
    {
        return Err(over());
    }
    if progress.seq <= before.seq {
        // Sent again: it stands already.
        return Ok(Took::Taken(before));
    }
    let so_far = SoFar {
        typed: &before.typed,
        inserted: usize::try_from(before.inserted).unwrap_or_default(),
        started_at,
        last_at,
    };
    let limits = Limits {
        at_once: usize::try_from(before.most_at_once).unwrap_or_default(),
        cpm: usize::try_from(before.most_cpm).unwrap_or_default(),
    };
    let mut after = before.clone();
    match plausible(&so_far, &progress.typed, &progress.events, limits, now) {
        Err(no) => {
            after.refused += 1;
            after.pasted += i32::from(no == Refusal::Pasted);
            let after = versioned::save(app, &**tx, &before, after).await?;
            Ok(Took::Refused(after, no))
        }
        Ok(inserted) => {
            let removed: i32 = progress
                .events
                .iter()
                .map(|event| i32::from(event.removed))
                .sum();
            after.inserted = i32::try_from(inserted).map_err(internal)?;
            after.events += i32::try_from(progress.events.len()).map_err(internal)?;
            after.removed += removed;
            after.seq = progress.seq;
            after.last_at = Some(now);
            if let Some(points) = after.timeline.as_array_mut()
                && points.len() < MOST_POINTS
            {
                let longest = progress
                    .events
                    .iter()
                    .map(|event| event.added)
                    .max()
                    .unwrap_or_default();
                points.push(json!({ "at_ms": (now - started_at).num_milliseconds(), "chars": progress.typed.chars().count(),
                    "events": progress.events.len(), "removed": removed, "longest": longest }));
            }
            after.typed = progress.typed;
            Ok(Took::Taken(
                versioned::save(app, &**tx, &before, after).await?,
            ))
        }
    }
}

pub(crate) fn over() -> Problem {
    refused("typing_over", "the typing test is over").with_way_out("prepare another one")
}

/// How fast the person of a test types by it.
fn measured(test: &row::Model) -> (Compared, i64) {
    (
        compare(&test.typed, &test.text),
        i64::from(test.minutes) * 60,
    )
}

async fn finish(app: &App, tx: &Tx, before: row::Model) -> Result<()> {
    let (compared, seconds) = measured(&before);
    let passed = compared.passes(seconds, before.pass_cpm, before.pass_accuracy);
    let state = if passed {
        TypingState::Passed
    } else {
        TypingState::Failed
    };
    let after = row::Model {
        state: state.as_str().to_owned(),
        ended_at: before.ends_at,
        correct: Some(i32::try_from(compared.correct).map_err(internal)?),
        typed_chars: Some(i32::try_from(compared.typed).map_err(internal)?),
        cpm_x100: Some(compared.cpm_x100(seconds)),
        accuracy_bp: Some(compared.accuracy_bp()),
        passed: Some(passed),
        next_alarm_at: None,
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    let facts = json!({
        "id": after.id, "typing_test_id": after.id, "user_id": after.user_id, "owner_id": after.user_id,
        "passed": passed, "correct": after.correct, "typed": after.typed_chars, "cpm_x100": after.cpm_x100,
        "accuracy_bp": after.accuracy_bp, "minutes": after.minutes, "refused": after.refused, "pasted": after.pasted,
        "at": app.clock.now(),
    });
    let who = Who::system("learning");
    audit::record(
        app,
        &**tx,
        &who,
        "typing.measured",
        "typing_test",
        after.id,
        facts.clone(),
    )
    .await?;
    app.live.publish_after(
        tx,
        Audience::User(after.user_id),
        "typing_test",
        facts.clone(),
    );
    let what = if passed {
        "learning.typing_passed"
    } else {
        "learning.typing_failed"
    };
    app.events.publish(tx, what, after.id, facts).await
}

/// The best test of a person that was passed.
pub async fn best(
    conn: &impl ConnectionTrait,
    user: Uuid,
) -> Result<Option<(Uuid, i32, DateTime<Utc>)>> {
    use sea_orm::QueryOrder as _;
    let best = row::Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Passed.eq(true))
        .order_by_desc(Column::CpmX100)
        .one(conn)
        .await?;
    Ok(best.and_then(|test| Some((test.id, test.cpm_x100?, test.ended_at?))))
}

/// The tests that run, as the timer sees them.
pub(crate) struct Tests;

impl Alarmed for Tests {
    type Entity = row::Entity;
    const HANDLER: &'static str = "learning.wake_typing";
    const KINDS: &'static [&'static str] = &["learning.typing_started"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        for seen in due {
            let before = locked(&tx, seen.user_id, seen.id).await?;
            if before.next_alarm_at.is_some_and(|at| at <= app.clock.now()) {
                finish(&app, &tx, before).await?;
            }
        }
        Ok(())
    }
}
