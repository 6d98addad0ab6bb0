//! What calls forget of a person, and of everybody once the contract is over. Recordings have their own way
//! ([`crate::calls::retention`]), since a hold keeps them.

use kernel::Forgets;
use kernel::forget::Step;

/// Rows are of whoever has the number now: many calls come in before anybody knows whose number it is.
const NUMBER: &[Step] = &[("requesters", "phone_hash", "id")];
/// What belongs to such a call.
const CALL_OF_NUMBER: &[Step] = &[
    ("calls", "id", "caller_hash"),
    ("requesters", "phone_hash", "id"),
];
/// What belongs to a call of his from another number.
const CALL_OF_HIS: &[Step] = &[("calls", "id", "requester_id")];

/// Column by column. What is found by a number comes before the number, that before its hash.
pub const FORGETS: &[Forgets] = &[
    Forgets::row("call_ladders", "body").through("call_id", CALL_OF_NUMBER),
    Forgets::row("call_ladders", "body").through("call_id", CALL_OF_HIS),
    Forgets::over("call_events", "details", "'{}'").through("call_id", CALL_OF_NUMBER),
    Forgets::over("call_events", "details", "'{}'").through("call_id", CALL_OF_HIS),
    Forgets::over("calls", "caller", "''").through("caller_hash", NUMBER),
    Forgets::over("calls", "caller", "''").of("requester_id"),
    Forgets::over("calls", "caller_hash", "''").through("caller_hash", NUMBER),
    Forgets::over("calls", "caller_hash", "''").of("requester_id"),
    Forgets::over("callbacks", "number", "''").through("number_hash", NUMBER),
    Forgets::over("callbacks", "number_hash", "null").through("number_hash", NUMBER),
    Forgets::over("outbound_calls", "number", "''").through("number_hash", NUMBER),
    Forgets::over("outbound_calls", "number_hash", "''").through("number_hash", NUMBER),
    Forgets::over("outbound_refusals", "number", "''").through("number_hash", NUMBER),
    Forgets::over("outbound_refusals", "number_hash", "null").through("number_hash", NUMBER),
    Forgets::over("follow_up_items", "number", "''").through("number_hash", NUMBER),
    Forgets::over("follow_up_items", "name", "null").through("number_hash", NUMBER),
    Forgets::over("follow_up_items", "note", "null").through("number_hash", NUMBER),
    // A list has each number once; its place in the list says nothing of anybody.
    Forgets::over("follow_up_items", "number_hash", "cast(seq as text)")
        .through("number_hash", NUMBER),
    Forgets::row("do_not_call", "number"),
];
