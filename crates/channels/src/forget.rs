//! What conversations forget of a person, and of everybody once the contract is over.

use kernel::Forgets;
use kernel::forget::Step;

const CONVERSATION: &[Step] = &[("conversations", "id", "requester_id")];
const IDENTITY: &[Step] = &[("requester_identities", "id", "requester_id")];

/// Column by column.
pub const FORGETS: &[Forgets] = &[
    Forgets::row("visitors", "external_id").through("identity_id", IDENTITY),
    Forgets::over("conversations", "external_user", "''").of("requester_id"),
    Forgets::over("conversations", "external_group", "null").of("requester_id"),
    Forgets::over("conversations", "nickname", "null").of("requester_id"),
    Forgets::over("conversation_messages", "external_id", "null")
        .through("conversation_id", CONVERSATION),
    Forgets::over("set_aside_messages", "external_id", "null"),
    Forgets::over("conversations", "last_text", "''").of("requester_id"),
    Forgets::over("conversations", "subject", "null").of("requester_id"),
    Forgets::over("conversations", "satisfaction_words", "null").of("requester_id"),
    Forgets::over("conversation_messages", "text", "''").through("conversation_id", CONVERSATION),
    Forgets::over("conversation_files", "name", "''").through("conversation_id", CONVERSATION),
    Forgets::file("conversation_files", "path"),
    Forgets::over("set_aside_messages", "body", "''"),
];
