//! The evidence package of a leak: by one click all traces of one person in a time, with the agreement he signed, in
//! one file that is frozen, kept, and can be checked against its digest and the trail at any time.

use std::io::ErrorKind;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::{Actor, App, Audience, JobDef, numbers, words};
use organization::export::store::export;
use organization::{Colleague, colleagues};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::gather::{self, Archive, Range, Trail};
use super::{hidden, store};
use crate::qualification::Item;
use crate::rights::{BuildLeakPackages, ViewLeaks};
use crate::staff::{file, store as staff};

const JOB: &str = "personnel.build_leak_package";
const CHECK: &str = "personnel.check_leak_package";
/// A check that is not over by then may be asked for again.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// How long the sealer may need for the last rows; it looks every half second.
const SEALED_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether they are sealed.
const LOOK: Duration = Duration::from_millis(200);
/// The longest time of one package.
const LONGEST: TimeDelta = TimeDelta::days(731);
/// Packages of one leak.
const MOST: u64 = 50;
/// Bytes read at a time.
const PIECE: u64 = 256 << 10;
/// Rows of the export log read at a time, and at most.
const MOST_EXPORTS: u64 = 20_000;

words! {
    /// Where a package stands.
    PackageState {
        /// 收集中
        Building = "building",
        /// 已固定
        Frozen = "frozen",
        /// 未完成
        Failed = "failed",
    }
}

words! {
    /// What a check found.
    PackageFinding {
        /// 一致
        Equal = "equal",
        /// 不一致
        Changed = "changed",
        /// 文件不在
        Missing = "missing",
    }
}

kernel::table! {
    pub mod row = "leak_packages" (id: Uuid) {
        number: String,
        case_id: Uuid,
        user_id: Uuid,
        from_at: DateTimeUtc,
        to_at: DateTimeUtc,
        state: String,
        done: i64,
        path: Option<String>,
        bytes: Option<i64>,
        sha256: Option<String>,
        trail_sha256: Option<String>,
        manifest_sha256: Option<String>,
        head_seq: Option<i64>,
        head_hash: Option<String>,
        asked_by: Option<Uuid>,
        asked_at: DateTimeUtc,
        frozen_at: Option<DateTimeUtc>,
        checked_at: Option<DateTimeUtc>,
        file_finding: Option<String>,
        trail_finding: Option<String>,
        check_asked_at: Option<DateTimeUtc>,
        checked_rows: i64,
    }
}

/// A package of evidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeakPackageView {
    /// Identifies it.
    pub id: Uuid,
    /// `ZJ-20261126-001`
    pub number: String,
    /// Whose traces.
    pub person: Option<Colleague>,
    /// From this time on.
    pub from: DateTime<Utc>,
    /// Before this time.
    pub to: DateTime<Utc>,
    /// Where it stands.
    pub state: String,
    /// Rows gathered so far.
    pub done: i64,
    /// Size.
    pub bytes: Option<i64>,
    /// SHA-256 of the whole file.
    pub sha256: Option<String>,
    /// Head of the audit chain when it was frozen: number and hash.
    pub head: Option<String>,
    /// Who asked.
    pub asked_by: Option<Colleague>,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// When it was frozen.
    pub frozen_at: Option<DateTime<Utc>>,
    /// A check is under way.
    pub checking: bool,
    /// Rows of the trail that this check has read so far.
    pub checked_rows: i64,
    /// When it was last checked.
    pub checked_at: Option<DateTime<Utc>>,
    /// The file against its digest: `equal`, `changed` or `missing`.
    pub file_finding: Option<String>,
    /// The trail as it stands now against the package: `equal` or `changed`.
    pub trail_finding: Option<String>,
}

/// The packages of a leak, the newest first.
pub(crate) async fn views(
    conn: &impl ConnectionTrait,
    case_id: Uuid,
) -> Result<Vec<LeakPackageView>> {
    let rows = row::Entity::find()
        .filter(row::Column::CaseId.eq(case_id))
        .order_by_desc(row::Column::AskedAt)
        .limit(MOST)
        .all(conn)
        .await?;
    shown(conn, rows).await
}

async fn shown(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<LeakPackageView>> {
    let people = rows
        .iter()
        .flat_map(|row| [Some(row.user_id), row.asked_by])
        .flatten();
    let known = colleagues(conn, people.collect::<Vec<_>>()).await?;
    let views = rows.into_iter().map(|row| LeakPackageView {
        person: known.get(&row.user_id).cloned(),
        asked_by: row.asked_by.and_then(|id| known.get(&id).cloned()),
        head: row
            .head_seq
            .zip(row.head_hash)
            .map(|(seq, hash)| format!("{seq} {hash}")),
        id: row.id,
        number: row.number,
        from: row.from_at,
        to: row.to_at,
        state: row.state,
        done: row.done,
        bytes: row.bytes,
        sha256: row.sha256,
        asked_at: row.asked_at,
        frozen_at: row.frozen_at,
        checking: row.check_asked_at.is_some(),
        checked_rows: row.checked_rows,
        checked_at: row.checked_at,
        file_finding: row.file_finding,
        trail_finding: row.trail_finding,
    });
    Ok(views.collect())
}

async fn view(conn: &impl ConnectionTrait, row: row::Model) -> Result<Json<LeakPackageView>> {
    let shown = shown(conn, vec![row]).await?.pop();
    shown
        .map(Json)
        .ok_or_else(|| internal("a package is shown"))
}

/// A leak has evidence that is frozen.
pub(crate) async fn is_frozen(conn: &impl ConnectionTrait, case_id: Uuid) -> Result<bool> {
    let found = row::Entity::find()
        .filter(row::Column::CaseId.eq(case_id))
        .filter(row::Column::State.eq(PackageState::Frozen.as_str()))
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// The routes of packages.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(build))
        .routes(routes!(show))
        .routes(routes!(download))
        .routes(routes!(verify))
        .with_state(app.clone())
}

/// Whose traces, and of which time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLeakPackage {
    /// The user.
    user_id: Uuid,
    /// From this time on.
    from: DateTime<Utc>,
    /// Before this time; until now when left out.
    to: Option<DateTime<Utc>>,
}

/// Gathers the traces of a person in a time and freezes them as one file.
#[utoipa::path(
    post, path = "/api/v1/leaks/{id}/packages", tag = "leaks", operation_id = "build_leak_package",
    params(("id" = Uuid, Path)), request_body = NewLeakPackage,
    responses((status = 202, body = LeakPackageView), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn build(
    actor: Actor<BuildLeakPackages>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(new): Json<NewLeakPackage>,
) -> Result<(StatusCode, Json<LeakPackageView>)> {
    let now = app.clock.now();
    let to = new.to.unwrap_or(now).min(now);
    if new.from >= to || to - new.from > LONGEST {
        let detail = "from before to, at most two years";
        return Err(invalid("from", "period_invalid", detail));
    }
    let conn = app.db.read();
    let leak = store::get(conn, actor.principal(), id).await?;
    hidden::must_be_gathered_of(conn, actor.principal(), new.user_id).await?;
    if leak.open {
        let (db, services, who) = (app.db.clone(), app.clone(), actor.who());
        let made = db
            .write(move |tx| async move {
                let app = services;
                // Asked inside the write, so that two at once do not pass together.
                let there = row::Entity::find().filter(row::Column::CaseId.eq(id));
                if there.count(&*tx).await? >= MOST {
                    let detail = "a leak has at most 50 evidence packages";
                    return Err(refused("leak_packages_full", detail)
                        .with_way_out("use a package that is there, or report a leak of its own"));
                }
                let made = row::Model {
                    id: app.ids.next(),
                    number: numbers::next_of_day(&*tx, "ZJ-", now).await?,
                    case_id: id,
                    user_id: new.user_id,
                    from_at: new.from,
                    to_at: to,
                    state: PackageState::Building.as_str().to_owned(),
                    done: 0,
                    path: None,
                    bytes: None,
                    sha256: None,
                    trail_sha256: None,
                    manifest_sha256: None,
                    head_seq: None,
                    head_hash: None,
                    asked_by: who.user_id,
                    asked_at: now,
                    frozen_at: None,
                    checked_at: None,
                    file_finding: None,
                    trail_finding: None,
                    check_asked_at: None,
                    checked_rows: 0,
                };
                row::Entity::insert(made.clone().into_active_model().reset_all())
                    .exec_without_returning(&*tx)
                    .await?;
                let payload = json!({ "package_id": made.id });
                app.jobs.enqueue(&tx, JOB, payload, now).await?;
                let note = made.number.clone();
                let facts =
                    json!({ "state": leak.state, "version": leak.version, "package": made.number });
                // His open page reads itself again and finds nothing; the news names no leak.
                let news = json!({ "what": "read_again" });
                app.live
                    .publish_after(&tx, Audience::User(made.user_id), "staffing", news);
                let told = ("package_asked", Some(note.as_str()));
                store::write_down(&app, &tx, &who, &leak, told, facts).await?;
                Ok(made)
            })
            .await?;
        let shown = view(app.db.read(), made).await?;
        return Ok((StatusCode::ACCEPTED, shown));
    }
    Err(
        refused("leak_closed", "a closed leak takes no more evidence")
            .with_way_out("the purchaser reopens it"),
    )
}

async fn get(conn: &impl ConnectionTrait, id: Uuid, package: Uuid) -> Result<row::Model> {
    let found = row::Entity::find_by_id(package).filter(row::Column::CaseId.eq(id));
    found.one(conn).await?.ok_or_else(|| not_found("package"))
}

/// One package; `done` tells how far it is.
#[utoipa::path(
    get, path = "/api/v1/leaks/{id}/packages/{package_id}", tag = "leaks", operation_id = "get_leak_package",
    params(("id" = Uuid, Path), ("package_id" = Uuid, Path)),
    responses((status = 200, body = LeakPackageView), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewLeaks>,
    State(app): State<App>,
    Path((id, package)): Path<(Uuid, Uuid)>,
) -> Result<Json<LeakPackageView>> {
    let conn = app.db.read();
    store::get(conn, actor.principal(), id).await?;
    view(conn, get(conn, id, package).await?).await
}

fn frozen(row: &row::Model) -> Result<String> {
    row.path.clone().ok_or_else(|| {
        refused("leak_package_not_frozen", "the package is not frozen yet")
            .with_way_out("wait until it is, or build another one")
    })
}

/// The file of a package. Each download stands in the audit trail.
#[utoipa::path(
    get, path = "/api/v1/leaks/{id}/packages/{package_id}/file", tag = "leaks", operation_id = "download_leak_package",
    params(("id" = Uuid, Path), ("package_id" = Uuid, Path)),
    responses(
        (status = 200, content_type = "application/zip"), (status = 404, body = Problem), (status = 409, body = Problem),
    ),
)]
async fn download(
    actor: Actor<BuildLeakPackages>,
    State(app): State<App>,
    Path((id, package)): Path<(Uuid, Uuid)>,
) -> Result<Response> {
    let conn = app.db.read();
    store::get(conn, actor.principal(), id).await?;
    let row = get(conn, id, package).await?;
    let path = frozen(&row)?;
    let size = app.files.len(&path).await?;
    let (services, who, sha256) = (app.clone(), actor.who(), row.sha256.clone());
    app.db
        .write(move |tx| async move {
            let details = json!({ "leak": id, "sha256": sha256 });
            let (action, kind) = ("leak_package.downloaded", "leak_package");
            audit::record(&services, &*tx, &who, action, kind, package, details).await
        })
        .await?;
    let files = app.files.clone();
    let pieces = futures::stream::try_unfold(0_u64, move |at| {
        let (files, path) = (files.clone(), path.clone());
        async move {
            if at >= size {
                return Ok(None);
            }
            let piece: Bytes = files.get_range(&path, at..(at + PIECE).min(size)).await?;
            // A file that shrank meanwhile ends here; its digest tells.
            let next = if piece.is_empty() {
                size
            } else {
                at + piece.len() as u64
            };
            Ok::<_, Problem>(Some((piece, next)))
        }
    });
    let name = format!("attachment; filename=\"{}.zip\"", row.number);
    Response::builder()
        .header(header::CONTENT_TYPE, "application/zip")
        .header(header::CONTENT_LENGTH, size)
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_DISPOSITION, name)
        .body(Body::from_stream(pieces))
        .map_err(internal)
}

/// Checks a package anew: its file against its digest, and the trail as it stands now against what was frozen. The
/// answer comes at once; `checking` tells when the findings are there.
#[utoipa::path(
    post, path = "/api/v1/leaks/{id}/packages/{package_id}/verify", tag = "leaks", operation_id = "verify_leak_package",
    params(("id" = Uuid, Path), ("package_id" = Uuid, Path)),
    responses((status = 202, body = LeakPackageView), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn verify(
    actor: Actor<BuildLeakPackages>,
    State(app): State<App>,
    Path((id, package)): Path<(Uuid, Uuid)>,
) -> Result<(StatusCode, Json<LeakPackageView>)> {
    let (services, who, now) = (app.clone(), actor.who(), app.clock.now());
    store::get(app.db.read(), actor.principal(), id).await?;
    let asked = app
        .db
        .write(move |tx| async move {
            let app = services;
            let row = get(&*tx, id, package).await?;
            frozen(&row)?;
            if row.check_asked_at.is_some_and(|at| now < at + PATIENCE) {
                return Ok(row);
            }
            let change = row::ActiveModel {
                id: Set(package),
                check_asked_at: Set(Some(now)),
                checked_rows: Set(0),
                ..Default::default()
            };
            row::Entity::update(change).exec(&*tx).await?;
            let payload = json!({ "package_id": package });
            app.jobs.enqueue(&tx, CHECK, payload, now).await?;
            let details = json!({ "leak": id });
            let (action, kind) = ("leak_package.check_asked", "leak_package");
            audit::record(&app, &*tx, &who, action, kind, package, details).await?;
            get(&*tx, id, package).await
        })
        .await?;
    Ok((StatusCode::ACCEPTED, view(app.db.read(), asked).await?))
}

/// The job that checks a package.
pub(crate) fn check_job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::on_demand(CHECK, move |payload| {
        let app = app.clone();
        async move { check(&app, &payload).await }
    })
}

async fn check(app: &App, payload: &Value) -> Result<()> {
    let found = row::Entity::find_by_id(named(payload)?)
        .one(app.db.read())
        .await?;
    // A job that runs twice finds the check done.
    let Some(row) = found.filter(|row| row.check_asked_at.is_some()) else {
        return Ok(());
    };
    let path = frozen(&row)?;
    let same = |is: bool| {
        if is {
            PackageFinding::Equal
        } else {
            PackageFinding::Changed
        }
    };
    let file = match app.files.sha256(&path).await {
        Ok(found) => same(Some(found) == row.sha256),
        Err(problem) if problem.status == StatusCode::NOT_FOUND.as_u16() => PackageFinding::Missing,
        Err(problem) => return Err(problem),
    };
    let mut trail = Trail::of(app, row.range(), None);
    let (mut hash, mut read) = (Sha256::new(), 0);
    while let Some((lines, rows)) = trail.next().await? {
        hash.update(&lines);
        read += i64::try_from(rows).map_err(internal)?;
        set(app, row.id, |change| change.checked_rows = Set(read)).await?;
    }
    let trail = same(Some(hex::encode(hash.finalize())) == row.trail_sha256);
    let (services, id, at) = (app.clone(), row.id, app.clock.now());
    let case_id = row.case_id;
    app.db
        .write(move |tx| async move {
            let change = row::ActiveModel {
                id: Set(id),
                check_asked_at: Set(None),
                checked_at: Set(Some(at)),
                file_finding: Set(Some(file.as_str().to_owned())),
                trail_finding: Set(Some(trail.as_str().to_owned())),
                ..Default::default()
            };
            row::Entity::update(change).exec(&*tx).await?;
            let who = Who::system("personnel");
            let details = json!({ "leak": case_id, "file": file, "trail": trail });
            let (action, kind) = ("leak_package.verified", "leak_package");
            audit::record(&services, &*tx, &who, action, kind, id, details).await
        })
        .await
}

/// The package a job's payload names.
fn named(payload: &Value) -> Result<Uuid> {
    let id = payload["package_id"].as_str().map(Uuid::parse_str);
    id.ok_or_else(|| internal("no package is named"))?
        .map_err(internal)
}

/// What he did until the end of the package is part of the chain, whichever node seals it.
async fn sealed(app: &App, range: Range) -> Result<()> {
    let begun = app.clock.monotonic();
    loop {
        audit::seal(app).await?;
        if !gather::waits_for_seal(app.db.read(), range).await? {
            return Ok(());
        }
        if app.clock.monotonic().saturating_sub(begun) > SEALED_WITHIN {
            return Err(internal("the audit trail is not sealed yet"));
        }
        app.clock.sleep(LOOK).await;
    }
}

impl row::Model {
    fn range(&self) -> Range {
        Range {
            user: self.user_id,
            from: self.from_at,
            to: self.to_at,
        }
    }
}

/// The job that builds a package.
pub(crate) fn job(app: &App) -> JobDef {
    let app = app.clone();
    JobDef::on_demand(JOB, move |payload| {
        let app = app.clone();
        async move { run(&app, &payload).await }
    })
}

async fn run(app: &App, payload: &Value) -> Result<()> {
    let id = named(payload)?;
    let found = row::Entity::find_by_id(id).one(app.db.read()).await?;
    let Some(row) = found.filter(|row| row.state != PackageState::Frozen.as_str()) else {
        return Ok(());
    };
    let built = gathered(app, &row).await;
    if let Err(problem) = &built {
        // It is tried again; until then the page says so.
        tracing::error!(package = row.number, %problem, "evidence waits");
        set(app, id, |change| {
            change.state = Set(PackageState::Failed.as_str().to_owned());
        })
        .await?;
    }
    built
}

async fn set(app: &App, id: Uuid, change: impl FnOnce(&mut row::ActiveModel)) -> Result<()> {
    let mut changed = row::ActiveModel {
        id: Set(id),
        ..Default::default()
    };
    change(&mut changed);
    let write = move |tx: kernel::Tx| async move {
        row::Entity::update(changed).exec(&*tx).await?;
        Ok(())
    };
    app.db.write(write).await
}

async fn gathered(app: &App, row: &row::Model) -> Result<()> {
    let range = row.range();
    sealed(app, range).await?;
    let path = format!("leak-packages/{}.zip", row.id);
    let half = app.files.append_path(&format!("{path}.half")).await?;
    let archive = Archive::begin(half.clone());
    let mut done: u64 = 0;
    for (name, only) in [
        ("audit.jsonl", None),
        ("access.jsonl", Some(gather::looked())),
        ("sign-ins.jsonl", Some(gather::signed_in())),
    ] {
        archive.file(name).await?;
        let mut trail = Trail::of(app, range, only);
        while let Some((lines, rows)) = trail.next().await? {
            archive.put(lines).await?;
            done += rows;
            let so_far = i64::try_from(done).map_err(internal)?;
            set(app, row.id, |change| change.done = Set(so_far)).await?;
        }
    }
    archive.file("exports.jsonl").await?;
    archive.put(exports(app, range).await?).await?;
    agreement(app, row, &archive).await?;
    let chain = audit::verify(app.db.read()).await?;
    let head = chain.head.clone();
    archive.file("chain.json").await?;
    let told = json!({
        "at": app.clock.now(), "head": chain.head, "checked": chain.checked, "whole": chain.is_whole(),
        "broken": chain.broken, "package": row.number, "person": row.user_id, "from": row.from_at, "to": row.to_at,
    });
    archive
        .put(serde_json::to_vec_pretty(&told).map_err(internal)?)
        .await?;
    archive.file("说明.txt").await?;
    archive.put(ABOUT.as_bytes().to_vec()).await?;
    let parts = archive.finish().await?;
    let of = |name: &str| {
        let found = parts.iter().find(|part| part.name == name);
        found.map(|part| part.sha256.clone())
    };
    let place = app.files.local_path(&path)?;
    tokio::fs::rename(&half, &place).await.map_err(failed)?;
    let (sha256, bytes) = (app.files.sha256(&path).await?, app.files.len(&path).await?);
    let (services, id, case_id) = (app.clone(), row.id, row.case_id);
    let (trail_sha256, manifest_sha256) = (of("audit.jsonl"), of("manifest.json"));
    let size = i64::try_from(bytes).map_err(internal)?;
    let number = row.number.clone();
    app.db
        .write(move |tx| async move {
            let app = services;
            let change = row::ActiveModel {
                id: Set(id),
                state: Set(PackageState::Frozen.as_str().to_owned()),
                path: Set(Some(path)),
                bytes: Set(Some(size)),
                sha256: Set(Some(sha256.clone())),
                trail_sha256: Set(trail_sha256),
                manifest_sha256: Set(manifest_sha256),
                head_seq: Set(head.as_ref().map(|head| head.seq)),
                head_hash: Set(head.map(|head| head.hash)),
                frozen_at: Set(Some(app.clock.now())),
                ..Default::default()
            };
            row::Entity::update(change).exec(&*tx).await?;
            let who = Who::system("personnel");
            let details = json!({ "leak": case_id, "sha256": sha256, "bytes": size });
            let (action, kind) = ("leak_package.frozen", "leak_package");
            audit::record(&app, &*tx, &who, action, kind, id, details).await?;
            let leak = store::row::Entity::find_by_id(case_id).one(&*tx).await?;
            let leak = leak.ok_or_else(|| not_found("leak"))?;
            let told = ("package_frozen", Some(number.as_str()));
            store::write_down(&app, &tx, &who, &leak, told, json!({})).await
        })
        .await
}

fn failed(error: std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => not_found("file"),
        _ => internal(error),
    }
}

/// What he took out, as the log of exports says it.
async fn exports(app: &App, range: Range) -> Result<Vec<u8>> {
    let rows = export::Entity::find()
        .filter(export::Column::TakenBy.eq(range.user))
        .filter(export::Column::TakenAt.gte(range.from))
        .filter(export::Column::TakenAt.lt(range.to))
        .order_by_asc(export::Column::TakenAt)
        .limit(MOST_EXPORTS)
        .all(app.db.read())
        .await?;
    let mut lines = Vec::new();
    for row in rows {
        let line = json!({
            "number": row.number, "kind": row.kind, "target": row.target, "rows": row.row_count, "bytes": row.bytes,
            "sha256": row.sha256, "mark": row.mark, "request": row.request_id, "taken_at": row.taken_at,
        });
        serde_json::to_writer(&mut lines, &line).map_err(internal)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The confidentiality agreements in his staff file, with their scans.
async fn agreement(app: &App, row: &row::Model, archive: &Archive) -> Result<()> {
    let conn = app.db.read();
    let Some(person) = staff::of_user(conn, row.user_id).await? else {
        archive.file("nda/nda.json").await?;
        return archive.put(b"[]".to_vec()).await;
    };
    let signed = staff::evidence::Entity::find()
        .filter(staff::evidence::Column::StaffId.eq(person.id))
        .filter(staff::evidence::Column::Item.eq(Item::Nda.as_str()))
        .order_by_asc(staff::evidence::Column::AddedAt)
        .limit(MOST)
        .all(conn)
        .await?;
    let told: Vec<Value> = signed
        .iter()
        .map(|one| {
            json!({
                "id": one.id, "version": one.level, "signed_on": one.issued_on, "until": one.until_day,
                "state": one.state, "checked_at": one.checked_at, "name": person.name,
            })
        })
        .collect();
    archive.file("nda/nda.json").await?;
    archive
        .put(serde_json::to_vec_pretty(&told).map_err(internal)?)
        .await?;
    for one in signed {
        let scans = file::row::Entity::find()
            .filter(file::row::Column::EvidenceId.eq(one.id))
            .order_by_asc(file::row::Column::At)
            .limit(MOST)
            .all(conn)
            .await?;
        for scan in scans {
            // The id keeps two files of one name apart; `plain_name` keeps paths out.
            archive
                .file(format!("nda/{}-{}", scan.id, scan.name))
                .await?;
            archive
                .put(app.files.get(&scan.path).await?.to_vec())
                .await?;
        }
    }
    Ok(())
}

const ABOUT: &str = "\
本证据包由系统自动生成并固定。
audit.jsonl      该人员在此期间的全部留痕，以及针对其账号的留痕；每行含本行哈希与前一行哈希，可逐行复算
access.jsonl     其中的明文查看、导出、听录音、打开文件、打印
sign-ins.jsonl   其中的登录、退出与账号变更
exports.jsonl    该人员导出的文件：编号、条数、SHA-256、水印
nda/             该人员签订的保密协议及扫描件
chain.json       固定时留痕链的链头与核验结果
manifest.json    以上各文件的 SHA-256，及全部文件的总哈希（各行“哈希  文件名”依次拼接后的 SHA-256）
复算一行：SHA-256([前一行哈希, seq, id, at_ms, who_id, who_name, session_id, action, subject_kind, subject_id, details] 的 JSON)
";
