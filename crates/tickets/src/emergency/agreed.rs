//! What is agreed about emergencies: their kinds, and by which ways whose holders hear of one. Rules as rows.

use chrono::{DateTime, Utc};
use kernel::problem::{Result, invalid};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{must_be_code, must_be_name};
use kernel::words;
use kernel::{Permission as _, Role, Tx};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rights::ViewEmergencies;
use crate::ticket::limits::must_be_within;

/// A kind of emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyCategory {
    /// `system_outage`
    pub code: String,
    /// 系统中断
    pub name: String,
    /// Its place among the others.
    pub position: u32,
    /// False: none is raised of this kind any more.
    pub active: bool,
}

impl Rule for EmergencyCategory {
    const KIND: &'static str = "emergency_category";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        must_be_code("rule.code", &self.code)?;
        must_be_name("rule.name", &self.name)?;
        must_be_within("rule.position", self.position, 1, 1_000)?;
        let mut others = beside.others.iter().filter(|other| other.active);
        if self.active && others.any(|other| other.name == self.name) {
            return Err(invalid(
                "rule.name",
                "name_taken",
                "another kind is called so",
            ));
        }
        if !self.active && others.next().is_none() {
            return Err(invalid(
                "rule.active",
                "category_is_needed",
                "without any kind no emergency could be raised",
            ));
        }
        Ok(())
    }
}

words! {
    /// How a notice reaches somebody.
    NoticeWay {
        /// The screen of the console.
        Console = "console",
        /// 邮件
        Email = "email",
        /// 短信
        Sms = "sms",
    }
}

/// That the holders of a role hear of emergencies by a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyWay {
    /// Whose holders.
    pub role: Role,
    /// How.
    pub way: NoticeWay,
    /// False: they do not hear of them so any more.
    pub active: bool,
}

impl Rule for EmergencyWay {
    const KIND: &'static str = "emergency_way";

    fn subject(&self) -> String {
        format!("{}/{}", self.role.as_str(), self.way.as_str())
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        let sees = |role: Role| ViewEmergencies::GRANTS.iter().any(|(may, _)| *may == role);
        if !sees(self.role) {
            return Err(invalid(
                "rule.role",
                "role_sees_no_emergencies",
                "who holds this role may not see emergencies",
            ));
        }
        // The console is the only way with proof of arrival: on each side somebody hears of it there.
        let proves = |way: &EmergencyWay| {
            way.active && way.way == NoticeWay::Console && way.role.side() == self.role.side()
        };
        if !proves(self) && !beside.others.iter().any(proves) {
            return Err(invalid(
                "rule.active",
                "way_is_needed",
                "on each side somebody must hear of emergencies on the console",
            ));
        }
        Ok(())
    }
}

/// The categories that hold at `at`, in their order, those out of use among them.
pub(crate) async fn categories(
    conn: &impl ConnectionTrait,
    at: DateTime<Utc>,
) -> Result<Vec<EmergencyCategory>> {
    let mut held = rule::in_force::<EmergencyCategory>(conn, at).await?;
    held.sort_by_key(|category| category.position);
    Ok(held)
}
