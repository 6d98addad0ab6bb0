//! The rows of posts. One row holds its holder, so that two people never share a post, and a unique index keeps one
//! person from two.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::versioned;
use kernel::{App, Tx};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect as _,
};
use uuid::Uuid;

use super::Holding;
use crate::staff::store::row as staff_row;
use kernel::day;

kernel::table! {
    /// One post.
    pub mod row = "posts" (id: String) {
        name: String,
        opens_on: Option<String>,
        holder_id: Option<Uuid>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// Who held it when.
    pub mod holding = "post_holdings" (id: Uuid) {
        post_id: String,
        staff_id: Uuid,
        from_day: String,
        until_day: Option<String>,
        reason: Option<String>,
    }
}

kernel::versioned!(row, |post| format!("post `{}`", post.id));

/// The posts in their order.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Id)
        .all(conn)
        .await?)
}

/// Who held a post at any time since `from`, the first first.
pub(crate) async fn holdings(
    conn: &impl ConnectionTrait,
    from: Option<NaiveDate>,
) -> Result<Vec<holding::Model>> {
    let mut select = holding::Entity::find();
    if let Some(from) = from {
        let still = Condition::any()
            .add(holding::Column::UntilDay.is_null())
            .add(holding::Column::UntilDay.gte(day::text(from)));
        select = select.filter(still);
    }
    Ok(select
        .order_by_asc(holding::Column::FromDay)
        .all(conn)
        .await?)
}

/// A post that is to be held on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPost {
    /// `Z1`
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The account of who holds it; none while nobody does.
    pub user_id: Option<Uuid>,
}

/// The posts that are to be held on this day, in their order, with who holds each; on a day of handing over the later.
pub(crate) async fn on_day(conn: &impl ConnectionTrait, on: NaiveDate) -> Result<Vec<HeldPost>> {
    let mut holders = BTreeMap::new();
    for row in holdings(conn, Some(on)).await? {
        if row.days()?.covers(on) {
            holders.insert(row.post_id, row.staff_id);
        }
    }
    let people = crate::staff::store::by_ids(conn, holders.values().copied()).await?;
    let mut held = Vec::new();
    for post in all(conn).await? {
        if day::maybe(post.opens_on.as_deref())?.is_none_or(|opens| opens > on) {
            continue;
        }
        let holder = holders.get(&post.id).and_then(|id| people.get(id));
        held.push(HeldPost {
            user_id: holder.and_then(|person| person.user_id),
            id: post.id,
            name: post.name,
        });
    }
    Ok(held)
}

impl holding::Model {
    pub(crate) fn days(&self) -> Result<Holding> {
        Ok(Holding {
            from: day::read(&self.from_day)?,
            until: day::maybe(self.until_day.as_deref())?,
        })
    }
}

/// The post, held until the end of the transaction.
pub(crate) async fn held(tx: &Tx, id: &str) -> Result<row::Model> {
    row::Entity::find_by_id(id.to_owned())
        .lock_exclusive()
        .one(&**tx)
        .await?
        .ok_or_else(|| not_found("post"))
}

fn taken(post: &str) -> Problem {
    refused(
        "post_held",
        format!("post `{post}` is held by somebody else"),
    )
    .with_field("post_id")
    .with_way_out("take him off the post first, or choose a vacant one")
}

/// Gives the post to this person from this day on.
pub(crate) async fn occupy(
    app: &App,
    tx: &Tx,
    staff: &staff_row::Model,
    post_id: &str,
    from: NaiveDate,
) -> Result<()> {
    let before = held(tx, post_id).await?;
    if before.holder_id.is_some() {
        return Err(taken(post_id));
    }
    let last = holding::Entity::find()
        .filter(holding::Column::PostId.eq(post_id))
        .order_by_desc(holding::Column::UntilDay)
        .limit(1)
        .one(&**tx)
        .await?;
    let ended = last.and_then(|last| last.until_day);
    if ended.is_some_and(|ended| day::text(from) < ended) {
        let detail = "somebody else held the post on that day";
        return Err(invalid("from", "post_held_then", detail));
    }
    let mut after = before.clone();
    after.holder_id = Some(staff.id);
    "held".clone_into(&mut after.state);
    versioned::save(app, &**tx, &before, after).await?;
    let row = holding::Model {
        id: app.ids.next(),
        post_id: post_id.to_owned(),
        staff_id: staff.id,
        from_day: day::text(from),
        until_day: None,
        reason: None,
    };
    row.into_active_model().reset_all().insert(&**tx).await?;
    Ok(())
}

/// Takes the post from this person; `last` is his last day on it. Who holds none loses none.
pub(crate) async fn vacate(
    app: &App,
    tx: &Tx,
    staff: &staff_row::Model,
    last: NaiveDate,
    reason: &str,
) -> Result<()> {
    let found = row::Entity::find()
        .filter(row::Column::HolderId.eq(staff.id))
        .lock_exclusive()
        .one(&**tx)
        .await?;
    let Some(before) = found else { return Ok(()) };
    let mut after = before.clone();
    after.holder_id = None;
    "vacant".clone_into(&mut after.state);
    versioned::save(app, &**tx, &before, after).await?;
    let open = holding::Entity::find()
        .filter(holding::Column::StaffId.eq(staff.id))
        .filter(holding::Column::UntilDay.is_null())
        .all(&**tx)
        .await?;
    for row in open {
        let last = day::text(last).max(row.from_day.clone());
        let mut row = row.into_active_model();
        row.until_day = Set(Some(last));
        row.reason = Set(Some(reason.to_owned()));
        row.update(&**tx).await?;
    }
    Ok(())
}
