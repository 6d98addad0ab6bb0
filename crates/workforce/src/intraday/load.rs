//! What the half hours of earlier days brought, counted once when a day is over.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use kernel::problem::Result;
use kernel::{App, JobDef, day};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};

use super::{BINS, HalfHour};
use crate::site::Site;

/// Days that a forecast learns from: eight weeks.
pub const LEARNT: u64 = 56;

kernel::table! {
    /// One half hour of a day that is over.
    pub mod row = "call_loads" (on_day: String, half_hour: i64) {
        calls: i64,
        handled: i64,
        handle_seconds: i64,
    }
}

impl From<HalfHour> for row::Model {
    fn from(one: HalfHour) -> Self {
        Self {
            on_day: day::text(one.day),
            half_hour: i64::try_from(one.half_hour).unwrap_or_default(),
            calls: one.calls,
            handled: one.handled,
            handle_seconds: one.handle_seconds,
        }
    }
}

/// The half hours of the days before `today` that a forecast learns from, in their order.
pub(crate) async fn before(conn: &impl ConnectionTrait, today: NaiveDate) -> Result<Vec<HalfHour>> {
    let from = today.checked_sub_days(Days::new(LEARNT)).unwrap_or(today);
    let rows = row::Entity::find()
        .filter(row::Column::OnDay.gte(day::text(from)))
        .filter(row::Column::OnDay.lt(day::text(today)))
        .order_by_asc(row::Column::OnDay)
        .order_by_asc(row::Column::HalfHour)
        .all(conn)
        .await?;
    let read = |row: row::Model| {
        Ok(HalfHour {
            day: day::read(&row.on_day)?,
            half_hour: usize::try_from(row.half_hour)
                .unwrap_or_default()
                .min(BINS - 1),
            calls: row.calls,
            handled: row.handled,
            handle_seconds: row.handle_seconds,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Counts the days that are over and were not counted yet.
pub async fn count(app: &App, site: &dyn Site) -> Result<()> {
    let today = day::today(app);
    let counted = before(app.db.read(), today).await?;
    let first = today.checked_sub_days(Days::new(LEARNT)).unwrap_or(today);
    let first = counted.last().map_or(first, |one| one.day + Days::new(1));
    // Day by day: one day is the most that is held at once.
    for on in first.iter_days().take_while(|on| *on < today) {
        let rows: Vec<row::Model> = site
            .half_hours(on)
            .await?
            .into_iter()
            .map(row::Model::from)
            .collect();
        if rows.is_empty() {
            continue;
        }
        app.db
            .write(move |tx| async move {
                let key = [row::Column::OnDay, row::Column::HalfHour];
                row::Entity::insert_many(
                    rows.into_iter()
                        .map(|row| row.into_active_model().reset_all()),
                )
                .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
                .exec_without_returning(&*tx)
                .await?;
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// Counts yesterday in the night.
pub(crate) fn job(app: &App, site: &Arc<dyn Site>) -> JobDef {
    let (app, site) = (app.clone(), site.clone());
    JobDef::daily("workforce.count_calls", 0, 20, move || {
        let (app, site) = (app.clone(), site.clone());
        async move { count(&app, &*site).await }
    })
}
