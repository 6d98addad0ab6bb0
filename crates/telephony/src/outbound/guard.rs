//! What keeps a call from going out, in the order in which it is asked.
//!
//! Pure: what was asked and what is known go in, the reason or nothing comes out.

use calendar::ServiceClock;
use chrono::{DateTime, Utc};
use floor::AgentState;
use kernel::clock::SHANGHAI;
use requesters::Number;

use super::rules::{Limits, OutboundNumber, OutboundPurpose, PurposeLink, may_be_called};

kernel::refusals! {
    /// Why a call does not go out.
    Refusal {
        /// The agent is not on the floor.
        SignedOut = "outbound_signed_out", "needs an agent who is on the floor", "take a state first";
        /// The agent has work in hand.
        Busy = "outbound_agent_busy", "needs an agent without a call", "end the call in hand";
        /// There is no such purpose.
        Purpose = "outbound_purpose_unknown", "has no purpose that is agreed";
        /// It is about nothing.
        Unlinked = "outbound_link_missing", "names no ticket, missed call or item of a list that its purpose needs";
        /// Its purpose needs a note.
        NoNote = "outbound_note_missing", "needs a note for this purpose";
        /// What it is about is somebody else's.
        NotYours = "outbound_not_yours", "is about what somebody else answers for", "ask the lead to give it to you";
        /// What it is about names another number.
        OtherNumber = "outbound_other_number", "goes to another number than the one it is about";
        /// There is no number.
        NoNumber = "outbound_number_unreadable", "has no number that can be dialled";
        /// Nobody may call such a number.
        NotAllowed = "outbound_number_not_allowed", "goes to a number that may not be called";
        /// The agent has had his calls.
        AgentCap(most: u64) = "outbound_agent_cap", format!("would be more than {most} of this agent today"), "ask the lead";
        /// The number has had its calls.
        NumberCap(most: u64) = "outbound_number_cap", format!("would be more than {most} to this number today"), "call tomorrow";
        /// The house has had its calls.
        TotalCap(most: u64) = "outbound_total_cap", format!("would be more than {most} of all agents today"), "ask the lead";
        /// It is too early, too late, or a day off.
        Hours = "outbound_outside_hours", "falls outside the hours in which requesters may be called";
        /// He does not want to be called.
        DoNotCall = "outbound_do_not_call", "goes to somebody who does not want to be called", "a lead may permit a call about a ticket";
    }
}

impl Refusal {
    /// Somebody tries to call more than is agreed: the signs of a stolen sign-in.
    pub fn is_cap(self) -> bool {
        matches!(
            self,
            Self::AgentCap(_) | Self::NumberCap(_) | Self::TotalCap(_)
        )
    }
}

/// What a call is about.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what is named, each by itself"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct About {
    /// A ticket is named.
    pub ticket: bool,
    /// An item of a list is named.
    pub item: bool,
    /// A missed call is named.
    pub callback: bool,
    /// It was dialled on a desk phone.
    pub desk_phone: bool,
}

/// The calls of this day so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Today {
    /// Of this agent.
    pub of_agent: u64,
    /// To this number.
    pub to_number: u64,
    /// Of everybody.
    pub in_all: u64,
}

/// The agent can call.
pub fn agent_may(state: AgentState) -> Result<(), Refusal> {
    match state {
        AgentState::SignedOut => Err(Refusal::SignedOut),
        AgentState::Ringing | AgentState::Talking | AgentState::Held => Err(Refusal::Busy),
        _ => Ok(()),
    }
}

/// The purpose is agreed, and what it needs is named.
pub fn purpose_fits(
    purpose: Option<&OutboundPurpose>,
    about: About,
    note: bool,
) -> Result<&OutboundPurpose, Refusal> {
    let purpose = purpose.ok_or(Refusal::Purpose)?;
    let linked = match purpose.link {
        PurposeLink::Item => about.item,
        PurposeLink::Callback => about.callback,
        PurposeLink::Ticket => about.ticket,
        PurposeLink::DeskPhone => about.desk_phone,
        PurposeLink::Any => about.ticket || about.item || about.callback,
    };
    if !linked {
        return Err(Refusal::Unlinked);
    }
    if purpose.note && !note {
        return Err(Refusal::NoNote);
    }
    Ok(purpose)
}

/// The number may be called at all.
pub fn number_fits(rows: &[OutboundNumber], number: &Number) -> Result<(), Refusal> {
    if may_be_called(rows, number) {
        Ok(())
    } else {
        Err(Refusal::NotAllowed)
    }
}

/// Nobody has had his calls of the day.
pub fn caps_fit(limits: &Limits, today: Today) -> Result<(), Refusal> {
    if today.of_agent >= limits.most_per_agent {
        Err(Refusal::AgentCap(limits.most_per_agent))
    } else if today.to_number >= limits.most_per_number {
        Err(Refusal::NumberCap(limits.most_per_number))
    } else if today.in_all >= limits.most_in_all {
        Err(Refusal::TotalCap(limits.most_in_all))
    } else {
        Ok(())
    }
}

/// Requesters may be called now.
pub fn hours_fit(
    limits: &Limits,
    service: &ServiceClock,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let here = now.with_timezone(&SHANGHAI).naive_local();
    let day = limits.on_days_off || service.calendar.is_workday(here.date());
    if day && limits.call_from <= here.time() && here.time() < limits.call_to {
        Ok(())
    } else {
        Err(Refusal::Hours)
    }
}
