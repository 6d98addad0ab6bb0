//! The rule library over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::text::{must_be_code, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal, Role, Side};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Text, row};
use super::{ProcessStep, RegulationKind};
use crate::letter::paper::texts;
use crate::rights::{ReadRegulations, WatchReadings, WriteRegulations};
use crate::trail::{self, TrailLine};
use crate::{files, side};

/// Paragraphs of a text, at most.
const PARAGRAPHS: usize = 200;

/// The routes of the rule library.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show))
        .routes(routes!(revise))
        .routes(routes!(version))
        .routes(routes!(confirm))
        .routes(routes!(readings))
        .routes(routes!(retire))
        .with_state(app.clone())
}

/// A text as the list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationView {
    /// Identifies it.
    pub id: Uuid,
    /// `management_rule`, `procedure` or `standard`.
    pub kind: String,
    /// Whose text it is.
    pub side: Side,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// The steps of the work where it applies.
    pub steps: Vec<String>,
    /// The roles that have to read it.
    pub audience: Vec<Role>,
    /// The version in force: 1, 2 …
    pub n: i32,
    /// Identifies that version.
    pub version_id: Option<Uuid>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// Until when it is to be read.
    pub due_at: Option<DateTime<Utc>>,
    /// Who looks has to read it.
    pub mine: bool,
    /// When he confirmed that version.
    pub read_at: Option<DateTime<Utc>>,
    /// `in_force` or `retired`.
    pub state: String,
    /// Rises with each change.
    pub version: i64,
}

/// The library.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationList {
    /// By code, at most 500.
    pub items: Vec<RegulationView>,
}

/// One version.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationVersionView {
    /// Identifies it.
    pub id: Uuid,
    /// 1, 2 …
    pub n: i32,
    /// What it says, by paragraphs.
    pub body: Vec<String>,
    /// What it changed.
    pub change_note: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// A text as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub regulation: RegulationView,
    /// The version in force.
    pub current: Option<RegulationVersionView>,
    /// All versions, the newest first, without their words.
    pub versions: Vec<RegulationVersionName>,
    /// Papers.
    pub files: Vec<files::LiaisonFileView>,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

/// That there is a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationVersionName {
    /// 1, 2 …
    pub n: i32,
    /// What it changed.
    pub change_note: Option<String>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

async fn views(app: &App, of: &Principal, rows: Vec<row::Model>) -> Result<Vec<RegulationView>> {
    let conn = app.db.read();
    let current: Vec<Uuid> = rows.iter().filter_map(|row| row.current_id).collect();
    let read = store::read_by(conn, of.user_id, current.clone()).await?;
    let versions = store::versions_by_id(conn, current).await?;
    let mut views = Vec::new();
    for row in rows {
        let audience = row.roles()?;
        let version = row.current_id.and_then(|id| versions.get(&id));
        views.push(RegulationView {
            mine: row.in_force() && audience.iter().any(|role| of.roles.contains(role)),
            read_at: row.current_id.and_then(|id| read.get(&id).copied()),
            published_at: version.map(|version| version.published_at),
            due_at: version.and_then(|version| version.due_at),
            side: row.of(),
            steps: serde_json::from_value(row.steps).map_err(internal)?,
            audience,
            id: row.id,
            kind: row.kind,
            code: row.code,
            title: row.title,
            n: row.n,
            version_id: row.current_id,
            state: row.state,
            version: row.version,
        });
    }
    Ok(views)
}

/// Texts that somebody has to read and has not, for what waits for him.
pub(crate) async fn to_read(app: &App, of: &Principal) -> Result<Vec<RegulationView>> {
    let rows = store::all(app.db.read()).await?;
    let mut views = views(app, of, rows).await?;
    views.retain(|view| view.mine && view.read_at.is_none());
    Ok(views)
}

async fn detail(app: &App, of: &Principal, row: row::Model) -> Result<Json<RegulationDetail>> {
    let (conn, id, owner) = (app.db.read(), row.id, row.of());
    let versions = store::versions(conn, id).await?;
    let current = versions.iter().find(|one| Some(one.id) == row.current_id);
    let current = current.map(shown).transpose()?;
    let in_force = row.in_force();
    let view = views(app, of, vec![row]).await?.pop();
    let view = view.ok_or_else(|| not_found("regulation"))?;
    let mut actions = Vec::new();
    if view.mine && view.read_at.is_none() {
        actions.push("confirm");
    }
    if in_force && owner == side::of(of) && of.may::<WriteRegulations>() {
        actions.extend(["revise", "retire"]);
    }
    if of.may::<WatchReadings>() {
        actions.push("readings");
    }
    Ok(Json(RegulationDetail {
        regulation: view,
        current,
        versions: versions
            .into_iter()
            .map(|one| RegulationVersionName {
                n: one.n,
                change_note: one.change_note,
                published_at: one.published_at,
            })
            .collect(),
        files: files::of(conn, id).await?,
        actions,
        lines: trail::lines(conn, id, side::of(of)).await?,
    }))
}

fn shown(version: &store::version_row::Model) -> Result<RegulationVersionView> {
    Ok(RegulationVersionView {
        id: version.id,
        n: version.n,
        body: texts(&version.body)?,
        change_note: version.change_note.clone(),
        published_at: version.published_at,
    })
}

/// What the library may be narrowed to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only texts of this kind.
    #[param(inline)]
    kind: Option<RegulationKind>,
    /// Only texts that apply at this step of the work.
    #[param(inline)]
    step: Option<ProcessStep>,
    /// Only what who looks has to read and has not.
    unread: Option<bool>,
    /// Also what does not hold any more.
    retired: Option<bool>,
}

/// The rule library; by step of the work where a page shows what applies there.
#[utoipa::path(
    get, path = "/api/v1/regulations", tag = "liaison", operation_id = "list_regulations",
    params(Filter), responses((status = 200, body = RegulationList)),
)]
async fn list(
    actor: Actor<ReadRegulations>,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<RegulationList>> {
    let mut rows = store::all(app.db.read()).await?;
    rows.retain(|row| filter.retired == Some(true) || row.in_force());
    if let Some(kind) = filter.kind {
        rows.retain(|row| row.kind == kind.as_str());
    }
    let mut items = views(&app, actor.principal(), rows).await?;
    if let Some(step) = filter.step {
        items.retain(|view| view.steps.iter().any(|one| one == step.as_str()));
    }
    if filter.unread == Some(true) {
        items.retain(|view| view.mine && view.read_at.is_none());
    }
    Ok(Json(RegulationList { items }))
}

/// One text with the version in force.
#[utoipa::path(
    get, path = "/api/v1/regulations/{id}", tag = "liaison", operation_id = "get_regulation",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RegulationDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ReadRegulations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<RegulationDetail>> {
    let row = store::get(app.db.read(), id).await?;
    detail(&app, actor.principal(), row).await
}

/// One version, also one that does not hold any more.
#[utoipa::path(
    get, path = "/api/v1/regulations/{id}/versions/{n}", tag = "liaison", operation_id = "get_regulation_version",
    params(("id" = Uuid, Path), ("n" = i32, Path)),
    responses((status = 200, body = RegulationVersionView), (status = 404, body = Problem)),
)]
async fn version(
    _actor: Actor<ReadRegulations>,
    State(app): State<App>,
    Path((id, n)): Path<(Uuid, i32)>,
) -> Result<Json<RegulationVersionView>> {
    let versions = store::versions(app.db.read(), id).await?;
    let found = versions.iter().find(|one| one.n == n);
    let found = found.ok_or_else(|| not_found("version of the regulation"))?;
    Ok(Json(shown(found)?))
}

/// A text with its first version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRegulation {
    /// Management rules are the purchaser's, procedures and standards the supplier's.
    kind: RegulationKind,
    /// Small letters, digits and `_`; nobody else's text of the side has it.
    code: String,
    /// Its title.
    title: String,
    /// The steps of the work where it applies.
    steps: Vec<ProcessStep>,
    /// The roles that have to read it.
    audience: Vec<Role>,
    /// What it says, by paragraphs.
    body: Vec<String>,
}

fn body_of(body: &[String]) -> Result<Vec<String>> {
    if body.is_empty() || body.len() > PARAGRAPHS {
        return Err(invalid(
            "body",
            "regulation_body_size",
            "1 to 200 paragraphs",
        ));
    }
    body.iter().map(|text| needed("body", text)).collect()
}

fn must_be_own(of: Side, kind: RegulationKind) -> Result<()> {
    if kind.side() == of {
        return Ok(());
    }
    let detail = "management rules are the purchaser's, procedures and standards the supplier's";
    Err(refused("regulation_of_other_side", detail))
}

/// Publishes a text; those it concerns are told to read it.
#[utoipa::path(
    post, path = "/api/v1/regulations", tag = "liaison", operation_id = "publish_regulation",
    request_body = NewRegulation,
    responses((status = 201, body = RegulationDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn add(
    actor: Actor<WriteRegulations>,
    State(app): State<App>,
    Json(new): Json<NewRegulation>,
) -> Result<(StatusCode, Json<RegulationDetail>)> {
    let of = side::of(actor.principal());
    must_be_own(of, new.kind)?;
    must_be_code("code", &new.code)?;
    let title = needed("title", &new.title)?;
    let body = body_of(&new.body)?;
    let (mut steps, mut audience) = (new.steps, new.audience);
    steps.sort_unstable();
    steps.dedup();
    audience.sort_unstable();
    audience.dedup();
    if steps.is_empty() {
        let detail = "a text applies somewhere: name a step of the work";
        return Err(invalid("steps", "regulation_without_step", detail));
    }
    if audience.is_empty() || audience.iter().any(|role| role.is_administrator()) {
        let detail = "name the roles it concerns; the three administrators do no business";
        return Err(invalid("audience", "regulation_audience", detail));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let known = store::all(&*tx).await?;
            if known
                .iter()
                .any(|one| one.code == new.code && one.of() == of)
            {
                let detail = "a text of one's own side has this code";
                return Err(invalid("code", "code_taken", detail));
            }
            if known.len() as u64 >= store::MOST {
                let detail = "the library holds at most 500 texts";
                return Err(refused("regulations_full", detail));
            }
            let now = app.clock.now();
            let mut row = row::Model {
                id: app.ids.next(),
                kind: new.kind.as_str().to_owned(),
                side: side::text(of).to_owned(),
                code: new.code,
                title,
                steps: json!(steps),
                audience: json!(audience),
                current_id: None,
                n: 1,
                state: "in_force".to_owned(),
                created_at: now,
                updated_at: now,
                version: 1,
            };
            versioned::insert(&*tx, &row).await?;
            let text = Text {
                body,
                change_note: None,
            };
            let first = store::publish(&app, &tx, &who, (row.id, 1), text).await?;
            row.current_id = Some(first.id);
            let row = versioned::save(&app, &*tx, &row.clone(), row).await?;
            let told = trail::holders(&*tx, &row.roles()?).await?;
            store::tell(&app, &tx, &who, &row, ("published", None), told).await?;
            Ok(row)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

/// The next version of a text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegulationRevision {
    /// The version of the row that was read.
    version: i64,
    /// What it says, by paragraphs.
    body: Vec<String>,
    /// What it changes.
    change_note: String,
}

/// Publishes the next version; it is to be read anew by everybody it concerns.
#[utoipa::path(
    post, path = "/api/v1/regulations/{id}/versions", tag = "liaison", operation_id = "revise_regulation",
    params(("id" = Uuid, Path)), request_body = RegulationRevision,
    responses((status = 201, body = RegulationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn revise(
    actor: Actor<WriteRegulations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(revision): Json<RegulationRevision>,
) -> Result<(StatusCode, Json<RegulationDetail>)> {
    let of = side::of(actor.principal());
    let text = Text {
        body: body_of(&revision.body)?,
        change_note: Some(needed("change_note", &revision.change_note)?),
    };
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, revision.version)?;
            must_be_in_hand(&before, of)?;
            let note = text.change_note.clone();
            let mut after = before.clone();
            after.n += 1;
            let next = store::publish(&app, &tx, &who, (id, after.n), text).await?;
            after.current_id = Some(next.id);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let told = trail::holders(&*tx, &after.roles()?).await?;
            let what = ("published", note.as_deref());
            store::tell(&app, &tx, &who, &after, what, told).await?;
            Ok(after)
        })
        .await?;
    let page = detail(&done, actor.principal(), row).await?;
    Ok((StatusCode::CREATED, page))
}

fn must_be_in_hand(row: &row::Model, of: Side) -> Result<()> {
    if row.of() != of {
        let detail = format!("{} is the other side's", row.what());
        return Err(refused("regulation_of_other_side", detail));
    }
    if !row.in_force() {
        let detail = format!("{} does not hold any more", row.what());
        return Err(refused("regulation_retired", detail).with_way_out("publish another text"));
    }
    Ok(())
}

/// Which version was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegulationReceipt {
    /// The version that was read.
    version_id: Uuid,
}

/// Confirms that one has read the version in force.
#[utoipa::path(
    post, path = "/api/v1/regulations/{id}/confirm", tag = "liaison", operation_id = "confirm_regulation",
    params(("id" = Uuid, Path)), request_body = RegulationReceipt,
    responses((status = 200, body = RegulationDetail), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
async fn confirm(
    actor: Actor<ReadRegulations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(receipt): Json<RegulationReceipt>,
) -> Result<Json<RegulationDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let (user, roles) = (actor.user_id(), actor.principal().roles.clone());
    let row = db
        .write(move |tx| async move {
            let row = store::get(&*tx, id).await?;
            if row.current_id != Some(receipt.version_id) {
                let detail = format!("{} has another version in force", row.what());
                return Err(refused("regulation_not_current", detail)
                    .with("n", row.n)
                    .with_way_out("read the version in force and confirm that"));
            }
            if !row.roles()?.iter().any(|role| roles.contains(role)) {
                let detail = format!("{} is not yours to confirm", row.what());
                return Err(refused("regulation_not_yours", detail));
            }
            if store::confirm(&app, &tx, receipt.version_id, user).await? {
                store::tell(&app, &tx, &who, &row, ("confirmed", None), Vec::new()).await?;
            }
            Ok(row)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}

/// Somebody who has to read a text.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationReader {
    /// Who.
    pub user: Colleague,
    /// When he confirmed the version in force; null when he has not.
    pub read_at: Option<DateTime<Utc>>,
}

/// Who has confirmed the version in force and who has not.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegulationReadings {
    /// The version in force.
    pub n: i32,
    /// Until when it is to be read.
    pub due_at: Option<DateTime<Utc>>,
    /// How many have to read it.
    pub readers: u64,
    /// How many have not.
    pub unconfirmed: u64,
    /// Those who have not first.
    pub items: Vec<RegulationReader>,
}

/// Who has not confirmed the version in force.
#[utoipa::path(
    get, path = "/api/v1/regulations/{id}/readings", tag = "liaison", operation_id = "list_regulation_readings",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = RegulationReadings), (status = 404, body = Problem)),
)]
async fn readings(
    _actor: Actor<WatchReadings>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<RegulationReadings>> {
    let conn = app.db.read();
    let row = store::get(conn, id).await?;
    let audience = trail::holders(conn, &row.roles()?).await?;
    let current: Vec<Uuid> = row.current_id.into_iter().collect();
    let versions = store::versions_by_id(conn, current.clone()).await?;
    let read = match current.first() {
        Some(version) => store::reads(conn, *version).await?,
        None => std::collections::BTreeMap::new(),
    };
    let people = organization::colleagues(conn, audience.iter().copied()).await?;
    let mut items: Vec<RegulationReader> = audience
        .iter()
        .filter_map(|id| {
            Some(RegulationReader {
                user: people.get(id)?.clone(),
                read_at: read.get(id).copied(),
            })
        })
        .collect();
    items.sort_by_key(|reader| (reader.read_at.is_some(), reader.user.staff_no.clone()));
    let unconfirmed = items.iter().filter(|reader| reader.read_at.is_none());
    Ok(Json(RegulationReadings {
        n: row.n,
        due_at: versions.into_values().next().and_then(|one| one.due_at),
        readers: items.len() as u64,
        unconfirmed: unconfirmed.count() as u64,
        items,
    }))
}

/// Why a text does not hold any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegulationEnd {
    /// The version of the row that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Takes a text out of force; it stays to be read.
#[utoipa::path(
    post, path = "/api/v1/regulations/{id}/retire", tag = "liaison", operation_id = "retire_regulation",
    params(("id" = Uuid, Path)), request_body = RegulationEnd,
    responses((status = 200, body = RegulationDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn retire(
    actor: Actor<WriteRegulations>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(end): Json<RegulationEnd>,
) -> Result<Json<RegulationDetail>> {
    let reason = needed("reason", &end.reason)?;
    let of = side::of(actor.principal());
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let row = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::get(&*tx, id).await?, end.version)?;
            must_be_in_hand(&before, of)?;
            let mut after = before.clone();
            "retired".clone_into(&mut after.state);
            let after = versioned::save(&app, &*tx, &before, after).await?;
            let told = trail::holders(&*tx, &after.roles()?).await?;
            let what = ("retired", Some(reason.as_str()));
            store::tell(&app, &tx, &who, &after, what, told).await?;
            Ok(after)
        })
        .await?;
    detail(&done, actor.principal(), row).await
}
