//! The sums behind the indicators of quality: K-23 质检合格率 is `passed / evaluations`, K-24 致命差错率
//! `fatal / evaluations`.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
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

/// Evaluations read at a time.
const AT_ONCE: u64 = 500;

/// An evaluation that is final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityCheck {
    /// The call, the conversation or the work order.
    pub contact: Uuid,
    /// `call`, `conversation` or `work_order`.
    pub kind: String,
    /// By which way it came.
    pub channel: String,
    /// When it became final.
    pub final_at: DateTime<Utc>,
    /// It found a fatal error.
    pub fatal: bool,
}

/// The evaluations of a period, some at a time: [`checks`].
#[derive(Debug)]
pub struct Checks {
    which: Condition,
    /// The last that was read; none before the first.
    last: Option<(DateTime<Utc>, Uuid)>,
    more: bool,
}

/// The evaluations that became final from `from` on and before `until`, as [`sums`] counts them.
///
/// # Arguments
/// * `agent` – only this agent's
/// * `fatal` – only those that found a fatal error
pub fn checks(
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    agent: Option<Uuid>,
    fatal: bool,
) -> Checks {
    let found = || Expr::col(Column::Fatal).cast_as("text").ne("[]");
    let which = Condition::all()
        .add_option(fatal.then(found))
        .add(Column::FinalAt.gte(from))
        .add(Column::FinalAt.lt(until))
        .add_option(agent.map(|agent| Column::AgentId.eq(agent)));
    Checks {
        which,
        last: None,
        more: true,
    }
}

impl Checks {
    /// The next of them, 500 at most, the first first; none once all were read.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next(&mut self, conn: &impl ConnectionTrait) -> Result<Option<Vec<QualityCheck>>> {
        if !self.more {
            return Ok(None);
        }
        let after = self.last.map(|(at, id)| {
            let same = Column::FinalAt.eq(at).and(Column::Id.gt(id));
            Condition::any().add(Column::FinalAt.gt(at)).add(same)
        });
        let which = self.which.clone().add_option(after);
        let (found, last) = read(conn, which).await?;
        self.last = last;
        self.more = found.len() as u64 == AT_ONCE;
        Ok(Some(found))
    }
}

/// The same of these contacts, 500 at most.
///
/// # Errors
/// When the database does not answer.
pub async fn checks_of(
    conn: &impl ConnectionTrait,
    contacts: &[Uuid],
) -> Result<Vec<QualityCheck>> {
    let of = Condition::all()
        .add(Column::ContactId.is_in(contacts.iter().copied()))
        .add(Column::FinalAt.is_not_null());
    Ok(read(conn, of).await?.0)
}

/// The first of them, and where the next ones begin.
async fn read(
    conn: &impl ConnectionTrait,
    which: Condition,
) -> Result<(Vec<QualityCheck>, Option<(DateTime<Utc>, Uuid)>)> {
    let rows: Vec<(Uuid, Uuid, String, String, DateTime<Utc>, serde_json::Value)> = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::ContactId,
            Column::Kind,
            Column::Channel,
            Column::FinalAt,
            Column::Fatal,
        ])
        .filter(which)
        .filter(Column::Tenths.is_not_null())
        .order_by_asc(Column::FinalAt)
        .order_by_asc(Column::Id)
        .limit(AT_ONCE)
        .into_tuple()
        .all(conn)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    let last = rows.last().map(|(id, _, _, _, at, _)| (*at, *id));
    for (_, contact, kind, channel, final_at, kinds) in rows {
        let kinds: Vec<FatalKind> = serde_json::from_value(kinds).map_err(internal)?;
        found.push(QualityCheck {
            contact,
            kind,
            channel,
            final_at,
            fatal: !kinds.is_empty(),
        });
    }
    Ok((found, last))
}
