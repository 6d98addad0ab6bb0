//! The formulas (domain B.4), pure: from sums to what is above and below the line. Each K-xx that contacts and tickets
//! tell of stands here once.

use super::{Beside, Figure, Kpi, Unit};
use crate::facts::Sums;

/// What is above and below the line, and what is published beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Above the line.
    pub numerator: i64,
    /// Below it; 0 where there is nothing.
    pub denominator: i64,
    /// Beside it.
    pub beside: Vec<Beside>,
}

impl Ratio {
    /// Above and below.
    pub fn new(numerator: i64, denominator: i64) -> Self {
        Self {
            numerator,
            denominator,
            beside: Vec::new(),
        }
    }

    /// With something beside it, in basis points.
    #[must_use]
    pub fn beside(mut self, code: &str, numerator: i64, denominator: i64) -> Self {
        self.beside.push(Beside {
            code: code.to_owned(),
            numerator,
            denominator,
            value: divided(numerator, denominator, 10_000),
        });
        self
    }

    /// With a count beside it.
    #[must_use]
    pub fn counted(mut self, code: &str, count: i64) -> Self {
        self.beside.push(Beside {
            code: code.to_owned(),
            numerator: count,
            denominator: 0,
            value: Some(count),
        });
        self
    }

    /// As the figure of an indicator.
    pub(crate) fn figure(self, kpi: Kpi, variant: Option<&str>, rows_url: String) -> Figure {
        let value = match kpi.definition().unit {
            Unit::BasisPoints => divided(self.numerator, self.denominator, 10_000),
            Unit::Hundredths => divided(self.numerator, self.denominator, 100),
            Unit::Milliseconds => divided(self.numerator, self.denominator, 1),
            Unit::Count => (self.denominator > 0).then_some(self.numerator),
        };
        Figure {
            kpi,
            variant: variant.map(str::to_owned),
            numerator: self.numerator,
            denominator: self.denominator,
            value,
            beside: self.beside,
            rows_url,
        }
    }
}

/// Rounded down, as everywhere; nothing divided by nothing is nothing.
fn divided(numerator: i64, denominator: i64, times: i64) -> Option<i64> {
    if denominator <= 0 {
        return None;
    }
    let exact = i128::from(numerator) * i128::from(times) / i128::from(denominator);
    i64::try_from(exact).ok()
}

/// Time is divided by time: both are milliseconds, whatever the unit of the value.
pub fn is_of_time(kpi: Kpi) -> bool {
    matches!(kpi, Kpi::K11 | Kpi::K12 | Kpi::K13 | Kpi::K14)
}

/// The indicator of these sums; `None` where sums do not tell it. `open` is how many tickets were due on days that are
/// over and are not answered yet.
pub fn of_sums(kpi: Kpi, variant: Option<&str>, sums: &Sums, open: i64) -> Option<Ratio> {
    let ratio = match kpi {
        Kpi::K01 if variant == Some("without_short") => {
            Ratio::new(sums.answered, sums.offered - sums.short)
        }
        Kpi::K01 => Ratio::new(sums.answered, sums.offered),
        Kpi::K02 => Ratio::new(sums.in_time, sums.offered),
        Kpi::K03 => service_level(variant, sums),
        Kpi::K04 => Ratio::new(sums.abandoned, sums.offered)
            .beside("short_abandoned", sums.short, sums.offered)
            .beside("lost", sums.lost, sums.offered),
        Kpi::K05 => Ratio::new(sums.wait_ms, sums.answered),
        Kpi::K06 => Ratio::new(sums.ring_ms, sums.answered),
        Kpi::K07 => Ratio::new(sums.talk_ms, sums.handled),
        Kpi::K08 => Ratio::new(sums.acw_ms, sums.handled),
        Kpi::K09 => Ratio::new(sums.talk_ms + sums.hold_ms + sums.acw_ms, sums.handled),
        Kpi::K15 => Ratio::new(sums.response_ms, sums.responded),
        Kpi::K16 => Ratio::new(sums.accepted, sums.requested),
        Kpi::K17 => Ratio::new(sums.reply_ms, sums.replied)
            .beside("replied", sums.replied, sums.messages)
            .beside("within_24h", sums.replied_in_24h, sums.messages),
        Kpi::K18 => Ratio::new(sums.resolved, sums.resolvable),
        Kpi::K19 => {
            Ratio::new(sums.pleased, sums.rated).beside("response_rate", sums.rated, sums.asked)
        }
        Kpi::K20 => Ratio::new(sums.due_met, sums.due_met + sums.due_missed + open),
        Kpi::K21 => Ratio::new(sums.returned, sums.dispatched).beside(
            "accepted_returns",
            sums.returns_accepted,
            sums.returned,
        ),
        Kpi::K22 => Ratio::new(sums.reopened, sums.closed),
        _ => return None,
    };
    Some(ratio)
}

/// K-03 by its four published variants.
fn service_level(variant: Option<&str>, sums: &Sums) -> Ratio {
    let (answered, given_up) = (sums.answered, sums.abandoned);
    let (at, bt) = (sums.in_20, sums.abandoned_in_20);
    match variant {
        Some("1") => Ratio::new(at + bt, answered + given_up),
        Some("2") => Ratio::new(at, answered),
        Some("4") => Ratio::new(at, answered + (given_up - bt)),
        _ => Ratio::new(at, answered + given_up),
    }
}

/// Whether sums tell this indicator.
pub fn is_summed(kpi: Kpi) -> bool {
    of_sums(kpi, None, &Sums::default(), 0).is_some()
}

/// Whether it is told by tickets, which have no half-hour and no queue.
pub fn is_of_tickets(kpi: Kpi) -> bool {
    matches!(kpi, Kpi::K20 | Kpi::K21 | Kpi::K22)
}
