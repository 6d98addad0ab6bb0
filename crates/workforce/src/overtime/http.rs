//! Overtime orders over HTTP.

use std::collections::{BTreeMap, HashSet};

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::numbers;
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::needed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Role, Side, Tx, day};
use organization::Colleague;
use sea_orm::{ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, MOST, row, turn};
use super::{Action, Compensation, LONGEST, OvertimeState, PayClass, caps, may_compensate};
use crate::rights::{PlanOvertime, RequestOvertime, ViewOvertime};
use crate::site::side;
use crate::{terms, trail};

/// The routes of overtime orders.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, request))
        .routes(routes!(show))
        .routes(routes!(plan))
        .routes(routes!(report))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// An overtime order as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OvertimeView {
    /// Identifies it.
    pub id: Uuid,
    /// `JB-20261126-001`
    pub number: String,
    /// The day.
    pub on_day: NaiveDate,
    /// What it is paid by.
    pub pay_class: PayClass,
    /// Why it is needed.
    pub reason: String,
    /// How many people are wanted.
    pub people: i64,
    /// Minutes wanted of each.
    pub minutes: i64,
    /// Where it stands.
    pub state: OvertimeState,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// One person of an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OvertimeTurn {
    /// Who.
    pub user: Option<Colleague>,
    /// Minutes planned.
    pub minutes: i64,
    /// Minutes worked.
    pub worked_minutes: Option<i64>,
    /// `pay` or `comp_leave`.
    pub compensation: String,
}

/// An overtime order as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OvertimeDetail {
    /// What lists show.
    #[serde(flatten)]
    pub order: OvertimeView,
    /// Who works it.
    pub turns: Vec<OvertimeTurn>,
    /// Why it was planned although it passes a cap of the law.
    pub despite: Option<String>,
    /// What the purchaser said.
    pub opinion: Option<String>,
    /// Leave may be given instead of pay.
    pub comp_leave: bool,
    /// The least that is paid on that day, in basis points of the hourly wage (劳动法 第四十四条).
    pub rate_bp: i64,
}

fn view(row: &row::Model) -> Result<OvertimeView> {
    Ok(OvertimeView {
        id: row.id,
        number: row.number.clone(),
        on_day: day::read(&row.on_day)?,
        pay_class: row.class()?,
        reason: row.reason.clone(),
        people: row.people,
        minutes: row.minutes,
        state: row.standing()?,
        requested_at: row.requested_at,
        version: row.version,
    })
}

async fn detail(app: &App, row: row::Model) -> Result<Json<OvertimeDetail>> {
    let conn = app.db.read();
    let turns = store::turns(conn, row.id).await?;
    let people = organization::colleagues(conn, turns.iter().map(|one| one.user_id)).await?;
    let turns = turns.into_iter().map(|one| OvertimeTurn {
        user: people.get(&one.user_id).cloned(),
        minutes: one.minutes,
        worked_minutes: one.worked_minutes,
        compensation: one.compensation,
    });
    Ok(Json(OvertimeDetail {
        rate_bp: organization::parameters::overtime_rate_bp(
            &app.params,
            row.class()?.of_calendar(),
            day::read(&row.on_day)?,
        )
        .await?,
        order: view(&row)?,
        turns: turns.collect(),
        comp_leave: may_compensate(row.class()?, Compensation::CompLeave),
        despite: row.despite,
        opinion: row.opinion,
    }))
}

/// Lists overtime orders, the newest first.
#[utoipa::path(
    get, path = "/api/v1/overtime-orders", tag = "workforce", operation_id = "list_overtime_orders",
    params(ListQuery, Filter), responses((status = 200, body = Page<OvertimeView>)),
)]
async fn list(
    _actor: Actor<ViewOvertime>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<OvertimeView>>> {
    let page = store::list(app.db.read(), &query, &filter).await?;
    let shown = page.shown(async |rows| rows.iter().map(view).collect());
    Ok(Json(shown.await?))
}

/// One overtime order with its people.
#[utoipa::path(
    get, path = "/api/v1/overtime-orders/{id}", tag = "workforce", operation_id = "get_overtime_order",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = OvertimeDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewOvertime>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<OvertimeDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, row).await
}

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOvertimeOrder {
    /// The day; not in the past.
    on_day: NaiveDate,
    /// Why it is needed.
    reason: String,
    /// How many people.
    people: i64,
    /// Minutes of each.
    minutes: i64,
}

fn sound(field: &'static str, minutes: i64) -> Result<()> {
    if (1..=LONGEST).contains(&minutes) {
        return Ok(());
    }
    Err(invalid(
        field,
        "overtime_minutes",
        "1 minute to 12 hours of one person",
    ))
}

/// Requests overtime of the supplier in an emergency (加班指令). The class of pay is that of the day.
#[utoipa::path(
    post, path = "/api/v1/overtime-orders", tag = "workforce", operation_id = "request_overtime",
    request_body = NewOvertimeOrder,
    responses((status = 201, body = OvertimeDetail), (status = 422, body = Problem)),
)]
async fn request(
    actor: Actor<RequestOvertime>,
    State(app): State<App>,
    Json(new): Json<NewOvertimeOrder>,
) -> Result<(StatusCode, Json<OvertimeDetail>)> {
    let (reason, today) = (needed("reason", &new.reason)?, day::today(&app));
    day::plausible("on_day", new.on_day, today)?;
    if new.on_day < today {
        return Err(invalid(
            "on_day",
            "date_in_past",
            "overtime is requested before it is worked",
        ));
    }
    sound("minutes", new.minutes)?;
    if !(1..=MOST as i64).contains(&new.people) {
        return Err(invalid("people", "overtime_people", "1 to 60 people"));
    }
    let service = organization::service_calendar::load(app.db.read()).await?;
    let class = PayClass::of(service.calendar.overtime(new.on_day));
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let now = app.clock.now();
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "JB-", now).await?,
                on_day: day::text(new.on_day),
                pay_class: class.as_str().to_owned(),
                reason,
                people: new.people,
                minutes: new.minutes,
                despite: None,
                opinion: None,
                state: OvertimeState::Requested.as_str().to_owned(),
                requested_by: who.user_id,
                requested_at: now,
                planned_by: None,
                confirmed_by: None,
                confirmed_at: None,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            tell(&app, &tx, &who, &row, "requested").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, row).await?))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let other: &[Role] = match what {
        "requested" | "sent_back" | "confirmed" | "withdrawn" => {
            &[Role::ShiftLead, Role::OpsManager]
        }
        _ => &[Role::Counterpart, Role::PurchaserAdmin],
    };
    let told = trail::holders(&**tx, other).await?;
    let facts = json!({
        "number": row.number, "day": row.on_day, "pay_class": row.pay_class, "state": row.state,
        "version": row.version, "recipients": told,
    });
    trail::tell((app, tx, who), ("overtime", row.id), what, facts).await
}

/// The order after a step of side `by`; its version is the one that was read.
fn step(before: &row::Model, by: Side, action: Action) -> Result<row::Model> {
    let state = before.standing()?.next(by, action);
    let state = state.map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone();
    state.as_str().clone_into(&mut after.state);
    Ok(after)
}

/// One person who is to work.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlannedTurn {
    /// Who.
    user_id: Uuid,
    /// Minutes.
    minutes: i64,
    /// Pay, or leave where the class of the day allows it.
    compensation: Compensation,
}

/// Who works it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanOvertimeOrder {
    /// The version that was read.
    version: i64,
    /// At most 60 people, each once.
    turns: Vec<PlannedTurn>,
    /// Why it is planned although it passes a cap of the law; without it that is refused.
    despite: Option<String>,
}

/// Says who works an overtime order. What passes the caps of the law (劳动法 第四十一条) is refused with who and which,
/// unless it is said why.
#[utoipa::path(
    post, path = "/api/v1/overtime-orders/{id}/plan", tag = "workforce", operation_id = "plan_overtime",
    params(("id" = Uuid, Path)), request_body = PlanOvertimeOrder,
    responses((status = 200, body = OvertimeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn plan(
    actor: Actor<PlanOvertime>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(planned): Json<PlanOvertimeOrder>,
) -> Result<Json<OvertimeDetail>> {
    let despite = planned
        .despite
        .map(|text| needed("despite", &text))
        .transpose()?;
    let mut seen = HashSet::new();
    let once = planned.turns.iter().all(|one| seen.insert(one.user_id));
    if !once || !(1..=MOST).contains(&planned.turns.len()) {
        return Err(invalid(
            "turns",
            "overtime_people",
            "1 to 60 people, each once",
        ));
    }
    for one in &planned.turns {
        sound("turns", one.minutes)?;
    }
    let (db, done, who, by) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        side(actor.principal()),
    );
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, planned.version)?;
            let mut after = step(&before, by, Action::Plan)?;
            let (on, class) = (day::read(&before.on_day)?, before.class()?);
            let people = organization::colleagues::holders(&*tx, Role::Agent).await?;
            let had = store::had(&*tx, on, id).await?;
            let terms = terms::in_force(&*tx, app.clock.now()).await?;
            let mut passed = Vec::new();
            for one in &planned.turns {
                let person = people.iter().find(|person| person.id == one.user_id);
                let person = person.ok_or_else(|| {
                    invalid("turns", "user_unknown", "an agent in service is named")
                })?;
                if !may_compensate(class, one.compensation) {
                    let detail = "only overtime on a rest day is compensated by leave";
                    return Err(invalid("turns", "overtime_no_leave", detail));
                }
                let (on_day, in_month) = had.get(&one.user_id).copied().unwrap_or_default();
                for cap in caps(one.minutes, on_day, in_month, &terms) {
                    passed.push(json!({
                        "user_id": person.id, "name": person.name, "cap": cap,
                        "on_day": on_day + one.minutes, "in_month": in_month + one.minutes,
                    }));
                }
            }
            if !passed.is_empty() && despite.is_none() {
                let detail = format!("{} caps of the law are passed", passed.len());
                return Err(refused("overtime_over_cap", detail)
                    .with_way_out("plan others or less, or say why it is done despite it")
                    .with("passed", json!(passed)));
            }
            after.despite = despite.filter(|_| !passed.is_empty());
            after.planned_by = who.user_id;
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let turns = planned.turns.iter().map(|one| turn::Model {
                id: app.ids.next(),
                order_id: id,
                user_id: one.user_id,
                on_day: before.on_day.clone(),
                minutes: one.minutes,
                worked_minutes: None,
                compensation: one.compensation.as_str().to_owned(),
            });
            replace(&tx, id, turns.collect()).await?;
            tell(&app, &tx, &who, &after, "planned").await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}

async fn replace(tx: &Tx, order: Uuid, turns: Vec<turn::Model>) -> Result<()> {
    turn::Entity::delete_many()
        .filter(turn::Column::OrderId.eq(order))
        .exec(&**tx)
        .await?;
    let rows = turns
        .into_iter()
        .map(|one| one.into_active_model().reset_all());
    turn::Entity::insert_many(rows)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// What one person worked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WorkedTurn {
    /// Who.
    user_id: Uuid,
    /// Minutes; 0 for who did not come.
    minutes: i64,
}

/// What was worked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReportOvertime {
    /// The version that was read.
    version: i64,
    /// Everybody who was planned.
    turns: Vec<WorkedTurn>,
}

/// Tells what was worked; the purchaser confirms it.
#[utoipa::path(
    post, path = "/api/v1/overtime-orders/{id}/report", tag = "workforce", operation_id = "report_overtime",
    params(("id" = Uuid, Path)), request_body = ReportOvertime,
    responses((status = 200, body = OvertimeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn report(
    actor: Actor<PlanOvertime>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(told): Json<ReportOvertime>,
) -> Result<Json<OvertimeDetail>> {
    if told
        .turns
        .iter()
        .any(|one| !(0..=LONGEST).contains(&one.minutes))
    {
        return Err(invalid(
            "turns",
            "overtime_minutes",
            "at most 12 hours of one person",
        ));
    }
    let (db, done, who, by) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        side(actor.principal()),
    );
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, told.version)?;
            let begun = day::read(&before.on_day)? <= day::today(&app);
            let after = step(&before, by, Action::Report { begun })?;
            let worked: BTreeMap<Uuid, i64> = told
                .turns
                .iter()
                .map(|one| (one.user_id, one.minutes))
                .collect();
            let mut turns = store::turns(&*tx, id).await?;
            if worked.len() != turns.len() || told.turns.len() != turns.len() {
                return Err(invalid(
                    "turns",
                    "overtime_people",
                    "everybody who was planned, each once",
                ));
            }
            for one in &mut turns {
                let minutes = worked.get(&one.user_id);
                one.worked_minutes = Some(*minutes.ok_or_else(|| {
                    invalid(
                        "turns",
                        "overtime_people",
                        "everybody who was planned, each once",
                    )
                })?);
            }
            // A cap holds for what was worked, whatever was planned.
            let had = store::had(&*tx, day::read(&before.on_day)?, id).await?;
            let terms = terms::in_force(&*tx, app.clock.now()).await?;
            let over = told.turns.iter().any(|one| {
                let (on_day, in_month) = had.get(&one.user_id).copied().unwrap_or_default();
                !caps(one.minutes, on_day, in_month, &terms).is_empty()
            });
            if over && before.despite.is_none() {
                let detail = "more was worked than the law's caps allow";
                return Err(refused("overtime_over_cap", detail).with_way_out(
                    "plan it as it was worked, and say why it was done despite them",
                ));
            }
            let after = versioned::save(&app, &*tx, &before, after).await?;
            replace(&tx, id, turns).await?;
            tell(&app, &tx, &who, &after, "worked").await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}

/// What the purchaser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OvertimeDecision {
    /// 确认工时
    Confirm,
    /// 退回工时
    SendBack,
    /// 撤回
    Withdraw,
}

/// The purchaser's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideOvertime {
    /// The version that was read.
    version: i64,
    /// What.
    decision: OvertimeDecision,
    /// Why; needed unless it is confirmed.
    opinion: Option<String>,
}

/// The purchaser confirms what was worked, sends it back, or withdraws the request.
#[utoipa::path(
    post, path = "/api/v1/overtime-orders/{id}/decide", tag = "workforce", operation_id = "decide_overtime",
    params(("id" = Uuid, Path)), request_body = DecideOvertime,
    responses((status = 200, body = OvertimeDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<RequestOvertime>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decided): Json<DecideOvertime>,
) -> Result<Json<OvertimeDetail>> {
    use OvertimeDecision as D;
    let opinion = match (decided.decision, &decided.opinion) {
        (D::Confirm, None) => None,
        (_, text) => Some(needed("opinion", text.as_deref().unwrap_or_default())?),
    };
    let (db, done, who, by) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        side(actor.principal()),
    );
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, decided.version)?;
            let begun = day::read(&before.on_day)? < day::today(&app);
            let (action, what) = match decided.decision {
                D::Confirm => (Action::Confirm, "confirmed"),
                D::SendBack => (Action::SendBack, "sent_back"),
                D::Withdraw => (Action::Withdraw { begun }, "withdrawn"),
            };
            let mut after = step(&before, by, action)?;
            after.opinion = opinion;
            if decided.decision == D::Confirm {
                after.confirmed_by = who.user_id;
                after.confirmed_at = Some(app.clock.now());
            }
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, what).await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}
