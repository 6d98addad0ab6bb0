//! Whose hours today are: by the roster, where the month has one, else by the service hours of who holds a post.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::problem::Result;
use kernel::words;
use uuid::Uuid;

use crate::attendance::{Hours, store};
use crate::site::Desk;

words! {
    /// What the hours of a day stand on.
    HoursSource {
        /// 排班表
        Roster = "roster",
        /// 服务时间
        ServiceHours = "service_hours",
    }
}

/// The hours of a day, by person.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// What they stand on.
    pub source: HoursSource,
    /// Lunch left out.
    pub hours: BTreeMap<Uuid, Hours>,
}

/// Reads them.
pub(crate) async fn of(desk: &Desk, on: NaiveDate) -> Result<Planned> {
    let service = organization::service_calendar::load(desk.app.db.read()).await?;
    let hours = store::hours(&service, on);
    let seats = desk.site.seats(on).await?;
    let holders = seats.into_iter().filter_map(|seat| seat.user_id);
    let holders = holders.filter(|_| !hours.is_empty());
    Ok(Planned {
        source: HoursSource::ServiceHours,
        hours: holders.map(|user| (user, hours.clone())).collect(),
    })
}
