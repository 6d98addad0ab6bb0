//! The signalling: SIP over UDP by hand, all callers and all phones on one socket. It says the least that a call
//! needs.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use md5::{Digest as _, Md5};
use telephony::media::sdp;

use super::voices::Voices;

/// A call, as its caller and the agent's phone saw it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    called: Option<Instant>,
    answered: Option<Instant>,
    rung: Option<Instant>,
    refused: Option<u16>,
    over: bool,
}

/// One of our dialogs.
#[derive(Debug)]
struct Dialog {
    call: usize,
    invite: String,
    /// To header of the 200 and where requests go.
    remote: Option<(String, String)>,
}

#[derive(Debug, Default)]
struct Book {
    calls: Vec<Seen>,
    dialogs: HashMap<String, Dialog>,
    /// Phones by their username: the end of its voice, the secret, whether it is registered.
    phones: HashMap<String, (usize, String, bool)>,
}

/// All telephones. Calls are numbered from 0; call `n` speaks with the end `n`.
pub struct Telephones {
    socket: UdpSocket,
    own: SocketAddr,
    server: SocketAddr,
    voices: Arc<Voices>,
    book: Mutex<Book>,
}

impl Telephones {
    /// Opens the socket and listens.
    pub fn open(server: SocketAddr, voices: Arc<Voices>) -> Result<Arc<Self>> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let telephones = Arc::new(Self {
            own: socket.local_addr()?,
            socket,
            server,
            voices,
            book: Mutex::default(),
        });
        let listening = Arc::downgrade(&telephones);
        let socket = telephones.socket.try_clone()?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        std::thread::Builder::new()
            .name("signalling".into())
            .spawn(move || {
                let mut datagram = vec![0; 65_536];
                loop {
                    let heard = socket.recv_from(&mut datagram);
                    let Some(telephones) = listening.upgrade() else {
                        return;
                    };
                    if let Ok((length, _)) = heard {
                        let at = Instant::now();
                        telephones.hear(&String::from_utf8_lossy(&datagram[..length]), at);
                    }
                }
            })?;
        Ok(telephones)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: &str) {
        let _ = self.socket.send_to(message.as_bytes(), self.server);
    }

    /// Registers a phone that speaks with this end.
    pub async fn register(&self, user: &str, secret: &str, end: usize) -> Result<()> {
        let phone = (end, secret.to_owned(), false);
        self.book().phones.insert(user.to_owned(), phone);
        for _ in 0..5 {
            self.send(&self.registration(user, 1, ""));
            for _ in 0..40 {
                tokio::time::sleep(Duration::from_millis(25)).await;
                if self.book().phones.get(user).is_some_and(|phone| phone.2) {
                    return Ok(());
                }
            }
        }
        bail!("{user} is not registered")
    }

    fn registration(&self, user: &str, number: u32, proof: &str) -> String {
        let own = self.own;
        format!(
            "REGISTER sip:127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bKr{user}x{number};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:{user}@127.0.0.1>;tag=r{user}\r\n\
             To: <sip:{user}@127.0.0.1>\r\n\
             Call-ID: register-{user}-{port}\r\n\
             CSeq: {number} REGISTER\r\n\
             Contact: <sip:{user}@{own}>\r\n\
             Expires: 3600\r\n{proof}Content-Length: 0\r\n\r\n",
            port = own.port(),
        )
    }

    /// Calls the hotline.
    pub fn call(&self, call: usize) {
        let description = description(self.own, self.voices.port(call));
        let own = self.own;
        let id = format!("call{call}-{}", own.port());
        let invite = format!(
            "INVITE sip:12333@{server} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bKi{call};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:1390000{call:04}@127.0.0.1>;tag=c{call}\r\n\
             To: <sip:12333@{server}>\r\n\
             Call-ID: {id}\r\n\
             CSeq: 1 INVITE\r\n\
             Contact: <sip:1390000{call:04}@{own}>\r\n\
             Content-Type: application/sdp\r\n\
             Content-Length: {length}\r\n\r\n{description}",
            server = self.server,
            length = description.len(),
        );
        {
            let mut book = self.book();
            if book.calls.len() <= call {
                book.calls.resize(call + 1, Seen::default());
            }
            book.calls[call].called = Some(Instant::now());
            let dialog = Dialog {
                call,
                invite: invite.clone(),
                remote: None,
            };
            book.dialogs.insert(id, dialog);
        }
        self.send(&invite);
    }

    /// Calls whose caller and agent both talk.
    pub fn talking(&self) -> usize {
        let book = self.book();
        let talk = |call: &&Seen| call.answered.is_some() && call.rung.is_some() && !call.over;
        book.calls.iter().filter(talk).count()
    }

    /// Why calls did not come through or ended early; empty when all talk.
    pub fn trouble(&self) -> String {
        let mut text = String::new();
        for (number, call) in self.book().calls.iter().enumerate() {
            if call.refused.is_some() || call.over || call.rung.is_none() {
                let _ = write!(text, "call {number}: {call:?}; ");
            }
        }
        text.truncate(600);
        text
    }

    /// From the INVITE to its 200, and to the ring at the agent's phone, of these calls, sorted.
    pub fn times(&self, calls: std::ops::Range<usize>) -> (Vec<Duration>, Vec<Duration>) {
        let book = self.book();
        let since = |what: fn(&Seen) -> Option<Instant>| {
            let mut times: Vec<Duration> = book.calls[calls.clone()]
                .iter()
                .filter_map(|call| Some(what(call)?.saturating_duration_since(call.called?)))
                .collect();
            times.sort_unstable();
            times
        };
        (since(|call| call.answered), since(|call| call.rung))
    }

    /// Hangs one call up.
    pub fn hang_up(&self, call: usize) {
        let id = format!("call{call}-{}", self.own.port());
        let bye = {
            let mut book = self.book();
            if let Some(seen) = book.calls.get_mut(call) {
                seen.over = true;
            }
            book.dialogs
                .get(&id)
                .and_then(|dialog| self.inside(dialog, "BYE", 2))
        };
        self.voices.aim(call, None);
        if let Some(bye) = bye {
            self.send(&bye);
        }
    }

    /// A request of ours in a dialog that stands.
    fn inside(&self, dialog: &Dialog, method: &str, number: u32) -> Option<String> {
        let (to, target) = dialog.remote.as_ref()?;
        Some(format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK{method}{call};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
             CSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n",
            own = self.own,
            call = dialog.call,
            from = header(&dialog.invite, "from")?,
            id = header(&dialog.invite, "call-id")?,
        ))
    }

    fn hear(&self, message: &str, at: Instant) {
        let heard = if message.starts_with("SIP/2.0 ") {
            self.answer(message, at)
        } else {
            self.request(message, at)
        };
        if heard.is_none() {
            eprintln!("not understood: {}", message.lines().next().unwrap_or(""));
        }
    }

    /// What an answer to us means.
    fn answer(&self, message: &str, at: Instant) -> Option<()> {
        let status: u16 = message.split(' ').nth(1)?.parse().ok()?;
        let method = header(message, "cseq")?.split(' ').nth(1)?;
        match method {
            "REGISTER" => {
                let user = between(header(message, "to")?, "sip:", "@")?;
                let mut book = self.book();
                let phone = book.phones.get_mut(user)?;
                if status == 200 {
                    phone.2 = true;
                } else if status == 401 {
                    let proof = proof(message, user, &phone.1)?;
                    drop(book);
                    self.send(&self.registration(user, 2, &proof));
                } else {
                    eprintln!("{user}: {status} to REGISTER");
                }
            }
            "INVITE" if status >= 200 => {
                let mut book = self.book();
                let dialog = book.dialogs.get_mut(header(message, "call-id")?)?;
                let call = dialog.call;
                let to = header(message, "to")?.to_owned();
                if status >= 300 {
                    let target = dialog.invite.split(' ').nth(1)?.to_owned();
                    dialog.remote = Some((to, target));
                    let ack = self.inside(dialog, "ACK", 1)?;
                    // The ACK of a refusal belongs to the INVITE's transaction.
                    let ack = ack.replace("z9hG4bKACK", "z9hG4bKi");
                    book.calls[call].refused = Some(status);
                    drop(book);
                    self.send(&ack);
                    return Some(());
                }
                let target = between(header(message, "contact")?, "<", ">")?.to_owned();
                dialog.remote = Some((to, target));
                let ack = self.inside(dialog, "ACK", 1)?;
                book.calls[call].answered.get_or_insert(at);
                drop(book);
                self.send(&ack);
                self.voices.aim(call, target_of(message));
            }
            _ => {}
        }
        Some(())
    }

    /// What the server wants of us.
    fn request(&self, message: &str, at: Instant) -> Option<()> {
        let method = message.split(' ').next()?;
        match method {
            "ACK" => {}
            "INVITE" => {
                let user = between(message, "INVITE sip:", "@")?;
                let mut book = self.book();
                // Without a phone our caller's dialog is offered anew.
                let end = if let Some((end, _, _)) = book.phones.get(user) {
                    *end
                } else {
                    book.dialogs.get(header(message, "call-id")?)?.call
                };
                let port = self.voices.port(end);
                // An agent is shown the number's end only.
                let shown = between(header(message, "from")?, "\"", "\"").unwrap_or_default();
                let tail = shown.get(shown.len().saturating_sub(4)..);
                let number: Option<usize> = tail.and_then(|tail| tail.parse().ok());
                if let Some(call) = number.and_then(|number| book.calls.get_mut(number)) {
                    call.rung.get_or_insert(at);
                }
                drop(book);
                let body = description(self.own, port);
                self.send(&self.reply(message, user, &body)?);
                self.voices.aim(end, target_of(message));
            }
            "BYE" | "CANCEL" => {
                let mut book = self.book();
                if let Some(dialog) = book.dialogs.get(header(message, "call-id")?) {
                    let call = dialog.call;
                    book.calls[call].over = true;
                }
                drop(book);
                let user = between(message, " sip:", "@")?;
                if let Some((end, _, _)) = self.book().phones.get(user) {
                    self.voices.aim(*end, None);
                }
                self.send(&self.reply(message, user, "")?);
            }
            _ => {
                let user = between(message, " sip:", "@").unwrap_or("nobody");
                self.send(&self.reply(message, user, "")?);
            }
        }
        Some(())
    }

    /// 200 to a request.
    fn reply(&self, request: &str, user: &str, body: &str) -> Option<String> {
        let mut text = String::from("SIP/2.0 200 OK\r\n");
        for line in request.split("\r\n\r\n").next()?.lines().skip(1) {
            let (name, _) = line.split_once(':')?;
            match name.trim().to_ascii_lowercase().as_str() {
                "via" | "from" | "call-id" | "cseq" | "record-route" => {
                    let _ = write!(text, "{line}\r\n");
                }
                "to" if line.contains("tag=") => {
                    let _ = write!(text, "{line}\r\n");
                }
                "to" => {
                    let _ = write!(text, "{line};tag=phone\r\n");
                }
                _ => {}
            }
        }
        let _ = write!(text, "Contact: <sip:{user}@{}>\r\n", self.own);
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        Some(text)
    }
}

/// One header's value, the first of that name.
fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        let found = found.trim().eq_ignore_ascii_case(name);
        found.then(|| value.trim())
    })
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?
        .1
        .split_once(to)
        .map(|(found, _)| found)
}

/// Where a message's description wants the voice.
fn target_of(message: &str) -> Option<SocketAddr> {
    let (_, body) = message.split_once("\r\n\r\n")?;
    sdp::parse(body.as_bytes()).ok()?.audio.address
}

fn description(own: SocketAddr, port: u16) -> String {
    let ip = own.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
    )
}

/// The Authorization line that answers a challenge.
fn proof(challenge: &str, user: &str, secret: &str) -> Option<String> {
    let www = header(challenge, "www-authenticate")?;
    let realm = between(www, "realm=\"", "\"")?;
    let nonce = between(www, "nonce=\"", "\"")?;
    let md5 = |text: String| hex::encode(Md5::digest(text));
    let ours = md5(format!("{user}:{realm}:{secret}"));
    let asked = md5("REGISTER:sip:127.0.0.1".to_owned());
    let response = md5(format!("{ours}:{nonce}:00000001:cn:auth:{asked}"));
    Some(format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"sip:127.0.0.1\", response=\"{response}\", algorithm=MD5, cnonce=\"cn\", qop=auth, nc=00000001\r\n"
    ))
}

/// Waits until so many calls talk.
pub async fn all_talk(telephones: &Telephones, calls: usize, within: Duration) -> Result<()> {
    let until = Instant::now() + within;
    while telephones.talking() < calls {
        if Instant::now() > until {
            let talking = telephones.talking();
            let trouble = telephones.trouble();
            return Err(anyhow::anyhow!("{talking} of {calls} calls talk"))
                .with_context(|| trouble);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
