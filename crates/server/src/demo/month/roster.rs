//! The rosters: of last month and this one published, with leave and who stood in; of the next one begun; leave and a swap
//! that wait.

use axum::http::Method;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use kernel::problem::Result;
use serde_json::{Value, json};

use super::{Story, attendance};

/// The two turns at lunch, as they ship.
const TURNS: [&str; 2] = ["lunch_early", "lunch_late"];

/// The first day of a month, so many months after that of the day.
fn month(of: NaiveDate, after: u32) -> NaiveDate {
    let first = of.with_day(1).unwrap_or(of);
    first
        .checked_add_months(Months::new(after))
        .unwrap_or(first)
}

fn path(first: NaiveDate) -> String {
    format!("/rosters/{}", first.format("%Y-%m"))
}

/// Everybody works every working day; who goes to lunch first changes week by week.
fn turn(on: NaiveDate, agent: u32) -> &'static str {
    TURNS[((on.iso_week().week() + agent) % 2) as usize]
}

/// The months that are over or run, published before they began, and what leave made of them.
pub(super) async fn published(story: &mut Story) -> Result<()> {
    let this = month(story.stage.today(), 0);
    for first in [this - Months::new(1), this] {
        story.stage.on(first - Days::new(8), 15, 0);
        let drawn = drawn(story, first, month(first, 1)).await?;
        let publish = json!({"version": drawn["version"]});
        let door = format!("{}/publish", path(first));
        story.stage.post("lead", &door, publish).await?;
    }
    // Leave that was asked for, and a sick call in the morning: somebody stands in.
    let off = story.ago(8);
    story.stage.on(story.ago(14), 16, 0);
    let body = json!({"kind": "annual", "from": off, "to": off, "reason": "回乡办理户籍手续"});
    let asked = story.stage.post("agent4", "/leave-requests", body).await?;
    story.stage.on(story.ago(13), 9, 40);
    let granted = json!({"approve": true});
    story
        .stage
        .does("lead", "leave-requests", &asked, "decide", granted)
        .await?;
    let (first, last) = (story.ago(10), story.ago(9));
    story.stage.on(first, 8, 5);
    let sick = story.stage.id("agent4")?;
    let body = json!({
        "user_id": sick, "kind": "sick", "from": first, "to": last, "reason": "电话请病假，病假条次日补交",
    });
    story
        .stage
        .post("lead", "/leave-requests/register", body)
        .await?;
    let reserve = attendance::reserve(story).await?;
    for on in [first, last] {
        let cell = json!({"day": on, "user_id": reserve, "shift_id": turn(on, 4)});
        written(
            story,
            month(on, 0),
            vec![cell],
            Some("张俊杰病假，何嘉仪顶岗"),
        )
        .await?;
    }
    Ok(())
}

/// Writes cells of a month over what is there.
async fn written(
    story: &Story,
    first: NaiveDate,
    changes: Vec<Value>,
    reason: Option<&str>,
) -> Result<Value> {
    let seen = story.stage.looks("lead", &path(first)).await?;
    let body = json!({"version": seen["version"], "changes": changes, "reason": reason});
    let door = format!("{}/cells", path(first));
    story.stage.ask("lead", Method::PUT, &door, &body).await
}

/// The cells of everybody from a day on, before the other.
async fn drawn(story: &Story, first: NaiveDate, before: NaiveDate) -> Result<Value> {
    let mut changes = Vec::new();
    for on in story.workdays(first, before) {
        for agent in 1..=6 {
            let user = story.stage.id(&format!("agent{agent}"))?;
            changes.push(json!({"day": on, "user_id": user, "shift_id": turn(on, agent)}));
        }
    }
    written(story, first, changes, None).await
}

/// The next month begun, leave and a swap that wait for the lead.
pub(super) async fn waiting(story: &mut Story) -> Result<()> {
    let today = story.stage.today();
    let next = month(today, 1);
    story.stage.on(story.ago(1), 15, 30);
    drawn(story, next, next + Days::new(14)).await?;
    story.stage.on(story.ago(1), 16, 0);
    let off = story.after(today, 4);
    let body =
        json!({"kind": "annual", "from": off, "to": off, "reason": "孩子家长会，已与同组沟通"});
    story.stage.post("agent2", "/leave-requests", body).await?;
    let on = story.after(today, 1);
    // On the last working day of a month nothing that is published is left to be swapped.
    if month(on, 0) == month(today, 0) {
        story.stage.on(story.ago(1), 17, 0);
        let body = json!({
            "day": on, "colleague_id": story.stage.id("agent6")?, "colleague_day": on, "reason": "中午要去学校接孩子",
        });
        let asked = story.stage.post("agent3", "/shift-swaps", body).await?;
        story.stage.on(story.ago(1), 17, 20);
        let accepted = json!({"accept": true});
        story
            .stage
            .does("agent6", "shift-swaps", &asked, "answer", accepted)
            .await?;
    }
    Ok(())
}
