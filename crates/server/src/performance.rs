//! What the performance of agents is counted from, asked of the capabilities that measure it.

use std::collections::BTreeMap;

use analytics::kpi::ratio::is_summed;
use analytics::kpi::{By, Cut, Figure, Kpi, Period, figures, series};
use analytics::performance::{Indicators, Reading};
use chrono::{Days, NaiveDate};
use futures::future::BoxFuture;
use kernel::{App, Result, Role};
use learning::exam::store::attempt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;
use workforce::attendance::{AttendanceKind, period::in_force};

use crate::checked;

/// Tenths of a point that an evaluation has at most.
const FULL_TENTHS: i64 = 1_000;

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

    /// Points of the evaluations that became final in these days, of 100 each, in basis points.
    async fn quality(
        &self,
        (from, until): (NaiveDate, NaiveDate),
    ) -> Result<BTreeMap<Uuid, Reading>> {
        let period = Period::new(from, until)?;
        let conn = self.0.db.read();
        let mut sums: BTreeMap<Uuid, (i64, i64)> = BTreeMap::new();
        for row in quality::sums(conn, (period.begins(), period.ends()), None).await? {
            let sum = sums.entry(row.agent).or_default();
            sum.0 += row.tenths;
            sum.1 += FULL_TENTHS * row.evaluations;
        }
        Ok(shares(sums, "quality:evaluations"))
    }

    /// What an indicator of the registry says of each person.
    async fn kpi(
        &self,
        kpi: Kpi,
        (from, until): (NaiveDate, NaiveDate),
        people: &[Uuid],
    ) -> Result<BTreeMap<Uuid, Reading>> {
        let period = Period::new(from, until)?;
        let desk = checked::desk(&self.0);
        let mut found = Vec::new();
        if is_summed(kpi) {
            for point in series(&desk, &[kpi], By::Person, period, &Cut::all()).await? {
                found.push((point.key.parse().ok(), point.figures));
            }
        } else {
            // Once a month, and each is a question of its own to who measures it.
            for person in people {
                let told = figures(&desk, &[kpi], period, &Cut::of_person(*person)).await?;
                found.push((Some(*person), told));
            }
        }
        let reading = |(person, figures): (Option<Uuid>, Vec<Figure>)| {
            let figure = figures.into_iter().next()?;
            let reading = Reading {
                numerator: figure.numerator,
                denominator: figure.denominator,
                value: figure.value,
                source: format!("kpi:{}", kpi.as_str()),
            };
            Some((person?, reading))
        };
        Ok(found.into_iter().filter_map(reading).collect())
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
                "quality" => self.quality(days).await,
                code => match Kpi::parse(code) {
                    Some(kpi) => self.kpi(kpi, days, people).await,
                    None => Ok(BTreeMap::new()),
                },
            }
        })
    }
}
