//! Continuity over HTTP: the switchboard, plans, drills, who stands by.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, needed};
use kernel::versioned;
use kernel::{Actor, App, Principal, Side};
use organization::Colleague;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, drill_row, row, standby_row};
use super::{
    ContinuityContact, ContinuityPlanBody, ContinuityRole, ContinuityScenario, ContinuityStep,
    LONGEST, next_drill,
};
use crate::files::{self, LiaisonFileView};
use crate::rights::{HoldDrills, ViewContinuity, WritePlans};
use crate::side;
use crate::trail::{self, TrailLine};
use kernel::day;

/// The routes of continuity.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(switchboard))
        .routes(routes!(write))
        .routes(routes!(show))
        .routes(routes!(drill))
        .routes(routes!(stand_by))
        .with_state(app.clone())
}

/// What is there for a scenario.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContinuityScenarioView {
    /// What may happen.
    pub scenario: &'static str,
    /// The plan; null where there is none yet.
    pub plan_id: Option<Uuid>,
    /// Its title.
    pub title: Option<String>,
    /// Who answers for it.
    pub owner: Option<Colleague>,
    /// Until when the service is back, in minutes.
    pub rto_minutes: Option<i32>,
    /// What is done now, in this order: the switchboard.
    pub steps: Vec<ContinuityStep>,
    /// Who does what.
    pub roles: Vec<ContinuityRole>,
    /// Who calls whom.
    pub contacts: Vec<ContinuityContact>,
    /// When it was drilled last.
    pub last_drill_on: Option<NaiveDate>,
    /// Until when it is drilled next.
    pub next_drill_on: Option<NaiveDate>,
    /// That day is over.
    pub drill_overdue: bool,
}

/// Somebody who stands by.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandbyView {
    /// Identifies it.
    pub id: Uuid,
    /// Who.
    pub user: Option<Colleague>,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last one.
    pub until_day: NaiveDate,
    /// Where he is reached.
    pub phone: Option<String>,
    /// For what.
    pub note: Option<String>,
    /// He stands by today.
    pub now: bool,
}

/// What to do now when something fails.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContinuitySwitchboard {
    /// Every scenario, those without a plan among them.
    pub scenarios: Vec<ContinuityScenarioView>,
    /// Who stands by today and after.
    pub standbys: Vec<StandbyView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

async fn board(app: &App, of: &Principal) -> Result<Json<ContinuitySwitchboard>> {
    let (conn, today) = (app.db.read(), day::today(app));
    let plans = store::all(conn).await?;
    let last = store::last_drills(conn).await?;
    let waiting = store::standbys(conn, today).await?;
    let mut ids: Vec<Uuid> = plans.iter().map(|plan| plan.owner_id).collect();
    ids.extend(waiting.iter().map(|one| one.user_id));
    let people = organization::colleagues(conn, ids).await?;
    let mut scenarios = Vec::new();
    for scenario in ContinuityScenario::ALL {
        let plan = plans.iter().find(|plan| plan.scenario == scenario.as_str());
        let body = plan.map(row::Model::plan).transpose()?;
        let drilled = plan.and_then(|plan| last.get(&plan.id).copied());
        let next = plan.map(|plan| next_drill(day::of(plan.written_at), drilled));
        let (roles, steps, contacts) = match body {
            Some(body) => (body.roles, body.steps, body.contacts),
            None => (Vec::new(), Vec::new(), Vec::new()),
        };
        scenarios.push(ContinuityScenarioView {
            scenario: scenario.as_str(),
            plan_id: plan.map(|plan| plan.id),
            title: plan.map(|plan| plan.title.clone()),
            owner: plan.and_then(|plan| people.get(&plan.owner_id).cloned()),
            rto_minutes: plan.map(|plan| plan.rto_minutes),
            steps,
            roles,
            contacts,
            last_drill_on: drilled,
            next_drill_on: next,
            drill_overdue: next.is_some_and(|next| next < today),
        });
    }
    let mut standbys = Vec::new();
    for one in waiting {
        let from_day = day::read(&one.from_day)?;
        standbys.push(StandbyView {
            user: people.get(&one.user_id).cloned(),
            now: from_day <= today,
            from_day,
            until_day: day::read(&one.until_day)?,
            id: one.id,
            phone: one.phone,
            note: one.note,
        });
    }
    let mut actions = Vec::new();
    if of.may::<WritePlans>() {
        actions.extend(["write", "stand_by"]);
    }
    if of.may::<HoldDrills>() {
        actions.push("drill");
    }
    Ok(Json(ContinuitySwitchboard {
        scenarios,
        standbys,
        actions,
    }))
}

/// What to do now: every scenario with its steps, who is called, who stands by.
#[utoipa::path(
    get, path = "/api/v1/continuity", tag = "liaison", operation_id = "get_continuity",
    responses((status = 200, body = ContinuitySwitchboard)),
)]
async fn switchboard(
    actor: Actor<ViewContinuity>,
    State(app): State<App>,
) -> Result<Json<ContinuitySwitchboard>> {
    board(&app, actor.principal()).await
}

/// A drill that was held.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrillView {
    /// Identifies it.
    pub id: Uuid,
    /// The version of the plan that was drilled.
    pub n: i32,
    /// When.
    pub held_on: NaiveDate,
    /// Who took part.
    pub participants: String,
    /// What was found.
    pub findings: String,
    /// What is to become better.
    pub improvements: Option<String>,
    /// The service was back in time.
    pub passed: bool,
    /// Pictures and papers.
    pub files: Vec<LiaisonFileView>,
}

/// A plan as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContinuityPlanDetail {
    /// Identifies it.
    pub id: Uuid,
    /// What may happen.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<Colleague>,
    /// Until when the service is back, in minutes.
    pub rto_minutes: i32,
    /// How often it was written.
    pub n: i32,
    /// When it was written last.
    pub written_at: DateTime<Utc>,
    /// What it says.
    #[serde(flatten)]
    pub body: ContinuityPlanBody,
    /// The drills, the latest first.
    pub drills: Vec<DrillView>,
    /// Until when it is drilled next.
    pub next_drill_on: NaiveDate,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
    /// Rises with each change.
    pub version: i64,
}

async fn detail(app: &App, of: &Principal, row: row::Model) -> Result<Json<ContinuityPlanDetail>> {
    let conn = app.db.read();
    let people = organization::colleagues(conn, [row.owner_id]).await?;
    let mut drills = Vec::new();
    for drill in store::drills(conn, row.id).await? {
        drills.push(DrillView {
            files: files::of(conn, drill.id).await?,
            held_on: day::read(&drill.held_on)?,
            id: drill.id,
            n: drill.n,
            participants: drill.participants,
            findings: drill.findings,
            improvements: drill.improvements,
            passed: drill.passed,
        });
    }
    let last = drills.first().map(|drill| drill.held_on);
    Ok(Json(ContinuityPlanDetail {
        body: row.plan()?,
        owner: people.into_values().next(),
        next_drill_on: next_drill(day::of(row.written_at), last),
        drills,
        lines: trail::lines(conn, row.id, side::of(of)).await?,
        id: row.id,
        scenario: row.scenario,
        title: row.title,
        rto_minutes: row.rto_minutes,
        n: row.n,
        written_at: row.written_at,
        version: row.version,
    }))
}

/// One plan with its drills.
#[utoipa::path(
    get, path = "/api/v1/continuity/plans/{id}", tag = "liaison", operation_id = "get_continuity_plan",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ContinuityPlanDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewContinuity>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<ContinuityPlanDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// A plan.
#[derive(Debug, Deserialize, ToSchema)]
struct WrittenPlan {
    /// The version that was read; left out for a scenario without a plan.
    version: Option<i64>,
    /// What may happen.
    scenario: ContinuityScenario,
    /// Its title.
    title: String,
    /// Who answers for it; of the supplier.
    owner_id: Uuid,
    /// Until when the service is back, in minutes.
    rto_minutes: i32,
    /// Who does what.
    roles: Vec<ContinuityRole>,
    /// What is done, in this order.
    steps: Vec<ContinuityStep>,
    /// Who calls whom.
    contacts: Vec<ContinuityContact>,
}

/// Writes the plan of a scenario, or writes it anew.
#[utoipa::path(
    post, path = "/api/v1/continuity/plans", tag = "liaison", operation_id = "write_continuity_plan",
    request_body = WrittenPlan,
    responses((status = 201, body = ContinuityPlanDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn write(
    actor: Actor<WritePlans>,
    State(app): State<App>,
    Json(new): Json<WrittenPlan>,
) -> Result<(StatusCode, Json<ContinuityPlanDetail>)> {
    let title = needed("title", &new.title)?;
    let body = ContinuityPlanBody {
        roles: new.roles,
        steps: new.steps,
        contacts: new.contacts,
    };
    body.check()?;
    if !(1..=LONGEST).contains(&new.rto_minutes) {
        return Err(invalid(
            "rto_minutes",
            "term_out_of_range",
            "1 minute to 30 days",
        ));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            if organization::colleagues::side_of(&*tx, new.owner_id).await? != Some(Side::Supplier)
            {
                let detail = "somebody of the supplier answers for a plan";
                return Err(invalid("owner_id", "user_unknown", detail));
            }
            let now = app.clock.now();
            let known = store::all(&*tx).await?;
            let known = known
                .into_iter()
                .find(|plan| plan.scenario == new.scenario.as_str());
            let row = match (known, new.version) {
                (Some(_), None) => {
                    let detail = "this scenario has a plan";
                    return Err(refused("plan_exists", detail).with_way_out("write it anew"));
                }
                (None, Some(_)) => return Err(not_found("plan")),
                (None, None) => {
                    let row = row::Model {
                        id: app.ids.next(),
                        scenario: new.scenario.as_str().to_owned(),
                        title,
                        owner_id: new.owner_id,
                        rto_minutes: new.rto_minutes,
                        body: json!(body),
                        n: 1,
                        written_by: who.user_id,
                        written_at: now,
                        created_at: now,
                        state: "in_force".to_owned(),
                        updated_at: now,
                        version: 1,
                    };
                    versioned::insert(&*tx, &row).await?;
                    row
                }
                (Some(found), Some(version)) => {
                    let before = versioned::as_read(found, version)?;
                    let mut after = before.clone();
                    after.title = title;
                    after.owner_id = new.owner_id;
                    after.rto_minutes = new.rto_minutes;
                    after.body = json!(body);
                    after.n += 1;
                    after.written_by = who.user_id;
                    after.written_at = now;
                    versioned::save(&app, &*tx, &before, after).await?
                }
            };
            let told = trail::desk(&*tx, Side::Purchaser).await?;
            store::tell(&app, &tx, &who, &row, ("written", None), told).await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// A drill that was held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDrill {
    /// When.
    held_on: NaiveDate,
    /// Who took part.
    participants: String,
    /// What was found.
    findings: String,
    /// What is to become better.
    improvements: Option<String>,
    /// The service was back in time.
    passed: bool,
}

/// Records a drill of a plan with what was found.
#[utoipa::path(
    post, path = "/api/v1/continuity/plans/{id}/drills", tag = "liaison", operation_id = "record_drill",
    params(("id" = Uuid, Path)), request_body = NewDrill,
    responses((status = 201, body = ContinuityPlanDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn drill(
    actor: Actor<HoldDrills>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewDrill>,
) -> Result<(StatusCode, Json<ContinuityPlanDetail>)> {
    day::past("held_on", new.held_on, day::today(&app))?;
    let participants = needed("participants", &new.participants)?;
    let findings = needed("findings", &new.findings)?;
    let improvements = checked(
        "improvements",
        new.improvements.as_deref().unwrap_or_default(),
    )?;
    if !new.passed && improvements.is_empty() {
        let detail = "what failed is to become better: say how";
        return Err(invalid("improvements", "text_missing", detail));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let plan = store::get(&*tx, id).await?;
            let made = drill_row::Model {
                id: app.ids.next(),
                plan_id: id,
                n: plan.n,
                held_on: day::text(new.held_on),
                participants,
                findings: findings.clone(),
                improvements: Some(improvements).filter(|text| !text.is_empty()),
                passed: new.passed,
                recorded_by: who.user_id,
                at: app.clock.now(),
            };
            made.into_active_model().reset_all().insert(&*tx).await?;
            let told = trail::desk(&*tx, Side::Purchaser).await?;
            let what = ("drilled", Some(findings.as_str()));
            store::tell(&app, &tx, &who, &plan, what, told).await?;
            Ok(plan)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// Who is to stand by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewStandby {
    /// Somebody of the supplier.
    user_id: Uuid,
    /// The first day.
    from_day: NaiveDate,
    /// The last one.
    until_day: NaiveDate,
    /// Where he is reached.
    phone: Option<String>,
    /// For what.
    note: Option<String>,
}

/// Puts somebody on the list of who stands by.
#[utoipa::path(
    post, path = "/api/v1/continuity/standbys", tag = "liaison", operation_id = "add_standby",
    request_body = NewStandby,
    responses((status = 201, body = ContinuitySwitchboard), (status = 422, body = Problem)),
)]
async fn stand_by(
    actor: Actor<WritePlans>,
    State(app): State<App>,
    Json(new): Json<NewStandby>,
) -> Result<(StatusCode, Json<ContinuitySwitchboard>)> {
    let today = day::today(&app);
    day::plausible("from_day", new.from_day, today)?;
    day::plausible("until_day", new.until_day, today)?;
    if new.until_day < new.from_day {
        let detail = "the last day is not before the first";
        return Err(invalid("until_day", "term_backwards", detail));
    }
    let phone = crate::person::http::phone_of(new.phone.as_deref())?;
    let note = checked("note", new.note.as_deref().unwrap_or_default())?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        if organization::colleagues::side_of(&*tx, new.user_id).await? != Some(Side::Supplier) {
            let detail = "somebody of the supplier stands by";
            return Err(invalid("user_id", "user_unknown", detail));
        }
        let made = standby_row::Model {
            id: app.ids.next(),
            user_id: new.user_id,
            from_day: day::text(new.from_day),
            until_day: day::text(new.until_day),
            phone,
            note: Some(note).filter(|note| !note.is_empty()),
            by_id: who.user_id,
            at: app.clock.now(),
        };
        let id = made.id;
        made.into_active_model().reset_all().insert(&*tx).await?;
        let scribe = trail::Scribe {
            app: &app,
            tx: &tx,
            who: &who,
            kind: "standby",
            id,
            seen: trail::Seen::Both,
        };
        let facts = json!({ "recipients": [new.user_id], "number": day::text(new.from_day) });
        scribe.tell("named", None, facts).await
    })
    .await?;
    let page = board(&done, actor.principal()).await?;
    Ok((StatusCode::CREATED, page))
}
