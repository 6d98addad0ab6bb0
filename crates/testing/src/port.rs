//! Ports for peers that are told where to listen.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{TcpListener, UdpSocket};

/// A port of 127.0.0.1 that is free for UDP and TCP, below those the system gives to whoever connects: one of
/// these would be taken by a connection before the peer listens.
///
/// # Panics
/// When none of a thousand is free.
pub fn free_port() -> u16 {
    (0..1_000_u32)
        .map(|attempt| RandomState::new().hash_one(attempt) % 20_000 + 10_000)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| {
            UdpSocket::bind(("127.0.0.1", *port)).is_ok()
                && TcpListener::bind(("127.0.0.1", *port)).is_ok()
        })
        .expect("a free port")
}
