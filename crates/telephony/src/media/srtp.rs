//! SRTP (RFC 3711) with `AES_CM_128_HMAC_SHA1_80`, for keys that came by SDP (RFC 4568).
//!
//! The ciphers are str0m's; what is here is the packet's index, the key derivation and the replay window.
//! SRTCP is not needed: plain legs send no RTCP and read none.

use std::sync::LazyLock;

use str0m::config::CryptoProvider;
use str0m::crypto::Aes128CmSha1_80Cipher;

/// Master key and salt, as `inline:` carries them.
pub const KEY_LENGTH: usize = 30;
/// Bytes a protected packet has more than a plain one.
pub const TAG: usize = 10;

/// Sources remembered of a far end: a transfer behind it may change its SSRC, a flood may not fill memory.
const SOURCES: usize = 4;
/// Packets that may come late.
const WINDOW: u64 = 64;

const LABEL_KEY: u8 = 0;
const LABEL_AUTH: u8 = 1;
const LABEL_SALT: u8 = 2;

static CRYPTO: LazyLock<CryptoProvider> = LazyLock::new(str0m::crypto::from_feature_flags);

/// A master key with its salt; shows itself to nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey(pub [u8; KEY_LENGTH]);

impl MasterKey {
    /// A new one.
    pub fn random() -> Self {
        Self(std::array::from_fn(|_| rand::random()))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("…")
    }
}

/// One direction of a stream.
#[derive(Debug)]
pub struct Srtp {
    cipher: Box<dyn Aes128CmSha1_80Cipher>,
    auth: [u8; 20],
    salt: [u8; 14],
    sources: Vec<Source>,
    scratch: Vec<u8>,
}

/// Where the packets of one SSRC stand.
#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    /// The highest index so far: roll-over counter and sequence number.
    highest: u64,
    /// Bit n: the packet n before the highest was seen.
    seen: u64,
}

impl Source {
    /// The index that a sequence number most likely means (RFC 3711 §3.3.1).
    fn index(&self, sequence: u16) -> u64 {
        let (roc, last) = (self.highest >> 16, self.highest as u16);
        let roc = if last < 0x8000 {
            if i32::from(sequence) - i32::from(last) > 0x8000 {
                roc.wrapping_sub(1)
            } else {
                roc
            }
        } else if i32::from(last) - 0x8000 > i32::from(sequence) {
            roc + 1
        } else {
            roc
        };
        ((roc & 0xffff_ffff) << 16) | u64::from(sequence)
    }

    fn is_new(&self, index: u64) -> bool {
        index > self.highest
            || (self.highest - index < WINDOW && self.seen & (1 << (self.highest - index)) == 0)
    }

    fn take(&mut self, index: u64) {
        if index > self.highest {
            let ahead = index - self.highest;
            self.seen = if ahead < WINDOW {
                self.seen << ahead
            } else {
                0
            };
            self.seen |= 1;
            self.highest = index;
        } else {
            self.seen |= 1 << (self.highest - index);
        }
    }
}

impl Srtp {
    /// Derives the session's keys.
    pub fn new(master: &MasterKey) -> Self {
        let ciphers = CRYPTO.srtp_provider.aes_128_cm_sha1_80();
        Self {
            // Counter mode is the same both ways.
            cipher: ciphers.create_cipher(derive(master, LABEL_KEY), true),
            auth: derive(master, LABEL_AUTH),
            salt: derive(master, LABEL_SALT),
            sources: Vec::with_capacity(1),
            scratch: Vec::with_capacity(256),
        }
    }

    /// Protects a packet in place; `false`, with nothing to be sent, when that cannot be.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(head) = Head::read(packet) else {
            return false;
        };
        let mut source = self.source(&head);
        let index = source.index(head.sequence);
        source.take(index);
        self.remember(source);
        if !self.crypt(packet, &head, index) {
            return false;
        }
        let tag = self.tag(packet, index);
        packet.extend_from_slice(&tag);
        true
    }

    /// Opens a packet in place and gives its length; `None` for one that is not genuine, or came before.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Option<usize> {
        let length = packet.len().checked_sub(TAG)?;
        let head = Head::read(&packet[..length])?;
        let mut source = self.source(&head);
        let index = source.index(head.sequence);
        let known = self.sources.iter().any(|one| one.ssrc == head.ssrc);
        if known && !source.is_new(index) {
            return None;
        }
        let tag = self.tag(&packet[..length], index);
        if !same(&tag, &packet[length..]) {
            return None;
        }
        source.take(index);
        self.remember(source);
        self.crypt(&mut packet[..length], &head, index)
            .then_some(length)
    }

    fn source(&self, head: &Head) -> Source {
        let known = self.sources.iter().find(|one| one.ssrc == head.ssrc);
        known.copied().unwrap_or(Source {
            ssrc: head.ssrc,
            highest: u64::from(head.sequence),
            seen: 0,
        })
    }

    fn remember(&mut self, source: Source) {
        if let Some(known) = self.sources.iter_mut().find(|one| one.ssrc == source.ssrc) {
            *known = source;
            return;
        }
        if self.sources.len() >= SOURCES {
            self.sources.remove(0);
        }
        self.sources.push(source);
    }

    /// AES in counter mode, both ways.
    fn crypt(&mut self, packet: &mut [u8], head: &Head, index: u64) -> bool {
        let Some(body) = packet.get_mut(head.length..) else {
            return false;
        };
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (at, byte) in head.ssrc.to_be_bytes().iter().enumerate() {
            iv[4 + at] ^= byte;
        }
        for (at, byte) in index.to_be_bytes()[2..].iter().enumerate() {
            iv[8 + at] ^= byte;
        }
        self.scratch.clear();
        self.scratch.resize(body.len(), 0);
        if self.cipher.encrypt(&iv, body, &mut self.scratch).is_err() {
            return false;
        }
        body.copy_from_slice(&self.scratch);
        true
    }

    fn tag(&self, packet: &[u8], index: u64) -> [u8; TAG] {
        let roc = ((index >> 16) as u32).to_be_bytes();
        let whole = CRYPTO
            .sha1_hmac_provider
            .sha1_hmac(&self.auth, &[packet, &roc]);
        std::array::from_fn(|at| whole[at])
    }
}

/// What of an RTP header is needed here. The padding's length is encrypted and looked at by nobody yet.
struct Head {
    ssrc: u32,
    sequence: u16,
    /// The payload begins behind it.
    length: usize,
}

impl Head {
    fn read(packet: &[u8]) -> Option<Self> {
        let [first, second, s0, s1, _, _, _, _, c0, c1, c2, c3, ..] = *packet else {
            return None;
        };
        // As in `rtp::parse`: version 2, and no RTCP.
        if first >> 6 != 2 || (192..=223).contains(&second) {
            return None;
        }
        let mut length = 12 + 4 * usize::from(first & 0x0f);
        if first & 0x10 != 0 {
            let words = packet.get(length + 2..length + 4)?;
            length += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        (length <= packet.len()).then_some(Self {
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            sequence: u16::from_be_bytes([s0, s1]),
            length,
        })
    }
}

/// Compares in the same time whatever the difference.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// The key derivation of RFC 3711 §4.3 with a rate of 0.
fn derive<const N: usize>(master: &MasterKey, label: u8) -> [u8; N] {
    let (key, salt) = master.0.split_at(16);
    let mut block = [0u8; 16];
    block[..14].copy_from_slice(salt);
    block[7] ^= label;
    let mut derived = [0; N];
    for (number, part) in derived.chunks_mut(16).enumerate() {
        block[14..].copy_from_slice(&(number as u16).to_be_bytes());
        // The provider pads to a second block.
        let mut stream = [0; 32];
        CRYPTO
            .srtp_provider
            .srtp_aes_128_ecb_round(key, &block, &mut stream);
        part.copy_from_slice(&stream[..part.len()]);
    }
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::rtp;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    fn master() -> MasterKey {
        let text = "E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6";
        MasterKey(bytes(text).try_into().unwrap())
    }

    fn packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
        let header = rtp::Header {
            payload_type: 8,
            marker: false,
            sequence,
            timestamp: 160,
            ssrc: 0xcafe_babe,
        };
        let mut packet = Vec::new();
        rtp::build(&header, payload, &mut packet);
        packet
    }

    #[test]
    fn keys_are_derived_as_in_rfc_3711_b3() {
        let srtp = Srtp::new(&master());
        let key: [u8; 16] = derive(&master(), LABEL_KEY);
        assert_eq!(key.to_vec(), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(srtp.salt.to_vec(), bytes("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(
            srtp.auth.to_vec(),
            bytes("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
        );
    }

    #[test]
    fn a_packet_is_protected_as_libsrtp_does_it() {
        // The reference packet of libsrtp's test/srtp_driver.c, srtp_validate.
        let mut packet = bytes("800f1234decafbadcafebabeabababababababababababababababab");
        let mut srtp = Srtp::new(&master());
        assert!(srtp.protect(&mut packet));
        let reference =
            "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb";
        assert_eq!(hex::encode(&packet), reference);
        let mut other = Srtp::new(&master());
        let length = other.unprotect(&mut packet).unwrap();
        assert_eq!(&packet[12..length], [0xab; 16]);
    }

    #[test]
    fn what_is_changed_replayed_or_of_another_key_is_not_taken() {
        let (mut ours, mut theirs) = (Srtp::new(&master()), Srtp::new(&master()));
        let mut genuine = packet(7, b"sound");
        assert!(ours.protect(&mut genuine));
        for at in 0..genuine.len() {
            let mut changed = genuine.clone();
            changed[at] ^= 1;
            assert_eq!(
                Srtp::new(&master()).unprotect(&mut changed),
                None,
                "byte {at}"
            );
        }
        assert!(theirs.unprotect(&mut genuine.clone()).is_some());
        assert_eq!(theirs.unprotect(&mut genuine.clone()), None, "replayed");
        let mut stranger = Srtp::new(&MasterKey::random());
        assert_eq!(stranger.unprotect(&mut genuine.clone()), None);
        assert_eq!(theirs.unprotect(&mut packet(8, b"plain")), None);
        for length in 0..genuine.len() {
            let mut short = genuine[..length].to_vec();
            assert_eq!(Srtp::new(&master()).unprotect(&mut short), None);
        }
    }

    #[test]
    fn sequence_numbers_roll_over_and_packets_come_late() {
        let (mut ours, mut theirs) = (Srtp::new(&master()), Srtp::new(&master()));
        let mut sent = Vec::new();
        for number in 0..200_000u32 {
            let mut one = packet(number.wrapping_add(65_000) as u16, &number.to_be_bytes());
            assert!(ours.protect(&mut one));
            sent.push(one);
        }
        // Neighbours change places, every seventh is lost.
        for pair in sent.chunks_mut(2) {
            pair.reverse();
        }
        for (at, one) in sent.iter_mut().enumerate() {
            if at % 7 != 0 {
                assert!(theirs.unprotect(one).is_some(), "packet {at}");
            }
        }
    }

    #[test]
    fn many_sources_do_not_fill_the_memory() {
        let (mut ours, mut theirs) = (Srtp::new(&master()), Srtp::new(&master()));
        for ssrc in 0..100u32 {
            let mut one = packet(1, b"x");
            one[8..12].copy_from_slice(&ssrc.to_be_bytes());
            assert!(ours.protect(&mut one));
            assert!(theirs.unprotect(&mut one).is_some());
        }
        assert_eq!(theirs.sources.len(), SOURCES);
    }
}
