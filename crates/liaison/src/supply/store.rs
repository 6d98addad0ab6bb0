//! The rows of supplies and their moves.

use kernel::audit::Who;
use kernel::problem::{Result, not_found};
use kernel::versioned::{self, Versioned as _};
use kernel::{App, Role, Tx};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use super::{SupplyMoveKind, moved};
use crate::trail::{self, Scribe, Seen};

/// Supplies and moves shown at once, at most.
pub(crate) const MOST: u64 = 500;

kernel::table! {
    /// One kind of thing.
    pub mod row = "supplies" (id: Uuid) {
        code: String,
        name: String,
        unit: String,
        kind: String,
        stock: i64,
        low_at: i64,
        state: String,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// What happened to it; never changes but for the signature.
    pub mod move_row = "supply_moves" (id: Uuid) {
        supply_id: Uuid,
        kind: String,
        quantity: i64,
        stock_after: i64,
        user_id: Option<Uuid>,
        seat: Option<String>,
        note: Option<String>,
        by_id: Option<Uuid>,
        at: DateTimeUtc,
        signed_at: Option<DateTimeUtc>,
    }
}

kernel::versioned!(row, |supply| format!("`{}`", supply.name));

/// All supplies, by code.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Code)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// The supply, held until the end of the transaction: what is read here is what is changed.
pub(crate) async fn held(tx: &Tx, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("supply"))
}

/// The last moves of a supply, the newest first.
pub(crate) async fn moves(
    conn: &impl ConnectionTrait,
    supply: Uuid,
) -> Result<Vec<move_row::Model>> {
    Ok(move_row::Entity::find()
        .filter(move_row::Column::SupplyId.eq(supply))
        .order_by_desc(move_row::Column::At)
        .order_by_desc(move_row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// What was given to somebody and is not signed for.
pub(crate) async fn unsigned_of(
    conn: &impl ConnectionTrait,
    user: Uuid,
) -> Result<Vec<move_row::Model>> {
    Ok(move_row::Entity::find()
        .filter(move_row::Column::UserId.eq(user))
        .filter(move_row::Column::Kind.eq(SupplyMoveKind::Issue.as_str()))
        .filter(move_row::Column::SignedAt.is_null())
        .order_by_asc(move_row::Column::At)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn one_move(conn: &impl ConnectionTrait, id: Uuid) -> Result<move_row::Model> {
    move_row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("move"))
}

/// How much of it somebody holds.
async fn held_by(conn: &impl ConnectionTrait, supply: Uuid, user: Uuid) -> Result<i64> {
    let rows: Vec<(String, i64)> = move_row::Entity::find()
        .select_only()
        .column(move_row::Column::Kind)
        .column(move_row::Column::Quantity)
        .filter(move_row::Column::SupplyId.eq(supply))
        .filter(move_row::Column::UserId.eq(user))
        .into_tuple()
        .all(conn)
        .await?;
    let signed = rows
        .into_iter()
        .map(|(kind, quantity)| match kind.as_str() {
            "issue" => quantity,
            "return" => -quantity,
            _ => 0,
        });
    Ok(signed.sum())
}

/// What is moved.
pub(crate) struct Move {
    pub kind: SupplyMoveKind,
    pub quantity: i64,
    pub user_id: Option<Uuid>,
    pub seat: Option<String>,
    pub note: Option<String>,
}

/// Moves something; when the stock falls to its mark, those who buy are told once.
pub(crate) async fn carry(
    app: &App,
    tx: &Tx,
    who: &Who,
    supply: Uuid,
    new: Move,
) -> Result<row::Model> {
    let before = held(tx, supply).await?;
    let holds = match new.user_id {
        Some(user) => held_by(&**tx, supply, user).await?,
        None => 0,
    };
    let stock = moved(before.stock, holds, new.kind, new.quantity)
        .map_err(|refusal| refusal.about(&before.what()))?;
    let mut after = before.clone();
    after.stock = stock;
    let after = versioned::save(app, &**tx, &before, after).await?;
    let made = move_row::Model {
        id: app.ids.next(),
        supply_id: supply,
        kind: new.kind.as_str().to_owned(),
        quantity: new.quantity,
        stock_after: stock,
        user_id: new.user_id,
        seat: new.seat,
        note: new.note.clone(),
        by_id: who.user_id,
        at: app.clock.now(),
        signed_at: None,
    };
    made.into_active_model().reset_all().insert(&**tx).await?;
    let told = match (new.kind, new.user_id) {
        (SupplyMoveKind::Issue, Some(user)) => vec![user],
        _ => Vec::new(),
    };
    let facts = (new.quantity, told);
    tell(
        app,
        tx,
        who,
        &after,
        (new.kind.as_str(), new.note.as_deref()),
        facts,
    )
    .await?;
    if after.stock <= after.low_at && before.stock > before.low_at {
        let told = trail::holders(&**tx, &[Role::OpsManager]).await?;
        tell(app, tx, who, &after, ("low", None), (after.stock, told)).await?;
    }
    Ok(after)
}

/// Who was given something signs for it; once.
pub(crate) async fn sign(app: &App, tx: &Tx, who: &Who, made: &move_row::Model) -> Result<()> {
    let mut signed = made.clone().into_active_model();
    signed.signed_at = sea_orm::ActiveValue::Set(Some(app.clock.now()));
    signed.update(&**tx).await?;
    let supply = held(tx, made.supply_id).await?;
    tell(
        app,
        tx,
        who,
        &supply,
        ("signed", None),
        (made.quantity, Vec::new()),
    )
    .await
}

/// Writes down what happened.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
    (quantity, told): (i64, Vec<Uuid>),
) -> Result<()> {
    let facts = json!({
        "number": row.name, "state": row.state, "version": row.version, "quantity": quantity,
        "stock": row.stock, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "supply",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}
