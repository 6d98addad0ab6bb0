//! What the performance of agents is counted from, asked of the capabilities that measure it.

use std::collections::BTreeMap;

use analytics::performance::{Indicators, Reading};
use chrono::{Days, NaiveDate};
use futures::future::BoxFuture;
use kernel::{App, Result, Role};
use learning::exam::store::attempt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;
use workforce::attendance::{AttendanceKind, period::in_force};

/// Who measures what.
pub struct Measures(pub App);

impl Measures {
    /// Points of the exams that were told in these days, of all points, in basis points.
    async fn exams(
        &self,
        (from, until): (NaiveDate, NaiveDate),
        people: &[Uuid],
    ) -> Result<BTreeMap<Uuid, Reading>> {
        let (begins, ends) = (
            floor::day::day_begins(from),
            floor::day::day_begins(until + Days::new(1)),
        );
        let rows: Vec<(Uuid, Option<i32>, i32)> = attempt::Entity::find()
            .select_only()
            .column(attempt::Column::UserId)
            .column(attempt::Column::Points)
            .column(attempt::Column::Total)
            .filter(attempt::Column::UserId.is_in(people.iter().copied()))
            .filter(attempt::Column::ReleasedAt.gte(begins))
            .filter(attempt::Column::ReleasedAt.lt(ends))
            .into_tuple()
            .all(self.0.db.read())
            .await?;
        let mut sums: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
        for (person, points, total) in rows {
            if let Some(points) = points {
                let sum = sums.entry(person).or_default();
                sum.0 += i64::from(points);
                sum.1 += i64::from(total);
            }
        }
        Ok(shares(sums, "learning:exam_results"))
    }

    /// Minutes at the seat of the minutes of the days that both sides signed, in basis points; days of leave do not count.
    async fn attendance(
        &self,
        (from, until): (NaiveDate, NaiveDate),
        people: &[Uuid],
    ) -> Result<BTreeMap<Uuid, Reading>> {
        let kept = workforce::frozen(self.0.db.read(), from, until).await?;
        let mut sums: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
        for record in in_force(&kept) {
            let Some(person) = record.user_id.filter(|person| people.contains(person)) else {
                continue;
            };
            if record.kind == AttendanceKind::Leave || record.leave.is_some() {
                continue;
            }
            let sum = sums.entry(person).or_default();
            sum.0 += record.minutes.min(record.whole_minutes);
            sum.1 += record.whole_minutes;
        }
        Ok(shares(sums, "workforce:attendance_records"))
    }
}

fn shares(sums: BTreeMap<Uuid, (i64, i64)>, source: &str) -> BTreeMap<Uuid, Reading> {
    let readings = sums.into_iter().map(|(person, (part, whole))| {
        let reading = Reading {
            numerator: part,
            denominator: whole,
            value: (whole > 0).then(|| part * 10_000 / whole),
            source: source.to_owned(),
        };
        (person, reading)
    });
    readings.collect()
}

impl Indicators for Measures {
    fn agents(&self, _from: NaiveDate, _until: NaiveDate) -> BoxFuture<'_, Result<Vec<Uuid>>> {
        Box::pin(async move {
            let people = organization::colleagues::holders(self.0.db.read(), Role::Agent).await?;
            Ok(people.into_iter().map(|person| person.id).collect())
        })
    }

    fn readings<'a>(
        &'a self,
        indicator: &'a str,
        days: (NaiveDate, NaiveDate),
        people: &'a [Uuid],
    ) -> BoxFuture<'a, Result<BTreeMap<Uuid, Reading>>> {
        Box::pin(async move {
            match indicator {
                "exam" => self.exams(days, people).await,
                "attendance" => self.attendance(days, people).await,
                _ => Ok(BTreeMap::new()),
            }
        })
    }
}
