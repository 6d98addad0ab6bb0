//! `kill -9` in the middle of recorded calls loses nothing that was said.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::Clock;
use serde_json::json;
use telephony::phone::{self, PhonePlan};
use telephony::test_line::Speech;
use tokio::process::Command;

use crate::support::floor::{Admins, new_agent};
use crate::support::served::Served;
use crate::support::sipp::SippCall;
use crate::support::sound::{Sound, tone_alaw};
use crate::support::{Person, folder};

const CALLS: usize = 20;

fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("data")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wav") {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_during_twenty_recorded_calls_loses_less_than_a_second() {
    let folder = folder();
    let server = Served::demo(&folder).await;
    let anonymous = |base: &str| Person::at(base);
    let admins = Admins {
        system: Person::signed_in(&server.http, "sysadmin").await,
        security: Person::signed_in(&server.http, "secadmin").await,
    };
    let mut phones = Vec::new();
    for number in 1..=CALLS {
        let (person, username, secret) =
            new_agent(&admins, || anonymous(&server.http), number).await;
        let plan = PhonePlan {
            speech: Speech::tone(1200),
            ..PhonePlan::new(username, secret, server.sip)
        };
        phones.push(phone::start(plan).await.unwrap());
        person
            .until("/api/v1/agent-state", Duration::from_secs(5), |state| {
                state["device"]["reachable"] == true
            })
            .await;
        person
            .put("/api/v1/agent-state", json!({"state": "ready"}))
            .await;
    }
    let speech = tone_alaw(&folder, 700, 60);
    let calls = SippCall {
        to: server.sip,
        speech: Some(&speech),
        talk_ms: 120_000,
        calls: u32::try_from(CALLS).unwrap(),
        per_minute: 600,
        from: "13900000100",
    };
    let sipp = calls.start(&folder);
    let lead = Person::signed_in(&server.http, "lead").await;
    lead.until(
        "/api/v1/calls?state=talking",
        Duration::from_secs(40),
        |calls| calls["total"] == CALLS,
    )
    .await;
    let page = lead.get("/api/v1/calls?per_page=50").await;
    // Each recording began with its own answer; the server's clock is this machine's.
    let answered: HashMap<String, DateTime<Utc>> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| {
            let at = call["answered_at"].as_str().unwrap().parse().unwrap();
            (call["id"].as_str().unwrap().to_owned(), at)
        })
        .collect();
    assert_eq!(answered.len(), CALLS);
    tokio::time::sleep(Duration::from_secs(5)).await;

    let Served { mut process, .. } = server;
    let killed_at = Clock::system().now();
    process.kill().await.unwrap();
    drop((sipp, phones));
    let files = recordings(&folder);
    assert_eq!(files.len(), CALLS);
    for file in &files {
        let sound = Sound::read(file, 2);
        let call = file.file_stem().unwrap().to_str().unwrap();
        let talked = (killed_at - answered[call]).as_seconds_f64();
        assert!(
            talked >= 5.0 && sound.seconds() > talked - 1.0,
            "{}: {:.1} s can be played of {talked:.1} s",
            file.display(),
            sound.seconds(),
        );
        assert!(
            sound.heard(0, 700.0, 1.0, sound.seconds()) > 0.9,
            "{}: the requester",
            file.display()
        );
        assert!(
            sound.heard(1, 1200.0, 1.0, sound.seconds()) > 0.9,
            "{}: the agent",
            file.display()
        );
    }

    let server = Served::demo(&folder).await;
    let lead = Person::signed_in(&server.http, "lead").await;
    let calls = lead.get("/api/v1/calls?per_page=50").await;
    let rows = calls["items"].as_array().unwrap();
    assert_eq!(rows.len(), CALLS, "every call has a record");
    for row in rows {
        assert_eq!(row["outcome"], "interrupted", "{row}");
        assert!(!row["ended_at"].is_null(), "{row}");
    }
    let auditor = Person::signed_in(&server.http, "auditor").await;
    auditor
        .until("/api/v1/audit/state", Duration::from_secs(5), |state| {
            state["tail_whole"] == true
        })
        .await;
    drop(server);
    let verified = Command::new(env!("CARGO_BIN_EXE_shoujie"))
        .args(["audit", "verify"])
        .env("SHOUJIE__DATA_DIR", folder.join("data"))
        .output()
        .await
        .unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}
