//! What the columns of a platform mean: the canonical fields of domain C.6, and the names they go by.

use std::collections::BTreeMap;

use kernel::problem::{Result, internal};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// A canonical field of a work order (domain C.6).
    Field {
        /// 工单编号
        OrderNo = "order_no",
        /// 受理渠道
        Channel = "channel",
        /// 诉求类型
        RequestType = "request_type",
        /// 诉求分类: a code, a name or a path of the matter tree.
        Matter = "matter",
        /// 标题
        Title = "title",
        /// 诉求内容
        Content = "content",
        /// 诉求人
        CallerName = "caller_name",
        /// 性别
        CallerSex = "caller_sex",
        /// 联系电话
        CallerPhone = "caller_phone",
        /// 证件号码: known so that it is not kept.
        IdNo = "id_no",
        /// 事发地址
        IncidentAddress = "incident_address",
        /// 事发时间
        IncidentTime = "incident_time",
        /// 是否保密
        Confidential = "confidential",
        /// 是否公开
        Public = "public",
        /// 是否回复
        NeedReply = "need_reply",
        /// 紧急程度
        Urgency = "urgency",
        /// 受理时间
        AcceptedAt = "accepted_at",
        /// 受理员
        AcceptedBy = "accepted_by",
        /// 转办时间
        DispatchedAt = "dispatched_at",
        /// 转办人
        Dispatcher = "dispatcher",
        /// 转办意见
        DispatchOpinion = "dispatch_opinion",
        /// 承办单位
        HandlingUnit = "handling_unit",
        /// 协办单位
        CoUnits = "co_units",
        /// 办理时限, as the platform counts it.
        DueAt = "due_at",
        /// 工单状态, as the platform says it.
        Status = "status",
        /// 办理情况
        HandleResult = "handle_result",
        /// 答复内容
        ReplyText = "reply_text",
        /// 答复时间
        RepliedAt = "replied_at",
        /// 办结时间
        ClosedAt = "closed_at",
        /// 满意度
        Satisfaction = "satisfaction",
        /// 回访情况
        RevisitNote = "revisit_note",
        /// 退单理由
        ReturnReason = "return_reason",
        /// 延期理由
        ExtendReason = "extend_reason",
        /// 延期后时限
        ExtendedDueAt = "extended_due_at",
        /// 关联工单
        RelatedOrders = "related_orders",
        /// 附件
        Attachments = "attachments",
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Moment,
    Flag,
    /// A word of a closed list, by the platform's word map.
    Word,
}

impl Field {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::IncidentTime
            | Self::AcceptedAt
            | Self::DispatchedAt
            | Self::DueAt
            | Self::RepliedAt
            | Self::ClosedAt
            | Self::ExtendedDueAt => Kind::Moment,
            Self::Confidential | Self::Public | Self::NeedReply => Kind::Flag,
            Self::RequestType | Self::Urgency => Kind::Word,
            _ => Kind::Text,
        }
    }

    /// The most characters of its text.
    pub(crate) fn longest(self) -> usize {
        match self {
            Self::OrderNo | Self::CallerName | Self::CallerSex | Self::CallerPhone => 64,
            Self::Title => 300,
            Self::Content | Self::HandleResult | Self::ReplyText => 10_000,
            _ => 2_000,
        }
    }

    /// It says who the requester is.
    pub(crate) fn is_personal(self) -> bool {
        matches!(
            self,
            Self::CallerName | Self::CallerSex | Self::CallerPhone | Self::IdNo
        )
    }

    /// The names it goes by in the files of different cities.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::OrderNo => &[
                "工单编号",
                "工单号",
                "编号",
                "工单流水号",
                "受理编号",
                "业务编号",
            ],
            Self::Channel => &["受理渠道", "渠道", "来源渠道", "诉求渠道", "来源"],
            Self::RequestType => &["诉求类型", "工单类型", "事项类型", "诉求类别", "类型"],
            Self::Matter => &[
                "诉求分类",
                "事项分类",
                "问题分类",
                "分类",
                "事项编码",
                "归口类别",
            ],
            Self::Title => &["标题", "工单标题", "诉求标题", "主题"],
            Self::Content => &[
                "诉求内容",
                "主要内容",
                "内容",
                "工单内容",
                "事项内容",
                "问题描述",
            ],
            Self::CallerName => &[
                "诉求人",
                "姓名",
                "来电人",
                "联系人",
                "诉求人姓名",
                "市民姓名",
            ],
            Self::CallerSex => &["性别", "诉求人性别"],
            Self::CallerPhone => &[
                "联系电话",
                "来电号码",
                "电话",
                "手机号码",
                "联系方式",
                "诉求人电话",
            ],
            Self::IdNo => &["证件号码", "身份证号", "身份证号码", "证件号"],
            Self::IncidentAddress => &["事发地址", "诉求区域", "地址", "发生地址", "事发地点"],
            Self::IncidentTime => &["事发时间", "发生时间"],
            Self::Confidential => &["是否保密", "保密", "信息保密"],
            Self::Public => &["是否公开", "公开"],
            Self::NeedReply => &["是否回复", "是否回访", "是否需要回复"],
            Self::Urgency => &["紧急程度", "紧急度", "优先级", "工单等级"],
            Self::AcceptedAt => &["受理时间", "登记时间", "留言时间", "来电时间"],
            Self::AcceptedBy => &["受理员", "受理员工号", "受理人", "登记人"],
            Self::DispatchedAt => &["转办时间", "派单时间", "交办时间", "转派时间"],
            Self::Dispatcher => &["转办人", "转办人工号", "派单员", "派单人"],
            Self::DispatchOpinion => &["转办意见", "派单意见", "交办意见"],
            Self::HandlingUnit => &["承办单位", "办理单位", "实际承办单位", "主办单位"],
            Self::CoUnits => &["协办单位", "会办单位"],
            Self::DueAt => &["办理时限", "截止时间", "办结时限", "办理期限", "到期时间"],
            Self::Status => &["工单状态", "状态", "办理状态"],
            Self::HandleResult => &["办理情况", "办理结果", "处理情况"],
            Self::ReplyText => &["答复内容", "回复内容", "答复意见"],
            Self::RepliedAt => &["答复时间", "回复时间"],
            Self::ClosedAt => &["办结时间", "结案时间"],
            Self::Satisfaction => &["满意度", "满意情况", "评价"],
            Self::RevisitNote => &["回访情况", "回访结果", "回访备注"],
            Self::ReturnReason => &["退单理由", "退单原因"],
            Self::ExtendReason => &["延期理由", "延期原因"],
            Self::ExtendedDueAt => &["延期后时限", "延期后截止时间"],
            Self::RelatedOrders => &["关联工单", "重复工单", "关联/重复工单"],
            Self::Attachments => &["附件", "附件名称"],
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

/// A column's name without what decorates it: space, a star for "needed", a remark in brackets.
pub(crate) fn plain(column: &str) -> String {
    let bare = column.split(['(', '（']).next().unwrap_or_default();
    bare.chars()
        .filter(|char| !char.is_whitespace() && !matches!(char, '*' | ':' | '：' | '＊'))
        .collect()
}

/// One column of a platform's template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the heading.
    pub column: String,
    /// What it means; null for one that is kept as it is.
    pub field: Option<Field>,
}

/// The columns of a platform's template, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// From left to right.
    pub columns: Vec<Column>,
}

impl Layout {
    /// What the columns of a heading mean: as it was saved for their name; where nothing was, as the name
    /// says, if no other column of the heading means it.
    pub(crate) fn meanings(&self, names: Vec<String>) -> Vec<(String, Option<Field>)> {
        let saved = |name: &str| {
            let name = plain(name);
            let mut columns = self.columns.iter();
            columns.find(|one| plain(&one.column) == name && !name.is_empty())
        };
        let known: Vec<Option<&Column>> = names.iter().map(|name| saved(name)).collect();
        let taken: Vec<Field> = known.iter().flatten().filter_map(|one| one.field).collect();
        let columns = names.into_iter().zip(known);
        columns
            .map(|(name, known)| {
                let field = match known {
                    Some(one) => one.field,
                    None => Field::guess(&name).filter(|field| !taken.contains(field)),
                };
                (name, field)
            })
            .collect()
    }

    pub(crate) fn has(&self, field: Field) -> bool {
        self.columns.iter().any(|one| one.field == Some(field))
    }
}

/// A platform's words for ours: `{"投诉": "complaint"}`.
pub type WordMap = BTreeMap<String, String>;

/// The words of a platform, by list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WordMaps {
    /// 诉求类型 → `consult` …
    #[serde(default)]
    pub request_type: WordMap,
    /// 紧急程度 → `normal`, `urgent`, `critical`.
    #[serde(default)]
    pub urgency: WordMap,
    /// 工单状态 → `pending_sign` …, for the way back.
    #[serde(default)]
    pub state: WordMap,
    /// 满意度 → `satisfied` …, for the way back.
    #[serde(default)]
    pub satisfaction: WordMap,
    /// The platform's own categories → codes of our matters.
    #[serde(default)]
    pub matter: WordMap,
}

impl WordMaps {
    /// The platform's word for one of ours; the shortest where there are several, ours where there is none.
    pub(crate) fn back(map: &WordMap, ours: &str) -> String {
        let known = map.iter().filter(|(_, code)| *code == ours);
        known
            .map(|(word, _)| word)
            .min_by_key(|word| word.chars().count())
            .map_or_else(|| ours.to_owned(), Clone::clone)
    }
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(json: &serde_json::Value) -> Result<T> {
    T::deserialize(json).map_err(internal)
}
