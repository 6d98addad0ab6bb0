//! The archive of contracts over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused};
use kernel::rule::{self, Beside, Rule};
use kernel::text::{must_be_name, needed};
use kernel::versioned::{self, Versioned as _};
use kernel::{Actor, App, Principal, Tx};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::months;
use crate::files::{self, LiaisonFileView};
use crate::rights::{ManageContracts, VerifyContracts, ViewContracts};
use crate::trail::{Scribe, Seen};
use kernel::day;

/// Contracts of the archive, at most.
const MOST: u64 = 200;

/// How many months of hotlines of public offices are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperienceTerm {
    /// `government_hotline`
    pub code: String,
    /// 1 to 600.
    pub months: u16,
}

impl Rule for ExperienceTerm {
    const KIND: &'static str = "experience_term";

    fn subject(&self) -> String {
        self.code.clone()
    }

    async fn check(&self, _tx: &Tx, beside: &Beside<Self>) -> Result<()> {
        if beside.before.is_none() {
            return Err(invalid("rule.code", "term_unknown", "no such experience"));
        }
        if (1..=600).contains(&self.months) {
            return Ok(());
        }
        Err(invalid(
            "rule.months",
            "term_out_of_range",
            "1 to 600 months",
        ))
    }
}

kernel::table! {
    /// One contract.
    pub mod row = "past_contracts" (id: Uuid) {
        title: String,
        client: String,
        government: bool,
        from_day: String,
        until_day: String,
        scale: String,
        recorded_by: Option<Uuid>,
        recorded_at: DateTimeUtc,
        verified_by: Option<Uuid>,
        verified_at: Option<DateTimeUtc>,
        note: Option<String>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

kernel::versioned!(row, |contract| format!("contract `{}`", contract.title));

/// The routes of the archive.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, record))
        .routes(routes!(verify))
        .routes(routes!(void))
        .with_state(app.clone())
}

/// A contract of the archive.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastContractView {
    /// Identifies it.
    pub id: Uuid,
    /// What was run.
    pub title: String,
    /// For whom.
    pub client: String,
    /// A hotline of a public office.
    pub government: bool,
    /// The first day.
    pub from_day: NaiveDate,
    /// The last one.
    pub until_day: NaiveDate,
    /// Seats, calls and the like.
    pub scale: String,
    /// `recorded`, `verified` or `void`.
    pub state: String,
    /// When the purchaser verified it.
    pub verified_at: Option<DateTime<Utc>>,
    /// What was said to it.
    pub note: Option<String>,
    /// Contract and the client's confirmation.
    pub files: Vec<LiaisonFileView>,
    /// Rises with each change.
    pub version: i64,
}

/// The archive with what it makes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperienceArchive {
    /// The contracts, the latest begun first.
    pub items: Vec<PastContractView>,
    /// Months of hotlines of public offices by all that is not void, what overlaps once.
    pub months_claimed: u32,
    /// The same by what the purchaser verified.
    pub months_verified: u32,
    /// Months that are asked for.
    pub months_needed: u16,
    /// What is verified is enough.
    pub enough: bool,
    /// What may be tried now by who looks.
    pub actions: Vec<&'static str>,
}

async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_desc(row::Column::FromDay)
        .order_by_desc(row::Column::Id)
        .limit(MOST)
        .all(conn)
        .await?)
}

/// A contract of the archive.
pub(crate) async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("contract"))
}

async fn archive(app: &App, of: &Principal) -> Result<Json<ExperienceArchive>> {
    let conn = app.db.read();
    let needed = rule::in_force::<ExperienceTerm>(conn, app.clock.now()).await?;
    let needed = needed.iter().find(|term| term.code == "government_hotline");
    let needed = needed.ok_or_else(|| internal("no experience term is in force"))?;
    let (mut items, mut claimed, mut verified) = (Vec::new(), Vec::new(), Vec::new());
    for row in all(conn).await? {
        let time = (day::read(&row.from_day)?, day::read(&row.until_day)?);
        if row.government && row.state != "void" {
            claimed.push(time);
        }
        if row.government && row.state == "verified" {
            verified.push(time);
        }
        items.push(PastContractView {
            files: files::of(conn, row.id).await?,
            from_day: time.0,
            until_day: time.1,
            id: row.id,
            title: row.title,
            client: row.client,
            government: row.government,
            scale: row.scale,
            state: row.state,
            verified_at: row.verified_at,
            note: row.note,
            version: row.version,
        });
    }
    let mut actions = Vec::new();
    if of.may::<ManageContracts>() {
        actions.extend(["record", "void"]);
    }
    if of.may::<VerifyContracts>() {
        actions.push("verify");
    }
    let months_verified = months(&verified);
    Ok(Json(ExperienceArchive {
        items,
        months_claimed: months(&claimed),
        months_verified,
        months_needed: needed.months,
        enough: months_verified >= u32::from(needed.months),
        actions,
    }))
}

/// The supplier's contracts, and how many months of hotlines of public offices they make.
#[utoipa::path(
    get, path = "/api/v1/past-contracts", tag = "liaison", operation_id = "list_past_contracts",
    responses((status = 200, body = ExperienceArchive)),
)]
async fn list(
    actor: Actor<ViewContracts>,
    State(app): State<App>,
) -> Result<Json<ExperienceArchive>> {
    archive(&app, actor.principal()).await
}

/// A contract that was run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPastContract {
    /// What was run.
    title: String,
    /// For whom.
    client: String,
    /// A hotline of a public office.
    government: bool,
    /// The first day.
    from_day: NaiveDate,
    /// The last one.
    until_day: NaiveDate,
    /// Seats, calls and the like.
    scale: String,
}

/// Records a contract that was run; its files are added to it, and the purchaser verifies it.
#[utoipa::path(
    post, path = "/api/v1/past-contracts", tag = "liaison", operation_id = "record_past_contract",
    request_body = NewPastContract,
    responses((status = 201, body = ExperienceArchive), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn record(
    actor: Actor<ManageContracts>,
    State(app): State<App>,
    Json(new): Json<NewPastContract>,
) -> Result<(StatusCode, Json<ExperienceArchive>)> {
    must_be_name("client", &new.client)?;
    let (title, scale) = (needed("title", &new.title)?, needed("scale", &new.scale)?);
    let today = day::today(&app);
    day::plausible("from_day", new.from_day, today)?;
    day::plausible("until_day", new.until_day, today)?;
    if new.until_day < new.from_day {
        let detail = "the last day is not before the first";
        return Err(invalid("until_day", "term_backwards", detail));
    }
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move {
        if all(&*tx).await?.len() as u64 >= MOST {
            return Err(refused("contracts_full", "the archive holds 200 contracts"));
        }
        let now = app.clock.now();
        let row = row::Model {
            id: app.ids.next(),
            title,
            client: new.client,
            government: new.government,
            from_day: day::text(new.from_day),
            until_day: day::text(new.until_day),
            scale,
            recorded_by: who.user_id,
            recorded_at: now,
            verified_by: None,
            verified_at: None,
            note: None,
            state: "recorded".to_owned(),
            updated_at: now,
            version: 1,
        };
        versioned::insert(&*tx, &row).await?;
        tell(&app, &tx, &who, &row, "recorded").await
    })
    .await?;
    let page = archive(&done, actor.principal()).await?;
    Ok((StatusCode::CREATED, page))
}

async fn tell(
    app: &App,
    tx: &Tx,
    who: &kernel::audit::Who,
    row: &row::Model,
    what: &str,
) -> Result<()> {
    let scribe = Scribe {
        app,
        tx,
        who,
        kind: "past_contract",
        id: row.id,
        seen: Seen::Both,
    };
    let facts = json!({ "state": row.state, "version": row.version });
    scribe.tell(what, row.note.as_deref(), facts).await
}

/// What is said to a contract, with the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PastContractSaid {
    /// The version that was read.
    version: i64,
    /// What is said to it.
    note: String,
}

async fn becomes(
    app: App,
    of: &Principal,
    id: Uuid,
    said: PastContractSaid,
    state: &'static str,
) -> Result<Json<ExperienceArchive>> {
    let note = needed("note", &said.note)?;
    let (db, done, who) = (app.db.clone(), app.clone(), kernel::audit::Who::user(of));
    db.write(move |tx| async move {
        let before = versioned::as_read(get(&*tx, id).await?, said.version)?;
        if before.state == "void" || before.state == state {
            let detail = format!("{} is `{}` already", before.what(), before.state);
            return Err(refused("contract_settled", detail));
        }
        let mut after = before.clone();
        state.clone_into(&mut after.state);
        after.note = Some(note);
        if state == "verified" {
            after.verified_by = who.user_id;
            after.verified_at = Some(app.clock.now());
        }
        let after = versioned::save(&app, &*tx, &before, after).await?;
        tell(&app, &tx, &who, &after, state).await
    })
    .await?;
    archive(&done, of).await
}

/// The purchaser verifies a contract by its papers.
#[utoipa::path(
    post, path = "/api/v1/past-contracts/{id}/verify", tag = "liaison", operation_id = "verify_past_contract",
    params(("id" = Uuid, Path)), request_body = PastContractSaid,
    responses((status = 200, body = ExperienceArchive), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn verify(
    actor: Actor<VerifyContracts>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<PastContractSaid>,
) -> Result<Json<ExperienceArchive>> {
    becomes(app, actor.principal(), id, said, "verified").await
}

/// Voids a contract that was recorded wrongly; it stays to be read and counts no more.
#[utoipa::path(
    post, path = "/api/v1/past-contracts/{id}/void", tag = "liaison", operation_id = "void_past_contract",
    params(("id" = Uuid, Path)), request_body = PastContractSaid,
    responses((status = 200, body = ExperienceArchive), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn void(
    actor: Actor<ManageContracts>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(said): Json<PastContractSaid>,
) -> Result<Json<ExperienceArchive>> {
    becomes(app, actor.principal(), id, said, "void").await
}
