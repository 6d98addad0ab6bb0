//! Numbers of articles and changes, taken in the transaction of what they number.

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

kernel::table! {
    mod counter = "knowledge_numbers" (key: String) {
        last: i64,
    }
}

/// The next number of a series: what is rolled back leaves no gap.
async fn next(tx: &impl ConnectionTrait, key: String) -> Result<i64> {
    let counted = counter::Entity::insert(counter::ActiveModel {
        key: Set(key),
        last: Set(1),
    })
    .on_conflict(
        OnConflict::column(counter::Column::Key)
            .value(
                counter::Column::Last,
                Expr::col((counter::Entity, counter::Column::Last)).add(1),
            )
            .to_owned(),
    )
    .exec_with_returning(tx)
    .await?;
    Ok(counted.last)
}

/// `ZS0001`
pub(crate) async fn running(tx: &impl ConnectionTrait, prefix: &str) -> Result<String> {
    let count = next(tx, prefix.to_owned()).await?;
    Ok(format!("{prefix}{count:04}"))
}

/// `BG20261126-001`: the day in Guangzhou and a count that starts anew with it.
pub(crate) async fn of_day(
    tx: &impl ConnectionTrait,
    prefix: &str,
    at: DateTime<Utc>,
) -> Result<String> {
    let day = at.with_timezone(&calendar::SHANGHAI).format("%Y%m%d");
    let count = next(tx, format!("{prefix}{day}")).await?;
    Ok(format!("{prefix}{day}-{count:03}"))
}
