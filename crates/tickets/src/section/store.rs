//! The rows of sections, their members and absences.

use chrono::NaiveDate;
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, not_found, stale};
use kernel::{App, Audience, Permission as _, Principal, Role, Tx};
use sea_orm::QueryOrder;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use super::{Absence, Post};
use crate::rights::ViewSections;

kernel::table! {
    pub(crate) mod row = "sections" (code: String) {
        name: String,
        version: i64,
    }
}

kernel::table! {
    mod member = "section_members" (id: Uuid) {
        section: String,
        user_id: Uuid,
        deputy: bool,
        from_day: String,
        to_day: Option<String>,
    }
}

kernel::table! {
    mod absence = "section_absences" (id: Uuid) {
        section: String,
        user_id: Uuid,
        from_day: String,
        to_day: String,
    }
}

/// A section with its people.
#[derive(Debug, Clone)]
pub(crate) struct Staffed {
    pub section: row::Model,
    pub posts: Vec<Post>,
    pub absences: Vec<Absence>,
}

fn day(text: &str) -> Result<NaiveDate> {
    text.parse().map_err(internal)
}

/// Every section with its people; sections are a handful.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<Staffed>> {
    let sections = row::Entity::find()
        .order_by_asc(row::Column::Code)
        .all(conn)
        .await?;
    let mut staffed = Vec::new();
    for section in sections {
        staffed.push(with_people(conn, section).await?);
    }
    Ok(staffed)
}

async fn with_people(conn: &impl ConnectionTrait, section: row::Model) -> Result<Staffed> {
    let members = member::Entity::find()
        .filter(member::Column::Section.eq(section.code.as_str()))
        .order_by_asc(member::Column::Deputy)
        .order_by_asc(member::Column::FromDay)
        .order_by_asc(member::Column::Id)
        .all(conn)
        .await?;
    let away = absence::Entity::find()
        .filter(absence::Column::Section.eq(section.code.as_str()))
        .order_by_asc(absence::Column::FromDay)
        .all(conn)
        .await?;
    let posts = members.into_iter().map(|row| {
        Ok(Post {
            user_id: row.user_id,
            deputy: row.deputy,
            from_day: day(&row.from_day)?,
            to_day: row.to_day.as_deref().map(day).transpose()?,
        })
    });
    let absences = away.into_iter().map(|row| {
        Ok(Absence {
            user_id: row.user_id,
            from_day: day(&row.from_day)?,
            to_day: day(&row.to_day)?,
        })
    });
    Ok(Staffed {
        posts: posts.collect::<Result<_>>()?,
        absences: absences.collect::<Result<_>>()?,
        section,
    })
}

/// One section with its people.
pub(crate) async fn get(conn: &impl ConnectionTrait, code: &str) -> Result<Staffed> {
    let section = row::Entity::find_by_id(code.to_owned()).one(conn).await?;
    with_people(conn, section.ok_or_else(|| not_found("section"))?).await
}

/// The code, where it is one of a section; a matter may name a section that is gone.
pub(crate) async fn known(
    conn: &impl ConnectionTrait,
    code: Option<&str>,
) -> Result<Option<String>> {
    let Some(code) = code else { return Ok(None) };
    let section = row::Entity::find_by_id(code.to_owned()).one(conn).await?;
    Ok(section.map(|section| section.code))
}

/// Who of a section is on duty on `day`: whom notices go to. Nobody for a section without people.
pub async fn on_duty(
    conn: &impl ConnectionTrait,
    section: &str,
    day: NaiveDate,
) -> Result<Vec<Uuid>> {
    let found = row::Entity::find_by_id(section.to_owned())
        .one(conn)
        .await?;
    let Some(found) = found else {
        return Ok(Vec::new());
    };
    let staffed = with_people(conn, found).await?;
    Ok(super::on_duty(&staffed.posts, &staffed.absences, day))
}

/// Whether somebody may answer for a section on `day`: the purchaser's administrator always, the people of a
/// business section for their own, and for a section without people every business section.
pub(crate) async fn may_answer(
    conn: &impl ConnectionTrait,
    principal: &Principal,
    section: Option<&str>,
    day: NaiveDate,
) -> Result<bool> {
    if principal.roles.contains(&Role::PurchaserAdmin) {
        return Ok(true);
    }
    let Some(section) = section else {
        return Ok(false);
    };
    let posts = get(conn, section).await?.posts;
    let now = || posts.iter().filter(|post| post.covers(day));
    Ok(now().next().is_none() || now().any(|post| post.user_id == principal.user_id))
}

/// Replaces the people of a section.
pub(crate) async fn put_people(
    app: &App,
    tx: &Tx,
    who: &Who,
    (code, version): (&str, i64),
    posts: &[Post],
    absences: &[Absence],
) -> Result<()> {
    let bumped = row::Entity::update_many()
        .col_expr(row::Column::Version, Expr::col(row::Column::Version).add(1))
        .filter(row::Column::Code.eq(code))
        .filter(row::Column::Version.eq(version))
        .exec(&**tx)
        .await?;
    if bumped.rows_affected == 0 {
        get(&**tx, code).await?;
        return Err(stale(&format!("section `{code}`")));
    }
    member::Entity::delete_many()
        .filter(member::Column::Section.eq(code))
        .exec(&**tx)
        .await?;
    absence::Entity::delete_many()
        .filter(absence::Column::Section.eq(code))
        .exec(&**tx)
        .await?;
    for post in posts {
        let row = member::ActiveModel {
            id: Set(app.ids.next()),
            section: Set(code.to_owned()),
            user_id: Set(post.user_id),
            deputy: Set(post.deputy),
            from_day: Set(post.from_day.to_string()),
            to_day: Set(post.to_day.map(|day| day.to_string())),
        };
        member::Entity::insert(row)
            .exec_without_returning(&**tx)
            .await?;
    }
    for away in absences {
        let row = absence::ActiveModel {
            id: Set(app.ids.next()),
            section: Set(code.to_owned()),
            user_id: Set(away.user_id),
            from_day: Set(away.from_day.to_string()),
            to_day: Set(away.to_day.to_string()),
        };
        absence::Entity::insert(row)
            .exec_without_returning(&**tx)
            .await?;
    }
    let people = json!(posts.iter().map(|post| post.user_id).collect::<Vec<_>>());
    let details = json!({ "people": people, "version": version + 1 });
    audit::record(app, &**tx, who, "section.staffed", "section", code, details).await?;
    let news = json!({ "section": code });
    let audience = Audience::Permission(ViewSections::CODE);
    app.live
        .publish_after(tx, audience, "section", news.clone());
    app.events.publish(tx, "section.staffed", code, news).await
}
