//! The words of recordings, kept by call: they are asked for with a sample and go with the recording.

use chrono::TimeDelta;
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal};
use kernel::rights::Permission as _;
use kernel::{App, Audience, Event, EventHandler, Tx};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Action, Case, SpokenSegment, TranscriptFailure, TranscriptState};
use crate::evaluation::store as evaluations;
use crate::rights::{ScoreEvaluations, ScoreForPurchaser};
use crate::sampling::WorkKind;

/// Rows of one statement.
const AT_ONCE: usize = 100;

kernel::table! {
    /// The words of one call.
    pub mod row = "call_transcripts" (call_id: Uuid) {
        state: String,
        asked_by: Option<Uuid>,
        asked_at: DateTimeUtc,
        attempts: i32,
        next_at: Option<DateTimeUtc>,
        failure: Option<String>,
        ready_at: Option<DateTimeUtc>,
        model: String,
        duration_ms: i64,
        body: Json,
    }
}

use row::Column;

impl row::Model {
    /// The words as their rules see them.
    pub fn case(&self) -> Result<Case> {
        let state = TranscriptState::parse(&self.state)
            .ok_or_else(|| internal(format!("the words of {} have no state", self.call_id)))?;
        Ok(Case {
            state,
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
        })
    }

    /// Why there are none, or why the last attempt brought none.
    pub fn why(&self) -> Option<TranscriptFailure> {
        self.failure.as_deref().and_then(TranscriptFailure::parse)
    }

    /// What was said, in its order.
    pub fn segments(&self) -> Result<Vec<SpokenSegment>> {
        serde_json::from_value(self.body.clone()).map_err(internal)
    }
}

/// A row that waits.
fn waiting(app: &App, call: Uuid, by: Option<Uuid>) -> row::Model {
    let now = app.clock.now();
    row::Model {
        call_id: call,
        state: TranscriptState::Waiting.as_str().to_owned(),
        asked_by: by,
        asked_at: now,
        attempts: 0,
        next_at: Some(now),
        failure: None,
        ready_at: None,
        model: String::new(),
        duration_ms: 0,
        body: json!([]),
    }
}

/// The words of a call's recording.
pub async fn of_call(conn: &impl ConnectionTrait, call: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find_by_id(call).one(conn).await?)
}

/// Asks for the words of these calls; those that were asked for before stay as they are.
pub(crate) async fn ask(app: &App, tx: &Tx, by: Option<Uuid>, calls: &[Uuid]) -> Result<()> {
    for some in calls.chunks(AT_ONCE) {
        let rows = some.iter().map(|call| waiting(app, *call, by));
        row::Entity::insert_many(rows.map(|row| row.into_active_model().reset_all()))
            .on_conflict_do_nothing()
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Asks for the words of a call by hand, for the first time or again.
pub(crate) async fn ask_again(app: &App, tx: &Tx, who: &Who, call: Uuid) -> Result<row::Model> {
    let before = of_call(&**tx, call).await?;
    if let Some(before) = &before {
        let about = |refused: super::Refusal| refused.about("what was said in this call");
        before.case()?.next(Action::Ask).map_err(about)?;
        delete(&**tx, call).await?;
    }
    let asked = waiting(app, call, who.user_id);
    row::Entity::insert(asked.clone().into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    let failed = before.and_then(|before| before.failure);
    let details = json!({ "failed": failed });
    audit::record(app, &**tx, who, "transcript.asked", "call", call, details).await?;
    Ok(asked)
}

async fn delete(conn: &impl ConnectionTrait, call: Uuid) -> Result<u64> {
    let gone = row::Entity::delete_by_id(call).exec(conn).await?;
    Ok(gone.rows_affected)
}

/// Takes the next call whose words are due, with one more attempt; `lasting` is how long nobody else takes it.
pub(super) async fn claim(app: &App, lasting: TimeDelta) -> Result<Option<row::Model>> {
    loop {
        let now = app.clock.now();
        let due = row::Entity::find()
            .filter(Column::NextAt.lte(now))
            .order_by_asc(Column::NextAt)
            .order_by_asc(Column::CallId)
            .one(app.db.read())
            .await?;
        let Some(mut due) = due else { return Ok(None) };
        let about = |refused: super::Refusal| refused.about("what was said in this call");
        let tried = due.case()?.next(Action::Try).map_err(about)?;
        let (call, seen) = (due.call_id, due.next_at);
        due.attempts = i32::try_from(tried.attempts).map_err(internal)?;
        due.next_at = Some(now + lasting);
        let (attempts, next_at) = (due.attempts, due.next_at);
        let work = move |tx: Tx| async move {
            let taken = row::Entity::update_many()
                .col_expr(Column::Attempts, Expr::value(attempts))
                .col_expr(Column::NextAt, Expr::value(next_at))
                .filter(Column::CallId.eq(call))
                .filter(Column::NextAt.eq(seen))
                .exec(&*tx)
                .await?;
            Ok(taken.rows_affected == 1)
        };
        if app.db.write(work).await? {
            return Ok(Some(due));
        }
    }
}

/// What an attempt came to.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// What was said, and how long the recording is.
    Words(Vec<SpokenSegment>, u64),
    /// Nothing, and why; so many attempts there are.
    Failed(TranscriptFailure, u32),
    /// The requester is erased: nothing is kept of him.
    Erased,
}

/// Writes down what an attempt came to; nothing where the row went meanwhile: with the recording, or with the requester.
pub(super) async fn finish(
    app: &App,
    tx: &Tx,
    claimed: &row::Model,
    outcome: Outcome,
    model: &str,
) -> Result<()> {
    let call = claimed.call_id;
    let still = row::Entity::find_by_id(call)
        .filter(Column::NextAt.eq(claimed.next_at))
        .one(&**tx)
        .await?;
    let Some(mut row) = still else { return Ok(()) };
    let case = row.case()?;
    let about = |refused: super::Refusal| refused.about("what was said in this call");
    let now = app.clock.now();
    let (action, details): (&str, Value) = match outcome {
        Outcome::Erased => {
            delete(&**tx, call).await?;
            return Ok(());
        }
        Outcome::Words(segments, duration_ms) => {
            let after = case.next(Action::Hear).map_err(about)?;
            after.state.as_str().clone_into(&mut row.state);
            row.next_at = None;
            row.failure = None;
            row.ready_at = Some(now);
            model.clone_into(&mut row.model);
            row.duration_ms = i64::try_from(duration_ms).map_err(internal)?;
            row.body = json!(segments);
            let details =
                json!({ "model": model, "segments": segments.len(), "duration_ms": duration_ms });
            ("transcript.made", details)
        }
        Outcome::Failed(why, most) => {
            let after = case.next(Action::Fail(why, most)).map_err(about)?;
            after.state.as_str().clone_into(&mut row.state);
            let waits = after.state == TranscriptState::Waiting;
            row.next_at = waits.then(|| now + after.pause());
            row.failure = Some(why.as_str().to_owned());
            tracing::warn!(%call, why = why.as_str(), waits, "no words of a recording");
            let details =
                json!({ "why": why, "attempts": after.attempts, "again_at": row.next_at });
            ("transcript.failed", details)
        }
    };
    row::Entity::update(row.into_active_model().reset_all())
        .exec(&**tx)
        .await?;
    let who = Who::system("quality");
    audit::record(app, &**tx, &who, action, "call", call, details).await?;
    tell(app, tx, call).await
}

/// Tells the screens that look at the evaluation of this call.
async fn tell(app: &App, tx: &Tx, call: Uuid) -> Result<()> {
    let Some(of) = evaluations::of_contact(&**tx, WorkKind::Call, call).await? else {
        return Ok(());
    };
    let about: Vec<Uuid> = [Some(of.agent_id), of.complained_id]
        .into_iter()
        .flatten()
        .collect();
    for desk in [ScoreEvaluations::CODE, ScoreForPurchaser::CODE] {
        let audience = Audience::PermissionBut(desk, about.clone());
        let news = json!({ "kind": "transcript", "id": of.id, "what": "told" });
        app.live.publish_after(tx, audience, "quality", news);
    }
    Ok(())
}

/// Somebody still waits for what was claimed.
pub(super) async fn is_claimed(conn: &impl ConnectionTrait, claimed: &row::Model) -> Result<bool> {
    let found = of_call(conn, claimed.call_id).await?;
    Ok(found.is_some_and(|row| row.next_at == claimed.next_at))
}

/// Keeps words that came another way: those of the demo's story.
pub async fn keep(
    app: &App,
    tx: &Tx,
    call: Uuid,
    (model, duration_ms): (&str, i64),
    segments: &[SpokenSegment],
) -> Result<()> {
    let kept = row::Model {
        state: TranscriptState::Ready.as_str().to_owned(),
        next_at: None,
        ready_at: Some(app.clock.now()),
        model: model.to_owned(),
        duration_ms,
        body: json!(segments),
        ..waiting(app, call, None)
    };
    row::Entity::insert(kept.into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The words go with the recording.
pub(crate) fn on_removed(app: &App) -> EventHandler {
    let app = app.clone();
    let (name, kinds) = ("quality.recording_removed", &["recording.removed"]);
    EventHandler::new(name, kinds, move |event: Event| {
        let db = app.db.clone();
        async move {
            let Ok(call) = event.subject_id.parse::<Uuid>() else {
                return Ok(());
            };
            let work = move |tx: Tx| async move { delete(&*tx, call).await.map(|_| ()) };
            db.write(work).await
        }
    })
}
