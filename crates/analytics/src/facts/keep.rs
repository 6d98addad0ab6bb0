//! Writes facts, and what they change of the cells, in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use kernel::problem::{Result, unavailable};
use kernel::{Problem, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter,
};
use uuid::Uuid;

use super::cells::Deltas;
use super::contact::{Contact, row as contact};
use super::ticket::{Ticket, row as ticket};
use super::{REPEAT_WITHIN, load};

/// Facts of one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 400;

/// Makes the facts of these contacts anew. Answers how many changed.
pub async fn contacts(tx: &Tx, ids: &[Uuid]) -> Result<usize> {
    let fresh = load::contacts(&**tx, ids).await?;
    write_contacts(tx, ids, fresh).await
}

/// The same with facts that somebody made.
pub(crate) async fn write_contacts(
    tx: &Tx,
    ids: &[Uuid],
    fresh: HashMap<Uuid, Contact>,
) -> Result<usize> {
    let mut before: HashMap<Uuid, Contact> = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows = contact::Entity::find()
            .filter(contact::Column::Id.is_in(some.iter().copied()))
            .all(&**tx)
            .await?;
        before.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let mut after = fresh;
    for (id, fact) in &mut after {
        if let Some(old) = before.get(id) {
            fact.version = old.version;
            fact.repeated = old.repeated;
        }
    }
    // Of nobody later than these is everything known that came after him.
    let last = before
        .values()
        .chain(after.values())
        .filter(|fact| fact.matter.is_some() && fact.requester_id.is_some())
        .map(|fact| fact.offered_at)
        .max();
    for neighbour in around(&**tx, before.values().chain(after.values())).await? {
        if !after.contains_key(&neighbour.id) && !before.contains_key(&neighbour.id) {
            before.insert(neighbour.id, neighbour.clone());
            after.insert(neighbour.id, neighbour);
        }
    }
    if let Some(last) = last {
        judge_repeats(&mut after, last);
    }

    let (mut deltas, mut changed) = (Deltas::default(), 0);
    let mut new = Vec::new();
    // In one order, for who writes the same rows at once.
    for (id, mut fact) in after.into_iter().collect::<BTreeMap<_, _>>() {
        match before.remove(&id) {
            Some(old) if old == fact => {}
            Some(old) => {
                deltas.take(&old.shares()?);
                deltas.add(&fact.shares()?);
                fact.version = old.version + 1;
                let written = contact::Entity::update_many()
                    .set(fact.into_active_model().reset_all())
                    .filter(contact::Column::Id.eq(id))
                    .filter(contact::Column::Version.eq(old.version))
                    .exec(&**tx)
                    .await?;
                if written.rows_affected != 1 {
                    return Err(crossed());
                }
                changed += 1;
            }
            None => {
                deltas.add(&fact.shares()?);
                new.push(fact.into_active_model());
                changed += 1;
            }
        }
    }
    for some in new.chunks(AT_ONCE) {
        let written = contact::Entity::insert_many(some.to_vec())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&**tx)
            .await?;
        if usize::try_from(written).unwrap_or_default() != some.len() {
            return Err(crossed());
        }
    }
    // What is left has no rows any more.
    changed += before.len();
    let gone: Vec<Uuid> = before.keys().copied().collect();
    for old in before.values() {
        deltas.take(&old.shares()?);
    }
    for some in gone.chunks(AT_ONCE) {
        contact::Entity::delete_many()
            .filter(contact::Column::Id.is_in(some.iter().copied()))
            .exec(&**tx)
            .await?;
    }
    deltas.write(&**tx).await?;
    Ok(changed)
}

/// Two wrote the same fact at once; the event is told again.
fn crossed() -> Problem {
    unavailable("facts_crossed", "another hand wrote the same fact")
}

/// The contacts of the same people shortly before and after these.
async fn around<'a>(
    conn: &impl ConnectionTrait,
    facts: impl Iterator<Item = &'a Contact>,
) -> Result<Vec<Contact>> {
    let mut people = HashSet::new();
    let mut span = None;
    for fact in facts.filter(|fact| fact.matter.is_some()) {
        let Some(requester) = fact.requester_id else {
            continue;
        };
        people.insert(requester);
        let (first, last) = span.get_or_insert((fact.offered_at, fact.offered_at));
        *first = fact.offered_at.min(*first);
        *last = fact.offered_at.max(*last);
    }
    let Some((first, last)) = span else {
        return Ok(Vec::new());
    };
    let people: Vec<Uuid> = people.into_iter().collect();
    let mut found = Vec::new();
    for some in people.chunks(AT_ONCE) {
        let rows = contact::Entity::find()
            .filter(contact::Column::RequesterId.is_in(some.iter().copied()))
            .filter(contact::Column::OfferedAt.gte(first - REPEAT_WITHIN))
            .filter(contact::Column::OfferedAt.lte(last + REPEAT_WITHIN))
            .filter(contact::Column::Matter.is_not_null())
            .all(conn)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// When somebody came, and the contact.
type Line = Vec<(DateTime<Utc>, Uuid)>;

/// Says of each contact up to `last` whether the same person came with the same matter within seven days.
fn judge_repeats(after: &mut HashMap<Uuid, Contact>, last: DateTime<Utc>) {
    let mut lines: HashMap<(Uuid, String), Line> = HashMap::new();
    for fact in after.values() {
        if let (Some(requester), Some(matter)) = (fact.requester_id, &fact.matter) {
            let line = lines.entry((requester, matter.clone())).or_default();
            line.push((fact.offered_at, fact.id));
        }
    }
    let mut repeated = HashSet::new();
    for line in lines.values_mut() {
        line.sort_unstable();
        for pair in line.windows(2) {
            let ((at, id), (next, _)) = (pair[0], pair[1]);
            if next > at && next - at <= REPEAT_WITHIN {
                repeated.insert(id);
            }
        }
    }
    for fact in after.values_mut() {
        if fact.offered_at <= last {
            fact.repeated = repeated.contains(&fact.id);
        }
    }
}

/// Makes the facts of these tickets anew, and of the contacts that they stand for. Answers how many changed.
pub async fn tickets(tx: &Tx, ids: &[Uuid]) -> Result<usize> {
    let mut fresh = load::tickets(&**tx, ids).await?;
    let before = ticket::Entity::find()
        .filter(ticket::Column::Id.is_in(ids.iter().copied()))
        .all(&**tx)
        .await?;
    let (mut deltas, mut changed) = (Deltas::default(), 0);
    for old in before {
        deltas.take(&old.shares());
        let Some(mut fact) = fresh.remove(&old.id) else {
            ticket::Entity::delete_by_id(old.id).exec(&**tx).await?;
            changed += 1;
            continue;
        };
        deltas.add(&fact.shares());
        fact.version = old.version;
        if fact == old {
            continue;
        }
        fact.version += 1;
        let written = ticket::Entity::update_many()
            .set(fact.into_active_model().reset_all())
            .filter(ticket::Column::Id.eq(old.id))
            .filter(ticket::Column::Version.eq(old.version))
            .exec(&**tx)
            .await?;
        if written.rows_affected != 1 {
            return Err(crossed());
        }
        changed += 1;
    }
    let new: Vec<Ticket> = fresh.into_values().collect();
    changed += new.len();
    write_new_tickets(tx, new, &mut deltas).await?;
    deltas.write(&**tx).await?;
    let of_tickets = Condition::all().add(contact::Column::TicketId.is_in(ids.iter().copied()));
    let stands_for: Vec<Uuid> = contact::Entity::find()
        .filter(of_tickets)
        .all(&**tx)
        .await?
        .into_iter()
        .map(|row| row.id)
        .collect();
    if !stands_for.is_empty() {
        changed += contacts(tx, &stands_for).await?;
    }
    Ok(changed)
}

async fn write_new_tickets(tx: &Tx, new: Vec<Ticket>, deltas: &mut Deltas) -> Result<()> {
    for fact in &new {
        deltas.add(&fact.shares());
    }
    for some in new.chunks(AT_ONCE) {
        let rows = some.iter().cloned().map(Ticket::into_active_model);
        let written = ticket::Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(&**tx)
            .await?;
        if usize::try_from(written).unwrap_or_default() != some.len() {
            return Err(crossed());
        }
    }
    Ok(())
}
