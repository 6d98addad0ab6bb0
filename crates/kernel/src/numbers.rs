//! Numbers that people say: counted without gaps within one transaction, anew each day in Guangzhou.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use crate::problem::Result;

crate::table! {
    mod counter = "numbers" (key: String) {
        last: i64,
    }
}

/// So many numbers of a series in a row; answers the last of them. Who takes numbers of one series waits for the other.
pub async fn next_many(tx: &impl ConnectionTrait, key: String, many: i64) -> Result<i64> {
    let counted = counter::Entity::insert(counter::ActiveModel {
        key: Set(key),
        last: Set(many),
    })
    .on_conflict(
        OnConflict::column(counter::Column::Key)
            .value(
                counter::Column::Last,
                Expr::col((counter::Entity, counter::Column::Last)).add(many),
            )
            .to_owned(),
    )
    .exec_with_returning(tx)
    .await?;
    Ok(counted.last)
}

/// `SJ-S20261123-001`: the day in Guangzhou and a count that starts anew with it.
pub async fn next_of_day(
    tx: &impl ConnectionTrait,
    prefix: &str,
    at: DateTime<Utc>,
) -> Result<String> {
    let day = at.with_timezone(&calendar::SHANGHAI).format("%Y%m%d");
    let count = next_many(tx, format!("{prefix}{day}"), 1).await?;
    Ok(format!("{prefix}{day}-{count:03}"))
}
