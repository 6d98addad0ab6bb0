//! What the columns of a file of call records mean, and the words in it.

use std::collections::BTreeMap;

use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// A field of a call record.
    CallField {
        /// What the exchange calls it; of one origin no two records have the same.
        ExternalId = "external_id",
        /// Who called whom.
        Direction = "direction",
        /// The requester's number.
        Caller = "caller",
        /// Our number.
        Hotline = "hotline",
        /// The agent, by extension or staff number.
        Agent = "agent",
        /// The queue, by its code.
        Queue = "queue",
        /// When it began.
        StartedAt = "started_at",
        /// When it was answered.
        AnsweredAt = "answered_at",
        /// When it ended.
        EndedAt = "ended_at",
        /// How long it rang.
        WaitS = "wait_s",
        /// How long the two talked.
        TalkS = "talk_s",
        /// What became of it.
        Outcome = "outcome",
    }
}

impl CallField {
    /// A record cannot do without.
    pub(crate) const NEEDED: [Self; 3] = [Self::ExternalId, Self::Caller, Self::StartedAt];

    /// The names it goes by in the files of exchanges, plain.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::ExternalId => &[
                "uuid",
                "uniqueid",
                "callid",
                "id",
                "流水号",
                "呼叫流水号",
                "通话标识",
                "呼叫标识",
                "编号",
                "话单号",
            ],
            Self::Direction => &["direction", "方向", "呼叫方向", "呼叫类型", "通话类型"],
            Self::Caller => &[
                "caller",
                "callerid",
                "caller_id_number",
                "src",
                "主叫",
                "主叫号码",
                "来电号码",
                "客户号码",
                "用户号码",
                "对方号码",
            ],
            Self::Hotline => &[
                "hotline",
                "did",
                "destination_number",
                "dst",
                "被叫",
                "被叫号码",
                "接入号",
                "热线号码",
            ],
            Self::Agent => &[
                "agent",
                "extension",
                "分机",
                "分机号",
                "坐席",
                "座席",
                "坐席工号",
                "座席工号",
                "工号",
            ],
            Self::Queue => &["queue", "队列", "技能组"],
            Self::StartedAt => &[
                "started_at",
                "start_stamp",
                "calldate",
                "start",
                "开始时间",
                "来电时间",
                "呼叫时间",
                "呼入时间",
                "振铃时间",
            ],
            Self::AnsweredAt => &[
                "answered_at",
                "answer_stamp",
                "answer",
                "应答时间",
                "接通时间",
                "接听时间",
            ],
            Self::EndedAt => &[
                "ended_at",
                "end_stamp",
                "end",
                "结束时间",
                "挂断时间",
                "挂机时间",
            ],
            Self::WaitS => &["wait_s", "waitsec", "等待时长", "振铃时长", "排队时长"],
            Self::TalkS => &["talk_s", "billsec", "通话时长", "通话时间", "时长"],
            Self::Outcome => &[
                "outcome",
                "disposition",
                "hangup_cause",
                "结果",
                "呼叫结果",
                "通话结果",
                "接听状态",
                "状态",
            ],
        }
    }

    /// The field a column of this name most likely means.
    pub(crate) fn guess(column: &str) -> Option<Self> {
        let name = plain(column);
        Self::ALL
            .iter()
            .copied()
            .find(|field| field.names().contains(&name.as_str()))
    }
}

/// A column's name without what decorates it: space, case, a star for "needed", a remark in brackets.
pub(crate) fn plain(column: &str) -> String {
    let bare = column.split(['(', '（']).next().unwrap_or_default();
    bare.chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '*' | ':' | '：' | '＊'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// One column of a file of call records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallColumn {
    /// Its name in the heading.
    pub column: String,
    /// What it means; null for one that is left out.
    pub field: Option<CallField>,
}

/// What the columns of a heading mean: as it was saved for their name; where nothing was, as the name says, if no
/// other column means it.
pub(crate) fn meanings(
    saved: &[CallColumn],
    names: Vec<String>,
) -> Vec<(String, Option<CallField>)> {
    let known: Vec<Option<&CallColumn>> = names
        .iter()
        .map(|name| {
            let name = plain(name);
            let mut columns = saved.iter();
            columns.find(|one| !name.is_empty() && plain(&one.column) == name)
        })
        .collect();
    let mut taken: Vec<CallField> = known.iter().flatten().filter_map(|one| one.field).collect();
    let columns = names.into_iter().zip(known);
    columns
        .map(|(name, known)| {
            let field = match known {
                Some(one) => one.field,
                None => CallField::guess(&name).filter(|field| !taken.contains(field)),
            };
            taken.extend(field.filter(|_| known.is_none()));
            (name, field)
        })
        .collect()
}

/// The words of an exchange for ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallWords {
    /// 呼入 → `inbound`, `outbound`.
    #[serde(default)]
    pub direction: BTreeMap<String, String>,
    /// 已接 → `answered`, `unanswered`.
    #[serde(default)]
    pub outcome: BTreeMap<String, String>,
}

impl CallWords {
    /// Whether the agent placed the call.
    pub(crate) fn is_outbound(&self, word: &str) -> Option<bool> {
        let word = self.direction.get(word).map_or(word, String::as_str);
        match word.to_lowercase().as_str() {
            "inbound" | "in" | "呼入" | "来电" | "入呼" => Some(false),
            "outbound" | "out" | "呼出" | "去电" | "外呼" | "出呼" => Some(true),
            _ => None,
        }
    }

    /// Whether the two talked.
    pub(crate) fn is_answered(&self, word: &str) -> Option<bool> {
        let word = self.outcome.get(word).map_or(word, String::as_str);
        match word.to_lowercase().as_str() {
            "answered" | "normal_clearing" | "已接" | "已接听" | "接通" | "已接通" | "是" => {
                Some(true)
            }
            "unanswered" | "no answer" | "no_answer" | "abandoned" | "busy" | "failed"
            | "originator_cancel" | "未接" | "未接听" | "未接通" | "放弃" | "呼损" | "否" => {
                Some(false)
            }
            _ => None,
        }
    }
}
