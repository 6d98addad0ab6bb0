//! One try over HTTP for who set the exam: the whole paper, another time, none at all, a correction.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::needed;
use kernel::versioned::as_read;
use kernel::{Actor, App, Tx};
use organization::{Colleague, colleagues};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::{AttemptView, attempt_view};
use super::marking_http::{MarkView, marks_of};
use super::steps;
use super::store::{self, answer, attempt};
use super::{Action, answers};
use crate::question::store as questions;
use crate::question::{Asked, GivenAnswer, QuestionContent, QuestionKind};
use crate::rights::{CorrectResults, ManageExams, ViewQuestions};

/// The routes of single tries.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(reschedule))
        .routes(routes!(excuse))
        .routes(routes!(correct))
        .with_state(app.clone())
}

/// A question of a paper with its answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnsweredQuestion {
    /// Its place, from 1 on.
    pub no: i32,
    /// How it is asked.
    pub kind: QuestionKind,
    /// The question as it was put.
    #[serde(flatten)]
    pub asked: Asked,
    /// In which order the options were shown.
    pub order: Vec<usize>,
    /// What was answered.
    pub answer: Option<GivenAnswer>,
    /// When.
    pub saved_at: Option<DateTime<Utc>>,
    /// The points it gives at most.
    pub most: i32,
    /// The points given; null while somebody has to mark it.
    pub awarded: Option<i32>,
    /// `open`, `first`, `second`, `third` or `done`
    pub marking: String,
    /// What the markers gave, once the points are known.
    pub marks: Vec<MarkView>,
    /// What is right.
    pub solution: QuestionContent,
}

/// What a result was, from when on.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultView {
    /// 1 is the first.
    pub n: i32,
    /// The points.
    pub points: i32,
    /// The points there are.
    pub total: i32,
    /// It was enough.
    pub passed: bool,
    /// Why it was corrected; null for the first.
    pub reason: Option<String>,
    /// Who did it.
    pub by_name: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A try with its whole paper.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptDetail {
    /// The try.
    #[serde(flatten)]
    pub attempt: AttemptView,
    /// The exam.
    pub exam_id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// The paper with its answers; empty before it began.
    pub paper: Vec<AnsweredQuestion>,
    /// Every result, the first first.
    pub results: Vec<ResultView>,
}

async fn detail(app: &App, row: attempt::Model) -> Result<AttemptDetail> {
    let conn = app.db.read();
    let sitting = store::sitting_of(conn, row.sitting_id).await?;
    let mut paper = Vec::new();
    if row.started_at.is_some() {
        let drawn = store::drawn(conn, row.id).await?;
        let given = store::answers(conn, row.id).await?;
        let contents = questions::contents(
            conn,
            drawn
                .iter()
                .map(|question| (question.question_id, question.n)),
        )
        .await?;
        let mut marks = marks_of(conn, row.id).await?;
        for (question, answer) in drawn.into_iter().zip(given) {
            let content = contents.get(&(question.question_id, question.n));
            let content = content.ok_or_else(|| internal("a question has its version"))?;
            let done = answer.awarded.is_some();
            paper.push(AnsweredQuestion {
                no: question.no,
                kind: question.kind,
                asked: content.asked(&question.order),
                order: question.order,
                answer: answers::given(&answer)?,
                saved_at: answer.saved_at,
                most: answer.most,
                awarded: answer.awarded,
                marking: answer.marking,
                // Who marks second is not to know what the first one gave.
                marks: marks
                    .remove(&question.no)
                    .filter(|_| done)
                    .unwrap_or_default(),
                solution: content.clone(),
            });
        }
    }
    let results = store::results(conn, row.id).await?;
    let named = results.iter().filter_map(|result| result.by_id);
    let people = colleagues(conn, named.chain([row.user_id])).await?;
    let person: Option<Colleague> = people.get(&row.user_id).cloned();
    let results = results.into_iter().map(|result| ResultView {
        n: result.n,
        points: result.points,
        total: result.total,
        passed: result.passed,
        reason: result.reason,
        by_name: result
            .by_id
            .and_then(|id| people.get(&id))
            .map_or(result.by_name, |by| by.name.clone()),
        at: result.at,
    });
    Ok(AttemptDetail {
        exam_id: sitting.id,
        number: sitting.number,
        title: sitting.title,
        paper,
        results: results.collect(),
        attempt: attempt_view(row, person),
    })
}

/// A try with its whole paper: what was asked, answered and right.
#[utoipa::path(
    get, path = "/api/v1/exam-attempts/{id}", tag = "exams", operation_id = "get_exam_attempt",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = AttemptDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewQuestions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<AttemptDetail>> {
    let row = store::attempt_of(app.db.read(), id).await?;
    Ok(Json(detail(&app, row).await?))
}

/// Another time to begin a try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWindow {
    /// The version that was read.
    version: i64,
    /// From when.
    opens_at: DateTime<Utc>,
    /// Until when.
    closes_at: DateTime<Utc>,
    /// Why.
    reason: String,
}

/// Gives a try another time, with its reason.
#[utoipa::path(
    post, path = "/api/v1/exam-attempts/{id}/reschedule", tag = "exams", operation_id = "reschedule_exam_attempt",
    params(("id" = Uuid, Path)),
    request_body = NewWindow,
    responses((status = 200, body = AttemptDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn reschedule(
    actor: Actor<ManageExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<NewWindow>,
) -> Result<Json<AttemptDetail>> {
    let action = Action::Reschedule {
        opens_at: wish.opens_at,
        closes_at: wish.closes_at,
    };
    done(app, actor.who(), id, (wish.version, wish.reason), action).await
}

async fn done(
    app: App,
    who: kernel::audit::Who,
    id: Uuid,
    (version, reason): (i64, String),
    action: Action,
) -> Result<Json<AttemptDetail>> {
    let reason = needed("reason", &reason)?;
    let services = app.clone();
    let work = move |tx: Tx| async move {
        let before = as_read(store::locked(&tx, id).await?, version)?;
        let sitting = store::sitting_of(&*tx, before.sitting_id).await?;
        steps::step(
            &services,
            &tx,
            &who,
            (&sitting, &before),
            &action,
            Some(&reason),
        )
        .await
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row).await?))
}

/// Why a try need not be sat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Excused {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Lets somebody off a try he has not begun, with its reason.
#[utoipa::path(
    post, path = "/api/v1/exam-attempts/{id}/excuse", tag = "exams", operation_id = "excuse_exam_attempt",
    params(("id" = Uuid, Path)),
    request_body = Excused,
    responses((status = 200, body = AttemptDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn excuse(
    actor: Actor<ManageExams>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<Excused>,
) -> Result<Json<AttemptDetail>> {
    done(
        app,
        actor.who(),
        id,
        (wish.version, wish.reason),
        Action::Excuse,
    )
    .await
}

/// The points that are right for one answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Correction {
    /// The version that was read.
    version: i64,
    /// The question.
    no: i32,
    /// The points that are right for it.
    points: i32,
    /// Why.
    reason: String,
}

/// Corrects a result that was told: a new result with its reason; the one before stays.
#[utoipa::path(
    post, path = "/api/v1/exam-attempts/{id}/correct", tag = "exams", operation_id = "correct_exam_result",
    params(("id" = Uuid, Path)),
    request_body = Correction,
    responses((status = 200, body = AttemptDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn correct(
    actor: Actor<CorrectResults>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<Correction>,
) -> Result<Json<AttemptDetail>> {
    let reason = needed("reason", &wish.reason)?;
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let before = as_read(store::locked(&tx, id).await?, wish.version)?;
        let sitting = store::sitting_of(&*tx, before.sitting_id).await?;
        let given = store::answers(&*tx, id).await?;
        let answer = given.iter().find(|answer| answer.no == wish.no);
        let Some(answer) = answer.filter(|answer| (0..=answer.most).contains(&wish.points)) else {
            return Err(invalid(
                "points",
                "exam_points_invalid",
                "a question of the paper, and points it can give",
            ));
        };
        let sum: i32 = given.iter().filter_map(|answer| answer.awarded).sum();
        let points = sum - answer.awarded.unwrap_or_default() + wish.points;
        let note = format!(
            "第{}题 {}→{}：{reason}",
            wish.no,
            answer.awarded.unwrap_or_default(),
            wish.points
        );
        let action = Action::Correct { points };
        let after = steps::step(
            &services,
            &tx,
            &who,
            (&sitting, &before),
            &action,
            Some(&note),
        )
        .await?;
        let awarded = answer::ActiveModel {
            awarded: Set(Some(wish.points)),
            ..Default::default()
        };
        answer::Entity::update_many()
            .set(awarded)
            .filter(answer::Column::AttemptId.eq(id))
            .filter(answer::Column::No.eq(wish.no))
            .exec(&*tx)
            .await?;
        Ok(after)
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row).await?))
}
