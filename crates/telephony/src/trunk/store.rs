//! The rows of trunks. The secret is sealed.

use kernel::problem::{Result, internal, not_found};
use kernel::{App, versioned};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Rewriting, Srtp, TrunkKind, TrunkTransport};

kernel::table! {
    /// One trunk. `auth_secret` is sealed; `caller_ids` is a list of numbers, the rewritings are lists of
    /// [`Rewriting`].
    pub mod row = "trunks" (id: Uuid) {
        name: String,
        state: String,
        kind: String,
        host: String,
        port: i32,
        transport: String,
        srtp: String,
        auth_user: Option<String>,
        auth_secret: Option<String>,
        caller_ids: Json,
        rewrite_in: Json,
        rewrite_out: Json,
        priority: i32,
        weight: i32,
        most_calls: Option<i32>,
        options_s: i32,
        version: i64,
        created_at: DateTimeUtc,
        updated_at: DateTimeUtc,
    }
}

kernel::versioned!(row, |trunk| format!("trunk `{}`", trunk.name));

kernel::words! {
    /// Whether a trunk takes new calls.
    TrunkState {
        /// 启用
        Enabled = "enabled",
        /// 停用: what runs on it runs on.
        Disabled = "disabled",
    }
}

/// A trunk as the rules and the stack see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Which.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// It takes new calls.
    pub enabled: bool,
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
    /// Our secret there.
    pub secret: Option<Secret>,
    /// What it lets us show as caller; empty: any.
    pub caller_ids: Vec<String>,
    /// Numbers that come in.
    pub rewrite_in: Vec<Rewriting>,
    /// Numbers that go out.
    pub rewrite_out: Vec<Rewriting>,
    /// The smallest goes first.
    pub priority: i32,
    /// Its share among those of one priority.
    pub weight: u32,
    /// Calls at the same time; `None`: any number.
    pub most_calls: Option<u32>,
    /// Seconds between two OPTIONS; 0: none.
    pub options_s: u32,
    /// Rises with each change.
    pub version: i64,
}

/// A secret; shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("…")
    }
}

fn label(id: Uuid) -> String {
    format!("trunk:{id}")
}

fn list<T: DeserializeOwned>(json: &serde_json::Value) -> Result<Vec<T>> {
    serde_json::from_value(json.clone()).map_err(internal)
}

impl row::Model {
    /// The trunk with its secret.
    pub fn trunk(&self, app: &App) -> Result<Trunk> {
        let odd = || internal(format!("trunk {} has no valid words", self.id));
        let secret = match &self.auth_secret {
            Some(sealed) => Some(Secret(app.key.unseal(&label(self.id), sealed)?)),
            None => None,
        };
        Ok(Trunk {
            id: self.id,
            name: self.name.clone(),
            enabled: self.state == TrunkState::Enabled.as_str(),
            kind: TrunkKind::parse(&self.kind).ok_or_else(odd)?,
            host: self.host.clone(),
            port: u16::try_from(self.port).map_err(internal)?,
            transport: TrunkTransport::parse(&self.transport).ok_or_else(odd)?,
            srtp: Srtp::parse(&self.srtp).ok_or_else(odd)?,
            auth_user: self.auth_user.clone(),
            secret,
            caller_ids: list(&self.caller_ids)?,
            rewrite_in: list(&self.rewrite_in)?,
            rewrite_out: list(&self.rewrite_out)?,
            priority: self.priority,
            weight: u32::try_from(self.weight).map_err(internal)?,
            most_calls: self.most_calls.map(i32::unsigned_abs),
            options_s: u32::try_from(self.options_s).map_err(internal)?,
            version: self.version,
        })
    }

    /// Seals the secret; `None` takes it away.
    pub(super) fn set_secret(&mut self, app: &App, secret: Option<&str>) -> Result<()> {
        self.auth_secret = match secret {
            Some(secret) => Some(app.key.seal(&app.ids, &label(self.id), secret)?),
            None => None,
        };
        Ok(())
    }
}

/// Every trunk, by priority; a handful.
pub async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Priority)
        .order_by_asc(row::Column::Name)
        .all(conn)
        .await?)
}

/// One trunk; 404 for none.
pub async fn one(conn: &impl ConnectionTrait, id: Uuid) -> Result<row::Model> {
    row::Entity::find_by_id(id)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("trunk"))
}

/// Writes a new row.
pub(super) async fn insert(conn: &impl ConnectionTrait, trunk: &row::Model) -> Result<()> {
    versioned::insert(conn, trunk).await
}
