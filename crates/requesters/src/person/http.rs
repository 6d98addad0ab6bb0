//! Persons over HTTP: who belongs together, since when and why, and who may.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, Scope};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::link::{self, Line, PersonLink};
use super::store::{self, Basis};
use super::suggest::{self, PersonSuggestion};
use super::{LinkWhat, claim};
use crate::block::store::{self as blocks, BlockStanding};
use crate::identity::ExternalId;
use crate::identity::store as identities;
use crate::requester::store as requesters;
use crate::{MergeRequesters, Requester, ViewRequesters};

pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(links))
        .routes(routes!(suggestions))
        .routes(routes!(decline))
        .routes(routes!(merge))
        .routes(routes!(unmerge))
        .with_state(app.clone())
}

/// Where somebody writes from.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequesterIdentity {
    /// Identifies it.
    pub id: Uuid,
    /// The channel's code.
    pub channel: String,
    /// The platform's id of him, masked.
    pub external_id: ExternalId,
    /// The name he goes by there.
    pub nickname: Option<String>,
    /// When he first wrote.
    pub first_seen_at: DateTime<Utc>,
    /// When he last wrote.
    pub last_seen_at: DateTime<Utc>,
}

/// What somebody says is his; it proves nothing.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequesterClaim {
    /// Identifies it.
    pub id: Uuid,
    /// `phone` or `mail`.
    pub kind: String,
    /// The value, masked.
    pub value: String,
    /// When he gave it first.
    pub claimed_at: DateTime<Utc>,
}

/// One requester of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonMember {
    /// Who, masked.
    pub requester: Requester,
    /// The requester it was merged into; null for the one that the others were joined to.
    pub merged_into: Option<Uuid>,
    /// Where he writes from.
    pub identities: Vec<RequesterIdentity>,
    /// What he says is his.
    pub claims: Vec<RequesterClaim>,
}

/// A requester as his page shows him, with the person behind him.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequesterDetail {
    /// What lists show.
    #[serde(flatten)]
    pub requester: Requester,
    /// The requesters of the person, himself among them.
    pub members: Vec<PersonMember>,
    /// Blocks of the person that are asked for or in force.
    pub blocks: Vec<BlockStanding>,
}

/// Within the actor's scope: the requester with the person behind it.
pub(crate) async fn detail(
    app: &App,
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<RequesterDetail> {
    let requester = requesters::get(conn, scope, id).await?;
    let rows = store::rows_of(conn, id).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut written: HashMap<Uuid, Vec<RequesterIdentity>> = HashMap::new();
    for row in identities::of_requesters(conn, &ids).await? {
        let seen = written.entry(row.requester_id).or_default();
        seen.push(RequesterIdentity {
            id: row.id,
            channel: row.channel,
            external_id: ExternalId::new(row.external_id),
            nickname: row.nickname,
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
        });
    }
    let mut claimed: HashMap<Uuid, Vec<RequesterClaim>> = HashMap::new();
    for row in claim::of(conn, &ids).await? {
        claimed
            .entry(row.requester_id)
            .or_default()
            .push(RequesterClaim {
                id: row.id,
                kind: row.kind,
                value: row.masked,
                claimed_at: row.claimed_at,
            });
    }
    let members = rows.into_iter().map(|row| PersonMember {
        merged_into: row.merged_into,
        identities: written.remove(&row.id).unwrap_or_default(),
        claims: claimed.remove(&row.id).unwrap_or_default(),
        requester: row.into(),
    });
    Ok(RequesterDetail {
        requester: requester.into(),
        members: members.collect(),
        blocks: blocks::standing_of(conn, &ids, app.clock.now()).await?,
    })
}

/// What was joined, parted, proven and declined, the newest first.
#[utoipa::path(
    get, path = "/api/v1/requesters/{id}/links", tag = "requesters", operation_id = "list_person_links",
    params(("id" = Uuid, Path), ListQuery),
    responses((status = 200, body = Page<PersonLink>), (status = 404, body = Problem)),
)]
pub(crate) async fn links(
    actor: Actor<ViewRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PersonLink>>> {
    let conn = app.db.read();
    requesters::get(conn, actor.scope(), id).await?;
    let members = store::same_person(conn, id).await?;
    Ok(Json(link::list(conn, &members, &query).await?))
}

/// Who else the person may be.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonSuggestions {
    /// The strongest reason first, at most 20.
    pub items: Vec<PersonSuggestion>,
}

/// Who else the person may be, and what speaks for it. Nobody is joined by it.
#[utoipa::path(
    get, path = "/api/v1/requesters/{id}/suggestions", tag = "requesters", operation_id = "list_person_suggestions",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = PersonSuggestions), (status = 404, body = Problem)),
)]
pub(crate) async fn suggestions(
    actor: Actor<ViewRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<PersonSuggestions>> {
    let conn = app.db.read();
    requesters::get(conn, actor.scope(), id).await?;
    let items = suggest::of(conn, id).await?;
    Ok(Json(PersonSuggestions { items }))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkReason {
    /// 2 to 200 characters; it stands in the history.
    reason: String,
}

/// Whom the person is joined to, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonMerge {
    /// A requester of the other person.
    into: Uuid,
    /// What shows that they are one, 2 to 200 characters.
    reason: String,
}

fn reason(text: &str) -> Result<String> {
    let text = kernel::text::checked("reason", text)?;
    if (2..=200).contains(&text.chars().count()) {
        return Ok(text);
    }
    let detail = "say why in 2 to 200 characters";
    Err(invalid("reason", "reason_needed", detail))
}

/// Says that another requester is not this person: the suggestion does not come again.
#[utoipa::path(
    post, path = "/api/v1/requesters/{id}/suggestions/{other}/decline", tag = "requesters", operation_id = "decline_person_suggestion",
    params(("id" = Uuid, Path), ("other" = Uuid, Path, description = "The other requester")),
    request_body = LinkReason,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn decline(
    actor: Actor<MergeRequesters>,
    State(app): State<App>,
    Path((id, other)): Path<(Uuid, Uuid)>,
    Json(request): Json<LinkReason>,
) -> Result<StatusCode> {
    let reason = reason(&request.reason)?;
    let db = app.db.clone();
    db.write(async move |tx| {
        requesters::get(&*tx, actor.scope(), id).await?;
        requesters::get(&*tx, actor.scope(), other).await?;
        if store::same_person(&*tx, id).await?.contains(&other) {
            let one = super::Refusal::AlreadyOne;
            return Err(one.about(&format!("requester `{other}`")));
        }
        let line = Line {
            what: LinkWhat::Declined,
            from: id,
            into: other,
            proof: None,
            reason: Some(&reason),
        };
        link::note(&app, &*tx, &actor.who(), line).await?;
        store::news(&app, &tx, line);
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Joins this person to another one by decision: history and open tickets are shown together from now on.
#[utoipa::path(
    post, path = "/api/v1/requesters/{id}/merge", tag = "requesters", operation_id = "merge_person",
    params(("id" = Uuid, Path)),
    request_body = PersonMerge,
    responses((status = 200, body = RequesterDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn merge(
    actor: Actor<MergeRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<PersonMerge>,
) -> Result<Json<RequesterDetail>> {
    let reason = reason(&request.reason)?;
    let db = app.db.clone();
    let detail = db
        .write(async move |tx| {
            requesters::get(&*tx, actor.scope(), id).await?;
            requesters::get(&*tx, actor.scope(), request.into).await?;
            let (both, basis) = ((id, request.into), Basis::Decision(&reason));
            store::join(&app, &tx, &actor.who(), both, basis).await?;
            detail(&app, &*tx, actor.scope(), id).await
        })
        .await?;
    Ok(Json(detail))
}

/// Takes a merge back: this requester, with whoever had been merged into it, stands for itself again.
#[utoipa::path(
    post, path = "/api/v1/requesters/{id}/unmerge", tag = "requesters", operation_id = "unmerge_person",
    params(("id" = Uuid, Path)),
    request_body = LinkReason,
    responses((status = 200, body = RequesterDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn unmerge(
    actor: Actor<MergeRequesters>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<LinkReason>,
) -> Result<Json<RequesterDetail>> {
    let reason = reason(&request.reason)?;
    let db = app.db.clone();
    let detail = db
        .write(async move |tx| {
            requesters::get(&*tx, actor.scope(), id).await?;
            store::part(&app, &tx, &actor.who(), id, &reason).await?;
            detail(&app, &*tx, actor.scope(), id).await
        })
        .await?;
    Ok(Json(detail))
}
