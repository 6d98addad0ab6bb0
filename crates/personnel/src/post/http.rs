//! Staffing over HTTP: who is on which post, what is open since when, what runs out soon; one request for a home
//! page.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::NaiveDate;
use kernel::http::{Json, Path, Query};
use kernel::problem::{Problem, Result, invalid};
use kernel::{Actor, App, versioned};
use organization::Colleague;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait as _, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, holding};
use super::{Holding, Vacancy, vacancy};
use crate::qualification::{self, Finding};
use crate::rights::{OpenPosts, ViewStaffing};
use crate::staff::store as staff;
use crate::{agreed, demand, replacement};
use kernel::day;

/// Days of one answer about headcount.
const MOST_DAYS: i64 = 366;

/// The routes of posts.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(staffing))
        .routes(routes!(headcount))
        .routes(routes!(open))
        .with_state(app.clone())
}

/// Which day is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OnDay {
    /// The day; today when left out.
    on: Option<NaiveDate>,
}

/// Who holds a post on the day asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostHolder {
    /// His staff file.
    pub staff_id: Uuid,
    /// His account.
    pub user: Option<Colleague>,
    /// His name.
    pub name: String,
    /// Since when he holds it.
    pub since: NaiveDate,
    /// His last day, where it is known: he was taken off and goes at its end.
    pub until: Option<NaiveDate>,
    /// Nothing mandatory is missing: he counts as on post.
    pub counts: bool,
    /// What is missing that day.
    pub missing: Vec<Finding>,
}

/// One post on the day asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffPost)]
pub struct PostView {
    /// `Z1` … `Z6`
    pub id: String,
    /// What it is called.
    pub name: String,
    /// From when it is to be held.
    pub opens_on: Option<NaiveDate>,
    /// Who holds it.
    pub holder: Option<PostHolder>,
    /// Since when nobody does.
    pub vacancy: Option<Vacancy>,
    /// Rises with each change.
    pub version: i64,
}

/// What runs out soon.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunningOut {
    /// Whose.
    pub staff_id: Uuid,
    /// His name.
    pub name: String,
    /// What, with its last day.
    pub finding: Finding,
    /// Days until then.
    pub days: i64,
}

/// Headcount, vacancies and what waits, for the home pages of both sides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StaffingView)]
pub struct Staffing {
    /// The day.
    pub on: NaiveDate,
    /// It is a working day.
    pub workday: bool,
    /// Posts that are to be held.
    pub planned: usize,
    /// Posts that are held.
    pub held: usize,
    /// Held by somebody who lacks nothing mandatory.
    pub counted: usize,
    /// The posts in their order.
    pub posts: Vec<PostView>,
    /// Mandatory items of people on post that run out within 60 days, the first first.
    pub running_out: Vec<RunningOut>,
    /// Replacements under way.
    pub replacements: u64,
    /// Those of them that are late.
    pub replacements_overdue: u64,
    /// Demands that are not verified.
    pub demands: u64,
    /// Those of them that are late.
    pub demands_overdue: u64,
}

/// Who is on which post, what is vacant since when, what runs out soon and what is under way.
#[utoipa::path(
    get, path = "/api/v1/staffing", tag = "staffing", operation_id = "get_staffing", params(OnDay),
    responses((status = 200, body = Staffing)),
)]
async fn staffing(
    _actor: Actor<ViewStaffing>,
    State(app): State<App>,
    Query(asked): Query<OnDay>,
) -> Result<Json<Staffing>> {
    let today = day::today(&app);
    let on = asked.on.unwrap_or(today);
    day::plausible("on", on, today)?;
    Ok(Json(on_day(&app, on).await?))
}

/// The staffing of one day.
pub(crate) async fn on_day(app: &App, on: NaiveDate) -> Result<Staffing> {
    let conn = app.db.read();
    let service = organization::service_calendar::load(conn).await?;
    let rules = agreed::rulebook(conn, app.clock.now()).await?;
    let (posts, rows) = (store::all(conn).await?, store::holdings(conn, None).await?);
    let mut by_post: BTreeMap<String, Vec<holding::Model>> = BTreeMap::new();
    for row in rows {
        by_post.entry(row.post_id.clone()).or_default().push(row);
    }
    let mut holders: BTreeMap<String, holding::Model> = BTreeMap::new();
    let mut past: BTreeMap<String, Vec<Holding>> = BTreeMap::new();
    for (post, rows) in by_post {
        let mut days = Vec::new();
        for row in rows {
            let held = row.days()?;
            days.push(held);
            // On a day of handing over the later one counts.
            if held.covers(on) {
                holders.insert(post.clone(), row);
            }
        }
        past.insert(post, days);
    }
    let people = staff::by_ids(conn, holders.values().map(|row| row.staff_id)).await?;
    let all: Vec<staff::row::Model> = people.values().cloned().collect();
    let known = staff::known(conn, &all).await?;
    let users = all.iter().filter_map(|row| row.user_id);
    let users = organization::colleagues(conn, users).await?;
    let (mut views, mut running_out) = (Vec::new(), Vec::new());
    for post in posts {
        let opens_on = day::maybe(post.opens_on.as_deref())?;
        let days = past.remove(&post.id).unwrap_or_default();
        let holder = holders.remove(&post.id);
        let holder = match holder.and_then(|row| Some((people.get(&row.staff_id)?, row))) {
            Some((person, row)) => {
                let findings = known.get(&person.id).map(|known| known.on(&rules, on));
                let findings = findings.unwrap_or_default();
                for finding in findings.iter().filter(|finding| finding.mandatory) {
                    let Some(until) = finding.until else { continue };
                    let days = (until - on).num_days();
                    if days <= staff::SOON as i64 && !finding.blocks() {
                        running_out.push(RunningOut {
                            staff_id: person.id,
                            name: person.name.clone(),
                            finding: finding.clone(),
                            days,
                        });
                    }
                }
                let missing = qualification::blocking(&findings);
                Some(PostHolder {
                    staff_id: person.id,
                    user: person.user_id.and_then(|id| users.get(&id).cloned()),
                    name: person.name.clone(),
                    since: day::read(&row.from_day)?,
                    until: day::maybe(row.until_day.as_deref())?,
                    counts: missing.is_empty(),
                    missing,
                })
            }
            None => None,
        };
        views.push(PostView {
            vacancy: vacancy(&service.calendar, opens_on, &days, on),
            id: post.id,
            name: post.name,
            opens_on,
            holder,
            version: post.version,
        });
    }
    running_out.sort_by_key(|one| one.days);
    let open = |post: &&PostView| post.opens_on.is_some_and(|opens| opens <= on);
    Ok(Staffing {
        on,
        workday: service.calendar.is_workday(on),
        planned: views.iter().filter(open).count(),
        held: views.iter().filter(|post| post.holder.is_some()).count(),
        counted: views
            .iter()
            .filter_map(|post| post.holder.as_ref())
            .filter(|holder| holder.counts)
            .count(),
        posts: views,
        running_out,
        replacements: open_replacements(conn, false).await?,
        replacements_overdue: open_replacements(conn, true).await?,
        demands: open_demands(conn, false).await?,
        demands_overdue: open_demands(conn, true).await?,
    })
}

async fn open_replacements(conn: &impl ConnectionTrait, overdue: bool) -> Result<u64> {
    use replacement::store::row::{Column, Entity};
    let mut select = Entity::find().filter(Column::Open.eq(true));
    if overdue {
        select = select.filter(Column::Overdue.eq(true));
    }
    Ok(select.count(conn).await?)
}

async fn open_demands(conn: &impl ConnectionTrait, overdue: bool) -> Result<u64> {
    use demand::store::row::{Column, Entity};
    let mut select = Entity::find().filter(Column::Open.eq(true));
    if overdue {
        select = select.filter(Column::Overdue.eq(true));
    }
    Ok(select.count(conn).await?)
}

/// Which days are asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Between {
    /// The first day.
    from: NaiveDate,
    /// The last day, at most a year later.
    to: NaiveDate,
}

/// How many were on post on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeadcountDay {
    /// The day.
    pub day: NaiveDate,
    /// It is a working day.
    pub workday: bool,
    /// Posts that were to be held.
    pub planned: usize,
    /// Posts that were held.
    pub held: usize,
}

/// Headcount by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Headcount {
    /// The days in their order.
    pub items: Vec<HeadcountDay>,
    /// Working days on which fewer than planned were on post.
    pub short_working_days: usize,
}

/// How many posts were held on each day.
pub(crate) async fn counted(
    conn: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<HeadcountDay>> {
    let service = organization::service_calendar::load(conn).await?;
    let mut opens = Vec::new();
    for post in store::all(conn).await? {
        opens.push((day::maybe(post.opens_on.as_deref())?, post.id));
    }
    let mut held: BTreeMap<String, Vec<Holding>> = BTreeMap::new();
    for row in store::holdings(conn, Some(from)).await? {
        held.entry(row.post_id.clone())
            .or_default()
            .push(row.days()?);
    }
    let days = from.iter_days().take_while(|day| *day <= to);
    let one = |on: NaiveDate| {
        let open = opens
            .iter()
            .filter(|(opens, _)| opens.is_some_and(|opens| opens <= on));
        let posts: Vec<&String> = open.map(|(_, post)| post).collect();
        // Who has a post before it is to be held takes no other's place.
        let held = posts.iter().filter_map(|post| held.get(*post));
        let held = held.filter(|holdings| holdings.iter().any(|holding| holding.covers(on)));
        HeadcountDay {
            day: on,
            workday: service.calendar.is_workday(on),
            planned: posts.len(),
            held: held.count(),
        }
    };
    Ok(days.map(one).collect())
}

/// Headcount by day, at most a year.
#[utoipa::path(
    get, path = "/api/v1/headcount", tag = "staffing", operation_id = "get_headcount", params(Between),
    responses((status = 200, body = Headcount), (status = 422, body = Problem)),
)]
async fn headcount(
    _actor: Actor<ViewStaffing>,
    State(app): State<App>,
    Query(asked): Query<Between>,
) -> Result<Json<Headcount>> {
    day::plausible("from", asked.from, day::today(&app))?;
    if !(0..MOST_DAYS).contains(&(asked.to - asked.from).num_days()) {
        return Err(invalid(
            "to",
            "period_invalid",
            "at most 366 days, the last not before the first",
        ));
    }
    let items = counted(app.db.read(), asked.from, asked.to).await?;
    let short = |day: &&HeadcountDay| day.workday && day.held < day.planned;
    Ok(Json(Headcount {
        short_working_days: items.iter().filter(short).count(),
        items,
    }))
}

/// From when a post is to be held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostOpening)]
struct Opening {
    /// The first day of service.
    opens_on: NaiveDate,
}

/// Says from which day a post is to be held; from then on it is vacant while nobody does.
#[utoipa::path(
    put, path = "/api/v1/posts/{id}/opening", tag = "staffing", operation_id = "open_post",
    params(("id" = String, Path)), request_body = Opening,
    responses((status = 200, body = Staffing), (status = 404, body = Problem), (status = 422, body = Problem)),
)]
async fn open(
    actor: Actor<OpenPosts>,
    State(app): State<App>,
    Path(id): Path<String>,
    Json(opening): Json<Opening>,
) -> Result<Json<Staffing>> {
    day::plausible("opens_on", opening.opens_on, day::today(&app))?;
    let (db, done, who) = (app.db.clone(), app.clone(), actor.who());
    db.write(move |tx| async move { opened(&app, &tx, &who, &id, opening.opens_on).await })
        .await?;
    Ok(Json(on_day(&done, day::today(&done)).await?))
}

/// Sets the opening of a post.
pub(crate) async fn opened(
    app: &App,
    tx: &kernel::Tx,
    who: &kernel::audit::Who,
    id: &str,
    opens_on: NaiveDate,
) -> Result<()> {
    let before = store::held(tx, id).await?;
    let mut after = before.clone();
    after.opens_on = Some(day::text(opens_on));
    versioned::save(app, &**tx, &before, after).await?;
    let details = serde_json::json!({ "opens_on": opens_on });
    kernel::audit::record(app, &**tx, who, "post.opened", "post", id, details).await
}
