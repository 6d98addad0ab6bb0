//! Who else this person may be. A suggestion joins nobody: it says what speaks for it, and somebody decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use kernel::problem::Result;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder as _, QuerySelect as _,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::claim::{self, ClaimKind};
use super::{LinkWhat, link, store};
use crate::Requester;
use crate::identity::store::row as identity_row;
use crate::requester::store::row as requester_row;

kernel::words! {
    /// What speaks for two being one.
    Likeness {
        /// The code of one was read out on a call that came from the number of the other.
        CodeHeard = "code_heard",
        /// One gave the number of the other.
        ClaimedNumber = "claimed_number",
        /// One gave the e-mail address that the other writes from.
        ClaimedMail = "claimed_mail",
        /// Both write from one e-mail address.
        SameMail = "same_mail",
        /// Both gave the same number or address.
        SameClaim = "same_claim",
    }
}

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonSuggestion {
    /// Who.
    pub requester: Requester,
    /// What speaks for it, the strongest first.
    pub reasons: Vec<Likeness>,
}

/// Suggestions shown at once.
const SHOWN: usize = 20;
/// Rows looked at for each reason: a number that many claim is no reason.
const LOOKED_AT: u64 = 50;

#[derive(Default)]
struct Found(BTreeMap<Uuid, BTreeSet<Likeness>>);

impl Found {
    fn add(&mut self, likeness: Likeness, ids: impl IntoIterator<Item = Uuid>) {
        for id in ids {
            self.0.entry(id).or_default().insert(likeness);
        }
    }
}

/// Who else the person of `id` may be, without those who were declined.
pub(crate) async fn of(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<PersonSuggestion>> {
    let rows = store::rows_of(conn, id).await?;
    let members: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let numbers: Vec<String> = rows
        .iter()
        .filter_map(|row| row.phone_hash.clone())
        .collect();
    let claims = claim::of(conn, &members).await?;
    let claimed = |kind: ClaimKind| -> Vec<String> {
        let of_kind = claims.iter().filter(|claim| claim.kind == kind.as_str());
        of_kind.map(|claim| claim.hash.clone()).collect()
    };
    let (claimed_numbers, claimed_mails) = (claimed(ClaimKind::Phone), claimed(ClaimKind::Mail));
    let identities = identity_row::Entity::find()
        .filter(identity_row::Column::RequesterId.is_in(members.iter().copied()))
        .all(conn)
        .await?;
    let mails: Vec<String> = identities
        .into_iter()
        .filter_map(|one| one.mail_hash)
        .collect();

    let mut found = Found::default();
    let heard = link::about(conn, &members, &[LinkWhat::Suggested]).await?;
    let other = |line: &link::row::Model| {
        if members.contains(&line.from_id) {
            line.into_id
        } else {
            line.from_id
        }
    };
    found.add(Likeness::CodeHeard, heard.iter().map(other));
    found.add(
        Likeness::ClaimedNumber,
        with_numbers(conn, &claimed_numbers).await?,
    );
    found.add(Likeness::ClaimedNumber, claim::by(conn, &numbers).await?);
    found.add(
        Likeness::ClaimedMail,
        with_mails(conn, &claimed_mails).await?,
    );
    found.add(Likeness::ClaimedMail, claim::by(conn, &mails).await?);
    found.add(Likeness::SameMail, with_mails(conn, &mails).await?);
    let same = [claimed_numbers, claimed_mails].concat();
    found.add(Likeness::SameClaim, claim::by(conn, &same).await?);

    let likely = found.0.into_iter().filter(|(id, _)| !members.contains(id));
    let likely: BTreeMap<Uuid, BTreeSet<Likeness>> = likely.collect();
    let said_no = declined(conn, &members).await?;
    let last_heard = |id: Uuid| {
        heard
            .iter()
            .filter(|line| other(line) == id)
            .map(|line| line.at)
            .max()
    };
    let known = crate::find_many(conn, likely.keys().copied().collect()).await?;
    let mut suggestions: Vec<PersonSuggestion> = known
        .into_iter()
        .filter(|known| match said_no.get(&known.person_id) {
            // A code read out since then is news.
            Some(no) => last_heard(known.id).is_some_and(|heard| heard > *no),
            None => true,
        })
        .filter_map(|requester| {
            let reasons = likely.get(&requester.id)?.iter().copied().collect();
            Some(PersonSuggestion { requester, reasons })
        })
        .collect();
    suggestions.sort_by(|a, b| {
        let newest = b
            .requester
            .last_contact_at
            .cmp(&a.requester.last_contact_at);
        a.reasons.cmp(&b.reasons).then(newest)
    });
    suggestions.truncate(SHOWN);
    Ok(suggestions)
}

/// Persons that were said to be others, or parted again, with when.
async fn declined(
    conn: &impl ConnectionTrait,
    members: &[Uuid],
) -> Result<HashMap<Uuid, DateTime<Utc>>> {
    let lines = link::about(conn, members, &[LinkWhat::Declined, LinkWhat::Unmerged]).await?;
    let others = lines.iter().flat_map(|line| [line.from_id, line.into_id]);
    let others: Vec<Uuid> = others.filter(|id| !members.contains(id)).collect();
    let persons: HashMap<Uuid, Uuid> = crate::find_many(conn, others)
        .await?
        .into_iter()
        .map(|known| (known.id, known.person_id))
        .collect();
    let mut when = HashMap::new();
    // The newest line comes first.
    for line in lines {
        for id in [line.from_id, line.into_id] {
            if let Some(person) = persons.get(&id) {
                when.entry(*person).or_insert(line.at);
            }
        }
    }
    Ok(when)
}

async fn with_numbers(conn: &impl ConnectionTrait, hashes: &[String]) -> Result<Vec<Uuid>> {
    use requester_row::Column;
    Ok(requester_row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::PhoneHash.is_in(hashes.iter().cloned()))
        .limit(LOOKED_AT)
        .into_tuple()
        .all(conn)
        .await?)
}

async fn with_mails(conn: &impl ConnectionTrait, hashes: &[String]) -> Result<Vec<Uuid>> {
    use identity_row::Column;
    Ok(identity_row::Entity::find()
        .select_only()
        .column(Column::RequesterId)
        .filter(Column::MailHash.is_in(hashes.iter().cloned()))
        .order_by_desc(Column::LastSeenAt)
        .limit(LOOKED_AT)
        .into_tuple()
        .all(conn)
        .await?)
}
