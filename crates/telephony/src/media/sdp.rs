//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264) for one audio stream.
//!
//! WebRTC descriptions are str0m's business; here they are only recognised.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;

use super::codec::Codec;
use super::plane::MediaError;
use super::srtp::MasterKey;

/// Longest description that is read, in bytes. Real ones have a few hundred, a browser's a few thousand.
const LONGEST: usize = 64 * 1024;

/// Our payload type for telephone-event in offers.
pub const EVENT_TYPE: u8 = 101;

/// Who sends (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both; also when nothing is said.
    #[default]
    SendRecv,
    /// The describing side sends only.
    SendOnly,
    /// The describing side receives only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    const ALL: [Self; 4] = [
        Self::SendRecv,
        Self::SendOnly,
        Self::RecvOnly,
        Self::Inactive,
    ];

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same seen from the other side (RFC 3264 §6.1).
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            other => other,
        }
    }

    /// The describing side sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// The describing side receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What a description says of its audio stream, as far as we can use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Transport protocol, as RTP/AVP.
    pub protocol: String,
    /// Where it wants its RTP; `None` for a null address (hold in the manner of RFC 2543).
    pub address: Option<SocketAddr>,
    /// Who sends.
    pub direction: Direction,
    /// Payload types of codecs we know, in the describer's order.
    pub codecs: Vec<(u8, Codec)>,
    /// Payload type of telephone-event at 8000 Hz.
    pub event_type: Option<u8>,
    /// Packet length it wishes for, in ms.
    pub ptime_ms: Option<u32>,
    /// `a=fingerprint` of a WebRTC end, its hash in lower case.
    pub fingerprint: Option<String>,
    /// The first key it gives that we can use (SDES, RFC 4568).
    pub crypto: Option<Crypto>,
}

impl Audio {
    /// RTP whose profile asks for no encryption.
    pub fn is_plain(&self) -> bool {
        matches!(self.protocol.as_str(), "RTP/AVP" | "RTP/AVPF")
    }

    /// SRTP with a key in the description.
    pub fn is_secured(&self) -> bool {
        matches!(self.protocol.as_str(), "RTP/SAVP" | "RTP/SAVPF") && self.crypto.is_some()
    }

    /// The describer puts us on hold.
    pub fn holds(&self) -> bool {
        self.address.is_none() || !self.direction.receives()
    }
}

/// A key for SRTP (RFC 4568) of the suite `AES_CM_128_HMAC_SHA1_80`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crypto {
    /// Which of the offer's keys it is, or answers.
    pub tag: u32,
    /// The key.
    pub key: MasterKey,
}

/// The only suite that every telephone knows.
const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";

impl Crypto {
    /// Reads `tag suite inline:key|lifetime`; `None` for what we cannot do: other suites, key
    /// identifiers in packets, session parameters.
    fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok()?;
        let suite = words.next()?;
        let key = words.next()?.strip_prefix("inline:")?;
        if !suite.eq_ignore_ascii_case(SUITE) || words.next().is_some() {
            return None;
        }
        let mut parts = key.split('|');
        let key = parts.next()?;
        if parts.any(|part| part.contains(':')) {
            return None;
        }
        let padded = key.trim_end_matches('=');
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(padded)
            .ok()?;
        let key = MasterKey(bytes.try_into().ok()?);
        Some(Self { tag, key })
    }

    fn line(&self) -> String {
        let key = base64::engine::general_purpose::STANDARD.encode(self.key.0);
        format!("a=crypto:{} {SUITE} inline:{key}\r\n", self.tag)
    }
}

/// A parsed description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The first audio stream with a port.
    pub audio: Audio,
    /// All its media lines, to be mirrored in the answer: (media, protocol, formats).
    lines: Vec<(String, String, String)>,
    /// Which of them is `audio`.
    index: usize,
}

/// Whether a description asks for DTLS-SRTP, that is for a WebRTC leg.
pub fn wants_webrtc(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.lines()
        .any(|line| line.starts_with("m=audio") && line.contains("UDP/TLS/RTP/SAVP"))
}

#[derive(Default)]
struct Section {
    media: String,
    port: u16,
    protocol: String,
    formats: String,
    address: Option<Address>,
    direction: Option<Direction>,
    maps: Vec<(u8, String)>,
    ptime_ms: Option<u32>,
    fingerprint: Option<String>,
    crypto: Option<Crypto>,
}

#[derive(Clone, Copy)]
enum Address {
    Ip(IpAddr),
    /// A host name: legal, but we do not look names up for a stranger. It fails only if it is used.
    Name,
}

/// Reads an offer or an answer.
pub fn parse(body: &[u8]) -> Result<Description, MediaError> {
    if body.len() > LONGEST {
        return Err(bad("longer than 64 KiB"));
    }
    let text = String::from_utf8_lossy(body);
    let mut lines = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty());
    if lines.next() != Some("v=0") {
        return Err(bad("does not begin with v=0"));
    }
    // The first section is the session's own level.
    let mut sections = vec![Section::default()];
    for line in lines {
        let Some((kind, value)) = line.split_once('=') else {
            return Err(bad(line));
        };
        if kind == "m" {
            sections.push(media_line(value).ok_or_else(|| bad(line))?);
            continue;
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        match kind {
            "c" => section.address = Some(connection(value).ok_or_else(|| bad(line))?),
            "a" => attribute(section, value).ok_or_else(|| bad(line))?,
            _ => {}
        }
    }
    let media = &sections[1..];
    let found = media
        .iter()
        .position(|line| line.media == "audio" && line.port != 0);
    let index = found.ok_or(MediaError::NoAudio)?;
    let audio = audio(&sections[0], &media[index])?;
    let lines = media
        .iter()
        .map(|m| (m.media.clone(), m.protocol.clone(), m.formats.clone()))
        .collect();
    Ok(Description {
        audio,
        lines,
        index,
    })
}

fn bad(what: impl std::fmt::Display) -> MediaError {
    MediaError::BadSdp(what.to_string().chars().take(80).collect())
}

fn media_line(value: &str) -> Option<Section> {
    let mut words = value.split_ascii_whitespace();
    let media = words.next()?.to_owned();
    let port = words.next()?.split('/').next()?.parse().ok()?;
    let protocol = words.next()?.to_owned();
    let formats = words.collect::<Vec<_>>().join(" ");
    if formats.is_empty() {
        return None;
    }
    Some(Section {
        media,
        port,
        protocol,
        formats,
        ..Section::default()
    })
}

fn connection(value: &str) -> Option<Address> {
    let mut words = value.split_ascii_whitespace();
    if words.next()? != "IN" {
        return None;
    }
    let family = words.next()?;
    let literal = words.next()?.split('/').next()?;
    match literal.parse::<IpAddr>() {
        Ok(ip) => (ip.is_ipv4() == (family == "IP4")).then_some(Address::Ip(ip)),
        Err(_) => Some(Address::Name),
    }
}

fn attribute(section: &mut Section, value: &str) -> Option<()> {
    let (name, value) = value.split_once(':').unwrap_or((value, ""));
    match name {
        "rtpmap" => {
            let (payload_type, encoding) = value.trim().split_once(' ')?;
            let payload_type = payload_type.parse().ok().filter(|n| *n < 128)?;
            section
                .maps
                .push((payload_type, encoding.trim().to_owned()));
        }
        // A nonsensical wish is no reason to refuse a call.
        "fingerprint" => section.fingerprint = Some(value.trim().to_ascii_lowercase()),
        // RFC 4568 §5.1.2: the first that can be used.
        "crypto" => section.crypto = section.crypto.or_else(|| Crypto::parse(value)),
        "ptime" => section.ptime_ms = value.trim().parse().ok(),
        _ => {
            if let Some(direction) = Direction::ALL.into_iter().find(|d| d.name() == name) {
                section.direction = Some(direction);
            }
        }
    }
    Some(())
}

fn audio(session: &Section, media: &Section) -> Result<Audio, MediaError> {
    let address = match media.address.or(session.address) {
        None => return Err(bad("no c= line")),
        Some(Address::Name) => return Err(bad("c= names a host instead of an address")),
        Some(Address::Ip(ip)) => (!ip.is_unspecified()).then(|| SocketAddr::new(ip, media.port)),
    };
    let mut codecs: Vec<(u8, Codec)> = Vec::new();
    let mut event_type = None;
    for format in media.formats.split(' ') {
        let Some(payload_type) = format.parse::<u8>().ok().filter(|n| *n < 128) else {
            continue;
        };
        let map = media
            .maps
            .iter()
            .find(|(mapped, _)| *mapped == payload_type);
        let known = match map {
            None => Codec::with_static_type(payload_type),
            Some((_, encoding)) => {
                let mut parts = encoding.split('/');
                let name = parts.next().unwrap_or_default();
                let narrow =
                    parts.next() == Some("8000") && parts.next().is_none_or(|ch| ch == "1");
                if narrow && event_type.is_none() && name.eq_ignore_ascii_case("telephone-event") {
                    event_type = Some(payload_type);
                }
                Codec::named(name).filter(|_| narrow)
            }
        };
        codecs.extend(known.map(|codec| (payload_type, codec)));
    }
    let direction = media.direction.or(session.direction).unwrap_or_default();
    Ok(Audio {
        protocol: media.protocol.clone(),
        address,
        direction,
        codecs,
        event_type,
        ptime_ms: media.ptime_ms.or(session.ptime_ms),
        fingerprint: media
            .fingerprint
            .clone()
            .or_else(|| session.fingerprint.clone()),
        crypto: media.crypto,
    })
}

/// What we say of our own side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Where we want RTP.
    pub address: SocketAddr,
    /// Payload types and codecs, best first.
    pub codecs: Vec<(u8, Codec)>,
    /// Payload type of telephone-event.
    pub event_type: Option<u8>,
    /// Who sends.
    pub direction: Direction,
    /// Our key, where one is offered or answered.
    pub crypto: Option<Crypto>,
    /// Session id of the `o=` line, the same for the leg's life.
    pub id: u32,
    /// Its version, one more for each description.
    pub version: u32,
}

impl Local {
    /// An offer.
    pub fn offer(&self) -> String {
        self.offer_as("RTP/AVP")
    }

    /// An offer with this profile.
    pub fn offer_as(&self, protocol: &str) -> String {
        let mut text = self.session();
        self.media(protocol, &mut text);
        text
    }

    /// An answer to `offer`: every other stream of it is refused (RFC 3264 §6).
    pub fn answer(&self, offer: &Description) -> String {
        let mut text = self.session();
        for (index, (media, protocol, formats)) in offer.lines.iter().enumerate() {
            if index == offer.index {
                self.media(protocol, &mut text);
            } else {
                let _ = write!(text, "m={media} 0 {protocol} {formats}\r\n");
            }
        }
        text
    }

    fn session(&self) -> String {
        let (ip, id, version) = (self.address.ip(), self.id, self.version);
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=shoujie {id} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n"
        )
    }

    fn media(&self, protocol: &str, text: &mut String) {
        let _ = write!(text, "m=audio {} {protocol}", self.address.port());
        for payload_type in self.codecs.iter().map(|(n, _)| n).chain(&self.event_type) {
            let _ = write!(text, " {payload_type}");
        }
        text.push_str("\r\n");
        for (payload_type, codec) in &self.codecs {
            let _ = write!(text, "a=rtpmap:{payload_type} {}/8000\r\n", codec.name());
        }
        if let Some(n) = self.event_type {
            let _ = write!(
                text,
                "a=rtpmap:{n} telephone-event/8000\r\na=fmtp:{n} 0-15\r\n"
            );
        }
        if let Some(crypto) = &self.crypto {
            text.push_str(&crypto.line());
        }
        let _ = write!(text, "a=ptime:20\r\na={}\r\n", self.direction.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
        m=audio 49170 RTP/AVP 0 8 97\r\na=rtpmap:97 telephone-event/8000\r\na=ptime:20\r\n";

    fn read(text: &str) -> Audio {
        parse(text.as_bytes()).unwrap().audio
    }

    fn refused(text: &str) -> MediaError {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_plain_offer_is_read() {
        let audio = read(OFFER);
        assert_eq!(audio.address, Some("10.0.0.9:49170".parse().unwrap()));
        assert_eq!(audio.codecs, [(0, Codec::Pcmu), (8, Codec::Pcma)]);
        assert_eq!((audio.event_type, audio.ptime_ms), (Some(97), Some(20)));
        assert_eq!(audio.direction, Direction::SendRecv);
        assert!(!audio.holds());
    }

    #[test]
    fn the_media_level_overrides_the_session_level() {
        let text = OFFER.replace("t=0 0\r\n", "t=0 0\r\na=inactive\r\n");
        assert_eq!(read(&text).direction, Direction::Inactive);
        let text = format!("{text}c=IN IP4 10.0.0.10\r\na=sendrecv\r\n");
        assert_eq!(
            read(&text).address,
            Some("10.0.0.10:49170".parse().unwrap())
        );
        assert_eq!(read(&text).direction, Direction::SendRecv);
    }

    #[test]
    fn ipv6_is_read_and_written() {
        let text = OFFER.replace("IP4 10.0.0.9", "IP6 2001:db8::7");
        let description = parse(text.as_bytes()).unwrap();
        assert_eq!(
            description.audio.address,
            Some("[2001:db8::7]:49170".parse().unwrap())
        );
        let mut local = local();
        local.address = "[::1]:20000".parse().unwrap();
        let answer = local.answer(&description);
        assert!(answer.contains("c=IN IP6 ::1\r\n"), "{answer}");
        assert_eq!(read(&answer).address, Some(local.address));
    }

    #[test]
    fn all_three_manners_of_hold_are_understood() {
        for hold in ["a=sendonly\r\n", "a=inactive\r\n", "c=IN IP4 0.0.0.0\r\n"] {
            assert!(read(&format!("{OFFER}{hold}")).holds(), "{hold}");
        }
        assert!(!read(&format!("{OFFER}a=recvonly\r\n")).holds());
    }

    #[test]
    fn dynamic_types_count_by_name_and_clock() {
        let text = "v=0\nc=IN IP4 10.0.0.9\nm=audio 4000/2 RTP/AVP 96 98 99 100 8 nonsense 300\n\
            a=rtpmap:96 opus/48000/2\na=rtpmap:98 pcma/8000/1\na=rtpmap:99 PCMU/16000\n\
            a=rtpmap:100 telephone-event/48000\na=rtpmap:8 G722/8000\n";
        let audio = read(text);
        assert_eq!(audio.codecs, [(98, Codec::Pcma), (8, Codec::G722)]);
        assert_eq!(audio.event_type, None);
    }

    #[test]
    fn the_other_streams_of_an_offer_are_refused_in_their_place() {
        let text = OFFER.replace("t=0 0\r\n", "t=0 0\r\nm=video 5000 RTP/AVP 31\r\n");
        let text = text + "m=image 6000 udptl t38\r\n";
        let description = parse(text.as_bytes()).unwrap();
        let answer = local().answer(&description);
        let media: Vec<_> = answer
            .lines()
            .filter(|line| line.starts_with("m="))
            .collect();
        assert_eq!(
            media,
            [
                "m=video 0 RTP/AVP 31",
                "m=audio 20000 RTP/AVP 8 101",
                "m=image 0 udptl t38"
            ]
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_reason() {
        assert!(matches!(refused(""), MediaError::BadSdp(_)));
        assert!(matches!(refused("v=1\r\n"), MediaError::BadSdp(_)));
        assert!(matches!(refused("v=0\r\nhello"), MediaError::BadSdp(_)));
        assert_eq!(refused("v=0\r\n"), MediaError::NoAudio);
        assert_eq!(refused(&OFFER.replace("49170", "0")), MediaError::NoAudio);
        assert!(matches!(
            refused(&OFFER.replace("49170", "70000")),
            MediaError::BadSdp(_)
        ));
        assert!(matches!(
            refused(&OFFER.replace("10.0.0.9\r\nt", "example.com\r\nt")),
            MediaError::BadSdp(_)
        ));
        assert!(matches!(
            refused(&OFFER.replace("c=IN IP4", "c=IN IP6")),
            MediaError::BadSdp(_)
        ));
        assert!(!read(&OFFER.replace("RTP/AVP", "RTP/SAVP")).is_plain());
        assert!(matches!(
            refused(&OFFER.replace("a=rtpmap:97", "a=rtpmap:x")),
            MediaError::BadSdp(_)
        ));
        assert!(matches!(
            refused(&"v=0\r\n".repeat(20_000)),
            MediaError::BadSdp(_)
        ));
    }

    #[test]
    fn the_first_key_that_can_be_used_is_taken() {
        let key = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
        let secured = OFFER.replace("RTP/AVP", "RTP/SAVP");
        let text = format!(
            "{secured}a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:AAAA\r\na=crypto:2 {SUITE} {key}|2^20|1:4\r\n\
             a=crypto:3 {SUITE} {key}|2^31\r\na=crypto:4 {SUITE} {key}\r\n"
        );
        let audio = read(&text);
        assert!(audio.is_secured() && !audio.is_plain());
        let crypto = audio.crypto.unwrap();
        assert_eq!(crypto.tag, 3);
        assert_eq!(&crypto.key.0[..4], b"YS__");
        let mut local = local();
        local.crypto = Some(crypto);
        let again = read(&local.offer_as("RTP/SAVP"));
        assert_eq!(again.crypto, Some(crypto));
        for odd in [
            "",
            "a=crypto:x y z\r\n".to_owned().as_str(),
            &format!("a=crypto:1 {SUITE} inline:AAAA\r\n"),
            &format!("a=crypto:1 {SUITE} {key} UNENCRYPTED_SRTP\r\n"),
            &format!("a=crypto:1 AES_CM_128_HMAC_SHA1_32 {key}\r\n"),
        ] {
            let audio = read(&format!("{secured}{odd}"));
            assert!(!audio.is_secured(), "{odd}");
        }
        assert!(
            !format!("{crypto:?}").contains("89"),
            "a key shows itself to nobody"
        );
    }

    #[test]
    fn mangled_descriptions_never_panic() {
        let bytes = OFFER.as_bytes();
        for cut in 0..bytes.len() {
            let _ = parse(&bytes[..cut]);
            let _ = parse(&bytes[cut..]);
            for byte in [0, b'\n', b' ', b'=', b'/', 0xff] {
                let mut mangled = bytes.to_vec();
                mangled[cut] = byte;
                let _ = parse(&mangled);
            }
        }
    }

    #[test]
    fn a_webrtc_offer_is_recognised() {
        assert!(wants_webrtc(b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
        assert!(!wants_webrtc(OFFER.as_bytes()));
    }

    fn local() -> Local {
        Local {
            address: "127.0.0.1:20000".parse().unwrap(),
            codecs: vec![(8, Codec::Pcma)],
            event_type: Some(101),
            direction: Direction::SendRecv,
            crypto: None,
            id: 1,
            version: 1,
        }
    }
}
