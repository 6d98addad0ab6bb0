//! The trail for those who check: filters, and the state of its chain.

use axum::extract::State;
use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, Set};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Broken, Head, chain, entry};
use crate::http::{Json, Query};
use crate::list::{ListQuery, Page, beginning_with, paginate};
use crate::problem::Result;
use crate::{Actor, App};

/// Rows at the end of the chain that are checked whenever its state is asked for.
const TAIL: i64 = 1000;

crate::permissions! {
    /// Read the audit trail and check its chain.
    pub ViewAudit = "audit:view" { AuditAdmin: All, PurchaserAdmin: All }
}

/// `/api/v1/audit` and `/api/v1/audit/state`.
pub fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(state))
        .with_state(app.clone())
}

/// Which rows of the trail.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The user who did it.
    pub who: Option<Uuid>,
    /// The action, `call.listened`; or all that begin so, `call.*`.
    pub action: Option<String>,
    /// The kind of what it was done to.
    pub subject_kind: Option<String>,
    /// The id of what it was done to.
    pub subject: Option<String>,
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
}

/// One row of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: Uuid,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// The user; null for the system itself.
    pub who_id: Option<Uuid>,
    /// Sign-in name, or the part of the system.
    pub who_name: String,
    /// The session it was done in.
    pub session_id: Option<Uuid>,
    /// What was done.
    pub action: String,
    /// The kind of what it was done to.
    pub subject_kind: String,
    /// The id of what it was done to.
    pub subject_id: String,
    /// More about it; personal values stand here as keyed digests.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// Its number in the chain; null until it is sealed, within a second.
    pub seq: Option<i64>,
    /// Its hash in the chain.
    pub hash: Option<String>,
}

impl From<entry::Model> for AuditEntry {
    fn from(row: entry::Model) -> Self {
        Self {
            id: row.id,
            at: row.at,
            who_id: row.who_id,
            who_name: row.who_name,
            session_id: row.session_id,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            details: row.details,
            seq: row.seq,
            hash: row.hash,
        }
    }
}

/// The audit trail, newest first, but for the evidence against who reads.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery, ListQuery),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    actor: Actor<ViewAudit>,
    State(app): State<App>,
    Query(filter): Query<AuditQuery>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AuditEntry>>> {
    let seen = app.secrets.seen_by(actor.user_id()).await?;
    let mut select = entry::Entity::find().filter(seen);
    if let Some(who) = filter.who {
        select = select.filter(entry::Column::WhoId.eq(who));
    }
    if let Some(action) = &filter.action {
        select = match action.strip_suffix('*') {
            Some(prefix) => select.filter(beginning_with(entry::Column::Action, prefix)),
            None => select.filter(entry::Column::Action.eq(action)),
        };
    }
    if let Some(kind) = &filter.subject_kind {
        select = select.filter(entry::Column::SubjectKind.eq(kind));
    }
    if let Some(subject) = &filter.subject {
        select = select.filter(entry::Column::SubjectId.eq(subject));
    }
    if let Some(from) = filter.from {
        select = select.filter(entry::Column::At.gte(from));
    }
    if let Some(to) = filter.to {
        select = select.filter(entry::Column::At.lt(to));
    }
    let sortable = [("at", entry::Column::At)];
    let page = paginate(app.db.read(), select, &query, &sortable, entry::Column::Id).await?;
    Ok(Json(page.map(AuditEntry::from)))
}

/// How the chain stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditState {
    /// The last sealed row; null while there is none.
    pub head: Option<Head>,
    /// Rows that wait for the sealer; it comes every half second.
    pub unsealed: u64,
    /// The last 1,000 rows were checked just now and are whole.
    pub tail_whole: bool,
    /// The first broken row among them.
    pub broken: Option<Broken>,
    /// The last check of the whole chain, every night at 02:30.
    pub last_check: Option<Check>,
}

/// A check of the whole chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// When.
    pub at: DateTime<Utc>,
    /// Rows that were whole.
    pub sealed: i64,
    /// The first broken row; null when all were whole.
    pub broken_seq: Option<i64>,
    /// What was found, in a sentence.
    pub finding: String,
}

/// The head of the chain and what the checks found.
#[utoipa::path(get, path = "/api/v1/audit/state", tag = "audit",
    responses((status = 200, body = AuditState)))]
async fn state(_actor: Actor<ViewAudit>, State(app): State<App>) -> Result<Json<AuditState>> {
    let conn = app.db.read();
    let head = chain::head(conn).await?;
    let from = head.as_ref().map_or(0, |head| (head.seq - TAIL).max(0));
    let tail = chain::verify_from(conn, from).await?;
    let last = check::Entity::find()
        .order_by_desc(check::Column::At)
        .one(conn)
        .await?;
    Ok(Json(AuditState {
        tail_whole: tail.is_whole(),
        unsealed: tail.unsealed,
        head: tail.head,
        broken: tail.broken,
        last_check: last.map(|row| Check {
            at: row.at,
            sealed: row.sealed,
            broken_seq: row.broken_seq,
            finding: row.finding,
        }),
    }))
}

crate::table! {
    mod check = "audit_checks" (id: Uuid) {
        at: DateTimeUtc,
        sealed: i64,
        broken_seq: Option<i64>,
        finding: String,
    }
}

/// Checks the whole chain and writes down what was found; the nightly job.
pub async fn check_all(app: &App) -> Result<()> {
    let found = chain::verify_from(app.db.read(), 0).await?;
    if !found.is_whole() {
        tracing::error!(%found, "the audit trail is broken");
    }
    let row = check::ActiveModel {
        id: Set(app.ids.next()),
        at: Set(app.clock.now()),
        sealed: Set(found.checked),
        broken_seq: Set(found.broken.as_ref().map(|broken| broken.seq)),
        finding: Set(found.to_string()),
    };
    app.db
        .write(async move |tx| {
            check::Entity::insert(row)
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await
}
