//! Codecs: their SDP names, and the G.711 tables everything inside is built on.
//!
//! Inside the media plane sound is A-law at 8 kHz: prompts, recordings, and the hinge of transcoding.

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
