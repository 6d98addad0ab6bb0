//! The rows of `migrations/2026112314_telephony.sql` and `2026112653_elsewhere.sql`.

use crate::elsewhere::Source;

kernel::table! {
    /// The record of one call.
    pub mod call = "calls" (
        /// The call; also the work id on the floor.
        id: Uuid,
    ) {
        /// `inbound` or `outbound`.
        direction: String,
        /// Our number: called, or shown.
        hotline: String,
        /// The requester's number as the trunk told it; empty when withheld.
        caller: String,
        /// Keyed hash of `caller`, to look it up by.
        caller_hash: String,
        /// The requester the number was known as.
        requester_id: Option<Uuid>,
        /// Code of the queue it joined.
        queue: Option<String>,
        /// Who has it, had it, or is being rung.
        agent_id: Option<Uuid>,
        /// The number read out to the requester.
        staff_no: Option<String>,
        /// The state of call-control; `ended` at last.
        state: String,
        /// The one outcome; null while the call is open.
        outcome: Option<String>,
        /// `requester`, `agent` or `system`.
        ended_by: Option<String>,
        /// INVITE.
        arrived_at: DateTimeUtc,
        /// Joined the queue.
        queued_at: Option<DateTimeUtc>,
        /// First ring of an agent.
        rung_at: Option<DateTimeUtc>,
        /// Requester and agent connected.
        answered_at: Option<DateTimeUtc>,
        /// Over.
        ended_at: Option<DateTimeUtc>,
        /// Held altogether, in milliseconds.
        held_ms: i64,
        /// Address of the trunk peer.
        trunk: String,
        /// Call-ID of the requester's leg, to find it in a carrier's log.
        sip_call_id: String,
        /// `none`, `running`, `complete`, `damaged` (sound is missing) or `repaired` (after a kill).
        recording_state: String,
        /// Inside the file store.
        recording_path: Option<String>,
        /// Length in milliseconds.
        recording_ms: Option<i64>,
        /// Size in bytes.
        recording_bytes: Option<i64>,
        /// SHA-256 of the file in hex.
        recording_sha256: Option<String>,
        /// Sound that could not be written, in milliseconds.
        recording_lost_ms: Option<i64>,
        /// Journal lines written so far.
        events: i64,
        /// What the requester rated it, 1 to 5.
        rating: Option<i32>,
        /// Where it was taken: `shoujie`, or elsewhere: `freeswitch`, `import`, `form`.
        source: String,
        /// Code of the exchange, or of the origin of imported records.
        source_code: Option<String>,
        /// What it is called there.
        external_id: Option<String>,
    }
}

/// A record of which nothing is known but when it came in.
pub(crate) fn blank(id: uuid::Uuid, arrived_at: chrono::DateTime<chrono::Utc>) -> call::Model {
    call::Model {
        id,
        direction: "inbound".to_owned(),
        hotline: String::new(),
        caller: String::new(),
        caller_hash: String::new(),
        requester_id: None,
        queue: None,
        agent_id: None,
        staff_no: None,
        state: "arriving".to_owned(),
        outcome: None,
        ended_by: None,
        arrived_at,
        queued_at: None,
        rung_at: None,
        answered_at: None,
        ended_at: None,
        held_ms: 0,
        trunk: String::new(),
        sip_call_id: String::new(),
        recording_state: "none".to_owned(),
        recording_path: None,
        recording_ms: None,
        recording_bytes: None,
        recording_sha256: None,
        recording_lost_ms: None,
        events: 0,
        rating: None,
        source: Source::Shoujie.as_str().to_owned(),
        source_code: None,
        external_id: None,
    }
}

kernel::table! {
    /// A line of a call's journal.
    pub mod event = "call_events" (
        /// Identifies the line.
        id: Uuid,
    ) {
        /// The call.
        call_id: Uuid,
        /// From 1, without gaps.
        seq: i64,
        /// When it happened, not when it was written.
        at: DateTimeUtc,
        /// `arrived`, `greeted`, `queued`, `ringing`, `answered`, `held` … `ended`, `recorded`.
        event: String,
        /// What belongs to it.
        details: Json,
    }
}

kernel::table! {
    /// How one leg of a call was heard.
    pub mod leg = "call_legs" (
        /// Identifies the leg.
        id: Uuid,
    ) {
        /// The call.
        call_id: Uuid,
        /// `requester` or `agent`.
        side: String,
        /// Over WebRTC.
        web: bool,
        /// `PCMA`, `PCMU`, `G722`; none when nothing was agreed.
        codec: Option<String>,
        /// When it was attached.
        began_at: DateTimeUtc,
        /// How long it was.
        lasted_ms: i64,
        /// Packets that came.
        received: i64,
        /// Packets missing (RFC 3550).
        lost: i64,
        /// Mean jitter in microseconds (RFC 3550).
        jitter_us: i64,
        /// The largest it was.
        most_jitter_us: i64,
        /// The longest time without a packet.
        gap_ms: i64,
        /// Mean opinion score in hundredths (G.107); none when nothing was heard.
        mos_hundredths: Option<i64>,
        /// Of each ten seconds: packets received, packets lost, jitter in microseconds.
        stretches: Json,
    }
}
