//! The server under test: a child process pinned to a core, in an empty folder.

use std::collections::{BTreeSet, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use crate::usage;

/// A started server.
pub struct Server {
    process: Child,
    own: Option<TempDir>,
    folder: PathBuf,
    statements: Arc<Mutex<BTreeSet<String>>>,
    errors: Arc<AtomicUsize>,
    /// Address of the API, `http://…`.
    pub http: String,
    /// Address of SIP.
    pub sip: SocketAddr,
}

impl Server {
    /// Starts `shoujie serve --demo` on `core` in a folder of its own, with settings as the environment takes them.
    pub async fn start(binary: &Path, core: usize, settings: &[(&str, &str)]) -> Result<Self> {
        let folder = TempDir::new()?;
        let database = format!("sqlite://{}", folder.path().join("shoujie.db").display());
        let place = (&*core.to_string(), "warn");
        let mut server = Self::start_set(folder.path(), &database, binary, place, settings).await?;
        server.own = Some(folder);
        Ok(server)
    }

    /// The same in this folder with this database on these cores, logging what `log` says. Statements in its log
    /// are kept.
    pub async fn start_in(
        folder: &Path,
        database: &str,
        binary: &Path,
        cores: &str,
        log: &str,
    ) -> Result<Self> {
        Self::start_set(folder, database, binary, (cores, log), &[]).await
    }

    /// The same with settings, as the environment takes them.
    pub async fn start_set(
        folder: &Path,
        database: &str,
        binary: &Path,
        (cores, log): (&str, &str),
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let prompts = folder.join("prompts");
        std::fs::create_dir_all(&prompts)?;
        std::fs::write(prompts.join("greeting.wav"), silence(0))?;
        let mut process = Command::new("taskset")
            .args(["-c", cores])
            .arg(binary)
            .args(["serve", "--demo"])
            .env("SHOUJIE__HTTP__LISTEN", "127.0.0.1:0")
            .env("SHOUJIE__SIP__LISTEN", "127.0.0.1:0")
            .env("SHOUJIE__SERVICE__DEMO_FIGURES", "false")
            .env("SHOUJIE__DATABASE__URL", database)
            .env("SHOUJIE_LOG", log)
            .env("SHOUJIE__DATA_DIR", folder.join("data"))
            .env("SHOUJIE__RTP__PROMPTS", &prompts)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
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
        let (statements, errors) = (Arc::default(), Arc::default());
        if let Some(log) = process.stderr.take() {
            let kept = (Arc::clone(&statements), Arc::clone(&errors));
            tokio::spawn(keep_statements(log, kept));
        }
        // Its output has to be read on, else it stops when the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (http, sip) = (http.context("HTTP address")?, sip.context("SIP address")?);
        Ok(Self {
            process,
            own: None,
            folder: folder.to_owned(),
            statements,
            errors,
            http,
            sip,
        })
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<()> {
        self.process.kill().await?;
        Ok(())
    }

    /// The statements it has run since it was asked last, when it was started to log them.
    pub fn take_statements(&self) -> BTreeSet<String> {
        let mut kept = self
            .statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }

    /// Its process.
    pub fn pid(&self) -> Result<u32> {
        self.process.id().context("the server has ended")
    }

    /// CPU time spent so far, in user and in system mode.
    pub fn cpu(&self) -> Result<(Duration, Duration)> {
        usage::cpu(self.pid()?)
    }

    /// Errors in its log so far.
    pub fn errors(&self) -> usize {
        self.errors.load(Relaxed)
    }

    /// What it holds open: all, and those of them that are sockets.
    pub fn open_files(&self) -> Result<(usize, usize)> {
        let pid = self.process.id().context("the server has ended")?;
        let (mut all, mut sockets) = (0, 0);
        for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))? {
            // One may be closed while they are read.
            let target = std::fs::read_link(entry?.path()).unwrap_or_default();
            all += 1;
            sockets += usize::from(target.to_string_lossy().starts_with("socket:"));
        }
        Ok((all, sockets))
    }

    /// A figure of `/metrics` without labels.
    pub async fn figure(&self, name: &str) -> Result<i64> {
        let text = reqwest::get(format!("{}/metrics", self.http))
            .await?
            .error_for_status()?
            .text()
            .await?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .with_context(|| format!("`{name}` on /metrics"))?;
        Ok(value.trim().parse()?)
    }

    /// Threads it has.
    pub fn threads(&self) -> Result<usize> {
        self.status("Threads:")?.parse().context("threads")
    }

    fn status(&self, field: &str) -> Result<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        Ok(line.with_context(|| field.to_owned())?.trim().to_owned())
    }

    /// Memory in use, in MiB.
    pub fn memory_mib(&self) -> Result<f64> {
        usage::memory_mib(self.pid()?)
    }

    /// The recordings on the disk with their sizes in bytes.
    pub fn recordings(&self) -> Result<Vec<(PathBuf, u64)>> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.join("data")];
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

/// When the measuring began and what was recorded before it: the demo has calls of its own.
pub struct Begun {
    /// When.
    pub at: DateTime<Utc>,
    before: HashSet<PathBuf>,
}

impl Begun {
    /// Now.
    pub fn now(server: &Server) -> Result<Self> {
        let before = server.recordings()?.into_iter().map(|(path, _)| path);
        Ok(Self {
            at: Utc::now(),
            before: before.collect(),
        })
    }

    /// The recordings since then, with their bytes.
    pub fn recordings(&self, server: &Server) -> Result<Vec<(PathBuf, u64)>> {
        let mut all = server.recordings()?;
        all.retain(|(path, _)| !self.before.contains(path));
        Ok(all)
    }
}

async fn keep_statements(
    log: ChildStderr,
    (statements, errors): (Arc<Mutex<BTreeSet<String>>>, Arc<AtomicUsize>),
) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Some((_, statement)) = line.split_once("db.statement=\"") else {
            errors.fetch_add(usize::from(line.contains("ERROR")), Relaxed);
            eprintln!("{line}");
            continue;
        };
        let statement = statement
            .split("\" rows_affected")
            .next()
            .unwrap_or_default();
        let statement = statement.replace("\\n", " ").replace("\\\"", "\"");
        let mut kept = statements.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(statement.trim().to_owned());
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
