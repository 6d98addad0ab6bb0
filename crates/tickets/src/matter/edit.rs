//! The matter tree is changed: a matter is added, renamed, moved, given to a section, taken out of use. Never
//! deleted: what was classified with it keeps it.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Json, Path};
use kernel::numbers;
use kernel::problem::{Problem, Result, internal, invalid, not_found, stale};
use kernel::{Actor, App, Audience, Permission as _, Tx, audit};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable as _, QueryOrder,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::row;
use super::shape::{self, MatterFacts, Tree};
use crate::section::store::row as section_row;
use crate::{ManageMatters, ViewMatters, trail};

/// Rows of one statement.
const AT_ONCE: usize = 500;
/// The series of the changes of the tree.
const CHANGES: &str = "matter_changes";

/// A matter with its code.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatterRow {
    /// Digits that an agent types: `106`.
    pub code: String,
    /// What it says.
    #[serde(flatten)]
    facts: MatterFacts,
    /// Rises with each change; send it back with a change.
    pub version: i64,
}

/// Every matter, one after the other.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatterRows {
    /// From the top down, each branch before what is below it.
    pub items: Vec<MatterRow>,
}

/// The tree with the versions of its matters.
pub(super) struct Known {
    pub tree: Tree,
    pub versions: HashMap<String, i64>,
    /// Code and name of each section.
    pub sections: Vec<(String, String)>,
}

impl Known {
    pub(super) async fn read(conn: &impl ConnectionTrait) -> Result<Self> {
        let rows = row::Entity::find().all(conn).await?;
        let versions = rows
            .iter()
            .map(|row| (row.code.clone(), row.version))
            .collect();
        let tree = rows
            .into_iter()
            .map(|row| (row.code.clone(), row.into()))
            .collect();
        let sections = section_row::Entity::find()
            .order_by_asc(section_row::Column::Code)
            .all(conn)
            .await?;
        Ok(Self {
            tree,
            versions,
            sections: sections
                .into_iter()
                .map(|row| (row.code, row.name))
                .collect(),
        })
    }

    /// The same for who is going to change it: changes wait for each other, so that two that are good alone
    /// make no tree that is not.
    pub(super) async fn read_to_change(tx: &Tx) -> Result<Self> {
        numbers::next_many(&**tx, CHANGES.to_owned(), 1).await?;
        Self::read(&**tx).await
    }

    pub(super) fn section_codes(&self) -> Vec<String> {
        self.sections.iter().map(|(code, _)| code.clone()).collect()
    }

    fn row(&self, code: &str) -> Option<MatterRow> {
        Some(MatterRow {
            code: code.to_owned(),
            facts: self.tree.get(code)?.clone(),
            version: self.versions.get(code).copied()?,
        })
    }
}

/// Writes these matters of a tree; branches come before what is below them.
pub(super) async fn write(
    app: &App,
    tx: &Tx,
    known: &Known,
    tree: &Tree,
    codes: &BTreeSet<String>,
) -> Result<()> {
    let mut rows = Vec::with_capacity(codes.len());
    for code in shape::in_order(tree)
        .into_iter()
        .filter(|code| codes.contains(*code))
    {
        let Some(facts) = tree.get(code).cloned() else {
            continue;
        };
        rows.push(row::Model {
            code: code.clone(),
            parent_code: facts.parent,
            name: facts.name,
            shortcut: facts.shortcut,
            position: i32::try_from(facts.position).map_err(internal)?,
            active: facts.active,
            section: facts.section,
            version: known.versions.get(code).map_or(1, |version| version + 1),
        });
    }
    let written = row::Column::iter().filter(|column| !matches!(column, row::Column::Code));
    let over = OnConflict::column(row::Column::Code)
        .update_columns(written)
        .to_owned();
    for some in rows.chunks(AT_ONCE) {
        let rows = some
            .iter()
            .map(|row| row.clone().into_active_model().reset_all());
        row::Entity::insert_many(rows)
            .on_conflict(over.clone())
            .exec_without_returning(&**tx)
            .await?;
    }
    // Whoever files requests picks from the tree.
    let audience = Audience::Permission(ViewMatters::CODE);
    app.live
        .publish_after(tx, audience, "matter", json!({ "codes": codes.len() }));
    Ok(())
}

/// Every matter, also those out of use, for who changes the tree.
#[utoipa::path(get, path = "/api/v1/matters/rows", tag = "matters", responses((status = 200, body = MatterRows)))]
pub(crate) async fn rows(
    _actor: Actor<ViewMatters>,
    State(app): State<App>,
) -> Result<Json<MatterRows>> {
    let known = Known::read(app.db.read()).await?;
    let order = shape::in_order(&known.tree).into_iter();
    Ok(Json(MatterRows {
        items: order.filter_map(|code| known.row(code)).collect(),
    }))
}

/// How a matter is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatterChange {
    /// The version that was read; left out for a new matter.
    version: Option<i64>,
    /// What it is to say.
    matter: MatterFacts,
}

/// Adds a matter, or renames it, moves it, gives it to a section, takes it out of use or back.
#[utoipa::path(
    put, path = "/api/v1/matters/{code}", tag = "matters",
    params(("code" = String, Path)),
    request_body = MatterChange,
    responses(
        (status = 200, body = MatterRow), (status = 201, body = MatterRow),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn put(
    actor: Actor<ManageMatters>,
    State(app): State<App>,
    Path(code): Path<String>,
    Json(change): Json<MatterChange>,
) -> Result<(StatusCode, Json<MatterRow>)> {
    let (db, who) = (app.db.clone(), actor.who());
    let (made, matter) = db
        .write(move |tx| async move {
            let known = Known::read_to_change(&tx).await?;
            let version = known.versions.get(&code).copied();
            match (version, change.version) {
                (None, Some(_)) => return Err(not_found("matter")),
                (known, read) if known != read => {
                    return Err(stale(&format!("matter `{code}`")).with("version", known));
                }
                _ => {}
            }
            let before = known.tree.get(&code).cloned();
            let mut tree = known.tree.clone();
            tree.insert(code.clone(), change.matter);
            let touched = BTreeSet::from([code.clone()]);
            let wrong = shape::check(&tree, &touched, &known.section_codes());
            if let Some(wrong) = wrong.into_iter().next() {
                let problem = invalid(wrong.field.as_str(), wrong.code, wrong.detail);
                return Err(match wrong.code {
                    "matter_has_children" => {
                        problem.with_way_out("take those below it out of use first")
                    }
                    _ => problem,
                });
            }
            let after = tree.get(&code).cloned();
            if before != after {
                write(&app, &tx, &known, &tree, &touched).await?;
                let details = json!({ "before": before, "after": after });
                audit::record(&app, &*tx, &who, "matter.changed", "matter", &code, details).await?;
            }
            let written = Known::read(&*tx).await?;
            let row = written.row(&code).ok_or_else(|| not_found("matter"))?;
            Ok((version.is_none(), row))
        })
        .await?;
    let status = if made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(matter)))
}
