//! The steps of an evaluation over HTTP, each with the version that was read.

use axum::extract::State;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::rights::Permission;
use kernel::text::needed;
use kernel::versioned::as_read;
use kernel::{Actor, App, Side, Tx};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Given, Hand, ScoreKind, row};
use super::view::{self, EvaluationDetail};
use super::{Action, EvaluationState};
use crate::card::Marks;
use crate::card::store as cards;
use crate::rights::{
    AnswerEvaluations, ReleaseEvaluations, ScoreEvaluations, ScoreForPurchaser, SettleScores, may,
};
use crate::sampling::store::substitute;
use crate::{Desk, side};

/// The routes of steps.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    let void = OpenApiRouter::new()
        .routes(routes!(void))
        .with_state(desk.clone());
    OpenApiRouter::new()
        .routes(routes!(assign))
        .routes(routes!(score))
        .routes(routes!(purchaser_score))
        .routes(routes!(rescore))
        .routes(routes!(settle))
        .routes(routes!(release))
        .routes(routes!(acknowledge))
        .routes(routes!(appeal))
        .with_state(desk.app.clone())
        .merge(void)
}

/// Who acts, for which side, on which evaluation as he read it.
struct Step {
    app: App,
    tx: Tx,
    who: Who,
    side: Side,
    before: row::Model,
}

impl Step {
    fn hand(&self) -> Hand<'_> {
        Hand {
            app: &self.app,
            tx: &self.tx,
            who: &self.who,
            side: self.side,
        }
    }

    async fn given(&self, kind: ScoreKind, scored: Scored) -> Result<Given> {
        let card = cards::usable(&*self.tx, scored.card_version_id).await?;
        let score = card.card()?.score(&scored.marks)?;
        Ok(Given {
            kind,
            card_version: card.id,
            marks: serde_json::to_value(&scored.marks).map_err(internal)?,
            score,
        })
    }

    /// How far a score lies from the purchaser's; 0 where there is none.
    fn gap_of_sides(&self, given: &Given) -> u16 {
        let apart = |purchaser: i32| (i32::from(given.score.tenths) - purchaser).unsigned_abs();
        let gap = self.before.purchaser_tenths.map_or(0, apart);
        u16::try_from(gap).unwrap_or(u16::MAX)
    }

    /// How far a score lies from the one that stands.
    fn gap(&self, given: &Given) -> u16 {
        let standing = self.before.tenths.unwrap_or_default();
        let gap = (i32::from(given.score.tenths) - standing).unsigned_abs();
        u16::try_from(gap).unwrap_or(u16::MAX)
    }
}

/// Takes a step within one transaction; who may not see the evaluation is told that it is not there.
async fn step<P, F, Fut>(
    app: App,
    actor: Actor<P>,
    (id, version): (Uuid, i64),
    work: F,
) -> Result<Json<EvaluationDetail>>
where
    P: Permission,
    F: FnOnce(Step) -> Fut + Send + 'static,
    Fut: Future<Output = Result<row::Model>> + Send + 'static,
{
    let (services, who, side) = (app.clone(), actor.who(), side::of(actor.principal()));
    let principal = actor.principal().clone();
    let row = app
        .db
        .write(move |tx| async move {
            let before = as_read(store::seen(&*tx, &actor, id).await?, version)?;
            let step = Step {
                app: services,
                tx,
                who,
                side,
                before,
            };
            work(step).await
        })
        .await?;
    Ok(Json(view::detail(&app, &principal, row).await?))
}

/// Who is to score it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignedEvaluation {
    /// The version that was read.
    version: i64,
    /// The reviewer.
    to: Uuid,
}

/// Gives an evaluation to a reviewer.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/assign", tag = "quality", operation_id = "assign_evaluation",
    params(("id" = Uuid, Path)), request_body = AssignedEvaluation,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn assign(
    actor: Actor<ReleaseEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<AssignedEvaluation>,
) -> Result<Json<EvaluationDetail>> {
    let to = wish.to;
    step(app, actor, (id, wish.version), move |step| async move {
        if !may::<ScoreEvaluations>(&*step.tx, to).await? {
            return Err(invalid("to", "reviewer_unknown", "nobody who scores"));
        }
        let action = Action::Assign(to);
        step.hand()
            .act(&step.before, &action, ("assigned", None), |_| {})
            .await
    })
    .await
}

/// A score as a reviewer gives it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Scored {
    /// The version of the evaluation that was read.
    version: i64,
    /// The published version of the card it is scored by.
    card_version_id: Uuid,
    /// What is given.
    marks: Marks,
    /// What is said to an appeal, or to scores that differ; needed there.
    #[serde(default)]
    note: String,
}

/// Scores an evaluation. The same reviewer may change his score before the release; from another it is the second score,
/// which changes nothing but has to be settled where it lies too far from the first.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/score", tag = "quality", operation_id = "score_evaluation",
    params(("id" = Uuid, Path)), request_body = Scored,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn score(
    actor: Actor<ScoreEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(scored): Json<Scored>,
) -> Result<Json<EvaluationDetail>> {
    let oneself = actor.user_id();
    step(app, actor, (id, scored.version), move |step| async move {
        let before = &step.before;
        let second =
            before.state == EvaluationState::Scored.as_str() && before.reviewer_id != Some(oneself);
        if second {
            let given = step.given(ScoreKind::Second, scored).await?;
            let action = Action::Second(step.gap(&given));
            let told = ("second_scored", None);
            step.hand()
                .score(before, (&action, given, false), told, |_| {})
                .await
        } else {
            let given = step.given(ScoreKind::First, scored).await?;
            let told = ("scored", None);
            step.hand()
                .score(before, (&Action::Score, given, true), told, |_| {})
                .await
        }
    })
    .await
}

/// Scores for the purchaser, beside the score that stands. Where the two lie too far apart, they have to be
/// settled before the evaluation ends; of one that is over nothing changes.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/purchaser-score", tag = "quality", operation_id = "score_for_purchaser",
    params(("id" = Uuid, Path)), request_body = Scored,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn purchaser_score(
    actor: Actor<ScoreForPurchaser>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(scored): Json<Scored>,
) -> Result<Json<EvaluationDetail>> {
    step(app, actor, (id, scored.version), move |step| async move {
        let given = step.given(ScoreKind::Purchaser, scored).await?;
        let action = Action::PurchaserScore(step.gap(&given));
        let told = ("purchaser_scored", None);
        step.hand()
            .score(&step.before, (&action, given, false), told, |_| {})
            .await
    })
    .await
}

/// Answers an appeal with a new score, by another reviewer than the first.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/rescore", tag = "quality", operation_id = "rescore_evaluation",
    params(("id" = Uuid, Path)), request_body = Scored,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn rescore(
    actor: Actor<ScoreEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(scored): Json<Scored>,
) -> Result<Json<EvaluationDetail>> {
    let note = needed("note", &scored.note)?;
    step(app, actor, (id, scored.version), move |step| async move {
        let given = step.given(ScoreKind::Rescored, scored).await?;
        let action = Action::Rescore(step.gap_of_sides(&given));
        let told = ("rescored", Some(note.as_str()));
        let set = |after: &mut row::Model| after.appeal_answer = Some(note.clone());
        step.hand()
            .score(&step.before, (&action, given, true), told, set)
            .await
    })
    .await
}

/// Says what two scores that lie too far apart come to: the supplier's own by somebody who gave none of them, the two
/// sides' by the purchaser.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/settle", tag = "quality", operation_id = "settle_scores",
    params(("id" = Uuid, Path)), request_body = Scored,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn settle(
    actor: Actor<SettleScores>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(scored): Json<Scored>,
) -> Result<Json<EvaluationDetail>> {
    let note = needed("note", &scored.note)?;
    step(app, actor, (id, scored.version), move |step| async move {
        let given = step.given(ScoreKind::Settled, scored).await?;
        let action = Action::Settle(step.gap_of_sides(&given));
        let told = ("settled", Some(note.as_str()));
        step.hand()
            .score(&step.before, (&action, given, true), told, |_| {})
            .await
    })
    .await
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EvaluationStep {
    /// The version that was read.
    version: i64,
}

/// Releases the score to the agent; his time to appeal begins.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/release", tag = "quality", operation_id = "release_evaluation",
    params(("id" = Uuid, Path)), request_body = EvaluationStep,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn release(
    actor: Actor<ReleaseEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<EvaluationStep>,
) -> Result<Json<EvaluationDetail>> {
    step(app, actor, (id, wish.version), |step| async move {
        step.hand().release(&step.before).await
    })
    .await
}

/// A step with a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EvaluationReason {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Voids a sample that cannot be evaluated, if it never was one's own to score; in place of one drawn by chance the next of
/// its draw is drawn.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/void", tag = "quality", operation_id = "void_evaluation",
    params(("id" = Uuid, Path)), request_body = EvaluationReason,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn void(
    actor: Actor<ReleaseEvaluations>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<EvaluationReason>,
) -> Result<Json<EvaluationDetail>> {
    let reason = needed("reason", &wish.reason)?;
    let (oneself, contacts) = (actor.user_id(), desk.contacts);
    let read = (id, wish.version);
    step(desk.app, actor, read, move |step| async move {
        let now = step.app.clock.now();
        let told = ("voided", Some(reason.as_str()));
        let set = |after: &mut row::Model| {
            after.void_reason = Some(reason.clone());
            (after.voided_by, after.voided_at) = (Some(oneself), Some(now));
        };
        let was_his = step.before.was_given_to(oneself);
        let action = Action::Void { was_his };
        let voided = step.hand().act(&step.before, &action, told, set).await?;
        substitute(&step.app, &step.tx, &*contacts, &voided).await?;
        Ok(voided)
    })
    .await
}

/// The agent accepts his score; it is final.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/acknowledge", tag = "quality", operation_id = "acknowledge_evaluation",
    params(("id" = Uuid, Path)), request_body = EvaluationStep,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn acknowledge(
    actor: Actor<AnswerEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<EvaluationStep>,
) -> Result<Json<EvaluationDetail>> {
    step(app, actor, (id, wish.version), |step| async move {
        let told = ("acknowledged", None);
        step.hand()
            .act(&step.before, &Action::Acknowledge, told, |_| {})
            .await
    })
    .await
}

/// The agent appeals, once and within his time.
#[utoipa::path(
    post, path = "/api/v1/evaluations/{id}/appeal", tag = "quality", operation_id = "appeal_evaluation",
    params(("id" = Uuid, Path)), request_body = EvaluationReason,
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn appeal(
    actor: Actor<AnswerEvaluations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<EvaluationReason>,
) -> Result<Json<EvaluationDetail>> {
    let reason = needed("reason", &wish.reason)?;
    step(app, actor, (id, wish.version), move |step| async move {
        let now = step.app.clock.now();
        let told = ("appealed", Some(reason.as_str()));
        let set = |after: &mut row::Model| {
            after.appeal = Some(reason.clone());
            after.appealed_at = Some(now);
        };
        step.hand()
            .act(&step.before, &Action::Appeal, told, set)
            .await
    })
    .await
}
