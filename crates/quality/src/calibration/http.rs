//! Calibrations over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::needed;
use kernel::versioned::as_read;
use kernel::{Actor, App, Principal, Tx};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, New, row, score_row};
use super::{Action, CalibrationState};
use crate::card::store as cards;
use crate::card::{CardBody, FatalKind, Marks};
use crate::evaluation::store as evaluations;
use crate::rights::{Calibrate, OpenCalibrations, may};

/// The routes of calibrations.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(show))
        .routes(routes!(score))
        .routes(routes!(reveal))
        .routes(routes!(cancel))
        .with_state(app.clone())
}

/// A calibration in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalibrationView {
    /// Identifies it.
    pub id: Uuid,
    /// `DB-20261127-001`
    pub number: String,
    /// What it is about.
    pub title: String,
    /// `call`, `conversation` or `work_order`.
    pub kind: String,
    /// The call, conversation or ticket.
    pub contact_id: Uuid,
    /// What people call it.
    pub label: String,
    /// The evaluation of the same sample.
    pub evaluation_id: Option<Uuid>,
    /// Whose score is the measure.
    pub expert: Option<Colleague>,
    /// Where it stands.
    pub state: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When all scores were shown.
    pub revealed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

/// A blind score.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalibrationScoreView {
    /// Who gave it.
    pub reviewer: Option<Colleague>,
    /// It is the measure.
    pub expert: bool,
    /// What was given.
    pub marks: Marks,
    /// What it came to, in tenths of a point.
    pub tenths: i32,
    /// 合格
    pub passed: bool,
    /// Kinds of fatal errors.
    pub fatal: Vec<FatalKind>,
    /// How far it lies from the expert's, in tenths of a point; null before all are shown.
    pub distance_tenths: Option<i32>,
    /// When it was given.
    pub at: DateTime<Utc>,
}

/// A calibration with the scores that who looks may see.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalibrationDetail {
    /// The calibration.
    #[serde(flatten)]
    pub calibration: CalibrationView,
    /// The card it is scored by.
    pub card_version_id: Uuid,
    /// What that card says.
    pub card: CardBody,
    /// How many scored.
    pub scored: u32,
    /// His own, and once it is revealed all.
    pub scores: Vec<CalibrationScoreView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<CalibrationView>> {
    let experts = rows.iter().map(|row| row.expert_id);
    let people = organization::colleagues(app.db.read(), experts).await?;
    let view = |row: row::Model| CalibrationView {
        id: row.id,
        number: row.number,
        title: row.title,
        kind: row.kind,
        contact_id: row.contact_id,
        label: row.label,
        evaluation_id: row.evaluation_id,
        expert: people.get(&row.expert_id).cloned(),
        state: row.state,
        opened_at: row.opened_at,
        revealed_at: row.revealed_at,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn detail(app: &App, to: &Principal, row: row::Model) -> Result<Json<CalibrationDetail>> {
    let conn = app.db.read();
    let given = store::scores(conn, row.id).await?;
    let case = row.case(&given)?;
    let card = cards::usable(conn, row.card_version_id).await?;
    let blind = case.state == CalibrationState::Blind;
    let mut actions = Vec::new();
    if blind && to.may::<Calibrate>() && case.next(to.user_id, Action::Score).is_ok() {
        actions.push("score");
    }
    if blind && to.may::<OpenCalibrations>() {
        if case.next(to.user_id, Action::Reveal).is_ok() {
            actions.push("reveal");
        }
        actions.push("cancel");
    }
    let revealed = case.state == CalibrationState::Revealed;
    let measure = given
        .iter()
        .find(|score| score.reviewer_id == row.expert_id);
    let measure = measure.filter(|_| revealed).map(|score| score.tenths);
    let people = organization::colleagues(conn, given.iter().map(|one| one.reviewer_id)).await?;
    let scored = u32::try_from(given.len()).unwrap_or(u32::MAX);
    let shown = given
        .into_iter()
        .filter(|score| case.shows(score.reviewer_id, to.user_id));
    let shown = shown.map(|score: score_row::Model| {
        Ok(CalibrationScoreView {
            reviewer: people.get(&score.reviewer_id).cloned(),
            expert: score.reviewer_id == row.expert_id,
            marks: serde_json::from_value(score.marks).map_err(internal)?,
            tenths: score.tenths,
            passed: score.passed,
            fatal: serde_json::from_value(score.fatal).map_err(internal)?,
            distance_tenths: measure.map(|measure| score.tenths - measure),
            at: score.at,
        })
    });
    let scores = shown.collect::<Result<_>>()?;
    let calibration = views(app, vec![row]).await?.pop();
    Ok(Json(CalibrationDetail {
        calibration: calibration.ok_or_else(|| internal("one row, one view"))?,
        card_version_id: card.id,
        card: card.card()?,
        scored,
        scores,
        actions,
    }))
}

/// Lists calibrations, the newest first.
#[utoipa::path(
    get, path = "/api/v1/calibrations", tag = "quality", operation_id = "list_calibrations",
    params(ListQuery, Filter), responses((status = 200, body = Page<CalibrationView>)),
)]
async fn list(
    actor: Actor<Calibrate>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<CalibrationView>>> {
    let page = store::list(app.db.read(), actor.user_id(), &query, &filter).await?;
    Ok(Json(
        page.shown(async |rows| views(&app, rows).await).await?,
    ))
}

/// One calibration: before all scores are shown, one's own alone.
#[utoipa::path(
    get, path = "/api/v1/calibrations/{id}", tag = "quality", operation_id = "get_calibration",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CalibrationDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<Calibrate>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<CalibrationDetail>> {
    let row = store::seen(app.db.read(), actor.user_id(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What is calibrated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCalibration {
    /// The sample, by its evaluation.
    evaluation_id: Uuid,
    /// What it is about.
    title: String,
    /// The published version of the card it is scored by.
    card_version_id: Uuid,
    /// Whose score is the measure; oneself when left out.
    expert_id: Option<Uuid>,
}

/// Opens a calibration on a sample; every reviewer scores it without seeing the others' scores.
#[utoipa::path(
    post, path = "/api/v1/calibrations", tag = "quality", operation_id = "open_calibration",
    request_body = NewCalibration,
    responses((status = 201, body = CalibrationDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn open(
    actor: Actor<OpenCalibrations>,
    State(app): State<App>,
    Json(wish): Json<NewCalibration>,
) -> Result<(StatusCode, Json<CalibrationDetail>)> {
    let title = needed("title", &wish.title)?;
    let expert = wish.expert_id.unwrap_or_else(|| actor.user_id());
    let (services, who, me) = (app.clone(), actor.who(), actor.user_id());
    let work = move |tx: Tx| async move {
        let sample = evaluations::get(&*tx, wish.evaluation_id).await?;
        let sample = match sample {
            Some(sample) if sample.case()?.seen_by(me) && sample.agent_id != me => sample,
            _ => return Err(invalid("evaluation_id", "sample_unknown", "no such sample")),
        };
        if !may::<Calibrate>(&*tx, expert).await? || sample.case()?.is_about(expert) {
            let detail = "nobody who could score it";
            return Err(invalid("expert_id", "reviewer_unknown", detail));
        }
        let card = cards::usable(&*tx, wish.card_version_id).await?;
        let new = New {
            title,
            sample,
            card_version: card.id,
            expert,
        };
        store::open(&services, &tx, &who, new).await
    };
    let row = app.db.write(work).await?;
    let page = detail(&app, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// A blind score.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BlindScore {
    /// What is given.
    marks: Marks,
}

/// Scores blindly, once.
#[utoipa::path(
    post, path = "/api/v1/calibrations/{id}/score", tag = "quality", operation_id = "score_calibration",
    params(("id" = Uuid, Path)), request_body = BlindScore,
    responses((status = 200, body = CalibrationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn score(
    actor: Actor<Calibrate>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(blind): Json<BlindScore>,
) -> Result<Json<CalibrationDetail>> {
    let (services, who, me) = (app.clone(), actor.who(), actor.user_id());
    let work = move |tx: Tx| async move {
        // Others score at the same time: what counts is whether it is still blind, not which version was read.
        let before = store::seen(&*tx, me, id).await?;
        let card = cards::usable(&*tx, before.card_version_id).await?;
        let score = card.card()?.score(&blind.marks)?;
        let marks = serde_json::to_value(&blind.marks).map_err(internal)?;
        store::score(&services, &tx, &who, &before, (marks, score)).await?;
        Ok(before)
    };
    let row = app.db.write(work).await?;
    detail(&app, actor.principal(), row).await
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CalibrationStep {
    /// The version that was read.
    version: i64,
}

async fn ended(
    app: App,
    actor: Actor<OpenCalibrations>,
    (id, version): (Uuid, i64),
    action: (Action, &'static str),
) -> Result<Json<CalibrationDetail>> {
    let (services, who, me): (App, Who, Uuid) = (app.clone(), actor.who(), actor.user_id());
    let work = move |tx: Tx| async move {
        let before = as_read(store::seen(&*tx, me, id).await?, version)?;
        store::act(&services, &tx, &who, &before, action).await
    };
    let row = app.db.write(work).await?;
    detail(&app, actor.principal(), row).await
}

/// Shows all scores at once, with how far each lies from the expert's.
#[utoipa::path(
    post, path = "/api/v1/calibrations/{id}/reveal", tag = "quality", operation_id = "reveal_calibration",
    params(("id" = Uuid, Path)), request_body = CalibrationStep,
    responses((status = 200, body = CalibrationDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn reveal(
    actor: Actor<OpenCalibrations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<CalibrationStep>,
) -> Result<Json<CalibrationDetail>> {
    let action = (Action::Reveal, "revealed");
    ended(app, actor, (id, wish.version), action).await
}

/// Calls a calibration off.
#[utoipa::path(
    post, path = "/api/v1/calibrations/{id}/cancel", tag = "quality", operation_id = "cancel_calibration",
    params(("id" = Uuid, Path)), request_body = CalibrationStep,
    responses((status = 200, body = CalibrationDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn cancel(
    actor: Actor<OpenCalibrations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<CalibrationStep>,
) -> Result<Json<CalibrationDetail>> {
    let action = (Action::Cancel, "cancelled");
    ended(app, actor, (id, wish.version), action).await
}
