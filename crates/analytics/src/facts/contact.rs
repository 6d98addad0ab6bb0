//! What became of a contact, and what it adds to the sums.

use super::cells::Share;
use super::{LEVEL_MS, REPLY_MS, RESOLVABLE, Sums};
use kernel::problem::Result;

kernel::table! {
    /// A call, a conversation, a contact noted by hand.
    pub mod row = "contact_facts" (
        /// The call's, the conversation's, the record's.
        id: Uuid,
    ) {
        /// `voice`, `chat` or `manual`.
        medium: String,
        channel: String,
        direction: String,
        queue: Option<String>,
        /// It asked for an agent of a queue: it counts in `O`, or among the conversations requested.
        queued: bool,
        matter: Option<String>,
        request_type: Option<String>,
        requester_id: Option<Uuid>,
        /// Who answered first.
        agent_id: Option<Uuid>,
        /// Who had it last.
        last_agent_id: Option<Uuid>,
        ticket_id: Option<Uuid>,
        /// The civil day it was offered.
        day: String,
        /// 0 is 00:00 to 00:30.
        half_hour: i32,
        offered_at: DateTimeUtc,
        answered_at: Option<DateTimeUtc>,
        ended_at: Option<DateTimeUtc>,
        outcome: Option<String>,
        in_time: bool,
        wait_ms: i64,
        ring_ms: i64,
        talk_ms: i64,
        hold_ms: i64,
        acw_ms: i64,
        transfers: i32,
        response_ms: Option<i64>,
        message: bool,
        reply_ms: Option<i64>,
        satisfaction: Option<String>,
        repeated: bool,
        reopened: bool,
        version: i64,
    }
}

pub use row::Model as Contact;

impl Contact {
    /// Somebody answered, or nobody will.
    pub fn decided(&self) -> bool {
        self.answered_at.is_some() || self.ended_at.is_some()
    }

    /// Whether the requester gave up, in words of the floor.
    pub fn gave_up(&self) -> bool {
        self.answered_at.is_none()
            && matches!(
                self.outcome.as_deref(),
                Some("abandoned" | "short_abandoned")
            )
    }

    /// What can be resolved while one talks, and is written up.
    pub fn resolvable(&self) -> bool {
        self.answered_at.is_some()
            && self.matter.is_some()
            && self
                .request_type
                .as_deref()
                .is_some_and(|kind| RESOLVABLE.contains(&kind))
    }

    /// What it adds.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums {
            contacts: 1,
            outbound: one(self.direction == "outbound"),
            ..Sums::default()
        };
        let answered = self.answered_at.is_some();
        match self.medium.as_str() {
            "voice" if self.queued && self.decided() => self.add_call(&mut sums),
            "chat" if self.queued && self.decided() => {
                sums.requested = 1;
                sums.accepted = one(answered);
                sums.asked = one(answered);
                if let Some(ms) = self.response_ms.filter(|_| answered) {
                    sums.responded = 1;
                    sums.response_ms = ms;
                }
            }
            _ => {}
        }
        if self.message {
            sums.messages = 1;
            if let Some(ms) = self.reply_ms {
                sums.replied = 1;
                sums.reply_ms = ms;
                sums.replied_in_24h = one(ms <= REPLY_MS);
            }
        }
        if self.resolvable() {
            sums.resolvable = 1;
            sums.resolved = one(!self.repeated && !self.reopened);
        }
        if let Some(said) = &self.satisfaction {
            sums.asked = 1;
            sums.rated = 1;
            sums.pleased = one(said != "dissatisfied");
        }
        sums
    }

    fn add_call(&self, sums: &mut Sums) {
        sums.offered = 1;
        if self.answered_at.is_none() {
            let gave_up = self.gave_up();
            sums.abandoned = one(gave_up);
            sums.abandoned_in_20 = one(gave_up && self.wait_ms <= LEVEL_MS);
            sums.short = one(self.outcome.as_deref() == Some("short_abandoned"));
            sums.lost = one(!gave_up);
            return;
        }
        sums.answered = 1;
        sums.in_time = one(self.in_time);
        sums.in_20 = one(self.wait_ms <= LEVEL_MS);
        sums.wait_ms = self.wait_ms;
        sums.ring_ms = self.ring_ms;
        sums.asked = 1;
        sums.transferred = one(self.transfers > 0);
        if self.ended_at.is_some() {
            sums.handled = 1;
            sums.talk_ms = self.talk_ms;
            sums.hold_ms = self.hold_ms;
            sums.acw_ms = self.acw_ms;
        }
    }

    /// Where it adds it.
    pub(crate) fn shares(&self) -> Result<Vec<Share>> {
        Ok(vec![Share {
            day: kernel::day::read(&self.day)?,
            half_hour: Some(self.half_hour),
            channel: self.channel.clone(),
            queue: self.queue.clone(),
            person: self.agent_id,
            matter: self.matter.clone(),
            sums: self.sums(),
        }])
    }
}

/// 1 where it is so.
pub(crate) fn one(so: bool) -> i64 {
    i64::from(so)
}
