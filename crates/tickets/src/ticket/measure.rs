//! What became of the requests somebody took first: the first owner is measured to the end, whoever owns
//! them now.

use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, bad_request, forbidden};
use kernel::{Actor, App, Permission as _, Scope};
use organization::Colleague;
use sea_orm::sea_query::{CaseStatement, Func, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::Filter;
use super::store::row::Column;
use super::viewer::Viewer;
use crate::{ViewTickets, people};

/// People in one answer; a hotline has fewer.
const MOST: u64 = 1_000;

/// A number, and the list that shows what was counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Measure {
    /// How many.
    pub count: i64,
    /// The list that shows them: `/api/v1/tickets?first_owner=…`.
    pub list: String,
}

/// What became of the requests that somebody took first in a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct FirstOwnerMeasures {
    /// 首接责任人
    pub first_owner_id: Uuid,
    /// The same by name.
    pub first_owner: Option<Colleague>,
    /// 首接: became a ticket.
    pub taken: Measure,
    /// Still open.
    pub open: Measure,
    /// 按时办结: closed, the answer within the limit.
    pub in_time: Measure,
    /// Closed, the answer after the limit.
    pub late: Measure,
    /// 转办: somebody else owns it now.
    pub handed_on: Measure,
    /// 重办: handled anew at least once.
    pub reopened: Measure,
}

/// Those who took requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct FirstOwners {
    /// One for each person who took any.
    pub items: Vec<FirstOwnerMeasures>,
}

/// Whose requests, opened when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Period {
    /// Only of this person; everybody whom the actor may see when left out.
    first_owner: Option<Uuid>,
    /// Opened at or after.
    from: DateTime<Utc>,
    /// Opened before.
    to: DateTime<Utc>,
}

/// What is counted: its name, how the list is asked for it, and the same as a filter.
fn counted() -> [(&'static str, &'static str, Filter); 6] {
    let all = Filter::default;
    let yes = Some(true);
    [
        ("taken", "", all()),
        ("open", "&open=true", Filter { open: yes, ..all() }),
        (
            "in_time",
            "&in_time=true",
            Filter {
                in_time: yes,
                ..all()
            },
        ),
        (
            "late",
            "&in_time=false",
            Filter {
                in_time: Some(false),
                ..all()
            },
        ),
        (
            "handed_on",
            "&handed_on=true",
            Filter {
                handed_on: yes,
                ..all()
            },
        ),
        (
            "reopened",
            "&reopened=true",
            Filter {
                reopened: yes,
                ..all()
            },
        ),
    ]
}

#[derive(Debug, FromQueryResult)]
struct Counted {
    first_owner_id: Uuid,
    taken: i64,
    open: i64,
    in_time: i64,
    late: i64,
    handed_on: i64,
    reopened: i64,
}

/// What became of the requests each person took first in a period, however they went on.
#[utoipa::path(
    get, path = "/api/v1/first-owner-measures", tag = "tickets",
    params(Period),
    responses((status = 200, body = FirstOwners), (status = 400, body = Problem), (status = 403, body = Problem)),
)]
pub(crate) async fn list(
    actor: Actor<ViewTickets>,
    State(app): State<App>,
    Query(period): Query<Period>,
) -> Result<Json<FirstOwners>> {
    if period.to <= period.from {
        return Err(bad_request("period_empty", "to is not after from").with_field("to"));
    }
    let period = match actor.scope() {
        Scope::Own(user) if period.first_owner.is_some_and(|person| person != *user) => {
            return Err(forbidden(ViewTickets::CODE));
        }
        Scope::Own(user) => Period {
            first_owner: Some(*user),
            ..period
        },
        Scope::All | Scope::Queues(_) => period,
    };
    let conn = app.db.read();
    let viewer = Viewer::of(&app, &actor).await?;
    let counted = count(conn, &viewer, &period).await?;
    let ids = counted.iter().map(|one| one.first_owner_id);
    let known = organization::colleagues(conn, ids.collect::<Vec<_>>()).await?;
    let items = counted.into_iter().map(|one| {
        let numbers = [
            one.taken,
            one.open,
            one.in_time,
            one.late,
            one.handed_on,
            one.reopened,
        ];
        let mut measures = numbers
            .into_iter()
            .zip(self::counted())
            .map(|(count, (_, also, _))| Measure {
                count,
                list: period.list(one.first_owner_id, also),
            });
        let mut next = || measures.next();
        Some(FirstOwnerMeasures {
            first_owner_id: one.first_owner_id,
            first_owner: people::one(&known, Some(one.first_owner_id)),
            taken: next()?,
            open: next()?,
            in_time: next()?,
            late: next()?,
            handed_on: next()?,
            reopened: next()?,
        })
    });
    Ok(Json(FirstOwners {
        items: items.flatten().collect(),
    }))
}

impl Period {
    fn filter(&self) -> Filter {
        Filter {
            first_owner: self.first_owner,
            from: Some(self.from),
            to: Some(self.to),
            begun: Some(true),
            ..Filter::default()
        }
    }

    fn list(&self, person: Uuid, also: &str) -> String {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let (from, to) = (time(self.from), time(self.to));
        format!("/api/v1/tickets?first_owner={person}&from={from}&to={to}&begun=true{also}")
    }
}

/// Everything is counted in one query, by the conditions of the lists.
async fn count(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    period: &Period,
) -> Result<Vec<Counted>> {
    let mut select = period
        .filter()
        .narrow(viewer.tickets(), viewer)
        .filter(Column::FirstOwnerId.is_not_null())
        .select_only()
        .column(Column::FirstOwnerId);
    for (name, _, filter) in counted() {
        let counts = CaseStatement::new()
            .case(filter.condition(viewer), 1)
            .finally(0);
        select = select.column_as(SimpleExpr::from(Func::sum(counts)), name);
    }
    let counted = select
        .group_by(Column::FirstOwnerId)
        .order_by_asc(Column::FirstOwnerId)
        .limit(MOST)
        .into_model()
        .all(conn)
        .await?;
    Ok(counted)
}
