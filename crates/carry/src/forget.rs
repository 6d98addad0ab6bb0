//! What the predecessor's history forgets of a person, and of everybody once the contract is over.

use kernel::Forgets;

/// Column by column.
pub const FORGETS: &[Forgets] = &[
    Forgets::over("carried_history", "title", "''").of("requester_id"),
    Forgets::over("carried_history", "content", "''").of("requester_id"),
    Forgets::over("carried_history", "result", "null").of("requester_id"),
];
