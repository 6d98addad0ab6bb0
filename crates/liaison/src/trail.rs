//! What everything here leaves behind: its time line, the audit entry, the event, and the news to open screens. What
//! only one side may know yet reaches nobody of the other by any of these ways.

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Role, Side, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rights::{HearPurchaserNews, HearSupplierNews};
use crate::side;

/// Lines shown with a case; one that lives longer shows the last of them.
const SHOWN: u64 = 200;

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

impl Scribe<'_> {
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
        let named = format!("{}.{action}", self.kind);
        let kept = ["state", "version", "sha256", "due_at", "file", "quantity"];
        let details: serde_json::Map<String, Value> = kept
            .iter()
            .filter_map(|fact| Some(((*fact).to_owned(), facts.get(fact)?.clone())))
            .collect();
        audit::record(
            self.app,
            &**self.tx,
            self.who,
            &named,
            self.kind,
            self.id,
            Value::Object(details),
        )
        .await?;
        let mut facts = facts;
        facts["id"] = json!(self.id);
        facts["by"] = json!(self.who.user_id);
        facts["at"] = json!(now);
        self.app
            .events
            .publish(self.tx, &named, self.id, facts)
            .await?;
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
            let news = json!({ "kind": self.kind, "id": self.id, "what": action });
            self.app
                .live
                .publish_after(self.tx, audience, "liaison", news);
        }
    }
}

/// Everybody who holds one of these roles.
pub(crate) async fn holders(conn: &impl ConnectionTrait, roles: &[Role]) -> Result<Vec<Uuid>> {
    let mut people = Vec::new();
    for role in roles {
        let held = organization::colleagues::holders(conn, *role).await?;
        people.extend(held.into_iter().map(|person| person.id));
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
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

/// One line of a time line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiaisonLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub who: String,
    /// `created`, `signed`, `sent` …
    pub action: String,
    /// What was said about it.
    pub note: Option<String>,
}

/// The time line of a subject as one side may know it, the oldest line first.
pub(crate) async fn lines(
    conn: &impl ConnectionTrait,
    subject: Uuid,
    side: Side,
) -> Result<Vec<LiaisonLine>> {
    let known = Condition::any()
        .add(row::Column::Side.is_null())
        .add(row::Column::Side.eq(side::text(side)));
    let mut rows = row::Entity::find()
        .filter(row::Column::SubjectId.eq(subject))
        .filter(known)
        .order_by_desc(row::Column::At)
        .order_by_desc(row::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?;
    rows.reverse();
    let actors = rows.iter().filter_map(|row| row.who_id);
    let people = organization::colleagues(conn, actors).await?;
    let lines = rows.into_iter().map(|row| {
        let name = row.who_id.and_then(|id| people.get(&id));
        LiaisonLine {
            at: row.at,
            who_id: row.who_id,
            who: name.map_or(row.who_name, |person| person.name.clone()),
            action: row.action,
            note: row.note,
        }
    });
    Ok(lines.collect())
}
