//! For whom somebody acts.

use kernel::{Principal, Side};

/// The side somebody acts for.
pub(crate) fn of(principal: &Principal) -> Side {
    let mut roles = principal.roles.iter();
    if roles.any(|role| role.side() == Side::Purchaser) {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}
