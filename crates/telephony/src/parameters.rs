//! The parameters of telephony as shipped.

use chrono::DateTime;
use kernel::params::Shipped;

use crate::calls::keeping::CHECK_DAYS;
use crate::ladder::store::KEEP_DAYS;

/// Recorded at the first start; whoever runs the hotline replaces them.
pub(crate) fn shipped() -> Vec<Shipped> {
    let days = |key, value, note| Shipped {
        key,
        value,
        unit: "day",
        // Before any call of ours.
        effective_from: DateTime::UNIX_EPOCH,
        source_doc_no: "",
        source_url: "",
        note,
        confirm_before_use: false,
    };
    vec![
        days(KEEP_DAYS, "30", "SIP 信令保存天数，设计默认值"),
        days(CHECK_DAYS, "7", "录音完整性复核间隔，设计默认值"),
    ]
}
