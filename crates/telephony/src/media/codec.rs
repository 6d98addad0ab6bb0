//! Codecs: their SDP names, and the G.711 tables everything inside is built on.
//!
//! Inside the media plane sound is A-law at 8 kHz: prompts, recordings, and the hinge of transcoding.
//! Opus is left out on purpose: the public network is 8 kHz, and every WebRTC end must speak G.711
//! (RFC 7874 §3).

use std::sync::LazyLock;

use audio_codec::g722::{Bitrate, G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::resampler::BoxedResampler;
use audio_codec::{Decoder as _, Encoder as _};

/// Samples of a second of narrow-band sound.
pub const RATE: usize = 8000;
/// Samples, and A-law bytes, of a 20 ms frame.
pub const FRAME: usize = 160;
/// A-law silence.
pub const SILENCE: u8 = 0xd5;

/// A voice codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law, static payload type 8.
    Pcma,
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.722, static payload type 9. Its RTP clock says 8000 though it samples at 16 kHz (RFC 3551 §4.5.2).
    G722,
}

impl Codec {
    /// Every codec we can speak.
    pub const ALL: [Self; 3] = [Self::Pcma, Self::Pcmu, Self::G722];

    /// The encoding name of `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::G722 => "G722",
        }
    }

    /// The static payload type (RFC 3551 §6).
    pub const fn static_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
            Self::G722 => 9,
        }
    }

    /// By encoding name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// By static payload type.
    pub fn with_static_type(payload_type: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.static_type() == payload_type)
    }
}

static ALAW_TO_ULAW: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let mut table = [0; 256];
    let _ = PcmuEncoder::new().encode_into(&*ALAW_TO_LINEAR, &mut table);
    table
});
static ULAW_TO_ALAW: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let (mut linear, mut table) = ([0; 256], [0; 256]);
    let _ = PcmuDecoder::new().decode_into(&every_byte(), &mut linear);
    let _ = PcmaEncoder::new().encode_into(&linear, &mut table);
    table
});
static ALAW_TO_LINEAR: LazyLock<[i16; 256]> = LazyLock::new(|| {
    let mut table = [0; 256];
    let _ = PcmaDecoder::new().decode_into(&every_byte(), &mut table);
    table
});

fn every_byte() -> [u8; 256] {
    std::array::from_fn(|byte| byte as u8)
}

/// The linear samples of A-law sound.
pub fn alaw_to_linear(alaw: &[u8]) -> Vec<i16> {
    let table = &*ALAW_TO_LINEAR;
    alaw.iter().map(|byte| table[usize::from(*byte)]).collect()
}

/// One A-law byte as a linear sample.
pub fn alaw_sample(byte: u8) -> i16 {
    ALAW_TO_LINEAR[usize::from(byte)]
}

/// Two A-law bytes heard at once.
pub fn add_alaw(one: u8, other: u8) -> u8 {
    match (one, other) {
        (SILENCE, byte) | (byte, SILENCE) => byte,
        _ => linear_byte(alaw_sample(one).saturating_add(alaw_sample(other))),
    }
}

fn linear_byte(sample: i16) -> u8 {
    let mut byte = [SILENCE];
    let _ = PcmaEncoder::new().encode_into(&[sample], &mut byte);
    byte[0]
}

/// Linear samples at 8 kHz as A-law.
pub fn linear_to_alaw(linear: &[i16]) -> Vec<u8> {
    PcmaEncoder::new().encode(linear)
}

/// µ-law to A-law, byte by byte.
pub fn ulaw_to_alaw(ulaw: &[u8], alaw: &mut Vec<u8>) {
    let table = &*ULAW_TO_ALAW;
    alaw.extend(ulaw.iter().map(|byte| table[usize::from(*byte)]));
}

fn alaw_to_ulaw(alaw: &[u8], ulaw: &mut Vec<u8>) {
    let table = &*ALAW_TO_ULAW;
    ulaw.extend(alaw.iter().map(|byte| table[usize::from(*byte)]));
}

/// Turns one incoming stream into A-law. Keeps the state of the stream's codec.
#[derive(Default)]
pub struct ToAlaw {
    g722: Option<Box<G722Decoder>>,
    linear: Vec<i16>,
    alaw: Vec<u8>,
}

impl ToAlaw {
    /// The A-law of a packet; borrowed from the packet when it is A-law already.
    pub fn convert<'a>(&'a mut self, codec: Codec, payload: &'a [u8]) -> &'a [u8] {
        self.alaw.clear();
        match codec {
            Codec::Pcma => return payload,
            Codec::Pcmu => ulaw_to_alaw(payload, &mut self.alaw),
            Codec::G722 => {
                // Only the lower band is decoded: it is the 8 kHz signal, with no resampler.
                let decoder = self.g722.get_or_insert_with(|| {
                    Box::new(G722Decoder::with_options(Bitrate::Mode1_64000, false, true))
                });
                self.linear.resize(payload.len(), 0);
                let read = decoder.decode_into(payload, &mut self.linear).unwrap_or(0);
                self.alaw.resize(read, SILENCE);
                let _ = PcmaEncoder::new().encode_into(&self.linear[..read], &mut self.alaw);
            }
        }
        &self.alaw
    }
}

impl std::fmt::Debug for ToAlaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToAlaw").finish_non_exhaustive()
    }
}

/// Turns A-law into one outgoing stream. Keeps the state of the stream's codec.
#[derive(Default)]
pub struct FromAlaw {
    g722: Option<Box<(G722Encoder, BoxedResampler)>>,
    wide: Vec<i16>,
    encoded: Vec<u8>,
}

impl FromAlaw {
    /// The packet's payload in `codec`; borrowed when that is A-law.
    pub fn convert<'a>(&'a mut self, codec: Codec, alaw: &'a [u8]) -> &'a [u8] {
        self.encoded.clear();
        match codec {
            Codec::Pcma => return alaw,
            Codec::Pcmu => alaw_to_ulaw(alaw, &mut self.encoded),
            Codec::G722 => {
                if self.g722.is_none() {
                    // Fails only for a rate of zero.
                    let Ok(resampler) = BoxedResampler::new(RATE, 2 * RATE) else {
                        return &[];
                    };
                    self.g722 = Some(Box::new((G722Encoder::new(), resampler)));
                }
                let Some(stream) = self.g722.as_mut() else {
                    return &[];
                };
                let linear = alaw_to_linear(alaw);
                self.wide
                    .resize(stream.1.max_output_samples(linear.len()), 0);
                let wide = stream.1.resample_into(&linear, &mut self.wide).unwrap_or(0);
                self.encoded.resize(stream.0.max_encode_bytes(wide), 0);
                let bytes = stream
                    .0
                    .encode_into(&self.wide[..wide], &mut self.encoded)
                    .unwrap_or(0);
                self.encoded.truncate(bytes);
            }
        }
        &self.encoded
    }
}

impl std::fmt::Debug for FromAlaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FromAlaw").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tone;
    use super::*;

    #[test]
    fn the_law_tables_agree_with_the_standard() {
        // ITU-T G.711 (11/88) tables 1a and 2a: largest amplitude, zero, smallest step.
        assert_eq!(alaw_sample(0xaa), 32256);
        assert_eq!(alaw_sample(0x2a), -32256);
        assert_eq!(alaw_sample(SILENCE), 8);
        let mut alaw = Vec::new();
        ulaw_to_alaw(&[0xff, 0x80, 0x00], &mut alaw);
        assert_eq!(alaw, [0xd5, 0xaa, 0x2a]);
    }

    #[test]
    fn a_tone_survives_every_codec_and_back() {
        let sound = linear_to_alaw(&tone::sine(1000.0, 8000.0, RATE));
        for codec in Codec::ALL {
            let (mut encode, mut decode) = (FromAlaw::default(), ToAlaw::default());
            let mut heard = Vec::new();
            for frame in sound.chunks(FRAME) {
                let packet = encode.convert(codec, frame).to_vec();
                assert_eq!(packet.len(), FRAME, "{codec:?}: 20 ms are 160 bytes");
                heard.extend_from_slice(decode.convert(codec, &packet));
            }
            let heard = alaw_to_linear(&heard);
            assert!(tone::share(&heard[800..], 1000.0) > 0.98, "{codec:?}");
            let level = tone::amplitude(&heard[800..], 1000.0);
            assert!((7000.0..9000.0).contains(&level), "{codec:?}: {level}");
        }
    }
}
