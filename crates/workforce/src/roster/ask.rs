//! What a planner asks before he acts: one more away, why not this shift, how to repair a sick call.

use std::collections::BTreeSet;

use axum::extract::State;
use chrono::NaiveDate;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, Role, day};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::book::Part;
use super::http::CellChange;
use super::store::{self, row};
use super::view::{Finding, findings};
use super::{Book, Month};
use crate::rights::PlanRoster;
use crate::shift::repair::repair;
use crate::shift::{Planned, what_if, why_not};

/// People and days that may be away in one question.
const MOST_AWAY: usize = 200;

/// The routes of questions.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(one_more_away))
        .routes(routes!(why_not_this))
        .routes(routes!(mend))
        .with_state(app.clone())
}

/// Somebody on a day.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AwayDay {
    /// The day.
    day: NaiveDate,
    /// Who.
    user_id: Uuid,
}

/// Who might be away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WhatIf {
    /// 1 to 200 people and days of the month.
    away: Vec<AwayDay>,
}

/// What would break.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterFindings {
    /// Only what is not broken already.
    pub items: Vec<Finding>,
}

/// What would break if these people were away as well (再少一人会怎样).
#[utoipa::path(
    post, path = "/api/v1/rosters/{month}/what-if", tag = "workforce", operation_id = "roster_what_if",
    params(("month" = String, Path)), request_body = WhatIf,
    responses((status = 200, body = RosterFindings), (status = 422, body = Problem)),
)]
async fn one_more_away(
    _actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(asked): Json<WhatIf>,
) -> Result<Json<RosterFindings>> {
    let month = Month::parse(&month, day::today(&app))?;
    let gone: BTreeSet<(NaiveDate, Uuid)> = asked
        .away
        .iter()
        .map(|one| (one.day, one.user_id))
        .collect();
    must_be_of(month, &gone)?;
    let book = Book::of(app.db.read(), &Part::month(month), app.clock.now()).await?;
    let gone: Vec<(NaiveDate, Uuid)> = gone.into_iter().collect();
    let broken = what_if(&book.roster, &book.away, &gone, book.by());
    Ok(Json(RosterFindings {
        items: findings(&broken),
    }))
}

fn must_be_of(month: Month, gone: &BTreeSet<(NaiveDate, Uuid)>) -> Result<()> {
    if !(1..=MOST_AWAY).contains(&gone.len()) {
        return Err(invalid("away", "away_invalid", "1 to 200 people and days"));
    }
    if !gone.iter().all(|(on, _)| month.has(*on)) {
        let detail = format!("a day of {}", month.text());
        return Err(invalid("away", "cell_of_other_month", detail));
    }
    Ok(())
}

/// Which cell is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OneCell {
    /// The day.
    day: NaiveDate,
    /// Who.
    user_id: Uuid,
}

/// Whether a shift may be given.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhyNot {
    /// Which shift.
    pub shift_id: String,
    /// It breaks no rule.
    pub may: bool,
    /// What it would break.
    pub findings: Vec<Finding>,
}

/// Every shift that may be given.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhyNots {
    /// By their codes.
    pub items: Vec<WhyNot>,
}

/// Which shifts somebody may take on a day, and why not the others (为何不可排).
#[utoipa::path(
    get, path = "/api/v1/rosters/{month}/why-not", tag = "workforce", operation_id = "roster_why_not",
    params(("month" = String, Path), OneCell),
    responses((status = 200, body = WhyNots), (status = 422, body = Problem)),
)]
async fn why_not_this(
    _actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Query(asked): Query<OneCell>,
) -> Result<Json<WhyNots>> {
    let month = Month::parse(&month, day::today(&app))?;
    let cell = (asked.day, asked.user_id);
    must_be_of(month, &BTreeSet::from([cell]))?;
    let part = Part {
        cells: vec![cell],
        between: (asked.day, asked.day),
        draft: Some(month),
    };
    let book = Book::of(app.db.read(), &part, app.clock.now()).await?;
    let items = book.active().into_iter().map(|shift| {
        let broken = why_not(&book.roster, cell, &shift, &book.away, book.by());
        WhyNot {
            may: !broken.iter().any(|one| one.rule.is_hard()),
            findings: findings(&broken),
            shift_id: shift.code,
        }
    });
    Ok(Json(WhyNots {
        items: items.collect(),
    }))
}

/// Somebody who is away from one day to another.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AwayFrom {
    /// Who.
    user_id: Uuid,
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
}

/// Who is away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MendRoster {
    /// People and their days of the month, together at most 200 days.
    away: Vec<AwayFrom>,
}

/// What is proposed; nothing is changed yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct RosterRepair {
    /// The version of the roster it was made for.
    pub version: i64,
    /// As few cells as possible, those of who is away among them; the cells' door takes them.
    pub changes: Vec<CellChange>,
    /// What is broken then.
    pub left: Vec<Finding>,
}

/// Proposes how to go on when people are away at once (临时缺勤补位): as few cells change as possible, no hard rule breaks.
#[utoipa::path(
    post, path = "/api/v1/rosters/{month}/repair", tag = "workforce", operation_id = "repair_roster",
    params(("month" = String, Path)), request_body = MendRoster,
    responses((status = 200, body = RosterRepair), (status = 422, body = Problem)),
)]
async fn mend(
    _actor: Actor<PlanRoster>,
    State(app): State<App>,
    Path(month): Path<String>,
    Json(asked): Json<MendRoster>,
) -> Result<Json<RosterRepair>> {
    let month = Month::parse(&month, day::today(&app))?;
    let mut gone = BTreeSet::new();
    for one in &asked.away {
        let days = one.from.iter_days().take_while(|on| *on <= one.to);
        gone.extend(days.take(MOST_AWAY + 1).map(|on| (on, one.user_id)));
    }
    must_be_of(month, &gone)?;
    let conn = app.db.read();
    let found = store::month(conn, month).await?;
    let row = found.unwrap_or_else(|| row::Model::unbegun(&app, month));
    let book = Book::of(conn, &Part::month(month), app.clock.now()).await?;
    let agents = organization::colleagues::holders(conn, Role::Agent).await?;
    let agents: Vec<Uuid> = agents.into_iter().map(|agent| agent.id).collect();
    let gone: Vec<(NaiveDate, Uuid)> = gone.into_iter().collect();
    let work = move || {
        let shifts = book.active();
        let by = (agents.as_slice(), shifts.as_slice());
        repair(&book.roster, &gone, by, &book.away, book.by())
    };
    // Many people and days are a second of counting.
    let found = tokio::task::spawn_blocking(work)
        .await
        .map_err(kernel::problem::internal)?;
    let change = |((day, user_id), shift): Planned| CellChange {
        day,
        user_id,
        shift_id: shift.map(|shift| shift.code),
    };
    Ok(Json(RosterRepair {
        version: row.version,
        changes: found.changes.into_iter().map(change).collect(),
        left: findings(&found.left),
    }))
}
