//! Why somebody hears, exports or sees in the clear what is personal: asked each time, written down each time.

use kernel::problem::{Result, invalid};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Longest reason in characters.
const LONGEST: usize = 200;

/// Why.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Reason {
    /// Why it is needed, 2 to 200 characters; it stands in the audit trail.
    #[serde(default)]
    pub reason: String,
}

/// The reason as it is written down; 422 without one.
pub(crate) fn reason_of(text: &str) -> Result<String> {
    let reason = kernel::text::checked("reason", text)?;
    if (2..=LONGEST).contains(&reason.chars().count()) {
        Ok(reason)
    } else {
        Err(invalid(
            "reason",
            "reason_needed",
            "say why in 2 to 200 characters",
        ))
    }
}
