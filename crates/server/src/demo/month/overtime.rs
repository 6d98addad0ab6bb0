//! Overtime at the first weekend of a registration for exams, worked and confirmed, and what is wanted for the next one.

use chrono::{Datelike as _, NaiveDate, Weekday};
use kernel::problem::Result;
use serde_json::json;

use super::Story;

/// The minutes that were worked of the three hours that were wanted.
const WORKED: [(&str, i64); 3] = [("agent1", 180), ("agent3", 180), ("agent6", 165)];

pub(super) async fn play(story: &mut Story) -> Result<()> {
    let stage = &story.stage;
    let rests =
        |on: &NaiveDate| on.weekday() == Weekday::Sat && !story.service.calendar.is_workday(*on);
    let past = (8..36).map(|ago| stage.day(ago)).find(rests);
    let next = (3..36).map(|ahead| stage.day(-ahead)).find(rests);
    if let Some(on) = past {
        worked(story, on).await?;
    }
    if let Some(on) = next {
        story.stage.on(story.ago(1), 16, 40);
        let body = json!({
            "on_day": on, "people": 2, "minutes": 180,
            "reason": "考试缴费截止前最后一个周末，预计集中咨询缴费和审核结果",
        });
        story
            .stage
            .post("counterpart", "/overtime-orders", body)
            .await?;
    }
    story.stage.now();
    Ok(())
}

async fn worked(story: &mut Story, on: NaiveDate) -> Result<()> {
    let stage = &mut story.stage;
    let kind = "overtime-orders";
    let body = json!({
        "on_day": on, "people": WORKED.len(), "minutes": 180,
        "reason": "考试报名首个周末，近两日来电比平日多一倍，请安排三名座席上午加班",
    });
    stage.on(on - chrono::Days::new(2), 15, 0);
    let order = stage.post("counterpart", "/overtime-orders", body).await?;
    // Leave instead of pay is only for overtime on a rest day.
    let leave = order["comp_leave"] == true;
    let mut turns = Vec::new();
    for (place, (who, _)) in WORKED.iter().enumerate() {
        let by = if leave && place == 2 {
            "comp_leave"
        } else {
            "pay"
        };
        turns.push(json!({"user_id": stage.id(who)?, "minutes": 180, "compensation": by}));
    }
    stage.on(on - chrono::Days::new(1), 10, 0);
    let order = stage
        .does("lead", kind, &order, "plan", json!({"turns": turns}))
        .await?;
    let mut turns = Vec::new();
    for (who, minutes) in WORKED {
        turns.push(json!({"user_id": stage.id(who)?, "minutes": minutes}));
    }
    stage.on(on + chrono::Days::new(2), 9, 0);
    let order = stage
        .does("lead", kind, &order, "report", json!({"turns": turns}))
        .await?;
    stage.on(on + chrono::Days::new(3), 10, 30);
    let confirm = json!({"decision": "confirm"});
    stage
        .does("counterpart", kind, &order, "decide", confirm)
        .await?;
    Ok(())
}
