//! The words of `acd` on the wire, for the OpenAPI document; `acd` itself knows of no wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A state of an agent.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AgentState)]
pub enum AgentStateWord {
    /// 签出
    SignedOut,
    /// 就绪
    Ready,
    /// 振铃
    Ringing,
    /// 通话
    Talking,
    /// 保持
    Held,
    /// 后处理
    WrapUp,
    /// 小休
    Break,
    /// 会议
    Meeting,
    /// 培训
    Training,
}

/// A state that is chosen, not brought about by work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Presence)]
pub enum PresenceWord {
    /// 签出
    SignedOut,
    /// 就绪
    Ready,
    /// 小休
    Break,
    /// 会议
    Meeting,
    /// 培训
    Training,
}

impl From<PresenceWord> for acd::Presence {
    fn from(word: PresenceWord) -> Self {
        match word {
            PresenceWord::SignedOut => Self::SignedOut,
            PresenceWord::Ready => Self::Ready,
            PresenceWord::Break => Self::Break,
            PresenceWord::Meeting => Self::Meeting,
            PresenceWord::Training => Self::Training,
        }
    }
}

/// The medium of a work.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MediaKind)]
pub enum MediaWord {
    /// A call.
    Voice,
    /// A conversation.
    Chat,
}
