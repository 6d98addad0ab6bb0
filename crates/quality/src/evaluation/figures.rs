//! The sums behind the indicators of quality: K-23 质检合格率 is `passed / evaluations`, K-24 致命差错率
//! `fatal / evaluations`.

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::store::row::{Column, Entity};
use crate::card::FatalKind;

/// What one agent's evaluations by one channel came to.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct QualitySum {
    /// Whose work it is.
    pub agent: Uuid,
    /// By which way it came.
    pub channel: String,
    /// Evaluations that became final.
    pub evaluations: i64,
    /// Their tenths of a point.
    pub tenths: i64,
    /// 合格: no fatal error, and at least the pass mark.
    pub passed: i64,
    /// Those with a fatal error.
    pub fatal: i64,
    /// 业务致命
    pub business: i64,
    /// 用户致命
    pub user: i64,
    /// 合规致命
    pub compliance: i64,
}

/// The evaluations that became final from `from` on and before `until`, summed by the database for each agent and
/// channel; a score that was settled afterwards stands with the day it became final.
///
/// # Arguments
/// * `agent` – only this agent's
///
/// # Errors
/// When the database does not answer.
pub async fn sums(
    conn: &impl ConnectionTrait,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    agent: Option<Uuid>,
) -> Result<Vec<QualitySum>> {
    let fatal = || Expr::col(Column::Fatal).cast_as("text");
    let counted = |which: Expr| {
        let one: Expr = Expr::case(which, 1).finally(0).into();
        one.sum().cast_as("bigint")
    };
    let of_kind = |kind: FatalKind| counted(fatal().like(format!("%\"{}\"%", kind.as_str())));
    let period = Condition::all()
        .add(Column::FinalAt.gte(from))
        .add(Column::FinalAt.lt(until))
        .add(Column::Tenths.is_not_null())
        .add_option(agent.map(|agent| Column::AgentId.eq(agent)));
    Ok(Entity::find()
        .select_only()
        .column_as(Column::AgentId, "agent")
        .column(Column::Channel)
        .column_as(Column::Id.count(), "evaluations")
        .column_as(Column::Tenths.sum().cast_as("bigint"), "tenths")
        .column_as(counted(Column::Passed.eq(true)), "passed")
        .column_as(counted(fatal().ne("[]")), "fatal")
        .column_as(of_kind(FatalKind::Business), "business")
        .column_as(of_kind(FatalKind::User), "user")
        .column_as(of_kind(FatalKind::Compliance), "compliance")
        .filter(period)
        .group_by(Column::AgentId)
        .group_by(Column::Channel)
        .into_model()
        .all(conn)
        .await?)
}
