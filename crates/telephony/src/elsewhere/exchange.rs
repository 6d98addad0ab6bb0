//! The exchanges that are followed: where each is, whose its extensions are, and how the line to it stands. Its
//! password is kept sealed and never shown.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, invalid, refused};
use kernel::text::{must_be_code, must_be_name};
use kernel::{Actor, App, audit, outbound};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use utoipa::ToSchema;

use super::origin::{from_json, plain_text};
use super::{
    EditExchanges, ExtensionOf, Link, ViewExchanges, meant, must_be_extensions, must_be_queue,
};
use crate::Telephony;

/// Exchanges at most.
const MOST: usize = 20;

kernel::table! {
    /// One exchange. `secret` is sealed.
    pub mod row = "call_exchanges" (code: String) {
        name: String,
        host: String,
        port: i32,
        secret: Option<String>,
        allow_private: bool,
        active: bool,
        queue: String,
        hotline: String,
        agents: Json,
        queues: Json,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

fn label(code: &str) -> String {
    format!("call_exchange:{code}")
}

impl row::Model {
    /// The password of its event socket.
    pub(super) fn password(&self, app: &App) -> Result<String> {
        match &self.secret {
            Some(sealed) => app.key.unseal(&label(&self.code), sealed),
            None => Ok(String::new()),
        }
    }

    /// The addresses that may be connected to now.
    pub(super) async fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let url = outbound::checked(&address(&self.host, self.port), self.allow_private)?;
        let addresses = outbound::resolved(&url, self.allow_private).await?;
        // `https` leaves its own port out of the address.
        let port = u16::try_from(self.port).unwrap_or_default();
        let at = addresses.into_iter().map(|address| (address.ip(), port));
        Ok(at.map(Into::into).collect())
    }
}

/// The guard of outgoing requests speaks of URLs.
fn address(host: &str, port: i32) -> String {
    format!("https://{host}:{port}")
}

/// An exchange that is followed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Exchange {
    /// Its code.
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// Name or address of the machine.
    pub host: String,
    /// Port of its event socket.
    pub port: i32,
    /// There is a password; what it is is never shown.
    pub has_secret: bool,
    /// It stands in one's own network.
    pub allow_private: bool,
    /// It is followed.
    pub active: bool,
    /// The queue its calls count in.
    pub queue: String,
    /// The numbers that are ours, with commas between; empty: every call that comes in counts.
    pub hotline: String,
    /// Whose its extensions are; where nothing is said, the agent with that staff number.
    pub agents: Vec<ExtensionOf>,
    /// Its queues for ours: `{"hot@default": "hotline"}`.
    pub queues: BTreeMap<String, String>,
    /// How the line to it stands.
    pub link: Link,
    /// The last change.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

/// The exchanges.
#[derive(Debug, Serialize, ToSchema)]
pub struct Exchanges {
    /// By code.
    pub items: Vec<Exchange>,
}

/// How an exchange is set up.
// Not printed: it may hold a password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeSetup {
    /// The version that was read; left out for a new one.
    #[serde(default)]
    pub version: Option<i64>,
    /// Its name, for people.
    pub name: String,
    /// Name or address of the machine.
    pub host: String,
    /// Port of its event socket, 8021 as it comes.
    pub port: u16,
    /// The password; left out, the one there is stays.
    #[serde(default)]
    pub secret: Option<String>,
    /// It stands in one's own network: private addresses are allowed.
    #[serde(default)]
    pub allow_private: bool,
    /// It is followed.
    pub active: bool,
    /// The queue its calls count in.
    pub queue: String,
    /// The numbers that are ours, with commas between.
    #[serde(default)]
    pub hotline: String,
    /// Whose its extensions are.
    #[serde(default)]
    pub agents: Vec<ExtensionOf>,
    /// Its queues for ours.
    #[serde(default)]
    pub queues: BTreeMap<String, String>,
}

impl ExchangeSetup {
    fn check(&self) -> Result<()> {
        must_be_name("name", &self.name)?;
        plain_text("hotline", &self.hotline, 400)?;
        let wrong_host = || invalid("host", "host_invalid", "a name or an address, nothing more");
        let url = outbound::checked(&address(&self.host, self.port.into()), self.allow_private)
            .map_err(|problem| problem.with_field("host"))?;
        // Nothing but a host stands in it: no path, no sign-in, no other port.
        let bare = url.host_str() == Some(self.host.to_ascii_lowercase().as_str());
        if !bare || url.path() != "/" || url.query().is_some() || self.port == 0 {
            return Err(wrong_host());
        }
        if let Some(secret) = &self.secret {
            let plain = !secret.is_empty() && secret.len() <= 200;
            // It ends a line of the protocol where it holds one.
            if !plain || secret.chars().any(char::is_control) {
                let detail = "1 to 200 characters on one line";
                return Err(invalid("secret", "secret_invalid", detail));
            }
        }
        if self.queues.len() > 100 {
            return Err(invalid("queues", "too_many", "at most 100 queues"));
        }
        for theirs in self.queues.keys() {
            plain_text("queues", theirs, 100)?;
        }
        Ok(())
    }
}

fn view(row: row::Model, telephony: &Telephony) -> Result<Exchange> {
    Ok(Exchange {
        link: telephony.exchanges().link(&row.code),
        code: row.code,
        name: row.name,
        host: row.host,
        port: row.port,
        has_secret: row.secret.is_some(),
        allow_private: row.allow_private,
        active: row.active,
        queue: row.queue,
        hotline: row.hotline,
        agents: from_json(row.agents)?,
        queues: from_json(row.queues)?,
        updated_at: row.updated_at,
        version: row.version,
    })
}

/// All of them.
pub(super) async fn all(app: &App) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Code)
        .limit(MOST as u64)
        .all(app.db.read())
        .await?)
}

/// The exchanges that are followed, and how the line to each stands.
#[utoipa::path(get, path = "/api/v1/exchanges", tag = "telephony", responses((status = 200, body = Exchanges)))]
pub(crate) async fn list(
    _actor: Actor<ViewExchanges>,
    State(telephony): State<Telephony>,
) -> Result<Json<Exchanges>> {
    let rows = all(telephony.app()).await?.into_iter();
    let items = rows.map(|row| view(row, &telephony));
    Ok(Json(Exchanges {
        items: items.collect::<Result<_>>()?,
    }))
}

/// Sets an exchange up, a new one or one there is, and follows it from then on.
#[utoipa::path(
    put, path = "/api/v1/exchanges/{code}", tag = "telephony",
    params(("code" = String, Path)),
    request_body = ExchangeSetup,
    responses(
        (status = 200, body = Exchange), (status = 201, body = Exchange),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn put(
    actor: Actor<EditExchanges>,
    State(telephony): State<Telephony>,
    Path(code): Path<String>,
    Json(asked): Json<ExchangeSetup>,
) -> Result<(StatusCode, Json<Exchange>)> {
    must_be_code("code", &code)?;
    asked.check()?;
    let floor = telephony.floor();
    must_be_queue(floor, "queue", &asked.queue)?;
    for ours in asked.queues.values() {
        must_be_queue(floor, "queues", ours)?;
    }
    must_be_extensions(floor, &asked.agents).await?;
    let new = asked.version.is_none();
    if new && all(telephony.app()).await?.len() >= MOST {
        return Err(refused(
            "too_many",
            "there are as many exchanges as there may be",
        ));
    }
    let (app, who) = (telephony.app().clone(), actor.who());
    let saved = app
        .db
        .clone()
        .write(move |tx| async move {
            let before = row::Entity::find_by_id(&code).one(&*tx).await?;
            let before = meant(before, |row| row.version, asked.version, "exchange")?;
            let secret_changed = asked.secret.is_some();
            // A password goes to the machine it was typed for and to no other.
            let moved = before.as_ref().is_some_and(|row| {
                row.secret.is_some() && (row.host != asked.host || row.port != i32::from(asked.port))
            });
            if moved && !secret_changed {
                let detail = "another machine is told its own password";
                return Err(invalid("secret", "secret_needed", detail));
            }
            let secret = match asked.secret {
                Some(secret) => Some(app.key.seal(&app.ids, &label(&code), &secret)?),
                None => before.as_ref().and_then(|row| row.secret.clone()),
            };
            let after = row::Model {
                code: code.clone(),
                name: asked.name,
                host: asked.host,
                port: asked.port.into(),
                secret,
                allow_private: asked.allow_private,
                active: asked.active,
                queue: asked.queue,
                hotline: asked.hotline,
                agents: json!(asked.agents),
                queues: json!(asked.queues),
                updated_at: app.clock.now(),
                version: asked.version.unwrap_or(0) + 1,
            };
            let over = before.map(|before| {
                Condition::all()
                    .add(row::Column::Code.eq(before.code))
                    .add(row::Column::Version.eq(before.version))
            });
            super::put(&tx, after.clone().into_active_model(), over, "exchange").await?;
            // What the password is stands in no trail.
            let details = json!({
                "name": after.name, "host": after.host, "port": after.port, "active": after.active,
                "allow_private": after.allow_private, "queue": after.queue, "hotline": after.hotline,
                "agents": after.agents, "queues": after.queues, "secret_changed": secret_changed,
            });
            audit::record(&app, &*tx, &who, "exchange.changed", "exchange", &code, details).await?;
            Ok(after)
        })
        .await?;
    telephony.exchanges().follow(&telephony, saved.clone());
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(view(saved, &telephony)?)))
}
