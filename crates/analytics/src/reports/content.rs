//! What stands in a report: figures, texts, charts, as they were at one moment. Kept as one text, so that its digest can be
//! compared byte by byte on either database. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::numbers::{Along, FigureStanding, FigureUnit, ReportTopic};
use super::period::ReportPeriod;
use super::template::{ChartForm, FigurePart, SigningSide};

/// Changed numbers that a correction lists; beyond it says how many more there are.
pub const MOST_CHANGES: usize = 300;

/// A report as it will be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportContent {
    /// `BB-20261201-001`; a correction keeps it.
    pub number: String,
    /// 1, and one more with each correction.
    pub revision: i64,
    /// What it is called.
    pub title: String,
    /// Of which days.
    pub period: ReportPeriod,
    /// The purchaser.
    pub purchaser: String,
    /// The supplier.
    pub supplier: String,
    /// Number and title of the contract; empty where none holds.
    pub contract: String,
    /// The template's name and version.
    pub template: String,
    /// When the figures were taken.
    pub figures_at: DateTime<Utc>,
    /// What it corrects; none for a first version.
    pub correction: Option<ReportCorrection>,
    /// Its blocks in order.
    pub blocks: Vec<ReportBlock>,
}

/// What a corrected version says on its first page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportCorrection {
    /// Digest of the version it takes the place of.
    pub corrects_sha256: String,
    /// Why.
    pub reason: String,
    /// Numbers that differ, at most 300.
    pub changes: Vec<FigureChange>,
    /// Numbers that differ beyond those.
    pub more: usize,
    /// The blocks whose words differ.
    pub texts: Vec<String>,
}

/// A number before and after a correction, as it stands on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FigureChange {
    /// The indicator, or what is counted.
    pub name: String,
    /// Of which day, person, channel; empty for the whole period.
    pub label: String,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

/// One part of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportBlock {
    /// A heading.
    Heading(ReportHeading),
    /// Words.
    Text(ReportText),
    /// Indicators, each with its formula below the number.
    Kpis(ReportKpis),
    /// A chart.
    Chart(ReportChart),
    /// Indicators along something.
    Table(ReportTable),
    /// Topics of the period.
    Topics(ReportTopics),
    /// What the editor remarks.
    Notes(ReportText),
    /// Places to sign.
    Signatures(ReportSigners),
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportHeading {
    /// Its words.
    pub text: String,
}

/// Words that the editor may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportText {
    /// What stands above them; may be empty.
    pub title: String,
    /// The words; a line break begins a paragraph.
    pub text: String,
    /// A person wrote them: fresh figures leave them as they are.
    pub edited: bool,
}

/// Indicators of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportKpis {
    /// What stands above.
    pub title: String,
    /// One for each indicator.
    pub rows: Vec<ReportKpi>,
}

/// One indicator of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportKpi {
    /// `k01`
    pub code: String,
    /// `K-01`
    pub number: String,
    /// Its name.
    pub name: String,
    /// What its value is.
    pub unit: FigureUnit,
    /// In its unit; null where there is nothing to count.
    pub value: Option<i64>,
    /// As it is read: `93.12%`.
    pub shown: String,
    /// As it was in the period before.
    pub before_shown: String,
    /// What is asked, in words; empty where nothing is.
    pub target_shown: String,
    /// How it stands to that.
    pub standing: FigureStanding,
    /// Its formula.
    pub formula: String,
    /// What was divided by what: `108 ÷ 116`.
    pub counted: String,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportChart {
    /// What it says.
    pub title: String,
    /// Bars or a line.
    pub form: ChartForm,
    /// Along what.
    pub along: Along,
    /// What its values are.
    pub unit: FigureUnit,
    /// The names along the foot.
    pub labels: Vec<String>,
    /// At most five.
    pub series: Vec<ReportSeries>,
    /// What is asked of the only indicator, as a line.
    pub target: Option<ReportTargetLine>,
}

/// One row of values of a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportSeries {
    /// The indicator.
    pub code: String,
    /// Its name in the legend.
    pub name: String,
    /// One for each label; null where there is nothing.
    pub values: Vec<Option<i64>>,
}

/// What is asked, in a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportTargetLine {
    /// In the unit of the chart.
    pub value: i64,
    /// Its word: `目标 ≥ 90.00%`.
    pub shown: String,
}

/// Indicators along something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportTable {
    /// What stands above.
    pub title: String,
    /// Along what.
    pub along: Along,
    /// The indicators.
    pub columns: Vec<ReportColumn>,
    /// One for each day, person, channel.
    pub rows: Vec<ReportRow>,
}

/// An indicator as the column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportColumn {
    /// The indicator.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What its values are.
    pub unit: FigureUnit,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportRow {
    /// Of what.
    pub label: String,
    /// In the units of the columns.
    pub values: Vec<Option<i64>>,
    /// As they are read.
    pub shown: Vec<String>,
}

/// Topics of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportTopics {
    /// What stands above.
    pub title: String,
    /// The topics.
    pub rows: Vec<ReportTopic>,
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportSigners {
    /// In order.
    pub parties: Vec<SigningSide>,
}

impl ReportChart {
    /// No value stands in it.
    pub fn is_empty(&self) -> bool {
        let mut values = self.series.iter().flat_map(|series| &series.values);
        values.all(Option::is_none)
    }
}

impl ReportContent {
    /// As it is kept.
    pub fn kept(&self) -> Result<String> {
        serde_json::to_string(self).map_err(internal)
    }

    /// As it was kept.
    pub fn read(kept: &str) -> Result<Self> {
        serde_json::from_str(kept).map_err(internal)
    }

    /// The words of block number `at`, where it has any that may be edited.
    pub fn words(&mut self, at: usize) -> Option<&mut ReportText> {
        match self.blocks.get_mut(at)? {
            ReportBlock::Text(text) | ReportBlock::Notes(text) => Some(text),
            _ => None,
        }
    }

    /// Every number that stands in it, as it is read, by what it is of. Of two blocks that say the same, one.
    fn numbers(&self) -> BTreeMap<(usize, String, String), String> {
        let mut found = BTreeMap::new();
        let mut put = |rank, name: &str, label: &str, shown: String| {
            found.insert((rank, name.to_owned(), label.to_owned()), shown);
        };
        for block in &self.blocks {
            match block {
                ReportBlock::Kpis(kpis) => {
                    for row in &kpis.rows {
                        put(0, &row.name, "", row.shown.clone());
                    }
                }
                ReportBlock::Table(table) => {
                    for row in &table.rows {
                        for (column, shown) in table.columns.iter().zip(&row.shown) {
                            put(1, &column.name, &row.label, shown.clone());
                        }
                    }
                }
                ReportBlock::Chart(chart) => {
                    for series in &chart.series {
                        for (label, value) in chart.labels.iter().zip(&series.values) {
                            put(1, &series.name, label, chart.unit.shown(*value));
                        }
                    }
                }
                ReportBlock::Topics(topics) => {
                    for topic in &topics.rows {
                        put(2, &topic.kind, &topic.title, topic.contacts.to_string());
                    }
                }
                ReportBlock::Heading(_)
                | ReportBlock::Text(_)
                | ReportBlock::Notes(_)
                | ReportBlock::Signatures(_) => {}
            }
        }
        found
    }

    /// The words that stand in it, by block.
    fn texts(&self) -> Vec<(String, &str)> {
        let words = self.blocks.iter().zip(1..).filter_map(|(block, place)| {
            let (ReportBlock::Text(text) | ReportBlock::Notes(text)) = block else {
                return None;
            };
            let named = if text.title.is_empty() {
                format!("第 {place} 段")
            } else {
                text.title.clone()
            };
            Some((named, text.text.as_str()))
        });
        words.collect()
    }
}

/// What differs between a version and the one that takes its place: the whole period first.
pub fn compared(before: &ReportContent, after: &ReportContent) -> (Vec<FigureChange>, usize) {
    let (was, is) = (before.numbers(), after.numbers());
    let none = || "—".to_owned();
    let mut changes: Vec<FigureChange> = Vec::new();
    let mut keys: Vec<_> = was.keys().chain(is.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (before, after) = (was.get(key), is.get(key));
        if before != after {
            changes.push(FigureChange {
                name: key.1.clone(),
                label: key.2.clone(),
                before: before.cloned().unwrap_or_else(none),
                after: after.cloned().unwrap_or_else(none),
            });
        }
    }
    let more = changes.len().saturating_sub(MOST_CHANGES);
    changes.truncate(MOST_CHANGES);
    (changes, more)
}

/// The blocks whose words differ, by what stands above them.
pub fn reworded(before: &ReportContent, after: &ReportContent) -> Vec<String> {
    let (was, is) = (before.texts(), after.texts());
    let mut named: Vec<String> = Vec::new();
    for place in 0..was.len().max(is.len()) {
        let (before, after) = (was.get(place), is.get(place));
        if before != after {
            named.extend(after.or(before).map(|(named, _)| named.clone()));
        }
    }
    named
}

/// The digest of a content as it is kept.
pub fn digest(kept: &str) -> String {
    hex::encode(Sha256::digest(kept.as_bytes()))
}

/// The part of a figure that a chart shows, named.
pub fn part_of(part: FigurePart, name: &str, base: &str) -> String {
    match part {
        FigurePart::Value => name.to_owned(),
        FigurePart::Base if base.is_empty() => name.to_owned(),
        FigurePart::Base => base.to_owned(),
    }
}
