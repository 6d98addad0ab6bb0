//! Looks every minute whether an interval is over, and what became of the intervals before.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::problem::Result;
use kernel::{App, Audience, JobDef, Permission as _, audit};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter};
use serde_json::{Value, json};

use super::{KpiAlertState, row};
use crate::Desk;
use crate::kpi::ratio::{is_summed, of_sums};
use crate::kpi::{Cut, Figure, Kpi, Period, Standing, figures, gather, variant};
use crate::rights::ViewKpiAlerts;
use crate::targets::{self, KpiInterval, KpiTarget};

const HALF_HOUR: TimeDelta = TimeDelta::minutes(30);
/// Late facts are waited for so long: a contact is written within two seconds.
const SETTLED: TimeDelta = TimeDelta::seconds(30);

/// The job that looks.
pub(crate) fn job(desk: &Desk) -> JobDef {
    let desk = desk.clone();
    JobDef::every("analytics.kpi_alerts", Duration::from_mins(1), move || {
        let desk = desk.clone();
        async move { look(&desk).await }
    })
}

/// One interval that is over.
#[derive(Debug, Clone, Copy)]
struct Interval {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    day: NaiveDate,
    /// Of a half-hour, which.
    half_hour: Option<i32>,
}

/// Looks at all targets.
pub async fn look(desk: &Desk) -> Result<()> {
    let (conn, now) = (desk.app.db.read(), desk.app.clock.now());
    let targets = targets::in_force(conn, now).await?;
    let standing = row::Entity::find()
        .filter(row::Column::OpenKey.is_not_null())
        .all(conn)
        .await?;
    for target in targets.all().iter().filter(|target| target.alerting) {
        let key = kernel::rule::Rule::subject(target);
        let open = standing
            .iter()
            .find(|row| row.open_key.as_deref() == Some(key.as_str()));
        let found = missed(desk, target, now).await?;
        match (found, open) {
            (Some(Run::Missed(run)), None) => raise(desk, target, key, run).await?,
            (Some(Run::Met), Some(open)) => end(&desk.app, open.clone(), now).await?,
            _ => {}
        }
    }
    // What nobody watches any more does not stand for ever.
    for open in &standing {
        let watched = targets.all().iter().any(|target| {
            target.alerting && Some(kernel::rule::Rule::subject(target)) == open.open_key
        });
        if !watched {
            end(&desk.app, open.clone(), now).await?;
        }
    }
    Ok(())
}

/// What became of the last intervals.
enum Run {
    /// All of them missed what is asked.
    Missed(Missed),
    /// The last one that says something is as asked.
    Met,
}

struct Missed {
    first: Interval,
    last: Interval,
    figure: Figure,
}

/// The intervals before now that say something, the latest first, until one is as asked or there are enough.
async fn missed(desk: &Desk, target: &KpiTarget, now: DateTime<Utc>) -> Result<Option<Run>> {
    let wanted = usize::from(target.intervals);
    let told = match target.interval {
        KpiInterval::HalfHour => half_hours(desk, target, now).await?,
        KpiInterval::Day => days(desk, target, now).await?,
    };
    let mut run: Vec<(Interval, Figure)> = Vec::new();
    for (interval, figure) in told {
        match target.judge(&figure) {
            Standing::Missed => run.push((interval, figure)),
            Standing::Met if run.is_empty() => return Ok(Some(Run::Met)),
            Standing::Met => return Ok(None),
            Standing::Watched | Standing::NoData => continue,
        }
        if run.len() == wanted {
            break;
        }
    }
    if run.len() < wanted {
        return Ok(None);
    }
    let first = run[run.len() - 1].0;
    let (last, figure) = run.swap_remove(0);
    Ok(Some(Run::Missed(Missed {
        first,
        last,
        figure,
    })))
}

/// The half-hours of today and yesterday that are over, the latest first, as far as they say something.
async fn half_hours(
    desk: &Desk,
    target: &KpiTarget,
    now: DateTime<Utc>,
) -> Result<Vec<(Interval, Figure)>> {
    let conn = desk.app.db.read();
    let today = kernel::day::of(now);
    let variants = variant::in_force(conn, now).await?;
    let chosen = variants.of(target.kpi);
    let cut = Cut {
        channel: target.channel.clone(),
        ..Cut::default()
    };
    let mut told = Vec::new();
    for day in [Some(today), today.pred_opt()].into_iter().flatten() {
        let period = Period::day(day);
        let by = Some(crate::kpi::By::HalfHour);
        let mut slots: Vec<(i32, _)> = gather::sums(conn, by, period, &cut)
            .await?
            .into_iter()
            .filter_map(|(key, sums)| Some((key.parse().ok()?, sums)))
            .collect();
        slots.sort_by_key(|(half_hour, _)| std::cmp::Reverse(*half_hour));
        for (half_hour, sums) in slots {
            let from = period.begins() + HALF_HOUR * half_hour;
            let interval = Interval {
                from,
                until: from + HALF_HOUR,
                day,
                half_hour: Some(half_hour),
            };
            if interval.until + SETTLED > now {
                continue;
            }
            let Some(ratio) = of_sums(target.kpi, chosen, &sums, 0) else {
                continue;
            };
            if ratio.denominator < i64::from(target.least) {
                continue;
            }
            let url = crate::kpi::figures::rows_url(target.kpi, period, &cut);
            told.push((interval, ratio.figure(target.kpi, chosen, url)));
        }
    }
    Ok(told)
}

/// Days that are looked at: the longest run, and as many that say nothing.
const DAYS_BACK: u16 = 20;

/// The days that are over, the latest first, as far as they say something.
async fn days(
    desk: &Desk,
    target: &KpiTarget,
    now: DateTime<Utc>,
) -> Result<Vec<(Interval, Figure)>> {
    let today = kernel::day::of(now);
    let back = u64::from(target.intervals.saturating_add(DAYS_BACK).min(60));
    let (Some(last), Some(first)) = (
        today.pred_opt(),
        today.checked_sub_days(chrono::Days::new(back)),
    ) else {
        return Ok(Vec::new());
    };
    let cut = Cut {
        channel: target.channel.clone(),
        ..Cut::default()
    };
    let period = Period::new(first, last)?;
    let wanted = [target.kpi];
    let mut told = Vec::new();
    if is_summed(target.kpi) {
        let points = crate::kpi::series(desk, &wanted, crate::kpi::By::Day, period, &cut).await?;
        for point in points.into_iter().rev() {
            let day = kernel::day::read(&point.key)?;
            told.extend(point.figures.into_iter().map(|figure| (whole(day), figure)));
        }
    } else if matches!(target.kpi, Kpi::K11 | Kpi::K12 | Kpi::K13 | Kpi::K14) {
        // Hours of work tell of each day. Each is a question of its own, so only as many are asked as decide.
        let mut days: Vec<NaiveDate> = period.each().collect();
        while let Some(day) = days.pop() {
            let mut found = figures(desk, &wanted, Period::day(day), &cut).await?;
            let told_of = found.pop().filter(|figure| figure.value.is_some());
            told.extend(told_of.map(|figure| (whole(day), figure)));
            if told.len() >= usize::from(target.intervals) {
                break;
            }
        }
    } else {
        // What is rare is told by the month so far: a day of it says nothing.
        let month = Period {
            from: Period::month(last).from,
            to: last,
        };
        let mut found = figures(desk, &wanted, month, &cut).await?;
        if let Some(figure) = found.pop() {
            let times = usize::from(target.intervals);
            told.extend(std::iter::repeat_n((whole(last), figure), times));
        }
    }
    told.retain(|(_, figure)| {
        figure.denominator >= i64::from(target.least) || figure.numerator > 0
    });
    Ok(told)
}

fn whole(day: NaiveDate) -> Interval {
    let one = Period::day(day);
    Interval {
        from: one.begins(),
        until: one.ends(),
        day,
        half_hour: None,
    }
}

async fn raise(desk: &Desk, target: &KpiTarget, key: String, run: Missed) -> Result<()> {
    let app = desk.app.clone();
    let alert = row::Model {
        id: app.ids.next(),
        kpi: target.kpi.as_str().to_owned(),
        channel: target.channel.clone(),
        state: KpiAlertState::Raised.as_str().to_owned(),
        open_key: Some(key),
        intervals: i32::from(target.intervals),
        first_at: run.first.from,
        last_at: run.last.until,
        numerator: run.figure.numerator,
        denominator: run.figure.denominator,
        value: run.figure.value,
        target: target.target,
        upper: target.upper,
        raised_at: app.clock.now(),
        acknowledged_by: None,
        acknowledged_at: None,
        note: None,
        ended_at: None,
        version: 1,
    };
    let mut facts = told(&alert);
    facts["number"] = json!(target.kpi.number());
    facts["half_hour"] = json!(run.last.half_hour);
    facts["day"] = json!(run.last.day);
    app.db
        .clone()
        .write(move |tx| async move {
            // Of two nodes that look at once one raises it.
            let written = row::Entity::insert(alert.clone().into_active_model())
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
            if written == 0 {
                return Ok(());
            }
            let who = Who::system("analytics");
            audit::record(
                &app,
                &*tx,
                &who,
                "kpi.alert_raised",
                "kpi_alert",
                alert.id,
                told(&alert),
            )
            .await?;
            app.events
                .publish(&tx, "kpi.alert_raised", alert.id, facts)
                .await?;
            show(&app, &tx, &alert);
            Ok(())
        })
        .await
}

async fn end(app: &App, before: row::Model, now: DateTime<Utc>) -> Result<()> {
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let app = services;
            let mut after = before.clone();
            after.state = KpiAlertState::Ended.as_str().to_owned();
            after.open_key = None;
            after.ended_at = Some(now);
            after.version += 1;
            let written = row::Entity::update_many()
                .set(after.clone().into_active_model().reset_all())
                .filter(row::Column::Id.eq(before.id))
                .filter(row::Column::Version.eq(before.version))
                .exec(&*tx)
                .await?;
            if written.rows_affected == 0 {
                return Ok(());
            }
            let who = Who::system("analytics");
            audit::record(
                &app,
                &*tx,
                &who,
                "kpi.alert_ended",
                "kpi_alert",
                after.id,
                told(&after),
            )
            .await?;
            show(&app, &tx, &after);
            Ok(())
        })
        .await
}

/// What is told of an alert.
pub(crate) fn told(alert: &row::Model) -> Value {
    json!({
        "kpi": alert.kpi, "channel": alert.channel, "state": alert.state, "intervals": alert.intervals,
        "value": alert.value, "target": alert.target,
    })
}

/// Tells the screens.
pub(crate) fn show(app: &App, tx: &kernel::Tx, alert: &row::Model) {
    let audience = Audience::Permission(ViewKpiAlerts::CODE);
    let data = json!({ "id": alert.id, "kpi": alert.kpi, "state": alert.state });
    app.live.publish_after(tx, audience, "kpi_alert", data);
}
