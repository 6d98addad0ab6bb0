//! linphone, a telephone of yet another making, without a sound card: it says a file and writes one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use floor::{AgentState, Presence};
use telephony::phone::PhoneEvent;
use telephony::test_line::{Sound, Speech};

use super::super::{
    AGENT_HZ, CALLER_HZ, Hotline, PLAIN_SECRET, agent, event, hotline, hotline_with, on_both, until,
};
use super::{installed, tone_ms, tone_wav};

const COLLEAGUE_HZ: u32 = 1700;

/// A running one; it ends with this value.
pub struct Linphone {
    process: Child,
    folder: tempfile::TempDir,
}

impl Linphone {
    /// Starts one that says `hz`.
    pub fn start(hz: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        tone_wav(&at.join("speech.wav"), hz);
        let config = format!(
            "[sip]\nsip_port={}\nsip_tcp_port=-1\nsip_tls_port=-1\nuse_ipv6=0\nipv6_migration_done=1\nregister_only_when_network_is_up=0\n\
             [rtp]\naudio_rtp_port=31000-31999\n[net]\ndns_srv_enabled=0\n[sound]\nechocancellation=0\n\
             [storage]\nuri=null\n",
            testing::free_port(),
        );
        std::fs::write(at.join("linphonerc"), config).unwrap();
        let log = std::fs::File::create(at.join("linphone.log")).unwrap();
        let process = Command::new("linphonec")
            .arg("-c")
            .arg(at.join("linphonerc"))
            .env("HOME", at)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("linphonec runs");
        let mut phone = Self { process, folder };
        phone.types("soundcard use files");
        let [speech, heard] = ["speech.wav", "heard.wav"].map(|name| phone.file(name));
        phone.types(&format!("play {}", speech.display()));
        phone.types(&format!("record {}", heard.display()));
        phone
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Types a command: `call 12333`.
    pub fn types(&mut self, command: &str) {
        use std::io::Write as _;
        let input = self.process.stdin.as_mut().unwrap();
        input.write_all(format!("{command}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Registers.
    pub fn registers(&mut self, user: &str, secret: &str, server: SocketAddr) {
        self.types(&format!(
            "register sip:{user}@{server} sip:{server} {secret}"
        ));
    }

    pub fn log(&self) -> String {
        let log = std::fs::read(self.file("linphone.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Waits until it has said this so often.
    pub async fn says(&self, text: &str, times: usize) {
        for _ in 0..200 {
            if self.log().matches(text).count() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("linphone does not say {text:?}: {}", self.log());
    }

    /// Milliseconds of a tone in what it heard.
    pub fn heard_ms(&self, hz: u32) -> u64 {
        tone_ms(&self.file("heard.wav"), hz)
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// linphone as the desk phone of agent 1, who is ready.
async fn at_the_desk(line: &Hotline) -> Linphone {
    let mut phone = Linphone::start(AGENT_HZ);
    phone.registers("agent1", PLAIN_SECRET, line.sip);
    until("linphone is registered", || async {
        line.floor
            .agent(agent(1))
            .await
            .is_ok_and(|agent| agent.device.reachable)
    })
    .await;
    line.floor
        .ask(agent(1), Presence::Ready, None)
        .await
        .unwrap();
    phone
}

/// The address of this machine towards others; that of itself where it has none.
fn outward() -> IpAddr {
    let asked = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("203.0.113.1:9")?;
        socket.local_addr()
    });
    asked.map_or(Ipv4Addr::LOCALHOST.into(), |own| own.ip())
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linphone_calls_the_hotline_and_holds() {
    if !installed(&["linphonec"]) {
        return;
    }
    // linphone describes itself with the address that leads out of this machine.
    let own = outward();
    let line = hotline_with(|settings| {
        settings.sip.listen = SocketAddr::new(own, 0);
        settings.sip.trunks = vec![own.to_string().parse().unwrap()];
        settings.media.bind = own;
    })
    .await;
    let mut agent_phone = line.ready_agent(1, |_| {}).await;
    let mut caller = Linphone::start(CALLER_HZ);
    caller.types(&format!("call sip:12333@{}", line.sip));
    until("they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    // The staff number is read out first.
    pause(9000).await;
    caller.types("pause");
    caller.says("is now paused", 1).await;
    pause(2000).await;
    caller.types("resume 1");
    caller.says("Media streams established", 2).await;
    pause(3000).await;
    caller.types("terminate");
    event(&mut agent_phone, |event| {
        matches!(event, PhoneEvent::Ended { .. }).then_some(())
    })
    .await;
    let row = line.record().await;
    assert_eq!(row.outcome.as_deref(), Some("answered"));
    let (left, right) = line.lanes(&row);
    let heard = |lane: &[i16], hz| telephony::media::tone::heard_ms(lane, f64::from(hz), 2000.0);
    let (of_caller, of_agent) = (heard(&left, CALLER_HZ), heard(&right, AGENT_HZ));
    assert!(
        of_caller >= 4000,
        "{of_caller} ms of linphone recorded: {}",
        caller.log()
    );
    assert!(of_agent >= 4000, "{of_agent} ms of the agent recorded");
    let heard = caller.heard_ms(AGENT_HZ);
    assert!(heard >= 4000, "linphone heard {heard} ms: {}", caller.log());
    line.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linphone_at_the_desk_answers_holds_and_transfers() {
    if !installed(&["linphonec"]) {
        return;
    }
    on_both(async |line| {
        let mut phone = at_the_desk(&line).await;
        let folder = tempfile::tempdir().unwrap();
        let recording = folder.path().join("caller.wav");
        let stop = tokio_util::sync::CancellationToken::new();
        let call = line.call(|plan| {
            plan.record = Some(recording.clone());
            plan.stop = stop.clone();
        });
        phone.says("Receiving new incoming call", 1).await;
        pause(1000).await;
        phone.types("answer");
        until("they talk", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        // The staff number is read out first.
        pause(9000).await;
        phone.types("pause");
        until("it is held", || async {
            line.state_of(1) == AgentState::Held
        })
        .await;
        pause(2000).await;
        phone.types("resume 1");
        until("they talk again", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        pause(2000).await;
        // Not to an agent by name, nor to a number that nobody allowed: the call stays his.
        for to in ["agent2", "00900123456"] {
            phone.types(&format!("transfer sip:{to}@{}", line.sip));
            pause(1500).await;
            assert_eq!(
                line.state_of(1),
                AgentState::Talking,
                "{to}: {}",
                phone.log()
            );
        }
        // To the hotline's own number: back to the queue, where a colleague takes it.
        let _colleague = line
            .ready_agent(2, |plan| {
                plan.speech = Speech::Sound(Sound::tone(COLLEAGUE_HZ));
            })
            .await;
        phone.types(&format!("transfer sip:12333@{}", line.sip));
        until("the colleague talks", || async {
            line.state_of(2) == AgentState::Talking
        })
        .await;
        pause(9000).await;
        stop.cancel();
        let report = call.await.unwrap();
        assert!(report.answered(), "{:?}", report.end);
        let row = line.record().await;
        assert_eq!(
            (row.agent_id, row.outcome.as_deref()),
            (Some(agent(2)), Some("answered"))
        );
        let journal = line.journal(row.id).await;
        let heard = phone.heard_ms(CALLER_HZ);
        assert!(heard >= 4000, "linphone heard {heard} ms: {}", phone.log());
        for hz in [AGENT_HZ, COLLEAGUE_HZ] {
            let heard = tone_ms(&recording, hz);
            assert!(
                heard >= 3000,
                "the caller heard {heard} ms of {hz} Hz: {journal:?}"
            );
        }
        let (left, right) = line.lanes(&row);
        for (lane, hz, least) in [
            (&left, CALLER_HZ, 15_000),
            (&right, AGENT_HZ, 3000),
            (&right, COLLEAGUE_HZ, 3000),
        ] {
            let heard = telephony::media::tone::heard_ms(lane, f64::from(hz), 2000.0);
            assert!(heard >= least, "{heard} ms of {hz} Hz in the one recording");
        }
        line.settled().await;
    })
    .await;
}

/// linphone has a second call of its own, and would give the requester to it (REFER with Replaces, which
/// names a call that is none of ours): declined, and the requester stays with who has him.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linphone_cannot_give_a_requester_to_a_call_that_is_none_of_ours() {
    if !installed(&["linphonec", "sipp"]) {
        return;
    }
    let line = hotline().await;
    let folder = tempfile::tempdir().unwrap();
    let port = testing::free_port();
    let mut elsewhere = Command::new("sipp")
        .args(["-sn", "uas", "-i", "127.0.0.1", "-p", &port.to_string()])
        .args(["-nostdin", "-timeout", "60"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut phone = at_the_desk(&line).await;
    let recording = folder.path().join("caller.wav");
    let stop = tokio_util::sync::CancellationToken::new();
    let call = line.call(|plan| {
        plan.record = Some(recording.clone());
        plan.stop = stop.clone();
    });
    phone.says("Receiving new incoming call", 1).await;
    phone.types("answer");
    until("they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    pause(9000).await;
    phone.types("pause");
    until("the requester is held", || async {
        line.state_of(1) == AgentState::Held
    })
    .await;
    phone.types(&format!("call sip:8002@127.0.0.1:{port}"));
    phone.says("Call 2 with sip:8002", 1).await;
    phone.types("transfer 1 --to-call 2");
    pause(2000).await;
    assert_eq!(line.state_of(1), AgentState::Held, "{}", phone.log());
    let turned = line.telephony.stack().unwrap().open_dialogs();
    assert_eq!(turned, 2, "the requester's and the phone's");
    phone.types("terminate 2");
    pause(500).await;
    phone.types("resume 1");
    until("they talk again", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    pause(3000).await;
    stop.cancel();
    assert!(call.await.unwrap().answered());
    let _ = elsewhere.kill();
    let _ = elsewhere.wait();
    let row = line.record().await;
    assert_eq!(row.agent_id, Some(agent(1)));
    let journal = line.journal(row.id).await;
    assert!(
        !journal.iter().any(|line| line == "handed_over"),
        "{journal:?}"
    );
    let heard = tone_ms(&recording, AGENT_HZ);
    assert!(heard >= 5000, "the caller heard {heard} ms of linphone");
    line.settled().await;
}
