//! Adherence over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::Json;
use kernel::problem::Result;
use kernel::{Actor, day};
use organization::Colleague;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::hours::{self, HoursSource};
use super::{AdherenceDeviation, AdherenceDoing, AdherenceDuty, Stretch, stand};
use crate::rights::ViewAdherence;
use crate::site::{Desk, midnight};
use crate::terms;

/// The routes of adherence.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .with_state(desk.clone())
}

/// How one person stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdherenceLine {
    /// Who.
    pub user: Colleague,
    /// What he should be doing.
    pub duty: AdherenceDuty,
    /// When that changes today.
    pub duty_until: Option<DateTime<Utc>>,
    /// What he does.
    pub doing: AdherenceDoing,
    /// Since when.
    pub doing_since: Option<DateTime<Utc>>,
    /// How the two differ.
    pub deviation: Option<AdherenceDeviation>,
    /// For how many minutes: below nothing where he does less than agreed, above it where he does more.
    pub deviation_minutes: i64,
    /// It lasts longer than the agreed grace.
    pub noticeable: bool,
    /// Minutes of his hours that are over.
    pub planned_minutes: i64,
    /// Of them those in which he worked.
    pub kept_minutes: i64,
    /// The share in basis points; null before his hours begin.
    pub adherence_bp: Option<i64>,
}

/// Adherence of everybody today.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdherenceBoard {
    /// Today.
    pub day: NaiveDate,
    /// `roster`, or `service_hours` of who holds a post where the month has no published roster.
    pub source: HoursSource,
    /// The share of everybody's hours so far in basis points.
    pub adherence_bp: Option<i64>,
    /// How many deviate for longer than the grace.
    pub noticeable: usize,
    /// Who deviates first, the longest first.
    pub items: Vec<AdherenceLine>,
}

/// Who is where he should be now (遵时), by roster and floor.
#[utoipa::path(
    get, path = "/api/v1/adherence", tag = "workforce", operation_id = "get_adherence",
    responses((status = 200, body = AdherenceBoard)),
)]
async fn show(
    _actor: Actor<ViewAdherence>,
    State(desk): State<Desk>,
) -> Result<Json<AdherenceBoard>> {
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let today = day::today(&desk.app);
    let planned = hours::of(&desk, today).await?;
    let mut stretches: BTreeMap<Uuid, Vec<Stretch>> = BTreeMap::new();
    for one in desk.site.stretches(midnight(today), now).await? {
        stretches.entry(one.user_id).or_default().push(one);
    }
    let everybody: BTreeSet<Uuid> = planned
        .hours
        .keys()
        .chain(stretches.keys())
        .copied()
        .collect();
    let people = organization::colleagues(conn, everybody).await?;
    let grace = i64::from(terms::in_force(conn, now).await?.late_grace_minutes);
    let mut items = Vec::new();
    for (user, person) in people {
        let hours = planned.hours.get(&user).map_or(&[][..], Vec::as_slice);
        let did = stretches.get(&user).map_or(&[][..], Vec::as_slice);
        let standing = stand(hours, did, now);
        let (deviation, minutes) = standing.deviation.unzip();
        let minutes = minutes.unwrap_or_default();
        items.push(AdherenceLine {
            user: person,
            duty: standing.duty,
            duty_until: standing.duty_until,
            doing: standing.doing,
            doing_since: standing.doing_since,
            deviation,
            deviation_minutes: minutes * deviation.map_or(0, AdherenceDeviation::sign),
            noticeable: minutes > grace,
            planned_minutes: standing.planned_minutes,
            kept_minutes: standing.kept_minutes,
            adherence_bp: standing.adherence_bp(),
        });
    }
    items.sort_by(|a, b| {
        let far = |one: &AdherenceLine| (!one.noticeable, -one.deviation_minutes.abs());
        (far(a), &a.user.staff_no).cmp(&(far(b), &b.user.staff_no))
    });
    let hours: i64 = items.iter().map(|one| one.planned_minutes).sum();
    let kept: i64 = items.iter().map(|one| one.kept_minutes).sum();
    Ok(Json(AdherenceBoard {
        day: today,
        source: planned.source,
        adherence_bp: (hours > 0).then(|| kept * 10_000 / hours),
        noticeable: items.iter().filter(|one| one.noticeable).count(),
        items,
    }))
}
