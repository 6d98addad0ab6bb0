//! What who settles a period asks (A-58 … A-60): what pay and insurances lack, and on which days somebody was on post
//! without being shown to be the supplier's own. When, and never who: that is for those who may see the files.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kernel::problem::Result;
use kernel::{App, day};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::agreed;
use crate::post::Holding;
use crate::post::store as posts;
use crate::qualification::Item;
use crate::staff::store as staff;
use crate::wage::Month;
use crate::wage::facts::{self, Lack};

/// What a period lacks: the month of each case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayLacks {
    /// Of the five insurances.
    pub insurance: Vec<String>,
    /// Of the wages.
    pub wages: Vec<String>,
}

/// What pay and insurances lack of the months that touch the days from `from` to `until`.
pub async fn pay_lacks(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<PayLacks> {
    let ready = facts::ready(conn, Month::of(from), Month::of(until)).await?;
    let mut lacks = PayLacks::default();
    for one in ready.missing {
        let into = match one.lack {
            Lack::InsuranceMissing
            | Lack::InsuranceUnproven
            | Lack::InsuranceUnpaid
            | Lack::InsuranceBaseLow => &mut lacks.insurance,
            _ => &mut lacks.wages,
        };
        into.push(one.month);
    }
    Ok(lacks)
}

/// The first day, from `from` to `until`, on which each of those who held a post was not shown to be employed by the
/// supplier. Each holding is looked at on its first and last day within them, and where an employment begins.
pub async fn foreign_employers(
    app: &App,
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<String>> {
    let mut on: BTreeMap<Uuid, BTreeSet<NaiveDate>> = BTreeMap::new();
    let mut held: BTreeMap<Uuid, Vec<Holding>> = BTreeMap::new();
    for row in posts::holdings(conn, Some(from)).await? {
        let days = row.days()?;
        if days.from > until {
            continue;
        }
        let end = days.until.map_or(until, |end| end.min(until));
        on.entry(row.staff_id)
            .or_default()
            .extend([days.from.max(from), end]);
        held.entry(row.staff_id).or_default().push(days);
    }
    let people = staff::by_ids(conn, on.keys().copied()).await?;
    let files: Vec<staff::row::Model> = people.into_values().collect();
    let known = staff::known(conn, &files).await?;
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let mut found = Vec::new();
    for (id, mut days) in on {
        let (Some(known), Some(held)) = (known.get(&id), held.get(&id)) else {
            continue;
        };
        let contracts = known.file.proofs.iter();
        let begin = contracts.filter(|proof| proof.item == Item::Employer);
        days.extend(begin.map(|proof| proof.on).filter(|day| {
            (from..=until).contains(day) && held.iter().any(|holding| holding.covers(*day))
        }));
        let foreign = |day: &NaiveDate| {
            let findings = known.on(&rules, *day);
            findings
                .iter()
                .any(|finding| finding.item == Item::Employer && finding.blocks())
        };
        found.extend(days.into_iter().find(foreign).map(day::text));
    }
    found.sort();
    Ok(found)
}
