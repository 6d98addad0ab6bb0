//! The addresses we listen on.

use std::net::SocketAddr;

use kernel::Problem;
use tokio::net::TcpListener;

fn address_taken(listen: SocketAddr, error: &std::io::Error) -> Problem {
    kernel::problem::unavailable(
        "sip_address_taken",
        format!("SIP address {listen}: {error}"),
    )
}

pub(super) async fn bind_tcp(listen: SocketAddr) -> Result<TcpListener, Problem> {
    TcpListener::bind(listen)
        .await
        .map_err(|error| address_taken(listen, &error))
}

/// Binds UDP and TCP to the same port.
pub(super) async fn bind(
    listen: SocketAddr,
) -> Result<(tokio::net::UdpSocket, TcpListener), Problem> {
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
