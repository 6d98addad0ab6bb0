//! Continuity of the service: a plan for each scenario with owner, roles, steps and contact tree; drills at
//! least half-yearly; who stands by; what to do now; forms on paper for when nothing else works, and their later entry.
//!
//! Pure: a plan goes in, what is wrong with it comes out; a day goes in, the day of the next drill comes out.

pub mod http;
pub mod paper;
pub mod store;

use chrono::{Months, NaiveDate};
use kernel::problem::{Result, invalid};
use kernel::text::{must_be_name, needed};
use kernel::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Months between two drills of a plan, at most.
const BETWEEN_DRILLS: u32 = 6;
/// Roles, steps and contacts of one plan, at most.
const MOST: usize = 60;
/// The longest until the service is back, in minutes.
pub(crate) const LONGEST: i32 = 60 * 24 * 30;

words! {
    /// What may happen.
    ContinuityScenario {
        /// 人员缺勤
        StaffAbsence = "staff_absence",
        /// 系统故障
        SystemFailure = "system_failure",
        /// 线路中断、断网
        LineOutage = "line_outage",
        /// 断电
        PowerOutage = "power_outage",
        /// 工单平台故障
        PlatformFailure = "platform_failure",
        /// 话务激增
        Surge = "surge",
        /// 疫情
        Epidemic = "epidemic",
        /// 台风
        Typhoon = "typhoon",
        /// 泄密
        Leak = "leak",
    }
}

/// Who does what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContinuityRole {
    /// 总指挥、联络、技术 …
    pub name: String,
    /// Who has it.
    pub user_id: Option<Uuid>,
    /// What he answers for.
    pub duty: String,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContinuityStep {
    /// The name of the role that does it.
    pub role: String,
    /// What.
    pub what: String,
    /// Within so many minutes after it began.
    pub within_minutes: u32,
}

/// Somebody who is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContinuityContact {
    /// Who.
    pub name: String,
    /// The number of the office.
    pub phone: String,
    /// The name of who calls him; null for who is called first.
    pub called_by: Option<String>,
}

/// What a plan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContinuityPlanBody {
    /// Who does what.
    pub roles: Vec<ContinuityRole>,
    /// What is done, in this order.
    pub steps: Vec<ContinuityStep>,
    /// Who calls whom.
    pub contacts: Vec<ContinuityContact>,
}

impl ContinuityPlanBody {
    /// Says no to a plan that cannot be followed: a step nobody does, a contact nobody calls.
    pub fn check(&self) -> Result<()> {
        for (field, many) in [
            ("roles", self.roles.len()),
            ("steps", self.steps.len()),
            ("contacts", self.contacts.len()),
        ] {
            if !(1..=MOST).contains(&many) {
                return Err(invalid(field, "plan_size", "1 to 60 of each"));
            }
        }
        for role in &self.roles {
            must_be_name("roles", &role.name)?;
            needed("roles", &role.duty)?;
        }
        for step in &self.steps {
            needed("steps", &step.what)?;
            if !self.roles.iter().any(|role| role.name == step.role) {
                let detail = format!("no role `{}` does this step", step.role);
                return Err(invalid("steps", "plan_role_unknown", detail));
            }
        }
        if self
            .steps
            .windows(2)
            .any(|pair| pair[1].within_minutes < pair[0].within_minutes)
        {
            let detail = "a step is not done before the one that comes before it";
            return Err(invalid("steps", "plan_steps_disordered", detail));
        }
        for contact in &self.contacts {
            must_be_name("contacts", &contact.name)?;
            must_be_name("contacts", &contact.phone)?;
        }
        if !self.everybody_is_called() {
            let detail = "everybody is called by somebody who was called before, and nobody twice";
            return Err(invalid("contacts", "plan_contact_tree", detail));
        }
        Ok(())
    }

    /// From those who are called first everybody is reached, and no two have one name.
    pub fn everybody_is_called(&self) -> bool {
        let mut reached: Vec<&str> = Vec::new();
        loop {
            let next = self.contacts.iter().filter(|contact| {
                let caller = contact.called_by.as_deref();
                !reached.contains(&contact.name.as_str())
                    && caller.is_none_or(|caller| reached.contains(&caller))
            });
            let mut next: Vec<&str> = next.map(|contact| contact.name.as_str()).collect();
            if next.is_empty() {
                return reached.len() == self.contacts.len();
            }
            // Two of one name are one who is reached, and then somebody is missing.
            next.sort_unstable();
            next.dedup();
            reached.extend(next);
        }
    }
}

/// Until when the next drill is held: half a year after the last one, or after the plan was written.
pub fn next_drill(written: NaiveDate, last: Option<NaiveDate>) -> NaiveDate {
    let since = last.unwrap_or(written);
    since
        .checked_add_months(Months::new(BETWEEN_DRILLS))
        .unwrap_or(since)
}
