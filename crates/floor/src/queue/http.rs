//! Queues over HTTP.

use axum::extract::State;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::{Actor, audit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::store::Queue;
use super::{QueueRules, check_code, store};
use crate::{EditQueues, Floor, ViewQueues};

/// A queue with its rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueItem {
    /// Its code.
    code: String,
    /// Rises with each change; a change names the one it saw.
    version: i64,
    /// Its rules.
    #[serde(flatten)]
    rules: QueueRules,
}

impl From<Queue> for QueueItem {
    fn from(queue: Queue) -> Self {
        Self {
            code: queue.code,
            version: queue.version,
            rules: queue.rules,
        }
    }
}

/// Every queue, by code.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queues {
    /// The queues.
    items: Vec<QueueItem>,
}

/// The queues and their rules.
#[utoipa::path(
    get, path = "/api/v1/queues", tag = "floor",
    responses((status = 200, body = Queues)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewQueues>,
    State(floor): State<Floor>,
) -> Result<Json<Queues>> {
    let queues = store::all(floor.inner.app.db.read()).await?;
    Ok(Json(Queues {
        items: queues.into_iter().map(QueueItem::from).collect(),
    }))
}

/// New rules of a queue.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PutQueue {
    /// The version that was read; leave it out to make a new queue.
    version: Option<i64>,
    /// The rules, all of them.
    #[serde(flatten)]
    rules: QueueRules,
}

/// Makes a queue, or changes its rules. They count at once; who waits keeps his place.
#[utoipa::path(
    put, path = "/api/v1/queues/{code}", tag = "floor",
    params(("code" = String, Path)),
    request_body = PutQueue,
    responses((status = 200, body = QueueItem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn put(
    actor: Actor<EditQueues>,
    State(floor): State<Floor>,
    Path(code): Path<String>,
    Json(mut asked): Json<PutQueue>,
) -> Result<Json<QueueItem>> {
    check_code("code", &code)?;
    asked.rules.check()?;
    asked.rules.name = asked.rules.name.trim().to_owned();
    let app = floor.inner.app.clone();
    let (who, now) = (actor.who(), app.clock.now());
    let queue = Queue {
        code,
        rules: asked.rules,
        version: asked.version.unwrap_or(0).saturating_add(1),
    };
    let db = app.db.clone();
    let queue = db
        .write(async move |tx| {
            if let Some(other) = &queue.rules.overflow_to {
                let known = *other != queue.code && store::get(&*tx, other).await?.is_some();
                if !known {
                    let detail = "an overflow goes to another queue that exists";
                    return Err(invalid("overflow_to", "queue_unknown", detail));
                }
            }
            let before = store::get(&*tx, &queue.code)
                .await?
                .map(|queue| queue.rules);
            if queue.version == 1 {
                store::insert(&*tx, &queue, now).await?;
            } else {
                store::update(&*tx, &queue, now).await?;
            }
            let after = serde_json::to_value(&queue.rules).map_err(internal)?;
            let details = json!({ "before": before, "after": after });
            audit::record(
                &app,
                &*tx,
                &who,
                "queue.changed",
                "queue",
                &queue.code,
                details,
            )
            .await?;
            Ok(queue)
        })
        .await?;
    floor.put_queue(queue.clone()).await?;
    Ok(Json(queue.into()))
}
