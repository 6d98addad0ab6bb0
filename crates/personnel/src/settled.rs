//! What who settles a period asks (A-58 … A-60): what pay and insurances lack, and who was on post without being shown
//! to be the supplier's own.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::problem::Result;
use kernel::{App, day};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::agreed;
use crate::post::store as posts;
use crate::qualification::{Finding, Item};
use crate::staff::store as staff;
use crate::wage::Month;
use crate::wage::facts::{self, Lack};

/// What a period lacks, each case in words: month, name, what.
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
        into.push(format!("{} {} {}", one.month, one.name, one.lack.as_str()));
    }
    Ok(lacks)
}

/// Who held a post from `from` to `until` and was, on his last day of them, not shown to be employed by the supplier:
/// each in words.
pub async fn foreign_employers(
    app: &App,
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<String>> {
    let mut last: BTreeMap<Uuid, NaiveDate> = BTreeMap::new();
    for row in posts::holdings(conn, Some(from)).await? {
        let days = row.days()?;
        if days.from > until {
            continue;
        }
        let end = days.until.map_or(until, |end| end.min(until));
        let known = last.entry(row.staff_id).or_insert(end);
        *known = end.max(*known);
    }
    let people = staff::by_ids(conn, last.keys().copied()).await?;
    let files: Vec<staff::row::Model> = people.into_values().collect();
    let known = staff::known(conn, &files).await?;
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let mut found = Vec::new();
    for file in &files {
        let (Some(known), Some(on)) = (known.get(&file.id), last.get(&file.id)) else {
            continue;
        };
        let findings = known.on(&rules, *on);
        let foreign = |finding: &&Finding| finding.item == Item::Employer && finding.blocks();
        if let Some(finding) = findings.iter().find(foreign) {
            let employer = finding.have_level.as_deref().unwrap_or_default();
            found.push(format!("{} {} {employer}", day::text(*on), file.name));
        }
    }
    found.sort();
    Ok(found)
}
