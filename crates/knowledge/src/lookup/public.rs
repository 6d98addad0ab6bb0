//! What the public may look up: shown rows, and of them only the fields that the purchaser has marked. Nobody is
//! signed in here.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use chrono::TimeDelta;
use kernel::App;
use kernel::http::{Json, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result};
use kernel::rate::Rate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Filter, row};
use super::{ExamPlan, Facts, LookupWindow, TitleBatch};

/// Questions from one address within the window; more have to wait.
const QUESTIONS: usize = 120;
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// What the public routes share.
#[derive(Clone)]
struct Desk {
    app: App,
    asked: Rate<IpAddr>,
}

impl Desk {
    /// Counts a question of this address; 429 when there were too many.
    fn admit(&self, peer: Option<IpAddr>) -> Result<()> {
        peer.map_or(Ok(()), |peer| self.asked.admit(peer, self.app.clock.now()))
    }
}

/// The public routes: no handler of them has an actor.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(exam_plans))
        .routes(routes!(title_batches))
        .with_state(Desk {
            app: app.clone(),
            asked: Rate::new(QUESTIONS, WINDOW),
        })
}

/// A row as the public sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicLookup {
    /// Names it for good.
    pub code: String,
    /// The year it is valid for.
    pub year: i32,
    /// What it is called.
    pub name: String,
    /// The fields that are for the public, by their names.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    /// What is coming, open and over now.
    pub windows: Vec<LookupWindow>,
}

/// What the public may narrow a table to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PublicFilter {
    /// Only those of this year.
    year: Option<i32>,
}

async fn shown<F: Facts>(
    desk: &Desk,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    query: &ListQuery,
    filter: &PublicFilter,
) -> Result<Json<Page<PublicLookup>>> {
    desk.admit(peer.map(|Extension(peer)| peer.0.ip()))?;
    let now = desk.app.clock.now();
    let filter = Filter {
        year: filter.year,
        active: Some(true),
    };
    let page = store::list(desk.app.db.read(), F::KIND, query, &filter).await?;
    let view = |row: row::Model| {
        let entry = row.entry::<F>()?;
        Ok(PublicLookup {
            fields: entry.shown(Some(&entry.public))?,
            windows: entry.windows(now, Some(&entry.public))?,
            code: entry.code,
            year: entry.year,
            name: entry.name,
        })
    };
    let shown = page.shown(async |rows| rows.into_iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// Examination plans, as the public sees them.
#[utoipa::path(
    get, path = "/api/v1/public/exam-plans", tag = "lookups", operation_id = "list_public_exam_plans",
    params(ListQuery, PublicFilter),
    responses((status = 200, body = Page<PublicLookup>), (status = 429, body = Problem)),
)]
async fn exam_plans(
    State(desk): State<Desk>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<PublicFilter>,
) -> Result<Json<Page<PublicLookup>>> {
    shown::<ExamPlan>(&desk, peer, &query, &filter).await
}

/// Rounds of title evaluations, as the public sees them.
#[utoipa::path(
    get, path = "/api/v1/public/title-batches", tag = "lookups", operation_id = "list_public_title_batches",
    params(ListQuery, PublicFilter),
    responses((status = 200, body = Page<PublicLookup>), (status = 429, body = Problem)),
)]
async fn title_batches(
    State(desk): State<Desk>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<PublicFilter>,
) -> Result<Json<Page<PublicLookup>>> {
    shown::<TitleBatch>(&desk, peer, &query, &filter).await
}
