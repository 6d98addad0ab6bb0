//! Corrections of what is frozen: a new row with a reason, proposed by one side and decided by the other.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::needed;
use kernel::{Actor, App, Role, Side};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, EntityTrait, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::{AttendanceLine, shown};
use super::store::{self, record};
use super::{AttendanceKind, chain};
use crate::leave::LeaveKind;
use crate::rights::{CorrectAttendance, ViewAttendance};
use crate::site::side;
use crate::trail;

/// The routes of corrections.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, propose))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// What a list of corrections may be narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// `proposed`, `frozen` or `refused`.
    state: Option<String>,
}

/// Lists corrections, the newest first.
#[utoipa::path(
    get, path = "/api/v1/attendance-corrections", tag = "workforce", operation_id = "list_attendance_corrections",
    params(ListQuery, Filter), responses((status = 200, body = Page<AttendanceLine>)),
)]
async fn list(
    _actor: Actor<ViewAttendance>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<AttendanceLine>>> {
    let which = Condition::all()
        .add(record::Column::CorrectsId.is_not_null())
        .add_option(filter.state.map(|state| record::Column::State.eq(state)));
    let select = record::Entity::find().filter(which);
    let sortable = [("written_at", record::Column::WrittenAt)];
    let page = paginate(app.db.read(), select, &query, &sortable, record::Column::Id).await?;
    Ok(Json(
        page.shown(async |rows| shown(&app, rows).await).await?,
    ))
}

/// How it really was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAttendanceCorrection)]
struct New {
    /// The frozen record that is wrong.
    corrects_id: Uuid,
    /// How the seat was held.
    kind: AttendanceKind,
    /// The kind of leave; only with `leave`, and the one of the record, else personal, where it is left out.
    leave_kind: Option<LeaveKind>,
    /// Who held it; the same person when left out.
    user_id: Option<Uuid>,
    /// Minutes at the seat; none unless somebody held it.
    minutes: i64,
    /// Why, and by what it is shown.
    reason: String,
}

/// Proposes a correction of a frozen record; the other side decides.
#[utoipa::path(
    post, path = "/api/v1/attendance-corrections", tag = "workforce", operation_id = "propose_attendance_correction",
    request_body = New,
    responses((status = 201, body = AttendanceLine), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn propose(
    actor: Actor<CorrectAttendance>,
    State(app): State<App>,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<AttendanceLine>)> {
    let reason = needed("reason", &new.reason)?;
    let (db, done, who, by) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        side(actor.principal()),
    );
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            // Who corrects the same record at the same time waits here.
            let wrong = record::Entity::find_by_id(new.corrects_id)
                .lock_exclusive()
                .one(&*tx)
                .await?
                .ok_or_else(|| not_found("attendance record"))?;
            if wrong.state != "frozen" {
                return Err(refused("attendance_not_frozen", "only what both sides signed is corrected")
                    .with_way_out("send the day back, and it is closed anew"));
            }
            let open = record::Entity::find()
                .filter(record::Column::CorrectsId.eq(wrong.id))
                .filter(record::Column::State.is_in(["proposed", "frozen"]))
                .count(&*tx)
                .await?;
            if open > 0 {
                return Err(refused("attendance_corrected", "this record has a correction already")
                    .with_way_out("correct the correction, once it is decided"));
            }
            let held = new.kind.is_held();
            if !(0..=wrong.whole_minutes).contains(&new.minutes) || (!held && new.minutes != 0) {
                let detail = "no more than the whole day, and none where nobody was at the seat";
                return Err(invalid("minutes", "attendance_minutes", detail));
            }
            let user_id = match new.kind {
                AttendanceKind::Vacant => None,
                _ => new.user_id.or(wrong.user_id),
            };
            if held && user_id.is_none() {
                return Err(invalid("user_id", "user_missing", "who held the seat?"));
            }
            if let Some(user) = user_id {
                let known = organization::colleagues(&*tx, [user]).await?;
                if !known.contains_key(&user) {
                    return Err(invalid("user_id", "user_unknown", "no such person"));
                }
            }
            let leave = (new.kind == AttendanceKind::Leave)
                .then(|| Ok::<_, Problem>(new.leave_kind.or(wrong.leave()?).unwrap_or(LeaveKind::Personal)))
                .transpose()?;
            if new.leave_kind.is_some() && leave.is_none() {
                let detail = "a kind of leave is told of leave only";
                return Err(invalid("leave_kind", "leave_kind_without_leave", detail));
            }
            let row = record::Model {
                id: app.ids.next(),
                user_id,
                leave_kind: leave.map(|kind| kind.as_str().to_owned()),
                kind: new.kind.as_str().to_owned(),
                minutes: new.minutes,
                late_minutes: 0,
                early_minutes: 0,
                came_at: None,
                left_at: None,
                findings: String::new(),
                reason: Some(reason),
                corrects_id: Some(wrong.id),
                state: "proposed".to_owned(),
                seq: None,
                before_hash: None,
                hash: None,
                written_by: who.user_id,
                written_at: now,
                decided_by: None,
                decided_at: None,
                on_day: wrong.on_day,
                seat: wrong.seat,
                whole_minutes: wrong.whole_minutes,
            };
            row.clone().into_active_model().reset_all().insert(&*tx).await?;
            let other: &[Role] = match by {
                Side::Purchaser => &[Role::ShiftLead, Role::OpsManager],
                _ => &[Role::PurchaserReviewer, Role::PurchaserAdmin],
            };
            let told = trail::holders(&*tx, other).await?;
            let facts = json!({
                "day": row.on_day, "seat": row.seat, "side": side_text(by), "corrects_id": row.corrects_id,
                "recipients": told,
            });
            let subject = ("attendance_correction", row.id);
            trail::tell((&app, &tx, &who), subject, "proposed", facts).await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(one(&done, row).await?)))
}

fn side_text(side: Side) -> &'static str {
    if side == Side::Purchaser {
        "purchaser"
    } else {
        "supplier"
    }
}

async fn one(app: &App, row: record::Model) -> Result<AttendanceLine> {
    let lines = shown(app, vec![row]).await?;
    lines
        .into_iter()
        .next()
        .ok_or_else(|| not_found("attendance record"))
}

/// Whether the correction holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DecideAttendanceCorrection)]
struct Decision {
    /// It does.
    accept: bool,
}

/// Decides on a correction that the other side proposed; accepted, it is frozen behind everything else.
#[utoipa::path(
    post, path = "/api/v1/attendance-corrections/{id}/decide", tag = "workforce",
    operation_id = "decide_attendance_correction", params(("id" = Uuid, Path)), request_body = Decision,
    responses((status = 200, body = AttendanceLine), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn decide(
    actor: Actor<CorrectAttendance>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decision): Json<Decision>,
) -> Result<Json<AttendanceLine>> {
    let (db, done, who, by) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        side(actor.principal()),
    );
    let row = db
        .write(move |tx| async move {
            let row = store::record(&*tx, id).await?;
            if row.corrects_id.is_none() || row.state != "proposed" {
                return Err(refused(
                    "attendance_correction_decided",
                    "this correction is decided",
                ));
            }
            let writer = row
                .written_by
                .ok_or_else(|| not_found("attendance record"))?;
            if organization::colleagues::side_of(&*tx, writer).await? == Some(by) {
                return Err(refused(
                    "attendance_correction_own",
                    "the other side decides on it",
                ));
            }
            let now = app.clock.now();
            let row = if decision.accept {
                let mut frozen = chain::freeze(&tx, (&who, now), vec![row]).await?;
                frozen.pop().ok_or_else(|| not_found("attendance record"))?
            } else {
                record::Model {
                    state: "refused".to_owned(),
                    decided_by: who.user_id,
                    decided_at: Some(now),
                    ..row
                }
            };
            let was = record::Entity::update_many()
                .set(row.clone().into_active_model().reset_all())
                .filter(record::Column::Id.eq(row.id))
                .filter(record::Column::State.eq("proposed"))
                .exec(&*tx)
                .await?;
            if was.rows_affected == 0 {
                return Err(refused(
                    "attendance_correction_decided",
                    "this correction is decided",
                ));
            }
            let facts = json!({
                "day": row.on_day, "seat": row.seat, "sha256": row.hash, "seq": row.seq,
                "corrects_id": row.corrects_id, "recipients": [writer],
            });
            let what = if decision.accept {
                "accepted"
            } else {
                "refused"
            };
            trail::tell(
                (&app, &tx, &who),
                ("attendance_correction", row.id),
                what,
                facts,
            )
            .await?;
            Ok(row)
        })
        .await?;
    Ok(Json(one(&done, row).await?))
}
