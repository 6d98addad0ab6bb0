//! Phones that others have built, on the hotline.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use floor::{AgentState, Presence};
use telephony::test_line::Speech;
use telephony::trunk::Srtp;
use tokio::process::{Child, Command};

use super::{AGENT_HZ, CALLER_HZ, PLAIN_SECRET, agent, folder, hotline_with, until};

/// baresip as the phone of agent1 that answers by itself and says a tone.
fn baresip(folder: &Path, registrar: std::net::SocketAddr, encryption: &str) -> Child {
    let speech = folder.join("speech.wav");
    let made = std::process::Command::new("sox")
        .args(["-n", "-r", "8000", "-c", "1", "-b", "16"])
        .arg(&speech)
        .args(["synth", "60", "sine"])
        .arg(AGENT_HZ.to_string())
        .args(["vol", "0.5"])
        .status();
    assert!(made.unwrap().success());
    let port = testing::free_port();
    let config = format!(
        "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\naudio_player aufile,{0}/heard.wav\n\
         audio_source aufile,{0}/speech.wav\naudio_alert aufile,/dev/null\naudio_srate 8000\naudio_channels 1\n\
         module_path /usr/lib/baresip/modules\nmodule stdio.so\nmodule g711.so\nmodule aufile.so\n\
         module srtp.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule sndfile.so\nsnd_path {0}\n",
        folder.display(),
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let account = format!(
        "<sip:agent1@{registrar};transport=tls>;auth_pass={PLAIN_SECRET};regint=60;answermode=auto;\
         audio_codecs=PCMA{encryption}\n"
    );
    std::fs::write(folder.join("accounts"), account).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
    let log = std::fs::File::create(folder.join("baresip.log")).unwrap();
    Command::new("baresip")
        .arg("-f")
        .arg(folder)
        .arg("-v")
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .expect("baresip runs")
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("baresip.log")).unwrap_or_default()
}

/// Milliseconds of the tone in a recording.
fn tone_ms(path: &Path, hz: u32) -> u64 {
    telephony::media::tone::heard_ms(&super::lane(path, 1), f64::from(hz), 2000.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_over_tls_with_srtp_talks_to_a_caller() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = std::net::SocketAddr::from(([127, 0, 0, 1], testing::free_port()));
    let line = hotline_with(|settings| {
        settings.sip.tls = Some((tls, certificate.into_bytes(), key.into_bytes()));
        settings.sip.phone_srtp = Srtp::Required;
    })
    .await;
    let (dir, files) = folder();
    let mut phone = baresip(dir.path(), tls, ";mediaenc=srtp-mand");
    until("baresip is registered", || async {
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
    let recording = files["caller"].clone();
    let call = line.call(|plan| {
        plan.speech = Speech::tone(CALLER_HZ);
        plan.record = Some(recording.clone());
        plan.talk = Some(Duration::from_secs(20));
    });
    until("they talk", || async {
        line.state_of(1) == AgentState::Talking
    })
    .await;
    // The BYE comes over TLS too, and baresip closes its recording.
    let report = call.await.unwrap();
    assert!(report.answered(), "{:?}", report.end);
    tokio::time::sleep(Duration::from_millis(700)).await;
    phone.kill().await.unwrap();
    let of_agent = tone_ms(&files["caller"], AGENT_HZ);
    assert!(
        of_agent >= 2500,
        "the caller heard {of_agent} ms of baresip"
    );
    let heard = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with("dec.wav"));
    let heard = heard.unwrap_or_else(|| panic!("{}", log(dir.path())));
    let of_caller = tone_ms(&heard, CALLER_HZ);
    assert!(
        of_caller >= 2500,
        "baresip heard {of_caller} ms of the caller: {}",
        log(dir.path())
    );
    line.settled().await;
}
