//! The rows of leaks, and who is told of each step.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Principal, Role, Side, Tx, numbers};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Duty, LeakState, Moment, Terms, hidden};
use crate::agreed;
use crate::trail::{self, Scribe};

kernel::table! {
    /// One leak. What the rules see of it is a [`Case`].
    pub mod row = "leak_cases" (id: Uuid) {
        number: String,
        title: String,
        what: String,
        discovered_at: DateTimeUtc,
        discovered_side: String,
        suspect_id: Option<Uuid>,
        data_kinds: String,
        persons: Option<i64>,
        state: String,
        open: bool,
        overdue: bool,
        step_due_at: Option<DateTimeUtc>,
        step_overdue: bool,
        told_due_at: Option<DateTimeUtc>,
        told_overdue: bool,
        told: bool,
        authority: String,
        persons_told: String,
        next_alarm_at: Option<DateTimeUtc>,
        contained_by_what: Option<String>,
        assessment: Option<String>,
        liability: Option<String>,
        closing: Option<String>,
        reported_by: Option<Uuid>,
        reported_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |leak| format!("leak `{}`", leak.number));

/// Who is told of a leak: both sides, and who keeps the keys.
const TOLD: &[Role] = &[
    Role::OpsManager,
    Role::HrCompliance,
    Role::PurchaserAdmin,
    Role::Counterpart,
    Role::SecAdmin,
];

impl row::Model {
    /// The leak as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let broken = || internal(format!("leak {} has no valid state", self.number));
        Ok(Case {
            state: LeakState::parse(&self.state).ok_or_else(broken)?,
            step_due_at: self.step_due_at,
            step_overdue: self.step_overdue,
            told_due_at: self.told_due_at,
            told_overdue: self.told_overdue,
            told: self.told,
            authority: Duty::parse(&self.authority).ok_or_else(broken)?,
            persons: Duty::parse(&self.persons_told).ok_or_else(broken)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.overdue = case.is_overdue();
        self.step_due_at = case.step_due_at;
        self.step_overdue = case.step_overdue;
        self.told_due_at = case.told_due_at;
        self.told_overdue = case.told_overdue;
        self.told = case.told;
        case.authority.as_str().clone_into(&mut self.authority);
        case.persons.as_str().clone_into(&mut self.persons_told);
        self.next_alarm_at = case.next_alarm().filter(|_| case.is_open());
        self
    }
}

/// What a list of leaks may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeakFilter {
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
    /// Only those of which something is or was late.
    pub overdue: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    person: &Principal,
    query: &ListQuery,
    filter: &LeakFilter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add(hidden::from(person))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("reported_at", Column::ReportedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    person: &Principal,
    id: Uuid,
) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).filter(hidden::from(person));
    found.one(conn).await?.ok_or_else(|| not_found("leak"))
}

async fn terms(app: &App, tx: &Tx) -> Result<Terms> {
    let held = agreed::LeakTerms::of(&**tx, app.clock.now()).await?;
    Ok(Terms {
        acknowledge: held.rule("acknowledge")?,
        contain: held.rule("contain")?,
        assess: held.rule("assess")?,
        notify: held.rule("notify")?,
        hold_liable: held.rule("hold_liable")?,
        close: held.rule("close")?,
    })
}

/// What a leak is reported with.
pub(crate) struct New {
    pub title: String,
    pub what: String,
    pub discovered_at: chrono::DateTime<chrono::Utc>,
    pub suspect_id: Option<Uuid>,
    pub data_kinds: String,
    pub persons: Option<i64>,
    pub side: Side,
}

/// Reports a leak; its clocks run from now, when it is known.
pub(crate) async fn report(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx).await?;
    let moment: Moment<'_> = Moment {
        now,
        service: &service,
        rules: &rules,
    };
    let side = if new.side == Side::Purchaser {
        "purchaser"
    } else {
        "supplier"
    };
    let made = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "XM-", now).await?,
        title: new.title,
        what: new.what,
        discovered_at: new.discovered_at,
        discovered_side: side.to_owned(),
        suspect_id: new.suspect_id,
        data_kinds: new.data_kinds,
        persons: new.persons,
        state: String::new(),
        open: true,
        overdue: false,
        step_due_at: None,
        step_overdue: false,
        told_due_at: None,
        told_overdue: false,
        told: false,
        authority: String::new(),
        persons_told: String::new(),
        next_alarm_at: None,
        contained_by_what: None,
        assessment: None,
        liability: None,
        closing: None,
        reported_by: who.user_id,
        reported_at: now,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::discovered(new.side, &moment));
    versioned::insert(&**tx, &made).await?;
    let note = made.what.clone();
    tell(app, tx, who, &made, ("reported", Some(&note))).await?;
    Ok(made)
}

/// Does `action` to a leak as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(action, &moment).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, (what, note)).await?;
    Ok(after)
}

/// Whom it may be about is told of nothing.
async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let mut recipients = trail::holders(&**tx, TOLD).await?;
    let suspects = hidden::suspects(&**tx, row).await?;
    recipients.retain(|person| !suspects.contains(person) && Some(*person) != who.user_id);
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "due_at": row.next_alarm_at,
        "authority": row.authority, "persons_told": row.persons_told, "suspect": row.suspect_id,
        "recipients": recipients,
    });
    write_down(app, tx, who, row, (what, note), facts).await
}

/// One line of a leak's history; whom it may be about hears nothing of it.
pub(super) async fn write_down(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
    facts: serde_json::Value,
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "leak",
        id: row.id,
    };
    let suspects = hidden::suspects(&**tx, row).await?;
    scribe.tell_all_but(suspects, what, note, facts).await
}

/// The leaks, as the timer sees them.
pub(crate) struct Leaks;

impl Alarmed for Leaks {
    type Entity = row::Entity;
    const HANDLER: &'static str = "personnel.wake_leaks";
    const KINDS: &'static [&'static str] = &["leak.reported", "leak.reopened"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("personnel");
        for leak in due {
            let told = ("overdue", None);
            act(&app, &tx, &who, &leak, &Action::Lapse, told, |_| {}).await?;
        }
        Ok(())
    }
}
