//! The rows of escalations, and what follows from each step: who is told, and what is written down.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Event, EventHandler, Principal, Role, Scope, Tx};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Ladder, State, level};
use crate::section;
use crate::ticket::store::row as ticket_row;
use crate::trail::{self, CONSOLE, Present, Subject};

kernel::table! {
    /// One escalation. What the rules see of it is a [`Case`].
    pub mod row = "escalations" (id: Uuid) {
        number: String,
        ticket_id: Option<Uuid>,
        section: Option<String>,
        title: String,
        reason: String,
        raised_by: Option<Uuid>,
        originator_id: Uuid,
        source_event: Option<String>,
        state: String,
        open: bool,
        level: i32,
        due_at: Option<DateTimeUtc>,
        reminders: i32,
        answer: Option<String>,
        answered_by: Option<Uuid>,
        answered_at: Option<DateTimeUtc>,
        cause: Option<String>,
        action: Option<String>,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        raised_at: DateTimeUtc,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

impl row::Model {
    /// The escalation as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("escalation {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            level: u8::try_from(self.level).map_err(internal)?,
            due_at: self.due_at,
            reminders: u32::try_from(self.reminders).map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.level = i32::from(case.level);
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at;
        self.reminders = case.reminders as i32;
        self
    }
}

/// What a list of escalations may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those that somebody owes a step on, or only those that are over.
    pub open: Option<bool>,
    /// Only those whose answer is owed by the actor's level.
    pub mine: Option<bool>,
    /// `raised`, `answered` or `closed`.
    pub state: Option<String>,
    /// Only those at this level.
    pub level: Option<i32>,
    /// Only those about this ticket.
    pub ticket: Option<Uuid>,
}

/// The escalations somebody may see: with `Own` those he raised or is told the answer of. Nobody sees one about
/// a complaint about himself.
pub(crate) fn visible(user: Uuid, scope: &Scope) -> Select<row::Entity> {
    let about_him = sea_orm::sea_query::Query::select()
        .column(ticket_row::Column::Id)
        .from(ticket_row::Entity)
        .and_where(ticket_row::Column::ComplainedAgentId.eq(user))
        .to_owned();
    let select = row::Entity::find().filter(
        Condition::any()
            .add(Column::TicketId.is_null())
            .add(Column::TicketId.not_in_subquery(about_him)),
    );
    match scope {
        Scope::All => select,
        Scope::Own(user) => select.filter(
            Condition::any()
                .add(Column::RaisedBy.eq(*user))
                .add(Column::OriginatorId.eq(*user)),
        ),
        Scope::Queues(_) => select.filter(Column::Id.is_null()),
    }
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    principal: &Principal,
    scope: &Scope,
    rank: Option<u8>,
    (query, filter): (&ListQuery, &Filter),
) -> Result<Page<row::Model>> {
    let mine = (filter.mine == Some(true)).then(|| {
        Condition::all()
            .add(Column::State.eq(State::Raised.as_str()))
            .add(Column::Level.eq(rank.map_or(0, i32::from)))
    });
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(mine)
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(filter.level.map(|level| Column::Level.eq(level)))
        .add_option(filter.ticket.map(|ticket| Column::TicketId.eq(ticket)))
        .add_option(query.words_in(&[Column::Number, Column::Title, Column::Reason])?);
    let select = visible(principal.user_id, scope).filter(all);
    let sortable = [("raised_at", Column::RaisedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    user: Uuid,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    visible(user, scope)
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("escalation"))
}

/// What an escalation is raised with.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub ticket_id: Option<Uuid>,
    pub section: Option<String>,
    pub title: String,
    pub reason: String,
    /// Who is told the answer.
    pub originator: Uuid,
    /// The event that the system raised it for.
    pub source_event: Option<String>,
    pub level: u8,
}

/// Raises an escalation and tells its level.
pub(crate) async fn raise(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let present = Present::<Ladder>::read(app, &**tx).await?;
    let (now, moment, ladder) = (present.now, present.moment(), &present.rules);
    let case = Case::raised(new.level, &moment);
    let raised = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "SJ-S", now).await?,
        ticket_id: new.ticket_id,
        section: new.section,
        title: new.title,
        reason: new.reason,
        raised_by: who.user_id,
        originator_id: new.originator,
        source_event: new.source_event,
        state: String::new(),
        open: true,
        level: 0,
        due_at: None,
        reminders: 0,
        answer: None,
        answered_by: None,
        answered_at: None,
        cause: None,
        action: None,
        closed_by: None,
        closed_at: None,
        raised_at: now,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&case);
    versioned::insert(&**tx, &raised).await?;
    let people = on_level(app, tx, &raised, ladder).await?;
    tell(
        app,
        tx,
        who,
        &raised,
        ("raised", Some(&raised.reason)),
        people,
    )
    .await?;
    Ok(raised)
}

/// Does `action` to an escalation as it was read, and tells whom it concerns.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (note, more): (Option<&str>, impl FnOnce(&mut row::Model)),
) -> Result<row::Model> {
    let present = Present::<Ladder>::read(app, &**tx).await?;
    let (moment, ladder) = (present.moment(), &present.rules);
    let case = before
        .case()?
        .next(action, &moment)
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    let what = match action {
        Action::Answer { .. } => "answered",
        Action::Close => "closed",
        Action::Promote | Action::Lapse if after.level > before.level => "promoted",
        Action::Promote | Action::Lapse => "reminded",
    };
    let silence = matches!(action, Action::Lapse).then_some("silence");
    // A reminder goes to whoever is silent; the originator hears of everything on his screen.
    let waits = after.state == State::Raised.as_str();
    let people = match what {
        "promoted" | "reminded" if waits => on_level(app, tx, &after, ladder).await?,
        "answered" | "reminded" => vec![after.originator_id],
        _ => Vec::new(),
    };
    let heard = people.contains(&after.originator_id);
    tell(app, tx, who, &after, (what, note.or(silence)), people).await?;
    if !heard {
        let audience = Audience::User(after.originator_id);
        after.scribe(app, tx, who).live(audience, after.news(what));
    }
    Ok(after)
}

kernel::versioned!(row, |escalation| format!(
    "escalation `{}`",
    escalation.number
));

impl Subject for row::Model {
    const KIND: &'static str = "escalation";

    fn id(&self) -> Uuid {
        self.id
    }

    fn facts(&self) -> Value {
        json!({
            "escalation_id": self.id,
            "number": self.number,
            "title": self.title,
            "ticket_id": self.ticket_id,
            "section": self.section,
            "originator_id": self.originator_id,
            "level": self.level,
            "state": self.state,
            "due_at": self.due_at,
            "version": self.version,
        })
    }
}

/// Time line, audit trail and event, and a notice to each of `people`.
async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    escalation: &row::Model,
    (what, note): (&str, Option<&str>),
    people: Vec<Uuid>,
) -> Result<()> {
    let level = match what {
        "promoted" | "raised" | "reminded" => Some(format!("L{}", escalation.level)),
        _ => None,
    };
    let said = match (level, note) {
        (Some(level), Some(note)) => Some(format!("{level} {note}")),
        (level, note) => level.or_else(|| note.map(str::to_owned)),
    };
    let mut facts = escalation.facts();
    facts["recipients"] = json!(people);
    let scribe = escalation.scribe(app, tx, who);
    scribe.tell(what, said.as_deref(), facts).await?;
    let people = people.into_iter().map(|person| (person, CONSOLE));
    scribe.notify(people, what, escalation.news(what)).await
}

/// Everybody who owes the answer now: the holders of the level's role; of a business section those on duty
/// today. Nobody hears of a complaint about himself.
async fn on_level(
    app: &App,
    tx: &Tx,
    escalation: &row::Model,
    ladder: &Ladder,
) -> Result<Vec<Uuid>> {
    let level = u8::try_from(escalation.level).map_err(internal)?;
    let Some(level) = ladder.level(level) else {
        return Ok(Vec::new());
    };
    let today = section::today(app.clock.now());
    let mut people = match (&level.role, &escalation.section) {
        (Role::PurchaserBusiness, Some(code)) => {
            section::store::on_duty(&**tx, code, today).await?
        }
        _ => Vec::new(),
    };
    if people.is_empty() {
        let holders = organization::colleagues::holders(&**tx, level.role).await?;
        people = holders.into_iter().map(|person| person.id).collect();
    }
    let complained = match escalation.ticket_id {
        Some(ticket) => ticket_row::Entity::find_by_id(ticket)
            .one(&**tx)
            .await?
            .and_then(|ticket| ticket.complained_agent_id),
        None => None,
    };
    people.retain(|person| Some(*person) != complained);
    Ok(people)
}

/// The escalations, as the timer sees them.
pub(crate) struct Escalations;

impl Alarmed for Escalations {
    type Entity = row::Entity;
    const HANDLER: &'static str = "tickets.wake_escalations";
    const KINDS: &'static [&'static str] = &[
        "escalation.raised",
        "escalation.promoted",
        "escalation.answered",
    ];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("escalation");
        for escalation in due {
            let lapse = (None, |_: &mut row::Model| {});
            act(&app, &tx, &who, &escalation, &Action::Lapse, lapse).await?;
        }
        Ok(())
    }
}

/// Whether the system itself raises an escalation when a ticket is overdue: `tickets.escalate_breaches`.
fn is_wanted(app: &App) -> bool {
    app.config.get("tickets.escalate_breaches").unwrap_or(true)
}

/// Raises an escalation for a ticket whose limit is over, once for each breach.
pub(crate) fn on_breach(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "tickets.escalate_breach",
        &["ticket.alarm"],
        move |event: Event| {
            let app = app.clone();
            async move { escalate_breach(app, event).await }
        },
    )
}

async fn escalate_breach(app: App, event: Event) -> Result<()> {
    if event.payload["note"] != "due" || !is_wanted(&app) {
        return Ok(());
    }
    let ticket: Uuid = event.subject_id.parse().map_err(internal)?;
    let db = app.db.clone();
    db.write(move |tx| async move {
        let source = event.id.to_string();
        let known = row::Entity::find()
            .filter(
                Condition::any()
                    .add(Column::SourceEvent.eq(source.as_str()))
                    .add(Column::TicketId.eq(ticket).and(Column::Open.eq(true))),
            )
            .one(&*tx)
            .await?;
        let ticket = ticket_row::Entity::find_by_id(ticket).one(&*tx).await?;
        let Some(ticket) = ticket.filter(|ticket| ticket.open && known.is_none()) else {
            return Ok(());
        };
        let level = level::ladder(&*tx, app.clock.now()).await?.first_for(&[]);
        let new = New {
            ticket_id: Some(ticket.id),
            section: section::store::known(&*tx, ticket.section.as_deref()).await?,
            title: format!("{} {}", ticket.number, ticket.title),
            reason: "overdue".to_owned(),
            originator: ticket.current_owner_id,
            source_event: Some(source),
            level,
        };
        raise(&app, &tx, &Who::system("escalation"), new).await?;
        Ok(())
    })
    .await
}
