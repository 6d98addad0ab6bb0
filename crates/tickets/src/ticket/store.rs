//! The rows of tickets: who may see which, and the one way a change is written.

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found, stale};
use kernel::{App, Scope};
use sea_orm::sea_query::{Expr, ExprTrait as _, LikeExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, State, history};

/// One ticket.
pub mod row {
    #![allow(
        missing_docs,
        reason = "the columns of migrations/2026112312_tickets.sql"
    )]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tickets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub number: String,
        pub state: String,
        pub request_type: Option<String>,
        pub matter_code: Option<String>,
        pub summary: String,
        pub resolution: Option<String>,
        pub requester_id: Uuid,
        pub first_owner_id: Uuid,
        pub current_owner_id: Uuid,
        pub source_call_id: Option<Uuid>,
        pub opened_at: DateTimeUtc,
        pub closed_at: Option<DateTimeUtc>,
        pub updated_at: DateTimeUtc,
        pub version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use row::Column;

impl row::Model {
    /// Where the ticket stands.
    pub fn standing(&self) -> Result<State> {
        State::of(&self.state, self.closed_at)
            .ok_or_else(|| internal(format!("ticket {} has no valid state", self.number)))
    }

    /// The same ticket after `action`; says no with the ticket's number.
    pub(crate) fn after(mut self, action: Action, now: DateTime<Utc>) -> Result<Self> {
        let state = self
            .standing()?
            .next(action, now)
            .map_err(|refusal| refusal.about(&self.number))?;
        state.as_str().clone_into(&mut self.state);
        self.closed_at = state.ended_at();
        Ok(self)
    }
}

/// What a list of tickets may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only tickets the actor owns now.
    pub mine: Option<bool>,
    /// `draft`, `open`, `closed` or `void`.
    pub state: Option<String>,
    /// Only tickets this user owns now.
    pub owner: Option<Uuid>,
    /// Only tickets of this requester.
    pub requester: Option<Uuid>,
    /// Only tickets of this request type.
    pub request_type: Option<String>,
    /// Only tickets of this matter.
    pub matter: Option<String>,
}

/// The tickets an actor may see: with `Own` those he first took or holds now.
pub(crate) fn visible(scope: &Scope) -> Select<row::Entity> {
    match scope {
        Scope::All => row::Entity::find(),
        Scope::Own(user) => row::Entity::find().filter(
            Condition::any()
                .add(Column::CurrentOwnerId.eq(*user))
                .add(Column::FirstOwnerId.eq(*user)),
        ),
        // A ticket belongs to a person, not to a queue.
        Scope::Queues(_) => row::Entity::find().filter(Expr::val(1).eq(0)),
    }
}

pub(crate) async fn list(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    actor: Uuid,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let mut select = visible(scope);
    if filter.mine == Some(true) {
        select = select.filter(Column::CurrentOwnerId.eq(actor));
    }
    if let Some(state) = &filter.state {
        select = select.filter(Column::State.eq(state));
    }
    if let Some(owner) = filter.owner {
        select = select.filter(Column::CurrentOwnerId.eq(owner));
    }
    if let Some(requester) = filter.requester {
        select = select.filter(Column::RequesterId.eq(requester));
    }
    if let Some(request_type) = &filter.request_type {
        select = select.filter(Column::RequestType.eq(request_type));
    }
    if let Some(matter) = &filter.matter {
        select = select.filter(Column::MatterCode.eq(matter));
    }
    if let Some(words) = query.words()? {
        select = select.filter(matching(app, conn, words).await?);
    }
    let sortable = [
        ("opened_at", Column::OpenedAt),
        ("updated_at", Column::UpdatedAt),
        ("number", Column::Number),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// A ticket number, a telephone number, or words of the summary.
async fn matching(app: &App, conn: &impl ConnectionTrait, words: &str) -> Result<Condition> {
    let upper = words.to_uppercase();
    if upper.starts_with("SJ")
        && upper
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Ok(Condition::all()
            .add(Column::Number.gte(&upper))
            .add(Column::Number.lt(format!("{upper}~"))));
    }
    let summary = Condition::any().add(Expr::col(Column::Summary).like(containing(words)));
    Ok(match requesters::by_number(app, conn, words).await? {
        Some(requester) => summary.add(Column::RequesterId.eq(requester.id)),
        None => summary,
    })
}

/// `%` and `_` in what was typed stand for themselves.
pub(crate) fn containing(words: &str) -> LikeExpr {
    let escaped = words
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}

/// One ticket within the actor's scope.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    visible(scope)
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

/// The open tickets of a requester, the newest first; for the pop, whoever owns them.
pub(crate) async fn open_of(
    conn: &impl ConnectionTrait,
    requester: Uuid,
) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .filter(Column::RequesterId.eq(requester))
        .filter(Column::State.eq(State::Open.as_str()))
        .order_by_desc(Column::OpenedAt)
        .limit(20)
        .all(conn)
        .await?)
}

/// Who answers for the requester's newest open ticket: a repeat contact is offered to him first.
pub async fn owner_of_open(conn: &impl ConnectionTrait, requester: Uuid) -> Result<Option<Uuid>> {
    Ok(open_of(conn, requester)
        .await?
        .first()
        .map(|ticket| ticket.current_owner_id))
}

/// Writes `after` over `before` if nobody changed the row since, with one history row for each field.
///
/// The first owner is not among the columns written: it never changes.
pub(crate) async fn save(
    app: &App,
    tx: &impl ConnectionTrait,
    who: &Who,
    action: &str,
    before: &row::Model,
    mut after: row::Model,
) -> Result<row::Model> {
    let changes = history::changes(before, &after);
    if changes.is_empty() {
        return Ok(before.clone());
    }
    after.updated_at = app.clock.now();
    after.version = before.version + 1;
    let done = row::Entity::update_many()
        .col_expr(Column::State, Expr::value(after.state.clone()))
        .col_expr(Column::RequestType, Expr::value(after.request_type.clone()))
        .col_expr(Column::MatterCode, Expr::value(after.matter_code.clone()))
        .col_expr(Column::Summary, Expr::value(after.summary.clone()))
        .col_expr(Column::Resolution, Expr::value(after.resolution.clone()))
        .col_expr(Column::CurrentOwnerId, Expr::value(after.current_owner_id))
        .col_expr(Column::ClosedAt, Expr::value(after.closed_at))
        .col_expr(Column::UpdatedAt, Expr::value(after.updated_at))
        .col_expr(Column::Version, Expr::value(after.version))
        .filter(Column::Id.eq(before.id))
        .filter(Column::Version.eq(before.version))
        .exec(tx)
        .await?;
    if done.rows_affected == 0 {
        return Err(stale(&format!("ticket `{}`", before.number)));
    }
    history::write(app, tx, who, &after, action, changes).await?;
    Ok(after)
}
