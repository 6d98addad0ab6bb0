//! What everything here leaves behind, and who is told.

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Tx};
use organization::trail::{Deed, Trail};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use organization::TrailLine;
pub(crate) use organization::colleagues::of_roles as holders;

use crate::rights::{ScoreEvaluations, ScoreForPurchaser};

const TRAIL: Trail = Trail {
    table: "quality_lines",
    topic: "quality",
    kept: &[
        "state", "version", "number", "due_at", "tenths", "fatal", "seed", "drawn",
    ],
};

/// Somebody who does something to one subject within one transaction, and writes it down.
#[derive(Clone)]
pub(crate) struct Scribe<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    /// `evaluation`, `corrective_action`, `calibration`, `score_card`, `sampling_draw`.
    pub kind: &'static str,
    pub id: Uuid,
    /// Whom it is about and who may not know of it.
    pub hidden: Vec<Uuid>,
}

impl Scribe<'_> {
    /// Time line, audit trail, event and live news.
    pub(crate) async fn tell(&self, action: &str, note: Option<&str>, facts: Value) -> Result<()> {
        let &Self {
            app,
            tx,
            who,
            kind,
            id,
            ..
        } = self;
        let deed = Deed {
            app,
            tx,
            who,
            kind,
            id,
        };
        // Who scores may be scored himself, or complained about.
        let desks = [ScoreEvaluations::CODE, ScoreForPurchaser::CODE];
        let audiences = desks.map(|desk| Audience::PermissionBut(desk, self.hidden.clone()));
        deed.tell(&TRAIL, audiences, (action, note), facts).await
    }
}

/// The time line of a subject, the oldest line first.
pub(crate) async fn lines(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<TrailLine>> {
    organization::trail::lines(conn, &TRAIL, subject, None).await
}
