//! Covers over HTTP: who is away, who stands in for him, and who sets it.

use axum::extract::State;
use chrono::NaiveDate;
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found};
use kernel::{Actor, App, Role};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Plan};
use super::{Away, Cover};
use crate::people;
use crate::rights::{ManageCovers, ViewCovers};
use crate::section::http::{AbsenceView, PostView};
use crate::section::{Absence, today};
use crate::ticket::act;

/// Covers and absences of one person.
const MOST: usize = 50;

/// The routes of covers.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put))
        .with_state(app.clone())
}

/// Who stands in for somebody now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CoveredBy {
    /// Who stands in.
    pub person: Colleague,
    /// Why the owner is not there.
    pub reason: Away,
}

/// A person who may own tickets, and who stands in for him.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnerCovers {
    /// Who.
    pub owner: Colleague,
    /// Why he is not there; null while he is.
    pub away: Option<Away>,
    /// Who stands in for him now; null while he is there, or when nobody is.
    pub covered_by: Option<CoveredBy>,
    /// Those named from today on, in the order they are asked in.
    pub covers: Vec<PostView>,
    /// His absences from today on.
    pub absences: Vec<AbsenceView>,
    /// Rises with each change; send it back with a change. 0 while nothing was set.
    pub version: i64,
}

/// Everybody who may own tickets.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllCovers {
    /// Agents, shift leads and operations managers.
    pub items: Vec<OwnerCovers>,
}

async fn owners(conn: &impl ConnectionTrait) -> Result<Vec<Colleague>> {
    let mut owners: Vec<Colleague> = Vec::new();
    for role in [Role::Agent, Role::ShiftLead, Role::OpsManager] {
        for person in organization::colleagues::holders(conn, role).await? {
            if !owners.iter().any(|known| known.id == person.id) {
                owners.push(person);
            }
        }
    }
    Ok(owners)
}

async fn views(app: &App, owners: Vec<Colleague>) -> Result<Vec<OwnerCovers>> {
    let (conn, now) = (app.db.read(), app.clock.now());
    let service = act::service_clock(conn).await?;
    let duty = store::duty(conn, now, &service).await?;
    let mut plans = store::plans(conn, today(now)).await?;
    let named = plans.values().flat_map(|plan| &plan.covers);
    let named = named
        .map(|cover| cover.user_id)
        .chain(duty.leads.iter().copied());
    let known = organization::colleagues(conn, named).await?;
    let views = owners.into_iter().map(|owner| {
        let plan = plans.remove(&owner.id).unwrap_or_default();
        OwnerCovers {
            away: duty.away(owner.id),
            covered_by: duty.cover_of(owner.id, None).and_then(|(cover, reason)| {
                let person = people::one(&known, Some(cover))?;
                Some(CoveredBy { person, reason })
            }),
            covers: plan
                .covers
                .into_iter()
                .map(|cover| PostView {
                    user_id: cover.user_id,
                    person: people::one(&known, Some(cover.user_id)),
                    deputy: cover.deputy,
                    from_day: cover.from_day,
                    to_day: cover.to_day,
                })
                .collect(),
            absences: plan.absences.into_iter().map(AbsenceView::from).collect(),
            version: plan.version,
            owner,
        }
    });
    Ok(views.collect())
}

/// Who is away, and who stands in for whom.
#[utoipa::path(get, path = "/api/v1/covers", tag = "covers", responses((status = 200, body = AllCovers)))]
pub(crate) async fn list(
    _actor: Actor<ViewCovers>,
    State(app): State<App>,
) -> Result<Json<AllCovers>> {
    let owners = owners(app.db.read()).await?;
    Ok(Json(AllCovers {
        items: views(&app, owners).await?,
    }))
}

/// Somebody to be named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CoverRequest {
    /// An agent or a shift lead.
    user_id: Uuid,
    /// After the others (B 角).
    #[serde(default)]
    deputy: bool,
    /// The first day; today when left out.
    from_day: Option<NaiveDate>,
    /// The last day; until further notice when left out.
    to_day: Option<NaiveDate>,
}

/// Days on which the owner is away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerAbsence {
    /// The first day.
    from_day: NaiveDate,
    /// The last day.
    to_day: NaiveDate,
}

/// Who stands in for an owner from today on, all of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CoverPlan {
    /// The version that was read; 0 when nothing was set yet.
    version: i64,
    /// Who stands in.
    covers: Vec<CoverRequest>,
    /// When the owner is away.
    #[serde(default)]
    absences: Vec<OwnerAbsence>,
}

/// Sets who stands in for an owner, and when he is away.
#[utoipa::path(
    put, path = "/api/v1/covers/{owner_id}", tag = "covers",
    params(("owner_id" = Uuid, Path)),
    request_body = CoverPlan,
    responses((status = 200, body = OwnerCovers), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn put(
    actor: Actor<ManageCovers>,
    State(app): State<App>,
    Path(owner_id): Path<Uuid>,
    Json(request): Json<CoverPlan>,
) -> Result<Json<OwnerCovers>> {
    let today = today(app.clock.now());
    if request.covers.len() > MOST || request.absences.len() > MOST {
        return Err(invalid(
            "covers",
            "too_many_covers",
            "at most 50 covers and absences of one person",
        ));
    }
    let covers = request.covers.into_iter().map(|cover| Cover {
        owner_id,
        user_id: cover.user_id,
        deputy: cover.deputy,
        from_day: cover.from_day.unwrap_or(today),
        to_day: cover.to_day,
    });
    let absences = request.absences.into_iter().map(|away| Absence {
        user_id: owner_id,
        from_day: away.from_day,
        to_day: away.to_day,
    });
    let plan = Plan {
        version: request.version,
        covers: covers.collect(),
        absences: absences.collect(),
    };
    check(&plan, owner_id, today)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let owner = db
        .write(move |tx| async move {
            let owners = owners(&*tx).await?;
            let owner = owners.iter().find(|person| person.id == owner_id).cloned();
            let owner = owner.ok_or_else(|| not_found("owner of tickets"))?;
            for cover in &plan.covers {
                if !owners.iter().any(|person| person.id == cover.user_id) {
                    return Err(invalid(
                        "covers",
                        "not_an_agent",
                        "only who may own tickets can stand in for somebody",
                    ));
                }
            }
            store::put(&app, &tx, &who, owner_id, plan).await?;
            Ok(owner)
        })
        .await?;
    let shown = views(&done, vec![owner]).await?.pop();
    shown.map(Json).ok_or_else(|| not_found("owner of tickets"))
}

fn check(plan: &Plan, owner: Uuid, today: NaiveDate) -> Result<()> {
    for cover in &plan.covers {
        if cover.user_id == owner {
            let detail = "nobody stands in for himself";
            return Err(invalid("covers", "cover_is_owner", detail));
        }
        if cover.to_day.is_some_and(|to| to < cover.from_day) {
            return Err(backwards("covers"));
        }
    }
    if plan.absences.iter().any(|away| away.to_day < away.from_day) {
        return Err(backwards("absences"));
    }
    let over = plan.covers.iter().filter_map(|cover| cover.to_day);
    let over = over.chain(plan.absences.iter().map(|away| away.to_day));
    if over.into_iter().any(|last| last < today) {
        let detail = "what is over by today is not set any more";
        return Err(invalid("covers", "days_over", detail));
    }
    Ok(())
}

fn backwards(field: &'static str) -> Problem {
    invalid(field, "days_backwards", "to_day is before from_day")
}
