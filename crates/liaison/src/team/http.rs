//! The team over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::{must_be_name, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal, Side};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, row};
use crate::rights::{AcknowledgeFilings, ManageTeam, ViewTeam};
use kernel::day;

/// The routes of the team.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(chart, appoint))
        .routes(routes!(end))
        .routes(routes!(acknowledge))
        .with_state(app.clone())
}

/// One appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamMemberView {
    /// Identifies it.
    pub id: Uuid,
    /// 职务
    pub position: String,
    /// The person's name.
    pub name: String,
    /// His account, where he has one.
    pub user_id: Option<Uuid>,
    /// 职责
    pub duties: String,
    /// Whom he reports to.
    pub reports_to: Option<Uuid>,
    /// The first day.
    pub appointed_on: NaiveDate,
    /// The last one.
    pub ended_on: Option<NaiveDate>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// When it was filed with the purchaser.
    pub filed_at: DateTime<Utc>,
    /// Who of the purchaser acknowledged the last change.
    pub acknowledged_by: Option<Colleague>,
    /// When.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// He is in the team on the day asked for.
    pub holds: bool,
    /// Rises with each change.
    pub version: i64,
}

/// The team on a day, and who was in it before.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamChart {
    /// The day.
    pub day: NaiveDate,
    /// Everybody, the latest appointed first; `holds` tells who is in the team on that day.
    pub items: Vec<TeamMemberView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

/// Which day.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TeamDay {
    /// The day; today unless told.
    day: Option<NaiveDate>,
}

async fn page(app: &App, of: &Principal, on: NaiveDate) -> Result<Json<TeamChart>> {
    let conn = app.db.read();
    let rows = store::all(conn).await?;
    let people = rows.iter().filter_map(|row| row.acknowledged_by);
    let people = organization::colleagues(conn, people).await?;
    let mut items = Vec::new();
    for row in rows {
        let appointed_on = day::read(&row.appointed_on)?;
        let ended_on = day::maybe(row.ended_on.as_deref())?;
        items.push(TeamMemberView {
            holds: appointed_on <= on && ended_on.is_none_or(|last| on <= last),
            acknowledged_by: row.acknowledged_by.and_then(|id| people.get(&id).cloned()),
            appointed_on,
            ended_on,
            id: row.id,
            position: row.position,
            name: row.name,
            user_id: row.user_id,
            duties: row.duties,
            reports_to: row.reports_to,
            end_reason: row.end_reason,
            filed_at: row.filed_at,
            acknowledged_at: row.acknowledged_at,
            version: row.version,
        });
    }
    let mut actions = Vec::new();
    if of.may::<ManageTeam>() {
        actions.extend(["appoint", "end"]);
    }
    if of.may::<AcknowledgeFilings>() {
        actions.push("acknowledge");
    }
    Ok(Json(TeamChart {
        day: on,
        items,
        actions,
    }))
}

/// The supplier's team on a day, with its past.
#[utoipa::path(
    get, path = "/api/v1/team", tag = "liaison", operation_id = "get_team",
    params(TeamDay), responses((status = 200, body = TeamChart)),
)]
async fn chart(
    actor: Actor<ViewTeam>,
    State(app): State<App>,
    Query(on): Query<TeamDay>,
) -> Result<Json<TeamChart>> {
    let on = on.day.unwrap_or_else(|| day::today(&app));
    page(&app, actor.principal(), on).await
}

/// An appointment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTeamMember {
    /// 职务
    position: String,
    /// The person's name.
    name: String,
    /// His account, where he has one.
    user_id: Option<Uuid>,
    /// 职责
    duties: String,
    /// Whom he reports to.
    reports_to: Option<Uuid>,
    /// The first day.
    appointed_on: NaiveDate,
    /// Whom he succeeds: that one's last day is the day before.
    succeeds: Option<Uuid>,
}

/// Appoints somebody; who is succeeded ends the day before. The change is filed with the purchaser.
#[utoipa::path(
    post, path = "/api/v1/team", tag = "liaison", operation_id = "appoint_team_member",
    request_body = NewTeamMember,
    responses((status = 201, body = TeamChart), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn appoint(
    actor: Actor<ManageTeam>,
    State(app): State<App>,
    Json(new): Json<NewTeamMember>,
) -> Result<(StatusCode, Json<TeamChart>)> {
    must_be_name("position", &new.position)?;
    must_be_name("name", &new.name)?;
    let duties = needed("duties", &new.duties)?;
    let on = new.appointed_on;
    day::plausible("appointed_on", on, day::today(&app))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        if let Some(user) = new.user_id
            && organization::colleagues::side_of(&*tx, user).await? != Some(Side::Supplier)
        {
            let detail = "a member of the team is the supplier's";
            return Err(invalid("user_id", "team_of_other_side", detail));
        }
        if let Some(id) = new.reports_to {
            store::get(&*tx, id).await?;
        }
        if let Some(id) = new.succeeds {
            let before = store::get(&*tx, id).await?;
            let last = on.pred_opt().unwrap_or(on);
            let reason = format!("由{}接任", new.name);
            ended(&app, &tx, &who, before, last, reason).await?;
        }
        let now = app.clock.now();
        let row = row::Model {
            id: app.ids.next(),
            position: new.position,
            user_id: new.user_id,
            name: new.name,
            duties,
            reports_to: new.reports_to,
            appointed_on: day::text(on),
            ended_on: None,
            end_reason: None,
            filed_at: now,
            filed_by: who.user_id,
            acknowledged_by: None,
            acknowledged_at: None,
            state: "filed".to_owned(),
            updated_at: now,
            version: 1,
        };
        versioned::insert(&*tx, &row).await?;
        store::tell(&app, &tx, &who, &row, "appointed").await
    })
    .await?;
    let chart = page(&done, actor.principal(), on).await?;
    Ok((StatusCode::CREATED, chart))
}

async fn ended(
    app: &App,
    tx: &kernel::Tx,
    who: &kernel::audit::Who,
    before: row::Model,
    last: NaiveDate,
    reason: String,
) -> Result<()> {
    if before.ended_on.is_some() {
        let detail = format!("{} has ended and stays as it was", before.what());
        return Err(refused("team_member_ended", detail));
    }
    if last < day::read(&before.appointed_on)? {
        let detail = "the last day is not before the first";
        return Err(invalid("ended_on", "term_backwards", detail));
    }
    let mut after = before.clone();
    after.ended_on = Some(day::text(last));
    after.end_reason = Some(reason);
    // It is filed anew: the purchaser acknowledges this change too.
    after.filed_at = app.clock.now();
    after.filed_by = who.user_id;
    after.acknowledged_by = None;
    after.acknowledged_at = None;
    let after = versioned::save(app, &**tx, &before, after).await?;
    store::tell(app, tx, who, &after, "ended").await
}

/// The last day of an appointment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamEnd {
    /// The version that was read.
    version: i64,
    /// The last day.
    ended_on: NaiveDate,
    /// Why.
    reason: String,
}

/// Ends an appointment. The change is filed with the purchaser.
#[utoipa::path(
    post, path = "/api/v1/team/{id}/end", tag = "liaison", operation_id = "end_team_member",
    params(("id" = Uuid, Path)), request_body = TeamEnd,
    responses((status = 200, body = TeamChart), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn end(
    actor: Actor<ManageTeam>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(end): Json<TeamEnd>,
) -> Result<Json<TeamChart>> {
    let reason = needed("reason", &end.reason)?;
    let today = day::today(&app);
    day::plausible("ended_on", end.ended_on, today)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = versioned::as_read(store::get(&*tx, id).await?, end.version)?;
        ended(&app, &tx, &who, before, end.ended_on, reason).await
    })
    .await?;
    page(&done, actor.principal(), today).await
}

/// Which change is acknowledged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamReceipt {
    /// The version that was read.
    version: i64,
}

/// The purchaser acknowledges what was filed (备案).
#[utoipa::path(
    post, path = "/api/v1/team/{id}/acknowledge", tag = "liaison", operation_id = "acknowledge_team_member",
    params(("id" = Uuid, Path)), request_body = TeamReceipt,
    responses((status = 200, body = TeamChart), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn acknowledge(
    actor: Actor<AcknowledgeFilings>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(receipt): Json<TeamReceipt>,
) -> Result<Json<TeamChart>> {
    let today = day::today(&app);
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = versioned::as_read(store::get(&*tx, id).await?, receipt.version)?;
        if before.acknowledged_at.is_some() {
            let detail = format!("{} is acknowledged already", before.what());
            return Err(refused("filing_acknowledged", detail));
        }
        let mut after = before.clone();
        after.acknowledged_by = who.user_id;
        after.acknowledged_at = Some(app.clock.now());
        let after = versioned::save(&app, &*tx, &before, after).await?;
        store::tell(&app, &tx, &who, &after, "acknowledged").await
    })
    .await?;
    page(&done, actor.principal(), today).await
}
