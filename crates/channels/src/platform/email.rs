//! E-mail (domain C.5): a mailbox is read by IMAP, answers leave by SMTP.
//!
//! Settings: `address`, the mailbox's own; `from_name`; `imap_host`, `imap_port` (993), `imap_security`, `tls` or `plain`;
//! `imap_folder` (`INBOX`); `smtp_host`, `smtp_port` (465), `smtp_security`, `tls`, `starttls` or `plain`; `username`
//! (default: the address); `ca_pem`, certificates that are trusted beside those of the system; `poll_s`, how often it is
//! looked (60); `largest_mb`, the largest mail that is fetched whole (25). `plain` only where private addresses may be
//! called. Secret: `password`.
//!
//! The mailbox is only read: no flag is set, nothing is moved. The first time, and when the server counts its mails
//! anew, three days are read; what is known already is known by its `Message-ID` and sender.
//!
//! A person is known by his address (`From`), which is what somebody wrote there and proves nothing. `In-Reply-To` and
//! `References` are kept for the answer's own headers and decide nothing: who writes them makes himself no agent and
//! joins nobody's conversation. What a machine wrote is told as [`Inbound::automatic`](super::Inbound). A mail that is too
//! large is told by its beginning; one that cannot be read, or that the server cannot give, is set aside: what comes
//! behind it goes on.

mod imap;
pub mod parse;
mod smtp;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use kernel::problem::{Problem, Result, not_found, unavailable};
use kernel::{App, Clock, outbound};
use reqwest::Url;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::{
    Account, Adapter, Fetched, Outgoing, Pulled, RawRequest, Received, Sent, Setting, verify,
};
use imap::{Found, Session};
use parse::{Mail, Read};

/// What an account is made of.
pub const SETTINGS: &[Setting] = &[
    Setting::needed("address"),
    Setting::default("from_name", ""),
    Setting::needed("imap_host"),
    Setting::default("imap_port", "993"),
    Setting::default("imap_security", "tls"),
    Setting::default("imap_folder", "INBOX"),
    Setting::needed("smtp_host"),
    Setting::default("smtp_port", "465"),
    Setting::default("smtp_security", "tls"),
    Setting::default("username", ""),
    Setting::default("ca_pem", ""),
    Setting::default("poll_s", "60"),
    Setting::default("largest_mb", "25"),
    Setting::secret("password"),
];

/// Mails of one page.
const PAGE: usize = 20;
/// A page ends once it has this many bytes.
const PAGE_BYTES: usize = 40 << 20;
/// A page ends once it took so long.
const PAGE_TIME: Duration = Duration::from_secs(20);
/// How long a look may take; the lease of who looks is longer.
const LOOK_TIME: Duration = Duration::from_secs(55);
/// How long the server may take for one mail.
const MAIL_TIME: Duration = Duration::from_secs(25);
/// What is fetched of a mail that is too large.
const BEGINNING: usize = 256 << 10;
/// How far back the first look goes.
const FIRST_LOOK: TimeDelta = TimeDelta::days(3);
/// Failures after which a mail that breaks the connection is left alone.
const GIVEN_UP_AFTER: u32 = 3;

/// The adapter.
#[derive(Default)]
pub struct Mailbox {
    // The mail that broke the connection last, by mailbox, and how often it did.
    broken: Mutex<HashMap<String, (u32, u32)>>,
}

#[async_trait]
impl Adapter for Mailbox {
    fn receive(&self, _app: &App, _account: &Account, _request: &RawRequest) -> Result<Received> {
        Err(verify::method_not_expected())
    }

    async fn send(&self, app: &App, account: &Account, message: &Outgoing) -> Sent {
        match smtp::send(app, account, message).await {
            Ok(sent) | Err(sent) => sent,
        }
    }

    async fn fetch(&self, _app: &App, _account: &Account, _media_ref: &str) -> Result<Fetched> {
        // Files come along with the mail.
        Err(not_found("file"))
    }

    async fn pull(
        &self,
        app: &App,
        account: &Account,
        cursor: Option<&str>,
        _hint: Option<&str>,
    ) -> Result<Pulled> {
        let page = self.page(app, account, cursor);
        match Clock::guard(LOOK_TIME, page).await {
            Ok(page) => page,
            Err(_elapsed) => Err(silent("it is too slow")),
        }
    }

    fn pull_every(&self, account: &Account) -> Option<u32> {
        u32::try_from(account.number("poll_s", 60).clamp(10, 86_400)).ok()
    }

    fn longest_text(&self) -> usize {
        100_000
    }
}

impl Mailbox {
    async fn page(&self, app: &App, account: &Account, cursor: Option<&str>) -> Result<Pulled> {
        let mut session = Session::open(account).await?;
        let validity = session.examine(folder(account)).await?;
        let known = cursor.and_then(|cursor| cursor.split_once(':'));
        let known: Option<(u32, u32)> =
            known.and_then(|(of, uid)| Some((of.parse().ok()?, uid.parse().ok()?)));
        let (after, since) = match known {
            Some((of, uid)) if of == validity => (uid, None),
            _ => (0_u32, Some(app.clock.now() - FIRST_LOOK)),
        };
        let mut uids = session.newer(after, since).await?;
        let more = uids.len() > PAGE;
        uids.truncate(PAGE);
        let found = session.sizes(&uids).await?;
        let mut page = Page {
            account,
            validity,
            mailbox: [
                account.setting("imap_host"),
                account.setting("imap_port"),
                name(account),
                folder(account),
                &validity.to_string(),
            ]
            .join("\n"),
            pulled: Pulled {
                more,
                ..Pulled::default()
            },
        };
        page.pulled.cursor = Some(format!("{validity}:{after}"));
        let (mut bytes, began) = (0, app.clock.monotonic());
        for uid in uids {
            let Some(found) = found.iter().find(|found| found.uid == uid) else {
                // Taken away in between.
                page.done(uid);
                continue;
            };
            // A server that does not search by date gives all.
            if since.is_some_and(|since| found.at.is_some_and(|at| at < since)) {
                page.done(uid);
                continue;
            }
            let long = app.clock.monotonic().saturating_sub(began) > PAGE_TIME;
            if bytes > PAGE_BYTES || long {
                page.pulled.more = true;
                break;
            }
            match self.mail(&mut session, &page, found).await {
                Ok(mail) => {
                    bytes += mail.as_ref().map_or(0, |mail| mail.bytes.len());
                    page.read(found, mail).await;
                }
                Err(_problem) if page.pulled.cursor_moved(validity, after) => {
                    // What was read until here is kept; the next look begins with this one.
                    return Ok(page.pulled);
                }
                Err(problem) => return Err(problem),
            }
        }
        session.close().await;
        Ok(page.pulled)
    }

    /// One mail; `None` when the server cannot give it, now or after it broke the connection again and again.
    async fn mail(
        &self,
        session: &mut Session,
        page: &Page<'_>,
        found: &Found,
    ) -> Result<Option<Mail>> {
        if self.failures(&page.mailbox, found.uid) >= GIVEN_UP_AFTER {
            tracing::warn!(
                channel = %page.account.channel, uid = found.uid,
                "a mail breaks the connection and is left in its mailbox"
            );
            return Ok(None);
        }
        let whole = found.size <= page.largest();
        let most = if whole { page.largest() } else { BEGINNING };
        let fetched = Clock::guard(MAIL_TIME, session.mail(found.uid, whole, most)).await;
        match fetched.unwrap_or_else(|_elapsed| Err(silent("one mail takes too long"))) {
            Ok(bytes) => Ok(bytes.map(|bytes| Mail {
                bytes,
                whole,
                size: found.size,
                at: found.at,
            })),
            Err(problem) => {
                let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                let before = broken.get(&page.mailbox).copied();
                let times = match before {
                    Some((uid, times)) if uid == found.uid => times + 1,
                    _ => 1,
                };
                broken.insert(page.mailbox.clone(), (found.uid, times));
                Err(problem)
            }
        }
    }

    fn failures(&self, mailbox: &str, uid: u32) -> u32 {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        match broken.get(mailbox) {
            Some((broken, times)) if *broken == uid => *times,
            _ => 0,
        }
    }
}

/// What is put together of one look.
struct Page<'a> {
    account: &'a Account,
    validity: u32,
    mailbox: String,
    pulled: Pulled,
}

impl Page<'_> {
    fn largest(&self) -> usize {
        let megabytes = self.account.number("largest_mb", 25).clamp(1, 60);
        usize::try_from(megabytes).unwrap_or(25) << 20
    }

    fn done(&mut self, uid: u32) {
        self.pulled.cursor = Some(format!("{}:{uid}", self.validity));
    }

    /// Reads a mail beside the runtime: it is some work, and one that makes the parser panic is set aside as well.
    async fn read(&mut self, found: &Found, mail: Option<Mail>) {
        let id = format!("uid:{}:{}", self.validity, found.uid);
        let own = self.account.setting("address").to_owned();
        match mail {
            None => {
                let told = format!("UID {}, {} bytes", found.uid, found.size);
                let told = (Some(id), "mail_not_given", told);
                self.pulled.unreadable.push(told);
            }
            Some(mail) => {
                let beginning = String::from_utf8_lossy(&mail.bytes[..mail.bytes.len().min(4_096)]);
                let beginning = beginning.into_owned();
                let read = tokio::task::spawn_blocking(move || parse::read(&mail, &own)).await;
                match read.unwrap_or(Read::Unreadable("mail_unreadable")) {
                    Read::Said(inbound) => self.pulled.inbound.extend(inbound),
                    Read::Nothing => {}
                    Read::Unreadable(code) => {
                        self.pulled.unreadable.push((Some(id), code, beginning));
                    }
                }
            }
        }
        self.done(found.uid);
    }
}

impl Pulled {
    fn cursor_moved(&self, validity: u32, after: u32) -> bool {
        self.cursor != Some(format!("{validity}:{after}"))
    }
}

/// The mailbox is silent: tried again later.
fn silent(why: &str) -> Problem {
    unavailable("platform_unreachable", format!("the mailbox: {why}"))
}

fn folder(account: &Account) -> &str {
    match account.setting("imap_folder").trim() {
        "" => "INBOX",
        folder => folder,
    }
}

fn name(account: &Account) -> &str {
    match account.setting("username").trim() {
        "" => account.setting("address").trim(),
        name => name,
    }
}

/// The addresses of a mail server that may be called now.
async fn resolved(account: &Account, host: &str, port: i64) -> Result<Vec<std::net::SocketAddr>> {
    let url: Url = outbound::checked(&format!("https://{host}:{port}"), account.allow_private)?;
    let addresses = outbound::resolved(&url, account.allow_private).await?;
    // `https` leaves its own port out of the address.
    let port = u16::try_from(port).map_err(|_| silent("the port is none"))?;
    let at = addresses.into_iter().map(|address| (address.ip(), port));
    Ok(at.map(Into::into).collect())
}

/// The certificates of `ca_pem`.
fn certificates(account: &Account) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(account.setting("ca_pem").as_bytes())
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| silent(&format!("ca_pem: {error}")))
}
