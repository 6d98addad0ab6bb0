//! What everything here leaves behind: its time line, the audit entry, the event, and the news to open screens.

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

use crate::rights::{ScoreEvaluations, ScoreForPurchaser};

/// Lines shown with a case; one that lives longer shows the last of them.
const SHOWN: u64 = 200;

kernel::table! {
    mod row = "quality_lines" (id: Uuid) {
        subject_kind: String,
        subject_id: Uuid,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        action: String,
        note: Option<String>,
    }
}

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
    /// Time line, audit trail, event `{kind}.{action}` and live news to who scores; texts stay out of the audit trail.
    pub(crate) async fn tell(&self, action: &str, note: Option<&str>, facts: Value) -> Result<()> {
        let now = self.app.clock.now();
        let line = row::ActiveModel {
            id: Set(self.app.ids.next()),
            subject_kind: Set(self.kind.to_owned()),
            subject_id: Set(self.id),
            at: Set(now),
            who_id: Set(self.who.user_id),
            who_name: Set(self.who.name.clone()),
            action: Set(action.to_owned()),
            note: Set(note.filter(|note| !note.is_empty()).map(str::to_owned)),
        };
        row::Entity::insert(line)
            .exec_without_returning(&**self.tx)
            .await?;
        let named = format!("{}.{action}", self.kind);
        let kept = [
            "state", "version", "number", "due_at", "tenths", "fatal", "seed", "drawn",
        ];
        let details = kept
            .iter()
            .filter_map(|fact| Some(((*fact).to_owned(), facts.get(fact)?.clone())));
        let details = Value::Object(details.collect());
        audit::record(
            self.app, &**self.tx, self.who, &named, self.kind, self.id, details,
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
        // Who scores may be scored himself, or complained about.
        for desk in [ScoreEvaluations::CODE, ScoreForPurchaser::CODE] {
            let news = json!({ "kind": self.kind, "id": self.id, "what": action });
            let audience = Audience::PermissionBut(desk, self.hidden.clone());
            self.app
                .live
                .publish_after(self.tx, audience, "quality", news);
        }
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

/// One line of a time line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QualityLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub who: String,
    /// `sampled`, `scored`, `released` …
    pub action: String,
    /// What was said about it.
    pub note: Option<String>,
}

/// The time line of a subject, the oldest line first.
pub(crate) async fn lines(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<QualityLine>> {
    let mut rows = row::Entity::find()
        .filter(row::Column::SubjectId.eq(subject))
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
        QualityLine {
            at: row.at,
            who_id: row.who_id,
            who: name.map_or(row.who_name, |person| person.name.clone()),
            action: row.action,
            note: row.note,
        }
    });
    Ok(lines.collect())
}
