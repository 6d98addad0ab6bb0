//! What WeChat's Official Account and WeChat Kefu have in common: signature and envelope, and calls with a token that
//! may have ended.

pub(crate) mod api;
pub mod envelope;
pub(crate) mod xml;
