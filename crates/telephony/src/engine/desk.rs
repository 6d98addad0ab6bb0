//! What a call tells the floor, in order and without waiting for its answers.

use call_control::{AgentId, CallId, Declined};
use chrono::{DateTime, Utc};
use floor::{Floor, PassTo, Work};
use tokio::sync::mpsc;

use super::Message;
use super::wish::ConsultId;

/// Something to tell the floor.
pub(super) enum Notice {
    Offer(Box<Work>),
    Withdraw(DateTime<Utc>),
    GiveUp,
    Adopt(AgentId),
    Interrupted,
    Accepted(AgentId),
    Declined(AgentId, Declined),
    Held(bool),
    TalkEnded,
    ConsultAnswered(ConsultId, AgentId),
    ConsultDeclined(ConsultId, AgentId, Declined),
    ConsultEnded(ConsultId),
    HandOver(Option<ConsultId>, AgentId),
    Pass(String),
    KeepPlace(Box<Work>),
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
                    let _ = mailbox.send(Message::GiveUp(call));
                }
            }
            Notice::Withdraw(at) => floor.withdraw_at(call, at).await,
            Notice::GiveUp => floor.give_up(call).await,
            Notice::Adopt(agent) => floor.adopt(call, agent).await,
            Notice::Interrupted => floor.interrupted(call).await,
            Notice::Accepted(agent) => {
                let confirmed = floor.accepted(call, agent).await;
                let _ = mailbox.send(Message::Confirmed(agent, confirmed.is_ok()));
            }
            Notice::Declined(agent, why) => floor.declined(call, agent, reason(why)).await,
            Notice::Held(held) => floor.held(call, held).await,
            Notice::TalkEnded => floor.ended(call).await,
            Notice::ConsultAnswered(consult, agent) => {
                let answered = floor.accepted(consult, agent).await;
                let confirmed = answered.is_ok();
                let _ = mailbox.send(Message::ThirdConfirmed(consult, agent, confirmed));
                said(call, "a colleague's answer", answered);
            }
            Notice::ConsultDeclined(consult, agent, why) => {
                floor.declined(consult, agent, reason(why)).await;
            }
            Notice::ConsultEnded(consult) => floor.ended(consult).await,
            Notice::HandOver(consult, to) => {
                if let Err(problem) = floor.hand_over(call, consult, to).await {
                    tracing::error!(%call, %problem, "the floor does not hand the call over");
                    // They talk: the books follow.
                    floor.adopt(call, to).await;
                }
            }
            Notice::Pass(queue) => {
                if let Err(problem) = floor.pass(call, PassTo::Queue(queue)).await {
                    tracing::error!(%call, %problem, "the floor does not queue the call again");
                    let _ = mailbox.send(Message::GiveUp(call));
                }
            }
            Notice::KeepPlace(work) => {
                let kept = floor.keep_place(call, *work).await;
                said(call, "a kept place", kept);
            }
        }
    }
}

/// What the floor refuses here has crossed with an end.
fn said(call: CallId, what: &str, answer: kernel::Result<()>) {
    if let Err(problem) = answer {
        tracing::warn!(%call, %problem, what, "refused by the floor");
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
