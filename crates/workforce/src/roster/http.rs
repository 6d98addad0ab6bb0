//! Rosters over HTTP: the month, its cells, publishing, what changed afterwards.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::needed;
use kernel::{Actor, App, Role, Tx, day, versioned};
use organization::Colleague;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::book::Part;
use super::edit::{self, Cell, Why, must_hold};
use super::store::{self, change, row};
use super::view::{RosterDetail, RosterView, detail, view};
use super::{Book, Month, RosterCause, RosterState};
use crate::rights::{PlanRoster, ViewRoster};
use crate::shift::Planned;

/// Months of one list, the newest first.
const SHOWN: u64 = 36;
/// Cells that change at once.
const MOST_CHANGES: usize = 2_000;

/// The routes of rosters.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(put))
        .routes(routes!(publish))
        .routes(routes!(changes))
        .with_state(app.clone())
}

/// Rosters.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterList {
    /// The newest month first, at most 36.
    pub items: Vec<RosterView>,
}

/// The months that have a roster, the newest first.
#[utoipa::path(
    get, path = "/api/v1/rosters", tag = "workforce", operation_id = "list_rosters",
    responses((status = 200, body = RosterList)),
)]
async fn list(_actor: Actor<ViewRoster>, State(app): State<App>) -> Result<Json<RosterList>> {
    let rows = row::Entity::find()
        .order_by_desc(row::Column::Month)
        .limit(SHOWN)
        .all(app.db.read())
        .await?;
    let items = rows.iter().map(view).collect::<Result<_>>()?;
    Ok(Json(RosterList { items }))
}

/// The roster of a month with what is found in it. Of a draft, who does not plan sees neither.
#[utoipa::path(
    get, path = "/api/v1/rosters/{month}", tag = "workforce", operation_id = "get_roster",
    params(("month" = String, Path, description = "`2026-09`")),
    responses((status = 200, body = RosterDetail), (status = 422, body = Problem)),
)]
async fn show(
    actor: Actor<ViewRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
) -> Result<Json<RosterDetail>> {
    let month = Month::parse(&month, day::today(&app))?;
    Ok(Json(detail(&app, actor.principal(), month).await?))
}

/// A cell as it is to be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CellChange {
    /// The day.
    pub day: NaiveDate,
    /// Who.
    pub user_id: Uuid,
    /// Which shift; null takes the one there away.
    pub shift_id: Option<String>,
}

/// What changes at once: moving a shift is two changes, copying it one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditRoster {
    /// The version that was read; 0 for a month nobody began.
    version: i64,
    /// 1 to 2,000 cells of the month, each once.
    changes: Vec<CellChange>,
    /// Why; needed once the roster is published.
    reason: Option<String>,
    /// Why it is done although somebody is missing then.
    despite: Option<String>,
}

/// The changes, each of the month and once, with shifts that may be given to agents in service.
async fn checked(tx: &Tx, month: Month, changes: Vec<CellChange>) -> Result<Vec<Cell>> {
    let mut seen = BTreeSet::new();
    let once = changes
        .iter()
        .all(|one| seen.insert((one.day, one.user_id)));
    if !once || !(1..=MOST_CHANGES).contains(&changes.len()) {
        return Err(invalid(
            "changes",
            "cells_invalid",
            "1 to 2,000 cells, each once",
        ));
    }
    if !changes.iter().all(|one| month.has(one.day)) {
        let detail = format!("a day of {}", month.text());
        return Err(invalid("changes", "cell_of_other_month", detail));
    }
    let shifts = super::template::all(&**tx).await?;
    let agents = organization::colleagues::holders(&**tx, Role::Agent).await?;
    let agents: BTreeSet<Uuid> = agents.into_iter().map(|agent| agent.id).collect();
    for one in &changes {
        let Some(shift) = &one.shift_id else { continue };
        if shifts.get(shift).is_none_or(|shift| shift.archived) {
            let detail = format!("no shift `{shift}` may be given");
            return Err(invalid("changes", "shift_unknown", detail));
        }
        if !agents.contains(&one.user_id) {
            return Err(invalid(
                "changes",
                "user_unknown",
                "an agent in service is named",
            ));
        }
    }
    let cell = |one: CellChange| ((one.day, one.user_id), one.shift_id);
    Ok(changes.into_iter().map(cell).collect())
}

/// Changes cells of a month (排班). A draft takes what one likes and tells what is found; after publishing a reason is
/// needed, a rule is not broken, the change is a new row and the persons concerned are told.
#[utoipa::path(
    put, path = "/api/v1/rosters/{month}/cells", tag = "workforce", operation_id = "edit_roster",
    params(("month" = String, Path)), request_body = EditRoster,
    responses((status = 200, body = RosterDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn put(
    actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(asked): Json<EditRoster>,
) -> Result<Json<RosterDetail>> {
    let month = Month::parse(&month, day::today(&app))?;
    let text = |field, text: Option<String>| text.map(|text| needed(field, &text)).transpose();
    let (reason, despite) = (
        text("reason", asked.reason)?,
        text("despite", asked.despite)?,
    );
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = current(&app, &tx, month, asked.version).await?;
        let cells = checked(&tx, month, asked.changes).await?;
        let mut reason = reason;
        if before.is_published() {
            needed("reason", reason.as_deref().unwrap_or_default())?;
            let today = day::today(&app);
            if cells.iter().any(|((on, _), _)| *on < today) {
                return Err(
                    refused("roster_day_over", "a day that is over stays as it was").with_way_out(
                        "what was worked otherwise stands in the attendance of the day",
                    ),
                );
            }
            let keys = cells.iter().map(|(key, _)| *key).collect();
            let part = Part::cells(keys).ok_or_else(|| internal("no cell"))?;
            let book = Book::of(&*tx, &part, app.clock.now()).await?;
            let (_, broken) = book.with(&shapes(&book, &cells)?);
            must_hold(&broken, despite.as_deref())?;
            if let (false, Some(despite)) = (broken.is_empty(), &despite) {
                reason = reason.map(|reason| format!("{reason}；{despite}"));
            }
        }
        let why = Why {
            cause: RosterCause::Edit,
            of: None,
            reason,
        };
        edit::write((&app, &tx, &who), &before, &cells, &why).await?;
        Ok(())
    })
    .await?;
    Ok(Json(detail(&done, actor.principal(), month).await?))
}

/// The cells with the shapes of their shifts.
pub(crate) fn shapes(book: &Book, cells: &[Cell]) -> Result<Vec<Planned>> {
    let shape = |code: &String| {
        let shift = book.shifts.get(code);
        shift
            .map(|shift| shift.shape.clone())
            .ok_or_else(|| internal(format!("no shift `{code}`")))
    };
    cells
        .iter()
        .map(|(key, code)| Ok((*key, code.as_ref().map(shape).transpose()?)))
        .collect()
}

/// The roster of a month as it was read, or one that begins now.
pub(crate) async fn current(app: &App, tx: &Tx, month: Month, version: i64) -> Result<row::Model> {
    let found = store::month(&**tx, month).await?;
    let row = found.unwrap_or_else(|| row::Model::unbegun(app, month));
    versioned::as_read(row, version)
}

/// Who publishes what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublishRoster {
    /// The version that was read.
    version: i64,
    /// Why it is published although somebody is missing.
    despite: Option<String>,
}

/// Publishes the roster of a month (发布). What breaks a rule is refused with what; where somebody is missing it is said
/// why. From then on agents see it, and each change is a row with a reason.
#[utoipa::path(
    post, path = "/api/v1/rosters/{month}/publish", tag = "workforce", operation_id = "publish_roster",
    params(("month" = String, Path)), request_body = PublishRoster,
    responses((status = 200, body = RosterDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn publish(
    actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(asked): Json<PublishRoster>,
) -> Result<Json<RosterDetail>> {
    let month = Month::parse(&month, day::today(&app))?;
    let despite = asked
        .despite
        .map(|text| needed("despite", &text))
        .transpose()?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let before = current(&app, &tx, month, asked.version).await?;
        if before.is_published() {
            return Err(refused("roster_published", "this roster is published")
                .with_way_out("change its cells, with a reason"));
        }
        let book = Book::of(&*tx, &Part::month(month), app.clock.now()).await?;
        let cells: BTreeMap<(NaiveDate, Uuid), String> = book
            .roster
            .iter()
            .filter(|((on, _), _)| month.has(*on))
            .map(|(key, shift)| (*key, shift.code.clone()))
            .collect();
        if cells.is_empty() {
            return Err(refused("roster_empty", "nobody is planned in this month"));
        }
        let broken = book.check((month.first(), month.last()));
        must_hold(&broken, despite.as_deref())?;
        let mut after = before.clone();
        RosterState::Published.as_str().clone_into(&mut after.state);
        after.revision = 1;
        after.despite = despite.filter(|_| !broken.is_empty());
        after.published_by = who.user_id;
        after.published_at = Some(app.clock.now());
        let why = Why {
            cause: RosterCause::Published,
            of: None,
            reason: after.despite.clone(),
        };
        let people: BTreeSet<Uuid> = cells.keys().map(|(_, user)| *user).collect();
        let rows = cells.into_iter();
        let rows = rows.map(|(key, code)| (key, None, Some(code))).collect();
        edit::record((&app, &tx, &who), (&after.month, 1), rows, &why).await?;
        let after = edit::save(&app, &tx, &before, after).await?;
        let facts = json!({ "recipients": people, "short": broken.len() });
        edit::tell((&app, &tx, &who), &after, "published", facts).await
    })
    .await?;
    Ok(Json(detail(&done, actor.principal(), month).await?))
}

/// A cell as it was published, or changed afterwards.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterChange {
    /// The row.
    pub id: Uuid,
    /// 1 as it was published, then one more with each change.
    pub revision: i64,
    /// The day.
    pub day: NaiveDate,
    /// Who.
    pub user: Option<Colleague>,
    /// The shift before.
    pub before_shift_id: Option<String>,
    /// The shift since then; null where it was taken away.
    pub shift_id: Option<String>,
    /// `published`, `edit`, `swap` or `leave`.
    pub cause: String,
    /// Why.
    pub reason: Option<String>,
    /// Who changed it.
    pub by: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was published of a month and what changed afterwards, the newest first.
#[utoipa::path(
    get, path = "/api/v1/rosters/{month}/changes", tag = "workforce", operation_id = "list_roster_changes",
    params(("month" = String, Path), ListQuery), responses((status = 200, body = Page<RosterChange>)),
)]
async fn changes(
    _actor: Actor<ViewRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<RosterChange>>> {
    let month = Month::parse(&month, day::today(&app))?;
    let conn = app.db.read();
    let select = change::Entity::find().filter(change::Column::Month.eq(month.text()));
    let sortable = [("written_at", change::Column::WrittenAt)];
    let page = paginate(conn, select, &query, &sortable, change::Column::Id).await?;
    let shown = page.shown(async |rows| {
        let writers = rows.iter().filter_map(|row| row.written_by);
        let users = rows.iter().map(|row| row.user_id).chain(writers);
        let people = organization::colleagues(conn, users).await?;
        let shown = rows.into_iter().map(|row| {
            Ok(RosterChange {
                id: row.id,
                revision: row.revision,
                day: day::read(&row.on_day)?,
                user: people.get(&row.user_id).cloned(),
                before_shift_id: row.before_shift_id,
                shift_id: row.shift_id,
                cause: row.cause,
                reason: row.reason,
                by: row.written_by.and_then(|id| people.get(&id).cloned()),
                at: row.written_at,
            })
        });
        shown.collect()
    });
    Ok(Json(shown.await?))
}
