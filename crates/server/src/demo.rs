//! `--demo`: what makes the product speak on one machine with nothing done by hand.

/// Settings that the demo has instead of the defaults: a folder of its own, this machine's phones as the
/// trunk, a line that is always open.
pub const DEFAULTS: &str = r#"
data_dir = "data/demo"

[service]
name = "首接热线（演示）"
always_open = true

[sip]
trunks = ["127.0.0.0/8", "::1/128"]
"#;
