//! What people want done with a running call, before it is known who and where the others are.

use std::sync::Arc;

use async_trait::async_trait;
use call_control::{AgentId, CallId, Refusal, Supervision};
use floor::{PassTo, Work};
use kernel::problem::{Problem, refused};
use uuid::Uuid;

/// What is wanted of a call beside [`call_control::Request`]: others take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Ask a colleague while the requester hears music.
    Consult(AgentId),
    /// Ask a number outside: a section.
    ConsultNumber(String),
    /// Leave the call to a number outside as soon as it answers.
    TransferOut(String),
    /// Leave the call to the queue, or to a colleague through it.
    Pass(PassTo),
    /// Join as a supervisor.
    Supervise {
        /// Who.
        supervisor: AgentId,
        /// How.
        mode: Supervision,
    },
}

/// A number outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// As it is dialled.
    pub number: String,
    /// The number of ours that is shown; `None` withholds it.
    pub caller_id: Option<String>,
}

/// A call to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Who calls.
    pub agent: AgentId,
    /// Whom.
    pub to: Outside,
    /// The queue it counts for.
    pub queue: Option<String>,
    /// Why; stands in the record.
    pub purpose: String,
}

/// A requester who kept his place in the queue and waits to be called back.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Whom to call.
    pub to: Outside,
    /// The queue he waits in.
    pub queue: String,
    /// The call in which he asked.
    pub asked_in: CallId,
    /// How the floor knows his place.
    pub work: Work,
    /// An agent was rung for it: the call of that work is made.
    pub tried: bool,
}

kernel::words! {
    /// Why a running call calls a number outside.
    Way {
        /// 咨询
        Consult = "consult",
        /// 转接
        Transfer = "transfer",
    }
}

/// A number outside that is to be called from a running call.
#[derive(Debug, Clone)]
pub struct FromCall {
    /// The call.
    pub call: CallId,
    /// Whose call it is.
    pub agent: AgentId,
    /// Whom to call.
    pub to: Outside,
    /// The queue of the call.
    pub queue: String,
    /// Why.
    pub way: Way,
}

/// Decides whether a number outside may be called from a call; implemented by the rules of outbound calls.
#[async_trait]
pub trait NumberGuard: Send + Sync + 'static {
    /// Lets it out and counts it; a problem with its reason when it may not be called.
    async fn let_out(&self, asked: FromCall) -> Result<Uuid, Problem>;

    /// What was let out was not called after all.
    async fn not_called(&self, order: Uuid);

    /// Whether somebody who called with this number may be called back.
    async fn may_return(&self, number: &str) -> bool;
}

/// Everybody may call everywhere: only until the rules are wired.
pub(crate) type Guard = std::sync::OnceLock<Arc<dyn NumberGuard>>;

pub(crate) fn refusal(refusal: Refusal) -> Problem {
    refused(
        refusal.code(),
        "the call does not stand so that this can be done",
    )
}

/// A work id of its own for somebody who is asked.
pub(crate) type ConsultId = Uuid;
