//! Attendance as evidence: what punches and the floor say of a person and a day, and the sheet of a day
//! that the lead closes and the purchaser confirms. Pure.

pub mod chain;
pub mod correction;
pub mod http;
mod overrule;
pub mod period;
pub mod punch;
pub mod store;
pub mod verify;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Side, words};
use uuid::Uuid;

use crate::terms::WorkforceTerms;

words! {
    /// How a seat was held on a day.
    AttendanceKind {
        /// 到岗
        Present = "present",
        /// 替岗: somebody else than the holder of the post.
        StandIn = "stand_in",
        /// 请假
        Leave = "leave",
        /// 缺勤
        Absent = "absent",
        /// 空岗: the post has no holder.
        Vacant = "vacant",
    }
}

impl AttendanceKind {
    /// Somebody was at the seat.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Present | Self::StandIn)
    }
}

words! {
    /// What of the evidence asks for a second look.
    AttendanceFinding {
        /// 迟到
        Late = "late",
        /// 早退
        LeftEarly = "left_early",
        /// 未打上班卡
        NoPunchIn = "no_punch_in",
        /// 未打下班卡
        NoPunchOut = "no_punch_out",
        /// 打卡时软电话未签入
        NotOnFloor = "not_on_floor",
        /// 一人多设备打卡
        TwoDevices = "two_devices",
        /// 多人同设备打卡: somebody may punch for somebody else.
        SharedDevice = "shared_device",
        /// 设备时钟偏差
        ClockSkew = "clock_skew",
        /// 班长改判
        Overruled = "overruled",
    }
}

words! {
    /// Which way somebody punches.
    PunchKind {
        /// 上班
        In = "in",
        /// 下班
        Out = "out",
    }
}

/// One punch. The server's time counts; the device's is evidence only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Punch {
    /// Whose.
    pub user_id: Uuid,
    /// In or out.
    pub kind: PunchKind,
    /// By the server's clock.
    pub at: DateTime<Utc>,
    /// By the clock of the device.
    pub device_at: DateTime<Utc>,
    /// The browser or phone, by a mark it keeps.
    pub device: String,
}

/// From signing in to the floor with the softphone to signing out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// Whose.
    pub user_id: Uuid,
    /// When he signed in.
    pub from: DateTime<Utc>,
    /// When he signed out; none while he is there.
    pub until: Option<DateTime<Utc>>,
}

/// From when until when.
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// The hours of one duty, lunch left out, in their order.
pub type Hours = Vec<Span>;

/// What the evidence of one person and day says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Present or absent; leave and vacancy are not told by punches.
    pub kind: AttendanceKind,
    /// When he came.
    pub came_at: Option<DateTime<Utc>>,
    /// When he went.
    pub left_at: Option<DateTime<Utc>>,
    /// Minutes at the seat within his hours.
    pub minutes: i64,
    /// Minutes he was late, within the grace none.
    pub late_minutes: i64,
    /// Minutes he went early, within the grace none.
    pub early_minutes: i64,
    /// What asks for a second look.
    pub findings: BTreeSet<AttendanceFinding>,
}

/// What of the punches of a day asks for a second look, by person; their order does not matter.
pub fn suspicious(
    punches: &[Punch],
    terms: &WorkforceTerms,
) -> BTreeMap<Uuid, BTreeSet<AttendanceFinding>> {
    use AttendanceFinding as F;
    let mut found: BTreeMap<Uuid, BTreeSet<F>> = BTreeMap::new();
    let near = TimeDelta::minutes(terms.same_device_minutes.into());
    let skew = TimeDelta::seconds(terms.clock_skew_seconds.into());
    for (n, punch) in punches.iter().enumerate() {
        if (punch.device_at - punch.at).abs() > skew {
            found.entry(punch.user_id).or_default().insert(F::ClockSkew);
        }
        for other in &punches[n + 1..] {
            let same = punch.user_id == other.user_id;
            if same && punch.device != other.device {
                found
                    .entry(punch.user_id)
                    .or_default()
                    .insert(F::TwoDevices);
            }
            if !same && punch.device == other.device && (punch.at - other.at).abs() <= near {
                for user in [punch.user_id, other.user_id] {
                    found.entry(user).or_default().insert(F::SharedDevice);
                }
            }
        }
    }
    found
}

/// People sign in to the floor at most so long before the hours begin.
pub(crate) const BEFORE_HOURS: i64 = 2;

/// Judges one person's day by his hours, his punches and his time on the floor; `now` closes what is still open.
pub fn judge(
    user: Uuid,
    hours: &[Span],
    punches: &[Punch],
    spells: &[Spell],
    (terms, now): (&WorkforceTerms, DateTime<Utc>),
) -> Judged {
    use AttendanceFinding as F;
    let mine = || punches.iter().filter(|punch| punch.user_id == user);
    let ins = mine().filter(|punch| punch.kind == PunchKind::In);
    let first_in = ins.map(|punch| punch.at).min();
    // Who came back after he had gone has not gone.
    let last = mine().max_by_key(|punch| (punch.at, punch.kind == PunchKind::Out));
    let last_out = last
        .filter(|punch| punch.kind == PunchKind::Out)
        .map(|punch| punch.at);
    let mut findings = suspicious(punches, terms).remove(&user).unwrap_or_default();
    let (Some(begin), Some(end)) = (hours.first(), hours.last()) else {
        return nothing(AttendanceKind::Absent, findings);
    };
    let here = || spells.iter().filter(|spell| spell.user_id == user);
    // A softphone that was left on the night before is nobody who came.
    let early = begin.0 - TimeDelta::hours(BEFORE_HOURS);
    let of_day = || here().filter(|spell| spell.from >= early);
    let signed_in = of_day().map(|spell| spell.from).min();
    let signed_out = of_day()
        .map(|spell| spell.until.unwrap_or(now.min(end.1)))
        .max();
    let came_at = first_in.or(signed_in);
    let left_at = last_out
        .or(signed_out)
        .filter(|left| came_at.is_some_and(|came| *left >= came));
    let Some(came) = came_at else {
        return nothing(AttendanceKind::Absent, findings);
    };
    if first_in.is_none() {
        findings.insert(F::NoPunchIn);
    }
    let over = now >= end.1;
    if last_out.is_none() && over {
        findings.insert(F::NoPunchOut);
    }
    let near = TimeDelta::minutes(terms.floor_minutes.into());
    let seen = |at: DateTime<Utc>| {
        here().any(|spell| spell.from <= at + near && spell.until.unwrap_or(now) >= at - near)
    };
    if first_in.is_some_and(|at| !seen(at)) {
        findings.insert(F::NotOnFloor);
    }
    let grace = i64::from(terms.late_grace_minutes);
    let beyond = |late: TimeDelta| {
        let minutes = (late.num_seconds() + 59).div_euclid(60);
        if minutes > grace { minutes } else { 0 }
    };
    let late_minutes = beyond(came - begin.0);
    // Who has neither punched out nor signed out is at his seat until now.
    let until = left_at.unwrap_or(now);
    let early_minutes = if over { beyond(end.1 - until) } else { 0 };
    if late_minutes > 0 {
        findings.insert(F::Late);
    }
    if early_minutes > 0 {
        findings.insert(F::LeftEarly);
    }
    let from = if late_minutes > 0 { came } else { begin.0 };
    let until = if over && early_minutes == 0 {
        end.1
    } else {
        until
    };
    let minutes = overlap(hours, from, until) - away(hours, mine(), (from, until), grace);
    let kind = if over && minutes == 0 {
        AttendanceKind::Absent
    } else {
        AttendanceKind::Present
    };
    Judged {
        kind,
        came_at,
        left_at,
        minutes,
        late_minutes,
        early_minutes,
        findings,
    }
}

fn nothing(kind: AttendanceKind, findings: BTreeSet<AttendanceFinding>) -> Judged {
    Judged {
        kind,
        came_at: None,
        left_at: None,
        minutes: 0,
        late_minutes: 0,
        early_minutes: 0,
        findings,
    }
}

/// Whole minutes of `from..until` within the hours.
fn overlap(hours: &[Span], from: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    hours
        .iter()
        .map(|(begin, end)| (until.min(*end) - from.max(*begin)).num_minutes().max(0))
        .sum()
}

/// Minutes within the hours between punching out and in again; what is within the grace of each stretch is none.
fn away<'a>(
    hours: &[Span],
    mine: impl Iterator<Item = &'a Punch>,
    (from, until): Span,
    grace: i64,
) -> i64 {
    let mut punches: Vec<(DateTime<Utc>, PunchKind)> =
        mine.map(|punch| (punch.at, punch.kind)).collect();
    punches.sort_unstable();
    let mut left = None;
    let mut minutes = 0;
    for (at, kind) in punches {
        match kind {
            PunchKind::Out => left = Some(at),
            PunchKind::In => {
                let Some(out) = left.take() else { continue };
                let gone = hours
                    .iter()
                    .map(|span| overlap(std::slice::from_ref(span), out.max(from), at.min(until)));
                minutes += gone.filter(|gone| *gone > grace).sum::<i64>();
            }
        }
    }
    minutes
}

/// Minutes of a whole duty.
pub fn whole(hours: &[Span]) -> i64 {
    hours
        .iter()
        .map(|(begin, end)| (*end - *begin).num_minutes())
        .sum()
}

words! {
    /// Where the sheet of a day stands.
    AttendanceDayState {
        /// 未关账
        Open = "open",
        /// 班长已关账，待采购人确认
        Closed = "closed",
        /// 采购人已确认，冻结
        Frozen = "frozen",
    }
}

/// What may be done to the sheet of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 关账
    Close {
        /// The hours of the day are over.
        over: bool,
    },
    /// 退回
    SendBack,
    /// 确认
    Confirm,
}

kernel::refusals! {
    /// Why something cannot be done to a day.
    Refusal {
        /// Both sides signed it.
        Frozen = "attendance_frozen", "is confirmed by both sides and does not change", "record a correction";
        /// The lead's step.
        BySupplier = "attendance_by_supplier", "is the supplier's to close";
        /// The purchaser's step.
        ByPurchaser = "attendance_by_purchaser", "is the purchaser's to confirm";
        /// It was closed.
        Closed = "attendance_closed", "is closed and waits for the purchaser";
        /// Nobody closed it.
        NotClosed = "attendance_not_closed", "is not closed yet", "the shift lead closes it first";
        /// People are still at work.
        NotOver = "attendance_not_over", "is not over yet", "close it after the service hours";
    }
}

impl AttendanceDayState {
    /// The sheet after what somebody of side `by` does, or why not.
    pub fn next(self, by: Side, action: Action) -> Result<Self, Refusal> {
        let closes = matches!(action, Action::Close { .. });
        if closes && by != Side::Supplier {
            return Err(Refusal::BySupplier);
        }
        if !closes && by != Side::Purchaser {
            return Err(Refusal::ByPurchaser);
        }
        match (self, action) {
            (Self::Frozen, _) => Err(Refusal::Frozen),
            (Self::Open, Action::Close { over: true }) => Ok(Self::Closed),
            (Self::Open, Action::Close { .. }) => Err(Refusal::NotOver),
            (Self::Open, _) => Err(Refusal::NotClosed),
            (Self::Closed, Action::Close { .. }) => Err(Refusal::Closed),
            (Self::Closed, Action::SendBack) => Ok(Self::Open),
            (Self::Closed, Action::Confirm) => Ok(Self::Frozen),
        }
    }
}
