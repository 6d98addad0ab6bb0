//! Readings over HTTP: what is set, what is owed, who has not done it.

use axum::extract::State as Services;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::rights::Permission as _;
use kernel::{Actor, App, Role};
use organization::{Colleague, colleagues};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, plan_row, row};
use super::{AskedQuestion, Quiz, QuizQuestion};
use crate::article::store as articles;
use crate::rights::{SetReading, ViewArticles, ViewCoverage};

/// The routes of readings.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show_plan, set_plan))
        .routes(routes!(mine))
        .routes(routes!(read))
        .routes(routes!(show_quiz))
        .routes(routes!(answer))
        .routes(routes!(coverage))
        .with_state(app.clone())
}

/// Who must read a version, and what he is asked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadingPlan {
    /// Everybody with one of these roles; at least one.
    pub audience: Vec<Role>,
    /// The share of right answers that passes: 1 to 100.
    pub pass_percent: u32,
    /// At most 20; none where reading is enough.
    pub questions: Vec<QuizQuestion>,
}

fn plan_view(plan: &plan_row::Model) -> Result<ReadingPlan> {
    let quiz = plan.quiz()?;
    Ok(ReadingPlan {
        audience: plan.roles(),
        pass_percent: quiz.pass_percent,
        questions: quiz.questions,
    })
}

/// Who must read a version and what he is asked, with the right answers.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/versions/{n}/reading", tag = "reading", operation_id = "get_reading_plan",
    params(("id" = Uuid, Path), ("n" = i32, Path)),
    responses((status = 200, body = ReadingPlan), (status = 404, body = Problem)),
)]
async fn show_plan(
    _actor: Actor<SetReading>,
    Services(app): Services<App>,
    Path((id, n)): Path<(Uuid, i32)>,
) -> Result<Json<ReadingPlan>> {
    let plan = store::plan(app.db.read(), id, n).await?;
    let plan = plan.ok_or_else(|| not_found("reading of this version"))?;
    Ok(Json(plan_view(&plan)?))
}

/// Says who must read a version and passes which quiz: on a draft, or once on what holds without. Their time begins
/// when the version takes effect.
#[utoipa::path(
    put, path = "/api/v1/articles/{id}/versions/{n}/reading", tag = "reading", operation_id = "set_reading_plan",
    params(("id" = Uuid, Path), ("n" = i32, Path)),
    request_body = ReadingPlan,
    responses((status = 200, body = ReadingPlan), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn set_plan(
    actor: Actor<SetReading>,
    Services(app): Services<App>,
    Path((id, n)): Path<(Uuid, i32)>,
    Json(mut plan): Json<ReadingPlan>,
) -> Result<Json<ReadingPlan>> {
    plan.audience.sort_unstable();
    plan.audience.dedup();
    let may_read = |role: &Role| ViewArticles::GRANTS.iter().any(|(held, _)| held == role);
    if plan.audience.is_empty() || !plan.audience.iter().all(may_read) {
        let detail = "at least one role, and only those that see articles";
        return Err(invalid("audience", "audience_invalid", detail));
    }
    let quiz = Quiz {
        questions: plan.questions,
        pass_percent: plan.pass_percent,
    };
    let (quiz, roles) = (quiz.checked()?, plan.audience);
    let (db, who) = (app.db.clone(), actor.who());
    let plan = db
        .write(
            move |tx| async move { store::set_plan(&app, &tx, &who, (id, n), (roles, quiz)).await },
        )
        .await?;
    Ok(Json(plan_view(&plan)?))
}

/// What one owes of one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingView {
    /// Identifies it.
    pub id: Uuid,
    /// The article.
    pub article_id: Uuid,
    /// The version.
    pub n: i32,
    /// The article's number.
    pub number: String,
    /// What the version is called.
    pub title: String,
    /// `to_read`, `to_answer`, `done` or `ended`
    pub state: String,
    /// Since when it is owed.
    pub assigned_at: DateTime<Utc>,
    /// When it is to be read.
    pub read_due_at: DateTime<Utc>,
    /// When it was.
    pub read_at: Option<DateTime<Utc>>,
    /// Questions of the quiz.
    pub questions: i32,
    /// When the quiz is to be passed; null without one.
    pub quiz_due_at: Option<DateTime<Utc>>,
    /// When it was.
    pub passed_at: Option<DateTime<Utc>>,
    /// Times it was tried.
    pub attempts: i32,
    /// The best of them.
    pub best_percent: i32,
    /// Its time is over: it holds one up until it is done.
    pub blocking: bool,
}

fn view(row: row::Model, now: DateTime<Utc>) -> ReadingView {
    ReadingView {
        blocking: row.case().blocking(now),
        id: row.id,
        article_id: row.article_id,
        n: row.n,
        number: row.article_number,
        title: row.title,
        state: row.state,
        assigned_at: row.assigned_at,
        read_due_at: row.read_due_at,
        read_at: row.read_at,
        questions: row.questions,
        quiz_due_at: row.quiz_due_at,
        passed_at: row.passed_at,
        attempts: row.attempts,
        best_percent: row.best_percent,
    }
}

/// What one owes.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyReading {
    /// What is owed first, then the latest; at most 200.
    pub items: Vec<ReadingView>,
    /// How many are owed.
    pub open: usize,
    /// Something holds one up.
    pub blocking: bool,
}

/// What I must read and answer.
#[utoipa::path(
    get, path = "/api/v1/my-reading", tag = "reading", operation_id = "list_my_reading",
    responses((status = 200, body = MyReading)),
)]
async fn mine(actor: Actor<ViewArticles>, Services(app): Services<App>) -> Result<Json<MyReading>> {
    let now = app.clock.now();
    let rows = store::mine(app.db.read(), actor.user_id()).await?;
    let items: Vec<ReadingView> = rows.into_iter().map(|row| view(row, now)).collect();
    let owed = |item: &&ReadingView| matches!(item.state.as_str(), "to_read" | "to_answer");
    Ok(Json(MyReading {
        open: items.iter().filter(owed).count(),
        blocking: items.iter().any(|item| item.blocking),
        items,
    }))
}

/// Receipt: I have read it.
#[utoipa::path(
    post, path = "/api/v1/my-reading/{id}/read", tag = "reading", operation_id = "confirm_reading",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ReadingView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn read(
    actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ReadingView>> {
    let now = app.clock.now();
    let (db, who, user) = (app.db.clone(), actor.who(), actor.user_id());
    let row = db
        .write(move |tx| async move {
            let before = store::one(&*tx, user, id).await?;
            store::read(&app, &tx, &who, before).await
        })
        .await?;
    Ok(Json(view(row, now)))
}

/// The questions, without their answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuizView {
    /// The share of right answers that passes.
    pub pass_percent: u32,
    /// In their order.
    pub questions: Vec<AskedQuestion>,
}

/// The quiz of what I have read.
#[utoipa::path(
    get, path = "/api/v1/my-reading/{id}/quiz", tag = "reading", operation_id = "get_my_quiz",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = QuizView), (status = 404, body = Problem)),
)]
async fn show_quiz(
    actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<QuizView>> {
    let conn = app.db.read();
    let reading = store::one(conn, actor.user_id(), id).await?;
    let quiz = store::quiz(conn, &reading).await?;
    Ok(Json(QuizView {
        pass_percent: quiz.pass_percent,
        questions: quiz.questions.iter().map(QuizQuestion::asked).collect(),
    }))
}

/// One's answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuizAnswers {
    /// One for each question in their order: the option, counted from 0.
    answers: Vec<usize>,
}

/// How a quiz was answered. The right answers are told once it is passed.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuizMark {
    /// What is owed now.
    pub reading: ReadingView,
    /// The share of right answers.
    pub percent: u32,
    /// It is enough.
    pub passed: bool,
    /// How many were wrong.
    pub wrong: usize,
    /// The questions with their answers and why; null until the quiz is passed.
    pub solution: Option<Vec<QuizQuestion>>,
}

/// Answers the quiz of what I have read; at most five times an hour.
#[utoipa::path(
    post, path = "/api/v1/my-reading/{id}/answers", tag = "reading", operation_id = "answer_my_quiz",
    params(("id" = Uuid, Path)),
    request_body = QuizAnswers,
    responses((status = 200, body = QuizMark), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)),
)]
async fn answer(
    actor: Actor<ViewArticles>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<QuizAnswers>,
) -> Result<Json<QuizMark>> {
    let now = app.clock.now();
    let (db, who, user) = (app.db.clone(), actor.who(), actor.user_id());
    let (row, mark, quiz) = db
        .write(move |tx| async move {
            let before = store::one(&*tx, user, id).await?;
            let (row, mark) = store::answer(&app, &tx, &who, before, &request.answers).await?;
            let quiz = store::quiz(&*tx, &row).await?;
            Ok((row, mark, quiz))
        })
        .await?;
    // Which were wrong is not told before: with two options it would be the answer.
    Ok(Json(QuizMark {
        reading: view(row, now),
        percent: mark.percent,
        passed: mark.passed,
        wrong: mark.wrong.len(),
        solution: mark.passed.then_some(quiz.questions),
    }))
}

/// Which version is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CoverageOf {
    /// The version; the one in force, else the latest, when left out.
    n: Option<i32>,
}

/// What one person has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoveredPerson {
    /// Who.
    pub person: Option<Colleague>,
    /// What he owes.
    #[serde(flatten)]
    pub reading: ReadingView,
}

/// Whom a version has reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingCoverage {
    /// The version.
    pub n: i32,
    /// Somebody must read it at all.
    pub must_read: bool,
    /// Who is meant.
    pub total: usize,
    /// Who has read it.
    pub read: usize,
    /// Who has done all that is asked.
    pub done: usize,
    /// Who is late.
    pub late: usize,
    /// `done` of `total` in basis points; 10,000 where nobody is meant.
    pub done_bp: usize,
    /// Everybody who is meant.
    pub people: Vec<CoveredPerson>,
}

async fn covered(
    conn: &impl ConnectionTrait,
    rows: Vec<row::Model>,
    now: DateTime<Utc>,
) -> Result<Vec<CoveredPerson>> {
    let people = colleagues(conn, rows.iter().map(|row| row.user_id)).await?;
    let one = |row: row::Model| CoveredPerson {
        person: people.get(&row.user_id).cloned(),
        reading: view(row, now),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Whom a version has reached, and whom not yet.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}/coverage", tag = "reading", operation_id = "get_coverage",
    params(("id" = Uuid, Path), CoverageOf),
    responses((status = 200, body = ReadingCoverage), (status = 404, body = Problem)),
)]
async fn coverage(
    _actor: Actor<ViewCoverage>,
    Services(app): Services<App>,
    Path(id): Path<Uuid>,
    Query(of): Query<CoverageOf>,
) -> Result<Json<ReadingCoverage>> {
    let conn = app.db.read();
    let article = articles::get(conn, id).await?;
    let n = of.n.or(article.current_n).unwrap_or(article.latest_n);
    articles::version(conn, id, n).await?;
    let must_read = store::plan(conn, id, n).await?.is_some();
    let mut rows = store::of_version(conn, id, n).await?;
    rows.retain(|row| row.ended_at.is_none());
    let people = covered(conn, rows, app.clock.now()).await?;
    let count =
        |is: fn(&ReadingView) -> bool| people.iter().filter(|person| is(&person.reading)).count();
    let (total, done) = (people.len(), count(|reading| reading.state == "done"));
    Ok(Json(ReadingCoverage {
        n,
        must_read,
        total,
        read: count(|reading| reading.read_at.is_some()),
        done,
        late: count(|reading| reading.blocking),
        done_bp: (done * 10_000).checked_div(total).unwrap_or(10_000),
        people,
    }))
}

/// What holds somebody up: a version he must have read or passed by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BlockingReading {
    /// The reading.
    pub reading_id: Uuid,
    /// The article.
    pub article_id: Uuid,
    /// The version.
    pub n: i32,
    /// The article's number.
    pub number: String,
    /// What the version is called.
    pub title: String,
    /// `to_read` or `to_answer`
    pub state: String,
    /// When it was due.
    pub due_at: DateTime<Utc>,
}

/// What holds `user` up at `now`; nothing for who owes nothing that is late.
pub async fn must_pass(
    conn: &impl ConnectionTrait,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<BlockingReading>> {
    let rows = store::mine(conn, user).await?;
    let late = rows.into_iter().filter(|row| row.case().blocking(now));
    let blocking = late.map(|row| BlockingReading {
        due_at: if row.read_at.is_none() {
            row.read_due_at
        } else {
            row.quiz_due_at.unwrap_or(row.read_due_at)
        },
        reading_id: row.id,
        article_id: row.article_id,
        n: row.n,
        number: row.article_number,
        title: row.title,
        state: row.state,
    });
    Ok(blocking.collect())
}
