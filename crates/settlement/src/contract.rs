//! The contract of the service: its term, its cap, its price table, what it is counted by, the
//! agreed days of its statements, and how much of the cap is used.

pub mod budget;
pub mod counting;
pub mod ending;
pub mod http;
pub mod price;
pub mod terms;

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found, refused};
use kernel::{App, Tx, day, versioned, words};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use crate::statement::{StatementState, store as statements};
use crate::term::{self, Month};
use crate::trail::{self, BOTH, Scribe};

/// Months of one statement (每半年).
pub(crate) const HALF: u32 = 6;

words! {
    /// Where a contract stands.
    ServiceContractState {
        /// 草拟
        Draft = "draft",
        /// 已签订
        Signed = "signed",
    }
}

kernel::table! {
    /// One contract.
    pub mod row = "service_contracts" (id: Uuid) {
        number: String,
        title: String,
        begins_on: String,
        ends_on: String,
        months: i64,
        seats: i64,
        cap_fen: i64,
        tax_included: bool,
        tax_bp: i64,
        review_days: i64,
        payment_days: i64,
        statement_days: Json,
        state: String,
        signed_by: Option<Uuid>,
        signed_at: Option<DateTimeUtc>,
        next_reminder_at: Option<DateTimeUtc>,
        created_by: Option<Uuid>,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |contract| format!("contract `{}`", contract.number));

impl row::Model {
    /// Its billing months, the first one first.
    pub(crate) fn billing_months(&self) -> Result<Vec<Month>> {
        let start = day::read(&self.begins_on)?;
        let months = u32::try_from(self.months).map_err(internal)?;
        let month = |n| term::month(start, n).ok_or_else(|| internal("no such month"));
        (1..=months).map(month).collect()
    }

    /// 409 for a contract that binds nobody yet.
    pub(crate) fn must_be_signed(&self) -> Result<()> {
        if self.state == ServiceContractState::Signed.as_str() {
            return Ok(());
        }
        let detail = format!("contract {} is a draft", self.number);
        Err(refused("contract_not_signed", detail).with_way_out("have the purchaser sign it first"))
    }
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("contract"))
}

/// The most seats that a signed contract has, or one would have by the terms that hold at `at`.
pub(crate) async fn most_seats(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<i64> {
    let largest = row::Entity::find()
        .filter(row::Column::State.eq(ServiceContractState::Signed.as_str()))
        .order_by_desc(row::Column::Seats)
        .one(conn)
        .await?;
    let agreed = terms::in_force(conn, at).await?.seats;
    Ok(largest.map_or(agreed, |contract| contract.seats.max(agreed)))
}

/// Holds the contract: who moves money of it waits for who does already.
pub(crate) async fn held(tx: &Tx, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("contract"))
}

/// Writes down what happened to a contract and tells both sides.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "service_contract",
        id: row.id,
    };
    let told = trail::holders(&**tx, BOTH).await?;
    let facts = json!({ "number": row.number, "state": row.state, "version": row.version, "recipients": told });
    scribe.tell(what, None, facts).await
}

/// 409 where what is counted by must not change any more from `from` on, or not now: a statement that is on its way
/// keeps what it was drawn by.
pub(crate) fn must_be_free(statement: &statements::row::Model) -> Result<()> {
    use StatementState as S;
    let case = statement.case()?;
    if case.is_confirmed() {
        let detail = format!("statement {} is confirmed", statement.number);
        return Err(refused("statement_confirmed", detail));
    }
    if matches!(
        case.state,
        S::InternalChecked | S::Submitted | S::UnderReview
    ) {
        let detail = format!("statement {} is drawn by what held", statement.number);
        return Err(
            refused("statement_under_way", detail).with_way_out("send it back or reject it first")
        );
    }
    Ok(())
}

/// Price or counting changes from `from` on: the statements it touches must be free, and drafts of them are drawn again.
pub(crate) async fn redraw_from(app: &App, tx: &Tx, contract: Uuid, from: &str) -> Result<()> {
    for statement in statements::of_contract(&**tx, contract).await? {
        if statement.until_day.as_str() < from {
            continue;
        }
        must_be_free(&statement)?;
        if statement.case()?.drawn {
            let mut after = statement.clone();
            after.drawn_at = None;
            versioned::save(app, &**tx, &statement, after).await?;
        }
    }
    Ok(())
}
