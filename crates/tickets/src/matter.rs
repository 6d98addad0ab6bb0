//! The matter tree (事项, domain E.1): what a request is about. Rows, so that another tree can be imported.

pub(crate) mod edit;
mod shape;
pub(crate) mod sheet;

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::{Result, invalid};
use kernel::{Actor, App};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter, QueryOrder,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ViewMatters;

kernel::table! {
    mod row = "matters" (code: String) {
        parent_code: Option<String>,
        name: String,
        shortcut: String,
        position: i32,
        active: bool,
        section: Option<String>,
        version: i64,
    }
}

use row::Column;

/// A branch or a leaf of the matter tree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Matter {
    /// Digits that an agent types: `106`.
    pub code: String,
    /// 缴费与退费
    pub name: String,
    /// The first letters of the pinyin, to type without an input method: `jfytf`.
    pub shortcut: String,
    /// The branches below; a leaf has none and is what a request is classified with.
    #[schema(no_recursion)]
    pub children: Vec<Matter>,
}

/// The whole tree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatterTree {
    /// The top branches.
    pub items: Vec<Matter>,
}

/// The matter tree in use.
#[utoipa::path(get, path = "/api/v1/matters", tag = "tickets", responses((status = 200, body = MatterTree)))]
pub(crate) async fn tree(
    _actor: Actor<ViewMatters>,
    State(app): State<App>,
) -> Result<Json<MatterTree>> {
    let rows = row::Entity::find()
        .filter(Column::Active.eq(true))
        .order_by_asc(Column::Position)
        .all(app.db.read())
        .await?;
    Ok(Json(MatterTree {
        items: branches(&rows, None),
    }))
}

fn branches(rows: &[row::Model], parent: Option<&str>) -> Vec<Matter> {
    rows.iter()
        .filter(|row| row.parent_code.as_deref() == parent)
        .map(|row| Matter {
            code: row.code.clone(),
            name: row.name.clone(),
            shortcut: row.shortcut.clone(),
            children: branches(rows, Some(&row.code)),
        })
        .collect()
}

/// Says no to a code that is unknown, out of use or a branch.
pub(crate) async fn must_be_leaf(conn: &impl ConnectionTrait, code: &str) -> Result<()> {
    section_of_leaf(conn, code).await.map(|_| ())
}

/// The section of the purchaser that answers for a leaf; says no as [`must_be_leaf`] does.
pub(crate) async fn section_of_leaf(
    conn: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<String>> {
    let known = row::Entity::find_by_id(code.to_owned())
        .filter(Column::Active.eq(true))
        .one(conn)
        .await?;
    let Some(known) = known else {
        return Err(invalid("matter", "matter_unknown", "no such matter"));
    };
    let below = row::Entity::find()
        .filter(Column::ParentCode.eq(code))
        .filter(Column::Active.eq(true))
        .count(conn)
        .await?;
    if below > 0 {
        return Err(invalid(
            "matter",
            "matter_not_a_leaf",
            "choose a matter below this one",
        ));
    }
    Ok(known.section)
}

/// A matter that a request can be classified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub code: String,
    pub name: String,
    /// The names from the top down, without anything between.
    pub path: String,
    pub section: Option<String>,
}

/// Every leaf in use.
pub(crate) async fn leaves(conn: &impl ConnectionTrait) -> Result<Vec<Leaf>> {
    let rows = row::Entity::find()
        .filter(Column::Active.eq(true))
        .all(conn)
        .await?;
    let parents: HashMap<&str, &row::Model> =
        rows.iter().map(|row| (row.code.as_str(), row)).collect();
    let inner: HashSet<&str> = rows
        .iter()
        .filter_map(|row| row.parent_code.as_deref())
        .collect();
    let path = |leaf: &row::Model| {
        let mut names = vec![leaf.name.as_str()];
        let mut at = leaf;
        // A tree of rows may have been damaged by hand: no branch is deeper than all rows.
        while let Some(parent) = at.parent_code.as_deref().and_then(|code| parents.get(code))
            && names.len() < rows.len()
        {
            names.push(&parent.name);
            at = parent;
        }
        names.reverse();
        names.concat()
    };
    let leaves = rows.iter().filter(|row| !inner.contains(row.code.as_str()));
    Ok(leaves
        .map(|row| Leaf {
            code: row.code.clone(),
            name: row.name.clone(),
            path: path(row),
            section: row.section.clone(),
        })
        .collect())
}

/// Every matter with the one above it, also those out of use.
pub(crate) async fn parents(
    conn: &impl ConnectionTrait,
) -> Result<HashMap<String, Option<String>>> {
    let rows = row::Entity::find().all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.code, row.parent_code))
        .collect())
}

/// The names of these matters, also of those out of use.
pub(crate) async fn names(
    conn: &impl ConnectionTrait,
    codes: Vec<String>,
) -> Result<HashMap<String, String>> {
    if codes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = row::Entity::find()
        .filter(Column::Code.is_in(codes))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.code, row.name)).collect())
}

/// What a requester may choose from: code and name of every leaf in use.
pub async fn choices(conn: &impl ConnectionTrait) -> Result<Vec<(String, String)>> {
    let leaves = leaves(conn).await?.into_iter();
    Ok(leaves.map(|leaf| (leaf.code, leaf.name)).collect())
}

/// The leaves at or below each of these codes: what a cut of a main class takes in. An unknown code stands for itself.
pub async fn leaves_below(conn: &impl ConnectionTrait, code: &str) -> Result<Vec<String>> {
    let rows = row::Entity::find().all(conn).await?;
    let mut found = vec![code.to_owned()];
    let mut at = 0;
    while let Some(parent) = found.get(at).cloned() {
        let below = rows
            .iter()
            .filter(|row| row.parent_code.as_deref() == Some(parent.as_str()));
        for row in below {
            if !found.contains(&row.code) {
                found.push(row.code.clone());
            }
        }
        at += 1;
    }
    Ok(found)
}

/// The names of all matters by code, those not in use included.
pub async fn all_names(conn: &impl ConnectionTrait) -> Result<HashMap<String, String>> {
    let rows = row::Entity::find().all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.code, row.name)).collect())
}
