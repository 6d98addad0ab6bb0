//! The rows of sheets, of what they were counted from, and of improvement plans.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use kernel::audit::{self, Who};
use kernel::evidence::Evidence;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found};
use kernel::rule::Dated;
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Audience, Permission as _, Scope, Tx, day};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::plan::{self, ImprovementState};
use super::rights::CalculatePerformance;
use super::score::{Measured, Score, ScoreRow, score};
use super::{Action, Case, Office, PerformanceState, Reading, ScoreTable, rules};

kernel::table! {
    /// One agent's month.
    pub mod row = "performance_sheets" (id: Uuid) {
        month: String,
        user_id: Uuid,
        /// The calculation that holds.
        n: i32,
        /// Hundredths.
        total: i64,
        weight: i64,
        vetoed: bool,
        table_since: DateTimeUtc,
        taken_off: Json,
        state: String,
        calculated_by: Option<Uuid>,
        calculated_at: DateTimeUtc,
        checked_by: Option<Uuid>,
        checked_at: Option<DateTimeUtc>,
        released_by: Option<Uuid>,
        released_at: Option<DateTimeUtc>,
        final_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One row of one calculation, with all that its points come from.
    pub mod input = "performance_rows" (sheet_id: Uuid, n: i32, position: i32) {
        indicator: String,
        numerator: i64,
        denominator: i64,
        value: Option<i64>,
        source: String,
        /// The row of the table.
        body: Json,
        points: Option<i64>,
    }
}

kernel::table! {
    /// Each calculation of a sheet.
    pub mod calculation = "performance_calculations" (sheet_id: Uuid, n: i32) {
        total: i64,
        taken_off: i64,
        by_id: Option<Uuid>,
        at: DateTimeUtc,
    }
}

kernel::table! {
    /// What is done where a score is low.
    pub mod improvement = "improvement_plans" (id: Uuid) {
        number: String,
        user_id: Uuid,
        sheet_id: Uuid,
        month: String,
        indicator: String,
        rises: bool,
        before_value: Option<i64>,
        goal: i64,
        measures: String,
        due_on: String,
        after_value: Option<i64>,
        after_month: Option<String>,
        note: Option<String>,
        state: String,
        open: bool,
        opened_by: Uuid,
        opened_at: DateTimeUtc,
        closed_by: Option<Uuid>,
        closed_at: Option<DateTimeUtc>,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use improvement::Column as Plan;
use row::Column;

kernel::versioned!(row, |sheet| format!("the sheet of {}", sheet.month));
kernel::versioned!(improvement, |plan| format!(
    "improvement plan `{}`",
    plan.number
));

/// Points taken off by hand.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PointsTakenOff {
    /// In hundredths.
    pub points: i64,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: Option<Uuid>,
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
}

impl row::Model {
    /// The sheet as its rules see it.
    pub fn case(&self) -> Result<Case> {
        let state = PerformanceState::parse(&self.state)
            .ok_or_else(|| internal(format!("sheet {} has no valid state", self.id)))?;
        Ok(Case { state })
    }

    /// What was taken off by hand.
    pub fn offs(&self) -> Result<Vec<PointsTakenOff>> {
        serde_json::from_value(self.taken_off.clone()).map_err(internal)
    }
}

impl improvement::Model {
    /// The plan as its rules see it.
    pub fn case(&self) -> Result<plan::Case> {
        let state = ImprovementState::parse(&self.state).ok_or_else(|| {
            internal(format!(
                "improvement plan {} has no valid state",
                self.number
            ))
        })?;
        Ok(plan::Case {
            state,
            goal: self.goal,
            rises: self.rises,
            after: self.after_value,
        })
    }
}

/// The days of a month, `2026-11`.
pub(crate) fn days_of(month: &str) -> Result<(NaiveDate, NaiveDate)> {
    let first: NaiveDate = format!("{month}-01")
        .parse()
        .map_err(|_| invalid("month", "month_invalid", "a month is written 2026-11"))?;
    if month.len() != 7 {
        return Err(invalid(
            "month",
            "month_invalid",
            "a month is written 2026-11",
        ));
    }
    let last = (first + Months::new(1))
        .pred_opt()
        .ok_or_else(|| internal("a month ends"))?;
    Ok((first, last))
}

/// Whose eyes look at a list.
#[derive(Debug, Clone)]
pub(crate) struct Eyes {
    pub scope: Scope,
    pub purchaser: bool,
}

impl Eyes {
    /// An agent sees his own once released; the purchaser what is released.
    fn condition(&self) -> Condition {
        let released =
            [PerformanceState::Released, PerformanceState::Final].map(PerformanceState::as_str);
        let mut all = Condition::all();
        match &self.scope {
            Scope::Own(user) => {
                all = all
                    .add(Column::UserId.eq(*user))
                    .add(Column::State.is_in(released));
            }
            Scope::Queues(_) => all = all.add(Column::State.is_in(released)),
            Scope::All if self.purchaser => all = all.add(Column::State.is_in(released)),
            Scope::All => {}
        }
        all
    }

    fn of_plans(&self) -> Condition {
        let own = match &self.scope {
            Scope::Own(user) => Some(Plan::UserId.eq(*user)),
            _ => None,
        };
        Condition::all().add_option(own)
    }
}

/// What a list of sheets may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PerformanceFilter {
    /// Only those of this month: `2026-11`.
    pub month: Option<String>,
    /// Only those of this agent.
    pub user: Option<Uuid>,
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<PerformanceState>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    eyes: &Eyes,
    query: &ListQuery,
    filter: &PerformanceFilter,
) -> Result<Page<row::Model>> {
    // Whose a sheet is the purchaser does not know, so he does not ask by it.
    let user = filter.user.filter(|_| !eyes.purchaser);
    let all = eyes
        .condition()
        .add_option(
            filter
                .month
                .as_ref()
                .map(|month| Column::Month.eq(month.as_str())),
        )
        .add_option(user.map(|user| Column::UserId.eq(user)))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())));
    let sortable = [
        ("month", Column::Month),
        ("total", Column::Total),
        ("calculated_at", Column::CalculatedAt),
    ];
    paginate(
        conn,
        row::Entity::find().filter(all),
        query,
        &sortable,
        Column::Id,
    )
    .await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, eyes: &Eyes, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .filter(eyes.condition())
        .one(conn)
        .await?
        .ok_or_else(|| not_found("performance sheet"))
}

/// The rows of the calculations that hold, by sheet.
pub(crate) async fn inputs(
    conn: &impl ConnectionTrait,
    sheets: &[row::Model],
) -> Result<BTreeMap<Uuid, Vec<input::Model>>> {
    let mut any = Condition::any();
    for sheet in sheets {
        any = any.add(
            Condition::all()
                .add(input::Column::SheetId.eq(sheet.id))
                .add(input::Column::N.eq(sheet.n)),
        );
    }
    let mut by_sheet: BTreeMap<Uuid, Vec<input::Model>> = BTreeMap::new();
    if sheets.is_empty() {
        return Ok(by_sheet);
    }
    let rows = input::Entity::find()
        .filter(any)
        .order_by_asc(input::Column::Position)
        .all(conn)
        .await?;
    for row in rows {
        by_sheet.entry(row.sheet_id).or_default().push(row);
    }
    Ok(by_sheet)
}

pub(crate) async fn calculations(
    conn: &impl ConnectionTrait,
    sheet: Uuid,
) -> Result<Vec<calculation::Model>> {
    Ok(calculation::Entity::find()
        .filter(calculation::Column::SheetId.eq(sheet))
        .order_by_asc(calculation::Column::N)
        .limit(200)
        .all(conn)
        .await?)
}

/// The score of rows as they were kept: counted again it is the same.
pub fn recount(inputs: &[input::Model], taken_off: i64) -> Result<Score> {
    let rows: Result<Vec<Measured>> = inputs
        .iter()
        .map(|input| {
            Ok(Measured {
                row: serde_json::from_value(input.body.clone()).map_err(internal)?,
                value: input.value,
            })
        })
        .collect();
    Ok(score(&rows?, taken_off))
}

/// What was measured, of each indicator by person.
pub(crate) type Readings = BTreeMap<String, BTreeMap<Uuid, Reading>>;

/// Counts the sheets of a month, again where they are not released yet.
///
/// # Errors
/// 422 `month_not_over` for a month that is still to come.
pub(crate) async fn calculate(office: &Office, who: &Who, month: &str) -> Result<usize> {
    let (from, until) = days_of(month)?;
    let app = &office.app;
    if from > day::today(app) {
        return Err(invalid(
            "month",
            "month_to_come",
            "nothing is known of this month yet",
        ));
    }
    let table = rules::table(app.db.read(), app.clock.now()).await?;
    let people = office.indicators.agents(from, until).await?;
    let mut readings = Readings::new();
    for row in &table.rule.rows {
        if !readings.contains_key(&row.indicator) {
            let of = office
                .indicators
                .readings(&row.indicator, (from, until), &people)
                .await?;
            readings.insert(row.indicator.clone(), of);
        }
    }
    let (app, who, month) = (app.clone(), who.clone(), month.to_owned());
    let db = app.db.clone();
    db.write(move |tx| async move {
        let known = row::Entity::find()
            .filter(Column::Month.eq(month.as_str()))
            .all(&*tx)
            .await?;
        let mut counted = 0;
        for person in people {
            let before = known.iter().find(|sheet| sheet.user_id == person);
            if let Some(before) = before
                && before.case()?.next(&Action::Calculate).is_err()
            {
                continue;
            }
            put(
                &app,
                &tx,
                &who,
                (month.as_str(), person, before),
                &table,
                &readings,
            )
            .await?;
            counted += 1;
        }
        Ok(counted)
    })
    .await
}

async fn put(
    app: &App,
    tx: &Tx,
    who: &Who,
    (month, person, before): (&str, Uuid, Option<&row::Model>),
    table: &Dated<ScoreTable>,
    readings: &Readings,
) -> Result<()> {
    let now = app.clock.now();
    let offs = before
        .map(row::Model::offs)
        .transpose()?
        .unwrap_or_default();
    let taken_off: i64 = offs.iter().map(|off| off.points).sum();
    let reading = |row: &ScoreRow| readings.get(&row.indicator).and_then(|of| of.get(&person));
    let measured: Vec<Measured> = table
        .rule
        .rows
        .iter()
        .map(|row| Measured {
            row: row.clone(),
            value: reading(row).and_then(|reading| reading.value),
        })
        .collect();
    let score = score(&measured, taken_off);
    let n = before.map_or(1, |sheet| sheet.n + 1);
    let case = Case::calculated();
    let sheet = row::Model {
        id: before.map_or_else(|| app.ids.next(), |sheet| sheet.id),
        month: month.to_owned(),
        user_id: person,
        n,
        total: score.total,
        weight: score.weight.into(),
        vetoed: score.vetoed,
        table_since: table.stamp.effective_from,
        taken_off: serde_json::to_value(&offs).map_err(internal)?,
        state: case.state.as_str().to_owned(),
        calculated_by: who.user_id,
        calculated_at: now,
        checked_by: None,
        checked_at: None,
        released_by: None,
        released_at: None,
        final_at: None,
        updated_at: now,
        version: before.map_or(1, |sheet| sheet.version),
    };
    let sheet = if let Some(before) = before {
        versioned::save(app, &**tx, before, sheet).await?
    } else {
        versioned::insert(&**tx, &sheet).await?;
        sheet
    };
    let mut rows = Vec::new();
    for (position, (one, points)) in measured.iter().zip(&score.points).enumerate() {
        let of = reading(&one.row);
        let row = input::Model {
            sheet_id: sheet.id,
            n,
            position: position as i32,
            indicator: one.row.indicator.clone(),
            numerator: of.map_or(0, |of| of.numerator),
            denominator: of.map_or(0, |of| of.denominator),
            value: one.value,
            source: of.map_or_else(|| "none".to_owned(), |of| of.source.clone()),
            body: serde_json::to_value(&one.row).map_err(internal)?,
            points: *points,
        };
        rows.push(row.into_active_model().reset_all());
    }
    input::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    note(app, &**tx, who, &sheet, taken_off).await?;
    measure_plans(app, tx, &sheet, &measured).await?;
    tell(app, tx, who, &sheet, "calculated").await
}

/// Keeps that a sheet was counted.
async fn note(
    app: &App,
    conn: &impl ConnectionTrait,
    who: &Who,
    sheet: &row::Model,
    taken_off: i64,
) -> Result<()> {
    let one = calculation::Model {
        sheet_id: sheet.id,
        n: sheet.n,
        total: sheet.total,
        taken_off,
        by_id: who.user_id,
        at: app.clock.now(),
    };
    one.into_active_model().reset_all().insert(conn).await?;
    Ok(())
}

/// A later month tells the plans of its agent what came of them.
async fn measure_plans(
    app: &App,
    tx: &Tx,
    sheet: &row::Model,
    measured: &[Measured],
) -> Result<()> {
    let plans = improvement::Entity::find()
        .filter(Plan::UserId.eq(sheet.user_id))
        .filter(Plan::Open.eq(true))
        .filter(Plan::Month.lt(sheet.month.as_str()))
        .all(&**tx)
        .await?;
    for plan in plans {
        let value = measured
            .iter()
            .find(|one| one.row.indicator == plan.indicator)
            .and_then(|one| one.value);
        let newer = plan
            .after_month
            .as_deref()
            .is_none_or(|month| month <= sheet.month.as_str());
        let (Some(value), true) = (value, newer) else {
            continue;
        };
        let case = plan
            .case()?
            .next(&plan::Action::Measure { value })
            .map_err(|refusal| refusal.about(&plan.what()))?;
        let mut after = plan.clone();
        case.state.as_str().clone_into(&mut after.state);
        after.after_value = case.after;
        after.after_month = Some(sheet.month.clone());
        versioned::save(app, &**tx, &plan, after).await?;
    }
    Ok(())
}

/// Takes points off, which is another calculation of the same values.
pub(crate) async fn take_off(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    off: PointsTakenOff,
) -> Result<row::Model> {
    before.case()?.next(&Action::TakeOff).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let rows = inputs(&**tx, std::slice::from_ref(before))
        .await?
        .remove(&before.id)
        .unwrap_or_default();
    let mut offs = before.offs()?;
    offs.push(off);
    let taken_off: i64 = offs.iter().map(|off| off.points).sum();
    let score = recount(&rows, taken_off)?;
    let mut after = before.clone();
    after.n += 1;
    after.total = score.total;
    after.taken_off = serde_json::to_value(&offs).map_err(internal)?;
    after.state = Case::calculated().state.as_str().to_owned();
    after.calculated_by = who.user_id;
    after.calculated_at = app.clock.now();
    after.checked_by = None;
    after.checked_at = None;
    let after = versioned::save(app, &**tx, before, after).await?;
    let again = rows.into_iter().map(|row| {
        input::Model { n: after.n, ..row }
            .into_active_model()
            .reset_all()
    });
    input::Entity::insert_many(again)
        .exec_without_returning(&**tx)
        .await?;
    note(app, &**tx, who, &after, taken_off).await?;
    tell(app, tx, who, &after, "taken_off").await?;
    Ok(after)
}

/// Does `action` to a sheet as it was read.
pub(crate) async fn act(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: &row::Model,
    (action, what): (&Action, &str),
    more: impl FnOnce(&mut row::Model),
) -> Result<row::Model> {
    let case = before.case()?.next(action).map_err(|refusal| {
        refusal
            .about(&before.what())
            .with("state", before.state.as_str())
    })?;
    let mut after = before.clone();
    case.state.as_str().clone_into(&mut after.state);
    more(&mut after);
    let after = versioned::save(app, &**tx, before, after).await?;
    tell(app, tx, who, &after, what).await?;
    Ok(after)
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let details = json!({ "month": row.month, "user_id": row.user_id, "n": row.n, "total": row.total, "state": row.state });
    let action = format!("performance.{what}");
    audit::record(
        app,
        &**tx,
        who,
        &action,
        "performance_sheet",
        row.id,
        details,
    )
    .await?;
    let facts = json!({ "sheet_id": row.id, "month": row.month, "state": row.state });
    let audience = if what == "released" {
        Audience::User(row.user_id)
    } else {
        Audience::Permission(CalculatePerformance::CODE)
    };
    app.live.publish_after(tx, audience, "performance", facts);
    Ok(())
}

/// What a list of plans may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImprovementFilter {
    /// Only those under way, or only those that are closed.
    pub open: Option<bool>,
    /// Only those of this agent.
    pub user: Option<Uuid>,
}

pub(crate) async fn plans(
    conn: &impl ConnectionTrait,
    eyes: &Eyes,
    query: &ListQuery,
    filter: &ImprovementFilter,
) -> Result<Page<improvement::Model>> {
    let all = eyes
        .of_plans()
        .add_option(filter.open.map(|open| Plan::Open.eq(open)))
        .add_option(filter.user.map(|user| Plan::UserId.eq(user)))
        .add_option(query.words_in(&[Plan::Number, Plan::Measures])?);
    let sortable = [("opened_at", Plan::OpenedAt)];
    paginate(
        conn,
        improvement::Entity::find().filter(all),
        query,
        &sortable,
        Plan::Id,
    )
    .await
}

pub(crate) async fn plan(
    conn: &impl ConnectionTrait,
    eyes: &Eyes,
    id: Uuid,
) -> Result<improvement::Model> {
    improvement::Entity::find_by_id(id)
        .filter(eyes.of_plans())
        .one(conn)
        .await?
        .ok_or_else(|| not_found("improvement plan"))
}

/// What a sheet knows of an indicator: its value and whether more is better.
pub(crate) async fn of_indicator(
    conn: &impl ConnectionTrait,
    sheet: &row::Model,
    indicator: &str,
) -> Result<(Option<i64>, bool)> {
    let rows = inputs(conn, std::slice::from_ref(sheet))
        .await?
        .remove(&sheet.id)
        .unwrap_or_default();
    let row = rows.into_iter().find(|row| row.indicator == indicator);
    let row = row.ok_or_else(|| {
        invalid(
            "indicator",
            "indicator_not_on_sheet",
            "the sheet has no such indicator",
        )
    })?;
    let body: ScoreRow = serde_json::from_value(row.body).map_err(internal)?;
    Ok((row.value, body.rises()))
}

/// Released sheets prove the clause.
pub(crate) fn evidence(app: &App) -> Vec<Evidence> {
    let released = Condition::all().add(Column::ReleasedAt.is_not_null());
    vec![Evidence::rows::<row::Entity>(
        app,
        ("A-18", "performance_sheets", "/performance"),
        Column::ReleasedAt,
        released,
        None,
    )]
}
