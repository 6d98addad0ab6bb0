//! Rules over HTTP. Each table has the same two doors: all its rows with what became of them, and a new row.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::App;
use kernel::audit::Who;
use kernel::http::Json;
use kernel::problem::{Problem, Result};
use organization::Colleague;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Dated, New, Rule, RuleStanding, all, set, standings};
use crate::people;

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
    let known = organization::colleagues(app.db.read(), who).await?;
    let views = rows.into_iter().zip(standings).map(|(row, standing)| {
        let Dated { rule, stamp } = row;
        RuleView {
            rule,
            standing,
            effective_from: stamp.effective_from,
            source: stamp.source,
            recorded_by: people::one(&known, stamp.recorded_by),
            recorded_at: stamp.recorded_at,
        }
    });
    Ok(views.collect())
}

async fn listed<R: Rule>(app: &App) -> Result<Json<RuleList<R>>> {
    let rows = all(app.db.read()).await?;
    Ok(Json(RuleList {
        items: views(app, rows).await?,
    }))
}

async fn recorded<R: Rule>(
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

/// The two doors of one table.
macro_rules! doors {
    ($(#[doc = $what:literal] $name:ident: $rule:ty, $path:literal, $right:ident;)*) => {
        $(mod $name {
            use axum::extract::State;
            use axum::http::StatusCode;
            use kernel::http::Json;
            use kernel::problem::Result;
            use kernel::{Actor, App};

            use super::{NewRule, Problem, RuleList, listed, recorded};
            use crate::ViewTickets;
            use crate::rights::$right;

            #[doc = $what]
            #[utoipa::path(
                get, path = $path, tag = "rules", operation_id = concat!("list_", stringify!($name)),
                responses((status = 200, body = RuleList<$rule>)),
            )]
            pub(super) async fn list(
                _actor: Actor<ViewTickets>,
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
        pub(crate) fn routes(app: &App) -> OpenApiRouter {
            OpenApiRouter::new()
                $(.routes(routes!($name::list, $name::set)))*
                .with_state(app.clone())
        }
    };
}

doors! {
    /// How long what may take, by platform, request type and priority (domain B.3).
    ticket_limits: crate::ticket::limits::TicketLimit, "/api/v1/rules/ticket-limits", SetAgreedRules;
    /// How long the steps of escalations, instructions, emergencies and incidents may take.
    case_terms: crate::terms::CaseTerm, "/api/v1/rules/case-terms", SetAgreedRules;
    /// Who answers an escalation at which level, and how long he has.
    escalation_levels: crate::escalation::store::EscalationLevel, "/api/v1/rules/escalation-levels", SetAgreedRules;
    /// By which way whose holders hear of an emergency.
    emergency_ways: crate::emergency::store::EmergencyWay, "/api/v1/rules/emergency-ways", SetOwnRules;
    /// The kinds of emergencies.
    emergency_categories: crate::emergency::store::EmergencyCategory, "/api/v1/rules/emergency-categories", SetOwnRules;
    /// Who is given the orders of platforms (派单, domain B.3).
    dispatch_rules: crate::work_order::dispatch::DispatchRule, "/api/v1/rules/dispatch", SetOwnRules;
}
