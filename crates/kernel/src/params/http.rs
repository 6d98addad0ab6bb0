//! Parameters for those who confirm them.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use sea_orm::QueryOrder as _;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{in_force, parameter};
use crate::http::{Json, Query};
use crate::list::{ListQuery, Page, containing, paginate};
use crate::problem::{Result, invalid};
use crate::{Actor, App, audit};

crate::permissions! {
    /// See the laws and limits the system counts with.
    pub ViewParameters = "parameters:view" {
        ShiftLead: All, OpsManager: All, Quality: All, Analyst: All, HrCompliance: All, Liaison: All,
        Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All, PurchaserReviewer: All,
        SysAdmin: All, AuditAdmin: All,
    }
    /// Record and confirm a law or limit with its source.
    pub ConfirmParameters = "parameters:confirm" { OpsManager: All, PurchaserAdmin: All }
}

/// `/api/v1/parameters`.
pub fn routes(app: &App) -> OpenApiRouter<()> {
    OpenApiRouter::new()
        .routes(routes!(list, confirm))
        .with_state(app.clone())
}

/// Which parameter rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ParameterQuery {
    /// One parameter and its history.
    pub key: Option<String>,
    /// Only rows in force at this time, superseded ones among them.
    pub at: Option<DateTime<Utc>>,
}

/// One value of a parameter for a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct Parameter {
    /// The row.
    pub id: Uuid,
    /// The parameter.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Its unit; empty for a bare number or text.
    pub unit: String,
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// Until when; null for until it is superseded.
    pub effective_to: Option<DateTime<Utc>>,
    /// The document it stands in.
    pub source_doc_no: String,
    /// Where the document is found.
    pub source_url: String,
    /// Why it was recorded.
    pub note: String,
    /// A shipped value that was found in a copy or is our advice: to be confirmed first.
    pub confirm_before_use: bool,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who confirmed it; null for a shipped value that nobody has confirmed.
    pub confirmed_by: Option<Uuid>,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
}

impl From<parameter::Model> for Parameter {
    fn from(row: parameter::Model) -> Self {
        Self {
            id: row.id,
            key: row.key,
            value: row.value,
            unit: row.unit,
            effective_from: row.effective_from,
            effective_to: row.effective_to,
            source_doc_no: row.source_doc_no,
            source_url: row.source_url,
            note: row.note,
            confirm_before_use: row.confirm_before_use,
            recorded_at: row.recorded_at,
            confirmed_by: row.confirmed_by,
            confirmed_at: row.confirmed_at,
        }
    }
}

/// Parameter rows, the last recorded first.
#[utoipa::path(get, path = "/api/v1/parameters", tag = "parameters", params(ParameterQuery, ListQuery),
    responses((status = 200, body = Page<Parameter>)))]
async fn list(
    _actor: Actor<ViewParameters>,
    State(app): State<App>,
    Query(filter): Query<ParameterQuery>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Parameter>>> {
    let mut select = parameter::Entity::find();
    if let Some(key) = &filter.key {
        select = select.filter(parameter::Column::Key.eq(key));
    }
    if let Some(at) = filter.at {
        select = select.filter(in_force(at));
    }
    if let Some(words) = query.words()? {
        select = select.filter(containing(parameter::Column::Key, words));
    }
    let sortable = [
        ("recorded_at", parameter::Column::RecordedAt),
        ("effective_from", parameter::Column::EffectiveFrom),
        ("key", parameter::Column::Key),
    ];
    let page = paginate(
        app.db.read(),
        select,
        &query,
        &sortable,
        parameter::Column::Id,
    )
    .await?;
    Ok(Json(page.map(Parameter::from)))
}

/// A value with its source.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewParameter {
    /// A parameter the system knows.
    pub key: String,
    /// The value as text; a number where the value so far is one.
    pub value: String,
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// Until when; null for until it is superseded.
    pub effective_to: Option<DateTime<Utc>>,
    /// The document it stands in.
    pub source_doc_no: String,
    /// Where the document is found.
    #[serde(default)]
    pub source_url: String,
    /// Why it is recorded.
    #[serde(default)]
    pub note: String,
}

impl NewParameter {
    /// `now_held` is the newest row of the key.
    fn check(&self, now_held: &parameter::Model) -> Result<()> {
        if now_held.value.parse::<i64>().is_ok() && self.value.parse::<i64>().is_err() {
            return Err(invalid(
                "value",
                "not_a_number",
                "this parameter is a whole number",
            ));
        }
        if self.value.trim().is_empty() {
            return Err(invalid("value", "empty", "a value is needed"));
        }
        if self.source_doc_no.trim().is_empty() {
            return Err(invalid(
                "source_doc_no",
                "source_missing",
                "the document is needed",
            ));
        }
        if self
            .effective_to
            .is_some_and(|to| to <= self.effective_from)
        {
            return Err(invalid(
                "effective_to",
                "ends_before_it_begins",
                "it would never hold",
            ));
        }
        let texts = [
            ("value", &self.value),
            ("source_doc_no", &self.source_doc_no),
            ("source_url", &self.source_url),
            ("note", &self.note),
        ];
        match texts.iter().find(|(_, text)| text.chars().count() > 500) {
            Some((field, _)) => Err(invalid(field, "too_long", "at most 500 characters")),
            None => Ok(()),
        }
    }
}

/// Records a value and confirms it; the rows before stay as they are.
#[utoipa::path(post, path = "/api/v1/parameters", tag = "parameters", request_body = NewParameter,
    responses((status = 201, body = Parameter)))]
async fn confirm(
    actor: Actor<ConfirmParameters>,
    State(app): State<App>,
    Json(new): Json<NewParameter>,
) -> Result<(StatusCode, Json<Parameter>)> {
    let unknown = || {
        invalid(
            "key",
            "unknown_parameter",
            "the system knows no such parameter",
        )
    };
    let before = parameter::Entity::find()
        .filter(parameter::Column::Key.eq(&new.key))
        .order_by_desc(parameter::Column::RecordedAt)
        .one(app.db.read())
        .await?
        .ok_or_else(unknown)?;
    new.check(&before)?;
    let row = parameter::Model {
        id: app.ids.next(),
        key: new.key,
        value: new.value.trim().to_owned(),
        unit: before.unit,
        effective_from: new.effective_from,
        effective_to: new.effective_to,
        source_doc_no: new.source_doc_no,
        source_url: new.source_url,
        note: new.note,
        confirm_before_use: false,
        recorded_at: app.clock.now(),
        recorded_by: Some(actor.user_id()),
        confirmed_by: Some(actor.user_id()),
        confirmed_at: Some(app.clock.now()),
    };
    let (who, stored, writer) = (actor.who(), row.clone(), app.clone());
    app.db
        .write(async move |tx| {
            let details = json!({
                "key": stored.key, "value": stored.value, "before": before.value,
                "effective_from": stored.effective_from, "source_doc_no": stored.source_doc_no,
            });
            audit::record(
                &writer,
                &*tx,
                &who,
                "parameter.confirmed",
                "parameter",
                stored.id,
                details,
            )
            .await?;
            let told = json!({
                "key": stored.key, "value": stored.value, "effective_from": stored.effective_from,
            });
            writer
                .events
                .publish(&tx, "parameter.confirmed", &stored.key, told)
                .await?;
            // A model counts as unchanged until it is told that all of it is new.
            let row = parameter::ActiveModel::from(stored).reset_all();
            parameter::Entity::insert(row)
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}
