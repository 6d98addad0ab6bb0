//! Prompts: what callers hear from the system. Embedded in the binary, replaceable file by file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A piece of sound, A-law at 8 kHz. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt(Arc<[u8]>);

/// All prompts, loaded once.
#[derive(Debug, Clone)]
pub struct Prompts {
    by_name: Arc<HashMap<&'static str, Prompt>>,
}
