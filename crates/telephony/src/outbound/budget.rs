//! What every number outside must pass, whichever way it is called: which numbers may be called, how often in a day,
//! and when.

use floor::Floor;
use kernel::problem::Result;
use kernel::{App, Tx, numbers, rule};
use requesters::Number;
use uuid::Uuid;

use super::callback::store::hash_of;
use super::guard::{self, Refusal, Today};
use super::rules::{self, OutboundNumber};
use super::section::OutboundSection;
use super::{OutboundSettings, store};

/// What a call counts for.
pub(super) struct Counted {
    /// The day in Guangzhou.
    pub day: String,
    /// The number's keyed hash.
    pub hash: String,
}

/// Whether `agent` may call `to` now. Who asks waits for who asked before him until his transaction ends, so that of
/// many calls at once no more go out than are agreed.
pub(super) async fn take(
    app: &App,
    tx: &Tx,
    agent: Uuid,
    to: &Number,
) -> Result<Result<Counted, Refusal>> {
    let now = app.clock.now();
    let rows = rule::in_force::<OutboundNumber>(&**tx, now).await?;
    if let Err(why) = guard::number_fits(&rows, to) {
        return Ok(Err(why));
    }
    let (day, hash) = (store::day_of(now), hash_of(app, &to.text));
    numbers::next_many(&**tx, format!("outbound:{day}"), 1).await?;
    let limits = rules::limits(app, &**tx).await?;
    let sections = rule::in_force::<OutboundSection>(&**tx, now).await?;
    // A section is no requester: it is asked as often as there is need, and while somebody is there.
    let section = sections.iter().any(|section| section.is(to));
    let today = store::today(&**tx, &day, agent, &hash).await?;
    let today = Today {
        to_number: if section { 0 } else { today.to_number },
        ..today
    };
    let service = organization::service_calendar::load(&**tx).await?;
    let fits = guard::caps_fit(&limits, today).and_then(|()| {
        if section {
            Ok(())
        } else {
            guard::hours_fit(&limits, &service, now)
        }
    });
    Ok(fits.map(|()| Counted { day, hash }))
}

/// The number that is shown to whom a queue calls: the queue's own, else the hotline's.
pub(super) fn shown(floor: &Floor, queue: &str, settings: &OutboundSettings) -> String {
    let own = floor.queue_rules(queue).and_then(|rules| rules.caller_id);
    own.unwrap_or_else(|| settings.caller_id.clone())
}
