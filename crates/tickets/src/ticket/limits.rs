//! How long what may take: rows by platform, request type and priority, effective from a date (domain B.3).
//!
//! What ships is a default that names its source, not law; the most particular row in force counts.

use calendar::{DeadlineRule, Limit};
use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::life::Rules;

/// One row of limits.
pub mod row {
    #![allow(
        missing_docs,
        reason = "the columns of migrations/2026112312_tickets.sql"
    )]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ticket_limits")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub platform: String,
        pub request_type: String,
        pub priority: String,
        pub handle_unit: String,
        pub handle_n: i32,
        pub sign_unit: String,
        pub sign_n: i32,
        pub returns: i32,
        pub extensions: i32,
        pub reopenings: i32,
        pub attempts: i32,
        pub transfer_minutes: i32,
        pub sign_off: bool,
        pub revisit: bool,
        pub effective_from: DateTimeUtc,
        pub source: String,
        pub recorded_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a ticket's limits depend on.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The platform's code; empty for our own tickets.
    pub platform: &'a str,
    /// 诉求类型; empty while it is not known.
    pub request_type: &'a str,
    /// 紧急程度
    pub priority: &'a str,
}

/// A number of `working_days`, `service_minutes` or `clock_minutes`.
pub fn limit(unit: &str, n: i32) -> Option<Limit> {
    let n = u32::try_from(n).ok().filter(|n| *n > 0)?;
    match unit {
        "working_days" => Some(Limit::WorkingDays(u16::try_from(n).ok()?)),
        "service_minutes" => Some(Limit::ServiceMinutes(n)),
        "clock_minutes" => Some(Limit::ClockMinutes(n)),
        _ => None,
    }
}

fn rule(code: &str, unit: &str, n: i32) -> Result<DeadlineRule> {
    let limit =
        limit(unit, n).ok_or_else(|| internal(format!("ticket_limits {code}: {n} {unit}")))?;
    Ok(DeadlineRule {
        id: format!("ticket_limits:{code}"),
        limit,
        late_receipt_is_next_day: true,
    })
}

impl row::Model {
    fn rules(&self) -> Result<Rules> {
        let count = |n: i32| u32::try_from(n).unwrap_or_default();
        Ok(Rules {
            limit: rule(&self.code, &self.handle_unit, self.handle_n)?,
            sign: rule(&self.code, &self.sign_unit, self.sign_n)?,
            returns: count(self.returns),
            extensions: count(self.extensions),
            reopenings: count(self.reopenings),
            attempts: count(self.attempts),
            transfer_minutes: count(self.transfer_minutes),
            sign_off: self.sign_off,
            revisit: self.revisit,
        })
    }

    /// How particular the row is; platform counts before request type before priority.
    fn rank(&self) -> (bool, bool, bool, DateTime<Utc>) {
        (
            !self.platform.is_empty(),
            !self.request_type.is_empty(),
            !self.priority.is_empty(),
            self.effective_from,
        )
    }

    fn fits(&self, subject: Subject<'_>) -> bool {
        let either = |row: &str, asked: &str| row.is_empty() || row == asked;
        either(&self.platform, subject.platform)
            && either(&self.request_type, subject.request_type)
            && either(&self.priority, subject.priority)
    }
}

/// Every row in force at `at`, to choose from for many tickets.
pub async fn in_force(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(row::Column::EffectiveFrom.lte(at))
        .all(conn)
        .await?)
}

/// The rules of a ticket among the rows in force.
pub fn choose(rows: &[row::Model], subject: Subject<'_>) -> Result<Rules> {
    rows.iter()
        .filter(|row| row.fits(subject))
        .max_by_key(|row| row.rank())
        .ok_or_else(|| internal(format!("no limit is in force for {subject:?}")))?
        .rules()
}

/// The rules in force at `at`.
pub async fn find(
    conn: &impl ConnectionTrait,
    subject: Subject<'_>,
    at: DateTime<Utc>,
) -> Result<Rules> {
    choose(&in_force(conn, at).await?, subject)
}
