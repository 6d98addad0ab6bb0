//! The rows of the rule library: texts, versions, who read which.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kernel::audit::Who;
use kernel::problem::{Result, internal, not_found};
use kernel::timer::Alarmed;
use kernel::{App, Role, Side, Tx};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use uuid::Uuid;

use crate::trail::{self, Scribe, Seen};
use crate::{agreed, side};

/// Texts of the library, at most; it is kept by hand.
pub(crate) const MOST: u64 = 500;

kernel::table! {
    /// One text, whatever its versions say.
    pub mod row = "regulations" (id: Uuid) {
        kind: String,
        side: String,
        code: String,
        title: String,
        steps: Json,
        audience: Json,
        current_id: Option<Uuid>,
        n: i32,
        state: String,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::table! {
    /// One version of a text; it never changes.
    pub mod version_row = "regulation_versions" (id: Uuid) {
        regulation_id: Uuid,
        n: i32,
        body: Json,
        change_note: Option<String>,
        published_by: Option<Uuid>,
        published_at: DateTimeUtc,
        due_at: Option<DateTimeUtc>,
        next_alarm_at: Option<DateTimeUtc>,
    }
}

kernel::table! {
    /// That somebody read a version.
    pub mod read_row = "regulation_reads" (id: Uuid) {
        version_id: Uuid,
        user_id: Uuid,
        read_at: DateTimeUtc,
    }
}

use row::Column;

kernel::versioned!(row, |regulation| format!(
    "regulation `{}`",
    regulation.code
));

impl row::Model {
    /// Whose text it is.
    pub fn of(&self) -> Side {
        side::read(&self.side)
    }

    /// Whom it concerns.
    pub fn roles(&self) -> Result<Vec<Role>> {
        serde_json::from_value(self.audience.clone()).map_err(internal)
    }

    /// It is in force.
    pub fn in_force(&self) -> bool {
        self.state == "in_force"
    }
}

/// The texts, by code.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(Column::Code)
        .order_by_asc(Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("regulation"))
}

/// The versions of a text, the newest first.
pub(crate) async fn versions(
    conn: &impl ConnectionTrait,
    regulation: Uuid,
) -> Result<Vec<version_row::Model>> {
    Ok(version_row::Entity::find()
        .filter(version_row::Column::RegulationId.eq(regulation))
        .order_by_desc(version_row::Column::N)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// These versions, by their ids.
pub(crate) async fn versions_by_id(
    conn: &impl ConnectionTrait,
    ids: Vec<Uuid>,
) -> Result<BTreeMap<Uuid, version_row::Model>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = version_row::Entity::find()
        .filter(version_row::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Who read a version, and when.
pub(crate) async fn reads(
    conn: &impl ConnectionTrait,
    version: Uuid,
) -> Result<BTreeMap<Uuid, DateTime<Utc>>> {
    let rows = read_row::Entity::find()
        .filter(read_row::Column::VersionId.eq(version))
        .all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_id, row.read_at))
        .collect())
}

/// Which of these versions somebody read, and when.
pub(crate) async fn read_by(
    conn: &impl ConnectionTrait,
    user: Uuid,
    versions: Vec<Uuid>,
) -> Result<BTreeMap<Uuid, DateTime<Utc>>> {
    if versions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = read_row::Entity::find()
        .filter(read_row::Column::UserId.eq(user))
        .filter(read_row::Column::VersionId.is_in(versions))
        .all(conn)
        .await?;
    let read = rows.into_iter().map(|row| (row.version_id, row.read_at));
    Ok(read.collect())
}

/// Notes that somebody read a version; the first time counts.
pub(crate) async fn confirm(app: &App, tx: &Tx, version: Uuid, user: Uuid) -> Result<bool> {
    let row = read_row::Model {
        id: app.ids.next(),
        version_id: version,
        user_id: user,
        read_at: app.clock.now(),
    };
    let written = read_row::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(&**tx)
        .await?;
    Ok(written > 0)
}

/// What a version says.
pub(crate) struct Text {
    pub body: Vec<String>,
    pub change_note: Option<String>,
}

/// The next version of a text; the row with its number is the caller's to save.
pub(crate) async fn publish(
    app: &App,
    tx: &Tx,
    who: &Who,
    (regulation, n): (Uuid, i32),
    text: Text,
) -> Result<version_row::Model> {
    let now = app.clock.now();
    let service = organization::service_calendar::load(&**tx).await?;
    let rule = agreed::term(&**tx, "regulation.read", now).await?;
    let due = service.deadline(&rule, now).business_due_at;
    let version = version_row::Model {
        id: app.ids.next(),
        regulation_id: regulation,
        n,
        body: json!(text.body),
        change_note: text.change_note,
        published_by: who.user_id,
        published_at: now,
        due_at: Some(due),
        next_alarm_at: Some(due),
    };
    // Nobody is told again of what does not hold any more.
    version_row::Entity::update_many()
        .col_expr(
            version_row::Column::NextAlarmAt,
            Expr::value(Option::<DateTime<Utc>>::None),
        )
        .filter(version_row::Column::RegulationId.eq(regulation))
        .exec(&**tx)
        .await?;
    let made = version.clone().into_active_model().reset_all();
    made.insert(&**tx).await?;
    Ok(version)
}

/// Writes a step down; what is published is told to those who have to read it.
pub(crate) async fn tell(
    app: &App,
    tx: &Tx,
    who: &Who,
    row: &row::Model,
    (what, note): (&str, Option<&str>),
    told: Vec<Uuid>,
) -> Result<()> {
    let facts = json!({
        "number": row.code, "state": row.state, "version": row.version, "recipients": told,
    });
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "regulation",
        id: row.id,
        seen: Seen::Both,
    };
    scribe.tell(what, note, facts).await
}

/// Those whom a text concerns and who have not confirmed its version in force.
pub(crate) async fn missing(conn: &impl ConnectionTrait, row: &row::Model) -> Result<Vec<Uuid>> {
    let Some(current) = row.current_id else {
        return Ok(Vec::new());
    };
    let audience = trail::holders(conn, &row.roles()?).await?;
    let read: BTreeSet<Uuid> = reads(conn, current).await?.into_keys().collect();
    Ok(super::unconfirmed(&audience, &read))
}

/// The versions, as the timer sees them: when the time to read is over.
pub(crate) struct Readings;

impl Alarmed for Readings {
    type Entity = version_row::Entity;
    const HANDLER: &'static str = "liaison.wake_readings";
    const KINDS: &'static [&'static str] = &["regulation.published"];
    const ID: version_row::Column = version_row::Column::Id;
    const AT: version_row::Column = version_row::Column::NextAlarmAt;

    async fn ring(app: App, tx: Tx, due: Vec<version_row::Model>) -> Result<()> {
        let who = Who::system("liaison");
        for version in due {
            let row = get(&*tx, version.regulation_id).await?;
            version_row::Entity::update_many()
                .col_expr(
                    version_row::Column::NextAlarmAt,
                    Expr::value(Option::<DateTime<Utc>>::None),
                )
                .filter(version_row::Column::Id.eq(version.id))
                .exec(&*tx)
                .await?;
            let mut told = missing(&*tx, &row).await?;
            if told.is_empty() || !row.in_force() {
                continue;
            }
            told.extend(trail::desk(&*tx, row.of()).await?);
            told.sort_unstable();
            told.dedup();
            tell(&app, &tx, &who, &row, ("unread", None), told).await?;
        }
        Ok(())
    }
}
