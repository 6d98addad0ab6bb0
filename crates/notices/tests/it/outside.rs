//! The mail server and the SMS gateway: `outside.py`, a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use testing::Folder;

pub const SECRET: &str = "a secret between us and the gateway";

pub struct Outside {
    process: Child,
    folder: Folder,
    pub smtp_port: String,
    pub sms_port: String,
}

impl Outside {
    pub fn start() -> Self {
        let folder = Folder::new();
        // Debian's Python, which has Debian's aiosmtpd (`make packages`).
        let mut process = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/outside.py"))
            .arg(folder.path())
            .arg(SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ports = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut ports)
            .unwrap();
        let Some((smtp_port, sms_port)) = ports.trim().split_once(' ') else {
            panic!("outside.py does not start: is python3-aiosmtpd installed (`make packages`)?");
        };
        Self {
            smtp_port: smtp_port.to_owned(),
            sms_port: sms_port.to_owned(),
            process,
            folder,
        }
    }

    /// From now on everything is refused.
    pub fn refuse(&self) {
        std::fs::write(self.folder.path().join("refuse"), "").unwrap();
    }

    /// From now on everything is taken.
    pub fn take(&self) {
        std::fs::remove_file(self.folder.path().join("refuse")).unwrap();
    }

    /// The mails that were taken.
    pub fn mails(&self) -> Vec<Value> {
        self.taken("mail.jsonl")
    }

    /// The text messages that were taken.
    pub fn texts(&self) -> Vec<Value> {
        self.taken("sms.jsonl")
    }

    fn taken(&self, name: &str) -> Vec<Value> {
        let lines = std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
