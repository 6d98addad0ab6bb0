//! Effective-dated parameters: laws and limits are rows with a source, never constants.

use crate::{Clock, Db};

/// Reads parameter rows.
#[derive(Clone)]
pub struct Params {
    #[expect(dead_code, reason = "used by the reader")]
    db: Db,
    #[expect(dead_code, reason = "used by the reader")]
    clock: Clock,
}

impl Params {
    /// Over this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }
}
