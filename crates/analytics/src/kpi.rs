//! The registry of indicators (指标): each K-xx of the contract exactly once, with its formula, what it is divided by,
//! where it comes from and what the contract asks of it. Dashboards, reports, alerts and performance all take their
//! figures from [`figures`] and [`series`]; nothing else counts.

pub(crate) mod export;
pub mod figures;
pub(crate) mod gather;
pub mod http;
pub mod period;
mod rare;
pub mod ratio;
mod registry;
mod rows;
pub mod series;
pub mod variant;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use figures::{Beside, Figure, figures};
pub use period::{Cut, Period};
pub use registry::{KpiDefinition, KpiDirection as Direction, KpiUnit as Unit};
pub use series::{By, Point, series};
pub use variant::KpiVariant;

kernel::words! {
    /// An indicator of the contract.
    Kpi {
        /// 呼叫接通率
        K01 = "k01",
        /// 15 秒接通率
        K02 = "k02",
        /// 20 秒服务水平
        K03 = "k03",
        /// 放弃率
        K04 = "k04",
        /// 平均应答速度
        K05 = "k05",
        /// 平均振铃时长
        K06 = "k06",
        /// 平均通话时长
        K07 = "k07",
        /// 平均事后处理时长
        K08 = "k08",
        /// 平均处理时长
        K09 = "k09",
        /// 漏接回拨率
        K10 = "k10",
        /// 占用率
        K11 = "k11",
        /// 工时利用率
        K12 = "k12",
        /// 排班遵从度
        K13 = "k13",
        /// 排班符合度
        K14 = "k14",
        /// 首次响应时长
        K15 = "k15",
        /// 在线会话接入率
        K16 = "k16",
        /// 留言与信箱答复时长
        K17 = "k17",
        /// 一次解决率
        K18 = "k18",
        /// 满意度
        K19 = "k19",
        /// 按时办结率
        K20 = "k20",
        /// 工单退单率
        K21 = "k21",
        /// 工单重办率
        K22 = "k22",
        /// 质检合格率
        K23 = "k23",
        /// 致命差错率
        K24 = "k24",
        /// 答复准确率
        K25 = "k25",
        /// 热点指数; counted for each matter by the topics
        K26 = "k26",
        /// 难点指数; counted for each matter by the topics
        K27 = "k27",
        /// 到岗率
        K28 = "k28",
        /// 流失率
        K29 = "k29",
        /// 培训完成率
        K30 = "k30",
        /// 重大差错、泄密、有责投诉
        K31 = "k31",
        /// 知识更新及时率
        K32 = "k32",
    }
}

impl Kpi {
    /// What it is: name, formula, unit, target.
    pub fn definition(self) -> &'static KpiDefinition {
        registry::of(self)
    }

    /// Whether it says something of one person. Missed calls, posts and policies are nobody's own; and of what nobody
    /// answered nobody knows whose it was, so that of each person all is answered.
    pub fn is_of_people(self) -> bool {
        !matches!(
            self,
            Self::K01
                | Self::K04
                | Self::K10
                | Self::K16
                | Self::K26
                | Self::K27
                | Self::K28
                | Self::K29
                | Self::K32
        )
    }

    /// As the contract writes it: `K-01`.
    pub fn number(self) -> String {
        self.as_str().replacen('k', "K-", 1)
    }
}

/// A figure as a reader compares it with what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KpiStanding)]
pub enum Standing {
    /// As asked, or better.
    Met,
    /// Not as asked.
    Missed,
    /// Nothing is asked of it (观察).
    Watched,
    /// There is nothing to judge.
    NoData,
}
