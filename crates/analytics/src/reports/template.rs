//! What reports are made from: blocks in order, and when one is drafted. A template changes by a new version; a report
//! keeps the version it was made from. Pure.

pub mod http;
mod shipped;
pub mod store;

use std::collections::BTreeMap;

use calendar::{Calendar, SHANGHAI};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::problem::{Result, invalid};
use kernel::text::{checked, needed};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::numbers::{Along, FigureUnit, Indicator};
use super::period::{ReportPeriod, ReportPeriodKind};

pub(crate) use shipped::prepare;

/// A template that reports are made of.
const IN_USE: &str = "in_use";
/// One that no report is made of any more.
const RETIRED: &str = "retired";
/// Blocks of a template at most.
const MOST_BLOCKS: usize = 60;
/// Indicators of one table at most.
const MOST_CODES: usize = 40;
/// Indicators of one table along something at most: more do not fit on a page.
const MOST_COLUMNS: usize = 8;
/// Indicators of one chart at most.
const MOST_SERIES: usize = 5;
/// Topics of each kind at most.
const MOST_TOPICS: usize = 20;
/// How far ahead the next draft is looked for: a holiday and a half year lie between.
const FURTHEST_DAYS: u64 = 400;

words! {
    /// How a chart shows its values.
    ChartForm {
        /// 柱状图
        Bar = "bar",
        /// 折线图
        Line = "line",
    }
}

words! {
    /// Which part of a figure is shown.
    FigurePart {
        /// 指标值
        Value = "value",
        /// 分母：总量
        Base = "base",
    }
}

words! {
    /// Who signs.
    SigningSide {
        /// 服务商
        Supplier = "supplier",
        /// 采购人
        Purchaser = "purchaser",
    }
}

/// One part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TemplateBlock {
    /// A heading.
    Heading(TemplateHeading),
    /// Words with places for what is known: `{period}`, `{contract}`, `{k01}`.
    Text(TemplateText),
    /// Indicators of the period.
    Kpis(TemplateKpis),
    /// A chart.
    Chart(TemplateChart),
    /// Indicators along something.
    Table(TemplateTable),
    /// Topics of the period.
    Topics(TemplateTopics),
    /// Room for what the editor remarks.
    Notes(TemplateText),
    /// Places to sign.
    Signatures(TemplateSigners),
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateHeading {
    /// Its words.
    pub text: String,
}

/// Words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateText {
    /// What stands above; may be empty.
    #[serde(default)]
    pub title: String,
    /// The words; of notes what they begin with.
    #[serde(default)]
    pub text: String,
}

/// Indicators of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateKpis {
    /// What stands above.
    pub title: String,
    /// Their codes, 1 to 40.
    pub codes: Vec<String>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateChart {
    /// What it says.
    pub title: String,
    /// Bars or a line.
    pub form: ChartForm,
    /// Codes of indicators of one unit, 1 to 5.
    pub codes: Vec<String>,
    /// Along what.
    pub along: Along,
    /// The value, or the whole it is a part of.
    #[serde(default = "value")]
    pub part: FigurePart,
}

fn value() -> FigurePart {
    FigurePart::Value
}

/// Indicators along something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateTable {
    /// What stands above.
    pub title: String,
    /// Their codes, 1 to 8: more do not fit on a page.
    pub codes: Vec<String>,
    /// Along what.
    pub along: Along,
}

/// Topics of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateTopics {
    /// What stands above.
    pub title: String,
    /// Topics of each kind, 1 to 20.
    pub most: usize,
}

/// Places to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateSigners {
    /// In order.
    pub parties: Vec<SigningSide>,
}

/// When a report is drafted by itself: on working days only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftSchedule {
    /// It is drafted by itself.
    pub enabled: bool,
    /// The working day of the following period, from 1 on; a daily report comes on its own day.
    pub workday: u8,
    /// The hour in Guangzhou.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
}

impl DraftSchedule {
    /// 422 for a time there is not.
    pub fn must_be_sound(self) -> Result<()> {
        if self.hour < 24 && self.minute < 60 && (1..=20).contains(&self.workday) {
            return Ok(());
        }
        let detail = "the 1st to 20th working day, 0:00 to 23:59";
        Err(invalid("schedule", "schedule_out_of_range", detail))
    }

    fn on(self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let time = NaiveTime::from_hms_opt(self.hour.into(), self.minute.into(), 0)?;
        let local = SHANGHAI.from_local_datetime(&day.and_time(time));
        Some(local.single()?.to_utc())
    }

    /// When the next one after `now` is drafted; none where it is not by itself.
    pub fn next(
        self,
        kind: ReportPeriodKind,
        calendar: &Calendar,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if !self.enabled {
            return None;
        }
        let today = kernel::day::of(now);
        let days = today.iter_days().take(FURTHEST_DAYS as usize);
        days.filter(|day| calendar.is_workday(*day) && self.is_its_day(kind, calendar, *day))
            .filter_map(|day| self.on(day))
            .find(|at| *at > now)
    }

    fn is_its_day(self, kind: ReportPeriodKind, calendar: &Calendar, day: NaiveDate) -> bool {
        if kind == ReportPeriodKind::Daily {
            return true;
        }
        let begins = ReportPeriod::holding(kind, day).from;
        // A week may have no working day of that number.
        let workdays = begins.iter_days().take_while(|one| *one <= day);
        let place = workdays.filter(|one| calendar.is_workday(*one)).count();
        place == usize::from(self.workday)
    }
}

/// The period that is drafted on a day: of a daily report the day itself, else the period that is over.
pub fn drafted_on(kind: ReportPeriodKind, day: NaiveDate) -> ReportPeriod {
    let holding = ReportPeriod::holding(kind, day);
    if kind == ReportPeriodKind::Daily {
        holding
    } else {
        holding.before()
    }
}

/// 422 for blocks that no report can be made from.
pub fn must_be_sound(blocks: &[TemplateBlock], known: &[Indicator]) -> Result<()> {
    let field = "blocks";
    if blocks.is_empty() || blocks.len() > MOST_BLOCKS {
        return Err(invalid(field, "blocks_out_of_range", "1 to 60 blocks"));
    }
    let units: BTreeMap<&str, FigureUnit> = known
        .iter()
        .map(|one| (one.code.as_str(), one.unit))
        .collect();
    let must_know = |codes: &[String], most: usize| {
        let unknown = codes.iter().find(|code| !units.contains_key(code.as_str()));
        if let Some(code) = unknown {
            let detail = format!("no indicator is called `{code}`");
            return Err(invalid(field, "indicator_unknown", detail));
        }
        if codes.is_empty() || codes.len() > most {
            let detail = format!("1 to {most} indicators");
            return Err(invalid(field, "indicators_out_of_range", detail));
        }
        Ok(())
    };
    let must_go = |codes: &[String], along: Along| {
        let goes = |one: &Indicator| along == Along::Month || one.alongs.contains(&along);
        let stays = |one: &&Indicator| codes.contains(&one.code) && !goes(one);
        let Some(found) = known.iter().find(stays) else {
            return Ok(());
        };
        let detail = format!("{} does not go along this", found.number);
        Err(invalid(field, "indicator_not_along", detail))
    };
    for block in blocks {
        match block {
            TemplateBlock::Heading(heading) => {
                needed(field, &heading.text)?;
            }
            TemplateBlock::Text(text) | TemplateBlock::Notes(text) => {
                checked(field, &text.title)?;
                checked(field, &text.text)?;
            }
            TemplateBlock::Kpis(kpis) => {
                needed(field, &kpis.title)?;
                must_know(&kpis.codes, MOST_CODES)?;
            }
            TemplateBlock::Chart(chart) => {
                needed(field, &chart.title)?;
                must_know(&chart.codes, MOST_SERIES)?;
                must_go(&chart.codes, chart.along)?;
                let mut kinds = chart.codes.iter().map(|code| units[code.as_str()]);
                let first = kinds.next();
                if chart.part == FigurePart::Value && kinds.any(|unit| Some(unit) != first) {
                    let detail = "the indicators of a chart have one unit";
                    return Err(invalid(field, "chart_units_differ", detail));
                }
            }
            TemplateBlock::Table(table) => {
                needed(field, &table.title)?;
                must_know(&table.codes, MOST_COLUMNS)?;
                must_go(&table.codes, table.along)?;
            }
            TemplateBlock::Topics(topics) => {
                needed(field, &topics.title)?;
                if !(1..=MOST_TOPICS).contains(&topics.most) {
                    let detail = "1 to 20 topics of each kind";
                    return Err(invalid(field, "topics_out_of_range", detail));
                }
            }
            TemplateBlock::Signatures(signers) => {
                if signers.parties.is_empty() || signers.parties.len() > 2 {
                    let detail = "one or both sides sign";
                    return Err(invalid(field, "signers_out_of_range", detail));
                }
            }
        }
    }
    Ok(())
}

/// A text with the places filled that are known; others stay as they were typed.
pub fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let named = from.find('}').map(|close| (&from[1..close], close));
        let found = named.and_then(|(name, close)| Some((known.get(name.trim())?, close)));
        if let Some((value, close)) = found {
            out.push_str(value);
            rest = &from[close + 1..];
        } else {
            out.push('{');
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}

/// So many days after which a template that was to be drafted is not drafted late, but next time.
pub const CAUGHT_UP: Days = Days::new(7);
