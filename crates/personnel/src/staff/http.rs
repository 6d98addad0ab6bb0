//! Staff files over HTTP: the list, one file with all that is asked of it, making and correcting one, reading a
//! personal value in the clear.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit;
use kernel::http::{Json, Path, Query, ShownOnce};
use kernel::list::{ListQuery, Page};
use kernel::problem::{Problem, Result, invalid, not_found, refused};
use kernel::text::{checked, must_be_name};
use kernel::{Actor, App, IdNumber, Phone, Principal, Side, versioned};
use organization::Colleague;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::evidence::{self, EvidenceView};
use super::store::{self, Filter, row, waiver};
use super::{Action, StaffState, verbs};
use crate::agreed;
use crate::post::store as posts;
use crate::qualification::{self, Finding};
use crate::rights::{ManageStaff, RevealStaff, ViewStaff};
use crate::trail::{self, TrailLine};
use kernel::day;

const LONGEST_REASON: usize = 200;

/// The routes of staff files.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(reveal))
        .with_state(app.clone())
}

/// A staff file as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffView {
    /// Identifies it.
    pub id: Uuid,
    /// His account; null for a candidate without one.
    pub user: Option<Colleague>,
    /// The person's name.
    pub name: String,
    /// `candidate`, `training`, `passed`, `on_post`, `suspended` or `left`.
    pub state: String,
    /// The purchaser certified his pass.
    pub passed: bool,
    /// The post he holds.
    pub post_id: Option<String>,
    /// His first day on post.
    pub hired_on: Option<NaiveDate>,
    /// The day he left.
    pub left_on: Option<NaiveDate>,
    /// What keeps him off a post today.
    pub missing: Vec<Finding>,
    /// The last day on which all that is mandatory stands; null when it stands for good.
    pub stands_until: Option<NaiveDate>,
    /// When the file was made.
    pub created_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// A waiver of the purchaser.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaiverView {
    /// Identifies it.
    pub id: Uuid,
    /// The item.
    pub item: String,
    /// Why.
    pub reason: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    /// It came with a transition (过渡期豁免).
    pub transition_id: Option<Uuid>,
    /// Who granted it.
    pub granted_by: Option<Colleague>,
    /// When.
    pub granted_at: DateTime<Utc>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// It holds today.
    pub holds: bool,
}

/// A staff file as its page shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffDetail {
    /// What lists show.
    #[serde(flatten)]
    pub staff: StaffView,
    /// Full years today.
    pub age: Option<i64>,
    /// The identity number, masked.
    pub id_number: Option<String>,
    /// The telephone, masked.
    pub phone: Option<String>,
    /// Another project he is assigned to: keeps him off a post here.
    pub other_project: Option<String>,
    /// Each requirement with how it stands today.
    pub findings: Vec<Finding>,
    /// What was brought, the latest of each item first.
    pub evidence: Vec<EvidenceView>,
    /// What the purchaser let be.
    pub waivers: Vec<WaiverView>,
    /// What may be done now by who looks, apart from what is missing.
    pub actions: Vec<&'static str>,
    /// The time line, the oldest line first.
    pub lines: Vec<TrailLine>,
}

pub(crate) async fn views(app: &App, rows: Vec<row::Model>) -> Result<Vec<StaffView>> {
    let conn = app.db.read();
    let today = day::today(app);
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let known = store::known(conn, &rows).await?;
    let people = organization::colleagues(conn, rows.iter().filter_map(|row| row.user_id)).await?;
    let held: HashMap<Uuid, String> = posts::all(conn)
        .await?
        .into_iter()
        .filter_map(|post| Some((post.holder_id?, post.id)))
        .collect();
    let mut views = Vec::new();
    for row in rows {
        let findings = match known.get(&row.id) {
            Some(known) => known.on(&rules, today),
            None => Vec::new(),
        };
        views.push(StaffView {
            user: row.user_id.and_then(|id| people.get(&id).cloned()),
            post_id: held.get(&row.id).cloned(),
            hired_on: day::maybe(row.hired_on.as_deref())?,
            left_on: day::maybe(row.left_on.as_deref())?,
            missing: qualification::blocking(&findings),
            stands_until: qualification::stands_until(&findings),
            id: row.id,
            name: row.name,
            state: row.state,
            passed: row.passed,
            created_at: row.created_at,
            version: row.version,
        });
    }
    Ok(views)
}

fn label(id: Uuid, what: &str) -> String {
    format!("staff:{id}:{what}")
}

fn clear(app: &App, id: Uuid, what: &str, sealed: Option<&str>) -> Result<Option<String>> {
    sealed
        .map(|sealed| app.key.unseal(&label(id, what), sealed))
        .transpose()
}

async fn waivers(
    conn: &impl ConnectionTrait,
    id: Uuid,
    today: NaiveDate,
) -> Result<Vec<WaiverView>> {
    let rows: Vec<waiver::Model> = store::waivers_of(conn, &[id]).await?;
    let people =
        organization::colleagues(conn, rows.iter().filter_map(|row| row.granted_by)).await?;
    let mut views = Vec::new();
    for row in rows {
        let (from, until) = (day::read(&row.from_day)?, day::read(&row.until_day)?);
        views.push(WaiverView {
            from,
            until,
            holds: row.revoked_at.is_none() && from <= today && today <= until,
            granted_by: row.granted_by.and_then(|id| people.get(&id).cloned()),
            id: row.id,
            item: row.item,
            reason: row.reason,
            transition_id: row.transition_id,
            granted_at: row.granted_at,
            revoked_at: row.revoked_at,
        });
    }
    Ok(views)
}

/// The whole page of one file.
pub(crate) async fn detail(
    app: &App,
    principal: &Principal,
    staff: row::Model,
) -> Result<Json<StaffDetail>> {
    let (conn, id, today) = (app.db.read(), staff.id, day::today(app));
    // What was just written is read again: evidence changes without the file's own row.
    let staff = store::get(conn, &kernel::Scope::All, id).await?;
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let born = day::maybe(staff.born_on.as_deref())?;
    let id_number = clear(app, id, "id_number", staff.id_number_sealed.as_deref())?;
    let phone = clear(app, id, "phone", staff.phone_sealed.as_deref())?;
    let other_project = staff.other_project.clone();
    let findings = store::findings(app, conn, &staff).await?;
    let brought = store::evidence_of(conn, &[id]).await?;
    let actions = verbs::offered(principal, &staff)?;
    let view = views(app, vec![staff])
        .await?
        .pop()
        .ok_or_else(|| not_found("staff file"))?;
    Ok(Json(StaffDetail {
        staff: view,
        age: born.map(|born| qualification::age_on(born, today)),
        id_number: id_number.map(|number| IdNumber::new(number).masked()),
        phone: phone.map(|phone| Phone::new(phone).masked()),
        other_project,
        findings,
        evidence: evidence::views(conn, &rules, brought).await?,
        waivers: waivers(conn, id, today).await?,
        actions,
        lines: trail::lines(conn, id).await?,
    }))
}

/// Lists staff files, the newest first.
#[utoipa::path(
    get, path = "/api/v1/staff", tag = "staff", operation_id = "list_staff", params(ListQuery, Filter),
    responses((status = 200, body = Page<StaffView>)),
)]
pub(crate) async fn list(
    actor: Actor<ViewStaff>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<StaffView>>> {
    let page = store::list(&app, actor.scope(), &query, &filter).await?;
    let shown = page.shown(async |rows| views(&app, rows).await);
    Ok(Json(shown.await?))
}

/// One staff file: how each requirement stands, evidence, waivers, time line.
#[utoipa::path(
    get, path = "/api/v1/staff/{id}", tag = "staff", operation_id = "get_staff", params(("id" = Uuid, Path)),
    responses((status = 200, body = StaffDetail), (status = 404, body = Problem)),
)]
pub(crate) async fn show(
    actor: Actor<ViewStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<StaffDetail>> {
    let staff = store::get(app.db.read(), actor.scope(), id).await?;
    detail(&app, actor.principal(), staff).await
}

/// Who a person is; what is left out stays as it is, an empty text takes it away.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffPerson)]
pub struct Person {
    /// The person's name, 1 to 60 characters.
    pub name: Option<String>,
    /// His account at the supplier.
    pub user_id: Option<Uuid>,
    /// Birth date.
    pub born_on: Option<NaiveDate>,
    /// Number of his identity card.
    pub id_number: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Another project he is assigned to.
    pub other_project: Option<String>,
}

impl Person {
    /// Writes what was given over the file.
    pub(crate) fn onto(self, app: &App, mut staff: row::Model) -> Result<row::Model> {
        let today = day::today(app);
        if let Some(name) = self.name {
            must_be_name("name", &name)?;
            staff.name = name;
        }
        if let Some(user) = self.user_id {
            staff.user_id = Some(user);
        }
        if let Some(born) = self.born_on {
            day::past("born_on", born, today)?;
            staff.born_on = Some(day::text(born));
        }
        if let Some(number) = self.id_number {
            let number = checked("id_number", &number)?.to_ascii_uppercase();
            if number.is_empty() {
                (staff.id_number_sealed, staff.id_number_hash) = (None, None);
            } else {
                let fits = (6..=30).contains(&number.len())
                    && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !fits {
                    let detail = "6 to 30 letters and digits";
                    return Err(invalid("id_number", "id_number_invalid", detail));
                }
                let sealed = app
                    .key
                    .seal(&app.ids, &label(staff.id, "id_number"), &number)?;
                staff.id_number_sealed = Some(sealed);
                staff.id_number_hash = Some(IdNumber::new(number).hash(app.key.bytes()));
            }
        }
        if let Some(phone) = self.phone {
            let phone = checked("phone", &phone)?;
            staff.phone_sealed = if phone.is_empty() {
                None
            } else {
                let fits = (5..=20).contains(&phone.len())
                    && phone
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || b"+- ".contains(&byte));
                if !fits {
                    return Err(invalid("phone", "phone_invalid", "5 to 20 digits"));
                }
                Some(app.key.seal(&app.ids, &label(staff.id, "phone"), &phone)?)
            };
        }
        if let Some(project) = self.other_project {
            let project = checked("other_project", &project)?;
            staff.other_project = Some(project).filter(|project| !project.is_empty());
        }
        Ok(staff)
    }
}

/// An empty file.
pub(crate) fn empty(app: &App, by: Option<Uuid>) -> row::Model {
    let now = app.clock.now();
    row::Model {
        id: app.ids.next(),
        user_id: None,
        name: String::new(),
        born_on: None,
        id_number_sealed: None,
        id_number_hash: None,
        phone_sealed: None,
        other_project: None,
        state: StaffState::Candidate.as_str().to_owned(),
        passed: false,
        hired_on: None,
        left_on: None,
        created_by: by,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

/// An account of the supplier that has no file yet.
pub(crate) async fn must_be_free(
    conn: &impl ConnectionTrait,
    user: Option<Uuid>,
    own: Uuid,
) -> Result<()> {
    let Some(user) = user else { return Ok(()) };
    if organization::colleagues::side_of(conn, user).await? != Some(Side::Supplier) {
        let detail = "an account of the supplier";
        return Err(invalid("user_id", "user_not_of_supplier", detail));
    }
    match store::of_user(conn, user).await? {
        Some(other) if other.id != own => Err(refused(
            "staff_file_exists",
            format!("this account has the staff file of {}", other.name),
        )
        .with_field("user_id")),
        _ => Ok(()),
    }
}

pub(crate) fn known_already(problem: Problem) -> Problem {
    if problem.code != "already_exists" {
        return problem;
    }
    refused(
        "staff_file_exists",
        "there is a staff file of this account or identity number",
    )
    .with_way_out("look it up, and take him on anew if he left")
}

/// Makes the staff file of a candidate.
#[utoipa::path(
    post, path = "/api/v1/staff", tag = "staff", operation_id = "create_staff", request_body = Person,
    responses((status = 201, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn create(
    actor: Actor<ManageStaff>,
    State(app): State<App>,
    Json(person): Json<Person>,
) -> Result<(StatusCode, Json<StaffDetail>)> {
    if person.name.is_none() {
        return Err(invalid("name", "text_missing", "name is needed"));
    }
    let staff = person.onto(&app, empty(&app, Some(actor.user_id())))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            must_be_free(&*tx, staff.user_id, staff.id).await?;
            versioned::insert(&*tx, &staff)
                .await
                .map_err(known_already)?;
            let scribe = staff.scribe(&app, &tx, &who);
            scribe.tell("created", None, staff.facts()).await?;
            Ok(staff)
        })
        .await?;
    Ok((
        StatusCode::CREATED,
        detail(&done, actor.principal(), staff).await?,
    ))
}

/// A correction.
#[derive(Deserialize, ToSchema)]
#[schema(as = StaffPersonChange)]
struct PersonChange {
    /// The version that was read.
    version: i64,
    /// What changes.
    #[serde(flatten)]
    person: Person,
}

/// Corrects who a person is.
#[utoipa::path(
    patch, path = "/api/v1/staff/{id}", tag = "staff", operation_id = "change_staff",
    params(("id" = Uuid, Path)), request_body = PersonChange,
    responses((status = 200, body = StaffDetail), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn change(
    actor: Actor<ManageStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(change): Json<PersonChange>,
) -> Result<Json<StaffDetail>> {
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    let staff = db
        .write(move |tx| async move {
            let before = versioned::as_read(store::held(&tx, id).await?, change.version)?;
            if before.state == StaffState::Left.as_str() {
                return Err(store::said_no(super::Refusal::Gone, &before));
            }
            let after = change.person.onto(&app, before.clone())?;
            if after.state == StaffState::OnPost.as_str() && after.other_project.is_some() {
                return Err(
                    store::said_no(super::Refusal::OnPost, &before).with_field("other_project")
                );
            }
            must_be_free(&*tx, after.user_id, id).await?;
            let after = versioned::save(&app, &*tx, &before, after)
                .await
                .map_err(known_already)?;
            let scribe = after.scribe(&app, &tx, &who);
            scribe.tell("changed", None, after.facts()).await?;
            Ok(after)
        })
        .await?;
    detail(&done, actor.principal(), staff).await
}

/// The value to be read in the clear.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StaffRevealField)]
pub(crate) enum RevealField {
    /// The identity number.
    IdNumber,
    /// The telephone.
    Phone,
    /// The birth date.
    BornOn,
}

/// What is to be read, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StaffRevealRequest)]
pub(crate) struct RevealRequest {
    /// The value.
    field: RevealField,
    /// Why it is needed, 2 to 200 characters; it stands in the audit trail.
    reason: String,
}

/// A value in the clear.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffRevealed)]
pub(crate) struct Revealed {
    /// The value asked for.
    field: RevealField,
    /// As it is stored.
    value: String,
}

/// Shows one personal value in the clear (明文查看) and writes down who asked and why.
#[utoipa::path(
    post, path = "/api/v1/staff/{id}/reveal", tag = "staff", operation_id = "reveal_staff",
    params(("id" = Uuid, Path)), request_body = RevealRequest,
    responses((status = 200, body = Revealed), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn reveal(
    actor: Actor<RevealStaff>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(request): Json<RevealRequest>,
) -> Result<impl IntoResponse> {
    let reason = request.reason.trim().to_owned();
    if !(2..=LONGEST_REASON).contains(&reason.chars().count()) {
        let detail = "say why in 2 to 200 characters";
        return Err(invalid("reason", "reason_needed", detail));
    }
    let (db, field) = (app.db.clone(), request.field);
    // The trail is written before the value leaves: a reveal that cannot be recorded does not happen.
    let value = db
        .write(move |tx| async move {
            let staff = store::get(&*tx, actor.scope(), id).await?;
            let value = match field {
                RevealField::IdNumber => {
                    clear(&app, id, "id_number", staff.id_number_sealed.as_deref())?
                }
                RevealField::Phone => clear(&app, id, "phone", staff.phone_sealed.as_deref())?,
                RevealField::BornOn => staff.born_on,
            };
            let value =
                value.ok_or_else(|| refused("nothing_to_reveal", "this value is not known"))?;
            let digest = audit::digest(app.key.bytes(), &value);
            let details = json!({ "field": field, "reason": reason, "digest": digest });
            let who = actor.who();
            audit::record(&app, &*tx, &who, "staff.revealed", "staff", id, details).await?;
            Ok(value)
        })
        .await?;
    Ok(ShownOnce(StatusCode::OK, Revealed { field, value }))
}

/// What `action` is called on the wire.
pub(crate) fn named(action: &Action) -> &'static str {
    match action {
        Action::BeginTraining => "begin_training",
        Action::Pass { .. } => "pass",
        Action::TakePost { .. } => "take_post",
        Action::LeavePost => "leave_post",
        Action::Suspend => "suspend",
        Action::Resume => "resume",
        Action::Leave => "leave",
        Action::Return => "return",
    }
}
