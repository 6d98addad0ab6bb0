//! Corrective actions over HTTP: lists, one of them, a new one.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid};
use kernel::text::needed;
use kernel::{Actor, Principal, Side};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Filter, New, row};
use super::{CorrectiveSource, CorrectiveState};
use crate::evaluation::store as evaluations;
use crate::rights::{
    FinishCorrectiveActions, OpenCorrectiveActions, VerifyCorrectiveActions, ViewCorrectiveActions,
    may, who_may,
};
use crate::trail::{self, TrailLine};
use crate::{Desk, agreed, evaluation, side};

/// The routes of corrective actions.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(owners))
        .routes(routes!(show))
        .with_state(desk.clone())
}

/// A corrective action as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectiveActionView {
    /// Identifies it.
    pub id: Uuid,
    /// `JC-20261127-001`
    pub number: String,
    /// What it came of.
    pub source: String,
    /// The evaluation, complaint or inspection.
    pub source_id: Option<Uuid>,
    /// What that is called.
    pub source_label: String,
    /// What is to be put right.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<Colleague>,
    /// Whose work it is about.
    pub about: Option<Colleague>,
    /// Where it stands.
    pub state: String,
    /// Somebody owes a step.
    pub open: bool,
    /// It was late once.
    pub overdue: bool,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Times it was to be done.
    pub rounds: i32,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A corrective action as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectiveActionDetail {
    /// What lists show.
    #[serde(flatten)]
    pub corrective: CorrectiveActionView,
    /// What was found.
    pub problem: String,
    /// Why it came to that.
    pub cause: Option<String>,
    /// What is done.
    pub action: Option<String>,
    /// Who opened it.
    pub opened_by: Option<Colleague>,
    /// Who said that it is done.
    pub done_by: Option<Colleague>,
    /// When.
    pub done_at: Option<DateTime<Utc>>,
    /// What was done.
    pub done_note: Option<String>,
    /// Who verified it.
    pub verified_by: Option<Colleague>,
    /// When.
    pub verified_at: Option<DateTime<Utc>>,
    /// What was said to it.
    pub opinion: Option<String>,
    /// Who closed it.
    pub closed_by: Option<Colleague>,
    /// When.
    pub closed_at: Option<DateTime<Utc>>,
    /// A coaching is ahead.
    pub coaching: bool,
    /// The training session it is.
    pub coaching_id: Option<Uuid>,
    /// When he was coached.
    pub coached_at: Option<DateTime<Utc>>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

fn view(row: &row::Model, people: &HashMap<Uuid, Colleague>) -> CorrectiveActionView {
    CorrectiveActionView {
        id: row.id,
        number: row.number.clone(),
        source: row.source.clone(),
        source_id: row.source_id,
        source_label: row.source_label.clone(),
        title: row.title.clone(),
        owner: people.get(&row.owner_id).cloned(),
        about: row.about_id.and_then(|id| people.get(&id).cloned()),
        state: row.state.clone(),
        open: row.open,
        overdue: row.overdue,
        due_at: row.due_at,
        rounds: row.rounds,
        opened_at: row.opened_at,
        version: row.version,
    }
}

fn offered(row: &row::Model, to: &Principal) -> Result<Vec<&'static str>> {
    use CorrectiveState as S;
    let case = row.case()?;
    let mut offered = Vec::new();
    let about = case.about == Some(to.user_id);
    let owner = case.owner == to.user_id;
    if to.may::<OpenCorrectiveActions>() && !about {
        match case.state {
            S::Open | S::Planned => {
                offered.extend(["plan", "reassign"]);
                if case.about.is_some() && !case.coaching {
                    offered.push("coach");
                }
                if !owner && case.source != CorrectiveSource::Complaint {
                    offered.push("withdraw");
                }
            }
            _ => {}
        }
    }
    if to.may::<FinishCorrectiveActions>() && owner && case.state == S::Planned && !case.coaching {
        offered.push("finish");
    }
    if to.may::<VerifyCorrectiveActions>() && !about {
        let complaint = case.source == CorrectiveSource::Complaint;
        match case.state {
            S::Done if !owner && case.done_by != Some(to.user_id) => {
                offered.extend(["verify", "send_back"]);
            }
            S::Verified if !complaint || side::of(to) == Side::Purchaser => offered.push("close"),
            _ => {}
        }
    }
    Ok(offered)
}

/// A corrective action as its page shows it to somebody who may see it.
pub(crate) async fn detail(
    desk: &Desk,
    to: &Principal,
    row: row::Model,
) -> Result<Json<CorrectiveActionDetail>> {
    let conn = desk.app.db.read();
    let named = [
        Some(row.owner_id),
        row.about_id,
        row.opened_by,
        row.done_by,
        row.verified_by,
        row.closed_by,
    ];
    let people = organization::colleagues(conn, named.into_iter().flatten()).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    Ok(Json(CorrectiveActionDetail {
        corrective: view(&row, &people),
        opened_by: person(row.opened_by),
        done_by: person(row.done_by),
        done_at: row.done_at,
        verified_by: person(row.verified_by),
        verified_at: row.verified_at,
        closed_by: person(row.closed_by),
        closed_at: row.closed_at,
        coaching: row.coaching,
        coaching_id: row.coaching_id,
        coached_at: row.coached_at,
        actions: offered(&row, to)?,
        lines: trail::lines(conn, row.id).await?,
        problem: row.problem,
        cause: row.cause,
        action: row.action,
        done_note: row.done_note,
        opinion: row.opinion,
    }))
}

/// Lists corrective actions, the newest first.
#[utoipa::path(
    get, path = "/api/v1/corrective-actions", tag = "quality", operation_id = "list_corrective_actions",
    params(ListQuery, Filter), responses((status = 200, body = Page<CorrectiveActionView>)),
)]
async fn list(
    actor: Actor<ViewCorrectiveActions>,
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<CorrectiveActionView>>> {
    let conn = desk.app.db.read();
    let page = store::list(conn, &actor, &query, &filter).await?;
    let shown = page.shown(async |rows: Vec<row::Model>| {
        let mut named = Vec::new();
        for row in &rows {
            named.push(row.owner_id);
            named.extend(row.about_id);
        }
        let people = organization::colleagues(conn, named).await?;
        Ok(rows.iter().map(|row| view(row, &people)).collect())
    });
    Ok(Json(shown.await?))
}

/// One corrective action.
#[utoipa::path(
    get, path = "/api/v1/corrective-actions/{id}", tag = "quality", operation_id = "get_corrective_action",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = CorrectiveActionDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewCorrectiveActions>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<CorrectiveActionDetail>> {
    let row = store::seen(desk.app.db.read(), &actor, id).await?;
    detail(&desk, actor.principal(), row).await
}

/// Who may answer for corrective actions.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectiveOwners {
    /// By staff number.
    pub items: Vec<Colleague>,
}

/// Who may answer for corrective actions: who can say that they are done.
#[utoipa::path(
    get, path = "/api/v1/corrective-owners", tag = "quality", operation_id = "list_corrective_owners",
    responses((status = 200, body = CorrectiveOwners)),
)]
async fn owners(
    _actor: Actor<OpenCorrectiveActions>,
    State(desk): State<Desk>,
) -> Result<Json<CorrectiveOwners>> {
    let items = who_may::<FinishCorrectiveActions>(desk.app.db.read()).await?;
    Ok(Json(CorrectiveOwners { items }))
}

/// What is to be put right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCorrectiveAction {
    /// What it came of.
    source: CorrectiveSource,
    /// The evaluation, which has to be final, the complaint or the inspection; left out by hand.
    source_id: Option<Uuid>,
    /// What is to be put right.
    title: String,
    /// What was found.
    problem: String,
    /// Who answers for it; oneself when left out.
    owner_id: Option<Uuid>,
    /// Whose work it is about; by hand only, else it is known.
    about_id: Option<Uuid>,
    /// When it is due; as agreed when left out.
    due_at: Option<DateTime<Utc>>,
}

/// Opens a corrective action.
#[utoipa::path(
    post, path = "/api/v1/corrective-actions", tag = "quality", operation_id = "open_corrective_action",
    request_body = NewCorrectiveAction,
    responses((status = 201, body = CorrectiveActionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn open(
    actor: Actor<OpenCorrectiveActions>,
    State(desk): State<Desk>,
    Json(wish): Json<NewCorrectiveAction>,
) -> Result<(StatusCode, Json<CorrectiveActionDetail>)> {
    let (app, me) = (desk.app.clone(), actor.user_id());
    let now = app.clock.now();
    let (title, problem) = (
        needed("title", &wish.title)?,
        needed("problem", &wish.problem)?,
    );
    let due_at = match wish.due_at {
        Some(due) if due <= now => {
            return Err(invalid("due_at", "date_in_past", "a day that is ahead"));
        }
        Some(due) => {
            super::steps::ahead(due, now)?;
            due
        }
        None => {
            let rule = agreed::corrective(app.db.read(), now).await?;
            let service = organization::service_calendar::load(app.db.read()).await?;
            service.deadline(&rule, now).business_due_at
        }
    };
    let unknown = || {
        invalid(
            "source_id",
            "source_unknown",
            "nothing it could have come of",
        )
    };
    let owner = wish.owner_id.unwrap_or(me);
    let origin = match (wish.source, wish.source_id) {
        (CorrectiveSource::Complaint | CorrectiveSource::Inspection, Some(id)) => {
            desk.contacts.origin(wish.source, id).await?
        }
        _ => None,
    };
    let hand = (actor.who(), side::of(actor.principal()));
    let (services, principal) = (app.clone(), actor.principal().clone());
    let work = move |tx: kernel::Tx| async move {
        let (label, about, evaluated, mut complained) = match wish.source {
            CorrectiveSource::ByHand if wish.source_id.is_none() => {
                (String::new(), wish.about_id, None, None)
            }
            CorrectiveSource::ByHand => return Err(unknown()),
            CorrectiveSource::Evaluation => {
                let id = wish.source_id.ok_or_else(unknown)?;
                let found = evaluations::get(&*tx, id).await?.ok_or_else(unknown)?;
                if !found.case()?.seen_by(me) {
                    return Err(unknown());
                }
                let (agent, complained) = (found.agent_id, found.complained_id);
                (found.number.clone(), Some(agent), Some(found), complained)
            }
            _ => {
                let origin = origin.ok_or_else(unknown)?;
                (origin.label, origin.about, None, None)
            }
        };
        // What is about himself is answered as what is not there; whom a complaint is about does not answer for it.
        if wish.source == CorrectiveSource::Complaint {
            complained = about;
        }
        if wish.source != CorrectiveSource::ByHand && [about, complained].contains(&Some(me)) {
            return Err(unknown());
        }
        if about == Some(me) || complained == Some(owner) {
            let detail = "nobody looks after what is about himself";
            return Err(invalid("owner_id", "corrective_about_oneself", detail));
        }
        let named: Vec<Uuid> = about.into_iter().chain([owner]).collect();
        let known = organization::colleagues(&*tx, named.iter().copied()).await?;
        let may_finish = may::<FinishCorrectiveActions>(&*tx, owner).await?;
        if !may_finish || named.iter().any(|id| !known.contains_key(id)) {
            let detail = "nobody who could put it right";
            return Err(invalid("owner_id", "corrective_owner_unknown", detail));
        }
        let new = New {
            source: wish.source,
            source_id: wish.source_id,
            source_label: label,
            title,
            problem,
            owner,
            about,
            complained,
            due_at,
        };
        let (who, side) = hand;
        let row = store::open(&services, &tx, &who, new).await?;
        if let Some(found) = evaluated {
            let hand = evaluations::Hand {
                app: &services,
                tx: &tx,
                who: &who,
                side,
            };
            let action = evaluation::Action::Correct;
            let told = ("corrected", Some(row.number.as_str()));
            hand.act(&found, &action, told, |after| {
                after.corrective_id = Some(row.id);
            })
            .await?;
        }
        Ok(row)
    };
    let row = app.db.write(work).await?;
    let page = detail(&desk, &principal, row).await?;
    Ok((StatusCode::CREATED, page))
}
