//! The contract that ran out with the purchaser's answers and the sheets of its months, and the one that runs.

use chrono::{Days, NaiveDate};
use kernel::problem::Result;
use serde_json::{Value, json};

use super::{HALF, Story, TERM};

/// Fen of a seat and month: last year's price, and the price that was bid for this year.
const PRICES: [i64; 2] = [825_000, 833_333];
/// Days after its half in which a statement is due.
const DUE: u64 = 10;
/// Who held the sixth post before agent6 followed.
const PREDECESSOR: &str = "808 赵敏";

/// What the purchaser has answered of what the requirement leaves open.
const ANSWERS: [(&str, &str); 6] = [
    ("pro_rata", "working_days"),
    ("billing_months", "contract"),
    ("statement_dates", "每半年结束后十日内提交"),
    ("payment_start", "later"),
    ("emergency_overtime", "in_price"),
    ("age_limit", "签订合同之日不满四十一周岁，合同期内不再复核"),
];

/// Drafted and signed before the first day, the open questions answered in its first weeks; answers the contract.
pub(super) async fn of_last_year(story: &mut Story) -> Result<Value> {
    let begins = story.month(1);
    let signed = signed(
        story,
        begins,
        ("政务服务热线外包服务合同（上一年度）", PRICES[0]),
    )
    .await?;
    story.stage.on(begins + Days::new(8), 15, 0);
    for (question, answer) in ANSWERS {
        let body = json!({
            "rule": {"question": question, "answer": answer}, "source": "合同补充约定（一）",
        });
        story
            .stage
            .post("purchaser", "/rules/settlement-answers", body)
            .await?;
    }
    Ok(signed)
}

/// The contract that runs now.
pub(super) async fn of_this_year(story: &mut Story) -> Result<()> {
    let begins = story.renewed();
    signed(
        story,
        begins,
        ("政务服务热线外包服务合同（本年度）", PRICES[1]),
    )
    .await?;
    Ok(())
}

async fn signed(
    story: &mut Story,
    begins: NaiveDate,
    (title, price_fen): (&str, i64),
) -> Result<Value> {
    let due = |months| begins + chrono::Months::new(months) + Days::new(DUE - 1);
    let body = json!({
        "title": title, "begins_on": begins, "price_fen": price_fen,
        "statement_days": [due(HALF), due(TERM)],
    });
    story.stage.on(begins - Days::new(12), 10, 0);
    let drafted = story
        .stage
        .post("manager", "/service-contracts", body)
        .await?;
    story.stage.on(begins - Days::new(5), 16, 0);
    let kind = "service-contracts";
    story
        .stage
        .does("purchaser", kind, &drafted, "sign", json!({}))
        .await
}

/// One row of a sheet.
fn row(on: NaiveDate, seat: i64, person: &str, (presence, minutes): (&str, i64)) -> Value {
    json!({"day": on, "seat": seat, "person": person, "presence": presence, "minutes": minutes})
}

/// How a seat was held on the `nth` working day of a month, where it was not simply held.
fn exception(n: u32, nth: usize, seat: i64) -> Option<(&'static str, i64)> {
    match (n, seat, nth) {
        (2, 4, 10..15) => Some(("sick_leave", 0)),
        (3, 2, 4) => Some(("half_day", 240)),
        (5, 1, 7) => Some(("late", 400)),
        (8, 3, 2..5) => Some(("unpaid_leave", 0)),
        (9, 5, 6) => Some(("absent", 0)),
        _ => None,
    }
}

/// The attendance sheet of a month, handed in and signed in the days after it; days that are kept in the product are
/// not in it.
pub(super) async fn sheet(story: &mut Story, n: u32) -> Result<()> {
    let (from, before) = (story.month(n), story.month(n + 1).min(story.kept()));
    let days = story.workdays(from, before);
    if days.is_empty() {
        return Ok(());
    }
    let whole = ("present", story.whole());
    // The successor came five working days before the first day that is kept here; three of them beside his predecessor.
    let handed_over = story.workdays(story.month(1), story.kept());
    let handed_over = &handed_over[handed_over.len().saturating_sub(5)..];
    let mut rows = Vec::new();
    for (nth, on) in days.iter().enumerate() {
        for seat in 1..=6 {
            let came = handed_over.iter().position(|day| day == on);
            let follows = handed_over.first().is_some_and(|first| first <= on);
            if seat == 6 && (!follows || came.is_some_and(|came| came < 3)) {
                rows.push(row(*on, seat, PREDECESSOR, whole));
            }
            if seat == 6 && !follows {
                continue;
            }
            let held = exception(n, nth, seat).unwrap_or(whole);
            rows.push(row(*on, seat, &Story::named(seat)?, held));
            if held.0 == "absent" {
                rows.push(row(*on, seat, "807 何嘉仪", ("substitute", whole.1)));
            }
        }
    }
    let last = days.last().copied().unwrap_or(from);
    let body = json!({"days": rows, "note": format!("合同第 {n} 月考勤表")});
    story.stage.on(story.after(last, 1), 11, 0);
    let sheet = story.stage.post("lead", "/attendance-sheets", body).await?;
    story.stage.on(story.after(last, 2), 15, 20);
    let sign = json!({"sign": true});
    story
        .stage
        .does("counterpart", "attendance-sheets", &sheet, "decide", sign)
        .await?;
    Ok(())
}
