//! The demo's dealings of the two sides, as they would have gone in the last weeks: every step through the door that
//! people use, at the time it would have been taken. Only `shoujie serve --demo` calls this.

mod dealings;
mod service;

use std::sync::Arc;

use axum::Router;
use futures::future::BoxFuture;
use kernel::App;
use kernel::problem::Result;
use organization::demo::Stage;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::Value;

use crate::letter::store::row as letters;
use crate::{Html, ScriptChange, ScriptChanges};

/// The dealings change no answers.
struct NoScripts;

impl ScriptChanges for NoScripts {
    fn latest(&self, _open: Option<bool>, _most: u64) -> BoxFuture<'_, Result<Vec<ScriptChange>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Writes the demo's dealings where there are none; the people come first.
pub async fn seed(app: &App) -> Result<()> {
    if letters::Entity::find().count(app.db.read()).await? > 0 {
        return Ok(());
    }
    let mut stage = Stage::new(app, doors).await?;
    dealings::play(&mut stage).await?;
    service::play(&mut stage).await
}

fn doors(app: &App) -> Router {
    let routes = crate::routes(app, Arc::new(NoScripts), Arc::new(Html));
    Router::from(routes)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Of a list the row whose field says so.
fn of<'a>(list: &'a Value, field: &str, says: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    let rows = list["items"].as_array();
    let found = rows.and_then(|rows| rows.iter().find(|row| row[field] == says));
    found.unwrap_or(&NOTHING)
}
