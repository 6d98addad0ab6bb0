//! The requester (诉求人) as others see him: every personal value masked by its type.

pub mod http;
pub mod store;

use chrono::{DateTime, Utc};
use kernel::{PersonName, Phone};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Nothing but the number speaks for the person.
pub const UNVERIFIED: &str = "unverified";
/// The person showed that the number is his own.
pub const PROVEN: &str = "proven";

/// Somebody who calls or writes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Requester {
    /// Identifies the requester.
    pub id: Uuid,
    /// The name the requester gave, masked; null until it was asked.
    #[schema(value_type = Option<String>)]
    pub name: Option<PersonName>,
    /// The number, masked; null when the caller withheld it, and of whoever writes.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Phone>,
    /// `mobile`, `landline`, `service`, `foreign`, `other`, `withheld`, or `none` for whoever writes.
    pub phone_kind: String,
    /// The code of the channel he writes by; null of whoever calls.
    pub channel: Option<String>,
    /// The name he goes by there.
    pub nickname: Option<String>,
    /// Where the number belongs; `unknown` until there is a table of regions.
    pub region: String,
    /// How sure it is who this is: a number alone gives `unverified`, a proof of it `proven`.
    pub identity: String,
    /// What proved it: `code` or `sms`.
    pub proven_by: Option<String>,
    /// When it was proven.
    pub proven_at: Option<DateTime<Utc>>,
    /// The person: the requester that the others of the same person were joined to; its own id while it stands alone.
    pub person_id: Uuid,
    /// How often the requester has called or written, this time included.
    pub contacts: i64,
    /// When the requester was first heard of.
    pub first_contact_at: DateTime<Utc>,
    /// When the requester last called or wrote.
    pub last_contact_at: DateTime<Utc>,
    /// Rises with each change; send it back with a change.
    pub version: i64,
}

impl Requester {
    /// Who calls, as a call that came in shows him: the number was proven to be somebody's, but not that he calls.
    #[must_use]
    pub fn on_a_call(mut self) -> Self {
        UNVERIFIED.clone_into(&mut self.identity);
        self.proven_by = None;
        self.proven_at = None;
        self
    }
}
