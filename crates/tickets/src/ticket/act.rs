//! Doing something to a ticket: the pure life decides, everything that follows is written in one transaction.

use calendar::ServiceClock;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Permission as _, Role, Tx};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::json;
use uuid::Uuid;

use super::clock::ClockChange;
use super::life::{Action, Case, Moment, Refusal, State};
use super::store::{self, row};
use super::viewer::Viewer;
use super::{history, limits};
use crate::contact::WrapUp;
use crate::cover::{self, Away, Duty};
use crate::matter;
use crate::words::{Priority, RequestType};
use crate::{DispatchTickets, SignOffTickets};

kernel::table! {
    /// The changes of clocks, append-only.
    pub mod clock_row = "ticket_clock_changes" (id: Uuid) {
        ticket_id: Uuid,
        version: i64,
        at: DateTimeUtc,
        who_id: Option<Uuid>,
        change: Json,
        due_before: Option<DateTimeUtc>,
        due_after: DateTimeUtc,
    }
}

/// The most characters of a 事发地址.
pub(crate) const LONGEST_ADDRESS: usize = 200;

/// What is to be corrected; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edit {
    pub request_type: Option<RequestType>,
    pub matter: Option<String>,
    pub priority: Option<Priority>,
    pub title: Option<String>,
    pub summary: Option<String>,
    /// An empty one takes it away.
    pub incident_address: Option<String>,
    pub form: Option<serde_json::Value>,
    pub confidential: Option<bool>,
    pub complained_agent: Option<Uuid>,
}

/// A ticket that is to begin with others.
pub(crate) struct Begun {
    pub ticket: row::Model,
    pub case: Case,
    pub clock: ClockChange,
    /// Why its owner has it.
    pub note: Option<String>,
}

/// A ticket that a platform changed, to be written with others.
pub(crate) struct Edited {
    pub before: row::Model,
    pub after: row::Model,
    pub case: Case,
    pub clock: Vec<ClockChange>,
    pub more: Vec<history::Change>,
}

/// Somebody who acts on tickets within one transaction.
pub(crate) struct Hand<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub who: &'a Who,
    pub service: ServiceClock,
}

impl<'a> Hand<'a> {
    /// With the calendar and the hours as they stand.
    pub(crate) async fn of(app: &'a App, tx: &'a Tx, who: &'a Who) -> Result<Self> {
        let service = service_clock(&**tx).await?;
        Ok(Self {
            app,
            tx,
            who,
            service,
        })
    }
}

/// What is told of a ticket.
struct News<'a> {
    /// What was done.
    what: &'a str,
    /// What was said about it.
    note: Option<&'a str>,
    /// The state it was in before; `None` where none changed.
    stood: Option<&'a str>,
    /// Who stands in for its owner, where this is for him too.
    cover: Option<Uuid>,
}

/// The system's own hand is nobody's.
const NOBODY: Uuid = Uuid::nil();

impl Hand<'_> {
    fn by(&self) -> Uuid {
        self.who.user_id.unwrap_or(NOBODY)
    }

    /// Does `action` to the ticket `before`; `note` says why, for the history.
    pub(crate) async fn act(
        &self,
        before: row::Model,
        action: &Action,
        note: Option<&str>,
    ) -> Result<row::Model> {
        self.act_and(before, action, note, |after| after).await
    }

    /// The same, and `more` writes what the life does not know of.
    pub(crate) async fn act_and(
        &self,
        before: row::Model,
        action: &Action,
        note: Option<&str>,
        more: impl FnOnce(row::Model) -> row::Model,
    ) -> Result<row::Model> {
        let now = self.app.clock.now();
        let (case, rules) = (before.case()?, before.its_rules()?);
        if let Action::Reassign { to } | Action::OfferTransfer { to } = action {
            not_about(&before, *to)?;
        }
        // Only an answer asks whose it is.
        let covers = *action == Action::Reply
            && case.owner != self.by()
            && stands_in(&**self.tx, now, &before, self.by()).await?;
        let moment = Moment {
            by: self.by(),
            now,
            service: &self.service,
            rules: &rules,
            covers,
        };
        let done = case
            .next(action, &moment)
            .map_err(|refusal| said_no(refusal, &before))?;
        let after = more(before.clone());
        self.keep(before, after, &done.case, (action.code(), note), done.clock)
            .await
    }

    /// Writes `after` with its case over `before`, and what follows from it.
    async fn keep(
        &self,
        before: row::Model,
        after: row::Model,
        case: &Case,
        (what, note): (&str, Option<&str>),
        clock: impl IntoIterator<Item = ClockChange>,
    ) -> Result<row::Model> {
        let due_before = before.case()?.clock.map(|clock| clock.due_at);
        let stood = before.state.clone();
        let after = self.alarmed(after.with_case(case)?, case, self.app.clock.now());
        let saved =
            store::save(self.app, &**self.tx, self.who, (what, note), &before, after).await?;
        if saved.version == before.version {
            return Ok(saved);
        }
        for change in clock {
            self.note_clock(&change, due_before, &saved).await?;
        }
        let news = News {
            what,
            note,
            stood: Some(&stood),
            cover: None,
        };
        self.tell(&saved, news).await?;
        Ok(saved)
    }

    fn alarmed(&self, mut after: row::Model, case: &Case, told: DateTime<Utc>) -> row::Model {
        let next = case.next_alarm(told, &self.service);
        after.next_alarm_at = next.map(|(at, _)| at);
        after.next_alarm = next.map(|(_, alarm)| alarm.as_str().to_owned());
        after
    }

    /// Writes down that the sign was given, and when the next one is. It is given to who stands in for an owner
    /// who is away as well.
    pub(crate) async fn ring(&self, before: row::Model, duty: &Duty) -> Result<row::Model> {
        let (Some(at), Some(alarm)) = (before.next_alarm_at, before.next_alarm.clone()) else {
            return Ok(before);
        };
        let case = before.case()?;
        let after = self.alarmed(before.clone(), &case, at);
        let saved = store::save(
            self.app,
            &**self.tx,
            self.who,
            ("alarm", Some(&alarm)),
            &before,
            after,
        )
        .await?;
        let cover = duty.cover_of(saved.current_owner_id, saved.complained_agent_id);
        let news = News {
            what: "alarm",
            note: Some(&alarm),
            stood: None,
            cover: cover.map(|(cover, _)| cover),
        };
        self.tell(&saved, news).await?;
        Ok(saved)
    }

    async fn note_clock(
        &self,
        change: &ClockChange,
        due_before: Option<DateTime<Utc>>,
        saved: &row::Model,
    ) -> Result<()> {
        let line = self.clock_line(change, due_before, saved)?;
        clock_row::Entity::insert(line)
            .exec_without_returning(&**self.tx)
            .await?;
        Ok(())
    }

    fn clock_line(
        &self,
        change: &ClockChange,
        due_before: Option<DateTime<Utc>>,
        saved: &row::Model,
    ) -> Result<clock_row::ActiveModel> {
        Ok(clock_row::ActiveModel {
            id: Set(self.app.ids.next()),
            ticket_id: Set(saved.id),
            version: Set(saved.version),
            at: Set(saved.updated_at),
            who_id: Set(self.who.user_id),
            change: Set(serde_json::to_value(change).map_err(internal)?),
            due_before: Set(due_before),
            due_after: Set(saved.due_at),
        })
    }

    /// Audit trail, event, and the screens of those it concerns.
    async fn tell(&self, saved: &row::Model, news: News<'_>) -> Result<()> {
        let News { what, note, .. } = news;
        // Texts stand in the history; the trail names the change.
        let details = json!({ "version": saved.version, "state": saved.state });
        let action = format!("ticket.{what}");
        audit::record(
            self.app, &**self.tx, self.who, &action, "ticket", saved.id, details,
        )
        .await?;
        let mut facts = facts(saved);
        facts["note"] = json!(note);
        facts["by"] = json!(self.who.user_id);
        facts["cover_id"] = json!(news.cover);
        self.app
            .events
            .publish(self.tx, &action, saved.id, facts)
            .await?;
        let mut audience: Vec<Audience> =
            [Some(saved.current_owner_id), saved.transfer_to, news.cover]
                .into_iter()
                .flatten()
                .map(Audience::User)
                .collect();
        audience.push(Audience::Permission(DispatchTickets::CODE));
        // Who signs off hears what comes to him, and what leaves him.
        let review = State::PendingReview.as_str();
        if news.stood != Some(&saved.state)
            && [news.stood, Some(&saved.state)].contains(&Some(review))
        {
            audience.push(Audience::Permission(SignOffTickets::CODE));
        }
        show(self.app, self.tx, saved, what, audience);
        Ok(())
    }

    /// Writes a ticket that begins with `case`.
    pub(crate) async fn begin(
        &self,
        ticket: row::Model,
        case: &Case,
        clock: Option<ClockChange>,
    ) -> Result<row::Model> {
        let ticket = ticket.with_case(case)?;
        let ticket = self.alarmed(ticket, case, self.app.clock.now());
        store::insert(&**self.tx, &ticket).await?;
        let code = if case.state == State::Draft {
            "drafted"
        } else {
            "dispatched"
        };
        history::write(
            self.app,
            &**self.tx,
            self.who,
            &ticket,
            (code, None),
            vec![history::Change::none()],
        )
        .await?;
        if let Some(change) = clock {
            self.note_clock(&change, None, &ticket).await?;
        }
        let news = News {
            what: code,
            note: None,
            stood: None,
            cover: None,
        };
        self.tell(&ticket, news).await?;
        Ok(ticket)
    }

    /// The same for many, in a few statements. The caller writes one row to the audit trail for all of them;
    /// the screens are told once.
    pub(crate) async fn begin_many(&self, begun: Vec<Begun>) -> Result<()> {
        let now = self.app.clock.now();
        let (mut tickets, mut clocks, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for one in begun {
            let ticket = self.alarmed(one.ticket.with_case(&one.case)?, &one.case, now);
            clocks.push((one.clock, None, ticket.id));
            tickets.push(ticket);
            notes.push(one.note);
        }
        store::insert_many(&**self.tx, &tickets).await?;
        let told = tickets
            .iter()
            .zip(notes)
            .map(|(ticket, note)| history::Told {
                ticket,
                action: "dispatched",
                note,
                changes: vec![history::Change::none()],
            });
        history::write_many(self.app, &**self.tx, self.who, told.collect()).await?;
        self.note_clocks(&tickets, clocks).await?;
        self.tell_many("dispatched", &tickets).await
    }

    /// Writes what a platform changed in many tickets, in a few statements; `more` are lines of history beside
    /// those of the ticket's own fields.
    pub(crate) async fn edit_many(&self, edited: Vec<Edited>) -> Result<()> {
        let now = self.app.clock.now();
        let (mut tickets, mut befores, mut mores, mut clocks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for one in edited {
            let was = one.before.due_at;
            let mut after = self.alarmed(one.after.with_case(&one.case)?, &one.case, now);
            after.updated_at = now;
            after.version = one.before.version + 1;
            clocks.extend(
                one.clock
                    .into_iter()
                    .map(|change| (change, Some(was), after.id)),
            );
            tickets.push(after);
            befores.push(one.before);
            mores.push(one.more);
        }
        store::overwrite_many(&**self.tx, &tickets).await?;
        let told = tickets.iter().zip(befores.iter().zip(mores));
        let told = told.map(|(ticket, (before, more))| {
            let mut changes = history::changes(before, ticket, false);
            changes.retain(|change| *change != history::Change::none());
            changes.extend(more);
            history::Told {
                ticket,
                action: "received",
                note: None,
                changes,
            }
        });
        history::write_many(self.app, &**self.tx, self.who, told.collect()).await?;
        self.note_clocks(&tickets, clocks).await?;
        self.tell_many(Action::Edit.code(), &tickets).await
    }

    async fn note_clocks(
        &self,
        tickets: &[row::Model],
        changes: Vec<(ClockChange, Option<DateTime<Utc>>, Uuid)>,
    ) -> Result<()> {
        const AT_ONCE: usize = 500;
        let by_id: std::collections::HashMap<Uuid, &row::Model> =
            tickets.iter().map(|ticket| (ticket.id, ticket)).collect();
        let mut lines = Vec::with_capacity(changes.len());
        for (change, due_before, id) in changes {
            if let Some(ticket) = by_id.get(&id) {
                lines.push(self.clock_line(&change, due_before, ticket)?);
            }
        }
        for some in lines.chunks(AT_ONCE) {
            clock_row::Entity::insert_many(some.to_vec())
                .exec_without_returning(&**self.tx)
                .await?;
        }
        Ok(())
    }

    async fn tell_many(&self, what: &'static str, tickets: &[row::Model]) -> Result<()> {
        let told = tickets.iter().map(|ticket| {
            let mut facts = facts(ticket);
            facts["by"] = json!(self.who.user_id);
            facts["many"] = json!(tickets.len());
            (ticket.id.to_string(), facts)
        });
        self.app
            .events
            .publish_many(self.tx, &format!("ticket.{what}"), told.collect())
            .await?;
        let mut owners: Vec<Uuid> = tickets.iter().map(|one| one.current_owner_id).collect();
        owners.sort_unstable();
        owners.dedup();
        let (live, many) = (self.app.live.clone(), tickets.len());
        self.tx.on_commit(move || {
            let news = json!({ "what": what, "many": many });
            for owner in owners {
                live.publish(Audience::User(owner), "ticket", news.clone());
            }
            live.publish(Audience::Permission(DispatchTickets::CODE), "ticket", news);
        });
        Ok(())
    }

    /// Corrects what a ticket says. Another type or priority brings other rules, and the clock starts anew from
    /// its receipt; a complaint about its owner is the shift lead's at once.
    pub(crate) async fn edit(&self, before: row::Model, edit: Edit) -> Result<row::Model> {
        let conn = &**self.tx;
        let mut after = before.clone();
        if let Some(word) = edit.request_type {
            after.request_type = Some(word.as_str().to_owned());
        }
        if let Some(code) = edit.matter {
            after.section = matter::section_of_leaf(conn, &code).await?;
            after.matter_code = Some(code);
        }
        if let Some(word) = edit.priority {
            word.as_str().clone_into(&mut after.priority);
        }
        after.title = edit.title.unwrap_or(after.title);
        after.summary = edit.summary.unwrap_or(after.summary);
        if let Some(address) = edit.incident_address {
            after.incident_address = some_text(address);
        }
        after.form = edit.form.unwrap_or(after.form);
        after.confidential = edit.confidential.unwrap_or(after.confidential);
        after.complained_agent_id = edit.complained_agent.or(after.complained_agent_id);

        let was = before.its_rules()?;
        let moment = Moment {
            by: self.by(),
            now: self.app.clock.now(),
            service: &self.service,
            rules: &was,
            covers: false,
        };
        let mut case = before
            .case()?
            .next(&Action::Edit, &moment)
            .map_err(|refusal| said_no(refusal, &before))?
            .case;
        let mut clock = Vec::new();
        let rules = limits::find(conn, subject(&after), before.opened_at).await?;
        if rules != was {
            after.rules = serde_json::to_value(&rules).map_err(internal)?;
            clock = case.restart(&rules, before.opened_at, &self.service);
        }
        let saved = self
            .keep(before, after, &case, (Action::Edit.code(), None), clock)
            .await?;
        if edit.complained_agent != Some(saved.current_owner_id) {
            return Ok(saved);
        }
        let to = self.lead_but(saved.current_owner_id).await?;
        let note = Some("complaint_about_owner");
        self.act(saved, &Action::Reassign { to }, note).await
    }

    /// The wrap-up needs the draft: it becomes the requester's ticket.
    pub(crate) async fn open(&self, draft: row::Model, wrap_up: &WrapUp) -> Result<row::Model> {
        let conn = &**self.tx;
        let section = match &wrap_up.matter {
            Some(code) => matter::section_of_leaf(conn, code).await?,
            None => None,
        };
        let mut after = draft.clone();
        after.request_type = wrap_up.request_type.map(|word| word.as_str().to_owned());
        after.matter_code.clone_from(&wrap_up.matter);
        after.section = section;
        after.title = headline(&wrap_up.summary);
        after.summary.clone_from(&wrap_up.summary);
        let rules = limits::find(conn, subject(&after), draft.opened_at).await?;
        after.rules = serde_json::to_value(&rules).map_err(internal)?;
        let moment = Moment {
            by: self.by(),
            now: self.app.clock.now(),
            service: &self.service,
            rules: &rules,
            covers: false,
        };
        let done = draft
            .case()?
            .next(&Action::Open, &moment)
            .map_err(|refusal| said_no(refusal, &draft))?;
        let told = (Action::Open.code(), None);
        self.keep(draft, after, &done.case, told, done.clock).await
    }

    async fn lead_but(&self, person: Uuid) -> Result<Uuid> {
        let leads = organization::colleagues::holders(&**self.tx, Role::ShiftLead).await?;
        leads
            .into_iter()
            .map(|lead| lead.id)
            .find(|id| *id != person)
            .ok_or_else(|| {
                refused(
                    "no_shift_lead",
                    "nobody is there to take a complaint about its owner",
                )
                .with_way_out("give somebody the role shift_lead")
            })
    }
}

/// Opens a hand: the calendar is read once for all that is done.
pub(crate) async fn service_clock(conn: &impl ConnectionTrait) -> Result<ServiceClock> {
    organization::service_calendar::load(conn).await
}

fn subject(ticket: &row::Model) -> limits::Subject<'_> {
    limits::Subject {
        platform: &ticket.platform,
        request_type: ticket.request_type.as_deref().unwrap_or_default(),
        priority: &ticket.priority,
    }
}

/// The refusal of a life, with where the ticket stands.
fn said_no(refusal: Refusal, ticket: &row::Model) -> Problem {
    refusal
        .about(&ticket.what())
        .with("state", ticket.state.as_str())
}

/// Nobody is given a complaint about himself.
fn not_about(ticket: &row::Model, person: Uuid) -> Result<()> {
    if ticket.complained_agent_id == Some(person) {
        return Err(refused(
            "ticket_about_this_person",
            format!(
                "ticket `{}` is a complaint about this person",
                ticket.number
            ),
        )
        .with_field("to"));
    }
    Ok(())
}

/// A text that may be left out: what is empty is none.
pub(crate) fn some_text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// The beginning of a text, as a title.
pub(crate) fn headline(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars().take(LONGEST).collect()
}

/// The ticket a contact may be attached to: open, and of the same person.
pub(crate) async fn attachable(
    conn: &impl ConnectionTrait,
    id: Uuid,
    requester: Uuid,
) -> Result<row::Model> {
    let ticket = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| unknown(id))?;
    let same = ticket.requester_id == requester;
    if !same
        && !requesters::same_person(conn, requester)
            .await?
            .contains(&ticket.requester_id)
    {
        return Err(unknown(id));
    }
    if !ticket.open || ticket.standing()? == State::Draft {
        let problem = refused(
            "ticket_not_open",
            format!("ticket `{}` is not open", ticket.number),
        );
        return Err(problem.with_field("ticket_id"));
    }
    Ok(ticket)
}

/// Tells the screens of `audience` of a ticket, once it is on disk.
fn show(app: &App, tx: &Tx, ticket: &row::Model, what: &str, audience: Vec<Audience>) {
    let live = app.live.clone();
    let news = json!({ "id": ticket.id, "number": ticket.number, "state": ticket.state, "what": what,
        "version": ticket.version, "owner_id": ticket.current_owner_id, "transfer_to": ticket.transfer_to });
    tx.on_commit(move || {
        for one in audience {
            live.publish(one, "ticket", news.clone());
        }
    });
}

/// A repeat contact on an open ticket: the call it came with, or what was said without one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Repeat<'a> {
    /// By telephone.
    Call(Uuid),
    /// By another way; what was said, or the number of the ticket that was opened all the same.
    Said(&'a str),
}

/// Notes on a ticket that its requester came again, and tells its owner and who stands in for him; answers
/// who that is.
pub(crate) async fn attach(
    hand: &Hand<'_>,
    ticket: &row::Model,
    repeat: Repeat<'_>,
) -> Result<Option<(Uuid, Away)>> {
    const WHAT: &str = "contact_attached";
    let (app, tx) = (hand.app, hand.tx);
    let (note, change, call) = match repeat {
        Repeat::Call(call) => (None, history::note(call), Some(call)),
        Repeat::Said(said) => (Some(said), vec![history::Change::none()], None),
    };
    history::write(app, &**tx, hand.who, ticket, (WHAT, note), change).await?;
    let duty = cover::store::duty(&**tx, app.clock.now(), &hand.service).await?;
    let owner = ticket.current_owner_id;
    let covered = duty.cover_of(owner, ticket.complained_agent_id);
    let cover = covered.map(|(cover, _)| cover);
    let mut facts = facts(ticket);
    facts["call_id"] = json!(call);
    facts["by"] = json!(hand.who.user_id);
    facts["cover_id"] = json!(cover);
    app.events
        .publish(tx, &format!("ticket.{WHAT}"), ticket.id, facts)
        .await?;
    let audience = [Some(owner), cover].into_iter().flatten();
    show(
        app,
        tx,
        ticket,
        WHAT,
        audience.map(Audience::User).collect(),
    );
    Ok(covered)
}

/// Whether `person` stands in for the owner of the ticket now.
async fn stands_in(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    ticket: &row::Model,
    person: Uuid,
) -> Result<bool> {
    let service = service_clock(conn).await?;
    let duty = cover::store::duty(conn, now, &service).await?;
    let cover = duty.cover_of(ticket.current_owner_id, ticket.complained_agent_id);
    Ok(cover.is_some_and(|(cover, _)| cover == person))
}

pub(crate) fn facts(ticket: &row::Model) -> serde_json::Value {
    json!({
        "ticket_id": ticket.id,
        "number": ticket.number,
        "platform": ticket.platform,
        "state": ticket.state,
        "request_type": ticket.request_type,
        "matter": ticket.matter_code,
        "section": ticket.section,
        "priority": ticket.priority,
        "title": ticket.title,
        "requester_id": ticket.requester_id,
        "first_owner_id": ticket.first_owner_id,
        "owner_id": ticket.current_owner_id,
        "transfer_to": ticket.transfer_to,
        "complained_agent_id": ticket.complained_agent_id,
        "due_at": ticket.due_at,
        "at": ticket.updated_at,
    })
}

pub(crate) fn unknown(id: Uuid) -> Problem {
    not_found("open ticket of this requester")
        .with_field("ticket_id")
        .with("ticket_id", id.to_string())
}

/// The ticket as the actor read it.
pub(crate) async fn as_read(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: Uuid,
    version: i64,
) -> Result<row::Model> {
    let ticket = store::get(conn, viewer, id).await?;
    if ticket.version != version {
        return Err(versioned::changed_meanwhile(&ticket));
    }
    Ok(ticket)
}

/// The same for who may only change what he owns, or stands in for.
pub(crate) async fn owned_as_read(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: Uuid,
    version: i64,
) -> Result<row::Model> {
    let ticket = as_read(conn, viewer, id, version).await?;
    if viewer.sees_only_own()
        && ticket.current_owner_id != viewer.user_id
        && !stands_in(conn, viewer.now, &ticket, viewer.user_id).await?
    {
        return Err(said_no(Refusal::NotTheOwner, &ticket));
    }
    Ok(ticket)
}

/// The person must be somebody who takes requests.
pub(crate) async fn must_be_agent(conn: &impl ConnectionTrait, person: Uuid) -> Result<()> {
    for role in [Role::Agent, Role::ShiftLead] {
        if organization::colleagues::holder(conn, role, person)
            .await?
            .is_some()
        {
            return Ok(());
        }
    }
    Err(invalid(
        "to",
        "not_an_agent",
        "only an agent or the shift lead can own a ticket",
    ))
}
