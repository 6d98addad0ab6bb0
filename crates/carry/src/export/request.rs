//! Handing everything over is asked for by who runs the machine and allowed by the purchaser; then the folder is written
//! by a job, anew where a process that is gone left it in the middle.

use chrono::Utc;
use futures::future::BoxFuture;
use kernel::audit::{self, Who};
use kernel::problem::{Result, internal, not_found, refused};
use kernel::waiting::{Consent, MOST, Waiting, WaitingKind};
use kernel::{App, JobDef, Principal, Tx, versioned, words};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{MANIFEST, Manifest, export, folder_of};
use crate::rights::DecideExports;

/// What waits, by its code.
const WAITING: &str = "carry_export";
/// The job that writes the folder.
const JOB: &str = "carry.export";

words! {
    /// Where a handing over stands.
    ExportState {
        /// 待采购人同意
        Requested = "requested",
        /// 导出中
        Running = "running",
        /// 已完成
        Done = "done",
        /// 已驳回
        Rejected = "rejected",
        /// 已失败: may be begun again.
        Failed = "failed",
    }
}

kernel::table! {
    /// One handing over of everything.
    pub mod row = "carry_exports" (id: Uuid) {
        number: String,
        reason: String,
        state: String,
        requested_by: Option<Uuid>,
        requested_at: DateTimeUtc,
        decided_by: Option<Uuid>,
        decided_at: Option<DateTimeUtc>,
        opinion: Option<String>,
        began_at: Option<DateTimeUtc>,
        ended_at: Option<DateTimeUtc>,
        progress: Option<String>,
        problem: Option<String>,
        manifest_sha256: Option<String>,
        rows: i64,
        files: i64,
        bytes: i64,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |export| format!("export `{}`", export.number));

pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("export"))
}

async fn tell(app: &App, tx: &Tx, who: &Who, row: &row::Model, what: &str) -> Result<()> {
    let facts = json!({
        "number": row.number, "state": row.state, "version": row.version, "rows": row.rows, "bytes": row.bytes,
        "manifest_sha256": row.manifest_sha256, "recipients": recipients(&**tx).await?,
    });
    let action = format!("export.{what}");
    audit::record(
        app,
        &**tx,
        who,
        &action,
        "carry_export",
        row.id,
        facts.clone(),
    )
    .await?;
    app.events.publish(tx, &action, row.id, facts).await
}

async fn recipients(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>> {
    let mut all = Vec::new();
    for role in [kernel::Role::PurchaserAdmin, kernel::Role::SysAdmin] {
        let people = organization::colleagues::holders(conn, role).await?;
        all.extend(people.into_iter().map(|person| person.id));
    }
    Ok(all)
}

pub(crate) async fn ask(app: &App, tx: &Tx, who: &Who, reason: String) -> Result<row::Model> {
    let open = row::Entity::find()
        .filter(row::Column::State.is_in([
            ExportState::Requested.as_str(),
            ExportState::Running.as_str(),
        ]))
        .one(&**tx)
        .await?;
    if let Some(open) = open {
        let detail = format!("{} is not decided or not written yet", open.number);
        return Err(refused("export_open", detail));
    }
    let now = app.clock.now();
    let row = row::Model {
        id: app.ids.next(),
        number: kernel::numbers::next_of_day(&**tx, "YJ-", now).await?,
        reason,
        state: ExportState::Requested.as_str().to_owned(),
        requested_by: who.user_id,
        requested_at: now,
        decided_by: None,
        decided_at: None,
        opinion: None,
        began_at: None,
        ended_at: None,
        progress: None,
        problem: None,
        manifest_sha256: None,
        rows: 0,
        files: 0,
        bytes: 0,
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &row).await?;
    tell(app, tx, who, &row, "requested").await?;
    Ok(row)
}

/// The purchaser says yes or no. Who asked does not say yes himself.
pub(crate) async fn decide(
    app: &App,
    tx: &Tx,
    who: &Who,
    (id, seen): (Uuid, i64),
    (yes, opinion): (bool, Option<String>),
) -> Result<row::Model> {
    let before = versioned::as_read(get(&**tx, id).await?, seen)?;
    if before.state != ExportState::Requested.as_str() {
        return Err(refused(
            "export_decided",
            format!("{} is decided", before.number),
        ));
    }
    if before.requested_by == who.user_id {
        let detail = "who asks for everything does not allow it himself";
        return Err(
            refused("export_own", detail).with_way_out("another person of the purchaser decides")
        );
    }
    let now = app.clock.now();
    let state = if yes {
        ExportState::Running
    } else {
        ExportState::Rejected
    };
    let after = row::Model {
        state: state.as_str().to_owned(),
        decided_by: who.user_id,
        decided_at: Some(now),
        opinion,
        began_at: yes.then_some(now),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    tell(
        app,
        tx,
        who,
        &after,
        if yes { "allowed" } else { "rejected" },
    )
    .await?;
    if yes {
        let payload = json!({ "id": id });
        app.jobs.enqueue(tx, JOB, payload, now).await?;
    }
    Ok(after)
}

/// Begins one that failed anew; it was allowed.
pub(crate) async fn again(
    app: &App,
    tx: &Tx,
    who: &Who,
    (id, seen): (Uuid, i64),
) -> Result<row::Model> {
    let before = versioned::as_read(get(&**tx, id).await?, seen)?;
    if before.state != ExportState::Failed.as_str() {
        return Err(refused(
            "export_not_failed",
            format!("{} has not failed", before.number),
        ));
    }
    let after = row::Model {
        state: ExportState::Running.as_str().to_owned(),
        problem: None,
        ended_at: None,
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    tell(app, tx, who, &after, "begun_again").await?;
    let (payload, now) = (json!({ "id": id }), app.clock.now());
    app.jobs.enqueue(tx, JOB, payload, now).await?;
    Ok(after)
}

/// The job that writes the folder.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::on_demand(JOB, move |payload: Value| {
        let app = app.clone();
        async move {
            let id: Uuid = payload["id"]
                .as_str()
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| internal("an export has an id"))?;
            run(&app, id).await
        }
    })
}

async fn run(app: &App, id: Uuid) -> Result<()> {
    if get(app.db.read(), id).await?.state != ExportState::Running.as_str() {
        return Ok(());
    }
    let folder = folder_of(app, id)?;
    let told = app.clone();
    let progress = move |what: String| -> BoxFuture<'static, Result<()>> {
        let app = told.clone();
        Box::pin(async move {
            edit(&app, id, move |row| row.progress = Some(what)).await?;
            Ok(())
        })
    };
    let made: Result<(Manifest, String)> = async {
        // A folder that is whole already was written by a process that could not say so any more.
        let whole = tokio::fs::try_exists(folder.join(MANIFEST))
            .await
            .map_err(internal)?;
        if whole {
            tokio::fs::remove_dir_all(&folder).await.map_err(internal)?;
        }
        let manifest = export(app, &folder, &progress).await?;
        let bytes = tokio::fs::read(folder.join(MANIFEST))
            .await
            .map_err(internal)?;
        Ok((
            manifest,
            hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes)),
        ))
    }
    .await;
    let now = app.clock.now();
    let count = |many: u64| i64::try_from(many).unwrap_or(i64::MAX);
    let row = match made {
        Ok((manifest, sha256)) => {
            edit(app, id, move |row| {
                ExportState::Done.as_str().clone_into(&mut row.state);
                row.ended_at = Some(now);
                row.progress = None;
                row.manifest_sha256 = Some(sha256);
                row.rows = count(manifest.rows());
                row.files = count(manifest.all().count() as u64);
                row.bytes = count(manifest.bytes());
            })
            .await?
        }
        Err(problem) if problem.code == "shutting_down" => return Err(problem),
        Err(problem) => {
            tracing::error!(export = %id, %problem, "everything was not handed over");
            let detail: String = problem.to_string().chars().take(500).collect();
            edit(app, id, move |row| {
                ExportState::Failed.as_str().clone_into(&mut row.state);
                row.ended_at = Some(now);
                row.problem = Some(detail);
            })
            .await?
        }
    };
    let what = if row.state == ExportState::Done.as_str() {
        "done"
    } else {
        "failed"
    };
    let (app, db) = (app.clone(), app.db.clone());
    db.write(async move |tx| tell(&app, &tx, &Who::system("carry"), &row, what).await)
        .await
}

async fn edit(
    app: &App,
    id: Uuid,
    change: impl FnOnce(&mut row::Model) + Send + 'static,
) -> Result<row::Model> {
    let (app, db) = (app.clone(), app.db.clone());
    db.write(async move |tx| {
        let before = get(&*tx, id).await?;
        let mut after = before.clone();
        change(&mut after);
        versioned::save(&app, &*tx, &before, after).await
    })
    .await
}

/// What waits for the purchaser's yes.
pub(crate) fn waiting(app: &App) -> WaitingKind {
    let app = app.clone();
    WaitingKind::new(WAITING, move |person: Principal| {
        let app = app.clone();
        async move {
            if !person.may::<DecideExports>() {
                return Ok(Vec::new());
            }
            let rows = row::Entity::find()
                .filter(row::Column::State.eq(ExportState::Requested.as_str()))
                .order_by_asc(row::Column::RequestedAt)
                .limit(MOST)
                .all(app.db.read())
                .await?;
            let waiting = rows.into_iter().map(|row| Waiting {
                kind: WAITING,
                id: row.id,
                number: Some(row.number),
                title: row.reason,
                section: None,
                since: row.requested_at.with_timezone(&Utc),
                due_at: None,
                page: format!("/exports?open={}", row.id),
                consent: Some(Consent {
                    path: format!("/api/v1/exports/{}/decide", row.id),
                    body: json!({ "version": row.version, "yes": true }),
                }),
            });
            Ok(waiting.collect())
        }
    })
}
