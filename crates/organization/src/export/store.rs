//! The rows of requests and of the log.

use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Scope, Tx};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, ExportKind, ExportRequestState, told};

kernel::table! {
    /// One request. What the rules see of it is a [`Case`].
    pub mod row = "export_requests" (id: Uuid) {
        number: String,
        kind: String,
        target: String,
        target_sealed: Option<String>,
        reason: String,
        row_limit: i64,
        until_at: DateTimeUtc,
        state: String,
        open: bool,
        next_alarm_at: Option<DateTimeUtc>,
        asked_by: Uuid,
        asked_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        note: Option<String>,
        used_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One file that left.
    pub mod export = "exports" (id: Uuid) {
        number: String,
        kind: String,
        target: String,
        row_count: i64,
        bytes: i64,
        sha256: String,
        mark: String,
        request_id: Option<Uuid>,
        taken_by: Uuid,
        taken_at: DateTimeUtc,
    }
}

kernel::versioned!(row, |request| format!(
    "export request `{}`",
    request.number
));

/// What the address of a request is sealed under.
pub(super) fn label(id: Uuid) -> String {
    format!("export_request:{id}")
}

impl row::Model {
    /// The whole address of the export; `target` keeps the numbers in it hidden.
    pub(super) fn address(&self, app: &App) -> Result<String> {
        match &self.target_sealed {
            Some(sealed) => app.key.unseal(&label(self.id), sealed),
            None => Ok(self.target.clone()),
        }
    }

    /// The request as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = ExportRequestState::parse(&self.state)
            .ok_or_else(|| internal(format!("{} has no valid state", self.number)))?;
        Ok(Case {
            state,
            rows: u64::try_from(self.row_limit).map_err(internal)?,
            until: self.until_at,
        })
    }

    pub(super) fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.next_alarm_at = case.is_open().then_some(case.until);
        self
    }
}

/// What a list of requests may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RequestFilter {
    /// Where they stand.
    pub state: Option<ExportRequestState>,
    /// Only those that wait for a decision or for their use, or only those that are over.
    pub open: Option<bool>,
    /// Of one kind.
    pub kind: Option<ExportKind>,
}

fn own(column: row::Column, scope: &Scope) -> Option<Condition> {
    match scope {
        Scope::All => None,
        Scope::Own(user) => Some(Condition::all().add(column.eq(*user))),
        Scope::Queues(_) => Some(Condition::all().add(column.is_null())),
    }
}

pub(super) async fn list(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    query: &ListQuery,
    filter: &RequestFilter,
) -> Result<Page<row::Model>> {
    use row::Column;
    let all = Condition::all()
        .add_option(own(Column::AskedBy, scope))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(query.words_in(&[Column::Number, Column::Reason])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("asked_at", Column::AskedAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(super) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id)
        .filter(Condition::all().add_option(own(row::Column::AskedBy, scope)));
    let found = found.one(conn).await?;
    found.ok_or_else(|| not_found("export request"))
}

/// What the log may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportFilter {
    /// Of one kind.
    pub kind: Option<ExportKind>,
    /// Taken by this user.
    pub by: Option<Uuid>,
    /// From this time on.
    pub from: Option<chrono::DateTime<chrono::Utc>>,
    /// Before this time.
    pub to: Option<chrono::DateTime<chrono::Utc>>,
}

pub(super) async fn taken(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    query: &ListQuery,
    filter: &ExportFilter,
) -> Result<Page<export::Model>> {
    use export::Column;
    let own = match scope {
        Scope::All => None,
        Scope::Own(user) => Some(Column::TakenBy.eq(*user)),
        Scope::Queues(_) => Some(Column::TakenBy.is_null()),
    };
    let all = Condition::all()
        .add_option(own)
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(filter.by.map(|by| Column::TakenBy.eq(by)))
        .add_option(filter.from.map(|from| Column::TakenAt.gte(from)))
        .add_option(filter.to.map(|to| Column::TakenAt.lt(to)))
        .add_option(query.words_in(&[Column::Number, Column::Sha256])?);
    let select = export::Entity::find().filter(all);
    let sortable = [("taken_at", Column::TakenAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

/// Does `action` to a request as it was read.
pub(super) async fn act(
    app: &App,
    tx: &Tx,
    who: &kernel::audit::Who,
    before: &row::Model,
    (action, what): (&Action, &str),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(action, app.clock.now());
    let case = case.map_err(|why| {
        why.about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone().with_case(&case);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    told::tell(app, tx, who, &after, what).await?;
    Ok(after)
}

/// The requests, as the timer sees them.
pub(crate) struct Requests;

impl Alarmed for Requests {
    type Entity = row::Entity;
    const HANDLER: &'static str = "organization.wake_export_requests";
    const KINDS: &'static [&'static str] = &["export_request.asked"];
    const ID: row::Column = row::Column::Id;
    const AT: row::Column = row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = kernel::audit::Who::system("organization");
        for request in due {
            act(
                &app,
                &tx,
                &who,
                &request,
                (&Action::Lapse, "lapsed"),
                |_| {},
            )
            .await?;
        }
        Ok(())
    }
}
