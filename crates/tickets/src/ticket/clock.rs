//! The clock of a ticket (办理时限): when it is due, and every change that made it so (domain B.3).
//!
//! A clock is what is left after all its changes in order; nothing else moves it. Time is counted while the
//! line is open, for a limit in wall minutes day and night.

use calendar::{DeadlineRule, Limit, ServiceClock};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// One change of a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClockChange {
    /// 起算: it runs from here by this rule; once more when the ticket is handled anew (重办).
    Started {
        /// Received.
        at: DateTime<Utc>,
        /// What gives the limit.
        rule: DeadlineRule,
    },
    /// 挂起: the requester has to add something.
    Paused {
        /// Since.
        at: DateTime<Utc>,
    },
    /// 恢复: what was left when it was paused is left now.
    Resumed {
        /// Since.
        at: DateTime<Utc>,
    },
    /// 延期, as granted.
    Extended {
        /// Granted.
        at: DateTime<Utc>,
        /// By so much.
        by: Limit,
    },
}

/// A running or paused clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The rule it was started with.
    pub rule: DeadlineRule,
    /// The last instant that is in time; of a paused clock, as it was when it was paused.
    pub due_at: DateTime<Utc>,
    /// Since when it stands still.
    pub paused_at: Option<DateTime<Utc>>,
    /// Milliseconds used up before `runs_since`.
    used_ms: i64,
    /// The beginning of the stretch that runs now, or ran last.
    runs_since: DateTime<Utc>,
}

/// A sign on the way to the end of a limit (domain B.3: 50 %, 80 %, due, and each day after), or the end of
/// one of the short clocks beside it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// Half of the time is used.
    Half,
    /// Four fifths of the time are used.
    MostUsed,
    /// The limit is over: a breach.
    Due,
    /// Still open when another service day begins.
    Overdue,
    /// The time to sign is over.
    SignDue,
    /// Nobody took the transfer.
    TransferDue,
    /// The supervision's own time is over.
    SupervisionDue,
}

impl Alarm {
    /// The code stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::MostUsed => "most_used",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::SignDue => "sign_due",
            Self::TransferDue => "transfer_due",
            Self::SupervisionDue => "supervision_due",
        }
    }
}

impl Clock {
    /// A clock that starts at `at`.
    pub fn start(rule: DeadlineRule, at: DateTime<Utc>, service: &ServiceClock) -> Self {
        let due_at = service.deadline(&rule, at).business_due_at;
        Self {
            rule,
            due_at,
            paused_at: None,
            used_ms: 0,
            runs_since: at,
        }
    }

    /// The clock after one more change. What cannot change it (a pause of a paused clock) leaves it as it is.
    #[must_use]
    pub fn after(mut self, change: &ClockChange, service: &ServiceClock) -> Self {
        match change {
            ClockChange::Started { at, rule } => return Self::start(rule.clone(), *at, service),
            ClockChange::Paused { at } if self.paused_at.is_none() => {
                self.used_ms += self
                    .between(self.runs_since, *at, service)
                    .num_milliseconds();
                self.paused_at = Some(*at);
            }
            ClockChange::Resumed { at } => {
                if let Some(paused_at) = self.paused_at.take() {
                    // A limit that was over before the pause stays over.
                    if paused_at < self.due_at {
                        let left = self.between(paused_at, self.due_at, service);
                        self.due_at = self.add(*at, left, service);
                    }
                    self.runs_since = *at;
                }
            }
            ClockChange::Extended { by, .. } => {
                self.due_at = match by {
                    Limit::WorkingDays(days) => {
                        let rule = DeadlineRule {
                            late_receipt_is_next_day: false,
                            ..DeadlineRule::working_days("", *days)
                        };
                        service.deadline(&rule, self.due_at).business_due_at
                    }
                    Limit::ServiceMinutes(minutes) => {
                        service.add(self.due_at, TimeDelta::minutes(i64::from(*minutes)))
                    }
                    Limit::ClockMinutes(minutes) => {
                        self.due_at + TimeDelta::minutes(i64::from(*minutes))
                    }
                };
            }
            ClockChange::Paused { .. } => {}
        }
        self
    }

    /// The clock that follows from its whole history; `None` when it does not begin with a start.
    pub fn of(changes: &[ClockChange], service: &ServiceClock) -> Option<Self> {
        let (ClockChange::Started { at, rule }, rest) = changes.split_first()? else {
            return None;
        };
        let started = Self::start(rule.clone(), *at, service);
        Some(
            rest.iter()
                .fold(started, |clock, change| clock.after(change, service)),
        )
    }

    /// The time is over and the clock runs.
    pub fn is_breached(&self, now: DateTime<Utc>) -> bool {
        self.paused_at.is_none() && now > self.due_at
    }

    /// The first sign after `told`; none while the clock stands still.
    pub fn next_alarm(
        &self,
        told: DateTime<Utc>,
        service: &ServiceClock,
    ) -> Option<(DateTime<Utc>, Alarm)> {
        if self.paused_at.is_some() {
            return None;
        }
        let used = TimeDelta::milliseconds(self.used_ms);
        let total = used + self.between(self.runs_since, self.due_at, service);
        let share = |percent: i32| {
            let left = (total * percent / 100 - used).max(TimeDelta::zero());
            let at = self.add(self.runs_since, left, service).min(self.due_at);
            // Both databases keep milliseconds.
            at.trunc_subsecs(3)
        };
        let signs = [
            (share(50), Alarm::Half),
            (share(80), Alarm::MostUsed),
            (self.due_at, Alarm::Due),
        ];
        signs.into_iter().find(|(at, _)| *at > told).or_else(|| {
            let next_day = service.next_day_opening(told.max(self.due_at))?;
            Some((next_day, Alarm::Overdue))
        })
    }

    /// How much of the limit is used at `now`, in per cent, counted as the limit itself is.
    pub fn used_percent(&self, now: DateTime<Utc>, service: &ServiceClock) -> u32 {
        let before = TimeDelta::milliseconds(self.used_ms);
        let until = self.paused_at.unwrap_or(now);
        let used = before + self.between(self.runs_since, until, service);
        let total = before + self.between(self.runs_since, self.due_at, service);
        let percent = used.num_milliseconds() * 100 / total.num_milliseconds().max(1);
        u32::try_from(percent).unwrap_or(u32::MAX)
    }

    fn day_and_night(&self) -> bool {
        matches!(self.rule.limit, Limit::ClockMinutes(_))
    }

    fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>, service: &ServiceClock) -> TimeDelta {
        if self.day_and_night() {
            (to - from).max(TimeDelta::zero())
        } else {
            service.between(from, to)
        }
    }

    fn add(&self, from: DateTime<Utc>, time: TimeDelta, service: &ServiceClock) -> DateTime<Utc> {
        if self.day_and_night() {
            from + time
        } else {
            service.add(from, time)
        }
    }
}
