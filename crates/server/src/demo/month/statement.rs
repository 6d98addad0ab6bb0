//! The two statements of the contract that ran out: the first was paid, the second came back with an objection, was drawn
//! anew and is under review.

use chrono::NaiveDate;
use kernel::problem::{Result, internal};
use serde_json::{Value, json};

use super::{HALF, Story, TERM, attendance};

/// The statement of a half of a contract.
async fn of_half(story: &Story, contract: &Value, half: i64) -> Result<Value> {
    let id = contract["id"].as_str().unwrap_or_default();
    let path = format!("/statements?contract_id={id}");
    let list = story.stage.looks("manager", &path).await?;
    let found = list["items"]
        .as_array()
        .and_then(|items| items.iter().find(|one| one["half"] == half));
    let found = found.ok_or_else(|| internal("the demo's statement is not planned"))?;
    let path = format!("/statements/{}", found["id"].as_str().unwrap_or_default());
    story.stage.looks("manager", &path).await
}

/// How often a step is tried that came between a reminder's reading and writing.
const TRIES: usize = 5;

/// Steps of one statement, each upon the one before.
struct Hand<'a> {
    story: &'a mut Story,
    seen: Value,
    /// The first day after its half.
    over: NaiveDate,
}

impl Hand<'_> {
    /// A step upon what stands now: a reminder that rings as the story moves on changes the statement too.
    async fn does(&mut self, who: &str, door: &str, body: Value) -> Result<()> {
        let stage = &self.story.stage;
        let id = self.seen["id"].as_str().unwrap_or_default().to_owned();
        let mut tries = 0;
        loop {
            let seen = stage.looks("manager", &format!("/statements/{id}")).await?;
            let done = stage
                .does(who, "statements", &seen, door, body.clone())
                .await;
            tries += 1;
            match done {
                Err(problem) if tries < TRIES && problem.detail.contains("stale_version") => {}
                done => {
                    self.seen = done?;
                    return Ok(());
                }
            }
        }
    }

    /// So many working days after its half.
    fn day(&self, n: u16) -> NaiveDate {
        self.story.after(self.over, n)
    }

    /// The same, but not before so many working days ago: the second round is of the last days, whenever the half ended.
    fn again(&self, n: u16, ago: usize) -> NaiveDate {
        self.day(n).max(self.story.ago(ago))
    }

    fn on(&mut self, day: NaiveDate, hour: u32) {
        self.story.stage.on(day, hour, 10);
    }
}

/// The first half: confirmed, invoiced, paid and closed.
pub(super) async fn paid(story: &mut Story, contract: &Value) -> Result<()> {
    let seen = of_half(story, contract, 1).await?;
    let over = story.month(HALF + 1);
    let mut hand = Hand { story, seen, over };
    hand.on(hand.day(3), 10);
    hand.does("manager", "prepare", json!({"action": "draw"}))
        .await?;
    hand.on(hand.day(3), 15);
    hand.does(
        "hr",
        "check",
        json!({"passed": true, "note": "已与考勤表逐行核对"}),
    )
    .await?;
    hand.on(hand.day(4), 9);
    hand.does("manager", "prepare", json!({"action": "submit"}))
        .await?;
    hand.on(hand.day(5), 10);
    hand.does("reviewer", "review", json!({"action": "begin"}))
        .await?;
    hand.on(hand.day(9), 16);
    let opinion = json!({"action": "confirm", "opinion": "与考勤一致，同意结算"});
    hand.does("reviewer", "review", opinion).await?;
    let (issued, received) = (hand.day(11), hand.day(12));
    hand.on(issued, 14);
    let total = hand.seen["total_fen"].clone();
    let invoice = json!({
        "number": "26442000000018250041", "tax_bp": 600, "amount_fen": total, "issued_on": issued,
    });
    hand.does("manager", "invoice", invoice).await?;
    hand.on(received, 10);
    let receipt = json!({"received_on": received});
    hand.does("reviewer", "invoice/receive", receipt).await?;
    let transferred = hand.day(30);
    hand.on(transferred, 11);
    let payment = json!({
        "amount_fen": total, "paid_on": transferred, "receipt_no": "国库集中支付-0418",
    });
    hand.does("reviewer", "payments", payment).await?;
    hand.on(hand.day(31), 9);
    hand.does("manager", "prepare", json!({"action": "close"}))
        .await
}

/// The second half: submitted, sent back with an objection to a day, drawn anew once that day was corrected, and again
/// under review.
pub(super) async fn under_review(story: &mut Story, contract: &Value) -> Result<()> {
    let seen = of_half(story, contract, 2).await?;
    let doubted = attendance::doubted(story);
    let month = story.month_of(doubted);
    let over = story.month(TERM + 1);
    let mut hand = Hand { story, seen, over };
    hand.on(hand.day(1), 10);
    hand.does("manager", "prepare", json!({"action": "draw"}))
        .await?;
    hand.on(hand.day(1), 16);
    hand.does("hr", "check", json!({"passed": true, "note": "已核对"}))
        .await?;
    hand.on(hand.day(2), 9);
    hand.does("manager", "prepare", json!({"action": "submit"}))
        .await?;
    hand.on(hand.day(3), 10);
    hand.does("reviewer", "review", json!({"action": "begin"}))
        .await?;
    hand.on(hand.day(4), 15);
    let said = format!(
        "{doubted} 该座席无打卡、无软电话签入，门禁亦无进出记录，不应按到岗计，请核实后更正该日考勤再报"
    );
    let objections = json!([{"month": month, "seat": attendance::DOUBTED_SEAT, "said": said}]);
    let rejection = json!({"action": "reject", "objections": objections});
    hand.does("reviewer", "review", rejection).await?;

    let (proposed, decided) = (hand.day(5), hand.day(6));
    attendance::corrected(hand.story, doubted, (proposed, decided)).await?;
    hand.on(hand.again(7, 5), 10);
    hand.does("manager", "prepare", json!({"action": "draw"}))
        .await?;
    hand.on(hand.again(7, 5), 16);
    let note = "退回意见已更正，其余各行与上次一致";
    hand.does("hr", "check", json!({"passed": true, "note": note}))
        .await?;
    hand.on(hand.again(7, 4), 17);
    hand.does("manager", "prepare", json!({"action": "submit"}))
        .await?;
    hand.on(hand.again(8, 3), 9);
    hand.does("reviewer", "review", json!({"action": "begin"}))
        .await
}
