//! What the two sides forget of each other's people once the contract is over.

use kernel::Forgets;

/// Column by column.
pub const FORGETS: &[Forgets] = &[
    Forgets::over("liaison_persons", "phone", "null"),
    Forgets::over("continuity_standbys", "phone", "null"),
    Forgets::over("team_members", "name", "''"),
];
