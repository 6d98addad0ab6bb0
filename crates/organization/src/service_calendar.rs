//! The service calendar as rows: published years, the days they name, and the service hours.

pub mod http;

use std::collections::BTreeMap;

use calendar::{
    Calendar, DayKind, Period, ServiceClock, ServiceHours, SpecialDay, YearCalendar, YearNotice,
};
use chrono::NaiveDate;
use kernel::Tx;
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, stale};
use sea_orm::sea_query::{IntoIden, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use serde_json::json;

use crate::Organization;
use crate::rows::{calendar_day, calendar_year, service_hours};

/// The service hours in force.
#[derive(Debug, Clone)]
pub struct HoursInForce {
    /// The periods of a working day.
    pub hours: ServiceHours,
    /// What comes after closing counts as received on the next working day.
    pub late_receipt_is_next_day: bool,
    /// Rises with each change; 0 while nobody set them.
    pub version: i64,
}

/// A year to be stored.
pub(crate) struct YearToStore {
    pub(crate) year: YearCalendar,
    pub(crate) source: String,
    /// The version the caller saw; `None` does not ask.
    pub(crate) seen: Option<i64>,
}

/// The calendar and hours as they are stored.
pub async fn load(conn: &impl ConnectionTrait) -> Result<ServiceClock> {
    let years = calendar_year::Entity::find().all(conn).await?;
    let rows = calendar_day::Entity::find().all(conn).await?;
    let mut days: BTreeMap<i32, BTreeMap<NaiveDate, SpecialDay>> = BTreeMap::new();
    for row in rows {
        let date = row.day.parse().map_err(internal)?;
        let kind =
            DayKind::parse(&row.kind).ok_or_else(|| internal(format!("day kind {}", row.kind)))?;
        days.entry(row.year).or_default().insert(
            date,
            SpecialDay {
                kind,
                name: row.name,
            },
        );
    }
    let years = years.into_iter().map(|row| {
        let special = days.remove(&row.year).unwrap_or_default();
        YearCalendar::new(row.year, row.published, special).map_err(|faults| {
            internal(format!(
                "calendar {}: {} faulty rows",
                row.year,
                faults.len()
            ))
        })
    });
    let calendar = Calendar::new(years.collect::<Result<Vec<_>>>()?);
    Ok(ServiceClock::new(
        calendar,
        hours_in_force(conn).await?.hours,
    ))
}

/// The service hours in force; 08:30–12:00 and 13:30–18:00 while nobody set them.
pub async fn hours_in_force(conn: &impl ConnectionTrait) -> Result<HoursInForce> {
    let row = service_hours::Entity::find()
        .order_by_desc(service_hours::Column::Version)
        .one(conn)
        .await?;
    let Some(row) = row else {
        return Ok(HoursInForce {
            hours: ServiceHours::default(),
            late_receipt_is_next_day: true,
            version: 0,
        });
    };
    let periods: Vec<Period> = serde_json::from_value(row.periods).map_err(internal)?;
    Ok(HoursInForce {
        hours: ServiceHours::new(periods).map_err(internal)?,
        late_receipt_is_next_day: row.late_receipt_is_next_day,
        version: row.version,
    })
}

/// Who comes second inserts nothing.
fn taken(key: impl IntoIden) -> OnConflict {
    OnConflict::column(key).do_nothing().to_owned()
}

/// Stores the calendars that ship where the year has none yet.
pub(crate) async fn seed_shipped(organization: &Organization) -> Result<()> {
    for text in calendar::SHIPPED {
        let notice: YearNotice = serde_json::from_str(text).map_err(internal)?;
        let known = calendar_year::Entity::find_by_id(notice.year)
            .one(organization.app.db.read())
            .await?;
        if known.is_some() {
            continue;
        }
        let year = YearCalendar::from_notice(&notice)
            .map_err(|faults| internal(format!("shipped calendar: {faults:?}")))?;
        let year = YearToStore {
            year,
            source: notice.source,
            seen: None,
        };
        organization
            .store_year(&Who::system("organization"), year)
            .await?;
    }
    Ok(())
}

impl Organization {
    /// Replaces a year and reads the calendar anew.
    pub(crate) async fn store_year(&self, who: &Who, year: YearToStore) -> Result<()> {
        let (organization, who) = (self.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| Box::pin(organization.store_year_in(&tx, &who, year)).await)
            .await?;
        self.reload_service_clock().await
    }

    async fn store_year_in(&self, tx: &Tx, who: &Who, new: YearToStore) -> Result<()> {
        let (year, app) = (new.year.year(), &self.app);
        let known = calendar_year::Entity::find_by_id(year).one(&**tx).await?;
        let version = known.as_ref().map_or(0, |row| row.version);
        if new.seen.is_some_and(|seen| seen != version) {
            return Err(stale("calendar"));
        }
        let row = calendar_year::ActiveModel {
            year: Set(year),
            published: Set(new.year.published()),
            source: Set(new.source.clone()),
            version: Set(version + 1),
            updated_at: Set(app.clock.now()),
        };
        // The version once more in the statement: another change may have come between.
        let stored = if known.is_some() {
            calendar_year::Entity::update_many()
                .set(row)
                .filter(calendar_year::Column::Year.eq(year))
                .filter(calendar_year::Column::Version.eq(version))
                .exec(&**tx)
                .await?
                .rows_affected
        } else {
            calendar_year::Entity::insert(row)
                .on_conflict(taken(calendar_year::Column::Year))
                .exec_without_returning(&**tx)
                .await?
        };
        if stored == 0 {
            return Err(stale("calendar"));
        }
        calendar_day::Entity::delete_many()
            .filter(calendar_day::Column::Year.eq(year))
            .exec(&**tx)
            .await?;
        let days: Vec<calendar_day::ActiveModel> = new
            .year
            .special_days()
            .map(|(date, day)| calendar_day::ActiveModel {
                year: Set(year),
                day: Set(date.to_string()),
                kind: Set(day.kind.as_str().to_owned()),
                name: Set(day.name.clone()),
            })
            .collect();
        let named = days.len();
        if named > 0 {
            calendar_day::Entity::insert_many(days)
                .exec_without_returning(&**tx)
                .await?;
        }
        let details = json!({
            "version": version + 1, "published": new.year.published(), "days": named, "source": new.source,
        });
        audit::record(
            app,
            &**tx,
            who,
            "calendar.changed",
            "calendar",
            year,
            details.clone(),
        )
        .await?;
        app.events
            .publish(tx, "calendar.changed", year, details)
            .await
    }

    /// Puts service hours in force; the ones before stay as rows. `seen` is the version the caller saw.
    pub async fn set_service_hours(
        &self,
        who: &Who,
        hours: ServiceHours,
        late_receipt_is_next_day: bool,
        seen: Option<i64>,
    ) -> Result<HoursInForce> {
        let (app, who) = (self.app.clone(), who.clone());
        self.app
            .db
            .write(async move |tx| {
                let before = hours_in_force(&*tx).await?;
                if seen.is_some_and(|seen| seen != before.version) {
                    return Err(stale("service hours"));
                }
                let version = before.version + 1;
                let row = service_hours::ActiveModel {
                    version: Set(version),
                    periods: Set(json!(hours)),
                    late_receipt_is_next_day: Set(late_receipt_is_next_day),
                    set_at: Set(app.clock.now()),
                };
                let stored = service_hours::Entity::insert(row)
                    .on_conflict(taken(service_hours::Column::Version))
                    .exec_without_returning(&*tx)
                    .await?;
                if stored == 0 {
                    return Err(stale("service hours"));
                }
                let details = json!({
                    "before": before.hours, "after": hours,
                    "late_receipt_is_next_day": late_receipt_is_next_day,
                });
                audit::record(
                    &app,
                    &*tx,
                    &who,
                    "service_hours.changed",
                    "service_hours",
                    version,
                    details.clone(),
                )
                .await?;
                app.events
                    .publish(&tx, "service_hours.changed", version, details)
                    .await
            })
            .await?;
        self.reload_service_clock().await?;
        hours_in_force(self.app.db.read()).await
    }
}
