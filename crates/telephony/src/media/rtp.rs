//! RTP packets (RFC 3550), telephone-events (RFC 4733), and the order of the streams they come in.

use std::ops::Range;
use std::time::Instant;

use super::codec::RATE;

/// The fixed RTP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in units of the payload's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

/// Reads one datagram: its header and where its payload lies. `None` for anything that is no RTP,
/// RTCP on the same port included.
pub fn parse(datagram: &[u8]) -> Option<(Header, Range<usize>)> {
    let [first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3, ..] = *datagram else {
        return None;
    };
    // Version 2. RFC 5761 §4: a second byte of 192 to 223 is RTCP.
    if first >> 6 != 2 || (192..=223).contains(&second) {
        return None;
    }
    let mut start = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let words = datagram.get(start + 2..start + 4)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    let mut end = datagram.len();
    if first & 0x20 != 0 {
        let padding = usize::from(*datagram.last()?);
        if padding == 0 {
            return None;
        }
        end = end.checked_sub(padding)?;
    }
    if start > end {
        return None;
    }
    let header = Header {
        payload_type: second & 0x7f,
        marker: second & 0x80 != 0,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
    };
    Some((header, start..end))
}

/// Writes a packet over `datagram`.
pub fn build(header: &Header, payload: &[u8], datagram: &mut Vec<u8>) {
    datagram.clear();
    datagram.push(0x80);
    datagram.push((header.payload_type & 0x7f) | if header.marker { 0x80 } else { 0 });
    datagram.extend_from_slice(&header.sequence.to_be_bytes());
    datagram.extend_from_slice(&header.timestamp.to_be_bytes());
    datagram.extend_from_slice(&header.ssrc.to_be_bytes());
    datagram.extend_from_slice(payload);
}

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first of a stream: nothing was received before, the SSRC changed, or the numbers jumped.
    Restart,
    /// The next one, or a later one.
    Forward,
    /// One that others overtook.
    Late,
    /// One seen before.
    Duplicate,
}

/// Watches the sequence of one incoming stream (RFC 3550 A.1, without its probation: the source
/// address is checked already).
#[derive(Debug, Default)]
pub struct Sequence {
    last: Option<(u32, u16)>,
    /// Bit n: the number `last - n` was seen.
    seen: u128,
    lost: u64,
}

const MAX_DROPOUT: i16 = 3000;
const MAX_MISORDER: i16 = 100;

impl Sequence {
    /// Takes note of a packet.
    pub fn note(&mut self, header: &Header) -> Arrival {
        let step = match self.last {
            Some((ssrc, last)) if ssrc == header.ssrc => header.sequence.wrapping_sub(last) as i16,
            _ => i16::MIN,
        };
        if (1..=MAX_DROPOUT).contains(&step) {
            self.seen = self.seen.checked_shl(step as u32).unwrap_or(0) | 1;
            self.lost += u64::from(step as u16 - 1);
            self.last = Some((header.ssrc, header.sequence));
            return Arrival::Forward;
        }
        if (-MAX_MISORDER..=0).contains(&step) {
            let bit = 1_u128 << step.unsigned_abs();
            if self.seen & bit != 0 {
                return Arrival::Duplicate;
            }
            self.seen |= bit;
            self.lost = self.lost.saturating_sub(1);
            return Arrival::Late;
        }
        // What was sent before the first packet does not concern us: it counts as seen.
        self.seen = u128::MAX;
        self.last = Some((header.ssrc, header.sequence));
        Arrival::Restart
    }

    /// Packets missing so far.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

/// One report of a telephone-event payload (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Event code; 0–15 are the keys.
    pub code: u8,
    /// The key was let go.
    pub end: bool,
    /// Level as −dBm0, 0–63.
    pub volume: u8,
    /// Units of the clock since the timestamp.
    pub duration: u16,
}

impl Event {
    /// Reads a payload.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, d0, d1, ..] = *payload else {
            return None;
        };
        let duration = u16::from_be_bytes([d0, d1]);
        Some(Self {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration,
        })
    }

    /// The payload.
    pub fn build(self) -> [u8; 4] {
        let [d0, d1] = self.duration.to_be_bytes();
        [
            self.code,
            (self.volume & 0x3f) | if self.end { 0x80 } else { 0 },
            d0,
            d1,
        ]
    }

    /// The key of the code.
    pub fn digit(self) -> Option<char> {
        KEYS.get(usize::from(self.code)).map(|key| char::from(*key))
    }

    /// The code of a key.
    pub fn code_of(digit: char) -> Option<u8> {
        KEYS.iter()
            .position(|key| char::from(*key) == digit.to_ascii_uppercase())
            .map(|code| code as u8)
    }
}

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// Makes one digit of the many packets of a key press.
#[derive(Debug, Default)]
pub struct KeyPresses {
    last: Option<(u32, u32, Event)>,
}

impl KeyPresses {
    /// The digit, with the first packet of a press that is seen; the others, the three end packets
    /// among them, carry the same timestamp (RFC 4733 §2.5.1).
    pub fn note(&mut self, header: &Header, payload: &[u8]) -> Option<char> {
        let event = Event::parse(payload)?;
        let digit = event.digit()?;
        if let Some((ssrc, timestamp, last)) = &mut self.last
            && *ssrc == header.ssrc
        {
            let step = header.timestamp.wrapping_sub(*timestamp) as i32;
            // A press of more than 8 s goes on in a new segment that begins where the last one was full
            // (§2.5.1.3).
            let goes_on = step == i32::from(u16::MAX) && last.code == event.code && !last.end;
            if step > 0 && goes_on {
                *timestamp = header.timestamp;
                *last = event;
                return None;
            }
            if step == 0 {
                last.end |= event.end;
                return None;
            }
            if (-i32::from(u16::MAX)..0).contains(&step) {
                return None;
            }
        }
        self.last = Some((header.ssrc, header.timestamp, event));
        Some(digit)
    }
}

/// Number and time for a packet to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Sequence number, counted on past 16 bits.
    pub sequence: u64,
    /// Timestamp.
    pub timestamp: u32,
    /// Marker bit: the first packet after something else.
    pub marker: bool,
}

/// Keeps what we send on one leg a single stream, whoever spoke: our prompts or a relayed leg. The
/// far end sees one SSRC, numbers without holes of our making, and a clock that runs with real time.
#[derive(Debug)]
pub struct OutStream {
    ssrc: u32,
    speaker: Speaker,
    /// Highest number and time sent so far, and when.
    last: Option<(u64, u32, Instant)>,
    first: (u64, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Nobody,
    Ourselves,
    /// A relayed stream and what is added to its numbers and times.
    Relayed {
        ssrc: u32,
        last: u16,
        sequence: u64,
        timestamp: u32,
    },
}

impl OutStream {
    /// A stream with random beginnings (RFC 3550 §5.1). The number begins low: SRTP counts its
    /// roll-overs from zero.
    pub fn new() -> Self {
        let first = (u64::from(rand::random::<u16>() >> 2), rand::random());
        Self {
            ssrc: rand::random(),
            speaker: Speaker::Nobody,
            last: None,
            first,
        }
    }

    /// Our SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The stamp of a frame of our own making, `samples` after the one before it.
    pub fn own(&mut self, now: Instant, samples: u32) -> Stamp {
        let stamp = match (self.speaker, self.last) {
            (Speaker::Ourselves, Some((sequence, timestamp, _))) => Stamp {
                sequence: sequence + 1,
                timestamp: timestamp.wrapping_add(samples),
                marker: false,
            },
            _ => self.take_over(now),
        };
        self.speaker = Speaker::Ourselves;
        self.last = Some((stamp.sequence, stamp.timestamp, now));
        stamp
    }

    /// The stamp of a packet of a key press of ours: all of one press have the time it began at
    /// (RFC 4733 §2.5.1).
    pub fn press(&mut self, now: Instant, begins: bool) -> Stamp {
        if begins {
            let stamp = self.own(now, super::codec::FRAME as u32);
            return Stamp {
                marker: true,
                ..stamp
            };
        }
        // No other frame came in between: the times are the same.
        self.own(now, 0)
    }

    /// Breaks off: the next frame of our own begins anew, at the time it then is.
    pub fn pause(&mut self) {
        self.speaker = Speaker::Nobody;
    }

    /// The stamp of a relayed packet: loss, order and times are passed on as they are.
    pub fn relay(
        &mut self,
        now: Instant,
        sequence: u16,
        timestamp: u32,
        ssrc: u32,
        marker: bool,
    ) -> Stamp {
        if let Speaker::Relayed {
            ssrc: known,
            last,
            sequence: number,
            timestamp: offset,
        } = &mut self.speaker
            && *known == ssrc
        {
            let step = sequence.wrapping_sub(*last) as i16;
            if (-MAX_MISORDER..=MAX_DROPOUT).contains(&step) {
                let stamp = Stamp {
                    sequence: number.saturating_add_signed(i64::from(step)),
                    timestamp: timestamp.wrapping_add(*offset),
                    marker,
                };
                if step > 0 {
                    (*last, *number) = (sequence, stamp.sequence);
                    self.last = Some((stamp.sequence, stamp.timestamp, now));
                }
                return stamp;
            }
        }
        let stamp = self.take_over(now);
        self.speaker = Speaker::Relayed {
            ssrc,
            last: sequence,
            sequence: stamp.sequence,
            timestamp: stamp.timestamp.wrapping_sub(timestamp),
        };
        self.last = Some((stamp.sequence, stamp.timestamp, now));
        stamp
    }

    fn take_over(&self, now: Instant) -> Stamp {
        let (sequence, timestamp) = match self.last {
            None => self.first,
            Some((sequence, timestamp, at)) => {
                let elapsed =
                    now.saturating_duration_since(at).as_micros() as u64 * RATE as u64 / 1_000_000;
                // At least a frame on, so that the clock never stands still.
                (
                    sequence + 1,
                    timestamp.wrapping_add((elapsed as u32).max(super::codec::FRAME as u32)),
                )
            }
        };
        Stamp {
            sequence,
            timestamp,
            marker: true,
        }
    }
}

impl Default for OutStream {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn header(sequence: u16, timestamp: u32, ssrc: u32) -> Header {
        Header {
            payload_type: 8,
            marker: false,
            sequence,
            timestamp,
            ssrc,
        }
    }

    #[test]
    fn a_packet_is_read_as_it_was_written() {
        let written = Header {
            payload_type: 101,
            marker: true,
            sequence: 65_535,
            timestamp: u32::MAX,
            ssrc: 7,
        };
        let mut datagram = Vec::new();
        build(&written, b"payload", &mut datagram);
        let (read, payload) = parse(&datagram).unwrap();
        assert_eq!((read, &datagram[payload]), (written, &b"payload"[..]));
    }

    #[test]
    fn csrcs_extensions_and_padding_are_passed_over() {
        let mut datagram = vec![0x80 | 0x20 | 0x10 | 1, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        datagram.extend_from_slice(&[0; 4]); // one CSRC
        datagram.extend_from_slice(&[0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // an extension of one word
        datagram.extend_from_slice(b"voice");
        datagram.extend_from_slice(&[0, 0, 3]); // padding
        let (_, payload) = parse(&datagram).unwrap();
        assert_eq!(&datagram[payload], b"voice");
    }

    #[test]
    fn what_is_no_rtp_is_refused_without_a_panic() {
        let good = {
            let mut datagram = Vec::new();
            build(&header(1, 2, 3), b"x", &mut datagram);
            datagram
        };
        for length in 0..12 {
            assert_eq!(parse(&good[..length]), None);
        }
        let mut rtcp = good.clone();
        rtcp[1] = 200;
        assert_eq!(parse(&rtcp), None, "a sender report on the same port");
        let mut padding = good.clone();
        padding[0] |= 0x20;
        padding[12] = 200;
        assert_eq!(parse(&padding), None, "more padding than packet");
        let mut extension = good.clone();
        extension[0] |= 0x10;
        assert_eq!(parse(&extension), None, "an extension beyond the end");
        for byte in 0..=u8::MAX {
            let mut any = good.clone();
            any[0] = byte;
            let _ = parse(&any);
        }
    }

    #[test]
    fn loss_reordering_duplicates_and_jumps_are_told_apart() {
        let mut sequence = Sequence::default();
        let mut note = |number, ssrc| sequence.note(&header(number, 0, ssrc));
        assert_eq!(note(65_534, 1), Arrival::Restart);
        assert_eq!(note(65_535, 1), Arrival::Forward);
        assert_eq!(note(2, 1), Arrival::Forward); // 0 and 1 are missing
        assert_eq!(note(0, 1), Arrival::Late);
        assert_eq!(note(0, 1), Arrival::Duplicate);
        assert_eq!(note(2, 1), Arrival::Duplicate);
        assert_eq!(note(20_000, 1), Arrival::Restart);
        assert_eq!(note(20_001, 2), Arrival::Restart);
        assert_eq!(sequence.lost(), 1);
    }

    #[test]
    fn a_key_press_is_one_digit_however_often_its_packets_come() {
        let mut keys = KeyPresses::default();
        let mut digits = String::new();
        for (timestamp, code) in [(1000, 1), (3000, 1), (5000, 11), (7000, 15)] {
            for (end, times) in [(false, 5), (true, 3)] {
                for n in 0..times {
                    let event = Event {
                        code,
                        end,
                        volume: 10,
                        duration: 160 * n,
                    };
                    digits.extend(keys.note(&header(0, timestamp, 9), &event.build()));
                }
            }
        }
        // A straggler of the first press, a flash (no key), and a payload that is too short.
        digits.extend(keys.note(&header(0, 5000, 9), &[11, 0x80, 0, 0]));
        digits.extend(keys.note(&header(0, 9000, 9), &[16, 0, 0, 0]));
        digits.extend(keys.note(&header(0, 9000, 9), &[1]));
        assert_eq!(digits, "11#D");
        assert_eq!(Event::code_of('d'), Some(15));
    }

    #[test]
    fn a_long_press_is_one_digit_through_all_its_segments() {
        let mut keys = KeyPresses::default();
        let press = Event {
            code: 5,
            end: false,
            volume: 10,
            duration: u16::MAX,
        };
        let mut digits = Vec::new();
        for timestamp in [100, 100 + 65_535, 100 + 2 * 65_535] {
            digits.extend(keys.note(&header(0, timestamp, 9), &press.build()));
        }
        assert_eq!(digits, ['5']);
    }

    #[test]
    fn what_we_send_stays_one_stream_when_the_speaker_changes() {
        let start = crate::media::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut out = OutStream::new();
        let first = out.own(at(0), 160);
        let second = out.own(at(20), 160);
        assert!(first.marker && !second.marker);
        assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 160);
        // A second later the agent speaks, with one packet lost and one overtaken.
        let relayed: Vec<_> = [(500, 0), (502, 320), (501, 160), (503, 480)]
            .map(|(sequence, timestamp)| out.relay(at(1020), sequence, timestamp, 77, false))
            .to_vec();
        assert!(relayed[0].marker);
        assert_eq!(relayed[0].sequence, second.sequence + 1);
        assert_eq!(relayed[0].timestamp.wrapping_sub(second.timestamp), 8000);
        let steps: Vec<_> = relayed
            .iter()
            .map(|stamp| stamp.sequence - relayed[0].sequence)
            .collect();
        assert_eq!(steps, [0, 2, 1, 3]);
        let times: Vec<_> = relayed
            .iter()
            .map(|s| s.timestamp.wrapping_sub(relayed[0].timestamp))
            .collect();
        assert_eq!(times, [0, 320, 160, 480]);
        // The far end changes its SSRC: ours stays, numbers go on.
        let changed = out.relay(at(1100), 9, 123_456, 78, false);
        assert!(changed.marker);
        assert_eq!(changed.sequence, relayed[3].sequence + 1);
        assert_eq!(changed.timestamp.wrapping_sub(relayed[3].timestamp), 640);
    }
}
