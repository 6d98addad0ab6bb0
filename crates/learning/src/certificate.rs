//! The certificate of the pre-job training (岗前培训合格证, A-51): the purchaser alone issues and revokes it. Its numbers
//! have no gaps; a certificate is never deleted.

use axum::extract::State;
use axum::http::StatusCode;
use calendar::SHANGHAI;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid};
use kernel::text::needed;
use kernel::versioned::{self, as_read};
use kernel::{Actor, App, Audience, Scope, Tx, numbers};
use organization::{Colleague, colleagues};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::exam::Action;
use crate::exam::{steps, store};
use crate::rights::{IssueCertificates, ViewCertificates};
use crate::rows;

kernel::table! {
    /// A certificate.
    pub mod row = "certificates" (id: Uuid) {
        number: String,
        user_id: Uuid,
        person_name: String,
        attempt_id: Uuid,
        title: String,
        points: i32,
        total: i32,
        valid_from: Date,
        valid_until: Option<Date>,
        issued_by: Uuid,
        issued_at: DateTimeUtc,
        revoked_on: Option<Date>,
        revoked_by: Option<Uuid>,
        revoked_at: Option<DateTimeUtc>,
        revoke_reason: Option<String>,
        state: String,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

use row::Column;

kernel::versioned!(row, |certificate| format!(
    "certificate `{}`",
    certificate.number
));

/// The day in Guangzhou.
fn day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&SHANGHAI).date_naive()
}

/// Whether the person has the pass on this day: a certificate that began, did not run out and was not revoked by then.
pub async fn has_pass(conn: &impl ConnectionTrait, user: Uuid, on: NaiveDate) -> Result<bool> {
    let many = row::Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::ValidFrom.lte(on))
        .filter(
            Condition::any()
                .add(Column::ValidUntil.is_null())
                .add(Column::ValidUntil.gte(on)),
        )
        .filter(
            Condition::any()
                .add(Column::RevokedOn.is_null())
                .add(Column::RevokedOn.gt(on)),
        )
        .count(conn)
        .await?;
    Ok(many > 0)
}

/// Issues the certificate of a qualification that was passed.
pub(crate) async fn issue(
    app: &App,
    tx: &Tx,
    who: &Who,
    attempt: Uuid,
    valid_until: Option<NaiveDate>,
) -> Result<row::Model> {
    let now = app.clock.now();
    if valid_until.is_some_and(|until| until < day(now)) {
        return Err(invalid(
            "valid_until",
            "date_in_past",
            "it would be over already",
        ));
    }
    let before = store::locked(tx, attempt).await?;
    let sitting = store::sitting_of(&**tx, before.sitting_id).await?;
    let after = steps::step(app, tx, who, (&sitting, &before), &Action::Certify, None).await?;
    let person = colleagues(&**tx, [after.user_id]).await?;
    let person = person
        .get(&after.user_id)
        .ok_or_else(|| internal("a taker is somebody"))?;
    let year = day(now).year();
    let count = numbers::next_many(&**tx, format!("certificate:{year}"), 1).await?;
    let certificate = row::Model {
        id: app.ids.next(),
        number: format!("SJ-Z{year}-{count:04}"),
        user_id: after.user_id,
        person_name: person.name.clone(),
        attempt_id: after.id,
        title: sitting.title.clone(),
        points: after.points.unwrap_or_default(),
        total: after.total,
        valid_from: day(now),
        valid_until,
        issued_by: who
            .user_id
            .ok_or_else(|| internal("a certificate is issued by somebody"))?,
        issued_at: now,
        revoked_on: None,
        revoked_by: None,
        revoked_at: None,
        revoke_reason: None,
        state: "valid".to_owned(),
        updated_at: now,
        version: 1,
    };
    versioned::insert(&**tx, &certificate).await?;
    tell(app, tx, who, &certificate, "certificate_issued").await?;
    Ok(certificate)
}

/// Revokes a certificate; from that day on its person has no pass by it.
async fn revoke(
    app: &App,
    tx: &Tx,
    who: &Who,
    before: row::Model,
    reason: String,
) -> Result<row::Model> {
    let attempt = store::locked(tx, before.attempt_id).await?;
    let sitting = store::sitting_of(&**tx, attempt.sitting_id).await?;
    steps::step(
        app,
        tx,
        who,
        (&sitting, &attempt),
        &Action::Revoke,
        Some(&reason),
    )
    .await?;
    let now = app.clock.now();
    let after = row::Model {
        revoked_on: Some(day(now)),
        revoked_by: who.user_id,
        revoked_at: Some(now),
        revoke_reason: Some(reason),
        state: "revoked".to_owned(),
        ..before.clone()
    };
    let after = versioned::save(app, &**tx, &before, after).await?;
    tell(app, tx, who, &after, "certificate_revoked").await?;
    Ok(after)
}

async fn tell(app: &App, tx: &Tx, who: &Who, certificate: &row::Model, what: &str) -> Result<()> {
    let facts = json!({
        "id": certificate.id, "certificate_id": certificate.id, "number": certificate.number,
        "user_id": certificate.user_id, "owner_id": certificate.user_id, "attempt_id": certificate.attempt_id,
        "title": certificate.title, "points": certificate.points, "total": certificate.total,
        "valid_from": certificate.valid_from, "valid_until": certificate.valid_until,
        "revoked_on": certificate.revoked_on, "reason": certificate.revoke_reason, "at": app.clock.now(),
    });
    let action = format!("certificate.{}", what.trim_start_matches("certificate_"));
    audit::record(
        app,
        &**tx,
        who,
        &action,
        "certificate",
        certificate.id,
        facts.clone(),
    )
    .await?;
    app.live.publish_after(
        tx,
        Audience::User(certificate.user_id),
        "certificate",
        facts.clone(),
    );
    app.events
        .publish(tx, &format!("learning.{what}"), certificate.id, facts)
        .await
}

/// The routes of certificates.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(withdraw))
        .with_state(app.clone())
}

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateView {
    /// Identifies it.
    pub id: Uuid,
    /// `SJ-Z2026-0001`: counted without gaps, anew each year.
    pub number: String,
    /// Whose it is.
    pub person: Option<Colleague>,
    /// The name it was issued to.
    pub person_name: String,
    /// The try it stands on.
    pub attempt_id: Uuid,
    /// The exam.
    pub title: String,
    /// The points reached.
    pub points: i32,
    /// The points there were.
    pub total: i32,
    /// The first day it is good.
    pub valid_from: NaiveDate,
    /// The last one; null for good.
    pub valid_until: Option<NaiveDate>,
    /// Who issued it.
    pub issued_by: Option<Colleague>,
    /// When.
    pub issued_at: DateTime<Utc>,
    /// From which day on it is not good any more.
    pub revoked_on: Option<NaiveDate>,
    /// Who revoked it.
    pub revoked_by: Option<Colleague>,
    /// Why.
    pub revoke_reason: Option<String>,
    /// `valid` or `revoked`
    pub state: String,
    /// Rises with each change.
    pub version: i64,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<row::Model>) -> Result<Vec<CertificateView>> {
    let mut named = Vec::new();
    for row in &rows {
        named.extend([row.user_id, row.issued_by]);
        named.extend(row.revoked_by);
    }
    let people = colleagues(conn, named).await?;
    let view = |row: row::Model| CertificateView {
        person: people.get(&row.user_id).cloned(),
        issued_by: people.get(&row.issued_by).cloned(),
        revoked_by: row.revoked_by.and_then(|id| people.get(&id).cloned()),
        id: row.id,
        number: row.number,
        person_name: row.person_name,
        attempt_id: row.attempt_id,
        title: row.title,
        points: row.points,
        total: row.total,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        issued_at: row.issued_at,
        revoked_on: row.revoked_on,
        revoke_reason: row.revoke_reason,
        state: row.state,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn one(app: &App, row: row::Model) -> Result<CertificateView> {
    let view = views(app.db.read(), vec![row]).await?.pop();
    view.ok_or_else(|| internal("one row, one view"))
}

/// What a list of certificates may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CertificateFilter {
    /// Only those of this person.
    user: Option<Uuid>,
    /// `valid` or `revoked`
    state: Option<String>,
}

/// Certificates, the latest first; an agent sees his own.
#[utoipa::path(
    get, path = "/api/v1/certificates", tag = "exams", operation_id = "list_certificates",
    params(ListQuery, CertificateFilter),
    responses((status = 200, body = Page<CertificateView>)),
)]
async fn list(
    actor: Actor<ViewCertificates>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<CertificateFilter>,
) -> Result<Json<Page<CertificateView>>> {
    let own = match actor.scope() {
        Scope::All => None,
        _ => Some(actor.user_id()),
    };
    let all = Condition::all()
        .add_option(own.map(|user| Column::UserId.eq(user)))
        .add_option(filter.user.map(|user| Column::UserId.eq(user)))
        .add_option(
            filter
                .state
                .as_ref()
                .map(|state| Column::State.eq(state.as_str())),
        )
        .add_option(query.words_in(&[Column::Number, Column::PersonName, Column::Title])?);
    let sortable = [("issued_at", Column::IssuedAt), ("number", Column::Number)];
    let conn = app.db.read();
    let page = paginate(
        conn,
        row::Entity::find().filter(all),
        &query,
        &sortable,
        Column::Id,
    )
    .await?;
    Ok(Json(
        page.shown(async |rows| views(conn, rows).await).await?,
    ))
}

/// A certificate to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCertificate {
    /// The try that was passed.
    attempt_id: Uuid,
    /// The last day it is good; for good when left out.
    valid_until: Option<NaiveDate>,
}

/// Issues the certificate of a qualification that was passed; only the purchaser does.
#[utoipa::path(
    post, path = "/api/v1/certificates", tag = "exams", operation_id = "issue_certificate",
    request_body = NewCertificate,
    responses((status = 201, body = CertificateView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn create(
    actor: Actor<IssueCertificates>,
    State(app): State<App>,
    Json(new): Json<NewCertificate>,
) -> Result<(StatusCode, Json<CertificateView>)> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        issue(&services, &tx, &who, new.attempt_id, new.valid_until).await
    };
    let row = app.db.write(work).await?;
    Ok((StatusCode::CREATED, Json(one(&app, row).await?)))
}

/// Why a certificate is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revocation {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Revokes a certificate with its reason; only the purchaser does.
#[utoipa::path(
    post, path = "/api/v1/certificates/{id}/revoke", tag = "exams", operation_id = "revoke_certificate",
    params(("id" = Uuid, Path)),
    request_body = Revocation,
    responses((status = 200, body = CertificateView), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn withdraw(
    actor: Actor<IssueCertificates>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<Revocation>,
) -> Result<Json<CertificateView>> {
    let reason = needed("reason", &wish.reason)?;
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let before = rows::get::<row::Entity>(&*tx, id, "certificate").await?;
        revoke(&services, &tx, &who, as_read(before, wish.version)?, reason).await
    };
    let row = app.db.write(work).await?;
    Ok(Json(one(&app, row).await?))
}
