//! More than two in a call: consultation, three-way call, transfer, supervision. Judged by tones: everybody says one
//! of his own, and what each heard is a file.

use std::path::Path;
use std::time::Duration;

use call_control::{Request, Supervision};
use floor::{AgentState, PassTo, Presence};
use telephony::caller::CallReport;
use telephony::engine::Wish;
use telephony::media::tone::amplitude;
use telephony::phone::{PhoneHandle, PhonePlan, start};
use telephony::test_line::{End, Sound, Speech};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{AGENT_HZ, CALLER_HZ, Hotline, SECRET, agent, hotline, lane, on_both, until};

const COLLEAGUE_HZ: u32 = 1700;
const LEAD_HZ: u32 = 2300;

/// Milliseconds in which the tone is there, whoever else speaks.
fn heard_ms(linear: &[i16], hz: u32) -> u64 {
    let there = |window: &&[i16]| amplitude(window, hz.into()) > 1500.0;
    linear.chunks_exact(160).filter(there).count() as u64 * 20
}

fn heard_in(file: &Path, hz: u32) -> u64 {
    heard_ms(&lane(file, 1), hz)
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// A call that agent 1 has answered, with its greeting and staff number behind it.
struct Talk {
    line: Hotline,
    id: Uuid,
    folder: tempfile::TempDir,
    stop: CancellationToken,
    call: JoinHandle<CallReport>,
    _phone: PhoneHandle,
}

impl Talk {
    async fn begin(line: Hotline) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let phone = line
            .ready_agent(1, |plan| {
                plan.record = Some(folder.path().join("agent.wav"));
            })
            .await;
        let stop = CancellationToken::new();
        let call = line.call(|plan| {
            plan.record = Some(folder.path().join("caller.wav"));
            plan.stop = stop.clone();
        });
        until("agent talks", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        // The staff number is read out first.
        pause(5500).await;
        let id = line.records().await[0].id;
        Self {
            line,
            id,
            folder,
            stop,
            call,
            _phone: phone,
        }
    }

    /// Somebody else with a phone and a tone of his own.
    async fn other(&self, number: u8, name: &str, hz: u32) -> PhoneHandle {
        let mut plan = PhonePlan::new(format!("agent{number}"), SECRET, self.line.sip);
        plan.speech = Speech::Sound(Sound::tone(hz));
        plan.record = Some(self.file(name));
        let phone = start(plan).await.unwrap();
        let floor = &self.line.floor;
        until("the device is known", || async {
            floor
                .agent(agent(number))
                .await
                .is_ok_and(|agent| agent.device.reachable)
        })
        .await;
        // On break, not signed out: he can be asked and is offered nothing.
        floor
            .ask(agent(number), Presence::Break, None)
            .await
            .unwrap();
        phone
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(format!("{name}.wav"))
    }

    fn heard(&self, who: &str, hz: u32) -> u64 {
        heard_in(&self.file(who), hz)
    }

    async fn ask(&self, request: Request) {
        let engine = self.line.telephony.engine();
        engine.request(self.id, request).await.unwrap();
    }

    async fn wish(&self, wish: Wish) {
        self.line
            .telephony
            .engine()
            .wish(self.id, wish)
            .await
            .unwrap();
    }

    async fn until_third_answers(&self) {
        until("the third answers", || async {
            let standing = self.line.telephony.engine().standing(self.id);
            standing.is_some_and(|standing| standing.third.is_some_and(|third| third.answered))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_is_asked_joined_and_left_with_the_call_in_one_recording() {
    on_both(async |line| {
        let talk = Talk::begin(line).await;
        let _colleague = talk.other(2, "colleague", COLLEAGUE_HZ).await;
        let before = talk.line.records().await[0].clone();
        talk.wish(Wish::Consult(agent(2))).await;
        talk.until_third_answers().await;
        assert_eq!(talk.line.state_of(1), AgentState::Held);
        until("the colleague talks", || async {
            talk.line.state_of(2) == AgentState::Talking
        })
        .await;
        pause(2000).await;
        talk.ask(Request::Swap).await;
        pause(1500).await;
        talk.ask(Request::Join).await;
        pause(2000).await;
        talk.ask(Request::Complete).await;
        until("the agent writes it up", || async {
            talk.line.state_of(1) == AgentState::WrapUp
        })
        .await;
        assert_eq!(talk.line.state_of(2), AgentState::Talking);
        pause(2000).await;
        talk.stop.cancel();
        let report = talk.call.await.unwrap();
        assert_eq!(report.end, End::HungUpHere);
        until("the colleague writes it up", || async {
            talk.line.state_of(2) == AgentState::WrapUp
        })
        .await;
        let row = talk.line.record().await;
        assert_eq!(row.agent_id, Some(agent(2)));
        assert_eq!(row.answered_at, before.answered_at, "answered once");
        assert_eq!(row.outcome.as_deref(), Some("answered"));
        let journal = talk.line.journal(row.id).await;
        for event in [
            "consulting",
            "consult_answered",
            "swapped",
            "joined",
            "handed_over",
        ] {
            assert!(journal.iter().any(|line| line == event), "{journal:?}");
        }
        let heard = |who: &str, hz| heard_in(&talk.folder.path().join(format!("{who}.wav")), hz);
        // The requester hears the colleague in the three-way call and after it, and never before.
        let colleague = heard("caller", COLLEAGUE_HZ);
        assert!((3300..4900).contains(&colleague), "{colleague}");
        // The colleague hears the agent alone and together, not while he waited; the requester only since then.
        let from_agent = heard("colleague", AGENT_HZ);
        assert!((3300..5000).contains(&from_agent), "{from_agent}");
        let from_caller = heard("colleague", CALLER_HZ);
        assert!((3300..4900).contains(&from_caller), "{from_caller}");
        assert!(heard("agent", COLLEAGUE_HZ) >= 3300);
        // One recording: the requester all the time, agent and colleague in the other lane.
        let (left, right) = talk.line.lanes(&row);
        assert!(heard_ms(&left, CALLER_HZ) >= 12_000);
        assert!(heard_ms(&right, COLLEAGUE_HZ) >= 5300);
        assert!(heard_ms(&right, AGENT_HZ) >= 9000);
        talk.line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_passed_to_a_colleague_waits_with_music_and_goes_on_in_the_same_recording() {
    on_both(async |line| {
        let talk = Talk::begin(line).await;
        let _colleague = talk.other(2, "colleague", COLLEAGUE_HZ).await;
        let floor = &talk.line.floor;
        floor.ask(agent(2), Presence::Ready, None).await.unwrap();
        talk.wish(Wish::Pass(PassTo::Agent(agent(2)))).await;
        until("the colleague talks", || async {
            talk.line.state_of(2) == AgentState::Talking
        })
        .await;
        assert_eq!(talk.line.state_of(1), AgentState::WrapUp);
        pause(7000).await;
        talk.stop.cancel();
        talk.call.await.unwrap();
        let row = talk.line.record().await;
        assert_eq!(
            (row.outcome.as_deref(), row.agent_id),
            (Some("answered"), Some(agent(2)))
        );
        let (left, right) = talk.line.lanes(&row);
        assert!(heard_ms(&left, CALLER_HZ) >= 11_000);
        assert!(heard_ms(&right, AGENT_HZ) >= 4000 && heard_ms(&right, COLLEAGUE_HZ) >= 1000);
        let journal = talk.line.journal(row.id).await;
        let recorded = journal.iter().filter(|event| *event == "recorded").count();
        assert_eq!(recorded, 1, "{journal:?}");
        talk.line.settled().await;
    })
    .await;
}

/// mikopbx #1084, `NethServer` #7562: after an attended transfer to a queue the recording was lost, or in pieces.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_announced_to_a_queue_goes_on_in_one_recording_with_whom_the_queue_gave() {
    on_both(async |line| {
        let talk = Talk::begin(line).await;
        let hotline = || Wish::ConsultQueue(floor::DEFAULT_QUEUE.to_owned());
        // Nobody is there; the requester has his agent again when he will not wait.
        talk.wish(hotline()).await;
        pause(500).await;
        assert_eq!(talk.line.state_of(1), AgentState::Held);
        talk.ask(Request::EndConsult).await;
        talk.wish(hotline()).await;
        let _colleague = talk.other(2, "colleague", COLLEAGUE_HZ).await;
        let floor = &talk.line.floor;
        floor.ask(agent(2), Presence::Ready, None).await.unwrap();
        talk.until_third_answers().await;
        let standing = talk.line.telephony.engine().standing(talk.id).unwrap();
        let third = standing.third.unwrap();
        assert_eq!(
            (third.colleague, third.queue.as_deref()),
            (Some(agent(2)), Some(floor::DEFAULT_QUEUE))
        );
        until("the colleague talks", || async {
            talk.line.state_of(2) == AgentState::Talking
        })
        .await;
        // He is told of the matter, and the requester does not hear it.
        pause(2000).await;
        talk.ask(Request::Complete).await;
        until("the agent writes it up", || async {
            talk.line.state_of(1) == AgentState::WrapUp
        })
        .await;
        assert_eq!(talk.line.state_of(2), AgentState::Talking);
        pause(2500).await;
        talk.stop.cancel();
        let report = talk.call.await.unwrap();
        assert_eq!(report.end, End::HungUpHere);
        until("the colleague writes it up", || async {
            talk.line.state_of(2) == AgentState::WrapUp
        })
        .await;
        let row = talk.line.record().await;
        assert_eq!(
            (row.agent_id, row.outcome.as_deref()),
            (Some(agent(2)), Some("answered"))
        );
        assert_eq!(row.recording_state, "complete");
        let journal = talk.line.journal(row.id).await;
        let recorded = journal.iter().filter(|event| *event == "recorded").count();
        assert_eq!(recorded, 1, "{journal:?}");
        let heard = |who: &str, hz| heard_in(&talk.folder.path().join(format!("{who}.wav")), hz);
        let colleague = heard("caller", COLLEAGUE_HZ);
        assert!((1800..3400).contains(&colleague), "{colleague}");
        assert!(heard("colleague", AGENT_HZ) >= 1500);
        // One file from the first word to the last: the requester throughout, both agents beside him.
        let (left, right) = talk.line.lanes(&row);
        assert!(heard_ms(&left, CALLER_HZ) >= 9000);
        assert!(heard_ms(&right, AGENT_HZ) >= 6000);
        assert!(heard_ms(&right, COLLEAGUE_HZ) >= 3800);
        talk.line.settled().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_barges_in_and_takes_over() {
    let talk = Talk::begin(hotline().await).await;
    let _lead = talk.other(6, "lead", LEAD_HZ).await;
    talk.wish(Wish::Supervise {
        supervisor: agent(6),
        mode: Supervision::Listen,
    })
    .await;
    until("the lead listens", || async {
        let standing = talk.line.telephony.engine().standing(talk.id);
        standing.is_some_and(|standing| standing.supervised.is_some())
    })
    .await;
    pause(2000).await;
    talk.ask(Request::SuperviseAs(Supervision::Whisper)).await;
    pause(2000).await;
    talk.ask(Request::SuperviseAs(Supervision::Barge)).await;
    pause(2000).await;
    talk.ask(Request::TakeOver).await;
    until("the agent writes it up", || async {
        talk.line.state_of(1) == AgentState::WrapUp
    })
    .await;
    pause(2000).await;
    talk.stop.cancel();
    let heard_lead = (talk.heard("agent", LEAD_HZ), talk.heard("caller", LEAD_HZ));
    let row = talk.line.record().await;
    // The lead heard both while he listened.
    assert!(talk.heard("lead", CALLER_HZ) >= 6000);
    let of_agent = talk.heard("lead", AGENT_HZ);
    assert!((5000..7000).contains(&of_agent), "{of_agent}");
    // The agent heard him whisper and barge in; the requester only from then on.
    assert!((3300..5000).contains(&heard_lead.0), "{heard_lead:?}");
    assert!((3000..5000).contains(&heard_lead.1), "{heard_lead:?}");
    // A whisper is no part of the recording.
    let (_, right) = talk.line.lanes(&row);
    let recorded = heard_ms(&right, LEAD_HZ);
    assert!((3000..5000).contains(&recorded), "{recorded}");
    assert_eq!(row.agent_id, Some(agent(6)));
    talk.line.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_not_recorded_and_the_pause_stands_in_the_file() {
    let talk = Talk::begin(hotline().await).await;
    talk.ask(Request::PauseRecording).await;
    pause(2000).await;
    talk.ask(Request::ResumeRecording).await;
    pause(1500).await;
    talk.stop.cancel();
    let row = talk.line.record().await;
    let (left, _) = talk.line.lanes(&row);
    let heard = heard_ms(&left, CALLER_HZ);
    let whole = left.len() as u64 / 8;
    assert!(whole - heard >= 1900, "{heard} of {whole}");
    let path = row.recording_path.as_deref().unwrap();
    let bytes = std::fs::read(talk.line.app.files.local_path(path).unwrap()).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("recording_paused") && text.contains("recording_resumed"));
    talk.line.settled().await;
}
