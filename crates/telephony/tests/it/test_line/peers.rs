//! `SIPp` and baresip as the far end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use telephony::caller::{CallPlan, place};
use telephony::phone::{PhoneEvent, PhonePlan};
use telephony::test_line::{End, Speech, Transport};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{CALLER_HZ, PHONE_HZ, ended, file, phone, tone_ms};

/// An address that was free a moment ago.
pub(super) fn free() -> SocketAddr {
    ([127, 0, 0, 1], testing::free_port()).into()
}

/// Starts `SIPp` in `folder`.
pub(super) fn sipp(folder: &Path, arguments: &[&str]) -> Child {
    Command::new("sipp")
        .args([
            "-i",
            "127.0.0.1",
            "-mi",
            "127.0.0.1",
            "-nostdin",
            "-timeout",
            "60",
            "-trace_err",
        ])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("sipp runs")
}

/// Waits until something listens.
pub(super) async fn listening(address: SocketAddr, transport: Transport) {
    for _ in 0..100 {
        let taken = match transport {
            Transport::Udp => std::net::UdpSocket::bind(address).is_err(),
            Transport::Tcp => std::net::TcpListener::bind(address).is_err(),
        };
        if taken {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing listens at {address}");
}

pub(super) fn errors(folder: &Path) -> String {
    let logs = std::fs::read_dir(folder).unwrap().filter_map(|entry| {
        let path = entry.ok()?.path();
        path.to_string_lossy()
            .ends_with("errors.log")
            .then(|| std::fs::read_to_string(path).ok())?
    });
    logs.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_to_sipp_is_answered_and_its_echo_recorded() {
    for (transport, mode) in [(Transport::Udp, "u1"), (Transport::Tcp, "t1")] {
        let folder = TempDir::new().unwrap();
        let (sip, rtp) = (free(), free());
        let (port, media) = (sip.port().to_string(), rtp.port().to_string());
        let arguments = [
            "-sn",
            "uas",
            "-t",
            mode,
            "-p",
            &port,
            "-mp",
            &media,
            "-m",
            "1",
            "-rtp_echo",
            // SIPp waits a while after the BYE; the caller's connection is gone by then.
            "-reconnect_close",
            "false",
        ];
        let mut uas = sipp(folder.path(), &arguments);
        listening(sip, transport).await;
        let path = file(&folder, "echo.wav");
        let plan = CallPlan {
            transport,
            speech: Speech::tone(CALLER_HZ),
            record: Some(path.clone()),
            talk: Some(Duration::from_secs(2)),
            ..CallPlan::new("12333", "13900000001", sip)
        };
        let report = place(plan).await.unwrap();
        assert!(report.answered(), "{transport}: {:?}", report.end);
        assert_eq!(report.end, End::HungUpHere);
        // SIPp answers with µ-law alone and sends back what it gets.
        let (tone, _) = tone_ms(&path, CALLER_HZ);
        assert!(tone >= 1600, "{transport}: {tone} ms of echo");
        let status = uas.wait().await.unwrap();
        assert!(
            status.success(),
            "{transport}: {status} {}",
            errors(folder.path())
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sipp_calls_the_phone_three_times_and_hangs_up() {
    let folder = TempDir::new().unwrap();
    let mut phone = phone(|plan| plan.speech = Speech::Silence).await;
    let (own, rtp) = (free().port().to_string(), free().port().to_string());
    let to = phone.address.to_string();
    let arguments = [
        "-sn", "uac", "-s", "agent3", "-d", "500", "-m", "3", "-l", "1", "-p", &own, "-mp", &rtp,
        &to,
    ];
    let mut uac = sipp(folder.path(), &arguments);
    for _ in 0..3 {
        let (end, talk, _) = ended(&mut phone).await;
        assert_eq!(end, End::HungUpThere);
        assert!(talk.is_some(), "answered");
    }
    let status = uac.wait().await.unwrap();
    assert!(status.success(), "{status} {}", errors(folder.path()));
    phone.stop().await;
}

/// baresip with one account that is called or calls at its own address, and that speaks a tone.
fn baresip(folder: &Path, port: u16, hz: u32, dial: Option<String>) -> Child {
    let speech = folder.join("speech.wav");
    let tone = format!("sine={hz}:sample_rate=8000:duration=60");
    let made = std::process::Command::new("ffmpeg")
        .args([
            "-y",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            &tone,
            "-af",
            "volume=4",
            "-ac",
            "1",
        ])
        .arg(&speech)
        .status();
    assert!(made.unwrap().success());
    let config = format!(
        "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\naudio_player aufile,{0}/heard.wav\n\
         audio_source aufile,{0}/speech.wav\naudio_alert aufile,/dev/null\naudio_srate 8000\naudio_channels 1\n\
         module_path /usr/lib/baresip/modules\nmodule stdio.so\nmodule g711.so\nmodule aufile.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule sndfile.so\nsnd_path {0}\n",
        folder.display(),
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let account = "<sip:baresip@127.0.0.1>;regint=0;answermode=auto;audio_codecs=PCMA\n";
    std::fs::write(folder.join("accounts"), account).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
    let log = std::fs::File::create(folder.join("baresip.log")).unwrap();
    let mut command = Command::new("baresip");
    command.arg("-f").arg(folder).arg("-v");
    if let Some(to) = dial {
        command.args(["-e", &format!("/dial {to}")]);
    }
    command
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("baresip runs")
}

/// What baresip received, as it recorded it itself.
fn heard_by_baresip(folder: &Path) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .find(|path| path.to_string_lossy().ends_with("dec.wav"))
        .unwrap_or_else(|| {
            panic!(
                "{}",
                std::fs::read_to_string(folder.join("baresip.log")).unwrap()
            )
        })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_answers_the_caller_and_they_hear_each_other() {
    let folder = TempDir::new().unwrap();
    let sip = free();
    let mut baresip = baresip(folder.path(), sip.port(), PHONE_HZ, None);
    listening(sip, Transport::Udp).await;
    let path = file(&folder, "caller.wav");
    let plan = CallPlan {
        speech: Speech::tone(CALLER_HZ),
        record: Some(path.clone()),
        talk: Some(Duration::from_secs(4)),
        ..CallPlan::new("baresip", "13900000001", sip)
    };
    let report = place(plan).await.unwrap();
    assert!(report.answered(), "{:?}", report.end);
    let (tone, _) = tone_ms(&path, PHONE_HZ);
    assert!(tone >= 3000, "the caller heard {tone} ms of baresip");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (tone, _) = tone_ms(&heard_by_baresip(folder.path()), CALLER_HZ);
    assert!(tone >= 3000, "baresip heard {tone} ms of the caller");
    baresip.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_answers_baresip_and_they_hear_each_other() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "phone.wav");
    let change = |plan: &mut PhonePlan| {
        plan.record = Some(path.clone());
        plan.talk = Some(Duration::from_secs(4));
    };
    let mut phone = phone(change).await;
    let to = format!("sip:agent3@{}", phone.address);
    let mut baresip = baresip(folder.path(), free().port(), CALLER_HZ, Some(to));
    let ringing = phone.events.recv().await.unwrap();
    assert!(
        matches!(&ringing, PhoneEvent::Ringing { from, .. } if from == "baresip"),
        "{ringing:?}"
    );
    assert_eq!(ended(&mut phone).await.0, End::HungUpHere);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (tone, _) = tone_ms(&path, CALLER_HZ);
    assert!(tone >= 3000, "the phone heard {tone} ms of baresip");
    let (tone, _) = tone_ms(&heard_by_baresip(folder.path()), PHONE_HZ);
    assert!(tone >= 3000, "baresip heard {tone} ms of the phone");
    baresip.kill().await.unwrap();
    phone.stop().await;
}
