//! The list over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::needed;
use kernel::{Actor, App, Audience, Permission as _, Phone, Principal, versioned};
use organization::Colleague;
use requesters::NumberKind;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::State as Standing;
use super::store::{self, DoNotCallFilter, permit, row};
use crate::outbound::callback::store::hash_of;
use crate::outbound::{DecideDoNotCall, EnterDoNotCall, Outbound, ViewDoNotCall};

/// How long a permit is good.
const PERMIT_LASTS: TimeDelta = TimeDelta::hours(24);

pub(crate) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, enter))
        .routes(routes!(get))
        .routes(routes!(lift))
        .routes(routes!(permit_call))
        .with_state(outbound.clone())
}

/// Somebody who does not want to be called.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoNotCallEntry {
    /// Identifies it.
    pub id: Uuid,
    /// The number, masked.
    pub number: String,
    /// The requester it belongs to, where he is known.
    pub requester_id: Option<Uuid>,
    /// Why.
    pub reason: String,
    /// Who entered him.
    pub entered_by: Option<Colleague>,
    /// When.
    pub entered_at: DateTime<Utc>,
    /// Until when; null for good.
    pub until: Option<DateTime<Utc>>,
    /// `in_force` or `lifted`.
    pub state: String,
    /// It keeps calls away now.
    pub in_force: bool,
    /// Who struck him off.
    pub lifted_by: Option<Colleague>,
    /// When.
    pub lifted_at: Option<DateTime<Utc>>,
    /// Why.
    pub lifted_for: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

/// A call that a lead permitted all the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoNotCallPermit {
    /// Identifies it.
    pub id: Uuid,
    /// Who may call.
    pub agent: Option<Colleague>,
    /// The ticket it is about.
    pub ticket_id: Uuid,
    /// Why.
    pub reason: String,
    /// Who permitted it.
    pub given_by: Option<Colleague>,
    /// When.
    pub given_at: DateTime<Utc>,
    /// Until when the call may be placed.
    pub until: DateTime<Utc>,
    /// When it was placed.
    pub used_at: Option<DateTime<Utc>>,
}

/// An entry with its permits.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoNotCallDetail {
    /// What lists show.
    #[serde(flatten)]
    pub entry: DoNotCallEntry,
    /// The permits, the last first.
    pub permits: Vec<DoNotCallPermit>,
}

async fn views(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    rows: Vec<row::Model>,
) -> Result<Vec<DoNotCallEntry>> {
    let who: Vec<Uuid> = rows
        .iter()
        .flat_map(|row| [Some(row.entered_by), row.lifted_by])
        .flatten()
        .collect();
    let people = organization::colleagues(conn, who).await?;
    let one = |id: Option<Uuid>| people.get(&id?).cloned();
    let views = rows.into_iter().map(|row| DoNotCallEntry {
        in_force: row.state == Standing::InForce.as_str()
            && row.until_at.is_none_or(|until| until > now),
        entered_by: one(Some(row.entered_by)),
        lifted_by: one(row.lifted_by),
        id: row.id,
        number: row.number,
        requester_id: row.requester_id,
        reason: row.reason,
        entered_at: row.entered_at,
        until: row.until_at,
        state: row.state,
        lifted_at: row.lifted_at,
        lifted_for: row.lifted_for,
        version: row.version,
    });
    Ok(views.collect())
}

async fn detail(app: &App, row: row::Model) -> Result<DoNotCallDetail> {
    let (conn, id) = (app.db.read(), row.id);
    let entry = views(conn, app.clock.now(), vec![row]).await?.pop();
    let entry = entry.ok_or_else(|| internal("an entry has no view"))?;
    let permits = store::permits_of(conn, id).await?;
    let who: Vec<Uuid> = permits
        .iter()
        .flat_map(|permit| [permit.agent_id, permit.given_by])
        .collect();
    let people = organization::colleagues(conn, who).await?;
    let permits = permits.into_iter().map(|permit| DoNotCallPermit {
        id: permit.id,
        agent: people.get(&permit.agent_id).cloned(),
        ticket_id: permit.ticket_id,
        reason: permit.reason,
        given_by: people.get(&permit.given_by).cloned(),
        given_at: permit.given_at,
        until: permit.until_at,
        used_at: permit.used_at,
    });
    Ok(DoNotCallDetail {
        entry,
        permits: permits.collect(),
    })
}

/// Lists who does not want to be called, entered last first; `q` is a whole number.
#[utoipa::path(
    get, path = "/api/v1/do-not-call", tag = "do-not-call", operation_id = "list_do_not_call",
    params(ListQuery, DoNotCallFilter),
    responses((status = 200, body = Page<DoNotCallEntry>)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewDoNotCall>,
    State(outbound): State<Outbound>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<DoNotCallFilter>,
) -> Result<Json<Page<DoNotCallEntry>>> {
    let (app, conn) = (outbound.app(), outbound.app().db.read());
    let page = store::list(app, conn, (&query, &filter)).await?;
    let shown = page.shown(async |rows| views(conn, app.clock.now(), rows).await);
    Ok(Json(shown.await?))
}

/// One entry, with the calls that were permitted all the same.
#[utoipa::path(
    get, path = "/api/v1/do-not-call/{id}", tag = "do-not-call", operation_id = "get_do_not_call",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DoNotCallDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    _actor: Actor<ViewDoNotCall>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Json<DoNotCallDetail>> {
    let row = store::get(outbound.app().db.read(), id).await?;
    Ok(Json(detail(outbound.app(), row).await?))
}

/// Somebody to be entered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDoNotCall {
    /// The number; that of the requester when left out.
    number: Option<String>,
    /// The requester who asked for it.
    requester_id: Option<Uuid>,
    /// Why: the requester's wish in his words.
    reason: String,
    /// Until when; for good when left out.
    until: Option<DateTime<Utc>>,
}

/// Enters somebody who does not want to be called. 409 `do_not_call_known` for who stands on the list already.
#[utoipa::path(
    post, path = "/api/v1/do-not-call", tag = "do-not-call", operation_id = "enter_do_not_call",
    request_body = NewDoNotCall,
    responses((status = 201, body = DoNotCallDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn enter(
    actor: Actor<EnterDoNotCall>,
    State(outbound): State<Outbound>,
    Json(new): Json<NewDoNotCall>,
) -> Result<(StatusCode, Json<DoNotCallDetail>)> {
    let app = outbound.app().clone();
    let (now, conn) = (app.clock.now(), app.db.read());
    let reason = needed("reason", &new.reason)?;
    if new.until.is_some_and(|until| until <= now) {
        return Err(invalid("until", "date_in_past", "it would be over already"));
    }
    let known = match (&new.number, new.requester_id) {
        (_, Some(id)) => requesters::find(conn, id).await?,
        (Some(number), None) => requesters::by_number(&app, conn, number).await?,
        (None, None) => None,
    };
    let of_requester = || {
        let phone = known.as_ref().and_then(|known| known.phone.as_ref());
        phone.map(|phone| phone.reveal().to_owned())
    };
    let number = new.number.clone().or_else(of_requester);
    let number = number.as_deref().and_then(requesters::normalise);
    let number = number
        .filter(|number| !matches!(number.kind, NumberKind::Other | NumberKind::Withheld))
        .ok_or_else(|| invalid("number", "number_invalid", "no number that can be called"))?;
    let hash = hash_of(&app, &number.text);
    let row = row::Model {
        id: app.ids.next(),
        number: Phone::new(number.text).masked(),
        number_hash: hash.clone(),
        requester_id: known.map(|known| known.id),
        reason,
        entered_by: actor.user_id(),
        entered_at: now,
        until_at: new.until,
        state: Standing::InForce.as_str().to_owned(),
        lifted_by: None,
        lifted_at: None,
        lifted_for: None,
        updated_at: now,
        version: 1,
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(async move |tx| {
            // Two who enter the same number at once wait for each other.
            kernel::numbers::next_many(&*tx, format!("do_not_call:{hash}"), 1).await?;
            if let Some(known) = store::holding(&*tx, now, &hash).await?.first() {
                let detail = "this number stands on the list already";
                return Err(
                    refused("do_not_call_known", detail).with("entry_id", known.id.to_string())
                );
            }
            versioned::insert(&*tx, &row).await?;
            let facts = json!({ "until": row.until_at, "requester_id": row.requester_id });
            audit::record(
                &app,
                &*tx,
                &who,
                "do_not_call.entered",
                "do_not_call",
                row.id,
                facts,
            )
            .await?;
            tell(&app, &tx, row.id);
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&done, row).await?)))
}

fn tell(app: &App, tx: &kernel::Tx, id: Uuid) {
    let audience = Audience::Permission(ViewDoNotCall::CODE);
    app.live
        .publish_after(tx, audience, "do_not_call", json!({ "id": id }));
}

/// Why somebody is struck off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiftDoNotCall {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Strikes somebody off the list.
#[utoipa::path(
    post, path = "/api/v1/do-not-call/{id}/lift", tag = "do-not-call", operation_id = "lift_do_not_call",
    params(("id" = Uuid, Path)),
    request_body = LiftDoNotCall,
    responses((status = 200, body = DoNotCallDetail), (status = 409, body = Problem)),
)]
pub(crate) async fn lift(
    actor: Actor<DecideDoNotCall>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<LiftDoNotCall>,
) -> Result<Json<DoNotCallDetail>> {
    let reason = needed("reason", &asked.reason)?;
    let app = outbound.app().clone();
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(async move |tx| {
            let before = versioned::as_read(store::get(&*tx, id).await?, asked.version)?;
            if before.state != Standing::InForce.as_str() {
                let detail = "this entry was lifted before";
                return Err(refused("do_not_call_lifted", detail));
            }
            let after = row::Model {
                state: Standing::Lifted.as_str().to_owned(),
                lifted_by: who.user_id,
                lifted_at: Some(app.clock.now()),
                lifted_for: Some(reason),
                ..before.clone()
            };
            let after = versioned::save(&app, &*tx, &before, after).await?;
            audit::record(
                &app,
                &*tx,
                &who,
                "do_not_call.lifted",
                "do_not_call",
                id,
                json!({}),
            )
            .await?;
            tell(&app, &tx, id);
            Ok(after)
        })
        .await?;
    Ok(Json(detail(&done, row).await?))
}

/// One call that is permitted all the same.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPermit {
    /// Who may call.
    agent_id: Uuid,
    /// The ticket it is about.
    ticket_id: Uuid,
    /// Why.
    reason: String,
}

/// Permits one agent one call about a ticket (purpose `case_work`) within 24 hours.
#[utoipa::path(
    post, path = "/api/v1/do-not-call/{id}/permits", tag = "do-not-call", operation_id = "permit_do_not_call",
    params(("id" = Uuid, Path)),
    request_body = NewPermit,
    responses((status = 201, body = DoNotCallDetail), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn permit_call(
    actor: Actor<DecideDoNotCall>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewPermit>,
) -> Result<(StatusCode, Json<DoNotCallDetail>)> {
    let reason = needed("reason", &new.reason)?;
    let principal: &Principal = actor.principal();
    outbound.house()?.ticket(principal, new.ticket_id).await?;
    let app = outbound.app().clone();
    let (db, done, who, by) = (app.db.clone(), app.clone(), actor.who(), actor.user_id());
    let row = db
        .write(async move |tx| {
            let entry = store::get(&*tx, id).await?;
            let now = app.clock.now();
            let given = permit::Model {
                id: app.ids.next(),
                entry_id: id,
                agent_id: new.agent_id,
                ticket_id: new.ticket_id,
                reason: reason.clone(),
                given_by: by,
                given_at: now,
                until_at: now + PERMIT_LASTS,
                used_at: None,
                used_by: None,
            };
            let facts = json!({
                "agent_id": given.agent_id, "ticket_id": given.ticket_id, "reason": reason, "permit_id": given.id,
            });
            permit::Entity::insert(given.into_active_model())
                .exec_without_returning(&*tx)
                .await?;
            audit::record(&app, &*tx, &who, "do_not_call.permitted", "do_not_call", id, facts)
                .await?;
            tell(&app, &tx, id);
            Ok(entry)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(detail(&done, row).await?)))
}
