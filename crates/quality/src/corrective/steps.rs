//! The steps of a corrective action over HTTP, each with the version that was read.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid};
use kernel::rights::Permission;
use kernel::text::{checked, needed};
use kernel::versioned::as_read;
use kernel::{Actor, Side, Tx};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::http::{CorrectiveActionDetail, detail};
use super::store::{self, row};
use crate::house::NewCoaching;
use crate::rights::{FinishCorrectiveActions, OpenCorrectiveActions, VerifyCorrectiveActions, may};
use crate::{Desk, side};

/// The latest a corrective action may be due.
const FURTHEST: TimeDelta = TimeDelta::days(366);

/// The routes of steps.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(plan))
        .routes(routes!(reassign))
        .routes(routes!(coach))
        .routes(routes!(finish))
        .routes(routes!(verify))
        .routes(routes!(withdraw))
        .with_state(desk.clone())
}

/// Who acts, for which side, on which corrective action as he read it.
struct Step {
    desk: Desk,
    tx: Tx,
    who: Who,
    side: Side,
    before: row::Model,
}

impl Step {
    async fn act(
        &self,
        action: &Action,
        told: (&str, Option<&str>),
        more: impl FnOnce(&mut row::Model),
    ) -> Result<row::Model> {
        let by = (&self.who, self.side);
        store::act(
            &self.desk.app,
            &self.tx,
            by,
            &self.before,
            action,
            told,
            more,
        )
        .await
    }
}

async fn step<P, F, Fut>(
    desk: Desk,
    actor: Actor<P>,
    (id, version): (Uuid, i64),
    work: F,
) -> Result<Json<CorrectiveActionDetail>>
where
    P: Permission,
    F: FnOnce(Step) -> Fut + Send + 'static,
    Fut: Future<Output = Result<row::Model>> + Send + 'static,
{
    let (who, side) = (actor.who(), side::of(actor.principal()));
    let (services, principal) = (desk.clone(), actor.principal().clone());
    let row = desk
        .app
        .db
        .write(move |tx| async move {
            let before = as_read(store::seen(&*tx, &actor, id).await?, version)?;
            let step = Step {
                desk: services,
                tx,
                who,
                side,
                before,
            };
            work(step).await
        })
        .await?;
    detail(&desk, &principal, row).await
}

/// Says no to a day beyond a year.
pub(super) fn ahead(due: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    if due > now + FURTHEST {
        return Err(invalid("due_at", "date_too_far", "within a year"));
    }
    Ok(())
}

/// Its cause and what is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CorrectivePlan {
    /// The version that was read.
    version: i64,
    /// Why it came to that.
    cause: String,
    /// What is done.
    action: String,
    /// When it is due; within a year.
    due_at: DateTime<Utc>,
}

/// Says why it came to that, what is done, and by when.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions/{id}/plan", tag = "quality", operation_id = "plan_corrective_action",
    params(("id" = Uuid, Path)), request_body = CorrectivePlan,
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn plan(
    actor: Actor<OpenCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<CorrectivePlan>,
) -> Result<Json<CorrectiveActionDetail>> {
    let (cause, action) = (
        needed("cause", &wish.cause)?,
        needed("action", &wish.action)?,
    );
    ahead(wish.due_at, desk.app.clock.now())?;
    step(desk, actor, (id, wish.version), move |step| async move {
        let told = ("planned", Some(action.as_str()));
        step.act(&Action::Plan(wish.due_at), told, |after| {
            after.cause = Some(cause);
            after.action = Some(action.clone());
        })
        .await
    })
    .await
}

/// Who is to answer for it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReassignedCorrective {
    /// The version that was read.
    version: i64,
    /// Who answers for it from now on.
    to: Uuid,
    /// Why.
    reason: String,
}

/// Gives a corrective action to another who can put it right: who answered for it is away, or another is nearer to it.
/// Its term stays.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions/{id}/reassign", tag = "quality", operation_id = "reassign_corrective_action",
    params(("id" = Uuid, Path)), request_body = ReassignedCorrective,
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn reassign(
    actor: Actor<OpenCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<ReassignedCorrective>,
) -> Result<Json<CorrectiveActionDetail>> {
    let reason = needed("reason", &wish.reason)?;
    let to = wish.to;
    step(desk, actor, (id, wish.version), move |step| async move {
        // Whom a complaint behind it is about is answered as who cannot: that there is one is not told.
        let about_him = step.before.complained_id == Some(to);
        if about_him || !may::<FinishCorrectiveActions>(&*step.tx, to).await? {
            let detail = "nobody who could put it right";
            return Err(invalid("to", "corrective_owner_unknown", detail));
        }
        let told = ("reassigned", Some(reason.as_str()));
        step.act(&Action::Reassign(to), told, |_| {}).await
    })
    .await
}

/// A coaching of whom it is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedCoaching {
    /// The version that was read.
    version: i64,
    /// Who teaches; oneself when left out.
    teacher_id: Option<Uuid>,
    /// When it begins.
    starts_at: DateTime<Utc>,
    /// How long it lasts, 5 to 600 minutes.
    minutes: i32,
    /// Where.
    #[serde(default)]
    place: String,
}

/// Plans a coaching of whom it is about, as a training session; what is to be put right is done only once he came.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions/{id}/coach", tag = "quality", operation_id = "plan_coaching",
    params(("id" = Uuid, Path)), request_body = WantedCoaching,
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn coach(
    actor: Actor<OpenCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<WantedCoaching>,
) -> Result<Json<CorrectiveActionDetail>> {
    let teacher = wish.teacher_id.unwrap_or_else(|| actor.user_id());
    step(desk, actor, (id, wish.version), move |step| async move {
        if step.before.about_id == Some(teacher) {
            let detail = "nobody coaches himself";
            return Err(invalid("teacher_id", "corrective_about_oneself", detail));
        }
        // The session's people see its note: of a complaint it tells nothing.
        let note = match step.before.source.as_str() {
            "complaint" => step.before.number.clone(),
            _ => format!("{} {}", step.before.number, step.before.title),
        };
        let told = ("coaching_planned", None);
        let after = step.act(&Action::Coach, told, |_| {}).await?;
        let wanted = NewCoaching {
            person: after.about_id.unwrap_or_default(),
            teacher,
            starts_at: wish.starts_at,
            minutes: wish.minutes,
            place: wish.place,
            note,
        };
        let session = step.desk.coaching.plan(&step.tx, &step.who, wanted).await?;
        store::coached_by(&*step.tx, after, session).await
    })
    .await
}

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FinishedCorrective {
    /// The version that was read.
    version: i64,
    /// What was done.
    note: String,
}

/// Who answers for it says that it is done; somebody else verifies it.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions/{id}/finish", tag = "quality", operation_id = "finish_corrective_action",
    params(("id" = Uuid, Path)), request_body = FinishedCorrective,
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn finish(
    actor: Actor<FinishCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<FinishedCorrective>,
) -> Result<Json<CorrectiveActionDetail>> {
    let note = needed("note", &wish.note)?;
    step(desk, actor, (id, wish.version), move |step| async move {
        let now = step.desk.app.clock.now();
        let told = ("finished", Some(note.as_str()));
        step.act(&Action::Finish, told, |after| {
            after.done_at = Some(now);
            after.done_note = Some(note.clone());
        })
        .await
    })
    .await
}

/// What a second person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum CorrectiveVerdict {
    /// 验证通过
    Verify {
        /// How it was verified.
        opinion: String,
    },
    /// 退回
    SendBack {
        /// What is missing.
        opinion: String,
        /// When it is due; within a year.
        due_at: DateTime<Utc>,
    },
    /// 关闭: what is verified; what came of a complaint the purchaser closes.
    Close {
        /// What is said to it.
        #[serde(default)]
        opinion: String,
    },
}

/// A verdict with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = VerifiedCorrective)]
struct Verified {
    /// The version that was read.
    version: i64,
    /// The verdict.
    #[serde(flatten)]
    verdict: CorrectiveVerdict,
}

/// Somebody else than who did it verifies it or sends it back; closes what is verified.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions/{id}/verify", tag = "quality", operation_id = "verify_corrective_action",
    params(("id" = Uuid, Path)), request_body = Verified,
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn verify(
    actor: Actor<VerifyCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<Verified>,
) -> Result<Json<CorrectiveActionDetail>> {
    let now = desk.app.clock.now();
    let (action, what, opinion) = match wish.verdict {
        CorrectiveVerdict::Verify { opinion } => {
            (Action::Verify, "verified", needed("opinion", &opinion)?)
        }
        CorrectiveVerdict::SendBack { opinion, due_at } => {
            ahead(due_at, now)?;
            let opinion = needed("opinion", &opinion)?;
            (Action::SendBack(due_at), "sent_back", opinion)
        }
        CorrectiveVerdict::Close { opinion } => {
            (Action::Close, "closed", checked("opinion", &opinion)?)
        }
    };
    let oneself = actor.user_id();
    step(desk, actor, (id, wish.version), move |step| async move {
        let told = (what, Some(opinion.as_str()));
        step.act(&action, told, |after| match action {
            Action::Close => {
                after.closed_by = Some(oneself);
                after.closed_at = Some(now);
            }
            Action::Verify => {
                after.verified_at = Some(now);
                after.opinion = Some(opinion.clone());
            }
            _ => after.opinion = Some(opinion.clone()),
        })
        .await
    })
    .await
}

/// Why it is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawnCorrective {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Takes a corrective action back that was opened by mistake.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions/{id}/withdraw", tag = "quality", operation_id = "withdraw_corrective_action",
    params(("id" = Uuid, Path)), request_body = WithdrawnCorrective,
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn withdraw(
    actor: Actor<OpenCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(wish): Json<WithdrawnCorrective>,
) -> Result<Json<CorrectiveActionDetail>> {
    let reason = needed("reason", &wish.reason)?;
    step(desk, actor, (id, wish.version), move |step| async move {
        let told = ("withdrawn", Some(reason.as_str()));
        step.act(&Action::Withdraw, told, |_| {}).await
    })
    .await
}
