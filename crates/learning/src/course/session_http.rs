//! Training sessions over HTTP: planned, held, who came.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::http::{Json, Path, Query};
use kernel::list::{ListQuery, Page, paginate};
use kernel::problem::{Problem, Result};
use kernel::versioned::as_read;
use kernel::{Actor, App, Permission as _, Scope, Tx};
use organization::{Colleague, colleagues};
use sea_orm::sea_query::Query as SubQuery;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::store::{self, Plan, attendance, session};
use super::{AttendanceEntry, SessionState};
use crate::rights::{ManageTraining, TakeTyping, ViewTraining};

/// The routes of sessions.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(plan))
        .routes(routes!(show, replan))
        .routes(routes!(cancel))
        .routes(routes!(attend))
        .routes(routes!(learners))
        .with_state(app.clone())
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Identifies it.
    pub id: Uuid,
    /// The course.
    pub course_id: Uuid,
    /// What it is called.
    pub course_title: String,
    /// `planned`, `held` or `cancelled`
    pub state: String,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// How long it lasts.
    pub minutes: i32,
    /// Where.
    pub place: String,
    /// Who teaches.
    pub teacher: Option<Colleague>,
    /// What is to be known of it; why it was cancelled.
    pub note: String,
    /// Rises with each change.
    pub version: i64,
}

/// Whether one person came.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttendanceView {
    /// Who.
    pub person: Option<Colleague>,
    /// Who, also where he is not known any more.
    pub user_id: Uuid,
    /// `expected`, `attended`, `absent` or `excused`
    pub state: String,
    /// Minutes that count.
    pub minutes: i32,
    /// How he did, in words.
    pub result: String,
    /// How he did, of a hundred.
    pub percent: Option<i32>,
}

/// A session with who is meant; an agent sees himself.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionDetail {
    /// The session.
    #[serde(flatten)]
    pub session: SessionView,
    /// Who is meant.
    pub people: Vec<AttendanceView>,
}

async fn views(conn: &impl ConnectionTrait, rows: Vec<session::Model>) -> Result<Vec<SessionView>> {
    let people = colleagues(conn, rows.iter().map(|row| row.teacher_id)).await?;
    let view = |row: session::Model| SessionView {
        teacher: people.get(&row.teacher_id).cloned(),
        id: row.id,
        course_id: row.course_id,
        course_title: row.course_title,
        state: row.state,
        starts_at: row.starts_at,
        minutes: row.minutes,
        place: row.place,
        note: row.note,
        version: row.version,
    };
    Ok(rows.into_iter().map(view).collect())
}

async fn detail(app: &App, row: session::Model, only: Option<Uuid>) -> Result<SessionDetail> {
    let conn = app.db.read();
    let mut people = store::people(conn, row.id).await?;
    people.retain(|one| only.is_none_or(|only| one.user_id == only));
    let names = colleagues(conn, people.iter().map(|one| one.user_id)).await?;
    let people = people.into_iter().map(|one| AttendanceView {
        person: names.get(&one.user_id).cloned(),
        user_id: one.user_id,
        state: one.state,
        minutes: one.minutes,
        result: one.result,
        percent: one.percent,
    });
    let people = people.collect();
    let mut sessions = views(conn, vec![row]).await?;
    let session = sessions
        .pop()
        .ok_or_else(|| kernel::problem::internal("one row, one view"))?;
    Ok(SessionDetail { session, people })
}

/// Whom a scope lets somebody see of the people of a session.
fn only(scope: &Scope, user: Uuid) -> Option<Uuid> {
    (*scope != Scope::All).then_some(user)
}

/// What a list of sessions may be narrowed to.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SessionFilter {
    /// Only those of this course.
    course: Option<Uuid>,
    /// Only those that stand so.
    #[param(inline)]
    state: Option<SessionState>,
    /// Only those to which this person is meant to come.
    person: Option<Uuid>,
    /// Only those that begin then or later.
    from: Option<DateTime<Utc>>,
    /// Only those that begin before.
    to: Option<DateTime<Utc>>,
}

/// Training sessions, the latest first; an agent sees those he is meant to come to.
#[utoipa::path(
    get, path = "/api/v1/training-sessions", tag = "training", operation_id = "list_training_sessions",
    params(ListQuery, SessionFilter),
    responses((status = 200, body = Page<SessionView>)),
)]
async fn list(
    actor: Actor<ViewTraining>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    Query(filter): Query<SessionFilter>,
) -> Result<Json<Page<SessionView>>> {
    use session::Column;
    let meant = |user: Uuid| {
        let sessions = SubQuery::select()
            .column(attendance::Column::SessionId)
            .from(attendance::Entity)
            .and_where(attendance::Column::UserId.eq(user))
            .to_owned();
        Column::Id.in_subquery(sessions)
    };
    let all = Condition::all()
        .add_option(only(actor.scope(), actor.user_id()).map(meant))
        .add_option(filter.person.map(meant))
        .add_option(filter.course.map(|course| Column::CourseId.eq(course)))
        .add_option(filter.state.map(|state| Column::State.eq(state.as_str())))
        .add_option(filter.from.map(|from| Column::StartsAt.gte(from)))
        .add_option(filter.to.map(|to| Column::StartsAt.lt(to)))
        .add_option(query.words_in(&[Column::CourseTitle, Column::Place])?);
    let conn = app.db.read();
    let sortable = [("starts_at", Column::StartsAt)];
    let page = paginate(
        conn,
        session::Entity::find().filter(all),
        &query,
        &sortable,
        Column::Id,
    )
    .await?;
    Ok(Json(
        page.shown(async |rows| views(conn, rows).await).await?,
    ))
}

/// A session as it is planned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SessionPlan {
    /// The version that was read; left out for a new one.
    version: Option<i64>,
    /// When it begins.
    starts_at: DateTime<Utc>,
    /// How long it lasts: 5 to 600 minutes.
    minutes: i32,
    /// Where.
    #[serde(default)]
    place: String,
    /// Who teaches; oneself when left out.
    teacher_id: Option<Uuid>,
    /// What is to be known of it.
    #[serde(default)]
    note: String,
    /// Who is meant to come.
    people: Vec<Uuid>,
}

impl SessionPlan {
    fn plan(self, oneself: Uuid) -> Plan {
        Plan {
            starts_at: self.starts_at,
            minutes: self.minutes,
            place: self.place,
            teacher_id: self.teacher_id.unwrap_or(oneself),
            note: self.note,
            people: self.people,
        }
    }
}

/// Plans a session of a course.
#[utoipa::path(
    post, path = "/api/v1/courses/{id}/sessions", tag = "training", operation_id = "plan_training_session",
    params(("id" = Uuid, Path)),
    request_body = SessionPlan,
    responses((status = 201, body = SessionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn plan(
    actor: Actor<ManageTraining>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<SessionPlan>,
) -> Result<(StatusCode, Json<SessionDetail>)> {
    let (services, who, wish) = (app.clone(), actor.who(), wish.plan(actor.user_id()));
    let work =
        move |tx: Tx| async move { store::plan(&services, &tx, &who, (id, None), wish).await };
    let row = app.db.write(work).await?;
    Ok((StatusCode::CREATED, Json(detail(&app, row, None).await?)))
}

/// A session with who is meant to come and who came; an agent sees himself.
#[utoipa::path(
    get, path = "/api/v1/training-sessions/{id}", tag = "training", operation_id = "get_training_session",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionDetail), (status = 404, body = Problem)),
)]
async fn show(
    actor: Actor<ViewTraining>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
) -> Result<Json<SessionDetail>> {
    let row = store::session_of(app.db.read(), id).await?;
    let only = only(actor.scope(), actor.user_id());
    let shown = detail(&app, row, only).await?;
    if only.is_some() && shown.people.is_empty() {
        return Err(kernel::problem::not_found("training session"));
    }
    Ok(Json(shown))
}

/// Plans a session anew.
#[utoipa::path(
    put, path = "/api/v1/training-sessions/{id}", tag = "training", operation_id = "replan_training_session",
    params(("id" = Uuid, Path)),
    request_body = SessionPlan,
    responses((status = 200, body = SessionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn replan(
    actor: Actor<ManageTraining>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<SessionPlan>,
) -> Result<Json<SessionDetail>> {
    let (services, who, version) = (app.clone(), actor.who(), wish.version.unwrap_or_default());
    let wish = wish.plan(actor.user_id());
    let work = move |tx: Tx| async move {
        let before = as_read(store::session_of(&*tx, id).await?, version)?;
        store::plan(&services, &tx, &who, (before.course_id, Some(before)), wish).await
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row, None).await?))
}

/// Why a session is called off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CalledOff {
    /// The version that was read.
    version: i64,
    /// Why.
    reason: String,
}

/// Calls a session off.
#[utoipa::path(
    post, path = "/api/v1/training-sessions/{id}/cancel", tag = "training", operation_id = "cancel_training_session",
    params(("id" = Uuid, Path)),
    request_body = CalledOff,
    responses((status = 200, body = SessionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn cancel(
    actor: Actor<ManageTraining>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<CalledOff>,
) -> Result<Json<SessionDetail>> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let before = as_read(store::session_of(&*tx, id).await?, wish.version)?;
        store::cancel(&services, &tx, &who, before, &wish.reason).await
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row, None).await?))
}

/// Who came to a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AttendanceRecord {
    /// The version that was read.
    version: i64,
    /// Who came and how he did; also somebody who was not expected.
    people: Vec<AttendanceEntry>,
    /// Why, where it was recorded before.
    reason: Option<String>,
}

/// Records who came and how he did; the session is held with it.
#[utoipa::path(
    put, path = "/api/v1/training-sessions/{id}/attendance", tag = "training", operation_id = "record_attendance",
    params(("id" = Uuid, Path)),
    request_body = AttendanceRecord,
    responses((status = 200, body = SessionDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
async fn attend(
    actor: Actor<ManageTraining>,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(wish): Json<AttendanceRecord>,
) -> Result<Json<SessionDetail>> {
    let (services, who) = (app.clone(), actor.who());
    let work = move |tx: Tx| async move {
        let before = as_read(store::session_of(&*tx, id).await?, wish.version)?;
        store::attend(&services, &tx, &who, before, (wish.people, wish.reason)).await
    };
    let row = app.db.write(work).await?;
    Ok(Json(detail(&app, row, None).await?))
}

/// Who may be meant to come to a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct Learners {
    /// People of the supplier, by staff number.
    pub items: Vec<Colleague>,
}

/// Who may be meant to come to a session: who plans them sees no users otherwise.
#[utoipa::path(
    get, path = "/api/v1/training-people", tag = "training", operation_id = "list_training_people",
    responses((status = 200, body = Learners)),
)]
async fn learners(_actor: Actor<ManageTraining>, State(app): State<App>) -> Result<Json<Learners>> {
    let mut people = BTreeMap::new();
    for (role, _) in TakeTyping::GRANTS {
        for person in organization::colleagues::holders(app.db.read(), *role).await? {
            let place = (
                person.staff_no.is_none(),
                person.staff_no.clone(),
                person.id,
            );
            people.insert(place, person);
        }
    }
    Ok(Json(Learners {
        items: people.into_values().collect(),
    }))
}
