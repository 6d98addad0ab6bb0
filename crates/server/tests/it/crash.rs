//! `kill -9` in the middle of recorded calls loses nothing that was said.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::Clock;
use serde_json::json;
use telephony::phone::{self, PhonePlan};
use telephony::test_line::Speech;
use tokio::net::UdpSocket;
use tokio::process::Command;

use crate::support::floor::{Admins, new_agent};
use crate::support::served::Served;
use crate::support::sipp::SippCall;
use crate::support::sound::{Sound, tone_alaw};
use crate::support::{PASSWORD, Person, folder};

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

/// A requester who presses 1 again and again until he is let go with the promise of a call.
async fn asks_to_be_called_back(server: SocketAddr, from: &str) {
    let line = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    line.connect(server).await.unwrap();
    let (own, rtp) = (line.local_addr().unwrap(), testing::free_port());
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {rtp} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
    );
    let mut to = "<sip:12333@127.0.0.1>".to_owned();
    let request = |method: &str, number: u32, to: &str, kind: &str, body: &str| {
        format!(
            "{method} sip:12333@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-{from}-{method}{number}\r\n\
             From: <sip:{from}@{own}>;tag=kept\r\nTo: {to}\r\nCall-ID: {from}@{own}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:{from}@{own}>\r\nMax-Forwards: 70\r\nContent-Type: application/{kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let invite = request("INVITE", 1, &to, "sdp", &sdp);
    line.send(invite.as_bytes()).await.unwrap();
    let mut buffer = [0; 8192];
    let mut number = 1;
    loop {
        let heard = tokio::time::timeout(Duration::from_secs(2), line.recv(&mut buffer)).await;
        let heard = heard.map_or(String::new(), |length| {
            String::from_utf8_lossy(&buffer[..length.unwrap()]).into_owned()
        });
        let value = |name: &str| {
            let mut lines = heard.lines();
            let found = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
            found.unwrap_or_default().to_owned()
        };
        if heard.starts_with("BYE ") {
            let ok = format!(
                "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
                 Content-Length: 0\r\n\r\n",
                value("Via"),
                value("From"),
                value("To"),
                value("Call-ID"),
                value("CSeq"),
            );
            line.send(ok.as_bytes()).await.unwrap();
            return;
        }
        if heard.starts_with("SIP/2.0 200") && value("CSeq").contains("INVITE") {
            to = value("To");
            let ack = request("ACK", 1, &to, "sdp", "");
            line.send(ack.as_bytes()).await.unwrap();
        } else if heard.is_empty() {
            number += 1;
            assert!(number < 40, "nobody offers to call {from} back");
            let key = request(
                "INFO",
                number,
                &to,
                "dtmf-relay",
                "Signal=1\r\nDuration=160\r\n",
            );
            line.send(key.as_bytes()).await.unwrap();
        }
    }
}

/// Who waits, in order.
async fn waiting(lead: &Person) -> Vec<serde_json::Value> {
    let floor = lead.get("/api/v1/floor").await;
    let waiting = floor["waiting"].as_array().unwrap().iter();
    waiting.map(|work| work["work_id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_kept_for_a_call_back_outlive_a_kill_and_are_called_in_their_order() {
    let folder = folder();
    let server = Served::demo(&folder).await;
    let lead = Person::signed_in(&server.http, "lead").await;
    let queues = lead.get("/api/v1/queues").await;
    let mut all = queues["items"].as_array().unwrap().iter();
    let hotline = all.find(|queue| queue["code"] == "hotline");
    let mut rules = hotline.unwrap().clone();
    rules["announce_every_s"] = json!(15);
    rules["announce_position"] = json!(true);
    rules["callback_after_s"] = json!(0);
    rules.as_object_mut().unwrap().remove("code");
    lead.put("/api/v1/queues/hotline", rules).await;
    let sip = server.sip;
    let first = tokio::spawn(asks_to_be_called_back(sip, "13900000201"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    asks_to_be_called_back(sip, "13900000202").await;
    first.await.unwrap();
    let kept = waiting(&lead).await;
    assert_eq!(kept.len(), 2, "{kept:?}");
    // What the floor told is on the disk within a moment.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let Served { mut process, .. } = server;
    process.kill().await.unwrap();

    let server = Served::demo(&folder).await;
    let lead = Person::signed_in(&server.http, "lead").await;
    assert_eq!(waiting(&lead).await, kept);
    let board = lead.get("/api/v1/wallboard").await;
    assert_eq!(
        (&board["waiting"], &board["callbacks_due"]),
        (&json!(2), &json!(0)),
        "{board}"
    );
    let mut phones = Vec::new();
    for (agent, caller) in [("agent1", "139****0201"), ("agent2", "139****0202")] {
        let person = Person::signed_in(&server.http, agent).await;
        phones.push(
            phone::start(PhonePlan::new(agent, PASSWORD, server.sip))
                .await
                .unwrap(),
        );
        person
            .until("/api/v1/agent-state", Duration::from_secs(5), |state| {
                state["device"]["reachable"] == true
            })
            .await;
        person
            .put("/api/v1/agent-state", json!({"state": "ready"}))
            .await;
        // His turn: the agent is rung for him, and his number is called.
        lead.until("/api/v1/calls", Duration::from_secs(10), |calls| {
            let calls = calls["items"].as_array().unwrap();
            calls[0]["direction"] == "outbound" && calls[0]["caller"] == caller
        })
        .await;
    }
    // Nobody waits any more once the agents have taken the calls.
    lead.until("/api/v1/floor", Duration::from_secs(10), |floor| {
        floor["waiting"].as_array().unwrap().is_empty()
    })
    .await;
}
