//! What a statement is drawn from: days that both sides signed in the product, and for days that were not kept in
//! it the sheets that both signed.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use futures::future::BoxFuture;
use kernel::problem::internal;
use kernel::{App, Result};
use settlement::presence::{DayRecord, DaySource, PresenceKind};
use settlement::{Attendance, ChainHead, SignedSheets, Signers};
use uuid::Uuid;
use workforce::FrozenRecord;
use workforce::attendance::{AttendanceKind, period::in_force};

/// The settlement asks for days that both sides signed.
pub struct SignedDays(pub App);

impl Attendance for SignedDays {
    fn frozen(&self, from: NaiveDate, until: NaiveDate) -> BoxFuture<'_, Result<Vec<DayRecord>>> {
        Box::pin(async move {
            let conn = self.0.db.read();
            let kept = workforce::frozen(conn, from, until).await?;
            let held = in_force(&kept);
            let days: BTreeSet<NaiveDate> = held.iter().map(|record| record.day).collect();
            let who = held.iter().filter_map(|record| record.user_id);
            let people = organization::colleagues(conn, who).await?;
            let mut records = Vec::with_capacity(held.len());
            for record in held {
                let Some(presence) = presence(record) else {
                    continue;
                };
                let person = record.user_id.and_then(|id| people.get(&id));
                let person = person.map_or_else(String::new, |person| {
                    let number = person.staff_no.as_deref().unwrap_or_default();
                    format!("{number} {}", person.name).trim().to_owned()
                });
                records.push(DayRecord {
                    id: record.id,
                    day: record.day,
                    seat: seat(&record.seat)?,
                    person,
                    presence,
                    minutes: record.minutes,
                    sha256: record.hash.clone(),
                    source: DaySource::Attendance,
                    source_id: None,
                });
            }
            let sheets = SignedSheets(self.0.clone()).frozen(from, until).await?;
            records.extend(sheets.into_iter().filter(|row| !days.contains(&row.day)));
            Ok(records)
        })
    }

    fn chain(&self) -> BoxFuture<'_, Result<Option<ChainHead>>> {
        Box::pin(async move {
            let (seq, hash) = workforce::chain_end(self.0.db.read()).await?;
            Ok((seq > 0).then_some(ChainHead { seq, hash }))
        })
    }

    fn signers<'a>(&'a self, records: &'a [Uuid]) -> BoxFuture<'a, Result<HashMap<Uuid, Signers>>> {
        Box::pin(async move {
            let sheets = SignedSheets(self.0.clone());
            let mut signers = sheets.signers(records).await?;
            let kept = workforce::signatures(self.0.db.read(), records).await?;
            signers.extend(kept.into_iter().map(|(id, signed)| {
                let signed = Signers {
                    written_by: signed.written_by,
                    written_at: signed.written_at,
                    countersigned_by: signed.countersigned_by,
                    countersigned_at: signed.countersigned_at,
                };
                (id, signed)
            }));
            Ok(signers)
        })
    }
}

/// How a seat was held, as the settlement counts it; `None` where nobody held it.
fn presence(record: &FrozenRecord) -> Option<PresenceKind> {
    let short = record.minutes < record.whole_minutes;
    match record.kind {
        AttendanceKind::Present | AttendanceKind::StandIn if short => Some(PresenceKind::Late),
        AttendanceKind::Present => Some(PresenceKind::Present),
        AttendanceKind::StandIn => Some(PresenceKind::Substitute),
        // Which leave it was the sheet does not say: the one that never counts by itself.
        AttendanceKind::Leave => Some(PresenceKind::UnpaidLeave),
        AttendanceKind::Absent => Some(PresenceKind::Absent),
        AttendanceKind::Vacant => None,
    }
}

/// The number of a post: 1 of `Z1`.
fn seat(post: &str) -> Result<i64> {
    post.trim_start_matches(|char: char| !char.is_ascii_digit())
        .parse()
        .map_err(|_| internal(format!("post `{post}` has no number")))
}
