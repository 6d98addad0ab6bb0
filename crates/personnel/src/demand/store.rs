//! The rows of demands, and who is told of each step.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, DemandKind, DemandState, Moment, Terms};
use crate::agreed;
use crate::trail::{self, BOTH, PURCHASER, SUPPLIER, Scribe};

kernel::table! {
    /// One demand. What the rules see of it is a [`Case`].
    pub mod row = "demands" (id: Uuid) {
        number: String,
        kind: String,
        staff_id: Option<Uuid>,
        people: i32,
        reason: String,
        plan: Option<String>,
        planned_on: Option<String>,
        return_reason: Option<String>,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        raised_by: Option<Uuid>,
        raised_at: DateTimeUtc,
        verified_by: Option<Uuid>,
        verified_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |demand| format!("demand `{}`", demand.number));

impl row::Model {
    /// The demand as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = DemandState::parse(&self.state)
            .ok_or_else(|| internal(format!("demand {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self.overdue = case.overdue;
        self
    }
}

/// What a list of demands may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
    /// Only those that are late.
    pub overdue: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(query.words_in(&[Column::Number, Column::Reason])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("raised_at", Column::RaisedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("demand"))
}

/// What a demand is raised with.
pub(crate) struct New {
    pub kind: DemandKind,
    pub staff_id: Option<Uuid>,
    pub people: i32,
    pub reason: String,
}

async fn terms(app: &App, tx: &Tx) -> Result<Terms> {
    Ok(Terms {
        fulfil: agreed::deadline(&**tx, "demand.fulfil", app.clock.now()).await?,
    })
}

/// Raises a demand and starts its clock.
pub(crate) async fn raise(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx).await?;
    let moment: Moment<'_> = Moment {
        now,
        service: &service,
        rules: &rules,
    };
    let raised = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "ZP-", now).await?,
        kind: new.kind.as_str().to_owned(),
        staff_id: new.staff_id,
        people: new.people,
        reason: new.reason,
        plan: None,
        planned_on: None,
        return_reason: None,
        state: String::new(),
        open: true,
        overdue: false,
        due_at: None,
        next_alarm_at: None,
        raised_by: who.user_id,
        raised_at: now,
        verified_by: None,
        verified_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::raised(&moment));
    versioned::insert(&**tx, &raised).await?;
    let note = raised.reason.clone();
    tell(app, tx, who, &raised, ("raised", Some(&note))).await?;
    Ok(raised)
}

/// Does `action` to a demand as it was read.
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

async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let told = match what {
        "raised" | "plan_accepted" | "plan_returned" | "verified" => SUPPLIER,
        "plan_submitted" | "started" => PURCHASER,
        _ => BOTH,
    };
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "due_at": row.due_at,
        "staff_id": row.staff_id, "recipients": trail::holders(&**tx, told).await?,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "demand",
        id: row.id,
    };
    scribe.tell(what, note, facts).await
}

/// The demands, as the timer sees them.
pub(crate) struct Demands;

impl Alarmed for Demands {
    type Entity = row::Entity;
    const HANDLER: &'static str = "personnel.wake_demands";
    const KINDS: &'static [&'static str] = &["demand.raised"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("personnel");
        for demand in due {
            let told = ("overdue", None);
            act(&app, &tx, &who, &demand, &Action::Lapse, told, |_| {}).await?;
        }
        Ok(())
    }
}
