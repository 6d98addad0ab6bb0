//! What quality forgets of a person, and of everybody once the contract is over: what was said in calls. The evaluations
//! themselves hold no number and no name of his.

use kernel::Forgets;
use kernel::forget::Step;

/// A call of whoever has the number now.
const CALL_OF_NUMBER: &[Step] = &[
    ("calls", "id", "caller_hash"),
    ("requesters", "phone_hash", "id"),
];
/// A call of his from another number.
const CALL_OF_HIS: &[Step] = &[("calls", "id", "requester_id")];

/// Column by column; before the numbers of the calls, by which they are found.
pub const FORGETS: &[Forgets] = &[
    Forgets::row("call_transcripts", "body").through("call_id", CALL_OF_NUMBER),
    Forgets::row("call_transcripts", "body").through("call_id", CALL_OF_HIS),
];
