//! Typing tests over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal};
use kernel::{Actor, App, Tx};
use organization::{Colleague, colleagues};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::TypingEvent;
use super::store::{self, Progress, Took, row};
use crate::rights::{TakeTyping, ViewTyping};

/// The routes of typing tests.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(mine, prepare))
        .routes(routes!(show))
        .routes(routes!(start))
        .routes(routes!(progress))
        .routes(routes!(list))
        .routes(routes!(evidence))
        .with_state(app.clone())
}

/// A typing test.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypingTestView {
    /// Identifies it.
    pub id: Uuid,
    /// Whose it is.
    pub person: Option<Colleague>,
    /// `prepared`, `running`, `passed` or `failed`
    pub state: String,
    /// Minutes it lasts.
    pub minutes: i32,
    /// Right characters a minute that pass.
    pub pass_cpm: i32,
    /// The share of right characters that passes, in percent; 0 asks for none.
    pub pass_accuracy: i32,
    /// When it was prepared.
    pub prepared_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ends or ended.
    pub ends_at: Option<DateTime<Utc>>,
    /// Right characters, once it is over.
    pub correct: Option<i32>,
    /// Characters typed, space left out.
    pub typed_chars: Option<i32>,
    /// Right characters a minute, in hundredths.
    pub cpm_x100: Option<i32>,
    /// The share of right characters, in basis points.
    pub accuracy_bp: Option<i32>,
    /// It is fast and right enough.
    pub passed: Option<bool>,
    /// Messages that were not taken: pasted, or faster than a person types.
    pub refused: i32,
    /// Those of them that were pasted.
    pub pasted: i32,
}

/// My test while it runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTypingTest {
    /// The test.
    #[serde(flatten)]
    pub test: TypingTestView,
    /// What is to be typed.
    pub text: String,
    /// What was taken so far.
    pub typed: String,
    /// The number of the last message that was taken; the next one has a higher one.
    pub seq: i64,
    /// Characters that one event may add.
    pub most_at_once: i32,
    /// The server's time.
    pub now: DateTime<Utc>,
    /// Seconds that are left; null where none run.
    pub seconds_left: Option<i64>,
}

/// A point of the time line: a message that was taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TypingPoint {
    /// Milliseconds since the start, by the server's clock.
    pub at_ms: i64,
    /// Characters that stood there then.
    pub chars: i64,
    /// Events since the point before.
    pub events: i64,
    /// Characters taken back since the point before.
    pub removed: i64,
    /// The most that one of the events added.
    pub longest: i64,
}

/// A test with its evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypingEvidence {
    /// The test.
    #[serde(flatten)]
    pub test: TypingTestView,
    /// What was to be typed.
    pub text: String,
    /// What was typed.
    pub typed: String,
    /// Events in all.
    pub events: i32,
    /// Characters that were typed in all, with those taken back.
    pub inserted: i32,
    /// Characters that were taken back.
    pub removed: i32,
    /// How it came.
    pub timeline: Vec<TypingPoint>,
}

/// My tests.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTypingTests {
    /// The newest first; at most 50.
    pub items: Vec<TypingTestView>,
}

fn view(row: &row::Model, person: Option<Colleague>) -> TypingTestView {
    TypingTestView {
        id: row.id,
        person,
        state: row.state.clone(),
        minutes: row.minutes,
        pass_cpm: row.pass_cpm,
        pass_accuracy: row.pass_accuracy,
        prepared_at: row.prepared_at,
        started_at: row.started_at,
        ends_at: row.ends_at,
        correct: row.correct,
        typed_chars: row.typed_chars,
        cpm_x100: row.cpm_x100,
        accuracy_bp: row.accuracy_bp,
        passed: row.passed,
        refused: row.refused,
        pasted: row.pasted,
    }
}

fn my(app: &App, row: row::Model) -> MyTypingTest {
    let now = app.clock.now();
    let running = row.state == "running";
    MyTypingTest {
        test: view(&row, None),
        seconds_left: row
            .ends_at
            .filter(|_| running)
            .map(|end| (end - now).num_seconds().max(0)),
        text: row.text,
        typed: row.typed,
        seq: row.seq,
        most_at_once: row.most_at_once,
        now,
    }
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<TypingTestView>> {
    let people = colleagues(conn, rows.iter().map(|row| row.user_id)).await?;
    Ok(rows
        .iter()
        .map(|row| view(row, people.get(&row.user_id).cloned()))
        .collect())
}

/// My typing tests.
#[utoipa::path(
    get, path = "/api/v1/my-typing-tests", tag = "typing", operation_id = "list_my_typing_tests",
    responses((status = 200, body = MyTypingTests)),
)]
async fn mine(actor: Actor<TakeTyping>, State(app): State<App>) -> Result<Json<MyTypingTests>> {
    let conn = app.db.read();
    let rows = row::Entity::find()
        .filter(row::Column::UserId.eq(actor.user_id()))
        .order_by_desc(row::Column::PreparedAt)
        .limit(50)
        .all(conn)
        .await?;
    Ok(Json(MyTypingTests {
        items: views(conn, rows).await?,
    }))
}

/// Prepares a typing test: its text, and what passes. Its clock begins with the start.
#[utoipa::path(
    post, path = "/api/v1/my-typing-tests", tag = "typing", operation_id = "prepare_typing_test",
    responses((status = 201, body = MyTypingTest), (status = 429, body = Problem)),
)]
async fn prepare(
    actor: Actor<TakeTyping>,
    State(app): State<App>,
) -> Result<(StatusCode, Json<MyTypingTest>)> {
    let (services, user) = (app.clone(), actor.user_id());
    let row = app
        .db
        .write(move |tx| async move { store::prepare(&services, &tx, user).await })
        .await?;
    Ok((StatusCode::CREATED, Json(my(&app, row))))
}

/// One of my typing tests.
#[utoipa::path(
    get, path = "/api/v1/my-typing-tests/{id}", tag = "typing", operation_id = "get_my_typing_test",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MyTypingTest), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<TakeTyping>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<MyTypingTest>> {
    let row = store::mine(app.db.read(), actor.user_id(), id).await?;
    Ok(Json(my(&app, row)))
}

/// Begins a typing test; the server's clock runs.
#[utoipa::path(
    post, path = "/api/v1/my-typing-tests/{id}/start", tag = "typing", operation_id = "start_typing_test",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MyTypingTest), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn start(
    actor: Actor<TakeTyping>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<MyTypingTest>> {
    let (services, user) = (app.clone(), actor.user_id());
    let work = move |tx: Tx| async move { store::start(&services, &tx, user, id).await };
    let row = app.db.write(work).await?;
    Ok(Json(my(&app, row)))
}

/// What was typed so far.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TypingProgress {
    /// Counted by the page; a message sent again changes nothing.
    seq: i64,
    /// All that stands in the field. While the input method composes, what it has committed.
    typed: String,
    /// What happened since the last message that was taken; at most 500.
    events: Vec<TypingEvent>,
}

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypingReceipt {
    /// The number of the last message that was taken.
    pub seq: i64,
    /// Characters that stand.
    pub chars: usize,
    /// Seconds that are left.
    pub seconds_left: i64,
}

/// Sends what was typed so far, every second or two. What was pasted, or comes faster than a person types, is not
/// taken: the answer says what stands.
#[utoipa::path(
    put, path = "/api/v1/my-typing-tests/{id}/progress", tag = "typing", operation_id = "send_typing_progress",
    params(("id" = Uuid, Path)),
    request_body = TypingProgress,
    responses((status = 200, body = TypingReceipt), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn progress(
    actor: Actor<TakeTyping>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(sent): Json<TypingProgress>,
) -> Result<Json<TypingReceipt>> {
    let (services, user) = (app.clone(), actor.user_id());
    let sent = Progress {
        seq: sent.seq,
        typed: sent.typed,
        events: sent.events,
    };
    let work = move |tx: Tx| async move { store::progress(&services, &tx, user, id, sent).await };
    match app.db.write(work).await? {
        Took::Taken(row) => Ok(Json(TypingReceipt {
            seq: row.seq,
            chars: row.typed.chars().count(),
            seconds_left: row
                .ends_at
                .map_or(0, |end| (end - app.clock.now()).num_seconds()),
        })),
        // That it was refused is kept, so it is no error of the transaction.
        Took::Refused(row, no) => Err(no
            .about("the typing test")
            .with("typed", row.typed)
            .with("seq", row.seq)),
    }
}

/// What a list of typing tests may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TypingFilter {
    /// Only those of this person.
    user: Option<Uuid>,
    /// Only those that were passed, or only those that were not.
    passed: Option<bool>,
}

/// Typing tests, the latest first.
#[utoipa::path(
    get, path = "/api/v1/typing-tests", tag = "typing", operation_id = "list_typing_tests",
    params(ListQuery, TypingFilter),
    responses((status = 200, body = Page<TypingTestView>)),
)]
async fn list(
    _actor: Actor<ViewTyping>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<TypingFilter>,
) -> Result<Json<Page<TypingTestView>>> {
    use row::Column;
    let all = Condition::all()
        .add_option(filter.user.map(|user| Column::UserId.eq(user)))
        .add_option(filter.passed.map(|passed| Column::Passed.eq(passed)));
    let sortable = [("prepared_at", Column::PreparedAt)];
    let conn = app.db.read();
    let page = paginate(
        conn,
        row::Entity::find().filter(all),
        &query,
        &sortable,
        Column::Id,
    )
    .await?;
    Ok(Json(
        page.shown(async |rows| views(conn, rows).await).await?,
    ))
}

/// A typing test with its evidence: the text, what was typed, how it came.
#[utoipa::path(
    get, path = "/api/v1/typing-tests/{id}", tag = "typing", operation_id = "get_typing_test",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = TypingEvidence), (status = 404, body = Problem)),
)]
async fn evidence(
    _actor: Actor<ViewTyping>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<TypingEvidence>> {
    let conn = app.db.read();
    let row = store::get(conn, id).await?;
    let people = colleagues(conn, [row.user_id]).await?;
    let timeline = serde_json::from_value(row.timeline.clone()).map_err(internal)?;
    Ok(Json(TypingEvidence {
        test: view(&row, people.get(&row.user_id).cloned()),
        text: row.text,
        typed: row.typed,
        events: row.events,
        inserted: row.inserted,
        removed: row.removed,
        timeline,
    }))
}
