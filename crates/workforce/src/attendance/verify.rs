//! Checks the whole chain of what both sides signed: on asking, and every night.

use axum::extract::State;
use kernel::audit::Who;
use kernel::http::Json;
use kernel::problem::Result;
use kernel::{Actor, App, JobDef, Role};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::chain::{BEGIN, first_broken, head};
use super::store::record;
use crate::rights::ViewAttendance;
use crate::trail;

/// Records read at a time.
const CHUNK: u64 = 1_000;

/// The routes of the chain.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .with_state(app.clone())
}

/// How the chain of frozen records stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttendanceChain {
    /// Records that are what they were when both sides signed them.
    pub checked: i64,
    /// The number of the last record.
    pub seq: i64,
    /// Its digest, which stands for all before it.
    pub hash: String,
    /// The number of the first record that is changed, gone or put in between; null where all are whole.
    pub broken_seq: Option<i64>,
}

/// Reads every frozen record in the order of the chain.
pub async fn verify(conn: &impl ConnectionTrait) -> Result<AttendanceChain> {
    // The head first: what is frozen meanwhile lies behind it.
    let end = head::Entity::find().one(conn).await?;
    let (end_seq, end_hash) = end.map_or((0, BEGIN.to_owned()), |row| (row.seq, row.hash));
    let mut found = AttendanceChain {
        checked: 0,
        seq: end_seq,
        hash: end_hash,
        broken_seq: None,
    };
    let mut before = BEGIN.to_owned();
    while found.checked < end_seq {
        let rows = record::Entity::find()
            .filter(record::Column::Seq.gt(found.checked))
            .filter(record::Column::Seq.lte(end_seq))
            .order_by_asc(record::Column::Seq)
            .limit(CHUNK)
            .all(conn)
            .await?;
        if let Some(broken) = first_broken((found.checked, before.clone()), &rows) {
            found.broken_seq = Some(broken);
            found.checked = broken - 1;
            return Ok(found);
        }
        let Some(last) = rows.last() else { break };
        found.checked = last.seq.unwrap_or(end_seq);
        before = last.hash.clone().unwrap_or_default();
    }
    // A cut-off end is seen by the head that stands beside the rows.
    if found.checked < end_seq || before != found.hash {
        found.broken_seq = Some(found.checked + 1);
    }
    Ok(found)
}

/// Checks the whole chain of what both sides signed now.
#[utoipa::path(
    get, path = "/api/v1/attendance-chain", tag = "workforce", operation_id = "verify_attendance_chain",
    responses((status = 200, body = AttendanceChain)),
)]
async fn show(
    _actor: Actor<ViewAttendance>,
    State(app): State<App>,
) -> Result<Json<AttendanceChain>> {
    Ok(Json(verify(app.db.read()).await?))
}

/// The nightly check: a broken chain is told to both sides.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::daily("workforce.attendance_chain", 2, 40, move || {
        let app = app.clone();
        async move { check(&app).await }
    })
}

/// Both sides' people who answer for the records.
const TOLD: &[Role] = &[
    Role::OpsManager,
    Role::PurchaserAdmin,
    Role::PurchaserReviewer,
];

/// Checks the chain, and tells both sides where it is broken.
pub async fn check(app: &App) -> Result<()> {
    let found = verify(app.db.read()).await?;
    let Some(broken) = found.broken_seq else {
        return Ok(());
    };
    tracing::error!(seq = broken, "the chain of attendance is broken");
    let app = app.clone();
    let db = app.db.clone();
    db.write(async move |tx| {
        let told = trail::holders(&*tx, TOLD).await?;
        let facts = json!({ "number": broken.to_string(), "seq": broken, "recipients": told });
        let subject = ("attendance_chain", app.ids.next());
        trail::tell(
            (&app, &tx, &Who::system("workforce")),
            subject,
            "broken",
            facts,
        )
        .await
    })
    .await
}
