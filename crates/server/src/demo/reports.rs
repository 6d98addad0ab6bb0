//! The demo's reports: a month that was written, checked, released and read, and last week's that waits to be written.

use std::sync::Arc;

use analytics::reports::period::{ReportPeriod, ReportPeriodKind};
use axum::Router;
use axum::http::Method;
use chrono::{Datelike as _, Days};
use kernel::App;
use kernel::problem::{Result, internal};
use organization::demo::Stage;
use serde_json::{Value, json};

use crate::papers::Papers;
use crate::reporting;

/// What the analyst remarks: analysis, then measures.
const REMARKS: [&str; 2] = [
    "报名缴费系统两次短时故障，相关来电集中在当日下午；现场按故障口径答复，未发生有责投诉。",
    "故障横幅和统一口径在十五分钟内上线；缴费类问题的故障指引补充两步排查；新口径已组织学习和测验。",
];

/// Fills an empty database with it; people, contract and figures come first.
pub(crate) async fn seed(app: &App) -> Result<()> {
    let mut stage = Stage::new(app, doors).await?;
    let list = stage.looks("analyst", "/reports?per_page=1").await?;
    if list["total"] != 0 {
        return Ok(());
    }
    let templates = stage.looks("analyst", "/report-templates").await?;
    let this = ReportPeriod::holding(ReportPeriodKind::Monthly, stage.today());
    // The days on which the report of last month was checked and read lie behind.
    let last = if stage.today().day() > 5 {
        this.before()
    } else {
        this.before().before()
    };
    month(app, &mut stage, &templates, last, &REMARKS).await?;
    stage.now();
    let week = ReportPeriod::holding(ReportPeriodKind::Weekly, stage.today()).before();
    drafted(&stage, &templates, week).await?;
    Ok(())
}

fn doors(app: &App) -> Router {
    let ports = reporting::ports(app, Arc::new(Papers::new(app)));
    Router::from(analytics::reports::capability(app, ports).routes)
}

/// A report of a period as it is drafted.
async fn drafted(stage: &Stage, templates: &Value, period: ReportPeriod) -> Result<Value> {
    let kind = period.kind.as_str();
    let all = templates["items"].as_array();
    let found = all.and_then(|all| all.iter().find(|one| one["period"] == kind));
    let found = found.ok_or_else(|| internal("the demo has no template of reports"))?;
    let body = json!({"template_id": found["id"], "day": period.from});
    stage.post("analyst", "/reports", body).await
}

/// A month's report, on the first days of the next one.
async fn month(
    app: &App,
    stage: &mut Stage,
    templates: &Value,
    period: ReportPeriod,
    remarks: &[&str],
) -> Result<()> {
    let after = |days| period.until + Days::new(days);
    stage.on(after(2), 9, 0);
    let mut report = drafted(stage, templates, period).await?;
    stage.on(after(2), 15, 20);
    let blocks = report["content"]["blocks"].as_array();
    let notes = blocks.into_iter().flatten().enumerate();
    let notes = notes.filter(|(_, block)| block["kind"] == "notes");
    let texts: Vec<Value> = notes
        .zip(remarks)
        .map(|((at, _), text)| json!({"block": at, "text": text}))
        .collect();
    let path = format!("/reports/{}", report["id"].as_str().unwrap_or_default());
    let edit = json!({"version": report["version"], "texts": texts});
    report = stage.ask("analyst", Method::PUT, &path, &edit).await?;
    report = step(stage, "analyst", &report, "submit").await?;
    stage.on(after(3), 10, 5);
    report = step(stage, "quality", &report, "check").await?;
    stage.on(after(3), 16, 40);
    // The sealer starts with the server, after the demo; the paper names the head of the trail.
    kernel::audit::seal(app).await?;
    if step(stage, "manager", &report, "release").await.is_err() {
        // A machine without fonts prints nothing: the report waits for its release.
        return Ok(());
    }
    stage.on(after(4), 9, 30);
    let read = format!("{path}/read");
    stage.post("counterpart", &read, json!({})).await?;
    Ok(())
}

async fn step(stage: &Stage, who: &str, report: &Value, verb: &str) -> Result<Value> {
    stage.does(who, "reports", report, verb, json!({})).await
}
