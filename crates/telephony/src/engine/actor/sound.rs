//! What is played to whom, and who hears whom.

use call_control::{LegId, Path, Prompt};

use super::Actor;
use crate::media::{Hears, Playlist};

impl Actor {
    pub(super) fn play(&mut self, leg: LegId, prompt: &Prompt) {
        let Some(slot) = self.legs.get(&leg) else {
            return;
        };
        let prompts = self.engine.media.prompts();
        let list = match prompt {
            Prompt::Greeting => {
                let before = self.line.before_greeting.iter();
                let mut said: Vec<_> = before.map(|name| prompts.known(name)).collect();
                said.push(prompts.greeting());
                Playlist::once(said)
            }
            Prompt::AfterHours => {
                let closed = match &self.line.closed_by {
                    Some(name) => prompts.known(name),
                    None => prompts.after_hours(),
                };
                Playlist::once(vec![closed, prompts.goodbye()])
            }
            Prompt::Menu => Playlist::once(vec![prompts.known("menu")]),
            Prompt::QueueMusic => Playlist::looping(vec![prompts.queue(), prompts.music()]),
            Prompt::Position(place) => {
                Playlist::once(prompts.place(place.ahead, place.minutes, place.callback))
            }
            Prompt::Closing if self.call.opens_message_box() => {
                Playlist::once(vec![prompts.known("closing")])
            }
            Prompt::Closing => Playlist::once(vec![prompts.known("closing"), prompts.goodbye()]),
            Prompt::ClosingCallBack => Playlist::once(vec![
                prompts.known("closing"),
                prompts.known("closing_call_back"),
                prompts.goodbye(),
            ]),
            Prompt::CallbackPromised => Playlist::once(vec![prompts.known("called_back")]),
            Prompt::LeaveMessage => {
                Playlist::once(vec![prompts.known("leave_message"), prompts.known("tone")])
            }
            Prompt::Survey => Playlist::once(vec![prompts.known("survey")]),
            Prompt::Thanks => Playlist::once(vec![prompts.known("thanks")]),
            Prompt::StaffNumber(number) => Playlist::once(prompts.staff_number(number)),
            Prompt::HoldMusic => Playlist::looping(vec![prompts.music()]),
            Prompt::AllBusy => Playlist::once(vec![prompts.busy(), prompts.goodbye()]),
            Prompt::Ringback => Playlist::looping(vec![prompts.ring_back()]),
        };
        let endless = list.looping;
        let play = self.session.play(slot.side, list);
        if !endless {
            self.plays.insert(play, leg);
        }
    }

    pub(super) fn stop_playing(&self, leg: LegId) {
        if let Some(slot) = self.legs.get(&leg) {
            self.session.stop(slot.side);
        }
    }

    pub(super) fn connect(&mut self, paths: Vec<Path>) {
        self.paths = paths;
        self.connect_again();
    }

    pub(super) fn connect_again(&self) {
        let side = |leg: &LegId| self.legs.get(leg).map(|slot| slot.side);
        let hears: Vec<Hears> = self
            .paths
            .iter()
            .filter_map(|path| {
                Some(Hears {
                    ear: side(&path.ear)?,
                    mouth: side(&path.mouth)?,
                })
            })
            .collect();
        self.session.connect(&hears);
    }

    pub(super) fn press(&self, leg: LegId, keys: String) {
        if let Some(slot) = self.legs.get(&leg) {
            self.session.press(slot.side, keys);
        }
    }
}
