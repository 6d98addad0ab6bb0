//! A report as it is printed: what it is of, what a correction changed, its blocks, the places to sign; below each page the
//! digest of its content and the head of the audit trail.

use documents::paper::{
    Align, Block, Chart, ChartKind, Column, Document, Manner, Paragraph, Signature, Table,
};
use kernel::day;

use super::content::{
    ReportBlock, ReportChart, ReportContent, ReportCorrection, ReportKpi, ReportKpis, ReportTable,
    ReportText, ReportTopics,
};
use super::numbers::{Along, FigureStanding};
use super::template::{ChartForm, SigningSide};

/// What a paper proves itself by; empty for what is not released.
#[derive(Debug, Clone, Default)]
pub struct Seal {
    /// Digest of the content.
    pub sha256: String,
    /// The last row of the audit trail when it was released.
    pub audit_head: String,
    /// Across each page of what is not released.
    pub watermark: String,
}

/// The paper of a report.
pub fn document(content: &ReportContent, seal: &Seal) -> Document {
    let mut blocks = vec![Block::Fields(fields(content))];
    if let Some(correction) = &content.correction {
        blocks.extend(corrected(content.revision, correction));
    }
    let mut signatures = Vec::new();
    for block in &content.blocks {
        match block {
            ReportBlock::Heading(heading) => blocks.push(Block::Heading(1, heading.text.clone())),
            ReportBlock::Notes(text) if text.text.is_empty() => {}
            ReportBlock::Text(text) | ReportBlock::Notes(text) => blocks.extend(words(text)),
            ReportBlock::Kpis(kpis) => blocks.push(Block::Table(indicators(kpis))),
            ReportBlock::Chart(chart) if chart.is_empty() => {
                blocks.push(plain(format!("{}：本期无数据。", chart.title)));
            }
            ReportBlock::Chart(chart) => blocks.push(Block::Chart(drawn(chart))),
            ReportBlock::Table(table) => blocks.push(Block::Table(along(table))),
            ReportBlock::Topics(topics) => blocks.push(Block::Table(topics_of(topics))),
            ReportBlock::Signatures(signers) => {
                signatures = signers
                    .parties
                    .iter()
                    .map(|side| signature(*side))
                    .collect();
            }
        }
    }
    Document {
        manner: Manner::Report,
        letterhead: content.supplier.clone(),
        number: content.number.clone(),
        title: titled(content),
        blocks,
        signatures,
        footer: footer(content, seal),
        watermark: seal.watermark.clone(),
        ..Document::default()
    }
}

/// The title, with the version where it is not the first.
pub fn titled(content: &ReportContent) -> String {
    match content.revision {
        1 => content.title.clone(),
        revision => format!("{}（第 {revision} 版，更正）", content.title),
    }
}

fn fields(content: &ReportContent) -> Vec<(String, String)> {
    let taken = content.figures_at.with_timezone(&calendar::SHANGHAI);
    let corrects = content.correction.as_ref();
    let corrects = corrects.map_or_else(String::new, |one| one.corrects_sha256.clone());
    let mut fields = vec![
        ("报告对象", content.purchaser.clone()),
        ("服务合同", content.contract.clone()),
        (
            "报告期",
            format!(
                "{} 至 {}",
                day::text(content.period.from),
                day::text(content.period.until)
            ),
        ),
        ("版本", format!("第 {} 版", content.revision)),
        ("取代版本的摘要", corrects),
        ("编制模板", content.template.clone()),
        ("取数时间", taken.format("%Y-%m-%d %H:%M").to_string()),
    ];
    fields.retain(|(_, value)| !value.is_empty());
    let named = fields.into_iter();
    named
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn plain(text: impl Into<String>) -> Block {
    Block::Paragraph(Paragraph {
        text: text.into(),
        indent: 2,
        ..Paragraph::default()
    })
}

fn words(text: &ReportText) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !text.title.is_empty() {
        blocks.push(Block::Heading(2, text.title.clone()));
    }
    if !text.text.is_empty() {
        blocks.push(plain(text.text.clone()));
    }
    blocks
}

fn corrected(revision: i64, correction: &ReportCorrection) -> Vec<Block> {
    let mut blocks = vec![
        Block::Heading(1, "更正说明".to_owned()),
        plain(format!(
            "本版取代第 {} 版。更正原因：{}",
            revision - 1,
            correction.reason
        )),
    ];
    if correction.changes.is_empty() {
        blocks.push(plain("数据无变化。"));
    } else {
        blocks.push(Block::Table(Table {
            caption: "更正的数据".to_owned(),
            columns: vec![
                Column::new("指标", 5, Align::Left),
                Column::new("范围", 4, Align::Left),
                Column::new("更正前", 3, Align::Right),
                Column::new("更正后", 3, Align::Right),
            ],
            rows: correction
                .changes
                .iter()
                .map(|change| {
                    let range = if change.label.is_empty() {
                        "报告期合计".to_owned()
                    } else {
                        change.label.clone()
                    };
                    let (before, after) = (change.before.clone(), change.after.clone());
                    vec![change.name.clone(), range, before, after]
                })
                .collect(),
            ..Table::default()
        }));
    }
    if correction.more > 0 {
        let more = correction.more;
        blocks.push(plain(format!("另有 {more} 项数据变化，见工作簿。")));
    }
    if !correction.texts.is_empty() {
        let texts = correction.texts.join("、");
        blocks.push(plain(format!("文字有修改：{texts}。")));
    }
    blocks
}

/// How a figure stands, as it is printed.
pub fn standing_word(standing: FigureStanding) -> &'static str {
    match standing {
        FigureStanding::Met => "达标",
        FigureStanding::Missed => "未达标",
        FigureStanding::Watched => "观察",
        FigureStanding::NoData => "无数据",
    }
}

/// What is printed below a number: its formula, and what was divided by what.
pub fn formula(kpi: &ReportKpi) -> String {
    let counted = divided(kpi).map(|counted| format!("　本期：{counted}"));
    format!("计算公式：{}{}", kpi.formula, counted.unwrap_or_default())
}

/// What was divided by what: `108 ÷ 116 ＝ 93.10%`; none where there was nothing to divide.
pub fn divided(kpi: &ReportKpi) -> Option<String> {
    let told = !kpi.counted.is_empty() && kpi.value.is_some();
    told.then(|| format!("{} ＝ {}", kpi.counted, kpi.shown))
}

fn indicators(kpis: &ReportKpis) -> Table {
    let row = |kpi: &ReportKpi| {
        let target = if kpi.target_shown.is_empty() {
            "—".to_owned()
        } else {
            kpi.target_shown.clone()
        };
        vec![
            kpi.number.clone(),
            kpi.name.clone(),
            kpi.shown.clone(),
            target,
            standing_word(kpi.standing).to_owned(),
            kpi.before_shown.clone(),
        ]
    };
    Table {
        caption: kpis.title.clone(),
        columns: vec![
            // `75.00%–85.00%` and `≤ 24 小时 00 分` stand on one line.
            Column::new("编号", 8, Align::Left),
            Column::new("指标", 27, Align::Left),
            Column::new("本期", 16, Align::Right),
            Column::new("目标", 21, Align::Right),
            Column::new("评价", 10, Align::Centre),
            Column::new("上期", 16, Align::Right),
        ],
        rows: kpis.rows.iter().map(row).collect(),
        notes: kpis.rows.iter().map(formula).collect(),
        ..Table::default()
    }
}

fn drawn(chart: &ReportChart) -> Chart {
    let series = chart.series.iter().map(|series| {
        let values = series.values.iter();
        let values = values.map(|value| value.map(|value| chart.unit.drawn(value)));
        (series.name.clone(), values.collect())
    });
    Chart {
        caption: format!("图：{}", chart.title),
        kind: match chart.form {
            ChartForm::Bar => ChartKind::Bars,
            ChartForm::Line => ChartKind::Lines,
        },
        unit: chart.unit.word().to_owned(),
        labels: chart.labels.clone(),
        series: series.collect(),
        target: chart
            .target
            .as_ref()
            .map(|target| (target.shown.clone(), chart.unit.drawn(target.value))),
    }
}

/// What the first column of a table is called.
pub fn along_word(along: Along) -> &'static str {
    match along {
        Along::Day => "日期",
        Along::Month => "月份",
        Along::HalfHour => "时段",
        Along::Person => "人员",
        Along::Channel => "渠道",
        Along::Queue => "队列",
        Along::Matter => "事项",
    }
}

fn along(table: &ReportTable) -> Table {
    let mut columns = vec![Column::new(along_word(table.along), 3, Align::Left)];
    columns.extend(
        table
            .columns
            .iter()
            .map(|column| Column::new(column.name.clone(), 3, Align::Right)),
    );
    let rows = table.rows.iter().map(|row| {
        let mut cells = vec![row.label.clone()];
        cells.extend(row.shown.iter().cloned());
        cells
    });
    Table {
        caption: table.title.clone(),
        columns,
        rows: rows.collect(),
        ..Table::default()
    }
}

fn topics_of(topics: &ReportTopics) -> Table {
    let mut rows: Vec<Vec<String>> = topics
        .rows
        .iter()
        .map(|topic| {
            vec![
                topic.kind.clone(),
                topic.rank.to_string(),
                topic.title.clone(),
                topic.contacts.to_string(),
                topic.measure.clone(),
            ]
        })
        .collect();
    if rows.is_empty() {
        let mut none = vec![String::new(); 5];
        "本期没有发布的热点、难点".clone_into(&mut none[2]);
        rows.push(none);
    }
    Table {
        caption: topics.title.clone(),
        columns: vec![
            Column::new("类别", 2, Align::Centre),
            Column::new("序", 1, Align::Centre),
            Column::new("主题", 7, Align::Left),
            Column::new("受理量", 2, Align::Right),
            Column::new("措施", 6, Align::Left),
        ],
        rows,
        ..Table::default()
    }
}

fn signature(side: SigningSide) -> Signature {
    let party = match side {
        SigningSide::Supplier => "服务商",
        SigningSide::Purchaser => "采购人",
    };
    Signature {
        party: party.to_owned(),
        seal: true,
        lines: vec!["签字".to_owned(), "日期".to_owned()],
    }
}

fn footer(content: &ReportContent, seal: &Seal) -> String {
    let named = format!("{} 第 {} 版", content.number, content.revision);
    if seal.sha256.is_empty() {
        return format!("{named}　未发布，数据以发布版为准");
    }
    if seal.audit_head.is_empty() {
        return format!("{named}\n内容摘要（SHA-256）{}", seal.sha256);
    }
    format!(
        "内容摘要（SHA-256）{}\n{named}　审计链 {}",
        seal.sha256, seal.audit_head
    )
}
