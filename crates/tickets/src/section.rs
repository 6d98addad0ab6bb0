//! The sections of the purchaser (考试科, 职称科) and who is on duty there: the members, and their deputies while
//! they are away (AB 角).
//!
//! A member is on duty on every day from `from_day` to `to_day` on which no absence of his stands. A deputy is on
//! duty on those of his days on which a member of the section is absent, or the section has no member at all.

pub mod http;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// Somebody of a section for a stretch of days, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Who.
    pub user_id: Uuid,
    /// He stands in for a member who is away (B 角).
    pub deputy: bool,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day; `None` until further notice.
    pub to_day: Option<NaiveDate>,
}

/// Days on which somebody is away, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Who.
    pub user_id: Uuid,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last day.
    pub to_day: NaiveDate,
}

impl Post {
    fn covers(&self, day: NaiveDate) -> bool {
        self.from_day <= day && self.to_day.is_none_or(|last| day <= last)
    }
}

/// The day in Guangzhou.
pub fn today(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&calendar::SHANGHAI).date_naive()
}

/// Who of a section is on duty on `day`, each once, members first.
pub fn on_duty(posts: &[Post], absences: &[Absence], day: NaiveDate) -> Vec<Uuid> {
    let away = |user: Uuid| {
        absences.iter().any(|absence| {
            absence.user_id == user && absence.from_day <= day && day <= absence.to_day
        })
    };
    let of = |deputy: bool| {
        posts
            .iter()
            .filter(move |post| post.deputy == deputy && post.covers(day))
            .map(|post| post.user_id)
    };
    let mut here: Vec<Uuid> = of(false).filter(|user| !away(*user)).collect();
    if of(false).any(away) || of(false).next().is_none() {
        here.extend(of(true).filter(|user| !away(*user)));
    }
    let mut seen = std::collections::HashSet::new();
    here.retain(|user| seen.insert(*user));
    here
}
