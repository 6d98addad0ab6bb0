//! Punching at the seat. The server's time counts; device, address and the softphone's state stand beside it.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::Actor;
use kernel::day;
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, invalid, refused};
use organization::Colleague;
use organization::session::layer::Client;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::PunchKind;
use super::store::{self, punch_row};
use crate::rights::{PunchClock, ViewAttendance};
use crate::site::Desk;
use crate::trail;

/// Punches of one person and day, at most: who taps again and again is told so.
const MOST: usize = 20;
/// One's own punches that are shown, the newest first.
const SHOWN: u64 = 60;

/// A device's clock may be wrong, but not by more than people live.
const MOST_SKEW: TimeDelta = TimeDelta::days(36_525);

/// The routes of punches.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, punch))
        .routes(routes!(mine))
        .with_state(desk.clone())
}

/// One punch.
#[derive(Debug, Serialize, ToSchema)]
pub struct PunchView {
    /// Identifies it.
    pub id: Uuid,
    /// Whose.
    pub user: Option<Colleague>,
    /// `in` or `out`.
    pub kind: String,
    /// By the server's clock; it counts.
    pub at: DateTime<Utc>,
    /// By the device's clock.
    pub device_at: DateTime<Utc>,
    /// The device, by its mark.
    pub device: String,
    /// Where the request came from.
    pub address: String,
    /// His softphone was signed in to the floor.
    pub on_floor: bool,
}

/// Punches.
#[derive(Debug, Serialize, ToSchema)]
pub struct PunchList {
    /// In the order of their time.
    pub items: Vec<PunchView>,
}

async fn views(desk: &Desk, rows: Vec<punch_row::Model>) -> Result<Json<PunchList>> {
    let users = rows.iter().map(|row| row.user_id);
    let people = organization::colleagues(desk.app.db.read(), users).await?;
    let items = rows.into_iter().map(|row| PunchView {
        id: row.id,
        user: people.get(&row.user_id).cloned(),
        kind: row.kind,
        at: row.at,
        device_at: row.device_at,
        device: row.device,
        address: row.address,
        on_floor: row.on_floor,
    });
    Ok(Json(PunchList {
        items: items.collect(),
    }))
}

/// Which day is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OnDay {
    /// The day.
    day: NaiveDate,
}

/// The punches of a day, the first first.
#[utoipa::path(
    get, path = "/api/v1/punches", tag = "workforce", operation_id = "list_punches", params(OnDay),
    responses((status = 200, body = PunchList)),
)]
async fn list(
    _actor: Actor<ViewAttendance>,
    State(desk): State<Desk>,
    Query(asked): Query<OnDay>,
) -> Result<Json<PunchList>> {
    let rows = store::punches(desk.app.db.read(), asked.day).await?;
    views(&desk, rows).await
}

/// One's own latest punches, the newest first.
#[utoipa::path(
    get, path = "/api/v1/my-punches", tag = "workforce", operation_id = "list_my_punches",
    responses((status = 200, body = PunchList)),
)]
async fn mine(actor: Actor<PunchClock>, State(desk): State<Desk>) -> Result<Json<PunchList>> {
    let rows = punch_row::Entity::find()
        .filter(punch_row::Column::UserId.eq(actor.user_id()))
        .order_by_desc(punch_row::Column::At)
        .limit(SHOWN)
        .all(desk.app.db.read())
        .await?;
    views(&desk, rows).await
}

/// A punch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPunch {
    /// In or out.
    kind: PunchKind,
    /// The mark that this browser or phone keeps, 8 to 64 letters, digits or `-`.
    device: String,
    /// What the clock of the device shows.
    device_at: DateTime<Utc>,
}

/// Punches in or out (打卡). It counts at the server's time; a wrong clock, a second device and a device that two people
/// share stand out on the sheet of the day.
#[utoipa::path(
    post, path = "/api/v1/punches", tag = "workforce", operation_id = "punch", request_body = NewPunch,
    responses((status = 201, body = PunchList), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn punch(
    actor: Actor<PunchClock>,
    State(desk): State<Desk>,
    client: Client,
    Json(new): Json<NewPunch>,
) -> Result<(StatusCode, Json<PunchList>)> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(8..=64).contains(&new.device.len()) || !new.device.bytes().all(plain) {
        let detail = "8 to 64 letters, digits or `-`";
        return Err(invalid("device", "device_invalid", detail));
    }
    let (app, user, who) = (desk.app.clone(), actor.user_id(), actor.who());
    // Before its day is asked for: the end of all time has none in Guangzhou.
    if (new.device_at - app.clock.now()).abs() > MOST_SKEW {
        let detail = "a moment within a hundred years";
        return Err(invalid("device_at", "moment_implausible", detail));
    }
    let on_floor = desk.site.is_on_floor(user);
    let address = client.address.map(|address| address.to_string());
    let db = app.db.clone();
    let rows = db
        .write(move |tx| async move {
            let (now, today) = (app.clock.now(), day::today(&app));
            let mut rows = punch_row::Entity::find()
                .filter(punch_row::Column::UserId.eq(user))
                .filter(punch_row::Column::OnDay.eq(day::text(today)))
                .order_by_asc(punch_row::Column::At)
                .limit(MOST as u64)
                .all(&*tx)
                .await?;
            if rows.len() >= MOST {
                let detail = "20 punches of one person and day are enough";
                return Err(refused("punches_too_many", detail)
                    .with_way_out("tell the shift lead, who closes the day"));
            }
            let row = punch_row::Model {
                id: app.ids.next(),
                user_id: user,
                on_day: day::text(today),
                kind: new.kind.as_str().to_owned(),
                at: now,
                device_at: new.device_at,
                device: new.device.clone(),
                address: address.clone().unwrap_or_default(),
                on_floor,
            };
            row.clone()
                .into_active_model()
                .reset_all()
                .insert(&*tx)
                .await?;
            let facts = json!({ "kind": row.kind, "on_floor": on_floor, "user_id": user });
            trail::tell((&app, &tx, &who), ("punch", row.id), "made", facts).await?;
            rows.push(row);
            Ok(rows)
        })
        .await?;
    Ok((StatusCode::CREATED, views(&desk, rows).await?))
}
