//! The signs of all tickets' clocks, given by [`kernel::timer`].

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::timer::Alarmed;
use kernel::{App, Tx};

use super::act::Hand;
use super::clock::Alarm;
use super::life::Action;
use super::store::row::{self, Column};
use crate::cover;

/// The tickets, as the timer sees them.
pub(crate) struct Tickets;

impl Alarmed for Tickets {
    type Entity = row::Entity;
    const HANDLER: &'static str = "tickets.wake_alarm";
    const KINDS: &'static [&'static str] = &[
        "ticket.opened",
        "ticket.dispatched",
        "ticket.edited",
        "ticket.transfer_offered",
        "ticket.resumed",
        "ticket.supervised",
        "ticket.sent_back",
        "ticket.revisited",
        "ticket.reopened",
        "ticket.granted",
    ];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("tickets");
        let hand = Hand::of(&app, &tx, &who).await?;
        let duty = cover::store::duty(&*tx, app.clock.now(), &hand.service).await?;
        for ticket in due {
            if ticket.next_alarm.as_deref() == Some(Alarm::TransferDue.as_str()) {
                Box::pin(hand.act(ticket, &Action::LetTransferFall, None)).await?;
            } else {
                Box::pin(hand.ring(ticket, &duty)).await?;
            }
        }
        Ok(())
    }
}
