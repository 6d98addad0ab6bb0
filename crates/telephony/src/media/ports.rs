//! UDP ports for voice: a bounded range, even numbers (RFC 3550 §11), each leased to one leg.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use super::plane::MediaError;
use socket2::SockRef;

/// The range and what is taken of it.
#[derive(Debug, Clone)]
pub struct Ports(Arc<Mutex<Range>>);

#[derive(Debug)]
struct Range {
    first: u16,
    taken: Vec<bool>,
    /// Where the search begins. It goes round, so that a port rests as long as possible before its
    /// next call: stray packets of the last one have died out by then.
    next: usize,
}

impl Ports {
    /// The even ports of `range`.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        let first = range
            .start()
            .checked_add(range.start() % 2)
            .unwrap_or(*range.start());
        let count = if first > *range.end() {
            0
        } else {
            (range.end() - first) / 2 + 1
        };
        let count = usize::from(count);
        // A restarted server does not begin with the ports its last calls used.
        let next = if count == 0 {
            0
        } else {
            rand::random::<u32>() as usize % count
        };
        Self(Arc::new(Mutex::new(Range {
            first,
            taken: vec![false; count],
            next,
        })))
    }

    /// Takes the next free port and binds it on `ip`. A port another process holds is passed over.
    pub fn bind(&self, ip: IpAddr) -> Result<PortLease, MediaError> {
        let count = self.lock().taken.len();
        for _ in 0..count {
            let Some(slot) = self.take() else { break };
            match bind(SocketAddr::new(ip, slot.port)) {
                Ok(socket) => return Ok(PortLease { socket, slot }),
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(MediaError::NoPort)
    }

    /// How many ports are leased.
    pub fn in_use(&self) -> usize {
        self.lock().taken.iter().filter(|taken| **taken).count()
    }

    fn take(&self) -> Option<Slot> {
        let mut range = self.lock();
        let count = range.taken.len();
        let index = (0..count)
            .map(|n| (range.next + n) % count)
            .find(|index| !range.taken[*index])?;
        range.taken[index] = true;
        range.next = (index + 1) % count;
        Some(Slot {
            ports: self.clone(),
            index,
            port: range.first + 2 * index as u16,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Range> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bind(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv4() {
        // Expedited forwarding (RFC 3246), for routers that ask. None has to.
        let _ = SockRef::from(&socket).set_tos_v4(46 << 2);
    }
    Ok(socket)
}

/// A bound socket on a leased port; dropping it gives the port back.
#[derive(Debug)]
pub struct PortLease {
    /// The socket; reading it never waits.
    pub socket: UdpSocket,
    // Declared after the socket: the port is free only once it is closed.
    slot: Slot,
}

impl PortLease {
    /// The port.
    pub fn port(&self) -> u16 {
        self.slot.port
    }

    /// Sends a datagram now. A full socket buffer drops it, as the network would.
    pub fn send(&self, datagram: &[u8], to: SocketAddr) -> bool {
        self.socket.send_to(datagram, to).is_ok()
    }

    /// Throws away what has arrived.
    pub fn discard(&self, buffer: &mut [u8]) {
        while self.socket.recv_from(buffer).is_ok() {}
    }
}

#[derive(Debug)]
struct Slot {
    ports: Ports,
    index: usize,
    port: u16,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.ports.lock().taken[self.index] = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn only_even_ports_of_the_range_are_given_and_never_more() {
        let ports = Ports::new(14_001..=14_006);
        let leases = [ports.bind(LOOPBACK).unwrap(), ports.bind(LOOPBACK).unwrap()];
        let mut given: Vec<_> = leases.iter().map(PortLease::port).collect();
        given.push(ports.bind(LOOPBACK).unwrap().port());
        given.sort_unstable();
        assert_eq!(given, [14_002, 14_004, 14_006]);
        assert_eq!(ports.in_use(), 2);
    }

    #[test]
    fn an_exhausted_range_is_refused_until_a_lease_is_dropped() {
        let ports = Ports::new(14_010..=14_013);
        let first = ports.bind(LOOPBACK).unwrap();
        let _second = ports.bind(LOOPBACK).unwrap();
        assert_eq!(ports.bind(LOOPBACK).unwrap_err(), MediaError::NoPort);
        let freed = first.port();
        drop(first);
        assert_eq!(ports.bind(LOOPBACK).unwrap().port(), freed);
        assert_eq!(
            Ports::new(5..=5).bind(LOOPBACK).unwrap_err(),
            MediaError::NoPort
        );
    }

    #[test]
    fn a_port_held_by_another_process_is_passed_over() {
        let _other = std::net::UdpSocket::bind((LOOPBACK, 14_020)).unwrap();
        let ports = Ports::new(14_020..=14_023);
        assert_eq!(ports.bind(LOOPBACK).unwrap().port(), 14_022);
    }
}
