//! What quality asks of the other capabilities, wired by the server.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{Result, Tx};
use uuid::Uuid;

use crate::corrective::CorrectiveSource;
use crate::recording::Signals;
use crate::sampling::WorkKind;

/// The facts of a contact, as they are kept with its evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// What it is.
    pub kind: WorkKind,
    /// The call, conversation or ticket.
    pub id: Uuid,
    /// What people call it: its number, where it has one.
    pub label: String,
    /// By which way it came: `phone`, `wechat` …
    pub channel: String,
    /// Code of the queue.
    pub queue: Option<String>,
    /// Whose work it is.
    pub agent: Uuid,
    /// Whom a complaint about it is about, where there is one.
    pub complained: Option<Uuid>,
    /// It was complained about.
    pub has_complaint: bool,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it was over; contacts that are not are not drawn.
    pub ended_at: Option<DateTime<Utc>>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// How the requester rated it, in the words of its channel.
    pub satisfaction: Option<String>,
    /// That rating is a bad one.
    pub dissatisfied: bool,
    /// Minutes until the same requester came again.
    pub again_after_minutes: Option<u64>,
    /// There is a recording.
    pub recorded: bool,
}

/// Where a corrective action comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectiveOrigin {
    /// Its number.
    pub label: String,
    /// Whom it is about.
    pub about: Option<Uuid>,
}

/// What is heard of a recording that is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoken {
    /// The samples of both lanes, 8,000 a second: the requester's, then the agent's. Where recording was paused, silence.
    Lanes([Vec<i16>; 2]),
    /// It is longer than what was asked for.
    TooLong,
    /// There is none that can be read here.
    NoRecording,
    /// What was known of the requester is erased; nobody else hears him.
    Erased,
}

/// Who knows what was said and done.
pub trait Contacts: Send + Sync {
    /// The contacts of this kind that were over within this time, by id; when the same requester came again is asked
    /// only where `again_within` says within which time.
    fn between(
        &self,
        kind: WorkKind,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        again_within: Option<TimeDelta>,
    ) -> BoxFuture<'_, Result<Vec<Contact>>>;

    /// One of them; none where it is not there, or no agent had it.
    fn one(&self, kind: WorkKind, id: Uuid) -> BoxFuture<'_, Result<Option<Contact>>>;

    /// What the recording of a call tells; none where it has none that can be read.
    fn measure(&self, call: Uuid) -> BoxFuture<'_, Result<Option<Signals>>>;

    /// What is heard of the recording of a call, of so many samples of a lane at most.
    fn spoken(&self, call: Uuid, most: usize) -> BoxFuture<'_, Result<Spoken>>;

    /// The complaint or inspection that a corrective action comes from; none where there is none of this id.
    fn origin(
        &self,
        source: CorrectiveSource,
        id: Uuid,
    ) -> BoxFuture<'_, Result<Option<CorrectiveOrigin>>>;
}

/// A coaching to be planned.
#[derive(Debug, Clone)]
pub struct NewCoaching {
    /// Who is coached.
    pub person: Uuid,
    /// Who teaches.
    pub teacher: Uuid,
    /// When.
    pub starts_at: DateTime<Utc>,
    /// How long.
    pub minutes: i32,
    /// Where.
    pub place: String,
    /// What for.
    pub note: String,
}

/// Who teaches: plans a session and tells by `learning.training_held` and `learning.training_cancelled`, with its `id`,
/// what becomes of it.
pub trait Coaching: Send + Sync {
    /// Plans a session; answers its id.
    fn plan<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        wanted: NewCoaching,
    ) -> BoxFuture<'a, Result<Uuid>>;
}
