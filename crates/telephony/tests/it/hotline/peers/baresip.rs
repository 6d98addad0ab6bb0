//! baresip, a telephone of its own making.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::tone_wav;

/// A phone to be started.
pub struct Plan<'a> {
    pub user: &'a str,
    pub secret: &'a str,
    /// Where it registers, as a URI's host, port and parameters.
    pub registrar: &'a str,
    /// Its own address.
    pub at: IpAddr,
    /// The tone it says.
    pub hz: u32,
    /// Of the account: `;answermode=auto`.
    pub more: &'a str,
}

/// A running one; it ends with this value.
pub struct Baresip {
    process: Child,
    folder: tempfile::TempDir,
}

impl Baresip {
    /// Starts it with a command that may lead into another network.
    pub fn start(mut command: Command, plan: &Plan<'_>) -> Self {
        // baresip cuts the names of its recordings off at 128 bytes.
        let folder = tempfile::Builder::new()
            .prefix("b")
            .rand_bytes(4)
            .tempdir()
            .unwrap();
        let at = folder.path();
        tone_wav(&at.join("speech.wav"), plan.hz);
        let config = format!(
            "sip_listen {ip}:0\nnet_interface {ip}\naudio_player aufile,{at}/played.wav\n\
             audio_source aufile,{at}/speech.wav\naudio_alert aufile,/dev/null\naudio_srate 8000\n\
             audio_channels 1\nrtp_ports 30000-39998\nmodule_path /usr/lib/baresip/modules\n\
             module stdio.so\nmodule g711.so\nmodule aufile.so\nmodule srtp.so\nmodule_tmp account.so\n\
             module_app menu.so\nmodule sndfile.so\nsnd_path {at}\n",
            ip = plan.at,
            at = at.display(),
        );
        let account = format!(
            "<sip:{}@{}>;auth_user={0};auth_pass={};regint=15;audio_codecs=PCMA{}\n",
            plan.user, plan.registrar, plan.secret, plan.more
        );
        std::fs::write(at.join("config"), config).unwrap();
        std::fs::write(at.join("accounts"), account).unwrap();
        std::fs::write(at.join("contacts"), "").unwrap();
        let log = std::fs::File::create(at.join("baresip.log")).unwrap();
        let process = command
            .arg("-f")
            .arg(at)
            .arg("-v")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("baresip runs");
        Self { process, folder }
    }

    /// Types a command: `/dial 12333`.
    pub fn types(&mut self, command: &str) {
        use std::io::Write as _;
        let input = self.process.stdin.as_mut().unwrap();
        input.write_all(format!("{command}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    pub fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("baresip.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// What each call heard, in their order; whole once they are over.
    pub fn heard(&self) -> Vec<PathBuf> {
        super::wavs(self.folder.path(), "dec.wav")
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
