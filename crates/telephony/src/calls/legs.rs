//! How the legs of a call were heard: written at its end, shown on its page.

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result};
use kernel::{Actor, App, Scope};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::leg;
use super::store;
use crate::media::quality::STRETCH;
use crate::media::{Codec, Heard, Rating, Side};
use crate::{Telephony, ViewCalls};

/// Legs that are read at most; a call writes no more.
const LEGS: u64 = 64;

/// What a side is called on the wire.
pub(crate) fn code_of(side: Side) -> &'static str {
    match side {
        Side::Requester => "requester",
        Side::Agent => "agent",
        Side::Third => "third",
        Side::Supervisor => "supervisor",
    }
}

/// The rows of what was heard.
pub(crate) fn rows(app: &App, call: Uuid, heard: &[Heard]) -> Vec<leg::Model> {
    let (instant, now) = (crate::media::now(), app.clock.now());
    let row = |heard: &Heard| {
        let ago = instant.saturating_duration_since(heard.began);
        let stretches: Vec<_> = heard
            .stretches
            .iter()
            .map(|one| json!([one.received, one.lost, one.jitter_us]))
            .collect();
        leg::Model {
            id: app.ids.next(),
            call_id: call,
            side: code_of(heard.side).to_owned(),
            web: heard.web,
            codec: heard.codec.map(name_of).map(str::to_owned),
            began_at: now - TimeDelta::from_std(ago).unwrap_or_default(),
            lasted_ms: heard.lasted.as_millis() as i64,
            received: heard.received as i64,
            lost: heard.lost as i64,
            jitter_us: heard.mean_jitter_us().into(),
            most_jitter_us: heard.most_jitter_us.into(),
            gap_ms: heard.largest_gap.as_millis() as i64,
            mos_hundredths: heard.mos().map(|mos| (mos * 100.0).round() as i64),
            stretches: stretches.into(),
        }
    };
    heard.iter().map(row).collect()
}

fn name_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
        Codec::G722 => "G722",
    }
}

/// The legs of a call whose record the actor may see, in order.
pub async fn of_call(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    call: Uuid,
) -> Result<Vec<leg::Model>> {
    store::get(conn, scope, call).await?;
    let rows = leg::Entity::find()
        .filter(leg::Column::CallId.eq(call))
        .order_by_asc(leg::Column::BeganAt)
        .order_by_asc(leg::Column::Id)
        .limit(LEGS)
        .all(conn)
        .await?;
    Ok(rows)
}

/// Ten seconds of a leg.
#[derive(Debug, Serialize, ToSchema)]
pub struct StretchView {
    /// Seconds since the leg began.
    pub at_s: u64,
    /// Packets that came.
    pub received: u64,
    /// Packets missing, in percent of those that should have come.
    pub loss_percent: f64,
    /// The largest jitter in milliseconds.
    pub jitter_ms: f64,
}

/// How one leg was heard.
#[derive(Debug, Serialize, ToSchema)]
pub struct LegView {
    /// `requester`, `agent`, `third` or `supervisor`.
    pub side: String,
    /// A browser; else a telephone or a trunk.
    pub web: bool,
    /// `PCMA`, `PCMU` or `G722`.
    pub codec: Option<String>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// How long it was, in milliseconds.
    pub lasted_ms: i64,
    /// Packets that came.
    pub received: i64,
    /// Packets missing (RFC 3550).
    pub lost: i64,
    /// The same in percent of those that should have come.
    pub loss_percent: f64,
    /// Mean jitter in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// The largest it was.
    pub most_jitter_ms: f64,
    /// The longest time without a packet, in milliseconds.
    pub gap_ms: i64,
    /// What a listener would have given it, 1 to 4.5 (ITU-T G.107); null when nothing was heard.
    pub mos: Option<f64>,
    /// The same as a word; `poor` when nothing was heard.
    pub rating: Rating,
    /// Each ten seconds.
    pub stretches: Vec<StretchView>,
}

/// How the legs of a call were heard.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallLegs {
    /// In the order in which they began; empty while the call runs.
    pub items: Vec<LegView>,
}

fn percent(lost: u64, received: u64) -> f64 {
    let expected = lost + received;
    if expected == 0 {
        return 0.0;
    }
    (lost as f64 * 10_000.0 / expected as f64).round() / 100.0
}

fn milliseconds(us: i64) -> f64 {
    (us as f64 / 10.0).round() / 100.0
}

impl From<leg::Model> for LegView {
    fn from(row: leg::Model) -> Self {
        let mos = row.mos_hundredths.map(|mos| mos as f64 / 100.0);
        let stretches: Vec<(u64, u64, i64)> =
            serde_json::from_value(row.stretches).unwrap_or_default();
        let stretches = stretches.into_iter().zip(0..);
        Self {
            loss_percent: percent(row.lost.unsigned_abs(), row.received.unsigned_abs()),
            jitter_ms: milliseconds(row.jitter_us),
            most_jitter_ms: milliseconds(row.most_jitter_us),
            rating: mos.map_or(Rating::Poor, Rating::of),
            mos,
            stretches: stretches
                .map(|((received, lost, jitter), n)| StretchView {
                    at_s: n * STRETCH.as_secs(),
                    received,
                    loss_percent: percent(lost, received),
                    jitter_ms: milliseconds(jitter),
                })
                .collect(),
            side: row.side,
            web: row.web,
            codec: row.codec,
            began_at: row.began_at,
            lasted_ms: row.lasted_ms,
            received: row.received,
            lost: row.lost,
            gap_ms: row.gap_ms,
        }
    }
}

/// How each leg of a call was heard: loss, jitter, gaps, and an estimated mean opinion score.
#[utoipa::path(
    get, path = "/api/v1/calls/{id}/legs", tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CallLegs), (status = 404, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<ViewCalls>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<Json<CallLegs>> {
    let rows = of_call(telephony.app().db.read(), actor.scope(), id).await?;
    let items = rows.into_iter().map(LegView::from).collect();
    Ok(Json(CallLegs { items }))
}
