//! An exchange that speaks `FreeSWITCH`'s event socket as `mod_event_socket` does: it asks for the password, sends what
//! was subscribed as frames with a length, URL-encodes values, and answers `show channels` and `uuid_dump`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use kernel::Clock;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// One channel, by its headers.
#[derive(Debug, Clone)]
struct Channel {
    seq: u64,
    headers: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct State {
    channels: BTreeMap<String, Channel>,
    legs: u64,
    events: u64,
    signed_in: usize,
    refused: usize,
    /// Commands that came, in their order, without the password.
    asked: Vec<String>,
    /// New connections are closed at once.
    down: bool,
    /// Nothing that happens is told.
    quiet: bool,
    /// Everything is told twice.
    twice: bool,
}

#[derive(Clone, Debug)]
enum Out {
    Frame(String),
    Cut,
}

/// The exchange.
#[derive(Clone)]
pub struct FreeSwitch {
    address: SocketAddr,
    clock: Clock,
    state: Arc<Mutex<State>>,
    out: broadcast::Sender<Out>,
}

impl FreeSwitch {
    /// Listens on this machine; events bear the time of `clock`.
    ///
    /// # Panics
    /// When there is no port to be had.
    pub async fn start(password: &str, clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let exchange = Self {
            address: listener.local_addr().expect("an address"),
            clock: clock.clone(),
            state: Arc::default(),
            out: broadcast::channel(4096).0,
        };
        let (here, password) = (exchange.clone(), password.to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if here.state().down {
                    continue;
                }
                let (here, password) = (here.clone(), password.clone());
                tokio::spawn(async move {
                    // A peer that goes away in the middle is no fault.
                    let _ = here.serve(stream, &password).await;
                });
            }
        });
        exchange
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The port of its event socket.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many signed in so far, and how many were refused.
    pub fn sign_ins(&self) -> (usize, usize) {
        let state = self.state();
        (state.signed_in, state.refused)
    }

    /// Commands that came, without the password.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// From now on what happens is told to nobody, or again.
    pub fn quiet(&self, quiet: bool) {
        self.state().quiet = quiet;
    }

    /// From now on every event is told twice.
    pub fn twice(&self, twice: bool) {
        self.state().twice = twice;
    }

    /// Cuts every connection; while `down`, new ones too.
    pub fn cut(&self, down: bool) {
        self.state().down = down;
        // Nobody may be connected.
        let _ = self.out.send(Out::Cut);
    }

    async fn serve(&self, stream: TcpStream, password: &str) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"Content-Type: auth/request\n\n").await?;
        let mut out = self.out.subscribe();
        let (mut known, mut hears, mut command) = (false, false, String::new());
        loop {
            let line = tokio::select! {
                line = lines.next_line() => line?,
                sent = out.recv() => match sent {
                    Ok(Out::Frame(frame)) if hears => {
                        write.write_all(frame.as_bytes()).await?;
                        continue;
                    }
                    Ok(Out::Frame(_)) => continue,
                    Ok(Out::Cut) | Err(_) => return Ok(()),
                },
            };
            let Some(line) = line else { return Ok(()) };
            if !line.is_empty() {
                if command.is_empty() {
                    command = line;
                }
                continue;
            }
            let asked = std::mem::take(&mut command);
            if asked.is_empty() {
                continue;
            }
            if let Some(given) = asked.strip_prefix("auth ") {
                if given == password {
                    known = true;
                    self.state().signed_in += 1;
                    write.write_all(reply("+OK accepted").as_bytes()).await?;
                    continue;
                }
                self.state().refused += 1;
                write.write_all(reply("-ERR invalid").as_bytes()).await?;
                let notice =
                    "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n";
                let frame = format!(
                    "Content-Type: text/disconnect-notice\nContent-Length: {}\n\n{notice}",
                    notice.len()
                );
                return write.write_all(frame.as_bytes()).await;
            }
            if !known {
                write
                    .write_all(reply("-ERR command not found").as_bytes())
                    .await?;
                continue;
            }
            self.state().asked.push(asked.clone());
            let answer = if asked.starts_with("event plain ") {
                hears = true;
                reply("+OK event listener enabled plain")
            } else if asked == "api show channels as json" {
                response(&self.channels())
            } else if let Some(uuid) = asked.strip_prefix("api uuid_dump ") {
                response(&self.dump(uuid))
            } else {
                reply("-ERR command not found")
            };
            write.write_all(answer.as_bytes()).await?;
        }
    }

    fn channels(&self) -> String {
        let state = self.state();
        let mut all: Vec<(&String, &Channel)> = state.channels.iter().collect();
        all.sort_by_key(|(_, channel)| channel.seq);
        if all.is_empty() {
            return json!({ "row_count": 0 }).to_string();
        }
        let rows: Vec<_> = all
            .iter()
            .map(|(uuid, channel)| {
                let get = |name: &str| channel.headers.get(name).cloned().unwrap_or_default();
                json!({
                    "uuid": uuid, "direction": get("Call-Direction"), "cid_num": get("Caller-Caller-ID-Number"),
                    "dest": get("Caller-Destination-Number"), "call_uuid": get("Channel-Call-UUID"),
                    "state": "CS_EXECUTE", "callstate": "ACTIVE",
                })
            })
            .collect();
        json!({ "row_count": rows.len(), "rows": rows }).to_string()
    }

    fn dump(&self, uuid: &str) -> String {
        let state = self.state();
        let Some(channel) = state.channels.get(uuid) else {
            return "-ERR No such channel!\n".to_owned();
        };
        let mut text = String::from("Event-Name: CHANNEL_DATA\n");
        for (name, value) in &channel.headers {
            let _ = writeln!(text, "{name}: {}", encoded(value));
        }
        text.push('\n');
        text
    }

    // ---- what happens on it

    fn tell(&self, kind: &str, headers: &BTreeMap<String, String>) {
        let mut state = self.state();
        state.events += 1;
        if state.quiet {
            return;
        }
        let now = self.clock.now();
        let mut body = format!(
            "Event-Name: {kind}\nCore-UUID: 4f3f6a0e-5d0b-4c6e-9f3b-1d0a8b7c6d5e\nFreeSWITCH-Hostname: pbx\n\
             FreeSWITCH-IPv4: 127.0.0.1\nEvent-Date-Local: {}\nEvent-Date-Timestamp: {}\n\
             Event-Calling-File: switch_channel.c\nEvent-Sequence: {}\n",
            encoded(&now.format("%Y-%m-%d %H:%M:%S").to_string()),
            now.timestamp_micros(),
            state.events,
        );
        for (name, value) in headers {
            let _ = writeln!(body, "{name}: {}", encoded(value));
        }
        body.push('\n');
        let frame = format!(
            "Content-Length: {}\nContent-Type: text/event-plain\n\n{body}",
            body.len()
        );
        for _ in 0..=u8::from(state.twice) {
            // Nobody may be connected.
            let _ = self.out.send(Out::Frame(frame.clone()));
        }
    }

    /// A channel is made; answers its identifier.
    fn create(&self, mut headers: BTreeMap<String, String>, call: Option<&str>) -> String {
        let now = self.clock.now();
        let uuid = {
            let mut state = self.state();
            state.legs += 1;
            let uuid = format!("{:08x}-7c1e-4a4e-8d55-{:012x}", state.legs, self.port());
            set(&mut headers, "Unique-ID", &uuid);
            set(&mut headers, "Channel-Call-UUID", call.unwrap_or(&uuid));
            set(&mut headers, "Channel-State", "CS_INIT");
            set(&mut headers, "Answer-State", "ringing");
            set(
                &mut headers,
                "Caller-Channel-Created-Time",
                &now.timestamp_micros().to_string(),
            );
            set(&mut headers, "Caller-Channel-Answered-Time", "0");
            let seq = state.legs;
            let headers = headers.clone();
            state
                .channels
                .insert(uuid.clone(), Channel { seq, headers });
            uuid
        };
        self.tell("CHANNEL_CREATE", &headers);
        uuid
    }

    /// A requester calls in: the caller's leg.
    pub fn comes_in(&self, from: &str, to: &str) -> String {
        let headers = [
            ("Call-Direction", "inbound"),
            (
                "Channel-Name",
                &format!("sofia/external/{from}@198.51.100.7"),
            ),
            ("Caller-Context", "public"),
            ("Caller-Caller-ID-Name", "张 三"),
            ("Caller-Caller-ID-Number", from),
            ("Caller-ANI", from),
            ("Caller-Destination-Number", to),
            ("variable_sip_req_user", to),
        ];
        self.create(map(&headers), None)
    }

    /// An agent calls somebody: his leg.
    pub fn goes_out(&self, extension: &str, to: &str) -> String {
        let headers = [
            ("Call-Direction", "inbound"),
            ("Channel-Name", &format!("sofia/internal/{extension}@pbx")),
            ("Caller-Context", "default"),
            ("Caller-Caller-ID-Number", "12333"),
            ("Caller-Destination-Number", to),
            ("variable_user_name", extension),
        ];
        self.create(map(&headers), None)
    }

    /// The exchange calls somebody for this call: an extension, or over its trunk.
    pub fn rings(&self, call: &str, to: &str) -> String {
        let headers = [
            ("Call-Direction", "outbound"),
            ("Channel-Name", &format!("sofia/internal/{to}@pbx")),
            ("Caller-Caller-ID-Number", "13900000000"),
            ("Caller-Callee-ID-Number", to),
            ("Caller-Destination-Number", to),
            ("Other-Leg-Unique-ID", call),
            ("variable_originator", call),
        ];
        self.create(map(&headers), Some(call))
    }

    /// A leg answers.
    pub fn answers(&self, leg: &str) {
        let at = self.clock.now().timestamp_micros().to_string();
        let headers = self.change(leg, |headers| {
            set(headers, "Answer-State", "answered");
            set(headers, "Channel-State", "CS_EXECUTE");
            set(headers, "Caller-Channel-Answered-Time", &at);
        });
        self.tell("CHANNEL_ANSWER", &headers);
    }

    /// `mod_callcenter` tells of a caller in its queue, by the caller's leg; it keeps with that leg what it knows.
    pub fn queue(&self, call: &str, action: &str, queue: &str, agent: Option<&str>) {
        let now = self.clock.now();
        let number = self
            .change(call, |headers| {
                set(headers, "variable_cc_queue", queue);
                if let (Some(agent), "bridge-agent-start") = (agent, action) {
                    set(headers, "variable_cc_agent", agent);
                    set(headers, "variable_cc_queue_answered_epoch", &seconds(now));
                }
            })
            .get("Caller-Caller-ID-Number")
            .cloned()
            .unwrap_or_default();
        let mut headers = map(&[
            ("Event-Subclass", "callcenter::info"),
            ("CC-Action", action),
            ("CC-Queue", queue),
            ("CC-Member-UUID", "7d6c5b4a-0000-4000-8000-000000000001"),
            ("CC-Member-Session-UUID", call),
            ("CC-Member-CID-Name", "张 三"),
            ("CC-Member-CID-Number", &number),
        ]);
        if let Some(agent) = agent {
            set(&mut headers, "CC-Agent", agent);
        }
        self.tell("CUSTOM", &headers);
    }

    /// A leg is over; `far` when it was let go by who is at its end.
    pub fn hangs_up(&self, leg: &str, far: bool) {
        let mut headers = self.change(leg, |_| {});
        self.state().channels.remove(leg);
        let by = if far { "recv_bye" } else { "send_bye" };
        set(&mut headers, "Channel-State", "CS_REPORTING");
        set(&mut headers, "Hangup-Cause", "NORMAL_CLEARING");
        set(&mut headers, "variable_sip_hangup_disposition", by);
        self.tell("CHANNEL_HANGUP_COMPLETE", &headers);
    }

    fn change(
        &self,
        leg: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> BTreeMap<String, String> {
        let mut state = self.state();
        let Some(channel) = state.channels.get_mut(leg) else {
            return BTreeMap::new();
        };
        change(&mut channel.headers);
        channel.headers.clone()
    }
}

fn map(headers: &[(&str, &str)]) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn set(headers: &mut BTreeMap<String, String>, name: &str, value: &str) {
    headers.insert(name.to_owned(), value.to_owned());
}

fn seconds(at: DateTime<Utc>) -> String {
    at.timestamp().to_string()
}

fn reply(text: &str) -> String {
    format!("Content-Type: command/reply\nReply-Text: {text}\n\n")
}

fn response(body: &str) -> String {
    format!(
        "Content-Type: api/response\nContent-Length: {}\n\n{body}",
        body.len()
    )
}

/// As `switch_url_encode` does it.
fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()/@:,+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
