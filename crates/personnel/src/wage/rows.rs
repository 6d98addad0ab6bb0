//! The rows of wages, and how a month is opened to be written.

use kernel::problem::{Result, internal};
use kernel::{App, Tx, versioned};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter,
    QuerySelect as _,
};

use super::{Action, Case, Month, Refusal, WageMonthState};
use kernel::versioned::Versioned as _;

kernel::table! {
    /// Somebody on the project who holds no post: a manager, a substitute.
    pub(crate) mod enrolled = "payroll_people" (id: Uuid) {
        staff_id: Uuid,
        duty: String,
        from_day: String,
        until_day: Option<String>,
        note: Option<String>,
        added_by: Option<Uuid>,
        added_at: DateTimeUtc,
    }
}

kernel::table! {
    /// A month that was handed in or begun.
    pub(crate) mod month_row = "wage_months" (id: Uuid) {
        month: String,
        state: String,
        submitted_by: Option<Uuid>,
        submitted_at: Option<DateTimeUtc>,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        note: Option<String>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// What was paid for one insurance of one person and month.
    pub(crate) mod insured = "insurance_payments" (id: Uuid) {
        month: String,
        staff_id: Uuid,
        item: String,
        base_fen: i64,
        employer_fen: i64,
        employee_fen: i64,
        merged: bool,
        state: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Pay of one person and month.
    pub(crate) mod payslip = "payslips" (id: Uuid) {
        month: String,
        staff_id: Uuid,
        base_fen: i64,
        items: Json,
        worked: Json,
        performance_due_fen: i64,
        paid_fen: Option<i64>,
        paid_on: Option<String>,
        state: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// A proof: a list of the insurances, a bank's receipt, a payslip.
    pub(crate) mod file = "wage_files" (id: Uuid) {
        month: String,
        kind: String,
        name: String,
        media_type: String,
        bytes: i64,
        sha256: String,
        path: String,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
    }
}

kernel::table! {
    /// Whom a proof is about.
    pub(crate) mod file_person = "wage_file_people" (file_id: Uuid, staff_id: Uuid) {}
}

kernel::table! {
    /// A quoted price.
    pub(crate) mod quoted = "quotations" (id: Uuid) {
        title: String,
        price_fen: i64,
        seats: i64,
        months: i64,
        from_day: String,
        until_day: String,
        extended_minutes: i64,
        rest_day_minutes: i64,
        holiday_minutes: i64,
        state: String,
        floor_fen: i64,
        judged_on: String,
        made_by: Option<Uuid>,
        made_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(month_row, |row| format!("wages of {}", row.month));
kernel::versioned!(insured, |row| format!("{} of {}", row.item, row.month));
kernel::versioned!(payslip, |row| format!("payslip of {}", row.month));
kernel::versioned!(quoted, |row| format!("quotation `{}`", row.title));

impl month_row::Model {
    /// The month as its rules see it.
    pub(crate) fn case(&self) -> Result<Case> {
        let state = WageMonthState::parse(&self.state)
            .ok_or_else(|| internal(format!("month {} has no valid state", self.month)))?;
        Ok(Case { state })
    }

    /// The purchaser checked it.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.state == WageMonthState::Confirmed.as_str()
    }

    /// The case after an action; the refusal names the month.
    pub(crate) fn after(&self, action: &Action) -> Result<Case> {
        let refuse = |refusal: Refusal| refusal.about(&self.what()).with("state", &*self.state);
        self.case()?.next(action).map_err(refuse)
    }
}

/// A row for a month nobody wrote anything of.
pub(crate) fn fresh(app: &App, month: Month) -> month_row::Model {
    month_row::Model {
        id: app.ids.next(),
        month: month.to_string(),
        state: WageMonthState::Open.as_str().to_owned(),
        submitted_by: None,
        submitted_at: None,
        decided_by: None,
        decided_at: None,
        note: None,
        updated_at: app.clock.now(),
        version: 1,
    }
}

/// The row of a month, begun where there is none, and held until the end of the transaction: who hands it in sees
/// what was written before, and who writes later sees that it was handed in.
pub(crate) async fn held(app: &App, tx: &Tx, month: Month) -> Result<month_row::Model> {
    let begun = fresh(app, month).into_active_model().reset_all();
    month_row::Entity::insert(begun)
        .on_conflict(
            OnConflict::column(month_row::Column::Month)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(&**tx)
        .await?;
    month_row::Entity::find()
        .filter(month_row::Column::Month.eq(month.to_string()))
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| internal(format!("month {month} is not there")))
}

/// The same to write something of it; refused when it was handed in.
pub(crate) async fn writable(app: &App, tx: &Tx, month: Month) -> Result<month_row::Model> {
    let row = held(app, tx, month).await?;
    row.after(&Action::Write)?;
    Ok(row)
}

/// Writes a row, new where nobody had seen one; 409 where the version seen is not the one that is there.
pub(crate) async fn put<M>(
    app: &App,
    tx: &Tx,
    before: Option<M>,
    seen: Option<i64>,
    after: M,
) -> Result<M>
where
    M: versioned::Versioned,
    <<M as sea_orm::ModelTrait>::Entity as EntityTrait>::ActiveModel: Send,
{
    let Some(before) = before else {
        versioned::insert(&**tx, &after).await?;
        return Ok(after);
    };
    let before = match seen {
        Some(seen) => versioned::as_read(before, seen)?,
        None => return Err(versioned::changed_meanwhile(&before)),
    };
    versioned::save(app, &**tx, &before, after).await
}
