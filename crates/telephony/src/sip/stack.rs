//! rsipstack behind [`Signaling`](super::Signaling): listeners and what comes in; what goes out in
//! [`outgoing`].

mod binding;
mod outgoing;
mod request;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use kernel::{App, Problem};
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{Header, Method, Request, StatusCode, Transport, Uri};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TransportLayer};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::trunk::board::{Board, Line, Stranger};
use crate::trunk::watch::Watch;
use crate::trunk::{Srtp, TrunkKind, rewritten};

use binding::{bind, bind_tcp};
use request::{caller_of, unsupported_extension};

use super::dialogs::Dialogs;
use super::guard::blocked::{Blocked, Why};
use super::guard::{Gate, Guard, Turned, source_of};
use super::leg::{self, Leg};
use super::nat::{Door, keep_target};
use super::registrar::Registrar;
use super::secrecy;
use super::sources::Network;
use super::stream::Intake;
use super::timer::{self, Asked, SessionTimer};
use super::transport::{BoundedUdp, acceptor, serve_streams, trust};
use super::{CallTaker, DeviceDirectory, IncomingCall, Registration};
use crate::ladder::Ladder;
use crate::media::leg::local_ip;

/// The user part of our Contact.
const OUR_USER: &str = "shoujie";
/// What we take within a dialog and outside.
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";
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
    /// Whether the voice of desk phones is encrypted.
    pub phone_srtp: Srtp,
    /// Certificates (PEM) that we trust when we call over TLS; `None`: those of the system.
    pub tls_trusted: Option<Vec<u8>>,
    /// INVITEs a second from one source.
    pub invites_per_second: u32,
    /// Words of a User-Agent that gets no answer.
    pub scanners: Vec<String>,
}

/// The SIP side of the server.
pub struct SipStack {
    app: App,
    config: SipConfig,
    pub(super) dialogs: Dialogs,
    registrar: Arc<Registrar>,
    turned: Arc<Turned>,
    sockets: super::socket::Sockets,
    ladder: Ladder,
    address: SocketAddr,
    contact: Uri,
    /// Where others reach us over TLS.
    secure_port: Option<u16>,
    board: Arc<Board>,
    gate: Arc<Gate>,
    watch: Watch,
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
        let ladder = Ladder::new(app.clock.clone(), address);
        let datagrams = config
            .invites_per_second
            .saturating_mul(DATAGRAMS_PER_INVITE);
        let board = Arc::new(Board::new(&app, &config));
        let gate = Arc::new(Gate::new(
            app.clock.clone(),
            datagrams,
            Arc::clone(&board),
            &config.scanners,
            Arc::clone(&registrar),
            Arc::clone(&turned),
        ));
        let guard = Guard::new(
            app.clock.clone(),
            config.invites_per_second,
            Arc::clone(&registrar),
            Arc::clone(&gate),
            Arc::clone(&turned),
            Arc::clone(&seen),
            ladder.clone(),
        );
        let guard = Door {
            guard,
            registrar: Arc::clone(&registrar),
        };
        let layer = TransportLayer::new(stop.clone());
        trust(&layer, config.tls_trusted.clone());
        let socket = Arc::new(BoundedUdp {
            socket: udp,
            clock: app.clock.clone(),
            read: AtomicU64::new(0),
            seen,
            gate: Arc::clone(&gate),
            turned: Arc::clone(&turned),
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
            .with_inspector(Box::new(ladder.clone()))
            .build();
        let mut incoming = endpoint
            .incoming_transactions()
            .map_err(kernel::problem::internal)?;
        let contact = format!("sip:{OUR_USER}@{}", advertised.addr);
        let contact: Uri = contact
            .as_str()
            .try_into()
            .map_err(kernel::problem::internal)?;
        let secure_port = match &tls {
            Some((listener, _)) => Some(listener.local_addr().map_err(kernel::problem::internal)?),
            None => None,
        };
        let watch = Watch {
            app: app.clone(),
            endpoint: endpoint.inner.clone(),
            contact: contact.clone(),
            listen: address,
        };
        let stack = Arc::new(Self {
            contact,
            secure_port: secure_port.map(|address| address.port()),
            board,
            gate: Arc::clone(&gate),
            watch,
            dialogs: Dialogs::new(Arc::new(DialogLayer::new(endpoint.inner.clone()))),
            registrar,
            turned,
            sockets: super::socket::Sockets::default(),
            ladder,
            address,
            app,
            config,
            stop: stop.clone(),
        });
        let tasks = &stack.app.tasks;
        let intake = Arc::new(Intake {
            endpoint: endpoint.inner.clone(),
            gate,
            turned: Arc::clone(&stack.turned),
            clock: stack.app.clock.clone(),
        });
        let secure = tls.map(|(listener, acceptor)| (listener, Some(acceptor)));
        for (listener, tls) in [Some((tcp, None)), secure].into_iter().flatten() {
            tasks.spawn(serve_streams(
                listener,
                tls,
                Arc::clone(&intake),
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
        tasks.spawn(Arc::clone(&stack).keep_ways_open());
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
        stack.load_trunks().await?;
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

    /// Who is turned away now, what ends last first.
    pub fn blocked(&self) -> Vec<Blocked> {
        let mut blocked = self.gate.blocked();
        blocked.extend(self.registrar.locked());
        blocked.sort_by_key(|one| std::cmp::Reverse(one.until));
        blocked
    }

    /// Lets a source in before its time; false when it is not turned away.
    pub fn release(&self, why: Why, address: Option<IpAddr>, account: Option<&str>) -> bool {
        match (why, address) {
            (Why::Secret, _) => self.registrar.release(address, account.unwrap_or_default()),
            (_, Some(address)) => self.gate.release(why, address),
            (_, None) => false,
        }
    }

    /// The messages of the calls that run.
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
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
            if self.dialogs.layer().is_empty() {
                break;
            }
            self.app.clock.sleep(Duration::from_millis(50)).await;
        }
        self.stop.cancel();
    }

    /// Dialogs open now: in a test, what was not cleaned up.
    pub fn open_dialogs(&self) -> usize {
        self.dialogs.layer().len()
    }

    async fn serve(&self, mut tx: Transaction, taker: &dyn CallTaker) -> rsipstack::Result<()> {
        let method = tx.original.method;
        let in_dialog = matches!(tx.original.to_header()?.tag(), Ok(Some(_)));
        if in_dialog {
            return match self.dialogs.layer().match_dialog(&tx) {
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
                let allow = Header::Allow(ALLOW.into());
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
        let asked_for = tx.original.uri.user().unwrap_or_default().to_owned();
        let desk_phone = match self.registrar.dialling(&tx.original, &connection).await {
            Some(Ok(phone)) => Some(phone),
            Some(Err(reply)) => return tx.reply_with(reply.status, reply.headers, None).await,
            None => None,
        };
        let trunk = if desk_phone.is_some() {
            Ok(None)
        } else if self.registrar.is_socket(&connection) {
            Err(Stranger)
        } else {
            let secure = connection.transport() == Transport::Tls;
            self.board.caller(source, &asked_for, secure)
        };
        let Ok(line) = trunk else {
            tracing::info!(%source, "INVITE refused: not a trunk peer");
            return tx.reply(StatusCode::Forbidden).await;
        };
        // Only the hotline exists for the outside: names of agents look like any wrong number. What a desk phone may
        // call the rules of outbound calls say.
        let called = match &desk_phone {
            Some(_) => Some(asked_for),
            None => self.called(&tx.original, asked_for, line.as_deref()),
        };
        let Some(called) = called else {
            return tx.reply(StatusCode::NotFound).await;
        };
        let place = line.as_ref().map(|line| line.place());
        if matches!(place, Some(None)) {
            tracing::warn!(%source, "INVITE refused: the trunk has as many calls as it may");
            return tx.reply(StatusCode::ServiceUnavailable).await;
        }
        let srtp = match (&desk_phone, &line) {
            (Some(_), _) => self.config.phone_srtp,
            (None, Some(line)) => line.trunk.srtp,
            (None, None) => Srtp::Off,
        };
        let offer = match secrecy::theirs(&tx.original.body, srtp) {
            Ok(offer) => (!offer.is_empty()).then_some(offer),
            Err(status) => return tx.reply(status.into()).await,
        };
        let asked = timer::asked(&tx.original.headers);
        if asked == Asked::TooShort {
            let min = Header::Other("Min-SE".to_owned(), timer::MIN_SE.to_string());
            return tx.reply_with(StatusCode::from(422), vec![min], None).await;
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
        let contact = self.contact_for(&connection, source);
        let (dialog, states) = self.dialogs.answer(&tx, contact)?;
        keep_target(&tx.original, &dialog);
        let (events, leg_events) = mpsc::unbounded_channel();
        let (orders, order_events) = mpsc::unbounded_channel();
        let leg = Leg {
            dialog: dialog.clone(),
            dialogs: self.dialogs.clone(),
            clock: self.app.clock.clone(),
            events,
            name: leg::DialogName::default(),
            connection: desk_phone.as_ref().and_then(|phone| phone.closed.clone()),
            outgoing: false,
            late_offer: offer.is_none(),
            transfers: desk_phone.is_some(),
            transferred: leg::nothing_to_tell(),
            local_sdp: String::new(),
            dialing: None,
            srtp,
            asked,
            timer: SessionTimer::Off,
            updates: timer::lists(&tx.original.headers, &["Allow"], "UPDATE"),
            place: place.flatten(),
        };
        let name = Arc::clone(&leg.name);
        // Never sent: an incoming leg does not fail that way.
        let (never, failed) = oneshot::channel();
        tokio::spawn(async move {
            leg::run(leg, states, order_events, failed).await;
            drop(never);
        });
        taker.incoming(IncomingCall {
            leg: Arc::new(leg::Handle { orders, name }),
            events: leg_events,
            called,
            caller: match &line {
                Some(line) => rewritten(&line.trunk.rewrite_in, &caller_of(&tx.original)).0,
                None => caller_of(&tx.original),
            },
            source,
            offer,
            sip_call_id: tx.original.call_id_header()?.value().to_owned(),
            desk_phone,
        });
        let mut dialog = dialog;
        dialog.handle(&mut tx).await
    }

    /// The number of ours that was called; `None` when it is none of ours. A carrier that we register with
    /// calls our user there and names the number in To.
    fn called(&self, request: &Request, user: String, line: Option<&Line>) -> Option<String> {
        let to = || {
            let to = request.to_header().ok()?.typed().ok()?;
            to.uri.user().map(str::to_owned)
        };
        let by_user = line.is_some_and(|line| {
            line.trunk.kind == TrunkKind::Registration
                && (line.trunk.auth_user.as_deref() == Some(user.as_str()) || user == OUR_USER)
        });
        let number = if by_user { to()? } else { user };
        let number = match line {
            Some(line) => rewritten(&line.trunk.rewrite_in, &number).0,
            None => number,
        };
        self.config
            .hotline_numbers
            .contains(&number)
            .then_some(number)
    }

    /// Our Contact as the far end of this connection must use it.
    fn contact_for(&self, connection: &SipConnection, source: IpAddr) -> Uri {
        let mut contact = towards(&self.contact, self.address, Some(source));
        // A connection that we read ourselves tells its transport in its address only.
        let transport = match connection.get_addr().r#type {
            Some(transport @ (Transport::Tcp | Transport::Tls)) => transport,
            _ => connection.transport(),
        };
        if transport != Transport::Udp {
            if let Some(port) = self.secure_port.filter(|_| transport == Transport::Tls) {
                contact.host_with_port.port = Some(port.into());
            }
            contact
                .params
                .push(rsipstack::sip::Param::Transport(transport));
        }
        contact
    }
}

/// Our Contact as `peer` reaches us: where we listen on every address, the one from which the way to it leads.
pub(crate) fn towards(contact: &Uri, listen: SocketAddr, peer: Option<IpAddr>) -> Uri {
    let mut contact = contact.clone();
    let peer = peer.filter(|peer| {
        listen.ip().is_unspecified() && peer.to_canonical().is_ipv4() == listen.is_ipv4()
    });
    let own = peer.and_then(|peer| local_ip(listen.ip(), peer.to_canonical()).ok());
    if let Some(own) = own {
        contact.host_with_port = SocketAddr::new(own, listen.port()).into();
    }
    contact
}
