//! The media of one call: it reads its legs, plays, bridges and records as it is told, on a thread of the pump.

mod mixer;
mod task;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::leg::{Answer, Leg, LegStats, LostReason, Reports};
use super::plane::MediaError;
use super::prompts::Prompt;
use super::pump::{Place, Pump};
use super::quality::Heard;
use super::recorder::{RecorderEvent, Recording, Writer};

pub(super) use task::{Task, Turn};

/// Which place in the call. The requester is the left lane of the recording, everybody else the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// 诉求人: the member of the public, whoever placed the call.
    Requester,
    /// 座席.
    Agent,
    /// Whom the agent asked in: a colleague, a section.
    Third,
    /// Who supervises.
    Supervisor,
}

impl Side {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::Requester, Self::Agent, Self::Third, Self::Supervisor];

    /// The lane of the recording.
    pub const fn lane(self) -> usize {
        match self {
            Self::Requester => 0,
            _ => 1,
        }
    }
}

/// One side hears another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hears {
    /// Who hears.
    pub ear: Side,
    /// Whom.
    pub mouth: Side,
}

/// Requester and agent hear each other: the usual talk.
pub const BOTH: [Hears; 2] = [
    Hears {
        ear: Side::Requester,
        mouth: Side::Agent,
    },
    Hears {
        ear: Side::Agent,
        mouth: Side::Requester,
    },
];

/// What to play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playlist {
    /// Played one after the other.
    pub prompts: Vec<Prompt>,
    /// Begin again at the end, until something else is played.
    pub looping: bool,
}

impl Playlist {
    /// Plays `prompts` once and reports [`SessionEvent::PromptFinished`].
    pub fn once(prompts: Vec<Prompt>) -> Self {
        Self {
            prompts,
            looping: false,
        }
    }

    /// Repeats `prompts` until stopped.
    pub fn looping(prompts: Vec<Prompt>) -> Self {
        Self {
            prompts,
            looping: true,
        }
    }
}

/// Names one [`MediaSession::play`] in its [`SessionEvent::PromptFinished`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlayId(pub u64);

/// What the session reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// A playlist that does not loop came to its end. Not sent for one that was stopped or replaced.
    PromptFinished(PlayId),
    /// A key was pressed (RFC 4733).
    Dtmf {
        /// Who pressed it.
        side: Side,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// Nothing was heard of a leg that should send for `MediaConfig::silence_after`; repeated as long
    /// as that lasts.
    Silence(Side),
    /// Nothing is heard of a side that should send and has not put us on hold: at first after three seconds, then
    /// again and again; with `quiet` false: it is heard again.
    OneWay {
        /// Who is not heard.
        side: Side,
        /// Whether it is so now.
        quiet: bool,
    },
    /// Media flows: ICE and DTLS are up, or the first RTP packet came, or a lost leg is back.
    Connected(Side),
    /// A browser went away: hold the call and attach a new leg. Until then this one stays attached and
    /// may come back ([`Connected`](Self::Connected)), unless the reason is final.
    Lost {
        /// Whose leg.
        side: Side,
        /// Why.
        reason: LostReason,
    },
    /// The recording is in trouble, or out of it; the call goes on.
    Recorder(RecorderEvent),
}

/// The stream of a session's events; ends when the session has ended.
pub type SessionEvents = mpsc::Receiver<SessionEvent>;

/// How a session went.
#[derive(Debug, Clone, Default)]
pub struct SessionSummary {
    /// Counters of all legs the requester had.
    pub requester: LegStats,
    /// Counters of all legs the agents had.
    pub agent: LegStats,
    /// Counters of all legs of others who took part.
    pub others: LegStats,
    /// How each leg was heard, in the order in which they ended.
    pub legs: Vec<Heard>,
    /// The recording that was still running.
    pub recording: Option<Recording>,
}

/// Commands a call's media. Cheap to clone; the media end with [`close`](Self::close) or with the last handle.
///
/// Commands take effect in the order given. None of them blocks.
#[derive(Debug, Clone)]
pub struct MediaSession {
    place: Arc<Place>,
    next_play: Arc<AtomicU64>,
    reports: Reports,
}

#[derive(Debug)]
pub(super) enum Command {
    Attach(Side, Box<Leg>),
    Detach(Side),
    Negotiate(Side, Vec<u8>, oneshot::Sender<Result<Answer, MediaError>>),
    Offer(Side, oneshot::Sender<Result<String, MediaError>>),
    Accept(Side, Vec<u8>, oneshot::Sender<Result<(), MediaError>>),
    Play(Side, PlayId, Playlist),
    Stop(Side),
    Connect(Vec<Hears>),
    Move(Side, Side),
    Press(Side, String),
    Record(PathBuf),
    PauseRecording(bool),
    Mark(String),
    FinishRecording(oneshot::Sender<Option<Recording>>),
    Close(oneshot::Sender<Closed>),
}

/// How the session went, and the recording once the disk has it.
pub(super) type Closed = (SessionSummary, Option<oneshot::Receiver<Option<Recording>>>);

impl MediaSession {
    /// Gives a side its leg; one it already had is dropped (that is how a browser is re-attached).
    /// What the leg's sockets queued before is thrown away.
    pub fn attach(&self, side: Side, mut leg: Leg) {
        leg.report_to(side, &self.reports);
        leg.drain();
        self.send(Command::Attach(side, Box::new(leg)));
    }

    /// Takes a side's leg away and frees its ports.
    pub fn detach(&self, side: Side) {
        self.send(Command::Detach(side));
    }

    /// Answers a re-offer (re-INVITE, UPDATE) for an attached leg.
    pub async fn negotiate(&self, side: Side, offer: &[u8]) -> Result<Answer, MediaError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Negotiate(side, offer.to_vec(), reply));
        answer.await.unwrap_or(Err(MediaError::Ended))
    }

    /// Our description of an attached plain leg, for a re-INVITE without one or a session refresh.
    pub async fn offer(&self, side: Side) -> Result<String, MediaError> {
        let (reply, offer) = oneshot::channel();
        self.send(Command::Offer(side, reply));
        offer.await.unwrap_or(Err(MediaError::Ended))
    }

    /// Takes the answer to [`offer`](Self::offer).
    pub async fn accept(&self, side: Side, answer: &[u8]) -> Result<(), MediaError> {
        let (reply, accepted) = oneshot::channel();
        self.send(Command::Accept(side, answer.to_vec(), reply));
        accepted.await.unwrap_or(Err(MediaError::Ended))
    }

    /// Plays to one side, instead of what it hears otherwise. Replaces what is played there.
    pub fn play(&self, side: Side, list: Playlist) -> PlayId {
        let id = PlayId(self.next_play.fetch_add(1, Ordering::Relaxed));
        self.send(Command::Play(side, id, list));
        id
    }

    /// Stops what is played to a side.
    pub fn stop(&self, side: Side) {
        self.send(Command::Stop(side));
    }

    /// Who hears whom from now on, all of it. A side that was an ear once and hears nobody gets silence.
    /// What is heard by somebody is recorded; the requester always is.
    pub fn connect(&self, who: &[Hears]) {
        self.send(Command::Connect(who.to_vec()));
    }

    /// Gives one side's leg the place of another, whose leg is dropped.
    pub fn take_place(&self, from: Side, to: Side) {
        self.send(Command::Move(from, to));
    }

    /// Presses keys towards a side (RFC 4733): `0`–`9`, `*`, `#`, `A`–`D`. Its ears hear nothing meanwhile.
    pub fn press(&self, side: Side, keys: String) {
        self.send(Command::Press(side, keys));
    }

    /// Records silence (`true`), or sound again; both are marked in the file.
    pub fn pause_recording(&self, on: bool) {
        self.send(Command::PauseRecording(on));
    }

    /// Marks this moment in the recording.
    pub fn mark(&self, what: String) {
        self.send(Command::Mark(what));
    }

    /// Starts the stereo recording in a new file. One that runs is finished first.
    pub fn start_recording(&self, path: PathBuf) {
        self.send(Command::Record(path));
    }

    /// Finishes the recording; `None` when none was running.
    pub async fn finish_recording(&self) -> Option<Recording> {
        let (reply, recording) = oneshot::channel();
        self.send(Command::FinishRecording(reply));
        recording.await.ok().flatten()
    }

    /// Ends the session: legs are closed, the recording is finished, ports are free again.
    pub async fn close(&self) -> SessionSummary {
        let (reply, summary) = oneshot::channel();
        self.send(Command::Close(reply));
        let (mut summary, recording) = summary.await.unwrap_or_default();
        if let Some(recording) = recording {
            summary.recording = recording.await.ok().flatten();
        }
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        summary.legs = std::mem::take(&mut reports);
        summary
    }

    fn send(&self, command: Command) {
        // A session that has ended takes no commands; who needs to know hears it from the reply.
        self.place.command(command);
    }
}

/// Starts the media of one call.
pub(super) fn start(pump: &Pump, writer: Writer) -> (MediaSession, SessionEvents) {
    let (events, outbox) = mpsc::channel(EVENTS);
    let place = pump.take(Task::new(writer, events));
    (
        MediaSession {
            place: Arc::new(place),
            next_play: Arc::default(),
            reports: Reports::default(),
        },
        outbox,
    )
}

/// Events that may wait for the engine.
const EVENTS: usize = 256;
