//! The test phone: an agent's desk phone that registers, rings and answers by itself over real SIP
//! and RTP.
//!
//! `shoujie phone` runs one from the command line; tests and benches run many in one process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rsipstack::dialog::dialog::DialogState;
use rsipstack::sip::prelude::{HasHeaders as _, HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, Request};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::test_line::{
    End, Heard, Invitation, LineError, Registration, Sound, Speech, Talk, Transport,
};
use crate::test_line::{UserAgent, Voice, ended, now, sdp_header, sleep, sleep_until, within};

/// A far end that never acknowledges our answer is given up after Timer H (RFC 3261 §17.2.1).
const ACK_PATIENCE: Duration = Duration::from_secs(32);
/// Wait before a failed registration is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// A registrar that has vanished is not waited for when the phone goes.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the phone does when it rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Answers after so long.
    After(Duration),
    /// Refuses with this SIP status.
    Refuse(u16),
    /// Rings on.
    Never,
}

/// A phone to be started.
#[derive(Debug, Clone)]
pub struct PhonePlan {
    /// The user name.
    pub user: String,
    /// The secret of the device; without one the phone does not register and waits to be called at
    /// its own address.
    pub secret: Option<String>,
    /// Address of the SIP server.
    pub via: SocketAddr,
    /// What SIP travels over.
    pub transport: Transport,
    /// What it does when it rings.
    pub answer: Answer,
    /// What is said once it answered.
    pub speech: Speech,
    /// WAV file for what is heard; from the second call on the call's number is put into its name.
    pub record: Option<PathBuf>,
    /// Hangs up so long after the answer; without it when the other side does.
    pub talk: Option<Duration>,
    /// Seconds asked for in a registration; it is refreshed at half of what was granted.
    pub expires_s: u32,
}

impl PhonePlan {
    /// A silent phone over UDP that answers at once.
    pub fn new(user: impl Into<String>, secret: impl Into<String>, via: SocketAddr) -> Self {
        Self {
            user: user.into(),
            secret: Some(secret.into()),
            via,
            transport: Transport::Udp,
            answer: Answer::After(Duration::ZERO),
            speech: Speech::Silence,
            record: None,
            talk: None,
            expires_s: 120,
        }
    }
}

/// What happens at the phone. Calls are counted from 1.
#[derive(Debug, Clone)]
pub enum PhoneEvent {
    /// Registered, or registered again, for so many seconds.
    Registered(u32),
    /// A registration could not be refreshed; why. It is tried again.
    RegistrationLost(String),
    /// A call rings.
    Ringing {
        /// Its number.
        call: u32,
        /// The caller as the phone shows it: display name, or user part.
        from: String,
        /// The server's id of the call (X-Call-Id).
        call_id: Option<String>,
        /// When the INVITE came.
        at: Instant,
    },
    /// The answer was acknowledged.
    Answered {
        /// Its number.
        call: u32,
    },
    /// A call is over, or was never answered.
    Ended {
        /// Its number.
        call: u32,
        /// How it ended.
        end: End,
        /// From the answer to the end; `None` when it was not answered.
        talk: Option<Duration>,
        /// What was heard.
        heard: Heard,
    },
}

/// A running phone; it hangs up and gives its registration back when this is dropped.
pub struct PhoneHandle {
    /// What happens.
    pub events: mpsc::UnboundedReceiver<PhoneEvent>,
    /// Where the phone listens.
    pub address: SocketAddr,
    calls: Arc<Calls>,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl PhoneHandle {
    /// Hangs up, or refuses the call that rings.
    pub fn hang_up(&self) {
        self.calls.with(|call| {
            if let Some(call) = call {
                call.cancel();
            }
        });
    }

    /// Hangs up, gives the registration back and waits until both are done.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.wait().await;
    }
}

/// The call in hand.
#[derive(Default)]
struct Calls(Mutex<Option<CancellationToken>>);

impl Calls {
    fn with<T>(&self, work: impl FnOnce(&mut Option<CancellationToken>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts a phone; it is registered when this returns.
pub async fn start(plan: PhonePlan) -> Result<PhoneHandle, LineError> {
    let (invitations, incoming) = mpsc::unbounded_channel();
    let agent = UserAgent::open(plan.via, plan.transport, &plan.user, Some(invitations)).await?;
    let (events, news) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let phone = Arc::new(Phone {
        agent,
        events,
        plan,
        stop: stop.clone(),
        calls: Arc::default(),
    });
    let tasks = TaskTracker::new();
    if let Some(secret) = &phone.plan.secret {
        let mut registration = Registration::new(&phone.plan.user, secret);
        let granted = registration
            .register(&phone.agent, phone.plan.expires_s)
            .await?;
        phone.tell(PhoneEvent::Registered(granted));
        tasks.spawn(Arc::clone(&phone).stay_registered(registration, granted));
    }
    let (address, calls) = (phone.agent.local, Arc::clone(&phone.calls));
    tasks.spawn(phone.take_calls(incoming, tasks.clone()));
    tasks.close();
    Ok(PhoneHandle {
        events: news,
        address,
        calls,
        tasks,
        stop: stop.drop_guard(),
    })
}

struct Phone {
    agent: UserAgent,
    events: mpsc::UnboundedSender<PhoneEvent>,
    plan: PhonePlan,
    stop: CancellationToken,
    calls: Arc<Calls>,
}

impl Phone {
    fn tell(&self, event: PhoneEvent) {
        // Whoever runs the phone need not listen.
        let _ = self.events.send(event);
    }

    async fn stay_registered(self: Arc<Self>, mut registration: Registration, granted: u32) {
        let mut wait = Duration::from_secs(u64::from(granted)) / 2;
        loop {
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = sleep(wait) => {}
            }
            let renewed = tokio::select! {
                () = self.stop.cancelled() => break,
                renewed = registration.register(&self.agent, self.plan.expires_s) => renewed,
            };
            wait = match renewed {
                Ok(granted) => {
                    self.tell(PhoneEvent::Registered(granted));
                    Duration::from_secs(u64::from(granted)) / 2
                }
                Err(error) => {
                    self.tell(PhoneEvent::RegistrationLost(error.to_string()));
                    RETRY
                }
            };
        }
        let _ = within(PATIENCE, registration.register(&self.agent, 0)).await;
    }

    async fn take_calls(
        self: Arc<Self>,
        mut incoming: mpsc::UnboundedReceiver<Invitation>,
        tasks: TaskTracker,
    ) {
        let mut count = 0;
        loop {
            let invitation = tokio::select! {
                () = self.stop.cancelled() => return,
                invitation = incoming.recv() => match invitation {
                    Some(invitation) => invitation,
                    None => return,
                },
            };
            let call = self.stop.child_token();
            let free = self.calls.with(|current| {
                let free = current.is_none();
                current.get_or_insert_with(|| call.clone());
                free
            });
            if !free {
                let _ = invitation.dialog.reject(Some(486.into()), None);
                self.agent.dialogs.remove_dialog(&invitation.dialog.id());
                continue;
            }
            count += 1;
            let phone = Arc::clone(&self);
            tasks.spawn(async move {
                let (end, talk, heard) = phone.take(invitation, count, &call).await;
                phone.calls.with(Option::take);
                phone.tell(PhoneEvent::Ended {
                    call: count,
                    end,
                    talk,
                    heard,
                });
            });
        }
    }

    async fn take(
        &self,
        invitation: Invitation,
        call: u32,
        stop: &CancellationToken,
    ) -> (End, Option<Duration>, Heard) {
        let Invitation {
            dialog,
            mut states,
            request,
        } = invitation;
        let at = now();
        let _ = dialog.ringing(None, None);
        let (from, call_id) = (caller_of(&request), server_id_of(&request));
        self.tell(PhoneEvent::Ringing {
            call,
            from,
            call_id,
            at,
        });
        let refuse = |status: u16, end: End| {
            let _ = dialog.reject(Some(status.into()), None);
            self.agent.dialogs.remove_dialog(&dialog.id());
            (end, None, Heard::default())
        };
        let answer_at = match self.plan.answer {
            Answer::After(wait) => Some(at + wait),
            Answer::Never => None,
            Answer::Refuse(status) => return refuse(status, End::HungUpHere),
        };
        loop {
            tokio::select! {
                biased;
                state = states.recv() => if let Some(DialogState::Terminated(_, why)) = state {
                    self.agent.dialogs.remove_dialog(&dialog.id());
                    return (ended(&why), None, Heard::default());
                },
                () = stop.cancelled() => return refuse(480, End::HungUpHere),
                () = sleep_until(answer_at) => break,
            }
        }
        let record = self.plan.record.as_deref().map(|path| numbered(path, call));
        let opened = Voice::open(
            self.agent.local.ip(),
            self.plan.speech.clone(),
            record.as_deref(),
        )
        .await;
        let mut voice = match opened {
            Ok(voice) => voice,
            Err(error) => return refuse(500, End::Fault(error.to_string())),
        };
        let sdp = match voice.answer(&request.body) {
            Ok(sdp) => sdp,
            Err(why) => return refuse(488, End::Fault(why)),
        };
        if let Err(error) = dialog.accept(Some(vec![sdp_header()]), Some(sdp.into_bytes())) {
            return refuse(500, End::Fault(error.to_string()));
        }
        let acknowledged = async {
            while let Some(state) = states.recv().await {
                if state.is_confirmed() || state.is_terminated() {
                    break;
                }
            }
        };
        let acknowledged = tokio::select! {
            acknowledged = within(ACK_PATIENCE, acknowledged) => acknowledged.is_some(),
            () = stop.cancelled() => true,
        };
        let answered = now();
        let mut talk = Talk {
            dialog,
            dialogs: Arc::clone(&self.agent.dialogs),
            states,
            voice,
        };
        let end = if acknowledged {
            self.tell(PhoneEvent::Answered { call });
            talk.until_end(self.plan.talk.map(|talk| answered + talk), stop)
                .await
        } else {
            talk.hang_up().await;
            End::Fault("our answer was not acknowledged".to_owned())
        };
        let talked = now().saturating_duration_since(answered);
        (
            end,
            acknowledged.then_some(talked),
            talk.voice.close().await,
        )
    }
}

/// `heard.wav`, then `heard-2.wav`.
fn numbered(path: &Path, call: u32) -> PathBuf {
    if call == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path
        .extension()
        .map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
    path.with_file_name(format!("{stem}-{call}{extension}"))
}

fn caller_of(request: &Request) -> String {
    let from = request
        .from_header()
        .ok()
        .and_then(|header| header.typed().ok());
    let named = from
        .as_ref()
        .and_then(|from| from.display_name.clone())
        .filter(|name| !name.is_empty());
    let name = named
        .or_else(|| from?.uri.user().map(str::to_owned))
        .unwrap_or_default();
    name.trim_matches('"').to_owned()
}

fn server_id_of(request: &Request) -> Option<String> {
    request.headers().iter().find_map(|header| match header {
        Header::Other(name, value) if name.eq_ignore_ascii_case("x-call-id") => {
            Some(value.trim().to_owned())
        }
        _ => None,
    })
}

/// Arguments of `shoujie phone`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Prints one line for each state. Exits with 0 when it answered a call, with 1 when \
    it answered none, with 2 when it could not register. Ctrl-C hangs up and signs the phone off."
)]
pub struct Args {
    /// User name of the agent.
    #[arg(long = "as", value_name = "USER")]
    user: String,
    /// Secret of the device, as it was shown when the device was added.
    #[arg(long)]
    secret: String,
    /// Address of the SIP server.
    #[arg(long, default_value = "127.0.0.1:5060")]
    via: SocketAddr,
    /// What SIP travels over.
    #[arg(long, value_enum, default_value_t)]
    transport: Transport,
    /// Answer by itself; without it the phone rings on.
    #[arg(long)]
    auto_answer: bool,
    /// Ring so many milliseconds before the answer.
    #[arg(long, value_name = "N", default_value_t = 500)]
    ring_ms: u64,
    /// WAV to play over and over: PCM, A-law or µ-law, any rate. Silence without it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tone", "echo"])]
    play: Option<PathBuf>,
    /// Play a sine of so many hertz instead.
    #[arg(long, value_name = "HZ", conflicts_with = "echo", value_parser = clap::value_parser!(u32).range(50..=3800))]
    tone: Option<u32>,
    /// Say back what is heard.
    #[arg(long)]
    echo: bool,
    /// WAV for what is heard; from the second call on its number is put into the name.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Leave after so many calls; without it on Ctrl-C.
    #[arg(long, value_name = "N")]
    calls: Option<u32>,
    /// Hang up so many milliseconds after the answer; without it when the other side does.
    #[arg(long, value_name = "N")]
    talk_ms: Option<u64>,
}

/// Runs `shoujie phone`; the exit code.
pub async fn run(args: Args) -> u8 {
    match answer_calls(args).await {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("shoujie phone: {error}");
            2
        }
    }
}

async fn answer_calls(args: Args) -> Result<bool, LineError> {
    let speech = match (&args.play, args.tone) {
        (Some(path), _) => Speech::Sound(Sound::read(path)?),
        (None, Some(hz)) => Speech::tone(hz),
        (None, None) if args.echo => Speech::Echo,
        (None, None) => Speech::Silence,
    };
    let answer = if args.auto_answer {
        Answer::After(Duration::from_millis(args.ring_ms))
    } else {
        Answer::Never
    };
    let plan = PhonePlan {
        transport: args.transport,
        answer,
        speech,
        record: args.record,
        talk: args.talk_ms.map(Duration::from_millis),
        ..PhonePlan::new(args.user.clone(), args.secret, args.via)
    };
    println!(
        "registering {} at {} over {}",
        args.user, args.via, args.transport
    );
    let mut phone = start(plan).await?;
    let mut answered = false;
    let mut done = 0;
    while args.calls.is_none_or(|calls| done < calls) {
        let event = tokio::select! {
            event = phone.events.recv() => event,
            _ = tokio::signal::ctrl_c() => break,
        };
        let Some(event) = event else { break };
        match event {
            PhoneEvent::Registered(seconds) => println!("registered for {seconds} s"),
            PhoneEvent::RegistrationLost(why) => println!("registration lost: {why}"),
            PhoneEvent::Ringing { call, from, .. } => println!("call {call}: ringing, from {from}"),
            PhoneEvent::Answered { call } => {
                answered = true;
                println!("call {call}: answered");
            }
            PhoneEvent::Ended {
                call,
                end,
                talk,
                heard,
            } => {
                done += 1;
                println!("call {call}: ended: {end}");
                if let Some(talk) = talk {
                    println!("call {call}: {}", heard.summary(talk));
                }
            }
        }
    }
    phone.stop().await;
    println!("signed off");
    Ok(answered)
}
