//! The deletion itself, by a job: kind by kind of the inventory of personal information, each with its line of the
//! certificate, so that a process that was killed goes on where it was. What the inventory keeps by law is told with its
//! reason and its last day, what a hold keeps is told as held.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use kernel::audit::Who;
use kernel::problem::{Result, internal, refused};
use kernel::{App, Forgets, JobDef, Tx, day, forget, rule};
use requesters::privacy::inventory::PersonalInformation;
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, ReturnLineKind, line};
use super::{Action, ReturnState};
use crate::export::folders;
use crate::house::TheHouse;

/// The job, as the certificate names it.
pub(super) const JOB: &str = "carry.delete_returned";
/// The code of recordings in the inventory: a hold keeps them, so they have a way of their own.
pub const RECORDINGS: &str = "recordings";
/// The code of tickets: by which words they are found goes with them.
const TICKETS: &str = "tickets";
/// The code of the folders that were handed over, which are copies of everything.
const FOLDERS: &str = "export_folders";

/// What the inventory declares now.
async fn inventory(app: &App, conn: &impl ConnectionTrait) -> Result<Vec<PersonalInformation>> {
    rule::in_force::<PersonalInformation>(conn, app.clock.now()).await
}

/// Refuses a deletion that could not do what its certificate would say: of what is not kept, each column is known.
pub(super) async fn must_be_able(
    app: &App,
    conn: &impl ConnectionTrait,
    forgets: &[Forgets],
) -> Result<()> {
    let known: BTreeSet<String> = forgets.iter().map(Forgets::name).collect();
    let goes = inventory(app, conn).await?.into_iter();
    let goes = goes.filter(|row| row.kept_at_end.is_none() && row.code != RECORDINGS);
    let unknown: Vec<String> = goes
        .flat_map(|row| row.columns)
        .filter(|column| !known.contains(column))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let detail = format!("{} cannot be deleted by the system", unknown.join(", "));
    Err(refused("data_return_cannot_delete", detail)
        .with_way_out("say in the inventory of personal information which law keeps them")
        .with("columns", unknown))
}

/// The job that deletes.
pub(crate) fn job(app: &App, house: TheHouse) -> JobDef {
    let app = app.clone();
    JobDef::on_demand(JOB, move |payload: Value| {
        let (app, house) = (app.clone(), house.clone());
        async move {
            let id: Uuid = payload["id"]
                .as_str()
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| internal("a data return has an id"))?;
            run(&app, &house, id).await
        }
    })
}

async fn run(app: &App, house: &TheHouse, id: Uuid) -> Result<()> {
    let conn = app.db.read();
    if store::get(conn, id).await?.state != ReturnState::Deleting.as_str() {
        return Ok(());
    }
    let told = store::lines(conn, id).await?;
    let by_job = [ReturnLineKind::Deleted, ReturnLineKind::Kept].map(ReturnLineKind::as_str);
    let told = told
        .into_iter()
        .filter(|line| by_job.contains(&line.kind.as_str()));
    let told: BTreeSet<String> = told.map(|line| line.code).collect();
    let forgets = house.forgets();
    // The inventory may have changed since it was asked for.
    must_be_able(app, conn, &forgets).await?;
    for row in inventory(app, conn).await? {
        if !told.contains(&row.code) {
            delete(app, house, id, &row, &forgets).await?;
        }
    }
    if !told.contains(FOLDERS) {
        let files = remove_folders(app).await?;
        let mut line = said(app, id, ReturnLineKind::Deleted, FOLDERS, "数据移交文件夹");
        line.files = Some(files);
        write(app, line).await?;
    }
    let (db, app) = (app.db.clone(), app.clone());
    db.write(async move |tx| {
        let before = store::get(&*tx, id).await?;
        let now = app.clock.now();
        let step = (Action::Finish, "deleted");
        let who = Who::system("carry");
        store::act(&app, &tx, &who, &before, step, |after| {
            after.deleted_at = Some(now);
        })
        .await?;
        Ok(())
    })
    .await
}

async fn delete(
    app: &App,
    house: &TheHouse,
    id: Uuid,
    row: &PersonalInformation,
    forgets: &[Forgets],
) -> Result<()> {
    if let Some(kept) = &row.kept_at_end {
        let mut line = said(app, id, ReturnLineKind::Kept, &row.code, &row.what);
        line.how.clone_from(&kept.why);
        line.until_day = Some(day::text(kept.until(day::today(app))));
        return write(app, line).await;
    }
    let mut line = said(app, id, ReturnLineKind::Deleted, &row.code, &row.what);
    if row.code == RECORDINGS {
        let recordings = house.remove_recordings().await?;
        line.files = Some(count(recordings.gone)?);
        if recordings.held > 0 {
            let mut held = said(app, id, ReturnLineKind::Held, &row.code, &row.what);
            held.files = Some(count(recordings.held)?);
            "证据保全，解除后按保存期限删除".clone_into(&mut held.how);
            write(app, held).await?;
        }
        return write(app, line).await;
    }
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    let of_row = forgets
        .iter()
        .filter(|one| row.columns.contains(&one.name()));
    for one in of_row {
        let gone = forget::everybody(app, *one).await?;
        let of_table = rows.entry(one.table).or_default();
        *of_table = gone.max(*of_table);
    }
    if row.code == TICKETS {
        app.db
            .write(async move |tx| tickets::forget_words(&tx).await)
            .await?;
    }
    line.rows = Some(count(rows.values().sum())?);
    write(app, line).await
}

fn count(many: u64) -> Result<i64> {
    i64::try_from(many).map_err(internal)
}

/// A line of what the job does now.
fn said(app: &App, id: Uuid, kind: ReturnLineKind, code: &str, what: &str) -> line::Model {
    line::Model {
        return_id: id,
        kind: kind.as_str().to_owned(),
        code: code.to_owned(),
        what: what.to_owned(),
        rows: None,
        files: None,
        how: JOB.to_owned(),
        until_day: None,
        done_on: day::text(day::today(app)),
        at: app.clock.now(),
        by_id: None,
    }
}

/// Writes a line; what another run of the job said of the same kind is added to.
async fn write(app: &App, mut line: line::Model) -> Result<()> {
    app.db
        .write(async move |tx| {
            let key = (line.return_id, line.kind.clone(), line.code.clone());
            if let Some(said) = line::Entity::find_by_id(key).one(&*tx).await? {
                let sum = |one: Option<i64>, other: Option<i64>| match (one, other) {
                    (Some(one), Some(other)) => Some(one.saturating_add(other)),
                    (one, other) => one.or(other),
                };
                line.rows = sum(line.rows, said.rows);
                if line.kind == ReturnLineKind::Deleted.as_str() {
                    line.files = sum(line.files, said.files);
                }
            }
            store::say(&*tx, line).await
        })
        .await
}

/// Takes the folders away that were handed over; how many files lay in them.
async fn remove_folders(app: &App) -> Result<i64> {
    let folder = folders(app)?;
    let counted = folder.clone();
    let files = tokio::task::spawn_blocking(move || files_in(&counted));
    let files = files.await.map_err(internal)?.map_err(internal)?;
    match tokio::fs::remove_dir_all(&folder).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(internal(error)),
        _ => count(files),
    }
}

fn files_in(folder: &std::path::Path) -> std::io::Result<u64> {
    let mut many = 0;
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                next.push(entry.path());
            } else {
                many += 1;
            }
        }
    }
    Ok(many)
}

/// Enqueues the deletion of a return.
pub(super) async fn begin(app: &App, tx: &Tx, id: Uuid) -> Result<()> {
    let (payload, now) = (json!({ "id": id }), app.clock.now());
    app.jobs.enqueue(tx, JOB, payload, now).await?;
    Ok(())
}
