//! What everything here leaves behind, and who is told.

use kernel::audit::Who;
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Role, Tx};
use organization::trail::{Deed, Trail};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use organization::TrailLine;
pub(crate) use organization::colleagues::of_roles as holders;

use crate::rights::ViewSettlement;

const TRAIL: Trail = Trail {
    table: "settlement_trail",
    topic: "settlement",
    kept: &[
        "state",
        "version",
        "sha256",
        "total_fen",
        "due_at",
        "number",
    ],
};

/// Who of the supplier is told.
pub(crate) const SUPPLIER: &[Role] = &[Role::OpsManager];
/// Who of the purchaser is told.
pub(crate) const PURCHASER: &[Role] = &[Role::PurchaserReviewer, Role::PurchaserAdmin];
/// Who of the supplier checks a statement before it is submitted.
pub(crate) const CHECKERS: &[Role] = &[Role::HrCompliance, Role::Liaison];
/// Who of the purchaser signs attendance.
pub(crate) const SIGNERS: &[Role] = &[Role::Counterpart, Role::PurchaserAdmin];
/// Both sides are told.
pub(crate) const BOTH: &[Role] = &[
    Role::OpsManager,
    Role::PurchaserReviewer,
    Role::PurchaserAdmin,
];

/// Somebody who does something to one subject within one transaction, and writes it down.
#[derive(Clone, Copy)]
pub(crate) struct Scribe<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    /// `service_contract`, `price_proposal`, `attendance_sheet`, `statement`, `adjustment`.
    pub kind: &'static str,
    pub id: Uuid,
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
        } = self;
        let deed = Deed {
            app,
            tx,
            who,
            kind,
            id,
        };
        let audience = [Audience::Permission(ViewSettlement::CODE)];
        deed.tell(&TRAIL, audience, (action, note), facts).await
    }
}

/// The time line of a subject, the oldest line first.
pub(crate) async fn lines(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<TrailLine>> {
    organization::trail::lines(conn, &TRAIL, subject, None).await
}
