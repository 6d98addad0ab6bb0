//! The steps of a transition: who sits where, what is handed over, the purchaser's exemption and signature.

use axum::extract::State;
use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, not_found, refused};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App, Side, Tx};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::{TransitionDetail, board, detail};
use super::store::{self, item, person, row};
use super::{Action, HandoverKind, Refusal, Willingness};
use crate::post::http::opened;
use crate::post::store as posts;
use crate::rights::{DecideTransitions, ManageTransitions};
use crate::staff::StaffState;
use crate::staff::store as staff;
use crate::staff::verbs::{must_end, new_waiver, put_on_post};
use crate::{agreed, of_purchaser};
use kernel::day;

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(seat))
        .routes(routes!(add_item))
        .routes(routes!(done_item))
        .routes(routes!(exempt))
        .routes(routes!(step))
        .routes(routes!(sign_off))
        .with_state(app.clone())
}

/// The transition while it may be changed.
async fn open(tx: &Tx, id: Uuid) -> Result<row::Model> {
    let row = store::held(tx, id).await?;
    if row.case()?.is_open() {
        return Ok(row);
    }
    Err(Refusal::Ended.about(&format!("transition `{}`", row.number)))
}

/// Who sits on a post of the board, and how far he is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransitionSeat)]
struct Seat {
    /// His staff file.
    staff_id: Uuid,
    /// What he says.
    willing: Willingness,
    /// More about it.
    note: Option<String>,
    /// When his new contract was signed (转签).
    resigned_on: Option<NaiveDate>,
}

/// Who is to sit where.
pub(crate) struct Seated<'a> {
    /// The post.
    pub post: &'a str,
    /// His staff file.
    pub staff: Uuid,
    /// What he says.
    pub willing: Willingness,
    /// More about it.
    pub note: Option<String>,
    /// When his new contract was signed.
    pub resigned_on: Option<NaiveDate>,
}

/// Writes who sits on a post of the board.
pub(crate) async fn sit(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    seated: Seated<'_>,
) -> Result<()> {
    let post = posts::held(tx, seated.post).await?;
    let staff = staff::held(tx, seated.staff).await?;
    let on_board = store::people(&**tx, row.id).await?;
    if on_board
        .iter()
        .any(|other| other.staff_id == staff.id && other.post_id != post.id)
    {
        let detail = format!("{} sits on another post of the board", staff.name);
        return Err(refused("transition_person_twice", detail).with_field("staff_id"));
    }
    let known = on_board.into_iter().find(|row| row.post_id == post.id);
    let is_new = known.is_none();
    let after = person::Model {
        id: known.map_or_else(|| app.ids.next(), |known| known.id),
        transition_id: row.id,
        staff_id: staff.id,
        post_id: post.id.clone(),
        willing: seated.willing.as_str().to_owned(),
        note: seated.note,
        resigned_on: seated.resigned_on.map(day::text),
        updated_at: app.clock.now(),
    };
    let after = after.into_active_model().reset_all();
    if is_new {
        after.insert(&**tx).await?;
    } else {
        after.update(&**tx).await?;
    }
    let said = format!("{} {} {}", post.id, staff.name, seated.willing.as_str());
    store::tell(app, tx, who, row, ("seated", Some(&said))).await
}

/// Something came over by a file: it stands on the board as handed over today, with what proves it. Of one title there
/// is one line; a board that is full or over is left alone.
pub async fn came_over(
    app: &App,
    tx: &Tx,
    who: &Who,
    id: Uuid,
    (kind, title, note): (HandoverKind, &str, &str),
) -> Result<()> {
    let row = store::held(tx, id).await?;
    let there = store::items(&**tx, id).await?;
    if !row.case()?.is_open() || there.len() as u64 >= store::SHOWN {
        return Ok(());
    }
    let known = there.into_iter().find(|item| item.title == title);
    let is_new = known.is_none();
    let item = item::Model {
        id: known
            .as_ref()
            .map_or_else(|| app.ids.next(), |known| known.id),
        transition_id: id,
        kind: kind.as_str().to_owned(),
        title: title.to_owned(),
        note: Some(note.to_owned()),
        done_on: Some(day::text(day::today(app))),
        done_by: who.user_id,
        at: known.map_or_else(|| app.clock.now(), |known| known.at),
    };
    let item = item.into_active_model().reset_all();
    if is_new {
        item.insert(&**tx).await?;
    } else {
        item.update(&**tx).await?;
    }
    store::tell(app, tx, who, &row, ("item_done", Some(title))).await
}

/// Says no to a transition that is not there or is over.
pub async fn must_be_open(conn: &impl sea_orm::ConnectionTrait, id: Uuid) -> Result<()> {
    let row = store::get(conn, id).await?;
    if row.case()?.is_open() {
        return Ok(());
    }
    Err(Refusal::Ended.about(&format!("transition `{}`", row.number)))
}

/// Writes who sits on a post of the board: an incumbent, or who comes instead of one who does not want to.
#[utoipa::path(
    put, path = "/api/v1/transitions/{id}/posts/{post_id}", tag = "staffing", operation_id = "seat_incumbent",
    params(("id" = Uuid, Path), ("post_id" = String, Path)), request_body = Seat,
    responses((status = 200, body = TransitionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn seat(
    actor: Actor<ManageTransitions>,
    State(app): State<App>,
    Path((id, post_id)): Path<(Uuid, String)>,
    Json(seat): Json<Seat>,
) -> Result<Json<TransitionDetail>> {
    if let Some(on) = seat.resigned_on {
        day::past("resigned_on", on, day::today(&app))?;
    }
    let note = checked("note", seat.note.as_deref().unwrap_or_default())?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = open(&tx, id).await?;
            let seated = Seated {
                post: &post_id,
                staff: seat.staff_id,
                willing: seat.willing,
                note: Some(note).filter(|note| !note.is_empty()),
                resigned_on: seat.resigned_on,
            };
            sit(&app, &tx, &who, &row, seated).await?;
            Ok(row)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// Something to be handed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTransitionItem)]
struct NewItem {
    /// What kind.
    kind: HandoverKind,
    /// What it is.
    title: String,
    /// More about it.
    note: Option<String>,
}

/// Adds something that is handed over: an asset, an account, knowledge, data.
#[utoipa::path(
    post, path = "/api/v1/transitions/{id}/items", tag = "staffing", operation_id = "add_transition_item",
    params(("id" = Uuid, Path)), request_body = NewItem,
    responses((status = 200, body = TransitionDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn add_item(
    actor: Actor<ManageTransitions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewItem>,
) -> Result<Json<TransitionDetail>> {
    let title = needed("title", &new.title)?;
    let note = checked("note", new.note.as_deref().unwrap_or_default())?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = open(&tx, id).await?;
            let there = item::Entity::find()
                .filter(item::Column::TransitionId.eq(id))
                .count(&*tx)
                .await?;
            if there >= store::SHOWN {
                return Err(refused(
                    "transition_items_full",
                    "a board holds at most 200 things",
                ));
            }
            let made = item::Model {
                id: app.ids.next(),
                transition_id: id,
                kind: new.kind.as_str().to_owned(),
                title: title.clone(),
                note: Some(note).filter(|note| !note.is_empty()),
                done_on: None,
                done_by: None,
                at: app.clock.now(),
            };
            made.into_active_model().reset_all().insert(&*tx).await?;
            store::tell(&app, &tx, &who, &row, ("item_added", Some(&title))).await?;
            Ok(row)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// Something was handed over today.
#[utoipa::path(
    post, path = "/api/v1/transitions/{id}/items/{item_id}/done", tag = "staffing", operation_id = "finish_transition_item",
    params(("id" = Uuid, Path), ("item_id" = Uuid, Path)),
    responses((status = 200, body = TransitionDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn done_item(
    actor: Actor<ManageTransitions>,
    State(app): State<App>,
    Path((id, item_id)): Path<(Uuid, Uuid)>,
) -> Result<Json<TransitionDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = open(&tx, id).await?;
            let found = item::Entity::find_by_id(item_id)
                .filter(item::Column::TransitionId.eq(id))
                .one(&*tx)
                .await?
                .ok_or_else(|| not_found("item"))?;
            let title = found.title.clone();
            let mut found = found.into_active_model();
            found.done_on = Set(Some(day::text(day::today(&app))));
            found.done_by = Set(who.user_id);
            found.update(&*tx).await?;
            store::tell(&app, &tx, &who, &row, ("item_done", Some(&title))).await?;
            Ok(row)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// Until when, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransitionExemption)]
struct Exemption {
    /// The version that was read.
    version: i64,
    /// The last day; 20 working days from the go-live unless told.
    until: Option<NaiveDate>,
    /// Why.
    reason: String,
}

/// Exempts everybody on the board in one step, for a time (过渡期豁免): evidence, exam, employer; never the
/// confidentiality agreement. When it ends, nobody without all of it is routed anything.
#[utoipa::path(
    post, path = "/api/v1/transitions/{id}/exempt", tag = "staffing", operation_id = "exempt_incumbents",
    params(("id" = Uuid, Path)), request_body = Exemption,
    responses((status = 200, body = TransitionDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn exempt(
    actor: Actor<DecideTransitions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<Exemption>,
) -> Result<Json<TransitionDetail>> {
    let reason = needed("reason", &request.reason)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(open(&tx, id).await?, request.version)?;
            let today = day::today(&app);
            let until = if let Some(until) = request.until {
                until
            } else {
                let now = app.clock.now();
                let term = agreed::working_days(&*tx, "transition.exemption", now).await?;
                let service = organization::service_calendar::load(&*tx).await?;
                let from = day::read(&before.go_live_on)?.max(today);
                service.calendar.add_workdays(from, term).date
            };
            must_end(today, until)?;
            let people = store::people(&*tx, id).await?;
            if people.is_empty() {
                return Err(
                    refused("transition_board_empty", "nobody is on the board yet")
                        .with_way_out("write the incumbents on their posts first"),
                );
            }
            let rules = agreed::rulebook(&*tx, app.clock.now()).await?;
            let items: Vec<_> = rules
                .requirements
                .iter()
                .filter(|rule| rule.mandatory && rule.item.waivable())
                .map(|rule| rule.item)
                .collect();
            for person in &people {
                let staff = staff::held(&tx, person.staff_id).await?;
                for item in &items {
                    let row = new_waiver(&app, &who, staff.id, (*item, until), (&reason, Some(id)));
                    row.into_active_model().reset_all().insert(&*tx).await?;
                }
                let mut facts = staff.facts();
                facts["until"] = serde_json::json!(until);
                let said = format!("{} {until} {reason}", before.number);
                let scribe = staff.scribe(&app, &tx, &who);
                scribe.tell("exempted", Some(&said), facts).await?;
            }
            let mut after = before.clone();
            after.exempt_until = Some(day::text(until));
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let said = format!("{until} {reason}");
            store::tell(&app, &tx, &who, &after, ("exempted", Some(&said))).await?;
            Ok(after)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// A step of the supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TransitionVerb {
    /// Everybody on the board takes his post: all of them or none.
    TakePosts,
    /// 开始并行运行
    BeginParallel,
    /// 完成
    Complete,
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransitionStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    action: TransitionVerb,
}

/// Puts everybody on his post, begins the parallel run, completes.
#[utoipa::path(
    post, path = "/api/v1/transitions/{id}/steps", tag = "staffing", operation_id = "step_transition",
    params(("id" = Uuid, Path)), request_body = Step,
    responses((status = 200, body = TransitionDetail), (status = 409, body = Problem, description = "`transition_unsigned`, `transition_items_open`, `staff_unqualified` …"), (status = 422, body = Problem)),
)]
async fn step(
    actor: Actor<ManageTransitions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<TransitionDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(open(&tx, id).await?, step.version)?;
            match step.action {
                TransitionVerb::TakePosts => {
                    let today = day::today(&app);
                    for person in store::people(&*tx, id).await? {
                        let staff = staff::held(&tx, person.staff_id).await?;
                        if staff.state == StaffState::OnPost.as_str() {
                            continue;
                        }
                        put_on_post(&app, &tx, &who, staff, (&person.post_id, today)).await?;
                    }
                    store::tell(&app, &tx, &who, &before, ("posts_taken", None)).await?;
                    Ok(before)
                }
                TransitionVerb::BeginParallel => {
                    let action = Action::BeginParallel;
                    store::act(&app, &tx, &who, &before, &action, "parallel_begun", |_| {}).await
                }
                TransitionVerb::Complete => {
                    let board = board(&app, &*tx, id).await?;
                    let items = store::items(&*tx, id).await?;
                    let action = Action::Complete {
                        unsigned: board
                            .iter()
                            .filter(|post| post.resigned_on.is_none())
                            .count(),
                        items_open: items.iter().filter(|item| item.done_on.is_none()).count(),
                    };
                    let now = app.clock.now();
                    store::act(&app, &tx, &who, &before, &action, "completed", |after| {
                        after.completed_at = Some(now);
                    })
                    .await
                }
            }
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransitionSignOff)]
struct SignOff {
    /// Of the transition.
    version: i64,
}

/// The purchaser signs off the go-live: every post has somebody who may work, and is to be held from the first day
/// of service on.
#[utoipa::path(
    post, path = "/api/v1/transitions/{id}/sign-off", tag = "staffing", operation_id = "sign_off_transition",
    params(("id" = Uuid, Path)), request_body = SignOff,
    responses((status = 200, body = TransitionDetail), (status = 409, body = Problem)),
)]
async fn sign_off(
    actor: Actor<DecideTransitions>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<SignOff>,
) -> Result<Json<TransitionDetail>> {
    let by = if of_purchaser(actor.principal()) {
        Side::Purchaser
    } else {
        Side::Supplier
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(open(&tx, id).await?, request.version)?;
            let board = board(&app, &*tx, id).await?;
            let action = Action::SignOff {
                by,
                seats_empty: board.iter().filter(|post| !post.active).count(),
            };
            let (signer, now) = (who.user_id, app.clock.now());
            let after = store::act(&app, &tx, &who, &before, &action, "signed_off", |after| {
                after.signed_off_by = signer;
                after.signed_off_at = Some(now);
            })
            .await?;
            let opens_on = day::read(&after.go_live_on)?;
            for post in board {
                opened(&app, &tx, &who, &post.post_id, opens_on).await?;
            }
            Ok(after)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
