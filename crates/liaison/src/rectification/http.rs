//! Rectifications over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::needed;
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, New, row};
use super::{Action, RectificationState};
use crate::files::{self, LiaisonFileView};
use crate::inspection;
use crate::inspection::store as inspections;
use crate::rights::{AnswerRectifications, Inspect, ViewInspections};
use crate::side;
use crate::trail::{self, TrailLine};

/// The longest a rectification may take, in working days.
const LONGEST: u16 = 60;

/// The routes of rectifications.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(show))
        .routes(routes!(answer))
        .routes(routes!(decide))
        .with_state(app.clone())
}

/// A rectification as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RectificationView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZG-20261126-001`
    pub number: String,
    /// The inspection that led to it.
    pub inspection_id: Option<Uuid>,
    /// What is to be put right.
    pub title: String,
    /// `issued`, `answered`, `verified` or `withdrawn`.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// When the answer is due.
    pub due_at: Option<DateTime<Utc>>,
    /// It was late once.
    pub overdue: bool,
    /// Times it was demanded.
    pub rounds: i32,
    /// When it was demanded first.
    pub issued_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A rectification as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RectificationDetail {
    /// What lists show.
    #[serde(flatten)]
    pub rectification: RectificationView,
    /// What is demanded.
    pub demand: String,
    /// Who demanded it.
    pub issued_by: Option<Colleague>,
    /// What was done.
    pub answer: Option<String>,
    /// Who answered.
    pub answered_by: Option<Colleague>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
    /// What the purchaser said to it.
    pub opinion: Option<String>,
    /// Who verified it.
    pub verified_by: Option<Colleague>,
    /// When.
    pub verified_at: Option<DateTime<Utc>>,
    /// Pictures and papers.
    pub files: Vec<LiaisonFileView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

pub(crate) fn view(row: &row::Model) -> RectificationView {
    RectificationView {
        id: row.id,
        number: row.number.clone(),
        inspection_id: row.inspection_id,
        title: row.title.clone(),
        state: row.state.clone(),
        open: row.open,
        due_at: row.due_at,
        overdue: row.overdue,
        rounds: row.rounds,
        issued_at: row.issued_at,
        version: row.version,
    }
}

fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    use RectificationState as S;
    let state = S::parse(&row.state);
    let mut offered = Vec::new();
    if state == Some(S::Issued) && principal.may::<AnswerRectifications>() {
        offered.push("answer");
    }
    if principal.may::<Inspect>() && row.open {
        if state == Some(S::Answered) {
            offered.extend(["verify", "send_back"]);
        }
        offered.push("withdraw");
    }
    offered
}

async fn detail(
    app: &App,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<RectificationDetail>> {
    let conn = app.db.read();
    let people = [row.issued_by, row.answered_by, row.verified_by];
    let people = organization::colleagues(conn, people.into_iter().flatten()).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    Ok(Json(RectificationDetail {
        rectification: view(&row),
        issued_by: person(row.issued_by),
        answered_by: person(row.answered_by),
        answered_at: row.answered_at,
        verified_by: person(row.verified_by),
        verified_at: row.verified_at,
        files: files::of(conn, row.id).await?,
        actions: offered(principal, &row),
        lines: trail::lines(conn, row.id, side::of(principal)).await?,
        demand: row.demand,
        answer: row.answer,
        opinion: row.opinion,
    }))
}

/// Lists rectifications, the newest first.
#[utoipa::path(
    get, path = "/api/v1/rectifications", tag = "liaison", operation_id = "list_rectifications",
    params(ListQuery, Filter), responses((status = 200, body = Page<RectificationView>)),
)]
async fn list(
    _actor: Actor<ViewInspections>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<RectificationView>>> {
    let page = store::list(app.db.read(), &query, &filter).await?;
    Ok(Json(page.map(|row| view(&row))))
}

/// One rectification.
#[utoipa::path(
    get, path = "/api/v1/rectifications/{id}", tag = "liaison", operation_id = "get_rectification",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RectificationDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewInspections>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<RectificationDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// What is to be put right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRectification {
    /// The inspection that found it; it has to be released.
    inspection_id: Option<Uuid>,
    /// What is to be put right.
    title: String,
    /// What is demanded.
    demand: String,
    /// Working days for the answer, 1 to 60; as agreed when left out.
    working_days: Option<u16>,
}

/// Demands a rectification of the supplier (整改通知). Its clock begins at once.
#[utoipa::path(
    post, path = "/api/v1/rectifications", tag = "liaison", operation_id = "issue_rectification",
    request_body = NewRectification,
    responses((status = 201, body = RectificationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn issue(
    actor: Actor<Inspect>,
    State(app): State<App>,
    Json(new): Json<NewRectification>,
) -> Result<(StatusCode, Json<RectificationDetail>)> {
    if new
        .working_days
        .is_some_and(|days| !(1..=LONGEST).contains(&days))
    {
        let detail = "1 to 60 working days";
        return Err(invalid("working_days", "term_out_of_range", detail));
    }
    let new = New {
        inspection_id: new.inspection_id,
        title: needed("title", &new.title)?,
        demand: needed("demand", &new.demand)?,
        working_days: new.working_days.map(i32::from),
    };
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            if let Some(id) = new.inspection_id {
                let found = inspections::get(&*tx, by, id).await?;
                let next = found.case()?.next(&inspection::Action::Demand);
                next.map_err(|refusal| refusal.about(&found.what()))?;
            }
            store::issue(&app, &tx, &who, new).await
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// What was put right, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RectificationAnswer {
    /// The version that was read.
    version: i64,
    /// What was done.
    answer: String,
}

/// The supplier tells what was put right; pictures are added before.
#[utoipa::path(
    post, path = "/api/v1/rectifications/{id}/answer", tag = "liaison", operation_id = "answer_rectification",
    params(("id" = Uuid, Path)), request_body = RectificationAnswer,
    responses((status = 200, body = RectificationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn answer(
    actor: Actor<AnswerRectifications>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<RectificationAnswer>,
) -> Result<Json<RectificationDetail>> {
    let text = needed("answer", &request.answer)?;
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let now = app.clock.now();
            let told = ("answered", Some(text.as_str()));
            let action = Action::Answer;
            store::act(&app, &tx, (&who, by), &before, &action, told, |after| {
                after.answer = Some(text.clone());
                after.answered_by = who.user_id;
                after.answered_at = Some(now);
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// The purchaser's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
enum RectificationDecision {
    /// 复查通过
    Verify {
        /// What is said to it.
        opinion: Option<String>,
    },
    /// 复查不通过: its clock begins anew.
    SendBack {
        /// Why.
        reason: String,
    },
    /// 撤回
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// A step with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DecidedRectification)]
struct Decided {
    /// The version that was read.
    version: i64,
    /// The step.
    #[serde(flatten)]
    decision: RectificationDecision,
}

/// The purchaser verifies what was put right, sends it back, or takes the demand back.
#[utoipa::path(
    post, path = "/api/v1/rectifications/{id}/decide", tag = "liaison", operation_id = "decide_rectification",
    params(("id" = Uuid, Path)), request_body = Decided,
    responses((status = 200, body = RectificationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<Inspect>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<Decided>,
) -> Result<Json<RectificationDetail>> {
    let (action, what, opinion) = match request.decision {
        RectificationDecision::Verify { opinion } => {
            let opinion = opinion.map(|text| needed("opinion", &text)).transpose()?;
            (Action::Verify, "verified", opinion)
        }
        RectificationDecision::SendBack { reason } => (
            Action::SendBack,
            "sent_back",
            Some(needed("reason", &reason)?),
        ),
        RectificationDecision::Withdraw { reason } => (
            Action::Withdraw,
            "withdrawn",
            Some(needed("reason", &reason)?),
        ),
    };
    let by = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, request.version)?;
            let now = app.clock.now();
            let told = (what, opinion.as_deref());
            store::act(&app, &tx, (&who, by), &before, &action, told, |after| {
                after.opinion.clone_from(&opinion);
                if action == Action::Verify {
                    after.verified_by = who.user_id;
                    after.verified_at = Some(now);
                }
            })
            .await
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
