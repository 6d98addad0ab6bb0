//! From a template to a report: figures are taken at one moment, the words of people stay.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kernel::problem::{Result, internal};
use kernel::{Side, day};

use super::ReportDesk;
use super::content::{
    ReportBlock, ReportChart, ReportColumn, ReportContent, ReportHeading, ReportKpi, ReportKpis,
    ReportRow, ReportSeries, ReportSigners, ReportTable, ReportTargetLine, ReportText,
    ReportTopics, part_of,
};
use super::numbers::{Along, Counted, FigureUnit, Indicator, Step};
use super::period::ReportPeriod;
use super::template::{FigurePart, TemplateBlock, TemplateChart, TemplateTable, filled};

/// What a report is made from.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The template's name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// Of which days.
    pub period: ReportPeriod,
    /// Its blocks.
    pub blocks: Vec<TemplateBlock>,
}

/// The report of a plan as the figures are now; number and revision are given by who keeps it.
pub(crate) async fn composed(desk: &ReportDesk, plan: &Plan) -> Result<ReportContent> {
    let known = desk.numbers.indicators(plan.period.until).await?;
    let known: BTreeMap<String, Indicator> = known
        .into_iter()
        .map(|one| (one.code.clone(), one))
        .collect();
    let at = desk.app.clock.now();
    let sources = Sources {
        figures: whole(desk, plan, &known, plan.period).await?,
        before: whole(desk, plan, &known, plan.period.before()).await?,
        desk,
        plan,
        known,
    };
    let conn = desk.app.db.read();
    let party = async |side| organization::party_name(conn, side).await;
    let mut content = ReportContent {
        number: String::new(),
        revision: 1,
        title: plan.name.clone(),
        period: plan.period,
        purchaser: party(Side::Purchaser).await?.unwrap_or_default(),
        supplier: party(Side::Supplier).await?.unwrap_or_default(),
        contract: desk
            .agreements
            .contract(plan.period.until)
            .await?
            .unwrap_or_default(),
        template: format!("{} 第 {} 版", plan.name, plan.version),
        figures_at: at,
        correction: None,
        blocks: Vec::new(),
    };
    let places = sources.places(&content, at);
    content.title = filled(&plan.name, &places);
    if content.title == plan.name {
        content.title = format!("{}{}", plan.period.name(), plan.name);
    }
    for block in &plan.blocks {
        content.blocks.push(sources.block(block, &places).await?);
    }
    Ok(content)
}

/// The indicators of the tables of indicators, each once, over a period; those that are named in texts too.
async fn whole(
    desk: &ReportDesk,
    plan: &Plan,
    known: &BTreeMap<String, Indicator>,
    period: ReportPeriod,
) -> Result<BTreeMap<String, Counted>> {
    let mut codes: BTreeSet<String> = BTreeSet::new();
    for block in &plan.blocks {
        match block {
            TemplateBlock::Kpis(kpis) => codes.extend(kpis.codes.iter().cloned()),
            TemplateBlock::Text(text) | TemplateBlock::Notes(text) => {
                let named = known
                    .keys()
                    .filter(|code| text.text.contains(&format!("{{{code}}}")));
                codes.extend(named.cloned());
            }
            _ => {}
        }
    }
    // An indicator that is not published any more is left out of what was written when it was.
    let codes: Vec<String> = codes
        .into_iter()
        .filter(|code| known.contains_key(code))
        .collect();
    if codes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let figures = desk.numbers.figures(codes, period.from, period.until);
    let figures = figures.await?.into_iter();
    Ok(figures.map(|one| (one.code.clone(), one)).collect())
}

struct Sources<'a> {
    desk: &'a ReportDesk,
    plan: &'a Plan,
    known: BTreeMap<String, Indicator>,
    figures: BTreeMap<String, Counted>,
    before: BTreeMap<String, Counted>,
}

impl Sources<'_> {
    /// What stands for the places of a text.
    fn places(&self, content: &ReportContent, at: DateTime<Utc>) -> BTreeMap<String, String> {
        let period = self.plan.period;
        let mut places: BTreeMap<String, String> = [
            ("period", period.name()),
            ("month", period.name()),
            ("from", day::text(period.from)),
            ("until", day::text(period.until)),
            ("purchaser", content.purchaser.clone()),
            ("supplier", content.supplier.clone()),
            ("contract", content.contract.clone()),
            ("service", "热线服务".to_owned()),
            ("today", day::text(day::of(at))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (code, figure) in &self.figures {
            if let Some(known) = self.known.get(code) {
                places.insert(code.clone(), known.unit.shown(figure.value));
            }
        }
        places
    }

    async fn block(
        &self,
        block: &TemplateBlock,
        places: &BTreeMap<String, String>,
    ) -> Result<ReportBlock> {
        let text = |title: &str, text: &str| ReportText {
            title: filled(title, places),
            text: filled(text, places),
            edited: false,
        };
        Ok(match block {
            TemplateBlock::Heading(heading) => ReportBlock::Heading(ReportHeading {
                text: filled(&heading.text, places),
            }),
            TemplateBlock::Text(one) => ReportBlock::Text(text(&one.title, &one.text)),
            TemplateBlock::Notes(one) => ReportBlock::Notes(text(&one.title, &one.text)),
            TemplateBlock::Kpis(kpis) => ReportBlock::Kpis(ReportKpis {
                title: kpis.title.clone(),
                rows: kpis
                    .codes
                    .iter()
                    .filter_map(|code| self.kpi(code))
                    .collect(),
            }),
            TemplateBlock::Chart(chart) => ReportBlock::Chart(self.chart(chart).await?),
            TemplateBlock::Table(table) => ReportBlock::Table(self.table(table).await?),
            TemplateBlock::Topics(topics) => {
                let (from, until) = (self.plan.period.from, self.plan.period.until);
                let rows = self.desk.numbers.topics(from, until, topics.most);
                ReportBlock::Topics(ReportTopics {
                    title: topics.title.clone(),
                    rows: rows.await?,
                })
            }
            TemplateBlock::Signatures(signers) => ReportBlock::Signatures(ReportSigners {
                parties: signers.parties.clone(),
            }),
        })
    }

    fn kpi(&self, code: &str) -> Option<ReportKpi> {
        let known = self.known.get(code)?;
        let figure = self.figures.get(code)?;
        let before = self.before.get(code).and_then(|before| before.value);
        Some(ReportKpi {
            code: known.code.clone(),
            number: known.number.clone(),
            name: known.name.clone(),
            unit: known.unit,
            value: figure.value,
            shown: known.unit.shown(figure.value),
            before_shown: known.unit.shown(before),
            target_shown: known.target_shown.clone(),
            standing: figure.standing,
            formula: known.formula.clone(),
            counted: counted(known.unit, figure),
        })
    }

    /// The known ones of these codes.
    fn of(&self, codes: &[String]) -> Vec<&Indicator> {
        codes
            .iter()
            .filter_map(|code| self.known.get(code))
            .collect()
    }

    async fn steps(&self, known: &[&Indicator], along: Along) -> Result<Vec<Step>> {
        let codes: Vec<String> = known.iter().map(|one| one.code.clone()).collect();
        let period = self.plan.period;
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        if along != Along::Month {
            let numbers = &self.desk.numbers;
            let steps = numbers.series(codes, along, period.from, period.until);
            let mut steps = steps.await?;
            // What is nobody's is told where there is any.
            steps.retain(|step| !step.key.is_empty() || step.figures.iter().any(Counted::is_any));
            return Ok(steps);
        }
        let mut steps = Vec::new();
        // Six months at most.
        for month in period.months() {
            let figures = self
                .desk
                .numbers
                .figures(codes.clone(), month.from, month.until);
            steps.push(Step {
                key: day::text(month.from),
                label: month.from.format("%Y-%m").to_string(),
                figures: figures.await?,
            });
        }
        Ok(steps)
    }

    async fn chart(&self, chart: &TemplateChart) -> Result<ReportChart> {
        let known = self.of(&chart.codes);
        let steps = self.steps(&known, chart.along).await?;
        let unit = match (chart.part, known.first()) {
            (FigurePart::Value, Some(first)) => first.unit,
            _ => FigureUnit::Count,
        };
        let value = |figure: &Counted| match chart.part {
            FigurePart::Value => figure.value,
            FigurePart::Base => Some(figure.denominator),
        };
        // What a number is divided by has no name of its own: alone it is what the chart is called.
        let name = |one: &Indicator| match chart.part {
            FigurePart::Base if known.len() == 1 => chart.title.clone(),
            part => part_of(part, &one.name, &one.base),
        };
        let series = known.iter().enumerate().map(|(at, one)| ReportSeries {
            code: one.code.clone(),
            name: name(one),
            values: steps
                .iter()
                .map(|step| step.figures.get(at).and_then(value))
                .collect(),
        });
        let asked = match known[..] {
            [only] if chart.part == FigurePart::Value => {
                only.target.map(|value| ReportTargetLine {
                    value,
                    shown: format!("目标 {}", only.target_shown),
                })
            }
            _ => None,
        };
        Ok(ReportChart {
            title: chart.title.clone(),
            form: chart.form,
            along: chart.along,
            unit,
            series: series.collect(),
            labels: labels(&steps, chart.along),
            target: asked,
        })
    }

    async fn table(&self, table: &TemplateTable) -> Result<ReportTable> {
        let known = self.of(&table.codes);
        let steps = self.steps(&known, table.along).await?;
        let labels = labels(&steps, table.along);
        let rows = steps.into_iter().zip(labels).map(|(step, label)| {
            if step.figures.len() != known.len() {
                return Err(internal("a step has other figures than were asked for"));
            }
            let values: Vec<Option<i64>> = step.figures.iter().map(|one| one.value).collect();
            let shown = known.iter().zip(&values);
            Ok(ReportRow {
                label,
                shown: shown.map(|(one, value)| one.unit.shown(*value)).collect(),
                values,
            })
        });
        Ok(ReportTable {
            title: table.title.clone(),
            along: table.along,
            rows: rows.collect::<Result<_>>()?,
            columns: known
                .iter()
                .map(|one| ReportColumn {
                    code: one.code.clone(),
                    name: one.name.clone(),
                    unit: one.unit,
                })
                .collect(),
        })
    }
}

/// Days without their year: the title has it.
fn labels(steps: &[Step], along: Along) -> Vec<String> {
    let label = |step: &Step| match along {
        Along::Day => step.label.get(5..).unwrap_or(&step.label).to_owned(),
        _ => step.label.clone(),
    };
    steps.iter().map(label).collect()
}

/// What was divided by what, in words of the unit.
fn counted(unit: FigureUnit, figure: &Counted) -> String {
    if figure.denominator == 0 {
        return match figure.value {
            Some(_) => figure.numerator.to_string(),
            None => String::new(),
        };
    }
    let (above, below) = (figure.numerator, figure.denominator);
    let time = |spent| FigureUnit::Milliseconds.shown(Some(spent));
    match unit {
        _ if figure.of_time => format!("{} ÷ {}", time(above), time(below)),
        FigureUnit::Milliseconds => format!("{} ÷ {below}", time(above)),
        _ => format!("{above} ÷ {below}"),
    }
}

/// Takes the words that people wrote from the content before into a fresh one of the same template.
pub(crate) fn keep_words(fresh: &mut ReportContent, before: &ReportContent) {
    for (at, block) in before.blocks.iter().enumerate() {
        let (ReportBlock::Text(was) | ReportBlock::Notes(was)) = block else {
            continue;
        };
        if let Some(text) = fresh.words(at).filter(|_| was.edited) {
            text.clone_from(was);
        }
    }
}
