//! What counts as 到岗: kinds of presence, and a table that the purchaser answers. The requirement does not say;
//! what ships is a proposal, and each row says whether the purchaser has answered it.

use chrono::NaiveDate;
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// How somebody was on post on a day.
    PresenceKind {
        /// 到岗
        Present = "present",
        /// 半天到岗
        HalfDay = "half_day",
        /// 迟到、早退
        Late = "late",
        /// 顶岗
        Substitute = "substitute",
        /// 采购人组织的培训
        PurchaserTraining = "purchaser_training",
        /// 带薪假
        PaidLeave = "paid_leave",
        /// 病假
        SickLeave = "sick_leave",
        /// 事假
        UnpaidLeave = "unpaid_leave",
        /// 休息日、节假日加班
        Overtime = "overtime",
        /// 缺勤
        Absent = "absent",
    }
}

words! {
    /// Where both sides signed a day.
    DaySource {
        /// 系统考勤
        Attendance = "attendance",
        /// 考勤表
        Sheet = "sheet",
    }
}

/// A frozen day of attendance: what one person did on one seat. It never changes; what corrects it is another row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRecord {
    /// The row it comes from.
    pub id: Uuid,
    /// The day.
    pub day: NaiveDate,
    /// The seat, from 1.
    pub seat: i64,
    /// Who; a person fills one seat at a time.
    pub person: String,
    /// How he was there.
    pub presence: PresenceKind,
    /// Minutes on post.
    pub minutes: i64,
    /// Of the row, so that a statement proves what it was made of.
    pub sha256: String,
    /// Where it was signed.
    pub source: DaySource,
    /// The sheet it stands on; none of a day kept in the product.
    pub source_id: Option<Uuid>,
}

/// How a kind of presence counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresenceCount {
    /// Which kind.
    pub kind: PresenceKind,
    /// Half days it counts: 0, 1 or 2.
    pub halves: i64,
    /// Fewer minutes than this count at most as half a day; 0 where minutes do not matter.
    #[serde(default)]
    pub half_under_minutes: i64,
    /// Fewer minutes than this do not count; 0 where minutes do not matter.
    #[serde(default)]
    pub none_under_minutes: i64,
}

impl PresenceCount {
    /// Half days of a record of this kind.
    pub fn of(&self, minutes: i64) -> i64 {
        if minutes < self.none_under_minutes {
            0
        } else if minutes < self.half_under_minutes {
            self.halves.min(1)
        } else {
            self.halves
        }
    }
}

/// What ships, until the purchaser answers: who works or learns for the purchaser counts, who is away does not.
pub fn proposed() -> Vec<PresenceCount> {
    let count = |kind: &PresenceKind| {
        use PresenceKind as K;
        let halves = match kind {
            K::Present | K::Late | K::Substitute | K::PurchaserTraining => 2,
            K::HalfDay => 1,
            K::PaidLeave | K::SickLeave | K::UnpaidLeave | K::Overtime | K::Absent => 0,
        };
        let late = *kind == K::Late;
        PresenceCount {
            kind: *kind,
            halves,
            half_under_minutes: if late { 420 } else { 0 },
            none_under_minutes: if late { 210 } else { 0 },
        }
    };
    PresenceKind::ALL.iter().map(count).collect()
}
