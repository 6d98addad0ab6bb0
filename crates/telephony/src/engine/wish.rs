//! What people want done with a running call, before it is known who and where the others are.

use std::sync::Arc;

use async_trait::async_trait;
use call_control::{AgentId, CallId, Refusal, Supervision};
use floor::{PassTo, Work};
use futures::future::BoxFuture;
use kernel::problem::{Problem, refused};
use uuid::Uuid;

use crate::calls::rows::call;
use crate::sip::Binding;

/// What is wanted of a call beside [`call_control::Request`]: others take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Ask a colleague while the requester hears music.
    Consult(AgentId),
    /// Ask whomever this queue gives, while the requester hears music.
    ConsultQueue(String),
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

impl Kept {
    /// The place of the requester who asked in this call.
    pub(crate) fn of(call: &call::Model, work: Work) -> Self {
        // Called back once already, he is shown the number that he was shown then.
        Self {
            to: Outside {
                number: call.caller.clone(),
                caller_id: Some(call.hotline.clone()),
            },
            queue: call.queue.clone().unwrap_or_default(),
            asked_in: call.id,
            work,
            tried: false,
        }
    }
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

/// Places what was let out: the leg of the desk phone waits for it.
pub type PhoneDial =
    Box<dyn FnOnce(Outgoing) -> BoxFuture<'static, Result<CallId, Problem>> + Send>;

/// Decides whether what was dialled on a desk phone goes out, and writes it down; implemented by the rules of outbound
/// calls.
#[async_trait]
pub trait DeskPhoneRules: Send + Sync + 'static {
    /// Places the call by `dial`, or says why not.
    async fn let_out(&self, phone: &Binding, number: &str, dial: PhoneDial) -> Result<(), Problem>;
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
