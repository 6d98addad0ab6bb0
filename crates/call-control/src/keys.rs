//! What the requester does with his telephone keys: menu, call back, message box, rating.

use chrono::{DateTime, Utc};

use crate::call::{Call, State};
use crate::types::{Command, EndedBy, Event, Outcome, Place, Prompt};

/// The key that asks to be called back.
const CALL_BACK: char = '1';
/// The key that ends a message.
const DONE: char = '#';
/// A shorter message is none.
const SHORTEST_MESSAGE_MS: i64 = 2_000;

impl Call {
    pub(crate) fn requester_key(&mut self, key: char, now: DateTime<Utc>) {
        match self.state {
            State::Menu => self.choose(key, now),
            State::Queued | State::Ringing
                if key == CALL_BACK && self.callback_offered && self.offered =>
            {
                self.keep_place(now);
            }
            State::Message if key == DONE => self.message_over(now),
            State::Survey => self.rate(key, now),
            _ => {}
        }
    }

    pub(crate) fn open_menu(&mut self, now: DateTime<Utc>) {
        if let Some(requester) = self.requester {
            self.play(requester, Prompt::Menu);
        }
        self.enter(State::Menu, now + self.limits.menu);
    }

    fn choose(&mut self, key: char, now: DateTime<Utc>) {
        let chosen = self.line.menu.iter().find(|(k, _)| *k == key);
        let Some(queue) = chosen.map(|(_, queue)| queue.clone()) else {
            return;
        };
        self.journal(Event::Chosen {
            queue: queue.clone(),
        });
        self.queue = Some(queue);
        self.join_queue(now);
    }

    pub(crate) fn say_place(&mut self, place: Place) {
        if let (State::Queued, Some(requester)) = (self.state, self.requester) {
            self.callback_offered |= place.callback;
            self.play(requester, Prompt::Position(place));
        }
    }

    /// The requester hangs up and keeps his place: `floor` rings an agent for him when his turn comes.
    fn keep_place(&mut self, now: DateTime<Utc>) {
        if self.state == State::Ringing {
            self.back_to_queue();
        }
        self.journal(Event::CallbackAsked);
        self.offered = false;
        self.out.push(Command::KeepPlace);
        self.leaving = Some(EndedBy::Requester);
        self.farewell(Prompt::CallbackPromised, Outcome::Callback, now);
    }

    pub(crate) fn open_message_box(&mut self, now: DateTime<Utc>) {
        self.line.message_box = false;
        if let Some(requester) = self.requester {
            self.play(requester, Prompt::LeaveMessage);
        }
        let until = now + self.limits.prompt + self.limits.message;
        self.enter(State::Message, until);
    }

    /// The tone was heard: what is said now is the message.
    pub(crate) fn begin_message(&mut self, now: DateTime<Utc>) {
        if self.message_since.is_none() {
            self.message_since = Some(now);
            self.start_recording();
            self.journal(Event::MessageBegan);
            self.enter(State::Message, now + self.limits.message);
        }
    }

    /// How a call ends that ends now, in the message box.
    pub(crate) fn message_outcome(&mut self, now: DateTime<Utc>) -> Outcome {
        let length_ms = self
            .message_since
            .map_or(0, |since| (now - since).num_milliseconds());
        if length_ms < SHORTEST_MESSAGE_MS {
            return Outcome::AfterHours;
        }
        self.journal(Event::MessageLeft { length_ms });
        Outcome::MessageLeft
    }

    pub(crate) fn message_over(&mut self, now: DateTime<Utc>) {
        let outcome = self.message_outcome(now);
        self.leaving = Some(EndedBy::Requester);
        self.farewell(Prompt::Thanks, outcome, now);
    }

    /// The agent is gone; the requester stays to rate.
    pub(crate) fn begin_survey(&mut self, now: DateTime<Utc>) {
        let Some(requester) = self.requester else {
            return;
        };
        self.leaving = Some(EndedBy::Agent);
        self.drop_supervisor();
        if let Some(leg) = self.agent_leg.take() {
            self.out.push(Command::HangUp(leg));
        }
        self.hang_up_alerting(None);
        self.hold_is_over(now);
        self.bridged = false;
        if std::mem::take(&mut self.taken) {
            self.out.push(Command::TalkEnded);
        }
        self.journal(Event::SurveyBegan);
        self.play(requester, Prompt::Survey);
        self.enter(State::Survey, now + self.limits.survey);
    }

    fn rate(&mut self, key: char, now: DateTime<Utc>) {
        if let Some(score) = key.to_digit(10).filter(|score| (1..=5).contains(score)) {
            self.journal(Event::Rated { score });
            self.farewell(Prompt::Thanks, Outcome::Answered, now);
        }
    }

    fn farewell(&mut self, prompt: Prompt, outcome: Outcome, now: DateTime<Utc>) {
        if let Some(requester) = self.requester {
            self.play(requester, prompt);
        }
        self.enter(State::Farewell(outcome), now + self.limits.prompt);
    }
}
