//! The rows of requests for leave.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found, too_large};
use kernel::{Scope, day};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{LeaveKind, LeaveSpan, LeaveState};
use crate::roster::book::OnLeave;

/// Requests that are read at once: some of each of 1,000 people.
const MOST: u64 = 10_000;

kernel::table! {
    /// One request for leave.
    pub mod row = "leave_requests" (id: Uuid) {
        number: String,
        user_id: Uuid,
        kind: String,
        from_day: String,
        from_noon: bool,
        to_day: String,
        to_noon: bool,
        half_days: i64,
        minutes: i64,
        reason: String,
        state: String,
        requested_by: Option<Uuid>,
        requested_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |leave| format!("leave `{}`", leave.number));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<LeaveState> {
        LeaveState::parse(&self.state)
            .ok_or_else(|| internal(format!("leave {} has no valid state", self.number)))
    }

    /// What kind.
    pub fn of_kind(&self) -> Result<LeaveKind> {
        LeaveKind::parse(&self.kind)
            .ok_or_else(|| internal(format!("leave {} has no valid kind", self.number)))
    }

    /// From when until when.
    pub fn span(&self) -> Result<LeaveSpan> {
        Ok(LeaveSpan {
            from: day::read(&self.from_day)?,
            from_noon: self.from_noon,
            to: day::read(&self.to_day)?,
            to_noon: self.to_noon,
        })
    }
}

/// What a list of leave may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only requests that stand so.
    pub state: Option<LeaveState>,
    /// Only of this kind.
    pub kind: Option<LeaveKind>,
    /// Only of this person.
    pub user_id: Option<Uuid>,
    /// Only what ends on this day or later.
    pub from: Option<NaiveDate>,
    /// Only what begins on this day or before.
    pub to: Option<NaiveDate>,
}

/// The rows that a scope reaches.
fn within(scope: &Scope) -> Option<Condition> {
    match scope {
        Scope::All => None,
        Scope::Own(user) => Some(Condition::all().add(row::Column::UserId.eq(*user))),
        Scope::Queues(_) => Some(Condition::all().add(row::Column::Id.is_null())),
    }
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    use row::Column as C;
    let all = Condition::all()
        .add_option(within(scope))
        .add_option(filter.state.map(|state| C::State.eq(state.as_str())))
        .add_option(filter.kind.map(|kind| C::Kind.eq(kind.as_str())))
        .add_option(filter.user_id.map(|user| C::UserId.eq(user)))
        .add_option(filter.from.map(|from| C::ToDay.gte(day::text(from))))
        .add_option(filter.to.map(|to| C::FromDay.lte(day::text(to))))
        .add_option(query.words_in(&[C::Number, C::Reason])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("requested_at", C::RequestedAt), ("from", C::FromDay)];
    paginate(conn, select, query, &sortable, C::Id).await
}

/// One request within the scope.
pub(crate) async fn get(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<row::Model> {
    let which = Condition::all()
        .add(row::Column::Id.eq(id))
        .add_option(within(scope));
    row::Entity::find()
        .filter(which)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("leave request"))
}

fn touching((from, to): (NaiveDate, NaiveDate)) -> Condition {
    Condition::all()
        .add(row::Column::FromDay.lte(day::text(to)))
        .add(row::Column::ToDay.gte(day::text(from)))
}

/// What one person asked for or has between two days.
pub(crate) async fn of_person(
    conn: &impl ConnectionTrait,
    user: Uuid,
    days: (NaiveDate, NaiveDate),
) -> Result<Vec<row::Model>> {
    let open = [LeaveState::Requested, LeaveState::Approved].map(LeaveState::as_str);
    Ok(row::Entity::find()
        .filter(touching(days))
        .filter(row::Column::UserId.eq(user))
        .filter(row::Column::State.is_in(open))
        .limit(MOST)
        .all(conn)
        .await?)
}

/// Approved leave between two days, by day and person. Of two half days of different requests the day is the whole.
pub(crate) async fn approved(
    conn: &impl ConnectionTrait,
    days: (NaiveDate, NaiveDate),
) -> Result<BTreeMap<(NaiveDate, Uuid), OnLeave>> {
    let rows = row::Entity::find()
        .filter(touching(days))
        .filter(row::Column::State.eq(LeaveState::Approved.as_str()))
        .limit(MOST + 1)
        .all(conn)
        .await?;
    if rows.len() as u64 > MOST {
        return Err(too_large(
            "more than 10,000 requests for leave are not read at once",
        ));
    }
    let mut found: BTreeMap<(NaiveDate, Uuid), OnLeave> = BTreeMap::new();
    for row in rows {
        let (kind, span) = (row.of_kind()?, row.span()?);
        let within = span
            .parts()
            .filter(|(on, _)| (days.0..=days.1).contains(on));
        for (on, part) in within {
            let whole = |one: &OnLeave| one.part != part;
            let key = (on, row.user_id);
            let part = match found.get(&key) {
                Some(one) if whole(one) => crate::shift::DayPart::Day,
                _ => part,
            };
            let number = row.number.clone();
            found.insert(key, OnLeave { part, kind, number });
        }
    }
    Ok(found)
}
