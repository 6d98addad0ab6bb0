//! `SIPp` as the public that calls.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::{Child, Command};

/// Calls the hotline, talks for `talk_ms` and hangs up.
#[derive(Clone, Copy)]
pub struct SippCall<'a> {
    pub to: SocketAddr,
    /// Raw A-law that the caller speaks; silence when `None`.
    pub speech: Option<&'a Path>,
    pub talk_ms: u64,
    pub calls: u32,
    /// Calls a minute.
    pub per_minute: u32,
    pub from: &'a str,
}

const SCENARIO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<scenario name="requester">
  <send retrans="500"><![CDATA[
INVITE sip:12333@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:FROM@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:12333@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:FROM@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
a=sendrecv
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:FROM@[local_ip]:[local_port]>;tag=[pid]t[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  SPEECH
  <pause milliseconds="TALK"/>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:FROM@[local_ip]:[local_port]>;tag=[pid]t[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"#;

const HUNG_UP_ON: &str = r#"  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"#;

impl SippCall<'_> {
    /// Starts `SIPp`; it ends by itself after `calls` calls.
    pub fn start(&self, folder: &Path) -> Child {
        self.run(SCENARIO, folder)
    }

    /// The same for requesters who stay until the other side hangs up.
    pub fn start_hung_up_on(&self, folder: &Path) -> Child {
        let (talk, _) = SCENARIO
            .split_once("  <pause")
            .expect("the scenario has a pause");
        let stays = format!("{talk}{HUNG_UP_ON}");
        self.run(&stays, folder)
    }

    fn run(&self, scenario: &str, folder: &Path) -> Child {
        let speech = self.speech.map_or_else(String::new, |path| {
            format!(
                "<nop><action><exec rtp_stream=\"{},-1,8,PCMA/8000\"/></action></nop>",
                path.display()
            )
        });
        let scenario = scenario
            .replace("FROM", self.from)
            .replace("SPEECH", &speech)
            .replace("TALK", &self.talk_ms.to_string());
        let file: PathBuf = folder.join(format!("requester-{}-{}.xml", self.from, self.talk_ms));
        std::fs::write(&file, scenario).unwrap();
        Command::new("sipp")
            .arg(self.to.to_string())
            .args([
                "-sf",
                &file.display().to_string(),
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
            ])
            .args([
                "-m",
                &self.calls.to_string(),
                "-r",
                &self.per_minute.to_string(),
                "-rp",
                "60000",
                // As many at the same time as come; SIPp's own limit would slow the calls down.
                "-l",
                "1000",
            ])
            .args(["-nostdin", "-timeout", "900", "-trace_err", "-error_file"])
            .arg(folder.join(format!("sipp-errors-{}.log", self.from)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("sipp runs")
    }
}

/// Waits for `SIPp` and panics with what it said when a call failed.
pub async fn finished(sipp: Child, folder: &Path) {
    let Output { status, stderr, .. } = sipp.wait_with_output().await.unwrap();
    let errors: String = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
        .filter(|text| text.contains("sipp"))
        .collect();
    assert!(
        status.success(),
        "sipp {status}: {}\n{errors}",
        String::from_utf8_lossy(&stderr)
    );
}
