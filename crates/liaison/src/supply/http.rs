//! Supplies and equipment over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, must_be_code, must_be_name};
use kernel::versioned;
use kernel::{Actor, App, Principal};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Move, move_row, row};
use super::{LARGEST, SupplyKind, SupplyMoveKind};
use crate::rights::{ManageSupplies, ViewLiaisonTodo, ViewSupplies};

/// The routes of supplies.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show))
        .routes(routes!(carry))
        .routes(routes!(sign))
        .with_state(app.clone())
}

/// A kind of thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplyView {
    /// Identifies it.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// 个、包、台
    pub unit: String,
    /// `consumable` or `equipment`.
    pub kind: String,
    /// How much there is.
    pub stock: i64,
    /// More is to be bought at this much.
    pub low_at: i64,
    /// There is no more than that.
    pub low: bool,
    /// Rises with each change.
    pub version: i64,
}

/// What happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplyMoveView {
    /// Identifies it.
    pub id: Uuid,
    /// `receive`, `issue`, `return` or `write_off`.
    pub kind: String,
    /// How much.
    pub quantity: i64,
    /// How much there was after it.
    pub stock_after: i64,
    /// Who was given it, or brought it back.
    pub user: Option<Colleague>,
    /// For which seat.
    pub seat: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// Who noted it.
    pub by: Option<Colleague>,
    /// When.
    pub at: DateTime<Utc>,
    /// When who was given it signed for it with his own account.
    pub signed_at: Option<DateTime<Utc>>,
}

/// Everything there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplyList {
    /// By code, at most 500.
    pub items: Vec<SupplyView>,
    /// How many are to be bought.
    pub low: u64,
    /// What who looks was given and has not signed for.
    pub to_sign: Vec<SupplyMoveView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

/// A kind of thing with its ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplyDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub supply: SupplyView,
    /// The ledger, the newest first, at most 500.
    pub moves: Vec<SupplyMoveView>,
}

fn view(row: row::Model) -> SupplyView {
    SupplyView {
        low: row.stock <= row.low_at,
        id: row.id,
        code: row.code,
        name: row.name,
        unit: row.unit,
        kind: row.kind,
        stock: row.stock,
        low_at: row.low_at,
        version: row.version,
    }
}

async fn moves(app: &App, rows: Vec<move_row::Model>) -> Result<Vec<SupplyMoveView>> {
    let people = rows.iter().flat_map(|row| [row.user_id, row.by_id]);
    let people: Vec<Uuid> = people.flatten().collect();
    let people = organization::colleagues(app.db.read(), people).await?;
    let person = |id: Option<Uuid>| id.and_then(|id| people.get(&id).cloned());
    let shown = rows.into_iter().map(|row| SupplyMoveView {
        id: row.id,
        quantity: row.quantity,
        stock_after: row.stock_after,
        user: person(row.user_id),
        by: person(row.by_id),
        at: row.at,
        signed_at: row.signed_at,
        kind: row.kind,
        seat: row.seat,
        note: row.note,
    });
    Ok(shown.collect())
}

async fn page(app: &App, of: &Principal) -> Result<Json<SupplyList>> {
    let conn = app.db.read();
    let rows = store::all(conn).await?;
    let items: Vec<SupplyView> = rows.into_iter().map(view).collect();
    let unsigned = store::unsigned_of(conn, of.user_id).await?;
    let mut actions = Vec::new();
    if of.may::<ManageSupplies>() {
        actions.extend(["add", "receive", "issue", "return", "write_off"]);
    }
    Ok(Json(SupplyList {
        low: items.iter().filter(|item| item.low).count() as u64,
        items,
        to_sign: moves(app, unsigned).await?,
        actions,
    }))
}

async fn detail(app: &App, id: Uuid) -> Result<Json<SupplyDetail>> {
    use sea_orm::EntityTrait as _;
    let conn = app.db.read();
    let row = row::Entity::find_by_id(id).one(conn).await?;
    let row = row.ok_or_else(|| not_found("supply"))?;
    let rows = store::moves(conn, id).await?;
    Ok(Json(SupplyDetail {
        supply: view(row),
        moves: moves(app, rows).await?,
    }))
}

/// Supplies and equipment with their stock, and what one has to sign for.
#[utoipa::path(
    get, path = "/api/v1/supplies", tag = "liaison", operation_id = "list_supplies",
    responses((status = 200, body = SupplyList)),
)]
async fn list(actor: Actor<ViewSupplies>, State(app): State<App>) -> Result<Json<SupplyList>> {
    page(&app, actor.principal()).await
}

/// One of them with its ledger.
#[utoipa::path(
    get, path = "/api/v1/supplies/{id}", tag = "liaison", operation_id = "get_supply", params(("id" = Uuid, Path)),
    responses((status = 200, body = SupplyDetail), (status = 404, body = Problem)),
)]
async fn show(
    _actor: Actor<ViewSupplies>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SupplyDetail>> {
    detail(&app, id).await
}

/// A kind of thing that is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSupply {
    /// Small letters, digits and `_`.
    code: String,
    /// What it is called.
    name: String,
    /// 个、包、台
    unit: String,
    /// Used up, or brought back.
    kind: SupplyKind,
    /// More is to be bought at this much.
    low_at: i64,
}

/// Adds a kind of thing; its stock begins with nothing.
#[utoipa::path(
    post, path = "/api/v1/supplies", tag = "liaison", operation_id = "add_supply", request_body = NewSupply,
    responses((status = 201, body = SupplyList), (status = 422, body = Problem)),
)]
async fn add(
    actor: Actor<ManageSupplies>,
    State(app): State<App>,
    Json(new): Json<NewSupply>,
) -> Result<(StatusCode, Json<SupplyList>)> {
    must_be_code("code", &new.code)?;
    must_be_name("name", &new.name)?;
    must_be_name("unit", &new.unit)?;
    if !(0..=LARGEST).contains(&new.low_at) {
        return Err(invalid("low_at", "supply_quantity", "0 to 100,000"));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let known = store::all(&*tx).await?;
        if known.iter().any(|one| one.code == new.code) {
            return Err(invalid("code", "code_taken", "another one has this code"));
        }
        if known.len() as u64 >= store::MOST {
            let detail = "at most 500 kinds of things are kept";
            return Err(refused("supplies_full", detail));
        }
        let now = app.clock.now();
        let row = row::Model {
            id: app.ids.next(),
            code: new.code,
            name: new.name,
            unit: new.unit,
            kind: new.kind.as_str().to_owned(),
            stock: 0,
            low_at: new.low_at,
            state: "kept".to_owned(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        versioned::insert(&*tx, &row).await?;
        store::tell(&app, &tx, &who, &row, ("added", None), (0, Vec::new())).await
    })
    .await?;
    let page = page(&done, actor.principal()).await?;
    Ok((StatusCode::CREATED, page))
}

/// What is moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSupplyMove {
    /// In, out to somebody, back, or written off.
    kind: SupplyMoveKind,
    /// 1 to 100,000.
    quantity: i64,
    /// Who is given it, or brings it back.
    user_id: Option<Uuid>,
    /// For which seat.
    seat: Option<String>,
    /// More about it; why, of what is written off.
    note: Option<String>,
}

fn text(field: &'static str, text: Option<&str>) -> Result<Option<String>> {
    let text = checked(field, text.unwrap_or_default())?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Receives, issues, takes back or writes off. 409 where there is not so much.
#[utoipa::path(
    post, path = "/api/v1/supplies/{id}/moves", tag = "liaison", operation_id = "move_supply",
    params(("id" = Uuid, Path)), request_body = NewSupplyMove,
    responses((status = 201, body = SupplyDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn carry(
    actor: Actor<ManageSupplies>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewSupplyMove>,
) -> Result<(StatusCode, Json<SupplyDetail>)> {
    use SupplyMoveKind as K;
    let note = text("note", new.note.as_deref())?;
    let seat = text("seat", new.seat.as_deref())?;
    if matches!(new.kind, K::Issue | K::Return) != new.user_id.is_some() {
        let detail = "what is issued or brought back names the person, nothing else does";
        return Err(invalid("user_id", "supply_person", detail));
    }
    if new.kind == K::WriteOff && note.is_none() {
        return Err(invalid("note", "text_missing", "why it is written off"));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        if let Some(user) = new.user_id {
            let known = organization::colleagues::side_of(&*tx, user).await?;
            if known.is_none() {
                return Err(invalid(
                    "user_id",
                    "user_unknown",
                    "nobody has this account",
                ));
            }
        }
        let new = Move {
            kind: new.kind,
            quantity: new.quantity,
            user_id: new.user_id,
            seat,
            note,
        };
        store::carry(&app, &tx, &who, id, new).await?;
        Ok(())
    })
    .await?;
    Ok((StatusCode::CREATED, detail(&done, id).await?))
}

/// Signs for what one was given, with one's own account.
#[utoipa::path(
    post, path = "/api/v1/supply-moves/{id}/sign", tag = "liaison", operation_id = "sign_supply_move",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SupplyList), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn sign(
    actor: Actor<ViewLiaisonTodo>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SupplyList>> {
    let user = actor.user_id();
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        let made = store::one_move(&*tx, id).await?;
        if made.user_id != Some(user) || made.kind != SupplyMoveKind::Issue.as_str() {
            return Err(not_found("move"));
        }
        if made.signed_at.is_some() {
            let detail = "this is signed for already";
            return Err(refused("supply_signed", detail));
        }
        store::sign(&app, &tx, &who, &made).await
    })
    .await?;
    page(&done, actor.principal()).await
}
