//! The reply window (回复时限): how long and how often a platform lets us answer after what a person did. The limits
//! are rules as rows; the platforms change them.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::rule::{self, Beside, Rule};
use kernel::text::must_be_code;
use kernel::{App, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::conversation::store::row as conversation;
use crate::platform::{Inbound, What};

/// What a platform allows after what a person did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowRule {
    /// The adapter of the channel: `wechat_oa`.
    pub kind: String,
    /// What opens the window: `message`, `group_message`, `menu`, `follow` or `scan`.
    pub trigger: String,
    /// How many minutes it stands open.
    pub minutes: u32,
    /// How many answers it takes; null: any number.
    pub replies: Option<u32>,
}

const TRIGGERS: [&str; 5] = ["message", "group_message", "menu", "follow", "scan"];
/// The longest window there can be, in minutes: a month.
const LONGEST: u32 = 44_640;

impl Rule for WindowRule {
    const KIND: &'static str = "reply_window";

    fn subject(&self) -> String {
        format!("{}/{}", self.kind, self.trigger)
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.kind", &self.kind)?;
        if !TRIGGERS.contains(&self.trigger.as_str()) {
            let detail = "message, group_message, menu, follow or scan";
            return Err(invalid("rule.trigger", "trigger_unknown", detail));
        }
        if !(1..=LONGEST).contains(&self.minutes) {
            return Err(invalid("rule.minutes", "out_of_range", "1 to 44,640"));
        }
        if self
            .replies
            .is_some_and(|replies| !(1..=1_000).contains(&replies))
        {
            return Err(invalid("rule.replies", "out_of_range", "1 to 1,000"));
        }
        Ok(())
    }
}

/// What of a window is left.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReplyWindow {
    /// When it closes.
    pub expires_at: DateTime<Utc>,
    /// Answers it still takes; null: any number.
    pub left: Option<i32>,
    /// Why nothing can be sent now: `reply_window_closed` or `reply_quota_used`.
    pub blocked: Option<&'static str>,
}

/// The trigger of what a person did; `None` when it opens no window.
fn trigger_of(inbound: &Inbound) -> Option<&str> {
    match &inbound.what {
        What::Event { event, .. } => Some(event.as_str()),
        What::NotDelivered { .. } => None,
        _ if inbound.external_group.is_some() => Some("group_message"),
        _ => Some("message"),
    }
}

/// Opens the window that what a person did allows. A shorter one never takes the place of what is still open.
pub(crate) fn open(
    rules: &[WindowRule],
    kind: &str,
    inbound: &Inbound,
    conversation: &mut conversation::Model,
    now: DateTime<Utc>,
) {
    let Some(trigger) = trigger_of(inbound) else {
        return;
    };
    let rule = rules
        .iter()
        .find(|rule| rule.kind == kind && rule.trigger == trigger);
    let Some(rule) = rule else {
        // A platform without limits still wants to know what is answered.
        if inbound.reply_ref.is_some() {
            conversation.window_ref.clone_from(&inbound.reply_ref);
        }
        return;
    };
    // The platform counts from its own clock.
    let from = inbound.at.unwrap_or(now).min(now);
    let ends = from + TimeDelta::minutes(rule.minutes.into());
    let longer_stands = conversation
        .window_ends_at
        .is_some_and(|until| until > ends)
        && conversation.window_left.is_none_or(|left| left > 0);
    if longer_stands && conversation.window_trigger.as_deref() != Some(trigger) {
        return;
    }
    conversation.window_trigger = Some(trigger.to_owned());
    conversation.window_ends_at = Some(ends);
    conversation.window_left = rule.replies.map(|replies| replies as i32);
    conversation.window_ref.clone_from(&inbound.reply_ref);
    conversation.window_seq = 0;
}

/// The window of a conversation as it is now; `None` when its platform has none.
pub(crate) fn view(conversation: &conversation::Model, now: DateTime<Utc>) -> Option<ReplyWindow> {
    let expires_at = conversation.window_ends_at?;
    let left = conversation.window_left;
    let blocked = if expires_at <= now {
        Some("reply_window_closed")
    } else if left.is_some_and(|left| left <= 0) {
        Some("reply_quota_used")
    } else {
        None
    };
    Some(ReplyWindow {
        expires_at,
        left,
        blocked,
    })
}

/// Takes `parts` answers off the window; 409 before the platform would refuse.
pub(crate) fn take(
    conversation: &mut conversation::Model,
    parts: usize,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(window) = view(conversation, now) else {
        return Ok(());
    };
    let closed = |code: &'static str, detail: String| -> Problem {
        refused(code, detail)
            .with_way_out(
                "call back: POST /api/v1/tickets for the requester, and answer by telephone",
            )
            .with("expires_at", window.expires_at.to_rfc3339())
            .with("left", window.left)
    };
    if window.expires_at <= now {
        return Err(closed(
            "reply_window_closed",
            format!("the platform takes no answer since {}", window.expires_at),
        ));
    }
    if let Some(left) = window.left {
        let parts = i32::try_from(parts).unwrap_or(i32::MAX);
        if left < parts {
            return Err(closed(
                "reply_quota_used",
                format!("the platform takes {left} more answers, this needs {parts}"),
            ));
        }
        conversation.window_left = Some(left - parts);
    }
    Ok(())
}

/// The rules that hold now.
pub(crate) async fn rules(app: &App) -> Result<Vec<WindowRule>> {
    rule::in_force(app.db.read(), app.clock.now()).await
}
