//! What the lead says of a seat whose evidence does not tell how it was held (班长改判).

use std::collections::HashSet;

use kernel::problem::{Result, invalid};
use kernel::text::needed;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{Evidence, Line};
use super::{AttendanceFinding, AttendanceKind};
use crate::leave::LeaveKind;

/// What the lead says of a seat instead of the evidence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Overruled {
    /// The post: `Z1`.
    pub seat: String,
    /// How it was held.
    pub kind: AttendanceKind,
    /// The kind of leave; only with `leave`, and as it was granted, else personal, where it is left out.
    pub leave_kind: Option<LeaveKind>,
    /// Who stood in; only with `stand_in`, and judged by his own evidence.
    pub user_id: Option<Uuid>,
    /// Why.
    pub reason: String,
}

/// The line as the lead says it was.
pub(super) fn overruled(evidence: &Evidence, line: &Line, said: &Overruled) -> Result<Line> {
    use AttendanceKind as K;
    let reason = needed("reason", &said.reason)?;
    let no = |detail: &str| Err(invalid("overruled", "overruled_invalid", detail.to_owned()));
    if said.leave_kind.is_some() && said.kind != K::Leave {
        return no("a kind of leave is told of leave only");
    }
    let mut after = match (said.kind, said.user_id) {
        (K::StandIn, Some(user)) if line.user_id != Some(user) => {
            let mut by = evidence.line(&line.seat, Some(user));
            if by.kind != K::Present {
                return no("who stands in has punched or signed in to the floor that day");
            }
            by.kind = K::StandIn;
            by
        }
        (K::StandIn, _) => return no("who stood in is somebody else than the holder"),
        (_, Some(_)) => return no("a person is named only for who stood in"),
        (K::Present, None) if line.user_id.is_some() => {
            let mut by = line.clone();
            by.kind = K::Present;
            by.minutes = by.whole_minutes;
            by.leave = None;
            (by.late_minutes, by.early_minutes) = (0, 0);
            by
        }
        (K::Leave | K::Absent, None) if line.user_id.is_some() => {
            let mut by = line.clone();
            by.kind = said.kind;
            by.minutes = 0;
            by.leave = (said.kind == K::Leave).then(|| {
                let granted = said.leave_kind.or(line.leave);
                granted.unwrap_or(LeaveKind::Personal)
            });
            by
        }
        _ => return no("this seat cannot be said to be so"),
    };
    after.reason = Some(reason);
    after.findings.insert(AttendanceFinding::Overruled);
    Ok(after)
}

/// 422 where the lead says two things of one seat, or one person would hold two.
pub(super) fn must_be_plain(said: &[Overruled], lines: &[Line]) -> Result<()> {
    let mut seats = HashSet::new();
    if !said.iter().all(|one| seats.insert(&one.seat)) {
        let detail = "one thing is said of a seat";
        return Err(invalid("overruled", "seat_twice", detail));
    }
    let mut people = HashSet::new();
    let held = lines.iter().filter(|line| line.kind.is_held());
    if !held
        .filter_map(|line| line.user_id)
        .all(|user| people.insert(user))
    {
        let detail = "one person holds one seat of a day";
        return Err(invalid("overruled", "person_twice", detail));
    }
    Ok(())
}
