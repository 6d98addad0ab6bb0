//! Scenarios for `SIPp`, written down step by step.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// Who of both `SIPp` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Caller,
    Called,
}

/// What `SIPp` does, and what it must hear.
pub struct Scenario {
    part: Part,
    steps: String,
    cseq: u32,
    checks: u32,
    /// The last request was an INVITE: its 200 names where later requests go.
    inviting: bool,
}

/// A running `SIPp`; what was said is printed when its test fails.
pub struct Running {
    process: Option<Child>,
    folder: PathBuf,
    port: u16,
}

/// An audio description of `SIPp`: payload type and name, then direction.
pub fn audio(codec: &str, direction: &str) -> String {
    let number = codec.split(' ').next().unwrap();
    format!(
        "v=0\no=- 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
         m=audio [rtpstream_audio_port] RTP/AVP {number}\na=rtpmap:{codec}\na=ptime:20\na={direction}\n"
    )
}

/// G.711 A-law, as we like it best.
pub const PCMA: &str = "8 PCMA/8000";
/// The other one.
pub const PCMU: &str = "0 PCMU/8000";

impl Scenario {
    /// Somebody who calls the hotline.
    pub fn caller() -> Self {
        Self::of(Part::Caller)
    }

    /// Somebody who is called.
    pub fn called() -> Self {
        Self::of(Part::Called)
    }

    fn of(part: Part) -> Self {
        Self {
            part,
            steps: String::new(),
            cseq: if part == Part::Caller { 0 } else { 100 },
            checks: 9,
            inviting: false,
        }
    }

    fn step(mut self, step: &str) -> Self {
        self.steps.push_str(step);
        self.steps.push('\n');
        self
    }

    fn send(self, message: &str, repeated: bool) -> Self {
        let repeat = if repeated { " retrans=\"500\"" } else { "" };
        self.step(&format!("<send{repeat}><![CDATA[\n{message}\n]]></send>"))
    }

    fn head(&self, start: &str, cseq: &str, extra: &[&str], body: &str) -> String {
        let (from, to) = match self.part {
            Part::Caller => (
                "<sip:13900000001@[local_ip]:[local_port]>;tag=[pid]c[call_number]",
                "<sip:12333@[remote_ip]:[remote_port]>[peer_tag_param]",
            ),
            // Of the INVITE, turned round; it was kept.
            Part::Called => ("[$3];tag=[pid]d[call_number]", "[$2]"),
        };
        let mut message = format!(
            "{start} SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
             From: {from}\nTo: {to}\nCall-ID: [call_id]\nCSeq: {cseq}\n\
             Contact: <sip:sipp@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
        );
        for line in extra {
            let _ = writeln!(message, "{line}");
        }
        if !body.is_empty() {
            message.push_str("Content-Type: application/sdp\n");
        }
        let _ = write!(message, "Content-Length: [len]\n\n{body}");
        message
    }

    /// The INVITE that begins the call.
    pub fn invites(mut self, extra: &[&str], body: &str) -> Self {
        self.cseq += 1;
        self.inviting = true;
        let cseq = format!("{} INVITE", self.cseq);
        let start = "INVITE sip:12333@[remote_ip]:[remote_port]";
        let message = self.head(start, &cseq, extra, body);
        let message = message.replace("[peer_tag_param]", "");
        self.send(&message, true)
    }

    /// A request within the call.
    pub fn asks(mut self, method: &str, extra: &[&str], body: &str) -> Self {
        self.cseq += 1;
        self.inviting = method == "INVITE";
        let cseq = format!("{} {method}", self.cseq);
        let message = self.head(&format!("{method} [next_url]"), &cseq, extra, body);
        self.send(&message, true)
    }

    /// ACK for the INVITE of last.
    pub fn acknowledges(self, body: &str) -> Self {
        let cseq = format!("{} ACK", self.cseq);
        let message = self.head("ACK [next_url]", &cseq, &[], body);
        self.send(&message, false)
    }

    /// ACK for a refusal of the INVITE that began the call: part of its transaction.
    pub fn takes_no(self) -> Self {
        let cseq = format!("{} ACK", self.cseq);
        let start = "ACK sip:12333@[remote_ip]:[remote_port]";
        let message = self.head(start, &cseq, &[], "");
        let message = message.replace("branch=[branch]", "branch=[branch-1]");
        self.send(&message, false)
    }

    /// Waits for a response, which must contain every one of `checks`.
    pub fn gets(mut self, status: u16, checks: &[&str]) -> Self {
        for early in [100, 180, 183] {
            if status >= 200 {
                self = self.step(&format!("<recv response=\"{early}\" optional=\"true\"/>"));
            }
        }
        let checked = self.checking(checks);
        let kept = if self.inviting && status == 200 {
            " rrs=\"true\""
        } else {
            ""
        };
        self.step(&format!(
            "<recv response=\"{status}\"{kept}>{checked}</recv>"
        ))
    }

    /// Waits for a request, which must contain every one of `checks`.
    pub fn hears(mut self, method: &str, checks: &[&str]) -> Self {
        let mut actions = self.checking(checks);
        if method == "INVITE" {
            // For whatever is said later: the last message is another one then.
            let kept: Vec<_> = [(1, "Via:"), (2, "From:"), (3, "To:"), (4, "CSeq:")]
                .iter()
                .map(|(at, header)| {
                    format!(
                        "<ereg regexp=\"[^ ].*\" search_in=\"hdr\" header=\"{header}\" assign_to=\"{at}\"/>"
                    )
                })
                .collect();
            let kept = kept.concat();
            actions = format!("<action>{kept}</action>{actions}").replace("</action><action>", "");
        }
        // Only the INVITE names where later requests go.
        let kept = if method == "INVITE" {
            " rrs=\"true\""
        } else {
            ""
        };
        self.step(&format!(
            "<recv request=\"{method}\"{kept}>{actions}</recv>"
        ))
    }

    fn checking(&mut self, checks: &[&str]) -> String {
        if checks.is_empty() {
            return String::new();
        }
        let checks: Vec<_> = checks
            .iter()
            .map(|check| {
                self.checks += 1;
                format!(
                    "<ereg regexp=\"{check}\" search_in=\"msg\" check_it=\"true\" assign_to=\"{}\"/>",
                    self.checks
                )
            })
            .collect();
        format!("<action>{}</action>", checks.concat())
    }

    /// Answers the INVITE that was heard last.
    pub fn answers(self, status: &str, extra: &[&str], body: &str) -> Self {
        let mut message = format!(
            "SIP/2.0 {status}\nVia: [$1]\nFrom: [$2]\nTo: [$3];tag=[pid]d[call_number]\n\
             Call-ID: [call_id]\nCSeq: [$4]\nContact: <sip:sipp@[local_ip]:[local_port]>\n"
        );
        for line in extra {
            let _ = writeln!(message, "{line}");
        }
        if !body.is_empty() {
            message.push_str("Content-Type: application/sdp\n");
        }
        let _ = write!(message, "Content-Length: [len]\n\n{body}");
        let repeated = status.starts_with('2');
        self.send(&message, repeated)
    }

    /// 200 to the request that was heard last, which was no INVITE.
    pub fn agrees(self, extra: &[&str]) -> Self {
        let mut message =
            "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
                .to_owned();
        for line in extra {
            let _ = writeln!(message, "{line}");
        }
        message.push_str("Content-Length: 0\n");
        self.send(&message, false)
    }

    /// Says a raw file from now on.
    pub fn says(self, file: &Path, codec: &str) -> Self {
        let codec = codec.replace(' ', ",");
        self.step(&format!(
            "<nop><action><exec rtp_stream=\"{},-1,{codec}\"/></action></nop>",
            file.display()
        ))
    }

    pub fn waits(self, ms: u64) -> Self {
        self.step(&format!("<pause milliseconds=\"{ms}\"/>"))
    }

    /// Hangs up.
    pub fn hangs_up(self) -> Self {
        self.asks("BYE", &[], "").gets(200, &[])
    }

    /// Is hung up on.
    pub fn hears_the_end(self) -> Self {
        self.hears("BYE", &[]).agrees(&[])
    }

    /// Runs it once: as a caller towards `to`, else at this port.
    pub fn start(self, folder: &Path, to: Option<SocketAddr>, port: u16) -> Running {
        let kept = if self.part == Part::Called { 1 } else { 10 };
        let used: Vec<String> = (kept..=self.checks)
            .filter(|at| *at <= 4 || *at >= 10)
            .map(|at| at.to_string())
            .collect();
        let reference = if used.is_empty() {
            String::new()
        } else {
            format!("<Reference variables=\"{}\"/>\n", used.join(","))
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"shoujie\">\n{}{reference}</scenario>\n",
            self.steps
        );
        let file = folder.join(format!("scenario-{port}.xml"));
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("sipp");
        if let Some(to) = to {
            command.arg(to.to_string());
        }
        let process = command
            .arg("-sf")
            .arg(&file)
            .args([
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ])
            .args([
                "-m",
                "1",
                "-nostdin",
                "-timeout",
                "100",
                "-trace_err",
                "-error_file",
            ])
            .arg(folder.join(format!("scenario-{port}.log")))
            .args(["-trace_msg", "-message_file"])
            .arg(folder.join(format!("messages-{port}.log")))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("sipp runs");
        Running {
            process: Some(process),
            folder: folder.to_owned(),
            port,
        }
    }
}

impl Running {
    /// Waits for its end; it must have gone as written.
    pub async fn went_as_written(mut self) {
        let ended = self.process.take().unwrap().wait_with_output().await;
        let ended = ended.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "sipp {}: {said}", ended.status);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for name in ["scenario", "messages"] {
            let file = self.folder.join(format!("{name}-{}.log", self.port));
            let said = std::fs::read_to_string(file).unwrap_or_default();
            eprintln!("--- SIPp's {name}:\n{said}");
        }
    }
}

/// Raw G.711 of a tone: A-law, or µ-law with `PCMU`.
pub fn tone_g711(folder: &Path, hz: u32, codec: &str) -> PathBuf {
    let kind = if codec == PCMU { "ul" } else { "al" };
    let path = folder.join(format!("tone-{hz}.{kind}"));
    let made = std::process::Command::new("sox")
        .args(["-n", "-r", "8000", "-c", "1", "-t", kind])
        .arg(&path)
        .args(["synth", "120", "sine"])
        .arg(hz.to_string())
        .args(["vol", "0.5"])
        .status();
    assert!(made.unwrap().success());
    path
}
