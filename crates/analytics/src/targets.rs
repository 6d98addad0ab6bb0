//! What is asked of an indicator: agreed, dated, by channel where it differs, with when it is an alert.

use chrono::{DateTime, Utc};
use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kpi::{Direction, Figure, Kpi, Standing, Unit};

kernel::words! {
    /// How long an interval is.
    KpiInterval {
        /// A half-hour.
        HalfHour = "half_hour",
        /// A day.
        Day = "day",
    }
}

/// What is asked of one indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KpiTarget {
    /// Which.
    pub kpi: Kpi,
    /// Only of this channel; null for all that have no row of their own.
    pub channel: Option<String>,
    /// What is asked, in the indicator's unit: basis points, milliseconds, a count.
    pub target: i64,
    /// Up to where, where it is to stay within two bounds.
    pub upper: Option<i64>,
    /// From here on it is told in amber though it is met: occupancy above 90 %.
    pub caution: Option<i64>,
    /// How long an interval is.
    pub interval: KpiInterval,
    /// After so many intervals in a row without it an alert is raised. 3 half-hours or 2 days unless agreed.
    pub intervals: u16,
    /// An interval with less below the line says nothing. 5 contacts of a half-hour unless agreed.
    pub least: u32,
    /// Alerts are raised.
    pub alerting: bool,
}

impl Rule for KpiTarget {
    const KIND: &'static str = "kpi_target";

    fn subject(&self) -> String {
        match &self.channel {
            None => self.kpi.as_str().to_owned(),
            Some(channel) => format!("{}/{channel}", self.kpi.as_str()),
        }
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        let definition = self.kpi.definition();
        let out = |field: &'static str, detail: &'static str| {
            Err(invalid(field, "kpi_target_out_of_range", detail))
        };
        let most = match definition.unit {
            Unit::BasisPoints => 20_000,
            Unit::Milliseconds => 30 * 86_400_000,
            Unit::Count | Unit::Hundredths => 1_000_000,
        };
        if !(0..=most).contains(&self.target) {
            return out(
                "rule.target",
                "not below nothing, and at most 200 %, 30 days or a million",
            );
        }
        if definition.direction == Direction::Within && self.upper.is_none_or(|to| to < self.target)
        {
            return out(
                "rule.upper",
                "it stays within two bounds: the upper one is missing",
            );
        }
        if definition.direction != Direction::Within && self.upper.is_some() {
            return out("rule.upper", "this indicator has one bound");
        }
        if !(1..=48).contains(&self.intervals) {
            return out("rule.intervals", "1 to 48");
        }
        if self
            .channel
            .as_ref()
            .is_some_and(|code| code.is_empty() || code.len() > 40)
        {
            return out("rule.channel", "the code of a channel, or null");
        }
        if self.interval == KpiInterval::HalfHour && !half_hourly(self.kpi) {
            return out("rule.interval", "this indicator is told by day");
        }
        Ok(())
    }
}

/// Whether an indicator is told by half-hour.
pub(crate) fn half_hourly(kpi: Kpi) -> bool {
    crate::kpi::ratio::is_summed(kpi)
        && !crate::kpi::ratio::is_of_tickets(kpi)
        && !matches!(kpi, Kpi::K17 | Kpi::K18 | Kpi::K19)
}

impl KpiTarget {
    /// Whether a figure is as asked, judged exactly.
    pub fn judge(&self, figure: &Figure) -> Standing {
        if figure.value.is_none() {
            return Standing::NoData;
        }
        let definition = self.kpi.definition();
        let scale = match definition.unit {
            Unit::BasisPoints => 10_000,
            Unit::Hundredths => 100,
            Unit::Milliseconds => 1,
            Unit::Count => {
                let met = match definition.direction {
                    Direction::AtLeast => figure.numerator >= self.target,
                    _ => figure.numerator <= self.target,
                };
                return if met { Standing::Met } else { Standing::Missed };
            }
        };
        let is = i128::from(figure.numerator) * scale;
        let asked = |bound: i64| i128::from(bound) * i128::from(figure.denominator);
        let met = match definition.direction {
            Direction::AtLeast => is >= asked(self.target),
            Direction::AtMost => is <= asked(self.target),
            Direction::Within => {
                is >= asked(self.target) && self.upper.is_none_or(|upper| is <= asked(upper))
            }
            Direction::Watched => return Standing::Watched,
        };
        if met { Standing::Met } else { Standing::Missed }
    }
}

/// The targets that hold at a time.
#[derive(Debug, Clone, Default)]
pub struct Targets(Vec<KpiTarget>);

impl Targets {
    /// What is asked of an indicator: of the channel, else of all.
    pub fn of(&self, kpi: Kpi, channel: Option<&str>) -> Option<&KpiTarget> {
        let of = |channel: Option<&str>| {
            self.0
                .iter()
                .find(|row| row.kpi == kpi && row.channel.as_deref() == channel)
        };
        of(channel).or_else(|| of(None))
    }

    /// All of them.
    pub fn all(&self) -> &[KpiTarget] {
        &self.0
    }
}

/// The targets in force.
pub async fn in_force(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Targets> {
    Ok(Targets(rule::in_force::<KpiTarget>(conn, at).await?))
}

organization::rule_doors! { crate::rights::ViewKpis;
    /// What is asked of indicators, and when it is an alert.
    kpi_targets: crate::targets::KpiTarget, "/api/v1/rules/kpi-targets", crate::rights::SetKpiTargets;
    /// By which published variant an indicator is counted.
    kpi_variants: crate::kpi::KpiVariant, "/api/v1/rules/kpi-variants", crate::rights::SetKpiTargets;
}
