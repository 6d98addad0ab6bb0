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

use crate::rights::{ViewLeaks, ViewStaffing};

const TRAIL: Trail = Trail {
    table: "personnel_lines",
    topic: "staffing",
    kept: &[
        "state",
        "version",
        "item",
        "evidence_id",
        "post_id",
        "until",
        "authority",
        "persons_told",
        "suspect",
    ],
};

/// Who of the supplier is told.
pub(crate) const SUPPLIER: &[Role] = &[Role::OpsManager, Role::HrCompliance];
/// Who of the purchaser is told.
pub(crate) const PURCHASER: &[Role] = &[Role::PurchaserAdmin, Role::Counterpart];
/// Both sides see it.
pub(crate) const BOTH: &[Role] = &[
    Role::OpsManager,
    Role::HrCompliance,
    Role::PurchaserAdmin,
    Role::Counterpart,
];

/// Somebody who does something to one subject within one transaction, and writes it down.
#[derive(Clone, Copy)]
pub(crate) struct Scribe<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    /// `staff`, `replacement`, `demand`, `transition`, `recruitment_fee`, `leak`.
    pub kind: &'static str,
    pub id: Uuid,
}

impl Scribe<'_> {
    /// Time line, audit trail, event and live news.
    pub(crate) async fn tell(&self, action: &str, note: Option<&str>, facts: Value) -> Result<()> {
        self.tell_all_but(Vec::new(), action, note, facts).await
    }

    /// The same, and `hidden_from` hear no live news of it: whom a leak may be about.
    pub(crate) async fn tell_all_but(
        &self,
        hidden_from: Vec<Uuid>,
        action: &str,
        note: Option<&str>,
        facts: Value,
    ) -> Result<()> {
        let &Self {
            app,
            tx,
            who,
            kind,
            id,
        } = self;
        let may_see = if kind == "leak" {
            ViewLeaks::CODE
        } else {
            ViewStaffing::CODE
        };
        let deed = Deed {
            app,
            tx,
            who,
            kind,
            id,
        };
        let audience = [Audience::PermissionBut(may_see, hidden_from)];
        deed.tell(&TRAIL, audience, (action, note), facts).await
    }
}

/// The time line of a subject, the oldest line first.
pub(crate) async fn lines(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<TrailLine>> {
    organization::trail::lines(conn, &TRAIL, subject, None).await
}
