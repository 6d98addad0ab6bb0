//! The channel (渠道) as a row: what comes by which way, and who speaks for it.

pub mod http;
pub mod manual;

use std::collections::BTreeMap;

use kernel::App;
use kernel::problem::{Result, internal, not_found};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::platform::{Account, Secrets};

/// The kind whose conversations come by our own website.
pub const WEB: &str = "web";
/// The kind that an agent notes by hand.
pub const MANUAL: &str = "manual";

kernel::table! {
    /// One channel. `secrets` is sealed.
    pub mod row = "channels" (code: String) {
        name: String,
        kind: String,
        queue: Option<String>,
        enabled: bool,
        settings: Json,
        secrets: Option<String>,
        secret_names: Json,
        allow_private: bool,
        cursor: Option<String>,
        version: i64,
    }
}

/// The codes of the channels of a kind.
pub async fn of_kind(
    conn: &impl ConnectionTrait,
    kind: &str,
) -> Result<std::collections::HashSet<String>> {
    let rows = row::Entity::find()
        .filter(row::Column::Kind.eq(kind))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.code).collect())
}

/// The names of all channels by code.
pub async fn names(
    conn: &impl ConnectionTrait,
) -> Result<std::collections::HashMap<String, String>> {
    let rows = row::Entity::find().all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.code, row.name)).collect())
}

fn label(code: &str) -> String {
    format!("channel:{code}")
}

impl row::Model {
    /// The account the adapter speaks for.
    pub(crate) fn account(&self, app: &App) -> Result<Account> {
        let settings: BTreeMap<String, String> =
            serde_json::from_value(self.settings.clone()).map_err(internal)?;
        Ok(Account {
            channel: self.code.clone(),
            settings,
            secrets: self.unsealed(app)?,
            allow_private: self.allow_private,
        })
    }

    pub(crate) fn unsealed(&self, app: &App) -> Result<Secrets> {
        let Some(sealed) = &self.secrets else {
            return Ok(Secrets::default());
        };
        let clear = app.key.unseal(&label(&self.code), sealed)?;
        serde_json::from_str(&clear).map_err(|_| internal("sealed secrets cannot be read"))
    }

    pub(crate) fn set_secrets(&mut self, app: &App, secrets: &Secrets) -> Result<()> {
        let names: Vec<&String> = secrets.0.keys().collect();
        self.secret_names = serde_json::to_value(names).map_err(internal)?;
        let clear = serde_json::to_string(secrets).map_err(internal)?;
        self.secrets = Some(app.key.seal(&app.ids, &label(&self.code), &clear)?);
        Ok(())
    }
}

/// A channel that is switched on; 404 for any other.
pub(crate) async fn enabled(conn: &impl ConnectionTrait, code: &str) -> Result<row::Model> {
    row::Entity::find_by_id(code)
        .filter(row::Column::Enabled.eq(true))
        .one(conn)
        .await?
        .ok_or_else(|| not_found("channel"))
}

/// Every channel; a handful.
pub(crate) async fn all(conn: &impl ConnectionTrait) -> Result<Vec<row::Model>> {
    Ok(row::Entity::find()
        .order_by_asc(row::Column::Code)
        .all(conn)
        .await?)
}

/// One channel, switched on or not.
pub(crate) async fn row_of(conn: &impl ConnectionTrait, code: &str) -> Result<row::Model> {
    row::Entity::find_by_id(code)
        .one(conn)
        .await?
        .ok_or_else(|| not_found("channel"))
}
