//! What becomes of a recording after its call: it is moved to the archive, and looked at from time to time whether it
//! still is what was recorded.

use chrono::{TimeDelta, Utc};
use kernel::problem::Result;
use kernel::{App, Audience, Tx};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition as Where, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde_json::json;
use uuid::Uuid;

use super::archive::Archive;
use super::recording;
use super::rows::call;

/// A recording is looked at again after so many days.
pub(crate) const CHECK_DAYS: &str = "telephony.recording_check_days";
/// Recordings moved or looked at in one go.
const BATCH: u64 = 100;

kernel::words! {
    /// Whether a recording is what was recorded.
    Condition {
        /// 完好
        Good = "good",
        /// 已损坏: its SHA-256 is another.
        Damaged = "damaged",
        /// 文件缺失
        Missing = "missing",
    }
}

kernel::words! {
    /// Where a recording lies.
    Place {
        /// 本机
        Local = "local",
        /// 已上传，本机副本待清理
        Both = "both",
        /// 归档存储
        Archive = "archive",
    }
}

kernel::table! {
    /// The file of a call's recording.
    pub mod file = "recording_files" (
        /// The call.
        call_id: Uuid,
    ) {
        /// `inbound` or `outbound`.
        direction: String,
        /// Code of the queue.
        queue: Option<String>,
        /// The call's end.
        made_at: DateTimeUtc,
        /// Inside the file store, and inside the archive.
        path: String,
        /// Size.
        bytes: Option<i64>,
        /// SHA-256 in hex; none when it could not be read after the call.
        sha256: Option<String>,
        /// [`Place`](super::Place).
        place: String,
        /// When the archive had it, checked.
        archived_at: Option<DateTimeUtc>,
        /// [`Condition`](super::Condition); none before the first look.
        condition: Option<String>,
        /// When it was last looked at.
        checked_at: Option<DateTimeUtc>,
        /// Holds on it that are not released.
        holds: i64,
        /// It is being removed.
        removing_at: Option<DateTimeUtc>,
        /// It is gone.
        removed_at: Option<DateTimeUtc>,
    }
}

/// Enters the file of a call that is over, with its record; a second time nothing happens.
pub(crate) async fn enter(tx: &Tx, row: &call::Model) -> Result<()> {
    let Some(path) = row.recording_path.clone() else {
        return Ok(());
    };
    if row.outcome.is_none() || row.recording_state == "running" {
        return Ok(());
    }
    let file = file::Model {
        call_id: row.id,
        direction: row.direction.clone(),
        queue: row.queue.clone(),
        made_at: row.ended_at.unwrap_or(row.arrived_at),
        path,
        bytes: row.recording_bytes,
        sha256: row.recording_sha256.clone(),
        place: Place::Local.as_str().to_owned(),
        archived_at: None,
        condition: None,
        checked_at: None,
        holds: 0,
        removing_at: None,
        removed_at: None,
    };
    file::Entity::insert(file.into_active_model())
        .on_conflict_do_nothing()
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// The file of a call, if it has one.
pub(crate) async fn of_call(
    conn: &impl ConnectionTrait,
    call: Uuid,
) -> Result<Option<file::Model>> {
    Ok(file::Entity::find_by_id(call).one(conn).await?)
}

fn kept() -> Where {
    Where::all()
        .add(file::Column::RemovedAt.is_null())
        .add(file::Column::RemovingAt.is_null())
}

/// Moves what lies here to the archive: copied, read back and compared, and only then taken away here. How many were
/// moved; the first that could not be is told as the problem after the others were tried.
pub async fn archive_due(app: &App, archive: &Archive) -> Result<usize> {
    let good = Where::any()
        .add(file::Column::Condition.is_null())
        .add(file::Column::Condition.eq(Condition::Good.as_str()));
    let waiting = file::Entity::find()
        .filter(kept())
        .filter(good)
        .filter(file::Column::Place.is_in([Place::Local.as_str(), Place::Both.as_str()]))
        .filter(file::Column::Sha256.is_not_null())
        .order_by_asc(file::Column::MadeAt)
        .order_by_asc(file::Column::CallId)
        .limit(BATCH)
        .all(app.db.read())
        .await?;
    let (mut moved, mut problem) = (0, None);
    for file in waiting {
        let call = file.call_id;
        match archive_one(app, archive, file).await {
            Ok(done) => moved += usize::from(done),
            Err(error) => {
                tracing::warn!(%call, %error, "recording not moved; tried again later");
                problem.get_or_insert(error);
            }
        }
    }
    match problem {
        Some(problem) => {
            app.live.publish(
                Audience::Permission("telephony:view"),
                "alarm",
                json!({ "code": "recording_store_failing", "detail": problem.detail }),
            );
            Err(problem)
        }
        None => Ok(moved),
    }
}

async fn archive_one(app: &App, archive: &Archive, file: file::Model) -> Result<bool> {
    let local = app.files.local_path(&file.path)?;
    if file.place == Place::Local.as_str() {
        // Never upload what is not the recording any more: the good copy may be in a backup.
        let found = look(app, None, &file).await?;
        if found != Condition::Good {
            note(app, &file, found).await?;
            return Ok(false);
        }
        archive.put(&file.path, &local).await?;
        let (_, stored) = archive.measure(&file.path).await?;
        if Some(&stored) != file.sha256.as_ref() {
            return Err(kernel::problem::unavailable(
                "recording_store_altered",
                "what was stored is not what was sent",
            ));
        }
        place(app, file.call_id, Place::Both).await?;
    }
    // A process killed here leaves two good copies, and the next run goes on from them.
    app.files.remove(&file.path).await?;
    place(app, file.call_id, Place::Archive).await?;
    Ok(true)
}

async fn place(app: &App, call: Uuid, place: Place) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write(async move |tx| {
            let mut update = file::Entity::update_many()
                .col_expr(file::Column::Place, Expr::value(place.as_str()))
                .filter(file::Column::CallId.eq(call));
            if place == Place::Both {
                update = update.col_expr(file::Column::ArchivedAt, Expr::value(now));
            }
            update.exec(&*tx).await?;
            Ok(())
        })
        .await
}

/// Whether a file is what was recorded. An error when nobody can say, because a disk or a store does not answer.
pub(crate) async fn look(
    app: &App,
    archive: Option<&Archive>,
    file: &file::Model,
) -> Result<Condition> {
    let measured = match (file.place == Place::Archive.as_str(), archive) {
        (true, Some(archive)) => archive.measure(&file.path).await,
        (true, None) => Err(no_archive()),
        (false, _) => recording::measure(app.files.local_path(&file.path)?)
            .await
            .map_err(recording::unread),
    };
    match measured {
        Ok((_, sha256)) => match &file.sha256 {
            Some(recorded) if *recorded != sha256 => Ok(Condition::Damaged),
            _ => Ok(Condition::Good),
        },
        Err(problem) if problem.status == 404 => Ok(Condition::Missing),
        Err(problem) => Err(problem),
    }
}

pub(crate) fn no_archive() -> kernel::Problem {
    kernel::problem::unavailable(
        "recording_store_missing",
        "the recording lies in a store that the settings do not name any more",
    )
    .with_way_out("set recordings.store as it was")
}

/// Writes down what was found. What is newly damaged or missing is told.
pub(crate) async fn note(app: &App, file: &file::Model, found: Condition) -> Result<()> {
    let now = app.clock.now();
    let new = found != Condition::Good && file.condition.as_deref() != Some(found.as_str());
    let (app, call, path) = (app.clone(), file.call_id, file.path.clone());
    let db = app.db.clone();
    if new {
        tracing::error!(%call, path, condition = found.as_str(), "a recording is not what it was");
    }
    db.write(async move |tx| {
        file::Entity::update_many()
            .col_expr(file::Column::Condition, Expr::value(found.as_str()))
            .col_expr(file::Column::CheckedAt, Expr::value(now))
            .filter(file::Column::CallId.eq(call))
            .exec(&*tx)
            .await?;
        if new {
            let told = json!({ "call_id": call, "condition": found, "path": path, "at": now });
            app.events
                .publish(&tx, "recording.not_intact", call, told)
                .await?;
            let alarm = json!({ "code": "recording_not_intact", "detail": found, "call_id": call });
            let live = app.live.clone();
            tx.on_commit(move || {
                live.publish(Audience::Permission("telephony:view"), "alarm", alarm);
            });
        }
        Ok(())
    })
    .await
}

/// What a round of looking found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// As they were recorded.
    pub good: usize,
    /// Not as they were recorded.
    pub damaged: usize,
    /// Not there.
    pub missing: usize,
    /// Nobody could say.
    pub unknown: usize,
}

/// Looks at every recording that was not looked at for as many days as the parameter says.
pub async fn check_due(app: &App, archive: Option<&Archive>) -> Result<Checked> {
    let now = app.clock.now();
    let days = app.params.get_i64(CHECK_DAYS, now).await?;
    let before = now - TimeDelta::days(days.max(1)) + TimeDelta::hours(1);
    let mut checked = Checked::default();
    let mut after: Option<Uuid> = None;
    loop {
        let due = Where::any()
            .add(file::Column::CheckedAt.is_null())
            .add(file::Column::CheckedAt.lt::<chrono::DateTime<Utc>>(before));
        let page = file::Entity::find()
            .filter(kept())
            .filter(due)
            .filter(Where::all().add_option(after.map(|id| file::Column::CallId.gt(id))))
            .order_by_asc(file::Column::CallId)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        let Some(last) = page.last() else {
            return Ok(checked);
        };
        after = Some(last.call_id);
        for file in page {
            match look(app, archive, &file).await {
                Ok(found) => {
                    match found {
                        Condition::Good => checked.good += 1,
                        Condition::Damaged => checked.damaged += 1,
                        Condition::Missing => checked.missing += 1,
                    }
                    note(app, &file, found).await?;
                }
                Err(problem) => {
                    tracing::warn!(call = %file.call_id, %problem, "recording not looked at");
                    checked.unknown += 1;
                }
            }
        }
    }
}
