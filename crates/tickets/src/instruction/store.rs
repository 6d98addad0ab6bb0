//! The rows of 请示 and 报告, and what follows from each step.

use chrono::{DateTime, Datelike as _, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Role, Scope, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Kind, State, Terms};
use crate::ticket::history;
use crate::ticket::note::{self, NoteKind};
use crate::ticket::store::row as ticket_row;
use crate::trail::{CONSOLE, InForce, Present, Subject};
use crate::{section, terms};

kernel::table! {
    /// One document. What the rules see of it is a [`Case`].
    pub mod row = "instructions" (id: Uuid) {
        number: Option<String>,
        kind: String,
        matter_code: String,
        section: Option<String>,
        ticket_id: Option<Uuid>,
        call_id: Option<Uuid>,
        title: String,
        body: String,
        author_id: Uuid,
        state: String,
        open: bool,
        due_at: Option<DateTimeUtc>,
        rule_id: Option<String>,
        reminders: i32,
        returned_for: Option<String>,
        reply: Option<String>,
        replied_by: Option<Uuid>,
        replied_at: Option<DateTimeUtc>,
        submitted_at: Option<DateTimeUtc>,
        closed_at: Option<DateTimeUtc>,
        created_at: DateTimeUtc,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

impl row::Model {
    /// What it is called: its number, or its title while it has none.
    pub fn name(&self) -> &str {
        self.number.as_deref().unwrap_or(&self.title)
    }

    /// The document as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let invalid = || internal(format!("document {} has no valid state", self.id));
        Ok(Case {
            kind: Kind::parse(&self.kind).ok_or_else(invalid)?,
            state: State::parse(&self.state).ok_or_else(invalid)?,
            due_at: self.due_at,
            rule_id: self.rule_id.clone(),
            alarm_at: self.next_alarm_at,
            reminders: u32::try_from(self.reminders).map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.rule_id.clone_from(&case.rule_id);
        self.next_alarm_at = case.alarm_at;
        self.reminders = case.reminders as i32;
        self
    }
}

impl InForce for Terms {
    async fn at(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            submit: terms::rule(conn, "instruction.resubmit", at).await?,
            reply: terms::rule(conn, "instruction.reply", at).await?,
            receipt: terms::rule(conn, "instruction.receipt", at).await?,
            close: terms::rule(conn, "instruction.close", at).await?,
        })
    }
}

/// What a list of documents may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `instruction_request` or `report`.
    pub kind: Option<String>,
    /// `draft`, `submitted`, `returned`, `replied`, `received` or `closed`.
    pub state: Option<String>,
    /// Only those that somebody owes a step on, or only those that are over.
    pub open: Option<bool>,
    /// Only those addressed to this section; `leader` for its leader.
    pub section: Option<String>,
    /// Only those about this ticket.
    pub ticket: Option<Uuid>,
    /// Only those that were written in this call.
    pub call: Option<Uuid>,
    /// Only those whose next step is due at or before.
    pub due_before: Option<DateTime<Utc>>,
}

/// The word for the purchaser's leader where a section is asked for.
pub(crate) const LEADER: &str = "leader";

/// The documents somebody may see: with `Own` those he wrote; a draft is seen by the supplier only.
pub(crate) fn visible(scope: &Scope, purchaser: bool) -> Select<row::Entity> {
    let select = row::Entity::find();
    let select = if purchaser {
        select.filter(Column::State.ne(State::Draft.as_str()))
    } else {
        select
    };
    match scope {
        Scope::All => select,
        Scope::Own(user) => select.filter(Column::AuthorId.eq(*user)),
        Scope::Queues(_) => select.filter(Column::Id.is_null()),
    }
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    (scope, purchaser): (&Scope, bool),
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let text = |column: Column, value: &Option<String>| {
        value.as_ref().map(|value| column.eq(value.as_str()))
    };
    let section = filter.section.as_deref().map(|code| match code {
        LEADER => Column::Section.is_null(),
        code => Column::Section.eq(code),
    });
    let all = Condition::all()
        .add_option(text(Column::Kind, &filter.kind))
        .add_option(text(Column::State, &filter.state))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(section)
        .add_option(filter.ticket.map(|ticket| Column::TicketId.eq(ticket)))
        .add_option(filter.call.map(|call| Column::CallId.eq(call)))
        .add_option(filter.due_before.map(|at| Column::DueAt.lte(at)))
        .add_option(query.words_in(&[Column::Number, Column::Title, Column::Body])?);
    let select = visible(scope, purchaser).filter(all);
    let sortable = [("created_at", Column::CreatedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    (scope, purchaser): (&Scope, bool),
    id: Uuid,
) -> Result<row::Model> {
    visible(scope, purchaser)
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("document"))
}

/// What a document says.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub matter: String,
    pub section: Option<String>,
    pub ticket_id: Option<Uuid>,
    pub call_id: Option<Uuid>,
    pub title: String,
    pub body: String,
}

/// Writes a draft.
pub(crate) async fn draft(
    app: &App,
    tx: &Tx,
    who: &Who,
    author: Uuid,
    (kind, text): (Kind, Text),
) -> Result<row::Model> {
    let present = Present::<Terms>::read(app, &**tx).await?;
    let (now, moment) = (present.now, present.moment());
    let document = row::Model {
        id: app.ids.next(),
        number: None,
        kind: kind.as_str().to_owned(),
        matter_code: text.matter,
        section: text.section,
        ticket_id: text.ticket_id,
        call_id: text.call_id,
        title: text.title,
        body: text.body,
        author_id: author,
        state: String::new(),
        open: true,
        due_at: None,
        rule_id: None,
        reminders: 0,
        returned_for: None,
        reply: None,
        replied_by: None,
        replied_at: None,
        submitted_at: None,
        closed_at: None,
        created_at: now,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::draft(kind, &moment));
    versioned::insert(&**tx, &document).await?;
    let scribe = document.scribe(app, tx, who);
    scribe.tell("drafted", None, document.facts()).await?;
    Ok(document)
}

/// Does `action` to a document as it was read; `more` writes what the rules do not know of.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (note, more): (Option<&str>, impl FnOnce(&mut row::Model)),
) -> Result<row::Model> {
    let present = Present::<Terms>::read(app, &**tx).await?;
    let (now, moment) = (present.now, present.moment());
    let case = before
        .case()?
        .next(action, &moment)
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone().with_case(&case);
    match action {
        Action::Submit => {
            if after.number.is_none() {
                after.number = Some(next_number(&**tx, case.kind, now).await?);
            }
            after.submitted_at = Some(now);
            after.returned_for = None;
        }
        Action::Return => after.returned_for = note.map(str::to_owned),
        Action::Reply | Action::Receive => {
            after.reply = note.map(str::to_owned);
            after.replied_by = who.user_id;
            after.replied_at = Some(now);
        }
        Action::Close => after.closed_at = Some(now),
        Action::Edit | Action::Lapse => {}
    }
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    let what = code(*action);
    let scribe = after.scribe(app, tx, who);
    scribe.tell(what, note, after.facts()).await?;
    if *action == Action::Reply {
        keep_with_ticket(app, tx, who, &after).await?;
    }
    let people = match action {
        Action::Submit => addressees(app, &**tx, &after).await?,
        Action::Return | Action::Reply | Action::Receive => vec![after.author_id],
        Action::Lapse => {
            let mut people = silent(app, &**tx, &after).await?;
            if after.state == State::Submitted.as_str() {
                // silence on what was submitted is the operations manager's to hear.
                let managers = organization::colleagues::holders(&**tx, Role::OpsManager).await?;
                people.extend(managers.into_iter().map(|person| person.id));
            }
            people.sort_unstable();
            people.dedup();
            people
        }
        Action::Edit | Action::Close => Vec::new(),
    };
    let people = people.into_iter().map(|person| (person, CONSOLE));
    scribe.notify(people, what, after.news(what)).await?;
    Ok(after)
}

/// The word for an action in time line, audit trail and events.
fn code(action: Action) -> &'static str {
    match action {
        Action::Edit => "edited",
        Action::Submit => "submitted",
        Action::Return => "returned",
        Action::Reply => "replied",
        Action::Receive => "received",
        Action::Close => "closed",
        Action::Lapse => "overdue",
    }
}

/// `请示〔2026〕3号`: counted anew each year in Guangzhou, without gaps, for each kind by itself.
async fn next_number(tx: &impl ConnectionTrait, kind: Kind, now: DateTime<Utc>) -> Result<String> {
    let year = section::today(now).year();
    let count = numbers::next_many(tx, format!("{}:{year}", kind.as_str()), 1).await?;
    let word = match kind {
        Kind::InstructionRequest => "请示",
        Kind::Report => "报告",
    };
    Ok(format!("{word}〔{year}〕{count}号"))
}

/// The binding reply stands with the ticket and in its history.
async fn keep_with_ticket(app: &App, tx: &Tx, who: &Who, document: &row::Model) -> Result<()> {
    let Some(ticket) = document.ticket_id else {
        return Ok(());
    };
    let ticket = ticket_row::Entity::find_by_id(ticket)
        .one(&**tx)
        .await?
        .ok_or_else(|| internal("the ticket of a document is gone"))?;
    let reply = document.reply.as_deref().unwrap_or_default();
    let said = format!("{}：{reply}", document.name());
    note::write(app, tx, who, ticket.id, NoteKind::Instruction, said.clone()).await?;
    let told = ("instruction_replied", Some(said.as_str()));
    let changes = vec![history::Change::none()];
    history::write(app, &**tx, who, &ticket, told, changes).await?;
    Ok(())
}

/// Whom a document is for: those on duty in its section, else every business section; the administrators of the
/// purchaser stand for its leader.
async fn addressees(
    app: &App,
    conn: &impl ConnectionTrait,
    document: &row::Model,
) -> Result<Vec<Uuid>> {
    let role = match &document.section {
        Some(code) => {
            let today = section::today(app.clock.now());
            let here = section::store::on_duty(conn, code, today).await?;
            if !here.is_empty() {
                return Ok(here);
            }
            Role::PurchaserBusiness
        }
        None => Role::PurchaserAdmin,
    };
    let people = organization::colleagues::holders(conn, role).await?;
    Ok(people.into_iter().map(|person| person.id).collect())
}

/// Who did not do what was due.
async fn silent(
    app: &App,
    conn: &impl ConnectionTrait,
    document: &row::Model,
) -> Result<Vec<Uuid>> {
    if document.state == State::Submitted.as_str() {
        addressees(app, conn, document).await
    } else {
        Ok(vec![document.author_id])
    }
}

kernel::versioned!(row, |document| format!("document `{}`", document.name()));

impl Subject for row::Model {
    const KIND: &'static str = "instruction";

    fn id(&self) -> Uuid {
        self.id
    }

    fn facts(&self) -> Value {
        json!({
            "instruction_id": self.id,
            "number": self.number,
            "kind": self.kind,
            "title": self.title,
            "matter": self.matter_code,
            "section": self.section,
            "ticket_id": self.ticket_id,
            "call_id": self.call_id,
            "author_id": self.author_id,
            "state": self.state,
            "due_at": self.due_at,
            "version": self.version,
        })
    }
}

/// The documents, as the timer sees them.
pub(crate) struct Instructions;

impl Alarmed for Instructions {
    type Entity = row::Entity;
    const HANDLER: &'static str = "tickets.wake_instructions";
    const KINDS: &'static [&'static str] = &[
        "instruction.drafted",
        "instruction.submitted",
        "instruction.returned",
        "instruction.replied",
        "instruction.received",
    ];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("instruction");
        for document in due {
            let lapse = (None, |_: &mut row::Model| {});
            act(&app, &tx, &who, &document, &Action::Lapse, lapse).await?;
        }
        Ok(())
    }
}
