//! The test caller: places one call over real SIP and RTP, as a requester's telephone would.
//!
//! `shoujie call` runs it from the command line, `POST /api/v1/demo/calls` inside the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rsipstack::dialog::dialog::DialogState;
use rsipstack::sip::StatusCodeKind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::test_line::{End, Heard, LineError, Sound, Speech, Talk, Transport, UserAgent, Voice};
use crate::test_line::{now, within};

/// A CANCEL that is not answered by then is left alone.
const PATIENCE: Duration = Duration::from_secs(2);

/// A call to be placed.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// The number to call.
    pub to: String,
    /// The number to call from.
    pub from: String,
    /// Address of the SIP server.
    pub via: SocketAddr,
    /// What SIP travels over.
    pub transport: Transport,
    /// What the caller says from the moment of the answer.
    pub speech: Speech,
    /// WAV file for what the caller hears.
    pub record: Option<PathBuf>,
    /// Hangs up so long after the answer; without it when the other side does.
    pub talk: Option<Duration>,
    /// Hangs up when cancelled.
    pub stop: CancellationToken,
    /// Hears of every state.
    pub states: Option<mpsc::UnboundedSender<CallState>>,
}

impl CallPlan {
    /// A silent call over UDP that lasts until the other side hangs up.
    pub fn new(to: impl Into<String>, from: impl Into<String>, via: SocketAddr) -> Self {
        Self {
            to: to.into(),
            from: from.into(),
            via,
            transport: Transport::Udp,
            speech: Speech::Silence,
            record: None,
            talk: None,
            stop: CancellationToken::new(),
            states: None,
        }
    }
}

/// What becomes of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallState {
    /// The INVITE is out.
    Calling,
    /// 180 or 183 has come.
    Ringing,
    /// 200 has come, so long after the INVITE.
    Answered(Duration),
    /// It is over.
    Ended(End),
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct CallReport {
    /// SIP Call-ID.
    pub call_id: String,
    /// When the INVITE went out.
    pub called_at: Instant,
    /// From the INVITE to the 200; `None` when it was not answered.
    pub setup: Option<Duration>,
    /// From the answer to the end.
    pub talk: Duration,
    /// How it ended.
    pub end: End,
    /// What was heard.
    pub heard: Heard,
}

impl CallReport {
    /// A 200 came.
    pub fn answered(&self) -> bool {
        self.setup.is_some()
    }
}

/// Places a call and stays until it is over.
pub async fn place(plan: CallPlan) -> Result<CallReport, LineError> {
    let tell = |state| {
        if let Some(states) = &plan.states {
            // Whoever placed the call need not listen.
            let _ = states.send(state);
        }
    };
    let agent = UserAgent::open(plan.via, plan.transport, &plan.from, None).await?;
    let mut voice = Voice::open(
        agent.local.ip(),
        plan.speech.clone(),
        plan.record.as_deref(),
    )
    .await?;
    let called_at = now();
    let (dialog, mut states, mut invited) = agent.invite(&plan.to, &plan.from, voice.offer())?;
    let call_id = dialog.id().call_id;
    tell(CallState::Calling);

    let mut ringing = false;
    let outcome = loop {
        tokio::select! {
            // The ring is told before the answer, also where both are here already.
            biased;
            Some(state) = states.recv() => if matches!(state, DialogState::Early(..)) && !ringing {
                ringing = true;
                tell(CallState::Ringing);
            },
            outcome = &mut invited => break match outcome {
                Ok(Ok((_, Some(response)))) => match response.status_code.kind() {
                    StatusCodeKind::Successful => voice.answered(&response.body).map_err(End::Fault),
                    _ if response.status_code.code() == 408 => Err(End::NoReply),
                    _ => Err(End::Refused(response.status_code.code())),
                },
                Ok(Ok((_, None))) | Err(_) => Err(End::NoReply),
                Ok(Err(error)) => Err(End::Fault(error.to_string())),
            },
            () = plan.stop.cancelled() => {
                let _ = within(PATIENCE, dialog.hangup()).await;
                // The INVITE's own final response belongs to the exchange.
                let _ = within(PATIENCE, &mut invited).await;
                break Err(End::HungUpHere);
            }
        }
    };
    let setup = now().saturating_duration_since(called_at);
    let mut talk = Talk {
        dialog,
        dialogs: agent.dialogs.clone(),
        states,
        voice,
    };
    let (end, setup) = match outcome {
        Ok(()) => {
            tell(CallState::Answered(setup));
            let until = plan.talk.map(|talk| now() + talk);
            (talk.until_end(until, &plan.stop).await, Some(setup))
        }
        Err(end) => {
            // Ends what an answer that cannot be used has begun.
            talk.hang_up().await;
            (end, None)
        }
    };
    let talked = setup.map_or(Duration::ZERO, |setup| {
        now().saturating_duration_since(called_at + setup)
    });
    let heard = talk.voice.close().await;
    tell(CallState::Ended(end.clone()));
    Ok(CallReport {
        call_id,
        called_at,
        setup,
        talk: talked,
        end,
        heard,
    })
}

/// Arguments of `shoujie call`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Prints one line for each state. Exits with 0 when the call was answered, that \
    is when the 200 OK came: the hotline's greeting answers, whether an agent comes or not. Exits \
    with 1 when it was not, with 2 when it could not be placed. Ctrl-C hangs up."
)]
pub struct Args {
    /// The number to call.
    #[arg(long, default_value = "12333")]
    to: String,
    /// The number to call from.
    #[arg(long, default_value = "13900000001")]
    from: String,
    /// Address of the SIP server.
    #[arg(long, default_value = "127.0.0.1:5060")]
    via: SocketAddr,
    /// What SIP travels over.
    #[arg(long, value_enum, default_value_t)]
    transport: Transport,
    /// WAV to play over and over: PCM, A-law or µ-law, any rate. Without it and without --tone: a
    /// caller who asks in Chinese about an examination.
    #[arg(long, value_name = "FILE", conflicts_with = "tone")]
    play: Option<PathBuf>,
    /// Play a sine of so many hertz instead.
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(50..=3800))]
    tone: Option<u32>,
    /// WAV for what is heard; it plays even when this program is killed.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Hang up so many seconds after the answer; without it when the other side does.
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
}

/// Runs `shoujie call`; the exit code.
pub async fn run(args: Args) -> u8 {
    match call(args).await {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("shoujie call: {error}");
            2
        }
    }
}

async fn call(args: Args) -> Result<bool, LineError> {
    let sound = match (&args.play, args.tone) {
        (Some(path), _) => Sound::read(path)?,
        (None, Some(hz)) => Sound::tone(hz),
        (None, None) => Sound::demo_caller(),
    };
    let (states, mut news) = mpsc::unbounded_channel();
    let plan = CallPlan {
        transport: args.transport,
        speech: Speech::Sound(sound),
        record: args.record,
        talk: args.seconds.map(Duration::from_secs),
        states: Some(states),
        ..CallPlan::new(args.to, args.from, args.via)
    };
    let heading = format!(
        "calling {} from {} at {} over {}",
        plan.to, plan.from, plan.via, plan.transport
    );
    let stop = plan.stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let printer = tokio::spawn(async move {
        while let Some(state) = news.recv().await {
            match state {
                CallState::Calling => println!("{heading}"),
                CallState::Ringing => println!("ringing"),
                CallState::Answered(setup) => {
                    println!("answered after {:.2} s", setup.as_secs_f64());
                }
                CallState::Ended(end) => println!("ended: {end}"),
            }
        }
    });
    let report = place(plan).await?;
    let _ = printer.await;
    if report.answered() {
        println!("{}", report.heard.summary(report.talk));
    }
    Ok(report.answered())
}
