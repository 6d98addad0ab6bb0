//! What the floor tells the workforce of people and calls, in its words.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use floor::agent_state::store::{Change, SessionRow};
use floor::work_item::store::Offered;
use uuid::Uuid;
use workforce::adherence::{AdherenceDoing, Stretch};
use workforce::intraday::{BIN, HalfHour};

/// What somebody in this state does.
fn doing(state: &str) -> AdherenceDoing {
    match state {
        "signed_out" => AdherenceDoing::Away,
        "break" => AdherenceDoing::Paused,
        "meeting" | "training" => AdherenceDoing::Ordered,
        _ => AdherenceDoing::Work,
    }
}

/// Each person's stretches since `from`: by the states that were chosen, and for who was signed in before by his session.
pub(crate) fn stretches(
    from: DateTime<Utc>,
    sessions: &[SessionRow],
    changes: &[Change],
) -> Vec<Stretch> {
    let mut by_person: BTreeMap<Uuid, Vec<Stretch>> = BTreeMap::new();
    for session in sessions.iter().filter(|session| session.began_at < from) {
        let first = changes.iter().find(|one| one.agent_id == session.agent_id);
        let state = first.map_or(session.state.as_str(), |one| one.from_state.as_str());
        let stretch = Stretch {
            user_id: session.agent_id,
            doing: doing(state),
            from,
            until: session.ended_at,
        };
        by_person.entry(session.agent_id).or_default().push(stretch);
    }
    for change in changes {
        let mine = by_person.entry(change.agent_id).or_default();
        if let Some(last) = mine.last_mut() {
            last.until = Some(last.until.map_or(change.at, |until| until.min(change.at)));
        }
        if doing(&change.to_state) != AdherenceDoing::Away {
            mine.push(Stretch {
                user_id: change.agent_id,
                doing: doing(&change.to_state),
                from: change.at,
                until: None,
            });
        }
    }
    by_person.into_values().flatten().collect()
}

/// The calls of a day by half hours.
pub(crate) fn half_hours(day: NaiveDate, calls: &[Offered]) -> Vec<HalfHour> {
    let begins = floor::day::day_begins(day);
    let mut bins: BTreeMap<usize, HalfHour> = BTreeMap::new();
    for call in calls {
        let minutes = (call.offered_at - begins).num_minutes() / i64::from(BIN);
        let half_hour = usize::try_from(minutes).unwrap_or_default();
        let bin = bins.entry(half_hour).or_insert(HalfHour {
            day,
            half_hour,
            calls: 0,
            handled: 0,
            handle_seconds: 0,
        });
        bin.calls += 1;
        let written = call.wrap_up_ended_at.or(call.ended_at);
        if let (Some(accepted), Some(written)) = (call.accepted_at, written) {
            bin.handled += 1;
            bin.handle_seconds += (written - accepted).max(TimeDelta::zero()).num_seconds();
        }
    }
    bins.into_values().collect()
}
