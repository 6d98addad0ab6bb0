//! Exams over HTTP for who sits them. What is right never leaves the server before the result is told.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
use kernel::{Actor, App, Tx};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, attempt, sitting};
use super::{Action, AttemptState, answers};
use crate::Learning;
use crate::question::store as questions;
use crate::question::{Asked, GivenAnswer, QuestionContent, QuestionKind};
use crate::rights::TakeExams;

/// The routes of who sits exams.
pub(crate) fn routes(learning: &Learning) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(mine))
        .routes(routes!(show))
        .routes(routes!(start))
        .routes(routes!(save))
        .routes(routes!(left))
        .routes(routes!(hand_in))
        .routes(routes!(hear))
        .with_state(learning.clone())
}

/// One of my tries.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyExam {
    /// Identifies the try.
    pub id: Uuid,
    /// The exam's number.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// `qualification` or `training`
    pub purpose: String,
    /// `assigned`, `in_progress`, `submitted` …
    pub state: String,
    /// Which try it is.
    pub try_no: i32,
    /// How many there are.
    pub tries: i32,
    /// From when it may be begun.
    pub opens_at: DateTime<Utc>,
    /// Until when.
    pub closes_at: DateTime<Utc>,
    /// Minutes there are.
    pub minutes: i32,
    /// Questions there are.
    pub questions: i32,
    /// The share of the points that passes.
    pub pass_percent: i32,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the time is over.
    pub deadline_at: Option<DateTime<Utc>>,
    /// When it was handed in.
    pub handed_in_at: Option<DateTime<Utc>>,
    /// The points reached; null until they are told.
    pub points: Option<i32>,
    /// The points there are.
    pub total: i32,
    /// It was passed; null until that is told.
    pub passed: Option<bool>,
    /// It was never begun.
    pub missed: bool,
}

/// What I sit and sat.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyExams {
    /// The newest first; at most 200.
    pub items: Vec<MyExam>,
    /// What waits for me.
    pub open: usize,
    /// The server's time.
    pub now: DateTime<Utc>,
}

/// A question of my paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyQuestion {
    /// Its place, from 1 on.
    pub no: i32,
    /// How it is asked.
    pub kind: QuestionKind,
    /// The points it gives at most.
    pub points: i32,
    /// What is asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// What I answered; null where nothing was saved.
    pub answer: Option<GivenAnswer>,
    /// The number of the answer that stands; the next one has a higher one.
    pub seq: i64,
    /// The points given; null until the solution is shown.
    pub awarded: Option<i32>,
    /// What is right, its options in the order of the bank; null until it is shown.
    pub solution: Option<QuestionContent>,
}

/// My paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyPaper {
    /// The try.
    #[serde(flatten)]
    pub exam: MyExam,
    /// The server's time; its clock is the one that counts.
    pub now: DateTime<Utc>,
    /// Seconds that are left; null where none run.
    pub seconds_left: Option<i64>,
    /// Times I left the page.
    pub left_count: i32,
    /// The questions with what I answered: while I sit it, and with their solution once it is shown.
    pub paper: Vec<MyQuestion>,
}

fn view(attempt: &attempt::Model, sitting: &sitting::Model) -> Result<MyExam> {
    let told = attempt.standing()?.is_told();
    Ok(MyExam {
        id: attempt.id,
        number: sitting.number.clone(),
        title: sitting.title.clone(),
        purpose: sitting.purpose.clone(),
        // Marked and not told looks as if it were still being marked.
        state: (if attempt.state == "marked" {
            "submitted"
        } else {
            &attempt.state
        })
        .to_owned(),
        try_no: attempt.try_no,
        tries: sitting.tries,
        opens_at: attempt.opens_at,
        closes_at: attempt.closes_at,
        minutes: sitting.minutes,
        questions: sitting.questions,
        pass_percent: sitting.pass_percent,
        started_at: attempt.started_at,
        deadline_at: attempt.deadline_at,
        handed_in_at: attempt.handed_in_at,
        points: attempt.points.filter(|_| told),
        total: attempt.total,
        passed: attempt.passed,
        missed: attempt.missed,
    })
}

/// The solution is shown once the result is told and no try at the same questions is left.
fn shows_solution(attempt: &attempt::Model, sitting: &sitting::Model) -> Result<bool> {
    let state = attempt.standing()?;
    let over = state != AttemptState::Failed || attempt.try_no >= sitting.tries;
    Ok(state.is_told() && over && !attempt.missed)
}

async fn paper(app: &App, conn: &impl ConnectionTrait, attempt: attempt::Model) -> Result<MyPaper> {
    let sitting = store::sitting_of(conn, attempt.sitting_id).await?;
    let now = app.clock.now();
    let sits = attempt.state == AttemptState::InProgress.as_str()
        && attempt.deadline_at.is_some_and(|over| over > now);
    let solution = shows_solution(&attempt, &sitting)?;
    let mut paper = Vec::new();
    if sits || solution {
        let drawn = store::drawn(conn, attempt.id).await?;
        let rows = store::answers(conn, attempt.id).await?;
        let contents = questions::contents(
            conn,
            drawn
                .iter()
                .map(|question| (question.question_id, question.n)),
        )
        .await?;
        for (question, row) in drawn.into_iter().zip(rows) {
            let content = contents.get(&(question.question_id, question.n));
            let content = content.ok_or_else(|| internal("a question has its version"))?;
            paper.push(MyQuestion {
                no: question.no,
                kind: question.kind,
                points: question.points,
                asked: content.asked(&question.order),
                answer: answers::given(&row)?,
                seq: row.seq,
                awarded: row.awarded.filter(|_| solution),
                solution: solution.then(|| content.clone()),
            });
        }
    }
    let left = attempt
        .deadline_at
        .filter(|_| sits)
        .map(|over| (over - now).num_seconds());
    Ok(MyPaper {
        exam: view(&attempt, &sitting)?,
        now,
        seconds_left: left,
        left_count: attempt.left_count,
        paper,
    })
}

/// What I sit and sat.
#[utoipa::path(
    get, path = "/api/v1/my-exams", tag = "my exams", operation_id = "list_my_exams",
    responses((status = 200, body = MyExams)),
)]
async fn mine(actor: Actor<TakeExams>, State(learning): State<Learning>) -> Result<Json<MyExams>> {
    let conn = learning.app.db.read();
    let attempts = store::of_user(conn, actor.user_id()).await?;
    let sittings = store::sittings(conn, attempts.iter().map(|attempt| attempt.sitting_id)).await?;
    let view = |attempt: &attempt::Model| {
        let sitting = sittings.get(&attempt.sitting_id);
        view(
            attempt,
            sitting.ok_or_else(|| internal("a try has its exam"))?,
        )
    };
    let items = attempts.iter().map(view).collect::<Result<Vec<_>>>()?;
    let open = items
        .iter()
        .filter(|exam| matches!(exam.state.as_str(), "assigned" | "in_progress"))
        .count();
    Ok(Json(MyExams {
        open,
        items,
        now: learning.app.clock.now(),
    }))
}

/// One of my tries: while it runs with the paper and what I saved, later with its result.
#[utoipa::path(
    get, path = "/api/v1/my-exams/{id}", tag = "my exams", operation_id = "get_my_exam",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MyPaper), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<TakeExams>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
) -> Result<Json<MyPaper>> {
    let conn = learning.app.db.read();
    let attempt = answers::mine(conn, actor.user_id(), id).await?;
    Ok(Json(paper(&learning.app, conn, attempt).await?))
}

/// Begins a try; who comes back goes on with what he saved and the time that is left.
#[utoipa::path(
    post, path = "/api/v1/my-exams/{id}/start", tag = "my exams", operation_id = "start_my_exam",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MyPaper), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn start(
    actor: Actor<TakeExams>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
) -> Result<Json<MyPaper>> {
    let (app, who, user) = (learning.app.clone(), actor.who(), actor.user_id());
    let work = move |tx: Tx| async move {
        answers::mine(&*tx, user, id).await?;
        let before = store::locked(&tx, id).await?;
        answers::start(&app, &tx, &who, &before).await
    };
    let attempt = learning.app.db.write(work).await?;
    Ok(Json(
        paper(&learning.app, learning.app.db.read(), attempt).await?,
    ))
}

/// An answer to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerEntry {
    /// Counted by the page, higher than that of the answer that stands: an older one never takes the place of a newer.
    seq: i64,
    /// The answer.
    answer: GivenAnswer,
}

/// What stands after an answer came.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerReceipt {
    /// The number of the answer that stands.
    pub seq: i64,
    /// The answer sent is the one that stands.
    pub taken: bool,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// When the time is over.
    pub deadline_at: Option<DateTime<Utc>>,
    /// The server's time.
    pub now: DateTime<Utc>,
}

/// Saves one answer. Sent again it changes nothing; after the time nothing is saved.
#[utoipa::path(
    put, path = "/api/v1/my-exams/{id}/answers/{no}", tag = "my exams", operation_id = "save_my_answer",
    params(("id" = Uuid, Path), ("no" = i32, Path)),
    request_body = AnswerEntry,
    responses((status = 200, body = AnswerReceipt), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn save(
    actor: Actor<TakeExams>,
    State(learning): State<Learning>,
    Path((id, no)): Path<(Uuid, i32)>,
    Json(entry): Json<AnswerEntry>,
) -> Result<Json<AnswerReceipt>> {
    if entry.seq < 1 {
        return Err(invalid("seq", "seq_invalid", "1 or more"));
    }
    let saved = answers::save(
        &learning.app,
        actor.user_id(),
        (id, no),
        entry.seq,
        entry.answer,
    )
    .await?;
    Ok(Json(AnswerReceipt {
        seq: saved.seq,
        taken: saved.taken,
        saved_at: saved.at,
        deadline_at: saved.deadline_at,
        now: learning.app.clock.now(),
    }))
}

/// How long the page was left.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeftPage {
    /// Seconds; at most a day.
    seconds: i32,
}

/// How often the page was left.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftPages {
    /// Times.
    pub left_count: i32,
    /// Seconds in all.
    pub left_seconds: i32,
}

/// Counts that the page of the exam was left; who set it sees how often.
#[utoipa::path(
    post, path = "/api/v1/my-exams/{id}/left", tag = "my exams", operation_id = "leave_my_exam",
    params(("id" = Uuid, Path)),
    request_body = LeftPage,
    responses((status = 200, body = LeftPages), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn left(
    actor: Actor<TakeExams>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
    Json(left): Json<LeftPage>,
) -> Result<Json<LeftPages>> {
    if !(0..=86_400).contains(&left.seconds) {
        return Err(invalid("seconds", "seconds_invalid", "0 to 86,400"));
    }
    let attempt = answers::left(&learning.app, actor.user_id(), id, left.seconds).await?;
    Ok(Json(LeftPages {
        left_count: attempt.left_count,
        left_seconds: attempt.left_seconds,
    }))
}

/// Hands a try in. What a machine can mark is marked at once.
#[utoipa::path(
    post, path = "/api/v1/my-exams/{id}/hand-in", tag = "my exams", operation_id = "hand_in_my_exam",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = MyPaper), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn hand_in(
    actor: Actor<TakeExams>,
    State(learning): State<Learning>,
    Path(id): Path<Uuid>,
) -> Result<Json<MyPaper>> {
    let (app, who, user) = (learning.app.clone(), actor.who(), actor.user_id());
    let work = move |tx: Tx| async move {
        answers::mine(&*tx, user, id).await?;
        let before = store::locked(&tx, id).await?;
        let sitting = store::sitting_of(&*tx, before.sitting_id).await?;
        answers::hand_in(&app, &tx, &who, (&sitting, &before), &Action::HandIn).await
    };
    let attempt = learning.app.db.write(work).await?;
    Ok(Json(
        paper(&learning.app, learning.app.db.read(), attempt).await?,
    ))
}

/// The recording of a question, once somebody may hear it: who sits the exam, who marks it.
pub(crate) async fn heard(
    learning: &Learning,
    who: Who,
    attempt: &attempt::Model,
    no: i32,
) -> Result<Response> {
    let app = &learning.app;
    let drawn = store::drawn(app.db.read(), attempt.id).await?;
    let question = drawn.iter().find(|question| question.no == no);
    let question = question.ok_or_else(|| not_found("question of this paper"))?;
    let key = (question.question_id, question.n);
    let contents = questions::contents(app.db.read(), [key]).await?;
    let call = contents.get(&key).and_then(|content| content.recording);
    let call = call.ok_or_else(|| not_found("recording"))?;
    let response = learning.sources.recording(call).await?;
    let (services, id) = (app.clone(), attempt.id);
    let write = move |tx: Tx| async move {
        let details = json!({ "exam_attempt": id, "no": no });
        audit::record(
            &services,
            &*tx,
            &who,
            "recording.heard_in_exam",
            "call",
            call,
            details,
        )
        .await
    };
    app.db.write(write).await?;
    Ok(response)
}

/// The recording of one question while I sit the exam.
#[utoipa::path(
    get, path = "/api/v1/my-exams/{id}/recordings/{no}", tag = "my exams", operation_id = "hear_my_exam_recording",
    params(("id" = Uuid, Path), ("no" = i32, Path)),
    responses((status = 200, content_type = "audio/wav"), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn hear(
    actor: Actor<TakeExams>,
    State(learning): State<Learning>,
    Path((id, no)): Path<(Uuid, i32)>,
) -> Result<Response> {
    let attempt = answers::mine(learning.app.db.read(), actor.user_id(), id).await?;
    if attempt.state != AttemptState::InProgress.as_str() {
        return Err(super::Refusal::NotStarted.about("the exam"));
    }
    heard(&learning, actor.who(), &attempt, no).await
}
