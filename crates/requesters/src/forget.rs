//! What is forgotten of a requester, and of everybody once the contract is over. After all others: their rows are found
//! by what stands here.

use kernel::Forgets;

/// Column by column.
pub const FORGETS: &[Forgets] = &[
    Forgets::row("requester_claims", "sealed").of("requester_id"),
    Forgets::row("requester_claims", "masked").of("requester_id"),
    Forgets::over("requester_proofs", "number_sealed", "null").of("requester_id"),
    Forgets::over("requester_proofs", "number_hash", "null").of("requester_id"),
    Forgets::over("requester_identities", "nickname", "null").of("requester_id"),
    Forgets::over("requester_identities", "mail_hash", "null").of("requester_id"),
    // Of one person each account keeps a name of its own (`privacy::erasure`).
    Forgets::row("requester_identities", "external_id"),
    Forgets::over("requesters", "name", "null").of("id"),
    Forgets::over("requesters", "nickname", "null").of("id"),
    Forgets::over("requesters", "phone", "null").of("id"),
    Forgets::over("requesters", "phone_hash", "null").of("id"),
];
