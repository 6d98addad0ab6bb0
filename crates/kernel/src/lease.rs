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
    let backend = conn.get_database_backend();
    let update = Statement::from_sql_and_values(
        backend,
        "update leases set holder = $1, held_until = $2 where name = $3 and (holder = $1 or held_until < $4)",
        [
            holder.into(),
            (now + lasting).into(),
            name.into(),
            now.into(),
        ],
    );
    if conn.execute_raw(update).await?.rows_affected() > 0 {
        return Ok(true);
    }
    let insert = Statement::from_sql_and_values(
        backend,
        "insert into leases (name, holder, held_until) values ($1, $2, $3) on conflict (name) do nothing",
        [name.into(), holder.into(), (now + lasting).into()],
    );
    Ok(conn.execute_raw(insert).await?.rows_affected() > 0)
}
