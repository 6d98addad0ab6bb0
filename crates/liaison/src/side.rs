//! The two sides of the contract, as rows and people have them.

use kernel::{Principal, Side};

/// As it is kept.
pub(crate) fn text(side: Side) -> &'static str {
    match side {
        Side::Purchaser => "purchaser",
        _ => "supplier",
    }
}

/// The side of a row.
pub(crate) fn read(text: &str) -> Side {
    if text == "purchaser" {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}

/// The side somebody acts for.
pub(crate) fn of(principal: &Principal) -> Side {
    let purchaser = principal
        .roles
        .iter()
        .any(|role| role.side() == Side::Purchaser);
    if purchaser {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}

/// The other one.
pub(crate) fn other(side: Side) -> Side {
    match side {
        Side::Purchaser => Side::Supplier,
        _ => Side::Purchaser,
    }
}
