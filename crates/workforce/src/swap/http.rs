//! Swaps over HTTP: checked, asked for, answered, decided, withdrawn.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::Who;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
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

use super::store::{self, Filter, Pair, row, tried};
use super::{Action, SwapState};
use crate::rights::{AskSwap, DecideSwap, ViewSwaps};
use crate::roster::terms;
use crate::roster::view::{Finding, findings};
use crate::trail;

/// The routes of swaps.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(check))
        .routes(routes!(show))
        .routes(routes!(answer))
        .routes(routes!(decide))
        .routes(routes!(withdraw))
        .with_state(app.clone())
}

/// A swap as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwapView {
    /// Identifies it.
    pub id: Uuid,
    /// `HB-20261126-001`
    pub number: String,
    /// Who asks.
    pub asker: Option<Colleague>,
    /// The day that he gives.
    pub asker_day: NaiveDate,
    /// The shift that he gives.
    pub asker_shift_id: String,
    /// Who is asked.
    pub colleague: Option<Colleague>,
    /// The day that the other gives.
    pub colleague_day: NaiveDate,
    /// The shift that the other gives.
    pub colleague_shift_id: String,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub state: SwapState,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// Who decided; null where the terms ask no lead.
    pub decided_by: Option<Colleague>,
    /// When it ended.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said to it.
    pub opinion: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

/// A swap as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwapDetail {
    /// What lists show.
    #[serde(flatten)]
    pub swap: SwapView,
    /// What it would newly break as the roster stands now; nothing once it is over.
    pub findings: Vec<Finding>,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<SwapView>> {
    let deciders = rows.iter().filter_map(|row| row.decided_by);
    let askers = rows.iter().map(|row| row.asker_id).chain(deciders);
    let users = rows.iter().map(|row| row.colleague_id).chain(askers);
    let people = organization::colleagues(app.db.read(), users).await?;
    let shown = rows.into_iter().map(|row| {
        let ((asker_day, _), (colleague_day, _)) = row.pair()?;
        Ok(SwapView {
            state: row.standing()?,
            asker: people.get(&row.asker_id).cloned(),
            colleague: people.get(&row.colleague_id).cloned(),
            decided_by: row.decided_by.and_then(|id| people.get(&id).cloned()),
            id: row.id,
            number: row.number,
            asker_day,
            asker_shift_id: row.asker_shift_id,
            colleague_day,
            colleague_shift_id: row.colleague_shift_id,
            reason: row.reason,
            asked_at: row.asked_at,
            decided_at: row.decided_at,
            opinion: row.opinion,
            version: row.version,
        })
    });
    shown.collect()
}

async fn detail(app: &App, row: row::Model) -> Result<Json<SwapDetail>> {
    let open = matches!(row.standing()?, SwapState::Asked | SwapState::Accepted);
    let broken = if open {
        // A swap whose shifts are gone meanwhile is still shown; deciding on it says so.
        let tried = tried(app, app.db.read(), row.pair()?).await;
        match tried {
            Ok(tried) => tried.broken,
            Err(problem) if problem.status < 500 => Vec::new(),
            Err(problem) => return Err(problem),
        }
    } else {
        Vec::new()
    };
    let mut shown = views(app, vec![row]).await?;
    let swap = shown.pop().ok_or_else(|| internal("a swap is shown"))?;
    Ok(Json(SwapDetail {
        swap,
        findings: findings(&broken),
    }))
}

/// Swaps, the newest first; one's own for who does not decide.
#[utoipa::path(
    get, path = "/api/v1/shift-swaps", tag = "workforce", operation_id = "list_shift_swaps",
    params(ListQuery, Filter), responses((status = 200, body = Page<SwapView>)),
)]
async fn list(
    actor: Actor<ViewSwaps>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<SwapView>>> {
    let page = store::list(app.db.read(), actor.scope(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// One swap, with what it would break as the roster stands now.
#[utoipa::path(
    get, path = "/api/v1/shift-swaps/{id}", tag = "workforce", operation_id = "get_shift_swap",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SwapDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewSwaps>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SwapDetail>> {
    let row = store::get(app.db.read(), actor.scope(), id).await?;
    detail(&app, row).await
}

/// The two shifts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedSwap {
    /// The day of one's own shift.
    day: NaiveDate,
    /// Whose shift is wanted.
    colleague_id: Uuid,
    /// The day of that shift.
    colleague_day: NaiveDate,
}

impl WantedSwap {
    fn pair(&self, user: Uuid, today: NaiveDate) -> Result<Pair> {
        day::plausible("day", self.day, today)?;
        day::plausible("colleague_day", self.colleague_day, today)?;
        if self.colleague_id == user {
            return Err(invalid(
                "colleague_id",
                "swap_own",
                "somebody else is asked",
            ));
        }
        Ok(((self.day, user), (self.colleague_day, self.colleague_id)))
    }
}

/// What a swap would break.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwapCheck {
    /// It may be asked for.
    pub may: bool,
    /// What it would newly break.
    pub findings: Vec<Finding>,
}

/// Checks a swap before it is asked for: the rules at both people, and who is left at the seats.
#[utoipa::path(
    post, path = "/api/v1/shift-swaps/check", tag = "workforce", operation_id = "check_shift_swap",
    request_body = WantedSwap,
    responses((status = 200, body = SwapCheck), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn check(
    actor: Actor<AskSwap>,
    State(app): State<App>,
    Json(wanted): Json<WantedSwap>,
) -> Result<Json<SwapCheck>> {
    let pair = wanted.pair(actor.user_id(), day::today(&app))?;
    let tried = tried(&app, app.db.read(), pair).await?;
    Ok(Json(SwapCheck {
        may: !tried.is_hard(),
        findings: findings(&tried.broken),
    }))
}

/// A swap that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
struct NewSwap {
    /// The two shifts.
    #[serde(flatten)]
    wanted: WantedSwap,
    /// Why.
    reason: String,
}

/// Asks a colleague to swap shifts (换班). What breaks a rule at one of the two is refused with what.
#[utoipa::path(
    post, path = "/api/v1/shift-swaps", tag = "workforce", operation_id = "ask_shift_swap",
    request_body = NewSwap,
    responses((status = 201, body = SwapDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn ask(
    actor: Actor<AskSwap>,
    State(app): State<App>,
    Json(new): Json<NewSwap>,
) -> Result<(StatusCode, Json<SwapDetail>)> {
    let reason = needed("reason", &new.reason)?;
    let pair = new.wanted.pair(actor.user_id(), day::today(&app))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            store::must_be_free(&*tx, pair).await?;
            let tried = tried(&app, &*tx, pair).await?;
            tried.must_hold()?;
            let now = app.clock.now();
            let ((asker_day, asker_id), (colleague_day, colleague_id)) = pair;
            let row = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "HB-", now).await?,
                asker_id,
                asker_day: day::text(asker_day),
                asker_shift_id: tried.shifts.0,
                colleague_id,
                colleague_day: day::text(colleague_day),
                colleague_shift_id: tried.shifts.1,
                reason,
                state: SwapState::Asked.as_str().to_owned(),
                asked_at: now,
                decided_by: None,
                decided_at: None,
                opinion: None,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            tell(&app, &tx, &who, &row, "asked").await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, detail(&done, row).await?))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let both = vec![row.asker_id, row.colleague_id];
    let told = match what {
        "asked" | "withdrawn" => vec![row.colleague_id],
        "declined" => vec![row.asker_id],
        "accepted" => trail::holders(&**tx, &[Role::ShiftLead, Role::OpsManager]).await?,
        _ => both.clone(),
    };
    let facts = json!({
        "number": row.number, "day": row.asker_day, "colleague_day": row.colleague_day, "state": row.state,
        "version": row.version, "persons": both, "recipients": told,
    });
    trail::tell((app, tx, who), ("shift_swap", row.id), what, facts).await
}

fn step(before: &row::Model, version: i64, action: Action) -> Result<row::Model> {
    let mut after = versioned::as_read(before.clone(), version)?;
    let state = after.standing()?.next(action);
    let state = state.map_err(|refusal| refusal.about(&after.what()))?;
    state.as_str().clone_into(&mut after.state);
    Ok(after)
}

/// What the colleague says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerSwap {
    /// The version that was read.
    version: i64,
    /// He takes the other's shift and gives his.
    accept: bool,
    /// What he says to it.
    opinion: Option<String>,
}

/// Accepts or declines a swap one was asked for. Where nothing breaks and the terms ask no lead, it holds at once.
#[utoipa::path(
    post, path = "/api/v1/shift-swaps/{id}/answer", tag = "workforce", operation_id = "answer_shift_swap",
    params(("id" = Uuid, Path)), request_body = AnswerSwap,
    responses((status = 200, body = SwapDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn answer(
    actor: Actor<AskSwap>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<AnswerSwap>,
) -> Result<Json<SwapDetail>> {
    let opinion = said
        .opinion
        .map(|text| needed("opinion", &text))
        .transpose()?;
    let (db, done, who, user) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let row = db
        .write(move |tx| async move {
            let before = store::get(&*tx, &Scope::Own(user), id).await?;
            if before.colleague_id != user {
                // Nobody answers his own question.
                return Err(not_found("shift swap"));
            }
            let now = app.clock.now();
            let mut cells = Vec::new();
            let (action, what) = if said.accept {
                let tried = tried(&app, &*tx, before.pair()?).await?;
                tried.must_hold()?;
                let auto = terms::in_force(&*tx, now).await?.swap_auto;
                let at_once = auto && tried.broken.is_empty();
                cells = tried.cells;
                (
                    Action::Accept { at_once },
                    if at_once { "approved" } else { "accepted" },
                )
            } else {
                (Action::Decline, "declined")
            };
            let mut after = step(&before, said.version, action)?;
            after.opinion = opinion;
            let holds = after.standing()? == SwapState::Approved;
            after.decided_at = Some(now).filter(|_| holds || !said.accept);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            if holds {
                store::write((&app, &tx, &who), &after, cells).await?;
            }
            tell(&app, &tx, &who, &after, what).await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}

/// The lead's step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideSwapRequest {
    /// The version that was read.
    version: i64,
    /// They swap.
    approve: bool,
    /// Why; needed where they do not.
    opinion: Option<String>,
}

/// Decides on a swap both agreed to. Approved, it stands in the roster at once; what breaks a rule by now is refused.
#[utoipa::path(
    post, path = "/api/v1/shift-swaps/{id}/decide", tag = "workforce", operation_id = "decide_shift_swap",
    params(("id" = Uuid, Path)), request_body = DecideSwapRequest,
    responses((status = 200, body = SwapDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn decide(
    actor: Actor<DecideSwap>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(decided): Json<DecideSwapRequest>,
) -> Result<Json<SwapDetail>> {
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
            let (action, what) = if decided.approve {
                (Action::Approve, "approved")
            } else {
                (Action::Refuse, "refused")
            };
            let mut after = step(&before, decided.version, action)?;
            after.opinion = opinion;
            after.decided_by = who.user_id;
            after.decided_at = Some(app.clock.now());
            if decided.approve {
                let tried = tried(&app, &*tx, before.pair()?).await?;
                tried.must_hold()?;
                store::write((&app, &tx, &who), &after, tried.cells).await?;
            }
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, what).await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}

/// Takes a question back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawSwap {
    /// The version that was read.
    version: i64,
}

/// Withdraws a swap one asked for, until it is decided.
#[utoipa::path(
    post, path = "/api/v1/shift-swaps/{id}/withdraw", tag = "workforce", operation_id = "withdraw_shift_swap",
    params(("id" = Uuid, Path)), request_body = WithdrawSwap,
    responses((status = 200, body = SwapDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn withdraw(
    actor: Actor<AskSwap>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(asked): Json<WithdrawSwap>,
) -> Result<Json<SwapDetail>> {
    let (db, done, who, user) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let row = db
        .write(move |tx| async move {
            let before = store::get(&*tx, &Scope::Own(user), id).await?;
            if before.asker_id != user {
                return Err(not_found("shift swap"));
            }
            let mut after = step(&before, asked.version, Action::Withdraw)?;
            after.decided_at = Some(app.clock.now());
            let after = versioned::save(&app, &*tx, &before, after).await?;
            tell(&app, &tx, &who, &after, "withdrawn").await?;
            Ok(after)
        })
        .await?;
    detail(&done, row).await
}
