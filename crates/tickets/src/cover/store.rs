//! The rows of covers and absences, and who is there now.

use std::collections::{BTreeMap, HashSet};

use calendar::ServiceClock;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, stale};
use kernel::{App, Audience, Permission as _, Role, Tx};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use super::{Cover, Duty};
use crate::rights::ViewCovers;
use crate::section::{Absence, today};

kernel::table! {
    mod plan = "cover_plans" (owner_id: Uuid) {
        version: i64,
    }
}

kernel::table! {
    mod cover = "covers" (id: Uuid) {
        owner_id: Uuid,
        user_id: Uuid,
        deputy: bool,
        from_day: String,
        to_day: Option<String>,
    }
}

kernel::table! {
    mod absence = "owner_absences" (id: Uuid) {
        user_id: Uuid,
        from_day: String,
        to_day: String,
    }
}

/// What the lead set for one owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub version: i64,
    pub covers: Vec<Cover>,
    pub absences: Vec<Absence>,
}

fn day(text: &str) -> Result<NaiveDate> {
    text.parse().map_err(internal)
}

fn read(row: &cover::Model) -> Result<Cover> {
    Ok(Cover {
        owner_id: row.owner_id,
        user_id: row.user_id,
        deputy: row.deputy,
        from_day: day(&row.from_day)?,
        to_day: row.to_day.as_deref().map(day).transpose()?,
    })
}

/// Rows that count on `day`. Days are text that sorts by time.
fn on(day: &str) -> Condition {
    Condition::all()
        .add(cover::Column::FromDay.lte(day))
        .add(not_before(day))
}

/// Who is there at `now`. As many queries for one owner as for all: the people of a hotline are few.
pub(crate) async fn duty(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    service: &ServiceClock,
) -> Result<Duty> {
    let day = today(now).to_string();
    let covers = cover::Entity::find()
        .filter(on(&day))
        .order_by_asc(cover::Column::Deputy)
        .order_by_asc(cover::Column::FromDay)
        .order_by_asc(cover::Column::Id)
        .all(conn)
        .await?;
    let absent = absent(conn, &day).await?;
    let signed_in = if service.is_open(now) {
        let open = floor::agent_state::store::open_sessions(conn).await?;
        Some(open.into_iter().map(|session| session.agent_id).collect())
    } else {
        None
    };
    let ids = async |role| -> Result<Vec<Uuid>> {
        let people = organization::colleagues::holders(conn, role).await?;
        Ok(people.into_iter().map(|person| person.id).collect())
    };
    Ok(Duty {
        covers: covers.iter().map(read).collect::<Result<_>>()?,
        absent,
        agents: ids(Role::Agent).await?.into_iter().collect(),
        leads: ids(Role::ShiftLead).await?,
        others: ids(Role::OpsManager).await?.into_iter().collect(),
        signed_in,
    })
}

/// Who is away all the day of `now`, as the lead wrote down.
pub(crate) async fn absent_today(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<HashSet<Uuid>> {
    absent(conn, &today(now).to_string()).await
}

async fn absent(conn: &impl ConnectionTrait, day: &str) -> Result<HashSet<Uuid>> {
    let away: Vec<Uuid> = absence::Entity::find()
        .select_only()
        .column(absence::Column::UserId)
        .filter(absence::Column::FromDay.lte(day))
        .filter(absence::Column::ToDay.gte(day))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(away.into_iter().collect())
}

/// The owners whom `user` is named to stand in for today, whether they are there or not.
pub(crate) async fn named_for(
    conn: &impl ConnectionTrait,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let owners: HashSet<Uuid> = cover::Entity::find()
        .select_only()
        .column(cover::Column::OwnerId)
        .filter(cover::Column::UserId.eq(user))
        .filter(on(&today(now).to_string()))
        .into_tuple()
        .all(conn)
        .await?
        .into_iter()
        .collect();
    Ok(owners.into_iter().collect())
}

/// What is set from `from` on, by owner.
pub(crate) async fn plans(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
) -> Result<BTreeMap<Uuid, Plan>> {
    let from = from.to_string();
    let mut plans: BTreeMap<Uuid, Plan> = BTreeMap::new();
    for row in plan::Entity::find().all(conn).await? {
        plans.entry(row.owner_id).or_default().version = row.version;
    }
    let covers = cover::Entity::find()
        .filter(not_before(&from))
        .order_by_asc(cover::Column::Deputy)
        .order_by_asc(cover::Column::FromDay)
        .order_by_asc(cover::Column::Id)
        .all(conn)
        .await?;
    for row in covers {
        plans
            .entry(row.owner_id)
            .or_default()
            .covers
            .push(read(&row)?);
    }
    let absences = absence::Entity::find()
        .filter(absence::Column::ToDay.gte(from.as_str()))
        .order_by_asc(absence::Column::FromDay)
        .all(conn)
        .await?;
    for row in absences {
        plans
            .entry(row.user_id)
            .or_default()
            .absences
            .push(Absence {
                user_id: row.user_id,
                from_day: day(&row.from_day)?,
                to_day: day(&row.to_day)?,
            });
    }
    Ok(plans)
}

/// Not over before `day`.
fn not_before(day: &str) -> Condition {
    Condition::any()
        .add(cover::Column::ToDay.is_null())
        .add(cover::Column::ToDay.gte(day))
}

/// Replaces the covers and absences of an owner from today on; `plan.version` is the version that was read, 0 for
/// none. What is over stays.
pub(crate) async fn put(app: &App, tx: &Tx, who: &Who, owner: Uuid, plan: Plan) -> Result<()> {
    let (conn, today) = (&**tx, today(app.clock.now()).to_string());
    let before = plan::Entity::find_by_id(owner).one(conn).await?;
    let version = plan.version + 1;
    let written = plan::ActiveModel {
        owner_id: Set(owner),
        version: Set(version),
    };
    let changed = if before.is_none() && plan.version == 0 {
        let first = OnConflict::column(plan::Column::OwnerId)
            .do_nothing()
            .to_owned();
        plan::Entity::insert(written)
            .on_conflict(first)
            .exec_without_returning(conn)
            .await?
    } else {
        let update = plan::Entity::update_many()
            .set(written)
            .filter(plan::Column::OwnerId.eq(owner))
            .filter(plan::Column::Version.eq(plan.version));
        update.exec(conn).await?.rows_affected
    };
    if changed == 0 {
        return Err(stale("who stands in for this person"));
    }
    cover::Entity::delete_many()
        .filter(cover::Column::OwnerId.eq(owner))
        .filter(not_before(&today))
        .exec(conn)
        .await?;
    absence::Entity::delete_many()
        .filter(absence::Column::UserId.eq(owner))
        .filter(absence::Column::ToDay.gte(today.as_str()))
        .exec(conn)
        .await?;
    let covers = plan.covers.iter().map(|cover| cover::ActiveModel {
        id: Set(app.ids.next()),
        owner_id: Set(owner),
        user_id: Set(cover.user_id),
        deputy: Set(cover.deputy),
        from_day: Set(cover.from_day.to_string()),
        to_day: Set(cover.to_day.map(|day| day.to_string())),
    });
    let absences = plan.absences.iter().map(|away| absence::ActiveModel {
        id: Set(app.ids.next()),
        user_id: Set(owner),
        from_day: Set(away.from_day.to_string()),
        to_day: Set(away.to_day.to_string()),
    });
    let (covers, absences): (Vec<_>, Vec<_>) = (covers.collect(), absences.collect());
    if !covers.is_empty() {
        cover::Entity::insert_many(covers)
            .exec_without_returning(conn)
            .await?;
    }
    if !absences.is_empty() {
        absence::Entity::insert_many(absences)
            .exec_without_returning(conn)
            .await?;
    }
    let people = plan.covers.iter().map(|cover| cover.user_id);
    let away = plan.absences.iter();
    let away = away.map(|away| format!("{}..{}", away.from_day, away.to_day));
    let details = json!({ "covers": people.collect::<Vec<_>>(), "absences": away.collect::<Vec<_>>(),
        "version": version });
    audit::record(app, conn, who, "cover.set", "user", owner, details).await?;
    let news = json!({ "owner_id": owner });
    let audience = Audience::Permission(ViewCovers::CODE);
    app.live.publish_after(tx, audience, "cover", news.clone());
    app.events.publish(tx, "cover.set", owner, news).await
}
