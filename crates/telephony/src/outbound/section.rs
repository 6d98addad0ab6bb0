//! Sections that agents ask or leave calls to: a directory of numbers outside.

use kernel::Tx;
use kernel::problem::{Result, invalid};
use kernel::rule::{Beside, Rule};
use kernel::text::must_be_name;
use requesters::Number;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A section with its number. It is no requester: neither the hours nor the cap of calls to one number hold for it; those
/// of the agent and of everybody do, and it must be a number that may be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboundSection {
    /// Its number as it is dialled.
    pub number: String,
    /// What people call it: 考试科.
    pub name: String,
    /// False: it is not asked any more.
    pub active: bool,
}

impl OutboundSection {
    /// Whether this is its number.
    pub fn is(&self, number: &Number) -> bool {
        self.active && requesters::normalise(&self.number).as_ref() == Some(number)
    }
}

impl Rule for OutboundSection {
    const KIND: &'static str = "outbound_section";

    fn subject(&self) -> String {
        self.number.clone()
    }

    async fn check(&self, _tx: &Tx, _beside: &Beside<Self>) -> Result<()> {
        must_be_name("rule.name", &self.name)?;
        let known = requesters::normalise(&self.number);
        // One number, one row: as it is found again.
        if known.is_none_or(|known| known.text != self.number) {
            let detail = "digits only, as the number is dialled";
            return Err(invalid("rule.number", "bad_number", detail));
        }
        Ok(())
    }
}

organization::rule_doors! { crate::outbound::ViewOutbound;
    /// Sections that agents ask or leave calls to.
    outbound_sections: crate::outbound::section::OutboundSection, "/api/v1/rules/outbound-sections", crate::outbound::SetOutboundRules;
}
