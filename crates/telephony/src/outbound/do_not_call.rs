//! Who does not want to be called (免打扰名单, A-29). An entry holds until it is struck off or its time is over; a lead
//! may permit one agent one call about a ticket all the same, with a reason.

pub mod http;
pub mod store;

use kernel::words;

/// The purpose for which a call may be permitted.
pub const PERMITTED_FOR: &str = "case_work";

words! {
    /// Where an entry stands.
    State {
        /// 生效
        InForce = "in_force",
        /// 已解除
        Lifted = "lifted",
    }
}
