//! One year: what the State Council published, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// What kind of day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// 工作日: Monday to Friday, unless a notice says otherwise.
    Workday,
    /// 休息日: a weekend, or a day off around a holiday that is not statutory itself.
    Rest,
    /// 法定节假日: one of the dates the law itself names.
    Statutory,
    /// 调休上班: a weekend that is worked.
    Makeup,
}

impl DayKind {
    /// The code stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workday => "workday",
            Self::Rest => "rest",
            Self::Statutory => "statutory",
            Self::Makeup => "makeup",
        }
    }

    /// The kind with this code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Workday, Self::Rest, Self::Statutory, Self::Makeup]
            .into_iter()
            .find(|kind| kind.as_str() == code)
    }

    /// People are expected at work.
    pub const fn is_workday(self) -> bool {
        matches!(self, Self::Workday | Self::Makeup)
    }

    /// What overtime on such a day is paid with.
    pub const fn overtime(self) -> OvertimeClass {
        match self {
            Self::Workday | Self::Makeup => OvertimeClass::Extended,
            Self::Rest => OvertimeClass::RestDay,
            Self::Statutory => OvertimeClass::StatutoryHoliday,
        }
    }

    /// The kind of a date that no notice speaks of.
    pub fn by_weekday(date: NaiveDate) -> Self {
        match date.weekday() {
            Weekday::Sat | Weekday::Sun => Self::Rest,
            _ => Self::Workday,
        }
    }
}

/// The pay class of overtime (劳动法 第四十四条). The rates are parameters: laws change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OvertimeClass {
    /// 延长工作时间: hours beyond the shift on a workday.
    Extended,
    /// 休息日: may be compensated by leave instead.
    RestDay,
    /// 法定节假日: may not be compensated by leave.
    StatutoryHoliday,
}

/// A year as it is published, imported and shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearNotice {
    /// The year the notice is for.
    pub year: i32,
    /// Title and address of the notice.
    #[serde(default)]
    pub source: String,
    /// Every day off with the name of its holiday, weekends inside the holiday included.
    pub off_days: BTreeMap<NaiveDate, String>,
    /// Weekends that are worked.
    pub makeup_workdays: BTreeSet<NaiveDate>,
    /// The days off that the law itself names.
    pub statutory_holidays_300pct: BTreeSet<NaiveDate>,
}

/// A row of a notice that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeFault {
    /// The date of the row.
    pub date: NaiveDate,
    /// What is wrong with it.
    pub code: &'static str,
}

impl fmt::Display for NoticeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.code {
            "outside_the_year" => "lies neither in the year nor in the December before it",
            "makeup_is_no_weekend" => "is worked anyway: a make-up workday is a Saturday or Sunday",
            "worked_weekend_is_makeup" => "is a weekend that is worked: a make-up workday",
            "off_and_makeup" => "is given both as a day off and as a make-up workday",
            _ => "is statutory but not among the days off",
        };
        write!(f, "{} {why}", self.date)
    }
}

/// A day that is not what its weekday says, or that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialDay {
    /// Its kind.
    pub kind: DayKind,
    /// 春节, 国庆节 …; empty when nobody named it.
    pub name: String,
}

/// One checked year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YearCalendar {
    year: i32,
    published: bool,
    special: BTreeMap<NaiveDate, SpecialDay>,
}

impl YearCalendar {
    /// The year of a notice; every faulty row is named, not only the first.
    pub fn from_notice(notice: &YearNotice) -> Result<Self, Vec<NoticeFault>> {
        let mut special = BTreeMap::new();
        for (date, name) in &notice.off_days {
            let kind = if notice.statutory_holidays_300pct.contains(date) {
                DayKind::Statutory
            } else {
                DayKind::Rest
            };
            special.insert(
                *date,
                SpecialDay {
                    kind,
                    name: name.clone(),
                },
            );
        }
        let mut faults = Vec::new();
        for date in &notice.makeup_workdays {
            if notice.off_days.contains_key(date) {
                faults.push(NoticeFault {
                    date: *date,
                    code: "off_and_makeup",
                });
            } else {
                special.insert(
                    *date,
                    SpecialDay {
                        kind: DayKind::Makeup,
                        name: String::new(),
                    },
                );
            }
        }
        for date in &notice.statutory_holidays_300pct {
            if !notice.off_days.contains_key(date) {
                faults.push(NoticeFault {
                    date: *date,
                    code: "statutory_but_not_off",
                });
            }
        }
        match Self::new(notice.year, true, special) {
            Ok(year) if faults.is_empty() => Ok(year),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                faults.sort_by_key(|fault| fault.date);
                Err(faults)
            }
        }
    }

    /// A year from its special days; `published` is false while they are only expected (待公布).
    pub fn new(
        year: i32,
        published: bool,
        special: BTreeMap<NaiveDate, SpecialDay>,
    ) -> Result<Self, Vec<NoticeFault>> {
        let mut faults = Vec::new();
        for (date, day) in &special {
            if date.year() != year && !is_december_before(*date, year) {
                faults.push(NoticeFault {
                    date: *date,
                    code: "outside_the_year",
                });
            }
            let weekend = DayKind::by_weekday(*date) == DayKind::Rest;
            if day.kind == DayKind::Makeup && !weekend {
                faults.push(NoticeFault {
                    date: *date,
                    code: "makeup_is_no_weekend",
                });
            }
            if day.kind == DayKind::Workday && weekend {
                faults.push(NoticeFault {
                    date: *date,
                    code: "worked_weekend_is_makeup",
                });
            }
        }
        if faults.is_empty() {
            Ok(Self {
                year,
                published,
                special,
            })
        } else {
            Err(faults)
        }
    }

    /// Weekends only, not published.
    pub fn weekends(year: i32) -> Self {
        Self {
            year,
            published: false,
            special: BTreeMap::new(),
        }
    }

    /// The year.
    pub fn year(&self) -> i32 {
        self.year
    }

    /// The State Council has published it.
    pub fn published(&self) -> bool {
        self.published
    }

    /// What the notice says of a date; `None` where the weekday decides.
    pub fn special(&self, date: NaiveDate) -> Option<&SpecialDay> {
        self.special.get(&date)
    }

    /// Every day of which the notice speaks, in order.
    pub fn special_days(&self) -> impl Iterator<Item = (NaiveDate, &SpecialDay)> {
        self.special.iter().map(|(date, day)| (*date, day))
    }

    /// Every date of the year, in order.
    pub fn dates(year: i32) -> impl Iterator<Item = NaiveDate> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1);
        std::iter::successors(first, |date| date.checked_add_days(Days::new(1)))
            .take_while(move |date| date.year() == year)
    }
}

/// A notice may move days of the December before its year: the one for 2019 did, around New Year.
fn is_december_before(date: NaiveDate, year: i32) -> bool {
    date.month() == 12 && date.year() == year - 1
}
