//! The end of the term, of which both sides are reminded in time to prepare the handover.

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::timer::Alarmed;
use kernel::{App, Tx, day, versioned};

use super::{row, tell, terms};
use crate::term;

/// The contracts, as the timer sees them.
pub(crate) struct Contracts;

impl Alarmed for Contracts {
    type Entity = row::Entity;
    const HANDLER: &'static str = "settlement.wake_contracts";
    const KINDS: &'static [&'static str] = &["service_contract.signed"];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextReminderAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("settlement");
        for contract in due {
            let mut after = contract.clone();
            remind(&app, &tx, &mut after, 1).await?;
            let after = versioned::save(&app, &*tx, &contract, after).await?;
            tell(&app, &tx, &who, &after, "ending").await?;
        }
        Ok(())
    }
}

/// Sets when the end of the term is spoken of next, so many days from today at the earliest.
pub(crate) async fn remind(
    app: &App,
    tx: &Tx,
    contract: &mut row::Model,
    days_on: u64,
) -> Result<()> {
    let service = organization::service_calendar::load(&**tx).await?;
    let days = terms::in_force(&**tx, app.clock.now())
        .await?
        .end_reminder_days;
    let earliest = day::today(app) + chrono::Days::new(days_on);
    let next = term::next_reminder(day::read(&contract.ends_on)?, &days, earliest);
    contract.next_reminder_at = next.map(|day| service.hours.closing_on(day));
    Ok(())
}
