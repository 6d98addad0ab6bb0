//! The least that media can cost: two sockets a call, each packet received and sent on. No call control, no
//! recording, nothing looked at. `calls` starts it and measures it beside the server.

use std::io::Write as _;
use std::net::{SocketAddr, UdpSocket};

use anyhow::{Context as _, Result};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

/// `relay CALLS`: prints the ports of each call's two sockets, reads where each sends to, and relays.
fn main() -> Result<()> {
    let calls: usize = std::env::args().nth(1).context("how many calls")?.parse()?;
    let mut sockets = Vec::new();
    let mut output = std::io::stdout().lock();
    for _ in 0..calls * 2 {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        writeln!(output, "{}", socket.local_addr()?.port())?;
        sockets.push(socket);
    }
    output.flush()?;
    let mut targets = Vec::new();
    for line in std::io::stdin().lines().take(calls * 2) {
        targets.push(SocketAddr::from(([127, 0, 0, 1], line?.parse()?)));
    }
    let ready = epoll::create(CreateFlags::CLOEXEC)?;
    for (at, socket) in sockets.iter().enumerate() {
        epoll::add(
            &ready,
            socket,
            EventData::new_u64(at as u64),
            EventFlags::IN,
        )?;
    }
    let mut events = Vec::with_capacity(1024);
    let mut datagram = [0; 2048];
    loop {
        events.clear();
        epoll::wait(&ready, spare_capacity(&mut events), None)?;
        for event in &events {
            let at = event.data.u64() as usize;
            let Ok((length, _)) = sockets[at].recv_from(&mut datagram) else {
                continue;
            };
            // The other socket of the call.
            let other = at ^ 1;
            let _ = sockets[other].send_to(&datagram[..length], targets[other]);
        }
    }
}
