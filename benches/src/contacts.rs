//! Fills a database with contact facts as a province's hotline would have them after a year, and sums them into cells, by
//! SQL alone: what is measured is how figures are asked for.

use anyhow::Result;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};

/// Facts of one statement.
const AT_ONCE: usize = 200_000;
/// Days of the year before.
pub const DAYS: usize = 365;
/// Agents, queues, matters among whom the calls are spread.
const AGENTS: usize = 1_000;
const QUEUES: usize = 10;

/// What a number of a call becomes, in SQL that both databases read: `i` is its number.
fn facts(backend: DbBackend, from: usize, many: usize, all: usize) -> String {
    let (id, agent, at) = match backend {
        DbBackend::Postgres => (
            "gen_random_uuid()".to_owned(),
            format!("('00000000-0000-7000-8000-' || lpad((i % {AGENTS})::text, 12, '0'))::uuid"),
            "d + interval '1 second' * s".to_owned(),
        ),
        _ => (
            "randomblob(16)".to_owned(),
            format!("unhex('00000000000070008000' || printf('%012d', i % {AGENTS}))"),
            "strftime('%Y-%m-%dT%H:%M:%S+00:00', d, '+' || s || ' seconds')".to_owned(),
        ),
    };
    let (day, base) = match backend {
        DbBackend::Postgres => (
            "to_char(d, 'YYYY-MM-DD')",
            format!(
                "timestamptz '2025-11-28 00:00:00+00' + interval '1 day' * (i * {DAYS}::bigint / {all})"
            ),
        ),
        _ => (
            "strftime('%Y-%m-%d', d)",
            format!("date('2025-11-28', '+' || (i * {DAYS} / {all}) || ' days')"),
        ),
    };
    // From 08:00 to 17:00 in Guangzhou; of a hundred calls 93 are answered, 83 of them in time.
    format!(
        "with recursive n(i) as (select cast({from} as bigint) union all select i + 1 from n where i + 1 < {end}), \
         c as (select i, {base} as d, (i * 7919) % 32400 as s, (i * 31) % 100 as r from n) \
         insert into contact_facts (id, medium, channel, direction, queue, queued, matter, request_type, requester_id, \
         agent_id, last_agent_id, ticket_id, day, half_hour, offered_at, answered_at, ended_at, outcome, in_time, wait_ms, \
         ring_ms, talk_ms, hold_ms, acw_ms, transfers, response_ms, message, reply_ms, satisfaction, repeated, reopened, \
         version) select {id}, 'voice', 'voice', 'inbound', 'q' || (i % {QUEUES}), true, cast(101 + i % 14 as text), \
         'consult', null, case when r < 93 then {agent} end, null, null, {day}, cast(16 + s / 1800 as integer), {at}, \
         case when r < 93 then {at} end, {at}, case when r < 93 then 'answered' else 'abandoned' end, r < 83, \
         (r * 300) % 40000, 4000, 180000 + r * 500, 0, 30000, 0, null, false, null, null, r % 9 = 0, false, 1 from c",
        end = from + many,
    )
}

/// The cells of one grain, by the formulas of calls.
fn cells(grain: &str, half_hour: &str, subject: &str) -> String {
    let a = "answered_at is not null";
    let count = |what: &str| format!("sum(case when {what} then 1 else 0 end)");
    let ms = |what: &str, when: &str| format!("sum(case when {when} then {what} else 0 end)");
    let (answered, lost) = (count(a), count("answered_at is null"));
    // A bare number in `group by` would be a column's place.
    let by = if half_hour == "half_hour" {
        ", half_hour"
    } else {
        ""
    };
    format!(
        "insert into kpi_cells select '{grain}', day, {half_hour}, channel, {subject}, count(*), 0, count(*), {answered}, \
         {}, {}, {lost}, {}, 0, 0, {}, {}, {}, 0, {}, {answered}, 0, 0, 0, 0, 0, 0, 0, 0, 0, {answered}, {}, {answered}, \
         0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from contact_facts group by day{by}, channel, {subject}",
        count("in_time"),
        count(&format!("{a} and wait_ms <= 20000")),
        count("answered_at is null and wait_ms <= 20000"),
        ms("wait_ms", a),
        ms("ring_ms", a),
        ms("talk_ms", a),
        ms("acw_ms", a),
        count(&format!("{a} and not repeated")),
    )
}

/// Adds `many` contacts and their cells.
pub async fn fill(url: &str, many: usize) -> Result<()> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("synchronous", "off")
                .pragma("cache_size", "-500000")
                .busy_timeout(std::time::Duration::from_mins(1))
        });
    let db = Database::connect(options).await?;
    let mut from = 0;
    while from < many {
        let some = AT_ONCE.min(many - from);
        run(&db, facts(db.get_database_backend(), from, some, many)).await?;
        from += some;
    }
    let person = match db.get_database_backend() {
        DbBackend::Postgres => "coalesce(agent_id::text, '')",
        _ => {
            "coalesce(lower(substr(hex(agent_id), 1, 8) || '-' || substr(hex(agent_id), 9, 4) || '-' || \
              substr(hex(agent_id), 13, 4) || '-' || substr(hex(agent_id), 17, 4) || '-' || substr(hex(agent_id), 21)), '')"
        }
    };
    run(&db, cells("queue", "-1", "queue")).await?;
    run(&db, cells("slot", "half_hour", "queue")).await?;
    run(&db, cells("person", "-1", person)).await?;
    run(&db, cells("matter", "-1", "matter")).await?;
    run(&db, "analyze".to_owned()).await?;
    db.close().await?;
    Ok(())
}

async fn run(db: &DatabaseConnection, sql: String) -> Result<()> {
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql))
        .await?;
    Ok(())
}
