//! Who speaks for a side, from when until when: on any day at most one first contact of each side, and
//! substitutes. That there is one at all is shown, day by day.
//!
//! Pure: terms go in, what is wrong with them comes out.

pub mod http;
pub mod store;

use chrono::NaiveDate;
use kernel::words;

words! {
    /// What a liaison person is.
    LiaisonStanding {
        /// 联络人
        Primary = "primary",
        /// 替补
        Substitute = "substitute",
    }
}

words! {
    /// By which way somebody wants to be told.
    LiaisonWay {
        /// 系统
        Console = "console",
        /// 电话
        Phone = "phone",
        /// 短信
        Sms = "sms",
        /// 微信
        Wechat = "wechat",
        /// 邮件
        Email = "email",
    }
}

/// From a day until a day, both included; without a last one for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The first day.
    pub from: NaiveDate,
    /// The last one.
    pub until: Option<NaiveDate>,
}

impl Term {
    /// The day is within it.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// It has at least one day.
    pub fn is_sound(&self) -> bool {
        self.until.is_none_or(|until| self.from <= until)
    }

    /// They share a day.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_in_time = |one: &Self, two: &Self| two.until.is_none_or(|last| one.from <= last);
        self.is_sound()
            && other.is_sound()
            && begins_in_time(self, other)
            && begins_in_time(other, self)
    }
}

/// Of the terms of one side's first contacts the place of one that shares a day with the new one.
pub fn clash(terms: &[Term], new: &Term) -> Option<usize> {
    terms.iter().position(|term| term.overlaps(new))
}
