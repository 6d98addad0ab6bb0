//! How much a source may send, before anything of it is read.
//!
//! Every source has its own limit and all strangers together have one, so that a flood with forged addresses does not
//! keep the stack busy either. Neither holds for a trunk peer or for the very address and port a device registered from:
//! their traffic goes on while the flood lasts. Who is a trunk peer is asked of the [`Board`] each time: a trunk that is
//! added is not limited from then on, one that is removed is.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Clock;

use super::Turned;
use super::blocked::{Blocked, Noted, Why};
use crate::sip::registrar::Registrar;
use crate::sip::sources::RateLimit;
use crate::trunk::board::Board;

/// Messages a second from all strangers, in one source's worth.
const STRANGERS: u32 = 8;

/// Lets messages pass, or not.
pub(in crate::sip) struct Gate {
    clock: Clock,
    board: Arc<Board>,
    registrar: Arc<Registrar>,
    scanners: Vec<String>,
    each: Mutex<RateLimit>,
    all: Mutex<RateLimit>,
    noted: Mutex<Noted>,
    turned: Arc<Turned>,
}

impl Gate {
    /// `per_second` messages from one source; `scanners` are words of a User-Agent that gets no answer.
    pub fn new(
        clock: Clock,
        per_second: u32,
        board: Arc<Board>,
        scanners: &[String],
        registrar: Arc<Registrar>,
        turned: Arc<Turned>,
    ) -> Self {
        Self {
            clock,
            board,
            registrar,
            scanners: scanners
                .iter()
                .map(|word| word.trim().to_ascii_lowercase())
                .filter(|word| !word.is_empty())
                .collect(),
            each: Mutex::new(RateLimit::per_second(per_second)),
            all: Mutex::new(RateLimit::per_second(per_second.saturating_mul(STRANGERS))),
            noted: Mutex::default(),
            turned,
        }
    }

    /// Whether one more message of this source is taken.
    pub fn admits(&self, from: SocketAddr) -> bool {
        if self.is_trunk(from.ip()) {
            return true;
        }
        let now = self.clock.now();
        let take = |limit: &Mutex<RateLimit>, ip| {
            limit
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .allows(ip, now)
        };
        // What its own limit stops does not eat up what all strangers have.
        let everybody = IpAddr::from([0, 0, 0, 0]);
        if take(&self.each, from.ip()) && take(&self.all, everybody) {
            return true;
        }
        if self.registrar.is_flow(from) {
            return true;
        }
        self.too_many(from.ip());
        false
    }

    /// Counts what is turned away for being too much.
    pub fn too_many(&self, from: IpAddr) {
        self.turned.too_many.fetch_add(1, Relaxed);
        self.noted().note(Why::Flood, from, self.clock.now());
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is turned away now.
    pub fn blocked(&self) -> Vec<Blocked> {
        self.noted().list(self.clock.now())
    }

    /// Lets a source in before its time; false when it is not turned away.
    pub fn release(&self, why: Why, address: IpAddr) -> bool {
        if why == Why::Flood {
            self.each
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .forget(address);
        }
        self.noted().release(why, address, self.clock.now())
    }

    /// A trunk peer, or where a device registered from.
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.is_trunk(from.ip()) || self.registrar.is_flow(from)
    }

    /// Whether the message names itself as one of the known scanners. These hear nothing, and so find nobody here.
    pub fn is_scan(&self, message: &[u8], from: SocketAddr) -> bool {
        let Some(agent) = user_agent(message) else {
            return false;
        };
        let agent = String::from_utf8_lossy(agent).to_ascii_lowercase();
        if !self.scanners.iter().any(|word| agent.contains(word)) || self.knows(from) {
            return false;
        }
        let now = self.clock.now();
        let mut noted = self.noted();
        if noted.is_let_in(from.ip(), now) {
            return false;
        }
        noted.note(Why::Scanner, from.ip(), now);
        self.turned.scans.fetch_add(1, Relaxed);
        true
    }

    fn is_trunk(&self, ip: IpAddr) -> bool {
        self.board.knows(ip)
    }
}

/// The value of the User-Agent line.
fn user_agent(message: &[u8]) -> Option<&[u8]> {
    message
        .split(|byte| *byte == b'\n')
        .take_while(|line| !matches!(*line, b"" | b"\r"))
        .find_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            name.trim_ascii()
                .eq_ignore_ascii_case(b"user-agent")
                .then_some(&value[1..])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_is_read_from_the_header_only() {
        let message = b"OPTIONS sip:x SIP/2.0\r\nVia: y\r\nUSER-AGENT : friendly-scanner\r\n\r\nUser-Agent: body\r\n";
        assert_eq!(user_agent(message), Some(&b" friendly-scanner\r"[..]));
        assert_eq!(
            user_agent(b"OPTIONS sip:x SIP/2.0\r\n\r\nUser-Agent: body"),
            None
        );
    }
}
