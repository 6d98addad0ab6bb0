//! The media plane from outside: real sockets, real files, ffmpeg as the judge of recordings.
#![expect(
    clippy::disallowed_methods,
    reason = "media runs in real time, and so do its tests"
)]

mod attacks;
mod bridging;
pub(crate) mod browser;
mod far_end;
mod playing;
mod recording;
mod sources;

use std::net::IpAddr;
use std::time::Duration;

use telephony::media::{
    BOTH, Codec, MediaConfig, MediaPlane, MediaSession, Peer, Playlist, Prompt, SessionEvent,
    SessionEvents, Side,
};

use far_end::FarEnd;

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const REQUESTER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 1000.0;

/// A plane on ports of its own: tests run at the same time.
fn plane() -> MediaPlane {
    plane_with(|_| {})
}

fn plane_with(change: impl FnOnce(&mut MediaConfig)) -> MediaPlane {
    use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests are processes or threads: neither finds the ports of the other taken.
    let process = u16::try_from(std::process::id() % 200).unwrap();
    let first = 15_000 + process * 80 + NEXT.fetch_add(20, Relaxed);
    let mut config = MediaConfig {
        bind: LOOPBACK,
        web_bind: LOOPBACK,
        ports: first..=first + 19,
        ..MediaConfig::default()
    };
    change(&mut config);
    MediaPlane::new(config).unwrap()
}

/// A call between two plain far ends that speak their tones.
struct Call {
    plane: MediaPlane,
    session: MediaSession,
    events: SessionEvents,
    requester: FarEnd,
    agent: FarEnd,
}

async fn call(requester_codec: Codec, agent_codec: Codec) -> Call {
    call_on(plane(), requester_codec, agent_codec).await
}

async fn call_on(plane: MediaPlane, requester_codec: Codec, agent_codec: Codec) -> Call {
    let (session, events) = plane.start_session();
    let mut requester = FarEnd::new(requester_codec).await;
    let mut agent = FarEnd::new(agent_codec).await;
    // The requester offers to us, we offer to the agent's phone.
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    let answer = leg.answer(requester.sdp().as_bytes()).unwrap();
    requester.aim(&answer.sdp);
    session.attach(Side::Requester, leg);
    let mut leg = plane.rtp_leg(Peer::at(LOOPBACK)).unwrap();
    agent.aim(&leg.offer().unwrap());
    leg.accept(agent.sdp().as_bytes()).unwrap();
    session.attach(Side::Agent, leg);
    requester.speak(REQUESTER_HZ);
    agent.speak(AGENT_HZ);
    Call {
        plane,
        session,
        events,
        requester,
        agent,
    }
}

async fn wait(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// The next event that `wanted` picks; fails after `seconds`.
async fn event<T>(
    events: &mut SessionEvents,
    seconds: u64,
    wanted: impl Fn(&SessionEvent) -> Option<T>,
) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the session goes on");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    let within = Duration::from_secs(seconds);
    tokio::time::timeout(within, found)
        .await
        .expect("the event comes in time")
}

/// The requester hears music, the agent nothing.
pub fn hold(session: &MediaSession, music: Vec<Prompt>) {
    session.connect(&[]);
    session.play(Side::Requester, Playlist::looping(music));
}

/// They hear each other again.
pub fn unhold(session: &MediaSession) {
    session.stop(Side::Requester);
    session.connect(&BOTH);
}
