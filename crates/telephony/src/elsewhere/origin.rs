//! Where files of call records come from, and how they are read: the columns, the words and the extensions that were
//! saved for that exchange.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found};
use kernel::text::{must_be_code, must_be_name};
use kernel::{Actor, audit};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    QueryOrder as _, QuerySelect as _,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::columns::{CallColumn, CallField, CallWords, plain};
use super::{ExtensionOf, ImportCalls, meant, must_be_extensions, must_be_queue};
use crate::Telephony;

/// Origins at most.
const MOST: u64 = 100;
/// Columns of one layout, and words of one list.
const MOST_COLUMNS: usize = 256;

kernel::table! {
    /// One origin of call records.
    pub mod row = "call_origins" (code: String) {
        name: String,
        active: bool,
        queue: String,
        hotline: String,
        layout: Json,
        words: Json,
        agents: Json,
        updated_at: DateTimeUtc,
        version: i64,
    }
}

/// How the files of one exchange are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallOrigin {
    /// Its code.
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// Files of it are taken.
    pub active: bool,
    /// The queue its calls count in where a record names none.
    pub queue: String,
    /// Our number where a record names none.
    pub hotline: String,
    /// What its columns mean.
    pub columns: Vec<CallColumn>,
    /// Its words for ours.
    pub words: CallWords,
    /// Whose its extensions are; where nothing is said, the agent with that staff number.
    pub agents: Vec<ExtensionOf>,
    /// The last change.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change.
    pub version: i64,
}

impl TryFrom<row::Model> for CallOrigin {
    type Error = Problem;

    fn try_from(row: row::Model) -> Result<Self> {
        Ok(Self {
            code: row.code,
            name: row.name,
            active: row.active,
            queue: row.queue,
            hotline: row.hotline,
            columns: from_json(row.layout)?,
            words: from_json(row.words)?,
            agents: from_json(row.agents)?,
            updated_at: row.updated_at,
            version: row.version,
        })
    }
}

pub(super) fn from_json<T: DeserializeOwned>(json: serde_json::Value) -> Result<T> {
    serde_json::from_value(json).map_err(internal)
}

/// The origins of call records.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallOrigins {
    /// By code.
    pub items: Vec<CallOrigin>,
}

/// How an origin is set up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallOriginSetup {
    /// The version that was read; left out for a new one.
    #[serde(default)]
    pub version: Option<i64>,
    /// Its name, for people.
    pub name: String,
    /// Files of it are taken.
    pub active: bool,
    /// The queue its calls count in where a record names none.
    pub queue: String,
    /// Our number where a record names none.
    #[serde(default)]
    pub hotline: String,
    /// What its columns mean.
    pub columns: Vec<CallColumn>,
    /// Its words for ours.
    #[serde(default)]
    pub words: CallWords,
    /// Whose its extensions are.
    #[serde(default)]
    pub agents: Vec<ExtensionOf>,
}

impl CallOriginSetup {
    /// Says no to what cannot be.
    pub fn check(&self) -> Result<()> {
        must_be_name("name", &self.name)?;
        plain_text("hotline", &self.hotline, 64)?;
        self.check_columns()?;
        for (field, map, known) in [
            (
                "words.direction",
                &self.words.direction,
                ["inbound", "outbound"],
            ),
            (
                "words.outcome",
                &self.words.outcome,
                ["answered", "unanswered"],
            ),
        ] {
            check_words(field, map, known)?;
        }
        Ok(())
    }

    fn check_columns(&self) -> Result<()> {
        let wrong = |detail: String| Err(invalid("columns", "columns_invalid", detail));
        if self.columns.is_empty() || self.columns.len() > MOST_COLUMNS {
            return wrong(format!("1 to {MOST_COLUMNS} columns"));
        }
        let (mut names, mut fields) = (Vec::new(), Vec::new());
        for one in &self.columns {
            let name = plain(&one.column);
            let length = one.column.chars().count();
            if name.is_empty() || length > 100 || one.column.chars().any(char::is_control) {
                return wrong("a column needs a name of up to 100 plain characters".to_owned());
            }
            if names.contains(&name) {
                return wrong(format!("column `{name}` stands there twice"));
            }
            if one.field.is_some() && fields.contains(&one.field) {
                return wrong(format!("two columns mean the same; one is `{name}`"));
            }
            names.push(name);
            fields.push(one.field);
        }
        for needed in CallField::NEEDED {
            if !fields.contains(&Some(needed)) {
                return wrong(format!("a column must mean `{}`", needed.as_str()));
            }
        }
        Ok(())
    }
}

fn check_words(field: &str, map: &BTreeMap<String, String>, known: [&str; 2]) -> Result<()> {
    let wrong = |detail: String| Err(invalid(field, "words_invalid", detail));
    if map.len() > MOST_COLUMNS {
        return wrong(format!("a list has at most {MOST_COLUMNS} words"));
    }
    for (theirs, ours) in map {
        let long = theirs.chars().count() > 100 || theirs.chars().any(char::is_control);
        if theirs.trim().is_empty() || long {
            return wrong("a word has 1 to 100 plain characters".to_owned());
        }
        if !known.contains(&ours.as_str()) {
            return wrong(format!("`{theirs}`: there is no `{ours}`"));
        }
    }
    Ok(())
}

/// Says no to a text that is too long or not plain.
pub(super) fn plain_text(field: &str, text: &str, longest: usize) -> Result<()> {
    if text.chars().count() <= longest && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(invalid(
        field,
        "text_not_plain",
        format!("at most {longest} plain characters"),
    ))
}

/// One origin.
pub(crate) async fn find(conn: &impl ConnectionTrait, code: &str) -> Result<CallOrigin> {
    if code.contains('\0') {
        return Err(not_found("call origin").with_field("origin"));
    }
    row::Entity::find_by_id(code.to_owned())
        .one(conn)
        .await?
        .ok_or_else(|| not_found("call origin").with_field("origin"))?
        .try_into()
}

/// Where call records come from, and how the files are read.
#[utoipa::path(get, path = "/api/v1/call-origins", tag = "calls", responses((status = 200, body = CallOrigins)))]
pub(crate) async fn list(
    _actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
) -> Result<Json<CallOrigins>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Code)
        .limit(MOST)
        .all(telephony.app().db.read())
        .await?;
    let items = rows.into_iter().map(CallOrigin::try_from);
    Ok(Json(CallOrigins {
        items: items.collect::<Result<_>>()?,
    }))
}

/// Saves how the files of an exchange are read, a new one or one there is.
#[utoipa::path(
    put, path = "/api/v1/call-origins/{code}", tag = "calls",
    params(("code" = String, Path)),
    request_body = CallOriginSetup,
    responses(
        (status = 200, body = CallOrigin), (status = 201, body = CallOrigin),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn put(
    actor: Actor<ImportCalls>,
    State(telephony): State<Telephony>,
    Path(code): Path<String>,
    Json(asked): Json<CallOriginSetup>,
) -> Result<(StatusCode, Json<CallOrigin>)> {
    must_be_code("code", &code)?;
    asked.check()?;
    let floor = telephony.floor();
    must_be_queue(floor, "queue", &asked.queue)?;
    must_be_extensions(floor, &asked.agents).await?;
    let (app, who) = (telephony.app().clone(), actor.who());
    let new = asked.version.is_none();
    let saved = app
        .db
        .clone()
        .write(move |tx| async move {
            let before = row::Entity::find_by_id(&code).one(&*tx).await?;
            let before = meant(before, |row| row.version, asked.version, "call origin")?;
            let after = row::Model {
                code: code.clone(),
                name: asked.name,
                active: asked.active,
                queue: asked.queue,
                hotline: asked.hotline,
                layout: json!(asked.columns),
                words: json!(asked.words),
                agents: json!(asked.agents),
                updated_at: app.clock.now(),
                version: asked.version.unwrap_or(0) + 1,
            };
            let over = before.map(|before| {
                Condition::all()
                    .add(row::Column::Code.eq(before.code))
                    .add(row::Column::Version.eq(before.version))
            });
            super::put(&tx, after.clone().into_active_model(), over, "call origin").await?;
            let details = json!({
                "name": after.name, "active": after.active, "queue": after.queue,
                "columns": after.layout, "words": after.words, "agents": after.agents,
            });
            audit::record(
                &app,
                &*tx,
                &who,
                "call_origin.changed",
                "call_origin",
                &code,
                details,
            )
            .await?;
            Ok(after)
        })
        .await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(saved.try_into()?)))
}
