//! The rows of replacements, and what follows from each step.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Problem, Result, internal, not_found, refused};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::equivalence::{Comparison, Profile, compare};
use super::{Action, Case, Moment, ReplacementCause, ReplacementState, Terms, earliest_last_day};
use crate::agreed;
use crate::post::store as posts;
use crate::staff::store as staff;
use crate::trail::{self, BOTH, PURCHASER, SUPPLIER, Scribe};
use kernel::day;

kernel::table! {
    /// One replacement. What the rules see of it is a [`Case`].
    pub mod row = "replacements" (id: Uuid) {
        number: String,
        staff_id: Uuid,
        post_id: Option<String>,
        demand_id: Option<Uuid>,
        cause: String,
        reason: String,
        sudden: bool,
        notice_on: Option<String>,
        last_day: String,
        candidate_id: Option<Uuid>,
        equivalence: Option<Json>,
        equivalence_waiver: Option<String>,
        return_reason: Option<String>,
        on_post_on: Option<String>,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        source_event: Option<String>,
        raised_by: Option<Uuid>,
        raised_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |replacement| format!(
    "replacement `{}`",
    replacement.number
));

impl row::Model {
    /// The replacement as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = ReplacementState::parse(&self.state)
            .ok_or_else(|| internal(format!("replacement {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            sudden: self.sudden,
            last_day: day::read(&self.last_day)?,
            notice_on: day::maybe(self.notice_on.as_deref())?,
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.notice_on = case.notice_on.map(day::text);
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self.overdue = case.overdue;
        self
    }

    fn scribe<'a>(&self, app: &'a App, tx: &'a Tx, who: &'a Who) -> Scribe<'a> {
        Scribe {
            app,
            tx,
            who,
            kind: "replacement",
            id: self.id,
        }
    }

    fn facts(&self) -> Value {
        json!({
            "number": self.number, "state": self.state, "version": self.version, "staff_id": self.staff_id,
            "candidate_id": self.candidate_id, "due_at": self.due_at,
        })
    }
}

/// What a list of replacements may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
    /// Only those that are late.
    pub overdue: Option<bool>,
    /// A state.
    pub state: Option<String>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(query.words_in(&[Column::Number, Column::Reason])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("raised_at", Column::RaisedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("replacement"))
}

/// Whether this event opened one before.
pub(crate) async fn of_source(conn: &impl ConnectionTrait, event: Uuid) -> Result<bool> {
    let found = row::Entity::find()
        .filter(Column::SourceEvent.eq(event.to_string()))
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// What a replacement is opened with.
pub(crate) struct New {
    pub staff_id: Uuid,
    pub cause: ReplacementCause,
    pub reason: String,
    pub sudden: bool,
    pub last_day: chrono::NaiveDate,
    pub demand_id: Option<Uuid>,
    pub source_event: Option<String>,
}

/// Opens a replacement; one person has one at a time.
pub(crate) async fn open(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    // The file is held: the second of two who open one for the same person sees the first.
    let leaves = staff::held(tx, new.staff_id).await?;
    let known = row::Entity::find()
        .filter(Column::StaffId.eq(leaves.id))
        .filter(Column::Open.eq(true))
        .one(&**tx)
        .await?;
    if let Some(known) = known {
        return Err(under_way(&known));
    }
    let post = posts::all(&**tx)
        .await?
        .into_iter()
        .find(|post| post.holder_id == Some(leaves.id));
    let case = Case::drafted(new.last_day, new.sudden);
    let opened = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "BW-", now).await?,
        staff_id: leaves.id,
        post_id: post.map(|post| post.id),
        demand_id: new.demand_id,
        cause: new.cause.as_str().to_owned(),
        reason: new.reason,
        sudden: new.sudden,
        notice_on: None,
        last_day: day::text(new.last_day),
        candidate_id: None,
        equivalence: None,
        equivalence_waiver: None,
        return_reason: None,
        on_post_on: None,
        state: String::new(),
        open: true,
        overdue: false,
        due_at: None,
        next_alarm_at: None,
        source_event: new.source_event,
        raised_by: who.user_id,
        raised_at: now,
        updated_at: now,
        version: 1,
    }
    .with_case(&case);
    versioned::insert(&**tx, &opened).await?;
    let mut facts = opened.facts();
    facts["recipients"] = json!(trail::holders(&**tx, SUPPLIER).await?);
    let note = Some(opened.reason.as_str());
    opened
        .scribe(app, tx, who)
        .tell("opened", note, facts)
        .await?;
    Ok(opened)
}

fn under_way(known: &row::Model) -> Problem {
    refused(
        "replacement_under_way",
        format!("{} is about this person already", known.what()),
    )
    .with("replacement_id", json!(known.id))
}

/// Does `action` to a replacement as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let now = app.clock.now();
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = Terms {
        notice: agreed::working_days(&**tx, "replacement.notice", now).await?,
        sudden: agreed::working_days(&**tx, "replacement.sudden", now).await?,
    };
    let moment: Moment<'_> = Moment {
        now,
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(action, &moment).map_err(|refusal| {
        let problem = refusal
            .about(&before.what())
            .with("state", before.state.as_str());
        let Action::Serve { on } = action else {
            return problem;
        };
        let calendar = &service.calendar;
        let Ok(last) = day::read(&before.last_day) else {
            return problem;
        };
        // What would do: the latest notice for this last day, and the earliest last day for this notice.
        problem
            .with(
                "latest_notice",
                json!(calendar.latest_notice(last, rules.notice).date),
            )
            .with(
                "earliest_last_day",
                json!(earliest_last_day(calendar, *on, rules.notice)),
            )
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    let told = match what {
        "notice_served" | "candidate_proposed" => PURCHASER,
        "accepted" | "rejected_by_purchaser" => SUPPLIER,
        "overdue" | "on_post" | "withdrawn" => BOTH,
        _ => &[],
    };
    let mut facts = after.facts();
    facts["recipients"] = json!(trail::holders(&**tx, told).await?);
    after.scribe(app, tx, who).tell(what, note, facts).await?;
    Ok(after)
}

/// The two people side by side, on the day it is asked.
pub(crate) async fn compared(
    app: &App,
    conn: &impl ConnectionTrait,
    departing: Uuid,
    candidate: Uuid,
) -> Result<Vec<Comparison>> {
    let people = staff::by_ids(conn, [departing, candidate]).await?;
    let profile = async |id: Uuid| -> Result<Profile> {
        let Some(person) = people.get(&id) else {
            return Err(not_found("staff file"));
        };
        Ok(Profile::of(
            &staff::findings(app, conn, person).await?,
            None,
        ))
    };
    let departing = profile(departing).await?;
    let candidate = profile(candidate).await?;
    Ok(compare(&departing, &candidate))
}

/// The replacements, as the timer sees them.
pub(crate) struct Replacements;

impl Alarmed for Replacements {
    type Entity = row::Entity;
    const HANDLER: &'static str = "personnel.wake_replacements";
    const KINDS: &'static [&'static str] = &["replacement.notice_served"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("personnel");
        for replacement in due {
            let told = ("overdue", None);
            act(&app, &tx, &who, &replacement, &Action::Lapse, told, |_| {}).await?;
        }
        Ok(())
    }
}
