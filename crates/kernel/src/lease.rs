//! What only one node of a cluster may do at a time.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Statement};

use crate::Result;

/// Takes or renews the lease `name` for `holder`; `false` while somebody else holds it.
pub async fn hold(
    conn: &impl ConnectionTrait,
    name: &str,
    holder: &str,
    now: DateTime<Utc>,
    lasting: TimeDelta,
) -> Result<bool> {
    // One statement: of two that take it for the first time at once, the second must see the first.
    let take = Statement::from_sql_and_values(
        conn.get_database_backend(),
        "insert into leases (name, holder, held_until) values ($1, $2, $3) \
         on conflict (name) do update set holder = excluded.holder, held_until = excluded.held_until \
         where leases.holder = excluded.holder or leases.held_until < $4",
        [
            name.into(),
            holder.into(),
            (now + lasting).into(),
            now.into(),
        ],
    );
    Ok(conn.execute_raw(take).await?.rows_affected() > 0)
}
