//! What is told without anybody looking: gaps of the month before from an agreed day on, a quotation whose
//! verdict turned, the contract's holidays beside those of the law.

use chrono::Datelike as _;
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{App, EventHandler, JobDef};
use serde_json::json;

use super::facts::{self, MonthFacts};
use super::law::{GAP_DAY, Laws};
use super::month::{self, BOTH};
use super::{Month, WageMonthState, quotation, rows};
use crate::trail;
use kernel::day;

/// The daily job.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::daily("personnel.wages", 7, 40, move || {
        let app = app.clone();
        async move { look(&app).await }
    })
}

/// A law was recorded: what it changes is told at once, not in the morning.
pub(crate) fn on_parameter(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "personnel.judge_quotations",
        &["parameter.confirmed"],
        move |_event| {
            let app = app.clone();
            async move { quotation::judge_again(&app).await }
        },
    )
}

/// Looks at everything of wages that is told by a date.
pub async fn look(app: &App) -> Result<()> {
    quotation::judge_again(app).await?;
    gaps(app).await?;
    holidays(app).await
}

/// From the agreed day of a month on: what the month before lacks, once.
async fn gaps(app: &App) -> Result<()> {
    let (conn, today) = (app.db.read(), day::today(app));
    let from = Laws::load(conn).await?.value(GAP_DAY, today)?.value;
    if i64::from(today.day()) < from {
        return Ok(());
    }
    let before = Month::of(today).before();
    let found = facts::of(conn, &[before], None).await?;
    let missing: usize = found.iter().map(MonthFacts::missing).sum();
    let handed_in = found.iter().any(|month| {
        let open = WageMonthState::Open.as_str();
        month.row.as_ref().is_some_and(|row| row.state != open)
    });
    if missing == 0 || handed_in {
        return Ok(());
    }
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let app = &services;
            let row = rows::held(app, &tx, before).await?;
            let known = app.events.of_subject(&*tx, &row.id.to_string()).await?;
            if known.iter().any(|event| event.kind == "wage_month.gaps") {
                return Ok(());
            }
            let said = missing.to_string();
            let told = ("gaps", Some(said.as_str()));
            month::told(app, &tx, &Who::system("wages"), &row, told, BOTH).await
        })
        .await
}

/// Once a year: the contract's text has other holidays than the law.
async fn holidays(app: &App) -> Result<()> {
    let (conn, today) = (app.db.read(), day::today(app));
    let (contract, days, published) = month::holiday_days(conn, today).await?;
    let subject = format!("holidays-{}", today.year());
    let known = app.events.of_subject(conn, &subject).await?;
    if !published || days.len() as i64 == contract || !known.is_empty() {
        return Ok(());
    }
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let people = trail::holders(&*tx, BOTH).await?;
            let number = format!("{contract} / {}", days.len());
            let facts = json!({ "number": number, "recipients": people });
            let kind = "wages.holidays_differ";
            services.events.publish(&tx, kind, subject, facts).await
        })
        .await
}
