//! What other engines need, as reference.

/// One engine's CPU for a second of a call.
pub struct Peer {
    /// Name and version.
    pub name: &'static str,
    /// Milliseconds of CPU for each call-second at 100 calls.
    pub at_100: Option<f64>,
    /// The same at 200 calls.
    pub at_200: Option<f64>,
}

/// Where [`PEERS`] comes from.
pub const SOURCE: &str = "telephony.md, \"Numbers to beat\": quiet 2-core machine, Debian 12, G.711 both ways, \
    November 2026; other hardware shifts all of them";

/// Measured before this product was built.
pub const PEERS: &[Peer] = &[
    Peer {
        name: "bare UDP relay, no call control, no recording",
        at_100: None,
        at_200: Some(0.27),
    },
    Peer {
        name: "the spike, stereo recording in memory",
        at_100: Some(0.91),
        at_200: Some(1.06),
    },
    Peer {
        name: "rustpbx 0.5.0, recording",
        at_100: Some(2.84),
        at_200: Some(2.48),
    },
    Peer {
        name: "Asterisk 22.10, Queue",
        at_100: None,
        at_200: Some(3.84),
    },
    Peer {
        name: "Asterisk 22.10, Queue + MixMonitor",
        at_100: Some(5.52),
        at_200: Some(5.47),
    },
];
