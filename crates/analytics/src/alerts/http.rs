//! Alerts over HTTP.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, not_found, refused, stale};
use kernel::text::needed;
use kernel::{Actor, audit};
use organization::{Colleague, colleagues};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, EntityTrait, IntoActiveModel as _, QueryFilter,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{KpiAlertState, row, watch};
use crate::Desk;
use crate::kpi::Kpi;
use crate::rights::{AcknowledgeKpiAlerts, ViewKpiAlerts};

/// The routes of alerts.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(acknowledge))
        .with_state(desk.clone())
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct KpiAlert {
    /// Identifies it.
    pub id: Uuid,
    /// Of which indicator.
    pub kpi: Kpi,
    /// Only of this channel; null for all.
    pub channel: Option<String>,
    /// Where it stands.
    pub state: KpiAlertState,
    /// How many intervals in a row missed what is asked.
    pub intervals: i32,
    /// The first of them began.
    pub first_at: DateTime<Utc>,
    /// The last of them ended.
    pub last_at: DateTime<Utc>,
    /// Above the line in the last of them.
    pub numerator: i64,
    /// Below it.
    pub denominator: i64,
    /// The figure of it.
    pub value: Option<i64>,
    /// What was asked.
    pub target: i64,
    /// Up to where.
    pub upper: Option<i64>,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<Colleague>,
    /// When.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// What was said about it.
    pub note: Option<String>,
    /// When it was as asked again.
    pub ended_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

fn view(row: row::Model, people: &HashMap<Uuid, Colleague>) -> Result<KpiAlert> {
    let unreadable = || internal(format!("alert {} has no valid words", row.id));
    Ok(KpiAlert {
        id: row.id,
        kpi: Kpi::parse(&row.kpi).ok_or_else(unreadable)?,
        state: KpiAlertState::parse(&row.state).ok_or_else(unreadable)?,
        channel: row.channel,
        intervals: row.intervals,
        first_at: row.first_at,
        last_at: row.last_at,
        numerator: row.numerator,
        denominator: row.denominator,
        value: row.value,
        target: row.target,
        upper: row.upper,
        raised_at: row.raised_at,
        acknowledged_by: row.acknowledged_by.and_then(|id| people.get(&id).cloned()),
        acknowledged_at: row.acknowledged_at,
        note: row.note,
        ended_at: row.ended_at,
        version: row.version,
    })
}

/// What alerts may be narrowed to.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KpiAlertFilter {
    /// Only in this state.
    pub state: Option<KpiAlertState>,
    /// Only of this indicator.
    pub kpi: Option<Kpi>,
    /// Only those that stand, or only those that are over.
    pub open: Option<bool>,
}

/// Alerts of indicators, the newest first.
#[utoipa::path(
    get, path = "/api/v1/kpi-alerts", tag = "kpis", operation_id = "list_kpi_alerts",
    params(ListQuery, KpiAlertFilter),
    responses((status = 200, body = Page<KpiAlert>)),
)]
async fn list(
    _actor: Actor<ViewKpiAlerts>,
    State(desk): State<Desk>,
    Query(mut query): Query<ListQuery>,
    Query(filter): Query<KpiAlertFilter>,
) -> Result<Json<Page<KpiAlert>>> {
    let conn = desk.app.db.read();
    let open = filter.open.map(|open| {
        if open {
            row::Column::EndedAt.is_null()
        } else {
            row::Column::EndedAt.is_not_null()
        }
    });
    let wanted = Condition::all()
        .add_option(
            filter
                .state
                .map(|state| row::Column::State.eq(state.as_str())),
        )
        .add_option(filter.kpi.map(|kpi| row::Column::Kpi.eq(kpi.as_str())))
        .add_option(open);
    query.sort = query
        .sort
        .filter(|sort| !sort.is_empty())
        .or(Some("-raised_at".to_owned()));
    let select = row::Entity::find().filter(wanted);
    let sortable = [("raised_at", row::Column::RaisedAt)];
    let page = paginate(conn, select, &query, &sortable, row::Column::Id).await?;
    let shown = page.shown(async |rows| {
        let people = colleagues(conn, rows.iter().filter_map(|row| row.acknowledged_by)).await?;
        rows.into_iter().map(|row| view(row, &people)).collect()
    });
    Ok(Json(shown.await?))
}

/// What is said about an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    /// The version that was read.
    version: i64,
    /// What is the cause, what is done.
    note: String,
}

/// Acknowledges an alert with a note; it stands until the indicator is as asked again.
#[utoipa::path(
    post, path = "/api/v1/kpi-alerts/{id}/acknowledge", tag = "kpis", operation_id = "acknowledge_kpi_alert",
    params(("id" = Uuid, Path)), request_body = Acknowledgement,
    responses((status = 200, body = KpiAlert), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn acknowledge(
    actor: Actor<AcknowledgeKpiAlerts>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
    Json(said): Json<Acknowledgement>,
) -> Result<Json<KpiAlert>> {
    let note = needed("note", &said.note)?;
    let (app, who, me) = (desk.app.clone(), actor.who(), actor.user_id());
    let after = desk
        .app
        .db
        .write(move |tx| async move {
            let found = row::Entity::find_by_id(id).one(&*tx).await?;
            let before = found.ok_or_else(|| not_found("alert"))?;
            if before.version != said.version {
                return Err(stale("alert"));
            }
            if before.acknowledged_at.is_some() {
                return Err(refused(
                    "kpi_alert_acknowledged",
                    "somebody has acknowledged it",
                ));
            }
            let mut after = before.clone();
            if before.ended_at.is_none() {
                after.state = KpiAlertState::Acknowledged.as_str().to_owned();
            }
            after.acknowledged_by = Some(me);
            after.acknowledged_at = Some(app.clock.now());
            after.note = Some(note);
            after.version += 1;
            let written = row::Entity::update_many()
                .set(after.clone().into_active_model().reset_all())
                .filter(row::Column::Id.eq(id))
                .filter(row::Column::Version.eq(before.version))
                .exec(&*tx)
                .await?;
            if written.rows_affected == 0 {
                return Err(stale("alert"));
            }
            let details = watch::told(&after);
            audit::record(
                &app,
                &*tx,
                &who,
                "kpi.alert_acknowledged",
                "kpi_alert",
                id,
                details,
            )
            .await?;
            watch::show(&app, &tx, &after);
            Ok(after)
        })
        .await?;
    let people = colleagues(desk.app.db.read(), [me]).await?;
    Ok(Json(view(after, &people)?))
}
