//! Peers that others have built, in networks as they are outside: Kamailio as the carrier, baresip and
//! linphone as phones, `SIPp` with scenarios of ours, a NAT between them.
//!
//! What a machine lacks (a package, the right to make networks) is printed, and its tests are skipped.

mod attended;
mod baresip;
mod behind_nat;
mod kamailio;
mod linphone;
mod nets;
mod scenario;
mod sipp;
mod tls;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use floor::{AgentState, Presence};
use serde_json::{Value, json};
use telephony::engine::{Outgoing, Outside};
use telephony::phone::{PhoneEvent, PhoneHandle};

use super::trunks::ask;
use super::{AGENT_HZ, CALLER_HZ, Hotline, agent, event};
use baresip::Baresip;

/// The number of who calls the hotline and is called by it.
const REQUESTER: &str = "13900000001";

/// Says why a test is skipped, past the harness, which keeps what a test that passes prints.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Whether every program is there; says which is not.
pub fn installed(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| {
            !["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
                .iter()
                .any(|folder| Path::new(folder).join(program).exists())
        })
        .collect();
    if !missing.is_empty() {
        skipped(&format!(
            "this machine has no {missing:?}; scripts/packages installs them"
        ));
    }
    missing.is_empty()
}

/// Runs a command and says whether it went well.
pub fn runs(program: &str, arguments: &[&str]) -> bool {
    std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A WAV of a tone, 8 kHz mono.
pub fn tone_wav(path: &Path, hz: u32) {
    let made = std::process::Command::new("sox")
        .args(["-n", "-r", "8000", "-c", "1", "-b", "16"])
        .arg(path)
        .args(["synth", "120", "sine"])
        .arg(hz.to_string())
        .args(["vol", "0.5"])
        .status();
    assert!(made.unwrap().success());
}

/// Milliseconds of a tone in a recording of one channel.
pub fn tone_ms(path: &Path, hz: u32) -> u64 {
    telephony::media::tone::heard_ms(&super::lane(path, 1), f64::from(hz), 2000.0)
}

/// Waits until it is so, at most `seconds`.
async fn within<F: Future<Output = bool>>(seconds: u32, what: &str, so: impl Fn() -> F) {
    for _ in 0..seconds * 10 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("waited {seconds} s until {what}");
}

/// How a trunk stands, by its name.
async fn now(router: &Router, name: &str) -> Value {
    let (_, list) = ask(router, Method::GET, "/api/v1/trunks", None).await;
    let mut trunks = list["items"].as_array().unwrap().iter();
    trunks.find(|trunk| trunk["name"] == name).unwrap()["now"].clone()
}

async fn is_registered(router: &Router, name: &str) -> bool {
    let now = now(router, name).await;
    now["health"] == json!("up") && !now["registered_until"].is_null()
}

/// Agent 1 with a phone that keeps what it hears.
struct Seat {
    phone: PhoneHandle,
    folder: tempfile::TempDir,
}

impl Seat {
    async fn of(line: &Hotline) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("agent.wav");
        let phone = line.ready_agent(1, |plan| plan.record = Some(heard)).await;
        Self { phone, folder }
    }

    /// He hangs up; what each heard of the call that was.
    async fn hangs_up(&mut self, requester: &Baresip, calls_before: usize) {
        self.phone.hang_up();
        event(&mut self.phone, |event| {
            matches!(event, PhoneEvent::Ended { .. }).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let heard = wavs(self.folder.path(), ".wav");
        let of_requester = tone_ms(heard.last().unwrap(), CALLER_HZ);
        assert!(
            of_requester >= 2500,
            "the agent heard {of_requester} ms of the requester: {}",
            requester.log()
        );
        let heard = requester.heard();
        assert_eq!(heard.len(), calls_before + 1, "{}", requester.log());
        let of_agent = tone_ms(heard.last().unwrap(), AGENT_HZ);
        assert!(
            of_agent >= 2500,
            "the requester heard {of_agent} ms of the agent: {}",
            requester.log()
        );
    }
}

/// The recordings in a folder, the latest last.
fn wavs(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    found
}

/// The carrier's subscriber calls the hotline, an agent answers, and they hear each other.
async fn a_call_comes_in(line: &Hotline, seat: &mut Seat, requester: &mut Baresip, carrier: &str) {
    let before = requester.heard().len();
    requester.types(&format!("/dial sip:12333@{carrier}"));
    within(20, "they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    // The staff number is read out first.
    tokio::time::sleep(Duration::from_secs(9)).await;
    seat.hangs_up(requester, before).await;
    line.settled().await;
    is_ready(line).await;
}

/// The agent calls the carrier's subscriber, who answers by himself, and they hear each other.
async fn a_call_goes_out(line: &Hotline, seat: &mut Seat, requester: &Baresip) {
    let before = requester.heard().len();
    let order = Outgoing {
        agent: agent(1),
        to: Outside {
            number: REQUESTER.to_owned(),
            caller_id: Some("12333".to_owned()),
        },
        queue: None,
        purpose: "回访".to_owned(),
    };
    line.telephony.engine().call_out(order).await.unwrap();
    within(20, "they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    seat.hangs_up(requester, before).await;
    line.settled().await;
    is_ready(line).await;
}

/// Agent 1 takes calls again.
async fn is_ready(line: &Hotline) {
    if line.state_of(1) == AgentState::WrapUp {
        line.floor.end_wrap_up(agent(1)).await.unwrap();
    }
    let ready = Presence::Ready;
    line.floor.ask(agent(1), ready, None).await.unwrap();
}

/// Whether Kamailio was installed with its TLS.
fn kamailio_speaks_tls() -> bool {
    let module = "/usr/lib/x86_64-linux-gnu/kamailio/modules/tls.so";
    let there = Path::new(module).exists();
    if !there {
        skipped("this machine has no kamailio-tls-modules; scripts/packages installs them");
    }
    there
}
