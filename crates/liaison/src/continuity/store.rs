//! The rows of plans, drills, standbys and sheets of paper.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::audit::Who;
use kernel::jobs::Schedule;
use kernel::problem::{Result, internal, not_found};
use kernel::{App, JobDef, Tx};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ContinuityPlanBody, next_drill};
use crate::trail::{self, Scribe, Seen};
use kernel::day;

/// Drills, standbys and sheets looked at in one go.
const MOST: u64 = 500;

kernel::table! {
    /// The plan of one scenario.
    pub mod row = "continuity_plans" (id: Uuid) {
        scenario: String,
        title: String,
        owner_id: Uuid,
        rto_minutes: i32,
        body: Json,
        n: i32,
        written_by: Option<Uuid>,
        written_at: DateTimeUtc,
        created_at: DateTimeUtc,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One drill of a plan; it never changes.
    pub mod drill_row = "continuity_drills" (id: Uuid) {
        plan_id: Uuid,
        n: i32,
        held_on: String,
        participants: String,
        findings: String,
        improvements: Option<String>,
        passed: bool,
        recorded_by: Option<Uuid>,
        at: DateTimeUtc,
    }
}

kernel::table! {
    /// Who stands by, from when until when.
    pub mod standby_row = "continuity_standbys" (id: Uuid) {
        user_id: Uuid,
        from_day: String,
        until_day: String,
        phone: Option<String>,
        note: Option<String>,
        by_id: Option<Uuid>,
        at: DateTimeUtc,
    }
}

kernel::versioned!(row, |plan| format!("plan `{}`", plan.scenario));

impl row::Model {
    /// What it says.
    pub fn plan(&self) -> Result<ContinuityPlanBody> {
        serde_json::from_value(self.body.clone()).map_err(internal)
    }
}

/// All plans, by scenario.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Scenario)
        .all(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("plan"))
}

/// The drills of a plan, the latest first.
pub(crate) async fn drills(
    conn: &impl ConnectionTrait,
    plan: Uuid,
) -> Result<Vec<drill_row::Model>> {
    Ok(drill_row::Entity::find()
        .filter(drill_row::Column::PlanId.eq(plan))
        .order_by_desc(drill_row::Column::HeldOn)
        .order_by_desc(drill_row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn drill(conn: &impl ConnectionTrait, id: Uuid) -> Result<drill_row::Model> {
    drill_row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("drill"))
}

/// The day of the last drill of each plan.
pub(crate) async fn last_drills(conn: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, NaiveDate>> {
    let rows: Vec<(Uuid, String)> = drill_row::Entity::find()
        .select_only()
        .column(drill_row::Column::PlanId)
        .column_as(drill_row::Column::HeldOn.max(), "held_on")
        .group_by(drill_row::Column::PlanId)
        .into_tuple()
        .all(conn)
        .await?;
    let mut last = BTreeMap::new();
    for (plan, held_on) in rows {
        last.insert(plan, day::read(&held_on)?);
    }
    Ok(last)
}

/// Who stands by on a day and after it, the first first.
pub(crate) async fn standbys(
    conn: &impl ConnectionTrait,
    on: NaiveDate,
) -> Result<Vec<standby_row::Model>> {
    Ok(standby_row::Entity::find()
        .filter(standby_row::Column::UntilDay.gte(day::text(on)))
        .order_by_asc(standby_row::Column::FromDay)
        .order_by_asc(standby_row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// Writes down what was done; drills that are owed are told to the owner and both desks.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
    told: Vec<Uuid>,
) -> Result<()> {
    let facts = json!({
        "number": row.title, "state": row.state, "version": row.version, "owner_id": row.owner_id,
        "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "continuity_plan",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}

/// Each morning: plans whose half-yearly drill is owed.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::new(
        "liaison.drills_due",
        Schedule::Daily(7, 40),
        move |_payload: Value| {
            let app = app.clone();
            async move { warn(&app).await }
        },
    )
}

/// Tells the owners and both desks of drills that are owed; each time it is owed once.
pub async fn warn(app: &App) -> Result<()> {
    let services = app.clone();
    app.db
        .write(move |tx| async move {
            let app = services;
            let (today, who) = (day::today(&app), Who::system("liaison"));
            let last = last_drills(&*tx).await?;
            for plan in all(&*tx).await? {
                let due = next_drill(day::of(plan.written_at), last.get(&plan.id).copied());
                if today <= due {
                    continue;
                }
                let owed = day::text(due);
                let lines = trail::lines(&*tx, plan.id, kernel::Side::Supplier).await?;
                let told_already = lines
                    .iter()
                    .any(|line| line.action == "drill_due" && line.note.as_deref() == Some(&owed));
                if told_already {
                    continue;
                }
                let mut told = trail::both_desks(&*tx).await?;
                told.push(plan.owner_id);
                told.sort_unstable();
                told.dedup();
                tell(&app, &tx, &who, &plan, ("drill_due", Some(&owed)), told).await?;
            }
            Ok(())
        })
        .await
}
