//! Lists over HTTP.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit;
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::must_be_name;
use kernel::{Actor, Role, versioned};
use organization::Colleague;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::form::{self, Question};
use super::store::{self, FollowUpFilter, item_row, list, owner};
use crate::outbound::{ManageFollowUps, Outbound, ViewFollowUps, rules};

/// Agents who call for one list.
const MOST_OWNERS: usize = 50;

pub(super) fn routes(outbound: &Outbound) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(lists, make))
        .routes(routes!(get, change))
        .routes(routes!(close))
        .with_state(outbound.clone())
}

/// A list of follow-ups.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUpList {
    /// Identifies it.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The code of the purpose its calls have.
    pub purpose: String,
    /// The script that is said: `article@version`.
    pub script: Option<String>,
    /// Its title.
    pub script_title: Option<String>,
    /// What is asked.
    pub questions: Vec<Question>,
    /// `open` or `closed`.
    pub state: String,
    /// Its items are called.
    pub open: bool,
    /// Who calls, in the order in which items are given out; nobody: who takes the next one.
    pub owners: Vec<Colleague>,
    /// How many items there are.
    pub items: i64,
    /// How many of them are over.
    pub done: i64,
    /// How many were reached.
    pub reached: i64,
    /// Who made it.
    pub made_by: Option<Colleague>,
    /// When.
    pub made_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
}

#[derive(FromQueryResult)]
struct ByState {
    list_id: Uuid,
    state: String,
    many: i64,
}

pub(super) async fn views(
    conn: &impl ConnectionTrait,
    rows: Vec<list::Model>,
) -> Result<Vec<FollowUpList>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let owners = store::owners(conn, ids.clone()).await?;
    let who: Vec<Uuid> = owners
        .values()
        .flatten()
        .copied()
        .chain(rows.iter().map(|row| row.made_by))
        .collect();
    let people = organization::colleagues(conn, who).await?;
    let counts = item_row::Entity::find()
        .select_only()
        .column(item_row::Column::ListId)
        .column(item_row::Column::State)
        .column_as(item_row::Column::Id.count(), "many")
        .filter(item_row::Column::ListId.is_in(ids))
        .group_by(item_row::Column::ListId)
        .group_by(item_row::Column::State)
        .into_model::<ByState>()
        .all(conn)
        .await?;
    let mut by_list: HashMap<Uuid, (i64, i64, i64)> = HashMap::new();
    for count in counts {
        let (all, done, reached) = by_list.entry(count.list_id).or_default();
        *all += count.many;
        if !matches!(count.state.as_str(), "waiting" | "calling") {
            *done += count.many;
        }
        if count.state == "reached" {
            *reached += count.many;
        }
    }
    rows.into_iter()
        .map(|row| {
            let (items, done, reached) = by_list.get(&row.id).copied().unwrap_or_default();
            let agents = owners.get(&row.id).into_iter().flatten();
            Ok(FollowUpList {
                questions: row.form()?,
                owners: agents.filter_map(|id| people.get(id).cloned()).collect(),
                made_by: people.get(&row.made_by).cloned(),
                items,
                done,
                reached,
                id: row.id,
                name: row.name,
                purpose: row.purpose,
                script: row.script,
                script_title: row.script_title,
                state: row.state,
                open: row.open,
                made_at: row.made_at,
                closed_at: row.closed_at,
                version: row.version,
            })
        })
        .collect()
}

pub(super) async fn view(outbound: &Outbound, row: list::Model) -> Result<FollowUpList> {
    let view = views(outbound.app().db.read(), vec![row]).await?.pop();
    view.ok_or_else(|| internal("a list has no view"))
}

/// Lists the lists, made last first.
#[utoipa::path(
    get, path = "/api/v1/follow-up-lists", tag = "follow-ups", operation_id = "list_follow_up_lists",
    params(ListQuery, FollowUpFilter),
    responses((status = 200, body = Page<FollowUpList>)),
)]
pub(crate) async fn lists(
    actor: Actor<ViewFollowUps>,
    State(outbound): State<Outbound>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<FollowUpFilter>,
) -> Result<Json<Page<FollowUpList>>> {
    let conn = outbound.app().db.read();
    let page = store::lists(conn, actor.scope(), (&query, &filter)).await?;
    let shown = page.shown(async |rows| views(conn, rows).await);
    Ok(Json(shown.await?))
}

/// One list with its progress.
#[utoipa::path(
    get, path = "/api/v1/follow-up-lists/{id}", tag = "follow-ups", operation_id = "get_follow_up_list",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = FollowUpList), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    actor: Actor<ViewFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
) -> Result<Json<FollowUpList>> {
    let row = store::get(outbound.app().db.read(), actor.scope(), id).await?;
    Ok(Json(view(&outbound, row).await?))
}

/// A list to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFollowUpList {
    /// 1 to 60 characters.
    name: String,
    /// The code of a purpose whose calls are about items; `follow_up` when left out.
    purpose: Option<String>,
    /// The script that is said: `article@version`.
    script: Option<String>,
    /// What is asked.
    #[serde(default)]
    questions: Vec<Question>,
    /// Who calls.
    #[serde(default)]
    owners: Vec<Uuid>,
}

/// Agents, each once.
async fn agents(conn: &impl ConnectionTrait, owners: &[Uuid]) -> Result<Vec<Uuid>> {
    if owners.len() > MOST_OWNERS {
        return Err(invalid("owners", "too_many_owners", "at most 50 agents"));
    }
    let known = organization::colleagues::holders(conn, Role::Agent).await?;
    let mut kept = Vec::new();
    for owner in owners {
        if !known.iter().any(|agent| agent.id == *owner) {
            return Err(invalid("owners", "not_an_agent", "only agents call"));
        }
        if !kept.contains(owner) {
            kept.push(*owner);
        }
    }
    Ok(kept)
}

async fn put_owners(tx: &kernel::Tx, list: Uuid, owners: &[Uuid]) -> Result<()> {
    owner::Entity::delete_many()
        .filter(owner::Column::ListId.eq(list))
        .exec(&**tx)
        .await?;
    for (place, agent) in (0..).zip(owners) {
        let row = owner::ActiveModel {
            list_id: Set(list),
            agent_id: Set(*agent),
            place: Set(place),
        };
        owner::Entity::insert(row)
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Makes a list without items.
#[utoipa::path(
    post, path = "/api/v1/follow-up-lists", tag = "follow-ups", operation_id = "make_follow_up_list",
    request_body = NewFollowUpList,
    responses((status = 201, body = FollowUpList), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn make(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Json(new): Json<NewFollowUpList>,
) -> Result<(StatusCode, Json<FollowUpList>)> {
    let app = outbound.app().clone();
    let (conn, now) = (app.db.read(), app.clock.now());
    must_be_name("name", &new.name)?;
    form::check(&new.questions)?;
    let purpose = new.purpose.unwrap_or_else(|| "follow_up".to_owned());
    let known = rules::purpose(conn, &purpose, now).await?;
    let fits = |purpose: &rules::OutboundPurpose| {
        matches!(
            purpose.link,
            rules::PurposeLink::Item | rules::PurposeLink::Any
        )
    };
    if !known.as_ref().is_some_and(fits) {
        let detail = "no purpose whose calls are about items of a list";
        return Err(invalid("purpose", "purpose_invalid", detail));
    }
    let owners = agents(conn, &new.owners).await?;
    let script = new.script.filter(|script| !script.trim().is_empty());
    let script_title = match &script {
        Some(script) => Some(outbound.house()?.script(script).await?),
        None => None,
    };
    let row = list::Model {
        id: app.ids.next(),
        name: new.name,
        purpose,
        script,
        script_title,
        questions: json!(new.questions),
        state: "open".to_owned(),
        open: true,
        items: 0,
        made_by: actor.user_id(),
        made_at: now,
        closed_at: None,
        updated_at: now,
        version: 1,
    };
    let who = actor.who();
    let row = app
        .db
        .clone()
        .write(async move |tx| {
            versioned::insert(&*tx, &row).await?;
            put_owners(&tx, row.id, &owners).await?;
            let facts = json!({ "name": row.name, "purpose": row.purpose, "owners": owners });
            audit::record(
                &app,
                &*tx,
                &who,
                "follow_up.made",
                "follow_up_list",
                row.id,
                facts,
            )
            .await?;
            Ok(row)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view(&outbound, row).await?)))
}

/// What is changed of a list; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeFollowUpList {
    /// The version that was read.
    version: i64,
    /// 1 to 60 characters.
    name: Option<String>,
    /// Who calls; items that nobody was called for yet are given out anew.
    owners: Option<Vec<Uuid>>,
}

/// Changes name and agents of a list.
#[utoipa::path(
    put, path = "/api/v1/follow-up-lists/{id}", tag = "follow-ups", operation_id = "change_follow_up_list",
    params(("id" = Uuid, Path)),
    request_body = ChangeFollowUpList,
    responses((status = 200, body = FollowUpList), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn change(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<ChangeFollowUpList>,
) -> Result<Json<FollowUpList>> {
    let app = outbound.app().clone();
    if let Some(name) = &asked.name {
        must_be_name("name", name)?;
    }
    let owners = match &asked.owners {
        Some(owners) => Some(agents(app.db.read(), owners).await?),
        None => None,
    };
    let (who, scope) = (actor.who(), actor.scope().clone());
    let row = app
        .db
        .clone()
        .write(async move |tx| {
            let before = versioned::as_read(store::get(&*tx, &scope, id).await?, asked.version)?;
            must_be_open(&before)?;
            let mut after = before.clone();
            if let Some(name) = asked.name {
                after.name = name;
            }
            if let Some(owners) = &owners {
                put_owners(&tx, id, owners).await?;
                give_out(&tx, id, owners).await?;
            }
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let facts = json!({ "name": after.name, "owners": owners });
            audit::record(
                &app,
                &*tx,
                &who,
                "follow_up.changed",
                "follow_up_list",
                id,
                facts,
            )
            .await?;
            Ok(after)
        })
        .await?;
    Ok(Json(view(&outbound, row).await?))
}

/// Gives the items that nobody was called for to these agents in turn.
async fn give_out(tx: &kernel::Tx, list: Uuid, owners: &[Uuid]) -> Result<()> {
    use item_row::Column as I;
    let fresh = item_row::Entity::find()
        .select_only()
        .columns([I::Id, I::Seq])
        .filter(I::ListId.eq(list))
        .filter(I::State.eq("waiting"))
        .filter(I::Attempts.eq(0))
        .into_tuple::<(Uuid, i32)>()
        .all(&**tx)
        .await?;
    let mut given: HashMap<Option<Uuid>, Vec<Uuid>> = HashMap::new();
    for (item, seq) in fresh {
        let place = usize::try_from(seq).unwrap_or_default();
        let agent = place
            .checked_rem(owners.len())
            .and_then(|place| owners.get(place).copied());
        given.entry(agent).or_default().push(item);
    }
    for (agent, items) in given {
        for some in items.chunks(500) {
            item_row::Entity::update_many()
                .col_expr(I::OwnerId, Expr::value(agent))
                .filter(I::Id.is_in(some.iter().copied()))
                .exec(&**tx)
                .await?;
        }
    }
    Ok(())
}

/// 409 for a list that is closed.
pub(super) fn must_be_open(list: &list::Model) -> Result<()> {
    if list.open {
        return Ok(());
    }
    Err(refused("follow_up_list_closed", "this list is closed").with_way_out("make a new one"))
}

/// The version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseFollowUpList {
    /// The version that was read.
    version: i64,
}

/// Closes a list: nobody is called for it any more; what was told stays.
#[utoipa::path(
    post, path = "/api/v1/follow-up-lists/{id}/close", tag = "follow-ups", operation_id = "close_follow_up_list",
    params(("id" = Uuid, Path)),
    request_body = CloseFollowUpList,
    responses((status = 200, body = FollowUpList), (status = 409, body = Problem)),
)]
pub(crate) async fn close(
    actor: Actor<ManageFollowUps>,
    State(outbound): State<Outbound>,
    Path(id): Path<Uuid>,
    Json(asked): Json<CloseFollowUpList>,
) -> Result<Json<FollowUpList>> {
    let app = outbound.app().clone();
    let (who, scope) = (actor.who(), actor.scope().clone());
    let row = app
        .db
        .clone()
        .write(async move |tx| {
            let before = versioned::as_read(store::get(&*tx, &scope, id).await?, asked.version)?;
            must_be_open(&before)?;
            let after = list::Model {
                state: "closed".to_owned(),
                open: false,
                closed_at: Some(app.clock.now()),
                ..before.clone()
            };
            let after = versioned::save(&app, &*tx, &before, after).await?;
            audit::record(
                &app,
                &*tx,
                &who,
                "follow_up.closed",
                "follow_up_list",
                id,
                json!({}),
            )
            .await?;
            Ok(after)
        })
        .await?;
    Ok(Json(view(&outbound, row).await?))
}
