//! What is left behind by whoever does something to a case: a line of its time line, the audit entry, the event, and the
//! news to open screens, all in the transaction of the cause.
//!
//! A capability keeps its lines in a table of its own (`id, subject_kind, subject_id, at, who_id, who_name, action, note`)
//! and says what of an action's facts the audit trail keeps.

use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::Result;
use kernel::{App, Audience, Tx};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Order, Query};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::colleagues;

/// Lines shown with a case; one that lives longer shows the last of them.
const SHOWN: u64 = 200;

/// Where a capability's time lines stand, and what of them goes on.
#[derive(Debug)]
pub struct Trail {
    /// The table of the lines.
    pub table: &'static str,
    /// The kind of the live news.
    pub topic: &'static str,
    /// Facts that the audit trail keeps; never a text that people typed.
    pub kept: &'static [&'static str],
}

impl Trail {
    /// What the audit trail keeps of these facts.
    pub fn kept(&self, facts: &Value) -> Value {
        let kept = self.kept.iter();
        let kept = kept.filter_map(|fact| Some(((*fact).to_owned(), facts.get(fact)?.clone())));
        Value::Object(kept.collect::<Map<_, _>>())
    }
}

/// Somebody who does something to one subject within one transaction.
#[derive(Clone, Copy)]
pub struct Deed<'a> {
    /// The services.
    pub app: &'a App,
    /// The transaction.
    pub tx: &'a Tx,
    /// Who does it.
    pub who: &'a Who,
    /// `statement`, `letter` …
    pub kind: &'static str,
    /// The subject.
    pub id: Uuid,
}

impl Deed<'_> {
    /// All of it: time line, audit trail, event `{kind}.{action}`, and live news to each audience.
    pub async fn tell(
        &self,
        trail: &Trail,
        audiences: impl IntoIterator<Item = Audience>,
        (action, note): (&str, Option<&str>),
        facts: Value,
    ) -> Result<()> {
        self.line(trail, action, note).await?;
        let kept = trail.kept(&facts);
        self.publish(action, kept, facts).await?;
        for audience in audiences {
            self.live(trail.topic, audience, action);
        }
        Ok(())
    }

    /// The time line alone.
    pub async fn line(&self, trail: &Trail, action: &str, note: Option<&str>) -> Result<()> {
        let columns = [
            "id",
            "subject_kind",
            "subject_id",
            "at",
            "who_id",
            "who_name",
            "action",
            "note",
        ];
        let note = note.filter(|note| !note.is_empty());
        let values: [Expr; 8] = [
            self.app.ids.next().into(),
            self.kind.into(),
            self.id.into(),
            self.app.clock.now().into(),
            Expr::value(self.who.user_id),
            self.who.name.clone().into(),
            action.into(),
            Expr::value(note),
        ];
        let insert = Query::insert()
            .into_table(Alias::new(trail.table))
            .columns(columns)
            .values_panic(values)
            .to_owned();
        (**self.tx).execute(&insert).await?;
        Ok(())
    }

    /// Audit trail and event; `kept` is what the audit trail keeps.
    pub async fn publish(&self, action: &str, kept: Value, mut facts: Value) -> Result<()> {
        let Self {
            app, tx, who, kind, ..
        } = *self;
        let named = format!("{kind}.{action}");
        audit::record(app, &**tx, who, &named, kind, self.id, kept).await?;
        facts["id"] = json!(self.id);
        facts["by"] = json!(who.user_id);
        facts["at"] = json!(app.clock.now());
        app.events.publish(tx, &named, self.id, facts).await
    }

    /// Live news to one audience.
    pub fn live(&self, topic: &'static str, audience: Audience, action: &str) {
        let news = json!({ "kind": self.kind, "id": self.id, "what": action });
        self.app.live.publish_after(self.tx, audience, topic, news);
    }
}

/// One line of a time line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrailLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub who: String,
    /// `created`, `signed`, `confirmed` …
    pub action: String,
    /// What was said about it.
    pub note: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    at: DateTime<Utc>,
    who_id: Option<Uuid>,
    who_name: String,
    action: String,
    note: Option<String>,
}

/// The time line of a subject, the oldest line first; of the lines only those that `which` lets through.
pub async fn lines(
    conn: &impl ConnectionTrait,
    trail: &Trail,
    subject: Uuid,
    which: Option<Expr>,
) -> Result<Vec<TrailLine>> {
    let mut select = Query::select()
        .columns(["at", "who_id", "who_name", "action", "note"])
        .from(Alias::new(trail.table))
        .and_where(Expr::col("subject_id").eq(subject))
        .order_by("at", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(SHOWN)
        .to_owned();
    if let Some(which) = which {
        select.and_where(which);
    }
    let mut rows = Row::find_by_statement(conn.get_database_backend().build(&select))
        .all(conn)
        .await?;
    rows.reverse();
    let people = colleagues(conn, rows.iter().filter_map(|row| row.who_id)).await?;
    let lines = rows.into_iter().map(|row| {
        let name = row.who_id.and_then(|id| people.get(&id));
        TrailLine {
            at: row.at,
            who_id: row.who_id,
            who: name.map_or(row.who_name, |person| person.name.clone()),
            action: row.action,
            note: row.note,
        }
    });
    Ok(lines.collect())
}
