//! The training ledger: hours by person and month, and every session of each person as a file.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use calendar::SHANGHAI;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeZone as _, Utc};
use kernel::http::{Json, Query};
use kernel::problem::{Problem, Result, internal, invalid, refused};
use kernel::{Actor, App, Scope};
use organization::{Colleague, ExportPass, Leaving, Trace, colleagues};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::SessionState;
use super::store::{attendance, session};
use crate::files;
use crate::rights::{ExportTraining, ViewTraining};

/// The longest time that is looked at.
const LONGEST_DAYS: i64 = 731;

/// The routes of the ledger.
pub(crate) fn routes(app: &App) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(hours))
        .routes(routes!(export))
        .with_state(app.clone())
}

/// Which days, and whose.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LedgerQuery {
    /// The first day.
    from: NaiveDate,
    /// The last one.
    to: NaiveDate,
    /// Only this person.
    user: Option<Uuid>,
}

/// What one person learnt in one month.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MonthOfTraining {
    /// `2026-11`
    pub month: String,
    /// Sessions that he came to.
    pub sessions: usize,
    /// Minutes.
    pub minutes: i64,
}

/// What one person learnt.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonOfTraining {
    /// Who.
    pub person: Option<Colleague>,
    /// Who, also where he is not known any more.
    pub user_id: Uuid,
    /// By month, the first first.
    pub months: Vec<MonthOfTraining>,
    /// Minutes in all.
    pub minutes: i64,
    /// Sessions that he missed without being excused.
    pub absent: usize,
}

/// What everybody learnt.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrainingHours {
    /// By person.
    pub people: Vec<PersonOfTraining>,
}

/// Sessions and minutes by month, and how often somebody was absent.
type Learnt = (BTreeMap<String, (usize, i64)>, usize);

fn beginning(day: NaiveDate) -> Result<DateTime<Utc>> {
    let at = SHANGHAI
        .from_local_datetime(&day.and_time(NaiveTime::MIN))
        .single();
    Ok(at
        .ok_or_else(|| internal("Guangzhou skips no midnight"))?
        .with_timezone(&Utc))
}

/// The sessions held in these days with their people.
async fn held(
    conn: &impl ConnectionTrait,
    query: &LedgerQuery,
    only: Option<Uuid>,
) -> Result<Vec<(session::Model, attendance::Model)>> {
    if query.to < query.from || (query.to - query.from).num_days() > LONGEST_DAYS {
        return Err(invalid("to", "period_invalid", "at most two years"));
    }
    let end = query.to.checked_add_days(Days::new(1));
    let end = end.ok_or_else(|| invalid("to", "period_invalid", "no such day"))?;
    let sessions = session::Entity::find()
        .filter(session::Column::State.eq(SessionState::Held.as_str()))
        .filter(session::Column::StartsAt.gte(beginning(query.from)?))
        .filter(session::Column::StartsAt.lt(beginning(end)?))
        .order_by_asc(session::Column::StartsAt)
        .limit(documents::MOST_ROWS as u64)
        .all(conn)
        .await?;
    let mut rows = Vec::new();
    for some in sessions.chunks(500) {
        let whose = Condition::all()
            .add(attendance::Column::SessionId.is_in(some.iter().map(|session| session.id)))
            .add_option(only.map(|user| attendance::Column::UserId.eq(user)))
            .add_option(query.user.map(|user| attendance::Column::UserId.eq(user)));
        let mut people: BTreeMap<Uuid, Vec<attendance::Model>> = BTreeMap::new();
        for one in attendance::Entity::find().filter(whose).all(conn).await? {
            people.entry(one.session_id).or_default().push(one);
        }
        for session in some {
            let came = people.remove(&session.id).unwrap_or_default();
            rows.extend(came.into_iter().map(|one| (session.clone(), one)));
        }
    }
    Ok(rows)
}

/// Hours by person and month; an agent sees his own.
#[utoipa::path(
    get, path = "/api/v1/training-hours", tag = "training", operation_id = "list_training_hours",
    params(LedgerQuery),
    responses((status = 200, body = TrainingHours), (status = 422, body = Problem)),
)]
async fn hours(
    actor: Actor<ViewTraining>,
    State(app): State<App>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<TrainingHours>> {
    let conn = app.db.read();
    let only = (*actor.scope() != Scope::All).then_some(actor.user_id());
    let rows = held(conn, &query, only).await?;
    let names = colleagues(conn, rows.iter().map(|(_, one)| one.user_id)).await?;
    let mut people: BTreeMap<Uuid, Learnt> = BTreeMap::new();
    for (session, one) in rows {
        let (months, absent) = people.entry(one.user_id).or_default();
        if one.state == "absent" {
            *absent += 1;
        }
        if one.state == "attended" {
            let day = session.starts_at.with_timezone(&SHANGHAI);
            let month = months
                .entry(format!("{}-{:02}", day.year(), day.month()))
                .or_default();
            month.0 += 1;
            month.1 += i64::from(one.minutes);
        }
    }
    let person = |(user_id, (months, absent)): (Uuid, Learnt)| PersonOfTraining {
        person: names.get(&user_id).cloned(),
        user_id,
        minutes: months.values().map(|(_, minutes)| minutes).sum(),
        months: months
            .into_iter()
            .map(|(month, (sessions, minutes))| MonthOfTraining {
                month,
                sessions,
                minutes,
            })
            .collect(),
        absent,
    };
    Ok(Json(TrainingHours {
        people: people.into_iter().map(person).collect(),
    }))
}

const HEADING: [&str; 11] = [
    "姓名",
    "工号",
    "课程",
    "开始时间",
    "课时(分钟)",
    "地点",
    "授课人",
    "出勤",
    "计入(分钟)",
    "成绩",
    "评语",
];

/// The training ledger as a file, a line for each person and session.
#[utoipa::path(
    get, path = "/api/v1/training-ledger/export", tag = "training", operation_id = "export_training_ledger",
    params(LedgerQuery, ExportPass),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 409, body = Problem), (status = 422, body = Problem),
    ),
)]
async fn export(
    _actor: Actor<ExportTraining>,
    leaving: Leaving,
    State(app): State<App>,
    Query(query): Query<LedgerQuery>,
) -> Result<Response> {
    let conn = app.db.read();
    let mut rows = held(conn, &query, None).await?;
    if rows.len() > documents::MOST_ROWS {
        return Err(
            refused("export_too_large", "more than 20,000 lines").with_way_out("take fewer days")
        );
    }
    let pass = leaving.pass(&app, rows.len() as u64).await?;
    let mut named = Vec::new();
    for (session, one) in &rows {
        named.extend([session.teacher_id, one.user_id]);
    }
    let names = colleagues(conn, named).await?;
    let staff = |id: &Uuid| {
        names
            .get(id)
            .and_then(|person| person.staff_no.clone())
            .unwrap_or_default()
    };
    let name = |id: &Uuid| {
        names
            .get(id)
            .map(|person| person.name.clone())
            .unwrap_or_default()
    };
    rows.sort_by_cached_key(|(session, one)| (staff(&one.user_id), one.user_id, session.starts_at));
    let lines = rows.iter().map(|(session, one)| {
        let at = session.starts_at.with_timezone(&SHANGHAI);
        let state = match one.state.as_str() {
            "attended" => "出勤",
            "absent" => "缺勤",
            "excused" => "请假",
            _ => "应到",
        };
        vec![
            name(&one.user_id),
            staff(&one.user_id),
            session.course_title.clone(),
            at.format("%Y-%m-%d %H:%M").to_string(),
            session.minutes.to_string(),
            session.place.clone(),
            name(&session.teacher_id),
            state.to_owned(),
            one.minutes.to_string(),
            one.percent
                .map(|percent| percent.to_string())
                .unwrap_or_default(),
            one.result.clone(),
        ]
    });
    let mark = pass.line();
    let bytes = documents::write_marked("培训台账", HEADING, lines, Some(&mark));
    let bytes = bytes.map_err(internal)?;
    let trace = Trace {
        action: "training.exported",
        subject_kind: "training_ledger",
        subject: "all".to_owned(),
        details: json!({ "from": query.from, "to": query.to, "user": query.user }),
    };
    pass.taken(&app, &bytes, trace).await?;
    Ok(files::sheet("training-ledger.xlsx", bytes))
}
