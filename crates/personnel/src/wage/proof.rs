//! The files that prove what was paid: lists of the insurances, receipts of the bank. One file is about one person, or
//! about several. Opening one is written to the audit trail.

use std::collections::BTreeSet;

use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, internal, invalid, not_found, too_large};
use kernel::{Actor, App, attachment, audit};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Month;
use super::facts::{self, WageFileKind};
use super::month::told;
use super::rows::{self, file as row, file_person};
use crate::rights::{ManageWages, ViewPay, ViewWageMonths};
use crate::staff::store as staff;

/// Files of one month.
const MOST: u64 = 200;

/// A proof as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct WageFileView {
    /// Identifies it.
    pub id: Uuid,
    /// `insurance`, `receipt` or `payslip`.
    pub kind: String,
    /// The name it came with.
    pub name: String,
    /// Size.
    pub bytes: i64,
    /// SHA-256 in hex.
    pub sha256: String,
    /// How many people it is about; a file about several is not opened by one of them.
    pub people: usize,
    /// When it came.
    pub at: DateTime<Utc>,
}

impl WageFileView {
    /// A file with how many people it is about.
    pub(crate) fn of((row, people): &(row::Model, usize)) -> Self {
        Self {
            people: *people,
            id: row.id,
            kind: row.kind.clone(),
            name: row.name.clone(),
            bytes: row.bytes,
            sha256: row.sha256.clone(),
            at: row.at,
        }
    }
}

/// The routes of this file.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(get))
        .routes(routes!(get_mine))
        .layer(DefaultBodyLimit::max(attachment::BODY))
        .with_state(app.clone())
}

/// What the file is and whom it is about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NewProof {
    /// `insurance`, `receipt` or `payslip`.
    #[param(value_type = String)]
    kind: WageFileKind,
    /// Staff files it is about, with commas between; everybody of the month when left out.
    people: Option<String>,
}

impl NewProof {
    fn people(&self, there: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>> {
        let Some(named) = &self.people else {
            return Ok(there.clone());
        };
        let read = |id: &str| {
            id.trim()
                .parse::<Uuid>()
                .ok()
                .filter(|id| there.contains(id))
        };
        let people: Option<BTreeSet<Uuid>> = named.split(',').map(read).collect();
        people.ok_or_else(|| {
            let detail = "somebody named was not on the project in this month";
            invalid("people", "person_not_on_payroll", detail)
        })
    }
}

/// A proof with its bytes.
pub(crate) struct Proof {
    pub name: String,
    pub media_type: String,
    pub bytes: axum::body::Bytes,
}

/// Keeps the bytes and gives the row that is to point at them.
pub(crate) async fn kept(
    app: &App,
    month: Month,
    kind: WageFileKind,
    (proof, by_id): (Proof, Option<Uuid>),
) -> Result<row::Model> {
    let (id, at) = (app.ids.next(), app.clock.now());
    let file = row::Model {
        id,
        month: month.to_string(),
        kind: kind.as_str().to_owned(),
        name: proof.name,
        media_type: proof.media_type,
        bytes: i64::try_from(proof.bytes.len()).map_err(internal)?,
        sha256: hex::encode(Sha256::digest(&proof.bytes)),
        path: format!("wages/{month}/{id}"),
        at,
        by_id,
    };
    // The bytes first: a row never points at a file that is not there.
    app.files.put(&file.path, &proof.bytes).await?;
    Ok(file)
}

/// Writes the row of a proof with the people it is about.
pub(crate) async fn filed(
    tx: &kernel::Tx,
    file: row::Model,
    people: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let file_id = file.id;
    file.into_active_model().reset_all().insert(&**tx).await?;
    let links = people.into_iter().map(|staff_id| {
        file_person::Model { file_id, staff_id }
            .into_active_model()
            .reset_all()
    });
    let links: Vec<_> = links.collect();
    if !links.is_empty() {
        file_person::Entity::insert_many(links)
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Adds a proof to a month that is open. 413 over 20 MB, 415 for a kind that is not taken.
#[utoipa::path(
    post, path = "/api/v1/wage-months/{month}/files", tag = "wages", operation_id = "add_wage_file",
    params(("month" = String, Path), NewProof),
    request_body(content = attachment::FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = WageFileView), (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)),
)]
async fn add(
    actor: Actor<ManageWages>,
    State(app): State<App>,
    Path(month): Path<String>,
    Query(new): Query<NewProof>,
    form: Multipart,
) -> Result<(StatusCode, Json<WageFileView>)> {
    let month = Month::read("month", &month)?;
    let found = facts::of(app.db.read(), &[month], None).await?;
    let there: BTreeSet<Uuid> = found
        .iter()
        .flat_map(|month| &month.people)
        .map(|person| person.staff.id)
        .collect();
    let people = new.people(&there)?;
    let (name, bytes) = attachment::part(form).await?;
    let media_type = attachment::kind_of(&name, &bytes)?.to_owned();
    let proof = Proof {
        name,
        media_type,
        bytes,
    };
    let file = kept(&app, month, new.kind, (proof, Some(actor.user_id()))).await?;
    let view = WageFileView::of(&(file.clone(), people.len()));
    let (db, who) = (app.db.clone(), actor.who());
    db.write(move |tx| async move {
        let row = rows::writable(&app, &tx, month).await?;
        let there = row::Entity::find()
            .filter(row::Column::Month.eq(month.to_string()))
            .count(&*tx)
            .await?;
        if there >= MOST {
            return Err(too_large(format!("this month has {MOST} files already")));
        }
        let said = file.name.clone();
        filed(&tx, file, people).await?;
        told(&app, &tx, &who, &row, ("file_added", Some(&said)), &[]).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(view)))
}

async fn opened(app: &App, who: kernel::audit::Who, file: row::Model) -> Result<Response> {
    let bytes = app.files.get(&file.path).await?;
    let (db, writer, id, month) = (app.db.clone(), app.clone(), file.id, file.month.clone());
    db.write(move |tx| async move {
        let details = json!({ "month": month });
        audit::record(
            &writer,
            &*tx,
            &who,
            "wage_file.opened",
            "wage_file",
            id,
            details,
        )
        .await
    })
    .await?;
    Ok(attachment::download(&file.name, &file.media_type, bytes))
}

/// One proof; opening it is written to the audit trail.
#[utoipa::path(
    get, path = "/api/v1/wage-months/{month}/files/{file_id}", tag = "wages", operation_id = "get_wage_file",
    params(("month" = String, Path), ("file_id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
async fn get(
    actor: Actor<ViewWageMonths>,
    State(app): State<App>,
    Path((month, file_id)): Path<(String, Uuid)>,
) -> Result<Response> {
    let month = Month::read("month", &month)?;
    let file = row::Entity::find_by_id(file_id)
        .filter(row::Column::Month.eq(month.to_string()))
        .one(app.db.read())
        .await?
        .ok_or_else(|| not_found("file"))?;
    opened(&app, actor.who(), file).await
}

/// A proof that is about oneself alone.
#[utoipa::path(
    get, path = "/api/v1/my-payslips/files/{file_id}", tag = "wages", operation_id = "get_my_wage_file",
    params(("file_id" = Uuid, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)),
)]
async fn get_mine(
    actor: Actor<ViewPay>,
    State(app): State<App>,
    Path(file_id): Path<Uuid>,
) -> Result<Response> {
    let conn = app.db.read();
    let own = staff::of_user(conn, actor.user_id()).await?;
    let about = file_person::Entity::find()
        .filter(file_person::Column::FileId.eq(file_id))
        .all(conn)
        .await?;
    let file = row::Entity::find_by_id(file_id).one(conn).await?;
    // A list with others on it shows what they are paid.
    let alone = |id: Uuid| about.len() == 1 && about.iter().all(|link| link.staff_id == id);
    let file = file.filter(|_| own.is_some_and(|own| alone(own.id)));
    opened(&app, actor.who(), file.ok_or_else(|| not_found("file"))?).await
}
