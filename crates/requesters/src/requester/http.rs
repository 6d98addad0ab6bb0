//! Requesters over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use kernel::http::{Json, Path, Query, ShownOnce};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::{Actor, App, audit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Requester, store};
use crate::person::claim;
use crate::person::http::{RequesterDetail, detail};
use crate::person::store as persons;
use crate::{EditRequesters, RevealRequesters, ViewRequesters};

const LONGEST_NAME: usize = 50;
const LONGEST_REASON: usize = 200;

/// A requester as lists show him.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequesterRow {
    /// Who, masked.
    #[serde(flatten)]
    pub requester: Requester,
    /// How many requesters the person has, this one included.
    pub members: i64,
}

/// Lists requesters, the last to call or write first: one for each person, and with `q` every one that it names.
#[utoipa::path(
    get, path = "/api/v1/requesters", tag = "requesters",
    params(ListQuery),
    responses((status = 200, body = Page<RequesterRow>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewRequesters>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<RequesterRow>>> {
    let conn = app.db.read();
    let page = store::list(&app, conn, actor.scope(), &query).await?;
    let persons = page.items.iter().map(|requester| requester.person_id);
    let sizes = persons::sizes(conn, persons.collect::<Vec<_>>()).await?;
    Ok(Json(page.map(|requester| RequesterRow {
        members: sizes.get(&requester.person_id).copied().unwrap_or(1),
        requester,
    })))
}

/// One requester with the person behind it, masked.
#[utoipa::path(
    get, path = "/api/v1/requesters/{id}", tag = "requesters",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RequesterDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<RequesterDetail>> {
    let conn = app.db.read();
    Ok(Json(detail(&app, conn, actor.scope(), id).await?))
}

/// What may be written about a requester.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameRequest {
    /// The version that was read.
    version: i64,
    /// The name the requester gave, at most 50 characters.
    name: String,
}

/// Writes down the name the requester gave.
#[utoipa::path(
    patch, path = "/api/v1/requesters/{id}", tag = "requesters",
    params(("id" = Uuid, Path)),
    request_body = RenameRequest,
    responses((status = 200, body = Requester), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn rename(
    actor: Actor<EditRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<RenameRequest>,
) -> Result<Json<Requester>> {
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(invalid("name", "bad_name", "a name has 1 to 50 characters"));
    }
    let db = app.db.clone();
    let renamed = db
        .write(move |tx| async move {
            let before = store::get(&*tx, actor.scope(), id).await?;
            store::rename(&*tx, id, request.version, &name).await?;
            let details = json!({
                "before": before.name.map(|name| audit::digest(app.key.bytes(), &name)),
                "after": audit::digest(app.key.bytes(), &name),
            });
            audit::record(
                &app,
                &*tx,
                &actor.who(),
                "requester.renamed",
                "requester",
                id,
                details,
            )
            .await?;
            store::get(&*tx, actor.scope(), id).await
        })
        .await?;
    Ok(Json(renamed.into()))
}

/// The value to be read in the clear.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevealField {
    /// The number.
    Phone,
    /// The name.
    Name,
    /// What a writer says is his.
    Claim,
}

/// What is to be read, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevealRequest {
    /// The value.
    field: RevealField,
    /// Which claim.
    claim_id: Option<Uuid>,
    /// Why it is needed, 2 to 200 characters; it stands in the audit trail.
    reason: String,
}

/// A value in the clear.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revealed {
    /// The value asked for.
    field: RevealField,
    /// As it is stored.
    value: String,
}

/// Shows one personal value in the clear (明文查看) and writes down who asked and why.
#[utoipa::path(
    post, path = "/api/v1/requesters/{id}/reveal", tag = "requesters",
    params(("id" = Uuid, Path)),
    request_body = RevealRequest,
    responses((status = 200, body = Revealed), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn reveal(
    actor: Actor<RevealRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<RevealRequest>,
) -> Result<impl IntoResponse> {
    let reason = request.reason.trim().to_owned();
    if !(2..=LONGEST_REASON).contains(&reason.chars().count()) {
        return Err(invalid(
            "reason",
            "reason_needed",
            "say why in 2 to 200 characters",
        ));
    }
    let db = app.db.clone();
    let field = request.field;
    // The trail is written before the value leaves: a reveal that cannot be recorded does not happen.
    let value = db
        .write(move |tx| async move {
            let row = store::get(&*tx, actor.scope(), id).await?;
            let value = match field {
                RevealField::Phone => row.phone,
                RevealField::Name => row.name,
                RevealField::Claim => claim::clear(&app, &*tx, id, request.claim_id).await?,
            };
            let value =
                value.ok_or_else(|| refused("nothing_to_reveal", "this value is not known"))?;
            let details =
                json!({ "field": field, "reason": reason, "digest": audit::digest(app.key.bytes(), &value) });
            audit::record(
                &app,
                &*tx,
                &actor.who(),
                "requester.revealed",
                "requester",
                id,
                details,
            )
            .await?;
            Ok(value)
        })
        .await?;
    Ok(ShownOnce(StatusCode::OK, Revealed { field, value }))
}
