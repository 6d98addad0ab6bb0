//! What the topics ask of other capabilities: what was written of contacts, and what is made of a topic.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use kernel::audit::Who;
use kernel::{Principal, Result, Tx};
use uuid::Uuid;

use super::index::Effort;

/// A contact that is written up.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Which.
    pub id: Uuid,
    /// Whose.
    pub requester: Uuid,
    /// When it began.
    pub at: DateTime<Utc>,
    /// Code of its matter.
    pub matter: Option<String>,
    /// Its summary, and what the requester wrote.
    pub text: String,
    /// Names that are known of it.
    pub names: Vec<String>,
    /// What it was like; of contacts before the period nobody asks for it.
    pub effort: Effort,
}

/// Knows the contacts.
pub trait Contacts: Send + Sync {
    /// The contacts that began from `from` on and before `until`, a day at most; with names and efforts where `whole`.
    fn between(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        whole: bool,
    ) -> BoxFuture<'_, Result<Vec<Contact>>>;

    /// Days from `from` on and before `until` on which the line is open.
    fn open_days(&self, from: NaiveDate, until: NaiveDate) -> u32;

    /// The names of the matters by their codes.
    fn matters(&self) -> BoxFuture<'_, Result<BTreeMap<String, String>>>;
}

/// What something is made of.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called.
    pub title: String,
    /// What it says.
    pub body: String,
    /// Code of its matter.
    pub matter: String,
    /// Who makes it.
    pub by: Uuid,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Spawned {
    /// Which.
    pub id: Uuid,
    /// Its number or title.
    pub number: String,
}

/// Makes what follows from a topic, in the same transaction.
pub trait Spawns: Send + Sync {
    /// Somebody may write 请示, which not everybody may who edits topics.
    fn may_instruct(&self, person: &Principal) -> bool;

    /// A draft of an article.
    fn article<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        draft: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>>;

    /// A course.
    fn course<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        draft: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>>;

    /// A draft of a 请示.
    fn instruction<'a>(
        &'a self,
        tx: &'a Tx,
        who: &'a Who,
        draft: &'a Draft,
    ) -> BoxFuture<'a, Result<Spawned>>;
}
