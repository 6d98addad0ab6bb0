//! The task of one call.

mod record;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use call_control::{
    AgentId, Call, CallId, Command, Declined, DeviceId, EndedBy, Gone, Input, LegId, Outcome,
    Prompt,
};
use floor::{DeviceKind, MediaKind, Work};
use kernel::{Audience, Phone};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::desk::{self, Notice};
use super::{Inner, KnownCaller, Message, Standing, peer_at};
use crate::calls::rows::call;
use crate::media::{
    Leg as MediaLeg, MediaError, MediaSession, PlayId, Playlist, RecorderEvent, SessionEvent, Side,
};
use crate::sip::{IncomingCall, Invite, LegEnd, LegEvent, LegEvents, SipLeg};

/// A call waits no longer for the database, for the calendar or for a look-up.
const PATIENCE: Duration = Duration::from_millis(200);

/// One leg with its SIP and, until it is attached to the session, its media.
struct Slot {
    sip: Arc<dyn SipLeg>,
    side: Side,
    device: Option<DeviceId>,
    web: bool,
    media: Option<MediaLeg>,
    attached: bool,
    /// Our SDP for the 200 of an incoming leg.
    answer: Option<String>,
    /// Answered by SIP; a browser counts as answered only when its media flows.
    connecting: bool,
}

struct Actor {
    engine: Arc<Inner>,
    call: Call,
    row: call::Model,
    mailbox: mpsc::UnboundedSender<Message>,
    notices: mpsc::UnboundedSender<Notice>,
    standing: Arc<RwLock<Standing>>,
    session: MediaSession,
    legs: HashMap<LegId, Slot>,
    plays: HashMap<PlayId, LegId>,
    on_hold_music: bool,
    caller: Option<KnownCaller>,
    outcome: Option<(Outcome, EndedBy)>,
    /// The refusal that an incoming leg gets, when it is more telling than 503.
    refusal: u16,
}

/// Runs an inbound call from its INVITE to its record.
pub(super) async fn run_inbound(
    engine: Arc<Inner>,
    id: CallId,
    incoming: IncomingCall,
    crowded: bool,
    mailbox: mpsc::UnboundedSender<Message>,
    mut inbox: mpsc::UnboundedReceiver<Message>,
    standing: Arc<RwLock<Standing>>,
) {
    let now = engine.app.clock.now();
    let call = Call::inbound(id, engine.limits(), now);
    let (session, session_events) = engine.media.start_session();
    let (notices, notice_inbox) = mpsc::unbounded_channel();
    let desk = engine.app.tasks.spawn(desk::tell(
        engine.floor.clone(),
        id,
        notice_inbox,
        mailbox.clone(),
    ));
    forward_media(session_events, mailbox.clone());
    let row = record::new_row(&engine, id, &incoming, now);
    let mut actor = Actor {
        call,
        row,
        mailbox,
        notices,
        standing,
        session,
        legs: HashMap::new(),
        plays: HashMap::new(),
        on_hold_music: false,
        caller: None,
        outcome: None,
        refusal: 503,
        engine,
    };
    actor.arrive(incoming, crowded).await;
    while !actor.call.ended() {
        let deadline = actor.call.next_deadline().unwrap_or(now);
        tokio::select! {
            message = inbox.recv() => match message {
                Some(message) => actor.hear(message).await,
                None => actor.tell(Input::Stop).await,
            },
            () = actor.engine.app.clock.sleep_until(deadline) => actor.tell(Input::Tick).await,
        }
    }
    actor.close().await;
    // With the task's end of the channel gone, the desk ends when the last notice was told.
    drop(actor);
    let _ = desk.await;
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

    /// The INVITE: the record is opened, the media leg made, the calendar asked.
    async fn arrive(&mut self, incoming: IncomingCall, crowded: bool) {
        let requester = LegId(0);
        let IncomingCall {
            leg,
            events,
            source,
            offer,
            caller,
            ..
        } = incoming;
        self.journal("arrived", json!({}), vec![]);
        self.legs.insert(
            requester,
            Slot {
                sip: leg,
                side: Side::Requester,
                device: None,
                web: false,
                media: None,
                attached: false,
                answer: None,
                connecting: false,
            },
        );
        forward_leg(requester, events, self.mailbox.clone());
        if crowded {
            self.tell(Input::Refuse).await;
            return;
        }
        match self.requester_media(source, offer.as_deref()) {
            Ok((media, answer)) => {
                if let Some(slot) = self.legs.get_mut(&requester) {
                    slot.media = Some(media);
                    slot.answer = Some(answer);
                }
            }
            Err(error) => {
                tracing::warn!(call = %self.call.id(), %error, "INVITE refused: no media");
                self.refusal = match error {
                    MediaError::NoPort | MediaError::Io(_) => 503,
                    _ => 488,
                };
                if let Some(slot) = self.legs.remove(&requester) {
                    slot.sip.refuse(self.refusal);
                }
                self.tell(Input::LegGone(requester, Gone::Fault)).await;
                return;
            }
        }
        self.look_up(caller);
        let open = match self.engine.hours.get() {
            Some(hours) => {
                let asked = hours.is_open(self.now());
                // A calendar that does not answer must not close the line.
                self.engine
                    .app
                    .clock
                    .timeout(PATIENCE, asked)
                    .await
                    .unwrap_or(true)
            }
            None => true,
        };
        self.tell(Input::Arrived { open }).await;
    }

    fn requester_media(
        &self,
        source: std::net::IpAddr,
        offer: Option<&[u8]>,
    ) -> Result<(MediaLeg, String), MediaError> {
        let mut media = self.engine.media.rtp_leg(peer_at(source, false))?;
        let sdp = match offer {
            Some(offer) => media.answer(offer)?.sdp,
            None => media.offer()?,
        };
        Ok((media, sdp))
    }

    /// Asks who calls while the greeting plays; the answer arrives as a message, or never.
    fn look_up(&self, number: String) {
        let Some(callers) = self.engine.callers.get().cloned() else {
            return;
        };
        if number.is_empty() {
            return;
        }
        let mailbox = self.mailbox.clone();
        tokio::spawn(async move {
            if let Some(caller) = callers.find(&number).await {
                let _ = mailbox.send(Message::Caller(caller));
            }
        });
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
            Message::Ring(agent) => self.ring(agent).await,
            Message::StopRinging(agent) => self.tell(Input::StopRinging(agent)).await,
            Message::GiveUp => self.tell(Input::GiveUp).await,
            Message::Confirmed(agent, true) => self.tell(Input::Confirmed(agent)).await,
            Message::Confirmed(agent, false) => self.tell(Input::NotConfirmed(agent)).await,
            Message::Here(agent, device) => self.tell(Input::DeviceBack { agent, device }).await,
            Message::Request(request, reply) => {
                let now = self.now();
                let answer = match self.call.request(request, now) {
                    Ok(commands) => {
                        self.carry_out(commands).await;
                        Ok(())
                    }
                    Err(refusal) => Err(refusal),
                };
                // The asker may have gone.
                let _ = reply.send(answer);
            }
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

    async fn leg_event(&mut self, leg: LegId, event: LegEvent) {
        if !self.legs.contains_key(&leg) {
            return;
        }
        match event {
            // Dialled legs only.
            LegEvent::Ringing | LegEvent::Early(_) | LegEvent::Reanswered(_) => {}
            LegEvent::Refer { reply, .. } => reply.refuse(603),
            LegEvent::Answered(sdp) => self.answered(leg, &sdp).await,
            LegEvent::Declined(status) => {
                self.forget(leg);
                self.tell(Input::LegDeclined(leg, declined(status))).await;
            }
            LegEvent::Offer(sdp, reply) => self.offered(leg, sdp, reply),
            LegEvent::Digit(digit) => self.tell(Input::Digit(leg, digit)).await,
            LegEvent::Gone(end) => {
                let why = match end {
                    LegEnd::HungUp => Gone::HungUp,
                    LegEnd::ConnectionLost => Gone::Lost,
                    LegEnd::Fault => Gone::Fault,
                };
                self.forget(leg);
                self.tell(Input::LegGone(leg, why)).await;
            }
        }
    }

    /// An agent's device said 200, or the requester's ACK brought the answer to our offer.
    async fn answered(&mut self, leg: LegId, sdp: &[u8]) {
        let Some(slot) = self.legs.get_mut(&leg) else {
            return;
        };
        if slot.side == Side::Requester {
            if let Err(error) = self.session.accept(Side::Requester, sdp).await {
                tracing::warn!(call = %self.call.id(), %error, "the requester's answer is no use");
                self.hang_up(leg);
                self.tell(Input::LegGone(leg, Gone::Fault)).await;
            }
            return;
        }
        let accepted = match slot.media.as_mut() {
            Some(media) => media.accept(sdp),
            None => Err(MediaError::NoLeg),
        };
        let web = slot.web;
        // One agent leg at a time has the media; a second phone picked up meanwhile comes too late.
        let taken = self
            .legs
            .values()
            .any(|other| other.side == Side::Agent && other.attached);
        if let Err(error) = &accepted {
            tracing::warn!(call = %self.call.id(), %error, "the agent's answer is no use");
        }
        if accepted.is_err() || taken {
            self.hang_up(leg);
            self.tell(Input::LegDeclined(leg, Declined::Unreachable))
                .await;
            return;
        }
        if let Some(slot) = self.legs.get_mut(&leg) {
            if let Some(media) = slot.media.take() {
                self.session.attach(Side::Agent, media);
            }
            slot.attached = true;
            slot.connecting = web;
        }
        if !web {
            self.tell(Input::LegAnswered(leg)).await;
        }
    }

    /// A re-INVITE or UPDATE with SDP: hold, a new address. Answered by the media task.
    fn offered(&self, leg: LegId, sdp: Vec<u8>, reply: oneshot::Sender<Result<String, u16>>) {
        let Some(slot) = self.legs.get(&leg).filter(|slot| slot.attached) else {
            let _ = reply.send(Err(491));
            return;
        };
        let (session, side, mailbox) = (self.session.clone(), slot.side, self.mailbox.clone());
        tokio::spawn(async move {
            match session.negotiate(side, &sdp).await {
                Ok(answer) => {
                    let _ = reply.send(Ok(answer.sdp));
                    let _ = mailbox.send(Message::LegHeld(leg, answer.held));
                }
                Err(error) => {
                    tracing::info!(%error, "re-offer refused");
                    let _ = reply.send(Err(488));
                }
            }
        });
    }

    fn leg_of(&self, side: Side) -> Option<LegId> {
        self.legs
            .iter()
            .find(|(_, slot)| slot.side == side && slot.attached)
            .map(|(leg, _)| *leg)
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

    fn alarm(&self, code: &str, detail: &str) {
        self.engine.app.live.publish(
            Audience::Permission("telephony:view"),
            "alarm",
            json!({ "code": code, "detail": detail, "call_id": self.call.id() }),
        );
    }

    async fn tell(&mut self, input: Input) {
        let now = self.now();
        let commands = self.call.handle(input, now);
        self.carry_out(commands).await;
    }

    async fn carry_out(&mut self, commands: Vec<Command>) {
        self.keep_standing();
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
                    reattach,
                } => {
                    self.invite(leg, agent, device, reattach);
                }
                // Outbound calls come with trunks that take them.
                Command::Dial(leg) => self.undeliverable(leg),
                Command::HangUp(leg) => self.hang_up(leg),
                Command::Play(leg, prompt) => self.play(leg, &prompt),
                Command::StopPlaying(leg) => self.stop_playing(leg),
                Command::Bridge { .. } => self.session.bridge(true),
                Command::Unbridge => self.session.bridge(false),
                Command::Mute(_, on) => self.session.mute_agent(on),
                Command::StartRecording => self.start_recording(),
                // Finished with the session, when the legs are gone.
                Command::StopRecording => {}
                Command::Offer => self.offer(),
                Command::Withdraw => self.notice(Notice::Withdraw(self.now())),
                Command::Accepted(agent) => self.notice(Notice::Accepted(agent)),
                Command::Adopt(agent) => self.notice(Notice::Adopt(agent)),
                Command::Interrupted => self.notice(Notice::Interrupted),
                Command::Declined(agent, why) => self.notice(Notice::Declined(agent, why)),
                Command::Held(held) => self.notice(Notice::Held(held)),
                Command::TalkEnded => self.notice(Notice::TalkEnded),
                Command::Journal(event) => self.write(&event).await,
                Command::Finish { outcome, ended_by } => self.outcome = Some((outcome, ended_by)),
            }
        }
    }

    fn keep_standing(&self) {
        let mut standing = self
            .standing
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        standing.agent = self.call.agent();
        standing.answered = self.call.times().answered_at.is_some();
        standing.muted = self.call.muted();
    }

    fn notice(&self, notice: Notice) {
        // Lives as long as the call.
        let _ = self.notices.send(notice);
    }

    fn answer(&mut self, leg: LegId) {
        let Some(slot) = self.legs.get_mut(&leg) else {
            return;
        };
        // The sockets are read from now on: what queued during the greeting would be heard late.
        if let Some(media) = slot.media.take() {
            self.session.attach(slot.side, media);
            slot.attached = true;
        }
        slot.sip.answer(slot.answer.take().unwrap_or_default());
    }

    fn undeliverable(&self, leg: LegId) {
        let _ = self
            .mailbox
            .send(Message::Leg(leg, LegEvent::Declined(404)));
    }

    fn invite(&mut self, leg: LegId, agent: AgentId, device: DeviceId, reattach: bool) {
        let sent = self.try_invite(leg, device, reattach);
        if let Err(error) = sent {
            tracing::warn!(call = %self.call.id(), %agent, %error, "device not rung");
            // A slot is needed for the refusal to be heard.
            let (_, nothing) = mpsc::unbounded_channel();
            forward_leg(leg, nothing, self.mailbox.clone());
            self.legs.insert(
                leg,
                Slot {
                    sip: Arc::new(NoLeg),
                    side: Side::Agent,
                    device: Some(device),
                    web: false,
                    media: None,
                    attached: false,
                    answer: None,
                    connecting: false,
                },
            );
            let _ = self
                .mailbox
                .send(Message::Leg(leg, LegEvent::Declined(480)));
        }
    }

    fn try_invite(&mut self, leg: LegId, device: DeviceId, reattach: bool) -> Result<(), String> {
        let signaling = self.engine.signaling.get().ok_or("SIP is not up")?;
        let binding = signaling.device(device).ok_or("not registered any more")?;
        let web = binding.kind == DeviceKind::Softphone;
        let peer = peer_at(binding.source, true);
        let mut media = if web {
            self.engine.media.web_leg(peer)
        } else {
            self.engine.media.rtp_leg(peer)
        }
        .map_err(|error| error.to_string())?;
        let offer = media.offer().map_err(|error| error.to_string())?;
        let mut headers = vec![("X-Call-Id", self.call.id().to_string())];
        if reattach {
            headers.push(("X-Reattach", "1".to_owned()));
        }
        let display = self.masked_caller();
        let (sip, events) = signaling.invite(Invite {
            to: binding,
            offer,
            display,
            headers,
        });
        forward_leg(leg, events, self.mailbox.clone());
        self.legs.insert(
            leg,
            Slot {
                sip,
                side: Side::Agent,
                device: Some(device),
                web,
                media: Some(media),
                attached: false,
                answer: None,
                connecting: false,
            },
        );
        Ok(())
    }

    fn masked_caller(&self) -> String {
        if self.row.caller.is_empty() {
            "anonymous".to_owned()
        } else {
            Phone::new(self.row.caller.clone()).masked()
        }
    }

    /// Ends a leg and forgets it; what it still says is not heard.
    fn hang_up(&mut self, leg: LegId) {
        if let Some(slot) = self.legs.get(&leg) {
            slot.sip.hang_up();
        }
        self.forget(leg);
    }

    fn forget(&mut self, leg: LegId) {
        if let Some(slot) = self.legs.remove(&leg)
            && slot.attached
        {
            self.session.detach(slot.side);
        }
        self.plays.retain(|_, played| *played != leg);
    }

    fn play(&mut self, leg: LegId, prompt: &Prompt) {
        let Some(slot) = self.legs.get(&leg) else {
            return;
        };
        let prompts = self.engine.media.prompts();
        if *prompt == Prompt::HoldMusic && slot.side == Side::Requester {
            self.on_hold_music = true;
            self.session.hold(Playlist::looping(vec![prompts.music()]));
            return;
        }
        let list = match prompt {
            Prompt::Greeting => Playlist::once(vec![prompts.greeting()]),
            Prompt::AfterHours => Playlist::once(vec![prompts.after_hours(), prompts.goodbye()]),
            Prompt::QueueMusic => Playlist::looping(vec![prompts.queue(), prompts.music()]),
            Prompt::StaffNumber(number) => Playlist::once(prompts.staff_number(number)),
            Prompt::HoldMusic => Playlist::looping(vec![prompts.music()]),
            Prompt::AllBusy => Playlist::once(vec![prompts.busy(), prompts.goodbye()]),
            Prompt::Ringback => Playlist::looping(vec![prompts.ring_back()]),
        };
        let endless = list.looping;
        let side = slot.side;
        self.end_hold_music();
        let play = self.session.play(side, list);
        if !endless {
            self.plays.insert(play, leg);
        }
    }

    fn stop_playing(&mut self, leg: LegId) {
        self.end_hold_music();
        if let Some(slot) = self.legs.get(&leg) {
            self.session.stop(slot.side);
        }
    }

    fn end_hold_music(&mut self) {
        if std::mem::take(&mut self.on_hold_music) {
            self.session.unhold();
        }
    }

    fn offer(&mut self) {
        let caller = self.caller.as_ref();
        self.notice(Notice::Offer(Box::new(Work {
            id: self.call.id(),
            media: MediaKind::Voice,
            queue: self.engine.settings.queue.clone(),
            priority: 0,
            preferred_agent: caller.and_then(|caller| caller.preferred_agent),
            offered_at: self.call.times().queued_at.unwrap_or(self.row.arrived_at),
            subject: json!({
                "caller": self.masked_caller(),
                "name": caller.and_then(|caller| caller.name.as_ref().map(kernel::PersonName::masked)),
            }),
        })));
    }
}

/// The leg of a device that could not be rung.
struct NoLeg;

impl SipLeg for NoLeg {
    fn answer(&self, _sdp: String) {}
    fn refuse(&self, _status: u16) {}
    fn hang_up(&self) {}
}

/// A person's no (busy, decline) is told from a device that cannot.
fn declined(status: u16) -> Declined {
    match status {
        486 | 600 => Declined::Busy,
        603 => Declined::Refused,
        408 | 480 | 487 => Declined::NoAnswer,
        _ => Declined::Unreachable,
    }
}
