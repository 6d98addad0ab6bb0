//! Channels over HTTP: an administrator adds one without a new program.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused, stale};
use kernel::text::{must_be_code, must_be_name};
use kernel::{Actor, audit, outbound};
use sea_orm::{ActiveModelTrait as _, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MANUAL, WEB, all, row};
use crate::intake::aside;
use crate::platform::{KINDS, Secrets, adapter};
use crate::{Channels, EditChannels, ViewChannels};

/// Settings and secrets of one channel.
const MOST: usize = 40;

/// A channel as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelView {
    /// Its code; never changes.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `web`, `manual` or the adapter that speaks for it.
    pub kind: String,
    /// The queue its conversations join; the usual one where null.
    pub queue: Option<String>,
    /// It takes and sends.
    pub enabled: bool,
    /// What is no secret.
    pub settings: BTreeMap<String, String>,
    /// The names of its secrets; what they are is never shown.
    pub secrets: Vec<String>,
    /// Its platform stands in one's own network.
    pub allow_private: bool,
    /// The address its platform calls; null where it calls none.
    pub inbox: Option<String>,
    /// Rises with each change.
    pub version: i64,
}

fn view(row: row::Model) -> Result<ChannelView> {
    Ok(ChannelView {
        inbox: adapter(&row.kind).map(|_| format!("/api/v1/channel-inbox/{}", row.code)),
        settings: serde_json::from_value(row.settings).map_err(internal)?,
        secrets: serde_json::from_value(row.secret_names).map_err(internal)?,
        code: row.code,
        name: row.name,
        kind: row.kind,
        queue: row.queue,
        enabled: row.enabled,
        allow_private: row.allow_private,
        version: row.version,
    })
}

/// Every channel, and the kinds there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelList {
    /// By code.
    pub items: Vec<ChannelView>,
    /// What a channel may be.
    pub kinds: Vec<ChannelKind>,
}

/// A kind of channel.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelKind {
    /// Its code.
    pub kind: &'static str,
    /// What its account has to be told.
    pub settings: Vec<KindSetting>,
}

/// A setting or a secret of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindSetting {
    /// Its name.
    pub name: &'static str,
    /// It is kept sealed and never shown.
    pub secret: bool,
    /// It has to be there.
    pub required: bool,
    /// What holds where it is not.
    pub default: &'static str,
}

fn kinds() -> Vec<ChannelKind> {
    let known = KINDS.iter().map(|(kind, settings)| ChannelKind {
        kind,
        settings: settings
            .iter()
            .map(|setting| KindSetting {
                name: setting.name,
                secret: setting.secret,
                required: setting.required,
                default: setting.default,
            })
            .collect(),
    });
    let own = [WEB, MANUAL].into_iter().map(|kind| ChannelKind {
        kind,
        settings: Vec::new(),
    });
    own.chain(known).collect()
}

/// Lists the channels.
#[utoipa::path(
    get, path = "/api/v1/channels", tag = "channels",
    responses((status = 200, body = ChannelList)),
)]
pub(crate) async fn list(
    _actor: Actor<ViewChannels>,
    State(channels): State<Channels>,
) -> Result<Json<ChannelList>> {
    let rows = all(channels.app().db.read()).await?;
    let items: Result<Vec<ChannelView>> = rows.into_iter().map(view).collect();
    Ok(Json(ChannelList {
        items: items?,
        kinds: kinds(),
    }))
}

/// A channel as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelRequest {
    /// The version that was read; null for a new channel.
    version: Option<i64>,
    /// Its name, 1 to 60 characters.
    name: String,
    /// `web`, `manual` or an adapter; never changes.
    kind: String,
    /// The queue its conversations join.
    queue: Option<String>,
    /// It takes and sends.
    enabled: bool,
    /// What is no secret, all of it.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// The secrets that change; null takes one away.
    #[serde(default)]
    secrets: BTreeMap<String, Option<String>>,
    /// Its platform stands in one's own network: http and private addresses may be called.
    #[serde(default)]
    allow_private: bool,
}

impl ChannelRequest {
    fn check(&self, channels: &Channels) -> Result<()> {
        must_be_name("name", &self.name)?;
        if self.kind != WEB && self.kind != MANUAL && adapter(&self.kind).is_none() {
            return Err(invalid("kind", "kind_unknown", "no such kind of channel"));
        }
        if let Some(queue) = &self.queue
            && channels.floor().queue_rules(queue).is_none()
        {
            return Err(invalid("queue", "queue_unknown", "no such queue"));
        }
        if self.settings.len() > MOST || self.secrets.len() > MOST {
            return Err(invalid("settings", "too_many_settings", "at most 40"));
        }
        for (name, value) in &self.settings {
            must_be_code("settings", name)?;
            must_be_plain("settings", value)?;
            if value.contains("://") {
                outbound::checked(value, self.allow_private)
                    .map_err(|problem| problem.with_field(format!("settings.{name}")))?;
            }
        }
        for (name, value) in &self.secrets {
            must_be_code("secrets", name)?;
            must_be_plain("secrets", value.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// The longest value of a setting in characters: a chain of certificates.
const LONGEST: usize = 20_000;

fn must_be_plain(field: &'static str, value: &str) -> Result<()> {
    if value.chars().count() > LONGEST {
        return Err(invalid(field, "text_too_long", "at most 20,000 characters"));
    }
    let odd = |char: char| char.is_control() && !matches!(char, '\n' | '\r' | '\t');
    if value.chars().any(odd) {
        return Err(invalid(field, "text_not_plain", "a control character"));
    }
    Ok(())
}

/// Makes a channel, or changes it.
#[utoipa::path(
    put, path = "/api/v1/channels/{code}", tag = "channels",
    params(("code" = String, Path)), request_body = ChannelRequest,
    responses((status = 200, body = ChannelView), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub(crate) async fn put(
    actor: Actor<EditChannels>,
    State(channels): State<Channels>,
    Path(code): Path<String>,
    Json(asked): Json<ChannelRequest>,
) -> Result<Json<ChannelView>> {
    must_be_code("code", &code)?;
    asked.check(&channels)?;
    let app = channels.app().clone();
    let who = actor.who();
    let saved = app
        .db
        .clone()
        .write(move |tx| async move {
            let before = row::Entity::find_by_id(&code).one(&*tx).await?;
            if before.as_ref().map(|row| row.version) != asked.version {
                return Err(match before {
                    None => not_found("channel"),
                    Some(_) if asked.version.is_none() => {
                        refused("already_exists", "there is a channel of this code")
                    }
                    Some(_) => stale("the channel"),
                });
            }
            if before.as_ref().is_some_and(|row| row.kind != asked.kind) {
                let detail = "the kind of a channel never changes";
                return Err(
                    invalid("kind", "kind_fixed", detail).with_way_out("make another channel")
                );
            }
            let mut secrets = match &before {
                Some(row) => row.unsealed(&app)?,
                None => Secrets::default(),
            };
            let changed: Vec<String> = asked.secrets.keys().cloned().collect();
            for (name, value) in asked.secrets {
                match value {
                    Some(value) => secrets.0.insert(name, value),
                    None => secrets.0.remove(&name),
                };
            }
            let mut after = row::Model {
                code: code.clone(),
                name: asked.name,
                kind: asked.kind,
                queue: asked.queue,
                enabled: asked.enabled,
                settings: serde_json::to_value(&asked.settings).map_err(internal)?,
                secrets: None,
                secret_names: json!([]),
                allow_private: asked.allow_private,
                cursor: before.as_ref().and_then(|row| row.cursor.clone()),
                version: asked.version.unwrap_or(0) + 1,
            };
            after.set_secrets(&app, &secrets)?;
            let written = after.clone().into_active_model();
            if before.is_none() {
                row::Entity::insert(written)
                    .exec_without_returning(&*tx)
                    .await?;
            } else {
                row::Entity::update_many()
                    .set(written.reset_all())
                    .filter(row::Column::Code.eq(code.as_str()))
                    .exec(&*tx)
                    .await?;
            }
            // What the secrets are stands in no trail.
            let details = json!({
                "name": after.name, "kind": after.kind, "enabled": after.enabled,
                "settings": after.settings, "secrets": changed, "allow_private": after.allow_private,
            });
            audit::record(&app, &*tx, &who, "channel.changed", "channel", &code, details).await?;
            Ok(after)
        })
        .await?;
    Ok(Json(view(saved)?))
}

/// A message that could not be stored as one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetAside {
    /// Identifies it.
    pub id: Uuid,
    /// The channel.
    pub channel: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Why: a code.
    pub reason: String,
    /// How much there is of it, in characters.
    pub characters: usize,
}

/// Lists the messages that were set aside, the newest first.
#[utoipa::path(
    get, path = "/api/v1/set-aside-messages", tag = "channels", params(ListQuery),
    responses((status = 200, body = Page<SetAside>)),
)]
pub(crate) async fn set_aside(
    _actor: Actor<EditChannels>,
    State(channels): State<Channels>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<SetAside>>> {
    let conn = channels.app().db.read();
    let mut select = aside::Entity::find();
    if let Some(words) = query.words_in(&[aside::Column::Channel, aside::Column::Reason])? {
        select = select.filter(words);
    }
    let sortable = [("at", aside::Column::At)];
    let page = paginate(conn, select, &query, &sortable, aside::Column::Id).await?;
    Ok(Json(page.map(|row| SetAside {
        id: row.id,
        channel: row.channel,
        at: row.at,
        reason: row.reason,
        characters: row.body.chars().count(),
    })))
}
