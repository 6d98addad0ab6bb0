//! Marking over HTTP. Who marks sees neither the taker's name nor what the other gave.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::audit;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::checked;
use kernel::{Actor, Tx};
use organization::{Colleague, colleagues};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::marking::{Marking, standing};
use super::steps;
use super::store::{self, answer, attempt};
use super::{AttemptState, answers, taker_http};
use crate::question::store as questions;
use crate::question::{GivenAnswer, QuestionKind};
use crate::rights::MarkExams;
use crate::terms::{Agreed, MARK_DIFFERENCE};
use crate::{Learning, rows};

/// Answers of one view.
const MOST: u64 = 200;

kernel::table! {
    /// The points one marker gave.
    pub mod mark_row = "exam_marks" (attempt_id: Uuid, no: i32, turn: i32) {
        marker_id: Uuid,
        points: i32,
        note: String,
        at: DateTimeUtc,
    }
}

/// The routes of marking.
pub(crate) fn routes(learning: &Learning) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(queue))
        .routes(routes!(mark))
        .routes(routes!(hear))
        .with_state(learning.clone())
}

/// What a marker gave.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkView {
    /// 1 and 2 are the two markers, 3 who decided between them.
    pub turn: i32,
    /// Who.
    pub marker: Option<Colleague>,
    /// The points.
    pub points: i32,
    /// Why.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The marks of a try, by question.
pub(crate) async fn marks_of(
    conn: &impl ConnectionTrait,
    attempt: Uuid,
) -> Result<BTreeMap<i32, Vec<MarkView>>> {
    let rows = mark_row::Entity::find()
        .filter(mark_row::Column::AttemptId.eq(attempt))
        .order_by_asc(mark_row::Column::Turn)
        .all(conn)
        .await?;
    let people = colleagues(conn, rows.iter().map(|mark| mark.marker_id)).await?;
    let mut marks: BTreeMap<i32, Vec<MarkView>> = BTreeMap::new();
    for mark in rows {
        marks.entry(mark.no).or_default().push(MarkView {
            turn: mark.turn,
            marker: people.get(&mark.marker_id).cloned(),
            points: mark.points,
            note: mark.note,
            at: mark.at,
        });
    }
    Ok(marks)
}

/// An answer that waits for a marker.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerToMark {
    /// The try; its taker is not named.
    pub attempt_id: Uuid,
    /// The exam.
    pub exam: String,
    /// The question's place in that paper.
    pub no: i32,
    /// How it is asked.
    pub kind: QuestionKind,
    /// What is asked.
    pub text: String,
    /// There is a recording to be heard.
    pub recording: bool,
    /// What a good answer holds.
    pub model_answer: String,
    /// What was answered.
    pub answer: Option<GivenAnswer>,
    /// The points it gives at most.
    pub most: i32,
    /// `first`, `second`, or `third` where two differ too much.
    pub turn: Marking,
    /// What the two gave, for who decides between them.
    pub marks: Vec<i32>,
}

/// What waits for me.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkingQueue {
    /// What waits longest first; at most 200.
    pub items: Vec<AnswerToMark>,
}

async fn points_so_far(
    conn: &impl ConnectionTrait,
    attempts: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<(Uuid, i32), Vec<mark_row::Model>>> {
    let attempts: BTreeSet<Uuid> = attempts.into_iter().collect();
    let rows = mark_row::Entity::find()
        .filter(mark_row::Column::AttemptId.is_in(attempts))
        .order_by_asc(mark_row::Column::Turn)
        .all(conn)
        .await?;
    let mut marks: HashMap<(Uuid, i32), Vec<mark_row::Model>> = HashMap::new();
    for mark in rows {
        marks
            .entry((mark.attempt_id, mark.no))
            .or_default()
            .push(mark);
    }
    Ok(marks)
}

/// Answers that wait for me: not those that I marked, and none of mine.
#[utoipa::path(
    get, path = "/api/v1/exam-marking", tag = "exams", operation_id = "list_exam_marking",
    responses((status = 200, body = MarkingQueue)),
)]
async fn queue(
    actor: Actor<MarkExams>,
    State(learning): State<Learning>,
) -> Result<Json<MarkingQueue>> {
    let conn = learning.app.db.read();
    let waits = [Marking::First, Marking::Second, Marking::Third].map(Marking::as_str);
    // Of what I marked more may wait than one page holds.
    let waiting = answer::Entity::find()
        .filter(answer::Column::Marking.is_in(waits))
        .order_by_asc(answer::Column::SavedAt)
        .order_by_asc(answer::Column::AttemptId)
        .order_by_asc(answer::Column::No)
        .limit(MOST * 3)
        .all(conn)
        .await?;
    let ids: BTreeSet<Uuid> = waiting.iter().map(|answer| answer.attempt_id).collect();
    let tries = attempt::Entity::find()
        .filter(attempt::Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await?;
    let tries: HashMap<Uuid, attempt::Model> = tries
        .into_iter()
        .map(|attempt| (attempt.id, attempt))
        .collect();
    let sittings = store::sittings(conn, tries.values().map(|attempt| attempt.sitting_id)).await?;
    let contents = questions::contents(
        conn,
        waiting.iter().map(|answer| (answer.question_id, answer.n)),
    )
    .await?;
    let marks = points_so_far(conn, ids).await?;
    let mut items = Vec::new();
    for row in waiting {
        let Some(attempt) = tries.get(&row.attempt_id) else {
            continue;
        };
        let given = marks
            .get(&(row.attempt_id, row.no))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mine = given.iter().any(|mark| mark.marker_id == actor.user_id());
        if mine || attempt.user_id == actor.user_id() || items.len() as u64 >= MOST {
            continue;
        }
        let turn = Marking::parse(&row.marking).ok_or_else(|| internal("a known turn"))?;
        let content = contents.get(&(row.question_id, row.n));
        let content = content.ok_or_else(|| internal("a question has its version"))?;
        items.push(AnswerToMark {
            attempt_id: row.attempt_id,
            exam: sittings
                .get(&attempt.sitting_id)
                .map(|sitting| sitting.title.clone())
                .unwrap_or_default(),
            no: row.no,
            kind: answers::kind(&row)?,
            text: content.text.clone(),
            recording: content.recording.is_some(),
            model_answer: content.model_answer.clone(),
            answer: answers::given(&row)?,
            most: row.most,
            turn,
            marks: if turn == Marking::Third {
                given.iter().map(|mark| mark.points).collect()
            } else {
                Vec::new()
            },
        });
    }
    Ok(Json(MarkingQueue { items }))
}

/// The points of an answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMark {
    /// The points; at most those the question gives.
    points: i32,
    /// Why.
    #[serde(default)]
    note: String,
}

/// What became of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkReceipt {
    /// Who owes what now.
    pub turn: Marking,
    /// The points, once they are known.
    pub awarded: Option<i32>,
}

/// Marks an answer: two people, each by himself; where they differ too much a third decides.
#[utoipa::path(
    post, path = "/api/v1/exam-attempts/{id}/answers/{no}/marks", tag = "exams", operation_id = "mark_exam_answer",
    params(("id" = Uuid, Path), ("no" = i32, Path)),
    request_body = NewMark,
    responses((status = 200, body = MarkReceipt), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn mark(
    actor: Actor<MarkExams>,
    State(learning): State<Learning>,
    Path((id, no)): Path<(Uuid, i32)>,
    Json(mark): Json<NewMark>,
) -> Result<Json<MarkReceipt>> {
    let note = checked("note", &mark.note)?;
    let (app, who, marker) = (learning.app.clone(), actor.who(), actor.user_id());
    let work = move |tx: Tx| async move {
        let attempt = store::locked(&tx, id).await?;
        if attempt.user_id == marker {
            return Err(refused("mark_own_paper", "nobody marks his own paper"));
        }
        if attempt.state != AttemptState::Submitted.as_str() {
            return Err(refused(
                "exam_nothing_to_mark",
                "nothing of this paper waits for a marker",
            ));
        }
        let row = rows::get::<answer::Entity>(&*tx, (id, no), "question of this paper").await?;
        if row.awarded.is_some() {
            return Err(refused(
                "exam_nothing_to_mark",
                "the points of this answer are known",
            ));
        }
        if !(0..=row.most).contains(&mark.points) {
            return Err(invalid(
                "points",
                "exam_points_invalid",
                format!("0 to {}", row.most),
            ));
        }
        let known = points_so_far(&*tx, [id])
            .await?
            .remove(&(id, no))
            .unwrap_or_default();
        if known.iter().any(|mark| mark.marker_id == marker) {
            return Err(refused("marked_already", "you have marked this answer")
                .with_way_out("somebody else marks it too"));
        }
        let turn = i32::try_from(known.len()).map_err(internal)? + 1;
        let given = mark_row::Model {
            attempt_id: id,
            no,
            turn,
            marker_id: marker,
            points: mark.points,
            note,
            at: app.clock.now(),
        };
        rows::add(&*tx, given).await?;
        let points: Vec<i32> = known
            .iter()
            .map(|mark| mark.points)
            .chain([mark.points])
            .collect();
        let difference = Agreed::at(&*tx, app.clock.now())
            .await?
            .value(MARK_DIFFERENCE)?;
        let (turn, awarded) = standing(&points, row.most, difference);
        let wish = answer::ActiveModel {
            marking: Set(turn.as_str().to_owned()),
            awarded: Set(awarded),
            ..Default::default()
        };
        answer::Entity::update_many()
            .set(wish)
            .filter(answer::Column::AttemptId.eq(id))
            .filter(answer::Column::No.eq(no))
            .exec(&*tx)
            .await?;
        let details =
            json!({ "no": no, "points": mark.points, "most": row.most, "awarded": awarded });
        audit::record(
            &app,
            &*tx,
            &who,
            "exam.answer_marked",
            "exam_attempt",
            id,
            details,
        )
        .await?;
        if awarded.is_some() {
            let sitting = store::sitting_of(&*tx, attempt.sitting_id).await?;
            let present = steps::Present::read(&app, &*tx).await?;
            answers::settle(&app, &tx, &who, &present, (&sitting, &attempt)).await?;
        }
        Ok(MarkReceipt { turn, awarded })
    };
    Ok(Json(learning.app.db.write(work).await?))
}

/// The recording of a question, for who marks its answer.
#[utoipa::path(
    get, path = "/api/v1/exam-attempts/{id}/recordings/{no}", tag = "exams", operation_id = "hear_exam_recording",
    params(("id" = Uuid, Path), ("no" = i32, Path)),
    responses((status = 200, content_type = "audio/wav"), (status = 404, body = Problem)),
)]
async fn hear(
    actor: Actor<MarkExams>,
    State(learning): State<Learning>,
    Path((id, no)): Path<(Uuid, i32)>,
) -> Result<Response> {
    let attempt = store::attempt_of(learning.app.db.read(), id).await?;
    taker_http::heard(&learning, actor.who(), &attempt, no).await
}
