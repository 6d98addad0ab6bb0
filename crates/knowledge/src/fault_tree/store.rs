//! The rows of fault trees and their versions.

use kernel::audit::Who;
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Result, internal, invalid, not_found};
use kernel::{App, Audience, Scope, Tx, versioned};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{FaultNode, Tree};
use crate::approval::http::must_be_own;
use crate::approval::store::{self as approvals, row as change_row};
use crate::approval::{Action, ChangeState};
use crate::article::store as articles;
use crate::number;

/// Versions shown of one tree, the last ones.
const SHOWN: u64 = 200;

kernel::table! {
    /// One tree. Its state is that of its latest version.
    pub mod row = "fault_trees" (id: Uuid) {
        number: String,
        matter_code: String,
        owner_section: Option<String>,
        title: String,
        state: String,
        current_n: Option<i32>,
        latest_n: i32,
        emergency: bool,
        author_id: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One version of a tree.
    pub mod version_row = "fault_tree_versions" (tree_id: Uuid, n: i32) {
        approval_id: Uuid,
        title: String,
        symptom: String,
        nodes: Json,
        author_id: Uuid,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
    }
}

use row::Column;
use version_row::Column as Version;

kernel::versioned!(row, |tree| format!("fault tree `{}`", tree.number));

impl version_row::Model {
    pub(crate) fn tree(&self) -> Result<Tree> {
        let nodes: Vec<FaultNode> = serde_json::from_value(self.nodes.clone()).map_err(internal)?;
        Ok(Tree(nodes))
    }
}

/// What a version of a tree says.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub title: String,
    pub symptom: String,
    pub tree: Tree,
}

impl Content {
    /// Says no to a tree that cannot be walked, naming everything that is wrong.
    pub(crate) async fn check(&self, conn: &impl ConnectionTrait) -> Result<()> {
        let faults = self.tree.faults();
        if let Some(first) = faults.first() {
            let detail = format!("node `{}`: {}", first.node, first.detail);
            return Err(invalid("nodes", "tree_invalid", detail).with("faults", json!(faults)));
        }
        for node in &self.tree.0 {
            let Some(id) = node.article_id else { continue };
            if articles::many(conn, vec![id]).await?.is_empty() {
                let detail = format!("node `{}` names an article that is not there", node.id);
                return Err(invalid("nodes", "article_unknown", detail));
            }
        }
        Ok(())
    }
}

/// What a list of trees may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only those of this matter.
    pub matter: Option<String>,
    /// Only those of which a version holds, or only the others.
    pub in_force: Option<bool>,
    /// Only those whose latest version is in this state.
    #[param(inline)]
    pub state: Option<ChangeState>,
}

pub(crate) async fn list(
    conn: &impl ConnectionTrait,
    query: &ListQuery,
    filter: &Filter,
) -> Result<Page<row::Model>> {
    let holds = |holds: bool| {
        if holds {
            Column::CurrentN.is_not_null()
        } else {
            Column::CurrentN.is_null()
        }
    };
    let matter = filter.matter.as_ref();
    let all = Condition::all()
        .add_option(matter.map(|code| Column::MatterCode.eq(code.as_str())))
        .add_option(filter.in_force.map(holds))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(query.words_in(&[Column::Number, Column::Title])?);
    let select = row::Entity::find().filter(all);
    let sortable = [
        ("updated_at", Column::UpdatedAt),
        ("number", Column::Number),
    ];
    paginate(conn, select, query, &sortable, Column::Id).await
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("fault tree"))
}

pub(crate) async fn version(
    conn: &impl ConnectionTrait,
    id: Uuid,
    n: i32,
) -> Result<version_row::Model> {
    version_row::Entity::find_by_id((id, n))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("version of this tree"))
}

pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<version_row::Model>> {
    Ok(version_row::Entity::find()
        .filter(Version::TreeId.eq(id))
        .order_by_desc(Version::N)
        .limit(SHOWN)
        .all(conn)
        .await?)
}

/// A tree to be begun.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub matter: String,
    pub section: Option<String>,
    pub content: Content,
    pub author_id: Uuid,
}

/// Begins a tree with the draft of its first version.
pub(crate) async fn create(app: &App, tx: &Tx, who: &Who, new: New) -> Result<row::Model> {
    new.content.check(&**tx).await?;
    let now = app.clock.now();
    let tree = row::Model {
        id: app.ids.next(),
        number: number::running(&**tx, "GZ").await?,
        matter_code: new.matter,
        owner_section: new.section,
        title: new.content.title.clone(),
        state: ChangeState::Draft.as_str().to_owned(),
        current_n: None,
        latest_n: 1,
        emergency: false,
        author_id: new.author_id,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &tree).await?;
    draft(app, tx, who, &tree, new.content, new.author_id).await?;
    Ok(tree)
}

async fn draft(
    app: &App,
    tx: &Tx,
    who: &Who,
    tree: &row::Model,
    content: Content,
    author_id: Uuid,
) -> Result<()> {
    let now = app.clock.now();
    let new = approvals::New {
        kind: approvals::ChangeKind::FaultTree,
        subject_id: tree.id,
        subject_number: tree.number.clone(),
        n: tree.latest_n,
        title: content.title.clone(),
        section: tree.owner_section.clone(),
        author_id,
        from: None,
        until: None,
        review_at: None,
    };
    let change = approvals::begin(app, tx, who, new).await?;
    let version = version_row::Model {
        tree_id: tree.id,
        n: tree.latest_n,
        approval_id: change.id,
        title: content.title,
        symptom: content.symptom,
        nodes: serde_json::to_value(&content.tree.0).map_err(internal)?,
        author_id,
        created_at: now,
        updated_at: now,
    };
    version_row::Entity::insert(version.into_active_model().reset_all())
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Writes on the draft, or begins the next version where the latest is decided.
pub(crate) async fn edit(
    app: &App,
    tx: &Tx,
    (who, scope, user): (&Who, &Scope, Uuid),
    (id, seen): (Uuid, i64),
    content: Content,
) -> Result<row::Model> {
    content.check(&**tx).await?;
    let tree = versioned::as_read(get(&**tx, id).await?, seen)?;
    let mut latest = version(&**tx, id, tree.latest_n).await?;
    let change = approvals::get(&**tx, latest.approval_id).await?;
    if !change.standing()?.in_work() {
        let mut next = tree.clone();
        next.latest_n += 1;
        ChangeState::Draft.as_str().clone_into(&mut next.state);
        next.title = content.title.clone();
        let next = versioned::save(app, &**tx, &tree, next).await?;
        draft(app, tx, who, &next, content, user).await?;
        return Ok(next);
    }
    must_be_own(scope, &change)?;
    let title = content.title.clone();
    let more = move |change: &mut change_row::Model| change.title = title;
    approvals::act(app, tx, who, &change, &Action::Edit, ("edited", None), more).await?;
    latest.title = content.title;
    latest.symptom = content.symptom;
    latest.nodes = serde_json::to_value(&content.tree.0).map_err(internal)?;
    latest.updated_at = app.clock.now();
    latest.into_active_model().reset_all().update(&**tx).await?;
    get(&**tx, id).await
}

/// What a tree is after a step of one of its versions.
pub(crate) async fn follow(
    app: &App,
    tx: &Tx,
    change: &change_row::Model,
    what: &str,
) -> Result<()> {
    let before = get(&**tx, change.subject_id).await?;
    let mut after = before.clone();
    if change.n == before.latest_n {
        after.state = change.state.clone();
        after.title = change.title.clone();
    }
    if change.in_force {
        after.current_n = Some(change.n);
        after.emergency = change.standing()? == ChangeState::PendingRatification;
    } else if before.current_n == Some(change.n) {
        after.current_n = None;
        after.emergency = false;
    }
    let tree = versioned::save(app, &**tx, &before, after).await?;
    let news = json!({ "id": tree.id, "number": tree.number, "what": what, "state": tree.state,
        "current": tree.current_n, "latest": tree.latest_n, "version": tree.version });
    let readers = Audience::Permission("articles:view");
    app.live.publish_after(tx, readers, "fault_tree", news);
    Ok(())
}
