//! Evaluations over HTTP: lists, one of them, one drawn by hand.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::Actor;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::needed;
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, DrawnBy, Filter};
use super::view::{self, EvaluationDetail, EvaluationView};
use crate::Desk;
use crate::rights::{DrawSamples, ReleaseEvaluations, ScoreEvaluations, ViewEvaluations, who_may};
use crate::sampling::{Origin, WorkKind};

/// The routes of evaluations.
pub(crate) fn routes(desk: &Desk) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, pick))
        .routes(routes!(show))
        .routes(routes!(reviewers))
        .with_state(desk.clone())
}

/// Lists evaluations, those drawn last first; an agent sees his own that are released.
#[utoipa::path(
    get, path = "/api/v1/evaluations", tag = "quality", operation_id = "list_evaluations",
    params(ListQuery, Filter), responses((status = 200, body = Page<EvaluationView>)),
)]
async fn list(
    actor: Actor<ViewEvaluations>,
    State(desk): State<Desk>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<EvaluationView>>> {
    let conn = desk.app.db.read();
    let page = store::list(conn, &actor, &query, &filter).await?;
    let to = actor.principal();
    let shown = page.shown(async |rows| view::views(conn, to, rows).await);
    Ok(Json(shown.await?))
}

/// One evaluation with its scores.
#[utoipa::path(
    get, path = "/api/v1/evaluations/{id}", tag = "quality", operation_id = "get_evaluation",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = EvaluationDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewEvaluations>,
    State(desk): State<Desk>,
    Path(id): Path<Uuid>,
) -> Result<Json<EvaluationDetail>> {
    let row = store::seen(desk.app.db.read(), &actor, id).await?;
    let detail = view::detail(&desk.app, actor.principal(), row).await?;
    Ok(Json(detail))
}

/// A contact that is to be evaluated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PickedSample {
    /// What it is.
    kind: WorkKind,
    /// The call, conversation or ticket; it has to be over.
    contact_id: Uuid,
    /// Why.
    reason: String,
}

/// Draws one contact by hand.
#[utoipa::path(
    post, path = "/api/v1/evaluations", tag = "quality", operation_id = "pick_sample",
    request_body = PickedSample,
    responses((status = 201, body = EvaluationDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn pick(
    actor: Actor<DrawSamples>,
    State(desk): State<Desk>,
    Json(picked): Json<PickedSample>,
) -> Result<(StatusCode, Json<EvaluationDetail>)> {
    let reason = needed("reason", &picked.reason)?;
    let contact = desk.contacts.one(picked.kind, picked.contact_id).await?;
    let oneself = actor.user_id();
    // What is about himself is answered as what is not there.
    let contact = contact.filter(|contact| {
        let about = contact.agent == oneself || contact.complained == Some(oneself);
        contact.ended_at.is_some() && !about
    });
    let unknown = || {
        invalid(
            "contact_id",
            "contact_unknown",
            "nothing that an agent ended",
        )
    };
    let contact = contact.ok_or_else(unknown)?;
    let (app, who) = (desk.app.clone(), actor.who());
    let work = move |tx: kernel::Tx| async move {
        if let Some(there) = store::of_contact(&*tx, contact.kind, contact.id).await? {
            let detail = format!("`{}` is evaluated by `{}`", contact.label, there.number);
            return Err(refused("sample_drawn", detail).with("evaluation_id", there.id.to_string()));
        }
        let mut origins = vec![Origin::ByHand];
        if contact.has_complaint {
            origins.insert(0, Origin::Complaint);
        }
        let drawn = vec![(contact, origins)];
        let by = DrawnBy {
            note: &reason,
            ..DrawnBy::default()
        };
        let mut rows = store::sample(&app, &tx, &who, by, drawn).await?;
        let row = rows.pop();
        let row = row.ok_or_else(|| kernel::problem::internal("one contact, one sample"))?;
        let hand = store::Hand {
            app: &app,
            tx: &tx,
            who: &who,
            side: kernel::Side::Supplier,
        };
        hand.tell(&row, "sampled", Some(&reason)).await?;
        Ok(row)
    };
    let row = desk.app.db.write(work).await?;
    let detail = view::detail(&desk.app, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, Json(detail)))
}

/// Who may be given evaluations.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reviewers {
    /// By staff number.
    pub items: Vec<Colleague>,
}

/// Who may be given evaluations to score.
#[utoipa::path(
    get, path = "/api/v1/evaluation-reviewers", tag = "quality", operation_id = "list_reviewers",
    responses((status = 200, body = Reviewers)),
)]
async fn reviewers(
    _actor: Actor<ReleaseEvaluations>,
    State(desk): State<Desk>,
) -> Result<Json<Reviewers>> {
    let items = who_may::<ScoreEvaluations>(desk.app.db.read()).await?;
    Ok(Json(Reviewers { items }))
}
