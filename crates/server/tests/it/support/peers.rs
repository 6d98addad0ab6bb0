//! baresip as a requester's phone or an agent's desk phone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

pub struct Baresip {
    process: Child,
    pub folder: PathBuf,
}

pub struct Account<'a> {
    pub user: &'a str,
    /// The digest secret; empty does not register.
    pub secret: &'a str,
    pub server: SocketAddr,
    pub transport: &'a str,
    pub auto_answer: bool,
    /// A WAV (8 kHz mono) that the phone speaks.
    pub speech: &'a Path,
}

impl Baresip {
    /// Starts the phone; with `dial` it calls at once. What it hears is in [`Baresip::heard`].
    pub fn start(name: &str, parent: &Path, account: &Account<'_>, dial: Option<&str>) -> Self {
        let folder = parent.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let port = testing::free_port();
        let config = format!(
            "sip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\naudio_player aufile,{}\naudio_source aufile,{}\n\
             audio_alert aufile,/dev/null\naudio_srate 8000\naudio_channels 1\nrtp_ports 30000-39998\n\
             module_path {}\nmodule stdio.so\nmodule g711.so\nmodule aufile.so\nmodule_tmp account.so\n\
             module_app menu.so\nmodule sndfile.so\nsnd_path {}\n",
            folder.join("heard.wav").display(),
            account.speech.display(),
            modules(),
            folder.display(),
        );
        std::fs::write(folder.join("config"), config).unwrap();
        let register = if account.secret.is_empty() {
            ";regint=0".to_owned()
        } else {
            format!(
                ";regint=60;auth_user={};auth_pass={}",
                account.user, account.secret
            )
        };
        let answer = if account.auto_answer {
            ";answermode=auto"
        } else {
            ""
        };
        let line = format!(
            "<sip:{}@{};transport={}>{register}{answer};audio_codecs=PCMA\n",
            account.user, account.server, account.transport
        );
        std::fs::write(folder.join("accounts"), line).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let log = std::fs::File::create(folder.join("baresip.log")).unwrap();
        let mut command = Command::new("baresip");
        command.arg("-f").arg(&folder).args(["-v"]);
        if let Some(number) = dial {
            command.args([
                "-e",
                &format!(
                    "/dial sip:{number}@{};transport={}",
                    account.server, account.transport
                ),
            ]);
        }
        let process = command
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("baresip runs");
        Self { process, folder }
    }

    /// Types a command at the phone: `/transfer sip:…`.
    pub async fn types(&mut self, command: &str) {
        let input = self.process.stdin.as_mut().unwrap();
        input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .unwrap();
        input.flush().await.unwrap();
    }

    /// Presses keys (RFC 4733), as a finger does: one after the other.
    pub async fn presses(&mut self, keys: &str) {
        for key in keys.chars() {
            let input = self.process.stdin.as_mut().unwrap();
            input.write_all(key.to_string().as_bytes()).await.unwrap();
            input.flush().await.unwrap();
            // It lets go of a key after a quarter of a second.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    }

    /// Puts the receiver down.
    pub async fn hangs_up(&mut self) {
        self.types("b").await;
    }

    /// What the phone received, written by its `sndfile` module (file name ends in `dec.wav`).
    pub fn heard(&self) -> Option<PathBuf> {
        std::fs::read_dir(&self.folder)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.to_string_lossy().ends_with("dec.wav"))
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("baresip.log")).unwrap_or_default()
    }
}

fn modules() -> &'static str {
    "/usr/lib/baresip/modules"
}
