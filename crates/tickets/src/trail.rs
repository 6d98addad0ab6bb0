//! What every case beside a ticket (escalation, instruction, emergency, incident) leaves behind: its time line,
//! and row by row who was told of it, when, by which way, and when it arrived.

use calendar::ServiceClock;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::machine::Moment;
use kernel::problem::Result;
use kernel::versioned::Versioned;
use kernel::{App, Audience, Tx};
use organization::Colleague;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sea_orm::{QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::people;
use crate::ticket::act;

/// Lines and notices shown with a case; a case that lives longer shows the last of them.
const SHOWN: u64 = 500;

/// The way that ends on a screen of the console.
pub const CONSOLE: &str = "console";

kernel::table! {
    mod line_row = "case_lines" (id: Uuid) {
        subject_kind: String,
        subject_id: Uuid,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        action: String,
        note: Option<String>,
    }
}

kernel::table! {
    /// Who was told of what, and when.
    pub mod notice_row = "case_notices" (id: Uuid) {
        subject_kind: String,
        subject_id: Uuid,
        user_id: Uuid,
        reason: String,
        way: String,
        made_at: DateTimeUtc,
        sent_at: Option<DateTimeUtc>,
        arrived_at: Option<DateTimeUtc>,
        acknowledged_at: Option<DateTimeUtc>,
    }
}

/// Somebody who does something to one case within one transaction, and writes it down.
pub(crate) struct Scribe<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    /// `escalation`, `instruction`, `emergency`, `incident`.
    pub kind: &'static str,
    pub id: Uuid,
}

/// The rules of a machine, as they stand in the tables.
pub(crate) trait InForce: Sized {
    /// Those in force at `at`.
    fn at(
        conn: &impl ConnectionTrait,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<Self>> + Send;
}

/// The present with its rules, for the steps of one transaction.
pub(crate) struct Present<R> {
    pub now: DateTime<Utc>,
    service: ServiceClock,
    pub rules: R,
}

impl<R: InForce> Present<R> {
    pub(crate) async fn read(app: &App, conn: &impl ConnectionTrait) -> Result<Self> {
        let now = app.clock.now();
        Ok(Self {
            now,
            service: act::service_clock(conn).await?,
            rules: R::at(conn, now).await?,
        })
    }

    pub(crate) fn moment(&self) -> Moment<'_, R> {
        Moment {
            now: self.now,
            service: &self.service,
            rules: &self.rules,
        }
    }
}

/// A case beside a ticket, as its time line and its hearers know it.
pub(crate) trait Subject: Versioned {
    /// `escalation`, `instruction`, `emergency`, `incident`.
    const KIND: &'static str;

    /// Identifies it.
    fn id(&self) -> Uuid;
    /// What events tell of it.
    fn facts(&self) -> Value;

    /// What screens are told of it.
    fn news(&self, what: &str) -> Value {
        let mut news = self.facts();
        news["id"] = json!(self.id());
        news["what"] = json!(what);
        news
    }

    /// Who writes down what is done to it.
    fn scribe<'a>(&self, app: &'a App, tx: &'a Tx, who: &'a Who) -> Scribe<'a> {
        Scribe {
            app,
            tx,
            who,
            kind: Self::KIND,
            id: self.id(),
        }
    }
}

impl Scribe<'_> {
    /// Time line, audit trail and event `{kind}.{action}`; texts stay out of the audit trail.
    pub(crate) async fn tell(&self, action: &str, note: Option<&str>, facts: Value) -> Result<()> {
        self.line(action, note).await?;
        let named = format!("{}.{action}", self.kind);
        let details = json!({ "state": facts["state"], "version": facts["version"] });
        audit::record(
            self.app, &**self.tx, self.who, &named, self.kind, self.id, details,
        )
        .await?;
        let mut facts = facts;
        facts["id"] = json!(self.id);
        facts["note"] = json!(note);
        facts["by"] = json!(self.who.user_id);
        facts["at"] = json!(self.app.clock.now());
        self.app
            .events
            .publish(self.tx, &named, self.id, facts)
            .await
    }

    /// A line of the time line and nothing else.
    pub(crate) async fn line(&self, action: &str, note: Option<&str>) -> Result<()> {
        let line = line_row::ActiveModel {
            id: Set(self.app.ids.next()),
            subject_kind: Set(self.kind.to_owned()),
            subject_id: Set(self.id),
            at: Set(self.app.clock.now()),
            who_id: Set(self.who.user_id),
            who_name: Set(self.who.name.clone()),
            action: Set(action.to_owned()),
            note: Set(note.map(str::to_owned)),
        };
        line_row::Entity::insert(line)
            .exec_without_returning(&**self.tx)
            .await?;
        Ok(())
    }

    /// Tells these people on their screens and keeps a row of each.
    pub(crate) async fn notify(
        &self,
        people: impl IntoIterator<Item = (Uuid, &str)>,
        reason: &str,
        live: Value,
    ) -> Result<()> {
        let people: Vec<(Uuid, &str)> = people.into_iter().collect();
        for (user, _) in people.iter().filter(|(_, way)| *way == CONSOLE) {
            self.live(Audience::User(*user), live.clone());
        }
        self.record(people, reason).await
    }

    /// Keeps a row of who is told by which way; what goes by the console is sent with the commit, other ways
    /// say when they have sent it.
    pub(crate) async fn record(
        &self,
        people: impl IntoIterator<Item = (Uuid, &str)>,
        reason: &str,
    ) -> Result<()> {
        let now = self.app.clock.now();
        let rows: Vec<notice_row::ActiveModel> = people
            .into_iter()
            .map(|(user, way)| notice_row::ActiveModel {
                id: Set(self.app.ids.next()),
                subject_kind: Set(self.kind.to_owned()),
                subject_id: Set(self.id),
                user_id: Set(user),
                reason: Set(reason.to_owned()),
                way: Set(way.to_owned()),
                made_at: Set(now),
                sent_at: Set((way == CONSOLE).then_some(now)),
                arrived_at: Set(None),
                acknowledged_at: Set(None),
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        notice_row::Entity::insert_many(rows)
            .exec_without_returning(&**self.tx)
            .await?;
        Ok(())
    }

    /// Tells the screens once it is on disk.
    pub(crate) fn live(&self, audience: Audience, data: Value) {
        self.app
            .live
            .publish_after(self.tx, audience, self.kind, data);
    }
}

/// One line of a case's time line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub who: String,
    /// `raised`, `promoted`, `answered` …
    pub action: String,
    /// What was said about it.
    pub note: Option<String>,
}

/// Somebody who was told of a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseNotice {
    /// Identifies it.
    pub id: Uuid,
    /// Whom.
    pub user_id: Uuid,
    /// The same by name.
    pub person: Option<Colleague>,
    /// Why: the action that was told, or the clock that ran out.
    pub reason: String,
    /// `console`, `sms`, `email`
    pub way: String,
    /// When it was to be told.
    pub made_at: DateTime<Utc>,
    /// When it left; null while it has not.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was shown to the person; null while there is no proof.
    pub arrived_at: Option<DateTime<Utc>>,
    /// When the person said that he has it.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// The time line of a case, the oldest line first.
pub(crate) async fn lines(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<CaseLine>> {
    let mut rows = line_row::Entity::find()
        .filter(line_row::Column::SubjectId.eq(subject))
        .order_by_desc(line_row::Column::At)
        .order_by_desc(line_row::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?;
    rows.reverse();
    let actors: Vec<Uuid> = rows.iter().filter_map(|row| row.who_id).collect();
    let people = organization::colleagues(conn, actors).await?;
    let lines = rows.into_iter().map(|row| CaseLine {
        at: row.at,
        who_id: row.who_id,
        who: people::acted(&people, row.who_id, row.who_name),
        action: row.action,
        note: row.note,
    });
    Ok(lines.collect())
}

/// Who was told of a case, the first first.
pub(crate) async fn notices(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<CaseNotice>> {
    let mut rows = notice_row::Entity::find()
        .filter(notice_row::Column::SubjectId.eq(subject))
        .order_by_desc(notice_row::Column::MadeAt)
        .order_by_desc(notice_row::Column::Id)
        .limit(SHOWN)
        .all(conn)
        .await?;
    rows.reverse();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.user_id).collect();
    let people = organization::colleagues(conn, ids).await?;
    let notices = rows.into_iter().map(|row| CaseNotice {
        id: row.id,
        user_id: row.user_id,
        person: people::one(&people, Some(row.user_id)),
        reason: row.reason,
        way: row.way,
        made_at: row.made_at,
        sent_at: row.sent_at,
        arrived_at: row.arrived_at,
        acknowledged_at: row.acknowledged_at,
    });
    Ok(notices.collect())
}
