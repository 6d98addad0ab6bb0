//! A mailbox: Dovecot as an IMAP server of its own, and a mail server that takes what is sent (aiosmtpd).

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::{Folder, free_port};

/// The mailbox.
pub const ADDRESS: &str = "hotline@exam.example";
/// Its password.
pub const PASSWORD: &str = "correct horse \"battery\" staple";

/// Both servers; they end with this value.
pub struct Mailbox {
    /// IMAP without TLS.
    pub imap_port: u16,
    /// IMAP with TLS.
    pub imaps_port: u16,
    /// SMTP without TLS.
    pub smtp_port: u16,
    /// SMTP with STARTTLS.
    pub starttls_port: u16,
    /// SMTP with TLS from the start.
    pub smtps_port: u16,
    /// Who signed their certificate.
    pub ca_pem: String,
    folder: Folder,
    count: std::sync::atomic::AtomicU32,
    processes: Vec<Child>,
}

impl Mailbox {
    /// Starts both; `None` with a message where Dovecot or aiosmtpd is not installed.
    ///
    /// # Panics
    /// When they do not start.
    pub fn start() -> Option<Self> {
        let installed = |path: &str| Path::new(path).exists();
        if !installed("/usr/sbin/dovecot") || !installed("/usr/bin/aiosmtpd") {
            eprintln!(
                "not run: dovecot-imapd or python3-aiosmtpd is missing (`make packages` installs them)"
            );
            return None;
        }
        let folder = Folder::new();
        let ca_pem = certificates(folder.path());
        let (imap_port, imaps_port) = (free_port(), free_port());
        let mut mailbox = Self {
            imap_port,
            imaps_port,
            smtp_port: free_port(),
            starttls_port: free_port(),
            smtps_port: free_port(),
            ca_pem,
            folder,
            count: std::sync::atomic::AtomicU32::new(0),
            processes: Vec::new(),
        };
        mailbox.processes.push(mailbox.smtp());
        mailbox.processes.push(mailbox.dovecot());
        let here = || std::net::TcpStream::connect(("127.0.0.1", imaps_port)).is_ok();
        for _ in 0..200 {
            if here() {
                return Some(mailbox);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(mailbox.folder.path().join("log")).unwrap_or_default();
        panic!("dovecot does not start: {log}");
    }

    /// What our side is told of the mailbox, over TLS.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("address", ADDRESS.to_owned()),
            ("from_name", "考试服务热线".to_owned()),
            ("imap_host", "127.0.0.1".to_owned()),
            ("imap_port", self.imaps_port.to_string()),
            ("smtp_host", "127.0.0.1".to_owned()),
            ("smtp_port", self.smtps_port.to_string()),
            ("ca_pem", self.ca_pem.clone()),
        ]
    }

    /// And its password.
    pub fn secrets() -> Vec<(&'static str, String)> {
        vec![("password", PASSWORD.to_owned())]
    }

    /// A mail comes in at `at`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn comes(&self, mail: &[u8], at: DateTime<Utc>) {
        let count = self
            .count
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("{:010}.{count}.test", 1_700_000_000 + count);
        let folder = self.folder.path().join("mail");
        let (before, after) = (
            folder.join("tmp").join(&name),
            folder.join("new").join(&name),
        );
        std::fs::write(&before, mail).expect("a mail");
        let seconds = u64::try_from(at.timestamp()).expect("after 1970");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = std::fs::File::options().write(true).open(&before);
        file.and_then(|file| file.set_modified(time))
            .expect("its time");
        std::fs::set_permissions(&before, PermissionsExt::from_mode(0o666)).expect("its mode");
        std::fs::rename(before, after).expect("its place");
    }

    /// The server forgets how it numbered the mails.
    ///
    /// # Panics
    /// When it never did.
    pub fn forget_numbers(&self) {
        // Dovecot numbers by the second.
        std::thread::sleep(Duration::from_millis(1_100));
        let folder = self.folder.path().join("mail");
        for entry in std::fs::read_dir(folder).expect("the mailbox").flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            if name.starts_with("dovecot") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Mails that somebody marked as read.
    pub fn seen(&self) -> usize {
        let cur = std::fs::read_dir(self.folder.path().join("mail/cur"));
        let names = cur.into_iter().flatten().flatten();
        names
            .filter(|entry| entry.file_name().to_string_lossy().ends_with('S'))
            .count()
    }

    /// What was sent and taken: from, to, whether over TLS, and the mail.
    ///
    /// # Panics
    /// When the mail server wrote something else.
    pub fn sent(&self) -> Vec<(Value, Vec<u8>)> {
        let lines = std::fs::read_to_string(self.folder.path().join("sent.jsonl"));
        let lines = lines.unwrap_or_default();
        let sent = lines.lines().map(|line| {
            let sent: Value = serde_json::from_str(line).expect("JSON");
            let raw = STANDARD.decode(sent["raw"].as_str().unwrap_or_default());
            (sent, raw.expect("Base64"))
        });
        sent.collect()
    }

    fn smtp(&self) -> Child {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/platforms/mail.py");
        let ports =
            [self.smtp_port, self.starttls_port, self.smtps_port].map(|port| port.to_string());
        // Debian's Python, which has Debian's aiosmtpd.
        let mut process = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(self.folder.path())
            .args([ADDRESS, PASSWORD])
            .args(ports)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it tells its ports");
        assert!(!line.trim().is_empty(), "the mail server does not start");
        process
    }

    /// Dovecot does not run as root; then it runs as the user that its package made.
    fn dovecot(&self) -> Child {
        let folder = self.folder.path();
        let own = std::fs::metadata(folder).expect("the folder");
        let root = std::os::unix::fs::MetadataExt::uid(&own) == 0;
        let user = if root {
            "dovecot".to_owned()
        } else {
            whoami("-un")
        };
        let group = if root {
            "dovecot".to_owned()
        } else {
            whoami("-gn")
        };
        for name in [
            "mail", "mail/cur", "mail/new", "mail/tmp", "run", "state", "home",
        ] {
            std::fs::create_dir_all(folder.join(name)).expect("a folder");
        }
        let password = folder.join("users");
        std::fs::write(&password, format!("{ADDRESS}:{{PLAIN}}{PASSWORD}\n")).expect("the users");
        let config = folder.join("dovecot.conf");
        std::fs::write(&config, self.config(&user, &group)).expect("the settings");
        if root {
            give_away(folder, &user);
        }
        let mut command = if root {
            let mut command = Command::new("runuser");
            command.args(["-u", &user, "--", "/usr/sbin/dovecot"]);
            command
        } else {
            Command::new("/usr/sbin/dovecot")
        };
        command
            .args(["-F", "-c"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dovecot runs")
    }

    fn config(&self, user: &str, group: &str) -> String {
        let at = self.folder.path().display();
        let (imap, imaps) = (self.imap_port, self.imaps_port);
        format!(
            "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap\nlisten = 127.0.0.1\n\
             ssl = yes\nssl_cert = <{at}/cert.pem\nssl_key = <{at}/key.pem\ndisable_plaintext_auth = no\n\
             default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
             first_valid_uid = 1\nfirst_valid_gid = 1\nmail_location = maildir:{at}/mail\nauth_verbose = yes\n\
             passdb {{\n  driver = passwd-file\n  args = scheme=PLAIN username_format=%u {at}/users\n}}\n\
             userdb {{\n  driver = static\n  args = uid={user} gid={group} home={at}/home\n}}\n\
             service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {imap}\n  }}\n\
             \x20 inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
             service anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n"
        )
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // Dovecot's master takes its children along when it is asked to end; they may have ended by themselves.
            let id = process.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &id]).status();
            let pid = std::fs::read_to_string(self.folder.path().join("run/master.pid"));
            if let Ok(pid) = pid {
                let _ = Command::new("kill")
                    .args(["-TERM", pid.trim()])
                    .stderr(Stdio::null())
                    .status();
            }
            let _ = process.wait();
        }
    }
}

fn whoami(what: &str) -> String {
    let output = Command::new("id").arg(what).output().expect("id runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn give_away(folder: &Path, user: &str) {
    let output = Command::new("id")
        .args(["-u", user])
        .output()
        .expect("id runs");
    let uid: u32 = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("a user");
    let mut left = vec![PathBuf::from(folder)];
    while let Some(path) = left.pop() {
        chown(&path, Some(uid), None).expect("it is given away");
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(&path)
                    .expect("a folder")
                    .flatten()
                    .map(|entry| entry.path()),
            );
        }
    }
}

/// A certificate for 127.0.0.1 in the folder; answers the one that signed it.
fn certificates(folder: &Path) -> String {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let server = CertificateParams::new(names).expect("its names");
    let server = server.signed_by(&key, &authority).expect("a certificate");
    std::fs::write(folder.join("cert.pem"), server.pem()).expect("the certificate");
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("its key");
    authority.pem()
}
