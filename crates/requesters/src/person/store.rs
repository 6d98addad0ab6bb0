//! Which requesters are one person, and how they become it and part again.
//!
//! Each requester keeps whom it was merged into, so that taking one decision back leaves all others as they are;
//! `person_id` is where those steps end, so that a person is found in one look.

use std::collections::{BTreeSet, HashMap};

use kernel::audit::{self, Who};
use kernel::problem::{Result, not_found, stale};
use kernel::{App, Audience, Permission as _, Tx};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect as _,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::link::{self, Line};
use super::{Group, LinkWhat, ProofKind};
use crate::ViewRequesters;
use crate::requester::store::row::{self, Column};
use crate::requester::{PROVEN, UNVERIFIED};

/// Every requester of the person that this one is, itself among them.
pub async fn same_person(conn: &impl ConnectionTrait, requester_id: Uuid) -> Result<Vec<Uuid>> {
    let root: Option<Option<Uuid>> = row::Entity::find_by_id(requester_id)
        .select_only()
        .column(Column::PersonId)
        .into_tuple()
        .one(conn)
        .await?;
    let root = root.flatten().unwrap_or(requester_id);
    let mut ids: Vec<Uuid> = row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(of_person([root]))
        .into_tuple()
        .all(conn)
        .await?;
    if !ids.contains(&requester_id) {
        ids.push(requester_id);
    }
    Ok(ids)
}

/// The ids of [`same_person`] as a query, for lists that are narrowed to a person.
pub fn ids_of_person(requester_id: Uuid) -> SelectStatement {
    let me = Alias::new("me");
    let root = || {
        Func::coalesce([
            Expr::col((me.clone(), Column::PersonId)),
            Expr::col((me.clone(), Column::Id)),
        ])
    };
    let of_person = Condition::any()
        .add(Expr::col((row::Entity, Column::Id)).eq(root()))
        .add(Expr::col((row::Entity, Column::PersonId)).eq(root()));
    Query::select()
        .column((row::Entity, Column::Id))
        .from(row::Entity)
        .join_as(JoinType::InnerJoin, row::Entity, me.clone(), of_person)
        .and_where(Expr::col((me.clone(), Column::Id)).eq(requester_id))
        .to_owned()
}

/// These requesters and the others of the same persons.
pub(crate) async fn same_persons(
    conn: &impl ConnectionTrait,
    found: Vec<(Uuid, Option<Uuid>)>,
) -> Result<Vec<Uuid>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let roots: BTreeSet<Uuid> = found
        .into_iter()
        .map(|(id, person)| person.unwrap_or(id))
        .collect();
    Ok(row::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(of_person(roots))
        .into_tuple()
        .all(conn)
        .await?)
}

/// How many requesters each of these persons has; those who stand alone are left out.
pub(crate) async fn sizes(
    conn: &impl ConnectionTrait,
    roots: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, i64>> {
    let joined: Vec<(Uuid, i64)> = row::Entity::find()
        .select_only()
        .column(Column::PersonId)
        .column_as(Column::Id.count(), "members")
        .filter(Column::PersonId.is_in(roots))
        .group_by(Column::PersonId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(joined
        .into_iter()
        .map(|(root, others)| (root, others + 1))
        .collect())
}

fn of_person(roots: impl IntoIterator<Item = Uuid> + Clone) -> Condition {
    Condition::any()
        .add(Column::Id.is_in(roots.clone()))
        .add(Column::PersonId.is_in(roots))
}

/// The rows of the person that this requester is, the root first.
pub(crate) async fn rows_of(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<row::Model>> {
    let one = row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("requester"))?;
    let root = one.person_id.unwrap_or(one.id);
    let mut rows = row::Entity::find()
        .filter(of_person([root]))
        .all(conn)
        .await?;
    rows.sort_by_key(|row| (row.person_id.is_some(), row.first_contact_at, row.id));
    Ok(rows)
}

/// A person as the rules see him.
pub(crate) fn group(rows: &[row::Model]) -> Group {
    let proven = rows.iter().filter(|row| row.identity == PROVEN);
    Group {
        root: rows
            .first()
            .map_or(Uuid::nil(), |row| row.person_id.unwrap_or(row.id)),
        members: rows.iter().map(|row| (row.id, row.merged_into)).collect(),
        proven: proven.filter_map(|row| row.phone_hash.clone()).collect(),
    }
}

/// What speaks for two being one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Basis<'a> {
    /// Shown by the person himself.
    Proof(ProofKind),
    /// Somebody's decision, with the reason.
    Decision(&'a str),
}

/// The person of `from` becomes part of the person of `into`; answers the person's id.
pub(crate) async fn join(
    app: &App,
    tx: &Tx,
    who: &Who,
    (from, into): (Uuid, Uuid),
    basis: Basis<'_>,
) -> Result<Uuid> {
    let (those, these) = (rows_of(&**tx, from).await?, rows_of(&**tx, into).await?);
    let (joining, staying) = (group(&those), group(&these));
    joining
        .may_join(&staying)
        .map_err(|refusal| refusal.about(&what(from)))?;
    take_turn(&**tx, [(&those, joining.root), (&these, staying.root)]).await?;
    let moved: Vec<Uuid> = joining.members.into_keys().collect();
    row::Entity::update_many()
        .col_expr(Column::PersonId, Expr::value(staying.root))
        .filter(Column::Id.is_in(moved.iter().copied()))
        .exec(&**tx)
        .await?;
    row::Entity::update_many()
        .col_expr(Column::MergedInto, Expr::value(staying.root))
        .filter(Column::Id.eq(joining.root))
        .exec(&**tx)
        .await?;
    let (proof, reason) = match basis {
        Basis::Proof(kind) => (Some(kind), None),
        Basis::Decision(reason) => (None, Some(reason)),
    };
    let line = Line {
        what: LinkWhat::Merged,
        from: joining.root,
        into: staying.root,
        proof,
        reason,
    };
    tell(app, tx, who, line, &moved).await?;
    Ok(staying.root)
}

/// Takes one merge back: `id` and whoever had been merged into it are a person of their own again.
pub(crate) async fn part(app: &App, tx: &Tx, who: &Who, id: Uuid, reason: &str) -> Result<()> {
    let rows = rows_of(&**tx, id).await?;
    let before = group(&rows);
    let leaving = before
        .leaving(id)
        .map_err(|refusal| refusal.about(&what(id)))?;
    take_turn(&**tx, [(&rows, before.root), (&rows, id)]).await?;
    let others = leaving.iter().copied().filter(|member| *member != id);
    row::Entity::update_many()
        .col_expr(Column::PersonId, Expr::value(id))
        .filter(Column::Id.is_in(others))
        .exec(&**tx)
        .await?;
    row::Entity::update_many()
        .col_expr(Column::PersonId, Expr::value(None::<Uuid>))
        .col_expr(Column::MergedInto, Expr::value(None::<Uuid>))
        .filter(Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    disown(tx, &rows, &leaving).await?;
    let into = before.members.get(&id).copied().flatten();
    let line = Line {
        what: LinkWhat::Unmerged,
        from: id,
        into: into.unwrap_or(before.root),
        proof: None,
        reason: Some(reason),
    };
    let moved: Vec<Uuid> = leaving.into_iter().collect();
    tell(app, tx, who, line, &moved).await
}

/// Marks what the writer showed on both rows.
pub(crate) async fn mark_proven(
    app: &App,
    tx: &Tx,
    who: &Who,
    (writer, caller): (Uuid, Uuid),
    kind: ProofKind,
) -> Result<()> {
    row::Entity::update_many()
        .col_expr(Column::Identity, Expr::value(PROVEN))
        .col_expr(Column::ProvenBy, Expr::value(kind.as_str()))
        .col_expr(Column::ProvenAt, Expr::value(app.clock.now()))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.is_in([writer, caller]))
        .exec(&**tx)
        .await?;
    let line = Line {
        what: LinkWhat::Proven,
        from: writer,
        into: caller,
        proof: Some(kind),
        reason: None,
    };
    link::note(app, &**tx, who, line).await?;
    let details = json!({ "into": caller, "proof": kind });
    audit::record(
        app,
        &**tx,
        who,
        "requester.proven",
        "requester",
        writer,
        details,
    )
    .await
}

/// A proof between two who are parted speaks for neither any more.
async fn disown(tx: &Tx, rows: &[row::Model], leaving: &BTreeSet<Uuid>) -> Result<()> {
    let members: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let proofs = link::about(&**tx, &members, &[LinkWhat::Proven]).await?;
    let together = |a: Uuid, b: Uuid| {
        members.contains(&a) && members.contains(&b) && leaving.contains(&a) == leaving.contains(&b)
    };
    let spoken_for = |id: Uuid| {
        proofs.iter().any(|proof| {
            (proof.from_id == id || proof.into_id == id) && together(proof.from_id, proof.into_id)
        })
    };
    let doubtful: Vec<Uuid> = rows
        .iter()
        .filter(|row| row.identity == PROVEN && !spoken_for(row.id))
        .map(|row| row.id)
        .collect();
    row::Entity::update_many()
        .col_expr(Column::Identity, Expr::value(UNVERIFIED))
        .col_expr(Column::ProvenBy, Expr::value(None::<String>))
        .col_expr(
            Column::ProvenAt,
            Expr::value(None::<chrono::DateTime<chrono::Utc>>),
        )
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::Id.is_in(doubtful))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Raises the version of both where each is still as it was read with its person, whose root changes with every
/// member that comes or goes; 409 where somebody was faster. In the order of their ids, so that nobody waits for one
/// who waits for him.
async fn take_turn(
    tx: &impl ConnectionTrait,
    mut turns: [(&Vec<row::Model>, Uuid); 2],
) -> Result<()> {
    turns.sort_unstable_by_key(|(_, id)| *id);
    for (rows, id) in turns {
        let read = rows.iter().find(|row| row.id == id);
        let version = read.map(|row| row.version).unwrap_or_default();
        let done = row::Entity::update_many()
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .filter(Column::Id.eq(id))
            .filter(Column::Version.eq(version))
            .exec(tx)
            .await?;
        if done.rows_affected == 0 {
            return Err(stale("the person"));
        }
    }
    Ok(())
}

fn what(id: Uuid) -> String {
    format!("requester `{id}`")
}

/// History, audit trail, event, and the screens.
async fn tell(app: &App, tx: &Tx, who: &Who, line: Line<'_>, moved: &[Uuid]) -> Result<()> {
    link::note(app, &**tx, who, line).await?;
    let kind = match line.what {
        LinkWhat::Unmerged => "requester.unmerged",
        _ => "requester.merged",
    };
    let details = json!({
        "from": line.from, "into": line.into, "moved": moved, "proof": line.proof, "reason": line.reason,
    });
    audit::record(app, &**tx, who, kind, "requester", line.from, details).await?;
    let facts = json!({
        "from": line.from, "into": line.into, "moved": moved, "proof": line.proof, "by": who.user_id,
    });
    app.events.publish(tx, kind, line.from, facts).await?;
    news(app, tx, line);
    Ok(())
}

/// Tells the open pages.
pub(crate) fn news(app: &App, tx: &Tx, line: Line<'_>) {
    let audience = Audience::Permission(ViewRequesters::CODE);
    let data: Value = json!({ "what": line.what, "ids": [line.from, line.into] });
    app.live.publish_after(tx, audience, "requester", data);
}
