//! The server under test: a child process pinned to a core, in an empty folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Kernel ticks a second in `/proc` (`USER_HZ`): 100 on every Linux that this runs on.
const TICKS: f64 = 100.0;

/// A started server.
pub struct Server {
    process: Child,
    folder: TempDir,
    /// Address of the API, `http://…`.
    pub http: String,
    /// Address of SIP.
    pub sip: SocketAddr,
}

impl Server {
    /// Starts `shoujie serve --demo` on `core` with a greeting of 20 ms.
    pub async fn start(binary: &Path, core: usize) -> Result<Self> {
        let folder = TempDir::new()?;
        let prompts = folder.path().join("prompts");
        std::fs::create_dir(&prompts)?;
        std::fs::write(prompts.join("greeting.wav"), silence(160))?;
        let mut process = Command::new("taskset")
            .args(["-c", &core.to_string()])
            .arg(binary)
            .args(["serve", "--demo"])
            .env("SHOUJIE__HTTP__LISTEN", "127.0.0.1:0")
            .env("SHOUJIE__SIP__LISTEN", "127.0.0.1:0")
            .env("SHOUJIE__DATA_DIR", folder.path().join("data"))
            .env("SHOUJIE__RTP__PROMPTS", &prompts)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("taskset {}", binary.display()))?;
        let output = process.stdout.take().context("the server's output")?;
        let mut lines = BufReader::new(output).lines();
        let (mut http, mut sip) = (None, None);
        while http.is_none() || sip.is_none() {
            let Some(line) = lines.next_line().await? else {
                bail!("the server ended: {}", process.wait().await?)
            };
            http = http.or_else(|| after(&line, "http://").map(|rest| format!("http://{rest}")));
            sip = sip.or_else(|| after(&line, "sip:12333@").and_then(|rest| rest.parse().ok()));
        }
        // Its output has to be read on, else it stops when the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (http, sip) = (http.context("HTTP address")?, sip.context("SIP address")?);
        Ok(Self {
            process,
            folder,
            http,
            sip,
        })
    }

    fn proc(&self, file: &str) -> Result<String> {
        let pid = self.process.id().context("the server has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }

    /// CPU time spent so far, in user and in system mode.
    pub fn cpu(&self) -> Result<(Duration, Duration)> {
        let stat = self.proc("stat")?;
        // The command's name in parentheses may hold anything; utime and stime are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| -> Result<Duration> {
            let ticks: f64 = fields.get(at).context("/proc/PID/stat")?.parse()?;
            Ok(Duration::from_secs_f64(ticks / TICKS))
        };
        Ok((ticks(11)?, ticks(12)?))
    }

    /// Memory in use, in MiB.
    pub fn memory_mib(&self) -> Result<f64> {
        let status = self.proc("status")?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// The recordings on the disk with their sizes in bytes.
    pub fn recordings(&self) -> Result<Vec<(PathBuf, u64)>> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("data")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "wav") {
                    found.push((path, entry.metadata()?.len()));
                }
            }
        }
        Ok(found)
    }
}

fn after(line: &str, mark: &str) -> Option<String> {
    let (_, rest) = line.split_once(mark)?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// A-law WAV of so many samples of silence.
fn silence(samples: u32) -> Vec<u8> {
    let mut wav = b"RIFF".to_vec();
    wav.extend((samples + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x06\0\x01\0");
    wav.extend(8000_u32.to_le_bytes());
    wav.extend(8000_u32.to_le_bytes());
    wav.extend(b"\x01\0\x08\0data");
    wav.extend(samples.to_le_bytes());
    wav.resize(wav.len() + samples as usize, 0xd5);
    wav
}
