//! The files of letters, inspections, changes and the like: who may see the one sees the other. Opening one is
//! written to the audit trail.

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, forbidden, internal, not_found, refused, too_large};
use kernel::{Actor, App, Permission, Principal, attachment, audit, words};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter, QueryOrder,
};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::rights::{
    AnswerRectifications, DoDailyChecks, HoldDrills, Inspect, ManageContracts, ProposeSiteChanges,
    ReadRegulations, UseLiaisonFiles, ViewContinuity, ViewContracts, ViewDailyChecks,
    ViewInspections, ViewLetters, ViewSiteChanges, ViewSpecialTasks, WorkSpecialTasks,
    WriteLetters, WriteRegulations,
};
use crate::trail::{Scribe, Seen};
use crate::{
    change, check, continuity, contract, inspection, letter, rectification, regulation, side,
    special_task,
};

/// Files of one subject.
const MOST: u64 = 30;

words! {
    /// What a file belongs to.
    FileSubject {
        /// 公函
        Letter = "letter",
        /// 设施、布置变更
        SiteChange = "site_change",
        /// 检查
        Inspection = "inspection",
        /// 整改
        Rectification = "rectification",
        /// 制度
        Regulation = "regulation",
        /// 专项工作
        SpecialTask = "special_task",
        /// 每日检查
        DailyCheck = "daily_check",
        /// 运营经验材料
        PastContract = "past_contract",
        /// 应急演练
        Drill = "drill",
    }
}

kernel::table! {
    pub(crate) mod row = "liaison_files" (id: Uuid) {
        subject_kind: String,
        subject_id: Uuid,
        name: String,
        media_type: String,
        bytes: i64,
        sha256: String,
        path: String,
        at: DateTimeUtc,
        by_id: Option<Uuid>,
    }
}

/// A file as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LiaisonFileView {
    /// Identifies it.
    pub id: Uuid,
    /// The name it came with.
    pub name: String,
    /// What it is by its content.
    pub media_type: String,
    /// Size.
    pub bytes: i64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// When it came.
    pub at: DateTime<Utc>,
}

impl From<row::Model> for LiaisonFileView {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            media_type: row.media_type,
            bytes: row.bytes,
            sha256: row.sha256,
            at: row.at,
        }
    }
}

/// The files of a subject, the oldest first.
pub(crate) async fn of(conn: &impl ConnectionTrait, subject: Uuid) -> Result<Vec<LiaisonFileView>> {
    let rows = row::Entity::find()
        .filter(row::Column::SubjectId.eq(subject))
        .order_by_asc(row::Column::At)
        .order_by_asc(row::Column::Id)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Pictures of a subject that came at or after a moment.
pub(crate) async fn pictures_since(
    conn: &impl ConnectionTrait,
    subject: Uuid,
    since: Option<DateTime<Utc>>,
) -> Result<u64> {
    let mut select = row::Entity::find()
        .filter(row::Column::SubjectId.eq(subject))
        .filter(row::Column::MediaType.is_in(["image/png", "image/jpeg", "image/gif"]));
    if let Some(since) = since {
        select = select.filter(row::Column::At.gte(since));
    }
    Ok(select.count(conn).await?)
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(get))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(app.clone())
}

fn must<P: Permission>(who: &Principal) -> Result<()> {
    if who.may::<P>() {
        return Ok(());
    }
    Err(forbidden(P::CODE))
}

fn frozen(what: &str) -> Problem {
    refused(
        "files_frozen",
        format!("{what} does not take files any more"),
    )
    .with_way_out("add them before it is signed, released or closed")
}

/// Who may know of a file of this subject; 404 for who may not know the subject, 403 for who has no right to it.
/// Who adds one must be at a step that takes files.
async fn gate(
    conn: &impl ConnectionTrait,
    who: &Principal,
    (kind, id): (FileSubject, Uuid),
    adds: bool,
) -> Result<Seen> {
    let of = side::of(who);
    match kind {
        FileSubject::Letter => {
            must::<ViewLetters>(who)?;
            let found = letter::store::get(conn, of, id).await?;
            if adds {
                must::<WriteLetters>(who)?;
                if found.from() != of || !found.case()?.is_draft() {
                    return Err(frozen("a letter that is no draft of one's own"));
                }
            }
            Ok(found.seen())
        }
        FileSubject::SiteChange => {
            must::<ViewSiteChanges>(who)?;
            let found = change::store::get(conn, id).await?;
            if adds {
                must::<ProposeSiteChanges>(who)?;
                if !found.open {
                    return Err(frozen("a change that is over"));
                }
            }
            Ok(Seen::Both)
        }
        FileSubject::Inspection => {
            must::<ViewInspections>(who)?;
            let found = inspection::store::get(conn, of, id).await?;
            if adds {
                must::<Inspect>(who)?;
                if found.state == "closed" {
                    return Err(frozen("a closed inspection"));
                }
            }
            Ok(found.seen())
        }
        FileSubject::Rectification => {
            must::<ViewInspections>(who)?;
            let found = rectification::store::get(conn, id).await?;
            if adds {
                if !who.may::<Inspect>() {
                    must::<AnswerRectifications>(who)?;
                }
                if !found.open {
                    return Err(frozen("a rectification that is over"));
                }
            }
            Ok(Seen::Both)
        }
        FileSubject::Regulation => {
            must::<ReadRegulations>(who)?;
            let found = regulation::store::get(conn, id).await?;
            if adds {
                must::<WriteRegulations>(who)?;
                if found.of() != of || !found.in_force() {
                    return Err(frozen("a text of the other side or out of force"));
                }
            }
            Ok(Seen::Both)
        }
        FileSubject::SpecialTask => {
            must::<ViewSpecialTasks>(who)?;
            let found = special_task::store::get(conn, id).await?;
            if adds {
                must::<WorkSpecialTasks>(who)?;
                if !found.open {
                    return Err(frozen("a special task that is over"));
                }
            }
            Ok(Seen::Both)
        }
        FileSubject::DailyCheck => {
            must::<ViewDailyChecks>(who)?;
            check::store::get(conn, id).await?;
            if adds {
                must::<DoDailyChecks>(who)?;
            }
            Ok(Seen::Both)
        }
        FileSubject::Drill => {
            must::<ViewContinuity>(who)?;
            continuity::store::drill(conn, id).await?;
            if adds {
                must::<HoldDrills>(who)?;
            }
            Ok(Seen::Both)
        }
        FileSubject::PastContract => {
            must::<ViewContracts>(who)?;
            let found = contract::http::get(conn, id).await?;
            if adds {
                must::<ManageContracts>(who)?;
                if found.state != "recorded" {
                    return Err(frozen("a contract that is verified or void"));
                }
            }
            Ok(Seen::Both)
        }
    }
}

/// Adds a file to a subject. 413 over 20 MB, 415 for a kind that is not taken.
#[utoipa::path(
    post, path = "/api/v1/liaison-files/{kind}/{subject_id}", tag = "liaison", operation_id = "add_liaison_file",
    params(("kind" = String, Path), ("subject_id" = Uuid, Path)),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = LiaisonFileView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
async fn add(
    actor: Actor<UseLiaisonFiles>,
    State(app): State<App>,
    Path((kind, subject)): Path<(FileSubject, Uuid)>,
    form: Multipart,
) -> Result<(StatusCode, Json<LiaisonFileView>)> {
    let principal = actor.principal().clone();
    gate(app.db.read(), &principal, (kind, subject), true).await?;
    let (name, bytes) = attachment::part(form).await?;
    let media_type = attachment::kind_of(&name, &bytes)?;
    let at = app.clock.now();
    let file_id = app.ids.next();
    let file = row::Model {
        id: file_id,
        subject_kind: kind.as_str().to_owned(),
        subject_id: subject,
        name,
        media_type: media_type.to_owned(),
        bytes: i64::try_from(bytes.len()).map_err(internal)?,
        sha256: hex::encode(Sha256::digest(&bytes)),
        path: format!("liaison/{}/{file_id}", at.format("%Y/%m")),
        at,
        by_id: Some(actor.user_id()),
    };
    // The bytes first: a row never points at a file that is not there.
    app.files.put(&file.path, &bytes).await?;
    let (db, who, kept) = (app.db.clone(), actor.who(), file.clone());
    db.write(move |tx| async move {
        let seen = gate(&*tx, &principal, (kind, subject), true).await?;
        let there = row::Entity::find()
            .filter(row::Column::SubjectId.eq(subject))
            .count(&*tx)
            .await?;
        if there >= MOST {
            return Err(too_large(format!("there are {MOST} files already")));
        }
        let (name, sha256) = (kept.name.clone(), kept.sha256.clone());
        kept.into_active_model().reset_all().insert(&*tx).await?;
        let scribe = Scribe {
            app: &app,
            tx: &tx,
            who: &who,
            kind: kind.as_str(),
            id: subject,
            seen,
        };
        let facts = json!({ "file": file_id, "sha256": sha256 });
        scribe.tell("file_added", Some(&name), facts).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(file.into())))
}

/// One file of a subject.
#[utoipa::path(
    get, path = "/api/v1/liaison-files/{kind}/{subject_id}/{file_id}", tag = "liaison",
    operation_id = "get_liaison_file",
    params(("kind" = String, Path), ("subject_id" = Uuid, Path), ("file_id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
async fn get(
    actor: Actor<UseLiaisonFiles>,
    State(app): State<App>,
    Path((kind, subject, file_id)): Path<(FileSubject, Uuid, Uuid)>,
) -> Result<Response> {
    let conn = app.db.read();
    let seen = gate(conn, actor.principal(), (kind, subject), false).await?;
    let file = row::Entity::find_by_id(file_id)
        .filter(row::Column::SubjectId.eq(subject))
        .filter(row::Column::SubjectKind.eq(kind.as_str()))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("file"))?;
    let bytes = app.files.get(&file.path).await?;
    // What the purchaser alone may know leaves no trace that names it.
    if seen != Seen::Hidden {
        let (db, who) = (app.db.clone(), actor.who());
        db.write(move |tx| async move {
            let (what, details) = ("liaison.file_opened", json!({ "file": file_id }));
            audit::record(&app, &*tx, &who, what, kind.as_str(), subject, details).await
        })
        .await?;
    }
    Ok(attachment::download(&file.name, &file.media_type, bytes))
}
