//! Asks after each trunk: registers where we have to and keeps the way back open, sends OPTIONS, and tells people
//! when one goes down or comes back.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chrono::TimeDelta;
use kernel::{App, Audience};
use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::registration::Registration;
use rsipstack::sip::typed::{Contact, From, To};
use rsipstack::sip::{Method, SipMessage, StatusCodeKind, Uri};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::{SipAddr, SipConnection};
use serde_json::json;

use super::board::Line;
use super::health::{Asked, Heard, Turn, next_registration};
use super::store::Trunk;
use super::{TrunkFault, TrunkKind, TrunkTransport};
use crate::sip::towards;

/// An OPTIONS or REGISTER without an answer is given up after it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a registration is asked for.
const EXPIRES: u32 = 600;
/// Between two packets that keep a NAT's way open: there are some that forget a silent one after 20 s.
const KEEP_OPEN: TimeDelta = TimeDelta::seconds(15);
/// An empty line (RFC 5626 §3.5.1), which says nothing and is passed over.
const EMPTY: &[u8] = b"\r\n\r\n";
/// Host names are looked up again after it.
const NAMES: TimeDelta = TimeDelta::minutes(1);

/// What the watching needs of the stack.
#[derive(Clone)]
pub(crate) struct Watch {
    pub app: App,
    pub endpoint: EndpointInnerRef,
    /// Our Contact.
    pub contact: Uri,
    /// Where we listen.
    pub listen: SocketAddr,
}

impl Watch {
    /// Watches a trunk until it changes or the stack stops.
    pub(crate) fn start(&self, line: &Arc<Line>) {
        for part in Part::ALL {
            tokio::spawn(Box::pin(self.clone().run(Arc::clone(line), part)));
        }
    }

    async fn run(self, line: Arc<Line>, part: Part) {
        let stop = line.stop.clone();
        let shutdown = self.app.shutdown.clone();
        let work = async {
            match part {
                Part::Names => self.look_up_names(&line).await,
                Part::Options if line.trunk.enabled && line.trunk.options_s > 0 => {
                    Box::pin(self.ask(&line)).await;
                }
                Part::Registration
                    if line.trunk.enabled && line.trunk.kind == TrunkKind::Registration =>
                {
                    Box::pin(self.register(&line)).await;
                }
                Part::WayBack
                    if line.trunk.enabled
                        && line.trunk.kind == TrunkKind::Registration
                        && line.trunk.transport == TrunkTransport::Udp =>
                {
                    self.keep_open(&line).await;
                }
                Part::Options | Part::Registration | Part::WayBack => {}
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = shutdown.cancelled() => {}
            () = work => return,
        }
        let leaves = shutdown.is_cancelled() || line.leaves.load(Relaxed);
        if part == Part::Registration && leaves && line.registered_until().is_some() {
            Box::pin(self.unregister(&line)).await;
        }
    }

    async fn look_up_names(&self, line: &Line) {
        if line.trunk.host.parse::<IpAddr>().is_ok() {
            return;
        }
        loop {
            let host = (line.trunk.host.as_str(), line.trunk.port);
            match tokio::net::lookup_host(host).await {
                Ok(found) => {
                    let found = found.map(|address| address.ip().to_canonical());
                    line.set_addresses(found.take(16).collect());
                }
                // What was known stays known.
                Err(error) => tracing::warn!(host = host.0, %error, "trunk's name not found"),
            }
            let next = self.app.clock.now() + NAMES;
            self.app.clock.sleep_until(next).await;
        }
    }

    async fn ask(&self, line: &Line) {
        let pause = TimeDelta::seconds(i64::from(line.trunk.options_s));
        if line.trunk.kind == TrunkKind::Registration {
            line.asked.notified().await;
        }
        loop {
            let begun = self.app.clock.now();
            let heard = self.ask_once(line).await;
            self.hear(line, Asked::Options, heard).await;
            self.app.clock.sleep_until(begun + pause).await;
        }
    }

    /// Asks because somebody wants to know it now. It counts where the trunk is asked by itself too; another one may
    /// never answer OPTIONS, and is not down for it.
    pub(crate) async fn ask_now(&self, line: &Line) -> Heard {
        let heard = self.ask_once(line).await;
        if line.trunk.enabled && line.trunk.options_s > 0 {
            self.hear(line, Asked::Options, heard).await;
        }
        heard
    }

    async fn ask_once(&self, line: &Line) -> Heard {
        let begun = self.app.clock.now();
        let asked = async {
            let target: Uri = line.uri(None).as_str().try_into()?;
            self.options(target, None).await
        };
        let answered = self.app.clock.timeout(PATIENCE, Box::pin(asked)).await;
        match answered {
            Ok(Ok(Some(status))) => Heard::Answer {
                status,
                latency_ms: millis(self.app.clock.now() - begun),
            },
            Ok(Err(error)) => {
                tracing::debug!(trunk = line.trunk.name, %error, "OPTIONS not sent");
                Heard::Nothing(TrunkFault::of(&error))
            }
            _ => Heard::Nothing(TrunkFault::Silent),
        }
    }

    /// A carrier that we registered with over UDP calls us the way we came, and a NAT forgets that way long before the
    /// registration runs out.
    async fn keep_open(&self, line: &Line) {
        loop {
            let next = self.app.clock.now() + KEEP_OPEN;
            self.app.clock.sleep_until(next).await;
            if line.registered_until().is_none() {
                continue;
            }
            if let Err(error) = Box::pin(self.pass_by(line)).await {
                tracing::debug!(trunk = line.trunk.name, %error, "way back not kept open");
            }
        }
    }

    async fn pass_by(&self, line: &Line) -> rsipstack::Result<()> {
        let target: Uri = line.uri(None).as_str().try_into()?;
        let address = SipAddr::try_from(&target)?;
        let layer = &self.endpoint.transport_layer;
        let (connection, found) = layer.lookup(&address, None).await?;
        if let SipConnection::Udp(udp) = connection {
            udp.send_raw(EMPTY, &found).await?;
        }
        Ok(())
    }

    /// Sends OPTIONS to `target`, to where it is if that is not where it says; gives the status.
    pub(crate) async fn options(
        &self,
        target: Uri,
        destination: Option<SipAddr>,
    ) -> rsipstack::Result<Option<u16>> {
        let address = match &destination {
            Some(address) => address.clone(),
            None => SipAddr::try_from(&target)?,
        };
        let layer = &self.endpoint.transport_layer;
        let (connection, _) = layer.lookup(&address, None).await?;
        let own = connection.get_addr().clone();
        let via = self.endpoint.get_via(Some(own), None)?;
        let from = From {
            display_name: None,
            uri: self.contact.clone(),
            params: Vec::new(),
        }
        .with_tag(rsipstack::transaction::make_tag());
        let to = To {
            display_name: None,
            uri: target.clone(),
            params: Vec::new(),
        };
        let method = Method::Options;
        let mut request = self
            .endpoint
            .make_request(method, target, via, from, to, 1, None);
        let contact = Contact {
            display_name: None,
            uri: self.contact.clone(),
            params: Vec::new(),
        };
        request.headers.unique_push(contact.into());
        let key = TransactionKey::from_request(&request, TransactionRole::Client)?;
        let mut transaction = Transaction::new_client(key, request, self.endpoint.clone(), None);
        transaction.destination = destination;
        transaction.send().await?;
        while let Some(message) = transaction.receive().await {
            if let SipMessage::Response(response) = message
                && response.status_code.kind() != StatusCodeKind::Provisional
            {
                return Ok(Some(response.status_code.code()));
            }
        }
        Ok(None)
    }

    async fn register(&self, line: &Line) {
        let mut registration = self.registration(line);
        let mut failures = 0u32;
        loop {
            let begun = self.app.clock.now();
            let asked = async {
                let server: Uri = line.uri(None).as_str().try_into()?;
                registration.register(server, Some(EXPIRES)).await
            };
            let answered = self.app.clock.timeout(PATIENCE, Box::pin(asked)).await;
            let now = self.app.clock.now();
            let heard = match answered {
                Ok(Ok(response)) => Heard::Answer {
                    status: response.status_code.code(),
                    latency_ms: millis(now - begun),
                },
                Ok(Err(error)) => {
                    tracing::debug!(trunk = line.trunk.name, %error, "REGISTER came to nothing");
                    Heard::Nothing(TrunkFault::of(&error))
                }
                Err(_) => Heard::Nothing(TrunkFault::Silent),
            };
            let granted = match heard {
                Heard::Answer { status, .. } if status < 300 => Some(registration.expires()),
                _ => None,
            };
            if let Some(seconds) = granted {
                failures = 0;
                let until = now + TimeDelta::seconds(i64::from(seconds));
                line.set_registered_until(Some(until));
            } else {
                failures = failures.saturating_add(1);
                if line.registered_until().is_some_and(|until| until <= now) {
                    line.set_registered_until(None);
                }
            }
            self.hear(line, Asked::Register, heard).await;
            line.asked.notify_one();
            let pause = next_registration(granted, failures, rand::random());
            tokio::select! {
                () = self.app.clock.sleep_until(now + pause) => {}
                // It was away, answers again and may have forgotten us.
                () = line.let_in.notified() => {}
            }
        }
    }

    /// Lets the carrier know that we are gone; not waited for long.
    async fn unregister(&self, line: &Line) {
        line.set_registered_until(None);
        let mut registration = self.registration(line);
        let asked = async {
            let server: Uri = line.uri(None).as_str().try_into()?;
            registration.register(server, Some(0)).await
        };
        // A registration that is not taken back runs out by itself.
        let _ = self.app.clock.timeout(PATIENCE, Box::pin(asked)).await;
    }

    fn registration(&self, line: &Line) -> Registration {
        let trunk = &line.trunk;
        let credential = credential(trunk);
        let user = trunk.auth_user.clone();
        let mut registration = Registration::new(self.endpoint.clone(), credential);
        let mut uri = towards(&self.contact, self.listen, line.address());
        if let Some(user) = user {
            uri.auth = Some(rsipstack::sip::Auth {
                user,
                password: None,
            });
        }
        let transport = match trunk.transport {
            TrunkTransport::Udp => None,
            TrunkTransport::Tcp => Some(rsipstack::sip::Transport::Tcp),
            TrunkTransport::Tls => Some(rsipstack::sip::Transport::Tls),
        };
        uri.params
            .extend(transport.map(rsipstack::sip::Param::Transport));
        registration.contact = Some(Contact {
            display_name: None,
            uri,
            params: Vec::new(),
        });
        registration
    }

    async fn hear(&self, line: &Line, asked: Asked, heard: Heard) {
        let Some(turn) = line.hear(asked, heard, self.app.clock.now()) else {
            return;
        };
        let (kind, code) = match turn {
            Turn::WentDown => ("trunk.down", "trunk_down"),
            Turn::CameBack => ("trunk.up", "trunk_up"),
        };
        let name = line.trunk.name.clone();
        tracing::warn!(trunk = name, ?heard, code, "trunk changed");
        let audience = Audience::Permission("telephony:view");
        let alarm = json!({ "code": code, "detail": name, "trunk_id": line.trunk.id });
        self.app.live.publish(audience, "alarm", alarm);
        let (app, id) = (self.app.clone(), line.trunk.id);
        let (status, fault) = (line.health().status, line.health().fault);
        let written = app
            .db
            .clone()
            .write(move |tx| async move {
                let facts =
                    json!({ "number": name, "name": name, "status": status, "fault": fault });
                app.events.publish(&tx, kind, id, facts).await
            })
            .await;
        if let Err(error) = written {
            tracing::error!(%error, "a trunk's change is not written down");
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Names,
    Options,
    Registration,
    WayBack,
}

impl Part {
    const ALL: [Self; 4] = [
        Self::Names,
        Self::Options,
        Self::Registration,
        Self::WayBack,
    ];
}

/// Who we are at a trunk.
pub(crate) fn credential(trunk: &Trunk) -> Option<Credential> {
    let (user, secret) = trunk.auth_user.clone().zip(trunk.secret.clone())?;
    Some(Credential {
        username: user,
        password: secret.0,
        realm: None,
        auth_username: None,
    })
}

fn millis(time: TimeDelta) -> u32 {
    u32::try_from(time.num_milliseconds()).unwrap_or(0)
}
