//! The demo's performance: two months that were scored, checked and released; the slowest of the first got a plan that
//! reached its goal, another plan runs.

use std::sync::Arc;

use analytics::reports::period::{ReportPeriod, ReportPeriodKind};
use axum::Router;
use chrono::{Datelike as _, Days};
use kernel::App;
use kernel::problem::Result;
use organization::demo::Stage;
use serde_json::{Value, json};

use crate::performance::Measures;

/// The handling time, in milliseconds.
const SLOW: &str = "k09";

/// Tells it, where nobody was scored yet; the contacts come first.
pub(crate) async fn seed(app: &App) -> Result<()> {
    let mut stage = Stage::new(app, doors).await?;
    let sheets = stage
        .looks("manager", "/performance-sheets?per_page=1")
        .await?;
    if sheets["total"] != 0 {
        return Ok(());
    }
    let this = ReportPeriod::holding(ReportPeriodKind::Monthly, stage.today());
    // The days on which the last month was scored lie behind.
    let last = if stage.today().day() > 6 {
        this.before()
    } else {
        this.before().before()
    };
    let (value, sheet) = scored(&mut stage, last.before()).await?;
    stage.on(last.from + Days::new(5), 10, 30);
    let coached = "录音讲评两次；常用口径放入快捷话术；结束前一次问清。";
    planned(&stage, &sheet, value - 8_000, (coached, last.until)).await?;
    let (value, sheet) = scored(&mut stage, last).await?;
    stage.on(last.until + Days::new(5), 11, 0);
    let plans = stage.looks("lead", "/improvement-plans?per_page=1").await?;
    if let Some(plan) = plans["items"].as_array().and_then(|all| all.first())
        && plan["state"] == "measured"
    {
        let end = json!({"note": "处理时长已下降，转入日常关注"});
        stage
            .does("lead", "improvement-plans", plan, "close", end)
            .await?;
    }
    let shown = "跟听五通，示范先核身后查询的顺序；每周复盘一次。";
    let until = (last.until + Days::new(1))
        .with_day(28)
        .unwrap_or(last.until);
    planned(&stage, &sheet, value - 12_000, (shown, until)).await
}

fn doors(app: &App) -> Router {
    let measures = Arc::new(Measures(app.clone()));
    Router::from(analytics::performance::part(app, measures).routes)
}

/// A month from its calculation until its release; answers the slowest value and whose sheet it stands on.
async fn scored(stage: &mut Stage, month: ReportPeriod) -> Result<(i64, Value)> {
    let after = |days| month.until + Days::new(days);
    let named = month.from.format("%Y-%m").to_string();
    stage.on(after(3), 9, 20);
    stage
        .post("analyst", "/performance-sheets", json!({"month": named}))
        .await?;
    let path = format!("/performance-sheets?month={named}&per_page=50");
    let sheets = stage.looks("manager", &path).await?;
    let sheets = sheets["items"].as_array().cloned().unwrap_or_default();
    stage.on(after(4), 14, 0);
    let mut slowest = (0, Value::Null);
    for sheet in sheets {
        let seen = stage
            .does("quality", "performance-sheets", &sheet, "check", json!({}))
            .await?;
        let seen = stage
            .does("manager", "performance-sheets", &seen, "release", json!({}))
            .await?;
        let rows = seen["rows"].as_array();
        let row = rows.and_then(|rows| rows.iter().find(|row| row["indicator"] == SLOW));
        let value = row
            .and_then(|row| row["value"].as_i64())
            .unwrap_or_default();
        if value > slowest.0 {
            slowest = (value, seen);
        }
    }
    Ok(slowest)
}

async fn planned(
    stage: &Stage,
    sheet: &Value,
    goal: i64,
    (measures, due_on): (&str, chrono::NaiveDate),
) -> Result<()> {
    if sheet.is_null() {
        return Ok(());
    }
    let plan = json!({
        "sheet_id": sheet["id"], "indicator": SLOW, "goal": goal, "measures": measures, "due_on": due_on,
    });
    stage.post("lead", "/improvement-plans", plan).await?;
    Ok(())
}
