//! The rows of special tasks and of the hours worked on them.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Side, Tx};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, SpecialTaskState};
use crate::trail::{self, Scribe, Seen};

/// Entries of hours shown with a task.
const MOST: u64 = 500;

kernel::table! {
    /// One special task. What the rules see of it is a [`Case`].
    pub mod row = "special_tasks" (id: Uuid) {
        number: String,
        title: String,
        request: String,
        wanted_on: String,
        plan: Option<String>,
        planned_minutes: Option<i64>,
        worked_minutes: i64,
        deliverable: Option<String>,
        delivered_at: Option<DateTimeUtc>,
        rating: Option<i32>,
        opinion: Option<String>,
        requested_by: Option<Uuid>,
        requested_at: DateTimeUtc,
        planned_by: Option<Uuid>,
        delivered_by: Option<Uuid>,
        accepted_by: Option<Uuid>,
        accepted_at: Option<DateTimeUtc>,
        state: String,
        open: bool,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Hours of one person on one day.
    pub mod hours_row = "special_task_hours" (id: Uuid) {
        task_id: Uuid,
        user_id: Uuid,
        on_day: String,
        minutes: i64,
        note: String,
        at: DateTimeUtc,
    }
}

use row::Column;

kernel::versioned!(row, |task| format!("special task `{}`", task.number));

impl row::Model {
    /// The task as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = SpecialTaskState::parse(&self.state)
            .ok_or_else(|| internal(format!("special task {} has no valid state", self.number)))?;
        Ok(Case {
            state,
            planned: self.planned_minutes,
            worked: self.worked_minutes,
            rating: self
                .rating
                .map(u8::try_from)
                .transpose()
                .map_err(internal)?,
        })
    }

    fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.planned_minutes = case.planned;
        self.worked_minutes = case.worked;
        self.rating = case.rating.map(i32::from);
        self
    }
}

/// What a list of special tasks may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those under way, or only those that are over.
    pub open: Option<bool>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("requested_at", Column::RequestedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("special task"))
}

/// The hours worked on a task, the oldest entry first.
pub(crate) async fn hours(
    conn: &impl ConnectionTrait,
    task: Uuid,
) -> Result<Vec<hours_row::Model>> {
    Ok(hours_row::Entity::find()
        .filter(hours_row::Column::TaskId.eq(task))
        .order_by_asc(hours_row::Column::At)
        .order_by_asc(hours_row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// Does `action` to a task as it was read, for side `by`.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    (who, by): (&Who, Side),
    before: &row::Model,
    action: &Action,
    (what, note): (&str, Option<&str>),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(by, action).map_err(|refusal| {
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

/// Writes a step down and tells the other side.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
) -> Result<()> {
    let told = match what {
        "requested" | "accepted" | "sent_back" | "withdrawn" => {
            trail::desk(&**tx, Side::Supplier).await?
        }
        "planned" | "delivered" => trail::desk(&**tx, Side::Purchaser).await?,
        _ => Vec::new(),
    };
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "special_task",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}
