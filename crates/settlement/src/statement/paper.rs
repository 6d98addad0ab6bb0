//! A statement as it is printed and kept: the lines with what they were counted by, the sums in figures and capital
//! numerals, the rules in words, and the places of both sides' signatures.

use std::fmt::Write as _;

use documents::paper::{Align, Block, Column, Document, Manner, Paragraph, Signature, Table};
use kernel::day;

use super::StatementState;
use super::view::{StatementDetail, StatementLineView};
use crate::presence::{DaySource, PresenceCount, PresenceKind};
use crate::seat_fee::{ProRata, Rules};

/// Digits of an identifier that stand on paper; the workbook has it whole.
const SHORT: usize = 8;

/// Who signs, and what the paper proves itself by.
pub(crate) struct Sealed {
    /// The purchaser's name.
    pub purchaser: String,
    /// The supplier's name.
    pub supplier: String,
    /// Number and title of the contract.
    pub contract: String,
    /// Who drew it.
    pub drawn_by: String,
    /// Who confirmed it; none before.
    pub confirmed_by: Option<String>,
    /// The head of the audit trail when it was frozen.
    pub audit_head: String,
    /// What it was counted by.
    pub rules: Option<Rules>,
}

/// The paper of a statement.
pub(crate) fn document(shown: &StatementDetail, sealed: &Sealed) -> Document {
    let statement = &shown.statement;
    let mut blocks = vec![
        Block::Fields(fields(shown, sealed)),
        Block::Table(lines(shown)),
    ];
    blocks.push(Block::Heading(2, "金额".to_owned()));
    blocks.push(Block::Fields(sums(shown)));
    if !shown.settles.is_empty() || !shown.carried_in.is_empty() {
        blocks.push(Block::Heading(2, "以前期间据实结算".to_owned()));
        blocks.push(Block::Table(settled(shown)));
    }
    if let Some(rules) = &sealed.rules {
        blocks.push(Block::Heading(2, "计费规则".to_owned()));
        blocks.extend(rule_text(rules).into_iter().map(plain));
    }
    blocks.push(Block::Heading(2, "依据".to_owned()));
    blocks.extend(grounds(shown).into_iter().map(plain));
    Document {
        manner: Manner::Report,
        landscape: true,
        number: statement.number.clone(),
        title: "费用结算表".to_owned(),
        blocks,
        signatures: vec![
            signature(&sealed.supplier, "服务商", Some(&sealed.drawn_by)),
            signature(&sealed.purchaser, "采购人", sealed.confirmed_by.as_deref()),
        ],
        footer: footer(shown, sealed),
        ..Document::default()
    }
}

fn plain(text: String) -> Block {
    Block::Paragraph(Paragraph {
        text,
        ..Paragraph::default()
    })
}

fn fields(shown: &StatementDetail, sealed: &Sealed) -> Vec<(String, String)> {
    let statement = &shown.statement;
    let field = |name: &str, value: String| (name.to_owned(), value);
    vec![
        field("合同", sealed.contract.clone()),
        field(
            "结算期",
            format!("{} 至 {}", statement.from_day, statement.until_day),
        ),
        field("约定提交日", statement.due_on.to_string()),
        field("状态", state_word(&statement.state).to_owned()),
        field("第几次提交", statement.round.to_string()),
    ]
}

fn column(name: &str, share: u16, align: Align) -> Column {
    Column::new(name, share, align)
}

fn lines(shown: &StatementDetail) -> Table {
    let total = vec![
        "合计".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        yuan(shown.statement.lines_fen),
        String::new(),
    ];
    Table {
        caption: "座席服务费明细".to_owned(),
        columns: vec![
            column("结算月", 5, Align::Left),
            column("座席", 2, Align::Centre),
            column("应到岗", 2, Align::Right),
            column("实到岗", 2, Align::Right),
            column("单价（元）", 3, Align::Right),
            column("折算方式与计算式", 7, Align::Left),
            column("金额（元）", 3, Align::Right),
            column("考勤记录", 6, Align::Left),
        ],
        rows: shown.lines.iter().map(line).collect(),
        total: Some(total),
        ..Table::default()
    }
}

fn line(line: &StatementLineView) -> Vec<String> {
    let method = line.method.map_or("", method_word);
    let amount = if line.objected {
        format!("{}（有异议，未确认）", yuan(line.amount_fen))
    } else {
        yuan(line.amount_fen)
    };
    vec![
        format!("{}：{} 至 {}", line.month, line.from_day, line.until_day),
        line.seat.to_string(),
        line.days_due.clone(),
        line.days_present.clone(),
        yuan(line.price_fen),
        format!("{method} {}", formula(&line.rule)),
        amount,
        references(line),
    ]
}

/// The stored rule (`(833333×40)/42`, in fen and half days) as people read it: `8,333.33 × 20 天 ÷ 21 天`. What has
/// another form stands as it is.
pub(crate) fn formula(rule: &str) -> String {
    read_rule(rule).unwrap_or_else(|| rule.to_owned())
}

fn read_rule(rule: &str) -> Option<String> {
    let (terms, of_halves) = rule.strip_prefix('(')?.split_once(")/")?;
    let halves = |text: &str| text.parse().ok().map(super::view::days);
    let mut words = Vec::new();
    for term in terms.split('+') {
        let (fen, worked) = term.split_once('×')?;
        words.push(format!(
            "{} × {} 天",
            yuan(fen.parse().ok()?),
            halves(worked)?
        ));
    }
    let sum = match words.as_slice() {
        [one] => one.clone(),
        _ => format!("({})", words.join(" + ")),
    };
    Some(format!("{sum} ÷ {} 天", halves(of_halves)?))
}

/// How many rows of attendance, with the first and the last of them.
fn references(line: &StatementLineView) -> String {
    let short = |id: &uuid::Uuid| id.simple().to_string()[32 - SHORT..].to_owned();
    match (line.evidence.first(), line.evidence.last()) {
        (Some(first), Some(last)) if line.evidence.len() > 1 => {
            format!(
                "{} 条：{}…{}",
                line.evidence.len(),
                short(first),
                short(last)
            )
        }
        (Some(only), _) => format!("1 条：{}", short(only)),
        _ => "无".to_owned(),
    }
}

fn sums(shown: &StatementDetail) -> Vec<(String, String)> {
    let statement = &shown.statement;
    let money = |name: &str, fen: i64| (name.to_owned(), format!("{} 元", yuan(fen)));
    let mut sums = vec![money("明细合计", statement.lines_fen)];
    if statement.objected_fen != 0 {
        sums.push(money("有异议未确认", statement.objected_fen));
    }
    sums.push(money("以前期间据实结算", statement.adjustment_fen));
    sums.push(money("总额", statement.total_fen));
    sums.push(("大写".to_owned(), shown.capital.clone()));
    sums
}

fn settled(shown: &StatementDetail) -> Table {
    let settles = shown.settles.iter().map(|one| {
        vec![
            format!(
                "{} 第 {} 月座席 {}",
                one.statement_number, one.month, one.seat
            ),
            yuan(one.before_fen),
            yuan(one.after_fen),
            yuan(one.delta_fen),
            one.reason.clone(),
        ]
    });
    let carried = shown.carried_in.iter().map(|one| {
        vec![
            one.number.clone(),
            String::new(),
            String::new(),
            yuan(one.amount_fen),
            "上期结转".to_owned(),
        ]
    });
    Table {
        columns: vec![
            column("原明细", 5, Align::Left),
            column("原金额（元）", 3, Align::Right),
            column("据实金额（元）", 3, Align::Right),
            column("差额（元）", 3, Align::Right),
            column("原因", 6, Align::Left),
        ],
        rows: settles.chain(carried).collect(),
        ..Table::default()
    }
}

/// The rules in words: method, what counts as 到岗, the price table, and what changed within the half year.
fn rule_text(rules: &Rules) -> Vec<String> {
    let mut text = vec![
        format!(
            "折算方式：{}。每座席每月四舍五入一次到分，不超过当月单价。",
            method_word(rules.method)
        ),
        format!("到岗计法：{}。", counted(&rules.presence)),
    ];
    for price in &rules.prices {
        text.push(format!(
            "单价：{} 起每座席每月 {} 元（含税）。",
            price.from,
            yuan(price.fen)
        ));
    }
    for change in &rules.changes {
        text.push(format!(
            "{} 起：折算方式{}；到岗计法：{}。",
            change.from,
            method_word(change.method),
            counted(&change.presence)
        ));
    }
    text
}

fn counted(table: &[PresenceCount]) -> String {
    let row = |row: &PresenceCount| {
        let mut words = format!(
            "{}计 {} 天",
            presence_word(row.kind),
            super::view::days(row.halves)
        );
        if row.half_under_minutes > 0 {
            let _ = write!(words, "（不足 {} 分钟计半天）", row.half_under_minutes);
        }
        if row.none_under_minutes > 0 {
            let _ = write!(words, "（不足 {} 分钟不计）", row.none_under_minutes);
        }
        words
    };
    table.iter().map(row).collect::<Vec<_>>().join("，")
}

fn grounds(shown: &StatementDetail) -> Vec<String> {
    let mut grounds = Vec::new();
    if let Some(basis) = &shown.basis {
        grounds.push(format!(
            "考勤：双方签认的记录 {} 条，摘要 {}。",
            basis.records, basis.attendance_sha256
        ));
        if let (Some(seq), Some(head)) = (basis.attendance_seq, &basis.attendance_head) {
            grounds.push(format!("考勤链末端：第 {seq} 条，{head}。"));
        }
        grounds.push(format!(
            "工作日历：结算期内工作日 {} 天，摘要 {}。",
            basis.workdays.len(),
            basis.calendar_sha256
        ));
    }
    grounds.push("逐日记录见同号结算表的电子表格“证据”页。".to_owned());
    grounds
}

fn signature(party: &str, role: &str, by: Option<&str>) -> Signature {
    let by = by.map_or_else(String::new, |name| format!("（系统内确认：{name}）"));
    Signature {
        party: format!("{role}：{party}"),
        seal: true,
        lines: vec![format!("代表（签字）{by}"), "日期".to_owned()],
    }
}

fn footer(shown: &StatementDetail, sealed: &Sealed) -> String {
    let statement = &shown.statement;
    let sha256 = statement.sha256.as_deref().unwrap_or_default();
    let confirmed = statement.confirmed_at.map_or_else(String::new, |at| {
        format!("；确认于 {}", day::text(day::of(at)))
    });
    let submitted = statement.submitted_at.map_or_else(String::new, |at| {
        format!("提交于 {}", day::text(day::of(at)))
    });
    format!(
        "结算表摘要 {sha256}\n{submitted}{confirmed}\n审计链末端 {}",
        sealed.audit_head
    )
}

/// Fen as yuan with two decimals: `8,333.33`.
pub(crate) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let whole = (fen.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{:02}", fen.unsigned_abs() % 100)
}

/// The word of a method.
pub(crate) fn method_word(method: ProRata) -> &'static str {
    match method {
        ProRata::MonthEnd => "按月末在岗人数",
        ProRata::WorkingDays => "按工作日折算",
        ProRata::CalendarDays => "按自然日折算",
    }
}

/// The word of how somebody was there.
pub(crate) fn presence_word(kind: PresenceKind) -> &'static str {
    match kind {
        PresenceKind::Present => "到岗",
        PresenceKind::HalfDay => "半天到岗",
        PresenceKind::Late => "迟到、早退",
        PresenceKind::Substitute => "顶岗",
        PresenceKind::PurchaserTraining => "采购人组织的培训",
        PresenceKind::PaidLeave => "带薪假",
        PresenceKind::SickLeave => "病假",
        PresenceKind::UnpaidLeave => "事假",
        PresenceKind::Overtime => "休息日、节假日加班",
        PresenceKind::Absent => "缺勤",
    }
}

/// The word of where a day was signed.
pub(crate) fn source_word(source: DaySource) -> &'static str {
    match source {
        DaySource::Attendance => "系统考勤",
        DaySource::Sheet => "考勤表",
    }
}

/// The word of a statement's state.
pub(crate) fn state_word(state: &str) -> &'static str {
    use StatementState as S;
    match S::parse(state) {
        Some(S::Draft) => "编制中",
        Some(S::InternalChecked) => "内部已核对",
        Some(S::Submitted) => "已提交",
        Some(S::UnderReview) => "审核中",
        Some(S::Rejected) => "退回",
        Some(S::Confirmed) => "已确认",
        Some(S::Invoiced) => "已开票",
        Some(S::PaymentDue) => "待付款",
        Some(S::Paid) => "已付款",
        Some(S::Closed) => "已办结",
        None => "",
    }
}
