//! The colleagues behind the ids of agents and owners.

use std::collections::HashMap;

use organization::Colleague;
use uuid::Uuid;

/// One of those found.
pub(crate) fn one(people: &HashMap<Uuid, Colleague>, id: Option<Uuid>) -> Option<Colleague> {
    people.get(&id?).cloned()
}
