//! The two parties of the contract: purchaser (采购人) and supplier (服务商).

use axum::extract::State;
use kernel::audit::{self, Who};
use kernel::http::{Json, Path};
use kernel::problem::{Result, invalid, not_found};
use kernel::{Actor, Side};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Organization;
use crate::rights::{ManageParties, ViewParties};
use crate::rows::party;

/// One party of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartyView {
    /// Identifies it.
    pub id: Uuid,
    /// `supplier` or `purchaser`.
    pub side: Side,
    /// Its full name.
    pub name: String,
}

/// A new name.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PartyName {
    /// 1 to 100 characters.
    pub name: String,
}

pub(crate) fn side_code(side: Side) -> &'static str {
    match side {
        Side::Supplier => "supplier",
        Side::Purchaser => "purchaser",
        Side::Either => "either",
    }
}

pub(crate) fn parse_side(code: &str) -> Side {
    match code {
        "supplier" => Side::Supplier,
        "purchaser" => Side::Purchaser,
        _ => Side::Either,
    }
}

impl From<party::Model> for PartyView {
    fn from(row: party::Model) -> Self {
        Self {
            id: row.id,
            side: parse_side(&row.side),
            name: row.name,
        }
    }
}

pub(crate) async fn of_side(conn: &impl ConnectionTrait, side: Side) -> Result<party::Model> {
    party::Entity::find()
        .filter(party::Column::Side.eq(side_code(side)))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("party: name both parties first"))
}

/// The name of the party of one side; none before it was named.
pub async fn party_name(conn: &impl ConnectionTrait, side: Side) -> Result<Option<String>> {
    let found = party::Entity::find()
        .filter(party::Column::Side.eq(side_code(side)))
        .one(conn)
        .await?;
    Ok(found.map(|party| party.name))
}

fn check_name(name: &str) -> Result<String> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > 100 || name.chars().any(char::is_control) {
        return Err(invalid(
            "name",
            "bad_name",
            "a name has 1 to 100 printable characters",
        ));
    }
    Ok(name.to_owned())
}

impl Organization {
    /// Names the party of one side, made when missing.
    pub async fn put_party(&self, who: &Who, side: Side, name: &str) -> Result<PartyView> {
        if side == Side::Either {
            return Err(invalid(
                "side",
                "bad_side",
                "a party is supplier or purchaser",
            ));
        }
        let (app, who, name) = (self.app.clone(), who.clone(), check_name(name)?);
        self.app
            .db
            .write(async move |tx| {
                let code = side_code(side);
                let known = party::Entity::find()
                    .filter(party::Column::Side.eq(code))
                    .one(&*tx)
                    .await?;
                let row = if let Some(row) = known {
                    let mut row: party::ActiveModel = row.into();
                    row.name = Set(name);
                    row.update(&*tx).await?
                } else {
                    let row = party::ActiveModel {
                        id: Set(app.ids.next()),
                        side: Set(code.to_owned()),
                        name: Set(name),
                        created_at: Set(app.clock.now()),
                    };
                    row.insert(&*tx).await?
                };
                let details = json!({ "side": code, "name": row.name });
                audit::record(&app, &*tx, &who, "party.named", "party", row.id, details).await?;
                Ok(row.into())
            })
            .await
    }
}

/// The two parties.
#[utoipa::path(get, path = "/api/v1/parties", tag = "organization", responses((status = 200, body = Vec<PartyView>)))]
pub async fn parties(
    _actor: Actor<ViewParties>,
    State(organization): State<Organization>,
) -> Result<Json<Vec<PartyView>>> {
    let rows = party::Entity::find()
        .order_by_asc(party::Column::Side)
        .all(organization.app.db.read())
        .await?;
    Ok(Json(rows.into_iter().map(PartyView::from).collect()))
}

/// Names a party.
#[utoipa::path(
    put, path = "/api/v1/parties/{side}", tag = "organization", request_body = PartyName,
    params(("side" = String, Path, description = "supplier or purchaser")),
    responses((status = 200, body = PartyView))
)]
pub async fn rename(
    actor: Actor<ManageParties>,
    State(organization): State<Organization>,
    Path(side): Path<String>,
    Json(body): Json<PartyName>,
) -> Result<Json<PartyView>> {
    let party = organization
        .put_party(&actor.who(), parse_side(&side), &body.name)
        .await?;
    Ok(Json(party))
}
