//! Requests for exports and the log of what left, over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::{checked, needed};
use kernel::{Actor, App, numbers, versioned};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::door::Target;
use super::masking::masked;
use super::store::{self, ExportFilter, RequestFilter, export, row};
use super::{Action, Case, ExportKind, ExportRequestState, told};
use crate::rights::{AskExports, DecideExports, ViewExports};
use crate::{Colleague, colleagues};

/// The largest number of rows that can be asked for: a file has no more.
const MOST_ROWS: u64 = 20_000;
/// The longest time a request may stand.
const LONGEST: TimeDelta = TimeDelta::days(31);

/// The routes of exports.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(show))
        .routes(routes!(decide))
        .routes(routes!(withdraw))
        .routes(routes!(taken))
        .with_state(app.clone())
}

/// A request for an export.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportRequestView {
    /// Identifies it.
    pub id: Uuid,
    /// `DS-20261126-001`
    pub number: String,
    /// What is exported.
    #[schema(value_type = ExportKind)]
    pub kind: String,
    /// The address of the export with its filter.
    pub target: String,
    /// Why.
    pub reason: String,
    /// Rows at most.
    pub rows: i64,
    /// Until when it may be used.
    pub until: DateTime<Utc>,
    /// Where it stands.
    #[schema(value_type = ExportRequestState)]
    pub state: String,
    /// It waits for a decision or for its use.
    pub open: bool,
    /// Who asked.
    pub asked_by: Option<Colleague>,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said with the decision.
    pub note: Option<String>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
    /// What may be tried now by who looks: `approve`, `decline`, `withdraw`, `take`.
    pub actions: Vec<&'static str>,
}

async fn views(
    app: &App,
    me: &kernel::Principal,
    rows: Vec<row::Model>,
) -> Result<Vec<ExportRequestView>> {
    let people = rows
        .iter()
        .flat_map(|row| [Some(row.asked_by), row.decided_by])
        .flatten();
    let known = colleagues(app.db.read(), people.collect::<Vec<_>>()).await?;
    let now = app.clock.now();
    let mut views = Vec::new();
    for row in rows {
        let case = row.case()?;
        let own = row.asked_by == me.user_id;
        // Who asked takes the file by it; who decides sees what is asked for.
        let target = if own { row.address(app)? } else { row.target };
        let same = Action::Use {
            own,
            same: true,
            rows: 0,
        };
        let mut tries = vec![("withdraw", Action::Withdraw { own }), ("take", same)];
        if me.may::<DecideExports>() {
            tries.push(("approve", Action::Approve { own }));
            tries.push(("decline", Action::Decline { own }));
        }
        let may = tries
            .into_iter()
            .filter(|(_, action)| case.next(action, now).is_ok());
        views.push(ExportRequestView {
            actions: may.map(|(name, _)| name).collect(),
            id: row.id,
            number: row.number,
            kind: row.kind,
            target,
            reason: row.reason,
            rows: row.row_limit,
            until: row.until_at,
            state: row.state,
            open: row.open,
            asked_by: known.get(&row.asked_by).cloned(),
            asked_at: row.asked_at,
            decided_by: row.decided_by.and_then(|id| known.get(&id).cloned()),
            decided_at: row.decided_at,
            note: row.note,
            used_at: row.used_at,
            version: row.version,
        });
    }
    Ok(views)
}

async fn view(app: &App, me: &kernel::Principal, row: row::Model) -> Result<ExportRequestView> {
    let shown = views(app, me, vec![row]).await?.pop();
    shown.ok_or_else(|| internal("a request is shown"))
}

/// Requests for exports, the newest first: one's own, or all for who decides.
#[utoipa::path(
    get, path = "/api/v1/export-requests", tag = "exports", operation_id = "list_export_requests",
    params(ListQuery, RequestFilter), responses((status = 200, body = Page<ExportRequestView>)),
)]
async fn list(
    actor: Actor<ViewExports>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<RequestFilter>,
) -> Result<Json<Page<ExportRequestView>>> {
    let page = store::list(app.db.read(), actor.scope(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, actor.principal(), rows).await);
    Ok(Json(shown.await?))
}

/// One request.
#[utoipa::path(
    get, path = "/api/v1/export-requests/{id}", tag = "exports", operation_id = "get_export_request",
    params(("id" = Uuid, Path)), responses((status = 200, body = ExportRequestView), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewExports>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ExportRequestView>> {
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    Ok(Json(view(&app, actor.principal(), row).await?))
}

/// What somebody wants to take out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExportRequest {
    /// The address of the export with its filter: `/api/v1/work-orders/export?platform=12345`.
    target: String,
    /// Why.
    reason: String,
    /// Rows at most, 1 to 20,000.
    rows: u64,
    /// Until when it is to be used, a month ahead at most.
    until: DateTime<Utc>,
}

/// Asks for an export of more rows than may leave unasked. Good for this person, this filter, and once.
#[utoipa::path(
    post, path = "/api/v1/export-requests", tag = "exports", operation_id = "ask_export", request_body = NewExportRequest,
    responses((status = 201, body = ExportRequestView), (status = 422, body = Problem)),
)]
async fn ask(
    actor: Actor<AskExports>,
    State(app): State<App>,
    Json(new): Json<NewExportRequest>,
) -> Result<(StatusCode, Json<ExportRequestView>)> {
    let now = app.clock.now();
    let reason = needed("reason", &new.reason)?;
    let target = Target::parse(&new.target)?;
    if !(1..=MOST_ROWS).contains(&new.rows) {
        return Err(invalid("rows", "bound_out_of_range", "1 to 20,000 rows"));
    }
    if new.until <= now {
        return Err(invalid("until", "date_in_past", "it is to be used later"));
    }
    if new.until > now + LONGEST {
        return Err(invalid("until", "date_too_far", "a month ahead at most"));
    }
    let rows = new.rows;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (asked_by, until) = (actor.user_id(), new.until);
    let row = db
        .write(move |tx| async move {
            let id = app.ids.next();
            let made = row::Model {
                id,
                number: numbers::next_of_day(&*tx, "DS-", now).await?,
                kind: target.kind.as_str().to_owned(),
                target: masked(&target.address),
                target_sealed: Some(app.key.seal(&app.ids, &store::label(id), &target.address)?),
                reason,
                row_limit: i64::try_from(rows).map_err(internal)?,
                until_at: until,
                state: String::new(),
                open: true,
                next_alarm_at: None,
                asked_by,
                asked_at: now,
                decided_by: None,
                decided_at: None,
                note: None,
                used_at: None,
                updated_at: now,
                version: 1,
            }
            .with_case(&Case::asked(rows, until));
            versioned::insert(&*tx, &made).await?;
            told::tell(&app, &tx, &who, &made, "asked").await?;
            Ok(made)
        })
        .await?;
    let shown = view(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// A decision on a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportRequestDecision {
    /// The version that was read.
    version: i64,
    /// Yes or no.
    approve: bool,
    /// Why; needed with a no.
    #[serde(default)]
    note: String,
}

/// Approves or declines what somebody else asked for.
#[utoipa::path(
    post, path = "/api/v1/export-requests/{id}/decide", tag = "exports", operation_id = "decide_export_request",
    params(("id" = Uuid, Path)), request_body = ExportRequestDecision,
    responses(
        (status = 200, body = ExportRequestView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
async fn decide(
    actor: Actor<DecideExports>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decision): Json<ExportRequestDecision>,
) -> Result<Json<ExportRequestView>> {
    let note = if decision.approve {
        checked("note", &decision.note)?
    } else {
        needed("note", &decision.note)?
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (me, scope) = (actor.user_id(), actor.scope().clone());
    let row = db
        .write(move |tx| async move {
            let found = store::get(&*tx, &scope, id).await?;
            let before = versioned::as_read(found, decision.version)?;
            let own = before.asked_by == me;
            let step = if decision.approve {
                (&Action::Approve { own }, "approved")
            } else {
                (&Action::Decline { own }, "declined")
            };
            let now = app.clock.now();
            store::act(&app, &tx, &who, &before, step, |after| {
                after.decided_by = Some(me);
                after.decided_at = Some(now);
                after.note = Some(note).filter(|note| !note.is_empty());
            })
            .await
        })
        .await?;
    Ok(Json(view(&done, actor.principal(), row).await?))
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportWithdrawal {
    /// The version that was read.
    version: i64,
}

/// Takes one's own request back.
#[utoipa::path(
    post, path = "/api/v1/export-requests/{id}/withdraw", tag = "exports", operation_id = "withdraw_export",
    params(("id" = Uuid, Path)), request_body = ExportWithdrawal,
    responses((status = 200, body = ExportRequestView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn withdraw(
    actor: Actor<AskExports>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<ExportWithdrawal>,
) -> Result<Json<ExportRequestView>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (me, scope) = (actor.user_id(), actor.scope().clone());
    let row = db
        .write(move |tx| async move {
            let found = store::get(&*tx, &scope, id).await?;
            let before = versioned::as_read(found, said.version)?;
            let own = before.asked_by == me;
            let step = (&Action::Withdraw { own }, "withdrawn");
            store::act(&app, &tx, &who, &before, step, |_| {}).await
        })
        .await?;
    Ok(Json(view(&done, actor.principal(), row).await?))
}

/// A file that left.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenFile {
    /// Identifies it.
    pub id: Uuid,
    /// `DC-20261126-001`; it stands on every page of the file.
    pub number: String,
    /// What was exported.
    #[schema(value_type = ExportKind)]
    pub kind: String,
    /// The address of the export with its filter.
    pub target: String,
    /// Rows.
    pub rows: i64,
    /// Size.
    pub bytes: i64,
    /// SHA-256 of the file in hex.
    pub sha256: String,
    /// The line on its pages.
    pub mark: String,
    /// The request it passed with.
    pub request_id: Option<Uuid>,
    /// Who took it.
    pub taken_by: Option<Colleague>,
    /// When.
    pub taken_at: DateTime<Utc>,
}

/// Every file that left, the newest first; `q` finds a number or the digest of a file that was found outside.
#[utoipa::path(
    get, path = "/api/v1/export-log", tag = "exports", operation_id = "list_export_log",
    params(ListQuery, ExportFilter), responses((status = 200, body = Page<TakenFile>)),
)]
async fn taken(
    actor: Actor<ViewExports>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<ExportFilter>,
) -> Result<Json<Page<TakenFile>>> {
    let page = store::taken(app.db.read(), actor.scope(), &query, &filter).await?;
    let shown = page.shown(async |rows: Vec<export::Model>| {
        let known = colleagues(app.db.read(), rows.iter().map(|row| row.taken_by)).await?;
        let views = rows.into_iter().map(|row| TakenFile {
            id: row.id,
            number: row.number,
            kind: row.kind,
            target: row.target,
            rows: row.row_count,
            bytes: row.bytes,
            sha256: row.sha256,
            mark: row.mark,
            request_id: row.request_id,
            taken_by: known.get(&row.taken_by).cloned(),
            taken_at: row.taken_at,
        });
        Ok(views.collect())
    });
    Ok(Json(shown.await?))
}
