//! A statement as a workbook: lines with their total, the sums, the days each line was made of, what it settles of
//! earlier statements. The numbers are those of the screen.

use std::collections::HashMap;

use documents::{Page, Written};
use kernel::Result;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::days::{self, StatementDayView};
use super::paper::{formula, method_word, presence_word, source_word, state_word};
use super::view::StatementDetail;

/// The names of the lines' columns.
pub const LINES: [&str; 11] = [
    "结算月",
    "起",
    "止",
    "座席",
    "应到岗（天）",
    "实到岗（天）",
    "折算方式",
    "单价（元/座席/月）",
    "金额（元）",
    "计算式",
    "说明",
];

fn text(words: impl Into<String>) -> Written {
    Written::Text(words.into())
}

fn page(name: &str, heading: &[&str], rows: Vec<Vec<Written>>) -> Page {
    Page {
        name: name.to_owned(),
        heading: heading.iter().map(|name| (*name).to_owned()).collect(),
        rows,
    }
}

/// The sheets of a statement's workbook.
pub(crate) async fn pages(
    conn: &impl ConnectionTrait,
    shown: &StatementDetail,
) -> Result<Vec<Page>> {
    let kept = days::of_statement(conn, shown.statement.id).await?;
    Ok(vec![
        lines(shown),
        sums(shown),
        evidence(shown, &kept),
        settled(shown),
    ])
}

fn lines(shown: &StatementDetail) -> Page {
    let mut rows: Vec<Vec<Written>> = shown
        .lines
        .iter()
        .map(|line| {
            vec![
                Written::Count(line.month),
                text(line.from_day.to_string()),
                text(line.until_day.to_string()),
                Written::Count(line.seat),
                Written::HalfDays(line.of_halves),
                Written::HalfDays(line.halves),
                text(line.method.map_or("", method_word)),
                Written::Money(line.price_fen),
                Written::Money(line.amount_fen),
                text(formula(&line.rule)),
                text(if line.objected {
                    "有异议，未确认"
                } else {
                    ""
                }),
            ]
        })
        .collect();
    let mut total = vec![text("合计")];
    total.resize(8, text(""));
    total.push(Written::Money(shown.statement.lines_fen));
    rows.push(total);
    page("明细", &LINES, rows)
}

fn sums(shown: &StatementDetail) -> Page {
    let statement = &shown.statement;
    let rows = vec![
        vec![text("编号"), text(statement.number.clone())],
        vec![
            text("结算期"),
            text(format!("{} 至 {}", statement.from_day, statement.until_day)),
        ],
        vec![text("状态"), text(state_word(&statement.state))],
        vec![text("明细合计（元）"), Written::Money(statement.lines_fen)],
        vec![
            text("有异议未确认（元）"),
            Written::Money(statement.objected_fen),
        ],
        vec![
            text("以前期间据实结算（元）"),
            Written::Money(statement.adjustment_fen),
        ],
        vec![text("总额（元）"), Written::Money(statement.total_fen)],
        vec![text("大写"), text(shown.capital.clone())],
        vec![text("已付（元）"), Written::Money(statement.paid_fen)],
        vec![
            text("摘要（SHA-256）"),
            text(statement.sha256.clone().unwrap_or_default()),
        ],
    ];
    page("汇总", &["项目", "内容"], rows)
}

fn evidence(shown: &StatementDetail, kept: &HashMap<Uuid, Vec<StatementDayView>>) -> Page {
    let mut rows = Vec::new();
    for line in &shown.lines {
        for day in kept.get(&line.id).into_iter().flatten() {
            rows.push(vec![
                Written::Count(line.month),
                Written::Count(line.seat),
                text(day.day.to_string()),
                text(day.person.clone()),
                text(presence_word(day.presence)),
                Written::Count(day.minutes),
                Written::HalfDays(day.halves),
                text(source_word(day.source)),
                text(day.id.to_string()),
                text(day.sha256.clone()),
            ]);
        }
    }
    let heading = [
        "结算月",
        "座席",
        "日期",
        "人员",
        "到岗情况",
        "分钟",
        "计天",
        "签认来源",
        "记录号",
        "摘要（SHA-256）",
    ];
    page("证据", &heading, rows)
}

fn settled(shown: &StatementDetail) -> Page {
    let settles = shown.settles.iter().map(|one| {
        vec![
            text(one.statement_number.clone()),
            Written::Count(one.month),
            Written::Count(one.seat),
            Written::Money(one.before_fen),
            Written::Money(one.after_fen),
            Written::Money(one.delta_fen),
            text(one.reason.clone()),
        ]
    });
    let carried = shown.carried_in.iter().map(|one| {
        let mut row = vec![text(one.number.clone())];
        row.resize(5, text(""));
        row.push(Written::Money(one.amount_fen));
        row.push(text("上期结转"));
        row
    });
    let heading = [
        "原结算表",
        "结算月",
        "座席",
        "原金额（元）",
        "据实金额（元）",
        "差额（元）",
        "原因",
    ];
    page("调整", &heading, settles.chain(carried).collect())
}
