//! The draw that nobody has to think of: every morning what stands out is drawn, and once a month is over its share by
//! chance.

use calendar::SHANGHAI;
use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal};
use kernel::{JobDef, day, rule};

use super::SamplingPlan;
use super::store::{self, Wish};
use crate::Desk;

/// At this hour and minute the day before is whole, and nobody is at work yet.
const HOUR: u32 = 2;
const MINUTE: u32 = 40;

/// The job.
pub(crate) fn job(desk: &Desk) -> JobDef {
    let desk = desk.clone();
    JobDef::daily("quality.draw_samples", HOUR, MINUTE, move || {
        let desk = desk.clone();
        async move { draw_due(&desk).await }
    })
}

/// Midnight in Guangzhou at the beginning of the day.
pub(crate) fn begins(day: NaiveDate) -> Result<DateTime<Utc>> {
    let local = SHANGHAI.from_local_datetime(&day.and_time(NaiveTime::MIN));
    let local = local.single().ok_or_else(|| internal("no midnight"))?;
    Ok(local.to_utc())
}

async fn draw_due(desk: &Desk) -> Result<()> {
    let app = &desk.app;
    let today = day::today(app);
    let this_month = (today - Days::new(1)).with_day(1).unwrap_or(today);
    let this_month = if today.day() == 1 { today } else { this_month };
    let last_month = this_month - Months::new(1);
    let (from, until) = (begins(last_month)?, begins(this_month)?);
    let plans = rule::in_force::<SamplingPlan>(app.db.read(), app.clock.now()).await?;
    for plan in plans.into_iter().filter(|plan| plan.active) {
        let last = store::of_period(app.db.read(), &plan.code, (from, until)).await?;
        // Complaints about the month before come in for a while.
        if today.day() <= 10 || last.is_none_or(|draw| draw.by_chance_at.is_none()) {
            let wish = Wish {
                plan: plan.code.clone(),
                from,
                until,
                by_chance: true,
            };
            store::make(desk, Who::system("quality"), wish).await?;
        }
        let wish = Wish {
            plan: plan.code,
            from: until,
            until: begins(this_month + Months::new(1))?,
            by_chance: false,
        };
        store::make(desk, Who::system("quality"), wish).await?;
    }
    Ok(())
}
