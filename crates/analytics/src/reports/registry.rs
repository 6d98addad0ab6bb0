//! The figures of reports as the registry counts them: the same doors that the dashboards ask.

use chrono::{Days, NaiveDate};
use futures::future::BoxFuture;
use kernel::problem::{Result, internal};

use super::numbers::{
    Along, Counted, FigureStanding, FigureUnit, Indicator, Numbers, ReportTopic, Step,
};
use crate::Desk;
use crate::kpi::http::{KpiFigure, counted, told};
use crate::kpi::ratio::{is_of_tickets, is_of_time, is_summed};
use crate::kpi::{By, Cut, Direction, Kpi, Period, Standing, Unit, variant};
use crate::targets;
use crate::topics::TopicClass;
use crate::topics::store::published;

/// The registry of indicators.
pub struct Registry(pub Desk);

/// Topics are counted for each matter, not of a period.
fn is_of_a_period(kpi: Kpi) -> bool {
    !matches!(kpi, Kpi::K26 | Kpi::K27)
}

fn unit(unit: Unit) -> FigureUnit {
    match unit {
        Unit::BasisPoints => FigureUnit::BasisPoints,
        Unit::Milliseconds => FigureUnit::Milliseconds,
        Unit::Count => FigureUnit::Count,
        Unit::Hundredths => FigureUnit::Hundredths,
    }
}

fn wanted(codes: &[String]) -> Result<Vec<Kpi>> {
    let known = |code: &String| {
        Kpi::parse(code).ok_or_else(|| internal(format!("no indicator is called {code}")))
    };
    codes.iter().map(known).collect()
}

fn way(along: Along) -> Result<By> {
    Ok(match along {
        Along::Day => By::Day,
        Along::HalfHour => By::HalfHour,
        Along::Person => By::Person,
        Along::Channel => By::Channel,
        Along::Queue => By::Queue,
        Along::Matter => By::Matter,
        Along::Month => return Err(internal("months are asked one by one")),
    })
}

/// Along what an indicator goes: what contacts and tickets do not tell goes along days only.
fn ways(kpi: Kpi) -> Vec<Along> {
    use Along as A;
    if !is_summed(kpi) {
        return vec![A::Day];
    }
    if is_of_tickets(kpi) {
        return vec![A::Day, A::Person, A::Channel, A::Matter];
    }
    vec![
        A::Day,
        A::HalfHour,
        A::Person,
        A::Channel,
        A::Queue,
        A::Matter,
    ]
}

fn figure(held: &KpiFigure) -> Counted {
    Counted {
        code: held.figure.kpi.as_str().to_owned(),
        numerator: held.figure.numerator,
        denominator: held.figure.denominator,
        value: held.figure.value,
        of_time: is_of_time(held.figure.kpi),
        standing: match held.standing {
            Standing::Met => FigureStanding::Met,
            Standing::Missed => FigureStanding::Missed,
            Standing::Watched => FigureStanding::Watched,
            Standing::NoData => FigureStanding::NoData,
        },
    }
}

/// What is asked, in words.
fn asked(direction: Direction, unit: FigureUnit, target: i64, upper: Option<i64>) -> String {
    let target = unit.shown(Some(target));
    match (direction, upper) {
        (Direction::AtLeast, _) => format!("≥ {target}"),
        (Direction::AtMost, _) => format!("≤ {target}"),
        (Direction::Within, Some(upper)) => format!("{target}–{}", unit.shown(Some(upper))),
        _ => target,
    }
}

impl Numbers for Registry {
    fn indicators(&self, on: NaiveDate) -> BoxFuture<'_, Result<Vec<Indicator>>> {
        Box::pin(async move {
            let app = &self.0.app;
            let at = app.clock.now().min(Period::day(on).ends());
            let targets = targets::in_force(app.db.read(), at).await?;
            let variants = variant::in_force(app.db.read(), at).await?;
            let all = Kpi::ALL.iter().copied().filter(|kpi| is_of_a_period(*kpi));
            let one = |kpi: Kpi| {
                let held = kpi.definition();
                let unit = unit(held.unit);
                let target = targets.of(kpi, None);
                let (formula, formula_en) = held.formulas(variants.of(kpi));
                Indicator {
                    code: kpi.as_str().to_owned(),
                    number: kpi.number(),
                    name: held.zh.to_owned(),
                    name_en: held.en.to_owned(),
                    unit,
                    formula,
                    formula_en,
                    base: held.denominator_zh.to_owned(),
                    target: target.map(|target| target.target),
                    target_shown: target.map_or_else(String::new, |target| {
                        asked(held.direction, unit, target.target, target.upper)
                    }),
                    alongs: ways(kpi),
                }
            };
            Ok(all.map(one).collect())
        })
    }

    fn figures(
        &self,
        codes: Vec<String>,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, Result<Vec<Counted>>> {
        Box::pin(async move {
            let period = Period::new(from, until)?;
            let found = counted(&self.0, &wanted(&codes)?, period, &Cut::all()).await?;
            Ok(found.items.iter().map(figure).collect())
        })
    }

    fn series(
        &self,
        codes: Vec<String>,
        along: Along,
        from: NaiveDate,
        until: NaiveDate,
    ) -> BoxFuture<'_, Result<Vec<Step>>> {
        Box::pin(async move {
            let period = Period::new(from, until)?;
            let by = way(along)?;
            let found = told(&self.0, &wanted(&codes)?, by, period, &Cut::all()).await?;
            let steps = found.items.into_iter().map(|point| Step {
                label: point.label.unwrap_or_else(|| match point.key.as_str() {
                    "" => "（未归属）".to_owned(),
                    key => key.to_owned(),
                }),
                key: point.key,
                figures: point.figures.iter().map(figure).collect(),
            });
            Ok(steps.collect())
        })
    }

    fn topics(
        &self,
        from: NaiveDate,
        until: NaiveDate,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<ReportTopic>>> {
        Box::pin(async move {
            let conn = self.0.app.db.read();
            let all = published(conn, (from, until + Days::new(1))).await?;
            let kinds = [("热点", TopicClass::Hard), ("难点", TopicClass::Hot)];
            let mut told = Vec::new();
            for (kind, other) in kinds {
                let these = all.iter().filter(|topic| topic.class != other).take(most);
                told.extend((1..).zip(these).map(|(rank, topic)| ReportTopic {
                    kind: kind.to_owned(),
                    rank,
                    title: topic.name.clone(),
                    contacts: topic.count,
                    measure: topic.suggestion.clone(),
                }));
            }
            Ok(told)
        })
    }
}
