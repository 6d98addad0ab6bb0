//! How a call that is over when it is told is written down: its record, its line, its event and its place in the
//! figures, all in one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use floor::{Floor, Past};
use kernel::masked::Phone;
use kernel::problem::Result;
use kernel::{App, Tx};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, Set};
use serde_json::{Value, json};

use crate::calls::journal::payload;
use crate::calls::rows::{call, event};

/// Told to other capabilities of each call that is entered: all of it at once.
pub(crate) const ENTERED: &str = "call.entered";

/// Rows of one statement.
const AT_ONCE: usize = 400;

/// A call to be written, as it stands afterwards.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub row: call::Model,
    /// It was not there before.
    pub new: bool,
    /// What the line of the journal says besides.
    pub details: Value,
    /// How long the requester waited, if that is known.
    pub wait: Option<TimeDelta>,
}

/// Writes calls that are over. `word` names the line of the journal.
pub(crate) async fn enter(
    app: &App,
    tx: &Tx,
    floor: &Floor,
    word: &str,
    entries: Vec<Entry>,
) -> Result<()> {
    let now = app.clock.now();
    let (mut made, mut lines) = (Vec::new(), Vec::new());
    let (mut told, mut past) = (Vec::new(), Vec::new());
    for Entry {
        mut row,
        new,
        details,
        wait,
    } in entries
    {
        row.events += 1;
        lines.push(event::ActiveModel {
            id: Set(app.ids.next()),
            call_id: Set(row.id),
            seq: Set(row.events),
            at: Set(now),
            event: Set(word.to_owned()),
            details: Set(details),
        });
        told.push((row.id.to_string(), facts(&row, now)));
        past.push(Past {
            id: row.id,
            queue: counted(&row),
            agent: row.agent_id,
            offered_at: row.arrived_at,
            accepted_at: row.answered_at,
            ended_at: row.ended_at.unwrap_or(row.arrived_at),
            wait,
            subject: subject(&row),
            // Who told it afterwards knows what became of it.
            callback: false,
        });
        if new {
            made.push(row.into_active_model());
        } else {
            let changed = row.into_active_model().reset_all();
            call::Entity::update(changed).exec(&**tx).await?;
        }
    }
    for some in made.chunks(AT_ONCE) {
        call::Entity::insert_many(some.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    for some in lines.chunks(AT_ONCE) {
        event::Entity::insert_many(some.to_vec())
            .exec_without_returning(&**tx)
            .await?;
    }
    app.events.publish_many(tx, ENTERED, told).await?;
    floor.past(tx, past).await
}

/// The queue it counts in: a call an agent placed counts in none.
pub(crate) fn counted(row: &call::Model) -> Option<String> {
    row.queue.clone().filter(|_| row.direction == "inbound")
}

/// What boards may show of the requester.
pub(crate) fn subject(row: &call::Model) -> Value {
    json!({ "caller": Phone::new(row.caller.clone()), "source": row.source })
}

fn facts(row: &call::Model, now: DateTime<Utc>) -> Value {
    let mut facts = payload(row, now);
    facts["started_at"] = json!(row.arrived_at);
    facts["answered_at"] = json!(row.answered_at);
    facts["ended_at"] = json!(row.ended_at);
    facts
}
