//! The line over HTTP.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::Actor;
use kernel::http::Json;
use kernel::problem::{Problem, Result, invalid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, LineState, row};
use super::{LineSettings, SetLine, ViewLine};
use crate::Telephony;
use crate::calls::reason::reason_of;

/// The line as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    /// What callers find.
    pub state: LineState,
    /// What is set.
    pub settings: LineSettings,
    /// An incident is announced before the greeting.
    pub incident: bool,
    /// Why it was switched last.
    pub incident_reason: Option<String>,
    /// The line is closed as on a holiday.
    pub holiday: bool,
    /// Why it was switched last.
    pub holiday_reason: Option<String>,
    /// When it opens by itself.
    pub holiday_until: Option<DateTime<Utc>>,
    /// Rises with each change; 0 while nobody has set anything.
    pub version: i64,
    /// The last change.
    pub updated_at: DateTime<Utc>,
}

fn view(row: &row::Model) -> Result<Json<LineView>> {
    Ok(Json(LineView {
        state: row.line_state(),
        settings: row.settings()?,
        incident: row.incident,
        incident_reason: row.incident_reason.clone(),
        holiday: row.holiday,
        holiday_reason: row.holiday_reason.clone(),
        holiday_until: row.holiday_until,
        version: row.version,
        updated_at: row.updated_at,
    }))
}

/// The routes of the line.
pub(super) fn routes(telephony: &Telephony) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show, set))
        .routes(routes!(incident))
        .routes(routes!(holiday))
        .with_state(telephony.clone())
}

/// What the hotline offers now.
#[utoipa::path(
    get, path = "/api/v1/line", tag = "telephony",
    responses((status = 200, body = LineView)),
)]
pub(crate) async fn show(
    _actor: Actor<ViewLine>,
    State(telephony): State<Telephony>,
) -> Result<Json<LineView>> {
    view(&store::now(telephony.app()).await?)
}

/// What is to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineRequest {
    /// The version that was read.
    pub version: i64,
    /// What the line is to offer.
    pub settings: LineSettings,
}

/// Sets what the hotline offers; calls that come in from now on find it.
#[utoipa::path(
    put, path = "/api/v1/line", tag = "telephony", request_body = LineRequest,
    responses((status = 200, body = LineView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn set(
    actor: Actor<SetLine>,
    State(telephony): State<Telephony>,
    Json(asked): Json<LineRequest>,
) -> Result<Json<LineView>> {
    let (app, who) = (telephony.app().clone(), actor.who());
    let saved = app
        .db
        .clone()
        .write(async move |tx| {
            let before = store::as_read(&app, &tx, asked.version).await?;
            asked.settings.check(&*tx).await?;
            let mut after = before.clone();
            after.menu =
                serde_json::to_value(&asked.settings.menu).map_err(kernel::problem::internal)?;
            after.message_box = asked.settings.message_box;
            after.survey = asked.settings.survey;
            after.survey_period_days = asked.settings.survey_period_days.into();
            store::change(&app, &tx, &who, "line.set", before, after).await
        })
        .await?;
    super::apply(&telephony).await?;
    view(&saved)
}

/// A switch with its reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchRequest {
    /// On or off.
    pub on: bool,
    /// Why, 2 to 200 characters.
    pub reason: String,
}

/// Announces an incident before the greeting, or no longer.
#[utoipa::path(
    put, path = "/api/v1/line/incident", tag = "telephony", request_body = SwitchRequest,
    responses((status = 200, body = LineView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn incident(
    actor: Actor<SetLine>,
    State(telephony): State<Telephony>,
    Json(asked): Json<SwitchRequest>,
) -> Result<Json<LineView>> {
    let (app, who) = (telephony.app().clone(), actor.who());
    let reason = reason_of(&asked.reason)?;
    let saved = app
        .db
        .clone()
        .write(async move |tx| store::incident(&app, &tx, &who, asked.on, reason).await)
        .await?;
    super::apply(&telephony).await?;
    view(&saved)
}

/// The closing of a holiday.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolidayRequest {
    /// Closed or open.
    pub on: bool,
    /// Why, 2 to 200 characters.
    pub reason: String,
    /// When the line opens by itself; needed to close it.
    pub until: Option<DateTime<Utc>>,
}

/// Closes the line as on a holiday until then, or opens it again.
#[utoipa::path(
    put, path = "/api/v1/line/holiday", tag = "telephony", request_body = HolidayRequest,
    responses((status = 200, body = LineView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn holiday(
    actor: Actor<SetLine>,
    State(telephony): State<Telephony>,
    Json(asked): Json<HolidayRequest>,
) -> Result<Json<LineView>> {
    let (app, who) = (telephony.app().clone(), actor.who());
    let reason = reason_of(&asked.reason)?;
    let until = asked.until.filter(|_| asked.on);
    if asked.on && until.is_none_or(|until| until <= app.clock.now()) {
        let detail = "a closed line opens by itself, at a time to come";
        return Err(invalid("until", "date_in_past", detail));
    }
    let saved = app
        .db
        .clone()
        .write(async move |tx| store::holiday(&app, &tx, &who, asked.on, reason, until).await)
        .await?;
    super::apply(&telephony).await?;
    view(&saved)
}
