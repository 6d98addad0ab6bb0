//! Each submission as it was: what a new round changed of the rejected one is seen side by side.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal};
use kernel::{Actor, App, Tx};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::http::Desk;
use super::store::{self, row as statement};
use crate::rights::ViewSettlement;

/// Rounds of one statement at most.
const MOST: u64 = 50;

kernel::table! {
    mod row = "statement_rounds" (id: Uuid) {
        statement_id: Uuid,
        round: i64,
        submitted_at: DateTimeUtc,
        total_fen: i64,
        sha256: String,
        lines: Json,
    }
}

/// A line as it was submitted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundLine {
    /// The month of the contract.
    pub month: i64,
    /// The seat.
    pub seat: i64,
    /// Half days that counted.
    pub halves: i64,
    /// Half days of the whole month.
    pub of_halves: i64,
    /// In fen.
    pub amount_fen: i64,
    /// How it was counted.
    pub rule: String,
}

/// A submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementRound {
    /// 1 is the first.
    pub round: i64,
    /// When it was submitted.
    pub submitted_at: DateTime<Utc>,
    /// Its total in fen.
    pub total_fen: i64,
    /// Its digest.
    pub sha256: String,
    /// By month and seat.
    pub lines: Vec<RoundLine>,
}

/// The submissions of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatementRounds {
    /// The first one first.
    pub items: Vec<StatementRound>,
}

/// Keeps what is submitted.
pub(crate) async fn keep(app: &App, tx: &Tx, submitted: &statement::Model) -> Result<()> {
    let mut lines = Vec::new();
    for row in store::lines(&**tx, submitted.id).await? {
        let line = row.read()?;
        lines.push(RoundLine {
            month: row.month,
            seat: row.seat,
            halves: line.halves,
            of_halves: line.of_halves,
            amount_fen: row.amount_fen,
            rule: line.rule,
        });
    }
    let row = row::Model {
        id: app.ids.next(),
        statement_id: submitted.id,
        round: submitted.round,
        submitted_at: app.clock.now(),
        total_fen: submitted.total_fen,
        sha256: submitted.sha256.clone().unwrap_or_default(),
        lines: json!(lines),
    };
    row::Entity::insert(row.into_active_model())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The route of the rounds.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(desk.clone())
}

/// Each submission of a statement as it was.
#[utoipa::path(
    get, path = "/api/v1/statements/{id}/rounds", tag = "settlement", operation_id = "list_statement_rounds",
    params(("id" = Uuid, Path)), responses((status = 200, body = StatementRounds), (status = 404, body = Problem)),
)]
async fn list(
    _actor: Actor<ViewSettlement>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<StatementRounds>> {
    let conn = desk.app.db.read();
    store::get(conn, id).await?;
    let rows = row::Entity::find()
        .filter(row::Column::StatementId.eq(id))
        .order_by_asc(row::Column::Round)
        .limit(MOST)
        .all(conn)
        .await?;
    let items = rows.into_iter().map(|row| {
        Ok(StatementRound {
            lines: serde_json::from_value(row.lines).map_err(internal)?,
            round: row.round,
            submitted_at: row.submitted_at,
            total_fen: row.total_fen,
            sha256: row.sha256,
        })
    });
    Ok(Json(StatementRounds {
        items: items.collect::<Result<_>>()?,
    }))
}
