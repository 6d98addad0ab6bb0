//! Rules over HTTP. Each kind has the same two doors: all its rows with what became of them, and a new row.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::http::Json;
use kernel::problem::Result;
use kernel::rule::{Dated, New, Rule, RuleStanding, all, set, standings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Colleague, colleagues};

/// A rule with since when and why it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView<R> {
    /// What it says.
    pub rule: R,
    /// From when it holds.
    pub effective_from: DateTime<Utc>,
    /// How it stands to the present.
    pub standing: RuleStanding,
    /// Where it stands; a default of the design says so.
    pub source: String,
    /// Who recorded it; null for what ships.
    pub recorded_by: Option<Colleague>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// All rows of one kind of rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleList<R> {
    /// By subject; of one subject the latest last.
    pub items: Vec<RuleView<R>>,
}

/// A row to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule<R> {
    /// What it says.
    pub rule: R,
    /// From when it holds; not in the past. At once when left out.
    pub effective_from: Option<DateTime<Utc>>,
    /// Where it stands: the document, the agreement.
    pub source: String,
}

async fn views<R: Rule>(app: &App, rows: Vec<Dated<R>>) -> Result<Vec<RuleView<R>>> {
    let standings = standings(&rows, app.clock.now());
    let who = rows.iter().filter_map(|row| row.stamp.recorded_by);
    let known = colleagues(app.db.read(), who).await?;
    let views = rows.into_iter().zip(standings).map(|(row, standing)| {
        let Dated { rule, stamp } = row;
        RuleView {
            rule,
            standing,
            effective_from: stamp.effective_from,
            source: stamp.source,
            recorded_by: stamp.recorded_by.and_then(|id| known.get(&id).cloned()),
            recorded_at: stamp.recorded_at,
        }
    });
    Ok(views.collect())
}

/// All rows of a kind.
pub async fn listed<R: Rule>(app: &App) -> Result<Json<RuleList<R>>> {
    let rows = all(app.db.read()).await?;
    Ok(Json(RuleList {
        items: views(app, rows).await?,
    }))
}

/// Records a row; answers all rows of its subject.
pub async fn recorded<R: Rule>(
    app: App,
    who: Who,
    new: NewRule<R>,
) -> Result<(StatusCode, Json<RuleList<R>>)> {
    let new = New {
        rule: new.rule,
        effective_from: new.effective_from,
        source: new.source,
    };
    let (db, writer, subject) = (app.db.clone(), app.clone(), new.rule.subject());
    let rows = db
        .write(move |tx| async move {
            set(&writer, &tx, &who, new).await?;
            let mut rows = all::<R>(&*tx).await?;
            rows.retain(|row| row.rule.subject() == subject);
            Ok(rows)
        })
        .await?;
    let items = views(&app, rows).await?;
    Ok((StatusCode::CREATED, Json(RuleList { items })))
}

/// The two doors of each kind of rules, and `routes` with all of them: who may read, then for each kind its
/// description, name, type, path and the right to record one.
#[macro_export]
macro_rules! rule_doors {
    ($view:path; $(#[doc = $what:literal] $name:ident: $rule:ty, $path:literal, $right:path;)*) => {
        $(mod $name {
            use axum::extract::State;
            use axum::http::StatusCode;
            use kernel::http::Json;
            use kernel::problem::{Problem, Result};
            use kernel::{Actor, App};
            use $crate::rules::{NewRule, RuleList, listed, recorded};

            #[doc = $what]
            #[utoipa::path(
                get, path = $path, tag = "rules", operation_id = concat!("list_", stringify!($name)),
                responses((status = 200, body = RuleList<$rule>)),
            )]
            pub(super) async fn list(
                _actor: Actor<$view>,
                State(app): State<App>,
            ) -> Result<Json<RuleList<$rule>>> {
                listed(&app).await
            }

            #[doc = concat!("Records a row; answers all rows of its subject. ", $what)]
            #[utoipa::path(
                post, path = $path, tag = "rules", operation_id = concat!("set_", stringify!($name)),
                request_body = NewRule<$rule>,
                responses((status = 201, body = RuleList<$rule>), (status = 422, body = Problem)),
            )]
            pub(super) async fn set(
                actor: Actor<$right>,
                State(app): State<App>,
                Json(new): Json<NewRule<$rule>>,
            ) -> Result<(StatusCode, Json<RuleList<$rule>>)> {
                recorded(app, actor.who(), new).await
            }
        })*

        /// The routes of rules.
        pub(crate) fn routes(app: &kernel::App) -> utoipa_axum::router::OpenApiRouter {
            utoipa_axum::router::OpenApiRouter::new()
                $(.routes(utoipa_axum::routes!($name::list, $name::set)))*
                .with_state(app.clone())
        }
    };
}
