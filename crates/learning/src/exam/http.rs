//! Exams over HTTP for who sets them.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, Tx};
use organization::{Colleague, colleagues};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::steps;
use super::store::{self, NewSitting, attempt, sitting};
use super::{Action, Purpose, Release};
use crate::rights::{ManageExams, ViewExams};

/// The routes of exams.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .routes(routes!(takers, assign))
        .routes(routes!(release))
        .with_state(app.clone())
}

/// An exam.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExamView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ-K20261123-001`
    pub number: String,
    /// What it is called.
    pub title: String,
    /// `qualification` or `training`
    pub purpose: String,
    /// The paper.
    pub paper_id: Uuid,
    /// The version of its rules.
    pub paper_n: i32,
    /// From when it may be begun.
    pub opens_at: DateTime<Utc>,
    /// Until when.
    pub closes_at: DateTime<Utc>,
    /// The share of the points that passes.
    pub pass_percent: i32,
    /// Minutes there are.
    pub minutes: i32,
    /// Tries there are.
    pub tries: i32,
    /// Questions there are.
    pub questions: i32,
    /// The points there are.
    pub total: i32,
    /// `automatic` or `manual`
    pub release: String,
    /// When it was set.
    pub created_at: DateTime<Utc>,
}

impl From<sitting::Model> for ExamView {
    fn from(row: sitting::Model) -> Self {
        Self {
            id: row.id,
            number: row.number,
            title: row.title,
            purpose: row.purpose,
            paper_id: row.paper_id,
            paper_n: row.paper_n,
            opens_at: row.opens_at,
            closes_at: row.closes_at,
            pass_percent: row.pass_percent,
            minutes: row.minutes,
            tries: row.tries,
            questions: row.questions,
            total: row.total,
            release: row.release,
            created_at: row.created_at,
        }
    }
}

/// One try, for who set the exam.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptView {
    /// Identifies it.
    pub id: Uuid,
    /// Who sits it.
    pub person: Option<Colleague>,
    /// Which try it is.
    pub try_no: i32,
    /// Where it stands.
    pub state: String,
    /// From when it may be begun.
    pub opens_at: DateTime<Utc>,
    /// Until when.
    pub closes_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the time is over.
    pub deadline_at: Option<DateTime<Utc>>,
    /// When it was handed in.
    pub handed_in_at: Option<DateTime<Utc>>,
    /// The time ran out.
    pub by_timer: bool,
    /// It was never begun.
    pub missed: bool,
    /// The points reached, once every one is known.
    pub points: Option<i32>,
    /// The points there are.
    pub total: i32,
    /// It was passed; null until that is told.
    pub passed: Option<bool>,
    /// When the result was told.
    pub released_at: Option<DateTime<Utc>>,
    /// Times the page was left.
    pub left_count: i32,
    /// Seconds it was left in all.
    pub left_seconds: i32,
    /// Why something was done to it.
    pub note: String,
    /// Rises with each change.
    pub version: i64,
}

/// The try as who set the exam sees it.
pub(crate) fn attempt_view(row: attempt::Model, person: Option<Colleague>) -> AttemptView {
    AttemptView {
        id: row.id,
        person,
        try_no: row.try_no,
        state: row.state,
        opens_at: row.opens_at,
        closes_at: row.closes_at,
        started_at: row.started_at,
        deadline_at: row.deadline_at,
        handed_in_at: row.handed_in_at,
        by_timer: row.by_timer,
        missed: row.missed,
        points: row.points,
        total: row.total,
        passed: row.passed,
        released_at: row.released_at,
        left_count: row.left_count,
        left_seconds: row.left_seconds,
        note: row.note,
        version: row.version,
    }
}

/// An exam with everybody who sits it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExamDetail {
    /// The exam.
    #[serde(flatten)]
    pub exam: ExamView,
    /// Every try, by person.
    pub attempts: Vec<AttemptView>,
    /// Who has passed.
    pub passed: usize,
    /// Who waits for a result: handed in or marked.
    pub waiting: usize,
    /// The server's time.
    pub now: DateTime<Utc>,
}

async fn detail(app: &App, row: sitting::Model) -> Result<ExamDetail> {
    let conn = app.db.read();
    let attempts = store::attempts_of(conn, row.id).await?;
    let people = colleagues(conn, attempts.iter().map(|attempt| attempt.user_id)).await?;
    let count =
        |is: fn(&attempt::Model) -> bool| attempts.iter().filter(|attempt| is(attempt)).count();
    let (passed, waiting) = (
        count(|attempt| attempt.passed == Some(true)),
        count(|attempt| matches!(attempt.state.as_str(), "submitted" | "marked")),
    );
    let view = |attempt: attempt::Model| {
        let person = people.get(&attempt.user_id).cloned();
        attempt_view(attempt, person)
    };
    Ok(ExamDetail {
        exam: row.into(),
        passed,
        waiting,
        attempts: attempts.into_iter().map(view).collect(),
        now: app.clock.now(),
    })
}

/// What a list of exams may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExamFilter {
    /// `qualification` or `training`
    #[param(inline)]
    purpose: Option<Purpose>,
    /// Only those of this paper.
    paper: Option<Uuid>,
}

/// Exams, the latest first.
#[utoipa::path(
    get, path = "/api/v1/exams", tag = "exams", operation_id = "list_exams",
    params(ListQuery, ExamFilter),
    responses((status = 200, body = Page<ExamView>)),
)]
async fn list(
    _actor: Actor<ViewExams>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<ExamFilter>,
) -> Result<Json<Page<ExamView>>> {
    use sitting::Column;
    let all = Condition::all()
        .add_option(
            filter
                .purpose
                .map(|purpose| Column::Purpose.eq(purpose.as_str())),
        )
        .add_option(filter.paper.map(|paper| Column::PaperId.eq(paper)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let sortable = [
        ("opens_at", Column::OpensAt),
        ("number", Column::Number),
        ("created_at", Column::CreatedAt),
    ];
    let select = sitting::Entity::find().filter(all);
    let page = paginate(app.db.read(), select, &query, &sortable, Column::Id).await?;
    Ok(Json(page.map(ExamView::from)))
}

/// An exam with every try.
#[utoipa::path(
    get, path = "/api/v1/exams/{id}", tag = "exams", operation_id = "get_exam",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ExamDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ExamDetail>> {
    let row = store::sitting_of(app.db.read(), id).await?;
    Ok(Json(detail(&app, row).await?))
}

/// An exam to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExam {
    /// What it is called.
    title: String,
    /// `qualification` or `training`
    purpose: Purpose,
    /// The paper.
    paper_id: Uuid,
    /// From when it may be begun; at once when left out.
    opens_at: Option<DateTime<Utc>>,
    /// Until when.
    closes_at: DateTime<Utc>,
    /// When results are told; as soon as they are known when left out.
    release: Option<Release>,
    /// Who sits it.
    #[serde(default)]
    takers: Vec<Uuid>,
}

fn must_be_few(takers: &[Uuid]) -> Result<()> {
    if takers.len() > store::MOST_TAKERS {
        return Err(invalid(
            "takers",
            "too_many_takers",
            "an exam has at most 500 takers",
        ));
    }
    Ok(())
}

/// Sets an exam. Its rules and all questions that may be drawn are frozen as they are now.
#[utoipa::path(
    post, path = "/api/v1/exams", tag = "exams", operation_id = "create_exam",
    request_body = NewExam,
    responses((status = 201, body = ExamDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<ManageExams>,
    State(app): State<App>,
    Json(new): Json<NewExam>,
) -> Result<(StatusCode, Json<ExamDetail>)> {
    must_be_few(&new.takers)?;
    let (services, who) = (app.clone(), actor.who());
    let sitting = NewSitting {
        title: new.title,
        purpose: new.purpose,
        paper: new.paper_id,
        opens_at: new.opens_at.unwrap_or_else(|| app.clock.now()),
        closes_at: new.closes_at,
        release: new.release.unwrap_or(Release::Automatic),
    };
    let work = move |tx: Tx| async move {
        let sitting = store::set(&services, &tx, &who, sitting).await?;
        if !new.takers.is_empty() {
            store::assign(&services, &tx, &who, &sitting, &new.takers).await?;
        }
        Ok(sitting)
    };
    let row = app.db.write(work).await?;
    Ok((StatusCode::CREATED, Json(detail(&app, row).await?)))
}

/// Who may be had sit an exam.
#[derive(Debug, Serialize, ToSchema)]
pub struct EligibleTakers {
    /// People of the supplier who do not see the question bank.
    pub items: Vec<Colleague>,
}

/// Who may be had sit this exam.
#[utoipa::path(
    get, path = "/api/v1/exams/{id}/takers", tag = "exams", operation_id = "list_exam_takers",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = EligibleTakers), (status = 404, body = Problem)),
)]
async fn takers(
    _actor: Actor<ManageExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<EligibleTakers>> {
    let conn = app.db.read();
    store::sitting_of(conn, id).await?;
    let people = store::eligible(conn).await?;
    Ok(Json(EligibleTakers {
        items: people.into_values().collect(),
    }))
}

/// Who is to sit an exam.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Takers {
    /// The people; who is down for it already stays so.
    takers: Vec<Uuid>,
}

/// Has people sit an exam.
#[utoipa::path(
    post, path = "/api/v1/exams/{id}/takers", tag = "exams", operation_id = "assign_exam",
    params(("id" = Uuid, Path)),
    request_body = Takers,
    responses((status = 200, body = ExamDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn assign(
    actor: Actor<ManageExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<Takers>,
) -> Result<Json<ExamDetail>> {
    must_be_few(&wish.takers)?;
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let sitting = store::sitting_of(&*tx, id).await?;
        store::assign(&services, &tx, &who, &sitting, &wish.takers).await?;
        Ok(sitting)
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row).await?))
}

/// Tells every result that is known and not told yet.
#[utoipa::path(
    post, path = "/api/v1/exams/{id}/release", tag = "exams", operation_id = "release_exam",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ExamDetail), (status = 404, body = Problem)),
)]
async fn release(
    actor: Actor<ManageExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ExamDetail>> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let sitting = store::sitting_of(&*tx, id).await?;
        for attempt in store::attempts_of(&*tx, id).await? {
            if attempt.state == "marked" {
                steps::step(
                    &services,
                    &tx,
                    &who,
                    (&sitting, &attempt),
                    &Action::Release,
                    None,
                )
                .await?;
            }
        }
        Ok(sitting)
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row).await?))
}
