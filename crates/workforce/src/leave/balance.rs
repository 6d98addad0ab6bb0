//! Compensatory leave (补休, A-31): what overtime on rest days earned, what leave of kind `comp` took of it.

use std::collections::BTreeMap;

use axum::extract::State;
use kernel::http::Json;
use kernel::problem::{Result, refused};
use kernel::{Actor, App, Role, Scope};
use organization::Colleague;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::row as leave;
use super::{LeaveKind, LeaveState};
use crate::overtime::store::{row as order, turn};
use crate::overtime::{Compensation, OvertimeState};
use crate::rights::ViewLeave;

/// The routes of balances.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .with_state(app.clone())
}

/// Minutes of compensatory leave of one person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    /// Earned by overtime that the purchaser confirmed.
    pub earned: i64,
    /// Taken by approved leave.
    pub used: i64,
    /// Asked for and not decided.
    pub waiting: i64,
}

impl Balance {
    /// What may still be asked for.
    pub fn left(self) -> i64 {
        self.earned - self.used - self.waiting
    }
}

#[derive(FromQueryResult)]
struct Earned {
    user_id: Uuid,
    minutes: Option<i64>,
}

#[derive(FromQueryResult)]
struct Taken {
    user_id: Uuid,
    state: String,
    minutes: Option<i64>,
}

/// The balances, of one person or of everybody.
pub(crate) async fn balances(
    conn: &impl ConnectionTrait,
    of: Option<Uuid>,
) -> Result<BTreeMap<Uuid, Balance>> {
    let confirmed = Query::select()
        .column(order::Column::Id)
        .from(order::Entity)
        .and_where(order::Column::State.eq(OvertimeState::Confirmed.as_str()))
        .to_owned();
    // PostgreSQL sums to another type than SQLite.
    let earned = Expr::col(turn::Column::WorkedMinutes)
        .sum()
        .cast_as("bigint");
    let earned = turn::Entity::find()
        .select_only()
        .column(turn::Column::UserId)
        .column_as(earned, "minutes")
        .filter(turn::Column::Compensation.eq(Compensation::CompLeave.as_str()))
        .filter(turn::Column::OrderId.in_subquery(confirmed))
        .filter(Condition::all().add_option(of.map(|user| turn::Column::UserId.eq(user))))
        .group_by(turn::Column::UserId)
        .into_model::<Earned>()
        .all(conn)
        .await?;
    let open = [LeaveState::Requested, LeaveState::Approved].map(LeaveState::as_str);
    let taken = Expr::col(leave::Column::Minutes).sum().cast_as("bigint");
    let taken = leave::Entity::find()
        .select_only()
        .column(leave::Column::UserId)
        .column(leave::Column::State)
        .column_as(taken, "minutes")
        .filter(leave::Column::Kind.eq(LeaveKind::Comp.as_str()))
        .filter(leave::Column::State.is_in(open))
        .filter(Condition::all().add_option(of.map(|user| leave::Column::UserId.eq(user))))
        .group_by(leave::Column::UserId)
        .group_by(leave::Column::State)
        .into_model::<Taken>()
        .all(conn)
        .await?;
    let mut balances: BTreeMap<Uuid, Balance> = BTreeMap::new();
    for one in earned {
        balances.entry(one.user_id).or_default().earned += one.minutes.unwrap_or(0);
    }
    for one in taken {
        let balance = balances.entry(one.user_id).or_default();
        let minutes = one.minutes.unwrap_or(0);
        if one.state == LeaveState::Approved.as_str() {
            balance.used += minutes;
        } else {
            balance.waiting += minutes;
        }
    }
    Ok(balances)
}

/// 409 where leave of so many minutes is not earned.
pub(crate) async fn must_cover(
    conn: &impl ConnectionTrait,
    user: Uuid,
    minutes: i64,
) -> Result<()> {
    let balance = balances(conn, Some(user)).await?;
    let left = balance.get(&user).copied().unwrap_or_default().left();
    if minutes <= left {
        return Ok(());
    }
    let detail = format!("{left} minutes of compensatory leave are left, {minutes} are asked for");
    Err(refused("comp_leave_short", detail)
        .with_way_out("ask for less, or for another kind of leave")
        .with("left_minutes", left)
        .with("needed_minutes", minutes))
}

/// The compensatory leave of one person, in minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompLeave {
    /// Who.
    pub user: Option<Colleague>,
    /// Earned by overtime that the purchaser confirmed.
    pub earned_minutes: i64,
    /// Taken by approved leave.
    pub used_minutes: i64,
    /// Asked for and not decided.
    pub waiting_minutes: i64,
    /// What may still be asked for.
    pub left_minutes: i64,
}

/// Compensatory leave.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompLeaves {
    /// One's own line, or one for each agent.
    pub items: Vec<CompLeave>,
}

/// What compensatory leave is earned, taken and left (补休): one's own, or everybody's.
#[utoipa::path(
    get, path = "/api/v1/comp-leave", tag = "workforce", operation_id = "list_comp_leave",
    responses((status = 200, body = CompLeaves)),
)]
async fn list(actor: Actor<ViewLeave>, State(app): State<App>) -> Result<Json<CompLeaves>> {
    let conn = app.db.read();
    let own = match actor.scope() {
        Scope::All => None,
        _ => Some(actor.user_id()),
    };
    let balances = balances(conn, own).await?;
    let people: Vec<Colleague> = match own {
        Some(user) => organization::colleagues(conn, [user])
            .await?
            .into_values()
            .collect(),
        None => organization::colleagues::holders(conn, Role::Agent).await?,
    };
    let line = |user: Colleague| {
        let balance = balances.get(&user.id).copied().unwrap_or_default();
        CompLeave {
            user: Some(user),
            earned_minutes: balance.earned,
            used_minutes: balance.used,
            waiting_minutes: balance.waiting,
            left_minutes: balance.left(),
        }
    };
    Ok(Json(CompLeaves {
        items: people.into_iter().map(line).collect(),
    }))
}
