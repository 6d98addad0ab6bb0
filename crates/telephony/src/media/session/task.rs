//! What is behind a [`MediaSession`](super::MediaSession), on a thread of the pump.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use std::collections::VecDeque;

use super::super::codec::{FRAME, SILENCE, ToAlaw};
use super::super::leg::{Leg, LegStats, MediaEvent, Packet};
use super::super::plane::MediaError;
use super::super::recorder::{Recorder, Writer};
use super::super::rtp::Event;
use super::mixer::{self, Mouth};
use super::{Closed, Command, Hears, PlayId, Playlist, SessionEvent, SessionSummary, Side};

const FRAME_TIME: Duration = Duration::from_millis(20);
/// A player that is this late does not hurry after its frames; it goes on from now.
const LATE: Duration = Duration::from_millis(200);
/// Packets of one leg taken in one turn, so that a flood on one call does not keep the others waiting.
const MOST_AT_ONCE: usize = 64;
/// Places of the event queue that key presses may not take: nobody may crowd out the others with keys.
const RESERVED: usize = 64;
/// Packets of one leg that come within this time are not the rhythm of a voice.
const SOON: Duration = Duration::from_millis(8);
const IDLE: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(in super::super) struct Task {
    events: mpsc::Sender<SessionEvent>,
    writer: Writer,
    ends: [End; Side::ALL.len()],
    recorder: Option<Recorder>,
    /// When the next frame of mixed sound is due; `None` = nobody hears any.
    next_mix: Option<Instant>,
    presses: VecDeque<Press>,
    /// When the next packet of a key press is due.
    next_press: Instant,
    /// The mark of the leg that was attached last.
    last_mark: u16,
}

/// Whether a turn may have changed when the next is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Turn {
    /// Not to an earlier time.
    Keep,
    /// Perhaps.
    Rearm,
}

/// A key that is pressed for somebody.
#[derive(Debug)]
struct Press {
    side: Side,
    code: u8,
    /// Packets' turns so far.
    turn: u16,
}

/// Turns of 20 ms that a key is down, and that pass before the next.
const DOWN: u16 = 5;
const UP: u16 = 4;

/// Whom a side hears, one bit a side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mouths(u8);

impl Mouths {
    const fn of(side: Side) -> Self {
        Self(1 << side as u8)
    }

    const fn has(self, side: Side) -> bool {
        self.0 & Self::of(side).0 != 0
    }

    const fn add(&mut self, side: Side) {
        self.0 |= Self::of(side).0;
    }

    /// The only one, if there is one only.
    fn only(self, side: Side) -> bool {
        self == Self::of(side)
    }
}

/// One side of the call.
#[derive(Debug, Default)]
struct End {
    leg: Option<Box<Leg>>,
    /// What the pump knows the leg by.
    mark: u16,
    /// When something was last there to be read.
    read: Option<Instant>,
    hears: Mouths,
    /// It was an ear before: it gets silence when it hears nobody.
    open: bool,
    /// A key is pressed towards it: its voices wait.
    pressed: bool,
    /// What it says to ears that hear several.
    mouth: Mouth,
    /// Counters of the legs it had before.
    stats: LegStats,
    player: Option<Player>,
    decoder: ToAlaw,
}

#[derive(Debug)]
struct Player {
    id: PlayId,
    list: Playlist,
    /// Which prompt, and where in it.
    index: usize,
    at: usize,
    /// When the next frame is due.
    due: Instant,
}

impl Player {
    fn new(id: PlayId, list: Playlist, now: Instant) -> Self {
        Self {
            id,
            list,
            index: 0,
            at: 0,
            due: now,
        }
    }

    /// The next frame; its end is silence when the list ends within it.
    fn frame(&mut self) -> Option<[u8; FRAME]> {
        let mut frame = [SILENCE; FRAME];
        let mut filled = 0;
        let mut empty_rounds = 0;
        while filled < FRAME {
            let Some(prompt) = self.list.prompts.get(self.index) else {
                // A loop of nothing but empty prompts must not turn for ever.
                empty_rounds += 1;
                if !self.list.looping || empty_rounds > 1 {
                    break;
                }
                self.index = 0;
                continue;
            };
            let rest = &prompt.alaw()[self.at..];
            if rest.is_empty() {
                (self.index, self.at) = (self.index + 1, 0);
                continue;
            }
            let part = rest.len().min(FRAME - filled);
            frame[filled..filled + part].copy_from_slice(&rest[..part]);
            (filled, self.at, empty_rounds) = (filled + part, self.at + part, 0);
        }
        (filled > 0).then_some(frame)
    }
}

impl End {
    fn attach(&mut self, leg: Box<Leg>, mark: u16) {
        self.detach();
        self.leg = Some(leg);
        self.mark = mark;
        self.read = None;
        self.decoder = ToAlaw::default();
    }

    /// Hears one voice, packet by packet.
    fn hears_only(&self, side: Side) -> bool {
        self.hears.only(side) && self.player.is_none() && !self.pressed
    }

    /// Hears frames of ours: several voices, or silence.
    fn is_mixed(&self) -> bool {
        self.open
            && self.leg.is_some()
            && self.player.is_none()
            && !self.pressed
            && self.hears.0.count_ones() != 1
    }

    fn detach(&mut self) {
        if let Some(leg) = self.leg.take() {
            self.stats += leg.stats();
        }
    }

    fn total(&self) -> LegStats {
        let mut total = self.stats;
        if let Some(leg) = &self.leg {
            total += leg.stats();
        }
        total
    }

    fn play(&mut self, player: Option<Player>) {
        self.player = player;
        if let Some(leg) = &mut self.leg {
            leg.pause();
        }
    }

    /// Plays what is due. Gives the id of a list that came to its end.
    fn play_on(&mut self, now: Instant) -> Option<PlayId> {
        let player = self.player.as_mut()?;
        if player.due + LATE < now {
            player.due = now;
        }
        while player.due <= now {
            let Some(frame) = player.frame() else {
                let id = player.id;
                self.play(None);
                return Some(id);
            };
            player.due += FRAME_TIME;
            if let Some(leg) = &mut self.leg {
                leg.play(now, &frame);
            }
        }
        None
    }

    fn deadline(&self) -> Option<Instant> {
        let leg = self.leg.as_ref().map(|leg| leg.deadline());
        let player = self.player.as_ref().map(|player| player.due);
        leg.into_iter().chain(player).min()
    }
}

impl Task {
    pub(super) fn new(writer: Writer, events: mpsc::Sender<SessionEvent>) -> Self {
        Self {
            events,
            writer,
            ends: std::array::from_fn(|_| End::default()),
            recorder: None,
            next_mix: None,
            presses: VecDeque::new(),
            next_press: super::super::now(),
            last_mark: 0,
        }
    }

    /// Reads the leg with this mark, which has something to be read.
    pub(in super::super) fn hear(&mut self, mark: u16, now: Instant) -> Turn {
        let Some(side) = Side::ALL.into_iter().find(|side| {
            let end = &self.ends[*side as usize];
            end.mark == mark && end.leg.is_some()
        }) else {
            return Turn::Keep;
        };
        let end = self.end(side);
        let again = end.read.replace(now);
        // A voice sends a packet at a time: looking for a second costs as much as the first. Who has one again so
        // soon has more of them.
        let waiting = again.is_some_and(|before| now.saturating_duration_since(before) < SOON);
        let web = end.leg.as_ref().is_some_and(|leg| leg.is_web());
        let mut reads = if waiting || web { MOST_AT_ONCE } else { 1 };
        self.listen(side, now, &mut reads);
        if web { Turn::Rearm } else { Turn::Keep }
    }

    /// When [`work`](Self::work) is due.
    pub(in super::super) fn deadline(&self, now: Instant) -> Instant {
        let recorder = self.recorder.as_ref().map(Recorder::deadline);
        let press = (!self.presses.is_empty()).then_some(self.next_press);
        let ends = self.ends.iter().filter_map(End::deadline);
        ends.chain(recorder)
            .chain(press)
            .chain(self.next_mix)
            .min()
            .unwrap_or(now + IDLE)
    }

    fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    fn leg(&mut self, side: Side) -> Result<&mut Leg, MediaError> {
        self.end(side).leg.as_deref_mut().ok_or(MediaError::NoLeg)
    }

    /// Does what it is told; the sockets of a new leg are handed to `listen_to` with its mark.
    pub(in super::super) fn obey(
        &mut self,
        command: Command,
        now: Instant,
        listen_to: impl Fn(u16, &UdpSocket),
    ) {
        match command {
            Command::Attach(side, leg) => {
                self.last_mark = self.last_mark.wrapping_add(1);
                let mark = self.last_mark;
                leg.sockets().for_each(|socket| listen_to(mark, socket));
                self.end(side).attach(leg, mark);
            }
            Command::Detach(side) => self.end(side).detach(),
            // Who asked may have given up; that is no trouble of ours.
            Command::Negotiate(side, offer, reply) => {
                let _ = reply.send(self.leg(side).and_then(|leg| leg.answer(&offer)));
            }
            Command::Offer(side, reply) => {
                let _ = reply.send(self.leg(side).and_then(Leg::offer));
            }
            Command::Accept(side, answer, reply) => {
                let _ = reply.send(self.leg(side).and_then(|leg| leg.accept(&answer)));
            }
            Command::Play(side, id, list) => {
                let player = Player::new(id, list, now);
                self.end(side).play(Some(player));
            }
            Command::Stop(side) => self.end(side).play(None),
            Command::Connect(who) => self.connect(&who),
            Command::Move(from, to) => self.take_place(from, to),
            Command::Press(side, keys) => {
                if self.presses.is_empty() {
                    self.next_press = now;
                }
                let codes = keys.chars().filter_map(Event::code_of);
                self.presses.extend(codes.map(|code| Press {
                    side,
                    code,
                    turn: 0,
                }));
            }
            Command::PauseRecording(on) => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.pause(on, now);
                }
            }
            Command::Mark(what) => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.mark(what, now);
                }
            }
            Command::Record(path) => {
                self.finish_recording(now);
                self.recorder = Some(Recorder::start(&self.writer, path, now));
            }
            Command::FinishRecording(reply) => match self.recorder.take() {
                Some(recorder) => recorder.finish(now, reply),
                None => drop(reply.send(None)),
            },
            // Taken by the pump.
            Command::Close(_) => {}
        }
    }

    fn finish_recording(
        &mut self,
        now: Instant,
    ) -> Option<oneshot::Receiver<Option<super::Recording>>> {
        let recorder = self.recorder.take()?;
        let (reply, recording) = oneshot::channel();
        recorder.finish(now, reply);
        Some(recording)
    }

    /// Ends the call: ports are free and browsers told before a slow disk is waited for.
    pub(in super::super) fn close(mut self, reply: Option<oneshot::Sender<Closed>>) {
        let recording = self.finish_recording(super::super::now());
        let [requester, agent, mut others, supervisor] = self.ends.each_ref().map(End::total);
        others += supervisor;
        drop(self.ends);
        if let Some(reply) = reply {
            let summary = SessionSummary {
                requester,
                agent,
                others,
                legs: Vec::new(),
                recording: None,
            };
            // Who asked may have given up.
            let _ = reply.send((summary, recording));
        }
    }

    fn connect(&mut self, who: &[Hears]) {
        for side in Side::ALL {
            let mut hears = Mouths::default();
            for path in who.iter().filter(|path| path.ear == side) {
                hears.add(path.mouth);
            }
            let end = self.end(side);
            end.open |= hears != Mouths::default();
            if end.hears != hears {
                end.hears = hears;
                // Another speaker: his frames begin anew in time.
                if let Some(leg) = &mut end.leg {
                    leg.pause();
                }
            }
        }
        // Old sound of who was not mixed until now.
        for end in &mut self.ends {
            end.mouth.hush();
        }
    }

    fn take_place(&mut self, from: Side, to: Side) {
        let mut moved = std::mem::take(self.end(from));
        let before = self.end(to);
        before.detach();
        moved.stats += before.stats;
        moved.player = None;
        *before = moved;
    }

    /// Does everything that is due.
    pub(in super::super) fn work(&mut self, now: Instant) {
        for side in Side::ALL {
            self.listen(side, now, &mut { MOST_AT_ONCE });
        }
        for side in Side::ALL {
            if let Some(id) = self.end(side).play_on(now) {
                self.report(SessionEvent::PromptFinished(id));
            }
        }
        self.press_on(now);
        self.mix_on(now);
        if let Some(recorder) = &mut self.recorder
            && recorder.deadline() <= now
            && let Some(event) = recorder.flush(now)
        {
            self.report(SessionEvent::Recorder(event));
        }
    }

    /// Sends the packets of key presses that are due.
    fn press_on(&mut self, now: Instant) {
        while let Some(press) = self.presses.front_mut() {
            let end = &mut self.ends[press.side as usize];
            if self.next_press > now {
                return;
            }
            self.next_press = if self.next_press + LATE < now {
                now
            } else {
                self.next_press
            } + FRAME_TIME;
            press.turn += 1;
            let (turn, code) = (press.turn, press.code);
            end.pressed = turn <= DOWN;
            if let Some(leg) = end.leg.as_mut().filter(|_| turn <= DOWN) {
                let samples = turn * FRAME as u16;
                leg.press(now, code, samples, false);
                if turn == DOWN {
                    // The end is said three times.
                    for _ in 0..3 {
                        leg.press(now, code, samples, true);
                    }
                    leg.pause();
                }
            }
            if turn == DOWN + UP {
                self.presses.pop_front();
            }
        }
    }

    /// Gives ears that hear several voices, or none, their frame.
    fn mix_on(&mut self, now: Instant) {
        if !self.ends.iter().any(End::is_mixed) {
            self.next_mix = None;
            return;
        }
        let mut due = self.next_mix.unwrap_or(now);
        if due + LATE < now {
            due = now;
        }
        while due <= now {
            due += FRAME_TIME;
            let mut wanted = Mouths::default();
            for end in self.ends.iter().filter(|end| end.is_mixed()) {
                wanted.0 |= end.hears.0;
            }
            let mut frames = [None; Side::ALL.len()];
            for side in Side::ALL.into_iter().filter(|side| wanted.has(*side)) {
                frames[side as usize] = self.end(side).mouth.frame();
            }
            for end in self.ends.iter_mut().filter(|end| end.is_mixed()) {
                let heard = Side::ALL.into_iter().filter(|side| end.hears.has(*side));
                let frame = mixer::sum(heard.filter_map(|side| frames[side as usize].as_ref()));
                if let Some(leg) = &mut end.leg {
                    leg.play(now, &frame);
                }
            }
        }
        self.next_mix = Some(due);
    }

    /// Whether what this side says belongs in the recording: the requester's always, another's when it
    /// is heard; a supervisor's only when the requester hears it.
    fn is_recorded(&self, side: Side) -> bool {
        let heard_by = |ear: Side| self.ends[ear as usize].hears.has(side);
        match side {
            Side::Requester => true,
            Side::Agent | Side::Third => [Side::Requester, Side::Agent, Side::Third]
                .into_iter()
                .any(heard_by),
            Side::Supervisor => heard_by(Side::Requester),
        }
    }

    /// Takes what one leg has, passes it on and records it.
    fn listen(&mut self, side: Side, now: Instant, reads: &mut usize) {
        // Out of its place for the time being, so that the others can be sent to.
        let Some(mut leg) = self.end(side).leg.take() else {
            return;
        };
        let mut decoder = std::mem::take(&mut self.end(side).decoder);
        let recorded = self.is_recorded(side);
        let mixed = self
            .ends
            .iter()
            .any(|end| end.is_mixed() && end.hears.has(side));
        let mut gone = false;
        loop {
            let event = match leg.next(now, reads) {
                None => break,
                Some(MediaEvent::Audio(packet)) => {
                    self.pass(&packet, now, side, (recorded, mixed), &mut decoder);
                    continue;
                }
                Some(MediaEvent::Dtmf { digit, packet }) => {
                    for end in self.ends.iter_mut().filter(|end| end.hears_only(side)) {
                        if let Some(to) = &mut end.leg {
                            to.relay(now, &packet, &[]);
                        }
                    }
                    match digit {
                        Some(digit) if self.events.capacity() > RESERVED => {
                            SessionEvent::Dtmf { side, digit }
                        }
                        _ => continue,
                    }
                }
                Some(MediaEvent::Silent(_)) => SessionEvent::Silence(side),
                Some(MediaEvent::Quiet(quiet)) => SessionEvent::OneWay { side, quiet },
                Some(MediaEvent::Connected) => {
                    // Who is told connects it to somebody: that is done before more of its sound is read.
                    *reads = 0;
                    SessionEvent::Connected(side)
                }
                Some(MediaEvent::Lost(reason)) => {
                    gone |= reason.is_final();
                    SessionEvent::Lost { side, reason }
                }
            };
            self.report(event);
        }
        let end = self.end(side);
        (end.leg, end.decoder) = (Some(leg), decoder);
        if gone {
            end.detach();
        }
    }

    fn pass(
        &mut self,
        packet: &Packet<'_>,
        now: Instant,
        side: Side,
        (recorded, mixed): (bool, bool),
        decoder: &mut ToAlaw,
    ) {
        let Some(codec) = packet.codec else { return };
        let recorder = self.recorder.as_mut().filter(|_| recorded);
        let transcode = self.ends.iter().any(|end| {
            end.hears_only(side) && end.leg.as_ref().is_some_and(|to| to.codec() != Some(codec))
        });
        // Equal codecs without a recording: not one byte of the sound is looked at.
        let alaw = if recorder.is_some() || transcode || mixed {
            decoder.convert(codec, packet.payload)
        } else {
            &[]
        };
        for end in self.ends.iter_mut().filter(|end| end.hears_only(side)) {
            if let Some(to) = &mut end.leg {
                to.relay(now, packet, alaw);
            }
        }
        if mixed {
            self.ends[side as usize].mouth.say(alaw);
        }
        if let Some(recorder) = recorder {
            recorder.push(side, now, packet, alaw);
        }
    }

    fn report(&self, event: SessionEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            tracing::warn!(?event, "Nobody takes the media events of a call");
        }
    }
}
