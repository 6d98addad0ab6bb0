//! A report as a workbook: its numbers as numbers, with the texts beside them.

use documents::{Page, Written};
use kernel::day;

use super::content::{ReportBlock, ReportContent, ReportTable};
use super::numbers::FigureUnit;
use super::paper::{Seal, along_word, divided, standing_word, titled};

/// The longest name of a sheet, in characters; Excel takes 31.
const NAME: usize = 24;

fn text(words: impl Into<String>) -> Written {
    Written::Text(words.into())
}

/// A value as a number that a spreadsheet adds up, in the unit it is shown in.
fn number(unit: FigureUnit, value: Option<i64>) -> Written {
    let Some(value) = value else {
        return Written::Missing;
    };
    let (thousandths, digits) = unit.thousandths(value);
    Written::Thousandths(thousandths, digits)
}

fn page(name: &str, heading: &[&str], rows: Vec<Vec<Written>>) -> Page {
    Page {
        name: name.to_owned(),
        heading: heading.iter().map(|name| (*name).to_owned()).collect(),
        rows,
    }
}

/// Rows of figures in a report, as exports are counted.
pub fn rows(content: &ReportContent) -> u64 {
    let count = |block: &ReportBlock| match block {
        ReportBlock::Kpis(kpis) => kpis.rows.len(),
        ReportBlock::Table(table) => table.rows.len(),
        ReportBlock::Chart(chart) => chart.labels.len(),
        ReportBlock::Topics(topics) => topics.rows.len(),
        _ => 0,
    };
    content.blocks.iter().map(count).sum::<usize>() as u64
}

/// The sheets of a report's workbook.
pub fn pages(content: &ReportContent, seal: &Seal) -> Vec<Page> {
    let mut pages = vec![about(content, seal), indicators(content)];
    let mut named = 0;
    for block in &content.blocks {
        let mut numbered = |title: &str| {
            named += 1;
            // A name may hold none of these, and stands once in a book.
            let title = title.replace(['[', ']', ':', '*', '?', '/', '\\', '\''], " ");
            let short: String = title.chars().take(NAME).collect();
            format!("{named} {}", short.trim())
        };
        match block {
            ReportBlock::Table(table) => pages.push(along(table, numbered(&table.title))),
            ReportBlock::Chart(chart) => {
                let mut heading = vec![along_word(chart.along).to_owned()];
                // The only row of a chart is what the chart is called, as on the screen.
                heading.extend(chart.series.iter().map(|series| {
                    let only = chart.series.len() == 1;
                    let name = if only { &chart.title } else { &series.name };
                    named_with(name, chart.unit)
                }));
                let rows = chart.labels.iter().enumerate().map(|(at, label)| {
                    let mut row = vec![text(label.clone())];
                    let values = chart.series.iter();
                    let values = values.map(|series| series.values.get(at).copied().flatten());
                    row.extend(values.map(|value| number(chart.unit, value)));
                    row
                });
                pages.push(Page {
                    name: numbered(&chart.title),
                    heading,
                    rows: rows.collect(),
                });
            }
            ReportBlock::Topics(topics) => {
                let rows = topics.rows.iter().map(|topic| {
                    vec![
                        text(topic.kind.clone()),
                        Written::Count(topic.rank),
                        text(topic.title.clone()),
                        Written::Count(topic.contacts),
                        text(topic.measure.clone()),
                    ]
                });
                let heading = ["类别", "序", "主题", "受理量", "措施"];
                pages.push(page(&numbered(&topics.title), &heading, rows.collect()));
            }
            _ => {}
        }
    }
    for page in pages.iter_mut().filter(|page| page.rows.is_empty()) {
        page.rows.push(vec![text("无")]);
    }
    pages
}

fn named_with(name: &str, unit: FigureUnit) -> String {
    match unit.word() {
        "" => name.to_owned(),
        word => format!("{name}（{word}）"),
    }
}

/// What it is, what a correction changed, and its words.
fn about(content: &ReportContent, seal: &Seal) -> Page {
    let taken = content.figures_at.with_timezone(&calendar::SHANGHAI);
    let pair = |name: &str, value: String| vec![text(name), text(value)];
    let mut rows = vec![
        pair("标题", titled(content)),
        pair("编号", content.number.clone()),
        pair("版本", content.revision.to_string()),
        pair("起", day::text(content.period.from)),
        pair("止", day::text(content.period.until)),
        pair("服务商", content.supplier.clone()),
        pair("报告对象", content.purchaser.clone()),
        pair("服务合同", content.contract.clone()),
        pair("编制模板", content.template.clone()),
        pair("取数时间", taken.format("%Y-%m-%d %H:%M").to_string()),
        pair("内容摘要（SHA-256）", seal.sha256.clone()),
        pair("审计链", seal.audit_head.clone()),
    ];
    rows.retain(|row| row.iter().all(|cell| *cell != text("")));
    if let Some(correction) = &content.correction {
        rows.push(pair("更正原因", correction.reason.clone()));
        rows.push(pair("被更正版本的摘要", correction.corrects_sha256.clone()));
        for change in &correction.changes {
            let named = format!("更正：{} {}", change.name, change.label);
            let values = [change.before.clone(), change.after.clone()].map(text);
            let mut row = vec![text(named.trim().to_owned())];
            row.extend(values);
            rows.push(row);
        }
    }
    for block in &content.blocks {
        if let ReportBlock::Text(words) | ReportBlock::Notes(words) = block {
            let named = if words.title.is_empty() {
                "正文"
            } else {
                &words.title
            };
            rows.push(pair(named, words.text.clone()));
        }
    }
    page("报告", &["项目", "内容", "更正后"], rows)
}

fn indicators(content: &ReportContent) -> Page {
    let mut rows = Vec::new();
    for block in &content.blocks {
        let ReportBlock::Kpis(kpis) = block else {
            continue;
        };
        for kpi in &kpis.rows {
            rows.push(vec![
                text(kpi.number.clone()),
                text(kpi.name.clone()),
                number(kpi.unit, kpi.value),
                text(kpi.unit.word()),
                text(kpi.shown.clone()),
                text(kpi.target_shown.clone()),
                text(standing_word(kpi.standing)),
                text(kpi.before_shown.clone()),
                text(kpi.formula.clone()),
                text(divided(kpi).unwrap_or_default()),
            ]);
        }
    }
    let heading = [
        "编号",
        "指标",
        "本期",
        "单位",
        "本期（读数）",
        "目标",
        "评价",
        "上期",
        "计算公式",
        "本期计算",
    ];
    page("指标", &heading, rows)
}

fn along(table: &ReportTable, name: String) -> Page {
    let mut heading = vec![along_word(table.along).to_owned()];
    heading.extend(
        table
            .columns
            .iter()
            .map(|column| named_with(&column.name, column.unit)),
    );
    let rows = table.rows.iter().map(|row| {
        let mut cells = vec![text(row.label.clone())];
        let values = table.columns.iter().zip(&row.values);
        cells.extend(values.map(|(column, value)| number(column.unit, *value)));
        cells
    });
    Page {
        name,
        heading,
        rows: rows.collect(),
    }
}
