//! HTTPS for the console: browsers give the microphone to secure pages only.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::extract::Request;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::serve::{IncomingStream, Listener};
use kernel::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// A slow client may not hold the listener; it has this long for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The certificate and key in use: those given, else self-signed ones kept in the data folder.
pub fn certificate(
    cert: &str,
    key: &str,
    data_dir: &Path,
    names: Vec<String>,
) -> Result<(PathBuf, PathBuf)> {
    if !cert.is_empty() {
        return Ok((cert.into(), key.into()));
    }
    let (cert, key) = (
        data_dir.join("self-signed.crt"),
        data_dir.join("self-signed.key"),
    );
    if !cert.exists() {
        let made = rcgen::generate_simple_self_signed(names).context("self-signed certificate")?;
        let mut open = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&key)
            .with_context(|| key.display().to_string())?;
        open.write_all(made.signing_key.serialize_pem().as_bytes())?;
        std::fs::write(&cert, made.cert.pem())?;
    }
    Ok((cert, key))
}

/// A listener that speaks TLS; handshakes run beside each other.
pub struct TlsListener {
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Takes over `tcp`.
    pub fn new(tcp: TcpListener, cert: &Path, key: &Path, clock: Clock) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(cert)
            .with_context(|| format!("certificate {}", cert.display()))?
            .collect::<Result<Vec<_>, _>>()?;
        let key =
            PrivateKeyDer::from_pem_file(key).with_context(|| format!("key {}", key.display()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = tcp.local_addr()?;
        let (sender, accepted) = mpsc::channel(64);
        tokio::spawn(async move {
            loop {
                let (stream, from) = match tcp.accept().await {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "accept failed");
                        clock.sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let (acceptor, sender, clock) = (acceptor.clone(), sender.clone(), clock.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = clock.timeout(HANDSHAKE, acceptor.accept(stream)).await
                    {
                        // The server is stopping when nobody takes it.
                        let _ = sender.send((stream, from)).await;
                    }
                });
            }
        });
        Ok(Self { accepted, address })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Where a TLS connection comes from.
#[derive(Clone, Copy)]
pub struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Tells the address of a TLS connection as that of a plain one is told.
pub async fn tell_address(mut request: Request) -> Request {
    if let Some(ConnectInfo(Peer(address))) =
        request.extensions().get::<ConnectInfo<Peer>>().copied()
    {
        request.extensions_mut().insert(ConnectInfo(address));
    }
    request
}
