//! Which sums a cut asks for: from cells where cells know it, else from the facts themselves, one formula for both.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait as _, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::series::By;
use super::{Cut, Period};
use crate::facts::Sums;
use crate::facts::cells::{self, Along, Asked, Grain, Share};
use crate::facts::contact::row as contact;
use crate::facts::ticket::{OWN, row as ticket};

/// Facts that are read at once.
const AT_ONCE: u64 = 2_000;

/// The sums of a period and a cut, told apart by the way; without a way one with an empty key.
pub(crate) async fn sums(
    conn: &impl ConnectionTrait,
    by: Option<By>,
    period: Period,
    cut: &Cut,
) -> Result<BTreeMap<String, Sums>> {
    let matters = match &cut.matter {
        Some(code) => Some(tickets::matters_below(conn, code).await?),
        None => None,
    };
    match plan(by, cut, matters.as_ref()) {
        Some((grain, subjects, along)) => {
            let asked = Asked {
                grain,
                period,
                channel: cut.channel.clone(),
                subjects,
            };
            cells::sums(conn, &asked, along).await
        }
        None => from_facts(conn, by, period, cut, matters.as_deref()).await,
    }
}

/// The grain that knows it; `None` where two subjects meet.
fn plan(
    by: Option<By>,
    cut: &Cut,
    matters: Option<&Vec<String>>,
) -> Option<(Grain, Option<Vec<String>>, Along)> {
    let along = match by {
        None => Along::Nothing,
        Some(By::Day) => Along::Day,
        Some(By::HalfHour) => Along::HalfHour,
        Some(By::Channel) => Along::Channel,
        Some(By::Person | By::Queue | By::Matter) => Along::Subject,
    };
    let of_queue = cut.queue.is_some() || matches!(by, Some(By::Queue | By::HalfHour));
    let of_person = cut.person.is_some() || by == Some(By::Person);
    let of_matter = cut.matter.is_some() || by == Some(By::Matter);
    match (of_queue, of_person, of_matter) {
        (_, false, false) => {
            let grain = if by == Some(By::HalfHour) {
                Grain::Slot
            } else {
                Grain::Queue
            };
            Some((grain, cut.queue.clone().map(|queue| vec![queue]), along))
        }
        (false, true, false) => {
            let subject = cut.person.map(|person| vec![person.to_string()]);
            Some((Grain::Person, subject, along))
        }
        (false, false, true) => Some((Grain::Matter, matters.cloned(), along)),
        _ => None,
    }
}

/// Reads the facts themselves: a queue's calls of one person, a person's of one matter.
async fn from_facts(
    conn: &impl ConnectionTrait,
    by: Option<By>,
    period: Period,
    cut: &Cut,
    matters: Option<&[String]>,
) -> Result<BTreeMap<String, Sums>> {
    let mut found: BTreeMap<String, Sums> = BTreeMap::new();
    let mut add = |share: &Share| {
        let key = match by {
            None => String::new(),
            Some(By::Day) => kernel::day::text(share.day),
            Some(By::HalfHour) => match share.half_hour {
                Some(half_hour) => half_hour.to_string(),
                None => return,
            },
            Some(By::Channel) => share.channel.clone(),
            Some(By::Person) => share.person.map(|id| id.to_string()).unwrap_or_default(),
            Some(By::Queue) => share.queue.clone().unwrap_or_default(),
            Some(By::Matter) => share.matter.clone().unwrap_or_default(),
        };
        found.entry(key).or_default().add(&share.sums);
    };
    let wanted = narrowed(period, cut, matters);
    let mut last: Option<(DateTime<Utc>, Uuid)> = None;
    loop {
        let beyond = last.map(|(at, id)| {
            Condition::any().add(contact::Column::OfferedAt.gt(at)).add(
                contact::Column::OfferedAt
                    .eq(at)
                    .and(contact::Column::Id.gt(id)),
            )
        });
        let rows = contact::Entity::find()
            .filter(wanted.clone().add_option(beyond))
            .order_by_asc(contact::Column::OfferedAt)
            .order_by_asc(contact::Column::Id)
            .limit(AT_ONCE)
            .all(conn)
            .await?;
        let Some(end) = rows.last() else { break };
        last = Some((end.offered_at, end.id));
        for row in &rows {
            row.shares()?.iter().for_each(&mut add);
        }
    }
    // A ticket is of no queue.
    if cut.queue.is_none() {
        let tickets = ticket::Entity::find()
            .filter(narrowed_tickets(period, cut, matters))
            .all(conn)
            .await?;
        let within = |share: &&Share| share.day >= period.from && share.day <= period.to;
        for row in tickets {
            row.shares().iter().filter(within).for_each(&mut add);
        }
    }
    Ok(found)
}

/// The contacts of a period and a cut.
pub(crate) fn narrowed(period: Period, cut: &Cut, matters: Option<&[String]>) -> Condition {
    use contact::Column as C;
    Condition::all()
        .add(C::OfferedAt.gte(period.begins()))
        .add(C::OfferedAt.lt(period.ends()))
        .add_option(cut.channel.as_ref().map(|code| C::Channel.eq(code)))
        .add_option(cut.queue.as_ref().map(|code| C::Queue.eq(code)))
        .add_option(cut.person.map(|person| C::AgentId.eq(person)))
        .add_option(matters.map(|codes| C::Matter.is_in(codes.iter().map(String::as_str))))
}

/// The tickets that are counted in a period and a cut.
pub(crate) fn narrowed_tickets(period: Period, cut: &Cut, matters: Option<&[String]>) -> Condition {
    use ticket::Column as C;
    let (from, until) = (period.begins(), period.ends());
    let counted = Condition::any()
        .add(C::OpenedAt.gte(from).and(C::OpenedAt.lt(until)))
        .add(C::DueAt.gte(from).and(C::DueAt.lt(until)))
        .add(C::ClosedAt.gte(from).and(C::ClosedAt.lt(until)));
    let platform = cut.channel.as_ref().map(|code| {
        let code = if code == OWN { "" } else { code.as_str() };
        C::Platform.eq(code)
    });
    Condition::all()
        .add(counted)
        .add_option(platform)
        .add_option(cut.person.map(|person| C::OwnerId.eq(person)))
        .add_option(matters.map(|codes| C::Matter.is_in(codes.iter().map(String::as_str))))
}
