//! One list of everything that waits for the one who asks: the purchaser's inbox, and each home page's first lines.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::Json;
use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{Actor, App, Result};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

kernel::permissions! {
    /// See what waits for one's decision, each kind by the right to decide on it.
    pub ViewWaiting = "waiting:view" {
        Agent: Own, ShiftLead: Own, OpsManager: Own, Trainer: Own, HrCompliance: Own, Liaison: Own, Counterpart: Own,
        PurchaserAdmin: Own, PurchaserBusiness: Own, PurchaserReviewer: Own,
    }
}

/// How much of one kind waits.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct WaitingCount {
    /// `article_change`
    pub kind: String,
    /// How many wait.
    pub count: usize,
    /// How many of them were due before now.
    pub overdue: usize,
    /// There are more than are told.
    pub capped: bool,
}

/// What waits for the one who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingList {
    /// What is due first stands first; what has no clock follows, the longest waiting first.
    pub items: Vec<Waiting>,
    /// Each kind of which something waits.
    pub kinds: Vec<WaitingCount>,
}

#[derive(Clone)]
struct House {
    app: App,
    kinds: Vec<WaitingKind>,
}

/// The list of everything that waits.
pub(crate) fn routes(app: &App, kinds: Vec<WaitingKind>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(House {
            app: app.clone(),
            kinds,
        })
}

/// Everything that waits for the decision of the one who asks.
#[utoipa::path(get, path = "/api/v1/waiting", tag = "waiting", operation_id = "list_waiting", responses((status = 200, body = WaitingList)))]
async fn list(actor: Actor<ViewWaiting>, State(house): State<House>) -> Result<Json<WaitingList>> {
    let asked = house.kinds.iter();
    let told = asked.map(|kind| (kind.tell)(actor.principal().clone()));
    let told: Vec<Vec<Waiting>> = futures::future::try_join_all(told).await?;
    let items: Vec<Waiting> = told.into_iter().flatten().collect();
    Ok(Json(in_order(items, house.app.clock.now())))
}

fn in_order(mut items: Vec<Waiting>, now: DateTime<Utc>) -> WaitingList {
    items.sort_by_key(|one| (one.due_at.is_none(), one.due_at, one.since));
    let mut kinds: BTreeMap<&str, WaitingCount> = BTreeMap::new();
    for one in &items {
        let count = kinds.entry(one.kind).or_default();
        one.kind.clone_into(&mut count.kind);
        count.count += 1;
        count.overdue += usize::from(one.due_at.is_some_and(|due| due < now));
        count.capped = count.count as u64 >= MOST;
    }
    WaitingList {
        kinds: kinds.into_values().collect(),
        items,
    }
}
