//! What facts forget of a person: whose contact it was. The figures stay; a repeat by him is not told any more.

use kernel::Forgets;

/// Column by column.
pub const FORGETS: &[Forgets] =
    &[Forgets::over("contact_facts", "requester_id", "null").of("requester_id")];
