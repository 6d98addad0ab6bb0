//! The real binary, running: its addresses and what it logs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A running server.
pub struct Served {
    pub process: Child,
    pub http: String,
    pub sip: SocketAddr,
    log: PathBuf,
}

impl Served {
    /// Starts what `command` says and waits for its addresses; it logs into `folder`.
    pub async fn start(mut command: Command, folder: &Path) -> Self {
        let log = folder.join("server.log");
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (mut http, mut sip) = (None, None);
        while http.is_none() || sip.is_none() {
            let Some(line) = lines.next_line().await.unwrap() else {
                panic!(
                    "no address: {}",
                    std::fs::read_to_string(&log).unwrap_or_default()
                );
            };
            let after = |mark: &str| {
                let rest = line.split(mark).nth(1)?;
                rest.split_whitespace().next().map(str::to_owned)
            };
            http = http.or_else(|| after("http://").map(|rest| format!("http://{rest}")));
            sip = sip.or_else(|| after("sip:12333@").and_then(|rest| rest.parse().ok()));
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            process,
            http: http.unwrap(),
            sip: sip.unwrap(),
            log,
        }
    }

    /// With demo data, on these addresses.
    pub async fn demo_at(folder: &Path, http: &str, sip: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shoujie"));
        command
            .args(["serve", "--demo"])
            .env("SHOUJIE__HTTP__LISTEN", http)
            .env("SHOUJIE__SIP__LISTEN", sip)
            .env("SHOUJIE__SERVICE__DEMO_DEALINGS", "false")
            .env("SHOUJIE__SERVICE__DEMO_FIGURES", "false")
            .env("SHOUJIE__DATA_DIR", folder.join("data"));
        Self::start(command, folder).await
    }

    /// With demo data, on ports that are free.
    pub async fn demo(folder: &Path) -> Self {
        Self::demo_at(folder, "127.0.0.1:0", "127.0.0.1:0").await
    }

    /// Tells it to stop, as Ctrl-C and systemd do, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        let id = self.process.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(told.unwrap().success());
        self.process.wait().await.unwrap()
    }

    /// What it logged as an error.
    pub fn errors(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let lines = log.lines().filter(|line| line.contains(" ERROR "));
        lines.map(str::to_owned).collect()
    }
}
