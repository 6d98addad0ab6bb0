//! The full history of a ticket: one row for each field that changed, with before and after.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::Result;
use organization::Colleague;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect as _,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::row as ticket_row;
use super::viewer::Viewer;
use crate::people;

kernel::table! {
    mod row = "ticket_history" (id: Uuid) {
        ticket_id: Uuid,
        version: i64,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        who_name: String,
        action: String,
        field: Option<String>,
        before_value: Option<String>,
        after_value: Option<String>,
        note: Option<String>,
    }
}

/// One line of a ticket's history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HistoryLine {
    /// Identifies the line.
    pub id: Uuid,
    /// The version of the ticket that the change made; lines of one change share it.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; null for the system itself.
    pub who_id: Option<Uuid>,
    /// The person's name, or the part of the system.
    pub who: String,
    /// `drafted`, `opened`, `signed`, `transfer_offered` …, `contact_attached`, `alarm`.
    pub action: String,
    /// The field that changed; null when the action changed none.
    pub field: Option<String>,
    /// Its value before; of a person his name. Null where the viewer may not know it.
    pub before: Option<String>,
    /// Its value after; of a person his name. Null where the viewer may not know it.
    pub after: Option<String>,
    /// The user that `before` names.
    pub before_id: Option<Uuid>,
    /// The user that `after` names.
    pub after_id: Option<Uuid>,
    /// What was said about it: a reason, an opinion.
    pub note: Option<String>,
}

/// Whether anybody did anything to a ticket after `at`.
pub(crate) async fn changed_since(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<bool> {
    let later: Option<Uuid> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::At.gt(at))
        .filter(row::Column::Action.ne("alarm"))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(later.is_some())
}

/// When each of these tickets was closed for the first time, as far as it was.
pub async fn first_closings(
    conn: &impl ConnectionTrait,
    tickets: &[Uuid],
) -> Result<HashMap<Uuid, DateTime<Utc>>> {
    let lines: Vec<(Uuid, DateTime<Utc>)> = row::Entity::find()
        .select_only()
        .column(row::Column::TicketId)
        .column(row::Column::At)
        .filter(row::Column::TicketId.is_in(tickets.iter().copied()))
        .filter(row::Column::Field.eq("state"))
        .filter(row::Column::AfterValue.eq("closed"))
        .order_by_asc(row::Column::At)
        .into_tuple()
        .all(conn)
        .await?;
    let mut first = HashMap::new();
    for (ticket, at) in lines {
        first.entry(ticket).or_insert(at);
    }
    Ok(first)
}

/// A field before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    field: Option<&'static str>,
    before: Option<String>,
    after: Option<String>,
}

impl Change {
    /// A field that only the platform's side of a work order has.
    pub(crate) fn of(field: &'static str, before: Option<String>, after: Option<String>) -> Self {
        Self {
            field: Some(field),
            before,
            after,
        }
    }

    /// An act that changed no field.
    pub(crate) fn none() -> Self {
        Self {
            field: None,
            before: None,
            after: None,
        }
    }
}

/// What differs between two states of one ticket, in the words of the wire; `told` makes a line of its own
/// where something was said and no field changed.
pub(crate) fn changes(
    before: &ticket_row::Model,
    after: &ticket_row::Model,
    told: bool,
) -> Vec<Change> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let fields = |ticket: &ticket_row::Model| {
        [
            ("state", Some(ticket.state.clone())),
            ("request_type", ticket.request_type.clone()),
            ("matter", ticket.matter_code.clone()),
            ("section", ticket.section.clone()),
            ("priority", Some(ticket.priority.clone())),
            ("title", Some(ticket.title.clone())),
            ("summary", Some(ticket.summary.clone())),
            (INCIDENT_ADDRESS, ticket.incident_address.clone()),
            ("form", Some(ticket.form.to_string())),
            ("resolution", ticket.resolution.clone()),
            ("satisfaction", ticket.satisfaction.clone()),
            ("confidential", Some(ticket.confidential.to_string())),
            (
                "complained_agent",
                ticket.complained_agent_id.map(|id| id.to_string()),
            ),
            (
                "first_owner",
                ticket.first_owner_id.map(|id| id.to_string()),
            ),
            ("owner", Some(ticket.current_owner_id.to_string())),
            ("transfer_to", ticket.transfer_to.map(|id| id.to_string())),
            ("due_at", Some(time(ticket.due_at))),
        ]
    };
    let pairs = fields(before).into_iter().zip(fields(after));
    let mut changes: Vec<Change> = pairs
        .filter(|(before, after)| before != after)
        .map(|((field, before), (_, after))| Change {
            field: Some(field),
            before,
            after,
        })
        .collect();
    if changes.is_empty() && (told || before.life != after.life) {
        changes.push(Change::none());
    }
    changes
}

/// A line that tells of a call and of no field.
pub(crate) fn note(call: Uuid) -> Vec<Change> {
    vec![Change {
        after: Some(call.to_string()),
        ..Change::none()
    }]
}

/// One change of one ticket, to be written with others.
pub(crate) struct Told<'a> {
    pub ticket: &'a ticket_row::Model,
    pub action: &'static str,
    pub note: Option<String>,
    pub changes: Vec<Change>,
}

/// Writes the lines of one change; what was said about it stands with the first.
pub(crate) async fn write(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    ticket: &ticket_row::Model,
    (action, note): (&str, Option<&str>),
    changes: Vec<Change>,
) -> Result<()> {
    let lines = lines(app, who, ticket, (action, note), changes);
    insert(tx, lines.collect()).await
}

/// The same for many tickets, in a few statements.
pub(crate) async fn write_many(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    told: Vec<Told<'_>>,
) -> Result<()> {
    let lines = told.into_iter().flat_map(|one| {
        let action = (one.action, one.note.as_deref());
        lines(app, who, one.ticket, action, one.changes).collect::<Vec<_>>()
    });
    insert(tx, lines.collect()).await
}

fn lines<'a>(
    app: &'a App,
    who: &'a Who,
    ticket: &'a ticket_row::Model,
    (action, note): (&'a str, Option<&'a str>),
    changes: Vec<Change>,
) -> impl Iterator<Item = row::ActiveModel> + 'a {
    let at = app.clock.now();
    changes
        .into_iter()
        .enumerate()
        .map(move |(line, change)| row::ActiveModel {
            id: Set(app.ids.next()),
            ticket_id: Set(ticket.id),
            version: Set(ticket.version),
            at: Set(at),
            who_id: Set(who.user_id),
            who_name: Set(who.name.clone()),
            action: Set(action.to_owned()),
            field: Set(change.field.map(str::to_owned)),
            before_value: Set(change.before),
            after_value: Set(change.after),
            note: Set(note.filter(|_| line == 0).map(str::to_owned)),
        })
}

async fn insert(tx: &impl ConnectionTrait, lines: Vec<row::ActiveModel>) -> Result<()> {
    /// Rows of one statement.
    const AT_ONCE: usize = 500;
    for some in lines.chunks(AT_ONCE) {
        row::Entity::insert_many(some.to_vec())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

/// What was said with the last act of this kind.
pub(crate) async fn last_note(
    conn: &impl ConnectionTrait,
    ticket: Uuid,
    action: &str,
) -> Result<Option<String>> {
    let line = row::Entity::find()
        .filter(row::Column::TicketId.eq(ticket))
        .filter(row::Column::Action.eq(action))
        .filter(row::Column::Note.is_not_null())
        .order_by_desc(row::Column::At)
        .one(conn)
        .await?;
    Ok(line.and_then(|line| line.note))
}

/// One page of a ticket's history, the newest first; the caller has checked that `viewer` may see the ticket.
pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    ticket: &ticket_row::Model,
    query: &ListQuery,
) -> Result<Page<HistoryLine>> {
    let select = row::Entity::find().filter(row::Column::TicketId.eq(ticket.id));
    let page = paginate(
        conn,
        select,
        query,
        &[("at", row::Column::At)],
        row::Column::Id,
    )
    .await?;
    let people = page.items.iter().flat_map(row::Model::people);
    let known = organization::colleagues(conn, people.collect::<Vec<_>>()).await?;
    let may_know = viewer.may_know_requester(ticket);
    Ok(page.map(|line| line.shown(&known, may_know)))
}

/// The field that a confidential ticket hides with the person.
const INCIDENT_ADDRESS: &str = "incident_address";

/// The fields whose values are people.
const PEOPLE: &[&str] = &["complained_agent", "first_owner", "owner", "transfer_to"];

impl row::Model {
    fn person(&self, value: Option<&String>) -> Option<Uuid> {
        self.field
            .as_deref()
            .filter(|field| PEOPLE.contains(field))?;
        value?.parse().ok()
    }

    fn people(&self) -> impl Iterator<Item = Uuid> {
        let named = [
            self.person(self.before_value.as_ref()),
            self.person(self.after_value.as_ref()),
            self.who_id,
        ];
        named.into_iter().flatten()
    }

    fn shown(self, known: &HashMap<Uuid, Colleague>, may_know: bool) -> HistoryLine {
        let name = |id: Option<Uuid>| Some(known.get(&id?)?.name.clone());
        let open = may_know || self.field.as_deref() != Some(INCIDENT_ADDRESS);
        let before_id = self.person(self.before_value.as_ref());
        let after_id = self.person(self.after_value.as_ref());
        HistoryLine {
            id: self.id,
            version: self.version,
            at: self.at,
            who_id: self.who_id,
            who: people::acted(known, self.who_id, self.who_name),
            action: self.action,
            field: self.field,
            before: name(before_id).or(self.before_value.filter(|_| open)),
            after: name(after_id).or(self.after_value.filter(|_| open)),
            before_id,
            after_id,
            note: self.note,
        }
    }
}
