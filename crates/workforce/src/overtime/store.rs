//! The rows of overtime orders and of the turns of people.

use std::collections::HashMap;

use chrono::{Datelike as _, NaiveDate};
use kernel::day;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, not_found};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{OvertimeState, PayClass};

/// People of one order, at most.
pub(crate) const MOST: usize = 60;

kernel::table! {
    /// One overtime order.
    pub mod row = "overtime_orders" (id: Uuid) {
        number: String,
        on_day: String,
        pay_class: String,
        reason: String,
        people: i64,
        minutes: i64,
        despite: Option<String>,
        opinion: Option<String>,
        state: String,
        requested_by: Option<Uuid>,
        requested_at: DateTimeUtc,
        planned_by: Option<Uuid>,
        confirmed_by: Option<Uuid>,
        confirmed_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One person of an order.
    pub mod turn = "overtime_turns" (id: Uuid) {
        order_id: Uuid,
        user_id: Uuid,
        on_day: String,
        minutes: i64,
        worked_minutes: Option<i64>,
        compensation: String,
    }
}

kernel::versioned!(row, |order| format!("overtime order `{}`", order.number));

impl row::Model {
    /// Where it stands.
    pub fn standing(&self) -> Result<OvertimeState> {
        OvertimeState::parse(&self.state)
            .ok_or_else(|| internal(format!("overtime {} has no valid state", self.number)))
    }

    /// What it is paid by.
    pub fn class(&self) -> Result<PayClass> {
        PayClass::parse(&self.pay_class)
            .ok_or_else(|| internal(format!("overtime {} has no valid class", self.number)))
    }
}

/// What a list of overtime orders may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those that stand so.
    pub state: Option<OvertimeState>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let all = Condition::all()
        .add_option(
            filter
                .state
                .map(|state| row::Column::State.eq(state.as_str())),
        )
        .add_option(query.words_in(&[row::Column::Number, row::Column::Reason])?);
    let select = row::Entity::find().filter(all);
    let sortable = [("requested_at", row::Column::RequestedAt)];
    paginate(conn, select, query, &sortable, row::Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("overtime order"))
}

/// The turns of an order.
pub(crate) async fn turns(conn: &impl ConnectionTrait, order: Uuid) -> Result<Vec<turn::Model>> {
    Ok(turn::Entity::find()
        .filter(turn::Column::OrderId.eq(order))
        .order_by_asc(turn::Column::Id)
        .limit(MOST as u64)
        .all(conn)
        .await?)
}

/// Minutes of overtime that people have on the day and in its month without the order `but`: what was worked, else
/// what is planned.
pub(crate) async fn had(
    conn: &impl ConnectionTrait,
    on: NaiveDate,
    but: Uuid,
) -> Result<HashMap<Uuid, (i64, i64)>> {
    let month = format!("{:04}-{:02}-", on.year(), on.month());
    let (first, last) = (format!("{month}01"), format!("{month}31"));
    let withdrawn = row::Entity::find()
        .filter(row::Column::OnDay.between(&first, &last))
        .filter(row::Column::State.eq(OvertimeState::Withdrawn.as_str()))
        .all(conn)
        .await?;
    let rows = turn::Entity::find()
        .filter(turn::Column::OnDay.between(first, last))
        .filter(turn::Column::OrderId.ne(but))
        .all(conn)
        .await?;
    let mut had: HashMap<Uuid, (i64, i64)> = HashMap::new();
    for row in rows {
        if withdrawn.iter().any(|order| order.id == row.order_id) {
            continue;
        }
        let minutes = row.worked_minutes.unwrap_or(row.minutes);
        let sums = had.entry(row.user_id).or_default();
        sums.1 += minutes;
        if row.on_day == day::text(on) {
            sums.0 += minutes;
        }
    }
    Ok(had)
}
