//! rsipstack behind [`Signaling`]: listeners, what comes in, what goes out.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use call_control::DeviceId;
use kernel::{App, Problem};
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::prelude::{HasHeaders as _, HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, Method, Request, StatusCode, Transport, Uri};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::guard::{Guard, Turned, source_of};
use super::leg::{self, Dialing, Leg, Order};
use super::registrar::Registrar;
use super::sources::{Network, RateLimit};
use super::transport::{BoundedUdp, acceptor, serve_streams};
use super::{
    Binding, CallTaker, DeviceDirectory, Dial, IncomingCall, Invite, LegEvent, LegEvents,
    Registration, Signaling, SipLeg,
};

/// Where a trunk listens that names no port.
const SIP_PORT: u16 = 5060;
/// Requests that may be worked on at the same time; the next are refused.
const OPEN_REQUESTS: usize = 4000;
/// Datagrams a second from one source, for each INVITE a second it may send.
const DATAGRAMS_PER_INVITE: u32 = 40;

/// Settings of the signalling.
#[derive(Debug, Clone)]
pub struct SipConfig {
    /// Address for UDP and TCP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address for TLS, with certificate and key (PEM).
    pub tls: Option<(SocketAddr, Vec<u8>, Vec<u8>)>,
    /// Realm of the desk phones' digest.
    pub realm: String,
    /// Numbers that the public calls.
    pub hotline_numbers: Vec<String>,
    /// Who may call them.
    pub trunks: Vec<Network>,
    /// Where our own calls go, in this order; with none, the single addresses among `trunks`, port 5060.
    pub trunk_hosts: Vec<SocketAddr>,
    /// INVITEs a second from one source.
    pub invites_per_second: u32,
}

/// The SIP side of the server.
pub struct SipStack {
    app: App,
    config: SipConfig,
    pub(super) dialogs: Arc<DialogLayer>,
    registrar: Arc<Registrar>,
    turned: Arc<Turned>,
    sockets: super::socket::Sockets,
    address: SocketAddr,
    contact: Uri,
    stop: CancellationToken,
}

impl SipStack {
    /// Binds the listeners and starts to serve. `changes` hears who registers.
    pub async fn start(
        app: App,
        config: SipConfig,
        directory: Arc<dyn DeviceDirectory>,
        changes: mpsc::UnboundedSender<Registration>,
        taker: Arc<dyn CallTaker>,
    ) -> Result<Arc<Self>, Problem> {
        // Not the process's own token: the calls end first, over a stack that still serves.
        let stop = CancellationToken::new();
        let registrar = Arc::new(Registrar::new(
            app.clock.clone(),
            app.ids.clone(),
            &config.realm,
            directory,
            changes,
        ));
        let (udp, tcp) = bind(config.listen).await?;
        let address = udp.local_addr().map_err(kernel::problem::internal)?;
        let seen = Arc::new(AtomicU64::new(0));
        let turned = Arc::new(Turned::default());
        let guard = Guard::new(
            app.clock.clone(),
            config.invites_per_second,
            Arc::clone(&registrar),
            Arc::clone(&turned),
            Arc::clone(&seen),
        );
        let layer = TransportLayer::new(stop.clone());
        let datagrams = config
            .invites_per_second
            .saturating_mul(DATAGRAMS_PER_INVITE);
        let socket = Arc::new(BoundedUdp {
            socket: udp,
            clock: app.clock.clone(),
            read: AtomicU64::new(0),
            seen,
            sources: Mutex::new(RateLimit::per_second(datagrams)),
        });
        let udp = UdpConnection::from_socket(socket, None, Some(stop.child_token()))
            .await
            .map_err(kernel::problem::internal)?;
        let advertised = udp.get_addr().clone();
        layer.add_transport(udp.into());
        let tls = match &config.tls {
            Some((listen, certificate, key)) => {
                let acceptor = acceptor(certificate, key).map_err(kernel::problem::internal)?;
                Some((bind_tcp(*listen).await?, acceptor))
            }
            None => None,
        };
        let options = EndpointOption {
            // Its default is the author's domain.
            callid_suffix: Some("shoujie.invalid".to_owned()),
            ..EndpointOption::default()
        };
        let endpoint = EndpointBuilder::new()
            .with_user_agent("Shoujie")
            .with_cancel_token(stop.clone())
            .with_transport_layer(layer)
            .with_option(options)
            .with_allows(vec![
                Method::Invite,
                Method::Ack,
                Method::Cancel,
                Method::Bye,
                Method::Options,
                Method::Register,
                Method::Info,
                Method::Update,
                Method::PRack,
                Method::Refer,
                Method::Notify,
            ])
            .with_transport_inspector(Box::new(guard))
            .build();
        let mut incoming = endpoint
            .incoming_transactions()
            .map_err(kernel::problem::internal)?;
        let contact = format!("sip:shoujie@{}", advertised.addr);
        let stack = Arc::new(Self {
            contact: contact
                .as_str()
                .try_into()
                .map_err(kernel::problem::internal)?,
            dialogs: Arc::new(DialogLayer::new(endpoint.inner.clone())),
            registrar,
            turned,
            sockets: super::socket::Sockets::default(),
            address,
            app,
            config,
            stop: stop.clone(),
        });
        let tasks = &stack.app.tasks;
        let tcp_addr = SipAddr {
            r#type: Some(Transport::Tcp),
            ..advertised
        };
        let plain = (tcp, None, tcp_addr);
        let secure = match tls {
            Some((listener, acceptor)) => {
                let listens = listener.local_addr().map_err(kernel::problem::internal)?;
                let address = SipAddr {
                    r#type: Some(Transport::Tls),
                    addr: listens.into(),
                };
                Some((listener, Some(acceptor), address))
            }
            None => None,
        };
        for (listener, tls, address) in [Some(plain), secure].into_iter().flatten() {
            tasks.spawn(serve_streams(
                listener,
                tls,
                address,
                endpoint.inner.clone(),
                stack.app.clock.clone(),
                stop.clone(),
            ));
        }
        let sweeper = Arc::clone(&stack);
        let stopped = stop.clone();
        tasks.spawn(async move {
            while !stopped.is_cancelled() {
                sweeper.registrar.sweep();
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = sweeper.app.clock.sleep(Duration::from_secs(5)) => {}
                }
            }
        });
        let inner = endpoint.inner.clone();
        tasks.spawn(async move {
            if let Err(error) = inner.serve().await {
                tracing::error!(%error, "SIP stack stopped");
            }
        });
        let server = Arc::clone(&stack);
        let slots = Arc::new(Semaphore::new(OPEN_REQUESTS));
        tasks.spawn(async move {
            loop {
                let next = tokio::select! {
                    () = stop.cancelled() => None,
                    next = incoming.recv() => next,
                };
                let Some(mut transaction) = next else { return };
                let server = Arc::clone(&server);
                let taker = Arc::clone(&taker);
                let slot = Arc::clone(&slots).try_acquire_owned();
                tokio::spawn(async move {
                    let served = match slot {
                        Ok(_slot) => server.serve(transaction, taker.as_ref()).await,
                        Err(_) => transaction.reply(StatusCode::ServiceUnavailable).await,
                    };
                    if let Err(error) = served {
                        tracing::debug!(%error, "SIP request not served");
                    }
                });
            }
        });
        tracing::info!(%address, "SIP listens on UDP and TCP");
        Ok(stack)
    }

    /// The address of UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The settings it runs with.
    pub fn config(&self) -> &SipConfig {
        &self.config
    }

    /// Who is registered.
    pub fn registrar(&self) -> &Arc<Registrar> {
        &self.registrar
    }

    /// What was turned away at the door.
    pub fn turned(&self) -> &Turned {
        &self.turned
    }

    /// The softphones' open sockets.
    pub fn sockets(&self) -> &super::socket::Sockets {
        &self.sockets
    }

    pub(super) fn clock(&self) -> kernel::Clock {
        self.app.clock.clone()
    }

    /// Gives the last BYEs a moment and closes the listeners.
    pub(crate) async fn stop(&self) {
        for _ in 0..20 {
            if self.dialogs.is_empty() {
                break;
            }
            self.app.clock.sleep(Duration::from_millis(50)).await;
        }
        self.stop.cancel();
    }

    /// Dialogs open now: in a test, what was not cleaned up.
    pub fn open_dialogs(&self) -> usize {
        self.dialogs.len()
    }

    async fn serve(&self, mut tx: Transaction, taker: &dyn CallTaker) -> rsipstack::Result<()> {
        let method = tx.original.method;
        let in_dialog = matches!(tx.original.to_header()?.tag(), Ok(Some(_)));
        if in_dialog {
            return match self.dialogs.match_dialog(&tx) {
                Some(mut dialog) => dialog.handle(&mut tx).await,
                None if method == Method::Ack => Ok(()),
                None => tx.reply(StatusCode::CallTransactionDoesNotExist).await,
            };
        }
        match method {
            Method::Invite => self.invited(tx, taker).await,
            Method::Register => {
                let Some(connection) = tx.connection.clone() else {
                    return Ok(());
                };
                let reply = self.registrar.register(&tx.original, &connection).await;
                tx.reply_with(reply.status, reply.headers, None).await
            }
            Method::Options => {
                let allow = Header::Allow("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE".into());
                let accept = Header::Accept("application/sdp".into());
                tx.reply_with(StatusCode::OK, vec![allow, accept], None)
                    .await
            }
            Method::Ack | Method::Cancel => Ok(()),
            _ => {
                let allow = Header::Allow("INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER".into());
                tx.reply_with(StatusCode::MethodNotAllowed, vec![allow], None)
                    .await
            }
        }
    }

    async fn invited(&self, mut tx: Transaction, taker: &dyn CallTaker) -> rsipstack::Result<()> {
        let Some(connection) = tx.connection.clone() else {
            return Ok(());
        };
        let source = match SipConnection::parse_target_from_via(tx.original.via_header()?) {
            Ok((_, address)) => source_of(&connection, &address.into()),
            Err(_) => None,
        };
        let Some(source) = source else {
            return tx.reply(StatusCode::BadRequest).await;
        };
        let trunk = !self.registrar.is_socket(&connection)
            && self
                .config
                .trunks
                .iter()
                .any(|network| network.contains(source));
        if !trunk {
            tracing::info!(%source, "INVITE refused: not a trunk peer");
            return tx.reply(StatusCode::Forbidden).await;
        }
        // Only the hotline exists for the outside: names of agents look like any wrong number.
        let called = tx.original.uri.user().unwrap_or_default().to_owned();
        if !self.config.hotline_numbers.contains(&called) {
            return tx.reply(StatusCode::NotFound).await;
        }
        if let Some(unsupported) = unsupported_extension(&tx.original) {
            let header = Header::Unsupported(unsupported.into());
            return tx
                .reply_with(StatusCode::BadExtension, vec![header], None)
                .await;
        }
        if tx.original.contact_header().is_err() {
            return tx.reply(StatusCode::BadRequest).await;
        }
        let (states, state_events) = self.dialogs.new_dialog_state_channel();
        let contact = self.contact_for(&connection);
        let dialog = self
            .dialogs
            .get_or_create_server_invite(&tx, states, None, Some(contact))?;
        let offer = (!tx.original.body.is_empty()).then(|| tx.original.body.clone());
        let (events, leg_events) = mpsc::unbounded_channel();
        let (orders, order_events) = mpsc::unbounded_channel();
        let leg = Leg {
            dialog: dialog.clone(),
            dialogs: Arc::clone(&self.dialogs),
            clock: self.app.clock.clone(),
            events,
            name: leg::DialogName::default(),
            connection: None,
            outgoing: false,
            late_offer: offer.is_none(),
            transfers: false,
            local_sdp: String::new(),
            dialing: None,
        };
        let name = Arc::clone(&leg.name);
        // Never sent: an incoming leg does not fail that way.
        let (never, failed) = oneshot::channel();
        tokio::spawn(async move {
            leg::run(leg, state_events, order_events, failed).await;
            drop(never);
        });
        taker.incoming(IncomingCall {
            leg: Arc::new(leg::Handle { orders, name }),
            events: leg_events,
            called,
            caller: caller_of(&tx.original),
            source,
            offer,
            sip_call_id: tx.original.call_id_header()?.value().to_owned(),
        });
        let mut dialog = dialog;
        dialog.handle(&mut tx).await
    }

    /// Our Contact as the far end of this connection must use it.
    fn contact_for(&self, connection: &SipConnection) -> Uri {
        let mut contact = self.contact.clone();
        let transport = connection.transport();
        if transport != Transport::Udp {
            contact
                .params
                .push(rsipstack::sip::Param::Transport(transport));
        }
        contact
    }
}

impl Signaling for SipStack {
    fn invite(&self, invite: Invite) -> (Arc<dyn SipLeg>, LegEvents) {
        let (events, leg_events) = mpsc::unbounded_channel();
        let (orders, order_events) = mpsc::unbounded_channel();
        let name = leg::DialogName::default();
        let decline = events.clone();
        let sent = self.send_invite(invite, events, order_events, Arc::clone(&name));
        if let Err(error) = sent {
            tracing::warn!(%error, "INVITE not sent");
            let _ = decline.send(LegEvent::Declined(500));
        }
        (Arc::new(leg::Handle { orders, name }), leg_events)
    }

    fn dial(&self, dial: Dial) -> (Arc<dyn SipLeg>, LegEvents) {
        let (events, leg_events) = mpsc::unbounded_channel();
        let (orders, order_events) = mpsc::unbounded_channel();
        let name = leg::DialogName::default();
        let decline = events.clone();
        let sent = self.send_dial(dial, events, order_events, Arc::clone(&name));
        if let Err(status) = sent {
            let _ = decline.send(LegEvent::Declined(status));
        }
        (Arc::new(leg::Handle { orders, name }), leg_events)
    }

    fn devices(&self, user: Uuid) -> Vec<Binding> {
        self.registrar.of(user)
    }

    fn device(&self, device: DeviceId) -> Option<Binding> {
        self.registrar.get(device)
    }
}

impl SipStack {
    fn send_invite(
        &self,
        invite: Invite,
        events: mpsc::UnboundedSender<LegEvent>,
        orders: mpsc::UnboundedReceiver<Order>,
        name: leg::DialogName,
    ) -> rsipstack::Result<()> {
        let caller: Uri = self.contact.clone();
        let headers = invite
            .headers
            .into_iter()
            .map(|(name, value)| Header::Other(name.to_owned(), value))
            .collect();
        let option = InviteOption {
            caller_display_name: Some(invite.display),
            caller,
            callee: invite.to.contact.clone(),
            // A browser's contact is *.invalid and a phone's may lie behind a NAT: where its REGISTER
            // came from is where it is.
            destination: Some(invite.to.destination.clone()),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(invite.offer.clone().into_bytes()),
            contact: self.contact.clone(),
            headers: Some(headers),
            ..InviteOption::default()
        };
        let attempt = leg::send(&self.dialogs, option)?;
        let leg = Leg {
            dialog: attempt.dialog,
            dialogs: Arc::clone(&self.dialogs),
            clock: self.app.clock.clone(),
            events,
            name,
            connection: invite.to.closed.clone(),
            outgoing: true,
            late_offer: false,
            transfers: true,
            local_sdp: invite.offer,
            dialing: None,
        };
        tokio::spawn(leg::run(leg, attempt.states, orders, attempt.failed));
        Ok(())
    }

    /// Calls over the first trunk that takes it; `Err` is the status that nobody answered with.
    fn send_dial(
        &self,
        dial: Dial,
        events: mpsc::UnboundedSender<LegEvent>,
        orders: mpsc::UnboundedReceiver<Order>,
        name: leg::DialogName,
    ) -> Result<(), u16> {
        let ways = self.ways(&dial)?;
        let clock = self.app.clock.clone();
        let mut dialing = Dialing::new(Arc::clone(&self.dialogs), clock.clone(), ways);
        let attempt = dialing.next(0).ok_or(503u16)?;
        let leg = Leg {
            dialog: attempt.dialog,
            dialogs: Arc::clone(&self.dialogs),
            clock,
            events,
            name,
            connection: None,
            outgoing: true,
            late_offer: false,
            transfers: false,
            local_sdp: dial.offer,
            dialing: Some(dialing),
        };
        tokio::spawn(leg::run(leg, attempt.states, orders, attempt.failed));
        Ok(())
    }

    /// The trunks that this call may take, the best first.
    fn ways(&self, dial: &Dial) -> Result<VecDeque<leg::Way>, u16> {
        // 484 Address Incomplete: no trunk is asked about what is no number.
        if !dialable(&dial.number) {
            return Err(484);
        }
        let hosts = if self.config.trunk_hosts.is_empty() {
            let single = self.config.trunks.iter().filter_map(Network::single);
            single.map(|ip| SocketAddr::new(ip, SIP_PORT)).collect()
        } else {
            self.config.trunk_hosts.clone()
        };
        let ways: VecDeque<_> = hosts
            .into_iter()
            .filter_map(|host| {
                let option = self.trunk_invite(dial, host).ok()?;
                let trunk = host.to_string();
                Some(leg::Way { trunk, option })
            })
            .collect();
        if ways.is_empty() { Err(503) } else { Ok(ways) }
    }

    fn trunk_invite(&self, dial: &Dial, host: SocketAddr) -> rsipstack::Result<InviteOption> {
        // `#` would end the URI.
        let number = dial.number.replace('#', "%23");
        let callee: Uri = format!("sip:{number}@{host}").as_str().try_into()?;
        let own = &self.contact.host_with_port;
        let mut headers: Vec<Header> = dial
            .headers
            .iter()
            .map(|(name, value)| Header::Other((*name).to_owned(), value.clone()))
            .collect();
        let (caller, display) = match &dial.caller_id {
            Some(shown) => (format!("sip:{shown}@{own}"), None),
            None => {
                headers.push(Header::Other("Privacy".to_owned(), "id".to_owned()));
                let display = Some("Anonymous".to_owned());
                ("sip:anonymous@anonymous.invalid".to_owned(), display)
            }
        };
        Ok(InviteOption {
            caller_display_name: display,
            caller: caller.as_str().try_into()?,
            callee,
            content_type: Some("application/sdp".to_owned()),
            offer: Some(dial.offer.clone().into_bytes()),
            contact: self.contact.clone(),
            headers: Some(headers),
            support_prack: true,
            ..InviteOption::default()
        })
    }
}

/// Whether a trunk can be asked for it.
fn dialable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (1..=32).contains(&digits.len())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || c == '*' || c == '#')
}

fn address_taken(listen: SocketAddr, error: &std::io::Error) -> Problem {
    kernel::problem::unavailable(
        "sip_address_taken",
        format!("SIP address {listen}: {error}"),
    )
}

async fn bind_tcp(listen: SocketAddr) -> Result<TcpListener, Problem> {
    TcpListener::bind(listen)
        .await
        .map_err(|error| address_taken(listen, &error))
}

/// Binds UDP and TCP to the same port.
async fn bind(listen: SocketAddr) -> Result<(tokio::net::UdpSocket, TcpListener), Problem> {
    let taken = |error| address_taken(listen, &error);
    // With port 0 the kernel chooses for UDP; somebody may hold the same port for TCP.
    for _ in 0..20 {
        let udp = tokio::net::UdpSocket::bind(listen).await.map_err(taken)?;
        let address = udp.local_addr().map_err(taken)?;
        match TcpListener::bind(address).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(_) if listen.port() == 0 => {}
            Err(error) => return Err(taken(error)),
        }
    }
    Err(kernel::problem::unavailable(
        "sip_address_taken",
        "no port free for both UDP and TCP",
    ))
}

/// The caller's number: P-Asserted-Identity of the trunk before From (RFC 3325), only what can be
/// part of a number. Nobody's identity rests on it.
fn caller_of(request: &Request) -> String {
    let asserted = request
        .p_asserted_identity_header()
        .and_then(|header| uri_user(header.value()));
    let from = || {
        let from = request.from_header().ok()?.typed().ok()?;
        Some(from.uri.user()?.to_owned())
    };
    let user = asserted.or_else(from).unwrap_or_default();
    let number: String = user.chars().take(32).collect();
    let is_number = !number.is_empty()
        && number
            .chars()
            .enumerate()
            .all(|(at, c)| c.is_ascii_digit() || (at == 0 && c == '+'));
    if is_number { number } else { String::new() }
}

/// The user part of the first sip: or tel: URI in a header value.
fn uri_user(value: &str) -> Option<String> {
    let start = value.find("sip:").or_else(|| value.find("tel:"))? + 4;
    let rest = &value[start..];
    let end = rest.find(['@', '>', ';', ',']).unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_owned())
}

/// The first option of Require that we do not know. 100rel needs nothing of us: we send no
/// provisional response but 100.
fn unsupported_extension(request: &Request) -> Option<String> {
    request
        .headers()
        .iter()
        .filter_map(|header| match header {
            Header::Require(require) => Some(require.value().to_owned()),
            _ => None,
        })
        .flat_map(|value| {
            value
                .split(',')
                .map(|token| token.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .find(|token| !token.is_empty() && !token.eq_ignore_ascii_case("100rel"))
}
