//! Listeners: a UDP socket that reads no faster than the stack works, and accept loops that tell at
//! once when an address is taken.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Clock;
use rsipstack::Result;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::sip::Transport;
use rsipstack::transport::TransportLayer;
use rsipstack::transport::tls::TlsConfig;
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::guard::screen::{Verdict, screen};
use super::guard::{Gate, Turned};
use super::sources::source_key;
use super::stream::{Intake, carry};

/// Datagrams read ahead of the stack; beyond it they wait in the kernel's socket buffer.
const READ_AHEAD: u64 = 1000;
/// Open TCP or TLS connections from one source.
const CONNECTIONS_PER_SOURCE: usize = 200;
/// Open TCP or TLS connections before only trunk peers get one more.
const CONNECTIONS: usize = 2000;
/// Pause after a failed accept, which would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A client that has not finished its TLS handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A UDP socket with a bound on what was read and not yet looked at, and the gate and the screen before it.
pub(super) struct BoundedUdp {
    pub socket: UdpSocket,
    pub clock: Clock,
    /// Read from the socket.
    pub read: AtomicU64,
    /// Seen by the guard; what could not be parsed never gets there.
    pub seen: Arc<AtomicU64>,
    pub gate: Arc<Gate>,
    pub turned: Arc<Turned>,
}

impl BoundedUdp {
    async fn wait_for_the_stack(&self) {
        while self
            .read
            .load(Relaxed)
            .saturating_sub(self.seen.load(Relaxed))
            > READ_AHEAD
        {
            let before = self.seen.load(Relaxed);
            self.clock.sleep(Duration::from_millis(20)).await;
            if self.seen.load(Relaxed) == before {
                // Nothing moved: the rest was no SIP and will never be seen.
                self.seen.store(self.read.load(Relaxed), Relaxed);
            }
        }
    }
}

#[async_trait]
impl StackSocket for BoundedUdp {
    async fn recv_from(&self, buf: &mut [u8]) -> Result<(usize, SocketAddr)> {
        loop {
            self.wait_for_the_stack().await;
            let (length, from) = self.socket.recv_from(buf).await?;
            if !self.gate.admits(from) {
                continue;
            }
            // What fills the buffer was longer than it.
            let message = buf.get(..length).filter(|_| length < buf.len());
            let verdict = match message {
                Some(message) if self.gate.is_scan(message, from) => continue,
                Some(message) => screen(message, from),
                None => Verdict::Drop("longer than a datagram should be"),
            };
            let length = match verdict {
                Verdict::Pass(None) => length,
                Verdict::Pass(Some(proper)) => match buf.get_mut(..proper.len()) {
                    Some(place) => {
                        place.copy_from_slice(&proper);
                        proper.len()
                    }
                    None => continue,
                },
                Verdict::Refuse(_, response) => {
                    self.turned.malformed.fetch_add(1, Relaxed);
                    // An answer that cannot be sent is no loss.
                    let _ = self.socket.send_to(&response, from).await;
                    continue;
                }
                Verdict::Drop(why) => {
                    self.turned.malformed.fetch_add(1, Relaxed);
                    tracing::debug!(%from, why, "SIP datagram dropped");
                    continue;
                }
            };
            self.read.fetch_add(1, Relaxed);
            return Ok((length, from));
        }
    }

    async fn send_to(&self, buf: &[u8], to: SocketAddr) -> Result<usize> {
        Ok(self.socket.send_to(buf, to).await?)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Open connections of each source.
#[derive(Default)]
struct Open(Mutex<HashMap<IpAddr, usize>>);

impl Open {
    /// A place for one more; `None` when this source has enough, or all strangers together.
    fn place(self: &Arc<Self>, ip: IpAddr, known: bool) -> Option<Place> {
        let ip = source_key(ip);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let count = open.entry(ip).or_default();
        if *count >= CONNECTIONS_PER_SOURCE || (all >= CONNECTIONS && !known) {
            if *count == 0 {
                open.remove(&ip);
            }
            return None;
        }
        *count += 1;
        Some(Place(Arc::clone(self), ip))
    }
}

/// A connection's place; dropping it gives it back.
struct Place(Arc<Open>, IpAddr);

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// Accepts TCP connections for the stack until `stop`; with `tls` their handshake comes first.
pub(super) async fn serve_streams(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    intake: Arc<Intake>,
    stop: CancellationToken,
) {
    let open = Arc::<Open>::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: others may close theirs meanwhile.
                tracing::warn!(%error, "SIP over TCP: accept failed");
                intake.clock.sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let Some(place) = open.place(peer.ip(), intake.gate.knows(peer)) else {
            continue;
        };
        let (tls, intake, token) = (tls.clone(), Arc::clone(&intake), stop.child_token());
        tokio::spawn(async move {
            match tls {
                None => carry(stream, peer, Transport::Tcp, &intake, token).await,
                Some(tls) => match intake.clock.timeout(HANDSHAKE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => carry(stream, peer, Transport::Tls, &intake, token).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
                    Err(_) => tracing::debug!(%peer, "no TLS handshake in time"),
                },
            }
            drop(place);
        });
    }
}

/// Takes TLS connections with this certificate and key (PEM).
pub(super) fn acceptor(certificate: &[u8], key: &[u8]) -> std::result::Result<TlsAcceptor, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| said(&error))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| said(&error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| said(&error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Where the systems we run on keep the certificates they trust.
const SYSTEM_TRUST: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// Whom we trust when we call over TLS: `trusted` (PEM), else whom this machine trusts. With neither no
/// certificate is good.
pub(super) fn trust(layer: &TransportLayer, trusted: Option<Vec<u8>>) {
    // The stack builds its clients with the process's provider; a second installation changes nothing.
    let _ = ring::default_provider().install_default();
    let ca_certs = trusted.or_else(|| {
        let found = SYSTEM_TRUST
            .iter()
            .find_map(|file| std::fs::read(file).ok());
        if found.is_none() {
            tracing::info!("no certificates to trust: trunks over TLS need sip.tls_trusted");
        }
        found
    });
    layer.set_tls_config(TlsConfig {
        ca_certs,
        ..TlsConfig::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_has_so_many_connections_and_gets_their_places_back() {
        let open = Arc::<Open>::default();
        let [one, other] = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2])];
        let places: Vec<_> = (0..CONNECTIONS_PER_SOURCE)
            .map(|_| open.place(one, false).unwrap())
            .collect();
        assert!(open.place(one, true).is_none() && open.place(other, false).is_some());
        drop(places);
        assert!(open.place(one, false).is_some());
        assert_eq!(open.0.lock().unwrap().len(), 0);
    }
    #[test]
    fn when_strangers_hold_every_connection_a_trunk_peer_still_gets_one() {
        let open = Arc::<Open>::default();
        let _places: Vec<_> = (0..CONNECTIONS as u32)
            .map(|n| {
                open.place(IpAddr::from((0x0a00_0000 + n).to_be_bytes()), false)
                    .unwrap()
            })
            .collect();
        let late = IpAddr::from([192, 0, 2, 1]);
        assert!(open.place(late, false).is_none());
        assert!(open.place(late, true).is_some());
        assert_eq!(
            open.0.lock().unwrap().len(),
            CONNECTIONS,
            "nothing is left of who was refused"
        );
    }
}
