//! Whose hours today are: by the roster, where the month has one that is published, else by the service hours of who
//! holds a post.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::problem::Result;
use kernel::words;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::attendance::{Hours, store};
use crate::leave;
use crate::roster::store::Which;
use crate::roster::{self, Month};
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
    /// Lunch and leave left out.
    pub hours: BTreeMap<Uuid, Hours>,
}

/// Reads them.
pub(crate) async fn of(desk: &Desk, on: NaiveDate) -> Result<Planned> {
    let conn = desk.app.db.read();
    let shifts = store::shift_hours(conn, on).await?;
    let (source, mut hours) = if shifts.is_empty() {
        let service = organization::service_calendar::load(conn).await?;
        let hours = store::hours(&service, on);
        let seats = desk.site.seats(on).await?;
        let holders = seats.into_iter().filter_map(|seat| seat.user_id);
        let holders = holders.filter(|_| !hours.is_empty());
        let hours = holders.map(|user| (user, hours.clone())).collect();
        (HoursSource::ServiceHours, hours)
    } else {
        (HoursSource::Roster, shifts)
    };
    for (user, away) in leave::cells::on_day(conn, on).await? {
        if let Some(whole) = hours.get_mut(&user) {
            *whole = store::rest_of(whole, away.part);
        }
    }
    hours.retain(|_, hours: &mut Hours| !hours.is_empty());
    Ok(Planned { source, hours })
}

/// The hours of each day and person by rosters that are published, lunch and approved leave left out; days of months
/// without one are not there. For who counts adherence by period (K-13).
///
/// # Errors
/// When the database does not answer, or the period has too many shifts for one question.
pub async fn published(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<(NaiveDate, Uuid), Hours>> {
    let months = roster::store::months(conn, (from, to)).await?;
    let published = |on: NaiveDate| {
        let month = months.get(&Month::of(on).text());
        month.is_some_and(roster::store::row::Model::is_published)
    };
    let which = Which {
        days: Vec::new(),
        people: Vec::new(),
        between: (from, to),
    };
    let shifts = roster::template::all(conn).await?;
    let away = leave::store::approved(conn, (from, to)).await?;
    let mut hours = BTreeMap::new();
    for ((on, user), code) in roster::store::cells(conn, &which).await? {
        let Some(shift) = shifts.get(&code).filter(|_| published(on)) else {
            continue;
        };
        let spans = shift.shape.hours().into_iter();
        let mut whole: Hours = spans.map(|(from, to)| (from.on(on), to.on(on))).collect();
        if let Some(leave) = away.get(&(on, user)) {
            whole = store::rest_of(&whole, leave.part);
        }
        if !whole.is_empty() {
            hours.insert((on, user), whole);
        }
    }
    Ok(hours)
}
