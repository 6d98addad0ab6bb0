//! The rows of tickets, and the one way a change is written.

use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, containing};
use kernel::problem::{Result, internal, not_found, stale};
use kernel::versioned;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::history;
use super::life::{Case, Rules, State};
use super::search;
use super::viewer::Viewer;

kernel::table! {
    /// One ticket. `life` and `rules` hold the [`Case`] and its [`Rules`]; the columns that lists ask for are
    /// taken from them by [`row::Model::with_case`] and nowhere else.
    pub mod row = "tickets" (id: Uuid) {
        number: String,
        seq: i64,
        platform: String,
        state: String,
        open: bool,
        request_type: Option<String>,
        matter_code: Option<String>,
        section: Option<String>,
        priority: String,
        title: String,
        summary: String,
        incident_address: Option<String>,
        form: Json,
        resolution: Option<String>,
        satisfaction: Option<String>,
        requester_id: Uuid,
        confidential: bool,
        complained_agent_id: Option<Uuid>,
        first_owner_id: Option<Uuid>,
        current_owner_id: Uuid,
        transfer_to: Option<Uuid>,
        life: Json,
        rules: Json,
        source_call_id: Option<Uuid>,
        incident_id: Option<Uuid>,
        opened_at: DateTimeUtc,
        due_at: DateTimeUtc,
        runs_until: Option<DateTimeUtc>,
        answered_at: Option<DateTimeUtc>,
        reopenings: i32,
        next_alarm_at: Option<DateTimeUtc>,
        next_alarm: Option<String>,
        ended_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

impl row::Model {
    /// Where the ticket stands.
    pub fn standing(&self) -> Result<State> {
        State::parse(&self.state)
            .ok_or_else(|| internal(format!("ticket {} has no valid state", self.number)))
    }

    /// The ticket as its rules see it.
    pub fn case(&self) -> Result<Case> {
        serde_json::from_value(self.life.clone())
            .map_err(|error| internal(format!("ticket {}: {error}", self.number)))
    }

    /// The rules it came under.
    pub fn its_rules(&self) -> Result<Rules> {
        serde_json::from_value(self.rules.clone())
            .map_err(|error| internal(format!("ticket {}: {error}", self.number)))
    }

    /// The same ticket with this case.
    pub fn with_case(mut self, case: &Case) -> Result<Self> {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.state.is_open();
        self.first_owner_id = case.first_owner;
        self.current_owner_id = case.owner;
        self.transfer_to = case.transfer.as_ref().map(|transfer| transfer.to);
        // A draft is due at once: it waits for its wrap-up only.
        self.due_at = case
            .clock
            .as_ref()
            .map_or(self.opened_at, |clock| clock.due_at);
        self.runs_until = case.runs_until();
        self.answered_at = case.answered_at;
        self.reopenings = i32::try_from(case.reopenings).map_err(internal)?;
        self.ended_at = case.ended_at;
        self.life = serde_json::to_value(case).map_err(internal)?;
        Ok(self)
    }
}

/// What a list of tickets may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only tickets the actor owns now.
    pub mine: Option<bool>,
    /// Only tickets that somebody owes something on, or only those that are over.
    pub open: Option<bool>,
    /// Only tickets offered to the actor by a colleague.
    pub offered: Option<bool>,
    /// `draft`, `pending_sign`, `in_handling` …
    pub state: Option<String>,
    /// Only tickets this user owns now.
    pub owner: Option<Uuid>,
    /// Only tickets this user took first.
    pub first_owner: Option<Uuid>,
    /// Only tickets of this requester.
    pub requester: Option<Uuid>,
    /// Only tickets of this request type.
    pub request_type: Option<String>,
    /// Only tickets of this matter.
    pub matter: Option<String>,
    /// Only tickets of this section of the purchaser.
    pub section: Option<String>,
    /// Only tickets of this priority.
    pub priority: Option<String>,
    /// Only tickets of this platform; `none` for our own.
    pub platform: Option<String>,
    /// Only tickets whose 事发地址 holds this text, as far as the actor may know it.
    pub incident_address: Option<String>,
    /// Only tickets whose clock runs and is over at or before.
    pub due_before: Option<DateTime<Utc>>,
    /// Only tickets whose clock runs and is over at or after.
    pub due_from: Option<DateTime<Utc>>,
    /// Only tickets whose limit is over while it runs, or all others.
    pub breached: Option<bool>,
    /// Only tickets offered to a colleague who has not answered yet, or all others.
    pub in_transfer: Option<bool>,
    /// Only what became a ticket, no drafts and none that were voided; or only those.
    pub begun: Option<bool>,
    /// Only tickets closed with an answer within their limit, or only those closed with one after it.
    pub in_time: Option<bool>,
    /// Only tickets that somebody else than who took them first owns now, or all others that were taken.
    pub handed_on: Option<bool>,
    /// Only tickets that were handled anew, or all others.
    pub reopened: Option<bool>,
    /// Opened at or after.
    pub from: Option<DateTime<Utc>>,
    /// Opened before.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    pub(crate) fn narrow(
        &self,
        select: Select<row::Entity>,
        viewer: &Viewer,
    ) -> Select<row::Entity> {
        select.filter(self.condition(viewer))
    }

    /// The condition on a row.
    pub(crate) fn condition(&self, viewer: &Viewer) -> Condition {
        let (actor, now) = (viewer.user_id, viewer.now);
        let text = |column: Column, value: &Option<String>| {
            value.as_ref().map(|value| column.eq(value.as_str()))
        };
        let platform = self.platform.as_deref().map(|code| match code {
            "none" => Column::Platform.eq(""),
            code => Column::Platform.eq(code),
        });
        let address = self.incident_address.as_deref().map(str::trim);
        let address = address.filter(|words| !words.is_empty()).map(|words| {
            Condition::all()
                // Few tickets have one: an index knows which.
                .add(Column::IncidentAddress.is_not_null())
                .add(containing(Column::IncidentAddress, words))
                .add(viewer.may_know())
        });
        let over = || Column::RunsUntil.lt(now);
        let breached = self.breached.map(|breached| {
            if breached {
                over().into_condition()
            } else {
                Condition::any()
                    .add(Column::RunsUntil.is_null())
                    .add(Column::RunsUntil.gte(now))
            }
        });
        let person = self
            .requester
            .map(|who| Column::RequesterId.in_subquery(requesters::ids_of_person(who)));
        let in_transfer = self.in_transfer.map(|offered| {
            if offered {
                Column::TransferTo.is_not_null()
            } else {
                Column::TransferTo.is_null()
            }
        });
        let never = [State::Draft.as_str(), State::Void.as_str()];
        let begun = self.begun.map(|begun| {
            if begun {
                Column::State.is_not_in(never)
            } else {
                Column::State.is_in(never)
            }
        });
        let closed = [State::Closed.as_str(), State::Archived.as_str()];
        let in_time = self.in_time.map(|in_time| {
            let (answered, due) = (Expr::col(Column::AnsweredAt), Expr::col(Column::DueAt));
            Condition::all()
                .add(Column::State.is_in(closed))
                .add(if in_time {
                    answered.lte(due)
                } else {
                    answered.gt(due)
                })
        });
        let handed_on = self.handed_on.map(|handed_on| {
            let (first, now) = (
                Expr::col(Column::FirstOwnerId),
                Expr::col(Column::CurrentOwnerId),
            );
            if handed_on {
                first.ne(now)
            } else {
                first.eq(now)
            }
        });
        let reopened = self.reopened.map(|reopened| {
            if reopened {
                Column::Reopenings.gt(0)
            } else {
                Column::Reopenings.eq(0)
            }
        });
        Condition::all()
            .add_option((self.mine == Some(true)).then(|| Column::CurrentOwnerId.eq(actor)))
            .add_option((self.offered == Some(true)).then(|| Column::TransferTo.eq(actor)))
            .add_option(self.open.map(|open| Column::Open.eq(open)))
            .add_option(text(Column::State, &self.state))
            .add_option(self.owner.map(|owner| Column::CurrentOwnerId.eq(owner)))
            .add_option(self.first_owner.map(|owner| Column::FirstOwnerId.eq(owner)))
            .add_option(person)
            .add_option(text(Column::RequestType, &self.request_type))
            .add_option(text(Column::MatterCode, &self.matter))
            .add_option(text(Column::Section, &self.section))
            .add_option(text(Column::Priority, &self.priority))
            .add_option(platform)
            .add_option(address)
            .add_option(self.due_before.map(|at| Column::RunsUntil.lte(at)))
            .add_option(self.due_from.map(|at| Column::RunsUntil.gte(at)))
            .add_option(breached)
            .add_option(in_transfer)
            .add_option(begun)
            .add_option(in_time)
            .add_option(handed_on)
            .add_option(reopened)
            .add_option(self.from.map(|at| Column::OpenedAt.gte(at)))
            .add_option(self.to.map(|at| Column::OpenedAt.lt(at)))
    }
}

pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let select = filter.narrow(viewer.tickets(), viewer);
    search::page(app, conn, viewer, select, query).await
}

/// One ticket that `viewer` may see.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: Uuid,
) -> Result<row::Model> {
    viewer
        .tickets()
        .filter(Column::Id.eq(id))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("ticket"))
}

/// The draft that was opened with a call.
pub(crate) async fn of_call(conn: &impl ConnectionTrait, call: Uuid) -> Result<Option<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::SourceCallId.eq(call))
        .one(conn)
        .await?)
}

/// The tickets that were opened with these calls.
pub(crate) async fn of_calls(
    conn: &impl ConnectionTrait,
    calls: Vec<Uuid>,
) -> Result<Vec<row::Model>> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    Ok(row::Entity::find()
        .filter(Column::SourceCallId.is_in(calls))
        .all(conn)
        .await?)
}

/// The open tickets of a person, by whichever way they came, the newest first; for the pop, whoever owns them.
pub(crate) async fn open_of(
    conn: &impl ConnectionTrait,
    requester: Uuid,
) -> Result<Vec<row::Model>> {
    let person = requesters::same_person(conn, requester).await?;
    Ok(row::Entity::find()
        .filter(Column::RequesterId.is_in(person))
        .filter(Column::Open.eq(true))
        .filter(Column::State.ne(State::Draft.as_str()))
        .order_by_desc(Column::OpenedAt)
        .limit(20)
        .all(conn)
        .await?)
}

kernel::versioned!(row, |ticket| format!("ticket `{}`", ticket.number));

/// Writes a new ticket.
pub(crate) async fn insert(tx: &impl ConnectionTrait, ticket: &row::Model) -> Result<()> {
    versioned::insert(tx, ticket).await?;
    search::index(tx, [ticket]).await
}

/// Rows of one statement.
const AT_ONCE: usize = 500;

/// Writes many new tickets, in a few statements.
pub(crate) async fn insert_many(tx: &impl ConnectionTrait, tickets: &[row::Model]) -> Result<()> {
    for some in tickets.chunks(AT_ONCE) {
        let made = some
            .iter()
            .map(|ticket| ticket.clone().into_active_model().reset_all());
        row::Entity::insert_many(made)
            .exec_without_returning(tx)
            .await?;
    }
    search::index(tx, tickets).await
}

/// Writes many tickets over what they were one version before, in a few statements; all or none. The caller
/// writes their history.
pub(crate) async fn overwrite_many(
    tx: &impl ConnectionTrait,
    tickets: &[row::Model],
) -> Result<()> {
    use sea_orm::Iterable as _;
    let written = row::Column::iter().filter(|column| !matches!(column, Column::Id));
    let over = OnConflict::column(Column::Id)
        .update_columns(written)
        .action_and_where(
            Expr::col((row::Entity, Column::Version)).eq(Expr::cust("excluded.version - 1")),
        )
        .to_owned();
    for some in tickets.chunks(AT_ONCE) {
        let rows = some
            .iter()
            .map(|ticket| ticket.clone().into_active_model().reset_all());
        let done = row::Entity::insert_many(rows)
            .on_conflict(over.clone())
            .exec_without_returning(tx)
            .await?;
        if done != some.len() as u64 {
            return Err(stale("one of the tickets"));
        }
    }
    search::index(tx, tickets).await
}

/// Writes `after` over `before` if nobody changed the row since, with one history row for each field.
///
/// The first owner, once there is one, is never written again.
pub(crate) async fn save(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    (action, note): (&str, Option<&str>),
    before: &row::Model,
    mut after: row::Model,
) -> Result<row::Model> {
    let changes = history::changes(before, &after, note.is_some());
    if changes.is_empty() && before.life == after.life {
        return Ok(before.clone());
    }
    if before.first_owner_id.is_some() {
        after.first_owner_id = before.first_owner_id;
    }
    let after = versioned::save(app, tx, before, after).await?;
    if (&before.title, &before.summary) != (&after.title, &after.summary) {
        search::index(tx, [&after]).await?;
    }
    history::write(app, tx, who, &after, (action, note), changes).await?;
    Ok(after)
}
