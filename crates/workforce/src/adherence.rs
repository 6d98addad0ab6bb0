//! Adherence in real time: what somebody should be doing now by his hours, what he does on the floor, for how long
//! the two have differed, and for how much of his day so far they agreed. Pure.

pub(crate) mod hours;
pub mod http;

use chrono::{DateTime, Utc};
use kernel::words;
use uuid::Uuid;

use crate::attendance::Span;

words! {
    /// What somebody should be doing.
    AdherenceDuty {
        /// 未到班、已下班、不当班
        Off = "off",
        /// 在班
        Work = "work",
        /// 午休
        Lunch = "lunch",
    }
}

words! {
    /// What somebody does on the floor.
    AdherenceDoing {
        /// 未签入
        Away = "away",
        /// 就绪、通话、后处理
        Work = "work",
        /// 小休
        Paused = "paused",
        /// 会议、培训
        Ordered = "ordered",
    }
}

impl AdherenceDoing {
    /// It is what hours are for.
    pub fn is_duty(self) -> bool {
        matches!(self, Self::Work | Self::Ordered)
    }
}

words! {
    /// How the two differ.
    AdherenceDeviation {
        /// 应在未在
        Missing = "missing",
        /// 在班小休
        Pausing = "pausing",
        /// 午休未休
        AtLunch = "at_lunch",
        /// 非当班在岗
        Extra = "extra",
    }
}

impl AdherenceDeviation {
    /// Less than was agreed (−1), or more (+1).
    pub fn sign(self) -> i64 {
        match self {
            Self::Missing | Self::Pausing => -1,
            Self::AtLunch | Self::Extra => 1,
        }
    }

    fn between(duty: AdherenceDuty, doing: AdherenceDoing) -> Option<Self> {
        match (duty, doing) {
            (AdherenceDuty::Work, AdherenceDoing::Away) => Some(Self::Missing),
            (AdherenceDuty::Work, AdherenceDoing::Paused) => Some(Self::Pausing),
            (AdherenceDuty::Lunch, doing) if doing.is_duty() => Some(Self::AtLunch),
            (AdherenceDuty::Off, doing) if doing.is_duty() => Some(Self::Extra),
            _ => None,
        }
    }
}

/// What somebody did for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Who.
    pub user_id: Uuid,
    /// What.
    pub doing: AdherenceDoing,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when; none while it lasts.
    pub until: Option<DateTime<Utc>>,
}

/// How somebody stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What he should be doing.
    pub duty: AdherenceDuty,
    /// When that changes; none where it does not today.
    pub duty_until: Option<DateTime<Utc>>,
    /// What he does.
    pub doing: AdherenceDoing,
    /// Since when; none where he was not here today.
    pub doing_since: Option<DateTime<Utc>>,
    /// How the two differ, and for how many minutes.
    pub deviation: Option<(AdherenceDeviation, i64)>,
    /// Minutes of his hours that are over.
    pub planned_minutes: i64,
    /// Of them those in which he worked.
    pub kept_minutes: i64,
}

impl Standing {
    /// The share of his hours so far in which he did what he should, in basis points; none before they begin.
    pub fn adherence_bp(&self) -> Option<i64> {
        (self.planned_minutes > 0).then(|| self.kept_minutes * 10_000 / self.planned_minutes)
    }
}

/// What is to be done at `now` by the hours of one day, since when and until when.
fn duty(
    hours: &[Span],
    now: DateTime<Utc>,
) -> (AdherenceDuty, Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let mut before = None;
    for (from, until) in hours {
        if now < *from {
            let duty = if before.is_some() {
                AdherenceDuty::Lunch
            } else {
                AdherenceDuty::Off
            };
            return (duty, before, Some(*from));
        }
        if now < *until {
            return (AdherenceDuty::Work, Some(*from), Some(*until));
        }
        before = Some(*until);
    }
    (AdherenceDuty::Off, before, None)
}

/// How one person stands at `now`: his hours of the day, lunch left out, and his stretches, both in their order.
pub fn stand(hours: &[Span], stretches: &[Stretch], now: DateTime<Utc>) -> Standing {
    let (due, due_since, duty_until) = duty(hours, now);
    let last = stretches.iter().rev().find(|one| one.from <= now);
    let (doing, doing_since) = match last {
        None => (AdherenceDoing::Away, None),
        Some(one) => match one.until.filter(|until| *until <= now) {
            Some(until) => (AdherenceDoing::Away, Some(until)),
            None => (one.doing, Some(one.from)),
        },
    };
    let deviation = AdherenceDeviation::between(due, doing).map(|kind| {
        // The two differ since the later of them changed.
        let since = due_since.max(since_alike(stretches, doing, doing_since));
        let minutes = since.map_or(0, |since| (now - since).num_minutes().max(0));
        (kind, minutes)
    });
    let (mut planned, mut kept) = (0, 0);
    for (from, until) in hours {
        let until = (*until).min(now);
        planned += (until - *from).num_seconds().max(0);
        for one in stretches.iter().filter(|one| one.doing.is_duty()) {
            let end = one.until.unwrap_or(now).min(until);
            kept += (end - one.from.max(*from)).num_seconds().max(0);
        }
    }
    Standing {
        duty: due,
        duty_until,
        doing,
        doing_since,
        deviation,
        planned_minutes: planned / 60,
        kept_minutes: kept.min(planned) / 60,
    }
}

/// Since when he does something of the kind: from ready to talking he has been at work all along.
fn since_alike(
    stretches: &[Stretch],
    doing: AdherenceDoing,
    since: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let mut since = since?;
    for one in stretches.iter().rev() {
        let touches = one.until == Some(since);
        if touches && (one.doing == doing || (one.doing.is_duty() && doing.is_duty())) {
            since = one.from;
        }
    }
    Some(since)
}
