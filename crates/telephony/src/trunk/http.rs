//! Trunks over HTTP: the system administrator adds and changes them, and tries what becomes of a number.
//! A secret goes in and never comes out.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, Who};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::text::must_be_name;
use kernel::{Actor, versioned};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::board::Line;
use super::store::{self, TrunkState, row};
use super::{
    LONGEST_NUMBER, Rewriting, Srtp, TrunkFault, TrunkHealth, TrunkKind, TrunkTransport,
    check_rules, is_number, rewritten,
};
use crate::{EditTrunks, Telephony, ViewTelephony};

/// Trunks there may be.
const MOST: usize = 50;
/// Numbers of ours on one trunk.
const MOST_CALLER_IDS: usize = 200;
/// Longest user name and secret.
const LONGEST_SECRET: usize = 200;

/// A trunk as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkView {
    /// Identifies it.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// By address, or we register.
    pub kind: TrunkKind,
    /// Host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What SIP goes over.
    pub transport: TrunkTransport,
    /// Whether the voice is encrypted.
    pub srtp: Srtp,
    /// Who we are there.
    pub auth_user: Option<String>,
    /// There is a secret; what it is is never shown.
    pub has_secret: bool,
    /// Numbers it lets us show; empty: any.
    pub caller_ids: Vec<String>,
    /// What becomes of numbers that come in; the first rule that fits counts.
    pub rewrite_in: Vec<Rewriting>,
    /// What becomes of numbers that go out.
    pub rewrite_out: Vec<Rewriting>,
    /// The smallest goes first.
    pub priority: i32,
    /// Its share among those of one priority.
    pub weight: u32,
    /// Calls at the same time; null: any number.
    pub most_calls: Option<u32>,
    /// Seconds between two OPTIONS; 0: none.
    pub options_s: u32,
    /// It takes new calls.
    pub enabled: bool,
    /// Rises with each change.
    pub version: i64,
    /// How it stands.
    pub now: TrunkNow,
}

/// How a trunk stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkNow {
    /// Up, down or unknown.
    pub health: TrunkHealth,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// How long its last answer took.
    pub latency_ms: Option<u32>,
    /// The last SIP status; null when it did not answer.
    pub status: Option<u16>,
    /// What is wrong with it; null when nothing is.
    pub fault: Option<TrunkFault>,
    /// Until when the carrier holds our registration; null without one.
    pub registered_until: Option<DateTime<Utc>>,
    /// Calls on it; those of a trunk that is switched off run on.
    pub calls: u32,
}

impl TrunkNow {
    pub(super) fn of(line: Option<&Line>) -> Self {
        let health = line.map(Line::health);
        Self {
            health: health.map_or(TrunkHealth::Unknown, |health| health.state),
            since: health.map(|health| health.since),
            latency_ms: health.and_then(|health| health.latency_ms),
            status: health.and_then(|health| health.status),
            fault: health.and_then(|health| health.fault),
            registered_until: line.and_then(Line::registered_until),
            calls: line.map_or(0, Line::calls),
        }
    }
}

fn view(telephony: &Telephony, row: &row::Model) -> Result<TrunkView> {
    let trunk = row.trunk(telephony.app())?;
    let line = telephony
        .stack()
        .ok()
        .and_then(|stack| stack.board().line(trunk.id));
    Ok(TrunkView {
        id: trunk.id,
        name: trunk.name,
        kind: trunk.kind,
        host: trunk.host,
        port: trunk.port,
        transport: trunk.transport,
        srtp: trunk.srtp,
        auth_user: trunk.auth_user,
        has_secret: trunk.secret.is_some(),
        caller_ids: trunk.caller_ids,
        rewrite_in: trunk.rewrite_in,
        rewrite_out: trunk.rewrite_out,
        priority: trunk.priority,
        weight: trunk.weight,
        most_calls: trunk.most_calls,
        options_s: trunk.options_s,
        enabled: trunk.enabled,
        version: trunk.version,
        now: TrunkNow::of(line.as_deref()),
    })
}

/// Every trunk.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrunkList {
    /// By priority, then by name.
    pub items: Vec<TrunkView>,
    /// Those of the settings file, which are tried after them: each `address:port`.
    pub of_settings: Vec<String>,
}

/// Lists the trunks and how they stand.
#[utoipa::path(
    get, path = "/api/v1/trunks", tag = "telephony",
    responses((status = 200, body = TrunkList)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewTelephony>,
    State(telephony): State<Telephony>,
) -> Result<Json<TrunkList>> {
    let rows = store::all(telephony.app().db.read()).await?;
    let items: Result<Vec<_>> = rows.iter().map(|row| view(&telephony, row)).collect();
    let lines = telephony.stack().map(|stack| stack.board().lines());
    let of_settings = lines
        .unwrap_or_default()
        .iter()
        .filter(|line| line.trunk.id.is_nil())
        .map(|line| format!("{}:{}", line.trunk.host, line.trunk.port))
        .collect();
    Ok(Json(TrunkList {
        items: items?,
        of_settings,
    }))
}

/// A trunk as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrunkRequest {
    /// The version that was read; null for a new trunk.
    version: Option<i64>,
    /// Its name, 1 to 60 characters.
    name: String,
    /// By address, or we register.
    kind: TrunkKind,
    /// Host name or address.
    host: String,
    /// Its port.
    port: u16,
    /// What SIP goes over.
    transport: TrunkTransport,
    /// Whether the voice is encrypted.
    srtp: Srtp,
    /// Who we are there; needed to register.
    #[serde(default)]
    auth_user: Option<String>,
    /// Our secret there: absent leaves what is, an empty one takes it away.
    #[serde(default)]
    secret: Option<String>,
    /// Numbers it lets us show; empty: any.
    #[serde(default)]
    caller_ids: Vec<String>,
    /// What becomes of numbers that come in.
    #[serde(default)]
    rewrite_in: Vec<Rewriting>,
    /// What becomes of numbers that go out.
    #[serde(default)]
    rewrite_out: Vec<Rewriting>,
    /// The smallest goes first, 0 to 1000.
    priority: i32,
    /// Its share among those of one priority, 1 to 1000.
    weight: u32,
    /// Calls at the same time, 1 to 10000; null: any number.
    #[serde(default)]
    most_calls: Option<u32>,
    /// Seconds between two OPTIONS, 5 to 3600; 0: none.
    options_s: u32,
    /// It takes new calls.
    enabled: bool,
}

impl TrunkRequest {
    fn check(&self, has_secret: bool) -> Result<()> {
        must_be_name("name", &self.name)?;
        if self.name == super::board::DEFAULT {
            let detail = "the trunk of the settings is called so";
            return Err(invalid("name", "name_taken", detail));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        let fits = (1..=253).contains(&self.host.len()) && self.host.chars().all(plain);
        if !fits || self.port == 0 {
            let detail = "a host name or an address, and a port from 1";
            return Err(invalid("host", "host_invalid", detail));
        }
        let user = self.auth_user.as_deref().unwrap_or_default();
        let secret = self.secret.as_deref().unwrap_or_default();
        let printable =
            |text: &str| text.len() <= LONGEST_SECRET && !text.chars().any(char::is_control);
        // It becomes the user part of an address.
        let as_user = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()+".contains(c);
        if !printable(user) || !user.chars().all(as_user) {
            let detail = "letters, digits and -_.!~*'()+, at most 200";
            return Err(invalid("auth_user", "auth_user_invalid", detail));
        }
        if !printable(secret) {
            let detail = "at most 200 characters on one line";
            return Err(invalid("secret", "secret_invalid", detail));
        }
        let secret_then = match &self.secret {
            Some(secret) => !secret.is_empty(),
            None => has_secret,
        };
        if self.kind == TrunkKind::Registration && (user.is_empty() || !secret_then) {
            let detail = "to register needs a user and a secret";
            return Err(invalid("auth_user", "registration_needs_secret", detail));
        }
        let numbers = self
            .caller_ids
            .iter()
            .all(|number| !number.is_empty() && is_number(number));
        if !numbers || self.caller_ids.len() > MOST_CALLER_IDS {
            let detail = "at most 200 numbers";
            return Err(invalid("caller_ids", "caller_ids_invalid", detail));
        }
        check_rules("rewrite_in", &self.rewrite_in)?;
        check_rules("rewrite_out", &self.rewrite_out)?;
        within("priority", self.priority, 0, 1000)?;
        within("weight", i64::from(self.weight), 1, 1000)?;
        if let Some(most) = self.most_calls {
            within("most_calls", i64::from(most), 1, 10_000)?;
        }
        if self.options_s != 0 {
            within("options_s", i64::from(self.options_s), 5, 3600)?;
        }
        Ok(())
    }

    /// The row it makes of `before`.
    fn onto(self, app: &kernel::App, mut row: row::Model) -> Result<row::Model> {
        let state = if self.enabled {
            TrunkState::Enabled
        } else {
            TrunkState::Disabled
        };
        row.name = self.name;
        row.state = state.as_str().to_owned();
        row.kind = self.kind.as_str().to_owned();
        row.host = self
            .host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        row.port = i32::from(self.port);
        row.transport = self.transport.as_str().to_owned();
        row.srtp = self.srtp.as_str().to_owned();
        row.auth_user = self.auth_user.filter(|user| !user.is_empty());
        row.caller_ids = serde_json::to_value(self.caller_ids).map_err(internal)?;
        row.rewrite_in = serde_json::to_value(self.rewrite_in).map_err(internal)?;
        row.rewrite_out = serde_json::to_value(self.rewrite_out).map_err(internal)?;
        row.priority = self.priority;
        row.weight = i32::try_from(self.weight).map_err(internal)?;
        let most = self.most_calls.map(i32::try_from).transpose();
        row.most_calls = most.map_err(internal)?;
        row.options_s = i32::try_from(self.options_s).map_err(internal)?;
        if let Some(secret) = &self.secret {
            row.set_secret(app, (!secret.is_empty()).then_some(secret.as_str()))?;
        }
        Ok(row)
    }
}

fn within(field: &str, value: impl Into<i64>, least: i64, most: i64) -> Result<()> {
    if (least..=most).contains(&value.into()) {
        return Ok(());
    }
    let detail = format!("{least} to {most}");
    Err(invalid(field, "number_out_of_range", detail))
}

/// What the audit trail holds of a trunk: all but the secret.
fn facts(row: &row::Model, secret_changed: bool) -> Value {
    json!({
        "name": row.name, "state": row.state, "kind": row.kind, "host": row.host, "port": row.port,
        "transport": row.transport, "srtp": row.srtp, "auth_user": row.auth_user,
        "secret_changed": secret_changed, "caller_ids": row.caller_ids, "rewrite_in": row.rewrite_in,
        "rewrite_out": row.rewrite_out, "priority": row.priority, "weight": row.weight,
        "most_calls": row.most_calls, "options_s": row.options_s,
    })
}

/// Adds a trunk; it takes calls at once.
#[utoipa::path(
    post, path = "/api/v1/trunks", tag = "telephony", request_body = TrunkRequest,
    responses((status = 201, body = TrunkView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn create(
    actor: Actor<EditTrunks>,
    State(telephony): State<Telephony>,
    Json(asked): Json<TrunkRequest>,
) -> Result<(StatusCode, Json<TrunkView>)> {
    asked.check(false)?;
    let app = telephony.app().clone();
    let now = app.clock.now();
    let secret = asked.secret.is_some();
    let empty = row::Model {
        id: app.ids.next(),
        name: String::new(),
        state: String::new(),
        kind: String::new(),
        host: String::new(),
        port: 0,
        transport: String::new(),
        srtp: String::new(),
        auth_user: None,
        auth_secret: None,
        caller_ids: json!([]),
        rewrite_in: json!([]),
        rewrite_out: json!([]),
        priority: 0,
        weight: 1,
        most_calls: None,
        options_s: 0,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let made = asked.onto(&app, empty)?;
    let who = actor.who();
    let written = app
        .db
        .clone()
        .write(move |tx| async move {
            if store::all(&*tx).await?.len() >= MOST {
                return Err(refused("too_many_trunks", "at most 50 trunks"));
            }
            store::insert(&*tx, &made).await?;
            told(&app, &tx, &who, "trunk.created", &made, secret).await?;
            Ok(made)
        })
        .await?;
    telephony.trunks_changed().await?;
    Ok((StatusCode::CREATED, Json(view(&telephony, &written)?)))
}

/// Changes a trunk, at once; what runs on it runs on.
#[utoipa::path(
    put, path = "/api/v1/trunks/{id}", tag = "telephony",
    params(("id" = Uuid, Path)), request_body = TrunkRequest,
    responses((status = 200, body = TrunkView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn change(
    actor: Actor<EditTrunks>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
    Json(asked): Json<TrunkRequest>,
) -> Result<Json<TrunkView>> {
    let app = telephony.app().clone();
    let who = actor.who();
    let written = app
        .db
        .clone()
        .write(move |tx| async move {
            let before = store::one(&*tx, id).await?;
            asked.check(before.auth_secret.is_some())?;
            let version = asked.version.unwrap_or_default();
            let before = versioned::as_read(before, version)?;
            let secret = asked.secret.is_some();
            let after = asked.onto(&app, before.clone())?;
            let after = versioned::save(&app, &*tx, &before, after).await?;
            told(&app, &tx, &who, "trunk.changed", &after, secret).await?;
            Ok(after)
        })
        .await?;
    telephony.trunks_changed().await?;
    Ok(Json(view(&telephony, &written)?))
}

/// Removes a trunk; what runs on it runs on.
#[utoipa::path(
    delete, path = "/api/v1/trunks/{id}", tag = "telephony",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub(crate) async fn remove(
    actor: Actor<EditTrunks>,
    State(telephony): State<Telephony>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let app = telephony.app().clone();
    let who = actor.who();
    app.db
        .clone()
        .write(move |tx| async move {
            let gone = store::one(&*tx, id).await?;
            row::Entity::delete_by_id(id).exec(&*tx).await?;
            told(&app, &tx, &who, "trunk.removed", &gone, false).await
        })
        .await?;
    telephony.trunks_changed().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn told(
    app: &kernel::App,
    tx: &kernel::Tx,
    who: &Who,
    action: &'static str,
    row: &row::Model,
    secret: bool,
) -> Result<()> {
    let id = row.id.to_string();
    audit::record(app, &**tx, who, action, "trunk", &id, facts(row, secret)).await
}

/// A number to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrialRequest {
    /// The number.
    number: String,
    /// The rules to try it with, which need not be a trunk's yet.
    rules: Vec<Rewriting>,
}

/// What becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trial {
    /// The number as the rule makes it.
    number: String,
    /// Which rule it was, from 0; null when none fits and it stays as it is.
    rule: Option<usize>,
}

/// Shows what rules make of a number; changes nothing.
#[utoipa::path(
    post, path = "/api/v1/trunk-number-trials", tag = "telephony", request_body = TrialRequest,
    responses((status = 200, body = Trial), (status = 422, body = Problem)),
)]
pub(crate) async fn try_number(
    _actor: Actor<ViewTelephony>,
    Json(asked): Json<TrialRequest>,
) -> Result<Json<Trial>> {
    check_rules("rules", &asked.rules)?;
    let number = asked.number;
    if number.is_empty() || number.len() > LONGEST_NUMBER || !is_number(&number) {
        let detail = "digits, * and #, with + only at the front, at most 32";
        return Err(invalid("number", "number_invalid", detail));
    }
    let (number, rule) = rewritten(&asked.rules, &number);
    Ok(Json(Trial { number, rule }))
}
