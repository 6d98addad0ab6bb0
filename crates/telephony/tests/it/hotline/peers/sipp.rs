//! `SIPp` as callers, as a carrier and as a desk phone with manners of all kinds.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use floor::{AgentState, Presence};
use telephony::calls::rows::call;
use telephony::engine::{Outgoing, Outside};
use telephony::phone::PhoneHandle;
use telephony::test_line::{Sound, Speech};

use super::super::{
    AGENT_HZ, CALLER_HZ, Hotline, PLAIN_SECRET, agent, hotline, hotline_with, until,
};
use super::scenario::{PCMA, PCMU, Scenario, audio, tone_g711};
use super::{installed, tone_ms};

const RINGBACK_HZ: u32 = 450;

/// The announcement of the staff number is behind them.
const TALKING_MS: u64 = 9000;

fn recorded_ms(line: &Hotline, row: &call::Model, hz: u32) -> u64 {
    let (left, right) = line.lanes(row);
    let lane = if hz == AGENT_HZ { right } else { left };
    telephony::media::tone::heard_ms(&lane, f64::from(hz), 2000.0)
}

/// Tells a story in which `SIPp` calls the hotline while an agent is ready; gives the record.
async fn calls(
    write: impl FnOnce(Scenario, &Path) -> Scenario,
) -> Option<(Hotline, call::Model, u64)> {
    if !installed(&["sipp", "sox"]) {
        return None;
    }
    let line = hotline().await;
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("agent.wav");
    let recording = heard.clone();
    let _phone = line
        .ready_agent(1, |plan| plan.record = Some(recording))
        .await;
    let port = testing::free_port();
    let sipp = write(Scenario::caller(), folder.path()).start(folder.path(), Some(line.sip), port);
    sipp.went_as_written().await;
    let row = line.record().await;
    assert_eq!(row.outcome.as_deref(), Some("answered"));
    line.settled().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    Some((line, row, tone_ms(&heard, CALLER_HZ)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_holds_in_each_of_the_three_dialects() {
    let done = calls(|sipp, folder| {
        let tone = tone_g711(folder, CALLER_HZ, PCMA);
        let talk = audio(PCMA, "sendrecv");
        let null = audio(PCMA, "sendrecv").replace("[media_ip]", "0.0.0.0");
        let mut sipp = sipp
            .invites(&[], &talk)
            .gets(200, &["m=audio [0-9]* RTP/AVP 8"])
            .acknowledges("")
            .says(&tone, PCMA)
            .waits(TALKING_MS);
        for (offer, answer) in [
            (audio(PCMA, "sendonly"), "a=recvonly"),
            (audio(PCMA, "inactive"), "a=inactive"),
            (null, "m=audio"),
        ] {
            sipp = sipp
                .asks("INVITE", &[], &offer)
                .gets(200, &[answer])
                .acknowledges("")
                .waits(500)
                .asks("INVITE", &[], &talk)
                .gets(200, &["a=sendrecv"])
                .acknowledges("")
                .waits(1500);
        }
        sipp.hangs_up()
    })
    .await;
    let Some((line, row, heard)) = done else {
        return;
    };
    assert!(heard >= 4000, "the agent heard {heard} ms of the caller");
    assert!(recorded_ms(&line, &row, AGENT_HZ) >= 4000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_changes_the_codec_is_heard_in_it_and_a_fax_is_refused() {
    let done = calls(|sipp, folder| {
        let tone = tone_g711(folder, CALLER_HZ, PCMU);
        let fax = "v=0\no=- 1 2 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
                   m=image 4000 udptl t38\na=T38FaxVersion:0\n";
        sipp.invites(&[], &audio(PCMA, "sendrecv"))
            .gets(200, &[])
            .acknowledges("")
            .waits(TALKING_MS)
            .asks("INVITE", &[], fax)
            .gets(488, &[])
            .acknowledges("")
            .asks("INVITE", &[], &audio(PCMU, "sendrecv"))
            .gets(200, &["a=rtpmap:0 PCMU/8000"])
            .acknowledges("")
            // Nothing was said before: what is heard is µ-law.
            .says(&tone, PCMU)
            .waits(4000)
            .hangs_up()
    })
    .await;
    let Some((line, row, heard)) = done else {
        return;
    };
    assert!(heard >= 2500, "the agent heard {heard} ms in the new codec");
    assert!(recorded_ms(&line, &row, CALLER_HZ) >= 2500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_without_a_description_who_requires_100rel_is_answered_with_ours() {
    let done = calls(|sipp, folder| {
        let tone = tone_g711(folder, CALLER_HZ, PCMA);
        sipp.invites(&["Require: 100rel"], "")
            .gets(200, &["m=audio", "PCMA/8000"])
            .acknowledges(&audio(PCMA, "sendrecv"))
            .says(&tone, PCMA)
            .waits(TALKING_MS + 5000)
            .hangs_up()
    })
    .await;
    let Some((line, row, heard)) = done else {
        return;
    };
    assert!(heard >= 2500, "the agent heard {heard} ms");
    assert!(recorded_ms(&line, &row, CALLER_HZ) >= 2500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_with_session_timers_is_told_the_least_and_refreshes_and_is_refreshed() {
    if !installed(&["sipp"]) {
        return;
    }
    for refresher in ["uac", "uas"] {
        let line = hotline().await;
        let folder = tempfile::tempdir().unwrap();
        let port = testing::free_port();
        let talk = audio(PCMA, "sendrecv");
        let expires = format!("Session-Expires: 90;refresher={refresher}");
        let refresh = ["Supported: timer", expires.as_str()];
        let begun = Scenario::caller()
            .invites(&["Supported: timer", "Session-Expires: 60"], &talk)
            .gets(422, &["Min-SE: 90"])
            .takes_no()
            .invites(
                &[refresh[0], refresh[1], "Allow: INVITE, ACK, BYE, UPDATE"],
                &talk,
            )
            .gets(200, &[&expires])
            .acknowledges("");
        let sipp = if refresher == "uac" {
            begun
                .waits(1500)
                .asks("UPDATE", &refresh, "")
                .gets(200, &[&expires])
                .waits(1500)
        } else {
            begun
                .hears("UPDATE", &["Session-Expires: 90;refresher=uac"])
                .agrees(&["Require: timer", "Session-Expires: 90;refresher=uac"])
        };
        let sipp = sipp.hangs_up().start(folder.path(), Some(line.sip), port);
        until("the call is there", || async {
            line.telephony.engine().open_calls() == 1
        })
        .await;
        tokio::time::sleep(Duration::from_millis(800)).await;
        line.app.clock.advance(Duration::from_secs(46));
        sipp.went_as_written().await;
        line.settled().await;
    }
}

/// An agent calls out over a trunk where `SIPp` is; gives the record and what the agent's phone heard.
async fn is_called(
    write: impl FnOnce(Scenario, &Path) -> Scenario,
    heard_of: &[u32],
) -> Option<(Hotline, call::Model, Vec<u64>)> {
    if !installed(&["sipp", "sox"]) {
        return None;
    }
    let port = testing::free_port();
    let carrier = SocketAddr::from(([127, 0, 0, 1], port));
    let line = hotline_with(|settings| settings.sip.trunk_hosts = vec![carrier]).await;
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("agent.wav");
    let recording = heard.clone();
    let phone = line
        .ready_agent(1, |plan| plan.record = Some(recording))
        .await;
    let sipp = write(Scenario::called(), folder.path()).start(folder.path(), None, port);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let order = Outgoing {
        agent: agent(1),
        to: Outside {
            number: "13900000001".to_owned(),
            caller_id: Some("12333".to_owned()),
        },
        queue: None,
        purpose: "回访".to_owned(),
    };
    line.telephony.engine().call_out(order).await.unwrap();
    agent_talks_and_hangs_up(&line, phone).await;
    sipp.went_as_written().await;
    let row = line.record().await;
    assert_eq!(row.outcome.as_deref(), Some("answered"));
    line.settled().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let heard = heard_of.iter().map(|hz| tone_ms(&heard, *hz)).collect();
    Some((line, row, heard))
}

async fn agent_talks_and_hangs_up(line: &Hotline, phone: PhoneHandle) {
    until("they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    phone.hang_up();
    until("he is done", || async {
        line.state_of(1) != AgentState::Talking
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ringing_of_the_far_exchange_is_heard_before_the_answer() {
    let done = is_called(
        |sipp, folder| {
            let ringing = tone_g711(folder, RINGBACK_HZ, PCMA);
            let voice = tone_g711(folder, CALLER_HZ, PCMA);
            let talk = audio(PCMA, "sendrecv");
            sipp.hears("INVITE", &["Supported: .*100rel", "m=audio"])
                .answers("180 Ringing", &[], "")
                .answers("183 Session Progress", &[], &talk)
                .says(&ringing, PCMA)
                .waits(4000)
                .says(&voice, PCMA)
                .answers("200 OK", &[], &talk)
                .hears("ACK", &[])
                .hears_the_end()
        },
        &[RINGBACK_HZ, CALLER_HZ],
    )
    .await;
    let Some((line, row, heard)) = done else {
        return;
    };
    assert!(heard[0] >= 2000, "{} ms of ringing heard", heard[0]);
    assert!(heard[1] >= 2500, "{} ms of the voice heard", heard[1]);
    assert!(recorded_ms(&line, &row, CALLER_HZ) >= 2500);
    assert!(recorded_ms(&line, &row, AGENT_HZ) >= 2500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reliable_183_with_a_description_is_acknowledged_and_heard() {
    let done = is_called(
        |sipp, folder| {
            let voice = tone_g711(folder, CALLER_HZ, PCMA);
            let talk = audio(PCMA, "sendrecv");
            sipp.hears("INVITE", &["Supported: .*100rel"])
                .answers(
                    "183 Session Progress",
                    &["Require: 100rel", "RSeq: 7"],
                    &talk,
                )
                .hears("PRACK", &["RAck: 7 "])
                .agrees(&[])
                .says(&voice, PCMA)
                .waits(1000)
                // The description was in the 183.
                .answers("200 OK", &[], "")
                .hears("ACK", &[])
                .hears_the_end()
        },
        &[CALLER_HZ],
    )
    .await;
    let Some((line, row, heard)) = done else {
        return;
    };
    assert!(heard[0] >= 2500, "{} ms heard", heard[0]);
    assert!(recorded_ms(&line, &row, AGENT_HZ) >= 2500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_wants_longer_sessions_is_asked_again() {
    let done = is_called(
        |sipp, folder| {
            let voice = tone_g711(folder, CALLER_HZ, PCMA);
            sipp.hears("INVITE", &["Session-Expires: 1800"])
                .answers("422 Session Interval Too Small", &["Min-SE: 3600"], "")
                .hears("ACK", &[])
                .hears("INVITE", &["Session-Expires: 3600", "Min-SE: 3600"])
                .answers(
                    "200 OK",
                    &["Require: timer", "Session-Expires: 3600;refresher=uac"],
                    &audio(PCMA, "sendrecv"),
                )
                .hears("ACK", &[])
                .says(&voice, PCMA)
                .hears_the_end()
        },
        &[CALLER_HZ],
    )
    .await;
    let Some((_, _, heard)) = done else { return };
    assert!(heard[0] >= 2500, "{} ms heard", heard[0]);
}

/// `SIPp` registers as a desk phone at this port.
async fn registers(line: &Hotline, folder: &Path, port: u16) {
    let register = |cseq: u32, proof: &str| {
        format!(
            "<send retrans=\"500\"><![CDATA[\nREGISTER sip:[remote_ip]:[remote_port] SIP/2.0\n\
             Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From: <sip:agent1@[remote_ip]>;tag=[pid]r[call_number]\nTo: <sip:agent1@[remote_ip]>\n\
             Call-ID: [call_id]\nCSeq: {cseq} REGISTER\nContact: <sip:agent1@[local_ip]:[local_port]>\n\
             {proof}Max-Forwards: 70\nExpires: 300\nContent-Length: 0\n\n]]></send>\n"
        )
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"register\">\n{}\
         <recv response=\"401\" auth=\"true\"/>\n{}<recv response=\"200\"/>\n</scenario>\n",
        register(1, ""),
        register(
            2,
            &format!("[authentication username=agent1 password={PLAIN_SECRET}]\n")
        ),
    );
    std::fs::write(folder.join("register.xml"), text).unwrap();
    let status = tokio::process::Command::new("sipp")
        .arg(line.sip.to_string())
        .args([
            "-sf",
            "register.xml",
            "-i",
            "127.0.0.1",
            "-p",
            &port.to_string(),
        ])
        .args(["-m", "1", "-nostdin", "-timeout", "20"])
        .current_dir(folder)
        .stdout(std::process::Stdio::null())
        .stdin(std::process::Stdio::null())
        .status()
        .await
        .unwrap();
    assert!(status.success(), "not registered: {status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_phones_transfers_are_refused_with_a_code_or_reported_to_the_end() {
    if !installed(&["sipp", "sox"]) {
        return;
    }
    let line = hotline().await;
    let folder = tempfile::tempdir().unwrap();
    let port = testing::free_port();
    registers(&line, folder.path(), port).await;
    line.floor
        .ask(agent(1), Presence::Ready, None)
        .await
        .unwrap();
    let voice = tone_g711(folder.path(), AGENT_HZ, PCMA);
    let referring = |to: &str| format!("Refer-To: <sip:{to}>");
    let mut sipp = Scenario::called()
        .hears("INVITE", &["m=audio"])
        .answers("180 Ringing", &[], "")
        .answers("200 OK", &[], &audio(PCMA, "sendrecv"))
        .hears("ACK", &[])
        .says(&voice, PCMA)
        .waits(TALKING_MS);
    for (to, status) in [
        // Nobody, a premium number, an agent by name, a consultation that is none of ours.
        ("127.0.0.1", 400),
        ("00900123456@127.0.0.1", 603),
        ("agent2@127.0.0.1", 603),
        (
            "agent2@127.0.0.1?Replaces=one%3Bto-tag%3Da%3Bfrom-tag%3Db",
            603,
        ),
    ] {
        sipp = sipp.asks("REFER", &[&referring(to)], "").gets(status, &[]);
    }
    let sipp = sipp
        .waits(500)
        .asks("REFER", &[&referring("12333@127.0.0.1")], "")
        .gets(202, &[])
        .hears("NOTIFY", &["Event: refer", "SIP/2.0 100 "])
        .agrees(&[])
        .hears("NOTIFY", &["SIP/2.0 "])
        .agrees(&[])
        .hears(
            "NOTIFY",
            &["SIP/2.0 200 ", "Subscription-State: terminated"],
        )
        .agrees(&[])
        .hears_the_end()
        .start(folder.path(), None, port);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let recording = folder.path().join("caller.wav");
    let call = line.call(|plan| {
        plan.record = Some(recording.clone());
        plan.stop = stop.clone();
    });
    until("they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    let _colleague = line
        .ready_agent(2, |plan| plan.speech = Speech::Sound(Sound::tone(1700)))
        .await;
    until("the colleague talks", || async {
        line.state_of(2) == AgentState::Talking
    })
    .await;
    sipp.went_as_written().await;
    tokio::time::sleep(Duration::from_millis(TALKING_MS)).await;
    stop.cancel();
    assert!(call.await.unwrap().answered());
    let row = line.record().await;
    assert_eq!(row.agent_id, Some(agent(2)));
    for hz in [AGENT_HZ, 1700] {
        let heard = tone_ms(&recording, hz);
        assert!(heard >= 2500, "the caller heard {heard} ms of {hz} Hz");
    }
    line.settled().await;
}
