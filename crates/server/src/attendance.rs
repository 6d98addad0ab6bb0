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
use workforce::leave::LeaveKind;

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
        // Half of the day was leave, the other half was worked.
        AttendanceKind::Present if record.leave.is_some() => Some(PresenceKind::HalfDay),
        AttendanceKind::Present | AttendanceKind::StandIn if short => Some(PresenceKind::Late),
        AttendanceKind::Present => Some(PresenceKind::Present),
        AttendanceKind::StandIn => Some(PresenceKind::Substitute),
        AttendanceKind::Leave => Some(on_leave(record.leave)),
        AttendanceKind::Absent => Some(PresenceKind::Absent),
        AttendanceKind::Vacant => None,
    }
}

/// Leave of this kind, as the settlement counts it. Of a sheet that does not say which: the one that never counts.
fn on_leave(kind: Option<LeaveKind>) -> PresenceKind {
    use LeaveKind as L;
    match kind {
        None | Some(L::Personal) => PresenceKind::UnpaidLeave,
        Some(L::Sick) => PresenceKind::SickLeave,
        Some(L::PurchaserTraining) => PresenceKind::PurchaserTraining,
        Some(L::Annual | L::Marriage | L::Maternity | L::Paternity | L::Bereavement | L::Comp) => {
            PresenceKind::PaidLeave
        }
    }
}

/// The number of a post: 1 of `Z1`.
fn seat(post: &str) -> Result<i64> {
    post.trim_start_matches(|char: char| !char.is_ascii_digit())
        .parse()
        .map_err(|_| internal(format!("post `{post}` has no number")))
}

#[cfg(test)]
mod tests {
    use AttendanceKind as A;
    use LeaveKind as L;
    use PresenceKind as P;

    use super::*;

    #[test]
    fn kinds_of_leave_are_counted_apart_and_half_a_day_as_half() {
        let record = |kind, leave, minutes| FrozenRecord {
            id: uuid::Uuid::nil(),
            day: NaiveDate::MIN,
            seat: "Z1".to_owned(),
            user_id: None,
            kind,
            leave,
            minutes,
            whole_minutes: 480,
            corrects_id: None,
            seq: 1,
            hash: String::new(),
        };
        for (kind, leave, minutes, counted) in [
            (A::Leave, Some(L::Sick), 0, P::SickLeave),
            (A::Leave, Some(L::Annual), 0, P::PaidLeave),
            (A::Leave, Some(L::Comp), 0, P::PaidLeave),
            (A::Leave, Some(L::Personal), 0, P::UnpaidLeave),
            (
                A::Leave,
                Some(L::PurchaserTraining),
                0,
                P::PurchaserTraining,
            ),
            (A::Leave, None, 0, P::UnpaidLeave),
            (A::Present, Some(L::Annual), 240, P::HalfDay),
            (A::Present, None, 400, P::Late),
            (A::Present, None, 480, P::Present),
        ] {
            assert_eq!(presence(&record(kind, leave, minutes)), Some(counted));
        }
        assert_eq!(presence(&record(A::Vacant, None, 0)), None);
    }
}
