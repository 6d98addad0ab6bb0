//! The colleagues behind the ids of agents and owners.

use std::collections::HashMap;

use organization::Colleague;
use uuid::Uuid;

/// What the system does in somebody's name keeps its own.
const SYSTEM: &str = "system:";

/// Who acted, by name: the person's among those found, or the part of the system.
pub(crate) fn acted(people: &HashMap<Uuid, Colleague>, id: Option<Uuid>, name: String) -> String {
    match id.and_then(|id| people.get(&id)) {
        Some(person) if !name.starts_with(SYSTEM) => person.name.clone(),
        _ => name,
    }
}

/// One of those found.
pub(crate) fn one(people: &HashMap<Uuid, Colleague>, id: Option<Uuid>) -> Option<Colleague> {
    people.get(&id?).cloned()
}
