//! Platforms are rows: whoever sends work orders next year needs no new program.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path};
use kernel::problem::{Problem, Result, internal, invalid, not_found, refused, stale};
use kernel::text::needed;
use kernel::{Actor, App, audit};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::columns::{Field, Layout, WordMap, WordMaps, from_json, plain};
use super::{ManagePlatforms, ViewPlatforms};
use crate::matter;
use crate::ticket::life;
use crate::words::{Priority, RequestType};

/// Platforms that may be set up.
const MOST: u64 = 100;
/// Columns of one template, and words of one list.
const MOST_COLUMNS: usize = 256;
const MOST_WORDS: usize = 2_000;

kernel::table! {
    /// One platform.
    pub(crate) mod row = "platforms" (code: String) {
        name: String,
        layout: Json,
        words: Json,
        active: bool,
        updated_at: DateTimeUtc,
        updated_by: Option<Uuid>,
        version: i64,
    }
}

/// A platform that sends work orders.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Platform {
    /// `12345`
    pub code: String,
    /// 12345 政务服务便民热线
    pub name: String,
    /// The columns of its template.
    pub columns: Layout,
    /// Its words for ours.
    pub words: WordMaps,
    /// Orders of it are taken.
    pub active: bool,
    /// When it was last set up.
    pub updated_at: DateTime<Utc>,
    /// Rises with each change; send it back with a change.
    pub version: i64,
}

impl TryFrom<row::Model> for Platform {
    type Error = Problem;

    fn try_from(row: row::Model) -> Result<Self> {
        Ok(Self {
            columns: from_json(&row.layout)?,
            words: from_json(&row.words)?,
            code: row.code,
            name: row.name,
            active: row.active,
            updated_at: row.updated_at,
            version: row.version,
        })
    }
}

/// The platforms.
#[derive(Debug, Serialize, ToSchema)]
pub struct Platforms {
    /// By code.
    pub items: Vec<Platform>,
}

pub(crate) async fn find(conn: &impl ConnectionTrait, code: &str) -> Result<Platform> {
    // PostgreSQL refuses a null byte in text; no platform is named so.
    if code.contains('\0') {
        return Err(not_found("platform"));
    }
    row::Entity::find_by_id(code.to_owned())
        .one(conn)
        .await?
        .ok_or_else(|| not_found("platform").with_field("platform"))?
        .try_into()
}

/// Says no to a rule about a platform that is not there.
pub(crate) async fn must_be_known(conn: &impl ConnectionTrait, code: &str) -> Result<()> {
    find(conn, code)
        .await
        .map(|_| ())
        .map_err(|problem| match problem.code {
            "not_found" => invalid("rule.platform", "platform_unknown", "no such platform"),
            _ => problem,
        })
}

/// The platform, for orders of it to be taken.
pub(crate) async fn in_use(conn: &impl ConnectionTrait, code: &str) -> Result<Platform> {
    let platform = find(conn, code).await?;
    if platform.active {
        return Ok(platform);
    }
    Err(refused(
        "platform_not_in_use",
        format!("platform `{code}` is not in use"),
    )
    .with_field("platform")
    .with_way_out("PUT /api/v1/platforms/{code} with active = true"))
}

/// The platforms that send work orders.
#[utoipa::path(get, path = "/api/v1/platforms", tag = "work orders", responses((status = 200, body = Platforms)))]
pub(crate) async fn list(
    _actor: Actor<ViewPlatforms>,
    State(app): State<App>,
) -> Result<Json<Platforms>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Code)
        .limit(MOST)
        .all(app.db.read())
        .await?;
    let items = rows.into_iter().map(Platform::try_from);
    Ok(Json(Platforms {
        items: items.collect::<Result<_>>()?,
    }))
}

/// One platform with its columns and words.
#[utoipa::path(
    get, path = "/api/v1/platforms/{code}", tag = "work orders",
    params(("code" = String, Path)),
    responses((status = 200, body = Platform), (status = 404, body = Problem)),
)]
pub(crate) async fn get(
    _actor: Actor<ViewPlatforms>,
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<Json<Platform>> {
    Ok(Json(find(app.db.read(), &code).await?))
}

/// How a platform is set up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    /// The version that was read; left out for a new platform.
    version: Option<i64>,
    /// Its name, for people.
    name: String,
    /// The columns of its template.
    columns: Layout,
    /// Its words for ours.
    words: WordMaps,
    /// Orders of it are taken.
    active: bool,
}

/// Sets a platform up, a new one or one there is.
#[utoipa::path(
    put, path = "/api/v1/platforms/{code}", tag = "work orders",
    params(("code" = String, Path)),
    request_body = Setup,
    responses(
        (status = 200, body = Platform), (status = 201, body = Platform),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
pub(crate) async fn put(
    actor: Actor<ManagePlatforms>,
    State(app): State<App>,
    Path(code): Path<String>,
    Json(setup): Json<Setup>,
) -> Result<(StatusCode, Json<Platform>)> {
    let name = needed("name", &setup.name)?;
    checked_code(&code)?;
    checked_layout(&setup.columns)?;
    let known = matter::leaves(app.db.read()).await?;
    let matters: Vec<&str> = known.iter().map(|leaf| leaf.code.as_str()).collect();
    checked_words(&setup.words, &matters)?;
    let (db, who) = (app.db.clone(), actor.who());
    let (made, platform) = db
        .write(move |tx| async move {
            let before = row::Entity::find_by_id(code.clone()).one(&*tx).await?;
            let written = row::Model {
                code: code.clone(),
                name,
                layout: serde_json::to_value(&setup.columns).map_err(internal)?,
                words: serde_json::to_value(&setup.words).map_err(internal)?,
                active: setup.active,
                updated_at: app.clock.now(),
                updated_by: who.user_id,
                version: setup.version.unwrap_or_default() + 1,
            };
            let row = written.clone().into_active_model().reset_all();
            match (&before, setup.version) {
                (None, None) => {
                    row::Entity::insert(row)
                        .exec_without_returning(&*tx)
                        .await?;
                }
                (Some(_), Some(version)) => {
                    let done = row::Entity::update_many()
                        .set(row)
                        .filter(row::Column::Code.eq(&code))
                        .filter(row::Column::Version.eq(version))
                        .exec(&*tx)
                        .await?;
                    if done.rows_affected == 0 {
                        return Err(stale("the platform"));
                    }
                }
                (None, Some(_)) => return Err(not_found("platform")),
                (Some(_), None) => return Err(stale("the platform")),
            }
            let before = before.map(|row| json!({ "layout": row.layout, "words": row.words }));
            let details =
                json!({ "version": written.version, "active": written.active, "before": before });
            audit::record(
                &app,
                &*tx,
                &who,
                "platform.set_up",
                "platform",
                code,
                details,
            )
            .await?;
            Ok((setup.version.is_none(), Platform::try_from(written)?))
        })
        .await?;
    let status = if made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(platform)))
}

fn checked_code(code: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=20).contains(&code.len()) && code.bytes().all(plain) && code != "none" {
        return Ok(());
    }
    Err(invalid(
        "code",
        "platform_code_invalid",
        "a code is 1 to 20 small letters, digits or `_`",
    ))
}

fn checked_layout(layout: &Layout) -> Result<()> {
    let wrong = |detail: String| Err(invalid("columns", "columns_invalid", detail));
    if layout.columns.is_empty() || layout.columns.len() > MOST_COLUMNS {
        return wrong(format!("1 to {MOST_COLUMNS} columns"));
    }
    let (mut names, mut fields) = (Vec::new(), Vec::new());
    for one in &layout.columns {
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
    for needed in [Field::OrderNo, Field::RequestType, Field::Content] {
        if !layout.has(needed) {
            return wrong(format!("a column must mean `{}`", needed.as_str()));
        }
    }
    Ok(())
}

fn checked_words(words: &WordMaps, matters: &[&str]) -> Result<()> {
    let one = |field: &str, map: &WordMap, known: &dyn Fn(&str) -> bool| {
        let wrong = |detail: String| Err(invalid(field, "words_invalid", detail));
        if map.len() > MOST_WORDS {
            return wrong(format!("a list has at most {MOST_WORDS} words"));
        }
        for (theirs, ours) in map {
            if theirs.trim().is_empty() || theirs.chars().count() > 200 || theirs.contains('\0') {
                return wrong("a word has 1 to 200 plain characters".to_owned());
            }
            if !known(ours) {
                return wrong(format!("`{theirs}`: there is no `{ours}`"));
            }
        }
        Ok(())
    };
    one("words.request_type", &words.request_type, &|word| {
        RequestType::parse(word).is_some()
    })?;
    one("words.urgency", &words.urgency, &|word| {
        Priority::parse(word).is_some()
    })?;
    one("words.state", &words.state, &|word| {
        life::State::parse(word).is_some()
    })?;
    one("words.satisfaction", &words.satisfaction, &|word| {
        life::Satisfaction::parse(word).is_some()
    })?;
    one("words.matter", &words.matter, &|word| {
        matters.contains(&word)
    })
}
