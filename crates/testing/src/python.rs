//! Peers written in Python by others, from PyPI.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::template::{lock, shared_folder};

/// The Python of a virtual environment with what `requirements` (a file for pip) names; made by whoever comes first and
/// kept for all tests of this user. `None` with a message where it cannot be made.
pub fn python(requirements: &Path) -> Option<PathBuf> {
    let wanted = std::fs::read(requirements).expect("a file with requirements");
    let key = hex::encode(&Sha256::digest(&wanted)[..8]);
    let folder = shared_folder().join(format!("python-{key}"));
    let python = folder.join("bin/python");
    let _lock = lock(&folder.with_extension("lock"));
    let done = folder.join("done");
    if done.exists() {
        return Some(python);
    }
    let made = ["python3", "/usr/bin/python3"].iter().any(|base| {
        let made = Command::new(base)
            .args(["-m", "venv", "--clear"])
            .arg(&folder)
            .output();
        made.is_ok_and(|made| made.status.success())
    });
    let installed = made
        && Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(requirements)
            .output()
            .is_ok_and(|output| {
                eprintln!("{}", String::from_utf8_lossy(&output.stderr));
                output.status.success()
            });
    if !installed {
        eprintln!(
            "not run: no Python with what {} names (python3-venv and PyPI are needed)",
            requirements.display()
        );
        return None;
    }
    std::fs::write(&done, "").expect("the folder can be written");
    Some(python)
}

/// A script that answers each line of JSON by one.
pub struct Peer {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `script`, with `requirements.txt` beside it; `None` where its packages cannot be had.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(script: &Path) -> Option<Self> {
        let python = python(&script.with_file_name("requirements.txt"))?;
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        Some(Self {
            input: process.stdin.take().expect("its input"),
            output: BufReader::new(process.stdout.take().expect("its output")),
            process,
        })
    }

    /// Asks.
    ///
    /// # Panics
    /// When it ends.
    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").expect("it listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("it answers {line:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
