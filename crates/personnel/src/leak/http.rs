//! Leaks over HTTP. Everybody of either side may report one; whom it may be about sees nothing of it.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::{must_be_name, needed};
use kernel::versioned;
use kernel::{Actor, App, Audience, Principal, Side};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::package::{self, LeakPackageView};
use super::store::{self, LeakFilter, New, row};
use super::{Action, Duty, LeakState, Told, hidden};
use crate::of_purchaser;
use crate::rights::{BuildLeakPackages, DecideLeaks, HandleLeaks, ReportLeaks, ViewLeaks};
use crate::trail::{self, TrailLine};

/// A clock may go a little ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// More people than there are.
const MOST_PERSONS: i64 = 2_000_000_000;

/// The routes of leaks.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, report))
        .routes(routes!(show))
        .routes(routes!(step))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// A leak as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeakView {
    /// Identifies it.
    pub id: Uuid,
    /// `XM-20261126-001`
    pub number: String,
    /// What it is called.
    pub title: String,
    /// When it was found.
    pub discovered_at: DateTime<Utc>,
    /// `supplier` or `purchaser`: who found it.
    pub discovered_side: String,
    /// Whom it may be about.
    pub suspect: Option<Colleague>,
    /// Which data.
    pub data_kinds: String,
    /// How many persons' data, as far as it is known.
    pub persons: Option<i64>,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// Something is or was late.
    pub overdue: bool,
    /// When the next step is due.
    pub step_due_at: Option<DateTime<Utc>>,
    /// When the purchaser has to know.
    pub told_due_at: Option<DateTime<Utc>>,
    /// The purchaser knows.
    pub told: bool,
    /// Whether the authority is told: `unknown`, `owed`, `done` or `spared`.
    pub authority: String,
    /// The same of the persons.
    pub persons_told: String,
    /// Who reported it.
    pub reported_by: Option<Colleague>,
    /// When.
    pub reported_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A leak as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeakDetail {
    /// What lists show.
    #[serde(flatten)]
    pub leak: LeakView,
    /// What happened.
    pub what: String,
    /// How it was stopped.
    pub containment: Option<String>,
    /// What was found out.
    pub assessment: Option<String>,
    /// Who answers for it, and how.
    pub liability: Option<String>,
    /// How it ended.
    pub closing: Option<String>,
    /// Its evidence.
    pub packages: Vec<LeakPackageView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<LeakView>> {
    let people = rows
        .iter()
        .flat_map(|row| [row.suspect_id, row.reported_by]);
    let known =
        organization::colleagues(app.db.read(), people.flatten().collect::<Vec<_>>()).await?;
    let views = rows.into_iter().map(|row| LeakView {
        suspect: row.suspect_id.and_then(|id| known.get(&id).cloned()),
        reported_by: row.reported_by.and_then(|id| known.get(&id).cloned()),
        id: row.id,
        number: row.number,
        title: row.title,
        discovered_at: row.discovered_at,
        discovered_side: row.discovered_side,
        data_kinds: row.data_kinds,
        persons: row.persons,
        state: row.state,
        open: row.open,
        overdue: row.overdue,
        step_due_at: row.step_due_at,
        told_due_at: row.told_due_at,
        told: row.told,
        authority: row.authority,
        persons_told: row.persons_told,
        reported_at: row.reported_at,
        version: row.version,
    });
    Ok(views.collect())
}

fn offered(person: &Principal, row: &row::Model) -> Result<Vec<&'static str>> {
    let case = row.case()?;
    let mut offered = Vec::new();
    if person.may::<HandleLeaks>() {
        match case.state {
            LeakState::Discovered => offered.push("contain"),
            LeakState::Contained => offered.push("assess"),
            _ => {}
        }
    }
    if person.may::<DecideLeaks>() {
        if case.is_open() && !case.told {
            offered.push("acknowledge");
        }
        if case.is_open() {
            offered.push("name_suspect");
            if !matches!(case.state, LeakState::Discovered | LeakState::Contained) {
                offered.push("reassess");
            }
        }
        if case.is_open() && case.authority == Duty::Owed {
            offered.push("notify_authority");
        }
        if case.is_open() && case.persons == Duty::Owed {
            offered.push("notify_persons");
        }
        if case.is_open() && case.persons == Duty::Spared && case.authority != Duty::Spared {
            offered.push("require_persons");
        }
        match case.state {
            LeakState::Notified => offered.push("hold_liable"),
            LeakState::Liability => offered.push("close"),
            LeakState::Closed => offered.push("reopen"),
            _ => {}
        }
    }
    if person.may::<BuildLeakPackages>() && case.is_open() {
        offered.push("build_package");
    }
    Ok(offered)
}

async fn detail(app: &App, person: &Principal, row: row::Model) -> Result<Json<LeakDetail>> {
    let (conn, id) = (app.db.read(), row.id);
    let actions = offered(person, &row)?;
    let (what, containment) = (row.what.clone(), row.contained_by_what.clone());
    let (assessment, liability) = (row.assessment.clone(), row.liability.clone());
    let closing = row.closing.clone();
    let view = views(app, vec![row]).await?.pop();
    Ok(Json(LeakDetail {
        leak: view.ok_or_else(|| internal("a leak is shown"))?,
        what,
        containment,
        assessment,
        liability,
        closing,
        packages: package::views(conn, id).await?,
        actions,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Lists leaks, the newest first.
#[utoipa::path(
    get, path = "/api/v1/leaks", tag = "leaks", operation_id = "list_leaks",
    params(ListQuery, LeakFilter), responses((status = 200, body = Page<LeakView>)),
)]
async fn list(
    actor: Actor<ViewLeaks>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<LeakFilter>,
) -> Result<Json<Page<LeakView>>> {
    let page = store::list(app.db.read(), actor.principal(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// One leak with its evidence and its time line.
#[utoipa::path(
    get, path = "/api/v1/leaks/{id}", tag = "leaks", operation_id = "get_leak", params(("id" = Uuid, Path)),
    responses((status = 200, body = LeakDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewLeaks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<LeakDetail>> {
    let row = store::get(app.db.read(), actor.principal(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLeak {
    /// What it is called.
    title: String,
    /// What happened.
    what: String,
    /// When it was found; now when left out.
    discovered_at: Option<DateTime<Utc>>,
    /// Whom it may be about; he sees nothing of it.
    suspect_id: Option<Uuid>,
    /// Which data.
    data_kinds: String,
    /// How many persons' data, as far as it is known.
    persons: Option<i64>,
}

/// What a reporter is told; he need not be one who may see leaks.
#[derive(Debug, Serialize, ToSchema)]
struct LeakReported {
    /// Identifies it.
    id: Uuid,
    /// Its number.
    number: String,
}

/// Reports a leak. Its clocks begin at once, and the purchaser is told.
#[utoipa::path(
    post, path = "/api/v1/leaks", tag = "leaks", operation_id = "report_leak", request_body = NewLeak,
    responses((status = 201, body = LeakReported), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn report(
    actor: Actor<ReportLeaks>,
    State(app): State<App>,
    Json(new): Json<NewLeak>,
) -> Result<(StatusCode, Json<LeakReported>)> {
    let now = app.clock.now();
    must_be_name("title", &new.title)?;
    let discovered_at = new.discovered_at.unwrap_or(now);
    if discovered_at > now + AHEAD {
        return Err(invalid(
            "discovered_at",
            "date_in_future",
            "it was found already",
        ));
    }
    if new
        .persons
        .is_some_and(|persons| !(0..=MOST_PERSONS).contains(&persons))
    {
        return Err(invalid(
            "persons",
            "bound_out_of_range",
            "no such number of persons",
        ));
    }
    must_be_known(&app, new.suspect_id).await?;
    if let Some(suspect) = new.suspect_id {
        hidden::must_not_decide(app.db.read(), actor.principal(), suspect).await?;
    }
    let new = New {
        title: new.title,
        what: needed("what", &new.what)?,
        discovered_at,
        suspect_id: new.suspect_id,
        data_kinds: needed("data_kinds", &new.data_kinds)?,
        persons: new.persons,
        side: side(actor.principal()),
    };
    let (db, who) = (app.db.clone(), actor.who());
    let row = db
        .write(move |tx| async move { store::report(&app, &tx, &who, new).await })
        .await?;
    let told = LeakReported {
        id: row.id,
        number: row.number,
    };
    Ok((StatusCode::CREATED, Json(told)))
}

async fn must_be_known(app: &App, suspect: Option<Uuid>) -> Result<()> {
    let Some(id) = suspect else { return Ok(()) };
    let known = organization::colleagues(app.db.read(), [id]).await?;
    if known.contains_key(&id) {
        Ok(())
    } else {
        Err(invalid("suspect_id", "user_unknown", "no such user"))
    }
}

fn side(principal: &Principal) -> Side {
    if of_purchaser(principal) {
        Side::Purchaser
    } else {
        Side::Supplier
    }
}

/// A step that either side may do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum LeakVerb {
    /// 控制
    Contain {
        /// How it was stopped.
        how: String,
    },
    /// 评估
    Assess {
        /// What was found out: which data, of whom, what harm it may do.
        found: String,
        /// Personal data is concerned: the authority must be told.
        personal: bool,
        /// What was done does not keep harm from the persons: they must be told too.
        harm: bool,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LeakStep)]
struct Step {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    verb: LeakVerb,
}

/// The leak is stopped, and assessed.
#[utoipa::path(
    post, path = "/api/v1/leaks/{id}/steps", tag = "leaks", operation_id = "step_leak",
    params(("id" = Uuid, Path)), request_body = Step,
    responses(
        (status = 200, body = LeakDetail), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
async fn step(
    actor: Actor<HandleLeaks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(step): Json<Step>,
) -> Result<Json<LeakDetail>> {
    let (action, what, said) = match step.verb {
        LeakVerb::Contain { how } => (Action::Contain, "contained", needed("how", &how)?),
        LeakVerb::Assess {
            found,
            personal,
            harm,
        } => {
            let found = needed("found", &found)?;
            (Action::Assess { personal, harm }, "assessed", found)
        }
    };
    act(
        &app,
        actor.principal(),
        (id, step.version),
        action,
        (what, said),
        None,
    )
    .await
}

/// A decision of the purchaser.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum LeakDecision {
    /// 确认知悉
    Acknowledge {},
    /// 重新评估
    Reassess {
        /// What was found out, and why the first assessment does not stand.
        found: String,
        /// Personal data is concerned: the authority must be told.
        personal: bool,
        /// What was done does not keep harm from the persons: they must be told too.
        harm: bool,
    },
    /// 变更涉事人
    NameSuspect {
        /// Whom it may be about; nobody when left out. He sees nothing of it from now on.
        suspect_id: Option<Uuid>,
        /// Why.
        reason: String,
    },
    /// 通知主管部门或者个人
    Notify {
        /// Who was told.
        whom: Told,
        /// When, how and what was said.
        how: String,
    },
    /// 主管部门要求通知个人
    RequirePersons {
        /// What the authority asked for.
        reason: String,
    },
    /// 追责
    HoldLiable {
        /// Who answers for it, and how.
        decision: String,
    },
    /// 结案
    Close {
        /// How it ended.
        closing: String,
    },
    /// 重开
    Reopen {
        /// Why.
        reason: String,
    },
}

/// A decision with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LeakDecided)]
struct Decided {
    /// The version that was read.
    version: i64,
    /// The decision.
    #[serde(flatten)]
    decision: LeakDecision,
}

/// The purchaser knows of it, assesses it anew, names whom it may be about, tells who must know, decides on liability, closes and reopens. A leak closes only with
/// frozen evidence.
#[utoipa::path(
    post, path = "/api/v1/leaks/{id}/decide", tag = "leaks", operation_id = "decide_leak",
    params(("id" = Uuid, Path)), request_body = Decided,
    responses(
        (status = 200, body = LeakDetail), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem),
    ),
)]
async fn decide(
    actor: Actor<DecideLeaks>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decided): Json<Decided>,
) -> Result<Json<LeakDetail>> {
    let by = side(actor.principal());
    let mut suspect = None;
    let (action, what, said) = match decided.decision {
        LeakDecision::Acknowledge {} => (Action::Acknowledge { by }, "acknowledged", String::new()),
        LeakDecision::Reassess {
            found,
            personal,
            harm,
        } => {
            let found = needed("found", &found)?;
            let action = Action::Reassess { by, personal, harm };
            (action, "reassessed", found)
        }
        LeakDecision::NameSuspect { suspect_id, reason } => {
            must_be_known(&app, suspect_id).await?;
            suspect = Some(Suspect(suspect_id));
            let reason = needed("reason", &reason)?;
            (Action::NameSuspect { by }, "suspect_named", reason)
        }
        LeakDecision::Notify { whom, how } => {
            let what = match whom {
                Told::Authority => "authority_told",
                Told::Persons => "persons_told",
            };
            (Action::Notify { by, whom }, what, needed("how", &how)?)
        }
        LeakDecision::RequirePersons { reason } => {
            let reason = needed("reason", &reason)?;
            (Action::RequirePersons { by }, "persons_required", reason)
        }
        LeakDecision::HoldLiable { decision } => {
            let decision = needed("decision", &decision)?;
            (Action::HoldLiable { by }, "held_liable", decision)
        }
        LeakDecision::Close { closing } => {
            let frozen = package::is_frozen(app.db.read(), id).await?;
            let closing = needed("closing", &closing)?;
            (Action::Close { by, frozen }, "closed", closing)
        }
        LeakDecision::Reopen { reason } => {
            let reason = needed("reason", &reason)?;
            (Action::Reopen { by }, "reopened", reason)
        }
    };
    act(
        &app,
        actor.principal(),
        (id, decided.version),
        action,
        (what, said),
        suspect,
    )
    .await
}

/// Whom a leak may be about from now on.
#[derive(Debug, Clone, Copy)]
struct Suspect(Option<Uuid>);

async fn act(
    app: &App,
    person: &Principal,
    (id, version): (Uuid, i64),
    action: Action,
    (what, said): (&'static str, String),
    suspect: Option<Suspect>,
) -> Result<Json<LeakDetail>> {
    let (services, me) = (app.clone(), person.clone());
    let row = app
        .db
        .write(move |tx| async move {
            let app = services;
            let who = kernel::audit::Who::user(&me);
            let before = versioned::as_read(store::get(&*tx, &me, id).await?, version)?;
            let told = (what, Some(said.as_str()));
            if let Some(Suspect(Some(person))) = suspect {
                // His open page reads itself again and finds nothing; the news names no leak.
                let news = json!({ "what": "read_again" });
                app.live
                    .publish_after(&tx, Audience::User(person), "staffing", news);
            }
            store::act(&app, &tx, &who, &before, &action, told, |after| {
                if let Some(Suspect(suspect)) = suspect {
                    after.suspect_id = suspect;
                }
                let said = Some(said.clone());
                match action {
                    Action::Contain => after.contained_by_what = said,
                    Action::Assess { .. } | Action::Reassess { .. } => after.assessment = said,
                    Action::HoldLiable { .. } => after.liability = said,
                    Action::Close { .. } => after.closing = said,
                    _ => {}
                }
            })
            .await
        })
        .await?;
    detail(app, person, row).await
}
