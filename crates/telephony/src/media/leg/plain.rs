//! Plain RTP over UDP, locked to the source the SDP names.

use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::super::codec::Codec;
use super::super::plane::{MediaConfig, MediaError};
use super::super::ports::{PortLease, Ports};
use super::super::rtp::{self, Header, Stamp};
use super::super::sdp::{self, Direction, Local};
use super::{Answer, Negotiated, Peer, Received, local_ip};

/// A source that was silent this long may be replaced by another port of the same address.
const RELATCH_AFTER: Duration = Duration::from_secs(2);

/// Packets looked at in one turn, so that a flood of foreign ones does not keep the task.
const MOST_AT_ONCE: usize = 64;

#[derive(Debug)]
pub(super) struct Plain {
    lease: PortLease,
    local: Local,
    codecs: Vec<Codec>,
    nat: Option<IpAddr>,
    source: Option<Source>,
    datagram: Vec<u8>,
    pub(super) foreign: u64,
}

/// Where RTP may come from.
#[derive(Debug)]
struct Source {
    named: SocketAddr,
    /// Also allowed: the address of a signed-in phone behind NAT.
    nat: Option<IpAddr>,
    locked: Option<(SocketAddr, Instant)>,
}

impl Source {
    fn admit(&mut self, from: SocketAddr, now: Instant) -> bool {
        if let Some((locked, heard)) = &mut self.locked
            && *locked == from
        {
            *heard = now;
            return true;
        }
        // A NAT changes the port, and only that: another address is somebody else.
        if from.ip() != self.named.ip() && Some(from.ip()) != self.nat {
            return false;
        }
        let free = match self.locked {
            None => true,
            Some((_, heard)) => {
                from == self.named || now.saturating_duration_since(heard) >= RELATCH_AFTER
            }
        };
        if free {
            self.locked = Some((from, now));
        }
        free
    }

    fn target(&self) -> SocketAddr {
        self.locked.map_or(self.named, |(locked, _)| locked)
    }
}

impl Plain {
    pub(super) fn new(config: &MediaConfig, ports: &Ports, peer: Peer) -> Result<Self, MediaError> {
        let ip = local_ip(config.bind, peer.ip)?;
        let lease = ports.bind(ip)?;
        let address = SocketAddr::new(config.advertise.unwrap_or(ip), lease.port());
        let codecs = config
            .codecs
            .iter()
            .map(|codec| (codec.static_type(), *codec))
            .collect();
        let local = Local {
            address,
            codecs,
            event_type: Some(sdp::EVENT_TYPE),
            direction: Direction::SendRecv,
            id: rand::random::<u32>() >> 1,
            version: 0,
        };
        Ok(Self {
            lease,
            local,
            codecs: config.codecs.clone(),
            nat: peer.behind_nat.then_some(peer.ip),
            source: None,
            datagram: Vec::with_capacity(256),
            foreign: 0,
        })
    }

    pub(super) fn local_address(&self) -> SocketAddr {
        self.local.address
    }

    pub(super) fn offer(&mut self, negotiated: &Negotiated) -> String {
        // Later offers keep the codec that is in use, with the numbers it has.
        if let Some(chosen) = negotiated.send {
            self.local.codecs = vec![chosen];
            self.local.event_type = negotiated.send_event;
        }
        self.local.direction = Direction::SendRecv;
        self.local.version += 1;
        self.local.offer()
    }

    pub(super) fn accept(
        &mut self,
        answer: &[u8],
        negotiated: &mut Negotiated,
    ) -> Result<(), MediaError> {
        if self.local.version == 0 {
            return Err(MediaError::OutOfOrder);
        }
        let theirs = plain_audio(answer)?;
        negotiated.settle(&self.local, &theirs.audio, !theirs.audio.holds())?;
        self.aim(theirs.audio.address);
        Ok(())
    }

    pub(super) fn answer(
        &mut self,
        offer: &[u8],
        negotiated: &mut Negotiated,
    ) -> Result<Answer, MediaError> {
        let offered = plain_audio(offer)?;
        let theirs = &offered.audio;
        // One codec only, so that nobody changes it in mid-call: the one in use, else our favourite.
        let wanted = negotiated
            .send
            .map(|(_, codec)| codec)
            .into_iter()
            .chain(self.codecs.iter().copied());
        let mut common = wanted.filter_map(|codec| theirs.codecs.iter().find(|(_, c)| *c == codec));
        let chosen = *common.next().ok_or(MediaError::NoCodec)?;
        self.local.codecs = vec![chosen];
        self.local.event_type = theirs.event_type;
        self.local.direction = theirs.direction.mirrored();
        self.local.version += 1;
        let mut only = theirs.clone();
        only.codecs = vec![chosen];
        negotiated.settle(&self.local, &only, !theirs.holds())?;
        self.aim(theirs.address);
        Ok(Answer {
            sdp: self.local.answer(&offered),
            held: theirs.holds(),
        })
    }

    /// Sets where RTP comes from and goes to. A null address (hold) leaves the source as it was.
    fn aim(&mut self, named: Option<SocketAddr>) {
        let Some(named) = named else { return };
        if self
            .source
            .as_ref()
            .is_none_or(|source| source.named != named)
        {
            self.source = Some(Source {
                named,
                nat: self.nat,
                locked: None,
            });
        }
    }

    pub(super) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // An error shows up when reading.
        self.lease.socket.poll_recv_ready(context).map(|_| ())
    }

    pub(super) fn receive(&mut self, now: Instant, buffer: &mut [u8]) -> Received {
        for _ in 0..MOST_AT_ONCE {
            // Errors are either "nothing there" or an ICMP message about something we sent.
            let Ok((length, from)) = self.lease.socket.try_recv_from(buffer) else {
                break;
            };
            let Some((header, range)) = rtp::parse(&buffer[..length]) else {
                continue;
            };
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            if self
                .source
                .as_mut()
                .is_some_and(|source| source.admit(from, now))
            {
                return Received::Rtp(header, range);
            }
            self.foreign += 1;
        }
        Received::Nothing
    }

    pub(super) fn drain(&self, buffer: &mut [u8]) {
        self.lease.discard(buffer);
    }

    pub(super) fn send(
        &mut self,
        ssrc: u32,
        payload_type: u8,
        stamp: Stamp,
        payload: &[u8],
    ) -> bool {
        let Some(source) = &self.source else {
            return false;
        };
        let header = Header {
            payload_type,
            marker: stamp.marker,
            sequence: stamp.sequence as u16,
            timestamp: stamp.timestamp,
            ssrc,
        };
        rtp::build(&header, payload, &mut self.datagram);
        self.lease.send(&self.datagram, source.target())
    }
}

fn plain_audio(body: &[u8]) -> Result<sdp::Description, MediaError> {
    let description = sdp::parse(body)?;
    if description.audio.is_plain() {
        Ok(description)
    } else {
        Err(MediaError::Transport(description.audio.protocol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_address_may_send_and_a_second_port_must_wait() {
        let named: SocketAddr = "10.0.0.9:4000".parse().unwrap();
        let nat: IpAddr = "198.51.100.7".parse().unwrap();
        let start = crate::media::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut source = Source {
            named,
            nat: None,
            locked: None,
        };
        assert!(
            !source.admit("10.0.0.66:4000".parse().unwrap(), start),
            "another address"
        );
        assert!(
            !source.admit(SocketAddr::new(nat, 4000), start),
            "no NAT was allowed"
        );
        let behind_nat: SocketAddr = "10.0.0.9:61000".parse().unwrap();
        assert!(source.admit(behind_nat, start));
        assert_eq!(source.target(), behind_nat);
        assert!(
            !source.admit("10.0.0.9:5000".parse().unwrap(), after(20)),
            "the lock holds"
        );
        assert!(
            source.admit(named, after(40)),
            "the very address of the SDP always may"
        );
        assert!(!source.admit(behind_nat, after(1000)));
        assert!(
            source.admit(behind_nat, after(2040)),
            "silent for two seconds"
        );
        let mut source = Source {
            named,
            nat: Some(nat),
            locked: None,
        };
        assert!(source.admit(SocketAddr::new(nat, 9), start));
    }
}
