//! Leave over HTTP: asked for, decided, withdrawn; what it breaks on the roster is told before it is decided.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::needed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Role, Scope, Tx, day, numbers};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, row};
use super::{Action, LeaveKind, LeaveSpan, LeaveState, balance, cells};
use crate::rights::{DecideLeave, RequestLeave, ViewLeave};
use crate::roster::view::{Finding, findings};
use crate::trail;

/// The routes of leave.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(register))
        .routes(routes!(show))
        .routes(routes!(decide))
        .routes(routes!(withdraw))
        .with_state(app.clone())
}

/// A request for leave as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeaveView {
    /// Identifies it.
    pub id: Uuid,
    /// `QJ-20261126-001`
    pub number: String,
    /// Whose.
    pub user: Option<Colleague>,
    /// What kind.
    pub kind: LeaveKind,
    /// The first day.
    pub from: NaiveDate,
    /// It begins at noon of the first day.
    pub from_noon: bool,
    /// The last day.
    pub to: NaiveDate,
    /// It ends at noon of the last day.
    pub to_noon: bool,
    /// Half days of working days that it takes.
    pub half_days: i64,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: LeaveState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<Colleague>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What he said.
    pub opinion: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

/// A request for leave as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeaveDetail {
    /// What lists show.
    #[serde(flatten)]
    pub leave: LeaveView,
    /// What its approval would newly break on published rosters; nothing once it is decided.
    pub findings: Vec<Finding>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<LeaveView>> {
    let deciders = rows.iter().filter_map(|row| row.decided_by);
    let users = rows.iter().map(|row| row.user_id).chain(deciders);
    let people = organization::colleagues(app.db.read(), users).await?;
    let shown = rows.into_iter().map(|row| {
        let span = row.span()?;
        Ok(LeaveView {
            kind: row.of_kind()?,
            state: row.standing()?,
            user: people.get(&row.user_id).cloned(),
            decided_by: row.decided_by.and_then(|id| people.get(&id).cloned()),
            id: row.id,
            number: row.number,
            from: span.from,
            from_noon: span.from_noon,
            to: span.to,
            to_noon: span.to_noon,
            half_days: row.half_days,
            reason: row.reason,
            requested_at: row.requested_at,
            decided_at: row.decided_at,
            opinion: row.opinion,
            version: row.version,
        })
    });
    shown.collect()
}

async fn detail(app: &App, row: row::Model) -> Result<Json<LeaveDetail>> {
    let broken = if row.standing()? == LeaveState::Requested {
        cells::would_break(app, &row).await?
    } else {
        Vec::new()
    };
    let mut shown = views(app, vec![row]).await?;
    let leave = shown.pop().ok_or_else(|| internal("a request is shown"))?;
    Ok(Json(LeaveDetail {
        leave,
        findings: findings(&broken),
    }))
}

/// Requests for leave, the newest first; one's own for who does not decide.
#[utoipa::path(
    get, path = "/api/v1/leave-requests", tag = "workforce", operation_id = "list_leave_requests",
    params(ListQuery, Filter), responses((status = 200, body = Page<LeaveView>)),
)]
async fn list(
    actor: Actor<ViewLeave>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<LeaveView>>> {
    let page = store::list(app.db.read(), actor.scope(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// One request for leave, with what its approval would break.
#[utoipa::path(
    get, path = "/api/v1/leave-requests/{id}", tag = "workforce", operation_id = "get_leave_request",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = LeaveDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewLeave>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<LeaveDetail>> {
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    detail(&app, row).await
}

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLeaveRequest {
    /// What kind.
    kind: LeaveKind,
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// It begins at noon of the first day.
    #[serde(default)]
    from_noon: bool,
    /// It ends at noon of the last day.
    #[serde(default)]
    to_noon: bool,
    /// Why.
    reason: String,
}

/// Leave that the lead registers for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegisteredLeave {
    /// Whose.
    user_id: Uuid,
    /// What kind.
    kind: LeaveKind,
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// It begins at noon of the first day.
    #[serde(default)]
    from_noon: bool,
    /// It ends at noon of the last day.
    #[serde(default)]
    to_noon: bool,
    /// Why, and by what it is shown.
    reason: String,
}

/// A new request as it is to be written.
struct Asked {
    user: Uuid,
    kind: LeaveKind,
    span: LeaveSpan,
    reason: String,
}

impl Asked {
    fn checked(mut self, today: NaiveDate) -> Result<Self> {
        self.reason = needed("reason", &self.reason)?;
        day::plausible("from", self.span.from, today)?;
        day::plausible("to", self.span.to, today)?;
        if self.span.is_sound() {
            return Ok(self);
        }
        let detail = "it ends after it begins, at most 200 days later";
        Err(invalid("to", "leave_span", detail))
    }

    /// The row, when the person has no leave then and what is asked for is there to be had.
    async fn row(self, app: &App, tx: &Tx, who: &Who) -> Result<row::Model> {
        let Self {
            user,
            kind,
            span,
            reason,
        } = self;
        let service = organization::service_calendar::load(&**tx).await?;
        let half_days = span.half_days(&service.calendar);
        if half_days == 0 {
            let detail = "no working day lies in it";
            return Err(refused("leave_no_workday", detail).with_way_out("days off need no leave"));
        }
        for one in store::of_person(&**tx, user, (span.from, span.to)).await? {
            if one.span()?.overlaps(&span) {
                let detail = format!("{} covers part of it", one.what());
                return Err(refused("leave_overlaps", detail)
                    .with_way_out("withdraw that one, or ask for the other days"));
            }
        }
        let minutes = half_days * i64::from(service.hours.minutes_a_day()) / 2;
        if kind == LeaveKind::Comp {
            balance::must_cover(&**tx, user, minutes).await?;
        }
        let now = app.clock.now();
        Ok(row::Model {
            id: app.ids.next(),
            number: numbers::next_of_day(&**tx, "QJ-", now).await?,
            user_id: user,
            kind: kind.as_str().to_owned(),
            from_day: day::text(span.from),
            from_noon: span.from_noon,
            to_day: day::text(span.to),
            to_noon: span.to_noon,
            half_days,
            minutes,
            reason,
            state: LeaveState::Requested.as_str().to_owned(),
            requested_by: who.user_id,
            requested_at: now,
            decided_by: None,
            decided_at: None,
            opinion: None,
            updated_at: now,
            version: 1,
        })
    }
}

/// Asks for leave (请假); the shift lead decides.
#[utoipa::path(
    post, path = "/api/v1/leave-requests", tag = "workforce", operation_id = "request_leave",
    request_body = NewLeaveRequest,
    responses((status = 201, body = LeaveDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn ask(
    actor: Actor<RequestLeave>,
    State(app): State<App>,
    Json(new): Json<NewLeaveRequest>,
) -> Result<(StatusCode, Json<LeaveDetail>)> {
    let today = day::today(&app);
    if new.from < today {
        return Err(invalid(
            "from",
            "date_in_past",
            "leave is asked for before it is taken",
        )
        .with_way_out("the shift lead registers what was told by phone"));
    }
    let asked = Asked {
        user: actor.user_id(),
        kind: new.kind,
        span: LeaveSpan {
            from: new.from,
            from_noon: new.from_noon,
            to: new.to,
            to_noon: new.to_noon,
        },
        reason: new.reason,
    }
    .checked(today)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let row = asked.row(&app, &tx, &who).await?;
            versioned::insert(&*tx, &row).await?;
            tell(&app, &tx, &who, &row, "requested").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, row).await?))
}

/// Registers leave that somebody told of, as a sick call by phone; it is approved with it.
#[utoipa::path(
    post, path = "/api/v1/leave-requests/register", tag = "workforce", operation_id = "register_leave",
    request_body = RegisteredLeave,
    responses((status = 201, body = LeaveDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn register(
    actor: Actor<DecideLeave>,
    State(app): State<App>,
    Json(new): Json<RegisteredLeave>,
) -> Result<(StatusCode, Json<LeaveDetail>)> {
    let asked = Asked {
        user: new.user_id,
        kind: new.kind,
        span: LeaveSpan {
            from: new.from,
            from_noon: new.from_noon,
            to: new.to,
            to_noon: new.to_noon,
        },
        reason: new.reason,
    }
    .checked(day::today(&app))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let agent = organization::colleagues::holder(&*tx, Role::Agent, asked.user).await?;
            if agent.is_none() {
                let detail = "an agent in service is named";
                return Err(invalid("user_id", "user_unknown", detail));
            }
            let mut row = asked.row(&app, &tx, &who).await?;
            LeaveState::Approved.as_str().clone_into(&mut row.state);
            row.decided_by = who.user_id;
            row.decided_at = Some(app.clock.now());
            versioned::insert(&*tx, &row).await?;
            cells::take_off(&app, &tx, &who, &row).await?;
            tell(&app, &tx, &who, &row, "approved").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, row).await?))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let told = match what {
        "requested" | "withdrawn" => {
            trail::holders(&**tx, &[Role::ShiftLead, Role::OpsManager]).await?
        }
        _ => vec![row.user_id],
    };
    let facts = json!({
        "number": row.number, "from": row.from_day, "to": row.to_day, "half_days": row.half_days,
        "state": row.state, "version": row.version, "persons": [row.user_id], "recipients": told,
    });
    trail::tell((app, tx, who), ("leave_request", row.id), what, facts).await
}

/// The lead's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideLeaveRequest {
    /// The version that was read.
    version: i64,
    /// It is granted.
    approve: bool,
    /// Why; needed where it is not.
    opinion: Option<String>,
}

/// Decides on a request for leave. Granted, the shifts of its whole days are taken off the roster.
#[utoipa::path(
    post, path = "/api/v1/leave-requests/{id}/decide", tag = "workforce", operation_id = "decide_leave",
    params(("id" = Uuid, Path)), request_body = DecideLeaveRequest,
    responses((status = 200, body = LeaveDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<DecideLeave>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decided): Json<DecideLeaveRequest>,
) -> Result<Json<LeaveDetail>> {
    let opinion = match (decided.approve, &decided.opinion) {
        (true, None) => None,
        (_, text) => Some(needed("opinion", text.as_deref().unwrap_or_default())?),
    };
    let (db, done, who, scope) = (
        app.db.clone(),
        app.clone(),
        actor.who(),
        actor.scope().clone(),
    );
    let row = db
        .write(move |tx| async move {
            let before = store::get(&*tx, &scope, id).await?;
            if who.user_id == Some(before.user_id) {
                return Err(refused("leave_own", "nobody decides on his own leave")
                    .with_way_out("another lead or the manager decides"));
            }
            let (action, what) = if decided.approve {
                (Action::Approve, "approved")
            } else {
                (Action::Refuse, "refused")
            };
            let mut after = step(before.clone(), decided.version, action)?;
            after.opinion = opinion;
            after.decided_by = who.user_id;
            after.decided_at = Some(app.clock.now());
            let after = versioned::save(&app, &*tx, &before, after).await?;
            if decided.approve {
                cells::take_off(&app, &tx, &who, &after).await?;
            }
            tell(&app, &tx, &who, &after, what).await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}

fn step(before: row::Model, version: i64, action: Action) -> Result<row::Model> {
    let mut after = versioned::as_read(before, version)?;
    let state = after.standing()?.next(action);
    let state = state.map_err(|refusal| refusal.about(&after.what()))?;
    state.as_str().clone_into(&mut after.state);
    Ok(after)
}

/// Takes a request back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawLeave {
    /// The version that was read.
    version: i64,
}

/// Withdraws one's own request; granted leave until it begins, and the shifts it took come back where they still fit.
#[utoipa::path(
    post, path = "/api/v1/leave-requests/{id}/withdraw", tag = "workforce", operation_id = "withdraw_leave",
    params(("id" = Uuid, Path)), request_body = WithdrawLeave,
    responses((status = 200, body = LeaveDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn withdraw(
    actor: Actor<RequestLeave>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(asked): Json<WithdrawLeave>,
) -> Result<Json<LeaveDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let own = Scope::Own(actor.user_id());
    let row = db
        .write(move |tx| async move {
            let before = store::get(&*tx, &own, id).await?;
            let begun = before.span()?.from <= day::today(&app);
            let after = step(before.clone(), asked.version, Action::Withdraw { begun })?;
            let after = versioned::save(&app, &*tx, &before, after).await?;
            if before.standing()? == LeaveState::Approved {
                cells::give_back(&app, &tx, &who, &after).await?;
            }
            tell(&app, &tx, &who, &after, "withdrawn").await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}
