//! The rows of requests of persons.

use kernel::audit::{self, Who};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use kernel::rights::Permission as _;
use kernel::timer::Alarmed;
use kernel::versioned::{self, Versioned as _};
use kernel::waiting::{MOST, Waiting, WaitingKind};
use kernel::{App, Audience, Principal, Role, Tx};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Action, Case, RightKind, RightState};
use crate::{DecidePrivacy, ViewPrivacy};

kernel::table! {
    /// One request. What the rules see of it is a [`Case`].
    pub mod row = "privacy_requests" (id: Uuid) {
        number: String,
        requester_id: Uuid,
        kind: String,
        wish: String,
        state: String,
        open: bool,
        overdue: bool,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
        proof: Option<String>,
        outcome: Option<String>,
        answer: Option<String>,
        erasure_id: Option<Uuid>,
        taken_by: Option<Uuid>,
        taken_at: DateTimeUtc,
        answered_by: Option<Uuid>,
        answered_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |request| format!("request `{}`", request.number));

const KIND: &str = "privacy_request";
/// Who decides, and is told.
const DECIDES: &[Role] = &[Role::PurchaserAdmin];

impl row::Model {
    /// The request as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = RightState::parse(&self.state)
            .ok_or_else(|| internal(format!("{} has no valid state", self.number)))?;
        Ok(Case {
            state,
            due_at: self.due_at,
            overdue: self.overdue,
        })
    }

    pub(super) fn with_case(mut self, case: &Case) -> Self {
        case.state.as_str().clone_into(&mut self.state);
        self.open = case.is_open();
        self.overdue = case.overdue;
        self.due_at = case.due_at;
        self.next_alarm_at = case.due_at.filter(|_| !case.overdue);
        self
    }
}

/// What a list of requests may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PrivacyFilter {
    /// Only those that wait for an answer, or only those that are over.
    pub open: Option<bool>,
    /// Only those that are or were late.
    pub overdue: Option<bool>,
    /// What is asked for.
    pub kind: Option<RightKind>,
}

pub(super) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &PrivacyFilter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(filter.open.map(|open| Column::Open.eq(open)))
        .add_option(filter.overdue.map(|overdue| Column::Overdue.eq(overdue)))
        .add_option(filter.kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(query.words_in(&[Column::Number, Column::Wish])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("taken_at", Column::TakenAt)];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(super) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(id).one(conn).await?;
    found.ok_or_else(|| not_found("privacy request"))
}

/// Does `action` to a request as it was read.
pub(super) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
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
    tell(app, tx, who, &after, what).await?;
    Ok(after)
}

/// Audit trail, event `privacy_request.{what}` and live news.
pub(super) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let named = format!("{KIND}.{what}");
    let details = json!({
        "number": row.number, "kind": row.kind, "state": row.state, "outcome": row.outcome, "due_at": row.due_at,
    });
    audit::record(app, &**tx, who, &named, KIND, row.id, details).await?;
    let mut recipients = Vec::new();
    for role in DECIDES {
        let held = organization::colleagues::holders(&**tx, *role).await?;
        recipients.extend(held.into_iter().map(|person| person.id));
    }
    let facts = json!({
        "id": row.id, "number": row.number, "state": row.state, "version": row.version, "by": who.user_id,
        "at": app.clock.now(), "recipients": recipients, "due_at": row.due_at,
    });
    app.events.publish(tx, &named, row.id, facts).await?;
    let news = json!({ "id": row.id, "what": what });
    let audience = Audience::Permission(ViewPrivacy::CODE);
    app.live.publish_after(tx, audience, "privacy", news);
    Ok(())
}

/// The requests, as the timer sees them.
pub(crate) struct Requests;

impl Alarmed for Requests {
    type Entity = row::Entity;
    const HANDLER: &'static str = "requesters.wake_privacy_requests";
    const KINDS: &'static [&'static str] = &["privacy_request.taken"];
    const ID: Column = Column::Id;
    const AT: Column = Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<row::Model>) -> Result<()> {
        let who = Who::system("requesters");
        for request in due {
            act(
                &app,
                &tx,
                &who,
                &request,
                (&Action::Lapse, "overdue"),
                |_| {},
            )
            .await?;
        }
        Ok(())
    }
}

/// Requests that wait for the purchaser's answer.
pub(crate) fn waiting(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(KIND, move |person: Principal| {
        let app = app.clone();
        async move {
            if !person.may::<DecidePrivacy>() {
                return Ok(Vec::new());
            }
            let rows = row::Entity::find()
                .filter(Column::Open.eq(true))
                .order_by_asc(Column::DueAt)
                .limit(MOST)
                .all(app.db.read())
                .await?;
            let waiting = rows.into_iter().map(|row| Waiting {
                kind: KIND,
                id: row.id,
                number: Some(row.number),
                title: row.wish,
                section: None,
                since: row.taken_at,
                due_at: row.due_at,
                page: format!("/privacy?open={}", row.id),
                consent: None,
            });
            Ok(waiting.collect())
        }
    })
}
