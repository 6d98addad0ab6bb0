//! Replacements over HTTP: the list, one with everything its page shows.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, not_found};
use kernel::text::needed;
use kernel::{Actor, App, Principal};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::equivalence::{self, Comparison};
use super::handover::{self, HandoverView, OpenTicket};
use super::store::{self, Filter, New, row};
use super::{ReplacementCause, ReplacementState, earliest_last_day, gap};
use crate::qualification::{self, Finding};
use crate::rights::{DecideReplacements, ManageReplacements, OfferHandovers, ViewStaffing};
use crate::staff::store as staff;
use crate::trail::{self, TrailLine};
use crate::{OpenTickets, agreed};
use kernel::day;

/// What replacements are handled with.
#[derive(Clone)]
pub(crate) struct Office {
    pub app: App,
    pub tickets: Arc<dyn OpenTickets>,
}

/// The routes of replacements.
pub(crate) fn routes(office: &Office) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(show))
        .with_state(office.clone())
}

/// A replacement as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplacementView {
    /// Identifies it.
    pub id: Uuid,
    /// `BW-20261123-001`
    pub number: String,
    /// Who leaves.
    pub staff_id: Uuid,
    /// His name.
    pub name: String,
    /// The post.
    pub post_id: Option<String>,
    /// The demand it answers.
    pub demand_id: Option<Uuid>,
    /// `resignation`, `illness`, `unfit`, `exam_failed` or `demanded`.
    pub cause: String,
    /// Why.
    pub reason: String,
    /// 无法提前
    pub sudden: bool,
    /// When it was announced.
    pub notice_on: Option<NaiveDate>,
    /// The last day.
    pub last_day: NaiveDate,
    /// Who is to come.
    pub candidate_id: Option<Uuid>,
    /// His name.
    pub candidate: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// When the new one has to be on post.
    pub due_at: Option<DateTime<Utc>>,
    /// That moment passed before.
    pub overdue: bool,
    /// The first day of the new one.
    pub on_post_on: Option<NaiveDate>,
    /// Working days without anybody so far; zero is what is owed.
    pub gap_working_days: i64,
    /// When it was opened.
    pub raised_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A replacement as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplacementDetail {
    /// What lists show.
    #[serde(flatten)]
    pub replacement: ReplacementView,
    /// Who opened it.
    pub raised_by: Option<Colleague>,
    /// The latest day of the notice for this last day.
    pub latest_notice: NaiveDate,
    /// The earliest last day if it were announced today.
    pub earliest_last_day: NaiveDate,
    /// The two side by side: as accepted, else as they stand today.
    pub equivalence: Vec<Comparison>,
    /// Nothing is less.
    pub equivalent: bool,
    /// Why the purchaser waived what is less.
    pub equivalence_waiver: Option<String>,
    /// Why the purchaser sent the candidate back.
    pub return_reason: Option<String>,
    /// What the candidate lacks today.
    pub candidate_missing: Vec<Finding>,
    /// Open tickets of who leaves.
    pub open_tickets: Vec<OpenTicket>,
    /// What was offered to whom.
    pub handovers: Vec<HandoverView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<ReplacementView>> {
    let conn = app.db.read();
    let service = organization::service_calendar::load(conn).await?;
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.staff_id).collect();
    ids.extend(rows.iter().filter_map(|row| row.candidate_id));
    let people = staff::by_ids(conn, ids).await?;
    let name = |id: Uuid| people.get(&id).map(|person| person.name.clone());
    let today = day::today(app);
    let mut views = Vec::new();
    for row in rows {
        let last_day = day::read(&row.last_day)?;
        let on_post_on = day::maybe(row.on_post_on.as_deref())?;
        let withdrawn = row.state == ReplacementState::Withdrawn.as_str();
        let gap = if withdrawn {
            0
        } else {
            gap(&service.calendar, last_day, on_post_on, today)
        };
        views.push(ReplacementView {
            name: name(row.staff_id).unwrap_or_default(),
            candidate: row.candidate_id.and_then(name),
            notice_on: day::maybe(row.notice_on.as_deref())?,
            last_day,
            on_post_on,
            gap_working_days: gap,
            id: row.id,
            number: row.number,
            staff_id: row.staff_id,
            post_id: row.post_id,
            demand_id: row.demand_id,
            cause: row.cause,
            reason: row.reason,
            sudden: row.sudden,
            candidate_id: row.candidate_id,
            state: row.state,
            open: row.open,
            due_at: row.due_at,
            overdue: row.overdue,
            raised_at: row.raised_at,
            version: row.version,
        });
    }
    Ok(views)
}

/// The verbs of a state, for who has the right to them; guards are told when it is tried.
fn offered(principal: &Principal, row: &row::Model) -> Vec<&'static str> {
    use ReplacementState as S;
    let manages = principal.may::<ManageReplacements>();
    let decides = principal.may::<DecideReplacements>();
    let supplier: &[&'static str] = match S::parse(&row.state) {
        Some(S::NoticeDrafted) => &["serve", "withdraw"],
        Some(S::NoticeServed | S::RejectedByPurchaser | S::CandidateProposed) => {
            &["propose", "withdraw"]
        }
        Some(S::QualificationOk) => &["train", "pass_exam", "withdraw"],
        Some(S::Training) => &["pass_exam", "withdraw"],
        Some(S::ExamPassed) => &["hand_over", "withdraw"],
        Some(S::Handover) => &["take_post", "withdraw"],
        Some(S::OnPost) => &["close"],
        Some(S::Closed | S::Withdrawn) | None => &[],
    };
    let purchaser: &[&'static str] = match S::parse(&row.state) {
        Some(S::CandidateProposed) => &["accept", "reject"],
        _ => &[],
    };
    let mut offered = Vec::new();
    if manages {
        offered.extend(supplier);
    }
    if decides {
        offered.extend(purchaser);
    }
    if row.open && row.notice_on.is_some() && principal.may::<OfferHandovers>() {
        offered.push("offer_handover");
    }
    offered
}

/// The whole page of one replacement.
pub(crate) async fn detail(
    office: &Office,
    principal: &Principal,
    row: row::Model,
) -> Result<Json<ReplacementDetail>> {
    let app = &office.app;
    let (conn, id, today) = (app.db.read(), row.id, day::today(app));
    let service = organization::service_calendar::load(conn).await?;
    let notice = agreed::working_days(conn, "replacement.notice", app.clock.now()).await?;
    let ids = [Some(row.staff_id), row.candidate_id];
    let people = staff::by_ids(conn, ids.into_iter().flatten()).await?;
    let frozen = row.equivalence.clone();
    let comparison: Vec<Comparison> = match (frozen, row.candidate_id) {
        (Some(frozen), _) => serde_json::from_value(frozen).map_err(internal)?,
        (None, Some(candidate)) => store::compared(app, conn, row.staff_id, candidate).await?,
        (None, None) => Vec::new(),
    };
    let candidate_missing = match row.candidate_id.and_then(|id| people.get(&id)) {
        Some(candidate) => qualification::blocking(&staff::findings(app, conn, candidate).await?),
        None => Vec::new(),
    };
    let leaves = people.get(&row.staff_id).and_then(|person| person.user_id);
    let open_tickets = match leaves {
        Some(user) if row.open => office.tickets.of_owner(user).await?,
        _ => Vec::new(),
    };
    let raised_by = organization::colleagues(conn, row.raised_by).await?;
    let last_day = day::read(&row.last_day)?;
    let actions = offered(principal, &row);
    let (waiver, returned) = (row.equivalence_waiver.clone(), row.return_reason.clone());
    let view = views(app, vec![row])
        .await?
        .pop()
        .ok_or_else(|| not_found("replacement"))?;
    Ok(Json(ReplacementDetail {
        replacement: view,
        raised_by: raised_by.into_values().next(),
        latest_notice: service.calendar.latest_notice(last_day, notice).date,
        earliest_last_day: earliest_last_day(&service.calendar, today, notice),
        equivalent: equivalence::holds(&comparison),
        equivalence: comparison,
        equivalence_waiver: waiver,
        return_reason: returned,
        candidate_missing,
        open_tickets,
        handovers: handover::of_replacement(conn, id).await?,
        actions,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Lists replacements, the newest first.
#[utoipa::path(
    get, path = "/api/v1/replacements", tag = "staffing", operation_id = "list_replacements",
    params(ListQuery, Filter), responses((status = 200, body = Page<ReplacementView>)),
)]
async fn list(
    _actor: Actor<ViewStaffing>,
    State(office): State<Office>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<ReplacementView>>> {
    let app = &office.app;
    let page = store::list(app.db.read(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(app, rows).await);
    Ok(Json(shown.await?))
}

/// One replacement: who leaves and who comes side by side, what is handed over, the gap.
#[utoipa::path(
    get, path = "/api/v1/replacements/{id}", tag = "staffing", operation_id = "get_replacement",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ReplacementDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewStaffing>,
    State(office): State<Office>,
    Path(id): Path<Uuid>,
) -> Result<Json<ReplacementDetail>> {
    let row = store::get(office.app.db.read(), id).await?;
    detail(&office, actor.principal(), row).await
}

/// Who leaves, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReplacement {
    /// Who leaves.
    staff_id: Uuid,
    /// Why.
    cause: ReplacementCause,
    /// Why, in words.
    reason: String,
    /// 无法提前: it could not be announced in time.
    #[serde(default)]
    sudden: bool,
    /// The last day on post.
    last_day: NaiveDate,
}

/// Opens a replacement; the notice is served by a step of its own.
#[utoipa::path(
    post, path = "/api/v1/replacements", tag = "staffing", operation_id = "open_replacement",
    request_body = NewReplacement,
    responses((status = 201, body = ReplacementDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn open(
    actor: Actor<ManageReplacements>,
    State(office): State<Office>,
    Json(new): Json<NewReplacement>,
) -> Result<(StatusCode, Json<ReplacementDetail>)> {
    let app = office.app.clone();
    day::plausible("last_day", new.last_day, day::today(&app))?;
    let new = New {
        staff_id: new.staff_id,
        cause: new.cause,
        reason: needed("reason", &new.reason)?,
        sudden: new.sudden,
        last_day: new.last_day,
        demand_id: None,
        source_event: None,
    };
    let (db, who) = (app.db.clone(), actor.who());
    let row = db
        .write(move |tx| async move { store::open(&app, &tx, &who, new).await })
        .await?;
    Ok((
        StatusCode::CREATED,
        detail(&office, actor.principal(), row).await?,
    ))
}
