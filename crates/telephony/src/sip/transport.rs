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
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;

use super::sources::RateLimit;

/// Datagrams read ahead of the stack; beyond it they wait in the kernel's socket buffer.
const READ_AHEAD: u64 = 1000;
/// Open TCP connections from one source.
const CONNECTIONS_PER_SOURCE: usize = 200;

/// A UDP socket with a bound on what was read and not yet looked at, and a cap for each source.
pub(super) struct BoundedUdp {
    pub socket: UdpSocket,
    pub clock: Clock,
    /// Read from the socket.
    pub read: AtomicU64,
    /// Seen by the guard; what could not be parsed never gets there.
    pub seen: Arc<AtomicU64>,
    pub sources: Mutex<RateLimit>,
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
            let allowed = {
                let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
                sources.allows(from.ip(), self.clock.now())
            };
            if allowed {
                self.read.fetch_add(1, Relaxed);
                return Ok((length, from));
            }
        }
    }

    async fn send_to(&self, buf: &[u8], to: SocketAddr) -> Result<usize> {
        Ok(self.socket.send_to(buf, to).await?)
    }

    fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Accepts TCP connections for the stack until `stop`.
pub(super) async fn serve_tcp(
    listener: TcpListener,
    advertised: SipAddr,
    endpoint: EndpointInnerRef,
    stop: CancellationToken,
) {
    let open: Arc<Mutex<HashMap<IpAddr, usize>>> = Arc::default();
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
                continue;
            }
        };
        {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(peer.ip()).or_default();
            if *count >= CONNECTIONS_PER_SOURCE {
                continue;
            }
            *count += 1;
        }
        let token = stop.child_token();
        match TcpConnection::from_stream(stream, advertised.clone(), Some(token.clone())) {
            Ok(connection) => endpoint
                .transport_layer
                .add_connection(SipConnection::Tcp(connection)),
            Err(_) => token.cancel(),
        }
        // The stack cancels the token when the connection is over.
        let open = Arc::clone(&open);
        tokio::spawn(async move {
            token.cancelled().await;
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = open.get_mut(&peer.ip()) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&peer.ip());
                }
            }
        });
    }
}
