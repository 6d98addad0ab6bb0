//! What a call tells the floor, in order and without waiting for its answers.

use call_control::{AgentId, CallId, Declined};
use chrono::{DateTime, Utc};
use floor::{Floor, Work};
use tokio::sync::mpsc;

use super::Message;

/// Something to tell the floor.
pub(super) enum Notice {
    Offer(Box<Work>),
    Withdraw(DateTime<Utc>),
    Adopt(AgentId),
    Interrupted,
    Accepted(AgentId),
    Declined(AgentId, Declined),
    Held(bool),
    TalkEnded,
}

/// Tells the floor one thing after the other until the call is over.
pub(super) async fn tell(
    floor: Floor,
    call: CallId,
    mut notices: mpsc::UnboundedReceiver<Notice>,
    mailbox: mpsc::UnboundedSender<Message>,
) {
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Offer(work) => {
                if let Err(problem) = floor.offer(*work).await {
                    tracing::error!(%call, %problem, "the floor does not take the call");
                    // Nobody will ever be rung: better a word than music without end.
                    let _ = mailbox.send(Message::GiveUp);
                }
            }
            Notice::Withdraw(at) => floor.withdraw_at(call, at).await,
            Notice::Adopt(agent) => floor.adopt(call, agent).await,
            Notice::Interrupted => floor.interrupted(call).await,
            Notice::Accepted(agent) => {
                let confirmed = floor.accepted(call, agent).await;
                let _ = mailbox.send(Message::Confirmed(agent, confirmed.is_ok()));
            }
            Notice::Declined(agent, why) => floor.declined(call, agent, reason(why)).await,
            Notice::Held(held) => floor.held(call, held).await,
            Notice::TalkEnded => floor.ended(call).await,
        }
    }
}

fn reason(why: Declined) -> floor::Declined {
    match why {
        Declined::Busy => floor::Declined::Busy,
        Declined::NoAnswer => floor::Declined::NoAnswer,
        Declined::Unreachable => floor::Declined::Unreachable,
        Declined::Refused => floor::Declined::Refused,
    }
}
