//! The hotline from outside: the engine with a real floor and database, called over real SIP and RTP by
//! the test caller and answered by test phones.
#![expect(
    clippy::disallowed_methods,
    reason = "SIP and RTP run in real time, and so do their tests"
)]

mod agents;
mod browser;
mod carrier;
mod closing;
mod crossing;
mod dialing;
mod dialogs;
mod doors;
mod elsewhere;
mod exchange;
mod heard;
mod inbound;
mod nodes;
mod outside;
mod peers;
pub mod raw;
mod real_phones;
mod records;
pub mod recovery;
mod together;
mod trunks;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use floor::{AgentCard, AgentState, Directory, Floor, Presence};
use futures::future::BoxFuture;
use kernel::{Migration, Result, Scope};
use telephony::caller::{CallPlan, CallReport, place};
use telephony::calls::rows::call;
use telephony::calls::store;
use telephony::phone::{PhoneEvent, PhoneHandle, PhonePlan, start};
use telephony::sip::digest::ha1;
use telephony::test_line::{Sound, Speech};
use telephony::{DeviceDirectory, DeviceOwner, DeviceSecret, Settings, Telephony};
use testing::{Kind, TestApp};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub const CALLER_HZ: u32 = 700;
pub const AGENT_HZ: u32 = 1200;
pub const SECRET: &str = "a secret of its own";
/// Of another device, for phones whose settings take no spaces.
pub const PLAIN_SECRET: &str = "another-secret";

/// agent1 … agent6.
pub fn agent(number: u8) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number))
}

/// The desk phone of agent1 … agent6.
pub fn desk_phone(number: u8) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + u128::from(number))
}

struct People;

/// The people of the hotline, and their phones.
pub fn people() -> Arc<impl Directory + DeviceDirectory> {
    Arc::new(People)
}

fn card(number: u8) -> AgentCard {
    AgentCard {
        id: agent(number),
        name: format!("座席{number}"),
        staff_no: Some(format!("800{number}")),
    }
}

impl Directory for People {
    fn agents(&self) -> BoxFuture<'_, Result<Vec<AgentCard>>> {
        Box::pin(async { Ok((1..=6).map(card).collect()) })
    }

    fn agent(&self, id: Uuid) -> BoxFuture<'_, Result<Option<AgentCard>>> {
        Box::pin(async move { Ok((1..=6).find(|number| agent(*number) == id).map(card)) })
    }

    fn has_session(&self, _id: Uuid) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Ok(true) })
    }
}

#[async_trait]
impl DeviceDirectory for People {
    async fn owner(&self, username: &str) -> Option<DeviceOwner> {
        let number: u8 = username
            .strip_prefix("agent")?
            .parse()
            .ok()
            .filter(|n| (1..=6).contains(n))?;
        Some(DeviceOwner {
            user_id: agent(number),
            staff_no: card(number).staff_no,
            secrets: [(number, SECRET), (number + 10, PLAIN_SECRET)]
                .map(|(device, secret)| DeviceSecret {
                    device_id: desk_phone(device),
                    ha1: ha1(username, "shoujie", secret),
                })
                .to_vec(),
        })
    }
}

/// A running hotline.
pub struct Hotline {
    pub telephony: Telephony,
    pub floor: Floor,
    pub app: TestApp,
    pub sip: SocketAddr,
}

/// A hotline over SQLite, for what no row is asked about.
pub async fn hotline() -> Hotline {
    hotline_with(|_| {}).await
}

pub async fn hotline_with(change: impl FnOnce(&mut Settings)) -> Hotline {
    open(Kind::Sqlite, change).await
}

/// Tells a story that judges rows on both databases.
pub async fn on_both(story: impl AsyncFn(Hotline)) {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        let line = Box::pin(open(*kind, |_| {})).await;
        Box::pin(story(line)).await;
    }
}

/// The tables of a hotline.
pub fn migrations() -> Vec<Migration> {
    [
        telephony::migrations(),
        floor::migrations(),
        requesters::migrations(),
        organization::migrations(),
    ]
    .concat()
}

async fn open(kind: Kind, change: impl FnOnce(&mut Settings)) -> Hotline {
    static HOTLINES: AtomicU16 = AtomicU16::new(0);
    let app = testing::app(kind, &migrations(), &[]).await;
    let first = 42_000 + HOTLINES.fetch_add(1, Relaxed) % 100 * 200;
    let mut settings = Settings::load(&app.config).unwrap();
    settings.sip.listen = "127.0.0.1:0".parse().unwrap();
    settings.sip.trunks = vec!["127.0.0.1".parse().unwrap()];
    settings.media.bind = settings.sip.listen.ip();
    settings.media.ports = first..=first + 199;
    change(&mut settings);
    let floor = Floor::new(&app, Arc::new(People));
    let telephony = Telephony::with_settings(&app, &floor, true, settings).unwrap();
    floor.start().await.unwrap();
    telephony.start(Arc::new(People)).await.unwrap();
    let sip = telephony.stack().unwrap().address();
    Hotline {
        telephony,
        floor,
        app,
        sip,
    }
}

impl Hotline {
    /// A desk phone of this agent that answers at once and says a tone; the agent is ready.
    pub async fn ready_agent(
        &self,
        number: u8,
        change: impl FnOnce(&mut PhonePlan),
    ) -> PhoneHandle {
        let mut plan = PhonePlan::new(format!("agent{number}"), SECRET, self.sip);
        plan.speech = Speech::Sound(Sound::tone(AGENT_HZ));
        change(&mut plan);
        let phone = start(plan).await.unwrap();
        let who = agent(number);
        until("the device is known", || async {
            self.floor
                .agent(who)
                .await
                .is_ok_and(|agent| agent.device.reachable)
        })
        .await;
        self.floor.ask(who, Presence::Ready, None).await.unwrap();
        phone
    }

    /// A call to the hotline that says a tone.
    pub fn call(&self, change: impl FnOnce(&mut CallPlan)) -> JoinHandle<CallReport> {
        let mut plan = CallPlan::new("12333", "13900000001", self.sip);
        plan.speech = Speech::Sound(Sound::tone(CALLER_HZ));
        change(&mut plan);
        tokio::spawn(async move { place(plan).await.unwrap() })
    }

    /// Every call record, the latest first.
    pub async fn records(&self) -> Vec<call::Model> {
        let (filter, query) = (store::Filter::default(), kernel::list::ListQuery::default());
        store::list(&self.app, self.app.db.read(), &Scope::All, &filter, &query)
            .await
            .unwrap()
            .items
    }

    /// The record of the only call, once it is over and its recording entered.
    pub async fn record(&self) -> call::Model {
        until("the call is written down", || async {
            let records = self.records().await;
            records
                .first()
                .is_some_and(|row| row.outcome.is_some() && row.recording_state != "running")
        })
        .await;
        let mut records = self.records().await;
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }

    /// The kinds of the journal's lines of a call.
    pub async fn journal(&self, call: Uuid) -> Vec<String> {
        let lines = store::events(self.app.db.read(), &Scope::All, call)
            .await
            .unwrap();
        let numbers: Vec<i64> = lines.iter().map(|line| line.seq).collect();
        assert_eq!(
            numbers,
            (1..=lines.len() as i64).collect::<Vec<_>>(),
            "the journal has gaps"
        );
        lines.into_iter().map(|line| line.event).collect()
    }

    /// Both lanes of a recording as linear samples.
    pub fn lanes(&self, row: &call::Model) -> (Vec<i16>, Vec<i16>) {
        let path = self
            .app
            .files
            .local_path(row.recording_path.as_deref().unwrap())
            .unwrap();
        (lane(&path, 1), lane(&path, 2))
    }

    pub fn state_of(&self, number: u8) -> AgentState {
        self.floor.state_of(agent(number))
    }

    /// Nothing is left of any call: no leg, no port, no dialog.
    pub async fn settled(&self) {
        let stack = self.telephony.stack().unwrap();
        until("nothing is left", || async {
            self.telephony.engine().open_calls() == 0 && stack.open_dialogs() == 0
        })
        .await;
    }
}

/// One channel of a WAV, decoded by sox.
fn lane(path: &Path, channel: u8) -> Vec<i16> {
    let output = std::process::Command::new("sox")
        .arg(path)
        .args([
            "-t", "raw", "-e", "signed", "-b", "16", "-r", "8000", "-", "remix",
        ])
        .arg(channel.to_string())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
        .stdout
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// Waits until it is so, at most 15 s.
pub async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    for _ in 0..300 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited 15 s until {what}");
}

/// Waits for the phone's next event that `wanted` takes.
pub async fn event<T>(phone: &mut PhoneHandle, wanted: impl Fn(&PhoneEvent) -> Option<T>) -> T {
    let next = async {
        loop {
            let event = phone.events.recv().await.unwrap();
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), next)
        .await
        .unwrap()
}

/// A folder for what phones record.
pub fn folder() -> (tempfile::TempDir, HashMap<&'static str, PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let files = ["caller", "agent"]
        .into_iter()
        .map(|name| (name, folder.path().join(format!("{name}.wav"))))
        .collect();
    (folder, files)
}
