//! The rows of rectifications, and who is told of each step.

use calendar::DeadlineRule;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::numbers;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Side, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, Moment, RectificationState, Terms};
use crate::agreed;
use crate::trail::{self, Scribe, Seen};

kernel::table! {
    /// One rectification. What the rules see of it is a [`Case`].
    pub mod row = "rectifications" (id: Uuid) {
        number: String,
        inspection_id: Option<Uuid>,
        title: String,
        demand: String,
        working_days: Option<i32>,
        answer: Option<String>,
        answered_by: Option<Uuid>,
        answered_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        rounds: i32,
        issued_by: Option<Uuid>,
        issued_at: DateTimeUtc,
        verified_by: Option<Uuid>,
        verified_at: Option<DateTimeUtc>,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |rectification| format!(
    "rectification `{}`",
    rectification.number
));

impl row::Model {
    /// The rectification as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = RectificationState::parse(&self.state)
            .ok_or_else(|| internal(format!("rectification {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            alarm_at: self.next_alarm_at,
            overdue: self.overdue,
            rounds: u32::try_from(self.rounds).map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Result<Self> {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.due_at = case.due_at;
        self.next_alarm_at = case.alarm_at;
        self.overdue = case.overdue;
        self.rounds = i32::try_from(case.rounds).map_err(internal)?;
        Ok(self)
    }
}

/// What a list of rectifications may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
    /// Only those that were late.
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
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("issued_at", Column::IssuedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("rectification"))
}

/// Those an inspection led to.
pub(crate) async fn of_inspection(
    conn: &impl ConnectionTrait,
    inspection: Uuid,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::InspectionId.eq(inspection))
        .order_by_asc(Column::IssuedAt)
        .all(conn)
        .await?)
}

async fn terms(app: &App, tx: &Tx, days: Option<i32>) -> Result<Terms> {
    let answer = match days {
        Some(days) => {
            let days = u16::try_from(days).map_err(internal)?;
            DeadlineRule::working_days("rectification", days)
        }
        None => agreed::term(&**tx, "rectification.answer", app.clock.now()).await?,
    };
    Ok(Terms { answer })
}

/// What is demanded.
pub(crate) struct New {
    pub inspection_id: Option<Uuid>,
    pub title: String,
    pub demand: String,
    pub working_days: Option<i32>,
}

/// Demands a rectification and starts its clock.
pub(crate) async fn issue(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    let now = app.clock.now();
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx, new.working_days).await?;
    let moment: Moment<'_> = Moment {
        now,
        service: &service,
        rules: &rules,
    };
    let issued = row::Model {
        id: app.ids.next(),
        number: numbers::next_of_day(&**tx, "ZG-", now).await?,
        inspection_id: new.inspection_id,
        title: new.title,
        demand: new.demand,
        working_days: new.working_days,
        answer: None,
        answered_by: None,
        answered_at: None,
        opinion: None,
        rounds: 1,
        issued_by: who.user_id,
        issued_at: now,
        verified_by: None,
        verified_at: None,
        state: String::new(),
        open: true,
        overdue: false,
        due_at: None,
        next_alarm_at: None,
        updated_at: now,
        version: 1,
    }
    .with_case(&Case::issued(&moment))?;
    versioned::insert(&**tx, &issued).await?;
    let note = issued.demand.clone();
    tell(app, tx, who, &issued, ("issued", Some(&note))).await?;
    Ok(issued)
}

/// Does `action` to a rectification as it was read, for side `by`.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    (who, by): (&Who, Side),
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let service = organization::service_calendar::load(&**tx).await?;
    let rules = terms(app, tx, before.working_days).await?;
    let moment: Moment<'_> = Moment {
        now: app.clock.now(),
        service: &service,
        rules: &rules,
    };
    let case = before.case()?.next(by, action, &moment);
    let case = case.map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case)?;
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
        "answered" => trail::desk(&**tx, Side::Purchaser).await?,
        "overdue" => trail::both_desks(&**tx).await?,
        _ => trail::desk(&**tx, Side::Supplier).await?,
    };
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "due_at": row.due_at,
        "originator_id": row.issued_by, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "rectification",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}

/// The rectifications, as the timer sees them.
pub(crate) struct Rectifications;

impl Alarmed for Rectifications {
    type Entity = row::Entity;
    const HANDLER: &'static str = "liaison.wake_rectifications";
    const KINDS: &'static [&'static str] = &["rectification.issued", "rectification.sent_back"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("liaison");
        for row in due {
            let by = (&who, Side::Purchaser);
            let told = ("overdue", None);
            act(&app, &tx, by, &row, &Action::Lapse, told, |_| {}).await?;
        }
        Ok(())
    }
}
