//! The rows of mass incidents, and what follows from each step.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Event, EventHandler, Tx};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, State, Terms};
use crate::terms;
use crate::ticket::life::State as Standing;
use crate::ticket::store::row as ticket_row;
use crate::trail::{self, CONSOLE, InForce, Present, Subject};

/// Who sees the banner.
const ALL_WHO_SEE: Audience = Audience::Permission("incidents:view");

kernel::table! {
    /// One incident. What the rules see of it is a [`Case`].
    pub mod row = "incidents" (id: Uuid) {
        number: String,
        title: String,
        matter_code: Option<String>,
        answer: String,
        banner: String,
        declared_by: Uuid,
        declared_at: DateTimeUtc,
        state: String,
        open: bool,
        due_at: Option<DateTimeUtc>,
        reminders: i32,
        cause: Option<String>,
        closed_by: Option<Uuid>,
        closing_at: Option<DateTimeUtc>,
        closed_at: Option<DateTimeUtc>,
        report: Option<Json>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use super::link::{contact_row, link_row};
use row::Column;

impl row::Model {
    /// The incident as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("incident {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            reminders: u32::try_from(self.reminders).map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at;
        self.reminders = case.reminders as i32;
        self
    }
}

impl InForce for Terms {
    async fn at(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            review: terms::rule(conn, "incident.review", at).await?,
            closing: terms::rule(conn, "incident.closing", at).await?,
        })
    }
}

/// What a list of incidents may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those whose banner stands, or only those that are over.
    pub open: Option<bool>,
    /// Only those of this matter.
    pub matter: Option<String>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(
            filter
                .matter
                .as_ref()
                .map(|code| Column::MatterCode.eq(code.as_str())),
        )
        .add_option(query.words_in(&[Column::Number, Column::Title, Column::Answer])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("declared_at", Column::DeclaredAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("incident"))
}

/// The same for who links to it: others who link at once wait instead of being told that something changed.
pub(crate) async fn get_to_link(tx: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or_else(|| not_found("incident"))
}

/// How many belong to an incident.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub tickets: u64,
    /// Tickets that the closing is done with.
    pub done: u64,
    pub contacts: u64,
}

/// The counts of these incidents.
pub(crate) async fn counts(
    conn: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Counts>> {
    let mut counts: HashMap<Uuid, Counts> = HashMap::new();
    if ids.is_empty() {
        return Ok(counts);
    }
    let tickets: Vec<(Uuid, i64, i64)> = link_row::Entity::find()
        .select_only()
        .column(link_row::Column::IncidentId)
        .column_as(link_row::Column::TicketId.count(), "tickets")
        .column_as(link_row::Column::Outcome.count(), "done")
        .filter(link_row::Column::IncidentId.is_in(ids.clone()))
        .group_by(link_row::Column::IncidentId)
        .into_tuple()
        .all(conn)
        .await?;
    for (id, tickets, done) in tickets {
        let one = counts.entry(id).or_default();
        one.tickets = u64::try_from(tickets).unwrap_or_default();
        one.done = u64::try_from(done).unwrap_or_default();
    }
    let contacts: Vec<(Uuid, i64)> = contact_row::Entity::find()
        .select_only()
        .column(contact_row::Column::IncidentId)
        .column_as(contact_row::Column::CallId.count(), "contacts")
        .filter(contact_row::Column::IncidentId.is_in(ids))
        .group_by(contact_row::Column::IncidentId)
        .into_tuple()
        .all(conn)
        .await?;
    for (id, contacts) in contacts {
        counts.entry(id).or_default().contacts = u64::try_from(contacts).unwrap_or_default();
    }
    Ok(counts)
}

pub(crate) async fn count(conn: &impl ConnectionTrait, id: Uuid) -> Result<Counts> {
    Ok(counts(conn, vec![id])
        .await?
        .remove(&id)
        .unwrap_or_default())
}

/// What an incident is declared with.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub title: String,
    pub matter: Option<String>,
    pub answer: String,
    pub banner: String,
    pub declared_by: Uuid,
}

/// Declares an incident: its banner is on every screen with the commit.
pub(crate) async fn declare(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let present = Present::<Terms>::read(app, &**tx).await?;
    let (now, moment) = (present.now, present.moment());
    let incident = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "SJ-G", now).await?,
        title: new.title,
        matter_code: new.matter,
        answer: new.answer,
        banner: new.banner,
        declared_by: new.declared_by,
        declared_at: now,
        state: String::new(),
        open: true,
        due_at: None,
        reminders: 0,
        cause: None,
        closed_by: None,
        closing_at: None,
        closed_at: None,
        report: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::declared(&moment));
    versioned::insert(&**tx, &incident).await?;
    let title = incident.title.clone();
    tell(app, tx, who, &incident, ("declared", Some(&title))).await?;
    Ok(incident)
}

/// Does `action` to an incident; `more` writes what the rules do not know of.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let present = Present::<Terms>::read(app, &**tx).await?;
    let moment = present.moment();
    let case = before
        .case()?
        .next(action, &moment)
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, (what, note)).await?;
    Ok(after)
}

/// Time line, audit trail, event, and the banner on every screen.
async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    incident: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let counts = count(&**tx, incident.id).await?;
    let scribe = incident.scribe(app, tx, who);
    let facts = counted(incident.facts(), counts);
    scribe.tell(what, note, facts).await?;
    let mut news = counted(incident.news(what), counts);
    news["banner"] = json!(incident.banner);
    news["answer"] = json!(incident.answer);
    scribe.live(ALL_WHO_SEE, news);
    Ok(())
}

kernel::versioned!(row, |incident| format!("incident `{}`", incident.number));

impl Subject for row::Model {
    const KIND: &'static str = "incident";

    fn id(&self) -> Uuid {
        self.id
    }

    fn facts(&self) -> Value {
        json!({
            "incident_id": self.id,
            "number": self.number,
            "title": self.title,
            "matter": self.matter_code,
            "state": self.state,
            "open": self.open,
            "declared_by": self.declared_by,
            "version": self.version,
        })
    }
}

/// What is told of an incident, with how many belong to it.
fn counted(mut facts: Value, counts: Counts) -> Value {
    facts["tickets"] = json!(counts.tickets);
    facts["done"] = json!(counts.done);
    facts["contacts"] = json!(counts.contacts);
    facts
}

/// The incidents, as the timer sees them.
pub(crate) struct Incidents;

impl Alarmed for Incidents {
    type Entity = row::Entity;
    const HANDLER: &'static str = "tickets.wake_incidents";
    const KINDS: &'static [&'static str] =
        &["incident.declared", "incident.changed", "incident.closing"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("incident");
        for incident in due {
            let told = ("overdue", None);
            let after = act(&app, &tx, &who, &incident, &Action::Lapse, told, |_| {}).await?;
            if after.state == State::Closing.as_str() {
                // What did not come to its end is tried anew; what is answered already stays so.
                super::answer::enqueue(&app, &tx, &after).await?;
            } else {
                let declarer = [(after.declared_by, CONSOLE)];
                let news = counted(after.facts(), count(&*tx, after.id).await?);
                let scribe = after.scribe(&app, &tx, &who);
                scribe.notify(declarer, "overdue", news).await?;
            }
        }
        Ok(())
    }
}

/// A matter about which more came in lately than usual.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    pub matter: String,
    pub tickets: u64,
    pub since: DateTime<Utc>,
}

/// The matters with so many tickets in the last hours that one incident may stand behind them, and no open
/// incident yet; `matter` asks about one only.
pub(crate) async fn crowds(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    matter: Option<&str>,
) -> Result<Vec<Crowd>> {
    use ticket_row::Column as Ticket;
    let within = terms::number(conn, "incident.suggest_within", now).await?;
    let least = terms::number(conn, "incident.suggest_tickets", now).await?;
    let since = now - TimeDelta::minutes(i64::try_from(within).map_err(internal)?);
    let known: Vec<String> = row::Entity::find()
        .select_only()
        .column(Column::MatterCode)
        .filter(Column::Open.eq(true))
        .filter(Column::MatterCode.is_not_null())
        .into_tuple()
        .all(conn)
        .await?;
    let none = [Standing::Draft.as_str(), Standing::Void.as_str()];
    let found: Vec<(String, i64)> = ticket_row::Entity::find()
        .select_only()
        .column(Ticket::MatterCode)
        .column_as(Ticket::Id.count(), "tickets")
        .filter(
            Condition::all()
                .add(Ticket::OpenedAt.gte(since))
                .add(Ticket::MatterCode.is_not_null())
                .add(Ticket::MatterCode.is_not_in(known))
                .add(Ticket::State.is_not_in(none))
                .add(Ticket::IncidentId.is_null())
                .add_option(matter.map(|code| Ticket::MatterCode.eq(code))),
        )
        .group_by(Ticket::MatterCode)
        .having(
            Ticket::Id
                .count()
                .gte(i64::try_from(least).map_err(internal)?),
        )
        .order_by_asc(Ticket::MatterCode)
        .into_tuple()
        .all(conn)
        .await?;
    let crowds = found.into_iter().map(|(matter, tickets)| Crowd {
        matter,
        tickets: u64::try_from(tickets).unwrap_or_default(),
        since,
    });
    Ok(crowds.collect())
}

/// Tells who may declare an incident that one may be there, with each ticket that adds to it.
pub(crate) fn on_opened(app: &App) -> EventHandler {
    let app = app.clone();
    EventHandler::new(
        "tickets.suggest_incident",
        &["ticket.opened"],
        move |event: Event| {
            let app = app.clone();
            async move {
                let Some(matter) = event.payload["matter"].as_str() else {
                    return Ok(());
                };
                let now = app.clock.now();
                for crowd in crowds(app.db.read(), now, Some(matter)).await? {
                    let news = json!({ "matter": crowd.matter, "tickets": crowd.tickets,
                        "since": crowd.since });
                    let audience = Audience::Permission("incidents:declare");
                    app.live.publish(audience, "incident_suggested", news);
                }
                Ok(())
            }
        },
    )
}
