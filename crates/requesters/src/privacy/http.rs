//! Requests of persons over HTTP, and the proofs of what was erased.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
use kernel::text::needed;
use kernel::{Actor, App, Forgets, numbers, versioned};
use organization::{Colleague, colleagues};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::erasure::{self, row as erased};
use super::store::{self, PrivacyFilter, row};
use super::{Action, Case, RightKind, RightOutcome, RightState, inventory};
use crate::{DecidePrivacy, TakePrivacy, ViewPrivacy};

/// The services, with what every capability forgets of a person.
#[derive(Clone)]
struct Erasing {
    app: App,
    forgets: Arc<[Forgets]>,
}

/// The routes of requests.
pub(crate) fn routes(app: &App, forgets: Arc<[Forgets]>) -> OpenApiRouter {
    let erasing = Erasing {
        app: app.clone(),
        forgets,
    };
    OpenApiRouter::new()
        .routes(routes!(list, take))
        .routes(routes!(show))
        .routes(routes!(verify))
        .routes(routes!(withdraw))
        .routes(routes!(erasures))
        .with_state(app.clone())
        .merge(
            OpenApiRouter::new()
                .routes(routes!(answer))
                .with_state(erasing),
        )
        .merge(inventory::routes(app))
}

/// A request of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrivacyRequestView {
    /// Identifies it.
    pub id: Uuid,
    /// `QL-20261126-001`
    pub number: String,
    /// The requester.
    pub requester_id: Uuid,
    /// His name and number, masked; null once they are erased.
    pub requester: Option<String>,
    /// What he asks for.
    #[schema(value_type = RightKind)]
    pub kind: String,
    /// In his words.
    pub wish: String,
    /// Where it stands.
    #[schema(value_type = RightState)]
    pub state: String,
    /// It waits for an answer.
    pub open: bool,
    /// It is or was late.
    pub overdue: bool,
    /// When it has to be answered.
    pub due_at: Option<DateTime<Utc>>,
    /// How his identity was proven.
    pub proof: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// What he was told.
    pub answer: Option<String>,
    /// The proof of what was erased.
    pub erasure_id: Option<Uuid>,
    /// Who took it.
    pub taken_by: Option<Colleague>,
    /// When.
    pub taken_at: DateTime<Utc>,
    /// Who answered.
    pub answered_by: Option<Colleague>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<PrivacyRequestView>> {
    let conn = app.db.read();
    let people = rows.iter().flat_map(|row| [row.taken_by, row.answered_by]);
    let known = colleagues(conn, people.flatten().collect::<Vec<_>>()).await?;
    let ids = rows.iter().map(|row| row.requester_id).collect();
    let requesters = crate::find_many(conn, ids).await?;
    let views = rows.into_iter().map(|row| {
        let requester = requesters.iter().find(|one| one.id == row.requester_id);
        let words = requester.map(|one| {
            let name = one.name.as_ref().map(kernel::PersonName::masked);
            let phone = one.phone.as_ref().map(kernel::Phone::masked);
            [name, phone].into_iter().flatten().collect::<Vec<_>>()
        });
        let words = words.filter(|words| !words.is_empty());
        PrivacyRequestView {
            requester: words.map(|words| words.join(" ")),
            taken_by: row.taken_by.and_then(|id| known.get(&id).cloned()),
            answered_by: row.answered_by.and_then(|id| known.get(&id).cloned()),
            id: row.id,
            number: row.number,
            requester_id: row.requester_id,
            kind: row.kind,
            wish: row.wish,
            state: row.state,
            open: row.open,
            overdue: row.overdue,
            due_at: row.due_at,
            proof: row.proof,
            outcome: row.outcome,
            answer: row.answer,
            erasure_id: row.erasure_id,
            taken_at: row.taken_at,
            answered_at: row.answered_at,
            version: row.version,
        }
    });
    Ok(views.collect())
}

async fn view(app: &App, row: row::Model) -> Result<Json<PrivacyRequestView>> {
    let shown = views(app, vec![row]).await?.pop();
    shown
        .map(Json)
        .ok_or_else(|| internal("a request is shown"))
}

/// Requests of persons, the newest first.
#[utoipa::path(
    get, path = "/api/v1/privacy-requests", tag = "privacy", operation_id = "list_privacy_requests",
    params(ListQuery, PrivacyFilter), responses((status = 200, body = Page<PrivacyRequestView>)),
)]
async fn list(
    _actor: Actor<ViewPrivacy>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<PrivacyFilter>,
) -> Result<Json<Page<PrivacyRequestView>>> {
    let page = store::list(app.db.read(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// One request.
#[utoipa::path(
    get, path = "/api/v1/privacy-requests/{id}", tag = "privacy", operation_id = "get_privacy_request",
    params(("id" = Uuid, Path)), responses((status = 200, body = PrivacyRequestView), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewPrivacy>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<PrivacyRequestView>> {
    view(&app, store::get(app.db.read(), id).await?).await
}

/// What a person asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPrivacyRequest {
    /// The requester.
    requester_id: Uuid,
    /// 查阅、复制、更正 or 删除
    kind: RightKind,
    /// In his words.
    wish: String,
}

/// Takes a request of a person; its clock begins at once.
#[utoipa::path(
    post, path = "/api/v1/privacy-requests", tag = "privacy", operation_id = "take_privacy_request",
    request_body = NewPrivacyRequest,
    responses((status = 201, body = PrivacyRequestView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn take(
    actor: Actor<TakePrivacy>,
    State(app): State<App>,
    Json(new): Json<NewPrivacyRequest>,
) -> Result<(StatusCode, Json<PrivacyRequestView>)> {
    let wish = needed("wish", &new.wish)?;
    let now = app.clock.now();
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let found = crate::find(&*tx, new.requester_id).await?;
            found.ok_or_else(|| not_found("requester"))?;
            let days = inventory::days(&*tx, now).await?;
            let made = row::Model {
                id: app.ids.next(),
                number: numbers::next_of_day(&*tx, "QL-", now).await?,
                requester_id: new.requester_id,
                kind: new.kind.as_str().to_owned(),
                wish,
                state: String::new(),
                open: true,
                overdue: false,
                due_at: None,
                next_alarm_at: None,
                proof: None,
                outcome: None,
                answer: None,
                erasure_id: None,
                taken_by: who.user_id,
                taken_at: now,
                answered_by: None,
                answered_at: None,
                updated_at: now,
                version: 1,
            }
            .with_case(&Case::taken(now, days));
            versioned::insert(&*tx, &made).await?;
            store::tell(&app, &tx, &who, &made, "taken").await?;
            Ok(made)
        })
        .await?;
    Ok((StatusCode::CREATED, view(&done, row).await?))
}

/// How his identity was proven.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrivacyProof {
    /// The version that was read.
    version: i64,
    /// By which code, document or call back.
    proof: String,
}

/// Notes that who asks is who he says.
#[utoipa::path(
    post, path = "/api/v1/privacy-requests/{id}/verify", tag = "privacy", operation_id = "verify_privacy_request",
    params(("id" = Uuid, Path)), request_body = PrivacyProof,
    responses((status = 200, body = PrivacyRequestView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn verify(
    actor: Actor<TakePrivacy>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<PrivacyProof>,
) -> Result<Json<PrivacyRequestView>> {
    let proof = needed("proof", &said.proof)?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, said.version)?;
            let step = (&Action::Verify, "verified");
            store::act(&app, &tx, &who, &before, step, |after| {
                after.proof = Some(proof);
            })
            .await
        })
        .await?;
    view(&done, row).await
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrivacyWithdrawal {
    /// The version that was read.
    version: i64,
}

/// He takes it back.
#[utoipa::path(
    post, path = "/api/v1/privacy-requests/{id}/withdraw", tag = "privacy", operation_id = "withdraw_privacy_request",
    params(("id" = Uuid, Path)), request_body = PrivacyWithdrawal,
    responses((status = 200, body = PrivacyRequestView), (status = 409, body = Problem)),
)]
async fn withdraw(
    actor: Actor<TakePrivacy>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<PrivacyWithdrawal>,
) -> Result<Json<PrivacyRequestView>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, said.version)?;
            let step = (&Action::Withdraw, "withdrawn");
            store::act(&app, &tx, &who, &before, step, |_| {}).await
        })
        .await?;
    view(&done, row).await
}

/// The purchaser's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrivacyAnswer {
    /// The version that was read.
    version: i64,
    /// What came of it.
    outcome: RightOutcome,
    /// What he is told; with a refusal the reason (PIPL 50).
    answer: String,
    /// Erases now what the inventory does not keep; only of a request to delete that is granted.
    #[serde(default)]
    erase: bool,
}

/// Answers a request; a deletion that is granted is carried out here, with its proof.
#[utoipa::path(
    post, path = "/api/v1/privacy-requests/{id}/answer", tag = "privacy", operation_id = "answer_privacy_request",
    params(("id" = Uuid, Path)), request_body = PrivacyAnswer,
    responses((status = 200, body = PrivacyRequestView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn answer(
    actor: Actor<DecidePrivacy>,
    State(Erasing { app, forgets }): State<Erasing>,
    Path(id): Path<Uuid>,
    Json(said): Json<PrivacyAnswer>,
) -> Result<Json<PrivacyRequestView>> {
    let words = needed("answer", &said.answer)?;
    let outcome = said.outcome;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, said.version)?;
            let deletes = before.kind == RightKind::Delete.as_str();
            if said.erase && !(deletes && outcome != RightOutcome::Refused) {
                let detail = "only a request to delete that is granted erases";
                return Err(invalid("erase", "erasure_not_asked", detail));
            }
            // The rule first: nothing is erased of a request that may not be answered.
            let step = (&Action::Answer { outcome }, "answered");
            let now = app.clock.now();
            let me = who.user_id;
            let after = store::act(&app, &tx, &who, &before, step, |after| {
                after.outcome = Some(outcome.as_str().to_owned());
                after.answer = Some(words);
                after.answered_by = me;
                after.answered_at = Some(now);
            })
            .await?;
            if !said.erase {
                return Ok(after);
            }
            let whose = (id, after.requester_id);
            let proof = erasure::erase(&app, &tx, &who, whose, &forgets).await?;
            let mut proven = after.clone();
            proven.erasure_id = Some(proof.id);
            versioned::save(&app, &*tx, &after, proven).await
        })
        .await?;
    view(&done, row).await
}

/// What an erasure left, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeptInformation {
    /// Its code in the inventory.
    pub code: String,
    /// What it is.
    pub what: String,
    /// Why.
    pub why: String,
    /// The last day.
    pub until: NaiveDate,
}

/// The proof of an erasure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureView {
    /// Identifies it.
    pub id: Uuid,
    /// `SC-20261126-001`
    pub number: String,
    /// The request it follows.
    pub request_id: Uuid,
    /// Rows by table.
    #[schema(value_type = Object)]
    pub erased: Value,
    /// Rows in all.
    pub total: i64,
    /// Keyed digest of the values that were erased.
    pub digest: String,
    /// What was kept, with the reason and the last day.
    pub kept: Vec<KeptInformation>,
    /// Who erased.
    pub erased_by: Option<Colleague>,
    /// When.
    pub erased_at: DateTime<Utc>,
}

/// What was erased, with its proofs, the newest first.
#[utoipa::path(
    get, path = "/api/v1/privacy-erasures", tag = "privacy", operation_id = "list_privacy_erasures",
    params(ListQuery), responses((status = 200, body = Page<ErasureView>)),
)]
async fn erasures(
    _actor: Actor<ViewPrivacy>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ErasureView>>> {
    let conn = app.db.read();
    let sortable = [("erased_at", erased::Column::ErasedAt)];
    let select = erased::Entity::find();
    let page = paginate(conn, select, &query, &sortable, erased::Column::Id).await?;
    let shown = page.shown(async |rows: Vec<erased::Model>| {
        let who = rows.iter().filter_map(|row| row.erased_by);
        let known = colleagues(app.db.read(), who.collect::<Vec<_>>()).await?;
        let views = rows.into_iter().map(|row| ErasureView {
            // What an earlier program proved says nothing of what was kept.
            kept: serde_json::from_value(row.kept).unwrap_or_default(),
            erased_by: row.erased_by.and_then(|id| known.get(&id).cloned()),
            id: row.id,
            number: row.number,
            request_id: row.request_id,
            erased: row.erased,
            total: row.total,
            digest: row.digest,
            erased_at: row.erased_at,
        });
        Ok(views.collect())
    });
    Ok(Json(shown.await?))
}
