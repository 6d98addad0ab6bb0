//! What reports and their templates leave behind: the time line, the audit entry, the event, the news to open screens.

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::rights::Permission as _;
use kernel::{App, Audience, Role, Tx};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rights::ViewReports;

/// Lines shown with a report; one that lives longer shows the last of them.
const SHOWN: u64 = 200;
/// Facts that the audit trail keeps; texts stay out of it.
const KEPT: [&str; 6] = ["number", "revision", "state", "version", "due_at", "sha256"];

kernel::table! {
    mod row = "report_trail" (id: Uuid) {
        report_id: Uuid,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        action: String,
        note: Option<String>,
    }
}

/// Somebody who does something to a report within one transaction, and writes it down.
#[derive(Clone, Copy)]
pub(crate) struct Scribe<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    pub id: Uuid,
}

impl Scribe<'_> {
    /// Time line, audit trail, event `report.{action}` and live news.
    pub(crate) async fn tell(&self, action: &str, note: Option<&str>, facts: Value) -> Result<()> {
        let now = self.app.clock.now();
        let line = row::ActiveModel {
            id: Set(self.app.ids.next()),
            report_id: Set(self.id),
            at: Set(now),
            who_id: Set(self.who.user_id),
            who_name: Set(self.who.name.clone()),
            action: Set(action.to_owned()),
            note: Set(note.filter(|note| !note.is_empty()).map(str::to_owned)),
        };
        row::Entity::insert(line)
            .exec_without_returning(&**self.tx)
            .await?;
        let named = format!("report.{action}");
        let details: serde_json::Map<String, Value> = KEPT
            .iter()
            .filter_map(|fact| Some(((*fact).to_owned(), facts.get(fact)?.clone())))
            .collect();
        let details = Value::Object(details);
        audit::record(
            self.app, &**self.tx, self.who, &named, "report", self.id, details,
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
        let news = json!({ "id": self.id, "what": action });
        let audience = Audience::Permission(ViewReports::CODE);
        self.app
            .live
            .publish_after(self.tx, audience, "report", news);
        Ok(())
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

/// One line of a report's time line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportTrailLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub who: String,
    /// `drafted`, `edited`, `released` …
    pub action: String,
    /// What was said about it.
    pub note: Option<String>,
}

/// The time line of a report, the oldest line first.
pub(crate) async fn lines(
    conn: &impl ConnectionTrait,
    report: Uuid,
) -> Result<Vec<ReportTrailLine>> {
    let mut rows = row::Entity::find()
        .filter(row::Column::ReportId.eq(report))
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
        ReportTrailLine {
            at: row.at,
            who_id: row.who_id,
            who: name.map_or(row.who_name, |person| person.name.clone()),
            action: row.action,
            note: row.note,
        }
    });
    Ok(lines.collect())
}
