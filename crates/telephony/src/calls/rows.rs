//! The rows of `migrations/2026112314_telephony.sql`.

/// The record of one call.
pub mod call {
    #![expect(missing_docs, reason = "SeaORM's own names; the columns are described")]
    use sea_orm::entity::prelude::*;

    /// The record of one call; every figure about it is counted from here.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "calls")]
    pub struct Model {
        /// The call; also the work id on the floor.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// `inbound` or `outbound`.
        pub direction: String,
        /// Our number: called, or shown.
        pub hotline: String,
        /// The requester's number as the trunk told it; empty when withheld.
        pub caller: String,
        /// Keyed hash of `caller`, to look it up by.
        pub caller_hash: String,
        /// The requester the number was known as.
        pub requester_id: Option<Uuid>,
        /// Code of the queue it joined.
        pub queue: Option<String>,
        /// Who has it, had it, or is being rung.
        pub agent_id: Option<Uuid>,
        /// The number read out to the requester.
        pub staff_no: Option<String>,
        /// The state of call-control; `ended` at last.
        pub state: String,
        /// The one outcome; null while the call is open.
        pub outcome: Option<String>,
        /// `requester`, `agent` or `system`.
        pub ended_by: Option<String>,
        /// INVITE.
        pub arrived_at: DateTimeUtc,
        /// Joined the queue.
        pub queued_at: Option<DateTimeUtc>,
        /// First ring of an agent.
        pub rung_at: Option<DateTimeUtc>,
        /// Requester and agent connected.
        pub answered_at: Option<DateTimeUtc>,
        /// Over.
        pub ended_at: Option<DateTimeUtc>,
        /// Held altogether, in milliseconds.
        pub held_ms: i64,
        /// Address of the trunk peer.
        pub trunk: String,
        /// Call-ID of the requester's leg, to find it in a carrier's log.
        pub sip_call_id: String,
        /// `none`, `running`, `complete`, `damaged` (sound is missing) or `repaired` (after a kill).
        pub recording_state: String,
        /// Inside the file store.
        pub recording_path: Option<String>,
        /// Length in milliseconds.
        pub recording_ms: Option<i64>,
        /// Size in bytes.
        pub recording_bytes: Option<i64>,
        /// SHA-256 of the file in hex.
        pub recording_sha256: Option<String>,
        /// Sound that could not be written, in milliseconds.
        pub recording_lost_ms: Option<i64>,
        /// Journal lines written so far.
        pub events: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
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
    }
}

/// A line of a call's journal.
pub mod event {
    #![expect(missing_docs, reason = "SeaORM's own names; the columns are described")]
    use sea_orm::entity::prelude::*;

    /// What happened to a call, in order.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "call_events")]
    pub struct Model {
        /// Identifies the line.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The call.
        pub call_id: Uuid,
        /// From 1, without gaps.
        pub seq: i64,
        /// When it happened, not when it was written.
        pub at: DateTimeUtc,
        /// `arrived`, `greeted`, `queued`, `ringing`, `answered`, `held` … `ended`, `recorded`.
        pub event: String,
        /// What belongs to it.
        pub details: Json,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
