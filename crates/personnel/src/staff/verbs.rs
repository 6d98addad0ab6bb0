//! What is done with a person: training, the purchaser's pass, a post, waivers, the end.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App, Principal, Side, Tx};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QuerySelect as _,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::evidence::EvidenceState;
use super::http::{StaffDetail, detail, named};
use super::store::{self, evidence, row, waiver};
use super::{Action, Case, Refusal, StaffState};
use crate::agreed;
use crate::post::store as posts;
use crate::qualification::{self, Item, ItemStanding};
use crate::rights::{AssignPosts, ManageStaff, PassStaff, WaiveStaff};
use kernel::day;

/// The longest a waiver may last.
const LONGEST_WAIVER: i64 = 366;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(step))
        .routes(routes!(pass))
        .routes(routes!(take_post))
        .routes(routes!(leave_post))
        .routes(routes!(waive))
        .routes(routes!(revoke))
        .with_state(app.clone())
}

/// What the machine lets happen now, for who has the right to it; what is missing is told when it is tried.
pub(crate) fn offered(principal: &Principal, staff: &row::Model) -> Result<Vec<&'static str>> {
    let case: Case = staff.case()?;
    let manages = principal.may::<ManageStaff>();
    let assigns = principal.may::<AssignPosts>();
    let take = Action::TakePost {
        missing: 0,
        exclusive: true,
        exempt: true,
    };
    let pass = Action::Pass {
        by: Side::Purchaser,
    };
    let all = [
        (manages, Action::BeginTraining),
        (principal.may::<PassStaff>(), pass),
        (assigns, take),
        (assigns, Action::LeavePost),
        (manages, Action::Suspend),
        (manages, Action::Resume),
        (manages, Action::Leave),
        (manages, Action::Return),
    ];
    let may = all
        .iter()
        .filter(|(right, action)| *right && case.next(action).is_ok());
    let mut offered: Vec<&'static str> = may.map(|(_, action)| named(action)).collect();
    if principal.may::<WaiveStaff>() && case.is_open() {
        offered.push("waive");
    }
    Ok(offered)
}

/// A step that the supplier takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StaffVerb {
    /// 开始岗前培训
    BeginTraining,
    /// 停岗; takes him off his post.
    Suspend,
    /// 复岗
    Resume,
    /// 离职; off his post first.
    Leave,
    /// 重新录用
    Return,
}

/// A step, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffStep {
    /// The version that was read.
    version: i64,
    /// The step.
    action: StaffVerb,
    /// Why; needed for suspending and leaving.
    reason: Option<String>,
}

/// Begins training, suspends, resumes, lets go, takes on anew.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/steps", tag = "staff", operation_id = "step_staff",
    params(("id" = Uuid, Path)), request_body = StaffStep,
    responses((status = 200, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn step(
    actor: Actor<ManageStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<StaffStep>,
) -> Result<Json<StaffDetail>> {
    let said = request.reason.as_deref().unwrap_or_default();
    let reason = if matches!(request.action, StaffVerb::Suspend | StaffVerb::Leave) {
        needed("reason", said)?
    } else {
        checked("reason", said)?
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::held(&tx, id).await?, request.version)?;
            stepped(&app, &tx, &who, before, (request.action, &reason)).await
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}

async fn stepped(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    (verb, reason): (StaffVerb, &str),
) -> Result<row::Model> {
    let today = day::today(app);
    let (action, what) = match verb {
        StaffVerb::BeginTraining => (Action::BeginTraining, "training_begun"),
        StaffVerb::Suspend => (Action::Suspend, "suspended"),
        StaffVerb::Resume => (Action::Resume, "resumed"),
        StaffVerb::Leave => (Action::Leave, "left"),
        StaffVerb::Return => (Action::Return, "returned"),
    };
    let more = |after: &mut row::Model| match action {
        Action::Leave => after.left_on = Some(day::text(today)),
        // Age is judged anew when he is hired anew.
        Action::Return => (after.left_on, after.hired_on) = (None, None),
        _ => {}
    };
    let after = store::act(app, tx, who, &before, &action, (what, Some(reason)), more).await?;
    if action == Action::Suspend && before.state == StaffState::OnPost.as_str() {
        posts::vacate(app, tx, &after, today, reason).await?;
    }
    Ok(after)
}

/// The purchaser's certificate (岗前培训合格证).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassRequest {
    /// The version that was read.
    version: i64,
    /// Number of the certificate.
    certificate_no: String,
    /// Issued on.
    on: NaiveDate,
    /// The last day it is good for; for good when left out.
    until: Option<NaiveDate>,
    /// Score of the exam.
    score: Option<i64>,
}

/// A certificate of the purchaser, by whichever way it comes.
pub(crate) struct Certificate {
    pub number: String,
    pub on: NaiveDate,
    pub until: Option<NaiveDate>,
    pub score: Option<i64>,
    /// The event that brought it: it counts once.
    pub source_event: Option<String>,
}

/// Writes the certificate into the file, and that he passed.
pub(crate) async fn certify(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    certificate: Certificate,
) -> Result<row::Model> {
    let action = Action::Pass {
        by: Side::Purchaser,
    };
    let note = Some(certificate.number.as_str());
    let after = store::act(app, tx, who, before, &action, ("passed", note), |_| {}).await?;
    let now = app.clock.now();
    let proof = evidence::Model {
        id: app.ids.next(),
        staff_id: after.id,
        item: Item::PreJob.as_str().to_owned(),
        issued_on: day::text(certificate.on),
        until_day: certificate.until.map(day::text),
        level: None,
        number: certificate.score,
        seconds: None,
        issuer: None,
        details: json!({ "scorecard": [], "note": certificate.number }),
        state: EvidenceState::Verified.as_str().to_owned(),
        warned_days: None,
        source_event: certificate.source_event,
        added_by: who.user_id,
        added_at: now,
        checked_by: who.user_id,
        checked_at: Some(now),
        check_note: None,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &proof).await?;
    Ok(after)
}

/// Certifies that somebody passed the purchaser's pre-job training.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/pass", tag = "staff", operation_id = "pass_staff",
    params(("id" = Uuid, Path)), request_body = PassRequest,
    responses((status = 200, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn pass(
    actor: Actor<PassStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<PassRequest>,
) -> Result<Json<StaffDetail>> {
    let today = day::today(&app);
    day::past("on", request.on, today)?;
    if request.until.is_some_and(|until| until < request.on) {
        return Err(invalid(
            "until",
            "until_before_on",
            "it ends before it begins",
        ));
    }
    let certificate = Certificate {
        number: needed("certificate_no", &request.certificate_no)?,
        on: request.on,
        until: request.until,
        score: request.score,
        source_event: None,
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::held(&tx, id).await?, request.version)?;
            certify(&app, &tx, &who, &before, certificate).await
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}

/// A post to be taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakePost {
    /// The version that was read.
    version: i64,
    /// `Z1` … `Z6`
    post_id: String,
    /// The first day; today when left out, never ahead.
    from: Option<NaiveDate>,
}

/// Puts somebody on a post: only who lacks nothing mandatory, holds no other post and works on no other project.
pub(crate) async fn put_on_post(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    (post_id, from): (&str, NaiveDate),
) -> Result<row::Model> {
    let today = day::today(app);
    let mut judged = before.clone();
    if judged.hired_on.is_none() {
        judged.hired_on = Some(day::text(from));
    }
    let rules = agreed::rulebook(&**tx, app.clock.now()).await?;
    let known = store::known(&**tx, std::slice::from_ref(&judged)).await?;
    let findings = known.get(&judged.id).map(|known| known.on(&rules, today));
    let findings = findings.unwrap_or_default();
    let missing = qualification::blocking(&findings);
    let exempt = findings
        .iter()
        .any(|finding| finding.item == Item::PreJob && finding.standing == ItemStanding::Waived);
    let action = Action::TakePost {
        missing: missing.len(),
        exclusive: before.other_project.is_none(),
        exempt,
    };
    let after = store::act(
        app,
        tx,
        who,
        &before,
        &action,
        ("taken_post", Some(post_id)),
        |after| {
            after.hired_on.clone_from(&judged.hired_on);
        },
    )
    .await
    .map_err(|problem| store::lacking(problem, &missing))?;
    posts::occupy(app, tx, &after, post_id, from).await?;
    Ok(after)
}

/// Puts somebody on a post (上岗). Refused with the list of what is missing.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/post", tag = "staff", operation_id = "take_post",
    params(("id" = Uuid, Path)), request_body = TakePost,
    responses((status = 200, body = StaffDetail), (status = 404, body = Problem), (status = 409, body = Problem, description = "`staff_unqualified` with `missing`, `staff_not_passed`, `staff_not_exclusive`, `post_held`")),
)]
pub(crate) async fn take_post(
    actor: Actor<AssignPosts>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<TakePost>,
) -> Result<Json<StaffDetail>> {
    let today = day::today(&app);
    let from = request.from.unwrap_or(today);
    day::past("from", from, today)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::held(&tx, id).await?, request.version)?;
            put_on_post(&app, &tx, &who, before, (&request.post_id, from)).await
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}

/// The end of a post.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeavePost {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Takes somebody off his post, with today as the last day.
pub(crate) async fn take_off(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    reason: &str,
) -> Result<row::Model> {
    let told = ("left_post", Some(reason));
    let after = store::act(app, tx, who, before, &Action::LeavePost, told, |_| {}).await?;
    posts::vacate(app, tx, &after, day::today(app), reason).await?;
    Ok(after)
}

/// Takes somebody off his post (下岗); today is his last day on it.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/leave-post", tag = "staff", operation_id = "leave_post",
    params(("id" = Uuid, Path)), request_body = LeavePost,
    responses((status = 200, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn leave_post(
    actor: Actor<AssignPosts>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<LeavePost>,
) -> Result<Json<StaffDetail>> {
    let reason = needed("reason", &request.reason)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::held(&tx, id).await?, request.version)?;
            take_off(&app, &tx, &who, &before, &reason).await
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}

/// What the purchaser lets be, until when, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWaiver {
    /// The item; never the confidentiality agreement.
    item: Item,
    /// Why.
    reason: String,
    /// The last day, at most a year ahead.
    until: NaiveDate,
}

/// The row of a waiver.
pub(crate) fn new_waiver(
    app: &App,
    who: &Who,
    staff_id: Uuid,
    (item, until): (Item, NaiveDate),
    (reason, transition_id): (&str, Option<Uuid>),
) -> waiver::Model {
    waiver::Model {
        id: app.ids.next(),
        staff_id,
        item: item.as_str().to_owned(),
        reason: reason.to_owned(),
        from_day: day::text(day::today(app)),
        until_day: day::text(until),
        transition_id,
        warned_days: None,
        granted_by: who.user_id,
        granted_at: app.clock.now(),
        revoked_by: None,
        revoked_at: None,
    }
}

/// Until when a waiver may last.
pub(crate) fn must_end(today: NaiveDate, until: NaiveDate) -> Result<()> {
    let days = (until - today).num_days();
    if (0..=LONGEST_WAIVER).contains(&days) {
        return Ok(());
    }
    let detail = "a waiver ends today at the earliest and within a year";
    Err(invalid("until", "waiver_end_invalid", detail))
}

/// Waives an item for a time (豁免): only the purchaser, with a reason and an end.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/waivers", tag = "staff", operation_id = "waive_item",
    params(("id" = Uuid, Path)), request_body = NewWaiver,
    responses((status = 201, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn waive(
    actor: Actor<WaiveStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<NewWaiver>,
) -> Result<(StatusCode, Json<StaffDetail>)> {
    let reason = needed("reason", &request.reason)?;
    must_end(day::today(&app), request.until)?;
    if !request.item.waivable() {
        return Err(refused(
            "nda_not_waivable",
            "the confidentiality agreement is never waived (A-55)",
        )
        .with_field("item")
        .with_way_out("have it signed"));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let staff = store::held(&tx, id).await?;
            if staff.state == StaffState::Left.as_str() {
                return Err(store::said_no(Refusal::Gone, &staff));
            }
            let row = new_waiver(
                &app,
                &who,
                id,
                (request.item, request.until),
                (&reason, None),
            );
            let (item, until) = (row.item.clone(), row.until_day.clone());
            row.into_active_model().reset_all().insert(&*tx).await?;
            let mut facts = staff.facts();
            facts["item"] = json!(item);
            facts["until"] = json!(until);
            let said = format!("{item} {until} {reason}");
            staff
                .scribe(&app, &tx, &who)
                .tell("waived", Some(&said), facts)
                .await?;
            Ok(staff)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        detail(&done, actor.principal(), staff).await?,
    ))
}

/// Takes a waiver back at once.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/waivers/{waiver_id}/revoke", tag = "staff", operation_id = "revoke_waiver",
    params(("id" = Uuid, Path), ("waiver_id" = Uuid, Path)),
    responses((status = 200, body = StaffDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub(crate) async fn revoke(
    actor: Actor<WaiveStaff>,
    State(app): State<App>,
    Path((id, waiver_id)): Path<(Uuid, Uuid)>,
) -> Result<Json<StaffDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let staff = store::held(&tx, id).await?;
            let found = waiver::Entity::find_by_id(waiver_id)
                .filter(waiver::Column::StaffId.eq(id))
                .lock_exclusive()
                .one(&*tx)
                .await?
                .ok_or_else(|| not_found("waiver"))?;
            if found.revoked_at.is_some() {
                return Err(refused(
                    "waiver_revoked",
                    "this waiver was taken back already",
                ));
            }
            let item = found.item.clone();
            let mut row = found.into_active_model();
            row.revoked_by = Set(who.user_id);
            row.revoked_at = Set(Some(app.clock.now()));
            row.update(&*tx).await?;
            let mut facts = staff.facts();
            facts["item"] = json!(item);
            let scribe = staff.scribe(&app, &tx, &who);
            scribe.tell("waiver_revoked", Some(&item), facts).await?;
            Ok(staff)
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}
