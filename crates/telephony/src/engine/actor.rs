//! The task of one call.

mod beginning;
mod closing;
mod desk_phone;
mod legs;
mod record;
mod sound;
mod told;
mod waiting;
mod wishes;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use call_control::{
    AgentId, Call, CallId, Command, Declined, DeviceId, EndedBy, Gone, Input, LegId, Outcome, Path,
};
use chrono::{DateTime, Utc};
use floor::WorkId;
use serde_json::json;
use tokio::sync::mpsc;

use super::desk::{self, Notice};
use super::line::LineNow;
use super::wish::{ConsultId, Kept, Outgoing, Outside, refusal};
use super::{Engine, Inner, KnownCaller, Message, Standing};
use crate::calls::rows::call;
use crate::media::{MediaSession, PlayId, RecorderEvent, SessionEvent};
use crate::sip::{IncomingCall, LegEvents};
use legs::Slot;

/// A call waits no longer for the database, for the calendar or for a look-up.
const PATIENCE: Duration = Duration::from_millis(200);

/// How a call begins.
pub(super) enum Start {
    /// An INVITE from a trunk.
    In(IncomingCall),
    /// An agent calls somebody.
    Out(Outgoing),
    /// An agent dialled somebody on his desk phone, and was let out.
    Phone {
        /// Whom he calls.
        order: Outgoing,
        /// His leg.
        call: IncomingCall,
    },
    /// A kept place is called back: the floor rings this agent for it.
    Back {
        /// The place, as the floor knows it.
        work: WorkId,
        /// Who is rung.
        agent: AgentId,
        /// Whose place it is.
        kept: Kept,
    },
}

struct Actor {
    engine: Arc<Inner>,
    handle: Engine,
    /// What the floor knows the call as.
    work: WorkId,
    call: Call,
    row: call::Model,
    mailbox: mpsc::UnboundedSender<Message>,
    notices: mpsc::UnboundedSender<Notice>,
    standing: Arc<RwLock<Standing>>,
    session: MediaSession,
    legs: HashMap<LegId, Slot>,
    plays: HashMap<PlayId, LegId>,
    /// Who hears whom, by legs.
    paths: Vec<Path>,
    caller: Option<KnownCaller>,
    /// What the line offers to this call.
    line: LineNow,
    /// The number of an outbound call.
    out_to: Option<Outside>,
    /// The kept place that is called back.
    kept: Option<WorkId>,
    /// The number of an outbound call was called.
    dialled: bool,
    /// The number that an agent asks in, until it is dialled.
    asked_number: Option<Outside>,
    /// The colleague who is asked, as the floor knows it.
    consult: Option<ConsultId>,
    /// When the requester is told his place again.
    announce_at: Option<DateTime<Utc>>,
    /// The line closed while he waits: until then he is served all the same.
    serve_until: Option<DateTime<Utc>>,
    /// The desk was told that he waits after closing time.
    closing_told: bool,
    outcome: Option<(Outcome, EndedBy)>,
    /// The refusal that an incoming leg gets, when it is more telling than 503.
    refusal: u16,
}

/// Runs a call from its beginning to its record.
pub(super) async fn run(
    handle: Engine,
    id: CallId,
    start: Start,
    crowded: bool,
    mailbox: mpsc::UnboundedSender<Message>,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    standing: Arc<RwLock<Standing>>,
) {
    let engine = Arc::clone(handle.inner());
    let now = engine.app.clock.now();
    let limits = engine.limits();
    let devices = |agent| -> Vec<DeviceId> {
        let devices = engine.signaling.get().map(|sip| sip.devices(agent));
        let devices = devices.unwrap_or_default();
        devices.iter().map(|device| device.device).collect()
    };
    let (work, kept, out_to) = match &start {
        Start::In(_) => (id, None, None),
        Start::Out(order) | Start::Phone { order, .. } => (id, None, Some(order.to.clone())),
        Start::Back { work, kept, .. } => (*work, Some(*work), Some(kept.to.clone())),
    };
    let (call, first) = match &start {
        Start::In(_) => (Call::inbound(id, limits, now), vec![]),
        Start::Out(order) => {
            Call::click_to_call(id, order.agent, &devices(order.agent), limits, now)
        }
        Start::Phone { order, .. } => Call::agent_to_number(id, order.agent, limits, now),
        Start::Back { agent, .. } => Call::call_back(id, *agent, &devices(*agent), limits, now),
    };
    let (session, session_events) = engine.media.start_session();
    let (notices, notice_inbox) = mpsc::unbounded_channel();
    let desk = engine.app.tasks.spawn(desk::tell(
        engine.floor.clone(),
        work,
        notice_inbox,
        mailbox.clone(),
    ));
    forward_media(session_events, mailbox.clone());
    let row = record::new_row(&engine, id, &start, now);
    let mut actor = Actor {
        line: engine.line.get(),
        call,
        row,
        mailbox,
        notices,
        standing,
        session,
        legs: HashMap::new(),
        plays: HashMap::new(),
        paths: Vec::new(),
        caller: None,
        out_to,
        kept,
        dialled: false,
        asked_number: None,
        consult: None,
        announce_at: None,
        serve_until: None,
        closing_told: false,
        outcome: None,
        refusal: 503,
        work,
        handle,
        engine,
    };
    match start {
        Start::In(incoming) => actor.arrive(incoming, crowded).await,
        Start::Out(order) => {
            let details = json!({ "purpose": order.purpose });
            actor.place(details, first).await;
        }
        Start::Phone { order, call } => actor.dialled_on_phone(&order, call, first).await,
        Start::Back { kept, .. } => {
            let details = json!({ "purpose": "callback", "asked_in": kept.asked_in });
            actor.place(details, first).await;
        }
    }
    while !actor.call.ended() {
        let deadline = actor.call.next_deadline().unwrap_or(now);
        let announce = actor.announce_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let closing = actor.serve_until.unwrap_or(DateTime::<Utc>::MAX_UTC);
        tokio::select! {
            message = inbox.recv() => match message {
                Some(message) => actor.hear(message).await,
                None => actor.tell(Input::Stop).await,
            },
            () = actor.engine.app.clock.sleep_until(deadline.min(announce).min(closing)) => {
                if closing <= actor.now() {
                    actor.closing().await;
                } else if announce < deadline {
                    actor.announce().await;
                } else {
                    actor.tell(Input::Tick).await;
                }
            }
        }
    }
    actor.consult_over();
    let returned = actor.kept.map(|work| (work, actor.dialled));
    let handle = actor.handle.clone();
    actor.close().await;
    // With the task's end of the channel gone, the desk ends when the last notice was told.
    drop(actor);
    let _ = desk.await;
    // After the floor knows why this attempt came to nothing: it does not ring the same agent at once.
    if let Some((work, dialled)) = returned {
        handle.called_back(work, id, dialled);
    }
}

fn forward_media(mut events: crate::media::SessionEvents, mailbox: mpsc::UnboundedSender<Message>) {
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if mailbox.send(Message::Media(event)).is_err() {
                return;
            }
        }
    });
}

fn forward_leg(leg: LegId, mut events: LegEvents, mailbox: mpsc::UnboundedSender<Message>) {
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if mailbox.send(Message::Leg(leg, event)).is_err() {
                return;
            }
        }
    });
}

impl Actor {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.engine.app.clock.now()
    }

    /// The queue this call waits in.
    fn queue(&self) -> String {
        self.call
            .queue()
            .map_or_else(|| self.engine.settings.queue.clone(), str::to_owned)
    }

    async fn hear(&mut self, message: Message) {
        match message {
            Message::Leg(leg, event) => self.leg_event(leg, event).await,
            Message::LegHeld(leg, held) => self.tell(Input::LegHeld(leg, held)).await,
            Message::Media(event) => self.media_event(event).await,
            Message::Caller(caller) => {
                self.row.requester_id = Some(caller.id);
                self.caller = Some(caller);
            }
            // What is said of a queue that is asked no longer crossed with its end.
            Message::Ring(work, agent) if work == self.work => self.ring(agent).await,
            Message::StopRinging(work, agent) if work == self.work => {
                self.tell(Input::StopRinging(agent)).await;
            }
            Message::GiveUp(work) if work == self.work => self.given_up().await,
            Message::Ring(work, agent) if self.consult == Some(work) => {
                self.tell(Input::ThirdRing {
                    agent,
                    staff_no: self.staff_no(agent),
                    devices: self.devices(agent),
                })
                .await;
            }
            Message::StopRinging(work, agent) if self.consult == Some(work) => {
                self.tell(Input::ThirdStopRinging(agent)).await;
            }
            Message::GiveUp(work) if self.consult == Some(work) => {
                self.tell(Input::ThirdGiveUp).await;
            }
            Message::ThirdConfirmed(work, agent, confirmed) if self.consult == Some(work) => {
                self.tell(Input::ThirdConfirmed(agent, confirmed)).await;
            }
            Message::Ring(..)
            | Message::StopRinging(..)
            | Message::GiveUp(_)
            | Message::ThirdConfirmed(..) => {}
            Message::Confirmed(agent, true) => self.tell(Input::Confirmed(agent)).await,
            Message::Confirmed(agent, false) => self.tell(Input::NotConfirmed(agent)).await,
            Message::Here(agent, device) => self.tell(Input::DeviceBack { agent, device }).await,
            Message::Request(request, reply) => {
                let answer = self.request(request).await;
                // The asker may have gone.
                let _ = reply.send(answer);
            }
            Message::Wish(wish, reply) => {
                let answer = self.wish(wish).await;
                let _ = reply.send(answer);
            }
            Message::MayRate(may) => {
                let mut offers = self.line.offers.clone();
                offers.survey = may;
                self.tell(Input::Line(offers)).await;
            }
            Message::Hours => self.look_at_hours(),
            Message::Stop => self.tell(Input::Stop).await,
        }
    }

    async fn ring(&mut self, agent: AgentId) {
        let devices = self
            .engine
            .signaling
            .get()
            .map(|sip| sip.devices(agent))
            .unwrap_or_default();
        let staff_no = devices
            .first()
            .map(|device| device.staff_no.clone())
            .unwrap_or_default();
        // A ring that comes too late changes nothing about who answered.
        if self.call.times().answered_at.is_none() {
            self.row.staff_no = (!staff_no.is_empty()).then(|| staff_no.clone());
        }
        let devices = devices.iter().map(|device| device.device).collect();
        self.tell(Input::Ring {
            agent,
            staff_no,
            devices,
        })
        .await;
    }

    async fn media_event(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::PromptFinished(play) => {
                if let Some(leg) = self.plays.remove(&play) {
                    self.tell(Input::PromptEnded(leg)).await;
                }
            }
            SessionEvent::Dtmf { side, digit } => {
                if let Some(leg) = self.leg_of(side) {
                    self.tell(Input::Digit(leg, digit)).await;
                }
            }
            SessionEvent::Connected(side) => {
                self.one_way(side, false);
                let Some(leg) = self.leg_of(side) else { return };
                if let Some(slot) = self.legs.get_mut(&leg).filter(|slot| slot.connecting) {
                    slot.connecting = false;
                    self.tell(Input::LegAnswered(leg)).await;
                }
            }
            SessionEvent::Silence(side) => {
                if let Some(leg) = self.leg_of(side) {
                    tracing::warn!(call = %self.call.id(), ?side, "no sound: the leg is ended");
                    self.hang_up(leg);
                    self.tell(Input::LegGone(leg, Gone::Silent)).await;
                }
            }
            SessionEvent::OneWay { side, quiet } => self.one_way(side, quiet),
            SessionEvent::Lost { side, reason } => {
                let Some(leg) = self.leg_of(side) else { return };
                let (connecting, device) = self
                    .legs
                    .get(&leg)
                    .map_or((false, None), |slot| (slot.connecting, slot.device));
                tracing::warn!(call = %self.call.id(), ?side, ?reason, "media lost");
                self.hang_up(leg);
                if connecting {
                    self.tell(Input::LegDeclined(leg, Declined::Unreachable))
                        .await;
                    return;
                }
                self.tell(Input::LegGone(leg, Gone::Lost)).await;
                // The page may be there still, only its media broke: ask it in again at once.
                let registered = device
                    .and_then(|device| self.engine.signaling.get()?.device(device))
                    .zip(self.call.agent());
                if let Some((binding, agent)) = registered {
                    self.tell(Input::DeviceBack {
                        agent,
                        device: binding.device,
                    })
                    .await;
                }
            }
            SessionEvent::Recorder(RecorderEvent::Failing(error)) => {
                tracing::error!(call = %self.call.id(), %error, "recording cannot be written");
                self.alarm("recording_failing", &error);
            }
            SessionEvent::Recorder(RecorderEvent::Recovered) => {
                tracing::warn!(call = %self.call.id(), "recording is written again");
            }
        }
    }

    async fn tell(&mut self, input: Input) {
        let now = self.now();
        let commands = self.call.handle(input, now);
        self.carry_out(commands).await;
    }

    #[expect(
        clippy::unused_async,
        reason = "whoever tells the call something may go on only after what comes of it"
    )]
    async fn carry_out(&mut self, commands: Vec<Command>) {
        self.keep_standing();
        self.look_whether_he_waits();
        for command in commands {
            match command {
                Command::Answer(leg) => self.answer(leg),
                Command::Reject(leg) => {
                    if let Some(slot) = self.legs.remove(&leg) {
                        slot.sip.refuse(self.refusal);
                    }
                }
                Command::Invite {
                    leg,
                    agent,
                    device,
                    part,
                } => self.invite(leg, agent, device, part),
                Command::Dial(leg) => {
                    self.dialled = true;
                    self.dial(leg);
                }
                Command::HangUp(leg) => self.hang_up(leg),
                Command::Play(leg, prompt) => self.play(leg, &prompt),
                Command::StopPlaying(leg) => self.stop_playing(leg),
                Command::Connect(paths) => self.connect(paths),
                Command::Replace(leg) => self.replace(leg),
                Command::SendDigits(leg, keys) => self.press(leg, keys),
                Command::PauseRecording(on) => self.session.pause_recording(on),
                Command::StartRecording => self.start_recording(),
                // Finished with the session, when the legs are gone.
                Command::StopRecording => {}
                Command::Offer => self.offer(),
                Command::GiveUp => self.notice(Notice::GiveUp),
                Command::Withdraw => self.notice(Notice::Withdraw(self.now())),
                Command::Accepted(agent) => self.notice(Notice::Accepted(agent)),
                Command::Adopt(agent) => self.notice(Notice::Adopt(agent)),
                // His place outlives the process, as long as nobody has begun to call him back.
                Command::Interrupted if self.kept.is_some() && !self.dialled => {}
                Command::Interrupted => self.notice(Notice::Interrupted),
                Command::Declined(agent, why) => self.notice(Notice::Declined(agent, why)),
                Command::Held(held) => self.notice(Notice::Held(held)),
                Command::TalkEnded => self.notice(Notice::TalkEnded),
                Command::ConsultAnswered(agent) => {
                    if let Some(consult) = self.consult {
                        self.notice(Notice::ConsultAnswered(consult, agent));
                    }
                }
                Command::ConsultDeclined(agent, why) => {
                    if let Some(consult) = self.consult {
                        self.notice(Notice::ConsultDeclined(consult, agent, why));
                    }
                }
                Command::ConsultEnded(_) | Command::ConsultWithdrawn => {
                    if let Some(consult) = self.consult_over() {
                        self.notice(Notice::ConsultEnded(consult));
                    }
                }
                Command::HandOver(to) => {
                    let consult = self.consult_over();
                    self.notice(Notice::HandOver(consult, to));
                }
                Command::Pass => self.notice(Notice::Pass(self.queue())),
                Command::KeepPlace => self.keep_place(),
                Command::Supervising(supervisor, mode) => self.tell_supervisor(supervisor, mode),
                Command::Journal(event) => self.write(&event),
                Command::Finish { outcome, ended_by } => self.outcome = Some((outcome, ended_by)),
            }
        }
    }

    fn consult_over(&mut self) -> Option<ConsultId> {
        let consult = self.consult.take()?;
        self.handle.no_longer_known_as(consult);
        Some(consult)
    }
}
