//! The steps of a replacement: the supplier's, and the purchaser's yes or no.

use axum::extract::State;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, refused};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App, Principal, Side, Tx};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Action;
use super::equivalence;
use super::http::{Office, ReplacementDetail, detail};
use super::store::{self, row};
use crate::of_purchaser;
use crate::rights::{DecideReplacements, ManageReplacements};
use crate::staff::store as staff;
use crate::staff::{self as people, StaffState, verbs};
use kernel::day;

/// The routes of this file.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(step))
        .routes(routes!(decide))
        .with_state(office.clone())
}

/// A step of the supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum ReplacementVerb {
    /// 通知采购人
    Serve {
        /// The day of the notice; today when left out, never ahead.
        on: Option<NaiveDate>,
        /// Another last day than was drafted.
        last_day: Option<NaiveDate>,
        /// It could not be announced in time; why stands in the reason.
        sudden: Option<bool>,
    },
    /// 提名候选人
    Propose {
        /// His staff file.
        candidate_id: Uuid,
    },
    /// 开始培训
    Train {},
    /// 考核通过, as the purchaser certified in the staff file.
    PassExam {},
    /// 开始交接
    HandOver {},
    /// 上岗: the candidate takes the post of who leaves.
    TakePost {},
    /// 办结
    Close {},
    /// 撤销
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReplacementStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: ReplacementVerb,
}

/// What the supplier does with a replacement.
#[utoipa::path(
    post, path = "/api/v1/replacements/{id}/steps", tag = "staffing", operation_id = "step_replacement",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = ReplacementDetail), (status = 409, body = Problem, description = "`notice_too_short` with `latest_notice` and `earliest_last_day`, `replacement_tickets_open`, `staff_unqualified` …"), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<ManageReplacements>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<ReplacementDetail>> {
    let before = store::get(office.app.db.read(), id).await?;
    // Another capability answers, which is not waited for inside the transaction.
    let leaves = staff::by_ids(office.app.db.read(), [before.staff_id]).await?;
    let user = leaves
        .get(&before.staff_id)
        .and_then(|person| person.user_id);
    let open_tickets = match (&step.verb, user) {
        (ReplacementVerb::TakePost {}, Some(user)) => office.tickets.of_owner(user).await?.len(),
        _ => 0,
    };
    let (app, who) = (office.app.clone(), actor.who());
    let row = office
        .app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, step.version)?;
            stepped(&app, &tx, &who, before, step.verb, open_tickets).await
        })
        .await?;
    detail(&office, actor.principal(), row).await
}

async fn stepped(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    verb: ReplacementVerb,
    open_tickets: usize,
) -> Result<row::Model> {
    let today = day::today(app);
    match verb {
        ReplacementVerb::Serve {
            on,
            last_day,
            sudden,
        } => {
            let on = on.unwrap_or(today);
            day::past("on", on, today)?;
            let mut drafted = before;
            if let Some(last_day) = last_day {
                day::plausible("last_day", last_day, today)?;
                drafted.last_day = day::text(last_day);
            }
            drafted.sudden = sudden.unwrap_or(drafted.sudden);
            let note = format!("{on} → {}", drafted.last_day);
            let told = ("notice_served", Some(note.as_str()));
            store::act(app, tx, who, &drafted, &Action::Serve { on }, told, |_| {}).await
        }
        ReplacementVerb::Propose { candidate_id } => {
            let candidate = staff::held(tx, candidate_id).await?;
            if candidate.state == StaffState::Left.as_str() {
                return Err(staff::said_no(people::Refusal::Gone, &candidate));
            }
            let action = Action::Propose {
                same: candidate_id == before.staff_id,
                holds_post: candidate.state == StaffState::OnPost.as_str(),
            };
            let told = ("candidate_proposed", Some(candidate.name.as_str()));
            store::act(app, tx, who, &before, &action, told, |after| {
                after.candidate_id = Some(candidate_id);
                (after.equivalence, after.equivalence_waiver) = (None, None);
            })
            .await
        }
        ReplacementVerb::Train {} => {
            let candidate = candidate(tx, &before).await?;
            if candidate.state == StaffState::Candidate.as_str() {
                let action = people::Action::BeginTraining;
                let told = ("training_begun", Some(before.number.as_str()));
                staff::act(app, tx, who, &candidate, &action, told, |_| {}).await?;
            }
            store::act(
                app,
                tx,
                who,
                &before,
                &Action::Train,
                ("training", None),
                |_| {},
            )
            .await
        }
        ReplacementVerb::PassExam {} => {
            let certified = match before.candidate_id {
                Some(_) => candidate(tx, &before).await?.passed,
                None => false,
            };
            let action = Action::PassExam { certified };
            store::act(
                app,
                tx,
                who,
                &before,
                &action,
                ("exam_passed", None),
                |_| {},
            )
            .await
        }
        ReplacementVerb::HandOver {} => {
            let told = ("handover", None);
            store::act(app, tx, who, &before, &Action::HandOver, told, |_| {}).await
        }
        ReplacementVerb::TakePost {} => {
            let action = Action::TakePost { open_tickets };
            let after = store::act(app, tx, who, &before, &action, ("on_post", None), |after| {
                after.on_post_on = Some(day::text(today));
            })
            .await?;
            let candidate = candidate(tx, &after).await?;
            let post = after.post_id.as_deref().ok_or_else(|| {
                refused("replacement_without_post", "who leaves held no post")
                    .with_way_out("put the new one on a vacant post in his staff file")
            })?;
            let leaves = staff::held(tx, after.staff_id).await?;
            if leaves.state == StaffState::OnPost.as_str() {
                verbs::take_off(app, tx, who, &leaves, &after.number).await?;
            }
            verbs::put_on_post(app, tx, who, candidate, (post, today)).await?;
            Ok(after)
        }
        ReplacementVerb::Close {} => {
            let leaves = staff::held(tx, before.staff_id).await?;
            let gone = leaves.state != StaffState::OnPost.as_str();
            let action = Action::Close { gone };
            store::act(app, tx, who, &before, &action, ("closed", None), |_| {}).await
        }
        ReplacementVerb::Withdraw { reason } => {
            let reason = needed("reason", &reason)?;
            let told = ("withdrawn", Some(reason.as_str()));
            store::act(app, tx, who, &before, &Action::Withdraw, told, |_| {}).await
        }
    }
}

/// The candidate's file, held until the end of the transaction.
async fn candidate(tx: &Tx, replacement: &row::Model) -> Result<staff::row::Model> {
    match replacement.candidate_id {
        Some(id) => staff::held(tx, id).await,
        None => Err(super::Refusal::NoCandidate.about(&replacement.number)),
    }
}

/// The purchaser's decision on a candidate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum ReplacementDecision {
    /// 同意
    Accept {
        /// Why a candidate of lesser standing will do; needed for one.
        waiver: Option<String>,
    },
    /// 不同意
    Reject {
        /// Why.
        reason: String,
    },
}

/// A decision with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReplacementDecided)]
struct Decided {
    /// The version that was read.
    version: i64,
    /// The decision.
    #[serde(flatten)]
    decision: ReplacementDecision,
}

fn side(principal: &Principal) -> Side {
    if of_purchaser(principal) {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}

/// The purchaser accepts the candidate, or sends him back. What was compared is kept as it stood.
#[utoipa::path(
    post, path = "/api/v1/replacements/{id}/decide", tag = "staffing", operation_id = "decide_replacement",
    params(("id" = Uuid, Path)), request_body = Decided,
    responses((status = 200, body = ReplacementDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<DecideReplacements>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
    Json(request): Json<Decided>,
) -> Result<Json<ReplacementDetail>> {
    let (app, who, by) = (office.app.clone(), actor.who(), side(actor.principal()));
    let row = office
        .app
        .db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            match request.decision {
                ReplacementDecision::Reject { reason } => {
                    let reason = needed("reason", &reason)?;
                    let told = ("rejected_by_purchaser", Some(reason.as_str()));
                    let action = Action::Reject { by };
                    store::act(&app, &tx, &who, &before, &action, told, |after| {
                        after.return_reason = Some(reason.clone());
                    })
                    .await
                }
                ReplacementDecision::Accept { waiver } => {
                    let waiver = checked("waiver", waiver.as_deref().unwrap_or_default())?;
                    let comparison = match before.candidate_id {
                        Some(candidate) => {
                            store::compared(&app, &*tx, before.staff_id, candidate).await?
                        }
                        None => Vec::new(),
                    };
                    let equivalent = equivalence::holds(&comparison);
                    let frozen = serde_json::to_value(&comparison).map_err(internal)?;
                    let action = Action::Accept {
                        by,
                        equivalent,
                        waived: !waiver.is_empty(),
                    };
                    let kept = frozen.clone();
                    let waived = (!equivalent).then(|| waiver.clone());
                    let told = ("accepted", Some(waiver.as_str()));
                    store::act(&app, &tx, &who, &before, &action, told, |after| {
                        after.equivalence = Some(kept);
                        after.equivalence_waiver = waived;
                        after.return_reason = None;
                    })
                    .await
                    .map_err(|problem| problem.with("equivalence", json!(frozen)))
                }
            }
        })
        .await?;
    detail(&office, actor.principal(), row).await
}
