//! Plain RTP over UDP, locked to the source the SDP names; encrypted where both sides have a key for it.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::super::codec::Codec;
use super::super::plane::{MediaConfig, MediaError};
use super::super::ports::{PortLease, Ports};
use super::super::rtp::{self, Header, Stamp};
use super::super::sdp::{self, Crypto, Direction, Local};
use super::super::srtp::{MasterKey, Srtp};
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
    /// Our key, for the leg's life: new ones would begin the packets' numbers anew.
    key: MasterKey,
    secured: Option<Secured>,
    pub(super) foreign: u64,
}

/// The leg is encrypted.
#[derive(Debug)]
struct Secured {
    theirs: MasterKey,
    incoming: Srtp,
    outgoing: Srtp,
    /// The profile that was agreed, for our next offer.
    protocol: String,
}

/// The number of our key in offers.
const KEY_TAG: u32 = 1;

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
            crypto: None,
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
            key: MasterKey::random(),
            secured: None,
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
        // With a key in RTP/AVP who cannot read it answers without (RFC 8643). Signalling takes it out for
        // lines that are to have none, and asks for RTP/SAVP where it must be.
        self.local.crypto = Some(Crypto {
            tag: KEY_TAG,
            key: self.key,
        });
        let agreed = self
            .secured
            .as_ref()
            .map(|secured| secured.protocol.clone());
        self.local.offer_as(agreed.as_deref().unwrap_or("RTP/AVP"))
    }

    /// Encrypts from now on with their key, or not with none.
    fn secure(&mut self, theirs: Option<Crypto>, protocol: &str) {
        let Some(Crypto { key, .. }) = theirs else {
            self.secured = None;
            return;
        };
        match &mut self.secured {
            Some(secured) => {
                if secured.theirs != key {
                    secured.theirs = key;
                    secured.incoming = Srtp::new(&key);
                }
                protocol.clone_into(&mut secured.protocol);
            }
            None => {
                self.secured = Some(Secured {
                    theirs: key,
                    incoming: Srtp::new(&key),
                    outgoing: Srtp::new(&self.key),
                    protocol: protocol.to_owned(),
                });
            }
        }
    }

    pub(super) fn accept(
        &mut self,
        answer: &[u8],
        negotiated: &mut Negotiated,
    ) -> Result<(), MediaError> {
        if self.local.version == 0 {
            return Err(MediaError::OutOfOrder);
        }
        let theirs = usable_audio(answer)?;
        negotiated.settle(&self.local, &theirs.audio, !theirs.audio.holds())?;
        // An answer's tag names the offer's key; ours has one.
        let crypto = theirs.audio.crypto.filter(|crypto| crypto.tag == KEY_TAG);
        if crypto.is_none() && !theirs.audio.is_plain() {
            return Err(MediaError::Transport(theirs.audio.protocol));
        }
        self.secure(crypto, &theirs.audio.protocol);
        self.aim(theirs.audio.address);
        Ok(())
    }

    pub(super) fn answer(
        &mut self,
        offer: &[u8],
        negotiated: &mut Negotiated,
    ) -> Result<Answer, MediaError> {
        let offered = usable_audio(offer)?;
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
        self.local.crypto = theirs.crypto.map(|crypto| Crypto {
            tag: crypto.tag,
            key: self.key,
        });
        self.local.version += 1;
        let mut only = theirs.clone();
        only.codecs = vec![chosen];
        negotiated.settle(&self.local, &only, !theirs.holds())?;
        self.aim(theirs.address);
        self.secure(theirs.crypto, &theirs.protocol);
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

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.lease.socket
    }

    pub(super) fn receive(&mut self, now: Instant, buffer: &mut [u8]) -> Received {
        for _ in 0..MOST_AT_ONCE {
            // Errors are either "nothing there" or an ICMP message about something we sent.
            let Ok((length, from)) = self.lease.socket.recv_from(buffer) else {
                break;
            };
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            // Before the lock is asked: with a key nobody but the far end takes the leg over.
            let length = match &mut self.secured {
                None => length,
                Some(secured) => {
                    let clear = secured.incoming.unprotect(&mut buffer[..length]);
                    let Some(length) = clear else {
                        self.foreign += 1;
                        continue;
                    };
                    length
                }
            };
            let Some((header, range)) = rtp::parse(&buffer[..length]) else {
                continue;
            };
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
        if let Some(secured) = &mut self.secured
            && !secured.outgoing.protect(&mut self.datagram)
        {
            return false;
        }
        self.lease.send(&self.datagram, source.target())
    }
}

fn usable_audio(body: &[u8]) -> Result<sdp::Description, MediaError> {
    let description = sdp::parse(body)?;
    if description.audio.is_plain() || description.audio.is_secured() {
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
