//! How long the steps of escalations, instructions, emergencies and incidents may take: rows, effective from a
//! date. What ships is a default of the design, named so in its source, until the purchaser confirms it.

use calendar::DeadlineRule;
use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::ticket::limits::limit;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "case_terms")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code: String,
        pub unit: String,
        pub n: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub effective_from: DateTimeUtc,
        pub source: String,
        pub recorded_by: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

async fn find(conn: &impl ConnectionTrait, code: &str, at: DateTime<Utc>) -> Result<row::Model> {
    row::Entity::find()
        .filter(row::Column::Code.eq(code))
        .filter(row::Column::EffectiveFrom.lte(at))
        .order_by_desc(row::Column::EffectiveFrom)
        .one(conn)
        .await?
        .ok_or_else(|| internal(format!("no case term {code} is in force")))
}

/// The rule of this code in force at `at`.
pub(crate) async fn rule(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<DeadlineRule> {
    let row = find(conn, code, at).await?;
    let limit = limit(&row.unit, row.n)
        .ok_or_else(|| internal(format!("case term {code}: {} {}", row.n, row.unit)))?;
    Ok(DeadlineRule {
        id: format!("case_terms:{code}"),
        limit,
        late_receipt_is_next_day: true,
    })
}

/// The bare number of this code in force at `at`.
pub(crate) async fn number(
    conn: &impl ConnectionTrait,
    code: &str,
    at: DateTime<Utc>,
) -> Result<u64> {
    let row = find(conn, code, at).await?;
    u64::try_from(row.n).map_err(internal)
}
