//! The rows of emergencies, their deliveries, and what follows from each step.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, invalid, not_found};
use kernel::rule;
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Scope, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::agreed::{self, EmergencyWay};
use super::{Action, Case, Moment, State, Terms, arrival};
use crate::terms;
use crate::trail::{CONSOLE, InForce, Present, Subject};

/// Who hears of emergencies on the screen: everybody on duty holds this permission.
pub(crate) const ON_DUTY: Audience = Audience::Permission("emergencies:view");

kernel::table! {
    /// One emergency. What the rules see of it is a [`Case`].
    pub mod row = "emergencies" (id: Uuid) {
        number: String,
        category: String,
        what: String,
        place: String,
        call_id: Option<Uuid>,
        reported_by: Uuid,
        discovered_at: DateTimeUtc,
        raised_at: DateTimeUtc,
        first_report_late: bool,
        state: String,
        open: bool,
        due_at: Option<DateTimeUtc>,
        arrival_due_at: Option<DateTimeUtc>,
        reports: i32,
        reminders: i32,
        final_report: Option<String>,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |emergency| format!("emergency `{}`", emergency.number));

impl Subject for row::Model {
    const KIND: &'static str = "emergency";

    fn id(&self) -> Uuid {
        self.id
    }

    fn facts(&self) -> Value {
        json!({
            "emergency_id": self.id,
            "number": self.number,
            "category": self.category,
            "what": self.what,
            "where": self.place,
            "call_id": self.call_id,
            "reported_by": self.reported_by,
            "state": self.state,
            "due_at": self.due_at,
            "version": self.version,
        })
    }

    /// `what` is the step here; what happened is the title.
    fn news(&self, what: &str) -> Value {
        json!({
            "id": self.id,
            "number": self.number,
            "category": self.category,
            "title": self.what,
            "where": self.place,
            "state": self.state,
            "what": what,
            "due_at": self.due_at,
            "version": self.version,
        })
    }
}

impl row::Model {
    /// The emergency as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = State::parse(&self.state)
            .ok_or_else(|| internal(format!("emergency {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            arrival_due_at: self.arrival_due_at,
            alarm_at: self.next_alarm_at,
            reports: u32::try_from(self.reports).map_err(internal)?,
            reminders: u32::try_from(self.reminders).map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.arrival_due_at = case.arrival_due_at;
        self.next_alarm_at = case.alarm_at;
        self.reports = case.reports as i32;
        self.reminders = case.reminders as i32;
        self
    }
}

impl InForce for Terms {
    async fn at(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            arrival: terms::rule(conn, "emergency.arrival", at).await?,
            follow_up: terms::rule(conn, "emergency.follow_up", at).await?,
            reminder: terms::rule(conn, "emergency.reminder", at).await?,
        })
    }
}

/// What a list of emergencies may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those whose final report is owed, or only those that are over.
    pub open: Option<bool>,
    /// Only those of this category.
    pub category: Option<String>,
    /// Only those that were raised in this call.
    pub call: Option<Uuid>,
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
                .category
                .as_ref()
                .map(|code| Column::Category.eq(code.as_str())),
        )
        .add_option(filter.call.map(|call| Column::CallId.eq(call)))
        .add_option(query.words_in(&[Column::Number, Column::What, Column::Place])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("raised_at", Column::RaisedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("emergency"))
}

/// The same for who may report on it: with `Own` only who raised it.
pub(crate) async fn reportable(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    (id, version): (Uuid, i64),
) -> Result<row::Model> {
    let emergency = get(conn, id).await?;
    match scope {
        Scope::Own(user) if emergency.reported_by != *user => {
            return Err(not_found("emergency of yours"));
        }
        _ => {}
    }
    versioned::as_read(emergency, version)
}

/// What an emergency is raised with.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub category: String,
    pub what: String,
    pub place: String,
    pub call_id: Option<Uuid>,
    pub discovered_at: Option<DateTime<Utc>>,
    pub reported_by: Uuid,
}

/// Raises an emergency: everybody who has to know is told in the same transaction, each by each agreed way.
pub(crate) async fn raise(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let known = agreed::categories(&**tx, now).await?;
    let mut in_use = known.iter().filter(|known| known.active);
    if !in_use.any(|known| known.code == new.category) {
        return Err(invalid("category", "category_unknown", "no such category"));
    }
    let discovered_at = new.discovered_at.unwrap_or(now);
    if discovered_at > now {
        return Err(invalid(
            "discovered_at",
            "time_ahead",
            "what is discovered lies behind",
        ));
    }
    let present = Present::<Terms>::read(app, &**tx).await?;
    let first = terms::rule(&**tx, "emergency.first_report", now).await?;
    let moment = present.moment();
    let first_due = Moment {
        now: discovered_at,
        ..moment
    }
    .due(&first);
    let emergency = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "SJ-J", now).await?,
        category: new.category,
        what: new.what,
        place: new.place,
        call_id: new.call_id,
        reported_by: new.reported_by,
        discovered_at,
        raised_at: now,
        first_report_late: now > first_due,
        state: String::new(),
        open: true,
        due_at: None,
        arrival_due_at: None,
        reports: 0,
        reminders: 0,
        final_report: None,
        closed_by: None,
        closed_at: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::raised(&moment));
    versioned::insert(&**tx, &emergency).await?;
    let people = tell_all(app, tx, who, &emergency, "raised").await?;
    let mut facts = emergency.facts();
    facts["recipients"] = json!(people);
    let scribe = emergency.scribe(app, tx, who);
    scribe.tell("raised", Some(&emergency.what), facts).await?;
    Ok(emergency)
}

/// Does `action` to an emergency as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    text: Option<&str>,
) -> Result<row::Model> {
    let present = Present::<Terms>::read(app, &**tx).await?;
    let (now, moment) = (present.now, present.moment());
    let was = before.case()?;
    let case = was
        .next(action, &moment)
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone().with_case(&case);
    if *action == Action::Close {
        after.final_report = text.map(str::to_owned);
        after.closed_by = who.user_id;
        after.closed_at = Some(now);
    }
    let after = versioned::save(app, &**tx, before, after).await?;
    let scribe = after.scribe(app, tx, who);
    match action {
        Action::FollowUp | Action::Close => {
            let what = match action {
                Action::Close => "closed",
                _ => "followed_up",
            };
            let people = tell_all(app, tx, who, &after, what).await?;
            let mut facts = after.facts();
            facts["recipients"] = json!(people);
            scribe.tell(what, text, facts).await?;
        }
        Action::Lapse => {
            if was.is_arrival_due(now) {
                let missing = arrival::unreached(&**tx, after.id).await?;
                if !missing.is_empty() {
                    let names = arrival::names(&**tx, &missing).await?;
                    let mut facts = after.facts();
                    facts["unreached"] = json!(missing);
                    scribe.tell("unreached", Some(&names), facts).await?;
                    let mut news = after.news("unreached");
                    news["unreached"] = json!(missing);
                    scribe.live(ON_DUTY, news);
                }
            }
            if was.is_late(now) {
                scribe.tell("overdue", None, after.facts()).await?;
                // The report is owed by who raised it; the others hear that it is.
                let reporter = [(after.reported_by, CONSOLE)];
                scribe
                    .notify(reporter, "overdue", after.news("overdue"))
                    .await?;
                scribe.live(ON_DUTY, after.news("overdue"));
            }
        }
    }
    Ok(after)
}

/// One delivery row for each recipient and agreed way, and the screens of everybody on duty.
async fn tell_all(
    app: &App,
    tx: &Tx,
    who: &Who,
    emergency: &row::Model,
    what: &str,
) -> Result<Vec<Uuid>> {
    let ways = rule::in_force::<EmergencyWay>(&**tx, app.clock.now()).await?;
    let mut deliveries: Vec<(Uuid, &'static str)> = Vec::new();
    for agreed in ways.into_iter().filter(|way| way.active) {
        for person in organization::colleagues::holders(&**tx, agreed.role).await? {
            let delivery = (person.id, agreed.way.as_str());
            // Who reports needs no report.
            if who.user_id != Some(person.id) && !deliveries.contains(&delivery) {
                deliveries.push(delivery);
            }
        }
    }
    let mut people: Vec<Uuid> = deliveries.iter().map(|(user, _)| *user).collect();
    people.sort_unstable();
    people.dedup();
    let mut told = emergency.news(what);
    told["recipients"] = json!(people);
    let scribe = emergency.scribe(app, tx, who);
    // The screens hear it once, by the permission that everybody on duty holds.
    let rows = deliveries.iter().copied();
    scribe.record(rows, what).await?;
    scribe.live(ON_DUTY, told);
    Ok(people)
}

/// The emergencies, as the timer sees them.
pub(crate) struct Emergencies;

impl Alarmed for Emergencies {
    type Entity = row::Entity;
    const HANDLER: &'static str = "tickets.wake_emergencies";
    const KINDS: &'static [&'static str] = &["emergency.raised", "emergency.followed_up"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("emergency");
        for emergency in due {
            act(&app, &tx, &who, &emergency, &Action::Lapse, None).await?;
        }
        Ok(())
    }
}
