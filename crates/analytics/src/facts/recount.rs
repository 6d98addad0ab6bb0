//! Counts a period again from the rows of those who own them: first the facts, then the cells of each day from its
//! facts. Gives what the events gave, and mends what a lost event or a restored backup left behind.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::problem::{Result, internal};
use kernel::{App, JobDef};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait as _, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cells::{self, Deltas};
use super::contact::row as contact;
use super::keep;
use super::ticket::row as ticket;
use crate::kpi::Period;

/// The name of the job.
pub const RECOUNT: &str = "analytics.recount";
/// Contacts that are made anew in one transaction.
const AT_ONCE: u64 = 400;

/// What the job is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recounted {
    /// Facts that were not as the rows say.
    pub changed: usize,
    /// Days whose cells were made anew.
    pub days: usize,
}

/// The job that counts again.
pub(crate) fn job(app: &App) -> JobDef {
    let services = app.clone();
    JobDef::on_demand(RECOUNT, move |told| {
        let app = services.clone();
        async move {
            let wanted: Wanted = serde_json::from_value(told).map_err(internal)?;
            recount(&app, Period::new(wanted.from, wanted.to)?).await?;
            Ok(())
        }
    })
}

/// Counts the period again.
pub async fn recount(app: &App, period: Period) -> Result<Recounted> {
    let mut told = Recounted::default();
    for day in period.each() {
        let one = Period::day(day);
        let (from, until) = (one.begins(), one.ends());
        let conn = app.db.read();
        let mut ids: BTreeSet<Uuid> = BTreeSet::new();
        ids.extend(calls(conn, from, until).await?);
        ids.extend(others(conn, from, until).await?);
        ids.extend(facts_between(conn, from, until).await?);
        told.changed += anew(app, &ids, Of::Contacts).await?;
        let tickets: BTreeSet<Uuid> = tickets_of(conn, from, until).await?.into_iter().collect();
        told.changed += anew(app, &tickets, Of::Tickets).await?;
    }
    for day in period.each() {
        app.db
            .write(move |tx| async move { sum_up(&*tx, day).await })
            .await?;
        told.days += 1;
    }
    Ok(told)
}

#[derive(Clone, Copy)]
enum Of {
    Contacts,
    Tickets,
}

async fn anew(app: &App, ids: &BTreeSet<Uuid>, of: Of) -> Result<usize> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut changed = 0;
    for some in ids.chunks(usize::try_from(AT_ONCE).unwrap_or(1)) {
        let some = some.to_vec();
        changed += app
            .db
            .write(move |tx| async move {
                match of {
                    Of::Contacts => keep::contacts(&tx, &some).await,
                    Of::Tickets => keep::tickets(&tx, &some).await,
                }
            })
            .await?;
    }
    Ok(changed)
}

type Ids = Result<Vec<Uuid>>;

async fn calls(conn: &impl ConnectionTrait, from: DateTime<Utc>, until: DateTime<Utc>) -> Ids {
    use floor::work_item::store::row as work;
    use telephony::calls::rows::call;
    let mut found: Vec<Uuid> = call::Entity::find()
        .select_only()
        .column(call::Column::Id)
        .filter(call::Column::ArrivedAt.gte(from))
        .filter(call::Column::ArrivedAt.lt(until))
        .into_tuple()
        .all(conn)
        .await?;
    let works: Vec<Uuid> = work::Entity::find()
        .select_only()
        .column(work::Column::Id)
        .filter(work::Column::OfferedAt.gte(from))
        .filter(work::Column::OfferedAt.lt(until))
        .filter(work::Column::Media.eq("voice"))
        .into_tuple()
        .all(conn)
        .await?;
    found.extend(works);
    Ok(found)
}

async fn others(conn: &impl ConnectionTrait, from: DateTime<Utc>, until: DateTime<Utc>) -> Ids {
    use channels::conversation::store::row as conversation;
    use tickets::contact::store::row as record;
    let mut found: Vec<Uuid> = conversation::Entity::find()
        .select_only()
        .column(conversation::Column::Id)
        .filter(conversation::Column::OpenedAt.gte(from))
        .filter(conversation::Column::OpenedAt.lt(until))
        .into_tuple()
        .all(conn)
        .await?;
    let noted: Vec<Uuid> = record::Entity::find()
        .select_only()
        .column(record::Column::Id)
        .filter(record::Column::StartedAt.gte(from))
        .filter(record::Column::StartedAt.lt(until))
        .into_tuple()
        .all(conn)
        .await?;
    found.extend(noted);
    Ok(found)
}

/// Also facts whose rows are gone.
async fn facts_between(
    conn: &impl ConnectionTrait,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Ids {
    Ok(contact::Entity::find()
        .select_only()
        .column(contact::Column::Id)
        .filter(contact::Column::OfferedAt.gte(from))
        .filter(contact::Column::OfferedAt.lt(until))
        .into_tuple()
        .all(conn)
        .await?)
}

/// Tickets that are counted on a day: opened, due or first closed then.
async fn tickets_of(conn: &impl ConnectionTrait, from: DateTime<Utc>, until: DateTime<Utc>) -> Ids {
    use tickets::ticket::store::row as owned;
    let within = Condition::any()
        .add(
            owned::Column::OpenedAt
                .gte(from)
                .and(owned::Column::OpenedAt.lt(until)),
        )
        .add(
            owned::Column::DueAt
                .gte(from)
                .and(owned::Column::DueAt.lt(until)),
        )
        .add(
            owned::Column::UpdatedAt
                .gte(from)
                .and(owned::Column::UpdatedAt.lt(until)),
        );
    let mut found: Vec<Uuid> = owned::Entity::find()
        .select_only()
        .column(owned::Column::Id)
        .filter(within)
        .into_tuple()
        .all(conn)
        .await?;
    let known: Vec<Uuid> = ticket::Entity::find()
        .select_only()
        .column(ticket::Column::Id)
        .filter(counted_between(from, until))
        .into_tuple()
        .all(conn)
        .await?;
    found.extend(known);
    Ok(found)
}

fn counted_between(from: DateTime<Utc>, until: DateTime<Utc>) -> Condition {
    use ticket::Column as C;
    Condition::any()
        .add(C::OpenedAt.gte(from).and(C::OpenedAt.lt(until)))
        .add(C::DueAt.gte(from).and(C::DueAt.lt(until)))
        .add(C::ClosedAt.gte(from).and(C::ClosedAt.lt(until)))
}

/// Makes the cells of a day anew from its facts.
pub(crate) async fn sum_up(conn: &impl ConnectionTrait, day: NaiveDate) -> Result<()> {
    let one = Period::day(day);
    let (from, until) = (one.begins(), one.ends());
    cells::hold(conn).await?;
    cells::clear(conn, one).await?;
    let mut sums = Deltas::default();
    let mut last: Option<(DateTime<Utc>, Uuid)> = None;
    loop {
        let mut page = contact::Entity::find()
            .filter(contact::Column::OfferedAt.gte(from))
            .filter(contact::Column::OfferedAt.lt(until));
        if let Some((at, id)) = last {
            let beyond = Condition::any().add(contact::Column::OfferedAt.gt(at)).add(
                contact::Column::OfferedAt
                    .eq(at)
                    .and(contact::Column::Id.gt(id)),
            );
            page = page.filter(beyond);
        }
        let rows = page
            .order_by_asc(contact::Column::OfferedAt)
            .order_by_asc(contact::Column::Id)
            .limit(AT_ONCE * 5)
            .all(conn)
            .await?;
        let Some(end) = rows.last() else { break };
        last = Some((end.offered_at, end.id));
        for row in &rows {
            sums.add(&row.shares()?);
        }
    }
    let tickets = ticket::Entity::find()
        .filter(counted_between(from, until))
        .all(conn)
        .await?;
    for row in tickets {
        let mut shares = row.shares();
        shares.retain(|share| share.day == day);
        sums.add(&shares);
    }
    sums.write(conn).await
}
