//! The demo's topics: the week in which the registration system failed was looked at, what it was about is published,
//! something that comes every year was dropped; what the last week tells waits for the analyst.

use std::sync::Arc;

use analytics::topics;
use axum::Router;
use axum::http::Method;
use chrono::{Datelike as _, Days, NaiveDate};
use kernel::App;
use kernel::audit::Who;
use kernel::problem::Result;
use organization::Organization;
use organization::demo::Stage;
use serde_json::{Value, json};

use super::contacts::FAULT;
use crate::topics::{Made, Written};

/// What was said on the phone in those days.
const WORD: &str = "缴费";

/// Tells it, where nobody asked for topics yet; the contacts come first.
pub(crate) async fn seed(app: &App, organization: &Organization) -> Result<()> {
    let house = organization.clone();
    let mut stage = Stage::new(app, move |app| doors(app, &house)).await?;
    let runs = stage.looks("analyst", "/topic-runs").await?;
    if runs["items"]
        .as_array()
        .is_some_and(|runs| !runs.is_empty())
    {
        return Ok(());
    }
    let failed = monday(stage.today() - Days::new(FAULT.start));
    stage.on(failed + Days::new(7), 9, 10);
    looked(&stage, organization, failed).await?;
    let path = format!("/topics?from={failed}&per_page=50");
    let found = stage.looks("analyst", &path).await?;
    let found = found["items"].as_array().cloned().unwrap_or_default();
    let (failure, others): (Vec<Value>, Vec<Value>) = found.into_iter().partition(is_of_the_fault);
    if let Some(topic) = failure.first() {
        published(&mut stage, topic).await?;
    }
    if let Some(topic) = others.first() {
        let reason = json!({"action": "drop", "reason": "每年同期都有，不是新问题"});
        stage
            .does("analyst", "topics", topic, "steps", reason)
            .await?;
    }
    stage.now();
    let last = monday(stage.today()) - Days::new(7);
    if last > failed {
        looked(&stage, organization, last).await?;
    }
    Ok(())
}

fn doors(app: &App, organization: &Organization) -> Router {
    let (contacts, spawns) = ports(app, organization);
    Router::from(topics::part(app, contacts, spawns).routes)
}

fn ports(app: &App, organization: &Organization) -> (Arc<Written>, Arc<Made>) {
    let written = Written {
        app: app.clone(),
        organization: organization.clone(),
    };
    (Arc::new(written), Arc::new(Made(app.clone())))
}

fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(day.weekday().num_days_from_monday().into())
}

fn is_of_the_fault(topic: &Value) -> bool {
    topic["name"]
        .as_str()
        .is_some_and(|name| name.contains(WORD))
        || topic["matter"]["code"] == "114"
}

/// The topics of a week are found now: the demo waits for no job.
async fn looked(stage: &Stage, organization: &Organization, from: NaiveDate) -> Result<()> {
    let (contacts, spawns) = ports(stage.app(), organization);
    let week = (from, from + Days::new(7));
    topics::find_now(
        stage.app(),
        contacts,
        spawns,
        &Who::system("analytics"),
        week,
    )
    .await
}

async fn published(stage: &mut Stage, topic: &Value) -> Result<()> {
    let path = format!("/topics/{}", topic["id"].as_str().unwrap_or_default());
    let written = json!({
        "version": topic["version"], "name": "缴费页面提示系统繁忙", "class": "both",
        "suggestion": "故障横幅十五分钟内上线；口径补充“扣款成功勿重复缴费”；请业务科室与支付方核对掉单。",
    });
    let seen = stage.ask("analyst", Method::PUT, &path, &written).await?;
    let review = json!({"action": "review"});
    let seen = stage
        .does("analyst", "topics", &seen, "steps", review)
        .await?;
    for kind in ["article", "brief"] {
        stage
            .post("analyst", &format!("{path}/spawns"), json!({"kind": kind}))
            .await?;
    }
    let seen = stage.looks("manager", &path).await.unwrap_or(seen);
    stage
        .does("manager", "topics", &seen, "publish", json!({}))
        .await?;
    Ok(())
}
