//! The task behind a [`MediaSession`](super::MediaSession).

use std::future::{Future as _, poll_fn};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::super::codec::{FRAME, SILENCE, ToAlaw};
use super::super::leg::{Leg, LegStats, MediaEvent, Packet};
use super::super::plane::MediaError;
use super::super::recorder::{Recorder, Writer};
use super::{Command, PlayId, Playlist, SessionEvent, SessionSummary, Side};

const FRAME_TIME: Duration = Duration::from_millis(20);
/// A player that is this late does not hurry after its frames; it goes on from now.
const LATE: Duration = Duration::from_millis(200);
/// Packets of one leg taken in one turn, so that a flood on one call does not keep the others waiting.
const MOST_AT_ONCE: usize = 64;
/// Places of the event queue that key presses may not take: nobody may crowd out the others with keys.
const RESERVED: usize = 64;
const IDLE: Duration = Duration::from_hours(1);

static QUIET: [u8; 2048] = [SILENCE; 2048];

#[derive(Debug)]
pub(super) struct Task {
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<SessionEvent>,
    writer: Writer,
    requester: End,
    agent: End,
    bridged: bool,
    held: Option<PlayId>,
    muted: bool,
    recorder: Option<Recorder>,
    /// Ids of hold music; ours count down, the callers' up.
    next_hold: u64,
}

/// One side of the call.
#[derive(Debug, Default)]
struct End {
    leg: Option<Leg>,
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
    fn attach(&mut self, mut leg: Leg) {
        self.detach();
        leg.drain();
        self.leg = Some(leg);
        self.decoder = ToAlaw::default();
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
        let leg = self.leg.as_ref().map(Leg::deadline);
        let player = self.player.as_ref().map(|player| player.due);
        leg.into_iter().chain(player).min()
    }
}

enum Woken {
    Command(Option<Command>),
    Media,
}

impl Task {
    pub(super) fn new(
        writer: Writer,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::Sender<SessionEvent>,
    ) -> Self {
        Self {
            commands,
            events,
            writer,
            requester: End::default(),
            agent: End::default(),
            bridged: false,
            held: None,
            muted: false,
            recorder: None,
            next_hold: u64::MAX,
        }
    }

    pub(super) async fn run(mut self) {
        let mut armed = super::super::now() + IDLE;
        let mut timer = Box::pin(super::super::timer(armed));
        loop {
            let now = super::super::now();
            self.work(now);
            let deadline = self.deadline(now);
            // Moving a timer costs more than a wake-up too many: it is moved only when it would ring late.
            if deadline < armed || armed <= now {
                armed = deadline;
                timer.as_mut().reset(armed.into());
            }
            let woken = poll_fn(|context| {
                if let Poll::Ready(command) = self.commands.poll_recv(context) {
                    return Poll::Ready(Woken::Command(command));
                }
                let mut ready = timer.as_mut().poll(context).is_ready();
                for leg in [&mut self.requester.leg, &mut self.agent.leg]
                    .into_iter()
                    .flatten()
                {
                    ready |= leg.poll_ready(context).is_ready();
                }
                if ready {
                    Poll::Ready(Woken::Media)
                } else {
                    Poll::Pending
                }
            });
            match woken.await {
                Woken::Media => {}
                Woken::Command(Some(Command::Close(reply))) => {
                    return self.close(Some(reply)).await;
                }
                Woken::Command(Some(command)) => self.obey(command),
                Woken::Command(None) => return self.close(None).await,
            }
        }
    }

    fn deadline(&self, now: Instant) -> Instant {
        let recorder = self.recorder.as_ref().map(Recorder::deadline);
        let ends = [self.requester.deadline(), self.agent.deadline(), recorder];
        ends.into_iter().flatten().min().unwrap_or(now + IDLE)
    }

    fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Requester => &mut self.requester,
            Side::Agent => &mut self.agent,
        }
    }

    fn leg(&mut self, side: Side) -> Result<&mut Leg, MediaError> {
        self.end(side).leg.as_mut().ok_or(MediaError::NoLeg)
    }

    fn obey(&mut self, command: Command) {
        let now = super::super::now();
        match command {
            Command::Attach(side, leg) => self.end(side).attach(*leg),
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
            Command::Bridge(on) => self.bridged = on,
            Command::Hold(Some(music)) => {
                let id = PlayId(self.next_hold);
                self.next_hold -= 1;
                self.held = Some(id);
                self.requester.play(Some(Player::new(id, music, now)));
            }
            Command::Hold(None) => {
                if let Some(id) = self.held.take()
                    && self
                        .requester
                        .player
                        .as_ref()
                        .is_some_and(|player| player.id == id)
                {
                    self.requester.play(None);
                }
            }
            Command::Mute(on) => self.muted = on,
            Command::Record(path) => {
                self.finish_recording(now);
                self.recorder = Some(Recorder::start(&self.writer, path, now));
            }
            Command::FinishRecording(reply) => match self.recorder.take() {
                Some(recorder) => recorder.finish(now, reply),
                None => drop(reply.send(None)),
            },
            // Taken by `run`.
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

    async fn close(mut self, reply: Option<oneshot::Sender<SessionSummary>>) {
        let recording = self.finish_recording(super::super::now());
        let (requester, agent) = (self.requester.total(), self.agent.total());
        // Ports are free and browsers told before a slow disk is waited for.
        drop((self.requester, self.agent));
        let recording = match recording {
            Some(recording) => recording.await.ok().flatten(),
            None => None,
        };
        if let Some(reply) = reply {
            let _ = reply.send(SessionSummary {
                requester,
                agent,
                recording,
            });
        }
    }

    fn work(&mut self, now: Instant) {
        self.listen(Side::Requester, now);
        self.listen(Side::Agent, now);
        for side in [Side::Requester, Side::Agent] {
            if let Some(id) = self.end(side).play_on(now)
                && self.held != Some(id)
            {
                self.report(SessionEvent::PromptFinished(id));
            }
        }
        if let Some(recorder) = &mut self.recorder
            && recorder.deadline() <= now
            && let Some(event) = recorder.flush(now)
        {
            self.report(SessionEvent::Recorder(event));
        }
    }

    /// Takes what one leg has, passes it on and records it.
    fn listen(&mut self, side: Side, now: Instant) {
        let (from, to) = match side {
            Side::Requester => (&mut self.requester, &mut self.agent),
            Side::Agent => (&mut self.agent, &mut self.requester),
        };
        let Some(leg) = &mut from.leg else { return };
        // Held and muted sound keeps its place in time, as silence.
        let silenced = self.held.is_some() || (self.muted && side == Side::Agent);
        let mut to = to
            .leg
            .as_mut()
            .filter(|_| self.bridged && to.player.is_none());
        let counts = side == Side::Requester || (self.bridged && !silenced);
        let mut recorder = self.recorder.as_mut().filter(|_| counts);
        let events = &self.events;
        let mut gone = false;
        for _ in 0..MOST_AT_ONCE {
            let event = match leg.next(now) {
                None => break,
                Some(MediaEvent::Audio(packet)) => {
                    pass(
                        &packet,
                        now,
                        side,
                        silenced,
                        to.as_deref_mut(),
                        recorder.as_deref_mut(),
                        &mut from.decoder,
                    );
                    continue;
                }
                Some(MediaEvent::Dtmf { digit, packet }) => {
                    if let Some(to) = to.as_deref_mut()
                        && !silenced
                    {
                        to.relay(now, &packet, &[]);
                    }
                    match digit {
                        Some(digit) if events.capacity() > RESERVED => {
                            SessionEvent::Dtmf { side, digit }
                        }
                        _ => continue,
                    }
                }
                Some(MediaEvent::Silent(_)) => SessionEvent::Silence(side),
                Some(MediaEvent::Connected) => SessionEvent::Connected(side),
                Some(MediaEvent::Lost(reason)) => {
                    gone |= reason.is_final();
                    SessionEvent::Lost { side, reason }
                }
            };
            send(events, event);
        }
        if gone {
            from.detach();
        }
    }

    fn report(&self, event: SessionEvent) {
        send(&self.events, event);
    }
}

fn pass(
    packet: &Packet<'_>,
    now: Instant,
    side: Side,
    silenced: bool,
    to: Option<&mut Leg>,
    recorder: Option<&mut Recorder>,
    decoder: &mut ToAlaw,
) {
    let Some(codec) = packet.codec else { return };
    let transcode = to.as_ref().is_some_and(|to| to.codec() != Some(codec));
    // Equal codecs without a recording: not one byte of the sound is looked at.
    let alaw = if recorder.is_some() || transcode {
        decoder.convert(codec, packet.payload)
    } else {
        &[]
    };
    if let Some(to) = to {
        if silenced {
            // In all our codecs a byte is an eighth of a millisecond.
            to.relay_as(now, packet, &QUIET[..packet.payload.len().min(QUIET.len())]);
        } else {
            to.relay(now, packet, alaw);
        }
    }
    if let Some(recorder) = recorder {
        recorder.push(side, now, packet, alaw);
    }
}

fn send(events: &mpsc::Sender<SessionEvent>, event: SessionEvent) {
    if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
        tracing::warn!(?event, "Nobody takes the media events of a call");
    }
}
