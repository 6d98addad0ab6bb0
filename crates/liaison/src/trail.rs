//! What everything here leaves behind: its time line, the audit entry, the event, and the news to open screens. What
//! only one side may know yet reaches nobody of the other by any of these ways.

use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Role, Side, Tx};
use organization::trail::{Deed, Trail};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use organization::TrailLine;
pub(crate) use organization::colleagues::of_roles as holders;

use crate::rights::{HearPurchaserNews, HearSupplierNews};
use crate::side;

/// Lines of one side stand among those of both: they are written here.
const TRAIL: Trail = Trail {
    table: "liaison_lines",
    topic: "liaison",
    kept: &["state", "version", "sha256", "due_at", "file", "quantity"],
};

/// Who of the supplier writes and is written to.
pub(crate) const SUPPLIER: &[Role] = &[Role::OpsManager, Role::Liaison];
/// Who of the purchaser writes and is written to.
pub(crate) const PURCHASER: &[Role] = &[Role::PurchaserAdmin, Role::Counterpart];

kernel::table! {
    mod row = "liaison_lines" (id: Uuid) {
        subject_kind: String,
        subject_id: Uuid,
        side: Option<String>,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        action: String,
        note: Option<String>,
    }
}

/// Who may know of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Both sides.
    Both,
    /// One side, while it is its own matter still.
    Only(Side),
    /// The purchaser alone, and the audit trail tells nothing of what it is: an auditor may be the supplier's.
    Hidden,
}

impl Seen {
    fn side(self) -> Option<Side> {
        match self {
            Self::Both => None,
            Self::Only(side) => Some(side),
            Self::Hidden => Some(Side::Purchaser),
        }
    }
}

/// Somebody who does something to one subject within one transaction, and writes it down.
#[derive(Clone, Copy)]
pub(crate) struct Scribe<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    /// `letter`, `urgent_notice`, `site_change` …
    pub kind: &'static str,
    pub id: Uuid,
    pub seen: Seen,
}

impl<'a> Scribe<'a> {
    fn deed(&self) -> Deed<'a> {
        let &Self {
            app,
            tx,
            who,
            kind,
            id,
            ..
        } = self;
        Deed {
            app,
            tx,
            who,
            kind,
            id,
        }
    }

    /// Time line, audit trail, event `{kind}.{action}` and live news; texts stay out of the audit trail.
    pub(crate) async fn tell(&self, action: &str, note: Option<&str>, facts: Value) -> Result<()> {
        let now = self.app.clock.now();
        let line = row::ActiveModel {
            id: Set(self.app.ids.next()),
            subject_kind: Set(self.kind.to_owned()),
            subject_id: Set(self.id),
            side: Set(self.seen.side().map(|side| side::text(side).to_owned())),
            at: Set(now),
            who_id: Set(self.who.user_id),
            who_name: Set(self.who.name.clone()),
            action: Set(action.to_owned()),
            note: Set(note.filter(|note| !note.is_empty()).map(str::to_owned)),
        };
        row::Entity::insert(line)
            .exec_without_returning(&**self.tx)
            .await?;
        if self.seen == Seen::Hidden {
            return self.noted(action).await;
        }
        let kept = TRAIL.kept(&facts);
        self.deed().publish(action, kept, facts).await?;
        self.live(action);
        Ok(())
    }

    /// That somebody of the purchaser noted something, and nothing else; the same words for whatever is hidden.
    async fn noted(&self, action: &str) -> Result<()> {
        let id = audit::digest(self.app.key.bytes(), &self.id.to_string());
        let (what, kind) = ("supervision.noted", "supervision");
        audit::record(self.app, &**self.tx, self.who, what, kind, id, json!({})).await?;
        self.live(action);
        Ok(())
    }

    fn live(&self, action: &str) {
        let sides = match self.seen.side() {
            Some(side) => vec![side],
            None => vec![Side::Supplier, Side::Purchaser],
        };
        for side in sides {
            let audience = Audience::Permission(match side {
                Side::Purchaser => HearPurchaserNews::CODE,
                _ => HearSupplierNews::CODE,
            });
            self.deed().live("liaison", audience, action);
        }
    }
}

/// The desk of a side: who writes for it and is written to.
pub(crate) async fn desk(conn: &impl ConnectionTrait, side: Side) -> Result<Vec<Uuid>> {
    match side {
        Side::Purchaser => holders(conn, PURCHASER).await,
        _ => holders(conn, SUPPLIER).await,
    }
}

/// The desks of both sides.
pub(crate) async fn both_desks(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>> {
    let mut people = desk(conn, Side::Supplier).await?;
    people.extend(desk(conn, Side::Purchaser).await?);
    Ok(people)
}

/// The time line of a subject as one side may know it, the oldest line first.
pub(crate) async fn lines(
    conn: &impl ConnectionTrait,
    subject: Uuid,
    side: Side,
) -> Result<Vec<TrailLine>> {
    let known = Expr::col(row::Column::Side)
        .is_null()
        .or(Expr::col(row::Column::Side).eq(side::text(side)));
    organization::trail::lines(conn, &TRAIL, subject, Some(known)).await
}
